# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CommCell that a simulator starts with, and the big ones that ``control_load`` makes."""

from __future__ import annotations

import random

from .models import BACKUP, DAY, FULLS, WITH_DATA, Client, Copy, Policy, Run, Subclient
from .run_index import RunIndex

#: name, operating system, client groups (1 Infrastructure, 5 Media Agents, 7 Production, 9 Branch offices)
CLIENTS = (
    ("cs01", "Windows", (1,)), ("ma-zrh-01", "Linux", (1, 5)), ("ma-zrh-02", "Linux", (1, 5)),
    ("sql-prod-01", "Windows", (7,)), ("sql-prod-02", "Windows", (7,)), ("sql-test-01", "Windows", ()),
    ("ora-erp-01", "Linux", (7,)), ("ora-erp-02", "Linux", (7,)), ("exch-zrh-01", "Windows", (7,)),
    ("exch-zrh-02", "Windows", (7,)), ("fs-zurich-01", "Windows", (7,)), ("fs-zurich-02", "Windows", (7,)),
    ("fs-geneva-01", "Windows", (9,)), ("fs-basel-01", "Windows", (9,)), ("web-prod-01", "Linux", (7,)),
    ("web-prod-02", "Linux", (7,)), ("web-prod-03", "Linux", (7,)), ("gitlab-01", "Linux", ()),
    ("jenkins-01", "Linux", ()), ("sap-hana-01", "Linux", (7,)), ("vcenter-zrh", "VMware", ()),
    ("vcenter-gva", "VMware", ()), ("hyperv-lab", "Hyper-V", ()), ("nas-zrh-01", "NAS", (7,)),
    ("dc-01", "Windows", (1,)),
    ("dc-02", "Windows", (1,)), ("print-01", "Windows", ()), ("ca-01", "Windows", (1,)), ("mongo-01", "Linux", ()),
    ("pg-prod-01", "Linux", (7,)), ("laptop-keller", "Windows", ()), ("old-intranet", "Windows", ()),
    ("Büro-Zürich-日本", "Windows", (9,)), ("{{ 7*7 }}", "Linux", ()), ("=cmd|' /C calc'!A0", "Windows", ()),
    ("<script>alert(1)</script>", "Linux", ()),
)  # fmt: skip
GROUPS = {1: "Infrastructure", 5: "Media Agents", 7: "Production", 9: "Branch offices"}

AGENTS = {
    "File System": (33, "DefaultInstanceName", "defaultBackupSet"),
    "SQL Server": (81, "", "defaultBackupSet"),
    "Oracle": (22, "ERP", "default"),
    "Exchange Database": (53, "defaultInstance", "defaultBackupSet"),
    "Virtual Server": (106, "VMware", "defaultBackupSet"),
    "NDMP": (13, "", "defaultBackupSet"),
}

#: The texts of the vendor page "GET Job" (jobs 681, 707 and 795).
OFFLINE = (
    " on MediaAgent [DOCLABHVHOST.commcell.com] is offline for Storage Policy Copy [ Policy_1 / Primary ]. "
    "Offline Reason: Cannot read from index cache directory.<br>Source: client001, Process: JobManager"
)
ANOTHER_RUNS = (
    "Another backup is running for client [{client}], iDataAgent [{agent}], Backup Set [{backupset}], "
    "Subclient [{subclient}].<br>Source: {client}, Process: JobManager"
)


