# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pausing, resuming and starting the backups of NetApp BlueXP's volumes on the simulator."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from ansible_collections.backupops.jobs.plugins.module_utils import options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
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
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.platform import (
    NetappBluexpPlatform,
)
from simulator import Simulator

NAME = "netapp_bluexp"
#: Volumes of the simulated account: active and idle, paused, and one that is being backed up.
ACTIVE, PAUSED, RUNNING = "dept_finance", "legacy_share", "vmware_ds01"


class Bench:
    """A simulator and one platform that talks to it, as in one task."""

    def __init__(self, sim):
        self.sim, self.product = sim, sim[NAME]
        self.warnings, self.platforms = [], []
        self.platform = self.login(client_id="sim-client", client_secret="s3cr+t&=")

    def login(self, **given):
        params = {"platform": NAME, "url": self.sim.url(NAME), "endpoint_name": "bluexp", "retries": 3, **given}
        found = NetappBluexpPlatform(options.connection_from(params, self.warnings.append), self.warnings.append)
        self.platforms.append(found)
        return found

    def read(self, entity="definition", platform=None, need=("enabled", "runs", "objects"), **wanted):
        query = Query(entity=entity, now=time.time(), need=frozenset(need), **wanted)
        return list((platform or self.platform).list_jobs(query).records)

    def volume(self, name, **more):
        (found,) = self.read(ids=[self.product.control_find_volume(name)], **more)
        return found

    def run(self, id, platform=None):
        (found,) = self.read("run", platform, ids=[id])
        return found

    def perform(self, verb, record, platform=None, **more):
        return (platform or self.platform).perform(Order(verb, record, **more))

    def state(self, record):
        return self.product.state()["volumes"][record["id"]]

    def writes(self):
        return [
            (entry.method, entry.path, json.loads(entry.body))
            for entry in self.sim.log.entries(NAME)
            if entry.method != "GET" and "oauth" not in entry.path
        ]

    def fault(self, kind, **more):
        self.sim.faults.add(kind, path="/backup/working-environment/", writes=True, **more)


@pytest.fixture(name="make")
def fixture_make():
    running = []

    def make(**switches):
        sim = Simulator(products=(NAME,), options={NAME: switches})
        sim.__enter__()
        running.append(sim)
        bench = Bench(sim)
        running.extend(bench.platforms)
        return bench

    yield make
    for one in reversed(running):
        one.close() if isinstance(one, NetappBluexpPlatform) else one.stop()


@pytest.fixture(name="bench")
def fixture_bench(make):
    return make()


def path_of(record, version):
    base = "/account/account-SimAcc01/providers/cloudmanager_cbs/api/{0}/backup/working-environment/{1}/volume/{2}"
    return base.format(version, *record["id"].split("/"))


# -- what is done ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verb, name, sent, enabled", [("disable", ACTIVE, "PAUSE", False), ("enable", PAUSED, "RESUME", True)]
)
def test_a_switch_is_one_put_of_the_state_alone(bench, verb, name, sent, enabled):
    before, other = bench.volume(name), bench.product.state()
    assert before["enabled"] is not enabled
    assert bench.platform.objection(Order(verb, before)) is None
    assert bench.perform(verb, before) is None
    assert bench.writes() == [("PUT", path_of(before, "v1"), {"state": sent})]
    after = bench.volume(name)
    assert after["enabled"] is enabled
    assert after["native"]["backup_policy"] == before["native"]["backup_policy"]
    changed = bench.product.state()
    assert changed["jobs_total"] == other["jobs_total"]
    assert changed["volumes"].pop(before["id"]) == dict(other["volumes"].pop(before["id"]), enabled=enabled)
    assert changed["volumes"] == other["volumes"]


