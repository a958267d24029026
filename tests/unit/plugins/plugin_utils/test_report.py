# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of what servers answered: order, RPO, nights, CSV, JSON, the page."""

from __future__ import annotations

import copy
import csv
import datetime
import io
import json
import random
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.plugin_utils import report, report_page, report_view

MADE = "2026-01-31T06:00:00Z"
LABELS = {"commvault": "Commvault", "nakivo": "NAKIVO"}
TEMPLATE = """<!doctype html><style>{{ style }}</style><h1 title="{{ page.title }}">{{ page.title }}</h1>
{% for row in page.alarms + page.others + page.runs %}
<p title="{{ row.uid }}">{{ row.name }} {{ row.server }} {{ row.reason }}</p>
{% endfor %}"""
HOSTILE = [
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)",
    "\t=1", "\r=1", "x;=1+1", "x,\"=1", "＝1", "{{ lookup('pipe','id') }}", "{% raw %}", "../../x",
    "two\nlines", "\u202etxt.exe", "\x00nul\x1b[31m",
    "\ud800", "</style><script>", "&lt;", "a/b/c", "",
]  # fmt: skip


def ago(hours):
    moment = datetime.datetime(2026, 1, 31, 6, tzinfo=datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def record(entity, id, platform="nakivo", **known):
    known.setdefault("name", "job " + id)
    known.setdefault("workload", model.workload(known.pop("client", None)))
    uid = model.uid_of("{0}:d:{1}:".format(platform, entity), id)
    whole = model.job_record(uid, platform, "d", entity, id, **known)
    return {key: whole[key] for key in report.FIELDS}


def run(id, result="success", start=2.0, **known):
    known.setdefault("state", "finished" if result else "running")
    times = {"started_at": ago(start), "finished_at": ago(start - 0.5) if result else None}
    health = model.run_health(known["state"], result)
    return record("run", id, result=result, **{"health": health, **times, **known})


def definition(id, success=2.0, result="success", **known):
    last = model.job_record("u", "nakivo", "d", "run", "r", started_at=ago(2), result=result)
    known = {"enabled": True, "state": "idle", "last_run": last, "health": "ok", "type": "backup", **known}
    at = None if success is None else ago(success)
    return record("definition", id, result=result, last_success_at=at, **known)


def answer(name="a", definitions=(), runs=(), platform="nakivo", complete=False, **more):
    history = {"from": None, "complete": complete, "why": None}
    return {
        "name": name, "platform": platform, "url": "https://user:pw@{0}.example.com/x".format(name), "max_age": "",
        "definitions": {"jobs": list(definitions), "total": len(definitions), "truncated": False, "history": history},
        "runs": {"jobs": list(runs), "total": len(runs), "truncated": False, "history": history}, **more,
    }  # fmt: skip


def build(*answers, **options):
    return report.build(answers, MADE, options.pop("since", "-24h"), labels=LABELS, **options)


def one(*answers, **options):
    (found,) = build(*answers, **options)["definitions"]
    return found


# -- RPO ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hours, overdue, over", [(25, False, None), (26, False, None), (26.5, True, 1800), (50, True, 86400)]
)
def test_late_is_older_than_the_rpo_at_the_time_of_the_report(hours, overdue, over):
    found = one(answer(definitions=[definition("1", success=hours)], max_age="26h"))
    assert found["rpo"] == {"max_age_s": 93600, "age_s": int(hours * 3600), "over_s": over, "overdue": overdue}
    assert found["verdict"] == found["health"] == ("overdue" if overdue else "ok")


def test_without_an_rpo_nothing_is_late_but_the_age_is_told():
    found = one(answer(definitions=[definition("1", success=900)]))
    assert found["rpo"] == {"max_age_s": None, "age_s": 900 * 3600, "over_s": None, "overdue": None}
    assert found["verdict"] == "ok"


def test_a_failed_job_keeps_its_verdict_and_misses_its_rpo():
    found = one(answer(definitions=[definition("1", success=30, result="failed")], max_age="1d"))
    assert (found["verdict"], found["rpo"]["over_s"]) == ("failed", 6 * 3600)


def test_a_disabled_job_ages_but_is_not_counted():
    made = build(answer(definitions=[definition("1", success=90, enabled=False)], max_age="1d"))
    assert made["definitions"][0]["rpo"]["overdue"] is True
    assert made["definitions"][0]["verdict"] == "disabled"
    assert made["sources"][0]["overdue"] == made["products"][0]["overdue"] == 0


