# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client against a server that misbehaves on demand."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import errors, http
from ansible_collections.backupops.jobs.plugins.module_utils.http import HttpClient, map_concurrent
from simulator import Certificates
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.product import Product, Reply, route
from simulator.request_log import RequestLog
from simulator.server import Server


class Toy(Product):
    """A product with one thing to read and one to write."""

    name = "toy"

    @route("GET", "/thing")
    def read(self, request):
        return Reply(200, {"thing": [1, 2, 3]})

    @route("POST", "/thing", writes=True)
    def write(self, request):
        return Reply(200, {"done": True})

    @route("GET", "/status/(?P<code>[0-9]+)")
    def status(self, request, code):
        return Reply(int(code), {"error": "x"})

    @route("GET", "/away")
    def away(self, request):
        return Reply(302, headers={"Location": self.options["elsewhere"] + "/thing"})

    @route("GET", "/moved")
    def moved(self, request):
        return Reply(302, headers={"Location": "/thing"})

    @route("GET", "/circle")
    def circle(self, request):
        return Reply(302, headers={"Location": "/circle"})

    @route("POST", "/moved", writes=True)
    def moved_write(self, request):
        return Reply(307, headers={"Location": "/thing"})


class Stage:
    def __init__(self, tls=None, **options):
        self.faults, self.log = Faults(), RequestLog()
        self.server = Server(Toy(Clock(), **options), self.faults, self.log, tls=tls)
        self.server.start()

    def client(self, **changes):
        settings = {
            "url": self.server.address, "validate_certs": True, "ca_path": None, "client_cert": None, "client_key": None,
            "proxy": None, "timeout": 2, "retries": 3, "rate_limit": 0, "concurrency": 4,
        }  # fmt: skip
        return HttpClient(SimpleNamespace(**dict(settings, **changes)), lambda text: text.replace("hush", "***"))


@pytest.fixture
def stage():
    made = []

    def make(**options):
        made.append(Stage(**options))
        return made[-1]

    yield make
    for one in made:
        one.server.stop()


FAULTS = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503, "times": 2},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 504, "retry_after": "1"},
    {"kind": "drop_before", "times": 2},
    {"kind": "drop_after"},
    {"kind": "cut"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"] + str(fault.get("status", "")))
def test_a_read_survives(stage, fault):
    one = stage()
    one.faults.add(**fault)
    client = one.client()
    assert client.json(client.request("GET", "/thing")) == {"thing": [1, 2, 3]}
    assert client.request("POST", "/thing", read=True).status_code == 200  # some products read through POST
    assert len(one.log.entries()) == 2 + fault.get("times", 1)


@pytest.mark.parametrize(("again", "pauses"), [(False, 0), (True, 3)])
def test_a_write_waits_for_a_connection_only_where_it_may(stage, monkeypatch, again, pauses):
    seen = []
    monkeypatch.setattr(http, "pause", seen.append)
    client = stage().client(url="http://127.0.0.1:9")
    with pytest.raises(errors.Unreachable, match="no connection"):
        client.request("POST", "/thing", read=False, connect_again=again)
    assert len(seen) == pauses


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"] + str(fault.get("status", "")))
def test_a_write_is_sent_once(stage, fault):
    one = stage()
    one.faults.add(**fault)
    kind = errors.RateLimited if fault.get("status") == 429 else errors.LostAnswer
    with pytest.raises(kind):
        one.client().request("POST", "/thing", read=False)
    assert len(one.log.entries()) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "cut"])
def test_a_write_that_broke_off_inside_tls_is_lost(stage, tmp_path, fault):
    good = Certificates(str(tmp_path))
    one = stage(tls=good.context)
    client = one.client(ca_path=good.ca)
    client.request("GET", "/thing")  # the connection is there already
    one.faults.add(fault)
    with pytest.raises(errors.LostAnswer) as caught:
        client.request("POST", "/thing", read=False)
    assert "_ssl" not in caught.value.message and "object at" not in caught.value.message
    assert len(one.log.writes()) == 1


def test_a_write_that_could_not_even_connect_is_not_lost(stage):
    one = stage()
    client = one.client()
    one.server.stop()
    with pytest.raises(errors.Unreachable) as caught:
        client.request("POST", "/thing", read=False)
    assert not isinstance(caught.value, errors.LostAnswer)
    assert "Connection refused" in caught.value.message


def test_reads_give_up_at_last(stage):
    one = stage()
    one.faults.add("status", status=503, times=-1)
    with pytest.raises(errors.Unreachable) as caught:
        one.client(retries=1).request("GET", "/thing")
    assert caught.value.status == 503
    assert len(one.log.entries()) == 2


def test_a_server_that_asks_for_an_hour_gets_an_error(stage):
    one = stage()
    one.faults.add("status", status=429, retry_after="3600")
    begun = time.monotonic()
    with pytest.raises(errors.RateLimited):
        one.client().request("GET", "/thing")
    assert time.monotonic() - begun < 5


def test_slow_is_unreachable_and_a_slow_write_is_lost(stage):
    one = stage()
    one.faults.add("latency", seconds=3, times=-1)
    with pytest.raises(errors.Unreachable, match="no answer within 1 s"):
        one.client(timeout=1, retries=0).request("GET", "/thing")
    with pytest.raises(errors.LostAnswer):
        one.client(timeout=1).request("POST", "/thing", read=False)


def test_statuses_are_the_callers_business(stage):
    for code in (400, 401, 403, 404, 409, 500):
        assert stage().client().request("GET", "/status/{0}".format(code)).status_code == code


