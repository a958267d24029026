# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task costs: job_info against ansible.builtin.uri with the same GET."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from measuring import Row, Simulated, play_times, simulated

ABOUT = """\
One play on localhost with 50 tasks of each kind, by turns. Each reads one Commvault job with a token that is given: one
GET, no login, no logout (the simulator's log is checked). A task's time is that from its start to its result, as a
callback plugin sees it, and the median over all tasks counts. `debug` shows what Ansible itself takes for a task that
does nothing; it is not subtracted."""

TASKS = 50
JOB = "795"
KINDS = ("debug", "uri", "worker", "shipped")


def measure(number: int) -> Iterator[Row]:
    with simulated("commvault") as sim:
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _round in range(number):
            for kind, seconds in _play(sim):
                times[kind].append(seconds)
    medians = {kind: statistics.median(found) for kind, found in times.items()}

    def ratio(kind: str) -> float:
        return medians[kind] / medians["uri"]

    yield Row("debug", medians["debug"], ratio("debug"))
    yield Row("ansible.builtin.uri", medians["uri"])
    yield Row("job_info in the worker", medians["worker"], ratio("worker"), 0.15)
    yield Row("job_info as a shipped module", medians["shipped"], ratio("shipped"), 1.3)


def _play(sim: Simulated) -> list:
    url, token = sim.url("commvault"), sim.control("/products/commvault/access_token")["accessToken"]
    job_info = {"platform": "commvault", "url": url, "token": token, "job_ids": [JOB]}
    tasks = {
        "debug": {"ansible.builtin.debug": {"msg": "nothing"}},
        "uri": {
            "ansible.builtin.uri": {
                "url": f"{url}/Job/{JOB}",
                "headers": {"Authtoken": token, "Accept": "application/json"},
                "return_content": True,
            }
        },
        "worker": {"backupops.jobs.job_info": job_info},
        "shipped": {"backupops.jobs.job_info": {**job_info, "in_process": "never"}},
    }
    sim.requests()
    found = play_times(tasks, TASKS)
    log = sim.requests()
    assert len(log) == 3 * TASKS and {entry["path"].rpartition("/")[2] for entry in log} == {JOB}, log[:5]
    return found
