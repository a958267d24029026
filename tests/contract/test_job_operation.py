# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""job_operation on the simulator: each operation once, again and in check mode; what it refuses; what may go wrong."""

from __future__ import annotations

import json
import time

import pytest
from cases import CASES, PASSWORD, Case

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_operation
from simulator import Simulator

DAY = 86400
#: Policy 5 has the copies 9 (first), 10 and 11 (fulls only), policy 6 has 12 (first) and 13 (compliance lock).
FIRST, SECOND, SELECTIVE, LOCKED = "9", "10", "11", "13"
PATH = "V4/Plan/BackupDestination/JobOperations"


class Bench(Case):
    def operate(self, operation, *ids, check=False, **arguments):
        if not {"copy_id", "copies", "copy"} & set(arguments):
            arguments["copy_id"] = FIRST
        return self.run(job_operation, check=check, operation=operation, job_ids=list(map(str, ids)), **arguments)

    def rows(self, copy_id=FIRST):
        """What the copy lists now, by id; read in the simulator itself, so that the log stays clean."""
        product = self.simulator["commvault"]
        copy, now = product.estate.copies[int(copy_id)], self.simulator.clock.now()
        with product.lock:
            return {
                str(run.id): product.row(copy, run, now)
                for run in product.estate.runs.by_id.values()
                if run.end and copy.holds(run)
            }

    def control(self, call, **body):
        return self.simulator["commvault"].control(call, body)

    def chain(self, copy_id=FIRST, least=2):
        """``(full, incrementals)`` of the newest line with that many live incrementals, oldest first."""
        rows = self.rows(copy_id)
        for full in sorted(rows, key=int, reverse=True):
            row = rows[full]
            if (
                row["jobType"] != "Full"
                or row["isAged"]
                or row["status"] != "Completed"
                or row["strRetainedBy"] == "User"
            ):
                continue
            later = [id for id in row["requiredByJobs"].split(",") if id in rows]
            live = [id for id in later if not rows[id]["isAged"] and rows[id]["jobType"] == "Incremental"]
            if len(live) == len(later) >= least and all(rows[id]["strRetainedBy"] != "User" for id in live):
                return full, live
        raise AssertionError("the estate has no such chain")

    def deletable(self, count=1):
        """Jobs that no guard protects on the first copy."""
        rows, found = self.rows(), []
        for id in sorted(rows, key=int):
            if rows[id]["isAged"] or rows[id]["requiredByJobs"] or rows[id]["strRetainedBy"] == "User":
                continue
            if not self.operate("delete", id, check=True).get("failed"):
                found.append(id)
                if len(found) == count:
                    self.simulator.log.clear()
                    return found
        raise AssertionError("the estate has too few such jobs")

    def sent(self):
        return [json.loads(entry.body) for entry in self.writes()]


@pytest.fixture
def bench(request):
    with Simulator(products=("commvault",), options={"commvault": getattr(request, "param", {})}) as simulator:
        yield Bench("commvault", simulator)


def switches(*choices):
    return pytest.mark.parametrize("bench", choices, indirect=True, ids=lambda choice: str(sorted(choice.items())))


def statuses(result):
    return {(outcome["id"], outcome["copy_id"]): outcome["status"] for outcome in result["outcomes"]}


def once_and_again(bench, operation, *ids, **arguments):
    """In check mode, for real, again: prediction equals truth, one write, and the second run writes nothing."""
    predicted = bench.operate(operation, *ids, check=True, **arguments)
    assert not predicted.get("failed"), predicted["msg"]
    assert not bench.writes() and predicted["audit"] == []
    assert predicted["dependent_jobs_exist"] is None and predicted["archiver_jobs_exist"] is None
    if operation == "delete":
        arguments["confirm_plan"] = predicted["plan_id"]
    real = bench.operate(operation, *ids, **arguments)
    assert not real.get("failed"), real["msg"]
    for part in ("changed", "plan", "plan_id", "diff", "missing"):
        assert real[part] == predicted[part]
    assert statuses(real) == statuses(predicted)
    decided = {"held", "held_until", "on_copy", "allowed"}
    for one, other in zip(predicted["outcomes"], real["outcomes"]):
        assert {fact: one["after"][fact] for fact in decided} == {fact: other["after"][fact] for fact in decided}
    assert real["changed"] is True and len(bench.writes()) == real["plan"]["requests"]
    assert len(real["audit"]) == real["plan"]["changes"]
    assert real["dependent_jobs_exist"] is not None
    written = len(bench.writes())
    again = bench.operate(operation, *ids, **arguments)
    assert not again.get("failed"), again["msg"]
    assert again["changed"] is False and len(bench.writes()) == written and again["audit"] == []
    assert set(statuses(again).values()) <= {"unchanged", "skipped"}
    return real


