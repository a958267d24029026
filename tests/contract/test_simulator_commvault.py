# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Commvault simulator against the vendor's own Python SDK, its OpenAPI document and its documented pages."""

from __future__ import annotations

import base64
import json
import re
import time
import xml.etree.ElementTree as ET

import pytest

from simulator import Simulator

requests = pytest.importorskip("requests")

START = 1_790_000_000
PASSWORD = "p@ss+w&rd=1 %é"
AGES = {"completedJobLookupTime": "999999999"}


@pytest.fixture()
def sim():
    with Simulator(products=("commvault",), start=START, speed=0) as simulator:
        yield simulator


def simulator(**switches):
    return Simulator(products=("commvault",), options={"commvault": switches}, start=START, speed=0)


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Web:
    """A few lines over requests: nothing that knows Commvault."""

    def __init__(self, sim, user="admin", password=PASSWORD, root=None, minutes=30):
        self.base = root or sim.url("commvault")
        self.http = requests.Session()
        self.http.headers["Accept"] = "application/json"
        if user:
            body = {"username": user, "password": b64(password), "timeout": minutes}
            self.login = self("POST", "Login", json=body).json()
            self.http.headers["Authtoken"] = self.login["token"]

    def __call__(self, method, path, **options):
        return self.http.request(method, f"{self.base}/{path}", timeout=10, **options)

    def get(self, path, **options):
        return self("GET", path, **options).json()

    def post(self, path, body=None):
        return self("POST", path, json=body).json() if body is not None else self("POST", path).json()

    def job(self, job_id):
        return self.get(f"Job/{job_id}")["jobs"][0]["jobSummary"]

    def jobs(self, headers=None, **query):
        answer = self.get("Job", params=query, headers={"limit": "5000", **(headers or {})})
        return [row["jobSummary"] for row in answer.get("jobs", [])]

    def on_copy(self, copy_id, **query):
        query = {"view": "custom", "startTime": 1, "endTime": START + 10**8, "agedData": 2, **query}
        return {
            row["jobId"]: row for row in self.get(f"V4/Plan/BackupDestination/{copy_id}/Jobs", params=query)["jobs"]
        }

    def operate(self, operation, ids, copy_id=12, policy_id=6, **more):
        body = {
            "storagePolicyId": policy_id,
            "copyId": copy_id,
            "opType": operation,
            "jobIds": ids,
            "commcellId": 2,
            **more,
        }
        return self("POST", "V4/Plan/BackupDestination/JobOperations", json=body)


@pytest.fixture()
def web(sim):
    return Web(sim)


@pytest.fixture()
def patient(sim):
    """A login that outlives the clock's jumps."""
    return Web(sim, minutes=10**6)


def running(web):
    """A run that works, can be suspended and will end by itself."""
    return next(
        row["jobId"]
        for row in web.jobs(jobCategory="Active")
        if row["status"] == "Running" and not row["pendingReason"]
    )


def on_both(web, first=12, second=13):
    """An unheld, unaged incremental (with its full) that is on both copies."""
    there, here = web.on_copy(second, agedData=0, copyState=1), web.on_copy(first, agedData=0)
    for number, full in here.items():
        needed = [int(one) for one in full["requiredByJobs"].split(",") if one]
        both = [one for one in needed if one in here and one in there]
        if full["jobType"] == "Full" and number in there and both:
            return number, both[0]
    raise AssertionError("no chain on both copies")


# -- tokens --------------------------------------------------------------------------------------------------------------
def test_login_takes_the_password_in_base64_and_answers_with_the_documented_members(sim):
    web = Web(sim)
    assert web.login["token"].startswith("QSDK ") and web.login["userName"] == "admin"
    assert web.post("WhoAmI")["user"]["userName"] == "admin"
    plain = web("POST", "Login", json={"username": "admin", "password": PASSWORD})
    assert plain.status_code == 200 and "token" not in plain.json()


def test_login_by_xml(sim):
    body = f'<DM2ContentIndexing_CheckCredentialReq username="admin" password="{b64(PASSWORD)}"/>'
    reply = requests.post(sim.url("commvault") + "/Login", data=body, headers={"Accept": "application/xml"})
    root = ET.fromstring(reply.content)
    assert root.tag == "DM2ContentIndexing_CheckCredentialResp" and root.get("token").startswith("QSDK ")


def test_a_domain_account_needs_its_domain(sim):
    web = Web(sim, user="")
    password = b64("d0main+pässword")
    assert "token" not in web.post("Login", {"username": "ops", "password": password})
    assert "token" in web.post("Login", {"username": "ops", "domain": "corp", "password": password})
    assert "token" in web.post("Login", {"username": "CORP\\ops", "password": password})


def test_five_wrong_passwords_lock_the_account_inside_http_200(sim):
    web = Web(sim, user="")
    wrong = {"username": "admin", "password": b64("nope")}
    for attempt in range(5):
        reply = web("POST", "Login", json=wrong)
        assert reply.status_code == 200 and reply.json()["errList"][0]["errorCode"] == 1116
        assert reply.json()["isAccountLocked"] is (attempt == 4)
    right = {"username": "admin", "password": b64(PASSWORD)}
    locked = web.post("Login", right)
    assert "token" not in locked and locked["remainingLockTime"] == 600
    sim.clock.advance(601)
    assert "token" in web.post("Login", right)


def test_no_token_is_401_and_a_token_dies_of_disuse(sim, web):
    assert Web(sim, user="")("GET", "Job").status_code == 401
    sim.clock.advance(29 * 60)
    assert web("GET", "Job").status_code == 200
    sim.clock.advance(29 * 60)
    assert web("GET", "Job").status_code == 200
    sim.clock.advance(31 * 60)
    assert web("GET", "Job").status_code == 401


