# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing to NAKIVO Backup & Replication, releases 10 and 11, in the simulator."""

from __future__ import annotations

import json

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Conflict,
    InvalidError,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Order, Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo import acting
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.client import NakivoClient
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.platform import NakivoPlatform
from simulator import Simulator

START = 1_795_300_000.0
PASSWORD = "p@ss+w&rd=1 %é"
ALPINE = "6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11"
NIGHTLY = "VMware production nightly"
TWO = "Schedule retention sample"  # a weekly schedule that is on, a monthly one that is off
NO_SCHEDULE = "FLB engineering workstations"
SWITCHED_OFF = "Legacy ERP"
RUNNING = "SAP HANA hourly"
BY_SCHEDULES = {"disable_by": "schedules"}
VERSIONS = [{"version": "10"}, {"version": "10.11"}, {"version": "11"}]


class Bench:
    """A simulator whose clock stands still, a platform, and jobs as records."""

    def __init__(self, sim):
        self.sim = sim
        self.product = sim["nakivo"]
        self.warnings = []

    def platform(self, **more):
        given = {"platform": "nakivo", "url": self.sim.url("nakivo"), "username": "admin", "password": PASSWORD}
        return NakivoPlatform(options.connection_from({**given, "retries": 1, **more}, self.warn), self.warn)

    def warn(self, sentence):
        self.warnings.append(sentence)

    def job(self, name, tenant=None):
        world = self.product.tenants[tenant] if tenant else self.product.master
        return next(job for job in world.jobs.values() if job.name == name)

    def record(self, platform, name, **query):
        return self.read(platform, "definition", str(self.job(name).id), **query)

    def read(self, platform, entity, id, need=("runs",)):
        return next(iter(platform.list_jobs(Query(entity, now=START, ids=[id], need=frozenset(need))).records))

    def order(self, platform, verb, name=NIGHTLY, **more):
        return Order(verb, self.record(platform, name), options=BY_SCHEDULES, **more)

    def advance(self, seconds):
        self.sim.clock.advance(seconds)
        self.product.progress(self.sim.clock.now())

    def control(self, verb, **arguments):
        return self.product.control(verb, arguments)

    def state(self, name=NIGHTLY):
        return self.product.state()["jobs"][str(self.job(name).id)]

    def whole(self, name=NIGHTLY):
        """Everything that a save could spoil."""
        job = self.job(name)
        return json.loads(json.dumps(job.dto(self.product.master, START, self.product.date)))

    def counts(self, name=NIGHTLY):
        return tuple(self.state(name)[count] for count in ("start_requests", "stops", "saves"))

    def calls(self):
        bodies = [json.loads(entry.body) for entry in self.sim.log.entries("nakivo")]
        return [body["method"] for body in bodies]

    def writes(self):
        return [json.loads(entry.body) for entry in self.sim.log.writes("nakivo")]


@pytest.fixture
def bench(request):
    switches = getattr(request, "param", {})
    with Simulator(products=("nakivo",), options={"nakivo": switches}, start=START, speed=0) as sim:
        yield Bench(sim)


# -- each verb -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bench", VERSIONS, indirect=True)
def test_start_shows_the_new_run(bench):
    platform = bench.platform()
    before = bench.record(platform, NIGHTLY)
    assert platform.objection(Order("start", before)) is None
    assert platform.perform(Order("start", before)) is None
    after = bench.record(platform, NIGHTLY)
    assert (after["state"], after["current_run"]["id"]) == ("running", "1@{0:.0f}".format(START))
    assert after["last_run"] == before["last_run"]
    (write,) = bench.writes()
    assert (write["action"], write["method"]) == ("JobManagement", "run")
    assert write["data"] == [{"runType": "ALL", "jobIds": [1]}]
    assert bench.counts() == (1, 0, 0) and bench.state()["starts"] == 1
    bench.advance(200)
    ended = bench.read(platform, "run", after["current_run"]["id"])
    assert (ended["state"], ended["result"]) == ("finished", "success")
    assert bench.record(platform, NIGHTLY)["last_run"]["id"] == ended["id"]


@pytest.mark.parametrize("entity", ["definition", "run"])
def test_stop_ends_the_current_run(bench, entity):
    platform = bench.platform()
    job = bench.record(platform, RUNNING)
    run = job["current_run"]
    order = Order("stop", job if entity == "definition" else bench.read(platform, "run", run["id"]))
    assert platform.objection(order) is None
    assert platform.perform(order) is None
    (write,) = bench.writes()
    assert (write["method"], write["data"]) == ("stop", [{"jobIds": [int(job["id"])]}])
    assert bench.counts(RUNNING) == (0, 1, 0)
    bench.advance(2)
    after = bench.record(platform, RUNNING)
    assert (after["state"], after["current_run"], after["last_run"]["id"]) == ("idle", None, run["id"])
    assert bench.read(platform, "run", run["id"])["result"] == "cancelled"


