# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as people use it: ansible-inventory and ansible-playbook, on the simulator.

``UPDATE_GOLDEN=1`` writes the expected outputs in ``golden/`` anew; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simulator import Simulator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
PASSWORD = "p@ss+w&rd=1 %é"
NOW = 1_795_300_000
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))


@pytest.fixture(scope="module")
def sim():
    with Simulator(start=NOW, speed=0) as simulator:
        yield simulator


@pytest.fixture
def servers(sim):
    """The connection options of each product."""
    found = {}
    for platform, name in (
        ("commvault", "cs"),
        ("nakivo", "director"),
        ("netapp_bluexp", "bluexp"),
        ("veeam_m365", "vb365"),
    ):
        found[platform] = {"platform": platform, "url": sim.url(platform), "endpoint_name": name, "retries": 0}
        if platform == "netapp_bluexp":
            found[platform].update(client_id="sim-client", client_secret="s3cr+t&=")
        else:
            found[platform].update(username="admin", password=PASSWORD)
    return found


@pytest.fixture
def ansible(sim, tmp_path):
    """``ansible(program, *arguments, environment={}, fails=False)``: what a program prints, with a clock that stands."""

    def ansible(program, *arguments, environment=None, fails=False):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BACKUPOPS_"))}
        done = subprocess.run(
            [str(BIN / program), *map(str, arguments)],
            env={
                **kept, "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tree"), "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", "ANSIBLE_HOME": str(tmp_path / "home"),
                "PYTHONPATH": str(HERE / "standing_clock"), "BACKUPOPS_TEST_NOW": str(NOW), **(environment or {}),
            },
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr if fails else done.stdout

    return ansible


@pytest.fixture
def source(tmp_path):
    """``source(options)``: the path of a configuration file."""

    def source(options, name="test.backupops.yml"):
        path = tmp_path / name
        path.write_text(yaml.safe_dump({"plugin": "backupops.jobs.jobs", **options}, allow_unicode=True), "utf-8")
        return path

    return source


def plain(value):
    """ansible-inventory marks texts that are no templates, and which ones differs from core to core."""
    if isinstance(value, dict):
        return (
            plain(value["__ansible_unsafe"])
            if set(value) == {"__ansible_unsafe"}
            else {k: plain(v) for k, v in value.items()}
        )
    return [plain(one) for one in value] if isinstance(value, list) else value


def hostvars(text):
    return plain(json.loads(text))["_meta"]["hostvars"]


def compare(name, text):
    path = HERE / "golden" / name
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def listed(text):
    # An own host on each line keeps the file readable, and a difference small.
    found = plain(json.loads(text))
    lines = [
        f"{name}: {json.dumps(one, sort_keys=True, ensure_ascii=False)}"
        for name, one in found.pop("_meta")["hostvars"].items()
    ]
    lines += [f"@{name}: {json.dumps(one, sort_keys=True, ensure_ascii=False)}" for name, one in found.items()]
    return "\n".join(sorted(lines)) + "\n"


# -- golden outputs ------------------------------------------------------------------------------------------------------
def test_graph_of_all_products(ansible, source, servers):
    path = source(
        {
            "entity": "definition",
            "servers": list(servers.values()),
            "keyed_groups": [{"key": "backupops_job.platform", "prefix": "", "separator": ""}],
            "groups": {"needs_a_look": "backupops_health in ['failed', 'overdue', 'never_ran']"},
        }
    )
    compare("jobs.graph.txt", ansible("ansible-inventory", "-i", path, "--graph"))


def test_list_of_bad_jobs(ansible, source, servers):
    path = source(
        {
            "entity": "definition",
            "servers": list(servers.values()),
            "health": ["failed", "overdue", "never_ran"],
            "fields": ["endpoint", "name", "health", "result", "last_success_at"],
            "keyed_groups": [
                {"key": "backupops_health", "prefix": "health"},
                {"key": "backupops_job.endpoint", "prefix": "on"},
            ],
        }
    )
    compare("jobs.list.txt", listed(ansible("ansible-inventory", "-i", path, "--list")))