def test_renewing_needs_the_device_of_the_login(sim):
    web = Web(sim, user="")
    login = {"username": "admin", "password": b64(PASSWORD), "deviceId": "node-7"}
    token = web.post("Login", login)["token"]
    sim["commvault"].control("expire_tokens", {})
    assert "token" not in web.post("RenewLoginToken", {"sessionId": token, "deviceId": "other"})
    new = web.post("RenewLoginToken", {"sessionId": token, "deviceId": "node-7"})
    assert new["error"] == {} and web("GET", "CommServ", headers={"Authtoken": new["token"]}).status_code == 200
    assert "token" not in web.post("RenewLoginToken", {"sessionId": token, "deviceId": "node-7"})


def test_logout_is_plain_text(web):
    reply = web("POST", "Logout")
    assert reply.text == "User logged out" and reply.headers["Content-Type"].startswith("text/plain")
    assert web("POST", "Logout").text == "Invalid authorization token provided."
    assert web("GET", "Job").status_code == 401


def test_access_tokens_and_the_death_of_a_chain(sim):
    web = Web(sim, user="")
    first = sim["commvault"].control("access_token", {})
    pair = {name: first[name] for name in ("accessToken", "refreshToken")}
    for headers in (
        {"Authorization": "Bearer " + first["accessToken"]},
        {"Authtoken": "Bearer " + first["accessToken"]},
        {"Authtoken": first["accessToken"]},
    ):
        assert web("GET", "Job", headers=headers).status_code == 200
    assert web("POST", "V4/AccessToken", headers=headers, json={}).status_code == 403
    sim.clock.advance(1801)
    assert web("GET", "Job", headers=headers).status_code == 401
    second = web.post("V4/AccessToken/Renew", pair)
    alive = {"Authorization": "Bearer " + second["accessToken"]}
    assert web("GET", "Job", headers=alive).status_code == 200
    assert web("POST", "V4/AccessToken/Renew", json=pair).status_code == 450
    assert web("GET", "Job", headers=alive).status_code == 401


def test_the_old_root_redirects_and_the_web_server_answers(sim, web):
    old = sim.origin("commvault") + "/webconsole/api/Job?jobCategory=Active"
    reply = requests.get(old, allow_redirects=False)
    assert reply.status_code == 302 and reply.headers["Location"] == "/commandcenter/api/Job?jobCategory=Active"
    direct = Web(sim, root=sim.origin("commvault") + "/SearchSvc/CVWebService.svc")
    assert direct.get("commserv")["currentSPVersion"] == 36
    with simulator(release=34) as older:
        assert Web(older, root=older.origin("commvault") + "/webconsole/api").get("CommServ")["currentSPVersion"] == 34


def test_a_read_only_account_reads_and_changes_nothing(sim):
    web = Web(sim, "auditor", "read-only-1")
    job = running(web)
    assert web.post("Jobs", {"category": 1})["totalRecordsWithoutPaging"] > 0
    assert web.post(f"Job/{job}/action/kill")["errors"][0]["errList"][0]["errorCode"] == 5
    assert web.operate("RETAIN", [1]).json()["error"]["errorCode"] == 5
    assert web.post("Subclient/7", {})["response"][0]["errorCode"] == 5
    assert web.job(job)["status"] == "Running" and len(sim.log.writes()) == 3


# -- lists ---------------------------------------------------------------------------------------------------------------
def test_the_vendor_pages_first_sample_word_for_word(web):
    reply = web("GET", "Job", params={"clientId": 2, **AGES}, headers={"Accept": "application/xml"})
    root = ET.fromstring(reply.content)
    assert root.tag == "JobManager_JobListResponse" and root.get("totalRecordsWithoutPaging") == "3"
    rows = [jobs.find("jobSummary").attrib for jobs in root.findall("jobs")]
    assert [row["jobId"] for row in rows] == ["681", "707", "795"]
    assert [row["status"] for row in rows] == ["Killed", "Suspended", "Failed to Start"]
    assert [row["percentComplete"] for row in rows] == ["100.000000", "25.000000", "100.000000"]
    assert rows[1]["lastUpdateTime"] == "0" and rows[1]["jobElapsedTime"] == "300"
    assert rows[0]["pendingReason"].count("<br>Source: client001, Process: JobManager") == 3
    assert rows[0]["pendingReason"].count("\n") == 2 and "[C:\\\\DeDupDB]" in rows[0]["pendingReason"]
    assert rows[2]["pendingReason"].startswith("Another backup is running for client [client001], iDataAgent")
    assert "isAged" not in rows[0] and rows[2]["statusColor"] == "redspan"


def test_workflow_jobs_stand_among_the_backups_of_all_clients(web):
    root = ET.fromstring(web("GET", "Job?jobCategory=Active", headers={"Accept": "application/xml"}).content)
    rows = {row.get("jobId"): row for row in root.iter("jobSummary")}
    assert rows["270"].get("jobType") == "Demo - New Machine Request" and rows["270"].get("percentComplete") == "6"
    assert rows["283"].find("subclient").attrib == {
        "appName": "Default Application Type Name", "applicationId": "0", "backupsetId": "0", "clientId": "4",
        "clientName": "ftestvm2", "instanceId": "0", "subclientId": "0",
    }  # fmt: skip
    assert rows["293"].get("pendingReasonErrorCode") == "19:857"
    assert not {270, 283, 293} & {row["jobId"] for row in web.jobs(clientId=4)}


