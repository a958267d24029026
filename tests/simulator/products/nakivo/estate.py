# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated Director looks like when it starts, and estates of any size for load tests.

All times hang on the clock's start, and no schedule fires within the ten hours that follow (but for the job that runs
every four hours), so that a test meets a run of its own making only.
"""

from __future__ import annotations

from typing import Any

from .job_info import DEFAULT_OPTIONS
from .jobs import Job, Machine, Part, Run, Tenant, outcomes
from .schedules import schedule

HOUR = 3600.0
DAY = 86400.0
GIB = 1 << 30
ALPINE = "6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11"
NORDSEE = "c2a7e5d4-8b19-4e7d-b3f2-5e1f90ab6d22"
#: Object settings beside the source and the target (names seen in a client's job template for 11.2.1).
OBJECT_DEFAULTS: dict[str, Any] = {
    "mappings": [],
    "position": 0,
    "savepointVid": None,
    "parentContainerSourceVid": None,
    "credentialVid": None,
    "appAwareEnabled": False,
    "excludedItems": None,
}
DTO_DEFAULTS: dict[str, Any] = {
    "containers": [],
    "actions": [],
    "policyRuleGroup": None,
    "violatesLicense": False,
    "bandwidthThrottlingRuleIds": None,
    "targetStorageType": "DISK",
    "originalLocations": None,
    "scheduleRetention": False,
    "prioritySchedule": True,
}
_PREFIX = {
    "VMWARE": "VMWARE_VM",
    "HYPERV": "HYPERV_VM",
    "AWS": "AWS_INSTANCE",
    "NUTANIX": "NUTANIX_VM",
    "PHYSICAL": "PM",
}
_SUB_TYPE = {"PHYSICAL": "WINDOWS", "NAS": "CIFS", "AWS": "EC2_INSTANCE"}


class Builder:
    """Fills a tenant with jobs. ``start`` is the clock's start; ``offset_s`` the zone of the schedules."""

    def __init__(self, tenant: Tenant, start: float, offset_s: int) -> None:
        self.tenant, self.start, self.offset_s = tenant, start, offset_s

    def night(self, hours: float) -> float:
        """A full minute, so many hours before the start: when a nightly schedule fires."""
        return (self.start - hours * HOUR) // 60 * 60

    def daily(self, hours: float, **fields: Any) -> dict[str, Any]:
        return schedule("DAILY", self.night(hours), self.offset_s, **fields)

    def repository(self, name: str, size_gib: int, free_gib: int, state: str = "OK", kind: str = "LOCAL") -> None:
        number = self.tenant.number("BACKUP_REPOSITORY")
        self.tenant.repositories[number] = {
            "id": number,
            "vid": f"BACKUP_REPOSITORY-{number}",
            "name": name,
            "type": kind,
            "size": size_gib * GIB,
            "free": free_gib * GIB,
            "state": state,
            "isAccessible": state != "INACCESSIBLE",
            "isAttached": True,
            "status": "GREEN" if state == "OK" else "RED",
        }

    def group(self, number: int, name: str, parent: int | None = None) -> int:
        self.tenant.groups[number] = {"id": number, "name": name, "parent": parent}
        return number

    def machines(self, hv: str, names: list[str], repository: int = 1, gib: int = 80) -> list[Machine]:
        found = []
        for name in names:
            number = self.tenant.number("SOURCE")
            vid = f"{_PREFIX.get(hv, 'FILE_SHARE')}-{number}"
            size = int(gib * GIB * (0.5 + self.tenant.random.random()))
            sub_type = _SUB_TYPE.get(hv, "VM")
            self.tenant.sources[vid] = (name, sub_type, size)
            settings = {
                **OBJECT_DEFAULTS,
                "sourceVid": vid,
                "targetVid": None,
                "targetStorageVid": f"BACKUP_REPOSITORY-{repository}",
                "targetName": name,
            }
            found.append(Machine(self.tenant.number("JOB_OBJECT"), settings, name, sub_type, size))
        return found

    def job(
        self,
        name: str,
        kind: str,
        hv: str,
        machines: list[Machine],
        group: int | None = None,
        schedules: list[dict[str, Any]] | None = None,
        enabled: bool = True,
        options: dict[str, Any] | None = None,
        **extra: Any,
    ) -> Job:
        number = self.tenant.number("JOB")
        job = Job(number, name, kind, hv, self.start - 200 * DAY - number * HOUR)
        job.machines, job.group, job.schedules, job.enabled = machines, group, schedules or [], enabled
        job.options = {**DEFAULT_OPTIONS, **(options or {})}
        job.extra = {**DTO_DEFAULTS, **extra}
        self.tenant.jobs[number] = job
        return job

    def ran(self, job: Job, when: float, minutes: float, state: str = "OK", adhoc: bool = False, **plan: Any) -> Job:
        """Give the job a run that is over."""
        job.plan = {"state": state, **plan}
        run = self.tenant.make_run(job, when, minutes * 60, adhoc)
        self.tenant.end_run(job, run, when + minutes * 60)
        return job

    def nights(self, job: Job, hours: float, minutes: float, state: str = "OK", **plan: Any) -> Job:
        """Two nights: a good one, then last night's with the given end."""
        self.ran(job, self.night(hours + 24) + 4, minutes * 1.5)
        return self.ran(job, self.night(hours) + 4, minutes, state, **plan)


