# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault campaign: every module and state, on every product, with every fault at every request.

python tests/campaign                           all products, small estates, every single request
python tests/campaign --thorough                whole estates, a second and a third run after each case
python tests/campaign --every-version           the older releases and other shapes of the products, too
python tests/campaign nakivo -s job_action -f "dropped after"
"""

from __future__ import annotations

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROOT = os.path.dirname(TESTS)
sys.path[:0] = [os.path.join(ROOT, "tree"), TESTS, os.path.join(TESTS, "contract"), HERE]


def main() -> int:
    from campaign import PRODUCTS, campaign
    from cases import CASES
    from stage import FAULTS
    from table import Table

    parser = argparse.ArgumentParser(prog="python tests/campaign", description=__doc__.partition("\n")[0])
    parser.add_argument("products", nargs="*", metavar="product", help=f"of {', '.join(CASES)}")
    parser.add_argument("-s", "--scenario", action="append", default=[], help="part of a module's name and state")
    parser.add_argument("-f", "--fault", action="append", choices=list(FAULTS), help="default: all")
    parser.add_argument("--thorough", action="store_true", help="whole estates; takes long")
    parser.add_argument("--every-version", action="store_true", help=f"not only {', '.join(PRODUCTS)}")
    arguments = parser.parse_args()
    for name in arguments.products:
        if name not in CASES:
            parser.error(f"no product is called {name!r}; there are {', '.join(CASES)}")

    table = Table()
    for name in arguments.products or (CASES if arguments.every_version else PRODUCTS):
        for verdict in campaign(name, arguments.scenario, arguments.fault or FAULTS, arguments.thorough):
            table.add(verdict)
            if verdict.complaints:
                print(verdict, flush=True)
    text = "\n".join(table.lines())
    print(text)
    out = os.path.join(ROOT, "output", "campaign.txt")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    print(f"\nThis table is in {os.path.relpath(out)}, too.")
    return 1 if table.total["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
