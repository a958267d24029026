# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Starting, stopping and switching Veeam's jobs, and its own repetitions of failed runs. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import NotFound, Unsupported
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.times import from_iso
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, text
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import mapping as dict_of

#: A repetition may appear so much later than its time: the server looks for due jobs now and then, and may be busy.
RETRY_GRACE_S = 300
#: Waited for a repetition when the job does not tell its retryWaitInterval.
RETRY_WAIT_S = 3600


class Acting:
    """The acting side of VeeamM365Platform.

    A switch is one field of the job (isEnabled), so there is nothing else to put back: no ``snapshot``.
    """

    def objection(self, order):
        """Levels: vendor page "Managing Backup Jobs" (v5) and the OpenAPI documents (v6 to v8)."""
        if order.record["entity"] != model.DEFINITION:
            return "Veeam acts on jobs, not on their single runs: name the job (entity: definition)."
        if order.verb == "start" and order.level == "full" and not self._takes_level(order.record):
            if order.record["type"] == "copy":
                return "From API v7 on, Veeam starts a backup copy job without a level: leave level out."
            return "API v5 cannot ask for a full backup; v6 and later can (api_version)."
        return None

    def _takes_level(self, record):
        version = self.client.version
        return version.level_of_copy if record["type"] == "copy" else version.level_of_job

    def perform(self, order):
        """One POST. In v8 the answer to a start is the run: the new one, or one that was under way already."""
        if not self.traits.capabilities[order.verb].supported:
            raise Unsupported(self.traits.capabilities[order.verb].note)
        full = None
        if order.verb == "start" and self._takes_level(order.record):
            full = order.level == "full"
        answer = self.client.act(order.record["id"], order.record["type"] == "copy", order.verb, full)
        return mapping.known_id(answer.get("id")) if order.verb == "start" else None

    # -- the product's own repetitions -------------------------------------------------------------------------------
    def continued_by(self, run):
        """The session that repeats a finished run.

        Documented (OpenAPI v7, v8): a session says jobWillBeRetried, its repetition says mainSessionId and retryCount.
        Inferred: v5 and v6, which lack the first two, repeat a failed run as the job's schedulePolicy says; a disabled
        job repeats nothing; any other session that comes first takes the place of the repetition; a repetition that is
        not there some minutes after its time will not come.
        """
        if not _may_be_repeated(run):
            return None
        try:
            # Before the sessions are read: a repetition that begins in between is then found among them.
            job = self._job_of_run(run)
            due = self._repetition_is_due(run, job)
        except NotFound:
            return None  # the job or its history is gone, and nobody repeats it
        following = self._session_after(run, job)
        if following is None:
            return run if due else None
        if not _repeats(following, run):
            return None
        query = Query(model.RUN, now=time.time(), ids=[text(following.get("id"))])
        return next(iter(self.list_jobs(query).records), None)

    def _job_of_run(self, run):
        is_copy = run["type"] == "copy"
        read = self.client.copy_job if is_copy else self.client.job
        return mapping.job_of(read(run["definition_id"]), is_copy)

    def _repetition_is_due(self, run, job):
        """Whether a repetition that is not there can still come."""
        policy = dict_of(job.row.get("schedulePolicy"))
        allowed, number = flag(policy.get("retryEnabled")), integer(policy.get("retryNumber"))
        if flag(job.row.get("isEnabled")) is False or allowed is False:
            return False
        if number is not None and (run["native"]["retry_count"] or 0) >= number:
            return False
        if run["native"]["will_be_retried"] is None:
            if not allowed:
                return False
        elif not flag(self.client.job_session(run["id"]).get("jobWillBeRetried")):
            return False  # somebody stopped or started the job meanwhile
        ended = model.epoch_of(run["finished_at"] or run["started_at"])
        if ended is None:
            return False
        minutes = integer(policy.get("retryWaitInterval"))
        pause = RETRY_WAIT_S if minutes is None else minutes * 60
        # Its clock, not ours: the end is told by the server.
        now = time.time() + (self.client.http.clock_offset or 0)
        return now < ended + pause + RETRY_GRACE_S

    def _session_after(self, run, job):
        """The job's next session after a run, or None."""
        start = model.epoch_of(run["started_at"]) or 0
        count = run["native"]["retry_count"] or 0

        def place(session):
            return from_iso(session.get("creationTime")) or 0, integer(session.get("retryCount")) or 0

        later = [
            session
            for session in self._sessions_of(job, lambda session: place(session)[0] < start)
            if text(session.get("id")) != run["id"] and place(session) > (start, count)
        ]
        return min(later, key=place, default=None)


def _may_be_repeated(run):
    """Whether a finished run can have a repetition, as far as it tells itself."""
    told = run["native"]["will_be_retried"]
    return run["definition_id"] is not None and (run["result"] == model.FAILED if told is None else told)


def _repeats(session, run):
    """Whether a later session of the job is a repetition of a run (or of the run that this one repeats itself)."""
    main = mapping.known_id(session.get("mainSessionId"))
    if main is not None:
        return main in (run["id"], run["parent_id"])
    return (integer(session.get("retryCount")) or 0) > (run["native"]["retry_count"] or 0)
