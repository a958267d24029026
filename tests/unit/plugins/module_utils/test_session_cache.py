# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session kept between tasks, and every way in which the cache must not be trusted."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import session_cache
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import SessionCache


class Logins:
    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1
        time.sleep(0.02)
        return {"token": "token-{0}".format(self.count)}


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def cache(tmp_path, warnings):
    def make(identity=("commvault", "https://cs", "admin"), enabled=True, folder="sessions"):
        return SessionCache(enabled, str(tmp_path / folder), identity, warnings.append)

    return make


def test_off_means_off(cache, tmp_path):
    login = Logins()
    assert [cache(enabled=False).get_or_create(login)["token"] for unused in range(2)] == ["token-1", "token-2"]
    assert not (tmp_path / "sessions").exists()


def test_one_login_serves_many_tasks_and_the_file_is_private(cache, tmp_path):
    login = Logins()
    assert {cache().get_or_create(login)["token"] for unused in range(5)} == {"token-1"}
    folder = tmp_path / "sessions"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (file,) = folder.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "admin" not in file.name and "token" not in file.name


def test_parallel_tasks_share_one_login(cache):
    login = Logins()
    found = []
    threads = [threading.Thread(target=lambda: found.append(cache().get_or_create(login))) for unused in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert login.count == 1 and len(found) == 8


def test_a_dead_session_is_replaced_once(cache):
    login = Logins()
    dead = cache().get_or_create(login)
    assert cache().replace(dead, login) == {"token": "token-2"}
    assert cache().replace(dead, login) == {"token": "token-2"}  # another task has renewed it meanwhile
    assert login.count == 2


def test_accounts_do_not_meet(cache):
    login = Logins()
    assert cache(("a", "b", "c")).get_or_create(login) != cache(("a", "b", "d")).get_or_create(login)


def test_what_has_expired_is_not_used(cache):
    assert cache().get_or_create(lambda: {"token": "old", "expires_at": time.time() - 1})["token"] == "old"
    assert cache().get_or_create(lambda: {"token": "new"})["token"] == "new"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{" * 100_000, "[" * 60_000, '{"expires_at": []}'])
def test_a_corrupt_file_is_replaced(cache, tmp_path, text, warnings):
    cache().get_or_create(lambda: {"token": "1"})
    (file,) = (tmp_path / "sessions").glob("*.json")
    file.write_text(text)
    assert cache().get_or_create(lambda: {"token": "2"}) == {"token": "2"}
    assert json.loads(file.read_text()) == {"token": "2"}
    assert not warnings


def _open_file(folder):
    (file,) = folder.glob("*.json")
    file.chmod(0o644)


def _open_folder(folder):
    folder.chmod(0o755)


def _linked_file(folder):
    (file,) = folder.glob("*.json")
    target = folder.parent / "elsewhere.json"
    file.rename(target)
    target.chmod(0o600)
    file.symlink_to(target)


def _linked_folder(folder):
    target = folder.parent / "elsewhere"
    folder.rename(target)
    folder.symlink_to(target)


@pytest.mark.parametrize("spoil", [_open_file, _open_folder, _linked_file, _linked_folder])
def test_what_others_could_have_written_is_not_used(cache, tmp_path, spoil, warnings):
    cache().get_or_create(lambda: {"token": "planted"})
    spoil(tmp_path / "sessions")
    assert cache().get_or_create(lambda: {"token": "fresh"}) == {"token": "fresh"}
    assert len(warnings) == 1 and "session cache is not used" in warnings[0]
    assert "planted" not in warnings[0] and "fresh" not in warnings[0]


def test_a_slash_at_the_end_does_not_make_a_link_a_folder(tmp_path, warnings):
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)
    cache = SessionCache(True, str(tmp_path / "link") + "/", ("x",), warnings.append)
    assert cache.get_or_create(lambda: {"token": "1"}) == {"token": "1"} and not cache.keeps
    assert "is a link" in warnings[0] and not list(real.iterdir())


def test_a_draft_that_was_left_behind_does_not_lend_its_mode(cache, tmp_path):
    folder = tmp_path / "sessions"
    one = cache()
    folder.mkdir(mode=0o700)
    draft = Path("{0}.{1}.new".format(one.path, os.getpid()))
    draft.write_text("")
    draft.chmod(0o644)
    one.get_or_create(lambda: {"token": "1"})
    assert stat.S_IMODE(Path(one.path).stat().st_mode) == 0o600


def test_what_would_destroy_the_old_session_needs_a_place_for_the_new_one(cache, tmp_path):
    login = Logins()
    dead = cache().get_or_create(login)
    (tmp_path / "sessions").chmod(0o777)
    with pytest.raises(session_cache.CacheRefused, match="open to other users"):
        cache().replace(dead, login, only_kept=True)
    assert login.count == 1


def test_a_session_is_forgotten_once(cache, tmp_path):
    ended = []
    assert cache().forget(ended.append) is False and not (tmp_path / "sessions").exists()
    cache().get_or_create(Logins())
    assert cache().forget(None) is True and not ended  # looks only
    assert cache().forget(ended.append) is True and ended == [{"token": "token-1"}]
    assert cache().forget(ended.append) is False and len(ended) == 1


def test_a_foreign_owner_is_refused(cache, tmp_path, warnings, monkeypatch):
    cache().get_or_create(lambda: {"token": "planted"})
    monkeypatch.setattr(session_cache.os, "geteuid", lambda: 12345)
    assert cache().get_or_create(lambda: {"token": "fresh"}) == {"token": "fresh"}
    assert "another user" in warnings[0]


def test_a_lock_that_stays_does_not_stop_the_task(cache, tmp_path, warnings, monkeypatch):
    monkeypatch.setattr(session_cache, "LOCK_TIMEOUT_S", 0.1)
    cache().get_or_create(lambda: {"token": "1"})
    one = cache()
    with session_cache.locked(one.path + ".lock", 1):
        assert one.get_or_create(lambda: {"token": "2"}) == {"token": "2"}
    assert "locked by another task" in warnings[0]
