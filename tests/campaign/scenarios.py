# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done, to which product, and whether what a task told of it was true.

A judge compares a result with what the simulator itself knows, and returns complaints, each a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cases import CASES
from stage import Actor, Stage
from test_job_operation import FIRST, SECOND, waiting
from test_restore_session import OPENS, SOURCES, VOLUME

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import OPERATIONS
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import (
    action_plan,
    job_action,
    job_wait,
    logout,
    platform_info,
)

ALL_RESULTS = list(model.RESULTS)
#: Words with which a failure admits that something may have been done.
ADMITS = re.compile(r"\b(lost|could not be read|does not show|does not name|not sent again|may have|accepted)\b", re.I)

#: What may be sent again after a lost answer, as it does no harm twice.
REPEATABLE = ("stopped", "suspended", "resumed")
#: States that end by themselves.
PASSING = ("stopping", "suspending")


@dataclass
class Scenario:
    """One thing to do. ``moves``: time passes for the server, too, while the task sleeps.

    ``prepare(actor)`` sets the scene and returns the facts that ``act(actor, facts)`` needs; ``judge(stage, facts,
    before, result, golden)`` compares a result with the simulator; ``before`` is what ``truth(stage, facts)`` was.
    ``converges``: whether a second run brings the wanted end, and a third changes nothing.
    """

    module: str
    what: str
    case: str
    prepare: Callable[[Actor], Any]
    act: Callable[[Actor, Any], dict]
    truth: Callable[[Stage, Any], Any]
    judge: Callable[..., list[str]]
    moves: bool = True
    converges: Callable[[Stage, Any, Any], list[str]] | None = None

    @property
    def name(self) -> str:
        return f"{self.module} {self.what}".strip()


# -- modules that only read --------------------------------------------------------------------------------------------

#: What a list must have in common with one that nobody disturbed.
LISTED = ("jobs", "sessions", "total", "returned", "truncated", "missing", "summary", "history", "info")
#: What a warning admits to be missing: the paths that are null then, and nothing else.
LACKS = {
    "names of the organizations are missing": {"workload.client", "native.organization.name", "source.id"},
    "names of the repositories are missing": {"native.repository_name"},
    "Earlier runs of the last 24 hours are not listed": {"history.from", "history.why"},
}


def nothing(stage: Stage, facts: Any) -> None:
    return None


def judge_reading(stage: Stage, facts: Any, before: Any, result: dict, golden: dict) -> list[str]:
    """A list is whole and right, or there is none; a warning excuses what it names, and no more."""
    wrong = []
    if result["changed"]:
        wrong.append("a module that only reads says changed")
    if result.get("failed"):
        return wrong
    lacking: set[str] = set()
    for warning in set(result["warnings"]) - set(golden["warnings"]):
        known = [paths for words, paths in LACKS.items() if words in warning]
        wrong += [] if known else [f"a warning of something unknown: {warning}"]
        lacking.update(*known)
    for part in LISTED:
        wrong += [
            f"{path} is not what it is without a fault"
            for path in _differences(golden.get(part), result.get(part), part)
            if not any(path.endswith(one) for one in lacking)
        ]
    return wrong


def _differences(true: Any, told: Any, path: str) -> set[str]:
    """Paths of the values that are told otherwise."""
    if isinstance(true, dict) and isinstance(told, dict) and set(true) == set(told):
        return {one for key in true for one in _differences(true[key], told[key], f"{path}.{key}")}
    if isinstance(true, list) and isinstance(told, list) and len(true) == len(told):
        return {one for pair in zip(true, told) for one in _differences(*pair, path)}
    return set() if true == told else {path}


def read_again(stage: Stage, facts: Any, before: Any) -> list[str]:
    return []


# -- job_action --------------------------------------------------------------------------------------------------------


def counts(stage: Stage, facts: dict) -> dict:
    """What the server has of each job of ``facts["jobs"]`` (id in the result -> id of the definition)."""
    state = stage.state()
    return {id: _counts(stage, state, definition) for id, definition in facts["jobs"].items()}


