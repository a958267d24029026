# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restores, browsing a backup, the catalogue."""

from __future__ import annotations

import zlib
from typing import Any

from ...product import Reply, Request, route
from .ground import Ground
from .paths import API, SNAPSHOT, VOLUME, WE
from .records import GIB, System, Volume

SFR = API + r"/v1/sfr"
#: So many files go into one batch of a file restore.
BATCH = 3
SOURCE = ("working-environment-id", "working-environment-name", "bucket", "volume-name", "volume-id", "snapshot")
TARGET = ("working-environment-id", "working-environment-name", "svm", "volume-name")
FILE = ("inode", "path", "type", "size", "mtime")
FOLDERS = ("finance", "reports", "reports/2026", "users", "users/müller")
NAMES = ("budget.xlsx", "minutes.docx", "notes {{ 7*7 }}.txt", "photo.jpg", "readme.txt")


def tree(volume: Volume) -> list[dict[str, Any]]:
    """What lies in every backup of a volume: folders and files, the same at every call."""
    rows: list[dict[str, Any]] = []
    mtime = 1760000000
    for number, folder in enumerate(FOLDERS):
        rows.append({"inode": 96 + number, "path": "/" + folder, "type": "directory", "size": 4096, "mtime": mtime})
    for number, folder in enumerate(("", *FOLDERS)):
        for place, name in enumerate(NAMES):
            path = "/" + (folder + "/" if folder else "") + name
            size = 1024 + zlib.crc32((volume.id + path).encode()) % 900000
            rows.append(
                {"inode": 200 + number * 10 + place, "path": path, "type": "file", "size": size, "mtime": mtime}
            )
    return [{**row, "name": row["path"].rpartition("/")[2]} for row in rows]


