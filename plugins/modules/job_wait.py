#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_wait
short_description: Wait for backup runs that are under way
version_added: 1.0.0
description:
  - Waits until runs have really ended and judges their results.
  - It never stops a job. A server that is away for a while, or a token that dies, does not end the wait; the deadline does.
  - A repetition that the product announces itself is followed; the run that will be repeated is not the end.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.waiting
  - backupops.jobs.attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode the runs are read once. The result is not judged.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
options:
  entity:
    description:
      - Whether O(job_ids) and O(names) are those of definitions or of runs.
      - The default is what the product itself calls a job for O(job_ids), and V(definition) for O(names).
    type: str
    choices: [definition, run]
  job_ids:
    description: Ids of O(entity).
    type: list
    elements: str
  uids:
    description: Values of C(uid) from earlier records, for example of RV(backupops.jobs.job_action#module:outcomes[].run).
    type: list
    elements: str
  names:
    description: Names of O(entity), exact or, when no job has that name, as a pattern.
    type: list
    elements: str
  started_after:
    description:
      - For definitions that have no run under way, take the run that ended after this time. Without it they fail.
      - Written as O(backupops.jobs.job_info#module:since).
    type: str
seealso:
  - module: backupops.jobs.job_action
  - module: backupops.jobs.job_info
"""

EXAMPLES = r"""
- name: Wait for the runs that an earlier task has started
  backupops.jobs.job_wait:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\operator
    password: "{{ vault_veeam_password }}"
    uids: "{{ started.outcomes | map(attribute='run.uid') | list }}"
    wait_timeout: 7200
    stall_timeout: 1800

- name: Wait for whatever the nightly job is doing, and accept that a part of it failed
  backupops.jobs.job_wait:
    platform: nakivo
    url: https://director.example.com:4443
    username: operator
    password: "{{ vault_nakivo_password }}"
    names: [Nightly]
    started_after: -12h
    accept_results: [success, warning, partial]
"""

RETURN = r"""
jobs:
  description:
    - The last known record of each run, or of its repetition, as in RV(backupops.jobs.job_info#module:jobs).
    - They are returned on failure, too.
  returned: always
  type: list
  elements: dict
  sample: []
timeline:
  description: What changed while waiting, one entry for each change of a run.
  returned: when waiting
  type: list
  elements: dict
  sample:
    - at: "2026-01-31T22:10:00Z"
      elapsed_s: 600
      uid: commvault:cs.example.com:443:run:707
      name: client001/File System/defaultBackupSet/default
      state: running
      result: null
      progress: 40
      bytes: 1288490188
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: wait_timeout
    status: null
    code: null
    message: "Nightly (run 33@1769896800) did not end within 7200 s."
    hint: "It goes on; job_wait can follow it with its uid, and wait_timeout can be larger."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_wait


def main():
    module = AnsibleModule(argument_spec=job_wait.SPEC, supports_check_mode=True, **job_wait.CONSTRAINTS)
    edge.run_module(module, job_wait.run)


if __name__ == "__main__":
    main()
