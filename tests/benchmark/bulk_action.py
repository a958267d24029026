# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""200 Veeam jobs disabled at once, against a script that takes them one by one."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from measuring import PASSWORD, Row, median, ratio, rounds, run, simulated

ABOUT = """\
200 Veeam jobs are disabled at 50 ms a request. A careful script reads each job, posts, and reads it again; a
careless one only posts. Both keep one connection open. `job_action` (concurrency 4) reads, posts and
verifies; all log in."""

JOBS = 200
LATENCY_S = 0.05


def measure(number: int) -> Iterator[Row]:
    from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_action

    with simulated("veeam_m365") as sim:
        sim.control("/products/veeam_m365/load", {"jobs": JOBS + 50, "sessions": 1000})
        found = sim.control("/state/veeam_m365", method="GET")["jobs"]
        ids = [id for id, job in found.items() if job["kind"] == "Backup" and job["active"] is None][:JOBS]
        assert len(ids) == JOBS
        url, sent = sim.url("veeam_m365"), {}

        def enable_all() -> None:
            sim.latency(0)
            for id in ids:
                sim.control("/products/veeam_m365/enable", {"job": id})
            sim.latency(LATENCY_S)
            sim.requests()

        def check(name: str) -> None:
            jobs = sim.control("/state/veeam_m365", method="GET")["jobs"]
            assert not any(jobs[id]["enabled"] for id in ids), name
            sent[name] = len(sim.requests())

        def act() -> None:
            result = run(
                job_action, platform="veeam_m365", url=url, username="admin", password=PASSWORD, state="disabled",
                job_ids=ids,
            )  # fmt: skip
            assert sum(outcome["status"] == "changed" for outcome in result["outcomes"]) == JOBS

        ways = {
            "careful": lambda: one_by_one(url, ids, True),
            "careless": lambda: one_by_one(url, ids, False),
            "job_action": act,
        }
        found = rounds(ways, number, enable_all, check, warm=False)
        words = {name: f"{count} requests" for name, count in sent.items()}
        yield Row("GET, POST, GET, one by one", median(found, "careful"), None, None, words["careful"])
        yield Row(
            "POST alone, one by one",
            median(found, "careless"),
            ratio(found, "careless", "careful"),
            None,
            words["careless"],
        )
        yield Row(
            "job_action", median(found, "job_action"), ratio(found, "job_action", "careful"), 0.3, words["job_action"]
        )
        yield Row("job_action, to POST alone", None, ratio(found, "job_action", "careless"))


def one_by_one(url: str, ids: list, careful: bool) -> None:
    with requests.Session() as session:
        form = {
            "grant_type": "password",
            "username": "admin",
            "password": PASSWORD,
            "disable_antiforgery_token": "true",
        }
        token = session.post(url + "/v8/token", data=form).json()["access_token"]
        session.headers.update({"Authorization": "Bearer " + token, "Accept": "application/json"})
        for id in ids:
            job = f"{url}/v8/Jobs/{id}"
            if not careful or session.get(job).json()["isEnabled"]:
                session.post(job + "/disable").raise_for_status()
            if careful:
                assert not session.get(job).json()["isEnabled"]
