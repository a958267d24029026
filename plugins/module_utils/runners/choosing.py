# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Which jobs a task acts on or waits for. Private to this collection.

Stricter than a list: an id or an exact name that fits nothing is an error, and so is a name that fits several.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils import model, selection
from ansible_collections.backupops.jobs.plugins.module_utils.errors import Ambiguous, NotFound
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query


@dataclass
class Chosen:
    """``records`` in the order asked or listed; ``missing``: ids as the user wrote them; ``unmatched``: exact names;
    ``excluded``: ids or exact names that exist and do not fit the filters.
    """

    entity: str
    records: list
    missing: list = field(default_factory=list)
    unmatched: list = field(default_factory=list)
    excluded: list = field(default_factory=list)
    unseen: str | None = None


def choose(platform, params, entity=None, extra=None, need=frozenset(("runs",))):
    """Read what ``job_ids``, ``uids``, ``names``, ``clients`` and ``types`` of ``params`` mean.

    ``entity`` is where names and filters are looked up (default: of the ids, else the native one); ``extra``: the
    platform's own options. Raises Ambiguous for an exact name of several jobs.
    """
    wanted, asked = selection.asked_ids(params, platform.traits, platform.connection)
    if params.get("uids"):
        selection.check_scopes(params, platform.scope)
    if asked is None:
        wanted = params.get("entity") or entity or wanted
    now = time.time()
    query = Query(
        entity=wanted,
        now=now,
        ids=None if asked is None else list(asked),
        # Only what is active can be acted on or waited for.
        since=now if wanted == model.RUN and asked is None else None,
        clients=params.get("clients") or [],
        options=extra or {},
        need=need,
        names=params.get("names") or [],
    )
    found = platform.list_jobs(query)
    names = selection.Names(params.get("names"))
    filters = selection.Selection({"clients": params.get("clients"), "types": params.get("types")})
    records = [
        record
        for record in found.records
        if (asked is not None or wanted == model.DEFINITION or record["state"] != model.FINISHED)
        and names.candidate(record["name"])
        and filters.accepts(record)
    ]
    records = [selection.judge(record, now, found.history) for record in records if names.settled(record["name"])]
    _refuse_ambiguous(records, names)
    unmatched = [
        name for name in names.unmatched([record["name"] for record in records]) if not selection.is_glob(name)
    ]
    chosen = Chosen(wanted, records, unmatched=unmatched, unseen=found.unseen)
    there = {record["name"] for record in records}
    chosen.excluded = [name for name in names.entries if name in names.exact and name not in there]
    if asked is not None:
        place = {id: number for number, id in enumerate(asked)}
        records.sort(key=lambda record: place.get(record["id"], len(place)))
        chosen.missing = selection.as_asked(asked, found.missing)
        if params.get("clients") or params.get("types"):
            there = set(found.missing).union(record["id"] for record in records)
            chosen.excluded = [asked[id] for id in asked if id not in there]
    return chosen


def _refuse_ambiguous(records, names):
    for name in names.exact:
        ids = [record["id"] for record in records if record["name"] == name]
        if len(ids) > 1:
            raise Ambiguous(
                "names: {0!r} is the name of {1} jobs, with the ids {2}.".format(name, len(ids), ", ".join(ids)),
                hint="Use job_ids or uids, or narrow with clients or types.",
            )


def fail_for_missing(chosen):
    """Raise NotFound when an id or an exact name fits nothing, or not the filters beside it."""
    if chosen.excluded:
        raise NotFound(
            "{0}: this {1} exists, but does not fit the filters beside its id or name.".format(
                ", ".join(chosen.excluded), chosen.entity
            ),
            hint="Take clients and types out, or the id or name.",
        )
    if chosen.missing:
        raise NotFound(
            "{0}: no such {1}.".format(", ".join(chosen.missing), chosen.entity),
            hint="Ids are those of the entity {0}.".format(chosen.entity),
        )
    if chosen.unmatched:
        raise NotFound(
            "names: no {0} is called {1}.".format(chosen.entity, ", ".join(repr(name) for name in chosen.unmatched)),
            hint=chosen.unseen,
        )
