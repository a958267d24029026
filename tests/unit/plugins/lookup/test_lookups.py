# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups jobs and last_success on the simulator."""

from __future__ import annotations

import os

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.backupops.jobs.plugins.lookup import jobs, last_success
from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.plugin_utils import untrusted
from simulator import Simulator

PASSWORD = "p@ss+w&rd=1 %é"
SECRET = "s3cr+t&="


@pytest.fixture(scope="module")
def sim():
    with Simulator(speed=0) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def alone(sim, monkeypatch):
    sim.log.clear()
    for name in list(os.environ):
        if name.startswith("BACKUPOPS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def connection(sim):
    """``connection(platform)``: its connection options."""

    def connection(platform):
        given = {"platform": platform, "url": sim.url(platform), "endpoint_name": "one", "retries": 0}
        if platform == "netapp_bluexp":
            return dict(given, client_id="sim-client", client_secret=SECRET)
        return dict(given, username="admin", password=PASSWORD)

    return connection


@pytest.fixture
def look(connection):
    """``look(lookup, platform, *terms, **options)``: what the lookup returns."""

    def look(lookup, platform, /, *terms, **options):
        return lookup.LookupModule(loader=DataLoader()).run(
            list(terms), variables={}, **{**connection(platform), **options}
        )

    return look


def logins(sim, platform):
    words = {"commvault": "/login", "nakivo": "login", "netapp_bluexp": "oauth/token", "veeam_m365": "/token"}
    return [one for one in sim.log.as_list(platform, None) if one["label"].lower().endswith(words[platform])]


# -- jobs ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("platform", ["commvault", "nakivo", "netapp_bluexp", "veeam_m365"])
def test_by_uid_id_name_and_pattern_with_one_login(look, sim, platform):
    every = look(jobs, platform, entity="definition")
    first, second, third = every[0], every[1], every[-1]
    sim.log.clear()
    found = look(jobs, platform, third["uid"], second["id"], first["name"], entity="definition")
    assert {one["uid"] for one in found} >= {first["uid"], second["uid"], third["uid"]}
    assert found[0]["uid"] == third["uid"] and found[1]["uid"] == second["uid"]
    assert len(logins(sim, platform)) == 1
    assert [one["uid"] for one in look(jobs, platform, "*", entity="definition")] == [one["uid"] for one in every]


def test_all_jobs_and_filters(look):
    every = look(jobs, "nakivo")
    failed = look(jobs, "nakivo", health=["failed"])
    assert every[0].keys() == dict.fromkeys(model.RECORD_KEYS).keys()
    assert failed and [one["uid"] for one in failed] == [one["uid"] for one in every if one["health"] == "failed"]


def test_a_name_of_several_jobs_gives_all_of_them(look):
    found = look(jobs, "nakivo", "File server backup")
    assert len(found) == 2 and len({one["uid"] for one in found}) == 2


def test_a_run_that_is_older_than_the_list(look):
    old = look(jobs, "commvault", since="-30d")[-1]
    assert [one["uid"] for one in look(jobs, "commvault", old["id"])] == [old["uid"]]


def test_a_uuid_in_capitals(look):
    one = look(jobs, "veeam_m365")[0]
    assert [found["uid"] for found in look(jobs, "veeam_m365", one["id"].upper())] == [one["uid"]]


def test_fields(look):
    assert [set(one) for one in look(jobs, "nakivo", "Legacy ERP", fields=["health"])] == [{"uid", "health"}]
    assert all(set(one) == {"uid", "health"} for one in look(jobs, "nakivo", fields=["health"]))


def test_what_is_missing(look):
    assert look(jobs, "nakivo", "Nobody", missing="ignore") == []
    with pytest.raises(AnsibleError, match="no definition with the id or name 'Nobody', 'x\\*'"):
        look(jobs, "nakivo", "Legacy ERP", "Nobody", "x*")
    with pytest.raises(AnsibleError, match="'legacy erp'"):
        look(jobs, "nakivo", "legacy erp")


def test_names_that_look_like_templates_come_as_they_are(look):
    (one,) = look(jobs, "nakivo", "{{ 7*7 }} {% raw %}nightly")
    assert one["name"] == "{{ 7*7 }} {% raw %}nightly"
    if not untrusted.TRUST_IS_MARKED:
        assert hasattr(one["name"], "__UNSAFE__") and not hasattr(one["health"], "__UNSAFE__")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"colour": "red"}, "Unsupported options: colour"),
        ({"job_ids": ["1"]}, "Unsupported options: job_ids"),
        ({"platform": None}, "platform: not given"),
        ({"username": None}, "username"),
        ({"password": "wr0ng-one", "username": "nobody"}, "password"),
        ({"url": "http://127.0.0.1:9"}, "url"),
        ({"in_process": "never"}, "in_process"),
        ({"missing": "maybe"}, "missing"),
        ({"since": "-24h"}, "since"),
    ],
)
@pytest.mark.parametrize("lookup", [jobs, last_success])
def test_errors(look, lookup, options, words):
    with pytest.raises(AnsibleError) as error:
        look(lookup, "nakivo", "Legacy ERP", **options)
    assert words in str(error.value) and PASSWORD not in str(error.value) and "wr0ng-one" not in str(error.value)


