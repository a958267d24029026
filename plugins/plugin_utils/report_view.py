# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report (see report.py) in words for people, and as lines for a terminal. Private to this collection."""

from __future__ import annotations

import datetime
import functools
import unicodedata

from jinja2.filters import do_filesizeformat

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.plugin_utils.report import ALARMS, RUN_WORDS, plain

#: Columns that a text may take in the table of the terminal.
_ROOM = 40


# -- words -------------------------------------------------------------------------------------------------------------


def words(word):
    """never_ran as never ran."""
    return (word or "").replace("_", " ")


def title_of(job):
    """The name of a job; of a run without one (BlueXP) what it worked on."""
    if job["name"] is not None:
        return plain(job["name"])
    client, many = job["workload"]["client"], job["counts"]["total"]
    if client is None:
        return plain(job["id"])
    return plain(client) + ("" if many is None else ": {0} object{1}".format(many, "" if many == 1 else "s"))


def started_at(job):
    """Start of a run; of a definition that is idle the start of its last run."""
    return job["started_at"] or (job["last_run"] or {}).get("started_at")


def duration(seconds):
    """Seconds as 1:23:45."""
    if seconds is None:
        return ""
    seconds = int(seconds)
    return "{0}:{1:02}:{2:02}".format(seconds // 3600, seconds // 60 % 60, seconds % 60)


def amount(job):
    """Bytes that were transferred; where the product does not tell, that were stored, else that were read."""
    found = job["bytes"]
    return next((found[key] for key in ("transferred", "stored", "source") if found[key] is not None), None)


def size(number):
    return "" if number is None else do_filesizeformat(int(number), True).replace("Bytes", "B")


def span(seconds):
    """A duration in a unit in which it is not too coarse."""
    for unit, length, least in (("d", 86400, 259200), ("h", 3600, 7200)):
        if seconds >= least:
            return "{0} {1}".format(int(seconds // length), unit)
    return "{0} min".format(int(seconds // 60))


def rpo_words(definition):
    """``(kind, text, more)`` of a definition's RPO; kind: late, good, unknown or none (there is no RPO)."""
    rpo = definition["rpo"]
    age = None if rpo["age_s"] is None else span(rpo["age_s"])
    if rpo["max_age_s"] is None:
        return "none", "no RPO", "" if age is None else "success {0} ago".format(age)
    limit = span(rpo["max_age_s"])
    if rpo["overdue"] is None:
        return "unknown", "unknown", "RPO {0}".format(limit)
    if age is None:
        return "late", "no success", "RPO {0}".format(limit)
    if rpo["overdue"]:
        return "late", "late by {0}".format(span(rpo["over_s"])), "{0}, RPO {1}".format(age, limit)
    return "good", "{0} left".format(span(rpo["max_age_s"] - rpo["age_s"])), "{0}, RPO {1}".format(age, limit)


def words_of(report):
    """Words under which runs of the report are counted, the worst first."""
    return [word for word in RUN_WORDS if any(word in product["results"] for product in report["products"])]


def labels_of(report):
    return {product["platform"]: product["label"] for product in report["products"]}


class Clock:
    """Texts of times (UTC, as records have them) in the time zone of a report."""

    def __init__(self, report):
        zone = times.zone(report["timezone"])
        self.name = report["timezone"]

        @functools.cache
        def local(text):
            return datetime.datetime.fromtimestamp(model.epoch_of(text), zone)

        self._local = local
        self._year = local(report["generated_at"]).year

    def moment(self, text):
        """2026-01-31 22:00, or nothing."""
        return self._local(text).strftime("%Y-%m-%d %H:%M") if text else ""

    def short(self, text):
        """Without the year where it is that of the report."""
        moment = self.moment(text)
        return moment[5:] if moment[:4] == str(self._year) else moment


# -- the terminal ------------------------------------------------------------------------------------------------------


def table(report, most=40):
    """The report as lines; ``most``: rows of a list at most, 0 is all."""
    clock, labels = Clock(report), labels_of(report)
    lines = ["{0}, {1} {2}".format(plain(report["title"]), clock.moment(report["generated_at"]), clock.name), ""]
    for source in report["sources"]:
        if source["error"] is not None:
            lines += ["NOT READ: {0}: {1}".format(plain(source["name"]), plain(source["error"])), ""]
    lines.append(
        "Runs since {0} by result, and definitions that never ran or are overdue".format(clock.moment(report["since"]))
    )
    lines += [*_counts(report, labels), ""]
    alarms = [one for one in report["definitions"] if one["verdict"] in ALARMS]
    if alarms:
        lines.append("Definitions that need a look ({0})".format(len(alarms)))
        lines += [*_alarms(alarms, clock, labels, most), ""]
    lines.append("Runs ({0})".format(len(report["runs"])))
    lines += _runs(report["runs"], clock, labels, most)
    return lines


def _counts(report, labels):
    present = words_of(report)
    rows = [["PRODUCT", "SERVER", *[words(word) for word in present], "never ran", "overdue"]]
    for source in report["sources"]:
        if source["error"] is None:
            counts = [source["results"].get(word, 0) for word in present]
            counts += [source["verdicts"].get("never_ran", 0), source["overdue"]]
            rows.append(
                [labels[source["platform"]], _short(source["name"]), *[str(one) if one else "·" for one in counts]]
            )
    return _lines(rows, rows[0][2:])


def _alarms(definitions, clock, labels, most):
    rows = [["RESULT", "PRODUCT", "SERVER", "NAME", "LAST RUN", "LAST SUCCESS", "RPO"]]
    for job in _shown(definitions, most):
        times_of_it = [clock.short(started_at(job)), clock.short(job["last_success_at"])]
        rows.append([*_place(job, labels), *times_of_it, rpo_words(job)[1]])
    return _lines(rows) + _rest(definitions, most)


def _runs(runs, clock, labels, most):
    rows = [["RESULT", "PRODUCT", "SERVER", "NAME", "TYPE", "STATE", "STARTED", "DURATION", "SIZE"]]
    for job in _shown(runs, most):
        ended = [clock.short(started_at(job)), duration(job["duration_s"]), size(amount(job))]
        rows.append([*_place(job, labels), job["type"], job["state"], *ended])
    return _lines(rows, ("DURATION", "SIZE")) + _rest(runs, most)


def _place(job, labels):
    return [words(job["verdict"]), labels[job["platform"]], _short(job["server"]), _short(title_of(job))]


def _shown(jobs, most):
    return jobs[:most] if most > 0 else jobs


def _rest(jobs, most):
    more = len(jobs) - len(_shown(jobs, most))
    return ["… and {0} more (job_report_table_rows: {1})".format(more, most)] if more else []


def _columns(text):
    """Columns that a text takes in a terminal: a character of East Asia takes two, and so does a picture."""
    return len(text) + sum(unicodedata.east_asian_width(one) in "WF" for one in text)


def _short(value):
    """A text without its middle when it is too long."""
    text = plain(value)
    if _columns(text) <= _ROOM:
        return text
    head, tail = text, text
    while _columns(head) > _ROOM // 2 - 1:
        head = head[:-1]
    while _columns(tail) > _ROOM // 2:
        tail = tail[1:]
    return head + "…" + tail


def _lines(rows, right=()):
    """Rows of texts as lines, the first is the head; columns as wide as needed, those in ``right`` stand right."""
    widths = [max(map(_columns, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        cells = []
        for head, text, width in zip(rows[0], row, widths):
            gap = " " * (width - _columns(text))
            cells.append(gap + text if head in right else text + gap)
        lines.append("  ".join(cells).rstrip())
    return lines
