#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_action
short_description: Enable, disable, start, stop, suspend or resume backup jobs
version_added: 1.0.0
description:
  - Brings backup jobs into a state, on every product with the same words.
  - The state is read first, and only a difference is acted on. After each write it is read again and verified. A write whose
    answer is lost is never sent again blindly.
  - All jobs are worked through. Failures are reported together at the end, with what did change.
  - What a product cannot do is said before any request, with the products that can.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.waiting
  - backupops.jobs.audit
  - backupops.jobs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - O(state=started) does nothing while a run is active. Once that has ended, the same task starts the next one, unless
        O(unless_success_within) says that the last success is enough.
options:
  state:
    description:
      - V(enabled), V(disabled) and V(started) act on definitions, V(suspended) and V(resumed) on runs, V(stopped) on either; of a
        definition it stops the current run.
      - Needed unless O(restore_from) is given.
      - A disabled job keeps ageing its restore points. On Veeam and NAKIVO a disabled job can still be started by hand.
    type: str
    choices: [enabled, disabled, started, stopped, suspended, resumed]
  entity:
    description:
      - Whether O(job_ids) and O(names) are those of definitions or of runs.
      - Without it, names are looked up where O(state) acts, and bare ids are what the product itself calls a job, so runs for
        Commvault and NetApp BlueXP, definitions for NAKIVO and Veeam. Ids of the wrong kind are refused before any request.
    type: str
    choices: [definition, run]
  job_ids:
    description: Ids of O(entity).
    type: list
    elements: str
  uids:
    description: Values of C(uid) from earlier records.
    type: list
    elements: str
  names:
    description:
      - Names, exact or, when no job has that name, as a pattern with C(*), C(?) and C([...]).
      - An exact name that several jobs have fails and lists their ids, unless O(clients) and O(types) leave one of them.
      - An exact name whose jobs O(clients) or O(types) leave out fails, too.
    type: list
    elements: str
  clients:
    description: Only jobs of a client, or with an object, of one of these names.
    type: list
    elements: str
  types:
    description: Only jobs of these types.
    type: list
    elements: str
    choices: [backup, copy, replication, restore, verify, archive, maintenance, workflow, other]
  level:
    description:
      - Level of the backup that is started. Commvault knows all; Veeam V(full) (v6 and later) and V(incremental); NAKIVO and BlueXP none.
      - Without it Commvault is asked for V(incremental).
    type: str
    choices: [full, incremental, differential, synthetic_full]
  wait:
    description: Wait until the runs have ended (or are suspended). The default is V(false).
    type: bool
  if_running:
    description:
      - What V(state=started) does with a job that is running already. V(attach), the default, takes that run; V(skip) leaves
        the job out; V(fail) fails.
    type: str
    choices: [attach, skip, fail]
  unless_success_within:
    description: A duration like V(24h). A job whose last success is younger is not started.
    type: str
  if_disabled:
    description:
      - What V(state=started) does with a disabled job. V(fail) is the default; V(run) starts it where the product allows that.
    type: str
    choices: [fail, run]
  unsupported:
    description:
      - What to do about jobs or options that the product cannot serve. V(fail) fails before any request; V(warn) and V(skip) leave
        the jobs out and drop the option.
    type: str
    choices: [fail, warn, skip]
    default: fail
  max_jobs:
    description:
      - Do nothing at all when more jobs than this would change. The default is V(20) for V(state=stopped) and V(state=suspended), else none.
    type: int
  expect:
    description: Do nothing at all unless every chosen job is this.
    type: dict
    suboptions:
      client:
        description: Name of its client.
        type: str
      name:
        description: Its name.
        type: str
      started_before:
        description: Its run started before this time.
        type: str
  allow_empty:
    description: Whether it is fine that no job fits a pattern or filter.
    type: bool
    default: false
  restore_from:
    description:
      - The RV(outcomes) of an earlier task that enabled or disabled jobs. Exactly what it changed is put back, nothing else.
    type: list
    elements: dict
  commvault:
    description: Options that only Commvault has.
    type: dict
    suboptions:
      scope:
        description:
          - What the ids and names are. V(subclient) is the default. V(commcell) needs none and switches the backups of the whole CommCell.
          - For V(state=enabled) and V(state=disabled).
        type: str
        choices: [subclient, client, client_group, commcell]
      enable_after:
        description:
          - A time at which the server itself enables the backups again, with V(state=disabled). Relative times point to the future.
          - Records tell it as C(native.enabled_again_at).
        type: str
  nakivo:
    description: Options that only NAKIVO Backup & Replication has.
    type: dict
    suboptions:
      disable_by:
        description:
          - No public call switches a job. With V(schedules) its schedules are switched instead, and RV(outcomes) remembers each one
            so that O(restore_from) can put back exactly those that were on.
          - V(state=disabled) switches off all schedules of a job. Without O(restore_from), V(state=enabled) switches on all of them,
            and only when none is on.
          - A job without schedules cannot be switched, and one that is off at the web page cannot be switched on.
          - The job is opened for editing and saved whole; nobody else can edit it meanwhile. Nothing but the switches of its
            schedules differs from what was read.
        type: str
        choices: [schedules]
  netapp_bluexp:
    description: Options that only NetApp BlueXP backup and recovery has.
    type: dict
    suboptions:
      working_environment_id:
        description: Look for names in this system only.
        type: str
      active_words:
        description: Words of C(backup-status) that mean enabled, besides those that are known.
        type: list
        elements: str
      paused_words:
        description: Words of C(backup-status) that mean disabled, besides those that are known.
        type: list
        elements: str
