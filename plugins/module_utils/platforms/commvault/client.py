# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The calls of Commvault's REST API that this collection makes. Private to this collection."""

from __future__ import annotations

import base64
import time

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    BackupOpsError,
    Conflict,
    InvalidError,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unreachable,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.client import ProductClient
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import from_xml
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import excerpt
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import (
    flag,
    integer,
    listed,
    mapping,
    rows,
    text,
)

#: Words in the product's refusals (they carry no code that tells these apart reliably).
_DENIED = ("permission", "access denied", "not authorized", "capabilit")
_ABSENT = (
    "not found",
    "does not exist",
    "there is no",
    "no such",
    "invalid job",
    "invalid subclient",
    "invalid client",
)
_BUSY = ("another backup is running", "already running", "already in progress", "already being")
_DENIED_CODE = "5"

#: POST Jobs names the categories of GET Job by number (client code).
_CATEGORIES = {"All": 0, "Active": 1, "Finished": 2}

#: Level -> its place in the V4 calls of activity control (vendor's OpenAPI).
_V4_PLACES = {
    "subclient": "V4/Subclient/{0}",
    "client": "V4/Server/{0}",
    "client_group": "V4/ServerGroup/{0}",
    "commcell": "V4/Commcell",
}
#: activityType of backups, and the name of UTC, in the classic calls of activity control (client code).
_BACKUP, _UTC = 1, "(UTC) Coordinated Universal Time"