def _counts(stage: Stage, state: dict, id: str) -> dict:
    """Enabled; how often it was started, stopped, suspended, resumed; its runs, and whether each is active."""
    if stage.platform == "commvault":
        known = state["subclients"][id]
        runs = {key: run for key, run in state["runs"].items() if str(run["subclient_id"]) == id}
        return {
            "enabled": known["enabled"],
            "started": known["starts"],
            "stopped": known["stops"],
            "suspended": sum(run["pauses"] for run in runs.values()),
            "resumed": sum(run["resumes"] for run in runs.values()),
            "runs": {key: not run["end"] for key, run in runs.items()},
        }
    if stage.platform == "nakivo":
        known = state["jobs"][id]
        return {
            "enabled": known["isEnabled"] and any(known["schedules"]),
            "started": known["start_requests"],
            "stopped": known["stops"],
            "runs": {_nakivo_run(id, run): run["finished"] is None for run in known["runs"]},
        }
    known = state["volumes" if stage.platform == "netapp_bluexp" else "jobs"][id]
    if stage.platform == "netapp_bluexp":
        runs = {job.id: not job.finished for job in stage.product.jobs.values() if id.partition("/")[2] in job.volumes}
    else:
        runs = {session["id"]: session["ended"] is None for session in known["sessions"]}
    return {"enabled": known["enabled"], "started": known["starts"], "stopped": known["stops"], "runs": runs}


def _nakivo_run(job: str, run: dict) -> str:
    return f"{job}@{int(run['started'])}"


def _effect(wanted: str, before: dict, after: dict) -> int:
    """How often the effect of a state happened."""
    if wanted in ("enabled", "disabled"):
        return int(before["enabled"] != after["enabled"])
    return after[wanted] - before[wanted]


def unread(outcome: dict) -> bool:
    """Whether an outcome admits that nothing could be read after the write."""
    return outcome["status"] == "failed" and "could not be read" in (outcome["message"] or "")


