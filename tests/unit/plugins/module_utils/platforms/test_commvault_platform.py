# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading Commvault from the simulator: logins, lists, windows, definitions, copies, refusals."""

from __future__ import annotations

import json
import re
import time
import types
from collections import Counter

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    BackupOpsError,
    InvalidError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault import platform as under_test
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.client import CommvaultClient, refusal
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.platform import CommvaultPlatform
from ansible_collections.backupops.jobs.plugins.module_utils.selection import matches_client
from simulator import Simulator

PASSWORD = "p@ss+w&rd=1 %é"
DAY = 86400


class Site:
    """A simulated CommCell and a platform object that reads it."""

    def __init__(self, sim):
        self.sim = sim
        self.server = sim["commvault"]
        self.warnings = []
        self.platforms = []
        self.platform = self.open()

    def open(self, **connection):
        if "token" not in connection:
            connection = {"username": "admin", "password": PASSWORD, **connection}
        url = self.sim.url("commvault")
        connection = options.connection_from({"platform": "commvault", "url": url, **connection}, self.warnings.append)
        self.platforms.append(CommvaultPlatform(connection, self.warnings.append))
        return self.platforms[-1]

    @property
    def now(self):
        return self.sim.clock.now()

    def read(self, entity="run", platform=None, **query):
        """``(listing, records)``; the request log holds just this reading's requests."""
        self.sim.log.clear()
        query.setdefault("now", self.now)
        if entity == "definition":
            query["need"] = frozenset(("runs",)) | query.get("need", frozenset())
        listing = (platform or self.platform).list_jobs(Query(entity=entity, **query))
        return listing, list(listing.records)

    def requests(self, logins=False):
        """How often each path was called; ids are N. A login comes when it is needed, so it counts on demand."""
        calls = (re.sub(r"/\d+", "/N", entry.path.split("/api")[1]) for entry in self.sim.log.entries("commvault"))
        return Counter(call for call in calls if logins or call != "/Login")

    def queries(self):
        return [entry.query for entry in self.sim.log.entries("commvault") if entry.path.endswith("/Job")]


@pytest.fixture
def site(request):
    with Simulator(products=("commvault",), options={"commvault": getattr(request, "param", {})}) as sim:
        made = Site(sim)
        yield made
        for platform in made.platforms:
            platform.close()


def ids(records):
    return {record["id"] for record in records}


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_a_login_is_made_once_and_ended(site):
    site.read(since=site.now - DAY)
    site.read(since=site.now - DAY)
    assert site.server.state()["sessions_alive"] == 1
    site.platform.close()
    assert site.server.state()["sessions_alive"] == 0


def test_a_user_of_a_domain(site):
    platform = site.open(username="ops", password="d0main+pässword", domain="corp")
    assert platform.info()["account"] == "corp\\ops"


def test_a_wrong_password_is_tried_once_and_never_shown(site):
    platform = site.open(password="wr0ng-secret")
    with pytest.raises(AuthenticationError) as caught:
        site.read(platform=platform)
    assert site.requests(logins=True) == {"/Login": 1}
    assert caught.value.code == "1116" and "wr0ng" not in caught.value.message


@pytest.mark.parametrize("site", [{"lock_after": 1}], indirect=True)
def test_a_locked_account_is_named_with_its_time(site):
    platform = site.open(password="wrong")
    for _attempt in range(2):
        with pytest.raises(AuthenticationError) as caught:
            platform.info()
    assert "locked for another" in caught.value.message


@pytest.mark.parametrize("form", ["{0}", "Bearer {0}", " {0}\n"])
@pytest.mark.parametrize("site", [{"bearer_on_classic": False}, {}], indirect=True)
def test_an_access_token_works_on_classic_paths_and_is_not_logged_out(site, form):
    token = site.server.control_access_token()["accessToken"]
    platform = site.open(token=form.format(token))
    assert platform.info()["account"] == "admin"
    platform.close()
    assert "/Logout" not in site.requests()


