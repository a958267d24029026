# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RPC methods: jobs, history, recovery points, repositories, file recovery, tenants, licence.

Each takes the Director, the call (who, where, when) and the positional arguments of ``data``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .job_info import dump, encoded_job_info, short_info
from .jobs import Job, Machine, Tenant
from .rpc import Call, Encoded, RpcFailure, criteria_match, page, rpc

if TYPE_CHECKING:
    from .director import Nakivo

VIEW = "ROLE_JOB_SUMMARY_VIEW"
EDIT = "ROLE_EDIT_JOB"
CREATE = "ROLE_CREATE_JOB_BACKUP"
RECOVER = "ROLE_CREATE_JOB_FLR"
SAVEPOINTS = "ROLE_LIST_SAVEPOINTS"
START = "ROLE_START_ACTIVITY"
STOP = "ROLE_STOP_ACTIVITY"
ALL_PERMISSIONS = [VIEW, EDIT, CREATE, RECOVER, SAVEPOINTS, START, STOP]
ROOT_GROUP = -1
LOCK_SECONDS = 15
_JOB_TYPES = (
    "REPLICATION",
    "BACKUP",
    "RECOVERY_VMS",
    "RECOVERY_FILES",
    "RECOVERY_OBJECTS",
    "BACKUP_COPY",
    "FLASH_BOOT",
)


