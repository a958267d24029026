# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS, client certificates and proxies on all products: verified, never downgraded, and clear about what is wrong."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from cases import PASSWORD, Case
from cryptography.hazmat.primitives import serialization

from ansible_collections.backupops.jobs.plugins.module_utils.runners import platform_info
from simulator import Certificates, Simulator

PRODUCTS = ("commvault", "nakivo", "netapp_bluexp", "veeam_m365-v8")
#: What must never be seen in the clear: credentials as they travel.
CREDENTIALS = (
    PASSWORD, quote(PASSWORD, safe=""), base64.b64encode(PASSWORD.encode()).decode(), "s3cr+t&=", quote("s3cr+t&=", safe=""),
)  # fmt: skip
PROXY_USER, PROXY_PASSWORD = "robot", "pr0xy@pass/word"


class Secure(Case):
    """A case on https. ``certificates``: those of the simulator; without one, ``ask`` wants a url."""

    @property
    def connection(self):
        url = self.simulator.url(self.platform, tls=True) if self.simulator else None
        return dict(self.facts["login"], platform=self.platform, url=url, timeout=10)

    @property
    def certificates(self):
        return self.simulator.tls

    def ask(self, **options):
        return self.run(platform_info, **options)

    def arrived(self):
        return self.simulator.log.entries(self.platform)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """``make(**of Certificates)``: a simulator of all products with such certificates, made once."""
    made = {}

    def make(**kind):
        key = repr(kind)
        if key not in made:
            certificates = Certificates(str(tmp_path_factory.mktemp("tls")), **kind)
            made[key] = Simulator(tls=certificates).start()
        made[key].log.clear()
        return made[key]

    yield make
    for simulator in made.values():
        simulator.stop()


@pytest.fixture(params=PRODUCTS)
def secure(request, servers):
    """``secure(**of Certificates)``: a case of each product."""
    return lambda **kind: Secure(request.param, servers(**kind))


def refused(result, *words):
    """The error of a task that was refused for its TLS."""
    assert result.get("failed") and result["error"]["kind"] == "tls", result
    assert all(re.search(word, result["msg"]) for word in words), result["msg"]
    return result["error"]


def good(result):
    assert not result.get("failed"), result["msg"]
    assert not result["warnings"]
    return result


# -- the server's certificate ------------------------------------------------------------------------------------------


def test_an_authority_of_ones_own(secure):
    case = secure()
    good(case.ask(ca_path=case.certificates.ca))
    assert case.arrived()


def test_an_unknown_authority(secure, servers, monkeypatch):
    case = secure()
    error = refused(case.ask(), "certificate verify failed")
    assert error["hint"] == "Set ca_path to the file of the authority that signed the server's certificate."
    # Neither somebody else's authority helps, nor what other tools take from the environment.
    refused(case.ask(ca_path=servers(expired=True).tls.ca), "certificate verify failed")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, case.certificates.ca)
    refused(case.ask(), "ca_path")
    assert not case.arrived()


def test_a_wrong_host_name(secure):
    case = secure(names=("other.example.com",))
    error = refused(case.ask(ca_path=case.certificates.ca), "not valid for '127.0.0.1'")
    assert "name in url" in error["hint"] and not case.arrived()


def test_an_expired_certificate(secure):
    case = secure(expired=True)
    error = refused(case.ask(ca_path=case.certificates.ca), "certificate has expired")
    assert "Renew the server's certificate" in error["hint"] and not case.arrived()


@pytest.mark.parametrize(
    "kind", [{}, {"names": ("other.example.com",)}, {"expired": True}], ids=["", "name", "expired"]
)
def test_verification_is_switched_off_for_the_task_that_says_so_only(secure, kind):
    case = secure(**kind)
    good(case.ask(validate_certs=False))
    assert case.arrived()
    refused(case.ask(), "ca_path")


def test_a_bad_certificate_is_not_tried_again():
    """The default of five repetitions would cost the user a quarter of a minute."""
    with Listener(PLAIN) as listener:
        refused(Secure("commvault", None).ask(url=f"https://127.0.0.1:{listener.port}", retries=5))
    assert len(listener.heard) == 1


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_file_that_is_no_authority(product, tmp_path):
    case = Secure(product, None)
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("not a certificate", "utf-8")
    error = case.ask(url="https://127.0.0.1:1", ca_path=str(nothing))["error"]
    assert error["kind"] == "invalid" and error["message"].startswith("ca_path: ") and "PEM" in error["hint"]


# -- a certificate of the client ---------------------------------------------------------------------------------------


def test_a_client_certificate(secure, tmp_path):
    case = secure(ask_client=True)
    own = case.certificates
    good(case.ask(ca_path=own.ca, client_cert=own.client_cert, client_key=own.client_key))
    both = tmp_path / "both.pem"
    both.write_bytes(Path(own.client_cert).read_bytes() + Path(own.client_key).read_bytes())
    good(case.ask(ca_path=own.ca, client_cert=str(both)))


