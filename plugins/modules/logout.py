#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logout
short_description: End the login that the session cache keeps
version_added: 1.0.0
description:
  - Ends the login that tasks with O(session_cache=true) share, at the server where the product can (Commvault, NAKIVO, Veeam from
    v7 on) and here. The next task logs in again.
  - A login that the server may not have ended, as its answer was lost or is an error, is removed here, with a warning. It ends by
    itself, as the server's own time limit says.
  - Give the same connection options as in those tasks. O(session_cache) itself need not be given.
  - Tasks that are using the login meanwhile log in once more. Restore sessions that are open may end with the login.
  - A O(token) of yours is never ended, and so is a pair of O(token) and O(refresh_token).
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
seealso:
  - module: backupops.jobs.platform_info
"""

EXAMPLES = r"""
- name: Many tasks with one login, which ends with the play
  module_defaults:
    group/backupops.jobs.all:
      platform: veeam_m365
      url: https://vb365.example.com:4443
      username: VB365\operator
      password: "{{ vault_veeam_password }}"
      session_cache: true
  block:
    - name: Start the jobs
      backupops.jobs.job_action:
        state: started
        names: ["{{ item }}"]
      loop: [Exchange Online, SharePoint, Teams]
  always:
    - name: Leave no login behind
      backupops.jobs.logout:
"""

RETURN = r"""
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: refused
    status: null
    code: null
    message: "No login was ended: /home/me/.ansible/backupops is open to other users; its mode must be 0700."
    hint: "Put session_cache_dir right."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import logout


def main():
    edge.run_module(AnsibleModule(argument_spec=logout.SPEC, supports_check_mode=True), logout.run)


if __name__ == "__main__":
    main()
