# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection costs, as ratios to the plain way of doing the same on the same machine in the same minute.

Seconds differ from machine to machine and from hour to hour, ratios much less. A measure has rounds; in each round all
ways take their turn, and the median over the rounds counts.

    python tests/benchmark                       all
    python tests/benchmark list_runs per_task    these only
    python tests/benchmark --rounds 5 bulk_action
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tree"), HERE]

NAMES = ("list_runs", "per_task", "session_cache", "bulk_action", "inventory", "job_operation", "report")


def load_plugins() -> None:
    """Import the collection as Ansible does, before anything else imports it: only so its plugins are found."""
    # Read by ansible-core at its first import; not for the playbooks that run in processes of their own.
    os.environ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([])
    del os.environ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/benchmark", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in NAMES:
            parser.error(f"no benchmark is called {name!r}; there are {', '.join(NAMES)}")

    load_plugins()
    out = os.path.join(ROOT, "output", "benchmark.md")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:

        def tell(text: str = "") -> None:
            print(text, flush=True)
            file.write(text + "\n")

        tell(f"Python {platform.python_version()}, {os.cpu_count()} processors, {arguments.rounds} rounds")
        for name in arguments.names or NAMES:
            benchmark = importlib.import_module(name)
            tell(f"\n## {name}\n\n{benchmark.ABOUT}\n")
            tell("| what | seconds | ratio | goal | |\n|---|---|---|---|---|")
            for row in benchmark.measure(arguments.rounds):
                tell(str(row))
    print(f"\nThis table is in {os.path.relpath(out)}, too.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
