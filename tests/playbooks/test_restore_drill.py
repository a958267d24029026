# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""restore_drill on all products: what opens is closed, whatever fails, and all of it is written down."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import PASSWORD, SECRET, Runbooks, kill, needs_proc

#: Products with sessions that must be closed, and the requests that open and end one.
SESSIONS = ("nakivo", "veeam_m365")
OPENS, ENDS = "/explore|createSession", "/Stop$|closeSession"


@pytest.fixture
def simulator():
    # The clock stands still, so no session ends by itself.
    with Simulator(products=("commvault", *SESSIONS), speed=0) as sim:
        yield sim


@pytest.fixture
def runbooks(simulator, tmp_path):
    return Runbooks(simulator, tmp_path)


@pytest.fixture
def drill(tmp_path):
    return {
        "restore_drill_dir": str(tmp_path / "notes"),
        "restore_drill_evidence_dir": str(tmp_path / "evidence"),
        "restore_drill_close_delay": 0,
    }


BOTH = ("--limit", "nakivo,veeam_m365")


def opened(simulator):
    """Sessions that are open, by the simulator's own word: ``{(product, id)}``; not those of other accounts."""
    found = set()
    if "nakivo" in simulator.products:
        rows = simulator["nakivo"].state()["recoveries"]
        found |= {("nakivo", id) for id, row in rows.items() if row["state"] != "CLOSED"}
    rows = simulator["veeam_m365"].state()["restore_sessions"]
    found |= {
        ("veeam_m365", id) for id, row in rows.items() if row["ended"] is None and row["account"].endswith("\\admin")
    }
    return found


def evidence(drill):
    """The lines of each server."""
    folder = Path(drill["restore_drill_evidence_dir"])
    return {
        path.stem.partition("@")[2]: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in folder.glob("restore_drill@*.jsonl")
    }


def notes(drill):
    return {path.stem: json.loads(path.read_text("utf-8")) for path in Path(drill["restore_drill_dir"]).glob("*.json")}


def test_every_product_twice_and_in_check_mode(tmp_path, drill):
    with Simulator(speed=30) as simulator:
        runbooks = Runbooks(simulator, tmp_path)
        _recap, output = runbooks.run("restore_drill", "--check", **drill)
        assert simulator.log.writes() == []
        assert not Path(drill["restore_drill_dir"]).exists() and not evidence(drill)
        assert output.count("It would be opened: ") == 3
        assert "Not drilled: Commvault browses without a session." in output

        for turn in (1, 2):
            _recap, output = runbooks.run("restore_drill", **drill, restore_drill_reason="Night 14")
            assert output.count("Passed: ") == 3
            lines = evidence(drill)
            assert {name: len(rows) for name, rows in lines.items()} == dict.fromkeys(simulator.products, turn)
            assert not opened(simulator) and not notes(drill)

        assert {name: rows[-1]["status"] for name, rows in lines.items()} == {
            "commvault": "not_drilled", "nakivo": "passed", "netapp_bluexp": "passed", "veeam_m365": "passed",
        }  # fmt: skip
        for name in ("nakivo", "netapp_bluexp", "veeam_m365"):
            first, second = lines[name]
            assert first["session_id"] != second["session_id"]
            assert second["platform"] == name and second["reason"] == "Night 14" and second["account"]
            assert second["uid"].startswith(name + ":sim") and second["source"]["id"]
            assert second["checks"] == ["open", "age"] and second["message"] is None is second["step"]
            assert second["recovery_point"]["created_at"] or second["point_in_time"]
            assert second["opened_at"] <= second["at"]
            if name == "netapp_bluexp":
                assert (second["closing"], second["closed_at"]) == ("nothing_to_close", None)
            else:
                assert second["closing"] == "closed" and second["opened_at"] <= second["closed_at"] <= second["at"]

        folder = Path(drill["restore_drill_evidence_dir"])
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert Path(drill["restore_drill_dir"]).stat().st_mode & 0o777 == 0o700
        text = "".join(path.read_text("utf-8") for path in folder.iterdir())
        for secret in (PASSWORD, SECRET):
            assert secret not in text and json.dumps(secret)[1:-1] not in text


LOOK = """
- name: Look into the session
  ansible.builtin.assert:
    that: {that}
    fail_msg: The mailbox of the board is missing.
"""
BREAK = """
- name: Make the evidence impossible to write
  ansible.builtin.file:
    path: "{{ restore_drill_evidence_dir }}/restore_drill@{{ inventory_hostname }}.jsonl"
    state: directory
    mode: "0700"
  delegate_to: localhost
"""

