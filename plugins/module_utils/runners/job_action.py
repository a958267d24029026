# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""job_action: read, plan, apply, verify, wait. Private to this collection."""

from __future__ import annotations

import contextlib
import time

from ansible_collections.backupops.jobs.plugins.module_utils import audit, model, options, selection, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    BackupOpsError,
    InvalidError,
    LostAnswer,
    NotFound,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import map_concurrent, pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Order, Query
from ansible_collections.backupops.jobs.plugins.module_utils.runners import action_plan, choosing, target, waiting
from ansible_collections.backupops.jobs.plugins.module_utils.runners.action_plan import (
    CHANGED,
    FAILED,
    UNCHANGED,
    UNSUPPORTED,
    Step,
)

SPEC = dict(
    options.CONNECTION_SPEC,
    **{name: selection.FILTER_SPEC[name] for name in ("entity", "job_ids", "uids", "names", "clients", "types")},
    state={"type": "str", "choices": list(action_plan.VERBS)},
    level={"type": "str", "choices": ["full", "incremental", "differential", "synthetic_full"]},
    wait={"type": "bool"},
    if_running={"type": "str", "choices": ["attach", "skip", "fail"]},
    unless_success_within={"type": "str"},
    if_disabled={"type": "str", "choices": ["fail", "run"]},
    unsupported={"type": "str", "choices": ["fail", "warn", "skip"], "default": "fail"},
    max_jobs={"type": "int"},
    expect={
        "type": "dict",
        "options": {"client": {"type": "str"}, "name": {"type": "str"}, "started_before": {"type": "str"}},
    },
    allow_empty={"type": "bool", "default": False},
    restore_from={"type": "list", "elements": "dict"},
    **waiting.SPEC,
    **audit.SPEC,
    **{name: {"type": "dict", "options": traits.actions} for name, traits in registry.TRAITS.items() if traits.actions},
)
CONSTRAINTS = {
    "required_one_of": [("state", "restore_from")],
    "mutually_exclusive": [
        ("restore_from", other) for other in ("state", "job_ids", "uids", "names", "clients", "types")
    ]
    + [("job_ids", "names"), ("uids", "names")],
}

#: The options that only some states know.
_ONLY = {
    "level": ("started",),
    "if_running": ("started",),
    "unless_success_within": ("started",),
    "if_disabled": ("started",),
    "wait": ("started", "stopped", "suspended", "resumed"),
    "expect": ("started", "stopped", "suspended", "resumed", "enabled", "disabled"),
}
#: How long an accepted write may stay invisible, how often we look, and how long a lost one may.
VERIFY_S, LOST_S = 60, 15
_LOOKS = (0, 0.5, 1, 1, 2, 2, 3, 5)
#: Sending these twice does no harm, once a read has shown that the first did not arrive.
_REPEATABLE = ("enable", "disable", "stop", "suspend", "resume")


def blank():
    """What the documentation promises of every result, before anything is known."""
    return {"changed": False, "jobs": [], "outcomes": [], "audit": []}


def run(context):
    """The result of the module job_action (see its documentation)."""
    context.result.update(blank())
    with target.opened(context) as platform:
        return _Task(context, platform).work()


