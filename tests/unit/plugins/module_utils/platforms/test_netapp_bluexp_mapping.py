# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetApp BlueXP: vendor JSON to records. Samples follow the vendor page 'Retrieve particular job details'."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.traits import TRAITS

WE = "VsaWorkingEnvironment-abc"
START = 1760000000
START_TEXT = "2025-10-09T08:53:20Z"
DICT_METHODS = {name for name in dir(dict) if not name.startswith("_")}

PAGE_EXAMPLE = {
    "status": "PENDING",
    "data": {
        "multi-volume-backup": {"volume": {"status": "SUCCESS"}},
        "restore": {"batch": {"status": "PENDING", "file": {}}},
    },
}

RESTORE = {
    "type": "file",
    "source": {
        "working-environment-id": WE,
        "working-environment-name": "cvo",
        "bucket": "netapp-backup-1",
        "volume-id": "v-1",
        "volume-name": "home",
        "snapshot": "daily.1",
    },
    "target": {
        "working-environment-id": WE,
        "working-environment-name": "cvo",
        "svm": "svm1",
        "volume-name": "home2",
        "volume-size": "1073741824",
        "path": "/restored",
    },
    "batch": [
        {
            "id": "b-1",
            "status": "SUCCESS",
            "error": "",
            "time": START,
            "file": [{"inode": 64, "path": "/a", "type": "file", "size": 1, "mtime": 2}],
        },
        {"id": "b-2", "status": "FAILED", "error": "no space", "time": START, "file": []},
    ],
}

VOLUME = {
    "file-system-id": "v-1",
    "name": "home",
    "type": "RW",
    "style": "FLEXVOL",
    "protocol": "NFS",
    "svm": "svm1",
    "status": "ONLINE",
    "backup-status": "ACTIVE",
    "last-backup-creation-time": START,
    "snapshot-count": "12",
    "backup-policy": {"name": "daily-30", "rule": [{"label": "daily", "retention": "30"}], "archive-after-days": 90},
    "lag": "300",
    "capacity": {"allocated": "100", "used": "50", "charging": "40", "logicalUsedSize": "60"},
    "object-lock": "NONE",
    "ransomware-scan-status": "PROTECTED",
    "last-ransomware-scan": START,
    "ransomware-detected-snapshots": [{"snapshot-id": "s-1", "snapshot-name": "daily.1", "last-ransomware-scan": 1}],
    "geometry": 1,
    "aggregate-count": 1,
}
SYSTEM = {"id": WE, "name": "cvo", "backup-enablement-status": "ON"}


class Warnings(list):
    def __call__(self, sentence):
        self.append(sentence)


@pytest.fixture
def warn():
    return Warnings()


def place(**changes):
    known = mapping.Place(
        "bluexp:443",
        model.uid_prefix("netapp_bluexp", "bluexp:443", "account-1", "run"),
        model.uid_prefix("netapp_bluexp", "bluexp:443", "account-1", "definition"),
        {WE: "cvo"},
        {(WE, "v-1"): "home"},
        True,
        False,
    )
    return known._replace(**changes)


def job(status="COMPLETED", parts=None, **fields):
    found = {"id": "j-1", "working-environment-id": WE, "type": "X", "status": status, "time": START, **fields}
    if parts is not None:
        found["data"] = {"multi-volume-backup": {"volume": parts}}
    return found


def part(id, status=None, error=None):
    return {key: value for key, value in (("id", id), ("status", status), ("error", error)) if value is not None}


def record_of(one, warn, where=None):
    return mapping.run_record(mapping.read_job(one, warn), where or place())


def definition_of(volume, warn, jobs=(), enabled=True, where=None):
    where = where or place()
    past = mapping.past_of_volumes(mapping.read_job(one, warn) for one in jobs)
    return mapping.definition_record(
        volume, SYSTEM, "v-1", where, past.get((WE, "v-1")), enabled, lambda run: mapping.run_record(run, where)
    )


