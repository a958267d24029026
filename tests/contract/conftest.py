# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract tests share: the simulator on the path, and the vendors' API documents."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "tests", ROOT / "tests" / "contract"):  # the simulator, and cases.py
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder of API documents: $BACKUPOPS_SPECS, else a ``shared/specs`` beside the repository, else skip."""
    named = os.environ.get("BACKUPOPS_SPECS")
    folder = Path(named) if named else ROOT.parent / "shared" / "specs"
    if not folder.is_dir():
        pytest.skip("no API documents: set BACKUPOPS_SPECS to the folder that holds them")
    return folder
