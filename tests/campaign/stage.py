# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the campaign plays: time that passes only when somebody sleeps, faults, and an estate that is put back.

Every part of the collection tells and spends time through the module ``time`` in its own namespace. The stage puts
another one there, which follows the simulator's clock: retries, waits and timeouts are as long as ever, and take
nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import pkgutil
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from cases import CASES
from test_job_operation import Bench
from test_restore_session import Restores

from ansible_collections.backupops.jobs.plugins import module_utils
from simulator import Simulator
from simulator.clock import Clock

#: All modules that the platforms import later, by name: each must get the staged time.
for _found in pkgutil.walk_packages(module_utils.__path__, module_utils.__name__ + "."):
    importlib.import_module(_found.name)
#: Noon of a summer day; every case begins there.
START = 1785067200.0
TIMEOUT_S = 20
#: More requests than a read has attempts (``retries`` and the first one).
OUTAGE = 8
#: Runs end when a scene says so, and nobody else starts any.
LONG_RUNS: dict[str, dict] = {
    "commvault": {"run_seconds": 86400},
    "nakivo": {"run_seconds": 86400, "scheduler": False},
    "netapp_bluexp": {"run_seconds": 86400},
    "veeam_m365": {},
}
#: Between a run and the next one by the same hand.
PAUSE_S = 30


class StagedTime:
    """Like the module ``time``; with ``moves`` false only ``monotonic`` goes on, and the server's clock stands."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.moves = True
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += max(0.0, seconds)
        if self.moves:
            self.clock.advance(max(0.0, seconds))

    def monotonic(self) -> float:
        return self.slept

    def time(self) -> float:
        return self.clock.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@dataclass(frozen=True)
class Fault:
    """What happens to one request. ``silent``: the client meets no closed connection but its own timeout.

    ``then_away``: so many requests after it find nobody.
    """

    name: str
    kind: str
    options: dict = field(default_factory=dict)
    silent: bool = False
    then_away: int = 0


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("dropped before", "drop_before"),
        Fault("dropped after", "drop_after"),
        Fault("truncated", "truncate"),
        Fault("cut off", "cut"),
        Fault("web page", "html"),
        Fault("expired", "expire_token"),
        Fault("401", "status", {"status": 401}),
        Fault("429", "status", {"status": 429, "retry_after": "7"}),
        Fault("503 thrice", "status", {"status": 503, "times": 3}),
        Fault("500", "status", {"status": 500}),
        Fault("too slow, done", "drop_after", silent=True),
        Fault("too slow, not done", "drop_before", silent=True),
        Fault("outage", "drop_before", {"times": OUTAGE}),
        Fault("done, then outage", "drop_after", then_away=OUTAGE),
        Fault("server gone", "drop_before", {"times": -1}),
    )
}


class Stage:
    """One product of the simulator and an actor who calls the runners; ``at`` puts both back to a scene."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        facts = CASES[name]
        self.platform = facts["platform"]
        switches = {**facts.get("switches", {}), **LONG_RUNS[self.platform]}
        self.simulator = Simulator(products=(self.platform,), options={self.platform: switches}, start=START, speed=0)
        self.time = StagedTime(self.simulator.clock)
        self.actor = Actor(name, self.simulator)
        self.actor.folder = folder / "sessions"
        self._silent = False

    @contextlib.contextmanager
    def open(self) -> Iterator[Stage]:
        with self.simulator, contextlib.ExitStack() as stack:
            for name, module in list(sys.modules.items()):
                if name.startswith(module_utils.__name__) and getattr(module, "time", None) is time:
                    stack.enter_context(mock.patch.object(module, "time", self.time))
            original = http.client.HTTPConnection.getresponse

            def getresponse(connection: Any) -> Any:
                try:
                    return original(connection)
                except ConnectionError as error:
                    if not self._silent:
                        raise
                    self.time.sleep(TIMEOUT_S)
                    raise TimeoutError("timed out") from error

            stack.enter_context(mock.patch.object(http.client.HTTPConnection, "getresponse", getresponse))
            yield self

    @property
    def product(self) -> Any:
        return self.simulator[self.platform]

    def state(self) -> dict:
        """What the simulator knows, without a request."""
        with self.product.lock:
            self.product.progress(self.simulator.clock.now())
            return self.product.state()

    def kept(self, prepare: Callable[[Actor], Any]) -> Scene:
        """Let ``prepare`` set the scene on a fresh estate."""
        self.calm()
        facts = prepare(self.actor)
        self.calm()
        folder = self.folder / "kept"
        shutil.rmtree(folder, ignore_errors=True)
        if self.actor.folder.exists():
            shutil.copytree(self.actor.folder, folder)
        return Scene(self.simulator.keep(self.platform), self.simulator.clock.now(), facts, folder)

    def at(self, scene: Scene, moves: bool) -> Any:
        """Begin anew at a scene; its facts."""
        self.calm()
        self.time.moves = moves
        self.simulator.clock.set(scene.now)
        self.simulator.put_back(self.platform, scene.product)
        shutil.rmtree(self.actor.folder, ignore_errors=True)
        if scene.folder.exists():
            shutil.copytree(scene.folder, self.actor.folder)
        return scene.facts

    def break_request(self, fault: Fault, index: int) -> Any:
        """Let ``fault`` strike the request with this number, counted from 0."""
        self._silent = fault.silent
        rule = self.simulator.faults.add(fault.kind, product=self.platform, after=index, **fault.options)
        if fault.then_away:
            self.simulator.faults.add("drop_before", product=self.platform, after=index + 1, times=fault.then_away)
        return rule

    def calm(self) -> None:
        self._silent = False
        self.simulator.faults.clear()
        self.simulator.log.clear()


@dataclass
class Scene:
    product: bytes
    now: float
    facts: Any
    folder: Path


class Actor(Restores, Bench):
    """Calls runners one request after the other, so that each request has a number."""

    @property
    def connection(self) -> dict:
        return dict(super().connection, concurrency=1, timeout=TIMEOUT_S)

    def secrets(self) -> set[str]:
        """What was sent as password, token or cookie, by the log of the simulator."""
        found = {value for name, value in self.facts["login"].items() if name in ("password", "client_secret")}
        for entry in self.simulator.log.entries():
            headers = {name.lower(): value for name, value in entry.headers.items()}
            for name in ("authorization", "authtoken"):
                found.add(headers.get(name, "").rpartition(" ")[2])
            for pair in headers.get("cookie", "").split(";"):
                found.add(pair.partition("=")[2].strip())
        return {secret for secret in found if len(secret) > 5}