@pytest.mark.parametrize("complete, overdue", [(True, True), (False, None)])
def test_an_unknown_success_is_late_only_where_it_would_have_been_seen(complete, overdue):
    found = one(answer(definitions=[definition("1", success=None, result="warning")], max_age="1d", complete=complete))
    assert found["rpo"] == {"max_age_s": 86400, "age_s": None, "over_s": None, "overdue": overdue}


def test_what_never_ran_is_late():
    never = definition("1", success=None, result=None, last_run=None, health="never_ran")
    found = one(answer(definitions=[never], max_age="1d"))
    assert (found["verdict"], found["rpo"]["overdue"]) == ("never_ran", True)


def test_a_missed_run_is_overdue_without_an_rpo():
    found = one(answer(definitions=[definition("1", next_run_at=ago(3))]))
    assert (found["verdict"], found["run_missed"], found["rpo"]["overdue"]) == ("overdue", True, None)
    assert report.is_late(found)


def test_the_first_rule_that_fits_tells_the_rpo():
    jobs = [
        definition("1", name="SQL prod", client="sql-1"), definition("2", name="sql test", client="sql-2"),
        definition("3", name="web", type="replication"), definition("4", name="[x]"), definition("5", name="other"),
    ]  # fmt: skip
    rules = [
        {"max_age": "4h", "names": ["sql*"], "clients": ["SQL-1"]},
        {"max_age": "8h", "names": ["*sql*"], "servers": ["a"]},
        {"max_age": "", "types": ["replication"]},
        {"max_age": "1h", "platforms": ["commvault"]},
        {"max_age": "3h", "names": ["[x]"]},
    ]
    made = build(answer(definitions=jobs, max_age="26h"), rpo=rules)
    found = {one["id"]: one["rpo"]["max_age_s"] for one in made["definitions"]}
    assert found == {"1": 4 * 3600, "2": 8 * 3600, "3": None, "4": 3 * 3600, "5": 26 * 3600}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"rpo": [{"names": ["x"]}]}, "rpo[0]: max_age is missing"),
        ({"rpo": [{"max_age": "1d"}, {"max_age": "1d", "name": "x"}]}, "rpo[1]: name is not known"),
        ({"rpo": [{"max_age": "-1d"}]}, "rpo[0].max_age"),
        ({"nights": 32}, "nights: 32"),
        ({"since": "2026-02-01"}, "is not before the report"),
        ({"timezone": "Mars/Base"}, "time zone"),
    ],
)
def test_a_mistake_is_named(options, message):
    with pytest.raises(InvalidError, match=re.escape(message)):
        build(answer(), **options)
    with pytest.raises(InvalidError, match="max_age of a"):
        build(answer(max_age="soon"))


# -- order, counts, nights ---------------------------------------------------------------------------------------------


def test_the_worst_first_then_the_latest():
    jobs = [
        definition("ok"), definition("late", success=30), definition("later", success=60),
        definition("off", enabled=False), definition("bad", result="failed"),
        definition("never", None, None, last_run=None, health="never_ran"),
    ]  # fmt: skip
    made = build(answer(definitions=jobs, max_age="26h"))
    assert [one["id"] for one in made["definitions"]] == ["bad", "never", "later", "late", "ok", "off"]
    runs = [run("1"), run("2", "failed", 5), run("3", None, 0.5), run("4", "failed", 3), run("5", "partial")]
    assert [one["id"] for one in build(answer(runs=runs))["runs"]] == ["4", "2", "5", "3", "1"]


def test_the_order_of_the_answers_does_not_count():
    jobs = [definition(str(n), success=n, result=random.Random(n).choice(["success", "failed"])) for n in range(30)]
    runs = [run(str(n), start=n / 3) for n in range(30)]
    texts = set()
    for seed in range(5):
        random.Random(seed).shuffle(jobs)
        random.Random(seed).shuffle(runs)
        texts.add(report.to_json(build(answer(definitions=jobs, runs=runs, max_age="9h"))))
    assert len(texts) == 1


def test_runs_before_the_window_are_in_the_picture_only():
    made = build(answer(runs=[run("new"), run("old", start=40), run("long", None, 90)]))
    assert {one["id"] for one in made["runs"]} == {"new", "long"}
    assert made["sources"][0]["runs"] == 2
    counted = sum(sum(night["products"]["nakivo"].values()) for night in made["nights"])
    assert counted == 3


