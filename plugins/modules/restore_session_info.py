#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_session_info
short_description: List and filter restore sessions
version_added: 1.0.0
description:
  - Lists the restore sessions of a product, of all accounts, newest first. Every page is read.
  - What RV(backupops.jobs.restore_session#module:session) recorded when it opened a session (job, point in time) completes what the
    product tells.
  - NAKIVO has no call that lists file recovery sessions; that is said before any request.
  - Commvault and NetApp BlueXP list their restore jobs, of all types. Browsing leaves nothing there that could be listed.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.attributes
  - backupops.jobs.attributes.info_module
options:
  session_ids:
    description: Only these. Unknown ones are returned in RV(missing).
    type: list
    elements: str
  kinds:
    description: Only sessions that browse, or that restore.
    type: list
    elements: str
    choices: [browse, restore]
  states:
    description: Only sessions in one of these states, V(open) or V(closed); of restores, the states of runs.
    type: list
    elements: str
    choices: [open, closed, idle, queued, blocked, running, suspending, suspended, stopping, finished, unknown]
  results:
    description: Only sessions with one of these results.
    type: list
    elements: str
    choices: [success, warning, partial, failed, cancelled, skipped, unknown]
  types:
    description: Only sessions of these types, for example V(vex).
    type: list
    elements: str
  clients:
    description: Only sessions of a client of one of these names. For Veeam these are organizations.
    type: list
    elements: str
  job_id:
    description: Only sessions of this job. Of Veeam these are the recorded ones, as the product does not tell the job.
    type: str
  organization_id:
    description: Only sessions of this organization, by id. Veeam only.
    type: str
  organization:
    description: The same by name. An unknown name fails and lists what there is.
    type: str
  ours:
    description: Only sessions that M(backupops.jobs.restore_session) opened with this account and recorded on this machine.
    type: bool
    default: false
  since:
    description: Only sessions that were opened after this time, written as O(backupops.jobs.job_info#module:since).
    type: str
  until:
    description: Only sessions that were opened before this time. V(8h) finds those that are older than eight hours.
    type: str
  limit:
    description: At most so many sessions are returned, the newest ones.
    type: int
seealso:
  - module: backupops.jobs.restore_session
"""

EXAMPLES = r"""
- name: Which sessions has somebody forgotten
  backupops.jobs.restore_session_info:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\operator
    password: "{{ vault_veeam_password }}"
    states: [open]
    until: 8h
  register: forgotten

- name: End them
  backupops.jobs.restore_session:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\operator
    password: "{{ vault_veeam_password }}"
    state: stopped
    session_id: "{{ item.id }}"
  loop: "{{ forgotten.sessions }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
sessions:
  description: The sessions, newest first, each as RV(backupops.jobs.restore_session#module:session).
  returned: success
  type: list
  elements: dict
  sample:
    - id: 8f6ee6b1-28a1-4ec0-a2cb-a9f63a6b2c57
      platform: veeam_m365
      kind: browse
      type: vex
      state: open
      result: null
      source: {kind: job, id: 3396ba22-21b1-4666-a631-0edfc12a59cd, name: Exchange Online, client: contoso.onmicrosoft.com}
      point_in_time: "2026-01-31T21:00:00Z"
      recovery_point: {id: null, created_at: null}
      created_at: "2026-02-02T08:15:00Z"
      ended_at: null
      initiated_by: {name: "VB365\\operator", how: null}
      run: null
summary:
  description: Counts by state, kind, type and result over all that fit. Null counts as V(none), zero counts are left out.
  returned: success
  type: dict
  sample: {state: {open: 1}, kind: {browse: 1}, type: {vex: 1}, result: {none: 1}}
total:
  description: How many sessions fit.
  returned: success
  type: int
  sample: 1
returned:
  description: How many are returned; less than RV(total) only with O(limit).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether the server cut the list short.
  returned: success
  type: bool
  sample: false
missing:
  description: Those of O(session_ids) that do not exist.
  returned: success
  type: list
  elements: str
  sample: []
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: unsupported
    status: null
    code: null
    message: "NAKIVO Backup & Replication (nakivo) cannot list its restore sessions (ability list_restore_sessions)."
    hint: "Platforms that can: commvault, netapp_bluexp, veeam_m365."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import restore_session_info


def main():
    module = AnsibleModule(
        argument_spec=restore_session_info.SPEC, supports_check_mode=True, **restore_session_info.CONSTRAINTS
    )
    edge.run_module(module, restore_session_info.run)


if __name__ == "__main__":
    main()
