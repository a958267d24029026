# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated Veeam Backup for Microsoft 365."""

from __future__ import annotations

from typing import Any

from ...clock import Clock
from . import estate
from .engine import Engine
from .records import Job, RestoreSession, Session
from .routes_jobs import JobRoutes
from .routes_login import LoginRoutes
from .tokens import Tokens

DEFAULTS: dict[str, Any] = {
    "versions": ("v5", "v6", "v7", "v8"),
    "product_version": "8.0.2.159",
    "expires_in": 3600,
    "refresh_seconds": 14 * 86400,
    "refresh_reuse": False,
    "refresh_ends_old": False,
    "bad_login": "message",
    "antiforgery": False,
    "logout_stops_sessions": False,
    "refusals": "conflict",
    "refusal_status": None,
    "can_start": True,
    "queue_seconds": 0,
    "appear_seconds": 0,
    "stop_seconds": 4,
    "end_bounds": "end",
    "order": "newest",
    "total_count": True,
    "nulls": False,
    "omit_nulls": False,
    "keep_weeks": None,
    "explorers": True,
    "v5_job_explore": "session",
    "restore_idle_minutes": 30,
    "sticky_restore_sessions": False,
    "proxy_online": True,
    "healthy": True,
}
CHOICES = {
    "bad_login": ("oauth", "message", "empty"),
    "refusals": ("accept", "conflict"),
    "end_bounds": ("end", "end_or_running", "creation"),
    "order": ("newest", "oldest", "shuffled"),
    "v5_job_explore": ("none", "session", "created"),
}


