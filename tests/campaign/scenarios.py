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
    platform_info,
)

ALL_RESULTS = list(model.RESULTS)
#: Words with which a failure admits that something may have been done.
ADMITS = re.compile(r"\b(lost|could not be read|does not show|does not name|not sent again|may have|accepted)\b", re.I)


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


def nothing(stage: Stage, facts: Any) -> None:
    return None


def judge_reading(stage: Stage, facts: Any, before: Any, result: dict, golden: dict) -> list[str]:
    """A list is whole and right, or a warning says what it lacks, or there is none."""
    wrong = []
    if result["changed"]:
        wrong.append("a module that only reads says changed")
    if not result.get("failed") and set(result["warnings"]) <= set(golden["warnings"]):
        wrong += [
            f"{part} is not what it is without a fault" for part in LISTED if result.get(part) != golden.get(part)
        ]
    return wrong


def read_again(stage: Stage, facts: Any, before: Any) -> list[str]:
    return []


# -- job_action --------------------------------------------------------------------------------------------------------


def counts(stage: Stage, facts: dict) -> dict:
    """What the server has of a job: enabled, and how often it was started, stopped, suspended, resumed."""
    state, id = stage.state(), facts["id"]
    if stage.platform == "commvault":
        known = state["subclients"][id]
        runs = [run for run in state["runs"].values() if str(run["subclient_id"]) == id]
        return {
            "enabled": known["enabled"],
            "started": known["starts"],
            "stopped": known["stops"],
            "suspended": sum(run["pauses"] for run in runs),
            "resumed": sum(run["resumes"] for run in runs),
        }
    known = state["volumes" if stage.platform == "netapp_bluexp" else "jobs"][id]
    if stage.platform == "nakivo":
        enabled = known["isEnabled"] and any(known["schedules"])
        return {"enabled": enabled, "started": known["start_requests"], "stopped": known["stops"]}
    return {"enabled": known["enabled"], "started": known["starts"], "stopped": known["stops"]}


def _effect(wanted: str, before: dict, after: dict) -> int:
    """How often the effect of a state happened."""
    if wanted in ("enabled", "disabled"):
        return int(before["enabled"] != after["enabled"])
    return after[wanted] - before[wanted]


