# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing to Commvault in the simulator: jobs, subclients, and the levels above; with V4 and without."""

from __future__ import annotations

import json
import time
import types

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    Conflict,
    InvalidError,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Order, Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.platform import CommvaultPlatform
from simulator import Simulator

PASSWORD = "p@ss+w&rd=1 %é"
RELEASES = {"V4": {}, "classic": {"v4": False, "release": 28}}
HOUR = 3600
LEVELS = {
    "full": "Full",
    "incremental": "Incremental",
    "differential": "Differential",
    "synthetic_full": "Synthetic_full",
}
#: scope -> the id that the tests use and how the simulator calls it.
PLACES = {"client": ("client", None), "client_group": ("group", "7"), "commcell": ("commcell", "2")}


class Bench:
    """A simulated CommCell, a platform object, and the records to act on."""

    def __init__(self, sim):
        self.sim = sim
        self.commvault = sim["commvault"]
        self.off_before = {}
        self.warnings = []
        self.platform = self.open()
        self.off_before = self.off()

    def open(self, **connection):
        given = {"username": "admin", "password": PASSWORD, **connection}
        given = {"platform": "commvault", "url": self.sim.url("commvault"), "endpoint_name": "cs", **given}
        return CommvaultPlatform(options.connection_from(given, self.warnings.append), self.warnings.append)

    def rows(self):
        return self.commvault.state()["subclients"]

    def subclient(self, client="sql-prod-01"):
        """The id of a subclient with finished runs, and with nothing active."""
        active = {run["subclient_id"] for run in self.commvault.state()["runs"].values() if not run["end"]}
        return next(id for id, row in self.rows().items() if row["client"] == client and int(id) not in active)

    def read(self, entity, ids=None, need=("enabled", "runs"), platform=None, **query):
        query = Query(entity, now=self.sim.clock.now(), ids=ids, need=frozenset(need), **query)
        listing = (platform or self.platform).list_jobs(query)
        return listing, list(listing.records)

    def definition(self, id=None, **query):
        return self.read("definition", [id or self.subclient()], **query)[1][0]

    def run(self, id):
        return self.read("run", [id])[1][0]

    def scope(self, scope, id=None, **query):
        """``(listing, records)`` of a level above subclients."""
        return self.read("definition", None if id is None else [id], ("enabled",), options={"scope": scope}, **query)

    def client_id(self, name="sql-prod-01"):
        return next(str(row["client_id"]) for row in self.rows().values() if row["client"] == name)

    def place(self, scope):
        kind, id = PLACES[scope]
        return kind, id or self.client_id()

    def level(self, scope):
        """The record of a level."""
        id = self.place(scope)[1]
        return self.scope(scope, None if scope == "commcell" else id)[1][0]

    def off(self):
        """What was disabled since the beginning: (level, id) -> when the server enables it again (0 = never)."""
        rows = self.commvault.state()["disabled"]
        off = {(row["kind"], str(row["id"])): row["again_at"] for row in rows if row["activity"] == 1}
        return {place: again for place, again in off.items() if place not in self.off_before}

    def running(self, id=None):
        """A run that works for an hour, started by the scheduler."""
        run = self.commvault.control_start(int(id or self.subclient()), duration=HOUR)
        self.advance(5)
        return str(run)

    def advance(self, seconds):
        self.sim.clock.advance(seconds)
        self.commvault.progress(self.sim.clock.now())

    def writes(self):
        """The writes that the server could process, as (method, path, query, body)."""
        return [
            (entry.method, entry.path.split("/api/")[1], entry.query, json.loads(entry.body) if entry.body else None)
            for entry in self.sim.log.writes("commvault")
        ]


@pytest.fixture(params=list(RELEASES))
def either(request):
    """With V4, and without."""
    with Simulator(products=("commvault",), options={"commvault": RELEASES[request.param]}) as sim:
        made = Bench(sim)
        yield made
        made.platform.close()


