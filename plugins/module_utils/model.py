# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The job record: one shape and one set of words for the jobs of every product. Private to this collection.

Pure data and pure functions; no vendor, no I/O. Times are RFC 3339 strings in UTC, sizes bytes, durations seconds.
"""

from __future__ import annotations

import calendar
import functools
import time

SCHEMA = 1

DEFINITION = "definition"
RUN = "run"
ENTITIES = (DEFINITION, RUN)

IDLE, QUEUED, BLOCKED, RUNNING, SUSPENDING = "idle", "queued", "blocked", "running", "suspending"
SUSPENDED, STOPPING, FINISHED, UNKNOWN = "suspended", "stopping", "finished", "unknown"
STATES = (IDLE, QUEUED, BLOCKED, RUNNING, SUSPENDING, SUSPENDED, STOPPING, FINISHED, UNKNOWN)
#: States of a run that is under way.
ACTIVE_STATES = frozenset((QUEUED, BLOCKED, RUNNING, SUSPENDING, SUSPENDED, STOPPING))

SUCCESS, WARNING, PARTIAL, FAILED, CANCELLED, SKIPPED = (
    "success",
    "warning",
    "partial",
    "failed",
    "cancelled",
    "skipped",
)
RESULTS = (SUCCESS, WARNING, PARTIAL, FAILED, CANCELLED, SKIPPED, UNKNOWN)
#: Results of a run from which what it saved can be relied on: they count as a success wherever one is looked for.
GOOD_RESULTS = (SUCCESS, WARNING)

DISABLED, NEVER_RAN, OVERDUE, OK = "disabled", "never_ran", "overdue", "ok"
HEALTHS = (DISABLED, NEVER_RAN, FAILED, OVERDUE, WARNING, OK, RUNNING, UNKNOWN)

TYPES = ("backup", "copy", "replication", "restore", "verify", "archive", "maintenance", "workflow", "other")
LEVELS = ("full", "incremental", "differential", "synthetic_full", "transaction_log")

#: A next run this far in the past, with nothing active, is overdue.
NEXT_RUN_GRACE_S = 3600

RECORD_KEYS = (
    "schema", "uid", "platform", "endpoint", "entity", "id", "definition_id", "definition_ids", "parent_id", "name",
    "type", "level", "enabled", "state", "result", "health", "reason", "reason_code", "progress", "started_at",
    "finished_at", "updated_at", "next_run_at", "last_success_at", "duration_s", "initiated_by", "workload", "counts",
    "bytes", "rate_bps", "savings_pct", "retention", "copies", "copy_status", "verification", "depends", "current_run",
    "last_run", "native", "unknown_fields", "raw",
)  # fmt: skip


def job_record(uid, platform, endpoint, entity, id, **known):
    """One record with every key of RECORD_KEYS; what is not given is null (sub-dicts: their keys with null values).

    ``known`` may hold any other key of the record. A sub-dict that is given must be whole: build it with the functions
    below. Raises TypeError for a key that the record does not have.
    """
    record = {
        "schema": SCHEMA,
        "uid": uid,
        "platform": platform,
        "endpoint": endpoint,
        "entity": entity,
        "id": id,
        "definition_id": None,
        "definition_ids": [],
        "parent_id": None,
        "name": None,
        "type": "other",
        "level": None,
        "enabled": None,
        "state": UNKNOWN,
        "result": None,
        "health": None,
        "reason": None,
        "reason_code": None,
        "progress": None,
        "started_at": None,
        "finished_at": None,
        "updated_at": None,
        "next_run_at": None,
        "last_success_at": None,
        "duration_s": None,
        "initiated_by": {"name": None, "how": None},
        "workload": {"client": None, "application": None, "groups": None, "objects": None},
        "counts": {"total": None, "ok": None, "failed": None, "skipped": None, "stopped": None},
        "bytes": {"source": None, "transferred": None, "stored": None},
        "rate_bps": None,
        "savings_pct": None,
        "retention": {"held": None, "held_until": None, "held_by": None, "reason": None, "aged": None},
        "copies": None,
        "copy_status": {"allowed": None, "copied_at": None},
        "verification": None,
        "depends": {"required_by": None, "has_dependents": None, "has_archiver": None},
        "current_run": None,
        "last_run": None,
        "native": {},
        "unknown_fields": {},
        "raw": None,
    }
    record.update(known)
    if len(record) != len(RECORD_KEYS):
        raise TypeError("not keys of the job record: " + ", ".join(sorted(set(known) - set(RECORD_KEYS))))
    return record


def initiated_by(name=None, how=None):
    """``how``: schedule, manual, api, trigger or null."""
    return {"name": name, "how": how}


def workload(client=None, application=None, groups=None, objects=None):
    """``groups``: names; ``objects``: a list of ``workload_object``; both null when not read."""
    return {"client": client, "application": application, "groups": groups, "objects": objects}


def workload_object(
    name, id=None, type=None, state=None, result=None, reason=None, started_at=None, finished_at=None, last_success_at=None,
    bytes=None,
):  # fmt: skip
    """One protected thing (VM, host, share, volume) inside a job, with the words of a run. ``bytes``: transferred."""
    return {
        "id": id,
        "name": name,
        "type": type,
        "state": state,
        "result": result,
        "reason": reason,
        "started_at": started_at,
        "finished_at": finished_at,
        "last_success_at": last_success_at,
        "bytes": bytes,
    }


def counts(total=None, ok=None, failed=None, skipped=None, stopped=None):
    return {"total": total, "ok": ok, "failed": failed, "skipped": skipped, "stopped": stopped}


def sizes(source=None, transferred=None, stored=None):
    """The record's ``bytes``: of the protected data, over the wire, on the backup storage."""
    return {"source": source, "transferred": transferred, "stored": stored}


