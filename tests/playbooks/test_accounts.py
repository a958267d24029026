# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example inventory: plays read with the read account, and what acts takes the write account."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import PASSWORD, ROOT, SECRET, Runbooks

#: host of the example -> secrets of the simulator under the names that the example has for them.
LOGINS = {
    "cs-zurich": {"vault_commvault_read_password": "read-only-1", "vault_commvault_write_password": PASSWORD},
    "director-gva": {"vault_nakivo_read_password": "read-only-1", "vault_nakivo_write_password": PASSWORD},
    "bluexp": {
        "vault_bluexp_read_client_id": "sim-auditor", "vault_bluexp_read_client_secret": "read-only-1",
        "vault_bluexp_write_client_id": "sim-client", "vault_bluexp_write_client_secret": SECRET,
    },
    "vb365-basel": {"vault_veeam_password": PASSWORD},
}  # fmt: skip
#: host -> the account that the product sees, when reading and when acting.
SEEN = {
    "cs-zurich": ("auditor", "admin"),
    "director-gva": ("auditor", "admin"),
    "vb365-basel": ("admin", "admin"),
}
WHO = [
    {
        "hosts": "backup_servers",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "backupops.jobs.platform_info": {},
                "register": "server",
                "module_defaults": {"group/backupops.jobs.all": "{{ backupops_connection }}"},
            },
            {"ansible.builtin.debug": {"msg": "WHO {{ inventory_hostname }}={{ server.info.account }}"}},
        ],
    }
]


@pytest.fixture
def simulator():
    with Simulator(speed=0) as sim:
        yield sim


@pytest.fixture
def example(simulator, tmp_path):
    """Runbooks on the example inventory, with the simulator's addresses and accounts in it."""
    runbooks = Runbooks(simulator, tmp_path)
    inventory = yaml.safe_load((ROOT / "playbooks" / "examples" / "backup_servers.yml").read_text("utf-8"))
    for host in inventory["backup_servers"]["hosts"].values():
        server = host["backupops_server"]
        server.update(url=simulator.url(server["platform"]), endpoint_name="sim")
        for kind, name in (("read", "auditor"), ("write", "admin")):
            login = host[f"backupops_{kind}_login"]
            if "username" in login:
                login["username"] = "admin" if server["platform"] == "veeam_m365" else name
    runbooks.inventory.write_text(json.dumps(inventory), "utf-8")
    (tmp_path / "who.yml").write_text(yaml.safe_dump(WHO), "utf-8")
    return runbooks


def secrets(*kinds):
    """The variables of the vault whose names have one of these words, or none at all of read and write."""
    found = {name: value for login in LOGINS.values() for name, value in login.items()}
    return {
        name: value for name, value in found.items() if any(f"_{kind}_" in name for kind in kinds) or "veeam" in name
    }


def accounts(output):
    return dict(re.findall(r"WHO ([\w-]+)=([\w@-]*)", output))


def test_reading_needs_no_secret_of_the_write_accounts(example, simulator, tmp_path):
    _recap, output = example.run(str(tmp_path / "who"), **secrets("read"))
    found = accounts(output)
    assert {host: found[host] for host in SEEN} == {host: reads for host, (reads, _writes) in SEEN.items()}
    assert not simulator.log.writes()
    bluexp = [entry.body for entry in simulator.log.entries("netapp_bluexp") if entry.path.endswith("/oauth/token")]
    assert bluexp and all("sim-auditor" in body for body in bluexp)

    _recap, output = example.run(str(tmp_path / "who"), **secrets("write"), backupops_account="write")
    found = accounts(output)
    assert {host: found[host] for host in SEEN} == {host: writes for host, (_reads, writes) in SEEN.items()}


def test_reading_needs_no_vault_password_of_the_write_accounts(example, simulator, tmp_path):
    """As the guide says: secrets that were encrypted one by one are decrypted only where they are used."""
    key = tmp_path / "key"
    key.write_text("a vault password of its own\n", "utf-8")
    vaulted = subprocess.run(
        [Path(sys.executable).parent / "ansible-vault", "encrypt_string", "--vault-id", f"write@{key}",
         "--name", "vault_commvault_write_password", PASSWORD],
        env=example.environ, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    folder = tmp_path / "group_vars"
    folder.mkdir()
    (folder / "backup_servers.yml").write_text("---\n" + vaulted, "utf-8")
    _recap, output = example.run(str(tmp_path / "who"), "--limit", "cs-zurich", **secrets("read"))
    assert accounts(output) == {"cs-zurich": "auditor"}
    _recap, output = example.run(
        str(tmp_path / "who"), "--limit", "cs-zurich", "--vault-id", f"write@{key}", backupops_account="write"
    )
    assert accounts(output) == {"cs-zurich": "admin"}


def test_a_playbook_that_acts_takes_the_write_account(example, simulator, tmp_path):
    window = {
        "maintenance_window_id": "CHG1", "maintenance_window_dir": str(tmp_path / "state"), "maintenance_window_running": "leave"
    }  # fmt: skip
    hosts = ("--limit", "cs-zurich:vb365-basel")
    refused, output = example.run(
        "maintenance_begin", *hosts, good=False, backupops_account="read", **window, **secrets("read")
    )
    assert refused["cs-zurich"]["failed"] == 1 and "does not have the permission" in output
    changed = example.changed("maintenance_begin", *hosts, **window, **secrets("write"))
    assert "cs-zurich" in changed
    assert example.changed("maintenance_end", *hosts, **window, **secrets("write")) == {"cs-zurich", "vb365-basel"}


def test_a_dry_run_can_do_with_the_read_account(example, simulator, tmp_path):
    window = {
        "maintenance_window_id": "CHG1", "maintenance_window_dir": str(tmp_path / "state"), "maintenance_window_running": "leave"
    }  # fmt: skip
    hosts = ("--limit", "cs-zurich:bluexp", "--check")
    changed = example.changed("maintenance_begin", *hosts, backupops_account="read", **window, **secrets("read"))
    assert changed == {"cs-zurich", "bluexp"} and not simulator.log.writes()


def test_every_playbook_that_acts_says_so():
    roles = {"backup_gate", "decommission", "legal_hold", "maintenance_window", "rerun_failed", "restore_drill"}
    modules = {"backupops.jobs.job_action", "backupops.jobs.job_operation", "backupops.jobs.restore_session"}
    acting = set()
    for path in (ROOT / "playbooks").glob("*.yml"):
        for play in yaml.safe_load(path.read_text("utf-8")):
            acts = any(role["role"].rpartition(".")[2] in roles for role in play.get("roles", ()))
            if acts or any(modules.intersection(task) for task in play.get("tasks", ())):
                acting.add(path.stem)
                assert "write" in play["vars"]["backupops_account"], path
    assert acting >= {
        "backup_gate",
        "decommission",
        "legal_hold",
        "maintenance_begin",
        "rerun_failed",
        "restore_drill",
        "stop_run",
    }