def test_only_the_current_run_can_be_stopped(bench):
    platform = bench.platform()
    last = bench.record(platform, RUNNING)["last_run"]
    assert "current run" in platform.objection(Order("stop", last))
    assert "entity: definition" in platform.objection(Order("start", last))
    assert platform.snapshot(last, BY_SCHEDULES) is None


@pytest.mark.parametrize("bench", VERSIONS, indirect=True)
def test_disable_and_enable_change_the_switch_of_the_schedule_only(bench):
    platform, whole = bench.platform(), bench.whole()
    before = bench.record(platform, NIGHTLY)
    platform.perform(bench.order(platform, "disable"))
    assert bench.record(platform, NIGHTLY)["enabled"] is False
    assert bench.state()["schedules"] == [False] and bench.state()["isEnabled"] is True
    platform.perform(bench.order(platform, "enable"))
    after = bench.record(platform, NIGHTLY)
    assert after["enabled"] is True and after["next_run_at"] == before["next_run_at"]
    assert bench.whole() == whole
    first, second = bench.writes()
    assert bench.counts() == (0, 0, 2)
    for write in (first, second):
        assert (write["action"], write["method"], len(write["data"])) == ("JobManagement", "saveJob", 1)
        sent = write["data"][0]
        if bench.product.version == "11":
            assert sorted(sent) == ["job", "origin"] and sent["origin"] == "NONE"
            sent = sent["job"]
        assert sent["lockUuid"]
        for row, kept in zip(sent["schedules"], whole["schedules"]):
            assert {**row, "enabled": True, "nextRun": 0, "nextRunRelative": 0} == {
                **kept,
                "nextRun": 0,
                "nextRunRelative": 0,
            }
        assert {**sent, "lockUuid": None, "schedules": 0} == {**whole, "schedules": 0}
    assert bench.calls().count("getListJobs") == 1, "the form of saveJob is asked for once"
    edits = [json.loads(e.body)["data"] for e in bench.sim.log.entries() if "getJobForEditing" in e.body]
    assert edits == [[1, None] if bench.product.version == "11" else [1]] * 2
    assert bench.state()["locked_by"] is None


def test_a_restore_puts_back_each_single_schedule(bench):
    platform, whole = bench.platform(), bench.whole(TWO)
    record = bench.record(platform, TWO)
    snapshot = json.loads(json.dumps(platform.snapshot(record, BY_SCHEDULES)))
    assert [one["enabled"] for one in snapshot["schedules"]] == [True, False]
    assert platform.snapshot(record, {}) is None
    platform.perform(bench.order(platform, "disable", TWO))
    assert bench.state(TWO)["schedules"] == [False, False]
    order = bench.order(platform, "enable", TWO, restore=snapshot)
    assert platform.snapshot(order.record, BY_SCHEDULES) != snapshot
    assert platform.objection(order) is None
    platform.perform(order)
    assert bench.state(TWO)["schedules"] == [True, False]
    assert platform.snapshot(bench.record(platform, TWO), BY_SCHEDULES) == snapshot
    assert bench.whole(TWO) == whole
    assert bench.counts(TWO) == (0, 0, 2)


def test_a_restore_can_also_disable(bench):
    platform = bench.platform()
    platform.perform(bench.order(platform, "disable", TWO))
    snapshot = platform.snapshot(bench.record(platform, TWO), BY_SCHEDULES)
    platform.perform(bench.order(platform, "enable", TWO))
    platform.perform(bench.order(platform, "disable", TWO, restore=snapshot))
    assert bench.state(TWO)["schedules"] == [False, False]


def test_enable_without_a_memory_switches_on_everything_but_only_when_all_is_off(bench):
    platform = bench.platform()
    platform.perform(bench.order(platform, "enable", TWO))
    assert bench.writes() == [] and bench.state(TWO)["schedules"] == [True, False]
    bench.advance(acting.LOCK_S)  # no call gives the lock free
    platform.perform(bench.order(platform, "disable", TWO))
    platform.perform(bench.order(platform, "enable", TWO))
    assert bench.state(TWO)["schedules"] == [True, True]


