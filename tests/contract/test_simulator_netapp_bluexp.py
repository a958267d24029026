# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated BlueXP against the vendor's Swagger document, the Terraform resource's walk, and the odd facts."""

from __future__ import annotations

import copy
import json
import re

import jsonschema
import pytest
import requests

from simulator import Simulator
from simulator.clock import Clock
from simulator.product import Request
from simulator.products.netapp_bluexp import NetappBluexp

API = "/account/{accountId}/providers/cloudmanager_cbs/api"
AUDIENCE = "https://api.cloud.netapp.com"
PUBLIC_CLIENT = "Mu0V1ywgYteI6w1MbD15fKfVIUrNXGWC"
START = 1784592000.0 + 9 * 3600
SERVICE = {
    "grant_type": "client_credentials",
    "client_id": "sim-client",
    "client_secret": "s3cr+t&=",
    "audience": AUDIENCE,
}
USER = {"client_id": PUBLIC_CLIENT, "audience": AUDIENCE}


class Caller:
    """A plain HTTP caller of one simulated product."""

    def __init__(self, sim: Simulator, login: dict | None = None) -> None:
        self.sim, self.product = sim, sim["netapp_bluexp"]
        self.origin = sim.url("netapp_bluexp")
        self.session = requests.Session()
        self.session.headers["x-agent-id"] = self.product.agent_id
        self.sign_in(login or SERVICE)

    def sign_in(self, body: dict) -> None:
        reply = self.session.post(self.origin + "/oauth/token", json=body)
        assert reply.status_code == 200, reply.text
        self.session.headers["Authorization"] = "Bearer " + reply.json()["access_token"]

    def call(self, method: str, path: str, body: object = None, status: int = 200, **options: object) -> dict:
        url = self.origin + API.replace("{accountId}", self.product.account) + path
        reply = self.session.request(method, url, json=body, **options)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json()

    def get(self, path: str, status: int = 200, **options: object) -> dict:
        return self.call("GET", path, None, status, **options)

    def job(self, job_id: str) -> dict:
        rows = self.get(f"/v1/job/{job_id}")["job"]
        assert isinstance(rows, list) and len(rows) == 1
        return rows[0]

    def wait(self, job_id: str) -> dict:
        """Poll as the Terraform resource does: every ten seconds, at most sixty times."""
        for _poll in range(60):
            job = self.job(job_id)
            if job["status"] in ("FAILED", "COMPLETED"):
                return job
            self.sim.clock.advance(10)
        raise AssertionError(f"job {job_id} did not end")

    def volume(self, name: str) -> str:
        """The path of a backed-up volume."""
        we, volume = self.product.control_find_volume(name).split("/")
        return f"/working-environment/{we}/volume/{volume}"

    def state_of(self, name: str) -> dict:
        return self.product.state()["volumes"][self.product.control_find_volume(name)]


