# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all of the product's calls share: switches, roots, tokens, error shapes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from ...clock import Clock
from ...product import Product, Reply, Request
from .engine import Engine
from .estate import build

DEFAULTS: dict[str, Any] = {
    "release": 36,
    "v4": True,
    "page_cap": 0,
    "order": "ascending",
    "spelling": "sample",
    "conflict": "fail",
    "run_seconds": 60,
    "action_seconds": 3,
    "retain_rounding": "exact",
    "forever": -1,
    "mixed": "error",
    "load_dependent": "preview",
    "copy_window": "start",
    "bearer_on_classic": True,
    "renew": True,
    "lock_after": 5,
    "lock_seconds": 600,
    "token_minutes": 30,
    "denied_status": 200,
}

NOT_FOUND_PAGE = (
    "<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head>"
    "<body><h2>404 - File or directory not found.</h2></body></html>"
)
#: The roots that answer; the second is the Web Server without Command Center in front.
ROOTS = ("/commandcenter/api", "/searchsvc/cvwebservice.svc")
OLD_ROOT = "/webconsole/api"
#: Calls that need no token.
OPEN = ("", "/login", "/renewlogintoken", "/logout", "/v4/accesstoken/renew")
#: The only calls that a read-only account may post.
READ_POSTS = ("jobs", "jobdetails", "whoami", "jobs/aggregations/summary", "logout")


class Session:
    """A login ("QSDK" token) or one access token of a chain."""

    def __init__(
        self, token: str, user: str, now: float, seconds: float, device: str = "", kind: str = "login"
    ) -> None:
        self.token, self.user, self.device, self.kind = token, user, device, kind
        self.used = now
        self.seconds = seconds
        self.ended = False  # logged out or deleted: not renewable
        self.expired = False
        self.refresh = ""
        self.chain = 0
        self.expires = now + seconds  # access tokens: fixed, whatever the use

    def alive(self, now: float) -> bool:
        if self.ended or self.expired:
            return False
        return now < self.expires if self.kind == "access" else now - self.used < self.seconds


class CommvaultBase(Product):
    def __init__(self, clock: Clock, **options: Any) -> None:
        unknown = sorted(set(options) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"commvault has no switch {', '.join(unknown)}; it has: {', '.join(DEFAULTS)}")
        self.switches: dict[str, Any] = {**DEFAULTS, **options}
        self.estate = build(clock.now())
        self.engine = Engine(
            self.estate, self.switches["run_seconds"], self.switches["action_seconds"], self.switches["conflict"]
        )
        self.sessions: dict[str, Session] = {}
        self.failed_logins: dict[str, int] = {}
        self.locked_until: dict[str, float] = {}
        self.refused_jobs: dict[int, tuple[int, str]] = {}
        self.restores: list[dict] = []
        self._serial = 0
        super().__init__(clock, **options)

    # -- where a request goes --------------------------------------------------------------------------------------
    def relative(self, path: str) -> str | None:
        """The path below the service's root, "" for the root itself; None when it is no root of ours."""
        path = re.sub("/+", "/", path)
        roots = ROOTS if self.switches["release"] >= 36 else (*ROOTS, OLD_ROOT)
        for root in roots:
            if path.lower() == root or path.lower().startswith(root + "/"):
                return path[len(root) :].rstrip("/")
        return None

    def classify(self, request: Request) -> bool:
        path = self.relative(request.path)
        return self.has_call(path) and any(
            writes
            for method, pattern, writes, _f in self._routes
            if method == request.method and pattern.fullmatch(path)
        )

    def handle(self, request: Request) -> Reply:
        path = re.sub("/+", "/", request.path)
        if self.switches["release"] >= 36 and (path.lower() + "/").startswith(OLD_ROOT + "/"):
            query = "?" + request.query_string if request.query_string else ""
            return Reply(302, headers={"Location": "/commandcenter/api" + path[len(OLD_ROOT) :] + query})
        relative = self.relative(path)
        if not self.has_call(relative):
            return self.unknown_route(request)
        request.path = relative
        return super().handle(request)

    def has_call(self, path: str | None) -> bool:
        """Whether this release has such a path at all; without V4 nothing there changes anything."""
        return path is not None and (self.switches["v4"] or not path.lower().startswith(("/v4/", "/v5/")))

    def unknown_route(self, request: Request) -> Reply:
        return Reply(404, NOT_FOUND_PAGE, "text/html")

    # -- who asks ----------------------------------------------------------------------------------------------------
    def new_token(self, prefix: str = "") -> str:
        self._serial += 1
        return prefix + hashlib.sha512(f"token {self._serial}".encode()).hexdigest()

    def session_of(self, request: Request) -> Session | None:
        """By ``Authtoken`` (QSDK, Bearer or bare), or ``Authorization: Bearer``."""
        header = request.headers.get("authtoken", "")
        authorization = request.headers.get("authorization", "")
        if not header and authorization[:7].lower() == "bearer ":
            if not self.switches["bearer_on_classic"] and not request.path.lower().startswith(("/v4/", "/v5/")):
                return None
            header = authorization
        header = header.strip()
        word, _blank, rest = header.partition(" ")
        session = self.sessions.get(rest.strip() if word.lower() in ("qsdk", "bearer") else header)
        if session is not None and session.alive(self.clock.now()):
            session.used = self.clock.now()
            return session
        return None

    def user(self, request: Request) -> str:
        session = self.session_of(request)
        return session.user if session else ""

    def before(self, request: Request, handler: Callable) -> Reply | None:
        if request.path.lower() in OPEN:
            return None
        session = self.session_of(request)
        if session is None:
            return Reply(401, {"errorMessage": "Access denied", "errorCode": 5})
        if session.user == "auditor" and request.method != "GET" and request.path.strip("/").lower() not in READ_POSTS:
            return self.denied(request)
        return None

    def denied(self, request: Request) -> Reply:
        """A right is missing: inside HTTP 200 (or ``denied_status``), in the shape of the call's family."""
        message = f"User [{self.user(request)}] does not have the permission for this operation."
        path = request.path.lower()
        status = int(self.switches["denied_status"])
        if path.startswith("/job/") and "/action/" in path or path == "/jobs/multijoboperation":
            return Reply(status, job_errors(5, message))
        if path.endswith("/joboperations"):
            return Reply(status, {"error": {"errorMessage": message, "errorCode": 5}})
        if request.method == "POST" and re.fullmatch("/(client|subclient)/[0-9]+", path):
            return Reply(status, {"response": [{"errorCode": 5, "errorString": message}]})
        return Reply(status, {"errorMessage": message, "errorCode": 5})

    def expire_tokens(self) -> None:
        """Every token answers 401 from now on; it can still be renewed (``control_forget_tokens`` ends that too)."""
        for session in self.sessions.values():
            session.expired = True


def job_errors(code: int, message: str) -> dict:
    """A refusal of a job action (vendor pages "POST Job suspend / resume / kill")."""
    return {"errors": [{"errList": [{"errorCode": code, "errLogMessage": message}]}]}


def failure(code: int, message: str) -> dict:
    return {"errorCode": code, "errorMessage": message}


def number(text: Any, default: int = 0) -> int:
    """Lenient, as IIS is: anything that is no number counts as absent."""
    try:
        return int(float(text))
    except (TypeError, ValueError):
        return default
