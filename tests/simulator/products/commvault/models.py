# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a CommCell holds: clients, subclients, storage policies with copies, and runs (Commvault's "jobs")."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

DAY = 86400

#: Statuses of a run that is still under way, and of one that is over (vendor page "GET Job", and clients' code).
ACTIVE = (
    "Running", "Waiting", "Pending", "Queued", "Suspended", "Suspend Pending", "Kill Pending", "Interrupt Pending",
    "Interrupted", "Running (cannot be verified)", "Abnormal Terminated Cleanup",
)  # fmt: skip
FINISHED = (
    "Completed", "Completed w/ one or more errors", "Completed w/ one or more warnings", "Committed", "Failed",
    "Failed to Start", "Killed", "No Run",
)  # fmt: skip
#: Only these leave data on a copy.
WITH_DATA = FINISHED[:4]

LEVELS = {"Full": 1, "Incremental": 2, "Differential": 4, "Synthetic Full": 64, "Transaction Log": 2}
FULLS = ("Full", "Synthetic Full")

#: Activity types of activity control: backup, restore, auxiliary copy, aging, everything, scheduler, ...
BACKUP, RESTORE, AUX_COPY, AGING, ALL_ACTIVITY, SCHEDULER = 1, 2, 4, 16, 128, 256
ACTIVITIES = (ALL_ACTIVITY, BACKUP, RESTORE, AGING, AUX_COPY, 8192, 512, SCHEDULER, 1024)


@dataclass
class Client:
    id: int
    name: str
    host: str
    os: str = "Windows"
    groups: list[int] = field(default_factory=list)
    hidden: bool = False
    pseudo: bool = False
    runs: list[Run] = field(default_factory=list)
    subclients: list[Subclient] = field(default_factory=list)

    def entity(self) -> dict:
        return {
            "clientId": self.id,
            "clientName": self.name,
            "hostName": self.host,
            "displayName": self.name,
            "clientGUID": f"0c0ffee0-0000-4000-8000-{self.id:012d}",
            "entityInfo": {"companyId": 0, "companyName": "Commcell"},
        }


@dataclass
class Subclient:
    id: int
    name: str
    client: Client
    agent: str
    agent_id: int
    backupset: str
    backupset_id: int
    instance: str
    instance_id: int
    policy: Policy
    default: bool = False
    re_enable: dict = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    full: Run | None = None
    static: bytes | None = None

    def entity(self) -> dict:
        return {
            "clientId": self.client.id,
            "clientName": self.client.name,
            "displayName": self.client.name,
            "appName": self.agent,
            "applicationId": self.agent_id,
            "instanceId": self.instance_id,
            "instanceName": self.instance,
            "backupsetId": self.backupset_id,
            "backupsetName": self.backupset,
            "subclientId": self.id,
            "subclientName": self.name,
            "commCellName": "cs01",
        }


@dataclass
class Policy:
    id: int
    name: str
    plan_id: int
    copies: list[Copy] = field(default_factory=list)


@dataclass
class CopyState:
    """What people did to one run on one copy; a run without one follows the copy's rules."""

    deleted: bool = False
    held: bool = False
    held_until: int | None = None  # None while held: for good
    held_by: str = ""
    held_why: str = ""
    disallowed: bool = False
    copied_at: float | None = None
    partial: bool = False


