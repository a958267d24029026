# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long does an inventory of 10,000 jobs take to load, and how long do the same hosts take from a static YAML file?

``python tests/benchmark/inventory.py [JOBS]``, with ansible-core installed. The jobs are downloaded from the simulator
once; then both inventories are loaded in this process, and their times are compared. Exits
with 1 when the ratio is above LIMIT.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
TREE = TESTS.parent / "tree"
LIMIT = 1.5
#: With whole records the static file would have a hundred megabytes, and the ratio would be better still.
FIELDS = [
    "platform",
    "endpoint",
    "name",
    "type",
    "enabled",
    "state",
    "result",
    "health",
    "next_run_at",
    "last_success_at",
]
PASSWORD = "p@ss+w&rd=1 %é"


def main(jobs: int) -> int:
    sys.path[:0] = [str(TESTS), str(TREE)]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(TREE)
    os.environ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"
    from ansible.plugins.loader import init_plugin_loader

    from simulator import Simulator

    init_plugin_loader([])
    from ansible_collections.backupops.jobs.plugins.plugin_utils import plugin_options

    ask, kept = plugin_options.ask, {}

    def remembered(run, params):
        if "answer" not in kept:
            started = time.perf_counter()
            kept["answer"] = ask(run, params)
            kept["seconds"] = time.perf_counter() - started
        return kept["answer"]

    plugin_options.ask = remembered
    with tempfile.TemporaryDirectory(prefix="backupops-benchmark-") as folder, Simulator(products=("nakivo",)) as sim:
        sim["nakivo"].control("load", {"jobs": jobs})
        dynamic, static = Path(folder) / "backupops.yml", Path(folder) / "static.yml"
        options = {
            "plugin": "backupops.jobs.jobs", "platform": "nakivo", "url": sim.url("nakivo"), "username": "admin",
            "password": PASSWORD, "fields": FIELDS,
        }  # fmt: skip
        dynamic.write_text(yaml.safe_dump(options), "utf-8")
        hosts = {name: host.vars for name, host in load(dynamic)[1].hosts.items()}
        hosts = {
            name: {key: plain(known[key]) for key in known if key.startswith("backupops_")}
            for name, known in hosts.items()
        }
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        dumper.ignore_aliases = lambda *_: True
        static.write_text(yaml.dump({"all": {"hosts": hosts}}, Dumper=dumper, allow_unicode=True), "utf-8")
        times = {}
        for path in (dynamic, static):
            times[path], inventory = load(path)
            assert len(inventory.hosts) == len(hosts) >= jobs
            del inventory
    ratio = times[dynamic] / times[static]
    print(f"{len(hosts)} jobs, download {kept['seconds']:.2f} s (not counted)")
    print(
        f"backupops.jobs.jobs {times[dynamic]:.2f} s, static YAML {times[static]:.2f} s: ratio {ratio:.2f} (limit {LIMIT})"
    )
    return 0 if ratio <= LIMIT else 1


def load(path: Path) -> tuple:
    """``(seconds, InventoryManager's data)``."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    gc.collect()
    started = time.perf_counter()
    inventory = InventoryManager(DataLoader(), sources=[str(path)])
    return time.perf_counter() - started, inventory


def plain(value: object) -> object:
    """Without the marks of ansible-core, so that YAML can hold it."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    # A plain copy of what is more than a str.
    return str.__str__(value) if isinstance(value, str) else value


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
