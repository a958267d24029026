# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From the JSON of BlueXP backup and recovery to job records: pure functions. Private to this collection.

Fields are those of NetApp's Swagger document 2.0.6. Its examples show objects where its schema says arrays, and counts
and capacities are texts: both are read. ``warn(sentence)`` gets the words that are not known.
"""

from __future__ import annotations

import re
from collections import namedtuple

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, listed, mapping, number, text

PLATFORM = "netapp_bluexp"

#: The word of a job or of a part of it -> (state, result).
STATUSES = {
    "PENDING": (model.QUEUED, None),
    "IN_PROGRESS": (model.RUNNING, None),
    "COMPLETED": (model.FINISHED, model.SUCCESS),
    "SUCCESS": (model.FINISHED, model.SUCCESS),
    "FAILED": (model.FINISHED, model.FAILED),
}

#: Stems of a job's ``type`` -> our type; the first match wins. NetApp does not publish the words: inferred. Stems of
#: maintenance come before the data: a job that pauses or deletes may name volumes too, and is no backup of them.
TYPE_STEMS = (
    (re.compile("restor"), "restore"),
    (re.compile("delet|remov|detach|unregister|updat|modif|paus|resum|disabl|deactivat"), "maintenance"),
)
#: The same, where the data says nothing.
PLAIN_TYPE_STEMS = (
    (re.compile("enabl|activat"), "maintenance"),
    (re.compile("backup"), "backup"),
)

ACTIVE_WORDS = frozenset(("active", "on", "enabled", "protected"))
PAUSED_WORDS = frozenset(("off", "disabled", "suspended"))
#: Words beside them that change nothing. Any other word ("not protected", "on hold") makes the whole unknown.
_FILLERS = frozenset(("backup", "backups", "is", "by", "user", "volume", "state", "status"))
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[^\W_]")

#: Failed parts that a reason names; the rest is counted.
REASON_PARTS = 10

_JOB_FIELDS = frozenset(("id", "working-environment-id", "type", "status", "error", "time", "data"))
_DATA_FIELDS = frozenset(("multi-volume-backup", "restore"))
_VOLUMES_FIELDS = frozenset(("volume",))
_RESTORE_FIELDS = frozenset(("type", "source", "target", "batch"))
_SOURCE_TEXTS = ("working-environment-id", "working-environment-name", "bucket", "volume-id", "volume-name", "snapshot")
_TARGET_TEXTS = ("working-environment-id", "working-environment-name", "svm", "volume-name", "path")
_PART_FIELDS = frozenset(("id", "status", "error"))
_SOURCE_FIELDS = frozenset(_SOURCE_TEXTS)
_TARGET_FIELDS = frozenset((*_TARGET_TEXTS, "volume-size"))
_BATCH_FIELDS = _PART_FIELDS | {"time", "file"}
_FILE_FIELDS = frozenset(("inode", "path", "type", "size", "mtime"))
_VOLUME_TEXTS = (
    "file-system-id", "type", "style", "protocol", "svm", "status", "backup-status", "lag", "object-lock",
    "ransomware-scan-status",
)  # fmt: skip
_VOLUME_INTEGERS = ("snapshot-count", "geometry", "aggregate-count")
_VOLUME_FIELDS = frozenset(_VOLUME_TEXTS + _VOLUME_INTEGERS) | {
    "name", "last-backup-creation-time", "backup-policy", "capacity", "last-ransomware-scan",
    "ransomware-detected-snapshots",
}  # fmt: skip

#: Where records belong. ``systems``: {id: name}; ``volumes``: {(system id, volume id): name}, as far as they were read;
#: ``objects``, ``raw``: whether runs carry them.
Place = namedtuple("Place", "endpoint run_prefix definition_prefix systems volumes objects raw")

#: A job, read once. ``started``: epoch seconds or None; ``parts``: of all kinds; ``volumes``: those that are volumes.
Run = namedtuple("Run", "job id system started state result type volumes parts restore")

#: A volume or a batch of files inside a job, with the job's own word where it has none.
Part = namedtuple("Part", "id state result error")

#: What the job list tells of one volume: (Run, Part) or None; ``success``: start of the newest successful run.
Past = namedtuple("Past", "current last success")


# -- single values -----------------------------------------------------------------------------------------------------


def epoch(value):
    """Whole seconds of a time whose unit is not documented: as large as milli-, micro- or nanoseconds, it is those."""
    found = number(value)
    if found is None:
        return times.from_iso(value)
    for _unit in range(3):
        if found < 10**11:
            break
        found //= 1000
    return times.from_epoch(found) if found < 10**11 else None


def status_of(word, warn):
    """``(state, result)`` of a status word; an unknown one is neither running nor a success."""
    word = text(word)
    if word is None:
        return model.UNKNOWN, None
    known = STATUSES.get(word.strip().upper())
    if known is None:
        warn("BlueXP sent the job status {0!r}, which is not known: it is shown as unknown.".format(word))
        return model.UNKNOWN, None
    return known


def enabled_of(word, active_words, paused_words, warn):
    """Whether a ``backup-status`` means that backups of a volume are made; None when it is not known.

    The user's words (whole, any case) come first, then the known ones.
    """
    word = text(word)
    if word is None or not word.strip():
        return None
    plain = word.strip().casefold()
    for words, meaning in ((paused_words, False), (active_words, True)):
        if any(plain == known.strip().casefold() for known in words or ()):
            return meaning
    tokens = {token.lower() for token in _TOKENS.findall(word)} - _FILLERS
    if tokens and tokens <= ACTIVE_WORDS:
        return True
    if tokens and all(token in PAUSED_WORDS or token.startswith("paus") for token in tokens):
        return False
    warn(
        "BlueXP sent the backup-status {0!r}, which NetApp does not explain: enabled is null. Put the word into "
        "netapp_bluexp.active_words or netapp_bluexp.paused_words.".format(word)
    )
    return None


def _type_of(word, volumes, restore):
    if restore:
        return "restore"
    word = (text(word) or "").lower()
    for stem, meaning in TYPE_STEMS:
        if stem.search(word):
            return meaning
    if volumes:
        return "backup"
    for stem, meaning in PLAIN_TYPE_STEMS:
        if stem.search(word):
            return meaning
    return "other"


# -- runs --------------------------------------------------------------------------------------------------------------


def read_job(job, warn, id=None, started_for=None):
    """A Run of one job.

    ``id``: the one that was asked for, should the answer have none. ``started_for``: ``(system id, volume id)`` that the
    job was started for, where that is known; a job of a single volume may name none itself.
    """
    data = _first(job.get("data"))
    rows = [
        row for row in listed(_first(data.get("multi-volume-backup")).get("volume")) if isinstance(row, dict) and row
    ]
    restore = _first(data.get("restore"))
    if not _holds_something(restore):
        restore = {}
    batches = [row for row in listed(restore.get("batch")) if isinstance(row, dict) and row]
    state, result = own = status_of(job.get("status"), warn)
    volumes = [_part(row, own, warn) for row in rows]
    system = text(job.get("working-environment-id"))
    if started_for and system in (None, started_for[0]) and not any(part.id for part in volumes):
        system, volume_id = started_for
        part = volumes[0] if len(volumes) == 1 else Part(None, state, result, None)
        volumes = [part._replace(id=volume_id)]
    parts = volumes + [_part(row, own, warn) for row in batches]
    if parts and state == model.FINISHED:
        result = _result_with(parts, result)
    return Run(
        job=job,
        id=text(job.get("id")) or id or "unknown",
        system=system,
        started=epoch(job.get("time")),
        state=state,
        result=result,
        type=_type_of(job.get("type"), volumes, restore),
        volumes=volumes,
        parts=parts,
        restore=restore,
    )


def _first(value):
    rows = listed(value)
    return mapping(rows[0]) if rows else {}


def _holds_something(value):
    """Whether a block is more than empty fields."""
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(_holds_something, value)) if isinstance(value, list) else bool(value)


def _part(row, own, warn):
    state, result = own if row.get("status") in (None, "") else status_of(row["status"], warn)
    return Part(text(row.get("id")), state, result, text(row.get("error")))


def _result_with(parts, result):
    """The result of a finished job in view of its parts, which may contradict the job's own word."""
    failed = sum(part.result == model.FAILED for part in parts)
    if failed == len(parts):
        return model.FAILED
    if failed and (result == model.SUCCESS or any(part.result == model.SUCCESS for part in parts)):
        return model.PARTIAL
    if result == model.SUCCESS and any(part.state == model.UNKNOWN for part in parts):
        return model.UNKNOWN
    return result


