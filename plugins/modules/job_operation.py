#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_operation
short_description: Hold, release or delete what copies keep of a run, and control its copies
version_added: 1.0.0
description:
  - Does what the Commvault page I(Job Operations) offers, for any number of runs on one or more storage policy copies. It
    holds (legal hold), releases, deletes, copies again, and allows or disallows copying.
  - Each copy's list of jobs is read once, whole, aged jobs included. A plan is made of it, one request for each copy carries
    all ids that need it, and the copy is read again to verify. There is never a request for each id.
  - A run is I(on) a copy when the copy lists it and it has not aged there.
  - Only Commvault has such operations. For other products the error says, before any request, where they keep retention.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.audit
  - backupops.jobs.attributes
attributes:
  check_mode:
    support: full
    details:
      - Returns the same RV(plan) and RV(plan_id) as the real run, and writes nothing.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - O(operation=recopy) is an action. It is sent each time and always counts as a change.
options:
  operation:
    description:
      - V(retain) holds the runs until O(retain_until), V(do_not_retain) releases them. One does not imply the other.
      - V(delete) deletes what the copy keeps of the runs. That cannot be undone. See O(confirm_plan) and O(guards).
      - V(disallow_copy) and V(allow_copy) say whether the run may be copied to this copy. V(disallow_copy_all) is taken
        to mean this copy and those after it in the policy.
      - V(recopy) copies the run to this copy again. It needs release 11.34.
    type: str
    required: true
    choices: [delete, retain, do_not_retain, disallow_copy, disallow_copy_all, allow_copy, recopy]
  job_ids:
    description: Ids of runs (Commvault jobs). This or O(uids) is needed.
    type: list
    elements: str
  uids:
    description: Values of C(uid) from earlier records of runs.
    type: list
    elements: str
  storage_policy_id:
    description:
      - Id of the storage policy (of a plan) that the copies belong to.
      - Without this and O(storage_policy) it is looked up from the runs. Where the server does not know a run any more, the
        copies of all policies are read that the task may mean, so naming the policy spares requests.
    type: int
  storage_policy:
    description: Name of the storage policy. A name of several fails and lists their ids.
    type: str
  copy_id:
    description: Id of the copy (backup destination). One of O(copy_id), O(copy) and O(copies) is needed.
    type: int
  copy:
    description: Name of the copy. It is looked up in the policies of the runs.
    type: str
  copies:
    description:
      - Names or ids of several copies, or V(all) alone for all copies of the policy.
      - With V(all), a copy that never had a run (a selective copy takes only fulls) is left out for that run.
    type: list
    elements: str
  commcell_id:
    description: Id of the CommCell. The default is V(2), the server itself.
    type: int
  retain_until:
    description:
      - Until when V(operation=retain) holds the runs; it is needed there. A time with a zone, or V(forever).
      - A relative time such as V(7y) or V(+90d) points to the future and is rounded up to the next 00:00 UTC, so that the same
        task changes nothing for the rest of the day.
      - A time without a zone is refused unless O(timezone) is given.
    type: str
  only_extend:
    description:
      - Whether V(operation=retain) never shortens a hold; the default is V(true). A run that is held longer then fails, and is
        left as it is. With V(false) the hold is set to O(retain_until) in any case.
      - Runs that O(include_required) adds are never shortened, and a longer hold of theirs is fine.
    type: bool
  include_required:
    description:
      - Whether V(operation=retain) also holds what the runs need to be restored; the default is V(true). These are the jobs that
        the server links to them, and everything of the same subclient on this copy back to the newest successful, not aged
        full or synthetic full.
      - A run without such a full, or of which a link has aged, fails. What was added is named in RV(plan) and RV(outcomes).
    type: bool
  include_dependents:
    description:
      - Whether V(operation=delete) also deletes the jobs on the copy that need the deleted ones. The default is V(false). They count
        for O(max_jobs), and all guards apply to them.
    type: bool
  load_dependent_jobs:
    description:
      - Sent as C(loadDependentJobs). Whether the server then only computes or also acts is not documented; the read after the
        write decides what was done. Refused as V(true) with V(operation=delete).
    type: bool
  load_archiver_jobs:
    description: Sent as C(loadArchiverJobs). See O(load_dependent_jobs).
    type: bool
  max_jobs:
    description:
      - Do nothing at all when more runs than this would change.
      - The default is V(100) for V(delete), V(do_not_retain), V(disallow_copy) and V(disallow_copy_all), else none.
    type: int
  confirm_plan:
    description:
      - The RV(plan_id) that check mode returned. When the server, the ids, the copies, the options or the state of the runs differ
        from what was planned then, nothing is done and the task fails with C(error.kind) V(plan_changed). When everything
        is done already, the same task may run again and is unchanged.
      - Needed for V(operation=delete) outside check mode. V(unreviewed) deletes without an approved plan.
      - With other operations it is optional, and binds them as well.
    type: str
  guards:
    description:
      - What shall protect runs from V(operation=delete). The default is all. When one refuses a run, nothing is deleted.
      - V(dependents) refuses when a job outside the selection cannot be restored without the run. A job counts that is on the
        same copy or still running, and a job on another copy of the policy when this was the last copy of what it needs.
      - V(last_good) refuses the newest successful run of its subclient on the copy.
      - V(only_copy) refuses a run that no other copy of the policy holds, whole or partial, after this task.
      - Runs on hold and running ones are refused whatever stands here. Release or stop them first.
    type: list
    elements: str
    choices: [dependents, last_good, only_copy]