def test_json_rows_have_numbers_and_every_status_occurs(web):
    rows = web.jobs(completedJobLookupTime=86400)
    assert isinstance(rows[-1]["jobId"], int) and rows[-1]["subclient"]["subclientId"] > 0
    for status in (
        "Completed", "Completed w/ one or more errors", "Completed w/ one or more warnings", "Committed", "Failed",
        "Failed to Start", "Killed", "No Run", "Running", "Waiting", "waiting", "Pending", "Queued", "Suspended",
        "Suspend Pending", "Kill Pending", "Interrupt Pending", "Interrupted", "Running (cannot be verified)",
        "Abnormal Terminated Cleanup",
    ):  # fmt: skip
        assert status in {row["status"] for row in rows}, status
    assert all(row["jobEndTime"] == 0 for row in rows if row["status"] == "Running")
    assert all(row["percentComplete"] == 100 for row in rows if row["jobEndTime"])


def test_paging_is_by_headers_and_the_server_may_cut_a_page(sim, web):
    whole = [row["jobId"] for row in web.jobs()]
    assert len(web.get("Job")["jobs"]) == 100 and len(web.get("Job?limit=7&offset=3")["jobs"]) == 100
    sim["commvault"].control("set_switch", {"page_cap": 50})
    found: list = []
    while True:
        answer = web.get("Job", headers={"limit": "120", "offset": str(len(found))})
        assert answer["totalRecordsWithoutPaging"] == len(whole) and len(answer["jobs"]) <= 50
        found += [row["jobSummary"]["jobId"] for row in answer["jobs"]]
        if len(found) >= len(whole):
            break
    assert found == whole == sorted(set(whole))


def test_filters_of_the_list(web):
    backups, everything = web.jobs(), web.jobs(jobFilter="")
    assert {"Restore", "Data Aging", "Auxiliary Copy"} <= {row["jobType"] for row in everything}
    assert {row["jobType"] for row in backups} == {"Backup", "Demo - New Machine Request"}
    assert {row["jobType"] for row in web.jobs(jobFilter="Restore,104")} == {"Restore", "Auxiliary Copy"}
    active, finished = web.jobs(jobCategory="Active"), web.jobs(jobCategory="Finished")
    assert len(active) + len(finished) == len(backups) and not any(row["jobEndTime"] for row in active)
    hour = web.jobs(jobCategory="Finished", completedJobLookupTime=6 * 3600)
    assert hour and len(hour) < len(finished) and all(row["jobEndTime"] >= START - 6 * 3600 for row in hour)
    row = finished[-1]
    of_client = web.jobs(clientId=row["subclient"]["clientId"], jobFilter="")
    assert {one["subclient"]["clientId"] for one in of_client} == {row["subclient"]["clientId"]}
    of_subclient = web.jobs(subclientId=row["subclient"]["subclientId"])
    assert {one["subclient"]["subclientId"] for one in of_subclient} == {row["subclient"]["subclientId"]}
    nothing = web.get("Job", params={"clientId": 424242})
    assert nothing == {"totalRecordsWithoutPaging": 0}


def test_post_jobs_shows_aged_jobs_only_when_asked(web):
    def ids(**options):
        body = {
            "category": 2,
            "pagingConfig": {"limit": 5000},
            "jobFilter": {"completedJobLookupTime": 10**9, **options},
        }
        return {row["jobSummary"]["jobId"]: row["jobSummary"]["isAged"] for row in web.post("Jobs", body)["jobs"]}

    without, with_aged = ids(), ids(showAgedJobs=True)
    extra = set(with_aged) - set(without)
    assert extra and all(with_aged[one] for one in extra) and not any(without.values())
    assert not extra & {row["jobId"] for row in web.jobs(**AGES)}
    assert web.job(min(extra))["isAged"] is True
    assert set(ids(statusList=["Killed"])) < set(without)
    assert ids(entity={"subclientId": 7})


def test_active_cache_and_counts(web):
    answer = web.get("Jobs/active?start=0&limit=3&sort=jobs.jobSummary.jobId:-1&fq=jobs.jobSummary.status:eq:running")
    rows = [row["jobSummary"] for row in answer["jobs"]]
    assert answer["filterQueryCount"] == len(rows) == 3 and rows[0]["jobId"] > rows[-1]["jobId"]
    found = web.get(
        "Jobs/active?&search=jobs.jobSummary.appTypeName,jobs.jobSummary.subclient.clientName:contains:vcenter"
    )
    assert all("vcenter" in json.dumps(row) for row in found.get("jobs", []))
    counts = web.post("Jobs/aggregations/summary", {"jobSummaryAggregationType": 1})
    assert counts["runningJobs"] == 4 and counts["waitingJobs"] == 5 and counts["suspendPendingJobs"] == 1


def test_spelling_of_the_pages_table():
    with simulator(spelling="table") as sim:
        row = Web(sim).jobs()[0]
        assert "isPreemtable" in row and "localizedstatus" in row and "localizedStatus" not in row


def test_details_and_events_of_a_job(web):
    detail = web.post("JobDetails", {"jobId": 707, "showAttempt": True})["job"]["jobDetail"]
    assert detail["progressInfo"]["state"] == "Suspended" and detail["generalInfo"]["subclient"]["subclientId"] == 7
    assert isinstance(detail["detailInfo"]["sizeOfApplication"], str) and detail["attemptsInfo"]
    assert web.post("JobDetails", {"jobId": 1})["error"]["errList"][0]["errorCode"] == 2
    assert len(web.get("Events?jobId=681")["commservEvents"]) == 5
    assert web.get("Job/1") == {"totalRecordsWithoutPaging": 0}


