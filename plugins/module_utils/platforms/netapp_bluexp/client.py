# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The calls of NetApp BlueXP backup and recovery (``cloudmanager_cbs``). Private to this collection.

Sources: NetApp's Swagger document 2.0.6 of the API and its pages on tokens and connectors.
"""

from __future__ import annotations

import time
from urllib.parse import quote, urlsplit

from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    AuthenticationError,
    Conflict,
    LostAnswer,
    NotFound,
    PermissionDenied,
    ProtocolError,
    SessionExpired,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.client import ProductClient
from ansible_collections.backupops.jobs.plugins.module_utils.redaction import excerpt
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import listed, mapping, number, text

#: Hosts of the service itself; anything else is a private mode, a proxy or a simulator.
SAAS_HOSTS = ("cloudmanager.cloud.netapp.com", "api.bluexp.netapp.com")
SAAS_TOKEN_URL = "https://netapp-cloud-account.auth0.com/oauth/token"
SAAS_AGENTS_URL = "https://api.services.cloud.netapp.com"
AUDIENCE = "https://api.cloud.netapp.com"
#: The client of every user token: public, the same for everybody (vendor page Create a user token).
PUBLIC_CLIENT_ID = "Mu0V1ywgYteI6w1MbD15fKfVIUrNXGWC"
AGENT_SUFFIX = "clients"
#: A token is renewed so long before its end (seconds), or in the last tenth of a short life.
RENEW_BEFORE_S = 60
#: Rows a page of a list of files.
FILES_A_PAGE = 1000


class NetappBluexpClient(ProductClient):
    """Token, account and agent are found with the first call that needs them. Tokens cannot be revoked: no logout."""

    def __init__(self, connection):
        super().__init__(connection)
        self._saas = urlsplit(connection.url).hostname in SAAS_HOSTS
        self._account = connection.account_id
        self._agent = connection.agent_id and _with_suffix(connection.agent_id)

    # -- session -----------------------------------------------------------------------------------------------------
    def login(self):
        """A token by the best grant that the credentials allow: ``{"token", "expires_at"}`` (epoch seconds)."""
        # A login changes nothing, so a lost answer may be asked for again; a refusal is final.
        response = self.http.request("POST", self._token_url(), read=True, json=self._grant())
        status = response.status_code
        if status in (400, 401, 403):
            raise AuthenticationError(
                "BlueXP refused the credentials: {0}.".format(self._server_words(response)),
                hint="Check client_id and client_secret, refresh_token, or username and password (federated users "
                "need a refresh_token).",
                status=status,
            )
        if not 200 <= status < 300:
            raise ProtocolError(
                "The token endpoint {0} answered with HTTP {1}.".format(self.http.redact(self._token_url()), status),
                hint="Check url; auth_url takes the whole address, which ends in /oauth/token.",
                status=status,
            )
        body = mapping(self.http.json(response))
        token = text(body.get("access_token"))
        if token is None:
            raise ProtocolError("The answer of the token endpoint has no access_token.", hint="Check auth_url and url.")
        session = {"token": token}
        life = number(body.get("expires_in"))
        if life is not None:
            session["expires_at"] = time.time() + life - min(RENEW_BEFORE_S, life / 10)
        return session

    def _token_url(self):
        if self.connection.auth_url:
            return self.connection.auth_url
        return SAAS_TOKEN_URL if self._saas else self.http.url("/auth/oauth/token")

    def _grant(self):
        """The body of the token request (vendor pages Create a user token, Create a service token)."""
        known = self.connection
        if known.client_id and known.client_secret:
            grant = {"grant_type": "client_credentials", "client_id": known.client_id}
            return dict(grant, client_secret=known.client_secret, audience=AUDIENCE)
        grant = {"client_id": known.client_id or PUBLIC_CLIENT_ID, "audience": AUDIENCE}
        if known.refresh_token:
            return dict(grant, grant_type="refresh_token", refresh_token=known.refresh_token)
        return dict(grant, grant_type="password", username=known.username, password=known.password)

    def session(self):
        """The present session, renewed before its token runs out."""
        session = super().session()
        if session.get("expires_at", float("inf")) <= time.time():
            session = self._renewed(session)
        return session

    def authorize(self, session):
        return {"Authorization": "Bearer " + session["token"]}

    def check(self, response, read):
        """The body as JSON, None when there is none. Errors: status and the vendor's ``{error, message}``."""
        status = response.status_code
        if 200 <= status < 300:
            if not read:
                return self._accepted(response)
            return None if status == 204 else self.http.json(response)
        kind, hint = {
            401: (SessionExpired, "The token was not accepted."),
            403: (PermissionDenied, "Check account_id and the role of this user or service account in it."),
            404: (NotFound, None),
            409: (Conflict, "Another operation is running; try again later."),
        }.get(status, (ProtocolError, "Check agent_id and account_id." if read else None))
        raise kind(
            "BlueXP answered with HTTP {0}: {1}.".format(status, self._server_words(response)),
            hint=hint,
            status=status,
            request_id=response.headers.get("OnCloud-Request-Id"),
        )

    def _accepted(self, response):
        """The body of a write that was answered with success; None when there is none.

        An error inside is a refusal all the same. What is no JSON does not tell whether the write was done.
        """
        if not response.content.strip():
            return None
        try:
            body = self.http.json(response)
        except ProtocolError as error:
            raise LostAnswer(error.message, hint=error.hint, status=error.status) from error
        if mapping(body).get("error"):
            raise ProtocolError(
                "BlueXP refused it inside an answer of HTTP {0}: {1}.".format(
                    response.status_code, self._server_words(response)
                ),
                status=response.status_code,
                code=text(body["error"]),
                request_id=response.headers.get("OnCloud-Request-Id"),
            )
        return body

    def _server_words(self, response):
        """What an error body says, on one line; never the body of something that is not the vendor's JSON."""
        try:
            body = mapping(response.json())
        except ValueError:
            body = {}
        words = body.get("message") or body.get("error_description") or body.get("error")
        return excerpt(text(words) or response.reason or "no reason given", self.http.redact)

    # -- account and agent ---------------------------------------------------------------------------------------------
    def account(self):
        """The account id: given, else the only one that the token sees. Raises Ambiguous, NotFound."""
        with self._lock:
            if self._account is None:
                self._account = _only(
                    [(account["id"], account["name"]) for account in self.accounts()], "account_id", "account"
                )
            return self._account

    def agent(self):
        """The agent id for ``x-agent-id``: given, else the only agent of the account, a ready one first."""
        with self._lock:
            if self._agent is None:
                agents = self.agents()
                ready = [agent for agent in agents if (agent["status"] or "").lower() == "ready"]
                self._agent = _only([(agent["id"], agent["name"]) for agent in ready or agents], "agent_id", "agent")
            return self._agent

    def accounts(self):
        """GET /tenancy/account: ``[{id, name}]``."""
        found = []
        for row in listed(self.call("GET", "/tenancy/account")):
            id = text(mapping(row).get("accountPublicId"))
            if id:
                found.append({"id": id, "name": text(row.get("accountName"))})
        return found

    def agents(self):
        """GET /occm/list-occms/{account}: ``[{id, name, status}]``, ids as ``x-agent-id`` wants them."""
        body = self.call(
            "GET",
            "{0}/occm/list-occms/{1}".format(SAAS_AGENTS_URL if self._saas else "", _quoted(self.account())),
            params={"excludeStandalone": "true", "source": "saas"},
        )
        found = []
        for row in self._rows_of(body, "occms"):
            agent = mapping(row.get("agent"))
            id = text(agent.get("agentId")) or text(row.get("agentId"))
            if id:
                name = text(row.get("occmName")) or text(agent.get("name"))
                found.append({"id": _with_suffix(id), "name": name, "status": text(row.get("status"))})
        return found

    # -- the backup API ------------------------------------------------------------------------------------------------
    def jobs(self, type=None, status=None):
        """GET …/v1/job: all jobs, or those that the server says have this type and status."""
        params = {name: value for name, value in (("type", type), ("status", status)) if value}
        return self._list("/v1/job", "job", params)

    def job(self, id):
        """GET …/v1/job/{jobId}: the job; None for an empty answer. Raises NotFound."""
        rows = self._rows_of(self._backup("/v1/job/" + _quoted(id)), "job")
        return rows[0] if rows else None

    def backup_working_environments(self, partial=False):
        """GET …/v1/backup/working-environment; ``partial``: without asking ONTAP."""
        return self._list(
            "/v1/backup/working-environment", "working-environment", {"partial": "true"} if partial else {}
        )

    def backup_working_environment(self, id):
        """GET …/v1/backup/working-environment/{id}: one system. Raises NotFound."""
        return mapping(self._backup("/v1/backup/working-environment/" + _quoted(id)))

    def backup_volumes(self, system):
        """GET …/v1/backup/working-environment/{id}/volume: its protected volumes."""
        return self._list("/v1/backup/working-environment/{0}/volume".format(_quoted(system)), "volume")

    def backup_volume(self, system, volume):
        """GET …/v1/backup/working-environment/{id}/volume/{id}: one volume. Raises NotFound."""
        return mapping(self._backup("/v1" + _volume_path(system, volume)))

    def change_volume(self, system, volume, state):
        """PUT …/v1/backup/working-environment/{id}/volume/{id}: state PAUSE or RESUME; done when answered, no job.

        Both fields of the body are optional (Swagger document; vendor page "Modify a backed up volume"), and a
        backup-policy would change the policy: only the state is sent.
        """
        self._write("PUT", "/v1" + _volume_path(system, volume), {"state": state})

    def back_up_volume(self, system, volume, policy):
        """POST …/v3/backup/working-environment/{id}/volume/{id}, mode AD_HOC: the id of the job, None when not told.

        backup-policy is optional, its name "Required input" (Swagger document; vendor page "Enable backup for a
        volume (v3)"). Without rules the name only refers to the policy: that it then stays as it is, is inferred.
        """
        body = {"mode": "AD_HOC", "backup-policy": {"name": policy}}
        answer = self._write("POST", "/v3" + _volume_path(system, volume), body)
        return text(mapping(answer).get("job-id"))

    # -- restores and browsing -----------------------------------------------------------------------------------------
    def working_environments(self):
        """GET …/v1/working-environment: all systems, also those without backup."""
        return self._list("/v1/working-environment", "working-environment")

    def volumes(self, system):
        """GET …/v1/working-environment/{id}/volume: all volumes of a system, also those without backup."""
        return self._list("/v1/working-environment/{0}/volume".format(_quoted(system)), "volume")

    def snapshots(self, system, volume):
        """GET …/v1/backup/working-environment/{id}/volume/{id}/snapshot: the backups of a volume. Raises NotFound."""
        return self._list("/v1" + _volume_path(system, volume) + "/snapshot", "snapshot")

    def restore(self, wanted):
        """POST …/v3/restore: the id of the job, None when not told. ``wanted``: the fields of the ``restore`` block."""
        return text(mapping(self._write("POST", "/v3/restore", {"restore": wanted})).get("job-id"))

    def explore(self, system, volume, snapshot):
        """POST …/v1/sfr/…/file-explore/start: make a backup readable; the id of the job, None when not told.

        The two parameters are on the vendor's pages of 2026; older releases document none, and that they ignore them
        is inferred.
        """
        path = "/v1/sfr/working-environment/{0}/volume/{1}/file-explore/start".format(_quoted(system), _quoted(volume))
        answer = self.call(
            "POST",
            self._base() + path,
            read=False,
            headers={"x-agent-id": self.agent()},
            params={"snapshotLocation": "CLOUD", "snapshotId": snapshot},
        )
        return text(mapping(answer).get("job-id"))

    def explore_status(self, volume):
        """GET …/v1/sfr/volume/{id}/file-explore/status: a word that is not published. Raises NotFound."""
        return text(
            mapping(self._backup("/v1/sfr/volume/{0}/file-explore/status".format(_quoted(volume)))).get("status")
        )

    def explored_files(self, system, volume, snapshot, folder):
        """GET …/file-explore/list: rows {inode, name, path, type, size, mtime} of one folder, all pages."""
        path = "/v1/sfr/working-environment/{0}/volume/{1}/snapshot/{2}/file-explore/list".format(
            _quoted(system), _quoted(volume), _quoted(snapshot)
        )
        page, rows = 1, []
        while True:
            body = self._backup(path, {"path": folder, "page": page, "limit": FILES_A_PAGE})
            rows += self._rows_of(body, "context")
            following = mapping(mapping(mapping(body).get("pageConfig")).get("next")).get("page")
            if number(following) is None:
                return rows
            if number(following) <= page:
                raise ProtocolError("The list of {0} does not end: BlueXP sends the same page again.".format(folder))
            page = int(number(following))

    def _backup(self, path, params=None):
        return self.call("GET", self._base() + path, headers={"x-agent-id": self.agent()}, params=params)

    def _write(self, method, path, body):
        return self.call(method, self._base() + path, read=False, headers={"x-agent-id": self.agent()}, json=body)

    def _base(self):
        return "/account/{0}/providers/cloudmanager_cbs/api".format(_quoted(self.account()))

    def _list(self, path, name, params=None):
        """All rows of a list. Only the 2026 pages know a ``cursor``; where one comes it is followed to the end."""
        params, rows, cursors = dict(params or {}), [], set()
        while True:
            body = self._backup(path, params)
            rows += self._rows_of(body, name)
            cursor = text(mapping(body).get("cursor"))
            if cursor is None:
                return rows
            if cursor in cursors:
                raise ProtocolError("The list {0} does not end: BlueXP sends the same cursor again.".format(path))
            cursors.add(cursor)
            params["cursor"] = cursor

    @staticmethod
    def _rows_of(body, name):
        """The rows under ``name``, an array or a single object; what is not the list that was asked for is an error."""
        body = {} if body is None else body
        if not isinstance(body, dict) or (body and name not in body):
            raise ProtocolError(
                "The answer of BlueXP has no {0!r}, which its documentation promises.".format(name), hint="Check url."
            )
        return [row for row in listed(body.get(name)) if isinstance(row, dict) and row]


def _quoted(part):
    return quote(part, safe="")


def _volume_path(system, volume):
    return "/backup/working-environment/{0}/volume/{1}".format(_quoted(system), _quoted(volume))


def _with_suffix(agent):
    """Agent ids end in ``clients``; the form without it is the client id of the same agent."""
    return agent if agent.endswith(AGENT_SUFFIX) else agent + AGENT_SUFFIX


def _only(choices, option, what):
    """The id of the only one of ``[(id, name)]``."""
    if not choices:
        raise NotFound("BlueXP lists no {0} for these credentials.".format(what), hint="Set {0}.".format(option))
    if len(choices) > 1:
        raise Ambiguous(
            "{0}: not given, and there are several: {1}.".format(
                option, ", ".join("{0} ({1})".format(id, name or "no name") for id, name in choices)
            ),
            hint="Set {0} to one of them.".format(option),
        )
    return choices[0][0]
