# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commvault's answers as records: the jobs of vendor page "Get Job", and what a server may get wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.traits import TRAITS

#: The samples of the page, as XML (their bare <br> inside an attribute is the page's own).
PAGE = b"""<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<JobManager_JobListResponse totalRecordsWithoutPaging="4">
<jobs><jobSummary appTypeName="File System" backupSetName="defaultBackupSet" currentPhaseName=""
 destClientName="client001" isVisible="true" jobElapsedTime="271516" jobId="681" jobStartTime="1380294233"
 jobType="Backup" lastUpdateTime="1380565749" pendingReason="Killed by admin. Reason:[killing].<br>Source:
 client001, Process: JobManager Backup job has been suspended by user admin. Reason:[not responding].<br>Source:
 client001, Process: JobManager"
 percentComplete="100.000000" percentSavings="0.000000" sizeOfApplication="0" sizeOfMediaOnDisk="0" status="Killed"
 statusColor="black" subclientName="default" totalFailedFiles="0" totalFailedFolders="0" totalNumOfFiles="0"/></jobs>
<jobs><jobSummary appTypeName="File System" backupSetName="defaultBackupSet" currentPhaseName="Backup"
 destClientName="client001" isVisible="true" jobElapsedTime="300" jobId="707" jobStartTime="1380565903"
 jobType="Backup" lastUpdateTime="0" pendingReason="Backup job has been suspended
   by user admin. Reason:[v].<br>Source: client001, Process: JobManager" percentComplete="25.000000"
 percentSavings="0.000000" sizeOfApplication="0" sizeOfMediaOnDisk="0" status="Suspended" statusColor="black"
 subclientName="default" totalFailedFiles="0" totalFailedFolders="0" totalNumOfFiles="0"/></jobs>
<jobs><jobSummary appTypeName="File System" backupSetName="defaultBackupSet" currentPhaseName=""
 destClientName="client001" isVisible="true" jobElapsedTime="0" jobId="795" jobStartTime="1381528835" jobType="Backup"
 lastUpdateTime="1381528835"
 pendingReason="Another backup is running for client [client001].&lt;br&gt;Source: client001, Process: JobManager"
 percentComplete="100.000000" percentSavings="0.000000" sizeOfApplication="0" sizeOfMediaOnDisk="0"
 status="Failed to Start" statusColor="redspan" subclientName="default" totalFailedFiles="0" totalFailedFolders="0"
 totalNumOfFiles="0"/></jobs>
<jobs><jobSummary appTypeName="Default Application Type Name" backupLevel="UNKNOWN_BKP_LEVEL"
 currentPhaseName="Submit message" destClientName="dkalevm2" isAged="false" isPreemptable="1" isVisible="true"
 jobElapsedTime="626229" jobId="270" jobStartTime="1500905613" jobType="Demo - New Machine Request"
 lastUpdateTime="1500905615" localizedOperationName="Demo - New Machine Request" localizedStatus="Waiting"
 pendingReason="waiting on user informational action&lt;br&gt;Source: dkalevm2, Process: Workflow"
 pendingReasonErrorCode="19:857" percentComplete="6" percentSavings="0" sizeOfApplication="0" sizeOfMediaOnDisk="0"
 status="Waiting" statusColor="black" totalFailedFiles="0" totalFailedFolders="0" totalNumOfFiles="0">
<subclient appName="Default Application Type Name" applicationId="0" backupsetId="0" clientId="2" clientName="dkalevm2"
 instanceId="0" subclientId="0"/>
<clientGroups _type_="CLIENT_GROUP_ENTITY" clientGroupId="1" clientGroupName="Infrastructure"/>
<clientGroups _type_="CLIENT_GROUP_ENTITY" clientGroupId="5" clientGroupName="Media Agents"/>
</jobSummary></jobs></JobManager_JobListResponse>"""