# -- hold and release --------------------------------------------------------------------------------------------------


def test_hold_with_its_chain_and_release(bench):
    full, later = bench.chain()
    bench.simulator.log.clear()
    real = once_and_again(bench, "retain", later[-1], retain_until="7y", reason="Legal hold 2026-15")
    assert set(real["plan"]["added"]) == {full, *later[:-1]}
    outcome = real["outcomes"][0]
    assert (outcome["before"]["held"], outcome["after"]["held"], outcome["added_for"]) == (False, True, [])
    assert all(outcome["added_for"] == [later[-1]] for outcome in real["outcomes"][1:])
    assert outcome["copy_name"] == "Primary" and outcome["storage_policy"] == "Disk_Daily" and outcome["name"]
    end = model.epoch_of(outcome["after"]["held_until"])
    assert end % DAY == 0 and 7 * 365 * DAY < end - time.time() < 7 * 365 * DAY + 3 * DAY
    assert real["plan"]["retain_until"] == outcome["after"]["held_until"]
    rows = bench.rows()
    assert all(rows[id]["retainUntil"] == end and rows[id]["strRetainedBy"] == "User" for id in (full, *later))
    assert {entry["reason"] for entry in real["audit"]} == {"Legal hold 2026-15"} == {real["plan"]["reason"]}
    assert {entry["copy_id"] for entry in real["audit"]} == {FIRST}
    record = real["jobs"][0]
    assert record["retention"]["held"] is True and record["copies"][0]["held_until"] == outcome["after"]["held_until"]
    assert record["bytes"]["source"] and record["level"] == "incremental" and record["result"] == "success"
    (body,) = bench.sent()
    assert (
        body["opType"] == "RETAIN" and body["storagePolicyId"] == 5 and body["copyId"] == 9 and body["commcellId"] == 2
    )
    assert sorted(body["jobIds"]) == sorted(map(int, (full, *later))) and body["retainUntilTime"] == end
    bench.simulator.log.clear()
    released = once_and_again(bench, "do_not_retain", full, *later)
    assert released["diff"]["after"][released["outcomes"][0]["uid"]] == {FIRST: {"held": False, "held_until": None}}
    assert all(bench.rows()[id]["strRetainedBy"] != "User" for id in (full, *later))


@pytest.mark.parametrize("forever", [-1, 0, 2147483647, 4102444800 * 10])
def test_a_hold_for_good_whatever_the_server_calls_it(forever):
    with Simulator(products=("commvault",), options={"commvault": {"forever": forever}}) as simulator:
        bench = Bench("commvault", simulator)
        full, _later = bench.chain()
        real = once_and_again(bench, "retain", full, retain_until="forever")
        assert real["outcomes"][0]["after"]["held"] is True and real["outcomes"][0]["after"]["held_until"] is None
        assert "retainUntilTime" not in bench.sent()[0]
        shorter = bench.operate("retain", full, retain_until="1y")
        assert shorter["error"]["kind"] == "refused" and len(bench.writes()) == 1


