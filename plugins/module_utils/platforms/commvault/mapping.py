# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Commvault's answers as job records: pure functions. Private to this collection.

Vendor pages "Get Job" and "Post Job Details"; the JSON form of a job from a monitoring client's recorded answers. Every
field is optional; the XML form has texts only and a single element is not a list.
"""

# The exact type is asked for, here and there: it is faster than isinstance, and this file maps 100,000 rows at a time.
# pylint: disable=unidiomatic-typecheck

from __future__ import annotations

import contextlib
import re
from operator import itemgetter
from xml.etree import ElementTree

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import (
    flag,
    integer,
    listed,
    mapping,
    number,
    text,
)

#: status (lower case) -> (state, result). The words are from client code and vendor page "qlist jobsummary".
STATUSES = {
    "running": (model.RUNNING, None),
    "running (cannot be verified)": (model.RUNNING, None),
    "waiting": (model.QUEUED, None),
    "queued": (model.QUEUED, None),
    "pending": (model.BLOCKED, None),
    "interrupted": (model.BLOCKED, None),
    "suspend pending": (model.SUSPENDING, None),
    "interrupt pending": (model.SUSPENDING, None),
    "suspended": (model.SUSPENDED, None),
    "suspend": (model.SUSPENDED, None),
    "kill pending": (model.STOPPING, None),
    "abnormal terminated cleanup": (model.STOPPING, None),
    "completed": (model.FINISHED, model.SUCCESS),
    "completed w/ one or more warnings": (model.FINISHED, model.WARNING),
    "completed w/ one or more errors": (model.FINISHED, model.PARTIAL),
    "committed": (model.FINISHED, model.PARTIAL),
    "failed": (model.FINISHED, model.FAILED),
    "failed to start": (model.FINISHED, model.FAILED),
    "killed": (model.FINISHED, model.CANCELLED),
    "no run": (model.FINISHED, model.SKIPPED),
}
_UNVERIFIED = "running (cannot be verified)"

#: jobType (lower case) -> type: words of the lists and of jobFilter. Any other word is free text (a workflow's name).
TYPES = {
    "backup": "backup",
    "snap backup": "backup",
    "snapbackup": "backup",
    "synthfull": "backup",
    "synthetic full": "backup",
    "vm admin job(backup)": "backup",
    "vm admin job(snap backup)": "backup",
    "csdrbkp": "backup",
    "commserve disaster recovery backup": "backup",
    "auxcopy": "copy",
    "auxiliary copy": "copy",
    "snaptotape": "copy",
    "backup copy": "copy",
    "restore": "restore",
    "data verification": "verify",
    "data_verification": "verify",
    "replication": "replication",
    "archive": "archive",
    "stubbing": "archive",
    "data aging": "maintenance",
    "prune": "maintenance",
    "ddbops": "maintenance",
    "space_reclamation": "maintenance",
    "mediarefreshing": "maintenance",
    "mediainit": "maintenance",
    "send_logfile": "maintenance",
    "installclient": "maintenance",
    "workflow": "workflow",
}
#: opType, for a jobType that is none of these words (vendor page "jobFilter Parameter Values").
OPERATIONS = {
    4: "backup", 11: "backup", 14: "backup", 18: "backup", 59: "backup", 13: "copy", 104: "copy", 60: "copy",
    82: "verify", 109: "archive", 8: "maintenance", 74: "maintenance", 92: "maintenance", 100: "maintenance",
    115: "maintenance",
}  # fmt: skip
#: A workflow's job has the workflow's name as jobType; this tail of its pendingReason tells (vendor page "Get Job").
_WORKFLOW = "process: workflow"

LEVELS = {
    "full": "full",
    "incremental": "incremental",
    "differential": "differential",
    "synthetic full": "synthetic_full",
    "synthetic_full": "synthetic_full",
    "transaction log": "transaction_log",
    "transaction_log": "transaction_log",
}
#: backupLevel where backupLevelName is missing; the numbers are those of the filter backupLvl (vendor's OpenAPI).
LEVEL_NUMBERS = {1: "full", 2: "incremental", 4: "differential", 64: "synthetic_full"}
_NO_LEVELS = ("", "unknown_bkp_level", "none", "not applicable", "n/a")

#: retained by a user: text, or bit 4 of the number (inferred from QS_JobsinSPCopy).
_USER, _USER_BIT = "user", 4
#: A hold without an end: the value is not published. No date, the largest 32-bit time, or one past the year 3000.
_LARGEST_32, _YEAR_3000 = 2147483647, 32503680000

#: Whole numbers of a job, and what few words many jobs have in common: both are read at once, in this order.
_NUMBERS = (
    "jobStartTime", "jobElapsedTime", "lastUpdateTime", "jobEndTime", "sizeOfApplication", "sizeOfMediaOnDisk",
    "totalNumOfFiles", "totalFailedFiles", "totalFailedFolders", "vsaParentJobID",
)  # fmt: skip
_WORDS = (
    "status", "jobType", "opType", "localizedOperationName", "backupLevelName", "backupLevel", "currentPhaseName",
    "isPreemptable", "isVisible", "isAged",
)  # fmt: skip
_INT = frozenset((int,))

#: Fields that stand in the record or in ``native``.
_USED = frozenset(_NUMBERS + _WORDS) | frozenset(
    (
        "jobId", "appTypeName", "percentComplete", "pendingReason", "pendingReasonErrorCode", "isPreemtable",
        "percentSavings", "commcellId", "backupSetName", "subclientName", "destClientName", "subclient",
        "storagePolicy", "destinationClient", "userName", "clientGroups",
    )
)  # fmt: skip
#: Fields left out on purpose: colours, translations, and numbers whose meaning or unit no published page gives.
_LEFT_OUT = frozenset(
    (
        "localizedStatus", "localizedstatus", "localizedBackupLevelName", "statusColor", "alertColorLevel",
        "currentPhase", "attemptStartTime", "errorType", "averageThroughput", "currentThroughput", "jobAttributes",
        "jobAttributesEx", "jobSubmitErrorCode", "dataSource",
    )
)  # fmt: skip
KNOWN_FIELDS = _USED | _LEFT_OUT

_BREAK = re.compile(r"<br\s*/?>", re.I)
_SOURCE = re.compile(r"\s*\bSource:\s.*", re.S)
_CODE = re.compile(r"(?:error code:?\s*)?\[(\d+:\d+)\]:?\s*|error code:?\s*(\d+:\d+)\s*", re.I)

#: Before 1971 is "none".
_FIRST = 31536000

_timestamp = model.timestamp


class _Words:
    """What follows from the values of _WORDS, which many jobs have in common."""

    __slots__ = ("level", "native", "reason", "result", "retention", "state", "type")


class RunMapper:
    """``jobSummary`` -> run record. One object per listing: what runs have in common is made once.

    ``definition_ids``, ``initiated_by``, ``workload``, ``retention``, ``copy_status``, ``depends``, ``native`` and
    ``unknown_fields`` are the same objects in many records: to be replaced, never changed.

    ``aliases``: client id -> display name, where that differs from the name; it becomes an entry of
    ``workload.objects``, so that the filter ``clients`` finds it.
    """

    def __init__(self, prefix, endpoint, warn, raw=False, aliases=None):
        self._prefix = prefix
        self._warn = warn
        self._raw = raw
        self._aliases = {} if aliases is None else aliases  # may be filled after this
        self._blank = model.job_record("", "commvault", endpoint, model.RUN, "")
        self._subclients = {}
        self._words = {}
        self._users = {}
        self._learn(())

    def __call__(self, job):
        # This is done 100,000 times in a listing: plain look-ups, few calls, copies of what is the same every time.
        fields = tuple(job)
        if fields != self._fields:  # most jobs have the fields of the job before
            self._learn(fields)
        lookup = job.get
        key = self._words_of(job)
        try:
            words = self._words[key]
        except (KeyError, TypeError):
            words = self._meaning(job, key)
        try:
            seen = self._subclients[
                job["subclient"]["subclientId"], job["storagePolicy"]["storagePolicyId"], job["destClientName"]
            ]
        except (KeyError, TypeError):
            seen = self._subclient(job)
        template, natives = seen
        record = template.copy()
        try:
            record["native"] = natives[words]
        except KeyError:
            record["native"] = natives[words] = {**template["native"], **words.native}
        try:
            record["initiated_by"] = self._users[lookup("userName")["userName"]]
        except (KeyError, TypeError):
            record["initiated_by"] = self._user(lookup("userName"))
        record["type"] = words.type
        record["level"] = words.level
        record["state"] = state = words.state
        record["result"] = words.result
        record["reason"] = words.reason
        record["retention"] = words.retention

        id = lookup("jobId")
        if type(id) is int:
            record["id"] = id = str(id)
            record["uid"] = self._prefix + id  # nothing to encode
        else:
            record["id"] = id = text(id) or "unknown"
            record["uid"] = model.uid_of(self._prefix, id)
        numbers = self._numbers_of(job)
        if not _INT.issuperset(map(type, numbers)):
            numbers = [one if type(one) is int or one is None else integer(one) for one in numbers]
        start, elapsed, updated, end, size, stored, files, failed_files, failed_folders, parent = numbers
        if start and start >= _FIRST:
            record["started_at"] = _timestamp(start)
        if updated and updated >= _FIRST:
            record["updated_at"] = _timestamp(updated)
        if state != "finished":
            record["progress"] = percent(lookup("percentComplete"))
        else:
            if not end:  # the XML form has no jobEndTime
                end = start + elapsed if start and elapsed is not None else updated
            if end == updated:
                record["finished_at"] = record["updated_at"]
            elif end and end >= _FIRST:
                record["finished_at"] = _timestamp(end)
        record["duration_s"] = elapsed
        failed = None if failed_files is None else failed_files + (failed_folders or 0)
        record["counts"] = {"total": files, "ok": None, "failed": failed, "skipped": None, "stopped": None}
        record["bytes"] = {"source": size, "transferred": None, "stored": stored}
        if size and elapsed and elapsed > 0:
            record["rate_bps"] = size // elapsed
        savings = lookup("percentSavings")
        record["savings_pct"] = savings if type(savings) is int else number(savings)
        if parent and parent > 0:
            record["parent_id"] = str(parent)
        if lookup("pendingReason"):
            reason, record["reason_code"] = reason_of(lookup("pendingReason"))
            record["reason"] = reason or record["reason"]
        if lookup("pendingReasonErrorCode"):
            record["reason_code"] = text(lookup("pendingReasonErrorCode")) or record["reason_code"]
        if self._unknown:
            record["unknown_fields"] = {field: job[field] for field in self._unknown}
        if self._raw:
            record["raw"] = job
        return record

    def _learn(self, fields):
        """Prepare for jobs with just these fields."""
        self._fields = fields
        self._unknown = [field for field in fields if field not in KNOWN_FIELDS]
        self._numbers_of = _getter(_NUMBERS, fields)
        # The page of the vendor has both spellings.
        other = "isPreemptable" not in fields and "isPreemtable" in fields
        self._words_of = _getter(
            [("isPreemtable" if other and name == "isPreemptable" else name) for name in _WORDS], fields
        )

    def _subclient(self, job):
        """``(template, natives)``: the record as far as subclient, client and storage policy make it; _Words -> native."""
        subclient, policy = mapping(job.get("subclient")), mapping(job.get("storagePolicy"))
        definition_id = _positive(subclient.get("subclientId"))
        client = text(subclient.get("clientName")) or text(job.get("destClientName"))
        application = _application(text(subclient.get("appName")) or text(job.get("appTypeName")))
        names = {
            "backupset": text(subclient.get("backupsetName")) or text(job.get("backupSetName")),
            "instance": text(subclient.get("instanceName")),
            "subclient": text(subclient.get("subclientName")) or text(job.get("subclientName")),
        }
        groups = None
        if "clientGroups" in job:
            groups = [mapping(one).get("clientGroupName") for one in listed(job["clientGroups"])]
            groups = [one for one in map(text, groups) if one]
        destination = mapping(job.get("destinationClient"))
        client_id = _positive(subclient.get("clientId")) or _positive(destination.get("clientId"))
        alias = self._aliases.get(client_id)
        if alias is not None:
            alias = [model.workload_object(alias, id=client_id, type="client")]
        named = names["subclient"] is not None
        template = {
            **self._blank,
            "definition_id": definition_id,
            "definition_ids": [definition_id] if definition_id else [],
            "name": subclient_name(client, application, names) if named else text(job.get("jobType")),
            "workload": model.workload(client, application, groups, alias),
            "native": {
                **subclient_native(subclient, client_id, definition_id, names),
                "storage_policy": {
                    "id": _positive(policy.get("storagePolicyId")),
                    "name": text(policy.get("storagePolicyName")),
                },
                "destination_client": {
                    "id": _positive(destination.get("clientId")),
                    "name": text(destination.get("clientName")) or text(job.get("destClientName")),
                },
                "commcell_id": integer(job.get("commcellId")),
            },
        }
        seen = (template, {})
        if definition_id and named:
            with contextlib.suppress(KeyError, TypeError):  # a row without all of the key: the old XML form
                self._subclients[
                    job["subclient"]["subclientId"], job["storagePolicy"]["storagePolicyId"], job["destClientName"]
                ] = seen
        return seen

    def _meaning(self, job, key):
        """The _Words of a job; kept for the next one with the same ``key``, unless more than the key decides."""
        words = _Words()
        words.state, words.result, known = state_of(job)
        words.type, settled = _type_of(job)
        words.level = self._level(job)
        word = text(job.get("status"))
        words.reason = word if word and word.strip().lower() == _UNVERIFIED else None
        words.retention = model.retention(aged=flag(job.get("isAged")))
        words.native = {
            "status": word,
            "job_type": text(job.get("jobType")),
            "operation": text(job.get("localizedOperationName")),
            "op_type": integer(job.get("opType")),
            "phase": text(job.get("currentPhaseName")),
            "preemptable": flag(job.get("isPreemptable", job.get("isPreemtable"))),
            "visible": flag(job.get("isVisible")),
        }
        if not known:
            self._warn(
                "Commvault sends the job status {0!r}, which this collection does not know: it counts as unknown.".format(
                    word
                )
            )
        if known and settled:
            with contextlib.suppress(TypeError):  # a list or a dict where a word should be
                self._words[key] = words
        return words

    def _user(self, user):
        name = text(mapping(user).get("userName"))
        initiated_by = model.initiated_by(name)
        if name:
            self._users[name] = initiated_by
        return initiated_by

    def _level(self, job):
        word = text(job.get("backupLevelName"))
        if word is None:  # a job of the old XML form names the level in backupLevel; in JSON that is a number
            word = job.get("backupLevel")
            word = LEVEL_NUMBERS.get(integer(word)) or text(word) or ""
            if integer(word) is not None:
                return None
        level = LEVELS.get(word.strip().lower())
        if level is None and word.strip().lower() not in _NO_LEVELS:
            self._warn(
                "Commvault sends the backup level {0!r}, which this collection does not know: it is null.".format(word)
            )
        return level


def _getter(names, fields):
    """A function that returns the values of ``names`` in a dict with these fields; None for what is not among them."""
    if set(names) <= set(fields):
        return itemgetter(*names)
    return lambda job: tuple(map(job.get, names))


def state_of(job):
    """``(state, result, known)``. An unknown word is over when the job has an end, and never a success."""
    word = text(job.get("status"))
    known = STATUSES.get(word.strip().lower()) if word else None
    if known:
        return (*known, True)
    ended = (integer(job.get("jobEndTime")) or 0) > 0
    return (model.FINISHED, model.UNKNOWN, False) if ended else (model.UNKNOWN, None, False)


def _type_of(job):
    """``(type, settled)``; settled: by nothing else than jobType and opType."""
    known = TYPES.get((text(job.get("jobType")) or "").strip().lower()) or OPERATIONS.get(integer(job.get("opType")))
    if known:
        return known, True
    return ("workflow" if _WORKFLOW in (text(job.get("pendingReason")) or "").lower() else "other"), False


def _positive(value):
    """An id as text; None for 0 and for what is none."""
    value = integer(value)
    return str(value) if value is not None and value > 0 else None


def _application(name):
    return None if name == "Default Application Type Name" else name


def percent(value):
    value = number(value)
    return None if value is None else min(100, max(0, value))


def subclient_name(client, application, names):
    """``client/agent/backupset/subclient``; the instance where there is no backup set (database agents)."""
    parts = (client, application, names["backupset"] or names["instance"], names["subclient"])
    return "/".join(part for part in parts if part)


def subclient_native(entity, client_id, subclient_id, names):
    """The ids and names of ``subclient`` / ``subClientEntity``."""
    return {
        "client_id": client_id,
        "application_id": _positive(entity.get("applicationId")),
        "instance_id": _positive(entity.get("instanceId")),
        "instance_name": names["instance"],
        "backupset_id": _positive(entity.get("backupsetId")),
        "backupset_name": names["backupset"],
        "subclient_id": subclient_id,
        "subclient_name": names["subclient"],
    }


def reason_of(pending):
    """``(first cause, error code)`` of a pendingReason: causes end with ``<br>Source: client, Process: name``."""
    code = None
    for part in _BREAK.split(text(pending) or ""):
        found = _CODE.search(part)
        if found:
            code = code or found.group(1) or found.group(2)
            part = _CODE.sub("", part)
        part = " ".join(_SOURCE.sub("", part).split())
        if part:
            return part, code
    return None, code


# -- lists of jobs -----------------------------------------------------------------------------------------------------


def jobs_of(answer):
    """``(jobSummary dicts, totalRecordsWithoutPaging or None)`` of a list; a row without a jobId is left out."""
    rows = listed(answer.get("jobs"))
    try:
        jobs = [row["jobSummary"] for row in rows]
        good = set(map(type, map(itemgetter("jobId"), jobs))) <= _INT
    except (KeyError, TypeError):
        good = False
    if not good:
        jobs = [mapping(mapping(row).get("jobSummary")) for row in rows]
        jobs = [job for job in jobs if type(job.get("jobId")) in (int, str)]
    return jobs, integer(answer.get("totalRecordsWithoutPaging"))


class LatestRuns:
    """Of many jobs the few that the definitions' records need, by subclient id."""

    def __init__(self):
        self.current = {}
        self.last = {}
        self.success = {}
        self._words = {}

    def add(self, job):
        try:
            state, result = self._words[job["status"]]
        except (KeyError, TypeError):
            state, result, known = state_of(job)
            if known:
                self._words[job["status"]] = (state, result)
        subclient_id = mapping(job.get("subclient")).get("subclientId")
        if type(subclient_id) is not int:
            subclient_id = integer(subclient_id)
        if not subclient_id:
            return
        if state != model.FINISHED:
            _keep_latest(self.current, subclient_id, integer(job.get("jobStartTime")) or 0, job)
            return
        end = end_of(job)
        _keep_latest(self.last, subclient_id, end, job)
        if result in model.GOOD_RESULTS:
            _keep_latest(self.success, subclient_id, end, job)

    def of(self, subclient_id):
        """``(current, last finished, last successful)``: jobSummary dicts or None."""
        return tuple(kept.get(subclient_id, (0, None))[1] for kept in (self.current, self.last, self.success))

    def subclients(self):
        """subclient id -> the ``subclient`` dict of its newest job."""
        newest = {}
        for kept in (self.last, self.current):
            newest.update((id, mapping(job["subclient"])) for id, (_time, job) in kept.items())
        return newest


