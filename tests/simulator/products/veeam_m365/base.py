# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all routes share: versions in the path, tokens, errors, pages, cached rows."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from ...product import Product, Reply, Request, route
from .engine import Engine
from .records import Job, stable_id
from .tokens import Token, Tokens
from .wire import Writer, read_time

PAGE_DEFAULT, PAGE_MOST = 30, 10000
CODES = {
    400: "ParameterValidationFailure",
    403: "ResourceAccessDenied",
    404: "ResourceNotFound",
    409: "OperationConflict",
}


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code or CODES.get(status)


def at(method: str, versions: str, path: str, writes: bool = False, free: bool = False) -> Callable:
    """A route of the given versions ("5678"). ``{name}`` in the path is one segment; ``free`` needs no token."""
    pattern = rf"/v(?P<version>[{versions}])" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?"

    def mark(function: Callable) -> Callable:
        function.__dict__["sim_free"] = free
        return route(method, pattern, writes)(function)

    return mark


class Base(Product):
    """What the three groups of routes share; ``product`` puts it together."""

    engine: Engine
    tokens: Tokens
    switches: dict[str, Any]
    accounts: dict[str, str]
    without_role: set[str]
    filtered: dict[tuple, list]  # lists of sessions by filter, good for one revision of the history
    filtered_revision: int
    logins: int
    logouts: int
    restores: int

    # -- every request -------------------------------------------------------------------------------------------
    def served(self, request: Request) -> bool:
        match = re.match(r"/(v\d+)(/|$)", request.path, re.I)
        return match is not None and match.group(1).lower() in self.switches["versions"]

    def classify(self, request: Request) -> bool:
        return self.served(request) and super().classify(request)

    def handle(self, request: Request) -> Reply:
        try:
            return super().handle(request)
        except Refused as error:
            return self.error_reply(self.version_of(request), error)

    def before(self, request: Request, handler: Callable) -> Reply | None:
        if not self.served(request):
            return Reply(404)
        if handler.__func__.__dict__.get("sim_free"):  # type: ignore[attr-defined]
            return None
        # A rejected token is answered by an empty 401, on any endpoint (seen in client code).
        return None if self.token_of(request) else Reply(401)

    def unknown_route(self, request: Request) -> Reply:
        known = self.served(request) and any(p.fullmatch(request.path) for _m, p, _w, _f in self._routes)
        return Reply(405 if known else 404)

    def version_of(self, request: Request) -> int:
        return int(request.path[2])

    def error_reply(self, version: int, error: Refused) -> Reply:
        """v5, v6 ``message``; v7 also ``errorCode`` (null); v8 also ``stackTrace`` (null)."""
        body: dict[str, Any] = {"message": error.message}
        if version >= 7:
            body["errorCode"] = error.code if version >= 8 or error.code == "ProxyOffline" else None
        if version >= 8:
            body["stackTrace"] = None
        return Reply(error.status, body)

    def refuse_twice(self, version: int, message: str) -> None:
        """Start while running, stop while idle, enable enabled: not documented, so a switch decides."""
        if self.switches["refusals"] == "conflict":
            raise Refused(
                self.switches["refusal_status"] or (409 if version >= 8 else 500), message, "OperationConflict"
            )

    def token_of(self, request: Request) -> Token | None:
        kind, _sep, value = request.headers.get("authorization", "").partition(" ")
        token = self.tokens.find(value.strip(), self.clock.now()) if kind.lower() == "bearer" else None
        if (
            token
            and token.antiforgery
            and f"vb365-antiforgery={token.antiforgery}" not in request.headers.get("cookie", "")
        ):
            return None
        return token

    # -- reading the request -------------------------------------------------------------------------------------
    @staticmethod
    def query(request: Request) -> dict[str, str]:
        return {name.lower(): value for name, value in request.query.items() if value != ""}

    def flag(self, query: dict, name: str, default: bool | None = None) -> bool | None:
        if name not in query:
            return default
        if query[name].lower() not in ("true", "false"):
            raise Refused(400, f"The value '{query[name]}' is not valid for {name}.")
        return query[name].lower() == "true"

    def moment(self, value: object, name: str) -> float:
        try:
            return read_time(value)
        except ValueError:
            raise Refused(400, f"The value '{value}' is not valid for {name}.") from None

    def uuid_of(self, value: str) -> str:
        try:
            return str(uuid.UUID(value))
        except ValueError:
            raise Refused(400, f"The value '{value}' is not valid.") from None

    def find(self, where: dict, value: str, what: str) -> Any:
        found = where.get(self.uuid_of(value))
        if found is None:
            raise Refused(404, f"{what} with ID '{value}' was not found.")
        return found

    def job_of(self, value: str, kind: str = "Backup") -> Job:
        what = "Job" if kind == "Backup" else "Backup copy job"
        job = self.find(self.engine.jobs, value, what)
        if job.kind != kind:
            raise Refused(404, f"{what} with ID '{value}' was not found.")
        return job

    def body(self, request: Request) -> dict:
        """The JSON body, names in lower case: clients spell them in several ways."""
        if not request.body:
            return {}
        found = request.json()
        if not isinstance(found, dict):
            raise Refused(400, "The request body is not valid.")
        return {str(name).lower(): value for name, value in found.items()}

    # -- writing the reply ---------------------------------------------------------------------------------------
    def writer(self, request: Request, version: int | str) -> Writer:
        scheme = getattr(request, "scheme", "http")
        return Writer(int(version), f"{scheme}://{request.headers.get('host', 'localhost')}", self.switches)

    def rows(self, items: Iterable, writer: Writer, kind: str) -> list[bytes]:
        """Rows as JSON text, from the cache of each record where it cannot have changed."""
        now, write = self.clock.now(), getattr(writer, kind)
        moving = kind in ("session", "restore_session")
        found = []
        for item in items:
            # A run under way changes with every look at the clock.
            key = None if moving and item.ended is None else (kind, writer.prefix)
            text = item.rows.get(key) if key else None
            if text is None:
                text = json.dumps(write(item, now) if moving else write(item)).encode()
                if key:
                    item.rows[key] = text
            found.append(text)
        return found

    def ordered(self, items: list, by_time: bool = False) -> list:
        """The order of a collection is the server's own: a switch plays it. ``by_time``: they come oldest first."""
        if self.switches["order"] == "shuffled":
            return sorted(items, key=lambda item: item.id[::-1])
        return items[::-1] if by_time and self.switches["order"] == "newest" else items

    def one(self, request: Request, version: str, kind: str, item: Any, status: int = 200) -> Reply:
        return Reply(
            status, self.rows([item], self.writer(request, version), kind)[0], "application/json; charset=utf-8"
        )

    def array(self, request: Request, version: str, kind: str, items: list) -> Reply:
        text = b"[" + b",".join(self.rows(items, self.writer(request, version), kind)) + b"]"
        return Reply(200, text, "application/json; charset=utf-8")

    def limits(self, request: Request) -> tuple[int, int]:
        query = self.query(request)
        try:
            limit, offset = int(query.get("limit", PAGE_DEFAULT)), int(query.get("offset", 0))
        except ValueError:
            raise Refused(400, "The limit and offset must be numbers.") from None
        if limit < 1 or offset < 0:
            raise Refused(400, "The limit must be greater than 0, the offset must not be negative.")
        return min(limit, PAGE_MOST), offset

    def page(self, request: Request, version: str, kind: str, items: list, set_id: str = "") -> Reply:
        """``items`` are records; only those on the page are written."""
        limit, offset = self.limits(request)
        rows = self.rows(items[offset : offset + limit], self.writer(request, version), kind)
        return self.page_of(request, version, rows, len(items), set_id)

    def page_of(self, request: Request, version: str, rows: list, total: int, set_id: str = "") -> Reply:
        limit, offset = self.limits(request)
        writer = self.writer(request, version)
        head: dict[str, Any] = {"offset": offset, "limit": limit}
        if set_id:
            head["setId"] = stable_id("set", set_id)
        if self.switches["total_count"] and int(version) in (6, 7):
            head["totalCount"] = total
        rest = {k: v for k, v in request.query.items() if k.lower() not in ("limit", "offset")}

        def there(start: int) -> dict:
            path = re.sub(r"^/v\d+", "", request.path, flags=re.I)
            return writer.link(f"{path}?{urlencode({'limit': limit, 'offset': start, **rest})}")

        links = {"self": there(offset), "first": there(0)}
        if offset:
            links["prev"] = there(max(0, offset - limit))
        if offset + limit < total:
            links["next"] = there(offset + limit)
        texts = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        head_text = json.dumps({**head, "_links": links}).encode()
        text = head_text[:-1] + b', "results": [' + b",".join(texts) + b"]}"
        return Reply(200, text, "application/json; charset=utf-8")

    def collection(self, request: Request, version: str, paged_from: int, kind: str, items: list) -> Reply:
        """A bare array in older versions, a page from ``paged_from`` on."""
        shape = self.page if int(version) >= paged_from else self.array
        return shape(request, version, kind, items)