JOB = {
    "jobId": 12345, "status": "Completed w/ one or more errors", "localizedStatus": "x",
    "isVisible": True, "isAged": False,
    "jobType": "Backup", "opType": 4, "localizedOperationName": "Backup", "backupLevel": 2,
    "backupLevelName": "Incremental",
    "appTypeName": "File System", "percentComplete": 100, "currentPhase": 0, "currentPhaseName": "",
    "jobStartTime": 1700000000, "jobEndTime": 1700000600, "jobElapsedTime": 600, "lastUpdateTime": 1700000605,
    "pendingReason": "", "pendingReasonErrorCode": "", "isPreemptable": 1, "sizeOfApplication": 6000,
    "sizeOfMediaOnDisk": 2000,
    "percentSavings": 66.5, "totalNumOfFiles": 50, "totalFailedFiles": 3, "totalFailedFolders": 1,
    "vsaParentJobID": 12000,
    "commcellId": 2, "destClientName": "c1",
    "subclient": {"clientId": 2, "clientName": "c1", "appName": "File System", "applicationId": 33, "instanceId": 1,
                  "instanceName": "i", "backupsetId": 3, "backupsetName": "bs", "subclientId": 7,
                  "subclientName": "default"},
    "storagePolicy": {"storagePolicyId": 5, "storagePolicyName": "SP"},
    "destinationClient": {"clientId": 2, "clientName": "c1", "displayName": "C One"},
    "userName": {"userId": 1, "userName": "admin"}, "clientGroups": [{"clientGroupId": 9, "clientGroupName": "g"}],
}  # fmt: skip


def mapped(job, **options):
    warnings = []
    record = mapping.RunMapper("commvault:cs:443:run:", "cs:443", warnings.append, **options)(job)
    return record, warnings


def page():
    jobs, total = mapping.jobs_of(mapping.from_xml(PAGE))
    assert total == 4
    return {record["id"]: record for record in (mapped(job)[0] for job in jobs)}


def test_the_page_s_killed_job():
    killed = page()["681"]
    assert (killed["state"], killed["result"], killed["progress"]) == ("finished", "cancelled", None)
    assert killed["reason"] == "Killed by admin. Reason:[killing]."
    assert killed["finished_at"] == killed["updated_at"] == "2013-09-30T18:29:09Z"
    assert killed["duration_s"] == 271516
    assert killed["name"] == "client001/File System/defaultBackupSet/default"


def test_the_page_s_suspended_job():
    suspended = page()["707"]
    assert (suspended["state"], suspended["result"], suspended["progress"]) == ("suspended", None, 25)
    assert suspended["updated_at"] is None and suspended["finished_at"] is None
    assert suspended["reason"] == "Backup job has been suspended by user admin. Reason:[v]."


def test_the_page_s_job_that_failed_to_start():
    failed = page()["795"]
    assert (failed["state"], failed["result"], failed["progress"]) == ("finished", "failed", None)
    assert failed["reason"] == "Another backup is running for client [client001]."
    assert failed["savings_pct"] == 0


def test_a_workflow_among_the_backup_jobs():
    workflow = page()["270"]
    assert (workflow["type"], workflow["state"], workflow["level"]) == ("workflow", "queued", None)
    assert workflow["name"] == "Demo - New Machine Request"
    assert workflow["reason_code"] == "19:857"
    assert workflow["definition_id"] is None and workflow["definition_ids"] == []
    assert workflow["workload"]["groups"] == ["Infrastructure", "Media Agents"]
    assert workflow["unknown_fields"] == {}


def test_a_json_job_whole():
    record, warnings = mapped(JOB, raw=True)
    assert not warnings and tuple(record) == model.RECORD_KEYS
    assert record["uid"] == "commvault:cs:443:run:12345"
    assert (record["definition_id"], record["parent_id"], record["level"]) == ("7", "12000", "incremental")
    assert (record["state"], record["result"]) == ("finished", "partial")
    assert record["finished_at"] == "2023-11-14T22:23:20Z" and record["updated_at"] == "2023-11-14T22:23:25Z"
    assert record["counts"] == model.counts(total=50, failed=4)
    assert record["bytes"] == model.sizes(6000, None, 2000)
    assert (record["rate_bps"], record["savings_pct"]) == (10, 66.5)
    assert record["initiated_by"] == {"name": "admin", "how": None}
    assert record["workload"] == model.workload("c1", "File System", ["g"])
    assert record["retention"]["aged"] is False
    assert record["native"]["storage_policy"] == {"id": "5", "name": "SP"}
    assert record["raw"] is JOB


def test_all_texts_and_numbers_give_the_same_record():
    def as_text(value):
        if isinstance(value, dict):
            return {key: as_text(one) for key, one in value.items()}
        if isinstance(value, list):
            return as_text(value[0])  # a single element is no list
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

    job = {**JOB, "backupLevel": "Incremental", "jobId": 12345}
    assert mapped({**as_text(job), "backupLevel": "Incremental"})[0] == mapped(job)[0]


