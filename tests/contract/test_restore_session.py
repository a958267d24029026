# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""restore_session and restore_session_info on the products that browse: open, reuse, find again and always close."""

from __future__ import annotations

import asyncio
import contextlib
import json
import stat
from datetime import datetime, timezone
from uuid import UUID

import pytest
from cases import CASES, PASSWORD, Case

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import restore_session, restore_session_info
from simulator import Simulator

#: Vendor page "Managing Backup Jobs", example 5.
SAMPLE_JOB, SAMPLE_TIME = "3396ba22-21b1-4666-a631-0edfc12a59cd", "2020-04-12T10:54:40.2794046Z"
NORTH = "northwind.onmicrosoft.com"
VEEAM = [name for name in CASES if name.startswith("veeam")]
BROWSING = [*VEEAM, "nakivo"]
#: What opens a session, by platform; each has one source and may be opened at any time.
OPENS = {
    "veeam_m365": {"job_id": SAMPLE_JOB, "type": "vex"},
    "nakivo": {"job_id": "1", "nakivo": {"backup_object": "web-01"}},
}
SOURCES = {"veeam_m365": {"job_id": SAMPLE_JOB, "type": "vex"}, "nakivo": {"job_id": "1"}}


class Sessions(Case):
    """A case that keeps its records of sessions in a folder of its own."""

    folder = None

    @property
    def connection(self):
        return dict(super().connection, session_cache_dir=str(self.folder))

    def session(self, state, check=False, **arguments):
        return self.run(restore_session, check=check, state=state, **arguments)

    def start(self, check=False, **arguments):
        return self.session("started", check, **{**OPENS[self.platform], **arguments})

    def stop(self, check=False, **arguments):
        named = {"session_id", "job_id", "organization"}.intersection(arguments)
        return self.session("stopped", check, **{**({} if named else SOURCES[self.platform]), **arguments})

    def sessions(self, **arguments):
        return self.run(restore_session_info, **arguments)

    def made(self):
        """Sessions at the server that this account opened: ``{id: state}``, by the simulator's own word."""
        product = self.simulator[self.platform]
        with product.lock:
            product.progress(self.simulator.clock.now())
            state = product.state()
        if self.platform == "nakivo":
            return state["recoveries"]
        return {id: row for id, row in state["restore_sessions"].items() if row["account"].endswith("\\admin")}

    def open(self):
        if self.platform == "nakivo":
            return [id for id, row in self.made().items() if row["state"] != "CLOSED"]
        return [id for id, row in self.made().items() if row["ended"] is None]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(restore_session, "STOPPED_S", 2)
    monkeypatch.setattr(restore_session, "LOST_S", 2)
    monkeypatch.setattr(restore_session, "FOUND_S", 2)


def opened(name, tmp_path, **switches):
    platform = CASES[name]["platform"]
    options = {platform: {**CASES[name].get("switches", {}), **switches}}
    simulator = Simulator(products=(platform,), options=options)
    case = Sessions(name, simulator)
    case.folder = tmp_path / "sessions"
    return simulator, case


@pytest.fixture(params=BROWSING)
def case(request, tmp_path):
    simulator, case = opened(request.param, tmp_path)
    with simulator:
        yield case


@pytest.fixture(params=VEEAM)
def veeam(request, tmp_path):
    simulator, case = opened(request.param, tmp_path)
    with simulator:
        yield case


@pytest.fixture
def nakivo(tmp_path):
    simulator, case = opened("nakivo", tmp_path)
    with simulator:
        yield case


def good(result):
    assert not result.get("failed"), result["msg"]
    return result


def refused(result, kind, *words):
    assert result.get("failed"), result
    assert result["error"]["kind"] == kind, result["msg"]
    for word in words:
        assert word in result["msg"], result["msg"]
    assert result["error"]["message"].count("\n") == 0
    return result


# -- open, reuse, stop ---------------------------------------------------------------------------------------------------


def test_open_twice_is_one_session_and_stop_twice_is_one_stop(case):
    case.simulator.log.clear()
    predicted = good(case.start(check=True))
    assert predicted["changed"] is True and predicted["session"]["id"] is None and not predicted["audit"]
    assert not case.writes() and not case.folder.exists(), "check mode wrote"
    first = good(case.start(reason="CHG1"))
    assert first["changed"] is True
    assert list(first["session"]) == list(sessions.SESSION_KEYS)
    assert (first["session"]["state"], first["session"]["kind"]) == ("open", "browse")
    assert predicted["diff"] == first["diff"]
    for key in ("platform", "kind", "type", "state", "source", "point_in_time", "recovery_point"):
        assert predicted["session"][key] == first["session"][key], key
    assert [(entry["reason"], entry["operation"]) for entry in first["audit"]] == [("CHG1", "open")]
    again = good(case.start())
    assert again["changed"] is False and again["session"]["id"] == first["session"]["id"] and not again["audit"]
    assert again["session"] == first["session"]
    assert good(case.start(check=True))["changed"] is False
    assert case.open() == [first["session"]["id"]]
    will = good(case.stop(check=True))
    assert will["changed"] is True and case.open()
    ended = good(case.stop())
    assert ended["changed"] is True and ended["diff"] == will["diff"]
    assert (ended["session"]["id"], ended["session"]["state"]) == (first["session"]["id"], "closed")
    written = len(case.writes())
    for arguments in ({}, {"session_id": first["session"]["id"]}):
        twice = good(case.stop(**arguments))
        assert twice["changed"] is False and twice["session"]["state"] == "closed"
        assert twice["session"]["id"] == first["session"]["id"]
        assert good(case.stop(check=True, **arguments))["changed"] is False
    assert len(case.writes()) == written
    assert not case.open()


