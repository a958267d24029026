# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report (see report.py) as a page that needs nothing else. Private to this collection.

A Jinja environment of its own draws it: there every value is escaped, unless it was marked as harmless, and a name from
a server cannot be a template, as it never is a part of one.
"""

from __future__ import annotations

import base64
import datetime
import hashlib

import jinja2
from markupsafe import Markup

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.plugin_utils import report_view as view
from ansible_collections.backupops.jobs.plugins.plugin_utils.report import ALARMS, ORDER, plain

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Results that the numbers above the bars of the picture call bad.
_BAD = (model.FAILED, model.PARTIAL)
_BREAK = Markup("/<wbr>")

#: The picture of one product in units of its view box: width, room above and below the bars, their greatest height, the
#: smallest height of a part that is not nothing.
_WIDTH, _ABOVE, _BELOW, _TALL, _LEAST = 336.0, 16.0, 18.0, 92.0, 3.0


def render(report, template, style="", script=""):
    """The page as text. ``template``: of Jinja, the report's words and rows are in its variable ``page``; ``style`` and
    ``script``: the only ones that a browser may run. Raises InvalidError for a template that does not fit.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = style.strip(), script.strip()
    for name, code in (("style", style), ("script", script)):
        if "</" + name in code.lower():
            raise InvalidError("{0}: it has the end of its own element in it.".format(name))
    try:
        return environment.from_string(template).render(
            page=page(report),
            style=Markup(style),
            script=Markup(script),
            style_hash=_digest(style),
            script_hash=_digest(script),
        )
    except jinja2.TemplateError as error:
        raise InvalidError("template: {0}".format(error)) from None


def _digest(code):
    return base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")


def page(report):
    """What the template draws: texts that are ready to be shown, in the order in which they are shown."""
    clock, labels = view.Clock(report), view.labels_of(report)
    dead = [source for source in report["sources"] if source["error"] is not None]
    definitions = [_definition(one, clock, labels) for one in report["definitions"]]
    return {
        "title": plain(report["title"]),
        "made": _time(report["generated_at"], clock.moment),
        "since": _time(report["since"], clock.moment),
        "timezone": clock.name,
        "span": view.span(model.epoch_of(report["generated_at"]) - model.epoch_of(report["since"])),
        "cards": _cards(report),
        "words": view.words_of(report),
        "dead": [_source(source, labels) for source in dead],
        "sources": [_source(source, labels) for source in report["sources"]],
        "charts": [chart(report["nights"], product) for product in report["products"]],
        "legend": [word for word in reversed(ORDER) if any(word in counts for counts in _all_counts(report["nights"]))],
        "nights": [
            {
                "night": _night(night["night"]),
                "products": [
                    (product["label"], night["products"][product["platform"]]) for product in report["products"]
                ],
            }
            for night in report["nights"]
        ],
        "night_words": [word for word in ORDER if any(word in counts for counts in _all_counts(report["nights"]))],
        "products": [
            dict(product, label=product["label"], shares=shares(product["results"])) for product in report["products"]
        ],
        "alarms": [row for row in definitions if row["verdict"] in ALARMS],
        "others": [row for row in definitions if row["verdict"] not in ALARMS],
        "runs": [_run(one, clock, labels) for one in report["runs"]],
    }


def _all_counts(nights):
    return [counts for night in nights for counts in night["products"].values()]


def _cards(report):
    results = [run["verdict"] for run in report["runs"]]
    verdicts = [one["verdict"] for one in report["definitions"]]
    late = sum(product["overdue"] for product in report["products"])
    return [
        (results.count("failed"), "failed", "runs failed", "runs"),
        (verdicts.count("never_ran"), "never_ran", "never ran", "look"),
        (late, "overdue", "overdue", "look"),
        (results.count("partial"), "partial", "runs partial", "runs"),
        (results.count("warning"), "warning", "with a warning", "runs"),
        (results.count("cancelled"), "cancelled", "cancelled", "runs"),
        (results.count("running"), "running", "under way", "runs"),
        (results.count("success"), "success", "successful", "runs"),
    ]


def _source(source, labels):
    return {
        "name": plain(source["name"]),
        "label": labels[source["platform"]],
        "definitions": source["definitions"],
        "runs": source["runs"],
        "error": None if source["error"] is None else plain(source["error"]),
        "kind": source["kind"],
        "truncated": source["truncated"],
        "history": plain(source["history"]),
    }


def _time(text, words):
    """``(machine-readable, shown)`` of a time of a record, or None."""
    return (text, words(text)) if text else None


