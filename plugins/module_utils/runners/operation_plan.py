# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a job_operation will do: pure functions from what copies hold to steps; no I/O. Private to this collection.

A *place* is a copy with what it holds. A job is *on* a copy when the copy lists it and it has not aged there.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    BackupOpsError,
    InvalidError,
    NotFound,
    PlanChanged,
    Refused,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import JobOnCopy, StorageCopy
from ansible_collections.backupops.jobs.plugins.module_utils.runners.action_plan import (
    CHANGED,
    FAILED,
    SKIPPED,
    UNCHANGED,
)

#: The guards of a delete that a task may leave out.
DEPENDENTS, LAST_GOOD, ONLY_COPY = "dependents", "last_good", "only_copy"
GUARDS = (DEPENDENTS, LAST_GOOD, ONLY_COPY)
#: Refusals that nothing lifts.
HELD, RUNNING = "held", "running"
_RUNS = "It is running: stop it first."

#: How many jobs a task may change when ``max_jobs`` is not given.
MAX_JOBS = dict.fromkeys(("delete", "do_not_retain", "disallow_copy", "disallow_copy_all"), 100)
#: What ``confirm_plan`` says instead of a plan_id.
UNREVIEWED = "unreviewed"

DAY_S = 86400
#: A server may keep the end of a hold in whole minutes, hours or days (UTC): not published.
_ROUNDINGS = (60, 3600, DAY_S)
#: Later ends are read as "for good".
_ENDLESS_FROM = 32503680000
_FULLS = ("full", "synthetic_full")


@dataclass
class Place:
    """A copy, and id -> JobOnCopy of all that it lists."""

    copy: StorageCopy
    jobs: dict

    def live(self, id):
        """The job as it is on this copy; None when it is not listed or has aged."""
        job = self.jobs.get(id)
        return None if job is None or job.aged else job


@dataclass
class Step:
    """What happens to one job on one copy.

    ``job`` is the JobOnCopy as read before (None: not listed), ``sends`` whether it is part of a write, ``status`` the
    prediction and in the end the truth, ``kind`` the class of the error when it fails. ``wanted``: what the operation
    decides, ``{fact: value}``. ``added_for``: ids of the asked jobs that this one was added for. ``refusals``: dicts of
    guard, jobs and message. ``after`` and ``error``: what the read and the answer after the write told; ``doubt``: it
    was sent, and nobody could read what became of it.
    """

    id: str
    place: Place | None
    sends: bool = False
    status: str = UNCHANGED
    message: str | None = None
    kind: type | None = None
    wanted: dict = field(default_factory=dict)
    added_for: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    sent: bool = False
    doubt: bool = False
    after: JobOnCopy | None = None
    error: BackupOpsError | None = None

    def __post_init__(self):
        self.job = self.place.jobs.get(self.id) if self.place else None

    @property
    def absent(self):
        """Whether the job is not on the copy."""
        return self.job is None or self.job.aged

    def go(self, **wanted):
        self.sends, self.status, self.wanted = True, CHANGED, wanted
        return self

    def settle(self, status, message=None, kind=None):
        self.status, self.message, self.kind = status, message or self.message, kind
        return self


# -- times -----------------------------------------------------------------------------------------------------------


def next_midnight(epoch):
    """The first 00:00 UTC at or after a time: so a relative time means the same all day."""
    return math.ceil(epoch / DAY_S) * DAY_S


