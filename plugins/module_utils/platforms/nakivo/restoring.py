# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""NAKIVO's file recovery sessions, and its recovery jobs as restores. Private to this collection.

File recovery is known from one client and one release, 11.2.1: the calls, their arguments and the words ACTIVE and
CLOSED are seen there; no vendor page has them. That a recovery job is started like any other job is inferred.
"""

from __future__ import annotations

import re
import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    BackupOpsError,
    InvalidError,
    LostAnswer,
    NotFound,
    ProtocolError,
    Refused,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query, SessionTarget
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.client import RpcFailure
from ansible_collections.backupops.jobs.plugins.module_utils.times import from_iso
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, listed, mapping, text

#: The one type of a browse session here; a recovery job's restore is a "job".
FILE, JOB = "file", "job"
#: How long a session may take to open (s); without anybody asking for its state it lives about a minute.
OPEN_S, POLL_S = 180, 1
_OBJECT = re.compile(r"BACKUP_OBJECT-([0-9]{1,18})")
_ONE_RELEASE = "File recovery sessions are known from release 11.2.1 only; an older one may lack them."
_FOREIGN = ("organization_id", "organization", "type", "deleted", "all_versions")
_SPOKEN = {"deleted": "show_deleted", "all_versions": "show_all_versions"}


class Restoring:
    """The restore sessions of NakivoPlatform.

    ``browse``: a file recovery session of one recovery point of one object of a job. ``restore``: a run of a recovery
    job that exists already.
    """

    # -- what is meant -----------------------------------------------------------------------------------------------
    def check_session(self, order):
        for option in _FOREIGN:
            if getattr(order, option) is not None:
                raise InvalidError("{0} does not apply to platform nakivo.".format(_SPOKEN.get(option, option)))
        if order.session_id is not None:
            if order.options:
                raise InvalidError("nakivo: these options do not apply beside session_id.")
            return
        if order.job_id is not None and not re.fullmatch(r"[0-9]{1,18}", order.job_id):
            raise InvalidError("job_id: {0!r} is not an id of a NAKIVO job (a number).".format(order.job_id))
        if order.kind == sessions.RESTORE:
            self._check_restore(order)
            return
        by_object = order.options.get("backup_object_id") is not None and order.job_id is None
        if order.job_id is None and not by_object:
            raise InvalidError(
                "job_id: not given; a session is of a recovery point of a job.",
                hint="Give job_id, or nakivo.backup_object_id.",
            )
        if order.state == "stopped":
            for option in order.options:
                if not (by_object and option == "backup_object_id"):
                    raise InvalidError("nakivo.{0} applies to state started only.".format(option))
        elif by_object:
            if order.options.get("hv_type") is None:
                raise InvalidError(
                    "nakivo.hv_type: not given; without job_id nobody else tells the kind of the source.",
                    hint="For example VMWARE, HYPERV, PHYSICAL or NAS.",
                )
            if order.options.get("backup_object") is not None:
                raise InvalidError("nakivo.backup_object applies with job_id only.")
        if order.options.get("backup_object") is not None and order.options.get("backup_object_id") is not None:
            raise InvalidError("nakivo.backup_object and nakivo.backup_object_id exclude each other.")
        if order.options.get("recovery_point_id") is not None and order.point is not None:
            raise InvalidError("nakivo.recovery_point_id and point_in_time exclude each other.")

    @staticmethod
    def _check_restore(order):
        if order.job_id is None:
            raise InvalidError(
                "job_id: not given; NAKIVO restores by starting a recovery job that exists.",
                hint="Make the job at the web page of NAKIVO and give its id.",
            )
        if order.point is not None:
            raise InvalidError(
                "point_in_time does not apply to kind restore of NAKIVO: the recovery job names its own."
            )
        if order.options:
            raise InvalidError("nakivo: these options apply to kind browse only.")

    def session_key(self, order):
        if order.job_id is not None:
            return {"job_id": str(int(order.job_id))}
        return {"backup_object": str(order.options["backup_object_id"])}

    def session_target(self, order):
        return self._job_target(order) if order.kind == sessions.RESTORE else self._point_target(order)

    # -- file recovery -----------------------------------------------------------------------------------------------
    def _point_target(self, order):
        if order.job_id is not None:
            job, number, name, hv_type = self._object_of_job(order)
            source = sessions.source("job", str(int(order.job_id)), text(job.get("name")), name)
        else:
            number, hv_type = order.options["backup_object_id"], order.options["hv_type"]
            source = sessions.source("object", str(number), "BACKUP_OBJECT-{0}".format(number), None)
        points = self._points(number)
        target = SessionTarget(source=source, type=FILE, identity={"backup_object": number, "hv_type": hv_type})
        if not points:
            target.empty = "{0} has no recovery point yet, so there is nothing to show.".format(
                source["client"] or source["name"]
            )
            if not order.check_range:
                raise NotFound(target.empty)
            return target
        target.first, target.last = points[0][0], points[-1][0]
        chosen = self._chosen(order, points)
        if chosen is None:
            return target  # earlier than the first: the runner says so
        added, row = chosen
        id = integer(row.get("id"))
        if flag(row.get("isAccessible")) is False:
            good = [point for point in points if flag(point[1].get("isAccessible")) is not False]
            raise Refused(
                "The recovery point {0} of {1} ({2}) cannot be opened: its state is {3}.".format(
                    id, source["client"] or source["name"], model.timestamp(added), text(row.get("checkState"))
                ),
                hint="Others: {0}; choose one with nakivo.recovery_point_id.".format(
                    ", ".join("{0} ({1})".format(row.get("id"), model.timestamp(when)) for when, row in good[-5:])
                    or "none"
                ),
            )
        target.recovery_point = sessions.recovery_point(str(id), model.timestamp(added))
        target.native = {"hvType": hv_type, "id": number, "spId": id}
        return target

    def _object_of_job(self, order):
        """``(JobDto, number of the backup object, name of the object, type of the source)``."""
        try:
            job = mapping(self.client.get_job(int(order.job_id)))
        except RpcFailure as error:
            if not self.client.get_job_info([int(order.job_id)]):
                raise NotFound("job_id: NAKIVO knows no job {0}.".format(order.job_id)) from error
            raise type(error)(error.message, hint=_ONE_RELEASE) from error
        rows = self.client.get_job_info([int(order.job_id)])
        names = {
            text(part.get("sourceVid")) or text(part.get("vid")): text(part.get("sourceName"))
            for row in rows
            for part in map(mapping, listed(row.get("objects")))
        }
        objects = []
        for part in map(mapping, listed(job.get("objects"))):
            match = _OBJECT.fullmatch(text(part.get("targetVid")) or "")
            name = names.get(text(part.get("sourceVid"))) or text(part.get("targetName"))
            if match:
                objects.append((int(match.group(1)), name or text(part.get("sourceVid"))))
        number, name = _one_object(order, objects)
        hv_type = order.options.get("hv_type") or text(job.get("hvType"))
        if order.options.get("hv_type") is None and job.get("type") == "BACKUP_COPY":
            raise InvalidError(
                "nakivo.hv_type: not given; a backup copy job does not tell the kind of the original source.",
                hint="For example VMWARE, HYPERV, PHYSICAL or NAS.",
            )
        return job, number, name, hv_type

    def _points(self, number):
        """``[(epoch seconds, savepoint)]`` of a backup object, oldest first."""
        try:
            rows = self.client.get_savepoints("BACKUP_OBJECT-{0}".format(number))
        except RpcFailure as error:
            raise NotFound(
                "nakivo.backup_object_id: the recovery points of BACKUP_OBJECT-{0} cannot be read: {1}".format(
                    number, error.message
                )
            ) from error
        found = [(from_iso(row.get("added")), row) for row in rows]
        return sorted(
            [point for point in found if point[0] is not None and integer(point[1].get("id")) is not None],
            key=lambda point: (point[0], integer(point[1]["id"])),
        )

    @staticmethod
    def _chosen(order, points):
        """The recovery point that is asked for, or the newest one at that time; None when all are later."""
        wanted = order.options.get("recovery_point_id")
        if wanted is not None:
            found = [point for point in points if integer(point[1]["id"]) == wanted]
            if not found:
                raise NotFound(
                    "nakivo.recovery_point_id: the object has no recovery point {0}.".format(wanted),
                    hint="There are: {0}.".format(", ".join(str(row["id"]) for _when, row in points[-20:])),
                )
            return found[0]
        if order.point is None:
            return points[-1]
        earlier = [point for point in points if point[0] <= order.point]
        if not earlier and not order.check_range:
            raise NotFound("point_in_time: the first recovery point is of {0}.".format(model.timestamp(points[0][0])))
        return earlier[-1] if earlier else None

    def open_session(self, order, target):
        if order.kind == sessions.RESTORE:
            self.client.run_job(int(target.source["id"]))
            return None  # the answer names no run
        try:
            id = self.client.create_recovery(target.native)
        except RpcFailure as error:
            raise type(error)(error.message, hint=_ONE_RELEASE) from error
        if id is None:
            raise LostAnswer("The answer to createSession names no session.")
        try:
            self._until_active(id, target, order.patience)
        except BackupOpsError as error:
            try:
                self.client.close_recovery(id)
            except BackupOpsError:
                raise type(error)(
                    "The session {0} was opened, and whether it is closed again could not be read: {1}".format(
                        id, error.message
                    ),
                    hint="It ends by itself within a minute when nobody asks for its state.",
                    status=error.status,
                    code=error.code,
                ) from error
            raise
        return sessions.session_record(
            id,
            self.traits.name,
            sessions.BROWSE,
            type=FILE,
            state=sessions.OPEN,
            source=target.source,
            recovery_point=target.recovery_point,
            created_at=model.timestamp(time.time()),
            initiated_by=model.initiated_by(text(self.client.session().get("account")), "api"),
        )

    def _until_active(self, id, target, patience):
        longest = min(OPEN_S, patience.timeout) if patience else OPEN_S
        begun = time.monotonic()
        while True:
            state = self.client.recovery_state(id)
            if state == "ACTIVE":
                return
            if state == "CLOSED":
                raise ProtocolError(
                    "NAKIVO closed the session: the recovery point {0} of {1} cannot be opened.".format(
                        target.recovery_point["id"], target.source["client"] or target.source["name"]
                    ),
                    hint="Check the recovery point, and nakivo.hv_type (the kind of the original source).",
                )
            if time.monotonic() - begun > longest:
                raise ProtocolError(
                    "The session was not ready within {0:.0f} s (its state is {1}); it was closed.".format(
                        longest, state
                    )
                )
            pause(POLL_S)

    # -- recovery jobs -----------------------------------------------------------------------------------------------
    def _job_target(self, order):
        record = self._definition(order.job_id)
        if record is None:
            raise NotFound("job_id: NAKIVO knows no job {0}.".format(order.job_id))
        if record["type"] != "restore":
            raise InvalidError(
                "job_id: {0} ({1}) is no recovery job but of type {2}.".format(
                    order.job_id, record["name"], record["type"]
                ),
                hint="Make a recovery job at the web page of NAKIVO; job_info with types: [restore] lists them.",
            )
        self.warn(
            "{0}: NAKIVO does not tell where a recovery job writes, so in_place and overwrite are not checked.".format(
                record["name"]
            )
        )
        current = record["current_run"]
        source = _source_of(record)
        return SessionTarget(
            source=source,
            type=JOB,
            running=sessions.session_of_run(current, JOB, source) if current else None,
            native={"runs": [run["id"] for run in (record["current_run"], record["last_run"]) if run]},
        )

    def _definition(self, id):
        query = Query(model.DEFINITION, now=time.time(), ids=[str(int(id))], need=frozenset(("runs",)))
        return next(iter(self.list_jobs(query).records), None)

    def lost_session(self, order, target, since, known):
        """A recovery job's run that was not there before. File recovery sessions cannot be listed."""
        if order.kind != sessions.RESTORE:
            return None
        record = self._definition(target.source["id"])
        for run in (record["current_run"], record["last_run"]) if record else ():
            if run is not None and run["id"] not in target.native.get("runs", ()):
                return sessions.session_of_run(run, JOB, target.source)
        return None

    # -- read, stop --------------------------------------------------------------------------------------------------
    def read_session(self, id, kind, known=None):
        """Asking for the state is what keeps a file recovery session alive."""
        if kind == sessions.RESTORE:
            run = next(iter(self.list_jobs(Query(model.RUN, now=time.time(), ids=[id])).records), None)
            if run is None or run["type"] != "restore":
                return None
            return sessions.session_of_run(run, JOB, known["source"] if known else _source_of(run))
        try:
            state = self.client.recovery_state(id)
        except RpcFailure:
            return None
        record = dict(known) if known else sessions.session_record(id, self.traits.name, sessions.BROWSE, type=FILE)
        record.update(state=sessions.CLOSED if state == "CLOSED" else sessions.OPEN, run=None)
        return record

    def stop_session(self, session):
        if session["kind"] == sessions.RESTORE:
            self.client.stop_job(int(session["id"].partition("@")[0]))
        else:
            self.client.close_recovery(session["id"])


def _source_of(record):
    return sessions.source("job", record["definition_id"], record["name"], record["workload"]["client"])


def _one_object(order, objects):
    """The backup object that is meant: ``(number, name)``."""
    wanted, name = order.options.get("backup_object_id"), order.options.get("backup_object")
    found = [one for one in objects if wanted in (None, one[0]) and name in (None, one[1])]
    if len(found) == 1:
        return found[0]
    known = ", ".join("{0} ({1})".format(called, number) for number, called in objects[:20])
    if found:
        raise Ambiguous(
            "job_id: job {0} has {1} objects with recovery points{2}: {3}.".format(
                order.job_id, len(found), "" if name is None else " called {0!r}".format(name), known
            ),
            hint="Name one with nakivo.backup_object or nakivo.backup_object_id.",
        )
    if wanted is not None or name is not None:
        raise NotFound(
            "nakivo.{0}: job {1} has no such object with recovery points.".format(
                "backup_object" if wanted is None else "backup_object_id", order.job_id
            ),
            hint="There are: {0}.".format(known or "none"),
        )
    raise NotFound("job_id: job {0} has made no backup yet, so there is nothing to show.".format(order.job_id))