@pytest.fixture
def sim():
    with Simulator(("netapp_bluexp",), start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def caller(sim):
    return Caller(sim)


# -- the Swagger document ------------------------------------------------------------------------------------------
#: Fields that the 2026 pages or our own reading add to a schema of 2.0.6.
NEWER = {"backup-policy": {"id"}}


class Swagger:
    """The vendor's document: which calls exist, what they take and what they answer."""

    def __init__(self, document: dict) -> None:
        self.document = document
        self.calls = {(m.upper(), p): call for p, calls in document["paths"].items() for m, call in calls.items()}

    def _schema(self, schema: dict, strict: bool) -> dict:
        schema = copy.deepcopy(schema)
        schema["definitions"] = self.document["definitions"]
        if strict:
            self._close(schema, "")
        return schema

    def _close(self, schema: dict, name: str) -> None:
        """Forbid every field that the document does not name."""
        properties = schema.get("properties")
        if properties and name != "definitions":
            for extra in NEWER.get(name, ()):
                properties.setdefault(extra, {})
            schema["additionalProperties"] = False
            for key, value in properties.items():
                self._close(value, key)
        if isinstance(schema.get("items"), dict):
            self._close(schema["items"], name)

    def check_reply(self, call: tuple[str, str], status: int, body: object) -> None:
        responses = self.calls[call]["responses"]
        assert str(status) in responses, f"status {status}, documented: {list(responses)}: {body}"
        jsonschema.validate(body, self._schema(responses[str(status)].get("schema") or {}, True))

    def check_body(self, call: tuple[str, str], body: object) -> None:
        for parameter in self.calls[call].get("parameters", ()):
            if parameter["in"] == "body":
                jsonschema.validate(body, self._schema(parameter["schema"], False))
                return
        assert body is None, f"{call} takes no body"


@pytest.fixture(scope="session")
def swagger(specs):
    file = specs / "netapp-bluexp-cbs-swagger-2.0.6.json"
    if not file.is_file():
        pytest.skip(f"{file.name} is not in the folder of API documents")
    return Swagger(json.loads(file.read_text(encoding="utf-8")))


class Direct:
    """One fresh product, called without HTTP: every documented call starts from the same estate."""

    def __init__(self, **options: object) -> None:
        self.clock = Clock(START, 0)
        self.product = NetappBluexp(self.clock, **options)
        body = json.dumps(SERVICE).encode()
        reply = self.product.handle(Request("POST", "/oauth/token", "", {"Content-Type": "application/json"}, body))
        token = json.loads(reply.body)["access_token"]
        self.headers = {"Authorization": "Bearer " + token, "X-Agent-Id": self.product.agent_id}
        self.system = next(iter(self.product.systems_by_id.values()))
        self.volume = next(v for v in self.system.volumes.values() if v.name == "sql_prod_01_data")

    def call(self, method: str, path: str, body: object = None, query: str = "") -> tuple[int, dict]:
        raw = b"" if body is None else json.dumps(body).encode()
        reply = self.product.handle(Request(method, path, query, self.headers, raw))
        return reply.status, json.loads(reply.body)

    def values(self) -> dict[str, str]:
        """Something that exists for every path parameter."""
        return {
            "accountId": self.product.account,
            "workingEnvironmentId": self.system.id,
            "volumeId": self.volume.id,
            "snapshotId": self.volume.snapshots[-1].id,
            "jobId": next(iter(self.product.jobs)),
            "policyName": "daily-30",
            "awsAccountId": "464262061435",
            "regionCode": "eu-central-2",
            "subscriptionId": "1d3b-example",
            "vaultName": "backup",
            "projectId": "example-backup-1",
            "locationId": "europe-west6",
            "keyRingId": "ring-1",
        }

    def restore(self, kind: str) -> dict:
        names = {"working-environment-id": self.system.id, "working-environment-name": self.system.name}
        volume = {"volume-name": self.volume.name, "volume-id": self.volume.id}
        source = {**names, "bucket": self.system.bucket, **volume, "snapshot": self.volume.snapshots[-1].id}
        target = {**names, "svm": "svm_nas", "volume-name": self.volume.name if kind == "file" else "restored_01"}
        body = {"type": kind, "source": source, "target": target}
        if kind == "file":
            files = [f"/finance/{n}.txt" for n in range(7)]
            body["file"] = [
                {"inode": n, "path": path, "type": "file", "size": 10, "mtime": 1760000000}
                for n, path in enumerate(files)
            ]
        return {"restore": body}

    def prepare(self, method: str, path: str) -> None:
        """Bring the estate into the state in which a call succeeds."""
        deletes_all = (method, path) == ("DELETE", API + "/v1/backup/working-environment/{workingEnvironmentId}")
        if deletes_all or (method == "DELETE" and path.endswith("/volume/{volumeId}")):
            for volume in self.system.volumes.values():
                volume.snapshots.clear()
        if method == "POST" and path.endswith("/backup/working-environment/{workingEnvironmentId}"):
            self.system.active = False
        if "/file-explore/" in path and method == "GET":
            self.call(
                "POST",
                f"{self.api}/v1/sfr/working-environment/{self.system.id}/volume/{self.volume.id}/file-explore/start",
            )
            self.clock.advance(60)

    @property
    def api(self) -> str:
        return API.replace("{accountId}", self.product.account)


RULE = {"rule": [{"label": "daily", "retention": "30"}]}
STORE = {"cloud-provider": "AWS", "object-store-name": "cbs-store"}
#: What is sent to the documented calls that take a body; a callable gets the Direct.
BODIES = {
    ("POST", "/v1/backup/working-environment/{workingEnvironmentId}"): {"provider": "AWS", "region": "eu-central-2"},
    ("POST", "/v2/backup/working-environment/{workingEnvironmentId}"): {"provider": "SGWS"},
    ("POST", "/v3/backup/working-environment/{workingEnvironmentId}"): {
        "provider": "AWS",
        "region": "eu-central-2",
        "aws": {"account-id": "464262061435"},
        "backup-policy": {"name": "tf-policy", **RULE},
    },
    ("PUT", "/v1/backup/working-environment/{workingEnvironmentId}"): {"state": "DISABLE"},
    ("PUT", "/v2/backup/working-environment/{workingEnvironmentId}"): {"state": "ENABLE"},
    ("POST", "/v1/backup/working-environment/{workingEnvironmentId}/volume/{volumeId}"): {"mode": "IMMEDIATE"},
    ("POST", "/v2/backup/working-environment/{workingEnvironmentId}/volume/{volumeId}"): {"mode": "SCHEDULED"},
    ("POST", "/v3/backup/working-environment/{workingEnvironmentId}/volume/{volumeId}"): {"mode": "AD_HOC"},
    ("PUT", "/v1/backup/working-environment/{workingEnvironmentId}/volume/{volumeId}"): {"state": "PAUSE"},
    ("POST", "/v1/backup/working-environment/{workingEnvironmentId}/volume"): lambda d: {
        "volume": [{"file-system-id": d.volume.id, "mode": "IMMEDIATE", "backup-policy-name": "daily-30"}]
    },
    ("POST", "/v2/backup/working-environment/{workingEnvironmentId}/volume"): lambda d: {
        "volume": [{"volume-id": d.volume.id, "mode": "AD_HOC"}]
    },
    ("PUT", "/v1/backup/working-environment/{workingEnvironmentId}/volume"): lambda d: {
        "volume": [{"file-system-id": d.volume.id, "state": "PAUSE"}]
    },
    ("POST", "/v1/restore"): lambda d: d.restore("volume"),
    ("POST", "/v2/restore"): lambda d: d.restore("file"),
    ("POST", "/v3/restore"): lambda d: d.restore("file"),
    ("POST", "/v1/working-environment/{workingEnvironmentId}/backup-policy"): {"name": "new", **RULE},
    ("PUT", "/v1/working-environment/{workingEnvironmentId}/backup-policy/{policyName}"): RULE,
    ("PUT", "/v2/working-environment/{workingEnvironmentId}/backup-policy"): {"policyName": "daily-30", **RULE},
    ("POST", "/v1/working-environment/{workingEnvironmentId}/configure-object-store"): STORE,
    ("POST", "/v2/working-environment/{workingEnvironmentId}/configure-object-store"): STORE,
    ("POST", "/v1/azure/subscription/{subscriptionId}/resource-group"): {"name": "rg", "region": "switzerlandnorth"},
    ("POST", "/v1/catalog/search"): {"type": "FILE"},
    ("POST", "/v1/catalog/snapshots"): lambda d: {
        "resourceName": "budget.xlsx",
        "workingEnvironmentId": d.system.id,
        "volumeId": d.volume.id,
        "resourceType": "FILE",
    },
    ("PUT", "/v1/catalog/working-environments/{workingEnvironmentId}"): {"state": "DISABLE"},
    ("POST", "/v1/sg/version"): {"storage-server": "sg.example.com"},
    ("POST", "/v1/sg"): {"admin-host": "sg.example.com", "admin-username": "root", "admin-password": "x"},
    ("POST", "/v1/sg/credentials/working-environment/{workingEnvironmentId}"): {
        "storage-server": "sg.example.com",
        "access-key": "a",
        "secret-password": "b",
    },
}
QUERIES = {
    "/v1/catalog/search": "query=budget",
    "/v1/license/working-environment/{workingEnvironmentId}": "provider=AWS",
    "/v1/working-environment/{workingEnvironmentId}/object-store-config/status": "object-store-name=cbs-store",
}


def without_the_null(answer: dict) -> None:
    """One job of the estate has a null where the schema has an object: that is its purpose."""
    nulls = [job for job in answer["job"] if job.get("data", {}) is None]
    assert len(nulls) == 1
    del nulls[0]["data"]


def test_every_documented_call_answers_as_its_schema_says(swagger):
    wrong = []
    for method, path in swagger.calls:
        direct, short = Direct(), path[len(API) :]
        address = path.format(**direct.values())
        direct.prepare(method, path)
        body = BODIES.get((method, short))
        body = body(direct) if callable(body) else body
        try:
            swagger.check_body((method, path), body)
            status, answer = direct.call(method, address, body, QUERIES.get(short, ""))
            if short == "/v1/job":
                without_the_null(answer)
            swagger.check_reply((method, path), status, answer)
        except (AssertionError, jsonschema.ValidationError) as error:
            wrong.append(f"{method} {short}: {str(error)[:400]}")
    assert len(swagger.calls) == 79
    assert not wrong, "\n".join(wrong)


def test_nothing_is_answered_that_no_source_names(swagger):
    known = {(m, re.sub(r"\{[^}]*\}", "x", p)) for m, p in swagger.calls}
    extra = set()
    for method, pattern, _writes, _function in NetappBluexp(Clock(START, 0))._routes:
        text = re.sub(r"\(\?P<[^>]*>\[\^/\]\+\)", "x", pattern.pattern)
        for version in "12" if "v[12]" in text else "-":
            path = text.replace("v[12]", "v" + version)
            if (method, path) not in known:
                extra.add((method, path.replace(re.sub(r"\{[^}]*\}", "x", API), "")))
    assert extra == {
        # signing in and finding account and agent
        ("POST", "/(auth/)?oauth/token"),
        ("GET", "/tenancy/account"),
        ("GET", "/occm/list-occms/x"),
        # the pages of 2026
        ("GET", "/v2/backup/working-environment"),
        ("POST", "/v1/panoramic-protection/working-environment/x"),
        ("DELETE", "/v1/working-environment/x/backup-policy/x"),
        ("POST", "/v1/working-environment/x/volume/x/snapshot"),
        ("GET", "/v1/backup/snapshot"),
        ("GET", "/v1/backup/working-environment/x/snapshot"),
        ("POST", "/v1/revert/working-environment/x/volume/x"),
        ("GET", "/v1/sfr/working-environment/x/volume/x/snapshot/x/files/status"),
    }


def test_every_job_at_every_moment_fits_the_schema(swagger):
    direct = Direct()
    direct.call("POST", direct.api + "/v3/restore", direct.restore("file"))
    rows = [{"volume-id": volume, "mode": "AD_HOC"} for volume in list(direct.system.volumes)[:3]]
    path = f"{direct.api}/v2/backup/working-environment/{direct.system.id}/volume"
    assert direct.call("POST", path, {"volume": rows})[0] == 202
    for _step in range(12):
        status, answer = direct.call("GET", direct.api + "/v1/job")
        without_the_null(answer)
        swagger.check_reply(("GET", API + "/v1/job"), status, answer)
        direct.clock.advance(2)


def test_errors_fit_the_error_definition(swagger):
    direct = Direct()
    schema = {
        **swagger.document["definitions"]["Error"],
        "required": ["error", "message"],
        "additionalProperties": False,
    }
    seen = set()
    for method, path, body in (
        ("GET", "/v1/job/none", None),
        ("GET", "/v1/backup/working-environment/none", None),
        ("POST", f"/v3/backup/working-environment/{direct.system.id}/volume/{direct.volume.id}", {"mode": "NOW"}),
        ("POST", f"/v3/backup/working-environment/{direct.system.id}/volume/{direct.volume.id}", None),
        ("GET", "/v9/anything", None),
    ):
        status, answer = direct.call(method, direct.api + path, body)
        assert status >= 400
        jsonschema.validate(answer, schema)
        seen.add(status)
    assert seen == {400, 404}


# -- the Terraform resource's walk ---------------------------------------------------------------------------------
def test_terraform_destroys_and_creates_again(sim, caller):
    we = "VsaWorkingEnvironment-Zy1Fg6Jt"
    system = f"/backup/working-environment/{we}"
    caller.product.control_finish(next(j for j, row in caller.product.state()["jobs"].items() if row["system"] == we))
    # destroy: the snapshots of each volume, those of the system, then unregister; each is a job
    assert "delete them first" in caller.call("DELETE", "/v1" + system, status=400)["message"]
    for volume in caller.get(f"/v1{system}/volume")["volume"]:
        assert isinstance(volume["snapshot-count"], str)
        if int(volume["snapshot-count"]) > 0:
            path = f"/v1{system}/volume/{volume['file-system-id']}"
            assert "delete them first" in caller.call("DELETE", path, status=400)["message"]
            answer = caller.call("DELETE", path + "/snapshot", status=202)
            assert caller.get(path)["snapshot-count"] == volume["snapshot-count"]
            assert caller.wait(answer["job-id"])["status"] == "COMPLETED"
            assert caller.get(path)["snapshot-count"] == "0"
    answer = caller.call("DELETE", f"/v2{system}/snapshot", status=202, params={"force": "true"})
    assert caller.wait(answer["job-id"])["status"] == "COMPLETED"
    answer = caller.call("DELETE", "/v1" + system, status=202)
    assert caller.get("/v1" + system)["backup-enablement-status"] == "ON"
    assert caller.wait(answer["job-id"])["status"] == "COMPLETED"
    assert caller.get("/v1" + system)["backup-enablement-status"] == "OFF"
    assert caller.get(f"/v1{system}/volume") == {"volume": []}
    # create: activate, then several volumes, then read
    body = {
        "provider": "AZURE",
        "region": "westeurope",
        "azure": {"resource-group": "rg", "subscription": "s", "private-endpoint": {"id": ""}},
        "backup-policy": {"name": "tf", "rule": [{"label": "daily", "retention": "7"}], "archive-after-days": "90"},
        "auto-backup-enabled": True,
        "export-existing-snapshots": False,
        "workingEnvironmentId": we,
        "account-id": caller.product.account,
    }
    ids = [row["file-system-id"] for row in caller.get(f"/v1/working-environment/{we}/volume")["volume"][:2]]
    rows = [{"volume-id": one, "mode": "SCHEDULED", "backup-policy": {"name": "tf"}} for one in ids]
    assert "not active" in caller.call("POST", f"/v2{system}/volume", {"volume": rows}, 400)["message"]
    answer = caller.call("POST", "/v3" + system, body, 202)
    job = caller.wait(answer["job-id"])
    assert job["status"] == "COMPLETED" and isinstance(job["time"], int)
    answer = caller.call("POST", f"/v2{system}/volume", {"volume": rows}, 202)
    job = caller.wait(answer["job-id"])
    assert [part["status"] for part in job["data"]["multi-volume-backup"]["volume"]] == ["SUCCESS", "SUCCESS"]
    read = caller.get("/v1" + system)
    assert (read["id"], read["backup-enablement-status"], read["backup-policy"]["name"]) == (we, "ON", "tf")
    assert (read["backed-up-volume-count"], read["auto-backup-enabled"]) == ("2", True)
    assert {row["snapshot-count"] for row in caller.get(f"/v1{system}/volume")["volume"]} == {"1"}


# -- signing in ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/oauth/token", "/auth/oauth/token"])
@pytest.mark.parametrize(
    "body",
    [
        SERVICE,
        {**USER, "grant_type": "refresh_token", "refresh_token": "refresh-1"},
        {"grant_type": "refresh_token", "refresh_token": "refresh-1", "client_id": PUBLIC_CLIENT},
        {**USER, "grant_type": "password", "username": "admin", "password": "p@ss+w&rd=1 %é"},
    ],
)
@pytest.mark.parametrize("encoding", ["json", "data"])
def test_every_grant_gives_a_token_that_works(sim, path, body, encoding):
    origin = sim.url("netapp_bluexp")
    reply = requests.post(origin + path, **{encoding: body})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 86400)
    assert answer["access_token"].count(".") == 2
    token = {"Authorization": "Bearer " + answer["access_token"]}
    assert requests.get(origin + "/tenancy/account", headers=token).json()[0]["accountPublicId"] == "account-SimAcc01"


