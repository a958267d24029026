# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""job_action and job_wait mean the same on every product that can."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from cases import CASES, Case

from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import action_plan, job_action
from simulator import Simulator


@pytest.fixture(params=list(CASES))
def case(request):
    facts = CASES[request.param]
    platform = facts["platform"]
    with Simulator(products=(platform,), options={platform: facts.get("switches", {})}, speed=10) as simulator:
        yield Case(request.param, simulator)


def compared(result):
    """What check mode must predict."""
    keys = ("uid", "id", "name", "entity", "changed", "status")
    return (
        result["changed"],
        [{key: outcome[key] for key in keys} for outcome in result["outcomes"]],
        result.get("diff"),
    )


def converges(case, state, **arguments):
    """Run in check mode, for real and again: prediction equals truth, and the second run writes nothing."""
    case.simulator.log.clear()
    predicted = case.act(state, check=True, **arguments)
    assert not case.writes(), "check mode wrote"
    assert not predicted["audit"]
    real = case.act(state, **arguments)
    assert not real.get("failed"), real["msg"]
    assert compared(predicted) == compared(real)
    written = len(case.writes())
    again = case.act(state, **arguments)
    assert not again.get("failed"), again["msg"]
    assert len(case.writes()) == written, "the second run wrote"
    assert again["changed"] is False
    return real


def test_disable_and_enable_converge(case):
    job, other = case.idle(2)
    real = converges(case, "disabled", job_ids=[job["id"]], entity="definition", reason="CHG1")
    assert real["changed"] is True
    outcome = real["outcomes"][0]
    assert (outcome["before"]["enabled"], outcome["after"]["enabled"]) == (True, False)
    assert real["jobs"][0]["enabled"] is False
    assert real["jobs"][0]["health"] == "disabled"
    assert [entry["reason"] for entry in real["audit"]] == ["CHG1"]
    assert real["audit"][0]["uid"] == job["uid"]
    assert case.info(uids=[other["uid"]])["jobs"][0]["enabled"] is True
    back = converges(case, "enabled", uids=[job["uid"]])
    assert back["outcomes"][0]["after"]["enabled"] is True


def test_restore_puts_back_exactly_what_was(case):
    off, on, untouched = case.idle(3)
    case.act("disabled", uids=[off["uid"]])
    before = case.info(uids=[off["uid"], on["uid"], untouched["uid"]])["jobs"]
    disabled = case.act("disabled", uids=[off["uid"], on["uid"]])
    assert [outcome["status"] for outcome in disabled["outcomes"]] == ["unchanged", "changed"]
    real = converges(case, None, restore_from=disabled["outcomes"])
    assert [outcome["id"] for outcome in real["outcomes"]] == [on["id"]]
    after = case.info(uids=[off["uid"], on["uid"], untouched["uid"]])["jobs"]
    assert [job["enabled"] for job in after] == [job["enabled"] for job in before]


def test_start_runs_once_and_is_waited_for(case):
    (job,) = case.idle()
    case.simulator.clock.speed = 0.2  # the run must still be there for the second call
    real = converges(case, "started", uids=[job["uid"]])
    run = real["outcomes"][0]["run"]
    assert run["entity"] == "run"
    assert len(case.writes()) == 1
    assert run["id"] != job["last_run"]["id"]
    attached = case.act("started", uids=[job["uid"]])
    assert attached["outcomes"][0]["run"]["uid"] == run["uid"]
    case.simulator.clock.speed = 200
    waited = case.wait(uids=[run["uid"]], wait_timeout=60, accept_results=list(action_plan.model.RESULTS))
    assert not waited.get("failed"), waited["msg"]
    assert waited["jobs"][0]["state"] == "finished"
    assert waited["timeline"][-1]["state"] == "finished"
    assert case.lines, "nobody saw the wait"


def test_start_with_wait_tells_the_result_of_the_new_run(case):
    (job,) = case.idle()
    case.simulator.clock.speed = 100
    real = case.act("started", uids=[job["uid"]], wait=True, wait_interval=1, wait_timeout=120)
    assert real["outcomes"][0]["changed"] is True
    run = real["outcomes"][0]["run"]
    assert run["state"] == "finished"
    assert run["id"] != job["last_run"]["id"]
    assert real["outcomes"][0]["result"] == run["result"]
    assert len(case.writes()) == 1


def test_a_recent_success_makes_a_start_needless(case):
    job = next(job for job in case.idle(3) if job["last_success_at"])
    skipped = case.act("started", uids=[job["uid"]], unless_success_within="10y")
    assert (skipped["outcomes"][0]["status"], skipped["changed"]) == ("skipped", False)
    assert not case.writes()


