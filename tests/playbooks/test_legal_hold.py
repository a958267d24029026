# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""legal_hold on all products: nothing is held that is not asked, nothing is released that is not approved, all is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks, published

REASON = 'Matter 2026-14 "O\'Neil"'


@pytest.fixture
def simulator():
    # The clock stands still: nothing new gets into a window.
    with Simulator(speed=0) as sim:
        yield sim


@pytest.fixture
def runbooks(simulator, tmp_path):
    return Runbooks(simulator, tmp_path)


@pytest.fixture
def window(tmp_path):
    """Of this client only Commvault has runs, and one of them has aged on its first copy."""
    return {
        "legal_hold_evidence_dir": str(tmp_path / "evidence"),
        "legal_hold_operator": "j.muster",
        "legal_hold_reason": REASON,
        "legal_hold_clients": ["web-prod-03"],
        "legal_hold_since": "1970-01-01",
    }


@pytest.fixture
def hold(window):
    return {**window, "legal_hold_state": "hold", "legal_hold_retain_until": "2033-01-31T00:00:00Z"}


def holds(simulator):
    """``{(job, copy): end}`` of what Commvault has on hold, besides the one that it comes with."""
    marks = simulator["commvault"].state()["holds"]
    return {(mark["job_id"], mark["copy_id"]): mark["until"] for mark in marks if mark["job_id"] != 10359}


def evidence(variables, host="commvault"):
    path = Path(variables["legal_hold_evidence_dir"]) / f"legal_hold@{host}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def writes(simulator):
    return len(simulator.log.writes())


def test_hold_plan_release(simulator, runbooks, window, hold):
    assert runbooks.changed("legal_hold", "--check", **hold) == {"commvault"}
    assert writes(simulator) == 0 and not Path(hold["legal_hold_evidence_dir"]).exists()

    _recap, output = runbooks.run("legal_hold", **hold)
    held = holds(simulator)
    assert set(held.values()) == {1990742400} and {copy for _job, copy in held} == {9, 10, 11}
    assert (10173, 9) not in held and (10173, 10) in held, "it has aged on the first copy, and is safe on the second"
    assert "commvault:sim:run:10173, copy Primary" in output
    written = writes(simulator)
    assert written == 3, "one write for each copy"

    path = Path(hold["legal_hold_evidence_dir"]) / "legal_hold@commvault.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    lines = evidence(hold)
    done = {(int(line["uid"].rpartition(":")[2]), int(line["copy_id"])): line for line in lines}
    assert len(done) == len(lines), "one line for each run and copy"
    assert {key for key, line in done.items() if line["status"] == "changed"} == set(held)
    assert [key for key, line in done.items() if line["status"] == "failed"] == [(10173, 9)]
    line = done[10472, 9]
    assert line["reason"] == REASON and line["operator"] == "j.muster" and line["account"] == "admin"
    assert line["operation"] == "retain" and line["until"] == "2033-01-31T00:00:00Z" and line["copy"] == "Primary"
    assert (line["before"]["held"], line["after"]["held"]) == (False, True) and line["host"] == "commvault"
    assert line["platform"] == "commvault" and line["plan_id"] and line["at"].endswith("Z")

    assert runbooks.changed("legal_hold", "--limit", "commvault", **hold) == set()
    assert writes(simulator) == written
    assert {line["status"] for line in evidence(hold)[len(lines) :]} == {"unchanged", "failed"}

    _recap, output = runbooks.run("legal_hold", **{**window, "legal_hold_clients": [], "legal_hold_since": ""})
    assert "commvault:sim:run:10472" in output and "2033-01-31T00:00:00Z" in output and "O'Neil" in output
    assert "commvault:sim:run:10359" in output, "show tells all that is on hold"
    assert "Retention and immutability belong to the repository" in output

    recap, output = runbooks.run("legal_hold", **window, legal_hold_state="plan")
    ids = published(output, "legal_hold_plan_ids")
    assert set(ids) == {"commvault"} and not any(row["changed"] for row in recap.values())
    assert "O'Neil" in output, "the plan tells who asked for the hold"

    release = {**window, "legal_hold_state": "release", "legal_hold_reason": "It is over"}
    only = ("--limit", "commvault")  # of the others nothing is held
    _recap, output = runbooks.run("legal_hold", *only, good=False, **release)
    assert "nothing is approved for commvault" in output
    before = len(evidence(hold))
    assert runbooks.changed("legal_hold", "--check", *only, **release, legal_hold_plan_ids=ids) == {"commvault"}
    assert writes(simulator) == written and len(evidence(hold)) == before and holds(simulator) == held

    assert runbooks.changed("legal_hold", **release, legal_hold_plan_ids=ids) == {"commvault"}
    assert holds(simulator) == {}
    after = evidence(hold)[before:]
    assert {(line["operation"], line["reason"], line["plan_id"]) for line in after if line["status"] == "changed"} == {
        ("do_not_retain", "It is over", ids["commvault"])
    }
    assert sum(line["status"] == "changed" for line in after) == len(held)
    written = writes(simulator)
    assert runbooks.changed("legal_hold", *only, **release, legal_hold_plan_ids=ids) == set()
    assert writes(simulator) == written