def banned_keys(value):
    if isinstance(value, dict):
        return [key for key in value if key in DICT_METHODS] + [
            key for name, inner in value.items() if name not in ("raw", "unknown_fields") for key in banned_keys(inner)
        ]
    return [key for inner in value for key in banned_keys(inner)] if isinstance(value, list) else []


def as_arrays(one):
    """The page's example with arrays at the places where the schema has them."""
    found = copy.deepcopy(one)
    data = found["data"]
    data["multi-volume-backup"]["volume"] = [data["multi-volume-backup"]["volume"]]
    batch = data["restore"]["batch"]
    batch["file"] = []
    data["restore"]["batch"] = [batch]
    return found


# -- runs --------------------------------------------------------------------------------------------------------------


def test_the_page_example_reads_the_same_in_both_shapes(warn):
    one, other = record_of(PAGE_EXAMPLE, warn), record_of(as_arrays(PAGE_EXAMPLE), warn)
    assert one == other
    assert list(one) == list(model.RECORD_KEYS)
    assert (one["state"], one["result"], one["type"]) == ("queued", None, "restore")
    assert one["counts"] == model.counts(total=2, ok=1, failed=0)
    assert one["started_at"] is None and one["definition_ids"] == []
    assert one["native"]["restore"]["files"] == 0
    assert warn == []


def test_an_object_may_stand_where_an_array_is_promised():
    arrays = job("FAILED", [part("v-1", "FAILED", "gone")])
    objects = job("FAILED", part("v-1", "FAILED", "gone"))
    assert record_of(arrays, None) == record_of(objects, None)
    restore = {**RESTORE, "batch": {**RESTORE["batch"][0], "file": RESTORE["batch"][0]["file"][0]}}
    assert record_of(job(data={"restore": restore}), None)["native"]["restore"]["files"] == 1


@pytest.mark.parametrize(
    "word, state, result",
    [
        ("PENDING", "queued", None),
        ("IN_PROGRESS", "running", None),
        ("in_progress", "running", None),
        ("COMPLETED", "finished", "success"),
        ("SUCCESS", "finished", "success"),
        ("FAILED", "finished", "failed"),
    ],
)
def test_status_words(word, state, result, warn):
    found = record_of(job(word), warn)
    assert (found["state"], found["result"]) == (state, result)
    assert warn == []


def test_an_unknown_status_is_never_a_success_and_warns(warn):
    found = record_of(job("COMPLETED_ISH"), warn)
    assert (found["state"], found["result"]) == ("unknown", None)
    assert len(warn) == 1 and "COMPLETED_ISH" in warn[0]


@pytest.mark.parametrize("word", [None, {}, [], True, ""])
def test_a_missing_status_is_unknown_without_a_warning(word, warn):
    assert record_of(job(word), warn)["state"] == "unknown"
    assert warn == []


@pytest.mark.parametrize(
    "word, parts, result",
    [
        ("FAILED", ["FAILED", "SUCCESS"], "partial"),
        ("COMPLETED", ["FAILED", "SUCCESS"], "partial"),
        ("COMPLETED", ["FAILED", "FAILED"], "failed"),
        ("COMPLETED", ["FAILED", None], "partial"),
        ("FAILED", ["FAILED", None], "failed"),
        ("FAILED", ["SUCCESS", "SUCCESS"], "failed"),
        ("COMPLETED", ["SUCCESS", "SUCCESS"], "success"),
        ("COMPLETED", [], "success"),
        ("COMPLETED", ["SUCCESS", "WHAT"], "unknown"),
        ("IN_PROGRESS", ["FAILED", "SUCCESS"], None),
    ],
)
def test_parts_judge_a_finished_job(word, parts, result, warn):
    found = record_of(job(word, [part("v-{0}".format(number), one) for number, one in enumerate(parts)]), warn)
    assert found["result"] == result


