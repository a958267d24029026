# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JobInfo of getJobInfo: every field of the vendor page "Get Job Info", and those added by its 10.11 edition."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from .jobs import Job, Machine, Run, Tenant, show_schedule

Date = Callable[[Any], Any]

#: JobInfo field: option of the JobDto. The page spells exchangelogTruncationMode so.
ECHOED = {
    "postScriptPath": "postScriptExecutionPath",
    "powerSourceVmsOff": "powerSourceVmsOff",
    "sqlLogTruncationMode": "sqlLogTruncationMode",
    "fullBackupRunSettingsType": "fullBackupRunSettingsType",
    "fullBackupMode": "fullBackupMode",
    "recoveryTimeObjectiveType": "recoveryTimeObjectiveType",
    "recoveryTimeObjective": "recoveryTimeObjective",
    "differentialTrackingMode": "differentialTrackingMode",
    "preScriptExecutionMode": "preScriptExecutionMode",
    "preScriptBehavior": "preScriptBehavior",
    "preScriptErrorMode": "preScriptErrorMode",
    "preScriptPath": "preScriptExecutionPath",
    "postScriptExecutionMode": "postScriptExecutionMode",
    "postScriptBehavior": "postScriptBehavior",
    "postScriptErrorMode": "postScriptErrorMode",
    "thinDiskMode": "thinDiskMode",
    "ebsVolumeMode": "ebsVolumeMode",
    "temporaryVolumeType": "temporaryVolumeType",
    "networkAccelerationMode": "networkAccelerationMode",
    "encryptionMode": "encryptionMode",
    "applicationAwareMode": "applicationAwareMode",
    "retentionPolicy": "retentionPolicy",
    "powerVmsOn": "powerVmsOn",
    "generateMac": "generateMac",
    "recoveryType": "recoveryType",
    "transporterMode": "transporterMode",
    "exchangelogTruncationMode": "exchangeLogTruncationMode",
    "screenshotVerificationMode": "screenshotVerificationMode",
}
#: What a fully new job of the product has for options (names seen in a client's job template for 11.2.1).
DEFAULT_OPTIONS: dict[str, Any] = {
    "id": None,
    "retentionPolicy": {
        "retentionMode": "RULESET",
        "maxCount": 10,
        "keepDayCount": 7,
        "keepWeekCount": 4,
        "keepMonthCount": 6,
        "keepYearCount": 1,
        "keepImmutableCount": None,
        "copyOneLatestOnly": False,
    },
    "networkAccelerationMode": "NONE",
    "encryptionMode": "NONE",
    "applicationAwareMode": "NONE",
    "transporterMode": "AUTO",
    "thinDiskMode": "AUTO",
    "ebsVolumeMode": "AUTO",
    "temporaryVolumeType": "MAGNETIC",
    "differentialTrackingMode": "HYPERVISOR",
    "sendReports": False,
    "recipientList": "",
    "exchangeLogTruncationMode": "NONE",
    "sqlLogTruncationMode": "NONE",
    "preScriptExecutionMode": "NEVER",
    "preScriptExecutionPath": None,
    "preScriptBehavior": "NONE",
    "preScriptErrorMode": "NONE",
    "postScriptExecutionMode": "NEVER",
    "postScriptExecutionPath": None,
    "postScriptBehavior": "NONE",
    "postScriptErrorMode": "NONE",
    "powerVmsOn": False,
    "generateMac": False,
    "recoveryType": "SYNTHETIC",
    "powerSourceVmsOff": False,
    "screenshotVerificationMode": "NEVER",
    "fullBackupRunSettingsType": "EVERY",
    "fullBackupMode": "SYNTHETIC",
    "recoveryTimeObjectiveType": None,
    "recoveryTimeObjective": None,
    "jobPriority": 5,
}
#: Stands for nextRunRelative in a row that is kept: the only value of an idle job that moves with the clock.
_MOVING = "\u0000nextRunRelative"
#: Ids of the model whose text serves for all jobs like it.
_MODEL_JOB, _MODEL_OBJECT = 987654321001, 987654321002
#: The product sends UTF-8, not escapes.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def job_status(job: Job) -> str:
    """The colour of the job: words seen in clients, RED inferred."""
    if not job.enabled:
        return "GRAY"
    if job.last is None:
        return "GREEN"
    counts = {part.outcome for part in job.last.parts}
    if job.last.state == "FAILED":
        return "YELLOW" if "SUCCEEDED" in counts else "RED"
    return "YELLOW" if job.last.state == "STOPPED" else "GREEN"


