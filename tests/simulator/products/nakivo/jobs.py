# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Director keeps: jobs, the machines in them, their runs, groups, repositories, backup objects, tenants."""

from __future__ import annotations

import math
import random
import uuid
from collections import deque
from typing import Any

from .schedules import COMPUTED, next_run

#: Types whose good run leaves a recovery point.
MAKES_SAVEPOINTS = ("BACKUP", "BACKUP_COPY", "REPLICATION", "FILE_LEVEL")
#: Keys of a JobDto that have a place of their own in Job; all others are kept as they came.
DTO_PARTS = (
    "id",
    "lockUuid",
    "isEditRunningJob",
    "name",
    "type",
    "hvType",
    "groupId",
    "options",
    "schedules",
    "objects",
)
#: How many parts of a run are worked on side by side.
LANES = 4


class Machine:
    """One object of a job: a VM, an instance, a host, a share. ``settings`` is its part of the JobDto."""

    __slots__ = ("id", "last", "name", "power", "settings", "size", "sub_type")

    def __init__(
        self, number: int, settings: dict[str, Any], name: str, sub_type: str, size: int, power: str = "ON"
    ) -> None:
        self.id = number
        self.settings = settings
        self.name = name
        self.sub_type = sub_type
        self.size = size
        self.power = power
        #: (state, bytes, duration in ms) of the last run, None before the first.
        self.last: tuple[str, int, int] | None = None


class Part:
    """A machine's share of a run: when it begins and ends (seconds into the run) and how it will turn out."""

    __slots__ = ("begin", "end", "machine", "moved", "outcome")

    def __init__(self, machine: Machine, begin: float, end: float, outcome: str, moved: int) -> None:
        self.machine, self.begin, self.end, self.outcome, self.moved = machine, begin, end, outcome, moved


class Run:
    """One execution. ``state`` is the word that ``lrState`` will show; times are epochs."""

    __slots__ = ("adhoc", "finished", "id", "parts", "seconds", "stalled_at", "started", "state", "stopping")

    def __init__(self, number: int, started: float, seconds: float, adhoc: bool, parts: list[Part], state: str) -> None:
        self.id = number
        self.started = started
        self.seconds = seconds
        self.adhoc = adhoc
        self.parts = parts
        self.state = state
        self.finished: float | None = None
        self.stalled_at: float | None = None
        self.stopping = False

    @property
    def due(self) -> float:
        return math.inf if self.stalled_at is not None else self.started + self.seconds

    def elapsed(self, now: float) -> float:
        return max(0.0, (now if self.stalled_at is None else min(now, self.stalled_at)) - self.started)

    def part_state(self, part: Part, now: float) -> str:
        if self.finished is not None:
            return part.outcome
        elapsed = self.elapsed(now)
        # The last part stays RUNNING until the run itself ends.
        if elapsed >= part.end and part.end < self.seconds:
            return part.outcome
        return "RUNNING" if elapsed >= part.begin else "WAITING"

    def part_bytes(self, part: Part, now: float) -> int:
        if self.finished is not None:
            return part.moved
        share = (self.elapsed(now) - part.begin) / max(part.end - part.begin, 0.001)
        return int(part.moved * min(max(share, 0.0), 1.0))

    def count(self, word: str, now: float) -> int:
        return sum(self.part_state(part, now) == word for part in self.parts)


