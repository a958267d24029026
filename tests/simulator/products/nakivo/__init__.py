# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NAKIVO Backup & Replication: ``director`` (envelope, sessions, controls), ``calls`` (the RPC methods), ``jobs`` (what
is kept and how it runs), ``job_info`` (what getJobInfo shows), ``schedules``, ``estate`` (what is there at the start).
"""

from __future__ import annotations

from .director import Nakivo  # noqa: F401