class Estate:
    """Everything that the CommCell knows. ``disabled``: (kind, id, activity) of what is switched off."""

    def __init__(self, start: float) -> None:
        self.start = int(start)
        self.clients: dict[int, Client] = {}
        self.subclients: dict[int, Subclient] = {}
        self.policies: dict[int, Policy] = {}
        self.copies: dict[int, Copy] = {}
        self.groups: dict[int, str] = dict(GROUPS)
        self.disabled: dict[tuple[str, int, int], dict] = {}
        self.schedules: dict[int, dict] = {}
        self.runs = RunIndex()
        self.next_job = 10001
        self.next_task = 501
        self.made = 0

    # -- parts ---------------------------------------------------------------------------------------------------
    def client(self, name: str, os: str = "Windows", groups: tuple = (), id: int | None = None) -> Client:
        number = id if id is not None else max([10, *self.clients]) + 1
        host = (
            name.lower() + ".corp.example"
            if name.isascii() and name.replace("-", "").isalnum()
            else f"h{number}.corp.example"
        )
        client = Client(number, name, host, os, list(groups), pseudo=os in ("VMware", "Hyper-V"))
        self.clients[number] = client
        return client

    def subclient(
        self, client: Client, name: str, agent: str, policy: Policy, backupset: str = "", id: int | None = None
    ) -> Subclient:
        number = id if id is not None else max([100, *self.subclients]) + 1
        agent_id, instance, default_set = AGENTS[agent]
        if agent == "SQL Server":
            instance = client.name.upper()
        subclient = Subclient(
            number, name, client, agent, agent_id, backupset or default_set, 1000 + number, instance, 2000 + client.id,
            policy, default=name == "default",
        )  # fmt: skip
        self.subclients[number] = subclient
        client.subclients.append(subclient)
        return subclient

    def policy(self, id: int, name: str, plan_id: int, copies: tuple) -> Policy:
        policy = Policy(id, name, plan_id)
        for precedence, (copy_id, copy_name, days, options) in enumerate(copies, 1):
            copy = Copy(copy_id, copy_name, policy, precedence, days, **options)
            policy.copies.append(copy)
            self.copies[copy_id] = copy
        self.policies[id] = policy
        return policy

    def job_id(self) -> int:
        self.next_job += 1
        return self.next_job - 1

    def is_enabled(self, kind: str, id: int, activity: int = BACKUP) -> bool:
        return (kind, id, activity) not in self.disabled

    # -- runs ----------------------------------------------------------------------------------------------------
    def finished(self, subclient: Subclient, level: str, start: float, seconds: int, status: str, size: int) -> Run:
        """A run of the past, tied to its chain but not yet in the index."""
        run = Run(self.job_id(), "Backup", 4, status, start, seconds).of(subclient)
        run.level = level
        run.end = run.last_update = int(start) + seconds
        if status in WITH_DATA:
            run.size, run.media, run.files = size, size // 3, size // 250_000 + 1
        if status.startswith("Completed w/ one or more errors"):
            run.failed_files, run.failed_folders = 7, 1
        self.chain(run)
        subclient.runs.append(run)
        subclient.client.runs.append(run)
        return run

    def chain(self, run: Run) -> None:
        """Note what a run with data depends on."""
        subclient = run.subclient
        if subclient is None or run.status not in WITH_DATA:
            return
        if run.level in FULLS:
            subclient.full = run
        elif subclient.full is not None:
            run.base = subclient.full
            run.base.dependents.append(run.id)
            run.base.keep_end = max(run.base.keep_end, run.end)

    def aged_at(self, run: Run) -> float | None:
        """When the run is aged on every copy; None when no copy has it."""
        times = [copy.keep_until(run) for copy in run.policy.copies if copy.holds(run)] if run.policy else []
        return max(times) if times else None


def build(start: float) -> Estate:
    """About 40 clients, 60 subclients and 400 runs of the last 31 days, the same for the same start."""
    estate = Estate(start)
    now = estate.start
    disk = estate.policy(
        5, "Disk_Daily", 15,
        (
            (9, "Primary", 15, {}),
            (10, "Secondary", 20, {"lag": 7200}),
            (11, "Cloud_Archive", 365, {"lag": 14400, "selective": True, "extended_days": 3650}),
        ),
    )  # fmt: skip
    critical = estate.policy(
        6, "Policy_1", 16, ((12, "Primary", 30, {}), (13, "S3_Compliance", 60, {"lag": 10800, "worm": True}))
    )
    sample = estate.client("client001", "Windows", (), id=2)
    estate.client("dkalevm2", "Linux", (1, 5), id=3)
    estate.client("ftestvm2", "Linux", (), id=4)
    estate.client("cmadvm2", "Linux", (), id=6)
    for name, os, groups in CLIENTS:
        estate.client(name, os, groups)
    hidden = estate.client("deconfigured-01", "Windows")
    hidden.hidden = True
    named = {client.name: client for client in estate.clients.values()}
    sample_subclient = estate.subclient(sample, "default", "File System", critical, id=7)
    _definitions(estate, named, disk, critical)
    _samples(estate, sample_subclient)
    _history(estate, now)
    _under_way(estate, named, now)
    for number, (subclient, disabled) in enumerate(
        zip(list(estate.subclients.values())[1:5], (False, False, True, False)), 301
    ):
        estate.schedules[number] = {
            "name": f"Nightly {subclient.client.name}",
            "disabled": disabled,
            "subclient": subclient.id,
        }
    return estate