@switches({"retain_rounding": "day_up"}, {"retain_rounding": "day_down"}, {"retain_rounding": "minute"})
def test_the_servers_rounding_is_no_change(bench):
    full, _later = bench.chain()
    until = model.timestamp((int(time.time()) // DAY + 90) * DAY + 3600 * 9 + 61)
    predicted = bench.operate("retain", full, retain_until=until, check=True)
    real = bench.operate("retain", full, retain_until=until)
    assert not real.get("failed"), real["msg"]
    assert real["changed"] and real["diff"] == predicted["diff"]
    kept = real["outcomes"][0]["after"]["held_until"]
    assert kept != until
    assert bool(real["warnings"]) is (kept < until)
    again = bench.operate("retain", full, retain_until=until)
    assert again["changed"] is False and len(bench.writes()) == 1
    assert bool(again["outcomes"][0]["message"]) is (kept < until)


def test_a_shorter_hold_is_refused_and_a_longer_one_extends(bench):
    full, _later = bench.chain()
    bench.operate("retain", full, retain_until="90d")
    held = bench.rows()[full]["retainUntil"]
    for check in (True, False):
        shorter = bench.operate("retain", full, retain_until="10d", check=check)
        assert shorter["failed"] and shorter["error"]["kind"] == "refused" and "only_extend" in shorter["msg"]
        assert shorter["changed"] is False and shorter["outcomes"][0]["status"] == "failed"
    assert bench.rows()[full]["retainUntil"] == held and len(bench.writes()) == 1
    bench.operate("retain", full, retain_until="91d")
    assert bench.rows()[full]["retainUntil"] == held + DAY
    assert bench.operate("retain", full, retain_until="10d", only_extend=False)["changed"] is True
    assert bench.rows()[full]["retainUntil"] < held


def test_a_hold_that_comes_too_late_fails_loudly(bench):
    full, later = bench.chain()
    bench.control("mark", job_id=int(later[-1]), copy_id=9, deleted=True)
    result = bench.operate("retain", full, later[-1], retain_until="90d")
    assert result["failed"] and result["error"]["kind"] == "not_found" and "too late" in result["msg"]
    assert statuses(result) == {(full, FIRST): "changed", (later[-1], FIRST): "failed"}
    assert result["changed"] is True and bench.rows()[full]["strRetainedBy"] == "User"
    assert result["missing"] == [later[-1]]


def test_a_chain_without_its_full_fails(bench):
    full, later = bench.chain()
    bench.control("mark", job_id=int(full), copy_id=9, deleted=True)
    result = bench.operate("retain", later[-1], retain_until="90d")
    assert result["failed"] and full in result["msg"] or "full" in result["msg"]
    assert not bench.writes()
    alone = bench.operate("retain", later[-1], retain_until="90d", include_required=False)
    assert not alone.get("failed") and list(statuses(alone)) == [(later[-1], FIRST)]


def test_several_copies_by_name_id_and_all(bench):
    full, later = bench.chain(SECOND)
    bench.simulator.log.clear()
    two = bench.operate("retain", later[0], copies=["Primary", SECOND], retain_until="90d", check=True)
    assert {outcome["copy_id"] for outcome in two["outcomes"]} == {FIRST, SECOND}
    every = once_and_again(bench, "retain", full, later[0], copies=["all"], retain_until="90d")
    assert statuses(every)[full, SELECTIVE] == "changed" and statuses(every)[later[0], SELECTIVE] == "skipped"
    assert len(bench.writes()) == 3 and {body["copyId"] for body in bench.sent()} == {9, 10, 11}


def test_cvpysdk_reads_the_hold_that_the_module_set(bench):
    commcell = pytest.importorskip("cvpysdk.commcell")
    full, _later = bench.chain()
    bench.operate("retain", full, copy="Primary", retain_until="90d")
    cell = commcell.Commcell("x", "admin", PASSWORD, web_service_url=bench.simulator.url("commvault"))
    copy = cell.storage_policies.get("Disk_Daily").get_copy("Primary")
    row = next(row for row in copy.get_jobs_on_copy_v2(view="All") if str(row["jobId"]) == full)
    assert row["strRetainedBy"] == "User" and row["retainUntil"] == bench.sent()[0]["retainUntilTime"]
    copy.retain_jobs_on_copy(full, row["retainUntil"] + DAY)
    read = bench.operate("retain", full, retain_until=str(row["retainUntil"] + DAY))
    assert read["changed"] is False


# -- delete ------------------------------------------------------------------------------------------------------------


def test_delete_what_was_approved(bench):
    (job,) = bench.deletable()
    real = once_and_again(bench, "delete", job)
    assert bench.rows()[job]["isAged"] is True and bench.rows(SECOND)[job]["isAged"] is False
    assert real["outcomes"][0]["after"]["on_copy"] is False
    (body,) = bench.sent()
    assert body["opType"] == "DELETE" and body["loadDependentJobs"] is False and body["loadArchiverJobs"] is False
    again = bench.operate("delete", job, 99999, "no number", confirm_plan="unreviewed")
    assert again["missing"] == [job, "99999", "no number"] and again["changed"] is False


def test_a_delete_without_approval_is_refused(bench):
    (job,) = bench.deletable()
    refused = bench.operate("delete", job)
    assert refused["error"]["kind"] == "refused" and "confirm_plan" in refused["msg"]
    assert refused["plan_id"] and not bench.writes()
    assert bench.operate("delete", job, confirm_plan="unreviewed")["changed"] is True


def test_a_plan_that_moved_is_refused(bench):
    job, other = bench.deletable(2)
    approved = bench.operate("delete", job, check=True)["plan_id"]
    moved = {
        "ids": lambda: bench.operate("delete", job, other, confirm_plan=approved),
        "other id": lambda: bench.operate("delete", other, confirm_plan=approved),
        "copy": lambda: bench.operate("delete", job, copy_id=SECOND, confirm_plan=approved, guards=[]),
        "endpoint": lambda: bench.operate("delete", job, endpoint_name="elsewhere", confirm_plan=approved),
        "nothing to do elsewhere": lambda: bench.operate("delete", 99999, confirm_plan=approved),
        "operation": lambda: bench.operate("do_not_retain", job, copy_id=FIRST, confirm_plan=approved),
    }
    for what, run in moved.items():
        result = run()
        assert result["failed"] and result["error"]["kind"] == "plan_changed", what
        assert result["changed"] is False
    bench.control("mark", job_id=int(job), copy_id=9, copied_at=bench.simulator.clock.now() - 5)
    result = bench.operate("delete", job, confirm_plan=approved)
    assert result["error"]["kind"] == "plan_changed" and statuses(result) == {(job, FIRST): "skipped"}
    assert not bench.writes()


def test_a_dependency_chain_refuses_and_names_the_dependents(bench):
    full, later = bench.chain()
    for arguments in ({}, {"copies": ["all"]}):
        for check in (True, False):
            result = bench.operate("delete", full, check=check, confirm_plan="unreviewed", **arguments)
            assert result["error"]["kind"] == "refused"
            refusals = {one["guard"]: one for one in result["plan"]["jobs"][0]["refused"]}
            assert set(later) <= set(refusals["dependents"]["jobs"]) and later[0] in result["msg"]
    with_them = bench.operate("delete", full, include_dependents=True, guards=["dependents"], check=True)
    assert set(statuses(with_them)) == {(id, FIRST) for id in (full, *later)} and not with_them.get("failed")
    assert not bench.writes()


def test_dependents_on_another_copy_count_when_this_is_the_last_one(bench):
    full, later = bench.chain(SECOND)
    for copy_id in (9, 11):
        bench.control("mark", job_id=int(full), copy_id=copy_id, deleted=True)
    for id in later:
        bench.control("mark", job_id=int(id), copy_id=10, deleted=True)
    result = bench.operate("delete", full, copy_id=SECOND, guards=["dependents"], check=True)
    assert result["error"]["kind"] == "refused" and later[-1] in result["msg"]


def test_held_and_running_always_refuse(bench):
    (job,) = bench.deletable()
    bench.operate("retain", job, retain_until="90d", include_required=False)
    held = bench.operate("delete", job, guards=[], confirm_plan="unreviewed")
    assert held["error"]["kind"] == "refused" and "held" in held["msg"] and "do_not_retain" in held["msg"]
    running = next(run for run in bench.info(states=["running"], since="-1d")["jobs"] if run["type"] == "backup")
    policy = running["native"]["storage_policy"]["id"]
    result = bench.operate(
        "delete",
        running["id"],
        storage_policy_id=policy,
        copy="Primary",
        copy_id=None,
        guards=[],
        confirm_plan="unreviewed",
    )
    assert result["error"]["kind"] == "refused" and "running" in result["msg"]
    assert len(bench.writes()) == 1


def test_last_good_and_only_copy(bench):
    (job,) = bench.deletable()
    rows = bench.rows()
    mine = rows[job]["subClient"]["id"]
    newest = max(
        (id for id in rows if rows[id]["subClient"]["id"] == mine and rows[id]["status"] == "Completed"), key=int
    )
    result = bench.operate("delete", newest, confirm_plan="unreviewed")
    assert "last_good" in [one["guard"] for one in result["plan"]["jobs"][0]["refused"]]
    bench.control("mark", job_id=int(job), copy_id=10, deleted=True)
    for copies in ([FIRST], ["all"]):
        result = bench.operate("delete", job, copies=copies, confirm_plan="unreviewed")
        assert result["error"]["kind"] == "refused" and "other copy" in result["msg"]
    assert not bench.writes()
    assert bench.operate("delete", job, guards=["dependents"], confirm_plan="unreviewed")["changed"] is True


def test_max_jobs(bench):
    jobs = bench.deletable(2)
    result = bench.operate("delete", *jobs, max_jobs=1, confirm_plan="unreviewed")
    assert result["error"]["kind"] == "refused" and "max_jobs" in result["msg"] and not bench.writes()


def test_archiver_jobs_are_reported(bench):
    (job,) = bench.deletable()
    bench.control("archiver", job_id=int(job))
    result = bench.operate("delete", job, confirm_plan="unreviewed")
    assert result["archiver_jobs_exist"] is True and result["dependent_jobs_exist"] is False


# -- copy control ------------------------------------------------------------------------------------------------------


def waiting(bench, copy_id=SECOND):
    """A job that is still to be copied to a copy."""
    product = bench.simulator["commvault"]
    copy, now = product.estate.copies[int(copy_id)], bench.simulator.clock.now()
    return next(
        str(run.id)
        for run in product.estate.runs.by_id.values()
        if run.end and copy.holds(run) and not copy.is_aged(run, now) and product.copy_state(copy, run, now) & 4
    )


@pytest.mark.parametrize(("operation", "copy_id"), [("disallow_copy", SECOND), ("disallow_copy_all", FIRST)])
def test_copy_control(bench, operation, copy_id):
    job = waiting(bench)
    real = once_and_again(bench, operation, job, copy_id=copy_id)
    assert (real["outcomes"][0]["before"]["allowed"], real["outcomes"][0]["after"]["allowed"]) == (True, False)
    assert real["jobs"][0]["copy_status"]["allowed"] is False
    marks = {(mark["job_id"], mark["copy_id"]): mark for mark in bench.simulator["commvault"].state()["copy_marks"]}
    assert marks[int(job), 10]["disallowed"] is True
    bench.simulator.log.clear()
    back = once_and_again(bench, "allow_copy", job, copy_id=SECOND)
    assert back["diff"]["after"][back["outcomes"][0]["uid"]] == {SECOND: {"allowed": True}}


def test_recopy_is_an_action(bench):
    _full, later = bench.chain(SECOND)
    predicted = bench.operate("recopy", later[0], copy_id=SECOND, check=True)
    assert predicted["changed"] is True and not bench.writes()
    for number in (1, 2):
        result = bench.operate("recopy", later[0], copy_id=SECOND)
        assert not result.get("failed") and result["changed"] is True and len(bench.writes()) == number
        assert result["diff"] == predicted["diff"] and result["outcomes"][0]["status"] == "changed"
    assert [body["opType"] for body in bench.sent()] == ["RECOPY", "RECOPY"]


@switches({"release": 32})
def test_recopy_needs_its_release(bench):
    full, _later = bench.chain(SECOND)
    result = bench.operate("recopy", full, copy_id=SECOND, check=True)
    assert result["error"]["kind"] == "unsupported" and "11.34" in result["msg"] and "11.32" in result["msg"]


# -- answers -----------------------------------------------------------------------------------------------------------


@switches({"v4": False, "release": 28})
def test_a_server_without_v4_says_which_release_is_needed(bench):
    full, _later = bench.chain()
    for operation in ("retain", "delete"):
        arguments = {"retain_until": "90d"} if operation == "retain" else {}
        result = bench.operate(operation, full, check=True, **arguments)
        assert result["error"]["kind"] == "unsupported" and "11.32" in result["msg"]
    assert "11.34" in bench.operate("recopy", full)["msg"]


@switches({"mixed": "error"}, {"mixed": "silent"}, {"mixed": "refuse"})
def test_mixed_outcomes_are_told_for_each_job(bench):
    full, _later = bench.chain()
    (other,) = bench.deletable()
    bench.control("refuse", job_ids=[int(other)], code=77, message="The job is in use by aging.")
    mixed = bench.simulator["commvault"].switches["mixed"]
    result = bench.operate("retain", full, other, retain_until="90d", include_required=False)
    assert result["failed"] and len(bench.writes()) == 1
    held = mixed != "refuse"
    assert statuses(result) == {(full, FIRST): "changed" if held else "failed", (other, FIRST): "failed"}
    assert result["changed"] is held and [entry["status"] for entry in result["audit"]] == list(
        statuses(result).values()
    )
    if mixed != "silent":
        assert "in use by aging" in result["msg"] and result["error"]["code"] == "77"
    assert result["error"]["kind"] == "protocol"


def test_an_error_inside_200_fails_in_the_servers_words(bench):
    rows = bench.rows(LOCKED)
    job = next(id for id in sorted(rows, key=int) if not rows[id]["isAged"] and not rows[id]["requiredByJobs"])
    result = bench.operate("delete", job, copy_id=LOCKED, guards=[], confirm_plan="unreviewed")
    assert result["failed"] and "compliance-locked" in result["msg"] and result["changed"] is False
    assert bench.rows(LOCKED)[job]["isAged"] is False


@pytest.mark.parametrize(("kind", "done"), [("drop_after", True), ("drop_before", False)])
@pytest.mark.parametrize("operation", ["retain", "delete", "recopy"])
def test_a_lost_answer_is_settled_by_a_read(bench, operation, kind, done):
    (job,) = bench.deletable()
    arguments = {
        "retain": {"retain_until": "90d", "include_required": False},
        "delete": {"confirm_plan": "unreviewed"},
        "recopy": {"copy_id": SECOND},
    }[operation]
    bench.simulator.faults.add(kind, path=PATH)
    result = bench.operate(operation, job, **arguments)
    assert len(bench.writes()) == 1
    assert bool(result.get("failed")) is not done, result.get("msg")
    assert result["changed"] is done and len(result["audit"]) == 1
    if not done:
        assert "not sent again" in result["msg"] and result["error"]["kind"] == "unreachable"


def test_an_expired_login_is_renewed_and_the_write_planned_anew(bench):
    (job,) = bench.deletable()
    bench.simulator.faults.add("expire_token", path=PATH)
    result = bench.operate("delete", job, confirm_plan="unreviewed")
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and len(bench.writes()) == 2 and len(result["audit"]) == 1


def test_a_read_that_fails_afterwards_leaves_no_doubt_unsaid(bench):
    (job,) = bench.deletable()
    bench.simulator.faults.add("status", path="BackupDestination/9/Jobs", status=500, times=-1, after=1)
    result = bench.operate("retain", job, retain_until="90d", include_required=False)
    assert result["failed"] and "could not be read" in result["msg"] and result["changed"] is True


# -- selection and refusals --------------------------------------------------------------------------------------------


def test_the_policy_is_taken_from_the_runs(bench):
    full, later = bench.chain()
    other = next(id for id, row in bench.rows("12").items() if not row["isAged"] and row["jobType"] == "Full")
    bench.simulator.log.clear()
    result = bench.operate("retain", full, *later, other, copy="Primary", retain_until="90d", check=True)
    assert {(outcome["id"], outcome["copy_id"]) for outcome in result["outcomes"]} == {
        *((id, FIRST) for id in (full, *later)),
        (other, "12"),
    }
    asked = [entry.path.rsplit("/api/", 1)[1] for entry in bench.simulator.log.entries()]
    assert len([path for path in asked if path.startswith("Job/")]) == 2
    assert len([path for path in asked if path.endswith("/Jobs")]) == 2
    named = bench.operate("retain", full, storage_policy="Disk_Daily", copy="primary", retain_until="90d", check=True)
    assert named["outcomes"][0]["copy_id"] == FIRST


def test_names_that_do_not_fit_or_are_ambiguous(bench):
    full, _later = bench.chain()

    def error(**arguments):
        return bench.operate("retain", full, retain_until="90d", **arguments)

    missing = error(copy="Tape")
    assert missing["error"]["kind"] == "not_found" and "Secondary (10)" in missing["msg"]
    assert error(copy_id=12)["error"]["kind"] == "not_found"
    assert error(storage_policy="Nothing", copy="Primary")["error"]["kind"] == "not_found"
    assert error(storage_policy_id=99, copy="Primary")["error"]["kind"] == "not_found"
    estate = bench.simulator["commvault"].estate
    estate.policies[6].name = "Disk_Daily"
    twice = error(storage_policy="Disk_Daily", copy="Primary")
    assert twice["error"]["kind"] == "ambiguous" and "5, 6" in twice["msg"]
    estate.copies[10].name = "Primary"
    twice = error(storage_policy_id=5, copy="Primary")
    assert twice["error"]["kind"] == "ambiguous" and "9, 10" in twice["msg"]
    assert not bench.writes()


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("retain", {}, "retain_until"),
        ("retain", {"retain_until": "2030-01-31 10:00"}, "time zone"),
        ("retain", {"retain_until": "2020-01-31T10:00:00Z"}, "past"),
        ("retain", {"retain_until": "-7d"}, "past"),
        ("retain", {"retain_until": "7d", "guards": []}, "guards"),
        ("delete", {"retain_until": "7d"}, "retain_until"),
        ("delete", {"load_dependent_jobs": True}, "load_dependent_jobs"),
        ("delete", {"load_archiver_jobs": True}, "load_archiver_jobs"),
        ("delete", {"max_jobs": -1}, "max_jobs"),
        ("delete", {"copies": ["all", "Primary"]}, "copies"),
        ("delete", {"copies": []}, "copies"),
    ],
)
def test_what_cannot_be_meant_is_said_before_any_request(bench, operation, arguments, words):
    result = bench.operate(operation, 1, **arguments)
    assert result["error"]["kind"] == "invalid" and words in result["msg"]
    assert not bench.simulator.log.entries()


