# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""job_action on Commvault's levels above subclients, up to the whole CommCell, as a task would use it."""

from __future__ import annotations

import pytest
from cases import CASES, Case

from simulator import Simulator

#: scope -> what names it in a task, and how the simulator calls it.
SCOPES = {
    "client": ({"names": ["sql-prod-01"]}, "client"),
    "client_group": ({"job_ids": ["7"]}, "group"),
    "commcell": ({}, "commcell"),
}


@pytest.fixture(params=["commvault", "commvault-classic"])
def case(request):
    with Simulator(
        products=("commvault",), options={"commvault": CASES[request.param].get("switches", {})}
    ) as simulator:
        yield Case(request.param, simulator)


@pytest.fixture
def modern():
    with Simulator(products=("commvault",)) as simulator:
        yield Case("commvault", simulator)


def disabled(case, kind):
    rows = case.simulator["commvault"].state()["disabled"]
    return {row["id"]: row["again_at"] for row in rows if row["kind"] == kind and row["activity"] == 1}


def scoped(scope, **more):
    return {"commvault": {"scope": scope, **more}, **SCOPES[scope][0]}


@pytest.mark.parametrize("scope", SCOPES)
def test_disable_and_restore(modern, scope):
    kind = SCOPES[scope][1]
    before = disabled(modern, kind)
    predicted = modern.act("disabled", check=True, **scoped(scope))
    assert predicted["changed"] and not modern.writes(), predicted.get("msg")
    off = modern.act("disabled", reason="CHG7", **scoped(scope))
    assert not off.get("failed"), off["msg"]
    (outcome,) = off["outcomes"]
    assert (outcome["entity"], outcome["changed"]) == (scope, True)
    assert (outcome["before"]["enabled"], outcome["after"]["enabled"]) == (True, False)
    assert outcome["uid"] == predicted["outcomes"][0]["uid"] == "commvault:sim:{0}:{1}".format(scope, outcome["id"])
    assert [(entry["uid"], entry["operation"], entry["reason"]) for entry in off["audit"]] == [
        (outcome["uid"], "disable", "CHG7")
    ]
    assert off["diff"]["after"] == {outcome["uid"]: {"enabled": False}}
    assert set(disabled(modern, kind)) == {*before, int(outcome["id"])}
    again = modern.act("disabled", **scoped(scope))
    assert (again["changed"], len(modern.writes())) == (False, 1)
    back = modern.act(restore_from=off["outcomes"], commvault={"scope": scope})
    assert not back.get("failed"), back["msg"]
    assert [one["changed"] for one in back["outcomes"]] == [True]
    assert disabled(modern, kind) == before
    twice = modern.act(restore_from=off["outcomes"], commvault={"scope": scope})
    assert (twice["changed"], len(modern.writes())) == (False, 2)


def test_what_was_off_on_purpose_stays_off(modern):
    modern.simulator["commvault"].control_disable("commcell", 2)
    off = modern.act("disabled", **scoped("commcell"))
    assert off["changed"] is False
    back = modern.act(restore_from=off["outcomes"], commvault={"scope": "commcell"})
    assert (back["changed"], back["outcomes"]) == (False, [])
    assert disabled(modern, "commcell") == {2: 0}
    assert not modern.writes()


@pytest.mark.parametrize("scope", SCOPES)
def test_the_server_ends_the_window(modern, scope):
    off = modern.act("disabled", **scoped(scope, enable_after="2h"))
    assert off["changed"] is True, off.get("msg")
    id = int(off["outcomes"][0]["id"])
    assert disabled(modern, SCOPES[scope][1])[id] > 0
    modern.simulator.clock.advance(7100)
    assert modern.act("disabled", check=True, **scoped(scope))["changed"] is False
    modern.simulator.clock.advance(200)
    assert modern.act("enabled", check=True, **scoped(scope))["changed"] is False
    assert id not in disabled(modern, SCOPES[scope][1])
    assert len(modern.writes()) == 1
    back = modern.act(restore_from=off["outcomes"], commvault={"scope": scope})
    assert (back["changed"], back["outcomes"][0]["status"]) == (False, "unchanged")


