# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adds the JSON list on standard input, one line for each entry, to the end of the file that the first argument names.

The file is for this user only, and a link in its place is refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys


def append(path, entries):
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries)
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        # Two plays at once must not write into each other's lines. The lock dies with the process.
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(file.fileno(), 0o600)
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    try:
        append(sys.argv[1], json.load(sys.stdin))
    except OSError as problem:
        sys.exit(f"{sys.argv[1]}: {problem.strerror}")
