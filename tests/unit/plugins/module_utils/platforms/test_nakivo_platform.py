# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading NAKIVO Backup & Replication, releases 10 and 11, from the simulator."""

from __future__ import annotations

import json
import threading
import time

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import http, model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    AuthenticationError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unreachable,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.client import NakivoClient, RpcFailure
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.platform import NakivoPlatform
from simulator import Simulator

START = 1_795_300_000.0
DAY = 86400
PASSWORD = "p@ss+w&rd=1 %é"
ALPINE = "6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11"


class Bench:
    """A simulator whose clock stands still, and platforms that talk to it."""

    def __init__(self, sim):
        self.sim = sim
        self.product = sim["nakivo"]
        self.url = sim.url("nakivo")
        self.warnings = []

    def connection(self, **more):
        given = {"platform": "nakivo", "url": self.url, "username": "admin", "password": PASSWORD, "retries": 1, **more}
        return options.connection_from(given, self.warnings.append)

    def platform(self, **more):
        return NakivoPlatform(self.connection(**more), self.warnings.append)

    def listing(self, entity="definition", platform=None, **query):
        platform = platform or self.platform()
        query.setdefault("now", self.sim.clock.now())
        listing = platform.list_jobs(Query(entity, need=frozenset(query.pop("need", ("runs",))), **query))
        listing.records = list(listing.records)
        return listing

    def calls(self):
        """``Action.method`` of all requests so far, in order; logins and the rest."""
        bodies = [json.loads(entry.body) for entry in self.sim.log.entries("nakivo")]
        return ["{0}.{1}".format(body["action"], body["method"]).split(".")[1] for body in bodies]

    def control(self, verb, **arguments):
        self.product.control(verb, arguments)


@pytest.fixture
def bench(request):
    switches = getattr(request, "param", {})
    with Simulator(products=("nakivo",), options={"nakivo": switches}, start=START, speed=0) as sim:
        yield Bench(sim)


def by_name(listing):
    return {record["name"]: record for record in listing.records}


# -- definitions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bench", [{"version": "10"}, {"version": "10.11"}, {"version": "11"}], indirect=True)
def test_definitions_of_each_release(bench):
    listing = bench.listing()
    state = bench.product.state()["jobs"]
    assert sorted(record["id"] for record in listing.records) == sorted(state)
    assert (listing.missing, listing.truncated) == ([], False)
    assert listing.history.complete is False and listing.history.start == START - DAY
    assert bench.warnings == []
    jobs = by_name(listing)
    for record in listing.records:
        assert list(record) == list(model.RECORD_KEYS)
        assert record["name"] == state[record["id"]]["name"]
        assert record["unknown_fields"] == {}
        ended = [run for run in state[record["id"]]["runs"] if run["finished"]]
        last = record["last_run"]
        assert (last["started_at"] if last else None) == (model.timestamp(ended[-1]["started"]) if ended else None)
    assert jobs["VMware production nightly"]["result"] == "success"
    assert jobs["VMware production nightly"]["workload"]["groups"] == ["Production", "Production VMware"]
    assert jobs["Hyper-V branch offices"]["result"] == "partial"
    assert jobs["Nutanix AHV test cluster"]["result"] == "failed"
    assert jobs["Hyper-V archive"]["result"] == "cancelled"
    assert jobs["Legacy ERP"]["enabled"] is False and jobs["Test lab weekly"]["enabled"] is False
    assert jobs["Backup copy offsite"]["type"] == "copy"
    assert jobs["New department servers"]["health"] == "never_ran"
    running = jobs["SAP HANA hourly"]
    assert (running["state"], running["progress"], running["result"]) == ("running", 20, "success")
    assert running["current_run"]["started_at"] == model.timestamp(START - 300)
    assert running["current_run"]["duration_s"] == 300
    assert jobs["Mail archive"]["next_run_at"] == model.timestamp(START - 3 * 3600)
    assert "{{ 7*7 }} {% raw %}nightly" in jobs and "Sauvegarde Zürich – 東京 ✓" in jobs


