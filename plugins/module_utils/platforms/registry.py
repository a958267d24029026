# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Which platforms there are: the only file outside their packages that names them. Private to this collection.

The imports are written out, one function for each: a module that is shipped to another host carries only what an
import statement names.
"""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils.errors import Unsupported
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault import traits as _commvault
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo import traits as _nakivo
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import traits as _netapp_bluexp
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import traits as _veeam_m365

#: name -> Traits, in the order of the documentation.
TRAITS = {
    part.TRAITS.name: part.TRAITS for part in (_commvault, _nakivo, _netapp_bluexp, _veeam_m365)
}  # fmt: skip


def _commvault_platform():
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.platform import CommvaultPlatform

    return CommvaultPlatform


def _nakivo_platform():
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.platform import NakivoPlatform

    return NakivoPlatform


def _netapp_bluexp_platform():
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp.platform import (
        NetappBluexpPlatform,
    )

    return NetappBluexpPlatform


def _veeam_m365_platform():
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.platform import VeeamM365Platform

    return VeeamM365Platform


_PLATFORMS = {
    "commvault": _commvault_platform,
    "nakivo": _nakivo_platform,
    "netapp_bluexp": _netapp_bluexp_platform,
    "veeam_m365": _veeam_m365_platform,
}


def open_platform(connection, warn):
    """The Platform for a connection (see options.py)."""
    return _PLATFORMS[connection.platform]()(connection, warn)


def able(ability, entity=None):
    """Names of the platforms that have an ability (for an entity)."""
    return [
        name
        for name, traits in TRAITS.items()
        if traits.capabilities[ability].supported and entity in (None, traits.capabilities[ability].entity)
    ]


def require(platform, ability, what):
    """Raise Unsupported, before any request, unless the platform has the ability. ``what``: words for the message."""
    capability = TRAITS[platform].capabilities[ability]
    if capability.supported:
        return
    others = able(ability)
    raise Unsupported(
        "{0} ({1}) cannot {2} (ability {3}).{4}".format(
            TRAITS[platform].label, platform, what, ability, " " + capability.note if capability.note else ""
        ),
        hint="Platforms that can: {0}.".format(", ".join(others)) if others else "No platform can.",
    )
