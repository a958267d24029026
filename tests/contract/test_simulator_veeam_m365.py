# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated Veeam Backup for Microsoft 365 against the vendor's documents and a client that talks to real servers.

Where real servers are known to send null although the document says non-null, the switch ``nulls`` plays it; all
replies that are validated here are those without it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from urllib.parse import urlsplit

import pytest

from simulator import Simulator

jsonschema = pytest.importorskip("jsonschema")
requests = pytest.importorskip("requests")

START = 1_790_000_000.25
PASSWORD = "p@ss+w&rd=1 %é"
SAMPLE = "3396ba22-21b1-4666-a631-0edfc12a59cd"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")


class Api:
    """Plain HTTP, one token."""

    def __init__(self, sim: Simulator) -> None:
        self.sim, self.product, self.base = sim, sim["veeam_m365"], sim.url("veeam_m365")
        self.http = requests.Session()
        self.token = ""

    def login(self, version: str = "v8", **fields: str) -> requests.Response:
        fields = fields or {"grant_type": "password", "username": "admin", "password": PASSWORD}
        answer = self.http.post(f"{self.base}/{version}/token", data=fields)
        if answer.ok:
            self.token = answer.json()["access_token"]
        return answer

    def __call__(self, method: str, path: str, body=None, **options) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.request(method, self.base + path, json=body, headers=headers, **options)

    def get(self, path: str, **query):
        answer = self("GET", path, params=query)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def rows(self, path: str, **query) -> list:
        """All rows of an array or of a page after page, by ``_links.next``."""
        found = self.get(path, **query)
        if isinstance(found, list):
            return found
        rows = found["results"]
        while "next" in found["_links"]:
            href = found["_links"]["next"]["href"]
            found = self.get(href[len(self.base) :] if href.startswith("http") else href)
            rows += found["results"]
        return rows

    def job(self, name: str) -> dict:
        return next(job for job in self.product.state()["jobs"].values() if job["name"] == name)

    def id_of(self, name: str) -> str:
        return next(i for i, job in self.product.state()["jobs"].items() if job["name"] == name)

    def set(self, **switches) -> None:
        for switch, value in switches.items():
            self.product.control("set_switch", {"switch": switch, "value": value})


@pytest.fixture
def sim():
    with Simulator(products=("veeam_m365",), start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def api(sim):
    caller = Api(sim)
    assert caller.login().status_code == 200
    yield caller
    caller.http.close()


# -- the vendor's documents ----------------------------------------------------------------------------------------
class Document:
    """One OpenAPI 3.0 document as a validator: nullable becomes a type, and unknown fields are errors."""

    def __init__(self, path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        self.paths = document["paths"]
        self.components = {"schemas": {n: self._convert(s) for n, s in document["components"]["schemas"].items()}}
        self.formats = jsonschema.FormatChecker(formats=("uuid",))
        self.formats.checks("date-time")(lambda text: not isinstance(text, str) or bool(TIME.fullmatch(text)))

    def _convert(self, schema):
        if isinstance(schema, list):
            return [self._convert(one) for one in schema]
        if not isinstance(schema, dict) or "$ref" in schema:
            return schema
        made = {
            k: self._convert(v) for k, v in schema.items() if k not in ("nullable", "discriminator", "example", "xml")
        }
        if isinstance(schema.get("properties"), dict):
            made["properties"] = {name: self._convert(one) for name, one in schema["properties"].items()}
            made.setdefault("additionalProperties", False)
        if schema.get("nullable"):
            if "type" in made:
                made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made

    def check(self, method: str, template: str, answer: requests.Response) -> None:
        """The status is one of the documented ones and the body is what the document says for it."""
        responses = self.paths[template][method.lower()]["responses"]
        code = str(answer.status_code)
        assert code in responses or answer.status_code >= 400, f"{method} {template}: {code} is not documented"
        content = responses.get(code, responses["default"]).get("content")
        if not content:
            assert answer.content == b"", f"{method} {template}: a body where none is documented"
            return
        schema = {**self._convert(next(iter(content.values()))["schema"]), "components": self.components}
        validator = jsonschema.Draft202012Validator(schema, format_checker=self.formats)
        errors = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(answer.json())]
        assert not errors, f"{method} {template}: {errors[:5]}"


@pytest.fixture(scope="session")
def documents(specs):
    paths = {v: specs / f"veeam-m365-openapi-{v}.json" for v in ("v6", "v7", "v8")}
    if not all(path.is_file() for path in paths.values()):
        pytest.skip("the API documents of Veeam Backup for Microsoft 365 are not there")
    return {version: Document(path) for version, path in paths.items()}


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_replies_fit_the_vendors_document(api, documents, version):
    document = documents[version]
    fab = api.id_of("Fabrikam Exchange")
    running = api.job("Fabrikam first full")["active"]
    copy = api.id_of("M365 SharePoint Basel copy")
    basel = api.id_of("M365 SharePoint Basel")
    organization = api.rows("/v8/Organizations")[0]["id"]
    repositories = api.rows("/v8/BackupRepositories")

    def check(method, template, path=None, body=None, **query):
        answer = api(method, f"/{version}{path or template}", body, params=query)
        document.check(method, f"/{version}{template}", answer)
        return answer

    form = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    document.check("post", f"/{version}/token", api.login(version, **form))
    check("GET", "/ServiceInstance")
    check("GET", "/Jobs", limit=10000)
    for job in api.product.engine.jobs.values():
        if job.kind == "Backup":
            check("GET", "/Jobs/{jobId}", f"/Jobs/{job.id}")
            check("GET", "/Jobs/{jobId}/SelectedItems", f"/Jobs/{job.id}/SelectedItems", limit=100)
    check("GET", "/Jobs/{jobId}/ExcludedItems", f"/Jobs/{api.id_of('M365 Teams')}/ExcludedItems")
    check("GET", "/Jobs/{jobId}/CopyJob", f"/Jobs/{basel}/CopyJob")
    check("GET", "/CopyJobs")
    check("GET", "/CopyJobs/{id}", f"/CopyJobs/{copy}")
    check("GET", "/CopyJobs/{id}/BackupJob", f"/CopyJobs/{copy}/BackupJob")
    check("GET", "/JobSessions", limit=1000)
    check("GET", "/JobSessions", limit=3, offset=3, endTimeLowerBound="2026-09-20T00:00:00Z", jobType="Copy")
    check("GET", "/JobSessions/{jobSessionsId}", f"/JobSessions/{running}")
    log = check("GET", "/JobSessions/{sessionId}/LogItems", f"/JobSessions/{running}/LogItems").json()["results"]
    path = f"/JobSessions/{running}/LogItems/{log[0]['id']}"
    check("GET", "/JobSessions/{sessionId}/LogItems/{logItemId}", path)
    check("GET", "/Organizations", extendedView="true")
    check("GET", "/Organizations/{organizationId}", f"/Organizations/{organization}", extendedView="false")
    check("GET", "/BackupRepositories")
    check("GET", "/BackupRepositories/{repositoryId}", f"/BackupRepositories/{repositories[3]['id']}")
    check("GET", "/Proxies")
    check("GET", "/RestorePoints", jobId=SAMPLE)
    check("GET", "/RestoreSessions")
    if version == "v6":
        check("GET", "/Jobs/{jobId}/JobSessions", f"/Jobs/{SAMPLE}/JobSessions")
    else:
        check("GET", "/JobSessions/{sessionId}/ProcessedObjects", f"/JobSessions/{running}/ProcessedObjects")
    if version != "v8":
        check("GET", "/Organizations/{organizationId}/Jobs", f"/Organizations/{organization}/Jobs")
    else:
        check("GET", "/Health")
        check("GET", "/JobSessions", status="Succeeded")

    options = {"dateTime": "2026-09-20T00:00:00Z", "type": "Vex", "showDeleted": True}
    check("POST", "/Organizations/{organizationId}/explore", f"/Organizations/{organization}/explore", options)
    session = check("POST", "/Jobs/{jobId}/explore", f"/Jobs/{SAMPLE}/explore", options).json()["id"]
    where, template = f"/RestoreSessions/{session}", "/RestoreSessions/{restoreSessionId}"
    check("GET", template, where)
    check("GET", template + "/Events", where + "/Events")
    check("GET", template + "/organization", where + "/organization")
    boxes = check("GET", template + "/organization/mailboxes", where + "/organization/mailboxes").json()
    assert len(boxes["results"]) == 30 and "next" in boxes["_links"]
    box = f"/organization/mailboxes/{boxes['results'][0]['id']}"
    check("GET", template + "/organization/mailboxes/{mailboxId}", where + box)
    if version == "v8":
        check("GET", template + "/Statistics", where + "/Statistics")
    check("POST", template + "/Stop", where + "/Stop")

    for verb in ("disable", "enable", "start", "stop"):
        body = {"full": False} if verb == "start" else None
        check("POST", f"/Jobs/{{jobId}}/{verb}", f"/Jobs/{fab}/{verb}", body)
        check("POST", f"/CopyJobs/{{id}}/{verb}", f"/CopyJobs/{copy}/{verb}", body if version == "v6" else None)
    refused = check("POST", "/Jobs/{jobId}/enable", f"/Jobs/{fab}/enable")
    assert refused.status_code == (409 if version == "v8" else 500)
    check("GET", "/Jobs/{jobId}", "/Jobs/00000000-0000-0000-0000-00000000abcd")
    if version != "v6":
        check("POST", "/token/logout")


def test_the_validator_sees_what_does_not_belong(api, documents):
    """The helper above must be able to fail: another version's object, a null, a wrong status."""
    v7, v8 = api("GET", f"/v7/Jobs/{SAMPLE}"), api("GET", f"/v8/Jobs/{SAMPLE}")
    with pytest.raises(AssertionError, match="organizationId"):
        documents["v7"].check("GET", "/v7/Jobs/{jobId}", v8)
    with pytest.raises(AssertionError, match="selectedItems"):
        documents["v8"].check("GET", "/v8/Jobs/{jobId}", v7)
    api.set(nulls=True)
    with pytest.raises(AssertionError, match="description"):
        documents["v8"].check("GET", "/v8/Jobs/{jobId}", api("GET", f"/v8/Jobs/{SAMPLE}"))
    with pytest.raises(AssertionError, match="not documented"):
        documents["v8"].check("POST", "/v8/Jobs/{jobId}/enable", v8)


# -- a client that talks to real servers ----------------------------------------------------------------------
@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_client_package_works_from_login_to_logout(sim, version):
    package = pytest.importorskip("veeam_365", reason="the package veeam-365 is not installed")
    from uuid import UUID

    client_module = __import__("veeam_365.client", fromlist=["VeeamClient"])
    exceptions = __import__("veeam_365.exceptions", fromlist=["VeeamSessionError"])
    assert package is not None
    product, base = sim["veeam_m365"], sim.url("veeam_m365")
    job_id = UUID(SAMPLE)
    old = version != "v8"

    async def flow() -> None:
        async with client_module.VeeamClient(base, "admin", PASSWORD, version) as vc:
            models = __import__(f"{vc.package}.models", fromlist=["x"])
            await vc.connect()
            jobs = await vc.call(vc.api("job").job_get)
            assert len(jobs if old else jobs.results) == 30
            job = await vc.call(vc.api("job").job_get_by_id, job_id)
            assert (job.name, job.is_enabled, job.last_status.value) == ("M365 Exchange Zurich", True, "Success")
            assert await vc.call(vc.api("job").job_disable_action, job_id) is None
            assert (await vc.call(vc.api("job").job_get_by_id, job_id)).is_enabled is False
            assert await vc.call(vc.api("job").job_enable_action, job_id) is None

            started = await vc.call(vc.api("job").job_start_action, job_id, body=models.RESTStartJobOptions(full=False))
            if version == "v6":
                page = await vc.call(vc.api("job_session").job_session_get_by_job_id, job_id)
            else:
                page = await vc.call(vc.api("job_session").job_session_get, job_id=job_id)
            newest = page.results[0]
            assert newest.status.value == "Running"
            assert (started is None) if old else (started.id == newest.id)
            assert await vc.call(vc.api("job").job_stop_action, job_id) is None
            sim.clock.advance(10)
            ended = await vc.call(vc.api("job_session").job_session_get_by_id, newest.id)
            assert ended.status.value == "Stopped"

            options = models.RESTExploreOptions(type_=models.RESTExploreOptionsType.VEX, show_deleted=True)
            opened = await vc.call(vc.api("job").job_explore_action, job_id, body=options)
            assert (opened.type_.value, opened.state.value) == ("Vex", "Working")
            listed = await vc.call(vc.api("restore_session").restore_session_get_page)
            assert opened.id in [one.id for one in listed.results]
            boxes = await vc.call(vc.api("exchange_mailbox").exchange_mailbox_get, opened.id, limit=100, offset=0)
            assert len(boxes.results) == 45
            assert await vc.call(vc.api("restore_session").restore_session_stop_action, opened.id) is None
            closed = await vc.call(vc.api("restore_session").restore_session_get_by_restore_session_id, opened.id)
            assert closed.state.value == "Stopped"

            # An empty 401 drops the session; the next call logs in again.
            product.control("expire_tokens", {})
            with pytest.raises(exceptions.VeeamSessionError):
                await vc.call(vc.api("job").job_get)
            assert await vc.call(vc.api("job").job_get)
            logins = product.logins
            # A refresh makes do without the password, and falls back to it when it is refused.
            vc._expires_at = None
            first = vc._refresh_token
            assert await vc.call(vc.api("job").job_get)
            assert product.logins == logins and vc._refresh_token != first
            product.control("expire_tokens", {})
            vc._expires_at = None
            assert await vc.call(vc.api("job").job_get)
            assert product.logins == logins + 1
            if version != "v6":
                assert await vc.call(vc.api("auth").logout) is None
                with pytest.raises(exceptions.VeeamSessionError):
                    await vc.call(vc.api("job").job_get)

        wrong = client_module.VeeamClient(base, "admin", "wrong", version)
        with pytest.raises(exceptions.VeeamAuthenticationError, match="Invalid username or password"):
            await wrong.connect()
        await wrong.close()

    asyncio.run(flow())
    job = product.state()["jobs"][SAMPLE]
    assert (job["starts"], job["stops"], job["enables"], job["disables"]) == (1, 1, 1, 1)


def test_client_package_finds_the_newest_version(sim):
    discovery = pytest.importorskip("veeam_365.discovery", reason="the package veeam-365 is not installed")
    base = sim.url("veeam_m365")
    port = urlsplit(base).port
    found = {v: requests.get(discovery.probe_url(base, v)).status_code for v in ("v6", "v7", "v8", "v9")}
    assert port and found == {"v6": 401, "v7": 401, "v8": 401, "v9": 404}


# -- versions, login, tokens ------------------------------------------------------------------------------------------
def test_versions_and_unknown_routes(api):
    for version, status in (("v4", 404), ("v5", 401), ("V8", 401), ("v9", 404), ("v10", 404), ("v", 404)):
        answer = requests.get(f"{api.base}/{version}/ServiceInstance")
        assert (answer.status_code, answer.content) == (status, b""), version
    api.set(versions=["v6", "v7"])
    assert [requests.get(f"{api.base}/v{n}/serviceinstance").status_code for n in (5, 6, 7, 8)] == [404, 401, 401, 404]
    assert api.get("/v7/sERVICEiNSTANCE")["version"] == "8.0.2.159"
    absent = ("/v7/Nothing", "/v8/Jobs", f"/v6/Jobs/{SAMPLE}/action", "/", "/v7")
    assert [api("POST", path, {"start": None}).status_code for path in absent] == [404] * 5
    api.set(versions=["v5", "v6", "v7", "v8"])
    gone = (f"/v7/Jobs/{SAMPLE}/JobSessions", f"/v8/Jobs/{SAMPLE}/JobSessions", "/v7/Health", "/v5/CopyJobs")
    assert [api("GET", path).status_code for path in gone] == [404] * 4


@pytest.mark.parametrize("version", ["v5", "v6", "v7", "v8"])
def test_login_answer(api, version):
    plain = {"grant_type": "password", "username": "CORP\\admin", "password": PASSWORD}
    answer = api.login(version, **plain).json()
    known = {"access_token", "refresh_token", "token_type", "expires_in", ".issued", ".expires"}
    assert set(answer) - {"userName"} == known
    assert ("userName" in answer) == (version in ("v6", "v7"))
    assert answer["expires_in"] == 3600 and answer[".issued"] == "2026-09-21T14:13:20.25Z"
    as_json = requests.post(f"{api.base}/{version}/Token", json=plain)
    assert as_json.status_code == 200 and as_json.json()["access_token"] != answer["access_token"]
    assert api("GET", "/v8/Jobs").status_code == 200  # a token of any version is good for all


@pytest.mark.parametrize("shape", ["message", "oauth", "empty"])
def test_wrong_password(api, shape):
    api.set(bad_login=shape)
    for fields in (
        {"grant_type": "password", "username": "admin", "password": "wrong"},
        {"grant_type": "password", "username": "auditor", "password": "read-only-1"},
        {"grant_type": "refresh_token", "refresh_token": "never seen"},
        {"grant_type": "device"},
    ):
        answer = api.login("v8", **fields)
        assert answer.status_code == 400
        keys = set(answer.json()) if answer.content else set()
        expected = {
            "message": {"message", "errorCode", "stackTrace"},
            "oauth": {"error", "error_description"},
            "empty": set(),
        }
        assert keys == expected[shape]


def test_tokens_end(api):
    first = api.login().json()
    api.sim.clock.advance(3599)
    assert api("GET", "/v8/ServiceInstance").status_code == 200
    api.sim.clock.advance(2)
    dead = api("GET", "/v8/Jobs")
    assert (dead.status_code, dead.content) == (401, b"")
    fields = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = api.login("v7", **fields).json()
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    assert api("GET", "/v7/Jobs").status_code == 200
    assert api.login("v7", **fields).status_code == 400  # used up
    assert api("POST", "/v6/token/logout").status_code == 404
    logout = api("POST", "/v7/token/logout")
    assert (logout.status_code, logout.content) == (200, b"")
    assert api("POST", "/v8/token/logout").status_code == 401
    fields["refresh_token"] = second["refresh_token"]
    assert api.login("v7", **fields).status_code == 400
    api.login()
    assert api("POST", "/v8/token/logout").status_code == 204
    assert api.product.state()["logouts"] == 2


def test_antiforgery_cookie(api):
    api.set(antiforgery=True)
    fields = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    for version, flag, cookie in (("v6", "", False), ("v7", "", True), ("v8", "", True), ("v8", "true", False)):
        more = {"disable_antiforgery_token": flag} if flag else {}
        answer = requests.post(f"{api.base}/{version}/token", data={**fields, **more})
        assert ("Set-Cookie" in answer.headers) == cookie, version
        headers = {"Authorization": "Bearer " + answer.json()["access_token"]}
        assert requests.get(f"{api.base}/v8/Jobs", headers=headers).status_code == (401 if cookie else 200)
        if cookie:
            assert requests.get(f"{api.base}/v8/Jobs", headers=headers, cookies=answer.cookies).status_code == 200


# -- jobs ------------------------------------------------------------------------------------------
def test_job_fields_by_version(api):
    always = {
        "id",
        "name",
        "description",
        "backupType",
        "isEnabled",
        "lastStatus",
        "lastRun",
        "nextRun",
        "schedulePolicy",
        "_links",
    }
    more = {
        "v5": {"runNow"},
        "v6": {"runNow", "selectedItems", "excludedItems", "repositoryId"},
        "v7": {"runNow", "selectedItems", "excludedItems", "repositoryId", "lastBackup"},
        "v8": {"repositoryId", "lastBackup", "organizationId", "eTag"},
    }
    for version, extra in more.items():
        job = api.get(f"/{version}/Jobs/{SAMPLE.upper()}")
        assert set(job) == always | extra, version
        assert "retention" not in json.dumps(job).lower()
        href = job["_links"]["organization"]["href"]
        prefix = api.base if version == "v5" else ""
        assert href.startswith(f"{prefix}/{version}/Organizations/"), href
    assert re.fullmatch(r"2026-09-2\dT\d\d:\d\d:\d\d\.\d{6,7}Z", job["lastRun"])
    never = {v: api.get(f"/{v}/Jobs/{api.id_of('M365 Never started')}") for v in more}
    assert "lastRun" not in never["v5"] and never["v8"]["lastRun"] is None
    assert never["v8"]["nextRun"] is None and never["v8"]["lastStatus"] == "Stopped"


def test_lists_and_pages(api):
    bare = {v: api.get(f"/{v}/Jobs", limit=1) for v in ("v5", "v6", "v7")}
    assert {type(rows) for rows in bare.values()} == {list} and {len(rows) for rows in bare.values()} == {30}
    page = api.get("/v8/Jobs", limit=7)
    assert (page["offset"], page["limit"], len(page["results"])) == (0, 7, 7)
    assert page["_links"]["next"]["href"] == "/v8/Jobs?limit=7&offset=7" and "totalCount" not in page
    assert [j["id"] for j in api.rows("/v8/Jobs", limit=7)] == [j["id"] for j in bare["v7"]]
    organization, repository = page["results"][0]["organizationId"], page["results"][0]["repositoryId"]
    some = api.rows("/v8/Jobs", organizationId=organization, repositoryId=repository, limit=2)
    assert 2 < len(some) < 30 and {j["organizationId"] for j in some} == {organization}
    assert {j["repositoryId"] for j in some} == {repository}
    api.product.control("load", {"jobs": 40, "sessions": 0})
    assert len(api.get("/v8/Jobs")["results"]) == 30 and len(api.rows("/v8/Jobs")) == len(api.get("/v7/Jobs")) == 70
    assert [api("GET", f"/v8/Jobs?limit={bad}").status_code for bad in ("0", "x", "-1")] == [400] * 3
    assert api.get("/v8/Jobs", limit=99999)["limit"] == 10000
    assert "totalCount" in api.get("/v6/JobSessions") and "totalCount" not in api.get("/v8/JobSessions")
    assert api.get("/v5/JobSessions")["_links"]["next"]["href"].startswith(api.base + "/v5/JobSessions?")


def test_estate_has_every_state(api):
    jobs = api.rows("/v8/Jobs")
    words = {"Stopped", "Running", "Success", "Failed", "Warning", "NotConfigured", "Disconnected", "Queued"}
    assert {job["lastStatus"] for job in jobs} == words
    assert len(api.rows("/v8/Organizations")) == 3 and len(api.rows("/v8/BackupRepositories")) == 5
    assert {job["isEnabled"] for job in jobs} == {True, False}
    away = next(job for job in jobs if job["lastStatus"] == "Disconnected")
    assert away["lastRun"] < away["nextRun"] < "2026-09-21T13:13:20Z"  # overdue
    names = [job["name"] for job in jobs]
    assert names.count("Fabrikam Exchange") == 2 and {"{{ 7*7 }} {% raw %}", "=cmd|' /C calc'!A0"} <= set(names)
    again = Simulator(products=("veeam_m365",), start=START + 12345)
    assert list(again["veeam_m365"].state()["jobs"]) == list(api.product.state()["jobs"])


def test_order_switch(api):
    newest = [s["id"] for s in api.rows("/v8/JobSessions", limit=50)]
    api.set(order="oldest")
    assert [s["id"] for s in api.rows("/v8/JobSessions", limit=50)] == newest[::-1]
    api.set(order="shuffled")
    mixed = [s["id"] for s in api.rows("/v8/JobSessions", limit=50)]
    assert sorted(mixed) == sorted(newest) and mixed not in (newest, newest[::-1])
    assert mixed == [s["id"] for s in api.rows("/v8/JobSessions", limit=9)]


def test_organizations_extended_view(api):
    extra = {"isBackedup", "firstBackuptime", "lastBackuptime"}
    shown = {v: extra <= set(api.rows(f"/{v}/Organizations")[0]) for v in ("v5", "v6", "v7", "v8")}
    assert shown == {"v5": True, "v6": True, "v7": False, "v8": False}
    assert extra <= set(api.rows("/v8/Organizations", extendedView="true")[0])
    api.set(proxy_online=False)
    assert api("GET", "/v8/Organizations").status_code == 200
    failed = api("GET", "/v7/Organizations?extendedView=true")
    assert failed.status_code == 500 and failed.json()["errorCode"] == "ProxyOffline"


def test_retention_is_the_repositorys(api):
    rows = {row["name"]: row for row in api.rows("/v7/BackupRepositories")}
    assert {(r["retentionType"], r["retentionPeriodType"]) for r in rows.values()} == {
        ("ItemLevel", "Yearly"), ("SnapshotBased", "Daily"), ("SnapshotBased", "Yearly"), ("SnapshotBased", "Monthly"),
    }  # fmt: skip
    assert rows["Repo S3 forever"]["yearlyRetentionPeriod"] == "Keep" and "objectStorage" not in rows["Repo S3 forever"]
    assert next(r for r in api.rows("/v8/BackupRepositories") if r["name"] == "Repo S3 forever")["objectStorage"][
        "enableImmutability"
    ]


def test_errors_by_version(api):
    keys = {
        "v5": {"message"},
        "v6": {"message"},
        "v7": {"message", "errorCode"},
        "v8": {"message", "errorCode", "stackTrace"},
    }
    for version, expected in keys.items():
        answer = api("GET", f"/{version}/Jobs/{SAMPLE[:-1]}0")
        assert answer.status_code == 404 and set(answer.json()) == expected
        assert answer.json()["message"].endswith(".")
        assert api("GET", f"/{version}/Jobs/not-an-id").status_code == 400
    assert answer.json()["errorCode"] == "ResourceNotFound"


# -- sessions ------------------------------------------------------------------------------------------
def test_session_fields_and_filters(api):
    running = api.job("Fabrikam first full")["active"]
    v6 = {"id", "creationTime", "details", "retryCount", "progress", "status", "statistics", "_links"}
    v7 = v6 | {"endTime", "repositoryId", "jobWillBeRetried", "jobType"}
    v8 = v7 | {"jobId", "jobSessionConfigType", "eTag", "proxyId", "proxyPoolId"}
    got = {v: set(api.get(f"/{v}/JobSessions/{running}")) for v in ("v5", "v6", "v7", "v8")}
    assert got == {"v5": v6 - {"details"}, "v6": v6, "v7": v7, "v8": v8}
    seen = api.get(f"/v8/JobSessions/{running}")
    assert seen["endTime"] is None and 0 < seen["progress"] < 400
    api.sim.clock.advance(600)
    assert api.get(f"/v8/JobSessions/{running}")["progress"] > seen["progress"]

    mine = api.rows("/v7/JobSessions", jobId=SAMPLE)
    assert 3 < len(mine) < 20 and {m["_links"]["job"]["href"] for m in mine} == {f"/v7/Jobs/{SAMPLE}"}
    assert [m["id"] for m in mine] == [m["id"] for m in api.rows(f"/v6/Jobs/{SAMPLE}/JobSessions")]
    assert len(api.get("/v6/JobSessions", jobId=SAMPLE, limit=1000)["results"]) > 100  # v6 does not know jobId
    good = api.rows("/v8/JobSessions", status="Succeeded", limit=1000)
    assert good and {s["status"] for s in good} == {"Success"}
    assert api("GET", "/v8/JobSessions?status=Success").status_code == 400
    assert {s["status"] for s in api.rows("/v7/JobSessions", status="Failed", limit=1000)} > {"Failed"}
    assert {s["jobType"] for s in api.rows("/v8/JobSessions", jobType="Copy", limit=1000)} == {"Copy"}
    assert running not in [s["id"] for s in api.rows("/v8/JobSessions", endTimeLowerBound="2026-09-20T00:00:00Z")]
    api.set(end_bounds="end_or_running")
    recent = api.rows("/v8/JobSessions", endTimeLowerBound="2026-09-20T00:00:00Z")
    assert running in [s["id"] for s in recent]
    assert all(s["endTime"] is None or s["endTime"] >= "2026-09-20" for s in recent)


def test_log_items_and_objects(api):
    failed = next(s for s in api.job("Fabrikam SharePoint")["sessions"] if s["status"] == "Failed")["id"]
    titles = [row["title"] for row in api.rows(f"/v7/JobSessions/{failed}/LogItems")]
    assert any(title.startswith("[Failed]") for title in titles) and any("Success" in title for title in titles)
    errors = api.rows(f"/v8/JobSessions/{failed}/LogItems", type="Error")
    assert len(errors) == 1 and "503" in errors[0]["message"] and "title" not in errors[0]
    usual = api.rows(f"/v8/JobSessions/{failed}/LogItems")
    assert api.rows(f"/v8/JobSessions/{failed}/LogItems", orderAsc="false") == usual[::-1]
    objects = api.rows(f"/v8/JobSessions/{failed}/ProcessedObjects", limit=4)
    assert len(objects) == api.get(f"/v8/JobSessions/{failed}")["progress"] and objects[-1]["status"] == "Failed"
    assert api("GET", f"/v6/JobSessions/{failed}/ProcessedObjects").status_code == 404


def test_retries_are_a_chain(api):
    rows = api.rows("/v8/JobSessions", jobId=api.id_of("M365 SharePoint Basel"))[:3]
    assert [(r["status"], r["retryCount"], r["jobWillBeRetried"]) for r in rows] == [
        ("Success", 2, False), ("Failed", 1, True), ("Failed", 0, True),
    ]  # fmt: skip
    assert [r.get("mainSessionId") for r in rows] == [rows[2]["id"], rows[2]["id"], None]

    job = api.id_of("Tailspin Mailboxes")
    runs = [{"outcome": "Failed", "seconds": 30}, {"outcome": "Failed", "seconds": 30}]
    api.product.control("plan", {"job": job, "runs": runs})
    api.product.control("retries", {"job": job, "number": 1, "wait_minutes": 5})
    first = api("POST", f"/v8/Jobs/{job}/start", {"full": False}).json()["id"]
    api.sim.clock.advance(31)
    assert api.get(f"/v8/JobSessions/{first}")["jobWillBeRetried"] is True
    assert api.get(f"/v8/Jobs/{job}")["lastStatus"] == "Failed"
    api.sim.clock.advance(299)
    again = api.rows("/v8/JobSessions", jobId=job)[0]
    assert (again["status"], again["mainSessionId"], again["retryCount"]) == ("Running", first, 1)
    api.sim.clock.advance(60)
    again = api.get(f"/v8/JobSessions/{again['id']}")
    assert (again["status"], again["jobWillBeRetried"]) == ("Failed", False)
    assert api.job("Tailspin Mailboxes")["starts"] == 1


def test_history_is_trimmed(api):
    before = len(api.rows("/v8/JobSessions", limit=1000))
    api.product.control("load", {"jobs": 0, "sessions": 300, "days": 60})
    assert len(api.rows("/v8/JobSessions", limit=1000)) == before + 300
    oldest = api.rows("/v8/JobSessions", limit=1000)[-1]["id"]
    api.set(keep_weeks=1)
    api.sim.clock.advance(61)
    left = api.rows("/v8/JobSessions", limit=1000)
    assert left and min(s["creationTime"] for s in left) > "2026-09-14"
    assert api("GET", f"/v8/JobSessions/{oldest}").status_code == 404


# -- actions ------------------------------------------------------------------------------------------
def test_v5_actions(api):
    path = f"/v5/Jobs/{SAMPLE}/action"
    for body in ({"disable": None}, {"enable": None}, {"start": None}, {"stop": None}):
        answer = api("POST", path, body)
        assert (answer.status_code, answer.content) == (200, b""), body
    assert api("POST", path, {"dance": None}).status_code == 400
    assert api("POST", f"/v5/Jobs/{SAMPLE}/start", {}).status_code == 404
    job = api.job("M365 Exchange Zurich")
    assert (job["enables"], job["disables"], job["starts"], job["stops"]) == (1, 1, 1, 1)


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_start_and_stop(api, version):
    path = f"/{version}/Jobs/{SAMPLE}"
    api.product.control("plan", {"job": SAMPLE, "runs": [{"seconds": 600}]})
    assert api("POST", path + "/start").status_code == 400  # the body is required
    started = api("POST", path + "/start", {"full": True})
    assert started.status_code == (200 if version == "v8" else 204)
    assert bool(started.content) == (version == "v8")
    session = api.job("M365 Exchange Zurich")["active"]
    assert api.get(f"/v8/JobSessions/{session}")["jobSessionConfigType"] == "Full"
    stopped = api("POST", path + "/stop")
    assert (stopped.status_code, stopped.content) == (204, b"")
    assert api.get(path)["lastStatus"] == "Running"  # it stops some seconds later
    api.sim.clock.advance(5)
    assert api.get(path)["lastStatus"] == "Stopped"
    ended = api.get(f"/v8/JobSessions/{session}")
    assert ended["status"] == "Stopped" and ended["progress"] < 45


@pytest.mark.parametrize("version", ["v6", "v7", "v8"])
def test_refusals(api, version):
    path = f"/{version}/Jobs/{SAMPLE}"
    status = 409 if version == "v8" else 500
    for verb in ("enable", "stop"):
        answer = api("POST", f"{path}/{verb}")
        assert answer.status_code == status and answer.json()["message"].endswith(".")
    api("POST", path + "/start", {"full": False})
    assert api("POST", path + "/start", {"full": False}).status_code == status
    assert (api.job("M365 Exchange Zurich")["starts"], api.job("M365 Exchange Zurich")["refused"]) == (1, 3)
    api.set(refusal_status=400)
    assert api("POST", path + "/enable").status_code == 400
    api.set(refusals="accept")
    assert api("POST", path + "/enable").status_code == 204
    assert api("POST", path + "/start", {"full": False}).status_code == (200 if version == "v8" else 204)
    assert api.job("M365 Exchange Zurich")["starts"] == 1


def test_disabled_job_starts_by_hand_but_not_by_schedule(api):
    job = api.id_of("Fabrikam Finance")
    assert api.get(f"/v8/Jobs/{job}")["isEnabled"] is False
    assert api("POST", f"/v8/Jobs/{job}/start", {"full": False}).status_code == 200
    api.sim.clock.advance(3 * 86400)
    api.login()
    assert [s["started_by"] for s in api.job("Fabrikam Finance")["sessions"]][:2] == ["user", "schedule"]
    assert api.job("Fabrikam Finance")["sessions"][0]["created"] < START + 1
    assert api("POST", f"/v8/Jobs/{job}/enable").status_code == 204
    assert api.get(f"/v8/Jobs/{job}")["nextRun"] is not None
    # Disabling does not stop a run.
    api("POST", f"/v8/Jobs/{job}/start", {"full": False})
    api("POST", f"/v8/Jobs/{job}/disable")
    assert api.get(f"/v8/Jobs/{job}")["lastStatus"] == "Running"


def test_schedule_runs_by_the_clock(api):
    runs = len(api.product.engine.jobs[SAMPLE].sessions)
    planned = api.get(f"/v8/Jobs/{SAMPLE}")
    api.sim.clock.advance(86400)
    api.login()
    job = api.get(f"/v8/Jobs/{SAMPLE}")
    assert len(api.product.engine.jobs[SAMPLE].sessions) == runs + 1
    assert job["lastRun"][:19] == planned["nextRun"][:19] and job["eTag"] > planned["eTag"]


def test_queued_and_late_runs(api):
    api.set(queue_seconds=20, appear_seconds=5)
    before = api.get(f"/v7/JobSessions?jobId={SAMPLE}")["results"][0]["id"]
    session = api("POST", f"/v8/Jobs/{SAMPLE}/start", {"full": False}).json()
    assert session["status"] == "Queued" and session["id"] != before
    assert api.get(f"/v7/JobSessions?jobId={SAMPLE}")["results"][0]["id"] == before
    assert api.get(f"/v7/Jobs/{SAMPLE}")["lastStatus"] == "Success"
    api.sim.clock.advance(6)
    assert api.get(f"/v7/JobSessions?jobId={SAMPLE}")["results"][0]["id"] == session["id"]
    assert api.get(f"/v7/Jobs/{SAMPLE}")["lastStatus"] == "Queued"
    api.sim.clock.advance(15)
    assert api.get(f"/v7/Jobs/{SAMPLE}")["lastStatus"] == "Running"


def test_controls_on_runs(api):
    name = "M365 Exchange Geneva"
    session = api.product.control("start", {"job": name})
    api.sim.clock.advance(60)
    api.product.control("stall", {"job": name})
    first = api.get(f"/v8/JobSessions/{session}")["progress"]
    api.sim.clock.advance(3000)
    seen = api.get(f"/v8/JobSessions/{session}")
    assert (seen["progress"], seen["status"]) == (first, "Running")
    api.product.control("continue", {"job": name})
    api.sim.clock.advance(300)
    assert api.get(f"/v8/JobSessions/{session}")["progress"] > first
    api.product.control("finish", {"job": name, "status": "Warning"})
    assert api.get(f"/v8/Jobs/{api.id_of(name)}")["lastStatus"] == "Warning"
    api.product.control("set_status", {"job": name, "status": "Defragmenting", "session": True})
    assert api.get(f"/v8/Jobs/{api.id_of(name)}")["lastStatus"] == "Defragmenting"
    assert api.get(f"/v8/JobSessions/{session}")["status"] == "Defragmenting"
    api.product.control("set_fields", {"job": name, "fields": {"schedulePolicy": None}})
    assert api.get(f"/v8/Jobs/{api.id_of(name)}")["schedulePolicy"] is None
    job = api.id_of(name)
    api.product.control("rename", {"job": job, "name": "Other"})
    assert api.get(f"/v8/Jobs/{job}")["name"] == "Other"
    api.product.control("remove", {"job": job})
    assert api("GET", f"/v8/Jobs/{job}").status_code == 404 and api.get("/v8/JobSessions", jobId=job)["results"] == []


def test_copy_jobs(api):
    copy = api.rows("/v8/CopyJobs")[0]
    assert copy["backupJobId"] == api.id_of("M365 SharePoint Basel")
    assert copy["id"] not in [job["id"] for job in api.rows("/v8/Jobs")]
    assert api("GET", f"/v8/Jobs/{copy['id']}").status_code == 404
    assert api("POST", f"/v8/CopyJobs/{copy['id']}/start").json()["jobType"] == "Copy"
    assert api("POST", f"/v7/CopyJobs/{copy['id']}/stop").status_code == 204
    assert api("GET", f"/v8/Jobs/{SAMPLE}/CopyJob").status_code == 404
    # An immediate copy follows its backup job.
    api.sim.clock.advance(10)
    session = api.product.control("start", {"job": "M365 SharePoint Basel"})
    api.product.control("finish", {"job": session})
    assert api.job(copy["name"])["active"] is not None


# -- restore sessions ------------------------------------------------------------------------------------------
def test_explore_codes_bodies_and_spelling(api):
    organization = api.rows("/v7/Organizations")[0]["id"]
    old = {"explore": {"datetime": "2020-04-12T10:54:40.2794046Z", "type": "vex", "ShowAllVersions": "true"}}
    for shape, status in (("session", 200), ("created", 201), ("none", 200)):
        api.set(v5_job_explore=shape)
        answer = api("POST", f"/v5/Jobs/{SAMPLE}/action", old)
        assert answer.status_code == status and bool(answer.content) == (shape != "none")
    assert api.get("/v5/RestoreSessions", limit=1)["results"][0]["type"] == "vex"
    answer = api("POST", f"/v5/Organizations/{organization}/Action", old)
    assert answer.status_code == 201 and answer.json()["state"] == "Working"
    stop = api("POST", f"/v5/RestoreSessions/{answer.json()['id']}/Action", {"stop": None})
    assert (stop.status_code, stop.content) == (200, b"")
    for version, status, stopped in (("v6", 200, 200), ("v7", 200, 200), ("v8", 201, 204)):
        answer = api(
            "POST", f"/{version}/Jobs/{SAMPLE}/explore", {"type": "Vet", "dateTime": "2026-09-20 00:00:00.123"}
        )
        assert answer.status_code == status and answer.json()["type"] == "Vet"
        teams = api.get(f"/{version}/RestoreSessions/{answer.json()['id']}/organization/teams")
        assert len(teams["results"]) == 3
        wrong = api("GET", f"/{version}/RestoreSessions/{answer.json()['id']}/organization/mailboxes")
        assert wrong.status_code == 400
        end = api("POST", f"/{version}/restoresessions/{answer.json()['id']}/stop")
        assert (end.status_code, end.content) == (stopped, b"")
        again = api("POST", f"/{version}/RestoreSessions/{answer.json()['id']}/Stop")
        assert again.status_code == (409 if version == "v8" else 400)
        browse = api("GET", f"/{version}/RestoreSessions/{answer.json()['id']}/Organization")
        assert browse.status_code == (404 if version == "v8" else 500)
    for bad in ({"type": "xyz"}, {"dateTime": "yesterday"}):
        assert api("POST", f"/v8/Jobs/{SAMPLE}/explore", bad).status_code == 400


def test_explore_points_in_time(api):
    def count(when):
        made = api("POST", f"/v8/Jobs/{SAMPLE}/explore", {"dateTime": when, "type": "Vex"}).json()["id"]
        point = api.product.state()["restore_sessions"][made]["point"]
        return point, len(api.rows(f"/v8/RestoreSessions/{made}/organization/mailboxes"))

    assert count("2001-01-01T00:00:00Z") == (None, 0)  # too early: empty, no error
    assert count("2020.04.12 10:54:41") == (pytest.approx(1586688880.279404), 45)
    last = max(p["backupTime"] for p in api.rows("/v8/RestorePoints", jobId=SAMPLE))
    point, boxes = count("2099-01-01T00:00:00+02:00")
    assert boxes == 45 and time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(point)) == last[:19]


