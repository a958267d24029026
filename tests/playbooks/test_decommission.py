# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""decommission on all products: deletes exactly what was approved, refuses all else, and says what stays."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks, published

PRODUCTS = {"commvault", "nakivo", "netapp_bluexp", "veeam_m365"}
COMMVAULT = ("--limit", "commvault")
NAKIVO = ("--limit", "nakivo")


@pytest.fixture
def simulator():
    with Simulator(speed=0) as sim:
        yield sim


@pytest.fixture
def runbooks(simulator, tmp_path):
    return Runbooks(simulator, tmp_path)


@pytest.fixture
def leaving(tmp_path):
    """A client of Commvault, NAKIVO and BlueXP each, and a job of Veeam."""
    return {
        "decommission_evidence_dir": str(tmp_path / "evidence"),
        "decommission_operator": "j.muster",
        "decommission_reason": "CHG0031337",
        "decommission_clients": ["old-intranet", "fs-01", "gva_home"],
        "decommission_names": ["Fabrikam OneDrive"],
        "decommission_guards": ["dependents"],
    }


@pytest.fixture
def intranet(leaving):
    return {**leaving, "decommission_clients": ["old-intranet"], "decommission_names": []}


def evidence(variables, host="commvault"):
    path = Path(variables["decommission_evidence_dir"]) / f"decommission@{host}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def deleted(simulator):
    """``{(job, copy)}`` of what is gone from Commvault's copies."""
    marks = simulator["commvault"].state()["copy_marks"]
    return {(mark["job_id"], mark["copy_id"]) for mark in marks if mark["deleted"]}


def disabled(simulator):
    """What is disabled of all that leaves in these tests."""
    found = {one["id"] for one in simulator["commvault"].state()["disabled"] if one["id"] == 147}
    job = simulator["nakivo"].state()["jobs"]["26"]
    found |= {"fs-01"} if not any(job["schedules"]) else set()
    for volume in simulator["netapp_bluexp"].state()["volumes"].values():
        found |= {"gva_home"} if volume["name"] == "gva_home" and not volume["enabled"] else set()
    for job in simulator["veeam_m365"].state()["jobs"].values():
        found |= {"Fabrikam OneDrive"} if job["name"] == "Fabrikam OneDrive" and not job["enabled"] else set()
    return found


def writes(simulator):
    return len(simulator.log.writes())


def test_plan_approve_delete(simulator, runbooks, leaving):
    before = deleted(simulator)
    recap, output = runbooks.run("decommission", **leaving)
    ids = published(output, "decommission_plan_ids")
    assert set(ids) == PRODUCTS and not any(row["changed"] for row in recap.values())
    assert "commvault:sim:run:10474" in output and "nakivo:sim:definition:26" in output
    assert writes(simulator) == 0 and not Path(leaving["decommission_evidence_dir"]).exists()

    delete = {**leaving, "decommission_phase": "delete"}
    _recap, output = runbooks.run("decommission", good=False, **delete)
    assert all("nothing is approved for " + host in output for host in PRODUCTS)
    assert writes(simulator) == 0 and disabled(simulator) == set()

    delete["decommission_plan_ids"] = ids
    assert runbooks.changed("decommission", "--check", **delete) == PRODUCTS
    assert writes(simulator) == 0 and not Path(leaving["decommission_evidence_dir"]).exists()

    recap, output = runbooks.run("decommission", **delete)
    assert {host for host, row in recap.items() if row["changed"]} == PRODUCTS
    assert disabled(simulator) == {147, "fs-01", "gva_home", "Fabrikam OneDrive"}
    gone = deleted(simulator) - before
    assert gone == {(job, copy) for job in (10474, 10400, 10254, 10236) for copy in (9, 10)} | {
        (10474, 11),
        (10236, 11),
    }
    assert "no call of the product is known that deletes it" in output

    lines = evidence(leaving)
    assert [(line["uid"], line["status"]) for line in lines if line["operation"] == "disable"] == [
        ("commvault:sim:definition:147", "changed")
    ]
    of_data = [line for line in lines if line["operation"] == "delete" and line["status"] == "changed"]
    assert {(int(line["uid"].rpartition(":")[2]), int(line["copy_id"])) for line in of_data} == gone
    assert len(of_data) == len(gone) and all(
        line["before"]["on_copy"] and not line["after"]["on_copy"] for line in of_data
    )
    assert {(line["reason"], line["operator"], line["account"], line["plan_id"]) for line in lines} == {
        ("CHG0031337", "j.muster", "admin", ids["commvault"])
    }
    for host in PRODUCTS - {"commvault"}:
        assert [(line["operation"], line["status"]) for line in evidence(leaving, host)] == [
            ("disable", "changed"),
            ("delete", "unsupported"),
        ]
    files = Path(leaving["decommission_evidence_dir"]).iterdir()
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}

    written = writes(simulator)
    assert runbooks.changed("decommission", **delete) == set()
    assert writes(simulator) == written


def test_the_guards_are_on(simulator, runbooks, leaving):
    del leaving["decommission_guards"]
    recap, output = runbooks.run("decommission", good=False, **leaving)
    assert {host for host, row in recap.items() if row["failed"]} == {"commvault"}
    assert "newest successful backup of its kind" in output and "commvault" not in published(
        output, "decommission_plan_ids"
    )
    # The whole client goes from every copy, so no other copy keeps it either.
    _recap, output = runbooks.run("decommission", good=False, **{**leaving, "decommission_guards": ["only_copy"]})
    assert "No other copy holds it" in output
    assert writes(simulator) == 0


