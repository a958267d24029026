# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task costs: job_info against ansible.builtin.uri with the same GET."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from measuring import ROOT, Row, Simulated, simulated

ABOUT = """\
One play on localhost with 50 tasks of each kind, by turns. Each reads one Commvault job with a token that is given: one
GET, no login, no logout (the simulator's log is checked). A task's time is that from its start to its result, as a
callback plugin sees it, and the median over all tasks counts. `debug` shows what Ansible itself takes for a task that
does nothing; it is not subtracted."""

TASKS = 50
JOB = "795"
KINDS = ("debug", "uri", "worker", "shipped")


def measure(number: int) -> Iterator[Row]:
    with simulated("commvault") as sim:
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _round in range(number):
            for kind, seconds in _play(sim):
                times[kind].append(seconds)
    medians = {kind: statistics.median(found) for kind, found in times.items()}

    def ratio(kind: str) -> float:
        return medians[kind] / medians["uri"]

    yield Row("debug", medians["debug"], ratio("debug"))
    yield Row("ansible.builtin.uri", medians["uri"])
    yield Row("job_info in the worker", medians["worker"], ratio("worker"), 0.15)
    yield Row("job_info as a shipped module", medians["shipped"], ratio("shipped"), 1.3)


def _play(sim: Simulated) -> list:
    url, token = sim.url("commvault"), sim.control("/products/commvault/access_token")["accessToken"]
    job_info = {"platform": "commvault", "url": url, "token": token, "job_ids": [JOB]}
    tasks = {
        "debug": {"ansible.builtin.debug": {"msg": "nothing"}},
        "uri": {
            "ansible.builtin.uri": {
                "url": f"{url}/Job/{JOB}",
                "headers": {"Authtoken": token, "Accept": "application/json"},
                "return_content": True,
            }
        },
        "worker": {"backupops.jobs.job_info": job_info},
        "shipped": {"backupops.jobs.job_info": {**job_info, "in_process": "never"}},
    }
    plays = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{"name": kind, **tasks[kind]} for _turn in range(TASKS) for kind in KINDS],
        }
    ]
    sim.requests()
    with tempfile.TemporaryDirectory() as folder:
        book, times = os.path.join(folder, "play.json"), os.path.join(folder, "times.json")
        with open(book, "w", encoding="utf-8") as file:
            json.dump(plays, file)
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": os.path.join(ROOT, "tree"),
            "ANSIBLE_CALLBACK_PLUGINS": os.path.join(ROOT, "tests", "benchmark", "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_times",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCAL_TEMP": folder,
            "LC_ALL": "C.UTF-8",
            "TASK_TIMES": times,
        }
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        done = subprocess.run([program, book], env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        with open(times, encoding="utf-8") as file:
            found = json.load(file)
    log = sim.requests()
    assert len(log) == 3 * TASKS and {entry["path"].rpartition("/")[2] for entry in log} == {JOB}, log[:5]
    assert len(found) == len(KINDS) * TASKS
    return found