@dataclass
class Copy:
    """A storage policy copy = a plan's backup destination. ``lag``: seconds until a run's data has arrived there."""

    id: int
    name: str
    policy: Policy
    precedence: int
    days: int
    lag: int = 0
    selective: bool = False
    worm: bool = False
    extended_days: int = 0
    states: dict[int, CopyState] = field(default_factory=dict)
    #: Encoded rows of the list of jobs on this copy: run id -> (good until, text).
    rows: dict[int, tuple[float, bytes]] = field(default_factory=dict)

    @property
    def primary(self) -> bool:
        return self.precedence == 1

    def holds(self, run: Run) -> bool:
        """Whether the run has, had or will have data here."""
        return (
            run.policy is self.policy
            and run.kind == "Backup"
            and run.status in WITH_DATA
            and (not self.selective or run.level in FULLS)
        )

    def keep_until(self, run: Run) -> float:
        """A full is kept as long as the last incremental that needs it."""
        basic = max(run.end, run.keep_end) + self.days * DAY
        return max(basic, run.end + self.extended_days * DAY) if self.extended(run) else basic

    def extended(self, run: Run) -> bool:
        return bool(self.extended_days) and run.level == "Full" and run.id % 4 == 0

    def copied_at(self, run: Run, state: CopyState | None) -> float:
        return run.end + self.lag if state is None or state.copied_at is None else state.copied_at

    def is_held(self, state: CopyState | None, now: float) -> bool:
        return state is not None and state.held and (state.held_until is None or state.held_until > now)

    def is_aged(self, run: Run, now: float) -> bool:
        state = self.states.get(run.id)
        if state is not None and state.deleted:
            return True
        return not self.is_held(state, now) and self.keep_until(run) <= now

    def state(self, run: Run) -> CopyState:
        return self.states.setdefault(run.id, CopyState())

    def forget_rows(self, run: Run) -> None:
        """A change to one run shows in the rows of its whole chain."""
        # An internal child of a virtual machine job is none of its subclient's runs.
        for one in (run, *(run.subclient.runs if run.subclient else ())):
            self.rows.pop(one.id, None)


class Run:
    """One job. ``verbatim`` holds the attributes of a vendor page's sample until something happens to the run."""

    __slots__ = (
        "aged",
        "api_started",
        "archiver",
        "auto_resume",
        "bare",
        "base",
        "cached",
        "client_id",
        "client_name",
        "dependents",
        "due",
        "due_at",
        "duration",
        "end",
        "event",
        "failed_files",
        "failed_folders",
        "files",
        "how",
        "id",
        "keep_end",
        "kind",
        "last_update",
        "level",
        "media",
        "op",
        "operation",
        "outcome",
        "parent",
        "pauses",
        "percent",
        "phase",
        "policy",
        "preemptable",
        "reason",
        "reason_code",
        "restore",
        "resumes",
        "since",
        "size",
        "stalled",
        "start",
        "status",
        "stops",
        "subclient",
        "touched",
        "user",
        "verbatim",
        "visible",
        "worked",
    )  # fmt: skip

    def __init__(self, id: int, kind: str, op: int, status: str, start: float, duration: float) -> None:
        self.id = id
        self.kind = self.operation = kind
        self.op = op
        self.level = ""
        self.status = status
        self.start = int(start)
        self.end = 0
        self.subclient: Subclient | None = None
        self.client_id = 0
        self.client_name = ""
        self.policy: Policy | None = None
        self.percent: float = 0
        self.worked: float = 0
        self.since: float | None = None
        self.duration = duration
        self.outcome = "Completed"
        self.stalled = False
        self.reason = ""
        self.reason_code = ""
        self.size = 0
        self.media = 0
        self.files = 0
        self.failed_files = 0
        self.failed_folders = 0
        self.user = "admin"
        self.how = "Scheduled"
        self.aged = False
        self.visible = True
        self.preemptable = True
        self.phase = ""
        self.event = 0
        self.due_at: float | None = None
        self.due = ""
        self.api_started = self.stops = self.pauses = self.resumes = 0
        self.verbatim: dict | None = None
        self.cached: bytes | None = None
        self.last_update = int(start)
        self.base: Run | None = None
        self.dependents: list[int] = []
        self.keep_end = 0
        self.parent = 0
        self.archiver = False
        self.touched = False
        self.restore: dict | None = None
        self.auto_resume = 0
        self.bare = False

    @property
    def active(self) -> bool:
        return self.end == 0

    def of(self, subclient: Subclient) -> Run:
        """Tie the run to a subclient (without entering it into any list)."""
        self.subclient = subclient
        self.client_id, self.client_name = subclient.client.id, subclient.client.name
        self.policy = subclient.policy
        return self

    def progress(self, now: float) -> int:
        """Percent done. A finished run says 100 whatever became of it, as the vendor's samples do."""
        if not self.active:
            return 100
        worked = self.worked + (max(0.0, now - self.since) if self.since is not None else 0.0)
        return min(99, int(100 * worked / self.duration)) if self.duration else int(self.percent)

    def required_by(self) -> list[int]:
        """Runs that cannot be restored without this one: a full's whole cycle, an incremental's successors."""
        if self.dependents:
            return self.dependents
        if self.base is not None and self.level in ("Incremental", "Transaction Log"):
            return [other for other in self.base.dependents if other > self.id]
        return []


def dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
