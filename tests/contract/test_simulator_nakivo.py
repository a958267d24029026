# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated NAKIVO Director against the vendor's pages, a public client, and the odd habits of the product.

The vendor publishes no machine-readable description: FIELDS is the list of the page "Get Job Info".
"""

from __future__ import annotations

import itertools
import re

import pytest
import requests

from simulator import Simulator

START = 1_780_000_000.0
ADMIN = ("admin", "p@ss+w&rd=1 %é")
AUDITOR = ("auditor", "read-only-1")
ALPINE = "6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11"
NORDSEE = "c2a7e5d4-8b19-4e7d-b3f2-5e1f90ab6d22"

FIELDS = {
    "": """name id vid hvType hvTypeBackupCount fromBackup lrSiteRecoveryRunType lrRecoveryTimeObjectiveType
        lrRecoveryTimeObjective lrFailoverType lrActionFailed lrActionSkipped lrActionSucceed lrActionStopped
        postScriptPath powerSourceVmsOff sqlLogTruncationMode fullBackupRunSettingsType fullBackupMode
        recoveryTimeObjectiveType recoveryTimeObjective crSiteRecoveryRunType crRecoveryTimeObjectiveType
        crRecoveryTimeObjective crFailoverType actions crActionExecutions lrActionExecutions
        hvTypeBackupHasRootDiskCount status jobType added updated vmCount diskCount sourcesSize isEnabled isLicensed
        isEdited isLocked isRemoved averageDurationMs averageDurationSampleCount crState crDate crDateRelative
        crVmPlanned crVmOk crVmFailed crVmStopped crProgress crAdhoc hasLastRun lrState lrDate lrFinishDate lrSpeed
        lrDurationMs lrDataKb lrVmOk lrVmFailed lrVmStopped lrAdhoc lrCompressionRatio differentialTrackingMode
        preScriptExecutionMode preScriptBehavior preScriptErrorMode preScriptPath postScriptExecutionMode
        postScriptBehavior postScriptErrorMode thinDiskMode ebsVolumeMode temporaryVolumeType networkAccelerationMode
        encryptionMode applicationAwareMode retentionPolicy powerVmsOn generateMac recoveryType transporterMode
        exchangelogTruncationMode screenshotVerificationMode objects transporters storages schedules lockReasons""",
    "retentionPolicy": "retentionMode maxCount keepDayCount keepWeekCount keepMonthCount keepYearCount",
    "objects": """vid lrState lrSpeed lrDataTransferredUncompressed lrDuration crState crProgress sourceVid sourceName
        sourcePowerState sourceSubType targetVid targetName targetPowerState targetSubType verificationState
        screenshotName flashBootState lrBandwidthLimit lrTransporterModes crTransporterModes screenshotPath crSpeed
        crDataTransferredUncompressed crDuration crBandwidthLimit""",
    "transporters": "isAuto usedAsSource usedAsTarget maxLoadFactor currentTotalLoad vid name state",
    "storages": "vid name size free used state online infiniteSize type",
    "schedules": """enabled type position startTime endTime timezone on everyType every monthlyEveryType dayOfMonth
        dayOfWeek month triggerItem triggerRunType triggerEvents nextRun effectiveDate triggerItemName
        triggerItemTypeName timezoneOffsetMs nextRunRelative""",
}
NEWER_FIELDS = """vmTemplateCount jobSameTypeCount sourcesAllocatedSize isLockedRunningJob reachedTerminalLimitState
    crVmSkipped crTotalProcessedItem crTotalNewProcessedItem"""
JOB_STATES = {"WAITING_DEMAND", "WAITING_SCHEDULE", "RUNNING", "OK", "FAILED", "STOPPED", None}
OBJECT_STATES = {"SCHEDULED", "DEMAND", "WAITING", "RUNNING", "STOPPED", "FAILED", "SUCCEEDED", "SKIPPED", None}


class Rpc:
    """A bare Ext.Direct caller: what it sends is what stands here."""

    def __init__(self, simulator, account=ADMIN, tenant="", remember=False):
        self.simulator, self.tenant = simulator, tenant
        self.http = requests.Session()
        self.tids = itertools.count(1)
        self.post_count = 0
        if account:
            assert self.call("AuthenticationManagement.login", *account, remember, path="/c/router")["result"] == "OK"

    def post(self, body, path=""):
        path = path or (f"/t/{self.tenant}/c/router" if self.tenant else "/c/router")
        reply = self.http.post(self.simulator.origin("nakivo") + path, json=body, timeout=10)
        assert reply.status_code == 200
        return reply.json()

    def envelope(self, name, *data):
        action, method = name.split(".")
        return {"action": action, "method": method, "data": list(data), "type": "rpc", "tid": next(self.tids)}

    def raw(self, name, *data, path=""):
        sent = self.envelope(name, *data)
        got = self.post(sent, path)
        assert list(got) and {k: got[k] for k in ("action", "method")} == {k: sent[k] for k in ("action", "method")}
        assert got["tid"] == str(sent["tid"])
        return got

    def call(self, name, *data, path=""):
        got = self.raw(name, *data, path=path)
        assert (got["type"], got["message"], got["where"], got["cause"]) == ("rpc", None, None, None), got
        return got["data"]

    def fails(self, name, *data):
        got = self.raw(name, *data)
        assert got["type"] == "exception" and got["message"] and got["data"] is None, got
        return got

    def ids(self):
        groups = self.call("JobSummaryManagement.getGroupInfo", [None], 0, True)["children"]
        return sorted({number for group in groups for number in group["childJobIds"]})

    def jobs(self):
        return self.call("JobSummaryManagement.getJobInfo", self.ids(), 0)["children"]

    def job(self, wanted):
        if isinstance(wanted, str):
            return next(job for job in self.jobs() if job["name"] == wanted)
        (found,) = self.call("JobSummaryManagement.getJobInfo", [wanted], 0)["children"]
        return found

    def run(self, number, **more):
        return self.call("JobManagement.run", {"runType": "ALL", "jobIds": [number], **more})


def simulator_with(speed=0, **switches):
    return Simulator(("nakivo",), {"nakivo": switches}, start=START, speed=speed)


@pytest.fixture
def sim():
    with simulator_with() as simulator:
        yield simulator


@pytest.fixture
def rpc(sim):
    return Rpc(sim)


def control(sim, verb, **arguments):
    return sim["nakivo"].control(verb, arguments)


def state(sim, number, tenant=""):
    dump = sim["nakivo"].state()
    return (dump["tenants"][tenant]["jobs"] if tenant else dump["jobs"])[str(number)]


# -- the vendor's page -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", ["10", "10.11", "11"])
def test_every_field_of_the_page_is_there(version):
    with simulator_with(version=version) as simulator:
        jobs = Rpc(simulator).jobs()
    assert len(jobs) >= 25
    seen = set()
    for job in jobs:
        for part, fields in FIELDS.items():
            value = job[part] if part else job
            for row in value if isinstance(value, list) else [value]:
                seen.add(part)
                assert set(fields.split()) <= set(row), (job["name"], part)
        assert all((field in job) == (version != "10") for field in NEWER_FIELDS.split())
        assert {job["crState"], job["lrState"]} <= JOB_STATES
        for machine in job["objects"]:
            assert {machine["crState"], machine["lrState"]} <= OBJECT_STATES
    assert seen == set(FIELDS)


def test_dates_have_z_before_10_11_and_an_offset_since():
    for version, pattern in (("10", r"\.\d{3}Z"), ("10.11", r"\.\d{3}\+07:00"), ("11", r"\.\d{3}\+07:00")):
        with simulator_with(version=version) as simulator:
            job = Rpc(simulator).job(1)
        for value in (job["added"], job["lrDate"], job["lrFinishDate"], job["schedules"][0]["nextRun"]):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d" + pattern, value)


def test_the_estate_holds_what_clients_stumble_over(rpc):
    jobs = {job["id"]: job for job in rpc.jobs()}
    kinds = {"BACKUP", "REPLICATION", "BACKUP_COPY", "RECOVERY_VMS", "FLASH_BOOT", "SITE_RECOVERY", "FILE_LEVEL"}
    assert {job["jobType"] for job in jobs.values()} == kinds | {"REPLICA_FAILOVER"}
    assert {job["hvType"] for job in jobs.values()} == {"VMWARE", "HYPERV", "AWS", "NUTANIX", "PHYSICAL", "NAS"}
    named = {job["name"]: job for job in jobs.values()}
    assert any(not job["schedules"] for job in jobs.values())
    assert not named["Flash boot web-01"]["hasLastRun"] and named["Flash boot web-01"]["lrState"] is None
    assert named["Flash boot web-01"]["objects"][0]["lrState"] is None
    partial = named["Hyper-V branch offices"]
    assert (partial["lrState"], partial["lrVmOk"], partial["lrVmFailed"]) == ("FAILED", 3, 1)
    pool = named["VMware desktop pool"]
    assert (len(pool["objects"]), pool["lrVmOk"], pool["lrVmFailed"]) == (50, 49, 1)
    assert [machine["lrState"] for machine in pool["objects"]].count("FAILED") == 1
    stopped = named["Hyper-V archive"]
    assert (stopped["lrState"], stopped["lrVmOk"] > 0, stopped["lrVmStopped"]) == ("STOPPED", True, 1)
    legacy = named["Legacy ERP"]
    assert not legacy["isEnabled"] and legacy["schedules"][0]["enabled"] and legacy["status"] == "GRAY"
    lab = named["Test lab weekly"]
    assert lab["isEnabled"] and not lab["schedules"][0]["enabled"] and lab["crState"] == "WAITING_DEMAND"
    assert named["Mail archive"]["schedules"][0]["nextRunRelative"] < -3_600_000
    assert {named[name]["crState"] for name in ("First full of cluster B", "SAP HANA hourly")} == {"RUNNING"}
    assert not named["First full of cluster B"]["hasLastRun"]
    assert "{{ 7*7 }} {% raw %}nightly" in named and "=cmd|' /C calc'!A0" in named
    assert any("\n" in name and "<script>" in name for name in named) and any("東京" in name for name in named)
    assert [job["name"] for job in jobs.values()].count("File server backup") == 2
    mixed = {machine["lrState"] for machine in named["VMware templates and tools"]["objects"]}
    assert mixed == {"SUCCEEDED", "SKIPPED", None}


def test_units_differ_from_field_to_field(rpc):
    job = rpc.job(1)
    total = sum(machine["lrDataTransferredUncompressed"] for machine in job["objects"])
    assert job["lrDataKb"] == total // 1024
    assert job["lrDurationMs"] == 52 * 60 * 1000
    assert job["lrSpeed"] == total * 1000 // job["lrDurationMs"]


def test_the_same_estate_every_time(rpc):
    with simulator_with() as other:
        assert Rpc(other).jobs() == rpc.jobs()


# -- the envelope ----------------------------------------------------------------------------------------------------
def test_home_page_needs_no_session(sim):
    reply = requests.get(sim.url("nakivo") + "/", timeout=10)
    assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/html")
    assert requests.get(sim.url("nakivo") + "/c/router", timeout=10).status_code == 405
    assert requests.post(sim.url("nakivo") + "/api/v1/jobs", timeout=10).status_code == 404


def test_array_in_array_out(rpc):
    sent = [
        {**rpc.envelope("JobSummaryManagement.getJobInfo", [1], 0), "tid": 41},
        {**rpc.envelope("No.such"), "tid": 42},
        {**rpc.envelope("AuthenticationManagement.isLogged"), "tid": 43},
    ]
    got = rpc.post(sent)
    assert [(one["tid"], one["type"]) for one in got] == [("41", "rpc"), ("42", "exception"), ("43", "rpc")]
    assert got[0]["data"]["children"][0]["id"] == 1 and got[2]["data"] is True
    assert isinstance(rpc.post(sent[0]), dict) and isinstance(rpc.post(sent[:1]), list)


def test_data_null_or_absent_is_no_arguments(rpc):
    sent = rpc.envelope("LicensingManagement.getLicenseInfo")
    for body in ({**sent, "data": None}, {k: v for k, v in sent.items() if k != "data"}, {**sent, "data": []}):
        assert rpc.post(body)["data"]["expiresIn"] == 200 * 86400 * 1000


@pytest.mark.parametrize(
    "name, data",
    [
        ("JobSummaryManagement.noSuch", []),
        ("NoSuch.getJobInfo", []),
        ("JobSummaryManagement.getJobInfo", []),
        ("JobSummaryManagement.getJobInfo", [7, 0]),
        ("JobSummaryManagement.getJobInfo", [["7"], 0]),
        ("JobManagement.run", [[1]]),
        ("BackupManagement.getBackupRepository", [[3]]),
        ("JobManagement.run", [{"runType": "FULL", "jobIds": [1]}]),
        ("JobManagement.run", [{"runType": "ALL", "jobIds": [4711]}]),
        ("JobManagement.getJobForEditing", [4711]),
        ("JobManagement.remove", [4711, True]),
    ],
)
def test_what_the_server_cannot_read_is_an_exception_in_http_200(rpc, name, data):
    rpc.fails(name, *data)


def test_garbage_and_other_types_are_exceptions(rpc):
    assert rpc.post("text")["type"] == "exception"
    assert rpc.post({**rpc.envelope("JobSummaryManagement.getJobInfo", [1], 0), "type": "event"})["type"] == "exception"
    assert rpc.post({**rpc.envelope("JobSummaryManagement.getJobInfo"), "data": {"ids": [1]}})["type"] == "exception"


# -- sessions --------------------------------------------------------------------------------------------------------
def test_login_sets_a_numbered_cookie(sim):
    rpc = Rpc(sim, None)
    data = rpc.call("AuthenticationManagement.login", *ADMIN, False)
    assert data["result"] == "OK" and data["reason"] is None and data["productConfigured"] is True
    assert {"id", "name", "isMasterAdmin", "isAdmin", "permissions", "tid", "email"} <= set(data["userInfo"])
    assert data["canTry"] == {"isPossible": True, "waitTimeLeft": 0, "failedAttempts": 0}
    (cookie,) = rpc.http.cookies
    assert re.fullmatch(r"JSESSIONID-\d+", cookie.name)


def test_no_session_is_an_exception(sim):
    rpc = Rpc(sim, None)
    assert rpc.call("AuthenticationManagement.isLogged") is False
    rpc.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)
    rpc.fails("JobManagement.run", {"runType": "ALL", "jobIds": [1]})
    assert state(sim, 1)["starts"] == 0


def test_logout_kills_the_cookie(rpc):
    (cookie,) = rpc.http.cookies
    kept = {cookie.name: cookie.value}
    assert rpc.call("AuthenticationManagement.isLogged") is True
    assert rpc.call("AuthenticationManagement.logoutCurrentUser") is None
    rpc.http.cookies.update(kept)
    rpc.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)


def test_idle_sessions_end_after_ten_minutes_unless_remembered(sim):
    short, long = Rpc(sim), Rpc(sim, remember=True)
    sim.clock.advance(599)
    assert short.ids()
    sim.clock.advance(599)  # the call above started the ten minutes anew
    assert short.ids()
    sim.clock.advance(601)
    short.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)
    assert long.ids()


def test_expired_by_a_fault_or_a_control(sim, rpc):
    sim.faults.add("expire_token", product="nakivo")
    rpc.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)
    again = Rpc(sim)
    control(sim, "expire_tokens")
    assert again.call("AuthenticationManagement.isLogged") is False
    assert sim["nakivo"].state()["sessions"] == [] and sim["nakivo"].state()["logins"] == 2


def test_wrong_password_then_locked_out(sim):
    rpc = Rpc(sim, None)
    for attempt in range(1, 6):
        data = rpc.call("AuthenticationManagement.login", "admin", "wrong", False)
        assert (data["result"], data["canTry"]["failedAttempts"]) == ("FAIL_OTHER", attempt)
        assert data["reason"] and data["userInfo"] is None
    assert not rpc.http.cookies
    blocked = rpc.call("AuthenticationManagement.login", *ADMIN, False)
    assert (blocked["result"], blocked["canTry"]["isPossible"]) == ("FAIL_BLOCKED_WAIT", False)
    assert blocked["canTry"]["waitTimeLeft"] == 300
    sim.clock.advance(100)
    assert rpc.call("AuthenticationManagement.login", *ADMIN, False)["canTry"]["waitTimeLeft"] == 200
    assert Rpc(sim, AUDITOR).ids()  # another account is not locked
    sim.clock.advance(201)
    assert rpc.call("AuthenticationManagement.login", *ADMIN, False)["result"] == "OK"


def test_a_good_login_forgets_the_failures(sim):
    rpc = Rpc(sim, None)
    for password in ("a", None, "c", "d"):
        assert rpc.call("AuthenticationManagement.login", "admin", password, False)["result"] == "FAIL_OTHER"
    assert rpc.call("AuthenticationManagement.login", *ADMIN, False)["result"] == "OK"
    assert rpc.call("AuthenticationManagement.login", "admin", "e", False)["canTry"]["failedAttempts"] == 1


def test_view_only_reads_and_nothing_else(sim):
    rpc = Rpc(sim, AUDITOR)
    assert len(rpc.jobs()) >= 25 and rpc.call("JobSummaryManagement.listSavepoints")["backupRepositories"]
    before = sim["nakivo"].state()["jobs"]
    rpc.fails("JobManagement.run", {"runType": "ALL", "jobIds": [1]})
    rpc.fails("JobManagement.stop", {"jobIds": [20]})
    rpc.fails("JobManagement.getJobForEditing", 1)
    rpc.fails("JobManagement.remove", 1, False)
    rpc.fails("FileLevelRecoveryManagement.createSession", {})
    assert sim["nakivo"].state()["jobs"] == before
    control(sim, "set_permissions", user="auditor", permissions=["ROLE_START_ACTIVITY"])
    rpc.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)
    assert rpc.run(1) is None


# -- finding jobs ----------------------------------------------------------------------------------------------------
def test_group_tree_repeats_ids(sim, rpc):
    rows = rpc.call("JobSummaryManagement.getGroupInfo", [None], 0, True)["children"]
    root, *groups = rows
    assert root["id"] == -1 and len(root["childJobIds"]) == len(set(root["childJobIds"])) >= 25
    together = [number for row in rows for number in row["childJobIds"]]
    assert len(together) > len(set(together)) and set(together) == set(root["childJobIds"])
    by_name = {row["name"]: row for row in groups}
    assert set(by_name["Production VMware"]["childJobIds"]) < set(by_name["Production"]["childJobIds"])
    assert not set(by_name["Production VMware"]["childJobIds"]) & set(by_name["Production"]["immediateChildJobIds"])
    assert by_name["Production"]["jobCount"]["VMWARE"]["BACKUP"] >= 3
    (one,) = rpc.call("JobSummaryManagement.getGroupInfo", [by_name["Production"]["id"]], 0, True)["children"]
    assert one == by_name["Production"]
    (shallow,) = rpc.call("JobSummaryManagement.getGroupInfo", [None], 0, False)["children"]
    assert shallow["childJobIds"] == root["immediateChildJobIds"]
    control(sim, "set_switch", name="group_tree", value="root")
    assert [row["id"] for row in rpc.call("JobSummaryManagement.getGroupInfo", [None], 0, True)["children"]] == [-1]
    control(sim, "set_switch", name="version", value="10")
    (old,) = rpc.call("JobSummaryManagement.getGroupInfo", [None], 0, True)["children"]
    assert old["jobCount"]["BACKUP"] >= 15


def test_group_counts_follow_the_jobs(sim, rpc):
    def root():
        return rpc.call("JobSummaryManagement.getGroupInfo", [None], 0, True)["children"][0]

    before = root()
    rpc.run(1)
    assert root()["crJobRunning"] == before["crJobRunning"] + 1
    control(sim, "finish", job=1, state="FAILED")
    assert root()["lrJobFailed"] == before["lrJobFailed"] + 1


def test_get_job_info_unknown_twice_none_and_third_argument(sim, rpc):
    assert rpc.call("JobSummaryManagement.getJobInfo", [], 0)["children"] == []
    ids = [job["id"] for job in rpc.call("JobSummaryManagement.getJobInfo", [2, 4711, 1, 2], 0, True)["children"]]
    assert ids == [2, 1]
    control(sim, "set_switch", name="unknown_id", value="exception")
    rpc.fails("JobSummaryManagement.getJobInfo", [2, 4711], 0)


def test_lists_of_11(rpc):
    short = rpc.call("JobSummaryManagement.getJobShortInfo", [1, 4711, 4])["children"]
    assert {"id", "name", "crState", "lrState", "lrVmOk", "lrVmFailed"} <= set(short[0])
    assert [row["id"] for row in short] == [1, 4]
    pages, start = [], 0
    while True:
        rows = rpc.call("JobManagement.getListJobs", {"start": start, "limit": 7, "filters": [], "sorters": []})[
            "children"
        ]
        pages += [row["id"] for row in rows]
        if len(rows) < 7:
            break
        start += 7
    assert sorted(pages) == rpc.ids() and len(pages) == len(set(pages))
    dto = rpc.call("JobManagement.getJob", 1)
    assert dto["type"] == "BACKUP" and "jobType" not in dto and dto["lockUuid"] is None


@pytest.mark.parametrize("version", ["10", "10.11"])
def test_what_is_new_in_11_is_unknown_before(version):
    with simulator_with(version=version) as simulator:
        rpc = Rpc(simulator)
        rpc.fails("JobManagement.getListJobs", {"start": 0, "limit": 10, "filters": [], "sorters": []})
        rpc.fails("JobSummaryManagement.getJobShortInfo", [1])
        rpc.fails("JobManagement.getJob", 1)
        rpc.fails("FileLevelRecoveryManagement.getState", "x")
        assert rpc.ids()


def test_words_of_the_future_on_one_job():
    with simulator_with(future_words=True) as simulator:
        rpc = Rpc(simulator)
        odd = rpc.job("Proxmox lab")
        assert (odd["jobType"], odd["hvType"]) == ("BACKUP_TO_ORBIT", "PROXMOX") and odd["lrState"] not in JOB_STATES
        assert sum(job["hvType"] == "PROXMOX" for job in rpc.jobs()) == 1
        control(simulator, "set_switch", name="future_words", value=False)
        assert rpc.job("Proxmox lab")["hvType"] == "VMWARE"


def test_tenants(sim, rpc):
    everyone = rpc.call("MultitenancyManagement.getTenants", None)["children"]
    assert [(row["name"], row["uuid"]) for row in everyone] == [("Alpine Bank", ALPINE), ("Nordsee Logistik", NORDSEE)]
    assert {"id", "name", "uuid", "enabled", "state", "status", "usedVms"} <= set(everyone[0])

    def find(*criteria):
        request = {"filter": {"start": 0, "count": 10, "criteria": list(criteria)}}
        return [row["name"] for row in rpc.call("MultitenancyManagement.getTenants", request)["children"]]

    assert find({"name": "ID", "type": "EQ", "value": "1"}) == ["Alpine Bank"]
    assert find({"name": "NAME", "type": "ILIKE", "value": "%nordsee%"}) == ["Nordsee Logistik"]
    assert find({"name": "ID", "type": "IN", "values": ["2", "9"]}) == ["Nordsee Logistik"]
    assert find({"name": "ID", "type": "GT", "value": "2"}) == [] and len(find()) == 2
    names = {}
    for uuid in ("", ALPINE, NORDSEE):
        one = Rpc(sim, tenant=uuid)
        names[uuid] = {job["name"] for job in one.jobs()}
        assert 1 in one.ids()  # JOB-1 is another job for each
    assert "Alpine Bank core-banking" in names[ALPINE] and "Nordsee Logistik wms-01" in names[NORDSEE]
    assert not names[""] & (names[ALPINE] | names[NORDSEE])
    alpine = Rpc(sim, tenant=ALPINE)
    alpine.run(1)
    assert state(sim, 1, ALPINE)["starts"] == 1
    assert state(sim, 1)["starts"] == state(sim, 1, NORDSEE)["starts"] == 0
    alpine.fails("JobManagement.run", {"runType": "ALL", "jobIds": [20]})
    alpine.fails("MultitenancyManagement.getTenants", None)
    alpine.tenant = "00000000-0000-0000-0000-000000000000"
    alpine.fails("JobSummaryManagement.getGroupInfo", [None], 0, True)


# -- run and stop ----------------------------------------------------------------------------------------------------
def test_a_run_from_start_to_end(sim, rpc):
    before = rpc.job(1)
    assert before["crState"] == "WAITING_SCHEDULE" and before["objects"][0]["crState"] == "SCHEDULED"
    assert rpc.run(1) is None
    seen = []
    for _step in range(5):
        job = rpc.job(1)
        seen.append(job["crProgress"])
        assert (
            job["crState"] == "RUNNING" and job["crAdhoc"] is True and job["isLocked"] and "run" in job["lockReasons"]
        )
        assert job["crVmPlanned"] == 6 and job["lrDate"] == before["lrDate"]
        assert {m["crState"] for m in job["objects"]} <= {"WAITING", "RUNNING", "SUCCEEDED"}
        sim.clock.advance(20)
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == 66
    assert {m["crState"] for m in rpc.job(1)["objects"]} == {"SUCCEEDED", "RUNNING"}
    sim.clock.advance(30)
    after = rpc.job(1)
    assert (after["crState"], after["lrState"], after["lrVmOk"]) == ("WAITING_SCHEDULE", "OK", 6)
    assert after["lrDate"] > before["lrFinishDate"] and after["lrAdhoc"] is True and after["crDate"] is None
    assert after["lrDurationMs"] == 120_000 and not after["isLocked"]
    assert state(sim, 1)["starts"] == 1


def test_a_disabled_job_and_one_on_demand_run_by_hand(sim, rpc):
    for name in ("Legacy ERP", "Flash boot web-01"):
        number = rpc.job(name)["id"]
        rpc.run(number)
        assert rpc.job(number)["crState"] == "RUNNING"
        sim.clock.advance(121)
        job = rpc.job(number)
        assert (job["crState"], job["lrState"]) == ("WAITING_DEMAND", "OK")


def test_planned_failures_stalls_and_finishes(sim, rpc):
    control(sim, "plan", job=1, failed=1, seconds=50)
    rpc.run(1)
    sim.clock.advance(49)
    assert rpc.job(1)["crState"] == "RUNNING"
    sim.clock.advance(2)
    job = rpc.job(1)
    assert (job["lrState"], job["lrVmOk"], job["lrVmFailed"]) == ("FAILED", 5, 1)
    rpc.run(1)
    sim.clock.advance(60)
    control(sim, "stall", job=1)
    frozen = rpc.job(1)["crProgress"]
    sim.clock.advance(5000)
    rpc = Rpc(sim)
    assert (rpc.job(1)["crState"], rpc.job(1)["crProgress"]) == ("RUNNING", frozen)
    control(sim, "stall", job=1, stalled=False)
    sim.clock.advance(61)
    assert rpc.job(1)["lrState"] == "OK"
    rpc.run(1)
    control(sim, "finish", job=1, state="OK_BUT_ODD")
    assert rpc.job(1)["lrState"] == "OK_BUT_ODD"


def test_a_second_run_is_accepted_without_effect_or_refused(sim, rpc):
    rpc.run(1)
    assert rpc.run(1) is None
    assert (state(sim, 1)["starts"], state(sim, 1)["start_requests"]) == (1, 2)
    control(sim, "set_switch", name="run_running", value="exception")
    rpc.fails("JobManagement.run", {"runType": "ALL", "jobIds": [2, 1]})
    assert state(sim, 2)["starts"] == 0


def test_run_may_be_slow_to_begin():
    with simulator_with(start_delay=5) as simulator:
        rpc = Rpc(simulator)
        rpc.run(1)
        rpc.run(1)
        assert rpc.job(1)["crState"] == "WAITING_SCHEDULE"
        simulator.clock.advance(6)
        assert rpc.job(1)["crState"] == "RUNNING" and state(simulator, 1)["starts"] == 1


def test_specific_without_sources_fails_at_once(sim, rpc):
    rpc.call("JobManagement.run", {"runType": "SPECIFIC", "jobIds": [1]})
    assert (rpc.job(1)["crState"], rpc.job(1)["lrState"]) == ("WAITING_SCHEDULE", "FAILED")
    source = rpc.job(2)["objects"][1]["sourceVid"]
    rpc.call("JobManagement.run", {"runType": "SPECIFIC", "jobIds": [2], "sourceVids": [source]})
    assert rpc.job(2)["crVmPlanned"] == 1


def test_stop(sim, rpc):
    rpc.run(1)
    sim.clock.advance(70)
    assert rpc.call("JobManagement.stop", {"jobIds": [1]}) is None
    assert rpc.job(1)["crState"] == "RUNNING"  # it takes a moment
    sim.clock.advance(1)
    job = rpc.job(1)
    assert (job["crState"], job["lrState"], job["lrVmOk"], job["lrVmStopped"]) == ("WAITING_SCHEDULE", "STOPPED", 4, 2)
    assert rpc.call("JobManagement.stop", {"jobIds": [1]}) is None and state(sim, 1)["stops"] == 1
    control(sim, "set_switch", name="stop_idle", value="exception")
    rpc.fails("JobManagement.stop", {"jobIds": [1]})


def test_stop_one_object(sim, rpc):
    rpc.run(1)
    source = rpc.job(1)["objects"][5]["sourceVid"]
    rpc.call("JobManagement.stop", {"jobIds": [1], "stopType": "SPECIFIC", "sourceVids": [source]})
    sim.clock.advance(1.5)
    assert rpc.job(1)["crState"] == "RUNNING"
    sim.clock.advance(120)
    job = rpc.job(1)
    assert (job["lrVmOk"], job["lrVmStopped"], job["objects"][5]["lrState"]) == (5, 1, "STOPPED")
    rpc.fails("JobManagement.stop", {"jobIds": [1, 2], "stopType": "SPECIFIC", "sourceVids": [source]})


def test_schedules_and_triggers_start_jobs(sim, rpc):
    copy = rpc.job("Backup copy offsite")
    assert (
        copy["schedules"][0]["triggerItem"] == "JOB-1" and copy["schedules"][0]["triggerItemName"] == rpc.job(1)["name"]
    )
    sim.clock.advance(rpc.job(1)["schedules"][0]["nextRunRelative"] / 1000 + 5)
    rpc = Rpc(sim)
    job = rpc.job(1)
    assert job["crState"] == "RUNNING" and job["crAdhoc"] is False and state(sim, 1)["scheduled_starts"] == 1
    assert job["schedules"][0]["nextRunRelative"] > 80_000_000
    assert state(sim, rpc.job("Legacy ERP")["id"])["starts"] == 0
    assert state(sim, rpc.job("Test lab weekly")["id"])["starts"] == 0
    sim.clock.advance(120)
    assert rpc.job(copy["id"])["crState"] == "RUNNING"


def test_nothing_starts_by_itself_without_the_scheduler():
    with simulator_with(scheduler=False) as simulator:
        simulator.clock.advance(3 * 86400)
        Rpc(simulator)
        assert sum(job["scheduled_starts"] for job in simulator["nakivo"].state()["jobs"].values()) == 0


# -- editing ---------------------------------------------------------------------------------------------------------
def save(rpc, dto, version="11"):
    return rpc.raw("JobManagement.saveJob", {"origin": "NONE", "job": dto} if version == "11" else dto)


@pytest.mark.parametrize("version", ["10", "10.11", "11"])
def test_switching_a_schedule_through_the_lock(version):
    with simulator_with(version=version) as simulator:
        rpc = Rpc(simulator)
        dto = rpc.call("JobManagement.getJobForEditing", 1, *([None] if version == "11" else []))
        assert dto["lockUuid"] and dto["id"] == 1 and rpc.job(1)["isLocked"] and rpc.job(1)["lockReasons"] == ["edit"]
        Rpc(simulator).fails("JobManagement.getJobForEditing", 1)  # the second reader
        dto["schedules"][0]["enabled"] = False
        wrong = save(rpc, dto, "10" if version == "11" else "11")
        assert wrong["type"] == "exception" and state(simulator, 1)["schedules"] == [True]
        assert save(rpc, dto, version)["data"] == {"result": "OK", "jobId": 1}
        job = rpc.job(1)
        assert job["schedules"][0]["enabled"] is False and job["isEnabled"] is True and not job["isLocked"]
        assert job["crState"] == "WAITING_DEMAND" and job["schedules"][0]["nextRun"] is None
        again = rpc.call("JobManagement.getJobForEditing", 1)
        assert again["lockUuid"] != dto["lockUuid"]
        assert {k: v for k, v in again.items() if k not in ("lockUuid", "schedules")} == {
            k: v for k, v in dto.items() if k not in ("lockUuid", "schedules")
        }


def test_the_lock_lasts_15_seconds_and_can_be_refreshed(sim, rpc):
    dto = rpc.call("JobManagement.getJobForEditing", 1)
    sim.clock.advance(14)
    assert rpc.call("JobManagement.refreshExclusiveLock", dto["lockUuid"], 1) == dto["lockUuid"]
    sim.clock.advance(14)
    Rpc(sim).fails("JobManagement.getJobForEditing", 1)
    sim.clock.advance(2)
    assert save(rpc, dto)["data"]["result"] == "CANNOT_LOCK" and state(sim, 1)["saves"] == 0
    rpc.fails("JobManagement.refreshExclusiveLock", dto["lockUuid"], 1)
    other = Rpc(sim).call("JobManagement.getJobForEditing", 1)
    assert save(rpc, dto)["data"]["result"] == "CANNOT_LOCK"
    control(sim, "set_switch", name="save_refusal", value="exception")
    assert save(rpc, dto)["type"] == "exception"
    assert save(rpc, other)["data"]["result"] == "OK"
    assert save(rpc, other)["type"] == "exception"  # saving gave the lock back


def test_save_replaces_it_does_not_merge(rpc):
    dto = rpc.call("JobManagement.getJobForEditing", 4)
    poor = {key: dto[key] for key in ("id", "lockUuid", "name", "type", "hvType", "objects")}
    poor["objects"] = dto["objects"][:2]
    poor["options"] = {"retentionPolicy": {"keepDayCount": 3}}
    assert save(rpc, poor)["data"]["result"] == "OK"
    job = rpc.job(4)
    assert job["schedules"] == [] and job["encryptionMode"] is None and job["retentionPolicy"] == {"keepDayCount": 3}
    assert [machine["sourceName"] for machine in job["objects"]] == [m["targetName"] for m in dto["objects"][:2]]
    assert job["objects"][0]["lrState"] == "SUCCEEDED"  # the history of an object stays
    after = rpc.call("JobManagement.getJob", 4)
    assert "scheduleRetention" not in after and "targetStorageType" not in after and after["groupId"] is None
    assert 4 in rpc.ids()


def test_create_clone_and_remove(sim, rpc):
    dto = rpc.call("JobManagement.getJob", 1)
    made = save(rpc, {**dto, "id": None, "name": "Created by a test", "schedules": []})["data"]
    assert made["result"] == "OK" and made["jobId"] not in (1, None)
    fresh = rpc.job(made["jobId"])
    assert (fresh["name"], fresh["hasLastRun"], fresh["crState"]) == ("Created by a test", False, "WAITING_DEMAND")
    clone = rpc.call("JobManagement.cloneJob", made["jobId"])["jobId"]
    rpc.run(made["jobId"])
    assert rpc.call("JobManagement.remove", made["jobId"], True) == {"result": "CANNOT_LOCK"}
    control(sim, "finish", job=made["jobId"])
    assert rpc.call("JobManagement.remove", made["jobId"], True) == {"result": "OK"}
    assert made["jobId"] not in rpc.ids() and clone in rpc.ids()
    control(sim, "lock", job=clone, seconds=30)
    assert rpc.call("JobManagement.remove", clone, True) == {"result": "CANNOT_LOCK"}
    rpc.fails("JobManagement.remove", made["jobId"], True)
    assert save(rpc, {"id": None, "name": "not complete"})["type"] == "exception"


def test_editing_a_running_job_by_switch(sim, rpc):
    assert rpc.call("JobManagement.getJobForEditing", 20)["isEditRunningJob"] is True
    sim.clock.advance(16)
    control(sim, "set_switch", name="edit_running", value="refuse")
    rpc.fails("JobManagement.getJobForEditing", 20)


# -- history, recovery points, recovery ------------------------------------------------------------------------------
def test_processed_vms_of_a_day(sim, rpc):
    for request in ({"periodMinutes": 1441}, {"periodMinutes": 0}, {}, None):
        rpc.fails("JobSummaryManagement.getProcessedVms", request)
    jobs = rpc.call("JobSummaryManagement.getProcessedVms", {"periodMinutes": 1440})["jobInfoList"]
    by_name = {job["jobName"]: job for job in jobs}
    runs = by_name["AWS EC2 web tier"]["vmInfoList"][0]["runInfoList"]
    assert len(runs) == 6 and {"vid", "state", "startDate", "finishDate", "dataTransferred"} <= set(runs[0])
    assert "DR failover Zurich" not in by_name and len(by_name["VMware desktop pool"]["vmInfoList"]) == 50
    rpc.run(11)
    (hour,) = [
        job
        for job in rpc.call("JobSummaryManagement.getProcessedVms", {"periodMinutes": 1})["jobInfoList"]
        if job["jobId"] == 11
    ]
    assert hour["vmInfoList"][0]["runInfoList"][0]["state"] == "RUNNING"
    assert hour["vmInfoList"][0]["runInfoList"][0]["finishDate"] is None


def test_events_newest_first_in_pages(sim, rpc):
    rpc.run(1)
    control(sim, "finish", job=1, state="FAILED")
    first = rpc.call("EventManagement.getEvents", {"start": 0, "count": 5, "useUnlimitedCount": False})
    assert len(first["children"]) == 5 and first["children"][0]["itemVid"] == "JOB-1"
    everything = rpc.call("EventManagement.getEvents", {"start": 0, "count": 5, "useUnlimitedCount": True})
    assert len(everything["children"]) == first["totalCount"] > 40


def test_savepoints(sim, rpc):
    machine = rpc.job(1)["objects"][0]
    points = rpc.call("JobManagement.getSavepoints", machine["targetVid"])
    assert [point["type"] for point in points] == ["INCREMENTAL", "FULL"] and points[0]["latest"]
    assert {"id", "uuid", "added", "addedRelative", "checkState", "isAccessible", "consumed"} <= set(points[0])
    assert rpc.call("JobManagement.getSavepoints", machine["targetVid"], 1) == points[:1]
    by_source = rpc.call("JobManagement.getSavepoints", machine["sourceVid"])
    assert points[0] in by_source
    rpc.run(1)
    sim.clock.advance(121)
    assert len(rpc.call("JobManagement.getSavepoints", machine["targetVid"])) == 3
    listed = rpc.call("JobSummaryManagement.listSavepoints", {"includeExpiredSavepoints": True})["backupRepositories"]
    assert machine["targetVid"] in {kept["vid"] for row in listed for kept in row["backupObjects"]}
    fresh = rpc.job("New department servers")
    assert fresh["objects"][0]["targetVid"] is None
    rpc.run(fresh["id"])
    sim.clock.advance(121)
    assert rpc.job(fresh["id"])["objects"][0]["targetVid"].startswith("BACKUP_OBJECT-")


def test_repositories_and_backup_objects(rpc):
    page = rpc.call("BackupManagement.getBackupRepositories", {"filter": {"start": 0, "count": 2, "sort": "NAME"}})
    assert (
        page["totalCount"] == 3 and len(page["children"]) == 2 and {"size", "free", "state"} <= set(page["children"][0])
    )
    assert rpc.call("BackupManagement.getBackupRepository", 3)["state"] == "INACCESSIBLE"
    rpc.fails("BackupManagement.getBackupRepository", 99)
    criteria = [{"name": "NAME", "type": "EQ", "value": "vdi-07"}]
    (kept,) = rpc.call("BackupManagement.getBackupObjects", {"filter": {"start": 0, "count": 9, "criteria": criteria}})[
        "children"
    ]
    node = {"nodeType": "BACKUP_OBJECT", "nodeId": kept["id"], "includeTypes": ["SAVEPOINT"]}
    points = rpc.call("InventoryManagement.list", node)["children"]
    assert len(points) == kept["savepointCount"] == 2
    old = {"removeOption": "SAVEPOINTS_OLDER_THAN", "olderThanDays": 1, "backupRepositoryId": 1}
    assert kept["vid"] in rpc.call("BackupManagement.collectSavepointRemoveList", old)["savepoints"]
    rpc.call("BackupManagement.removeBackupObjectSavepoints", {"savepoints": {kept["vid"]: [points[0]["vid"]]}})
    assert len(rpc.call("InventoryManagement.list", node)["children"]) == 1


def open_recovery(rpc, name="Physical SQL servers"):
    job = rpc.job(name)
    number = int(job["objects"][0]["targetVid"].rsplit("-", 1)[1])
    point = rpc.call("JobManagement.getSavepoints", job["objects"][0]["targetVid"], 1)[0]["id"]
    request = {"hvType": job["hvType"], "type": "BACKUP_OBJECT", "id": number, "spId": point}
    return request, rpc.call("FileLevelRecoveryManagement.createSession", request)["sessionUuid"]


def test_file_recovery(sim, rpc):
    request, session = open_recovery(rpc)
    rpc.fails("FileLevelRecoveryManagement.list", session, None, "NORMAL", "FS_ROOT", 0, 100)
    states = [rpc.call("FileLevelRecoveryManagement.getState", session)["state"] for _poll in range(3)]
    assert states[:2] == ["STARTING", "STARTING"] and states[2] == "ACTIVE"
    root = rpc.call("FileLevelRecoveryManagement.list", session, None, "NORMAL", "FS_ROOT", 0, 100)["children"]
    deeper = rpc.call("FileLevelRecoveryManagement.list", session, root[0]["path"], "NORMAL", "NORMAL", 0, 100)[
        "children"
    ]
    assert root[0]["isDirectory"] and len(deeper) == 2
    export = {"recoveryType": "EXPORT", "location": "NFS", "pathToTheShare": "nas:/x", "credential": None}
    rpc.fails(
        "FileLevelRecoveryManagement.recover", {**export, "location": "FTP", "sessionUuid": session, "items": ["C:\\"]}
    )
    rpc.call("FileLevelRecoveryManagement.recover", {**export, "sessionUuid": session, "items": [deeper[0]["path"]]})
    kept = sim["nakivo"].state()["recoveries"][session]
    assert kept["state"] == "ACTIVE" and len(kept["restored"]) == 1
    assert rpc.call("FileLevelRecoveryManagement.closeSession", session, False) is None
    assert rpc.call("FileLevelRecoveryManagement.getState", session)["state"] == "CLOSED"
    rpc.fails("FileLevelRecoveryManagement.createSession", {k: v for k, v in request.items() if k != "spId"})
    rpc.fails("FileLevelRecoveryManagement.getState", "00000000-0000-0000-0000-000000000000")


def test_file_recovery_dies_without_keep_alive_and_of_a_bad_savepoint(sim, rpc):
    request, session = open_recovery(rpc)
    for _poll in range(5):
        sim.clock.advance(50)
        alive = rpc.call("FileLevelRecoveryManagement.getState", session)["state"]
    assert alive == "ACTIVE"
    sim.clock.advance(61)
    assert rpc.call("FileLevelRecoveryManagement.getState", session)["state"] == "CLOSED"
    control(sim, "break_savepoint", savepoint=request["spId"])
    _request, broken = open_recovery(rpc)
    states = [rpc.call("FileLevelRecoveryManagement.getState", broken)["state"] for _poll in range(4)]
    assert states[-1] == "CLOSED" and "ACTIVE" not in states


# -- the simulator's own duties --------------------------------------------------------------------------------------
def test_the_log_tells_writes_and_method_names(sim, rpc):
    sim.log.clear()
    rpc.jobs()
    rpc.call("JobManagement.getJobForEditing", 1)
    rpc.call("AuthenticationManagement.isLogged")
    assert sim.log.writes("nakivo") == [] and len(sim.log.entries("nakivo")) == 4
    rpc.post(
        [rpc.envelope("JobSummaryManagement.getJobInfo", [1], 0), rpc.envelope("JobManagement.stop", {"jobIds": [1]})]
    )
    (entry,) = sim.log.writes("nakivo")
    assert entry.label == "/c/router#JobSummaryManagement.getJobInfo#JobManagement.stop"


def test_exactly_these_methods_count_as_writes(sim, rpc):
    sim.log.clear()
    jobs = "run stop saveJob remove cloneJob getJob getListJobs getJobForEditing refreshExclusiveLock getSavepoints"
    names = [f"JobManagement.{name}" for name in jobs.split()]
    recovery = "createSession recover closeSession getState list"
    names += [f"FileLevelRecoveryManagement.{name}" for name in recovery.split()]
    names += ["BackupManagement.removeBackupObjectSavepoints", "AuthenticationManagement.login"]
    names += ["AuthenticationManagement.logoutCurrentUser", "MultitenancyManagement.getTenants"]
    for name in names:
        rpc.raw(name)  # without arguments: refused, but a request for a write all the same
    writes = [entry.label.rpartition(".")[2] for entry in sim.log.writes("nakivo")]
    assert writes == [
        *("run", "stop", "saveJob", "remove", "cloneJob"),
        *("createSession", "recover", "closeSession", "removeBackupObjectSavepoints"),
    ]


def test_a_lost_answer_was_processed_all_the_same(sim, rpc):
    sim.faults.add("drop_after", path="#JobManagement.run$")
    assert rpc.ids()  # the fault names a method, not the path
    with pytest.raises(requests.ConnectionError):
        rpc.run(1)
    assert rpc.job(1)["crState"] == "RUNNING" and state(sim, 1)["starts"] == 1
    sim.faults.add("drop_before", writes=True)
    with pytest.raises(requests.ConnectionError):
        rpc.run(2)
    assert state(sim, 2)["starts"] == 0


def test_controls_change_what_clients_see(sim, rpc):
    control(sim, "set_enabled", job=1, enabled=False)
    assert (rpc.job(1)["isEnabled"], rpc.job(1)["crState"]) == (False, "WAITING_DEMAND")
    control(sim, "rename", job=1, name="Renamed")
    control(sim, "remove", job=2)
    control(sim, "set_words", job=4, words={"crState": "PAUSED"})
    control(sim, "set_last_run", job=5, state="STOPPED", ago=60, ok=1)
    jobs = {job["id"]: job for job in rpc.jobs()}
    assert jobs[1]["name"] == "Renamed" and 2 not in jobs and jobs[4]["crState"] == "PAUSED"
    assert (jobs[5]["lrState"], jobs[5]["lrVmOk"], jobs[5]["lrVmStopped"]) == ("STOPPED", 1, 1)
    control(sim, "start", job=6)
    assert rpc.job(6)["crAdhoc"] is False
    for verb, arguments in (("nonsense", {}), ("rename", {"job": 4711, "name": "x"}), ("finish", {"job": 8})):
        with pytest.raises(ValueError):
            control(sim, verb, **arguments)
    with pytest.raises(ValueError):
        control(sim, "set_switch", name="version", value="12")


def test_a_big_estate_is_listed_quickly_and_truly(sim, rpc):
    added = control(sim, "load", jobs=3000)
    ids = rpc.ids()
    assert len(ids) == len(set(ids)) == added["count"] + 30
    wanted = list(range(added["first"], added["first"] + 1000))
    jobs = rpc.call("JobSummaryManagement.getJobInfo", wanted, 0)["children"]
    assert [job["id"] for job in jobs] == wanted and len({job["name"] for job in jobs}) == 1000
    assert (
        len({job["objects"][0]["vid"] for job in jobs}) == len({job["objects"][0]["sourceVid"] for job in jobs}) == 1000
    )
    assert {job["lrState"] for job in jobs} == {"OK", "FAILED", "STOPPED", None}
    one = next(job for job in jobs if job["lrState"] == "FAILED")
    sim.clock.advance(60)
    later = rpc.job(one["id"])
    assert later["schedules"][0].pop("nextRunRelative") == one["schedules"][0].pop("nextRunRelative") - 60_000
    assert later == one  # the kept text is the same, but for the count-down
    rpc.run(one["id"])
    sim.clock.advance(121)
    assert rpc.job(one["id"])["lrState"] == "OK"
    neighbour = rpc.job(one["id"] + 1)
    assert neighbour["name"] == jobs[wanted.index(one["id"] + 1)]["name"]


# -- a public client's own code --------------------------------------------------------------------------------------
@pytest.fixture
def exporter():
    return pytest.importorskip("nakivo_prometheus_exporter.prom_parser")


def metrics(text):
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#") and " " in line]
    return {name: value for name, value in rows if name.startswith("nakivo_")}


@pytest.mark.parametrize("version", ["10", "11"])
def test_exporter_turns_the_estate_into_metrics(exporter, version):
    with simulator_with(version=version) as simulator:
        url = simulator.url("nakivo")
        config = {"host": url, "username": ADMIN[0], "password": ADMIN[1], "cert_verify": True}
        found = metrics(exporter.get_nakivo_data(config))
        assert found[f'nakivo_api_authentication_error{{host="{url}"}}'] == "0"
        assert found[f'nakivo_license_installed{{host="{url}",client="Simulated Company Ltd"}}'] == "1"
        assert found[f'nakivo_license_expiration{{host="{url}",client="Simulated Company Ltd"}}'] == str(200 * 86400)

        def value(kind, machine, job):
            return found[f'nakivo_backup_{kind}{{host="{url}",object="{machine}",job_name="{job}"}}']

        assert value("state", "sql-prod-01", "VMware production nightly") == "0"
        assert value("state", "hv-chur-01", "Hyper-V branch offices") == "2"
        assert value("state", "dep-01", "New department servers") == "1"  # lrState null
        assert int(value("size", "sql-prod-01", "VMware production nightly")) > 0
        assert value("duration", "dep-01", "New department servers") == "0"
        assert not any("Legacy ERP" in name for name in found)  # GRAY jobs are left out
        assert sum(name.startswith("nakivo_backup_state") for name in found) > 80
        names = [entry.label.rpartition("#")[2] for entry in simulator.log.entries("nakivo") if entry.method == "POST"]
        assert names == [
            "AuthenticationManagement.login",
            "LicensingManagement.getLicenseInfo",
            "JobSummaryManagement.getGroupInfo",
            "JobSummaryManagement.getJobInfo",
        ]


def test_exporter_with_a_wrong_password_meets_exceptions(sim, exporter):
    config = {"host": sim.url("nakivo"), "username": "admin", "password": "wrong", "cert_verify": True}
    text = exporter.get_nakivo_data(config)
    assert "nakivo_api_error" in text and "nakivo_backup_state{" not in text


def test_exporter_api_object_reads_a_repository_and_one_job(sim):
    module = pytest.importorskip("nakivo_prometheus_exporter.nakivo_api")
    api = module.NakivoAPI(sim.url("nakivo"), *AUDITOR)
    assert api.authenticate()["data"]["result"] == "OK"
    assert api.get_repository_info()["data"]["name"] == "CIFS archive"
    assert api.get_job([5])["data"]["children"][0]["lrState"] == "FAILED"
