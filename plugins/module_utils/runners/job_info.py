# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""job_info: read, filter, judge, order. Private to this collection."""

from __future__ import annotations

import contextlib
import gc
import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, options, selection, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.runners import target

DEFAULT_SINCE = "-24h"
#: More records than this, whole, are worth a warning: each one weighs some kilobytes in memory.
MANY = 5000

SPEC = dict(
    options.CONNECTION_SPEC,
    **selection.FILTER_SPEC,
    since={"type": "str"},
    until={"type": "str"},
    max_age={"type": "str"},
    limit={"type": "int"},
    query={"type": "str"},
    fields={"type": "list", "elements": "str", "choices": list(model.RECORD_KEYS)},
    include_raw={"type": "bool", "default": False},
    include_objects={"type": "bool", "default": False},
    include_copies={"type": "bool", "default": False},
    **{name: {"type": "dict", "options": traits.filters} for name, traits in registry.TRAITS.items() if traits.filters},
)


def run(context):
    """The result of the module job_info (see its documentation)."""
    with target.opened(context) as platform:
        return listing(platform, context.params, context.warn)


def listing(platform, params, warn):
    """List jobs as ``params`` (of SPEC, validated) ask: the result of job_info. Also what inventory and lookup use."""
    traits, connection = platform.traits, platform.connection
    entity, asked = selection.asked_ids(params, traits, connection)
    _check(params, traits, entity)
    now = time.time()
    since, until = _window(params, connection, entity, asked, now)
    max_age = times.parse_duration(params.get("max_age"), "max_age")
    if params.get("uids"):
        selection.check_scopes(params, platform.scope)

    query = Query(
        entity=entity,
        now=now,
        ids=None if asked is None else list(asked),
        since=since,
        until=until,
        clients=params.get("clients") or [],
        options={name: value for name, value in (params.get(traits.name) or {}).items() if value is not None},
        need=_needs(params),
    )
    found = platform.list_jobs(query)
    chosen = selection.Selection(params, since, until)
    keep = _kept_fields(params)
    rows, summary = [], selection.Summary()

    def take(record):
        # Every record says which names exist, also one that another filter leaves out.
        if not (chosen.names.candidate(record["name"]) and chosen.accepts(record)):
            return
        _tidy(record, params, traits)
        key = record["started_at"] if entity == model.RUN else record["name"]
        if chosen.names.given:
            rows.append((record, key, record["id"]))  # the summary must wait until the names are settled
        else:
            summary.add(record)
            rows.append((_projected(record, keep), key, record["id"]))

    with _no_collection():
        # A definition is judged by the history, which is known only at the end of the stream.
        for record in found.records if entity == model.RUN else list(found.records):
            take(selection.judge(record, now, found.history, max_age))
    if chosen.names.given:
        rows = [row for row in rows if chosen.names.settled(row[0]["name"])]
        for record, _key, _id in rows:
            summary.add(record)
        rows = [(_projected(record, keep), key, id) for record, key, id in rows]
    total = len(rows)
    jobs = [row[0] for row in selection.in_order(rows, entity)]
    if params.get("limit") is not None:
        jobs = jobs[: params["limit"]]
    if len(jobs) > MANY and not params.get("fields") and params.get("limit") is None:
        warn("{0} whole records are returned; fields or limit would make that lighter.".format(len(jobs)))
    if found.truncated:
        warn("The list is not complete: the server cut it short or it changed faster than it could be read.")
    result = {
        "changed": False,
        "jobs": jobs,
        "summary": summary.as_dict(),
        "total": total,
        "returned": len(jobs),
        "truncated": found.truncated,
        "missing": selection.as_asked(asked, found.missing),
        "history": {
            "from": model.timestamp(found.history.start),
            "complete": found.history.complete,
            "why": found.history.why,
        },
    }
    if params.get("query"):
        result["query_result"] = selection.search(params["query"], jobs)
    return result


@contextlib.contextmanager
def _no_collection():
    """No garbage collection while many records are made.

    Records hold no cycles, so a collection finds nothing; but it walks all of them again and again, which doubles the
    time of a long list.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # There and back: it puts the records among the old objects, which the next collections leave alone.
            gc.freeze()
            gc.unfreeze()
            gc.enable()


def _check(params, traits, entity):
    """Refuse options that do not suit the entity or the platform."""
    for option, suits in (
        ("since", model.RUN),
        ("until", model.RUN),
        ("max_age", model.DEFINITION),
        ("enabled", model.DEFINITION),
    ):
        if params.get(option) is not None and entity != suits:
            raise InvalidError(
                "{0} applies to the entity {1}, this task lists {2}s.".format(option, suits, entity),
                hint="Set entity: {0}, or take {1} out.".format(suits, option),
            )
    for name in registry.TRAITS:
        if params.get(name) and name != traits.name:
            raise InvalidError("{0}: these options do not apply to platform {1}.".format(name, traits.name))
    if params.get("include_copies") and not traits.has_copies:
        able = [name for name, other in registry.TRAITS.items() if other.has_copies]
        raise InvalidError(
            "include_copies: {0} tells nothing about copies.".format(traits.label),
            hint="Platforms that do: {0}.".format(", ".join(able)),
        )
    if params.get("include_copies") and entity != model.RUN:
        raise InvalidError("include_copies applies to the entity run.", hint="Set entity: run.")
    if params.get("limit") is not None and params["limit"] < 0:
        raise InvalidError("limit: {0} is negative.".format(params["limit"]))


def _window(params, connection, entity, asked, now):
    if entity != model.RUN:
        return None, None
    since = params.get("since")
    if since is None and asked is None:
        since = DEFAULT_SINCE
    since = times.parse_time(since, "since", now, connection.timezone)
    until = times.parse_time(params.get("until"), "until", now, connection.timezone)
    if since is not None and until is not None and since > until:
        if params.get("since") is None:
            raise InvalidError(
                "until: it is earlier than since, which is {0} when it is not given.".format(DEFAULT_SINCE.lstrip("-")),
                hint="Give since, too.",
            )
        raise InvalidError("since: it is later than until.")
    return since, until


def _needs(params):
    """The costly parts that the task wants (Query.need)."""
    fields = set(params.get("fields") or ())
    needs = {part for part in ("raw", "objects", "copies") if params.get("include_" + part)} | {"runs"}
    if params.get("enabled") is not None or params.get("health") or fields.intersection(("enabled", "health")):
        needs.add("enabled")
    return frozenset(needs)


def _tidy(record, params, traits):
    """Take out what was read on the way but not asked for."""
    if params.get("include_objects") or record["entity"] in traits.objects_always:
        return
    for one in (record, record["current_run"], record["last_run"]):
        if one is not None and one["workload"]["objects"] is not None:
            one["workload"] = dict(one["workload"], objects=None)  # records may share one


def _kept_fields(params):
    fields = params.get("fields")
    return None if not fields else [key for key in model.RECORD_KEYS if key in fields or key == "uid"]


def _projected(record, keep):
    return record if keep is None else {key: record[key] for key in keep}
