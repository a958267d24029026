# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an RPC method is declared, and what it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .jobs import Tenant


class RpcFailure(Exception):
    """Becomes a reply of type "exception" (HTTP 200). The texts are the simulator's own: no public sample exists."""

    def __init__(self, message: str, cause: str | None = None) -> None:
        super().__init__(message)
        self.message, self.cause = message, cause


class Encoded(str):
    """A result that is JSON text already."""


@dataclass
class Session:
    user: str
    remember: bool
    used: float
    number: int


@dataclass
class Call:
    """Who calls, where and when. ``cookie`` is the session to set, "" to forget it, None to leave it."""

    tenant: Tenant
    now: float
    token: str
    session: Session | None
    cookie: str | None = None


@dataclass
class Method:
    name: str
    permission: str
    writes: bool
    since: str
    open: bool
    function: Callable
    signature: inspect.Signature = field(repr=False)


METHODS: dict[str, Method] = {}


def rpc(name: str, permission: str = "", writes: bool = False, since: str = "10", open: bool = False) -> Callable:
    """Declare ``Action.method``. ``since``: first version that has it; ``open``: works without a session.

    The function gets (director, call, *data); its signature says which arguments may be left out.
    """

    def mark(function: Callable) -> Callable:
        METHODS[name] = Method(name, permission, writes, since, open, function, inspect.signature(function))
        return function

    return mark


def criteria_match(row: dict[str, Any], criteria: Any) -> bool:
    """The ``criteria`` of a filter: [{name, type, value, values}]; names without regard to case ("ID" is id)."""
    lowered = {key.lower(): value for key, value in row.items()}
    return all(_one(lowered, item) for item in criteria or [])


def _one(row: dict[str, Any], item: dict[str, Any]) -> bool:
    kind = str(item.get("type") or "EQ").upper()
    if kind in ("AND", "OR"):
        return (all if kind == "AND" else any)(_one(row, inner) for inner in item.get("values") or [])
    name = str(item.get("name") or "").lower()
    if name not in row:
        raise RpcFailure(f"Unknown criteria field: {item.get('name')}")
    have, value, values = row[name], item.get("value"), item.get("values") or []
    if kind == "NOT_NULL":
        return have is not None
    if kind == "IN":
        return str(have) in [str(one) for one in values]
    if kind in ("LIKE", "ILIKE"):
        text, pattern = str(have), str(value).strip("%")
        return pattern in text if kind == "LIKE" else pattern.lower() in text.lower()
    if kind in ("EQ", "NEQ"):
        return (str(have).lower() == str(value).lower()) == (kind == "EQ")
    try:
        number = float(have)
        if kind == "BETWEEN":
            return float(values[0]) <= number <= float(values[1])
        limit = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        raise RpcFailure(f"Bad value in criteria {kind} of {item.get('name')}") from None
    known = {"GT": number > limit, "GTE": number >= limit, "LT": number < limit, "LTE": number <= limit}
    if kind not in known:
        raise RpcFailure(f"Unknown criteria type: {kind}")
    return known[kind]


def page(rows: list[dict[str, Any]], request: Any) -> dict[str, Any]:
    """``{children, totalCount}`` of rows under ``{filter: {start, count, sort, sortAsc, criteria}}`` (or null)."""
    wanted = (request or {}).get("filter") or {}
    found = [row for row in rows if criteria_match(row, wanted.get("criteria"))]
    if wanted.get("sort"):
        key = str(wanted["sort"]).lower()
        found.sort(
            key=lambda row: str(next((v for k, v in row.items() if k.lower() == key), "")),
            reverse=wanted.get("sortAsc") is False,
        )
    start = wanted.get("start") or 0
    count = len(found) if wanted.get("useUnlimitedCount") or wanted.get("count") is None else wanted["count"]
    return {"children": found[start : start + count], "totalCount": len(found)}
