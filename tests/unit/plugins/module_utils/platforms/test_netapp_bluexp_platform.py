# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading NetApp BlueXP backup and recovery from the simulator."""

from __future__ import annotations

import json
import threading
import time

import pytest
import requests

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    AuthenticationError,
    InvalidError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    Unreachable,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import client as bluexp
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.platform import (
    NetappBluexpPlatform,
)
from simulator import Simulator
from simulator.products.netapp_bluexp.estate import FAILED_LAST, NEVER_RUN, PAUSED, VENDOR_EXAMPLE

NAME = "netapp_bluexp"
ACCOUNT = "account-SimAcc01"
AGENT = "SimAgent7Qx2ZtLr4Vb9Nm1Kc5Hd8Wp3clients"
DAY = 86400
SERVICE = {"client_id": "sim-client", "client_secret": "s3cr+t&="}
USER = {"username": "admin", "password": "p@ss+w&rd=1 %é"}
FIRST_SYSTEM = "OnPremWorkingEnvironment-p7TqWx2R"


class Bench:
    """A simulator and a platform that talks to it."""

    def __init__(self, sim):
        self.sim, self.product = sim, sim[NAME]
        self.warnings, self.platforms = [], []

    def platform(self, **given):
        if not given.keys() & {"token", "client_id", "refresh_token", "username"}:
            given.update(SERVICE)
        params = {"platform": NAME, "url": self.sim.url(NAME), "endpoint_name": "bluexp", "retries": 0, **given}
        found = NetappBluexpPlatform(options.connection_from(params, self.warnings.append), self.warnings.append)
        self.platforms.append(found)
        return found

    def query(self, entity, platform=None, **wanted):
        listing = (platform or self.platform()).list_jobs(
            Query(entity=entity, now=time.time(), **{**wanted, "need": frozenset(wanted.get("need", ()))})
        )
        listing.records = list(listing.records)
        return listing

    def runs(self, *args, **wanted):
        return self.query("run", *args, **wanted)

    def definitions(self, *args, need=("runs",), **wanted):
        return self.query("definition", *args, need=need, **wanted)

    def asked(self, part=""):
        return [entry for entry in self.sim.log.entries(NAME) if part in entry.path]


@pytest.fixture(name="make")
def fixture_make():
    running = []

    def make(**switches):
        sim = Simulator(products=(NAME,), options={NAME: switches})
        bench = Bench(sim)
        sim.__enter__()
        running.append(bench)
        return bench

    yield make
    for bench in running:
        for platform in bench.platforms:
            platform.close()
        bench.sim.stop()


@pytest.fixture(name="bench")
def fixture_bench(make):
    return make()


# -- session -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [SERVICE, USER, {"refresh_token": "refresh-1"}], ids=["service", "user", "refresh"])
def test_each_grant_logs_in_once(bench, given):
    assert bench.runs(bench.platform(**given)).records
    (login,) = bench.asked("/auth/oauth/token")
    body = json.loads(login.body)
    assert body["audience"] == "https://api.cloud.netapp.com"
    if "client_id" not in given:
        assert body["client_id"] == bluexp.PUBLIC_CLIENT_ID


def test_a_given_token_needs_no_login(bench):
    token = bench.platform().client.login()["token"]
    bench.sim.log.clear()
    assert bench.runs(bench.platform(token=token)).records
    assert bench.asked("oauth") == []


def test_a_given_token_that_died_is_one_clear_error(bench):
    with pytest.raises(AuthenticationError, match="token was refused"):
        bench.runs(bench.platform(token="eyJ.dead.token"))
    assert len(bench.asked()) == 1


def test_auth_url_is_taken_as_it_is(bench):
    bench.runs(bench.platform(auth_url=bench.sim.origin(NAME) + "/oauth/token"))
    assert [entry.path for entry in bench.asked("oauth")] == ["/oauth/token"]


@pytest.mark.parametrize(
    "given",
    [
        {**SERVICE, "client_secret": "wrong-secret"},
        {**USER, "password": "wrong-secret"},
        {"refresh_token": "wrong-secret"},
    ],
    ids=["service", "user", "refresh"],
)
def test_a_refused_secret_is_tried_once_and_never_shown(bench, given):
    with pytest.raises(AuthenticationError) as caught:
        bench.runs(bench.platform(**given, retries=3))
    assert len(bench.asked()) == 1
    assert "wrong-secret" not in caught.value.message + (caught.value.hint or "")


