# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to wait."""

    DOCUMENTATION = r"""
options:
  wait_timeout:
    description:
      - Seconds to wait at most, from the start of the wait. The default is V(14400). Nothing is stopped when they are over.
    type: int
  stall_timeout:
    description:
      - Give up when state, percent, bytes and counts of a run have not moved for so many seconds, being queued included.
        The default, V(0), is never.
    type: int
  wait_interval:
    description: Seconds between two looks. The default is V(10).
    type: int
  on_timeout:
    description: Whether O(wait_timeout) and O(stall_timeout) fail the task or just end the wait. The default is V(fail).
    type: str
    choices: [fail, return]
  accept_results:
    description:
      - Results that are fine. A run that ends with another one fails the task.
      - The default is V(success) and V(warning), and V(cancelled), too, after stopping.
    type: list
    elements: str
    choices: [success, warning, partial, failed, cancelled, skipped, unknown]
  show_progress:
    description:
      - Show a line when the state, percentage or size of a run has changed. The default is V(true).
      - Nothing is shown under C(no_log).
    type: bool
"""
