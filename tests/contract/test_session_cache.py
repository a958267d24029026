# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session cache on all products: one login for many tasks, one renewal, and none at all from a spoiled file.

Threads stand for forks: each task has its own connection and opens the lock file itself.
"""

from __future__ import annotations

import errno
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from cases import Case

from ansible_collections.backupops.jobs.plugins.module_utils.runners import logout, platform_info
from simulator import Simulator

FORKS = 5
PRODUCTS = ("commvault", "nakivo", "netapp_bluexp", "veeam_m365-v8")
#: What asks for a session, and what ends one, in the log.
LOGIN = re.compile(r"/Login$|/oauth/token$|/token$|AuthenticationManagement\.login$")
LOGOUT = re.compile(r"/Logout$|/token/logout$|AuthenticationManagement\.logoutCurrentUser$")
RENEWAL = re.compile(r"/V4/AccessToken/Renew$")


class Cached(Case):
    """A case whose tasks share their login. ``more``: other connection options; None takes one away."""

    def __init__(self, name, simulator, folder):
        super().__init__(name, simulator)
        self.folder = folder
        self.more = {}

    @property
    def connection(self):
        return {**super().connection, "session_cache": True, "session_cache_dir": str(self.folder), **self.more}

    def task(self, **options):
        return Cached.run(self.twin(), platform_info, **options)

    def twin(self):
        """Tasks keep nothing of each other but the folder."""
        made = Cached(self.name, self.simulator, self.folder)
        made.more = self.more
        return made

    def tasks(self, count=FORKS):
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _number: self.task(), range(count)))

    def count(self, wanted):
        return sum(bool(wanted.search(entry.label)) for entry in self.simulator.log.entries(self.platform))

    @property
    def file(self):
        (found,) = self.folder.glob("session-*.json")
        return found


def opened(name, folder, **switches):
    platform = name.partition("-")[0]
    simulator = Simulator(products=(platform,), options={platform: switches})
    # Forks that start together must meet in the middle of the login.
    simulator.faults.add("latency", path=f"{LOGIN.pattern}|{RENEWAL.pattern}", times=-1, seconds=0.2)
    return simulator, Cached(name, simulator, folder / "sessions")


@pytest.fixture(params=PRODUCTS)
def case(request, tmp_path):
    simulator, case = opened(request.param, tmp_path)
    with simulator:
        yield case


@pytest.fixture
def veeam(tmp_path):
    simulator, case = opened("veeam_m365-v8", tmp_path)
    with simulator:
        yield case


def good(result):
    assert not result.get("failed"), result["msg"]
    assert not result["warnings"], result["warnings"]
    return result


def test_one_login_serves_all(case):
    for _round in range(4):
        for result in case.tasks():
            good(result)
    assert case.count(LOGIN) == 1 and case.count(LOGOUT) == 0
    assert case.file.stat().st_mode & 0o777 == 0o600 and case.folder.stat().st_mode & 0o777 == 0o700


def test_off_by_default(case):
    case.more = {"session_cache": None}
    good(case.task())
    good(case.task())
    assert case.count(LOGIN) == 2 and not case.folder.exists()


def test_a_session_that_the_server_killed_is_replaced_once(case):
    good(case.task())
    case.simulator[case.platform].expire_tokens()
    case.simulator.log.clear()
    for result in case.tasks():
        good(result)
    # Veeam tries its refresh token first; the simulator has forgotten that too.
    assert case.count(LOGIN) == (2 if case.platform == "veeam_m365" else 1)
    assert case.count(LOGOUT) == 0


def test_a_refused_login_leaves_the_cache_alone(case):
    secret = "client_secret" if case.platform == "netapp_bluexp" else "password"
    case.more = {secret: "not this one"}
    refused = case.task()
    assert refused["error"]["kind"] == "authentication" and case.count(LOGIN) == 1
    assert not list(case.folder.glob("*.json"))
    case.more = {}
    good(case.task())
    kept = case.file.read_bytes()

    case.simulator[case.platform].expire_tokens()
    case.more = {secret: "not this one"}
    assert case.task()["error"]["kind"] == "authentication"
    assert case.file.read_bytes() == kept  # dead, and found to be so by the next one
    case.more = {}
    good(case.task())
    assert case.file.read_bytes() != kept


@pytest.mark.parametrize("text", ["", "{", "[" * 60_000, "null", "{}", '{"token": 5}', '{"token": "x", "expires_at": "y"}',
                                  '{"cookies": ["x"]}'])  # fmt: skip
def test_a_corrupt_file_is_as_good_as_none(case, text):
    good(case.task())
    whole = json.loads(case.file.read_text("utf-8")).keys()
    case.file.write_text(text, "utf-8")
    good(case.task())
    assert case.count(LOGIN) == 2
    assert json.loads(case.file.read_text("utf-8")).keys() == whole


def _link_the_file(case):
    elsewhere = case.folder.parent / "elsewhere.json"
    case.file.rename(elsewhere)
    (case.folder / os.path.basename(case.path)).symlink_to(elsewhere)


def _link_the_folder(case):
    elsewhere = case.folder.parent / "elsewhere"
    case.folder.rename(elsewhere)
    case.folder.symlink_to(elsewhere)


def _link_the_lock(case):
    lock = case.folder / (os.path.basename(case.path) + ".lock")
    lock.unlink()
    lock.symlink_to(case.folder.parent / "elsewhere.lock")


#: what somebody did -> what the warning must say of it
SPOILED = {
    "open file": (
        lambda case: case.file.chmod(0o644),
        r"json is open to other users \(its mode must be 0600\); remove it",
    ),
    "open folder": (lambda case: case.folder.chmod(0o755), "sessions is open to other users; its mode must be 0700"),
    "linked file": (_link_the_file, "json is a link, and links are not followed; remove it"),
    "linked folder": (_link_the_folder, "sessions is a link, and links are not followed; name the folder itself"),
    "linked lock": (_link_the_lock, "lock is a link, and links are not followed; remove it"),
    "pipe": (lambda case: (case.file.unlink(), os.mkfifo(case.path, 0o600)), "json is not a plain file; remove it"),
}


@pytest.mark.parametrize("spoil", SPOILED)
def test_what_others_could_have_written_is_not_used(case, spoil):
    act, words = SPOILED[spoil]
    good(case.task())
    case.path = str(case.file)
    before = case.file.read_bytes()
    act(case)
    case.simulator.log.clear()
    result = case.task()
    assert not result.get("failed") and result["info"]["platform"] == case.platform
    (warning,) = result["warnings"]
    assert "session cache is not used, so this task has a login of its own" in warning and re.search(words, warning)
    # Its own login, and ended with the task, for nobody else knows of it.
    assert case.count(LOGIN) == 1 and case.count(LOGOUT) == (0 if case.platform == "netapp_bluexp" else 1)
    left = [path for path in case.folder.parent.rglob("*.json") if path.is_file()]
    assert [path.read_bytes() for path in left] in ([before], [before, before], [])
    assert not (case.folder.parent / "elsewhere.lock").exists()


def test_a_foreign_file_is_not_used(case, monkeypatch):
    good(case.task())
    before = case.file.read_bytes()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    case.simulator.log.clear()
    (warning,) = case.task()["warnings"]
    assert "sessions belongs to another user; name a folder of your own" in warning
    assert case.count(LOGIN) == 1 and case.file.read_bytes() == before


def test_a_cache_that_cannot_be_made_does_not_stop_the_task(case):
    case.folder = case.folder / "a file" / "in the way"
    case.folder.parent.parent.mkdir()
    case.folder.parent.write_text("", "utf-8")
    (warning,) = case.task()["warnings"]
    assert "cannot be made: Not a directory" in warning


# -- renewals ----------------------------------------------------------------------------------------------------------


def test_veeam_renews_once_with_the_refresh_token(veeam):
    good(veeam.task())
    product = veeam.simulator["veeam_m365"]
    product.tokens.clear(access_only=True)
    veeam.simulator.log.clear()
    for result in veeam.tasks():
        good(result)
    assert veeam.count(LOGIN) == 1 and product.logins == 1  # the grant was refresh_token


def test_bluexp_accounts_do_not_meet(tmp_path):
    simulator, case = opened("netapp_bluexp", tmp_path)
    with simulator:
        simulator["netapp_bluexp"].refresh_tokens.add("refresh-2")
        for token in ("refresh-1", "refresh-2", "refresh-1"):
            case.more = {"client_id": None, "client_secret": None, "refresh_token": token}
            for result in case.tasks(2):
                good(result)
        assert case.count(LOGIN) == 2
        assert not [path for path in case.folder.iterdir() if "refresh" in path.name]


@pytest.fixture
def pairs(tmp_path):
    """Commvault with the access token and the refresh token that the user made."""
    simulator, case = opened("commvault", tmp_path)
    with simulator:
        made = simulator["commvault"].control_access_token()
        case.more = {
            "username": None, "password": None, "token": made["accessToken"], "refresh_token": made["refreshToken"]
        }  # fmt: skip
        yield case


def expire(case):
    case.simulator.clock.advance(1801)
    case.simulator.log.clear()


def test_a_pair_is_renewed_in_one_place(pairs):
    for result in pairs.tasks():
        good(result)
    assert pairs.count(LOGIN) == pairs.count(RENEWAL) == 0
    for _night in range(3):  # each time with the pair that the time before has brought
        expire(pairs)
        for result in pairs.tasks():
            good(result)
        assert (pairs.count(RENEWAL), pairs.count(LOGIN), pairs.count(LOGOUT)) == (1, 0, 0)
    names = "".join(path.name for path in pairs.folder.iterdir())
    kept = json.loads(pairs.file.read_text("utf-8"))
    assert not any(secret in names for secret in (*kept.values(), pairs.more["token"], pairs.more["refresh_token"]))


def test_a_new_pair_of_the_user_wins(pairs):
    good(pairs.task())
    product = pairs.simulator["commvault"]
    product.control_forget_tokens()
    dead = pairs.task()
    assert dead["error"]["kind"] == "authentication" and "Make a new pair" in dead["error"]["hint"]
    made = product.control_access_token()
    pairs.more = dict(pairs.more, token=made["accessToken"], refresh_token=made["refreshToken"])
    good(pairs.task())


def test_a_pair_that_cannot_be_kept_is_not_renewed(pairs):
    good(pairs.task())
    pairs.folder.chmod(0o755)
    alive = pairs.task()
    assert not alive.get("failed") and "is open to other users" in alive["warnings"][0]
    assert pairs.count(LOGOUT) == 0
    expire(pairs)
    result = pairs.task()
    assert result["error"]["kind"] == "authentication" and "could not be kept" in result["msg"]
    assert "session_cache_dir" in result["error"]["hint"]
    assert pairs.count(RENEWAL) == 0
    pairs.folder.chmod(0o700)
    good(pairs.task())  # nothing is lost


def test_a_pair_that_cannot_be_written_is_not_renewed(pairs, monkeypatch):
    good(pairs.task())
    expire(pairs)

    def full(_from, path):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(os, "replace", full)
    result = pairs.task()
    assert result["error"]["kind"] == "authentication" and "No space left on device" in result["msg"]
    assert pairs.count(RENEWAL) == 0


@pytest.mark.parametrize("fault", [{"kind": "drop_after"}, {"kind": "status", "status": 503}])
def test_a_renewal_is_never_sent_twice(pairs, fault):
    good(pairs.task())
    expire(pairs)
    pairs.simulator.faults.add(path=RENEWAL.pattern, **fault)
    result = pairs.task()
    assert result["error"]["kind"] == "unreachable" and "renewal of the access token was lost" in result["msg"]
    assert pairs.count(RENEWAL) == 1


def test_a_refused_pair_leaves_the_cache(pairs):
    token = pairs.more["token"]
    pairs.more["token"] = "copied by half"
    assert pairs.task()["error"]["kind"] == "authentication" and pairs.count(RENEWAL) == 1
    assert not list(pairs.folder.glob("*.json"))
    pairs.more["token"] = token
    good(pairs.task())
    assert pairs.count(RENEWAL) == 1


def test_a_pair_that_commvault_did_not_refuse_stays(pairs):
    good(pairs.task())
    expire(pairs)
    pairs.simulator.faults.add("status", path=RENEWAL.pattern, status=403)  # somebody in between, without a code
    assert pairs.task()["error"]["kind"] == "authentication"
    good(pairs.task())


def test_a_pair_needs_the_cache_and_its_token(pairs):
    whole = pairs.more
    pairs.more = dict(whole, session_cache=False)
    result = pairs.task()
    assert result["error"]["kind"] == "invalid" and result["msg"].startswith(
        "session_cache: must be true with refresh_token"
    )
    pairs.more = dict(whole, token=None, username="admin", password="x")
    result = pairs.task()
    assert result["error"]["kind"] == "invalid" and result["msg"].startswith("token: not given; refresh_token")
    assert not pairs.simulator.log.entries()


# -- the end of a login ------------------------------------------------------------------------------------------------


def test_logout_ends_the_kept_login_at_the_server_too(case):
    good(case.task())
    token = json.loads(case.file.read_text("utf-8"))
    assert good(Case.run(case, logout, check=True))["changed"] and case.file.exists()
    assert good(Case.run(case, logout))["changed"]
    assert not list(case.folder.glob("*.json"))
    assert case.count(LOGOUT) == (0 if case.platform == "netapp_bluexp" else 1)
    assert not good(Case.run(case, logout))["changed"]
    assert case.count(LOGIN) == 1
    good(case.task())
    assert json.loads(case.file.read_text("utf-8")) != token


@pytest.mark.parametrize("fault", ["drop_before", "html", "status"])
def test_a_logout_that_the_server_did_not_confirm_is_told(case, fault):
    if case.platform == "netapp_bluexp":
        pytest.skip("the product has no logout")
    good(case.task())
    case.simulator.faults.add(fault, product=case.platform, **({"status": 500} if fault == "status" else {}))
    ended = Case.run(case, logout)
    assert not ended.get("failed") and ended["changed"] and not list(case.folder.glob("*.json"))
    assert len(ended["warnings"]) == 1 and "not known" in ended["warnings"][0]


def test_logout_of_what_is_dead_or_corrupt_removes_it(case):
    good(case.task())
    case.simulator[case.platform].expire_tokens()
    assert good(Case.run(case, logout))["changed"]
    good(case.task())
    case.file.write_text("{", "utf-8")
    assert good(Case.run(case, logout))["changed"]
    assert not list(case.folder.glob("*.json"))


@pytest.mark.parametrize("spoil", SPOILED)
def test_logout_follows_no_link(case, spoil):
    good(case.task())
    case.path = str(case.file)
    SPOILED[spoil][0](case)
    case.simulator.log.clear()
    result = Case.run(case, logout)
    assert result["error"]["kind"] == "refused" and re.search(SPOILED[spoil][1], result["msg"])
    assert not case.simulator.log.entries() and os.path.lexists(case.path)


def test_logout_leaves_what_the_user_made(pairs):
    good(pairs.task())
    assert not good(Case.run(pairs, logout))["changed"] and pairs.file.exists()
    pairs.more = dict(pairs.more, refresh_token=None)
    assert not good(Case.run(pairs, logout))["changed"]
    assert pairs.count(LOGOUT) == 0
    good(pairs.task())