def test_a_night_goes_from_noon_to_noon_in_the_time_zone():
    start = datetime.datetime(2026, 1, 31, 6)
    runs = [run("a", start=(start - datetime.datetime(2026, 1, 30, 12)).total_seconds() / 3600)]
    runs.append(run("b", "failed", start=(start - datetime.datetime(2026, 1, 30, 11, 59)).total_seconds() / 3600))
    found = {night["night"]: night["products"]["nakivo"] for night in build(answer(runs=runs), nights=2)["nights"]}
    assert found == {"2026-01-29": {"failed": 1}, "2026-01-30": {"success": 1}}
    # 11:59 UTC is 12:59 in Zurich: after noon.
    made = build(answer(runs=runs), nights=2, timezone="Europe/Zurich")
    assert made["nights"][1]["products"]["nakivo"] == {"failed": 1, "success": 1}
    assert build(answer(runs=runs), nights=0)["nights"] == []


def test_the_window_reaches_back_to_the_first_night():
    assert report.window(MADE, "-24h", 7) == {
        "generated_at": MADE, "since": "2026-01-30T06:00:00Z", "ask_since": "2026-01-24T12:00:00Z",
    }  # fmt: skip
    assert report.window(MADE, "-9d", 7)["ask_since"] == "2026-01-22T06:00:00Z"
    assert report.window(MADE, "-24h", 0)["ask_since"] == "2026-01-30T06:00:00Z"
    for time in ("-24h", "", None):
        with pytest.raises(InvalidError, match="generated_at"):
            report.window(time, "-24h")


def test_a_server_that_failed_is_there_without_its_secrets():
    refused = {"msg": "no", "failed": True, "error": {"kind": "authentication"}}
    made = build(
        answer("good", [definition("1")], [run("2")], "commvault"),
        {**answer("dead"), "definitions": refused, "runs": None},
        {"name": "odd", "platform": "nakivo", "url": "https://[x", "definitions": None, "runs": None},
        {"name": "", "platform": "", "url": "https://u:hush@h.example.com/p", "definitions": None, "runs": None},
    )
    assert [(one["name"], one["error"], one["kind"]) for one in made["sources"]] == [
        ("good", None, None), ("dead", "no", "authentication"), ("odd", "No answer.", "invalid"),
        ("h.example.com", "No answer.", "invalid"),
    ]  # fmt: skip
    assert "hush" not in report.to_json(made)
    assert [(one["label"], one["read"]) for one in made["products"]] == [
        ("Commvault", 1),
        ("NAKIVO", 0),
        ("unknown product", 0),
    ]


def test_servers_of_one_name_stay_apart():
    made = build(answer("x", [definition("1")]), answer("x", [definition("1")]))
    assert [one["server"] for one in made["definitions"]] == ["x", "x (2)"]


def test_the_answers_stay_as_they_are():
    given_answers = [answer(definitions=[definition("1")], runs=[run("2")], max_age="1h")]
    before = copy.deepcopy(given_answers)
    build(*given_answers)
    assert given_answers == before


# -- CSV and JSON ------------------------------------------------------------------------------------------------------

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))


@given(texts, texts, texts)
def test_no_cell_is_a_formula_in_any_spreadsheet(name, server, reason):
    made = build(answer(server, [definition("1", name=name, reason=reason)], [run("2", name=name, reason=reason)]))
    text = report.to_csv(made)
    text.encode("utf-8")
    assert text.startswith("\ufeff") and text.count("\n") == 3
    # Also where the spreadsheet of another country splits cells at a semicolon.
    for row in csv.reader(io.StringIO(text[1:])):
        assert len(row) == len(report._COLUMNS)
        for cell in row:
            assert not any(ord(character) < 32 or character == "\u202e" for character in cell)
            for part in re.split(r"[;,|\t]", cell):
                if not re.fullmatch(r"-?\d+", cell):
                    assert not part.strip(" \"'").startswith(tuple("=+-@＝＋－＠")) or re.match(r"[\s\"]*'", part), cell


def test_numbers_stay_numbers():
    made = build(
        answer(
            runs=[run("1", duration_s=90, bytes=model.sizes(transferred=5))],
            definitions=[definition("1", 30)],
            max_age="1d",
        )
    )
    lines = report.to_csv(made).splitlines()
    head = next(csv.reader([lines[0][1:]]))
    late, good = (dict(zip(head, next(csv.reader([line])))) for line in lines[1:])
    assert (late["rpo_over_s"], late["rpo_overdue"], late["enabled"]) == ("21600", "yes", "yes")
    assert (good["duration_s"], good["bytes_transferred"]) == ("90", "5")
    assert ",90," in lines[2] and '"90"' not in lines[2]


