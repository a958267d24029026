# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What can be read of Commvault: jobs as runs, subclients as definitions. Private to this collection."""

from __future__ import annotations

from operator import itemgetter

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    BackupOpsError,
    InvalidError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.paging import Page, PagedList
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    ABILITIES,
    History,
    Listing,
    Platform,
    explained_when_empty,
    refuse_beside_ids,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.acting import Acting
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.client import CommvaultClient
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.copies import Copies
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import (
    LatestRuns,
    RunMapper,
    add_copies,
    add_details,
    again_of,
    copy_entry,
    definition_record,
    enabled_of,
    is_id,
    jobs_of,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.restoring import Restoring
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.scopes import Scopes
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.traits import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, mapping, text

#: Which options of the sub-dict suit a list of which entity; with job_ids only those of _WITH_IDS mean anything.
_SUITS = {
    model.RUN: ("client_id", "subclient_id", "job_category", "job_filter", "show_aged"),
    model.DEFINITION: ("client_id", "subclient_id", "lookback", "scope", "enable_after"),
}
_WITH_IDS = {model.RUN: (), model.DEFINITION: ("lookback", "scope", "enable_after")}

DEFAULT_FILTER = "Backup"
DEFAULT_LOOKBACK = "7d"
#: Seconds added to completedJobLookupTime: it counts from the server's "now", which moves while pages are read.
MARGIN_S = 300
#: Without ``since``: all that the CommCell still knows. Without the parameter the server would stop after one year.
EVERYTHING_S = 20 * 365 * 86400
#: Up to so many clients are asked for one by one, more are picked from one list of all.
FEW_CLIENTS = 50
#: Up to so many clients the enabled flag is read although nobody asked for it (one request each).
ENABLED_UNASKED = 200
#: The list of jobs on a copy does not say whether its window means starts or ends: a day on both sides.
COPY_WINDOW_S = 86400
#: First release with V4/Plan/BackupDestination, as currentSPVersion counts.
FIRST_V4 = 32


class CommvaultPlatform(Acting, Copies, Restoring, Scopes, Platform):
    traits = TRAITS

    def __init__(self, connection, warn):
        super().__init__(connection, warn)
        self.client = CommvaultClient(connection)
        #: What a restore session of this task is of, once it was looked up.
        self._meant_here = None

    # -- verbs -------------------------------------------------------------------------------------------------------
    def list_jobs(self, query):
        options = _checked(query)
        if query.entity == model.DEFINITION:
            if options.get("scope") not in (None, "subclient"):
                return self._list_scope(options["scope"], query)
            listing = self._list_definitions(query, options)
        else:
            listing = self._list_runs(query, options)
        listing.records = explained_when_empty(listing.records, lambda: self._check_places(options))
        return listing

    def _check_places(self, options):
        """Warn of a client or subclient of the options that is not there."""
        for option, read in (("client_id", self.client.get_client), ("subclient_id", self.client.get_subclient)):
            if options.get(option) is None:
                continue
            said = "the answer is empty"
            try:
                if read(options[option]):
                    continue
            except (NotFound, ProtocolError) as error:
                said = error.message
            self.warn("commvault.{0}: {1} is not found ({2}).".format(option, options[option], said.rstrip(".")))

    def _list_runs(self, query, options):
        why = "A job leaves every list once the CommCell prunes it; for how long it keeps jobs is a setting of its own."
        listing = Listing(history=History(why=why))
        listing.records = self._runs(query, options, listing)
        return listing

    def info(self):
        server, user = self.client.commserv(), mapping(self.client.who_am_i().get("user"))
        release = integer(server.get("currentSPVersion"))
        can = dict.fromkeys(ABILITIES)
        if release is not None and release < FIRST_V4:
            can["job_operation"] = False
        version = text(server.get("csVersionInfo"))
        return {
            "product_version": version or (None if release is None else "11.{0}".format(release)),
            "api_version": None,
            "account": text(user.get("userName")),
            "can": can,
        }

    def gatherers(self):
        return {"storage_policies": self._storage_policies}

    def _storage_policies(self):
        """``[{id, name, copies: [{id, name, precedence, default, snapshot}]}]``."""
        policies = [
            (text(policy.get("storagePolicyId")), text(policy.get("storagePolicyName")))
            for policy in self.client.get_storage_policies()
        ]
        found = self.client.http.map(self._copies_of, [id for id, _name in policies])
        return [{"id": id, "name": name, "copies": copies} for (id, name), copies in zip(policies, found)]

    def _copies_of(self, policy_id):
        copies = []
        for entry in self.client.get_storage_policy(policy_id):
            about = mapping(entry.get("StoragePolicyCopy"))
            copies.append(
                {
                    "id": text(about.get("copyId")),
                    "name": text(about.get("copyName")),
                    "precedence": integer(entry.get("copyPrecedence")),
                    "default": bool(integer(entry.get("isDefault"))),
                    "snapshot": bool(integer(entry.get("isSnapCopy"))),
                }
            )
        return copies

    # -- runs --------------------------------------------------------------------------------------------------------
    def _runs(self, query, options, listing):
        aliases = {}
        if query.ids is not None:
            jobs = self._jobs_by_id(query.ids, listing)
        else:
            jobs = self._jobs_in_window(query, options, listing, aliases)
        # The clients are looked up with the first job, before the mapper reads the aliases.
        records = map(self._mapper(query, aliases), jobs)
        if "objects" in query.need:
            names = frozenset(name.casefold() for name in query.clients)
            records = self.client.http.map(lambda record: self._detailed(record, names), records)
        if "copies" in query.need:
            records = self._with_copies(records, query.now)
        return records

    def _mapper(self, query, aliases=None):
        return RunMapper(self.uid_prefix(model.RUN), self.connection.endpoint, self.warn, "raw" in query.need, aliases)

    def _jobs_by_id(self, ids, listing):
        """Jobs by GET Job/{id}, in order; an unknown or malformed id goes to ``missing``."""

        def read(id):
            if not is_id(id):
                return None
            try:
                jobs, _total = jobs_of(self.client.get_job(id))
            except NotFound:
                return None
            return next((job for job in jobs if str(job["jobId"]) == id), None)

        for id, job in zip(ids, self.client.http.map(read, ids)):
            if job is None:
                listing.missing.append(id)
            else:
                yield job

    def _jobs_in_window(self, query, options, listing, aliases):
        params = {
            "completedJobLookupTime": self._lookup(query.since, query.now),
            "jobCategory": options.get("job_category") or "All",
            "jobFilter": options.get("job_filter", DEFAULT_FILTER),
        }
        aged = bool(options.get("show_aged"))
        subclient_id, client_ids = options.get("subclient_id"), [options.get("client_id")]
        if subclient_id is not None:
            # subclientId is seen in client code only. A server that ignores it still narrows by the client.
            params["subclientId"] = subclient_id
            if client_ids == [None]:
                client_ids = [self._client_of(subclient_id)]
        elif client_ids == [None] and query.clients:
            client_ids = self._pushed_clients(query, aliases)
        for job in self._jobs(params, client_ids, listing, aged):
            if subclient_id is None or integer(mapping(job.get("subclient")).get("subclientId")) == subclient_id:
                yield job

    def _pushed_clients(self, query, aliases):
        """The ids of the clients to ask for; ``[None]`` where one list of all jobs is better or needed.

        It is needed when a name is no client's: it may be an object's, or a client's that GET Client hides. And objects
        (virtual machines) of other clients may have the name, when they are read.
        """
        names = {name.casefold() for name in query.clients}
        known = self._clients_called(names, aliases)
        ids = sorted({id for found in known.values() for id in found})
        if len(known) < len(names) or len(ids) > FEW_CLIENTS or "objects" in query.need:
            return [None]
        return ids

    def _clients_called(self, names, aliases):
        """name -> ids of the clients with that name or display name (casefolded); fills ``aliases``."""
        found = {}
        for entity in self.client.get_clients():
            id, name, shown = (
                integer(entity.get("clientId")),
                text(entity.get("clientName")),
                text(entity.get("displayName")),
            )
            if not id:
                continue
            for one in {(name or "").casefold(), (shown or "").casefold()} & names:
                found.setdefault(one, []).append(id)
            if shown and (name or "").casefold() != shown.casefold():
                aliases[str(id)] = shown
        return found

    def _client_of(self, subclient_id):
        try:
            entity = mapping(self.client.get_subclient(subclient_id).get("subClientEntity"))
        except (NotFound, ProtocolError):
            return None  # deleted, perhaps; its jobs may still be listed
        return integer(entity.get("clientId"))

    def _lookup(self, since, now):
        """completedJobLookupTime for all jobs that ended after ``since``: seconds back from the server's clock."""
        if since is None:
            return EVERYTHING_S
        self.client.session()  # the answer to a login tells the server's clock
        return int(max(0, now - since)) + max(0, self.client.http.clock_offset or 0) + MARGIN_S

    def _jobs(self, params, client_ids, listing, aged=False):
        """Jobs of the clients, or of all (``[None]``), each once. Several clients are read at the same time."""
        if len(client_ids) == 1:
            pages = self._paged(params, client_ids[0], aged, self.client.http.concurrency)
            yield from pages
            listing.truncated = listing.truncated or pages.truncated
            return

        def read(client_id):
            pages = self._paged(params, client_id, aged, 1)
            return list(pages), pages.truncated

        seen = set()
        for jobs, truncated in self.client.http.map(read, client_ids):
            listing.truncated = listing.truncated or truncated
            for job in jobs:
                if job["jobId"] not in seen:
                    seen.add(job["jobId"])
                    yield job

    def _paged(self, params, client_id, aged, concurrency):
        if client_id is not None:
            params = {**params, "clientId": client_id}
        call = self.client.post_jobs if aged else self.client.get_jobs

        def fetch(offset, limit):
            jobs, total = jobs_of(call(offset, limit, params))
            return Page(jobs, total, None)

        return PagedList(fetch, itemgetter("jobId"), self.connection.page_size, concurrency)

    def _detailed(self, record, names):
        """The record with what POST JobDetails tells.

        With the filter ``clients`` other clients' jobs are left as they are, unless they can hold virtual machines.
        """
        work = record["workload"]
        if (
            names
            and (work["client"] or "").casefold() not in names
            and "virtual" not in (work["application"] or "").lower()
        ):
            return record
        try:
            return add_details(record, self.client.job_details(record["id"]))
        except (NotFound, ProtocolError) as error:
            self.warn("The objects of some jobs could not be read: {0}".format(error.message))
            return record

    def _with_copies(self, records, now):
        """The records with their copies. The jobs on a copy are read once per copy, in a window around the runs."""
        records = list(records)
        policies = {
            record["native"]["storage_policy"]["id"]: record["native"]["storage_policy"]["name"] for record in records
        }
        policies.pop(None, None)
        if policies:
            ends = [now + (self.client.http.clock_offset or 0)]
            starts = [model.epoch_of(one["started_at"]) for one in records if one["started_at"]] or ends
            window = (max(1, int(min(starts)) - COPY_WINDOW_S), int(max(ends)) + COPY_WINDOW_S)
            wanted = {record["id"] for record in records}
            copies = [
                (policies[id], copy["id"], copy["name"])
                for id, found in zip(policies, self.client.http.map(self._copies_of, policies))
                for copy in found
            ]
            held = {}
            for rows in self.client.http.map(lambda copy: self._rows_on(copy, window, wanted), copies):
                for id, entry, row in rows:
                    held.setdefault(id, []).append((entry, row))
        for record in records:
            if record["native"]["storage_policy"]["id"] is not None:
                add_copies(record, held.get(record["id"], []))
            yield record

    def _rows_on(self, copy, window, wanted):
        """``(job id, copy_entry, row)`` of the wanted jobs on one copy. Raises Unsupported where there is no V4."""
        policy_name, copy_id, copy_name = copy
        try:
            rows = self.client.jobs_on_copy(copy_id, *window)
        except BackupOpsError as error:
            if error.status in (404, 405):
                raise Unsupported(
                    "This CommServe does not tell what its copies hold.",
                    hint="include_copies needs Commvault release 11.32 or later.",
                    status=error.status,
                ) from error
            raise
        return [
            (id, copy_entry(row, policy_name, copy_id, copy_name), row)
            for id, row in ((text(row.get("jobId")), row) for row in map(mapping, rows))
            if id in wanted
        ]

    # -- definitions -------------------------------------------------------------------------------------------------
    def _list_definitions(self, query, options):
        lookback = options.get("lookback") or DEFAULT_LOOKBACK
        since = query.now - times.parse_duration(lookback, "commvault.lookback")
        narrow = (
            query.ids is not None or options.get("subclient_id") is not None or options.get("client_id") is not None
        )
        if narrow or query.clients:
            why = "Runs were read of the last {0} only (commvault.lookback).".format(lookback)
        else:
            why = (
                "Only subclients that ran in the last {0} (commvault.lookback) are listed; one that never ran is not "
                "in it. With clients all of their subclients are listed.".format(lookback)
            )
        listing = Listing(history=History(start=since, why=why), unseen=None if narrow or query.clients else why)
        listing.records = self._definitions(query, options, since, listing)
        return listing

    def _definitions(self, query, options, since, listing):
        params = {
            "completedJobLookupTime": self._lookup(since, query.now),
            "jobCategory": "All",
            "jobFilter": DEFAULT_FILTER,
        }
        aliases, latest = {}, LatestRuns()
        runs_wanted = "runs" in query.need
        by_id = query.ids
        if by_id is None and options.get("subclient_id") is not None:
            by_id = [str(options["subclient_id"])]
        if by_id is not None:
            found = list(self._subclients_by_id(by_id, query, options, listing))
            if runs_wanted:
                self._read_latest_of(found, params, listing, latest)
        elif options.get("client_id") is not None or query.clients:
            client_ids = self._clients_to_read(query, options, aliases)
            found = [one for some in self.client.http.map(self._asked_subclients_of, client_ids) for one in some]
            if found and runs_wanted:
                for job in self._jobs(params, client_ids if len(client_ids) <= FEW_CLIENTS else [None], listing):
                    latest.add(job)
        else:
            for job in self._jobs(params, [None], listing):
                latest.add(job)
            found = self._seen_in(latest, query)
        to_run = self._mapper(query, aliases)
        prefix = self.uid_prefix(model.DEFINITION)

        def record_of(subclient):
            entity, enabled, properties = subclient
            none = (None, None, None)
            current, last, success = latest.of(integer(entity.get("subclientId"))) if runs_wanted else none
            current, last = current and to_run(current), last and to_run(last)
            if "objects" in query.need:
                for run in filter(None, (current, last)):
                    self._detailed(run, ())
            record = definition_record(
                prefix,
                self.connection.endpoint,
                entity,
                enabled,
                current,
                last,
                success and to_run(success),
                aliases.get(text(entity.get("clientId"))),
                properties if "raw" in query.need else None,
            )
            record["native"]["enabled_again_at"] = again_of(mapping(properties))
            if not runs_wanted:
                record["state"] = model.UNKNOWN
            return record

        if "objects" in query.need:
            yield from self.client.http.map(record_of, found)
        else:
            yield from map(record_of, found)

    def _subclients_by_id(self, ids, query, options, listing):
        """``(entity, enabled, properties)`` of each; what is unknown of ``query.ids`` goes to ``missing``."""

        def read(id):
            if not is_id(id):
                return None
            try:
                return _subclient(self.client.get_subclient(id))
            except NotFound:
                return None

        for id, subclient in zip(ids, self.client.http.map(read, ids)):
            if subclient is None or text(subclient[0].get("subclientId")) != id:
                if query.ids is not None:
                    listing.missing.append(id)
            elif options.get("client_id") in (None, integer(subclient[0].get("clientId"))):
                yield subclient

    def _read_latest_of(self, found, params, listing, latest):
        """The runs of the found subclients, by client: one request (or list) each."""
        by_client = {}
        for entity, _enabled, _properties in found:
            by_client.setdefault(integer(entity.get("clientId")), []).append(integer(entity.get("subclientId")))

        def read(client_id):
            wanted = by_client[client_id]
            # subclientId is seen in client code only. A server that ignores it answers with the client's jobs.
            narrowed = {**params, "subclientId": wanted[0]} if len(wanted) == 1 else params
            pages = self._paged(narrowed, client_id or None, False, 1)
            return list(pages), pages.truncated

        for jobs, truncated in self.client.http.map(read, list(by_client)):
            listing.truncated = listing.truncated or truncated
            for job in jobs:
                latest.add(job)

    def _clients_to_read(self, query, options, aliases):
        if options.get("client_id") is not None:
            return [options["client_id"]]
        known = self._clients_called({name.casefold() for name in query.clients}, aliases)
        return sorted({id for ids in known.values() for id in ids})

    def _subclients_of(self, client_id):
        try:
            return [_subclient(properties) for properties in self.client.get_subclients(client_id)]
        except NotFound:
            return []

    def _asked_subclients_of(self, client_id):
        """Those of a client that the user named."""
        try:
            return self._subclients_of(client_id)
        except ProtocolError as error:
            if error.code is None:
                raise
            raise NotFound(
                "The subclients of the client {0} (clients, commvault.client_id) are not told: {1}".format(
                    client_id, error.message
                ),
                status=error.status,
                code=error.code,
            ) from error

    def _seen_in(self, latest, query):
        """``(entity, enabled, properties)`` of the subclients in the runs; enabled costs a request for each client."""
        entities = latest.subclients()
        client_ids = sorted({integer(entity.get("clientId")) or 0 for entity in entities.values()} - {0})
        known = {}
        if "enabled" in query.need or len(client_ids) <= ENABLED_UNASKED:
            for some in self.client.http.map(self._readable_subclients_of, client_ids):
                known.update(
                    (integer(entity.get("subclientId")), (enabled, properties)) for entity, enabled, properties in some
                )
        else:
            self.warn(
                "enabled is null: reading it costs one request for each of {0} clients. To have it read, name enabled "
                "in fields, filter by enabled or health, or narrow the list with clients.".format(len(client_ids))
            )
        return [(entity, *known.get(id, (None, None))) for id, entity in entities.items()]

    def _readable_subclients_of(self, client_id):
        try:
            return self._subclients_of(client_id)
        except (PermissionDenied, ProtocolError) as error:
            self.warn("enabled is null where the subclients of a client could not be read: {0}".format(error.message))
            return []


def _checked(query):
    """``query.options`` without what was not given. Raises InvalidError for an option that means nothing here."""
    options = {name: value for name, value in query.options.items() if value is not None}
    for name in options:
        if name not in _SUITS[query.entity]:
            raise InvalidError(
                "commvault.{0}: it does not apply to the entity {1}.".format(name, query.entity),
                hint="Take it out, or set another entity.",
            )
    refuse_beside_ids(query, "commvault", set(options).difference(_WITH_IDS[query.entity]))
    return options


def _subclient(properties):
    return mapping(properties.get("subClientEntity")), enabled_of(properties), properties