@pytest.mark.parametrize(
    "body, status, error",
    [
        ({**SERVICE, "client_secret": "s3cr t&="}, 401, "access_denied"),
        ({**SERVICE, "client_id": "nobody"}, 401, "access_denied"),
        ({**SERVICE, "audience": "https://example.com"}, 403, "access_denied"),
        ({key: value for key, value in SERVICE.items() if key != "audience"}, 403, "access_denied"),
        ({**USER, "grant_type": "refresh_token", "refresh_token": "old"}, 403, "invalid_grant"),
        (
            {**USER, "grant_type": "refresh_token", "refresh_token": "refresh-1", "client_id": "x"},
            401,
            "invalid_client",
        ),
        ({**USER, "grant_type": "password", "username": "admin", "password": "wrong"}, 403, "invalid_grant"),
        ({**SERVICE, "grant_type": "implicit"}, 403, "unsupported_grant_type"),
        ([], 400, "invalid_request"),
    ],
)
def test_a_wrong_login_is_an_oauth_error(sim, body, status, error):
    reply = requests.post(sim.url("netapp_bluexp") + "/oauth/token", json=body)
    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert reply.json()["error_description"]
    assert sim["netapp_bluexp"].state()["tokens_alive"] == 0


def test_a_token_ends_by_the_clock_and_a_new_one_helps(sim, caller):
    caller.product.control_set_switch("expires_in", 60)
    caller.sign_in(SERVICE)
    sim.clock.advance(59)
    caller.get("/v1/job")
    sim.clock.advance(2)
    assert set(caller.get("/v1/job", 401)) == {"error", "message"}
    caller.sign_in(SERVICE)
    caller.get("/v1/job")
    caller.product.control_expire_tokens()
    caller.get("/v1/job", 401)


