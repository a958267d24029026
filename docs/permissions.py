# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the guide of permissions: the names from the traits of the platforms, the vendors' pages from here.

``python docs/permissions.py`` writes it; a unit test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from capabilities import ABILITIES, ROOT, plain, table, traits

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_permissions.rst"
UNKNOWN = "unknown"
#: How sure it is.
DOCUMENTED, INFERRED = "documented", "inferred"

_COMMVAULT = "https://documentation.commvault.com/"
_JOBS = _COMMVAULT + "2023e/expert/global_permissions.html"
_CLIENTS = "https://docs.commvault.com/11.16/client_permissions.html"
_FEATURES = _COMMVAULT + "11.16/user_security_permissions_by_feature.html"
_POLICIES = _COMMVAULT + "v11/essential/storage_policy_management_permissions.html"
_LOGIN = "https://helpcenter.nakivo.com/api-reference/Content/Authentication-Management/Login.htm"
_NAKIVO_ROLES = (
    "https://prev-helpcenter.nakivo.com/User-Guide/Content/Settings/General/Users-and-Roles/Managing-User-Roles/"
    "Overview-of-User-Roles.htm"
)
_ROLES = "https://docs.netapp.com/us-en/data-services-backup-recovery/reference-roles.html"
_VEEAM = "https://helpcenter.veeam.com/docs/vbo365/guide/manage_users_roles.html"
_WORD = "The word is documented as one that a login returns. That this call needs it is inferred from the word."

#: platform -> permission of its traits -> (how sure, the vendor's page, what that page says and how far it goes).
PAGES = {
    "commvault": {
        "Job Management": (
            DOCUMENTED,
            _JOBS,
            "Suspend, resume and kill jobs, given on the CommCell or on what the job belongs to. Who started a job may do "
            "that to it without the permission.",
        ),
        "Agent Management": (
            DOCUMENTED,
            _CLIENTS,
            "Activity control of a client computer group, a client and an agent. For a subclient it is inferred; for the "
            "whole CommCell it is unknown.",
        ),
        "Data Protection/Management Operations": (
            DOCUMENTED,
            _FEATURES,
            "Run on-demand data protection jobs, given on the backup set. For other subclients it is inferred.",
        ),
        "Operations on Storage Policy \\ Copy": (
            DOCUMENTED,
            _POLICIES,
            "Delete a job of a copy, and run an auxiliary copy. For retain, do_not_retain, disallow_copy and allow_copy it "
            "is unknown.",
        ),
        "Browse, and In Place Recover or Out-of-Place Recover": (
            DOCUMENTED,
            _FEATURES,
            "Restores to where the data came from, or to another place.",
        ),
    },
    "nakivo": {
        "ROLE_JOB_SUMMARY_VIEW": (
            INFERRED,
            _LOGIN,
            _WORD + " A role that may only view is seen to be enough in client code.",
        ),
        "ROLE_EDIT_JOB": (INFERRED, _LOGIN, _WORD),
        "ROLE_START_ACTIVITY": (INFERRED, _LOGIN, _WORD),
        "ROLE_STOP_ACTIVITY": (INFERRED, _LOGIN, _WORD),
        "ROLE_CREATE_JOB_FLR": (INFERRED, _LOGIN, _WORD),
    },
    "netapp_bluexp": {
        "Backup and Recovery viewer": (DOCUMENTED, _ROLES, "View information, but perform no action."),
        "Backup and Recovery backup admin": (
            DOCUMENTED,
            _ROLES,
            "Perform backups; activate and suspend schedules.",
        ),
        "Backup and Recovery restore admin": (DOCUMENTED, _ROLES, "Restore workloads."),
    },
    "veeam_m365": {
        "Veeam Backup Administrator": (
            DOCUMENTED,
            _VEEAM,
            "The only role in release 8; without it the password is not accepted. For older releases it is inferred.",
        )
    },
}

HEAD = """\
..
  Copyright: (c) 2026, backupops.jobs contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  This file is written by docs/permissions.py. Change that, or the traits of the platforms, not this file.

.. _ansible_collections.backupops.jobs.docsite.guide_permissions:

Least privilege
===============

Who can start and delete backups can also do harm. So have two accounts on each server: one that may only look, for
reports, inventories, lookups and dry runs, and one that may act, for the playbooks that act. This page tells what each
needs, how to make them, and how to use both from one inventory.

.. contents::
   :local:
   :depth: 1

What each ability needs
-----------------------

*documented*: a page of the vendor says so; it stands below. Those pages describe the vendor's console; that the API
asks for the same is inferred. *inferred*: concluded from a name. *unknown*: nothing is published that we know of: try it
with an account that has little, and read the error. **no**: the product does not have the ability.

"""