def test_a_client_without_a_certificate_or_with_a_strange_one(secure, servers):
    case = secure(ask_client=True)
    own, strange = case.certificates, servers().tls
    case.simulator.log.clear()
    error = refused(case.ask(ca_path=own.ca, retries=0))
    assert "client_cert and client_key" in error["hint"]
    refused(case.ask(ca_path=own.ca, retries=0, client_cert=strange.client_cert, client_key=strange.client_key))
    assert not case.arrived()


@pytest.mark.parametrize("fault", ["no key", "encrypted key", "encrypted together", "key of another", "folder"])
def test_a_client_certificate_that_cannot_be_used(servers, tmp_path, fault):
    own, other = servers().tls, servers(expired=True).tls
    key = serialization.load_pem_private_key(Path(own.client_key).read_bytes(), None)
    hidden = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"hush")
    )
    encrypted, together = tmp_path / "encrypted.key", tmp_path / "together.pem"
    encrypted.write_bytes(hidden)
    together.write_bytes(Path(own.client_cert).read_bytes() + hidden)
    given = {
        "no key": {"client_cert": own.client_cert},
        "encrypted key": {"client_cert": own.client_cert, "client_key": str(encrypted)},
        "encrypted together": {"client_cert": str(together)},
        "key of another": {"client_cert": own.client_cert, "client_key": other.client_key},
        "folder": {"client_cert": str(tmp_path)},
    }[fault]
    case = Secure("commvault", servers())
    error = case.ask(ca_path=own.ca, **given)["error"]
    assert error["kind"] == "invalid" and error["message"].startswith("client_cert: ") and "client_key" in error["hint"]
    assert not case.arrived()


# -- never in the clear ------------------------------------------------------------------------------------------------


class Listener:
    """A port that writes down what it hears, and answers ``answer``."""

    def __init__(self, answer):
        self.heard = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                heard = self.request.recv(65536)
                self.request.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    while more := self.request.recv(65536):  # a body comes after its head
                        heard += more
                outer.heard.append(heard)
                self.request.sendall(answer)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self.server.shutdown()
        self.server.server_close()


PLAIN = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("product", PRODUCTS)
def test_a_server_that_speaks_http_hears_nothing(product, verify):
    with Listener(PLAIN) as listener:
        result = Secure(product, None).ask(url=f"https://127.0.0.1:{listener.port}", validate_certs=verify)
    error = refused(result, "TLS connection was refused")
    assert "check scheme and port in url" in error["hint"]
    assert listener.heard
    for heard in listener.heard:
        assert heard[:2] == b"\x16\x03"  # a TLS handshake, and no second try without it
        assert not any(secret.encode() in heard for secret in CREDENTIALS)
        assert not re.search(rb"POST|GET|HTTP/1", heard)


class Redirecting:
    """An https server that sends every request elsewhere."""

    def __init__(self, context, elsewhere, status):
        self.paths = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                """Silence."""

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.paths.append(self.path)
                self.send_response(status)
                self.send_header("Location", elsewhere + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_http_sends_nothing_there(secure, status):
    case = secure()
    server = Redirecting(case.certificates.context, case.simulator.origin(case.platform), status)
    try:
        base = urlsplit(case.simulator.url(case.platform)).path
        result = case.ask(url=server.url + base, ca_path=case.certificates.ca)
    finally:
        server.stop()
    assert result["error"]["kind"] == "protocol" and "redirects to another place, http://127.0.0.1" in result["msg"]
    assert len(server.paths) == 1 and not case.arrived()


# -- proxies -----------------------------------------------------------------------------------------------------------


class Proxy:
    """A forward proxy on loopback: CONNECT for https, whole addresses for http; it can ask for a password."""

    def __init__(self, ask_password=False):
        self.connects, self.forwarded, self.authorizations, self.bytes = [], [], [], b""
        self._lock = threading.Lock()
        outer = self
        wanted = "Basic " + base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format, *args):
                """Silence."""

            def allowed(self):
                outer.authorizations.append(self.headers.get("Proxy-Authorization"))
                if not ask_password or self.headers.get("Proxy-Authorization") == wanted:
                    return True
                self.send_response(407, "Proxy Authentication Required")
                self.send_header("Proxy-Authenticate", "Basic")
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.close_connection = True
                return False

            def do_CONNECT(self):
                outer.connects.append(self.path)
                if not self.allowed():
                    return
                host, _colon, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as server:
                    self.send_response(200, "Connection established")
                    self.end_headers()
                    back = threading.Thread(target=outer.pump, args=(server, self.connection), daemon=True)
                    back.start()
                    outer.pump(self.connection, server)
                    back.join(5)
                self.close_connection = True

            def do_GET(self):
                outer.forwarded.append(self.path)
                if not self.allowed():
                    return
                target = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                lines = [f"{self.command} {target.path}{'?' + target.query if target.query else ''} HTTP/1.1"]
                kept = {**dict(self.headers.items()), "Connection": "close"}
                lines += [f"{name}: {value}" for name, value in kept.items() if not name.lower().startswith("proxy-")]
                with socket.create_connection((target.hostname, target.port)) as server:
                    server.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
                    server.settimeout(10)
                    outer.pump(server, self.connection)
                self.close_connection = True

            do_POST = do_PUT = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def pump(self, source, target):
        try:
            while block := source.recv(65536):
                with self._lock:
                    self.bytes += block
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has gone

    def url(self, password=None):
        user = f"{PROXY_USER}:{quote(password, safe='')}@" if password else ""
        return f"http://{user}127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def proxies():
    made = []

    def make(**kind):
        made.append(Proxy(**kind))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def told(result, *secrets):
    """Which of these texts a result shows."""
    return [secret for secret in secrets if secret in repr(result)]