def test_account_and_agent_can_be_looked_up(sim, caller):
    accounts = caller.session.get(caller.origin + "/tenancy/account").json()
    path = f"/occm/list-occms/{accounts[0]['accountPublicId']}?excludeStandalone=true&source=saas"
    occm = caller.session.get(caller.origin + path).json()["occms"][0]
    assert occm["agent"]["agentId"] == occm["agentId"] + "clients" == caller.product.agent_id
    assert caller.session.get(caller.origin + "/occm/list-occms/account-other").status_code == 403
    caller.session.headers.pop("Authorization")
    assert caller.session.get(caller.origin + path).status_code == 401


@pytest.mark.parametrize("value", [None, "", "someone-else-clients", "without-suffix"])
def test_the_agent_header_is_needed(caller, value):
    known = caller.product.agent_id
    value = known[: -len("clients")] if value == "without-suffix" else value
    caller.get("/v1/job", 400, headers={"x-agent-id": value})
    if value and known.startswith(value):
        caller.product.control_set_switch("agent_suffix", "optional")
        caller.get("/v1/job", 200, headers={"x-agent-id": value})


def test_refusals_before_anything_else(sim, caller):
    api = caller.origin + API
    assert caller.session.get(api.replace("{accountId}", "account-other") + "/v1/job").status_code == 403
    for header in ("", "Bearer wrong", caller.session.headers["Authorization"].replace("Bearer ", "")):
        caller.get("/v1/job", 401, headers={"Authorization": header})
    caller.product.control_set_switch("agent_up", False)
    caller.get("/v1/job", 504)
    caller.product.control_set_switch("agent_up", True)
    caller.product.control_set_switch("service_tokens", False)
    caller.get("/v1/job", 403)
    caller.sign_in({**USER, "grant_type": "refresh_token", "refresh_token": "refresh-1"})
    caller.get("/v1/job")
    assert caller.session.get(caller.origin + "/account").status_code == 403


@pytest.mark.parametrize(
    "login",
    [
        {**SERVICE, "client_id": "sim-auditor", "client_secret": "read-only-1"},
        {**USER, "grant_type": "password", "username": "auditor", "password": "read-only-1"},
    ],
)
def test_an_auditor_reads_only(sim, login):
    caller = Caller(sim, login)
    path = caller.volume("dept_legal")
    caller.get("/v1/backup" + path)
    caller.call("PUT", "/v1/backup" + path, {"state": "PAUSE"}, 403)
    caller.call("POST", "/v1/catalog/search?query=budget", {})
    assert caller.state_of("dept_legal")["enabled"]


