# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python imports this by itself where the folder is on PYTHONPATH: the clock then stands at BACKUPOPS_TEST_NOW."""

from __future__ import annotations

import os
import time

if os.environ.get("BACKUPOPS_TEST_NOW"):
    NOW = float(os.environ["BACKUPOPS_TEST_NOW"])
    time.time = lambda: NOW
