# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault campaign (tests/campaign) in short: each fault at each write, and a share of the faults at each read."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "campaign"))

from campaign import PRODUCTS, campaign
from scenarios import judge_reading, scenarios, shrink
from stage import FAULTS, Fault, Stage
from table import Table

from ansible_collections.backupops.jobs.plugins.module_utils.errors import LostAnswer
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_action, restore_session


@pytest.mark.parametrize("name", PRODUCTS)
def test_nothing_is_done_twice_and_every_result_is_true(name):
    table, bad = Table(), []
    for verdict in campaign(name, share=8):
        table.add(verdict)
        if verdict.complaints:
            bad.append(str(verdict))
    print("\n".join(table.lines()))
    assert not bad, "\n" + "\n".join(bad)
    assert table.total["succeeded"] > 50 and table.total["failed"] > 50, "the faults do nothing"


# -- the campaign itself: it must notice what it is there for ----------------------------------------------------------


def complaints(name, scenario, fault):
    return [one for verdict in campaign(name, [scenario], [fault]) for one in verdict.complaints]


def test_a_start_that_is_sent_again_blindly_is_noticed(monkeypatch):
    original = job_action._Task._send

    def twice(self, steps):
        original(self, steps)
        if any(isinstance(step.error, LostAnswer) for step in steps):
            original(self, steps)

    monkeypatch.setattr(job_action._Task, "_send", twice)
    assert any("started 2 times" in one for one in complaints("nakivo", "job_action started", "dropped after"))


def test_a_session_that_is_opened_again_blindly_is_noticed(monkeypatch):
    monkeypatch.setattr(restore_session._Task, "_looked_for", lambda self, *_any: self._opened(None))
    assert any("opened" in one for one in complaints("veeam_m365-v8", "restore_session started", "dropped after"))


def test_a_failure_that_hides_what_was_done_is_noticed(monkeypatch):
    original = job_action._Task._report

    def silent(self, steps):
        for step in steps:
            if step.status == "failed":
                step.message = "It did not work."
        original(self, steps)

    monkeypatch.setattr(job_action._Task, "_report", silent)
    assert any("without a doubt" in one for one in complaints("nakivo", "job_action started", "server gone"))


def test_a_success_that_is_none_is_noticed(monkeypatch):
    monkeypatch.setattr(job_action.action_plan, "reached", lambda step, record: True)
    assert any("nothing was done" in one for one in complaints("nakivo", "job_action disabled", "dropped before"))


def test_a_secret_in_a_result_is_noticed(monkeypatch):
    original = job_action._Task._report

    def telling(self, steps):
        original(self, steps)
        self.context.result["token"] = str(self.platform.client.session())

    monkeypatch.setattr(job_action._Task, "_report", telling)
    assert any("secret" in one for one in complaints("nakivo", "job_action disabled", "429"))


#: what a result says falsely -> how it comes to say so, and what the judge must call it
FALSE = {
    "before": (lambda result: result["outcomes"][0]["before"].update(enabled=False), "before says enabled False"),
    "after": (lambda result: result["outcomes"][0]["after"].update(state="idle"), "after says idle"),
    "jobs": (lambda result: result["jobs"][0].update(state="idle"), "the record says idle"),
    "no record": (lambda result: result["jobs"].clear(), "no record in jobs"),
    "run": (lambda result: result["outcomes"][0]["run"].update(state="finished"), "the run says finished"),
    "run of nobody": (lambda result: result["outcomes"][0]["run"].update(id="0"), "the server does not have"),
    "audit": (lambda result: result["audit"].clear(), "the audit does not have"),
    "audit, twice": (lambda result: result["audit"].append(result["audit"][0]), "in the audit twice"),
    "audit, otherwise": (lambda result: result["audit"][0].update(status="failed"), "not the same in the audit"),
    "changed": (lambda result: result.update(changed=False), "changed and the outcomes disagree"),
    "other jobs": (lambda result: result["outcomes"].pop(), "of other jobs than the task"),
}


def test_each_false_word_of_a_result_is_noticed(tmp_path):
    stage = Stage("nakivo", tmp_path)
    shrink(stage.actor)
    (scenario,) = [one for one in scenarios("nakivo") if one.name == "job_action started, three jobs"]
    with stage.open():
        scene = stage.kept(scenario.prepare)
        facts = stage.at(scene, scenario.moves)
        before = scenario.truth(stage, facts)
        true = scenario.act(stage.actor, facts)
        assert scenario.judge(stage, facts, before, true, true) == []
        for falsify, words in FALSE.values():
            told = copy.deepcopy(true)
            falsify(told)
            assert words in "; ".join(scenario.judge(stage, facts, before, told, true))


def test_a_warning_excuses_only_what_it_names():
    true = {"changed": False, "warnings": [], "jobs": [{"uid": "1", "native": {"repository_name": "x"}}]}
    told = copy.deepcopy(true)
    told["warnings"] = ["The names of the repositories are missing: 503."]
    told["jobs"][0]["native"]["repository_name"] = None
    assert judge_reading(None, None, None, told, true) == []
    told["jobs"][0]["uid"] = "2"
    assert judge_reading(None, None, None, told, true) == ["jobs.uid is not what it is without a fault"]
    told = dict(true, warnings=["Something else."])
    assert judge_reading(None, None, None, told, true) == ["a warning of something unknown: Something else."]


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_campaigns_timeout_is_what_a_slow_server_really_causes(name, tmp_path, monkeypatch):
    """The stage makes a timeout of a closed connection, to save the time; here a server truly takes too long."""
    told = []
    for fault, timeout in ((FAULTS["too slow, not done"], 20), (Fault("late", "latency", {"seconds": 1.5}), 1)):
        monkeypatch.setattr("stage.TIMEOUT_S", timeout)
        stage = Stage(name, tmp_path)
        with stage.open():
            (job,) = stage.actor.idle()
            stage.simulator.log.clear()
            stage.actor.info(uids=[job["uid"]], retries=0)
            last = len(stage.simulator.log.entries()) - 2
            stage.break_request(fault, last)
            result = stage.actor.info(uids=[job["uid"]], retries=0)
        told.append((result["error"]["kind"], result["msg"].partition("no answer")[1]))
    assert told[0] == told[1] == ("unreachable", "no answer")
