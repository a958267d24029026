# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetApp BlueXP backup and recovery (``cloudmanager_cbs``) as a simulated product.

``bluexp.py`` is the product (switches, accounts, controls), ``estate.py`` what it protects at the start,
``records.py`` the things it keeps, and each ``*_calls.py`` one group of its API.
"""

from __future__ import annotations

from .bluexp import NetappBluexp  # noqa: F401