@pytest.fixture
def bench(request):
    with Simulator(products=("commvault",), options={"commvault": getattr(request, "param", {})}) as sim:
        made = Bench(sim)
        yield made
        made.platform.close()


without_v4 = pytest.mark.parametrize("bench", [RELEASES["classic"]], indirect=True)


# -- jobs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["run", "definition"])
def test_stop_kills_the_job_a_little_later(bench, how):
    subclient = bench.subclient()
    run = bench.running(subclient)
    record = bench.definition(subclient) if how == "definition" else bench.run(run)
    assert bench.platform.perform(Order("stop", record)) is None
    assert bench.writes() == [("POST", "Job/{0}/action/kill".format(run), "", None)]
    assert bench.run(run)["state"] == "stopping"
    bench.advance(5)
    assert bench.run(run)["result"] == "cancelled"
    after = bench.definition(subclient)
    assert (after["state"], after["current_run"], after["last_run"]["id"]) == ("idle", None, run)
    assert bench.commvault.state()["runs"][run]["stops"] == 1


def test_suspend_and_resume(bench):
    run = bench.running()
    assert bench.platform.perform(Order("suspend", bench.run(run))) is None
    assert bench.run(run)["state"] == "suspending"
    bench.advance(5)
    assert bench.run(run)["state"] == "suspended"
    assert bench.platform.perform(Order("resume", bench.run(run))) is None
    assert bench.run(run)["state"] == "queued"
    bench.advance(5)
    assert bench.run(run)["state"] == "running"
    assert [path for _method, path, _query, _body in bench.writes()] == [
        "Job/{0}/action/{1}".format(run, action) for action in ("pause", "resume")
    ]
    state = bench.commvault.state()["runs"][run]
    assert (state["pauses"], state["resumes"], state["stops"]) == (1, 1, 0)


def test_a_definition_with_nothing_to_stop(bench):
    with pytest.raises(NotFound, match="Nothing runs"):
        bench.platform.perform(Order("stop", bench.definition()))
    assert not bench.writes()


# -- starting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [None, *LEVELS])
def test_start_tells_the_new_run(bench, level):
    before = bench.definition()
    assert (before["state"], before["current_run"]) == ("idle", None)
    run = bench.platform.perform(Order("start", before, level=level))
    word = LEVELS[level or "incremental"]
    path = "Subclient/{0}/action/backup".format(before["id"])
    assert bench.writes() == [("POST", path, "backupLevel=" + word, None)]
    after = bench.definition(before["id"])
    assert after["current_run"]["id"] == run != before["last_run"]["id"]
    assert after["current_run"]["level"] == (level or "incremental")
    assert after["last_run"] == before["last_run"]
    row = bench.rows()[before["id"]]
    assert (row["starts"], row["stops"]) == (1, 0)
    assert bench.platform.objection(Order("start", before, level=level)) is None


def test_the_levels_are_those_of_the_page(bench):
    assert set(bench.platform.traits.levels) == set(LEVELS)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"taskId": 41}, ProtocolError, "schedule 41"),
        ({"taskId": 41, "jobIds": []}, ProtocolError, "schedule 41"),
        ({"taskId": 0, "jobIds": ["0"]}, LostAnswer, "without naming"),
        ({}, LostAnswer, "without naming"),
    ],
)
def test_a_start_without_a_run(bench, monkeypatch, answer, kind, words):
    record = bench.definition()
    monkeypatch.setattr(bench.platform.client, "call", lambda *args, **kwargs: answer)
    with pytest.raises(kind, match=words) as caught:
        bench.platform.perform(Order("start", record))
    assert caught.type is kind


@pytest.mark.parametrize("answer", [{"jobIds": ["77"]}, {"jobIds": [77], "taskId": "5"}, {"jobIds": "77"}])
def test_a_start_names_its_run(bench, monkeypatch, answer):
    record = bench.definition()
    monkeypatch.setattr(bench.platform.client, "call", lambda *args, **kwargs: answer)
    assert bench.platform.perform(Order("start", record)) == "77"