def test_a_start_is_one_post_and_the_new_run_shows(bench):
    before = bench.volume(ACTIVE)
    assert before["state"] == "idle" and before["current_run"] is None
    id = bench.perform("start", before)
    policy = {"name": before["native"]["backup_policy"]["name"]}
    assert bench.writes() == [("POST", path_of(before, "v3"), {"mode": "AD_HOC", "backup-policy": policy})]
    assert bench.state(before)["starts"] == 1
    after, run = bench.volume(ACTIVE), bench.run(id)
    assert (after["state"], after["current_run"], after["last_run"]) == ("queued", run, before["last_run"])
    assert (run["id"], run["definition_id"], run["type"]) == (id, before["id"], "backup")
    bench.product.control("finish", {"job_id": id})
    after = bench.volume(ACTIVE)
    assert (after["state"], after["current_run"], after["last_run"]["id"]) == ("idle", None, id)
    assert after["last_success_at"] > before["last_success_at"]
    assert after["native"]["backup_policy"] == before["native"]["backup_policy"]


@pytest.mark.parametrize("name", ["dept_legal", "web_content", "sql_prod_01_data", "home_dirs_zrh"])
def test_a_start_leaves_every_policy_as_it_is(bench, name):
    def policies():
        return [
            (system.id, system.default_policy, policy)
            for system in bench.product.systems_by_id.values()
            for policy in system.policies.values()
        ]

    before, state = policies(), bench.state(bench.volume(name))
    bench.product.control("finish", {"job_id": bench.perform("start", bench.volume(name))})
    assert policies() == before
    assert bench.state(bench.volume(name))["policy"] == state["policy"]


@pytest.mark.parametrize("shape", [False, True])
def test_a_job_that_names_no_volume_is_related_by_who_started_it_only(make, shape):
    bench = make(single_volume_data=False, objects=shape)
    before = bench.volume(ACTIVE)
    id = bench.perform("start", before)
    after, run = bench.volume(ACTIVE), bench.run(id)
    assert after["current_run"] == run and (run["definition_id"], run["state"]) == (before["id"], "queued")
    stranger = bench.login(client_id="sim-client", client_secret="s3cr+t&=")
    assert bench.run(id, stranger)["definition_id"] is None
    assert bench.volume(ACTIVE, platform=stranger)["current_run"] is None
    bench.product.control("finish", {"job_id": id, "status": "FAILED", "error": "No space"})
    after = bench.volume(ACTIVE)
    assert (after["last_run"]["id"], after["result"], after["reason"]) == (id, "failed", "No space")
    assert bench.volume(PAUSED)["last_run"] == bench.volume(PAUSED, platform=stranger)["last_run"]
    stranger.close()


def test_several_at_once(bench):
    records = [record for record in bench.read() if record["enabled"] and record["state"] == "idle"][:12]
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda record: bench.perform("start", record), records))
    assert len(set(ids)) == len(bench.writes()) == len(records)
    now = {record["id"]: record for record in bench.read(ids=[record["id"] for record in records])}
    assert [now[record["id"]]["current_run"]["id"] for record in records] == ids
    assert {bench.state(record)["starts"] for record in records} == {1}


def test_a_paused_volume_can_be_started_where_the_product_lets_it(bench):
    before = bench.volume(PAUSED)
    assert bench.run(bench.perform("start", before))["definition_id"] == before["id"]
    assert bench.volume(PAUSED)["enabled"] is False


# -- putting back ------------------------------------------------------------------------------------------------------


def test_what_was_is_there_again_after_a_disable_and_an_enable(bench):
    bench.sim.clock.speed = 0  # a volume's lag grows with the clock, and two reads are compared
    before, state = bench.volume(ACTIVE), bench.state(bench.volume(ACTIVE))
    restore = bench.platform.snapshot(before, {})
    assert restore is None  # one switch: enabled is all that there is to put back
    bench.perform("disable", before)
    bench.perform("enable", bench.volume(ACTIVE), restore=restore)
    assert bench.volume(ACTIVE) == before and bench.state(before) == state
    assert len(bench.writes()) == 2