def test_a_disabled_job_is_not_started(case):
    (job,) = case.idle()
    case.act("disabled", uids=[job["uid"]])
    case.simulator.log.clear()
    refused = case.act("started", uids=[job["uid"]])
    assert refused["failed"] and "disabled" in refused["msg"]
    assert refused["outcomes"][0]["status"] == "failed"
    assert not case.writes()


def test_stop_converges(case):
    if not TRAITS[case.platform].capabilities["stop"].supported:
        pytest.skip("the product cannot stop: see test_what_a_product_cannot_do")
    (job,) = case.idle()
    case.simulator.clock.speed = 0.2
    started = case.act("started", uids=[job["uid"]])
    case.simulator.clock.speed = 5
    case.simulator.log.clear()
    stopped = case.act("stopped", uids=[job["uid"]], wait=True, wait_interval=1, wait_timeout=60)
    assert not stopped.get("failed"), stopped["msg"]
    assert stopped["outcomes"][0]["changed"] is True
    assert stopped["outcomes"][0]["run"]["uid"] == started["outcomes"][0]["run"]["uid"]
    assert stopped["outcomes"][0]["result"] == "cancelled"
    assert len(case.writes()) == 1
    again = case.act("stopped", uids=[job["uid"]])
    assert again["changed"] is False and len(case.writes()) == 1


def test_suspend_and_resume_converge(case):
    if not TRAITS[case.platform].capabilities["suspend"].supported:
        pytest.skip("the product cannot suspend: see test_what_a_product_cannot_do")
    (job,) = case.idle()
    case.simulator.clock.speed = 1
    run = case.act("started", uids=[job["uid"]])["outcomes"][0]["run"]
    paused = converges(case, "suspended", uids=[run["uid"]])["outcomes"][0]
    assert paused["run"]["state"] == paused["after"]["state"]
    assert paused["after"]["state"] in ("suspending", "suspended")
    case.simulator.clock.advance(10)
    assert case.info(uids=[run["uid"]])["jobs"][0]["state"] == "suspended"
    real = converges(case, "resumed", uids=[run["uid"]])
    assert real["changed"] is True
    case.simulator.clock.speed = 100
    ended = case.act("stopped", uids=[run["uid"]], wait=True, wait_interval=1, wait_timeout=60)
    assert ended["jobs"][0]["state"] == ended["outcomes"][0]["after"]["state"] == "finished", ended.get("msg")


def test_a_run_that_has_ended_stays_stopped_whatever_its_result(case):
    if not TRAITS[case.platform].capabilities["stop"].supported:
        pytest.skip("the product cannot stop: see test_what_a_product_cannot_do")
    (job,) = case.idle()
    done = case.act("stopped", uids=[job["uid"]], wait=True, accept_results=["skipped"])
    assert not done.get("failed") and done["changed"] is False
    assert not case.writes()


def test_a_level_that_the_product_lacks_is_refused_or_dropped(case):
    (job,) = case.idle()
    if "differential" in TRAITS[case.platform].levels:
        assert case.act("started", uids=[job["uid"]], level="differential")["changed"] is True
        return
    case.simulator.log.clear()
    refused = case.act("started", uids=[job["uid"]], level="differential")
    assert refused["error"]["kind"] == "unsupported" and "differential" in refused["msg"]
    assert "commvault" in refused["msg"] and not case.simulator.log.entries()
    started = case.act("started", uids=[job["uid"]], level="differential", unsupported="warn")
    assert started["changed"] is True and "differential" in started["warnings"][0]


@pytest.mark.parametrize("state", list(action_plan.VERBS))
def test_what_a_product_cannot_do_is_said_before_any_request(case, state):
    verb = action_plan.VERBS[state]
    traits = TRAITS[case.platform]
    if traits.capabilities[verb].supported:
        assert state != "suspended" or case.platform == "commvault"
        return
    refused = case.act(state, job_ids=["1"])
    assert refused["error"]["kind"] == "unsupported"
    assert verb in refused["msg"]
    assert any(name in refused["msg"] for name in TRAITS if TRAITS[name].capabilities[verb].supported)
    assert not case.simulator.log.entries()
    lenient = case.act(state, job_ids=["1"], unsupported="warn")
    assert not lenient.get("failed") and lenient["warnings"]
    assert [outcome["status"] for outcome in lenient["outcomes"]] == ["unsupported"]
    quiet = case.act(state, job_ids=["1"], unsupported="skip")
    assert not quiet.get("failed") and not quiet["warnings"]
    for uid in ("no uid", "{0}:elsewhere:definition:1".format(case.platform)):
        foreign = case.act(state, uids=[uid], unsupported="skip")
        assert foreign["error"]["kind"] == "invalid" and uid in foreign["msg"], "a wrong uid is no lack of the product"
    assert not case.simulator.log.entries()
    one, two = case.idle(2)
    named = case.act(state, names=[one["name"], two["name"]], entity="definition", unsupported="skip")
    told = {(outcome["uid"], outcome["name"], outcome["status"]) for outcome in named["outcomes"]}
    assert told == {(job["uid"], job["name"], "unsupported") for job in (one, two)} and not case.writes()