def test_a_start_where_backups_are_disabled(bench):
    record = bench.definition()
    bench.commvault.control_disable("group", 7)
    with pytest.raises(ProtocolError, match="disabled for the client's group") as caught:
        bench.platform.perform(Order("start", record))
    assert caught.value.code == "588"
    assert bench.rows()[record["id"]]["starts"] == 0


# -- switching subclients --------------------------------------------------------------------------------------------------


def test_disable_and_enable_a_subclient(either):
    bench = either
    before, other = bench.definition(), bench.rows()
    snapshot = bench.platform.snapshot(before, {})
    assert (before["enabled"], snapshot) == (True, None)
    assert bench.platform.perform(Order("disable", before)) is None
    disabled = bench.definition(before["id"])
    assert (disabled["enabled"], disabled["native"]["enabled_again_at"]) == (False, None)
    assert bench.off() == {("subclient", before["id"]): 0}
    bench.platform.perform(Order("enable", disabled))
    assert bench.definition(before["id"])["enabled"] is True
    assert bench.off() == {}
    assert bench.rows() == other


def test_the_v4_calls_of_a_subclient(bench):
    record = bench.definition()
    ends = int(time.time()) + HOUR
    bench.platform.perform(Order("disable", record, options={"enable_after": str(ends)}))
    bench.platform.perform(Order("disable", record))
    bench.platform.perform(Order("enable", record))
    path = "V4/Subclient/{0}/Backup/Action/".format(record["id"])
    assert bench.writes() == [
        ("PUT", path + "Disable", "enableAfterADelay={0}".format(ends), None),
        ("PUT", path + "Disable", "", None),
        ("PUT", path + "Enable", "", None),
    ]


@without_v4
def test_the_classic_calls_of_a_subclient(bench):
    record = bench.definition()
    ends = int(time.time()) + HOUR
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ends))
    bench.platform.perform(Order("disable", record, options={"enable_after": str(ends)}))
    bench.platform.perform(Order("disable", record))
    bench.platform.perform(Order("enable", record))
    common = [
        {
            "enableBackup": False,
            "enableBackupAfterDelay": True,
            "enableBackupAtDateTime": {"TimeZoneName": "(UTC) Coordinated Universal Time", "timeValue": moment},
        },
        {"enableBackup": False},
        {"enableBackup": True},
    ]
    path = "Subclient/{0}".format(record["id"])
    assert bench.writes() == [("POST", path, "", {"subClientProperties": {"commonProperties": one}}) for one in common]
    # That V4 is missing was asked once.
    assert len([entry for entry in bench.sim.log.entries() if entry.method == "PUT"]) == 1


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_the_call(bench, status):
    record = bench.definition()
    bench.sim.faults.add("status", status=status, path="/V4/", times=1)
    bench.platform.perform(Order("disable", record))
    assert bench.definition(record["id"])["enabled"] is False
    assert [(method, path) for method, path, _query, _body in bench.writes()] == [
        ("PUT", "V4/Subclient/{0}/Backup/Action/Disable".format(record["id"])),
        ("POST", "Subclient/{0}".format(record["id"])),
    ]


@pytest.mark.parametrize("status", [400, 500])
def test_other_statuses_are_refusals_and_nothing_else_is_tried(bench, status):
    record = bench.definition()
    bench.sim.faults.add("status", status=status, path="/V4/", times=1)
    with pytest.raises((ProtocolError, LostAnswer)):
        bench.platform.perform(Order("disable", record))
    assert len(bench.writes()) == 1
    assert bench.off() == {}


def test_a_switch_reads_no_runs(bench):
    subclient = bench.subclient()
    bench.running(subclient)
    bench.sim.log.clear()
    record = bench.definition(subclient, need=("enabled",))
    assert (record["enabled"], record["state"]) == (True, "unknown")
    assert (record["current_run"], record["last_run"]) == (None, None)
    assert not [entry for entry in bench.sim.log.entries() if entry.path.endswith("/Job")]
    _listing, records = bench.read("definition", need=("enabled",), clients=["sql-prod-01"])
    assert subclient in {one["id"] for one in records}
    assert not [entry for entry in bench.sim.log.entries() if entry.path.endswith("/Job")]