def _definitions(estate: Estate, named: dict[str, Client], disk: Policy, critical: Policy) -> None:
    def add(client: str, name: str, agent: str, policy: Policy = disk, backupset: str = "") -> Subclient:
        return estate.subclient(named[client], name, agent, policy, backupset)

    # Three subclients called `default` on one client: only agent and backup set tell them apart.
    add("fs-zurich-02", "default", "File System")
    add("fs-zurich-02", "default", "File System", disk, "Projects")
    add("fs-zurich-02", "default", "SQL Server", critical)
    for client in ("sql-prod-01", "sql-prod-02", "sql-test-01"):
        add(client, "default", "SQL Server", critical)
        add(client, "system databases", "SQL Server", critical)
    for client in ("ora-erp-01", "ora-erp-02"):
        add(client, "default", "Oracle", critical)
        add(client, "archive logs", "Oracle", critical)
    for client in ("exch-zrh-01", "exch-zrh-02"):
        add(client, "M365 Exchange Zurich" if client.endswith("01") else "default", "Exchange Database", critical)
    add("nas-zrh-01", "home shares", "NDMP")
    add("vcenter-zrh", "Gold VMs", "Virtual Server", critical)
    add("vcenter-zrh", "Silver VMs", "Virtual Server")
    add("vcenter-gva", "Geneva VMs", "Virtual Server")
    add("hyperv-lab", "default", "Virtual Server")
    for owner in list(named.values()):
        if owner.os in ("Windows", "Linux") and owner.id > 10 and not owner.hidden and owner.name != "fs-zurich-02":
            add(owner.name, "default", "File System")
    add("web-prod-01", "{{ lookup('env', 'HOME') }}", "File System")
    add("web-prod-02", '=HYPERLINK("http://evil")', "File System")
    add("web-prod-03", "two\nlines", "File System")
    add("gitlab-01", "<img src=x onerror=alert(1)>", "File System")
    add("jenkins-01", "Sicherung über Nacht – 夜間", "File System")
    add("fs-basel-01", "never ran", "File System")
    by_client = {subclient.client.name: subclient for subclient in estate.subclients.values()}
    for client in ("print-01", "jenkins-01"):
        estate.disabled["subclient", by_client[client].id, BACKUP] = {}
    estate.disabled["client", named["old-intranet"].id, BACKUP] = {}


def _samples(estate: Estate, subclient: Subclient) -> None:
    """The jobs of the vendor page "GET Job", word for word."""
    base = {
        "appTypeName": "File System",
        "backupSetName": "defaultBackupSet",
        "currentPhaseName": "",
        "destClientName": "client001",
        "isVisible": "true",
    }
    sizes = {"percentSavings": "0.000000", "sizeOfApplication": "0", "sizeOfMediaOnDisk": "0"}
    files = {"subclientName": "default", "totalFailedFiles": "0", "totalFailedFolders": "0", "totalNumOfFiles": "0"}
    source = "<br>Source: client001, Process: JobManager"
    killed = (
        f"Killed by admin. Reason:[killing].{source}\nBackup job has been suspended by user admin. "
        f"Reason:[not responding].{source}\nDeDuplication DB access path [C:\\\\DeDupDB]{OFFLINE}"
    )
    suspended = (
        f"Backup job has been suspended by user admin. Reason:[v].{source}\n"
        f"DeDuplication DB access path [C:\\DeDupDB]{OFFLINE}"
    )
    another = ANOTHER_RUNS.format(
        client="client001", agent="Windows File System", backupset="defaultBackupSet", subclient="default"
    )
    for number, start, elapsed, updated, status, percent, phase, color, reason in (
        (681, 1380294233, 271516, 1380565749, "Killed", "100.000000", "", "black", killed),
        (707, 1380565903, 300, 0, "Suspended", "25.000000", "Backup", "black", suspended),
        (795, 1381528835, 0, 1381528835, "Failed to Start", "100.000000", "", "redspan", another),
    ):
        run = Run(number, "Backup", 4, status, start, 1200).of(subclient)
        run.level, run.reason, run.phase, run.bare = "Incremental", reason, phase, True
        run.last_update = updated
        if status == "Suspended":
            run.worked = 300
        else:
            run.end = start + elapsed
        run.verbatim = {
            **base, "currentPhaseName": phase, "jobElapsedTime": str(elapsed), "jobId": str(number),
            "jobStartTime": str(start), "jobType": "Backup", "lastUpdateTime": str(updated), "pendingReason": reason,
            "percentComplete": percent, **sizes, "status": status, "statusColor": color, **files,
        }  # fmt: skip
        subclient.runs.append(run)
        subclient.client.runs.append(run)
        estate.runs.add([run])
    for number, start, elapsed, client_id, client in (
        (270, 1500905613, 626498, 2, "dkalevm2"),
        (283, 1500910161, 621950, 4, "ftestvm2"),
        (293, 1500918130, 613981, 6, "cmadvm2"),
    ):
        run = Run(number, "Demo - New Machine Request", 90, "Waiting", start, 0)
        run.client_id, run.client_name = client_id, client
        run.percent, run.phase, run.reason_code, run.stalled = 6, "Submit message", "19:857", True
        run.last_update = start + 2
        run.reason = f"waiting on user informational action<br>Source: {client}, Process: Workflow"
        run.verbatim = {
            "appTypeName": "Default Application Type Name", "backupLevel": "UNKNOWN_BKP_LEVEL",
            "currentPhaseName": "Submit message", "destClientName": client, "isAged": "false", "isVisible": "true",
            "jobElapsedTime": str(elapsed), "jobId": str(number), "jobStartTime": str(start),
            "jobType": run.kind, "lastUpdateTime": str(start + 2), "localizedOperationName": run.kind,
            "localizedStatus": "Waiting", "pendingReason": run.reason, "pendingReasonErrorCode": "19:857",
            "percentComplete": "6", "percentSavings": "0", "sizeOfApplication": "0", "sizeOfMediaOnDisk": "0",
            "status": "Waiting", "statusColor": "black", "totalFailedFiles": "0", "totalFailedFolders": "0",
            "totalNumOfFiles": "0",
        }  # fmt: skip
        estate.runs.add([run])