def test_ids_of_the_other_entity_are_refused_before_any_request(case):
    run_uid = "{0}:sim:run:1".format(case.platform)
    for state in ("started", "disabled", "enabled"):
        refused = case.act(state, uids=[run_uid])
        assert refused["error"]["kind"] == "invalid", refused["msg"]
        assert "definition" in refused["msg"]
    elsewhere = case.act("started", uids=["{0}:elsewhere:definition:1".format(case.platform)])
    assert "elsewhere" in elsewhere["msg"]
    assert not case.simulator.log.entries()
    if TRAITS[case.platform].native_entity == "run":
        refused = case.act("started", job_ids=["681"])
        assert refused["error"]["kind"] == "invalid" and "entity" in refused["msg"]
        assert not case.simulator.log.entries()


def test_names_must_be_unambiguous_and_exist(case):
    job, second = case.idle(2)
    found = case.act(
        "disabled", names=[job["name"]], clients=[job["workload"]["client"]] if job["workload"]["client"] else None
    )
    assert [outcome["id"] for outcome in found["outcomes"]] == [job["id"]], found.get("msg")
    case.simulator.log.clear()
    missing = case.act("disabled", names=["there is no such job"])
    assert missing["error"]["kind"] == "not_found" and "there is no such job" in missing["msg"]
    lost = case.act("disabled", job_ids=["999999999"], entity="definition")
    assert lost["error"]["kind"] == "not_found" and "999999999" in lost["msg"]
    empty = case.act("disabled", names=["no such *"])
    assert empty["error"]["kind"] == "not_found"
    blank = case.act("disabled", names="", clients=[job["workload"]["client"]] if job["workload"]["client"] else None)
    assert blank["error"]["kind"] == "not_found", "an empty name must not widen the task"
    fine = case.act("disabled", names=["no such *"], allow_empty=True)
    assert not fine.get("failed") and fine["outcomes"] == []
    assert not case.writes()


def test_guards_strike_before_the_first_write(case):
    jobs = case.idle(3)
    uids = [job["uid"] for job in jobs]
    case.simulator.log.clear()
    many = case.act("disabled", uids=uids, max_jobs=2)
    assert many["error"]["kind"] == "refused" and "max_jobs" in many["msg"] and "3" in many["msg"]
    wrong = case.act("disabled", uids=uids[:1], expect={"client": "somebody else"})
    assert wrong["error"]["kind"] == "refused" and "expect.client" in wrong["msg"]
    assert not case.writes()
    right = case.act(
        "disabled", uids=uids[:1], expect={"client": jobs[0]["workload"]["client"], "name": jobs[0]["name"]}
    )
    assert right["changed"] is True


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("state", ["disabled", "started"])
def test_a_lost_answer_does_nothing_twice_and_tells_the_truth(case, state, fault, monkeypatch):
    monkeypatch.setattr(job_action, "LOST_S", 2)  # long enough here, and the test is asked of ten products
    (job,) = case.idle()
    case.simulator.clock.speed = 0.2
    case.simulator.log.clear()
    case.simulator.faults.add(fault, product=case.platform, writes=True)
    real = case.act(state, uids=[job["uid"]])
    processed = [entry for entry in case.writes() if entry.done]
    now = case.info(uids=[job["uid"]])["jobs"][0]
    if state == "disabled":
        assert not real.get("failed"), real["msg"]
        assert now["enabled"] is False
        assert real["outcomes"][0]["status"] == "changed"
    else:
        assert len(processed) == (1 if fault == "drop_after" else 0)
        assert bool(real.get("failed")) is (fault == "drop_before"), real
        assert real["changed"] is (fault == "drop_after")
        assert real["outcomes"][0]["status"] == ("changed" if fault == "drop_after" else "failed")
    assert len(processed) <= 1
    second = case.act(state, uids=[job["uid"]])
    assert not second.get("failed"), second["msg"]
    assert len([entry for entry in case.writes() if entry.done]) == 1


def test_a_token_that_dies_before_the_write_is_renewed_and_the_write_planned_anew(case):
    (job,) = case.idle()
    case.simulator.log.clear()
    case.simulator.faults.add("expire_token", product=case.platform, writes=True)
    real = case.act("disabled", uids=[job["uid"]])
    assert not real.get("failed"), real["msg"]
    assert case.info(uids=[job["uid"]])["jobs"][0]["enabled"] is False
    assert real["outcomes"][0]["status"] == "changed"