def test_what_moved_since_the_approval_is_refused(simulator, runbooks, intranet):
    _recap, output = runbooks.run("decommission", *COMMVAULT, **intranet)
    delete = {
        **intranet,
        "decommission_phase": "delete",
        "decommission_plan_ids": published(output, "decommission_plan_ids"),
    }

    def refused(words, **change):
        before = deleted(simulator)
        for check in ([], ["--check"]):
            _recap, output = runbooks.run("decommission", *COMMVAULT, *check, good=False, **{**delete, **change})
            assert words in output
        assert writes(simulator) == 0 and disabled(simulator) == set() and deleted(simulator) == before
        assert not Path(intranet["decommission_evidence_dir"]).exists()

    refused("what leaves service now is not what was approved", decommission_clients=["old-intranet", "print-01"])
    refused("is not what was approved", decommission_guards=[])
    simulator["commvault"].control("mark", {"job_id": 10400, "copy_id": 10, "copied_at": 1790000000})
    refused("is not what was approved")

    # A backup since the approval.
    job = simulator["commvault"].control("start", {"subclient_id": 147, "duration": 60})
    refused("It is running: stop it first")
    simulator["commvault"].control("finish", {"job_id": job})
    refused("is not what was approved")


def test_what_is_held_is_refused(simulator, runbooks, intranet):
    _recap, output = runbooks.run("decommission", *COMMVAULT, **intranet)
    delete = {
        **intranet,
        "decommission_phase": "delete",
        "decommission_plan_ids": published(output, "decommission_plan_ids"),
    }
    simulator["commvault"].control("mark", {"job_id": 10236, "copy_id": 11, "held": True, "held_until": 1990742400})
    for variables in (intranet, delete, {**delete, "decommission_plan_ids": {"commvault": "unreviewed"}}):
        _recap, output = runbooks.run("decommission", *COMMVAULT, good=False, **variables)
        assert "On hold" in output and "commvault:sim:run:10236" in output
    assert writes(simulator) == 0 and disabled(simulator) == set()


def test_disable_first_and_delete_later(simulator, runbooks, intranet):
    before = deleted(simulator)
    _recap, output = runbooks.run("decommission", *COMMVAULT, **intranet)
    ids = published(output, "decommission_plan_ids")
    assert runbooks.changed("decommission", *COMMVAULT, **intranet, decommission_phase="disable") == {"commvault"}
    assert disabled(simulator) == {147} and deleted(simulator) == before
    assert [(line["operation"], line["status"]) for line in evidence(intranet)] == [("disable", "changed")]
    assert runbooks.changed("decommission", *COMMVAULT, **intranet, decommission_phase="disable") == set()

    # The second copy fails: what was done until then stands in the evidence.
    simulator.faults.add("status", product="commvault", status=500, writes=True, path="JobOperations", after=1, times=1)
    delete = {**intranet, "decommission_phase": "delete"}
    runbooks.run("decommission", *COMMVAULT, good=False, **delete, decommission_plan_ids=ids)
    gone = deleted(simulator) - before
    lines = [line for line in evidence(intranet) if line["operation"] == "delete"]
    done = {
        (int(line["uid"].rpartition(":")[2]), int(line["copy_id"])) for line in lines if line["status"] == "changed"
    }
    assert gone and done == gone and "failed" in {line["status"] for line in lines}

    # The rest is another plan, and only the person at the keyboard may do without one.
    runbooks.run("decommission", *COMMVAULT, good=False, **delete, decommission_plan_ids=ids)
    assert deleted(simulator) - before == gone
    runbooks.run("decommission", *COMMVAULT, **delete, decommission_plan_ids={"commvault": "unreviewed"})
    assert len(deleted(simulator) - before) == 10


def test_others_keep_their_backup(simulator, runbooks, leaving):
    schedules = {id: job["schedules"] for id, job in simulator["nakivo"].state()["jobs"].items()}
    shared = {
        **leaving,
        "decommission_clients": ["sql-prod-01"],
        "decommission_names": [],
        "decommission_phase": "disable",
    }
    _recap, output = runbooks.run("decommission", *NAKIVO, good=False, **shared)
    assert "protect others, too: nakivo:sim:definition:3, nakivo:sim:definition:1" in output
    assert runbooks.changed("decommission", *NAKIVO, **shared, decommission_shared="skip") == set()

    twice = {**shared, "decommission_clients": [], "decommission_names": ["File server backup"]}
    _recap, output = runbooks.run("decommission", *NAKIVO, good=False, **twice)
    assert "File server backup (nakivo:sim:definition:26, nakivo:sim:definition:27)" in output
    assert {id: job["schedules"] for id, job in simulator["nakivo"].state()["jobs"].items()} == schedules
    one = {**twice, "decommission_names": [], "decommission_uids": ["nakivo:sim:definition:26"]}

    _recap, output = runbooks.run("decommission", *NAKIVO, good=False, **one, decommission_nakivo={})
    assert "disable_by" in output and writes(simulator) == 0
    unsupported = {**one, "decommission_nakivo": {}, "decommission_unsupported": "warn"}
    assert runbooks.changed("decommission", *NAKIVO, **unsupported) == set()
    assert [line["status"] for line in evidence(leaving, "nakivo")] == ["unsupported"]
    assert runbooks.changed("decommission", *NAKIVO, **one) == {"nakivo"}
    assert disabled(simulator) == {"fs-01"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"decommission_clients": [], "decommission_names": []}, "name what leaves service"),
        ({"decommission_clients": ["old-intranet", "nobody-01"]}, "No server knows nobody-01"),
        ({"decommission_phase": "delete", "decommission_reason": ""}, "decommission_reason: not given"),
    ],
)
def test_nothing_is_done_that_is_not_asked(simulator, runbooks, leaving, change, words):
    _recap, output = runbooks.run("decommission", good=False, **{**leaving, **change})
    assert words in output and writes(simulator) == 0