def _history(estate: Estate, now: int) -> None:
    """Nights of runs. Each starts ten hours before the clock's time of day: the last one is over, under a day old."""
    chance = random.Random(11)
    quiet = {"never ran"}
    subclients = [s for s in estate.subclients.values() if s.id != 7 and s.name not in quiet]
    daily = subclients[:9]
    other = subclients[9:]
    # What last night brought to some of the others: every final status at least once.
    bad = {
        other[0].id: ("Failed", "Could not open the volume [C:].<br>Source: {c}, Process: clBackup", "6:64"),
        other[1].id: (
            "Completed w/ one or more errors",
            "Failed to back up 7 files.<br>Source: {c}, Process: clBackup",
            "19:1131",
        ),
        other[2].id: (
            "Completed w/ one or more warnings",
            "The change journal was reset.<br>Source: {c}, Process: clBackup",
            "7:117",
        ),
        other[3].id: ("Committed", "The job was committed by admin.<br>Source: {c}, Process: JobManager", "19:1165"),
        other[4].id: (
            "Killed",
            "Killed by admin. Reason:[maintenance].<br>Source: {c}, Process: JobManager",
            "19:1327",
        ),
        other[5].id: ("Failed to Start", "", "19:1324"),
        other[6].id: ("No Run", "The job missed its operation window.<br>Source: {c}, Process: JobManager", "19:1125"),
        other[7].id: (
            "Failed",
            "Cannot reach the client.<br>Source: {c}, Process: CVD\nRetried twice.<br>Source: {c}, Process: JobManager",
            "19:1109",
        ),
    }
    overdue = other[9].id
    runs = []
    for night in range(31, -1, -1):
        begin = now - 10 * 3600 - night * DAY
        if begin + 8 * 3600 > now:
            continue
        plan = daily + [s for at, s in enumerate(other) if _runs_in(at, night, s.id == overdue)]
        for position, subclient in enumerate(sorted(plan, key=lambda s: (s.id * 7919) % 97)):
            start = begin + position * 180 + chance.randrange(60)
            seconds = chance.randrange(120, 5400)
            has_full = subclient.full is not None
            level = "Full" if not has_full or (night + subclient.id) % 7 == 0 else "Incremental"
            if level == "Full" and has_full and subclient.agent == "Virtual Server":
                level = "Synthetic Full"
            if level == "Incremental" and subclient.agent in ("SQL Server", "Oracle"):
                level = "Transaction Log"
            elif level == "Incremental" and subclient.id % 13 == 0:
                level = "Differential"
            size = chance.randrange(20, 900) * 10**9 if level in FULLS else chance.randrange(1, 60) * 10**9
            status, reason, code = bad.get(subclient.id, ("Completed", "", "")) if night == 0 else ("Completed", "", "")
            if night and chance.random() < 0.04:
                status = chance.choice(["Failed", "Completed w/ one or more errors"])
                reason, code = "Network error.<br>Source: {c}, Process: clBackup", "9:76"
            if status in ("Failed to Start", "No Run"):
                seconds = 1
            if status == "Failed to Start":
                reason = ANOTHER_RUNS.format(
                    client=subclient.client.name,
                    agent=subclient.agent,
                    backupset=subclient.backupset,
                    subclient=subclient.name,
                )
            run = estate.finished(subclient, level, start, seconds, status, size)
            run.reason, run.reason_code = reason.replace("{c}", subclient.client.name), code
            runs.append(run)
    estate.runs.add(runs)
    _other_operations(estate, now)
    held = next(run for run in reversed(daily[0].runs) if run.level in FULLS)
    state = daily[0].policy.copies[0].state(held)
    state.held, state.held_until, state.held_by, state.held_why = True, now + 90 * DAY, "admin", "Legal hold 2026-14"
    late = next(run for run in reversed(daily[1].runs) if run.status in WITH_DATA)
    daily[1].policy.copies[1].state(late).copied_at = now + 10 * DAY
    stopped = next(run for run in reversed(daily[2].runs) if run.status in WITH_DATA and run is not late)
    daily[2].policy.copies[1].state(stopped).disallowed = True
    torn = next(run for run in reversed(daily[4].runs) if run.status in WITH_DATA)
    daily[4].policy.copies[1].state(torn).partial = True
    next(run for run in reversed(daily[3].runs) if run.level in FULLS).archiver = True


