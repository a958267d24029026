# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated account protects at the start: 4 systems, 40 protected volumes, a month of jobs."""

from __future__ import annotations

import random
import time
import uuid
from typing import Any

from .records import GIB, Job, Policy, Snapshot, System, Volume

HOUR, DAY = 3600.0, 86400.0

#: The job of the vendor page 'Retrieve particular job details' answers under this id.
VENDOR_EXAMPLE = "vendor-page-example"

#: id, name, type, provider, region, ONTAP, where backups go, backup provider, SVMs
SYSTEMS = (
    ("OnPremWorkingEnvironment-p7TqWx2R", "onprem-zrh-a800", "ON_PREM", "onPrem", "", "9.14.1P4", "SGWS", ("svm_nas", "svm_sql")),
    ("OnPremWorkingEnvironment-Kd93LmVc", "onprem-gva-c400", "ON_PREM", "onPrem", "", "9.13.1P9", "AWS", ("svm_gva",)),
    ("VsaWorkingEnvironment-u4Hs8NbQ", "cvo-aws-prod", "CVO", "AWS", "eu-central-2", "9.14.1P6", "AWS", ("svm_cvo_prod",)),
    ("VsaWorkingEnvironment-Zy1Fg6Jt", "cvo-azure-dev", "CVO", "AZURE", "switzerlandnorth", "9.13.1", "AZURE", ("svm_cvo_dev",)),
)  # fmt: skip

POLICIES = (
    ("daily-30", [{"label": "daily", "retention": "30"}], ""),
    ("hourly-24-daily-14", [{"label": "hourly", "retention": "24"}, {"label": "daily", "retention": "14"}], ""),
    ("gold-7y", [{"label": "daily", "retention": "30"}, {"label": "monthly", "retention": "84"}], "180"),
)

#: Ten protected volumes per system.
VOLUMES = (
    ("sql_prod_01_data", "sql_prod_01_log", "home_dirs_zrh", "vmware_ds01", "vmware_ds02", "dept_finance", "dept_legal",
     "projects_2026", "exchange_archive", "web_content"),
    ("gva_home", "gva_profiles", "gva_scans", "gva_cad", "gva_backup_staging", "{{ 7*7 }}", "=cmd|' /C calc'!A0",
     "gva_müller_数据", "gva line\nbreak", "gva_<script>alert(1)</script>"),
    ("k8s_pv_orders", "k8s_pv_billing", "oracle_erp_data", "oracle_erp_redo", "shared_assets", "media_raw", "media_final",
     "ci_artifacts", "analytics_lake", "audit_logs"),
    ("dev_home", "dev_builds", "test_data", "sandbox_01", "sandbox_02", "qa_images", "training", "demo", "legacy_share",
     "home_dirs_zrh"),
)  # fmt: skip

PAUSED = {"legacy_share", "gva_scans", "training"}
NEVER_RUN = {"demo", "projects_2026"}
OVERDUE = {"media_raw": 9.0, "gva_cad": 16.0, "sandbox_02": 4.0}
FAILED_LAST = {"vmware_ds02": "NDMP session timed out", "oracle_erp_redo": "Object store is not reachable"}


