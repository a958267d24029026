# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the collection's action plugins. Private to this collection.

A task runs here, in the controller's worker process, when it is local anyway: that saves packing a module, starting a
Python and importing requests for each task. Otherwise the module of the same name is shipped with its arguments filled
in. Both ways call the same runner with the same plain arguments.
"""

from __future__ import annotations

import json
import os

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.backupops.jobs.plugins.module_utils import audit, edge, libraries, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError, InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import CacheRefused


class RunnerAction(ActionBase):
    """An action plugin sets ``runner`` to the module of module_utils/runners that does its work."""

    runner = None

    _requires_connection = False
    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        result.update(self._result(task_vars))
        if result.get("failed"):
            # Also who fails before the runner begins returns what the documentation promises of every result.
            for name, value in {"changed": False, **getattr(self.runner, "blank", dict)()}.items():
                result.setdefault(name, value)
        return result

    def _result(self, task_vars):
        environ = dict(os.environ, **self._task_environment())
        try:
            arguments = options.fill_from_environment(self._plain_arguments(), environ)
            self._make_paths_absolute(arguments)
            self._check_audit_log(arguments)
        except BackupOpsError as error:
            return edge.failure(error)
        if self._runs_here(arguments):
            result = self._run_here(arguments, environ)
        else:
            result = self._ship(arguments, task_vars)
        self._write_audit_log(arguments, result)
        return result

    def _ship(self, arguments, task_vars):
        """Run the module of the same name where the task runs."""
        return self._ship_module(self._name, arguments, task_vars)

    def _ship_module(self, name, arguments, task_vars):
        return self._execute_module(
            module_name=name, module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val
        )

    @staticmethod
    def _audit_path(arguments):
        return os.path.expanduser(os.path.expandvars(arguments.get("audit_log") or ""))

    def _check_audit_log(self, arguments):
        """Raise InvalidError when what the task does could not be written down."""
        path = self._audit_path(arguments)
        if not path:
            return
        if self._task.async_val:
            raise InvalidError(
                "audit_log: it does not go together with async, as the task ends before anything is known to be done.",
                hint="Take async out, or keep the audit that async_status returns.",
            )
        try:
            audit.check(path)
        except OSError as error:
            raise InvalidError(
                "audit_log: nothing can be added to {0}: {1}.".format(path, error.strerror),
                hint="Give a file that you may write to, in a folder that is there or can be made; a link is not followed.",
            ) from error

    def _write_audit_log(self, arguments, result):
        """Keep what was written, here on the controller, also after a failure half-way."""
        path, entries = self._audit_path(arguments), result.get("audit")
        if not (path and entries) or self._task.check_mode:
            return
        try:
            audit.append(path, entries)
        except (OSError, CacheRefused) as error:
            result.setdefault("warnings", []).append(
                "audit_log: nothing could be added to {0}: {1}.".format(path, error)
            )

    @property
    def _name(self):
        return "backupops.jobs." + self.runner.__name__.rpartition(".")[2]

    # -- what both ways share ----------------------------------------------------------------------------------------
    def _plain_arguments(self):
        """The task's arguments as JSON would carry them: no tags, no vault objects, no dates."""
        return json.loads(json.dumps(self._task.args, cls=AnsibleJSONEncoder, vault_to_text=True))

    def _task_environment(self):
        """The task's ``environment:``, which an action does not see by itself."""
        raw = {}
        self._compute_environment_string(raw)
        return {name: str(value) for name, value in raw.items()}

    def _compute_environment_string(self, raw_environment_out=None):
        """As ansible-core's, which prints it at -vvv: so without our own variables, which the arguments carry already."""
        final = {}
        super()._compute_environment_string(final)
        if isinstance(raw_environment_out, dict):
            raw_environment_out.clear()
            raw_environment_out.update(final)
        foreign = {name: value for name, value in final.items() if not name.startswith(options.PREFIX)}
        return self._connection._shell.env_prefix(**foreign)

    def _make_paths_absolute(self, arguments):
        for option, spec in self.runner.SPEC.items():
            path = arguments.get(option)
            if spec.get("type") == "path" and isinstance(path, str) and path and path[0] not in "/~$":
                arguments[option] = self._loader.path_dwim(path)

    def _runs_here(self, arguments):
        return (
            arguments.get("in_process") != "never"
            and self._connection.transport == "local"
            and not self._play_context.become
            and not self._task.async_val
            and libraries.requests is not None
        )

    def _validated(self, arguments):
        """The arguments as the module sees them, and the result of a task that got wrong ones, or None."""
        validator = ArgumentSpecValidator(self.runner.SPEC, **getattr(self.runner, "CONSTRAINTS", {}))
        validated = validator.validate(arguments)
        self._hidden = set(validated._no_log_values)
        wrong = None
        if validated.error_messages:
            wrong = remove_values(edge.failed_validation(self._name, validated.errors), self._hidden)
        return validated.validated_parameters, wrong

    # -- in the worker -----------------------------------------------------------------------------------------------
    def _run_here(self, arguments, environ):
        params, wrong = self._validated(arguments)
        if wrong:
            return wrong
        context = edge.Context(params, self._task.check_mode, self._task.diff, progress=self._show)
        before = dict(os.environ)
        os.environ.update(environ)
        try:
            result = edge.execute(self.runner.run, context)
        except BaseException:
            # The task's timeout: what was written until then belongs into the trail.
            self._write_audit_log(arguments, context.result)
            raise
        finally:
            os.environ.clear()
            os.environ.update(before)
        if context.warnings:
            result["warnings"] = list(context.warnings)
        edge.register_secrets(context.secrets)
        return remove_values(result, self._hidden | context.secrets)

    def _show(self, line):
        """A line for the person at the terminal; the worker hands it to the main process."""
        if not self._task.no_log:
            self._display.display(line)
