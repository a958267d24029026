# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading jobs. Nothing here changes one: the product has no such call."""

from __future__ import annotations

import json

from ...product import Reply, Request, route
from .ground import Ground
from .paths import API
from .records import Job, job_body, shaped


class JobCalls(Ground):
    def row(self, job: Job) -> bytes:
        """One job, encoded; kept until it changes."""
        if job.row is None:
            job.row = json.dumps(self.body_of(job)).encode("utf-8")
        return job.row

    def body_of(self, job: Job) -> dict:
        return job_body(job, bool(self.switches["objects"]), 1000 if self.switches["time_unit"] == "ms" else 1)

    @route("GET", API + r"/v1/job")
    def list_jobs(self, request: Request, account: str) -> Reply:
        kind, status = request.query.get("type", ""), request.query.get("status", "")
        key = (kind, status)
        if key not in self.job_pages:
            rows = [
                self.row(job)
                for job in self.jobs.values()
                if (not kind or job.type == kind) and (not status or job.status == status)
            ]
            text = b", ".join(rows)
            if not self.switches["objects"] or len(rows) > 1:
                text = b"[" + text + b"]"
            self.job_pages[key] = b'{"job": ' + (text or b"{}") + b"}"
        return Reply(200, self.job_pages[key], "application/json; charset=utf-8")

    @route("GET", API + r"/v1/job/(?P<job_id>[^/]+)")
    def one_job(self, request: Request, account: str, job_id: str) -> Reply:
        job = self.jobs.get(job_id)
        objects = self.switches["objects"]
        if job is not None:
            row = self.row(job)
            return Reply(200, b'{"job": ' + (row if objects else b"[" + row + b"]") + b"}", "application/json")
        if self.switches["job_unknown"] == "empty":
            return Reply(200, {"job": {} if objects else []})
        return self.error(404, "NOT_FOUND", f"Job {job_id} was not found")

    @route("GET", API + r"/v1/restore/status")
    def restore_jobs(self, request: Request, account: str) -> Reply:
        rows, objects = [], bool(self.switches["objects"])
        for job in self.jobs.values():
            if job.restore is None:
                continue
            body = self.body_of(job)
            row = {name: body[name] for name in ("id", "status", "error", "time") if name in body}
            restore = {name: job.restore[name] for name in ("type", "source", "target")}
            files = [file for batch in job.restore.get("batches") or () for file in batch["files"]]
            row["data"] = {"restore": {**restore, **({"file": shaped(files, objects)} if files else {})}}
            rows.append(row)
        return Reply(200, {"job": shaped(rows, objects)})
