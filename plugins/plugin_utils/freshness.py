# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When was something last backed up? Pure functions over job records. Private to this collection.

Inventory, lookup and test answer this question alike, because they all ask here.
"""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model

#: Keys of a record that the functions below read.
FIELDS = frozenset(
    ("entity", "state", "result", "health", "started_at", "finished_at", "last_success_at", "workload", "current_run", "last_run")
)  # fmt: skip

#: Verdicts from the worst to the best.
WORST_FIRST = (
    model.FAILED,
    model.OVERDUE,
    model.NEVER_RAN,
    model.WARNING,
    model.UNKNOWN,
    model.DISABLED,
    model.RUNNING,
    model.OK,
)
#: Verdicts on a job that speak of how its last run went: for one client, what happened to it says more.
_OF_THE_LAST_RUN = frozenset((model.FAILED, model.WARNING, model.UNKNOWN, model.OK))


def success_at(record):
    """Time (text) of the last success that a job record tells of; None when it tells of none.

    Of a run it is its end, or its start (which is earlier) where the product tells no end.
    """
    if record["entity"] == model.RUN:
        return _end_of(record) if record["result"] in model.GOOD_RESULTS else None
    return record["last_success_at"]


def client_success_at(record, name):
    """Time (text) of the last success of one client or object in a job; None when none is known.

    Where the product tells what happened to the object, only that counts: a machine that failed in a job that went
    well was not backed up. Where it tells nothing, the success of the job counts.
    """
    told, found = False, None
    for scope, thing in _mentions(record, name.casefold()):
        if any(thing[field] is not None for field in ("state", "result", "last_success_at", "finished_at")):
            told = True
            found = newest((found, object_success_at(thing, scope)))
    return found if told else success_at(record)


def object_success_at(thing, scope=None):
    """Time (text) of the last success of an object of a job. ``scope``: the record or run that it stands in."""
    if thing["last_success_at"] is not None:
        return thing["last_success_at"]
    if thing["result"] not in model.GOOD_RESULTS:
        return None
    return thing["finished_at"] or (_end_of(scope) if scope else None)


def client_health(record, name):
    """The verdict on a job (its ``health``) as it concerns one client or object in it."""
    if record["health"] in _OF_THE_LAST_RUN:
        wanted = name.casefold()
        results = [
            thing["result"] for thing in _objects(record) if _called(thing, wanted) and thing["result"] is not None
        ]
        if results:
            return worst(model.run_health(model.FINISHED, result) for result in results)
    return record["health"]


def worst(healths):
    return min(healths, key=rank)


def rank(health):
    """The smaller, the worse; what is not known is ``unknown``."""
    return WORST_FIRST.index(health if health in WORST_FIRST else model.UNKNOWN)


def newest(times):
    """The latest of some times; None among them means none. They are texts of one form, so they compare as such."""
    return max((time for time in times if time is not None), default=None)


def client_names(record):
    """Names of the client and the objects of a job, as the server writes them, each once."""
    names = [record["workload"]["client"], *[thing["name"] for thing in _objects(record)]]
    return list(dict.fromkeys(filter(None, names)))


def _objects(record):
    return record["workload"]["objects"] or ()


def _called(thing, wanted):
    return (thing["name"] or "").casefold() == wanted


def _mentions(record, wanted):
    """``(record or run in it, object)`` of every mention of the object."""
    for scope in (record, record["current_run"], record["last_run"]):
        if scope is not None:
            for thing in _objects(scope):
                if _called(thing, wanted):
                    yield scope, thing


def _end_of(record):
    return record["finished_at"] or record["started_at"]
