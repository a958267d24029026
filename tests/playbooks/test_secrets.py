# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A random secret in every credential field, and nothing of it in any output, log or file, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import secrets
import socket
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import PASSWORD, SECRET, Runbooks
from test_both_ways import forms, tokens_of

GOOD = {
    "commvault": {"username": "admin", "password": PASSWORD},
    "nakivo": {"username": "admin", "password": PASSWORD},
    "netapp_bluexp": {"client_id": "sim-client", "client_secret": SECRET},
    "veeam_m365": {"username": "admin", "password": PASSWORD},
}
#: Each set of credential fields that a product takes; the last ones of each pair get the secret.
FIELDS = {
    "commvault": [("username", "password"), ("token", "refresh_token")],
    "nakivo": [("username", "password")],
    "netapp_bluexp": [("client_id", "client_secret"), ("refresh_token",), ("token",), ("username", "password")],
    "veeam_m365": [("username", "password"), ("token",)],
}
OPEN = ("username", "client_id")


class Planted:
    """Secrets that tell where one came from. Each begins and ends with random letters, so that a part is found, too."""

    def __init__(self):
        self.made = {}

    def secret(self, where):
        ends = secrets.token_hex(8), secrets.token_hex(8)
        # Tokens travel in headers, which take plain letters only.
        middle = "-" if "token" in where else "\"'\\ %é&+/=<"
        self.made[where] = ends[0] + middle + ends[1]
        return self.made[where]

    def found_in(self, text):
        """The places of the secrets that a text gives away."""
        found = []
        for where, secret in self.made.items():
            words = {secret[:16], secret[-16:], base64.b64encode(("robot:" + secret).encode()).decode(), *forms(secret)}
            found += [f"{where}: {line[:300]}" for line in text.splitlines() if any(word in line for word in words)]
        return found


class _Echo(BaseHTTPRequestHandler):
    """A proxy or server that puts all that it got into its refusal."""

    def _answer(self):
        got = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        try:
            words = " ".join(map(str, json.loads(got).values()))
        except (ValueError, AttributeError):
            words = got
        told = {"message": f"no: {words} {self.headers}", "error": {"errorCode": 7, "errorMessage": f"no: {words}"}}
        body = f"<html><title>{words}</title></html>".encode() if "page" in self.path else json.dumps(told).encode()
        self.send_response(200 if "page" in self.path else 500 if "500" in self.path else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_CONNECT = _answer

    def log_message(self, *_any):
        """Silence."""


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def dead():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:{0}".format(probe.getsockname()[1])


def tasks_for(simulator, echo, planted, folder, places):
    """``(arguments, environment, module)`` of tasks that fail, each with secrets of its own, and of some that do not.

    ``places``: where credentials go to.
    """
    nowhere, key = dead(), folder / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\n{0}\n-----END PRIVATE KEY-----\n".format(planted.secret("key")))
    for name, groups in FIELDS.items():
        url, well = simulator.url(name), {"platform": name, "retries": 0, "timeout": 5, **GOOD[name]}
        for fields in groups:
            for place in places:
                there = {"refused": url, "dead": f"http://{nowhere}"}.get(place, f"http://{echo}/{place}")
                arguments = {"platform": name, "url": there, "retries": 0, "timeout": 5}
                for field in fields:
                    label = f"{name} {field} {place}"
                    arguments[field] = "somebody" if field in OPEN else planted.secret(label)
                yield arguments, {}, "platform_info"
        field = groups[0][-1]
        login = {groups[0][0]: "somebody", field: planted.secret(f"{name} {field} environment")}
        in_environment = {f"BACKUPOPS_{name}_{option}".upper(): value for option, value in login.items()}
        yield {"platform": name, "url": url, "retries": 0}, in_environment, "platform_info"
        scheme, _colon, rest = url.partition("://")
        told = quote(planted.secret(f"{name} url"), safe="")
        yield {**well, "url": f"{scheme}://robot:{told}@{rest}"}, {}, "platform_info"
        for place, there in (("proxy", echo), ("dead proxy", nowhere)):
            told = quote(planted.secret(f"{name} {place}"), safe="")
            yield {**well, "url": url, "proxy": f"http://robot:{told}@{there}"}, {}, "platform_info"
        told = quote(planted.secret(f"{name} bad proxy"), safe="")
        yield {**well, "url": url, "proxy": f"gopher://robot:{told}@{nowhere}"}, {}, "platform_info"
        tls = {"url": "https://" + nowhere, "client_cert": str(key), "client_key": str(key)}
        yield {**well, **tls}, {}, "platform_info"
        wrong = {"platform": name, "url": url, field: planted.secret(f"{name} argument"), "no_such_option": 1}
        yield wrong, {}, "platform_info"
        kept = {"session_cache": True, "session_cache_dir": str(folder / "cache")}
        yield {**well, "url": url, **kept}, {}, "platform_info"
        yield {**well, "url": url, "entity": "definition", "include_raw": True}, {}, "job_info"


#: A shipped module costs much more time, and refuses in the same words.
@pytest.mark.parametrize(
    ("way", "places"), [("auto", ("refused", "401", "page", "500", "dead")), ("never", ("401", "page"))]
)
def test_nothing_gives_a_secret_away(way, places, echo, tmp_path):
    planted = Planted()
    with Simulator(speed=0) as simulator:
        runbooks = Runbooks(simulator, tmp_path)
        given = tmp_path / "given"
        given.mkdir()
        values, tasks = {}, []
        for number, (arguments, environment, module) in enumerate(tasks_for(simulator, echo, planted, given, places)):
            # By name only, as a vault would: what stands in the play itself is the author's to hide.
            values[f"given_{number}"] = {"arguments": arguments, "environment": environment}
            named = {name: "{{ given_%d.arguments.%s }}" % (number, name) for name in arguments}
            tasks.append(
                {
                    "name": f"Task {number}",
                    f"backupops.jobs.{module}": {**named, "in_process": way},
                    "environment": "{{ given_%d.environment }}" % number,
                    "ignore_errors": True,
                }
            )
        play = {"name": "Secrets", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        play["vars"] = {"ansible_python_interpreter": sys.executable}
        (given / "values.json").write_text(json.dumps(values), "utf-8")
        (given / "play.json").write_text(json.dumps([play]), "utf-8")
        log = tmp_path / "ansible.log"
        temporary = {"ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"), "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote")}
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", str(given / "play.json"), "-e", f"@{given / 'values.json'}",
             "-vvvv", "--diff"],
            env={**runbooks.environ, **temporary, "ANSIBLE_LOG_PATH": str(log), "TMPDIR": str(tmp_path)},
            cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert done.returncode == 0 and "Traceback (most recent call last)" not in output, output[-3000:]
        # All did what they are there for: in the end two of each product go well.
        assert output.count("...ignoring") == len(values) - 8, output[-3000:]
        tokens = tokens_of(simulator)
    assert planted.found_in(output) == []
    (cached,) = {path.parent for path in tmp_path.rglob("session-*.json")}
    for path in [one for one in tmp_path.rglob("*") if one.is_file() and one.name not in ("values.json", "key.pem")]:
        text = path.read_text("utf-8", "replace")
        assert planted.found_in(text) == [], path
        if path != runbooks.inventory and path.name != "play.json":
            assert not [form for word in (PASSWORD, SECRET) for form in forms(word) if form in text], path
        if path.parent == cached:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        else:
            assert not [token for token in tokens if token in text and token not in planted.made.values()], path
    assert log.stat().st_size > 10000