def test_a_token_address_that_is_none_names_the_option(bench):
    bench.sim.faults.add("status", path="oauth", status=404)
    with pytest.raises(ProtocolError, match="HTTP 404") as caught:
        bench.runs()
    assert "auth_url" in caught.value.hint


def test_a_redirected_login_is_an_error(bench, monkeypatch):
    platform = bench.platform()
    answer = requests.Response()
    answer.status_code, answer.headers["Location"] = 307, "https://elsewhere.example.com/oauth/token"
    monkeypatch.setattr(platform.client.http, "_send", lambda *args: answer)
    with pytest.raises(ProtocolError, match="elsewhere"):
        platform.client.session()


@pytest.mark.parametrize("host", bluexp.SAAS_HOSTS)
def test_the_service_itself_has_its_own_hosts_for_tokens_and_agents(bench, monkeypatch, host):
    platform = bench.platform(url="https://" + host)
    sent = []

    def request(method, path, read=True, headers=None, params=None, json=None, data=None):
        sent.append(platform.client.http.url(path))
        found = requests.Response()
        found.status_code = 200
        if "oauth" in path:
            found._content = b'{"access_token": "t", "expires_in": 86400}'
        elif "tenancy" in path:
            found._content = b'[{"accountPublicId": "account-1"}]'
        else:
            found._content = b'{"occms": [{"agentId": "one", "status": "ready"}]}'
        return found

    monkeypatch.setattr(platform.client.http, "request", request)
    assert platform.client.agent() == "oneclients"
    assert sent == [
        "https://netapp-cloud-account.auth0.com/oauth/token",
        "https://" + host + "/tenancy/account",
        "https://api.services.cloud.netapp.com/occm/list-occms/account-1",
    ]


def test_a_token_that_was_forgotten_is_renewed_once(bench):
    platform = bench.platform()
    bench.runs(platform)
    bench.product.control("expire_tokens", {})
    assert bench.runs(platform).records
    assert len(bench.asked("oauth")) == 2


def test_a_short_token_is_renewed_before_it_runs_out(make):
    bench = make(expires_in=2)
    platform = bench.platform()
    bench.runs(platform)
    assert len(bench.asked("oauth")) == 1
    time.sleep(1.9)
    bench.runs(platform)
    assert len(bench.asked("oauth")) == 2
    assert 401 not in [entry.status for entry in bench.asked()]


def test_a_token_that_dies_always_ends_in_an_error(bench):
    bench.sim.faults.add("expire_token", path="/job", times=-1)
    with pytest.raises(AuthenticationError):
        bench.runs()
    assert len(bench.asked("oauth")) == 2


def test_the_token_is_a_secret(bench):
    platform = bench.platform()
    token = platform.client.session()["token"]
    assert token not in platform.connection.redact("Bearer " + token)


# -- account and agent -------------------------------------------------------------------------------------------------


def test_account_and_agent_are_looked_up_once(bench):
    platform = bench.platform()
    found = bench.runs(platform)
    bench.definitions(platform)
    assert len(bench.asked("/tenancy/account")) == len(bench.asked("/occm/list-occms")) == 1
    assert found.records[0]["uid"].startswith("netapp_bluexp:bluexp/account-SimAcc01:run:")
    assert platform.scope == ACCOUNT


def test_parallel_first_calls_look_them_up_once(bench):
    platform = bench.platform()
    threads = [threading.Thread(target=platform.client.jobs) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bench.asked("/tenancy/account")) == len(bench.asked("/occm/")) == len(bench.asked("oauth")) == 1
    assert len(bench.asked("/v1/job")) == 6


@pytest.mark.parametrize("agent", [AGENT, AGENT[: -len("clients")]])
def test_given_ids_are_not_looked_up(bench, agent):
    assert bench.runs(bench.platform(account_id=ACCOUNT, agent_id=agent)).records
    assert bench.asked("/tenancy") == bench.asked("/occm") == []
    assert {entry.headers.get("x-agent-id") for entry in bench.asked("/v1/")} == {AGENT}


def test_two_agents_are_named(make):
    bench = make(second_agent=True)
    with pytest.raises(Ambiguous) as caught:
        bench.runs()
    assert "agent_id" in caught.value.message and caught.value.message.count("clients (agent-zrh-") == 2


