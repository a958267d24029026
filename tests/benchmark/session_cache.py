# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play of 50 tasks with and without the session cache."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator

from measuring import PASSWORD, Row, play_times, simulated

ABOUT = """\
50 tasks in the worker, each of which reads one Commvault job with user name and password, at 50 ms a request. Without the
cache each task logs in and out. The sum of the tasks' times counts."""

TASKS = 50
JOB = "795"
LATENCY_S = 0.05
WAYS = {"without session_cache": False, "with session_cache": True}


def measure(number: int) -> Iterator[Row]:
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    sent = {}
    with simulated("commvault") as sim, tempfile.TemporaryDirectory() as folder:
        for turn in range(number):
            for name, cached in WAYS.items():
                job_info = {
                    "platform": "commvault",
                    "url": sim.url("commvault"),
                    "username": "admin",
                    "password": PASSWORD,
                    "job_ids": [JOB],
                    "session_cache": cached,
                    "session_cache_dir": os.path.join(folder, str(turn)),
                }
                sim.latency(LATENCY_S)
                sim.requests()
                found = play_times({name: {"backupops.jobs.job_info": job_info}}, TASKS)
                sim.latency(0)
                seconds[name].append(sum(took for _name, took in found))
                sent[name] = len(sim.requests())
    base, cached = (seconds[name] for name in WAYS)
    ratios = [one / other for one, other in zip(cached, base)]
    yield Row(
        "50 tasks without session_cache",
        statistics.median(base),
        None,
        None,
        f"{sent['without session_cache']} requests",
    )
    yield Row(
        "50 tasks with session_cache", statistics.median(cached), statistics.median(ratios), None,
        f"{sent['with session_cache']} requests",
    )  # fmt: skip
