# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""job_operation: read, plan, apply, verify. Private to this collection."""

from __future__ import annotations

import math
import time

from ansible_collections.backupops.jobs.plugins.module_utils import audit, model, options, selection, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    BackupOpsError,
    InvalidError,
    LostAnswer,
    NotFound,
    PlanChanged,
    SessionExpired,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import map_concurrent, pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    BLOCKED,
    OPERATIONS,
    PENDING,
    History,
    Operation,
)
from ansible_collections.backupops.jobs.plugins.module_utils.runners import operation_plan, target
from ansible_collections.backupops.jobs.plugins.module_utils.runners.action_plan import (
    CHANGED,
    FAILED,
    SKIPPED,
)

SPEC = dict(
    options.CONNECTION_SPEC,
    operation={"type": "str", "required": True, "choices": list(OPERATIONS)},
    **{name: selection.FILTER_SPEC[name] for name in ("job_ids", "uids")},
    storage_policy_id={"type": "int"},
    storage_policy={"type": "str"},
    copy_id={"type": "int"},
    copy={"type": "str"},
    copies={"type": "list", "elements": "str"},
    commcell_id={"type": "int"},
    retain_until={"type": "str"},
    only_extend={"type": "bool"},
    include_required={"type": "bool"},
    include_dependents={"type": "bool"},
    load_dependent_jobs={"type": "bool"},
    load_archiver_jobs={"type": "bool"},
    max_jobs={"type": "int"},
    confirm_plan={"type": "str"},
    guards={"type": "list", "elements": "str", "choices": list(operation_plan.GUARDS)},
    **audit.SPEC,
)
CONSTRAINTS = {
    "mutually_exclusive": [("storage_policy_id", "storage_policy"), ("copy_id", "copy", "copies")],
}

#: The options that only some operations know.
_ONLY = {
    "retain_until": ("retain",),
    "only_extend": ("retain",),
    "include_required": ("retain",),
    "include_dependents": ("delete",),
    "guards": ("delete",),
}
FOREVER, ALL = "forever", "all"
#: Options that Platform.operate gets as they are.
_PASSED_ON = ("commcell_id", "load_dependent_jobs", "load_archiver_jobs")
#: So many ids of which the server knows no policy that was not read yet are looked up one by one; then all policies
#: are read. This bounds the requests by policies and copies, whatever the number of ids.
FRUITLESS_PROBES = 3
#: Seconds before each look after a write: a whole copy is read each time, so they are few.
_LOOKS, _LOOKS_LOST = (0, 1, 3), (0, 1, 3, 6)
_SWITCHES = ("disallow_copy", "disallow_copy_all", "allow_copy")


def blank():
    """What the documentation promises of every result, before anything is known."""
    return {
        "changed": False,
        "plan": None,
        "plan_id": None,
        "outcomes": [],
        "missing": [],
        "dependent_jobs_exist": None,
        "archiver_jobs_exist": None,
        "jobs": [],
        "audit": [],
    }


def run(context):
    """The result of the module job_operation (see its documentation)."""
    context.result.update(blank())
    with target.opened(context) as platform:
        return _Task(context, platform).work()