class Estate:
    """Builds everything from one seed, so that ids are the same in every run. Times follow ``now``."""

    def __init__(self, now: float, types: dict[str, str]) -> None:
        self.random = random.Random(20260718)
        self.now, self.types = now, types
        # Last night's window, 00:10 UTC. Who looks at that hour finds it three hours earlier: over, and not yet a day old.
        self.midnight = now - now % DAY + 600.0
        if now - self.midnight < 2 * HOUR:
            self.midnight -= 3 * HOUR
        self.systems: dict[str, System] = {}
        self.jobs: dict[str, Job] = {}
        for number in range(len(SYSTEMS)):
            self._system(number)
        self._nights()
        self._others()

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _system(self, number: int) -> None:
        id, name, kind, provider, region, ontap, backup, svms = SYSTEMS[number]
        system = System(id, name, kind, provider, region, ontap, self.new_id(), f"netapp-backup-{id[-8:].lower()}")
        system.backup_provider, system.svms = backup, list(svms)
        system.aggregates, system.default_policy = ["aggr1", "aggr2"], "daily-30"
        for policy, rules, archive in POLICIES:
            system.policies[policy] = Policy(self.new_id(), policy, [dict(rule) for rule in rules], archive)
        for place, volume_name in enumerate(VOLUMES[number]):
            self._protected(system, volume_name, place)
        for place in range(2):
            self._volume(system, f"scratch_{number + 1}{place + 1}")
        if number == 0:
            self._volume(system, "snaplock_compliance").worm = True
            self._volume(system, "mirror_from_gva").type = "DP"
        self.systems[id] = system

    def _volume(self, system: System, name: str) -> Volume:
        size = self.random.randrange(20, 4000) * GIB
        volume = Volume(
            self.new_id(), name, self.random.choice(system.svms), size, int(size * self.random.uniform(0.1, 0.9))
        )
        system.volumes[volume.id] = volume
        return volume

    def _protected(self, system: System, name: str, place: int) -> None:
        volume = self._volume(system, name)
        volume.policy = POLICIES[(0, 0, 1, 0, 2)[place % 5]][0]
        volume.paused = name in PAUSED
        volume.last_failed = name in FAILED_LAST
        if name in NEVER_RUN:
            return
        last = self.midnight + place * 180.0
        if volume.paused:
            last -= 12 * DAY
        last -= OVERDUE.get(name, 1.0 if volume.last_failed else 0.0) * DAY
        for back in range(self.random.randrange(5, 15), -1, -1):
            made = last - back * DAY
            stamp = time.strftime("%Y-%m-%d_%H%M", time.gmtime(made))
            volume.snapshots.append(Snapshot(self.new_id(), f"daily.{stamp}", made, self.random.randrange(1, 40) * GIB))
        volume.last_backup = last

    def add(self, job: Job) -> Job:
        job.origin = "estate"
        self.jobs[job.id] = job
        return job

    def _done(self, system: System, kind: str, at: float, minutes: float, **options: Any) -> Job:
        job = Job(self.new_id(), system.id, self.types[kind], kind, at, 5.0, minutes * 60, **options)
        job.close()
        return self.add(job)

    def _part(self, volume: Volume, error: str = "") -> dict:
        return {"id": volume.id, "outcome": "FAILED" if error else "SUCCESS", "error": error}

    def _nights(self) -> None:
        for back in range(29, -1, -1):
            night = self.midnight - back * DAY
            for number, system in enumerate(self.systems.values()):
                if number > 1 and back % 2:
                    continue  # the cloud systems back up every second night
                parts, failed = [], 0
                for volume in system.volumes.values():
                    if volume.last_backup is None or volume.last_backup < night - HOUR and not volume.last_failed:
                        continue
                    error = FAILED_LAST.get(volume.name, "") if back == 0 else ""
                    if not error and back and self.random.random() < 0.01:
                        error = "Snapshot transfer was aborted"
                    failed += bool(error)
                    parts.append(self._part(volume, error))
                self._done(
                    system,
                    "backup",
                    night + number * 60,
                    self.random.uniform(8, 50),
                    parts=parts,
                    outcome="FAILED" if failed else "COMPLETED",
                    error=f"Backup failed for {failed} of {len(parts)} volumes" if failed else "",
                )

    def _others(self) -> None:
        systems = list(self.systems.values())
        first, gva, cloud, dev = systems
        volumes = [list(system.volumes.values()) for system in systems]
        for back in range(1, 13):  # back-ups by hand: some answer without data, one with null
            system, volume = systems[back % 4], volumes[back % 4][back % 5]
            job = self._done(system, "backup", self.now - back * 2.3 * DAY, 6, parts=[self._part(volume)])
            job.data = {3: "absent", 6: "null"}.get(back, "normal")
        self._done(cloud, "activate", self.now - 28 * DAY, 4)
        self._done(dev, "we_state", self.now - 21 * DAY, 1)
        self._done(gva, "remove_snapshots", self.now - 15 * DAY, 3)
        self._done(gva, "detach", self.now - 15 * DAY + 600, 2, outcome="FAILED", error="Volume still has 12 backups")
        all_failed = [self._part(volume, "Connector lost contact with the cluster") for volume in volumes[3][:3]]
        self._done(
            dev, "backup", self.now - 9.5 * DAY, 11, parts=all_failed, outcome="FAILED", error="All volumes failed"
        )
        # A job that says COMPLETED although one of its parts failed: whether the product does so is not documented.
        mixed = [self._part(volumes[2][0]), self._part(volumes[2][1], "Volume was offline"), self._part(volumes[2][4])]
        self._done(cloud, "backup", self.now - 3.2 * DAY, 14, parts=mixed)
        self._restore(first, volumes[0][0], "volume", 6.4, "SUCCESS")
        self._restore(gva, volumes[1][0], "volume", 4.1, "FAILED")
        self._restore(first, volumes[0][2], "file", 2.2, "SUCCESS")
        self._restore(cloud, volumes[2][4], "file", 0.4, "FAILED")
        self._active(first, volumes[0][3:5], 900.0, 3 * HOUR, 3)
        self._active(cloud, volumes[2][2:3], 300.0, HOUR, 0)
        self._active(dev, volumes[3][1:2], 20.0, HOUR, -1)
        example = self.add(Job(VENDOR_EXAMPLE, first.id, self.types["restore_file"], "none", self.now - HOUR, DAY, DAY))
        example.held_at = self.now  # it is PENDING on the page, so it stays so
        example.extra = {
            "id": example.id, "working-environment-id": first.id, "type": example.type, "time": int(example.created)
        }  # fmt: skip

    def _active(self, system: System, volumes: list[Volume], ago: float, duration: float, pending: float) -> None:
        parts = [self._part(volume) for volume in volumes]
        pending = pending if pending >= 0 else 2 * HOUR
        job = Job(
            self.new_id(), system.id, self.types["backup"], "backup", self.now - ago, pending, duration, parts=parts,
            volumes=tuple(volume.id for volume in volumes),
        )  # fmt: skip
        job.arguments = {
            "system": system,
            "entries": [
                {"volume": volume, "mode": "AD_HOC", "policy": volume.policy, "name": ""} for volume in volumes
            ],
        }
        self.add(job).move(self.now)

    def _restore(self, system: System, volume: Volume, kind: str, days: float, outcome: str) -> None:
        before = [one for one in volume.snapshots if one.created < self.now - days * DAY]
        source = {
            "working-environment-id": system.id,
            "working-environment-name": system.name,
            "bucket": system.bucket,
            "volume-name": volume.name,
            "volume-id": volume.id,
            "snapshot": before[-1].name if before else volume.snapshots[0].name,
        }
        target = {
            "working-environment-id": system.id,
            "working-environment-name": system.name,
            "svm": volume.svm,
            "volume-name": volume.name + ("_restored" if kind == "volume" else ""),
            "volume-size": volume.size,
            "path": "/" if kind == "volume" else "/restored",
        }
        error = "" if outcome == "SUCCESS" else "Target aggregate has not enough space"
        batches = []
        for number in range(2 if kind == "file" else 0):
            bad = outcome == "FAILED" and number == 1
            file = {"inode": 200 + number, "path": f"/finance/budget-{number}.xlsx", "type": "file", "size": 52311}
            batches.append(
                {
                    "id": self.new_id(),
                    "outcome": "FAILED" if bad else "SUCCESS",
                    "error": error if bad else "",
                    "files": [{**file, "mtime": 1760000000}],
                }
            )
        self._done(
            system,
            "restore_" + kind,
            self.now - days * DAY,
            17,
            outcome="FAILED" if error else "COMPLETED",
            error=error,
            restore={"type": kind, "source": source, "target": target, "batches": batches},
        )
