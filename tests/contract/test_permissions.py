# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account that may only look: what it is told when it tries to act is what the guide of permissions shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from cases import Case

from simulator import Simulator

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "permissions.py"
READERS = {
    "netapp_bluexp": {"client_id": "sim-auditor", "client_secret": "read-only-1"},
    None: {"username": "auditor", "password": "read-only-1"},
}


@pytest.fixture(scope="module")
def messages():
    spec = importlib.util.spec_from_file_location("permissions", GUIDE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MESSAGES


@pytest.mark.parametrize("product", ["commvault", "nakivo", "netapp_bluexp", "veeam_m365-v8"])
def test_what_a_read_account_is_told(product, messages):
    with Simulator(products=(product.partition("-")[0],), speed=0) as simulator:
        case = Case(product, simulator)
        (wanted,) = [(state, words) for (platform, state), words in messages.items() if platform == case.platform]
        job = case.idle()[0]
        simulator.log.clear()
        reader = READERS.get(case.platform, READERS[None])
        result = case.act(wanted[0], uids=[job["uid"]], **reader)
        assert result["failed"] and not result["changed"] and wanted[1] in result["msg"]
        refused_at_login = case.platform == "veeam_m365"
        assert result["error"]["kind"] == ("authentication" if refused_at_login else "permission")
        if not refused_at_login:
            assert case.info(uids=[job["uid"]], **reader)["jobs"][0]["uid"] == job["uid"]
        after = case.info(uids=[job["uid"]])["jobs"][0]
        assert (after["enabled"], after["state"]) == (job["enabled"], job["state"])
