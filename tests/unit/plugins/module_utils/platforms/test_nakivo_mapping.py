# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NAKIVO's JobInfo and processed machines as records: every field of the page, the traps, and mangled answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.traits import TRAITS

ENDPOINT = "director.example.com:4443"
TENANT = "6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11"
PREFIXES = {entity: model.uid_prefix("nakivo", ENDPOINT, None, entity) for entity in model.ENTITIES}

#: Every field of the vendor page "Get Job Info" and of its edition 10.11, with a value of its own where it has one.
JOB = {
    "id": 3,
    "vid": "JOB-3",
    "name": "Backup job for VMware",
    "hvType": "VMWARE",
    "hvTypeBackupCount": {"VMWARE": 2},
    "hvTypeBackupHasRootDiskCount": {},
    "fromBackup": False,
    "status": "GREEN",
    "jobType": "BACKUP",
    "added": "2024-05-09T15:54:54.092+07:00",
    "updated": "2024-05-10T08:54:54.092Z",
    "vmCount": 2,
    "vmTemplateCount": 0,
    "diskCount": 5,
    "jobSameTypeCount": 3,
    "sourcesSize": 32768,
    "sourcesAllocatedSize": 65536,
    "isEnabled": True,
    "isLicensed": True,
    "isEdited": False,
    "isLocked": True,
    "isLockedRunningJob": True,
    "isRemoved": False,
    "lockReasons": ["run"],
    "reachedTerminalLimitState": False,
    "averageDurationMs": 18590,
    "averageDurationSampleCount": 1,
    "crState": "RUNNING",
    "crDate": "2024-05-10T16:51:01.563+07:00",
    "crDateRelative": 61000,
    "crVmPlanned": 2,
    "crVmOk": 1,
    "crVmFailed": 0,
    "crVmSkipped": 0,
    "crVmStopped": 0,
    "crProgress": 42,
    "crTotalProcessedItem": 11,
    "crTotalNewProcessedItem": 12,
    "crAdhoc": True,
    "crSiteRecoveryRunType": "TEST",
    "crRecoveryTimeObjectiveType": "MINUTE",
    "crRecoveryTimeObjective": 31,
    "crFailoverType": "PLANNED_FAILOVER",
    "crActionExecutions": [{"actionId": 8}],
    "hasLastRun": True,
    "lrState": "OK",
    "lrDate": "2024-05-09T16:51:01.563+07:00",
    "lrFinishDate": "2024-05-09T16:51:20.153+07:00",
    "lrSpeed": 1048576,
    "lrDurationMs": 18590,
    "lrDataKb": 2048,
    "lrVmOk": 2,
    "lrVmFailed": 0,
    "lrVmStopped": 0,
    "lrAdhoc": False,
    "lrCompressionRatio": 37,
    "lrSiteRecoveryRunType": "RUN",
    "lrRecoveryTimeObjectiveType": "HOUR",
    "lrRecoveryTimeObjective": 32,
    "lrFailoverType": "EMERGENCY_FAILOVER",
    "lrActionFailed": 1,
    "lrActionSkipped": 2,
    "lrActionSucceed": 3,
    "lrActionStopped": 4,
    "lrActionExecutions": [{"actionId": 9}],
    "postScriptPath": "/opt/post.sh",
    "powerSourceVmsOff": False,
    "sqlLogTruncationMode": "NONE",
    "fullBackupRunSettingsType": "EVERY",
    "fullBackupMode": "SYNTHETIC",
    "recoveryTimeObjectiveType": "MINUTE",
    "recoveryTimeObjective": 33,
    "actions": [{"id": 1, "type": "WAIT"}],
    "differentialTrackingMode": "HYPERVISOR",
    "preScriptExecutionMode": "NEVER",
    "preScriptBehavior": "WAIT",
    "preScriptErrorMode": "FAIL",
    "preScriptPath": "/opt/pre.sh",
    "postScriptExecutionMode": "ALWAYS",
    "postScriptBehavior": "PROCEED",
    "postScriptErrorMode": "SKIP",
    "thinDiskMode": "AUTO",
    "ebsVolumeMode": "FORCE_MAGNETIC",
    "temporaryVolumeType": "MAGNETIC",
    "networkAccelerationMode": "FAST",
    "encryptionMode": "NORMAL",
    "applicationAwareMode": "VSS_IGNORE_ERRORS",
    "retentionPolicy": {
        "retentionMode": "RULESET",
        "maxCount": 10,
        "keepDayCount": 7,
        "keepWeekCount": 4,
        "keepMonthCount": 6,
        "keepYearCount": 1,
    },
    "powerVmsOn": False,
    "generateMac": False,
    "recoveryType": "PRODUCTION",
    "transporterMode": "HOT_ADD",
    "exchangelogTruncationMode": "JOB_SUCCESS",
    "screenshotVerificationMode": "ALWAYS",
    "objects": [
        {
            "vid": "JOB_OBJECT-7",
            "lrState": "SUCCEEDED",
            "lrSpeed": 524288,
            "lrDataTransferredUncompressed": 3000000,
            "lrDuration": 9000,
            "lrBandwidthLimit": 800000000,
            "lrTransporterModes": ["SAN"],
            "crState": "RUNNING",
            "crProgress": 17,
            "crSpeed": 700000,
            "crDataTransferredUncompressed": 1000000,
            "crDuration": 4000,
            "crBandwidthLimit": 900000000,
            "crTransporterModes": ["LAN"],
            "sourceVid": "VMWARE_VM-14",
            "sourceName": "web-01",
            "sourcePowerState": "ON",
            "sourceSubType": "VM",
            "targetVid": "BACKUP_OBJECT-4",
            "targetName": "web-01 (backup)",
            "targetPowerState": "UNKNOWN",
            "targetSubType": "BACKUP",
            "verificationState": "SUCCEEDED",
            "screenshotName": "shot",
            "screenshotPath": "/shots/1.png",
            "flashBootState": None,
        },
        {
            "vid": "JOB_OBJECT-8",
            "lrState": "SUCCEEDED",
            "lrDataTransferredUncompressed": 4000000,
            "crState": "SUCCEEDED",
            "crSpeed": 0,
            "crDataTransferredUncompressed": 2000000,
            "sourceVid": "VMWARE_VM-15",
            "sourceName": "web-02",
            "sourceSubType": "VM",
        },
    ],
    "transporters": [
        {
            "isAuto": True,
            "usedAsSource": True,
            "usedAsTarget": False,
            "maxLoadFactor": 6,
            "currentTotalLoad": 1,
            "vid": "TRANSPORTER-1",
            "name": "Onboard transporter",
            "state": "OK",
        }
    ],
    "storages": [
        {
            "vid": "BACKUP_REPOSITORY-1",
            "name": "Onboard repository",
            "size": 1000,
            "free": 400,
            "used": 600,
            "state": "OK",
            "online": True,
            "infiniteSize": False,
            "type": "LOCAL",
        }
    ],
    "schedules": [
        {
            "enabled": True,
            "type": "DAILY",
            "position": 0,
            "startTime": "12:00:00 AM",
            "endTime": None,
            "timezone": "EET",
            "on": 31,
            "everyType": "MINUTE",
            "every": 30,
            "monthlyEveryType": "LAST",
            "dayOfMonth": 1,
            "dayOfWeek": 5,
            "month": 0,
            "triggerItem": None,
            "triggerRunType": None,
            "triggerEvents": None,
            "nextRun": "2024-05-11T00:00:00.000+07:00",
            "effectiveDate": "2024-01-01T00:00:00.000Z",
            "triggerItemName": None,
            "triggerItemTypeName": None,
            "timezoneOffsetMs": 7200000,
            "nextRunRelative": 3600000,
        }
    ],
}
IDLE = {**JOB, "crState": "WAITING_SCHEDULE", "crDate": None, "crDateRelative": 0, "crProgress": 0}
CR_START = "2024-05-10T09:51:01Z"
LR_START, LR_END = "2024-05-09T09:51:01Z", "2024-05-09T09:51:20Z"
LR_START_S = model.epoch_of(LR_START)


