# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate at start (three organisations, five repositories, about thirty jobs) and big ones for load tests."""

from __future__ import annotations

import random
from datetime import datetime, timezone

from .engine import DAY, DETAILS, GOOD, Engine, next_run
from .records import Job, Organization, Point, Proxy, Repository, RestoreSession, Session, stable_id

#: The job of the vendor page "Managing Backup Jobs", and the moment at which its example opens a restore session.
SAMPLE_JOB = "3396ba22-21b1-4666-a631-0edfc12a59cd"
SAMPLE_MOMENT = datetime(2020, 4, 12, 10, 54, 40, 279404, timezone.utc).timestamp()
PEOPLE = """Anna Meier;Beat Keller;Chiara Rossi;Daniel Weber;Elif Yılmaz;Fabio Bianchi;Gabrielle Dubois;Hans Müller
Ines Ferreira;Jürg Brunner;Karin Huber;Luca Moretti;Mira Petrović;Nils Andersson;Olga Smirnova;Paul O'Neill
Quentin Roy;Rahel Zürcher;Sandro Conti;Tamara Vogel
Urs Schmid;Vera Novak;Walter Frei;Xenia Kraft;Yves Martin;Zoë Baumann""".replace("\n", ";").split(";")


def daily(time: str, days: str = "Everyday", retries: int = 3, wait: int = 10) -> dict:
    return {
        "scheduleEnabled": True,
        "backupWindowEnabled": False,
        "type": "Daily",
        "dailyType": days,
        "dailyTime": time,
        "retryEnabled": retries > 0,
        "retryNumber": retries,
        "retryWaitInterval": wait,
    }


def every(word: str, retries: int = 0) -> dict:
    return {
        "scheduleEnabled": True,
        "backupWindowEnabled": False,
        "type": "Periodically",
        "periodicallyEvery": word,
        "periodicallyOffsetMinutes": 0,
        "retryEnabled": retries > 0,
        "retryNumber": retries,
        "retryWaitInterval": 10,
    }


def by_hand() -> dict:
    return {
        "scheduleEnabled": False,
        "type": "ManualOnly",
        "retryEnabled": False,
        "retryNumber": 0,
        "retryWaitInterval": 0,
    }


def _mailboxes(domain: str, count: int) -> list[dict]:
    found = []
    for number in range(count):
        name = PEOPLE[number % len(PEOPLE)]
        turn = number // len(PEOPLE)
        plain = name.lower().encode("ascii", "ignore").decode().replace(" ", ".").replace("'", "")
        found.append(
            {
                "id": stable_id("mailbox", domain, number),
                "name": name + (f" {turn + 1}" if turn else ""),
                "email": f"{plain}{turn + 1 if turn else ''}@{domain}",
                "isArchive": number % 11 == 10,
                "isPublic": False,
            }
        )
    return found


def _user(mailbox: dict) -> dict:
    user = {"id": mailbox["id"], "displayName": mailbox["name"], "name": mailbox["email"], "type": "User"}
    return {
        "type": "User",
        "user": {**user, "locationType": "Cloud"},
        "mailbox": True,
        "oneDrive": True,
        "archiveMailbox": mailbox["isArchive"],
        "personalSite": False,
        "folders": [],
    }


def _site(organization: Organization, name: str) -> dict:
    host = organization.office_name.split(".")[0]
    url = f"https://{host}.sharepoint.com/sites/{name}"
    site = {"id": stable_id("site", url), "url": url, "title": name, "name": name, "isCloud": True, "isPersonal": False}
    return {"type": "Site", "site": site, "folders": []}


def _team(organization: Organization, name: str) -> dict:
    mail = f"{name.lower()}@{organization.office_name}"
    team = {"id": stable_id("team", mail), "displayName": name, "description": "", "mail": mail}
    return {"type": "Team", "team": team, "chats": False, "folders": []}


def _group(organization: Organization, name: str) -> dict:
    mail = f"{name.lower()}@{organization.office_name}"
    group = {"id": stable_id("group", mail), "displayName": name, "name": mail, "managedBy": "", "site": ""}
    members = {f"member{what}": True for what in ("Mailbox", "ArchiveMailbox", "Onedrive", "Site")}
    group.update(type="Office365", locationType="Cloud")
    return {
        "type": "Group",
        "group": group,
        "members": True,
        "mailbox": True,
        "groupSite": True,
        "folders": [],
        **members,
    }


