# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""platform_info: can I reach it, who am I, what can it do. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import options
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.runners import target

GATHER = (
    "tenants", "organizations", "working_environments", "repositories", "storage_policies", "accounts", "agents", "groups",
)  # fmt: skip

SPEC = dict(options.CONNECTION_SPEC, gather={"type": "list", "elements": "str", "choices": list(GATHER)})


def run(context):
    """The result of the module platform_info (see its documentation)."""
    with target.opened(context) as platform:
        traits, connection = platform.traits, platform.connection
        gatherers = platform.gatherers()
        wanted = context.params.get("gather") or []
        for name in wanted:
            if name not in gatherers:
                raise InvalidError(
                    "gather: {0} has no {1}.".format(traits.label, name),
                    hint="It can list {0}.".format(" and ".join(sorted(gatherers)) or "nothing"),
                )
        found = platform.info()
        info = {
            "platform": traits.name,
            "endpoint": connection.endpoint,
            "product_version": found["product_version"],
            "api_version": found["api_version"],
            "account": found["account"],
            "clock_offset_s": platform.client.http.clock_offset,
            "capabilities": {
                ability: _capability(traits.capabilities[ability], found["can"].get(ability)) for ability in ABILITIES
            },
        }
        for name in wanted:
            info[name] = gatherers[name]()
        return {"changed": False, "info": info}


def _capability(capability, can):
    return {
        "supported": capability.supported,
        "can": can if capability.supported else False,
        "entity": capability.entity,
        "via": capability.via,
        "note": capability.note,
    }