class CommvaultClient(ProductClient):
    """Sessions are login tokens (``QSDK …``, 30 minutes of inactivity), the token that the user gave, or a pair
    ``{token, refresh_token}`` of which the user gave the first.
    """

    def __init__(self, connection):
        super().__init__(connection)
        if connection.refresh_token and not connection.session_cache.enabled:
            raise InvalidError(
                "session_cache: must be true with refresh_token.",
                hint="Each renewal makes a new pair, and Commvault deletes the whole chain when an old one is used "
                "again: so the new pair has to be kept for the next task.",
            )
        self.renewed_in_one_place = bool(connection.refresh_token)
        #: Whether the server has shown that it lacks the V4 calls of activity control.
        self._classic = False

    # -- session -----------------------------------------------------------------------------------------------------
    def login(self):
        """POST Login with the password in base64. A refusal is HTTP 200 without ``token``, with ``errList``."""
        connection = self.connection
        if connection.refresh_token:
            return self._pair()
        body = {
            "username": connection.username,
            "password": base64.b64encode(connection.password.encode("utf-8")).decode("ascii"),
        }
        if connection.domain:
            body["domain"] = connection.domain
        response = self.http.request("POST", "Login", headers={"Accept": "application/json"}, json=body)
        try:
            answer = self._decoded(response)
        except ProtocolError:
            if response.status_code not in (401, 403):
                raise
            answer = {}
        token = text(answer.get("token"))
        if token and response.ok:
            return {"token": token}
        code, message = refusal(answer)
        if response.status_code >= 500 and code is None:
            raise self._refused(response, code, message)
        locked = flag(answer.get("isAccountLocked"))
        hint = "Check username, password and domain."
        if locked:
            seconds = integer(answer.get("remainingLockTime"))
            message = "the account is locked{0}".format(" for another {0} s".format(seconds) if seconds else "")
            hint = "Wait, or let an administrator unlock it; then check password."
        raise AuthenticationError(
            self.connection.redact(
                "Commvault refused the login of {0}: {1}.".format(
                    connection.username, excerpt(message or "no reason given", connection.redact)
                )
            ),
            hint=hint,
            status=response.status_code,
            code=code,
        )

    def given_session(self):
        return None if self.connection.refresh_token else self._given_token()

    def _given_token(self):
        session = super().given_session()
        if session:
            session["token"] = session["token"].strip()
            if not (session["token"].isascii() and session["token"].isprintable()):
                raise InvalidError("token: it has characters that no token has.", hint="Was it copied whole?")
        return session

    def _pair(self):
        """The pair that the user gave; once it has died, the next one: POST V4/AccessToken/Renew.

        The vendor's page: a renewal brings a new pair, and to use an older pair again deletes the whole chain. So this
        is sent once, under the lock of the session cache, with the pair that stands in it.
        """
        dead = self._session
        if dead is None:
            return dict(self._given_token(), refresh_token=self.connection.refresh_token.strip())
        body = {"accessToken": _bare(dead["token"]), "refreshToken": dead["refresh_token"]}
        try:
            response = self.http.request(
                "POST", "V4/AccessToken/Renew", read=False, headers={"Accept": "application/json"}, json=body
            )
        except LostAnswer as error:
            raise Unreachable(
                "The answer to the renewal of the access token was lost: {0}".format(error.message),
                hint="If the next task is refused too, make a new pair in Command Center and give token and refresh_token.",
                status=error.status,
            ) from error
        try:
            answer = self._decoded(response)
        except ProtocolError:
            answer = {}  # seen with refusals of token calls
        made = mapping(answer.get("tokenInfo")) or answer
        token, refresh = text(made.get("accessToken")), text(made.get("refreshToken"))
        if response.ok and token and refresh:
            return {"token": token, "refresh_token": refresh}
        code, message = refusal(answer)
        if code is not None:
            # The next task begins with what the user gave, which may be put right. Without a code it may be the answer
            # of somebody in between, and the pair may be good.
            self.connection.session_cache.drop()
        raise AuthenticationError(
            self.connection.redact(
                "Commvault refused to renew the access token: {0}.".format((message or "no reason given").rstrip(". "))
            ),
            hint="Make a new pair in Command Center, and give token and refresh_token. A pair belongs to one "
            "session_cache_dir: used elsewhere too, it ends everywhere.",
            status=response.status_code,
            code=code,
        )

    def secrets_of(self, session):
        token = session["token"]
        return [token, token.rpartition(" ")[2], *filter(None, [session.get("refresh_token")])]

    def authorize(self, session):
        """``Authtoken`` for login tokens (``QSDK …``) and for ``SAML …``; anything else is an access token.

        For access tokens the vendor documents ``Authorization: Bearer``, while its own clients send them in
        ``Authtoken``, also on the classic paths, of which nobody says that they read ``Authorization``. So both
        headers are sent, ``Authtoken`` without the word Bearer.
        """
        kind, blank, _rest = session["token"].partition(" ")
        headers = {"Accept": "application/json"}
        if kind.upper() in ("QSDK", "SAML") and blank:
            headers["Authtoken"] = session["token"]
        else:
            bare = _bare(session["token"])
            headers["Authtoken"] = bare
            headers["Authorization"] = "Bearer " + bare
        return headers

    def logout(self, session):
        """POST Logout; the answer is plain text. A pair stays: the user made it."""
        if "refresh_token" not in session:
            response = self.http.request("POST", "Logout", read=False, headers=self.authorize(session))
            if response.status_code != 401 and (not response.ok or response.text.lstrip().startswith("<")):
                raise ProtocolError("Logout was answered with HTTP {0} and no word of it.".format(response.status_code))

    # -- answers -----------------------------------------------------------------------------------------------------
    def check(self, response, read):
        """The answer as a dict. A refusal may stand in HTTP 200, in any of the shapes of ``refusal``."""
        status = response.status_code
        if status == 401:
            raise SessionExpired("Commvault does not accept the token (any more).", status=401)
        if response.ok and not read and not response.content.strip():
            return {}
        try:
            answer = self._decoded(response)
        except ProtocolError as error:
            if not read and (response.ok or status >= 500):
                raise LostAnswer(error.message, hint=error.hint, status=status) from error
            if response.ok or status not in (403, 404, 405):
                raise
            answer = {}
        code, message = refusal(answer)
        if response.ok and code is None:
            return answer
        raise self._refused(response, code, message)

    def _decoded(self, response):
        """JSON, or XML in the same shape: some servers answer XML although JSON was asked for."""
        if response.content[:100].lstrip()[:1] == b"<":
            try:
                return from_xml(response.content)
            except ValueError:
                pass  # a web page: the words for that are below
        answer = self.http.json(response)
        if not isinstance(answer, dict):
            raise ProtocolError(
                "Commvault answered JSON that is not an object.", hint="Check url.", status=response.status_code
            )
        return answer

    def _refused(self, response, code, message):
        words = (message or "").lower()
        status = response.status_code
        path = response.request.path_url.partition("?")[0]
        told = "Commvault refused {0} {1}: {2}.".format(
            response.request.method, path, excerpt(message or "HTTP {0}".format(status), self.connection.redact)
        )
        told = self.connection.redact(told)
        if status == 403 or code == _DENIED_CODE or any(word in words for word in _DENIED):
            return PermissionDenied(told, hint="Give the account a role that allows it.", status=status, code=code)
        if status == 404 or any(word in words for word in _ABSENT):
            return NotFound(told, status=status, code=code)
        if status == 409 or any(word in words for word in _BUSY):
            return Conflict(told, hint="Try again later.", status=status, code=code)
        return ProtocolError(told, status=status, code=code)

    # -- jobs --------------------------------------------------------------------------------------------------------
    def get_jobs(self, offset, limit, params):
        """Vendor page "Get Job": query parameters in ``params``, paging by headers."""
        return self.call("GET", "Job", headers={"limit": str(limit), "offset": str(offset)}, params=params)

    def post_jobs(self, offset, limit, params):
        """POST Jobs, which lists aged jobs too: the parameters of ``get_jobs`` as a body (client code)."""
        wanted = {
            "completedJobLookupTime": params["completedJobLookupTime"],
            "showAgedJobs": True,
            "hideAdminJobs": False,
            "jobTypeList": [word.strip() for word in params["jobFilter"].split(",") if word.strip()],
        }
        if "clientId" in params:
            wanted["clientList"] = [{"clientId": params["clientId"]}]
        if "subclientId" in params:
            wanted["entity"] = {"subclientId": params["subclientId"]}
        paging = {"sortField": "jobId", "sortDirection": 1, "offset": offset, "limit": limit}
        body = {
            "scope": 1,
            "category": _CATEGORIES[params["jobCategory"]],
            "pagingConfig": paging,
            "jobFilter": wanted,
        }
        return self.call("POST", "Jobs", json=body)

    def get_job(self, job_id):
        return self.call("GET", "Job/{0}".format(job_id))

    def job_details(self, job_id):
        """``job.jobDetail`` of vendor page "Post Job Details"."""
        answer = self.call("POST", "JobDetails", json={"jobId": int(job_id), "showAttempt": True})
        return mapping(mapping(answer.get("job")).get("jobDetail"))

    def act_on_job(self, job_id, action):
        """pause, resume or kill (vendor pages "POST Job Suspend", "Resume", "Kill"): accepted at once, done a bit later."""
        self.call("POST", "Job/{0}/action/{1}".format(job_id, action), read=False)

    def start_backup(self, subclient_id, level):
        """Vendor page "POST Subclient Backup": ``{taskId, jobIds}``."""
        path = "Subclient/{0}/action/backup".format(subclient_id)
        return self.call("POST", path, read=False, params={"backupLevel": level})

    def create_task(self, body):
        """POST CreateTask (client code): ``{jobIds}``, or only ``taskId`` when a schedule was made."""
        return self.call("POST", "CreateTask", read=False, json=body)

    # -- clients and subclients --------------------------------------------------------------------------------------
    def get_clients(self):
        """The ``clientEntity`` dicts: clientId, clientName, displayName, hostName."""
        found = rows(self.call("GET", "Client").get("clientProperties"))
        return [mapping(mapping(row.get("client")).get("clientEntity")) for row in found]

    def get_subclients(self, client_id):
        """``subClientProperties`` of a client: subClientEntity and, at level 20, commonProperties (client code)."""
        answer = self.call("GET", "Subclient", params={"clientId": client_id, "propertyLevel": 20})
        return rows(answer.get("subClientProperties"))

    def get_subclient(self, subclient_id):
        """The ``subClientProperties`` of one subclient; raises NotFound."""
        found = rows(self.call("GET", "Subclient/{0}".format(subclient_id)).get("subClientProperties"))
        if not found:
            raise NotFound("Commvault has no subclient {0}.".format(subclient_id))
        return found[0]

    def get_client(self, client_id):
        """The ``clientProperties`` of one client; an empty dict when the answer has none."""
        found = rows(self.call("GET", "Client/{0}".format(client_id)).get("clientProperties"))
        return mapping(found[0]) if found else {}

    # -- activity control --------------------------------------------------------------------------------------------
    def get_server_groups(self):
        """``{id, name}`` of every client group (V4)."""
        return [mapping(group) for group in listed(self.call("GET", "V4/ServerGroup").get("serverGroups"))]

    def get_server_group(self, group_id):
        """One client group with its ``activityControl`` {databackup} (V4)."""
        return self.call("GET", "V4/ServerGroup/{0}".format(group_id))

    def get_commcell_activity(self):
        """The CommCell's activities (V4): activityType, enabled, reEnableTime."""
        return rows(self.call("GET", "V4/CommCell/ActivityControl").get("acObjects"))

    def switch_backups(self, level, id, name, enable, ends=None):
        """Enable or disable the backups of a subclient, client, client_group or commcell.

        ``ends``: epoch seconds at which the server itself enables again. V4 (vendor's OpenAPI); where the server has no
        such call, which changes nothing, the classic one (client code).
        """
        if not self._classic or level == "client_group":
            path = "{0}/Backup/Action/{1}".format(_V4_PLACES[level].format(id), "Enable" if enable else "Disable")
            params = None if ends is None else {"enableAfterADelay": ends}
            try:
                self.call("PUT", path, read=False, params=params)
                return
            except BackupOpsError as error:
                if not lacks_call(error):
                    raise
                if level == "client_group":
                    raise Unsupported(
                        "This CommServe cannot switch the backups of a client group.",
                        hint="That needs release 11.32 or later.",
                        status=error.status,
                    ) from error
            self._classic = True
        if level == "subclient":
            self._switch_subclient(id, enable, ends)
        elif level == "client":
            self._switch_client(id, name, enable, ends)
        else:
            self._switch_commcell(enable, ends)

    def _switch_subclient(self, subclient_id, enable, ends):
        common = {"enableBackup": enable}
        if ends is not None:
            common["enableBackupAfterDelay"] = True
            common["enableBackupAtDateTime"] = {"TimeZoneName": _UTC, "timeValue": _in_utc(ends)}
        body = {"subClientProperties": {"commonProperties": common}}
        self.call("POST", "Subclient/{0}".format(subclient_id), read=False, json=body)

    def _switch_client(self, client_id, name, enable, ends):
        option = {"activityType": _BACKUP, "enableActivityType": enable, "enableAfterADelay": ends is not None}
        if ends is not None:
            option["dateTime"] = {"TimeZoneName": _UTC, "timeValue": _in_utc(ends)}
        body = {
            "association": {"entity": [{"clientName": name}]},
            "clientProperties": {"clientProps": {"clientActivityControl": {"activityControlOptions": [option]}}},
        }
        self.call("POST", "Client/{0}".format(client_id), read=False, json=body)

    def _switch_commcell(self, enable, ends):
        if ends is None:
            path = "CommCell/ActivityControl/{0}/Action/{1}".format(_BACKUP, "Enable" if enable else "Disable")
            self.call("POST", path, read=False)
            return
        option = {
            "activityType": _BACKUP,
            "enableActivityType": False,
            "enableAfterADelay": True,
            "dateTime": {"time": ends},
        }
        control = {"commCellActivityControlInfo": {"activityControlOptions": [option]}}
        self.call("PUT", "CommCell/Properties", read=False, json={"commCellInfo": control})

    # -- storage policies and their copies ---------------------------------------------------------------------------
    def get_storage_policies(self):
        return rows(self.call("GET", "StoragePolicy", params={"getAll": "TRUE"}).get("policies"))

    def get_storage_policy(self, policy_id):
        """The copies of a policy: ``StoragePolicyCopy`` {copyId, copyName}, copyPrecedence, isDefault, isSnapCopy."""
        return rows(self.call("GET", "StoragePolicy/{0}".format(policy_id)).get("copy"))

    def jobs_on_copy(self, copy_id, start, end, state=None):
        """Rows of GetJobsOnBackupDestination (V4), aged jobs included; no paging, no filter by job.

        ``state``: copyState, 4 to be copied, 8 not to be copied; None = all.
        """
        path = "V4/Plan/BackupDestination/{0}/Jobs".format(copy_id)
        params = {"view": "custom", "startTime": start, "endTime": end, "agedData": 2}
        if state is not None:
            params["copyState"] = state
        return rows(self.call("GET", path, params=params).get("jobs"))

    def run_job_operation(self, body):
        """Vendor page "Job Operations" (V4). Its verdict is ``error.errorCode`` inside HTTP 200."""
        return self.call("POST", "V4/Plan/BackupDestination/JobOperations", read=False, json=body)

    # -- the server --------------------------------------------------------------------------------------------------
    def commserv(self):
        return self.call("GET", "CommServ")

    def who_am_i(self):
        return self.call("POST", "WhoAmI")


def lacks_call(error):
    """Whether an error says that the server has no such call: HTTP 404 or 405 without an error of the product's own."""
    return error.status in (404, 405) and error.code is None


def _in_utc(epoch):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch))


def _bare(token):
    """A token without the word Bearer."""
    kind, blank, rest = token.partition(" ")
    return rest.strip() if kind.lower() == "bearer" and blank else token


def refusal(answer):
    """``(code, message)`` of the first error in an answer, ``(None, None)`` without one. Code 0, int or text, is none.

    Shapes: errorCode at the top; in ``error``; in ``response[]``; in ``errList[]`` at the top, in ``error`` or in
    ``errors[]``. The message is errorMessage, errLogMessage or errorString.
    """
    parts = [answer]
    for name in ("error", "errors", "response"):
        parts += listed(answer.get(name))
    for part in parts:
        for entry in (part, *listed(mapping(part).get("errList"))):
            entry = mapping(entry)
            code = text(entry.get("errorCode"))
            if code is not None and code.strip() != "0":
                message = next(
                    (text(entry[name]) for name in ("errorMessage", "errLogMessage", "errorString") if entry.get(name)),
                    None,
                )
                return code.strip(), message or "error code {0}".format(code.strip())
    return None, None