# -- jobs ----------------------------------------------------------------------------------------------------------
def test_the_estate_has_what_a_month_brings(caller):
    jobs = caller.get("/v1/job")["job"]
    assert 110 <= len(jobs) <= 130
    assert {job["status"] for job in jobs} == {"PENDING", "IN_PROGRESS", "FAILED", "COMPLETED"}
    assert all(START - 31 * 86400 < job["time"] <= START for job in jobs)
    kinds = {
        (job["data"]["restore"]["type"], job["status"])
        for job in jobs
        if "type" in (job.get("data") or {}).get("restore", {})
    }
    assert kinds == {(kind, status) for kind in ("file", "volume") for status in ("COMPLETED", "FAILED")}
    systems = caller.get("/v1/backup/working-environment")["working-environment"]
    assert sorted(system["id"].split("-")[0] for system in systems) == (
        ["OnPremWorkingEnvironment"] * 2 + ["VsaWorkingEnvironment"] * 2
    )
    volumes = [v for s in systems for v in caller.get(f"/v1/backup/working-environment/{s['id']}/volume")["volume"]]
    assert len(volumes) == 40
    names = {volume["name"] for volume in volumes}
    assert {"{{ 7*7 }}", "=cmd|' /C calc'!A0", "gva line\nbreak", "gva_<script>alert(1)</script>"} <= names
    assert {volume["name"] for volume in volumes if volume["backup-status"] == "PAUSED"} == {
        "legacy_share",
        "gva_scans",
        "training",
    }
    never = [volume for volume in volumes if "last-backup-creation-time" not in volume]
    assert {(volume["name"], volume["snapshot-count"]) for volume in never} == {("demo", "0"), ("projects_2026", "0")}


def test_ids_are_the_same_in_every_run():
    first, second = (NetappBluexp(Clock(START + shift, 0)) for shift in (0, 86400))
    assert list(first.jobs) == list(second.jobs)
    assert list(first.state()["volumes"]) == list(second.state()["volumes"])


def test_last_night_is_never_a_day_ago():
    def recent(minute):
        now = START - START % 86400 + minute * 60
        jobs = NetappBluexp(Clock(now, 0)).jobs.values()
        return [job.id for job in jobs if now - 86400 < job.created]

    noon = recent(720)
    for minute in (0, 9, 11, 60, 129, 131, 180, 1439):
        assert recent(minute) == noon, minute


@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_the_estate_can_start_at_any_hour(hour):
    now = START - START % 86400 + hour * 3600 + 60
    product = NetappBluexp(Clock(now, 0))
    assert all(job.end <= now for job in product.jobs.values() if job.finished and job.duration)
    snapshots = [one.created for s in product.systems_by_id.values() for v in s.volumes.values() for one in v.snapshots]
    assert max(snapshots) <= now


def test_job_filters(caller):
    jobs = caller.get("/v1/job")["job"]
    failed = caller.get("/v1/job", params={"status": "FAILED"})["job"]
    assert failed and failed == [job for job in jobs if job["status"] == "FAILED"]
    both = caller.get("/v1/job", params={"status": "FAILED", "type": "RESTORE_FILES"})["job"]
    assert both and both == [job for job in failed if job["type"] == "RESTORE_FILES"]
    assert caller.get("/v1/job", params={"type": "no such type"}) == {"job": []}


@pytest.mark.parametrize(
    "version, mode", [("v3", "AD_HOC"), ("v3", "IMMEDIATE"), ("v2", "AD_HOC"), ("v1", "IMMEDIATE")]
)
def test_one_volume_is_backed_up_now(sim, caller, version, mode):
    path = caller.volume("dept_legal")
    before = caller.state_of("dept_legal")
    answer = caller.call("POST", f"/{version}/backup{path}", {"mode": mode}, 202 if version == "v3" else 200)
    assert set(answer) == ({"job-id"} if version == "v3" else {"state"})
    job_id = next(reversed(caller.product.jobs))
    assert answer.get("job-id", job_id) == job_id
    assert caller.job(job_id)["status"] == "PENDING"
    assert set(caller.call("POST", f"/v3/backup{path}", {"mode": mode}, 409)) == {"error", "message"}
    sim.clock.advance(3)
    job = caller.job(job_id)
    assert job["status"] == "IN_PROGRESS"
    assert job["data"]["multi-volume-backup"]["volume"] == [{"id": path.rpartition("/")[2]}]
    sim.clock.advance(20)
    job = caller.job(job_id)
    assert (job["status"], job["data"]["multi-volume-backup"]["volume"][0]["status"]) == ("COMPLETED", "SUCCESS")
    after = caller.state_of("dept_legal")
    assert (after["starts"], after["snapshots"]) == (before["starts"] + 1, before["snapshots"] + 1)
    assert caller.get("/v1/backup" + path)["last-backup-creation-time"] == int(after["last_backup"]) == int(START + 22)


def test_parts_that_fail(sim, caller):
    path = caller.volume("k8s_pv_orders").rpartition("/")[0]
    ids = [caller.volume(name).rpartition("/")[2] for name in ("k8s_pv_orders", "ci_artifacts", "analytics_lake")]
    rows = {"volume": [{"volume-id": one, "mode": "AD_HOC"} for one in ids]}
    for word in ("FAILED", "COMPLETED"):
        caller.product.control_set_switch("parts_fail_word", word)
        caller.product.control_plan(parts={ids[1]: "Volume was offline"})
        job = caller.wait(caller.call("POST", f"/v2/backup{path}", rows, 202)["job-id"])
        parts = job["data"]["multi-volume-backup"]["volume"]
        assert (job["status"], "error" in job) == (word, word == "FAILED")
        assert [part["status"] for part in parts] == ["SUCCESS", "FAILED", "SUCCESS"]
        assert (parts[1]["id"], parts[1]["error"]) == (ids[1], "Volume was offline")
    assert caller.state_of("analytics_lake")["starts"] == 2
    caller.product.control_set_volume(ids[2], fails_with="No space")
    job = caller.wait(caller.call("POST", f"/v3/backup{path}/{ids[2]}", {"mode": "AD_HOC"}, 202)["job-id"])
    assert job["status"] == "FAILED" and job["error"]


