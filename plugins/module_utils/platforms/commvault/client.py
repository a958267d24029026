# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The calls of Commvault's REST API that this collection makes. Private to this collection."""

from __future__ import annotations

import base64

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    InvalidError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.client import ProductClient
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import from_xml
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, listed, mapping, text

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
_DENIED_CODE = "5"

#: POST Jobs names the categories of GET Job by number (client code).
_CATEGORIES = {"All": 0, "Active": 1, "Finished": 2}


class CommvaultClient(ProductClient):
    """Sessions are login tokens (``QSDK …``, 30 minutes of inactivity), or the token that the user gave."""

    # -- session -----------------------------------------------------------------------------------------------------
    def login(self):
        """POST Login with the password in base64. A refusal is HTTP 200 without ``token``, with ``errList``."""
        connection = self.connection
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
                    connection.username, (message or "no reason given").rstrip(". ")
                )
            ),
            hint=hint,
            status=response.status_code,
            code=code,
        )

    def given_session(self):
        session = super().given_session()
        if session:
            session["token"] = session["token"].strip()
            if not (session["token"].isascii() and session["token"].isprintable()):
                raise InvalidError("token: it has characters that no token has.", hint="Was it copied whole?")
        return session

    def secrets_of(self, session):
        token = session["token"]
        return [token, token.rpartition(" ")[2]]

    def authorize(self, session):
        """``Authtoken`` for login tokens (``QSDK …``) and for ``SAML …``; anything else is an access token.

        For access tokens the vendor documents ``Authorization: Bearer``, while its own clients send them in
        ``Authtoken``, also on the classic paths, of which nobody says that they read ``Authorization``. So both
        headers are sent, ``Authtoken`` without the word Bearer.
        """
        kind, blank, rest = session["token"].partition(" ")
        headers = {"Accept": "application/json"}
        if kind.upper() in ("QSDK", "SAML") and blank:
            headers["Authtoken"] = session["token"]
        else:
            bare = rest.strip() if kind.lower() == "bearer" and blank else session["token"]
            headers["Authtoken"] = bare
            headers["Authorization"] = "Bearer " + bare
        return headers

    def logout(self, session):
        """POST Logout; the answer is plain text."""
        self.http.request("POST", "Logout", read=False, headers=self.authorize(session))

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
        except ProtocolError:
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
            response.request.method, path, (message or "HTTP {0}".format(status)).rstrip(". ")
        )
        told = self.connection.redact(" ".join(told.split()))
        if status == 403 or code == _DENIED_CODE or any(word in words for word in _DENIED):
            return PermissionDenied(told, hint="Give the account a role that allows it.", status=status, code=code)
        if status == 404 or any(word in words for word in _ABSENT):
            return NotFound(told, status=status, code=code)
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

    # -- clients and subclients --------------------------------------------------------------------------------------
    def get_clients(self):
        """The ``clientEntity`` dicts: clientId, clientName, displayName, hostName."""
        rows = listed(self.call("GET", "Client").get("clientProperties"))
        return [mapping(mapping(row.get("client")).get("clientEntity")) for row in rows]

    def get_subclients(self, client_id):
        """``subClientProperties`` of a client: subClientEntity and, at level 20, commonProperties (client code)."""
        answer = self.call("GET", "Subclient", params={"clientId": client_id, "propertyLevel": 20})
        return listed(answer.get("subClientProperties"))

    def get_subclient(self, subclient_id):
        """The ``subClientProperties`` of one subclient; raises NotFound."""
        found = listed(self.call("GET", "Subclient/{0}".format(subclient_id)).get("subClientProperties"))
        if not found:
            raise NotFound("Commvault has no subclient {0}.".format(subclient_id))
        return found[0]

    # -- storage policies and their copies ---------------------------------------------------------------------------
    def get_storage_policies(self):
        return listed(self.call("GET", "StoragePolicy", params={"getAll": "TRUE"}).get("policies"))

    def get_storage_policy(self, policy_id):
        """The copies of a policy: ``StoragePolicyCopy`` {copyId, copyName}, copyPrecedence, isDefault, isSnapCopy."""
        return listed(self.call("GET", "StoragePolicy/{0}".format(policy_id)).get("copy"))

    def jobs_on_copy(self, copy_id, start, end):
        """Rows of GetJobsOnBackupDestination (V4), aged jobs included; no paging, no filter by job."""
        path = "V4/Plan/BackupDestination/{0}/Jobs".format(copy_id)
        params = {"view": "custom", "startTime": start, "endTime": end, "agedData": 2}
        return listed(self.call("GET", path, params=params).get("jobs"))

    # -- the server --------------------------------------------------------------------------------------------------
    def commserv(self):
        return self.call("GET", "CommServ")

    def who_am_i(self):
        return self.call("POST", "WhoAmI")


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
