# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""job_info and platform_info mean the same on every product."""

from __future__ import annotations

import json
import re

import pytest
from cases import CASES, PASSWORD, Case

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import platform_info
from simulator import Simulator

METHODS = set(dir({}))
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIMES = ("started_at", "finished_at", "updated_at", "next_run_at", "last_success_at")
SUB_DICTS = {
    "initiated_by": {"name", "how"},
    "workload": {"client", "application", "groups", "objects"},
    "counts": {"total", "ok", "failed", "skipped", "stopped"},
    "bytes": {"source", "transferred", "stored"},
    "retention": {"held", "held_until", "held_by", "reason", "aged"},
    "copy_status": {"allowed", "copied_at"},
    "depends": {"required_by", "has_dependents", "has_archiver"},
}


@pytest.fixture(params=list(CASES), scope="module")
def case(request):
    """One simulator for all tests that only read."""
    facts = CASES[request.param]
    platform = facts["platform"]
    with Simulator(products=(platform,), options={platform: facts.get("switches", {})}, speed=0) as simulator:
        yield Case(request.param, simulator)


@pytest.fixture(autouse=True)
def clean(case):
    case.simulator.log.clear()
    case.simulator.faults.clear()
    yield
    assert not case.writes(), "a module that only reads wrote"


def check_record(record, nested=False):
    assert tuple(record) == model.RECORD_KEYS
    assert record["schema"] == 1
    for key, inner in SUB_DICTS.items():
        assert set(record[key]) == inner, key
    assert record["state"] in model.STATES
    assert record["result"] in (None, *model.RESULTS)
    assert record["health"] in model.HEALTHS
    assert record["type"] in model.TYPES
    assert record["level"] in (None, *model.LEVELS)
    assert isinstance(record["id"], str) and record["id"]
    for key in TIMES:
        assert record[key] is None or TIME.fullmatch(record[key]), key
    if record["state"] == "finished":
        assert record["result"] is not None and record["progress"] is None
    if record["progress"] is not None:
        assert 0 <= record["progress"] <= 100
    for number in (*record["bytes"].values(), record["duration_s"], record["rate_bps"]):
        assert number is None or (isinstance(number, (int, float)) and number >= 0)
    platform, endpoint, _scope, entity, id = model.parse_uid(record["uid"])
    assert (platform, endpoint, entity, id) == (record["platform"], "sim", record["entity"], record["id"])
    check_keys({key: value for key, value in record.items() if key not in ("raw", "unknown_fields")})
    if record["entity"] == "run":
        assert record["enabled"] is None and record["current_run"] is None and record["last_run"] is None
        if record["state"] in model.ACTIVE_STATES:
            assert record["result"] is None and record["finished_at"] is None
        if len(record["definition_ids"]) == 1:
            assert record["definition_id"] == record["definition_ids"][0]
    elif not nested:
        assert record["definition_id"] == record["id"] and record["definition_ids"] == [record["id"]]
        for key in ("current_run", "last_run"):
            if record[key] is not None:
                check_record(record[key], nested=True)
        if record["current_run"]:
            assert record["state"] == record["current_run"]["state"]
        if record["last_run"]:
            assert record["last_run"]["state"] == "finished"


def check_keys(value):
    if isinstance(value, dict):
        assert not METHODS.intersection(value), METHODS.intersection(value)
        for inner in value.values():
            check_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            check_keys(inner)


@pytest.mark.parametrize("entity", model.ENTITIES)
def test_every_record_of_the_estate_is_whole(case, entity):
    found = case.info(entity=entity, include_raw=True, **({"since": "20y"} if entity == "run" else {}))
    assert not found.get("failed"), found["msg"]
    jobs = found["jobs"]
    assert len(jobs) > 10
    for job in jobs:
        check_record(job)
        assert job["entity"] == entity
        assert job["raw"] is not None
    uids = [job["uid"] for job in jobs]
    assert len(uids) == len(set(uids))
    assert found["total"] == found["returned"] == len(jobs)
    assert found["truncated"] is False and found["missing"] == []
    assert set(found["history"]) == {"from", "complete", "why"} and found["history"]["why"]
    for field in ("state", "result", "health", "type"):
        assert sum(found["summary"][field].values()) == len(jobs)
    if entity == "run":
        starts = [job["started_at"] or "" for job in jobs]
        assert starts == sorted(starts, reverse=True)
    else:
        assert [job["name"] for job in jobs] == sorted(job["name"] for job in jobs)
    json.dumps(found)


