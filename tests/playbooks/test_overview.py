# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/overview.yml on an inventory of backup servers: page, CSV and JSON, read by parsers and by a browser."""

from __future__ import annotations

import collections
import contextlib
import csv
import functools
import http.server
import io
import json
import re
import shutil
import struct
import subprocess
import sys
import threading
import time
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import Runbooks

PRODUCTS = {"commvault": "Commvault", "nakivo": "NAKIVO", "netapp_bluexp": "BlueXP", "veeam_m365": "Veeam M365"}
MADE_AT = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
HOSTILE = {
    "nakivo": "\"'><img src=x onerror=alert(1)> ../../x\x1b[31m \u202etxt.exe",
    "veeam_m365": "=cmd|' /C calc'!A0 {{ lookup('pipe', 'id') }}\nsecond line <script>alert(1)</script>",
}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: chromium, chromium-browser or google-chrome on PATH"
)


class Page(HTMLParser):
    """Elements, rows of tables by the table's label, and the text of a page."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.words, self.tables = [], [], {}
        self._rows, self._cell, self._inside, self._label = [], None, None, ""
        self.feed(source.replace("<wbr>", ""))  # where a long name may break
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs))
        self._inside = tag
        if tag == "div" and attrs.get("class") == "scroll":
            self._label = attrs["aria-label"]
        elif tag == "table":
            self._rows = self.tables.setdefault(self._label, [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag):
        self._inside = None
        if tag in ("td", "th"):
            self._rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data):
        if self._inside in ("script", "style"):
            return
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def tags(self):
        return collections.Counter(tag for tag, _attrs in self.elements)

    def assert_harmless(self):
        assert not {"img", "iframe", "object", "embed", "link", "form", "base", "b"}.intersection(self.tags())
        assert self.tags()["script"] == self.tags()["style"] == 1
        for _tag, attrs in self.elements:
            assert not [name for name in attrs if name.startswith("on") or name in ("src", "style", "action")]
            assert attrs.get("href", "#").startswith("#")


@pytest.fixture(scope="module")
def simulator():
    # The clock stands still, so that the same question gets the same answer.
    with Simulator(speed=0) as sim:
        for product, name in HOSTILE.items():
            jobs = sim[product].state()["jobs"]
            known = [job for job in jobs if "alert" not in json.dumps(jobs[job]) and "cmd" not in json.dumps(jobs[job])]
            job = min(known, key=lambda one: (len(one), one))
            sim[product].control("rename", {"job": int(job) if job.isdecimal() else job, "name": name})
        yield sim


@pytest.fixture(scope="module")
def runbooks(simulator, tmp_path_factory):
    runbooks = Runbooks(simulator, tmp_path_factory.mktemp("overview"))
    runbooks.environ["ANSIBLE_MAX_DIFF_SIZE"] = "10000000"
    return runbooks


def files(folder):
    return {
        "job_report_dest": str(folder) + "/",
        "job_report_csv": str(folder / "table.csv"),
        "job_report_json": str(folder / "data.json"),
        "job_report_generated_at": MADE_AT,
        "job_report_max_age": "26h",
        "job_report_rpo": [{"max_age": "1h", "platforms": ["nakivo"], "names": ["*sql*"]}],
    }


@pytest.fixture(scope="module")
def made(runbooks):
    """The folder of a first run; the other tests only look at it."""
    folder = runbooks.folder / "made"
    recap, _output = runbooks.run("overview", "-vvvv", "--diff", **files(folder))
    assert set(recap) == set(PRODUCTS)
    return folder


@pytest.fixture(scope="module")
def page(made):
    return Page((made / "overview.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def data(made):
    return json.loads((made / "data.json").read_text("ascii"))


def test_all_products_and_the_worst_first(page, data):
    assert [row[0] for row in page.tables["By product"][1:]] == list(PRODUCTS.values())
    verdicts = [row[0] for row in page.tables["Definitions that need a look"][1:]]
    assert set(verdicts) == {"failed", "never ran", "overdue"}
    assert verdicts == sorted(verdicts, key=["failed", "never ran", "overdue"].index)
    assert verdicts == [one["verdict"].replace("_", " ") for one in data["definitions"][: len(verdicts)]]
    results = [row[0] for row in page.tables["Runs"][1:]]
    assert results[0] == "failed" and results[-1] == "success" and len(results) == len(data["runs"])
    assert {one["platform"] for one in data["runs"]} == set(PRODUCTS) == {one["server"] for one in data["runs"]}


def test_counts_per_product_and_result(page, data):
    head, *rows = page.tables["By product"]
    for product, row in zip(data["products"], rows):
        counts = dict(zip(head, row))
        for word, number in product["results"].items():
            assert int(counts[word]) == number
            mine = [one for one in data["runs"] if (one["platform"], one["verdict"]) == (product["platform"], word)]
            assert len(mine) == number
        assert int(counts["never ran"]) == product["verdicts"].get("never_ran", 0)
        assert int(counts["overdue"]) == product["overdue"]


def test_the_rpo_of_each_definition(page, data):
    rows = page.tables["Definitions that need a look"][1:] + page.tables["Other definitions"][1:]
    assert len(rows) == len(data["definitions"])
    seen = collections.Counter()
    for row, one in zip(rows, data["definitions"]):
        strict = one["platform"] == "nakivo" and "sql" in one["name"].casefold()
        assert one["rpo"]["max_age_s"] == (3600 if strict else 26 * 3600)
        late = one["rpo"]["overdue"]
        assert ("late by" in row[1] or "no success" in row[1]) is (late is True), (row, one)
        assert ("left" in row[1]) is (late is False)
        seen[late] += 1
    assert seen[True] > 3 and seen[False] > 3
    for one in data["definitions"]:
        if one["rpo"]["age_s"] is not None:
            assert one["rpo"]["overdue"] is (one["rpo"]["age_s"] > one["rpo"]["max_age_s"])


def test_the_picture_has_all_nights_and_products_in_words_too(page, data):
    pictures = [attrs for tag, attrs in page.elements if tag == "svg" and attrs.get("class") == "nights"]
    assert len(pictures) == 4 and all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in pictures)
    assert page.tags()["desc"] == 4
    assert len(data["nights"]) == 7
    rows = page.tables["Runs per night and product"]
    assert len(rows) == 1 + 7 * 4
    told = {word.replace("_", " "): 0 for word in rows[0][2:]}
    for row in rows[1:]:
        for word, number in zip(rows[0][2:], row[2:]):
            told[word] += int(number)
    counted = collections.Counter()
    for night in data["nights"]:
        for counts in night["products"].values():
            counted.update(counts)
    assert told == {word.replace("_", " "): number for word, number in counted.items()}
    assert sum(counted.values()) > len(data["runs"]) / 2
    bars = [attrs for tag, attrs in page.elements if tag == "rect" and "bar" in attrs.get("class", "")]
    assert {attrs["class"].split()[1] for attrs in bars} >= {"failed", "success", "partial"}


def test_names_are_data_on_the_page(page):
    page.assert_harmless()
    assert "\"'><img src=x onerror=alert(1)> ../../x [31m txt.exe" in page.text
    assert "{{ lookup('pipe', 'id') }} second line <script>alert(1)</script>" in page.text
    assert "uid=" not in page.text


def test_names_are_data_in_the_csv(made, data):
    source = (made / "table.csv").read_bytes().decode("utf-8")
    assert source[0] == "\ufeff" and not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", source)
    rows = list(csv.DictReader(io.StringIO(source[1:])))
    assert len(rows) == len(data["definitions"]) + len(data["runs"])
    assert [row["uid"] for row in rows] == [one["uid"] for one in data["definitions"] + data["runs"]]
    assert any(row["name"].startswith("'=cmd|") for row in rows)
    for row, one in zip(rows, data["definitions"] + data["runs"]):
        assert not [cell for cell in row.values() if cell[:1] in tuple("=+@\t\r") or re.match(r"-\D", cell)]
        assert row["duration_s"] == ("" if one["duration_s"] is None else str(one["duration_s"]))


def test_the_json_has_the_names_as_they_are_and_no_secret(made, data):
    names = {one["name"] for one in data["definitions"]}
    assert HOSTILE["nakivo"] in names and HOSTILE["veeam_m365"] in names
    for path in made.iterdir():
        text = path.read_text("utf-8")
        assert "p@ss+w" not in text and "s3cr+t" not in text and "password" not in text
    assert sorted(path.name for path in made.iterdir()) == ["data.json", "overview.html", "table.csv"]
    assert not list(made.parent.glob("x*"))


def test_a_second_run_changes_nothing_and_check_mode_writes_nothing(runbooks, made):
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()}
    assert runbooks.changed("overview", job_report_table=False, **files(made)) == set()
    later = {**files(made), "job_report_title": "Another title"}
    recap, output = runbooks.run("overview", "--check", "--diff", **later)
    assert sum(row["changed"] for row in recap.values()) == 2  # page and JSON; a CSV has no title
    assert "+<title>Another title</title>" in output and "-<title>Backup jobs</title>" in output
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in made.iterdir()} == before
    never = runbooks.folder / "never"
    assert runbooks.changed("overview", "--check", **files(never))
    assert not never.exists()


def test_hosts_that_do_not_answer_do_not_hide_the_others(runbooks):
    inventory = json.loads(runbooks.inventory.read_text("utf-8"))
    dead = {"platform": "nakivo", "url": "http://127.0.0.1:9", "username": "x", "password": "hush-1"}
    inventory["backup_servers"]["hosts"] = {
        "a-dead": {"backupops_connection": dead},
        "b-typo": {"backupops_connection": {**dead, "pasword": "hush-2"}},
        "c-lost": {"backupops_connection": {**dead, "password": "{{ vault_that_is_not_there }}"}},
        "d-alive": inventory["backup_servers"]["hosts"]["netapp_bluexp"],
    }
    servers = runbooks.folder / "some_dead.json"
    servers.write_text(json.dumps(inventory), "utf-8")
    folder = runbooks.folder / "dead"
    recap, output = runbooks.run("overview", "-vvvv", "-i", str(servers), "--limit", "a-dead,b-typo,c-lost,d-alive",
                                 good=False, job_report_dest=str(folder / "page.html"))  # fmt: skip
    # Only the host that cannot even be templated is a failure of the play.
    assert {host for host, row in recap.items() if row["failed"]} == {"c-lost"}
    assert "hush-" not in output
    page = Page((folder / "page.html").read_text("utf-8"))
    assert "3 of 4 servers could not be read" in page.text
    told = {row[0]: row[4] for row in page.tables["Servers"][1:]}
    assert told["a-dead"].startswith("Not read (unreachable). POST http://127.0.0.1:9/c/router: no connection")
    assert "pasword" in told["b-typo"] and "before it could be asked" in told["c-lost"]
    assert not told["d-alive"].startswith("Not read")
    assert "onprem-zrh-a800" in page.text
    assert [attrs for tag, attrs in page.elements if tag == "tr" and attrs.get("class") == "dead"]
    # They fail the play only where that is wanted.
    runbooks.run("overview", "-i", str(servers), "--limit", "a-dead,d-alive", job_report_table=False)
    _recap, output = runbooks.run("overview", "-i", str(servers), "--limit", "a-dead,d-alive", good=False,
                                  job_report_fail_on_error=True)  # fmt: skip
    assert "Not read: a-dead." in output


# -- in a browser ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(folder):
    """The folder on loopback: a frame and what is in it must come from one place to see each other."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://127.0.0.1:{0}/".format(server.server_port)
    finally:
        server.shutdown()
        server.server_close()


