# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the product keeps: systems, volumes, policies, snapshots and jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

GIB = 1024**3


@dataclass
class Policy:
    """A backup policy of one system. Retention is a text, as in the vendor's schema and samples."""

    id: str
    name: str
    rules: list[dict[str, str]]
    archive_after_days: str = ""
    object_lock: str = "NONE"

    def short(self) -> dict[str, Any]:
        """The form inside volumes and systems (no id, no count)."""
        found: dict[str, Any] = {"name": self.name, "rule": [dict(rule) for rule in self.rules]}
        if self.archive_after_days:
            found["archive-after-days"] = self.archive_after_days
        return found


@dataclass
class Snapshot:
    """One cloud backup of a volume."""

    id: str
    name: str
    created: float
    size: int
    archived: bool = False
    object_lock: str = "NONE"


@dataclass
class Volume:
    """A volume of a system; ``policy`` names its backup policy while it is protected, else it is empty."""

    id: str
    name: str
    svm: str
    size: int
    used: int
    protocol: str = "NFS"
    type: str = "RW"
    style: str = "FLEXVOL"
    status: str = "ONLINE"
    policy: str = ""
    paused: bool = False
    worm: bool = False
    last_backup: float | None = None
    last_failed: bool = False
    snapshots: list[Snapshot] = field(default_factory=list)
    fails_with: str = ""
    status_word: str | None = None
    starts: int = 0
    local_snapshots: list[str] = field(default_factory=list)

    @property
    def protected(self) -> bool:
        return bool(self.policy)


@dataclass
class System:
    """A working environment. ``active``: registered for backup; ``enabled``: its backups run."""

    id: str
    name: str
    type: str
    provider: str
    region: str
    ontap_version: str
    cluster_uuid: str
    bucket: str
    active: bool = True
    enabled: bool = True
    default_policy: str = ""
    auto_backup: bool = False
    export_existing: bool = False
    max_transfer_rate: int = 0
    ip_space: str = "Default"
    object_lock: str = "NONE"
    archive_storage_class: str = ""
    backup_provider: str = ""
    catalog: bool = True
    svms: list[str] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    object_stores: list[str] = field(default_factory=list)


class Job:
    """One job. ``begin`` moves when a stall is lifted, ``created`` (the reported time) never does.

    ``parts``: [{id, outcome, error}] for each volume; ``restore``: {type, source, target, batches}; ``data``: "normal",
    or "absent" / "null" to answer without it; ``extra`` replaces the whole answer (the vendor page's example).
    """

    __slots__ = (
        "arguments",
        "begin",
        "created",
        "data",
        "duration",
        "error",
        "extra",
        "held_at",
        "id",
        "kind",
        "origin",
        "outcome",
        "parts",
        "parts_done",
        "pending",
        "restore",
        "row",
        "status",
        "system",
        "type",
        "volumes",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        system: str,
        type: str,
        kind: str,
        created: float,
        pending: float = 0.0,
        duration: float = 0.0,
        outcome: str = "COMPLETED",
        error: str = "",
        parts: list[dict] | None = None,
        restore: dict | None = None,
        arguments: dict | None = None,
        origin: str = "api",
        volumes: tuple = (),
    ) -> None:
        self.id, self.system, self.type, self.kind = id, system, type, kind
        self.created = self.begin = created
        self.pending, self.duration = pending, duration
        self.status, self.outcome, self.error = "PENDING", outcome, error
        self.parts, self.parts_done = parts, 0
        self.restore, self.arguments, self.data = restore, arguments or {}, "normal"
        self.extra: dict | None = None
        self.held_at: float | None = None
        self.origin, self.volumes = origin, volumes
        self.row: bytes | None = None

    @property
    def finished(self) -> bool:
        return self.status in ("COMPLETED", "FAILED")

    @property
    def end(self) -> float:
        return self.begin + self.pending + self.duration

    def move(self, now: float) -> bool:
        """Bring status and finished parts to ``now``; True when something that an answer shows changed."""
        before = (self.status, self.parts_done)
        if self.held_at is not None or self.finished:
            return False
        elapsed = now - self.begin
        if elapsed >= self.pending + self.duration:
            self.close()
        elif elapsed >= self.pending:
            self.status = "IN_PROGRESS"
            total = len(self.parts or ()) or len((self.restore or {}).get("batches", ()))
            self.parts_done = int(total * (elapsed - self.pending) / self.duration)
        if before == (self.status, self.parts_done):
            return False
        self.row = None
        return True

    def close(self) -> None:
        """Finish with the planned outcome."""
        self.status, self.held_at, self.row = self.outcome, None, None
        self.parts_done = len(self.parts or ()) or len((self.restore or {}).get("batches", ()))


def shaped(rows: list, objects: bool) -> Any:
    """A list as the schema says, or (``objects``) as the rendered example of the vendor page 'Retrieve particular job
    details' shows it: one element stands alone, none is ``{}``. Several elements can only be a list."""
    if not objects or len(rows) > 1:
        return rows
    return rows[0] if rows else {}


def job_body(job: Job, objects: bool, scale: int) -> dict[str, Any]:
    """A job as ``GET …/v1/job/{id}`` tells it. ``scale``: 1 for seconds, 1000 for milliseconds."""
    if job.extra is not None:
        return _vendor_example(job, objects)
    body: dict[str, Any] = {
        "id": job.id,
        "working-environment-id": job.system,
        "type": job.type,
        "status": job.status,
        "time": int(job.created * scale),
    }
    if job.status == "FAILED" and job.error:
        body["error"] = job.error
    if job.data == "null":
        body["data"] = None
    elif job.data == "normal":
        data = {}
        if job.parts is not None:
            data["multi-volume-backup"] = {"volume": shaped(_parts(job), objects)}
        if job.restore is not None:
            data["restore"] = _restore(job, objects, scale)
        if data:
            body["data"] = data
    return body


def _vendor_example(job: Job, objects: bool) -> dict[str, Any]:
    data = {
        "multi-volume-backup": {"volume": shaped([{"status": "SUCCESS"}], objects)},
        "restore": {"batch": shaped([{"status": "PENDING", "file": shaped([], objects)}], objects)},
    }
    return {**(job.extra or {}), "status": job.status, "data": data}


def _parts(job: Job) -> list[dict[str, Any]]:
    # The schema knows only SUCCESS and FAILED: a part that is not done has no status yet.
    rows = []
    for number, part in enumerate(job.parts or ()):
        row = {"id": part["id"]}
        if number < job.parts_done:
            row["status"] = part["outcome"]
            if part["outcome"] == "FAILED":
                row["error"] = part["error"]
        rows.append(row)
    return rows


def _restore(job: Job, objects: bool, scale: int) -> dict[str, Any]:
    restore = job.restore or {}
    body = {"type": restore["type"], "source": restore["source"], "target": restore["target"]}
    if restore.get("batches"):
        rows = []
        for number, batch in enumerate(restore["batches"]):
            row = {"id": batch["id"], "time": int(job.created * scale)}
            if job.finished or number < job.parts_done:
                row["status"] = batch["outcome"]
                if batch["outcome"] == "FAILED":
                    row["error"] = batch["error"]
            else:
                row["status"] = "IN_PROGRESS" if job.status == "IN_PROGRESS" and number == job.parts_done else "PENDING"
            row["file"] = shaped(batch["files"], objects)
            rows.append(row)
        body["batch"] = shaped(rows, objects)
    return body
