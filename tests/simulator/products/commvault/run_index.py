# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All runs, and quick answers to "which of them ended since then"."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable

from .models import Run


class RunIndex:
    def __init__(self) -> None:
        self.by_id: dict[int, Run] = {}
        self.active: dict[int, Run] = {}
        self._finished: list[Run] = []  # by end
        self._version = 0
        # key -> (version, runs by end, their ends, cut, the runs from the cut on by id)
        self._cache: OrderedDict = OrderedDict()

    def __len__(self) -> int:
        return len(self.by_id)

    def add(self, runs: Iterable[Run]) -> None:
        ended = []
        for run in runs:
            self.by_id[run.id] = run
            if run.end:
                ended.append(run)
            else:
                self.active[run.id] = run
        if ended:
            self._finished.extend(ended)
            self._finished.sort(key=lambda run: run.end)
        self.changed()

    def changed(self) -> None:
        self._version += 1

    def finish(self, run: Run) -> None:
        self.active.pop(run.id, None)
        at = len(self._finished)
        while at and self._finished[at - 1].end > run.end:  # nearly always the newest: a short walk
            at -= 1
        self._finished.insert(at, run)
        self.changed()

    def remove(self, run: Run) -> None:
        self.by_id.pop(run.id, None)
        self.active.pop(run.id, None)
        if run in self._finished:
            self._finished.remove(run)
        self.changed()

    def select(
        self,
        key: tuple,
        wanted: Callable[[Run], bool],
        category: str,
        cutoff: float,
        among: Iterable[Run] | None = None,
    ) -> list[Run]:
        """Runs by id. ``key`` names what ``wanted`` does; ``among`` (a client's runs, say) makes it a short search."""
        if among is not None:
            found = [
                run
                for run in among
                if (category != "active" if run.end else category != "finished")
                and (not run.end or run.end >= cutoff)
                and wanted(run)
            ]
            return sorted(found, key=lambda run: run.id)
        if category == "active":
            return sorted((run for run in self.active.values() if wanted(run)), key=lambda run: run.id)
        key = (key, category)
        entry = self._cache.get(key)
        if entry is None or entry[0] != self._version:
            ended = [run for run in self._finished if wanted(run)]
            entry = [self._version, ended, [run.end for run in ended], -1, []]
            self._cache[key] = entry
            while len(self._cache) > 16:
                self._cache.popitem(last=False)
        cut = bisect_left(entry[2], cutoff)
        if cut != entry[3]:
            found = entry[1][cut:]
            if category == "all":
                found = found + [run for run in self.active.values() if wanted(run)]
            found.sort(key=lambda run: run.id)
            entry[3], entry[4] = cut, found
        return entry[4]