def test_the_session_is_one_login_one_cookie_and_a_logout(bench):
    platform = bench.platform(page_size=3)
    bench.listing(platform=platform)
    entries = bench.sim.log.entries("nakivo")
    cookies = [entry.headers.get("Cookie", entry.headers.get("cookie")) for entry in entries]
    assert not cookies[0]
    assert len(set(cookies[1:])) == 1
    assert cookies[1].count("JSESSIONID-4443=") == 1 and ";" not in cookies[1]
    assert bench.calls().count("login") == 1
    assert len(platform.client.http.cookies) == 0  # or a jar would send an old cookie after a later login
    platform.close()
    assert bench.calls()[-1] == "logoutCurrentUser"
    assert bench.product.state()["sessions"] == []
    assert not bench.sim.log.writes("nakivo")


def test_pages_of_jobs(bench):
    bench.listing(platform=bench.platform(page_size=7))
    sizes = [len(json.loads(e.body)["data"][0]) for e in bench.sim.log.entries("nakivo") if "getJobInfo" in e.body]
    assert sorted(sizes) == [2, 7, 7, 7, 7]


def test_definitions_by_id(bench):
    bench.control("set_switch", name="unknown_id", value="absent")
    listing = bench.listing(ids=["4", "999", "x", "4@5", "007", "-1", "99999999999999999999"])
    assert sorted(record["id"] for record in listing.records) == ["4"]
    assert sorted(listing.missing) == ["-1", "007", "4@5", "999", "99999999999999999999", "x"]
    assert "getGroupInfo" not in bench.calls()
    assert listing.records[0]["workload"]["groups"] is None  # not read


@pytest.mark.parametrize("bench", [{"unknown_id": "exception"}], indirect=True)
def test_definitions_by_id_where_an_unknown_one_spoils_the_call(bench):
    listing = bench.listing(ids=["1", "998", "2", "999", "3"])
    assert sorted(record["id"] for record in listing.records) == ["1", "2", "3"]
    assert sorted(listing.missing) == ["998", "999"]
    assert bench.calls().count("login") == 1  # no exception was taken for a dead session
    assert bench.listing(ids=["999"]).missing == ["999"]


def test_a_failure_of_the_call_itself_is_no_missing_id(bench):
    bench.sim.faults.add("truncate", path="getJobInfo", times=-1)
    with pytest.raises(ProtocolError, match="cut off"):
        bench.listing(ids=["1"])


def test_a_call_that_fails_for_all_ids_is_no_missing_id(bench, monkeypatch):
    def fails(self, ids):
        raise RpcFailure("NAKIVO could not do JobSummaryManagement.getJobInfo.")

    monkeypatch.setattr(NakivoClient, "get_job_info", fails)
    with pytest.raises(RpcFailure, match="getJobInfo"):
        bench.listing(ids=["1", "2"])


def test_a_group(bench):
    listing = bench.listing(options={"group_id": 102})
    assert {record["name"] for record in listing.records} == {
        "VMware production nightly", "VMware replica to DR site", "VMware desktop pool", "First full of cluster B",
    }  # fmt: skip
    with pytest.raises(NotFound, match="group_id.*77") as caught:
        bench.listing(options={"group_id": 77})
    assert "102 (Production VMware)" in caught.value.hint


@pytest.mark.parametrize("bench", [{"group_tree": "root"}], indirect=True)
def test_where_the_tree_is_its_root_only(bench):
    listing = bench.listing()
    assert len(listing.records) == len(bench.product.state()["jobs"])
    assert listing.records[0]["workload"]["groups"] is None


@pytest.mark.parametrize("bench", [{"future_words": True}], indirect=True)
def test_words_of_a_later_release(bench):
    record = by_name(bench.listing())["Proxmox lab"]
    assert (record["type"], record["state"], record["result"]) == ("other", "unknown", "unknown")
    assert any("OK_WITH_REMARKS" in sentence for sentence in bench.warnings)


def test_a_job_removed_while_we_read_is_no_loss(bench, monkeypatch):
    get = NakivoClient.get_job_info
    removed = []

    def get_job_info(self, ids):
        if not removed:
            bench.control("remove", job=5)
            removed.append(5)
        return get(self, ids)

    monkeypatch.setattr(NakivoClient, "get_job_info", get_job_info)
    listing = bench.listing()
    assert listing.truncated is False and "5" not in {record["id"] for record in listing.records}


