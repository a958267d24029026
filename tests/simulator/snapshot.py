# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A product's whole state as bytes, so that thousands of tests can begin at the same moment of the same estate."""

from __future__ import annotations

import io
import pickle
import threading
from typing import Any

from .clock import Clock
from .product import Product

_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class _Taker(pickle.Pickler):
    def persistent_id(self, obj: Any) -> str | None:
        if isinstance(obj, Clock):
            return "clock"
        return "lock" if isinstance(obj, _LOCKS) else None


class _Giver(pickle.Unpickler):
    def __init__(self, kept: bytes, clock: Clock) -> None:
        super().__init__(io.BytesIO(kept))
        self._clock = clock

    def persistent_load(self, pid: str) -> Any:
        return self._clock if pid == "clock" else threading.RLock()


def taken(product: Product) -> bytes:
    """The product as it is now, its logins too; the clock stays outside."""
    kept = io.BytesIO()
    with product.lock:
        _Taker(kept, pickle.HIGHEST_PROTOCOL).dump(product)
    return kept.getvalue()


def given(kept: bytes, clock: Clock) -> Product:
    """A new product in that state, on this clock."""
    return _Giver(kept, clock).load()
