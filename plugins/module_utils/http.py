# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The one HTTP client: requests with retries for reads, no second try for writes. Private to this collection.

It knows no product: what a status or a body means is the product client's business. It never follows a redirect to
another origin, reads no .netrc, and verifies certificates unless told otherwise.
"""

from __future__ import annotations

import email.utils
import random
import re
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

from ansible_collections.backupops.jobs.plugins.module_utils import libraries
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    BackupOpsError,
    LostAnswer,
    ProtocolError,
    RateLimited,
    TlsError,
    Unreachable,
)
from ansible_collections.backupops.jobs.plugins.module_utils.libraries import requests, urllib3
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import excerpt

#: Statuses that say "later": a read is tried again.
RETRY_STATUSES = (429, 502, 503, 504)
#: Of these, the ones after which nobody knows whether a write was done.
LOST_STATUSES = (502, 503, 504)
BACKOFF_S = 0.5
BACKOFF_MAX_S = 30
#: A server that asks for a longer pause gets an error instead: a task must not sleep for an hour unseen.
RETRY_AFTER_MAX_S = 120
MAX_REDIRECTS = 5
#: Who may send, besides the id of a thread (which is never 0).
_ANYBODY, _NOBODY = None, 0

#: What TLS complains of -> what to do about it; the first that fits.
_TLS_HINTS = (
    (r"mismatch|doesn't match", "Use a name in url for which the server's certificate was made."),
    (r"has expired|not yet valid", "Renew the server's certificate, and check the clocks."),
    (
        r"alert|handshake|EOF occurred",
        "If the server asks for a certificate of yours, set client_cert and client_key to one that it accepts.",
    ),
    (r"verify failed", "Set ca_path to the file of the authority that signed the server's certificate."),
    (r"", "Look whether this port speaks TLS: check scheme and port in url."),
)

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)


if urllib3 is not None:

    class _Patience(urllib3.util.Retry):
        """urllib3's retry with jitter and with sleeps that an Ansible timeout can break (at most 1 s at a time)."""

        def sleep(self, response=None):
            asked = self.get_retry_after(response) if response is not None else None
            pause(asked if asked else self.get_backoff_time() * random.uniform(0.5, 1.0))

        def is_retry(self, method, status_code, has_retry_after=False):
            return status_code in RETRY_STATUSES and super().is_retry(method, status_code, has_retry_after)

        def increment(self, method=None, url=None, response=None, error=None, _pool=None, _stacktrace=None):
            asked = self.get_retry_after(response) if response is not None else None
            if asked and asked > RETRY_AFTER_MAX_S:
                raise urllib3.exceptions.MaxRetryError(_pool, url, urllib3.exceptions.ResponseError("Retry-After"))
            if _final(error):
                raise urllib3.exceptions.MaxRetryError(_pool, url, error)
            return super().increment(method, url, response, error, _pool, _stacktrace)


def pause(seconds):
    """Sleep, at most 1 s at a time."""
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 1.0))


def origin(url):
    """``(scheme, host, port)`` of a url, in lower case and with the scheme's port when none is given."""
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


