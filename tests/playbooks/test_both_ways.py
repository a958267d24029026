# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each integration target, run in the worker and as shipped modules: the same results, and no secret anywhere.

The simulated clock stands still, so that only what this machine's own clock makes may differ.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from simulator import Simulator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGETS = ROOT / "tests" / "integration" / "targets"


def cases() -> list[tuple[str, str]]:
    """Each target of a module, with one of the products where it works through them one by one, by turns.

    What is shipped, and how, knows no product; that each target passes on each product is the integration tests' part.
    """
    found = []
    for target in sorted(path for path in TARGETS.iterdir() if path.is_dir()):
        if not (ROOT / "plugins" / "action" / f"{target.name}.py").exists():
            continue
        products = sorted(path.stem for path in (target / "vars" / "products").glob("*.yml"))
        found.append((target.name, products[len(found) % len(products)] if products else "all"))
    return found


#: Passwords of the simulator that the targets use, and those that they get wrong.
SECRETS = ("p@ss+w&rd=1 %é", "s3cr+t&=", "not+the&password=", "not+the&secret=")
#: What ansible-core adds to a result by itself.
ADDED_BY_CORE = (
    "invocation", "ansible_facts", "exception", "deprecations", "failed_when_result", "failed_when_suppressed_exception",
    "attempts",
)  # fmt: skip
TOKEN_HEADERS = ("authorization", "authtoken", "cookie")


@dataclass
class Outcome:
    """One run of a target: its process, and the records of the backupops tasks in it."""

    output: str
    code: int
    records: list

    @property
    def results(self) -> list:
        return [(record["task"], record["status"], normal(record["result"])) for record in self.records]


def play(target: str, platform: str, simulator: Simulator, folder: Path, *more: str, **environment: str) -> Outcome:
    folder.mkdir()
    record = folder / "record.jsonl"
    variables = {"setup_simulator_addresses": simulator.addresses(), "target": target}
    if platform != "all":
        variables[f"{target}_platforms"] = [platform]
    (folder / "variables.json").write_text(json.dumps(variables), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "BACKUPOPS_"))}
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "tree"),
        "ANSIBLE_ROLES_PATH": str(TARGETS),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "backupops_record",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_HOME": str(folder / "home"),
        "BACKUPOPS_TEST_RECORD": str(record),
    }
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            str(HERE / "target.yml"),
            "-e",
            f"@{folder / 'variables.json'}",
            *more,
        ],
        env={**kept, **settings, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()] if record.exists() else []
    ours = [row for row in rows if row["action"].startswith("backupops.jobs.")]
    return Outcome(done.stdout + done.stderr, done.returncode, ours)


