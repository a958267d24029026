# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""A product's client: one login, kept, renewed once, ended. Private to this collection.

Products differ in how they log in and how they say no; that is in their subclasses. Sending, the session cache and the
one repetition after an expired token are here.
"""

from __future__ import annotations

import abc
import threading

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    BackupOpsError,
    SessionExpired,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import HttpClient
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import CacheRefused


class ProductClient(abc.ABC):
    """Base of the four clients. Thread-safe: parallel calls share one login.

    A *session* is a dict that JSON can hold (``{"token": …}``); it may be kept in the session cache.
    """

    def __init__(self, connection):
        self.connection = connection
        self.http = HttpClient(connection, connection.redact)
        self._lock = threading.RLock()
        self._session = None
        self._opened_here = False
        #: No logout at the end. What other tasks may be using is never ended.
        self.keep_session = False
        #: A new session destroys the dead one, so it is only made where it can be kept for all tasks.
        self.renewed_in_one_place = False

    # -- to be overridden --------------------------------------------------------------------------------------------
    @abc.abstractmethod
    def login(self) -> dict:
        """Get a session with the connection's credentials. Raises AuthenticationError; never tries twice."""

    def given_session(self) -> dict | None:
        """The session that the user gave (a token), or None."""
        return {"token": self.connection.token} if self.connection.token else None

    def secrets_of(self, session: dict) -> list:
        """The texts in a session that must never be shown."""
        return [value for name, value in session.items() if "token" in name and value]

    @abc.abstractmethod
    def authorize(self, session: dict) -> dict:
        """The headers that carry the session."""

    def fits(self, session: dict) -> bool:
        """Whether a session from the cache has what a request needs."""
        try:
            return all(isinstance(value, str) for value in self.authorize(session).values())
        except (KeyError, TypeError, AttributeError):
            return False

    @abc.abstractmethod
    def check(self, response, read: bool):
        """The useful part of an answer. Raises SessionExpired, PermissionDenied, NotFound, Conflict, ProtocolError…"""

    def logout(self, session: dict) -> None:
        """End a session at the server, if the product can; called at most once. Raises when it may not have ended."""

    # -- offered -----------------------------------------------------------------------------------------------------
    def call(self, method, path, read=True, headers=None, params=None, json=None, data=None):
        """Send one request with the session and return what ``check`` makes of the answer.

        When the session has died: log in once again; a read is sent again, a write raises SessionExpired (its
        caller plans anew).
        """
        session = self.session()
        try:
            return self._send(session, method, path, read, headers, params, json, data)
        except SessionExpired:
            session = self._renewed(session)
            if not read:
                raise
            return self._send(session, method, path, read, headers, params, json, data)

    def session(self) -> dict:
        """The present session; logs in (or takes one from the cache) when there is none."""
        with self._lock:
            if self._session is None:
                given = self.given_session()
                self._session = given or self.connection.session_cache.get_or_create(self._login_here, self.fits)
                self._register(self._session)
            return self._session

    def close(self):
        """Log out if this client logged in and nobody else may use the session; never raises.

        A task may end by its timeout while threads still work for it: they send nothing any more.
        """
        self.http.stop_others()
        with self._lock:
            session, self._session = self._session, None
        kept = self.keep_session or self.connection.session_cache.keeps
        if session is not None and self._opened_here and not kept:
            self._end(session)
        self.http.close()

    def forget(self, warn, check_mode=False) -> bool:
        """End the session that the cache keeps, and remove it; whether there was one. Raises CacheRefused.

        What the user has made, a token or a pair, is not ended, and a pair that is removed would be lost.
        """
        if self.given_session() is not None or self.renewed_in_one_place:
            return False

        def end(session):
            trouble = self._end(session)
            if trouble is not None:
                warn(
                    "The login is removed here, but whether the server has ended it is not known; it ends by itself "
                    "after a while. {0}".format(trouble.message)
                )

        return self.connection.session_cache.forget(None if check_mode else end, self.fits)

    def _end(self, session):
        """End a session at the server; the error after which it may live on, until it ends by itself, or None."""
        self._register(session)
        try:
            self.logout(session)
        except SessionExpired:
            return None  # it had ended before
        except BackupOpsError as error:
            return error
        return None

    def _send(self, session, method, path, read, headers, params, json, data):
        response = self.http.request(
            method, path, read, {**self.authorize(session), **(headers or {})}, params, json, data
        )
        return self.check(response, read)

    def _login_here(self):
        self._opened_here = True
        session = self.login()
        self._register(session)
        return session

    def _register(self, session):
        for secret in self.secrets_of(session):
            self.connection.add_secret(secret)

    def _renewed(self, dead):
        """A new session in place of a dead one; parallel calls that met the same dead session share it."""
        with self._lock:
            if self._session is not None and self._session is not dead:
                return self._session
            if self.given_session() is not None:
                raise AuthenticationError(
                    "The token was refused: it is wrong or has expired.", hint="Give a new token.", status=401
                )
            try:
                self._session = self.connection.session_cache.replace(
                    dead, self._login_here, self.fits, self.renewed_in_one_place
                )
            except CacheRefused as error:
                raise AuthenticationError(
                    "The token has expired and was not renewed, because the new one could not be kept: {0}.".format(
                        error
                    ),
                    hint="Put session_cache_dir right.",
                    status=401,
                ) from error
            self._register(self._session)
            return self._session
