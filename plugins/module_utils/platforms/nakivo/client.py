# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The calls of NAKIVO Backup & Replication that the platform uses. Private to this collection.

One address, ``POST /c/router``, speaks Ext.Direct RPC (vendor page "API Reference Overview"); a tenant has its own
below ``/t/<uuid>``. The login is always at the first one, and its cookie is good for both.
"""

from __future__ import annotations

import itertools
import re
from http.cookiejar import DefaultCookiePolicy

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    AuthenticationError,
    Conflict,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unreachable,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.client import ProductClient
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import excerpt
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, listed, mapping, text

ROUTER = "/c/router"
VIEW, EDIT = "ROLE_JOB_SUMMARY_VIEW", "ROLE_EDIT_JOB"
START, STOP = "ROLE_START_ACTIVITY", "ROLE_STOP_ACTIVITY"
RECOVER, SAVEPOINTS = "ROLE_CREATE_JOB_FLR", "ROLE_LIST_SAVEPOINTS"
#: How far back getProcessedVms can look.
PROCESSED_MINUTES = 1440

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMED = 20


class RpcFailure(ProtocolError):
    """The Director understood the request and says no. Its texts are unpublished: nothing may be read out of them."""


class NakivoClient(ProductClient):
    """A session is ``{cookies: {name: value}, account, permissions: [text] or None, admin}``."""

    def __init__(self, connection):
        super().__init__(connection)
        # The session carries the cookie; a jar beside it would send another one after a login of a parallel task.
        self.http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._numbers = itertools.count(1)
        self._tenant = None
        self._wraps_saves = None

    # -- session -----------------------------------------------------------------------------------------------------
    def login(self):
        """AuthenticationManagement.login: a refusal is HTTP 200 with ``data.result`` other than OK."""
        connection = self.connection
        body = self._envelope("AuthenticationManagement", "login", [connection.username, connection.password, False])
        try:
            # No read: what was sent may have counted as a wrong password, and a few of these lock the account.
            response = self.http.request("POST", ROUTER, read=False, json=body, connect_again=True)
        except LostAnswer as error:
            raise Unreachable(error.message, hint=error.hint, status=error.status) from error
        data = mapping(self.check(response, read=False))
        result = text(data.get("result"))
        if result != "OK":
            raise self._refused(result, data)
        cookies = {cookie.name: cookie.value for cookie in response.cookies}
        if not cookies:
            raise ProtocolError(
                "The login at {0} gave no session cookie.".format(connection.url),
                hint="Look for a proxy that drops it.",
            )
        user = mapping(data.get("userInfo"))
        permissions = user.get("permissions")
        return {
            "cookies": cookies,
            "account": text(user.get("name")) or connection.username,
            "permissions": [p for p in permissions if isinstance(p, str)] if isinstance(permissions, list) else None,
            "admin": flag(user.get("isMasterAdmin")) or flag(user.get("isAdmin")),
        }

    def _refused(self, result, data):
        if result is None:
            return ProtocolError(
                "The login at {0} was answered without a result.".format(self.connection.url),
                hint="Check that url is the address of a NAKIVO Director.",
            )
        wait = integer(mapping(data.get("canTry")).get("waitTimeLeft"))
        if wait and wait > 0:
            hint = "The account is locked for {0} s after too many wrong passwords.".format(wait)
        else:
            hint = "Check username and password; wrong passwords lock the account."
        reason = text(data.get("reason"))
        return AuthenticationError(
            self.connection.redact(
                "NAKIVO refused the login of {0}{1}.".format(
                    self.connection.username, ": " + excerpt(reason, self.connection.redact, 300) if reason else ""
                )
            ),
            hint=hint,
            code=result,
        )

    def given_session(self):
        return None

    def secrets_of(self, session):
        return list(session["cookies"].values())

    def authorize(self, session):
        return {"Cookie": "; ".join("{0}={1}".format(*pair) for pair in session["cookies"].items())}

    def logout(self, session):
        """AuthenticationManagement.logoutCurrentUser."""
        body = self._envelope("AuthenticationManagement", "logoutCurrentUser", None)
        self.check(
            self.http.request("POST", ROUTER, read=False, headers=self.authorize(session), json=body), read=False
        )

    # -- answers -----------------------------------------------------------------------------------------------------
    def check(self, response, read):
        """``data`` of the answer. Raises RpcFailure for type "exception" (or message and cause, the older sign)."""
        status = response.status_code
        if status == 401:
            raise SessionExpired("NAKIVO does not know the session any more.", status=status)
        if status == 403:
            raise PermissionDenied("NAKIVO (or a proxy before it) forbids the call.", status=status)
        if not 200 <= status < 300:
            raise ProtocolError(
                "{0} was answered with HTTP {1}.".format(response.request.path_url, status),
                hint="Check url, and tenant if it is given.",
                status=status,
            )
        cookie = response.request.headers.get("Cookie")
        try:
            body = self._body(response)
        except ProtocolError as error:
            if read or not cookie:
                raise
            # It may have been done all the same: who sent it must read to learn that.
            raise LostAnswer(error.message, hint=error.hint, status=status) from error
        failure = self._failure(body)
        if failure is None:
            return body.get("data")
        if cookie and not self._is_logged(cookie):
            raise SessionExpired("NAKIVO does not know the session any more.") from failure
        raise failure

    def _body(self, response):
        body = self.http.json(response)
        if not isinstance(body, dict) or "type" not in body:
            raise ProtocolError(
                "{0} is not answered by a NAKIVO Director.".format(self.connection.url),
                hint="Check url.",
                status=response.status_code,
            )
        return body

    def _failure(self, body):
        message, cause = text(body.get("message")), text(body.get("cause"))
        if body["type"] != "exception" and not (message and cause):
            return None
        words = ": ".join(excerpt(word, self.connection.redact) for word in (message, cause) if word)
        return RpcFailure(
            self.connection.redact(
                "NAKIVO could not do {0}.{1}{2}.".format(
                    text(body.get("action")), text(body.get("method")), ": " + words if words else ""
                )
            ),
            hint="Look at the events of the product.",
        )

    def _is_logged(self, cookie):
        """Whether the session lives, as AuthenticationManagement.isLogged says; its form is unpublished.

        Doubt counts as no: then one login and one repetition decide.
        """
        body = self._envelope("AuthenticationManagement", "isLogged", None)
        try:
            answer = mapping(self.http.json(self.http.request("POST", ROUTER, headers={"Cookie": cookie}, json=body)))
        except ProtocolError:
            return False
        if "type" not in answer or self._failure(answer):
            return False
        data = answer.get("data")
        return data is True or mapping(data).get("result") == "OK"

    # -- calls -------------------------------------------------------------------------------------------------------
    def _envelope(self, action, method, data):
        return {"action": action, "method": method, "data": data, "type": "rpc", "tid": next(self._numbers)}

    def rpc(self, action, method, data, read=True, needs=None, router=None):
        """``data`` of the answer to one call. ``needs``: the permission whose lack explains a failure."""
        path = router or self.router()
        try:
            return self.call("POST", path, read=read, json=self._envelope(action, method, data))
        except RpcFailure as error:
            raise self._explained(error, needs) from error
        except SessionExpired as error:
            # A read that fails also in a new session: the session was not to blame.
            if read and isinstance(error.__cause__, RpcFailure):
                raise self._explained(error.__cause__, needs) from error
            raise

    def _explained(self, failure, needs):
        if self.may(needs) is False:
            return PermissionDenied(failure.message, hint="The account lacks the permission {0}.".format(needs))
        return failure

    def may(self, permission):
        """Whether the account has a permission (True, False), as the login told; None when it did not tell."""
        session = self.session()
        if session.get("permissions") is None:
            return session.get("admin") or None
        return permission in session["permissions"] if permission else None

    def router(self):
        return "/t/{0}{1}".format(self.tenant(), ROUTER) if self.connection.tenant else ROUTER

    def tenant(self):
        """UUID of the connection's tenant, looked up when a name was given; None without a tenant."""
        wanted = self.connection.tenant
        if wanted and self._tenant is None:
            with self._lock:
                self._tenant = wanted.lower() if _UUID.fullmatch(wanted) else self._tenant_called(wanted)
        return self._tenant

    def _tenant_called(self, name):
        tenants = [(text(row.get("name")), text(row.get("uuid"))) for row in self.get_tenants()]
        found = [uuid for called, uuid in tenants if called == name and uuid]
        if len(found) == 1:
            return found[0].lower()
        if found:
            raise Ambiguous(
                "tenant: {0!r} is the name of {1} tenants: {2}.".format(name, len(found), ", ".join(sorted(found))),
                hint="Give the UUID.",
            )
        known = ", ".join("{0} ({1})".format(*pair) for pair in sorted(tenants, key=str)[:_NAMED])
        raise NotFound(
            "tenant: NAKIVO knows no tenant {0!r}.".format(name), hint="There are: {0}.".format(known or "none")
        )

    def get_group_info(self, group=None):
        """The groups below ``group`` (None: all), each with ``childJobIds``; vendor page "List Jobs in Group"."""
        data = self.rpc("JobSummaryManagement", "getGroupInfo", [[group], 0, True], needs=VIEW)
        return self._children(data, "getGroupInfo")

    def get_job_info(self, ids):
        """JobInfo records; vendor page "Get Job Info". Unknown ids are absent or spoil the call."""
        data = self.rpc("JobSummaryManagement", "getJobInfo", [ids, 0], needs=VIEW)
        return [] if data is None else self._children(data, "getJobInfo")

    def get_processed_vms(self, minutes):
        """``[{vid: "JOB-1", name, jobType, vmInfoList}]``; vendor page "Get Processed VMs"."""
        data = self.rpc("JobSummaryManagement", "getProcessedVms", [{"periodMinutes": minutes}], needs=VIEW)
        return self._children(data, "getProcessedVms", "jobInfoList")

    # -- writes ------------------------------------------------------------------------------------------------------
    def run_job(self, job):
        """JobManagement.run of all objects; recorded with 11.2.1, that older releases have it is inferred."""
        self._write("run", [{"runType": "ALL", "jobIds": [job]}], START)

    def stop_job(self, job):
        """JobManagement.stop of all objects; vendor page "Stop Job"."""
        self._write("stop", [{"jobIds": [job]}], STOP)

    def edit_job(self, job):
        """The whole JobDto with its ``lockUuid``; vendor page "Get Job for Editing".

        Nobody else can change the job for 15 s, or until it is saved; no call that gives the lock free is known.
        Raises RpcFailure when somebody has it already. 11.2.1 was seen to get a second argument.
        """
        data = self.rpc("JobManagement", "getJobForEditing", [job, None] if self.wraps_saves() else [job], needs=EDIT)
        if not isinstance(data, dict) or integer(data.get("id")) != job:
            raise ProtocolError("The answer to getJobForEditing is not the job {0}.".format(job))
        return data

    def keep_lock(self, lock, job):
        """15 s more for a lock, which may get another uuid by it; vendor page "Refresh Job Lock"."""
        data = self.rpc("JobManagement", "refreshExclusiveLock", [lock, job], needs=EDIT)
        return data if isinstance(data, str) and data else lock

    def save_job(self, dto):
        """Make a JobDto the job; vendor page "Creating/Editing a Job". Nothing is merged: it must be whole.

        An answer without ``result`` counts as accepted (what the releases before 11 answer is not published).
        """
        self._write("saveJob", [{"origin": "NONE", "job": dto} if self.wraps_saves() else dto], EDIT)

    def wraps_saves(self):
        """Whether saveJob wants ``{origin, job}`` here, and not the plain JobDto.

        No call tells the release. The wrapped form is recorded with 11.2.1 only, and so is JobManagement.getListJobs:
        where that answers with a list, the form is wrapped. Otherwise it is the plain one of the vendor page. Inferred:
        a Director that wants the other form refuses this one, and nothing is changed.
        """
        if self._wraps_saves is None:
            try:
                question = {"start": 0, "limit": 1, "filters": [], "sorters": []}
                data = self.rpc("JobManagement", "getListJobs", [question], needs=VIEW)
            except RpcFailure:
                data = None
            self._wraps_saves = isinstance(mapping(data).get("children"), list)
        return self._wraps_saves

    def _write(self, method, data, needs):
        answer = self.rpc("JobManagement", method, data, read=False, needs=needs)
        result = text(mapping(answer).get("result"))
        if result not in (None, "OK"):
            kind = Conflict if result == "CANNOT_LOCK" else ProtocolError
            raise kind(
                "NAKIVO answers JobManagement.{0} with {1}.".format(
                    method, excerpt(result, self.connection.redact, 100)
                ),
                hint="Look at the events of the product.",
                code=result,
            )

    # -- recovery (all recorded with 11.2.1; getSavepoints also on a vendor page) ------------------------------------
    def get_job(self, job):
        """The JobDto, without a lock."""
        return self.rpc("JobManagement", "getJob", [job], needs=VIEW)

    def get_savepoints(self, vid):
        """Recovery points of a backup object; vendor page "Get Recovery Points From Source VM Instance"."""
        data = self.rpc("JobManagement", "getSavepoints", [vid], needs=SAVEPOINTS)
        return [] if data is None else self._children(data, "getSavepoints")

    def create_recovery(self, point):
        """Id of a new file recovery session. ``point``: ``{hvType, id, spId}``, of backup object and savepoint."""
        data = self.rpc(
            "FileLevelRecoveryManagement",
            "createSession",
            [dict(point, type="BACKUP_OBJECT")],
            read=False,
            needs=RECOVER,
        )
        return text(mapping(data).get("sessionUuid")) or text(data)

    def recovery_state(self, id):
        """ACTIVE, CLOSED or another word; to ask is what keeps the session alive."""
        data = self.rpc("FileLevelRecoveryManagement", "getState", [id], needs=RECOVER)
        return text(mapping(data).get("state")) or text(data)

    def close_recovery(self, id):
        self.rpc("FileLevelRecoveryManagement", "closeSession", [id, False], read=False, needs=RECOVER)

    def get_tenants(self):
        """Tenants of the master; vendor page "Get Tenant List"."""
        return self._filtered("MultitenancyManagement", "getTenants", {}, ROUTER)

    def get_backup_repositories(self):
        """Repositories; vendor page "Get Backup Repository List"."""
        return self._filtered("BackupManagement", "getBackupRepositories", {"sort": "NAME", "sortAsc": True}, None)

    def _filtered(self, action, method, extra, router):
        """All rows of a call that pages by ``{filter: {start, count}}``."""
        found, count = {}, self.connection.page_size
        while True:
            data = self.rpc(
                action, method, [{"filter": dict(extra, start=len(found), count=count, criteria=[])}], router=router
            )
            rows = self._children(data, method)
            before = len(found)
            found.update((str(row.get("id", row)), row) for row in rows)
            if len(rows) < count or len(found) == before:
                return list(found.values())

    @staticmethod
    def _children(data, method, name="children"):
        rows = data.get(name) if isinstance(data, dict) else data
        if not isinstance(rows, list):
            raise ProtocolError("The answer to {0} has no list {1!r}.".format(method, name))
        return [row for row in listed(rows) if isinstance(row, dict)]