ACCOUNTS = """\

A read account and a write account
----------------------------------

**Commvault.** Make two roles and two users; associate them with the clients, storage policies or the CommCell that the
playbooks are about.

- Read: a role with the permission *View*. What the lists ask for is not documented per call. That an entity
  which the account may not see is left out without a word is inferred.
- Write: the same, and what the table names for the abilities that your playbooks use. Without *Operations on Storage
  Policy \\\\ Copy* it cannot delete a job from a copy; leave it out unless you need
  :ansplugin:`backupops.jobs.job_operation#module`.

**NAKIVO.** *Settings, General, Users and roles*.

- Read: the built-in role *View only*
  (`Overview of User Roles <{roles}>`__).
- Write: a role of your own with the access level *Run only* for jobs, to start and stop; *Full access* for jobs, to
  switch schedules. Which level gives which ``ROLE_…`` word is not documented:
  :ansplugin:`backupops.jobs.platform_info#module` tells, after the login, what the account *can*.

**BlueXP.** A service account for each.

- Read: *Backup and Recovery viewer*.
- Write: *Backup and Recovery backup admin*, and *Backup and Recovery restore admin* only where restores are made.

**Veeam Backup for Microsoft 365.** There is no read account: whoever may log in to the REST API may do everything. So a
second account makes nothing safer there; keep the password away from what does not need it. Members of the local group
*Administrators* have the role without being given it.

Does the account have it?
-------------------------

.. code-block:: yaml

    - name: Stop here unless this account may start jobs
      backupops.jobs.platform_info:
        platform: nakivo
        url: https://director.example.com:4443
        username: operator
        password: "{{{{ vault_nakivo_password }}}}"
      register: server
      failed_when: server is failed or server.info.capabilities.start.can is false

``can`` is true or false where the login tells (NAKIVO, Veeam, reading on BlueXP), else null.

What it looks like when a permission is missing
-----------------------------------------------

``error.kind`` is ``permission``; on Veeam the login itself is refused, and it is ``authentication``. Nothing was changed.
These messages are those of the simulator, where ``auditor`` may only look (``msg`` also names the job); the part
that the product says may read differently on yours:

"""

#: What the simulator's read accounts are told (a contract test runs it).
MESSAGES = {
    (
        "commvault",
        "disabled",
    ): "User [auditor] does not have the permission for this operation. Give the account a role that "
    "allows it.",
    (
        "nakivo",
        "started",
    ): "NAKIVO could not do JobManagement.run: Access is denied: ROLE_START_ACTIVITY is required. The "
    "account lacks the permission ROLE_START_ACTIVITY.",
    (
        "netapp_bluexp",
        "disabled",
    ): "BlueXP answered with HTTP 403: The role of this account may only read. Check account_id "
    "and the role of this user or service account in it.",
    (
        "veeam_m365",
        "disabled",
    ): "Veeam refused the login of auditor (HTTP 400): The user does not have the required role.",
}

INVENTORY = """\

Both accounts in one inventory
------------------------------

The playbooks of this collection that act set the variable ``backupops_account`` to ``write``. An inventory can choose
the login by it; one that does not look at it works as before. This is ``playbooks/examples/backup_servers.yml``:

.. code-block:: yaml

{inventory}
- ``ansible-playbook backupops.jobs.maintenance_begin -i backup_servers.yml …`` uses the write accounts.
- Your own plays use the read accounts, unless they set ``backupops_account: write`` too.
- ``-e backupops_account=read`` forces the read accounts, for a dry run with ``--check`` for example. (NAKIVO shows
  schedules only to those who may edit them, so a dry run of ``nakivo.disable_by: schedules`` needs the write account.)

Encrypt the secrets of the write accounts one by one and with a vault password of their own (``ansible-vault
encrypt_string --vault-id write@prompt``): a job that only reads does not need that password, because a variable that is
not used is not decrypted. With :ref:`credentials from AWX
<ansible_collections.backupops.jobs.docsite.guide_connection>` the same is done by giving another credential to the job
templates that act.
"""


def guide(platforms):
    """The text of the guide."""
    return (
        HEAD
        + _overview(platforms)
        + _pages(platforms)
        + ACCOUNTS.format(roles=_NAKIVO_ROLES)
        + _messages()
        + _inventory()
    )


def _overview(platforms):
    rows = [["Ability", *(f"``{name}``" for name in platforms)]]
    rows += [
        [f"``{ability}``", *(_cell(name, one.capabilities[ability]) for name, one in platforms.items())]
        for ability in ABILITIES
    ]
    return table(rows, "20 20 20 20 20")


def _cell(platform, capability):
    if not capability.supported:
        return "**no**"
    if capability.permission == UNKNOWN:
        return UNKNOWN
    return f"{plain(capability.permission)} ({PAGES[platform][capability.permission][0]})"


def _pages(platforms):
    title = "Where that stands"
    rows = [["Product", "Permission", "What the vendor says", "Page"]]
    for name in platforms:
        for permission, (_sure, page, words) in PAGES[name].items():
            rows.append([f"``{name}``", plain(permission), plain(words), f"`{page.rpartition('/')[2]} <{page}>`__"])
    return f"\n{title}\n{'-' * len(title)}\n\n" + table(rows, "14 24 42 20")


def _messages():
    rows = [["Product", "Message"]]
    rows += [[f"``{platform}``", plain(words)] for (platform, _state), words in MESSAGES.items()]
    return table(rows, "20 80")


def _inventory():
    text = (ROOT / "playbooks" / "examples" / "backup_servers.yml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line != "---" and not line.startswith("#")]
    return INVENTORY.format(inventory="".join(f"    {line}\n" for line in lines))


if __name__ == "__main__":
    GUIDE.write_text(guide(traits()), encoding="utf-8")
