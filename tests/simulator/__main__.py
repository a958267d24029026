# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python tests/simulator run|start|stop``."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Started by its folder's name there is no package yet: make `simulator` importable.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from simulator.command_line import main

    sys.exit(main())
