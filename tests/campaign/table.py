# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The campaign's verdicts as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from campaign import Verdict

HEAD = ("product", "module and state", "cases", "survived", "succeeded", "failed and said so")


class Table:
    """Counts verdicts; ``lines()`` has one line a scenario, one a fault, and the sums."""

    def __init__(self) -> None:
        self._scenarios: dict[tuple[str, str], Counter] = {}
        self._faults: dict[str, Counter] = {}
        self.total: Counter = Counter()

    def add(self, verdict: Verdict) -> None:
        place = verdict.scenario.case, verdict.scenario.name
        for counter in (
            self._scenarios.setdefault(place, Counter()),
            self._faults.setdefault(verdict.fault, Counter()),
            self.total,
        ):
            counter["cases"] += 1
            if verdict.complaints:
                counter["bad"] += 1
            else:
                counter["failed" if verdict.failed else "succeeded"] += 1

    def lines(self) -> list[str]:
        rows = [(*place, *_cells(counter)) for place, counter in self._scenarios.items()]
        faults = [("", name, *_cells(counter)) for name, counter in self._faults.items()]
        sums = [("", "all", *_cells(self.total))]
        return [*_laid_out([HEAD, *rows]), "", *_laid_out([("", "fault", *HEAD[2:]), *faults, *sums])]


def _cells(counter: Counter) -> tuple[str, ...]:
    survived = counter["cases"] - counter["bad"]
    return tuple(str(number) for number in (counter["cases"], survived, counter["succeeded"], counter["failed"]))


def _laid_out(rows: Iterable[tuple]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
