# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``simulator`` and ``ansible_collections.backupops.jobs`` importable, however pytest was started."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent


def _prepend(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _collection_is_known() -> bool:
    # ansible-test has an importer of its own, which must stay the only one.
    try:
        return importlib.util.find_spec("ansible_collections.backupops.jobs") is not None
    except ModuleNotFoundError:
        return False


_prepend(TESTS)
if not _collection_is_known():
    # A fresh clone, and pytest without make: the same link that the Makefile makes.
    link = ROOT / "tree" / "ansible_collections" / "backupops" / "jobs"
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # there already, or another worker of xdist was faster
        link.symlink_to(Path("..") / ".." / "..")
    _prepend(ROOT / "tree")


with contextlib.suppress(ImportError):  # the simulator's own programs do without it
    import hypothesis

    # How long an example takes says more of the machine than of the code.
    patient = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
    hypothesis.settings.register_profile("gate", **patient)
    # ansible-test repeats the unit tests on other releases: what those could change shows in few examples.
    hypothesis.settings.register_profile("again", max_examples=25, **patient)
    repeated = "ansible_pytest_collections" in os.environ.get("PYTEST_PLUGINS", "")
    hypothesis.settings.load_profile("again" if repeated else "gate")