def fill_master(tenant: Tenant, start: float, offset_s: int) -> None:
    build = Builder(tenant, start, offset_s)
    machines, job, nights = build.machines, build.job, build.nights
    build.repository("Onboard repository", 20480, 6144)
    build.repository("NFS offsite", 40960, 20480, kind="NFS")
    build.repository("CIFS archive", 10240, 0, "INACCESSIBLE", "CIFS")
    production = build.group(101, "Production")
    vmware = build.group(102, "Production VMware", production)
    branches = build.group(103, "Branch offices")

    servers = ["sql-prod-01", "sql-prod-02", "exchange-01", "web-01", "web-02", "dc-01"]
    night = job("VMware production nightly", "BACKUP", "VMWARE", machines("VMWARE", servers), vmware, [build.daily(9)])
    night.options["applicationAwareMode"] = "VSS_IGNORE_ERRORS"
    nights(night, 9, 52)
    replica = job(
        "VMware replica to DR site", "REPLICATION", "VMWARE", machines("VMWARE", servers[:3]), vmware, [build.daily(8)]
    )
    nights(replica, 8, 31)
    exact = {"retentionPolicy": {**DEFAULT_OPTIONS["retentionPolicy"], "retentionMode": "EXACT"}}
    after = schedule(
        "TRIGGER", offset_s=offset_s, triggerItem=night.vid, triggerRunType="IMMEDIATELY", triggerEvents=["RUN_SUCCESS"]
    )
    copy = job(
        "Backup copy offsite",
        "BACKUP_COPY",
        "VMWARE",
        machines("VMWARE", servers, 2),
        production,
        [after],
        options=exact,
    )
    build.ran(copy, build.night(8.1), 44)
    sites = ["hv-bern-01", "hv-basel-01", "hv-genf-01", "hv-chur-01"]
    partial = job("Hyper-V branch offices", "BACKUP", "HYPERV", machines("HYPERV", sites), branches, [build.daily(10)])
    nights(partial, 10, 25, "FAILED", failed=1)
    ahv = job(
        "Nutanix AHV test cluster",
        "BACKUP",
        "NUTANIX",
        machines("NUTANIX", ["ahv-t1", "ahv-t2"]),
        None,
        [build.daily(7)],
    )
    nights(ahv, 7, 3, "FAILED")
    every = schedule("PERIODICALLY", build.night(1), offset_s, everyType="HOUR", every=4)
    every["startTime"] = schedule("DAILY", (build.night(1) + offset_s) % (4 * HOUR), 0)["startTime"]
    cloud = job(
        "AWS EC2 web tier", "BACKUP", "AWS", machines("AWS", ["i-web-a", "i-web-b", "i-web-c"]), production, [every]
    )
    for turn in range(6, -1, -1):
        build.ran(cloud, build.night(1 + 4 * turn) + 2, 12)
    physical = job(
        "Physical SQL servers",
        "BACKUP",
        "PHYSICAL",
        machines("PHYSICAL", ["psql-01", "psql-02"]),
        production,
        [build.daily(6)],
    )
    nights(physical, 6, 95)
    share = job(
        "File share Finance", "BACKUP", "NAS", machines("NAS", [r"\\nas-01\finance"]), None, [build.daily(5, on=31)]
    )
    share.options["differentialTrackingMode"] = "PROPRIETARY"
    nights(share, 5, 18)
    flb = job(
        "FLB engineering workstations", "FILE_LEVEL", "PHYSICAL", machines("PHYSICAL", ["ws-eng-07", "ws-eng-11"]), None
    )
    for machine in flb.machines:
        path = {"type": "NORMAL", "sourceIdentifier": "C:/Projects", "sourceIdentifierType": "FOLDER"}
        machine.settings = {**machine.settings, "mappings": [path]}
    build.ran(flb, start - 30 * HOUR, 14, adhoc=True)
    recovery = job("Recover sql-prod-01", "RECOVERY_VMS", "VMWARE", machines("VMWARE", ["sql-prod-01"]), None)
    build.ran(recovery, start - 40 * DAY, 22, adhoc=True)
    job("Flash boot web-01", "FLASH_BOOT", "VMWARE", machines("VMWARE", ["web-01"]), None)
    steps = [{"id": 1, "type": "FAILOVER_VMWARE_VMS", "position": 0}, {"id": 2, "type": "WAIT", "position": 1}]
    site = job(
        "DR failover Zurich",
        "SITE_RECOVERY",
        "VMWARE",
        machines("VMWARE", ["sql-prod-01", "dc-01"]),
        None,
        actions=steps,
    )
    build.ran(site, start - 12 * DAY, 17, adhoc=True)
    job("Replica failover fs-01", "REPLICA_FAILOVER", "VMWARE", machines("VMWARE", ["fs-01"]), None)
    pool = [f"vdi-{number:02d}" for number in range(1, 51)]
    desktops = job(
        "VMware desktop pool", "BACKUP", "VMWARE", machines("VMWARE", pool, gib=30), vmware, [build.daily(11)]
    )
    nights(desktops, 11, 130, "FAILED", failed=1)
    stopped = job(
        "Hyper-V archive",
        "BACKUP",
        "HYPERV",
        machines("HYPERV", ["arc-01", "arc-02", "arc-03"]),
        branches,
        [build.daily(9.5)],
    )
    nights(stopped, 9.5, 40, "STOPPED", stopped=1)
    legacy = job(
        "Legacy ERP", "BACKUP", "VMWARE", machines("VMWARE", ["erp-old"]), production, [build.daily(9.2)], enabled=False
    )
    build.ran(legacy, build.night(9.2 + 24 * 30), 35)
    paused = job(
        "Test lab weekly", "BACKUP", "VMWARE", machines("VMWARE", ["lab-01"]), None, [build.daily(8.7, enabled=False)]
    )
    build.ran(paused, build.night(8.7 + 24 * 9), 11)
    job(
        "New department servers",
        "BACKUP",
        "VMWARE",
        machines("VMWARE", ["dep-01", "dep-02"]),
        branches,
        [build.daily(7.5)],
    )
    first = job(
        "First full of cluster B", "BACKUP", "VMWARE", machines("VMWARE", ["b-01", "b-02"]), vmware, [build.daily(8.2)]
    )
    active = job(
        "SAP HANA hourly",
        "BACKUP",
        "VMWARE",
        machines("VMWARE", ["hana-01", "hana-02", "hana-03"]),
        production,
        [build.daily(4.5)],
    )
    nights(active, 4.5, 20)
    for busy in (first, active):
        busy.run = tenant.make_run(busy, start - 300, 1500, busy is active)
        busy.starts = 1
    overdue = job("Mail archive", "BACKUP", "VMWARE", machines("VMWARE", ["mail-arc-01"]), None, [build.daily(9.1)])
    build.ran(overdue, build.night(9.1 + 24 * 8), 33)
    overdue.stuck_next = start - 3 * HOUR
    hostile = [
        "{{ 7*7 }} {% raw %}nightly",
        "=cmd|' /C calc'!A0",
        "Two\nlines <script>alert(1)</script>",
        "Sauvegarde Zürich – 東京 ✓",
    ]
    for turn, name in enumerate(hostile):
        odd = job(name, "BACKUP", "VMWARE", machines("VMWARE", [f"{name} vm"]), None, [build.daily(6.1 + turn / 10)])
        nights(odd, 6.1 + turn / 10, 6)
    for turn in (1, 2):
        twin = job(
            "File server backup", "BACKUP", "VMWARE", machines("VMWARE", [f"fs-0{turn}"]), branches, [build.daily(6.6)]
        )
        nights(twin, 6.6, 15)
    mixed = job(
        "VMware templates and tools", "BACKUP", "VMWARE", machines("VMWARE", ["tool-01", "tool-02", "tpl-win"]), None
    )
    build.ran(mixed, build.night(7.7), 9, adhoc=True, skipped=1)
    mixed.machines += machines("VMWARE", ["tool-03-added-today"])
    weekly = build.daily(
        8.4, scheduleRetentionType="WEEKLY", customKeepSavepointCount=10, customKeepSavepointType="DAYS", position=0
    )
    monthly = schedule(
        "MONTHLY_YEARLY", build.night(8.4), offset_s, enabled=False, position=1, monthlyEveryType="LAST", dayOfWeek=5,
        scheduleRetentionType="MONTHLY", customKeepSavepointCount=12, customKeepSavepointType="MONTHS",
    )  # fmt: skip
    double = job(
        "Schedule retention sample",
        "BACKUP",
        "VMWARE",
        machines("VMWARE", ["ret-01"]),
        None,
        [weekly, monthly],
        scheduleRetention=True,
    )
    nights(double, 8.4, 8)
    future = job("Proxmox lab", "BACKUP", "VMWARE", machines("VMWARE", ["pve-01", "pve-02"]), None, [build.daily(5.5)])
    nights(future, 5.5, 7)


