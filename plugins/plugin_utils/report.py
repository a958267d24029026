# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers answered, as one report. Pure functions over job records. Private to this collection.

A report is plain data, and its JSON text is what the filters hand to each other: ansible-core looks into every value of
a list that it passes on, which takes seconds for some thousand records, and leaves a text as it is.
The same answers, time and options make the same bytes.
"""

from __future__ import annotations

import collections
import csv
import datetime
import fnmatch
import io
import json
import re
import urllib.parse

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError

SCHEMA = 1

#: Words of a run's result and of a definition's health, the worst first.
ORDER = (
    model.FAILED, model.NEVER_RAN, model.OVERDUE, model.PARTIAL, model.WARNING, model.UNKNOWN, model.CANCELLED,
    model.SKIPPED, model.RUNNING, model.SUCCESS, model.OK, model.DISABLED,
)  # fmt: skip
#: Words under which runs are counted: the results, and running for those that have none yet.
RUN_WORDS = tuple(word for word in ORDER if word in model.RESULTS or word == model.RUNNING)
#: Verdicts on a definition that somebody should look at.
ALARMS = (model.FAILED, model.NEVER_RAN, model.OVERDUE)
#: Keys of the job record that are in a report.
FIELDS = (
    "uid", "entity", "platform", "endpoint", "id", "name", "type", "level", "enabled", "state", "result", "health",
    "reason", "started_at", "finished_at", "next_run_at", "last_success_at", "duration_s", "bytes", "workload",
    "counts", "last_run",
)  # fmt: skip
#: Keys of its last run that a definition keeps here: the whole record would be more than half of a report.
LAST_RUN_FIELDS = ("uid", "result", "reason", "started_at", "finished_at", "duration_s")
MOST_NIGHTS = 31

_RANK = {word: number for number, word in enumerate(ORDER)}
_HALF_A_DAY = datetime.timedelta(hours=12)


# -- times -------------------------------------------------------------------------------------------------------------


def window(generated_at, since, nights=7, timezone=None):
    """The times a report is about: ``{"generated_at", "since", "ask_since"}``, texts in UTC.

    ``since``: a time, or one relative to ``generated_at``. Runs that were active after ``ask_since`` are needed for the
    list of runs and for the picture of ``nights``. Raises InvalidError.
    """
    now = times.parse_time(generated_at, "generated_at", 0)
    if now is None or now <= 0:
        raise InvalidError("generated_at: {0!r} is not the time of a report.".format(generated_at))
    begin = times.parse_time(since, "since", now)
    if begin is None or begin > now:
        raise InvalidError("since: {0!r} is not before the report was made.".format(since))
    first = nights_until(now, nights, timezone)
    needed = min([begin] + [_night_starts(night, times.zone(timezone)) for night in first[:1]])
    return {
        "generated_at": model.timestamp(now),
        "since": model.timestamp(begin),
        "ask_since": model.timestamp(needed),
    }


def nights_until(now, number, timezone=None):
    """The last so many nights as dates, the last one is that of ``now`` (epoch seconds).

    A night goes from noon to noon and has the date of its evening.
    """
    if not 0 <= number <= MOST_NIGHTS:
        raise InvalidError("nights: {0} is not between 0 and {1}.".format(number, MOST_NIGHTS))
    last = _night_of(now, times.zone(timezone))
    return [last - datetime.timedelta(days=back) for back in reversed(range(number))]


def _night_of(epoch, zone):
    return (datetime.datetime.fromtimestamp(epoch, zone) - _HALF_A_DAY).date()


def _night_starts(night, zone):
    return datetime.datetime(night.year, night.month, night.day, 12, tzinfo=zone).timestamp()


# -- the report --------------------------------------------------------------------------------------------------------


def build(answers, generated_at, since, nights=7, timezone=None, labels=None, rpo=(), title="Backup jobs"):
    """The report of what servers answered.

    ``answers``: ``{"name", "platform", "url", "max_age", "definitions", "runs"}`` of each server, the last two being
    results of job_info (failed ones too) or null. ``rpo``: rules ``{"max_age", "servers", "platforms", "names",
    "clients", "types"}``, the first that fits a definition tells its RPO, else ``max_age`` of its server (a duration;
    empty: none).
    ``labels``: short names of platforms, in the order in which the platforms shall stand. Raises InvalidError.
    """
    about = window(generated_at, since, nights, timezone)
    now, begin = model.epoch_of(about["generated_at"]), about["since"]
    labels = labels or {}
    rules = [_Rule(rule, number) for number, rule in enumerate(rpo or ())]
    sources, servers, definitions, runs, all_runs = [], {}, [], [], []
    for number, answer in enumerate(answers):
        source = _source(answer, number)
        while source["name"] in servers:
            source["name"] += " (2)"
        servers[source["name"]] = number
        age = _duration(answer.get("max_age"), "max_age of {0}".format(source["name"]))
        mine = [
            _definition(record, source, now, age, rules, answer["definitions"].get("history") or {})
            for record in _jobs(answer.get("definitions"))
        ]
        my_runs = [_run(record, source) for record in _jobs(answer.get("runs"))]
        listed = [run for run in my_runs if _active_after(run, begin)]
        source.update(
            runs=len(listed) if source["error"] is None else None,
            results=_counted(run["verdict"] for run in listed),
            verdicts=_counted(record["verdict"] for record in mine),
            overdue=sum(is_late(record) for record in mine),
        )
        sources.append(source)
        definitions += mine
        runs += listed
        all_runs += my_runs
    place = {id: number for number, id in enumerate(labels)}
    platforms = sorted(
        dict.fromkeys(source["platform"] for source in sources), key=lambda one: place.get(one, len(place))
    )
    return {
        "schema": SCHEMA,
        "title": title,
        "generated_at": model.timestamp(now),
        "since": begin,
        "timezone": timezone or "UTC",
        "sources": sources,
        "products": [_product(platform, labels, sources, definitions, runs) for platform in platforms],
        "nights": _nights(all_runs, platforms, now, nights, timezone),
        "definitions": sorted(definitions, key=lambda one: _definition_key(one, servers)),
        # The newest first within a verdict and a server: two sorts, as texts cannot be negated.
        "runs": sorted(
            sorted(runs, key=lambda one: (one["started_at"] or "9", one["uid"]), reverse=True),
            key=lambda one: (_RANK[one["verdict"]], servers[one["server"]]),
        ),
    }


def is_late(definition):
    """Whether a definition of a report misses its RPO or a run, and somebody wants it to run."""
    return definition["verdict"] != model.DISABLED and bool(definition["rpo"]["overdue"] or definition["run_missed"])


def _source(answer, number):
    definitions, runs = answer.get("definitions") or {}, answer.get("runs") or {}
    failure = next((one for one in (definitions, runs) if "jobs" not in one), None)
    host = _host(answer.get("url"))
    found = next((record["platform"] for record in definitions.get("jobs") or runs.get("jobs") or ()), "")
    platform = answer.get("platform") or found
    error = (failure or {}).get("error")
    return {
        "name": str(answer.get("name") or host or platform or "server {0}".format(number + 1)),
        "platform": platform,
        "endpoint": host,
        "error": None if failure is None else str(failure.get("msg") or "No answer."),
        "kind": None if failure is None else (error.get("kind") if isinstance(error, dict) else None) or "invalid",
        "definitions": definitions.get("total"),
        "truncated": bool(definitions.get("truncated") or runs.get("truncated")),
        "history": (definitions.get("history") or {}).get("why"),
    }


def _host(url):
    """Host and port of a url, never its account; empty for what is no url (the error of the server tells)."""
    try:
        return urllib.parse.urlsplit(url or "").netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _jobs(result):
    return (result or {}).get("jobs") or ()


def _definition(record, source, now, age, rules, history):
    """The record as it is judged at the time of the report, which may be another than that of the answer."""
    age = next((rule.max_age for rule in rules if rule.fits(record, source)), age)
    complete, start = bool(history.get("complete")), model.epoch_of(history.get("from"))
    health = model.definition_health(record, now, age, complete, start)
    success = model.epoch_of(record["last_success_at"])
    since_success = None if success is None else max(0, int(now - success))
    overdue = None
    if age is not None:
        overdue = since_success > age if success is not None else _proven_late(record, now, age, complete, start)
    due = model.epoch_of(record["next_run_at"])
    missed = due is not None and record["state"] not in model.ACTIVE_STATES and now - due > model.NEXT_RUN_GRACE_S
    return dict(
        record,
        health=health,
        last_run=record["last_run"] and {key: record["last_run"][key] for key in LAST_RUN_FIELDS},
        server=source["name"],
        verdict=health,
        rpo={
            "max_age_s": age,
            "age_s": since_success,
            "over_s": since_success - age if overdue and since_success is not None else None,
            "overdue": overdue,
        },
        run_missed=missed,
    )


def _proven_late(record, now, age, complete, start):
    """True for a definition without a known success where one young enough would have been seen; else None."""
    asked = dict(record, enabled=None, result=None, next_run_at=None)
    verdict = model.definition_health(asked, now, age, complete, start)
    return True if verdict in (model.OVERDUE, model.NEVER_RAN) else None


def _run(record, source):
    verdict = record["result"] or record["health"]
    return dict(record, server=source["name"], verdict=verdict if verdict in RUN_WORDS else model.UNKNOWN)


def _active_after(run, since):
    # Time texts of one form compare like the times themselves.
    return run["state"] != model.FINISHED or (run["finished_at"] or run["started_at"] or since) >= since


def _definition_key(record, servers):
    late = record["rpo"]["over_s"]
    return (
        _RANK[record["verdict"]], servers[record["server"]], -late if late else 0, record["name"] or "", record["uid"],
    )  # fmt: skip


def _counted(words):
    counts = collections.Counter(words)
    return {word: counts[word] for word in ORDER if counts[word]}


def _product(platform, labels, sources, definitions, runs):
    mine = [source for source in sources if source["platform"] == platform]
    judged = [record for record in definitions if record["platform"] == platform]
    return {
        "platform": platform,
        "label": labels.get(platform) or platform or "unknown product",
        "servers": len(mine),
        "read": sum(source["error"] is None for source in mine),
        "results": _counted(run["verdict"] for run in runs if run["platform"] == platform),
        "verdicts": _counted(record["verdict"] for record in judged),
        "overdue": sum(is_late(record) for record in judged),
    }


def _nights(runs, platforms, now, number, timezone):
    """``[{"night": date, "products": {platform: {word: count}}}]``, the oldest first.

    A run belongs to the night in which it started; what waits for its start, to the last one.
    """
    zone, last = times.zone(timezone), _night_of(now, times.zone(timezone))
    found = collections.defaultdict(list)
    for run in runs:
        night = _night_of(model.epoch_of(run["started_at"]), zone) if run["started_at"] else last
        found[night, run["platform"]].append(run["verdict"])
    return [
        {
            "night": night.isoformat(),
            "products": {platform: _counted(found.get((night, platform), ())) for platform in platforms},
        }
        for night in nights_until(now, number, timezone)
    ]


class _Rule:
    """Which definitions have which RPO. What a rule does not name, it does not look at."""

    KEYS = ("servers", "platforms", "names", "clients", "types")

    def __init__(self, rule, number):
        where = "rpo[{0}]".format(number)
        unknown = sorted(set(rule) - {"max_age", *self.KEYS})
        if unknown:
            raise InvalidError("{0}: {1} is not known.".format(where, ", ".join(unknown)))
        if "max_age" not in rule:
            raise InvalidError("{0}: max_age is missing.".format(where), hint="Empty, there is no RPO for these.")
        self.max_age = _duration(rule["max_age"], where + ".max_age")
        self._wanted = {key: [_pattern(one) for one in rule[key]] for key in self.KEYS if rule.get(key)}

    def fits(self, record, source):
        there = {
            "servers": [source["name"]],
            "platforms": [record["platform"]],
            "names": [record["name"]],
            "clients": [record["workload"]["client"]],
            "types": [record["type"]],
        }
        return all(any(fit(text) for fit in fits for text in there[key] if text) for key, fits in self._wanted.items())


def _pattern(text):
    """A test for texts: is it the wanted one, or does it fit it as a pattern (``*``, ``?``, ``[…]``), in any case?"""
    wanted = text.casefold()
    fit = re.compile(fnmatch.translate(wanted)).match
    return lambda found: found.casefold() == wanted or bool(fit(found.casefold()))


def _duration(value, option):
    seconds = times.parse_duration(value if value not in ("", None) else None, option)
    return None if seconds is None else int(seconds)


# -- texts -------------------------------------------------------------------------------------------------------------

#: Control, direction, zero-width and invisible tag characters, and halves of a character.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]+"
)
#: What a spreadsheet takes for a formula, at the beginning of a cell or where another separator would begin one.
_FORMULA = re.compile(r"(^|[;,|])([\s\"']*)(?=[=+\-@＝＋－＠])")


def plain(value):
    """A text on one line, without characters that a terminal or a reader could be fooled by. None is empty."""
    return "" if value is None else _HARMFUL.sub(" ", str(value)).strip()


def defused(value):
    """A cell that no spreadsheet calculates: numbers stay, texts that begin like a formula get an apostrophe."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _FORMULA.sub(r"\1'\2", plain(value))


