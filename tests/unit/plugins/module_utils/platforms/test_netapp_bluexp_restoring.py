# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Browsing backups and restoring volumes and files of NetApp BlueXP on the simulator, below the runner."""

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
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import SessionOrder, SessionQuery
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import restoring
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.platform import (
    NetappBluexpPlatform,
)
from ansible_collections.backupops.jobs.plugins.module_utils.runners.waiting import Patience
from simulator import Simulator

NAME = "netapp_bluexp"
SYSTEM, VOLUME = "onprem-zrh-a800", "sql_prod_01_data"
SOURCE = {"working_environment": SYSTEM, "volume_name": VOLUME}
BUDGET = {"path": "/finance/budget.xlsx", "inode": 210, "type": "file", "size": 10, "mtime": 1760000000}


class Bench:
    def __init__(self, sim):
        self.sim, self.product = sim, sim[NAME]
        self.warnings = []
        self.platform = self.login()

    def login(self):
        given = {"platform": NAME, "url": self.sim.url(NAME), "client_id": "sim-client", "client_secret": "s3cr+t&="}
        return NetappBluexpPlatform(options.connection_from(given, self.warnings.append), self.warnings.append)

    def order(self, kind="restore", state="started", **wanted):
        more = {name: wanted.pop(name) for name in set(wanted) & set(SessionOrder.__dataclass_fields__) - {"type"}}
        sub = {"source": SOURCE, **(wanted if kind == "browse" else {"type": "volume", **wanted})}
        patience = Patience(30, 0, 1, True, ())
        return SessionOrder(state, kind, time.time(), **{"options": sub, "patience": patience, **more})

    def plan(self, platform=None, **wanted):
        order = self.order(**wanted)
        platform = platform or self.login()
        platform.check_session(order)
        return order, platform.session_target(order), platform

    def volume(self, name):
        return self.product.any_volume(self.product.control_find_volume(name))

    def restore_jobs(self):
        return [job for job in self.product.jobs.values() if job.kind.startswith("restore") and job.origin == "api"]


@pytest.fixture(params=[False, True], ids=["arrays", "objects"])
def bench(request):
    with Simulator(products=(NAME,), options={NAME: {"objects": request.param}}) as sim:
        yield Bench(sim)


def target(name="back_01", **more):
    return {"volume_name": name, **more}


def test_the_body_is_the_vendors(bench):
    order, plan, platform = bench.plan(target=target(aggregates=["aggr1"]), skip_ransomware_check=True)
    volume = bench.volume(VOLUME)
    system = bench.product.systems_by_id[plan.native["restore"]["source"]["working-environment-id"]]
    names = {"working-environment-id": system.id, "working-environment-name": SYSTEM}
    assert plan.native["restore"] == {
        "type": "volume",
        "source": {
            **names, "bucket": system.bucket, "volume-name": VOLUME, "volume-id": volume.id,
            "snapshot": volume.snapshots[-1].name,
        },
        "target": {**names, "svm": volume.svm, "volume-name": "back_01", "aggregates": ["aggr1"]},
        "skip-ransomware-check": True,
    }  # fmt: skip
    assert json.loads(json.dumps(plan.native)) == plan.native
    assert not bench.restore_jobs(), "planning wrote"
    session = platform.open_session(order, plan)
    (job,) = bench.restore_jobs()
    assert (session["id"], session["type"], session["source"]["name"]) == (job.id, "volume", VOLUME)
    known = platform.read_session(session["id"], "restore")
    assert known["source"] == plan.source and known["run"]["native"]["restore"]["target"]["volume_name"] == "back_01"


def test_ids_say_the_same_as_names(bench):
    by_name = bench.plan(target=target())[1]
    restore = by_name.native["restore"]
    ids = {
        "working_environment_id": restore["source"]["working-environment-id"],
        "volume_id": restore["source"]["volume-id"],
        "snapshot": by_name.native["snapshot"],
    }
    there = target(working_environment_id=ids["working_environment_id"], svm=restore["target"]["svm"])
    order = bench.order(target=there)
    order.options["source"] = ids
    platform = bench.login()
    by_id = platform.session_target(order)
    assert by_id.native["restore"] == restore and by_id.identity == by_name.identity
    assert platform.session_key(order) == bench.login().session_key(bench.order(target=target()))


