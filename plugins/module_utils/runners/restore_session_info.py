# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""restore_session_info: read, complete by what was recorded, filter, order. Private to this collection."""

from __future__ import annotations

import time
from collections import Counter

from ansible_collections.backupops.jobs.plugins.module_utils import model, options, sessions, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import SessionQuery
from ansible_collections.backupops.jobs.plugins.module_utils.runners import restore_session
from ansible_collections.backupops.jobs.plugins.module_utils.runners import target as targets

STATES = (sessions.OPEN, sessions.CLOSED) + model.STATES
SPEC = dict(
    options.CONNECTION_SPEC,
    session_ids={"type": "list", "elements": "str"},
    kinds={"type": "list", "elements": "str", "choices": list(sessions.KINDS)},
    states={"type": "list", "elements": "str", "choices": list(STATES)},
    results={"type": "list", "elements": "str", "choices": list(model.RESULTS)},
    types={"type": "list", "elements": "str"},
    clients={"type": "list", "elements": "str"},
    job_id={"type": "str"},
    organization_id={"type": "str"},
    organization={"type": "str"},
    ours={"type": "bool", "default": False},
    since={"type": "str"},
    until={"type": "str"},
    limit={"type": "int"},
)
CONSTRAINTS = {"mutually_exclusive": [("organization_id", "organization")]}


def run(context):
    """The result of the module restore_session_info (see its documentation)."""
    params = context.params
    with targets.opened(context) as platform:
        registry.require(platform.traits.name, "list_restore_sessions", "list its restore sessions")
        query = _query(params, platform)
        platform.check_session_query(query)
        records = restore_session.records_of(platform, context)
        recorded = {kept.id: kept for kept in records.all() if kept.id}
        if any(kept.ended_at is None for kept in recorded.values()):
            platform.keep_login()  # a product may end an account's sessions with its login
        listing = platform.list_sessions(query)
        found = []
        for session in listing.records:
            kept = recorded.get(session["id"])
            if kept is not None:
                session = restore_session.with_known(session, kept)
            if accepts(session, params, query) and (kept is not None or not params["ours"]):
                found.append(session)
        return _result(in_order(found), listing, params, context)


def _query(params, platform):
    now = time.time()
    zone = platform.connection.timezone
    since = times.parse_time(params.get("since"), "since", now, zone)
    until = times.parse_time(params.get("until"), "until", now, zone)
    if since is not None and until is not None and since > until:
        raise InvalidError("since: it is later than until.")
    if params.get("limit") is not None and params["limit"] < 0:
        raise InvalidError("limit: {0} is negative.".format(params["limit"]))
    return SessionQuery(
        now=now,
        ids=params.get("session_ids"),
        since=since,
        until=until,
        kinds=tuple(params.get("kinds") or ()),
        types=[word.lower() for word in params.get("types") or ()],
        organization_id=params.get("organization_id"),
        organization=params.get("organization"),
    )


def accepts(session, params, query):
    """Whether a session passes the filters of a task. Pure."""
    for name, option in (("kind", "kinds"), ("state", "states"), ("result", "results")):
        if params.get(option) and session[name] not in params[option]:
            return False
    if query.types and (session["type"] or "").lower() not in query.types:
        return False
    source = session["source"]
    if params.get("job_id") is not None and (source["kind"], source["id"]) != ("job", params["job_id"]):
        return False
    if params.get("clients"):
        names = {name.casefold() for name in (source["client"], source["name"]) if name}
        if names.isdisjoint(name.casefold() for name in params["clients"]):
            return False
    created = model.epoch_of(session["created_at"])
    if query.since is not None and (created is None or created < int(query.since)):
        return False
    return query.until is None or (created is not None and created <= query.until)


def in_order(found):
    """Newest first, then by id."""
    found.sort(key=lambda session: session["id"] or "")
    found.sort(key=lambda session: session["created_at"] or "", reverse=True)
    return found


def _result(found, listing, params, context):
    shown = found if params.get("limit") is None else found[: params["limit"]]
    if listing.truncated:
        context.warn("The list is not complete: the server cut it short or it changed faster than it could be read.")
    return {
        "changed": False,
        "sessions": shown,
        "summary": {
            field: dict(sorted(Counter(session[field] or "none" for session in found).items()))
            for field in ("state", "kind", "type", "result")
        },
        "total": len(found),
        "returned": len(shown),
        "truncated": listing.truncated,
        "missing": list(listing.missing),
    }
