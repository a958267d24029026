# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Sessions kept between tasks, so that many tasks need one login. Private to this collection.

Off unless asked for. One JSON file (0600) per server and account in a folder (0700) of the user's own, opened without
following links and only when nobody else could have written it; a lock lets parallel tasks share one login.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time

try:
    import fcntl
except ImportError:  # pragma: no cover - every Ansible controller and target has it
    fcntl = None  # type: ignore[assignment]

DEFAULT_FOLDER = "~/.ansible/backupops"
#: How long to wait for another task's login before doing without the cache.
LOCK_TIMEOUT_S = 60
_LARGEST = 65536


class CacheRefused(Exception):
    """The folder or a file in it cannot be trusted."""


class SessionCache:
    """``identity``: texts that tell server and account apart (no secrets: the file's name is made of them)."""

    def __init__(self, enabled, folder, identity, warn):
        self.enabled = bool(enabled)
        self.folder = os.path.expanduser(folder or DEFAULT_FOLDER)
        digest = hashlib.sha256(json.dumps(identity).encode("utf-8")).hexdigest()[:32]
        self.path = os.path.join(self.folder, "session-{0}.json".format(digest))
        self._warn = warn

    def get_or_create(self, login):
        """The kept session if there is a good one, else ``login()``, kept."""
        return self._under_lock(login, lambda kept: kept)

    def replace(self, dead, login):
        """A session other than ``dead``: one that another task has put there meanwhile, else ``login()``, kept."""
        return self._under_lock(login, lambda kept: kept if kept != dead else None)

    def _under_lock(self, login, choose):
        if not self.enabled:
            return login()
        with contextlib.ExitStack() as stack:
            try:
                own_folder(self.folder)
                stack.enter_context(locked(self.path + ".lock", LOCK_TIMEOUT_S))
                kept = self._read()
            except (CacheRefused, OSError) as error:
                self._warn("The session cache is not used: {0}.".format(error))
                return login()
            session = choose(kept)
            if session is None:
                session = login()
                try:
                    write_private(self.path, json.dumps(session))
                except OSError as error:
                    self._warn("The session is not kept: {0}.".format(error))
            return session

    def _read(self):
        """The kept session; None when there is none, or none that can still be good."""
        text = read_private(self.path)
        if text is None:
            return None
        try:
            session = json.loads(text)
        except ValueError:
            return None
        if not isinstance(session, dict):
            return None
        expires = session.get("expires_at")
        return session if expires is None or expires > time.time() else None


def own_folder(folder):
    """Make the folder (0700), or check that it is ours alone. Raises CacheRefused, OSError."""
    try:
        os.makedirs(folder, mode=0o700)
    except FileExistsError:
        pass
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise CacheRefused("{0} is not a folder (links are not followed)".format(folder))
    if found.st_uid != os.geteuid():
        raise CacheRefused("{0} belongs to another user".format(folder))
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise CacheRefused("{0} is open to other users (its mode must be 0700)".format(folder))


def read_private(path):
    """The text of a file of ours; None when there is none. Raises CacheRefused when others could have written it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheRefused("{0} cannot be opened: {1}".format(path, error.strerror)) from error
    with os.fdopen(handle, encoding="utf-8", errors="replace") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise CacheRefused("{0} is not a file of this user".format(path))
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise CacheRefused("{0} is open to other users (its mode must be 0600)".format(path))
        return file.read(_LARGEST)


def write_private(path, text):
    """Replace a file in one step; it is never seen half-written, and 0600 from its first moment."""
    draft = "{0}.{1}.new".format(path, os.getpid())
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(draft, path)


@contextlib.contextmanager
def locked(path, timeout):
    """Hold a lock file. The lock dies with its process, so a killed task leaves none behind. Raises CacheRefused."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CacheRefused("{0} is locked by another task".format(path)) from error
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)
