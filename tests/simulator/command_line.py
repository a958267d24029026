# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's command line.

``run`` stays in the foreground; ``start`` puts it in the background and returns when it answers; ``stop`` ends it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from .certificates import Certificates
from .products import NAMES
from .simulator import Simulator


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python tests/simulator", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("run", "start"):
        sub = verbs.add_parser(verb, help=f"{verb} the simulator")
        sub.add_argument("--state-file", help="write the addresses there as JSON (needed by start and stop)")
        sub.add_argument("--products", default=",".join(NAMES), help="comma list; default: all four")
        sub.add_argument("--options", default="{}", help='switches per product, JSON: {"nakivo": {"version": "10.11"}}')
        sub.add_argument("--port", action="append", default=[], metavar="NAME=PORT", help="fixed port; 0 is a free one")
        sub.add_argument("--speed", type=float, default=1.0, help="seconds of simulated time per second")
        sub.add_argument("--time", type=float, default=None, help="simulated start, seconds since the epoch")
        sub.add_argument("--tls", action="store_true", help="serve https as well (package trustme)")
        sub.add_argument("--life", type=float, default=0, help="end by itself after so many seconds (0 = never)")
    sub = verbs.add_parser("stop", help="end a simulator started with start")
    sub.add_argument("--state-file", required=True)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="backupops-sim-") as folder:
        simulator = Simulator(
            products=tuple(arguments.products.split(",")),
            options=json.loads(arguments.options),
            start=arguments.time,
            speed=arguments.speed,
            tls=Certificates(folder) if arguments.tls else None,
            ports={name: int(port) for name, _sep, port in (p.partition("=") for p in arguments.port)},
        ).start()
        text = json.dumps({**simulator.addresses(), "pid": os.getpid()})
        if arguments.state_file:
            # Readers wait for the file: it must never be seen half-written.
            with open(arguments.state_file + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(arguments.state_file + ".new", arguments.state_file)
        print(text, flush=True)
        signal.signal(signal.SIGTERM, lambda *_: simulator.stopped.set())
        try:
            simulator.stopped.wait(arguments.life or None)
        except KeyboardInterrupt:
            pass
    return 0


def _start(arguments: argparse.Namespace, argv: list[str]) -> int:
    if not arguments.state_file:
        print("start needs --state-file: stop reads the process from it", file=sys.stderr)
        return 2
    if os.path.exists(arguments.state_file):
        os.remove(arguments.state_file)
    entry = os.path.dirname(os.path.abspath(__file__))
    with open(arguments.state_file + ".log", "w", encoding="utf-8") as log:
        child = subprocess.Popen(
            [sys.executable, entry, "run", *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 30
    while not os.path.exists(arguments.state_file):
        if child.poll() is not None or time.monotonic() > deadline:
            with open(arguments.state_file + ".log", encoding="utf-8") as log:
                print("the simulator did not start:\n" + log.read(), file=sys.stderr)
            return 1
        time.sleep(0.02)
    with open(arguments.state_file, encoding="utf-8") as file:
        print(file.read())
    return 0


def _stop(arguments: argparse.Namespace) -> int:
    try:
        with open(arguments.state_file, encoding="utf-8") as file:
            control = json.load(file)["control"]
    except FileNotFoundError:
        return 0
    try:
        urllib.request.urlopen(urllib.request.Request(control + "/stop", method="POST"), timeout=10).close()
    except OSError:
        pass  # it is gone already
    os.remove(arguments.state_file)
    return 0


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser().parse_args(argv)
    if arguments.verb == "stop":
        return _stop(arguments)
    return _run(arguments) if arguments.verb == "run" else _start(arguments, argv)
