# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: jobs
short_description: Records of backup jobs
version_added: 1.0.0
author:
  - backupops.jobs contributors (@backupops)
description:
  - Returns the same records as the module M(backupops.jobs.job_info), for the jobs that the terms name, or for all jobs.
  - There is one login for all terms.
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.job_filters
  - backupops.jobs.job_filters.record
  - backupops.jobs.job_filters.objects
options:
  _terms:
    description:
      - Jobs. A term is a C(uid), an id of O(entity), or a name in the case given. Only when no job has that id or name it is a
        pattern with C(*), C(?) and C([...]).
      - Without terms all jobs are returned that pass the filters.
    type: list
    elements: str
  missing:
    description: What to do when no job (that passes the filters) fits a term.
    type: str
    choices: [fail, ignore]
    default: fail
notes:
  - A lookup runs on the controller. It sees the environment of the controller, not the C(environment) of a task.
  - Texts from a server are never templates, on any version of ansible-core.
  - The lookup returns a list; use C(query), or C(lookup) with C(wantlist=True).
  - O(in_process=never) is an error, as there is no module to ship.
seealso:
  - module: backupops.jobs.job_info
  - plugin: backupops.jobs.last_success
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the state of two jobs (the password is in BACKUPOPS_NAKIVO_PASSWORD)
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.health }}"
  loop: "{{ query('backupops.jobs.jobs', 'VMware nightly', 'Hyper-V weekly', **director) }}"
  loop_control:
    label: "{{ item.uid }}"
  vars:
    director:
      platform: nakivo
      url: https://director.example.com:4443
      username: monitor

- name: Fail when a definition of Commvault is in bad health
  ansible.builtin.assert:
    that: bad | length == 0
    fail_msg: "{{ bad | map(attribute='name') | join(', ') }}"
  vars:
    bad: >-
      {{ query('backupops.jobs.jobs', platform='commvault', url='https://cs.example.com/commandcenter/api',
               username='monitor', password=vault_commvault_password,
               entity='definition', max_age='24h', health=['failed', 'overdue']) }}
"""

RETURN = r"""
_raw:
  description:
    - Records as in RV(backupops.jobs.job_info#module:jobs), in the order of the terms.
    - A term that fits several jobs gives all of them.
  type: list
  elements: dict
  sample:
    - uid: nakivo:director:definition:1
      name: VMware nightly
      health: ok
"""

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info
from ansible_collections.backupops.jobs.plugins.plugin_utils import terms
from ansible_collections.backupops.jobs.plugins.plugin_utils.lookup import JobsLookup


class LookupModule(JobsLookup):
    spec = JobsLookup.spec_with(missing={"type": "str", "choices": ["fail", "ignore"], "default": "fail"})

    def found(self, platform, params, texts, warn):
        if not texts:
            return job_info.listing(platform, params, warn)["jobs"]
        fields = params.get("fields")
        if fields:
            params = dict(params, fields=[*fields, "id", "name"])
        matches = terms.records_of(platform, params, texts, warn, globs=True)
        lost = [term for term, records in zip(texts, matches) if not records]
        if lost and params["missing"] == "fail":
            raise terms.unknown(platform, lost, params.get("entity") or platform.traits.native_entity)
        records = [record for some in matches for record in some]
        if fields:
            keep = [key for key in model.RECORD_KEYS if key in fields or key == "uid"]
            records = [{key: record[key] for key in keep} for record in records]
        return records
