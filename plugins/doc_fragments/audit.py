# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every mutating module says about its trail."""

    DOCUMENTATION = r"""
options:
  reason:
    description: Why this is done. It stands in RV(audit) and O(audit_log).
    type: str
  audit_log:
    description:
      - A file on the controller to which the entries of RV(audit) are added, one JSON object a line. It gets the mode 0600.
      - A folder that is missing is made with the mode 0700. A file to which nothing can be added is an error before anything is done.
      - It does not go together with C(async).
      - Nothing is written in check mode. What was done is written also when the task failed half-way.
    type: path
"""
