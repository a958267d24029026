# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage policies, their copies, and what happens to a job's data on a copy."""

from __future__ import annotations

import math
from typing import Any

from ...product import Reply, Request, route
from .base import CommvaultBase, failure, number
from .models import DAY, LEVELS, Copy, CopyState, Policy, Run, dumps

VIEWS = {"last24hours": DAY, "lastweek": 7 * DAY, "lastmonth": 31 * DAY, "last3months": 92 * DAY}
OPERATIONS = ("DELETE", "RETAIN", "DO_NOT_RETAIN", "DISALLOW_COPY", "DISALLOW_COPY_ALL", "ALLOW_COPY", "RECOPY")
AVAILABLE, TO_BE_COPIED, NOT_TO_BE_COPIED, EXTENDED = 1, 4, 8, 16
VERIFICATION = {0: "Not Picked", 5: "Successful"}


class CopyCalls(CommvaultBase):
    # -- ids -------------------------------------------------------------------------------------------------------
    @route("GET", "/StoragePolicy")
    def get_policies(self, request: Request) -> Reply:
        policies = [
            {"storagePolicyId": policy.id, "storagePolicyName": policy.name, "numberOfCopies": len(policy.copies)}
            for policy in self.estate.policies.values()
        ]
        return Reply(200, {"policies": policies})

    @route("GET", "/(?:V2/)?StoragePolicy/(?P<policy_id>[0-9]+)")
    def get_policy(self, request: Request, policy_id: str) -> Reply:
        policy = self.estate.policies.get(int(policy_id))
        if policy is None:
            return Reply(200, failure(2, "The storage policy does not exist."))
        return Reply(
            200,
            {
                "storagePolicy": {"storagePolicyId": policy.id, "storagePolicyName": policy.name},
                "numberOfCopies": len(policy.copies),
                "copy": [self.copy_entry(copy) for copy in policy.copies],
            },
        )

    def copy_entry(self, copy: Copy) -> dict:
        return {
            "StoragePolicyCopy": {
                "copyId": copy.id, "copyName": copy.name, "storagePolicyId": copy.policy.id,
                "storagePolicyName": copy.policy.name,
            },
            "copyType": 2 if copy.selective else 1,
            "active": 1,
            "isDefault": int(copy.primary),
            "isSnapCopy": 0,
            "isMirrorCopy": 0,
            "arrayReplicaCopy": 0,
            "copyPrecedence": copy.precedence,
            "library": {"libraryId": 20 + copy.id, "libraryName": f"Library_{copy.name}"},
            "drivePool": {"drivePoolId": 30 + copy.id, "drivePoolName": f"Pool_{copy.name}"},
            "mediaAgent": {"mediaAgentId": 12, "mediaAgentName": "ma-zrh-01"},
        }  # fmt: skip

    @route("GET", "/V2/StoragePolicy/(?P<policy_id>[0-9]+)/Copy/(?P<copy_id>[0-9]+)")
    def get_copy(self, request: Request, policy_id: str, copy_id: str) -> Reply:
        copy = self.estate.copies.get(int(copy_id))
        if copy is None or copy.policy.id != int(policy_id):
            return Reply(200, failure(2, "The storage policy copy does not exist."))
        rules = {
            "retentionFlags": {"enableDataAging": 1},
            "retainBackupDataForDays": copy.days,
            "retainBackupDataForCycles": 1,
            "retainArchiverDataForDays": -1,
        }
        flags = {"wormCopy": int(copy.worm)}
        return Reply(200, {"copy": {**self.copy_entry(copy), "retentionRules": rules, "copyFlags": flags}})

    @route("GET", "/V4/ServerPlan/(?P<plan_id>[0-9]+)/BackupDestinations")
    def get_destinations(self, request: Request, plan_id: str) -> Reply:
        policy = next((one for one in self.estate.policies.values() if one.plan_id == int(plan_id)), None)
        if policy is None:
            return Reply(404, failure(2, "The plan does not exist."))
        found = [
            {
                "planBackupDestination": {"id": copy.id, "name": copy.name},
                "isDefault": copy.primary,
                "isSnapCopy": False,
                "isMirrorCopy": False,
                "copyType": "SELECTIVE" if copy.selective else "SYNCHRONOUS",
                "copyPrecedence": copy.precedence,
                "storagePool": {"id": 40 + copy.id, "name": f"Pool_{copy.name}", "wormStoragePoolFlag": int(copy.worm)},
                "retentionPeriodDays": copy.days,
                "enableDataAging": True,
            }
            for copy in policy.copies
        ]
        return Reply(200, {"backupdestinations": found, "regionsConfigured": False})

    @route("GET", "/V4/Plan/Summary")
    def get_plans(self, request: Request) -> Reply:
        plans = [{"plan": {"id": one.plan_id, "name": one.name + "_Plan"}} for one in self.estate.policies.values()]
        return Reply(200, {"plansSummary": plans, "plans": plans})

    @route("GET", "/V4/Storage/(?P<pool_id>[0-9]+)/associatedCopies")
    def get_associated(self, request: Request, pool_id: str) -> Reply:
        copy = self.estate.copies.get(int(pool_id) - 40)
        if copy is None:
            return Reply(404, failure(2, "The storage pool does not exist."))
        return Reply(200, {"associatedCopies": [{"id": copy.id, "name": copy.name}]})

    @route("GET", "/V4/Plan/BackupDestination/(?P<copy_id>[0-9]+)/Clients")
    def get_copy_clients(self, request: Request, copy_id: str) -> Reply:
        copy = self.estate.copies.get(int(copy_id))
        if copy is None:
            return Reply(404, failure(2, "The backup destination does not exist."))
        clients = {
            one.client.id: one.client.name for one in self.estate.subclients.values() if one.policy is copy.policy
        }
        return Reply(200, {"clients": [{"id": key, "name": name} for key, name in sorted(clients.items())]})

    # -- the list of jobs on a copy --------------------------------------------------------------------------------
    @route("GET", "/V4/Plan/BackupDestination/(?P<copy_id>[0-9]+)/Jobs")
    def get_copy_jobs(self, request: Request, copy_id: str) -> Reply:
        """GetJobsOnBackupDestination: no paging, no job filter. The day before the request is the default view."""
        copy = self.estate.copies.get(int(copy_id))
        if copy is None:
            return Reply(404, failure(2, f"The backup destination [{copy_id}] does not exist."))
        query = {name.lower(): value for name, value in request.query.items()}
        now = self.clock.now()
        view = (query.get("view") or "last24Hours").lower()
        since, until = now - VIEWS.get(view, DAY), math.inf
        if view == "custom":
            since = number(query.get("starttime"))
            until = number(query.get("endtime")) or math.inf
        aged = number(query.get("ageddata"))
        levels, wanted = number(query.get("backuplvl")), number(query.get("copystate"))
        clients = {number(one) for one in query.get("clients", "").split(",") if one.strip()}
        by_end = self.switches["copy_window"] == "end"
        plain = not wanted and levels in (0, 8) and not clients
        rows = []
        for run in self._runs_of(copy.policy):
            if not copy.holds(run) or not since <= (run.end if by_end else run.start) <= until:
                continue
            state = copy.states.get(run.id)
            is_aged = copy.keep_until(run) <= now if state is None else copy.is_aged(run, now)
            if aged != 2 and is_aged != (aged == 1):
                continue
            if not plain:
                if clients and run.client_id not in clients:
                    continue
                if levels not in (0, 8) and not levels & LEVELS.get(run.level, 0):
                    continue
                if wanted and not wanted & self.copy_state(copy, run, now):
                    continue
            known = copy.rows.get(run.id)
            if known is None or known[0] <= now:
                known = (self._row_good_until(copy, run, now), dumps(self.row(copy, run, now)))
                copy.rows[run.id] = known
            rows.append(known[1])
        return Reply(200, b'{"jobs":[' + b",".join(rows) + b"]}", "application/json; charset=utf-8")

    def _runs_of(self, policy: Policy) -> list[Run]:
        # The index caches the list; what is on the copy changes only when a run ends.
        return self.estate.runs.select(("policy", policy.id), lambda run: run.policy is policy, "finished", 0)

    def copy_state(self, copy: Copy, run: Run, now: float) -> int:
        state = copy.states.get(run.id)
        bits = EXTENDED if copy.extended(run) else 0
        if state is not None and state.disallowed:
            return bits | NOT_TO_BE_COPIED
        if copy.copied_at(run, state) > now or (state is not None and state.partial):
            return bits | TO_BE_COPIED
        return bits | AVAILABLE

    def _row_good_until(self, copy: Copy, run: Run, now: float) -> float:
        state = copy.states.get(run.id)
        times = [copy.copied_at(run, state), copy.keep_until(run)]
        if state is not None and state.held and state.held_until is not None:
            times.append(state.held_until)
        return min((time for time in times if time > now), default=math.inf)

    def row(self, copy: Copy, run: Run, now: float) -> dict:
        """JobDetailForStorage of the OpenAPI document."""
        state = copy.states.get(run.id) or CopyState()
        subclient = run.subclient
        assert subclient is not None
        held, aged = copy.is_held(state, now), copy.is_aged(run, now)
        copied = bool(self.copy_state(copy, run, now) & AVAILABLE)
        if held:
            until = self.switches["forever"] if state.held_until is None else state.held_until
            by, by_text = 4, "User"
        elif aged:
            until, by, by_text = 0, 0, "No Data Available"
        elif copy.extended(run):
            until, by, by_text = int(copy.keep_until(run)), 2, "Extended Retention"
        else:
            until, by, by_text = int(copy.keep_until(run)), 1, "Basic Retention"
        verified = 5 if copy.primary and run.id % 5 == 0 else 0
        needed = [one for one in run.required_by() if not self._deleted(copy, one)]
        seconds = run.end - run.start
        return {
            "jobId": run.id,
            "parentJobId": run.parent,
            "requiredByJobs": ",".join(map(str, needed)),
            "status": run.status,
            "statusId": 1 if run.status == "Completed" else 3,
            "jobType": run.level,
            "startTime": run.start,
            "endTime": run.end,
            "duration": seconds,
            "copiedTime": int(copy.copied_at(run, state)) if copied else 0,
            "retainUntil": until,
            "retainedBy": by,
            "strRetainedBy": by_text,
            "retentionReason": state.held_why if held else "",
            "username": state.held_by if held else run.user,
            "description": "",
            "isAged": aged,
            "isSoftAged": False,
            "server": {"id": run.client_id, "name": run.client_name},
            "agentType": {"id": subclient.agent_id, "name": subclient.agent},
            "instance": {"id": subclient.instance_id, "name": subclient.instance},
            "backupSet": {"id": subclient.backupset_id, "name": subclient.backupset},
            "subClient": {"id": subclient.id, "name": subclient.name},
            "region": {"id": 0, "name": ""},
            "sizeOfApplication": run.size,
            "dataWritten": (run.media // 2 if state.partial else run.media) if copied or state.partial else 0,
            "savingPercentage": round(100 - 100 * run.media / run.size, 2) if run.size else 0,
            "avgThroughput": round(run.size / 1e9 / (seconds / 3600), 3) if seconds else 0,
            "dataVerificationStatus": verified,
            "strDataVerificationStatus": VERIFICATION[verified],
            "lastVerifiedOn": str(run.end + 3600) if verified else "",
            "encrypted": copy.worm,
            "hardwareEncrypted": False,
            "deduplicated": True,
            "jobAttributesEx": 0,
        }

    @staticmethod
    def _deleted(copy: Copy, job_id: int) -> bool:
        state = copy.states.get(job_id)
        return state is not None and state.deleted

    # -- job operations --------------------------------------------------------------------------------------------
    @route("POST", "/V4/Plan/BackupDestination/JobOperations", writes=True)
    def post_operations(self, request: Request) -> Reply:
        """RunJobOperationOnPlanBackupDestination. The verdict is ``error.errorCode`` inside HTTP 200."""
        body = request.json()
        if not isinstance(body, dict):
            return self._refused("The request is not valid JSON.")
        missing = [name for name in ("storagePolicyId", "copyId", "opType", "jobIds", "commcellId") if name not in body]
        if missing:
            return self._refused(f"These fields are required: {', '.join(missing)}.")
        operation = str(body["opType"]).upper()
        if operation not in OPERATIONS or (operation == "RECOPY" and self.switches["release"] < 34):
            return self._refused(f"The value [{body['opType']}] is not valid for opType.")
        policy = self.estate.policies.get(number(body["storagePolicyId"]))
        copy = self.estate.copies.get(number(body["copyId"]))
        if policy is None or copy is None or copy.policy is not policy:
            return Reply(404, failure(2, "The storage policy or the backup destination does not exist."))
        if number(body["commcellId"]) != 2:
            return self._refused(f"The CommCell [{body['commcellId']}] is not known here.")
        ids = body["jobIds"] if isinstance(body["jobIds"], list) else str(body["jobIds"]).split(",")
        return self._operate(request, copy, operation, [number(one) for one in ids], body)

    def _operate(self, request: Request, copy: Copy, operation: str, ids: list[int], body: dict) -> Reply:
        now = self.clock.now()
        until, problem = self._until(body, now) if operation == "RETAIN" else (None, "")
        if problem:
            return self._refused(problem)
        if not ids:
            return self._refused("No job was named.")
        refusals = {one: text for one, text in ((one, self._refusal(copy, operation, one, now)) for one in ids) if text}
        accepted = [self.estate.runs.by_id[one] for one in dict.fromkeys(ids) if one not in refusals]
        dependents = self._dependents(copy, accepted, now)
        archivers = any(run.archiver for run in accepted)
        asked = {name: str(body.get(name)).lower() == "true" for name in ("loadDependentJobs", "loadArchiverJobs")}
        preview = self.switches["load_dependent"] == "preview" and (
            (asked["loadDependentJobs"] and dependents) or (asked["loadArchiverJobs"] and archivers)
        )
        refused_whole = refusals and self.switches["mixed"] == "refuse"
        if not preview and not refused_whole:
            for run in accepted:
                self._apply(copy, operation, run, until, self.user(request), now)
        shown = accepted + (dependents if asked["loadDependentJobs"] else [])
        answer: dict[str, Any] = {
            "dependentJobsExist": bool(dependents),
            "archiverJobsExist": archivers,
            "jobInfo": [self.row(copy, run, now) for run in shown],
            "error": {"errorMessage": "", "errorCode": 0},
        }
        if refusals and (self.switches["mixed"] != "silent" or not accepted):
            codes = [self.refused_jobs[one][0] for one in refusals if one in self.refused_jobs]
            answer["error"] = {
                "errorMessage": " ".join(dict.fromkeys(refusals.values())),
                "errorCode": (codes or [2])[0],
            }
        return Reply(200, answer)

    @staticmethod
    def _refused(message: str) -> Reply:
        error = {"errorMessage": message, "errorCode": 2}
        return Reply(200, {"dependentJobsExist": False, "archiverJobsExist": False, "jobInfo": [], "error": error})

    def _until(self, body: dict, now: float) -> tuple[int | None, str]:
        """When a hold ends; without a time it is for good."""
        until = number(body.get("retainUntilTime"))
        if until <= 0:
            return None, ""
        if until <= now:
            return None, "The time until which the jobs are to be retained is in the past."
        rounding = self.switches["retain_rounding"]
        if rounding == "day_up":
            until = -(-until // DAY) * DAY
        elif rounding == "day_down":
            until = until // DAY * DAY
        elif rounding == "minute":
            until = until // 60 * 60
        return until, ""

    def _refusal(self, copy: Copy, operation: str, job_id: int, now: float) -> str:
        if job_id in self.refused_jobs:
            return self.refused_jobs[job_id][1]
        run = self.estate.runs.by_id.get(job_id)
        if run is None or not run.end or not copy.holds(run) or copy.is_aged(run, now):
            return f"The jobs do not belong to the copy [{copy.name}]: job [{job_id}]."
        if copy.worm and operation in ("DELETE", "DO_NOT_RETAIN"):
            return f"Job [{job_id}] is on a compliance-locked copy [{copy.name}] and cannot be changed."
        if operation in ("DISALLOW_COPY", "ALLOW_COPY", "RECOPY") and copy.primary:
            return f"The operation is not valid on the primary copy: job [{job_id}]."
        if operation == "DISALLOW_COPY" and self.copy_state(copy, run, now) & AVAILABLE:
            return f"Job [{job_id}] has already been copied to [{copy.name}]."
        return ""

    def _dependents(self, copy: Copy, runs: list[Run], now: float) -> list[Run]:
        """Jobs that need one of these on the copy, and are not among them."""
        chosen = {run.id for run in runs}
        needed = {one for run in runs for one in run.required_by()} - chosen
        found = [self.estate.runs.by_id[one] for one in sorted(needed) if one in self.estate.runs.by_id]
        return [run for run in found if copy.holds(run) and not copy.is_aged(run, now)]

    def _apply(self, copy: Copy, operation: str, run: Run, until: int | None, user: str, now: float) -> None:
        state = copy.state(run)
        if operation == "RETAIN":
            state.held, state.held_until, state.held_by, state.held_why = True, until, user, "Retained by user"
        elif operation == "DO_NOT_RETAIN":
            state.held, state.held_until = False, None
        elif operation == "DELETE":
            state.deleted, state.held = True, False
        elif operation == "DISALLOW_COPY":
            state.disallowed, state.partial = True, False
        elif operation == "DISALLOW_COPY_ALL":
            for later in copy.policy.copies:
                downstream = later.precedence >= copy.precedence and not later.primary and later.holds(run)
                if downstream and not self.copy_state(later, run, now) & AVAILABLE:
                    later.state(run).disallowed = True
                    later.forget_rows(run)
        elif operation == "ALLOW_COPY" and state.disallowed:
            state.disallowed, state.copied_at = False, now + max(copy.lag, 600)
        elif operation == "RECOPY":
            state.disallowed, state.partial, state.copied_at = False, False, now + max(copy.lag, 600)
        copy.forget_rows(run)
        self.engine.age(run, now)
