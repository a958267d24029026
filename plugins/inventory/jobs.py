# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: jobs
short_description: Backup jobs, or the clients that they protect, as hosts
version_added: 1.0.0
author:
  - backupops.jobs contributors (@backupops)
description:
  - Makes a host of each backup job, or of each client that is in a backup job, on one server or on several servers of any
    mix of products.
  - Each host carries the same record that the module M(backupops.jobs.job_info) returns.
  - The names of configuration files must end with C(backupops.yml) or C(backupops.yaml).
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.job_filters
  - backupops.jobs.job_filters.record
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [backupops.jobs.jobs]
  servers:
    description:
      - The servers to ask, instead of the one that the connection options tell.
      - Each entry is a dictionary with connection options, and with filters for this server only, as this page names them.
        A filter in an entry wins over one beside O(servers). The dictionaries of filters that one product only has
        (O(commvault), O(nakivo) and so on) may stand beside O(servers), and then count for servers of that product.
    type: list
    elements: dict
  hosts_from:
    description:
      - V(jobs) makes a host of each job, called C(NAME-DIGEST). NAME is the name of the job, with C(_) in place
        of everything but letters, digits, C(_), C(.) and C(-). DIGEST is made of its C(uid), because jobs may share a name.
        It stays the same as long as the name of the job and the O(endpoint_name) of the server (or its address) stay.
      - V(clients) makes a host of each client and each protected object (machine, share, volume) in the jobs, called as the
        server calls it. Upper and lower case are the same; a host that is in the inventory already keeps its way of writing,
        so that variables join. A name that cannot be one of a host gets C(_) and a digest like that of a job.
    type: str
    choices: [jobs, clients]
    default: jobs
  hostname:
    description:
      - A Jinja2 expression for the names of the hosts, in place of those that O(hosts_from) makes. It sees the variables
        of the host. Characters that a host's name cannot have become C(_).
      - Two jobs of one name are then an error. Clients of one name become one host, with the jobs of all of them.
    type: str
  on_error:
    description:
      - What to do when a server cannot be asked. V(fail) ends with an error; V(warn) goes on with the other servers.
      - Options that cannot be right are always an error, and so is it when no server answers at all, also if there is only one.
      - What is read while a server is missing is not cached.
    type: str
    choices: [fail, warn]
    default: fail
  job_ids:
    description: Only jobs with these ids of O(entity). The time window is then open, unless O(since) is given.
    type: list
    elements: str
  uids:
    description:
      - Only jobs with these values of C(uid). They bring their entity with them.
      - With O(servers), each entry takes those of its own jobs.
    type: list
    elements: str
  names:
    description:
      - Names of jobs. An entry is first an exact name, in the case given; only when no job has that name, also none that
        another filter leaves out, it is a pattern with C(*), C(?) and C([...]).
    type: list
    elements: str
  limit:
    description: Take this many jobs of each server at most.
    type: int
  include_objects:
    description:
      - Keep the protected objects (machines, hosts, shares) of each job, as C(workload.objects).
      - Without this option they are read when O(hosts_from=clients), because they are clients, and the record under a host
        has only the object that the host is. V(false) then saves their cost, which is one request per run on Commvault, and
        leaves only what a job as a whole calls its client.
    type: bool
