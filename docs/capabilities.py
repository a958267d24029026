# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the guide of capabilities from the traits of the platforms, so that it cannot say anything else.

``python docs/capabilities.py`` writes it; a unit test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_capabilities.rst"

#: What an ability lets you do. The keys are those of info.capabilities of platform_info.
ABILITIES = {
    "list_runs": "List runs: what ran, and how it ended.",
    "list_definitions": "List definitions: what is protected and scheduled.",
    "read_enabled": "Read whether a definition is enabled.",
    "enable": "Enable a definition.",
    "disable": "Disable a definition.",
    "start": "Start a definition now.",
    "suspend": "Suspend a run.",
    "resume": "Resume a suspended run.",
    "stop": "Stop what runs.",
    "job_operation": "Change what the copies hold of a run: retain, delete, copy.",
    "browse_session": "Look into backups without restoring.",
    "data_restore": "Restore data.",
    "list_restore_sessions": "List restore sessions.",
}

HEAD = """\
..
  Copyright: (c) 2026, backupops.jobs contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  This file is written by docs/capabilities.py. Change the traits of the platforms, not this file.

.. _ansible_collections.backupops.jobs.docsite.guide_capabilities:

What each product can do
========================

The four products can do different things. What a product cannot do is refused before any request, in a sentence that
names the products that can. :ansplugin:`backupops.jobs.platform_info#module` returns the same facts as data, and
tells whether *your account* may, where the login tells that:

.. code-block:: yaml

    - name: What can this server and this account do?
      backupops.jobs.platform_info:
        platform: veeam_m365
        url: https://vb365.example.com:4443
        username: VB365\\monitor
        password: "{{ vault_veeam_password }}"
      register: server

    - name: Show the abilities that the account has, or may have
      ansible.builtin.debug:
        msg: "{{ server.info.capabilities | dict2items | rejectattr('value.can', 'eq', false) | map(attribute='key') }}"

The abilities are those of the product. Which of them the modules of this release use, their pages tell.

At a glance
-----------

"""


def traits():
    """name -> Traits of every platform, in the order of the documentation."""
    tree = ROOT / "tree"
    if tree.is_dir() and str(tree) not in sys.path:
        sys.path.insert(0, str(tree))
    from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS

    return TRAITS


def guide(platforms):
    """The text of the guide."""
    return HEAD + _glance(platforms) + "".join(_ability(ability, platforms) for ability in ABILITIES)


def _glance(platforms):
    rows = [["Ability", *(f"``{name}``" for name in platforms)]]
    for ability in ABILITIES:
        words = ["yes" if one.capabilities[ability].supported else "no" for one in platforms.values()]
        rows.append([f"``{ability}``", *words])
    return table(rows, "28 18 18 18 18")


def _ability(ability, platforms):
    rows = [["Product", "Works on", "Limits, and the call behind it", "Permission"]]
    for name, one in platforms.items():
        can = one.capabilities[ability]
        told = [f"From {can.since} on." if can.since else None, plain(can.note)]
        if can.supported and can.via:
            told.append(f"Call: ``{can.via}``")
        words = (can.entity or "–", plain(can.permission)) if can.supported else ("**no**", "–")
        rows.append([f"``{name}``", words[0], " ".join(filter(None, told)) or "–", words[1]])
    title = f"``{ability}``"
    return f"\n{title}\n{'-' * len(title)}\n\n{ABILITIES[ability]}\n\n" + table(rows, "16 12 52 20")


def plain(text):
    """Words of the traits as reStructuredText: nothing in them is markup."""
    return "".join("\\" + c if c in "\\*`_|" else c for c in text or "")


def table(rows, widths):
    lines = [".. list-table::", f"   :widths: {widths}", "   :header-rows: 1", ""]
    for row in rows:
        lines += [("   * - " if number == 0 else "     - ") + cell for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    GUIDE.write_text(guide(traits()), encoding="utf-8")