def test_a_schedule_that_never_fires_is_left_alone(bench):
    platform, job = bench.platform(), bench.job(NIGHTLY)
    job.schedules.append(dict(job.schedules[0], type="NONE", enabled=True))
    bench.control("set_switch", name="scheduler", value=False)  # shows the job anew
    snapshot = platform.snapshot(bench.record(platform, NIGHTLY), BY_SCHEDULES)
    platform.perform(bench.order(platform, "disable"))
    assert bench.state()["schedules"] == [False, True]
    assert bench.record(platform, NIGHTLY)["enabled"] is False
    platform.perform(bench.order(platform, "enable", restore=snapshot))
    assert bench.state()["schedules"] == [True, True]


def test_a_tenant_has_jobs_of_its_own(bench):
    platform = bench.platform(tenant=ALPINE)
    record = bench.read(platform, "definition", "1")
    platform.perform(Order("start", record))
    platform.perform(Order("disable", record, options=BY_SCHEDULES))
    jobs = bench.product.state()["tenants"][ALPINE]["jobs"]
    assert (jobs["1"]["starts"], jobs["1"]["saves"], jobs["1"]["schedules"]) == (1, 1, [False])
    assert bench.counts() == (0, 0, 0)


# -- what cannot be done -----------------------------------------------------------------------------------------------


def test_options_are_judged_before_any_request(bench):
    platform = bench.platform()
    for verb in ("enable", "disable"):
        with pytest.raises(Unsupported, match="no public call .* nakivo.disable_by: schedules"):
            platform.check_order(verb, {})
        platform.check_order(verb, BY_SCHEDULES)
    for verb in ("start", "stop"):
        platform.check_order(verb, {})
        with pytest.raises(InvalidError, match="nakivo.disable_by applies"):
            platform.check_order(verb, BY_SCHEDULES)
    for verb in ("suspend", "resume"):
        with pytest.raises(Unsupported, match="suspend a run"):
            platform.check_order(verb, {})
    assert platform.traits.actions["disable_by"]["choices"] == ["schedules"]
    assert platform.traits.levels == ()
    assert bench.calls() == []


def test_a_job_without_schedules_cannot_be_switched(bench):
    platform = bench.platform()
    for verb in ("disable", "enable"):
        assert "no schedule" in platform.objection(bench.order(platform, verb, NO_SCHEDULE))
    assert platform.objection(bench.order(platform, "start", NO_SCHEDULE)) is None


def test_a_job_that_is_off_at_the_web_page_cannot_be_switched_on(bench):
    platform = bench.platform()
    order = bench.order(platform, "enable", SWITCHED_OFF)
    assert "web page" in platform.objection(order)
    # But what was switched off by its schedules is put back, and said.
    snapshot = platform.snapshot(bench.record(platform, NIGHTLY), BY_SCHEDULES)
    platform.perform(bench.order(platform, "disable"))
    bench.control("set_enabled", job=1, enabled=False)
    order = bench.order(platform, "enable", restore=snapshot)
    assert platform.objection(order) is None and "web page" in bench.warnings[0]
    platform.perform(order)
    assert bench.state()["schedules"] == [True]


@pytest.mark.parametrize("restore", [None, {}, {"schedules": []}, {"schedules": [{}, {}]}, {"schedules": "x"}, [1]])
def test_other_schedules_than_those_remembered_are_refused(bench, restore):
    platform = bench.platform()
    if restore is None:
        restore = platform.snapshot(bench.record(platform, TWO), BY_SCHEDULES)
        bench.job(TWO).schedules[1]["dayOfWeek"] = 2
        bench.control("set_switch", name="scheduler", value=False)  # shows the job anew
    order = bench.order(platform, "enable", TWO, restore=restore)
    assert "other schedules" in platform.objection(order)
    with pytest.raises(Conflict, match="other schedules"):
        platform.perform(order)
    assert "getJobForEditing" not in bench.calls() and bench.writes() == []


def test_schedules_that_change_in_the_same_moment_are_not_overwritten(bench):
    platform = bench.platform()
    order = bench.order(platform, "disable", TWO)
    bench.job(TWO).schedules[1]["enabled"] = True
    with pytest.raises(Conflict, match="nothing was written"):
        platform.perform(order)
    assert bench.writes() == []
    bench.advance(acting.LOCK_S)
    order = bench.order(platform, "disable", TWO)
    bench.job(TWO).schedules.pop()
    with pytest.raises(Conflict, match="nothing was written"):
        platform.perform(order)
    assert bench.writes() == []


