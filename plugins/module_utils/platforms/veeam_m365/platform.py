# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Veeam Backup for Microsoft 365 as a platform. Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    BackupOpsError,
    NotFound,
    PermissionDenied,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    History,
    Listing,
    Platform,
    explained_when_empty,
    refuse_beside_ids,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.acting import Acting
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.client import VeeamM365Client
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.restoring import Restoring
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.traits import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.times import from_iso
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import text

DAY_S = 86400
#: Sessions of so long are read at once for the definitions; a job whose last run is older is asked by itself.
RECENT_S = 2 * DAY_S
#: endTimeLowerBound is described as a bound of the creation ("were created after"), named as one of the end. Asking a
#: day earlier is right either way for runs of up to a day, and for all runs if the name is right.
BOUND_SLACK_S = DAY_S
#: So many sessions in a row from new to old are no accident.
ORDER_PROVEN = 10
#: More jobs than so many are looked up in the lists instead of one by one.
MANY_IDS = 20

WHY = (
    "The server removes old job sessions (history setting: keep all, or the last N weeks), and its API does not tell "
    "how far back they go."
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class VeeamM365Platform(Acting, Restoring, Platform):
    traits = TRAITS

    def __init__(self, connection, warn):
        super().__init__(connection, warn)
        self.client = VeeamM365Client(connection)
        self._names = {}
        self._known = {}

    # -- reading -----------------------------------------------------------------------------------------------------
    def list_jobs(self, query):
        refuse_beside_ids(query, "veeam_m365", TRAITS.filters)
        listing = Listing(history=History(why=WHY))
        if query.entity == model.DEFINITION:
            listing.records = self._definitions(query, listing)
        elif query.ids is not None:
            listing.records = self._runs_by_id(query, listing)
        else:
            listing.records = self._runs(query, listing)
        listing.records = explained_when_empty(listing.records, lambda: self._check_places(query.options))
        return listing

    def _check_places(self, options):
        """Warn of an organisation or repository of the options that the server does not list."""
        for option, kind in (("organization_id", "organizations"), ("repository_id", "repositories")):
            wanted, known = options.get(option), self._names_of(kind) if options.get(option) else {}
            if known and wanted.lower() not in {id.lower() for id in known}:
                there = ", ".join("{1} ({0})".format(*one) for one in list(known.items())[:20])
                self.warn("veeam_m365.{0}: there is no {1}. There are: {2}.".format(option, wanted, there))

    def _mapper(self, query):
        prefixes = {entity: self.uid_prefix(entity) for entity in model.ENTITIES}
        return mapping.Mapper(
            self.connection.endpoint,
            prefixes,
            self._names_of("organizations", bool(query.clients)),
            self._names_of("repositories"),
            self.warn,
            "raw" in query.need,
        )

    def _names_of(self, kind, needed=False):
        """Names by id, read once. Only names hang on it: unless ``needed``, a refusal is a warning."""
        if kind not in self._names:
            try:
                self._names[kind] = {row["id"]: row["name"] for row in self.gatherers()[kind]()}
            except AuthenticationError:
                raise
            except BackupOpsError as error:
                if needed or not error.status or error.status < 400:
                    raise
                self.warn("The names of the {0} are missing: {1}".format(kind, error.message))
                self._names[kind] = {}
        return self._names[kind]

    # -- definitions -------------------------------------------------------------------------------------------------
    def _definitions(self, query, listing):
        if query.ids is None:
            jobs, together = self._all_jobs(listing, _given(query.options)), True
        else:
            jobs, together = self._jobs_by_id(query.ids, listing)
        if not jobs:
            return
        mapper = self._mapper(query)
        runs_wanted = "runs" in query.need
        recents = self._recents(query) if runs_wanted and together and self.client.version.end_bound else {}

        def with_rest(job):
            recent = recents.get(job.id) or mapping.Recent()
            # By itself, always: after a start the session may be there before the job's own words tell of it.
            if runs_wanted and not (together and recent.covers(job)):
                self._ask_for_sessions(job, recent)
            return job, recent, self._items(job, query, mapper)

        for job, recent, items in self.client.http.map(with_rest, jobs):
            yield mapper.definition(job, recent, items)

    def _all_jobs(self, listing, options):
        """Every backup job and copy job that fits; v8 filters itself, for the others it is done here."""
        client = self.client
        rows = client.jobs(**options)
        jobs = {job.id: job for job in map(mapping.job_of, rows)}
        listing.truncated |= rows.truncated
        if client.version.copies:
            rows = client.copy_jobs(**options)
            try:
                for row in rows:
                    job = mapping.job_of(row, True, jobs.get(text(row.get("backupJobId"))))
                    jobs[job.id] = job
            except (NotFound, PermissionDenied) as error:
                self.warn("Backup copy jobs are not listed: {0}".format(error.message))
            listing.truncated |= rows.truncated
        return [job for job in jobs.values() if _fits(job, job.repository_id, options)]

    def _job(self, id):
        """One Job by id, a backup job or a copy job."""
        try:
            return mapping.job_of(self.client.job(id))
        except NotFound:
            if not self.client.version.copies:
                raise
        row = self.client.copy_job(id)
        source = None
        if not mapping.job_of(row, True).organization_id and _UUID.fullmatch(text(row.get("backupJobId")) or ""):
            try:
                source = mapping.job_of(self.client.job(text(row["backupJobId"])))
            except NotFound:
                pass  # a copy job outlives its backup job; then nobody knows the organisation
        return mapping.job_of(row, True, source)

    def _jobs_by_id(self, ids, listing):
        """``(jobs, together)``. ``together``: they are most of all jobs, so their sessions are best read at once."""
        if len(ids) <= MANY_IDS:
            return self._by_id(ids, self._job, listing), False
        jobs = {job.id.lower(): job for job in self._all_jobs(Listing(), {})}
        found = [jobs[id.lower()] for id in ids if id.lower() in jobs]
        rest = self._by_id([id for id in ids if id.lower() not in jobs], self._job, listing)
        return found + rest, 2 * len(ids) >= len(jobs)

    def _by_id(self, ids, read, listing):
        """``read(id)`` for each id; unknown and malformed ones go to ``missing``."""

        def one(id):
            if not _UUID.fullmatch(id):
                return id, None
            try:
                return id, read(id)
            except NotFound:
                return id, None

        found = list(self.client.http.map(one, ids))
        listing.missing.extend(id for id, item in found if item is None)
        return [item for _id, item in found if item is not None]

    def _recents(self, query):
        """Recent by job id, of the sessions of the last days."""
        recents = {}
        for session in self.client.job_sessions(model.timestamp(int(query.now - RECENT_S))):
            recents.setdefault(mapping.job_id_of(session), mapping.Recent()).add(session)
        return recents

    def _ask_for_sessions(self, job, recent):
        def last_one(session):
            return mapping.run_state(session, from_iso(session.get("endTime")))[0] == model.FINISHED

        for session in self._sessions_of(job, last_one):
            recent.add(session)

    def _sessions_of(self, job, enough):
        """A job's sessions. ``enough(session)``: older ones do not matter.

        The order is unspecified, so that counts only after ORDER_PROVEN sessions ran from new to old.
        """
        try:
            previous, falling, count = None, True, 0
            for session in self.client.sessions_of(job.id, job.is_copy):
                start = from_iso(session.get("creationTime"))
                falling = falling and start is not None and (previous is None or start <= previous)
                previous = start
                count += 1
                if mapping.job_id_of(session) not in (None, job.id):
                    continue  # v6 has no sessions of one copy job
                yield session
                if falling and count >= ORDER_PROVEN and enough(session):
                    return
        except NotFound:
            return  # the job went away meanwhile

    def _items(self, job, query, mapper):
        """What a job protects, where its row does not tell and somebody wants to know; else None."""
        if (
            job.is_copy
            or self.client.version.items_in_job
            or (text(job.row.get("backupType")) or "").lower() == "entireorganization"
        ):
            return None
        client = (mapper.organizations.get(job.organization_id) or "").lower()
        if "objects" not in query.need and (not query.clients or client in [name.lower() for name in query.clients]):
            return None
        try:
            return [mapping.protected_object(item) for item in self.client.selected_items(job.id)]
        except NotFound:
            return None

    # -- runs --------------------------------------------------------------------------------------------------------
    def _runs(self, query, listing):
        mapper = self._mapper(query)
        # Read before the sessions: what they call active must be found among them.
        jobs = self._known = {job.id: job for job in self._all_jobs(listing, {})}
        seen = {job.id: set() for job in jobs.values() if job.active}
        found = set()
        options = _given(query.options)

        def wanted(session):
            start, end = from_iso(session.get("creationTime")), from_iso(session.get("endTime"))
            if query.until is not None and start is not None and start >= query.until:
                return False
            if query.since is not None and end is not None and end < query.since:
                return False
            if not options:
                return True
            job = jobs.get(mapping.job_id_of(session))
            repository_id = mapping.known_id(session.get("repositoryId")) or (job.repository_id if job else None)
            return _fits(job, repository_id, options)

        def sessions():
            bound = None if query.since is None else model.timestamp(int(query.since - BOUND_SLACK_S))
            rows = self.client.job_sessions(bound)
            for session in rows:
                if wanted(session):
                    job_id = mapping.job_id_of(session)
                    if job_id in seen:
                        seen[job_id].add(text(session.get("id")))
                        if not session.get("endTime"):
                            found.add(job_id)
                    yield session
            listing.truncated |= rows.truncated
            if bound is not None and self.client.version.end_bound:
                yield from self._left_out(query, [jobs[id] for id in seen if id not in found], seen, wanted)

        yield from self._run_records(query, mapper, sessions())

    def _left_out(self, query, jobs, seen, wanted):
        """Sessions of active jobs: whether a bound of the end time lets those under way through is not documented."""

        def too_old(session):
            end = from_iso(session.get("endTime"))
            return end is not None and end < query.since

        for job_id, rows in self.client.http.map(lambda job: (job.id, list(self._sessions_of(job, too_old))), jobs):
            yield from (row for row in rows if text(row.get("id")) not in seen[job_id] and wanted(row))

    def _runs_by_id(self, query, listing):
        sessions = self._by_id(query.ids, self.client.job_session, listing)
        if not sessions:
            return
        mapper = self._mapper(query)
        if any(mapping.job_id_of(session) not in self._known for session in sessions):
            self._known = {job.id: job for job in self._all_jobs(Listing(), {})}
        yield from self._run_records(query, mapper, sessions)

    def _run_records(self, query, mapper, sessions):
        if "objects" not in query.need or not self.client.version.objects:
            for session in sessions:
                yield mapper.run(session, self._known.get(mapping.job_id_of(session)))
            return

        def with_objects(session):
            try:
                rows = self.client.processed_objects(text(session.get("id")) or "")
            except NotFound:
                return session, None
            return session, [mapping.processed_object(row, self.warn) for row in rows]

        for session, objects in self.client.http.map(with_objects, sessions):
            yield mapper.run(session, self._known.get(mapping.job_id_of(session)), objects)

    # -- about the server --------------------------------------------------------------------------------------------
    def info(self):
        client = self.client
        version = text(client.service_instance().get("version"))
        try:
            next(iter(client.rows("Jobs", paged=client.version.pages, page_size=1)), None)
            reads = True
        except PermissionDenied:
            reads = False
        can = {}
        for ability, capability in TRAITS.capabilities.items():
            read = ability in ("list_runs", "list_definitions", "read_enabled")
            # The API tells no rights: who may read jobs is known by trying, the rest is not tried.
            can[ability] = (reads if read else None) if capability.supported else False
        return {
            "product_version": version,
            "api_version": client.api_version,
            "account": client.session().get("account"),
            "can": can,
        }

    def gatherers(self):
        return {"organizations": self.organizations, "repositories": self.repositories}

    def organizations(self):
        """``[{id, name, office_name}]``."""
        return [
            {
                "id": text(row.get("id")),
                "name": text(row.get("name")) or text(row.get("officeName")),
                "office_name": text(row.get("officeName")),
            }
            for row in self.client.organizations()
        ]

    def repositories(self):
        """``[{id, name, retention_type}]``: retention belongs to a repository, not to a job."""
        return [
            {"id": text(row.get("id")), "name": text(row.get("name")), "retention_type": text(row.get("retentionType"))}
            for row in self.client.repositories()
        ]


def _given(options):
    return {name: value for name, value in options.items() if value is not None}


def _fits(job, repository_id, options):
    """Whether something of a Job (None: deleted) in a repository passes the platform's own filters."""
    for name, value in (
        ("organization_id", job.organization_id if job else None),
        ("repository_id", repository_id),
    ):
        if name in options and options[name].lower() != (value or "").lower():
            return False
    return True
