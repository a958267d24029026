# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin on the simulator: options, errors, cache, hosts, groups."""

from __future__ import annotations

import json
import os

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed
from ansible.plugins.doc_fragments.inventory_cache import ModuleDocFragment as InventoryCache

from ansible_collections.backupops.jobs.plugins.doc_fragments.connection import ModuleDocFragment as Connection
from ansible_collections.backupops.jobs.plugins.doc_fragments.job_filters import ModuleDocFragment as JobFilters
from ansible_collections.backupops.jobs.plugins.inventory import jobs as plugin
from simulator import Simulator

PASSWORD = "p@ss+w&rd=1 %é"
NAME = plugin.InventoryModule.NAME


@pytest.fixture(scope="module", autouse=True)
def option_definitions():
    """What Ansible's loader of plugins would take out of the documentation."""
    texts = [Connection.DOCUMENTATION, JobFilters.DOCUMENTATION, JobFilters.RECORD]
    texts += [Constructed.DOCUMENTATION, InventoryCache.DOCUMENTATION, plugin.DOCUMENTATION]
    definitions = {}
    for text in texts:
        definitions.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, definitions)


@pytest.fixture(scope="module")
def sim():
    with Simulator(products=("nakivo", "veeam_m365"), speed=0) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def alone(sim, monkeypatch):
    sim.faults.clear()
    sim.log.clear()
    for name in list(os.environ):
        if name.startswith("BACKUPOPS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def nakivo(sim):
    return {
        "platform": "nakivo", "url": sim.url("nakivo"), "endpoint_name": "director", "username": "admin",
        "password": PASSWORD, "retries": 0,
    }  # fmt: skip


@pytest.fixture
def veeam(sim):
    return {
        "platform": "veeam_m365", "url": sim.url("veeam_m365"), "endpoint_name": "vb365", "username": "admin",
        "password": PASSWORD, "retries": 0,
    }  # fmt: skip


class Warnings:
    def __init__(self):
        self.said = []

    def warning(self, sentence, *_args, **_kwargs):
        self.said.append(sentence)

    def __getattr__(self, _name):
        return lambda *_args, **_kwargs: None


@pytest.fixture
def load(tmp_path):
    """``load(options, …)`` -> InventoryData; what was warned of is in its attribute ``warnings``."""

    def load(options, name="test.backupops.yml", cache=True, extra_vars=None, data=None):
        path = tmp_path / name
        path.write_text(options if isinstance(options, str) else yaml.safe_dump({"plugin": NAME, **options}), "utf-8")
        inventory = plugin.InventoryModule()
        inventory._load_name = inventory._original_path = NAME
        inventory._redirected_names = [NAME]
        inventory.ansible_aliases = [NAME]
        inventory.ansible_name = NAME
        inventory.display = Warnings()
        data = data or InventoryData()
        if extra_vars:
            original = inventory.set_options

            def with_extra_vars(**more):
                inventory._vars = extra_vars
                original(**more)

            inventory.set_options = with_extra_vars
        assert inventory.verify_file(str(path))
        inventory.parse(data, DataLoader(), str(path), cache)
        if inventory._options.get("cache"):
            inventory.update_cache_if_changed()
        data.warnings = inventory.display.said
        return data

    return load


def variables(data):
    return {name: host.vars for name, host in data.hosts.items()}


def groups(data, prefix):
    return {
        name: len(group.hosts) for name, group in data.groups.items() if name.startswith(prefix) and group.hosts
    }  # fmt: skip


# -- hosts ---------------------------------------------------------------------------------------------------------------
def test_jobs_are_hosts(load, nakivo):
    data = load(nakivo)
    found = variables(data)
    assert len(found) > 25
    for name, one in found.items():
        job = one["backupops_job"]
        assert job["endpoint"] == "director" and len(job) > 30
        assert name == plugin.hosts.job_host_name(job)
        assert one["backupops_health"] == job["health"]
        assert one["backupops_last_success"] == job["last_success_at"]
        assert job["workload"]["objects"] is None
    names = [one["backupops_job"]["name"] for one in found.values()]
    assert "{{ 7*7 }} {% raw %}nightly" in names and len(set(names)) < len(names)


def test_clients_are_hosts(load, nakivo):
    found = variables(load(dict(nakivo, hosts_from="clients")))
    failed = found["vdi-50"]
    assert failed["backupops_client"] == "vdi-50"
    assert failed["backupops_health"] == "failed"
    assert failed["backupops_last_success"] is None
    assert found["vdi-49"]["backupops_health"] == "ok"
    assert found["vdi-49"]["backupops_last_success"]
    # One green job of fifty: the other machines do not stand in this one's variables.
    assert [thing["name"] for thing in failed["backupops_job"]["workload"]["objects"]] == ["vdi-50"]


def test_clients_without_the_cost_of_objects(load, nakivo):
    found = variables(load(dict(nakivo, hosts_from="clients", include_objects=False)))
    assert "vdi-50" not in found and "web-01" in found


def test_clients_join_the_hosts_that_are_there(load, nakivo):
    data = InventoryData()
    data.add_host("VDI-50")
    load(dict(nakivo, hosts_from="clients"), data=data)
    assert data.hosts["VDI-50"].vars["backupops_client"] == "vdi-50" and "vdi-50" not in data.hosts


def test_several_servers_of_several_products(load, nakivo, veeam):
    data = load(
        {
            "servers": [nakivo, dict(veeam, states=["idle"])],
            "entity": "definition",
            "fields": ["platform", "state"],
            "nakivo": {"group_id": None},
            "keyed_groups": [{"key": "backupops_job.platform", "prefix": "on"}],
        }
    )
    assert set(groups(data, "on_")) == {"on_nakivo", "on_veeam_m365"}
    for one in variables(data).values():
        assert set(one["backupops_job"]) == {"uid", "platform", "state"}
    assert {
        one["backupops_job"]["state"]
        for one in variables(data).values()
        if one["backupops_job"]["platform"] == "veeam_m365"
    } == {"idle"}


def test_compose_groups_and_keyed_groups(load, nakivo):
    data = load(
        dict(
            nakivo,
            compose={"title": "backupops_job.name | upper", "broken": "backupops_job.nothing.at.all"},
            groups={"bad": "backupops_health in ['failed', 'overdue']"},
            keyed_groups=[
                {"key": "backupops_job.schema", "prefix": "schema"},
                {"key": "backupops_job.enabled", "prefix": "enabled"},
                {"key": "backupops_job.name", "prefix": "name"},
            ],
        )
    )
    found = variables(data)
    assert all(one["title"] == one["backupops_job"]["name"].upper() and "broken" not in one for one in found.values())
    assert (
        groups(data, "bad")["bad"]
        == sum(one["backupops_health"] in ("failed", "overdue") for one in found.values())
        > 0
    )
    assert groups(data, "schema_") == {"schema_1": len(found)}
    assert set(groups(data, "enabled_")) == {"enabled_true", "enabled_false"}
    assert all(name.isidentifier() for name in groups(data, "name_"))


def test_strict(load, nakivo):
    with pytest.raises(AnsibleError, match="broken"):
        load(dict(nakivo, strict=True, compose={"broken": "backupops_job.nothing.at.all"}))


def test_hostname(load, nakivo):
    options = dict(
        nakivo, hostname="backupops_job.id ~ '@{{' ~ backupops_job.endpoint", names=["VMware production nightly"]
    )
    (name,) = load(options).hosts
    assert name.endswith("___director")
    with pytest.raises(AnsibleParserError, match="two jobs would be called same: nakivo:director:definition:"):
        load(dict(nakivo, hostname="'same'"))
    with pytest.raises(AnsibleParserError, match="hostname: "):
        load(dict(nakivo, hostname="backupops_job.nothing.at.all"))
    with pytest.raises(AnsibleParserError, match="gives no name"):
        load(dict(nakivo, hostname="''"))


def test_hostname_brings_clients_together(load, nakivo):
    found = variables(
        load(dict(nakivo, hosts_from="clients", hostname="backupops_client.split('-')[0] ~ '.example.com'"))
    )
    assert found["vdi.example.com"]["backupops_health"] == "failed"
    assert len(found["vdi.example.com"]["backupops_jobs"]) == 50


# -- options -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["backupops.yml", "x.backupops.yaml"])
def test_names_of_files(load, nakivo, name):
    assert load(nakivo, name=name).hosts


def test_other_files_are_left_alone(tmp_path):
    for name in ("hosts.yml", "backupops.json"):
        (tmp_path / name).write_text("plugin: x", "utf-8")
        assert not plugin.InventoryModule().verify_file(str(tmp_path / name))
    assert not plugin.InventoryModule().verify_file(str(tmp_path / "backupops.yml"))


def test_the_environment(load, nakivo, monkeypatch):
    monkeypatch.setenv("BACKUPOPS_NAKIVO_PASSWORD", nakivo.pop("password"))
    monkeypatch.setenv("BACKUPOPS_PLATFORM", nakivo.pop("platform"))
    assert load(nakivo).hosts
    monkeypatch.setenv("BACKUPOPS_NAKIVO_URL", "https://elsewhere.example.com:4443")
    with pytest.raises(AnsibleParserError, match="url"):
        load(nakivo)


def test_templates(load, nakivo, sim):
    options = dict(
        nakivo,
        url="{{ address }}",
        password="{{ '" + PASSWORD + "' }}",
        retries="{{ 1 + 1 }}",
        names=["{{ 'Legacy' }} ERP"],
    )
    (one,) = variables(load(options, extra_vars={"address": sim.url("nakivo")})).values()
    assert one["backupops_job"]["name"] == "Legacy ERP"
    with pytest.raises(AnsibleParserError, match="url: .*undefined"):
        load(options)


def test_templates_in_servers(load, nakivo):
    assert load({"servers": [dict(nakivo, username="{{ 'ad' ~ 'min' }}")]}).hosts


def test_paths_are_relative_to_the_file(load, nakivo, tmp_path):
    with pytest.raises(AnsibleParserError) as error:
        load(dict(nakivo, ca_path="certs/../ca.pem"))
    assert "ca_path: there is no file {0}".format(tmp_path / "ca.pem") in str(error.value)


@pytest.mark.parametrize(
    "more, words",
    [
        ({"hosts_form": "clients"}, "hosts_form: this plugin has no such option"),
        ({"query": "[]"}, "query: this plugin has no such option"),
        ({"platform": "tape"}, "tape"),
        ({"platform": None}, "platform: not given"),
        ({"domain": "corp"}, "domain does not apply to platform nakivo"),
        ({"in_process": "never"}, "in_process"),
        ({"since": "-24h"}, "since applies to the entity run"),
        ({"states": ["asleep"]}, "asleep"),
        ({"commvault": {"client_id": 1}}, "do not apply to platform nakivo"),
        ({"nakivo": {"group": 1}}, "group"),
        ({"password": None}, "password"),
        ({"servers": []}, "give it in each entry"),
        ({"timeout": "soon"}, "timeout"),
        ({"uids": ["nakivo:elsewhere:definition:1"]}, "elsewhere"),
    ],
)
def test_options_that_cannot_be_right(load, nakivo, sim, more, words):
    options = {name: value for name, value in {**nakivo, **more, "on_error": "warn"}.items() if value is not None}
    with pytest.raises(AnsibleError) as error:
        load(options)
    assert words in str(error.value)
    assert PASSWORD not in str(error.value)
    assert len(sim.log.entries("nakivo")) <= 2  # a uid is compared after the login at the latest


@pytest.mark.parametrize(
    "servers, words",
    [
        ([], "a list of dictionaries"),
        (["x"], "a list of dictionaries"),
        ([{"platform": "nakivo", "colour": "red"}], "servers[0]: Unsupported options: colour"),
        ([{"platform": "nakivo", "keyed_groups": []}], "servers[0]"),
    ],
)
def test_lists_of_servers_that_cannot_be_right(load, servers, words):
    with pytest.raises(AnsibleError) as error:
        load({"servers": servers})
    assert words in str(error.value)


# -- a server that does not answer ---------------------------------------------------------------------------------------
def test_a_dead_server_is_an_error(load, nakivo, veeam):
    dead = dict(veeam, url="http://127.0.0.1:9", endpoint_name="dead")
    with pytest.raises(AnsibleParserError, match=r"servers\[1\] \(veeam_m365 dead\): "):
        load({"servers": [nakivo, dead]})


def test_a_dead_server_is_left_out(load, nakivo, veeam, tmp_path):
    dead = dict(veeam, url="http://127.0.0.1:9", endpoint_name="dead")
    keep = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    data = load({"servers": [dead, nakivo], "on_error": "warn", **keep})
    assert len(data.hosts) > 25
    (warning,) = data.warnings
    assert warning.startswith("servers[0] (veeam_m365 dead) is left out: ") and PASSWORD not in warning
    assert not list((tmp_path / "cache").glob("*"))


def test_no_answer_at_all_is_an_error(load, veeam):
    with pytest.raises(AnsibleParserError, match="veeam_m365 vb365: "):
        load(dict(veeam, url="http://127.0.0.1:9", on_error="warn"))
    dead = [dict(veeam, url="http://127.0.0.1:9", endpoint_name=name) for name in ("one", "two")]
    with pytest.raises(AnsibleParserError, match=r"\(veeam_m365 one\): .* servers\[1\] \(veeam_m365 two\): "):
        load({"servers": dead, "on_error": "warn"})


def test_a_refused_password(load, nakivo, veeam, sim):
    with pytest.raises(AnsibleParserError, match="password") as error:
        load(dict(nakivo, password="wr0ng-one"))
    assert "wr0ng-one" not in str(error.value)
    assert load({"servers": [veeam, dict(nakivo, password="wr0ng-one")], "on_error": "warn"}).hosts
    sim["nakivo"].control("unblock", {"user": "admin"})


def test_missing_ids_are_told(load, nakivo):
    data = load(dict(nakivo, job_ids=["1", "987654321"]))
    assert len(data.hosts) == 1
    assert data.warnings == ["nakivo director: there is no job 987654321."]


# -- cache ---------------------------------------------------------------------------------------------------------------
def test_the_cache(load, nakivo, sim, tmp_path):
    folder = tmp_path / "cache"
    options = dict(nakivo, cache=True, cache_plugin="jsonfile", cache_connection=str(folder))
    first = variables(load(options))
    asked = len(sim.log.entries("nakivo"))
    assert variables(load(options)) == first
    assert len(sim.log.entries("nakivo")) == asked
    (file,) = folder.iterdir()
    text = json.dumps(json.loads(file.read_text("utf-8")), ensure_ascii=False)
    assert "VMware production nightly" in text and PASSWORD not in text and "admin" not in text
    # Other options, or a refresh, ask again.
    load(dict(options, entity="run"))
    assert len(sim.log.entries("nakivo")) > asked
    asked = len(sim.log.entries("nakivo"))
    load(dict(options, entity="run"), cache=False)
    assert len(sim.log.entries("nakivo")) > asked


def test_a_cache_that_is_not_ours_is_not_used(monkeypatch):
    inventory = plugin.InventoryModule()
    monkeypatch.setattr(inventory, "_ask", lambda _servers: (["asked"], True))
    monkeypatch.setattr(inventory, "get_option", lambda name: name == "cache")
    for kept in (
        {},
        [],
        None,
        "text",
        {"schema": 0, "jobs": ["kept"]},
        {"schema": 1, "made_of": "other", "jobs": ["kept"]},
    ):
        inventory._cache = {"key": kept}
        assert inventory._records([], "key", True) == ["asked"]
        assert inventory._cache["key"]["jobs"] == ["asked"]
    inventory._cache["key"]["jobs"] = ["kept"]
    assert inventory._records([], "key", True) == ["kept"]


def test_secrets_in_job_data_are_cut_out(load, nakivo, sim, tmp_path):
    sim["nakivo"].control("rename", {"job": "Legacy ERP", "name": "Legacy " + PASSWORD})
    try:
        options = dict(nakivo, cache=True, cache_plugin="jsonfile", cache_connection=str(tmp_path / "cache"))
        assert not any(PASSWORD in str(one) for one in variables(load(options)).values())
        (file,) = (tmp_path / "cache").iterdir()
        assert PASSWORD not in json.dumps(json.loads(file.read_text("utf-8")), ensure_ascii=False)
    finally:
        sim["nakivo"].control("rename", {"job": "Legacy " + PASSWORD, "name": "Legacy ERP"})
