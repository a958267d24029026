# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing to Veeam Backup for Microsoft 365, v5 to v8, in the simulator."""

from __future__ import annotations

import json
import types

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    Conflict,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.options import connection_from
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Order, Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.platform import VeeamM365Platform
from simulator import Simulator

VERSIONS = ("v5", "v6", "v7", "v8")
PASSWORD = "p@ss+w&rd=1 %é"
JOB = "M365 Exchange Zurich"
COPY = "M365 SharePoint Basel copy"
NEVER = "M365 Never started"
RUNNING = "Fabrikam first full"
WORDS = {"Success": "success", "Warning": "warning", "Failed": "failed", "Stopped": "cancelled"}
COUNTS = ("starts", "stops", "enables", "disables", "refused")


class Bench:
    """A simulator, a platform per version, and one job as a record."""

    def __init__(self, sim):
        self.sim = sim
        self.veeam = sim["veeam_m365"]
        self.warnings = []

    def platform(self, version="v8", **options):
        given = {"platform": "veeam_m365", "url": self.sim.url("veeam_m365"), "username": "admin", "password": PASSWORD}
        connection = connection_from({**given, "api_version": version, **options}, self.warnings.append)
        return VeeamM365Platform(connection, self.warnings.append)

    def job(self, name):
        return next(job for job in self.veeam.engine.jobs.values() if job.name == name)

    def record(self, platform, name):
        return self.read(platform, "definition", self.job(name).id)

    def read(self, platform, entity, id):
        now = self.sim.clock.now()
        return next(iter(platform.list_jobs(Query(entity, now=now, ids=[id], need=frozenset(("runs",)))).records))

    def order(self, platform, verb, name=JOB, **more):
        return Order(verb, self.record(platform, name), **more)

    def advance(self, seconds):
        self.sim.clock.advance(seconds)
        self.veeam.progress(self.sim.clock.now())

    def counts(self, name=JOB):
        state = self.veeam.state()["jobs"][self.job(name).id]
        return {count: state[count] for count in COUNTS if state[count]}

    def writes(self):
        return [(e.path, e.body) for e in self.sim.log.writes()]


@pytest.fixture
def bench():
    with Simulator(products=("veeam_m365",)) as sim:
        yield Bench(sim)


# -- each verb -------------------------------------------------------------------------------------------------------


def call_of(version, job, verb, full=False):
    """The one request that the vendor's documents ask for."""
    place = "/{0}/{1}/{2}/".format(version, "Jobs" if job.kind == "Backup" else "CopyJobs", job.id)
    if version == "v5":
        return place + "action", json.dumps({verb: None})
    has_body = verb == "start" and (job.kind == "Backup" or version == "v6")
    return place + verb, json.dumps({"full": full}) if has_body else ""


def with_copies(*versions):
    return [(v, n) for v in versions for n in (JOB, COPY) if not (v == "v5" and n == COPY)]


@pytest.mark.parametrize(("version", "name"), with_copies(*VERSIONS))
def test_disable_and_enable_put_back_exactly_what_was(bench, version, name):
    platform, job = bench.platform(version), bench.job(name)
    before = bench.record(platform, name)
    policy, next_run = dict(job.policy), job.next_run
    snapshot = platform.snapshot(before, {})
    assert (before["enabled"], snapshot) == (True, None)
    assert platform.perform(Order("disable", before)) is None
    assert bench.record(platform, name)["enabled"] is False
    assert platform.perform(Order("enable", bench.record(platform, name), restore=snapshot)) is None
    after = bench.record(platform, name)
    for record in (before, after):
        record["native"].pop("etag")
    assert after == before
    assert (job.policy, job.next_run) == (policy, next_run)
    assert bench.writes() == [call_of(version, job, "disable"), call_of(version, job, "enable")]
    assert bench.counts(name) == {"disables": 1, "enables": 1}