def chromium(profile, *options):
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    command += ["--disable-background-networking", "--virtual-time-budget=20000", f"--user-data-dir={profile}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pixels(path):
    """``(width, height, bytes of red, green, blue of all pixels)`` of a PNG as Chromium writes it."""
    source = path.read_bytes()
    assert source.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed, width, height, channels = 8, b"", 0, 0, 0
    while place < len(source):
        length, kind = struct.unpack(">I4s", source[place : place + 8])
        body = source[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6)
            channels = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
        place += 12 + length
    raw, stride = zlib.decompress(packed), width * channels
    above, found = bytearray(stride), []
    for row in range(height):
        start = row * (stride + 1)
        how, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for at in range(stride if how else 0):
            left = line[at - channels] if at >= channels else 0
            corner = above[at - channels] if at >= channels else 0
            if how == 1:
                guess = left
            elif how == 2:
                guess = above[at]
            elif how == 3:
                guess = (left + above[at]) // 2
            else:
                guess = min((left, above[at], corner), key=lambda one, sum_=left + above[at] - corner: abs(sum_ - one))
            line[at] = (line[at] + guess) & 255
        found += [bytes(line[at : at + 3]) for at in range(0, stride, channels)]
        above = line
    return width, height, found


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser_is_not_blank(made, tmp_path, scheme):
    shot = tmp_path / "shot.png"
    options = ["--window-size=900,700", f"--screenshot={shot}"]
    if scheme == "dark":
        options.append("--blink-settings=preferredColorScheme=0")
    chromium(tmp_path / "profile", *options, (made / "overview.html").as_uri())
    width, height, found = pixels(shot)
    assert (width, height) == (900, 700)
    colours = collections.Counter(found)
    ground, many = colours.most_common(1)[0]
    assert many < 0.8 * len(found) and len(colours) > 100
    assert (sum(ground) > 3 * 200) is (scheme == "light"), ground
    # Failures are red and successes green in the picture, and both are more than a few points.
    red = sum(number for (r, g, b), number in colours.items() if r > 180 and g < 110 and b < 130)
    green = sum(number for (r, g, b), number in colours.items() if g > 140 and r < 90 and b < 150)
    assert red > 200 and green > 1000


@needs_browser
def test_after_its_script_the_page_has_nothing_injected(made, page, tmp_path):
    after = Page(chromium(tmp_path / "profile", "--dump-dom", (made / "overview.html").as_uri()))
    after.assert_harmless()
    more = after.tags() - page.tags()
    assert set(more) == {"button", "input", "p", "span"} and more["input"] == more["p"] == 3
    assert page.tags() - after.tags() == {}
    assert after.tables == page.tables
    assert "{{ lookup('pipe', 'id') }} second line <script>alert(1)</script>" in after.text


HARNESS = """<!doctype html><meta charset="utf-8"><iframe src="overview.html" width="400" height="900"></iframe>
<pre id="told"></pre><script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const inside = frame.contentDocument, told = {};
  const table = inside.querySelector("table.runs");
  const cells = (number) => [...table.tBodies[0].rows].map((row) => row.cells[number]);
  const column = (number) => cells(number).map((cell) => cell.dataset.key ?? cell.textContent);
  const heads = [...table.tHead.rows[0].cells];
  const click = (name) => heads.find((head) => head.textContent === name).querySelector("button").click();
  click("Size"); told.up = column(9);
  click("Size"); told.down = column(9);
  told.marked = heads.map((head) => head.getAttribute("aria-sort"));
  click("Result"); told.result = column(0);
  const rpo = inside.querySelector("table.definitions");
  rpo.tHead.rows[0].cells[1].querySelector("button").click();
  rpo.tHead.rows[0].cells[1].querySelector("button").click();
  told.rpo = [...rpo.tBodies[0].rows].map((row) => row.cells[1].dataset.key);
  const search = table.closest("section").querySelector("input[type=search]");
  search.value = "veeam failed"; search.dispatchEvent(new Event("input"));
  const seen = [...table.tBodies[0].rows].filter((row) => row.offsetParent !== null);
  told.filtered = seen.map((row) => row.cells[0].textContent.trim() + " " + row.cells[1].textContent);
  told.status = table.closest("section").querySelector("[role=status]").textContent;
  told.wide = inside.documentElement.scrollWidth;
  document.getElementById("told").textContent = JSON.stringify(told);
});
</script>"""


@needs_browser
def test_tables_sort_and_filter_in_a_browser_and_fit_a_phone(made, data, tmp_path):
    shutil.copy(made / "overview.html", tmp_path)
    (tmp_path / "harness.html").write_text(HARNESS, "utf-8")
    with served(tmp_path) as address:
        dom = Page(chromium(tmp_path / "profile", "--dump-dom", address + "harness.html"))
    told = json.loads(next(word for word in dom.words if word.startswith("{")))

    known = [int(size) for size in told["up"] if size != ""]
    assert known == sorted(known) and len(told["up"]) == len(data["runs"])
    assert told["up"][len(known) :] == [""] * (len(told["up"]) - len(known))
    assert [int(size) for size in told["down"] if size != ""] == sorted(known, reverse=True)
    assert told["down"][len(known) :] == told["up"][len(known) :]  # what is not known stands last in both
    assert told["marked"] == [None] * 9 + ["descending"]
    ranks = [int(rank) for rank in told["result"]]
    assert ranks == sorted(ranks)
    used = [float(share) for share in told["rpo"]]
    assert used == sorted(used, reverse=True) and used[0] > 1
    failed = sum(one["verdict"] == "failed" and one["platform"] == "veeam_m365" for one in data["runs"])
    assert failed and told["filtered"].count("failed Veeam M365") == failed
    assert told["status"].startswith("{0} of {1}".format(len(told["filtered"]), len(data["runs"])))
    assert told["wide"] <= 400