def test_parts_give_counts_objects_ids_and_the_reason(warn):
    one = job(
        "FAILED",
        [part("v-1", "FAILED", "timed out"), part("v-2", "SUCCESS"), part("v-9", "FAILED", "offline")],
        error="2 of 3",
    )
    found = record_of(one, warn)
    assert found["counts"] == model.counts(total=3, ok=1, failed=2)
    assert found["definition_id"] is None
    assert found["definition_ids"] == [WE + "/v-1", WE + "/v-2", WE + "/v-9"]
    assert found["reason"] == "2 of 3; home: timed out; v-9: offline"
    assert [(thing["name"], thing["result"]) for thing in found["workload"]["objects"]] == [
        ("home", "failed"),
        ("v-2", "success"),
        ("v-9", "failed"),
    ]
    assert found["workload"]["client"] == "cvo"
    assert found["uid"] == "netapp_bluexp:bluexp:443/account-1:run:j-1"


def test_one_volume_is_the_definition(warn):
    found = record_of(job(parts=[part("v-1", "SUCCESS")]), warn)
    assert (found["definition_id"], found["definition_ids"]) == (WE + "/v-1", [WE + "/v-1"])


@pytest.mark.parametrize(
    "parts, fields, ids",
    [
        (None, {}, [WE + "/v-7"]),
        ([], {}, [WE + "/v-7"]),
        ([{"status": "SUCCESS"}], {}, [WE + "/v-7"]),
        ([{"status": "SUCCESS"}, {"status": "SUCCESS"}], {}, [WE + "/v-7"]),
        (None, {"working-environment-id": None}, [WE + "/v-7"]),
        (None, {"working-environment-id": "another"}, []),
        ([part("v-1", "SUCCESS")], {}, [WE + "/v-1"]),
    ],
)
def test_who_started_a_job_knows_its_volume_where_the_job_names_none(parts, fields, ids, warn):
    one = job(parts=parts, **fields)
    found = mapping.run_record(mapping.read_job(one, warn, started_for=(WE, "v-7")), place())
    assert found["definition_ids"] == ids and found["result"] == "success"
    assert warn == []


def test_a_long_reason_counts_the_rest(warn):
    parts = [part("v-{0:03d}".format(number), "FAILED", "e") for number in range(50)]
    assert record_of(job("FAILED", parts), warn)["reason"].endswith("v-009: e; and 40 more")


@pytest.mark.parametrize("time", [START, START * 1000, START * 1000000, str(START), float(START), START_TEXT])
def test_the_unit_of_a_time_is_told_by_its_size(time, warn):
    assert record_of(job(time=time), warn)["started_at"] == START_TEXT


@pytest.mark.parametrize("time", [0, -5, None, "", "soon", {}, [], True, 10**30, 3600, 10**400])
def test_a_time_that_is_none(time, warn):
    assert record_of(job(time=time), warn)["started_at"] is None


def test_a_finished_job_has_no_end_and_no_duration(warn):
    found = record_of(job(), warn)
    assert (found["finished_at"], found["updated_at"], found["duration_s"], found["progress"]) == (None,) * 4


@pytest.mark.parametrize(
    "data", [None, {}, [], "x", {"restore": {}}, {"restore": {"type": "", "source": {}, "batch": None}}]
)
def test_absent_data(data, warn):
    found = record_of(job(type="SCHEDULED_BACKUP", data=data), warn)
    assert found["type"] == "backup"
    assert found["counts"] == model.counts()
    assert found["native"]["restore"] is None


@pytest.mark.parametrize(
    "word, parts, kind",
    [
        ("MULTI_VOLUME_BACKUP", True, "backup"),
        ("whatever", True, "backup"),
        (None, True, "backup"),
        ("ENABLE_BACKUP", True, "backup"),
        ("ENABLE_BACKUP", False, "maintenance"),
        ("VOLUME_RESTORE", False, "restore"),
        ("DELETE_BACKUP", False, "maintenance"),
        ("PAUSE_BACKUP", True, "maintenance"),
        ("EXCHANGE_BACKUP", False, "backup"),
        ("FILE_EXPLORE", False, "other"),
        (None, False, "other"),
        (7, False, "other"),
    ],
)
def test_types(word, parts, kind, warn):
    found = record_of(job(type=word, parts=[part("v-1", "SUCCESS")] if parts else None), warn)
    assert found["type"] == kind
    assert found["native"]["type"] == (None if word is None else str(word))


