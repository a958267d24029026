# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Who changed what, when and why: one entry for each write. Private to this collection."""

from __future__ import annotations

import errno
import json
import os
import time

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import locked

#: Options of every mutating module.
SPEC = {"reason": {"type": "str"}, "audit_log": {"type": "path"}}
_LOCK_TIMEOUT_S = 30


def entry(connection, module, operation, uid, reason, before, after, status):
    """One write. ``account`` is who logged in; with a token of the user's nobody tells, so it says ``token``."""
    return {
        "at": model.timestamp(time.time()),
        "account": "token" if connection.token else connection.username or connection.client_id or "token",
        "module": module,
        "operation": operation,
        "uid": uid,
        "reason": reason,
        "before": before,
        "after": after,
        "status": status,
    }


def _folder(path):
    return os.path.dirname(path) or "."


def check(path):
    """Raise OSError when nothing could be added to this file; neither it nor its folder is made."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW))
    except FileNotFoundError:
        folder = _folder(path)
        while not os.path.lexists(folder):
            folder = _folder(folder)
        if not os.path.isdir(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder) from None


def append(path, entries):
    """Add entries to a JSON-lines file, whole lines only, one writer at a time. Raises OSError, CacheRefused.

    The file gets the mode 0600, also one that was there before; a folder that is made for it gets 0700.
    """
    os.makedirs(_folder(path), mode=0o700, exist_ok=True)
    with locked(path + ".lock", _LOCK_TIMEOUT_S):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            file.write("".join(json.dumps(one, sort_keys=True) + "\n" for one in entries))
            file.flush()
            os.fsync(file.fileno())
