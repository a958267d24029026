# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import NotFound
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Listing
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import choosing, job_info


class Platform:
    """Two definitions: one is called like a pattern, and the other fits that pattern."""

    traits = TRAITS["nakivo"]
    scope = None

    class connection:
        endpoint, timezone = "sim", None

    def list_jobs(self, _query):
        jobs = (("1", "db*", "copy"), ("2", "db1", "backup"))
        return Listing(
            records=[
                model.job_record("nakivo:sim:definition:" + id, "nakivo", "sim", "definition", id, name=name, type=type)
                for id, name, type in jobs
            ]
        )


def test_a_filter_does_not_make_a_pattern_of_a_name():
    found = job_info.listing(Platform(), {"names": ["db*"], "types": ["backup"]}, print)
    assert found["jobs"] == []
    found = job_info.listing(Platform(), {"names": ["db?"], "types": ["backup"]}, print)
    assert [job["id"] for job in found["jobs"]] == ["2"]


def test_an_action_does_not_take_another_job_for_one_that_a_filter_leaves_out():
    chosen = choosing.choose(Platform(), {"names": ["db*", "db1"], "types": ["backup"]})
    assert [record["id"] for record in chosen.records] == ["2"] and chosen.excluded == ["db*"]
    with pytest.raises(NotFound, match="db.: this definition exists, but does not fit the filters"):
        choosing.fail_for_missing(chosen)


def test_garbage_is_collected_again_after_a_list_that_failed():
    with pytest.raises(ValueError):
        with job_info._no_collection():
            assert not gc.isenabled()
            raise ValueError
    assert gc.isenabled()


def test_who_collects_no_garbage_is_left_alone():
    gc.disable()
    try:
        with job_info._no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