@pytest.mark.parametrize("name", [JOB, COPY, NEVER])
@pytest.mark.parametrize("version", VERSIONS)
def test_start_shows_the_new_run(bench, version, name):
    if (version, name) == ("v5", COPY):
        return
    platform, job = bench.platform(version), bench.job(name)
    before = bench.record(platform, name)
    assert (before["state"], before["current_run"]) == ("idle", None)
    run = platform.perform(Order("start", before, level="incremental"))
    assert bench.writes() == [call_of(version, job, "start")]
    assert bench.counts(name) == {"starts": 1}
    after = bench.record(platform, name)
    assert run == (job.active.id if version == "v8" else None)
    assert after["current_run"]["id"] == job.active.id
    assert (after["state"], after["last_run"]) == ("running", before["last_run"])


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_start_of_a_full(bench, version):
    platform = bench.platform(version)
    order = bench.order(platform, "start", level="full")
    assert platform.objection(order) is None
    platform.perform(order)
    assert bench.job(JOB).active.full
    assert bench.writes() == [call_of(version, bench.job(JOB), "start", full=True)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_disabled_job_can_be_started(bench, version):
    platform = bench.platform(version)
    platform.perform(bench.order(platform, "start", "Fabrikam Finance"))
    record = bench.record(platform, "Fabrikam Finance")
    assert (record["enabled"], record["state"]) == (False, "running")


@pytest.mark.parametrize("name", [NEVER, JOB])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_counts_that_the_job_does_not_tell_of_yet(bench, version, name):
    platform, job = bench.platform(version), bench.job(name)
    word, last_run = job.last_status, job.last_run
    platform.perform(bench.order(platform, "start", name))
    # The session is there, the job's own words are as before.
    job.last_status, job.last_run = word, last_run
    job.touch()
    assert bench.record(platform, name)["current_run"]["id"] == job.active.id


@pytest.mark.parametrize("version", VERSIONS)
def test_a_queued_run_and_one_that_shows_late(bench, version):
    bench.veeam.control_set_switch("queue_seconds", 30)
    bench.veeam.control_set_switch("appear_seconds", 5)
    platform = bench.platform(version)
    before = bench.record(platform, JOB)
    run = platform.perform(Order("start", before))
    assert bench.record(platform, JOB)["current_run"] is None
    if run:
        assert bench.read(platform, "run", run)["state"] == "queued"
    bench.advance(6)
    assert bench.record(platform, JOB)["current_run"]["state"] == "queued"
    bench.advance(30)
    assert bench.record(platform, JOB)["state"] == "running"


@pytest.mark.parametrize("version", VERSIONS)
def test_stop_takes_effect_later(bench, version):
    platform, job = bench.platform(version), bench.job(RUNNING)
    order = bench.order(platform, "stop", RUNNING)
    run = order.record["current_run"]["id"]
    assert platform.perform(order) is None
    assert bench.record(platform, RUNNING)["current_run"]["id"] == run
    bench.advance(5)
    after = bench.record(platform, RUNNING)
    assert (after["state"], after["result"], after["last_run"]["id"]) == ("idle", "cancelled", run)
    assert bench.writes() == [call_of(version, job, "stop")]
    assert bench.counts(RUNNING) == {"stops": 1}


# -- what cannot be done ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "name", "words"),
    [
        ("v5", JOB, "API v5 cannot"),
        ("v7", COPY, "without a level"),
        ("v8", COPY, "without a level"),
        ("v6", COPY, None),
    ],
)
def test_where_a_full_cannot_be_asked_for(bench, version, name, words):
    platform = bench.platform(version)
    order = bench.order(platform, "start", name, level="full")
    bench.sim.log.clear()
    objection = platform.objection(order)
    assert (words in objection) if words else objection is None
    assert platform.objection(Order("start", order.record, level="incremental")) is None
    assert not bench.sim.log.entries()


def test_what_veeam_cannot_do(bench):
    platform = bench.platform()
    order = bench.order(platform, "stop", RUNNING)
    assert "not on their single runs" in platform.objection(Order("stop", order.record["current_run"]))
    for verb in ("suspend", "resume"):
        with pytest.raises(Unsupported):
            platform.perform(Order(verb, order.record))
    assert platform.traits.levels == ("incremental", "full")
    assert not platform.whole_scope({})
    assert not bench.writes()


# -- lost answers, dead tokens, refusals -----------------------------------------------------------------------------

