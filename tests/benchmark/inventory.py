# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory of 10,000 jobs, against the same hosts in a static YAML file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from measuring import PASSWORD, Row, median, ratio, rounds, simulated

ABOUT = """\
`backupops.jobs.jobs` makes hosts of 10,000 NAKIVO jobs; the same hosts with the same variables stand in a YAML file. The
jobs are downloaded once, before. With whole records instead of ten fields the file would have a hundred megabytes. One
round, for the file takes minutes."""

JOBS = 10_000
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


def measure(_number: int) -> Iterator[Row]:
    from ansible_collections.backupops.jobs.plugins.plugin_utils import plugin_options

    ask = plugin_options.ask
    answers: list = []

    def remembered(run: Any, params: dict) -> Any:
        if not answers:
            answers.append(ask(run, params))
        return answers[0]

    plugin_options.ask = remembered
    try:
        with tempfile.TemporaryDirectory() as folder, simulated("nakivo") as sim:
            sim.control("/products/nakivo/load", {"jobs": JOBS})
            dynamic, static = Path(folder) / "backupops.yml", Path(folder) / "static.yml"
            options = {
                "plugin": "backupops.jobs.jobs", "platform": "nakivo", "url": sim.url("nakivo"), "username": "admin",
                "password": PASSWORD, "fields": FIELDS,
            }  # fmt: skip
            dynamic.write_text(yaml.safe_dump(options), "utf-8")
            hosts = {
                name: {key: _plain(host.vars[key]) for key in host.vars if key.startswith("backupops_")}
                for name, host in _load(dynamic).hosts.items()
            }
            assert len(hosts) >= JOBS
            dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
            dumper.ignore_aliases = lambda *_: True
            static.write_text(yaml.dump({"all": {"hosts": hosts}}, Dumper=dumper, allow_unicode=True), "utf-8")
            ways = {"static": lambda: _load(static), "dynamic": lambda: _load(dynamic)}
            found = rounds(ways, 1, warm=False)
    finally:
        plugin_options.ask = ask
    yield Row("static YAML", median(found, "static"), None, None, f"{len(hosts)} hosts")
    yield Row("backupops.jobs.jobs", median(found, "dynamic"), ratio(found, "dynamic", "static"), 1.5)


def _load(path: Path) -> Any:
    """InventoryManager's data."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    return InventoryManager(DataLoader(), sources=[str(path)])


def _plain(value: object) -> object:
    """Without the marks of ansible-core, so that YAML can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    # A plain copy of what is more than a str.
    return str.__str__(value) if isinstance(value, str) else value
