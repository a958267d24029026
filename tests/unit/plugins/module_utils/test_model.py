# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job record: identity, shape, verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model

NOW = 1_790_000_000
METHODS = set(dir({}))


def ago(seconds):
    return model.timestamp(NOW - seconds)


def definition(**known):
    known.setdefault("state", model.IDLE)
    return model.job_record("uid", "nakivo", "sim", model.DEFINITION, "1", **known)


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)


def test_every_key_is_there_and_none_is_a_dict_method():
    record = model.job_record("uid", "nakivo", "sim", model.RUN, "1")
    assert tuple(record) == model.RECORD_KEYS
    assert not METHODS.intersection(keys_of(record))
    assert not METHODS.intersection(model.stored_copy())
    assert not METHODS.intersection(model.workload_object("vm"))


def test_a_key_that_the_record_does_not_have_is_a_mistake():
    with pytest.raises(TypeError, match="colour"):
        model.job_record("uid", "nakivo", "sim", model.RUN, "1", colour="red")


PARTS = st.text(min_size=1)


@given(endpoint=PARTS, scope=st.one_of(st.none(), PARTS), entity=st.sampled_from(model.ENTITIES), id=PARTS)
def test_a_uid_says_everything(endpoint, scope, entity, id):
    uid = model.uid_of(model.uid_prefix("nakivo", endpoint, scope, entity), id)
    assert model.parse_uid(uid) == ("nakivo", endpoint, scope, entity, id)


def test_uids_are_readable():
    prefix = model.uid_prefix("netapp_bluexp", "host:443", "account-1", "definition")
    assert model.uid_of(prefix, "We-1/vol:1%") == "netapp_bluexp:host:443/account-1:definition:We-1/vol%3A1%25"


@pytest.mark.parametrize("text", ["", "x", "a:b", "nakivo:host:job:1", "nakivo::run:1", "nakivo:host:run:"])
def test_what_is_no_uid(text):
    with pytest.raises(ValueError, match="not a uid"):
        model.parse_uid(text)


RUN = model.job_record("r", "nakivo", "sim", model.RUN, "1@1", state=model.FINISHED, result=model.SUCCESS)


@pytest.mark.parametrize(
    ("known", "judging", "expected"),
    [
        ({"enabled": False, "result": "failed", "last_run": RUN}, {}, "disabled"),
        ({}, {"history_complete": True}, "never_ran"),
        ({"health": "never_ran"}, {}, "never_ran"),
        ({}, {}, "unknown"),
        ({"result": "failed", "last_run": RUN}, {}, "failed"),
        ({"result": "failed", "last_run": RUN, "state": "running"}, {}, "failed"),  # a run in progress clears no alarm
        ({"result": "success", "last_run": RUN, "last_success_at": ago(90000)}, {"max_age": 86400}, "overdue"),
        ({"result": "success", "last_run": RUN, "last_success_at": ago(3600)}, {"max_age": 86400}, "ok"),
        ({"result": "success", "last_run": RUN, "next_run_at": ago(3700)}, {}, "overdue"),
        ({"result": "success", "last_run": RUN, "next_run_at": ago(3500)}, {}, "ok"),
        ({"result": "success", "last_run": RUN, "next_run_at": ago(9000), "state": "running"}, {}, "ok"),
        ({"result": "cancelled", "last_run": RUN}, {"max_age": 60, "history_from": NOW - 3600}, "overdue"),
        ({"result": "cancelled", "last_run": RUN}, {"max_age": 7200, "history_from": NOW - 3600}, "warning"),
        ({"result": "warning", "last_run": RUN}, {}, "warning"),
        ({"result": "partial", "last_run": RUN}, {}, "warning"),
        ({"result": "skipped", "last_run": RUN}, {}, "warning"),
        ({"result": "success", "last_run": RUN, "health": "warning"}, {}, "warning"),
        ({"result": "success", "last_run": RUN}, {}, "ok"),
        ({"result": "success", "last_run": RUN, "state": "running"}, {}, "ok"),
        ({"state": "running"}, {}, "running"),
        ({"state": "running"}, {"max_age": 60, "history_complete": True}, "running"),
        ({"result": "unknown", "last_run": RUN}, {}, "unknown"),
    ],
)
def test_the_first_rule_that_fits_is_the_verdict(known, judging, expected):
    assert model.definition_health(definition(**known), NOW, **judging) == expected


@pytest.mark.parametrize(
    ("state", "result", "expected"),
    [
        ("running", None, "running"),
        ("queued", None, "running"),
        ("finished", "success", "ok"),
        ("finished", "failed", "failed"),
        ("finished", "cancelled", "warning"),
        ("finished", "partial", "warning"),
        ("finished", "unknown", "unknown"),
        ("unknown", None, "unknown"),
    ],
)
def test_health_of_runs(state, result, expected):
    assert model.run_health(state, result) == expected


def test_time_stamps_of_nothing_are_nothing():
    assert [model.timestamp(epoch) for epoch in (None, 0, -5, 10**15)] == [None] * 4