def test_a_job_that_is_listed_but_not_described_makes_the_list_truncated(bench, monkeypatch):
    get = NakivoClient.get_job_info
    monkeypatch.setattr(NakivoClient, "get_job_info", lambda self, ids: [r for r in get(self, ids) if r["id"] != 5])
    listing = bench.listing()
    assert listing.truncated is True
    assert any(sentence.endswith("describe: 5.") for sentence in bench.warnings)


def test_the_day_is_read_once_where_it_tells_a_success_before_a_failure(bench):
    bench.control("set_last_run", job="AWS EC2 web tier", state="FAILED", ago=60, seconds=60)
    record = by_name(bench.listing())["AWS EC2 web tier"]
    assert record["result"] == "failed"
    good = [run for run in bench.product.state()["jobs"][record["id"]]["runs"] if run["state"] == "OK"][-1]
    assert record["last_success_at"] == model.timestamp(good["finished"])
    assert bench.calls().count("getProcessedVms") == 1
    listing = bench.listing(ids=["1"])
    assert listing.records[0]["result"] == "success"
    assert bench.calls().count("getProcessedVms") == 1  # nothing to be learnt for that one
    assert bench.listing(ids=["1"], need=["objects"]).records[0]["workload"]["objects"][0]["started_at"]


# -- runs --------------------------------------------------------------------------------------------------------------


def test_runs_of_the_day_are_those_of_the_product(bench):
    listing = bench.listing("run", since=START - DAY)
    found = {(run["definition_id"], run["started_at"]): run for run in listing.records}
    assert len(found) == len(listing.records)
    words = {"OK": {"success"}, "FAILED": {"failed", "partial"}, "STOPPED": {"cancelled"}, "RUNNING": {None}}
    checked = 0
    for id, job in bench.product.state()["jobs"].items():
        for run in job["runs"]:
            if run["finished"] is not None and run["finished"] < START - DAY:
                continue
            record = found[id, model.timestamp(run["started"])]
            assert record["result"] in words[run["state"]]
            assert record["finished_at"] == model.timestamp(run["finished"])
            assert record["name"] == job["name"]
            assert record["workload"]["objects"] and all(
                o["started_at"] for o in record["workload"]["objects"] if o["result"]
            )
            checked += 1
    assert checked > 25
    rebuilt = [run for run in listing.records if "put_together_from" in run["native"]]
    assert {run["name"] for run in rebuilt} >= {"AWS EC2 web tier"}
    assert listing.history.start == START - DAY and listing.history.complete is False
    assert "put together" in listing.history.why
    assert not listing.truncated
    # A run that ends between the two calls is then the last run; the other way round it would be in neither.
    assert bench.calls().index("getProcessedVms") < bench.calls().index("getJobInfo")


def test_the_window_goes_to_the_server(bench):
    bench.listing("run", since=START - 3600)
    (entry,) = [e for e in bench.sim.log.entries("nakivo") if "getProcessedVms" in e.body]
    assert 60 <= json.loads(entry.body)["data"][0]["periodMinutes"] <= 75
    bench.sim.log.clear()
    bench.listing("run", since=START - 30 * DAY)
    (entry,) = [e for e in bench.sim.log.entries("nakivo") if "getProcessedVms" in e.body]
    assert json.loads(entry.body)["data"][0]["periodMinutes"] == 1440


def test_runs_by_id(bench):
    runs = {run["id"]: run for run in bench.listing("run").records}
    running = next(id for id, run in runs.items() if run["state"] == "running")
    rebuilt = next(id for id, run in runs.items() if "put_together_from" in run["native"])
    job, start = rebuilt.split("@")
    near, far = "{0}@{1}".format(job, int(start) + 2), "{0}@{1}".format(job, int(start) + 3)
    bench.sim.log.clear()
    listing = bench.listing("run", ids=[running])
    assert [run["id"] for run in listing.records] == [running]
    assert "getProcessedVms" not in bench.calls()
    listing = bench.listing("run", ids=[near, far, "5", "x@y", "999@1795300000", running])
    assert {run["id"] for run in listing.records} == {running, near}
    assert sorted(listing.missing) == sorted([far, "5", "x@y", "999@1795300000"])


