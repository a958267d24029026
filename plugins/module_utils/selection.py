# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Which jobs are meant: ids and uids, filters, names, order, summary, JMESPath. Private to this collection.

Pure functions over job records; no vendor, no I/O.
"""

from __future__ import annotations

import fnmatch
from collections import Counter

from ansible_collections.backupops.jobs.plugins.module_utils import libraries, model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError

#: Argument specification of the filters that modules, inventory and lookup share.
FILTER_SPEC = {
    "entity": {"type": "str", "choices": list(model.ENTITIES)},
    "job_ids": {"type": "list", "elements": "str"},
    "uids": {"type": "list", "elements": "str"},
    "names": {"type": "list", "elements": "str"},
    "states": {"type": "list", "elements": "str", "choices": list(model.STATES)},
    "results": {"type": "list", "elements": "str", "choices": list(model.RESULTS)},
    "health": {"type": "list", "elements": "str", "choices": list(model.HEALTHS)},
    "types": {"type": "list", "elements": "str", "choices": list(model.TYPES)},
    "clients": {"type": "list", "elements": "str"},
    "enabled": {"type": "bool"},
}

_GLOB = frozenset("*?[")


def asked_ids(params, traits, connection):
    """``(entity, {id: as the user wrote it} or None)`` of entity, job_ids and uids.

    Bare ids are of ``entity`` (default: the native one); a uid brings its own. Raises InvalidError for a uid of another
    platform, endpoint or entity; ``check_scopes`` looks at tenant and account.
    """
    entity = params.get("entity")
    asked = {}
    for uid in params.get("uids") or []:
        try:
            platform, endpoint, _scope, kind, id = model.parse_uid(uid)
        except ValueError as error:
            raise InvalidError("uids: {0}.".format(error), hint="Take uids from the field uid of a record.") from error
        for word, theirs, ours in (
            ("platform", platform, traits.name),
            ("endpoint", endpoint, connection.endpoint),
            ("entity", kind, entity or kind),
        ):
            if theirs != ours:
                raise InvalidError("uids: {0} is of {1} {2}, this task works on {3}.".format(uid, word, theirs, ours))
        entity = kind
        asked[id] = uid
    entity = entity or traits.native_entity
    if params.get("job_ids"):
        if params.get("uids") and entity != (params.get("entity") or traits.native_entity):
            raise InvalidError(
                "job_ids: bare ids are of the entity {0}, the uids are of {1}.".format(traits.native_entity, entity),
                hint="Set entity.",
            )
        asked.update((id, id) for id in params["job_ids"])
    given = params.get("job_ids") is not None or params.get("uids") is not None
    return entity, asked if given else None


def as_asked(asked, ids):
    """Of ``asked`` (see asked_ids), those in ``ids``, in the order and the words of the user."""
    ids = frozenset(ids)
    return [written for id, written in (asked or {}).items() if id in ids]


def check_scopes(params, scope):
    """Raise InvalidError for a uid of another tenant or account than ``scope``."""
    for uid in params.get("uids") or []:
        theirs = model.parse_uid(uid)[2]
        if theirs != scope:
            raise InvalidError(
                "uids: {0} is of tenant or account {1}, this task works on {2}.".format(
                    uid, theirs or "none", scope or "none"
                )
            )


def judge(record, now, history, max_age=None):
    """Set the health of a record and of the runs in it; returns the record. ``history``: a base.History, at its end."""
    if record["entity"] == model.RUN:
        record["health"] = model.run_health(record["state"], record["result"])
        return record
    for run in (record["current_run"], record["last_run"]):
        if run is not None:
            run["health"] = model.run_health(run["state"], run["result"])
    record["health"] = model.definition_health(record, now, max_age, history.complete, history.start)
    return record


class Selection:
    """The filters of a task, applied to one record at a time; ``names`` are settled at the end, in ``chosen``."""

    def __init__(self, params, since=None, until=None):
        self._words = {
            field: frozenset(params[option])
            for option, field in (("states", "state"), ("results", "result"), ("health", "health"), ("types", "type"))
            if params.get(option)
        }
        self._clients = frozenset(name.casefold() for name in params.get("clients") or ())
        self._enabled = params.get("enabled")
        self._since = model.timestamp(since)
        self._until = model.timestamp(until)
        self.names = Names(params.get("names"))

    def accepts(self, record):
        """Whether a record passes every filter but ``names``."""
        for field, words in self._words.items():
            if record[field] not in words:
                return False
        return (
            (self._enabled is None or record["enabled"] is self._enabled)
            and (not self._clients or matches_client(record, self._clients))
            and (record["entity"] == model.DEFINITION or self._in_window(record))
        )

    def _in_window(self, run):
        """Whether a run was active in the window. Time texts of one form compare like the times themselves."""
        start, end = run["started_at"], run["finished_at"]
        if self._until is not None and start is not None and start >= self._until:
            return False
        if self._since is None or run["state"] != model.FINISHED:
            return True
        return (end or start or self._since) >= self._since


def matches_client(record, names):
    """Whether the record's client or one of its objects is called one of ``names`` (casefolded)."""
    work = record["workload"]
    if work["client"] is not None and work["client"].casefold() in names:
        return True
    return any((thing["name"] or "").casefold() in names for thing in work["objects"] or ())