def mapper(warnings=None, need=(), tenant=None):
    return mapping.Mapper(
        ENDPOINT, PREFIXES, tenant, [].append if warnings is None else warnings.append, frozenset(need)
    )


def step(name, start, finish, state="SUCCEEDED", vid=None, moved=10, read=20):
    return mapping.Step(vid or "VMWARE_VM-" + name, name, state, start, finish, moved, read, {"vid": "STEP-" + name})


def method_names(value):
    """Keys, at any depth, that are methods of dict (raw and unknown_fields are free)."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in dir(dict):
                yield name
            if name not in ("raw", "unknown_fields"):
                yield from method_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from method_names(inner)


# -- the whole page ----------------------------------------------------------------------------------------------------


def test_definition_of_the_pages_job():
    warnings = []
    record = mapper(warnings, tenant=TENANT).definition(JOB, ["Production"])
    assert list(record) == list(model.RECORD_KEYS)
    assert warnings == []
    assert record["uid"] == "nakivo:director.example.com:4443:definition:3"
    assert (record["id"], record["definition_id"], record["definition_ids"]) == ("3", "3", ["3"])
    assert (record["name"], record["type"], record["enabled"]) == ("Backup job for VMware", "backup", True)
    assert (record["state"], record["progress"], record["result"], record["health"]) == ("running", 42, "success", None)
    assert record["next_run_at"] == "2024-05-10T17:00:00Z"
    assert record["last_success_at"] == LR_END
    assert record["duration_s"] == 18
    assert record["counts"] == model.counts(2, 2, 0, 0, 0)
    assert record["bytes"] == model.sizes(source=7000000, transferred=2048 * 1024)
    assert record["rate_bps"] == 1048576
    assert record["workload"]["application"] == "VMWARE"
    assert record["workload"]["groups"] == ["Production"]
    assert [thing["name"] for thing in record["workload"]["objects"]] == ["web-01", "web-02"]
    assert record["unknown_fields"] == {}
    assert record["raw"] is None
    native = record["native"]
    assert (native["vid"], native["hv_type"], native["job_type"]) == ("JOB-3", "VMWARE", "BACKUP")
    assert (native["status"], native["tenant"]) == ("GREEN", TENANT)
    assert (native["added"], native["updated"]) == ("2024-05-09T08:54:54Z", "2024-05-10T08:54:54Z")
    assert native["retention_policy"]["keep_day_count"] == 7
    assert native["storages"][0]["name"] == "Onboard repository"
    assert native["transporters"][0]["is_auto"] is True
    assert native["schedules"][0]["next_run"] == "2024-05-10T17:00:00Z"
    assert native["schedules"][0]["effective_date"] == "2024-01-01T00:00:00Z"
    assert native["schedules"][0]["on"] == 31
    assert native["lock_reasons"] == ["run"] and native["is_locked"] is True
    assert native["exchangelog_truncation_mode"] == "JOB_SUCCESS"
    assert not list(method_names(record))


def test_last_run_and_current_run_of_the_pages_job():
    record = mapper().definition(JOB)
    last, current = record["last_run"], record["current_run"]
    assert list(last) == list(current) == list(model.RECORD_KEYS)
    assert last["uid"] == "nakivo:director.example.com:4443:run:3@{0}".format(LR_START_S)
    assert (last["entity"], last["id"], last["definition_id"]) == ("run", "3@{0}".format(LR_START_S), "3")
    assert (last["state"], last["result"], last["started_at"], last["finished_at"]) == (
        "finished", "success", LR_START, LR_END,
    )  # fmt: skip
    assert (last["duration_s"], last["rate_bps"], last["progress"]) == (18, 1048576, None)
    assert last["bytes"] == model.sizes(source=7000000, transferred=2097152)
    assert last["initiated_by"] == {"name": None, "how": "schedule"}
    assert last["native"]["compression_ratio"] == 37
    assert [last["native"]["action_" + word] for word in ("failed", "skipped", "succeed", "stopped")] == [1, 2, 3, 4]
    assert last["native"]["failover_type"] == "EMERGENCY_FAILOVER"
    assert last["native"]["action_executions"] == [{"action_id": 9}]
    assert [o["bytes"] for o in last["workload"]["objects"]] == [3000000, 4000000]
    assert [o["last_success_at"] for o in last["workload"]["objects"]] == [LR_END, LR_END]

    assert (current["state"], current["result"], current["progress"]) == ("running", None, 42)
    assert (current["started_at"], current["finished_at"], current["duration_s"]) == (CR_START, None, 61)
    assert current["counts"] == model.counts(2, 1, 0, 0, 0)
    assert current["bytes"] == model.sizes(source=3000000)
    assert current["rate_bps"] == 700000  # only of the object that is under way
    assert current["initiated_by"]["how"] == "manual"
    assert current["native"]["total_new_processed_item"] == 12
    assert [(o["state"], o["result"]) for o in current["workload"]["objects"]] == [
        ("running", None),
        ("finished", "success"),
    ]


def test_every_field_of_the_page_shows_somewhere():
    """Change one field at a time: something in the records must change, or the field is in unknown_fields."""
    plain = json.dumps(mapper(need=("objects",)).definition(JOB), sort_keys=True)
    for name, value in JOB.items():
        other = "changed" if not isinstance(value, (int, list, dict)) else 5 if isinstance(value, int) else []
        if name in ("isEnabled", "hasLastRun"):
            other = False
        if name in ("crAdhoc", "lrAdhoc"):
            other = not value
        if value == other:
            other = {"changed": 1}
        record = mapper(need=("objects",)).definition({**JOB, name: other})
        assert json.dumps(record, sort_keys=True) != plain or name in record["unknown_fields"], name


def test_every_field_of_an_object_shows_where_objects_are_wanted():
    part = mapper(need=("objects",)).definition(JOB)["native"]["objects"][0]
    assert len(part) == len(JOB["objects"][0])
    assert part["screenshot_path"] == "/shots/1.png" and part["lr_bandwidth_limit"] == 800000000
    assert "objects" not in mapper().definition(JOB)["native"]


def test_fields_that_the_page_does_not_know():
    record = mapper().definition({**JOB, "jobColour": {"values": [1]}, "lrNewThing": 5, "crNewThing": 6})
    assert record["unknown_fields"] == {"jobColour": {"values": [1]}, "lrNewThing": 5, "crNewThing": 6}
    assert record["last_run"]["unknown_fields"] == {"lrNewThing": 5}
    assert record["current_run"]["unknown_fields"] == {"crNewThing": 6}


def test_raw_comes_only_when_wanted():
    record = mapper(need=("raw",)).definition(JOB)
    assert record["raw"] is JOB and record["last_run"]["raw"] is JOB
    assert mapper().definition(JOB)["last_run"]["raw"] is None


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "ok", "failed", "result"),
    [
        ("OK", 4, 0, "success"),
        ("OK", 3, 1, "partial"),
        ("OK", 0, 0, "success"),
        ("FAILED", 3, 1, "partial"),
        ("FAILED", 0, 4, "failed"),
        ("FAILED", 4, 0, "failed"),
        ("STOPPED", 3, 0, "cancelled"),
        ("STOPPED", 3, 1, "cancelled"),
        ("OK", "3", "1", "partial"),
        ("FAILED", None, None, "failed"),
    ],
)
def test_result_of_the_last_run(word, ok, failed, result):
    record = mapper().definition({**IDLE, "lrState": word, "lrVmOk": ok, "lrVmFailed": failed})
    assert (record["state"], record["result"], record["last_run"]["result"]) == ("idle", result, result)
    assert record["current_run"] is None and record["progress"] is None
    assert record["last_success_at"] == (LR_END if result == "success" else None)


@pytest.mark.parametrize("word", ["RUNNING", "WAITING_DEMAND", "WAITING_SCHEDULE"])
def test_a_last_run_that_is_not_over_is_none(word):
    record = mapper().definition({**JOB, "lrState": word})
    assert record["last_run"] is None and record["result"] is None


@pytest.mark.parametrize("word", ["WAITING_DEMAND", "WAITING_SCHEDULE", "OK", "FAILED", "STOPPED"])
def test_all_current_words_but_running_are_idle(word):
    record = mapper().definition({**JOB, "crState": word})
    assert record["state"] == "idle" and record["current_run"] is None


def test_unknown_words_are_unknown_with_a_warning():
    warnings = []
    row = {
        **JOB,
        "jobType": "BACKUP_TO_ORBIT",
        "crState": "HIBERNATING",
        "lrState": "OK_WITH_REMARKS",
        "hvType": "PROXMOX",
    }
    row["objects"] = [{**JOB["objects"][0], "lrState": "MELTED", "crState": "DEMAND"}]
    record = mapper(warnings).definition(row)
    assert (record["type"], record["state"], record["result"]) == ("other", "unknown", "unknown")
    assert record["last_run"]["result"] == "unknown" and record["last_success_at"] is None
    assert record["workload"]["objects"][0]["result"] == "unknown"
    assert record["workload"]["application"] == "PROXMOX"
    assert len(set(warnings)) == 4
    assert all("'" in sentence for sentence in warnings)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("BACKUP", "backup"),
        ("FILE_LEVEL", "backup"),
        ("BACKUP_COPY", "copy"),
        ("REPLICATION", "replication"),
        ("RECOVERY_VMS", "restore"),
        ("RECOVERY_FILES", "restore"),
        ("RECOVERY_OBJECTS", "restore"),
        ("FLASH_BOOT", "restore"),
        ("REPLICA_FAILOVER", "restore"),
        ("SITE_RECOVERY", "workflow"),
        (None, "other"),
    ],
)
def test_types(word, expected):
    warnings = []
    assert mapper(warnings).definition({**IDLE, "jobType": word})["type"] == expected
    assert warnings == []


def test_words_of_objects_are_other_words():
    words = ["SCHEDULED", "DEMAND", "WAITING", "RUNNING", "STOPPED", "FAILED", "SUCCEEDED", "SKIPPED", None]
    row = {**JOB, "objects": [{"sourceName": str(word), "crState": word, "lrState": word} for word in words]}
    current = mapper().current_run(row)
    assert [(o["name"], o["state"], o["result"]) for o in current["workload"]["objects"]] == [
        ("WAITING", "queued", None),
        ("RUNNING", "running", None),
        ("STOPPED", "finished", "cancelled"),
        ("FAILED", "finished", "failed"),
        ("SUCCEEDED", "finished", "success"),
        ("SKIPPED", "finished", "skipped"),
    ]
    last = mapper().last_run(row)
    assert "None" not in [o["name"] for o in last["workload"]["objects"]]  # added after the run
    assert last["counts"]["skipped"] == 1 and last["counts"]["total"] == 3


def test_a_job_that_never_ran():
    row = {**IDLE, "hasLastRun": False, "lrState": None, "lrDate": None, "lrFinishDate": None, "lrDurationMs": 0}
    row["objects"] = [
        {**JOB["objects"][0], "lrState": None, "crState": "SCHEDULED", "lrDataTransferredUncompressed": 0}
    ]
    record = mapper().definition(row)
    assert record["health"] == "never_ran"
    assert (record["last_run"], record["result"], record["duration_s"]) == (None, None, None)
    assert record["workload"]["client"] == "web-01"
    assert record["workload"]["objects"][0]["result"] is None


def test_a_job_that_never_ran_and_still_shows_zeroes_and_1970():
    row = {**IDLE, "hasLastRun": False, "lrState": "OK", "lrDate": "1970-01-01T00:00:00.000Z"}
    assert mapper().definition(row)["last_run"] is None


# -- enabled, next run, times ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "schedules", "expected"),
    [
        (True, [], True),
        (True, None, True),
        (True, [{"enabled": False, "type": "DAILY"}], False),
        (True, [{"enabled": False, "type": "DAILY"}, {"enabled": True, "type": "DAILY"}], True),
        (True, [{"enabled": False, "type": "NONE"}], True),
        (True, [{"type": "DAILY"}], None),
        (True, {"enabled": False, "type": "DAILY"}, False),
        (False, [{"enabled": True, "type": "DAILY"}], False),
        (False, [], False),
        (None, [{"enabled": True, "type": "DAILY"}], None),
        ("true", [], True),
    ],
)
def test_enabled(switch, schedules, expected):
    assert mapper().definition({**IDLE, "isEnabled": switch, "schedules": schedules})["enabled"] is expected


def test_next_run_is_the_earliest_of_the_enabled_schedules():
    schedules = [
        {"enabled": True, "nextRun": "2024-05-12T10:00:00.000Z"},
        {"enabled": False, "nextRun": "2024-05-10T10:00:00.000Z"},
        {"enabled": True, "nextRun": "2024-05-11T18:00:00.000+07:00"},
        {"enabled": True, "nextRun": "1970-01-01T00:00:00.000Z"},
        {"enabled": True, "nextRun": None},
    ]
    assert mapper().definition({**IDLE, "schedules": schedules})["next_run_at"] == "2024-05-11T11:00:00Z"
    off = mapper().definition({**IDLE, "schedules": schedules, "isEnabled": False})
    assert off["next_run_at"] is None


@pytest.mark.parametrize(
    "written",
    ["2024-05-09T09:51:01.563Z", "2024-05-09T16:51:01.563+07:00", "2024-05-09T09:51:01", "2024-05-09T09:51:01+00:00"],
)
def test_dates_with_z_with_an_offset_and_with_none_are_one_moment(written):
    assert mapper().last_run({**JOB, "lrDate": written})["id"] == "3@{0}".format(LR_START_S)


def test_start_and_end_are_completed_from_the_duration():
    last = mapper().last_run({**JOB, "lrDate": None})
    assert (last["started_at"], last["finished_at"]) == ("2024-05-09T09:51:02Z", LR_END)
    last = mapper().last_run({**JOB, "lrFinishDate": None})
    assert last["finished_at"] == "2024-05-09T09:51:19Z"
    last = mapper().last_run({**JOB, "lrDurationMs": None})
    assert last["duration_s"] == 19


def test_without_a_start_there_is_no_run_but_the_result_stays():
    record = mapper().definition({**IDLE, "lrDate": None, "lrDurationMs": None, "lrState": "FAILED"})
    assert record["last_run"] is None and record["result"] == "failed"


def test_progress_only_where_it_is_a_percentage():
    assert mapper().current_run({**JOB, "crProgress": "55"})["progress"] == 55
    for odd in (-1, 101, None, "x"):
        assert mapper().current_run({**JOB, "crProgress": odd})["progress"] is None


def test_the_client_is_the_only_object():
    assert mapper().definition(JOB)["workload"]["client"] is None
    assert mapper().definition({**JOB, "objects": JOB["objects"][:1]})["workload"]["client"] == "web-01"
    assert mapper().definition({**JOB, "objects": JOB["objects"][0]})["workload"]["client"] == "web-01"


@pytest.mark.parametrize(
    ("row", "expected"),
    [({"id": 3}, 3), ({"id": "3"}, 3), ({"vid": "JOB-12"}, 12), ({"id": None, "vid": "JOB-x"}, None), ({}, None)],
)
def test_the_id_of_a_job(row, expected):
    assert mapping.job_number(row) == expected


# -- processed machines ------------------------------------------------------------------------------------------------

#: Shape of the sample on the vendor page "Get Processed VMs" (newest first), with the starts that clients have seen.
PROCESSED = [
    {
        "vid": "JOB-3",
        "name": "Backup job for VMware",
        "jobType": "BACKUP",
        "vmInfoList": [
            {
                "vid": "VMWARE_VM-14",
                "name": "web-01",
                "runInfoList": [
                    {
                        "vid": "JOB_EXECUTION_STEP-164",
                        "state": "SUCCEEDED",
                        "startDate": "2024-05-09T16:51:02.100+07:00",
                        "finishDate": "2024-05-09T16:51:10.000+07:00",
                        "dataTransferred": 100,
                        "dataTransferredUncompressed": 300,
                    },
                    {
                        "vid": "JOB_EXECUTION_STEP-129",
                        "state": "FAILED",
                        "startDate": "2024-05-09T13:00:00.000+07:00",
                        "finishDate": "2024-05-09T13:04:00.000+07:00",
                        "dataTransferred": 7,
                    },
                    {"vid": "JOB_EXECUTION_STEP-170", "state": "RUNNING", "startDate": "2024-05-09T18:00:00Z"},
                ],
            },
            {
                "vid": "VMWARE_VM-15",
                "name": "web-02",
                "runInfoList": [
                    {
                        "vid": "JOB_EXECUTION_STEP-130",
                        "state": "SUCCEEDED",
                        "startDate": "2024-05-09T13:04:30.000+07:00",
                        "finishDate": "2024-05-09T13:06:00.000+07:00",
                        "dataTransferred": 5,
                    },
                ],
            },
        ],
    },
    {"vid": "not a job", "vmInfoList": [{"runInfoList": [{"finishDate": "2024-05-09T13:06:00Z"}]}]},
]


def test_earlier_runs_are_put_together_from_their_objects():
    steps = mapping.steps_by_job(PROCESSED)
    assert list(steps) == [3] and len(steps[3]) == 3
    runs = mapper().runs(IDLE, steps[3])
    assert [run["started_at"] for run in runs] == [LR_START, "2024-05-09T06:00:00Z"]
    last, earlier = runs
    assert last["workload"]["objects"][0]["started_at"] == "2024-05-09T09:51:02Z"
    assert last["workload"]["objects"][0]["finished_at"] == "2024-05-09T09:51:10Z"
    assert last["workload"]["objects"][1]["started_at"] is None
    assert earlier["id"] == "3@{0}".format(model.epoch_of("2024-05-09T06:00:00Z"))
    assert (earlier["state"], earlier["result"], earlier["finished_at"]) == (
        "finished",
        "partial",
        "2024-05-09T06:06:00Z",
    )
    assert earlier["duration_s"] == 360
    assert earlier["counts"] == model.counts(2, 1, 1, 0, 0)
    assert earlier["bytes"] == model.sizes(transferred=12)
    assert earlier["native"]["put_together_from"] == "getProcessedVms"
    assert earlier["native"]["steps"] == ["JOB_EXECUTION_STEP-129", "JOB_EXECUTION_STEP-130"]
    assert [o["name"] for o in earlier["workload"]["objects"]] == ["web-01", "web-02"]
    assert earlier["initiated_by"]["how"] is None
    assert list(earlier) == list(model.RECORD_KEYS) and not list(method_names(earlier))


def test_steps_without_a_start_help_the_last_run_only():
    """The sample on the page has no startDate: the run to which such a step belongs is told by its end."""
    inside = mapping.Step("VMWARE_VM-14", "web-01", "SUCCEEDED", None, LR_START_S + 10, None, None, {})
    outside = inside._replace(finish=LR_START_S - 7200)
    runs = mapper().runs(IDLE, [inside, outside])
    assert len(runs) == 1
    assert runs[0]["workload"]["objects"][0]["finished_at"] == "2024-05-09T09:51:11Z"
    assert runs[0]["workload"]["objects"][0]["started_at"] is None


def test_steps_of_the_current_run_are_no_earlier_run():
    begun = model.epoch_of(CR_START)
    runs = mapper().runs(JOB, [step("web-02", begun + 5, begun + 30, vid="VMWARE_VM-15")])
    assert [run["state"] for run in runs] == ["running", "finished"]
    assert runs[0]["workload"]["objects"][1]["started_at"] == model.timestamp(begun + 5)


def test_a_step_is_of_a_run_that_began_two_seconds_later_by_its_own_date():
    for early, runs in ((2, 1), (3, 2)):
        found = mapper().runs(IDLE, [step("web-01", LR_START_S - early, LR_START_S + 5, vid="VMWARE_VM-14")])
        assert len(found) == runs


def test_an_object_that_has_left_the_job_is_still_in_its_run():
    last = mapper().last_run(IDLE, [step("gone", LR_START_S, LR_START_S + 9, "FAILED")])
    assert [(o["name"], o["result"]) for o in last["workload"]["objects"]][-1] == ("gone", "failed")


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [
        ([("a", 0, 10), ("b", 0, 20), ("c", 11, 30)], [3]),  # side by side, then one after another
        ([("a", 0, 10), ("a", 12, 20)], [1, 1]),  # the same object again: the next run
        ([("a", 0, 10), ("b", 0, 20), ("a", 21, 30), ("b", 22, 40)], [2, 2]),
        ([("a", 0, 10), ("b", 10 + mapping.STEP_GAP_S, 90)], [2]),
        ([("a", 0, 10), ("b", 11 + mapping.STEP_GAP_S, 90)], [1, 1]),
        ([("a", 0, 1000), ("b", 5, 10), ("c", 900, 990)], [3]),  # a long one holds the run together
        ([], []),
    ],
)
def test_grouping_steps_into_runs(steps, sizes):
    found = mapping.grouped([step(name, 10**9 + start, 10**9 + end) for name, start, end in reversed(steps)])
    assert [len(run) for run in found] == sizes


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["SUCCEEDED", "SUCCEEDED"], "success"),
        (["SUCCEEDED", "SKIPPED"], "success"),
        (["SKIPPED"], "skipped"),
        (["SUCCEEDED", "FAILED"], "partial"),
        (["FAILED", "FAILED"], "failed"),
        (["SUCCEEDED", "STOPPED"], "cancelled"),
        (["FAILED", "SUCCEEDED", "STOPPED"], "cancelled"),
        (["SUCCEEDED", "MELTED"], "unknown"),
        (["SUCCEEDED", None], "unknown"),
    ],
)
def test_result_of_a_run_put_together(words, result):
    steps = [step(str(turn), 10**9, 10**9 + 10, word) for turn, word in enumerate(words)]
    (run,) = mapper().earlier_runs({"id": 3}, steps)
    assert run["result"] == result


def test_last_success_before_a_failure_is_found_in_the_day():
    steps = [step("web-01", LR_START_S - 7200, LR_START_S - 7000, vid="VMWARE_VM-14")]
    row = {**IDLE, "lrState": "FAILED", "lrVmOk": 0, "lrVmFailed": 2}
    row["objects"] = [{**part, "lrState": "FAILED"} for part in JOB["objects"]]
    record = mapper().definition(row, None, steps)
    assert record["result"] == "failed"
    assert record["last_success_at"] == model.timestamp(LR_START_S - 7000)
    assert [o["last_success_at"] for o in record["workload"]["objects"]] == [model.timestamp(LR_START_S - 7000), None]
    assert mapper().definition(row)["last_success_at"] is None


# -- anything ----------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**30, 1e308, 1e-9, "0", "1e400", "-5", "", "RUNNING", "OK", "FAILED", "NONE"]),
    st.sampled_from(
        ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2024-05-09T09:51:01", "0001-01-01", "2024-13-40"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
)
PARTS = st.dictionaries(st.sampled_from(sorted(JOB["objects"][0])), VALUES, max_size=6)
SCHEDULES = st.dictionaries(st.sampled_from(["enabled", "type", "nextRun", "values", "items"]), VALUES, max_size=4)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.one_of(st.just(value), VALUES) for name, value in JOB.items()},
        "objects": st.one_of(VALUES, st.lists(st.one_of(PARTS, VALUES), max_size=3)),
        "schedules": st.one_of(VALUES, st.lists(st.one_of(SCHEDULES, VALUES), max_size=3)),
        "copy": VALUES,
        "crItems": VALUES,
    },
)
RUN_INFO = st.dictionaries(
    st.sampled_from(["vid", "state", "startDate", "finishDate", "dataTransferred", "dataTransferredUncompressed"]),
    VALUES,
)
MACHINES = st.fixed_dictionaries(
    {},
    optional={"vid": VALUES, "name": VALUES, "runInfoList": st.one_of(VALUES, st.lists(st.one_of(RUN_INFO, VALUES)))},
)
JOBS = st.fixed_dictionaries(
    {"vid": st.one_of(st.just("JOB-3"), VALUES)},
    optional={"vmInfoList": st.one_of(VALUES, st.lists(MACHINES, max_size=3))},
)


@settings(max_examples=2 * settings.default.max_examples)
@given(ROWS, st.lists(JOBS, max_size=3))
def test_nothing_that_a_server_sends_breaks_a_record(row, jobs):
    steps = mapping.steps_by_job(jobs).get(3, [])
    made = mapper(need=("objects", "raw"))
    records = [made.definition(row, None, steps), made.definition(row)] + made.runs(row, steps)
    for record in records + [
        record[key] for record in records[:2] for key in ("current_run", "last_run") if record[key]
    ]:
        assert set(record) == set(model.RECORD_KEYS)
        assert record["state"] in model.STATES and record["type"] in model.TYPES
        assert record["result"] in (None, *model.RESULTS)
        assert not list(method_names(record))
        json.dumps(record)
        for time in ("started_at", "finished_at", "next_run_at", "last_success_at"):
            assert record[time] is None or model.epoch_of(record[time]) > 0
        if record["entity"] == "run":
            assert model.parse_uid(record["uid"])[4] == record["id"] and record["started_at"]


# -- traits ------------------------------------------------------------------------------------------------------------


def test_traits_speak_of_every_ability():
    assert tuple(TRAITS.capabilities) == ABILITIES
    assert TRAITS.native_entity == "definition" and TRAITS.filters == {"group_id": {"type": "int"}}
    for ability, capability in TRAITS.capabilities.items():
        assert capability.via or not capability.supported, ability
        assert capability.note is None or capability.note.endswith("."), ability
        assert capability.supported or capability.note, ability