def test_a_run_of_a_deleted_job_is_known_for_a_day(bench, monkeypatch):
    """The product may keep telling of machines whose job is gone."""
    rows = bench.platform().client.get_processed_vms(1440)
    gone = next(row for row in rows if row["name"] == "AWS EC2 web tier")
    bench.control("remove", job="AWS EC2 web tier")
    monkeypatch.setattr(NakivoClient, "get_processed_vms", lambda self, minutes: rows)
    found = [run for run in bench.listing("run").records if run["name"] == "AWS EC2 web tier"]
    assert found and {run["native"]["vid"] for run in found} == {gone["vid"]}
    assert bench.listing("run", ids=[found[0]["id"]]).records[0]["uid"] == found[0]["uid"]


def test_runs_without_their_day(bench, monkeypatch):
    def fails(self, minutes):
        raise RpcFailure("NAKIVO could not do JobSummaryManagement.getProcessedVms.")

    monkeypatch.setattr(NakivoClient, "get_processed_vms", fails)
    listing = bench.listing("run")
    assert len(listing.records) >= 25
    assert listing.history.start is None and "could not be read" in listing.history.why
    assert len(bench.warnings) == 1


def test_a_run_that_ends_keeps_its_id(bench):
    before = by_name(bench.listing(ids=["20"]))["SAP HANA hourly"]["current_run"]
    bench.control("finish", job=20, state="STOPPED", stopped=1)
    after = bench.listing("run", ids=[before["id"]]).records[0]
    assert (after["id"], after["state"], after["result"]) == (before["id"], "finished", "cancelled")


# -- tenants -----------------------------------------------------------------------------------------------------------


def test_a_tenant_by_name_and_by_uuid(bench):
    named = bench.listing(platform=bench.platform(tenant="Alpine Bank"))
    assert {record["name"] for record in named.records} >= {"Alpine Bank core-banking", "On demand"}
    assert named.records[0]["uid"].startswith("nakivo:{0}/{1}:definition:".format(bench.url[7:], ALPINE))
    assert named.records[0]["native"]["tenant"] == ALPINE
    assert bench.calls().count("getTenants") == 1
    logins = [entry.path for entry in bench.sim.log.entries("nakivo") if '"login"' in entry.body]
    assert logins == ["/c/router"]
    bench.sim.log.clear()
    direct = bench.listing(platform=bench.platform(tenant=ALPINE.upper()))
    assert [r["uid"] for r in direct.records] == [r["uid"] for r in named.records]
    assert "getTenants" not in bench.calls()


def test_an_unknown_tenant_and_an_ambiguous_one(bench, monkeypatch):
    with pytest.raises(NotFound, match="Bank of Atlantis") as caught:
        bench.listing(platform=bench.platform(tenant="Bank of Atlantis"))
    assert "Alpine Bank ({0})".format(ALPINE) in caught.value.hint
    twins = [{"id": 1, "name": "Twin", "uuid": "u-1"}, {"id": 2, "name": "Twin", "uuid": "u-2"}]
    monkeypatch.setattr(NakivoClient, "get_tenants", lambda self: twins)
    with pytest.raises(Ambiguous, match="u-1, u-2"):
        bench.platform(tenant="Twin").scope  # noqa: B018


def test_without_a_tenant_there_is_no_scope(bench):
    assert bench.platform().scope is None
    assert bench.calls() == []


# -- sessions and errors -----------------------------------------------------------------------------------------------


def test_a_refused_password_is_tried_once(bench):
    with pytest.raises(AuthenticationError, match="refused the login of admin") as caught:
        bench.listing(platform=bench.platform(password="wrong-secret"))
    assert caught.value.code == "FAIL_OTHER"
    assert "wrong-secret" not in str(caught.value.as_dict())
    assert bench.calls() == ["login"]


def test_a_locked_account_says_for_how_long(bench):
    for _turn in range(5):
        with pytest.raises(AuthenticationError):
            bench.listing(platform=bench.platform(password="wrong"))
    with pytest.raises(AuthenticationError) as caught:
        bench.listing()
    assert caught.value.code == "FAIL_BLOCKED_WAIT"
    assert "locked for 300 s" in caught.value.hint