def test_the_backup_of_the_time(bench):
    made = [one.created for one in bench.volume(VOLUME).snapshots]
    for point, expected in ((None, made[-1]), (made[1] + 5, made[1]), (made[-1] + 99, made[-1])):
        plan = bench.plan(target=target(), point=point)[1]
        assert model.epoch_of(plan.recovery_point["created_at"]) == int(expected)
        assert (plan.first, plan.last) == (int(made[0]), int(made[-1]))
    early = bench.plan(target=target(), point=made[0] - 60)[1]
    assert early.recovery_point is None and early.first == int(made[0])
    with pytest.raises(NotFound):
        bench.plan(target=target(), point=made[0] - 60, check_range=False)
    never = bench.order(target=target())
    never.options["source"] = {"working_environment": SYSTEM, "volume_name": "projects_2026"}
    assert "no backup yet" in bench.login().session_target(never).empty


@pytest.mark.parametrize(
    "wanted,in_place,overwrites",
    [
        ({"target": target()}, False, None),
        ({"target": target("sql_prod_01_log", svm="svm_sql")}, False, "exists"),
        ({"target": target(VOLUME)}, True, "exists"),
        ({"type": "file", "files": [BUDGET], "target": target(VOLUME, path="/restored")}, True, None),
        ({"type": "file", "files": [BUDGET], "target": target(VOLUME)}, True, "path of the source"),
        ({"type": "file", "files": [BUDGET], "target": target(VOLUME, path="/finance/")}, True, "path of the source"),
        (
            {"type": "file", "files": [BUDGET], "target": target(VOLUME, path="/", retain_source_path=True)},
            True,
            "path of the source",
        ),
        ({"type": "file", "files": [BUDGET], "target": target("dept_legal", svm="X", path="/r")}, False, None),
    ],
)
def test_what_is_guarded(bench, wanted, in_place, overwrites):
    for name in ("dept_legal", "sql_prod_01_log"):
        wanted = json.loads(json.dumps(wanted))
        if wanted["target"]["volume_name"] == name:
            wanted["target"]["svm"] = bench.volume(name).svm
    plan = bench.plan(**wanted)[1]
    assert plan.in_place is in_place
    assert (overwrites in plan.overwrites) if overwrites else plan.overwrites is None


def test_a_target_of_another_system(bench):
    elsewhere = target(working_environment="onprem-gva-c400", svm="svm_gva")
    place = bench.plan(target=elsewhere)[1].native["restore"]["target"]
    assert place["working-environment-name"] == "onprem-gva-c400" and place["svm"] == "svm_gva"
    found = bench.plan(target=target("gva_cad", working_environment="onprem-gva-c400"))[1]
    assert found.native["restore"]["target"]["svm"] == "svm_gva" and "gva_cad" in found.overwrites
    with pytest.raises(InvalidError, match="svm"):
        bench.plan(target=target(working_environment="onprem-gva-c400"))


def test_names_that_fit_none_or_several(bench):
    order = bench.order(target=target())
    for source, kind, words in (
        ({"working_environment": "x", "volume_name": VOLUME}, NotFound, SYSTEM),
        ({"working_environment": SYSTEM, "volume_name": "x"}, NotFound, VOLUME),
        ({"working_environment_id": "x", "volume_name": VOLUME}, NotFound, "working_environment_id"),
        ({**SOURCE, "snapshot": "x"}, NotFound, "daily."),
    ):
        order.options["source"] = source
        with pytest.raises(kind, match=words) as caught:
            platform = bench.login()
            try:
                platform.session_target(order)
            except kind as error:
                raise kind(error.message + (error.hint or "")) from error
        assert "\n" not in caught.value.message
    bench.product.control_rename(bench.product.control_find_volume("sql_prod_01_log"), VOLUME)
    with pytest.raises(Ambiguous, match="volume_name") as caught:
        bench.plan(target=target())
    assert all(volume.id in caught.value.message for volume in bench.product.systems_by_id[
        next(iter(bench.product.systems_by_id))].volumes.values() if volume.name == VOLUME)  # fmt: skip


