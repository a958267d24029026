# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login, renewal, logout, and what the server says of itself."""

from __future__ import annotations

import secrets
from typing import Any

from ...product import Reply, Request
from .base import Base, Refused, at
from .records import stable_id
from .wire import iso


class LoginRoutes(Base):
    @at("POST", "5678", "/token", free=True)
    def log_in(self, request: Request, version: str) -> Reply:
        """Form or JSON. 200 with a pair of tokens; 400 for bad credentials (code seen in client code)."""
        if "json" in request.headers.get("content-type", "").lower():
            fields = {k: v if isinstance(v, str) else str(v) for k, v in self.body(request).items() if v is not None}
        else:
            fields = {name.lower(): value for name, value in request.form().items()}
        now, grant = self.clock.now(), fields.get("grant_type", "password")
        if grant == "password":
            account = fields.get("username", "").split("\\")[-1].lower()
            if account not in self.accounts or self.accounts[account] != fields.get("password"):
                return self._bad_login(int(version), "invalid_grant", "Invalid username or password.")
            if account in self.without_role:
                return self._bad_login(int(version), "invalid_grant", "The user does not have the required role.")
            self.logins += 1
        elif grant == "refresh_token":
            old = self.tokens.spend_refresh(fields.get("refresh_token", ""), now)
            if old is None:
                return self._bad_login(int(version), "invalid_grant", "The refresh token is not valid.")
            account = old.account
            if self.switches["refresh_ends_old"]:
                self.tokens.drop(old)
        else:
            return self._bad_login(
                int(version), "unsupported_grant_type", f"The grant type '{grant}' is not supported."
            )
        plain = fields.get("disable_antiforgery_token", "").lower() == "true"
        guarded = bool(self.switches["antiforgery"]) and version in "78" and not plain
        token = self.tokens.issue(account, now, guarded)
        body: dict[str, Any] = {
            "access_token": token.access,
            "token_type": "bearer",
            "expires_in": int(self.switches["expires_in"]),
            "refresh_token": token.refresh,
            ".issued": iso(now),
            ".expires": iso(token.expires),
        }
        if version in "67":
            body["userName"] = account
        cookie = {"Set-Cookie": f"vb365-antiforgery={token.antiforgery}; path=/; httponly"} if guarded else {}
        return Reply(200, body, headers=cookie)

    def _bad_login(self, version: int, error: str, text: str) -> Reply:
        shape = self.switches["bad_login"]
        if shape == "empty":
            return Reply(400)
        if shape == "oauth":
            return Reply(400, {"error": error, "error_description": text})
        return self.error_reply(version, Refused(400, text, "HttpError"))

    @at("POST", "78", "/token/logout")
    def log_out(self, request: Request, version: str) -> Reply:
        token = self.token_of(request)
        assert token is not None  # before() saw it
        self.tokens.drop(token)
        self.logouts += 1
        if self.switches["logout_stops_sessions"]:
            for restore in [r for r in self.engine.open_restores if r.account == token.account]:
                self.engine.stop_restore(restore, self.clock.now())
        return Reply(200 if version == "7" else 204)

    @at("POST", "78", "/token/AuthCode")
    def one_time_code(self, _request: Request, version: str) -> Reply:
        return Reply(200, {"authCode": secrets.token_urlsafe(24)})

    @at("GET", "5678", "/ServiceInstance")
    def service_instance(self, _request: Request, version: str) -> Reply:
        return Reply(200, {"installationId": stable_id("installation"), "version": self.switches["product_version"]})

    @at("GET", "8", "/Health")
    def health(self, _request: Request, version: str) -> Reply:
        well = self.switches["healthy"]
        word = "Healthy" if well else "Unhealthy"
        entries = {
            "ConfigurationDatabase": {"status": "Healthy", "description": None},
            "Proxies": {"status": word, "description": None if well else "1 proxy is offline"},
        }
        return Reply(200 if well else 503, {"status": word, "entries": entries})
