# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator in a process of its own, rounds, and rows of the table."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: The simulator ends by itself, should this process be killed.
LIFE_S = 3600
#: ``median(found, name, CPU)``: processor time of this process, which other work on the machine hardly changes.
CPU = " cpu"
PASSWORD = "p@ss+w&rd=1 %é"


@dataclass
class Row:
    """One line of the table. ``ratio``: to ``base``, a name of the table; None in the line of a base itself."""

    what: str
    seconds: float | None = None
    ratio: float | None = None
    goal: float | None = None
    note: str = ""

    def __str__(self) -> str:
        verdict = self.note
        if self.goal is not None and self.ratio is not None:
            verdict = " ".join(filter(None, ("met" if self.ratio <= self.goal else "**not met**", self.note)))
        seconds = "" if self.seconds is None else f"{self.seconds:.3f}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.what} | {seconds} | {ratio} | {'' if self.goal is None else f'≤ {self.goal}'} | {verdict} |"


class Simulated:
    """A simulator in another process, so that its work is not measured as ours."""

    def __init__(self, addresses: dict) -> None:
        self.addresses = addresses

    def url(self, product: str) -> str:
        return self.addresses[product]

    def control(self, path: str, body: dict | None = None, method: str = "POST") -> Any:
        request = urllib.request.Request(
            self.addresses["control"] + path, data=json.dumps(body or {}).encode("utf-8"), method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def latency(self, seconds: float) -> None:
        self.control("/latency", {"seconds": seconds})

    def requests(self) -> list:
        """The requests since the last call of this."""
        log = self.control("/log", method="GET")
        self.control("/log", method="DELETE")
        return log


@contextlib.contextmanager
def simulated(product: str) -> Iterator[Simulated]:
    with tempfile.TemporaryDirectory() as folder:
        state = os.path.join(folder, "simulator.json")
        command = [sys.executable, os.path.join(ROOT, "tests", "simulator")]
        start = ["start", "--state-file", state, "--products", product, "--life", str(LIFE_S)]
        subprocess.run(command + start, check=True, stdout=subprocess.DEVNULL)
        try:
            with open(state, encoding="utf-8") as file:
                yield Simulated(json.load(file))
        finally:
            subprocess.run([*command, "stop", "--state-file", state], check=True)


def rounds(
    ways: dict[str, Callable[[], Any]],
    number: int,
    before: Callable[[], None] = lambda: None,
    after: Callable[[str], None] = lambda name: None,
    warm: bool = True,
) -> list[dict[str, float]]:
    """Seconds of each way in each round, by name, and of the processor by name and CPU.

    ``before`` and ``after`` each turn something may be done that does not count.
    ``warm``: there is a first turn of each, which fills caches and does not count.
    """
    found = []
    for _round in range(number + warm):
        seconds = {}
        for name, way in ways.items():
            before()
            gc.collect()
            begun, worked = time.perf_counter(), time.process_time()
            way()
            seconds[name], seconds[name + CPU] = time.perf_counter() - begun, time.process_time() - worked
            after(name)
        found.append(seconds)
    return found[warm:]


def median(found: list[dict[str, float]], name: str, of: str = "") -> float:
    return statistics.median(one[name + of] for one in found)


def ratio(found: list[dict[str, float]], name: str, base: str, of: str = "") -> float:
    """The median of the ratios of each round: what slows a whole round down does not count."""
    return statistics.median(one[name + of] / one[base + of] for one in found)


def play_times(tasks: dict[str, dict], turns: int) -> list:
    """``[name, seconds]`` of each task of one play on localhost, in which each of ``tasks`` has ``turns`` turns."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"name": name, **task} for _turn in range(turns) for name, task in tasks.items()],
    }
    with tempfile.TemporaryDirectory() as folder:
        book, times = os.path.join(folder, "play.json"), os.path.join(folder, "times.json")
        with open(book, "w", encoding="utf-8") as file:
            json.dump([play], file)
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": os.path.join(ROOT, "tree"),
            "ANSIBLE_CALLBACK_PLUGINS": os.path.join(ROOT, "tests", "benchmark", "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_times",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCAL_TEMP": folder,
            "LC_ALL": "C.UTF-8",
            "TASK_TIMES": times,
        }
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        done = subprocess.run([program, book], env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        with open(times, encoding="utf-8") as file:
            found = json.load(file)
    assert len(found) == turns * len(tasks)
    return found


def run(runner: Any, **arguments: Any) -> dict:
    """The result of a runner of the collection, as its action and its module call it."""
    result = attempt(runner, False, **arguments)
    assert not result.get("failed"), result["msg"]
    return result


def attempt(runner: Any, check_mode: bool, /, **arguments: Any) -> dict:
    """As ``run``, but a result that failed for some of the jobs is one, too."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    from ansible_collections.backupops.jobs.plugins.module_utils import edge

    validated = ArgumentSpecValidator(runner.SPEC, **getattr(runner, "CONSTRAINTS", {})).validate(arguments)
    assert not validated.error_messages, validated.error_messages
    return edge.execute(runner.run, edge.Context(validated.validated_parameters, check_mode=check_mode))
