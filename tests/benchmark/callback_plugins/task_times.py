# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the seconds that each task took, for the benchmark per_task."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_times
type: aggregate
short_description: Seconds of each task
description: Writes them as JSON into the file that the environment variable TASK_TIMES names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.begun = 0.0
        self.times = []

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.begun = time.perf_counter()

    def v2_runner_on_ok(self, result):
        task = result.task if hasattr(result, "task") else result._task
        self.times.append((task.get_name(), time.perf_counter() - self.begun))

    def v2_playbook_on_stats(self, stats):
        with open(os.environ["TASK_TIMES"], "w", encoding="utf-8") as file:
            json.dump(self.times, file)
