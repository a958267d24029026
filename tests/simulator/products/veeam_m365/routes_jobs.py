# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs, copy jobs, their runs, and the places they use."""

from __future__ import annotations

from ...product import Reply, Request
from .base import Refused, at
from .records import Job, Session
from .routes_restore import RestoreRoutes

#: v8's filter says Succeeded where the object says Success.
FILTER_WORDS = {
    "stopped": "Stopped",
    "running": "Running",
    "succeeded": "Success",
    "failed": "Failed",
    "warning": "Warning",
}
#: Filters of JobSessions, and the version that brought each.
FILTERS = {"jobtype": 6, "endtimelowerbound": 6, "jobid": 7, "endtimeupperbound": 7, "status": 8}


class JobRoutes(RestoreRoutes):
    def _jobs(self, kind: str = "Backup") -> list[Job]:
        return self.ordered([job for job in self.engine.jobs.values() if job.kind == kind])

    def _wanted(self, request: Request, version: str, items: list[Job]) -> list[Job]:
        query = self.query(request)
        if version == "8" and "organizationid" in query:
            wanted = self.uuid_of(query["organizationid"])
            items = [job for job in items if job.organization.id == wanted]
        if "repositoryid" in query:
            wanted = self.uuid_of(query["repositoryid"])
            items = [job for job in items if job.repository.id == wanted]
        return items

    # -- definitions ---------------------------------------------------------------------------------------------
    @at("GET", "5678", "/Jobs")
    def jobs(self, request: Request, version: str) -> Reply:
        items = self._jobs()
        return self.collection(
            request, version, 8, "job", self._wanted(request, version, items) if version == "8" else items
        )

    @at("GET", "567", "/Organizations/{organization}/Jobs")
    def jobs_of_organization(self, request: Request, version: str, organization: str) -> Reply:
        found = self.find(self.engine.organizations, organization, "Organization")
        return self.array(request, version, "job", [job for job in self._jobs() if job.organization is found])

    @at("GET", "5678", "/Jobs/{job}")
    def job(self, request: Request, version: str, job: str) -> Reply:
        return self.one(request, version, "job", self.job_of(job))

    @at("GET", "5678", "/Jobs/{job}/(?P<place>SelectedItems|ExcludedItems)")
    def items(self, request: Request, version: str, job: str, place: str) -> Reply:
        found, writer = self.job_of(job), self.writer(request, version)
        place = "SelectedItems" if place.lower().startswith("s") else "ExcludedItems"
        count = len(found.selected if place == "SelectedItems" else found.excluded)
        rows = [writer.item(found, place, number) for number in range(count)]
        if version != "8":
            return Reply(200, rows)
        limit, offset = self.limits(request)
        return self.page_of(request, version, rows[offset : offset + limit], count)

    @at("GET", "678", "/Jobs/{job}/CopyJob")
    def copy_of_job(self, request: Request, version: str, job: str) -> Reply:
        found = self.job_of(job).copy
        if found is None:
            raise Refused(404, f"Backup copy job for the job with ID '{job}' was not found.")
        return self.one(request, version, "copy_job", found)

    @at("GET", "678", "/CopyJobs")
    def copy_jobs(self, request: Request, version: str) -> Reply:
        return self.collection(request, version, 8, "copy_job", self._wanted(request, version, self._jobs("Copy")))

    @at("GET", "678", "/CopyJobs/{job}")
    def copy_job(self, request: Request, version: str, job: str) -> Reply:
        return self.one(request, version, "copy_job", self.job_of(job, "Copy"))

    @at("GET", "678", "/CopyJobs/{job}/BackupJob")
    def job_of_copy(self, request: Request, version: str, job: str) -> Reply:
        return self.one(request, version, "job", self.job_of(job, "Copy").source)

    # -- runs ----------------------------------------------------------------------------------------------------
    def _history(self, version: str, query: dict) -> list[Session]:
        """Sessions as this version filters them; parameters that it does not know are ignored, as servers do."""
        known = [name for name, first in FILTERS.items() if int(version) >= first]
        asked = {name: query[name] for name in known if name in query}
        key = (version == "5", self.switches["end_bounds"], self.switches["order"], tuple(sorted(asked.items())))
        if self.filtered_revision != self.engine.revision:
            self.filtered.clear()
            self.filtered_revision = self.engine.revision
        if key not in self.filtered:
            if len(self.filtered) > 200:
                self.filtered.clear()
            self.filtered[key] = list(self.ordered(self._filter(asked, version == "5"), by_time=True))
        return self.filtered[key]

    def _filter(self, asked: dict, backups_only: bool) -> list[Session]:
        if "jobid" in asked:
            job = self.engine.jobs.get(self.uuid_of(asked["jobid"]))
            found = job.sessions if job else []
        else:
            found = self.engine.history
        if backups_only:
            found = [s for s in found if s.job.kind == "Backup"]
        if "jobtype" in asked:
            kind = asked["jobtype"].capitalize()
            if kind not in ("Backup", "Copy"):
                raise Refused(400, f"The value '{asked['jobtype']}' is not valid for jobType.")
            found = [s for s in found if s.job.kind == kind]
        if "status" in asked:
            word = FILTER_WORDS.get(asked["status"].lower())
            if word is None:
                raise Refused(400, f"The value '{asked['status']}' is not valid for status.")
            found = [s for s in found if s.status == word]
        bounds = self.switches["end_bounds"]
        for name, sign in (("endtimelowerbound", 1), ("endtimeupperbound", -1)):
            if name in asked:
                limit = self.moment(asked[name], name)
                if bounds == "creation":
                    found = [s for s in found if (s.created - limit) * sign >= 0]
                else:
                    endless = bounds == "end_or_running"
                    found = [s for s in found if (endless if s.ended is None else (s.ended - limit) * sign >= 0)]
        return found

    @at("GET", "5678", "/JobSessions")
    def sessions(self, request: Request, version: str) -> Reply:
        return self.page(request, version, "session", self._history(version, self.query(request)))

    @at("GET", "56", "/Jobs/{job}/JobSessions")
    def sessions_of_job(self, request: Request, version: str, job: str) -> Reply:
        return self.page(request, version, "session", self.ordered(self.job_of(job).sessions, by_time=True))

    @at("GET", "5678", "/JobSessions/{session}")
    def session(self, request: Request, version: str, session: str) -> Reply:
        return self.one(request, version, "session", self.find(self.engine.sessions, session, "Job session"))

    @at("GET", "5678", "/JobSessions/{session}/LogItems")
    def log_items(self, request: Request, version: str, session: str) -> Reply:
        found = self.find(self.engine.sessions, session, "Job session")
        rows, query = self.writer(request, version).log_items(found, self.clock.now()), self.query(request)
        if version == "8":
            if "type" in query:
                rows = [row for row in rows if row["type"].lower() == query["type"].lower()]
            if not self.flag(query, "orderasc", True):
                rows.reverse()
        limit, offset = self.limits(request)
        return self.page_of(request, version, rows[offset : offset + limit], len(rows))

    @at("GET", "678", "/JobSessions/{session}/LogItems/{item}")
    def log_item(self, request: Request, version: str, session: str, item: str) -> Reply:
        found = self.find(self.engine.sessions, session, "Job session")
        for row in self.writer(request, version).log_items(found, self.clock.now()):
            if row["id"] == item.lower():
                return Reply(200, row)
        raise Refused(404, f"Log item with ID '{item}' was not found.")

    @at("GET", "78", "/JobSessions/{session}/ProcessedObjects")
    def processed_objects(self, request: Request, version: str, session: str) -> Reply:
        found = self.find(self.engine.sessions, session, "Job session")
        rows = self.writer(request, version).processed_objects(found, self.clock.now())
        limit, offset = self.limits(request)
        return self.page_of(request, version, rows[offset : offset + limit], len(rows))

    # -- actions -------------------------------------------------------------------------------------------------
    def _act(self, version: int, job: Job, verb: str, full: bool = False) -> Session | None:
        """Do it, or refuse it as the switch ``refusals`` says. A disabled job may be started by hand."""
        now = self.clock.now()
        try:
            if verb == "start":
                if job.active:
                    self.refuse_twice(version, f"Job '{job.name}' is already running.")
                    return job.active
                if not self.switches["can_start"]:
                    raise Refused(500, f"Failed to start job '{job.name}'. Backup proxy is not available.")
                job.counts["start"] += 1
                return self.engine.start(job, now, full)
            if verb == "stop":
                if not self.engine.stop(job, now):
                    self.refuse_twice(version, f"Job '{job.name}' is not running.")
                    return None
            else:
                if job.enabled == (verb == "enable"):
                    self.refuse_twice(version, f"Job '{job.name}' is already {verb}d.")
                    return None
                self.engine.enable(job, now, verb == "enable")
            job.counts[verb] += 1
        except Refused:
            job.counts["refused"] += 1
            raise
        return None

    def _full(self, request: Request) -> bool:
        full = self.body(request).get("full", False)
        if full not in (True, False, None):
            raise Refused(400, "The value of full is not valid.")
        return bool(full)

    @at("POST", "678", "/Jobs/{job}/(?P<verb>enable|disable|stop)", writes=True)
    def act(self, _request: Request, version: str, job: str, verb: str) -> Reply:
        self._act(int(version), self.job_of(job), verb.lower())
        return Reply(204)

    @at("POST", "678", "/Jobs/{job}/start", writes=True)
    def start(self, request: Request, version: str, job: str) -> Reply:
        """v6, v7: 204. v8: 200 with the session. The body is required (vendor OpenAPI documents)."""
        found = self.job_of(job)
        if not request.body:
            raise Refused(400, "The request body is required.")
        session = self._act(int(version), found, "start", self._full(request))
        return self.one(request, version, "session", session) if version == "8" else Reply(204)

    @at("POST", "678", "/CopyJobs/{job}/(?P<verb>enable|disable|stop)", writes=True)
    def act_on_copy(self, _request: Request, version: str, job: str, verb: str) -> Reply:
        self._act(int(version), self.job_of(job, "Copy"), verb.lower())
        return Reply(204)

    @at("POST", "678", "/CopyJobs/{job}/start", writes=True)
    def start_copy(self, request: Request, version: str, job: str) -> Reply:
        session = self._act(
            int(version), self.job_of(job, "Copy"), "start", self._full(request) if version == "6" else False
        )
        return self.one(request, version, "session", session) if version == "8" else Reply(204)

    @at("POST", "5", "/Jobs/{job}/action", writes=True)
    def action(self, request: Request, version: str, job: str) -> Reply:
        """``{"start": null}`` and the like: 200 without a body (vendor page "Managing Backup Jobs")."""
        found, body = self.job_of(job), self.body(request)
        verbs = [name for name in body if name in ("enable", "disable", "start", "stop", "explore")]
        if len(verbs) != 1:
            raise Refused(400, "The action is not supported.")
        if verbs == ["explore"]:
            return self.explore(request, version, body["explore"], job=found)
        self._act(5, found, verbs[0])
        return Reply(200)

    # -- places --------------------------------------------------------------------------------------------------
    def _extended(self, request: Request, version: str) -> bool:
        """Always in v5, default true in v6, false from v7 on. It asks the proxy, which must be up."""
        default = version in "56"
        wanted = default if version == "5" else bool(self.flag(self.query(request), "extendedview", default))
        if wanted and not self.switches["proxy_online"]:
            raise Refused(500, "Proxy vb365-proxy-01.corp.example is offline.", "ProxyOffline")
        return wanted

    @at("GET", "5678", "/Organizations")
    def organizations(self, request: Request, version: str) -> Reply:
        extended = self._extended(request, version)
        writer, query = self.writer(request, version), self.query(request)
        rows = [writer.organization(o, extended) for o in self.ordered(list(self.engine.organizations.values()))]
        if version != "8":
            return Reply(200, rows)
        for name, field in (("msid", "msid"), ("backeduporganizationid", "backedUpOrganizationId")):
            rows = [row for row in rows if name not in query or row[field] == query[name]]
        limit, offset = self.limits(request)
        return self.page_of(request, version, rows[offset : offset + limit], len(rows))

    @at("GET", "5678", "/Organizations/{organization}")
    def organization(self, request: Request, version: str, organization: str) -> Reply:
        found = self.find(self.engine.organizations, organization, "Organization")
        return Reply(200, self.writer(request, version).organization(found, self._extended(request, version)))

    @at("GET", "5678", "/BackupRepositories")
    def repositories(self, request: Request, version: str) -> Reply:
        query, items = self.query(request), self.ordered(list(self.engine.repositories.values()))
        if "proxyid" in query:
            items = [r for r in items if r.proxy == self.uuid_of(query["proxyid"])]
        if self.flag(query, "longterm"):
            items = []
        if version == "8" and "organizationid" in query:
            wanted = self.uuid_of(query["organizationid"])
            used = {job.repository.id for job in self.engine.jobs.values() if job.organization.id == wanted}
            items = [r for r in items if r.id in used]
        return self.collection(request, version, 8, "repository", items)

    @at("GET", "5678", "/BackupRepositories/{repository}")
    def repository(self, request: Request, version: str, repository: str) -> Reply:
        return self.one(
            request, version, "repository", self.find(self.engine.repositories, repository, "Backup repository")
        )

    @at("GET", "5678", "/Proxies")
    def proxies(self, request: Request, version: str) -> Reply:
        return self.collection(request, version, 8, "proxy", self.ordered(list(self.engine.proxies.values())))

    @at("GET", "5678", "/Proxies/{proxy}")
    def proxy(self, request: Request, version: str, proxy: str) -> Reply:
        return self.one(request, version, "proxy", self.find(self.engine.proxies, proxy, "Proxy"))

    @at("GET", "678", "/RestorePoints")
    def points(self, request: Request, version: str) -> Reply:
        query = self.query(request)
        jobs = list(self.engine.jobs.values())
        if "jobid" in query:
            jobs = [job for job in jobs if job.id == self.uuid_of(query["jobid"])]
        if "organizationid" in query:
            jobs = [job for job in jobs if job.organization.id == self.uuid_of(query["organizationid"])]
        if "repositoryid" in query:
            jobs = [job for job in jobs if job.repository.id == self.uuid_of(query["repositoryid"])]
        if version in "78" and self.flag(query, "iscopy") is not None:
            jobs = [job for job in jobs if (job.kind == "Copy") == self.flag(query, "iscopy")]
        items = (
            []
            if self.flag(query, "islongtermcopy") or self.flag(query, "isretrieved")
            else [p for j in jobs for p in j.points]
        )
        if version == "6" and "backuptime" in query:
            wanted = self.moment(query["backuptime"], "backupTime")
            items = [point for point in items if abs(point.time - wanted) < 1]
        if version in "78" and "from" in query:
            items = [point for point in items if point.time >= self.moment(query["from"], "from")]
        if version in "78" and "to" in query:
            items = [point for point in items if point.time <= self.moment(query["to"], "to")]
        items.sort(key=lambda point: (point.time, point.id))
        ascending = self.flag(query, "orderasc") if version in "78" else None
        if ascending is None:
            items = self.ordered(items, by_time=True)
        elif not ascending:
            items.reverse()
        return self.collection(request, version, 7, "point", items)

    @at("GET", "678", "/RestorePoints/{point}")
    def point(self, request: Request, version: str, point: str) -> Reply:
        for job in self.engine.jobs.values():
            for one in job.points:
                if one.id == point.lower():
                    return self.one(request, version, "point", one)
        raise Refused(404, f"Restore point with ID '{point}' was not found.")
