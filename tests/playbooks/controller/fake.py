# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of the REST API of AWX as the modules of awx.awx need to make, find, change and link objects.

It keeps what it is given and judges nothing: what AWX would refuse is checked by ``test_controller.py``.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

BASE = "/api/v2/"
TOKEN = "fake-token"
KINDS = {
    "organizations": "organization",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "projects": "project",
    "inventories": "inventory",
    "hosts": "host",
    "groups": "group",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "workflow_approval_templates": "workflow_approval_template",
    "schedules": "schedule",
}
UNIFIED = ("job_templates", "workflow_job_templates", "projects")
#: What the server fills in.
DEFAULTS = {"inventories": {"kind": "", "host_filter": None}, "projects": {"scm_revision": ""}}


class Controller:
    """``objects``: ``{endpoint: {id: object}}``; ``links``: ``{(endpoint, id, name): [id]}``; ``writes``: pairs."""

    def __init__(self):
        self.objects = {endpoint: {} for endpoint in KINDS}
        self.links, self.surveys, self.secrets, self.writes = {}, {}, {}, []
        self.lock = threading.Lock()
        self.create("organizations", {"name": "Default"})
        handler = type("Bound", (Handler,), {"controller": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self.server.shutdown()
        self.server.server_close()

    def create(self, endpoint, fields):
        number = sum(len(objects) for objects in self.objects.values()) + 1
        url = "%s%s/%d/" % (BASE, endpoint, number)
        made = {**DEFAULTS.get(endpoint, {}), **fields, "id": number, "type": KINDS[endpoint], "url": url}
        made.update(related={"survey_spec": url + "survey_spec/"}, summary_fields={})
        self.objects[endpoint][number] = made
        return self.shown(made)

    def shown(self, made):
        """Secrets do not come back."""
        if made["type"] != "credential":
            return made
        kind = self.objects["credential_types"][made["credential_type"]]
        secret = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}
        inputs = {name: "$encrypted$" if name in secret else value for name, value in made.get("inputs", {}).items()}
        return {**made, "inputs": inputs}

    def found(self, endpoint, query):
        names = UNIFIED if endpoint == "unified_job_templates" else (endpoint,)
        every = [made for name in names for made in self.objects[name].values()]
        return [made for made in every if all(str(made.get(key)) == value for key, value in query)]

    def answer(self, method, path, query, body):
        """``(status, JSON)``; raises KeyError for what does not exist."""
        endpoint, *rest = path.removeprefix(BASE).strip("/").split("/")
        if not rest:
            if method == "POST":
                return 201, self.create(endpoint, body)
            return self.listing(self.found(endpoint, query))
        number = int(rest[0])
        made = self.objects[endpoint][number]
        if len(rest) == 1:
            if method == "PATCH":
                made.update(body)
            return 200, self.shown(made)
        if rest[1] == "survey_spec":
            if method == "POST":
                self.surveys[number] = body
            return 200, self.surveys.get(number, {})
        if rest[1] == "create_approval_template":
            approval = self.create("workflow_approval_templates", body)
            made["unified_job_template"] = approval["id"]
            made["related"]["unified_job_template"] = approval["url"]
            return 201, approval
        links = self.links.setdefault((endpoint, number, rest[1]), [])
        if method == "POST":
            if body.get("disassociate"):
                links.remove(body["id"])
            else:
                links.append(body["id"])
            return 204, None
        return self.listing([{"id": link} for link in links])

    @staticmethod
    def listing(rows):
        return 200, {"count": len(rows), "next": None, "results": rows}


class Handler(BaseHTTPRequestHandler):
    controller: Controller

    def serve(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        with self.controller.lock:
            if self.headers.get("Authorization") != "Bearer " + TOKEN:
                status, answer = 401, {"detail": "Authentication credentials were not provided."}
            else:
                if self.command != "GET":
                    self.controller.writes.append((self.command, parts.path))
                try:
                    status, answer = self.controller.answer(self.command, parts.path, parse_qsl(parts.query), body)
                except (KeyError, ValueError):
                    status, answer = 404, {"detail": "Not found."}
        content = b"" if answer is None else json.dumps(answer).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = serve

    def log_message(self, *_arguments):
        """Nothing on the terminal."""
