# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Systems, volumes, policies and snapshots: reading them and changing their protection."""

from __future__ import annotations

from typing import Any

from ...product import Reply, Request, route
from .ground import Ground
from .paths import API, SNAPSHOT, VOLUME, WE
from .records import GIB, Policy, Snapshot, System, Volume

BACKUP = API + r"/v1/backup"
MODES = ("AD_HOC", "SCHEDULED", "IMMEDIATE")
VOLUME_STATES = ("PAUSE", "RESUME", "DELETE")
LOCKS = ("NONE", "COMPLIANCE", "GOVERNANCE", "LOCKED", "UNLOCKED")
PROVIDERS = ("AWS", "AZURE", "GCP", "SGWS", "ONTAP_S3")
#: A new policy may keep so many backups (vendor page 'Create backup policy').
MOST_BACKUPS = 1018


class BackupCalls(Ground):
    # -- systems -------------------------------------------------------------------------------------------------
    @route("GET", API + r"/v1/working-environment")
    def systems(self, request: Request, account: str) -> Reply:
        return Reply(
            200, {"working-environment": [self._plain_system(system) for system in self.systems_by_id.values()]}
        )

    @route("GET", API + r"/v1" + WE)
    def one_system(self, request: Request, account: str, we: str) -> Reply:
        return Reply(200, self._plain_system(self.system(we)))

    @route("GET", BACKUP + r"/working-environment")
    @route("GET", API + r"/v2/backup/working-environment")
    def backup_systems(self, request: Request, account: str) -> Reply:
        partial = request.query.get("partial", "").lower() == "true"
        rows = [self._backup_system(system, partial) for system in self.systems_by_id.values()]
        return Reply(200, {"working-environment": rows})

    @route("GET", BACKUP + WE)
    def one_backup_system(self, request: Request, account: str, we: str) -> Reply:
        return Reply(200, self._backup_system(self.system(we), request.query.get("partial", "").lower() == "true"))

    @route("GET", BACKUP + WE + r"/status")
    def backup_system_status(self, request: Request, account: str, we: str) -> Reply:
        row = self._backup_system(self.system(we), True)
        for name in ("object-lock", "max-transfer-rate"):
            row.pop(name)
        return Reply(200, row)

    def _plain_system(self, system: System) -> dict[str, Any]:
        return {
            "id": system.id,
            "cluster-uuid": system.cluster_uuid,
            "name": system.name,
            "region": system.region,
            "status": self.switches["we_status"]["status"],
            "ontap-version": system.ontap_version,
            "type": system.type,
            "provider": system.provider,
            "provider-account-id": "464262061435",
            "total-volumes-count": str(len(system.volumes)),
        }

    def _backup_system(self, system: System, partial: bool) -> dict[str, Any]:
        words = self.switches["we_status"]
        held = [volume for volume in system.volumes.values() if volume.protected]
        used = sum(volume.used for volume in held) // GIB
        row: dict[str, Any] = {
            "name": system.name,
            "id": system.id,
            "region": system.region,
            "status": words["status"],
            "ontap-version": system.ontap_version,
            "backup-enablement-status": words["on"] if system.active and system.enabled else words["off"],
            "type": system.type,
            "provider": system.backup_provider if system.active else system.provider,
            "provider-account-id": "464262061435",
            "provider-account-name": "example-cloud",
            "bucket": system.bucket if system.active else "",
            "archive-storage-class": system.archive_storage_class,
            "used-capacity-gb": str(used),
            "charging-capacity": str(used),
            "logical-used-size": str(sum(volume.used for volume in held)),
            "backed-up-volume-count": str(len(held)),
            "total-volumes-count": str(len(system.volumes)),
            "backup-policy-count": str(len(system.policies)),
            "failed-backup-volume-count": str(sum(volume.last_failed for volume in held)),
            "catalog-enabled": system.catalog,
            "auto-backup-enabled": system.auto_backup,
            "object-lock": system.object_lock,
            "max-transfer-rate": system.max_transfer_rate,
            "private-endpoint-required": False,
            "license": {"free-trial-end": 0, "eligible": True},
            "ip-space": system.ip_space,
            "delete-yearly-snapshots": False,
            "export-existing-snapshots": system.export_existing,
        }
        policy = system.policies.get(system.default_policy)
        if policy is not None:
            row["backup-policy"] = policy.short()
        if partial:
            # Nothing is asked of ONTAP, so what only ONTAP knows is missing.
            for name in ("ontap-version", "total-volumes-count"):
                row.pop(name)
        return row

    @route("POST", API + r"/v1/backup" + WE, writes=True)
    @route("POST", API + r"/v2/backup" + WE, writes=True)
    @route("POST", API + r"/v3/backup" + WE, writes=True)
    @route("POST", API + r"/v1/panoramic-protection" + WE, writes=True)
    def activate(self, request: Request, account: str, we: str) -> Reply:
        system, body = self.system(we), self.body(request)
        if self.text(body, "provider") not in PROVIDERS:
            self.refuse("provider must be one of " + ", ".join(PROVIDERS))
        if not self.text(body, "region") and body["provider"] in ("AWS", "AZURE", "GCP"):
            self.refuse("region is required")
        if system.active:
            self.refuse(f"Backup is already active on {system.name}")
        policy = self._policy_of(system, body.get("backup-policy"))
        self._check_settings(body)
        job = self.start_job("activate", system, arguments={"body": body, "policy": policy})
        return Reply(200, {"state": "ENABLED"}) if "/v1/backup" in request.path else self.accepted(job)

    def _check_settings(self, body: dict) -> None:
        for name in ("bucket", "ip-space"):
            self.text(body, name)
        rate = body.get("max-transfer-rate")
        if rate is not None and (isinstance(rate, bool) or not isinstance(rate, (int, float))):
            self.refuse("max-transfer-rate must be a number")

    @route("PUT", API + r"/v2/backup" + WE, writes=True)
    def change_system(self, request: Request, account: str, we: str) -> Reply:
        system, body = self.active_system(we), self.body(request)
        state = self.text(body, "state")
        if state not in ("", "ENABLE", "DISABLE"):
            self.refuse("state must be ENABLE or DISABLE")
        policy = self._policy_of(system, body.get("backup-policy"))
        self._check_settings(body)
        return self.accepted(self.start_job("we_state", system, arguments={"body": body, "policy": policy}))

    @route("PUT", BACKUP + WE, writes=True)
    def change_system_at_once(self, request: Request, account: str, we: str) -> Reply:
        system, body = self.active_system(we), self.body(request)
        if self.text(body, "state") not in ("ENABLE", "DISABLE"):
            self.refuse("state must be ENABLE or DISABLE")
        if self.text(body, "backup-policy-name"):
            self._policy_of(system, {"name": body["backup-policy-name"]})
            system.default_policy = body["backup-policy-name"]
        system.enabled = body["state"] == "ENABLE"
        return Reply(200, {})

    @route("DELETE", BACKUP + WE, writes=True)
    def unregister(self, request: Request, account: str, we: str) -> Reply:
        system = self.active_system(we)
        left = sum(len(volume.snapshots) for volume in system.volumes.values())
        if left:
            self.refuse(f"{system.name} still has {left} backups: delete them first")
        return self.accepted(self.start_job("unregister", system))

    # -- volumes -------------------------------------------------------------------------------------------------
    @route("GET", API + r"/v1" + WE + r"/volume")
    def all_volumes(self, request: Request, account: str, we: str) -> Reply:
        rows = [self._plain_volume(volume) for volume in self.system(we).volumes.values()]
        return self._page(request, "volume", rows)

    @route("GET", BACKUP + WE + r"/volume")
    def backup_volumes(self, request: Request, account: str, we: str) -> Reply:
        system = self.system(we)
        rows = [self._backup_volume(system, volume) for volume in system.volumes.values() if volume.protected]
        return self._page(request, "volume", rows)

    @route("GET", BACKUP + WE + VOLUME)
    def one_backup_volume(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system = self.system(we)
        return Reply(200, self._backup_volume(system, self.protected_volume(system, volume)))

    def _page(self, request: Request, name: str, rows: list) -> Reply:
        """Paging of the 2026 pages: only who asks for ``max-records`` gets it. The cursor is the next index."""
        if "max-records" not in request.query:
            return Reply(200, {name: rows})
        try:
            most, start = int(request.query["max-records"]), int(request.query.get("cursor") or 0)
        except ValueError:
            return self.error(400, "BAD_REQUEST", "max-records and cursor must be numbers")
        body: dict[str, Any] = {name: rows[start : start + most], "num-records": len(rows[start : start + most])}
        if start + most < len(rows):
            body["cursor"] = str(start + most)
        return Reply(200, body)

    def _plain_volume(self, volume: Volume) -> dict[str, Any]:
        return {
            "name": volume.name,
            "file-system-id": volume.id,
            "status": volume.status,
            "svm": volume.svm,
            "type": volume.type,
            "style": volume.style,
            "capacity": {"allocated": volume.size, "used": volume.used, "logicalUsedByAfs": volume.used},
            "snapmirror-label": ["daily", "hourly"],
        }

    def _backup_volume(self, system: System, volume: Volume) -> dict[str, Any]:
        words = self.switches["backup_status_words"]
        word = volume.status_word if volume.status_word is not None else words["paused" if volume.paused else "active"]
        row: dict[str, Any] = {
            "file-system-id": volume.id,
            "name": volume.name,
            "type": volume.type,
            "style": volume.style,
            "protocol": volume.protocol,
            "svm": volume.svm,
            "status": volume.status,
            "backup-status": word,
            "snapshot-count": str(len(volume.snapshots)),
            "capacity": {
                "allocated": str(volume.size),
                "used": str(volume.used),
                "charging": str(volume.used),
                "logicalUsedSize": str(volume.used),
            },
            "object-lock": system.object_lock,
        }
        if volume.last_backup is not None:
            row["last-backup-creation-time"] = self.stamp(volume.last_backup)
            row["lag"] = str(max(0, int(self.clock.now() - volume.last_backup)))
        policy = system.policies.get(volume.policy)
        if policy is not None:
            row["backup-policy"] = policy.short()
        return row

    @route("POST", API + r"/v3/backup" + WE + VOLUME, writes=True)
    def start_volume(self, request: Request, account: str, we: str, volume: str) -> Reply:
        return self.accepted(self._start_one(request, we, volume))

    @route("POST", API + r"/v1/backup" + WE + VOLUME, writes=True)
    @route("POST", API + r"/v2/backup" + WE + VOLUME, writes=True)
    def start_volume_older(self, request: Request, account: str, we: str, volume: str) -> Reply:
        self._start_one(request, we, volume)
        return Reply(200, {"state": "ENABLED"})

    def _start_one(self, request: Request, we: str, volume_id: str) -> Any:
        system, body = self.enabled_system(we), self.body(request)
        volume = self.volume(system, volume_id)
        entry = self._start_entry(system, volume, body, MODES)
        self.not_busy([volume.id])
        return self.start_job("backup", system, [entry], single=True)

    def _start_entry(self, system: System, volume: Volume, body: dict, modes: tuple) -> dict[str, Any]:
        mode = self.text(body, "mode") or "SCHEDULED"
        if mode not in modes:
            self.refuse("mode must be one of " + ", ".join(modes))
        if volume.worm:
            self.refuse(f"Volume {volume.name} is a SnapLock volume and cannot be backed up")
        if volume.paused and mode == "AD_HOC" and self.switches["adhoc_when_paused"] == "refuse":
            self.refuse(f"The backup of volume {volume.name} is paused")
        wanted = body.get("backup-policy")
        if self.text(body, "backup-policy-name"):
            wanted = {"name": body["backup-policy-name"]}
        policy = self._policy_of(system, wanted) or volume.policy or system.default_policy
        if not policy:
            self.refuse(f"Volume {volume.name} has no backup policy: give one")
        details = body.get("adhoc-backup-details") or {}
        if not isinstance(details, dict):
            self.refuse("adhoc-backup-details must be an object")
        return {"volume": volume, "mode": mode, "policy": policy, "name": self.text(details, "name")}

    @route("POST", API + r"/v1/backup" + WE + r"/volume", writes=True)
    @route("POST", API + r"/v2/backup" + WE + r"/volume", writes=True)
    def start_volumes(self, request: Request, account: str, we: str) -> Reply:
        older = "/v1/backup" in request.path
        system = self.enabled_system(we)
        modes = ("IMMEDIATE", "SCHEDULED") if older else ("AD_HOC", "SCHEDULED")
        entries = []
        for row in self._rows(request):
            known = self._known(system, row.get("file-system-id" if older else "volume-id"))
            # A SnapLock volume among several spoils its own part only.
            if isinstance(known, Volume) and not known.worm:
                entries.append(self._start_entry(system, known, row, modes))
            else:
                text = "SnapLock volumes cannot be backed up" if isinstance(known, Volume) else "Volume was not found"
                entries.append({"id": known.id if isinstance(known, Volume) else known, "refused": text})
        self.not_busy([entry["volume"].id for entry in entries if "volume" in entry])
        return self.accepted(self.start_job("backup", system, entries))

    def _rows(self, request: Request) -> list[dict]:
        rows = self.body(request).get("volume")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            self.refuse("volume must be a list of volumes")
        return rows

    def _known(self, system: System, volume_id: Any) -> Volume | str:
        if not isinstance(volume_id, str) or not volume_id:
            self.refuse("every volume needs its id")
        return system.volumes.get(volume_id, volume_id)

    @route("PUT", BACKUP + WE + VOLUME, writes=True)
    def change_volume(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system, body = self.active_system(we), self.body(request)
        found = self.protected_volume(system, volume)
        change = self._volume_change(system, body)
        self.apply_volume_change(found, change)
        return Reply(200, {"state": body.get("state") or "UPDATED"})

    @route("PUT", BACKUP + WE + r"/volume", writes=True)
    def change_volumes(self, request: Request, account: str, we: str) -> Reply:
        system = self.active_system(we)
        entries = []
        for row in self._rows(request):
            known = self._known(system, row.get("file-system-id"))
            change = self._volume_change(system, row)
            if isinstance(known, Volume) and known.protected:
                entries.append({"volume": known, "change": change})
            else:
                text = "Volume is not backed up"
                entries.append({"id": known.id if isinstance(known, Volume) else known, "refused": text})
        return self.accepted(self.start_job("volume_state", system, entries))

    def _volume_change(self, system: System, body: dict) -> dict[str, Any]:
        state = self.text(body, "state")
        if state not in ("", *VOLUME_STATES):
            self.refuse("state must be one of " + ", ".join(VOLUME_STATES))
        policy = self._policy_of(system, body.get("backup-policy"))
        if not state and not policy:
            self.refuse("state or backup-policy is required")
        return {"state": state, "policy": policy}

    def apply_volume_change(self, volume: Volume, change: dict) -> None:
        if change["policy"]:
            volume.policy = change["policy"]
        if change["state"] in ("PAUSE", "RESUME"):
            volume.paused = change["state"] == "PAUSE"
        elif change["state"] == "DELETE":
            volume.snapshots.clear()
            self.forget(volume)

    @staticmethod
    def forget(volume: Volume) -> None:
        volume.policy, volume.paused, volume.last_backup, volume.last_failed = "", False, None, False

    @route("DELETE", BACKUP + WE + VOLUME, writes=True)
    def detach(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system = self.active_system(we)
        found = self.protected_volume(system, volume)
        if found.snapshots:
            self.refuse(f"Volume {found.name} still has {len(found.snapshots)} backups: delete them first")
        self.not_busy([found.id])
        return self.accepted(self.start_job("detach", system, [{"volume": found}], single=True))

    # -- policies ------------------------------------------------------------------------------------------------
    @route("GET", API + r"/v1" + WE + r"/backup-policy")
    def policies(self, request: Request, account: str, we: str) -> Reply:
        system = self.system(we)
        archived = {"true": True, "false": False}.get(request.query.get("archived", "").lower())
        rows = []
        for policy in system.policies.values():
            if archived is not None and bool(policy.archive_after_days) != archived:
                continue
            count = sum(volume.policy == policy.name for volume in system.volumes.values())
            row = {"id": policy.id, **policy.short(), "attached-volumes-count": str(count)}
            rows.append({**row, "object-lock": policy.object_lock})
        return Reply(200, {"backup-policy": rows})

    @route("POST", API + r"/v1" + WE + r"/backup-policy", writes=True)
    def add_policy(self, request: Request, account: str, we: str) -> Reply:
        system, body = self.system(we), self.body(request)
        if not self.text(body, "name"):
            self.refuse("name is required")
        if body["name"] in system.policies:
            self.refuse(f"Policy {body['name']} exists already", 409)
        self._save_policy(system, body["name"], body)
        return Reply(200, {"name": body["name"]})

    @route("PUT", API + r"/v2" + WE + r"/backup-policy", writes=True)
    def change_policy(self, request: Request, account: str, we: str) -> Reply:
        system, body = self.system(we), self.body(request)
        if not self.text(body, "policyName"):
            self.refuse("policyName is required")
        self._policy_of(system, {"name": body["policyName"]})
        self._save_policy(system, body["policyName"], body)
        return Reply(200, {"name": body["policyName"]})

    @route("PUT", API + r"/v1" + WE + r"/backup-policy/(?P<policy>[^/]+)", writes=True)
    def change_policy_older(self, request: Request, account: str, we: str, policy: str) -> Reply:
        system, body = self.system(we), self.body(request)
        self._policy_of(system, {"name": policy})
        self._save_policy(system, policy, body)
        return Reply(200, {"name": policy})

    @route("DELETE", API + r"/v1" + WE + r"/backup-policy/(?P<policy>[^/]+)", writes=True)
    def remove_policy(self, request: Request, account: str, we: str, policy: str) -> Reply:
        system = self.system(we)
        for found in system.policies.values():
            if found.id != policy:
                continue
            if any(volume.policy == found.name for volume in system.volumes.values()):
                self.refuse(f"Policy {found.name} is attached to volumes")
            del system.policies[found.name]
            return Reply(200, {})
        return self.error(404, "NOT_FOUND", f"Policy {policy} was not found")

    def _policy_of(self, system: System, given: Any) -> str:
        """The name of the policy in a body ("" when there is none); one with rules that is new is made."""
        if given is None:
            return ""
        if not isinstance(given, dict):
            self.refuse("backup-policy must be an object")
        name = self.text(given, "name")
        if not name and not given.get("rule"):
            return ""
        name = name or "CloudBackupService-" + system.id
        if name in system.policies:
            return name
        if not given.get("rule"):
            self.refuse(f"Policy {name} was not found")
        self._save_policy(system, name, given)
        return name

    def _save_policy(self, system: System, name: str, body: dict) -> None:
        rules = body.get("rule")
        if not isinstance(rules, list) or not rules:
            self.refuse("rule is required")
        total, clean = 0, []
        for rule in rules:
            label, retention = (rule.get("label"), rule.get("retention")) if isinstance(rule, dict) else (None, None)
            if not isinstance(label, str) or not isinstance(retention, str) or not retention.isdigit():
                self.refuse("every rule needs a label and a retention (a number as a text)")
            total += int(retention)
            clean.append({"label": label, "retention": retention})
        known = system.policies.get(name)
        if known is None and total > MOST_BACKUPS:
            self.refuse(f"A policy can keep at most {MOST_BACKUPS} backups")
        lock = self.text(body, "object-lock") or (known.object_lock if known else "NONE")
        if lock not in LOCKS:
            self.refuse("object-lock must be one of " + ", ".join(LOCKS))
        archive = body.get("archive-after-days")
        # The schema has a text, one sample of the vendor a number.
        days = (known.archive_after_days if known else "") if archive is None else str(archive)
        if days not in ("", "never") and not days.isdigit():
            self.refuse("archive-after-days must be a number of days")
        days = "" if days == "never" else days
        system.policies[name] = Policy(known.id if known else self.new_id(), name, clean, days, lock)

    # -- snapshots -----------------------------------------------------------------------------------------------
    @route("GET", BACKUP + WE + VOLUME + r"/snapshot")
    def snapshots(self, request: Request, account: str, we: str, volume: str) -> Reply:
        found = self.volume(self.system(we), volume)
        return self._page(request, "snapshot", [self._snapshot(one) for one in found.snapshots])

    @route("GET", BACKUP + WE + VOLUME + SNAPSHOT)
    def one_snapshot(self, request: Request, account: str, we: str, volume: str, snapshot: str) -> Reply:
        return Reply(200, self._snapshot(self.snapshot(self.volume(self.system(we), volume), snapshot)))

    @route("GET", BACKUP + r"/snapshot")
    def all_snapshots(self, request: Request, account: str) -> Reply:
        return self._page(
            request, "snapshot", [row for we in self.systems_by_id.values() for row in self._located(we, "")]
        )

    @route("GET", BACKUP + WE + r"/snapshot")
    def system_snapshots(self, request: Request, account: str, we: str) -> Reply:
        return self._page(request, "snapshot", self._located(self.system(we), request.query.get("svm", "")))

    def _located(self, system: System, svm: str) -> list[dict]:
        return [
            {**self._snapshot(one), "working-environment-id": system.id, "file-system-id": volume.id, "svm": volume.svm}
            for volume in system.volumes.values()
            if not svm or volume.svm == svm
            for one in volume.snapshots
        ]

    def _snapshot(self, one: Snapshot) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.name,
            "creation-time": self.stamp(one.created),
            "size": one.size,
            "archived": one.archived,
            "object-lock": one.object_lock,
        }

    @route("DELETE", BACKUP + WE + VOLUME + SNAPSHOT, writes=True)
    def remove_snapshot(self, request: Request, account: str, we: str, volume: str, snapshot: str) -> Reply:
        found = self.volume(self.system(we), volume)
        one = self.snapshot(found, snapshot)
        if one.object_lock in ("COMPLIANCE", "LOCKED"):
            self.refuse(f"Snapshot {one.name} is locked")
        found.snapshots.remove(one)
        return Reply(200, {"state": "DELETED"})

    @route("DELETE", BACKUP + WE + VOLUME + r"/snapshot", writes=True)
    def remove_volume_snapshots(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system = self.active_system(we)
        found = self.volume(system, volume)
        self.not_busy([found.id])
        return self.accepted(self.start_job("remove_snapshots", system, [{"volume": found}], single=True))

    @route("DELETE", API + r"/v2/backup" + WE + r"/snapshot", writes=True)
    def remove_system_snapshots(self, request: Request, account: str, we: str) -> Reply:
        return self.accepted(self.start_job("remove_all_snapshots", self.active_system(we)))

    @route("POST", API + r"/v1" + WE + VOLUME + r"/snapshot", writes=True)
    def add_local_snapshot(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system, body = self.system(we), self.body(request)
        if not self.text(body, "name"):
            self.refuse("name is required")
        self.volume(system, volume).local_snapshots.append(body["name"])
        return self.accepted(self.start_job("none", system))
