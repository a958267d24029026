# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a job_operation: holds, chains, deletes, plan_id; and what must be so on any estate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    InvalidError,
    NotFound,
    PlanChanged,
    Refused,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import JobOnCopy, StorageCopy
from ansible_collections.backupops.jobs.plugins.module_utils.runners import operation_plan as plan

DAY = 86400
NOW = 1_800_000_000
FIRST = StorageCopy("9", "Primary", "5", "Disk", 1, True)
SECOND = StorageCopy("10", "Secondary", "5", "Disk", 2)


def place(*jobs, copy=FIRST):
    return plan.Place(copy, {job.id: job for job in jobs})


def job(id, level="incremental", needs=(), definition="7", **known):
    """``needs`` here: the jobs that need this one, as the product links them."""
    return JobOnCopy(str(id), definition, level, started=int(id), required_by=tuple(map(str, needs)), **known)


def hold(where, *ids, until=NOW + 90 * DAY, **options):
    steps, warnings = plan.plan_hold(where, list(map(str, ids)), until, **options)
    return {step.id: step for step in steps}, warnings


def sends(steps):
    return {step.id for step in steps if step.sends}


# -- times -------------------------------------------------------------------------------------------------------------


def test_a_relative_end_is_the_next_midnight():
    assert plan.next_midnight(DAY * 3) == DAY * 3
    assert plan.next_midnight(DAY * 3 + 0.5) == DAY * 4
    assert plan.next_midnight(DAY * 4 - 1) == DAY * 4


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (NOW, NOW, True),
        (None, None, True),
        (None, NOW, False),
        (NOW, None, False),
        (NOW // DAY * DAY, NOW, True),
        (NOW // DAY * DAY + DAY, NOW, True),
        ((NOW + 7) // 60 * 60, NOW + 7, True),
        (NOW + 1, NOW + 7, False),
        (NOW // DAY * DAY - DAY, NOW, False),
    ],
)
def test_rounding_is_not_a_difference(found, wanted, same):
    assert plan.same_end(found, wanted) is same


def test_an_end_must_be_ahead_and_not_beyond_what_reads_as_for_good():
    plan.check_end(None, NOW)
    plan.check_end(NOW + 1, NOW)
    for wrong in (NOW, NOW - DAY, 32503680000):
        with pytest.raises(InvalidError, match="retain_until"):
            plan.check_end(wrong, NOW)


# -- holds -------------------------------------------------------------------------------------------------------------


def test_a_full_stands_alone():
    steps, _warnings = hold(place(job(1, "full"), job(2)), 1)
    assert sends(steps.values()) == {"1"}
    assert steps["1"].wanted == {"held": True, "held_until": "2027-04-15T08:00:00Z"}


def test_an_incremental_takes_its_chain_along():
    where = place(
        job(1, "full"),
        job(2),
        job(3, "full", result="partial"),
        job(4, result="failed"),
        job(5),
        job(6),
        job(7, definition="8"),
    )
    steps, warnings = hold(where, 5)
    # 3 was not successful, so the chain goes back to 1; 4 left nothing that could be needed.
    assert sends(steps.values()) == {"1", "2", "3", "5"}
    assert steps["1"].added_for == ["5"] and "job 5" in steps["1"].message and not warnings
    assert sends(hold(where, 5, include_required=False)[0].values()) == {"5"}


def test_links_count_besides_the_line():
    steps, _warnings = hold(place(job(1, "full", definition="99", needs=[3]), job(2, "synthetic_full"), job(3)), 3)
    assert set(steps) == {"1", "2", "3"}


def test_without_a_full_a_hold_is_worthless():
    for where in (
        place(job(2)),
        place(job(1, "full", aged=True), job(2)),
        place(job(1, "full", result="failed"), job(2)),
        place(job(2, definition=None)),
    ):
        steps, _warnings = hold(where, 2)
        assert (steps["2"].status, steps["2"].kind, steps["2"].sends) == ("failed", Refused, False)
        assert "full" in steps["2"].message


def test_a_link_that_has_aged_makes_it_too_late():
    steps, _warnings = hold(place(job(1, "full"), job(2, aged=True, needs=[3]), job(3)), 3)
    assert steps["3"].status == "failed" and "job 2" in steps["3"].message and "too late" in steps["3"].message
    assert not sends(steps.values())


def test_links_in_a_circle_end():
    steps, _warnings = hold(place(job(1, "full", needs=[2, 3]), job(2, needs=[3, 1]), job(3, needs=[2])), 3)
    assert sends(steps.values()) == {"1", "2", "3"}


def test_a_full_of_unknown_success_is_the_last_resort():
    steps, warnings = hold(place(job(1, "full"), job(2, "full", result="unknown"), job(3)), 3)
    assert set(steps) == {"1", "2", "3"} and not warnings
    steps, warnings = hold(place(job(2, "full", result="unknown"), job(3)), 3)
    assert set(steps) == {"2", "3"} and "full 2" in warnings[0]


def test_too_late_and_not_there_fail():
    steps, _warnings = hold(place(job(1, "full", aged=True)), 1, 2)
    assert [steps[id].kind for id in "12"] == [NotFound, NotFound]
    assert "too late" in steps["1"].message and "not on the copy" in steps["2"].message


def test_a_hold_is_extended_never_shortened():
    where = place(
        job(1, "full", held=True, held_until=NOW + 10 * DAY), job(2, "full", held=True, held_until=NOW + 99 * DAY),
        job(3, "full", held=True), job(4, "full", held=True, held_until=NOW + 90 * DAY),
    )  # fmt: skip
    steps, _warnings = hold(where, 1, 2, 3, 4)
    assert [steps[id].status for id in "1234"] == ["changed", "failed", "failed", "unchanged"]
    assert steps["2"].kind is Refused and "only_extend" in steps["2"].message
    steps, _warnings = hold(where, 1, 2, 3, 4, only_extend=False)
    assert sends(steps.values()) == {"1", "2", "3"}
    steps, _warnings = hold(where, 1, 3, until=None)
    assert sends(steps.values()) == {"1"}


def test_a_longer_hold_of_an_added_job_stays():
    where = place(job(1, "full", held=True), job(2))
    for only_extend in (True, False):
        steps, _warnings = hold(where, 2, only_extend=only_extend)
        assert (steps["1"].status, steps["1"].sends, steps["2"].sends) == ("unchanged", False, True)


# -- release, copies ---------------------------------------------------------------------------------------------------


def test_release_and_copy_control_act_on_a_difference():
    where = place(
        job(1, held=True), job(2), job(3, held=None), job(4, aged=True), job(5, allowed=True), job(6, allowed=False)
    )
    ids = [str(id) for id in range(1, 8)]
    assert sends(plan.plan_simple(where, ids[:3], "do_not_retain")) == {"1", "3"}
    assert sends(plan.plan_simple(where, ["5", "6"], "disallow_copy")) == {"5"}
    assert sends(plan.plan_simple(where, ["5", "6"], "allow_copy")) == {"6"}
    assert sends(plan.plan_simple(where, ["1", "2"], "recopy")) == {"1", "2"}
    assert [step.kind for step in plan.plan_simple(where, ["4", "7"], "recopy")] == [NotFound, NotFound]


def test_with_all_copies_those_without_the_job_are_left_out():
    steps = plan.plan_simple(place(job(1, held=True)), ["1", "2"], "do_not_retain")
    steps += plan.plan_simple(place(copy=SECOND), ["1", "2"], "do_not_retain")
    plan.leave_out_elsewhere(steps)
    assert [step.status for step in steps] == ["changed", "failed", "skipped", "failed"]


# -- delete ------------------------------------------------------------------------------------------------------------


def delete(where, *ids, others=(), under_way=(), **options):
    steps = plan.plan_delete([(where, list(map(str, ids)))], list(others), frozenset(under_way), **options)
    return {step.id: step for step in steps}


def guards_of(step):
    return [refusal["guard"] for refusal in step.refusals]


def test_held_and_running_always_refuse():
    where = place(job(1, held=True, held_by="amy"), job(2, state="running"), job(3, held=None))
    steps = delete(where, 1, 2, 3, 4, under_way=["4"], guards=())
    assert [guards_of(steps[id]) for id in "1234"] == [["held"], ["running"], ["held"], ["running"]]
    assert "amy" in steps["1"].message and not sends(steps.values())
    nowhere = plan.plan_nowhere(["4", "5"], "delete", "nowhere", frozenset("4"))
    assert [step.status for step in nowhere] == ["failed", "unchanged"]


def test_dependents_are_named():
    where = place(job(1, "full", needs=[2, 3]), job(2, needs=[3]), job(3))
    steps = delete(where, 1, 2, guards=("dependents",))
    assert steps["1"].refusals[0]["jobs"] == ["3"] and "ob 3 cannot" in steps["1"].message
    assert not delete(where, 1, 2, 3, guards=("dependents",))["1"].refusals
    added = delete(where, 1, guards=("dependents",), include_dependents=True)
    assert sends(added.values()) == {"1", "2", "3"} and added["3"].added_for == ["1"]
    assert guards_of(delete(where, 1, 2, 3, under_way=["3"], guards=("dependents",))["1"]) == ["dependents"]


def test_dependents_on_another_copy_count_when_it_is_the_last_one():
    first = place(job(1, "full", needs=[2]), job(2, aged=True))
    second = place(job(1, "full", needs=[2]), job(2), copy=SECOND)
    assert not delete(first, 1, others=[second], guards=("dependents",))["1"].refusals
    gone = place(job(1, "full", aged=True, needs=[2]), job(2), copy=SECOND)
    assert guards_of(delete(first, 1, others=[gone], guards=("dependents",))["1"]) == ["dependents"]


def test_a_product_that_tells_no_links_has_a_line():
    where = place(job(1, "full"), job(2), job(3), job(4, "full"), job(5, definition="8"))
    assert delete(where, 1, guards=("dependents",))["1"].refusals[0]["jobs"] == ["2", "3"]
    assert not delete(where, 3, 4, guards=("dependents",))["3"].refusals


def test_the_last_good_one_stays():
    where = place(job(1, "full"), job(2), job(3, holds_data=False), job(4, result="unknown"), job(5, result="failed"))
    steps = delete(where, 1, 2, 3, 4, 5, guards=("last_good",))
    # 3 is the newest, but has not arrived; of 4 nobody knows.
    assert [id for id in "12345" if guards_of(steps[id])] == ["2", "3", "4"]
    assert guards_of(delete(place(job(1, definition=None)), 1, guards=("last_good",))["1"]) == ["last_good"]


def test_the_only_copy_stays():
    where = place(job(1), job(2), job(3), job(4))
    other = place(job(1), job(2, aged=True), job(3, holds_data=False), copy=SECOND)
    steps = delete(where, 1, 2, 3, 4, others=[other], guards=("only_copy",))
    assert [id for id in "1234" if guards_of(steps[id])] == ["2", "3", "4"]
    both = plan.plan_delete([(where, ["1"]), (other, ["1"])], [], frozenset(), guards=("only_copy",))
    assert [guards_of(step) for step in both] == [["only_copy"], ["only_copy"]]


def test_one_refusal_stops_the_task():
    steps = delete(place(job(1), job(2, held=True)), 1, 2, guards=())
    with pytest.raises(Refused, match="job 2 on copy Primary: It is held"):
        plan.check_refusals(steps.values())
    plan.check_refusals([steps["1"]])


def test_limits():
    steps = [plan.Step(str(number), place()).go() for number in range(101)]
    with pytest.raises(Refused, match="max_jobs"):
        plan.check_limit(steps, "delete", None)
    plan.check_limit(steps, "retain", None)
    plan.check_limit(steps, "delete", 101)
    plan.check_limit([plan.Step("1", place(copy=copy)).go() for copy in (FIRST, SECOND)], "delete", 1)
    with pytest.raises(Refused):
        plan.check_limit(steps, "retain", 100)


# -- approval ----------------------------------------------------------------------------------------------------------


def test_a_plan_is_bound_to_what_was_seen():
    task, where = {"ids": ["1"]}, place(job(1), job(2))
    seen = plan.plan_id(task, delete(where, 1, guards=()).values())
    assert seen == plan.plan_id(task, delete(place(job(1), job(2)), 1, guards=()).values())
    for other in (
        plan.plan_id({"ids": ["2"]}, delete(where, 1, guards=()).values()),
        plan.plan_id(task, delete(place(job(1, needs=[2]), job(2)), 1, guards=()).values()),
        plan.plan_id(task, delete(place(job(1, held=True)), 1, guards=()).values()),
        plan.plan_id(task, delete(place(job(1, aged=True)), 1, guards=()).values()),
        plan.plan_id(task, delete(place(job(1), copy=SECOND), 1, guards=()).values()),
    ):
        assert other != seen


def test_a_delete_needs_approval():
    steps = delete(place(job(1)), 1, guards=()).values()
    with pytest.raises(Refused, match="confirm_plan"):
        plan.check_confirmed("delete", steps, "a-b", None, False)
    with pytest.raises(PlanChanged):
        plan.check_confirmed("delete", steps, "a-b", "a-c", False)
    with pytest.raises(PlanChanged):
        plan.check_confirmed("retain", steps, "a-b", "unreviewd", True)
    for confirmed, check_mode in (("a-b", False), ("unreviewed", False), (None, True)):
        plan.check_confirmed("delete", steps, "a-b", confirmed, check_mode)
    plan.check_confirmed("retain", steps, "a-b", None, False)
    done = delete(place(job(1, aged=True)), 1, guards=()).values()
    plan.check_confirmed("delete", done, "a-x", "a-b", False)
    with pytest.raises(PlanChanged):
        plan.check_confirmed("delete", done, "z-x", "a-b", False)


# -- any estate --------------------------------------------------------------------------------------------------------


@st.composite
def estates(draw):
    """Two copies of one policy with the same runs, each in its own state, and a selection."""
    count = draw(st.integers(1, 14))
    numbers = range(1, count + 1)
    shared = [
        {
            "definition": draw(st.sampled_from(["7", "8", None])),
            "level": draw(
                st.sampled_from(["full", "incremental", "incremental", "differential", "synthetic_full", None])
            ),
            "result": draw(st.sampled_from(["success", "success", "warning", "partial", "failed", "unknown"])),
            "needs": draw(st.lists(st.integers(1, count + 1), max_size=3)),
        }
        for _number in numbers
    ]
    places = []
    for copy in (FIRST, SECOND):
        jobs = [
            job(
                number,
                aged=draw(st.booleans()) and draw(st.booleans()),
                held=draw(st.sampled_from([False, False, False, True, None])),
                held_until=draw(
                    st.sampled_from([None, NOW + DAY, NOW + 90 * DAY, NOW + 90 * DAY + 5, NOW + 400 * DAY])
                ),
                holds_data=draw(st.booleans()),
                state=draw(st.sampled_from(["finished"] * 9 + ["running"])),
                **about,
            )
            for number, about in zip(numbers, shared)
            if draw(st.integers(0, 9))
        ]
        places.append(place(*jobs, copy=copy))
    asked = [
        [str(id) for id in draw(st.lists(st.integers(1, count + 1), unique=True, max_size=count))] for _place in places
    ]
    under_way = frozenset(str(id) for id in draw(st.lists(st.integers(1, count + 2), max_size=2)))
    return places, asked, under_way


@settings(max_examples=2 * settings.default.max_examples)
@given(estates(), st.booleans(), st.sets(st.sampled_from(plan.GUARDS)))
def test_a_delete_never_touches_what_is_guarded_or_not_planned(estate, include_dependents, guards):
    places, asked, under_way = estate
    steps = plan.plan_delete(list(zip(places, asked)), [], under_way, tuple(guards), include_dependents)
    try:
        plan.check_refusals(steps)
    except Refused:
        return  # nothing at all is sent
    gone = {(step.place.copy.id, step.id) for step in steps if step.sends}
    chosen = {(where.copy.id, id) for where, ids in zip(places, asked) for id in ids}
    for step in steps:
        if not step.sends:
            continue
        key = (step.place.copy.id, step.id)
        assert key in chosen or (include_dependents and step.added_for)
        assert step.job is not None and not step.job.aged and step.job.held is False
        assert step.job.state == "finished" and step.id not in under_way
        rest = [one for one in step.place.jobs.values() if not one.aged and (step.place.copy.id, one.id) not in gone]
        if "dependents" in guards:
            assert not set(step.job.required_by) & ({one.id for one in rest} | under_way)
        if "last_good" in guards:
            assert any(
                one.definition == step.job.definition
                and one.result in ("success", "warning")
                and one.started > step.job.started
                for one in rest
            ) or step.job.result not in ("success", "warning")
        if "only_copy" in guards:
            other = next(where for where in places if where.copy.id != step.place.copy.id)
            there = other.live(step.id)
            assert there is not None and there.holds_data and (other.copy.id, step.id) not in gone


def after(where, steps, until, kept):
    """The copy after a server, which keeps times in units of ``kept`` seconds, has done the steps."""
    end = None if until is None else until // kept * kept
    done = {step.id: step.job._replace(held=True, held_until=end) for step in steps if step.sends}
    return plan.Place(where.copy, {**where.jobs, **done})


@settings(max_examples=2 * settings.default.max_examples)
@given(
    estates(), st.sampled_from([None, NOW + DAY, NOW + 90 * DAY + 5, NOW + 500 * DAY]), st.sampled_from([1, 60, DAY])
)
def test_a_hold_is_monotone_complete_and_converges(estate, until, kept):
    (where, _other), (ids, _ids), _under_way = estate
    steps, _warnings = plan.plan_hold(where, ids, until)
    now = after(where, steps, until, kept)
    for id, job_before in where.jobs.items():
        if job_before.held:
            then = now.jobs[id]
            # What a server that rounds down takes away is the server's, and at most a day.
            lost = math.inf if job_before.held_until is None else job_before.held_until
            end = math.inf if then.held_until is None else then.held_until
            assert then.held and (end >= lost or (kept > 1 and lost - end < DAY))
    for step in steps:
        if step.status != "failed":
            assert step.sends or step.job.held
            needed, problem, _doubts = plan.Chains(now).needed_by(step.id) if not step.added_for else ([], None, [])
            assert problem is None and all(now.jobs[id].held for id in needed)
    again, _warnings = plan.plan_hold(now, ids, until)
    assert not any(step.sends for step in again)
