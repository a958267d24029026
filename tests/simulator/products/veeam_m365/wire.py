# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each version of the interface writes things (vendor OpenAPI documents v6, v7, v8; help centre pages for v5)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from .records import Job, Organization, Point, Proxy, Repository, RestoreSession, Session, stable_id

ZERO_ID = "00000000-0000-0000-0000-000000000000"


def iso(epoch: float | None) -> str | None:
    """A .NET date-time: up to seven decimals, zeros at the end left out (``2020-04-12T10:54:40.2794046Z``)."""
    if epoch is None:
        return None
    whole = int(epoch // 1)
    ticks = int((epoch - whole) * 10_000_000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{ticks:07d}".rstrip("0") + "Z" if ticks else text + "Z"


def read_time(text: object) -> float:
    """A time as a client may send it: ISO, ``yyyy-MM-dd HH:mm:ss.SSS``, ``yyyy.MM.dd hh:mm:ss``; no zone = UTC.

    (Vendor page "Managing Backup Jobs"; client code also sends ``2021.02.18 12:00``.)
    """
    plain = str(text).strip()
    body, zone = plain.upper().replace(" ", "T", 1), "+00:00"
    if body.endswith("Z"):
        body = body[:-1]
    elif len(body) > 6 and body[-6] in "+- " and body[-3] == ":":
        body, zone = body[:-6], body[-6:].replace(" ", "+")  # a "+" that came through a form
    date, _sep, clock = body.partition("T")
    clock, _sep, decimals = clock.partition(".")
    date = date.replace(".", "-")
    clock = {0: "00:00:00", 1: clock + ":00"}.get(clock.count(":"), clock) if clock else "00:00:00"
    stamp = datetime.strptime(f"{date}T{clock}{zone.replace(':', '')}", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    return stamp + (float("0." + decimals) if decimals else 0.0)


class Writer:
    """Writes for one version and one caller. ``origin`` goes before links in v5 only (relative from v6 on)."""

    def __init__(self, version: int, origin: str, switches: dict) -> None:
        self.version, self.switches = version, switches
        self.prefix = f"{origin if version == 5 else ''}/v{version}"

    def link(self, path: str) -> dict:
        return {"href": self.prefix + path}

    def _tidy(self, row: dict, nulls: tuple = (), own: dict | None = None) -> dict:
        """Null what a server has been seen to null, leave nulls out where the switch says so, force a test's fields."""
        if self.switches["nulls"]:
            for name in nulls:
                if name in row:
                    row[name] = None
        if self.switches["omit_nulls"] or self.version == 5:
            row = {name: value for name, value in row.items() if value is not None}
        if own:
            row.update(own)
        return row

    # -- jobs ----------------------------------------------------------------------------------------------------
    def job(self, job: Job) -> dict:
        """``RESTJob``. Retention is not in here: it belongs to the repository."""
        v, path = self.version, f"/Jobs/{job.id}"
        lower = v == 5
        row: dict[str, Any] = {
            "id": job.id,
            "name": job.name,
            "description": job.description,
            "backupType": job.backup_type[:1].lower() + job.backup_type[1:] if lower else job.backup_type,
            "schedulePolicy": self._policy(job.policy),
            "lastRun": iso(job.last_run),
            "nextRun": iso(job.next_run),
            "isEnabled": job.enabled,
            "lastStatus": job.last_status,
        }
        if v <= 7:
            row["runNow"] = False
        if v in (6, 7):
            row["selectedItems"] = [self.item(job, "SelectedItems", n) for n in range(len(job.selected))]
            row["excludedItems"] = [self.item(job, "ExcludedItems", n) for n in range(len(job.excluded))]
        if v >= 6:
            row["repositoryId"] = job.repository.id
        if v >= 7:
            row["lastBackup"] = iso(job.last_backup)
        if v >= 8:
            row["organizationId"] = job.organization.id
            row["eTag"] = job.etag
        links = {
            "self": self.link(path),
            "organization": self.link(f"/Organizations/{job.organization.id}"),
            "backupRepository": self.link(f"/BackupRepositories/{job.repository.id}"),
            "jobsessions" if lower else "jobSessions": self.link(
                f"/JobSessions?jobId={job.id}" if v >= 7 else path + "/JobSessions"
            ),
            "excludedItems": self.link(path + "/ExcludedItems"),
            "selectedItems": self.link(path + "/SelectedItems"),
        }
        if job.copy and v >= 6:
            links["copyJob"] = self.link(path + "/CopyJob")
        row["_links"] = links
        return self._tidy(row, ("description", "selectedItems", "excludedItems", "eTag"), job.fields)

    def _policy(self, policy: dict) -> dict:
        row = dict(policy)
        if self.version < 7:
            row.pop("periodicallyWindowEnabled", None)
        if self.switches["nulls"]:
            row["dailyTime"] = row.get("dailyTime")
            row["backupWindowSettings"] = None
        return row

    def item(self, job: Job, place: str, number: int) -> dict:
        row = (job.selected if place == "SelectedItems" else job.excluded)[number]
        name = f"{job.id}{number:04x}{row['type'].lower()}"
        row = {"id": name, **row, "_links": {"self": self.link(f"/Jobs/{job.id}/{place}/{name}")}}
        if self.version != 6:
            row.pop("chats", None)
        return self._tidy(row, ("folders",))

    def copy_job(self, job: Job) -> dict:
        """``RESTCopyJob`` (v6 on)."""
        assert job.source is not None
        row: dict[str, Any] = {
            "id": job.id,
            "name": job.name,
            "backupJobId": job.source.id,
            "repositoryId": job.repository.id,
            "schedulePolicy": dict(job.policy),
            "lastRun": iso(job.last_run),
            "nextRun": iso(job.next_run),
            "isEnabled": job.enabled,
            "lastStatus": job.last_status,
        }
        if self.version >= 7:
            row["lastBackup"] = iso(job.last_backup)
        if self.version >= 8:
            row["organizationId"] = job.organization.id
            row["eTag"] = job.etag
        row["_links"] = {
            "self": self.link(f"/CopyJobs/{job.id}"),
            "backupJob": self.link(f"/CopyJobs/{job.id}/BackupJob"),
            "backupRepository": self.link(f"/BackupRepositories/{job.repository.id}"),
        }
        return self._tidy(row, (), job.fields)

    # -- sessions ------------------------------------------------------------------------------------------------
    def session(self, session: Session, now: float) -> dict:
        """``RESTJobSession``. ``progress`` counts objects; it is no percentage."""
        v, job, path = self.version, session.job, f"/JobSessions/{session.id}"
        done = session.done_at(now)
        end = session.ended if session.ended is not None else session.stalled_at or now
        spent = max(1.0, end - session.running_from)
        processed = session.processed if session.ended is not None else int(session.objects * done)
        moved = int(session.bytes * done)
        rate = int(moved / spent)
        row: dict[str, Any] = {
            "id": session.id,
            "creationTime": iso(session.created),
            "endTime": iso(session.ended),
            "details": session.details,
            "retryCount": session.retry,
            "progress": processed,
            "status": session.status,
            "statistics": {
                "processingRateBytesPS": rate,
                "processingRateItemsPS": processed * 40 // int(spent),
                "readRateBytesPS": rate + rate // 8,
                "writeRateBytesPS": rate,
                "transferredDataBytes": moved,
                "processedObjects": processed,
                "bottleneck": "Detecting" if done < 0.05 else ("Target" if job.repository.object_storage else "Source"),
            },
        }
        if v >= 7:
            row["repositoryId"] = job.repository.id
            row["jobWillBeRetried"] = session.will_retry
            row["jobType"] = job.kind
            if session.main or self.switches["nulls"]:  # "only available for retry sessions"
                row["mainSessionId"] = session.main
        if v >= 8:
            row["jobId"] = job.id
            row["jobSessionConfigType"] = "Full" if session.full else "Incremental"
            row["eTag"] = session.etag
            row["proxyId"] = job.repository.proxy
            row["proxyPoolId"] = None
        jobs = "Jobs" if job.kind == "Backup" else "CopyJobs"
        row["_links"] = {
            "self": self.link(path),
            "log": self.link(path + "/LogItems"),
            "job": self.link(f"/{jobs}/{job.id}"),
        }
        if v == 6 and session.ended is None and not self.switches["nulls"]:
            del row["endTime"]  # declared non-null in v6
        return self._tidy(row, ("retryCount", "statistics", "repositoryId", "proxyId"), session.fields)

    def log_items(self, session: Session, now: float) -> list[dict]:
        """Up to v7 the title begins with the status word; v8 has ``type`` and ``message`` instead."""
        end = session.ended
        steps: list[tuple] = [("Success", "Job started", session.created, session.created)]
        if session.status != "Queued":
            steps.append(
                (
                    "Success",
                    "Connected to organization " + session.job.organization.name,
                    session.created,
                    session.running_from,
                )
            )
            steps.append(("Success", f"Found {session.objects} objects", session.running_from, session.running_from))
        if end is None:
            steps.append(
                (
                    "Running",
                    f"Processing objects: {int(session.objects * session.done_at(now))}",
                    session.running_from,
                    None,
                )
            )
        else:
            kind = {"Success": "Success", "Warning": "Warning", "Failed": "Error", "Stopped": "Stop"}.get(
                session.status, "Success"
            )
            steps.append((kind, session.details or session.status, session.running_from, end))
            steps.append(("Success", "Job finished", end, end))
        rows = []
        for number, (kind, text, start, stop) in enumerate(steps, 1):
            item = stable_id("log", session.id, number)
            row: dict[str, Any] = {"id": item, "usn": number}
            if self.version >= 8:
                row.update(type=kind, message=text)
            else:
                row["title"] = f"[{'Failed' if kind == 'Error' else kind}] {text}"
            row["creationTime"] = iso(start)
            if stop is not None or self.switches["nulls"]:
                row["endTime"] = iso(stop)
            row["_links"] = {"self": self.link(f"/JobSessions/{session.id}/LogItems/{item}")}
            rows.append(row)
        return rows

    def processed_objects(self, session: Session, now: float) -> list[dict]:
        """The last object carries the run's own result; the others went well."""
        count = session.processed if session.ended is not None else int(session.objects * session.done_at(now))
        kinds = ("User", "User", "Group", "Site", "Team")
        last = {"Warning": "Warning", "Failed": "Failed"}.get(session.status, "Success")
        return [
            {
                "id": f"{stable_id('object', session.job.id, number)}",
                "type": kinds[number % len(kinds)],
                "status": last if number == count - 1 else "Success",
                "_links": {"self": self.link(f"/JobSessions/{session.id}/ProcessedObjects")},
            }
            for number in range(count)
        ]

    def restore_session(self, session: RestoreSession, _now: float = 0) -> dict:
        """``RESTRestoreSession``; ``organization`` is a name. v5 spells the type in lower case."""
        row: dict[str, Any] = {
            "id": session.id,
            "name": f"Explore {session.organization.name} ({iso(session.created)})",
            "organization": session.organization.name,
            "type": session.kind if self.version == 5 else session.kind.capitalize(),
            "creationTime": iso(session.created),
            "endTime": iso(session.ended),
            "state": "Working" if session.ended is None else "Stopped",
            "result": "Success",
            "initiatedBy": session.account,
            "details": "0 items processed, 0 items restored",
            "scopeName": "",
            "clientHost": "vb365.corp.example",
            "reason": "",
        }
        if self.version >= 8:
            row["eTag"] = session.etag
        row["_links"] = {
            "self": self.link(f"/RestoreSessions/{session.id}"),
            "organization": self.link(f"/RestoreSessions/{session.id}/Organization"),
        }
        return self._tidy(row, ("name", "details", "scopeName", "clientHost", "reason"))

    def restore_event(self, session: RestoreSession, number: int) -> dict:
        event = session.events[number]
        row: dict[str, Any] = {
            "id": stable_id("event", session.id, number),
            "itemName": event["item"],
            "itemType": "Mailbox" if event["item"] else "",
            "itemSizeBytes": 0,
            "source": session.organization.name,
            "target": "",
            "type": event["type"],
            "status": "Success",
            "startTime": iso(event["time"]),
            "endTime": iso(event["time"]),
            "duration": "00:00:00",
            "title": event["title"],
            "message": event["title"],
            "order": number,
        }
        if self.version >= 8:
            row.update(organizationId=session.organization.id, backedUpOrganizationId=None, userId=None)
            row.update(groupId=None, siteId=None, teamId=None)
        return self._tidy(row)

    def mailbox(self, session: RestoreSession, mailbox: dict) -> dict:
        path = f"/RestoreSessions/{session.id}/organization/mailboxes/{mailbox['id']}"
        links = {"self": self.link(path), "folders": self.link(path + "/folders"), "items": self.link(path + "/items")}
        return {**mailbox, "_links": links}

    # -- places --------------------------------------------------------------------------------------------------
    def organization(self, organization: Organization, extended: bool) -> dict:
        """``firstBackuptime``, ``lastBackuptime``, ``isBackedup`` (so spelt) come only with the extended view."""
        path = f"/Organizations/{organization.id}"
        row: dict[str, Any] = {
            "id": organization.id,
            "name": organization.name,
            "officeName": organization.office_name,
            "type": "Office365",
            "region": "Worldwide",
            "isExchangeOnline": True,
            "isSharePointOnline": True,
            "isTeamsOnline": organization.teams,
            "isTeamsChatsOnline": False,
        }
        if self.version >= 7:
            row["description"] = organization.description or None
        if extended:
            row["isBackedup"] = organization.first_backup is not None
            row["firstBackuptime"] = iso(organization.first_backup)
            row["lastBackuptime"] = iso(organization.last_backup)
        if self.version >= 8:
            row["msid"] = stable_id("msid", organization.name)
            row["backedUpOrganizationId"] = stable_id("backed up", organization.name).replace("-", "")
        jobs = f"/Jobs?organizationId={organization.id}" if self.version >= 8 else path + "/Jobs"
        row["_links"] = {"self": self.link(path), "jobs": self.link(jobs)}
        return self._tidy(row, ("officeName",))

    def repository(self, repository: Repository) -> dict:
        """``RESTBackupRepository``: here is the retention that all its jobs share."""
        row: dict[str, Any] = {
            "id": repository.id,
            "name": repository.name,
            "description": repository.description,
            "path": repository.path,
            "proxyId": repository.proxy,
            "capacityBytes": repository.capacity,
            "freeSpaceBytes": repository.free,
            "retentionType": repository.retention_type,
            "retentionPeriodType": repository.period_type,
            "dailyRetentionPeriod": repository.days,
            "monthlyRetentionPeriod": repository.months,
            "yearlyRetentionPeriod": repository.years,
            "retentionFrequencyType": "Daily",
            "dailyTime": "02:00:00",
            "dailyType": "Everyday",
            "isLongTerm": False,
            "isOutOfSync": False,
        }
        if self.version <= 7:
            row["objectStorageId"] = repository.object_storage or None
            row["objectStorageEncryptionEnabled"] = False
        else:
            row.update(proxyPoolId=None, organizationId=None, isOutdated=False, isIndexed=True, isMigrationLocked=False)
            row.update(isOutOfOrder=bool(repository.out_of_order), outOfOrderReason=repository.out_of_order or None)
            if repository.object_storage:
                row["objectStorage"] = {
                    "id": repository.object_storage,
                    "type": repository.storage_type,
                    "usedSpaceBytes": repository.capacity - repository.free,
                    "enableImmutability": repository.immutable_days > 0,
                    "immutabilityPeriodDays": repository.immutable_days or None,
                }
        row["_links"] = {
            "self": self.link(f"/BackupRepositories/{repository.id}"),
            "proxy": self.link(f"/Proxies/{repository.proxy}"),
        }
        return self._tidy(row, ("description", "path"))

    def proxy(self, proxy: Proxy) -> dict:
        row: dict[str, Any] = {
            "id": proxy.id,
            "type": "Domain",
            "hostName": proxy.host,
            "description": "",
            "port": 9193,
            "useInternetProxy": False,
            "status": "Online" if proxy.online else "Offline",
        }
        if self.version >= 7:
            row["fqdn"] = proxy.host
        if self.version >= 8:
            row["operatingSystem"] = "Linux" if proxy.linux else "Windows"
            row["maintenanceModeState"] = "Disabled"
        else:
            row["threadsNumber"] = 64
        row["_links"] = {"self": self.link(f"/Proxies/{proxy.id}")}
        return self._tidy(row, ("description",))

    def point(self, point: Point) -> dict:
        """``RESTRestorePoint``: the way to choose a time and a type for a restore session."""
        job = point.job
        sites = "SharePoint" in job.name
        row: dict[str, Any] = {
            "id": point.id,
            "repositoryId": job.repository.id,
            "backupTime": iso(point.time),
            "jobId": job.id,
            "organizationId": job.organization.id,
            "isExchange": not sites,
            "isSharePoint": sites or job.backup_type == "EntireOrganization",
            "isOneDrive": not sites,
            "isTeams": "Teams" in job.name,
            "isLongTermCopy": False,
            "isRetrieved": False,
        }
        if self.version >= 7:
            row.update(isDeleted=False, isCopy=job.kind == "Copy")
        if self.version >= 8:
            row.update(eTag=1, objectsEtag=1, immutabilityExpiresOn=None)
        row["_links"] = {
            "self": self.link(f"/RestorePoints/{point.id}"),
            "job": self.link(f"/Jobs/{job.id}"),
            "organization": self.link(f"/Organizations/{job.organization.id}"),
        }
        return self._tidy(row)
