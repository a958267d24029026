# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/overview.yml with job_report_servers, as make demo has it: the table, the page, mistakes in variables."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss+w&rd=1 %é"
MADE_AT = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
EVIL = "\"'><svg onload=alert(1)> \x1b[31mred\x07 \u202etxt.exe {{ 7*7 }} {% raw %} \U0001f4be 日本"
#: The same on one line, without what a terminal or a reader could be fooled by.
TAMED = "\"'><svg onload=alert(1)> [31mred txt.exe {{ 7*7 }} {% raw %} \U0001f4be 日本"
PRODUCTS = ("Commvault", "NAKIVO", "BlueXP", "Veeam M365")


class Controller:
    """Runs playbooks of the collection with the simulator's addresses and credentials in the environment."""

    def __init__(self, simulator, folder):
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("BACKUPOPS_")}
        self.environ.update(
            ANSIBLE_COLLECTIONS_PATH=str(ROOT / "tree"),
            ANSIBLE_LOCAL_TEMP=str(folder / "ansible"),
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
            ANSIBLE_NOCOLOR="1",
            LC_ALL="C.UTF-8",
            PWD=str(folder),
            BACKUPOPS_NETAPP_BLUEXP_CLIENT_ID="sim-client",
            BACKUPOPS_NETAPP_BLUEXP_CLIENT_SECRET="s3cr+t&=",
        )
        for name in simulator.products:
            prefix = "BACKUPOPS_" + name.upper()
            self.environ[prefix + "_URL"] = simulator.url(name)
            if name != "netapp_bluexp":
                self.environ.update({prefix + "_USERNAME": "admin", prefix + "_PASSWORD": PASSWORD})

    def overview(self, *options, good=True, **variables):
        """The output of overview.yml with the example's servers."""
        command = [sys.executable, "-m", "ansible", "playbook", str(ROOT / "playbooks" / "overview.yml")]
        command += ["-e", "@" + str(ROOT / "playbooks" / "vars" / "simulator.yml")]
        command += ["-e", json.dumps({"job_report_" + name: value for name, value in variables.items()}), *options]
        done = subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert "[WARNING]" not in done.stdout + done.stderr
        return done.stdout


class Page(HTMLParser):
    """Every element and attribute of a page, and its text."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements, self.text, self._inside = [], [], None
        self.code = {"script": [], "style": []}
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.code else None

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        (self.code[self._inside] if self._inside else self.text).append(data)

    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def simulator():
    # The clock stands still, so that the same question gets the same answer.
    with Simulator(speed=0) as sim:
        job = min(sim["nakivo"].state()["jobs"], key=int)
        sim["nakivo"].control("rename", {"job": int(job), "name": EVIL})
        yield sim


@pytest.fixture(scope="module")
def controller(simulator, tmp_path_factory):
    return Controller(simulator, tmp_path_factory.mktemp("overview"))


@pytest.fixture(scope="module")
def first(controller):
    """Output and page of a run; the other tests only look at them."""
    folder = controller.folder / "first"
    output = controller.overview(
        dest=str(folder) + "/", max_age="400d", generated_at=MADE_AT, table_rows=0, title="Nights <b>&</b> days"
    )
    return output, folder / "overview.html"


def table_of(output):
    """The lines of the table, from the output's JSON."""
    shown = re.search(r"Show the table\] \**\nok: \[localhost\] => (\{\n.*?\n\})", output, re.S)
    return json.loads(shown.group(1))["msg"]


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_the_table_has_all_products_and_the_worst_first(first):
    lines = table_of(first[0])
    assert lines[0] == "Nights <b>&</b> days, {0} {1} UTC".format(MADE_AT[:10], MADE_AT[11:16])
    counts, _looks, runs = [number for number, line in enumerate(lines) if "PRODUCT" in line]
    assert [line.split("  ")[0] for line in lines[counts + 1 : counts + 5]] == list(PRODUCTS)

    rows = lines[runs + 1 :]
    assert f"Runs ({len([row for row in rows if row])})" == lines[runs - 1]
    assert {product for product in PRODUCTS for row in rows if f"  {product}  " in row} == set(PRODUCTS)
    order = ["failed", "partial", "warning", "cancelled", "skipped", "running", "success"]
    found = [row.split("  ")[0] for row in rows if row]
    assert found == sorted(found, key=order.index)
    assert found[0] == "failed"


def test_the_columns_stand_in_line(first):
    lines = table_of(first[0])
    head = max(number for number, line in enumerate(lines) if line.startswith("RESULT"))
    started = re.compile(r"  (\d{4}-)?\d\d-\d\d \d\d:\d\d(  |$)")
    places = {columns(row[: started.search(row).start()]) for row in lines[head + 1 :] if row}
    assert places == {lines[head].index("  STARTED")}


def test_the_table_says_what_it_leaves_out(controller):
    lines = table_of(controller.overview(table_rows=3, servers=[{"name": "only one", "platform": "veeam_m365"}]))
    assert sum("…" in line and "more (job_report_table_rows: 3)" in line for line in lines) == 2


def test_names_are_data_in_the_table(first):
    lines = "\n".join(table_of(first[0]))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", lines)
    assert "{{ 7*7 }}" in lines and "49" not in [word for line in lines.split("\n") for word in line.split()]
    assert "'env', 'HOME') }}" in lines
    assert "two lines" in lines.lower()