@pytest.mark.parametrize(
    "agents, chosen",
    [
        ([{"agentId": "a", "status": "inactive"}, {"agentId": "b", "status": "ready"}], "bclients"),
        ([{"agentId": "a", "status": "inactive"}], "aclients"),
        ([{"agentId": "a", "agent": {"agentId": "aclients"}}], "aclients"),
    ],
)
def test_a_ready_agent_comes_first(bench, monkeypatch, agents, chosen):
    platform = bench.platform(account_id=ACCOUNT)
    monkeypatch.setattr(platform.client, "call", lambda *args, **more: {"occms": agents})
    assert platform.client.agent() == chosen


@pytest.mark.parametrize(
    "rows, error, words",
    [
        ([], NotFound, "no account"),
        (None, NotFound, "no account"),
        ([{"accountPublicId": "a"}, {"accountPublicId": "b", "accountName": "B"}], Ambiguous, "a (no name), b (B)"),
    ],
)
def test_no_account_and_several(bench, monkeypatch, rows, error, words):
    platform = bench.platform()
    monkeypatch.setattr(platform.client, "call", lambda *args, **more: rows)
    with pytest.raises(error) as caught:
        platform.client.account()
    assert words in caught.value.message
    assert "account_id" in caught.value.message + caught.value.hint


def test_no_agent(bench, monkeypatch):
    platform = bench.platform(account_id=ACCOUNT)
    monkeypatch.setattr(platform.client, "call", lambda *args, **more: {"occms": []})
    with pytest.raises(NotFound) as caught:
        platform.client.agent()
    assert "agent_id" in caught.value.hint


def test_another_account_is_a_permission(bench):
    with pytest.raises(PermissionDenied, match="account-else"):
        bench.runs(bench.platform(account_id="account-else", agent_id=AGENT))


def test_a_wrong_agent_names_the_option(bench):
    with pytest.raises(ProtocolError) as caught:
        bench.runs(bench.platform(account_id=ACCOUNT, agent_id="nobody"))
    assert caught.value.status == 400 and "agent_id" in caught.value.hint


def test_an_agent_that_is_down(make):
    with pytest.raises(Unreachable):
        make(agent_up=False).runs()


# -- runs --------------------------------------------------------------------------------------------------------------


def test_every_run_of_the_estate(bench):
    found = bench.runs()
    assert {run["id"] for run in found.records} == set(bench.product.jobs)
    assert all(list(run) == list(model.RECORD_KEYS) for run in found.records)
    assert bench.warnings == [] and found.missing == [] and not found.truncated
    assert found.history.start is None and not found.history.complete and "not documented" in found.history.why
    results = {(run["type"], run["result"]) for run in found.records if run["state"] == "finished"}
    assert results >= {
        ("backup", "success"), ("backup", "partial"), ("backup", "failed"), ("restore", "success"),
        ("restore", "failed"),
        ("restore", "partial"), ("maintenance", "success"), ("maintenance", "failed"),
    }  # fmt: skip
    systems = {system.name for system in bench.product.systems_by_id.values()}
    assert {run["workload"]["client"] for run in found.records} == systems
    json.dumps(found.records)


def test_a_completed_job_with_a_failed_part_is_partial(bench):
    for run in bench.runs().records:
        job = bench.product.jobs[run["id"]]
        if job.status == "COMPLETED" and any(part["outcome"] == "FAILED" for part in job.parts or ()):
            assert run["result"] == "partial" and "Volume was offline" in run["reason"]
            return
    raise AssertionError("the estate has no such job")


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_both_shapes_and_both_units_give_the_same_records(make, unit):
    bench = make(time_unit=unit)
    arrays = bench.runs().records
    bench.product.control("set_switch", {"name": "objects", "value": True})
    assert bench.runs().records == arrays
    one = bench.product.jobs[arrays[0]["id"]]
    assert arrays[0]["started_at"] == model.timestamp(int(one.created))


@pytest.mark.parametrize("shape", [False, True])
def test_the_page_example(make, shape):
    bench = make(objects=shape, vendor_example="verbatim")
    (run,) = bench.runs(ids=[VENDOR_EXAMPLE]).records
    assert (run["id"], run["state"], run["result"], run["started_at"]) == (VENDOR_EXAMPLE, "queued", None, None)