def test_a_session_that_dies_in_the_middle_is_renewed_once(bench):
    bench.sim.faults.add("expire_token", path="getJobInfo", after=2)
    listing = bench.listing(platform=bench.platform(page_size=5, concurrency=1))
    assert len(listing.records) == len(bench.product.state()["jobs"])
    assert bench.calls().count("login") == 2 and bench.calls().count("isLogged") == 1


def test_parallel_pages_share_the_new_session(bench):
    bench.sim.faults.add("expire_token", path="getJobInfo", after=1)
    listing = bench.listing(platform=bench.platform(page_size=2, concurrency=4))
    assert len(listing.records) == len(bench.product.state()["jobs"])
    assert bench.calls().count("login") == 2


def test_a_write_in_a_dead_session_is_not_sent_again(bench):
    client = bench.platform().client
    client.session()
    bench.product.expire_tokens()
    with pytest.raises(SessionExpired):
        client.rpc("JobManagement", "stop", [{"jobIds": [1]}], read=False)
    assert bench.calls().count("stop") == 1
    client.rpc("JobManagement", "stop", [{"jobIds": [1]}], read=False)  # the new session is there


def test_an_exception_in_a_living_session_is_final_and_needs_no_login(bench):
    client = bench.platform().client
    with pytest.raises(RpcFailure, match="JobManagement.noSuchThing"):
        client.rpc("JobManagement", "noSuchThing", None)
    assert bench.calls() == ["login", "noSuchThing", "isLogged"]


def test_where_is_logged_tells_nothing_one_login_decides(bench, monkeypatch):
    monkeypatch.setattr(NakivoClient, "_is_logged", lambda self, cookie: False)
    client = bench.platform().client
    with pytest.raises(RpcFailure, match="noSuchThing"):
        client.rpc("JobManagement", "noSuchThing", None)
    assert bench.calls() == ["login", "noSuchThing", "login", "noSuchThing"]


def test_a_lacking_permission(bench):
    bench.control("set_permissions", user="auditor", permissions=["ROLE_LIST_SAVEPOINTS"])
    platform = bench.platform(username="auditor", password="read-only-1")
    with pytest.raises(PermissionDenied, match="getGroupInfo") as caught:
        bench.listing(platform=platform)
    assert "ROLE_JOB_SUMMARY_VIEW" in caught.value.hint
    assert platform.info()["can"]["list_runs"] is False


def test_an_account_without_a_password(bench):
    bench.product.users["auditor"]["password"] = ""
    assert bench.listing(platform=bench.platform(username="auditor", password=None)).records
    login = json.loads(bench.sim.log.entries("nakivo")[0].body)
    assert login["data"] == ["auditor", None, False]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"kind": "html"}, ProtocolError, "web page"),
        ({"kind": "truncate"}, ProtocolError, "cut off"),
        ({"kind": "status", "status": 500}, ProtocolError, "HTTP 500"),
        ({"kind": "status", "status": 403}, PermissionDenied, "forbids"),
        ({"kind": "drop_before"}, Unreachable, "no connection"),
    ],
)
@pytest.mark.parametrize("call", ["login", "getGroupInfo"])
def test_broken_answers_are_one_clear_sentence(bench, fault, kind, words, call):
    bench.sim.faults.add(path=call, times=-1, **fault)
    with pytest.raises(kind, match=words) as caught:
        bench.listing(platform=bench.platform(retries=0))
    message = str(caught.value)
    assert message.endswith(".") and PASSWORD not in message and "\n" not in message
    assert type(caught.value).__name__ != "LostAnswer"


def test_a_read_outlives_a_burst_of_503(bench):
    bench.sim.faults.add("status", status=503, path="getGroupInfo", retry_after="0")
    assert bench.listing().records
    assert bench.calls().count("getGroupInfo") == 2


def test_something_that_is_no_director(bench, monkeypatch):
    monkeypatch.setattr(type(bench.platform().client.http), "json", lambda self, response: {"error": "not found"})
    with pytest.raises(ProtocolError, match="not answered by a NAKIVO Director"):
        bench.listing()