notes:
  - The product's pages leave some things open. What is inferred here is verified by the read after each write.
  - Which C(retainUntil) stands for a hold without an end is not published. A user's hold with a value of 0 or less, 2147483647, or
    beyond the year 2999 is read as one; V(forever) is sent as a hold without a time.
  - Whether the server rounds the end of a hold is not published. A hold that ends on the minute, hour or day (UTC) next to
    O(retain_until) counts as equal; when it is shorter than asked, a warning or the outcome's message says so.
  - The words for the state of a job on a copy are not published. Those of the job list are known; a run with another word is neither
    successful nor failed. It is protected by the guard V(last_good), and taken for a full only where there is no better one,
    with a warning.
  - The list of a copy is read from the beginning to now, because it is not documented whether its window means starts or ends.
  - A deleted job that waits for consolidation may still be listed by the server; the task then says that the copy does not
    show the deletion.
  - Archiver jobs are known from the answer to the write only; see RV(archiver_jobs_exist).
  - Which rights the account needs is not published for this call.
seealso:
  - module: backupops.jobs.job_info
    description: With C(include_copies) it shows holds and copies of runs.
  - module: backupops.jobs.job_action
"""

EXAMPLES = r"""
- name: Keep a run, and all that a restore of it needs, for seven years
  backupops.jobs.job_operation:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    operation: retain
    job_ids: [1234567]
    copies: all
    retain_until: 7y
    reason: Legal hold 2026-14
    audit_log: audit/holds.jsonl

- name: The hold is lifted
  backupops.jobs.job_operation:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    operation: do_not_retain
    job_ids: [1234567]
    storage_policy: Disk_Daily
    copies: [Primary, Secondary]
    reason: Legal hold 2026-14 ended

- name: See what a deletion would do
  backupops.jobs.job_operation:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    operation: delete
    job_ids: [1230001, 1230002]
    copy: Primary
    include_dependents: true
  check_mode: true
  register: planned

- name: Delete exactly what was approved
  backupops.jobs.job_operation:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: operator
    password: "{{ vault_commvault_password }}"
    operation: delete
    job_ids: [1230001, 1230002]
    copy: Primary
    include_dependents: true
    confirm_plan: "{{ approved_plan_id }}"
    reason: CHG0031337
"""

RETURN = r"""
plan:
  description:
    - What would be done and what was found, the same in check mode and in the real run. Null when the task failed before it.
  returned: always
  type: dict
  contains:
    operation:
      description: The operation.
      returned: with a plan
      type: str
      sample: retain
    endpoint:
      description: The server, as in C(uid).
      returned: with a plan
      type: str
      sample: cs.example.com:443
    retain_until:
      description: The end of the hold, V(forever), or null for other operations.
      returned: with a plan
      type: str
      sample: "2033-02-01T00:00:00Z"
    reason:
      description: The option O(reason).
      returned: with a plan
      type: str
      sample: Legal hold 2026-14
    jobs:
      description:
        - One entry for each run and copy. C(action) is the operation, or null when nothing is sent; C(before) and C(after) are as
          in RV(outcomes); C(required_by) lists the jobs on the copy that need it; C(added_for) the asked runs for which it was
          added; C(refused) what protects it, each with C(guard), C(jobs) and C(message).
      returned: with a plan
      type: list
      elements: dict
      sample: []
    changes:
      description: Number of entries that are part of a write.
      returned: with a plan
      type: int
      sample: 2
    added:
      description: Ids of the runs that were added to the selection.
      returned: with a plan
      type: list
      elements: str
      sample: ["1234501"]
    refused:
      description: Ids of the runs that fail or are protected.
      returned: with a plan
      type: list
      elements: str
      sample: []
    requests:
      description: Number of writes, one for each copy.
      returned: with a plan
      type: int
      sample: 1
