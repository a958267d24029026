# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POST to the simulator's control port from the worker: a module would cost a process for each of many calls.

``lookup('simulator_control', address, {'speed': 0})``: the answer of the simulator. It also works in check mode.
"""

from __future__ import annotations

import json

from ansible.module_utils.urls import open_url
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        address, body = terms
        sent = json.dumps(body).encode("utf-8")
        with open_url(address, data=sent, method="POST", headers={"Content-Type": "application/json"}) as answer:
            return [json.load(answer)]