def test_uids_of_definitions_are_refused(bench):
    for uid, word in (("commvault:sim:definition:7", "run"), ("commvault:elsewhere:run:7", "elsewhere")):
        result = bench.run(job_operation, operation="delete", copy="Primary", uids=[uid])
        assert result["error"]["kind"] == "invalid" and word in result["msg"]
    full, _later = bench.chain()
    bench.simulator.log.clear()
    result = bench.run(
        job_operation, operation="retain", copy="Primary", uids=["commvault:sim:run:" + full], retain_until="2035-01-01",
        timezone="Europe/Zurich", check=True,
    )  # fmt: skip
    assert result["outcomes"][0]["after"]["held_until"] == "2034-12-31T23:00:00Z"


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("commvault")])
def test_other_products_say_what_they_offer_instead(name):
    with Simulator(products=(CASES[name]["platform"],)) as simulator:
        case = Case(name, simulator)
        result = case.run(job_operation, operation="retain", job_ids=["1"], copy="Primary", retain_until="7y")
        assert (
            result["error"]["kind"] == "unsupported"
            and "job_operation" in result["msg"]
            and "commvault" in result["msg"]
        )
        assert (
            TRAITS[case.platform].capabilities["job_operation"].note in result["msg"]
            and "retention" in result["msg"].lower()
        )
        assert not simulator.log.entries()


def test_no_key_is_a_method_of_a_dict(bench):
    full, later = bench.chain()
    result = bench.operate("retain", later[-1], copies=["all"], retain_until="90d")

    def keys(value):
        if isinstance(value, dict):
            yield from value
            for inner in value.values():
                yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    assert not set(keys(result)) & set(dir({}))