class Job:
    """A job. ``dto`` and ``replace`` convert from and to the JobDto of getJobForEditing and saveJob."""

    __slots__ = (
        "added",
        "edition",
        "enabled",
        "extra",
        "group",
        "history",
        "hv",
        "id",
        "last",
        "like",
        "lock",
        "machines",
        "name",
        "next_time",
        "options",
        "pending",
        "plan",
        "row",
        "run",
        "saves",
        "scheduled_starts",
        "schedules",
        "start_requests",
        "starts",
        "stops",
        "stuck_next",
        "type",
        "updated",
        "words",
    )  # fmt: skip

    def __init__(self, number: int, name: str, kind: str, hv: str, added: float) -> None:
        self.id, self.name, self.type, self.hv = number, name, kind, hv
        self.group: int | None = None
        self.options: Any = {}  # None when saveJob left them out
        self.schedules: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}
        self.machines: list[Machine] = []
        self.enabled = True
        self.added = self.updated = added
        self.run: Run | None = None
        self.pending = False
        self.last: Run | None = None
        self.history: deque[Run] = deque(maxlen=60)
        self.lock: tuple[str, str, float] | None = None  # uuid, user, end
        self.words: dict[str, Any] = {}
        self.stuck_next: float | None = None
        self.plan: dict[str, Any] = {}
        self.starts = self.scheduled_starts = self.start_requests = self.stops = self.saves = 0
        self.edition = 0
        self.row: tuple[int, list[str], list[float]] | None = None
        #: Shared by jobs of a load test that differ in ids and names only (see job_info.encoded_job_info).
        self.like: dict[int, tuple[list[str], list[float]]] | None = None
        self.next_time: float | None = None

    @property
    def vid(self) -> str:
        return f"JOB-{self.id}"

    def changed(self) -> None:
        """Forget how the job was shown."""
        self.row = self.like = None

    def locked(self, now: float) -> bool:
        return self.lock is not None and self.lock[2] > now

    def waits_for_schedule(self) -> bool:
        return self.enabled and any(row.get("enabled") and row.get("type") != "NONE" for row in self.schedules)

    def next_of(self, row: dict[str, Any], now: float) -> float | None:
        if self.stuck_next is not None and row.get("enabled"):
            return self.stuck_next
        return next_run(row, now) if self.enabled else None

    def dto(self, tenant: Tenant, now: float, date: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "lockUuid": None,
            "isEditRunningJob": self.run is not None,
            "name": self.name,
            "hvType": self.hv,
            "type": self.type,
            "groupId": self.group,
            "schedules": [show_schedule(self, row, tenant, now, date) for row in self.schedules],
            "options": self.options,
            "objects": [{**machine.settings, "id": machine.id} for machine in self.machines],
            **self.extra,
        }

    def replace(self, dto: dict[str, Any], tenant: Tenant, now: float) -> None:
        """What saveJob does: the sent DTO becomes the job; what it leaves out is gone."""
        self.name, self.type, self.hv = dto["name"], dto["type"], dto["hvType"]
        self.group = dto.get("groupId")
        self.options = dto.get("options")
        self.schedules = [
            {key: value for key, value in row.items() if key not in COMPUTED} for row in dto.get("schedules") or []
        ]
        self.extra = {key: value for key, value in dto.items() if key not in DTO_PARTS}
        known = {machine.settings.get("sourceVid"): machine for machine in self.machines}
        self.machines = []
        for settings in dto.get("objects") or []:
            settings = {key: value for key, value in settings.items() if key != "id"}
            machine = known.get(settings.get("sourceVid")) or tenant.machine_for(settings)
            machine.settings = settings
            self.machines.append(machine)
        self.updated = now
        self.edition += 1
        self.stuck_next = None
        self.changed()


