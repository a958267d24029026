# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""backup_gate on all products: fresh enough, made now, or shut."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks

PRODUCTS = {"commvault", "nakivo", "netapp_bluexp", "veeam_m365"}

#: One definition of each product, and what it is found by.
CLIENTS = {
    "commvault": "dc-01",
    "nakivo": "AWS EC2 web tier",
    "netapp_bluexp": "audit_logs",
    "veeam_m365": "M365 Exchange Geneva",
}


@pytest.fixture(scope="module")
def simulator():
    with Simulator(speed=600) as sim:
        yield sim


@pytest.fixture(scope="module")
def runbooks(simulator, tmp_path_factory):
    return Runbooks(simulator, tmp_path_factory.mktemp("gate"))


def names(product):
    return ["dc-01/File System/defaultBackupSet/default"] if product == "commvault" else [CLIENTS[product]]


def test_what_is_not_fresh_is_backed_up_once(simulator, runbooks):
    gate = {
        "backup_gate_names": [name for product in sorted(PRODUCTS) for name in names(product)],
        "backup_gate_wait_interval": 1,
        "backup_gate_wait_timeout": 120,
        "backup_gate_accept_results": ["success", "warning", "partial"],
    }
    assert runbooks.changed("backup_gate", "--check", **gate, backup_gate_max_age="1s") <= PRODUCTS
    assert simulator.log.writes() == []
    recap, output = runbooks.run("backup_gate", **gate, backup_gate_max_age="400d")
    assert not any(row["changed"] for row in recap.values()), output
    assert simulator.log.writes() == []


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_the_gate_makes_a_backup_and_then_finds_it_fresh(product, tmp_path):
    with Simulator(products=(product,)) as simulator:
        runbooks = Runbooks(simulator, tmp_path)
        gate = {
            "backup_gate_names": names(product),
            "backup_gate_wait_interval": 1,
            "backup_gate_accept_results": ["success", "warning", "partial"],
        }
        # The last backup is older than a minute; the clock moves while the gate waits.
        process = runbooks.start("backup_gate", **gate, backup_gate_max_age="1m", backup_gate_reason="CHG0031337")
        until = time.monotonic() + 120
        try:
            while process.poll() is None and time.monotonic() < until:
                if simulator.log.writes(product):
                    simulator.clock.advance(20)
                time.sleep(0.1)
        finally:
            process.terminate()
            output = process.communicate(timeout=60)[0]
        assert process.returncode == 0, output
        assert len(simulator.log.writes(product)) == 1
        assert runbooks.changed("backup_gate", **gate, backup_gate_max_age="10h") == set()
        assert len(simulator.log.writes(product)) == 1


def test_a_client_that_nobody_protects_shuts_every_gate(simulator, runbooks):
    written = len(simulator.log.writes())
    clients = ["ca-01", "fs-02", "no-such-host"]
    recap, output = runbooks.run("backup_gate", good=False, backup_gate_clients=clients, backup_gate_max_age="400d")
    assert {host for host, row in recap.items() if row["failed"]} == PRODUCTS
    assert "No backup of these on any server: no-such-host." in output
    # Each client is protected by one of the products only, and that is enough.
    recap, output = runbooks.run("backup_gate", backup_gate_clients=clients[:2], backup_gate_max_age="400d")
    assert not any(row["changed"] for row in recap.values()), output
    assert len(simulator.log.writes()) == written


def test_a_disabled_job_and_a_failed_backup_keep_the_gate_shut(tmp_path):
    with Simulator(products=("veeam_m365",)) as simulator:
        runbooks = Runbooks(simulator, tmp_path)
        jobs = simulator["veeam_m365"].state()["jobs"].values()
        disabled = next(job["name"] for job in jobs if not job["enabled"])
        _recap, output = runbooks.run("backup_gate", good=False, backup_gate_names=[disabled], backup_gate_max_age="1m")
        assert "It is disabled" in output

        product, name = simulator["veeam_m365"], CLIENTS["veeam_m365"]
        product.control("retries", {"job": name, "number": 0})
        product.control("plan", {"job": name, "runs": [{"outcome": "Failed", "seconds": 3}]})
        gate = {"backup_gate_names": [name], "backup_gate_max_age": "1m", "backup_gate_wait_interval": 1}
        _recap, output = runbooks.run("backup_gate", good=False, **gate)
        assert len(simulator.log.writes()) == 1, output