def test_a_restore_block(warn):
    found = record_of(job("FAILED", data={"restore": RESTORE}, error="1 of 2"), warn)
    assert (found["type"], found["result"], found["definition_ids"]) == ("restore", "partial", [])
    assert found["reason"] == "1 of 2; b-2: no space"
    assert [(thing["id"], thing["name"]) for thing in found["workload"]["objects"]] == [("v-1", "home")]
    native = found["native"]["restore"]
    assert (native["type"], native["files"]) == ("file", 1)
    assert native["source"]["volume_name"] == "home" and native["source"]["snapshot"] == "daily.1"
    assert native["target"]["volume_size"] == 1073741824 and native["target"]["svm"] == "svm1"
    assert found["unknown_fields"] == {}


def test_a_restore_tells_the_name_of_a_system_that_is_not_listed(warn):
    assert record_of(job(data={"restore": RESTORE}), warn, place(systems={}))["workload"]["client"] == "cvo"
    elsewhere = {**job(data={"restore": RESTORE}), "working-environment-id": "other"}
    assert record_of(elsewhere, warn, place(systems={}))["workload"]["client"] is None


def test_unknown_fields_and_raw(warn):
    one = job(new=1, data={"restore": {**RESTORE, "copy": 2}, "more": {"items": 3}})
    found = record_of(one, warn, place(raw=True))
    assert found["unknown_fields"] == {"new": 1, "data.more": {"items": 3}, "data.restore.copy": 2}
    assert found["raw"] == one


def test_unknown_fields_deep_inside(warn):
    volumes = [{**part("v-1", "SUCCESS"), "new": 1}, part("v-2", "SUCCESS"), {**part("v-3", "SUCCESS"), "new": 3}]
    file = {"inode": 5, "path": "/a", "type": "FILE", "size": 1, "mtime": 2, "owner": "root"}
    restore = {
        "type": "file",
        "source": {"volume-id": "v-1", "cloud": "aws"},
        "target": {"volume-name": "home", "tier": "hot"},
        "batch": [{"id": "b-1", "status": "SUCCESS", "tries": 2, "file": [file]}, None, "odd"],
    }
    found = record_of(job(data={"multi-volume-backup": {"volume": volumes}, "restore": restore}), warn)
    assert found["unknown_fields"] == {
        "data.multi-volume-backup.volume[].new": [1, 3],
        "data.restore.source.cloud": "aws",
        "data.restore.target.tier": "hot",
        "data.restore.batch[].tries": [2],
        "data.restore.batch[].file[].owner": ["root"],
    }


@pytest.mark.parametrize(
    "status, since, until, inside",
    [
        ("COMPLETED", START - 1, START + 1, True),
        ("COMPLETED", START, None, True),
        ("COMPLETED", START + 1, None, False),
        ("IN_PROGRESS", START + 1, None, True),
        ("IN_PROGRESS", None, START, False),
        ("WHAT", START + 1, None, True),
        ("COMPLETED", None, None, True),
    ],
)
def test_window(status, since, until, inside, warn):
    assert mapping.in_window(mapping.read_job(job(status), warn), since, until) is inside


def test_a_job_without_time_is_never_left_out(warn):
    assert mapping.in_window(mapping.read_job(job(time=0), warn), START, START + 1)


# -- definitions -------------------------------------------------------------------------------------------------------