@pytest.mark.parametrize("entity", model.ENTITIES)
def test_uids_and_ids_find_the_same_record_again(case, entity):
    jobs = case.info(entity=entity, include_objects=False)["jobs"][:6]
    again = case.info(uids=[job["uid"] for job in jobs] + ["{0}:sim{1}:{2}:99999999".format(
        case.platform, jobs[0]["uid"].split("sim", 1)[1].split(":")[0], entity)])  # fmt: skip
    assert not again.get("failed"), again["msg"]
    assert sorted(job["uid"] for job in again["jobs"]) == sorted(job["uid"] for job in jobs)
    assert len(again["missing"]) == 1 and again["missing"][0].endswith(":99999999")
    by_uid = {job["uid"]: job for job in again["jobs"]}
    for job in jobs:
        for key in ("name", "state", "result", "started_at", "finished_at", "type", "definition_id"):
            assert by_uid[job["uid"]][key] == job[key], key
        assert by_uid[job["uid"]]["workload"]["client"] == job["workload"]["client"]
    by_id = case.info(entity=entity, job_ids=[jobs[0]["id"], "nobody", "0", "../../etc", "1:2/3"])
    assert [job["uid"] for job in by_id["jobs"]] == [jobs[0]["uid"]], by_id.get("msg")
    assert by_id["missing"] == ["nobody", "0", "../../etc", "1:2/3"]


def test_filters_and_projection_agree_with_the_whole_list(case):
    every = case.info(entity="definition")["jobs"]
    for option, key in (("states", "state"), ("results", "result"), ("health", "health"), ("types", "type")):
        for word in {job[key] for job in every if job[key]}:
            found = case.info(entity="definition", **{option: [word]})
            assert [job["uid"] for job in found["jobs"]] == [job["uid"] for job in every if job[key] == word], word
    for wanted in (True, False):
        found = case.info(entity="definition", enabled=wanted)["jobs"]
        assert [job["uid"] for job in found] == [job["uid"] for job in every if job["enabled"] is wanted]
    client = next(job["workload"]["client"] for job in every if job["workload"]["client"])
    found = case.info(entity="definition", clients=[client.upper()])["jobs"]
    assert {job["uid"] for job in every if job["workload"]["client"] == client} <= {job["uid"] for job in found}
    slim = case.info(entity="definition", fields=["name", "health"], limit=3)
    assert [set(job) for job in slim["jobs"]] == [{"uid", "name", "health"}] * 3
    assert (slim["total"], slim["returned"]) == (len(every), 3)
    asked = case.info(entity="definition", query="[].name")
    assert asked["query_result"] == [job["name"] for job in every]


def test_names_are_exact_first(case):
    every = [job["name"] for job in case.info(entity="definition")["jobs"]]
    name = every[0]
    found = case.info(entity="definition", names=[name])["jobs"]
    assert {job["name"] for job in found} == {name}
    assert case.info(entity="definition", names=["no such job"])["jobs"] == []
    assert len(case.info(entity="definition", names=["*"])["jobs"]) == len(every)


