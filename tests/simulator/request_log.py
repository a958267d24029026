# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that reached a product, for tests to read."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field


@dataclass
class Entry:
    """``writes``: the request would change something; ``done``: it was processed; ``fault``: what was done to it."""

    product: str
    method: str
    path: str
    query: str
    headers: dict
    body: str
    at: float
    writes: bool
    label: str
    done: bool = False
    status: int | None = None
    fault: list = field(default_factory=list)


class RequestLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def entries(self, product: str = "", writes: bool | None = None) -> list[Entry]:
        with self._lock:
            return [
                e
                for e in self._entries
                if (not product or e.product == product) and (writes is None or e.writes == writes)
            ]

    def writes(self, product: str = "") -> list[Entry]:
        """The requests that changed something, or would have."""
        return self.entries(product, True)

    def as_list(self, product: str = "", writes: bool | None = None) -> list[dict]:
        return [asdict(entry) for entry in self.entries(product, writes)]
