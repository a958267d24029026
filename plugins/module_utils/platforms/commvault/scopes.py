# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The levels above subclients whose backups can be switched: client, client group, CommCell. Private to this collection.

They are no jobs. To be switched, and put back, like one, each appears as a record that tells its name and its own flag;
its ``entity`` is the name of the level.
"""

from __future__ import annotations

import fnmatch

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    BackupOpsError,
    InvalidError,
    NotFound,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Listing
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.client import lacks_call
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, text
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import mapping as dict_of

CLIENT, CLIENT_GROUP, COMMCELL = "client", "client_group", "commcell"
#: activityType of backups ("data management"), in activity control of every level.
BACKUP = 1
#: The id of a CommCell in its own eyes (client code).
LOCAL_COMMCELL = "2"


class Scopes:
    """What CommvaultPlatform reads of the levels above subclients."""

    def _list_scope(self, scope, query):
        if scope == COMMCELL and query.ids is not None:
            raise InvalidError(
                "job_ids: the CommCell is one, it takes no ids.", hint="Take them out, or set another commvault.scope."
            )
        listing = Listing()
        read = {CLIENT: self._clients, CLIENT_GROUP: self._client_groups, COMMCELL: self._commcell}[scope]
        listing.records = read(query, listing)
        return listing

    def _clients(self, query, listing):
        """The flag is in GET Client/{id} only: one request for each client that may be meant."""
        if query.ids is None:
            ids = [
                id
                for id, *names in map(_client_names, self.client.get_clients())
                if id and _may_be_meant(query, names[:1], names)
            ]
        else:
            ids = query.ids
        for id, properties in zip(ids, self.client.http.map(self._client_or_none, ids)):
            found, name, shown = _client_names(dict_of(dict_of(properties.get("client")).get("clientEntity")))
            if found != id:
                listing.missing.append(id)
                continue
            control = dict_of(dict_of(properties.get("clientProps")).get("clientActivityControl"))
            enabled, again = mapping.backups_in(control.get("activityControlOptions"))
            other = [model.workload_object(shown, id=id, type="client")] if shown and shown != name else None
            yield self._scope_record(
                CLIENT, id, name, enabled, again, {"client_id": id}, model.workload(name, objects=other)
            )

    def _client_or_none(self, id):
        if not mapping.is_id(id):
            return {}
        try:
            return self.client.get_client(id)
        except NotFound:
            return {}

    def _client_groups(self, query, listing):
        """The flag is in GET V4/ServerGroup/{id} only, which does not tell when the server enables it again."""
        try:
            groups = self.client.get_server_groups()
        except BackupOpsError as error:
            raise _explained(error, "client groups") from error
        names = {text(group.get("id")): text(group.get("name")) for group in groups}
        if query.ids is None:
            ids = [id for id, name in names.items() if id and _may_be_meant(query, [name], [name])]
        else:
            ids = [id for id in query.ids if id in names]
            listing.missing += [id for id in query.ids if id not in names]
        for id, group in zip(ids, self.client.http.map(self.client.get_server_group, ids)):
            enabled = flag(dict_of(group.get("activityControl")).get("databackup"))
            yield self._scope_record(CLIENT_GROUP, id, names[id], enabled, None, {"client_group_id": id})

    def _commcell(self, query, listing):
        about = dict_of(self.client.commserv().get("commcell"))
        try:
            controls = self.client.get_commcell_activity()
        except BackupOpsError as error:
            raise _explained(error, "the CommCell") from error
        control = next((one for one in map(dict_of, controls) if integer(one.get("activityType")) == BACKUP), {})
        id, name = text(about.get("commCellId")) or LOCAL_COMMCELL, text(about.get("commCellName"))
        again = mapping.timestamp_of(control.get("reEnableTime"))
        yield self._scope_record(COMMCELL, id, name, flag(control.get("enabled")), again, {"commcell_id": id})

    def _scope_record(self, scope, id, name, enabled, again, native, workload=None):
        return model.job_record(
            model.uid_of(self.uid_prefix(scope), id),
            self.traits.name,
            self.connection.endpoint,
            scope,
            id,
            name=name or id,
            type="backup",
            enabled=enabled,
            workload=workload or model.workload(),
            native={**native, "enabled_again_at": again},
        )


def _client_names(entity):
    """``(id, name, display name)`` of a clientEntity."""
    return text(entity.get("clientId")), text(entity.get("clientName")), text(entity.get("displayName"))


def _may_be_meant(query, names, clients):
    """Whether something called ``names``, of the client called ``clients``, can fit the query; spares its reading."""
    if query.clients:
        wanted = {name.casefold() for name in query.clients}
        if not any((name or "").casefold() in wanted for name in clients):
            return False
    return not query.names or any(
        name == entry or fnmatch.fnmatchcase(name or "", entry) for name in names for entry in query.names
    )


def _explained(error, what):
    """The error of a V4 call; where the server has no such call, one that says which release has."""
    if not lacks_call(error):
        return error
    return Unsupported(
        "This CommServe does not tell whether the backups of {0} are enabled.".format(what),
        hint="commvault.scope {0} needs release 11.32 or later.".format(
            "client_group" if what == "client groups" else "commcell"
        ),
        status=error.status,
    )
