# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access and refresh tokens (help centre page "Authorization": an hour by default, each refresh brings a new pair)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass
class Token:
    access: str
    refresh: str
    account: str
    expires: float
    refresh_expires: float
    antiforgery: str = ""  # empty = not asked for


class Tokens:
    def __init__(self, switches: dict) -> None:
        self.switches = switches
        self.alive: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}

    def issue(self, account: str, now: float, antiforgery: bool) -> Token:
        token = Token(
            access=secrets.token_urlsafe(48),
            refresh=secrets.token_urlsafe(48),
            account=account,
            expires=now + self.switches["expires_in"],
            refresh_expires=now + self.switches["refresh_seconds"],
            antiforgery=secrets.token_urlsafe(16) if antiforgery else "",
        )
        self.alive[token.access] = token
        self._refresh[token.refresh] = token
        return token

    def find(self, access: str, now: float) -> Token | None:
        token = self.alive.get(access)
        return token if token and now < token.expires else None

    def spend_refresh(self, refresh: str, now: float) -> Token | None:
        """The pair that a refresh token came with; the token is good for one use unless ``refresh_reuse``."""
        token = self._refresh.get(refresh)
        if token is None or now >= token.refresh_expires:
            return None
        if not self.switches["refresh_reuse"]:
            del self._refresh[refresh]
        return token

    def drop(self, token: Token) -> None:
        self.alive.pop(token.access, None)
        self._refresh.pop(token.refresh, None)

    def clear(self, access_only: bool = False) -> None:
        self.alive.clear()
        if not access_only:
            self._refresh.clear()

    def progress(self, now: float) -> None:
        for access in [t.access for t in self.alive.values() if now >= t.expires]:
            del self.alive[access]
