# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's working part: schedules, runs, retries, stops, expiry of restore sessions, trimming of history."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from .records import Job, Organization, Point, Proxy, Repository, RestoreSession, Session, stable_id

ACTIVE = ("Running", "Queued", "Updating")
GOOD = ("Success", "Warning")
DAY = 86400.0
#: After a longer leap of the clock, older runs are not made up for.
CATCH_UP = 31 * DAY
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY = {
    **{f"Minutes{n}": n * 60 for n in (5, 10, 15, 30)},
    **{f"Hours{n}": n * 3600 for n in (1, 2, 4, 8, 12)},
}
DETAILS = {
    "Success": "Backup completed",
    "Warning": "Mailbox data of 1 object was processed with warnings",
    "Failed": "Failed to get items. The remote server returned an error: (503) Server Unavailable.",
    "Stopped": "Job was stopped by user",
}


def next_run(policy: dict, after: float) -> float | None:
    """When a schedule (``schedulePolicy`` of a job or copy job) strikes next; None for a job started by hand."""
    if policy.get("scheduleEnabled") is False:
        return None
    kind = policy.get("type")
    if kind == "Periodically":
        step = EVERY.get(policy.get("periodicallyEvery") or "Hours1", 3600)
        shift = (policy.get("periodicallyOffsetMinutes") or 0) * 60 % step
        return ((after - shift) // step + 1) * step + shift
    if kind in ("Daily", "DailyAtTime"):
        hour, minute, second = (int(part) for part in (policy.get("dailyTime") or "22:00:00").split(":"))
        today = datetime.fromtimestamp(after, timezone.utc).replace(
            hour=hour, minute=minute, second=second, microsecond=0
        )
        wanted = policy.get("dailyType") or "Everyday"
        for day in range(9):
            then = today + timedelta(days=day)
            name = DAYS[then.weekday()]
            fits = wanted in ("Everyday", name) or wanted == ("Weekends" if then.weekday() > 4 else "Workdays")
            if fits and then.timestamp() > after:
                return then.timestamp()
    return None


class Engine:
    """Holds the estate and moves it. ``switches`` is the product's own dict, so that a test can turn them."""

    def __init__(self, switches: dict) -> None:
        self.switches = switches
        self.organizations: dict[str, Organization] = {}
        self.repositories: dict[str, Repository] = {}
        self.proxies: dict[str, Proxy] = {}
        self.jobs: dict[str, Job] = {}
        self.sessions: dict[str, Session] = {}
        self.history: list[Session] = []  # shown sessions, oldest first
        self.restore_sessions: dict[str, RestoreSession] = {}
        self.open_restores: list[RestoreSession] = []
        self.revision = 0  # grows with every change of the list of sessions
        self._events: list[tuple] = []
        self._order = itertools.count()
        self._trimmed_at = 0.0

    # -- time ----------------------------------------------------------------------------------------------------
    def at(self, when: float, action: Callable, *arguments: object) -> None:
        heapq.heappush(self._events, (when, next(self._order), action, arguments))

    def progress(self, now: float) -> None:
        while self._events and self._events[0][0] <= now:
            when, _order, action, arguments = heapq.heappop(self._events)
            action(when, now, *arguments)
        idle = self.switches["restore_idle_minutes"] * 60
        for restore in [r for r in self.open_restores if now - r.used > idle]:
            self.stop_restore(restore, restore.used + idle)
        if self.switches["keep_weeks"] is not None and not 0 <= now - self._trimmed_at < 60:
            self._trimmed_at = now
            self.trim(now - self.switches["keep_weeks"] * 7 * DAY)

    def trim(self, before: float) -> None:
        """History settings, "keep only last N weeks": finished sessions that began before are forgotten."""
        old = [s for s in itertools.takewhile(lambda s: s.created < before, self.history) if s.ended is not None]
        if not old:
            return
        gone = {s.id for s in old}
        self.history = [s for s in self.history if s.id not in gone]
        for job in {s.job.id: s.job for s in old}.values():
            job.sessions = [s for s in job.sessions if s.id not in gone]
        for session_id in gone:
            self.sessions.pop(session_id, None)
        self.revision += 1

    # -- schedule ------------------------------------------------------------------------------------------------
    def schedule(self, job: Job, after: float) -> None:
        job.schedule_no += 1
        job.next_run = next_run(job.policy, after) if job.enabled else None
        if job.next_run is not None:
            self.at(job.next_run, self._due, job, job.schedule_no)

    def _due(self, when: float, now: float, job: Job, number: int) -> None:
        if number != job.schedule_no or not job.enabled or job.cannot_start or job.id not in self.jobs:
            return
        if when < now - CATCH_UP:
            self.schedule(job, now - CATCH_UP)
            job.touch()
            return
        if job.active is None:
            self.begin(job, when, "schedule")
        self.schedule(job, when)
        job.touch()

    # -- runs ----------------------------------------------------------------------------------------------------
    def begin(self, job: Job, when: float, by: str, full: bool = False, main: Session | None = None) -> Session:
        """Start a run. ``main``: the failed session that this one repeats."""
        job.runs += 1
        chance = random.Random(f"{job.id}/{job.runs}")
        plan = dict(job.planned.pop(0)) if job.planned else {}
        share = chance.uniform(0.85, 1.15)
        session = Session(
            id=stable_id("session", job.id, job.runs),
            job=job,
            created=when + chance.random() / 1000,
            running_from=when + self.switches["queue_seconds"],
            status="Queued" if self.switches["queue_seconds"] else "Running",
            seconds=float(plan.get("seconds", job.seconds * share)),
            outcome=plan.get("outcome", "Success"),
            objects=int(plan.get("objects", job.objects)),
            bytes=int(plan.get("bytes", job.bytes * share)),
            details=plan.get("details"),
            full=full or job.runs == 1,
            started_by=by,
            shown=False,
            retry=main.retry + 1 if main else 0,
            main=(main.main or main.id) if main else None,
        )
        job.active, job.waiting_retry = session, None
        self.sessions[session.id] = session
        if self.switches["appear_seconds"]:
            self.at(when + self.switches["appear_seconds"], self.appear, session)
        else:
            self.appear(when, when, session)
        if session.status == "Queued":
            self.at(session.running_from, self.run, session)
        self.at(session.running_from + session.seconds, self.finish, session)
        return session

    def appear(self, _when: float, _now: float, session: Session) -> None:
        if session.shown or session.id not in self.sessions:
            return
        session.shown = True
        self.record(session)
        session.job.last_status, session.job.last_run = session.status, session.created
        session.job.touch()

    def record(self, session: Session) -> None:
        """Into the lists, which stay in order of creation."""
        for rows in (self.history, session.job.sessions):
            place = len(rows)  # nearly always the end
            while place and rows[place - 1].created > session.created:
                place -= 1
            rows.insert(place, session)
        self.revision += 1

    def run(self, _when: float, _now: float, session: Session) -> None:
        if session.ended is None:
            session.status = "Running"
            session.touch()
            if session.shown:
                session.job.last_status = "Running"
                session.job.touch()
            self.revision += 1

    def finish(self, when: float, _now: float, session: Session) -> None:
        # A stalled run, or one that was given another duration, has another event (or none).
        if (
            session.id in self.sessions
            and session.stalled_at is None
            and abs(session.running_from + session.seconds - when) < 0.001
        ):
            self.end(session, when, session.outcome)

    def end(self, session: Session, when: float, status: str) -> None:
        if session.ended is not None:
            return
        job = session.job
        self.appear(when, when, session)
        whole = status in GOOD
        retries = job.policy.get("retryNumber") or 0 if job.policy.get("retryEnabled") else 0
        session.processed = session.objects if whole else int(session.objects * session.done_at(when))
        session.ended, session.status, session.stop_at = max(when, session.created), status, None
        session.details = session.details or DETAILS.get(status)
        session.will_retry = False
        if job.active is session:
            job.active = None
        job.last_status, job.last_run = status, session.created
        if whole:
            self.back_up(job, session.ended, session.id)
        elif status == "Failed" and job.id in self.jobs and session.retry < retries:
            session.will_retry, job.waiting_retry = True, session
            self.at(session.ended + (job.policy.get("retryWaitInterval") or 0) * 60, self.retry, session)
        session.touch()
        job.touch()
        self.revision += 1
        twin = job.copy
        if whole and twin and twin.enabled and twin.active is None and twin.policy.get("type") == "Immediate":
            self.begin(twin, session.ended, "schedule")

    def back_up(self, job: Job, when: float, name: str) -> None:
        job.last_backup = when
        job.points.append(Point(stable_id("point", name), when, job))
        organization = job.organization
        organization.first_backup = when if organization.first_backup is None else min(organization.first_backup, when)
        organization.last_backup = when if organization.last_backup is None else max(organization.last_backup, when)
        organization.rows.clear()

    def retry(self, when: float, _now: float, failed: Session) -> None:
        job = failed.job
        if job.waiting_retry is failed and job.active is None and job.enabled and job.id in self.jobs:
            self.begin(job, when, "retry", main=failed)

    def cancel_retry(self, job: Job) -> bool:
        waiting, job.waiting_retry = job.waiting_retry, None
        if waiting is None:
            return False
        waiting.will_retry = False
        waiting.touch()
        self.revision += 1
        return True

    # -- what a user does ----------------------------------------------------------------------------------------
    def start(self, job: Job, now: float, full: bool = False, by: str = "user") -> Session:
        self.cancel_retry(job)
        return self.begin(job, now, by, full)

    def stop(self, job: Job, now: float) -> bool:
        """Ask the run to stop; it stops some seconds later. False: there was nothing to stop."""
        session = job.active
        if session is None:
            return self.cancel_retry(job)
        if session.stop_at is None:
            session.stop_at = now + self.switches["stop_seconds"]
            if self.switches["stop_seconds"]:
                self.at(session.stop_at, lambda when, _now: self.end(session, when, "Stopped"))
            else:
                self.end(session, now, "Stopped")
        return True

    def enable(self, job: Job, now: float, enabled: bool) -> None:
        job.enabled = enabled
        if not enabled:
            self.cancel_retry(job)
        if enabled != (job.next_run is not None) or not enabled:
            self.schedule(job, now)
        job.touch()

    # -- restore sessions ----------------------------------------------------------------------------------------
    def stop_restore(self, restore: RestoreSession, when: float) -> None:
        restore.ended = when
        restore.touch()
        self.open_restores = [r for r in self.open_restores if r is not restore]