def test_a_login_token_that_was_given_and_has_expired(site):
    session = site.platform.client.session()
    platform = site.open(token=session["token"])
    assert platform.info()["account"] == "admin"
    site.server.control_expire_tokens()
    with pytest.raises(AuthenticationError):
        platform.info()


def test_a_token_with_a_line_break_inside(site):
    with pytest.raises(InvalidError, match="token"):
        site.open(token="QSDK abc\nX: y").info()


def test_a_token_that_dies_in_the_middle_of_a_list(site):
    platform = site.open(page_size=20, concurrency=1)
    whole = ids(site.read(platform=platform)[1])
    site.sim.faults.add("expire_token", path="/Job", after=2)
    listing, records = site.read(platform=platform)
    assert ids(records) == whole and not listing.truncated
    assert site.requests(logins=True)["/Login"] == 1


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [{"page_cap": 7}, {"order": "descending"}, {"spelling": "table"}], indirect=True)
def test_all_runs_whatever_the_pages(site):
    platform = site.open(page_size=40)
    listing, records = site.read(platform=platform)
    known = {
        id for id, run in site.server.state()["runs"].items() if run["type"] == "Backup" or int(id) in (270, 283, 293)
    }
    aged = {id for id, run in site.server.state()["runs"].items() if run["aged"]}
    assert ids(records) == known - aged and len(records) == len(ids(records))
    assert not listing.truncated and not site.warnings
    assert all(tuple(record) == model.RECORD_KEYS and record["unknown_fields"] == {} for record in records)


def test_the_window_holds_what_was_active_in_it(site):
    since = site.now - 6 * 3600
    runs = site.server.state()["runs"]
    _listing, records = site.read(since=since)
    wanted = {
        id
        for id, run in runs.items()
        if run["type"] == "Backup" and (not run["end"] or run["end"] >= since) and not run["aged"]
    }
    assert any(run["end"] and run["start"] < since <= run["end"] for run in runs.values())
    assert wanted <= ids(records)
    assert len(records) < len(runs)


def test_the_lookup_counts_from_the_server_s_clock(site):
    """Its clock goes an hour before ours: the lookup must be longer by that."""
    site.sim.clock.advance(3600)
    ours = time.time()
    site.read(since=ours - 600, now=ours)
    (seconds,) = re.findall(r"completedJobLookupTime=(\d+)", site.queries()[0])
    assert 3600 + 600 <= int(seconds) <= 3600 + 600 + under_test.MARGIN_S + 60


def test_job_filter_and_category(site):
    _listing, records = site.read(options={"job_filter": "Restore"})
    assert {record["type"] for record in records} == {"restore"}
    _listing, records = site.read(options={"job_filter": ""})
    assert {"restore", "copy", "maintenance", "verify", "backup", "workflow"} <= {record["type"] for record in records}
    _listing, records = site.read(options={"job_category": "Active"})
    assert records and all(record["state"] != "finished" for record in records)


def test_aged_runs_are_listed_on_demand(site):
    some = next(id for id, run in site.server.state()["runs"].items() if run["end"])
    site.server._run(some).aged = True
    assert some not in ids(site.read()[1])
    _listing, records = site.read(options={"show_aged": True})
    assert site.requests() == {"/Jobs": 1}
    assert [record["retention"]["aged"] for record in records if record["id"] == some] == [True]


def test_runs_of_clients_by_name(site):
    _listing, records = site.read(clients=["SQL-prod-01", "nas-zrh-01"], since=site.now - 7 * DAY)
    assert {record["workload"]["client"] for record in records} == {"sql-prod-01", "nas-zrh-01"}
    assert site.requests() == {"/Client": 1, "/Job": 2}
    names = frozenset(("sql-prod-01", "no such client"))
    _listing, records = site.read(clients=list(names), since=site.now - 7 * DAY)
    assert site.requests() == {"/Client": 1, "/Job": 1}, "a name may be an object's: all jobs are read"
    assert any(matches_client(record, names) for record in records)