class HttpClient:
    """Calls to one base url.

    ``settings`` has url, validate_certs, ca_path, client_cert, client_key, proxy, timeout (s), retries, rate_limit
    (requests/s, 0 = none) and concurrency, as in the connection options. ``redact`` removes secrets from a text.
    """

    def __init__(self, settings, redact=lambda text: text):
        libraries.need_requests()
        self.base = settings.url.rstrip("/")
        self.timeout = settings.timeout
        self.concurrency = max(1, settings.concurrency)
        self.redact = redact
        #: Server clock minus ours in seconds, of the last answer that had a Date; None before.
        self.clock_offset = None
        self._gap = 1.0 / settings.rate_limit if settings.rate_limit else 0
        self._next_start = 0.0
        self._pace = threading.Lock()
        self._sender = _ANYBODY
        self._retries = settings.retries
        self._reader = self._session(settings, self._retries)
        self._writer = self._session(settings, 0)
        self._writer.cookies = self._reader.cookies
        self.cookies = self._reader.cookies

    @staticmethod
    def _session(settings, retries):
        session = requests.Session()
        # Proxies are looked up below; the rest of the environment (.netrc!) must not add credentials of its own.
        session.trust_env = False
        session.verify = (settings.ca_path or True) if settings.validate_certs else False
        if not settings.validate_certs:  # the user has said so; a line for each request tells nothing new
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if settings.client_cert:
            session.cert = (settings.client_cert, settings.client_key) if settings.client_key else settings.client_cert
        if settings.proxy:
            session.proxies = {"http": settings.proxy, "https": settings.proxy}
        else:
            session.proxies = requests.utils.get_environ_proxies(settings.url)
        patience = _Patience(
            total=retries,
            backoff_factor=BACKOFF_S,
            status_forcelist=RETRY_STATUSES,
            allowed_methods=None,  # which calls are reads is the caller's knowledge: some products read through POST
            respect_retry_after_header=True,
            raise_on_status=False,
            redirect=0,
        )
        adapter = requests.adapters.HTTPAdapter(max_retries=patience, pool_maxsize=max(10, settings.concurrency))
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def url(self, path):
        return path if path.startswith(("http://", "https://")) else self.base + "/" + path.lstrip("/")

    def request(self, method, path, read=True, headers=None, params=None, json=None, data=None, connect_again=False):
        """Send one request and return the ``requests.Response``, whatever its status.

        A read is retried on 429, 502, 503, 504 and on lost connections. A write is sent once: LostAnswer says that it
        may have been done; with ``connect_again`` it is retried while no connection, so no request, comes about. Raises
        Unreachable, TlsError, RateLimited, ProtocolError.
        """
        url = self.url(path)
        for _hop in range(MAX_REDIRECTS + 1):
            response = self._send(method, url, read, headers, params, json, data, connect_again)
            if response.status_code not in (301, 302, 303, 307, 308):
                return self._checked(response, method, read)
            url = self._redirected(response, method, url)
            params = None
        raise ProtocolError("{0} redirects in a circle.".format(self._name(method, url)), hint="Check url.")

    def _send(self, method, url, read, headers, params, json, data, connect_again):
        session = self._reader if read else self._writer
        attempt = 0
        while True:
            attempt += 1
            self._wait_for_turn()
            if self._sender not in (_ANYBODY, threading.get_ident()):
                raise BackupOpsError("{0} is not sent: the task has ended.".format(self._name(method, url)))
            try:
                return session.request(
                    method, url, headers=headers, params=params, json=json, data=data, timeout=self.timeout,
                    allow_redirects=False,
                )  # fmt: skip
            except OSError as error:  # RequestException is one; a missing certificate file is a plain one
                # urllib3 has retried what fails before the body; a body that breaks off is ours to retry.
                again = _broke_off(error) if read else connect_again and _never_sent(_reason(error))
                if again and attempt <= self._retries:
                    pause(min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))
                    continue
                raise self._explained(error, method, url, read) from error
            except UnicodeError as error:  # http.client, of a header; its words would show the header
                raise ProtocolError(
                    "{0} cannot be sent: the token or cookie has characters that no token has.".format(
                        self._name(method, url)
                    ),
                    hint="Check token if it is given, and url.",
                ) from error

    def _wait_for_turn(self):
        if not self._gap:
            return
        with self._pace:
            now = time.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._gap
        pause(start - now)

    def _checked(self, response, method, read):
        stated = response.headers.get("Date")
        if stated:
            try:
                self.clock_offset = round(email.utils.parsedate_to_datetime(stated).timestamp() - time.time())
            except (TypeError, ValueError):
                pass  # a server with a broken Date still has answered
        status = response.status_code
        if status == 407:
            raise self._refused_by_proxy(self._name(method, response.url), "HTTP 407", status)
        if status == 429:
            raise RateLimited(
                "{0} was refused because of too many requests.".format(self._name(method, response.url)),
                hint="Set rate_limit, lower concurrency, or try again in {0} s.".format(
                    response.headers.get("Retry-After", "some")
                ),
                status=status,
            )
        if status in LOST_STATUSES:
            kind = Unreachable if read else LostAnswer
            raise kind(
                "{0} was answered with HTTP {1}: the server or a proxy before it is not available.".format(
                    self._name(method, response.url), status
                ),
                hint="Try again later.",
                status=status,
            )
        return response

    def _redirected(self, response, method, url):
        target = urljoin(url, response.headers.get("Location") or "")
        if origin(target) != origin(url):
            raise ProtocolError(
                "{0} redirects to another place, {1}: nothing is sent there.".format(
                    self._name(method, url), self.redact("{0}://{1}:{2}".format(*origin(target)))
                ),
                hint="If that is the right server, set url to it.",
                status=response.status_code,
            )
        if method != "GET":
            raise ProtocolError(
                "{0} redirects to {1}, and only reads follow a redirect.".format(
                    self._name(method, url), self.redact(urlsplit(target).path)
                ),
                hint="Set url to the address that the product's documentation gives.",
                status=response.status_code,
            )
        return target

    def _name(self, method, url):
        parts = urlsplit(url)
        return self.redact("{0} {1}://{2}{3}".format(method, parts.scheme, parts.netloc.rpartition("@")[2], parts.path))

    def _explained(self, error, method, url, read):
        """The error of ours for an exception of requests."""
        name = self._name(method, url)
        text = self.redact(_innermost(error))
        reason = _reason(error)
        if not isinstance(error, requests.exceptions.RequestException):
            return TlsError("{0}.".format(self.redact(str(error))), hint="Check ca_path, client_cert and client_key.")
        if isinstance(error, requests.exceptions.SSLError) or isinstance(reason, urllib3.exceptions.SSLError):
            hint = next(hint for words, hint in _TLS_HINTS if re.search(words, text))
            return TlsError("{0}: the TLS connection was refused: {1}.".format(name, text), hint=hint)
        if isinstance(reason, urllib3.exceptions.ResponseError):
            return RateLimited("{0}: the server asks for a very long pause.".format(name), hint="Try again later.")
        if isinstance(error, requests.exceptions.ProxyError):
            if " 407" in text:
                return self._refused_by_proxy(name, text)
            return Unreachable("{0}: the proxy does not answer: {1}.".format(name, text), hint="Check proxy.")
        refused = isinstance(reason, urllib3.exceptions.NewConnectionError)  # which counts as a timeout in urllib3 2
        slow = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
        if not refused and (isinstance(error, slow) or isinstance(reason, slow)):
            unsent = isinstance(error, requests.exceptions.ConnectTimeout) or _never_sent(reason)
            kind = Unreachable if read or unsent else LostAnswer
            return kind(
                "{0}: no {1} within {2} s.".format(name, "connection" if unsent else "answer", self.timeout),
                hint="Check url, or raise timeout.",
            )
        if isinstance(error, requests.exceptions.ConnectionError) or _broke_off(error):
            kind = Unreachable if read or _never_sent(reason) else LostAnswer
            return kind("{0}: no connection: {1}.".format(name, text), hint="Check url, the port and the firewall.")
        return ProtocolError("{0}: {1}.".format(name, text), hint="Check url and proxy.")

    @staticmethod
    def _refused_by_proxy(name, text, status=None):
        return Unreachable(
            "{0}: the proxy refused it: {1}.".format(name, text),
            hint="Put user name and password in proxy, as in http://name:password@proxy.example.com:3128.",
            status=status,
        )

    # -- bodies ------------------------------------------------------------------------------------------------------

    def json(self, response):
        """The body as JSON. Raises ProtocolError that tells a web page or a cut body from JSON."""
        try:
            # NaN and Infinity are no JSON, and no value: Python alone would take them, and hand them on.
            return response.json(parse_constant=lambda _word: None)
        except ValueError as error:
            name = self._name(response.request.method, response.url)
            text = response.text
            title = _TITLE.search(text)
            if title or text.lstrip()[:1] == "<":
                what = "a web page"
                if title:
                    what += " titled {0!r}".format(excerpt(title.group(1), self.redact, 100))
                hint = "Check url: this looks like another service, a login page or a proxy."
            elif not text.strip():
                what, hint = "empty", "Check url and the product's service."
            else:
                what, hint = "cut off or not JSON", "Try again; if it stays, a proxy may cut the answers."
            raise ProtocolError(
                self.redact("The answer of {0} is {1}, JSON was expected.".format(name, what)),
                hint=hint,
                status=response.status_code,
            ) from error

    # -- several at a time -------------------------------------------------------------------------------------------

    def map(self, function, arguments):
        """``function(argument)`` for each argument, ``concurrency`` at a time; yields the results in order.

        Few results are held at a time. After an error, or when the caller stops, no further call is started.
        """
        return map_concurrent(function, arguments, self.concurrency)

    def stop_others(self):
        """From now on only the calling thread sends: what other threads are in the middle of goes no further."""
        self._sender = threading.get_ident()

    def close(self):
        """From now on nobody sends."""
        self._sender = _NOBODY
        self._reader.close()
        self._writer.close()


