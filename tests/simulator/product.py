# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a simulated product is made of: requests, replies, routes, a lock and a log of every request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from .clock import Clock


class Request:
    """One HTTP request as a product sees it. ``query`` keeps the last value of a repeated name."""

    scheme = "http"  # of the server that took it

    def __init__(self, method: str, path: str, query_string: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method.upper()
        self.path = path
        self.query_string = query_string
        self.query: dict[str, str] = dict(parse_qsl(query_string, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    def json(self) -> Any:
        """The body as JSON; None when it is empty or not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


class Reply:
    """What goes back. A dict or list body becomes JSON; text and bytes go as they are."""

    def __init__(
        self, status: int = 200, body: Any = b"", content_type: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        if isinstance(body, bytes):
            self.body = body
        elif isinstance(body, str):
            self.body = body.encode("utf-8")
            content_type = content_type or "text/plain; charset=utf-8"
        else:
            self.body = json.dumps(body).encode("utf-8")
            content_type = content_type or "application/json; charset=utf-8"
        if content_type:
            self.headers.setdefault("Content-Type", content_type)


def route(method: str, pattern: str, writes: bool = False) -> Callable:
    """Mark a method of a Product as the answer to ``method`` and a path (regular expression, whole path, any case)."""

    def mark(function: Callable) -> Callable:
        function.__dict__.setdefault("sim_routes", []).append((method, pattern, writes))
        return function

    return mark


class Product:
    """Base of the four products. A subclass has routes, may override ``classify`` and must answer ``unknown_route``.

    All calls of one product run one at a time (``lock``), after ``progress(now)`` has moved its jobs to the present.
    """

    name = ""
    #: Appended to the server's address to get the ``url`` that the product's documentation would give.
    base_path = ""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self.clock = clock
        self.options = options
        self.lock = threading.RLock()
        self._routes = []
        for attribute in dir(type(self)):
            function = getattr(type(self), attribute)
            for method, pattern, writes in getattr(function, "sim_routes", ()):
                self._routes.append((method, re.compile(pattern, re.I), writes, getattr(self, attribute)))

    # -- to be overridden ----------------------------------------------------------------------------------------
    def progress(self, now: float) -> None:
        """Move jobs, sessions and tokens to ``now``."""

    def expire_tokens(self) -> None:
        """Make every token and session that is out there worthless."""

    def unknown_route(self, request: Request) -> Reply:
        return Reply(404)

    def label(self, request: Request) -> str:
        """The text in which a fault's ``path`` is searched."""
        return request.path + ("?" + request.query_string if request.query_string else "")

    def classify(self, request: Request) -> bool:
        """Whether the request would change something (a login does not count)."""
        return any(w for m, p, w, _f in self._routes if m == request.method and p.fullmatch(request.path))

    def before(self, request: Request, handler: Callable) -> Reply | None:
        """A chance to refuse a request that has a route (no token, say): a Reply ends it."""
        return None

    def state(self) -> Any:
        """A JSON dump of what a test wants to know (jobs, holds, sessions). Shape: the product's own."""
        return {}

    def control(self, verb: str, arguments: dict) -> Any:
        """A test's hand: ``control_<verb>(**arguments)`` of the product."""
        function = getattr(self, "control_" + verb, None)
        if function is None:
            known = sorted(n[len("control_") :] for n in dir(self) if n.startswith("control_"))
            raise ValueError(f"{self.name} has no control {verb!r}; it has: {', '.join(known)}")
        with self.lock:
            self.progress(self.clock.now())
            return function(**arguments)

    # -- fixed ---------------------------------------------------------------------------------------------------
    def control_expire_tokens(self) -> None:
        self.expire_tokens()

    def handle(self, request: Request) -> Reply:
        with self.lock:
            self.progress(self.clock.now())
            for method, pattern, _writes, function in self._routes:
                match = pattern.fullmatch(request.path)
                if match and method == request.method:
                    refusal = self.before(request, function)
                    return refusal if refusal is not None else function(request, **match.groupdict())
            return self.unknown_route(request)