# -- the server ends a window ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [None, *PLACES])
def test_the_server_itself_enables_again(either, scope):
    bench = either
    if scope in ("client_group", "commcell") and not bench.commvault.switches["v4"]:
        pytest.skip("cannot be read without V4: see test_levels_that_need_v4")
    ends = int(bench.sim.clock.now()) + HOUR
    given = {"enable_after": model.timestamp(ends), **({"scope": scope} if scope else {})}

    def read(**_options):
        return bench.level(scope) if scope else bench.definition()

    record = read()
    bench.platform.check_order("disable", given)
    bench.platform.perform(Order("disable", record, options=given))
    after = bench.level(scope) if scope else bench.definition(record["id"])
    assert after["enabled"] is False
    if scope != "client_group":  # V4/ServerGroup does not tell the time
        assert after["native"]["enabled_again_at"] == model.timestamp(ends)
        assert bench.platform.snapshot(after, {}) == {"enable_after": model.timestamp(ends)}
    assert list(bench.off().values()) == [ends]
    bench.advance(HOUR - 60)
    assert bench.off()
    bench.advance(120)
    after = bench.level(scope) if scope else bench.definition(record["id"])
    assert (after["enabled"], bench.off()) == (True, {})
    assert len(bench.writes()) == 1


def test_a_window_of_somebody_else_is_put_back_exactly(either):
    bench = either
    id = bench.subclient()
    ends = int(bench.sim.clock.now()) + HOUR
    bench.commvault.control_disable("subclient", id, again_at=ends)
    before = bench.definition(id)
    snapshot = bench.platform.snapshot(before, {})
    bench.platform.perform(Order("enable", before))
    assert bench.off() == {}
    back = Order("disable", bench.definition(id), restore=snapshot)
    assert bench.platform.objection(back) is None
    bench.platform.perform(back)
    assert bench.off() == {("subclient", id): ends}
    assert bench.platform.snapshot(bench.definition(id), {}) == snapshot
    past = Order("disable", before, restore={"enable_after": "2020-01-01T00:00:00Z"})
    assert "has passed" in bench.platform.objection(past)


@pytest.mark.parametrize("restore", [{}, {"enable_after": 5}, {"enable_after": "soon"}])
def test_a_restore_that_is_not_ours(bench, restore):
    with pytest.raises(InvalidError, match="before.native"):
        bench.platform.objection(Order("disable", bench.definition(), restore=restore))


def test_relative_times_end_for_all_jobs_at_once(bench):
    platform = bench.open(timezone="Europe/Zurich")
    before = int(time.time())
    platform.check_order("disable", {"enable_after": "2h"})
    for id in ("7", "101"):
        platform.perform(Order("disable", bench.definition(id), options={"enable_after": "2h"}))
    (ends,) = set(bench.off().values())
    assert before + 2 * HOUR <= ends <= time.time() + 2 * HOUR
    platform.perform(Order("disable", bench.definition(), options={"enable_after": "2037-07-01 12:00"}))
    assert 2130055200 in {row["again_at"] for row in bench.commvault.state()["disabled"]}  # 10:00 UTC
    platform.close()


# -- what is refused before any request --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["start", "stop", "suspend", "resume"])
@pytest.mark.parametrize("given", [{"scope": "client"}, {"scope": "subclient"}, {"enable_after": "2h"}])
def test_switching_options_with_other_states(bench, verb, given):
    with pytest.raises(InvalidError, match="commvault." + next(iter(given))):
        bench.platform.check_order(verb, given)
    assert not bench.sim.log.entries()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2020-01-01T00:00:00Z", "not a time in the future"),
        ("-2h", "past"),
        ("soon", "not a time"),
        ("2039-01-01", "before 2038"),
        ("1900000000000", "milliseconds"),
    ],
)
def test_times_that_cannot_end_a_window(bench, value, words):
    with pytest.raises(InvalidError, match=words) as caught:
        bench.platform.check_order("disable", {"enable_after": value})
    assert "commvault.enable_after" in caught.value.message
    with pytest.raises(InvalidError, match="state disabled only"):
        bench.platform.check_order("enable", {"enable_after": "2h"})
    assert not bench.sim.log.entries()


