# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The four simulated products."""

from __future__ import annotations

from ..product import Product


def product_class(name: str) -> type[Product]:
    if name == "commvault":
        from .commvault import Commvault

        return Commvault
    if name == "nakivo":
        from .nakivo import Nakivo

        return Nakivo
    if name == "netapp_bluexp":
        from .netapp_bluexp import NetappBluexp

        return NetappBluexp
    if name == "veeam_m365":
        from .veeam_m365 import VeeamM365

        return VeeamM365
    raise ValueError(f"unknown product {name!r}; known: {', '.join(NAMES)}")


NAMES = ("commvault", "nakivo", "netapp_bluexp", "veeam_m365")