def _numbers(value: Any, what: str) -> list[int]:
    if not isinstance(value, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        raise RpcFailure(f"Cannot convert parameter: {what} must be a list of numbers")
    return list(dict.fromkeys(value))


def _job(call: Call, number: Any) -> Job:
    job = call.tenant.jobs.get(number) if isinstance(number, int) else None
    if job is None:
        raise RpcFailure(f"Job {number} was not found")
    return job


# -- reading jobs ------------------------------------------------------------------------------------------------
def _members(tenant: Tenant, number: int, deep: bool) -> list[int]:
    wanted = {number}
    if deep:
        grown = True
        while grown:
            more = {row["id"] for row in tenant.groups.values() if row["parent"] in wanted} - wanted
            wanted |= more
            grown = bool(more)
    return [job.id for job in tenant.jobs.values() if job.group in wanted]


def _group_row(director: Nakivo, tenant: Tenant, number: int, name: Any, deep: bool) -> dict[str, Any]:
    root = number == ROOT_GROUP
    everything = list(tenant.jobs) if root else _members(tenant, number, True)
    immediate = (
        [job.id for job in tenant.jobs.values() if job.group is None] if root else _members(tenant, number, False)
    )
    jobs = [tenant.jobs[one] for one in everything]
    counts: dict[str, dict[str, int]] = {}
    machines: dict[str, int] = {}
    for job in jobs:
        row = counts.setdefault(job.hv, dict.fromkeys(_JOB_TYPES, 0))
        row[job.type] = row.get(job.type, 0) + 1
        machines[job.hv] = machines.get(job.hv, 0) + len(job.machines)
    flat = dict.fromkeys(_JOB_TYPES, 0)
    for row in counts.values():
        for kind, count in row.items():
            flat[kind] = flat.get(kind, 0) + count
    states = [job.last.state for job in jobs if job.last]
    status = "GRAY" if not jobs else "RED" if "FAILED" in states else "YELLOW" if "STOPPED" in states else "GREEN"
    return {
        "id": number,
        "vid": None if root else f"JOB_GROUP-{number}",
        "name": name,
        "status": status,
        # Flat in old versions, per platform since (vendor page "List Jobs in Group").
        "jobCount": flat if director.version == "10" else counts,
        "jobCountEnabled": sum(job.enabled for job in jobs),
        "jobCountLicensed": len(jobs),
        "hvTypeBackupCount": machines,
        "hvTypeBackupHasRootDiskCount": {},
        "vmCount": sum(len(job.machines) for job in jobs),
        "diskCount": 2 * sum(len(job.machines) for job in jobs),
        "sourcesSize": sum(machine.size for job in jobs for machine in job.machines),
        "isEnabled": True,
        "isRemoved": False,
        "crJobRunning": sum(job.run is not None for job in jobs),
        "crVmRunning": sum(len(job.run.parts) for job in jobs if job.run),
        "hasLastRun": bool(states),
        "lrJobOk": states.count("OK"),
        "lrJobFailed": states.count("FAILED"),
        "lrJobStopped": states.count("STOPPED"),
        "childJobIds": everything if deep else immediate,
        "immediateChildJobIds": immediate,
        "transporters": [],
        "storages": [],
    }


@rpc("JobSummaryManagement.getGroupInfo", VIEW)
def get_group_info(director: Nakivo, call: Call, groups: Any, offset: int = 0, collect: bool = False) -> Any:
    """``[[groupId or null], offset, collectAllChildJobs]``. With null: the root, and (switch ``group_tree``
    "overlapping") every group after it, so that a job's id comes once for each group above it."""
    if not isinstance(groups, list):
        raise RpcFailure("Cannot convert parameter: groups must be a list")
    tenant = call.tenant
    key = ("groups", json.dumps(groups), bool(collect), director.version, director.switches["group_tree"])
    if key not in tenant.cache:
        rows = []
        for wanted in groups:
            if wanted is None or wanted == ROOT_GROUP:
                rows.append(_group_row(director, tenant, ROOT_GROUP, None, bool(collect)))
                if director.switches["group_tree"] == "overlapping" and collect:
                    rows += [_group_row(director, tenant, g["id"], g["name"], True) for g in tenant.groups.values()]
            elif wanted in tenant.groups:
                rows.append(_group_row(director, tenant, wanted, tenant.groups[wanted]["name"], bool(collect)))
        tenant.cache[key] = dump({"children": rows, "totalCount": len(rows)})
    return Encoded(tenant.cache[key])


@rpc("JobSummaryManagement.getJobInfo", VIEW)
def get_job_info(director: Nakivo, call: Call, ids: Any, offset: int = 0, third: Any = None) -> Any:
    """``[[ids], offset]``; one client sends a third ``true``. An id asked for twice comes once."""
    tenant, found = call.tenant, []
    for number in _numbers(ids, "idList"):
        job = tenant.jobs.get(number)
        if job is None:
            if director.switches["unknown_id"] == "exception":
                raise RpcFailure(f"Job {number} was not found")
            continue
        newer = director.version != "10"
        found.append(encoded_job_info(job, tenant, call.now, director.date, newer, director.edition))
    return Encoded('{"children":[' + ",".join(found) + f'],"totalCount":{len(found)}}}')


@rpc("JobSummaryManagement.getJobShortInfo", VIEW, since="11")
def get_job_short_info(director: Nakivo, call: Call, ids: Any) -> Any:
    jobs = [call.tenant.jobs[one] for one in _numbers(ids, "idList") if one in call.tenant.jobs]
    return {"children": [short_info(job, call.now) for job in jobs]}


@rpc("JobManagement.getListJobs", VIEW, since="11")
def get_list_jobs(director: Nakivo, call: Call, request: Any = None) -> Any:
    """``[{start, limit, filters: [], sorters: []}]``; filters read like criteria, sorters as {property, direction}."""
    request = request or {}
    jobs = list(call.tenant.jobs.values())
    if request.get("filters"):
        jobs = [job for job in jobs if criteria_match(short_info(job, call.now), request["filters"])]
    for sorter in reversed(request.get("sorters") or []):
        backwards = sorter.get("direction") == "DESC"
        if str(sorter.get("property") or sorter.get("name") or "").lower() == "name":
            jobs.sort(key=lambda job: job.name, reverse=backwards)
        else:
            jobs.sort(key=lambda job: job.id, reverse=backwards)
    start, limit = request.get("start") or 0, request.get("limit")
    chosen = jobs[start:] if limit is None else jobs[start : start + limit]
    return {"children": [short_info(job, call.now) for job in chosen], "totalCount": len(jobs)}


@rpc("JobManagement.getJob", VIEW, since="11")
def get_job(director: Nakivo, call: Call, number: Any) -> Any:
    return _job(call, number).dto(call.tenant, call.now, director.date)


@rpc("JobSummaryManagement.getProcessedVms", VIEW)
def get_processed_vms(director: Nakivo, call: Call, request: Any) -> Any:
    """``[{periodMinutes}]``, at most 1440: run history by job and machine."""
    minutes = (request or {}).get("periodMinutes")
    if not isinstance(minutes, (int, float)) or minutes <= 0 or minutes > 1440:
        raise RpcFailure("Wrong period", "periodMinutes must be between 1 and 1440")
    since, jobs = call.now - minutes * 60, []
    for job in call.tenant.jobs.values():
        machines: dict[int, tuple[Machine, list[dict[str, Any]]]] = {}
        for run in [*job.history, *([job.run] if job.run else [])]:
            if (run.finished or call.now) < since:
                continue
            for part in run.parts:
                state = run.part_state(part, call.now)
                if state == "WAITING":
                    continue
                done = run.finished is not None or state != "RUNNING"
                end = min(run.started + part.end, run.finished or call.now) if done else None
                row = {
                    "vid": f"JOB_OBJECT_EXECUTION-{run.id}-{part.machine.id}",
                    "state": state,
                    "startDate": director.date(run.started + part.begin),
                    "finishDate": director.date(end),
                    "dataTransferred": run.part_bytes(part, call.now),
                }
                machines.setdefault(part.machine.id, (part.machine, []))[1].append(row)
        if machines:
            infos = [
                {
                    "vid": m.settings.get("sourceVid"),
                    "name": m.name,
                    "subType": m.sub_type,
                    "size": m.size,
                    "runInfoList": rows,
                }
                for m, rows in machines.values()
            ]
            # vid, name and jobType are the names of the vendor page "Get Processed VMs".
            row = {"vid": job.vid, "name": job.name, "jobType": job.type}
            row.update(jobId=job.id, jobVid=job.vid, jobName=job.name, hvType=job.hv)
            jobs.append({**row, "vmInfoList": infos})
    return {"jobInfoList": jobs}


@rpc("EventManagement.getEvents", VIEW)
def get_events(director: Nakivo, call: Call, request: Any = None) -> Any:
    """``[{start, count, useUnlimitedCount}]``, newest first."""
    request = request or {}
    events = list(call.tenant.events)[::-1]
    start = request.get("start") or 0
    count = len(events) if request.get("useUnlimitedCount") else request.get("count") or 100
    rows = [{**event, "added": director.date(event["added"])} for event in events[start : start + count]]
    return {"children": rows, "totalCount": len(events)}


# -- run, stop, remove -------------------------------------------------------------------------------------------
@rpc("JobManagement.run", START, writes=True)
def run(director: Nakivo, call: Call, request: Any) -> Any:
    """``[{"runType": "ALL", "jobIds": [33]}]``: null, the run goes on. SPECIFIC without sources fails at once."""
    request = request or {}
    kind = request.get("runType")
    if kind not in ("ALL", "SPECIFIC"):
        raise RpcFailure(f"Cannot convert parameter: runType {kind}")
    jobs = [_job(call, number) for number in _numbers(request.get("jobIds"), "jobIds")]
    busy = [job for job in jobs if job.run is not None or job.pending]
    if busy and director.switches["run_running"] == "exception":
        raise RpcFailure(f'The "{busy[0].name}" job is already running')
    for job in jobs:
        job.start_requests += 1
        if job not in busy:
            director.start(
                call.tenant, job, call.now, True, (request.get("sourceVids") or []) if kind == "SPECIFIC" else None
            )
    return None


@rpc("JobManagement.stop", STOP, writes=True)
def stop(director: Nakivo, call: Call, request: Any) -> Any:
    """``[{"jobIds": [1]}]``, optional stopType and sourceVids (SPECIFIC: of one job only)."""
    request = request or {}
    jobs = [_job(call, number) for number in _numbers(request.get("jobIds"), "jobIds")]
    sources = None
    if request.get("stopType") == "SPECIFIC":
        if len(jobs) != 1:
            raise RpcFailure("SPECIFIC stops objects of one job only")
        sources = set(request.get("sourceVids") or [])
    idle = [job for job in jobs if job.run is None and not job.pending]
    if idle and director.switches["stop_idle"] == "exception":
        raise RpcFailure(f'The "{idle[0].name}" job is not running')
    for job in jobs:
        if job not in idle:
            job.stops += 1
            director.stop(call.tenant, job, call.now, sources)
    return None


@rpc("JobManagement.remove", EDIT, writes=True)
def remove(director: Nakivo, call: Call, number: Any, keep: bool = True) -> Any:
    """``[jobId, keepPhysicalItems]``; false deletes the backups too. CANNOT_LOCK while it runs or is being edited."""
    job = _job(call, number)
    if job.run is not None or job.pending or job.locked(call.now):
        return {"result": "CANNOT_LOCK"}
    if not keep:
        for vid in [vid for vid, kept in call.tenant.backup_objects.items() if kept["jobId"] == job.id]:
            del call.tenant.backup_objects[vid]
    del call.tenant.jobs[job.id]
    call.tenant.touch()
    return {"result": "OK"}


# -- editing -----------------------------------------------------------------------------------------------------
@rpc("JobManagement.getJobForEditing", EDIT)
def get_job_for_editing(director: Nakivo, call: Call, number: Any, second: Any = None) -> Any:
    """The JobDto and a lock that ends after 15 s; nobody else gets either until then."""
    job = _job(call, number)
    if job.locked(call.now):
        raise RpcFailure(f'The "{job.name}" job is being edited by {job.lock[1]}')  # type: ignore[index]
    if (job.run is not None or job.pending) and director.switches["edit_running"] == "refuse":
        raise RpcFailure(f'The "{job.name}" job is locked by the "run" action')
    job.lock = (director.new_uuid(), call.session.user, call.now + LOCK_SECONDS)  # type: ignore[union-attr]
    job.changed()
    return {**job.dto(call.tenant, call.now, director.date), "lockUuid": job.lock[0]}


@rpc("JobManagement.refreshExclusiveLock", EDIT)
def refresh_exclusive_lock(director: Nakivo, call: Call, lock: Any, number: Any) -> Any:
    job = _job(call, number)
    if not job.locked(call.now) or job.lock[0] != lock:  # type: ignore[index]
        raise RpcFailure("The lock has expired")
    job.lock = (job.lock[0], job.lock[1], call.now + LOCK_SECONDS)  # type: ignore[index]
    return job.lock[0]


@rpc("JobManagement.saveJob", EDIT, writes=True)
def save_job(director: Nakivo, call: Call, request: Any) -> Any:
    """``[JobDto]`` up to 10.x, ``[{"origin": "NONE", "job": JobDto}]`` from 11. No merge: the sent DTO is the job."""
    if director.version == "11":
        if not isinstance(request, dict) or "job" not in request or "origin" not in request:
            raise RpcFailure("Cannot convert parameter: origin and job are required")
        dto = request["job"]
    else:
        dto = request
    if not isinstance(dto, dict) or not all(isinstance(dto.get(key), str) for key in ("name", "type", "hvType")):
        raise RpcFailure("Cannot convert parameter: not a complete job")
    for key in ("objects", "schedules"):
        if not all(isinstance(row, dict) for row in dto.get(key) or []):
            raise RpcFailure(f"Cannot convert parameter: {key}")
    tenant = call.tenant
    if dto.get("id") is None:
        director.demand(call, CREATE)
        job = Job(tenant.number("JOB"), dto["name"], dto["type"], dto["hvType"], call.now)
        tenant.jobs[job.id] = job
    else:
        job = _job(call, dto["id"])
        if not job.locked(call.now) or job.lock[0] != dto.get("lockUuid"):  # type: ignore[index]
            if director.switches["save_refusal"] == "exception":
                raise RpcFailure(f'The "{job.name}" job cannot be saved', "The lock has expired")
            return {"result": "CANNOT_LOCK", "jobId": job.id}
    job.replace(dto, tenant, call.now)
    job.lock = None
    job.saves += 1
    director.plan_schedule(tenant, job, call.now)
    tenant.touch(job)
    return {"result": "OK", "jobId": job.id}


@rpc("JobManagement.cloneJob", CREATE, writes=True)
def clone_job(director: Nakivo, call: Call, number: Any) -> Any:
    """The name of this call is known, its reply is a guess after saveJob's."""
    source, tenant = _job(call, number), call.tenant
    dto = json.loads(json.dumps(source.dto(tenant, call.now, director.date)))
    for row in dto["objects"]:
        row["targetVid"] = None
    job = Job(tenant.number("JOB"), f"{source.name} - copy", source.type, source.hv, call.now)
    job.replace({**dto, "name": job.name}, tenant, call.now)
    tenant.jobs[job.id] = job
    director.plan_schedule(tenant, job, call.now)
    tenant.touch(job)
    return {"result": "OK", "jobId": job.id}


# -- recovery points and repositories ----------------------------------------------------------------------------
def _savepoint(director: Nakivo, call: Call, row: dict[str, Any], latest: bool) -> dict[str, Any]:
    return {
        "id": row["id"],
        "vid": row["vid"],
        "uuid": row["uuid"],
        "added": director.date(row["added"]),
        "addedRelative": int((call.now - row["added"]) * 1000),
        "checkState": row["checkState"],
        "checked": None,
        "latest": latest,
        "lockedShared": False,
        "lockedExclusive": False,
        "lockReasons": [],
        "hasDependentSp": row["type"] == "FULL" and not latest,
        "isAccessible": row["accessible"],
        "type": row["type"],
        "consumed": row["consumed"],
        "expired": None,
    }


@rpc("JobManagement.getSavepoints", SAVEPOINTS)
def get_savepoints(director: Nakivo, call: Call, vid: Any, limit: Any = None) -> Any:
    """``[vid of a source item or backup object, limit?]``: newest first."""
    found = [
        _savepoint(director, call, row, row is kept["savepoints"][-1])
        for kept in call.tenant.backup_objects.values()
        if vid in (kept["vid"], kept["sourceVid"])
        for row in kept["savepoints"][::-1]
    ]
    return found[:limit] if isinstance(limit, int) and limit > 0 else found


@rpc("JobSummaryManagement.listSavepoints", SAVEPOINTS)
def list_savepoints(director: Nakivo, call: Call, request: Any = None) -> Any:
    keys = ("id", "vid", "added", "expired", "type", "consumed", "checked", "checkState")
    repositories = []
    for repository in call.tenant.repositories.values():
        objects = []
        for kept in call.tenant.backup_objects.values():
            if kept["backupRepositoryId"] == repository["id"]:
                rows = [_savepoint(director, call, row, False) for row in kept["savepoints"]]
                points = [{key: row[key] for key in keys} for row in rows]
                objects.append({"id": kept["id"], "vid": kept["vid"], "name": kept["name"], "savepoints": points})
        row = {key: repository[key] for key in ("id", "vid", "name")}
        repositories.append({**row, "backupObjects": objects})
    return {"backupRepositories": repositories}


@rpc("BackupManagement.getBackupRepositories", VIEW)
def get_backup_repositories(director: Nakivo, call: Call, request: Any = None) -> Any:
    return page(list(call.tenant.repositories.values()), request)


@rpc("BackupManagement.getBackupRepository", VIEW)
def get_backup_repository(director: Nakivo, call: Call, number: Any) -> Any:
    if number not in call.tenant.repositories:
        raise RpcFailure(f"Backup repository {number} was not found")
    return call.tenant.repositories[number]


@rpc("BackupManagement.getBackupObjects", SAVEPOINTS)
def get_backup_objects(director: Nakivo, call: Call, request: Any = None) -> Any:
    rows = [
        {
            **{key: value for key, value in kept.items() if key != "savepoints"},
            "savepointCount": len(kept["savepoints"]),
        }
        for kept in call.tenant.backup_objects.values()
    ]
    return page(rows, request)


@rpc("BackupManagement.collectSavepointRemoveList", SAVEPOINTS)
def collect_savepoint_remove_list(director: Nakivo, call: Call, request: Any) -> Any:
    request = request or {}
    option = request.get("removeOption")
    if option not in ("SAVEPOINTS_OLDER_THAN", "NO_JOB_SAVEPOINTS_OLDER_THAN"):
        raise RpcFailure(f"Cannot convert parameter: removeOption {option}")
    oldest = call.now - float(request.get("olderThanDays") or 0) * 86400
    found: dict[str, list[str]] = {}
    for vid, kept in call.tenant.backup_objects.items():
        if request.get("backupRepositoryId") not in (None, kept["backupRepositoryId"]):
            continue
        if option.startswith("NO_JOB") and kept["jobId"] in call.tenant.jobs:
            continue
        old = [row["vid"] for row in kept["savepoints"] if row["added"] < oldest]
        if old:
            found[vid] = old
    return {"savepoints": found}


@rpc("BackupManagement.removeBackupObjectSavepoints", EDIT, writes=True)
def remove_backup_object_savepoints(director: Nakivo, call: Call, request: Any) -> Any:
    for vid, points in ((request or {}).get("savepoints") or {}).items():
        kept = call.tenant.backup_objects.get(vid)
        if kept is None:
            raise RpcFailure(f"Backup object {vid} was not found")
        kept["savepoints"][:] = [row for row in kept["savepoints"] if row["vid"] not in points]
    return None


@rpc("InventoryManagement.list", SAVEPOINTS)
def inventory_list(director: Nakivo, call: Call, request: Any) -> Any:
    """``[{nodeType: "BACKUP_OBJECT", nodeId, includeTypes: ["SAVEPOINT"]}]`` (vendor page on recovery points)."""
    request = request or {}
    if request.get("nodeType") != "BACKUP_OBJECT":
        raise RpcFailure(f"Cannot convert parameter: nodeType {request.get('nodeType')}")
    kept = next((k for k in call.tenant.backup_objects.values() if request.get("nodeId") in (k["id"], k["vid"])), None)
    if kept is None:
        raise RpcFailure(f"Backup object {request.get('nodeId')} was not found")
    rows = [
        {
            "identifier": row["uuid"],
            "vid": row["vid"],
            "name": director.date(row["added"]),
            "hvType": "NONE",
            "accessible": row["accessible"],
        }
        for row in kept["savepoints"]
    ]
    return {"children": rows}


# -- file recovery (one release seen, 11.2.1) --------------------------------------------------------------------
class Recovery:
    """A file recovery session: opening, ACTIVE, CLOSED; it ends when nobody asks for its state."""

    def __init__(self, tenant: Tenant, row: dict[str, Any], good: bool, now: float, polls: int) -> None:
        self.tenant, self.row, self.good, self.used, self.polls = tenant, row, good, now, polls
        self.state = "STARTING"
        self.restored: list[Any] = []


def _recovery(director: Nakivo, call: Call, identity: Any) -> Recovery:
    found = director.recoveries.get(identity)
    if found is None or found.tenant is not call.tenant:
        raise RpcFailure(f"Session {identity} was not found")
    if call.now - found.used > director.switches["flr_life"]:
        found.state = "CLOSED"
    return found


@rpc("FileLevelRecoveryManagement.createSession", RECOVER, writes=True, since="11")
def create_session(director: Nakivo, call: Call, request: Any) -> Any:
    """``[{hvType, type: "BACKUP_OBJECT", id, spId}]``; hvType is that of the original source."""
    request = request or {}
    missing = [key for key in ("hvType", "type", "id", "spId") if request.get(key) is None]
    if missing:
        raise RpcFailure(f"Cannot convert parameter: {', '.join(missing)}")
    kept = call.tenant.backup_objects.get(f"BACKUP_OBJECT-{request['id']}")
    if request["type"] != "BACKUP_OBJECT" or kept is None:
        raise RpcFailure(f"Backup object {request['id']} was not found")
    point = next((row for row in kept["savepoints"] if row["id"] == request["spId"]), None)
    good = point is not None and point["accessible"] and request["hvType"] == kept["hvType"]
    identity = director.new_uuid()
    user = call.session.user if call.session else ""
    row = {"id": identity, "backupObject": kept["vid"], "spId": request["spId"], "user": user}
    director.recoveries[identity] = Recovery(call.tenant, row, good, call.now, director.switches["flr_polls"])
    return {"sessionUuid": identity}


@rpc("FileLevelRecoveryManagement.getState", RECOVER, since="11")
def get_state(director: Nakivo, call: Call, identity: Any) -> Any:
    found = _recovery(director, call, identity)
    if found.state == "STARTING":
        found.polls -= 1
        if found.polls <= 0:
            found.state = "ACTIVE" if found.good else "CLOSED"
    if found.state != "CLOSED":
        found.used = call.now
    return {"state": found.state}


def _active(director: Nakivo, call: Call, identity: Any) -> Recovery:
    found = _recovery(director, call, identity)
    if found.state != "ACTIVE":
        raise RpcFailure(f"Session {identity} is not active")
    return found


@rpc("FileLevelRecoveryManagement.list", RECOVER, since="11")
def list_files(
    director: Nakivo, call: Call, identity: Any, path: Any, mode: str, node: str, start: int = 0, count: int = 100
) -> Any:
    """``[uuid, null, "NORMAL", "FS_ROOT", 0, 100]`` for the root; deeper the path and "NORMAL"."""
    _active(director, call, identity)
    tree = {"": ["C:\\"], "C:\\": ["C:\\Projects\\", "C:\\Users\\"], "C:\\Projects\\": ["plan.docx", "{{ 7*7 }}.txt"]}
    where = "" if node == "FS_ROOT" else str(path or "")
    if where not in tree:
        return {"children": [], "totalCount": 0}
    rows = []
    for name in tree[where]:
        folder = name.endswith("\\")
        row = {
            "name": name.rstrip("\\").rsplit("\\", 1)[-1],
            "path": name if folder else where + name,
            "isDirectory": folder,
        }
        rows.append({**row, "size": None if folder else 20480, "modified": director.date(call.now - 86400)})
    return {"children": rows[start : start + count], "totalCount": len(rows)}


@rpc("FileLevelRecoveryManagement.recover", RECOVER, writes=True, since="11")
def recover(director: Nakivo, call: Call, request: Any) -> Any:
    request = request or {}
    found = _active(director, call, request.get("sessionUuid"))
    if request.get("recoveryType") not in ("EXPORT", "ORIGINAL") or not request.get("items"):
        raise RpcFailure("Cannot convert parameter: recoveryType, items")
    if request["recoveryType"] == "EXPORT" and (
        request.get("location") not in ("CIFS", "NFS") or not request.get("pathToTheShare")
    ):
        raise RpcFailure("Cannot convert parameter: location, pathToTheShare")
    found.restored.append({key: request.get(key) for key in ("recoveryType", "location", "pathToTheShare", "items")})
    return None


@rpc("FileLevelRecoveryManagement.closeSession", RECOVER, writes=True, since="11")
def close_session(director: Nakivo, call: Call, identity: Any, second: Any = None) -> Any:
    _recovery(director, call, identity).state = "CLOSED"
    return None


# -- tenants, licence --------------------------------------------------------------------------------------------
@rpc("MultitenancyManagement.getTenants", VIEW)
def get_tenants(director: Nakivo, call: Call, request: Any = None) -> Any:
    """``[{filter: {start, count, criteria}}]`` or null, on the master's path."""
    if call.tenant.uuid is not None:
        raise RpcFailure("Tenants are known to the master only")
    rows = [
        {
            "id": tenant.id,
            "name": tenant.name,
            "uuid": tenant.uuid,
            "enabled": tenant.enabled,
            "state": "ONLINE",
            "status": "GREEN",
            "usedVms": sum(len(job.machines) for job in tenant.jobs.values()),
            "allocatedVms": 20,
        }
        for tenant in director.tenants.values()
    ]
    return page(rows, request)


@rpc("LicensingManagement.getLicenseInfo", VIEW)
def get_license_info(director: Nakivo, call: Call) -> Any:
    machines = {m.settings.get("sourceVid") for job in call.tenant.jobs.values() for m in job.machines}
    return {
        "installed": True,
        "client": "Simulated Company Ltd",
        "edition": "ENTERPRISE_PLUS",
        "usedVms": len(machines),
        "usedSockets": 4,
        "usedEc2Instances": 3,
        "usedPhysicalServers": 2,
        "usedPhysicalWorkstations": 2,
        "usedOffice365Users": 0,
        "usedOracleDatabases": 0,
        "usedMonitoredVms": 0,
        "expiresIn": 200 * 86400 * 1000,
    }


@rpc("AuthenticationManagement.isLogged", open=True)
def is_logged(director: Nakivo, call: Call) -> Any:
    return call.session is not None


@rpc("AuthenticationManagement.logoutCurrentUser", open=True)
def logout(director: Nakivo, call: Call) -> Any:
    if call.session is not None:
        director.sessions.pop(call.token, None)
        call.session, call.cookie = None, ""
    return None


@rpc("AuthenticationManagement.login", open=True)
def login(director: Nakivo, call: Call, user: Any, password: Any = None, remember: Any = False) -> Any:
    """``[user, password, remember]``: a refusal is a good RPC reply with another ``result``."""
    if call.tenant.uuid is not None:
        raise RpcFailure("Log in at the master")
    return director.login(call, str(user), password, bool(remember))