def test_list_of_clients(ansible, source, servers):
    path = source(
        {
            "entity": "definition",
            "hosts_from": "clients",
            "servers": [servers["commvault"], servers["nakivo"]],
            "fields": ["name"],
            "groups": {
                "at_risk": "backupops_health in ['failed', 'overdue', 'never_ran'] or backupops_last_success is none"
            },
        }
    )
    compare("clients.list.txt", listed(ansible("ansible-inventory", "-i", path, "--list")))


def test_one_host_has_the_whole_record(ansible, source, servers):
    path = source(dict(servers["nakivo"], names=["VMware production nightly"]))
    (one,) = hostvars(ansible("ansible-inventory", "-i", path, "--list")).values()
    compare("job.json", json.dumps(one, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


# -- names that would do harm --------------------------------------------------------------------------------------------
HOSTILE = """
- hosts: all
  gather_facts: false
  vars:
    wanted: !unsafe "{{ 7*7 }} {% raw %}nightly"
  tasks:
    - ansible.builtin.set_fact:
        taken: "{{ backupops_job.name }}"
        parts: "{{ [composed, backupops_job.native, group_names, inventory_hostname] }}"
    - ansible.builtin.debug:
        msg: "{{ taken }} | {{ parts[0] }} | {{ inventory_hostname }} | {{ group_names }}"
    - ansible.builtin.assert:
        that:
          - taken == wanted
          - parts[0] == 'a ' ~ wanted
          - backupops_job.name == wanted
          - (backupops_job | string) is search('7\\*7')
"""


def test_hostile_names_are_plain_text(ansible, source, servers, tmp_path):
    path = source(
        dict(
            servers["nakivo"],
            compose={"composed": "'a ' ~ backupops_job.name"},
            keyed_groups=[{"key": "backupops_job.name", "prefix": "name"}],
        )
    )
    (tmp_path / "play.yml").write_text(HOSTILE, "utf-8")
    printed = ansible("ansible-playbook", "-i", path, "play.yml", "--limit", "___7_7*")
    assert "{{ 7*7 }} {% raw %}nightly | a {{ 7*7 }} {% raw %}nightly | ___7_7_______raw___nightly-" in printed
    assert "name____7_7" in printed and "49" not in printed.split("| ___7_7")[0].rpartition("msg")[2]


def test_lines_and_letters_come_through(ansible, source, servers):
    found = hostvars(ansible("ansible-inventory", "-i", source(servers["nakivo"]), "--list"))
    names = {one["backupops_job"]["name"] for one in found.values()}
    assert any("\n" in name for name in names) and any("東京" in name for name in names)
    assert not [name for name in found if any(character in name for character in "{}%:,[]*\n \t!&")]


# -- cache ---------------------------------------------------------------------------------------------------------------
def test_a_second_call_makes_no_request(ansible, source, servers, sim, tmp_path):
    path = source(
        {
            "servers": [servers["nakivo"], servers["veeam_m365"]],
            "cache": True,
            "cache_plugin": "ansible.builtin.jsonfile",
            "cache_connection": str(tmp_path / "cache"),
        }
    )
    sim.log.clear()
    first = ansible("ansible-inventory", "-i", path, "--list")
    asked = len(sim.log.as_list("", None))
    assert asked
    assert ansible("ansible-inventory", "-i", path, "--list") == first
    assert len(sim.log.as_list("", None)) == asked
    (kept,) = (tmp_path / "cache").iterdir()
    text = kept.read_text("utf-8").encode().decode("unicode_escape")
    assert "Legacy ERP" in text and "rd=1" not in text


# -- a server that does not answer ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("on_error", ["fail", "warn"])
def test_a_dead_server(ansible, source, servers, on_error):
    dead = dict(servers["veeam_m365"], url="http://127.0.0.1:9", endpoint_name="dead")
    path = source({"servers": [servers["nakivo"], dead], "on_error": on_error})
    text = ansible("ansible-inventory", "-i", path, "--list", fails=on_error == "fail")
    if on_error == "fail":
        assert "servers[1] (veeam_m365 dead): " in text
    else:
        assert len(hostvars(text)) > 25


# -- where credentials come from -----------------------------------------------------------------------------------------
def test_credentials_from_the_environment(ansible, source, servers):
    path = source({"platform": "nakivo", "names": ["Legacy ERP"], "username": "admin"})
    environment = {"BACKUPOPS_NAKIVO_URL": servers["nakivo"]["url"], "BACKUPOPS_PASSWORD": PASSWORD}
    assert len(hostvars(ansible("ansible-inventory", "-i", path, "--list", environment=environment))) == 1


def test_credentials_from_vault_and_templates(ansible, servers, tmp_path):
    (tmp_path / "vault-password").write_text("sesame", "utf-8")
    vault = ("--vault-password-file", tmp_path / "vault-password")
    cipher = ansible("ansible-vault", "encrypt_string", PASSWORD, *vault)
    options = (
        "plugin: backupops.jobs.jobs\nservers:\n- platform: nakivo\n  username: \"{{ lookup('env', 'NAME_OF_USER') }}\"\n"
        '  url: "{{ address }}"\n  password: ' + cipher.strip().replace("\n", "\n  ") + "\n"
    )
    (tmp_path / "one.backupops.yml").write_text(options, "utf-8")
    environment = {"NAME_OF_USER": "admin"}
    extra = ("-e", json.dumps({"address": servers["nakivo"]["url"]}))
    found = hostvars(
        ansible("ansible-inventory", "-i", "one.backupops.yml", "--list", *vault, *extra, environment=environment)
    )
    assert len(found) > 25
    # The whole file.
    ansible("ansible-vault", "encrypt", *vault, "one.backupops.yml")
    again = ansible("ansible-inventory", "-i", "one.backupops.yml", "--list", *vault, *extra, environment=environment)
    assert hostvars(again).keys() == found.keys()


# -- the example ---------------------------------------------------------------------------------------------------------
def test_unprotected_hosts(ansible, servers):
    environment = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    for platform in ("commvault", "nakivo"):
        for option in ("url", "username", "password"):
            environment[f"BACKUPOPS_{platform}_{option}".upper()] = servers[platform][option]
    arguments = ("-i", ROOT / "playbooks" / "examples" / "protected", ROOT / "playbooks" / "unprotected_hosts.yml")
    printed = ansible("ansible-playbook", *arguments, environment=environment)
    stats = printed.partition("CUSTOM STATS")[2].partition("RUN: ")[2]
    assert json.loads(stats) == {
        "unprotected_hosts_missing": ["app-new-01", "print-02"],
        "unprotected_hosts_late": ["hana-01", "mail-arc-01", "vdi-50"],
    }
    assert "vdi-50: last success unknown, wanted every 26h, in the job VMware desktop pool (failed)" in printed
    failed = ("-e", "unprotected_hosts_fail=true")
    ansible("ansible-playbook", *arguments, *failed, environment=environment, fails=True)


# -- lookups and test in a play ------------------------------------------------------------------------------------------
LOOKUPS = """
- hosts: localhost
  gather_facts: false
  vars:
    director: {platform: nakivo, username: admin}
    odd: !unsafe "{{ 7*7 }} {% raw %}nightly"
  tasks:
    - ansible.builtin.assert:
        that:
          - query('backupops.jobs.jobs', 'VMware desktop pool', **director) | map(attribute='name') | list == ['VMware desktop pool']
          - lookup('backupops.jobs.last_success', 'VDI-49', by='client', **director) is backupops.jobs.backup_fresh('24h')
          - lookup('backupops.jobs.last_success', 'vdi-50', by='client', **director) is not backupops.jobs.backup_fresh('24h')
          - query('backupops.jobs.last_success', 'vdi-50', 'nobody', by='client', **director) == [none, none]
          - query('backupops.jobs.jobs', **director) | select('backupops.jobs.backup_fresh', '1d') | list | length > 5
    - ansible.builtin.set_fact:
        taken: "{{ (query('backupops.jobs.jobs', odd, **director) | first).name }}"
    - ansible.builtin.assert:
        that: taken == odd
    - ansible.builtin.debug:
        msg: "{{ 'yesterday' is backupops.jobs.backup_fresh }}"
"""


def test_lookups_in_a_play(ansible, servers, tmp_path):
    (tmp_path / "play.yml").write_text(LOOKUPS, "utf-8")
    environment = {"BACKUPOPS_NAKIVO_URL": servers["nakivo"]["url"], "BACKUPOPS_NAKIVO_PASSWORD": PASSWORD}
    printed = ansible(
        "ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", environment=environment, fails=True
    )
    assert "'yesterday' is neither a time nor a job record" in printed
    assert printed.count("All assertions passed") == 2