def test_a_dead_host():
    connection = options.connection_from(
        {"platform": "nakivo", "url": "http://127.0.0.1:9", "username": "admin", "password": "x", "retries": 0}, print
    )
    with pytest.raises(Unreachable, match="no connection"):
        list(NakivoPlatform(connection, print).list_jobs(Query("definition", now=0.0)).records)


def test_a_login_waits_for_a_director_that_starts(monkeypatch):
    pauses = []
    monkeypatch.setattr(http, "pause", pauses.append)
    connection = options.connection_from(
        {"platform": "nakivo", "url": "http://127.0.0.1:9", "username": "admin", "password": "x", "retries": 2}, print
    )
    with pytest.raises(Unreachable, match="no connection"):
        NakivoPlatform(connection, print).client.login()
    assert len(pauses) == 2


def test_texts_of_the_server_are_redacted(bench):
    platform = bench.platform()
    failure = platform.client._failure(
        {"type": "exception", "action": "A", "method": "b", "message": "bad " + PASSWORD, "cause": "x\ny"}
    )
    assert PASSWORD not in failure.message and failure.message == "NAKIVO could not do A.b: bad ********: x y."
    assert platform.client._failure({"type": "rpc", "message": "m", "cause": "c"}) is not None
    assert platform.client._failure({"type": "rpc", "message": "m", "cause": None}) is None


def test_cookies_are_secrets(bench):
    platform = bench.platform()
    value = platform.client.session()["cookies"]["JSESSIONID-4443"]
    assert value not in platform.connection.redact("cookie " + value)


def test_the_session_cache_serves_the_next_task(bench, tmp_path):
    cached = {"session_cache": True, "session_cache_dir": str(tmp_path / "sessions")}
    first = bench.platform(**cached)
    first.info()
    first.close()
    second = bench.platform(**cached)
    assert second.info()["account"] == "admin" and second.info()["can"]["start"] is True
    assert bench.calls().count("login") == 1 and "logoutCurrentUser" not in bench.calls()
    bench.product.expire_tokens()
    third = bench.platform(**cached)
    assert third.info()["account"] == "admin"
    assert bench.calls().count("login") == 2


# -- what is there -----------------------------------------------------------------------------------------------------


def test_info(bench):
    info = bench.platform().info()
    assert (info["product_version"], info["api_version"], info["account"]) == (None, None, "admin")
    assert info["can"]["start"] is True and info["can"]["suspend"] is None
    info = bench.platform(username="auditor", password="read-only-1").info()
    assert info["account"] == "auditor"
    assert info["can"]["list_definitions"] is True
    assert [info["can"][word] for word in ("start", "stop", "enable", "browse_session")] == [False] * 4


def test_gatherers(bench):
    gatherers = bench.platform(page_size=1).gatherers()
    tenants = gatherers["tenants"]()
    assert [(row["id"], row["name"]) for row in tenants][0] == (ALPINE, "Alpine Bank") and len(tenants) == 2
    repositories = gatherers["repositories"]()
    assert {row["name"] for row in repositories} == {"Onboard repository", "NFS offsite", "CIFS archive"}
    assert all(isinstance(row["id"], str) for row in tenants + repositories)
    groups = gatherers["groups"]()
    assert {row["name"] for row in groups} == {"Production", "Production VMware", "Branch offices"}


def test_a_server_that_ignores_pages_ends(bench, monkeypatch):
    client = bench.platform(page_size=2).client
    calls = []

    def rpc(self, *args, **more):
        calls.append(args)
        return {"children": [{"id": 1}, {"id": 2}, {"id": 3}]}

    monkeypatch.setattr(NakivoClient, "rpc", rpc)
    assert len(client.get_tenants()) == 3 and len(calls) == 2


def test_ten_thousand_jobs_in_seconds(bench):
    bench.control("load", jobs=10000)
    began = time.process_time()
    records = 0
    listing = bench.platform(page_size=1000).list_jobs(Query("definition", now=START))
    for _record in listing.records:
        records += 1
    assert records > 10000
    assert time.process_time() - began < 30  # the simulator's share included
    assert threading.active_count() < 30