def _places(engine: Engine, now: float) -> tuple[list[Organization], list[Repository]]:
    for host, linux in (("vb365-proxy-01.corp.example", False), ("vb365-proxy-02.corp.example", True)):
        proxy = Proxy(stable_id("proxy", host), host, True, linux)
        engine.proxies[proxy.id] = proxy
    first, second = engine.proxies
    tera = 1024**4
    rows = [
        Repository("", "Repo Zurich NAS", first, "Item level, three years", r"D:\VB365\Zurich", "ItemLevel", "Yearly",
                   years="Years3", capacity=40 * tera, free=11 * tera),
        Repository("", "Repo Snapshots 30 days", first, "", r"E:\VB365\Snapshots", "SnapshotBased", "Daily",
                   days=30, capacity=10 * tera, free=2 * tera),
        Repository("", "Repo Azure Blob 7y", second, "Object storage", r"D:\Cache\Azure", "SnapshotBased", "Yearly",
                   years="Years7", capacity=1 * tera, free=900 * 1024**3, object_storage=stable_id("storage", "azure"),
                   storage_type="AzureBlob"),
        Repository("", "Repo S3 forever", second, "Object lock", r"D:\Cache\S3", "SnapshotBased", "Yearly",
                   years="Keep", capacity=1 * tera, free=700 * 1024**3, object_storage=stable_id("storage", "s3"),
                   storage_type="AmazonS3Compatible", immutable_days=30),
        Repository("", "Repo Copies 12 months", second, "Copies", r"D:\Cache\Copies", "SnapshotBased", "Monthly",
                   months=12, capacity=1 * tera, free=1, object_storage=stable_id("storage", "copies"),
                   storage_type="AmazonS3",
                   out_of_order="The repository is out of space."),
    ]  # fmt: skip
    for repository in rows:
        repository.id = stable_id("repository", repository.name)
        engine.repositories[repository.id] = repository
    starts = (datetime(2019, 11, 4, 21, 0, 12, 345678, timezone.utc).timestamp(), now - 400 * DAY, now - 20 * DAY)
    names = (
        ("northwind.onmicrosoft.com", 45),
        ("fabrikam-industries.onmicrosoft.com", 12),
        ("tailspin-care.onmicrosoft.com", 5),
    )
    for (name, count), start in zip(names, starts):
        organization = Organization(
            stable_id("organization", name), name, name, "", first_backup=start, last_backup=start
        )
        organization.mailboxes = _mailboxes(name, count)
        engine.organizations[organization.id] = organization
    return list(engine.organizations.values()), rows


def add_past(engine: Engine, job: Job, created: float, status: str, seconds: float, **more: object) -> Session:
    """A run that is over. ``more``: retry, main, will_retry, details, full."""
    job.runs += 1
    chance = random.Random(f"{job.id}/{job.runs}")
    created += chance.random()  # so that the times have their seven decimals
    session = Session(
        id=stable_id("session", job.id, job.runs),
        job=job,
        created=created,
        running_from=created,
        status=status,
        seconds=seconds,
        outcome=status,
        objects=job.objects,
        bytes=int(job.bytes * chance.uniform(0.7, 1.3)),
        ended=created + seconds + chance.random(),
        processed=job.objects if status in GOOD else job.objects // 3,
        will_retry=False,
    )
    session.details = DETAILS.get(status)
    for name, value in more.items():
        setattr(session, name, value)
    engine.sessions[session.id] = session
    engine.record(session)
    job.last_status, job.last_run = status, session.created
    if status in GOOD:
        engine.back_up(job, session.ended or created, session.id)
    return session


def add_active(engine: Engine, job: Job, now: float, ago: float, left: float, status: str = "Running") -> Session:
    """A run under way since ``ago`` seconds that ends well in ``left`` seconds; a queued one begins in a minute."""
    job.planned.append({"seconds": ago + left})
    session = engine.begin(job, now - ago, "schedule")
    engine.appear(now, now, session)
    session.status = job.last_status = status
    if status == "Queued":
        session.running_from = now + 60
        engine.at(session.running_from, engine.run, session)
        engine.at(session.running_from + session.seconds, engine.finish, session)
    return session


def _past_starts(policy: dict, now: float, count: int) -> list[float]:
    """The last ``count`` times at which a schedule struck, oldest first."""
    back = 9 * DAY if str(policy.get("type", "")).startswith("Daily") else 2 * DAY
    found, then = [], next_run(policy, now - back)
    while then is not None and then < now - 60:
        found.append(then)
        then = next_run(policy, then)
    return found[-count:]


