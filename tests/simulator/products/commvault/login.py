# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login, tokens, who am I, CommServ."""

from __future__ import annotations

import base64
import binascii
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from ...product import Reply, Request, route
from .base import CommvaultBase, Session, failure, number

#: (domain, user) -> password
ACCOUNTS = {
    ("", "admin"): "p@ss+w&rd=1 %é",
    ("", "auditor"): "read-only-1",
    ("corp", "ops"): "d0main+pässword",
}
ACCESS_TOKEN_SECONDS = 1800
RENEWABLE_SECONDS = 14 * 86400


class LoginCalls(CommvaultBase):
    @route("GET", "")
    def get_root(self, request: Request) -> Reply:
        return Reply(200, "<html><head><title>Commvault Web Service</title></head></html>", "text/html")

    @route("POST", "/Login")
    def post_login(self, request: Request) -> Reply:
        """A refusal is HTTP 200 without ``token``, with ``errList`` (code 1116), and locks after ``lock_after``."""
        body = request.json()
        as_xml = not isinstance(body, dict)
        if isinstance(body, dict):
            body = body.get("DM2ContentIndexing_CheckCredentialReq", body)
        else:
            try:
                root = ElementTree.fromstring(request.body)
                body = dict(root.attrib) if root.tag == "DM2ContentIndexing_CheckCredentialReq" else {}
            except ElementTree.ParseError:
                return Reply(400, failure(2, "The request body is neither JSON nor XML."))
        as_xml = as_xml and "json" not in request.headers.get("accept", "")
        domain, user = str(body.get("domain") or ""), str(body.get("username") or "")
        if "\\" in user:
            domain, _slash, user = user.partition("\\")
        key = (domain.lower(), user.lower())
        now = self.clock.now()
        name = "\\".join(part for part in key if part)
        locked = self.locked_until.get(name, 0) - now
        try:
            password = base64.b64decode(str(body.get("password") or ""), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            password = ""
        if locked <= 0 and key in ACCOUNTS and ACCOUNTS[key] == password:
            self.failed_logins.pop(name, None)
            minutes = number(body.get("timeout"), number(body.get("timeOut"), self.switches["token_minutes"]))
            session = Session(self.new_token(), name, now, minutes * 60, str(body.get("deviceId") or ""))
            self.sessions[session.token] = session
            return self._login_reply(as_xml, self._greeting(session))
        if locked <= 0:
            self.failed_logins[name] = self.failed_logins.get(name, 0) + 1
            if self.failed_logins[name] >= self.switches["lock_after"]:
                self.failed_logins.pop(name)
                self.locked_until[name] = now + self.switches["lock_seconds"]
                locked = float(self.switches["lock_seconds"])
        message = "User account is locked." if locked > 0 else "Invalid Username or Password."
        return self._login_reply(
            as_xml,
            {
                "errList": [{"errorCode": 1116, "errLogMessage": message}],
                "loginAttempts": self.failed_logins.get(name, 0),
                "remainingLockTime": max(0, int(locked)),
                "isAccountLocked": locked > 0,
            },
        )

    @staticmethod
    def _greeting(session: Session) -> dict:
        return {
            "aliasName": "1",
            "userGUID": "7A3C1F0E-0000-4000-8000-0000000000" + ("02" if session.user == "auditor" else "01"),
            "loginAttempts": 0,
            "remainingLockTime": 0,
            "smtpAddress": session.user.replace("\\", ".") + "@corp.example",
            "userName": session.user,
            "providerType": 2 if "\\" in session.user else 1,
            "ccn": 0,
            "token": "QSDK " + session.token,
            "capability": 9663676416,
            "forcePasswordChange": False,
            "isAccountLocked": False,
            "ownerOrganization": {"providerId": 0, "GUID": "", "providerDomainName": "Commcell"},
            "providerOrganization": {"providerId": 0, "GUID": "", "providerDomainName": "Commcell"},
        }

    @staticmethod
    def _login_reply(as_xml: bool, body: dict) -> Reply:
        if not as_xml:
            return Reply(200, body)
        plain = {name: str(value) for name, value in body.items() if isinstance(value, (str, int))}
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in plain.items())
        inner = "".join(
            f"<errList errorCode=\"{error['errorCode']}\" errLogMessage={quoteattr(error['errLogMessage'])}/>"
            for error in body.get("errList", ())
        )
        text = f"<DM2ContentIndexing_CheckCredentialResp{attributes}>{inner}</DM2ContentIndexing_CheckCredentialResp>"
        return Reply(200, '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>' + text, "application/xml")

    @route("POST", "/RenewLoginToken")
    def post_renew(self, request: Request) -> Reply:
        """Takes an expired login token and the device it was made for."""
        body = request.json() if isinstance(request.json(), dict) else {}
        old = self.sessions.get(str(body.get("sessionId") or "").replace("QSDK ", "").strip())
        device = str(body.get("deviceId") or "")
        if old is None or old.ended or old.kind != "login" or old.device != device or not self.switches["renew"]:
            message = "Failed to renew the token: the session is not known."
            return Reply(200, {"error": {"errorCode": 1150, "errLogMessage": message, "errorMessage": message}})
        new = Session(self.new_token(), old.user, self.clock.now(), old.seconds, device)
        self.sessions[new.token] = new
        old.ended = True
        return Reply(200, {"token": "QSDK " + new.token, "error": {}})

    @route("POST", "/Logout")
    def post_logout(self, request: Request) -> Reply:
        session = self.session_of(request)
        if session is None:
            return Reply(200, "Invalid authorization token provided.")
        session.ended = True
        return Reply(200, "User logged out")

    @route("POST", "/WhoAmI")
    def post_who_am_i(self, request: Request) -> Reply:
        return Reply(200, {"user": {"userId": 1, "userName": self.user(request)}, "errorCode": 0})

    # -- access tokens ---------------------------------------------------------------------------------------------
    def make_access_token(self, user: str, chain: int = 0) -> Session:
        self._serial += 1
        session = Session(self.new_token(), user, self.clock.now(), ACCESS_TOKEN_SECONDS, kind="access")
        session.refresh = self.new_token("r")
        session.chain = chain or self._serial
        self.sessions[session.token] = session
        return session

    @staticmethod
    def _pair(session: Session) -> dict:
        return {
            "accessToken": session.token,
            "refreshToken": session.refresh,
            "tokenExpiryTimestamp": int(session.expires),
            "renewableUntilTimestamp": int(session.expires) + RENEWABLE_SECONDS,
            "expiresIn": ACCESS_TOKEN_SECONDS,
        }

    @route("POST", "/V4/AccessToken")
    def post_access_token(self, request: Request) -> Reply:
        session = self.session_of(request)
        if session is None or session.kind == "access":
            return Reply(403, failure(5, "An access token cannot create access tokens."))
        return Reply(200, {"tokenInfo": self._pair(self.make_access_token(session.user)), "error": {"errorCode": 0}})

    @route("POST", "/V4/AccessToken/Renew")
    def post_access_token_renew(self, request: Request) -> Reply:
        """A new pair each time. An older pair of the chain, used again, deletes the whole chain."""
        body = request.json() if isinstance(request.json(), dict) else {}
        old = self.sessions.get(str(body.get("accessToken") or ""))
        refusal = Reply(450, failure(450, "The refresh token is not valid."))
        if old is None or old.kind != "access" or not old.refresh or old.refresh != body.get("refreshToken"):
            return refusal
        if old.ended:
            for session in self.sessions.values():
                if session.chain == old.chain:
                    session.ended = session.expired = True
            return refusal
        if self.clock.now() > old.expires + RENEWABLE_SECONDS:
            return refusal
        old.ended = True
        return Reply(200, self._pair(self.make_access_token(old.user, old.chain)))

    # -- the server ------------------------------------------------------------------------------------------------
    @route("GET", "/CommServ")
    def get_commserv(self, request: Request) -> Reply:
        release = int(self.switches["release"])
        return Reply(
            200,
            {
                "hostName": "cs01.corp.example",
                "currentSPVersion": release,
                "csVersionInfo": f"11 SP{release}.12",
                "releaseName": f"11.{release}",
                "timeZone": "0:0:(UTC) Coordinated Universal Time",
                "csTimeZone": {"TimeZoneID": 0, "TimeZoneName": "UTC"},
                "commcell": {
                    "commCellId": 2,
                    "commCellName": "cs01",
                    "csGUID": "C0FFEE00-1111-4222-8333-444455556666",
                },
            },
        )

    @route("GET", "/Commcell/Properties/AccountLockSettings")
    def get_lock_settings(self, request: Request) -> Reply:
        return Reply(
            200,
            {
                "accountLockSettings": {
                    "enableAccountLock": True,
                    "attemptsLimit": self.switches["lock_after"],
                    "lockDuration": self.switches["lock_seconds"],
                }
            },
        )
