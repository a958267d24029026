# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Browsing the backups of BlueXP's volumes, and restoring volumes and files from them. Private to this collection.

Paths and fields are those of NetApp's Swagger document 2.0.6 (tags SFR and Restore). ``snapshotLocation`` and
``snapshotId`` of file-explore/start are from the vendor's pages of 2026. That ``source.snapshot`` of a restore is the
backup's name, not its id, is inferred.
"""

from __future__ import annotations

import json
import posixpath
import time
from collections import namedtuple

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    InvalidError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    Unreachable,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    Listing,
    NotReady,
    Query,
    SessionTarget,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, listed, text
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import mapping as dict_of

FILE, VOLUME = "file", "volume"
#: Longest time for a backup to become readable (a container is set up for it), and the pause between two looks (s).
EXPLORE_S, POLL_S = 1800, 5
#: A job's time is in whole seconds, and so is what is known of the server's clock.
CLOCK_SLACK_S = 2

_SPOKEN = {"deleted": "show_deleted", "all_versions": "show_all_versions"}
_FOREIGN = ("job_id", "organization_id", "organization", "type", *_SPOKEN)
#: What of the sub-dict suits each kind, and of ``target`` each type.
_SUITS = {
    sessions.BROWSE: ("source", "path"),
    sessions.RESTORE: (
        "type", "source", "target", "files", "archive_restore_priority", "skip_ransomware_check", "skip_file_rename",
    ),
}  # fmt: skip
_TYPE_ONLY = {"path": FILE, "retain_source_path": FILE, "aggregates": VOLUME}
_FILE_FIELDS = ("inode", "path", "type", "size", "mtime")
_BROWSE_FIRST = "Browse the folder first (kind: browse), which makes its files known, or give all fields of each file."

#: One volume with backups. ``svm``, ``bucket``: None where BlueXP does not tell them.
Source = namedtuple("Source", "system system_name bucket volume volume_name svm")


class Restoring:
    """The restore sessions of NetappBluexpPlatform.

    ``browse``: the backups of a volume made readable (file-explore); its id is the job that did it. Nothing ends it.
    ``restore``: a job that carries a restore block; it cannot be stopped.
    """

    # -- before any request ------------------------------------------------------------------------------------------
    def check_session(self, order):
        for option in _FOREIGN:
            if getattr(order, option) is not None:
                raise InvalidError(
                    "{0} does not apply to platform netapp_bluexp.".format(_SPOKEN.get(option, option)),
                    hint="The volume is named in netapp_bluexp.source.",
                )
        if order.state == "stopped":
            raise Unsupported(
                "BlueXP has no call that ends the browsing of a backup: there is no session to stop.",
                hint="Nothing needs to be done: browsing changes no data.",
            )
        options = order.options
        for option in options:
            if option not in _SUITS[order.kind]:
                raise InvalidError("netapp_bluexp.{0} does not apply to kind {1}.".format(option, order.kind))
        source = _given(options.get("source"))
        _need_one(source, "source", "working_environment_id", "working_environment")
        _need_one(source, "source", "volume_id", "volume_name")
        if order.point is not None and "snapshot" in source:
            raise InvalidError("netapp_bluexp.source.snapshot and point_in_time exclude each other.")
        if order.kind == sessions.RESTORE:
            self._check_restore(options)

    @staticmethod
    def _check_restore(options):
        kind, target = options.get("type"), _given(options.get("target"))
        if kind is None:
            raise InvalidError("netapp_bluexp.type: not given.", hint="It is volume or file.")
        if "volume_name" not in target:
            raise InvalidError(
                "netapp_bluexp.target.volume_name: not given; a restore needs an explicit target.",
                hint="A volume restore makes a volume of this name; files go into the volume of this name.",
            )
        for option, suits in _TYPE_ONLY.items():
            if option in target and kind != suits:
                raise InvalidError("netapp_bluexp.target.{0} applies to type {1} only.".format(option, suits))
        if kind == VOLUME:
            for option in ("files", "skip_file_rename"):
                if options.get(option) is not None:
                    raise InvalidError("netapp_bluexp.{0} applies to type file only.".format(option))
            return
        if not options.get("files"):
            raise InvalidError("netapp_bluexp.files: not given; it names what to restore.", hint=_BROWSE_FIRST)
        for file in options["files"]:
            if not (file.get("path") or "").strip("/"):
                raise InvalidError("netapp_bluexp.files: the path {0!r} names no file.".format(file.get("path")))
        _check_unmixed(options["files"])

    # -- what is meant -----------------------------------------------------------------------------------------------
    def session_key(self, order):
        source = self._source(order)
        return {"working_environment_id": source.system, "volume_id": source.volume}

    def session_target(self, order):
        source = self._source(order)
        target = SessionTarget(
            source=sessions.source(
                "volume", "{0}/{1}".format(source.system, source.volume), source.volume_name, source.system_name
            ),
            type=FILE if order.kind == sessions.BROWSE else order.options["type"],
        )
        points = self._snapshots(source)
        chosen = self._chosen(order, source, points, target)
        if chosen is None:
            return target  # earlier than the first, or none at all: the runner says so
        made, id, name = chosen
        target.recovery_point = sessions.recovery_point(id, model.timestamp(made))
        if order.kind == sessions.BROWSE:
            target.native = {"system": source.system, "volume": source.volume, "snapshot": id, "began": None}
            return target
        self._plan_restore(order, source, id, name, target)
        return target

    def _source(self, order):
        """The volume that is meant, looked up once for a task. Raises NotFound, Ambiguous, InvalidError."""
        given = _given(order.options.get("source"))
        key = json.dumps(given, sort_keys=True)
        if key not in self._sources:
            self._sources[key] = self._looked_up(given)
        return self._sources[key]

    def _looked_up(self, given):
        systems = {text(row["id"]): row for row in self._systems()}
        system = _the_one(
            [(id, text(row.get("name")), None) for id, row in systems.items()],
            given.get("working_environment_id"), given.get("working_environment"),
            "netapp_bluexp.source.working_environment", "system with backup",
        )  # fmt: skip
        rows = {text(row.get("file-system-id")): row for row in self._volumes_of(system)[1]}
        id, name = given.get("volume_id"), given.get("volume_name")
        if id is None or name is None or id in rows:
            id = _the_one(
                [(one, text(row.get("name")), text(row.get("svm"))) for one, row in rows.items()],
                id, name if id is None else None,
                "netapp_bluexp.source.volume", "protected volume of {0}".format(text(systems[system].get("name")) or system),
            )  # fmt: skip
        # Else the volume itself may be gone, while its backups are still there: the user knows id and name.
        row = rows.get(id, {})
        return Source(
            system,
            text(systems[system].get("name")),
            given.get("bucket") or text(systems[system].get("bucket")),
            id,
            text(row.get("name")) or name,
            text(row.get("svm")),
        )

    def _snapshots(self, source):
        """``[(epoch seconds or None, id, name)]`` of the backups of a volume, oldest first."""
        try:
            rows = self.client.snapshots(source.system, source.volume)
        except NotFound as error:
            raise NotFound(
                "netapp_bluexp.source.volume_id: BlueXP knows no backups of the volume {0}.".format(source.volume),
                status=error.status,
            ) from error
        found = [(mapping.epoch(row.get("creation-time")), text(row.get("id")), text(row.get("name"))) for row in rows]
        return sorted((one for one in found if one[1]), key=lambda one: (one[0] or 0, one[1]))

    @staticmethod
    def _chosen(order, source, points, target):
        """The backup that is asked for, or the newest one at that time; None when there is none. Fills the range."""
        wanted = _given(order.options.get("source")).get("snapshot")
        timed = [point for point in points if point[0] is not None]
        if wanted is not None:
            found = [point for point in points if wanted == point[1]] or [one for one in points if wanted == one[2]]
            if len(found) == 1:
                target.latest = found[0][0]
                return found[0]
            if found:
                raise Ambiguous(
                    "netapp_bluexp.source.snapshot: {0!r} is the name of several backups, with the ids {1}.".format(
                        wanted, ", ".join(point[1] for point in found)
                    )
                )
            raise NotFound(
                "netapp_bluexp.source.snapshot: {0} has no backup {1!r}.".format(source.volume_name, wanted),
                hint="The newest are: {0}.".format(", ".join(point[2] or point[1] for point in points[-10:]) or "none"),
            )
        if not timed:
            target.empty = "{0} has no backup yet, so there is nothing to {1}.".format(
                source.volume_name or source.volume, "show" if order.kind == sessions.BROWSE else "restore"
            )
            if not order.check_range:
                raise NotFound(target.empty)
            return None
        target.first, target.last = timed[0][0], timed[-1][0]
        earlier = [point for point in timed if order.point is None or point[0] <= order.point]
        if not earlier and not order.check_range:
            raise NotFound("point_in_time: the first backup is of {0}.".format(model.timestamp(timed[0][0])))
        return earlier[-1] if earlier else None

    # -- a restore ---------------------------------------------------------------------------------------------------
    def _plan_restore(self, order, source, snapshot_id, snapshot, target):
        """Fill in what a restore writes where, and whether such a one is under way."""
        options = order.options
        if not source.bucket:
            raise InvalidError(
                "netapp_bluexp.source.bucket: not given, and BlueXP does not tell it for this system.",
                hint="It is the bucket that holds the backups.",
            )
        place, existing = self._place_of(source, _given(options["target"]))
        name, svm = place["volume-name"], place["svm"]
        same_system = place["working-environment-id"] == source.system
        target.in_place = same_system and name == source.volume_name and svm == (source.svm or svm)
        wanted = {
            "type": options["type"],
            "source": {
                "working-environment-id": source.system,
                "working-environment-name": source.system_name,
                "bucket": source.bucket,
                "volume-name": source.volume_name,
                "volume-id": source.volume,
                "snapshot": snapshot or snapshot_id,
            },
            "target": place,
        }
        for option in ("archive_restore_priority", "skip_ransomware_check", "skip_file_rename"):
            if options.get(option) is not None:
                wanted[option.replace("_", "-")] = options[option]
        shown = "{0} (SVM {1}, system {2})".format(name, svm, place["working-environment-name"])
        if options["type"] == VOLUME:
            if existing:
                target.overwrites = "the volume {0}, which exists".format(shown)
        else:
            if not existing:
                raise NotFound(
                    "netapp_bluexp.target.volume_name: there is no volume {0} to restore files into.".format(shown)
                )
            wanted["file"] = self._files(options["files"], source, snapshot_id)
            over = [file["path"] for file in wanted["file"] if _lands(file["path"], place) == _clean(file["path"])]
            if over:
                target.overwrites = "{0}{1} on the volume {2}, the path of the source".format(
                    over[0], " and {0} more".format(len(over) - 1) if over[1:] else "", shown
                )
        target.identity = {name: value for name, value in wanted.items() if name != "source"}
        alike = [run for run in self._active_runs() if _is_same(run.restore, wanted, snapshot_id, True)]
        target.native = {"restore": wanted, "snapshot": snapshot_id, "before": [run.id for run in alike]}
        if alike and order.reuse:
            newest = max(alike, key=lambda run: run.started or 0)
            target.running = self._session_of(newest, self._session_place(), target.source)
            target.running["recovery_point"] = target.recovery_point
            target.running["point_in_time"] = model.timestamp(order.point) or target.recovery_point["created_at"]
            target.in_place, target.overwrites = (
                False,
                None,
            )  # nothing will be written, and its volume may be there by now

    def _place_of(self, source, given):
        """``(target of the body, whether a volume of that name is there)``; the SVM of another system is looked up."""
        system, name = source.system, source.system_name
        if "working_environment_id" in given or "working_environment" in given:
            systems = {text(row.get("id")): text(row.get("name")) for row in self.client.working_environments()}
            system = _the_one(
                [(id, called, None) for id, called in systems.items() if id],
                given.get("working_environment_id"), given.get("working_environment"),
                "netapp_bluexp.target.working_environment", "system",
            )  # fmt: skip
            name = systems[system]
        volume = given["volume_name"]
        there = [row for row in self.client.volumes(system) if text(row.get("name")) == volume]
        svms = sorted({text(row.get("svm")) for row in there if text(row.get("svm"))})
        svm = given.get("svm")
        if svm is None and system == source.system:
            svm = source.svm
        if svm is None and len(svms) == 1:
            svm = svms[0]
        if svm is None:
            kind = Ambiguous if svms else InvalidError
            raise kind(
                "netapp_bluexp.target.svm: not given, and {0}.".format(
                    "a volume {0} is on several: {1}".format(volume, ", ".join(svms))
                    if svms
                    else "nothing tells on which one of {0} the volume {1} is to be".format(name or system, volume)
                )
            )
        place = {
            "working-environment-id": system,
            "working-environment-name": name,
            "svm": svm,
            "volume-name": volume,
        }
        for option in _TYPE_ONLY:
            if option in given:
                place[option.replace("_", "-")] = given[option]
        return place, any(text(row.get("svm")) in (svm, None) for row in there)

    def _files(self, files, source, snapshot_id):
        """The files as the body wants them; what is not given is looked up in the backup, where that is readable."""
        found, folders = [], {}
        for file in files:
            file = dict(_given(file), path=_clean(file["path"]))
            if any(name not in file for name in _FILE_FIELDS):
                folder = posixpath.dirname(file["path"])
                if folder not in folders:
                    folders[folder] = self._listed_for_restore(source, snapshot_id, folder)
                known = next((row for row in folders[folder] if row["path"] == file["path"]), None)
                if known is None:
                    raise NotFound("netapp_bluexp.files: the backup has no {0}.".format(file["path"]))
                file = {**known, **file}
            found.append({name: file[name] for name in _FILE_FIELDS})
        _check_unmixed(found)
        return found

    def _listed_for_restore(self, source, snapshot_id, folder):
        try:
            return self._folder(source.system, source.volume, snapshot_id, folder)
        except (NotFound, ProtocolError) as error:
            raise InvalidError(
                "netapp_bluexp.files: inode, type, size or mtime are not given, and cannot be looked up in {0}: {1}".format(
                    folder, error.message
                ),
                hint=_BROWSE_FIRST,
            ) from error

    def _active_runs(self):
        """Runs of kind restore that are under way, by the documented status words."""
        jobs = self.client.jobs(status="PENDING") + self.client.jobs(status="IN_PROGRESS")
        return [run for run in map(self._read_job, jobs) if run.restore and run.state in model.ACTIVE_STATES]

    # -- open --------------------------------------------------------------------------------------------------------
    def open_session(self, order, target):
        """One POST. Its answer tells the id of the job; the runner reads the run of a restore."""
        if order.kind == sessions.BROWSE:
            native = target.native
            job = self.client.explore(native["system"], native["volume"], native["snapshot"])
            return self._explored_session(job, target, order.patience)
        job = self.client.restore(target.native["restore"])
        if job is None:
            return None
        return sessions.session_record(
            job,
            self.traits.name,
            sessions.RESTORE,
            type=target.type,
            state=model.QUEUED,
            source=target.source,
            recovery_point=target.recovery_point,
            initiated_by=model.initiated_by(None, "api"),
        )

    def lost_session(self, order, target, since, known):
        """A job that is new since then: of a restore, with the same block; of browsing, one of the system that is
        neither a backup nor a restore (its type word is not published, so that is inferred)."""
        native, offset = target.native, self.client.http.clock_offset or 0
        earliest = int(since + offset) - CLOCK_SLACK_S
        before = known | set(native.get("before") or ())
        found = []
        for run in map(self._read_job, self.client.jobs()):
            if not run.id or run.id in before:
                continue
            if run.started is None and run.state not in model.ACTIVE_STATES:
                continue
            if run.started is not None and run.started < earliest:
                continue
            if order.kind == sessions.RESTORE:
                fits = _is_same(run.restore, native["restore"], native["snapshot"], False)
            else:
                fits = run.type == "other" and not run.parts and run.system == native["system"]
            if fits:
                found.append(run)
        if len(found) > 1:
            raise Ambiguous(
                "Several new jobs could be the one whose answer was lost: {0}.".format(
                    ", ".join(sorted(run.id for run in found))
                )
            )
        if not found:
            return None
        if order.kind == sessions.BROWSE:
            return self._explored_session(found[0].id, target, order.patience)
        return self._session_of(found[0], self._session_place(), target.source)

    # -- browsing ----------------------------------------------------------------------------------------------------
    def _explored_session(self, job, target, patience):
        """The session, once the backup can be read. Raises ProtocolError when it cannot, NotReady after too long."""
        volume = target.native["volume"]
        longest = min(EXPLORE_S, patience.timeout) if patience else EXPLORE_S
        begun = time.monotonic()
        while True:
            trouble = None
            try:
                state, result = self._explored(volume, job) or (model.QUEUED, None)
            except (Unreachable, RateLimited, ProtocolError) as error:
                trouble, state = error, model.UNKNOWN  # it goes on there, whoever looks
            if state == model.FINISHED:
                break
            if time.monotonic() - begun > longest:
                raise NotReady(
                    "BlueXP accepted to open the backup of {0}, which was not readable within {1:.0f} s.{2}".format(
                        target.source["name"], longest, " Last trouble: " + trouble.message if trouble else ""
                    ),
                    hint="The same task goes on waiting for it.",
                    status=trouble.status if trouble else None,
                ) from trouble
            pause(min(POLL_S, patience.interval) if patience else POLL_S)
        if result != model.SUCCESS:
            raise ProtocolError(
                "BlueXP could not open the backup of {0} for browsing{1}.".format(
                    target.source["name"], ": " + self._error_of(job) if self._error_of(job) else ""
                ),
                hint="Look at the connector: it mounts the backup.",
            )
        return sessions.session_record(
            job or target.source["id"],
            self.traits.name,
            sessions.BROWSE,
            type=FILE,
            state=sessions.OPEN,
            source=target.source,
            recovery_point=target.recovery_point or sessions.recovery_point(),
            created_at=model.timestamp(time.time()),
            initiated_by=model.initiated_by(None, "api"),
        )

    def _explored(self, volume, job):
        """``(state, result)`` of making a volume's backups readable; None when nobody asked for it.

        The words of file-explore/status are not published: where one is not a job's, the job itself tells.
        """
        try:
            word = self.client.explore_status(volume)
        except NotFound:
            return None
        if job is None or (word or "").strip().upper() in mapping.STATUSES:
            return mapping.status_of(word, self.warn)
        found = self._job_or_none(job)
        return mapping.status_of(found.get("status"), self.warn) if found else None

    def _error_of(self, job):
        return text((job and self._job_or_none(job) or {}).get("error"))

    def _job_or_none(self, id):
        try:
            found = self._job(id)
        except NotFound:
            return None
        return found[0] if found else None

    def session_files(self, order, target, session):
        """One folder of the backup (``netapp_bluexp.path``, default the root), by path: what a file restore takes."""
        if order.kind != sessions.BROWSE:
            return None
        native = target.native
        try:
            return self._folder(
                native["system"], native["volume"], native["snapshot"], order.options.get("path") or "/"
            )
        except ProtocolError as error:
            raise type(error)(
                "The files of {0} cannot be listed: {1}".format(target.source["name"], error.message),
                hint="With reuse: false the backup is opened again.",
                status=error.status,
                code=error.code,
            ) from error

    def _folder(self, system, volume, snapshot, folder):
        """``[{inode, path, type, size, mtime}]``; size in bytes, mtime as the product tells it (a number)."""
        folder = _clean(folder)
        rows = []
        for row in self.client.explored_files(system, volume, snapshot, folder):
            path = text(row.get("path")) or posixpath.join(folder, text(row.get("name")) or "")
            rows.append(
                {
                    "inode": integer(row.get("inode")),
                    "path": _clean(path),
                    "type": text(row.get("type")),
                    "size": integer(row.get("size")),
                    "mtime": integer(row.get("mtime")),
                }
            )
        return sorted(rows, key=lambda row: row["path"])

    # -- read, list --------------------------------------------------------------------------------------------------
    def read_session(self, id, kind, known=None):
        if kind == sessions.BROWSE:
            if known is None:
                return None
            volume = (known["source"]["id"] or "").rpartition("/")[2]
            job = None if id == known["source"]["id"] else id
            found = self._explored(volume, job)
            if found is None:
                return None
            state, result = found
            closed = state == model.FINISHED and result != model.SUCCESS
            return dict(known, state=sessions.CLOSED if closed else sessions.OPEN, result=result if closed else None)
        job = self._job_or_none(id)
        if job is None:
            return None
        run = self._read_job(job, id)
        if run.type != "restore" and known is None:
            return None
        return self._session_of(run, self._session_place(), known["source"] if known else None)

    def list_sessions(self, query):
        listing = Listing()
        listing.records = self._listed_sessions(query, listing)
        return listing

    def _listed_sessions(self, query, listing):
        """Jobs that carry a restore block, or whose type says that they are a restore. Browsing leaves no record."""
        if query.kinds and sessions.RESTORE not in query.kinds:
            return
        if query.ids is None:
            jobs = [(job, None) for job in self.client.jobs()]
        else:
            jobs = list(self._found(self._job, query.ids, listing))
        place = None
        for job, id in jobs:
            run = self._read_job(job, id)
            if run.type == "restore":
                place = place or self._session_place()
                yield self._session_of(run, place)
            elif id is not None:
                listing.missing.append(id)

    def _session_place(self):
        """Where the records of runs belong. Names of systems only complete what the jobs tell themselves."""
        try:
            systems = self._system_names()
        except (NotFound, PermissionDenied):
            systems = {}
        return self._place(Query(entity=model.RUN, now=time.time()), systems, {}, False)

    @staticmethod
    def _session_of(run, place, source=None):
        record = mapping.run_record(run, place)
        record["health"] = model.run_health(record["state"], record["result"])
        told = (record["native"]["restore"] or {}).get("source") or {}
        if source is None:
            system = told.get("working_environment_id") or run.system
            client = told.get("working_environment_name") or place.systems.get(system)
            if told.get("volume_id") or told.get("volume_name"):
                id = "{0}/{1}".format(system, told["volume_id"]) if told.get("volume_id") else None
                source = sessions.source("volume", id, told.get("volume_name"), client)
            else:
                source = sessions.source("system", system, client, client)
        kind = (text(run.restore.get("type")) or "").lower() or None
        return sessions.session_of_run(record, kind, source, None, sessions.recovery_point(told.get("snapshot")))


def _given(options):
    """A sub-dict without what was not given; an empty one for None."""
    return {name: value for name, value in (options or {}).items() if value is not None}


def _need_one(given, where, id_option, name_option):
    if id_option not in given and name_option not in given:
        raise InvalidError(
            "netapp_bluexp.{0}.{1}: not given, and {2} neither.".format(where, name_option, id_option),
            hint="job_info with entity: definition lists the protected volumes; their ids are SYSTEM/VOLUME.",
        )


def _the_one(rows, id, name, option, what):
    """The id that is meant among ``[(id, name, SVM or None)]``, by its id or else by its name."""
    if id is not None:
        if id in [row[0] for row in rows] and name in (None, next(row[1] for row in rows if row[0] == id)):
            return id
        found, option, wanted = [], option + "_id", id
    else:
        found = [row for row in rows if row[1] == name]
        found = found or [row for row in rows if (row[1] or "").casefold() == name.casefold()]
        option, wanted = option if "working" in option else option + "_name", name
    if len(found) == 1:
        return found[0][0]
    shown = [
        "{0} ({1}{2})".format(called, one, ", SVM " + svm if svm else "") for one, called, svm in (found or rows)[:20]
    ]
    if found:
        raise Ambiguous(
            "{0}: {1!r} is the name of several: {2}.".format(option, wanted, ", ".join(shown)), hint="Give the id."
        )
    raise NotFound(
        "{0}: BlueXP knows no {1} {2!r}.".format(option, what, wanted),
        hint="There are: {0}.".format(", ".join(shown) or "none"),
    )


def _check_unmixed(files):
    """The vendor: files and folders cannot be restored together."""
    kinds = sorted({(file.get("type") or "").lower() for file in files} - {""})
    if len(kinds) > 1:
        raise InvalidError(
            "netapp_bluexp.files: BlueXP restores files and folders only in separate tasks (here: {0}).".format(
                ", ".join(kinds)
            )
        )


def _clean(path):
    return "/" + path.strip("/")


def _lands(path, place):
    """Where a file will be; without a target path that is not documented, so its own path is assumed."""
    if "path" not in place:
        return _clean(path)
    tail = path.strip("/") if place.get("retain-source-path") else posixpath.basename(path.rstrip("/"))
    return posixpath.join(_clean(place["path"]), tail)


def _is_same(restore, wanted, snapshot_id, surely):
    """Whether the restore block of a job is of what was asked for. What the job does not tell counts as the same
    (``surely``: as another one, for the files of a file restore)."""
    if not restore:
        return False
    told_source, told_target = dict_of(restore.get("source")), dict_of(restore.get("target"))
    source, target = wanted["source"], wanted["target"]
    snapshots = {source["snapshot"], snapshot_id}
    if (text(restore.get("type")) or "").lower() != wanted["type"]:
        return False
    if text(told_source.get("snapshot")) not in snapshots | {None}:
        return False
    pairs = [(told_source, source, "working-environment-id"), (told_source, source, "volume-id")]
    pairs += [(told_target, target, name) for name in ("working-environment-id", "svm", "volume-name")]
    if any(text(told.get(name)) not in (None, asked[name]) for told, asked, name in pairs):
        return False
    if text(told_source.get("volume-id")) is None or text(told_target.get("volume-name")) is None:
        return False
    if wanted["type"] == VOLUME:
        return True
    if "path" in target and text(told_target.get("path")) and _clean(told_target["path"]) != _clean(target["path"]):
        return False
    files = [
        text(dict_of(file).get("path"))
        for batch in listed(restore.get("batch"))
        for file in listed(dict_of(batch).get("file"))
    ]
    told = {_clean(path) for path in files if path}
    return told == {file["path"] for file in wanted["file"]} if told or surely else True