def test_orders_for_the_other_entity(bench):
    run = {"entity": "run", "id": "1", "name": "x", "native": {}, "enabled": None}
    job = dict(run, entity="definition")
    for verb in ("enable", "disable", "start"):
        assert "not jobs" in bench.platform.objection(Order(verb, run))
    for verb in ("suspend", "resume"):
        assert "not subclients" in bench.platform.objection(Order(verb, job))
        with pytest.raises(Unsupported):
            bench.platform.perform(Order(verb, job))
    assert bench.platform.objection(Order("stop", run)) is None
    assert not bench.sim.log.entries()


def test_what_ids_are(bench):
    platform = bench.platform
    assert platform.bare_entity({}) == platform.bare_entity({"enable_after": "2h"}) == "run"
    assert platform.bare_entity({"scope": "client"}) == platform.bare_entity({"scope": "subclient"}) == "definition"
    assert [platform.whole_scope({"scope": one}) for one in ("subclient", *PLACES)] == [False, False, False, True]
    assert not platform.whole_scope({})
    with pytest.raises(InvalidError, match="takes no ids"):
        bench.scope("commcell", "2")
    with pytest.raises(InvalidError, match="commvault.scope"):
        bench.read("run", options={"scope": "client"})
    assert not bench.sim.log.entries()


# -- the levels above ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", PLACES)
def test_each_level_has_a_switch_of_its_own(bench, scope):
    kind, id = bench.place(scope)
    name = {"client": "sql-prod-01", "client_group": "Production"}.get(scope)
    record = bench.level(scope)
    assert set(record) == set(model.RECORD_KEYS)
    assert (record["uid"], record["entity"], record["id"]) == ("commvault:cs:{0}:{1}".format(scope, id), scope, id)
    assert (record["enabled"], record["state"], record["native"]["enabled_again_at"]) == (True, "unknown", None)
    assert name in (None, record["name"])
    subclients = bench.rows()
    assert bench.platform.objection(Order("disable", record, options={"scope": scope})) is None
    bench.platform.perform(Order("disable", record, options={"scope": scope}))
    assert bench.off() == {(kind, id): 0}
    assert bench.level(scope)["enabled"] is False
    for other in set(PLACES) - {scope}:
        assert bench.level(other)["enabled"] is True
    assert bench.definition()["enabled"] is True, "a subclient has a flag of its own"
    assert bench.rows()[bench.subclient()]["effectively_enabled"] is False
    bench.platform.perform(Order("enable", bench.level(scope), options={"scope": scope}))
    assert (bench.off(), bench.rows()) == ({}, subclients)
    place = {"client": "Server/" + id, "client_group": "ServerGroup/7", "commcell": "Commcell"}[scope]
    assert bench.writes() == [
        ("PUT", "V4/{0}/Backup/Action/{1}".format(place, action), "", None) for action in ("Disable", "Enable")
    ]


@without_v4
@pytest.mark.parametrize("later", [False, True])
def test_the_classic_calls_of_a_client(bench, later):
    record, ends = bench.level("client"), int(time.time()) + HOUR
    moment = {
        "TimeZoneName": "(UTC) Coordinated Universal Time",
        "timeValue": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ends)),
    }
    bench.platform.perform(Order("disable", record, options={"enable_after": str(ends)} if later else {}))
    assert bench.level("client")["enabled"] is False
    bench.platform.perform(Order("enable", record))
    assert bench.level("client")["enabled"] is True
    off = {"activityType": 1, "enableActivityType": False, "enableAfterADelay": later}
    if later:
        off["dateTime"] = moment
    on = {"activityType": 1, "enableActivityType": True, "enableAfterADelay": False}
    bodies = [
        {
            "association": {"entity": [{"clientName": "sql-prod-01"}]},
            "clientProperties": {"clientProps": {"clientActivityControl": {"activityControlOptions": [option]}}},
        }
        for option in (off, on)
    ]
    assert bench.writes() == [("POST", "Client/" + record["id"], "", body) for body in bodies]


