# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: what goes wrong, for which request, and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field

#: What a fault can do. ``status`` answers ``status`` (with ``retry_after`` when given) and does not process the request;
#: ``drop_before`` closes the connection unprocessed, ``drop_after`` processes and then closes without an answer;
#: ``truncate`` sends half of the body as if it were whole, ``cut`` announces the whole body and sends half;
#: ``html`` answers 200 with a web page, ``expire_token`` forgets every token before the request is processed;
#: ``latency`` waits ``seconds`` and then processes.
KINDS = ("status", "drop_before", "drop_after", "truncate", "cut", "html", "expire_token", "latency")


@dataclass
class Fault:
    """One rule. It lets ``after`` matching requests pass, then strikes ``times`` times (-1 = always)."""

    kind: str
    product: str = ""  # empty = every product
    method: str = ""  # empty = every method
    path: str = ""  # regular expression, searched in "path?query"; NAKIVO appends "#Action.method"
    writes: bool | None = None  # True: only requests that change something; False: only the others
    after: int = 0
    times: int = 1
    status: int = 503
    retry_after: str = ""
    seconds: float = 0.0
    seen: int = field(default=0, compare=False)
    struck: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")

    def matches(self, product: str, method: str, target: str, writes: bool) -> bool:
        return (
            (not self.product or self.product == product)
            and (not self.method or self.method.upper() == method)
            and (self.writes is None or self.writes == writes)
            and (not self.path or re.search(self.path, target, re.I) is not None)
        )


class Faults:
    """The rules in force, asked once for each request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, kind: str, **options: object) -> Fault:
        rule = Fault(kind, **options)  # type: ignore[arg-type]
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def strike(self, product: str, method: str, target: str, writes: bool) -> list[Fault]:
        """The faults that this request meets, in the order in which they were added."""
        hit = []
        with self._lock:
            for rule in self._rules:
                if not rule.matches(product, method, target, writes):
                    continue
                rule.seen += 1
                if rule.seen > rule.after and (rule.times < 0 or rule.struck < rule.times):
                    rule.struck += 1
                    hit.append(rule)
        return hit

    def as_list(self) -> list[dict]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]
