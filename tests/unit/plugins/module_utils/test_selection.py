# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids, uids, names, filters, order, summary, JMESPath."""

from __future__ import annotations

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, selection
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS


class Connection:
    endpoint = "sim"


def record(name="job", **known):
    return model.job_record(
        "u", "nakivo", "sim", known.pop("entity", "definition"), known.pop("id", "1"), name=name, **known
    )


def settle(entries, names):
    chosen = selection.Names(entries)
    candidates = [name for name in names if chosen.candidate(name)]
    return [name for name in candidates if chosen.settled(name)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (None, ["a", "A", "ab", "a*", "[x]"]),
        (["a"], ["a"]),
        (["a*"], ["a*"]),  # a job really has that name
        (["a?"], ["ab", "a*"]),
        (["[x]"], ["[x]"]),
        (["*b", "A"], ["A", "ab"]),
        (["zzz"], []),
        ([], []),
    ],
)
def test_a_name_is_first_exact_then_a_pattern(entries, expected):
    assert settle(entries, ["a", "A", "ab", "a*", "[x]"]) == expected


def test_ids_are_of_the_native_entity_and_uids_bring_their_own():
    traits = TRAITS["commvault"]
    assert selection.asked_ids({"job_ids": ["681"]}, traits, Connection) == ("run", {"681": "681"})
    assert selection.asked_ids({"job_ids": ["7"], "entity": "definition"}, traits, Connection)[0] == "definition"
    uid = "commvault:sim:definition:7"
    assert selection.asked_ids({"uids": [uid]}, traits, Connection) == ("definition", {"7": uid})
    assert selection.asked_ids({}, traits, Connection) == ("run", None)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"uids": ["nakivo:sim:run:1"]}, "platform nakivo"),
        ({"uids": ["commvault:other:run:1"]}, "endpoint other"),
        ({"uids": ["commvault:sim:run:1"], "entity": "definition"}, "entity run"),
        ({"uids": ["commvault:sim:run:1", "commvault:sim:definition:1"]}, "entity definition"),
        ({"uids": ["681"]}, "not a uid"),
        ({"uids": ["commvault:sim:definition:1"], "job_ids": ["1"]}, "job_ids"),
    ],
)
def test_a_uid_of_elsewhere_is_refused(params, words):
    with pytest.raises(InvalidError, match=words):
        selection.asked_ids(params, TRAITS["commvault"], Connection)


def test_a_run_counts_when_it_was_active_in_the_window():
    def run(start, end):
        state = "finished" if end else "running"
        return record(entity="run", started_at=model.timestamp(start), finished_at=model.timestamp(end), state=state)

    window = selection.Selection({}, since=2_000_000, until=3_000_000)
    inside = [
        (1_000_000, 2_500_000),
        (1_000_000, None),
        (2_500_000, 9_000_000),
        (2_500_000, None),
        (2_000_000, 2_000_000),
    ]
    outside = [(1_000_000, 1_900_000), (3_000_000, None), (3_500_000, 3_600_000)]
    assert all(window.accepts(run(*times)) for times in inside)
    assert not any(window.accepts(run(*times)) for times in outside)


def test_filters():
    jobs = [
        record("a", state="idle", result="failed", type="backup", enabled=True, workload=model.workload("SQL01")),
        record(
            "b",
            state="running",
            result=None,
            type="copy",
            enabled=None,
            workload=model.workload(objects=[model.workload_object("Vm1")]),
        ),
    ]

    def names(**params):
        chosen = selection.Selection(params)
        return [job["name"] for job in jobs if chosen.accepts(job)]

    assert names() == ["a", "b"]
    assert names(states=["running"]) == ["b"]
    assert names(results=["failed", "success"]) == ["a"]
    assert names(types=["copy"]) == ["b"]
    assert names(enabled=True) == ["a"]
    assert names(enabled=False) == []  # what is not known is not off
    assert names(clients=["sql01"]) == ["a"]
    assert names(clients=["VM1"]) == ["b"]


def test_order():
    runs = [
        ("x", "2026-01-01T00:00:00Z", "2"),
        ("y", "2026-01-02T00:00:00Z", "9"),
        ("z", None, "1"),
        ("w", "2026-01-01T00:00:00Z", "1"),
    ]
    assert [row[0] for row in selection.in_order(list(runs), "run")] == ["y", "w", "x", "z"]
    jobs = [("x", "b", "1"), ("y", "a", "2"), ("z", "a", "1")]
    assert [row[0] for row in selection.in_order(jobs, "definition")] == ["z", "y", "x"]


def test_summary_counts_null_as_none():
    summary = selection.Summary()
    for result in ("success", "success", None):
        summary.add(record(entity="run", state="finished", result=result, health="ok", type="backup"))
    assert summary.as_dict() == {
        "state": {"finished": 3},
        "result": {"none": 1, "success": 2},
        "health": {"ok": 3},
        "type": {"backup": 3},
    }


def test_jmespath():
    assert selection.search("[?result=='failed'].name", [record("a", result="failed"), record("b")]) == ["a"]
    with pytest.raises(InvalidError, match="query: "):
        selection.search("[?", [])
    with pytest.raises(InvalidError, match="query: "):
        selection.search("length(@[0].name.x)", [record("a")])
