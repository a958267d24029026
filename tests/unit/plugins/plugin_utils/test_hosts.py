# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and variables of the hosts that jobs and clients become."""

from __future__ import annotations

import re

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.plugin_utils import hosts

HOSTILE = [
    "{{ 7*7 }}", "{% raw %}x", "{# c #}", "two\nlines", "tab\t", "a:b", "a,b", "web[01:99]", "-i", "--flush-cache", "!all",
    "&all", "~.*", "*", "a b", "@file", "../../etc/passwd", "=cmd|' /C calc'!A0", "\u202eevil", "\x1b[31m", "", " ", "\ud800",
]  # fmt: skip


def record(name="nightly", id="1", client=None, objects=(), **known):
    uid = model.uid_of("nakivo:director:definition:", id)
    return model.job_record(
        uid, "nakivo", "director", "definition", id, name=name, health=known.pop("health", "ok"),
        workload=model.workload(client, objects=[model.workload_object(*one) for one in objects]), **known,
    )  # fmt: skip


def test_names_of_jobs_are_stable_and_unique():
    first, second = hosts.from_jobs([record(id="1"), record(id="2")])
    assert (first.name, second.name) == ("nightly-d5fde2c816c5", "nightly-d61323c275c4")
    assert [host.name for host in hosts.from_jobs([record(id="2")])] == [second.name]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_become_harmless_hosts(name):
    for host in [*hosts.from_jobs([record(name)]), *hosts.from_clients([record(client=name)])]:
        assert re.fullmatch(r"[\w][\w.-]*", host.name)
        assert host.variables["backupops_job"]["uid"] == "nakivo:director:definition:1"
    assert len({hosts.client_host_name(one) for one in HOSTILE}) == len(HOSTILE)


def test_long_names_are_cut():
    assert len(hosts.job_host_name(record("x" * 5000))) < 100


@pytest.mark.parametrize("name", ["web-01", "web-01.example.com", "Büro-Zürich-日本", "10.0.0.7"])
def test_good_names_of_clients_stay(name):
    assert hosts.client_host_name(name) == name


@pytest.mark.parametrize("name", ["all", "ungrouped", "LOCALHOST"])
def test_names_with_a_meaning_are_changed(name):
    assert hosts.client_host_name(name).startswith(name + "-")


def test_variables_of_a_job():
    one = record(last_success_at="2026-11-21T22:00:00Z", health="warning")
    (host,) = hosts.from_jobs([one])
    assert host.variables == {
        "backupops_job": one,
        "backupops_health": "warning",
        "backupops_last_success": "2026-11-21T22:00:00Z",
    }


def test_clients_are_one_in_any_case_and_keep_the_way_the_inventory_writes_them():
    jobs = [record(id="1", client="WEB-01"), record(id="2", objects=[("web-01",)]), record(id="3", client="Web-01")]
    (host,) = hosts.from_clients(jobs)
    assert (host.key, host.name) == ("web-01", "WEB-01")
    assert [job["id"] for job in host.variables["backupops_jobs"]] == ["1", "2", "3"]
    assert [host.name for host in hosts.from_clients(jobs, known=["web-01", "db"])] == ["web-01"]


def test_the_worst_job_of_a_client():
    jobs = [
        record(id="1", client="a", health="ok", last_success_at="2026-11-21T22:00:00Z"),
        record(id="2", client="a", health="overdue", last_success_at="2026-11-01T22:00:00Z"),
        record(id="3", client="a", health="overdue"),
    ]
    (host,) = hosts.from_clients(jobs)
    assert [job["id"] for job in host.variables["backupops_jobs"]] == ["3", "2", "1"]
    assert host.variables["backupops_job"]["id"] == "3"
    assert host.variables["backupops_health"] == "overdue"
    assert host.variables["backupops_last_success"] == "2026-11-21T22:00:00Z"


def test_a_host_has_its_own_objects_only():
    job = record(objects=[("a", "1"), ("b", "2")])
    job["last_run"] = record(objects=[("a", "1"), ("b", "2")])
    first, _second = hosts.from_clients([job])
    for one in (first.variables["backupops_job"], first.variables["backupops_job"]["last_run"]):
        assert [thing["name"] for thing in one["workload"]["objects"]] == ["a"]
    assert len(job["workload"]["objects"]) == 2
    whole, _second = hosts.from_clients([job], whole=True)
    assert whole.variables["backupops_job"] is job


def test_a_machine_that_is_in_a_job_twice_has_the_job_once():
    (host,) = hosts.from_clients([record(objects=[("a",), ("A",)])])
    assert len(host.variables["backupops_jobs"]) == 1


def test_only_some_fields():
    (host,) = hosts.from_jobs([record()], fields=["name", "health"])
    assert list(host.variables["backupops_job"]) == ["uid", "name", "health"]


def test_merging_clients():
    first, second = hosts.from_clients(
        [
            record(id="1", client="web-01", last_success_at="2026-11-21T22:00:00Z"),
            record(id="2", client="web-01.example.com", health="failed", last_success_at="2026-11-20T22:00:00Z"),
        ]
    )
    hosts.merge(first, second)
    assert first.variables["backupops_job"]["id"] == "2"
    assert [job["id"] for job in first.variables["backupops_jobs"]] == ["2", "1"]
    assert first.variables["backupops_health"] == "failed"
    assert first.variables["backupops_last_success"] == "2026-11-21T22:00:00Z"