def _keep_latest(kept, id, time, job):
    before = kept.get(id)
    if before is None or time > before[0]:
        kept[id] = (time, job)


def end_of(job):
    """Epoch seconds of a finished job's end, 0 when nothing tells."""
    end, start = integer(job.get("jobEndTime")), integer(job.get("jobStartTime"))
    return end or (start or 0) + (integer(job.get("jobElapsedTime")) or 0)


# -- definitions -------------------------------------------------------------------------------------------------------


def definition_record(prefix, endpoint, entity, enabled, current, last, success, alias=None, raw=None):
    """The record of a subclient. ``entity``: its subClientEntity; ``current``, ``last``, ``success``: runs or None."""
    id = _positive(entity.get("subclientId")) or "unknown"
    client, application = text(entity.get("clientName")), _application(text(entity.get("appName")))
    names = {
        "backupset": text(entity.get("backupsetName")),
        "instance": text(entity.get("instanceName")),
        "subclient": text(entity.get("subclientName")),
    }
    client_id = _positive(entity.get("clientId"))
    known = {}
    if last is not None:
        copied = (
            "result",
            "reason",
            "reason_code",
            "started_at",
            "finished_at",
            "duration_s",
            "rate_bps",
            "savings_pct",
        )
        known = {field: last[field] for field in copied}
        known.update((field, dict(last[field])) for field in ("bytes", "counts"))
    seen = current or last
    objects = (seen["workload"]["objects"] if seen else None) or (
        [model.workload_object(alias, id=client_id, type="client")] if alias else None
    )
    return model.job_record(
        model.uid_of(prefix, id),
        "commvault",
        endpoint,
        model.DEFINITION,
        id,
        definition_id=id,
        definition_ids=[id],
        name=subclient_name(client, application, names) or id,
        type="backup",
        enabled=enabled,
        state=current["state"] if current else model.IDLE,
        progress=current["progress"] if current else None,
        updated_at=seen["updated_at"] if seen else None,
        last_success_at=success["finished_at"] if success else None,
        workload=model.workload(client, application, seen["workload"]["groups"] if seen else None, objects),
        current_run=current,
        last_run=last,
        native={
            **subclient_native(entity, client_id, id, names),
            "storage_policy": seen["native"]["storage_policy"] if seen else {"id": None, "name": None},
        },
        raw=raw,
        **known,
    )


