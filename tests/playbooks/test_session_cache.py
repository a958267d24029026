# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook with five forks and session_cache: one login per product, whatever way its tasks run."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks

FORKS = 5
LOGINS = ("/Login", "/oauth/token", "/token", "AuthenticationManagement.login")
LOGOUTS = ("/Logout", "/token/logout", "AuthenticationManagement.logoutCurrentUser")
RENEWAL = "/V4/AccessToken/Renew"
WAYS = ("auto", "never")


@pytest.fixture
def simulator():
    with Simulator(speed=0) as sim:
        sim.faults.add("latency", path="|".join((*LOGINS, RENEWAL)), times=-1, seconds=0.2)  # so that forks meet in it
        yield sim


class Forks:
    """A play on five hosts that all ask the same servers."""

    def __init__(self, simulator, folder):
        self.simulator = simulator
        self.home = folder
        self.folder = folder / "sessions"
        self.runbooks = Runbooks(simulator, folder)
        servers = json.loads(self.runbooks.inventory.read_text("utf-8"))["backup_servers"]["hosts"]
        self.servers = [server["backupops_connection"] for server in servers.values()]

    def run(self, way, rounds, *connections):
        """Each host asks each connection so many times, with ``in_process`` as ``way`` says; the output."""
        ask = {
            "name": "Ask every server",
            "backupops.jobs.job_info": {"limit": 1, "entity": "definition", "fields": ["name"]},
            "module_defaults": {"group/backupops.jobs.all": "{{ item }}"},
            "loop": "{{ connections }}",
            "loop_control": {"label": "{{ item.platform }}"},
        }
        play = {
            "hosts": "forks",
            "connection": "local",
            "gather_facts": False,
            "strategy": "free",
            "tasks": [ask] * rounds,
        }
        (self.home / "play.yml").write_text(yaml.safe_dump([play]), "utf-8")
        shared = {"session_cache": True, "session_cache_dir": str(self.folder), "in_process": way}
        variables = {
            "connections": [dict(one, **shared) for one in connections],
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        hosts = {f"fork-{number}": {} for number in range(FORKS)}
        self.runbooks.inventory.write_text(json.dumps({"forks": {"hosts": hosts, "vars": variables}}), "utf-8")
        self.simulator.log.clear()
        recap, output = self.runbooks.run(str(self.home / "play"), "--forks", str(FORKS))
        assert {host: row["ok"] for host, row in recap.items()} == dict.fromkeys(hosts, rounds)
        assert "WARNING" not in output
        return output


@pytest.fixture
def forks(simulator, tmp_path):
    return Forks(simulator, tmp_path)


def counted(simulator, endings):
    """product -> how many of its requests have a label that ends so."""
    return Counter(entry.product for entry in simulator.log.entries() if entry.label.endswith(endings))


@pytest.mark.parametrize("way", WAYS)
def test_one_login_serves_the_tasks_of_five_forks(simulator, forks, way):
    rounds = 20 if way == "auto" else 1  # tasks a product and fork; shipped ones cost ten times as much
    forks.run(way, rounds, *forks.servers)
    assert counted(simulator, LOGINS) == dict.fromkeys(simulator.products, 1)
    assert not counted(simulator, LOGOUTS)
    assert len(simulator.log.entries()) >= rounds * FORKS * len(forks.servers)

    # Between two playbooks the servers forget the logins. Veeam tries its refresh token before the password.
    for product in simulator.products.values():
        product.expire_tokens()
    forks.run(way, 1, *forks.servers)
    assert counted(simulator, LOGINS) == dict(dict.fromkeys(simulator.products, 1), veeam_m365=2)
    assert not counted(simulator, LOGOUTS)


@pytest.mark.parametrize("way", WAYS)
def test_five_forks_renew_an_access_token_once(simulator, forks, way):
    made = simulator["commvault"].control_access_token()
    pair = {
        "platform": "commvault", "url": simulator.url("commvault"), "token": made["accessToken"],
        "refresh_token": made["refreshToken"],
    }  # fmt: skip
    forks.run(way, 1, pair)
    assert not counted(simulator, RENEWAL)
    for _night in range(2):
        simulator.clock.advance(1801)
        output = forks.run(way, 2, pair)
        assert counted(simulator, RENEWAL) == {"commvault": 1} and not counted(simulator, (*LOGINS, *LOGOUTS))
        kept = json.loads(next(forks.folder.glob("*.json")).read_text("utf-8"))
        assert not any(secret in output for secret in (*kept.values(), *made.values()) if isinstance(secret, str))
