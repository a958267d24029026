# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What storage policy copies hold of jobs, and the vendor page "Job Operations". Private to this collection.

The rows are those of ``JobDetailForStorage`` in the vendor's OpenAPI. It names every field, but not the words of
``status``, nor the value of ``retainUntil`` for a hold without an end, nor whether the window of the list goes by start
or end: these are inferred, so everything is read from the beginning on, and a word that is not known stays unknown.
"""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError, Unsupported
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    BLOCKED,
    PENDING,
    JobOnCopy,
    Listing,
    OperationAnswer,
    Query,
    StorageCopy,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import (
    LEVELS,
    STATUSES,
    RunMapper,
    add_copies,
    copy_entry,
    hold_end,
    hold_of,
)
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, listed, mapping, text

#: copyState of the list (vendor's OpenAPI).
_STATES = {PENDING: 4, BLOCKED: 8}
#: First feature release of RECOPY, as currentSPVersion counts (vendor's page of 11.34; 11.32 does not have it).
FIRST_RECOPY = 34
#: The CommCell itself (client code).
LOCAL_COMMCELL = 2
#: Seconds added to "now" at the end of the window: the server's clock may be ahead.
_AHEAD_S = 86400


class Copies:
    """The part of CommvaultPlatform that job_operation uses."""

    # -- where -------------------------------------------------------------------------------------------------------
    def require_operation(self, operation):
        if operation != "recopy":
            return
        release = integer(self.client.commserv().get("currentSPVersion"))
        if release is not None and release < FIRST_RECOPY:
            raise Unsupported(
                "recopy needs Commvault release 11.{0} or later; this CommServe is 11.{1}.".format(
                    FIRST_RECOPY, release
                )
            )

    def storage_policies(self):
        found = [
            (text(policy.get("storagePolicyId")), text(policy.get("storagePolicyName")))
            for policy in map(mapping, self.client.get_storage_policies())
        ]
        return [(id, name) for id, name in found if id]

    def copies_of(self, policy_id):
        copies = []
        for entry in map(mapping, self.client.get_storage_policy(policy_id)):
            about = mapping(entry.get("StoragePolicyCopy"))
            id = text(about.get("copyId"))
            if id:
                copies.append(
                    StorageCopy(
                        id,
                        text(about.get("copyName")) or id,
                        str(policy_id),
                        text(about.get("storagePolicyName")),
                        integer(entry.get("copyPrecedence")),
                        flag(entry.get("isDefault")) is True,
                    )
                )
        return copies

    def policy_of(self, run_id):
        job = next(self._jobs_by_id([run_id], Listing()), None)
        found = integer(mapping(mapping(job).get("storagePolicy")).get("storagePolicyId"))
        return str(found) if found else None

    # -- what is there -----------------------------------------------------------------------------------------------
    def jobs_on(self, copy):
        found = {}
        for row in self._rows(copy):
            job = self._job(mapping(row))
            if job is not None:
                found[job.id] = job
        return found

    def ids_on(self, copy, state):
        ids = (text(mapping(row).get("jobId")) for row in self._rows(copy, _STATES[state]))
        return frozenset(filter(None, ids))

    def _rows(self, copy, state=None):
        self.client.session()  # the answer to a login tells the server's clock
        end = int(time.time() + (self.client.http.clock_offset or 0)) + _AHEAD_S
        try:
            return self.client.jobs_on_copy(copy.id, 1, end, state)
        except BackupOpsError as error:
            raise _explained(error) from error

    def _job(self, row):
        """The JobOnCopy of a row; None without an id. This is done for every job on a copy."""
        id = text(row.get("jobId"))
        if id is None:
            return None
        word, end = text(row.get("status")) or "", integer(row.get("endTime"))
        state, result = STATUSES.get(word.strip().lower(), (None, None))
        if state is None:
            state, result = (model.FINISHED, model.UNKNOWN) if end and end > 0 else (model.UNKNOWN, None)
            self.warn(
                "Commvault sends the status {0!r} for jobs on a copy, which this collection does not know: whether they were "
                "successful counts as unknown.".format(word)
            )
        definition = integer(mapping(row.get("subClient")).get("id"))
        required = text(row.get("requiredByJobs"))
        held = hold_of(row)
        copied_at = times.from_epoch(row.get("copiedTime"))
        return JobOnCopy(
            id,
            str(definition) if definition and definition > 0 else None,
            LEVELS.get((text(row.get("jobType")) or "").strip().lower()),
            state,
            result,
            integer(row.get("startTime")) or 0,
            (
                tuple(one for one in (one.strip() for one in required.split(",")) if one and one not in (id, "0"))
                if required
                else ()
            ),
            held,
            hold_end(row) if held else None,
            text(row.get("username")) if held else None,
            text(row.get("retentionReason")) if held else None,
            bool(flag(row.get("isAged")) or flag(row.get("isSoftAged"))),
            copied_at,
            copied_at is not None or (integer(row.get("dataWritten")) or 0) > 0,
            None,
            row,
        )

    def under_way(self):
        now = time.time()
        active = Query(model.RUN, now, since=now, options={"job_category": "Active", "job_filter": ""})
        return frozenset(run["id"] for run in self.list_jobs(active).records if run["state"] != model.FINISHED)

    def run_on_copies(self, found):
        if not hasattr(self, "_row_mapper"):
            # The words of a row were judged when it was read.
            self._row_mapper = RunMapper(self.uid_prefix(model.RUN), self.connection.endpoint, lambda sentence: None)
        copy, job = found[0]
        record = self._row_mapper(_summary(job.source, copy))
        entries = [
            (copy_entry(job.source, copy.policy_name or copy.policy_id, copy.id, copy.name), job.source)
            for copy, job in found
        ]
        add_copies(record, entries)
        allowed = {job.allowed for _copy, job in found if job.allowed is not None}
        if len(allowed) == 1:
            record["copy_status"] = dict(record["copy_status"], allowed=allowed.pop())
        return record

    # -- the write ---------------------------------------------------------------------------------------------------
    def operate(self, operation):
        """POST JobOperations. What the page leaves open is sent as the vendor's own clients do.

        RETAIN without a time is a hold for good (the command line's rule); RETAIN goes without the load flags, the others
        with both false.
        """
        options = operation.options
        body = {
            "storagePolicyId": int(operation.copy.policy_id),
            "copyId": int(operation.copy.id),
            "opType": operation.name.upper(),
            "jobIds": [int(id) for id in operation.ids],
            "commcellId": options.get("commcell_id") or LOCAL_COMMCELL,
        }
        if operation.until is not None:
            body["retainUntilTime"] = operation.until
        for field, option in (("loadDependentJobs", "load_dependent_jobs"), ("loadArchiverJobs", "load_archiver_jobs")):
            if operation.name != "retain" or options.get(option) is not None:
                body[field] = bool(options.get(option))
        try:
            answer = self.client.run_job_operation(body)
        except BackupOpsError as error:
            # With words of its own the call is there, and something else was not found.
            raise _explained(error) if error.code is None else error from error
        ids = (text(mapping(row).get("jobId")) for row in listed(answer.get("jobInfo")))
        return OperationAnswer(
            flag(answer.get("dependentJobsExist")), flag(answer.get("archiverJobsExist")), frozenset(filter(None, ids))
        )


def _explained(error):
    """Of a path that the server lacks, which release has it. (The policy and the copy were read before.)"""
    if error.status not in (404, 405):
        return error
    return Unsupported(
        "This CommServe does not know the call for jobs on a copy: {0}".format(error.message),
        hint="Job operations need Commvault release 11.32 or later.",
        status=error.status,
        code=error.code,
    )


def _summary(row, copy):
    """A row as the ``jobSummary`` that RunMapper reads. ``username`` names the holder while a job is held."""
    server, agent, subclient = (mapping(row.get(name)) for name in ("server", "agentType", "subClient"))
    instance, backupset = mapping(row.get("instance")), mapping(row.get("backupSet"))
    end = row.get("endTime")
    return {
        "jobId": row.get("jobId"),
        "status": row.get("status"),
        "jobType": "Backup",
        "backupLevelName": row.get("jobType"),
        "jobStartTime": row.get("startTime"),
        "jobEndTime": end,
        "lastUpdateTime": end,
        "jobElapsedTime": row.get("duration"),
        "sizeOfApplication": row.get("sizeOfApplication"),
        "sizeOfMediaOnDisk": row.get("dataWritten"),
        "percentSavings": row.get("savingPercentage"),
        "vsaParentJobID": row.get("parentJobId"),
        "destClientName": server.get("name"),
        "subclient": {
            "clientId": server.get("id"),
            "clientName": server.get("name"),
            "appName": agent.get("name"),
            "applicationId": agent.get("id"),
            "instanceId": instance.get("id"),
            "instanceName": instance.get("name"),
            "backupsetId": backupset.get("id"),
            "backupsetName": backupset.get("name"),
            "subclientId": subclient.get("id"),
            "subclientName": subclient.get("name"),
        },
        "storagePolicy": {"storagePolicyId": copy.policy_id, "storagePolicyName": copy.policy_name},
        "userName": {} if hold_of(row) else {"userName": row.get("username")},
    }