def test_a_window_of_a_subclient_and_of_a_client(case):
    (job,) = case.idle()
    clock = case.simulator.clock
    windows = (
        {"uids": [job["uid"]], "commvault": {"enable_after": "2h"}},
        {"names": [job["workload"]["client"]], "commvault": {"scope": "client", "enable_after": "5h"}},
    )
    for window in windows:
        off = case.act("disabled", **window)
        assert off["changed"] is True, off.get("msg")
        assert len(case.writes()) == 1
        case.simulator.log.clear()
        clock.advance(3 * 3600)
        window["commvault"] = {name: value for name, value in window["commvault"].items() if name == "scope"} or None
        assert case.act("enabled", check=True, **window)["changed"] is False


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("scope", SCOPES)
def test_a_lost_answer_switches_once(modern, scope, fault):
    modern.simulator.faults.add(fault, product="commvault", writes=True)
    off = modern.act("disabled", **scoped(scope))
    assert not off.get("failed"), off["msg"]
    assert off["outcomes"][0]["status"] == "changed"
    assert len([entry for entry in modern.writes() if entry.done]) == 1
    assert int(off["outcomes"][0]["id"]) in disabled(modern, SCOPES[scope][1])


@pytest.mark.parametrize(
    ("state", "arguments", "words"),
    [
        ("started", {"commvault": {"scope": "client"}, "job_ids": ["14"]}, "commvault.scope"),
        ("stopped", {"commvault": {"scope": "commcell"}}, "commvault.scope"),
        ("suspended", {"commvault": {"enable_after": "2h"}, "job_ids": ["1"]}, "commvault.enable_after"),
        ("enabled", {"commvault": {"scope": "commcell", "enable_after": "2h"}}, "commvault.enable_after"),
        ("disabled", {"commvault": {"scope": "commcell", "enable_after": "2020-01-01"}}, "commvault.enable_after"),
        ("disabled", {"commvault": {"scope": "commcell"}, "job_ids": ["2"]}, "takes no ids"),
        ("disabled", {"commvault": {"scope": "client"}}, "job_ids: not given"),
        ("disabled", {"job_ids": ["14"]}, "acts on definitions"),
    ],
)
def test_refused_before_any_request(modern, state, arguments, words):
    refused = modern.act(state, **arguments)
    assert refused["error"]["kind"] == "invalid" and words in refused["msg"], refused["msg"]
    assert not modern.simulator.log.entries()


def test_ids_of_a_level_need_no_entity(modern):
    off = modern.act("disabled", job_ids=["7"], commvault={"scope": "subclient"})
    assert [outcome["uid"] for outcome in off["outcomes"]] == ["commvault:sim:definition:7"]
    missing = modern.act("disabled", job_ids=["99999"], commvault={"scope": "client"})
    assert missing["error"]["kind"] == "not_found" and "99999" in missing["msg"]
    missing = modern.act("disabled", names=["no such client"], commvault={"scope": "client"})
    assert missing["error"]["kind"] == "not_found" and "no such client" in missing["msg"]


def test_outcomes_of_one_level_are_never_put_back_on_another(modern):
    group = modern.act("disabled", **scoped("client_group"))["outcomes"]
    written = len(modern.writes())
    for options in (None, {"scope": "client"}, {"scope": "commcell"}):
        refused = modern.act(restore_from=group, commvault=options)
        assert refused["failed"] and refused["error"]["kind"] in ("invalid", "not_found"), refused
        assert group[0]["uid"] in refused["msg"] or "no such" in refused["msg"]
    assert len(modern.writes()) == written
    assert 7 in disabled(modern, "group")


def test_what_needs_a_newer_release(case):
    if case.name == "commvault":
        pytest.skip("this one is new enough")
    for scope in ("client_group", "commcell"):
        refused = case.act("disabled", **scoped(scope))
        assert refused["error"]["kind"] == "unsupported" and "11.32" in refused["error"]["hint"]
        lenient = case.act("disabled", unsupported="warn", **scoped(scope))
        assert not lenient.get("failed") and lenient["warnings"]
    assert not case.writes()