def test_a_volume_that_is_gone_can_be_restored_by_id_and_name(bench):
    volume = bench.volume(VOLUME)
    volume.policy = ""
    order = bench.order(target=target(VOLUME, svm="svm_nas"))
    order.options["source"] = {"working_environment": SYSTEM, "volume_id": volume.id, "volume_name": VOLUME}
    plan = bench.login().session_target(order)
    assert plan.in_place and plan.native["restore"]["source"]["volume-id"] == volume.id


@pytest.mark.parametrize(
    "wanted,words",
    [
        ({"target": {}}, "target.volume_name"),
        ({"type": None, "target": target()}, "netapp_bluexp.type"),
        ({"target": target(path="/x")}, "target.path"),
        ({"target": target(), "files": [BUDGET]}, "netapp_bluexp.files"),
        ({"type": "file", "target": target()}, "netapp_bluexp.files"),
        ({"type": "file", "target": target(aggregates=["a"]), "files": [BUDGET]}, "aggregates"),
        ({"type": "file", "target": target(), "files": [BUDGET, {**BUDGET, "type": "directory"}]}, "separate"),
        ({"type": "file", "target": target(), "files": [{"path": "/"}]}, "names no file"),
        ({"path": "/x", "target": target()}, "netapp_bluexp.path"),
        ({"kind": "browse", "target": target()}, "netapp_bluexp.target"),
        ({"job_id": "1", "target": target()}, "job_id"),
        ({"deleted": True, "target": target()}, "show_deleted"),
    ],
)
def test_what_is_wrong_is_said_before_any_request(bench, wanted, words):
    bench.sim.log.clear()
    with pytest.raises(InvalidError, match=words):
        order = bench.order(**wanted)
        order.options = {name: value for name, value in order.options.items() if value is not None}
        bench.login().check_session(order)
    assert not bench.sim.log.entries()


def test_there_is_no_session_to_stop(bench):
    with pytest.raises(Unsupported, match="no session to stop"):
        bench.login().check_session(bench.order(kind="browse", state="stopped"))


def test_files_are_looked_up_in_a_backup_that_is_readable(bench, monkeypatch):
    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    wanted = {"type": "file", "files": [{"path": "finance/budget.xlsx"}], "target": target(VOLUME, path="/r")}
    with pytest.raises(InvalidError, match="cannot be looked up"):
        bench.plan(**wanted)
    bench.sim.clock.speed = 60
    order, plan, platform = bench.plan(kind="browse")
    session = platform.open_session(order, plan)
    assert session["state"] == "open" and session["recovery_point"] == plan.recovery_point
    listed = platform.session_files(order, plan, session)
    assert "/finance" in [row["path"] for row in listed]
    (file,) = bench.plan(**wanted)[1].native["restore"]["file"]
    assert (file["inode"], file["type"]) == (210, "file") and file["size"] > 0
    with pytest.raises(NotFound, match="/finance/none"):
        bench.plan(**{**wanted, "files": [{"path": "/finance/none"}]})
    with pytest.raises(InvalidError, match="separate"):
        bench.plan(**{**wanted, "files": [{"path": "/finance"}, {"path": "/readme.txt"}]})
    assert platform.read_session(session["id"], "browse", session) == session


def test_all_pages_of_a_folder_are_read(bench, monkeypatch):
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import client

    monkeypatch.setattr(client, "FILES_A_PAGE", 2)
    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    bench.sim.clock.speed = 60
    order, plan, platform = bench.plan(kind="browse")
    session = platform.open_session(order, plan)
    paths = [row["path"] for row in platform.session_files(order, plan, session)]
    assert len(paths) == len(set(paths)) == 8


def test_browsing_that_fails_or_hangs_is_said(bench, monkeypatch):
    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    bench.sim.clock.speed = 60
    order, plan, platform = bench.plan(kind="browse")
    bench.product.control_plan(status="FAILED", error="No route to the object store", duration=1, pending=1)
    with pytest.raises(ProtocolError, match="No route to the object store"):
        platform.open_session(order, plan)
    monkeypatch.setattr(restoring, "EXPLORE_S", 0.2)
    bench.product.control_plan(stalled=True)
    with pytest.raises(ProtocolError, match="not readable"):
        platform.open_session(order, plan)


