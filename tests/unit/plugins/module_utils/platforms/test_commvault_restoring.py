# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restoring files with Commvault on the simulator, below the runner."""

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    InvalidError,
    LostAnswer,
    NotFound,
    ProtocolError,
    Refused,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    SessionOrder,
    SessionQuery,
    SessionTarget,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.platform import CommvaultPlatform
from simulator import Simulator

NAME = "commvault"
CLIENT = "fs-zurich-01"
PASSWORD = "p@ss+w&rd=1 %é"


class Bench:
    def __init__(self, sim):
        self.sim, self.product = sim, sim[NAME]
        self.warnings = []

    def login(self, **more):
        given = {"platform": NAME, "url": self.sim.url(NAME), "username": "admin", "password": PASSWORD, **more}
        return CommvaultPlatform(options.connection_from(given, self.warnings.append), self.warnings.append)

    def order(self, state="started", sub=None, **wanted):
        sub = {"client": CLIENT, "subclient": "default", "paths": ["/etc"]} if sub is None else sub
        return SessionOrder(state, "restore", time.time(), options=sub, **wanted)

    def plan(self, sub=None, **wanted):
        order, platform = self.order(sub=sub, **wanted), self.login()
        platform.check_session(order)
        return order, platform.session_target(order), platform

    def subclient(self, client=CLIENT, name="default"):
        return next(
            one for one in self.product.estate.subclients.values() if (one.client.name, one.name) == (client, name)
        )

    def backups(self):
        """Finished backups of the subclient that have data and are not aged, oldest first."""
        runs = [run for run in self.subclient().runs if run.kind == "Backup" and run.end and not run.aged]
        return sorted((run for run in runs if run.status.startswith("Completed")), key=lambda run: run.end)


@pytest.fixture
def bench():
    with Simulator(products=(NAME,)) as sim:
        yield Bench(sim)


def sub(**more):
    return {"client": CLIENT, "subclient": "default", "paths": ["/etc"], **more}


def restore_of(plan):
    return plan.native["task"]["taskInfo"]["subTasks"][0]["options"]["restoreOptions"]


def test_the_task_in_place_and_elsewhere(bench):
    order, plan, platform = bench.plan(in_place=True, overwrite=True)
    info, restore = plan.native["task"]["taskInfo"], restore_of(plan)
    subclient = bench.subclient()
    (association,) = info["associations"]
    assert (association["clientName"], association["appName"], association["subclientId"]) == (
        CLIENT,
        "File System",
        subclient.id,
    )
    assert info["task"]["taskType"] == 1 and info["task"]["initiatedFrom"] == 2
    assert info["subTasks"][0]["subTask"] == {"subTaskType": 3, "operationType": 1001}
    assert restore["destination"] == {"inPlace": True, "destClient": {"clientName": CLIENT}}
    assert restore["commonOptions"]["unconditionalOverwrite"] is True
    assert restore["fileOption"]["sourceItem"] == ["/etc"] and restore["browseOption"]["timeRange"] == {}
    assert plan.in_place is True and plan.overwrites is None
    assert json.loads(json.dumps(plan.native)) == plan.native
    elsewhere = sub(target={"client": "web-prod-01", "path": "/restored"}, copy_precedence=2, restore_acls=False)
    order, plan, platform = bench.plan(sub=elsewhere)
    restore = restore_of(plan)
    assert restore["destination"] == {
        "inPlace": False,
        "destClient": {"clientName": "web-prod-01"},
        "destPath": ["/restored"],
    }
    assert restore["browseOption"]["mediaOption"]["copyPrecedence"] == {
        "copyPrecedenceApplicable": True,
        "copyPrecedence": 2,
    }
    assert restore["commonOptions"]["unconditionalOverwrite"] is False
    assert restore["commonOptions"]["restoreACLs"] is False and plan.in_place is False
    assert not bench.product.restores, "planning wrote"
    session = platform.open_session(order, plan)
    assert [str(row["jobId"]) for row in bench.product.restores] == [session["id"]]
    known = platform.read_session(session["id"], "restore")
    assert known["source"] == plan.source and known["type"] == "file" and known["state"] == "queued"
    assert known["run"]["native"]["destination_client"]["name"] == "web-prod-01"


def test_ids_say_the_same_as_names(bench):
    subclient = bench.subclient()
    by_name = bench.plan()[1]
    for source in (
        {"subclient_id": subclient.id},
        {"client_id": subclient.client.id, "subclient": "DEFAULT", "agent": "file system"},
        {"client": CLIENT.upper(), "backupset": "defaultBackupSet", "subclient": "default"},
    ):
        order, plan, platform = bench.plan(sub={**source, "paths": ["/etc"]})
        assert plan.native["task"] == by_name.native["task"] and plan.source == by_name.source
        assert platform.session_key(order) == {"subclient_id": str(subclient.id)}
    there = sub(target={"client_id": bench.subclient("web-prod-01").client.id, "path": "/r"})
    assert restore_of(bench.plan(sub=there)[1])["destination"]["destClient"] == {"clientName": "web-prod-01"}