class RestoreCalls(Ground):
    @route("POST", API + r"/v1/restore", writes=True)
    @route("POST", API + r"/v2/restore", writes=True)
    @route("POST", API + r"/v3/restore", writes=True)
    def restore(self, request: Request, account: str) -> Reply:
        wanted = self.body(request).get("restore")
        if not isinstance(wanted, dict):
            self.refuse("restore is required")
        kind = wanted.get("type")
        if not isinstance(kind, str) or kind.lower() not in ("file", "volume"):
            self.refuse("restore.type must be file or volume")
        source, target = self._fields(wanted, "source", SOURCE), self._fields(wanted, "target", TARGET)
        system, onto = self.system(source["working-environment-id"]), self.system(target["working-environment-id"])
        volume = self.volume(system, source["volume-id"])
        snapshot = self.snapshot(volume, source["snapshot"], by_name=True)
        if volume.type == "DP":
            self.refuse("Data protection volumes cannot be restored from")
        if volume.size < GIB:
            self.refuse("Volumes smaller than 1 GB cannot be restored")
        if target["svm"] not in onto.svms:
            self.refuse(f"SVM {target['svm']} was not found on {onto.name}")
        files = self._files(wanted, kind.lower())
        known = next((one for one in onto.volumes.values() if one.name == target["volume-name"]), None)
        if kind.lower() == "file" and known is None:
            self.refuse(f"Target volume {target['volume-name']} was not found")
        batches = [
            {"id": self.new_id(), "outcome": "SUCCESS", "error": "", "files": files[start : start + BATCH]}
            for start in range(0, len(files), BATCH)
        ]
        record = {
            "type": kind,
            "source": {name: source[name] for name in SOURCE},
            "target": {
                **{name: target[name] for name in TARGET},
                "volume-size": volume.size,
                "path": self.text(target, "path") or "/",
            },
            "batches": batches,
        }
        arguments = {"volume": volume, "onto": onto, "target": target, "known": known, "snapshot": snapshot.id}
        return self.accepted(self.start_job("restore_" + kind.lower(), onto, restore=record, arguments=arguments))

    def _fields(self, wanted: dict, name: str, needed: tuple) -> dict:
        part = wanted.get(name)
        if not isinstance(part, dict):
            self.refuse(f"restore.{name} is required")
        for one in needed:
            if not isinstance(part.get(one), str):
                self.refuse(f"restore.{name}.{one} is required")
        return part

    def _files(self, wanted: dict, kind: str) -> list[dict]:
        files = wanted.get("file") or []
        if kind == "volume":
            return []
        if not isinstance(files, list) or not files:
            self.refuse("restore.file is required to restore files")
        for file in files:
            if not isinstance(file, dict) or any(file.get(name) is None for name in FILE):
                self.refuse("every file needs " + ", ".join(FILE))
        if len({str(file["type"]).lower() for file in files}) > 1:
            self.refuse("Files and folders cannot be restored together")
        return [{name: file[name] for name in FILE} for file in files]

    @route("POST", API + r"/v1/revert" + WE + VOLUME, writes=True)
    def revert(self, request: Request, account: str, we: str, volume: str) -> Reply:
        system, body = self.system(we), self.body(request)
        found = self.volume(system, volume)
        if not self.text(body, "snapshot-name"):
            self.refuse("snapshot-name is required")
        if body["snapshot-name"] not in found.local_snapshots:
            self.snapshot(found, body["snapshot-name"], by_name=True)
        return self.accepted(self.start_job("none", system))

    # -- browsing ------------------------------------------------------------------------------------------------
    @route("POST", SFR + WE + VOLUME + r"/file-explore/start", writes=True)
    def explore(self, request: Request, account: str, we: str, volume: str) -> Reply:
        return self._explore(request, self.system(we), volume)

    @route("POST", API + r"/v2/sfr" + VOLUME + r"/file-explore/start", writes=True)
    def explore_v2(self, request: Request, account: str, volume: str) -> Reply:
        return self._explore(request, self.home_of(volume), volume)

    @route("POST", SFR + VOLUME + r"/file-explore/start", writes=True)
    def explore_v1(self, request: Request, account: str, volume: str) -> Reply:
        self._explore(request, self.home_of(volume), volume)
        return Reply(202, {})

    def _explore(self, request: Request, system: System, volume_id: str) -> Reply:
        volume = self.volume(system, volume_id)
        place = request.query.get("snapshotLocation", "CLOUD")
        if place not in ("LOCAL", "CLOUD"):
            self.refuse("snapshotLocation must be LOCAL or CLOUD")
        if request.query.get("snapshotId"):
            self.snapshot(volume, request.query["snapshotId"])
        job = self.start_job("explore", system)
        self.explored[volume.id] = job.id
        return self.accepted(job)

    @route("GET", SFR + VOLUME + r"/file-explore/status")
    @route("GET", API + r"/v2/sfr" + VOLUME + r"/file-explore/status")
    def explore_status(self, request: Request, account: str, volume: str) -> Reply:
        job = self.jobs.get(self.explored.get(volume, ""))
        return (
            Reply(200, {"status": job.status})
            if job
            else self.error(404, "NOT_FOUND", "File explore has not been started")
        )

    @route("GET", SFR + WE + VOLUME + SNAPSHOT + r"/files/status")
    def files_status(self, request: Request, account: str, we: str, volume: str, snapshot: str) -> Reply:
        self.snapshot(self.volume(self.system(we), volume), snapshot)
        job = self.jobs.get(self.explored.get(volume, ""))
        busy = job is not None and not job.finished
        done = len(tree(self.volume(self.system(we), volume))) if job is not None and not busy else 0
        return Reply(200, {"counter": done, "inProgress": busy})

    @route("GET", SFR + WE + VOLUME + SNAPSHOT + r"/file-explore/list")
    def files(self, request: Request, account: str, we: str, volume: str, snapshot: str) -> Reply:
        return self._files_of(request, self.system(we), volume, snapshot)

    @route("GET", SFR + VOLUME + SNAPSHOT + r"/file-explore/list")
    @route("GET", API + r"/v2/sfr" + VOLUME + SNAPSHOT + r"/file-explore/list")
    def files_older(self, request: Request, account: str, volume: str, snapshot: str) -> Reply:
        return self._files_of(request, self.home_of(volume), volume, snapshot)

    def _files_of(self, request: Request, system: System, volume_id: str, snapshot: str) -> Reply:
        volume = self.volume(system, volume_id)
        self.snapshot(volume, snapshot)
        job = self.jobs.get(self.explored.get(volume.id, ""))
        if job is None or job.status != "COMPLETED":
            self.refuse("File explore of this volume has not been started or is not ready")
        folder = "/" + request.query.get("path", "").strip("/")
        rows = [row for row in tree(volume) if (row["path"].rpartition("/")[0] or "/") == folder]
        if "/v1/sfr/volume" in request.path:
            return Reply(200, {"context": rows})
        try:
            page, limit = max(1, int(request.query.get("page", 1))), max(1, int(request.query.get("limit", 100)))
        except ValueError:
            return self.error(400, "BAD_REQUEST", "page and limit must be numbers")
        start, end = (page - 1) * limit, min(page * limit, len(rows))
        config: dict[str, Any] = {"startIndex": start, "endIndex": end}
        if end < len(rows):
            config["next"] = {"page": page + 1, "limit": limit}
        if page > 1:
            config["previous"] = {"page": page - 1, "limit": limit}
        return Reply(200, {"pageConfig": config, "context": rows[start:end]})

    @route("GET", API + r"/v1" + WE + VOLUME + r"/list")
    def live_folders(self, request: Request, account: str, we: str, volume: str) -> Reply:
        folder = "/" + request.query.get("path", "").strip("/")
        rows = [row for row in tree(self.volume(self.system(we), volume)) if row["type"] == "directory"]
        rows = [row for row in rows if (row["path"].rpartition("/")[0] or "/") == folder]
        return Reply(
            200, {"context": [{name: row[name] for name in ("inode", "name", "type", "size", "mtime")} for row in rows]}
        )

    # -- catalogue -----------------------------------------------------------------------------------------------
    @route("POST", API + r"/v1/catalog/search")
    def search(self, request: Request, account: str) -> Reply:
        text, body = request.query.get("query", ""), self.body(request) if request.body else {}
        if not text:
            self.refuse("query is required")
        asked, kind = body.get("workingEnvironmentId") or list(self.systems_by_id), self.text(body, "type") or "FILE"
        if not isinstance(asked, list) or kind not in ("FILE", "DIRECTORY", "VOLUME"):
            self.refuse("type or workingEnvironmentId is malformed")
        results = []
        for system in self.systems_by_id.values():
            for volume in system.volumes.values() if system.id in asked else ():
                if not volume.snapshots:
                    continue
                rows: list[dict[str, Any]] = [
                    {"name": volume.name, "inode": 64, "size": volume.used, "mtime": 1760000000}
                ]
                if kind != "VOLUME":
                    rows = [row for row in tree(volume) if (row["type"] == "file") == (kind == "FILE")]
                results += [
                    {
                        "resourceName": row["name"],
                        "resourceType": kind,
                        "workingEnvironmentId": system.id,
                        "workingEnvironmentName": system.name,
                        "svmName": volume.svm,
                        "volumeId": volume.id,
                        "volumeName": volume.name,
                        "resourceSize": row["size"],
                        "inode": row["inode"],
                        "mtime": row["mtime"],
                        "latestSnapshotCreationTime": self.stamp(volume.snapshots[-1].created),
                        "snapshotsCount": len(volume.snapshots),
                    }
                    for row in rows
                    if text.lower() in row["name"].lower()
                ]
        return Reply(200, {"results": results[:1000], "endOfResults": True})

    @route("POST", API + r"/v1/catalog/snapshots")
    def search_snapshots(self, request: Request, account: str) -> Reply:
        body = self.body(request)
        for name in ("resourceName", "workingEnvironmentId", "volumeId", "resourceType"):
            if not self.text(body, name):
                self.refuse(f"{name} is required")
        system = self.system(body["workingEnvironmentId"])
        volume = self.volume(system, body["volumeId"])
        rows = [
            {
                "snapshotId": one.id,
                "snapshotName": one.name,
                "snapshotSize": one.size,
                "snapshotCreationTime": self.stamp(one.created),
                "location": "CLOUD",
                "object-lock": one.object_lock,
                "archived": one.archived,
            }
            for one in volume.snapshots
        ]
        results: dict[str, Any] = {"workingEnvironmentId": system.id, "workingEnvironmentName": system.name}
        results.update({"volumeName": volume.name, "volumeId": volume.id, "snapshots": rows})
        return Reply(200, {"results": results, "endOfResults": True})
