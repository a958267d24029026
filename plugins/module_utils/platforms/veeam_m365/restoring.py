# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Veeam's restore sessions ("explore"): open, find again, read, stop, list. Private to this collection."""

from __future__ import annotations

import re
import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    InvalidError,
    NotFound,
    ProtocolError,
    Unreachable,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Listing, SessionTarget
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import mapping
from ansible_collections.backupops.jobs.plugins.module_utils.times import from_iso
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import text

TYPES = ("vex", "veod", "vesp", "vet")
#: The server's clock is known to a second, and we look a little further back than a request can have begun.
CLOCK_SLACK_S, BEFORE_S = 2, 120

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STATES = {"working": sessions.OPEN, "starting": sessions.OPEN, "stopped": sessions.CLOSED, "stopping": sessions.CLOSED}
_RESULTS = {"success": model.SUCCESS, "warning": model.WARNING, "failed": model.FAILED}
_EXPLORERS = (
    'If the server says that the session "cannot be created": the Veeam Explorer for this type is missing or outdated on '
    "the server, or it runs on Windows Server Core."
)


class Restoring:
    """The restore sessions of VeeamM365Platform: browsing only, no restore of data.

    The server stops an idle session by itself, after a time that it does not tell; that it does not end them with a
    login is not documented, so the runner does not log out.
    """

    # -- what is meant -----------------------------------------------------------------------------------------------
    def check_session(self, order):
        if order.session_id is not None:
            _need_uuid(order.session_id, "session_id")
            return
        for option in ("job_id", "organization_id"):
            if getattr(order, option) is not None:
                _need_uuid(getattr(order, option), option)
        if order.job_id is None and order.organization_id is None and order.organization is None:
            raise InvalidError(
                "job_id: not given; Veeam {0}.".format(
                    "opens a session from a job or an organization"
                    if order.state == "started"
                    else "needs session_id, or the job or organization that the session was opened from"
                ),
                hint="Give job_id, organization_id or organization.",
            )
        if order.state == "started" and order.type is None:
            raise InvalidError(
                "type: not given; it says what the session shows.",
                hint="vex is Exchange, veod OneDrive, vesp SharePoint, vet Teams.",
            )

    def session_key(self, order):
        if order.job_id is not None:
            return {"job_id": order.job_id.lower()}
        return {"organization_id": (order.organization_id or self._organization_called(order.organization)).lower()}

    def session_target(self, order):
        job = None
        if order.job_id is not None:
            try:
                job = mapping.job_of(self.client.job(order.job_id))
            except NotFound as error:
                raise NotFound(
                    "job_id: Veeam knows no backup job {0}.".format(order.job_id),
                    hint="Copy jobs cannot be opened; open their organization.",
                    status=error.status,
                ) from error
            organization_id = job.organization_id
        else:
            organization_id = order.organization_id or self._organization_called(order.organization)
        row = self._organization_row(organization_id, order)
        client = text(row.get("name")) or text(row.get("officeName"))
        first, last = from_iso(row.get("firstBackuptime")), from_iso(row.get("lastBackuptime"))
        told = order.check_range and "firstBackuptime" in row or row.get("isBackedup") is False
        return SessionTarget(
            source=(
                sessions.source("job", job.id, job.name, client)
                if job
                else sessions.source("organization", organization_id, client, client)
            ),
            type=order.type,
            identity={"deleted": bool(order.deleted), "all_versions": bool(order.all_versions)},
            first=first,
            last=last,
            latest=min(filter(None, (from_iso(job.row.get("lastBackup")), last)), default=None) if job else last,
            empty=(
                "{0} has no backup yet, so there is nothing to show.".format(client or organization_id)
                if order.check_range and told and first is None and last is None
                else None
            ),
            native={"before": []},
        )

    def _organization_row(self, id, order):
        """The organization with its range, if that is wanted: a proxy is asked for it and may be away."""
        if id is None:
            if order.check_range:
                raise ProtocolError(
                    "The server does not tell the organization of the job, so the range of its backups is not known.",
                    hint="check_range: false opens a session without looking.",
                )
            return {}
        try:
            return self.client.organization(id, order.check_range)
        except NotFound as error:
            raise NotFound(
                "{0}: Veeam knows no organization {1}.".format("job_id" if order.job_id else "organization_id", id),
                hint="There are: {0}.".format(self._known_organizations()),
                status=error.status,
            ) from error
        except (Unreachable, ProtocolError) as error:
            if error.status is None:
                raise
            if not order.check_range:
                self.warn("The name of the organization could not be read: {0}".format(error.message))
                return {}  # v5 always asks a proxy
            raise type(error)(
                "The first and last backup of the organization could not be read: {0}".format(error.message),
                hint="They are asked from a backup proxy, which must be online; check_range: false opens without looking.",
                status=error.status,
                code=error.code,
            ) from error

    def _organization_called(self, name):
        rows = self.organizations()
        found = [row["id"] for row in rows if name in (row["name"], row["office_name"])]
        if not found:
            folded = name.casefold()
            found = [
                r["id"] for r in rows if folded in ((r["name"] or "").casefold(), (r["office_name"] or "").casefold())
            ]
        if len(found) == 1 and found[0]:
            return found[0]
        if found:
            raise Ambiguous(
                "organization: {0!r} is the name of {1} organizations, with the ids {2}.".format(
                    name, len(found), ", ".join(sorted(map(str, found)))
                ),
                hint="Use organization_id.",
            )
        raise NotFound(
            "organization: Veeam knows no organization {0!r}.".format(name),
            hint="There are: {0}.".format(self._known_organizations(rows)),
        )

    def _known_organizations(self, rows=None):
        rows = self.organizations() if rows is None else rows
        return ", ".join("{0} ({1})".format(row["name"], row["id"]) for row in rows[:20]) or "none"

    # -- open --------------------------------------------------------------------------------------------------------
    def open_session(self, order, target):
        """One POST; v5 may answer without a body. The ids that are there before tell a new session from others."""
        target.native["before"] = [
            text(row.get("id")) for row in self.client.restore_sessions(self._server_time(time.time() - BEFORE_S))
        ]
        kind = "Jobs" if target.source["kind"] == "job" else "Organizations"
        try:
            answer = self.client.explore("{0}/{1}".format(kind, target.source["id"]), self._explore_options(order))
        except ProtocolError as error:
            raise ProtocolError(error.message, error.hint or _EXPLORERS, error.status, error.code) from error
        if mapping.known_id(answer.get("id")) is None:
            return None
        return self._session(answer)

    def _explore_options(self, order):
        """The body as each version spells it. The latest is asked for by the server's present time.

        Vendor page "Managing Backup Jobs": a time after the last backup opens that one. What is not asked for is left
        out.
        """
        old = not self.client.version.action_paths
        moment = order.point_text or self._server_time(time.time())
        body = {"datetime" if old else "dateTime": moment, "type": order.type if old else order.type.capitalize()}
        if order.deleted is not None:
            body["showDeleted"] = order.deleted
        if order.all_versions is not None:
            body["showAllVersions"] = order.all_versions
        return body

    def _server_time(self, ours):
        return model.timestamp(ours + (self.client.http.clock_offset or 0))

    def _learn_time(self):
        """Make sure that the server's clock is known: by its first answer, which a kept login does without."""
        if self.client.http.clock_offset is None:
            list(self.client.restore_sessions(model.timestamp(time.time())))

    def lost_session(self, order, target, since, known):
        """A session that is new, open, ours, and of this organization and type; the job of a session is not told."""
        self._learn_time()
        offset = self.client.http.clock_offset or 0
        before = set(target.native.get("before") or ()) | known
        found = []
        for row in self.client.restore_sessions(self._server_time(since - BEFORE_S)):
            session = self._session(row)
            created = from_iso(row.get("creationTime"))
            if (
                session["id"] not in before
                and session["state"] == sessions.OPEN
                and session["type"] == target.type
                and created is not None
                and created >= int(since + offset) - CLOCK_SLACK_S
                and _same_text(session["source"]["client"], target.source["client"])
                and self._is_ours(session["initiated_by"]["name"])
            ):
                found.append(session)
        if len(found) > 1:
            raise Ambiguous(
                "Several new sessions could be the one whose answer was lost: {0}.".format(
                    ", ".join(sorted(session["id"] for session in found))
                ),
                hint="Stop those that nobody needs by session_id, and try again.",
            )
        return found[0] if found else None

    def _is_ours(self, account):
        """Whether an account of the product's (``SERVER\\name``) can be the one that we use; unknown counts as yes."""
        mine = self.connection.username or self.client.session().get("account")
        return not account or not mine or _bare(account) == _bare(mine)

    # -- read, stop, list --------------------------------------------------------------------------------------------
    def read_session(self, id, kind, known=None):
        """Seen in client code: an ended session may also be answered with 400."""
        try:
            row = self.client.restore_session(id)
        except NotFound:
            return None
        except ProtocolError as error:
            if error.status == 400:
                return None
            raise
        return self._session(row)

    def stop_session(self, session):
        self.client.stop_restore_session(session["id"])

    def check_session_query(self, query):
        for id in query.ids or ():
            _need_uuid(id, "session_ids")
        if query.organization_id is not None:
            _need_uuid(query.organization_id, "organization_id")

    def list_sessions(self, query):
        listing = Listing()
        listing.records = self._sessions(query, listing)
        return listing

    def _sessions(self, query, listing):
        if query.kinds and sessions.BROWSE not in query.kinds:
            return
        wanted = None
        if query.organization is not None:
            wanted = self._organization_called(query.organization)
        elif query.organization_id is not None:
            wanted = query.organization_id
            if wanted.lower() not in {row["id"].lower() for row in self.organizations() if row["id"]}:
                raise NotFound(
                    "organization_id: Veeam knows no organization {0}.".format(wanted),
                    hint="There are: {0}.".format(self._known_organizations()),
                )
        if query.ids is not None:
            rows = self._by_id(query.ids, self.client.restore_session, listing)
        else:
            rows = self.client.restore_sessions(
                None if query.since is None else model.timestamp(int(query.since)),
                None if query.until is None else model.timestamp(int(query.until) + 1),
            )
        for row in rows:
            session = self._session(row, True)
            if wanted is None or (session["source"]["id"] or "").lower() == wanted.lower():
                yield session
        listing.truncated = getattr(rows, "truncated", False)

    def _session(self, row, with_id=False):
        """A RESTRestoreSession (OpenAPI v6 to v8) as a record. ``organization`` is a name; the job is not told."""
        word, end = text(row.get("state")), model.timestamp(from_iso(row.get("endTime")))
        state = sessions.CLOSED if end else _STATES.get((word or "working").lower(), model.UNKNOWN)
        if state == model.UNKNOWN:
            self.warn("Veeam sent the unknown state {0!r} of a restore session.".format(word))
        result = None
        if state == sessions.CLOSED:
            result = _RESULTS.get((text(row.get("result")) or "").lower(), model.UNKNOWN)
        client = text(row.get("organization"))
        return sessions.session_record(
            text(row.get("id")),
            self.traits.name,
            sessions.BROWSE,
            type=(text(row.get("type")) or "").lower() or None,
            state=state,
            result=result,
            source=sessions.source("organization", self._id_of(client) if with_id else None, client, client),
            created_at=model.timestamp(from_iso(row.get("creationTime"))),
            ended_at=end,
            initiated_by=model.initiated_by(text(row.get("initiatedBy"))),
        )

    def _id_of(self, name):
        """The id of an organization, where exactly one has this name."""
        found = [id for id, called in self._names_of("organizations").items() if called == name]
        return found[0] if len(found) == 1 else None


def _need_uuid(value, option):
    if not _UUID.fullmatch(value):
        raise InvalidError("{0}: {1!r} is not an id of Veeam's (a UUID).".format(option, value))


def _bare(account):
    """The name of an account without its domain."""
    return account.rpartition("\\")[2].partition("@")[0].casefold()


def _same_text(one, other):
    return one is None or other is None or one.casefold() == other.casefold()
