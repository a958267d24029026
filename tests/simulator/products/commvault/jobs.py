# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs: the lists, one job, and what can be done to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ...product import Reply, Request, route
from .base import CommvaultBase, failure, job_errors, number
from .models import RESTORE, Run, Subclient
from .rows import encoded, summary, xml_list

#: jobFilter: numbers and words (vendor page "jobFilter Parameter Values") -> the job types that they stand for.
JOB_TYPES = {
    "4": "backup", "backup": "backup", "5": "restore", "restore": "restore", "13": "auxiliary copy",
    "104": "auxiliary copy", "auxcopy": "auxiliary copy", "10": "data aging", "prune": "data aging",
    "data_aging": "data aging", "11": "commserve disaster recovery backup",
    "csdrbkp": "commserve disaster recovery backup", "82": "data verification",
    "data_verification": "data verification", "90": "workflow", "workflow": "workflow",
}  # fmt: skip
EVERYTHING = ("1", "allops")
ADMIN_TYPES = ("data aging", "commserve disaster recovery backup", "data verification", "auxiliary copy")
YEAR = 31_536_000
RESUBMIT_DAYS = 7


def job_type(run: Run) -> str:
    return "workflow" if run.op == 90 else run.kind.lower()


def type_filter(text: str | None, for_one_client: bool) -> tuple[str, Callable[[Run], bool]]:
    """What ``jobFilter`` lets pass. Without it backups, and (in lists of all clients) workflow jobs among them."""
    if text is None:
        text = "Backup"
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if not words or any(word in EVERYTHING for word in words):
        return "all", lambda run: True
    wanted = {JOB_TYPES.get(word, word) for word in words}
    if "backup" in wanted and not for_one_client:
        wanted.add("workflow")
    return ",".join(sorted(wanted)), lambda run: job_type(run) in wanted