class _Task:
    """One task: its options, the places that it read, and the steps that it has come to."""

    def __init__(self, context, platform):
        self.context, self.platform = context, platform
        self.params = context.params
        self.operation = self.params["operation"]
        self.traits, self.connection = platform.traits, platform.connection
        self.now = time.time()
        self.places = {}  # copy id -> operation_plan.Place
        self.copies = {}  # policy id -> its StorageCopy objects
        self.under_way = frozenset()
        self._records = {}

    def work(self):
        self._check_options()
        steps = self._plan()
        self._describe(steps)
        try:
            self._check(steps)
        except BackupOpsError:
            for step in steps:
                if step.sends:
                    step.sends = False
                    step.settle(SKIPPED, "Nothing was sent; see the error.")
            self._report(steps)
            raise
        if not self.context.check_mode:
            try:
                self._apply([step for step in steps if step.sends])
            except BaseException:
                # What was sent must be told, and stand in the audit, whatever ends the task.
                for step in steps:
                    if step.sends and not step.sent:
                        step.settle(SKIPPED, "It was not sent; see the error.")
                self._report(steps)
                raise
        self._report(steps)
        self._fail_for(steps)
        return self.context.result

    # -- the task's own options, before any request ------------------------------------------------------------------
    def _check_options(self):
        params, operation = self.params, self.operation
        registry.require(self.traits.name, "job_operation", "hold, release or delete what its copies keep of a run")
        for option, operations in _ONLY.items():
            if params.get(option) is not None and operation not in operations:
                raise InvalidError("{0} applies to operation {1} only.".format(option, ", ".join(operations)))
        for option in ("load_dependent_jobs", "load_archiver_jobs"):
            if params.get(option) and operation == "delete":
                raise InvalidError(
                    "{0}: it is never sent true with delete.".format(option),
                    hint="Whether the server would only compute, or delete more, is not documented. See include_dependents.",
                )
        if params.get("max_jobs") is not None and params["max_jobs"] < 0:
            raise InvalidError("max_jobs: {0} is negative.".format(params["max_jobs"]))
        entity, asked = selection.asked_ids(params, self.traits, self.connection)
        if asked is None:
            raise InvalidError("job_ids: not given; say which runs with job_ids or uids.")
        if entity != model.RUN:
            raise InvalidError(
                "uids: {0} acts on what copies hold of runs, and these are {1}s.".format(operation, entity),
                hint="Give ids of runs (a definition tells its current_run and last_run).",
            )
        self.asked = list(asked)
        self.as_given = asked
        self._check_copies()
        self.until = self._end() if operation == "retain" else None

    def _check_copies(self):
        params = self.params
        given = [option for option in ("copy_id", "copy", "copies") if params.get(option) not in (None, "", [])]
        if not given:
            raise InvalidError(
                "copies: not given; say which with copy_id, copy or copies (names, ids or {0}).".format(ALL)
            )
        entries = params["copies"] if given[0] == "copies" else [str(params[given[0]])]
        self.entries = list(dict.fromkeys(entry.strip() for entry in entries))
        self.by_id_only = given[0] == "copy_id"
        self.all_copies = given[0] == "copies" and ALL in self.entries
        if self.all_copies and len(self.entries) > 1:
            raise InvalidError("copies: {0} does not go together with other entries.".format(ALL))
        self.copy_option = given[0]

    def _end(self):
        """Epoch seconds until which a hold shall last; None = for good."""
        value = self.params.get("retain_until")
        if value is None or not str(value).strip():
            raise InvalidError(
                "retain_until: not given; a retain needs it.", hint="Give a time, or {0}.".format(FOREVER)
            )
        text = str(value).strip()
        if text.lower() == FOREVER:
            return None
        until = times.parse_time(
            text, "retain_until", self.now, self.connection.timezone, times.FUTURE, zone_required=True
        )
        until = operation_plan.next_midnight(until) if text[-1:] in "smhdwy" else math.ceil(until)
        operation_plan.check_end(until, self.now)
        return until

    # -- read --------------------------------------------------------------------------------------------------------
    def _plan(self):
        """Read what is needed and return the steps."""
        if self.params.get("uids"):
            selection.check_scopes(self.params, self.platform.scope)
        if not self.asked:
            self.context.warn("job_ids is empty: there is nothing to do.")
            return []
        self.platform.require_operation(self.operation)
        chosen, nowhere = self._chosen()
        if self.operation == "delete":
            return self._plan_delete(chosen, nowhere)
        steps = []
        for place, ids in chosen:
            if self.operation == "retain":
                held, warnings = operation_plan.plan_hold(
                    place, ids, self.until, self._given("only_extend", True), self._given("include_required", True)
                )
                steps += held
                for sentence in warnings:
                    self.context.warn(sentence)
            else:
                steps += operation_plan.plan_simple(place, ids, self.operation)
        if self.all_copies:
            steps = operation_plan.leave_out_elsewhere(steps)
        return steps + operation_plan.plan_nowhere(nowhere, self.operation, "It is on none of the copies.")

    def _plan_delete(self, chosen, nowhere):
        guards = self.params.get("guards")
        guards = operation_plan.GUARDS if guards is None else tuple(guards)
        self.under_way = self.platform.under_way()
        others = []
        if {operation_plan.DEPENDENTS, operation_plan.ONLY_COPY} & set(guards):
            mine = {place.copy.id for place, _ids in chosen}
            policies = {place.copy.policy_id for place, _ids in chosen}
            others = self._read([copy for id in policies for copy in self._copies_of(id) if copy.id not in mine])
        steps = operation_plan.plan_delete(
            chosen, others, self.under_way, guards, self._given("include_dependents", False)
        )
        return steps + operation_plan.plan_nowhere(
            nowhere, self.operation, "It is on none of the copies.", self.under_way
        )

    def _given(self, option, default):
        value = self.params.get(option)
        return default if value is None else value

    def _chosen(self):
        """Pairs of a Place and the asked ids whose policy has it, and the ids that belong to no chosen copy."""
        policy_id = self._policy()
        if policy_id is not None:
            copies = self._copies_in([policy_id])
            return [(place, self.asked) for place in self._read(copies)], []
        return self._search()

    def _policy(self):
        """The id of the policy that the task names; None when it names none."""
        if self.params.get("storage_policy_id") is not None:
            return str(self.params["storage_policy_id"])
        name = self.params.get("storage_policy")
        if not name:
            return None
        ids = _called(name, self.platform.storage_policies())
        if not ids:
            raise NotFound("storage_policy: there is no policy called {0!r}.".format(name))
        if len(ids) > 1:
            raise Ambiguous(
                "storage_policy: {0!r} is the name of {1} policies, with the ids {2}.".format(
                    name, len(ids), ", ".join(ids)
                ),
                hint="Use storage_policy_id.",
            )
        return ids[0]

    def _search(self):
        """Find the policies of the runs: ask for one run, read its policy's copies, go on with a run not found there."""
        left, found, fruitless = dict.fromkeys(self.asked), {}, 0
        belongs = {}  # policy id -> asked ids
        while left and fruitless < FRUITLESS_PROBES:
            id = next(iter(left))
            policy_id = self.platform.policy_of(id)
            if policy_id is None:
                # Pruned, perhaps, or a typing error: the copies have the last word.
                left[id] = left.pop(id)
                fruitless += 1
                if fruitless >= len(left):
                    break
                continue
            del left[id]
            belongs.setdefault(policy_id, []).append(id)
            if policy_id in found:
                fruitless += 1
                continue
            found[policy_id] = self._places_in(policy_id)
            self._claim(policy_id, found[policy_id], left, belongs)
        if left:
            for policy_id, _name in self.platform.storage_policies():
                if left and policy_id not in found:
                    found[policy_id] = self._places_in(policy_id)
                    self._claim(policy_id, found[policy_id], left, belongs)
        for entry in self.entries:
            if not any(self._means(entry, place.copy) for places in found.values() for place in places):
                raise self._no_copy(entry, found)
        place_of = {id: number for number, id in enumerate(self.asked)}
        chosen, nowhere = [], list(left)
        for policy_id, ids in belongs.items():
            ids.sort(key=place_of.get)
            chosen += [(place, ids) for place in found[policy_id]]
            if not found[policy_id]:
                nowhere += ids
        places = [place for places in found.values() for place in places]
        if nowhere and len(places) == 1:
            # There is but one copy that can be meant.
            known = next((ids for place, ids in chosen if place is places[0]), [])
            chosen = [(places[0], sorted(known + nowhere, key=place_of.get))]
            nowhere = []
        return chosen, sorted(nowhere, key=place_of.get)

    @staticmethod
    def _claim(policy_id, places, left, belongs):
        """Move the ids that these places list from ``left`` to their policy."""
        for id in [id for id in left if any(id in place.jobs for place in places)]:
            del left[id]
            belongs.setdefault(policy_id, []).append(id)

    def _places_in(self, policy_id):
        copies = [
            copy
            for copy in self._copies_of(policy_id)
            if self.all_copies or any(self._means(entry, copy) for entry in self.entries)
        ]
        return self._read(copies)

    def _copies_of(self, policy_id):
        if policy_id not in self.copies:
            self.copies[policy_id] = self.platform.copies_of(policy_id)
        return self.copies[policy_id]

    def _copies_in(self, policy_ids):
        """The chosen copies of the policies, each once. Raises NotFound for an entry that none of them has."""
        copies = [copy for id in policy_ids for copy in self._copies_of(id)]
        if self.all_copies:
            return copies
        chosen = {}
        for entry in self.entries:
            fitting = [copy for copy in copies if self._means(entry, copy)]
            if not fitting:
                raise self._no_copy(entry, policy_ids)
            chosen.update((copy.id, copy) for copy in fitting)
        return list(chosen.values())

    def _means(self, entry, copy):
        """Whether an entry means a copy: its exact name, else its name in other letters, else its id."""
        if self.all_copies:
            return True
        if self.by_id_only:
            return copy.id == entry
        siblings = self._copies_of(copy.policy_id)
        ids = _called(entry, [(one.id, one.name) for one in siblings])
        if len(ids) > 1:
            raise Ambiguous(
                "{0}: {1!r} is the name of {2} copies of the storage policy {3}, with the ids {4}.".format(
                    self.copy_option, entry, len(ids), copy.policy_name or copy.policy_id, ", ".join(ids)
                ),
                hint="Use their ids.",
            )
        return copy.id in ids if ids else copy.id == entry

    def _no_copy(self, entry, policy_ids):
        known = [
            "{0} ({1}) of {2}".format(copy.name, copy.id, copy.policy_name or copy.policy_id)
            for id in policy_ids
            for copy in self._copies_of(id)
        ]
        return NotFound(
            "{0}: {1!r} is no copy of the storage policies of these jobs.".format(self.copy_option, entry),
            hint="Their copies: {0}.".format(", ".join(known[:20]) or "none"),
        )

    def _read(self, copies):
        """The Places of the copies, each read once."""
        fresh = [copy for copy in copies if copy.id not in self.places]
        for place in map_concurrent(self._place, fresh, self.connection.concurrency):
            self.places[place.copy.id] = place
        return [self.places[copy.id] for copy in copies]

    def _place(self, copy):
        """A copy as it is now, with what the operation must know."""
        jobs = self.platform.jobs_on(copy)
        if self.operation in _SWITCHES:
            if self.operation == "disallow_copy_all":
                # This copy and those after it: as long as a job waits for one of them, it may be copied.
                waiting = frozenset().union(*(self.platform.ids_on(one, PENDING) for one in self._from(copy)))
                allowed = waiting.__contains__
            else:
                blocked = self.platform.ids_on(copy, BLOCKED)

                def allowed(id):
                    return id not in blocked

            jobs = {id: job._replace(allowed=allowed(id)) for id, job in jobs.items()}
        return operation_plan.Place(copy, jobs)

    def _from(self, copy):
        """The copies that data still can be copied to from here on: not the first, whose data comes from the backup."""
        return [
            one
            for one in self._copies_of(copy.policy_id)
            if not one.primary
            and (copy.precedence is None or one.precedence is None or one.precedence >= copy.precedence)
        ]

    # -- plan --------------------------------------------------------------------------------------------------------
    def _describe(self, steps):
        """Put the plan and its id into the result."""
        params = self.params
        task = {
            "operation": self.operation,
            "endpoint": self.connection.endpoint,
            "url": self.connection.url,
            "ids": sorted(self.asked),
            "until": self.until,
            **{
                option: params.get(option)
                for option in (
                    "storage_policy_id", "storage_policy", "copy_id", "copy", "copies", "only_extend", "include_required",
                    "include_dependents", "guards", *_PASSED_ON,
                )
            },
        }  # fmt: skip
        plan_id = operation_plan.plan_id(task, steps)
        shown = None
        if self.operation == "retain":
            shown = FOREVER if self.until is None else model.timestamp(self.until)
        self.context.result.update(
            plan_id=plan_id,
            plan={
                "operation": self.operation,
                "endpoint": self.connection.endpoint,
                "retain_until": shown,
                "reason": params.get("reason"),
                "jobs": [self._planned(step) for step in steps],
                "changes": sum(step.sends for step in steps),
                "added": sorted({step.id for step in steps if step.added_for}, key=_by_number),
                "refused": sorted({step.id for step in steps if step.status == FAILED}, key=_by_number),
                "requests": len({step.place.copy.id for step in steps if step.sends}),
            },
        )

    def _planned(self, step):
        required_by = [id for id in step.job.required_by if step.place.live(id)] if step.job else []
        return {
            **self._who(step),
            "action": self.operation if step.sends else None,
            "before": operation_plan.facts_of(step.job),
            "after": self._predicted(step),
            "required_by": required_by,
            "added_for": list(step.added_for),
            "refused": list(step.refusals),
            "message": step.message,
        }

    def _check(self, steps):
        """Raise what forbids the whole task, before the first write."""
        operation_plan.check_refusals(steps)
        operation_plan.check_limit(steps, self.operation, self.params.get("max_jobs"))
        operation_plan.check_confirmed(
            self.operation,
            steps,
            self.context.result["plan_id"],
            (self.params.get("confirm_plan") or "").strip() or None,
            self.context.check_mode,
        )

    # -- apply and verify --------------------------------------------------------------------------------------------
    def _apply(self, steps):
        """One write for each copy, and a read that decides what became of it."""
        by_copy = {}
        for step in steps:
            by_copy.setdefault(step.place.copy.id, []).append(step)
        answers = []
        for some in by_copy.values():
            answers.append(self._write(some))
            self._verify(some, answers[-1])
        for fact in ("dependents_exist", "archivers_exist"):
            told = [getattr(answer, fact) for answer in answers if answer and getattr(answer, fact) is not None]
            name = {"dependents_exist": "dependent_jobs_exist", "archivers_exist": "archiver_jobs_exist"}[fact]
            self.context.result[name] = any(told) if told else None

    def _write(self, steps, again=False):
        """Send one operation; the answer, or None and an error in each step."""
        place = steps[0].place
        order = Operation(
            self.operation,
            place.copy,
            tuple(step.id for step in steps),
            self.until,
            {option: self.params[option] for option in _PASSED_ON if self.params.get(option) is not None},
        )
        self.context.result["changed"] = True
        for step in steps:
            step.sent, step.error = True, None
        try:
            return self.platform.operate(order)
        except SessionExpired as error:
            if not again:
                return self._write_again(steps, error)
            self._note(steps, error)
        except BackupOpsError as error:
            self._note(steps, error)
        return None

    def _write_again(self, steps, error):
        """The server did nothing, and the login is new: plan again with what is there now, and send once more."""
        try:
            now = self._place(steps[0].place.copy)
        except BackupOpsError as problem:
            self._note(steps, problem)
            return None
        same = [step for step in steps if _same(step.job, now.jobs.get(step.id))]
        moved = PlanChanged("It changed while the login was renewed; it was not sent again.")
        self._note([step for step in steps if step not in same], moved)
        return self._write(same, True) if same else None

    @staticmethod
    def _note(steps, error):
        for step in steps:
            step.error = error

    def _verify(self, steps, answer):
        """Read until every step shows what it wanted, or will not; settles each step."""
        lost = any(isinstance(step.error, LostAnswer) for step in steps)
        refused = not lost and all(step.error is not None for step in steps)
        pending, problem = list(steps), None
        for seconds in (0,) if refused else _LOOKS_LOST if lost else _LOOKS:
            pause(seconds)
            try:
                place = self._place(steps[0].place.copy)
            except BackupOpsError as error:
                problem = error
                continue
            problem = None
            self.places[place.copy.id] = place
            for step in steps:
                step.after = place.jobs.get(step.id)
            pending = [step for step in pending if not self._decided(step, answer)]
            if not pending:
                return
        for step in pending:
            self._give_up(step, problem)

    def _decided(self, step, answer):
        """Whether the last read shows that the step is done; settles what can be settled."""
        there = operation_plan.reached(step, self.operation, step.after, lost=step.error is not None)
        if there is None and answer is not None and step.error is None:
            # The server accepted it, and no read could show more. Its answer names what it took on.
            if answer.ids and step.id not in answer.ids:
                return False
            if self.operation != "recopy":
                self.context.warn("Job {0}: the product does not tell whether it was done.".format(step.id))
            return True
        if not there:
            return False
        if self.operation == "retain":
            self._note_rounding(step)
        return True

    def _note_rounding(self, step):
        kept = step.after.held_until
        if kept is not None and self.until is not None and kept < self.until:
            self.context.warn(
                "The server keeps the hold until {0}, not until {1}: it rounds.".format(
                    model.timestamp(kept), model.timestamp(self.until)
                )
            )

    def _give_up(self, step, problem):
        error = step.error
        if problem is not None:
            step.doubt = True
            step.settle(
                FAILED,
                "It was sent, but what became of it could not be read: {0}".format(problem.message),
                type(error or problem),
            )
        elif isinstance(error, LostAnswer):
            step.settle(
                FAILED,
                "The connection was lost while it was sent, and the copy does not show it; it was not sent again. "
                + error.message,
                type(error),
            )
        elif error is not None:
            step.settle(FAILED, " ".join(filter(None, (error.message, error.hint))), type(error))
        else:
            step.settle(FAILED, "The server accepted it, but the copy does not show it.", _NotDone)

    # -- report ------------------------------------------------------------------------------------------------------
    def _who(self, step):
        """What names a step in plan and outcomes."""
        record = self._record(step.id)
        place = step.place
        return {
            "uid": model.uid_of(self.platform.uid_prefix(model.RUN), step.id),
            "id": step.id,
            "name": record["name"] if record else None,
            "entity": model.RUN,
            "copy_id": place.copy.id if place else None,
            "copy_name": place.copy.name if place else (self.entries[0] if len(self.entries) == 1 else None),
            "storage_policy_id": place.copy.policy_id if place else None,
            "storage_policy": place.copy.policy_name if place else None,
        }

    def _record(self, id, fresh=False):
        """The record of a run from all that was read of it; None when no copy lists it."""
        if fresh or id not in self._records:
            found = [(place.copy, place.jobs[id]) for place in self.places.values() if id in place.jobs]
            record = self.platform.run_on_copies(found) if found else None
            self._records[id] = selection.judge(record, self.now, History()) if record else None
        return self._records[id]

    @staticmethod
    def _predicted(step):
        before = operation_plan.facts_of(step.job)
        if not step.sends:
            return before
        decided = {name: value for name, value in step.wanted.items() if name in before}
        return dict(before, **decided)

    def _report(self, steps):
        """Put outcomes, missing, jobs, audit and diff into the result."""
        context, reason = self.context, self.params.get("reason")
        outcomes, entries, diff = [], [], {"before": {}, "after": {}}
        for step in steps:
            who, before = self._who(step), operation_plan.facts_of(step.job)
            after = operation_plan.facts_of(step.after) if step.sent and not step.doubt else self._predicted(step)
            changed = step.status == CHANGED
            outcomes.append(
                {
                    **who,
                    "changed": changed,
                    "status": step.status,
                    "before": before,
                    "after": after,
                    "added_for": list(step.added_for),
                    "message": step.message,
                }
            )
            if step.sent:
                entry = audit.entry(
                    self.connection, "backupops.jobs.job_operation", self.operation, who["uid"], reason, before, after,
                    step.status,
                )  # fmt: skip
                entries.append(dict(entry, copy_id=who["copy_id"], copy_name=who["copy_name"]))
            if changed:
                for side in diff:
                    facts = {name: before.get(name) for name in step.wanted} if side == "before" else dict(step.wanted)
                    diff[side].setdefault(who["uid"], {})[who["copy_id"]] = facts
        ids = list(dict.fromkeys(step.id for step in steps))
        on_some = {step.id for step in steps if not step.absent or step.refusals}
        records = (self._record(id, fresh=bool(entries)) for id in ids)
        context.result.update(
            changed=any(outcome["changed"] for outcome in outcomes) or any(step.doubt for step in steps),
            outcomes=outcomes,
            missing=[self.as_given[id] for id in self.asked if id not in on_some] if steps else [],
            jobs=[record for record in records if record],
            audit=entries,
        )
        if context.diff:
            context.result["diff"] = diff

    def _fail_for(self, steps):
        """Report all failures together; what did change stands in the result."""
        bad = [step for step in steps if step.status == FAILED]
        if not bad:
            return
        told = {}
        for step in bad:
            words = (step.message or "").rstrip(".")
            told.setdefault((words, step.place.copy.name if step.place else None), []).append(step.id)
        parts = [
            "{0}{1}: {2}".format(", ".join(ids[:10]) + (" and {0} more".format(len(ids) - 10) if len(ids) > 10 else ""),
                                 " on {0}".format(name) if name else "", words)
            for (words, name), ids in list(told.items())[:20]
        ]  # fmt: skip
        kinds = {step.kind for step in bad}
        kind = kinds.pop() if len(kinds) == 1 else None
        error = next((step.error for step in bad if step.error is not None), None)
        raise (kind or _Failed)(
            "{0}: {1} of {2} failed: {3}.".format(self.operation, len(bad), len(steps), "; ".join(parts)),
            status=error.status if error and kind else None,
            code=error.code if error and kind else None,
        )


def _called(name, pairs):
    """Ids of ``(id, name)`` pairs with a name: the exact one, else in other letters."""
    exact = [id for id, one in pairs if one == name]
    return exact or [id for id, one in pairs if (one or "").casefold() == name.casefold()]


def _same(before, now):
    """Whether a job on a copy is as it was, for a write that is sent anew."""
    if before is None or now is None:
        return before is now
    return before._replace(source=None) == now._replace(source=None)


def _by_number(id):
    return (int(id), "") if id.isdigit() else (0, id)


class _Failed(BackupOpsError):
    """Jobs that could not be brought to the wanted state, for more than one reason."""

    kind = "refused"


class _NotDone(BackupOpsError):
    """The server said yes, and a read says no."""

    kind = "protocol"
