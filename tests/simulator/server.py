# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP in front of a product: one thread a connection, keep-alive, faults, log."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from .faults import Faults
from .product import Product, Reply, Request
from .request_log import Entry, RequestLog

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>Service Temporarily Away</title></head><body><h1>It works!</h1></body></html>"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the request log is the log."""

    def _serve(self) -> None:
        path, _sep, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        request = Request(self.command, unquote(path), query, dict(self.headers.items()), body)
        request.scheme = self.server.scheme
        product, log = self.server.product, self.server.log
        label, writes = product.label(request), product.classify(request)
        entry = Entry(
            product.name, request.method, request.path, query, request.headers, body.decode("utf-8", "replace"),
            product.clock.now(), writes, label,
        )  # fmt: skip
        log.add(entry)
        if self.server.latency:
            time.sleep(self.server.latency)
        faults = self.server.faults.strike(product.name, request.method, label, writes)
        entry.fault = [fault.kind for fault in faults]
        reply = None
        for fault in faults:
            if fault.kind == "latency":
                time.sleep(fault.seconds)
            elif fault.kind == "drop_before":
                return self._hang_up()
            elif fault.kind == "expire_token":
                with product.lock:
                    product.expire_tokens()
            elif fault.kind == "html":
                reply = Reply(200, HTML_PAGE, "text/html")
            elif fault.kind == "status":
                headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
                reply = Reply(fault.status, b"", headers=headers)
        if reply is None:
            reply = product.handle(request)
            entry.done = True
        entry.status = reply.status
        kinds = set(entry.fault)
        if "drop_after" in kinds:
            return self._hang_up()
        if "truncate" in kinds:
            reply.body = reply.body[: len(reply.body) // 2]
        announced = len(reply.body)
        if "cut" in kinds:
            reply.body = reply.body[: announced // 2]
        self._send(reply, announced)
        if "cut" in kinds:
            self._hang_up()

    def _send(self, reply: Reply, announced: int) -> None:
        lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}"]
        headers = dict(reply.headers)
        headers.setdefault("Date", self.date_time_string(self.server.product.clock.now()))
        if reply.status != 204:
            headers["Content-Length"] = str(announced)
        for name, value in headers.items():
            lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value])]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" or reply.status == 204 else head + reply.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer was faster

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _serve


class Server(ThreadingHTTPServer):
    """One product on one port of loopback (port 0 = a free one)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, product: Product, faults: Faults, log: RequestLog, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.product, self.faults, self.log, self.latency = product, faults, log, 0.0
        self.scheme = "https" if tls else "http"
        self._tls = tls
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def finish_request(self, request, client_address) -> None:
        # The TLS handshake happens here, in the connection's own thread: a slow peer must not stop the others.
        if self._tls:
            try:
                request = self._tls.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address) -> None:
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError)):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)