def test_the_window_is_what_was_active_in_it(case):
    everything = case.info(entity="run", since="20y")["jobs"]
    night = case.info(entity="run")["jobs"]

    def active_after(seconds):
        since = model.timestamp(case.simulator.clock.now() - seconds)
        return {
            job["uid"]
            for job in everything
            if job["state"] != "finished" or (job["finished_at"] or job["started_at"] or since) >= since
        }

    # The simulator's clock stands still while ours goes on: what ends near the limit may be in or out.
    assert active_after(86400 - 300) <= {job["uid"] for job in night} <= active_after(86400 + 300)
    alone = case.info(entity="run", until="2d")
    assert alone["error"]["kind"] == "invalid" and alone["msg"].startswith("until: it is earlier than since")
    until = case.info(entity="run", since="3d", until="2d")["jobs"]
    end = model.timestamp(case.simulator.clock.now() - 2 * 86400 + 300)
    assert all(job["started_at"] is None or job["started_at"] <= end for job in until)


def test_the_same_list_twice_is_the_same(case):
    assert case.info(entity="definition")["jobs"] == case.info(entity="definition")["jobs"]


def test_objects_only_when_asked(case):
    plain = case.info(entity="definition")["jobs"]
    always = "definition" in TRAITS[case.platform].objects_always
    assert all((job["workload"]["objects"] is not None) is always for job in plain)
    rich = case.info(entity="definition", include_objects=True)["jobs"]
    assert [job["uid"] for job in rich] == [job["uid"] for job in plain]


def test_platform_info_tells_who_and_what(case):
    found = case.run(platform_info)
    assert not found.get("failed"), found["msg"]
    info = found["info"]
    assert set(info) == {
        "platform", "endpoint", "product_version", "api_version", "account", "clock_offset_s", "capabilities",
    }  # fmt: skip
    assert tuple(info["capabilities"]) == ABILITIES
    for ability in info["capabilities"].values():
        assert set(ability) == {"supported", "can", "entity", "via", "note"}
        assert ability["can"] in (True, False, None)
        assert ability["supported"] or ability["note"], "what is not supported says why"
    check_keys(info)


@pytest.mark.parametrize("kind", platform_info.GATHER)
def test_platform_info_gathers_or_refuses(case, kind):
    found = case.run(platform_info, gather=[kind])
    if found.get("failed"):
        assert found["error"]["kind"] == "invalid" and kind in found["msg"]
        return
    assert found["info"][kind]
    assert all({"id", "name"} <= set(row) for row in found["info"][kind])
    check_keys(found["info"])


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def tokens(case):
    text = json.dumps([entry.headers for entry in case.simulator.log.entries()])
    return set(re.findall(r"(?:QSDK|Bearer) ([^\"\\]+)", text))


def failed(case, **arguments):
    found = case.info(**arguments)
    assert found["failed"] is True
    assert set(found["error"]) == {"kind", "status", "code", "message", "hint", "request_id"}
    assert found["msg"].startswith(found["error"]["message"])
    assert "Traceback" not in found["msg"]
    text = json.dumps(found)
    for secret in (PASSWORD, "s3cr+t&=", *tokens(case)):
        assert secret not in text
    return found


def test_a_wrong_password_is_tried_once(case):
    secret = "client_secret" if "client_secret" in case.facts["login"] else "password"
    found = failed(case, **{secret: "wrong-hush"})
    assert found["error"]["kind"] == "authentication"
    assert "wrong-hush" not in json.dumps(found)
    logins = [
        entry for entry in case.simulator.log.entries() if "wrong-hush" in entry.body or "d3JvbmctaHVzaA" in entry.body
    ]
    assert len(logins) == 1


def test_a_dead_host(case):
    found = failed(case, url="http://127.0.0.1:9", retries=0)
    assert found["error"]["kind"] == "unreachable" and "127.0.0.1:9" in found["msg"]


@pytest.mark.parametrize("fault", ["html", "truncate"])
@pytest.mark.parametrize("after", [0, 1])
def test_what_is_not_json_is_said(case, fault, after):
    case.simulator.faults.add(fault, product=case.platform, after=after, times=-1)
    found = failed(case, retries=0)
    assert found["error"]["kind"] in ("protocol", "authentication"), found["msg"]


