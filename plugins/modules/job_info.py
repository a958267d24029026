#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_info
short_description: List backup jobs and their runs
version_added: 1.0.0
description:
  - Lists, filters and describes backup jobs with the same words on every product.
  - A I(definition) is what is protected and scheduled; it can be enabled and disabled. A I(run) is one execution; it has
    a state, a result, a size and an end.
  - Every page is read. A list that the server cut short is marked, never silently short.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.job_filters
  - backupops.jobs.job_filters.record
  - backupops.jobs.job_filters.objects
  - backupops.jobs.attributes
  - backupops.jobs.attributes.info_module
requirements:
  - jmespath, for O(query)
options:
  job_ids:
    description:
      - Ids of O(entity). The time window is then open, unless O(since) is given.
      - Ids that do not exist come back in RV(missing).
      - An id that exists but does not fit a filter beside it is in neither RV(jobs) nor RV(missing).
    type: list
    elements: str
  uids:
    description:
      - Values of C(uid) from earlier records. They bring their entity with them.
      - A uid of another platform, server, tenant or account is refused.
    type: list
    elements: str
  names:
    description:
      - Names of jobs. An entry is first an exact name, in the case given; only when no job has that name, also none that
        another filter leaves out, it is a pattern with C(*), C(?) and C([...]).
    type: list
    elements: str
  limit:
    description: Return this many jobs at most. RV(total) tells how many there are.
    type: int
  query:
    description: A JMESPath expression over the list of jobs; its result is RV(query_result).
    type: str
  fields:
    choices:
      - schema
      - uid
      - platform
      - endpoint
      - entity
      - id
      - definition_id
      - definition_ids
      - parent_id
      - name
      - type
      - level
      - enabled
      - state
      - result
      - health
      - reason
      - reason_code
      - progress
      - started_at
      - finished_at
      - updated_at
      - next_run_at
      - last_success_at
      - duration_s
      - initiated_by
      - workload
      - counts
      - bytes
      - rate_bps
      - savings_pct
      - retention
      - copies
      - copy_status
      - verification
      - depends
      - current_run
      - last_run
      - native
      - unknown_fields
      - raw
seealso:
  - module: backupops.jobs.platform_info
"""

EXAMPLES = r"""
- name: What failed last night, on Commvault?
  backupops.jobs.job_info:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: monitor
    password: "{{ vault_commvault_password }}"
    entity: run
    since: -24h
    results: [failed, partial]
  register: night

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reason }}"
  loop: "{{ night.jobs }}"
  loop_control:
    label: "{{ item.uid }}"

- name: Jobs without a success in the last day, on NAKIVO
  backupops.jobs.job_info:
    platform: nakivo
    url: https://director.example.com:4443
    username: monitor
    password: "{{ vault_nakivo_password }}"
    max_age: 24h
    health: [failed, overdue, never_ran]

- name: Systems and results of the runs of one weekend, on BlueXP
  backupops.jobs.job_info:
    platform: netapp_bluexp
    client_id: "{{ vault_bluexp_client_id }}"
    client_secret: "{{ vault_bluexp_client_secret }}"
    since: "2026-01-31"
    until: "2026-02-02"
    timezone: Europe/Zurich
    query: "[].{system: workload.client, result: result}"

- name: One definition of Veeam Backup for Microsoft 365 by its name
  backupops.jobs.job_info:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\monitor
    password: "{{ vault_veeam_password }}"
    names: [Exchange Online]
    fields: [name, enabled, health, last_success_at]