def test_a_restore_by_time(bench):
    runs = bench.backups()
    moment = runs[-1].end - 3600
    order, plan, _platform = bench.plan(point=float(moment))
    browse = restore_of(plan)["browseOption"]
    assert browse["timeRange"] == {"toTimeValue": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))}
    assert "UTC" in browse["timeZone"]["TimeZoneName"]
    assert (plan.first, plan.last) == (runs[0].end, runs[-1].end)
    bench.sim.log.clear()
    assert bench.plan(point=1.0, check_range=False)[1].first is None


def test_a_restore_by_job(bench):
    run = bench.backups()[-1]
    order, plan, platform = bench.plan(sub={"target": {"path": "/r"}}, job_id=str(run.id))
    restore = restore_of(plan)
    assert restore["jobIds"] == [str(run.id)] and restore["fileOption"]["sourceItem"] == ["2:{0}".format(run.id)]
    assert plan.native["task"]["taskInfo"]["subTasks"][0]["subTask"]["operationType"] == 1005
    assert plan.recovery_point["id"] == str(run.id) and plan.latest == run.end
    assert plan.in_place is False and bench.plan(sub={}, job_id=str(run.id))[1].in_place is True
    assert bench.plan(sub={"target": {"path": "C:\\"}}, job_id=str(run.id))[1].in_place is True
    assert platform.open_session(order, plan)["recovery_point"]["id"] == str(run.id)
    failed = next(one for one in bench.product.estate.runs.by_id.values() if one.status == "Failed" and one.subclient)
    with pytest.raises(Refused, match="failed"):
        bench.plan(sub={}, job_id=str(failed.id))
    aged = next(
        one
        for one in bench.product.estate.runs.by_id.values()
        if one.aged and one.status == "Completed" and one.subclient and one.subclient.agent == "File System"
    )
    with pytest.raises(Refused, match="aged"):
        bench.plan(sub={}, job_id=str(aged.id))
    tried = bench.plan(sub={"include_aged_data": True}, job_id=str(aged.id))[1]
    assert restore_of(tried)["commonOptions"]["includeAgedData"] is True
    restore = next(one for one in bench.product.estate.runs.by_id.values() if one.kind == "Restore")
    with pytest.raises(InvalidError, match="type restore"):
        bench.plan(sub={}, job_id=str(restore.id))
    with pytest.raises(NotFound, match="99999999"):
        bench.plan(sub={}, job_id="99999999")


@pytest.mark.parametrize(
    "paths,folder,in_place",
    [
        (["/etc"], "/", True),
        (["/etc/"], "/restored", False),
        (["/srv/data"], "/SRV/", True),
        (["C:\\data\\x", "D:\\y"], "D:\\", True),
        (["C:\\data\\x"], "C:\\data\\copy", False),
    ],
)
def test_a_target_that_is_the_source_is_in_place(bench, paths, folder, in_place):
    assert bench.plan(sub=sub(paths=paths, target={"path": folder}))[1].in_place is in_place
    away = bench.plan(sub=sub(paths=paths, target={"path": folder, "client": "web-prod-01"}))[1]
    assert away.in_place is False


def test_names_that_fit_none_or_several(bench):
    with pytest.raises(NotFound, match="commvault.client: .*nobody"):
        bench.plan(sub=sub(client="nobody"))
    with pytest.raises(NotFound, match="commvault.client_id"):
        bench.plan(sub={"client_id": 999999, "paths": ["/"]})
    with pytest.raises(NotFound, match="target.client"):
        bench.plan(sub=sub(target={"client": "nobody", "path": "/r"}))
    with pytest.raises(NotFound, match="subclient"):
        bench.plan(sub=sub(subclient="none"))
    with pytest.raises(NotFound, match="subclient_id"):
        bench.plan(sub={"subclient_id": 999999, "paths": ["/"]})
    first = bench.subclient()
    several = [first, bench.product.estate.subclient(first.client, "data", "File System", first.policy)]
    with pytest.raises(Ambiguous) as caught:
        bench.plan(sub={"client": CLIENT, "paths": ["/"]})
    assert all(str(one.id) in caught.value.message for one in several)
    twin = bench.product.estate.client(CLIENT)
    with pytest.raises(Ambiguous, match=str(twin.id)):
        bench.plan()


def test_only_file_systems(bench):
    database = next(one for one in bench.product.estate.subclients.values() if one.agent == "SQL Server")
    with pytest.raises(InvalidError, match="SQL Server"):
        bench.plan(sub={"subclient_id": database.id, "paths": ["/"]})


def test_a_subclient_without_backups(bench):
    never = next(one for one in bench.product.estate.subclients.values() if not one.runs and one.agent == "File System")
    plan = bench.plan(sub={"subclient_id": never.id, "paths": ["/etc"]})[1]
    assert "no backup" in plan.empty