@pytest.mark.parametrize("term", [None, "", ["x"], {}, True])
def test_terms_that_are_none(look, sim, term):
    with pytest.raises(AnsibleError, match="A term of this lookup is a text"):
        look(jobs, "nakivo", term)
    assert not sim.log.entries("nakivo")


def test_the_environment(look, monkeypatch):
    monkeypatch.setenv("BACKUPOPS_NAKIVO_PASSWORD", PASSWORD)
    assert look(jobs, "nakivo", "Legacy ERP", password=None)


# -- last_success --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("platform", ["commvault", "nakivo", "netapp_bluexp", "veeam_m365"])
def test_last_success_of_jobs(look, sim, platform):
    every = look(jobs, platform, entity="definition")
    names = [one["name"] for one in every]
    some = [one for one in every if names.count(one["name"]) == 1 and one["id"] not in names][:10]
    sim.log.clear()
    found = look(last_success, platform, *[one["name"] for one in some])
    assert found == [one["last_success_at"] for one in some]
    assert len(logins(sim, platform)) == 1
    assert look(last_success, platform, *[one["uid"] for one in some]) == found
    assert any(found)


def test_last_success_of_runs(look):
    every = look(jobs, "commvault", entity="run")
    good = next(one for one in every if one["result"] == "success")
    bad = next(one for one in every if one["result"] not in ("success", None))
    assert look(last_success, "commvault", good["id"], bad["id"], entity="run") == [good["finished_at"], None]
    assert look(last_success, "commvault", good["uid"]) == [good["finished_at"]]


def test_last_success_of_nothing(look):
    assert look(last_success, "nakivo") == []
    assert look(last_success, "nakivo", "Nobody", missing="ignore") == [None]
    with pytest.raises(AnsibleError, match="'Nobody'"):
        look(last_success, "nakivo", "Nobody")


def test_a_name_of_several_jobs_is_ambiguous(look):
    two = look(jobs, "nakivo", "File server backup")
    with pytest.raises(AnsibleError, match="'File server backup' is the name of 2 jobs: ") as error:
        look(last_success, "nakivo", "File server backup")
    assert all(one["id"] in str(error.value) for one in two)


def test_one_failed_machine_of_fifty(look, sim):
    (job,) = look(jobs, "nakivo", "VMware desktop pool", include_objects=True)
    assert len(job["workload"]["objects"]) == 50
    sim.log.clear()
    good, bad, nobody = look(last_success, "nakivo", "VDI-49", "vdi-50", "nobody", by="client")
    assert good and bad is None and nobody is None
    assert len(logins(sim, "nakivo")) == 1
    with pytest.raises(AnsibleError, match="no client with the id or name 'nobody'"):
        look(last_success, "nakivo", "nobody", by="client", missing="fail")


@pytest.mark.parametrize("platform", ["commvault", "netapp_bluexp", "veeam_m365"])
def test_clients_of_other_products(look, platform):
    every = look(jobs, platform, entity="definition")
    client = next(one["workload"]["client"] for one in every if one["last_success_at"] and one["workload"]["client"])
    newest = max(one["last_success_at"] or "" for one in every if one["workload"]["client"] == client)
    assert look(last_success, platform, client.upper(), "nobody", by="client") == [newest, None]


def test_a_client_only_runs_know(look, monkeypatch):
    every = look(jobs, "commvault", entity="run")
    run = next(one for one in every if one["result"] == "success" and one["workload"]["client"])
    listing = last_success.job_info.listing

    def no_definitions(platform, params, warn):
        if params["entity"] == "definition":
            return {"jobs": []}
        assert params["since"] == last_success.RUNS_SINCE and params["clients"]
        return listing(platform, params, warn)

    monkeypatch.setattr(last_success.job_info, "listing", no_definitions)
    (found,) = look(last_success, "commvault", run["workload"]["client"], by="client")
    assert found >= run["finished_at"]


def test_clients_are_not_filtered_by_clients(look):
    with pytest.raises(AnsibleError, match="clients: the terms are the clients here"):
        look(last_success, "nakivo", "a", by="client", clients=["b"])