def test_https_through_a_proxy(secure, proxies):
    case, proxy = secure(), proxies()
    good(case.ask(ca_path=case.certificates.ca, proxy=proxy.url()))
    assert case.arrived() and set(proxy.connects) == {urlsplit(case.simulator.origin(case.platform, tls=True)).netloc}
    assert not proxy.forwarded and len(proxy.bytes) > 1000
    assert not any(secret.encode() in proxy.bytes for secret in CREDENTIALS)
    # A proxy does not make a bad certificate good.
    case.simulator.log.clear()
    refused(case.ask(proxy=proxy.url()), "ca_path")
    assert not case.arrived()


def test_http_through_a_proxy(secure, proxies):
    case, proxy = secure(), proxies()
    good(case.ask(url=case.simulator.url(case.platform), proxy=proxy.url().replace("http://", "")))
    assert len(proxy.forwarded) == len(case.arrived()) > 0 and not proxy.connects


def test_the_proxys_password(secure, proxies):
    case, proxy = secure(), proxies(ask_password=True)
    ca = case.certificates.ca
    result = good(case.ask(ca_path=ca, proxy=proxy.url(PROXY_PASSWORD)))
    assert case.arrived() and not any("proxy-authorization" in entry.headers for entry in case.arrived())
    assert not told(result, PROXY_PASSWORD, quote(PROXY_PASSWORD, safe=""))

    case.simulator.log.clear()
    for password in (None, "not+this/one"):
        proxy.connects.clear()
        result = case.ask(ca_path=ca, proxy=proxy.url(password), retries=5)
        assert result["error"]["kind"] == "unreachable" and "proxy" in result["msg"] and "407" in result["msg"]
        assert "user name and password in proxy" in result["error"]["hint"]
        assert len(proxy.connects) == 1, "a refused password must not be tried again"
        assert not told(result, "not+this/one", quote("not+this/one", safe=""), PROXY_USER)
    assert not case.arrived()

    result = case.ask(url=case.simulator.url(case.platform), proxy=proxy.url("not+this/one"))
    assert "proxy" in result["msg"] and not told(result, "not+this/one")
    assert not case.arrived()


def test_the_proxys_password_is_secret_in_every_form(secure):
    case = secure()
    given = f"{PROXY_USER}:{quote(PROXY_PASSWORD, safe='')}@127.0.0.1:1"
    for proxy in (given, "http://" + given):
        for mistake in ({}, {"timeout": 0}, {"timezone": f"Mars/{quote(PROXY_PASSWORD, safe='')}"}):
            result = case.ask(**{"proxy": proxy, "retries": 0, **mistake})
            assert result["failed"] and not told(result, PROXY_PASSWORD, quote(PROXY_PASSWORD, safe=""))


def test_a_dead_proxy_is_named(secure, proxies):
    case, proxy = secure(), proxies()
    proxy.stop()
    for tls in (True, False):
        url = case.simulator.url(case.platform, tls=tls)
        result = case.ask(url=url, ca_path=case.certificates.ca, proxy=proxy.url(PROXY_PASSWORD), retries=0)
        assert result["error"]["kind"] == "unreachable" and result["error"]["hint"] == "Check proxy."
        assert "the proxy does not answer: Connection refused" in result["msg"]
        assert not told(result, PROXY_PASSWORD, quote(PROXY_PASSWORD, safe=""))
    assert not case.arrived()


def test_the_proxy_of_the_environment(secure, proxies, monkeypatch):
    case, proxy = secure(), proxies()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url())
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    good(case.ask(ca_path=case.certificates.ca))
    assert proxy.connects
    proxy.connects.clear()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    good(case.ask(ca_path=case.certificates.ca))
    assert not proxy.connects


@pytest.mark.parametrize("proxy", ["http://", "http://proxy.example.com:99999", "http://:3128"])
def test_a_proxy_that_is_no_address(proxy):
    error = Secure("nakivo", None).ask(url="https://127.0.0.1:1", proxy=proxy)["error"]
    assert error["kind"] == "invalid" and error["message"].startswith("proxy: ")


def test_the_listener_would_hear_a_password():
    """The counterpart of the tests above: without TLS the password is what arrives."""
    with Listener(PLAIN) as listener:
        Secure("commvault", None).ask(url=f"http://127.0.0.1:{listener.port}", retries=0)
    assert any(secret.encode() in listener.heard[0] for secret in CREDENTIALS)
