# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stop_run: one server, the expected job, one job at most; anything else stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks

#: Something that runs on each product that can stop: what is given as its id, and what it must be.
RUNAWAY = {
    "commvault": {"stop_run_job": "10482", "stop_run_client": "CS01"},
    "nakivo": {"stop_run_job": "19", "stop_run_name": "First full of cluster B"},
    "veeam_m365": {
        "stop_run_job": "046e9efa-9fb5-527b-9c33-976ddc8790b0",
        "stop_run_client": "fabrikam-industries.onmicrosoft.com",
        "stop_run_started_before": "-1m",
    },
}


@pytest.fixture(scope="module")
def simulator():
    with Simulator(speed=4) as sim:
        yield sim


@pytest.fixture(scope="module")
def runbooks(simulator, tmp_path_factory):
    return Runbooks(simulator, tmp_path_factory.mktemp("stop_run"))


@pytest.mark.parametrize("product", sorted(RUNAWAY))
def test_the_expected_run_is_stopped_once(product, simulator, runbooks):
    trail = runbooks.folder / (product + ".jsonl")
    wanted = {**RUNAWAY[product], "stop_run_server": product, "stop_run_reason": "Fills the library"}
    wanted["stop_run_audit_log"] = str(trail)
    assert runbooks.changed("stop_run", "--check", **wanted) == {product}
    assert simulator.log.writes(product) == [] and not trail.exists()
    # An answer of a survey is a string, also where a bool is meant.
    assert runbooks.changed("stop_run", **wanted, stop_run_wait="true", stop_run_entity="") == {product}
    assert len(simulator.log.writes(product)) == 1
    assert "Fills the library" in trail.read_text("utf-8")
    # What has ended is left alone, and nothing runs any more that could have started before anything.
    wanted.pop("stop_run_started_before", None)
    assert runbooks.changed("stop_run", **wanted) == set()
    assert len(simulator.log.writes(product)) == 1


@pytest.mark.parametrize(
    "change, message",
    [
        ({"stop_run_client": "fs-basel-01"}, "expect.client"),
        ({"stop_run_started_before": "-3650d"}, "expect.started_before"),
        ({"stop_run_server": "backup_servers"}, "Nothing was done"),
        ({"stop_run_server": ""}, "Nothing was done"),
        ({"stop_run_client": ""}, "Nothing was done"),
        ({"stop_run_reason": " "}, "Nothing was done"),
        ({"stop_run_entity": "client"}, "value of stop_run_entity must be one of"),
        ({"stop_run_server": "netapp_bluexp", "stop_run_job": "f99e6ca2"}, "cannot have its jobs stopped"),
        ({"stop_run_job": "nakivo:sim:definition:19"}, "uid"),
    ],
)
def test_anything_else_stops_nothing(change, message, simulator, runbooks):
    written = len(simulator.log.writes())
    wanted = {
        "stop_run_server": "commvault",
        "stop_run_job": "10484",
        "stop_run_client": "ma-zrh-02",
        "stop_run_reason": "Test",
        **change,
    }
    _recap, output = runbooks.run("stop_run", good=False, **wanted)
    assert message in output, output
    assert len(simulator.log.writes()) == written