def in_window(run, since, until):
    """Whether a run was active between the two (epoch seconds or None), as far as can be told.

    The end of a job is not told, so a finished one counts by its start. One without a time is never left out.
    """
    if run.started is None:
        return True
    if until is not None and run.started >= until:
        return False
    return since is None or run.state != model.FINISHED or run.started >= since


def run_record(run, place):
    """The job record of a Run."""
    source, target = _first(run.restore.get("source")), _first(run.restore.get("target"))
    client = place.systems.get(run.system)
    if client is None:
        for end in (target, source):  # the job tells the name of a system that is not in the list
            if run.system in (None, text(end.get("working-environment-id"))):
                client = client or text(end.get("working-environment-name"))
    ids = list(dict.fromkeys(run.system + "/" + part.id for part in run.volumes if part.id)) if run.system else []
    job = run.job
    return model.job_record(
        model.uid_of(place.run_prefix, run.id),
        PLATFORM,
        place.endpoint,
        model.RUN,
        run.id,
        definition_id=ids[0] if len(ids) == 1 else None,
        definition_ids=ids,
        type=run.type,
        state=run.state,
        result=run.result,
        reason=_reason(run, place),
        started_at=model.timestamp(run.started),
        workload=model.workload(client=client, objects=_objects(run, place, source) if place.objects else None),
        counts=_counts(run),
        native={
            "working_environment": {"id": run.system, "name": client},
            "type": text(job.get("type")),
            "status": text(job.get("status")),
            "restore": _native_restore(run.restore, source, target) if run.restore else None,
        },
        unknown_fields=_unknown_of_job(run),
        raw=job if place.raw else None,
    )


