# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock that every simulated job follows, and that a test can move."""

from __future__ import annotations

import threading
import time


class Clock:
    """Seconds since the epoch. ``speed`` 1 follows the wall clock, 0 stands still, 60 makes a minute of every second."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._base = time.time() if start is None else float(start)
        self._mark = time.monotonic()
        self._speed = float(speed)

    def now(self) -> float:
        with self._lock:
            return self._base + (time.monotonic() - self._mark) * self._speed

    def set(self, epoch: float) -> None:
        with self._lock:
            self._base, self._mark = float(epoch), time.monotonic()

    def advance(self, seconds: float) -> None:
        self.set(self.now() + float(seconds))

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        now = self.now()
        with self._lock:
            self._base, self._mark, self._speed = now, time.monotonic(), float(value)