# -- actions -------------------------------------------------------------------------------------------------------------
def test_actions_take_their_time_and_refusals_are_inside_http_200(sim, patient):
    web = patient
    job = running(web)
    before = web.job(job)["percentComplete"]
    assert web.post(f"Job/{job}/action/pause") == {}
    assert web.job(job)["status"] == "Suspend Pending"
    sim.clock.advance(4)
    assert web.job(job)["status"] == "Suspended"
    again = web("POST", f"Job/{job}/action/pause")
    assert again.status_code == 200 and again.json()["errors"][0]["errList"][0]["errorCode"] == 2
    sim.clock.advance(3600)
    assert web.job(job)["percentComplete"] == before
    assert web.post(f"Job/{job}/action/resume") == {}
    sim.clock.advance(4)
    assert web.job(job)["status"] == "Running"
    assert web.post(f"Job/{job}/action/kill") == {}
    assert web.job(job)["status"] == "Kill Pending"
    sim.clock.advance(4)
    assert web.job(job)["status"] == "Killed" and web.job(job)["percentComplete"] == 100
    assert "errors" in web.post(f"Job/{job}/action/kill") and "errors" in web.post(f"Job/{job}/action/resume")
    run = sim["commvault"].state()["runs"][str(job)]
    assert (run["pauses"], run["resumes"], run["stops"]) == (1, 1, 1)
    assert web("POST", f"Job/{job}/action/suspend").status_code == 404


def test_auto_resume_and_the_phase_that_nobody_may_interrupt(sim, web):
    job = running(web)
    web.post(f"Job/{job}/action/pause?autoResumeInSec=60")
    sim.clock.advance(30)
    assert web.job(job)["status"] == "Suspended"
    sim.clock.advance(40)
    assert web.job(job)["status"] == "Running"
    firm = next(row["jobId"] for row in web.jobs(jobCategory="Active") if not row["isPreemptable"])
    assert "phase" in web.post(f"Job/{firm}/action/pause")["errors"][0]["errList"][0]["errLogMessage"]


def test_many_jobs_at_once(sim, web):
    job = running(web)
    body = {"message": 1, "jobOpReq": {"operationType": 0, "jobs": [{"jobId": job}, {"jobId": 681}]}}
    errors = web.post("Jobs/MultiJobOperation", body)["errors"][0]["errList"]
    assert len(errors) == 1 and "681" in errors[0]["errLogMessage"]
    assert web.job(job)["status"] == "Suspend Pending"


def test_resubmit(web):
    rows = web.jobs(jobCategory="Finished", completedJobLookupTime=86400)
    failed = next(row["jobId"] for row in rows if row["status"] == "Failed")
    done = next(row["jobId"] for row in rows if row["status"] == "Completed")
    new = web.post(f"Job/{failed}/action/Resubmit")["jobIds"]
    assert isinstance(new[0], str) and web.job(new[0])["subclient"] == web.job(failed)["subclient"]
    text = json.dumps([web.post(f"Job/{one}/action/Resubmit") for one in (done, 681)])
    assert "job status does not allow resubmission" in text and "job is older than" in text


def test_the_end_of_runs_stalls_and_outcomes(sim, patient):
    web = patient
    job = running(web)
    sim["commvault"].control("stall", {"job_id": job})
    percent = web.job(job)["percentComplete"]
    sim.clock.advance(9000)
    assert web.job(job)["percentComplete"] == percent and web.job(job)["status"] == "Running"
    sim["commvault"].control("stall", {"job_id": job, "stalled": False})
    sim["commvault"].control("plan", {"job_id": job, "outcome": "Completed w/ one or more errors"})
    sim.clock.advance(9000)
    assert web.job(job)["status"] == "Completed w/ one or more errors"
    other = next(row["jobId"] for row in web.jobs(jobCategory="Active") if row["status"] == "Pending")
    sim["commvault"].control("finish", {"job_id": other, "status": "Failed", "reason": "disk full"})
    assert web.job(other)["status"] == "Failed" and web.job(other)["pendingReason"] == "disk full"
    with pytest.raises(ValueError, match="ended already"):
        sim["commvault"].control("finish", {"job_id": other})


def test_a_lost_answer_was_processed(sim, web):
    job = running(web)
    sim.faults.add("drop_after", writes=True)
    with pytest.raises(requests.ConnectionError):
        web.post(f"Job/{job}/action/kill")
    assert web.job(job)["status"] == "Kill Pending"
    sim.faults.add("drop_before", writes=True)
    with pytest.raises(requests.ConnectionError):
        web.post("Subclient/7/action/backup?backupLevel=Full")
    assert sim["commvault"].state()["subclients"]["7"]["starts"] == 0
    assert [entry.done for entry in sim.log.writes()] == [True, False]


# -- definitions ---------------------------------------------------------------------------------------------------------
def free_subclient(sim, web):
    state = sim["commvault"].state()
    busy = {row["subclient"]["subclientId"] for row in web.jobs(jobCategory="Active", jobFilter="")}
    return next(
        int(one)
        for one, row in state["subclients"].items()
        if row["effectively_enabled"] and int(one) not in busy and row["runs"] > 10
    )


def test_a_backup_runs_from_start_to_end(sim, web):
    one = free_subclient(sim, web)
    answer = web.post(f"Subclient/{one}/action/backup?backupLevel=Incremental")
    assert isinstance(answer["taskId"], int) and isinstance(answer["jobIds"][0], str)
    job = answer["jobIds"][0]
    assert web.job(job)["status"] == "Waiting" and web.job(job)["backupLevelName"] == "Incremental"
    sim.clock.advance(10)
    assert web.job(job)["status"] == "Running" and 0 < web.job(job)["percentComplete"] < 100
    sim.clock.advance(60)
    row = web.job(job)
    assert row["status"] == "Completed" and row["jobEndTime"] == row["lastUpdateTime"] and row["sizeOfApplication"] > 0
    copy = {5: 9, 6: 12}[row["storagePolicy"]["storagePolicyId"]]
    assert int(job) in web.on_copy(copy)
    assert sim["commvault"].state()["subclients"][str(one)]["starts"] == 1
    assert web.post("Subclient/424242/action/backup?backupLevel=Full")["errorCode"] == 2
    assert web.post(f"Subclient/{one}/action/backup?backupLevel=Sometimes")["errorCode"] == 2