def test_what_runs_share_is_not_mixed_up():
    to_run = mapping.RunMapper("p:", "e", lambda sentence: None)
    other = {**JOB, "subclient": {**JOB["subclient"], "subclientId": 8, "subclientName": "other"}}
    restore = {
        **JOB,
        "localizedOperationName": "Restore",
        "jobType": "Restore",
        "userName": {"userName": "eve"},
        "isAged": True,
    }
    first, second, third = to_run(JOB), to_run(other), to_run(restore)
    assert (first["name"], second["name"]) == ("c1/File System/bs/default", "c1/File System/bs/other")
    assert (first["native"]["operation"], third["native"]["operation"]) == ("Backup", "Restore")
    assert (first["initiated_by"]["name"], third["initiated_by"]["name"]) == ("admin", "eve")
    assert (first["retention"]["aged"], third["retention"]["aged"]) == (False, True)
    assert to_run(JOB) == first


@pytest.mark.parametrize(("word", "state", "result"), [(word, *known) for word, known in mapping.STATUSES.items()])
def test_every_status_in_any_case(word, state, result):
    for sent in (word, word.upper(), word.capitalize()):
        record, warnings = mapped({**JOB, "status": sent})
        assert (record["state"], record["result"], warnings) == (state, result, [])
        assert (record["progress"] is None) == (state == "finished")
        assert (record["finished_at"] is None) == (state != "finished")


def test_a_job_that_cannot_be_verified_runs_and_says_so():
    record = mapped({**JOB, "status": "Running (cannot be verified)", "jobEndTime": 0})[0]
    assert (record["state"], record["reason"]) == ("running", "Running (cannot be verified)")
    record = mapped(
        {**JOB, "status": "Running (cannot be verified)", "pendingReason": "No word from it.<br>Source: c"}
    )[0]
    assert record["reason"] == "No word from it."


def test_an_unknown_status_is_never_a_success():
    record, warnings = mapped({**JOB, "status": "Completed w/ joy", "jobEndTime": 0})
    assert (record["state"], record["result"]) == ("unknown", None)
    assert len(warnings) == 1 and "'Completed w/ joy'" in warnings[0]
    assert mapped({**JOB, "status": "Completed w/ joy"})[0]["result"] == "unknown"


@pytest.mark.parametrize(
    ("pending", "reason", "code"),
    [
        ("", None, None),
        ("Plain words.", "Plain words.", None),
        ("One.<br>Source: a, Process: b\nTwo.<br>Source: a, Process: b", "One.", None),
        ("One  and\n more.<BR/>Source: a, Process: b", "One and more.", None),
        ("One. Source: a, Process: b", "One.", None),
        ("Error Code: [19:857]<br>Described here.<br>Source: a, Process: b", "Described here.", "19:857"),
        ("<br>Source: a, Process: b", None, None),
        ("Started at 10:30, client [c].", "Started at 10:30, client [c].", None),
    ],
)
def test_reason(pending, reason, code):
    assert mapping.reason_of(pending) == (reason, code)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"jobType": "Restore"}, "restore"),
        ({"jobType": "Auxiliary Copy"}, "copy"),
        ({"jobType": "Data Verification"}, "verify"),
        ({"jobType": "Data Aging"}, "maintenance"),
        ({"jobType": "My own", "opType": 104}, "copy"),
        ({"jobType": "My own", "opType": 90}, "other"),
        ({"jobType": "My own", "opType": 90, "pendingReason": "x<br>Source: c, Process: Workflow"}, "workflow"),
    ],
)
def test_types(change, kind):
    assert mapped({**JOB, **change})[0]["type"] == kind


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"backupLevelName": "Synthetic Full"}, "synthetic_full"),
        ({"backupLevelName": "Transaction Log"}, "transaction_log"),
        ({"backupLevelName": "", "backupLevel": 64}, "synthetic_full"),
        ({"backupLevelName": None, "backupLevel": "Full"}, "full"),
        ({"backupLevelName": "", "backupLevel": 0}, None),
    ],
)
def test_levels(change, level):
    record, warnings = mapped({**JOB, **change})
    assert (record["level"], warnings) == (level, [])