def test_the_page_has_all_products_and_the_worst_first(first):
    page = Page(first[1])
    assert [text for text in page.text if text in PRODUCTS][:4] == list(PRODUCTS)
    bars = [
        attributes["aria-label"] for tag, attributes in page.elements if tag == "svg" and "aria-label" in attributes
    ]
    assert [label.split(":")[0] for label in bars] == list(PRODUCTS)
    assert "failed" in bars[0] and "success" in bars[0]
    verdicts = [
        attributes["class"][5:] for tag, attributes in page.elements if attributes.get("class", "").startswith("word ")
    ]
    looks = verdicts[verdicts.index("overdue") + 1 :]  # after the heads of the first table
    assert looks[:2] == ["failed", "failed"]
    assert looks.index("never_ran") < looks.index("success")


def test_names_are_data_in_the_page(first):
    page = Page(first[1])
    tags = [tag for tag, _attributes in page.elements]
    assert tags.count("script") == 1 and tags.count("style") == 1
    assert not {"img", "iframe", "object", "embed", "link", "b", "form", "base"}.intersection(tags)
    for _tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "action")]
        assert attributes.get("href", "#").startswith("#")
    assert TAMED in page.words()
    assert "<img src=x onerror=alert(1)>" in page.words()
    assert "{{ 7*7 }}" in page.words() and "{{ lookup('env', 'HOME') }}" in page.words()
    assert "Nights <b>&</b> days" in page.words()


def test_the_page_needs_and_allows_nothing_else(first):
    page = Page(first[1])
    (policy,) = [a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none';")
    for tag, (code,) in page.code.items():
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "http" not in code and "url(" not in code and "@import" not in code
    assert "prefers-color-scheme: dark" in page.code["style"][0]
    assert PASSWORD not in page.source and "s3cr+t" not in page.source


def test_same_input_same_bytes(controller, first):
    again = {"max_age": "400d", "generated_at": MADE_AT, "title": "Nights <b>&</b> days", "table": False}
    again["dest"] = str(controller.folder / "second" / "page.html")
    controller.overview(**again)
    assert Path(again["dest"]).read_bytes() == first[1].read_bytes()
    assert "changed=0" in controller.overview(**again)


def test_a_dead_server_does_not_hide_the_others(controller):
    folder = controller.folder / "dead"
    servers = [
        {"name": "alive", "platform": "netapp_bluexp"},
        {
            "name": "dead <one>",
            "platform": "nakivo",
            "url": "http://127.0.0.1:9",
            "username": "x",
            "password": "hush-1",
        },
    ]
    vault = controller.folder / "dead.json"  # Ansible itself shows what is on the command line
    vault.write_text(json.dumps({"job_report_servers": servers}), "utf-8")
    output = controller.overview(
        "-e", f"@{vault}", "-vvvv", dest=str(folder / "overview.html"), fail_on_error=True, good=False
    )  # fmt: skip
    assert "NOT READ: dead <one>: POST http://127.0.0.1:9/c/router: no connection" in output
    assert "hush-1" not in output and "s3cr+t" not in output
    page = Page(folder / "overview.html")
    assert "1 of 2 servers could not be read" in page.words()
    assert [a for tag, a in page.elements if tag == "tr" and a.get("class") == "dead"]
    assert "Not read (unreachable)." in page.words()
    assert "onprem-zrh-a800" in page.words()


def test_check_mode_writes_nothing(controller):
    path = controller.folder / "never" / "page.html"
    servers = [{"name": "one", "platform": "netapp_bluexp"}]
    output = controller.overview("--check", "--diff", dest=str(path), servers=servers)
    assert "Check mode, nothing is written. The file would be " + str(path) in output
    assert not path.parent.exists()
    path.parent.mkdir()
    assert "changed=1" in controller.overview("--check", dest=str(path), servers=servers)
    assert list(path.parent.iterdir()) == []


def test_a_relative_path_begins_where_the_user_is(controller):
    servers = [{"name": "one", "platform": "netapp_bluexp"}]
    controller.overview(dest="here/", csv="here/jobs.csv", json="all.json", servers=servers, table=False)
    assert (controller.folder / "here" / "overview.html").exists() and (
        controller.folder / "here" / "jobs.csv"
    ).exists()
    assert json.loads((controller.folder / "all.json").read_text("utf-8"))["sources"][0]["name"] == "one"


def test_each_server_may_have_an_rpo_of_its_own(controller):
    servers = [
        {"name": "strict", "platform": "netapp_bluexp", "max_age": "1m"},
        {"name": "lax", "platform": "veeam_m365"},
    ]
    controller.overview(json="rpo.json", servers=servers, table=False, max_age="30d")
    found = json.loads((controller.folder / "rpo.json").read_text("utf-8"))["definitions"]
    assert {(one["server"], one["rpo"]["max_age_s"]) for one in found} == {("strict", 60), ("lax", 30 * 86400)}


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"servers": []}, "job_report_servers: no server is named."),
        ({"servers": [{"name": "twin"}, {"name": "twin"}]}, "two servers have the same name (twin, twin)"),
        ({"max_age": "soon"}, "max_age of cs-zurich: 'soon' is not a duration."),
        ({"since": "+1h"}, "since: '+1h' points to the future"),
        ({"generated_at": "yesterday"}, "job_report_generated_at: yesterday is not a time in UTC"),
        ({"servers": [{"platform": "nakivo", "pasword": "hush-2"}]}, "pasword"),
    ],
)
def test_a_mistake_is_named(controller, variables, message):
    output = controller.overview(good=False, **variables)
    assert message in output and "hush-2" not in output