def fill_tenants(alpine: Tenant, nordsee: Tenant, start: float, offset_s: int) -> None:
    for tenant, hosts in ((alpine, ["core-banking", "swift-gw", "teller-01"]), (nordsee, ["wms-01", "tms-01"])):
        build = Builder(tenant, start, offset_s)
        build.repository("Tenant repository", 2048, 512)
        group = build.group(101, "Servers")
        for turn, host in enumerate(hosts):
            name = f"{tenant.name} {host}"
            made = build.job(
                name, "BACKUP", "VMWARE", build.machines("VMWARE", [host]), group, [build.daily(8 + turn / 4)]
            )
            build.nights(made, 8 + turn / 4, 12, "FAILED" if turn == 2 else "OK")
        build.ran(
            build.job("On demand", "BACKUP", "VMWARE", build.machines("VMWARE", ["adhoc-01"])), start - 50 * HOUR, 5
        )


def load(tenant: Tenant, start: float, offset_s: int, count: int) -> range:
    """``count`` jobs more, one machine each: 1 of 20 failed, some stopped, never run or disabled."""
    build = Builder(tenant, start, offset_s)
    nightly = [[build.daily(2 + slot / 4)] for slot in range(32)]
    likes: dict[tuple, dict[int, Any]] = {}
    first = tenant.number("JOB")
    for index in range(count):
        if index:
            tenant.number("JOB")
        slot, never = index % 32, index % 50 == 49
        state = "" if never else "FAILED" if index % 20 == 19 else "STOPPED" if index % 33 == 32 else "OK"
        job = Job(first + index, f"Load {index:06d} nightly", "BACKUP", "VMWARE", start - 90 * DAY)
        job.options, job.extra, job.schedules = DEFAULT_OPTIONS, DTO_DEFAULTS, nightly[slot]
        job.enabled = index % 100 != 98
        number = tenant.number("JOB_OBJECT")
        settings: dict[str, Any] = {"sourceVid": f"VMWARE_VM-9{number}", "targetName": f"load-{index:06d}"}
        settings.update(targetVid=f"BACKUP_OBJECT-9{number}" if state else None, targetStorageVid="BACKUP_REPOSITORY-1")
        machine = Machine(number, settings, f"load-{index:06d}", "VM", 40 * GIB)
        job.machines = [machine]
        job.like = likes.setdefault((slot, state, job.enabled), {})
        if state:
            began, seconds = build.night(2 + slot / 4) + 4, 300.0 + 30 * slot
            part = Part(machine, 0.0, seconds, outcomes(1, state)[0], 400 << 20)
            run = Run(tenant.number("EXECUTION"), began, seconds, False, [part], state)
            run.finished = began + seconds
            machine.last = (part.outcome, part.moved, int(seconds * 1000))
            job.last = run
            job.history.append(run)
        tenant.jobs[job.id] = job
    tenant.touch()
    return range(first, first + count)
