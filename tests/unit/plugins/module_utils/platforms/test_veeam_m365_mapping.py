# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Veeam's answers as records: samples of each version, the traps, and mangled answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.traits import TRAITS

JOB_ID = "3396ba22-21b1-4666-a631-0edfc12a59cd"  # vendor page "Managing Backup Jobs"
ORGANIZATION = "10000000-0000-4000-8000-000000000001"
REPOSITORY = "20000000-0000-4000-8000-000000000002"
SESSION = "30000000-0000-4000-8000-000000000003"
ENDPOINT = "vb365.example.com:4443"
PREFIXES = {entity: model.uid_prefix("veeam_m365", ENDPOINT, None, entity) for entity in model.ENTITIES}

JOB_V8 = {
    "id": JOB_ID,
    "name": "Exchange",
    "description": "All mailboxes",
    "backupType": "SelectedItems",
    "isEnabled": True,
    "lastStatus": "Success",
    "lastRun": "2026-11-21T22:00:00.1234567Z",
    "nextRun": "2026-11-22T22:00:00Z",
    "lastBackup": "2026-11-21T22:10:00.7654321Z",
    "organizationId": ORGANIZATION,
    "repositoryId": REPOSITORY,
    "schedulePolicy": {"scheduleEnabled": True, "type": "Daily", "dailyTime": "22:00:00", "retryWaitInterval": "10"},
    "eTag": 7,
    "_links": {},
}
JOB_V5 = {
    "id": JOB_ID,
    "name": "Exchange",
    "backupType": "entireOrganization",
    "isEnabled": True,
    "lastStatus": "Success",
    "lastRun": "2026-11-21T22:00:00.1234567Z",
    "_links": {
        "organization": {"href": "https://vb365.example.com:4443/v5/Organizations/" + ORGANIZATION},
        "backupRepository": {"href": "https://vb365.example.com:4443/v5/BackupRepositories/" + REPOSITORY},
    },
}
SESSION_V8 = {
    "id": SESSION,
    "jobId": JOB_ID,
    "creationTime": "2026-11-21T22:00:00.1234567Z",
    "endTime": "2026-11-21T22:10:00.7654321Z",
    "progress": 45,
    "status": "Success",
    "details": "Backup completed",
    "retryCount": 0,
    "jobWillBeRetried": False,
    "jobType": "Backup",
    "jobSessionConfigType": "Full",
    "repositoryId": REPOSITORY,
    "statistics": {
        "processingRateBytesPS": 1000,
        "transferredDataBytes": 600000,
        "processedObjects": 45,
        "bottleneck": "Target",
    },
    "_links": {"job": {"href": "/v8/Jobs/" + JOB_ID}},
}


def mapper(warnings=None, **more):
    warn = [].append if warnings is None else warnings.append
    return mapping.Mapper(ENDPOINT, PREFIXES, {ORGANIZATION: "contoso"}, {REPOSITORY: "Repo"}, warn, **more)


def run(changes=None, job=None, warnings=None, **more):
    return mapper(warnings, **more).run({**SESSION_V8, **(changes or {})}, job)


def definition(row=None, sessions=(), warnings=None, **more):
    recent = mapping.Recent()
    for session in sessions:
        recent.add({**SESSION_V8, **session})
    return mapper(warnings, **more).definition(mapping.job_of({**JOB_V8, **(row or {})}), recent)


def dict_method_keys(value):
    if isinstance(value, dict):
        bad = [key for key in value if hasattr({}, str(key))]
        return bad + [key for inner in value.values() for key in dict_method_keys(inner)]
    return [key for inner in value for key in dict_method_keys(inner)] if isinstance(value, list) else []


def test_a_finished_session():
    record = run(job=mapping.job_of(JOB_V8))
    assert tuple(record) == model.RECORD_KEYS
    assert record["uid"] == "veeam_m365:vb365.example.com:4443:run:" + SESSION
    assert model.parse_uid(record["uid"])[3:] == ("run", SESSION)
    assert (record["state"], record["result"], record["reason"]) == ("finished", "success", None)
    assert (record["started_at"], record["finished_at"]) == ("2026-11-21T22:00:00Z", "2026-11-21T22:10:00Z")
    assert (record["duration_s"], record["level"], record["type"]) == (600, "full", "backup")
    assert (record["name"], record["definition_id"], record["definition_ids"]) == ("Exchange", JOB_ID, [JOB_ID])
    assert record["bytes"]["transferred"] == 600000
    assert record["rate_bps"] == 1000
    assert record["workload"]["client"] == "contoso"
    assert record["native"]["organization"] == {"id": ORGANIZATION, "name": "contoso"}
    assert (record["native"]["repository_id"], record["native"]["repository_name"]) == (REPOSITORY, "Repo")
    assert not record["unknown_fields"]
    assert record["raw"] is None
    assert run(raw=True)["raw"] == SESSION_V8