@pytest.mark.parametrize(
    "options_,more,words",
    [
        ({}, {}, "commvault.client"),
        ({"client": CLIENT}, {}, "commvault.paths"),
        (sub(target={}), {}, "target.path"),
        (sub(client_id=3), {}, "exclude each other"),
        (sub(subclient_id=3), {}, "subclient_id"),
        (sub(), {"job_id": "7"}, "job_id"),
        ({"paths": ["/x"]}, {"job_id": "7"}, "commvault.paths"),
        ({}, {"job_id": "x7"}, "job_id"),
        ({}, {"job_id": "7", "point": 1.7e9}, "point_in_time"),
        (sub(copy_precedence=-1), {}, "copy_precedence"),
        (sub(), {"organization": "x"}, "organization"),
        (sub(), {"deleted": True}, "show_deleted"),
        (sub(), {"state": "stopped"}, "commvault.paths"),
        ({}, {"state": "stopped", "session_id": "x"}, "session_id"),
        ({"client": CLIENT}, {"state": "stopped", "session_id": "7"}, "beside session_id"),
    ],
)
def test_what_is_wrong_is_said_before_any_request(bench, options_, more, words):
    bench.sim.log.clear()
    with pytest.raises(InvalidError, match=words):
        bench.login().check_session(bench.order(sub=options_, **more))
    assert not bench.sim.log.entries()


def test_only_a_task_id_is_a_schedule(bench):
    order, plan, platform = bench.plan(in_place=True)
    plan.native["task"]["taskInfo"]["subTasks"][0]["pattern"] = {"freq_type": 1}
    with pytest.raises(ProtocolError, match="schedule"):
        platform.open_session(order, plan)
    assert not bench.product.restores


def test_refusals_are_the_servers_words(bench):
    order, plan, platform = bench.plan(in_place=True)
    del plan.native["task"]["taskInfo"]["associations"]
    with pytest.raises(ProtocolError, match="no association"):
        platform.open_session(order, plan)


def test_a_lost_answer_is_found_by_reading(bench):
    order, plan, platform = bench.plan(sub=sub(target={"path": "/r"}))
    since = time.time()
    assert platform.lost_session(order, plan, since, set()) is None
    bench.sim.faults.add("drop_after", product=NAME, path="CreateTask")
    with pytest.raises(LostAnswer):
        platform.open_session(order, plan)
    (made,) = [str(row["jobId"]) for row in bench.product.restores]
    stored = json.loads(json.dumps(plan.native))
    found = platform.lost_session(order, SessionTarget(plan.source, plan.type, native=stored), since, set())
    assert found["id"] == made and found["source"] == plan.source
    assert platform.lost_session(order, plan, since, {made}) is None
    other = bench.plan(sub=sub(client="web-prod-01", target={"path": "/r"}))
    other[2].open_session(*other[:2])
    bench.product.estate.runs.by_id[int(made)].user = "somebody"
    assert platform.lost_session(order, plan, since, set()) is None
    bench.product.estate.runs.by_id[int(made)].user = "CORP\\admin"
    platform.open_session(order, plan)
    with pytest.raises(Ambiguous, match=made):
        platform.lost_session(order, plan, since, set())
    # The second plan knows which restores were there before.
    again = bench.plan(sub=sub(target={"path": "/r"}))
    assert made in again[1].native["before"]


def test_stop_is_a_kill(bench):
    order, plan, platform = bench.plan(in_place=True)
    session = platform.open_session(order, plan)
    platform.stop_session(session)
    assert platform.read_session(session["id"], "restore")["state"] == model.STOPPING
    bench.sim.clock.advance(60)
    ended = platform.read_session(session["id"], "restore", session)
    assert (ended["state"], ended["result"]) == ("finished", "cancelled") and ended["ended_at"]


def test_the_list_has_the_restore_jobs(bench):
    order, plan, platform = bench.plan(in_place=True)
    mine = platform.open_session(order, plan)["id"]
    found = list(platform.list_sessions(SessionQuery(now=time.time())).records)
    assert {session["kind"] for session in found} == {"restore"} and mine in [session["id"] for session in found]
    assert len(found) == 2
    recent = platform.list_sessions(SessionQuery(now=time.time(), since=time.time() - 3600))
    assert [session["id"] for session in recent.records] == [mine]
    backup = str(bench.backups()[-1].id)
    listing = platform.list_sessions(SessionQuery(now=time.time(), ids=[mine, backup, "99999999"]))
    assert [session["id"] for session in listing.records] == [mine]
    assert sorted(listing.missing) == sorted([backup, "99999999"])
    assert not list(platform.list_sessions(SessionQuery(now=time.time(), kinds=("browse",))).records)
    assert platform.read_session(backup, "restore") is None and platform.read_session("x", "restore") is None
    with pytest.raises(InvalidError, match="session_ids"):
        platform.check_session_query(SessionQuery(now=time.time(), ids=["x"]))
    with pytest.raises(InvalidError, match="organization"):
        platform.check_session_query(SessionQuery(now=time.time(), organization="x"))