def test_a_second_backup_of_a_busy_subclient(sim, web):
    one = free_subclient(sim, web)
    web.post(f"Subclient/{one}/action/backup?backupLevel=Full")
    second = web.post(f"Subclient/{one}/action/backup?backupLevel=Full")["jobIds"][0]
    sim.clock.advance(2)
    assert web.job(second)["status"] == "Failed to Start"
    assert web.job(second)["pendingReason"].startswith("Another backup is running for client")
    sim["commvault"].control("set_switch", {"conflict": "queue"})
    third = web.post(f"Subclient/{one}/action/backup?backupLevel=Full")["jobIds"][0]
    assert web.job(third)["status"] == "Queued"
    sim.clock.advance(70)
    web.job(third)
    sim.clock.advance(10)
    assert web.job(third)["status"] == "Running"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("V4/Subclient/{subclient}/Backup/Action", "subclient"),
        ("V4/Server/{client}/Backup/Action", "client"),
        ("V4/ServerGroup/7/Backup/Action", "group"),
        ("V4/Commcell/Backup/Action", "commcell"),
        ("V4/Commcell/AllJobActivity/Action", "commcell"),
        ("V4/Entity/7/{subclient}/ActivityControl/1/Action", "subclient"),
    ],
)
def test_switching_off_at_any_level_keeps_backups_from_starting(sim, web, path, kind):
    rows = sim["commvault"].state()["subclients"]
    clients = {one["client"]["clientEntity"]["clientId"] for one in web.get("Client")["clientProperties"]}
    one, row = next((int(k), v) for k, v in rows.items() if v["client"] == "sql-prod-01")
    assert row["client_id"] in clients
    url = path.format(subclient=one, client=row["client_id"])
    assert web("PUT", url + "/Disable").json() == {"errorMessage": "", "errorCode": 0}
    refused = web.post(f"Subclient/{one}/action/backup?backupLevel=Full")
    assert refused["errorCode"] != 0 and "disabled" in refused["errorMessage"]
    shown = web.get(f"Subclient/{one}")["subClientProperties"][0]["commonProperties"]["enableBackup"]
    assert shown is (kind != "subclient")
    options = web.get(f"Client/{row['client_id']}")["clientProperties"][0]["clientProps"]["clientActivityControl"]
    assert options["activityControlOptions"][0]["enableActivityType"] is (kind != "client")
    assert web.get("V4/ServerGroup/7")["activityControl"]["databackup"] is (kind != "group")
    assert web("PUT", url + "/Enable").json()["errorCode"] == 0
    assert "jobIds" in web.post(f"Subclient/{one}/action/backup?backupLevel=Full")


def test_enable_again_later(sim, patient):
    web = patient
    url = f"V4/Subclient/7/Backup/Action/Disable?enableAfterADelay={START + 3600}"
    assert web("PUT", url).json()["errorCode"] == 0
    shown = web.get("Subclient/7")["subClientProperties"][0]["commonProperties"]
    assert shown["enableBackup"] is False and shown["enableBackupAtDateTime"]["time"] == START + 3600
    sim.clock.advance(3601)
    assert web.get("Subclient/7")["subClientProperties"][0]["commonProperties"]["enableBackup"] is True
    past = web("PUT", f"V4/Subclient/7/Backup/Action/Disable?enableAfterADelay={START}").json()
    assert past["errorCode"] == 2


def test_a_suspended_job_of_a_disabled_client_cannot_resume(web):
    web("PUT", "V4/Server/2/Backup/Action/Disable")
    assert "disabled" in web.post("Job/707/action/resume")["errors"][0]["errList"][0]["errLogMessage"]
    web("PUT", "V4/Server/2/Backup/Action/Enable")
    assert web.post("Job/707/action/resume") == {}


def test_classic_switches(web):
    body = {"subClientProperties": {"commonProperties": {"enableBackup": False}}}
    assert web.post("Subclient/7", body)["response"][0]["errorCode"] == 0
    assert web.get("Subclient/7")["subClientProperties"][0]["commonProperties"]["enableBackup"] is False
    assert web.post("CommCell/ActivityControl/1/Action/Disable")["errorCode"] == 0
    found = {row["activityType"]: row for row in web.get("V4/CommCell/ActivityControl")["acObjects"]}
    assert found[1]["enabled"] is False and found[2]["enabled"] is True
    reply = web("POST", "Schedules/task/Action/Disable", data="taskId=301", headers={"Content-Type": "text/plain"})
    assert reply.json()["errorCode"] == 0
    assert web.get("Schedules/301")["taskInfo"]["task"]["taskFlags"]["disabled"] is True


def test_three_subclients_are_called_default(web):
    clients = {
        row["client"]["clientEntity"]["clientName"]: row["client"]["clientEntity"]["clientId"]
        for row in web.get("Client")["clientProperties"]
    }
    rows = web.get(f"Subclient?clientId={clients['fs-zurich-02']}&propertyLevel=20")["subClientProperties"]
    names = {
        tuple(row["subClientEntity"][key] for key in ("appName", "backupsetName", "subclientName")) for row in rows
    }
    assert names == {
        ("File System", "defaultBackupSet", "default"),
        ("File System", "Projects", "default"),
        ("SQL Server", "defaultBackupSet", "default"),
    }
    assert "{{ 7*7 }}" in clients and "deconfigured-01" not in clients
    hidden = web.get("Client?hiddenclients=true")["clientProperties"]
    assert "deconfigured-01" in {row["client"]["clientEntity"]["clientName"] for row in hidden}
    assert web.get("Client?PseudoClientType=VSPseudo")["VSPseudoClientsList"]
    assert web.get("Subclient")["errorCode"] == 2


