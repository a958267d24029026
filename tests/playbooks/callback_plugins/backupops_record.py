# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: backupops_record
type: aggregate
short_description: Write each task's result to a file, for the tests
version_added: 1.0.0
description:
  - One JSON object a line, with C(task), C(action), C(seconds) and C(result), as ansible-core hands it to its callbacks.
  - The file is named by the environment variable E(BACKUPOPS_TEST_RECORD); without it nothing is written.
author:
  - backupops.jobs contributors (@backupops)
options: {}
"""

import json
import os
import time

from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "backupops_record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._path = os.environ.get("BACKUPOPS_TEST_RECORD")
        self._started = {}

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._started[task._uuid] = time.monotonic()

    def _write(self, result, status):
        if not self._path:
            return
        task = getattr(result, "task", None) or result._task
        answer = getattr(result, "result", None) or result._result
        entry = {
            "task": task.get_name(),
            "action": task.resolved_action or task.action,
            "status": status,
            "seconds": round(time.monotonic() - self._started.get(task._uuid, time.monotonic()), 3),
            "result": answer,
        }
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, cls=AnsibleJSONEncoder, sort_keys=True) + "\n")

    def v2_runner_on_ok(self, result):
        self._write(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, "failed")

    def v2_runner_on_skipped(self, result):
        self._write(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self._write(result, "unreachable")