def test_the_users_words_tell_what_is_paused(make):
    bench = make(backup_status_words={"active": "MIRRORED_OK", "paused": "PARKED"})
    words = {"active_words": ["mirrored_ok"], "paused_words": ["parked"]}
    assert bench.volume(ACTIVE)["enabled"] is None
    assert bench.volume(ACTIVE, options=words)["enabled"] is True
    bench.perform("disable", bench.volume(ACTIVE, options=words), options=words)
    assert bench.volume(ACTIVE, options=words)["enabled"] is False
    assert bench.volume(ACTIVE, options=words, need=["enabled"])["enabled"] is False


# -- lost answers ------------------------------------------------------------------------------------------------------

VERBS = [("disable", ACTIVE), ("enable", PAUSED), ("start", ACTIVE)]


def done(bench, verb, record):
    """How often the simulator did what the verb asks for."""
    state = bench.state(record)
    return state["starts"] if verb == "start" else int(state["enabled"] is (verb == "enable"))


@pytest.mark.parametrize("verb, name", VERBS)
@pytest.mark.parametrize(
    "kind, more, times",
    [
        ("drop_after", {}, 1),
        ("drop_before", {}, 0),
        ("cut", {}, 1),
        ("truncate", {}, 1),
        ("html", {}, 0),
        ("status", {"status": 502}, 0),
        ("status", {"status": 504}, 0),
    ],
    ids=["after", "before", "cut", "truncated", "web page", "502", "504"],
)
def test_a_lost_answer_is_sent_once_and_a_read_decides(bench, verb, name, kind, more, times):
    before = bench.volume(name)
    bench.sim.log.clear()
    bench.fault(kind, times=-1, **more)
    with pytest.raises(LostAnswer):
        bench.perform(verb, before)
    assert len(bench.writes()) == 1
    assert done(bench, verb, before) == times
    after = bench.volume(name)
    if verb == "start":
        assert (after["current_run"] is not None) is bool(times)
    else:
        assert (after["enabled"] is (verb == "enable")) is bool(times)


@pytest.mark.parametrize("verb, name", VERBS)
def test_a_dead_token_is_renewed_and_the_write_is_the_callers(bench, verb, name):
    before = bench.volume(name)
    bench.product.control("expire_tokens", {})
    with pytest.raises(SessionExpired):
        bench.perform(verb, before)
    assert len(bench.writes()) == 1 and done(bench, verb, before) == 0
    bench.perform(verb, before)
    assert len(bench.writes()) == 2 and done(bench, verb, before) == 1


def test_a_given_token_that_dies_is_one_clear_error(bench):
    platform = bench.login(token=bench.platform.client.session()["token"])
    before = bench.volume(ACTIVE, platform=platform)
    bench.product.control("expire_tokens", {})
    with pytest.raises(AuthenticationError, match="token was refused"):
        bench.perform("disable", before, platform)
    assert len(bench.writes()) == 1 and bench.state(before)["enabled"]
    platform.close()


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_busy_volume_is_a_conflict(bench):
    record = bench.volume(RUNNING)
    assert record["current_run"] is not None
    with pytest.raises(Conflict, match="Another operation runs") as caught:
        bench.perform("start", record)
    assert caught.value.status == 409
    assert len(bench.writes()) == 1 and bench.state(record)["starts"] == 0


@pytest.mark.parametrize("verb, name", VERBS)
def test_an_account_that_may_only_read(bench, verb, name):
    auditor = bench.login(client_id="sim-auditor", client_secret="read-only-1")
    record = bench.volume(name, platform=auditor)
    with pytest.raises(PermissionDenied, match="may only read"):
        bench.perform(verb, record, auditor)
    assert len(bench.writes()) == 1 and done(bench, verb, record) == 0
    auditor.close()


@pytest.mark.parametrize("verb", ["enable", "disable", "start"])
def test_a_volume_that_is_gone(bench, verb):
    record = bench.volume(ACTIVE)
    bench.product.control("remove", {"volume_id": record["id"]})
    with pytest.raises(NotFound, match="was not found"):
        bench.perform(verb, record)
    assert len(bench.writes()) == 1