@given(texts, texts)
@settings(max_examples=80)
def test_json_is_ascii_and_keeps_every_name(name, server):
    made = build(answer(server, [definition("1", name=name)]))
    text = report.to_json(made)
    assert text.isascii() and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert json.loads(text) == made == report.from_json(text)
    assert made["definitions"][0]["name"] == name


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', "x", None])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(InvalidError, match="not"):
        report.from_json(text)


# -- for people --------------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@given(texts, texts, texts)
def test_names_make_no_elements(name, server, title):
    made = build(
        answer(server, [definition("1", name=name, reason=name)], [run("2", name=name)]), title=report.plain(title)
    )
    page = Elements(report_page.render(made, TEMPLATE))
    assert {tag for tag, _attrs in page.found} <= {"style", "h1", "p", "wbr"}
    assert {key for _tag, attrs in page.found for key in attrs} <= {"title"}
    assert "49" not in "".join(page.text) or "49" in name + server + title


def test_a_picture_has_every_run_and_says_so_in_words():
    runs = [run(str(n), start=n * 5, result="failed" if n % 9 == 0 else "success") for n in range(30)]
    made = build(answer(runs=runs))
    (drawn,) = report_page.page(made)["charts"]
    assert sum(night["total"] for night in drawn["bars"]) == sum(
        sum(night["products"]["nakivo"].values()) for night in made["nights"]
    )
    assert drawn["says"].count("Night of ") == 7
    worst = next(night for night in drawn["bars"] if night["bad"])
    assert worst["parts"][-1]["word"] == "failed"  # on top
    for night in drawn["bars"]:
        for part in night["parts"]:
            assert 0 <= float(part["y"]) <= 108 and float(part["height"]) > 0
        assert abs(sum(float(part["height"]) for part in night["parts"])) <= 92.1


def test_shares_fill_the_bar():
    parts = report_page.shares({"success": 2, "failed": 1})
    assert [part[0] for part in parts] == ["failed", "success"]
    assert parts == [("failed", 1, "0.000", "33.333"), ("success", 2, "33.333", "66.667")]
    assert report_page.shares({}) == []


def test_code_cannot_leave_its_element_and_a_bad_template_is_an_error():
    for kind in ("style", "script"):
        with pytest.raises(InvalidError, match=kind):
            report_page.render(build(answer()), TEMPLATE, **{kind: "x </{0}> y".format(kind.upper())})
    for template in ("{% if %}", "{{ page.nothing }}"):
        with pytest.raises(InvalidError, match="template"):
            report_page.render(build(answer()), template)


@pytest.mark.parametrize(
    "known, said",
    [
        ({"max_age_s": None, "age_s": None, "over_s": None, "overdue": None}, ("none", "no RPO", "")),
        ({"max_age_s": None, "age_s": 7200, "over_s": None, "overdue": None}, ("none", "no RPO", "success 2 h ago")),
        (
            {"max_age_s": 93600, "age_s": 97200, "over_s": 3600, "overdue": True},
            ("late", "late by 60 min", "27 h, RPO 26 h"),
        ),
        (
            {"max_age_s": 93600, "age_s": 3600, "over_s": None, "overdue": False},
            ("good", "25 h left", "60 min, RPO 26 h"),
        ),
        ({"max_age_s": 864000, "age_s": None, "over_s": None, "overdue": True}, ("late", "no success", "RPO 10 d")),
        ({"max_age_s": 3600, "age_s": None, "over_s": None, "overdue": None}, ("unknown", "unknown", "RPO 60 min")),
    ],
)
def test_words_of_an_rpo(known, said):
    assert report_view.rpo_words({"rpo": known}) == said


def test_times_are_those_of_the_time_zone():
    clock = report_view.Clock(build(answer(), timezone="Europe/Zurich"))
    assert clock.moment("2026-07-31T22:30:00Z") == "2026-08-01 00:30"
    assert clock.short("2026-01-31T05:00:00Z") == "01-31 06:00"
    assert clock.short("2025-01-31T05:00:00Z") == "2025-01-31 06:00"
    assert clock.moment(None) == clock.short(None) == ""


@given(st.lists(texts, min_size=1, max_size=5))
@settings(max_examples=60)
def test_the_table_stands_in_columns(names):
    made = build(answer(definitions=[definition(str(n), name=name, result="failed") for n, name in enumerate(names)]))
    lines = report_view.table(made, 3)
    for line in lines:
        assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", line)
    assert any("and {0} more".format(len(names) - 3) in line for line in lines) is (len(names) > 3)


def test_the_middle_of_a_long_name_is_left_out():
    made = build(answer(definitions=[definition("1", name="日本" * 30, result="failed")]))
    assert any("…" in line for line in report_view.table(made))