def current_state(job: Job) -> str:
    if job.run is not None:
        return "RUNNING"
    return "WAITING_SCHEDULE" if job.waits_for_schedule() else "WAITING_DEMAND"


def lock_reasons(job: Job, now: float) -> list[str]:
    reasons = ["run"] if job.run is not None else []
    return reasons + (["edit"] if job.locked(now) else [])


def _object(job: Job, machine: Machine, index: int, now: float) -> dict[str, Any]:
    run = job.run
    part = next((p for p in run.parts if p.machine is machine), None) if run else None
    idle = "SCHEDULED" if job.waits_for_schedule() else "DEMAND"
    state = run.part_state(part, now) if run and part else idle
    running = run is not None and part is not None and state == "RUNNING"
    moved = run.part_bytes(part, now) if run and part else 0
    spent = max(run.elapsed(now) - part.begin, 0.0) if run and part and running else 0.0
    share = spent / max(part.end - part.begin, 0.001) if part and running else 0.0
    word, last_moved, last_ms = machine.last or (None, 0, 0)
    target = machine.settings.get("targetVid")
    return {
        "vid": f"JOB_OBJECT-{machine.id}",
        "position": index,
        "lrState": word,
        "lrSpeed": last_moved * 1000 // last_ms if last_ms else 0,
        "lrDataTransferredUncompressed": last_moved,
        "lrDuration": last_ms,
        "lrBandwidthLimit": None,
        "lrTransporterModes": ["HOT_ADD"] if word else [],
        "crState": state,
        "crProgress": min(99, int(share * 100)) if running else 0,
        "crSpeed": int(moved / spent) if spent else 0,
        "crDataTransferredUncompressed": moved,
        "crDuration": int(spent * 1000),
        "crBandwidthLimit": 800000000 if running else None,
        "crTransporterModes": ["HOT_ADD"] if running else [],
        "sourceVid": machine.settings.get("sourceVid"),
        "sourceName": machine.name,
        "sourcePowerState": machine.power,
        "sourceSubType": machine.sub_type,
        "targetVid": target,
        "targetName": machine.settings.get("targetName"),
        "targetPowerState": "OFF" if job.type == "REPLICATION" and target else "UNKNOWN" if target else None,
        "targetSubType": "BACKUP" if target else None,
        "verificationState": None,
        "screenshotName": None,
        "screenshotPath": None,
        "flashBootState": ("RUNNING_VM" if word == "SUCCEEDED" else None) if job.type == "FLASH_BOOT" else None,
    }


def _transporters(job: Job) -> list[dict[str, Any]]:
    return [
        {
            "isAuto": True,
            "usedAsSource": True,
            "usedAsTarget": True,
            "maxLoadFactor": 6,
            "currentTotalLoad": 1 if job.run else 0,
            "vid": "TRANSPORTER-1",
            "name": "Onboard transporter",
            "state": "OK",
        }
    ]


def _storages(job: Job, tenant: Tenant) -> list[dict[str, Any]]:
    vids = {machine.settings.get("targetStorageVid") for machine in job.machines[:1]}
    return [
        {
            "vid": kept["vid"],
            "name": kept["name"],
            "size": kept["size"],
            "free": kept["free"],
            "used": kept["size"] - kept["free"],
            "state": kept["state"],
            "online": kept["state"] != "INACCESSIBLE",
            "infiniteSize": False,
            "type": kept["type"],
        }
        for kept in tenant.repositories.values()
        if kept["vid"] in vids
    ]


def _action_counts(job: Job) -> dict[str, Any]:
    last = job.last if job.type == "SITE_RECOVERY" else None
    actions = len(job.extra.get("actions") or []) if last else None
    good = last is not None and last.state == "OK"
    return {
        "lrActionFailed": (0 if good else 1) if last else None,
        "lrActionSkipped": 0 if last else None,
        "lrActionSucceed": (actions if good else max((actions or 1) - 1, 0)) if last else None,
        "lrActionStopped": 0 if last else None,
    }