#: What goes wrong -> faults, variables of the play, tasks that look into the session, and what the evidence says then.
FAILURES = {
    "the request to open is lost": ({"kind": "drop_before", "path": OPENS}, {}, None, "open"),
    "opening is refused": ({"kind": "status", "status": 500, "path": OPENS}, {}, None, "open"),
    "the backup is too old": (None, {"restore_drill_max_age": "1s"}, None, "check"),
    "a check fails": (None, {}, LOOK.format(that="false"), "check"),
    "closing is refused once": ({"kind": "status", "path": ENDS}, {}, None, None),
    "the request to close is lost": ({"kind": "drop_before", "path": ENDS}, {}, None, None),
    "the answer to closing is lost": ({"kind": "drop_after", "path": ENDS}, {}, LOOK.format(that="true"), None),
    "the evidence cannot be written": (None, {}, BREAK, "evidence"),
}


def by_turns(failures):
    """Each failure with one of the products: what the role does about it knows no product."""
    return [(failure, SESSIONS[number % len(SESSIONS)]) for number, failure in enumerate(failures)]


@pytest.mark.parametrize(("failure", "product"), by_turns(FAILURES))
def test_no_session_is_left_after_a_failure_at_each_step(failure, product, simulator, runbooks, drill, tmp_path):
    fault, variables, tasks, step = FAILURES[failure]
    limit = ("--limit", product)
    if tasks:
        (tmp_path / "checks.yml").write_text("---" + tasks, "utf-8")
        variables = {**variables, "restore_drill_check_tasks": str(tmp_path / "checks.yml")}
    if fault:
        simulator.faults.add(product=product, **fault)
    recap, output = runbooks.run("restore_drill", *limit, good=step is None, **drill, **variables)
    assert not opened(simulator), output
    assert simulator.log.writes(product)
    assert bool(recap[product]["failed"]) is bool(step)
    if step == "evidence":
        assert "the evidence could not be written" in output, output
        return
    row = evidence(drill)[product][-1]
    assert (row["status"], row["step"]) == ("failed" if step else "passed", step)
    assert bool(row["message"]) is bool(step)
    assert row["closing"] == ("not_opened" if step == "open" else "closed")
    if tasks and step is None:
        assert row["checks"] == ["open", "age", "tasks"]
    assert set(notes(drill)) == ({product} if step == "open" else set())
    if step == "open":  # What was perhaps opened after all is looked for by the next one.
        simulator.faults.clear()
        runbooks.run("restore_drill", *limit, **drill)
        assert not opened(simulator) and not notes(drill)


def test_a_lost_answer_to_opening(simulator, runbooks, drill):
    for product in SESSIONS:
        simulator.faults.add("drop_after", product=product, path=OPENS)
    _recap, output = runbooks.run("restore_drill", *BOTH, good=False, **drill)
    # Veeam lists its sessions, so the one was found. Nobody can find that of NAKIVO: it ends when nobody asks for its state.
    assert evidence(drill)["veeam_m365"][-1]["status"] == "passed", output
    assert evidence(drill)["nakivo"][-1]["step"] == "open"
    simulator.clock.advance(90)
    assert not opened(simulator)


def test_what_could_not_be_closed_is_swept_up(simulator, runbooks, drill):
    product, limit = "veeam_m365", ("--limit", "veeam_m365")
    simulator.faults.add("status", product=product, path=ENDS, times=-1)
    _recap, output = runbooks.run("restore_drill", *limit, good=False, **drill, restore_drill_close_retries=0)
    left = opened(simulator)
    (row,) = evidence(drill)[product]
    assert (row["status"], row["step"], row["closing"], row["closed_at"]) == ("failed", "close", "failed", None)
    assert left == {(product, row["session_id"])} and set(notes(drill)) == {product}
    assert "Still open: " in output

    simulator.faults.clear()
    sweep = {**drill, "restore_drill_sweep_only": True}
    assert runbooks.changed("restore_drill", *limit, "--check", **sweep) == {product}
    assert opened(simulator) == left
    runbooks.run("restore_drill", *limit, **sweep)
    assert not opened(simulator) and not notes(drill)
    rows = evidence(drill)[product]
    assert [row["status"] for row in rows] == ["failed", "swept"]
    assert (product, rows[-1]["session_id"]) in left and rows[-1]["closing"] == "closed"
    assert runbooks.changed("restore_drill", *limit, **sweep) == set()


LOOK_LONG = """
- name: Tell that the session is open
  ansible.builtin.copy:
    content: here
    dest: "{marker}"
    mode: "0600"
  delegate_to: localhost

- name: Look into it for long
  ansible.builtin.pause:
    seconds: 300
"""