def _runs_in(at: int, night: int, overdue: bool) -> bool:
    if overdue:
        return night in (16, 9)
    return night in (0, 14) or (at % 5 == night % 11 and night < 24)


def _other_operations(estate: Estate, now: int) -> None:
    """Jobs that are no backups: listed with jobFilter only."""
    runs = []
    for hours, kind, op, client in (
        (30, "Data Aging", 10, "cs01"),
        (22, "CommServe Disaster Recovery Backup", 11, "cs01"),
        (20, "Auxiliary Copy", 104, "ma-zrh-01"),
        (12, "Restore", 5, "fs-zurich-01"),
        (6, "Data Verification", 82, "ma-zrh-02"),
        (3, "Data Aging", 10, "cs01"),
    ):
        run = Run(estate.job_id(), kind, op, "Completed", now - hours * 3600, 900)
        run.end = run.last_update = run.start + 900
        owner = next(c for c in estate.clients.values() if c.name == client)
        run.client_id, run.client_name = owner.id, owner.name
        if kind == "Restore":
            run.of(next(s for s in owner.subclients if s.name == "default"))
            run.size, run.files, run.how = 4 * 10**9, 310, "Interactive"
        owner.runs.append(run)
        runs.append(run)
    estate.runs.add(runs)


def _under_way(estate: Estate, named: dict[str, Client], now: int) -> None:
    """Runs that have not ended: every active status once. Those that hang stay so until somebody acts."""
    free = [s for s in estate.subclients.values() if s.id != 7 and s.name != "never ran"][20:36]
    source = "<br>Source: {c}, Process: JobManager"
    for subclient, (status, reason, code, duration) in zip(
        free,
        (
            ("Running", "", "", 7200),
            ("Running", "", "", 1800),
            ("Running", "Slow network.<br>Source: {c}, Process: clBackup", "", 0),
            ("Waiting", "Waiting for a free stream." + source, "19:1104", 3600),
            ("waiting", "Waiting for a free stream." + source, "19:1104", 0),
            (
                "Pending",
                "The client is not reachable." + source + "\nNo MediaAgent is available." + source,
                "13:132",
                0,
            ),
            ("Queued", "Another job runs on this storage." + source, "19:1144", 0),
            ("Suspended", "Backup job has been suspended by user admin. Reason:[patch day]." + source, "19:1326", 3600),
            ("Suspend Pending", "", "", 0),
            ("Kill Pending", "", "", 0),
            ("Interrupt Pending", "", "", 0),
            ("Interrupted", "A job of higher priority has the drives." + source, "19:1110", 0),
            ("Running (cannot be verified)", "The client has not reported for 35 minutes." + source, "19:1190", 0),
            ("Abnormal Terminated Cleanup", "", "", 0),
        ),
    ):
        run = Run(estate.job_id(), "Backup", 4, status, now - 1500, duration or 7200).of(subclient)
        run.level = "Incremental" if subclient.full else "Full"
        run.phase = "Backup" if status.startswith("Running") else "Scan"
        run.size, run.media, run.files = 30 * 10**9, 10**10, 12000
        run.reason, run.reason_code = reason.replace("{c}", subclient.client.name), code
        run.last_update = 0 if status == "Suspended" else now - 30
        run.stalled = not duration
        run.worked = 1200
        if status == "Running" and duration:
            run.since = float(now)
        subclient.runs.append(run)
        subclient.client.runs.append(run)
        estate.runs.add([run])
    # A phase that no job may interrupt: it cannot be suspended.
    estate.runs.by_id[estate.next_job - 12].preemptable = False
    # An internal child of a virtual machine job, which lists do not show to people.
    gold = next(s for s in named["vcenter-zrh"].subclients if s.name == "Gold VMs")
    child = Run(estate.job_id(), "Backup", 4, "Completed", now - 5 * 3600, 600).of(gold)
    child.level, child.end, child.last_update, child.visible = (
        "Incremental",
        now - 5 * 3600 + 600,
        now - 5 * 3600 + 600,
        False,
    )
    child.parent = gold.runs[-1].id if gold.runs else 0
    gold.client.runs.append(child)
    estate.runs.add([child])