def enabled_of(properties):
    """``commonProperties.enableBackup`` of a subclient's properties: True, False or None."""
    return flag(mapping(properties.get("commonProperties")).get("enableBackup"))


def again_of(properties):
    """When the server itself enables a disabled subclient again: ``enableBackupAtDateTime``."""
    return timestamp_of(mapping(mapping(properties.get("commonProperties")).get("enableBackupAtDateTime")).get("time"))


def timestamp_of(value):
    """The time text of epoch seconds; None for 0 and for what is no number."""
    return model.timestamp(times.from_epoch(value))


def backups_in(options):
    """``(enabled, time text at which the server enables again)`` of backups in ``activityControlOptions`` (client code)."""
    option = next((one for one in map(mapping, listed(options)) if integer(one.get("activityType")) == 1), {})
    delayed = flag(option.get("enableAfterADelay"))
    again = timestamp_of(mapping(option.get("dateTime")).get("time")) if delayed else None
    return flag(option.get("enableActivityType")), again


def started_of(answer):
    """``(job id, task id)`` of the answer to a start; without a job id only a schedule was made (client code)."""
    ids = answer.get("jobIds")
    ids = ids if isinstance(ids, list) else [ids]
    return next((id for id in map(_positive, ids) if id), None), _positive(answer.get("taskId"))