seealso:
  - module: backupops.jobs.job_info
  - module: backupops.jobs.job_wait
"""

EXAMPLES = r"""
- name: Start a backup and know how it really ended
  backupops.jobs.job_action:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\operator
    password: "{{ vault_veeam_password }}"
    state: started
    names: [Exchange Online]
    unless_success_within: 4h
    wait: true
    wait_timeout: 7200

- name: Pause all backups of two clients for the change, with the change's number in the trail
  backupops.jobs.job_action:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    state: disabled
    clients: [sql-prod-01, sql-prod-02]
    reason: CHG0031337
    audit_log: audit/backup-jobs.jsonl
  register: paused

- name: Put back exactly what was on before
  backupops.jobs.job_action:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    restore_from: "{{ paused.outcomes }}"
    reason: CHG0031337

- name: Stop one runaway run, and nothing else
  backupops.jobs.job_action:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    state: stopped
    job_ids: ["1234567"]
    expect:
      client: sql-prod-01
    max_jobs: 1
"""

RETURN = r"""
jobs:
  description: The records of the jobs afterwards, as in RV(backupops.jobs.job_info#module:jobs). They are returned on failure, too.
  returned: always
  type: list
  elements: dict
  sample: []
outcomes:
  description: What became of each job. They are returned on failure, too.
  returned: always
  type: list
  elements: dict
  contains:
    uid:
      description: The job.
      returned: always
      type: str
      sample: commvault:cs.example.com:443:definition:7
    id:
      description: Its id.
      returned: always
      type: str
      sample: "7"
    name:
      description: Its name.
      returned: always
      type: str
      sample: sql-prod-01/File System/defaultBackupSet/default
    entity:
      description: V(definition) or V(run); a Commvault scope above subclients has its own name.
      returned: always
      type: str
      sample: definition
    changed:
      description: Whether it was changed, or would be.
      returned: always
      type: bool
      sample: true
    status:
      description: One of V(changed), V(unchanged), V(failed), V(unsupported), V(skipped).
      returned: always
      type: str
      sample: changed
    before:
      description: Whether it was enabled, its state, and what the product needs to put it back (C(native)).
      returned: always
      type: dict
      sample: {enabled: true, state: idle, native: null}
    after:
      description:
        - The same afterwards; in check mode, what is expected.
        - C(enabled) is null and C(state) is V(unknown) where it could not be read.
      returned: always
      type: dict
      sample: {enabled: false, state: idle, native: null}
    run:
      description:
        - The record of the run that was started, stopped, suspended, resumed or met, as it was last read.
        - Null in check mode, without a run, and when only its time is known, as of an older success.
      returned: always
      type: dict
      sample: null
    result:
      description: The result of that run, when it has ended.
      returned: always
      type: str
      sample: null
    message:
      description: What there is to say about it.
      returned: always
      type: str
      sample: null
audit:
  description: One entry for each write. Empty in check mode. Returned on failure, too.
  returned: always
  type: list
  elements: dict
  sample:
    - at: "2026-01-31T22:00:00Z"
      account: operator
      module: backupops.jobs.job_action
      operation: disable
      uid: commvault:cs.example.com:443:definition:7
      reason: CHG0031337
      before: {enabled: true, state: idle, native: null}
      after: {enabled: false, state: idle, native: null}
      status: changed
diff:
  description: What was decided for the jobs that change, by uid.
  returned: in diff mode
  type: dict
  sample:
    before: {"commvault:cs.example.com:443:definition:7": {enabled: true}}
    after: {"commvault:cs.example.com:443:definition:7": {enabled: false}}
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
    kind: unsupported
    status: null
    code: null
    message: "NetApp BlueXP backup and recovery (netapp_bluexp) cannot have its jobs stopped (ability stop)."
    hint: "Platforms that can: commvault, nakivo, veeam_m365."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_action


def main():
    module = AnsibleModule(argument_spec=job_action.SPEC, supports_check_mode=True, **job_action.CONSTRAINTS)
    edge.run_module(module, job_action.run)


if __name__ == "__main__":
    main()
