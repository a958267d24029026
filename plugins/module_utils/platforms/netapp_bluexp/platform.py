# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""NetApp BlueXP backup and recovery: the verbs. Private to this collection."""

from __future__ import annotations

import collections

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, NotFound, PermissionDenied
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import History, Listing, Platform
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.acting import Acting
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.client import NetappBluexpClient
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.restoring import Restoring
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.traits import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import text

HISTORY = (
    "How long BlueXP keeps finished jobs is not documented; it does not tell when a job ended, so a finished job "
    "counts by its start."
)
#: Filters that suit only one entity.
SUITS = {"type": model.RUN, "status": model.RUN, "active_words": model.DEFINITION, "paused_words": model.DEFINITION}
#: So many volumes of one system are read one by one; more are picked from its list.
FEW_IDS = 8


class NetappBluexpPlatform(Acting, Restoring, Platform):
    """Runs are the jobs of the account; definitions are the protected volumes, with ids ``system/volume``."""

    traits = TRAITS

    def __init__(self, connection, warn):
        super().__init__(connection, warn)
        self.client = NetappBluexpClient(connection)
        #: Job id -> (system id, volume id) of the backups that this object started.
        self._started = {}
        #: The sources of restore sessions, by what the task says of them.
        self._sources = {}

    @property
    def scope(self):
        return self.client.account()

    def list_jobs(self, query):
        for option, suits in SUITS.items():
            if query.options.get(option) and query.entity != suits:
                raise InvalidError(
                    "netapp_bluexp.{0} applies to the entity {1}, this task lists {2}s.".format(
                        option, suits, query.entity
                    ),
                    hint="Set entity: {0}, or take the option out.".format(suits),
                )
        listing = Listing(history=History(why=HISTORY))
        listing.records = (self._runs if query.entity == model.RUN else self._definitions)(query, listing)
        return listing

    # -- runs --------------------------------------------------------------------------------------------------------
    def _runs(self, query, listing):
        options = query.options
        system = options.get("working_environment_id")
        if query.ids is None:
            jobs = [(job, None) for job in self.client.jobs(options.get("type"), options.get("status"))]
        else:
            jobs = [found for found in self._found(self._job, query.ids, listing) if _passes(found[0], options)]
        runs = []
        for job, id in jobs:
            run = self._read_job(job, id)
            if system in (None, run.system) and mapping.in_window(run, query.since, query.until):
                runs.append(run)
        if not runs:
            if system and query.ids is None and system not in self._system_names():
                self.warn(
                    "netapp_bluexp.working_environment_id: BlueXP knows no system {0} with backup.".format(system)
                )
            return
        systems = self._system_names()
        volumes = {}
        # A run tells only the ids of its volumes; who filters by client may mean the name of one.
        if query.clients or "objects" in query.need:
            seen = {run.system: None for run in runs if run.volumes and run.system in systems}
            for id, rows in self.client.http.map(self._volumes_of, seen):
                volumes.update({(id, _volume_id(row)): text(row.get("name")) for row in rows})
        place = self._place(query, systems, volumes, True)
        for run in runs:
            yield mapping.run_record(run, place)

    def _job(self, id):
        job = self.client.job(id) if _plain(id) else None
        return job and (job, id)

    def _read_job(self, job, id=None):
        return mapping.read_job(job, self.warn, id, self._started.get(id or text(job.get("id"))))

    # -- definitions -------------------------------------------------------------------------------------------------
    def _definitions(self, query, listing):
        if query.ids is None:
            systems = self._chosen_systems(query.options.get("working_environment_id"))
        else:
            systems = self._systems()
        by_id = {text(system.get("id")): system for system in systems}
        if query.ids is None:
            found = (
                (id, _volume_id(volume), volume)
                for id, volumes in self.client.http.map(self._volumes_of, by_id)
                for volume in volumes
            )
        else:
            wanted = query.options.get("working_environment_id")
            found = (
                (id, volume_id, volume)
                for id, volume_id, volume in self._asked_volumes(query.ids, listing)
                if wanted in (None, id)
            )
        found = list(found)
        if not found:
            return
        runs_wanted = "runs" in query.need
        past = mapping.past_of_volumes(map(self._read_job, self.client.jobs())) if runs_wanted else {}
        names = {(id, volume_id): text(volume.get("name")) for id, volume_id, volume in found}
        place = self._place(
            query, {id: text(row.get("name")) for id, row in by_id.items()}, names, "objects" in query.need
        )
        records = {}

        def run_of(run):
            if id_of(run) not in records:  # a job of a thousand volumes is told once
                records[id_of(run)] = mapping.run_record(run, place)
            return records[id_of(run)]

        def id_of(run):
            return run.id, run.started

        for id, volume_id, volume in found:
            enabled = mapping.enabled_of(
                volume.get("backup-status"),
                query.options.get("active_words"),
                query.options.get("paused_words"),
                self.warn,
            )
            system = by_id.get(id) or {"id": id}
            yield mapping.definition_record(
                volume, system, volume_id, place, past.get((id, volume_id)), enabled, run_of if runs_wanted else None
            )

    def _asked_volumes(self, ids, listing):
        """``(system id, volume id, volume)`` of the ids in their order; the unknown ones go to ``listing.missing``."""
        asked = collections.Counter(id.partition("/")[0] for id in ids)
        listed = {system for system, number in asked.items() if number > FEW_IDS and _plain(system)}
        known = {}
        for system, rows in self.client.http.map(self._volumes_of, listed):
            known.update({"{0}/{1}".format(system, _volume_id(row)): (system, _volume_id(row), row) for row in rows})

        def read(id):
            return known.get(id) if id.partition("/")[0] in listed else self._volume(id)

        return self._found(read, ids, listing)

    def _volume(self, id):
        system, _sep, volume = id.partition("/")
        row = self.client.backup_volume(system, volume) if _plain(system) and _plain(volume) else None
        return (system, volume, row) if row else None

    def _volumes_of(self, system):
        """``(system, its protected volumes that have an id)``."""
        try:
            rows = self.client.backup_volumes(system)
        except NotFound:  # a system that is not (or no more) registered for backup protects nothing
            rows = []
        return system, [row for row in rows if _volume_id(row)]

    # -- shared ------------------------------------------------------------------------------------------------------
    def _place(self, query, systems, volumes, objects):
        return mapping.Place(
            self.connection.endpoint,
            self.uid_prefix(model.RUN),
            self.uid_prefix(model.DEFINITION),
            systems,
            volumes,
            objects,
            "raw" in query.need,
        )

    def _found(self, read, ids, listing):
        """What ``read(id)`` finds, several at a time; ids that it does not find go to ``listing.missing``."""

        def attempt(id):
            try:
                return id, read(id)
            except NotFound:
                return id, None

        for id, found in self.client.http.map(attempt, ids):
            if found:
                yield found
            else:
                listing.missing.append(id)

    def _systems(self):
        return [row for row in self.client.backup_working_environments() if text(row.get("id"))]

    def _system_names(self):
        return {text(row["id"]): text(row.get("name")) for row in self._systems()}

    def _chosen_systems(self, wanted):
        """All systems with backup, or the wanted one. Raises NotFound that names the option."""
        if wanted is None:
            return self._systems()
        system = None
        try:
            system = self.client.backup_working_environment(wanted) if _plain(wanted) else None
        except NotFound:
            pass
        if not system:
            raise NotFound(
                "netapp_bluexp.working_environment_id: BlueXP knows no system {0!r} with backup.".format(wanted),
                hint="platform_info with gather: working_environments lists their ids.",
            )
        return [dict(system, id=wanted)]

    # -- about it ----------------------------------------------------------------------------------------------------
    def info(self):
        """The backup API tells no release; what was read here is what ``can`` tells."""
        account = self.client.account()
        self.client.agent()
        volumes = self._may(lambda: self.client.backup_working_environments(partial=True))
        jobs = self._may(lambda: self.client.jobs(status="IN_PROGRESS"))
        can = {"list_definitions": volumes, "read_enabled": volumes, "list_runs": jobs, "list_restore_sessions": jobs}
        return {"product_version": None, "api_version": "v1", "account": account, "can": can}

    @staticmethod
    def _may(read):
        try:
            read()
        except PermissionDenied:
            return False
        return True

    def gatherers(self):
        return {
            "accounts": self.client.accounts,
            "agents": self.client.agents,
            "working_environments": self._gather_systems,
        }

    def _gather_systems(self):
        fields = ("type", "provider", "region", "status", "ontap-version", "backup-enablement-status")
        return [
            {"id": text(row["id"]), "name": text(row.get("name"))}
            | {name.replace("-", "_"): text(row.get(name)) for name in fields}
            for row in self._systems()
        ]


def _volume_id(volume):
    return text(volume.get("file-system-id"))


def _plain(id):
    """Whether a text can be one id in a path: nothing that a server or a proxy would take for another path."""
    return bool(id.strip(".")) and not any(character in "/\\" or character.isspace() for character in id)


def _passes(job, options):
    """The filters of a list, for jobs that were asked for by id."""
    return all(
        not options.get(name) or (text(job.get(name)) or "").casefold() == options[name].casefold()
        for name in ("type", "status")
    )