def test_a_job_that_somebody_has_open_is_a_conflict(bench):
    platform = bench.platform()
    order = bench.order(platform, "disable")
    bench.control("lock", job=1, user="somebody")
    with pytest.raises(Conflict, match="somebody") as caught:
        platform.perform(order)
    assert "try again" in caught.value.hint
    assert bench.writes() == []
    bench.control("lock", job=1, seconds=0)
    platform.perform(order)
    assert bench.counts() == (0, 0, 1)


@pytest.mark.parametrize("bench", [{"edit_running": "refuse"}], indirect=True)
def test_a_job_that_is_locked_by_its_run_is_a_conflict(bench):
    platform = bench.platform()
    with pytest.raises(Conflict, match="locked"):
        platform.perform(bench.order(platform, "disable", RUNNING))


def test_a_job_that_runs_can_be_switched_where_the_product_allows_it(bench):
    platform = bench.platform()
    platform.perform(bench.order(platform, "disable", RUNNING))
    record = bench.record(platform, RUNNING)
    assert (record["enabled"], record["state"]) == (False, "running")


@pytest.mark.parametrize("bench", [{}, {"unknown_id": "exception"}], indirect=True)
def test_a_job_that_is_gone(bench):
    platform = bench.platform()
    switch, start = bench.order(platform, "disable"), bench.order(platform, "start")
    bench.control("remove", job=1)
    with pytest.raises(NotFound, match="job 1 any more"):
        platform.perform(switch)
    with pytest.raises(ProtocolError, match="was not found"):
        platform.perform(start)


@pytest.mark.parametrize(
    ("bench", "kind"),
    [({"save_refusal": "result"}, Conflict), ({"save_refusal": "exception"}, ProtocolError)],
    indirect=["bench"],
)
def test_a_save_whose_lock_was_lost(bench, kind, monkeypatch):
    platform, edit = bench.platform(), NakivoClient.edit_job
    monkeypatch.setattr(NakivoClient, "edit_job", lambda self, job: dict(edit(self, job), lockUuid="another"))
    with pytest.raises(kind, match="CANNOT_LOCK" if kind is Conflict else "lock has expired"):
        platform.perform(bench.order(platform, "disable"))
    assert bench.state()["schedules"] == [True] and len(bench.writes()) == 1


def test_an_unknown_word_for_a_refused_save(bench, monkeypatch):
    platform = bench.platform()
    order = bench.order(platform, "disable")
    rpc = NakivoClient.rpc

    def answer(self, action, method, data, **more):
        return {"result": "NO_WAY"} if method == "saveJob" else rpc(self, action, method, data, **more)

    monkeypatch.setattr(NakivoClient, "rpc", answer)
    with pytest.raises(ProtocolError, match="saveJob with NO_WAY") as caught:
        platform.perform(order)
    assert caught.value.code == "NO_WAY"


@pytest.mark.parametrize("answer", [None, [], {"id": 2}, {"id": 1}, {"id": 1, "schedules": ["x"]}])
def test_an_answer_that_is_no_job_is_never_saved(bench, monkeypatch, answer):
    platform, rpc = bench.platform(), NakivoClient.rpc
    order = bench.order(platform, "disable")

    def strange(self, action, method, data, **more):
        return answer if method == "getJobForEditing" else rpc(self, action, method, data, **more)

    monkeypatch.setattr(NakivoClient, "rpc", strange)
    with pytest.raises(ProtocolError, match="getJobForEditing"):
        platform.perform(order)
    assert bench.writes() == []


@pytest.mark.parametrize("bench", [{"run_running": "exception", "stop_idle": "exception"}], indirect=True)
def test_a_refusal_has_the_words_of_the_product(bench):
    platform = bench.platform()
    with pytest.raises(ProtocolError, match="already running"):
        platform.perform(bench.order(platform, "start", RUNNING))
    with pytest.raises(ProtocolError, match="is not running"):
        platform.perform(bench.order(platform, "stop"))
    assert len(bench.writes()) == 2


@pytest.mark.parametrize("bench", VERSIONS, indirect=True)
@pytest.mark.parametrize(
    ("verb", "needs"), [("start", "START_ACTIVITY"), ("stop", "STOP_ACTIVITY"), ("disable", "EDIT_JOB")]
)
def test_a_missing_permission_is_named(bench, verb, needs):
    platform = bench.platform(username="auditor", password="read-only-1")
    with pytest.raises(PermissionDenied) as caught:
        platform.perform(bench.order(platform, verb, RUNNING))
    assert "ROLE_" + needs in caught.value.hint
    assert bench.counts(RUNNING) == (0, 0, 0)


# -- trouble on the way ------------------------------------------------------------------------------------------------

VERBS = {"start": NIGHTLY, "stop": RUNNING, "disable": NIGHTLY}


