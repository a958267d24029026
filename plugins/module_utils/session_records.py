# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What is known of the restore sessions that we opened: one small file each. Private to this collection.

No product tells at which point in time a session was opened, and none tells one account's tasks apart. So that is
written down beside the session cache (the same folder, mode and checks, also when the cache is off), before the request
goes out: a session whose answer was lost, or whose task was killed, is then found again. There is no secret in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
import uuid
from dataclasses import asdict, dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import (
    CacheRefused,
    locked,
    own_folder,
    read_private,
    write_private,
)

#: Seconds after which a record is thrown away: of a session that has ended, that was never seen, and of any other (no
#: product keeps a session that long).
KEEP_ENDED_S, KEEP_UNSEEN_S, KEEP_S = 7 * 86400, 86400, 30 * 86400
LOCK_TIMEOUT_S = 300
_FILE = re.compile(r"restore-[0-9a-f]{32}\.json")


@dataclass
class Kept:
    """One session that we opened, or tried to.

    ``owner``: texts that tell server and account apart. ``key``: the source, as Platform.session_key has it.
    ``identity``: a digest of what else makes it different. ``point``: the moment that it shows, in seconds or as the id
    of a recovery point; None = not known. ``words``: a relative time as the user wrote it. ``session``: the session
    record (``id`` null until the product has answered). ``native``: of the SessionTarget. ``sent_at``, ``ended_at``:
    seconds by our clock.
    """

    owner: list
    key: dict
    identity: str
    session: dict
    sent_at: float
    point: object = None
    words: str | None = None
    native: dict = field(default_factory=dict)
    ended_at: float | None = None
    name: str = ""

    @property
    def id(self):
        return self.session["id"]


class SessionRecords:
    """The records of one account at one server. With ``writable`` false (check mode) nothing is written at all."""

    def __init__(self, folder, owner, warn, writable=True):
        self.folder = folder
        self.owner = list(owner)
        self.writable = writable
        self._warn = warn

    def all(self):
        """Kept of this owner, newest first. What cannot be trusted or read is left out with a warning."""
        found = []
        try:
            names = sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []
            if names:
                own_folder(self.folder)
        except (CacheRefused, OSError) as error:
            self._warn("The records of restore sessions are not used: {0}.".format(error))
            return []
        for name in filter(_FILE.fullmatch, names):
            kept = self._read(name)
            if kept is None or kept.owner != self.owner:
                continue
            if self._outdated(kept):
                self.drop(kept)
            else:
                found.append(kept)
        found.sort(key=lambda kept: kept.sent_at, reverse=True)
        return found

    def _read(self, name):
        try:
            text = read_private(os.path.join(self.folder, name))
            fields = json.loads(text) if text else None
            if not isinstance(fields, dict) or fields.pop("schema", None) != 1:
                return None
            kept = Kept(**fields)
            kept.name = name
            return kept if isinstance(kept.session, dict) and "id" in kept.session else None
        except (CacheRefused, OSError) as error:
            self._warn("A record of a restore session is not used: {0}.".format(error))
        except (TypeError, ValueError):
            pass  # of another release, or cut off: as good as none
        return None

    @staticmethod
    def _outdated(kept):
        now = time.time()
        if kept.ended_at is not None:
            return now - kept.ended_at > KEEP_ENDED_S
        return now - kept.sent_at > (KEEP_UNSEEN_S if kept.id is None else KEEP_S)

    def keep(self, kept):
        """Write a record, new or again. A folder that cannot be used is a warning: the session itself is what counts."""
        if not self.writable:
            return
        kept.name = kept.name or "restore-{0}.json".format(uuid.uuid4().hex)
        fields = dict(asdict(kept), schema=1)
        del fields["name"]
        fields["session"] = dict(kept.session, run=None)  # what changes by itself is not worth keeping
        try:
            own_folder(self.folder)
            write_private(os.path.join(self.folder, kept.name), json.dumps(fields))
        except (CacheRefused, OSError) as error:
            self._warn(
                "The restore session is not recorded, so it can be neither reused nor stopped by its source: {0}.".format(
                    error
                )
            )

    def ended(self, kept):
        """Note that a session is over; it stays known for a while, so that stopping it again is no error."""
        if kept.ended_at is None:
            kept.ended_at = time.time()
            self.keep(kept)

    def drop(self, kept):
        if self.writable and kept.name:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.folder, kept.name))

    @contextlib.contextmanager
    def alone(self, key):
        """Let one task at a time open sessions of a source, so that parallel ones share it."""
        with contextlib.ExitStack() as stack:
            if self.writable:
                try:
                    own_folder(self.folder)
                    path = os.path.join(self.folder, "restore-{0}.lock".format(digest([self.owner, key])))
                    stack.enter_context(locked(path, LOCK_TIMEOUT_S))
                except (CacheRefused, OSError) as error:
                    self._warn("Parallel tasks may open this session twice: {0}.".format(error))
            yield


def digest(value):
    """A short text for plain JSON of any size."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()[:32]
