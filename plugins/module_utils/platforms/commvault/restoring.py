# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Restores of files with Commvault: a restore task (POST CreateTask) and its job. Private to this collection.

The request is known from client code only (the vendor's Python SDK: instance.py).
"""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    InvalidError,
    NotFound,
    ProtocolError,
    Refused,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Listing, Query, SessionTarget
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import (
    is_id,
    started_of,
    subclient_name,
)
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, mapping, text

#: The one type of a session here; restores of anything but files are listed without a type.
FILE = "file"
#: Restore jobs are looked for so far back (s), and the server's clock is known to a second.
RECENT_S, CLOCK_SLACK_S = 600, 2

#: subTask.operationType of a restore by paths and of one by jobs; sourceItem of the latter.
_BY_PATHS, _BY_JOBS, _JOB_ITEM = 1001, 1005, "2:{0}"
_UTC = "(UTC) Coordinated Universal Time"
_WITH_DATA = (model.SUCCESS, model.WARNING, model.PARTIAL)

_SPOKEN = {"deleted": "show_deleted", "all_versions": "show_all_versions"}
_FOREIGN = ("organization_id", "organization", "type", *_SPOKEN)
#: What of the sub-dict names the source; only these suit state stopped.
_SOURCE = ("client", "client_id", "agent", "instance", "backupset", "subclient", "subclient_id")
_AGREE = {"agent": "appName", "instance": "instanceName", "backupset": "backupsetName", "subclient": "subclientName"}
#: What of a subClientEntity an association carries.
_ENTITY = (
    "clientId", "clientName", "applicationId", "appName", "instanceId", "instanceName", "backupsetId", "backupsetName",
    "subclientId", "subclientName",
)  # fmt: skip


class Restoring:
    """The restore sessions of CommvaultPlatform: restore jobs. Browsing needs no session there."""

    # -- before any request ------------------------------------------------------------------------------------------
    def check_session(self, order):
        for option in _FOREIGN:
            if getattr(order, option) is not None:
                raise InvalidError("{0} does not apply to platform commvault.".format(_SPOKEN.get(option, option)))
        options = order.options
        if order.session_id is not None:
            if options:
                raise InvalidError("commvault: these options do not apply beside session_id.")
            _need_id(order.session_id, "session_id")
            return
        source = [option for option in _SOURCE if option in options]
        if order.job_id is not None:
            _need_id(order.job_id, "job_id")
            if source:
                raise InvalidError("commvault.{0} does not apply with job_id, which tells it.".format(source[0]))
            if order.point is not None:
                raise InvalidError("job_id and point_in_time exclude each other: the job is the point in time.")
        elif "subclient_id" in options:
            if len(source) > 1:
                source.remove("subclient_id")
                raise InvalidError("commvault.{0} does not apply with subclient_id, which tells it.".format(source[0]))
        elif "client" not in options and "client_id" not in options:
            raise InvalidError(
                "commvault.client: not given; a restore is of the backups of a client.",
                hint="Give commvault.client or client_id (and subclient), commvault.subclient_id, or job_id of a backup.",
            )
        if "client" in options and "client_id" in options:
            raise InvalidError("commvault.client and commvault.client_id exclude each other.")
        if order.state == "stopped":
            for option in options:
                if option not in _SOURCE:
                    raise InvalidError("commvault.{0} applies to state started only.".format(option))
            return
        self._check_restore(order)

    @staticmethod
    def _check_restore(order):
        options, target = order.options, _given(order.options.get("target"))
        if order.job_id is not None:
            if options.get("paths"):
                raise InvalidError(
                    "commvault.paths does not apply with job_id: all that the job has backed up is restored.",
                    hint="For single paths give the client, and point_in_time.",
                )
        elif not [path for path in options.get("paths") or () if path.strip()]:
            raise InvalidError("commvault.paths: not given; it names what to restore.")
        if options.get("target") is not None and not (target.get("path") or "").strip():
            raise InvalidError(
                "commvault.target.path: not given; a restore elsewhere needs the folder there.",
                hint="Without commvault.target and with in_place: true it goes where it came from.",
            )
        if "client" in target and "client_id" in target:
            raise InvalidError("commvault.target.client and commvault.target.client_id exclude each other.")
        if (options.get("copy_precedence") or 1) < 1:
            raise InvalidError("commvault.copy_precedence: it counts from 1.")

    # -- what is meant -----------------------------------------------------------------------------------------------
    def session_key(self, order):
        return {"subclient_id": text(self._meant(order)[0].get("subclientId"))}

    def session_target(self, order):
        entity, backup = self._meant(order)
        id, client = text(entity.get("subclientId")), text(entity.get("clientName"))
        application = text(entity.get("appName")) or ""
        names = {
            "backupset": text(entity.get("backupsetName")),
            "instance": text(entity.get("instanceName")),
            "subclient": text(entity.get("subclientName")),
        }
        target = SessionTarget(
            source=sessions.source("subclient", id, subclient_name(client, application, names), client), type=FILE
        )
        if not _is_files(application):
            raise InvalidError(
                "The subclient {0} ({1}) is of the agent {2}; only backups of a file system can be restored here.".format(
                    id, target.source["name"], application or "that is not told"
                )
            )
        if backup is not None:
            target.latest = model.epoch_of(backup["finished_at"])
            target.recovery_point = sessions.recovery_point(backup["id"], backup["finished_at"])
        elif order.check_range:
            ends = self._ends_of_backups(entity, order.now)
            if ends:
                target.first, target.last = min(ends), max(ends)
            else:
                target.empty = (
                    "The subclient {0} has no backup that is still there, so there is nothing to restore.".format(
                        target.source["name"]
                    )
                )
        aim, path = client, _given(order.options.get("target")).get("path")
        if path is not None:
            aim = self._target_client(order.options["target"]) or client
        target.in_place = path is None or (
            aim.casefold() == client.casefold() and _lands_on_itself(order.options.get("paths"), path)
        )
        restore = _restore_options(order, entity, aim, path, backup)
        target.identity = {name: value for name, value in restore.items() if name != "browseOption"}
        target.identity["copy"] = restore["browseOption"]["mediaOption"]
        target.native = {
            "task": _task(entity, restore),
            "client": aim,
            "before": [run["id"] for run in self._restores_since(order.now - RECENT_S, order.now)],
        }
        return target

    def _meant(self, order):
        """``(subClientEntity, run record of the backup job or None)``, looked up once for a task."""
        if self._meant_here is None:
            self._meant_here = (
                self._job_meant(order) if order.job_id is not None else (self._subclient_meant(order), None)
            )
        return self._meant_here

    def _job_meant(self, order):
        run = next(iter(self.list_jobs(Query(model.RUN, now=order.now, ids=[order.job_id])).records), None)
        if run is None:
            raise NotFound("job_id: Commvault knows no job {0}.".format(order.job_id))
        if run["type"] != "backup" or run["definition_id"] is None:
            raise InvalidError(
                "job_id: {0} is no backup of a subclient but of type {1}.".format(order.job_id, run["type"]),
                hint="A restore is stopped by its session_id.",
            )
        if order.state == "started":
            if run["result"] not in _WITH_DATA:
                raise Refused(
                    "job_id: the backup {0} holds no data that is complete: it is {1}.".format(
                        order.job_id, run["result"] or run["state"]
                    )
                )
            if run["retention"]["aged"] and not order.options.get("include_aged_data"):
                raise Refused(
                    "job_id: the backup {0} is aged, its data may be gone.".format(order.job_id),
                    hint="commvault.include_aged_data: true tries it nevertheless.",
                )
        return self._entity(run["definition_id"], "job_id"), run

    def _entity(self, subclient_id, option):
        try:
            return mapping(self.client.get_subclient(subclient_id).get("subClientEntity"))
        except NotFound as error:
            raise NotFound(
                "{0}: Commvault knows no subclient {1}.".format(option, subclient_id), status=error.status
            ) from error

    def _subclient_meant(self, order):
        """The one subclient that the names fit. Raises NotFound and Ambiguous, which list the ids."""
        options = order.options
        if "subclient_id" in options:
            return self._entity(options["subclient_id"], "commvault.subclient_id")
        client_id, name = self._client_meant(options, "commvault.client")
        try:
            entities = [mapping(row.get("subClientEntity")) for row in self.client.get_subclients(client_id)]
        except NotFound:
            entities = []
        fitting = [
            entity
            for entity in entities
            if all(_same(options.get(option), text(entity.get(field))) for option, field in _AGREE.items())
        ]
        if "agent" not in options:  # others cannot be meant
            fitting = [entity for entity in fitting if _is_files(text(entity.get("appName")) or "")]
        if len(fitting) == 1:
            return fitting[0]
        shown = ", ".join(
            "{0} ({1})".format(
                entity.get("subclientId"),
                "/".join(
                    filter(None, (text(entity.get(field)) for field in ("appName", "backupsetName", "subclientName")))
                ),
            )
            for entity in (fitting or entities)[:20]
        )
        if fitting:
            raise Ambiguous(
                "commvault.subclient: the client {0} has several that fit: {1}.".format(name, shown),
                hint="Give commvault.subclient_id, or more of agent, backupset and subclient.",
            )
        raise NotFound(
            "commvault.subclient: the client {0} has no such subclient of a file system.".format(name),
            hint="It has: {0}.".format(shown or "none"),
        )

    def _client_meant(self, given, option):
        """``(id, name)`` of a client by its id or its name."""
        known = [
            (integer(row.get("clientId")), text(row.get("clientName")), text(row.get("displayName")))
            for row in self.client.get_clients()
        ]
        if "client_id" in given:
            found = [row for row in known if row[0] == given["client_id"]]
            wanted, option = given["client_id"], option + "_id"
        else:
            wanted = given["client"]
            found = [row for row in known if wanted in row[1:]] or [
                row for row in known if wanted.casefold() in [(name or "").casefold() for name in row[1:]]
            ]
        if len(found) == 1:
            return found[0][0], found[0][1]
        if found:
            raise Ambiguous(
                "{0}: {1!r} is the name of several clients, with the ids {2}.".format(
                    option, wanted, ", ".join(str(row[0]) for row in found)
                ),
                hint="Use client_id.",
            )
        raise NotFound("{0}: Commvault knows no client {1!r}.".format(option, wanted))

    def _target_client(self, options):
        given = _given(options)
        if "client" not in given and "client_id" not in given:
            return None
        return self._client_meant(given, "commvault.target.client")[1]

    def _ends_of_backups(self, entity, now):
        """Ends (epoch seconds) of the backups of a subclient that have data and are not aged."""
        params = {
            "completedJobLookupTime": self._lookup(None, now),
            "jobCategory": "Finished",
            "jobFilter": "Backup",
            "subclientId": entity["subclientId"],
        }
        listing = Listing()
        runs = map(self._mapper(Query(model.RUN, now=now)), self._jobs(params, [entity.get("clientId")], listing))
        wanted = text(entity.get("subclientId"))
        return [
            model.epoch_of(run["finished_at"])
            for run in runs
            if run["definition_id"] == wanted and run["result"] in _WITH_DATA and run["finished_at"]
        ]

    # -- open --------------------------------------------------------------------------------------------------------
    def open_session(self, order, target):
        """One POST. Only a task id means that a schedule was made, and no restore."""
        job_id, task_id = started_of(self.client.create_task(target.native["task"]))
        if job_id is None and task_id is not None:
            raise ProtocolError(
                "Commvault made the schedule {0} and started no restore.".format(task_id),
                hint="Look at the schedules in Command Center.",
            )
        if job_id is None:
            return None
        return sessions.session_record(
            job_id,
            self.traits.name,
            sessions.RESTORE,
            type=FILE,
            state=model.QUEUED,
            source=target.source,
            recovery_point=target.recovery_point or sessions.recovery_point(),
            initiated_by=model.initiated_by(self.connection.username, "api"),
        )

    def lost_session(self, order, target, since, known):
        """A new restore job of this subclient onto this client, by our account. Its paths are not told."""
        before = known | set(target.native.get("before") or ())
        offset = self.client.http.clock_offset or 0
        found = []
        for run in self._restores_since(since, time.time()):
            started = model.epoch_of(run["started_at"])
            if run["id"] in before or (started is not None and started < int(since + offset) - CLOCK_SLACK_S):
                continue
            aim = run["native"]["destination_client"]["name"]
            if run["definition_id"] not in (None, target.source["id"]) or not _same(aim, target.native["client"]):
                continue
            if self._may_be_ours(run["initiated_by"]["name"]):
                found.append(run)
        if len(found) > 1:
            raise Ambiguous(
                "Several new restore jobs could be the one whose answer was lost: {0}.".format(
                    ", ".join(sorted(run["id"] for run in found))
                )
            )
        return self._session_of(found[0], target.source) if found else None

    def _may_be_ours(self, account):
        mine = self.connection.username
        return not account or not mine or _bare(account) == _bare(mine)

    def _restores_since(self, since, now):
        params = {
            "completedJobLookupTime": self._lookup(since, now),
            "jobCategory": "All",
            "jobFilter": "Restore",
        }
        runs = map(self._mapper(Query(model.RUN, now=now)), self._jobs(params, [None], Listing()))
        return [run for run in runs if run["type"] == "restore"]

    # -- read, stop, list --------------------------------------------------------------------------------------------
    def read_session(self, id, kind, known=None):
        run = next(iter(self.list_jobs(Query(model.RUN, now=time.time(), ids=[id])).records), None)
        if run is None or run["type"] != "restore":
            return None
        return self._session_of(run, known["source"] if known else None)

    def stop_session(self, session):
        """Asynchronous: the job passes through Kill Pending."""
        self.client.act_on_job(session["id"], "kill")

    def check_session_query(self, query):
        super().check_session_query(query)
        for id in query.ids or ():
            _need_id(id, "session_ids")

    def list_sessions(self, query):
        listing = Listing()
        listing.records = self._listed_sessions(query, listing)
        return listing

    def _listed_sessions(self, query, listing):
        if query.kinds and sessions.RESTORE not in query.kinds:
            return
        if query.ids is not None:
            jobs = self._jobs_by_id(query.ids, listing)
        else:
            params = {
                "completedJobLookupTime": self._lookup(query.since, query.now),
                "jobCategory": "All",
                "jobFilter": "Restore",
            }
            jobs = self._jobs(params, [None], listing)
        for run in map(self._mapper(Query(model.RUN, now=query.now)), jobs):
            if run["type"] == "restore":
                yield self._session_of(run)
            elif query.ids is not None:
                listing.missing.append(run["id"])

    @staticmethod
    def _session_of(run, source=None):
        run["health"] = model.run_health(run["state"], run["result"])
        client = run["workload"]["client"]
        if source is None and run["definition_id"]:
            source = sessions.source("subclient", run["definition_id"], run["name"], client)
        elif source is None:
            source = sessions.source("client", run["native"]["client_id"], client, client)
        kind = FILE if _is_files(run["workload"]["application"] or "") else None
        return sessions.session_of_run(run, kind, source)


def _task(entity, restore):
    """The body of POST CreateTask for one restore that starts at once."""
    return {
        "taskInfo": {
            "associations": [{name: entity[name] for name in _ENTITY if entity.get(name) is not None}],
            "task": {"taskType": 1, "initiatedFrom": 2, "policyType": 0, "taskFlags": {"disabled": False}},
            "subTasks": [
                {
                    "subTaskOperation": 1,
                    "subTask": {
                        "subTaskType": 3,
                        "operationType": _BY_JOBS if "jobIds" in restore else _BY_PATHS,
                    },
                    "options": {"restoreOptions": restore},
                }
            ],
        }
    }


def _restore_options(order, entity, aim, path, backup):
    """``restoreOptions``: what (by paths and time, or by job), where to, and how."""
    options = order.options
    precedence = options.get("copy_precedence")
    common = {
        "unconditionalOverwrite": order.overwrite,
        "restoreACLs": options.get("restore_acls") is not False,
        "includeAgedData": bool(options.get("include_aged_data")),
        "preserveLevel": 1,
        "stripLevel": 0,
    }
    restore = {
        "browseOption": {
            "commCellId": 2,
            "backupset": {
                name: entity[name]
                for name in ("clientName", "appName", "instanceName", "backupsetName")
                if entity.get(name) is not None
            },
            "timeZone": {"TimeZoneName": _UTC},
            "timeRange": {},
            "mediaOption": {
                "copyPrecedence": {
                    "copyPrecedenceApplicable": precedence is not None,
                    "copyPrecedence": precedence or 0,
                }
            },
        },
        "destination": {"inPlace": path is None, "destClient": {"clientName": aim}},
        "commonOptions": common,
        "fileOption": {"sourceItem": list(options.get("paths") or ())},
    }
    if path is not None:
        restore["destination"]["destPath"] = [path]
    if order.point is not None:
        restore["browseOption"]["timeRange"] = {
            "toTimeValue": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(order.point))
        }
    if backup is not None:
        common["indexFreeRestore"] = True
        restore["jobIds"] = [backup["id"]]
        restore["fileOption"]["sourceItem"] = [_JOB_ITEM.format(backup["id"])]
    return restore


def _given(options):
    """A sub-dict without what was not given; an empty one for None."""
    return {name: value for name, value in (options or {}).items() if value is not None}


def _need_id(value, option):
    if not (value and is_id(value)):
        raise InvalidError("{0}: {1!r} is not an id of a Commvault job (a number).".format(option, value))


def _same(wanted, name):
    """Whether a name fits; what is not asked for, or not told, does."""
    return wanted is None or name is None or wanted.casefold() == name.casefold()


def _is_files(application):
    return "file system" in application.casefold()


def _bare(account):
    """The name of an account without its domain."""
    return account.rpartition("\\")[2].partition("@")[0].casefold()


def _plain(path):
    return path.strip().replace("\\", "/").rstrip("/").casefold()


def _lands_on_itself(paths, folder):
    """Whether restoring into ``folder`` of the same client reaches the originals: the last part of each path is kept.

    Of a restore by job the paths are not known: only the root of a disk counts then.
    """
    folder = _plain(folder)
    if not paths:
        return not folder or folder.endswith(":")
    return any(folder + "/" + _plain(path).rpartition("/")[2] == _plain(path) for path in paths)
