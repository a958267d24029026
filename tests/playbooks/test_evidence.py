# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence file: only added to, whole lines whoever writes at once, 0600, never over a link."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "roles" / "evidence" / "files" / "append.py"


def start(path):
    command = [sys.executable, str(SCRIPT), str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "deep" / "evidence.jsonl"
    # More than a pipe or a write takes at once.
    entries = {who: [{"who": who, "number": number, "text": "x" * 500} for number in range(400)] for who in range(4)}
    writers = {who: start(path) for who in entries}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda who: writers[who].communicate(json.dumps(entries[who]), timeout=60), entries))
    assert {writer.returncode for writer in writers.values()} == {0}
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for who, mine in entries.items():
        assert [line for line in lines if line["who"] == who] == mine
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_of_others_becomes_private_and_a_link_is_refused(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text('{"first": 1}\n', "utf-8")
    path.chmod(0o644)
    start(path).communicate('[{"second": "two\\nlines"}]', timeout=60)
    assert path.read_text("utf-8").splitlines() == ['{"first": 1}', '{"second": "two\\nlines"}']
    assert path.stat().st_mode & 0o777 == 0o600

    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    writer = start(link)
    writer.communicate("[{}]", timeout=60)
    assert writer.returncode != 0 and len(path.read_text("utf-8").splitlines()) == 2