class Interrupt(BaseException):
    """What the task's timeout raises in the main thread."""


def interrupted(case, state, **arguments):
    """Run a task whose second write ends it while others are under way; its result so far."""
    sent = threading.Event()

    def strike(_signal, _frame):
        raise Interrupt

    def watch():
        while len(case.writes()) < 2:
            time.sleep(0.01)
        sent.set()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, strike)
    watcher = threading.Thread(target=watch, daemon=True)
    context = case.context(job_action, state=state, **arguments)
    try:
        watcher.start()
        with pytest.raises(Interrupt):
            job_action.run(context)
    finally:
        watcher.join(5)
        signal.signal(signal.SIGUSR1, before)
    assert sent.is_set()
    return context.result


def test_after_the_timeout_of_the_task_nothing_more_is_written(case):
    jobs = case.idle(4)
    case.simulator.log.clear()
    case.simulator.faults.add("expire_token", product=case.platform, writes=True)
    case.simulator.faults.add("latency", product=case.platform, seconds=0.5, writes=True, times=-1)
    uids = [job["uid"] for job in jobs]
    result = interrupted(case, "disabled", uids=uids, concurrency=2, **case.switching)
    done = len(case.simulator.log.entries())
    told = {outcome["uid"]: outcome for outcome in result["outcomes"]}
    begun = {entry["uid"] for entry in result["audit"]}
    assert set(told) == set(uids) and 2 <= len(begun) < 4, "what was sent stands in the trail, and nothing else"
    for uid, outcome in told.items():
        words = "It was sent" if uid in begun else "It was not sent"
        assert outcome["status"] == "failed" and outcome["message"].startswith(words)
        assert outcome["after"]["enabled"] is (None if uid in begun else True)
    time.sleep(1.5)
    assert len(case.simulator.log.entries()) == done


def test_trouble_in_the_middle_of_a_wait_does_not_end_it(case):
    (job,) = case.idle()
    case.simulator.clock.speed = 0.2
    run = case.act("started", uids=[job["uid"]])["outcomes"][0]["run"]
    faults, clock = case.simulator.faults, case.simulator.clock

    def trouble():
        time.sleep(1.5)
        for kind, options in (
            ("expire_token", {}),
            ("status", {"after": 1, "times": 3, "status": 429, "retry_after": "1"}),
            ("status", {"after": 4, "times": 2, "status": 502}),
            ("html", {"after": 6}),
            ("drop_before", {"after": 7}),
            ("truncate", {"after": 8}),
        ):
            faults.add(kind, product=case.platform, writes=False, **options)
        while not all(fault["struck"] for fault in faults.as_list()):
            time.sleep(0.1)
        clock.speed = 300

    thread = threading.Thread(target=trouble, daemon=True)
    thread.start()
    waited = case.wait(uids=[run["uid"]], wait_timeout=100, accept_results=list(action_plan.model.RESULTS))
    thread.join(1)
    assert not waited.get("failed"), waited["msg"]
    assert waited["jobs"][0]["state"] == "finished"
    assert not thread.is_alive(), "the wait ended before its trouble"


def test_a_stuck_run_ends_the_wait_with_its_last_record(case):
    (job,) = case.idle()
    case.simulator.clock.speed = 0
    run = case.act("started", uids=[job["uid"]])["outcomes"][0]["run"]
    late = case.wait(uids=[run["uid"]], wait_timeout=2)
    assert late["failed"] and late["error"]["kind"] == "wait_timeout"
    assert late["jobs"][0]["uid"] == run["uid"]
    stuck = case.wait(uids=[run["uid"]], wait_timeout=60, stall_timeout=2)
    assert stuck["error"]["kind"] == "stalled" and stuck["jobs"][0]["uid"] == run["uid"]
    fine = case.wait(uids=[run["uid"]], wait_timeout=1, on_timeout="return")
    assert not fine.get("failed") and fine["jobs"][0]["state"] != "finished"
    looked = case.wait(uids=[run["uid"]], check=True)
    assert not looked.get("failed") and looked["timeline"] == []


def test_a_definition_with_nothing_active_is_not_waited_for_unless_told(case):
    (job,) = case.idle()
    idle = case.wait(uids=[job["uid"]])
    assert idle["error"]["kind"] == "not_found" and "started_after" in idle["msg"]
    found = case.wait(uids=[job["uid"]], started_after="40d", accept_results=list(action_plan.model.RESULTS))
    assert found["jobs"][0]["uid"] == job["last_run"]["uid"], found.get("msg")