def test_a_server_without_v4():
    with simulator(v4=False, release=30) as sim:
        web = Web(sim)
        for method, path in (
            ("GET", "V4/CommCell/ActivityControl"),
            ("PUT", "V4/Subclient/7/Backup/Action/Disable"),
            ("POST", "V4/Plan/BackupDestination/JobOperations"),
        ):
            reply = web(method, path)
            assert reply.status_code == 404 and "<title>" in reply.text
        assert web.get("Subclient/7")["subClientProperties"][0]["commonProperties"]["enableBackup"] is True
        assert not sim.log.writes() or not any(entry.status == 200 for entry in sim.log.writes())


def test_a_restore_task(sim, web):
    def task(**options):
        restore = {"destination": {"inPlace": True}, "fileOption": {"sourceItem": ["/etc"]}, **options}
        return {
            "taskInfo": {
                "associations": [{"clientName": "fs-zurich-01", "appName": "File System", "subclientName": "default"}],
                "task": {"taskType": 1},
                "subTasks": [
                    {"subTask": {"subTaskType": 3, "operationType": 1001}, "options": {"restoreOptions": restore}}
                ],
            }
        }

    job = web.post("CreateTask", task())["jobIds"][0]
    assert int(job) in {row["jobId"] for row in web.jobs(jobFilter="Restore")} and web.job(job)["jobType"] == "Restore"
    sim.clock.advance(70)
    assert web.job(job)["status"] == "Completed"
    outside = task(destination={"inPlace": False, "destClient": {"clientName": "fs-zurich-02"}})
    assert "destination path" in web.post("CreateTask", outside)["errorMessage"]
    assert web.post("CreateTask", {"taskInfo": {}})["errorCode"] == 2
    timed = task()
    timed["taskInfo"]["subTasks"][0]["pattern"] = {"freq_type": 4}
    assert "jobIds" not in web.post("CreateTask", timed)


# -- copies --------------------------------------------------------------------------------------------------------------
def test_ids_of_policies_and_copies(web):
    policies = {
        row["storagePolicyName"]: row["storagePolicyId"] for row in web.get("StoragePolicy?getAll=TRUE")["policies"]
    }
    copies = {
        name: [row["StoragePolicyCopy"]["copyId"] for row in web.get(f"StoragePolicy/{number}")["copy"]]
        for name, number in policies.items()
    }
    assert copies == {"Disk_Daily": [9, 10, 11], "Policy_1": [12, 13]}
    assert web.get("V2/StoragePolicy/5/Copy/9")["copy"]["retentionRules"]["retainBackupDataForDays"] == 15
    found = web.get("V4/ServerPlan/15/BackupDestinations")["backupdestinations"]
    assert [row["planBackupDestination"]["id"] for row in found] == [9, 10, 11]


def test_a_hold_stands_on_one_copy_only(sim, web):
    _full, job = on_both(web)
    until = START + 400 * 86400
    answer = web.operate("RETAIN", [job], retainUntilTime=until).json()
    assert answer["error"]["errorCode"] == 0 and answer["jobInfo"][0]["retainUntil"] == until
    row = web.on_copy(12)[job]
    assert (row["strRetainedBy"], row["retainUntil"], row["retainedBy"]) == ("User", until, 4)
    assert web.on_copy(13)[job]["strRetainedBy"] == "Basic Retention"
    sim.clock.advance(399 * 86400)
    web = Web(sim)
    assert web.on_copy(12)[job]["isAged"] is False and web.on_copy(13)[job]["isAged"] is True
    sim.clock.advance(2 * 86400)
    assert Web(sim).on_copy(12)[job]["isAged"] is True


def test_release_forever_and_rounding(sim, web):
    _full, job = on_both(web)
    assert web.operate("RETAIN", [job]).json()["error"]["errorCode"] == 0
    assert web.on_copy(12)[job]["retainUntil"] == -1
    sim["commvault"].control("set_switch", {"forever": 0, "retain_rounding": "day_up"})
    assert web.on_copy(12)[job]["retainUntil"] == 0 and web.on_copy(12)[job]["strRetainedBy"] == "User"
    web.operate("RETAIN", [job], retainUntilTime=START + 86400 * 90 + 5)
    held = web.on_copy(12)[job]["retainUntil"]
    assert held % 86400 == 0 and 0 < held - (START + 86400 * 90 + 5) < 86400
    web.operate("DO_NOT_RETAIN", [job])
    assert web.on_copy(12)[job]["strRetainedBy"] == "Basic Retention"
    past = web.operate("RETAIN", [job], retainUntilTime=START - 5)
    assert past.status_code == 200 and past.json()["error"]["errorCode"] == 2


def test_a_chain_is_told_and_a_deletion_leaves_the_other_copy(web):
    full, job = on_both(web, 9, 10)
    answer = web.operate("DELETE", [full], 9, 5, loadDependentJobs="true").json()
    assert answer["dependentJobsExist"] is True and job in {row["jobId"] for row in answer["jobInfo"]}
    assert web.on_copy(9)[full]["isAged"] is False  # with load... it only tells
    answer = web.operate("DELETE", [job], 9, 5).json()
    assert answer["error"]["errorCode"] == 0
    assert (
        job not in web.on_copy(9, agedData=0)
        and job in web.on_copy(9, agedData=1)
        and job in web.on_copy(10, agedData=0)
    )
    assert str(job) not in web.on_copy(9)[full]["requiredByJobs"].split(",")
    again = web.operate("DELETE", [job], 9, 5).json()
    assert again["error"]["errorCode"] == 2 and "do not belong" in again["error"]["errorMessage"]