def to_json(report):
    """The report as JSON text: sorted keys, ASCII only, so that no name can do anything to who looks at the file."""
    parts = []
    for key, value in sorted(report.items()):
        if isinstance(value, list):  # one record a line: easy to compare, and faster than an indented text
            value = "[" + ",".join("\n" + json.dumps(one, sort_keys=True) for one in value) + "]"
        else:
            value = json.dumps(value, sort_keys=True)
        parts.append("{0}: {1}".format(json.dumps(key), value))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def from_json(text):
    """The report in a JSON text. Raises InvalidError."""
    try:
        report = json.loads(text)
    except (TypeError, ValueError) as error:
        raise InvalidError("This is not the JSON text of a report: {0}.".format(error)) from None
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise InvalidError("This is not a report of schema {0}.".format(SCHEMA))
    return report


def _rpo(key):
    return lambda record: (record.get("rpo") or {}).get(key)


def _size(key):
    return lambda record: record["bytes"][key]


_COLUMNS = (
    *[(key, key) for key in ("entity", "verdict", "platform", "server", "name")],
    ("client", lambda record: record["workload"]["client"]),
    *[(key, key) for key in ("type", "level", "enabled", "state", "result", "health", "started_at", "finished_at")],
    *[(key, key) for key in ("duration_s", "last_success_at", "next_run_at")],
    *[("rpo_" + key, _rpo(key)) for key in ("max_age_s", "age_s", "over_s", "overdue")],
    *[("bytes_" + key, _size(key)) for key in ("source", "transferred", "stored")],
    *[(key, key) for key in ("reason", "uid")],
)


def to_csv(report):
    """Definitions, then runs, as CSV: a head, a byte order mark for spreadsheets, texts in quotes, numbers bare."""
    file = io.StringIO()
    file.write("\ufeff")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([name for name, _value in _COLUMNS])
    for record in report["definitions"] + report["runs"]:
        cells = [record.get(value) if isinstance(value, str) else value(record) for _name, value in _COLUMNS]
        writer.writerow(["" if cell is None else defused(cell) for cell in cells])
    return file.getvalue()