class JobCalls(CommvaultBase):
    # -- GET Job ---------------------------------------------------------------------------------------------------
    @route("GET", "/Job")
    def get_jobs(self, request: Request) -> Reply:
        """Vendor page "GET Job". Paging by the headers ``limit`` and ``offset``; never lists aged jobs."""
        query = {name.lower(): value for name, value in request.query.items()}
        now = self.clock.now()
        client, subclient = number(query.get("clientid")), number(query.get("subclientid"))
        key, wanted = type_filter(query.get("jobfilter"), bool(client))
        lookup = number(query.get("completedjoblookuptime"), YEAR) if query.get("completedjoblookuptime") else YEAR
        category = (query.get("jobcategory") or "All").lower()
        if category not in ("all", "active", "finished"):
            category = "all"
        among: list[Run] | None = None
        if subclient:
            found = self.estate.subclients.get(subclient)
            among = [run for run in found.runs if not client or run.client_id == client] if found else []
        elif client:
            owner = self.estate.clients.get(client)
            among = owner.runs if owner else []
        runs = self.estate.runs.select(
            ("GET Job", key), lambda run: not run.aged and wanted(run), category, now - lookup, among
        )
        if self.switches["order"] == "descending":
            runs = runs[::-1]
        limit = max(0, number(request.headers.get("limit"), 100)) or 100
        if self.switches["page_cap"]:
            limit = min(limit, int(self.switches["page_cap"]))
        offset = max(0, number(request.headers.get("offset")))
        return self.job_list(request, len(runs), runs[offset : offset + limit])

    def job_list(self, request: Request, total: int, runs: list[Run], extra: bytes = b"") -> Reply:
        now, clients, groups = self.clock.now(), self.estate.clients, self.estate.groups
        accept = request.headers.get("accept", "")
        if "xml" in accept and "json" not in accept:
            return Reply(200, xml_list(total, runs, clients, groups, now), "application/xml;charset=UTF-8")
        head = b'{"totalRecordsWithoutPaging":%d' % total + extra
        if not total:
            return Reply(200, head + b"}", "application/json; charset=utf-8")
        rows = b",".join([encoded(run, clients, groups, now) for run in runs])
        if self.switches["spelling"] == "table":
            # The vendor page's table spells two members otherwise than its samples.
            rows = rows.replace(b'"isPreemptable":', b'"isPreemtable":').replace(
                b'"localizedStatus":', b'"localizedstatus":'
            )
        return Reply(200, head + b',"jobs":[' + rows + b"]}", "application/json; charset=utf-8")

    # -- POST Jobs and friends -------------------------------------------------------------------------------------
    @route("POST", "/Jobs")
    def post_jobs(self, request: Request) -> Reply:
        """No public page; shape from the vendor's Python SDK. The way to see aged jobs (``showAgedJobs``)."""
        body = request.json()
        if not isinstance(body, dict):
            return Reply(400, failure(2, "The request is not valid JSON."))
        options = body.get("jobFilter") or {}
        now = self.clock.now()
        clients = [number(item.get("clientId")) for item in options.get("clientList") or ()]
        types = options.get("jobTypeList") or []
        key, by_type = type_filter(",".join(str(item) for item in types) if types else "", bool(clients))
        statuses = {str(status).lower() for status in options.get("statusList") or ()}
        span = options.get("startTimeRange") or {}
        since, until = number(span.get("fromTime")), number(span.get("toTime")) or 1 << 62
        aged, no_admin = options.get("showAgedJobs") is True, options.get("hideAdminJobs") is True
        category = {1: "active", 2: "finished"}.get(number(body.get("category")), "all")
        cutoff = now - (number(options.get("completedJobLookupTime"), YEAR) or YEAR)
        among: list[Run] | None = None
        subclient = number((options.get("entity") or {}).get("subclientId"))
        if subclient:
            found = self.estate.subclients.get(subclient)
            among = found.runs if found else []
        elif clients:
            among = [run for one in clients if one in self.estate.clients for run in self.estate.clients[one].runs]

        def wanted(run: Run) -> bool:
            return (
                (aged or not run.aged)
                and by_type(run)
                and (not statuses or run.status.lower() in statuses)
                and since <= run.start <= until
                and not (no_admin and job_type(run) in ADMIN_TYPES)
            )

        full_key = ("POST Jobs", key, aged, no_admin, tuple(sorted(statuses)), since, until)
        runs = self.estate.runs.select(full_key, wanted, category, cutoff, among)
        paging = body.get("pagingConfig") or {}
        field = str(paging.get("sortField") or "jobId")
        if field != "jobId":
            runs = sorted(
                runs, key=lambda run: _sort_key(summary(run, self.estate.clients, self.estate.groups, now), field)
            )
        if number(paging.get("sortDirection")) == 1:
            runs = runs[::-1]
        limit = number(paging.get("limit"), 100) or 100
        if self.switches["page_cap"]:
            limit = min(limit, int(self.switches["page_cap"]))
        offset = max(0, number(paging.get("offset")))
        return self.job_list(request, len(runs), runs[offset : offset + limit])

    @route("GET", "/Jobs/active")
    def get_active(self, request: Request) -> Reply:
        """The cached list of active jobs: ``start limit sort fq search``; every type, also what is no backup."""
        from urllib.parse import parse_qsl

        now = self.clock.now()
        runs = self.estate.runs.select(("Jobs/active",), lambda run: True, "active", 0)
        rows = [(run, summary(run, self.estate.clients, self.estate.groups, now)) for run in runs]
        for name, value in parse_qsl(request.query_string, keep_blank_values=True):
            field, _colon, rest = value.partition(":")
            operator, _colon, operand = rest.partition(":")
            if name == "fq":
                rows = [(run, row) for run, row in rows if _matches(_field(row, field), operator, operand)]
            elif name == "search":
                rows = [
                    (run, row)
                    for run, row in rows
                    if any(_matches(_field(row, one), operator, operand) for one in field.split(","))
                ]
        field, _colon, direction = request.query.get("sort", "").partition(":")
        if field:
            rows.sort(key=lambda pair: _sort_key(pair[1], field), reverse=direction == "-1")
        start, limit = number(request.query.get("start")), number(request.query.get("limit"))
        page = rows[start : start + limit] if limit else rows[start:]
        return self.job_list(request, len(rows), [run for run, _row in page], b',"filterQueryCount":%d' % len(rows))

    @route("POST", "/Jobs/aggregations/summary")
    def post_summary(self, request: Request) -> Reply:
        counts = dict.fromkeys(
            (
                "runningJobs", "waitingJobs", "pendingJobs", "queuedJobs", "suspendedJobs", "suspendPendingJobs",
                "killPendingJobs", "interruptPendingJobs", "interruptedJobs", "killedJobs", "anomalousJobs",
            ),
            0,
        )  # fmt: skip
        for run in self.estate.runs.active.values():
            words = run.status.split(" (")[0].split()
            name = words[0].lower() + "".join(word.capitalize() for word in words[1:]) + "Jobs"
            if name in counts:
                counts[name] += 1
            else:
                counts["anomalousJobs"] += 1
        return Reply(200, {**counts, "totalJobs": len(self.estate.runs.active)})

    # -- one job ---------------------------------------------------------------------------------------------------
    def run(self, job_id: str | int) -> Run | None:
        return self.estate.runs.by_id.get(int(job_id))

    @route("GET", "/Job/(?P<job_id>[0-9]+)")
    def get_job(self, request: Request, job_id: str) -> Reply:
        run = self.run(job_id)
        return self.job_list(request, 1 if run else 0, [run] if run else [])

    @route("POST", "/JobDetails")
    def post_details(self, request: Request) -> Reply:
        """Vendor page "POST Job Details"; several numbers are strings there."""
        body = request.json() if isinstance(request.json(), dict) else {}
        run = self.run(number(body.get("jobId")))
        if run is None:
            error = {"errorCode": 2, "errLogMessage": "There is no job with the given job id."}
            return Reply(200, {"error": {"errList": [error]}})
        now = self.clock.now()
        row = summary(run, self.estate.clients, self.estate.groups, now)
        subclient = run.subclient.entity() if run.subclient else row["subclient"]
        detail: dict[str, object] = {
            "generalInfo": {
                "jobId": run.id,
                "backupType": run.level,
                "jobStartedFrom": run.how,
                "startTime": run.start,
                "jobStartedBy": run.user,
                "priority": "366",
                "systemState": "No",
                "operationType": run.operation,
                "softwareCompression": "On",
                "taskData": {"taskId": 400 + run.id % 50, "subtaskId": 900 + run.id % 50, "taskName": "Nightly"},
                "subclient": subclient,
                "storagePolicy": row.get("storagePolicy", {}),
            },
            "detailInfo": {
                "sizeOfApplication": str(row["sizeOfApplication"]),
                "transferTime": str(row["jobElapsedTime"]),
                "unCompressedBytes": str(row["sizeOfApplication"]),
                "compressedBytes": str(row["sizeOfMediaOnDisk"]),
                "dataWritten": str(row["sizeOfMediaOnDisk"]),
                "numOfObjects": run.files,
                "sizeOfMediaOnDisk": row["sizeOfMediaOnDisk"],
                "savingsPercent": str(row["percentSavings"]),
                "throughPut": row["averageThroughput"],
                "startTime": run.start,
                "endTime": run.end,
                "skippedItems": str(run.failed_files),
            },
            "progressInfo": {
                "state": run.status,
                "reasonForJobDelay": run.reason,
                "numOfFilesTransferred": run.files if run.end else int(run.files * run.progress(now) / 100),
                "numOfFilesToTransfer": run.files,
                "percentComplete": run.progress(now),
                "lastUpdateTime": row["lastUpdateTime"],
            },
            "clientStatusInfo": {"vmStatus": []},
        }
        if body.get("showAttempt"):
            detail["attemptsInfo"] = [
                {"phase": 7, "phaseName": "Backup", "attemptNumber": 1, "startTime": run.start, "endTime": run.end,
                 "status": run.status, "reasonForFailure": run.reason}
            ]  # fmt: skip
        return Reply(200, {"job": {"jobDetail": detail}})

    @route("GET", "/Job/(?P<job_id>[0-9]+)/TaskDetails")
    def get_task_details(self, request: Request, job_id: str) -> Reply:
        run = self.run(job_id)
        if run is None:
            return Reply(200, failure(2, "There is no job with the given job id."))
        return Reply(
            200,
            {
                "taskInfo": {
                    "task": {
                        "taskId": 400 + run.id % 50,
                        "taskType": 2 if run.how == "Scheduled" else 1,
                        "taskName": "Nightly",
                    },
                    "subTasks": [{"subTask": {"subTaskType": 2, "operationType": run.op}}],
                    "associations": [run.subclient.entity()] if run.subclient else [],
                }
            },
        )

    @route("GET", "/Job/(?P<job_id>[0-9]+)/AdvancedDetails")
    def get_advanced(self, request: Request, job_id: str) -> Reply:
        """The reply's shape is not published: an empty object of the right kind."""
        return Reply(200, {"jobId": int(job_id), "infoType": number(request.query.get("infoType"))})

    @route("GET", "/Events")
    def get_events(self, request: Request) -> Reply:
        run = self.run(number(request.query.get("jobId")))
        if run is None:
            return Reply(200, {"commservEvents": []})
        events = [(run.start, 2, "19:1118", f"Job [{run.id}] has started.")]
        when, code = run.last_update or run.start + 60, run.reason_code or "19:857"
        events += [(when, 6, code, text) for text in run.reason.split("\n") if text]
        if run.end:
            events.append((run.end, 2, "19:1119", f"Job [{run.id}] has ended with status [{run.status}]."))
        return Reply(
            200,
            {
                "commservEvents": [
                    {
                        "id": run.id * 10 + at, "severity": severity, "eventCodeString": code, "jobId": run.id,
                        "subsystem": "JobManager", "description": text, "timeSource": when,
                        "clientEntity": {"clientId": run.client_id, "clientName": run.client_name},
                    }
                    for at, (when, severity, code, text) in enumerate(events)
                ]
            },
        )  # fmt: skip

    @route("GET", "/CommServ/JobManagementSetting")
    def get_settings(self, request: Request) -> Reply:
        queue = self.switches["conflict"] == "queue"
        return Reply(
            200, {"jobManagementSettings": {"generalSettings": {"queueJobsIfConflictingJobsAreActive": queue}}}
        )

    # -- actions ---------------------------------------------------------------------------------------------------
    def act(self, request: Request, run: Run | None, job_id: int, verb: str, auto_resume: int = 0) -> str:
        if run is None:
            return f"Job [{job_id}] does not exist."
        now, user = self.clock.now(), self.user(request)
        if verb == "pause":
            return self.engine.pause(run, now, user, auto_resume)
        if verb == "resume":
            return self.engine.resume(run, now, user)
        return self.engine.kill(run, now, user)

    @route("POST", "/Job/(?P<job_id>[0-9]+)/action/(?P<verb>pause|resume|kill)", writes=True)
    def post_action(self, request: Request, job_id: str, verb: str) -> Reply:
        """``{}`` when accepted; a refusal is inside HTTP 200, code 2. The job follows a little later."""
        auto_resume = number(request.query.get("autoResumeInSec"))
        refusal = self.act(request, self.run(job_id), int(job_id), verb.lower(), auto_resume)
        return Reply(200, job_errors(2, refusal) if refusal else {})

    @route("POST", "/Job/(?P<job_id>[0-9]+)/action/Resubmit", writes=True)
    def post_resubmit(self, request: Request, job_id: str) -> Reply:
        run, now = self.run(job_id), self.clock.now()
        if run is None:
            return Reply(200, job_errors(2, f"Job [{job_id}] does not exist."))
        if run.active or run.status == "Completed":
            return Reply(200, job_errors(2, "The job status does not allow resubmission."))
        if now - run.end > RESUBMIT_DAYS * 86400:
            return Reply(200, job_errors(2, f"The job is older than [{RESUBMIT_DAYS}] days."))
        if run.subclient is None or run.kind != "Backup":
            return Reply(200, job_errors(2, "This job cannot be resubmitted."))
        off = self.engine.refusal(run.subclient)
        if off:
            return Reply(200, job_errors(2, off))
        new = self.engine.start(run.subclient, run.level, now, self.user(request))
        if request.query.get("startInSuspendedState", "").lower() == "true":
            self.engine.set_status(new, "Suspended", now)
        return Reply(200, {"jobIds": [str(new.id)]})

    @route("POST", "/Jobs/MultiJobOperation", writes=True)
    def post_multi(self, request: Request) -> Reply:
        """``operationType`` 0 suspend, 1 resume, 2 kill."""
        body = request.json() if isinstance(request.json(), dict) else {}
        order = body.get("jobOpReq") or {}
        verb = {0: "pause", 1: "resume", 2: "kill"}.get(number(order.get("operationType"), -1))
        ids = [number(job.get("jobId")) for job in order.get("jobs") or ()]
        if verb is None or not ids:
            return Reply(200, job_errors(2, "The request names no operation or no job."))
        refusals = [text for text in (self.act(request, self.run(one), one, verb) for one in ids) if text]
        if not refusals:
            return Reply(200, {})
        return Reply(200, {"errors": [{"errList": [{"errorCode": 2, "errLogMessage": text} for text in refusals]}]})

    @route("POST", "/QCommand/qoperation execute", writes=True)
    def post_qoperation(self, request: Request) -> Reply:
        """Only the operation on all jobs (the vendor's SDK: suspend_all_jobs, resume_all_jobs, kill_all_jobs)."""
        text = request.body.decode("utf-8", "replace")
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = request.form().get("inputRequestXML", text)
        found = re.search("JOB_(SUSPEND|RESUME|KILL)", text)
        if "JobManager_PerformMultiCellJobOpReq" not in text or not found:
            return Reply(200, {"error": {"errorCode": 2, "errLogMessage": "The operation is not known."}})
        verb = {"SUSPEND": "pause", "RESUME": "resume", "KILL": "kill"}[found[1]]
        ids = list(self.estate.runs.active)
        if "ALL_SELECTED_JOBS" in text:
            ids = [int(one) for one in re.findall(r"jobId\W+([0-9]+)", text)]
        for one in ids:
            self.act(request, self.run(one), one, verb)
        return Reply(200, {"error": {"errorCode": 0}})

    # -- starting ----------------------------------------------------------------------------------------------------
    def start_backup(self, request: Request, subclient: Subclient | None, level: str) -> Reply:
        levels = {
            "full": "Full", "incremental": "Incremental", "differential": "Differential",
            "synthetic_full": "Synthetic Full", "transaction_log": "Transaction Log",
        }  # fmt: skip
        name = levels.get(level.lower().replace(" ", "_")) if level else "Incremental"
        if subclient is None:
            return Reply(200, failure(2, "The subclient does not exist."))
        if name is None:
            return Reply(200, failure(2, f"The backup level [{level}] is not valid."))
        off = self.engine.refusal(subclient)
        if off:
            return Reply(200, failure(588, off))
        run = self.engine.start(subclient, name, self.clock.now(), self.user(request))
        self.estate.next_task += 1
        return Reply(200, {"taskId": self.estate.next_task, "jobIds": [str(run.id)]})

    @route("POST", "/Subclient/(?P<subclient_id>[0-9]+)/action/backup", writes=True)
    def post_backup(self, request: Request, subclient_id: str) -> Reply:
        level = {name.lower(): value for name, value in request.query.items()}.get("backuplevel", "")
        return self.start_backup(request, self.estate.subclients.get(int(subclient_id)), level)

    @route("POST", "/VmGroup/(?P<subclient_id>[0-9]+)/backup", writes=True)
    def post_vm_group_backup(self, request: Request, subclient_id: str) -> Reply:
        return self.start_backup(request, self.estate.subclients.get(int(subclient_id)), "incremental")

    @route("POST", "/V4/ServerPlan/(?P<plan_id>[0-9]+)/Backup/Run", writes=True)
    def post_plan_backup(self, request: Request, plan_id: str) -> Reply:
        level = request.query.get("backupLevel", "INCREMENTAL")
        ids = []
        for subclient in list(self.estate.subclients.values()):
            if subclient.policy.plan_id == int(plan_id) and not self.engine.refusal(subclient):
                answer = json.loads(self.start_backup(request, subclient, level).body)
                ids += answer.get("jobIds", [])
        if not ids:
            return Reply(500, failure(2, "The plan does not exist or has no server that can be backed up."))
        return Reply(200, {"taskId": self.estate.next_task, "jobIds": ids})

    @route("POST", "/CreateTask", writes=True)
    def post_create_task(self, request: Request) -> Reply:
        """A restore (subTaskType 3) or a backup (2) at once, or, with a pattern, a schedule: then only ``taskId``."""
        body = request.json() if isinstance(request.json(), dict) else {}
        info = body.get("taskInfo") or {}
        subtasks = info.get("subTasks") or []
        if not subtasks or not info.get("associations"):
            return Reply(200, failure(2, "The task names no subtask or no association."))
        association, subtask = info["associations"][0], subtasks[0]
        subclient = self._associated(association)
        if subclient is None:
            return Reply(
                200, failure(2, f"Client [{association.get('clientName', '')}] or its subclient does not exist.")
            )
        kind = number((subtask.get("subTask") or {}).get("subTaskType"))
        options = subtask.get("options") or {}
        if subtask.get("pattern"):
            self.estate.next_task += 1
            self.estate.schedules[self.estate.next_task] = {
                "name": "Created by API", "disabled": False, "subclient": subclient.id
            }  # fmt: skip
            return Reply(200, {"taskId": self.estate.next_task})
        if kind == 2:
            return self.start_backup(
                request, subclient, _level_word((options.get("backupOpts") or {}).get("backupLevel"))
            )
        if kind != 3:
            return Reply(200, failure(2, "The subtask's type is not known."))
        off = self.engine.refusal(subclient, RESTORE)
        restore = options.get("restoreOptions") or {}
        destination = restore.get("destination") or {}
        target = (destination.get("destClient") or {}).get("clientName") or subclient.client.name
        owner = next((c for c in self.estate.clients.values() if c.name.lower() == str(target).lower()), None)
        if off or owner is None:
            return Reply(200, failure(2, off or f"Client [{target}] does not exist."))
        if not (restore.get("fileOption") or {}).get("sourceItem") and not restore.get("jobIds"):
            return Reply(200, failure(2, "Nothing to restore was named."))
        if destination.get("inPlace") is False and not destination.get("destPath"):
            return Reply(200, failure(2, "An out-of-place restore needs a destination path."))
        run = self.engine.start(subclient, "", self.clock.now(), self.user(request), "Restore", 5)
        run.client_id, run.client_name, run.restore = owner.id, owner.name, restore
        run.size, run.media, run.files = 4 * 10**9, 10**9, 310
        self.restores.append({"jobId": run.id, "client": owner.name, "options": restore})
        self.estate.next_task += 1
        return Reply(200, {"taskId": self.estate.next_task, "jobIds": [str(run.id)]})

    def _associated(self, association: dict) -> Subclient | None:
        if number(association.get("subclientId")):
            return self.estate.subclients.get(number(association["subclientId"]))
        name = str(association.get("clientName", "")).lower()
        for subclient in self.estate.subclients.values():
            if (
                subclient.client.name.lower() == name
                and association.get("appName") in (None, "", subclient.agent)
                and association.get("backupsetName") in (None, "", subclient.backupset)
                and association.get("subclientName") in (None, "", subclient.name)
            ):
                return subclient
        return None

    @route("POST", "/DoBrowse")
    def post_browse(self, request: Request) -> Reply:
        items = [
            {"path": path, "displayName": path.rsplit("/", 1)[-1], "size": size, "flags": {"file": True}}
            for path, size in (("/etc/hosts", 220), ("/srv/data/report.xlsx", 81920))
        ]
        return Reply(200, {"browseResponses": [{"respType": 0, "browseResult": {"dataResultSet": items}}]})


def _level_word(value: object) -> str:
    words = {1: "full", 2: "incremental", 3: "incremental", 4: "synthetic_full"}
    return words.get(value, "") if isinstance(value, int) else str(value or "")


def _field(row: dict, path: str) -> object:
    value: object = row
    for part in path.split("."):
        if part in ("jobs", "jobSummary") and value is row:
            continue
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _sort_key(row: dict, field: str) -> tuple:
    value = _field(row, field)
    return (isinstance(value, str), value if isinstance(value, (int, float)) else str(value or ""))


def _matches(value: object, operator: str, operand: str) -> bool:
    """The operators of ``Jobs/active``; texts without regard to case."""
    text, wanted = str(value if value is not None else "").lower(), operand.lower()
    if operator in ("gt", "lt", "gteq", "lteq"):
        left, right = number(value), number(operand)
        return {"gt": left > right, "lt": left < right, "gteq": left >= right, "lteq": left <= right}[operator]
    choices = [part.replace("null", "") for part in wanted.split(",")]
    return {
        "contains": wanted in text,
        "notContain": wanted not in text,
        "eq": text == wanted,
        "neq": text != wanted,
        "startsWith": text.startswith(wanted),
        "in": text in choices,
        "nin": text not in choices,
    }.get(operator, True)
