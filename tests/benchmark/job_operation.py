# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One job_operation with 10,000 job ids, against one with 100."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from measuring import PASSWORD, ROOT, Row, attempt

ABOUT = """\
The runs lie in two storage policies, one copy each. Each operation runs once with 100 ids and once with 10,000, in
a simulator of its own in the same process. The ratio is that of the numbers of requests: 1 means that no request is sent
for each id. Runs whose chain has aged cannot be held, so some fail."""

FEW, MANY = 100, 10_000
WORKS = (
    ("retain, check mode", {"operation": "retain", "retain_until": "7y"}, True, False),
    ("retain", {"operation": "retain", "retain_until": "7y"}, False, False),
    ("retain, held already", {"operation": "retain", "retain_until": "2096-10-02T07:06:40Z"}, False, True),
    ("do_not_retain", {"operation": "do_not_retain"}, False, True),
    ("disallow_copy_all", {"operation": "disallow_copy_all"}, False, False),
    ("recopy", {"operation": "recopy", "copies": ["Secondary", "S3_Compliance"]}, False, False),
    ("delete, check mode", {"operation": "delete", "include_dependents": True}, True, False),
    ("delete", {"operation": "delete", "guards": [], "confirm_plan": "unreviewed"}, False, False),
)


def measure(_number: int) -> Iterator[Row]:
    """One round: numbers of requests are the same each time."""
    sys.path.insert(0, os.path.join(ROOT, "tests"))
    for name, options, check, held in WORKS:
        few, _took, _words = _operate(FEW, options, check, held)
        requests, took, words = _operate(MANY, options, check, held)
        yield Row(
            f"{name}, {MANY} ids", took, requests / few, 1.3, f"{requests} requests ({few} for {FEW} ids), {words}"
        )


def _operate(ids: int, options: dict, check: bool, held: bool) -> tuple:
    """Requests, seconds, and the statuses of the outcomes."""
    from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_operation
    from simulator import Simulator

    with Simulator(products=("commvault",), speed=0) as simulator:
        product = simulator["commvault"]
        product.control("load", {"clients": 900, "subclients": 1250, "runs": 3 * MANY, "encode": False})
        estate, now = product.estate, simulator.clock.now()
        chosen = [
            one
            for one in estate.runs.by_id.values()
            if one.end
            and one.policy is not None
            and all(copy.holds(one) and not copy.is_aged(one, now) for copy in one.policy.copies[:2])
        ][-ids:]
        assert len(chosen) == ids, "the estate is too small"
        for one in chosen if held else ():
            state = one.policy.copies[0].state(one)
            state.held, state.held_until = True, None if options["operation"] == "do_not_retain" else 4 * 10**9
        given = {
            "platform": "commvault", "url": simulator.url("commvault"), "username": "admin", "password": PASSWORD,
            "job_ids": [str(one.id) for one in chosen], "max_jobs": 10 * MANY, **options,
        }  # fmt: skip
        if "copies" not in given:
            given["copy"] = "Primary"
        simulator.log.clear()
        began = time.perf_counter()
        result = attempt(job_operation, check, **given)
        took = time.perf_counter() - began
        words = ", ".join(sorted({outcome["status"] for outcome in result["outcomes"]}))
        return len(simulator.log.entries()), took, words
