# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for a module of awx.awx: checks the arguments as that does, and writes them to the file RECORDED."""

from __future__ import annotations

import json
import os

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        module = self._task.action.rpartition(".")[2]
        with open(os.environ["OPTIONS"], encoding="utf-8") as stream:
            known = json.load(stream)["modules"]
        if module not in known:
            return {**result, "failed": True, "msg": "awx.awx has no module " + module}
        arguments = json.loads(json.dumps(self._task.args))
        checked = ArgumentSpecValidator(known[module]).validate(json.loads(json.dumps(arguments)))
        if checked.error_messages:
            return {**result, "failed": True, "msg": ", ".join(checked.error_messages)}
        with open(os.environ["RECORDED"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps([module, arguments]) + "\n")
        return {**result, "changed": True}
