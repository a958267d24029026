# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Who changed what, when and why: one entry for each write. Private to this collection."""

from __future__ import annotations

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


def append(path, entries):
    """Add entries to a JSON-lines file (0600), whole lines only, one writer at a time. Raises OSError, CacheRefused."""
    if not entries:
        return
    with locked(path + ".lock", _LOCK_TIMEOUT_S):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(one, sort_keys=True) + "\n" for one in entries))
            file.flush()
            os.fsync(file.fileno())