@pytest.mark.parametrize("later", [False, True])
def test_the_classic_calls_of_the_commcell(bench, later):
    """The vendor's SDK reads with V4 and writes with these."""
    bench.sim.faults.add("status", status=404, path="/V4/Commcell/Backup", times=-1)
    record, ends = bench.level("commcell"), int(time.time()) + HOUR
    bench.platform.perform(Order("disable", record, options={"enable_after": str(ends)} if later else {}))
    assert bench.off() == {("commcell", "2"): ends if later else 0}
    bench.platform.perform(Order("enable", bench.level("commcell")))
    assert bench.off() == {}
    classic = [(method, path) for method, path, _query, _body in bench.writes() if not path.startswith("V4")]
    assert classic == [
        ("PUT", "CommCell/Properties") if later else ("POST", "CommCell/ActivityControl/1/Action/Disable"),
        ("POST", "CommCell/ActivityControl/1/Action/Enable"),
    ]


@without_v4
@pytest.mark.parametrize("scope", ["client_group", "commcell"])
def test_levels_that_need_v4(bench, scope):
    with pytest.raises(Unsupported) as caught:
        bench.scope(scope)
    assert "11.32" in caught.value.hint and scope in caught.value.hint
    record = {"entity": "client_group", "id": "7", "name": "Production", "native": {}, "enabled": True}
    with pytest.raises(Unsupported) as caught:
        bench.platform.perform(Order("disable", record))
    assert "11.32" in caught.value.hint
    assert bench.off() == {}


@pytest.mark.parametrize("scope", ["client", "client_group"])
def test_lists_of_a_level(bench, scope):
    _listing, everything = bench.scope(scope)
    kind, id = bench.place(scope)
    names = [record["name"] for record in everything]
    assert len(set(names)) == len(names) > 3
    bench.commvault.control_disable(kind, id)
    before = {record["id"]: record["enabled"] for record in everything}
    assert {record["id"]: record["enabled"] for record in bench.scope(scope)[1]} == {**before, id: False}
    listing, records = bench.scope(scope, id)
    assert ([record["id"] for record in records], listing.missing) == ([id], [])
    listing, records = bench.read("definition", ["0", "99999", "x", "../2", id], ("enabled",), options={"scope": scope})
    assert ([record["id"] for record in records], listing.missing) == ([id], ["0", "99999", "x", "../2"])


@pytest.mark.parametrize("scope", ["client", "client_group"])
def test_only_what_may_be_meant_is_read(bench, scope):
    name = bench.level(scope)["name"]
    for names, clients in (([name, "no such"], []), ([name[:-1] + "?"], []), ([], [name.upper()])):
        bench.sim.log.clear()
        _listing, records = bench.scope(scope, names=names, clients=clients)
        assert name in [record["name"] for record in records]
        assert len(bench.sim.log.entries()) <= 4
    assert bench.scope(scope, names=["no such"])[1] == []


def test_a_client_is_found_by_its_display_name(bench, monkeypatch):
    entity = {"clientId": 3, "clientName": "db_3", "displayName": "Ledger"}
    option = {
        "activityType": "1",
        "enableActivityType": "false",
        "enableAfterADelay": "true",
        "dateTime": {"time": "2000000000"},
    }
    properties = {
        "client": {"clientEntity": entity},
        "clientProps": {"clientActivityControl": {"activityControlOptions": option}},
    }
    monkeypatch.setattr(bench.platform.client, "get_clients", lambda: [entity])
    monkeypatch.setattr(bench.platform.client, "get_client", lambda id: properties)
    (record,) = bench.scope("client", clients=["ledger"])[1]
    assert (record["name"], record["workload"]["client"], record["enabled"]) == ("db_3", "db_3", False)
    assert [one["name"] for one in record["workload"]["objects"]] == ["Ledger"]
    assert record["native"] == {"client_id": "3", "enabled_again_at": "2033-05-18T03:33:20Z"}