@pytest.mark.parametrize(
    ("word", "state", "result"),
    [
        ("Stopped", "finished", "cancelled"),
        ("Success", "finished", "success"),
        ("Failed", "finished", "failed"),
        ("Warning", "finished", "warning"),
        ("Running", "running", None),
        ("Updating", "running", None),
        ("Queued", "queued", None),
        ("Disconnected", "finished", "unknown"),
        (None, "finished", "unknown"),
    ],
)
def test_words_of_a_session(word, state, result):
    warnings = []
    record = run({"status": word}, warnings=warnings)
    assert (record["state"], record["result"]) == (state, result)
    assert not warnings


def test_an_unknown_word_is_unknown_and_warned_about_and_never_success():
    warnings = []
    record = run({"status": "Sparkling", "endTime": None}, warnings=warnings)
    assert (record["state"], record["result"]) == ("unknown", None)
    assert "Sparkling" in warnings[0]
    assert run({"status": "Sparkling"})["result"] == "unknown"


def test_progress_counts_objects_and_is_no_percentage():
    record = run({"status": "Running", "progress": 70, "endTime": None})
    assert record["progress"] is None
    assert record["counts"] == model.counts(total=70)
    assert record["finished_at"] is None
    assert record["duration_s"] is None
    assert run()["counts"] == model.counts(total=45, ok=45)
    assert run({"progress": None})["counts"]["total"] == 45


def test_a_failed_session_that_will_be_retried_and_its_retry():
    failed = run({"status": "Failed", "jobWillBeRetried": True, "details": "Server Unavailable"})
    assert (failed["state"], failed["result"], failed["reason"]) == ("finished", "failed", "Server Unavailable")
    assert failed["native"]["will_be_retried"] is True
    retry = run({"retryCount": 1, "mainSessionId": SESSION})
    assert (retry["parent_id"], retry["native"]["retry_count"]) == (SESSION, 1)
    assert run({"mainSessionId": "00000000-0000-0000-0000-000000000000"})["parent_id"] is None


@pytest.mark.parametrize("version", ["https://vb365.example.com:4443/v5", "/v6", "/v7"])
def test_before_v8_the_job_of_a_session_stands_in_a_link(version):
    row = {name: value for name, value in SESSION_V8.items() if name not in ("jobId", "jobType")}
    row["_links"] = {"job": {"href": version + "/Jobs/" + JOB_ID}}
    assert (mapper().run(row)["definition_id"], mapper().run(row)["type"]) == (JOB_ID, "backup")
    row["_links"] = {"job": {"href": version + "/CopyJobs/" + JOB_ID}}
    assert mapper().run(row)["type"] == "copy"
    assert run({"jobType": "Copy"})["type"] == "copy"


def test_a_definition_and_its_last_run():
    record = definition(sessions=[{}])
    assert tuple(record) == model.RECORD_KEYS
    assert (record["state"], record["result"], record["enabled"]) == ("idle", "success", True)
    assert record["last_run"]["id"] == SESSION
    assert record["current_run"] is None
    assert record["bytes"]["transferred"] == 600000
    assert record["next_run_at"] == "2026-11-22T22:00:00Z"
    assert record["last_success_at"] == "2026-11-21T22:10:00Z"
    assert record["native"]["schedule"]["retry_wait_minutes"] == 10
    assert record["health"] is None
    assert not record["unknown_fields"]


def test_v5_finds_organisation_and_repository_in_links():
    record = mapper().definition(mapping.job_of(JOB_V5), mapping.Recent())
    assert record["workload"]["client"] == "contoso"
    assert record["native"]["repository_name"] == "Repo"
    assert record["workload"]["objects"] == []
    # No session is there: the job's own words count.
    assert (record["result"], record["started_at"]) == ("success", "2026-11-21T22:00:00Z")
    assert record["last_success_at"] == "2026-11-21T22:00:00Z"


@pytest.mark.parametrize("word", ["Stopped", "Success", "Failed", "NotConfigured", "Disconnected", None])
def test_without_last_run_a_job_never_ran_whatever_last_status_says(word):
    record = definition({"lastRun": None, "lastStatus": word, "lastBackup": None})
    assert (record["health"], record["state"], record["result"]) == ("never_ran", "idle", None)
    assert record["last_success_at"] is None
    assert model.definition_health(record, now=0) == "never_ran"


def test_the_first_run_ever_is_not_never_ran():
    record = definition({"lastRun": None, "lastStatus": "Running", "lastBackup": None})
    assert (record["health"], record["state"], record["result"]) == (None, "running", None)


@pytest.mark.parametrize("word", ["NotConfigured", "Disconnected"])
def test_disconnected_is_idle_and_at_least_a_warning(word):
    record = definition({"lastStatus": word}, sessions=[{}])
    assert (record["state"], record["result"], record["health"]) == ("idle", "success", "warning")
    assert word in record["reason"]
    assert model.definition_health(record, now=0) == "warning"


