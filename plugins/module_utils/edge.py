# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a runner gets and what becomes of what it raises. Private to this collection.

The edge between plain Python and Ansible: modules and actions call ``execute``; nothing below this file knows them.
"""

from __future__ import annotations

import json

from ansible.module_utils.errors import UnsupportedError

from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError

try:
    from ansible.module_utils import secrets as core_secrets
except ImportError:
    core_secrets = None

#: The part of a result that may be large. It is plain data as it comes from the platforms (the contract tests look);
#: a way through JSON, which makes the rest of a result plain, would cost more than the reading of the list.
RECORDS = "jobs"


class Context:
    """The task as a runner sees it.

    ``params``: validated arguments, plain data. ``result``: what the runner has to tell so far; it is returned also
    when the task fails half-way. ``secrets``: texts that must not appear in any output, filled as they become known.
    """

    def __init__(self, params, check_mode=False, diff=False, progress=None):
        self.params = params
        self.check_mode = check_mode
        self.diff = diff
        self.result = {}
        self.warnings = []
        self._progress = progress
        self._redactors = []

    def warn(self, sentence):
        sentence = self.redact(sentence)
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def progress(self, line):
        """Show a line to the person who watches, where there is one."""
        if self._progress:
            self._progress(self.redact(line))

    def protect(self, redactor):
        """Cut what ``redactor`` knows, now or later, out of every text."""
        self._redactors.append(redactor)

    def redact(self, text):
        for redactor in self._redactors:
            text = redactor.redact(text)
        return text

    @property
    def secrets(self):
        return set().union(*(redactor.secrets for redactor in self._redactors)) if self._redactors else set()


def execute(run, context):
    """The result of ``run(context)``: a plain dict; of a failure, ``failed`` with msg, error and what is known so far."""
    try:
        result = run(context)
        failed = {}
    except BackupOpsError as error:
        result, failed = context.result, failure(error, context.redact)
    except Exception as error:  # pylint: disable=broad-except
        # A traceback must never reach the user; its gist must, or nobody can report it.
        bug = BackupOpsError(
            "This is a fault of the collection: {0}: {1} ({2}).".format(type(error).__name__, error, _place(error)),
            hint="Please report it with this message.",
        )
        result, failed = context.result, failure(bug, context.redact)
    result = dict(result, **failed)
    result.setdefault("changed", False)
    return {name: value if name == RECORDS else json.loads(json.dumps(value)) for name, value in result.items()}


def failure(error, redact=lambda text: text):
    """The part of a failed result that tells of an error."""
    found = error.as_dict()
    found["message"] = redact(found["message"])
    found["hint"] = redact(found["hint"]) if found["hint"] else None
    return {"failed": True, "msg": " ".join(filter(None, (found["message"], found["hint"]))), "error": found}


def failed_validation(name, errors):
    """The failed result for arguments that do not fit the specification, in the words of AnsibleModule."""
    message = errors.msg
    if isinstance(errors[0], UnsupportedError):
        message = "Unsupported parameters for ({0}) module: {1}".format(name, message)
    return {"failed": True, "msg": message, "changed": False}


def register_secrets(secrets):
    """Tell ansible-core of tokens got at login; cores before 2.22 have no such list and rely on ``remove_values``."""
    if core_secrets is not None and secrets:
        core_secrets.register_secrets(secrets)


def _place(error):
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return "{0}:{1}".format(trace.tb_frame.f_code.co_filename.rpartition("/")[2], trace.tb_lineno)


def run_module(module, run):
    """Run a runner inside an AnsibleModule and exit."""
    context = Context(module.params, module.check_mode, module._diff)
    result = execute(run, context)
    for sentence in context.warnings:
        module.warn(sentence)
    module.no_log_values.update(context.secrets)
    register_secrets(context.secrets)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