def job_info(job: Job, tenant: Tenant, now: float, date: Date, newer: bool, relative: Any = None) -> dict[str, Any]:
    """One element of ``data.children``. Units as documented: KB, bytes, bytes/s, bits/s and ms side by side."""
    run, last = job.run, job.last
    options = job.options or {}
    site = job.type == "SITE_RECOVERY"
    sizes = sum(machine.size for machine in job.machines)
    moved = sum(part.moved for part in last.parts) if last else 0
    duration = int(((last.finished or last.started) - last.started) * 1000) if last else 0
    schedules = [show_schedule(job, row, tenant, now, date) for row in job.schedules]
    if relative is not None:
        for row in schedules:
            row["nextRunRelative"] = relative if row["nextRun"] else None

    def cr(word: str) -> int:
        return run.count(word, now) if run else 0

    def lr(word: str) -> int:
        return sum(part.outcome == word for part in last.parts) if last else 0

    failover = "PLANNED_FAILOVER" if site else None
    row = {
        "id": job.id,
        "vid": job.vid,
        "name": job.name,
        "hvType": job.hv,
        "jobType": job.type,
        "status": job_status(job),
        "added": date(job.added),
        "updated": date(job.updated),
        "vmCount": len(job.machines),
        "diskCount": 2 * len(job.machines),
        "sourcesSize": sizes,
        "hvTypeBackupCount": {job.hv: len(job.machines)},
        "hvTypeBackupHasRootDiskCount": {"AWS": len(job.machines)} if job.hv == "AWS" else {},
        "fromBackup": False,
        "isEnabled": job.enabled,
        "isLicensed": True,
        "isEdited": job.saves > 0,
        "isLocked": run is not None or job.locked(now),
        "isRemoved": False,
        "lockReasons": lock_reasons(job, now),
        "averageDurationMs": duration,
        "averageDurationSampleCount": min(len(job.history), 10),
        "crState": current_state(job),
        "crDate": date(run.started) if run else None,
        "crDateRelative": int((now - run.started) * 1000) if run else None,
        "crVmPlanned": len(run.parts) if run else 0,
        "crVmOk": cr("SUCCEEDED"),
        "crVmFailed": cr("FAILED"),
        "crVmStopped": cr("STOPPED"),
        "crProgress": min(99, int(100 * run.elapsed(now) / run.seconds)) if run else 0,
        "crAdhoc": run.adhoc if run else False,
        "hasLastRun": last is not None,
        "lrState": last.state if last else None,
        "lrDate": date(last.started) if last else None,
        "lrFinishDate": date(last.finished) if last else None,
        "lrSpeed": moved * 1000 // duration if duration else 0,
        "lrDurationMs": duration,
        "lrDataKb": moved // 1024,
        "lrVmOk": lr("SUCCEEDED"),
        "lrVmFailed": lr("FAILED"),
        "lrVmStopped": lr("STOPPED"),
        "lrAdhoc": last.adhoc if last else False,
        "lrCompressionRatio": 40 if last and moved else 0,
        "lrSiteRecoveryRunType": "TEST" if site and last else None,
        "lrRecoveryTimeObjectiveType": "MINUTE" if site and last else None,
        "lrRecoveryTimeObjective": 30 if site and last else None,
        "lrFailoverType": failover if last else None,
        **_action_counts(job),
        "crSiteRecoveryRunType": "TEST" if site and run else None,
        "crRecoveryTimeObjectiveType": "MINUTE" if site and run else None,
        "crRecoveryTimeObjective": 30 if site and run else None,
        "crFailoverType": failover if run else None,
        "actions": job.extra.get("actions") or [],
        "crActionExecutions": [],
        "lrActionExecutions": [],
        "objects": [_object(job, machine, index, now) for index, machine in enumerate(job.machines)],
        "transporters": _transporters(job),
        "storages": _storages(job, tenant),
        "schedules": schedules,
    }
    for field, option in ECHOED.items():
        row[field] = options.get(option)
    if newer:
        row.update(
            vmTemplateCount=lr("SKIPPED"),
            jobSameTypeCount=1,
            sourcesAllocatedSize=sizes * 3 // 2,
            isLockedRunningJob=run is not None,
            reachedTerminalLimitState=False,
            crVmSkipped=cr("SKIPPED"),
            crTotalProcessedItem=cr("SUCCEEDED"),
            crTotalNewProcessedItem=0,
        )
    row.update(job.words)
    return row