def _row(job, clock, labels):
    name = view.title_of(job)
    return {
        "verdict": job["verdict"],
        "rank": ORDER.index(job["verdict"]),
        "label": labels[job["platform"]],
        "server": plain(job["server"]),
        "name": _BREAK.join(name.split("/")),
        "sort_name": name,
        "uid": plain(job["uid"]),
        "reason": plain(job["reason"]),
        "started": _time(view.started_at(job), clock.short),
    }


def _definition(job, clock, labels):
    rpo = job["rpo"]
    kind, text, more = view.rpo_words(job)
    known = rpo["max_age_s"] is not None and rpo["age_s"] is not None
    return dict(
        _row(job, clock, labels),
        rpo={
            "kind": kind,
            "text": text,
            "more": more,
            # How much of the RPO is used up: that is what late means for jobs with different ones.
            "rank": _share_used(rpo) if kind != "none" else "",
            "bar": min(100, int(100 * _share_used(rpo))) if known else None,
        },
        success=_time(job["last_success_at"], clock.short),
        next=_time(job["next_run_at"], clock.short),
        missed=job["run_missed"],
    )


def _share_used(rpo):
    """How much of its RPO a definition has used up, 1.0 is all; without a success, if it is late, the most."""
    if rpo["age_s"] is None:
        return 1e9 if rpo["overdue"] else -1.0
    return round(rpo["age_s"] / max(1, rpo["max_age_s"]), 3)


def _run(job, clock, labels):
    number = view.amount(job)
    return dict(
        _row(job, clock, labels),
        type=job["type"],
        level=view.words(job["level"]),
        state=job["state"],
        seconds=job["duration_s"],
        duration=view.duration(job["duration_s"]),
        bytes=number,
        size=view.size(number),
    )


# -- pictures ----------------------------------------------------------------------------------------------------------


def shares(counts):
    """``[(word, count, left %, width %)]``: a bar of results in one line, the worst first."""
    total, left, parts = sum(counts.values()), 0.0, []
    for word in ORDER:
        if counts.get(word):
            width = 100.0 * counts[word] / total
            parts.append((word, counts[word], "{0:.3f}".format(left), "{0:.3f}".format(width)))
            left += width
    return parts


def chart(nights, product):
    """The bars of one product, one for each night, the worst results on top; numbers are texts in units of the box."""
    counts = [night["products"][product["platform"]] for night in nights]
    most = max([sum(one.values()) for one in counts], default=0)
    step = _WIDTH / max(1, len(nights))
    width = min(26.0, 0.62 * step)
    bars = []
    for number, (night, found) in enumerate(zip(nights, counts)):
        heights = {word: max(_LEAST, _TALL * found[word] / most) for word in reversed(ORDER) if found.get(word)}
        shrink = min(1.0, _TALL / sum(heights.values())) if heights else 1.0
        foot, parts = _ABOVE + _TALL, []
        for word, height in heights.items():
            foot -= height * shrink
            parts.append({"word": word, "y": _unit(foot), "height": _unit(height * shrink)})
        total, bad = sum(found.values()), sum(found.get(word, 0) for word in _BAD)
        bars.append(
            {
                "x": _unit(number * step + (step - width) / 2),
                "width": _unit(width),
                "middle": _unit((number + 0.5) * step),
                "top": _unit(foot - 4),
                "day": _night(night["night"]).rpartition(" ")[0] if len(nights) <= 7 else str(int(night["night"][8:])),
                "says": "{0}: {1}".format(_night(night["night"]), _said(found)),
                "parts": parts,
                "total": total,
                "bad": bad,
            }
        )
    return {
        "label": product["label"],
        "servers": product["servers"],
        "read": product["read"],
        "bars": bars,
        "box": "0 0 {0:.0f} {1:.0f}".format(_WIDTH, _ABOVE + _TALL + _BELOW),
        "base": _unit(_ABOVE + _TALL),
        "foot": _unit(_ABOVE + _TALL + _BELOW - 5),
        "says": " ".join("Night of {0}.".format(night["says"]) for night in bars),
    }


def _unit(number):
    return "{0:.2f}".format(number)


def _night(date):
    day = datetime.date.fromisoformat(date)
    return "{0} {1} {2}".format(_DAYS[day.weekday()], day.day, _MONTHS[day.month - 1])


def _said(counts):
    return (
        ", ".join("{0} {1}".format(counts[word], view.words(word)) for word in ORDER if counts.get(word)) or "no runs"
    )