VERBS = [("enable", "Fabrikam Finance"), ("disable", JOB), ("start", JOB), ("stop", RUNNING)]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html", "cut", "truncate", "bad_gateway"])
@pytest.mark.parametrize(("verb", "name"), VERBS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_answer_is_not_sent_again(bench, version, verb, name, kind):
    if kind in ("cut", "truncate") and (version, verb) != ("v8", "start"):
        return  # the others have no body to lose
    platform = bench.platform(version)
    order = bench.order(platform, verb, name)
    status = {"kind": "status", "status": 502} if kind == "bad_gateway" else {"kind": kind}
    bench.sim.faults.add(**status, writes=True, times=-1)
    with pytest.raises(LostAnswer):
        platform.perform(order)
    assert len(bench.writes()) == 1
    done = kind in ("drop_after", "cut", "truncate")
    assert bench.counts(name) == ({verb + "s": 1} if done else {})


@pytest.mark.parametrize(("verb", "name"), VERBS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_dead_token_writes_nothing(bench, version, verb, name):
    platform = bench.platform(version)
    order = bench.order(platform, verb, name)
    bench.sim.faults.add("expire_token", writes=True)
    with pytest.raises(SessionExpired):
        platform.perform(order)
    assert (len(bench.writes()), bench.counts(name)) == (1, {})
    # The login is new by now: the caller reads again and may order again.
    platform.perform(bench.order(platform, verb, name))
    assert (len(bench.writes()), bench.counts(name)) == (2, {verb + "s": 1})


def test_a_given_token_that_dies(bench):
    token = bench.platform().client.session()["token"]
    platform = bench.platform(token=token)
    order = bench.order(platform, "disable")
    bench.sim.faults.add("expire_token", writes=True)
    with pytest.raises(AuthenticationError, match="token was refused"):
        platform.perform(order)
    assert (len(bench.writes()), bench.counts()) == (1, {})


@pytest.mark.parametrize("version", VERSIONS)
def test_refusals_keep_the_words_of_the_server(bench, version):
    platform = bench.platform(version)
    kind = Conflict if version == "v8" else ProtocolError
    for verb, name, words in (
        ("start", RUNNING, "is already running"),
        ("stop", JOB, "is not running"),
        ("enable", JOB, "is already enabled"),
        ("disable", "Fabrikam Finance", "is already disabled"),
    ):
        with pytest.raises(kind, match=words) as caught:
            platform.perform(bench.order(platform, verb, name))
        assert caught.type is kind
        assert caught.value.message.endswith(words + ".")
        assert set(bench.counts(name)) == {"refused"}
    bench.veeam.control_set_switch("can_start", False)
    with pytest.raises(ProtocolError, match="Backup proxy is not available"):
        platform.perform(bench.order(platform, "start"))
    assert len(bench.writes()) == 5


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_accepts_what_is_so_already(bench, version):
    bench.veeam.control_set_switch("refusals", "accept")
    platform = bench.platform(version)
    run = platform.perform(bench.order(platform, "start", RUNNING))
    # v8 then answers the run that was there before.
    assert run == (bench.job(RUNNING).active.id if version == "v8" else None)
    platform.perform(bench.order(platform, "enable"))
    platform.perform(bench.order(platform, "stop"))
    assert not {"starts", "stops", "enables"} & set(bench.counts(RUNNING))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_job_that_went_away(bench, version):
    platform = bench.platform(version)
    order = bench.order(platform, "start", "M365 Former staff")
    bench.veeam.control_remove("M365 Former staff")
    with pytest.raises(NotFound, match="was not found"):
        platform.perform(order)


def test_too_many_requests_is_not_sent_again(bench):
    platform = bench.platform()
    order = bench.order(platform, "start")
    bench.sim.faults.add("status", status=429, writes=True, times=-1)
    with pytest.raises(RateLimited):
        platform.perform(order)
    assert len(bench.writes()) == 1


def answer(status, body=None):
    content = b"" if body is None else json.dumps(body).encode()
    request = types.SimpleNamespace(method="POST", path_url="/v8/Jobs/1/start")

    def read(**_options):
        return json.loads(content)

    return types.SimpleNamespace(status_code=status, content=content, request=request, json=read, text=content.decode())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"message": "Job is locked."}, ProtocolError),
        (200, {"message": "Busy.", "errorCode": "OperationConflict"}, Conflict),
        (500, {"message": "Busy.", "errorCode": "OperationConflict"}, Conflict),
        (500, {"message": "No.", "errorCode": "ResourceAccessDenied"}, PermissionDenied),
        (500, {"message": "Slow.", "errorCode": "Timeout"}, LostAnswer),
        (500, {"message": "Proxy is offline.", "errorCode": "ProxyOffline"}, ProtocolError),
        (500, None, ProtocolError),
    ],
)
def test_answers_to_a_write(bench, status, body, kind):
    client = bench.platform().client
    with pytest.raises(kind) as caught:
        client.check(answer(status, body), read=False)
    assert caught.type is kind
    assert "POST /v8/Jobs/1/start (HTTP {0})".format(status) in caught.value.message
    if body:
        assert caught.value.message.endswith(": " + body["message"])


