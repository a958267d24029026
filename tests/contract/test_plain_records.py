# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records are plain data as they come from the platforms: edge.execute relies on it (every Case.run checks it)."""

from __future__ import annotations

import gc

import pytest
from cases import CASES, Case

from ansible_collections.backupops.jobs.plugins.module_utils import model
from simulator import Simulator


@pytest.fixture(params=CASES)
def case(request):
    facts = CASES[request.param]
    platform = facts["platform"]
    with Simulator(products=(platform,), options={platform: facts.get("switches", {})}) as simulator:
        yield Case(request.param, simulator)


@pytest.mark.parametrize("entity", model.ENTITIES)
def test_whole_records_are_plain(case, entity):
    since = "30d" if entity == model.RUN else None
    result = case.info(entity=entity, since=since, include_raw=True, include_objects=True)
    assert result["jobs"] and not result.get("failed")
    assert gc.isenabled()


def test_copies_are_plain():
    with Simulator(products=("commvault",)) as simulator:
        jobs = Case("commvault", simulator).info(since="30d", include_copies=True)["jobs"]
    assert any(job["copies"] for job in jobs)