def test_a_volume(warn):
    found = definition_of(VOLUME, warn)
    assert list(found) == list(model.RECORD_KEYS)
    assert (found["id"], found["name"], found["type"]) == (WE + "/v-1", "home", "backup")
    assert found["uid"] == "netapp_bluexp:bluexp:443/account-1:definition:" + WE + "/v-1"
    assert (found["state"], found["result"], found["enabled"], found["health"]) == ("idle", None, True, None)
    assert found["last_success_at"] == START_TEXT
    assert found["workload"]["client"] == "cvo"
    assert [thing["name"] for thing in found["workload"]["objects"]] == ["home"]
    native = found["native"]
    assert native["capacity"] == {"allocated": 100, "used": 50, "charging": 40, "logical_used_size": 60}
    assert native["snapshot_count"] == 12
    assert native["working_environment"] == {"id": WE, "name": "cvo"}
    assert native["backup_policy"] == {
        "name": "daily-30",
        "rule": [{"label": "daily", "retention": 30}],
        "archive_after_days": "90",
    }
    assert native["ransomware_detected_snapshots"] == [{"snapshot_id": "s-1", "snapshot_name": "daily.1"}]
    assert found["unknown_fields"] == {}
    assert banned_keys(found) == []


def test_a_definition_has_the_result_of_its_own_part(warn):
    mixed = job(
        "FAILED", [part("v-1", "SUCCESS"), part("v-2", "FAILED", "x")], time=START + 10, error="1 of 2 volumes failed"
    )
    found = definition_of(VOLUME, warn, [mixed])
    assert (found["result"], found["reason"]) == ("success", None)
    assert found["last_run"]["result"] == "partial"
    assert found["last_success_at"] == "2025-10-09T08:53:30Z"
    mixed = job("COMPLETED", [part("v-1", "FAILED", "x"), part("v-2", "SUCCESS")])
    found = definition_of(VOLUME, warn, [mixed])
    assert (found["result"], found["reason"]) == ("failed", "x")


def test_current_and_last_run_are_the_newest(warn):
    jobs = [
        job("COMPLETED", [part("v-1", "SUCCESS")], id="old", time=START - 900),
        job("FAILED", [part("v-1", "FAILED", "bad")], id="last", time=START - 100),
        job("COMPLETED", [part("v-1", "SUCCESS")], id="older", time=(START - 500) * 1000),
        job("IN_PROGRESS", [part("v-1")], id="now", time=START),
        job("PENDING", [part("v-2")], id="other", time=START + 5),
    ]
    found = definition_of({**VOLUME, "last-backup-creation-time": None}, warn, jobs)
    assert found["current_run"]["id"] == "now" and found["last_run"]["id"] == "last"
    assert (found["state"], found["result"], found["reason"]) == ("running", "failed", "bad")
    assert found["last_success_at"] == model.timestamp(START - 500)
    assert list(found["last_run"]) == list(model.RECORD_KEYS)


def test_a_job_that_pauses_volumes_is_no_backup_of_them(warn):
    backup = job("FAILED", [part("v-1", "FAILED", "bad")], id="b", time=START)
    pause = job("COMPLETED", [part("v-1", "SUCCESS")], id="p", time=START + 60, type="PAUSE_VOLUMES")
    found = definition_of(VOLUME, warn, [backup, pause])
    assert (found["last_run"]["id"], found["result"]) == ("b", "failed")


@pytest.mark.parametrize("word", ["WHAT", "IN_PROGRESS"])
def test_a_part_without_a_known_end_is_no_success(word, warn):
    found = definition_of({**VOLUME, "last-backup-creation-time": 0}, warn, [job("COMPLETED", [part("v-1", word)])])
    assert (found["result"], found["last_success_at"]) == ("unknown", None)