def test_a_token_that_dies_in_the_middle_of_a_read_is_renewed(case):
    entity = "run" if case.platform != "nakivo" else "definition"
    window = {"since": "20y"} if entity == "run" else {}
    whole = case.info(entity=entity, page_size=7, **window)
    for after in (1, 3, 5):
        case.simulator.faults.clear()
        case.simulator.faults.add("expire_token", product=case.platform, after=after)
        found = case.info(entity=entity, page_size=7, **window)
        assert not found.get("failed"), found["msg"]
        assert [job["uid"] for job in found["jobs"]] == [job["uid"] for job in whole["jobs"]]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_age", "24 hours"),
        ("limit", -1),
        ("query", "[?"),
        ("timezone", "Mars/Base"),
        ("page_size", 0),
        ("uids", ["x"]),
    ],
)
def test_a_bad_value_is_named(case, option, value):
    found = failed(case, entity="definition", **{option: value})
    assert found["error"]["kind"] == "invalid"
    assert option in found["msg"]


@pytest.mark.parametrize(
    ("option", "value", "entity"),
    [
        ("since", "-24h", "definition"),
        ("until", "-24h", "definition"),
        ("max_age", "24h", "run"),
        ("enabled", True, "run"),
    ],
)
def test_an_option_that_does_not_suit_the_entity_is_named(case, option, value, entity):
    found = failed(case, entity=entity, **{option: value})
    assert option in found["msg"] and not case.simulator.log.entries()


def test_options_of_another_product_are_refused_before_any_request(case):
    other = "nakivo" if case.platform != "nakivo" else "commvault"
    value = {"group_id": 1} if other == "nakivo" else {"client_id": 1}
    found = failed(case, **{other: value})
    assert other in found["msg"] and case.platform in found["msg"]
    assert not case.simulator.log.entries()


def test_filters_beside_ids_are_applied_or_refused(case):
    job = case.info(entity="definition")["jobs"][0]
    found = case.info(uids=[job["uid"]], clients=["nobody"], states=["unknown"], names=["nothing"])
    assert (found["jobs"], found["missing"]) == ([], [])
    own = {"commvault": {"client_id": 1}, "nakivo": {"group_id": 1}, "veeam_m365": {"repository_id": "1"}}
    if case.platform in own:  # BlueXP's are applied
        case.simulator.log.clear()
        refused = failed(case, uids=[job["uid"]], **{case.platform: own[case.platform]})
        assert next(iter(own[case.platform])) in refused["msg"] and "uids" in refused["msg"]
        assert not case.simulator.log.entries()


NOBODY = "00000000-0000-4000-8000-000000000000"
NOT_THERE = {
    "commvault": {"client_id": 4040404, "subclient_id": 4040404},
    "nakivo": {"group_id": 4040404},
    "netapp_bluexp": {"working_environment_id": "VsaWorkingEnvironment-nobody"},
    "veeam_m365": {"organization_id": NOBODY, "repository_id": NOBODY},
}


@pytest.mark.parametrize("entity", ["definition", "run"])
def test_an_id_of_a_place_that_is_not_there_is_told(case, entity):
    for option, value in NOT_THERE[case.platform].items():
        found = case.info(entity=entity, **{case.platform: {option: value}})
        if found.get("failed"):
            assert found["error"]["kind"] == "not_found", found["msg"]
        else:
            assert found["jobs"] == []
        told = found.get("msg") or " ".join(found["warnings"])
        assert "{0}.{1}".format(case.platform, option) in told and str(value) in told


OWN_PLACE = {
    "commvault": lambda native: {"client_id": native["client_id"]},
    "netapp_bluexp": lambda native: {"working_environment_id": native["working_environment"]["id"]},
    "veeam_m365": lambda native: {"organization_id": native["organization"]["id"].upper()},
}


def test_a_place_where_nothing_ran_is_an_empty_list(case):
    if case.platform in OWN_PLACE:  # NAKIVO has no filter by place for runs
        native = case.info(entity="definition")["jobs"][0]["native"]
        place = {case.platform: OWN_PLACE[case.platform](native)}
        found = case.info(entity="run", since="2000-01-01", until="2000-01-02", **place)
        assert found["jobs"] == [] and not found.get("warnings")
