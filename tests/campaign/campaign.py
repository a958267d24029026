# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault at each request of each scenario: what was tried, and what did not survive."""

from __future__ import annotations

import json
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios import Scenario, logins, scenarios, shrink
from stage import FAULTS, PAUSE_S, Fault, Scene, Stage

#: One case of each product: the newest release.
PRODUCTS = ("commvault", "nakivo", "netapp_bluexp", "veeam_m365-v8")


@dataclass
class Verdict:
    """One case. ``index``: number of the request that was struck, from 0; ``request``: its label."""

    scenario: Scenario
    fault: str
    index: int
    request: str = ""
    failed: bool = False
    kind: str | None = None
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "{} · {} · {} · request {} ({}): {}".format(
            self.scenario.case, self.scenario.name, self.fault, self.index, self.request, "; ".join(self.complaints)
        )


@dataclass
class Plain:
    """The run that nothing disturbs: its result, what it asked, which of that (by number) wrote, and with what end."""

    result: dict
    requests: list[str]
    written: set[int]
    writes: list[tuple]
    logins: int


def campaign(
    case: str,
    names: Iterable[str] = (),
    faults: Iterable[str] = tuple(FAULTS),
    thorough: bool = False,
    share: int = 1,
) -> Iterator[Verdict]:
    """All verdicts of one case of tests/contract/cases.py. ``names``: only scenarios whose name has one of these.

    ``thorough``: on the whole estate, and with a second and a third run after each case, not only after those that end
    otherwise than they began and than without a fault. ``share``: a read meets only one in so many of the faults, its
    neighbours the others, and of a path only the first and the last; a write meets all.
    """
    names = tuple(names)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(case, Path(folder))
        if not thorough:
            shrink(stage.actor)
        with stage.open():
            untouched = stage.simulator.keep(stage.platform), stage.simulator.clock.now()
            for scenario in scenarios(case):
                if not names or any(name in scenario.name for name in names):
                    stage.at(Scene(*untouched, None, Path(folder) / "none"), moves=True)
                    yield from tried(stage, scenario, [FAULTS[name] for name in faults], thorough, share)


def tried(
    stage: Stage, scenario: Scenario, faults: Iterable[Fault], thorough: bool, share: int = 1
) -> Iterator[Verdict]:
    scene = stage.kept(scenario.prepare)
    plain = _plain(stage, scenario, scene)
    chosen = range(len(plain.requests)) if share == 1 else ends(plain.requests)
    for number, fault in enumerate(faults):
        for place, index in enumerate(chosen):
            if (number + place) % share == 0 or index in plain.written:
                yield _case(stage, scenario, scene, plain, fault, index, thorough)


def ends(requests: list[str]) -> list[int]:
    """Numbers of the first and the last request of each path: a poll in the middle is like the others."""
    places = [label.partition("?")[0] for label in requests]
    last = {place: number for number, place in enumerate(places)}
    return sorted({*last.values(), *(places.index(place) for place in last)})


def _plain(stage: Stage, scenario: Scenario, scene: Scene) -> Plain:
    facts = stage.at(scene, scenario.moves)
    before = scenario.truth(stage, facts)
    result = scenario.act(stage.actor, facts)
    assert not result.get("failed"), f"{scenario.case} {scenario.name} fails without a fault: {result['msg']}"
    entries = stage.simulator.log.entries()
    written = {number for number, entry in enumerate(entries) if entry.writes}
    plain = Plain(result, [entry.label for entry in entries], written, _writes(stage), logins(stage))
    complaints = scenario.judge(stage, facts, before, result, result)
    if scenario.converges:
        complaints += _again(stage, scenario, facts, before)
    assert not complaints, f"{scenario.case} {scenario.name} without a fault: {complaints}"
    return plain


def _case(
    stage: Stage, scenario: Scenario, scene: Scene, plain: Plain, fault: Fault, index: int, thorough: bool
) -> Verdict:
    verdict = Verdict(scenario, fault.name, index, plain.requests[index].rpartition("/")[2].partition("?")[0])
    facts = stage.at(scene, scenario.moves)
    before = scenario.truth(stage, facts)
    rule = stage.break_request(fault, index)
    try:
        result = scenario.act(stage.actor, facts)
        stage.simulator.faults.clear()
        wrong = verdict.complaints
        if not rule.struck:
            wrong.append("the fault did not strike: the requests come in another order")
        verdict.failed = bool(result.get("failed"))
        if verdict.failed:
            verdict.kind = result["error"]["kind"]
            if "\n" in result["msg"] or "Traceback" in result["msg"]:
                wrong.append(f"the message is no sentence: {result['msg']!r}")
        wrong += _secrets(stage, result)
        wrong += _logins(stage, scenario, plain, fault, index)
        wrong += scenario.judge(stage, facts, before, result, plain.result)
        if scenario.converges and (thorough or _is_new(stage, plain, result)):
            wrong += _again(stage, scenario, facts, before)
    except Exception as error:
        verdict.complaints.append(
            f"{type(error).__name__}: {error} ({traceback.format_exc().splitlines()[-3].strip()})"
        )
    return verdict


def _writes(stage: Stage) -> list[tuple]:
    return [(entry.label, entry.status) for entry in stage.actor.writes() if entry.done]


def _is_new(stage: Stage, plain: Plain, result: dict) -> bool:
    """Whether the end differs from the beginning and from the end without a fault, after which we have looked."""
    done = _writes(stage)
    return bool(done) and (bool(result.get("failed")) or done != plain.writes)


def _again(stage: Stage, scenario: Scenario, facts: Any, before: Any) -> list[str]:
    """A second run without a fault brings the wanted end, and a third changes nothing."""
    assert scenario.converges
    stage.calm()
    stage.simulator.clock.advance(PAUSE_S)
    second = scenario.act(stage.actor, facts)
    if second.get("failed"):
        return [f"the second run fails: {second['msg']}"]
    third = scenario.act(stage.actor, facts)
    wrong = []
    if third.get("failed"):
        wrong.append(f"the third run fails: {third['msg']}")
    if third["changed"]:
        wrong.append("the third run changes something")
    return wrong + scenario.converges(stage, facts, before)


def _secrets(stage: Stage, result: dict) -> list[str]:
    text = json.dumps([result, stage.actor.lines], ensure_ascii=False)
    return ["a secret is in the result" for secret in stage.actor.secrets() if secret in text]


def _logins(stage: Stage, scenario: Scenario, plain: Plain, fault: Fault, index: int) -> list[str]:
    """A login is left only where the fault took its answer or that of the logout, or called a living one dead."""
    label = plain.requests[index].lower()
    touched = any(word in label for word in ("login", "logout", "token")) or fault.options.get("times", 1) != 1
    # An outage may reach the logout, and so may the closing of a connection that was cut in the middle.
    touched = touched or bool(fault.then_away) or fault.kind == "cut"
    # A session that may be open lives by its login.
    touched = touched or fault.options.get("status") == 401 or scenario.module.startswith("restore_session")
    left = logins(stage) - plain.logins - (1 if touched else 0)
    return [f"{left} logins more than without a fault are left open"] if left > 0 else []