class Names:
    """``names``: an entry is an exact, case-sensitive name; only if no record has it, it is a glob."""

    def __init__(self, entries):
        self.entries = entries or []
        self.given = entries is not None
        #: Entries that are the exact name of a candidate.
        self.exact = set()

    def candidate(self, name):
        """Whether a record of this name may be meant; to be asked for every record before ``settled``."""
        if not self.given:
            return True
        if name in self.entries:
            self.exact.add(name)
            return True
        return any(self._fits(entry, name) for entry in self.entries)

    def settled(self, name):
        """Whether a candidate is meant, once all candidates are known."""
        if not self.given or name in self.exact:
            return True
        return any(self._fits(entry, name) for entry in self.entries if entry not in self.exact)

    def unmatched(self, names):
        """Entries that fit none of ``names``."""
        return [e for e in self.entries if e not in self.exact and not any(self._fits(e, name) for name in names)]

    @staticmethod
    def _fits(entry, name):
        return is_glob(entry) and name is not None and fnmatch.fnmatchcase(name, entry)


def is_glob(entry):
    """Whether an entry of ``names`` could be a pattern."""
    return not _GLOB.isdisjoint(entry)


def in_order(rows, entity):
    """Sort rows of ``(record, sort key…)`` as a list is returned: runs newest start first, then id; definitions by name."""
    rows.sort(key=lambda row: row[2])
    if entity == model.RUN:
        rows.sort(key=lambda row: row[1] or "", reverse=True)
    else:
        rows.sort(key=lambda row: row[1] or "")
    return rows


class Summary:
    """Counts by state, result, health and type; null counts as ``none``, zero counts are left out."""

    FIELDS = ("state", "result", "health", "type")

    def __init__(self):
        self._counts = Counter()

    def add(self, record):
        self._counts[record["state"], record["result"], record["health"], record["type"]] += 1

    def as_dict(self):
        totals = {field: Counter() for field in self.FIELDS}
        for words, number in self._counts.items():
            for field, word in zip(self.FIELDS, words):
                totals[field][word or "none"] += number
        return {field: dict(sorted(counter.items())) for field, counter in totals.items()}


def search(query, records):
    """The result of a JMESPath expression over a list of records. Raises InvalidError that quotes the fault."""
    libraries.need_jmespath()
    try:
        return libraries.jmespath.search(query, records)
    except (libraries.jmespath.exceptions.JMESPathError, TypeError, ValueError) as error:
        raise InvalidError(
            "query: {0!r} cannot be applied: {1}.".format(query, " ".join(str(error).split())),
            hint="See jmespath.org; words need quotes like 'failed'.",
        ) from error