def normal(value):
    """A result without what ansible-core adds and what this machine's clock makes."""
    if isinstance(value, list):
        return [normal(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, inner in value.items():
        if key in ADDED_BY_CORE or key.startswith("_ansible"):
            continue
        if key == "clock_offset_s" or (key == "at" and "account" in value):  # of an audit entry
            inner = None
        elif key == "duration_s" and value.get("state") != "finished":
            inner = None
        elif key == "history" and isinstance(inner, dict):
            inner = {**inner, "from": inner.get("from") is not None}  # a relative lookback counts from our now
        elif key == "warnings":
            inner = sorted(set(map(warning_text, inner)))
        found[key] = normal(inner)
    return found


def warning_text(warning) -> str:
    """Newer cores wrap a warning in an object."""
    if isinstance(warning, dict):
        warning = warning.get("msg") or (warning.get("event") or {}).get("msg") or json.dumps(warning, sort_keys=True)
    return re.sub(r"\s+", " ", warning)


def differences(one, other, path: str = "") -> list[str]:
    """Where two plain values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            found
            for key in sorted({*one, *other})
            for found in differences(one.get(key, "absent"), other.get(key, "absent"), f"{path}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [found for n, pair in enumerate(zip(one, other)) for found in differences(*pair, f"{path}[{n}]")]
    return [] if one == other else [f"{path}: {one!r:.300} | {other!r:.300}"]


#: Targets that let the simulated clock run: of these, what was decided and done must be equal, not the moment.
MOVING = ("job_action", "restore_session")


def decided(result: dict) -> dict:
    """What does not depend on how fast this machine is."""
    outcome = ("uid", "id", "name", "entity", "changed", "status", "message")
    session = ("platform", "kind", "type", "source", "initiated_by")
    written = ("account", "module", "operation", "uid", "reason", "status")
    return {
        "changed": result.get("changed"),
        "failed": result.get("failed"),
        "error": (result.get("error") or {}).get("kind"),
        "keys": sorted(result),
        "outcomes": [{key: one[key] for key in outcome} for one in result.get("outcomes") or []],
        "audit": [{key: one[key] for key in written} for one in result.get("audit") or []],
        "jobs": [one.get("uid") for one in result.get("jobs") or []],
        "sessions": [{key: one[key] for key in session} for one in result.get("sessions") or []],
    }


def compare(here: Outcome, there: Outcome, moving: bool = False) -> None:
    assert [result[:2] for result in there.results] == [result[:2] for result in here.results]
    found = []
    for one, other in zip(here.results, there.results):
        if moving:
            one, other = (*one[:2], decided(one[2])), (*other[:2], decided(other[2]))
        found += [f"{one[0]}{line}" for line in differences(one[2], other[2])]
    assert not found, "\n".join(found)


def tokens_of(simulator: Simulator) -> set[str]:
    """Every token and session id that a request carried."""
    found = set()
    for entry in simulator.log.entries():
        for name, value in entry.headers.items():
            if name.lower() in TOKEN_HEADERS:
                # "Bearer TOKEN", "NAME=TOKEN; NAME=TOKEN", TOKEN
                found.update(word for word in re.split(r"[\s;=]+", value) if len(word) >= 16)
    return found


def forms(secret: str) -> set[str]:
    """The ways in which a secret could slip out: as it is, as JSON, in a url, as base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), encoded}


def leaks(text: str, simulator: Simulator) -> list[str]:
    wanted = set().union(*map(forms, SECRETS)) | tokens_of(simulator)
    return [
        line.replace(secret, f"<<{secret}>>")[:400] for line in text.splitlines() for secret in wanted if secret in line
    ]


def check(outcome: Outcome, simulator: Simulator) -> None:
    tail = "\n".join(outcome.output.splitlines()[-60:])
    assert outcome.code == 0, tail
    assert len(outcome.records) > 10, tail
    assert "Traceback (most recent call last)" not in outcome.output
    assert leaks(outcome.output, simulator) == []
    assert leaks("\n".join(json.dumps(record) for record in outcome.records), simulator) == []


def simulators(start: float, number: int):
    """One simulator after the other, alike to the port, so that no run finds what another one has done."""
    ports: dict[str, int] = {}
    for _number in range(number):
        with Simulator(start=start, speed=0, ports=ports) as simulator:
            ports = {name: urlsplit(url).port or 0 for name, url in simulator.addresses().items()}
            yield simulator


@pytest.mark.parametrize(("target", "platform"), cases())
def test_both_ways_give_the_same(target, platform, tmp_path):
    shipped_as = "AnsiballZ_" + target
    turns = simulators(time.time(), 3)

    simulator = next(turns)
    here = play(target, platform, simulator, tmp_path / "here", "-vvvv")
    check(here, simulator)
    assert shipped_as not in here.output

    simulator = next(turns)
    shipped = play(target, platform, simulator, tmp_path / "shipped", "-vvvv", BACKUPOPS_IN_PROCESS="never")
    check(shipped, simulator)
    assert shipped_as in shipped.output
    compare(here, shipped, target in MOVING)

    # What only reads does the same in check mode.
    if target.endswith("_info"):
        simulator = next(turns)
        checked = play(target, platform, simulator, tmp_path / "checked", "--check")
        check(checked, simulator)
        compare(here, checked)
    turns.close()
