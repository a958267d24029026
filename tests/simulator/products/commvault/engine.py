# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How runs move: starting, suspending, ending, ageing. Every change goes through here."""

from __future__ import annotations

import heapq

from .estate import ANOTHER_RUNS, Estate
from .models import ALL_ACTIVITY, BACKUP, FULLS, RESTORE, WITH_DATA, Client, Run, Subclient

#: Statuses that each action accepts; the product's own matrix is not published, this is the working rule.
PAUSE_FROM = ("running", "waiting", "pending", "queued", "running (cannot be verified)")
RESUME_FROM = ("suspended", "pending")


class Engine:
    def __init__(self, estate: Estate, run_seconds: float, action_seconds: float, conflict: str) -> None:
        self.estate = estate
        self.run_seconds = run_seconds
        self.action_seconds = action_seconds
        self.conflict = conflict
        self._due: list[tuple[float, int, int, int]] = []  # when, order, run id, the run's event
        self._ages: list[tuple[float, int]] = []
        self._order = 0
        self.watch()

    def watch(self) -> None:
        """Take up the runs that the estate came with."""
        for run in self.estate.runs.active.values():
            if run.since is not None and not run.stalled and run.due_at is None:
                self._schedule(run, run.since + max(1.0, run.duration - run.worked), "end")
            elif run.status == "Waiting" and not run.stalled and run.due_at is None:
                self._schedule(run, self.estate.start + 30, "run")
        self._ages = []
        for run in self.estate.runs.by_id.values():
            if run.end and not run.aged:
                until = self.estate.aged_at(run)
                if until is not None:
                    self._ages.append((until, run.id))
        heapq.heapify(self._ages)

    # -- the present ---------------------------------------------------------------------------------------------
    def progress(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            when, _order, run_id, event = heapq.heappop(self._due)
            run = self.estate.runs.by_id.get(run_id)
            if run is not None and run.event == event and run.active:
                self._happen(run, when)
        while self._ages and self._ages[0][0] <= now:
            self.age(self.estate.runs.by_id.get(heapq.heappop(self._ages)[1]), now)
        self._enable_again(now)

    def _enable_again(self, now: float) -> None:
        for key in [key for key, value in self.estate.disabled.items() if value.get("at") and value["at"] <= now]:
            del self.estate.disabled[key]

    def _schedule(self, run: Run, when: float | None, what: str) -> None:
        run.event += 1
        run.due_at, run.due = when, what
        if when is not None:
            self._order += 1
            heapq.heappush(self._due, (when, self._order, run.id, run.event))

    def _happen(self, run: Run, when: float) -> None:
        what, run.due_at = run.due, None
        if what == "run":
            self._set(run, "Running", when)
            run.phase, run.reason, run.reason_code, run.since = "Backup", "", "", when
            if not run.stalled:
                self._schedule(run, when + max(0.0, run.duration - run.worked), "end")
        elif what == "suspended":
            self._set(run, "Suspended", when)
            if run.auto_resume:
                seconds, run.auto_resume = run.auto_resume, 0
                self._schedule(run, when + seconds, "resume")
        elif what == "resume":
            self._set(run, "Waiting", when)
            self._schedule(run, when + 1, "run")
        elif what == "killed":
            self.end(run, when, "Killed")
        elif what == "conflict":
            run.start = int(when)
            subclient = run.subclient
            if subclient is not None:
                run.reason = ANOTHER_RUNS.format(
                    client=run.client_name,
                    agent=subclient.agent,
                    backupset=subclient.backupset,
                    subclient=subclient.name,
                )
            self.end(run, when, "Failed to Start")
        elif what == "queue":
            others = [r for r in self.estate.runs.active.values() if r.subclient is run.subclient and r.id < run.id]
            if others:
                self._schedule(run, when + 5, "queue")
            else:
                self._set(run, "Waiting", when)
                self._schedule(run, when + 1, "run")
        else:
            self.end(run, when, run.outcome)

    def _set(self, run: Run, status: str, now: float) -> None:
        run.status, run.verbatim, run.cached, run.touched = status, None, None, True
        run.last_update = int(now)

    def _stop_work(self, run: Run, now: float) -> None:
        if run.since is not None:
            run.worked += max(0.0, now - run.since)
            run.since = None

    def end(self, run: Run, now: float, status: str) -> None:
        self._stop_work(run, now)
        self._set(run, status, now)
        self._schedule(run, None, "")
        run.end, run.phase, run.percent = max(int(now), run.start), "", 100
        if status in WITH_DATA and run.kind == "Backup":
            self.estate.chain(run)
            until = self.estate.aged_at(run)
            if until is not None:
                heapq.heappush(self._ages, (until, run.id))
            for copy in run.policy.copies if run.policy else ():
                copy.forget_rows(run)
        elif run.kind == "Backup":
            run.size = run.media = run.files = 0
        self.estate.runs.finish(run)

    def age(self, run: Run | None, now: float) -> None:
        """Set ``isAged`` of the whole job: aged on every copy that has it."""
        if run is None or run.policy is None or not run.end:
            return
        copies = [copy for copy in run.policy.copies if copy.holds(run)]
        aged = bool(copies) and all(copy.is_aged(run, now) for copy in copies)
        if aged != run.aged:
            run.aged, run.cached = aged, None
            self.estate.runs.changed()
        if not aged and copies:
            # A hold, or a younger incremental, keeps it: look again when that is over.
            times = [copy.keep_until(run) for copy in copies]
            held = [copy.states[run.id].held_until for copy in copies if copy.is_held(copy.states.get(run.id), now)]
            if None not in held:
                later = max(times + [time for time in held if time is not None])
                if later > now:
                    heapq.heappush(self._ages, (later, run.id))

    # -- starting ------------------------------------------------------------------------------------------------
    def refusal(self, subclient: Subclient, activity: int = BACKUP) -> str:
        """Why the activity is off for the subclient; empty when it is on at every level."""
        client = subclient.client
        levels = [
            ("subclient", subclient.id, f"subclient [{subclient.name}]"),
            ("instance", subclient.instance_id, f"instance [{subclient.instance}]"),
            ("agent", client.id * 1000 + subclient.agent_id, f"agent [{subclient.agent}]"),
        ]
        for kind, number, words in levels + _upper_levels(client):
            for one in (activity, ALL_ACTIVITY):
                if not self.estate.is_enabled(kind, number, one):
                    what = "restore" if activity == RESTORE else "backup"
                    return f"Data {what} activity is disabled for {words}."
        return ""

    def start(self, subclient: Subclient, level: str, now: float, user: str, kind: str = "Backup", op: int = 4) -> Run:
        run = Run(self.estate.job_id(), kind, op, "Waiting", now, self.run_seconds).of(subclient)
        if kind == "Backup":
            # A first backup is always a full one.
            has_full = subclient.full is not None
            run.level = level if has_full or level in FULLS else "Full"
            run.size = (400 if run.level in FULLS else 15) * 10**9
            run.media, run.files = run.size // 3, run.size // 250_000
        run.user, run.how, run.phase, run.touched = user, "Interactive", "Scan", True
        run.api_started = 1
        busy = kind == "Backup" and any(
            other.subclient is subclient and other.kind == "Backup" for other in self.estate.runs.active.values()
        )
        subclient.runs.append(run)
        subclient.client.runs.append(run)
        self.estate.runs.add([run])
        if busy and self.conflict == "queue":
            run.status = "Queued"
            self._schedule(run, now + 5, "queue")
        elif busy:
            self._schedule(run, now + 1, "conflict")
        else:
            self._schedule(run, now + 2, "run")
        return run

    # -- actions: each returns the refusal's text, empty when accepted ---------------------------------------------
    def pause(self, run: Run, now: float, user: str, auto_resume: int = 0) -> str:
        if run.status.lower() not in PAUSE_FROM:
            return f"Job [{run.id}] cannot be suspended: its status is [{run.status}]."
        if not run.preemptable:
            return f"Job [{run.id}] cannot be suspended in its current phase [{run.phase}]."
        self._stop_work(run, now)
        self._set(run, "Suspend Pending", now)
        run.reason = f"Backup job has been suspended by user {user}.<br>Source: {run.client_name}, Process: JobManager"
        run.reason_code, run.auto_resume, run.pauses = "19:1326", auto_resume, run.pauses + 1
        self._schedule(run, now + self.action_seconds, "suspended")
        return ""

    def resume(self, run: Run, now: float, user: str) -> str:
        if run.status.lower() not in RESUME_FROM:
            return f"Job [{run.id}] cannot be resumed: its status is [{run.status}]."
        off = self.refusal(run.subclient) if run.subclient is not None else ""
        if off:
            return f"Job [{run.id}] cannot be resumed: {off}"
        self._set(run, "Waiting", now)
        run.resumes += 1
        run.stalled = run.stalled and not run.duration
        self._schedule(run, now + self.action_seconds, "run")
        return ""

    def kill(self, run: Run, now: float, user: str) -> str:
        if not run.active:
            return f"Job [{run.id}] cannot be killed: it has finished with status [{run.status}]."
        if run.status == "Kill Pending" and run.stops:
            return f"Job [{run.id}] is already being killed."
        self._stop_work(run, now)
        self._set(run, "Kill Pending", now)
        run.reason = f"Killed by {user}.<br>Source: {run.client_name}, Process: JobManager"
        run.reason_code, run.stops = "19:1327", run.stops + 1
        self._schedule(run, now + self.action_seconds, "killed")
        return ""

    # -- a test's hand ---------------------------------------------------------------------------------------------
    def stall(self, run: Run, now: float, stalled: bool = True) -> None:
        """Stop the work without a word (or let it go on)."""
        run.stalled = stalled
        if stalled:
            self._stop_work(run, now)
            self._schedule(run, None, "")
        elif run.status == "Running":
            run.since = now
            self._schedule(run, now + max(0.0, run.duration - run.worked), "end")
        else:
            self._schedule(run, now + 1, "run")

    def set_status(self, run: Run, status: str, now: float) -> None:
        self._stop_work(run, now)
        self._set(run, status, now)
        self._schedule(run, None, "")
        run.stalled = True


def _upper_levels(client: Client) -> list[tuple[str, int, str]]:
    return (
        [("client", client.id, f"client [{client.name}]")]
        + [("group", group, "the client's group") for group in client.groups]
        + [("commcell", 2, "the CommCell")]
    )