def test_a_run_under_way_leaves_the_last_result():
    now = {"id": "b", "status": "Running", "creationTime": "2026-11-22T01:00:00Z", "endTime": None}
    old = {
        "id": "a",
        "status": "Failed",
        "details": "no",
        "creationTime": "2026-11-20T22:00:00Z",
        "endTime": "2026-11-20T22:01:00Z",
    }
    record = definition(
        {"lastStatus": "Running", "lastRun": "2026-11-22T01:00:00Z"}, sessions=[old, now, {"status": "Failed"}]
    )
    assert record["state"] == "running"
    assert record["current_run"]["id"] == "b"
    assert record["last_run"]["id"] == SESSION
    assert (record["result"], record["reason"]) == ("failed", "Backup completed")
    assert record["last_success_at"] == "2026-11-21T22:10:00Z"


def test_an_old_session_without_an_end_is_not_the_current_run():
    zombie = {"id": "z", "status": "Running", "creationTime": "2026-10-01T01:00:00Z", "endTime": None}
    record = definition(sessions=[zombie, {}])
    assert (record["state"], record["current_run"]) == ("idle", None)


def test_the_jobs_word_counts_while_its_session_does_not_show():
    record = definition({"lastStatus": "Queued", "lastRun": "2026-11-22T01:00:00Z"}, sessions=[{}])
    assert (record["state"], record["current_run"], record["result"]) == ("queued", None, "success")
    # It ended between the two reads: the session is the newer truth.
    assert definition({"lastStatus": "Running"}, sessions=[{}])["state"] == "idle"
    assert definition({"lastStatus": "Failed", "lastRun": "2026-11-22T01:00:00Z"}, sessions=[{}])["result"] == "failed"


def test_an_unknown_word_of_a_job():
    warnings = []
    record = definition({"lastStatus": "Sparkling"}, sessions=[{}], warnings=warnings)
    assert (record["state"], record["result"]) == ("unknown", "success")
    assert "Sparkling" in warnings[0]


def test_protected_objects_have_names():
    items = [
        {"type": "User", "id": "u", "user": {"id": "1", "displayName": "Anna", "name": "anna@x"}},
        {"type": "Site", "id": "s", "site": {"id": "2", "title": "HR", "url": "https://x/hr"}},
        {"type": "Team", "id": "t", "team": {"displayName": "Board"}},
        {"type": "PersonalSites", "id": "p"},
        "junk",
    ]
    record = definition({"selectedItems": items, "excludedItems": items[:1]})
    assert [item["name"] for item in record["workload"]["objects"]] == ["Anna", "HR", "Board", "PersonalSites"]
    assert record["native"]["excluded"] == ["Anna"]


def test_what_is_new_to_us_is_shown():
    assert definition({"moonPhase": 3})["unknown_fields"] == {"moonPhase": 3}
    assert run({"moonPhase": 3})["unknown_fields"] == {"moonPhase": 3}


def test_numbers_may_be_texts_and_0001_is_no_time():
    record = run({"progress": "12", "endTime": "0001-01-01T00:00:00Z", "statistics": {"transferredDataBytes": "77"}})
    assert (record["counts"]["total"], record["bytes"]["transferred"]) == (12, 77)
    assert record["finished_at"] is None


def test_no_key_is_a_dict_method():
    assert dict_method_keys(definition(sessions=[{}])) == []


def test_every_ability_is_described():
    assert tuple(TRAITS.capabilities) == ABILITIES


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["Running", JOB_ID, "2026-13-99T99:99:99Z"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["href", "job", "type", "user", "id"]), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=2 * settings.default.max_examples)
@given(
    st.dictionaries(st.sampled_from([*sorted(mapping.KNOWN_JOB), "odd"]), JUNK),
    st.lists(st.dictionaries(st.sampled_from([*sorted(mapping.KNOWN_SESSION), "odd"]), JUNK), max_size=3),
    st.booleans(),
)
def test_mangled_answers_always_give_whole_records(row, sessions, whole):
    base = JOB_V8 if whole else {}
    recent = mapping.Recent()
    for session in sessions:
        recent.add(session)
    job = mapping.job_of({**base, **row})
    recent.covers(job)
    record = mapper().definition(job, recent)
    assert tuple(record) == model.RECORD_KEYS
    assert record["state"] in model.STATES
    for session in sessions:
        one = mapper().run({**(SESSION_V8 if whole else {}), **session}, job)
        assert tuple(one) == model.RECORD_KEYS
        assert one["state"] in model.STATES
        assert one["result"] in (None, *model.RESULTS)
        assert (one["result"] is not None) == (one["state"] == "finished")