def test_explorers_missing(api):
    api.set(explorers=False)
    for path, body in ((f"/v5/Jobs/{SAMPLE}/action", {"explore": {"type": "vex"}}), (f"/v8/Jobs/{SAMPLE}/explore", {})):
        answer = api("POST", path, body)
        assert answer.status_code == 500 and answer.json()["message"] == "Restore session cannot be created."


def test_restore_session_idles_out(api):
    made = api("POST", f"/v8/Jobs/{SAMPLE}/explore", {}).json()["id"]
    path = f"/v8/RestoreSessions/{made}"
    api.sim.clock.advance(29 * 60)
    assert api.get(path + "/organization/mailboxes")["setId"]
    api.sim.clock.advance(29 * 60)
    assert api.get(path)["state"] == "Working"  # browsing keeps it alive
    api.sim.clock.advance(2 * 60)
    api.login()
    seen = api.get(path)
    assert seen["state"] == "Stopped" and seen["endTime"] < "2026-09-21T15:12:21"
    assert api("GET", path + "/organization/mailboxes").status_code == 404


def test_restore_sessions_list(api):
    rows = api.rows("/v8/RestoreSessions", limit=2)
    assert len(rows) == 3 and {r["state"] for r in rows} == {"Working", "Stopped"}
    assert [r["creationTime"] for r in rows] == sorted((r["creationTime"] for r in rows), reverse=True)
    ascending = api.rows("/v8/RestoreSessions", orderAsc="true", orderBy="CreationTime")
    assert [r["id"] for r in ascending] == [r["id"] for r in rows][::-1]
    assert len(api.rows("/v7/RestoreSessions", startTimeFrom="2026-09-20T00:00:00Z")) == 2
    assert len(api.rows("/v8/RestoreSessions", endTimeTo="2026-09-19T00:00:00Z")) == 1


