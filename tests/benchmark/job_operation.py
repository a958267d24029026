# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests, and how long, does one job_operation with 10,000 job ids take?

``python tests/benchmark/job_operation.py [IDS]``, with ansible-core installed. The runs lie in two storage policies with two
copies each that take them. Each operation runs with 100 ids and with all, in its own simulator; exits with 1 when the
number of requests grows with the number of ids, or is above ``LIMIT`` for each copy.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FEW = 100
#: Requests for each (policy, copy): read, write, read again, and what is shared (login, policies, running jobs).
LIMIT = 8
PASSWORD = "p@ss+w&rd=1 %é"
WORKS = (
    ("retain, check mode", {"operation": "retain", "retain_until": "7y"}, True, {}),
    ("retain", {"operation": "retain", "retain_until": "7y"}, False, {}),
    ("retain, again", {"operation": "retain", "retain_until": "7y"}, False, {"held": True}),
    ("do_not_retain", {"operation": "do_not_retain"}, False, {"held": True}),
    ("disallow_copy_all", {"operation": "disallow_copy_all"}, False, {}),
    ("recopy", {"operation": "recopy", "copies": ["Secondary", "S3_Compliance"]}, False, {}),
    ("delete, check mode", {"operation": "delete", "include_dependents": True}, True, {}),
    ("delete", {"operation": "delete", "guards": [], "confirm_plan": "unreviewed"}, False, {}),
)


def main(count: int) -> int:
    sys.path[:0] = [str(TESTS), str(TESTS.parent / "tree")]
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    from ansible_collections.backupops.jobs.plugins.module_utils import edge
    from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_operation
    from simulator import Simulator

    def run(ids: int, options: dict, check: bool, marks: dict) -> tuple:
        with Simulator(products=("commvault",), speed=0) as simulator:
            product = simulator["commvault"]
            product.control("load", {"clients": 900, "subclients": 1250, "runs": 3 * count, "encode": False})
            estate, now = product.estate, simulator.clock.now()
            chosen = [
                run
                for run in estate.runs.by_id.values()
                if run.end
                and run.policy is not None
                and all(copy.holds(run) and not copy.is_aged(run, now) for copy in run.policy.copies[:2])
            ][-ids:]
            assert len(chosen) == ids, "the estate is too small"
            for run in chosen if marks else ():
                state = run.policy.copies[0].state(run)
                state.held, state.held_until = True, None if options["operation"] == "do_not_retain" else 4 * 10**9
            given = {
                "platform": "commvault", "url": simulator.url("commvault"), "username": "admin", "password": PASSWORD,
                "job_ids": [str(run.id) for run in chosen], "max_jobs": 10 * count, **options,
            }  # fmt: skip
            if "copies" not in given:
                given["copy"] = "Primary"
            if options["operation"] == "retain":
                # Someone else's longer hold is not shortened; here that is what makes the second run.
                given["retain_until"] = "2096-10-02T07:06:40Z" if marks else given["retain_until"]
            validated = ArgumentSpecValidator(job_operation.SPEC).validate(given).validated_parameters
            simulator.log.clear()
            began = time.perf_counter()
            result = edge.execute(job_operation.run, edge.Context(validated, check_mode=check, diff=True))
            took = time.perf_counter() - began
            entries = simulator.log.entries()
            assert sum("/Job/" in entry.path for entry in entries) <= len(estate.policies), "a request for each id"
            assert not result.get("failed") or result["error"]["kind"] != "bug", result["msg"]
            words = sorted({outcome["status"] for outcome in result["outcomes"]})
            return len(entries), sum(entry.writes for entry in entries), len(result["outcomes"]), took, words

    print(f"{'operation':20} {'ids':>6} {'outcomes':>9} {'requests':>9} {'writes':>7} {'seconds':>8}  statuses")
    bad = False
    for name, options, check, marks in WORKS:
        counts = []
        for ids in (FEW, count):
            requests, writes, outcomes, took, words = run(ids, options, check, marks)
            counts.append(requests)
            print(f"{name:20} {ids:6} {outcomes:9} {requests:9} {writes:7} {took:8.2f}  {', '.join(words)}")
            bad = bad or requests > LIMIT * 2
        bad = bad or counts[1] > counts[0] + 2  # a page more of running jobs, a policy more
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB, simulator included")
    print(
        "too many requests"
        if bad
        else f"requests do not grow with the ids, and are at most {LIMIT} for each of 2 copies"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
