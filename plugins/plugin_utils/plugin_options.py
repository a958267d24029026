# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What inventory and lookups share: checked options, and the way to a server. Private to this collection.

The options are those of the module job_info, checked by its argument specification and read by its runner: there is no
second mapping and no second HTTP client.
"""

from __future__ import annotations

import json
import os

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.backupops.jobs.plugins.module_utils import edge, options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info

#: The options of a plugin that asks one server: all of job_info but the one that shapes its result.
SPEC = {name: entry for name, entry in job_info.SPEC.items() if name != "query"}
#: Names under which a connection option may be given.
CONNECTION_NAMES = frozenset(options.CONNECTION_SPEC).union(
    alias for entry in options.CONNECTION_SPEC.values() for alias in entry.get("aliases", ())
)


class AskError(AnsibleError):
    """A request for jobs has failed; ``kind`` is the word of ``error.kind`` in a module's result."""

    def __init__(self, message, kind):
        super().__init__(message)
        self.kind = kind


def plain(value):
    """A value as JSON would carry it: no tags, no vault objects, no dates."""
    return json.loads(json.dumps(value, cls=AnsibleJSONEncoder, vault_to_text=True))


def checked(arguments, folder, spec=None, environ=None):
    """Validated parameters: what the user gave, completed from the environment. No request.

    ``folder``: what relative paths are relative to. Raises AskError of kind ``invalid``, in the words of a module.
    """
    spec = SPEC if spec is None else spec
    try:
        filled = options.fill_from_environment(plain(arguments), os.environ if environ is None else environ)
    except BackupOpsError as error:
        raise AskError(edge.failure(error)["msg"], error.kind) from None
    if arguments.get("in_process") == "never":
        raise AskError("in_process: a plugin always runs inside Ansible, there is no module to ship.", "invalid")
    filled.pop("in_process", None)
    validated = ArgumentSpecValidator(spec).validate(filled)
    if validated.error_messages:
        unknown = isinstance(validated.errors[0], UnsupportedError)
        message = "Unsupported options: {0}".format(validated.errors.msg) if unknown else validated.errors.msg
        raise AskError(remove_values(message, validated._no_log_values), "invalid")
    params = validated.validated_parameters
    for option, entry in spec.items():
        if entry.get("type") == "path" and params.get(option) and not os.path.isabs(params[option]):
            params[option] = os.path.normpath(os.path.join(folder, params[option]))
    return params


def ask(run, params):
    """``(result of run(context), warnings)``, without secrets. ``run`` is a runner, or a function like one.

    Raises AskError.
    """
    context = edge.Context(params)
    result = edge.execute(run, context)
    secrets = context.secrets
    edge.register_secrets(secrets)
    if result.get("failed"):
        raise AskError(remove_values(result["msg"], secrets), result.get("error", {}).get("kind", "bug"))
    return _without(secrets, result), [remove_values(sentence, secrets) for sentence in context.warnings]


def _without(secrets, result):
    # Taking texts out of ten thousand records takes long; finding out that there is nothing to take out does not.
    text = json.dumps(result)
    if any(json.dumps(secret)[1:-1] in text for secret in secrets if secret):
        return remove_values(result, secrets)
    return result