def test_a_level_that_does_not_tell(bench, monkeypatch):
    monkeypatch.setattr(bench.platform.client, "get_commcell_activity", lambda: [{"activityType": 2, "enabled": True}])
    monkeypatch.setattr(bench.platform.client, "commserv", dict)
    (record,) = bench.scope("commcell")[1]
    assert (record["id"], record["name"], record["enabled"]) == ("2", "2", None)
    monkeypatch.setattr(bench.platform.client, "get_server_group", lambda id: {})
    assert {record["enabled"] for record in bench.scope("client_group")[1]} == {None}


# -- lost answers, dead tokens, refusals -----------------------------------------------------------------------------------------


def orders(bench):
    """One order of each kind, made from fresh records."""
    run, suspended = bench.running(bench.subclient("sql-prod-02")), bench.running(bench.subclient("sql-test-01"))
    bench.commvault.control_set_status(int(suspended), "Suspended")
    idle = bench.subclient()
    bench.commvault.control_disable("subclient", 7)
    return {
        "enable": Order("enable", bench.definition("7")),
        "disable": Order("disable", bench.definition(idle)),
        "start": Order("start", bench.definition(idle)),
        "stop": Order("stop", bench.run(run)),
        "suspend": Order("suspend", bench.run(run)),
        "resume": Order("resume", bench.run(suspended)),
        "client": Order("disable", bench.level("client")),
        "client_group": Order("disable", bench.level("client_group")),
        "commcell": Order("disable", bench.level("commcell")),
    }


VERBS = ("enable", "disable", "start", "stop", "suspend", "resume", "client", "client_group", "commcell")


def touched(bench):
    """Everything that a write can change."""
    state = bench.commvault.state()
    counts = ("starts", "stops", "pauses", "resumes")
    runs = {id: [run[count] for count in counts] for id, run in state["runs"].items() if any(run[c] for c in counts)}
    return json.dumps([state["disabled"], runs], sort_keys=True)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html", "cut", "truncate", "bad_gateway"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_lost_answer_is_not_sent_again(bench, verb, kind):
    order = orders(bench)[verb]
    before = touched(bench)
    fault = {"kind": "status", "status": 502} if kind == "bad_gateway" else {"kind": kind}
    bench.sim.faults.add(**fault, writes=True, times=-1)
    with pytest.raises(LostAnswer):
        bench.platform.perform(order)
    assert len(bench.writes()) == 1
    done = kind in ("drop_after", "cut", "truncate")
    assert (touched(bench) != before) is done


@pytest.mark.parametrize("verb", VERBS)
def test_a_dead_token_writes_nothing(bench, verb):
    order = orders(bench)[verb]
    before = touched(bench)
    bench.sim.faults.add("expire_token", writes=True)
    with pytest.raises(SessionExpired):
        bench.platform.perform(order)
    assert (len(bench.writes()), touched(bench)) == (1, before)
    # The login is new by now: the caller reads again and may order again.
    bench.platform.perform(order)
    assert len(bench.writes()) == 2 and touched(bench) != before


def test_a_given_token_that_dies(bench):
    token = bench.platform.client.session()["token"]
    platform = bench.open(username=None, password=None, token=token)
    order = Order("disable", bench.definition())
    bench.sim.faults.add("expire_token", writes=True)
    with pytest.raises(AuthenticationError, match="token was refused"):
        platform.perform(order)
    assert (len(bench.writes()), bench.off()) == (1, {})
    platform.close()


