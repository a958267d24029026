# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The two libraries that the collection needs besides ansible-core. Private to this collection."""

from __future__ import annotations

import traceback

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError

try:
    import requests
    import urllib3  # pylint: disable=unused-import  # http.py takes it from here

    REQUESTS_ERROR = None
except ImportError:
    requests = urllib3 = None  # type: ignore[assignment]
    REQUESTS_ERROR = traceback.format_exc()

try:
    import jmespath

    JMESPATH_ERROR = None
except ImportError:
    jmespath = None
    JMESPATH_ERROR = traceback.format_exc()


def need_requests():
    if requests is None:
        raise InvalidError(missing_required_lib("requests"))


def need_jmespath():
    if jmespath is None:
        raise InvalidError(missing_required_lib("jmespath", reason="for the option query"))
