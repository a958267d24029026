# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product: switches, accounts, state and a test's controls. The calls stand in the modules beside this one."""

from __future__ import annotations

from typing import Any

from ...clock import Clock
from .base import DEFAULTS
from .copies import CopyCalls
from .definitions import DefinitionCalls
from .engine import Engine
from .estate import load
from .jobs import JobCalls
from .login import LoginCalls
from .models import ACTIVE, BACKUP, FINISHED, Run
from .rows import encoded


class Commvault(LoginCalls, JobCalls, DefinitionCalls, CopyCalls):
    """Commvault 11 as Command Center serves it, with a Web Server behind (``/SearchSvc/CVWebService.svc``).

    Accounts: ``admin`` / ``p@ss+w&rd=1 %é``; ``auditor`` / ``read-only-1`` (reads only); ``ops`` in the
    domain ``corp`` / ``d0main+pässword``. ``control_access_token()`` makes an access token with its refresh token.

    Switches (``options``) and their defaults:

    ===================== ========= ==========================================================================
    release               36        the server's feature release; RECOPY needs 34, below 36 /webconsole/api answers
                                    itself instead of redirecting
    v4                    true      false: every V4 path is a 404
    page_cap              0         most rows that the server puts on a page of jobs, whatever ``limit`` says
    order                 ascending GET Job by job id: ascending | descending
    spelling              sample    table: ``isPreemtable`` and ``localizedstatus``, as the page's table has them
    conflict              fail      a second backup of a busy subclient: fail ("Failed to Start") | queue
    run_seconds           60        how long a started run works
    action_seconds        3         how long Suspend Pending and Kill Pending last
    retain_rounding       exact     of retainUntilTime: exact | day_up | day_down | minute
    forever               -1        retainUntil of a hold without an end
    mixed                 error     job operations that suit some jobs only: error (do those, say so inside 200) |
                                    silent (do those, say nothing) | refuse (do none)
    load_dependent        preview   loadDependentJobs / loadArchiverJobs true: preview (do nothing if any exist) | act
    copy_window           start     startTime / endTime of the list on a copy go by the run's start | end
    bearer_on_classic     true      whether ``Authorization: Bearer`` works on paths without V4
    renew                 true      whether RenewLoginToken works
    lock_after            5         refused logins until the account is locked
    lock_seconds          600       how long
    token_minutes         30        life of a login token without use
    denied_status         200       HTTP status when a right is missing
    ===================== ========= ==========================================================================

    Samples of the vendor page "GET Job": runs 681, 707, 795 (2013: finished ones need a long lookup time) and the
    workflow jobs 270, 283, 293, which lists of all clients show among the backups.
    """

    name = "commvault"
    base_path = "/commandcenter/api"

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(clock, **options)

    def progress(self, now: float) -> None:
        self.engine.progress(now)

    # -- what a test may know ------------------------------------------------------------------------------------------
    def state(self) -> dict:
        """``subclients``, ``runs`` (in a big estate only those that something happened to), ``tokens``, ``holds``."""
        now = self.clock.now()
        small = len(self.estate.runs) <= 5000
        runs = {
            str(run.id): {
                "status": run.status,
                "percent": run.progress(now),
                "subclient_id": run.subclient.id if run.subclient else None,
                "client": run.client_name,
                "type": run.kind,
                "level": run.level,
                "start": run.start,
                "end": run.end,
                "aged": run.aged,
                "starts": run.api_started,
                "stops": run.stops,
                "pauses": run.pauses,
                "resumes": run.resumes,
            }
            for run in self.estate.runs.by_id.values()
            if small or run.touched
        }
        subclients = {
            str(one.id): {
                "name": one.name,
                "client_id": one.client.id,
                "client": one.client.name,
                "agent": one.agent,
                "backupset": one.backupset,
                "policy_id": one.policy.id,
                "enabled": self.estate.is_enabled("subclient", one.id, BACKUP),
                "effectively_enabled": not self.engine.refusal(one),
                "runs": len(one.runs),
                "starts": sum(run.api_started for run in one.runs),
                "stops": sum(run.stops for run in one.runs),
            }
            for one in self.estate.subclients.values()
            if small or any(run.touched for run in one.runs)
        }
        marks = []
        for copy in self.estate.copies.values():
            for job_id, mark in copy.states.items():
                marks.append(
                    {
                        "copy_id": copy.id, "job_id": job_id, "held": copy.is_held(mark, now), "until": mark.held_until,
                        "by": mark.held_by, "deleted": mark.deleted,
                        "disallowed": mark.disallowed, "partial": mark.partial, "copied_at": mark.copied_at,
                    }
                )  # fmt: skip
        return {
            "subclients": subclients,
            "runs": runs,
            "tokens": [{"user": one.user, "kind": one.kind, "alive": one.alive(now)} for one in self.sessions.values()],
            "sessions_alive": sum(one.alive(now) for one in self.sessions.values()),
            "locked": {name: until for name, until in self.locked_until.items() if until > now},
            "holds": [mark for mark in marks if mark["held"]],
            "copy_marks": marks,
            "disabled": [
                {"kind": kind, "id": id, "activity": activity, "again_at": value.get("at", 0)}
                for (kind, id, activity), value in self.estate.disabled.items()
            ],
            "restores": self.restores,
            "schedules": self.estate.schedules,
        }

    # -- a test's hand -----------------------------------------------------------------------------------------------
    def _run(self, job_id: Any) -> Run:
        run = self.estate.runs.by_id.get(int(job_id))
        if run is None:
            raise ValueError(f"no job {job_id}")
        return run

    def control_load(
        self,
        clients: int = 3600,
        subclients: int = 5000,
        runs: int = 140000,
        active: int = 50,
        seed: int = 1,
        encode: bool = True,
    ) -> dict:
        """Add a big estate; returns the counts of the whole. ``encode``: make the rows of lists now, not later."""
        now = self.clock.now()
        load(self.estate, now, clients, subclients, runs, active, seed)
        self.engine.watch()
        for run in self.estate.runs.by_id.values() if encode else ():
            if run.end:
                encoded(run, self.estate.clients, self.estate.groups, now)
        return {
            "clients": len(self.estate.clients),
            "subclients": len(self.estate.subclients),
            "runs": len(self.estate.runs),
        }

    def control_start(self, subclient_id: int, level: str = "Incremental", duration: float | None = None) -> int:
        """Start a run as the scheduler would."""
        run = self.engine.start(self.estate.subclients[int(subclient_id)], level, self.clock.now(), "admin")
        run.how, run.api_started = "Scheduled", 0
        if duration is not None:
            run.duration = duration
        return run.id

    def control_finish(self, job_id: int, status: str = "Completed", reason: str = "", reason_code: str = "") -> None:
        """End a run now with one of the product's final statuses."""
        if status not in FINISHED:
            raise ValueError(f"status must be one of {', '.join(FINISHED)}")
        run = self._run(job_id)
        if not run.active:
            raise ValueError(f"job {job_id} has ended already")
        run.reason, run.reason_code = reason, reason_code
        self.engine.end(run, self.clock.now(), status)

    def control_plan(
        self, job_id: int, outcome: str = "", duration: float | None = None, size: int | None = None, reason: str = ""
    ) -> None:
        """Change what will become of a run that is under way."""
        run, now = self._run(job_id), self.clock.now()
        if outcome:
            run.outcome = outcome
        if size is not None:
            run.size, run.media = size, size // 3
        if reason:
            run.reason = reason
        if duration is not None:
            run.duration = duration
            if run.since is not None:
                self.engine.stall(run, now)
                self.engine.stall(run, now, False)

    def control_stall(self, job_id: int, stalled: bool = True) -> None:
        self.engine.stall(self._run(job_id), self.clock.now(), stalled)

    def control_set_status(
        self,
        job_id: int,
        status: str,
        reason: str | None = None,
        reason_code: str = "",
        preemptable: bool | None = None,
    ) -> None:
        """Put an active run into another active status (or one that no one knows); it stays there."""
        if status in FINISHED:
            return self.control_finish(job_id, status, reason or "", reason_code)
        run = self._run(job_id)
        if not run.active:
            raise ValueError(f"job {job_id} has ended; active statuses are {', '.join(ACTIVE)}")
        self.engine.set_status(run, status, self.clock.now())
        if reason is not None:
            run.reason, run.reason_code = reason, reason_code
        if preemptable is not None:
            run.preemptable = preemptable
        return None

    def control_rename(self, name: str, subclient_id: int = 0, client_id: int = 0) -> None:
        if subclient_id:
            self.estate.subclients[int(subclient_id)].name = name
        if client_id:
            client = self.estate.clients[int(client_id)]
            client.name = name
            for run in client.runs:
                run.client_name = name
        for subclient in self.estate.subclients.values():
            subclient.static = None
        for copy in self.estate.copies.values():
            copy.rows.clear()

    def control_remove(self, job_id: int = 0, subclient_id: int = 0) -> None:
        """Prune a run, or take away a subclient with all its runs."""
        doomed = [self._run(job_id)] if job_id else []
        if subclient_id:
            subclient = self.estate.subclients.pop(int(subclient_id))
            subclient.client.subclients.remove(subclient)
            doomed += subclient.runs
        for run in list(doomed):
            self.estate.runs.remove(run)
            for copy in self.estate.copies.values():
                copy.rows.pop(run.id, None)
            if run.subclient and run in run.subclient.runs:
                run.subclient.runs.remove(run)
            owner = self.estate.clients.get(run.client_id)
            if owner and run in owner.runs:
                owner.runs.remove(run)

    def control_set_switch(self, **switches: Any) -> dict:
        unknown = sorted(set(switches) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"no switch {', '.join(unknown)}; known: {', '.join(DEFAULTS)}")
        self.switches.update(switches)
        engine: Engine = self.engine
        engine.run_seconds, engine.action_seconds = self.switches["run_seconds"], self.switches["action_seconds"]
        engine.conflict = self.switches["conflict"]
        if {"retain_rounding", "forever"} & set(switches):
            for copy in self.estate.copies.values():
                copy.rows.clear()
        return self.switches

    def control_refuse(self, job_ids: list, code: int = 2, message: str = "The job cannot be changed.") -> None:
        """Job operations refuse these jobs; an empty list ends that."""
        if not job_ids:
            self.refused_jobs.clear()
        for one in job_ids:
            self.refused_jobs[int(one)] = (code, message)

    def control_mark(self, job_id: int, copy_id: int, **marks: Any) -> None:
        """Set ``held held_until held_by deleted disallowed partial copied_at`` of a run on a copy."""
        copy, run = self.estate.copies[int(copy_id)], self._run(job_id)
        for name, value in marks.items():
            if not hasattr(copy.state(run), name):
                raise ValueError(f"a copy has no mark {name}")
            setattr(copy.state(run), name, value)
        copy.forget_rows(run)
        self.engine.age(run, self.clock.now())

    def control_archiver(self, job_id: int, archiver: bool = True) -> None:
        self._run(job_id).archiver = archiver

    def control_disable(
        self, kind: str, id: int, activity: int = BACKUP, again_at: int = 0, enable: bool = False
    ) -> None:
        """As somebody else would: ``kind`` is subclient, client, group, agent, instance or commcell (2)."""
        self.switch(kind, int(id), int(activity), enable, int(again_at))

    def control_forget_tokens(self) -> None:
        """Like expire_tokens, but renewing fails too."""
        for session in self.sessions.values():
            session.ended = session.expired = True

    def control_unlock(self) -> None:
        self.locked_until.clear()
        self.failed_logins.clear()

    def control_access_token(self, user: str = "admin") -> dict:
        return self._pair(self.make_access_token(user))
