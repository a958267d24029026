#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: platform_info
short_description: Can a backup product be reached, who am I there, what can it do
version_added: 1.0.0
description:
  - Logs in to a backup product and reports its version, the account, the difference of the clocks, and what this collection
    can do with it.
  - It can list the names and ids that options of other modules ask for.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.attributes
  - backupops.jobs.attributes.info_module
options:
  gather:
    description:
      - Lists to read as well. Each becomes a key of RV(info).
      - NAKIVO has V(tenants), V(repositories) and V(groups), Veeam V(organizations) and V(repositories), BlueXP
        V(working_environments), V(accounts) and V(agents), Commvault V(storage_policies) with their copies.
    type: list
    elements: str
    choices: [tenants, organizations, working_environments, repositories, storage_policies, accounts, agents, groups]
seealso:
  - module: backupops.jobs.job_info
"""

EXAMPLES = r"""
- name: Stop here unless the backup server answers and the account may start jobs
  backupops.jobs.platform_info:
    platform: veeam_m365
    url: https://vb365.example.com:4443
    username: VB365\operator
    password: "{{ vault_veeam_password }}"
  register: server
  failed_when: server is failed or server.info.capabilities.start.can is false

- name: Storage policies and their copies, with ids
  backupops.jobs.platform_info:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    username: monitor
    password: "{{ vault_commvault_password }}"
    gather: [storage_policies]
"""

RETURN = r"""
info:
  description: What is known about the product and the account.
  returned: success
  type: dict
  contains:
    platform:
      description: The product.
      returned: success
      type: str
      sample: veeam_m365
    endpoint:
      description: O(endpoint_name), or host and port.
      returned: success
      type: str
      sample: vb365.example.com:4443
    product_version:
      description: Version of the product, null when it does not tell.
      returned: success
      type: str
      sample: 8.0.2.159
    api_version:
      description: Version of the API in use, null when there is only one.
      returned: success
      type: str
      sample: v8
    account:
      description: The account that is logged in, null when the product does not tell.
      returned: success
      type: str
      sample: VB365\operator
    clock_offset_s:
      description: The server's clock minus the clock here, in seconds; null when the server sends no time.
      returned: success
      type: int
      sample: 2
    capabilities:
      description:
        - Abilities of the product, by name. C(supported) tells whether product and collection can; C(can) whether this
          account may (null when the login does not tell); C(entity) what it works on; C(via) the call behind it; C(note) its limits.
        - The names are C(list_runs), C(list_definitions), C(read_enabled), C(enable), C(disable), C(start), C(suspend), C(resume),
          C(stop), C(job_operation), C(browse_session), C(data_restore), C(list_restore_sessions).
      returned: success
      type: dict
      sample:
        suspend:
          supported: false
          can: false
          entity: null
          via: null
          note: There is no such call.
    tenants:
      description: Ids and names, with O(gather=tenants).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: 4b6ff2c5-8a5c-4a3d-9d9f-2b6f1f0d1c11, name: Customer A}]
    organizations:
      description: Ids and names, with O(gather=organizations).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: 12f7c0f2-9f0e-4b7e-8a53-f2f7d84b5f6e, name: contoso.onmicrosoft.com}]
    working_environments:
      description: Ids and names, with O(gather=working_environments).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: VsaWorkingEnvironment-1, name: cvo-prod}]
    repositories:
      description: Ids and names, with O(gather=repositories).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: "1", name: Onboard repository}]
    storage_policies:
      description: Ids and names, each with its C(copies), with O(gather=storage_policies).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: "5", name: Policy_1, copies: [{id: "9", name: Primary}]}]
    accounts:
      description: Ids and names, with O(gather=accounts).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: account-AbCdEfGh, name: Production}]
    agents:
      description: Ids and names, with O(gather=agents).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: a1b2c3clients, name: agent-1}]
    groups:
      description: Ids and names, with O(gather=groups).
      returned: when gathered
      type: list
      elements: dict
      sample: [{id: "4", name: Tier 1}]
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: unreachable
    status: null
    code: null
    message: "GET https://vb365.example.com:4443/v8/ServiceInstance: no connection: Connection refused."
    hint: "Check url, the port and the firewall."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import platform_info


def main():
    edge.run_module(AnsibleModule(argument_spec=platform_info.SPEC, supports_check_mode=True), platform_info.run)


if __name__ == "__main__":
    main()
