# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where connection options come from, and what is refused before any request."""

from __future__ import annotations

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, Refused

TASK = {"platform": "commvault", "url": "https://cs.example.com/commandcenter/api"}
WHOLE = dict(TASK, username="u", password="secret-1")


def connect(params, warnings=None):
    return options.connection_from(params, (warnings if warnings is not None else []).append)


# -- the environment -------------------------------------------------------------------------------------------------


def test_scoped_names_come_first_and_the_task_wins():
    environ = {
        "BACKUPOPS_COMMVAULT_PASSWORD": "scoped",
        "BACKUPOPS_PASSWORD": "general",
        "BACKUPOPS_USERNAME": "general",
        "BACKUPOPS_TIMEOUT": "7",
    }
    filled = options.fill_from_environment(dict(TASK, timeout=5), environ)
    assert filled == dict(TASK, timeout=5, password="scoped", username="general")


def test_general_names_count_only_for_the_named_platform():
    environ = {"BACKUPOPS_PLATFORM": "nakivo", "BACKUPOPS_PASSWORD": "p", "BACKUPOPS_NAKIVO_URL": "https://n:4443"}
    assert "password" not in options.fill_from_environment(TASK, environ)
    assert options.fill_from_environment({}, environ) == {
        "platform": "nakivo",
        "url": "https://n:4443",
        "password": "p",
    }


def test_what_does_not_apply_is_left_out_of_the_environment():
    filled = options.fill_from_environment(
        {"platform": "nakivo", "url": "https://n"},
        {"BACKUPOPS_DOMAIN": "d", "BACKUPOPS_TOKEN": "t", "BACKUPOPS_TENANT": "x"},
    )
    assert filled == {"platform": "nakivo", "url": "https://n", "tenant": "x"}


def test_a_refresh_token_counts_only_with_the_token_that_it_renews():
    environ = {"BACKUPOPS_USERNAME": "u", "BACKUPOPS_PASSWORD": "p", "BACKUPOPS_REFRESH_TOKEN": "of BlueXP"}
    assert options.fill_from_environment(TASK, environ) == dict(TASK, username="u", password="p")
    bluexp = {"platform": "netapp_bluexp"}
    assert options.fill_from_environment(bluexp, environ)["refresh_token"] == "of BlueXP"
    pair = {"BACKUPOPS_COMMVAULT_TOKEN": "t", "BACKUPOPS_COMMVAULT_REFRESH_TOKEN": "r"}
    assert options.fill_from_environment(TASK, pair) == dict(TASK, token="t", refresh_token="r")
    with pytest.raises(InvalidError, match="token: not given"):
        connect(dict(WHOLE, refresh_token="r"))


def test_empty_means_not_given():
    filled = options.fill_from_environment(dict(TASK, password="", username=None), {"BACKUPOPS_PASSWORD": ""})
    assert filled == TASK


def test_an_empty_filter_is_a_value():
    assert options.fill_from_environment(dict(TASK, names="", clients=None), {}) == dict(TASK, names="")


def test_an_unknown_platform_of_the_environment_is_named_by_its_variable():
    with pytest.raises(InvalidError, match="^BACKUPOPS_PLATFORM: 'veeam', in the environment, is not one of"):
        options.fill_from_environment({}, {"BACKUPOPS_PLATFORM": "veeam"})


def test_secrets_of_the_environment_stay_at_home():
    environ = {"BACKUPOPS_COMMVAULT_URL": "https://cs.example.com:443/x", "BACKUPOPS_COMMVAULT_PASSWORD": "p"}
    assert options.fill_from_environment(TASK, environ)["password"] == "p"  # the same place: the path does not count
    for url in ("https://evil.example.com", "http://cs.example.com", "https://cs.example.com:444"):
        with pytest.raises(Refused) as caught:
            options.fill_from_environment(dict(TASK, url=url), environ)
        assert caught.value.message.startswith("url: password")
        assert caught.value.kind == "refused"


def test_a_task_with_its_own_secrets_is_free_and_gets_no_second_set():
    environ = {
        "BACKUPOPS_COMMVAULT_URL": "https://cs.example.com",
        "BACKUPOPS_COMMVAULT_PASSWORD": "p",
        "BACKUPOPS_COMMVAULT_TOKEN": "t",
    }
    own = dict(WHOLE, url="https://other.example.com")
    assert options.fill_from_environment(own, environ) == own


def test_the_guard_covers_auth_url():
    environ = {"BACKUPOPS_NETAPP_BLUEXP_URL": "https://b.example.com", "BACKUPOPS_NETAPP_BLUEXP_CLIENT_SECRET": "s"}
    with pytest.raises(Refused, match="auth_url"):
        options.fill_from_environment(
            {"platform": "netapp_bluexp", "auth_url": "https://evil.example.com/token"}, environ
        )


# -- the checks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"platform": None}, "platform: not given"),
        ({"url": None}, "url: not given"),
        ({"url": "cs.example.com"}, "url: not an address"),
        ({"url": "ftp://cs.example.com"}, "url: not an address"),
        ({"url": "https://u:p@cs.example.com"}, "url: credentials"),
        ({"url": "https://cs.example.com:99999"}, "url: not an address"),
        ({"password": None}, "password: not given"),
        ({"username": None, "password": None}, "credentials: not given"),
        ({"tenant": "t"}, "tenant does not apply to platform commvault; it belongs to nakivo"),
        ({"client_secret": "t"}, "client_secret does not apply"),
        ({"timeout": 0}, "timeout: 0"),
        ({"concurrency": 1000}, "concurrency: 1000"),
        ({"retries": -1}, "retries: -1"),
        ({"timezone": "Mars/Base"}, "timezone: "),
        ({"client_key": "/key"}, "client_cert: not given"),
        ({"ca_path": "/no/such/file"}, "ca_path: there is no file"),
    ],
)
def test_each_mistake_is_named(changes, words):
    with pytest.raises(InvalidError) as caught:
        connect(dict(WHOLE, **changes))
    assert words in caught.value.message
    assert "secret-1" not in str(caught.value)


def test_a_token_where_there_is_none_is_refused():
    with pytest.raises(InvalidError, match="token does not apply to platform nakivo"):
        connect({"platform": "nakivo", "url": "https://n", "username": "u", "token": "t"})


def test_defaults_and_the_endpoint():
    found = connect(WHOLE)
    assert (found.timeout, found.retries, found.concurrency, found.validate_certs) == (60, 5, 4, True)
    assert found.endpoint == "cs.example.com:443"
    assert connect(dict(WHOLE, url="https://CS.example.com:8443/x/")).endpoint == "cs.example.com:8443"
    assert connect(dict(WHOLE, endpoint_name="Prod")).endpoint == "prod"
    assert connect({"platform": "netapp_bluexp", "token": "t"}).url.startswith("https://")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "[::1]", "localhost", "LOCALHOST"])
def test_plain_http_to_loopback_is_fine(host):
    warnings = []
    connect(dict(WHOLE, url="http://{0}:81".format(host)), warnings)
    assert not warnings


@pytest.mark.parametrize(
    "host", ["cs.example.com", "127.example.com", "127.0.0.1.example.com", "localhost.example.com"]
)
def test_plain_http_to_another_machine_warns(host):
    warnings = []
    connect(dict(WHOLE, url="http://" + host), warnings)
    assert len(warnings) == 1 and "plain http" in warnings[0]
