# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The verbs of NAKIVO Backup & Replication. Private to this collection."""

from __future__ import annotations

import math
import re

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import NotFound, PermissionDenied, ProtocolError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    History,
    Listing,
    Platform,
    refuse_beside_ids,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.acting import Acting
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.client import (
    PROCESSED_MINUTES,
    NakivoClient,
    RpcFailure,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.mapping import (
    SAME_RUN_S,
    Mapper,
    job_number,
    steps_by_job,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.restoring import Restoring
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.traits import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, listed, text

_WHY = (
    "NAKIVO tells the current and the last run of each job, and of the last 24 hours what happened to each object: "
    "earlier runs are put together from that."
)
_WHY_NOT = "NAKIVO told the current and the last run of each job; what happened to each object could not be read."
#: The group that getGroupInfo puts around all others.
_ROOT = -1
_JOB_ID = re.compile(r"0|[1-9][0-9]{0,17}")
_RUN_ID = re.compile(r"(0|[1-9][0-9]{0,17})@(0|[1-9][0-9]{0,11})")
#: Our clock and the server's may differ by so much (minutes) before a run is missed.
_SKEW_MINUTES = 10


class NakivoPlatform(Acting, Restoring, Platform):
    traits = TRAITS

    def __init__(self, connection, warn):
        super().__init__(connection, warn)
        self.client = NakivoClient(connection)
        self._edits = {}

    @property
    def scope(self):
        return self.client.tenant()

    # -- jobs --------------------------------------------------------------------------------------------------------
    def list_jobs(self, query):
        refuse_beside_ids(query, "nakivo", TRAITS.filters)
        listing = Listing()
        if query.entity == model.DEFINITION:
            listing.records = self._definitions(query, listing)
        elif query.ids is None:
            listing.records = self._runs(query, listing)
        else:
            listing.records = self._runs_by_id(query, listing)
        return listing

    def _definitions(self, query, listing):
        mapper = self._mapper(query)
        processed = _Processed(self.client, query, self.warn)
        if query.ids is None:
            rows, groups = self._discovered(query, listing)
        else:
            rows, groups = self._asked(query.ids, listing), {}
        for row in rows:
            record = mapper.definition(row, groups.get(job_number(row)))
            unclear = "runs" in query.need and record["result"] not in (None, model.SUCCESS)
            if unclear or "objects" in query.need:
                # What happened in the last day is worth one request: an object's times, a success before the failure.
                steps = processed.of(job_number(row))
                if steps:
                    record = mapper.definition(row, groups.get(job_number(row)), steps)
            yield record
        listing.history = processed.history()

    def _runs(self, query, listing):
        mapper = self._mapper(query)
        processed = _Processed(self.client, query, self.warn)
        processed.read()  # first: what ends while we read is then in JobInfo
        rows, groups = self._discovered(query, listing)
        seen = set()
        for row in rows:
            id = job_number(row)
            seen.add(id)
            yield from mapper.runs(row, processed.of(id), groups.get(id))
        if query.options.get("group_id") is None:
            for id, row in processed.jobs():
                if id not in seen:  # a job that was deleted after its run
                    yield from mapper.runs(row, processed.of(id))
        listing.history = processed.history()

    def _runs_by_id(self, query, listing):
        mapper = self._mapper(query)
        processed = _Processed(self.client, query, self.warn)
        prefix = self.uid_prefix(model.RUN)
        asked = {}
        for id in query.ids:
            match = _RUN_ID.fullmatch(id)
            if match:
                asked.setdefault(int(match.group(1)), {})[id] = int(match.group(2))
            else:
                listing.missing.append(id)
        rows = {job_number(row): row for row in self._in_chunks(list(asked))}
        for job, starts in asked.items():
            row = rows.get(job) or {"id": job}
            found = self._matched(mapper.runs(row), starts)
            if "objects" in query.need or len(found) < len(starts):
                row = rows.get(job) or processed.job(job) or row
                found = self._matched(mapper.runs(row, processed.of(job)), starts)
            listing.missing.extend(id for id in starts if id not in found)
            for id, run in found.items():
                # Who asks by an id finds his answer by it, also when the product has moved the start by a second.
                yield dict(run, id=id, uid=model.uid_of(prefix, id))
        listing.history = processed.history()

    @staticmethod
    def _matched(runs, starts):
        """``{asked id: run}``: the run that began at most SAME_RUN_S away from the asked start, the nearest one."""
        found = {}
        for id, start in starts.items():
            near = [(abs(model.epoch_of(run["started_at"]) - start), run["id"], run) for run in runs]
            near = min((one for one in near if one[0] <= SAME_RUN_S), key=lambda one: one[:2], default=None)
            if near:
                found[id] = near[2]
        return found

    def _mapper(self, query):
        prefixes = {entity: self.uid_prefix(entity) for entity in model.ENTITIES}
        return Mapper(self.connection.endpoint, prefixes, self.scope, self.warn, query.need)

    # -- JobInfo rows --------------------------------------------------------------------------------------------------
    def _discovered(self, query, listing):
        """``(rows, {job id: [group names]})`` of all jobs, or of those in the asked group."""
        ids, groups = _jobs_of(self._groups(query.options.get("group_id")))
        return self._all_of(ids, query, listing), groups

    def _all_of(self, ids, query, listing):
        absent = dict.fromkeys(ids)
        for row in self._in_chunks(ids):
            absent.pop(job_number(row), None)
            yield row
        if absent:
            # Deleted since the groups were read, or kept back by the server: a second look at the groups tells.
            still = set(_jobs_of(self._groups(query.options.get("group_id")))[0])
            lost = [str(id) for id in absent if id in still]
            if lost:
                listing.truncated = True
                self.warn("NAKIVO lists jobs that it does not describe: {0}.".format(", ".join(lost[:20])))

    def _groups(self, group):
        if group is None:
            return self.client.get_group_info()
        failure = None
        try:
            rows = self.client.get_group_info(group)
        except RpcFailure as error:  # an unknown id may be answered so; the whole tree tells
            rows, failure = [], error
        if rows:
            return rows
        known = {integer(row.get("id")): text(row.get("name")) for row in self.client.get_group_info()}
        if group in known:
            if failure:
                raise failure
            return rows
        names = ", ".join("{0} ({1})".format(*pair) for pair in list(known.items())[:20])
        raise NotFound("nakivo.group_id: there is no group {0}.".format(group), hint="There are: {0}.".format(names))

    def _asked(self, ids, listing):
        asked = dict.fromkeys(int(id) for id in ids if _JOB_ID.fullmatch(id))
        listing.missing.extend(id for id in ids if not _JOB_ID.fullmatch(id))
        for row in self._in_chunks(list(asked)):
            asked.pop(job_number(row), None)
            yield row
        listing.missing.extend(map(str, asked))

    def _in_chunks(self, ids):
        size = self.connection.page_size
        chunks = [ids[start : start + size] for start in range(0, len(ids), size)]
        for rows in self.client.http.map(self._job_infos, chunks):
            yield from rows

    def _job_infos(self, ids):
        """JobInfo of those ids that exist, each once."""
        try:
            rows = self.client.get_job_info(ids)
        except RpcFailure:
            self.client.get_job_info([])  # fails too when something else than an unknown id is the reason
            if len(ids) == 1:
                return []
            middle = len(ids) // 2
            return self._job_infos(ids[:middle]) + self._job_infos(ids[middle:])
        found = {job_number(row): row for row in rows}
        return [found[id] for id in ids if id in found]

    # -- what is there -------------------------------------------------------------------------------------------------
    def info(self):
        try:
            self.client.get_job_info([])  # a session from the cache may be dead: a call proves it
        except (PermissionDenied, RpcFailure):
            pass
        session = self.client.session()
        return {
            "product_version": None,
            "api_version": None,  # no call that tells a release is known
            "account": session.get("account"),
            "can": {
                ability: self.client.may(capability.permission) if capability.supported else None
                for ability, capability in TRAITS.capabilities.items()
            },
        }

    def gatherers(self):
        return {"tenants": self._tenants, "repositories": self._repositories, "groups": self._group_list}

    def _tenants(self):
        return [
            {
                "id": text(row.get("uuid")),
                "name": text(row.get("name")),
                "number": integer(row.get("id")),
                "enabled": row.get("enabled"),
                "state": row.get("state"),
            }
            for row in self.client.get_tenants()
        ]

    def _repositories(self):
        return [
            {
                "id": text(row.get("id")),
                "name": text(row.get("name")),
                "type": row.get("type"),
                "state": row.get("state"),
                "size": integer(row.get("size")),
                "free": integer(row.get("free")),
            }
            for row in self.client.get_backup_repositories()
        ]

    def _group_list(self):
        return [
            {"id": text(row.get("id")), "name": text(row.get("name")), "jobs": len(listed(row.get("childJobIds")))}
            for row in self.client.get_group_info()
            if integer(row.get("id")) != _ROOT
        ]


def _jobs_of(groups):
    """``([job id], {job id: [names of its groups]})``; no names when the answer was the root group alone."""
    ids, names = {}, {}
    named = any(integer(group.get("id")) != _ROOT for group in groups)
    for group in groups:
        name = None if integer(group.get("id")) == _ROOT else text(group.get("name"))
        for id in map(integer, listed(group.get("childJobIds"))):
            if id is None:
                continue
            ids[id] = None
            if named:
                names.setdefault(id, []).extend([name] if name else [])
    return list(ids), names


class _Processed:
    """What getProcessedVms knows, read once and only when somebody asks."""

    def __init__(self, client, query, warn):
        self._client = client
        self._warn = warn
        self._now = query.now
        self._minutes = PROCESSED_MINUTES
        if query.entity == model.RUN and query.ids is None and query.since is not None:
            wanted = math.ceil((query.now - query.since) / 60) + _SKEW_MINUTES
            self._minutes = min(PROCESSED_MINUTES, max(1, wanted))
        self._rows = self._steps = None
        self._failed = False

    def read(self):
        if self._steps is not None:
            return
        try:
            self._rows = self._client.get_processed_vms(self._minutes)
        except ProtocolError as error:  # a list of jobs without their day is better than none
            self._failed = True
            self._rows = []
            self._warn("{0} Earlier runs of the last 24 hours are not listed.".format(error.message))
        self._steps = steps_by_job(self._rows)

    def of(self, job):
        """Steps of a job."""
        self.read()
        return self._steps.get(job, [])

    def jobs(self):
        """``(job id, the little of a JobInfo that is told here)`` of each job."""
        self.read()
        for row in self._rows:
            id = job_number({"vid": row.get("vid")})
            if id is not None:
                yield id, {"id": id, "vid": row.get("vid"), "name": row.get("name"), "jobType": row.get("jobType")}

    def job(self, id):
        return dict(self.jobs()).get(id)

    def history(self):
        if self._failed:
            return History(why=_WHY_NOT)
        untimed = sum(step.start is None for steps in (self._steps or {}).values() for step in steps)
        why = _WHY
        if untimed:
            why += " {0} results of objects came without a start, which is needed to tell runs apart.".format(untimed)
        return History(start=self._now - PROCESSED_MINUTES * 60, why=why)