@pytest.mark.parametrize(
    "change, words",
    [({"worm": True}, "SnapLock volume"), ({"paused": True}, "is paused")],
    ids=["snaplock", "paused"],
)
def test_a_refusal_comes_in_the_products_words(make, change, words):
    bench = make(adhoc_when_paused="refuse")
    record = bench.volume(ACTIVE)
    bench.product.control("set_volume", {"volume_id": record["id"], **change})
    with pytest.raises(ProtocolError, match=words) as caught:
        bench.perform("start", record)
    assert (caught.value.status, caught.value.hint) == (400, None)
    assert bench.state(record)["starts"] == 0


@pytest.mark.parametrize("verb, name", VERBS)
def test_an_error_inside_a_200_is_a_failure(bench, monkeypatch, verb, name):
    record = bench.volume(name)
    sent = []

    def request(method, *args, **more):
        sent.append(method)
        found = requests.Response()
        found.status_code = 200
        found._content = b'{"error": "BUSY", "message": "The volume is resynchronising"}'
        return found

    monkeypatch.setattr(bench.platform.client.http, "request", request)
    with pytest.raises(ProtocolError, match="inside.*The volume is resynchronising") as caught:
        bench.perform(verb, record)
    assert caught.value.code == "BUSY" and len(sent) == 1


@pytest.mark.parametrize("body", [b"", b" \n", b"{}", b"[]", b"null", b'"ok"', b'{"error": null}'])
@pytest.mark.parametrize("verb, name", VERBS)
def test_an_accepted_write_needs_no_body(bench, monkeypatch, verb, name, body):
    record = bench.volume(name)
    send = bench.platform.client.http.request

    def request(*args, **more):
        found = send(*args, **more)
        found._content = body
        return found

    monkeypatch.setattr(bench.platform.client.http, "request", request)
    assert bench.perform(verb, record) is None
    assert done(bench, verb, record) == 1


# -- what the product cannot do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["stop", "suspend", "resume"])
def test_jobs_cannot_be_stopped_suspended_or_resumed(bench, verb):
    with pytest.raises(Unsupported, match="BlueXP has no call that"):
        bench.platform.check_order(verb, {})
    assert bench.sim.log.entries(NAME) == []
    record = bench.volume(RUNNING)
    assert "no call" in bench.platform.objection(Order(verb, record["current_run"]))
    with pytest.raises(Unsupported):
        bench.perform(verb, record["current_run"])
    assert bench.writes() == []


@pytest.mark.parametrize("verb", ["enable", "disable", "start"])
def test_orders_that_are_fine(bench, verb):
    bench.platform.check_order(verb, {})
    bench.platform.check_order(verb, {"working_environment_id": "x", "active_words": ["a"], "paused_words": ["b"]})
    assert not bench.platform.whole_scope({"working_environment_id": "x"})
    assert bench.sim.log.entries(NAME) == []


def test_a_word_cannot_mean_both(bench):
    with pytest.raises(InvalidError, match="netapp_bluexp.active_words and netapp_bluexp.paused_words: 'on' "):
        bench.platform.check_order("disable", {"active_words": [" On"], "paused_words": ["off", "ON"]})


def test_runs_are_not_acted_on(bench):
    run = bench.volume(RUNNING)["current_run"]
    assert "entity: definition" in bench.platform.objection(Order("disable", run))
    with pytest.raises(Unsupported, match="entity: definition"):
        bench.perform("disable", run)
    assert bench.writes() == []


def test_a_volume_without_a_known_policy_is_not_started(bench):
    record = bench.volume(ACTIVE)
    record["native"]["backup_policy"]["name"] = None
    assert "no backup policy" in bench.platform.objection(Order("start", record))
    assert bench.platform.objection(Order("disable", record)) is None
    with pytest.raises(Unsupported, match="no backup policy"):
        bench.perform("start", record)
    assert bench.writes() == []
