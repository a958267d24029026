# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The calls of Veeam Backup for Microsoft 365, API v5 to v8. Private to this collection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    AuthenticationError,
    Conflict,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
    Unreachable,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.paging import Page, PagedList
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.client import ProductClient
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import excerpt
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import integer, mapping, text

#: A page never holds more (help centre page "Pagination").
LARGEST_PAGE = 10000


@dataclass(frozen=True)
class Version:
    """How one version of the interface differs in what is read here (the vendor's OpenAPI documents; v5: help centre)."""

    #: Jobs, CopyJobs, Organizations and BackupRepositories are pages (else arrays), and Jobs takes filters.
    pages: bool = False
    #: There are CopyJobs.
    copies: bool = True
    #: A job carries its selectedItems.
    items_in_job: bool = False
    #: The sessions of one backup job, and of one copy job (v6: of all copy jobs).
    sessions_of_job: str = "JobSessions?jobId={id}"
    sessions_of_copy: str = "JobSessions?jobId={id}"
    #: JobSessions takes endTimeLowerBound.
    end_bound: bool = True
    #: Sessions list their ProcessedObjects.
    objects: bool = True
    #: What makes GET Organizations answer without asking a proxy, which may be away.
    organizations: dict = field(default_factory=dict)
    #: What a login sends besides the grant.
    login: dict = field(default_factory=dict)
    #: There is token/logout.
    logout: bool = True
    #: One address per action (else one for all, which the body names).
    action_paths: bool = True
    #: The start of a backup job, and of a copy job, has a body that says whether it is full.
    level_of_job: bool = True
    level_of_copy: bool = False


_NO_ANTIFORGERY = {"disable_antiforgery_token": "true"}

#: Newest first: the order of probing.
VERSIONS = {
    "v8": Version(pages=True, login=_NO_ANTIFORGERY),
    "v7": Version(items_in_job=True, login=_NO_ANTIFORGERY),
    "v6": Version(
        items_in_job=True,
        sessions_of_job="Jobs/{id}/JobSessions",
        sessions_of_copy="JobSessions?jobType=Copy",
        objects=False,
        organizations={"extendedView": "false"},
        logout=False,
        level_of_copy=True,
    ),
    "v5": Version(
        copies=False,
        sessions_of_job="Jobs/{id}/JobSessions",
        end_bound=False,
        objects=False,
        logout=False,
        action_paths=False,
        level_of_job=False,
    ),
}

_BY_CODE = {
    "ResourceNotFound": NotFound,
    "ResourceAccessDenied": PermissionDenied,
    "OperationConflict": Conflict,
    "Timeout": Unreachable,
    "ProxyOffline": Unreachable,
}
#: What means something else in the answer to a write: it may have been done, or it was surely refused.
_BY_CODE_OF_WRITE = {**_BY_CODE, "Timeout": LostAnswer, "ProxyOffline": ProtocolError}
_BY_STATUS = {403: PermissionDenied, 404: NotFound, 409: Conflict}
_LOGIN_HINT = (
    "Check username (DOMAIN\\user for a Windows account) and password. The account needs the role Veeam Backup "
    'Administrator, and with MFA it must be marked as a service account; "Enable restore operator authentication '
    'only" in the REST API settings shuts everybody else out.'
)
_SERVICE_HINT = (
    "Check url (https://server:4443 by default) and whether the REST service is enabled in the Veeam console; after an "
    "upgrade of a separate REST server it must be enabled again."
)