@pytest.mark.parametrize("body", [None, {}, [], {"id": "7", "status": "Running", "message": "x"}, {"message": None}])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_success(bench, status, body):
    assert bench.platform().client.check(answer(status, body), read=False) == body


# -- the product's own repetitions -----------------------------------------------------------------------------------


class Story:
    """A job whose next runs fail, and the run that the waiter follows."""

    def __init__(self, bench, version, outcomes, retries=3, wait=10, name=JOB):
        self.bench, self.name = bench, name
        self.platform, self.job = bench.platform(version), bench.job(name)
        if retries is not None:
            bench.veeam.control_retries(name, retries, wait)
        bench.veeam.control_plan(name, [{"outcome": outcome, "seconds": 60} for outcome in outcomes])
        self.id = bench.veeam.control_start(name)
        bench.advance(61)

    def run(self, id=None):
        return self.bench.read(self.platform, "run", id or self.id)

    def next(self, id=None):
        run = self.run(id)
        assert run["state"] == "finished"
        following = self.platform.continued_by(run)
        return following and following["id"]


@pytest.mark.parametrize("version", VERSIONS)
def test_repetitions_are_followed_to_the_end(bench, version):
    story = Story(bench, version, ["Failed", "Failed", "Success"])
    first = story.id
    assert story.next() == first  # it is not there yet
    bench.advance(601)
    second = story.job.active.id
    assert story.next() == second
    assert story.platform.continued_by(story.run())["state"] == "running"
    bench.advance(60)
    assert story.next(second) == second
    bench.advance(601)
    third = story.job.active.id
    # Whoever comes late finds the way from any link of the chain.
    assert (story.next(first), story.next(second)) == (second, third)
    bench.advance(60)
    assert story.next(third) is None
    assert story.run(third)["result"] == "success"
    assert not bench.writes()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_repetition_is_the_end(bench, version):
    story = Story(bench, version, ["Failed", "Failed"], retries=1)
    bench.advance(601)
    second = story.job.active.id
    bench.advance(60)
    assert story.next() == second
    assert story.next(second) is None


@pytest.mark.parametrize("outcome", ["Success", "Warning", "Stopped"])
@pytest.mark.parametrize("version", VERSIONS)
def test_other_ends_are_the_end_and_cost_nothing(bench, version, outcome):
    story = Story(bench, version, [outcome])
    run = story.run()
    bench.sim.log.clear()
    assert story.platform.continued_by(run) is None
    assert not bench.sim.log.entries()


@pytest.mark.parametrize("version", ["v7", "v8"])
def test_a_warning_that_the_product_repeats(bench, version):
    # OpenAPI v8 of mainSessionId: "finished with an error or warning".
    story = Story(bench, version, ["Failed", "Success"])
    bench.veeam.control_set_fields(story.id, {"status": "Warning"})
    assert story.run()["result"] == "warning"
    assert story.next() == story.id
    bench.advance(601)
    assert story.next() == story.job.active.id