def build(engine: Engine, now: float) -> None:
    """Last night on a busy server."""
    (north, fab, tail), (nas, snaps, azure, s3, copies) = _places(engine, now)

    def nightly(hours_ago: float, days: str = "Everyday", retries: int = 3) -> dict:
        """A daily schedule that struck so many hours before the start, to the minute, whatever the time of day is."""
        minute = datetime.fromtimestamp((now - hours_ago * 3600) // 60 * 60, timezone.utc)
        return daily(minute.strftime("%H:%M:00"), days, retries)

    def job(name, organization, repository, policy, words="", job_id="", **more) -> Job:
        """``words``: results of the last runs, oldest first; earlier ones are Success."""
        made = Job(job_id or stable_id("job", name), name, organization, repository, policy, **more)
        made.backup_type = "SelectedItems" if made.selected else "EntireOrganization"
        engine.jobs[made.id] = made
        results = words.split()
        if results:
            starts = _past_starts(policy, now, 7) or [now - 9 * DAY, now - 2 * DAY]
            results = (["Success"] * len(starts) + results)[-len(starts) :]
            early = max(organization.first_backup or now, now - 300 * DAY)
            made.points.append(Point(stable_id("point", made.id, "early"), early, made))
            for then, result in zip(starts, results):
                room = max(5.0, min(made.seconds, now - then - 30))
                add_past(engine, made, then, result, room)
        if made.enabled:
            engine.schedule(made, now)
        return made

    sample = job("M365 Exchange Zurich", north, nas, nightly(8), "Success", SAMPLE_JOB,
                 description="All mailboxes of Zurich", objects=45)  # fmt: skip
    sample.points.insert(0, Point(stable_id("point", "sample"), SAMPLE_MOMENT, sample))
    users = north.mailboxes
    job("M365 Exchange Geneva", north, nas, nightly(9), "Success", selected=[_user(m) for m in users[:33]], objects=33)
    job("M365 OneDrive all staff", north, s3, nightly(9.75), "Warning Success Warning", objects=45)
    job("M365 Teams", north, azure, nightly(7, "Workdays"), "Success",
        selected=[_team(north, n) for n in ("Finance", "Board")], excluded=[_team(north, "Test")])  # fmt: skip
    share = job("M365 SharePoint Basel", north, azure, nightly(10.5), "Failed",
                selected=[_site(north, n) for n in ("basel", "projects", "hr")])  # fmt: skip
    # Last night it failed twice and the second retry went well: one run in the eyes of a person, three sessions.
    first = share.sessions[-1]
    first.will_retry = True
    again = add_past(engine, share, first.created + 900, "Failed", 90, will_retry=True, retry=1, main=first.id)
    add_past(engine, share, again.created + 900, "Success", 200, retry=2, main=first.id)
    job("M365 Mailboxes every hour", north, snaps, every("Hours1"), "Success", seconds=240, objects=20)
    job("M365 Executives 15 min", north, snaps, every("Minutes15"), "Success Warning Success",
        selected=[_user(m) for m in users[:4]], seconds=45, objects=4)  # fmt: skip
    job("M365 Legal hold", north, s3, nightly(12), "Failed", selected=[_group(north, "Legal")], objects=9)
    job("M365 Archive mailboxes", north, nas, nightly(13, retries=0), "Stopped", objects=12)
    job("M365 Public folders", north, nas, nightly(14, "Saturday"), "Success", enabled=False)
    job("M365 Former staff", north, s3, by_hand(), "Success", objects=14)
    job("M365 New branch Lugano", north, nas, nightly(7.5), last_status="NotConfigured")
    job("M365 Never started", north, nas, by_hand(), last_status="Stopped")

    job("Fabrikam Exchange", fab, azure, nightly(10), "Success", objects=12)
    job("Fabrikam SharePoint", fab, azure, nightly(8.5), "Success Failed Failed", objects=31)
    long = job("Fabrikam first full", fab, s3, nightly(3), objects=400, bytes=900 * 1024**3)
    for day in (3, 2, 1):
        add_past(engine, long, now - day * DAY - 3 * 3600, "Success", 4 * 3600)
    add_active(engine, long, now, 3 * 3600, 2 * 3600)
    queued = job("Fabrikam Teams", fab, azure, nightly(1), "Success", objects=18)
    add_active(engine, queued, now, 120, 600, "Queued")
    away = job("Fabrikam Plant 2", fab, snaps, nightly(5))
    for day in (3, 2, 1):
        add_past(engine, away, now - day * DAY - 5 * 3600, "Success", 700)
    away.cannot_start, away.last_status, away.next_run = True, "Disconnected", (now - 5 * 3600) // 60 * 60
    pending = job("Fabrikam OneDrive", fab, azure, nightly(1), "Success", objects=12)
    failed = add_past(engine, pending, now - 400, "Failed", 100, will_retry=True)
    pending.waiting_retry = failed
    engine.at(failed.created + 700, engine.retry, failed)
    job(
        "Fabrikam Finance",
        fab,
        s3,
        nightly(11),
        "Success",
        selected=[_user(m) for m in fab.mailboxes[:3]],
        enabled=False,
    )
    job("Fabrikam weekly full", fab, s3, nightly(18, "Sunday"), "Warning")
    job("Fabrikam Exchange", fab, snaps, nightly(6.25), "Success", stable_id("job", "Fabrikam Exchange", 2),
        description="Same name as another job: the server allows it")  # fmt: skip

    job("Tailspin Mailboxes", tail, nas, nightly(8), "Success", objects=5)
    job("Tailspin Köniz – Ärzte & Pflege ☤", tail, nas, nightly(7.833), "Success")
    job("{{ 7*7 }} {% raw %}", tail, nas, nightly(7.666), "Success")
    job("=cmd|' /C calc'!A0", tail, nas, nightly(7.583), "Warning")
    job("Two\nlines", tail, nas, nightly(7.416), "Success", description="A line\r\nand another")
    job("<script>alert(1)</script>", tail, nas, nightly(7.333), "Failed")
    job("Tailspin disabled for migration", tail, snaps, nightly(5), "Success", enabled=False)
    running = job("Tailspin OneDrive", tail, azure, every("Hours2", retries=2), "Success", objects=5)
    add_active(engine, running, now, 30, 90)

    for source, policy in (
        (share, {"type": "Immediate"}),
        (queued, {"type": "DailyAtTime", "dailyType": "Everyday", "dailyTime": "13:00:00"}),
    ):
        twin = Job(
            stable_id("copy", source.name), source.name + " copy", source.organization, copies, policy, kind="Copy"
        )
        twin.source, source.copy, twin.objects = source, twin, source.objects
        engine.jobs[twin.id] = twin
        for day in (3, 2, 1):
            add_past(engine, twin, now - day * DAY - 3600, "Success", 300)
        engine.schedule(twin, now)

    for number, (ago, life, organization) in enumerate(((3 * DAY, 1500, north), (DAY, 2400, fab), (600, 0, north))):
        made = RestoreSession(
            stable_id("restore", number), "vex", organization, now - ago, now - ago - 3600, r"VB365\console",
            organization.mailboxes, used=now - ago, ended=now - ago + life if life else None,
        )  # fmt: skip
        engine.restore_sessions[made.id] = made
        if made.ended is None:
            engine.open_restores.append(made)
    for one in engine.jobs.values():
        one.rows.clear()


def load(engine: Engine, now: float, jobs: int, sessions: int, days: float, seed: int) -> None:
    """Add ``jobs`` jobs, and ``sessions`` finished sessions spread over the last ``days`` days."""
    chance = random.Random(seed)
    organizations, repositories = list(engine.organizations.values()), list(engine.repositories.values())
    kinds = ("Exchange", "OneDrive", "SharePoint", "Teams")

    def new_id() -> str:
        text = f"{chance.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    made = []
    for number in range(jobs):
        time = f"{number % 24:02d}:{number // 24 % 60:02d}:00"
        job = Job(
            new_id(), f"Load {number + 1:05d} {kinds[number % 4]}", organizations[number % len(organizations)],
            repositories[number % len(repositories)], daily(time, retries=0), enabled=number % 20 != 19,
        )  # fmt: skip
        engine.jobs[job.id] = job
        engine.schedule(job, now)
        made.append(job)
    made = made or [job for job in engine.jobs.values() if job.kind == "Backup"]
    fresh = []
    step = days * DAY / sessions if sessions else 0
    for number in range(sessions):
        job = made[number % len(made)]
        job.runs += 1
        created: float = now - days * DAY + number * step - 900 + chance.random()
        status = chance.choices(("Success", "Warning", "Failed", "Stopped"), (88, 6, 5, 1))[0]
        seconds = 60 + 600 * chance.random()
        session = Session(
            new_id(), job, created, created, status, seconds, status, job.objects, int(job.bytes * chance.random()),
            details=DETAILS[status], ended=created + seconds, will_retry=False,
            processed=job.objects if status in GOOD else job.objects // 2,
        )  # fmt: skip
        engine.sessions[session.id] = session
        fresh.append(session)
        job.sessions.append(session)
        if job.active is None:
            job.last_status, job.last_run = status, created
        if status in GOOD:
            job.last_backup = session.ended
            job.points = [*job.points[-2:], Point(session.id, created + seconds, job)]
    for job in made:
        job.rows.clear()
        job.sessions.sort(key=lambda s: s.created)
    engine.history = sorted(engine.history + fresh, key=lambda s: s.created)
    engine.revision += 1
