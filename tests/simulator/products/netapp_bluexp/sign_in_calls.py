# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in, accounts and agents: everything outside the backup API itself."""

from __future__ import annotations

import base64
import json

from ...product import Reply, Request, route
from .ground import Ground

#: The client of every user token, a public constant (vendor page 'Create a user token').
PUBLIC_CLIENT = "Mu0V1ywgYteI6w1MbD15fKfVIUrNXGWC"
AUDIENCE = "https://api.cloud.netapp.com"


def _refused(status: int, error: str, text: str) -> Reply:
    return Reply(status, {"error": error, "error_description": text})


def _part(content: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=").decode()


class SignInCalls(Ground):
    @route("POST", r"/(auth/)?oauth/token")
    def token(self, request: Request) -> Reply:
        body = request.json() if "json" in request.headers.get("content-type", "json") else request.form()
        if not isinstance(body, dict):
            return _refused(400, "invalid_request", "The body is neither JSON nor a form.")
        self.logins += 1
        grant = body.get("grant_type")
        if grant not in ("client_credentials", "refresh_token", "password"):
            return _refused(403, "unsupported_grant_type", f"Unsupported grant type: {grant}")
        audience = body.get("audience")
        # The vendor's own sample of a refresh has no audience, so only the others insist on it.
        if audience is None and grant != "refresh_token":
            return _refused(403, "access_denied", "No audience parameter was provided, and no default audience exists.")
        if audience not in (None, AUDIENCE):
            return _refused(403, "access_denied", f"Service not found: {audience}")
        if grant == "client_credentials":
            secret, read_only = self.services.get(str(body.get("client_id")), (None, False))
            if secret is None or body.get("client_secret") != secret:
                return _refused(401, "access_denied", "Unauthorized")
            return self._token(f"{body['client_id']}@clients", "service", read_only)
        if body.get("client_id") != PUBLIC_CLIENT:
            return _refused(401, "invalid_client", "Unknown client.")
        if grant == "refresh_token":
            if str(body.get("refresh_token")) not in self.refresh_tokens:
                return _refused(403, "invalid_grant", "Unknown or invalid refresh token.")
            return self._token("auth0|admin", "user", False)
        password, read_only = self.users.get(str(body.get("username")), (None, False))
        if password is None or body.get("password") != password:
            return _refused(403, "invalid_grant", "Wrong email or password.")
        return self._token(f"auth0|{body['username']}", "user", read_only)

    def _token(self, subject: str, kind: str, read_only: bool) -> Reply:
        now, life = self.clock.now(), float(self.switches["expires_in"])
        self.issued += 1
        claims = {"sub": subject, "aud": AUDIENCE, "iat": int(now), "exp": int(now + life), "jti": self.issued}
        text = ".".join((_part({"alg": "RS256", "typ": "JWT"}), _part(claims), _part({"simulated": self.issued})))
        self.tokens[text] = {"subject": subject, "kind": kind, "read_only": read_only, "until": now + life}
        body = {"access_token": text, "expires_in": int(life), "token_type": "Bearer"}
        if kind == "user":
            body.update(scope="openid profile", id_token=_part({"sub": subject}))
        return Reply(200, body)

    @route("GET", r"/tenancy/account")
    def accounts(self, request: Request) -> Reply:
        return Reply(
            200,
            [
                {
                    "accountPublicId": self.account,
                    "accountName": "Example Corp",
                    "isSaas": True,
                    "isGov": False,
                    "isPrivatePreviewEnabled": False,
                    "is3rdPartyServicesEnabled": False,
                    "accountSerial": "96015585434285107893",
                    "userRole": "Role-1",
                }
            ],
        )

    @route("GET", r"/occm/list-occms/(?P<account>[^/]+)")
    def agents_of(self, request: Request, account: str) -> Reply:
        return Reply(200, {"occms": [self._agent(number, agent) for number, agent in enumerate(self.agents, 1)]})

    def _agent(self, number: int, agent: str) -> dict:
        up = self.switches["agent_up"]
        return {
            "account": self.account,
            "accountName": "Example Corp",
            "occm": agent,
            "agentId": agent,
            "occmName": f"agent-zrh-{number:02d}",
            "primaryCallbackUri": f"http://10.20.0.{number}",
            "status": "ready" if up else "inactive",
            "agent": {
                "agentId": agent + "clients",
                "name": f"agent-zrh-{number:02d}",
                "provider": "AWS",
                "status": "active" if up else "inactive",
            },
        }
