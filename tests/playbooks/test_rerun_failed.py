# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rerun_failed on all products: only what failed last, within every limit."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks

PRODUCTS = {"commvault", "nakivo", "netapp_bluexp", "veeam_m365"}


@pytest.fixture
def simulator():
    # The clock stands still: what is started stays under way.
    with Simulator(speed=0) as sim:
        yield sim


@pytest.fixture
def runbooks(simulator, tmp_path):
    return Runbooks(simulator, tmp_path)


@pytest.fixture
def rerun(tmp_path):
    return {
        "rerun_failed_dir": str(tmp_path / "attempts"),
        "rerun_failed_maintenance_dir": str(tmp_path / "state"),
        "rerun_failed_wait": False,
        "rerun_failed_throttle": 0,
    }


def starts(simulator):
    return {name: len(simulator.log.writes(name)) for name in PRODUCTS}


def test_only_what_failed_is_started_and_once(simulator, runbooks, rerun):
    assert runbooks.changed("rerun_failed", "--check", **rerun) == PRODUCTS
    assert set(starts(simulator).values()) == {0}
    assert not Path(rerun["rerun_failed_dir"]).exists()

    assert runbooks.changed("rerun_failed", **rerun, rerun_failed_reason="Night of the storm") == PRODUCTS
    first = starts(simulator)
    assert first == {"commvault": 2, "nakivo": 1, "netapp_bluexp": 1, "veeam_m365": 4}
    files = sorted(Path(rerun["rerun_failed_dir"]).iterdir())
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 4
    assert runbooks.changed("rerun_failed", **rerun) == set()
    assert starts(simulator) == first


def test_limits(simulator, runbooks, rerun):
    limit = ("--limit", "veeam_m365")
    runbooks.run("rerun_failed", *limit, **{**rerun, "rerun_failed_limit": 1})
    assert starts(simulator)["veeam_m365"] == 1
    # One at a time of each repository.
    _recap, output = runbooks.run("rerun_failed", *limit, **{**rerun, "rerun_failed_throttle": 1})
    jobs = simulator["veeam_m365"].state()["jobs"]
    assert "its repository or policy is busy" in output
    assert starts(simulator)["veeam_m365"] < 4
    assert sum(job["starts"] for job in jobs.values()) == starts(simulator)["veeam_m365"]


def test_attempts_of_a_night(simulator, runbooks, rerun):
    options, product = ("--limit", "veeam_m365"), simulator["veeam_m365"]
    name = "Fabrikam OneDrive"
    rerun = {**rerun, "rerun_failed_names": [name], "rerun_failed_attempts": 2}
    for _attempt in range(2):
        assert runbooks.changed("rerun_failed", *options, **rerun) == {"veeam_m365"}
        simulator.clock.advance(5)
        product.control("finish", {"job": name, "status": "Failed"})
        product.control("stop", {"job": name})  # it does not wait for the product's own repetition
        product.control("set_status", {"job": name, "status": "Failed", "session": True})
    recap, output = runbooks.run("rerun_failed", *options, **rerun)
    assert recap["veeam_m365"]["changed"] == 0
    assert "it was run again 2 times this night" in output


def test_never_cancelled_disabled_or_under_a_lease(simulator, runbooks, rerun, tmp_path):
    product = simulator["veeam_m365"]
    options = ("--limit", "veeam_m365,commvault")
    failed = [job for job, one in product.state()["jobs"].items() if one["last_status"] == "Failed" and one["enabled"]]
    product.control("enable", {"job": failed[0], "enabled": False})
    product.control("set_status", {"job": failed[1], "status": "Stopped", "session": True})
    folder = tmp_path / "state"
    folder.mkdir()
    lease = {"window": "CHG", "host": "veeam_m365", "until": "2020-01-01T00:00:00Z", "remembered": []}
    lease["covered"] = ["veeam_m365:sim:definition:" + failed[2]]
    (folder / "CHG@veeam_m365.json").write_text(json.dumps(lease), "utf-8")
    lease.update(host="commvault", covered=["commvault:sim:commcell:2"])
    (folder / "CHG@commvault.json").write_text(json.dumps(lease), "utf-8")

    _recap, output = runbooks.run("rerun_failed", *options, **rerun)
    assert {job for job, one in product.state()["jobs"].items() if one["starts"]} == set(failed[3:])
    assert starts(simulator)["commvault"] == 0
    assert "it is disabled" in output and "a maintenance window has it" in output

    runbooks.run("rerun_failed", *options, **rerun, rerun_failed_cancelled=True)
    assert product.state()["jobs"][failed[1]]["starts"] == 1


def test_the_throttle_lets_the_next_round_go(tmp_path):
    with Simulator(products=("veeam_m365",), speed=600) as simulator:
        runbooks = Runbooks(simulator, tmp_path)
        product = simulator["veeam_m365"]
        failed = {
            job for job, one in product.state()["jobs"].items() if one["last_status"] == "Failed" and one["enabled"]
        }
        for job in failed:
            product.control("plan", {"job": job, "runs": [{"outcome": "Success", "seconds": 60}]})
        _recap, output = runbooks.run(
            "rerun_failed", rerun_failed_dir=str(tmp_path / "a"), rerun_failed_maintenance_dir=str(tmp_path / "s"),
            rerun_failed_within="7d", rerun_failed_throttle=4, rerun_failed_wait_interval=1, rerun_failed_wait_timeout=120,
        )  # fmt: skip
        started = {job for job, one in product.state()["jobs"].items() if one["starts"]}
        assert started and started <= failed, output