def test_stop_by_id_and_without_reuse(case):
    first = good(case.start())["session"]
    second = good(case.start(reuse=False))["session"]
    assert first["id"] != second["id"] and len(case.open()) == 2
    good(case.stop(session_id=first["id"]))
    assert case.open() == [second["id"]]
    good(case.stop())
    assert not case.open()


def test_stop_by_source_ends_all_of_them(case):
    ids = {good(case.start(reuse=False))["session"]["id"] for _turn in range(3)}
    ended = good(case.stop())
    assert {session["id"] for session in ended["sessions"]} == ids
    assert not case.open()


def test_the_record_is_private_and_holds_no_secret(case):
    good(case.start(session_cache=False))
    (path,) = case.folder.glob("restore-*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(case.folder.stat().st_mode) == 0o700
    text = path.read_text()
    assert PASSWORD not in text and "token" not in text.lower() and "JSESSIONID" not in text
    path.chmod(0o644)
    again = case.start()
    assert again["changed"] is True and any("0600" in warning for warning in again["warnings"])


def test_a_session_is_not_reused_for_something_else(case):
    first = good(case.start())["session"]
    other = {"nakivo": {"nakivo": {"backup_object": "web-02"}}}.get(case.platform, {"type": "veod"})
    second = good(case.start(**other))
    assert second["changed"] is True and second["session"]["id"] != first["id"]
    if case.platform == "veeam_m365":
        third = good(case.start(show_deleted=True))
        assert third["changed"] is True
        assert good(case.start(show_deleted=True))["changed"] is False
        good(case.stop(job_id=SAMPLE_JOB, type="veod"))
        assert sorted(case.open()) == sorted([first["id"], third["session"]["id"]])


def test_an_expired_session_is_replaced_and_said(case):
    moment = model.timestamp(case.simulator.clock.now() - 30 * 3600)
    first = good(case.start(point_in_time=moment))["session"]
    case.simulator.clock.advance(3600)
    second = case.start(point_in_time=moment)
    assert good(second)["changed"] is True and second["session"]["id"] != first["id"]
    assert any(first["id"] in warning and "expired" in warning for warning in second["warnings"])
    case.simulator.clock.advance(3600)
    ended = good(case.stop())
    assert ended["changed"] is False and ended["session"]["state"] == "closed"
    assert not good(case.start(point_in_time=moment))["warnings"], "what was said once is not said again"


def test_sessions_of_others_need_their_id(case):
    """Without a record of ours a session is somebody else's, even when the account is the same."""
    first = good(case.start())["session"]
    for path in case.folder.glob("restore-*.json"):
        path.unlink()
    untouched = good(case.stop())
    assert untouched["changed"] is False and untouched["session"] is None
    assert case.open() == [first["id"]]
    second = good(case.start())
    assert second["changed"] is True, "a session without a recorded point in time was reused"
    good(case.stop(session_id=first["id"]))
    assert case.open() == [second["session"]["id"]]


def test_the_login_lives_on_after_opening_and_reuse_only(case):
    product = case.simulator[case.platform]
    count = (lambda: product.logouts) if case.platform == "veeam_m365" else (lambda: -len(product.state()["sessions"]))
    before = count()
    good(case.start())
    good(case.start())
    kept = count()
    assert kept <= before
    good(case.stop())
    if case.name in ("nakivo", "veeam_m365-v7", "veeam_m365-v8"):
        assert count() >= kept


def test_a_product_that_ends_sessions_with_the_login_ends_none_of_ours(tmp_path):
    simulator, case = opened("veeam_m365-v8", tmp_path, logout_stops_sessions=True)
    with simulator:
        first = good(case.start())["session"]
        second = good(case.start(type="vet"))["session"]
        good(case.sessions())
        refused(case.start(point_in_time="2001-01-01T00:00:00Z"), "refused")
        good(case.stop(session_id=second["id"]))
        assert case.open() == [first["id"]]
        good(case.stop())
        assert not case.open() and simulator["veeam_m365"].logouts == 1


# -- what goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop_after", "truncate", "cut", "html"])
def test_a_lost_answer_leaves_one_session(veeam, fault):
    path = "action" if veeam.name.endswith("v5") else "explore"
    veeam.simulator.faults.add(fault, product="veeam_m365", path=path, writes=True)
    first = veeam.start()
    if fault == "html":  # answered without being done: nobody may open a second one blindly
        refused(first, "unreachable", "not sent again")
        assert not veeam.made()
        assert good(veeam.start())["changed"] is True
    else:
        assert good(first)["changed"] is True
    assert len(veeam.made()) == 1
    assert good(veeam.start())["changed"] is False
    good(veeam.stop())
    assert not veeam.open()


def test_a_request_that_never_arrived_is_not_repeated_but_the_next_task_opens(case):
    path = {"nakivo": "createSession", "veeam_m365-v5": "action"}.get(case.name, "explore")
    case.simulator.faults.add("drop_before", product=case.platform, path=path)
    case.simulator.log.clear()
    lost = case.start()
    refused(lost, "unreachable", "not sent again")
    assert lost["changed"] is False and lost["audit"][0]["status"] == "failed"
    assert not case.made()
    assert good(case.stop())["changed"] is False
    assert good(case.start())["changed"] is True
    assert len(case.made()) == 1


@pytest.mark.parametrize("behind", [0, 1800])
def test_an_orphan_of_a_killed_task_is_taken_or_closed_by_the_next(veeam, monkeypatch, behind):
    """Also where the server's clock is half an hour behind: whoever looks must know that before."""
    veeam.simulator.clock.advance(-behind)

    class Killed(BaseException):
        pass

    platform = None

    def opened_and_killed(self, order, target):
        nonlocal platform
        platform = self
        type(self).original(self, order, target)
        raise Killed

    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.restoring import Restoring

    monkeypatch.setattr(Restoring, "original", Restoring.open_session, raising=False)
    for act in (veeam.start, veeam.stop):
        with monkeypatch.context() as patch:
            patch.setattr(Restoring, "open_session", opened_and_killed)
            with pytest.raises(Killed):
                veeam.start()
        assert len(veeam.open()) == 1
        taken = good(act())
        assert taken["session"]["id"] in veeam.made()
        assert taken["changed"] is (act == veeam.stop)
        good(veeam.stop())
        assert not veeam.open()


def test_a_token_that_dies_before_the_write_is_renewed(case):
    path = {"nakivo": "createSession", "veeam_m365-v5": "action"}.get(case.name, "explore")
    case.simulator.faults.add("expire_token", product=case.platform, path=path)
    assert good(case.start())["changed"] is True
    assert len(case.made()) == 1
    path = {"nakivo": "closeSession", "veeam_m365-v5": "action"}.get(case.name, "Stop")
    case.simulator.faults.add("expire_token", product=case.platform, path=path)
    assert good(case.stop())["changed"] is True
    assert not case.open()


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_stop_whose_answer_is_lost_is_verified(case, fault):
    good(case.start())
    case.simulator.faults.add(fault, product=case.platform, writes=True)
    ended = good(case.stop())
    assert ended["changed"] is True and ended["session"]["state"] == "closed"
    assert not case.open()


def test_a_session_that_the_server_keeps_open_is_no_success(veeam):
    first = good(veeam.start())["session"]
    veeam.simulator["veeam_m365"].control("set_switch", {"switch": "sticky_restore_sessions", "value": True})
    refused(veeam.stop(), "protocol", first["id"], "still shows as open")
    veeam.simulator["veeam_m365"].control("set_switch", {"switch": "sticky_restore_sessions", "value": False})
    assert good(veeam.stop())["changed"] is True


#: The requests of one life of a session, in order: the drill breaks each of them once.
STEPS = {
    "veeam_m365": ("ServiceInstance", "token$", r"/Jobs/[^/]*$", r"/Organizations/", r"/RestoreSessions\?",
                   "explore|action", r"/RestoreSessions/[^/]*$", "Stop|RestoreSessions/.*/action", "token/logout"),
    "nakivo": ("login", "getJob$", "getJobInfo", "getSavepoints", "createSession", "getState", "closeSession", "logout"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "status", "html", "truncate"])
def test_the_drill_no_session_stays_open_whatever_fails(case, fault):
    """open, do something, close in ``always:`` (which the playbook repeats once): zero open sessions each time."""
    for step in STEPS[case.platform]:
        options = {"status": 500} if fault == "status" else {}
        case.simulator.faults.add(fault, product=case.platform, path=step, **options)
        first = case.start(retries=0)
        case.simulator.faults.clear()
        if first.get("failed"):
            assert "kind" in first["error"] and first["error"]["kind"] != "bug"
        case.simulator.faults.add(fault, product=case.platform, path=step, **options)
        ended = case.stop(retries=0)
        if ended.get("failed"):
            ended = case.stop()
        assert not ended.get("failed"), ended["msg"]
        case.simulator.faults.clear()
        if case.platform == "nakivo" and case.open():
            # Its id is in no answer and no list: such a session ends by itself when nobody asks for its state.
            assert step == "createSession"
            case.simulator.clock.advance(90)
        assert not case.open(), step


# -- times and ranges ----------------------------------------------------------------------------------------------------


def test_points_in_time_are_refused_without_a_zone(case):
    for words in ("2026-01-31 22:00:00", "2026-01-31"):
        refused(case.start(point_in_time=words), "invalid", "point_in_time", "time zone")
    refused(case.start(point_in_time="yesterday"), "invalid", "point_in_time", "yesterday")
    refused(case.start(point_in_time="+2d"), "invalid", "point_in_time", "past")
    refused(case.start(point_in_time="1586688880000"), "invalid", "milliseconds")
    assert not case.simulator.log.entries()


def test_the_range_is_checked(case):
    refused(case.start(point_in_time="2001-01-01T00:00:00Z"), "refused", "earlier than the first backup", "2001-01-01")
    assert not case.made()
    late = good(case.start(point_in_time="2039-01-01T00:00:00Z"))
    assert late["changed"] is True and any("later than the last backup" in warning for warning in late["warnings"])
    assert good(case.start(point_in_time="2039-01-01T00:00:00Z"))["changed"] is False
    assert good(case.start())["changed"] is False, "that is the latest"


def test_a_relative_time_is_past_and_the_same_for_a_while(case):
    first = good(case.start(point_in_time="30h"))
    moment = model.epoch_of(first["session"]["point_in_time"]) if case.platform == "veeam_m365" else None
    if moment:
        assert abs(case.simulator.clock.now() - moment - 30 * 3600) < 60
    assert good(case.start(point_in_time="-30h"))["changed"] is False
    assert len(case.made()) == 1


def test_a_timezone_serves_a_time_without_one(veeam):
    moment = datetime.fromtimestamp(veeam.simulator.clock.now() - 86400, timezone.utc).replace(microsecond=0)
    given = moment.strftime("%Y-%m-%d %H:%M:%S")
    found = good(veeam.start(point_in_time=given, timezone="UTC"))
    assert found["session"]["point_in_time"] == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_new_backup_makes_the_latest_another_one(veeam):
    product = veeam.simulator["veeam_m365"]
    now = veeam.simulator.clock.now()
    product.control("set_backup_range", {"organization": NORTH, "first": 1600000000.0, "last": now - 7200})
    first = good(veeam.start(organization=NORTH, job_id=None))["session"]
    assert good(veeam.start(organization=NORTH, job_id=None))["changed"] is False
    product.control("set_backup_range", {"organization": NORTH, "first": 1600000000.0, "last": now - 60})
    second = good(veeam.start(organization=NORTH, job_id=None))
    assert second["changed"] is True and second["session"]["id"] != first["id"]


# -- Veeam: the page's example, versions, words --------------------------------------------------------------------------


def test_the_pages_example(veeam):
    """Example 5 with the page's own values on v5, its equivalent on v6 to v8."""
    found = good(veeam.start(point_in_time=SAMPLE_TIME))
    (entry,) = [entry for entry in veeam.writes() if SAMPLE_JOB in entry.path]
    version = veeam.name[-2:]
    body = json.loads(entry.body)
    if version == "v5":
        assert entry.path == "/v5/Jobs/{0}/action".format(SAMPLE_JOB)
        assert body == {"explore": {"datetime": SAMPLE_TIME, "type": "vex"}}
    else:
        assert entry.path == "/{0}/Jobs/{1}/explore".format(version, SAMPLE_JOB)
        assert body == {"dateTime": SAMPLE_TIME, "type": "Vex"}
    assert found["session"]["point_in_time"] == "2020-04-12T10:54:40Z"
    assert found["session"]["type"] == "vex"
    source = found["session"]["source"]
    assert (source["kind"], source["id"], source["client"]) == ("job", SAMPLE_JOB, NORTH)
    made = veeam.made()[found["session"]["id"]]
    assert made["job"] == SAMPLE_JOB and made["type"] == "vex" and abs(made["point"] - 1586688880.28) < 1


@pytest.mark.parametrize("type", ["vex", "veod", "vesp", "vet"])
def test_all_types_and_what_is_shown(veeam, type):
    found = good(veeam.start(organization=NORTH, job_id=None, type=type, show_deleted=True, show_all_versions=True))
    made = veeam.made()[found["session"]["id"]]
    assert (made["type"], made["show_deleted"], made["show_all_versions"]) == (type, True, True)
    assert made["job"] is None and found["session"]["source"]["kind"] == "organization"
    assert good(veeam.stop(organization=NORTH, type=type))["changed"] is True
    assert not veeam.open()


@pytest.mark.parametrize("shape", ["none", "session", "created"])
def test_v5_may_answer_without_a_session(tmp_path, shape):
    simulator, case = opened("veeam_m365-v5", tmp_path, v5_job_explore=shape)
    with simulator:
        found = good(case.start(point_in_time=SAMPLE_TIME))
        assert list(case.made()) == [found["session"]["id"]]
        assert good(case.start(point_in_time=SAMPLE_TIME))["changed"] is False


def test_what_is_wrong_is_one_sentence(veeam):
    bad = {"job_id": None, "organization": "contoso.onmicrosoft.com"}
    refused(veeam.start(**bad), "not_found", "organization", "contoso", NORTH)
    refused(veeam.start(job_id="00000000-1111-2222-3333-444444444444"), "not_found", "job_id", "no backup job")
    refused(veeam.start(job_id="7"), "invalid", "job_id", "UUID")
    refused(veeam.start(type=None), "invalid", "type", "vesp")
    refused(veeam.start(job_id=None), "invalid", "organization")
    refused(veeam.stop(session_id="00000000-1111-2222-3333-444444444444"), "not_found", "session_id")
    refused(veeam.start(kind="restore"), "unsupported", "data_restore", "commvault")
    refused(veeam.session("stopped", point_in_time="1d", **SOURCES["veeam_m365"]), "invalid", "point_in_time")
    refused(veeam.start(session_id="00000000-1111-2222-3333-444444444444", job_id=None), "invalid", "session_id")
    refused(veeam.start(in_place=True), "invalid", "in_place", "restore")
    refused(veeam.start(wait_timeout=5), "invalid", "wait: true")
    assert not veeam.writes() or all("token" in entry.path for entry in veeam.writes())
    veeam.simulator["veeam_m365"].control("set_switch", {"switch": "explorers", "value": False})
    failed = refused(veeam.start(), "protocol", "Restore session cannot be created", "Explorer")
    assert failed["changed"] is False
    assert not list(veeam.folder.glob("restore-*.json")), "a refused session was recorded"


def test_a_bad_type_is_named(veeam):
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    validated = ArgumentSpecValidator(restore_session.SPEC).validate({"state": "started", "type": "vexx"})
    assert "type" in validated.error_messages[0] and "vexx" in validated.error_messages[0]


def test_an_offline_proxy_is_explained(veeam):
    veeam.simulator["veeam_m365"].control("set_switch", {"switch": "proxy_online", "value": False})
    failed = veeam.start(retries=0)
    assert failed["failed"] and "check_range: false" in failed["msg"] and "proxy" in failed["msg"]
    assert good(veeam.start(check_range=False))["changed"] is True


def test_an_organization_without_backups(veeam):
    veeam.simulator["veeam_m365"].control("set_backup_range", {"organization": NORTH, "first": None, "last": None})
    refused(veeam.start(), "refused", NORTH, "no backup")
    assert not veeam.made()


@pytest.mark.parametrize("name", ["veeam_m365-v6", "veeam_m365-v7", "veeam_m365-v8"])
def test_another_client_sees_the_same_session(tmp_path, name):
    """``veeam-365``, an independent client of the same product."""
    module = pytest.importorskip("veeam_365.client", reason="the package veeam-365 is not installed")
    simulator, case = opened(name, tmp_path)

    async def read(id):
        async with module.VeeamClient(simulator.url("veeam_m365"), "admin", PASSWORD, name[-2:]) as client:
            await client.connect()
            return await client.call(client.api("restore_session").restore_session_get_by_restore_session_id, UUID(id))

    with simulator:
        session = good(case.start(point_in_time=SAMPLE_TIME))["session"]
        seen = asyncio.run(read(session["id"]))
        assert (str(seen.id), seen.type_.value, seen.state.value) == (session["id"], "Vex", "Working")
        good(case.stop())
        assert asyncio.run(read(session["id"])).state.value == "Stopped"


# -- the list --------------------------------------------------------------------------------------------------------------


def test_the_list_and_its_filters(veeam):
    mine = good(veeam.start(point_in_time=SAMPLE_TIME))["session"]
    everything = good(veeam.sessions())
    assert [list(session) for session in everything["sessions"]] == [list(sessions.SESSION_KEYS)] * 4
    assert everything["total"] == everything["returned"] == 4 and everything["missing"] == []
    assert everything["summary"]["state"] == {"closed": 2, "open": 2}
    assert everything["sessions"][0] == mine, "the record completes what the product tells"
    created = [session["created_at"] for session in everything["sessions"]]
    assert created == sorted(created, reverse=True)

    def ids(**filters):
        return [session["id"] for session in good(veeam.sessions(**filters))["sessions"]]

    assert len(ids(states=["open"])) == 2 and len(ids(states=["closed"])) == 2
    assert len(ids(states=["closed"], results=["success"])) == 2
    assert ids(ours=True) == [mine["id"]] == ids(job_id=SAMPLE_JOB)
    assert len(ids(clients=[NORTH.upper()])) == 3 and len(ids(organization=NORTH)) == 3
    assert ids(types=["vet"]) == [] and len(ids(types=["Vex"])) == 4
    assert mine["id"] in ids(since="5m") and len(ids(since="5m")) == 1
    assert len(ids(until="2d")) == 1 and len(ids(since="2d", until="5m")) == 2
    assert ids(kinds=["restore"]) == []
    assert good(veeam.sessions(limit=1))["total"] == 4
    one = good(veeam.sessions(session_ids=[mine["id"], "00000000-1111-2222-3333-444444444444"]))
    assert [session["id"] for session in one["sessions"]] == [mine["id"]]
    assert one["missing"] == ["00000000-1111-2222-3333-444444444444"]
    refused(veeam.sessions(organization="contoso"), "not_found", "organization", NORTH)
    refused(veeam.sessions(since="1h", until="2h"), "invalid", "since")
    assert not [
        entry for entry in veeam.writes() if "token" not in entry.path and "explore" not in entry.body + entry.path
    ]


def test_leftovers_can_be_found_and_closed(veeam):
    for _turn in range(2):
        good(veeam.start(reuse=False))
    found = good(veeam.sessions(states=["open"], ours=True))["sessions"]
    for session in found:
        good(veeam.stop(session_id=session["id"]))
    assert len(found) == 2 and not veeam.open()


# -- NAKIVO ----------------------------------------------------------------------------------------------------------------


def test_what_nakivo_cannot_do_is_said_before_any_request(nakivo):
    refused(nakivo.sessions(), "unsupported", "list_restore_sessions", "veeam_m365")
    refused(nakivo.start(type="vex"), "invalid", "type")
    refused(nakivo.start(organization="x", job_id=None), "invalid", "organization")
    refused(nakivo.start(show_deleted=True), "invalid", "show_deleted")
    refused(nakivo.session("started"), "invalid", "job_id")
    refused(nakivo.start(kind="restore"), "invalid", "nakivo")
    refused(nakivo.session("started", kind="restore", job_id="12", point_in_time="1d"), "invalid", "point_in_time")
    assert not nakivo.simulator.log.entries()


def test_the_recovery_point_is_the_one_of_the_time(nakivo):
    latest = good(nakivo.start())["session"]
    older = good(
        nakivo.start(point_in_time=model.timestamp(model.epoch_of(latest["recovery_point"]["created_at"]) - 60))
    )
    assert older["session"]["recovery_point"]["id"] != latest["recovery_point"]["id"]
    assert older["session"]["recovery_point"]["created_at"] < latest["recovery_point"]["created_at"]
    exact = {"backup_object": "web-01", "recovery_point_id": int(latest["recovery_point"]["id"])}
    assert good(nakivo.start(nakivo=exact))["session"]["id"] == latest["id"], "that is the same backup"
    refused(nakivo.start(nakivo={}), "ambiguous", "web-01", "sql-prod-01")
    refused(nakivo.start(nakivo={"backup_object": "nobody"}), "not_found", "web-01")
    refused(nakivo.start(job_id="999"), "not_found", "999")


def test_a_recovery_point_that_cannot_be_opened_leaves_nothing(nakivo):
    point = int(good(nakivo.start(check=True))["session"]["recovery_point"]["id"])
    wrong = {"backup_object": "web-01", "hv_type": "HYPERV"}
    refused(nakivo.start(nakivo=wrong), "protocol", "cannot be opened")
    assert not nakivo.open()
    nakivo.simulator["nakivo"].control("break_savepoint", {"savepoint": point})
    refused(nakivo.start(), "refused", str(point), "CORRUPTED")
    assert not nakivo.open()


def test_an_older_release_is_explained(tmp_path):
    simulator, case = opened("nakivo-10", tmp_path)
    with simulator:
        refused(case.start(), "protocol", "11.2.1")


def test_a_recovery_job_is_a_restore(nakivo):
    job = good(nakivo.info(entity="definition", types=["restore"]))["jobs"][0]
    arguments = {"kind": "restore", "job_id": job["id"]}
    other = next(job for job in nakivo.info(entity="definition")["jobs"] if job["type"] == "backup")
    refused(nakivo.session("started", kind="restore", job_id=other["id"]), "invalid", "no recovery job")
    nakivo.simulator.clock.speed = 0.2
    predicted = good(nakivo.session("started", check=True, **arguments))
    first = good(nakivo.session("started", **arguments))
    assert first["changed"] is True is predicted["changed"] and first["diff"] == predicted["diff"]
    session = first["session"]
    assert session["kind"] == "restore" and session["run"]["entity"] == "run" and session["id"] == session["run"]["id"]
    assert session["state"] == "running" and any("in_place" in warning for warning in first["warnings"])
    again = good(nakivo.session("started", **arguments))
    assert again["changed"] is False and again["session"]["id"] == session["id"]
    nakivo.simulator.clock.speed = 5
    ended = good(nakivo.session("stopped", kind="restore", session_id=session["id"], wait=True, wait_interval=1))
    assert ended["changed"] is True and ended["session"]["result"] == "cancelled"
    assert good(nakivo.session("stopped", **arguments))["changed"] is False
    again = good(nakivo.session("stopped", wait=True, **arguments))
    assert (again["changed"], again["timeline"]) == (False, [])


def test_a_restore_is_waited_for(nakivo):
    job = good(nakivo.info(entity="definition", types=["restore"]))["jobs"][0]
    nakivo.simulator.clock.speed = 60
    done = good(
        nakivo.session("started", kind="restore", job_id=job["id"], wait=True, wait_interval=1, wait_timeout=60)
    )
    assert (done["session"]["state"], done["session"]["result"]) == ("finished", "success")
    assert done["timeline"][-1]["state"] == "finished" and nakivo.lines


@pytest.mark.parametrize("fault,done", [("drop_after", 1), ("drop_before", 0)])
def test_a_restore_whose_answer_is_lost_runs_once(nakivo, fault, done):
    job = good(nakivo.info(entity="definition", types=["restore"]))["jobs"][0]
    nakivo.simulator.clock.speed = 0.2
    nakivo.simulator.faults.add(fault, product="nakivo", path="JobManagement.run")
    first = nakivo.session("started", kind="restore", job_id=job["id"])
    assert bool(first.get("failed")) is not bool(done)
    assert nakivo.simulator["nakivo"].state()["jobs"][job["id"]]["start_requests"] == done


@pytest.mark.parametrize("name", list(CASES))
def test_what_a_product_cannot_do_is_said_before_any_request(tmp_path, name):
    simulator, case = opened(name, tmp_path)
    abilities = TRAITS[case.platform].capabilities
    with simulator:
        for kind, ability in sessions.KINDS.items():
            if not abilities[ability].supported:
                refused(case.session("started", kind=kind, job_id="1"), "unsupported", ability)
        if not abilities["list_restore_sessions"].supported:
            refused(case.sessions(), "unsupported", "list_restore_sessions")
        assert not simulator.log.entries()


# -- restores of data: BlueXP and Commvault --------------------------------------------------------------------------------

BLUEXP = [name for name in CASES if name.startswith("netapp_bluexp")]
COMMVAULT = [name for name in CASES if name.startswith("commvault")]
VOLUME = {"working_environment": "onprem-zrh-a800", "volume_name": "sql_prod_01_data"}
#: A restore that writes beside its source, by platform; another target; and a file of it.
RESTORES = {
    "netapp_bluexp": {"type": "volume", "source": VOLUME, "target": {"volume_name": "back_01"}},
    "commvault": {"client": "fs-zurich-01", "subclient": "default", "paths": ["/etc"], "target": {"path": "/restored"}},
}
OTHER_TARGETS = {"netapp_bluexp": {"volume_name": "back_02"}, "commvault": {"path": "/elsewhere"}}
RESTORE_CALLS = {"netapp_bluexp": "v3/restore", "commvault": "CreateTask"}


class Restores(Sessions):
    """A case whose product restores data by a request of its own."""

    def restore(self, check=False, more=None, **arguments):
        sub = {self.platform: {**RESTORES[self.platform], **(more or {})}}
        return self.session("started", check, kind="restore", **{**sub, **arguments})

    def started(self):
        """Ids of the restores that the server has started for us."""
        product = self.simulator[self.platform]
        if self.platform == "commvault":
            return [str(row["jobId"]) for row in product.restores]
        return [job.id for job in product.jobs.values() if job.kind.startswith("restore") and job.origin == "api"]


@pytest.fixture(params=[*BLUEXP, *COMMVAULT])
def restores(request, tmp_path):
    with _restoring(request.param, tmp_path) as case:
        yield case


@pytest.fixture(params=BLUEXP)
def bluexp(request, tmp_path):
    with _restoring(request.param, tmp_path) as case:
        yield case


@pytest.fixture(params=COMMVAULT)
def commvault(request, tmp_path):
    with _restoring(request.param, tmp_path) as case:
        yield case


@contextlib.contextmanager
def _restoring(name, tmp_path):
    simulator, _case = opened(name, tmp_path)
    case = Restores(name, simulator)
    case.folder = tmp_path / "sessions"
    with simulator:
        yield case


def test_a_data_restore_is_planned_started_and_met(restores):
    predicted = good(restores.restore(check=True))
    assert predicted["changed"] is True and predicted["session"]["id"] is None and not predicted["audit"]
    assert not restores.started() and not restores.folder.exists(), "check mode wrote"
    first = good(restores.restore(reason="CHG2"))
    session = first["session"]
    assert first["changed"] is True and restores.started() == [session["id"]]
    assert list(session) == list(sessions.SESSION_KEYS) and predicted["diff"] == first["diff"]
    for key in ("platform", "kind", "type", "source", "recovery_point"):
        assert predicted["session"][key] == session[key], key
    assert session["run"]["id"] == session["id"] and session["run"]["type"] == "restore"
    assert session["state"] in model.ACTIVE_STATES and session["state"] == session["run"]["state"]
    assert [(entry["reason"], entry["status"]) for entry in first["audit"]] == [("CHG2", "changed")]
    for check in (False, True):
        again = good(restores.restore(check=check))
        assert again["changed"] is False and not again["audit"]
        for key in ("id", "type", "source", "point_in_time", "recovery_point"):
            assert again["session"][key] == session[key], key
    assert restores.started() == [session["id"]]
    assert good(restores.restore(more={"target": OTHER_TARGETS[restores.platform]}))["changed"] is True
    if restores.platform == "commvault":
        assert good(restores.restore(reuse=False))["changed"] is True
        assert len(restores.started()) == 3


def test_a_data_restore_is_waited_for_and_listed(restores):
    restores.simulator.clock.speed = 600 if restores.platform == "commvault" else 30
    done = good(restores.restore(wait=True, wait_interval=1, wait_timeout=60))
    session = done["session"]
    assert (session["state"], session["result"]) == ("finished", "success")
    assert done["timeline"][-1]["state"] == "finished" and restores.lines
    listed = good(restores.sessions())
    assert session["id"] in [one["id"] for one in listed["sessions"]]
    assert {one["kind"] for one in listed["sessions"]} == {"restore"}
    (mine,) = good(restores.sessions(ours=True))["sessions"]
    assert mine["id"] == session["id"] and mine["source"] == session["source"]
    assert mine["recovery_point"] == session["recovery_point"]
    (one,) = good(restores.sessions(session_ids=[session["id"]]))["sessions"]
    assert one["id"] == session["id"] and good(restores.sessions(kinds=["browse"]))["total"] == 0


def test_a_data_restore_that_fails_is_not_accepted(bluexp):
    bluexp.simulator.clock.speed = 30
    bluexp.simulator["netapp_bluexp"].control("plan", {"status": "FAILED", "error": "No space left"})
    failed = refused(bluexp.restore(wait=True, wait_interval=1), "not_accepted", "No space left")
    assert failed["changed"] is True and failed["session"]["result"] == "failed"


@pytest.mark.parametrize("fault,done", [("drop_after", 1), ("truncate", 1), ("drop_before", 0)])
def test_a_data_restore_whose_answer_is_lost_is_never_sent_twice(restores, fault, done):
    restores.simulator.faults.add(fault, product=restores.platform, path=RESTORE_CALLS[restores.platform])
    first = restores.restore()
    assert len(restores.started()) == done
    if done:
        assert good(first)["changed"] is True and restores.started() == [first["session"]["id"]]
        assert good(restores.restore())["changed"] is False
    else:
        refused(first, "unreachable", "not sent again")
        assert first["changed"] is False and first["audit"][0]["status"] == "failed"
        assert good(restores.restore())["changed"] is True
    assert len(restores.started()) == 1


def test_a_token_that_dies_before_a_data_restore_is_renewed(restores):
    restores.simulator.faults.add("expire_token", product=restores.platform, path=RESTORE_CALLS[restores.platform])
    assert good(restores.restore())["changed"] is True
    assert len(restores.started()) == 1


def test_the_guards_of_a_data_restore(restores):
    if restores.platform == "commvault":
        back = {"target": None}
        steps = ((({}), "in_place"), ({"overwrite": True}, "in_place"))
        last = {"in_place": True}
    else:
        back = {"target": {"volume_name": "sql_prod_01_data"}}
        steps = (({}, "in_place"), ({"in_place": True}, "overwrite"), ({"overwrite": True}, "in_place"))
        last = {"in_place": True, "overwrite": True}
    for allowed, word in steps:
        for check in (True, False):
            refused(restores.restore(check=check, more=back, **allowed), "refused", word)
    refused(restores.restore(point_in_time="2001-01-01T00:00:00Z"), "refused", "earlier than the first backup")
    assert not restores.started()
    assert good(restores.restore(more=back, **last))["changed"] is True
    refused(restores.session("started", kind="restore", nakivo={"backup_object": "x"}), "invalid", "nakivo")


def test_a_restore_of_commvault_is_killed_by_source_and_by_id(commvault):
    source = {"commvault": {"client": "fs-zurich-01", "subclient": "default"}}
    for arguments in (source, {}):
        session = good(commvault.restore())["session"]
        arguments = arguments or {"session_id": session["id"]}
        will = good(commvault.session("stopped", check=True, kind="restore", **arguments))
        assert will["changed"] is True
        ended = good(commvault.session("stopped", kind="restore", wait=True, wait_interval=1, **arguments))
        assert ended["changed"] is True and ended["session"]["id"] == session["id"]
        assert (ended["session"]["state"], ended["session"]["result"]) == ("finished", "cancelled")
        assert good(commvault.session("stopped", kind="restore", **arguments))["changed"] is False


def test_a_restore_of_commvault_by_job(commvault):
    done = commvault.info(clients=["fs-zurich-01"], results=["success"], since=None, types=["backup"])
    job = next(run for run in done["jobs"] if run["workload"]["application"] == "File System")
    more = {"client": None, "subclient": None, "paths": None}
    first = good(commvault.restore(more=more, job_id=job["id"]))
    assert first["session"]["recovery_point"] == {"id": job["id"], "created_at": job["finished_at"]}
    assert first["session"]["point_in_time"] == job["finished_at"]
    assert good(commvault.restore(more=more, job_id=job["id"]))["changed"] is False
    assert commvault.simulator["commvault"].restores[0]["options"]["jobIds"] == [job["id"]]


def test_a_restore_of_bluexp_cannot_be_stopped_and_browsing_has_nothing_to_stop(bluexp):
    source = {"netapp_bluexp": {"source": VOLUME}}
    bluexp.simulator.log.clear()
    refused(bluexp.session("stopped", kind="restore", **source), "unsupported", "stops a running job")
    refused(bluexp.session("stopped", **source), "unsupported", "no session to stop")
    refused(bluexp.session("stopped", session_id="1"), "unsupported", "no session to stop")
    assert not bluexp.simulator.log.entries()


def test_browsing_a_volume_lists_its_files_which_a_restore_takes(bluexp, monkeypatch):
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import restoring

    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    bluexp.simulator.clock.speed = 30
    look = {"source": VOLUME, "path": "/finance"}
    predicted = good(bluexp.session("started", check=True, netapp_bluexp=look))
    assert predicted["changed"] is True and predicted["files"] is None
    first = good(bluexp.session("started", netapp_bluexp=look))
    assert first["changed"] is True and first["session"]["state"] == "open"
    paths = [file["path"] for file in first["files"]]
    assert "/finance/budget.xlsx" in paths and paths == sorted(paths)
    root = good(bluexp.session("started", netapp_bluexp={"source": VOLUME}))
    assert root["changed"] is False and "/readme.txt" in [file["path"] for file in root["files"]]
    assert root["session"]["id"] == first["session"]["id"]
    wanted = {
        "type": "file", "source": VOLUME, "files": first["files"][:2],
        "target": {"volume_name": "sql_prod_01_data", "path": "/restored"},
    }  # fmt: skip
    refused(bluexp.restore(netapp_bluexp=wanted), "refused", "in_place")
    done = good(bluexp.restore(netapp_bluexp=wanted, in_place=True, wait=True, wait_interval=1))
    (batch,) = done["session"]["run"]["native"]["restore"]["batch"]
    assert batch["files"] == first["files"][:2] and batch["status"] == "SUCCESS"
    wanted["target"]["path"] = "/finance"
    refused(bluexp.restore(netapp_bluexp=wanted, in_place=True), "refused", "overwrite")