def test_the_job_is_aged_when_its_last_copy_is_gone(web):
    _full, job = on_both(web, 9, 10)
    web.operate("DELETE", [job], 9, 5)
    assert web.job(job)["isAged"] is False
    web.operate("DELETE", [job], 10, 5)
    assert web.job(job)["isAged"] is True and job not in {row["jobId"] for row in web.jobs()}


@pytest.mark.parametrize(("mixed", "code", "held"), [("error", 2, True), ("silent", 0, True), ("refuse", 2, False)])
def test_an_operation_that_suits_some_jobs_only(mixed, code, held):
    with simulator(mixed=mixed) as sim:
        web = Web(sim)
        _full, job = on_both(web)
        reply = web.operate("RETAIN", [job, 681])
        assert reply.status_code == 200 and reply.json()["error"]["errorCode"] == code
        assert (web.on_copy(12)[job]["strRetainedBy"] == "User") is held
        assert web.operate("RETAIN", [681]).json()["error"]["errorCode"] == 2


def test_compliance_copies_and_named_refusals(sim, web):
    _full, job = on_both(web)
    assert "compliance" in web.operate("DELETE", [job], 13).json()["error"]["errorMessage"]
    sim["commvault"].control("refuse", {"job_ids": [job], "code": 77, "message": "not now"})
    assert web.operate("DELETE", [job]).json()["error"] == {"errorMessage": "not now", "errorCode": 77}
    assert web.operate("RETAIN", [job], 99).status_code == 404
    assert "required" in web("POST", "V4/Plan/BackupDestination/JobOperations", json={"opType": "DELETE"}).text


def test_copy_control(sim, web):
    waiting = next(iter(web.on_copy(10, copyState=4)), None) or next(iter(web.on_copy(13, copyState=4)))
    copy, policy = (10, 5) if waiting in web.on_copy(10) else (13, 6)
    assert web.operate("DISALLOW_COPY", [waiting], copy, policy).json()["error"]["errorCode"] == 0
    assert waiting in web.on_copy(copy, copyState=8) and waiting not in web.on_copy(copy, copyState=4 + 1)
    assert web.operate("ALLOW_COPY", [waiting], copy, policy).json()["error"]["errorCode"] == 0
    assert waiting in web.on_copy(copy, copyState=4)
    sim.clock.advance(4 * 3600)
    web = Web(sim)
    assert waiting in web.on_copy(copy, copyState=1)
    assert web.operate("RECOPY", [waiting], copy, policy).json()["error"]["errorCode"] == 0
    assert waiting in web.on_copy(copy, copyState=4)
    assert "primary" in web.operate("ALLOW_COPY", [on_both(web)[0]]).json()["error"]["errorMessage"]
    with simulator(release=32) as old:
        assert Web(old).operate("RECOPY", [waiting], copy, policy).json()["error"]["errorCode"] == 2


def test_filters_of_the_list_on_a_copy(web):
    everything = web.on_copy(11, agedData=2)
    assert everything and all(row["jobType"] in ("Full", "Synthetic Full") for row in everything.values())
    assert all(row["strRetainedBy"] == "Extended Retention" for row in web.on_copy(11, copyState=16).values())
    assert {row["jobType"] for row in web.on_copy(9, backupLvl=1).values()} == {"Full"}
    client = next(iter(everything.values()))["server"]["id"]
    assert {row["server"]["id"] for row in web.on_copy(9, clients=str(client)).values()} == {client}
    recent = web.get("V4/Plan/BackupDestination/9/Jobs")["jobs"]
    assert recent and all(row["startTime"] >= START - 86400 for row in recent)
    aged = web.on_copy(9, agedData=1)
    assert aged and all(row["isAged"] for row in aged.values())
    assert web("GET", "V4/Plan/BackupDestination/99/Jobs").status_code == 404


# -- the OpenAPI document ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def document(specs):
    yaml = pytest.importorskip("yaml")
    path = specs / "commvault-openapi-11.32.yaml"
    if not path.exists():
        pytest.skip(f"no {path.name} in the folder of API documents")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


@pytest.mark.parametrize(
    ("method", "template", "path"),
    [
        ("get", "/V4/Plan/BackupDestination/{backupDestinationId}/Jobs", "?view=custom&startTime=1&agedData=2"),
        ("get", "/V4/ServerPlan/{planId}/BackupDestinations", ""),
        ("put", "/V4/Subclient/{subclientId}/Backup/Action/Disable", ""),
        ("put", "/V4/Commcell/Backup/Action/Disable", ""),
        ("post", "/V4/Plan/BackupDestination/JobOperations", ""),
    ],
)
def test_replies_fit_the_openapi_document(document, web, method, template, path):
    jsonschema = pytest.importorskip("jsonschema")
    values = {"backupDestinationId": 12, "planId": 15, "subclientId": 7}
    url = re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), template)[1:] + path
    reply = web.operate("RETAIN", [on_both(web)[0]]) if method == "post" else web(method.upper(), url)
    schema = document["paths"][template][method]["responses"]["200"]["content"]["application/json"]["schema"]
    body = reply.json()
    jsonschema.Draft202012Validator(_closed({**schema, "components": document["components"]})).validate(body)
    assert body