def test_a_client_by_its_display_name(site, monkeypatch):
    rows = site.platform.client.get_clients()
    shown = [{**row, "displayName": "Ledger DB"} if row["clientName"] == "sql-prod-01" else row for row in rows]
    monkeypatch.setattr(site.platform.client, "get_clients", lambda: shown)
    for entity in model.ENTITIES:
        _listing, records = site.read(entity, clients=["ledger db"])
        assert records and all(matches_client(record, {"ledger db"}) for record in records)


def test_many_clients_are_picked_from_one_list(site, monkeypatch):
    monkeypatch.setattr(under_test, "FEW_CLIENTS", 1)
    site.read(clients=["sql-prod-01", "nas-zrh-01"])
    assert site.requests() == {"/Client": 1, "/Job": 1}


def test_runs_of_a_subclient_also_from_a_server_that_knows_no_such_filter(site, monkeypatch):
    _listing, exact = site.read(options={"subclient_id": 101})
    assert site.requests() == {"/Subclient/N": 1, "/Job": 1}
    assert {record["definition_id"] for record in exact} == {"101"}
    send = site.platform.client.call

    def ignorant(method, path, **rest):
        if path == "Job":
            rest["params"] = {name: value for name, value in rest["params"].items() if name != "subclientId"}
        return send(method, path, **rest)

    monkeypatch.setattr(site.platform.client, "call", ignorant)
    assert ids(site.read(options={"subclient_id": 101})[1]) == ids(exact)
    assert site.read(options={"subclient_id": 99999})[1] == []


def test_runs_by_id(site):
    listing, records = site.read(ids=["681", "99999999", "707", "x", "", "-5", "0681", "²", "795"])
    assert [(record["id"], record["result"]) for record in records] == [
        ("681", "cancelled"),
        ("707", None),
        ("795", "failed"),
    ]
    assert listing.missing == ["99999999", "x", "", "-5", "0681", "²"]
    assert site.requests()["/Job/N"] == 4


def test_a_server_that_answers_xml_although_json_was_asked_for(site, monkeypatch):
    as_json = {record["id"]: record for record in site.read()[1]}
    monkeypatch.setattr(
        site.platform.client, "authorize", lambda session: {"Authtoken": session["token"], "Accept": "application/xml"}
    )
    listing, records = site.read()
    assert not listing.truncated and ids(records) == set(as_json)
    for record in records:
        for field in ("state", "result", "started_at", "finished_at", "bytes", "reason", "progress", "type", "name"):
            assert record[field] == as_json[record["id"]][field], field
        if record["id"] not in ("681", "707", "795"):  # the page's samples have no ids of the subclient in XML
            assert record["definition_id"] == as_json[record["id"]]["definition_id"]
    assert [record["id"] for record in site.read(ids=["681", "4711"])[1]] == ["681"]


def test_objects_cost_a_request_for_each_run_that_can_match(site, monkeypatch):
    detail = {"generalInfo": {"jobStartedFrom": "Interactive"}, "clientStatusInfo": {"vmStatus": [{"vmName": "vm-77"}]}}
    monkeypatch.setattr(site.platform.client, "job_details", lambda id: detail)
    _listing, records = site.read(since=site.now - 2 * DAY, clients=["VM-77"], need=frozenset(("objects",)))
    found = [record for record in records if matches_client(record, {"vm-77"})]
    assert found and {record["workload"]["application"] for record in found} == {"Virtual Server"}
    _listing, records = site.read(since=site.now - DAY, need=frozenset(("objects",)))
    assert all(matches_client(record, {"vm-77"}) for record in records)
    assert all(record["initiated_by"]["how"] == "manual" for record in records)