def test_too_many_requests_is_not_sent_again(bench):
    order = Order("start", bench.definition())
    bench.sim.faults.add("status", status=429, writes=True, times=-1)
    with pytest.raises(RateLimited):
        bench.platform.perform(order)
    assert len(bench.writes()) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_right(bench, verb):
    order = orders(bench)[verb]
    before = touched(bench)
    auditor = bench.open(username="auditor", password="read-only-1")
    with pytest.raises(PermissionDenied, match="does not have the permission"):
        auditor.perform(order)
    assert (len(bench.writes()), touched(bench)) == (1, before)
    auditor.close()


def test_refusals_keep_the_words_of_the_server(bench):
    run = bench.running()
    record = bench.run(run)
    bench.commvault.control_finish(int(run))
    for verb, words in (
        ("suspend", "cannot be suspended"),
        ("resume", "cannot be resumed"),
        ("stop", "cannot be killed"),
    ):
        with pytest.raises(ProtocolError, match=words) as caught:
            bench.platform.perform(Order(verb, record))
        assert caught.type is ProtocolError
        assert (caught.value.status, caught.value.code) == (200, "2")
    killed = bench.running()
    record = bench.run(killed)
    bench.platform.perform(Order("stop", record))
    with pytest.raises(Conflict, match="already being killed"):
        bench.platform.perform(Order("stop", record))
    assert bench.commvault.state()["runs"][killed]["stops"] == 1


def test_jobs_and_subclients_that_went_away(either):
    bench = either
    run = bench.running()
    job, subclient, client = bench.run(run), bench.definition(), bench.level("client")
    bench.commvault.control_remove(job_id=int(run))
    bench.commvault.control_remove(subclient_id=int(subclient["id"]))
    for order in (
        Order("stop", job),
        Order("start", subclient),
        Order("disable", subclient),
        Order("disable", dict(client, id="99999")),
    ):
        with pytest.raises(NotFound, match="does not exist"):
            bench.platform.perform(order)


def answer(status, body):
    content = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = types.SimpleNamespace(method="POST", path_url="/commandcenter/api/Job/1/action/kill", url="http://cs/")

    def read(**_options):
        return json.loads(content)

    return types.SimpleNamespace(
        status_code=status,
        ok=status < 400,
        content=content,
        request=request,
        json=read,
        text=content.decode(),
        url=request.url,
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        b"",
        {"errors": [{"errList": [{"errorCode": 0, "errLogMessage": ""}]}]},
        {"errors": {"errList": {"errorCode": "0"}}},
        {"errorCode": 0, "errorMessage": ""},
        {"response": [{"errorCode": 0, "warningMessage": "x"}]},
        b'<JobManager_PerformJobOperationResp processId="1"/>',
    ],
)
def test_answers_that_accept(bench, body):
    bench.platform.client.check(answer(200, body), read=False)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"errors": [{"errList": [{"errorCode": 2, "errLogMessage": "No."}]}]}, ProtocolError),
        (200, {"response": [{"errorCode": "2", "errorString": "No."}]}, ProtocolError),
        (200, {"errorCode": 2, "errorMessage": "Another backup is running for client [c]. No."}, Conflict),
        (409, {"errorCode": 2, "errorMessage": "No."}, Conflict),
        (200, {"errorCode": 5, "errorMessage": "No."}, PermissionDenied),
        (404, {"errorCode": 2, "errorMessage": "No."}, NotFound),
        (500, {"errorCode": 2, "errorMessage": "No."}, ProtocolError),
    ],
)
def test_answers_that_refuse(bench, status, body, kind):
    with pytest.raises(kind) as caught:
        bench.platform.client.check(answer(status, body), read=False)
    assert caught.type is kind
    assert caught.value.message.endswith("No.")


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html><body>Hi</body></html>"), (200, b"{"), (500, b"<html></html>")]
)
def test_answers_that_nobody_can_read(bench, status, body):
    client = bench.platform.client
    with pytest.raises(LostAnswer):
        client.check(answer(status, body), read=False)
    with pytest.raises(ProtocolError):
        client.check(answer(status, body), read=True)
