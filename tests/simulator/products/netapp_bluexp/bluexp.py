# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product: who may call, jobs that move and what they leave behind, and a test's controls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...product import Reply, Request
from .backup_calls import BackupCalls
from .cloud_calls import CloudCalls
from .estate import DAY
from .ground import Refusal
from .job_calls import JobCalls
from .records import GIB, Job, Snapshot, System, Volume
from .restore_calls import RestoreCalls
from .sign_in_calls import SignInCalls


class NetappBluexp(SignInCalls, JobCalls, BackupCalls, RestoreCalls, CloudCalls):
    """BlueXP backup and recovery, Swagger document 2.0.6 plus the calls that the 2026 pages added.

    Account ``account-SimAcc01``; agent ``SimAgent7Qx2ZtLr4Vb9Nm1Kc5Hd8Wp3clients`` (its client id is the same without
    the suffix); a second one with option ``second_agent``.

    ===================  =======================================================  ==========
    grant                who                                                      may write
    ===================  =======================================================  ==========
    client_credentials   ``sim-client`` / ``s3cr+t&=``                            yes
    client_credentials   ``sim-auditor`` / ``read-only-1``                        no (403)
    refresh_token        ``refresh-1`` with the public client id                  yes
    password             ``admin`` / ``p@ss+w&rd=1 %é`` with that client id       yes
    password             ``auditor`` / ``read-only-1`` with that client id        no (403)
    ===================  =======================================================  ==========

    Switches (constructor options; ``control_set_switch`` changes them later):

    - ``expires_in`` 86400: life of a new token in seconds; it really ends by the clock.
    - ``objects`` False: True answers as the vendor page's rendered example, with objects instead of one-element arrays
      for ``job``, ``volume``, ``batch`` and ``file`` (``{}`` for an empty one; several elements stay an array).
    - ``job_unknown`` "404", or "empty": 200 with an empty ``job``.
    - ``time_unit`` "s", or "ms": unit of every time stamp (job, batch, backup, snapshot), not of a file's mtime.
    - ``backup_status_words`` {"active": "ACTIVE", "paused": "PAUSED"}: the vendor publishes no words.
    - ``we_status`` {"on": "ON", "off": "OFF", "status": "ON"}: the words of ``backup-enablement-status`` (only ON is
      proven) and of ``status``; a partial dict replaces only its own words.
    - ``job_types``: words of a job's ``type`` (unpublished) by kind, see JOB_TYPES; a partial dict as above.
    - ``parts_fail_word`` "FAILED", or "COMPLETED": what a new job says of itself when a part of it failed.
    - ``single_volume_data`` True: a job for one volume (POST …/volume/{V}) names it under ``data``; False: no data.
    - ``vendor_example`` "with_id": the page's sample job carries id, system, type and time as well; "verbatim": without.
    - ``pending_seconds`` 2, ``run_seconds`` 20: plan of a new job.
    - ``refused_status`` 400: code for "not in this state" (detach before deletion and the like; not documented).
    - ``adhoc_when_paused`` "run", or "refuse".
    - ``service_tokens`` True; False: 403 on the backup API for them, as its pages only speak of user tokens.
    - ``agent_suffix`` "required" (400 for an agent id without ``clients``), or "optional".
    - ``agent_up`` True; False: 504 on every call of the backup API.
    """

    # -- requests ------------------------------------------------------------------------------------------------
    def handle(self, request: Request) -> Reply:
        try:
            reply = super().handle(request)
        except Refusal as refusal:
            reply = refusal.reply
        if request.path.startswith("/account/"):
            # Belongs to tasks of the platform; backup jobs are not followed by it.
            reply.headers.setdefault("OnCloud-Request-Id", f"sim-{int(self.clock.now() * 1000) % 10**9:09d}")
        return reply

    def before(self, request: Request, handler: Callable) -> Reply | None:
        if request.path.lower().endswith("/oauth/token"):
            return None
        token = self._token_of(request)
        if token is None:
            return self.error(401, "Unauthorized", "The token is missing, invalid or expired")
        pieces = request.path.split("/") + ["", ""]
        first, account, last = pieces[1], pieces[2], request.path.rpartition("/")[2]
        if first.lower() == "occm" and last != self.account:
            return self.error(403, "Forbidden", f"No access to account {last}")
        if first.lower() != "account":
            return None
        if account != self.account:
            return self.error(403, "Forbidden", f"No access to account {account}")
        if token["kind"] == "service" and not self.switches["service_tokens"]:
            return self.error(403, "Forbidden", "A user token is required")
        agent = request.headers.get("x-agent-id", "")
        known = {name + "clients" for name in self.agents}
        if self.switches["agent_suffix"] == "optional":
            known.update(self.agents)
        if agent not in known:
            return self.error(400, "Bad Request", "Header x-agent-id is missing or names no agent of this account")
        if not self.switches["agent_up"]:
            return self.error(504, "Gateway Timeout", "The agent did not answer")
        if token["read_only"] and self.classify(request):
            return self.error(403, "Forbidden", "The role of this account may only read")
        return None

    def _token_of(self, request: Request) -> dict | None:
        word, _space, text = request.headers.get("authorization", "").partition(" ")
        token = self.tokens.get(text.strip()) if word.lower() == "bearer" else None
        return token if token and token["until"] > self.clock.now() else None

    def unknown_route(self, request: Request) -> Reply:
        return self.before(request, self.unknown_route) or self.error(404, "Not Found", f"No such path: {request.path}")

    def expire_tokens(self) -> None:
        self.tokens.clear()

    # -- jobs that move ------------------------------------------------------------------------------------------
    def progress(self, now: float) -> None:
        if not self.active:
            return
        moved = [job for job in self.active.values() if job.move(now)]
        if moved:
            self.job_pages.clear()
            for job in sorted(moved, key=lambda one: one.end):
                if job.finished:
                    self._finished(job, job.end)

    def _finished(self, job: Job, at: float) -> None:
        self.job_pages.clear()
        effect = getattr(self, "_after_" + job.kind, None)
        # A job of the past that a test re-words has had its effect.
        if self.active.pop(job.id, None) is not None and effect is not None and "system" in job.arguments:
            effect(job, at)

    def _done_entries(self, job: Job) -> list[tuple[dict, bool]]:
        """The volumes of a job with whether each part succeeded."""
        failed = {part["id"] for part in job.parts or () if part["outcome"] == "FAILED"}
        entries = [entry for entry in job.arguments.get("entries", ()) if "volume" in entry]
        alone = job.parts is None and job.outcome == "FAILED"
        return [(entry, not alone and entry["volume"].id not in failed) for entry in entries]

    def _after_backup(self, job: Job, at: float) -> None:
        for entry, good in self._done_entries(job):
            volume: Volume = entry["volume"]
            volume.last_failed = not good
            if not good:
                continue
            fresh = not volume.protected
            volume.policy = entry["policy"]
            if fresh or entry["mode"] != "SCHEDULED":
                stamp = time.strftime("%Y-%m-%d_%H%M", time.gmtime(at))
                name = entry["name"] or ("baseline." if fresh else "ad-hoc.") + stamp
                volume.snapshots.append(Snapshot(self.new_id(), name, at, max(1, volume.used // 50)))
                volume.last_backup = at

    def _after_volume_state(self, job: Job, at: float) -> None:
        for entry, good in self._done_entries(job):
            if good:
                self.apply_volume_change(entry["volume"], entry["change"])

    def _after_detach(self, job: Job, at: float) -> None:
        for entry, good in self._done_entries(job):
            if good:
                self.forget(entry["volume"])

    def _after_remove_snapshots(self, job: Job, at: float) -> None:
        for entry, good in self._done_entries(job):
            if good:
                entry["volume"].snapshots.clear()

    def _after_remove_all_snapshots(self, job: Job, at: float) -> None:
        if job.outcome == "COMPLETED":
            for volume in job.arguments["system"].volumes.values():
                volume.snapshots.clear()

    def _after_unregister(self, job: Job, at: float) -> None:
        system = job.arguments["system"]
        if job.outcome == "COMPLETED":
            system.active = system.enabled = False
            for volume in system.volumes.values():
                self.forget(volume)

    def _after_activate(self, job: Job, at: float) -> None:
        system, body = job.arguments["system"], job.arguments["body"]
        if job.outcome == "COMPLETED":
            system.active = system.enabled = True
            system.backup_provider = body["provider"]
            system.region = body.get("region") or system.region
            system.bucket = body.get("bucket") or system.bucket
            system.export_existing = bool(body.get("export-existing-snapshots"))
            self._system_settings(system, body, job.arguments["policy"])

    def _after_we_state(self, job: Job, at: float) -> None:
        system, body = job.arguments["system"], job.arguments["body"]
        if job.outcome == "COMPLETED":
            if body.get("state"):
                system.enabled = body["state"] == "ENABLE"
            self._system_settings(system, body, job.arguments["policy"])

    @staticmethod
    def _system_settings(system: System, body: dict, policy: str) -> None:
        system.default_policy = policy or system.default_policy
        system.ip_space = body.get("ip-space") or system.ip_space
        system.auto_backup = bool(body.get("auto-backup-enabled", system.auto_backup))
        system.max_transfer_rate = int(body.get("max-transfer-rate") or system.max_transfer_rate)

    def _after_restore_volume(self, job: Job, at: float) -> None:
        if job.outcome == "COMPLETED" and job.arguments["known"] is None:
            source, target = job.arguments["volume"], job.arguments["target"]
            made = Volume(self.new_id(), target["volume-name"], target["svm"], source.size, source.used)
            job.arguments["onto"].volumes[made.id] = made

    # -- a test's hand -------------------------------------------------------------------------------------------
    def any_volume(self, volume_id: str) -> Volume:
        """For controls: ``V`` or ``WE/V``."""
        for system in self.systems_by_id.values():
            volume = system.volumes.get(volume_id.rpartition("/")[2])
            if volume is not None:
                return volume
        raise ValueError(f"no volume {volume_id!r}")

    def _job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise ValueError(f"no job {job_id!r}")
        return self.jobs[job_id]

    def _changed(self, job: Job) -> None:
        job.row = None
        self.job_pages.clear()

    def control_plan(self, times: int = 1, **plan: Any) -> None:
        """The next ``times`` jobs: status, error, parts {volume id: error}, pending, duration, stalled, data."""
        unknown = set(plan) - {"status", "error", "parts", "pending", "duration", "stalled", "data"}
        if unknown:
            raise ValueError(f"unknown in a plan: {', '.join(sorted(unknown))}")
        self.plans += [dict(plan) for _time in range(times)]

    def control_finish(
        self, job_id: str, status: str = "COMPLETED", error: str = "", parts: dict[str, str] | None = None
    ) -> None:
        """End a job now. ``parts``: {volume or batch id: error}; with it the others succeed, else all follow ``status``.

        ``status`` may be any word, also one that the product is not known to send.
        """
        job = self._job(job_id)
        if status == "FAILED" and not error:
            error = "Operation failed"
        job.outcome, job.error = status, error
        for part in [*(job.parts or ()), *(job.restore or {}).get("batches", ())]:
            wrong = (parts or {}).get(part["id"], error if status == "FAILED" and not parts else "")
            part.update(outcome="FAILED" if wrong else "SUCCESS", error=wrong)
        job.close()
        job.status = status
        self._finished(job, self.clock.now())

    def control_stall(self, job_id: str) -> None:
        """Keep a job as it is until ``unstall`` or ``finish``."""
        self._job(job_id).held_at = self.clock.now()

    def control_unstall(self, job_id: str) -> None:
        job = self._job(job_id)
        if job.held_at is not None:
            job.begin += self.clock.now() - job.held_at
            job.held_at = None

    def control_set_status(self, job_id: str, status: str) -> None:
        """Another word for a job that goes on (unknown words too); it stays until ``finish``."""
        job = self._job(job_id)
        job.status, job.held_at = status, self.clock.now()
        self._changed(job)

    def control_set_data(self, job_id: str, data: str) -> None:
        """``normal``, ``absent`` or ``null``."""
        job = self._job(job_id)
        job.data = data
        self._changed(job)

    def control_set_volume(self, volume_id: str, **values: Any) -> None:
        """Fields of a volume: name, paused, worm, fails_with, status_word (a raw ``backup-status``), last_backup …"""
        volume = self.any_volume(volume_id)
        for name, value in values.items():
            if not hasattr(volume, name):
                raise ValueError(f"a volume has no {name!r}")
            setattr(volume, name, value)

    def control_rename(self, volume_id: str, name: str) -> None:
        self.any_volume(volume_id).name = name

    def control_remove(self, volume_id: str = "", job_id: str = "") -> None:
        """Take a volume or a job away behind the client's back."""
        if job_id:
            self.jobs.pop(job_id, None)
            self.active.pop(job_id, None)
            self.job_pages.clear()
        for system in self.systems_by_id.values():
            system.volumes.pop(volume_id.rpartition("/")[2], None)

    def control_load(self, runs: int = 0, volumes: int = 0, system: str = "", days: float = 30.0) -> dict[str, int]:
        """Many more finished jobs over ``days`` and many more protected volumes on ``system`` (default: the first)."""
        found = self.systems_by_id[system] if system else next(iter(self.systems_by_id.values()))
        now, backup = self.clock.now(), self.switches["job_types"]["backup"]
        for number in range(volumes):
            made = Volume(f"load-{number:08d}", f"vol_{number:06d}", found.svms[0], 50 * GIB, 20 * GIB)
            made.policy, made.last_backup = found.default_policy, now - number % 86400
            made.snapshots = [Snapshot(f"load-s-{number:08d}", "daily.1", made.last_backup, GIB)]
            found.volumes[made.id] = made
        held = [volume.id for volume in found.volumes.values() if volume.protected][:1000]
        for number in range(runs):
            # Every 20th fails, every 10th of the others has a failed part.
            bad = number % 20 == 0
            part = {
                "id": held[number % len(held)],
                "outcome": "FAILED" if bad else "SUCCESS",
                "error": "Timeout" if bad else "",
            }
            job = Job(
                f"load-{number:08d}",
                found.id,
                backup,
                "backup",
                now - (runs - number) * days * DAY / runs,
                parts=[part],
            )
            job.origin, job.outcome, job.error = "loaded", "FAILED" if bad else "COMPLETED", "Timeout" if bad else ""
            job.close()
            self.row(job)
            self.jobs[job.id] = job
        self.job_pages.clear()
        return {"jobs": len(self.jobs), "volumes": sum(len(one.volumes) for one in self.systems_by_id.values())}

    def control_find_volume(self, name: str) -> str:
        """``WE/V`` of the first volume with this name."""
        for system in self.systems_by_id.values():
            for volume in system.volumes.values():
                if volume.name == name:
                    return f"{system.id}/{volume.id}"
        raise ValueError(f"no volume {name!r}")

    def state(self) -> dict[str, Any]:
        """Systems and volumes (keyed ``WE/V``) with enabled flag and start count; jobs that were started by the API or
        still run; living tokens. A stop is impossible here, so ``stops`` is always 0."""
        volumes = {}
        for system in self.systems_by_id.values():
            for volume in system.volumes.values():
                volumes[f"{system.id}/{volume.id}"] = {
                    "name": volume.name,
                    "protected": volume.protected,
                    "enabled": volume.protected and not volume.paused,
                    "policy": volume.policy,
                    "snapshots": len(volume.snapshots),
                    "last_backup": volume.last_backup,
                    "starts": volume.starts,
                    "stops": 0,
                }
        jobs = {
            job.id: {"status": job.status, "kind": job.kind, "system": job.system, "volumes": list(job.volumes)}
            for job in self.jobs.values()
            if job.origin == "api" or not job.finished
        }
        now = self.clock.now()
        return {
            "systems": {
                system.id: {"name": system.name, "active": system.active, "enabled": system.enabled}
                for system in self.systems_by_id.values()
            },
            "volumes": volumes,
            "jobs": jobs,
            "jobs_total": len(self.jobs),
            "tokens_alive": sum(token["until"] > now for token in self.tokens.values()),
            "logins": self.logins,
        }