def test_new_fields_are_shown_and_spellings_accepted():
    record = mapped({**JOB, "isPreemtable": 0, "localizedstatus": "x", "brandNew": 5})[0]
    assert record["unknown_fields"] == {"brandNew": 5}
    job = {key: value for key, value in JOB.items() if key != "isPreemptable"}
    assert mapped({**job, "isPreemtable": 0})[0]["native"]["preemptable"] is False


def test_times_of_1970_mean_none():
    record = mapped({**JOB, "jobStartTime": 3600, "lastUpdateTime": 0, "jobEndTime": 0, "jobElapsedTime": 0})[0]
    assert record["started_at"] is record["updated_at"] is record["finished_at"] is None


def test_a_display_name_is_found_by_the_filter_for_clients():
    from ansible_collections.backupops.jobs.plugins.module_utils.selection import matches_client

    record = mapped(JOB, aliases={"2": "C One"})[0]
    assert matches_client(record, {"c one"}) and matches_client(record, {"c1"})
    assert mapped(JOB)[0]["workload"]["objects"] is None


def test_machines_of_a_job():
    detail = {
        "generalInfo": {"jobStartedFrom": "Scheduled", "jobStartedBy": "x"},
        "clientStatusInfo": {
            "vmStatus": [{"vmName": "a", "GUID": "g1"}, {"vmName": "b", "FailureReason": "No snap.<br>Source: x"}]
        },
    }
    record = mapping.add_details(mapped(JOB)[0], detail)
    assert record["initiated_by"] == {"name": "admin", "how": "schedule"}
    assert [(one["name"], one["result"], one["reason"]) for one in record["workload"]["objects"]] == [
        ("a", "unknown", None),
        ("b", "failed", "No snap."),
    ]


ROW = {
    "jobId": 12345, "status": "Completed", "copiedTime": 1700001000, "retainUntil": 1800000000, "strRetainedBy": "User",
    "username": "eve", "retentionReason": "legal", "isAged": False, "dataVerificationStatus": 5,
    "requiredByJobs": "2, 3,",
}  # fmt: skip


def test_a_hold_on_a_copy():
    entry = mapping.copy_entry(ROW, "SP", "9", "Primary")
    assert (entry["held"], entry["held_until"], entry["held_by"]) == (True, "2027-01-15T08:00:00Z", "eve")
    assert (entry["available"], entry["verification"]) == (True, "successful")
    free = {**ROW, "strRetainedBy": "Basic Retention", "isSoftAged": True}
    other = mapping.copy_entry(free, "SP", "10", "Secondary")
    assert (other["held"], other["held_until"], other["aged"], other["available"]) == (False, None, True, False)
    plain = mapped(JOB)[0]
    record = mapping.add_copies(mapped(JOB)[0], [(entry, ROW), (other, free)])
    assert record["retention"] == model.retention(True, "2027-01-15T08:00:00Z", "eve", "legal", False)
    assert record["depends"]["required_by"] == ["2", "3"] and record["depends"]["has_dependents"] is True
    assert plain["retention"]["held"] is None


@pytest.mark.parametrize("until", [None, 0, -1, 2147483647, 99999999999])
def test_a_hold_without_an_end(until):
    entry = mapping.copy_entry({**ROW, "retainUntil": until}, "SP", "9", "Primary")
    assert (entry["held"], entry["held_until"]) == (True, None)
    bits = {key: value for key, value in ROW.items() if key != "strRetainedBy"}
    assert mapping.copy_entry({**bits, "retainedBy": 5}, "SP", "9", "P")["held"] is True
    assert mapping.copy_entry({**bits, "retainedBy": 1}, "SP", "9", "P")["held"] is False
    assert mapping.copy_entry(bits, "SP", "9", "P")["held"] is None