# -- faults and size ------------------------------------------------------------------------------------------
def test_a_lost_answer_was_processed(api):
    api.sim.faults.add("drop_after", writes=True)
    with pytest.raises(requests.ConnectionError):
        api("POST", f"/v8/Jobs/{SAMPLE}/start", {"full": False})
    assert api.job("M365 Exchange Zurich")["starts"] == 1 and api.get(f"/v8/Jobs/{SAMPLE}")["lastStatus"] == "Running"
    api.sim.faults.add("drop_before", writes=True)
    with pytest.raises(requests.ConnectionError):
        api("POST", f"/v8/Jobs/{SAMPLE}/disable")
    assert api.job("M365 Exchange Zurich")["disables"] == 0


def test_what_counts_as_a_write(api):
    api.sim.log.clear()
    api.login()
    api("GET", "/v8/Jobs")
    api("POST", f"/v8/Jobs/{SAMPLE}/start", {"full": False})
    api("POST", f"/v5/jobs/{SAMPLE}/Action", {"stop": None})
    api("POST", f"/v9/Jobs/{SAMPLE}/start", {})
    api("POST", f"/v8/Jobs/{SAMPLE}/explore", {})
    api("POST", "/v8/token/logout")
    writes = [entry.path for entry in api.sim.log.writes("veeam_m365")]
    assert writes == [f"/v8/Jobs/{SAMPLE}/start", f"/v5/jobs/{SAMPLE}/Action", f"/v8/Jobs/{SAMPLE}/explore"]


def test_nulls_switch(api):
    running = api.job("Fabrikam first full")["active"]
    api.set(nulls=True)
    assert api.get(f"/v8/Jobs/{SAMPLE}")["description"] is None
    session = api.get(f"/v6/JobSessions/{running}")
    assert session["endTime"] is None and session["statistics"] is None
    api.set(nulls=False, omit_nulls=True)
    assert "lastRun" not in api.get(f"/v8/Jobs/{api.id_of('M365 Never started')}")


def test_a_big_estate_is_listed(api):
    assert api.product.control("load", {"jobs": 10000, "sessions": 100000})["sessions"] > 100000
    assert len(api.get("/v7/Jobs")) == 10030
    api.get("/v8/Jobs", limit=10000)
    assert len(api.get("/v8/JobSessions", limit=1000, offset=50000)["results"]) == 1000
    api.get("/v7/Jobs")
    api.get("/v8/JobSessions", limit=1000, offset=50000, endTimeLowerBound="2026-09-01T00:00:00Z")
