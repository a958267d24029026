# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When was something last backed up, and how a job concerns one machine in it."""

from __future__ import annotations

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.plugin_utils import freshness

YESTERDAY, TODAY = "2026-11-20T22:00:00Z", "2026-11-21T22:00:00Z"


def machine(name, **known):
    return model.workload_object(name, **known)


def definition(client=None, objects=None, **known):
    known.setdefault("health", "ok")
    work = model.workload(client=client, objects=objects)
    return model.job_record("nakivo:d:definition:1", "nakivo", "d", "definition", "1", workload=work, **known)


def run(client=None, objects=None, **known):
    known = {"state": "finished", "result": "success", "finished_at": TODAY, **known}
    work = model.workload(client=client, objects=objects)
    return model.job_record("nakivo:d:run:1@1", "nakivo", "d", "run", "1@1", workload=work, **known)


def test_a_job():
    assert freshness.success_at(definition(last_success_at=TODAY)) == TODAY
    assert freshness.success_at(definition()) is None
    assert freshness.success_at(run()) == TODAY
    assert freshness.success_at(run(finished_at=None, started_at=YESTERDAY)) == YESTERDAY
    assert freshness.success_at(run(result="warning")) == TODAY
    for result in set(model.RESULTS) - {"success", "warning"} | {None}:
        assert freshness.success_at(run(result=result)) is None


def test_one_failed_machine_in_a_green_job_of_fifty():
    good = [machine(f"vm-{n:02}", state="idle", result="success", last_success_at=TODAY) for n in range(49)]
    bad = machine("vm-49", state="idle", result="failed")
    record = definition(objects=[*good, bad], last_success_at=TODAY, result="success")
    assert freshness.client_success_at(record, "VM-48") == TODAY
    assert freshness.client_success_at(record, "vm-49") is None
    assert freshness.client_health(record, "vm-48") == "ok"
    assert freshness.client_health(record, "vm-49") == "failed"


def test_an_earlier_success_of_the_failed_machine():
    bad = machine("vm", state="idle", result="failed", last_success_at=YESTERDAY)
    assert freshness.client_success_at(definition(objects=[bad], last_success_at=TODAY), "vm") == YESTERDAY


def test_a_machine_of_which_the_product_tells_nothing_has_the_success_of_the_job():
    assert freshness.client_success_at(definition(objects=[machine("Anna")], last_success_at=TODAY), "anna") == TODAY
    assert freshness.client_success_at(definition(client="web-01", last_success_at=TODAY), "WEB-01") == TODAY


def test_a_machine_told_of_by_the_last_run_only():
    last = run(
        objects=[machine("vm", state="finished", result="success"), machine("bad", state="finished", result="failed")]
    )
    record = definition(client="vcenter", last_run=last, last_success_at=YESTERDAY)
    assert freshness.client_success_at(record, "vm") == TODAY
    assert freshness.client_success_at(record, "bad") is None
    assert freshness.client_success_at(record, "vcenter") == YESTERDAY


def test_a_machine_whose_first_backup_is_under_way():
    now = run(objects=[machine("vm", state="running")], state="running", result=None, finished_at=None)
    assert freshness.client_success_at(definition(current_run=now, last_success_at=YESTERDAY), "vm") is None


def test_a_good_machine_in_a_bad_job():
    record = definition(objects=[machine("vm", result="success"), machine("bad", result="failed")], health="failed")
    assert freshness.client_health(record, "vm") == "ok"
    assert freshness.client_health(record, "other") == "failed"
    for health in ("disabled", "overdue", "never_ran"):
        assert freshness.client_health(dict(record, health=health), "vm") == health


def test_verdicts_have_an_order():
    assert set(freshness.WORST_FIRST) == set(model.HEALTHS)
    assert freshness.worst(["ok", "overdue", "warning"]) == "overdue"
    assert freshness.rank(None) == freshness.rank("unknown")


@pytest.mark.parametrize("times, latest", [((None, TODAY, YESTERDAY), TODAY), ((None,), None), ((), None)])
def test_newest(times, latest):
    assert freshness.newest(times) == latest


def test_names_of_a_job():
    record = definition(client="c", objects=[machine("a"), machine(None), machine("c"), machine("a")])
    assert freshness.client_names(record) == ["c", "a"]