@pytest.mark.parametrize(
    "word, enabled",
    [
        ("ACTIVE", True),
        ("Active", True),
        ("on", True),
        ("ENABLED", True),
        ("PROTECTED", True),
        ("BACKUP_ACTIVE", True),
        ("backupEnabled", True),
        ("PAUSED", False),
        ("pause", False),
        ("Paused by user", False),
        ("OFF", False),
        ("disabled", False),
        ("BACKUP_SUSPENDED", False),
        ("INACTIVE", None),
        ("inActive", None),
        ("not protected", None),
        ("NOT_PROTECTED", None),
        ("UNPROTECTED", None),
        ("unProtected", None),
        ("DEACTIVATED", None),
        ("not paused", None),
        ("UNPAUSED", None),
        ("on hold", None),
        ("ON_DEMAND", None),
        ("ACTIVATING", None),
        ("active/off", None),
        ("ACTIVE除", None),
        ("active 2", None),
        ("SHINY", None),
        ("BACKUP", None),
        ("???", None),
    ],
)
def test_enabled_words(word, enabled, warn):
    assert mapping.enabled_of(word, None, [], warn) is enabled
    if enabled is None:
        assert len(warn) == 1 and repr(word) in warn[0]
        assert "netapp_bluexp.active_words" in warn[0] and "netapp_bluexp.paused_words" in warn[0]
    else:
        assert warn == []


@pytest.mark.parametrize("word", [None, "", "  ", {}, True])
def test_no_word_is_no_warning(word, warn):
    assert mapping.enabled_of(word, [], [], warn) is None
    assert warn == []


def test_the_words_of_the_user_come_first(warn):
    assert mapping.enabled_of("Shiny", [" sHINY "], [], warn) is True
    assert mapping.enabled_of("not protected", ["active"], ["Not Protected"], warn) is False
    assert mapping.enabled_of("ACTIVE", [], ["active"], warn) is False
    assert warn == []


# -- anything ----------------------------------------------------------------------------------------------------------

FIELDS = sorted(
    {"id", "data", "multi-volume-backup", "volume", "restore", "batch", "file", "source", "target", "error", "time"}
    | {"rule", "label", "retention", "copy", "items", "working-environment-id", "snapshot", *VOLUME}
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["COMPLETED", "FAILED", "SUCCESS", "PENDING", "IN_PROGRESS", "v-1", WE, "12", str(START)])
)
MESS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
)


@st.composite
def mangled(draw, sample):
    """A real answer in which some values were replaced by anything."""
    found = copy.deepcopy(sample)
    for _hit in range(draw(st.integers(0, 4))):
        spot = found
        while True:
            keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(spot[key], (dict, list)) and spot[key] and draw(st.booleans()):
                spot = spot[key]
                continue
            spot[key] = draw(MESS)
            break
    return found


JOBS = mangled(job("FAILED", [part("v-1", "FAILED", "x"), part("v-2", "SUCCESS")], error="y")) | mangled(
    job(data={"restore": RESTORE})
)


def check_record(found):
    assert list(found) == list(model.RECORD_KEYS)
    assert banned_keys(found) == []
    assert found["state"] in model.STATES and found["type"] in model.TYPES
    assert found["result"] is None or found["result"] in model.RESULTS
    assert isinstance(found["id"], str)
    json.dumps(found)


@settings(max_examples=2 * settings.default.max_examples)
@given(JOBS | st.dictionaries(st.sampled_from(FIELDS), MESS))
def test_no_job_crashes(one):
    found = record_of(one, Warnings())
    check_record(found)
    if found["result"] == "success":
        assert one["status"].upper() in ("COMPLETED", "SUCCESS")


@settings(max_examples=2 * settings.default.max_examples)
@given(mangled(VOLUME), st.lists(JOBS, max_size=3))
def test_no_volume_crashes(volume, jobs):
    found = definition_of(
        volume, Warnings(), jobs, enabled=mapping.enabled_of(volume.get("backup-status"), [], [], Warnings())
    )
    check_record(found)
    for run in (found["current_run"], found["last_run"]):
        if run is not None:
            check_record(run)


# -- traits ------------------------------------------------------------------------------------------------------------


def test_every_ability_is_told():
    assert tuple(TRAITS.capabilities) == ABILITIES
    assert all(one.via if one.supported else one.note for one in TRAITS.capabilities.values())
    for ability in ("suspend", "resume", "stop", "job_operation"):
        assert not TRAITS.capabilities[ability].supported
