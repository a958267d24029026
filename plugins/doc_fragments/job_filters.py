# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The filters of the module job_info, and what it can do to each record, which inventory and lookup plugins have too."""

    DOCUMENTATION = r"""
options:
  entity:
    description:
      - Whether definitions (what is protected and scheduled) or runs (one execution each) are read.
      - The default is what the product itself calls a job, so runs for Commvault and NetApp BlueXP, and definitions for
        NAKIVO and Veeam Backup for Microsoft 365.
    type: str
    choices: [definition, run]
  states:
    description: Only jobs in one of these states.
    type: list
    elements: str
    choices: [idle, queued, blocked, running, suspending, suspended, stopping, finished, unknown]
  results:
    description: Only jobs with one of these results. A definition has the result of its last finished run.
    type: list
    elements: str
    choices: [success, warning, partial, failed, cancelled, skipped, unknown]
  health:
    description: Only jobs with one of these verdicts, which RV(backupops.jobs.job_info#module:jobs[].health) explains.
    type: list
    elements: str
    choices: [disabled, never_ran, failed, overdue, warning, ok, running, unknown]
  types:
    description: Only jobs of these types.
    type: list
    elements: str
    choices: [backup, copy, replication, restore, verify, archive, maintenance, workflow, other]
  clients:
    description: Only jobs of a client, or with an object, of one of these names. Upper and lower case are the same.
    type: list
    elements: str
  enabled:
    description: Only definitions that are enabled, or disabled. One whose state is not known fits neither.
    type: bool
  since:
    description:
      - Only runs that were active after this time. The default is V(-24h), or no limit for jobs that are asked for by id
        or uid.
      - A time with or without a zone (V(2026-01-31T22:00:00Z)), a date, seconds since the epoch, or a relative time like
        V(-24h) or V(7d), with the units s, m (minutes), h, d, w and y. Applies to runs.
    type: str
  until:
    description: Only runs that started before this time. Written as O(since). Applies to runs.
    type: str
  max_age:
    description:
      - A duration like V(24h). A definition whose last success is older gets the health V(overdue). Applies to definitions.
    type: str
  commvault:
    description: Filters that only Commvault has. Those that narrow a list are refused beside ids and uids.
    type: dict
    suboptions:
      client_id:
        description: Only jobs of the client with this id.
        type: int
      subclient_id:
        description: Only jobs of the subclient with this id.
        type: int
      job_category:
        description: Only active, or only finished runs. The default is V(All).
        type: str
        choices: [Active, Finished, All]
      job_filter:
        description:
          - Types of runs in the product's words, separated by commas. The default is V(Backup); an empty text means all types.
        type: str
      show_aged:
        description: List runs, too, whose data has aged out.
        type: bool
      lookback:
        description:
          - How far back runs are read to find the definitions, when O(clients) is not given. The default is V(7d).
        type: str
  nakivo:
    description: Filters that only NAKIVO Backup & Replication has. They are refused beside ids and uids.
    type: dict
    suboptions:
      group_id:
        description: Only jobs of the group with this id, and of the groups in it.
        type: int
  netapp_bluexp:
    description: Filters that only NetApp BlueXP backup and recovery has.
    type: dict
    suboptions:
      working_environment_id:
        description: Only jobs of the system with this id.
        type: str
      type:
        description: Only runs of this type, in the product's words, which are not published.
        type: str
      status:
        description: Only runs with this status, in the product's words.
        type: str
      active_words:
        description: Words of C(backup-status) that mean enabled, besides those that are known.
        type: list
        elements: str
      paused_words:
        description: Words of C(backup-status) that mean disabled, besides those that are known.
        type: list
        elements: str
  veeam_m365:
    description: Filters that only Veeam Backup for Microsoft 365 has. They are refused beside ids and uids.
    type: dict
    suboptions:
      organization_id:
        description: Only jobs of the organization with this id.
        type: str
      repository_id:
        description: Only jobs that write to the repository with this id.
        type: str
"""

    RECORD = r"""
options:
  fields:
    description: Keep only these keys of each record, and C(uid). Large lists become lighter that way.
    type: list
    elements: str
  include_raw:
    description: Add the product's own answer to each record, as C(raw).
    type: bool
    default: false
  include_copies:
    description: Add what each copy holds of a run, as C(copies). Commvault runs only.
    type: bool
    default: false
"""

    OBJECTS = r"""
options:
  include_objects:
    description:
      - Add the protected objects (machines, hosts, shares) of each job, as C(workload.objects).
      - This costs a request per run on Commvault.
    type: bool
    default: false
"""
