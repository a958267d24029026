# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every group of calls stands on: switches, accounts, errors, finding things, starting jobs."""

from __future__ import annotations

from typing import Any, NoReturn

from ...clock import Clock
from ...product import Product, Reply, Request
from .estate import VENDOR_EXAMPLE, Estate
from .records import Job, Snapshot, System, Volume

#: The vendor does not publish the values of a job's ``type``; these are guesses, and a switch replaces them.
JOB_TYPES = {
    "backup": "MULTI_VOLUME_BACKUP",
    "activate": "ENABLE_BACKUP",
    "we_state": "UPDATE_BACKUP",
    "unregister": "UNREGISTER",
    "volume_state": "UPDATE_VOLUME_BACKUP",
    "detach": "DELETE_VOLUME_BACKUP",
    "remove_snapshots": "DELETE_SNAPSHOTS",
    "remove_all_snapshots": "DELETE_SNAPSHOTS",
    "restore_file": "RESTORE_FILES",
    "restore_volume": "RESTORE_VOLUME",
    "explore": "FILE_EXPLORE",
    "none": "OTHER",
}

SWITCHES: dict[str, Any] = {
    "expires_in": 86400,
    "objects": False,
    "job_unknown": "404",
    "time_unit": "s",
    "backup_status_words": {"active": "ACTIVE", "paused": "PAUSED"},
    "we_status": {"on": "ON", "off": "OFF", "status": "ON"},
    "job_types": JOB_TYPES,
    "parts_fail_word": "FAILED",
    "single_volume_data": True,
    "vendor_example": "with_id",
    "pending_seconds": 2.0,
    "run_seconds": 20.0,
    "refused_status": 400,
    "adhoc_when_paused": "run",
    "service_tokens": True,
    "agent_suffix": "required",
    "agent_up": True,
}