class Tenant:
    """A Director's own world, or that of one tenant: nothing in it is seen from another. Ids are counted in each."""

    def __init__(self, number: int | None, name: str, identity: str | None, seed: int) -> None:
        self.id, self.name, self.uuid = number, name, identity
        self.enabled = True
        self.random = random.Random(seed)
        self.jobs: dict[int, Job] = {}
        self.groups: dict[int, dict[str, Any]] = {}
        self.repositories: dict[int, dict[str, Any]] = {}
        self.sources: dict[str, tuple[str, str, int]] = {}  # vid: name, sub type, size
        self.backup_objects: dict[str, dict[str, Any]] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=20000)
        #: Ids of jobs that another job's end may start.
        self.triggered: set[int] = set()
        self.cache: dict[Any, Any] = {}
        self._numbers: dict[str, int] = {}

    def number(self, kind: str, above: int = 0) -> int:
        self._numbers[kind] = max(self._numbers.get(kind, 0), above) + 1
        return self._numbers[kind]

    def touch(self, job: Job | None = None) -> None:
        if job is not None:
            job.changed()
        self.cache.clear()

    def machine_for(self, settings: dict[str, Any]) -> Machine:
        vid = settings.get("sourceVid")
        name, sub_type, size = self.sources.get(str(vid), (settings.get("targetName") or vid or "?", "VM", 40 << 30))
        return Machine(self.number("JOB_OBJECT"), settings, name, sub_type, size)

    def event(self, when: float, kind: str, severity: str, job: Job, text: str) -> None:
        self.events.append(
            {
                "id": self.number("EVENT"),
                "type": kind,
                "severity": severity,
                "added": when,
                "itemVid": job.vid,
                "itemName": job.name,
                "message": text,
            }
        )

    def make_run(self, job: Job, when: float, seconds: float, adhoc: bool, sources: Any = None) -> Run:
        """A run with its outcome laid down beforehand by ``job.plan`` (state, failed, stopped, skipped, seconds)."""
        plan, job.plan = job.plan, {}
        chosen = [m for m in job.machines if sources is None or m.settings.get("sourceVid") in sources]
        seconds = float(plan.get("seconds") or seconds)
        rounds = max(1, math.ceil(len(chosen) / LANES))
        state = plan.get("state") or ("OK" if chosen else "FAILED")
        words = outcomes(
            len(chosen), state, plan.get("ok"), plan.get("failed"), plan.get("stopped"), plan.get("skipped")
        )
        if not words or ("FAILED" in words and "state" not in plan):
            state = "FAILED"
        parts = []
        for index, machine in enumerate(chosen):
            turn = index // LANES
            full = machine.last is None
            moved = int(machine.size * (0.6 if full else 0.01 + 0.03 * self.random.random()))
            if words[index] in ("FAILED", "STOPPED"):
                moved //= 3
            elif words[index] == "SKIPPED":
                moved = 0
            parts.append(Part(machine, seconds * turn / rounds, seconds * (turn + 1) / rounds, words[index], moved))
        return Run(self.number("EXECUTION"), when, seconds, adhoc, parts, state)

    def end_run(self, job: Job, run: Run, when: float) -> None:
        """Put a finished run behind the job: last run, history, recovery points, an event."""
        run.finished = max(when, run.started)
        for part in run.parts:
            duration = int(max(min(part.end, run.finished - run.started) - part.begin, 0) * 1000)
            full = part.machine.last is None
            part.machine.last = (part.outcome, part.moved, duration)
            if part.outcome == "SUCCEEDED" and job.type in MAKES_SAVEPOINTS:
                self.add_savepoint(job, part.machine, run.finished, part.moved, full)
        job.last, job.run = run, None
        job.history.append(run)
        good = run.state == "OK"
        self.event(run.finished, "JOB_RUN", "INFO" if good else "ERROR", job, f'The "{job.name}" job: {run.state}.')
        self.touch(job)

    def add_savepoint(self, job: Job, machine: Machine, when: float, size: int, full: bool) -> None:
        kept = self.backup_object(job, machine)
        number = self.number("SAVEPOINT", above=100)
        kept["savepoints"].append(
            {
                "id": number,
                "vid": f"SAVEPOINT-{number}",
                "uuid": str(uuid.UUID(int=self.random.getrandbits(128))),
                "added": when,
                "type": "FULL" if full or not kept["savepoints"] else "INCREMENTAL",
                "consumed": size * 6 // 10,
                "checkState": "NEUTRAL",
                "accessible": True,
            }
        )
        del kept["savepoints"][:-30]

    def backup_object(self, job: Job, machine: Machine) -> dict[str, Any]:
        """The backup object of a machine; the first good run makes it and writes its VID into the job."""
        vid = machine.settings.get("targetVid")
        if vid not in self.backup_objects:
            if not vid:
                vid = f"BACKUP_OBJECT-{self.number('BACKUP_OBJECT')}"
                machine.settings = {**machine.settings, "targetVid": vid}
            storage = str(machine.settings.get("targetStorageVid") or "BACKUP_REPOSITORY-1")
            self.backup_objects[vid] = {
                "id": int(vid.rsplit("-", 1)[1]),
                "vid": vid,
                "name": machine.name,
                "hvType": job.hv,
                "sourceVid": machine.settings.get("sourceVid"),
                "jobId": job.id,
                "backupRepositoryId": int(storage.rsplit("-", 1)[1]) if storage.startswith("BACKUP_REP") else 1,
                "savepoints": [],
            }
        return self.backup_objects[vid]


def outcomes(
    count: int, state: str, ok: Any = None, failed: Any = None, stopped: Any = None, skipped: Any = None
) -> list[str]:
    """The objects' own words for a run of ``count`` parts whose job ends with ``state``."""
    failed = (count - (ok or 0) if state == "FAILED" else 0) if failed is None else failed
    stopped = (count - (ok or 0) if state == "STOPPED" else 0) if stopped is None else stopped
    odd = ["SKIPPED"] * (skipped or 0) + ["STOPPED"] * stopped + ["FAILED"] * failed
    good = max(0, count - len(odd))
    return (["SUCCEEDED"] * good + odd)[:count]


def show_schedule(job: Job, row: dict[str, Any], tenant: Tenant, now: float, date: Any) -> dict[str, Any]:
    """A schedule as replies show it: with the computed fields."""
    moment = job.next_of(row, now)
    trigger = str(row.get("triggerItem") or "")
    source = tenant.jobs.get(int(trigger[4:])) if trigger.startswith("JOB-") and trigger[4:].isdigit() else None
    return {
        **row,
        "nextRun": date(moment),
        "nextRunRelative": None if moment is None else int((moment - now) * 1000),
        "triggerItemName": source.name if source else None,
        "triggerItemTypeName": source.type if source else None,
    }