@pytest.mark.parametrize("unknown", ["404", "empty"])
@pytest.mark.parametrize("shape", [False, True])
def test_ids_one_call_each_and_unknown_ones_missing(make, unknown, shape):
    bench = make(job_unknown=unknown, objects=shape)
    ids = list(bench.product.jobs)[:6]
    wrong = ["nobody", "../v1/job", "", "..", "a b"]
    found = bench.runs(ids=ids + wrong)
    assert [run["id"] for run in found.records] == ids
    assert found.missing == wrong
    assert len(bench.asked("/v1/job")) == len(ids) + 1


def test_only_unknown_ids(bench):
    found = bench.runs(ids=["nobody"])
    assert (found.records, found.missing) == ([], ["nobody"])


def test_the_window_keeps_what_was_active(bench):
    now = bench.sim.clock.now()
    found = {run["id"] for run in bench.runs(since=now - 2 * DAY, until=now - 60).records}
    wanted = {
        job.id
        for job in bench.product.jobs.values()
        if job.created < now - 60 and (not job.finished or job.created >= now - 2 * DAY)
    }
    assert found == wanted and 0 < len(wanted) < len(bench.product.jobs)


def test_type_and_status_go_to_the_server(bench):
    found = bench.runs(options={"type": "RESTORE_VOLUME", "status": "FAILED"})
    assert [(run["type"], run["result"]) for run in found.records] == [("restore", "failed")]
    (call,) = bench.asked("/v1/job")
    assert call.query == "type=RESTORE_VOLUME&status=FAILED"


def test_type_and_status_hold_for_ids_too(bench):
    failed = [job.id for job in bench.product.jobs.values() if job.status == "FAILED"]
    found = bench.runs(ids=list(bench.product.jobs), options={"status": "failed"})
    assert sorted(run["id"] for run in found.records) == sorted(failed) and found.missing == []


def test_runs_of_one_system(bench):
    found = bench.runs(options={"working_environment_id": FIRST_SYSTEM})
    wanted = {job.id for job in bench.product.jobs.values() if job.system == FIRST_SYSTEM}
    assert {run["id"] for run in found.records} == wanted


@pytest.mark.parametrize("wanted", [{"need": ["objects"]}, {"clients": ["Dept_Finance"]}])
def test_objects_have_names_when_they_are_wanted(bench, wanted):
    plain = bench.runs()
    assert bench.asked("/volume") == []
    named = bench.runs(**wanted)
    assert len(bench.asked("/volume")) == 4
    names = {volume.id: volume.name for one in bench.product.systems_by_id.values() for volume in one.volumes.values()}
    for run in named.records:
        for thing in run["workload"]["objects"]:
            assert thing["name"] == names[thing["id"]]
    assert len(named.records) == len(plain.records)


def test_raw_only_when_wanted(bench):
    assert all(run["raw"] is None for run in bench.runs().records)
    assert all(run["raw"]["id"] == run["id"] for run in bench.runs(need=["raw"]).records)


def test_an_unknown_word_warns_and_is_no_success(bench):
    one = next(job.id for job in bench.product.jobs.values() if job.status == "COMPLETED")
    bench.product.control("set_status", {"job_id": one, "status": "COMPLETED_PARTLY"})
    (run,) = bench.runs(ids=[one]).records
    assert (run["state"], run["result"]) == ("unknown", None)
    assert any("COMPLETED_PARTLY" in sentence for sentence in bench.warnings)


@pytest.mark.parametrize("kind", ["html", "truncate"])
def test_what_is_not_json_is_one_clear_error(bench, kind):
    bench.sim.faults.add(kind, path="/v1/job")
    with pytest.raises(ProtocolError, match="JSON was expected"):
        bench.runs()


def test_json_that_is_no_list_is_an_error(bench, monkeypatch):
    platform = bench.platform(account_id=ACCOUNT, agent_id=AGENT)
    for body in ({"error": "x", "message": "y"}, [], "x", 1):
        monkeypatch.setattr(platform.client, "call", lambda *args, body=body, **more: body)
        with pytest.raises(ProtocolError, match="job"):
            platform.client.jobs()


def test_a_cursor_is_followed(bench, monkeypatch):
    platform = bench.platform(account_id=ACCOUNT, agent_id=AGENT)
    pages = {None: {"job": [{"id": "a"}], "cursor": "1"}, "1": {"job": {"id": "b"}, "cursor": ""}}
    monkeypatch.setattr(platform.client, "call", lambda *args, **more: pages[more["params"].get("cursor")])
    assert [job["id"] for job in platform.client.jobs()] == ["a", "b"]
    pages["1"]["cursor"] = "1"
    with pytest.raises(ProtocolError, match="does not end"):
        platform.client.jobs()