def test_a_job_stalls_fails_and_says_unknown_words(sim, caller):
    body, path = {"mode": "AD_HOC"}, "/v3/backup" + caller.volume("dept_legal")
    caller.product.control_plan(stalled=True)
    job_id = caller.call("POST", path, body, 202)["job-id"]
    sim.clock.advance(5000)
    assert caller.job(job_id)["status"] == "PENDING"
    caller.product.control_unstall(job_id)
    sim.clock.advance(3)
    assert caller.job(job_id)["status"] == "IN_PROGRESS"
    caller.product.control_set_status(job_id, "REQUEUED")
    sim.clock.advance(5000)
    assert caller.job(job_id)["status"] == "REQUEUED"
    caller.call("POST", path, body, 409)
    caller.product.control_finish(job_id, status="FAILED", error="Lost contact")
    job = caller.job(job_id)
    assert (job["status"], job["error"]) == ("FAILED", "Lost contact")
    assert job["data"]["multi-volume-backup"]["volume"][0] == {
        "id": path.rpartition("/")[2],
        "status": "FAILED",
        "error": "Lost contact",
    }
    assert caller.product.state()["jobs"][job_id]["status"] == "FAILED"
    caller.call("POST", path, body, 202)


def test_there_is_no_way_to_touch_a_job(caller):
    job_id = next(iter(caller.product.state()["jobs"]))
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        caller.call(method, f"/v1/job/{job_id}", {}, 404)


def test_unknown_job(caller):
    caller.get("/v1/job/nothing", 404)
    caller.product.control_set_switch("job_unknown", "empty")
    assert caller.get("/v1/job/nothing") == {"job": []}
    caller.product.control_set_switch("objects", True)
    assert caller.get("/v1/job/nothing") == {"job": {}}


VENDOR_PAGE = {
    "job": {
        "status": "PENDING",
        "data": {
            "multi-volume-backup": {"volume": {"status": "SUCCESS"}},
            "restore": {"batch": {"status": "PENDING", "file": {}}},
        },
    }
}


def test_the_vendor_page_in_both_shapes(sim, caller):
    caller.product.control_set_switch("vendor_example", "verbatim")
    caller.product.control_set_switch("objects", True)
    assert caller.get("/v1/job/vendor-page-example") == VENDOR_PAGE
    caller.product.control_set_switch("objects", False)
    arrays = {
        "status": "PENDING",
        "data": {
            "multi-volume-backup": {"volume": [{"status": "SUCCESS"}]},
            "restore": {"batch": [{"status": "PENDING", "file": []}]},
        },
    }
    assert caller.get("/v1/job/vendor-page-example") == {"job": [arrays]}
    caller.product.control_set_switch("vendor_example", "with_id")
    sim.clock.advance(40 * 86400)
    caller.sign_in(SERVICE)
    job = caller.job("vendor-page-example")
    assert (job["id"], job["status"], job["data"]) == ("vendor-page-example", "PENDING", arrays["data"])


def test_objects_at_all_four_places(sim, caller):
    caller.product.control_set_switch("objects", True)
    job_id = caller.call("POST", "/v3/backup" + caller.volume("dept_legal"), {"mode": "AD_HOC"}, 202)["job-id"]
    job = caller.get(f"/v1/job/{job_id}")["job"]
    assert isinstance(job["data"]["multi-volume-backup"]["volume"], dict)
    direct = Direct()
    body = direct.restore("file")
    body["restore"]["file"] = body["restore"]["file"][:1]
    caller.product.control_load(runs=1)
    source = body["restore"]["source"]
    source["snapshot"] = (
        caller.product.systems_by_id[source["working-environment-id"]].volumes[source["volume-id"]].snapshots[0].name
    )
    job_id = caller.call("POST", "/v3/restore", body, 202)["job-id"]
    batch = caller.get(f"/v1/job/{job_id}")["job"]["data"]["restore"]["batch"]
    assert isinstance(batch, dict) and isinstance(batch["file"], dict)
    assert isinstance(caller.get("/v1/job", params={"type": "UNREGISTER"})["job"], dict)
    assert isinstance(caller.get("/v1/job", params={"type": "ENABLE_BACKUP"})["job"], dict)
    assert isinstance(caller.get("/v1/job", params={"status": "FAILED"})["job"], list)


def test_data_can_be_absent_or_null(caller):
    job_id = next(iter(caller.product.state()["jobs"]))
    assert caller.job(job_id)["data"]
    caller.product.control_set_data(job_id, "null")
    assert caller.job(job_id)["data"] is None
    caller.product.control_set_data(job_id, "absent")
    assert "data" not in caller.job(job_id)
    caller.product.control_set_switch("single_volume_data", False)
    answer = caller.call("POST", "/v3/backup" + caller.volume("dept_legal"), {"mode": "AD_HOC"}, 202)
    assert "data" not in caller.wait(answer["job-id"])


def test_times_in_milliseconds(sim):
    milli = Direct(time_unit="ms")
    _status, answer = milli.call("GET", milli.api + "/v1/job")
    assert {len(str(job["time"])) for job in answer["job"]} == {13}
    _status, answer = milli.call("GET", f"{milli.api}/v1/backup/working-environment/{milli.system.id}/volume")
    assert len(str(answer["volume"][0]["last-backup-creation-time"])) == 13


# -- volumes, systems, policies --------------------------------------------------------------------------------------
def test_pause_resume_and_policy_of_one_volume(caller):
    path = "/v1/backup" + caller.volume("dept_legal")
    jobs = len(caller.product.jobs)
    for _twice in range(2):
        assert set(caller.call("PUT", path, {"state": "PAUSE"})) == {"state"}
    assert caller.get(path)["backup-status"] == "PAUSED"
    caller.call("PUT", path, {"state": "RESUME", "backup-policy": {"name": "gold-7y"}})
    volume = caller.get(path)
    assert (volume["backup-status"], volume["backup-policy"]["name"]) == ("ACTIVE", "gold-7y")
    assert len(caller.product.jobs) == jobs
    for body in ({"state": "STOP"}, {}, {"backup-policy": {"name": "no such"}}, [], None):
        caller.call("PUT", path, body, 400)
    caller.call("PUT", path, {"state": "DELETE"})
    caller.get(path, 404)


