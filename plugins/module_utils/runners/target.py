# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The beginning and the end that all runners share: a checked connection, an open platform, a closed session.

Private to this collection.
"""

from __future__ import annotations

import contextlib

from ansible_collections.backupops.jobs.plugins.module_utils import libraries, options
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry


@contextlib.contextmanager
def opened(context):
    """The Platform of the task's connection options. Its session is ended afterwards, also on failure."""
    context.protect(options.redactor_for(context.params))  # also what is said of options that are refused
    libraries.need_requests()
    connection = options.connection_from(context.params, context.warn)
    context.protect(connection.redactor)
    platform = registry.open_platform(connection, context.warn)
    try:
        yield platform
    finally:
        platform.close()