@pytest.mark.parametrize("verb", list(VERBS))
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut", "truncate", "html", "bad_gateway"])
def test_a_lost_answer_is_told_and_the_write_not_repeated(bench, verb, kind):
    platform, name = bench.platform(), VERBS[verb]
    order = bench.order(platform, verb, name)
    fault = {"kind": "status", "status": 502} if kind == "bad_gateway" else {"kind": kind}
    bench.sim.faults.add(writes=True, **fault)
    with pytest.raises(LostAnswer):
        platform.perform(order)
    assert len(bench.writes()) == 1
    done = kind in ("drop_after", "cut", "truncate")
    assert sum(bench.counts(name)) == done
    bench.advance(2)
    record = bench.record(platform, name)
    seen = {"start": record["state"] == "running", "stop": record["state"] == "idle", "disable": not record["enabled"]}
    assert seen[verb] is done


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("seconds", [2, acting.LOCK_S + 1])
def test_a_second_attempt_after_a_lost_save(bench, kind, seconds):
    """Our own lock is not in the way, and what did arrive is not sent again."""
    platform = bench.platform()
    order = bench.order(platform, "disable")
    bench.sim.faults.add(kind, writes=True)
    with pytest.raises(LostAnswer):
        platform.perform(order)
    bench.advance(seconds)
    platform.perform(order)
    assert bench.state()["schedules"] == [False]
    assert bench.counts() == (0, 0, 1)
    assert len(bench.writes()) == (2 if kind == "drop_before" else 1)
    same_lock = kind == "drop_before" and seconds < acting.LOCK_S
    assert bench.calls().count("getJobForEditing") == (1 if same_lock else 2)
    assert bench.calls().count("refreshExclusiveLock") == 1


@pytest.mark.parametrize("verb", list(VERBS))
def test_an_expired_session_writes_nothing_and_the_next_attempt_does(bench, verb):
    platform, name = bench.platform(), VERBS[verb]
    order = bench.order(platform, verb, name)
    whole = bench.whole(name)
    bench.sim.faults.add("expire_token", writes=True)
    with pytest.raises(SessionExpired):
        platform.perform(order)
    assert sum(bench.counts(name)) == 0 and bench.whole(name) == whole
    platform.perform(order)
    assert sum(bench.counts(name)) == 1
    assert bench.product.state()["logins"] == 2


def test_trouble_before_the_save_is_no_lost_answer(bench):
    platform = bench.platform(retries=0)
    order = bench.order(platform, "disable")
    bench.sim.faults.add("drop_after", path="getJobForEditing")
    with pytest.raises(Exception) as caught:
        platform.perform(order)
    assert caught.value.kind == "unreachable" and not isinstance(caught.value, LostAnswer)
    assert bench.writes() == []


def test_a_session_that_dies_before_the_lock_is_renewed(bench):
    platform = bench.platform()
    order = bench.order(platform, "disable")
    bench.sim.faults.add("expire_token", path="getJobForEditing")
    platform.perform(order)
    assert bench.state()["schedules"] == [False]


def test_a_slow_director_gets_its_lock_renewed(bench, monkeypatch):
    monkeypatch.setattr(acting, "SLOW_S", -1)
    platform = bench.platform()
    platform.perform(bench.order(platform, "disable"))
    methods = bench.calls()
    assert methods.index("getJobForEditing") < methods.index("refreshExclusiveLock") < methods.index("saveJob")
    assert bench.counts() == (0, 0, 1)


# -- what is read for it ----------------------------------------------------------------------------------------------


def test_a_switch_costs_no_look_at_the_day(bench):
    platform = bench.platform()
    bench.control("set_last_run", job=1, state="FAILED", ago=60, seconds=60)
    record = bench.record(platform, NIGHTLY, need=("enabled",))
    assert (record["enabled"], record["result"]) == (True, "failed")
    assert "getProcessedVms" not in bench.calls()
    bench.record(platform, NIGHTLY)
    assert "getProcessedVms" in bench.calls()


def test_a_run_keeps_its_id_when_the_product_moves_its_start(bench):
    platform = bench.platform()
    platform.perform(bench.order(platform, "start"))
    run = bench.record(platform, NIGHTLY)["current_run"]
    bench.advance(200)
    bench.control("set_words", job=1, words={"lrDate": bench.product.date(START + 1)})
    found = bench.read(platform, "run", run["id"])
    assert (found["state"], found["id"], found["uid"]) == ("finished", run["id"], run["uid"])
    assert found["started_at"] == model.timestamp(START + 1)