def test_the_latest_runs_of_a_subclient():
    latest = mapping.LatestRuns()
    for id, status, end in ((1, "Completed", 1700000100), (2, "Failed", 1700000300), (3, "Completed", 1700000200)):
        latest.add({**JOB, "jobId": id, "status": status, "jobEndTime": end})
    latest.add({**JOB, "jobId": 4, "status": "Running", "jobEndTime": 0})
    latest.add({**JOB, "jobId": 5, "subclient": {"subclientId": 0}})
    current, last, success = latest.of(7)
    assert (current["jobId"], last["jobId"], success["jobId"]) == (4, 2, 3)
    assert list(latest.subclients()) == [7]
    to_run = mapping.RunMapper("r:", "e", lambda sentence: None)
    record = mapping.definition_record(
        "d:", "e", JOB["subclient"], False, to_run(current), to_run(last), to_run(success)
    )
    assert tuple(record) == model.RECORD_KEYS
    assert (record["id"], record["state"], record["result"], record["enabled"]) == ("7", "running", "failed", False)
    assert record["last_success_at"] == "2023-11-14T22:16:40Z" and record["bytes"]["source"] == 6000
    idle = mapping.definition_record("d:", "e", JOB["subclient"], None, None, None, None)
    assert (idle["state"], idle["result"], idle["current_run"], idle["last_run"]) == ("idle", None, None, None)


def test_names_tell_subclients_apart_and_no_key_is_a_method_of_dict():
    methods = set(dir(dict))

    def keys(value):
        if isinstance(value, dict):
            for key, one in value.items():
                yield key
                yield from keys(one)
        elif isinstance(value, list):
            for one in value:
                yield from keys(one)

    record = mapped(JOB)[0]
    definition = mapping.definition_record("d:", "e", JOB["subclient"], True, None, record, record)
    assert not methods.intersection(keys(definition))
    agent = {**JOB["subclient"], "backupsetName": ""}
    assert mapping.definition_record("d:", "e", agent, True, None, None, None)["name"] == "c1/File System/i/default"


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a x="1">&b;</a>',
        b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
        b"<html><body/></html>",
        b"<a><b",
        b"<a>" * 300 + b"</a>" * 300,
        b"",
    ],
)
def test_xml_that_is_refused(content):
    with pytest.raises(ValueError):
        mapping.from_xml(content)


def test_one_job_in_xml_is_no_list():
    jobs, total = mapping.jobs_of(
        mapping.from_xml(b'<r totalRecordsWithoutPaging="1"><jobs><jobSummary jobId="5"/></jobs></r>')
    )
    assert (jobs, total) == ([{"jobId": "5"}], 1)
    assert mapping.jobs_of(mapping.from_xml(b'<r totalRecordsWithoutPaging="0"/>')) == ([], 0)


def test_all_abilities_are_described():
    assert tuple(TRAITS.capabilities) == ABILITIES
    assert all(one.supported or one.note for one in TRAITS.capabilities.values())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(sorted(mapping.STATUSES)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=2 * settings.default.max_examples)
@given(st.dictionaries(st.sampled_from(sorted(mapping.KNOWN_FIELDS)), JSON), st.sets(st.sampled_from(sorted(JOB))))
def test_nothing_that_a_server_sends_crashes_the_mapper(mangled, kept):
    job = {**{name: JOB[name] for name in kept}, **mangled}
    to_run = mapping.RunMapper("p:", "e", lambda sentence: None)
    for _twice in range(2):
        record = to_run(job)
        assert tuple(record) == model.RECORD_KEYS
        assert record["state"] in model.STATES and record["result"] in (None, *model.RESULTS)
        assert record["type"] in model.TYPES and record["level"] in (None, *model.LEVELS)
        for field in ("started_at", "finished_at", "updated_at"):
            assert record[field] is None or model.epoch_of(record[field]) > 0
        json.dumps(record, allow_nan=False)
    latest = mapping.LatestRuns()
    latest.add(job)
    for entity in latest.subclients().values():
        definition = mapping.definition_record("d:", "e", entity, None, record, record, record)
        assert tuple(definition) == model.RECORD_KEYS


@settings(max_examples=2 * settings.default.max_examples)
@given(JSON, JSON, JSON)
def test_nothing_crashes_the_lists_and_details(one, two, three):
    jobs, _total = mapping.jobs_of({"jobs": [{"jobSummary": one}, two], "totalRecordsWithoutPaging": three})
    assert all(type(job["jobId"]) in (int, str) for job in jobs)
    mapping.add_details(mapped(JOB)[0], {"generalInfo": one, "clientStatusInfo": {"vmStatus": [two, three]}})
    row = {
        "jobId": 1,
        "retainUntil": one,
        "strRetainedBy": two,
        "copiedTime": three,
        "requiredByJobs": one,
        "isAged": two,
    }
    mapping.add_copies(mapped(JOB)[0], [(mapping.copy_entry(row, "SP", "9", "P"), row)])