class _Task:
    """One task: its options, and the steps that it has come to."""

    def __init__(self, context, platform):
        self.context, self.platform = context, platform
        self.params = dict(context.params)
        self.state = self.params.get("state")
        self.traits, self.connection = platform.traits, platform.connection
        self.now = time.time()
        self.extra = {
            name: value for name, value in (self.params.get(self.traits.name) or {}).items() if value is not None
        }
        if self.params.get("entity") is None and platform.bare_entity(self.extra) != self.traits.native_entity:
            self.params["entity"] = platform.bare_entity(self.extra)

    def work(self):
        self._check_options()
        try:
            steps = self._restoring() if self.state is None else self._plan()
        except Unsupported as error:
            steps = self._unsupported(error)
        if not self.context.check_mode:
            try:
                self._apply(steps)
            except BaseException:
                # What was sent must be told, and stand in the audit, whatever ends the task.
                self._settle_undone(steps)
                self._report(steps)
                raise
        self._report(steps)
        waits = self.params.get("wait") and not self.context.check_mode
        self._fail_for(steps, self._wait(steps) if waits else None)
        return self.context.result

    # -- the task's own options, before any request ------------------------------------------------------------------
    def _check_options(self):
        params = self.params
        check_states(params)
        for option in waiting.SPEC:
            if params.get(option) is not None and not params.get("wait"):
                raise InvalidError("{0} applies with wait: true only.".format(option))
        for name in registry.TRAITS:
            if params.get(name) and name != self.traits.name:
                raise InvalidError("{0}: these options do not apply to platform {1}.".format(name, self.traits.name))
        if params.get("max_jobs") is not None and params["max_jobs"] < 0:
            raise InvalidError("max_jobs: {0} is negative.".format(params["max_jobs"]))
        self.patience = waiting.Patience.of(params, waiting.accepted_for(self.state), waiting.ends_for(self.state))
        within = times.parse_duration(params.get("unless_success_within"), "unless_success_within")
        self.rules = action_plan.Rules(
            params.get("if_running") or "attach",
            params.get("if_disabled") or "fail",
            None if within is None else model.timestamp(self.now - within),
        )
        expect = params.get("expect") or {}
        if expect.get("started_before") is not None and self.state in ("enabled", "disabled", "started"):
            raise InvalidError("expect.started_before applies to state stopped, suspended, resumed only.")
        self.started_before = times.parse_time(
            expect.get("started_before"), "expect.started_before", self.now, self.connection.timezone
        )

    def _entity(self):
        """The entity of the ids or names; refuses, before any request, one that the state does not act on."""
        acts_on = action_plan.ACTS_ON[self.state]
        registry.require(self.traits.name, action_plan.VERBS[self.state], "have its jobs {0}".format(self.state))
        allowed = self.traits.capabilities[action_plan.VERBS[self.state]].entity
        given = any(self.params.get(option) is not None for option in ("job_ids", "uids"))
        entity = (
            selection.asked_ids(self.params, self.traits, self.connection)[0] if given else self.params.get("entity")
        )
        if entity is None:
            return acts_on or model.DEFINITION
        if self.state == "stopped" and allowed == model.DEFINITION and entity == model.RUN:
            raise Unsupported(
                "{0} stops jobs, not single runs.".format(self.traits.label),
                hint="Set entity: definition and give the id of the job.",
            )
        if acts_on is not None and entity != acts_on:
            raise InvalidError(
                "{0}: {1} acts on {2}s, and these are {3}s.".format(
                    "uids" if self.params.get("uids") else "job_ids" if given else "entity", self.state, acts_on, entity
                ),
                hint=(
                    "Set entity: {0} and give ids of {0}s (a run tells its definition_id).".format(acts_on)
                    if acts_on == model.DEFINITION
                    else "Set entity: run and give ids of runs (a definition tells its current_run)."
                ),
            )
        return entity

    # -- read and plan -----------------------------------------------------------------------------------------------
    def _plan(self):
        entity = self._entity()
        self._check_level()
        self.platform.check_order(action_plan.VERBS[self.state], self.extra)
        selects = ("job_ids", "uids", "names", "clients", "types")
        whole = self.platform.whole_scope(self.extra)
        if not whole and all(self.params.get(option) is None for option in selects):
            raise InvalidError("job_ids: not given; say which jobs with job_ids, uids, names, clients or types.")
        switching = self.state in ("enabled", "disabled")
        need = frozenset(("enabled",) if switching else ("enabled", "runs"))
        chosen = choosing.choose(self.platform, self.params, entity, self.extra, need)
        choosing.fail_for_missing(chosen)
        if not chosen.records and not self.params["allow_empty"]:
            raise NotFound(
                "No {0} fits.".format(entity),
                hint=" ".join(filter(None, ("Set allow_empty: true if that is fine.", chosen.unseen))),
            )
        action_plan.check_expected(chosen.records, self.params.get("expect"), self.started_before)
        steps = [action_plan.plan_step(record, self.state, self.rules) for record in chosen.records]
        self._complete(steps)
        action_plan.check_limit(steps, self.state, self.params.get("max_jobs"))
        return steps

    def _check_level(self):
        level = self.params.get("level")
        if level is None or level in self.traits.levels:
            return
        able = [name for name, traits in registry.TRAITS.items() if level in traits.levels]
        message = "{0} cannot start a backup of the level {1}.".format(self.traits.label, level)
        if self.params["unsupported"] == "fail":
            raise Unsupported(
                message,
                hint="Platforms that can: {0}; or set unsupported: warn to start without.".format(", ".join(able)),
            )
        self.context.warn(message + " It is started without one.")
        self.params["level"] = None

    def _complete(self, steps):
        """What only the platform knows: objections, and what must be remembered."""
        for step in steps:
            step.native = self.platform.snapshot(step.record, self.extra)
            if step.verb is None:
                continue
            objection = self.platform.objection(self._order(step))
            if objection:
                step.verb = None
                step.settle(UNSUPPORTED, objection)

    def _restoring(self):
        """Steps that put back what the outcomes of an earlier task tell."""
        wanted = action_plan.restore_steps(self.params["restore_from"])
        if not wanted:
            return []
        for state in {state for state, _outcome in wanted if state}:
            registry.require(self.traits.name, action_plan.VERBS[state], "have its jobs {0}".format(state))
            self.platform.check_order(action_plan.VERBS[state], self.extra)
        again = dict(self.params, restore_from=None)
        if any(outcome["entity"] not in model.ENTITIES for _state, outcome in wanted):
            again["job_ids"] = [outcome["id"] for _state, outcome in wanted]  # of a scope above definitions
            again["entity"] = model.DEFINITION
        else:
            again["uids"] = [outcome["uid"] for _state, outcome in wanted]
        if self.platform.whole_scope(self.extra):
            again["job_ids"] = None
        chosen = choosing.choose(self.platform, again, model.DEFINITION, self.extra, frozenset(("enabled",)))
        choosing.fail_for_missing(chosen)
        records = {record["id"]: record for record in chosen.records}
        steps = []
        for state, outcome in wanted:
            record = records.get(outcome["id"])
            if record is None or record["uid"] != outcome["uid"]:
                raise InvalidError(
                    "restore_from: {0} is not what this task's options name ({1}).".format(
                        outcome["uid"], record["uid"] if record else ", ".join(records) or "nothing"
                    ),
                    hint="Give the connection and the platform's options as in the task that changed it.",
                )
            step = action_plan.plan_step(record, state or "enabled", self.rules)
            step.restore = outcome["before"].get("native")
            if state is None:
                step.verb = None
                step.settle(UNSUPPORTED, "Whether it was enabled before is not known, so it cannot be put back.")
            elif step.restore is not None:
                same = self.platform.snapshot(record, self.extra) == step.restore
                step.verb, step.status = (None, UNCHANGED) if same else (action_plan.VERBS[state], CHANGED)
            steps.append(step)
        self._complete(steps)
        action_plan.check_limit(steps, "restored", self.params.get("max_jobs"))
        return steps

    def _unsupported(self, error):
        """Steps for jobs that the product cannot act on, unless the task wants that to fail."""
        policy = self.params["unsupported"]
        if policy == "fail":
            raise error
        if policy == "warn":
            self.context.warn(error.message)
        entity, asked = selection.asked_ids(self.params, self.traits, self.connection)
        if asked is None and all(self.params.get(option) is None for option in ("names", "clients", "types")):
            return []
        if asked is None:
            found = choosing.choose(self.platform, self.params, entity, self.extra, frozenset())
            choosing.fail_for_missing(found)
            records = found.records
        else:
            records = [
                model.job_record(
                    written if written != id else None, self.traits.name, self.connection.endpoint, entity, id
                )
                for id, written in asked.items()
            ]
        return [Step(record, self.state).settle(UNSUPPORTED, error.message) for record in records]

    # -- apply and verify --------------------------------------------------------------------------------------------
    def _order(self, step):
        return Order(step.verb, step.record, self.params.get("level"), self.extra, step.restore)

    def _apply(self, steps):
        doing = [step for step in steps if step.verb]
        self._send(doing)
        self._verify(doing)

    def _send(self, steps):
        """Send the writes, ``concurrency`` at a time; each step then has its error, or the id of its run."""

        def send(step):
            step.sent = True
            try:
                return self.platform.perform(self._order(step)), None
            except BackupOpsError as error:
                return None, error

        self.context.result["changed"] = self.context.result["changed"] or bool(steps)
        # Closed also by the task's timeout, which may strike between two answers: nothing more is begun.
        with contextlib.closing(map_concurrent(send, steps, self.connection.concurrency)) as answers:
            for step, (run_id, error) in zip(steps, answers):
                step.error, step.run_id = error, run_id

    @staticmethod
    def _settle_undone(steps):
        """The steps of a task that ended before it was done with them."""
        for step in steps:
            if step.verb and not step.sent:
                step.verb = None
                step.settle(FAILED, "It was not sent; see the error.")
            elif step.sent and step.after is None:
                step.settle(FAILED, "It was sent, and the task ended before what became of it was read.")

    def _verify(self, steps):
        """Read until every step shows what it wanted, or will not."""
        pending, begun, look, resent = list(steps), time.monotonic(), 0, set()
        while pending:
            pause(_LOOKS[min(look, len(_LOOKS) - 1)])
            look += 1
            try:
                now = self._reread(pending)
            except BackupOpsError as error:
                if time.monotonic() - begun > VERIFY_S:
                    for step in pending:
                        step.after = None  # an earlier look is no end
                        step.settle(FAILED, "Sent, but what became of it could not be read: {0}".format(error.message))
                    return
                continue
            waited = time.monotonic() - begun
            pending = [step for step in pending if not self._decided(step, now.get(step.record["id"]), waited, resent)]

    def _reread(self, steps):
        """Records after the write by id; the runs that were named in an answer stand in ``step.run``."""
        entity = steps[0].record["entity"]
        need = frozenset(("enabled",) if steps[0].verb in ("enable", "disable") else ("enabled", "runs"))
        query = Query(
            entity=model.RUN if entity == model.RUN else model.DEFINITION,
            now=time.time(),
            ids=None if self.platform.whole_scope(self.extra) else [step.record["id"] for step in steps],
            options=self.extra,
            need=need,
        )
        found = self._read(query)
        named = {step.run_id: step for step in steps if step.run_id}
        if named:
            for id, record in self._read(Query(entity=model.RUN, now=time.time(), ids=list(named))).items():
                named[id].run = record
        return found

    def _read(self, query):
        listing = self.platform.list_jobs(query)
        return {record["id"]: selection.judge(record, query.now, listing.history) for record in list(listing.records)}

    def _decided(self, step, record, waited, resent):
        """Judge one step by what was read; True when that is final."""
        if record is None:
            if waited <= VERIFY_S:
                return False
            step.settle(FAILED, "Sent, but it cannot be found any more.")
            return True
        step.after = record
        there = (step.verb == "start" and step.run is not None) or self._reached(step, record)
        error = step.error
        if isinstance(error, SessionExpired) and id(step) not in resent:
            # The product did not do it; the login is new. Plan again with what was just read.
            resent.add(id(step))
            if not there:
                self._send([step])
                return False
        if there:
            if step.verb == "start":
                step.run = step.run or action_plan.new_run(step.record, record)
            elif step.run is not None:
                step.run = self._same_run(step, record)
            if error is not None and not isinstance(error, (LostAnswer, SessionExpired)):
                step.settle(UNCHANGED, "Refused ({0}), but it is so already.".format(error.message))
            return True
        if there is None and (error is None or isinstance(error, LostAnswer)):
            self.context.warn(
                "{0}: the product does not tell whether it is {1} now.".format(
                    step.record["name"], self.state or step.state
                )
            )
            return True
        if error is None:
            return self._not_yet(step, waited)
        if isinstance(error, LostAnswer):
            return self._after_loss(step, waited, resent)
        step.settle(FAILED, " ".join(filter(None, (error.message, error.hint))))
        return True

    def _reached(self, step, record):
        if step.restore is not None:
            return self.platform.snapshot(record, self.extra) == step.restore
        return action_plan.reached(step, record)

    def _not_yet(self, step, waited):
        """An accepted write that does not show yet."""
        if waited <= VERIFY_S:
            return False
        step.settle(CHANGED, "The product accepted it, but does not show it after {0} s.".format(VERIFY_S))
        self.context.warn("{0}: {1}".format(step.record["name"], step.message))
        return True

    def _after_loss(self, step, waited, resent):
        """A write whose answer was lost, and that does not show."""
        if waited <= LOST_S and step.verb not in _REPEATABLE:
            return False
        if step.verb in _REPEATABLE and id(step) not in resent:
            if waited <= 2:
                return False
            resent.add(id(step))
            self._send([step])
            return False
        step.settle(
            FAILED,
            "The connection was lost while it was sent, and the product does not show it; it was not sent again. "
            + step.error.message,
        )
        return True

    @staticmethod
    def _same_run(step, record):
        """The run that was stopped, suspended or resumed as it is now."""
        for run in (record if record["entity"] == model.RUN else None, record["current_run"], record["last_run"]):
            if run is not None and run["id"] == step.run["id"]:
                return run
        return step.run

    # -- wait, report ------------------------------------------------------------------------------------------------
    def _wait(self, steps):
        """Wait for the runs of the steps; the error that the end deserves, or None."""
        following = [step for step in steps if is_followed(step.status, step.run)]
        lost = [step for step in steps if step.verb == "start" and step.status == CHANGED and step.run is None]
        for step in lost:
            step.settle(FAILED, "It was started, but its run does not show, so it cannot be waited for.")
        waited = waiting.wait_for(self.platform, [step.run for step in following], self.patience, self.context.progress)
        for step in following:
            step.run = waited.runs[step.run["uid"]]
        self.context.result["timeline"] = waited.timeline
        if following and any(step.record["entity"] == model.DEFINITION for step in following):
            now = self._reread([step for step in following if step.record["entity"] == model.DEFINITION])
            for step in following:
                step.after = now.get(step.record["id"], step.after)
        for step in following:
            if step.record["entity"] == model.RUN:
                step.after = step.run
        self._report(steps)
        try:
            waiting.judge(waited, self.patience)
        except BackupOpsError as error:
            return error
        return None

    def _report(self, steps):
        """Put outcomes, jobs, audit and diff into the result."""
        context, module = self.context, "backupops.jobs.job_action"
        outcomes, entries, diff = [], [], {"before": {}, "after": {}}
        for step in steps:
            record = step.record
            before = self._facts(record, step.native)
            if step.after is not None:
                after = self._facts(step.after, self.platform.snapshot(step.after, self.extra))
            elif step.sent:
                after = {"enabled": None, "state": model.UNKNOWN, "native": None}  # nobody could read it
            else:
                after = self._predicted(step, before)
            changed = step.status == CHANGED
            outcomes.append(
                {
                    "uid": record["uid"],
                    "id": record["id"],
                    "name": record["name"],
                    "entity": record["entity"],
                    "changed": changed,
                    "status": step.status,
                    "before": before,
                    "after": after,
                    "run": None if context.check_mode else step.run,
                    "result": None if context.check_mode or step.run is None else step.run["result"],
                    "message": step.message,
                }
            )
            if step.sent:
                entries.append(
                    audit.entry(
                        self.connection,
                        module,
                        step.verb,
                        record["uid"],
                        self.params.get("reason"),
                        before,
                        after,
                        step.status,
                    )
                )
            if changed:
                field = "enabled" if step.verb in ("enable", "disable") else "state"
                diff["before"][record["uid"]] = {field: before[field]}
                diff["after"][record["uid"]] = {field: step.verb == "enable" if field == "enabled" else step.state}
        context.result.update(
            changed=any(outcome["changed"] for outcome in outcomes),
            outcomes=outcomes,
            jobs=[step.after or step.record for step in steps],
            audit=entries,
        )
        if context.diff:
            context.result["diff"] = diff

    @staticmethod
    def _facts(record, native):
        return {"enabled": record["enabled"], "state": record["state"], "native": native}

    def _predicted(self, step, before):
        """What a check-mode run expects after the write."""
        if step.verb in ("enable", "disable"):
            return dict(before, enabled=step.verb == "enable", native=step.restore or before["native"])
        return before

    def _fail_for(self, steps, trouble):
        """Report all failures together, also that of a wait; what did change stands in the result."""
        bad = [step for step in steps if step.status == FAILED]
        policy = self.params["unsupported"]
        lacking = [step for step in steps if step.status == UNSUPPORTED]
        if policy == "warn":
            for step in lacking:
                self.context.warn("{0}: {1}".format(step.record["name"] or step.record["id"], step.message))
        if policy == "fail":
            bad += lacking
        if not bad:
            if trouble is not None:
                raise trouble
            return
        message = "; ".join(
            "{0} ({1}): {2}".format(step.record["name"], step.record["id"], (step.message or "").rstrip("."))
            for step in bad
        )
        kinds = {
            type(step.error) if step.error else (Unsupported if step.status == UNSUPPORTED else None) for step in bad
        }
        kind = kinds.pop() if len(kinds) == 1 else None
        message = "{0} of {1} failed: {2}.".format(len(bad), len(steps), message)
        if trouble is not None:
            trouble.message = "{0} {1}".format(trouble.message, message)
            raise trouble
        raise (kind or _Failed)(message)


def check_states(params):
    """Raise InvalidError for an option that the task's state does not know."""
    for option, states in _ONLY.items():
        if params.get(option) is not None and params.get("state") not in states:
            raise InvalidError("{0} applies to state {1} only.".format(option, ", ".join(states)))


def is_followed(status, run):
    """Whether a wait concerns the run of an outcome: one that ended before we came is nobody's to judge."""
    return run is not None and (status == CHANGED or (status == UNCHANGED and run["state"] != model.FINISHED))


class _Failed(BackupOpsError):
    """Jobs that could not be brought to the wanted state, for more than one reason or by a rule of the task."""

    kind = "refused"