class VeeamM365(LoginRoutes, JobRoutes):
    """Versions v5 to v8 side by side over one estate; tokens are good for all of them.

    Accounts: ``admin`` / ``p@ss+w&rd=1 %é`` (also as ``DOMAIN\\admin``); ``auditor`` / ``read-only-1`` has no
    role: Backup Administrator is the only one that may log in here (v8), so it is refused with 400.

    Switches (constructor options, later ``control_set_switch``), with what they do:

    ============================ ============ =====================================================================
    switch                       default      meaning
    ============================ ============ =====================================================================
    versions                     v5 … v8      versions served; every other answers 404 without a body
    product_version              8.0.2.159    of ServiceInstance
    expires_in                   3600         life of an access token, seconds
    refresh_seconds              14 days      life of a refresh token (not documented)
    refresh_reuse                False        True: a refresh token is good for more than one use
    refresh_ends_old             False        True: a refresh ends the old access token
    bad_login                    message      body of a refused login: oauth | message | empty (status is always 400)
    antiforgery                  False        True: v7, v8 logins without disable_antiforgery_token need the cookie
    logout_stops_sessions        False        True: logout also stops the account's restore sessions
    refusals                     conflict     conflict | accept: start while running, stop while idle, enable enabled
    refusal_status               None         status of these refusals; None = 409 in v8, else 500
    can_start                    True         False: start fails with 500
    queue_seconds                0            a run is Queued so long before it is Running
    appear_seconds               0            a run shows in lists and in lastStatus only so long after its start
    stop_seconds                 4            a stopped run stays Running so long
    end_bounds                   end          endTime…Bound looks at: end (no running ones) | end_or_running | creation
    order                        newest       order of collections: newest | oldest | shuffled (stable)
    total_count                  True         pages of v6, v7 carry totalCount
    nulls                        False        True: null in fields that the vendor's document declares non-null
    omit_nulls                   False        True: fields that are null are left out
    keep_weeks                   None         job sessions older than so many weeks are forgotten; None = keep all
    explorers                    True         False: "Restore session cannot be created." (500)
    v5_job_explore               session      answer of a v5 job explore: none | session (200) | created (201)
    restore_idle_minutes         30           an idle restore session is stopped
    sticky_restore_sessions      False        True: stop answers success, the session stays open
    proxy_online                 True         False: the extended view of organizations fails (ProxyOffline)
    healthy                      True         False: Health answers 503, Unhealthy
    ============================ ============ =====================================================================

    Controls: see the ``control_`` methods; a job is named by its id, or by its name when only one has it.
    """

    name = "veeam_m365"
    base_path = ""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.switches: dict[str, Any] = dict(DEFAULTS)
        for switch, value in options.items():
            self._turn(switch, value)
        super().__init__(clock, **options)
        self.accounts = {"admin": "p@ss+w&rd=1 %é", "auditor": "read-only-1"}
        self.without_role = {"auditor"}
        self.tokens = Tokens(self.switches)
        self.engine = Engine(self.switches)
        self.filtered: dict[tuple, list] = {}
        self.filtered_revision = -1
        self.logins = self.logouts = self.restores = 0
        # What happens later must not shape the past: the estate is built with runs that show at once.
        slow = {name: self.switches[name] for name in ("queue_seconds", "appear_seconds")}
        self.switches.update(dict.fromkeys(slow, 0))
        estate.build(self.engine, clock.now())
        self.switches.update(slow)

    # -- the frame -----------------------------------------------------------------------------------------------
    def progress(self, now: float) -> None:
        self.engine.progress(now)
        self.tokens.progress(now)

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def state(self) -> dict:
        """Jobs by id with counts of what was asked for, sessions newest first (20 a job), tokens, restore sessions."""
        now = self.clock.now()
        return {
            "jobs": {
                job.id: {
                    "name": job.name,
                    "kind": job.kind,
                    "enabled": job.enabled,
                    "last_status": job.last_status,
                    "last_run": job.last_run,
                    "next_run": job.next_run,
                    "active": job.active.id if job.active else None,
                    "waiting_retry": job.waiting_retry.id if job.waiting_retry else None,
                    **{verb + "s": count for verb, count in job.counts.items() if verb != "refused"},
                    "refused": job.counts["refused"],
                    "sessions": [self._session_state(s, now) for s in job.sessions[:-21:-1]],
                }
                for job in self.engine.jobs.values()
            },
            "sessions": len(self.engine.history),
            "tokens": len(self.tokens.alive),
            "logins": self.logins,
            "logouts": self.logouts,
            "restore_sessions": {r.id: self._restore_state(r) for r in self.engine.restore_sessions.values()},
            "switches": {k: list(v) if isinstance(v, tuple) else v for k, v in self.switches.items()},
        }

    @staticmethod
    def _session_state(session: Session, now: float) -> dict:
        return {
            "id": session.id,
            "status": session.status,
            "created": session.created,
            "ended": session.ended,
            "started_by": session.started_by,
            "full": session.full,
            "retry": session.retry,
            "will_retry": session.will_retry,
            "stopping": session.stop_at is not None,
            "done": session.done_at(now),
        }

    @staticmethod
    def _restore_state(restore: RestoreSession) -> dict:
        return {
            "type": restore.kind,
            "organization": restore.organization.name,
            "job": restore.job.id if restore.job else None,
            "account": restore.account,
            "created": restore.created,
            "ended": restore.ended,
            "point": restore.point,
            "stops": restore.stops,
            "show_deleted": restore.show_deleted,
            "show_all_versions": restore.show_all_versions,
        }

    # -- controls ------------------------------------------------------------------------------------------------
    def _turn(self, switch: str, value: Any) -> None:
        if switch not in DEFAULTS:
            raise ValueError(f"veeam_m365 has no switch {switch!r}; it has: {', '.join(DEFAULTS)}")
        if switch in CHOICES and value not in CHOICES[switch]:
            raise ValueError(f"{switch} must be one of: {', '.join(CHOICES[switch])}")
        if switch == "versions":
            value = tuple(str(word).lower() for word in value)
            if not set(value) <= set(DEFAULTS["versions"]):
                raise ValueError("versions must be among: v5, v6, v7, v8")
        self.switches[switch] = value

    def _job(self, job: str) -> Job:
        found = [j for j in self.engine.jobs.values() if job in (j.id, j.name)]
        if len(found) != 1:
            raise ValueError(f"{len(found)} jobs are called {job!r}")
        return found[0]

    def _active(self, job: str) -> Session:
        """The active run of a job, or the run with that id."""
        found = self.engine.sessions.get(job) or self._job(job).active
        if found is None or found.ended is not None:
            raise ValueError(f"nothing runs: {job!r}")
        return found

    def _forget_rows(self) -> None:
        e = self.engine
        for group in (e.jobs, e.sessions, e.restore_sessions, e.repositories, e.proxies, e.organizations):
            for record in group.values():
                record.rows.clear()
        for job in e.jobs.values():
            for point in job.points:
                point.rows.clear()
        e.revision += 1

    def control_set_switch(self, switch: str, value: Any) -> None:
        """Turn one switch of the class's table."""
        self._turn(switch, value)
        self._forget_rows()

    def control_load(self, jobs: int = 10000, sessions: int = 100000, days: float = 30, seed: int = 1) -> dict:
        """Add many jobs, and many finished sessions of the last ``days`` days."""
        estate.load(self.engine, self.clock.now(), jobs, sessions, days, seed)
        return {"jobs": len(self.engine.jobs), "sessions": len(self.engine.history)}

    def control_finish(self, job: str, status: str = "Success") -> str:
        """End an active run now, in the product's word. ``job``: id or name of the job, or id of the run."""
        session = self._active(job)
        self.engine.end(session, self.clock.now(), status)
        return session.id

    def control_stall(self, job: str) -> str:
        """An active run makes no more progress and never ends by itself."""
        session = self._active(job)
        session.stalled_at = self.clock.now()
        return session.id

    def control_continue(self, job: str) -> str:
        """A stalled run goes on where it stood."""
        session = self._active(job)
        if session.stalled_at is not None:
            now = self.clock.now()
            session.running_from += now - session.stalled_at
            session.stalled_at = None
            self.engine.at(session.running_from + session.seconds, self.engine.finish, session)
        return session.id

    def control_plan(self, job: str, runs: list) -> None:
        """What the next runs do: ``[{"outcome": "Failed", "seconds": 60, "objects": 9, "bytes": 1}]``."""
        self._job(job).planned = [dict(run) for run in runs]

    def control_start(self, job: str, full: bool = False) -> str:
        """Somebody else starts the job, at the console."""
        found = self._job(job)
        if found.active:
            raise ValueError("it is running")
        return self.engine.start(found, self.clock.now(), full, by="console").id

    def control_stop(self, job: str) -> bool:
        """Somebody else stops the job, at the console."""
        return self.engine.stop(self._job(job), self.clock.now())

    def control_enable(self, job: str, enabled: bool = True) -> None:
        """Somebody else enables the job, or with ``enabled`` false disables it."""
        self.engine.enable(self._job(job), self.clock.now(), enabled)

    def control_retries(self, job: str, number: int, wait_minutes: int = 10) -> None:
        found = self._job(job)
        found.policy = {
            **found.policy,
            "retryEnabled": number > 0,
            "retryNumber": number,
            "retryWaitInterval": wait_minutes,
        }
        found.touch()

    def control_set_status(self, job: str, status: str | None, session: bool = False) -> None:
        """Any word as ``lastStatus`` (one that no document knows, say); ``session``: also for the newest run."""
        found = self._job(job)
        found.last_status = status
        found.touch()
        if session and found.sessions and status is not None:
            found.sessions[-1].status = status
            found.sessions[-1].touch()
            self.engine.revision += 1

    def control_set_fields(self, job: str, fields: dict) -> None:
        """Force fields of the written job (or session, by its id): ``{"schedulePolicy": null}``; ``{}`` ends it."""
        record = self.engine.sessions.get(job) or self._job(job)
        record.fields = dict(fields)
        record.touch()

    def control_rename(self, job: str, name: str) -> None:
        found = self._job(job)
        found.name = name
        found.touch()

    def control_remove(self, job: str) -> None:
        """The job is deleted at the console; its history goes with it."""
        found = self._job(job)
        del self.engine.jobs[found.id]
        gone = {session.id for session in found.sessions}
        self.engine.history = [s for s in self.engine.history if s.id not in gone]
        for session_id in gone:
            self.engine.sessions.pop(session_id, None)
        self.engine.revision += 1

    def control_set_backup_range(self, organization: str, first: float | None, last: float | None) -> None:
        """First and last backup of an organization (id or name), seconds since the epoch."""
        for found in self.engine.organizations.values():
            if organization in (found.id, found.name):
                found.first_backup, found.last_backup = first, last
                return
        raise ValueError(f"no organization {organization!r}")

    def control_expire_access_tokens(self) -> None:
        """Access tokens are worthless, refresh tokens still work."""
        self.tokens.clear(access_only=True)

    def control_stop_restore_sessions(self) -> None:
        """Every open restore session ends, as the server does when they idle."""
        for restore in list(self.engine.open_restores):
            self.engine.stop_restore(restore, self.clock.now())