def judge_action(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    wanted, wrong = facts["state"], []
    after = counts(stage, facts)
    done = _effect(wanted, before, after)
    outcome = result["outcomes"][0] if result["outcomes"] else None
    if wanted == "started" and done > 1:
        wrong.append(f"started {done} times")
    wrong += [
        f"{name} went from {before[name]} to {after[name]}, which nobody asked for"
        for name in {"enabled", "started", "stopped"} - {wanted if wanted != "disabled" else "enabled"}
        if before[name] != after[name]
    ]
    if outcome is None:
        if not result.get("failed"):
            wrong.append("success without an outcome")
        if done:
            wrong.append("it was done, and the result has no outcome")
        if result["changed"]:
            wrong.append("changed without an outcome")
        return wrong
    if result["changed"] != (outcome["status"] == "changed") or outcome["changed"] != (outcome["status"] == "changed"):
        wrong.append("changed and status disagree")
    if outcome["status"] == "changed" and not done:
        wrong.append("says changed, and nothing was done")
    if outcome["status"] in ("unchanged", "skipped", "unsupported") and done:
        wrong.append(f"says {outcome['status']}, and it was done")
    if outcome["status"] == "failed" and done and not ADMITS.search(outcome["message"] or ""):
        wrong.append(f"says failed without a doubt, and it was done: {outcome['message']}")
    if outcome["status"] == "failed" and not result.get("failed"):
        wrong.append("an outcome failed, and the task did not")
    if not result.get("failed"):
        if done != 1 and not (wanted in ("stopped", "suspended", "resumed") and done > 1):
            wrong.append(f"success, and it was done {done} times")
        told = result["jobs"][0]
        if wanted in ("enabled", "disabled") and not (told["enabled"] is after["enabled"] is (wanted == "enabled")):
            wrong.append(f"success, and enabled is {after['enabled']}, in the record {told['enabled']}")
        if wanted == "started" and (outcome["run"] or {}).get("id") in (None, facts["last_run"]):
            wrong.append("success, and the new run is not told")
        if wanted == "stopped" and outcome["run"]["state"] not in ("stopping", "finished"):
            wrong.append(f"success, and the run is {outcome['run']['state']}")
    sent = [entry for entry in stage.actor.writes() if entry.done]
    if sent and not result["audit"]:
        wrong.append("a write was sent that the audit does not have")
    return wrong


def action_converged(stage: Stage, facts: dict, before: dict) -> list[str]:
    wanted, after = facts["state"], counts(stage, facts)
    if wanted in ("enabled", "disabled"):
        return [] if after["enabled"] is (wanted == "enabled") else ["the second run did not bring it there"]
    done = _effect(wanted, before, after)
    if wanted == "started":
        return [] if done == 1 else [f"started {done} times after the second run"]
    return [] if done >= 1 else ["the second run did not bring it there"]


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


def _job(actor: Actor) -> dict:
    (job,) = actor.idle()
    _long_run(actor, job["id"])
    return {"id": job["id"], "uid": job["uid"], "last_run": job["last_run"]["id"]}


def _prepare_action(state: str) -> Callable[[Actor], dict]:
    def prepare(actor: Actor) -> dict:
        facts = dict(_job(actor), state=state)
        if state == "enabled":
            actor.act("disabled", uids=[facts["uid"]])
        if state in ("stopped", "suspended", "resumed"):
            run = actor.act("started", uids=[facts["uid"]])["outcomes"][0]["run"]
            actor.simulator.clock.advance(30)
            if state == "resumed":
                actor.act("suspended", uids=[run["uid"]])
                actor.simulator.clock.advance(30)
            if state != "stopped":
                facts["uid"] = run["uid"]
        return facts

    return prepare


def _act(actor: Actor, facts: dict) -> dict:
    return actor.act(facts["state"], uids=[facts["uid"]], reason="campaign")


def actions(case: str) -> list[Scenario]:
    traits = TRAITS[CASES[case]["platform"]]
    return [
        Scenario(
            "job_action", state, case, _prepare_action(state), _act, counts, judge_action, converges=action_converged
        )
        for state, verb in action_plan.VERBS.items()
        if traits.capabilities[verb].supported
    ]


# -- waiting -----------------------------------------------------------------------------------------------------------


def _prepare_wait(actor: Actor) -> dict:
    (job,) = actor.idle()
    _long_run(actor, job["id"], 45)
    run = actor.act("started", uids=[job["uid"]])["outcomes"][0]["run"]
    return {"id": job["id"], "uid": run["uid"], "state": "started"}


def _wait(actor: Actor, facts: dict) -> dict:
    return actor.run(job_wait, uids=[facts["uid"]], wait_interval=10, wait_timeout=600, accept_results=ALL_RESULTS)


def judge_wait(stage: Stage, facts: dict, before: dict, result: dict, golden: dict) -> list[str]:
    wrong = ["a wait changed something"] if counts(stage, facts) != before or result["changed"] else []
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
        job_action, state="started", uids=[facts["uid"]], wait=True, wait_interval=10, wait_timeout=600,
        accept_results=ALL_RESULTS,
    )  # fmt: skip


def _prepare_start_and_wait(actor: Actor) -> dict:
    (job,) = actor.idle()
    _long_run(actor, job["id"], 45)
    return {"id": job["id"], "uid": job["uid"], "last_run": job["last_run"]["id"], "state": "started"}


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


def scenarios(case: str) -> list[Scenario]:
    """All that can be done with a product."""
    return [*readings(case), *actions(case), *waits(case), *operations(case), *sessions(case)]
