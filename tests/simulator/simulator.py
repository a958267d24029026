# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as an object: products, clock, faults, log, and a control port for other processes."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .certificates import Certificates
from .clock import Clock
from .faults import Faults
from .products import NAMES, product_class
from .request_log import RequestLog
from .server import Server
from .snapshot import given, taken


class Simulator:
    """Runs the given products on free ports of loopback, in threads of this process.

    ``options`` holds one dict of switches per product (see each product's class). With ``tls`` (a Certificates) every
    product is served on https too: ``url(name, tls=True)``.
    """

    def __init__(
        self,
        products: tuple = NAMES,
        options: dict[str, dict] | None = None,
        start: float | None = None,
        speed: float = 1.0,
        tls: Certificates | None = None,
        ports: dict[str, int] | None = None,
    ) -> None:
        self.clock = Clock(start, speed)
        self.faults = Faults()
        self.log = RequestLog()
        self.tls = tls
        self.products: dict[str, Any] = {}
        self._servers: dict[tuple[str, bool], Server] = {}
        for name in products:
            product = product_class(name)(self.clock, **((options or {}).get(name) or {}))
            self.products[name] = product
            self._servers[name, False] = Server(product, self.faults, self.log, (ports or {}).get(name, 0))
            if tls:
                self._servers[name, True] = Server(product, self.faults, self.log, 0, tls.context)
        self._control = _ControlServer(self, (ports or {}).get("control", 0))
        self.stopped = threading.Event()

    def __getitem__(self, name: str) -> Any:
        return self.products[name]

    def url(self, name: str, tls: bool = False) -> str:
        """The base address as the product's documentation would give it."""
        return self._servers[name, tls].address + self.products[name].base_path

    def origin(self, name: str, tls: bool = False) -> str:
        """Scheme, host and port only."""
        return self._servers[name, tls].address

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self._control.server_port}"

    def addresses(self) -> dict[str, str]:
        """All addresses: ``control``, each product, and ``<product>_https`` with TLS."""
        found = {"control": self.control_url}
        for name, tls in self._servers:
            found[name + ("_https" if tls else "")] = self.url(name, tls)
        if self.tls:
            found["ca"] = self.tls.ca
        return found

    def keep(self, name: str) -> bytes:
        """The whole state of a product, for ``put_back``. The clock is not part of it."""
        return taken(self.products[name])

    def put_back(self, name: str, kept: bytes) -> Any:
        """Serve the product as it was kept; the object is another one. Set the clock first."""
        product = self.products[name] = given(kept, self.clock)
        for (served, _tls), server in self._servers.items():
            if served == name:
                server.product = product
        return product

    def set_latency(self, seconds: float) -> None:
        for server in self._servers.values():
            server.latency = float(seconds)

    def start(self) -> Simulator:
        for server in self._servers.values():
            server.start()
        threading.Thread(target=self._control.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        for server in self._servers.values():
            server.stop()
        self._control.shutdown()
        self._control.server_close()
        self.stopped.set()

    __enter__ = start

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class _ControlServer(ThreadingHTTPServer):
    """The test's hand from another process. Everything is JSON; see CALLS for what it answers."""

    daemon_threads = True

    def __init__(self, simulator: Simulator, port: int) -> None:
        super().__init__(("127.0.0.1", port), _ControlHandler)
        self.simulator = simulator

    def answer(self, method: str, path: str, query: dict, body: dict) -> Any:
        sim = self.simulator
        call = (method, path.rstrip("/") or "/")
        if call == ("GET", "/"):
            return sim.addresses()
        if call == ("GET", "/clock"):
            return {"now": sim.clock.now(), "speed": sim.clock.speed}
        if call == ("POST", "/clock"):
            if "speed" in body:
                sim.clock.speed = body["speed"]
            if "set" in body:
                sim.clock.set(body["set"])
            sim.clock.advance(body.get("advance", 0))
            return {"now": sim.clock.now(), "speed": sim.clock.speed}
        if call == ("GET", "/log"):
            writes = {"1": True, "0": False}.get(query.get("writes", ""))
            return sim.log.as_list(query.get("product", ""), writes)
        if call == ("DELETE", "/log"):
            return sim.log.clear()
        if call == ("GET", "/faults"):
            return sim.faults.as_list()
        if call == ("POST", "/faults"):
            sim.faults.add(**body)
            return sim.faults.as_list()
        if call == ("DELETE", "/faults"):
            return sim.faults.clear()
        if call == ("POST", "/latency"):
            return sim.set_latency(body["seconds"])
        if call == ("POST", "/stop"):
            threading.Timer(0.1, sim.stop).start()
            return None
        parts = path.strip("/").split("/")
        if method == "GET" and parts[0] == "state" and len(parts) == 2:
            product = sim.products[parts[1]]
            with product.lock:
                product.progress(sim.clock.now())
                return product.state()
        if method == "POST" and parts[0] == "products" and len(parts) == 3:
            return sim.products[parts[1]].control(parts[2], body)
        raise KeyError(f"no such call: {method} {path}")


class _ControlHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ControlServer

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            answer = self.server.answer(self.command, url.path, dict(parse_qsl(url.query)), json.loads(raw or b"{}"))
            status = 200
        except (KeyError, TypeError, ValueError) as error:
            status, answer = 400, {"error": str(error)}
        body = json.dumps(answer).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve
