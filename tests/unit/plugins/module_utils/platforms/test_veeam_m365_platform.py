# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading Veeam Backup for Microsoft 365, v5 to v8, from the simulator."""

from __future__ import annotations

import json
import types
import uuid

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    Unreachable,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.options import connection_from
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365.platform import VeeamM365Platform
from simulator import Simulator

VERSIONS = ("v5", "v6", "v7", "v8")
DAY = 86400
PASSWORD = "p@ss+w&rd=1 %é"
SAMPLE_JOB = "3396ba22-21b1-4666-a631-0edfc12a59cd"


class Bench:
    """A simulator and platforms that talk to it."""

    def __init__(self, sim):
        self.sim = sim
        self.veeam = sim["veeam_m365"]
        self.url = sim.url("veeam_m365")
        self.warnings = []

    def platform(self, version="v8", **options):
        given = {"platform": "veeam_m365", "url": self.url, "username": "admin", "password": PASSWORD, "retries": 0}
        connection = connection_from({**given, "api_version": version, **options}, self.warnings.append)
        return VeeamM365Platform(connection, self.warnings.append)

    def listing(self, entity, platform=None, **query):
        platform = platform or self.platform()
        need = frozenset(query.pop("need", ())) | {"runs"}
        listing = platform.list_jobs(Query(entity, now=self.sim.clock.now(), need=need, **query))
        listing.records = list(listing.records)
        return listing

    def requests(self, path="", method="GET"):
        return [e for e in self.sim.log.as_list() if path.lower() in e["path"].lower() and e["method"] == method]


@pytest.fixture
def bench():
    with Simulator(products=("veeam_m365",)) as sim:
        yield Bench(sim)


def ids(records):
    return sorted(record["id"] for record in records)


# -- definitions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_all_definitions_with_their_runs(bench, version):
    listing = bench.listing("definition", bench.platform(version))
    records = {record["id"]: record for record in listing.records}
    real = {id: job for id, job in bench.veeam.engine.jobs.items() if version != "v5" or job.kind == "Backup"}
    assert set(records) == set(real)
    assert not bench.warnings
    assert (listing.truncated, listing.history.complete, listing.missing) == (False, False, [])
    assert "history setting" in listing.history.why
    for id, job in real.items():
        record = records[id]
        assert tuple(record) == model.RECORD_KEYS
        assert (record["name"], record["enabled"]) == (job.name, job.enabled)
        assert record["type"] == job.kind.lower()
        assert record["workload"]["client"] == job.organization.name
        assert record["native"]["repository_name"] == job.repository.name
        finished = [session for session in job.sessions if session.ended is not None]
        if finished:
            assert record["last_run"]["id"] == finished[-1].id
            assert record["result"] == {"Stopped": "cancelled"}.get(finished[-1].status, finished[-1].status.lower())
            assert record["bytes"] == record["last_run"]["bytes"]
        else:
            assert (record["last_run"], record["result"], record["health"]) == (None, None, "never_ran")
        assert (record["current_run"] or {}).get("id") == (job.active.id if job.active else None)
        assert record["state"] == (job.active.status.lower() if job.active else "idle")
        assert (record["health"] == "warning") == (job.last_status == "Disconnected")


@pytest.mark.parametrize("order", ["oldest", "shuffled"])
@pytest.mark.parametrize("version", ["v5", "v6", "v8"])
def test_the_last_run_is_found_in_any_order(bench, version, order):
    expected = {
        r["id"]: r["last_run"] and r["last_run"]["id"]
        for r in bench.listing("definition", bench.platform(version)).records
    }
    bench.veeam.control_set_switch("order", order)
    bench.veeam.control_set_switch("end_bounds", "creation")
    records = bench.listing("definition", bench.platform(version, page_size=3)).records
    assert {r["id"]: r["last_run"] and r["last_run"]["id"] for r in records} == expected


@pytest.mark.parametrize("version", ["v7", "v8"])
def test_definitions_cost_few_requests(bench, version):
    bench.listing("definition", bench.platform(version))
    # Login, four lists, the sessions of two days; by itself is asked only who was not among these, or is active.
    assert len(bench.sim.log.as_list()) < 15


@pytest.mark.parametrize("version", VERSIONS)
def test_definitions_by_id(bench, version):
    unknown, malformed = str(uuid.uuid4()), "../Organizations"
    copy = next(job for job in bench.veeam.engine.jobs.values() if job.kind == "Copy")
    listing = bench.listing("definition", bench.platform(version), ids=[SAMPLE_JOB, unknown, malformed, copy.id])
    known = [SAMPLE_JOB] if version == "v5" else sorted([SAMPLE_JOB, copy.id])
    assert ids(listing.records) == known
    assert sorted(listing.missing) == sorted({unknown, malformed, copy.id, SAMPLE_JOB} - set(known))
    assert {record["workload"]["client"] for record in listing.records} == {copy.organization.name}
    assert all(record["last_run"] for record in listing.records)
    assert not any("Organizations/" in e["path"] for e in bench.requests())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("entity", ["definition", "run"])
def test_own_filters_give_the_same_on_every_version(bench, version, entity):
    organization = next(o for o in bench.veeam.engine.organizations.values() if o.name.startswith("fabrikam"))
    options = {"organization_id": organization.id.upper(), "repository_id": None}
    records = bench.listing(entity, bench.platform(version), options=options).records
    copies = version != "v5"
    jobs = {
        j.id: j
        for j in bench.veeam.engine.jobs.values()
        if j.organization is organization and (copies or j.kind == "Backup")
    }
    expected = jobs if entity == "definition" else [s.id for j in jobs.values() for s in j.sessions]
    assert ids(records) == sorted(expected)
    repository = next(iter(jobs.values())).repository
    options["repository_id"] = repository.id
    records = bench.listing(entity, bench.platform(version), options=options).records
    assert records
    assert {record["native"]["repository_id"] for record in records} == {repository.id}


@pytest.mark.parametrize("version", VERSIONS)
def test_protected_objects(bench, version):
    job = next(j for j in bench.veeam.engine.jobs.values() if j.name == "M365 Exchange Geneva")
    names = sorted(item["user"]["displayName"] for item in job.selected)

    def objects(**query):
        records = bench.listing("definition", bench.platform(version), **query).records
        return next(r["workload"]["objects"] for r in records if r["id"] == job.id)

    assert (objects() is None) == (version in ("v5", "v8"))
    assert sorted(item["name"] for item in objects(need=["objects"])) == names
    # The filter clients looks into them, so they must be there.
    assert sorted(item["name"] for item in objects(clients=[names[0]])) == names


def test_nulls_and_missing_fields_are_survived(bench):
    bench.veeam.control_set_switch("nulls", True)
    for omit in (False, True):
        bench.veeam.control_set_switch("omit_nulls", omit)
        for version in VERSIONS:
            assert bench.listing("definition", bench.platform(version)).records
            assert bench.listing("run", bench.platform(version), need=["objects", "raw"]).records
    assert not bench.warnings


# -- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
@pytest.mark.parametrize("bounds", ["end", "end_or_running", "creation"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_run_active_in_the_window(bench, version, bounds, order):
    bench.veeam.control_set_switch("end_bounds", bounds)
    bench.veeam.control_set_switch("order", order)
    now = int(bench.sim.clock.now())  # records know whole seconds
    for since, until in ((now - DAY, None), (now - 3600, None), (now - 2 * DAY, now - DAY)):
        listing = bench.listing("run", bench.platform(version, page_size=7), since=since, until=until)
        got = [record["id"] for record in listing.records]
        wanted = {
            session.id
            for session in bench.veeam.engine.history
            if (session.ended is None or session.ended >= since)
            and (until is None or session.created < until)
            and (version != "v5" or session.job.kind == "Backup")
        }
        assert len(got) == len(set(got))
        assert wanted <= set(got)
        assert not listing.truncated


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_says_what_its_session_says(bench, version):
    records = {r["id"]: r for r in bench.listing("run", bench.platform(version)).records}
    for session in bench.veeam.engine.history:
        if version == "v5" and session.job.kind == "Copy":
            continue
        record = records[session.id]
        assert (record["definition_id"], record["name"]) == (session.job.id, session.job.name)
        assert record["workload"]["client"] == session.job.organization.name
        assert record["started_at"] == model.timestamp(int(session.created))
        if session.ended is not None:
            assert record["finished_at"] == model.timestamp(int(session.ended))
            assert record["bytes"]["transferred"] is not None
        if version != "v5":
            assert record["type"] == session.job.kind.lower()
        if version in ("v7", "v8"):
            assert record["parent_id"] == session.main


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_by_id(bench, version):
    session = bench.veeam.engine.jobs[SAMPLE_JOB].sessions[0]
    unknown = str(uuid.uuid4())
    platform = bench.platform(version)
    listing = bench.listing("run", platform, ids=[session.id, unknown, "12"])
    assert ids(listing.records) == [session.id]
    assert listing.missing == [unknown, "12"]
    assert listing.records[0]["name"] == session.job.name
    # Somebody who waits asks again and again: names are kept.
    bench.sim.log.clear()
    bench.listing("run", platform, ids=[session.id])
    assert len(bench.sim.log.as_list()) == 1


def test_objects_of_a_run_from_v7_on(bench):
    session = bench.veeam.engine.jobs[SAMPLE_JOB].sessions[-1]
    for version, count in (("v6", None), ("v7", 45), ("v8", 45)):
        record = bench.listing("run", bench.platform(version), ids=[session.id], need=["objects"]).records[0]
        objects = record["workload"]["objects"]
        assert (None if objects is None else len(objects)) == count
    assert objects[0]["result"] == "success"


@pytest.mark.parametrize("version", ["v6", "v8"])
def test_a_long_history_is_read_whole(bench, version):
    bench.veeam.control_load(jobs=50, sessions=5000, days=20)
    records = bench.listing("run", bench.platform(version)).records
    assert len({record["id"] for record in records}) == len(bench.veeam.engine.history)


# -- version and login -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("served", [("v5",), ("v5", "v6"), ("v6", "v7"), VERSIONS])
def test_auto_takes_the_newest_version(bench, served):
    bench.veeam.control_set_switch("versions", served)
    platform = bench.platform("auto")
    assert bench.listing("definition", platform).records
    assert platform.info()["api_version"] == served[-1]
    assert "authorization" not in {name.lower() for e in bench.requests("ServiceInstance")[:1] for name in e["headers"]}


def test_a_version_that_is_not_served(bench):
    bench.veeam.control_set_switch("versions", ("v6", "v7"))
    with pytest.raises(Unsupported, match="does not have v8; it has v7, v6"):
        bench.listing("definition", bench.platform("v8"))
    token = bench.platform("v7").client.session()["token"]
    with pytest.raises(Unsupported, match="does not have v8"):
        bench.listing("definition", bench.platform("v8", token=token))


@pytest.mark.parametrize("version", ["auto", "v8"])
def test_a_server_without_the_interface(bench, version):
    bench.veeam.control_set_switch("versions", ())
    with pytest.raises(NotFound) as caught:
        bench.listing("definition", bench.platform(version))
    assert "REST service" in caught.value.hint
    assert "4443" in caught.value.hint


@pytest.mark.parametrize("body", ["oauth", "message", "empty"])
@pytest.mark.parametrize("version", ["auto", "v5", "v8"])
def test_a_refused_password_is_tried_once(bench, version, body):
    bench.veeam.control_set_switch("bad_login", body)
    platform = bench.platform(version, password="wrong-1", retries=3)
    with pytest.raises(AuthenticationError) as caught:
        bench.listing("definition", platform)
    platform.close()
    assert len(bench.requests(method="POST")) == 1
    assert "service account" in caught.value.hint
    assert "wrong-1" not in str(caught.value)


def test_a_login_with_the_server_in_trouble_is_no_refusal(bench):
    bench.sim.faults.add("status", path="/token", status=503, times=-1)
    with pytest.raises(Unreachable):
        bench.listing("definition")
    bench.sim.faults.clear()
    bench.sim.faults.add("status", path="/token", status=500, times=-1)
    with pytest.raises(ProtocolError):
        bench.listing("definition")


@pytest.mark.parametrize("version", VERSIONS)
def test_only_sessions_of_ours_are_ended(bench, version):
    platform = bench.platform(version)
    bench.listing("definition", platform)
    token = platform.client.session()["token"]
    assert token not in platform.connection.redact("x" + token)
    other = bench.platform(version, token=token)
    assert bench.listing("definition", other).records
    other.close()
    assert bench.veeam.logouts == 0
    platform.close()
    assert bench.veeam.logouts == (1 if version in ("v7", "v8") else 0)
    login = bench.requests("/token", "POST")[0]
    assert ("disable_antiforgery_token=true" in login["body"]) == (version in ("v7", "v8"))


def test_a_session_fits_into_the_cache(bench):
    platform = bench.platform("auto")
    session = platform.client.session()
    assert json.loads(json.dumps(session)) == session
    assert (session["api_version"], session["account"]) == ("v8", "admin")
    assert session["expires_at"] > 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_token_that_dies_in_the_middle_is_refreshed(bench, version):
    platform = bench.platform(version, page_size=5, concurrency=1)
    bench.sim.faults.add("expire_token", path="/JobSessions", after=1)
    # The simulator forgets the refresh tokens too, so the password must do it.
    assert bench.listing("run", platform).records
    grants = [e["body"].split("&")[0] for e in bench.requests("/token", "POST")]
    assert grants == ["grant_type=password", "grant_type=refresh_token", "grant_type=password"]


def test_a_refresh_token_spares_the_password(bench):
    platform = bench.platform()
    bench.listing("definition", platform)
    bench.sim.clock.advance(3700)
    assert bench.listing("definition", platform).records
    bench.sim.clock.advance(3700)
    assert bench.listing("definition", platform).records
    grants = [e["body"].split("&")[0] for e in bench.requests("/token", "POST")]
    assert grants == ["grant_type=password", "grant_type=refresh_token", "grant_type=refresh_token"]


def test_a_given_token_that_is_dead(bench):
    with pytest.raises(AuthenticationError) as caught:
        bench.listing("definition", bench.platform(token="dead-token-1"))
    assert "dead-token-1" not in str(caught.value)
    assert not bench.requests("/token", "POST")


# -- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "words"), [("html", "web page"), ("truncate", "cut off")])
@pytest.mark.parametrize("path", ["/v8/Jobs", "/JobSessions", "/Organizations", "/token"])
def test_broken_answers(bench, kind, words, path):
    bench.sim.faults.add(kind, path=path, times=-1)
    with pytest.raises(ProtocolError, match=words):
        bench.listing("definition")


def answer(status, body=None):
    """A response as the client checks it."""
    content = b"" if body is None else json.dumps(body).encode()
    request = types.SimpleNamespace(method="GET", path_url="/v8/Jobs?limit=1")

    def read(**_options):
        return json.loads(content)

    return types.SimpleNamespace(status_code=status, content=content, request=request, json=read, text=content.decode())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"message": "No.", "errorCode": "ResourceNotFound"}, NotFound),
        (500, {"message": "No.", "errorCode": "ResourceAccessDenied"}, PermissionDenied),
        (403, None, PermissionDenied),
        (500, {"message": "No.", "errorCode": "Timeout"}, Unreachable),
        (500, {"message": None, "errorCode": "MoonPhase"}, ProtocolError),
        (400, ["odd"], ProtocolError),
    ],
)
def test_refusals(bench, status, body, kind):
    client = bench.platform().client
    with pytest.raises(kind) as caught:
        client.check(answer(status, body), read=True)
    assert caught.type is kind
    assert "GET /v8/Jobs (HTTP {0})".format(status) in caught.value.message
    assert client.check(answer(202), read=True) is None


