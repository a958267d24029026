# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""logout: end the login that the session cache keeps. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import Refused
from ansible_collections.backupops.jobs.plugins.module_utils.runners import target
from ansible_collections.backupops.jobs.plugins.module_utils.session_cache import CacheRefused

SPEC = dict(options.CONNECTION_SPEC)


def run(context):
    """The result of the module logout (see its documentation)."""
    with target.opened(context) as platform:
        try:
            return {"changed": platform.client.forget(context.warn, context.check_mode)}
        except CacheRefused as error:
            raise Refused("No login was ended: {0}.".format(error), hint="Put session_cache_dir right.") from error