class VeeamM365Client(ProductClient):
    """Methods are named after the calls. A session is ``{token, refresh_token, expires_at, account, api_version}``."""

    def __init__(self, connection):
        super().__init__(connection)
        asked = connection.api_version or "auto"
        self._api_version = None if asked == "auto" else asked
        self._served = False

    # -- version -----------------------------------------------------------------------------------------------------
    @property
    def api_version(self) -> str:
        """``v5`` to ``v8``: the one asked for, else the one of the kept session, else the newest that is served."""
        with self._lock:
            if self._api_version is None:
                # A login probes by itself; a session from the cache knows its version; a given token knows nothing.
                self._api_version = self.session().get("api_version") or self._newest()
            return self._api_version

    @property
    def version(self) -> Version:
        return VERSIONS[self.api_version]

    def serves(self, api_version) -> bool:
        """Whether the server has a version: GET ServiceInstance without credentials, 404 when it has not."""
        path = "/{0}/ServiceInstance".format(api_version)
        response = self.http.request("GET", path)
        if response.status_code in (401, 403):
            return True
        if response.status_code == 200:
            return isinstance(self.http.json(response), dict)
        if response.status_code == 404:
            return False
        raise ProtocolError(
            "GET {0} was answered with HTTP {1}: this does not look like Veeam Backup for Microsoft 365.".format(
                path, response.status_code
            ),
            hint=_SERVICE_HINT,
            status=response.status_code,
        )

    def _newest(self):
        for name in VERSIONS:
            if self.serves(name):
                self._served = True
                return name
        raise self._none_served()

    @staticmethod
    def _none_served():
        return NotFound(
            "The server at url has no REST API of Veeam Backup for Microsoft 365 (v5 to v8 were looked for).",
            hint=_SERVICE_HINT,
            status=404,
        )

    def _need_served(self, api_version):
        """Raise Unsupported when the server has not got the version that was asked for."""
        if self._served or self.serves(api_version):
            self._served = True
            return
        others = [name for name in VERSIONS if name != api_version and self.serves(name)]
        if not others:
            raise self._none_served()
        raise Unsupported(
            "api_version: the server does not have {0}; it has {1}.".format(api_version, ", ".join(others)),
            hint="Set api_version to one of these, or to auto.",
            status=404,
        )

    # -- login -------------------------------------------------------------------------------------------------------
    def login(self):
        if self._api_version is None:
            self._api_version = self._newest()
        dead = self._session
        if dead and dead.get("refresh_token"):
            try:
                return self._token({"grant_type": "refresh_token", "refresh_token": dead["refresh_token"]})
            except AuthenticationError:
                pass  # it dies too, after a time that is not documented: then the password counts
        return self._token(
            {
                "grant_type": "password",
                "username": self.connection.username,
                "password": self.connection.password,
            }
        )

    def _token(self, form):
        """POST token. It changes nothing but the list of tokens, so lost answers and 503 are tried again like a read."""
        path = "/{0}/token".format(self._api_version)
        form = {**form, **VERSIONS[self._api_version].login}
        response = self.http.request("POST", path, data=form, headers={"Accept": "application/json"})
        status = response.status_code
        if status == 404:
            self._need_served(self._api_version)
        if 400 <= status < 500 and status != 404:
            words = self._words_of(response)[0]
            raise AuthenticationError(
                "Veeam refused the login of {0} (HTTP {1}){2}.".format(
                    self.connection.username or "the given account", status, ": " + words if words else ""
                ),
                hint=_LOGIN_HINT,
                status=status,
            )
        body = mapping(self.check(response, read=True))
        token = text(body.get("access_token"))
        if token is None:
            raise ProtocolError(
                "The answer of POST {0} has no access_token.".format(path), hint="Check url.", status=status
            )
        self._served = True
        session = {
            "token": token,
            "api_version": self._api_version,
            "account": text(body.get("userName")) or self.connection.username,
        }
        if text(body.get("refresh_token")):
            session["refresh_token"] = text(body.get("refresh_token"))
        if integer(body.get("expires_in")):
            session["expires_at"] = time.time() + integer(body.get("expires_in"))
        return session

    def authorize(self, session):
        return {"Authorization": "Bearer " + session["token"], "Accept": "application/json"}

    def logout(self, session):
        version = session.get("api_version") or self._api_version
        if version and VERSIONS[version].logout:
            path = "/{0}/token/logout".format(version)
            self.check(self.http.request("POST", path, read=False, headers=self.authorize(session)), read=False)

    # -- answers -----------------------------------------------------------------------------------------------------
    def check(self, response, read):
        """The body; None when it is empty. Any 2xx is success: the versions differ in which one they send.

        But not for a write whose body is an error (vendor's and others' clients look for ``message``) or no JSON.
        """
        status = response.status_code
        if status == 401:
            raise SessionExpired(
                "Veeam did not accept the session ({0}, HTTP 401).".format(_name_of(response)), status=status
            )
        if not 200 <= status < 300:
            raise self._refusal(response, *self._words_of(response), read)
        if read:
            return self.http.json(response) if response.content else None
        try:
            body = self.http.json(response) if response.content.strip() else None
        except ProtocolError as error:
            raise LostAnswer(error.message, error.hint, status) from error
        if isinstance(body, dict) and "id" not in body:
            words, code = self._words_of(response)
            if words or code:
                raise self._refusal(response, words, code, read)
        return body

    def _refusal(self, response, words, code, read):
        status = response.status_code
        kind = (_BY_CODE if read else _BY_CODE_OF_WRITE).get(code) or _BY_STATUS.get(status) or ProtocolError
        return kind(
            self.http.redact(
                "Veeam refused {0} (HTTP {1}){2}.".format(_name_of(response), status, ": " + words if words else "")
            ),
            hint="The account needs the role Veeam Backup Administrator." if kind is PermissionDenied else None,
            status=status,
            code=code,
        )

    def _words_of(self, response):
        """``(message, errorCode)`` of a refusal: OAuth style or ``{"message"}``; bodies may be empty or no JSON."""
        try:
            body = mapping(response.json())
        except ValueError:
            return None, None
        words = text(body.get("error_description")) or text(body.get("message")) or text(body.get("error"))
        return excerpt(words, self.http.redact) if words else None, text(body.get("errorCode"))

    def read(self, path, params=None):
        """GET a path below the version."""
        return self._below("GET", path, params=params)

    def write(self, path, body=None):
        """POST to a path below the version, once. What the answer says; {} when nothing."""
        return mapping(self._below("POST", path, read=False, json=body))

    def _below(self, method, path, **more):
        api_version = self.api_version
        try:
            body = self.call(method, "/{0}/{1}".format(api_version, path), **more)
        except NotFound:
            self._need_served(api_version)
            raise
        self._served = True
        return body

    def rows(self, path, params=None, paged=True, page_size=None, concurrency=1):
        """All rows of a collection, array or pages."""

        def fetch(offset, limit):
            asked = dict(params or {})
            if paged or offset:
                asked.update(limit=limit, offset=offset)
            return self._page(path, self.read(path, asked))

        size = min(page_size or self.connection.page_size, LARGEST_PAGE)
        return PagedList(fetch, lambda row: text(row.get("id")) or str(row), size, concurrency)

    @staticmethod
    def _page(path, body):
        if isinstance(body, list):
            return Page([row for row in body if isinstance(row, dict)], None, False)
        if isinstance(body, dict) and isinstance(body.get("results", 0), (list, type(None))):
            rows = [row for row in body["results"] or () if isinstance(row, dict)]
            more = bool(mapping(body["_links"]).get("next")) if "_links" in body else None
            return Page(rows, integer(body.get("totalCount")), more)
        raise ProtocolError(
            "The answer of GET {0} is not a list of rows.".format(path.partition("?")[0]), hint="Check url."
        )

    # -- calls -------------------------------------------------------------------------------------------------------
    def service_instance(self):
        """``{installationId, version}``."""
        return mapping(self.read("ServiceInstance"))

    def jobs(self, organization_id=None, repository_id=None):
        """Backup jobs; only v8 filters."""
        return self._filtered("Jobs", organization_id, repository_id)

    def copy_jobs(self, organization_id=None, repository_id=None):
        return self._filtered("CopyJobs", organization_id, repository_id)

    def _filtered(self, path, organization_id, repository_id):
        asked = {"organizationId": organization_id, "repositoryId": repository_id} if self.version.pages else {}
        return self.rows(path, {name: value for name, value in asked.items() if value}, self.version.pages)

    def job(self, id):
        return mapping(self.read("Jobs/" + id))

    def copy_job(self, id):
        return mapping(self.read("CopyJobs/" + id))

    def selected_items(self, id):
        """What a backup job protects."""
        return list(self.rows("Jobs/{0}/SelectedItems".format(id), paged=self.version.pages))

    def job_sessions(self, end_from=None):
        """Sessions of all jobs. ``end_from``: an RFC 3339 time; v5 ignores it."""
        params = {"endTimeLowerBound": end_from} if end_from and self.version.end_bound else None
        return self.rows("JobSessions", params, concurrency=self.http.concurrency)

    def sessions_of(self, id, is_copy):
        """Sessions of one job, order unspecified; for a copy job in v6 those of all copy jobs."""
        version = self.version
        path = (version.sessions_of_copy if is_copy else version.sessions_of_job).format(id=id)
        return self.rows(path, page_size=min(100, self.connection.page_size))

    def job_session(self, id):
        return mapping(self.read("JobSessions/" + id))

    def processed_objects(self, id):
        """``[{id, type, status}]`` of a session, from v7 on."""
        return list(self.rows("JobSessions/{0}/ProcessedObjects".format(id)))

    def organizations(self):
        return self.rows("Organizations", self.version.organizations, self.version.pages)

    def repositories(self):
        return self.rows("BackupRepositories", paged=self.version.pages)

    # -- actions -----------------------------------------------------------------------------------------------------
    def act(self, id, is_copy, verb, full=None):
        """Enable, disable, start or stop a backup job or copy job. v8 answers a start with the session.

        ``full``: whether a start is a full one, None where the call has no body. Calls: vendor page "Managing Backup
        Jobs" (v5), OpenAPI documents (v6 to v8; only there the body of a start is required).
        """
        place = "{0}/{1}/".format("CopyJobs" if is_copy else "Jobs", id)
        if not self.version.action_paths:
            return self.write(place + "action", {verb: None})
        return self.write(place + verb, None if full is None else {"full": full})

    # -- restore sessions --------------------------------------------------------------------------------------------
    def organization(self, id, with_range=False):
        """One organization; ``with_range``: with firstBackuptime and lastBackuptime, for which a proxy is asked."""
        return mapping(
            self.read("Organizations/" + id, {"extendedView": "true" if with_range else "false"})
        )  # fmt: skip

    def explore(self, place, options):
        """Open a restore session. ``place``: ``Jobs/{id}`` or ``Organizations/{id}``. Answers 200 or 201, or nothing.

        Calls: vendor page "Managing Backup Jobs" (v5), OpenAPI documents RESTExploreOptions (v6 to v8).
        """
        if not self.version.action_paths:
            return self.write(place + "/action", {"explore": options})
        return self.write(place + "/explore", options)

    def restore_session(self, id):
        return mapping(self.read("RestoreSessions/" + id))

    def restore_sessions(self, start_from=None, start_to=None):
        """Restore sessions of all accounts, a page in each version; bounds are RFC 3339 times of their creation."""
        bounds = {"startTimeFrom": start_from, "startTimeTo": start_to}
        return self.rows("RestoreSessions", {name: value for name, value in bounds.items() if value})

    def stop_restore_session(self, id):
        if not self.version.action_paths:
            return self.write("RestoreSessions/{0}/action".format(id), {"stop": None})
        return self.write("RestoreSessions/{0}/Stop".format(id))


def _name_of(response):
    return "{0} {1}".format(response.request.method, response.request.path_url.partition("?")[0])
