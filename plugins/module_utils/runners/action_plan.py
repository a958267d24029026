# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a job_action will do: pure functions from records to steps; no I/O. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, Refused

#: state of the task -> verb of the platform (platforms/base.py), and ability of the capability table.
VERBS = {
    "enabled": "enable",
    "disabled": "disable",
    "started": "start",
    "stopped": "stop",
    "suspended": "suspend",
    "resumed": "resume",
}
#: state of the task -> the entity that it acts on; None: either.
ACTS_ON = {
    "enabled": model.DEFINITION,
    "disabled": model.DEFINITION,
    "started": model.DEFINITION,
    "stopped": None,
    "suspended": model.RUN,
    "resumed": model.RUN,
}
#: How many jobs a task may change when ``max_jobs`` is not given.
MAX_JOBS = {"stopped": 20, "suspended": 20}

CHANGED, UNCHANGED, FAILED, UNSUPPORTED, SKIPPED = "changed", "unchanged", "failed", "unsupported", "skipped"


@dataclass
class Step:
    """What happens to one job.

    ``record`` is the job as read before; ``verb`` is None when nothing is sent; ``status`` is the prediction, and in the
    end the truth; ``run`` the record of the run that was started, stopped or met. ``sent``: the write has begun;
    ``run_id`` and ``error`` are what its answer told. ``native`` and ``restore`` see Platform.snapshot.
    """

    record: dict
    state: str
    verb: str | None = None
    status: str = UNCHANGED
    message: str | None = None
    run: dict | None = None
    after: dict | None = None
    native: dict | None = None
    restore: dict | None = None
    sent: bool = False
    run_id: str | None = None
    error: Exception | None = None

    def settle(self, status, message=None):
        self.status, self.message = status, message or self.message
        return self


def plan_step(record, state, rules):
    """The Step for one record. ``rules``: see Rules."""
    step = Step(record, state)
    if state in ("enabled", "disabled"):
        return _plan_switch(step, state == "enabled")
    if state == "started":
        return _plan_start(step, rules)
    if state == "stopped":
        return _plan_stop(step)
    return _plan_pause(step, state)


@dataclass
class Rules:
    """The conditions of a start. ``fresh_since``: a success after this time text makes a start needless."""

    if_running: str = "attach"
    if_disabled: str = "fail"
    fresh_since: str | None = None


def _go(step):
    step.verb, step.status = VERBS[step.state], CHANGED
    return step


def _plan_switch(step, wanted):
    if step.record["enabled"] is wanted:
        return step
    if step.record["enabled"] is None:
        step.message = "The product does not tell whether the job is enabled, so this always counts as a change."
    return _go(step)


def _plan_start(step, rules):
    record = step.record
    if rules.fresh_since is not None and (record["last_success_at"] or "") >= rules.fresh_since:
        last = record["last_run"]
        # What ended badly after that success is not the run that makes a start needless.
        step.run = last if last and last["result"] in model.GOOD_RESULTS else None
        return step.settle(SKIPPED, "Its last success, {0}, is recent enough.".format(record["last_success_at"]))
    if record["state"] in model.ACTIVE_STATES:
        step.run = record["current_run"]
        if rules.if_running == "fail":
            return step.settle(FAILED, "It is running already (if_running is fail).")
        if rules.if_running == "skip":
            return step.settle(SKIPPED, "It is running already.")
        step.message = "It is running already."
        return step
    if record["enabled"] is False and rules.if_disabled == "fail":
        return step.settle(FAILED, "It is disabled (if_disabled is fail).")
    return _go(step)


def _plan_stop(step):
    run = running_part(step.record)
    step.run = run
    if run is None or run["state"] in (model.FINISHED, model.STOPPING):
        return step
    return _go(step)


def running_part(record):
    """The run that a stop is about: the record itself, or the current run of a definition."""
    return record if record["entity"] == model.RUN else record["current_run"]


def _plan_pause(step, state):
    now = step.record["state"]
    step.run = step.record
    if now == model.FINISHED:
        return step.settle(FAILED, "It has ended already ({0}).".format(step.record["result"]))
    paused = now in (model.SUSPENDED, model.SUSPENDING)
    return step if paused == (state == "suspended") else _go(step)


def reached(step, record):
    """Whether ``record``, read after the write, shows what the step wanted; None when it cannot tell."""
    if step.verb in ("enable", "disable"):
        return None if record["enabled"] is None else record["enabled"] is (step.verb == "enable")
    if step.verb == "start":
        return new_run(step.record, record) is not None
    if step.verb == "stop":
        return _stopped(step, record)
    state = record["state"]
    if step.verb == "suspend":
        return state in (model.SUSPENDING, model.SUSPENDED)
    return state not in (model.SUSPENDED, model.SUSPENDING)


def _stopped(step, record):
    now = running_part(record)
    if now is None or now["state"] in (model.STOPPING, model.FINISHED):
        return True
    return now["id"] != step.run["id"]


def new_run(before, after):
    """The run that a definition has after a start and had not before; None when there is none."""
    known = {run["id"] for run in (before["current_run"], before["last_run"]) if run}
    for run in (after["current_run"], after["last_run"]):
        if run is not None and run["id"] not in known:
            return run
    return None


# -- guards, all before the first write ----------------------------------------------------------------------------------


def check_limit(steps, state, max_jobs):
    """Raise Refused when more jobs would change than the task allows."""
    limit = max_jobs if max_jobs is not None else MAX_JOBS.get(state)
    doing = [step for step in steps if step.verb]
    if limit is not None and len(doing) > limit:
        raise Refused(
            "max_jobs: {0} jobs would be {1}, and {2} are allowed; nothing was done.".format(len(doing), state, limit),
            hint="Narrow the selection, or raise max_jobs.",
        )


def check_expected(records, expect, started_before):
    """Raise Refused unless every job is what the task says that it is."""
    if not expect:
        return
    for record in records:
        client, name = record["workload"]["client"], record["name"]
        facts = (
            (
                "client",
                expect.get("client"),
                client,
                (client or "").casefold() == (expect.get("client") or "").casefold(),
            ),
            ("name", expect.get("name"), name, name == expect.get("name")),
        )
        for option, wanted, found, same in facts:
            if wanted is not None and not same:
                raise Refused(
                    "expect.{0}: job {1} has {2!r}, not {3!r}; nothing was done.".format(
                        option, record["id"], found, wanted
                    )
                )
        if started_before is not None:
            run = running_part(record)
            start = run["started_at"] if run else None
            if start is None or start >= model.timestamp(started_before):
                raise Refused(
                    "expect.started_before: job {0} started at {1}; nothing was done.".format(
                        record["id"], start or "no time"
                    )
                )


def restore_steps(outcomes):
    """``(wanted state, outcome)`` of each outcome of an earlier job_action that changed whether a job is enabled."""
    wanted = []
    for number, outcome in enumerate(outcomes):
        try:
            changed, before, entity = outcome["changed"], outcome["before"]["enabled"], outcome["entity"]
            after = (outcome["after"] or {}).get("enabled")
            outcome["id"], outcome["uid"]
        except (TypeError, KeyError, AttributeError) as error:
            raise InvalidError(
                "restore_from: entry {0} is not an outcome of job_action.".format(number + 1),
                hint="Give it the outcomes of the task that disabled the jobs.",
            ) from error
        if not changed or before is after and outcome["before"].get("native") == outcome["after"].get("native"):
            continue
        if entity == model.RUN:
            raise InvalidError("restore_from: {0} is a run; only definitions can be put back.".format(outcome["uid"]))
        wanted.append((None if before is None else "enabled" if before else "disabled", outcome))
    return wanted
