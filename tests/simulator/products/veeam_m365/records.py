# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated server holds. Times are seconds since the epoch; ``rows`` caches the written form per version."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

NAMESPACE = uuid.UUID("5b1d6d0c-6f1c-4f43-9a37-365365365365")


def stable_id(*words: object) -> str:
    """The same words give the same id in every run of the program."""
    return str(uuid.uuid5(NAMESPACE, "/".join(str(word) for word in words)))


@dataclass(eq=False)
class Organization:
    id: str
    name: str
    office_name: str
    description: str = ""
    teams: bool = True
    first_backup: float | None = None
    last_backup: float | None = None
    mailboxes: list = field(default_factory=list)
    rows: dict = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class Repository:
    id: str
    name: str
    proxy: str
    description: str = ""
    path: str = ""
    retention_type: str = "ItemLevel"
    period_type: str = "Yearly"
    days: int | None = None
    months: int | None = None
    years: str | None = None
    capacity: int = 0
    free: int = 0
    object_storage: str = ""  # empty = disks of the proxy
    storage_type: str = ""
    immutable_days: int = 0
    out_of_order: str = ""
    rows: dict = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class Proxy:
    id: str
    host: str
    online: bool = True
    linux: bool = False
    rows: dict = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class Point:
    """A restore point."""

    id: str
    time: float
    job: Job
    rows: dict = field(default_factory=dict, repr=False)


@dataclass(eq=False)
class Job:
    """A backup job, or a copy job (``kind`` Copy, ``source`` = its backup job)."""

    id: str
    name: str
    organization: Organization
    repository: Repository
    policy: dict
    description: str = ""
    kind: str = "Backup"
    backup_type: str = "EntireOrganization"
    selected: list = field(default_factory=list)
    excluded: list = field(default_factory=list)
    enabled: bool = True
    last_status: str | None = "Stopped"
    last_run: float | None = None
    next_run: float | None = None
    last_backup: float | None = None
    etag: int = 1
    source: Job | None = None
    copy: Job | None = None
    sessions: list = field(default_factory=list, repr=False)
    points: list = field(default_factory=list, repr=False)
    active: Session | None = None
    waiting_retry: Session | None = None
    planned: list = field(default_factory=list)
    cannot_start: bool = False  # its proxy is away: the schedule passes by
    seconds: float = 900.0
    objects: int = 60
    bytes: int = 2 * 1024**3
    runs: int = 0
    schedule_no: int = 0
    counts: dict = field(default_factory=lambda: dict.fromkeys(("start", "stop", "enable", "disable", "refused"), 0))
    fields: dict = field(default_factory=dict)  # wire fields that a test has forced
    rows: dict = field(default_factory=dict, repr=False)

    def touch(self) -> None:
        self.etag += 1
        self.rows.clear()


@dataclass(eq=False)
class Session:
    """One run of a job."""

    id: str
    job: Job
    created: float
    running_from: float
    status: str
    seconds: float
    outcome: str
    objects: int
    bytes: int
    full: bool = False
    details: str | None = None
    ended: float | None = None
    shown: bool = True
    started_by: str = "schedule"
    retry: int = 0
    main: str | None = None
    will_retry: bool | None = None
    stop_at: float | None = None
    stalled_at: float | None = None
    processed: int = 0
    etag: int = 1
    fields: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict, repr=False)

    def touch(self) -> None:
        self.etag += 1
        self.rows.clear()

    def done_at(self, now: float) -> float:
        """How much of the plan is done, 0 to 1; never 1 while it runs."""
        if self.ended is not None:
            return self.processed / self.objects if self.objects else 1.0
        seen = self.stalled_at if self.stalled_at is not None else now
        return max(0.0, min(0.99, (seen - self.running_from) / self.seconds if self.seconds else 0.99))


@dataclass(eq=False)
class RestoreSession:
    id: str
    kind: str  # vex, veod, vesp, vet
    organization: Organization
    created: float
    point: float | None  # the restore point that it shows; None = none exists at that time, the session is empty
    account: str
    mailboxes: list = field(default_factory=list)
    job: Job | None = None
    ended: float | None = None
    used: float = 0.0
    stops: int = 0
    show_deleted: bool = False
    show_all_versions: bool = False
    etag: int = 1
    events: list = field(default_factory=list)
    rows: dict = field(default_factory=dict, repr=False)

    def touch(self) -> None:
        self.etag += 1
        self.rows.clear()
