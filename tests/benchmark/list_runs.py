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
from cvpysdk import commcell
from measuring import CPU, PASSWORD, ROOT, Row, median, ratio, rounds, run, simulated

ABOUT = """\
100,000 runs in pages of 1,000. The loop is `requests.Session` with one page after the other; it parses the JSON, counts
the rows and keeps nothing. `cvpysdk`, Commvault's own client package, gets the same pages through its `all_jobs`, which
keeps some fields of each row. `job_info` (the whole runner, concurrency 4) makes, judges, sorts and returns the records.
Growth is the time per row, to that of the smallest list. Peak memory is that of a process of its own, less what it
weighs before the list is read. The simulator works in another process."""

RUNS = 100_000
LATENCY_S = 0.05
SIZES = (1_000, 10_000, RUNS)
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

        def whole(**more: Any) -> list:
            result = run(_job_info(), **arguments(url, token), **more)
            assert result["total"] == expected and not result["truncated"], result["total"]
            return result["jobs"]

        yield from _growth(url, token, [job["started_at"] for job in whole(fields=["started_at"])], number)
        cell = commcell.Commcell("cs01", "admin", PASSWORD, web_service_url=url)
        ways = {
            "loop": lambda: loop(url, token),
            "cvpysdk": lambda: by_cvpysdk(cell),
            "whole": whole,
            "fields": lambda: whole(fields=FIELDS),
        }
        names = {"whole": "job_info", "fields": "job_info with `fields`"}
        for latency, words, goal in ((0, "no latency", 1.5), (LATENCY_S, "50 ms a request", 0.35)):
            sim.latency(latency)
            found = rounds(ways, number)
            for way in ways:
                note = f"{median(found, way, CPU):.1f} s of processor time"
                if way == "loop":
                    yield Row(f"{way}, {words}", median(found, way), None, None, f"{note}, {expected} rows")
                    continue
                yield Row(
                    f"{names.get(way, way)}, {words}",
                    median(found, way),
                    ratio(found, way, "loop"),
                    goal if way == "whole" else None,
                    f"{note} ({ratio(found, way, 'loop', CPU):.2f})",
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


def by_cvpysdk(cell: commcell.Commcell) -> int:
    """As an admirer of the package would list all: one call of ``all_jobs`` for each page."""
    offset, rows = 0, 0
    while True:
        # The lookup time is in hours here. The package leaves out rows that are not visible: only an empty page ends.
        page = cell.job_controller.all_jobs(
            lookup_time=LOOKUP_S // 3600, job_filter="Backup", limit=1000, offset=offset, hide_admin_jobs=False
        )
        rows += len(page)
        offset += 1000
        if not page:
            assert rows > RUNS * 0.9, rows
            return rows


def _growth(url: str, token: str, starts: list, number: int) -> Iterator[Row]:
    """``starts``: when the runs began, newest first."""

    def since(rows: int) -> Any:
        given = {**arguments(url, token), "since": starts[min(rows, len(starts)) - 1]}
        return lambda: found.__setitem__(rows, run(_job_info(), **given)["total"])

    found: dict[int, int] = {}
    seconds = rounds({str(rows): since(rows) for rows in SIZES}, number)
    each = {rows: median(seconds, str(rows)) / found[rows] for rows in SIZES}
    for rows in SIZES:
        growth = None if rows == SIZES[0] else each[rows] / each[SIZES[0]]
        yield Row(f"job_info, {found[rows]} rows", median(seconds, str(rows)), growth, growth and 1.0)


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