def test_bodies_that_are_no_json_say_what_they_are(stage):
    one = stage()
    client = one.client()
    for kind, words in (("html", "web page titled 'Service Temporarily Away'"), ("truncate", "cut off or not JSON")):
        one.faults.add(kind)
        with pytest.raises(errors.ProtocolError) as caught:
            client.json(client.request("GET", "/thing"))
        assert words in caught.value.message
    with pytest.raises(errors.ProtocolError, match="empty"):
        client.json(client.request("GET", "/nowhere"))


def test_nothing_follows_to_another_origin(stage):
    other = stage()
    one = stage(elsewhere=other.server.address)
    with pytest.raises(errors.ProtocolError, match="redirects to another place"):
        one.client().request("GET", "/away", headers={"Authtoken": "hush"})
    assert not other.log.entries()


def test_redirects_at_home(stage):
    one = stage()
    assert one.client().request("GET", "/moved").json() == {"thing": [1, 2, 3]}
    with pytest.raises(errors.ProtocolError, match="circle"):
        one.client().request("GET", "/circle")
    one.log.clear()
    with pytest.raises(errors.ProtocolError, match="only reads follow"):
        one.client().request("POST", "/moved", read=False)
    assert len(one.log.entries()) == 1


def test_tls_is_verified_and_never_downgraded(stage, tmp_path):
    good = Certificates(str(tmp_path))
    one = stage(tls=good.context)
    assert one.client(ca_path=good.ca).request("GET", "/thing").status_code == 200
    assert one.client(validate_certs=False).request("GET", "/thing").status_code == 200
    with pytest.raises(errors.TlsError) as caught:
        one.client(retries=0).request("GET", "/thing")
    assert "ca_path" in caught.value.hint
    with pytest.raises(errors.TlsError):
        one.client(url=one.server.address, ca_path=str(tmp_path / "none.pem")).request("GET", "/thing")
    plain = stage()
    with pytest.raises((errors.TlsError, errors.Unreachable)):
        one.client(url=plain.server.address.replace("http:", "https:"), retries=0).request("GET", "/thing")
    assert not plain.log.entries()


@pytest.mark.parametrize("spoiled", [{"expired": True}, {"names": ("other.example.com",)}])
def test_bad_certificates_are_refused(stage, tmp_path, spoiled):
    bad = Certificates(str(tmp_path), **spoiled)
    one = stage(tls=bad.context)
    with pytest.raises(errors.TlsError):
        one.client(ca_path=bad.ca, retries=0).request("GET", "/thing")
    assert not one.log.entries()


def test_client_certificates(stage, tmp_path):
    both = Certificates(str(tmp_path), ask_client=True)
    one = stage(tls=both.context)
    client = one.client(ca_path=both.ca, client_cert=both.client_cert, client_key=both.client_key)
    assert client.request("GET", "/thing").status_code == 200
    with pytest.raises((errors.TlsError, errors.Unreachable)):
        one.client(ca_path=both.ca, retries=0).request("GET", "/thing")


def test_the_proxy_is_used_and_named(stage):
    one, proxy = stage(), stage()
    client = one.client(url="http://backup.example.com", proxy=proxy.server.address)
    client.request("GET", "/thing")
    assert proxy.log.entries() and not one.log.entries()
    proxy.server.stop()
    with pytest.raises(errors.Unreachable, match="proxy"):
        one.client(url="http://backup.example.com", proxy=proxy.server.address, retries=0).request("GET", "/thing")


def test_no_netrc(stage, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    one = stage()
    one.client().request("GET", "/thing")
    assert "authorization" not in one.log.entries()[0].headers


def test_rate_limit(stage):
    client = stage().client(rate_limit=20)
    begun = time.monotonic()
    list(client.map(lambda _n: client.request("GET", "/thing"), range(6)))
    assert time.monotonic() - begun >= 5 / 20


def test_messages_hide_what_they_must(stage):
    one = stage()
    one.server.stop()
    with pytest.raises(errors.Unreachable) as caught:
        one.client(retries=0).request("GET", "/hush/thing")
    assert "hush" not in caught.value.message


def test_after_an_error_nothing_more_is_started():
    started = []

    def work(number):
        started.append(number)
        time.sleep(0.01)
        if number == 3:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError):
        list(map_concurrent(work, range(1000), 2))
    assert len(started) < 20
    assert list(map_concurrent(lambda number: number * 2, range(100), 7)) == [number * 2 for number in range(100)]


def test_after_the_end_no_other_thread_sends(stage):
    one = stage()
    client = one.client()
    client.stop_others()
    assert client.request("POST", "/thing", read=False).status_code == 200
    with ThreadPoolExecutor(1) as pool, pytest.raises(errors.BackupOpsError, match="the task has ended"):
        pool.submit(client.request, "POST", "/thing", False).result()
    client.close()
    with pytest.raises(errors.BackupOpsError, match="the task has ended"):
        client.request("GET", "/thing")
    assert len(one.log.entries()) == 1


def test_the_clock_of_the_server(stage):
    one = stage()
    one.server.product.clock.advance(3600)
    client = one.client()
    assert client.clock_offset is None
    client.request("GET", "/thing")
    assert 3595 <= client.clock_offset <= 3605


@pytest.mark.parametrize("read", [True, False])
def test_a_token_that_no_header_can_carry_is_an_error_that_does_not_show_it(stage, read):
    with pytest.raises(errors.ProtocolError) as raised:
        stage().client().request("POST", "/thing", read=read, headers={"Authorization": "Bearer t\u4e00ken-secret"})
    assert "token" in raised.value.message and "secret" not in raised.value.message