def judge_action(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    after, wrong = counts(stage, facts), []
    outcomes = {outcome["id"]: outcome for outcome in result["outcomes"]}
    records = {record["id"]: record for record in result["jobs"]}
    if outcomes and set(outcomes) != set(facts["jobs"]):
        wrong.append("the outcomes are of other jobs than the task")
    if result["changed"] != any(outcome["status"] == "changed" for outcome in outcomes.values()):
        wrong.append("changed and the outcomes disagree")
    if any(outcome["status"] == "failed" for outcome in outcomes.values()) and not result.get("failed"):
        wrong.append("an outcome failed, and the task did not")
    for id in facts["jobs"]:
        wrong += _judge_job(
            facts, id, before[id], after[id], outcomes.get(id), records.get(id), bool(result.get("failed"))
        )
    done = {outcomes[id]["uid"] for id in outcomes if _effect(facts["state"], before[id], after[id])}
    return wrong + judge_audit(stage, result, done)


def _judge_job(
    facts: dict, id: str, before: dict, after: dict, outcome: dict | None, record: dict | None, failed: bool
) -> list[str]:
    wanted, ends, wrong = facts["state"], facts.get("ends", False), []
    done = _effect(wanted, before, after)
    if done > 1 and wanted not in REPEATABLE:
        wrong.append(f"{wanted} {done} times")
    wrong += [
        f"{name} went from {before[name]} to {after[name]}, which nobody asked for"
        for name in {"enabled", "started", "stopped"} - {wanted if wanted != "disabled" else "enabled"}
        if before[name] != after[name]
    ]
    if outcome is None:
        if not failed:
            wrong.append("success without an outcome")
        if done:
            wrong.append("it was done, and the result has no outcome")
        return wrong
    if outcome["changed"] != (outcome["status"] == "changed"):
        wrong.append("changed and status disagree")
    if outcome["status"] == "changed" and not done:
        wrong.append("says changed, and nothing was done")
    if outcome["status"] in ("unchanged", "skipped", "unsupported") and done:
        wrong.append(f"says {outcome['status']}, and it was done")
    if outcome["status"] == "failed" and done and not ADMITS.search(outcome["message"] or ""):
        wrong.append(f"says failed without a doubt, and it was done: {outcome['message']}")
    wrong += _contradictions("before", outcome["before"], before)
    if unread(outcome):
        if outcome["after"] != {"enabled": None, "state": "unknown", "native": None}:
            wrong.append("after is told, although it could not be read")
    else:
        wrong += _contradictions("after", outcome["after"], after, ends)
        wrong += _contradictions("the record", record, after, ends) if record else ["an outcome has no record in jobs"]
    wrong += _judge_run(facts, id, before, after, outcome, record)
    if not failed:
        if done != 1 and not (done and wanted in REPEATABLE):
            wrong.append(f"success, and it was done {done} times")
        if wanted in ("enabled", "disabled") and outcome["after"]["enabled"] is not (wanted == "enabled"):
            wrong.append(f"success, and enabled is told as {outcome['after']['enabled']}")
    return wrong


def _contradictions(what: str, told: dict, true: dict, ends: bool = False) -> list[str]:
    """What a record, or the ``before`` or ``after`` of an outcome, says otherwise than the server; null says nothing."""
    wrong = []
    if told["enabled"] not in (None, true["enabled"]):
        wrong.append(f"{what} says enabled {told['enabled']}, and it is {true['enabled']}")
    active = any(true["runs"].values())
    # What is ending, or a short run, may have ended since it was read.
    if told["state"] in model.ACTIVE_STATES and told["state"] not in PASSING and not active and not ends:
        wrong.append(f"{what} says {told['state']}, and nothing is active")
    if told["state"] in ("idle", "finished") and active:
        wrong.append(f"{what} says {told['state']}, and a run is active")
    return wrong


def _judge_run(facts: dict, id: str, before: dict, after: dict, outcome: dict, record: dict | None) -> list[str]:
    wanted, ends, run, wrong = facts["state"], facts.get("ends", False), outcome["run"], []
    succeeded = outcome["status"] == "changed"
    if run is None:
        return ["success, and no run is told"] if succeeded and wanted not in ("enabled", "disabled") else []
    if run["id"] not in after["runs"]:
        return [f"the run {run['id']} is told, which the server does not have"]
    if succeeded and wanted == "started" and run["id"] in before["runs"]:
        wrong.append("success, and an old run is told")
    if run["definition_id"] != facts["jobs"][id]:
        wrong.append("the run of another job is told")
    if not unread(outcome):
        true = {"enabled": None, "runs": {run["id"]: after["runs"][run["id"]]}}
        wrong += _contradictions("the run", run, true, ends)
        if record and record["entity"] == "run" and run["state"] != record["state"]:
            wrong.append(f"the run is {run['state']} in the outcome and {record['state']} in jobs")
    if succeeded and wanted == "stopped" and run["state"] not in ("stopping", "finished"):
        wrong.append(f"success, and the run is {run['state']}")
    return wrong


def judge_audit(stage: Stage, result: dict, done: set[str]) -> list[str]:
    """Each job that was done is in the audit once, with the words of its outcome; nothing else is."""
    wrong = []
    outcomes = {(one["uid"], one.get("copy_id")): one for one in result["outcomes"]}
    entries = {(one["uid"], one.get("copy_id")): one for one in result["audit"]}
    if len(entries) != len(result["audit"]):
        wrong.append("a job is in the audit twice")
    if done - {uid for uid, _copy in entries}:
        wrong.append("a write was done that the audit does not have")
    for key, entry in entries.items():
        same = outcomes.get(key, {})
        wrong += [
            f"{name} is not the same in the audit and in the outcome"
            for name in ("before", "after", "status")
            if entry[name] != same.get(name)
        ]
    if not stage.actor.writes() and any(entry["status"] == "changed" for entry in entries.values()):
        wrong.append("the audit tells a write that was not sent")
    return wrong


def action_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    after = counts(stage, facts)
    done = {_effect(facts["state"], before[id], after[id]) for id in facts["jobs"]}
    good = min(done) >= 1 if facts["state"] in REPEATABLE else done == {1}
    return [] if good else [f"done {sorted(done)} times after the second run"]


def _long_run(actor: Actor, id: str, seconds: float = 86400) -> None:
    """The next run of a job lasts so long."""
    product = actor.simulator[actor.platform]
    if actor.platform == "veeam_m365":
        product.control("plan", {"job": id, "runs": [{"seconds": seconds}] * 4})
    elif actor.platform == "netapp_bluexp":
        product.control("plan", {"times": 4, "duration": seconds})
    elif actor.platform == "nakivo":
        product.control("plan", {"job": int(id), "seconds": seconds})
    elif seconds != 86400:
        product.control("set_switch", {"run_seconds": seconds})


def _jobs(actor: Actor, count: int = 1) -> dict:
    jobs = actor.idle(count)
    for job in jobs:
        _long_run(actor, job["id"])
    return {"jobs": {job["id"]: job["id"] for job in jobs}, "uids": [job["uid"] for job in jobs]}


def _prepare_action(state: str, count: int = 1) -> Callable[[Actor], dict]:
    def prepare(actor: Actor) -> dict:
        facts = dict(_jobs(actor, count), state=state)
        if state == "enabled":
            actor.act("disabled", uids=facts["uids"])
        if state in ("stopped", "suspended", "resumed"):
            run = actor.act("started", uids=facts["uids"])["outcomes"][0]["run"]
            actor.simulator.clock.advance(30)
            if state == "resumed":
                actor.act("suspended", uids=[run["uid"]])
                actor.simulator.clock.advance(30)
            if state != "stopped":
                facts.update(uids=[run["uid"]], jobs={run["id"]: run["definition_id"]})
        return facts

    return prepare


def _act(actor: Actor, facts: dict) -> dict:
    return actor.act(facts["state"], uids=facts["uids"], reason="campaign")


def _prepare_restoring(actor: Actor) -> dict:
    """Three jobs, of which one was disabled before an earlier task disabled them all."""
    facts = dict(_jobs(actor, 3), state="enabled")
    off, *on = facts["jobs"]
    actor.act("disabled", uids=facts["uids"][:1])
    outcomes = actor.act("disabled", uids=facts["uids"])["outcomes"]
    return dict(facts, jobs={id: id for id in on}, off=off, restore_from=outcomes)


def _restore(actor: Actor, facts: dict) -> dict:
    return actor.act(restore_from=facts["restore_from"], reason="campaign")


def judge_restoring(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    wrong = judge_action(stage, facts, before, result, golden)
    if _counts(stage, stage.state(), facts["off"])["enabled"]:
        wrong.append("a job was enabled that had been disabled before")
    return wrong


def actions(case: str) -> list[Scenario]:
    able = TRAITS[CASES[case]["platform"]].capabilities
    found = [
        Scenario(
            "job_action", state, case, _prepare_action(state), _act, counts, judge_action, converges=action_converged
        )
        for state, verb in action_plan.VERBS.items()
        if able[verb].supported
    ]
    return [
        *found,
        Scenario(
            "job_action", "started, three jobs", case, _prepare_action("started", 3), _act, counts, judge_action,
            converges=action_converged,
        ),
        Scenario(
            "job_action", "restore_from", case, _prepare_restoring, _restore, counts, judge_restoring,
            converges=action_converged,
        ),
    ]  # fmt: skip


# -- waiting -----------------------------------------------------------------------------------------------------------


def _prepare_wait(actor: Actor) -> dict:
    (job,) = actor.idle()
    _long_run(actor, job["id"], 45)
    run = actor.act("started", uids=[job["uid"]])["outcomes"][0]["run"]
    return {"jobs": {job["id"]: job["id"]}, "uid": run["uid"]}


def _wait(actor: Actor, facts: dict) -> dict:
    return actor.run(job_wait, uids=[facts["uid"]], wait_interval=10, wait_timeout=600, accept_results=ALL_RESULTS)


def judge_wait(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    (was,), (now,) = before.values(), counts(stage, facts).values()
    # A run may end meanwhile, that is what the wait is for.
    same = dict(was, runs=set(was["runs"])) == dict(now, runs=set(now["runs"]))
    wrong = [] if same and not result["changed"] else ["a wait changed something"]
    if result.get("failed"):
        return wrong
    (told,) = result["jobs"]
    stage.calm()
    (true,) = stage.actor.info(uids=[told["uid"]])["jobs"]
    wrong += [
        f"{part} is told as {told[part]} and is {true[part]}"
        for part in ("state", "result", "started_at", "finished_at")
        if told[part] != true[part]
    ]
    if told["state"] != "finished" or (told["state"], told["result"]) != (
        result["timeline"][-1]["state"],
        result["timeline"][-1]["result"],
    ):
        wrong.append("the end of the wait is not the end of the run")
    return wrong


def _start_and_wait(actor: Actor, facts: dict) -> dict:
    return actor.run(
        job_action, state="started", uids=facts["uids"], wait=True, wait_interval=10, wait_timeout=600,
        accept_results=ALL_RESULTS,
    )  # fmt: skip


def _prepare_start_and_wait(actor: Actor) -> dict:
    (job,) = actor.idle()
    _long_run(actor, job["id"], 45)
    return {"jobs": {job["id"]: job["id"]}, "uids": [job["uid"]], "state": "started", "ends": True}


def judge_start_and_wait(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    wrong = judge_action(stage, facts, before, result, golden)
    if not result.get("failed"):
        run = result["outcomes"][0]["run"]
        stage.calm()
        (true,) = stage.actor.info(uids=[run["uid"]])["jobs"]
        if (run["state"], run["result"]) != ("finished", true["result"]) or true["state"] != "finished":
            wrong.append(f"the run is told as {run['state']} {run['result']} and is {true['state']} {true['result']}")
    return wrong


def waits(case: str) -> list[Scenario]:
    return [
        Scenario("job_wait", "", case, _prepare_wait, _wait, counts, judge_wait, converges=lambda *_any: []),
        Scenario(
            "job_action", "started, wait", case, _prepare_start_and_wait, _start_and_wait, counts, judge_start_and_wait
        ),
    ]


# -- job_operation -----------------------------------------------------------------------------------------------------


def marks(stage: Stage, facts: dict) -> dict:
    """id -> whether the operation's end is there; for a recopy how often one was done."""
    known = {(mark["copy_id"], str(mark["job_id"])): mark for mark in stage.state()["copy_marks"]}
    operation, copy = facts["operation"], int(facts["copy"])
    found: dict[str, Any] = {}
    for id in facts["ids"]:
        mark = known.get((copy, id), {})
        held, deleted = bool(mark.get("held")), bool(mark.get("deleted"))
        barred = any(one["disallowed"] for (_copy, job), one in known.items() if job == id)
        found[id] = {
            "delete": deleted, "retain": held, "do_not_retain": not held, "disallow_copy": barred,
            "disallow_copy_all": barred, "allow_copy": not barred, "recopy": False,
        }[operation]  # fmt: skip
    return found


def judge_operation(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    after, wrong = marks(stage, facts), []
    outcomes = {outcome["id"]: outcome for outcome in result["outcomes"]}
    sent = [entry for entry in stage.actor.writes() if entry.done and entry.status == 200]
    if len(sent) > 1:
        wrong.append(f"sent and done {len(sent)} times")
    if facts["operation"] == "recopy":
        after = dict.fromkeys(facts["ids"], bool(sent))
    if not result.get("failed") and set(outcomes) != set(facts["ids"]):
        wrong.append("success, and an outcome is missing")
    for id in facts["ids"]:
        done, outcome = before[id] != after[id], outcomes.get(id)
        if outcome is None:
            if done:
                wrong.append(f"{id} was done, and has no outcome")
            continue
        status, message = outcome["status"], outcome["message"] or ""
        if status == "changed" and not done:
            wrong.append(f"{id} says changed, and nothing was done")
        if status in ("unchanged", "skipped") and done:
            wrong.append(f"{id} says {status}, and it was done")
        if status == "failed" and done and not ADMITS.search(message):
            wrong.append(f"{id} says failed without a doubt, and it was done: {message}")
        if status == "failed" and not result.get("failed"):
            wrong.append(f"{id} failed, and the task did not")
        if not result.get("failed") and not done:
            wrong.append(f"success, and {id} was not done")
    if any(outcome["changed"] for outcome in outcomes.values()) and not result["changed"]:
        wrong.append("an outcome changed, and the task did not")
    if result["changed"] and not sent and not (result.get("failed") and ADMITS.search(result["msg"])):
        wrong.append("changed, and nothing was done")
    if sent and not result["audit"]:
        wrong.append("a write was sent that the audit does not have")
    return wrong


def operation_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    return [f"{id} is not there after the second run" for id, done in marks(stage, facts).items() if not done]


def _prepare_operation(operation: str) -> Callable[[Actor], dict]:
    def prepare(actor: Actor) -> dict:
        copy, more = FIRST, {}
        if operation == "delete":
            ids, more = actor.deletable(), {"confirm_plan": "unreviewed"}
        elif operation in ("retain", "do_not_retain"):
            full, later = actor.chain()
            ids = [full, *later]
            if operation == "retain":
                more = {"retain_until": "7y"}
            else:
                actor.operate("retain", *ids, retain_until="7y")
        elif operation == "recopy":
            copy = SECOND
            ids = actor.chain(SECOND)[1][:1]
        else:
            ids = [waiting(actor)]
            copy = FIRST if operation == "disallow_copy_all" else SECOND
            if operation == "allow_copy":
                actor.operate("disallow_copy", *ids, copy_id=SECOND)
        return {"operation": operation, "copy": copy, "ids": ids, "more": more}

    return prepare


def _operate(actor: Actor, facts: dict) -> dict:
    return actor.operate(facts["operation"], *facts["ids"], copy_id=facts["copy"], **facts["more"])


def operations(case: str) -> list[Scenario]:
    if not TRAITS[CASES[case]["platform"]].capabilities["job_operation"].supported:
        return []
    return [
        Scenario(
            "job_operation", operation, case, _prepare_operation(operation), _operate, marks, judge_operation,
            converges=None if operation == "recopy" else operation_converged,
        )
        for operation in OPERATIONS
    ]  # fmt: skip


# -- restore sessions --------------------------------------------------------------------------------------------------


def made(stage: Stage, facts: dict) -> dict:
    """What the server has opened for us, by id: whether it is still open (of a restore: still runs)."""
    state, product = stage.state(), stage.product
    if facts["kind"] == "browse":
        if stage.platform == "netapp_bluexp":
            return {job.id: True for job in product.jobs.values() if job.kind == "explore"}
        if stage.platform == "nakivo":
            return {id: row["state"] != "CLOSED" for id, row in state["recoveries"].items()}
        own = {id: row for id, row in state["restore_sessions"].items() if row["account"].endswith("\\admin")}
        return {id: row["ended"] is None for id, row in own.items()}
    if stage.platform == "nakivo":
        known = state["jobs"][facts["job"]]
        runs = known["runs"][len(known["runs"]) - known["start_requests"] :] if known["start_requests"] else []
        return {str(run["id"]): run["state"] == "RUNNING" for run in runs}
    if stage.platform == "commvault":
        runs = state["runs"]
        return {str(row["jobId"]): not runs[str(row["jobId"])]["end"] for row in product.restores}
    return {
        job.id: not job.finished
        for job in product.jobs.values()
        if job.kind.startswith("restore") and job.origin == "api"
    }


def judge_start(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    after, wrong = made(stage, facts), []
    new = [id for id in after if id not in before]
    session = result["session"]
    if len(new) > 1:
        wrong.append(f"opened {len(new)} times")
    if not result.get("failed"):
        if not new or not after[new[0]]:
            wrong.append("success, and nothing is open")
        elif not result["changed"]:
            wrong.append("says unchanged, and a session was opened")
        elif stage.platform != "nakivo" or facts["kind"] == "browse":
            if session["id"] not in new:
                wrong.append(f"the session {session['id']} is told, and {new[0]} was opened")
    elif result["changed"] and not new:
        wrong.append("changed, and nothing was opened")
    elif new and after[new[0]] and not result["changed"] and not ADMITS.search(result["msg"]):
        wrong.append(f"says failed without a doubt, and a session was opened: {result['msg']}")
    if new and not result["audit"]:
        wrong.append("a write was sent that the audit does not have")
    return wrong


def start_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    after = made(stage, facts)
    still = [id for id in after if id not in before and after[id]]
    most = 2 if facts.get("unseen") else 1
    wrong = [] if 1 <= len(still) <= most else [f"{len(still)} are open after the second run"]
    if facts["stop"]:
        # What was opened can be closed again, whatever happened to its opening.
        stage.calm()
        result = facts["stop"](stage.actor)
        stage.simulator.clock.advance(90)
        left = [id for id, is_open in made(stage, facts).items() if is_open and id not in before]
        if result.get("failed"):
            wrong.append(f"stopping afterwards fails: {result['msg']}")
        if left:
            wrong.append(f"{len(left)} are left open after a stop")
    return wrong


def judge_stop(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    after, wrong = made(stage, facts), []
    ended = [id for id in before if before[id] and not after.get(id)]
    if set(after) - set(before):
        wrong.append("a stop opened something")
    if not result.get("failed"):
        stopping = facts["kind"] == "restore" and result["session"]["state"] == "stopping"
        if not ended and not stopping:
            wrong.append("success, and it is still open")
        if not result["changed"]:
            wrong.append("says unchanged, and it was open")
    elif ended and not result["changed"] and not ADMITS.search(result["msg"]):
        wrong.append(f"says failed without a doubt, and it was ended: {result['msg']}")
    elif result["changed"] and not ended:
        wrong.append("changed, and it is still open")
    if any(entry.done for entry in stage.actor.writes()) and not result["audit"]:
        wrong.append("a write was sent that the audit does not have")
    return wrong


def stop_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    stage.simulator.clock.advance(10)
    left = [id for id, is_open in made(stage, facts).items() if is_open]
    return [f"{len(left)} are open after the second stop"] if left else []


_LOOK = {
    "netapp_bluexp": {"source": VOLUME, "path": "/finance"}, "wait": True, "wait_timeout": 120, "wait_interval": 10,
}  # fmt: skip
_DATA = {
    "commvault": {
        "commvault": {
            "client": "fs-zurich-01",
            "subclient": "default",
            "paths": ["/etc"],
            "target": {"path": "/restored"},
        }
    },
    "netapp_bluexp": {"netapp_bluexp": {"type": "volume", "source": VOLUME, "target": {"volume_name": "back_01"}}},
}
_DATA_SOURCE = {"commvault": {"commvault": {"client": "fs-zurich-01", "subclient": "default"}}}


def _opening(kind: str) -> Callable[[Actor], dict]:
    def prepare(actor: Actor) -> dict:
        facts: dict[str, Any] = {"kind": kind, "stop": None, "arguments": {"kind": kind}}
        platform = actor.platform
        if kind == "browse":
            facts["arguments"].update(OPENS.get(platform, _LOOK))
            facts["source"] = SOURCES.get(platform)
        elif platform == "nakivo":
            job = actor.info(entity="definition", types=["restore"])["jobs"][0]
            _long_run(actor, job["id"])
            facts["job"] = job["id"]
            facts["arguments"]["job_id"] = job["id"]
            facts["source"] = {"job_id": job["id"]}
        else:
            facts["arguments"].update(_DATA[platform])
            facts["source"] = _DATA_SOURCE.get(platform)
        if platform == "netapp_bluexp":
            _long_run(actor, "", 86400 if kind == "restore" else 15)
        facts["unseen"] = platform == "nakivo" and kind == "browse"  # it lists no sessions: a lost one is lost
        return facts

    return prepare


def _open(actor: Actor, facts: dict) -> dict:
    return actor.session("started", **facts["arguments"])


def _stop(actor: Actor, facts: dict) -> dict:
    return actor.session("stopped", kind=facts["kind"], **facts["source"])


def _opened_before(kind: str) -> Callable[[Actor], dict]:
    def prepare(actor: Actor) -> dict:
        facts = _opening(kind)(actor)
        assert not _open(actor, facts).get("failed")
        actor.simulator.clock.advance(20)
        return facts

    return prepare


def sessions(case: str) -> list[Scenario]:
    platform = CASES[case]["platform"]
    able = TRAITS[platform].capabilities
    found = []
    for kind, ability in (("browse", "browse_session"), ("restore", "data_restore")):
        if not able[ability].supported:
            continue
        stops = platform != "netapp_bluexp"

        def prepare(actor: Actor, kind: str = kind, stops: bool = stops) -> dict:
            facts = _opening(kind)(actor)
            facts["stop"] = (lambda actor: _stop(actor, facts)) if stops else None
            return facts

        what = f"{kind}, " if able["browse_session"].supported and able["data_restore"].supported else ""
        found.append(
            Scenario(
                "restore_session", what + "started", case, prepare, _open, made, judge_start, converges=start_converged
            )
        )
        if stops:
            found.append(
                Scenario(
                    "restore_session", what + "stopped", case, _opened_before(kind), _stop, made, judge_stop,
                    converges=stop_converged,
                )  # fmt: skip
            )
    if able["list_restore_sessions"].supported:
        kind = "browse" if able["browse_session"].supported and platform == "veeam_m365" else "restore"
        found.append(
            Scenario(
                "restore_session_info", "", case, _opened_before(kind), lambda actor, _facts: actor.sessions(), nothing,
                judge_reading, moves=False,
            )  # fmt: skip
        )
    return found


# -- all ---------------------------------------------------------------------------------------------------------------


SOURCE_AND_COPY = ("M365 SharePoint Basel", "M365 SharePoint Basel copy")
#: What stays of the large estates: one with a hostile name, one of each other sort that is acted on. By name, of
#: Commvault by client.
_KEPT = {
    "commvault": ("fs-zurich-01", "fs-zurich-02", "sql-prod-01", "nas-zrh-01", "=cmd|' /C calc'!A0"),
    "nakivo": ("VMware production nightly", "Physical SQL servers", "Recover sql-prod-01", "=cmd|' /C calc'!A0"),
    "veeam_m365": ("M365 Exchange Zurich", "<script>alert(1)</script>", *SOURCE_AND_COPY),
}  # fmt: skip


def shrink(actor: Actor) -> None:
    """Take away most of the estate: a list of four is as good as one of thirty, and has fewer requests."""
    product, kept = actor.simulator[actor.platform], _KEPT.get(actor.platform, ())
    state = product.state() if kept else {}
    for id, row in state.get("subclients", {}).items():
        if row["client"] not in kept:
            product.control("remove", {"subclient_id": int(id)})
    for id, row in state.get("jobs", {}).items():
        if row["name"] not in kept:
            product.control("remove", {"job": int(id) if id.isdigit() else id})


def readings(case: str) -> list[Scenario]:
    platform = CASES[case]["platform"]

    def small(actor: Actor) -> dict:
        return {"clients": ["fs-zurich-01", "nas-zrh-01"]} if platform == "commvault" else {}

    def definitions(actor: Actor, facts: dict) -> dict:
        return actor.info(entity="definition", **facts)

    def runs(actor: Actor, facts: dict) -> dict:
        return actor.info(entity="run", since="-7d", page_size=10)

    gather = {
        "commvault": ["storage_policies"], "nakivo": ["tenants"], "netapp_bluexp": ["working_environments"],
        "veeam_m365": ["organizations"],
    }[platform]  # fmt: skip
    return [
        Scenario("job_info", "definitions", case, small, definitions, nothing, judge_reading, moves=False),
        Scenario("job_info", "runs", case, small, runs, nothing, judge_reading, moves=False),
        Scenario(
            "platform_info", "", case, small, lambda actor, _facts: actor.run(platform_info, gather=gather), nothing,
            judge_reading, moves=False,
        ),
    ]  # fmt: skip


# -- the end of a kept login -------------------------------------------------------------------------------------------


def kept_logins(stage: Stage, facts: dict) -> dict:
    """How many logins the server has, and the files in which ours are kept."""
    return {"server": logins(stage), "files": [path.name for path in stage.actor.folder.glob("**/*.json")]}


def logins(stage: Stage) -> int:
    """How many of our logins the server still has; of a product that ends none: none."""
    state = stage.state()
    if stage.platform == "commvault":
        return state["sessions_alive"]
    if stage.platform == "nakivo":
        return len(state["sessions"])
    return state["tokens"] if stage.platform == "veeam_m365" else 0


def judge_logout(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    after, wrong = kept_logins(stage, facts), []
    if result.get("failed"):
        return ["it failed, and the login is gone"] if after["files"] != before["files"] else []
    if after["files"]:
        wrong.append("success, and the login is kept")
    if result["changed"] is not bool(before["files"]):
        wrong.append(f"says changed {result['changed']}, and kept were {before['files']}")
    disowned = any(entry.status == 401 for entry in stage.simulator.log.entries())
    if before["server"] and after["server"] >= before["server"] and not (result["warnings"] or disowned):
        wrong.append("success without a warning, and the login lives on")
    return wrong


def logout_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    return ["the login is kept after the second run"] if kept_logins(stage, facts)["files"] else []


def endings(case: str) -> list[Scenario]:
    def kept(actor: Actor) -> dict:
        actor.run(platform_info, session_cache=True, session_cache_dir=str(actor.folder))
        return {}

    def end(actor: Actor, facts: dict) -> dict:
        return actor.run(logout, session_cache_dir=str(actor.folder))

    return [Scenario("logout", "", case, kept, end, kept_logins, judge_logout, converges=logout_converged)]


def scenarios(case: str) -> list[Scenario]:
    """All that can be done with a product."""
    return [*readings(case), *actions(case), *waits(case), *operations(case), *sessions(case), *endings(case)]