def is_id(id):
    """Whether a text is an id as Commvault writes it: a positive number without leading zeros, of 64 bits at most."""
    return id.isascii() and id.isdigit() and id[0] != "0" and len(id) < 19


# -- objects and copies of a run ---------------------------------------------------------------------------------------

#: generalInfo.jobStartedFrom -> initiated_by.how
STARTED_FROM = {"scheduled": "schedule", "interactive": "manual"}


def add_details(record, detail):
    """Put ``jobDetail`` (vendor page "Post Job Details") into a run record: who started it, and its virtual machines.

    Of ``clientStatusInfo.vmStatus`` client code shows vmName, GUID and FailureReason, but no list of status words: a
    machine with a FailureReason has failed, one without has succeeded only if the whole run has.
    """
    general = mapping(detail.get("generalInfo"))
    how = STARTED_FROM.get((text(general.get("jobStartedFrom")) or "").lower())
    record["initiated_by"] = model.initiated_by(
        record["initiated_by"]["name"] or text(general.get("jobStartedBy")), how
    )
    machines = []
    for machine in map(mapping, listed(mapping(detail.get("clientStatusInfo")).get("vmStatus"))):
        reason = reason_of(machine.get("FailureReason"))[0]
        result = None
        if record["state"] == model.FINISHED:
            result = model.SUCCESS if record["result"] == model.SUCCESS else model.UNKNOWN
            result = model.FAILED if reason else result
        machines.append(
            model.workload_object(
                text(machine.get("vmName")), text(machine.get("GUID")), "vm", record["state"], result, reason
            )
        )
    workload = record["workload"]  # other records may have the same one
    record["workload"] = dict(workload, objects=(workload["objects"] or []) + machines)
    return record