def retention(held=None, held_until=None, held_by=None, reason=None, aged=None):
    return {"held": held, "held_until": held_until, "held_by": held_by, "reason": reason, "aged": aged}


def depends(required_by=None, has_dependents=None, has_archiver=None):
    return {"required_by": required_by, "has_dependents": has_dependents, "has_archiver": has_archiver}


def stored_copy(
    storage_policy=None, copy_name=None, copy_id=None, state=None, available=None, held=None, held_until=None,
    held_by=None, reason=None, aged=None, copied_at=None, verification=None,
):  # fmt: skip
    """One entry of the record's ``copies``: what one copy holds of a run."""
    return {
        "storage_policy": storage_policy,
        "copy_name": copy_name,
        "copy_id": copy_id,
        "state": state,
        "available": available,
        "held": held,
        "held_until": held_until,
        "held_by": held_by,
        "reason": reason,
        "aged": aged,
        "copied_at": copied_at,
        "verification": verification,
    }


# -- identity --------------------------------------------------------------------------------------------------------


def _encode(text, characters):
    for character in characters:  # "%" comes first in every caller, so nothing is encoded twice
        text = text.replace(character, "%{0:02X}".format(ord(character)))
    return text


def _decode(text):
    for character in ":/%":  # "%" last, the reverse of _encode
        text = text.replace("%{0:02X}".format(ord(character)), character)
    return text


def uid_prefix(platform, endpoint, scope, entity):
    """All of a uid but the id: ``<platform>:<endpoint>[/<tenant or account>]:<entity>:``.

    The ``:`` of ``host:port`` stays in the endpoint.
    """
    place = _encode(endpoint, "%/")
    if scope:
        place += "/" + _encode(scope, "%/:")
    return "{0}:{1}:{2}:".format(platform, place, entity)


def uid_of(prefix, id):
    """A uid from its prefix and a plain id: ``%`` and ``:`` of the id are encoded, ``/`` is not."""
    return prefix + (_encode(id, "%:") if "%" in id or ":" in id else id)


def parse_uid(uid):
    """``(platform, endpoint, scope or None, entity, id)`` of a uid; ValueError when it is not one."""
    head, _sep, id = uid.rpartition(":")
    head, _sep, entity = head.rpartition(":")
    platform, _sep, place = head.partition(":")
    if not (platform and place and id and entity in ENTITIES):
        raise ValueError("{0!r} is not a uid".format(uid))
    endpoint, _sep, scope = place.partition("/")
    return platform, _decode(endpoint), _decode(scope) or None, entity, _decode(id)


# -- times -----------------------------------------------------------------------------------------------------------

_YEAR_10000 = 253402300800
_MINUTES = ["%02d:%02d:" % divmod(minute, 60) for minute in range(1440)]
_SECONDS = ["%02dZ" % second for second in range(60)]


@functools.lru_cache(maxsize=1024)
def _day(number):
    return "%04d-%02d-%02dT" % time.gmtime(number * 86400)[:3]


def timestamp(epoch):
    """Seconds since the epoch as ``2026-11-22T04:40:00Z``; null for null and for 0 or less ("none" on every product).

    Null also beyond the year 9999. Three of these stand in every record, so the parts come from tables.
    """
    if not epoch or not 0 < epoch < _YEAR_10000:
        return None
    day, second = divmod(int(epoch), 86400)
    return _day(day) + _MINUTES[second // 60] + _SECONDS[second % 60]


# -- judgement -------------------------------------------------------------------------------------------------------


def run_health(state, result):
    """Health of a run: running until it is finished, then failed, warning or ok; unknown stays unknown."""
    if state == FINISHED:
        if result == SUCCESS:
            return OK
        if result == FAILED:
            return FAILED
        return UNKNOWN if result in (None, UNKNOWN) else WARNING
    return UNKNOWN if state == UNKNOWN else RUNNING


def definition_health(record, now, max_age=None, history_complete=False, history_from=None):
    """Health of a definition; the first rule that matches wins.

    ``record['health']`` may hold what the product itself says: ``never_ran``, or ``warning`` as the least. ``now``,
    ``history_from`` (how far back the product's runs are known) are epoch seconds, ``max_age`` seconds.
    """
    floor = record["health"]
    last = record["last_run"]
    active = record["state"] in ACTIVE_STATES
    if record["enabled"] is False:
        return DISABLED
    if last is None and not active and record["result"] is None:
        if floor == NEVER_RAN or history_complete:
            return NEVER_RAN
    if record["result"] == FAILED:
        return FAILED
    if max_age is not None and _last_success_too_old(record, now, max_age, history_complete, history_from):
        return OVERDUE
    next_run = epoch_of(record["next_run_at"])
    if next_run is not None and not active and now - next_run > NEXT_RUN_GRACE_S:
        return OVERDUE
    if record["result"] in (WARNING, PARTIAL, CANCELLED, SKIPPED) or floor == WARNING:
        return WARNING
    if record["result"] == SUCCESS:
        return OK
    if active and last is None and record["result"] is None:
        return RUNNING
    return UNKNOWN


def _last_success_too_old(record, now, max_age, history_complete, history_from):
    success = epoch_of(record["last_success_at"])
    if success is not None:
        return now - success > max_age
    # No success is known. That proves an overdue job only if a success young enough would have been seen.
    seen_far_enough = history_complete or (history_from is not None and now - history_from >= max_age)
    first_run_ever = record["last_run"] is None and record["state"] in ACTIVE_STATES
    return seen_far_enough and not first_run_ever


def epoch_of(text):
    """The inverse of ``timestamp``."""
    if text is None:
        return None
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