def _counts(run):
    if not run.parts:
        return model.counts()
    return model.counts(
        total=len(run.parts),
        ok=sum(part.result == model.SUCCESS for part in run.parts),
        failed=sum(part.result == model.FAILED for part in run.parts),
    )


def _reason(run, place):
    """The error of the job and those of its failed parts, each with the volume's name (or id)."""
    said = [text(run.job.get("error"))]
    errors = [part for part in run.parts if part.error]
    for part in errors[:REASON_PARTS]:
        name = place.volumes.get((run.system, part.id)) or part.id
        said.append("{0}: {1}".format(name, part.error) if name else part.error)
    if len(errors) > REASON_PARTS:
        said.append("and {0} more".format(len(errors) - REASON_PARTS))
    return "; ".join(filter(None, said)) or None


def _objects(run, place, source):
    objects = [
        model.workload_object(
            place.volumes.get((run.system, part.id)) or part.id,
            id=part.id,
            type="volume",
            state=part.state,
            result=part.result,
            reason=part.error,
        )
        for part in run.volumes
        if part.id
    ]
    name, id = text(source.get("volume-name")), text(source.get("volume-id"))
    if name or id:
        objects.append(model.workload_object(name or id, id=id, type="volume", state=run.state, result=run.result))
    return objects


def _native_restore(restore, source, target):
    """``files``: how many files the batches name; ``batch``: the batches of a file restore, with their files."""
    batches = [mapping(row) for row in listed(restore.get("batch"))]
    return {
        "type": text(restore.get("type")),
        "source": _snake(source, _SOURCE_TEXTS),
        "target": dict(_snake(target, _TARGET_TEXTS), volume_size=integer(target.get("volume-size"))),
        "files": sum(1 for row in batches for file in listed(row.get("file")) if file),
        "batch": [_native_batch(row) for row in batches if row],
    }


def _native_batch(row):
    files = [mapping(file) for file in listed(row.get("file"))]
    return {
        "id": text(row.get("id")),
        "status": text(row.get("status")),
        "error": text(row.get("error")),
        "time": model.timestamp(epoch(row.get("time"))),
        "files": [
            {
                "inode": integer(file.get("inode")),
                "path": text(file.get("path")),
                "type": text(file.get("type")),
                "size": integer(file.get("size")),
                "mtime": integer(file.get("mtime")),
            }
            for file in files
            if file
        ],
    }


def _snake(row, names):
    return {name.replace("-", "_"): text(row.get(name)) for name in names}


def _unknown_of_job(run):
    """Fields that the documentation does not name, by path; of the elements of a list (``[]``) the list of their values."""
    job, restore = run.job, run.restore
    if len(job) == len(_JOB_FIELDS & job.keys()) and not job.get("data"):
        return {}
    data = _first(job.get("data"))
    backup = _first(data.get("multi-volume-backup"))
    found = {
        **_others("", job, _JOB_FIELDS),
        **_others("data.", data, _DATA_FIELDS),
        **_others("data.multi-volume-backup.", backup, _VOLUMES_FIELDS),
        **_others_of_each("data.multi-volume-backup.volume[].", backup.get("volume"), _PART_FIELDS),
    }
    if restore:
        batches = listed(restore.get("batch"))
        files = [file for batch in batches for file in listed(mapping(batch).get("file"))]
        found = {
            **found,
            **_others("data.restore.", restore, _RESTORE_FIELDS),
            **_others("data.restore.source.", _first(restore.get("source")), _SOURCE_FIELDS),
            **_others("data.restore.target.", _first(restore.get("target")), _TARGET_FIELDS),
            **_others_of_each("data.restore.batch[].", batches, _BATCH_FIELDS),
            **_others_of_each("data.restore.batch[].file[].", files, _FILE_FIELDS),
        }
    return found


