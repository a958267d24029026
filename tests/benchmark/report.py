# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report over 3,000 definitions and 3,000 runs, against a plain table of the same rows."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator

from measuring import CPU, ROOT, Row, median, ratio, rounds

ABOUT = """\
3,000 definitions and 3,000 runs. Plain is what a small script does: read JSON, write an HTML table of ten columns,
every cell escaped. The report judges and sorts, and makes JSON, page, CSV and the lines of the terminal, each of the
JSON text, as the role `job_report` does. The ratio is of processor time."""

NUMBER = 3000
MADE_AT = "2026-01-31T06:00:00Z"
COLUMNS = ("platform", "id", "name", "type", "state", "result", "health", "started_at", "finished_at", "duration_s")


def measure(number: int) -> Iterator[Row]:
    from ansible_collections.backupops.jobs.plugins.plugin_utils import report, report_page, report_view

    text = json.dumps({"definitions": records("definition"), "runs": records("run")})
    role = os.path.join(ROOT, "roles", "job_report")
    template, style, script = (
        read(os.path.join(role, *path))
        for path in (("templates", "overview.html.j2"), ("files", "overview.css"), ("files", "overview.js"))
    )

    def plain() -> None:
        answer = json.loads(text)
        rows = answer["definitions"] + answer["runs"]
        page = "".join(
            "<tr>{0}</tr>\n".format("".join("<td>{0}</td>".format(html.escape(str(row[key]))) for key in COLUMNS))
            for row in rows
        )
        assert page.count("<tr>") == 2 * NUMBER

    def whole() -> None:
        parts = {key: {"jobs": jobs, "total": NUMBER, "history": {}} for key, jobs in json.loads(text).items()}
        answer = {"name": "a", "platform": "nakivo", "url": "", "max_age": "26h", **parts}
        made = report.to_json(report.build([answer], MADE_AT, "-24h", labels={"nakivo": "NAKIVO"}))
        page = report_page.render(report.from_json(made), template, style, script)
        assert page.count("<tr><td") >= 2 * NUMBER
        assert report.to_csv(report.from_json(made)).count("\n") == 2 * NUMBER + 1
        assert report_view.table(report.from_json(made))

    found = rounds({"plain": plain, "report": whole}, number)
    yield Row("JSON to a plain HTML table", median(found, "plain", CPU))
    yield Row("report: JSON, page, CSV, lines", median(found, "report", CPU), ratio(found, "report", "plain", CPU), 20)


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def records(entity: str) -> list:
    from ansible_collections.backupops.jobs.plugins.module_utils import model
    from ansible_collections.backupops.jobs.plugins.plugin_utils.report import FIELDS

    found = []
    for place in range(NUMBER):
        result = ("success", "success", "warning", "failed", "partial")[place % 5]
        known = {
            "name": "Job {0} <of {1}>".format(place, entity), "type": "backup", "result": result, "enabled": True,
            "state": "finished" if entity == "run" else "idle", "health": model.run_health("finished", result),
            "started_at": "2026-01-{0:02}T22:00:00Z".format(25 + place % 6), "finished_at": "2026-01-30T23:00:00Z",
            "last_success_at": "2026-01-{0:02}T22:30:00Z".format(25 + place % 6), "duration_s": 60 + place,
        }  # fmt: skip
        if entity == "definition":
            known["last_run"] = model.job_record("", "nakivo", "d", "run", str(place), **known)
        record = model.job_record(
            model.uid_of("nakivo:d:" + entity + ":", str(place)), "nakivo", "d", entity, str(place), **known
        )
        found.append({key: record[key] for key in FIELDS})
    return found