# -- definitions -------------------------------------------------------------------------------------------------------


def by_name(records):
    return {record["name"]: record for record in records}


def test_every_protected_volume(bench):
    found = bench.definitions()
    wanted = {
        "{0}/{1}".format(system.id, volume.id)
        for system in bench.product.systems_by_id.values()
        for volume in system.volumes.values()
        if volume.protected
    }
    assert {record["id"] for record in found.records} == wanted
    assert all(list(record) == list(model.RECORD_KEYS) for record in found.records)
    assert bench.warnings == []
    assert len(bench.asked("/v1/job")) == 1 and len(bench.asked("/volume")) == 4
    names = by_name(found.records)
    assert {name for name, record in names.items() if record["enabled"] is False} == PAUSED
    for name in NEVER_RUN:
        assert names[name]["last_success_at"] is None and names[name]["last_run"] is None
    for name, error in FAILED_LAST.items():
        assert (names[name]["result"], names[name]["reason"]) == ("failed", error)
        assert names[name]["last_run"]["result"] == "partial"
    for record in found.records:
        assert [thing["name"] for thing in record["workload"]["objects"]] == [record["name"]]
        assert record["native"]["working_environment"]["name"] == record["workload"]["client"]
    active = [record for record in found.records if record["current_run"]]
    assert {record["state"] for record in active} == {"running", "queued"}
    assert all(record["id"] in record["current_run"]["definition_ids"] for record in active)


def test_definitions_by_id(bench):
    ids = [record["id"] for record in bench.definitions().records][:3]
    bench.sim.log.clear()
    wrong = [FIRST_SYSTEM + "/nobody", "no-system/x", "x", "", "/", FIRST_SYSTEM + "/", ids[0] + "/more"]
    found = bench.definitions(ids=ids + wrong)
    assert [record["id"] for record in found.records] == ids
    assert found.missing == wrong
    assert found.records[0]["workload"]["client"] == "onprem-zrh-a800"
    assert len(bench.asked("/volume/")) == len(ids) + 2


@pytest.mark.parametrize("few", [8, 9])
def test_many_definitions_of_one_system_are_read_from_its_list(bench, few):
    bench.sim.clock.speed = 0  # a volume's lag grows with the clock, and two reads are compared
    everything = bench.definitions().records
    first = [record for record in everything if record["id"].startswith(FIRST_SYSTEM + "/")][:few]
    others = [record for record in everything if not record["id"].startswith(FIRST_SYSTEM + "/")][:2]
    wrong = ["no-system/{0}".format(number) for number in range(9)] + ["../{0}".format(number) for number in range(9)]
    asked = [first[-1], others[0], *first[:-1], others[1]]
    bench.sim.log.clear()
    found = bench.definitions(ids=[record["id"] for record in asked] + wrong)
    assert found.records == asked and found.missing == wrong
    lists = [entry for entry in bench.asked("/volume") if entry.path.endswith("/volume")]
    assert {entry.path.split("/")[-2] for entry in lists} == ({"no-system"} | ({FIRST_SYSTEM} if few == 9 else set()))
    assert len(bench.asked("/volume/")) == (few + 2 if few == 8 else 2)


def test_an_id_that_is_not_in_the_list_is_missing(bench):
    first = [record["id"] for record in bench.definitions().records if record["id"].startswith(FIRST_SYSTEM + "/")]
    wrong = [FIRST_SYSTEM + "/nobody", FIRST_SYSTEM + "/", first[0] + "/more"]
    found = bench.definitions(ids=wrong + first)
    assert [record["id"] for record in found.records] == first and found.missing == wrong


def test_the_jobs_are_read_only_when_runs_are_wanted(bench):
    found = bench.definitions(need=["enabled"])
    assert bench.asked("/v1/job") == []
    for record in found.records:
        assert (record["state"], record["current_run"], record["last_run"]) == ("unknown", None, None)
        assert record["enabled"] is not None and list(record) == list(model.RECORD_KEYS)