def _closed(schema):
    """The document's OpenAPI 3.0 words as JSON Schema has them."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items() if key not in ("format", "nullable", "example")}
    if schema.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


# -- the vendor's own client ---------------------------------------------------------------------------------------------
@pytest.fixture()
def commcell():
    sdk = pytest.importorskip("cvpysdk.commcell")
    with Simulator(products=("commvault",), speed=1) as simulator:
        cell = sdk.Commcell("x", "admin", PASSWORD, web_service_url=simulator.url("commvault"))
        cell.simulator = simulator
        yield cell


def test_sdk_logs_in_and_out(commcell):
    assert commcell.commserv_name == "cs01" and commcell.version == "11.36.12"
    assert commcell.logout() == "User logged out"
    assert commcell.simulator["commvault"].state()["sessions_alive"] == 0


def test_sdk_refused_login():
    sdk = pytest.importorskip("cvpysdk.commcell")
    from cvpysdk.exception import SDKException

    with simulator() as sim, pytest.raises(SDKException, match="Invalid Username or Password"):
        sdk.Commcell("x", "admin", "wrong", web_service_url=sim.url("commvault"))


def test_sdk_lists_jobs(commcell):
    jobs = commcell.job_controller
    active = jobs.active_jobs(limit=100)
    assert {270, 707} <= set(active) and active[707]["status"] == "Suspended" and active[707]["percent_complete"] == 25
    finished = jobs.finished_jobs(limit=100)
    assert {"Killed", "No Run"} <= {row["status"] for row in finished.values()}
    everything = jobs.all_jobs(lookup_time=24, limit=500, job_filter="Backup")
    assert set(active) | set(finished) >= set(everything)
    # One of the default page's 20 rows is not visible: the SDK drops it.
    assert len(jobs.all_jobs()) == 19
    mine = jobs.finished_jobs(client_name="sql-prod-01", limit=50)
    assert mine and {row["client_name"] for row in mine.values()} == {"sql-prod-01"}
    cached = jobs.get_active_jobs_cache(fq=[["status", "eq", "Suspended"]], sort=["jobId", "1"], limit=["0", "5"])
    assert next(iter(cached)) == "707"


def test_sdk_controls_a_job(commcell, monkeypatch):
    sim = commcell.simulator
    rows = commcell.job_controller.active_jobs(limit=100)
    number = next(key for key, row in rows.items() if row["status"] == "Running" and not row["pending_reason"])
    job = commcell.job_controller.get(number)
    assert job.summary["subclient"]["clientName"] and job.state == "Running"
    monkeypatch.setattr(time, "sleep", sim.clock.advance)
    job.pause(wait_for_job_to_pause=True)
    assert job.status == "Suspended"
    job.resume(wait_for_job_to_resume=True)
    assert job.status == "Running"
    job.kill(wait_for_job_to_kill=True)
    assert job.status == "Killed" and job.is_finished
    from cvpysdk.exception import SDKException

    with pytest.raises(SDKException, match="cannot be suspended"):
        job.pause()
    again = job.resubmit()
    assert int(again.job_id) > number and again.get_events()


def test_sdk_renews_on_401(commcell):
    jobs = commcell.job_controller
    commcell.simulator["commvault"].control("expire_tokens", {})
    assert jobs.active_jobs()
    calls = [entry.path.rsplit("/", 1)[-1] for entry in commcell.simulator.log.entries()]
    assert calls[-3:] == ["Jobs", "RenewLoginToken", "Jobs"]


def test_sdk_keeps_a_job_on_a_copy(commcell):
    copy = commcell.storage_policies.get("Policy_1").get_copy("Primary")
    rows = copy.get_jobs_on_copy_v2(view="All", aged_data=0)
    number = next(row["jobId"] for row in rows if row["strRetainedBy"] == "Basic Retention")
    until = int(time.time()) + 90 * 86400
    copy.retain_jobs_on_copy(str(number), until)
    row = next(row for row in copy.get_jobs_on_copy_v2(view="All") if row["jobId"] == number)
    assert row["strRetainedBy"] == "User" and row["retainUntil"] == until
    copy.delete_job(str(number))
    assert number not in {row["jobId"] for row in copy.get_jobs_on_copy_v2(view="All", aged_data=0)}


def test_sdk_activity_control(commcell):
    control = commcell.activity_control
    assert control.is_enabled("DATA MANAGEMENT") is True
    control.set("DATA MANAGEMENT", "Disable")
    assert control.is_enabled("DATA MANAGEMENT") is False and control.is_enabled("DATA RECOVERY") is True
    control.set("DATA MANAGEMENT", "Enable")
    control.enable_after_delay("DATA RECOVERY", int(commcell.simulator.clock.now()) + 60)
    assert control.is_enabled("DATA RECOVERY") is False and control.reEnableTime
    commcell.simulator.clock.advance(61)
    assert control.is_enabled("DATA RECOVERY") is True


def test_sdk_switches_a_client(commcell):
    client = commcell.clients.get("fs-zurich-01")
    assert client.is_backup_enabled is True
    client.disable_backup()
    assert client.is_backup_enabled is False
    client.enable_backup()
    assert client.is_backup_enabled is True


def test_sdk_stops_everything(commcell):
    commcell.job_controller.kill_all_jobs()
    commcell.simulator.clock.advance(10)
    assert commcell.job_controller.active_jobs() == {}


# -- size ----------------------------------------------------------------------------------------------------------------
def test_a_big_estate_is_made_and_listed():
    with simulator() as sim:
        counts = sim["commvault"].control("load", {"clients": 900, "subclients": 1250, "runs": 35000})
        assert counts["runs"] >= 35000
        web = Web(sim)
        headers = {"limit": "1000", "offset": "2000"}
        web.get("Job", params={"completedJobLookupTime": 604800}, headers=headers)
        reply = web("GET", "Job", params={"completedJobLookupTime": 604800}, headers=headers)
        assert len(reply.json()["jobs"]) == 1000
