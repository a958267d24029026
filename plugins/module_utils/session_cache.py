# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Sessions kept between tasks, so that many tasks need one login. Private to this collection.

Off unless asked for. One JSON file (0600) per server and account in a folder (0700) of the user's own, opened without
following links and only when nobody else could have written it; a lock lets parallel tasks share one login.
"""

from __future__ import annotations

import contextlib
import errno
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
    """The folder or a file in it cannot be trusted, or not be used: a sentence that says why and what to do."""


class SessionCache:
    """``identity``: texts that tell server and account apart (no secrets: the file's name is made of them).

    ``login`` makes a session, a dict that JSON can hold; ``fits`` says whether a kept one is whole.
    """

    def __init__(self, enabled, folder, identity, warn):
        self.enabled = bool(enabled)
        # A slash at the end would make the system follow a link.
        self.folder = os.path.expanduser(folder or DEFAULT_FOLDER).rstrip("/") or "/"
        digest = hashlib.sha256(json.dumps(identity).encode("utf-8")).hexdigest()[:32]
        self.path = os.path.join(self.folder, "session-{0}.json".format(digest))
        #: Whether the present session stands in the file, so that other tasks may be using it.
        self.keeps = False
        self._warn = warn

    def get_or_create(self, login, fits=bool):
        """The kept session if there is a good one, else ``login()``, kept."""
        return self._under_lock(login, lambda kept: kept if kept is not None and fits(kept) else None)

    def replace(self, dead, login, fits=bool, only_kept=False):
        """A session other than ``dead``: one that another task has put there meanwhile, else ``login()``, kept.

        With ``only_kept`` there is no login unless its result can be kept. Then it raises CacheRefused.
        """

        def choose(kept):
            return kept if kept is not None and kept != dead and fits(kept) else None

        return self._under_lock(login, choose, dead if only_kept else None)

    def forget(self, end, fits=bool):
        """Call ``end(session)`` for the kept session, and remove it; whether there was one. Raises CacheRefused.

        Does nothing but look with ``end`` None.
        """
        if not os.path.lexists(self.folder):
            return False
        own_folder(self.folder)
        if end is None:
            return read_private(self.path) is not None
        with locked(self.path + ".lock", LOCK_TIMEOUT_S):
            text = read_private(self.path)
            if text is None:
                return False
            kept = self._parsed(text)
            os.unlink(self.path)
            if kept is not None and fits(kept):
                end(kept)
            return True

    def drop(self):
        """Remove the kept session; only for ``login``, which is called under the lock."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def _under_lock(self, login, choose, must_keep=None):
        self.keeps = False
        if not self.enabled:
            return login()
        with contextlib.ExitStack() as stack:
            try:
                own_folder(self.folder)
                stack.enter_context(locked(self.path + ".lock", LOCK_TIMEOUT_S))
                kept = self._parsed(read_private(self.path))
            except CacheRefused as error:
                if must_keep is not None:
                    raise
                self._warn("The session cache is not used, so this task has a login of its own: {0}.".format(error))
                return login()
            session = choose(kept)
            if session is None:
                if must_keep is not None:
                    write_private(self.path, json.dumps(must_keep))  # what cannot be written now cannot be afterwards
                session = login()
                try:
                    write_private(self.path, json.dumps(session))
                except CacheRefused as error:
                    self._warn("The session is not kept: {0}.".format(error))
                    return session
            self.keeps = True
            return session

    @staticmethod
    def _parsed(text):
        """The kept session; None when there is none, or none that can still be good."""
        if text is None:
            return None
        try:
            session = json.loads(text)
            expires = session.get("expires_at")
            return session if expires is None or expires > time.time() else None
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None  # cut off, or of something else: as good as none


def own_folder(folder):
    """Make the folder (0700), or check that it is ours alone. Raises CacheRefused."""
    try:
        os.makedirs(folder, mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise CacheRefused("{0} cannot be made: {1}".format(folder, error.strerror)) from error
    try:
        found = os.lstat(folder)
    except OSError as error:
        raise CacheRefused("{0} cannot be read: {1}".format(folder, error.strerror)) from error
    if stat.S_ISLNK(found.st_mode):
        raise CacheRefused("{0} is a link, and links are not followed; name the folder itself".format(folder))
    if not stat.S_ISDIR(found.st_mode):
        raise CacheRefused("{0} is not a folder; name another one".format(folder))
    if found.st_uid != os.geteuid():
        raise CacheRefused("{0} belongs to another user; name a folder of your own".format(folder))
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise CacheRefused("{0} is open to other users; its mode must be 0700".format(folder))


def read_private(path):
    """The text of a file of ours; None when there is none. Raises CacheRefused when others could have written it."""
    try:
        # Without waiting: a pipe in its place would never end.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_opened(path, error) from error
    with os.fdopen(handle, encoding="utf-8", errors="replace") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise CacheRefused("{0} is not a plain file; remove it".format(path))
        if found.st_uid != os.geteuid():
            raise CacheRefused("{0} belongs to another user; remove it".format(path))
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise CacheRefused("{0} is open to other users (its mode must be 0600); remove it".format(path))
        return file.read(_LARGEST)


def write_private(path, text):
    """Replace a file in one step; never seen half-written, 0600 from its first moment. Raises CacheRefused."""
    draft = "{0}.{1}.new".format(path, os.getpid())
    try:
        with contextlib.suppress(FileNotFoundError):  # of a killed task: its mode is not ours to trust
            os.unlink(draft)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        raise CacheRefused("{0} cannot be written: {1}".format(path, error.strerror)) from error


@contextlib.contextmanager
def locked(path, timeout):
    """Hold a lock file. The lock dies with its process, so a killed task leaves none behind. Raises CacheRefused."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise _not_opened(path, error) from error
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


def _not_opened(path, error):
    if error.errno == errno.ELOOP:
        return CacheRefused("{0} is a link, and links are not followed; remove it".format(path))
    return CacheRefused("{0} cannot be opened: {1}".format(path, error.strerror))