def test_ids_and_a_system_narrow_together(bench):
    ids = [record["id"] for record in bench.definitions().records]
    options = {"working_environment_id": FIRST_SYSTEM, "active_words": ["ACTIVE"], "paused_words": ["PAUSED"]}
    found = bench.definitions(ids=ids, options=options)
    assert [record["id"] for record in found.records] == [id for id in ids if id.startswith(FIRST_SYSTEM + "/")]
    assert found.missing == []


def test_definitions_of_one_system(bench):
    found = bench.definitions(options={"working_environment_id": FIRST_SYSTEM})
    assert {record["native"]["working_environment"]["id"] for record in found.records} == {FIRST_SYSTEM}
    assert len(found.records) == 10 and len(bench.asked("/volume")) == 1
    with pytest.raises(NotFound, match="netapp_bluexp.working_environment_id"):
        bench.definitions(options={"working_environment_id": "nobody"})


def test_unpublished_words_are_null_until_the_user_names_them(make):
    bench = make(backup_status_words={"active": "MIRRORED_OK", "paused": "PARKED"})
    assert {record["enabled"] for record in bench.definitions().records} == {None}
    assert len(set(bench.warnings)) == 2 and "netapp_bluexp.active_words" in bench.warnings[0]
    del bench.warnings[:]
    words = {"active_words": ["mirrored_ok"], "paused_words": ["Parked"]}
    names = by_name(bench.definitions(options=words).records)
    assert {name for name, record in names.items() if record["enabled"] is False} == PAUSED
    assert bench.warnings == []


def test_a_pause_of_several_volumes_does_not_hide_a_failed_backup(bench):
    platform = bench.platform()
    before = by_name(bench.definitions(platform).records)["vmware_ds02"]
    body = {"volume": [{"state": "RESUME", "file-system-id": before["native"]["file_system_id"]}]}
    path = "/account/{0}/providers/cloudmanager_cbs/api/v1/backup/working-environment/{1}/volume".format(
        ACCOUNT, before["native"]["working_environment"]["id"]
    )
    done = platform.client.call("PUT", path, read=False, headers={"x-agent-id": AGENT}, json=body)
    bench.product.control("finish", {"job_id": done["job-id"]})
    after = by_name(bench.definitions(platform).records)["vmware_ds02"]
    assert (after["result"], after["last_run"]) == (before["result"], before["last_run"])


def test_runs_that_a_definition_carries_are_full_records(bench):
    record = by_name(bench.definitions(need=["objects", "runs"]).records)["vmware_ds02"]
    (run,) = bench.runs(ids=[record["last_run"]["id"]], need=["objects"]).records
    assert record["last_run"] == run


@pytest.mark.parametrize(
    "entity, option",
    [("definition", "type"), ("definition", "status"), ("run", "active_words"), ("run", "paused_words")],
)
def test_filters_that_do_not_suit_are_refused_before_any_request(bench, entity, option):
    value = ["x"] if option.endswith("words") else "x"
    with pytest.raises(InvalidError, match="netapp_bluexp." + option):
        bench.platform().list_jobs(Query(entity=entity, now=0, options={option: value}))
    assert bench.asked() == []


def test_a_large_estate_is_read_in_seconds(bench):
    bench.product.control("load", {"runs": 20000, "volumes": 500})
    started = time.monotonic()
    assert len(bench.runs().records) > 20000
    assert len(bench.definitions().records) == 540
    assert time.monotonic() - started < 30


# -- about it ----------------------------------------------------------------------------------------------------------


def test_info(bench):
    found = bench.platform().info()
    assert (found["product_version"], found["api_version"], found["account"]) == (None, "v1", ACCOUNT)
    assert found["can"]["list_runs"] is True and found["can"]["list_definitions"] is True
    assert "start" not in found["can"]


def test_info_of_an_account_that_may_not_read(make):
    bench = make(service_tokens=False)
    assert set(bench.platform().info()["can"].values()) == {False}
    with pytest.raises(AuthenticationError):
        bench.platform(client_id="sim-client", client_secret="no").info()


def test_gatherers(bench):
    gather = bench.platform().gatherers()
    assert gather["accounts"]() == [{"id": ACCOUNT, "name": "Example Corp"}]
    assert gather["agents"]() == [{"id": AGENT, "name": "agent-zrh-01", "status": "ready"}]
    systems = gather["working_environments"]()
    assert len(systems) == 4 and systems[0]["id"] == FIRST_SYSTEM and systems[0]["name"] == "onprem-zrh-a800"
    assert set(gather) == {"accounts", "agents", "working_environments"}