@needs_proc
@pytest.mark.parametrize("product", SESSIONS)
def test_a_play_that_is_killed_is_swept_up(product, simulator, runbooks, drill, tmp_path):
    (tmp_path / "checks.yml").write_text(LOOK_LONG.format(marker=tmp_path / "looking"), "utf-8")
    limit = ("--limit", product)
    process = runbooks.start("restore_drill", *limit, **drill, restore_drill_check_tasks=str(tmp_path / "checks.yml"))
    try:
        _until((tmp_path / "looking").exists, process)
    finally:
        kill(process)
    (left,) = opened(simulator)
    runbooks.run("restore_drill", *limit, **drill, restore_drill_sweep_only=True)
    assert not opened(simulator) and not notes(drill)
    (row,) = evidence(drill)[product]
    assert (row["status"], row["session_id"]) == ("swept", left[1])


@needs_proc
def test_a_play_that_is_killed_before_it_knows_its_session(simulator, runbooks, drill):
    product, limit = "veeam_m365", ("--limit", "veeam_m365")
    simulator.faults.add("latency", product=product, path=OPENS, seconds=3)
    process = runbooks.start("restore_drill", *limit, **drill)
    try:
        # The record of a session is written right before the request goes out.
        _until(lambda: list(Path(drill["restore_drill_dir"]).glob("*.sessions/restore-*.json")), process)
        time.sleep(1)
    finally:
        kill(process)
    assert not opened(simulator)
    _until(lambda: opened(simulator))
    # The next drill closes it first.
    _recap, output = runbooks.run("restore_drill", *limit, **drill)
    assert not opened(simulator) and not notes(drill), output
    assert [row["status"] for row in evidence(drill)[product]] == ["swept", "passed"]


def _until(there, process=None):
    deadline = time.monotonic() + 120
    while not there():
        assert time.monotonic() < deadline and (process is None or process.poll() is None), "it never came"
        time.sleep(0.05)


FOREIGN = """
- name: Open another session of the same backup, which is no business of the drill
  backupops.jobs.restore_session:
    state: started
    job_id: "{{ restore_drill_session.source.id }}"
    type: vex
    session_cache_dir: "{{ restore_drill_evidence_dir }}/mine"
"""


def test_what_is_chosen_and_what_is_left_alone(simulator, runbooks, drill, tmp_path):
    veeam = simulator["veeam_m365"]
    hostile = {"restore_drill_names": ["*raw*"]}
    runbooks.run("restore_drill", *BOTH, **drill, **hostile)
    assert [row["name"] for row in evidence(drill)["nakivo"]] == ["{{ 7*7 }} {% raw %}nightly"]
    assert [row["name"] for row in evidence(drill)["veeam_m365"]] == ["{{ 7*7 }} {% raw %}"]

    _recap, output = runbooks.run(
        "restore_drill", *BOTH, good=False, **drill,
        restore_drill_organizations=["northwind.onmicrosoft.com", "no-such-tenant"],
        restore_drill_veeam_m365={"type": "vet", "show_deleted": True},
        restore_drill_point_in_time="30h", restore_drill_max_age="40h",
    )  # fmt: skip
    assert "on no server that can be browsed: no-such-tenant" in output
    row = evidence(drill)["veeam_m365"][-1]
    assert (row["source"]["kind"], row["name"], row["type"]) == ("organization", "northwind.onmicrosoft.com", "vet")
    assert veeam.state()["restore_sessions"][row["session_id"]]["show_deleted"] is True
    assert len(evidence(drill)["nakivo"]) == 1

    (tmp_path / "checks.yml").write_text("---" + FOREIGN, "utf-8")
    runbooks.run(
        "restore_drill", "--limit", "veeam_m365", **drill, restore_drill_newest=2,
        restore_drill_check_tasks=str(tmp_path / "checks.yml"),
    )  # fmt: skip
    assert len(opened(simulator)) == 2 and len(evidence(drill)["veeam_m365"]) == 4
    assert {id for _product, id in opened(simulator)}.isdisjoint(
        row["session_id"] for row in evidence(drill)["veeam_m365"]
    )


def test_what_cannot_be_drilled_is_recorded_and_fails_if_asked(simulator, runbooks, drill):
    written = len(simulator.log.writes())
    _recap, output = runbooks.run(
        "restore_drill", "--limit", "commvault", good=False, **drill, restore_drill_unsupported="fail"
    )
    assert "not drilled: Commvault browses without a session" in output
    runbooks.run("restore_drill", "--limit", "commvault", **drill, restore_drill_unsupported="skip")
    assert [row["status"] for row in evidence(drill)["commvault"]] == ["not_drilled"] * 2

    simulator.faults.add("status", product="veeam_m365", status=500, times=-1)
    _recap, output = runbooks.run("restore_drill", *BOTH, good=False, **drill, restore_drill_job_ids=["4711"])
    assert "restore_drill_job_ids: there are no such jobs: 4711." in output
    for name in SESSIONS:
        (row,) = evidence(drill)[name]
        assert (row["status"], row["step"]) == ("failed", "prepare") and row["message"]
    assert len(simulator.log.writes()) == written