def test_a_word_of_the_status_that_nobody_knows_leaves_it_to_the_job(bench, monkeypatch):
    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    bench.sim.clock.speed = 60
    order, plan, platform = bench.plan(kind="browse")
    monkeypatch.setattr(platform.client, "explore_status", lambda volume: "READY")
    session = platform.open_session(order, plan)
    assert session["state"] == "open" and not bench.warnings
    monkeypatch.setattr(platform, "_job", lambda id: None)
    assert platform.read_session(session["id"], "browse", session) is None


def test_a_restore_under_way_is_met_unless_another_is_wanted(bench):
    order, plan, platform = bench.plan(target=target())
    id = platform.open_session(order, plan)["id"]
    again = bench.plan(target=target(), in_place=True)[1]
    assert again.running["id"] == id and again.running["recovery_point"] == plan.recovery_point
    assert bench.plan(target=target(), reuse=False)[1].running is None
    assert bench.plan(target=target("back_02"))[1].running is None
    bench.product.control_finish(id)
    assert bench.plan(target=target())[1].running is None


@pytest.mark.parametrize("kind,files", [("volume", None), ("file", [BUDGET])])
def test_a_lost_answer_is_found_by_reading(bench, kind, files):
    wanted = {"type": kind, "target": target(VOLUME, path="/r") if files else target()}
    wanted.update({"files": files} if files else {})
    order, plan, platform = bench.plan(**wanted)
    since = time.time()
    assert platform.lost_session(order, plan, since, set()) is None
    bench.sim.faults.add("drop_after", product=NAME, path="v3/restore")
    with pytest.raises(LostAnswer):
        platform.open_session(order, plan)
    (job,) = bench.restore_jobs()
    stored = json.loads(json.dumps(plan.native))
    found = platform.lost_session(order, type(plan)(plan.source, plan.type, native=stored), since, set())
    assert found["id"] == job.id and found["source"] == plan.source
    assert platform.lost_session(order, plan, since, {job.id}) is None
    platform.open_session(order, plan)
    with pytest.raises(Ambiguous, match=job.id):
        platform.lost_session(order, plan, since, set())
    bench.sim.clock.advance(3600)
    assert platform.lost_session(order, plan, since + 3600, set()) is None


def test_the_lost_answer_of_browsing(bench, monkeypatch):
    monkeypatch.setattr(restoring, "POLL_S", 0.05)
    bench.sim.clock.speed = 60
    order, plan, platform = bench.plan(kind="browse")
    since = time.time()
    bench.sim.faults.add("drop_after", product=NAME, path="file-explore/start")
    with pytest.raises(LostAnswer):
        platform.open_session(order, plan)
    found = platform.lost_session(order, plan, since, set())
    assert found["state"] == "open" and found["id"] in bench.product.jobs


def test_the_list_has_the_jobs_with_a_restore_block(bench):
    platform = bench.platform
    listing = platform.list_sessions(SessionQuery(now=time.time()))
    found = list(listing.records)
    assert {session["type"] for session in found} == {"volume", "file", None} and len(found) == 5
    assert all(session["kind"] == "restore" and session["run"]["id"] == session["id"] for session in found)
    partial = next(session for session in found if session["result"] == "partial")
    batch = partial["run"]["native"]["restore"]["batch"]
    assert [row["status"] for row in batch] == ["SUCCESS", "FAILED"] and batch[1]["error"]
    assert batch[0]["files"][0]["path"] == "/finance/budget-0.xlsx" and batch[0]["time"].endswith("Z")
    backup = next(job.id for job in bench.product.jobs.values() if job.kind == "backup")
    query = SessionQuery(now=time.time(), ids=[partial["id"], backup, "none"])
    listing = platform.list_sessions(query)
    assert [session["id"] for session in listing.records] == [partial["id"]]
    assert sorted(listing.missing) == sorted([backup, "none"])
    assert not list(platform.list_sessions(SessionQuery(now=time.time(), kinds=("browse",))).records)
    assert platform.read_session(backup, "restore") is None and platform.read_session("none", "restore") is None


def test_refusals_are_the_servers_words(bench):
    order, plan, platform = bench.plan(target=target())
    plan.native["restore"]["target"]["svm"] = "svm_none"
    with pytest.raises(ProtocolError, match="svm_none"):
        platform.open_session(order, plan)
    assert not bench.restore_jobs()
