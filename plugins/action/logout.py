# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils.runners import logout
from ansible_collections.backupops.jobs.plugins.plugin_utils.action import RunnerAction


class ActionModule(RunnerAction):
    runner = logout