plan_id:
  description: Fingerprint of the plan, for O(confirm_plan). The part before the hyphen is of the task, the rest of what was found.
  returned: always
  type: str
  sample: 17f777511a9fc20a-0c9cf7ceb319f948
outcomes:
  description: What became of each run on each copy. They are returned on failure, too.
  returned: always
  type: list
  elements: dict
  contains:
    uid:
      description: The run.
      returned: always
      type: str
      sample: commvault:cs.example.com:443:run:1234567
    id:
      description: Its id.
      returned: always
      type: str
      sample: "1234567"
    name:
      description: Its name; null when no copy lists it.
      returned: always
      type: str
      sample: sql-prod-01/File System/defaultBackupSet/default
    entity:
      description: Always V(run).
      returned: always
      type: str
      sample: run
    copy_id:
      description: The copy; null when the run is on none.
      returned: always
      type: str
      sample: "9"
    copy_name:
      description: Its name.
      returned: always
      type: str
      sample: Primary
    storage_policy_id:
      description: The copy's policy.
      returned: always
      type: str
      sample: "5"
    storage_policy:
      description: Its name, where it is known.
      returned: always
      type: str
      sample: Disk_Daily
    changed:
      description: Whether it was changed, or would be.
      returned: always
      type: bool
      sample: true
    status:
      description: One of V(changed), V(unchanged), V(failed), V(skipped).
      returned: always
      type: str
      sample: changed
    before:
      description:
        - What the copy says of the run. C(allowed), whether it may be copied there, is read for the copy operations only.
        - A C(held_until) of null with C(held) true is a hold without an end.
      returned: always
      type: dict
      sample:
        on_copy: true
        held: false
        held_until: null
        held_by: null
        reason: null
        aged: false
        allowed: null
        copied_at: "2026-01-31T22:40:00Z"
    after:
      description: The same afterwards; in check mode, what is expected.
      returned: always
      type: dict
      sample:
        on_copy: true
        held: true
        held_until: "2033-02-01T00:00:00Z"
        held_by: operator
        reason: Retained by user
        aged: false
        allowed: null
        copied_at: "2026-01-31T22:40:00Z"
    added_for:
      description: Ids of the asked runs for which this one was added.
      returned: always
      type: list
      elements: str
      sample: []
    message:
      description: What there is to say about it.
      returned: always
      type: str
      sample: null
missing:
  description: Entries of O(job_ids) and O(uids) that are on none of the chosen copies.
  returned: always
  type: list
  elements: str
  sample: []
dependent_jobs_exist:
  description: Whether the server's answer says that other jobs depend on these. Null when nothing was sent.
  returned: always
  type: bool
  sample: false
archiver_jobs_exist:
  description: Whether the server's answer tells of archiver jobs. Null when nothing was sent.
  returned: always
  type: bool
  sample: false
jobs:
  description:
    - The records of the runs afterwards, as in RV(backupops.jobs.job_info#module:jobs), from what the copies tell. C(copies) has each
      copy that was read, with hold, verification and time of copying; C(depends) tells the jobs that need the run.
  returned: always
  type: list
  elements: dict
  sample: []
audit:
  description: One entry for each run, copy and write. Empty in check mode. Returned on failure, too.
  returned: always
  type: list
  elements: dict
  sample:
    - at: "2026-01-31T22:00:00Z"
      account: operator
      module: backupops.jobs.job_operation
      operation: do_not_retain
      uid: commvault:cs.example.com:443:run:1234567
      copy_id: "9"
      copy_name: Primary
      reason: Legal hold 2026-14 ended
      before: {on_copy: true, held: true, held_until: null}
      after: {on_copy: true, held: false, held_until: null}
      status: changed
diff:
  description: What was decided for the runs that change, by uid and id of the copy.
  returned: in diff mode
  type: dict
  sample:
    before: {"commvault:cs.example.com:443:run:1234567": {"9": {held: true, held_until: null}}}
    after: {"commvault:cs.example.com:443:run:1234567": {"9": {held: false, held_until: null}}}
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: refused
    status: null
    code: null
    message: "Nothing was deleted. job 1230001 on copy Primary: Jobs 1230002, 1230003 cannot be restored without it."
    hint: "The plan in the result tells all. Take these jobs out, or name in guards only those that shall protect."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_operation


def main():
    module = AnsibleModule(argument_spec=job_operation.SPEC, supports_check_mode=True, **job_operation.CONSTRAINTS)
    edge.run_module(module, job_operation.run)


if __name__ == "__main__":
    main()