def encoded_job_info(job: Job, tenant: Tenant, now: float, date: Date, newer: bool, edition: int) -> str:
    """The row as JSON text. That of an idle job is kept (an estate may have 100,000) until the job changes.

    ``edition`` changes when a switch makes all kept rows stale.
    """
    kept = job.row
    if kept is None or kept[0] != edition or any(moment <= now for moment in kept[2]):
        if job.run is not None or job.pending or job.locked(now):
            return dump(job_info(job, tenant, now, date, newer))
        if job.like is not None:
            return _alike(job, tenant, now, date, newer, edition)
        pieces, moments = _pieces(job, tenant, now, date, newer)
        if any(moment <= now for moment in moments):
            return dump(job_info(job, tenant, now, date, newer))
        kept = job.row = (edition, pieces, moments)
    return _join(kept[1], kept[2], now)


def _pieces(job: Job, tenant: Tenant, now: float, date: Date, newer: bool) -> tuple[list[str], list[float]]:
    """The row's text cut where a nextRunRelative belongs, and the moments that these count down to."""
    text = dump(job_info(job, tenant, now, date, newer, _MOVING))
    nexts = [job.next_of(row, now) for row in job.schedules]
    return text.split(dump(_MOVING)), [moment for moment in nexts if moment is not None]


def _join(pieces: list[str], moments: list[float], now: float) -> str:
    parts = [pieces[0]]
    for moment, piece in zip(moments, pieces[1:]):
        parts += (str(int((moment - now) * 1000)), piece)
    return "".join(parts)


def _alike(job: Job, tenant: Tenant, now: float, date: Date, newer: bool, edition: int) -> str:
    """The row of a load test's job, from the text of one like it: only ids and names are put in."""
    shared = job.like if job.like is not None else {}
    kept = shared.get(edition)
    if kept is None or any(moment <= now for moment in kept[1]):
        model, original = copy.copy(job), job.machines[0]
        machine = copy.copy(original)
        model.id, model.name, machine.id, machine.name = _MODEL_JOB, "\u0001job", _MODEL_OBJECT, "\u0001machine"
        target = original.settings.get("targetVid") and f"BACKUP_OBJECT-9{_MODEL_OBJECT}"
        source = f"VMWARE_VM-9{_MODEL_OBJECT}"
        machine.settings = {**original.settings, "sourceVid": source, "targetVid": target, "targetName": machine.name}
        model.machines = [machine]
        kept = _pieces(model, tenant, now, date, newer)
        shared.clear()
        shared[edition] = kept
    text = _join(kept[0], kept[1], now)
    text = text.replace(str(_MODEL_JOB), str(job.id)).replace(str(_MODEL_OBJECT), str(job.machines[0].id))
    return text.replace("\\u0001job", dump(job.name)[1:-1]).replace("\\u0001machine", dump(job.machines[0].name)[1:-1])


def dump(value: Any) -> str:
    return _ENCODER.encode(value)


def short_info(job: Job, now: float) -> dict[str, Any]:
    """A row of getJobShortInfo and getListJobs (11.2.1)."""
    run: Run | None = job.last
    row = {
        "id": job.id,
        "vid": job.vid,
        "name": job.name,
        "jobType": job.type,
        "hvType": job.hv,
        "status": job_status(job),
        "isEnabled": job.enabled,
        "crState": current_state(job),
        "crProgress": min(99, int(100 * job.run.elapsed(now) / job.run.seconds)) if job.run else 0,
        "hasLastRun": run is not None,
        "lrState": run.state if run else None,
        "lrVmOk": sum(part.outcome == "SUCCEEDED" for part in run.parts) if run else 0,
        "lrVmFailed": sum(part.outcome == "FAILED" for part in run.parts) if run else 0,
        "lrVmStopped": sum(part.outcome == "STOPPED" for part in run.parts) if run else 0,
    }
    row.update({key: value for key, value in job.words.items() if key in row})
    return row