def test_a_run_whose_details_are_refused_is_listed_with_a_warning(site, monkeypatch):
    def refuse(id):
        raise ProtocolError("No details.")

    monkeypatch.setattr(site.platform.client, "job_details", refuse)
    _listing, records = site.read(ids=["681"], need=frozenset(("objects",)))
    assert ids(records) == {"681"} and "No details." in site.warnings[0]


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [{"copy_window": "start"}, {"copy_window": "end"}], indirect=True)
def test_copies_are_read_once_per_copy(site):
    _listing, records = site.read(since=site.now - 40 * DAY, need=frozenset(("copies",)))
    calls = site.requests()
    copies = calls.pop("/V4/Plan/BackupDestination/N/Jobs")
    assert copies == 5 and calls["/StoragePolicy/N"] == 2
    held = {record["id"] for record in records if record["retention"]["held"]}
    assert held == {str(hold["job_id"]) for hold in site.server.state()["holds"]} & ids(records) and held
    one = next(record for record in records if record["retention"]["held"])
    assert (one["retention"]["held_by"], one["retention"]["reason"]) == ("admin", "Legal hold 2026-14")
    assert any(len(record["copies"] or ()) > 1 for record in records)
    assert [record["copies"] for record in records if record["id"] == "270"] == [None]


def test_a_hold_without_an_end(site):
    run = next(record for record in site.read(since=site.now - DAY)[1] if record["result"] == "success")
    copy = site.platform._copies_of(run["native"]["storage_policy"]["id"])[0]
    site.server.control_mark(int(run["id"]), int(copy["id"]), held=True, held_by="eve")
    record = site.read(ids=[run["id"]], need=frozenset(("copies",)))[1][0]
    assert (record["retention"]["held"], record["retention"]["held_until"]) == (True, None)


@pytest.mark.parametrize("site", [{"v4": False}], indirect=True)
def test_copies_of_an_old_server(site):
    with pytest.raises(Unsupported) as caught:
        site.read(since=site.now - DAY, need=frozenset(("copies",)))
    assert "11.32" in caught.value.hint


# -- definitions -------------------------------------------------------------------------------------------------------


def test_definitions_seen_in_runs(site):
    listing, records = site.read("definition")
    known = site.server.state()["subclients"]
    assert {record["id"]: record["enabled"] for record in records} == {id: known[id]["enabled"] for id in ids(records)}
    assert {False, True} == {record["enabled"] for record in records}
    assert not any("never ran" in record["name"] for record in records)
    assert "never ran is not in it" in listing.history.why and listing.history.complete is False
    assert abs(listing.history.start - (site.now - 7 * DAY)) < 5
    running = next(record for record in records if record["current_run"])
    assert running["state"] == running["current_run"]["state"] != "idle"
    assert tuple(running["last_run"]) == model.RECORD_KEYS and running["result"] == running["last_run"]["result"]
    assert running["bytes"] == running["last_run"]["bytes"]


def test_definitions_of_clients_with_those_that_never_ran(site):
    _listing, records = site.read("definition", clients=["fs-basel-01", "FS-Zurich-02"])
    names = {record["name"]: record for record in records}
    assert names["fs-basel-01/File System/defaultBackupSet/never ran"]["last_run"] is None
    assert {
        "fs-zurich-02/File System/defaultBackupSet/default",
        "fs-zurich-02/File System/Projects/default",
        "fs-zurich-02/SQL Server/defaultBackupSet/default",
    } <= set(names)
    assert site.requests() == {"/Client": 1, "/Subclient": 2, "/Job": 2}
    assert site.read("definition", clients=["nobody"])[1] == []
    client_id = int(names["fs-zurich-02/SQL Server/defaultBackupSet/default"]["native"]["client_id"])
    assert len(site.read("definition", options={"client_id": client_id})[1]) == 3