#: dataVerificationStatus (vendor's OpenAPI)
VERIFICATIONS = {
    0: "unchecked", 1: "expired", 2: "do_not_check", 3: "to_be_checked", 4: "partial", 5: "successful", 6: "failed",
}  # fmt: skip


def copy_entry(row, policy_name, copy_id, copy_name):
    """One entry of ``copies`` from a row of JobDetailForStorage (vendor's OpenAPI).

    ``state`` is the product's own word (no list of them is published). ``available``: false once aged, true when
    the row has a time of copying, else null.
    """
    held = hold_of(row)
    aged = flag(row.get("isAged"))
    if flag(row.get("isSoftAged")):
        aged = True
    copied_at = model.timestamp(times.from_epoch(row.get("copiedTime")))
    return model.stored_copy(
        storage_policy=policy_name,
        copy_name=copy_name,
        copy_id=copy_id,
        state=text(row.get("status")),
        available=False if aged else True if copied_at else None,
        held=held,
        held_until=model.timestamp(hold_end(row)) if held else None,
        held_by=text(row.get("username")) if held else None,
        reason=text(row.get("retentionReason")) if held else None,
        aged=aged,
        copied_at=copied_at,
        verification=VERIFICATIONS.get(integer(row.get("dataVerificationStatus"))),
    )


