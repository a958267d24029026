# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful stand-in for four backup products, for tests, demos and playbook authors.

Use it from Python (``with Simulator() as sim: sim.url("nakivo")``) or from a shell (``python tests/simulator run``).
It needs nothing but the standard library (``--tls`` also wants the package trustme).
"""

from __future__ import annotations

from .certificates import Certificates  # noqa: F401
from .simulator import Simulator  # noqa: F401