def same_end(found, wanted):
    """Whether a hold until ``found`` is what becomes of one until ``wanted`` on a server that rounds; None = for good."""
    if found is None or wanted is None:
        return found is wanted
    return found == wanted or any(found in (wanted // unit * unit, -(-wanted // unit) * unit) for unit in _ROUNDINGS)


def kept_end(found, wanted):
    """Whether a hold that was just set until ``wanted`` and reads ``found`` was accepted: at most a day of rounding."""
    if found is None or wanted is None:
        return found is wanted
    return abs(found - wanted) <= DAY_S


def _length(until):
    return math.inf if until is None else until


def shown(until):
    return "for good" if until is None else "until {0}".format(model.timestamp(until) or until)


# -- chains ------------------------------------------------------------------------------------------------------------


class Chains:
    """Which jobs on one copy need which: the product's links, and the line of each definition back to its full."""

    def __init__(self, place):
        self.place = place
        self._bases = {}
        self._lines = {}
        self._linked = set()
        for job in place.jobs.values():
            for other in job.required_by:
                self._bases.setdefault(other, []).append(job.id)
            if job.required_by and not job.aged:
                self._linked.add(job.definition)
            if not job.aged and job.definition is not None:
                self._lines.setdefault(job.definition, []).append(job)
        for line in self._lines.values():
            line.sort(key=_age)

    def needed_by(self, id):
        """``(ids besides id itself, reason or None, warnings)``: what must be there for a restore of a job on this copy.

        A reason says why that cannot be had; the ids are then empty.
        """
        needed, in_line, warnings = {id: None}, set(), []
        waiting = [id]
        while waiting:
            one = waiting.pop()
            job = self.place.live(one)
            if job is not None and one not in in_line:
                segment, problem, doubts = self._back_to_full(job)
                if problem:
                    return [], problem if one == id else "It needs job {0}. Of that: {1}".format(one, problem), []
                warnings += doubts
                in_line.update(segment)  # their way back is the same
                waiting += [other for other in segment if other not in needed]
                needed.update(dict.fromkeys(segment))
            for base in self._bases.get(one, ()):
                if base not in needed:
                    needed[base] = None
                    waiting.append(base)
        gone = [other for other in needed if self.place.live(other) is None]
        if gone:
            return (
                [],
                "It needs {0}, which {1} aged on this copy: the hold came too late.".format(
                    _jobs(gone), "has" if len(gone) == 1 else "have"
                ),
                warnings,
            )
        del needed[id]
        return list(needed), None, warnings

    def _back_to_full(self, job):
        """Everything of the definition from the newest successful, not aged full up to the job."""
        if job.level in _FULLS:
            return [], None, []
        line = self._lines.get(job.definition, [])
        before = line[: _place_in(line, job)]
        start, warnings = None, []
        for wanted in (model.GOOD_RESULTS, (model.UNKNOWN,)):
            start = next((at for at in range(len(before) - 1, -1, -1) if _is_full(before[at], wanted)), None)
            if start is not None:
                break
        if start is None:
            return (
                [],
                "There is no successful full or synthetic full at or before it on this copy, so it could not be restored.",
                [],
            )
        if before[start].result == model.UNKNOWN:
            warnings.append(
                "Job {0}: whether the full {1} that it needs was successful cannot be told.".format(
                    job.id, before[start].id
                )
            )
        lost = (model.FAILED, model.CANCELLED, model.SKIPPED)
        return [one.id for one in before[start:] if one.result not in lost], None, warnings

    def dependents_of(self, job):
        """Ids of the jobs that need this one, as the product tells; by the line where it tells no links at all."""
        if job.definition in self._linked or job.required_by or job.definition is None:
            return job.required_by
        line = self._lines.get(job.definition, [])
        found = []
        for later in line[_place_in(line, job) + 1 :]:
            if later.level in _FULLS:
                break
            if job.level in _FULLS or later.level != "differential":
                found.append(later.id)
        return tuple(found)

    def last_good(self, definition):
        """Ids of the newest jobs of a definition that must stay: the newest successful one, the newest of those that
        have arrived here, and a newer one of which nobody knows whether it was."""
        line = [job for job in self._lines.get(definition, ()) if job.result in (*model.GOOD_RESULTS, model.UNKNOWN)]
        good = [job for job in line if job.result in model.GOOD_RESULTS]
        newest = (line[-1:], good[-1:], [job for job in good if job.holds_data][-1:])
        return {job.id for jobs in newest for job in jobs}


def _age(job):
    return (job.started, int(job.id) if job.id.isdigit() else 0)


def _place_in(line, job):
    """Where a job stands, or would stand, in a line sorted by age."""
    low, high, age = 0, len(line), _age(job)
    while low < high:
        middle = (low + high) // 2
        if _age(line[middle]) < age:
            low = middle + 1
        else:
            high = middle
    return low


def _is_full(job, results):
    return job.level in _FULLS and job.result in results


def _jobs(ids, most=10):
    more = " and {0} more".format(len(ids) - most) if len(ids) > most else ""
    return ("job " if len(ids) == 1 else "jobs ") + ", ".join(ids[:most]) + more


# -- steps -------------------------------------------------------------------------------------------------------------


def plan_hold(place, ids, until, only_extend=True, include_required=True):
    """``(steps, warnings)`` of a retain of ``ids`` on one copy until ``until`` (epoch seconds, None = for good)."""
    chains = Chains(place) if include_required else None
    steps, added, warnings = {}, {}, []
    for id in ids:
        steps[id] = step = Step(id, place)
        if step.job is None:
            step.settle(FAILED, _not_there(place), NotFound)
        elif step.job.aged:
            step.settle(FAILED, "It has aged on this copy already: the hold came too late.", NotFound)
        else:
            _plan_end(step, until, only_extend)
            if include_required and step.status != FAILED:
                needed, problem, doubts = chains.needed_by(id)
                warnings += doubts
                if problem:
                    step.sends, step.wanted = False, {}
                    step.settle(FAILED, problem, Refused)
                for other in needed:
                    added.setdefault(other, []).append(id)
    for id in sorted(set(added) - set(steps), key=_number):
        steps[id] = step = Step(id, place, added_for=added[id])
        _plan_end(step, until, True)
        if step.status == FAILED:  # held longer than asked: all the better
            step.settle(UNCHANGED)
        note = "Added: {0} could not be restored without it.".format(_jobs(added[id]))
        step.message = note if step.message is None else note + " " + step.message
    return list(steps.values()), warnings


def _number(id):
    return (int(id), "") if id.isdigit() else (0, id)


def _plan_end(step, until, only_extend):
    job = step.job
    if job.held and same_end(job.held_until, until):
        if _length(job.held_until) < _length(until):
            step.message = "It is held {0}, which is how a server that rounds keeps the time.".format(
                shown(job.held_until)
            )
        return
    if job.held and only_extend and _length(job.held_until) > _length(until):
        step.settle(
            FAILED,
            "It is held {0}, and {1} would be shorter (only_extend is true).".format(
                shown(job.held_until), shown(until)
            ),
            Refused,
        )
        return
    step.go(held=True, held_until=model.timestamp(until))


def plan_simple(place, ids, operation):
    """Steps of do_not_retain, disallow_copy, disallow_copy_all, allow_copy and recopy on one copy."""
    steps = []
    for id in ids:
        step = Step(id, place)
        steps.append(step)
        if step.job is None:
            step.settle(FAILED, _not_there(place), NotFound)
        elif step.job.aged:
            step.settle(FAILED, "It has aged on this copy already.", NotFound)
        elif operation == "recopy":
            step.go(recopy="requested")
        elif operation == "do_not_retain":
            if step.job.held is not False:
                step.go(held=False, held_until=None)
        elif step.job.allowed is not (operation == "allow_copy"):
            step.go(allowed=operation == "allow_copy")
    return steps


def plan_nowhere(ids, operation, message, under_way=frozenset()):
    """Steps of jobs that no chosen copy can have."""
    steps = [Step(id, None) for id in ids]
    for step in steps:
        if operation == "delete" and step.id in under_way:
            step.refusals = [{"guard": RUNNING, "jobs": [], "message": _RUNS}]
            step.settle(FAILED, _RUNS, Refused)
        elif operation == "delete":
            step.settle(UNCHANGED, message)
        else:
            step.settle(FAILED, message, NotFound)
    return steps


def _not_there(place):
    return "It is not on the copy {0}.".format(place.copy.name)


def leave_out_elsewhere(steps):
    """With all copies chosen, a job need not be listed on each: those where it never was are left out."""
    somewhere = {step.id for step in steps if step.job is not None}
    for step in steps:
        if step.job is None and step.status == FAILED and step.id in somewhere:
            step.settle(SKIPPED)
    return steps


# -- delete ------------------------------------------------------------------------------------------------------------


def plan_delete(chosen, others, under_way, guards=GUARDS, include_dependents=False):
    """Steps of a delete, with their refusals.

    ``chosen``: pairs of a Place and the ids to delete there; ``others``: the Places of the other copies of the same
    policies, as far as the guards need them; ``under_way``: ids of the jobs that have not ended.
    """
    chains = {place.copy.id: Chains(place) for place in [*(place for place, _ids in chosen), *others]}
    siblings = {}
    for chain in chains.values():
        siblings.setdefault(chain.place.copy.policy_id, []).append(chain)
    steps = {}
    for place, ids in chosen:
        for id in ids:
            steps[place.copy.id, id] = Step(id, place)
        if include_dependents:
            _add_dependents(steps, place, ids, chains[place.copy.id])
    doomed = set()
    for key, step in steps.items():
        if step.absent and step.id not in under_way:
            step.message = "It has aged on this copy already." if step.job else _not_there(step.place)
        else:
            step.go(on_copy=False)
            doomed.add(key)
            if step.added_for:
                step.message = "Added: it needs {0}.".format(_jobs(step.added_for))
    for key in doomed:
        step = steps[key]
        step.refusals = _refusals(
            step, doomed, under_way, guards, chains[step.place.copy.id], siblings[step.place.copy.policy_id]
        )
        if step.refusals:
            step.sends = False
            step.settle(FAILED, " ".join(refusal["message"] for refusal in step.refusals), Refused)
    return list(steps.values())


def _add_dependents(steps, place, ids, chains):
    waiting = [(id, id) for id in ids]
    while waiting:
        id, asked = waiting.pop()
        job = place.live(id)
        for other in chains.dependents_of(job) if job else ():
            step = steps.get((place.copy.id, other))
            if step is None and place.live(other) is not None:
                step = steps[place.copy.id, other] = Step(other, place)
                step.added_for.append(asked)
                waiting.append((other, asked))
            elif step is not None and step.added_for and asked not in step.added_for:
                step.added_for.append(asked)


def _refusals(step, doomed, under_way, guards, chains, siblings):
    job, found = step.job, []

    def refuse(guard, message, jobs=()):
        found.append({"guard": guard, "jobs": list(jobs), "message": message})

    if step.id in under_way or job.state != model.FINISHED:
        refuse(RUNNING, _RUNS)
    if job is None or job.aged:
        return found
    if job.held:
        refuse(HELD, "It is held {0}{1}: release it first (do_not_retain).".format(
            shown(job.held_until), " by " + job.held_by if job.held_by else ""))  # fmt: skip
    elif job.held is None:
        refuse(HELD, "The product does not tell whether it is held.")
    if DEPENDENTS in guards:
        needing = _hurt(step, doomed, under_way, siblings)
        if needing:
            refuse(
                DEPENDENTS,
                "{0} cannot be restored without it.".format(_jobs(needing).capitalize()),
                needing,
            )
    if LAST_GOOD in guards:
        if job.definition is None:
            refuse(LAST_GOOD, "The product does not tell what it is a backup of, so it may be the last good one.")
        elif step.id in chains.last_good(job.definition):
            refuse(LAST_GOOD, "It is the newest successful backup of its kind on this copy.")
    if ONLY_COPY in guards and not _stays(step.id, step.place, doomed, siblings):
        refuse(ONLY_COPY, "No other copy holds it.")
    return found


def _hurt(step, doomed, under_way, siblings):
    """Ids of the jobs outside the selection that could not be restored any more.

    Those on the same copy; those on other copies, unless the job stays on one of these too; those under way. A copy does
    not link what was deleted there, so the links of all copies count.
    """
    linked = {}
    for chains in siblings:
        job = chains.place.jobs.get(step.id)
        linked.update(dict.fromkeys(chains.dependents_of(job) if job is not None else ()))
    hurt = []
    for other in linked:
        if (step.place.copy.id, other) in doomed and other not in under_way:
            continue
        here = step.place.live(other) is not None or other in under_way
        elsewhere = not here and any(
            chains.place.live(other) is not None and (chains.place.copy.id, other) not in doomed for chains in siblings
        )
        if here or (elsewhere and not _stays(step.id, step.place, doomed, siblings)):
            hurt.append(other)
    return hurt


def _stays(id, place, doomed, siblings):
    """Whether another copy holds a job, whole or partial, and keeps it."""
    for chains in siblings:
        other = chains.place
        if other.copy.id != place.copy.id and (other.copy.id, id) not in doomed:
            job = other.live(id)
            if job is not None and job.holds_data:
                return True
    return False


# -- before the first write --------------------------------------------------------------------------------------------


def check_limit(steps, operation, max_jobs):
    """Raise Refused when more jobs would change than the task allows."""
    limit = max_jobs if max_jobs is not None else MAX_JOBS.get(operation)
    doing = {step.id for step in steps if step.sends}
    if limit is not None and len(doing) > limit:
        raise Refused(
            "max_jobs: the operation {0} would change {1} jobs, and {2} are allowed; nothing was done.".format(
                operation, len(doing), limit
            ),
            hint="Narrow the selection, or raise max_jobs.",
        )


def check_refusals(steps):
    """Raise Refused when a guard refuses a job: a delete is done whole or not at all."""
    refused = [step for step in steps if step.refusals]
    if not refused:
        return
    told = "; ".join(
        "job {0}{1}: {2}".format(
            step.id, " on copy " + step.place.copy.name if step.place else "", step.message.rstrip(".")
        )
        for step in refused[:10]
    )
    more = "; and {0} more".format(len(refused) - 10) if len(refused) > 10 else ""
    raise Refused(
        "Nothing was deleted. {0}{1}.".format(told, more),
        hint="The plan in the result tells all. Take these jobs out, or name in guards only those that shall protect.",
    )


def check_confirmed(operation, steps, plan_id, confirmed, check_mode):
    """Raise Refused for a delete that nobody approved, PlanChanged when what was approved is not what would be done."""
    if confirmed is None:
        if operation == "delete" and not check_mode:
            raise Refused(
                "confirm_plan: not given; a delete needs the plan_id that check mode returned.",
                hint="Run the task in check mode, look at plan, and give its plan_id; or give {0}.".format(UNREVIEWED),
            )
        return
    if confirmed == UNREVIEWED:
        return
    if not any(step.sends for step in steps) and confirmed.partition("-")[0] == plan_id.partition("-")[0]:
        return  # the same task, and everything is done: it may run again
    if confirmed != plan_id:
        raise PlanChanged(
            "confirm_plan: what would be done now is not what was approved ({0}, now {1}); nothing was done.".format(
                confirmed, plan_id
            ),
            hint="The server, the jobs, the copies or their state differ. Run it in check mode again and look at plan.",
        )


def plan_id(task, steps):
    """A fingerprint: of what the task asks for (``task``: plain data), a hyphen, and of what it finds and would do."""
    found = [
        [
            step.place.copy.policy_id if step.place else None,
            step.place.copy.id if step.place else None,
            step.id,
            step.sends,
            sorted(step.wanted.items()),
            [refusal["guard"] for refusal in step.refusals],
            facts_of(step.job),
            sorted(step.job.required_by) if step.job else None,
        ]
        for step in steps
    ]
    found.sort(key=lambda entry: (entry[1] or "", entry[2]))
    return "{0}-{1}".format(_fingerprint(task), _fingerprint(found))


def _fingerprint(data):
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8")).hexdigest()[:16]


_NOTHING = {
    "on_copy": False, "held": None, "held_until": None, "held_by": None, "reason": None, "aged": None, "allowed": None,
    "copied_at": None,
}  # fmt: skip


def facts_of(job):
    """What outcomes tell of a job on a copy before and after: times as texts, null where nothing is known."""
    if job is None:
        return dict(_NOTHING)
    return {
        "on_copy": not job.aged,
        "held": job.held,
        "held_until": model.timestamp(job.held_until) if job.held else None,
        "held_by": job.held_by,
        "reason": job.hold_reason,
        "aged": job.aged,
        "allowed": job.allowed,
        "copied_at": model.timestamp(job.copied_at),
    }


# -- after the write ---------------------------------------------------------------------------------------------------


def reached(step, operation, now, lost=False):
    """Whether ``now`` (JobOnCopy, or None when not listed) shows what the step wanted; None when it cannot tell."""
    there = now is not None and not now.aged
    if operation == "delete":
        return not there
    if operation == "retain":
        return _hold_reached(step, now) if there else False
    if operation == "do_not_retain":
        return None if there and now.held is None else not (there and now.held)
    if operation == "recopy":
        if not lost:
            return None
        return None if step.job.copied_at is None else not there or now.copied_at != step.job.copied_at
    return there and now.allowed is (operation == "allow_copy")


def _hold_reached(step, now):
    if now.held is None:
        return None
    wanted = model.epoch_of(step.wanted["held_until"])
    return bool(now.held) and kept_end(now.held_until, wanted)


def check_end(until, now):
    """Raise InvalidError for the end of a hold that is not in the future, or too far in it."""
    if until is not None and until >= _ENDLESS_FROM:
        raise InvalidError("retain_until: it lies beyond the year 2999.", hint="To hold for good, give forever.")
    if until is not None and until <= now:
        raise InvalidError(
            "retain_until: {0} is in the past.".format(model.timestamp(until) or until),
            hint="To end a hold, use operation: do_not_retain.",
        )
