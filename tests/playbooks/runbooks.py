# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook of the collection on an inventory of simulated backup servers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss+w&rd=1 %é"
SECRET = "s3cr+t&="

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="tells processes by /proc, which this system lacks"
)


class Runbooks:
    """``folder`` becomes the current one, and the home of Ansible."""

    def __init__(self, simulator, folder):
        self.folder = folder
        hosts = {}
        for name in simulator.products:
            login = {"username": "admin", "password": PASSWORD}
            if name == "netapp_bluexp":
                login = {"client_id": "sim-client", "client_secret": SECRET}
            hosts[name] = {
                "backupops_connection": {"platform": name, "url": simulator.url(name), "endpoint_name": "sim", **login}
            }
        self.inventory = folder / "servers.json"
        self.inventory.write_text(json.dumps({"backup_servers": {"hosts": hosts}}), "utf-8")
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BACKUPOPS_"))
        }
        self.environ.update(
            ANSIBLE_COLLECTIONS_PATH=str(ROOT / "tree"),
            ANSIBLE_HOME=str(folder / "home"),
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_SHOW_CUSTOM_STATS="true",
            LC_ALL="C.UTF-8",
            PWD=str(folder),
        )

    def command(self, playbook, *options, **variables):
        path = ROOT / "playbooks" / (playbook + ".yml")
        command = [sys.executable, "-m", "ansible", "playbook", str(path), "-i", str(self.inventory)]
        return [*command, "-e", json.dumps(variables), *options]

    def start(self, playbook, *options, **variables):
        """The process of a playbook, the first of a group of its own, so that a test can kill all of it."""
        return subprocess.Popen(
            self.command(playbook, *options, **variables), env=self.environ, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, playbook, *options, good=True, **variables):
        """``{host: {word of the recap: number}}`` and the output; fails unless the playbook ends as ``good`` says."""
        done = subprocess.run(
            self.command(playbook, *options, **variables), env=self.environ, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is good, output
        assert "Traceback (most recent call last)" not in output
        assert PASSWORD not in output and SECRET not in output
        recap = output.partition("PLAY RECAP")[2]
        rows = re.findall(r"^(\S+) +: (ok=.*)$", recap, re.M)
        return {
            host: {word: int(number) for word, number in re.findall(r"(\w+)=(\d+)", row)} for host, row in rows
        }, output

    def changed(self, playbook, *options, good=True, **variables):
        """Hosts on which the playbook changed something."""
        recap, _output = self.run(playbook, *options, good=good, **variables)
        return {host for host, row in recap.items() if row["changed"]}


def published(output, name):
    """A variable that the play hands on with set_stats."""
    stats = output.partition("CUSTOM STATS")[2].partition("RUN:")[2]
    return json.loads(stats[stats.index("{") :])[name]


def descendants(process):
    """Ids of all that a process has started: newer releases of Ansible put workers into sessions of their own."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, more = [process.pid], True
    while more:
        new = [id for id, parent in parents.items() if parent in found and id not in found]
        found, more = found + new, bool(new)
    return found


def kill(process):
    """End the play that ``Runbooks.start`` began at once, with all that it has started."""
    if process.poll() is not None:
        return
    os.kill(process.pid, signal.SIGSTOP)  # it must not start anything more meanwhile
    for id in descendants(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(id, signal.SIGKILL)
    process.communicate(timeout=60)