def hold_of(row):
    """Whether a user retains the job on this copy; None when the row does not tell."""
    words = text(row.get("strRetainedBy"))
    if words is not None:
        return words.strip().lower() == _USER
    bits = integer(row.get("retainedBy"))
    return None if bits is None else bool(bits & _USER_BIT)


def hold_end(row):
    """Epoch seconds at which a hold ends; None for one without an end, for which no value is published."""
    until = integer(row.get("retainUntil"))
    endless = until is None or until <= 0 or until == _LARGEST_32 or until > _YEAR_3000
    return None if endless else until


def add_copies(record, rows):
    """Put what the copies hold into a run record. ``rows``: ``(copy_entry, row)`` of this run, one for each copy."""
    entries = [entry for entry, _row in rows]
    record["copies"] = entries
    held = [entry for entry in entries if entry["held"]]
    told = [entry["held"] for entry in entries if entry["held"] is not None]
    if held:
        # The longest hold is the run's; one without an end is longer than any.
        longest = max(held, key=lambda entry: (entry["held_until"] is None, entry["held_until"] or ""))
        hold = {field: longest[field] for field in ("held", "held_until", "held_by", "reason")}
        record["retention"] = {**record["retention"], **hold}
    elif told:
        record["retention"] = {**record["retention"], "held": False}
    copied_at = max((one["copied_at"] for one in entries if one["copied_at"]), default=None)
    record["copy_status"] = {"allowed": None, "copied_at": copied_at}
    record["verification"] = next((one["verification"] for one in entries if one["verification"]), None)
    if rows:
        required_by = []
        for _entry, row in rows:
            ids = [id.strip() for id in (text(row.get("requiredByJobs")) or "").split(",")]
            required_by += [id for id in ids if id and id not in required_by]
        record["depends"] = model.depends(required_by, bool(required_by))
    return record


# -- XML ---------------------------------------------------------------------------------------------------------------

_DEEPEST = 50


class _Tree(ElementTree.TreeBuilder):
    def doctype(self, name, pubid, system):
        """Called before any entity is read: no answer needs one, and entities can be bombs."""
        raise ValueError("a document type")


def from_xml(content):
    """An XML answer (bytes) as the dict that its JSON form would be, but with texts only. Raises ValueError.

    Attributes and children are keys; an element that occurs more than once is a list, a single one is not. The vendor's
    own sample has a bare ``<br>`` inside an attribute, which is no XML: it is read nevertheless.
    """
    content = content.replace(b"<br>", b"&lt;br&gt;")
    try:
        root = ElementTree.fromstring(content, parser=ElementTree.XMLParser(target=_Tree()))
    except ElementTree.ParseError as error:
        raise ValueError("not XML: {0}".format(error)) from error
    if root.tag.lower().rpartition("}")[2] == "html":
        raise ValueError("a web page")
    return mapping(_as_dict(root, 0)) if len(root) or root.attrib else {}


def _as_dict(element, depth):
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if not len(element) and not element.attrib:
        return element.text or ""
    found = dict(element.attrib)
    for child in element:
        value = _as_dict(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