"""

RETURN = r"""
jobs:
  description:
    - One record per job. Every key is always present, and null when the product does not tell.
    - Runs come newest start first, definitions by name.
    - Times are texts in UTC, sizes bytes, durations seconds, rates bytes per second.
  returned: success
  type: list
  elements: dict
  sample:
    - uid: commvault:cs.example.com:443:run:681
      name: client001/File System/defaultBackupSet/default
      state: finished
      result: cancelled
  contains:
    schema:
      description: Version of this record's shape.
      returned: success
      type: int
      sample: 1
    uid:
      description: Says everything about which job this is. Use it as O(uids) in later tasks.
      returned: success
      type: str
      sample: veeam_m365:vb365.example.com:4443:definition:3396ba22-21b1-4666-a631-0edfc12a59cd
    platform:
      description: The product.
      returned: success
      type: str
      sample: nakivo
    endpoint:
      description: O(endpoint_name), or host and port.
      returned: success
      type: str
      sample: director.example.com:4443
    entity:
      description: V(definition) or V(run).
      returned: success
      type: str
      sample: run
    id:
      description: Id of the definition or run, as the product gives it. NAKIVO's runs have C(<job>@<start>), BlueXP's definitions
        C(<system>/<volume>).
      returned: success
      type: str
      sample: "681"
    definition_id:
      description: Of a run, the id of its definition, when there is exactly one. Of a definition, its own id.
      returned: success
      type: str
      sample: "7"
    definition_ids:
      description: Of a run, the ids of all its definitions. Of a definition, its own id.
      returned: success
      type: list
      elements: str
      sample: ["7"]
    parent_id:
      description: Id of the run that this one belongs to or repeats.
      returned: success
      type: str
      sample: null
    name:
      description:
        - Name of the definition. Commvault's have the form C(client/agent/backupset/subclient).
        - Null for runs of NetApp BlueXP, whose jobs have no name; C(workload) tells what they are about.
      returned: success
      type: str
      sample: Exchange Online
    type:
      description: One of V(backup), V(copy), V(replication), V(restore), V(verify), V(archive), V(maintenance), V(workflow), V(other).
      returned: success
      type: str
      sample: backup
    level:
      description: One of V(full), V(incremental), V(differential), V(synthetic_full), V(transaction_log).
      returned: success
      type: str
      sample: incremental
    enabled:
      description: Whether the definition's schedule may start it. Null for runs, and where the product does not tell.
      returned: success
      type: bool
      sample: true
    state:
      description:
        - One of V(idle), V(queued), V(blocked), V(running), V(suspending), V(suspended), V(stopping), V(finished), V(unknown).
        - A definition has the state of its current run, else V(idle).
      returned: success
      type: str
      sample: finished
    result:
      description:
        - One of V(success), V(warning), V(partial), V(failed), V(cancelled), V(skipped), V(unknown); null until finished.
        - A definition has the result of its last finished run, and so its reason and sizes.
      returned: success
      type: str
      sample: success
    health:
      description:
        - The verdict on a definition, the first that fits of V(disabled), V(never_ran), V(failed), V(overdue), V(warning), V(ok),
          V(running) (only while its first run ever is active), else V(unknown).
        - Of a run, V(running) until it is finished, then V(failed), V(warning) or V(ok).
      returned: success
      type: str
      sample: ok
    reason:
      description: Why the job is in this state or has this result, in the product's words.
      returned: success
      type: str
      sample: null
    reason_code:
      description: The product's code for RV(jobs[].reason).
      returned: success
      type: str
      sample: "19:857"
    progress:
      description: Percent, only while a run is not finished and only where the product gives a percentage.
      returned: success
      type: float
      sample: null
    started_at:
      description: When the run started.
      returned: success
      type: str
      sample: "2026-01-31T22:00:00Z"
    finished_at:
      description: When the run ended.
      returned: success
      type: str
      sample: "2026-01-31T22:40:00Z"
    updated_at:
      description: When the product last changed what it says about the job.
      returned: success
      type: str
      sample: "2026-01-31T22:40:00Z"
    next_run_at:
      description: When the definition is due again.
      returned: success
      type: str
      sample: "2026-02-01T22:00:00Z"
    last_success_at:
      description: End of the last run that was a success, also with a warning, as far as the product tells.
      returned: success
      type: str
      sample: "2026-01-31T22:40:00Z"
    duration_s:
      description: Seconds that the run took, or has taken so far.
      returned: success
      type: int
      sample: 2400
    initiated_by:
      description: Who or what started the run.
      returned: success
      type: dict
      sample: {name: admin, how: manual}
    workload:
      description:
        - What is protected. C(client) is a Commvault client, a BlueXP system, a Microsoft 365 organization.
        - C(objects) is filled with O(include_objects), and always for BlueXP definitions.
      returned: success
      type: dict
      sample: {client: client001, application: File System, groups: null, objects: null}
    counts:
      description: Number of files or objects.
      returned: success
      type: dict
      sample: {total: 50, ok: 49, failed: 1, skipped: null, stopped: null}
    bytes:
      description: Size of the protected data, of what was transferred, and of what was stored.
      returned: success
      type: dict
      sample: {source: 1000000, transferred: 200000, stored: 150000}
    rate_bps:
      description: Bytes per second.
      returned: success
      type: int
      sample: 1048576
    savings_pct:
      description: Percent saved by deduplication and compression.
      returned: success
      type: float
      sample: 82.5
    retention:
      description: Whether the run's data is held, until when, by whom and why, and whether it has aged out.
      returned: success
      type: dict
      sample: {held: false, held_until: null, held_by: null, reason: null, aged: false}
    copies:
      description: What each copy holds of the run, with O(include_copies); else null.
      returned: success
      type: list
      elements: dict
      sample: null
    copy_status:
      description: Whether the run may be copied, and when it was.
      returned: success
      type: dict
      sample: {allowed: null, copied_at: null}
    verification:
      description: What the product's last verification of the data found.
      returned: success
      type: str
      sample: null
    depends:
      description: Which runs need this one.
      returned: success
      type: dict
      sample: {required_by: null, has_dependents: null, has_archiver: null}
    current_run:
      description: Of a definition, the record of the run that is under way, else null.
      returned: success
      type: dict
      sample: null
    last_run:
      description: Of a definition, the record of the last finished run, else null.
      returned: success
      type: dict
      sample: null
    native:
      description:
        - The product's own ids and names.
        - A definition of Commvault has C(enabled_again_at), the time at which the server itself enables its backups again
          (O(backupops.jobs.job_action#module:commvault.enable_after)); else null.
      returned: success
      type: dict
      sample: {client_id: "2", subclient_id: "7"}
    unknown_fields:
      description: Fields of the product's answer that this record has no place for.
      returned: success
      type: dict
      sample: {}
    raw:
      description: The product's answer, with O(include_raw); else null.
      returned: success
      type: raw
      sample: null
summary:
  description: Numbers of all matching jobs by state, result, health and type, before O(limit). Null counts as C(none).
  returned: success
  type: dict
  sample:
    state: {finished: 41, running: 2}
    result: {success: 40, failed: 1, none: 2}
    health: {ok: 40, failed: 1, running: 2}
    type: {backup: 43}
total:
  description: Number of matching jobs before O(limit).
  returned: success
  type: int
  sample: 43
returned:
  description: Number of jobs in RV(jobs).
  returned: success
  type: int
  sample: 43
truncated:
  description: Whether jobs may be missing because the server cut the list short.
  returned: success
  type: bool
  sample: false
missing:
  description: Entries of O(job_ids) and O(uids) that do not exist.
  returned: success
  type: list
  elements: str
  sample: []
history:
  description: What the product can still know about runs.
  returned: success
  type: dict
  contains:
    from:
      description: Since when runs are known.
      returned: success
      type: str
      sample: "2026-01-30T22:00:00Z"
    complete:
      description: Whether a definition without a run has really never run.
      returned: success
      type: bool
      sample: false
    why:
      description: The reason, in a sentence.
      returned: success
      type: str
      sample: Sessions are trimmed by a setting of the server.
query_result:
  description: Result of O(query).
  returned: when O(query) is given
  type: raw
  sample: []
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: authentication
    status: 200
    code: "1116"
    message: "Commvault refused the login of admin."
    hint: "Check username and password."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info


def main():
    edge.run_module(AnsibleModule(argument_spec=job_info.SPEC, supports_check_mode=True), job_info.run)


if __name__ == "__main__":
    main()