def load(estate: Estate, now: float, clients: int, subclients: int, runs: int, active: int, seed: int = 1) -> None:
    """Add a big estate: a run per subclient and night, weekly fulls, ending last night."""
    chance = random.Random(seed)
    policies = list(estate.policies.values())
    first_client = max([10, *estate.clients]) + 1
    first_subclient = max([100, *estate.subclients]) + 1
    estate.made += 1
    new_clients = []
    for number in range(first_client, first_client + clients):
        name = f"load{estate.made}-{number:05d}"
        client = Client(
            number, name, name + ".corp.example", ("Windows", "Linux")[number % 2], [7] if number % 3 else []
        )
        estate.clients[number] = client
        new_clients.append(client)
    new = []
    agents = ("File System", "SQL Server", "Virtual Server")
    for number in range(first_subclient, first_subclient + subclients):
        client = new_clients[(number - first_subclient) % len(new_clients)]
        agent = agents[number % 3]
        agent_id, instance, backupset = AGENTS[agent]
        subclient = Subclient(
            number, "default" if not client.subclients else f"data {len(client.subclients)}", client, agent, agent_id,
            backupset, 1000 + number, instance or client.name, 2000 + client.id, policies[number % len(policies)], True,
        )  # fmt: skip
        estate.subclients[number] = subclient
        client.subclients.append(subclient)
        new.append(subclient)
    past = max(0, runs - active)
    nights = 31
    made = []
    # Spread evenly over the nights, the newest last, so that ids grow with time.
    for night in range(nights, 0, -1):
        share = past * (nights - night + 1) // nights - past * (nights - night) // nights
        begin = now - 10 * 3600 - (night - 1) * DAY
        step = 4 * 3600 / max(1, share)
        for at in range(share):
            subclient = new[(at + night * 17) % len(new)] if share < len(new) else new[at % len(new)]
            level = "Full" if subclient.full is None or (night + subclient.id) % 7 == 0 else "Incremental"
            dice = chance.random()
            status = "Completed" if dice < 0.93 else "Completed w/ one or more errors" if dice < 0.96 else "Failed"
            made.append(
                estate.finished(
                    subclient,
                    level,
                    begin + at * step,
                    60 + int(dice * 3000),
                    status,
                    (500 if level == "Full" else 20) * 10**9,
                )
            )
    for at in range(min(active, runs)):
        subclient = new[at % len(new)]
        run = Run(estate.job_id(), "Backup", 4, "Running", now - 600 + at % 600, 7200).of(subclient)
        run.level, run.phase, run.since, run.size, run.media = "Incremental", "Backup", now, 10**11, 10**10
        subclient.runs.append(run)
        subclient.client.runs.append(run)
        made.append(run)
    for run in made:
        until = estate.aged_at(run) if run.end else None
        run.aged = until is not None and until <= now
    estate.runs.add(made)