class Refusal(Exception):
    """Ends a call with an error body."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Ground(Product):
    """The state of the product and the tools that its calls share."""

    name = "netapp_bluexp"
    base_path = ""

    account = "account-SimAcc01"
    agent_id = "SimAgent7Qx2ZtLr4Vb9Nm1Kc5Hd8Wp3clients"
    client_id, client_secret, refresh_token = "sim-client", "s3cr+t&=", "refresh-1"

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(clock, **options)
        self.switches: dict[str, Any] = dict(SWITCHES)
        self.agents = [self.agent_id[: -len("clients")]]
        if options.pop("second_agent", False):
            self.agents.append("SimAgent2Fy8KsWd3Tn6Rb0Xm4Jv7Lq9")
        for switch, value in options.items():
            self._switch(switch, value)
        self.users = {"admin": ("p@ss+w&rd=1 %é", False), "auditor": ("read-only-1", True)}
        self.services = {self.client_id: (self.client_secret, False), "sim-auditor": ("read-only-1", True)}
        self.refresh_tokens = {self.refresh_token}
        self.tokens: dict[str, dict] = {}
        self.issued = self.logins = 0
        self.plans: list[dict] = []
        self.explored: dict[str, str] = {}
        self.azure_groups_by: list[tuple[str, str]] = [("rg-backup", "switzerlandnorth")]
        self.storage_grids: list[dict] = [{"name": "sg-zrh-01", "id": "a2c7d1f0"}]
        estate = Estate(clock.now(), self.switches["job_types"])
        self.systems_by_id, self.jobs, self.new_id = estate.systems, estate.jobs, estate.new_id
        self.active = {job.id: job for job in self.jobs.values() if not job.finished}
        self.job_pages: dict[tuple[str, str], bytes] = {}
        self._vendor_example()

    # -- switches ------------------------------------------------------------------------------------------------
    def _switch(self, switch: str, value: Any) -> None:
        if switch not in SWITCHES:
            raise ValueError(f"netapp_bluexp has no switch {switch!r}; it has: {', '.join(sorted(SWITCHES))}")
        if isinstance(SWITCHES[switch], dict):
            value = {**SWITCHES[switch], **value}
        self.switches[switch] = value

    def control_set_switch(self, name: str, value: Any) -> None:
        self._switch(name, value)
        self._vendor_example()
        for job in self.jobs.values():
            job.row = None
        self.job_pages.clear()

    def _vendor_example(self) -> None:
        job = self.jobs.get(VENDOR_EXAMPLE)
        if job is not None:
            known = {
                "id": job.id,
                "working-environment-id": job.system,
                "type": job.type,
                "time": self.stamp(job.created),
            }
            job.extra = {} if self.switches["vendor_example"] == "verbatim" else known

    @staticmethod
    def error(status: int, error: str, message: str) -> Reply:
        """The vendor's Error definition: ``error`` is a code or category as a text."""
        return Reply(status, {"error": error, "message": message})

    def refuse(self, message: str, status: int | None = None) -> NoReturn:
        status = status or int(self.switches["refused_status"])
        raise Refusal(self.error(status, {404: "NOT_FOUND", 409: "CONFLICT"}.get(status, "BAD_REQUEST"), message))

    def body(self, request: Request) -> dict:
        body = request.json()
        if not isinstance(body, dict):
            raise Refusal(self.error(400, "BAD_REQUEST", "The body could not be parsed"))
        return body

    def text(self, body: dict, name: str) -> str:
        """A text of a body; "" when it is missing; anything else is refused."""
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            self.refuse(f"{name} must be a text")
        return value or ""

    def needing(self, request: Request, *names: str) -> dict:
        body = self.body(request)
        for name in names:
            if not isinstance(body.get(name), str):
                self.refuse(f"{name} is required")
        return body

    def stamp(self, epoch: float) -> int:
        return int(epoch * 1000) if self.switches["time_unit"] == "ms" else int(epoch)

    # -- finding -------------------------------------------------------------------------------------------------
    def system(self, system_id: str) -> System:
        if system_id not in self.systems_by_id:
            self.refuse(f"Working environment {system_id} was not found", 404)
        return self.systems_by_id[system_id]

    def active_system(self, system_id: str) -> System:
        system = self.system(system_id)
        if not system.active:
            self.refuse(f"Backup is not active on {system.name}")
        return system

    def enabled_system(self, system_id: str) -> System:
        system = self.active_system(system_id)
        if not system.enabled:
            self.refuse(f"Backup is disabled on {system.name}")
        return system

    def volume(self, system: System, volume_id: str) -> Volume:
        if volume_id not in system.volumes:
            self.refuse(f"Volume {volume_id} was not found on {system.name}", 404)
        return system.volumes[volume_id]

    def protected_volume(self, system: System, volume_id: str) -> Volume:
        volume = self.volume(system, volume_id)
        if not volume.protected:
            self.refuse(f"Volume {volume.name} is not backed up", 404)
        return volume

    def home_of(self, volume_id: str) -> System:
        for system in self.systems_by_id.values():
            if volume_id in system.volumes:
                return system
        self.refuse(f"Volume {volume_id} was not found", 404)

    def snapshot(self, volume: Volume, wanted: str, by_name: bool = False) -> Snapshot:
        for one in volume.snapshots:
            if wanted == one.id or by_name and wanted == one.name:
                return one
        self.refuse(f"Snapshot {wanted} of volume {volume.name} was not found", 404)

    # -- jobs ----------------------------------------------------------------------------------------------------
    def not_busy(self, volume_ids: list[str]) -> None:
        wanted = set(volume_ids)
        for job in self.active.values():
            if wanted & set(job.volumes):
                self.refuse(f"Another operation runs for this volume (job {job.id})", 409)

    @staticmethod
    def accepted(job: Job) -> Reply:
        return Reply(202, {"job-id": job.id})

    def start_job(
        self,
        kind: str,
        system: System,
        entries: list[dict] | None = None,
        single: bool = False,
        restore: dict | None = None,
        arguments: dict | None = None,
    ) -> Job:
        """A new job. ``entries``: one dict for each volume, {"volume": …} or {"id": …, "refused": why}."""
        plan = self.plans.pop(0) if self.plans else {}
        now = self.clock.now()
        parts = None
        if entries is not None:
            parts = [self._new_part(entry, plan) for entry in entries]
        held = [entry["volume"] for entry in entries or () if "volume" in entry]
        failed = [part for part in parts or () if part["outcome"] == "FAILED"]
        outcome, error = plan.get("status", ""), plan.get("error", "")
        if not outcome:
            whole = bool(failed) and len(failed) == len(parts or ())
            outcome = "FAILED" if whole else self.switches["parts_fail_word"] if failed else "COMPLETED"
        if outcome == "FAILED" and not error:
            error = (
                f"Operation failed for {len(failed)} of {len(parts or ())} volumes" if failed else "Operation failed"
            )
        job = Job(
            self.new_id(),
            system.id,
            self.switches["job_types"][kind],
            kind,
            now,
            float(plan.get("pending", self.switches["pending_seconds"])),
            float(plan.get("duration", self.switches["run_seconds"])),
            outcome,
            error,
            parts=None if single and not self.switches["single_volume_data"] else parts,
            restore=restore,
            arguments={**(arguments or {}), "system": system, "entries": entries or []},
            volumes=tuple(volume.id for volume in held),
        )
        if outcome == "FAILED" and parts and not failed:
            for part in parts:
                part.update(outcome="FAILED", error=error)
        for batch in (restore or {}).get("batches", ()):
            if outcome == "FAILED":
                batch.update(outcome="FAILED", error=error)
        if kind == "backup":
            for volume in held:
                volume.starts += 1
        self.jobs[job.id] = self.active[job.id] = job
        if plan.get("stalled"):
            job.held_at = now
        if plan.get("data"):
            job.data = plan["data"]
        self.job_pages.clear()
        return job

    @staticmethod
    def _new_part(entry: dict, plan: dict) -> dict:
        if "volume" not in entry:
            return {"id": entry["id"], "outcome": "FAILED", "error": entry["refused"]}
        volume = entry["volume"]
        error = (plan.get("parts") or {}).get(volume.id, "") or volume.fails_with
        return {"id": volume.id, "outcome": "FAILED" if error else "SUCCESS", "error": error}