@pytest.mark.parametrize("event", ["disable", "remove", "no_retries", "fewer_retries"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_repetition_that_will_not_come(bench, version, event):
    story = Story(bench, version, ["Failed", "Failed", "Success"])
    bench.advance(661)
    second = story.job.sessions[-1].id
    run = story.run(second)
    assert story.platform.continued_by(run)["id"] == second
    if event == "disable":
        bench.veeam.control_enable(JOB, False)
    elif event == "remove":
        bench.veeam.control_remove(JOB)
    else:
        bench.veeam.control_retries(JOB, 0 if event == "no_retries" else 1)
    assert story.platform.continued_by(run) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_user_cancels_the_repetition(bench, version):
    story = Story(bench, version, ["Failed", "Success"])
    run = story.run()
    bench.veeam.control_stop(JOB)
    # From v7 on the session tells; before, the end of the wait does.
    assert story.platform.continued_by(run) == (run if version in ("v5", "v6") else None)
    bench.advance(901)
    run = story.run()
    assert story.platform.continued_by(run) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_repetition_that_is_late_is_not_waited_for(bench, version):
    story = Story(bench, version, ["Failed", "Success"])
    story.job.waiting_retry = None  # the server forgets it, and its session goes on promising
    assert story.next() == story.id
    bench.advance(600 + 290)
    assert story.next() == story.id
    bench.advance(20)
    assert story.next() is None


@pytest.mark.parametrize("version", VERSIONS)
def test_another_run_takes_the_place_of_the_repetition(bench, version):
    story = Story(bench, version, ["Failed", "Success", "Success"])
    run = story.run()
    bench.veeam.control_start(JOB)
    assert story.platform.continued_by(run) is None
    bench.advance(2000)
    assert story.platform.continued_by(run) is None


@pytest.mark.parametrize("order", ["oldest", "shuffled"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_repetition_is_found_in_any_order(bench, version, order):
    bench.veeam.control_set_switch("order", order)
    story = Story(bench, version, ["Failed", "Failed", "Success"])
    bench.advance(601 + 61 + 601)
    sessions = [session.id for session in story.job.sessions]
    place = sessions.index(story.id)
    assert story.next() == sessions[place + 1]
    assert story.next(sessions[place + 1]) == sessions[place + 2]


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_copy_jobs_have_no_setting_of_repetitions(bench, version):
    story = Story(bench, version, ["Failed"], retries=None, name=COPY)
    assert story.next() is None
    if version != "v6":  # but a session may say that there is one
        bench.veeam.control_set_fields(story.id, {"jobWillBeRetried": True})
        assert story.next() == story.id
        bench.advance(3600 + 301)
        assert story.next() is None


@pytest.mark.parametrize("version", ["v7", "v8"])
def test_a_session_without_its_own_words_counts_as_in_v6(bench, version):
    story = Story(bench, version, ["Failed", "Success"])
    bench.veeam.control_set_fields(story.id, {"jobWillBeRetried": None})
    assert story.next() == story.id
    bench.advance(601)
    bench.veeam.control_set_fields(story.job.active.id, {"mainSessionId": None})
    assert story.next() == story.job.active.id


@pytest.mark.parametrize("version", VERSIONS)
def test_the_estate_tells_its_own_story(bench, version):
    platform = bench.platform(version)
    first, second, third = bench.job("M365 SharePoint Basel").sessions[-3:]
    following = platform.continued_by(bench.read(platform, "run", first.id))
    assert (following["id"], following["name"]) == (second.id, "M365 SharePoint Basel")
    assert platform.continued_by(following)["id"] == third.id
    pending = bench.job("Fabrikam OneDrive").waiting_retry.id
    assert platform.continued_by(bench.read(platform, "run", pending))["id"] == pending


# -- many jobs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
def test_many_jobs_are_read_from_the_lists(bench, version, runs):
    bench.veeam.control_load(jobs=100, sessions=1000, days=1)
    platform = bench.platform(version)
    jobs = [job for job in bench.veeam.engine.jobs.values() if job.name.startswith("Load")]
    unknown, malformed = "11111111-1111-4111-8111-111111111111", "no-id"
    ids = [job.id for job in jobs] + [unknown, malformed]
    need = frozenset(("enabled", "runs") if runs else ("enabled",))
    listing = platform.list_jobs(Query("definition", now=bench.sim.clock.now(), ids=ids, need=need))
    records = {record["id"]: record for record in listing.records}
    assert set(records) == {job.id for job in jobs}
    assert listing.missing == [unknown, malformed]
    for job in jobs:
        record = records[job.id]
        assert (record["enabled"], record["result"]) == (job.enabled, WORDS[job.last_status])
        assert (record["last_run"] or {}).get("id") == (job.sessions[-1].id if runs else None)
    if version != "v5" or not runs:
        assert len(bench.sim.log.entries()) < (30 if runs else 10)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_switch_reads_no_sessions(bench, version):
    platform, job = bench.platform(version), bench.job(RUNNING)
    query = Query("definition", now=bench.sim.clock.now(), ids=[job.id], need=frozenset(("enabled",)))
    record = next(iter(platform.list_jobs(query).records))
    assert (record["enabled"], record["state"], record["current_run"]) == (True, "running", None)
    assert not [e for e in bench.sim.log.entries() if "sessions" in e.path.lower()]