def test_words_of_the_users_choice(caller):
    path = "/v1/backup" + caller.volume("dept_legal")
    caller.product.control_set_switch("backup_status_words", {"active": "ST_7", "paused": "ST_9"})
    assert caller.get(path)["backup-status"] == "ST_7"
    caller.call("PUT", path, {"state": "PAUSE"})
    assert caller.get(path)["backup-status"] == "ST_9"
    caller.product.control_set_switch("we_status", {"on": "ENABLED"})
    row = caller.get(path.rpartition("/volume")[0])
    assert (row["backup-enablement-status"], row["status"]) == ("ENABLED", "ON")
    with pytest.raises(ValueError, match="no switch"):
        caller.product.control_set_switch("colour", "blue")


def test_several_volumes_are_paused_by_a_job(caller):
    path = caller.volume("dept_legal").rpartition("/")[0]
    ids = [caller.volume(name).rpartition("/")[2] for name in ("dept_legal", "dept_finance")]
    rows = [{"file-system-id": one, "state": "PAUSE"} for one in (*ids, "nothing")]
    job = caller.wait(caller.call("PUT", f"/v1/backup{path}", {"volume": rows}, 202)["job-id"])
    assert [part["status"] for part in job["data"]["multi-volume-backup"]["volume"]] == ["SUCCESS", "SUCCESS", "FAILED"]
    assert not caller.state_of("dept_legal")["enabled"] and not caller.state_of("dept_finance")["enabled"]


def test_a_system_is_disabled_and_enabled(caller):
    path = caller.volume("dept_legal")
    system = "/backup" + path.rpartition("/volume")[0]
    answer = caller.call("PUT", "/v2" + system, {"state": "DISABLE"}, 202)
    assert caller.get("/v1" + system)["backup-enablement-status"] == "ON"
    caller.wait(answer["job-id"])
    assert caller.get("/v1" + system)["backup-enablement-status"] == "OFF"
    caller.call("POST", "/v3/backup" + path, {"mode": "AD_HOC"}, 400)
    assert caller.call("PUT", "/v1" + system, {"state": "ENABLE"}) == {}
    caller.call("POST", "/v3/backup" + path, {"mode": "AD_HOC"}, 202)


def test_snaplock_and_volumes_without_backup(caller):
    path = caller.volume("snaplock_compliance")
    caller.get("/v1/backup" + path, 404)
    assert "SnapLock" in caller.call("POST", "/v3/backup" + path, {"mode": "AD_HOC"}, 400)["message"]
    path = caller.volume("scratch_11")
    job = caller.call("POST", "/v3/backup" + path, {"mode": "SCHEDULED", "backup-policy": {"name": "gold-7y"}}, 202)
    caller.get("/v1/backup" + path, 404)
    caller.wait(job["job-id"])
    assert caller.get("/v1/backup" + path)["backup-policy"]["name"] == "gold-7y"


def test_policies(caller):
    path = caller.volume("dept_legal").rpartition("/volume")[0] + "/backup-policy"
    rows = {row["name"]: row for row in caller.get("/v1" + path)["backup-policy"]}
    assert rows["daily-30"]["attached-volumes-count"] == "6"
    assert rows["daily-30"]["rule"] == [{"label": "daily", "retention": "30"}]
    caller.call("DELETE", f"/v1{path}/{rows['daily-30']['id']}", status=400)
    new = {"name": "weekly", "rule": [{"label": "weekly", "retention": "52"}], "archive-after-days": 180}
    assert caller.call("POST", "/v1" + path, new) == {"name": "weekly"}
    caller.call("POST", "/v1" + path, new, 409)
    for rule in ([], [{"label": "daily", "retention": 30}], [{"label": "daily", "retention": "1019"}]):
        caller.call("POST", "/v1" + path, {"name": "bad", "rule": rule}, 400)
    caller.call("PUT", "/v2" + path, {"policyName": "weekly", "rule": [{"label": "weekly", "retention": "60"}]})
    archived = {row["name"]: row for row in caller.get("/v1" + path, params={"archived": "true"})["backup-policy"]}
    assert set(archived) == {"gold-7y", "weekly"}
    assert (archived["weekly"]["rule"][0]["retention"], archived["weekly"]["archive-after-days"]) == ("60", "180")
    caller.call("PUT", f"/v1{path}/weekly", {"rule": new["rule"], "archive-after-days": "never"})
    caller.call("DELETE", f"/v1{path}/{archived['weekly']['id']}")
    assert {row["name"] for row in caller.get("/v1" + path)["backup-policy"]} == set(rows)


def test_snapshots_one_by_one(caller):
    path = "/v1/backup" + caller.volume("dept_legal")
    rows = caller.get(path + "/snapshot")["snapshot"]
    assert caller.get(path)["snapshot-count"] == str(len(rows))
    assert caller.get(f"{path}/snapshot/{rows[0]['id']}") == rows[0]
    caller.call("DELETE", f"{path}/snapshot/{rows[0]['id']}")
    caller.get(f"{path}/snapshot/{rows[0]['id']}", 404)
    assert caller.get(path + "/snapshot")["snapshot"] == rows[1:]
    page = caller.get(path + "/snapshot", params={"max-records": 2})
    assert (page["num-records"], page["cursor"], page["snapshot"]) == (2, "2", rows[1:3])