def test_definitions_by_id(site):
    listing, records = site.read("definition", ids=["101", "7", "424242", "x"])
    assert [record["id"] for record in records] == ["101", "7"] and listing.missing == ["424242", "x"]
    assert records[0]["last_run"]["definition_id"] == "101"
    assert records[1]["current_run"]["id"] == "707"
    listing, records = site.read("definition", options={"subclient_id": 7})
    assert ids(records) == {"7"} and site.requests() == {"/Subclient/N": 1, "/Job": 1}
    assert site.read("definition", options={"subclient_id": 424242})[1] == []


def test_lookback_reaches_older_runs(site):
    few = ids(site.read("definition", options={"lookback": "1h"})[1])
    many = ids(site.read("definition", options={"lookback": "30d"})[1])
    assert few < many


def test_objects_of_definitions_are_those_of_their_last_run(site, monkeypatch):
    detail = {"clientStatusInfo": {"vmStatus": [{"vmName": "vm-1"}]}}
    monkeypatch.setattr(site.platform.client, "job_details", lambda id: detail)
    _listing, records = site.read("definition", clients=["sql-prod-01"], need=frozenset(("objects",)))
    assert all(record["workload"]["objects"][0]["name"] == "vm-1" for record in records if record["last_run"])


def test_a_big_estate_needs_few_requests(site):
    """As large in clients and subclients as designed for, smaller in runs: the pages are counted."""
    site.server.control_load(clients=3600, subclients=5000, runs=12000)
    platform = site.open(page_size=100)
    listing, records = site.read("definition", platform=platform, options={"lookback": "60d"})
    assert not listing.truncated and len(records) > 900
    pages = site.requests()
    assert set(pages) == {"/Job"} and pages["/Job"] < 12600 / 99 + 2
    assert {record["enabled"] for record in records} == {None}
    assert len([warning for warning in site.warnings if "enabled" in warning]) == 1


def test_enabled_is_read_when_it_is_needed(site, monkeypatch):
    monkeypatch.setattr(under_test, "ENABLED_UNASKED", 3)
    assert {record["enabled"] for record in site.read("definition")[1]} == {None} and site.warnings
    assert None not in {record["enabled"] for record in site.read("definition", need=frozenset(("enabled",)))[1]}


def test_a_client_that_may_not_be_read_does_not_end_the_list(site, monkeypatch):
    def refuse(client_id):
        raise PermissionDenied("Not yours.")

    monkeypatch.setattr(site.platform.client, "get_subclients", refuse)
    _listing, records = site.read("definition")
    assert records and {record["enabled"] for record in records} == {None} and "Not yours." in site.warnings[0]


# -- options and refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "name", "value", "by_id"),
    [
        ("run", "lookback", "7d", None),
        ("definition", "job_filter", "", None),
        ("definition", "show_aged", False, None),
        ("definition", "job_category", "All", None),
        ("run", "job_filter", "Restore", ["1"]),
        ("definition", "client_id", 2, ["1"]),
        ("definition", "lookback", "soon", None),
    ],
)
def test_an_option_that_means_nothing_is_refused_before_any_request(site, entity, name, value, by_id):
    with pytest.raises(InvalidError, match="commvault." + name):
        site.read(entity, options={name: value}, ids=by_id)
    assert not site.requests()


@pytest.mark.parametrize("kind", ["html", "truncate"])
def test_a_body_that_is_no_job_list(site, kind):
    site.platform.client.session()
    site.sim.faults.add(kind, path="/Job", times=-1)
    with pytest.raises(ProtocolError):
        site.read()