def test_names_that_cannot_be_read_are_a_warning(bench):
    bench.veeam.control_set_switch("proxy_online", False)  # v5 has no way to leave the proxy out
    records = bench.listing("definition", bench.platform("v5")).records
    assert records[0]["workload"]["client"] is None
    assert "organizations" in bench.warnings[0]
    with pytest.raises(ProtocolError, match="offline"):
        bench.listing("definition", bench.platform("v5"), clients=["northwind.onmicrosoft.com"])
    assert bench.listing("definition", bench.platform("v6")).records[0]["workload"]["client"]


@pytest.mark.parametrize("version", VERSIONS)
def test_info_and_gatherers(bench, version):
    platform = bench.platform(version)
    info = platform.info()
    assert (info["product_version"], info["api_version"], info["account"]) == ("8.0.2.159", version, "admin")
    assert (info["can"]["list_runs"], info["can"]["suspend"], info["can"]["start"]) == (True, False, None)
    lists = {name: read() for name, read in platform.gatherers().items()}
    assert {o["id"]: o["name"] for o in lists["organizations"]} == {
        o.id: o.name for o in bench.veeam.engine.organizations.values()
    }
    assert {r["id"]: r["name"] for r in lists["repositories"]} == {
        r.id: r.name for r in bench.veeam.engine.repositories.values()
    }