# -- restore and browsing ----------------------------------------------------------------------------------------------
def test_restores(sim, caller):
    direct = Direct()  # the same seed: the same ids
    job_id = caller.call("POST", "/v3/restore", direct.restore("file"), 202)["job-id"]
    statuses = set()
    for _second in range(25):
        restore = caller.job(job_id)["data"]["restore"]
        statuses.add(tuple(batch["status"] for batch in restore["batch"]))
        sim.clock.advance(1)
    assert [len(batch["file"]) for batch in restore["batch"]] == [3, 3, 1]
    assert {("PENDING",) * 3, ("SUCCESS", "IN_PROGRESS", "PENDING"), ("SUCCESS",) * 3} <= statuses
    assert restore["source"]["volume-name"] == restore["target"]["volume-name"] == "sql_prod_01_data"
    assert isinstance(restore["target"]["volume-size"], int)
    job_id = caller.call("POST", "/v3/restore", direct.restore("volume"), 202)["job-id"]
    assert "batch" not in caller.wait(job_id)["data"]["restore"]
    names = [row["name"] for row in caller.get(f"/v1/working-environment/{direct.system.id}/volume")["volume"]]
    assert names.count("restored_01") == 1
    listed = caller.get("/v1/restore/status")["job"]
    assert len(listed) == 6 and listed[-1]["id"] == job_id
    assert len(listed[-2]["data"]["restore"]["file"]) == 7


@pytest.mark.parametrize(
    "part, field, value",
    [
        ("", "type", "tape"),
        ("", "file", []),
        ("source", "bucket", None),
        ("source", "snapshot", "unknown"),
        ("target", "svm", "unknown"),
        ("target", "working-environment-id", "unknown"),
    ],
)
def test_a_restore_that_lacks_something(caller, part, field, value):
    body = Direct().restore("file")
    place = body["restore"][part] if part else body["restore"]
    place[field] = value
    caller.call("POST", "/v3/restore", body, 404 if value == "unknown" and field != "svm" else 400)


def test_files_and_folders_do_not_mix(caller):
    body = Direct().restore("file")
    body["restore"]["file"][0]["type"] = "directory"
    assert "together" in caller.call("POST", "/v3/restore", body, 400)["message"]


def test_browsing(sim, caller):
    path = caller.volume("dept_legal")
    volume = path.rpartition("/")[2]
    snapshot = caller.get(f"/v1/backup{path}/snapshot")["snapshot"][0]["id"]
    listing = f"/v1/sfr{path}/snapshot/{snapshot}/file-explore/list"
    caller.get(listing, 400)
    job_id = caller.call("POST", f"/v1/sfr{path}/file-explore/start", status=202)["job-id"]
    assert caller.get(f"/v1/sfr/volume/{volume}/file-explore/status") == {"status": "PENDING"}
    caller.wait(job_id)
    assert caller.get(f"/v1/sfr/volume/{volume}/file-explore/status") == {"status": "COMPLETED"}
    rows, page = [], {"page": 1, "limit": 3}
    while page:
        answer = caller.get(listing, params=page)
        rows += answer["context"]
        page = answer["pageConfig"].get("next")
    assert {row["path"] for row in rows} >= {"/finance", "/budget.xlsx"}
    assert rows == caller.get(listing)["context"]
    assert caller.get(listing, params={"path": "/reports/2026"})["context"][0]["path"].startswith("/reports/2026/")


def spoiled(body: object):
    """The body with each value in turn replaced by one of another type."""
    if isinstance(body, dict):
        keys = list(body)
    elif isinstance(body, list):
        keys = list(range(len(body)))
    else:
        return
    for key in keys:
        for wrong in (None, 7, -1.5, True, "", "x", [], {}, [[]], [7], {"name": 7}, {"name": [], "rule": [7]}):
            other = copy.deepcopy(body)
            other[key] = wrong
            yield other
        for inner in spoiled(body[key]):
            other = copy.deepcopy(body)
            other[key] = inner
            yield other


def test_a_malformed_body_never_breaks_the_product():
    for (method, path), body in BODIES.items():
        direct = Direct()
        body = body(direct) if callable(body) else body
        full = {"backup-policy": {"name": "daily-30", **RULE}, "adhoc-backup-details": {"name": "n"}, **body}
        for volume in full.get("volume", ()):
            volume["backup-policy"] = {"name": "daily-30", **RULE, "archive-after-days": "1", "object-lock": "NONE"}
        for wrong in [*spoiled(full), 7, "x", None, [], {}]:
            direct.prepare(method, API + path)
            address = (API + path).format(**direct.values())
            status, answer = direct.call(method, address, wrong, QUERIES.get(path, ""))
            assert status < 500 and isinstance(answer, dict)
            direct.clock.advance(60)
        assert direct.call("GET", direct.api + "/v1/backup/working-environment")[0] == 200


# -- faults, writes, load ----------------------------------------------------------------------------------------------
def test_a_lost_answer_was_processed(sim, caller):
    path = "/v3/backup" + caller.volume("dept_legal")
    sim.faults.add("drop_after", product="netapp_bluexp", writes=True)
    with pytest.raises(requests.ConnectionError):
        caller.call("POST", path, {"mode": "AD_HOC"}, 202)
    assert caller.state_of("dept_legal")["starts"] == 1
    caller.call("POST", path, {"mode": "AD_HOC"}, 409)
    assert caller.state_of("dept_legal")["starts"] == 1


def test_which_requests_write(sim, caller):
    sim.log.clear()
    path = caller.volume("dept_legal")
    caller.sign_in(SERVICE)
    caller.get("/v1/job")
    caller.call("POST", "/v1/catalog/search?query=budget", {})
    caller.call("POST", "/v1/sg/version", {"storage-server": "sg.example.com"})
    assert sim.log.writes() == []
    caller.call("PUT", "/v1/backup" + path, {"state": "PAUSE"})
    caller.call("POST", "/v3/restore", {}, 400)
    assert [entry.status for entry in sim.log.writes()] == [200, 400]


def test_an_expired_token_fault_strikes_once(sim, caller):
    sim.faults.add("expire_token", path="/v1/job")
    caller.get("/v1/job", 401)
    caller.sign_in(SERVICE)
    caller.get("/v1/job")


def test_a_hundred_thousand_jobs_are_listed(caller):
    caller.product.control_load(runs=100000, volumes=500)
    size = len(caller.get("/v1/job")["job"])
    assert size == len(caller.product.jobs) > 100000
    assert len(caller.get("/v1/job", params={"status": "IN_PROGRESS"})["job"]) == 2
    volumes = caller.get("/v1/backup" + caller.volume("dept_legal").rpartition("/")[0])["volume"]
    assert len(volumes) == 510
