# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: last_success
short_description: When a job or a client was last backed up
version_added: 1.0.0
author:
  - backupops.jobs contributors (@backupops)
description:
  - Returns the end of the last successful backup of each job, or of each client, as a text in UTC.
  - There is one login for all terms.
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.job_filters
options:
  _terms:
    description:
      - With O(by=job), jobs, each by C(uid), by an id of O(entity), or by its name in the case given. A name that several jobs
        have is an error that lists their ids.
      - With O(by=client), names of clients or protected objects (machines, shares, volumes). Upper and lower case are the same.
    type: list
    elements: str
    required: true
  by:
    description:
      - V(job) asks for the last success of a job as a whole.
      - V(client) asks for the last success of one client or object, in whichever of the jobs it was last. Where the product
        tells what happened to the object itself, only that counts. One machine that failed in a job that went well
        has not been backed up.
    type: str
    choices: [job, client]
    default: job
  entity:
    description:
      - Whether definitions or runs are read. Here the default is V(definition) on every product.
      - The success of a run is its end, if it was a success, also with a warning. With O(by=client) and V(run), runs since
        O(since) are read with their objects. On a product that tells what happened to an object only in the last run of its
        job, this finds an earlier success of an object that failed last time.
    type: str
    choices: [definition, run]
  missing:
    description:
      - What to do when a term is unknown to the server. V(ignore) returns null for it.
      - The default is V(fail) with O(by=job), and V(ignore) with O(by=client), as a client that no job knows
        has never been backed up.
    type: str
    choices: [fail, ignore]
notes:
  - On Commvault a definition that did not run lately is found by its id or client only; see O(commvault) and its C(lookback).
  - With O(by=client) and without O(entity), a client that no definition knows is looked for in the runs of the last 7 days, on
    products whose own jobs are runs.
  - A lookup runs on the controller. It sees the environment of the controller, not the C(environment) of a task.
  - O(in_process=never) is an error, as there is no module to ship. C(include_objects) is not needed. Objects are read as
    far as they matter.
seealso:
  - module: backupops.jobs.job_info
  - plugin: backupops.jobs.backup_fresh
    plugin_type: test
"""

EXAMPLES = r"""
- name: Refuse to patch a machine that has no backup of the last day (the password is in BACKUPOPS_NAKIVO_PASSWORD)
  ansible.builtin.assert:
    that: last is backupops.jobs.backup_fresh('24h')
    fail_msg: "{{ inventory_hostname }} was last backed up {{ last or 'never' }}"
  vars:
    last: >-
      {{ lookup('backupops.jobs.last_success', inventory_hostname, by='client', platform='nakivo',
                url='https://director.example.com:4443', username='monitor') }}

- name: When did these jobs last succeed?
  ansible.builtin.debug:
    msg: "{{ dict(names | zip(query('backupops.jobs.last_success', *names, **vb365))) }}"
  vars:
    names: [Exchange Online, SharePoint]
    vb365:
      platform: veeam_m365
      url: https://vb365.example.com:4443
      username: VB365\monitor
      password: "{{ vault_veeam_password }}"
"""

RETURN = r"""
_raw:
  description: For each term, the time of the last success in UTC, or null when there is none.
  type: list
  elements: str
  sample: ["2026-01-31T22:40:00Z", null]
"""

from ansible_collections.backupops.jobs.plugins.module_utils import model, selection
from ansible_collections.backupops.jobs.plugins.module_utils.errors import Ambiguous, InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info
from ansible_collections.backupops.jobs.plugins.plugin_utils import freshness, terms
from ansible_collections.backupops.jobs.plugins.plugin_utils.lookup import JobsLookup

#: How far back runs are read for a client that no definition knows.
RUNS_SINCE = "-7d"
#: What is read of a record; the verdict is not, as it would cost requests.
_FIELDS = sorted(freshness.FIELDS - {"health"} | {"id", "name"})


class LookupModule(JobsLookup):
    spec = JobsLookup.spec_with(
        without=("fields", "include_objects", "include_raw", "include_copies"),
        by={"type": "str", "choices": ["job", "client"], "default": "job"},
        missing={"type": "str", "choices": ["fail", "ignore"]},
    )

    def found(self, platform, params, texts, warn):
        if not texts:
            return []
        by_client = params["by"] == "client"
        if by_client and params.get("clients"):
            raise InvalidError("clients: the terms are the clients here.", hint="Take it out.")
        to_read = dict(params, fields=_FIELDS, entity=params.get("entity") or model.DEFINITION)
        if by_client:
            matches = self._of_clients(platform, params, to_read, texts, warn)
        else:
            matches = terms.records_of(platform, dict(params, fields=_FIELDS), texts, warn, entity=model.DEFINITION)
        lost = [term for term, records in zip(texts, matches) if not records]
        if lost and (params.get("missing") or ("ignore" if by_client else "fail")) == "fail":
            raise terms.unknown(platform, lost, "client" if by_client else to_read["entity"])
        if by_client:
            return [
                freshness.newest(freshness.client_success_at(record, term) for record in records)
                for term, records in zip(texts, matches)
            ]
        for term, records in zip(texts, matches):
            if len(records) > 1:
                raise Ambiguous(
                    "{0!r} is the name of {1} jobs: {2}.".format(
                        term, len(records), ", ".join(record["id"] for record in records)
                    ),
                    hint="Give the id.",
                )
        return [freshness.success_at(records[0]) if records else None for records in matches]

    def _of_clients(self, platform, params, to_read, names, warn):
        """The records that have each client in them."""
        found = _by_client(platform, dict(to_read, clients=names), names, warn)
        rest = [name for name, records in zip(names, found) if not records]
        traits = platform.traits
        # Definitions that are put together from runs may lack some; then the runs themselves know more.
        if rest and not params.get("entity") and traits.native_entity == model.RUN and not params.get(traits.name):
            to_read = dict(to_read, entity=model.RUN, since=RUNS_SINCE, clients=rest, enabled=None, max_age=None)
            more = dict(zip(rest, _by_client(platform, to_read, rest, warn)))
            found = [records or more.get(name, []) for name, records in zip(names, found)]
        return found


def _by_client(platform, params, names, warn):
    listed = job_info.listing(platform, dict(params, include_objects=True), warn)["jobs"]
    return [[one for one in listed if selection.matches_client(one, {name.casefold()})] for name in names]
