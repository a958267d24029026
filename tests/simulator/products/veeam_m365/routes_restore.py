# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restore sessions: open ("explore"), list, browse, stop."""

from __future__ import annotations

from ...product import Reply, Request
from .base import Base, Refused, at
from .records import Job, Organization, RestoreSession, stable_id

TYPES = ("vex", "veod", "vesp", "vet")


class RestoreRoutes(Base):
    # -- open ----------------------------------------------------------------------------------------------------
    def explore(
        self,
        request: Request,
        version: str,
        fields: object,
        job: Job | None = None,
        organization: Organization | None = None,
    ) -> Reply:
        """Earlier than the first backup: a session that is empty; later than the last one: the latest (both no error).

        Codes: v5 job by switch ``v5_job_explore``, v5 organization 201; v6, v7 200; v8 201, all with the session.
        """
        if fields is not None and not isinstance(fields, dict):
            raise Refused(400, "The explore options are not valid.")
        options = {str(name).lower(): value for name, value in (fields or {}).items()}
        kind = str(options.get("type") or "Vex").lower()
        if kind not in TYPES:
            raise Refused(400, f"The value '{options['type']}' is not valid for type.")
        now = self.clock.now()
        wanted = self.moment(options["datetime"], "dateTime") if options.get("datetime") else now
        flags = {}
        for name in ("showdeleted", "showallversions"):
            value = options.get(name)
            if str(value).lower() not in ("true", "false", "none"):
                raise Refused(400, f"The value '{value}' is not valid for {name}.")
            flags[name] = str(value).lower() == "true"
        if not self.switches["explorers"]:
            raise Refused(500, "Restore session cannot be created.", "HttpError")
        place = job.organization if job else organization
        assert place is not None
        jobs = [job] if job else [one for one in self.engine.jobs.values() if one.organization is place]
        times = [point.time for one in jobs for point in one.points]
        if organization and place.first_backup is not None:
            times += [place.first_backup, place.last_backup or place.first_backup]
        point = max((time for time in times if time <= wanted), default=None)
        token = self.token_of(request)
        self.restores += 1
        made = RestoreSession(
            id=stable_id("restore", place.id, self.restores, now),
            kind=kind,
            organization=place,
            created=now,
            point=point,
            account="VB365\\" + (token.account if token else ""),
            mailboxes=self._mailboxes(place, job) if point is not None else [],
            job=job,
            used=now,
            show_deleted=flags["showdeleted"],
            show_all_versions=flags["showallversions"],
        )
        made.events.append({"time": now, "type": "None", "item": "", "title": "Restore session has been started"})
        self.engine.restore_sessions[made.id] = made
        self.engine.open_restores.append(made)
        if version == "5" and job:
            shape = self.switches["v5_job_explore"]
            if shape == "none":
                return Reply(200)
            return self.one(request, version, "restore_session", made, 201 if shape == "created" else 200)
        status = 200 if version in "67" else 201
        return self.one(request, version, "restore_session", made, status)

    @staticmethod
    def _mailboxes(organization: Organization, job: Job | None) -> list:
        """The mailboxes in the job's scope; a group stands for its first nine."""
        if job is None or not job.selected:
            return organization.mailboxes
        users = {item["user"]["id"] for item in job.selected if item["type"] == "User"}
        group = any(item["type"] == "Group" for item in job.selected)
        return [m for n, m in enumerate(organization.mailboxes) if m["id"] in users or (group and n < 9)]

    @at("POST", "678", "/Jobs/{job}/explore", writes=True)
    def explore_job(self, request: Request, version: str, job: str) -> Reply:
        return self.explore(request, version, self.body(request), job=self.job_of(job))

    @at("POST", "678", "/Organizations/{organization}/explore", writes=True)
    def explore_organization(self, request: Request, version: str, organization: str) -> Reply:
        found = self.find(self.engine.organizations, organization, "Organization")
        return self.explore(request, version, self.body(request), organization=found)

    @at("POST", "5", "/Organizations/{organization}/action", writes=True)
    def organization_action(self, request: Request, version: str, organization: str) -> Reply:
        found, body = self.find(self.engine.organizations, organization, "Organization"), self.body(request)
        if list(body) != ["explore"]:
            raise Refused(400, "The action is not supported.")
        return self.explore(request, version, body["explore"], organization=found)

    @at("POST", "78", "/BackupRepositories/{repository}/explore", writes=True)
    def explore_repository(self, request: Request, version: str, repository: str) -> Reply:
        self.find(self.engine.repositories, repository, "Backup repository")
        wanted = self.query(request).get("organizationid", "")
        found = self.find(self.engine.organizations, wanted, "Organization")
        return self.explore(request, version, self.body(request), organization=found)

    # -- list ----------------------------------------------------------------------------------------------------
    @at("GET", "5678", "/RestoreSessions")
    def restore_sessions(self, request: Request, version: str) -> Reply:
        """Filters by time only: none by state, type or organization."""
        query = self.query(request)
        items = sorted(self.engine.restore_sessions.values(), key=lambda r: (r.created, r.id))
        bounds = [("starttimefrom", "created", 1), ("starttimeto", "created", -1)]
        if version == "8":
            bounds += [("endtimefrom", "ended", 1), ("endtimeto", "ended", -1)]
        for name, field, sign in bounds:
            if name in query:
                limit = self.moment(query[name], name)
                items = [r for r in items if getattr(r, field) is not None and (getattr(r, field) - limit) * sign >= 0]
        if version == "8" and ("orderby" in query or "orderasc" in query):
            by = query.get("orderby", "CreationTime").lower()
            if by not in ("creationtime", "endtime"):
                raise Refused(400, f"The value '{query['orderby']}' is not valid for orderBy.")
            last = float("inf")
            if by == "endtime":
                items.sort(key=lambda r: last if r.ended is None else r.ended)
            if not self.flag(query, "orderasc", False):
                items.reverse()
        else:
            items = self.ordered(items, by_time=True)
        return self.page(request, version, "restore_session", items)

    def _restore(self, value: str) -> RestoreSession:
        return self.find(self.engine.restore_sessions, value, "Restore session")

    @at("GET", "5678", "/RestoreSessions/{restore}")
    def restore_session(self, request: Request, version: str, restore: str) -> Reply:
        return self.one(request, version, "restore_session", self._restore(restore))

    @at("GET", "5678", "/RestoreSessions/{restore}/Events")
    def restore_events(self, request: Request, version: str, restore: str) -> Reply:
        found, writer = self._restore(restore), self.writer(request, version)
        limit, offset = self.limits(request)
        rows = [writer.restore_event(found, number) for number in range(len(found.events))]
        return self.page_of(request, version, rows[offset : offset + limit], len(rows))

    @at("GET", "8", "/RestoreSessions/{restore}/Statistics")
    def restore_statistics(self, _request: Request, version: str, restore: str) -> Reply:
        self._restore(restore)
        counts = dict.fromkeys(("totalItemsCount", "restoredItemsCount", "failedItemsCount", "skippedItemsCount"), 0)
        return Reply(200, {**counts, "warnings": [], "errors": [], "items": []})

    # -- stop ----------------------------------------------------------------------------------------------------
    def _stop(self, version: str, restore: str) -> None:
        found = self._restore(restore)
        if found.ended is not None:
            # Client code meets 400 here ("log in again"); whether v8 does the same is not known.
            if self.switches["refusals"] == "conflict":
                raise Refused(409 if version == "8" else 400, "Restore session has been stopped.", "OperationConflict")
            return
        found.stops += 1
        if not self.switches["sticky_restore_sessions"]:
            self.engine.stop_restore(found, self.clock.now())

    @at("POST", "678", "/RestoreSessions/{restore}/Stop", writes=True)
    def stop_restore(self, _request: Request, version: str, restore: str) -> Reply:
        self._stop(version, restore)
        return Reply(204 if version == "8" else 200)

    @at("POST", "5", "/RestoreSessions/{restore}/action", writes=True)
    def restore_action(self, request: Request, version: str, restore: str) -> Reply:
        if list(self.body(request)) != ["stop"]:
            raise Refused(400, "The action is not supported.")
        self._stop(version, restore)
        return Reply(200)

    # -- browse --------------------------------------------------------------------------------------------------
    def _open(self, version: str, restore: str, kind: str = "") -> RestoreSession:
        found = self._restore(restore)
        if found.ended is not None:
            raise Refused(404 if version == "8" else 500, "Restore session has expired.")
        if kind and found.kind != kind:
            raise Refused(400, f"The restore session of type '{found.kind}' does not support this operation.")
        found.used = self.clock.now()
        return found

    @at("GET", "5678", "/RestoreSessions/{restore}/organization")
    def restore_organization(self, request: Request, version: str, restore: str) -> Reply:
        found = self._open(version, restore)
        place, writer = found.organization, self.writer(request, version)
        links = {"self": writer.link(f"/RestoreSessions/{found.id}/Organization")}
        return Reply(200, {"id": place.id, "name": place.name, "type": "Office365", "_links": links})

    @at("GET", "5678", "/RestoreSessions/{restore}/organization/mailboxes")
    def mailboxes(self, request: Request, version: str, restore: str) -> Reply:
        found = self._open(version, restore, "vex")
        limit, offset = self.limits(request)
        writer, boxes = self.writer(request, version), found.mailboxes
        rows = [writer.mailbox(found, box) for box in boxes[offset : offset + limit]]
        return self.page_of(request, version, rows, len(boxes), set_id=found.id)

    @at("GET", "5678", "/RestoreSessions/{restore}/organization/mailboxes/{mailbox}")
    def mailbox(self, request: Request, version: str, restore: str, mailbox: str) -> Reply:
        found = self._open(version, restore, "vex")
        box = self.find({one["id"]: one for one in found.mailboxes}, mailbox, "Mailbox")
        return Reply(200, self.writer(request, version).mailbox(found, box))

    @at("GET", "5678", "/RestoreSessions/{restore}/organization/(?P<what>onedrives|sites|teams)")
    def other_items(self, request: Request, version: str, restore: str, what: str) -> Reply:
        """The other three types, in little: one item for each of the first mailboxes, sites or teams."""
        what = what.lower()
        found = self._open(version, restore, {"onedrives": "veod", "sites": "vesp", "teams": "vet"}[what])
        host, rows = found.organization.office_name.split(".")[0], []
        names = [m["name"] for m in found.mailboxes[:5]] if what == "onedrives" else ["Finance", "Board", "Projects"]
        for name in names if found.point is not None else []:
            row = {"id": stable_id(what, found.organization.id, name)}
            if what == "teams":
                row.update(displayName=name, description="", alias=name.lower(), privacy="Private")
            else:
                row.update(name=name, url=f"https://{host}.sharepoint.com/{what}/{name.replace(' ', '_')}")
            rows.append(row)
        limit, offset = self.limits(request)
        return self.page_of(request, version, rows[offset : offset + limit], len(rows), set_id=found.id)