def _others(path, row, known):
    return {} if known.issuperset(row) else {path + name: value for name, value in row.items() if name not in known}


def _others_of_each(path, rows, known):
    found = {}
    for row in listed(rows):
        for name, value in _others(path, mapping(row), known).items():
            found.setdefault(name, []).append(value)
    return found


# -- definitions -------------------------------------------------------------------------------------------------------


def past_of_volumes(runs):
    """``{(system id, volume id): Past}`` of the backups among the Runs of the whole job list."""
    found = {}
    for run in runs:
        if run.type != "backup" or run.system is None:
            continue
        for part in run.volumes:
            current, last, success = found.get((run.system, part.id), Past(None, None, None))
            if run.state in model.ACTIVE_STATES:
                current = _newer(current, run, part)
            elif run.state == model.FINISHED:
                last = _newer(last, run, part)
                if part.result in model.GOOD_RESULTS and run.started is not None:
                    success = max(success or 0, run.started)
            found[run.system, part.id] = Past(current, last, success)
    return found


def _newer(known, run, part):
    return known if known and (known[0].started or 0) >= (run.started or 0) else (run, part)


def definition_record(volume, system, volume_id, place, past, enabled, run_of):
    """The job record of a protected volume.

    ``system``: its row of the list of systems; ``past``: a Past or None; ``run_of(Run)``: the record of a run, or None
    when the jobs were not read, so that nobody knows whether the volume is idle.
    """
    system_id, system_name = text(system.get("id")), text(system.get("name"))
    current, last, success = past or Past(None, None, None)
    part = last[1] if last else None
    result, reason = None, None
    if part:
        # The part's own word; where that is not known to be an end, nothing good is concluded.
        result = part.result or model.UNKNOWN
        reason = part.error or (text(last[0].job.get("error")) if result != model.SUCCESS else None)
    made = epoch(volume.get("last-backup-creation-time"))
    success_at = model.timestamp(max(made or 0, success or 0))
    state = current[0].state if current else model.IDLE if run_of else model.UNKNOWN
    name = text(volume.get("name"))
    id = "{0}/{1}".format(system_id, volume_id)
    shown = model.workload_object(
        name or volume_id, id=volume_id, type="volume", state=state, result=result, reason=reason,
        last_success_at=success_at,
    )  # fmt: skip
    return model.job_record(
        model.uid_of(place.definition_prefix, id),
        PLATFORM,
        place.endpoint,
        model.DEFINITION,
        id,
        definition_id=id,
        definition_ids=[id],
        name=name or volume_id,
        type="backup",
        enabled=enabled,
        state=state,
        result=result,
        reason=reason,
        last_success_at=success_at,
        workload=model.workload(client=system_name, objects=[shown]),
        current_run=run_of(current[0]) if current else None,
        last_run=run_of(last[0]) if last else None,
        native=_native_volume(volume, system),
        unknown_fields=_others("", volume, _VOLUME_FIELDS),
        raw=volume if place.raw else None,
    )


def _native_volume(volume, system):
    capacity = mapping(volume.get("capacity"))
    policy = mapping(volume.get("backup-policy"))
    detected = [mapping(row) for row in listed(volume.get("ransomware-detected-snapshots"))]
    return {
        "working_environment": {"id": text(system.get("id")), "name": text(system.get("name"))},
        "backup_enablement_status": text(system.get("backup-enablement-status")),
        **_snake(volume, _VOLUME_TEXTS),
        **{name.replace("-", "_"): integer(volume.get(name)) for name in _VOLUME_INTEGERS},
        "last_backup_creation_time": model.timestamp(epoch(volume.get("last-backup-creation-time"))),
        "last_ransomware_scan": model.timestamp(epoch(volume.get("last-ransomware-scan"))),
        "ransomware_detected_snapshots": [
            {"snapshot_id": text(row.get("snapshot-id")), "snapshot_name": text(row.get("snapshot-name"))}
            for row in detected
            if row
        ],
        "capacity": {
            "allocated": integer(capacity.get("allocated")),
            "used": integer(capacity.get("used")),
            "charging": integer(capacity.get("charging")),
            "logical_used_size": integer(capacity.get("logicalUsedSize")),
        },
        "backup_policy": policy_of(policy),
    }


def policy_of(policy):
    """``{name, rule [{label, retention}], archive_after_days}``; the retention is a count of backups."""
    return {
        "name": text(policy.get("name")),
        "rule": [
            {"label": text(rule.get("label")), "retention": integer(rule.get("retention"))}
            for rule in map(mapping, listed(policy.get("rule")))
            if rule
        ],
        "archive_after_days": text(policy.get("archive-after-days")),
    }
