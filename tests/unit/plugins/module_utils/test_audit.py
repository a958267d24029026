# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trail of what was written."""

from __future__ import annotations

import json

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import audit


@pytest.mark.parametrize("before", ["", '{"uid": "0"}\n'])
def test_entries_are_added_and_only_the_owner_may_read_them(tmp_path, before):
    trail = tmp_path / "trail.jsonl"
    if before:
        trail.write_text(before, "utf-8")
        trail.chmod(0o644)
    audit.check(str(trail))
    audit.append(str(trail), [{"uid": "1"}, {"uid": "2"}])
    found = [json.loads(line)["uid"] for line in trail.read_text("utf-8").splitlines()]
    assert found == (["0"] if before else []) + ["1", "2"]
    assert trail.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_missing_is_made_for_its_owner_alone(tmp_path, monkeypatch):
    trail = tmp_path / "state" / "runs" / "trail.jsonl"
    audit.check(str(trail))
    assert not list(tmp_path.iterdir()), "a look makes nothing"
    audit.append(str(trail), [{"uid": "1"}])
    assert json.loads(trail.read_text("utf-8")) == {"uid": "1"} and trail.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.chdir(tmp_path)
    audit.check("trail.jsonl")
    audit.append("trail.jsonl", [{"uid": "1"}])
    assert (tmp_path / "trail.jsonl").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for folder in ("file", "file/deeper", "link", "link/deeper"):
        with pytest.raises(NotADirectoryError):
            audit.check(str(tmp_path / folder / "trail"))
    monkeypatch.setattr(audit.os, "access", lambda path, mode: path != str(tmp_path))
    for path in ("trail", "absent/trail"):
        with pytest.raises(PermissionError) as told:
            audit.check(str(tmp_path / path))
        assert told.value.filename == str(tmp_path)