def map_concurrent(function, arguments, concurrency):
    """See HttpClient.map."""
    arguments = iter(arguments)
    if concurrency == 1:
        for argument in arguments:
            yield function(argument)
        return
    pool = ThreadPoolExecutor(max_workers=concurrency)
    pending = []
    try:
        for argument in arguments:
            pending.append(pool.submit(function, argument))
            if len(pending) >= 2 * concurrency:
                yield pending.pop(0).result()
        while pending:
            yield pending.pop(0).result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _reason(error):
    """The urllib3 exception inside an exception of requests."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or inner


def _final(error):
    """Whether it is of no use to try a connection again: a certificate or a password gets no better by waiting."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return not isinstance(_deepest(error), ssl.SSLEOFError)
    return isinstance(error, urllib3.exceptions.ProxyError) and re.search(r"failed: 4\d\d", str(error)) is not None


def _deepest(error):
    """The exception at the bottom: of the operating system or of TLS, where there is one."""
    inner = next((one for one in error.args if isinstance(one, Exception)), None)
    return error if inner is None else _deepest(inner)


def _innermost(error):
    """The shortest true words of an exception: what the operating system or TLS said."""
    reason = _reason(error)
    deepest = _deepest(reason if isinstance(reason, Exception) else error)
    text = str(getattr(deepest, "strerror", None) or deepest)
    # Objects' addresses before it, and the place in OpenSSL's source after it, tell a reader nothing.
    text = re.sub(
        r"^<?[\w.]*(?:Connection|Error|Pool)[\w.]*(?:\([^)]*\))?(?: object at 0x[0-9a-f]+>?)?[:,]\s*", "", text
    )
    found = re.search(r"\[Errno -?\d+\] ([^'\")>]+)", text)
    text = found.group(1) if found else re.sub(r"^\[[^\]]+\] | \(_ssl\.c:\d+\)$", "", text)
    return text.strip(' ."()')


def _broke_off(error):
    return isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)) or (
        isinstance(error, requests.exceptions.ConnectionError)
        and isinstance(_reason(error), urllib3.exceptions.IncompleteRead)
    )


def _never_sent(reason):
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))