notes:
  - Options may be Jinja2 templates, for example with the lookup P(ansible.builtin.env#lookup), and may be encrypted with
    Ansible Vault, one by one or as a whole file. Templates see extra variables only.
  - Host variables are C(backupops_job) (the record), C(backupops_health) (the verdict) and C(backupops_last_success) (end
    of the last success as a text in UTC, or null).
  - With O(hosts_from=clients) there are also C(backupops_client) (the name as the server writes it) and C(backupops_jobs)
    (the records of all jobs that the client is in, the worst first). C(backupops_job) is then the worst of them.
    C(backupops_health) and C(backupops_last_success) speak of the client itself where the product tells what happened to it.
    One machine that failed in a job that went well has not been backed up.
  - Texts from a server are never templates, on any version of ansible-core.
  - Groups made by O(keyed_groups) and O(groups) have only letters, digits and C(_) in their names, whatever the server sends.
    Numbers become texts, and booleans C(true) and C(false).
  - Relative paths are relative to the folder of the configuration file.
  - The cache holds job records, no options and no secrets. It is read only for the options that it was made with.
  - O(in_process=never) is an error, as there is no module to ship.
seealso:
  - module: backupops.jobs.job_info
  - plugin: backupops.jobs.last_success
    plugin_type: lookup
  - plugin: backupops.jobs.backup_fresh
    plugin_type: test
"""

EXAMPLES = r"""
# One server. The password comes from the environment: BACKUPOPS_NAKIVO_PASSWORD.
# night.backupops.yml
plugin: backupops.jobs.jobs
platform: nakivo
url: https://director.example.com:4443
username: monitor

---
# Several servers, a group for each verdict and each product, and one for what needs a look.
# all.backupops.yml
plugin: backupops.jobs.jobs
entity: definition
servers:
  - platform: commvault
    url: https://cs.example.com/commandcenter/api
    endpoint_name: cs
    username: monitor
    password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      61343433313266386461646265353565663461386437656462626462353630306463306366363266
      3630643732353638346135393164336266343132363733640a623266623561343333306466316364
      65336238656234616530366264303033393731353933383334336537356439333062333463343666
      3838663934366231630a393161353730636137306464336366303136303963646364363164643335
      6131
  - platform: veeam_m365
    url: "{{ lookup('ansible.builtin.env', 'VB365_URL') }}"
    endpoint_name: vb365
    username: VB365\monitor
    password: "{{ lookup('ansible.builtin.file', '~/.vb365') }}"
on_error: warn
max_age: 24h
keyed_groups:
  - key: backupops_job.platform
    prefix: product
  - key: backupops_health
    prefix: health
groups:
  needs_a_look: backupops_health in ['failed', 'overdue', 'never_ran']
compose:
  client: backupops_job.workload.client

---
# The protected machines, to be joined with an inventory of all machines (see playbooks/examples/protected).
# clients.backupops.yml
plugin: backupops.jobs.jobs
hosts_from: clients
platform: nakivo
url: https://director.example.com:4443
username: monitor
groups:
  protected: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/backupops-inventory
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.backupops.jobs.plugins.module_utils import model, options
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info
from ansible_collections.backupops.jobs.plugins.plugin_utils import hosts, plugin_options
from ansible_collections.backupops.jobs.plugins.plugin_utils.untrusted import make_unsafe

#: Options that say which jobs; the rest of SPEC says where they are.
FILTERS = frozenset(plugin_options.SPEC) - frozenset(options.CONNECTION_SPEC)
#: Options that are templates, besides what the class Constructable evaluates itself.
TEMPLATED = FILTERS | plugin_options.CONNECTION_NAMES | {"servers", "hosts_from", "on_error"}
#: Servers asked at the same time.
TOGETHER = 8


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "backupops.jobs.jobs"

    # Names of groups are made of what a server sends: whatever ansible.cfg says, nothing but words gets through.
    _sanitize_group_name = staticmethod(lambda name: to_safe_group_name(name, force=True, silent=True))

    def __init__(self):
        super().__init__()
        self._given = {}
        self._making_keyed_groups = False

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("backupops.yml", "backupops.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            servers = self._servers(os.path.dirname(os.path.abspath(path)))
            records = self._records(servers, self.get_cache_key(path), cache)
        except plugin_options.AskError as error:
            raise AnsibleParserError(str(error)) from None
        self._populate(make_unsafe(records))

    # -- options -----------------------------------------------------------------------------------------------------
    def set_options(self, task_keys=None, var_options=None, direct=None):
        """Called with the contents of the configuration file: templates in it come before the types of the options."""
        direct = dict(direct or {})
        known = set(self.option_definitions) | plugin_options.CONNECTION_NAMES
        unknown = sorted(str(name) for name in set(direct) - known)
        if unknown:
            raise AnsibleParserError("{0}: this plugin has no such option.".format(", ".join(unknown)))
        self.templar.available_variables = self._vars or {}
        for name in TEMPLATED & set(direct):
            try:
                direct[name] = plugin_options.plain(self.templar.template(direct[name]))
            except AnsibleError as error:
                raise AnsibleParserError("{0}: {1}".format(name, error)) from None
        self._given = {name: value for name, value in direct.items() if name in TEMPLATED}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _servers(self, folder):
        """``[(name for messages, validated parameters)]`` of the servers to ask."""
        given = {name: value for name, value in self._given.items() if value is not None}
        filters = {name: value for name, value in given.items() if name in FILTERS}
        connection = {name: value for name, value in given.items() if name in plugin_options.CONNECTION_NAMES}
        entries = given.get("servers")
        if entries is None:
            params = plugin_options.checked(dict(connection, **filters), folder)
            return [(_shown_name(None, params), self._finished(params))]
        if connection:
            raise AnsibleParserError(
                "{0}: give it in each entry of servers, not beside servers.".format(", ".join(sorted(connection)))
            )
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise AnsibleParserError("servers: a list of dictionaries with connection options is wanted.")
        servers = []
        for number, entry in enumerate(entries):
            where = "servers[{0}]".format(number)
            try:
                params = plugin_options.checked(_for_server(filters, entry), folder)
            except plugin_options.AskError as error:
                raise AnsibleParserError("{0}: {1}".format(where, error)) from None
            servers.append((_shown_name(where, params), self._finished(params)))
        return servers

    def _finished(self, params):
        """The parameters for the runner; ``fields`` grows by what is needed here, and shrinks again in the host."""
        if self._given.get("include_objects") is None and self.get_option("hosts_from") == "clients":
            params["include_objects"] = True
        if params.get("fields"):
            params["fields"] = [key for key in model.RECORD_KEYS if key in params["fields"] or key in hosts.FIELDS]
        return params

    # -- reading -----------------------------------------------------------------------------------------------------
    def _records(self, servers, cache_key, may_read_cache):
        """All records, of the cache or of the servers. A cache made with other options is not used."""
        caching, made_of = self.get_option("cache"), _digest(servers)
        if caching and may_read_cache:
            try:
                kept = self._cache[cache_key]
            except KeyError:
                kept = None
            if isinstance(kept, dict) and (kept.get("schema"), kept.get("made_of")) == (model.SCHEMA, made_of):
                return kept["jobs"]
        records, complete = self._ask(servers)
        if caching and complete:
            self._cache[cache_key] = {"schema": model.SCHEMA, "made_of": made_of, "jobs": records}
        return records

    def _ask(self, servers):
        """``(records of all servers, whether all answered)``."""

        def ask(server):
            try:
                return plugin_options.ask(job_info.run, server[1])
            except plugin_options.AskError as error:
                return error

        with ThreadPoolExecutor(min(TOGETHER, len(servers))) as pool:
            answers = list(pool.map(ask, servers))
        failures = [(name, one) for (name, _params), one in zip(servers, answers) if isinstance(one, AnsibleError)]
        # One server's failure may be taken as a warning; an option that cannot be right, or no answer at all, may not.
        excused = self.get_option("on_error") == "warn" and len(failures) < len(servers)
        fatal = [(name, error) for name, error in failures if not excused or error.kind == "invalid"]
        if fatal:
            raise AnsibleParserError(" ".join("{0}: {1}".format(name, error) for name, error in fatal)) from None
        for name, error in failures:
            self.display.warning("{0} is left out: {1}".format(name, error))
        records = []
        for (name, _params), answer in zip(servers, answers):
            if not isinstance(answer, AnsibleError):
                result, warnings = answer
                for sentence in warnings:
                    self.display.warning("{0}: {1}".format(name, sentence))
                for id in result["missing"]:
                    self.display.warning("{0}: there is no job {1}.".format(name, id))
                records += result["jobs"]
        return records, not failures

    # -- hosts -------------------------------------------------------------------------------------------------------
    def _populate(self, records):
        fields = self._given.get("fields")
        if self.get_option("hosts_from") == "clients":
            found = hosts.from_clients(records, self.inventory.hosts, bool(self._given.get("include_objects")), fields)
        else:
            found = hosts.from_jobs(records, fields)
        if self.get_option("hostname"):
            found = self._renamed(found)
        strict = self.get_option("strict")
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        for host in found:
            self.inventory.add_host(host.name)
            for name, value in host.variables.items():
                self.inventory.set_variable(host.name, name, value)
            if compose:
                self._set_composite_vars(compose, host.variables, host.name, strict=strict)
            if groups:
                self._add_host_to_composed_groups(groups, host.variables, host.name, strict=strict)
            if keyed:
                self._add_host_to_keyed_groups(keyed, host.variables, host.name, strict=strict)

    def _renamed(self, found):
        """The hosts under the names that the option hostname gives them."""
        expression, named = self.get_option("hostname"), {}
        for host in found:
            try:
                name = self._compose(expression, host.variables)
            except Exception as error:
                raise AnsibleParserError("hostname: {0} for {1}".format(error, host.name)) from None
            if not isinstance(name, (str, int)) or isinstance(name, bool) or name == "":
                raise AnsibleParserError("hostname: the expression gives no name for {0}.".format(host.name))
            host.name = hosts.fit(str(name))
            other = named.setdefault(host.name, host)
            if other.key == host.key:
                continue
            if self.get_option("hosts_from") == "jobs":
                raise AnsibleParserError(
                    "hostname: two jobs would be called {0}: {1} and {2}.".format(host.name, other.key, host.key)
                )
            hosts.merge(other, host)  # pylint: disable=arguments-out-of-order
        return named.values()

    # -- what Constructable does not do alike on every ansible-core ----------------------------------------------------
    def _add_host_to_keyed_groups(self, keys, variables, host, strict=False, fetch_hostvars=True):
        self._making_keyed_groups = True
        try:
            super()._add_host_to_keyed_groups(keys, variables, host, strict, fetch_hostvars)
        finally:
            self._making_keyed_groups = False

    def _compose(self, template, variables, *args, **kwargs):
        value = super()._compose(template, variables, *args, **kwargs)
        if self._making_keyed_groups and isinstance(value, (bool, int, float)):
            return str(value).lower()
        return value


def _for_server(filters, entry):
    """The options of one entry of ``servers``: its own, and the filters beside ``servers`` that mean something to it."""
    platform = entry.get("platform") or os.environ.get(options.PREFIX + "PLATFORM")
    foreign = {name for name in registry.TRAITS if name != platform}
    return {**{name: value for name, value in filters.items() if name not in foreign}, **entry}


def _shown_name(where, params):
    """A server in messages: never the url as it was given, which may be anything."""
    try:
        address = params.get("endpoint_name") or urlsplit(params.get("url") or "").hostname
    except ValueError:
        address = None
    what = " ".join(filter(None, (params.get("platform"), address)))
    return "{0} ({1})".format(where, what) if where and what else where or what or "backupops.jobs"


def _digest(servers):
    """What the records depend on, as a short text. Secrets are not in it."""
    asked = [
        {name: value for name, value in params.items() if name not in options.SECRETS} for _name, params in servers
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8")).hexdigest()[:32]