@pytest.mark.parametrize("site", [{"denied_status": 200}, {"denied_status": 403}], indirect=True)
def test_a_missing_right(site, monkeypatch):
    platform = site.open(username="auditor", password="read-only-1")
    assert site.read(platform=platform, since=site.now - DAY)[1]
    with pytest.raises(PermissionDenied) as caught:
        platform.client.call("POST", "Job/681/action/kill", read=False)
    assert caught.value.code == "5"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"errorCode": 2, "errorMessage": "x"}, "2"),
        ({"error": {"errorCode": "2", "errLogMessage": "x"}}, "2"),
        ({"error": {"errList": [{"errorCode": 2, "errLogMessage": "x"}]}}, "2"),
        ({"errors": [{"errList": [{"errorCode": 2, "errLogMessage": "x"}]}]}, "2"),
        ({"errors": {"errList": {"errorCode": "2", "errLogMessage": "x"}}}, "2"),
        ({"errList": [{"errorCode": 0}, {"errorCode": 2, "errLogMessage": "x"}]}, "2"),
        ({"response": [{"errorCode": 0}, {"errorCode": 2, "errorString": "x"}]}, "2"),
        ({"errorCode": 0, "errorMessage": "fine"}, None),
        ({"errorCode": "0"}, None),
        (
            {"error": {"errorCode": 0}, "errors": [{"errList": [{"errorCode": "0"}]}], "response": [{"errorCode": 0}]},
            None,
        ),
        ({"error": None, "errors": "x", "response": [None], "errList": {}, "errorCode": []}, None),
        ({}, None),
    ],
)
def test_every_shape_of_a_refusal(answer, code):
    assert refusal(answer) == (code, "x" if code else None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "", SessionExpired),
        (403, "<html><title>no</title></html>", PermissionDenied),
        (404, "<html><title>404</title></html>", NotFound),
        (404, '{"errorCode": 2, "errorMessage": "gone"}', NotFound),
        (405, "", ProtocolError),
        (500, '{"errorCode": 9, "errorMessage": "broken"}', ProtocolError),
        (200, '{"errorCode": 5, "errorMessage": "Access denied"}', PermissionDenied),
        (200, '{"errorCode": 2, "errorMessage": "The subclient does not exist."}', NotFound),
        (200, "[]", ProtocolError),
        (200, "", ProtocolError),
    ],
)
def test_answers_that_are_errors(site, status, body, kind):
    response = types.SimpleNamespace(
        status_code=status,
        ok=status < 400,
        content=body.encode(),
        text=body,
        json=lambda **_options: json.loads(body),
        request=types.SimpleNamespace(method="GET", path_url="/x/Job?y=1", url="http://h/x"),
        url="http://h/x",
    )
    with pytest.raises(BackupOpsError) as caught:
        site.platform.client.check(response, True)
    assert caught.type is kind
    if status == 200 and not body:
        assert site.platform.client.check(response, False) == {}


def test_tokens_are_secrets_whole_and_without_their_prefix(site):
    session = site.platform.client.session()
    bare = session["token"].split()[1]
    assert "QSDK" in session["token"] and bare not in site.platform.connection.redact("x " + bare)


# -- the server --------------------------------------------------------------------------------------------------------


def test_info(site):
    info = site.platform.info()
    assert (info["product_version"], info["account"], info["can"]["job_operation"]) == ("11 SP36.12", "admin", None)


@pytest.mark.parametrize("site", [{"release": 28}], indirect=True)
def test_info_of_an_old_release(site):
    assert site.platform.info()["can"]["job_operation"] is False


def test_storage_policies_with_their_copies(site):
    policies = site.platform.gatherers()["storage_policies"]()
    assert {policy["name"] for policy in policies} == {"Disk_Daily", "Policy_1"}
    assert policies[0]["copies"][0] == {
        "id": "9",
        "name": "Primary",
        "precedence": 1,
        "default": True,
        "snapshot": False,
    }


def test_the_client_sends_one_header_for_login_tokens_and_two_for_access_tokens():
    authorize = CommvaultClient.authorize
    assert authorize(None, {"token": "QSDK ab"}) == {"Accept": "application/json", "Authtoken": "QSDK ab"}
    assert authorize(None, {"token": "SAML ab"})["Authtoken"] == "SAML ab"
    for token in ("ab", "Bearer ab"):
        headers = authorize(None, {"token": token})
        assert (headers["Authtoken"], headers["Authorization"]) == ("ab", "Bearer ab")