def test_a_release_that_moved_is_refused(simulator, runbooks, window, hold):
    options = ("--limit", "commvault")
    runbooks.run("legal_hold", *options, **hold)
    _recap, output = runbooks.run("legal_hold", *options, **window, legal_hold_state="plan")
    ids = published(output, "legal_hold_plan_ids")
    # Somebody prolongs one hold between the plan and the release.
    simulator["commvault"].control("mark", {"job_id": 10472, "copy_id": 9, "held_until": 2000000000})
    held, written, lines = holds(simulator), writes(simulator), len(evidence(hold))
    for check in ([], ["--check"]):
        _recap, output = runbooks.run(
            "legal_hold", *options, *check, good=False, **window, legal_hold_state="release", legal_hold_plan_ids=ids
        )
        assert "is not what was approved" in output
    assert holds(simulator) == held and writes(simulator) == written and len(evidence(hold)) == lines

    # Now it is held longer than asked: a hold of the same runs is content with that, and does not shorten it.
    assert runbooks.changed("legal_hold", *options, **hold) == set()
    assert holds(simulator) == held
    line = [line for line in evidence(hold)[lines:] if line["uid"].endswith(":10472") and line["copy_id"] == "9"]
    assert [one["status"] for one in line] == ["unchanged"]


def test_what_cannot_be_held_is_told(simulator, runbooks, hold):
    hold["legal_hold_clients"] = ["sql-prod-01", "dept_finance"]
    recap, output = runbooks.run("legal_hold", good=False, **hold)
    failed = {host for host, row in recap.items() if row["failed"]}
    assert failed == {"nakivo", "netapp_bluexp"}, "products that have runs of these clients and hold none"
    assert "set that retention in the job" in output and "set retention and object lock in that policy" in output
    assert holds(simulator), "the others do not keep Commvault from holding"
    for host in failed:
        lines = evidence(hold, host)
        assert lines and {line["status"] for line in lines} == {"unsupported"}
        assert {line["uid"].partition(":")[0] for line in lines} == {host}
    # A run that is still queued is on no copy yet.
    assert "skipped" in {line["status"] for line in evidence(hold)}

    recap, output = runbooks.run("legal_hold", **hold, legal_hold_unsupported="warn")
    assert "set that retention in the job" in output and not any(row["failed"] for row in recap.values())
    _recap, output = runbooks.run("legal_hold", **hold, legal_hold_unsupported="skip")
    assert "set that retention in the job" not in output


def test_a_hold_that_comes_too_late_fails_after_the_others_are_held(simulator, runbooks, hold):
    for copy in (10, 11):
        simulator["commvault"].control("mark", {"job_id": 10173, "copy_id": copy, "deleted": True})
    options = ("--limit", "commvault")
    _recap, output = runbooks.run("legal_hold", *options, "--check", good=False, **hold)
    assert "too late for 1 runs" in output and writes(simulator) == 0
    _recap, output = runbooks.run("legal_hold", *options, good=False, **hold)
    assert "too late for 1 runs" in output and "commvault:sim:run:10173" in output
    assert (10472, 9) in holds(simulator) and not any(job == 10173 for job, _copy in holds(simulator))
    lines = [line for line in evidence(hold) if line["uid"].endswith(":10173")]
    assert {line["status"] for line in lines} == {"failed"} and len(lines) == 3
    recap, _output = runbooks.run("legal_hold", *options, **hold, legal_hold_too_late="warn")
    assert recap["commvault"]["changed"] == 0


def test_a_failure_half_way_leaves_its_evidence(simulator, runbooks, hold):
    options = ("--limit", "commvault")
    simulator.faults.add("status", product="commvault", status=500, writes=True, path="JobOperations", after=1, times=1)
    runbooks.run("legal_hold", *options, good=False, **hold)
    held = holds(simulator)
    assert {copy for _job, copy in held} != {9, 10, 11} and held
    statuses = {(int(line["uid"].rpartition(":")[2]), int(line["copy_id"])): line["status"] for line in evidence(hold)}
    assert {key for key, status in statuses.items() if status == "changed"} == set(held)
    assert (10472, 10) in statuses and statuses[10472, 10] == "failed"
    runbooks.run("legal_hold", *options, **hold)
    assert (10472, 10) in holds(simulator)


def test_by_ids(simulator, runbooks, hold):
    named = {**hold, "legal_hold_clients": [], "legal_hold_since": ""}
    # All that follows a full: the full is held with it.
    by_uid = {**named, "legal_hold_uids": ["commvault:sim:run:10472"], "legal_hold_copies": ["Secondary"]}
    assert runbooks.changed("legal_hold", **by_uid) == {"commvault"}
    held = holds(simulator)
    assert {copy for _job, copy in held} == {10} and {10472, 10090} <= {job for job, _copy in held}
    added = {line["uid"] for line in evidence(hold) if line["added_for"] == ["10472"]}
    assert "commvault:sim:run:10090" in added and "commvault:sim:run:10472" not in added

    _recap, output = runbooks.run("legal_hold", good=False, **named, legal_hold_job_ids=["10444"])
    assert "ids are those of one server" in output
    runbooks.run("legal_hold", "--limit", "commvault", **named, legal_hold_job_ids=["10444"])
    assert (10444, 9) in holds(simulator)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"legal_hold_reason": " "}, "legal_hold_reason: not given"),
        ({"legal_hold_since": ""}, "legal_hold_since: not given"),
        ({"legal_hold_uids": ["commvault:sim:run:10472"]}, "go neither together nor with clients"),
        ({"legal_hold_retain_until": ""}, "legal_hold_retain_until: not given"),
        ({"legal_hold_clients": ["web-prod-03", "nobody-01"]}, "No run in the window of nobody-01 on any server"),
    ],
)
def test_nothing_is_held_that_is_not_asked(simulator, runbooks, hold, change, words):
    _recap, output = runbooks.run("legal_hold", good=False, **{**hold, **change})
    assert words in output
    assert holds(simulator) == {} and writes(simulator) == 0


def test_an_empty_selection_may_be_allowed(simulator, runbooks, hold):
    hold["legal_hold_clients"] = ["nobody-01"]
    assert runbooks.changed("legal_hold", **hold, legal_hold_allow_empty=True) == set()
    assert writes(simulator) == 0
