# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""100,000 Commvault runs, complete, against a loop over the same pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import requests
from measuring import CPU, ROOT, Row, median, ratio, rounds, run, simulated

ABOUT = """\
100,000 runs in pages of 1,000. The loop is `requests.Session` with one page after the other; it parses the JSON, counts
the rows and keeps nothing. `job_info` (the whole runner, concurrency 4) makes, judges, sorts and returns the records.
The simulator works in another process. Peak memory is that of a process of its own, less what it weighs
before the list is read."""

RUNS = 100_000
LATENCY_S = 0.05
#: Far enough back for all runs; the same lookup time for both.
LOOKUP_S = 20 * 365 * 86400
FIELDS = ["name", "state", "result", "started_at", "finished_at"]


def measure(number: int) -> Iterator[Row]:
    with simulated("commvault") as sim:
        # The default filter lists backups only: about one run in seven is something else.
        sim.control("/products/commvault/load", {"clients": 1000, "subclients": 2000, "runs": RUNS * 7 // 6})
        token = sim.control("/products/commvault/access_token")["accessToken"]
        url = sim.url("commvault")
        # First of all: a process begins with the peak of the one that made it, so this one must still be small.
        peaks = {way: _peak(way, url, token) for way in ("loop", "whole", "fields")}
        expected = loop(url, token)
        assert expected >= RUNS, expected

        def whole(**more: Any) -> None:
            result = run(_job_info(), **arguments(url, token), **more)
            assert result["total"] == expected and not result["truncated"], result["total"]

        ways = {"loop": lambda: loop(url, token), "whole": whole, "fields": lambda: whole(fields=FIELDS)}
        for latency, words, goal in ((0, "no latency", 1.5), (LATENCY_S, "50 ms a request", 0.35)):
            sim.latency(latency)
            found = rounds(ways, number)
            for way, what in (("loop", "loop"), ("whole", "job_info"), ("fields", "job_info with `fields`")):
                note = f"{median(found, way, CPU):.1f} s of processor time"
                if way == "loop":
                    yield Row(f"{what}, {words}", median(found, way), None, None, f"{note}, {expected} rows")
                else:
                    note += f" ({ratio(found, way, 'loop', CPU):.2f})"
                    yield Row(
                        f"{what}, {words}",
                        median(found, way),
                        ratio(found, way, "loop"),
                        goal if way == "whole" else None,
                        note,
                    )
        for way, peak in peaks.items():
            yield Row(f"peak memory, {way}", note=f"{peak:.0f} MB")


def _job_info() -> Any:
    from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info

    return job_info


def arguments(url: str, token: str) -> dict:
    return {"platform": "commvault", "url": url, "token": token, "since": f"{LOOKUP_S}s"}


def loop(url: str, token: str) -> int:
    """What a script does that wants the rows and nothing else."""
    session, offset, rows = requests.Session(), 0, 0
    session.headers.update({"Authtoken": token, "Accept": "application/json"})
    params: dict = {"completedJobLookupTime": LOOKUP_S, "jobCategory": "All", "jobFilter": "Backup"}
    while True:
        headers = {"limit": "1000", "offset": str(offset)}
        page = session.get(url + "/Job", params=params, headers=headers).json()
        rows += len(page["jobs"])
        offset += 1000
        if offset >= page["totalRecordsWithoutPaging"]:
            return rows


def _peak(way: str, url: str, token: str) -> float:
    """MB that a process grows by, at most, when it lists the runs in this way."""
    told = subprocess.run(
        [sys.executable, os.path.abspath(__file__), way, url],
        input=token, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tree")},
    )  # fmt: skip
    return json.loads(told.stdout)


def _grow(way: str, url: str, token: str) -> float:
    import resource

    job_info = _job_info()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if way == "loop":
        loop(url, token)
    else:
        run(job_info, **arguments(url, token), **({"fields": FIELDS} if way == "fields" else {}))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (
        1024 * (1024 if sys.platform == "darwin" else 1)
    )


if __name__ == "__main__":
    print(_grow(sys.argv[1], sys.argv[2], sys.stdin.read()))
