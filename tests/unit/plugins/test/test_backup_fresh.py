# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test backup_fresh."""

from __future__ import annotations

import datetime
import time

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.test import backup_fresh as plugin

NOW = 1_795_300_000
HOUR = 3600

backup_fresh = plugin.TestModule().tests()["backup_fresh"]


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOW)


def ago(hours):
    return model.timestamp(NOW - hours * HOUR)


def definition(**known):
    return model.job_record("nakivo:d:definition:1", "nakivo", "d", "definition", "1", **known)


def run(**known):
    return model.job_record("nakivo:d:run:1@1", "nakivo", "d", "run", "1@1", **known)


@pytest.mark.parametrize(
    "value, max_age, fresh",
    [
        (ago(23), "24h", True),
        (ago(24), "24h", True),
        (ago(25), "24h", False),
        (ago(25), "2d", True),
        (ago(25), 90000, True),
        (ago(25), "90000", True),
        (NOW - 60, "5m", True),
        (float(NOW - 600), "5m", False),
        (str(NOW - 60), "5m", True),
        (datetime.datetime.fromtimestamp(NOW - 60, datetime.timezone.utc), "5m", True),
        ("2026-11-21", "1h", False),
        (None, "24h", False),
        ("", "24h", False),
    ],
)
def test_a_time(value, max_age, fresh):
    assert backup_fresh(value, max_age) is fresh


def test_a_day_is_the_default():
    assert backup_fresh(ago(23)) and not backup_fresh(ago(25))


def test_a_definition():
    assert backup_fresh(definition(last_success_at=ago(1)))
    assert not backup_fresh(definition(last_success_at=ago(30)))
    assert not backup_fresh(definition())
    assert not backup_fresh(definition(finished_at=ago(1), result="failed"))


def test_a_run():
    assert backup_fresh(run(result="success", finished_at=ago(1)))
    assert backup_fresh(run(result="warning", finished_at=ago(1)))
    assert not backup_fresh(run(result="success", finished_at=ago(30)))
    for result in (None, "partial", "failed", "cancelled", "skipped", "unknown"):
        assert not backup_fresh(run(result=result, finished_at=ago(1)))


def test_an_object_of_a_job():
    assert backup_fresh(model.workload_object("vm", result="failed", last_success_at=ago(2)))
    assert backup_fresh(model.workload_object("vm", result="success", finished_at=ago(2)))
    assert not backup_fresh(model.workload_object("vm", result="failed", finished_at=ago(2)))


@pytest.mark.parametrize(
    "value, max_age, words",
    [
        ("yesterday", "24h", "neither a time nor a job record"),
        ("24h", "24h", "neither a time nor a job record"),
        (True, "24h", "neither a time nor a job record"),
        (["x"], "24h", "neither a time nor a job record"),
        ("2026-13-45", "24h", "is not a time"),
        ((NOW - 60) * 1000, "24h", "milliseconds"),
        ({}, "24h", "without result, finished_at, last_success_at"),
        ({"entity": "definition", "uid": "x"}, "24h", "fields"),
        ({"entity": "cat"}, "24h", "'cat'"),
        (ago(1), "a day", "max_age: 'a day' is not a duration"),
        (ago(1), "-24h", "max_age"),
        (ago(1), None, "max_age"),
    ],
)
def test_bad_input_is_an_error(value, max_age, words):
    with pytest.raises(AnsibleFilterError, match="^backup_fresh: ") as error:
        backup_fresh(value, max_age)
    assert words in str(error.value)
