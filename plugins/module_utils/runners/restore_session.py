# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""restore_session: read, plan, open or stop, verify, wait. Private to this collection."""

from __future__ import annotations

import re
import time

from ansible_collections.backupops.jobs.plugins.module_utils import audit, model, options, sessions, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Ambiguous,
    BackupOpsError,
    InvalidError,
    LostAnswer,
    NotFound,
    ProtocolError,
    Refused,
    SessionExpired,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms import registry
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import (
    NotReady,
    Query,
    SessionOrder,
    SessionTarget,
)
from ansible_collections.backupops.jobs.plugins.module_utils.runners import target as targets
from ansible_collections.backupops.jobs.plugins.module_utils.runners import waiting
from ansible_collections.backupops.jobs.plugins.module_utils.session_records import Kept, SessionRecords, digest

_SOURCE = ("job_id", "organization_id", "organization")
SPEC = dict(
    options.CONNECTION_SPEC,
    state={"type": "str", "choices": ["started", "stopped"], "required": True},
    kind={"type": "str", "choices": list(sessions.KINDS), "default": sessions.BROWSE},
    job_id={"type": "str"},
    organization_id={"type": "str"},
    organization={"type": "str"},
    session_id={"type": "str"},
    point_in_time={"type": "str"},
    type={"type": "str", "choices": ["vex", "veod", "vesp", "vet"]},
    in_place={"type": "bool"},
    overwrite={"type": "bool"},
    show_deleted={"type": "bool"},
    show_all_versions={"type": "bool"},
    reuse={"type": "bool"},
    check_range={"type": "bool"},
    wait={"type": "bool"},
    **waiting.SPEC,
    **audit.SPEC,
    **{
        name: {"type": "dict", "options": traits.restores}
        for name, traits in registry.TRAITS.items()
        if traits.restores
    },
)
CONSTRAINTS = {
    "mutually_exclusive": [_SOURCE] + [("session_id", other) for other in _SOURCE],
}

#: The options that only one state, or one kind, knows.
_ONLY_STATE = {
    **dict.fromkeys(("point_in_time", "show_deleted", "show_all_versions", "reuse", "check_range"), "started"),
    **dict.fromkeys(("in_place", "overwrite"), "started"),
    "session_id": "stopped",
}
_ONLY_KIND = {
    **dict.fromkeys(("in_place", "overwrite"), sessions.RESTORE),
    **dict.fromkeys(("show_deleted", "show_all_versions"), sessions.BROWSE),
}
_MODULE = "backupops.jobs.restore_session"
#: How long a session that was surely or perhaps opened may stay invisible, and one that was stopped stay open (s).
FOUND_S, LOST_S, STOPPED_S = 20, 15, 30
_LOOKS = (0, 0.5, 1, 1, 2, 2, 3, 5)
#: Two relative times in the same words mean the same moment when they were said within so many seconds.
SAME_WORDS_S = 600
_DECIMALS = re.compile(r"\d\d:\d\d:\d\d[.,](\d+)")


def blank():
    """What the documentation promises of every result, before anything is known."""
    return {"changed": False, "session": None, "sessions": [], "files": None, "audit": []}


def run(context):
    """The result of the module restore_session (see its documentation)."""
    context.result.update(blank())
    with targets.opened(context) as platform:
        return _Task(context, platform).work()


def owner_of(platform):
    """Texts that tell whose sessions are meant: server, tenant or account there, login. May need a request."""
    connection = platform.connection
    account = connection.username or connection.client_id or "token"
    return [platform.traits.name, connection.url.lower(), platform.scope, account]


def records_of(platform, context):
    return SessionRecords(
        platform.connection.session_cache.folder, owner_of(platform), context.warn, not context.check_mode
    )


def with_known(session, kept):
    """What the product tells now of a session, completed by what was written down when it was opened."""
    known = kept.session
    merged = dict(session)
    for name in ("kind", "type", "source", "point_in_time"):
        merged[name] = known[name] if known[name] is not None else session[name]
    if any(value is not None for value in known["recovery_point"].values()):
        merged["recovery_point"] = known["recovery_point"]
    if session["run"] is not None:
        merged["kind"] = sessions.RESTORE
    if merged["created_at"] is None:
        merged["created_at"] = known["created_at"]
    if merged["initiated_by"]["name"] is None:
        merged["initiated_by"] = known["initiated_by"]
    return merged


class _Task:
    """One task: its options, and what it has come to."""

    def __init__(self, context, platform):
        self.context, self.platform = context, platform
        self.params = context.params
        self.traits, self.connection = platform.traits, platform.connection
        self.kind = self.params["kind"]
        self.entries, self.diff = [], {"before": {}, "after": {}}

    def work(self):
        self.order = self._order()
        starting = self.order.state == "started"
        registry.require(self.traits.name, sessions.KINDS[self.kind], _WORDS[self.kind])
        if not starting and self.kind == sessions.RESTORE:
            registry.require(self.traits.name, "stop", "have a restore stopped")
        self.platform.check_session(self.order)
        self.records = records_of(self.platform, self.context)
        if self.context.diff:
            self.context.result["diff"] = self.diff
        try:
            if starting:
                self._start()
            else:
                self._stop()
        finally:
            if any(kept.ended_at is None for kept in self.records.all()):
                self.platform.keep_login()  # another session of ours may live by it
        if self.params.get("wait") and not self.context.check_mode:
            self._wait()
        return self.context.result

    # -- the task's own options, before any request ------------------------------------------------------------------
    def _order(self):
        params = self.params
        for option, state in _ONLY_STATE.items():
            if params.get(option) is not None and params["state"] != state:
                raise InvalidError("{0} applies to state {1} only.".format(option, state), hint=_HINTS.get(option))
        for option, kind in _ONLY_KIND.items():
            if params.get(option) is not None and self.kind != kind:
                raise InvalidError("{0} applies to kind {1} only.".format(option, kind))
        for option in waiting.SPEC:
            if params.get(option) is not None and not params.get("wait"):
                raise InvalidError("{0} applies with wait: true only.".format(option))
        for name in registry.TRAITS:
            if params.get(name) and name != self.traits.name:
                raise InvalidError("{0}: these options do not apply to platform {1}.".format(name, self.traits.name))
        self.patience = waiting.Patience.of(params, waiting.accepted_for(params["state"]))
        now = time.time()
        words = params.get("point_in_time")
        point = times.parse_time(words, "point_in_time", now, self.connection.timezone, zone_required=True)
        return SessionOrder(
            state=params["state"],
            kind=self.kind,
            now=now,
            point=point,
            point_text=exact_text(words, point),
            in_place=bool(params.get("in_place")),
            overwrite=bool(params.get("overwrite")),
            deleted=params.get("show_deleted"),
            all_versions=params.get("show_all_versions"),
            check_range=params.get("check_range") is not False,
            reuse=params.get("reuse") is not False,
            options={name: value for name, value in (params.get(self.traits.name) or {}).items() if value is not None},
            patience=self.patience,
            **{name: params.get(name) for name in (*_SOURCE, "session_id", "type")},
        )

    # -- started -----------------------------------------------------------------------------------------------------
    def _start(self):
        order = self.order
        self.key = self.platform.session_key(order)
        self.target = self.platform.session_target(order)
        self._check_range()
        self._check_guards()
        self.words = relative_words(self.params.get("point_in_time"))
        self.identity = digest([order.kind, self.target.type, self.target.identity])
        with self.records.alone(self.key):
            met = self.target.running or (self._reusable() if self.params.get("reuse") is not False else None)
            if met is not None:
                self.platform.keep_login()
                self._report(met)
            elif self.context.check_mode:
                self._report(self._expected(), changed=True)
            else:
                self._open()
        session = self.context.result["session"]
        if session["id"] is not None:
            self.context.result["files"] = self.platform.session_files(order, self.target, session)

    def _check_range(self):
        """Outside of the range the product would open an empty or another session, and say nothing."""
        order, found = self.order, self.target
        if not order.check_range:
            return
        if found.empty:
            raise Refused("{0}".format(found.empty), hint="check_range: false opens a session all the same.")
        if order.point is None:
            return
        asked, name = model.timestamp(order.point), found.source["client"] or found.source["name"]
        if found.first is not None and order.point < found.first:
            raise Refused(
                "point_in_time: {0} is earlier than the first backup of {1} ({2}): there is nothing to show.".format(
                    asked, name, model.timestamp(found.first)
                ),
                hint="Take a later time; check_range: false opens a session all the same.",
            )
        if found.last is not None and order.point > found.last + 1:  # the product's own time is in whole seconds here
            self.context.warn(
                "point_in_time: {0} is later than the last backup of {1}, so that one is opened ({2}).".format(
                    asked, name, model.timestamp(found.last)
                )
            )

    def _check_guards(self):
        """A restore writes: over its own source only with in_place, over anything only with overwrite."""
        if self.target.in_place and not self.order.in_place:
            raise Refused(
                "in_place: this restore would write over its own source, {0}.".format(_named(self.target.source)),
                hint="Give another target, or set in_place: true.",
            )
        if self.target.overwrites and not self.order.overwrite:
            raise Refused(
                "overwrite: this restore would write over {0}.".format(self.target.overwrites),
                hint="Give another target, or set overwrite: true.",
            )

    @property
    def point(self):
        """What the session will show, as it is compared: a recovery point's id, or seconds; None = not known."""
        return shown_point(self.order.point, self.target)

    def _reusable(self):
        """The open session that an earlier task opened just so, or None."""
        mine = self.records.all()
        fitting = [one for one in mine if self._is_same(one)]
        for kept in fitting:
            if kept.ended_at is not None:
                continue
            now = self._found_again(kept, mine) if kept.id is None else self._read(kept)
            if now is not None and sessions.is_open(now):
                return now
            if kept.id is None:
                continue
            self._forget(kept, now or self._over(kept))
            if self.kind == sessions.BROWSE:
                self.context.warn(
                    "The session {0} of {1} has expired or was stopped{2}; a new one is opened.".format(
                        kept.id,
                        _named(kept.session["source"]),
                        " at " + now["ended_at"] if now is not None and now["ended_at"] else "",
                    )
                )
        return None

    def _is_same(self, kept):
        if kept.key != self.key or kept.identity != self.identity:
            return False
        if kept.point is not None and kept.point == self.point:
            return True
        if self.point is None and kept.point is None and self.order.point is None and kept.words is None:
            return True  # "the latest", of a product that does not tell which one that is
        return self.words is not None and kept.words == self.words and self.order.now - kept.sent_at < SAME_WORDS_S

    def _read(self, kept):
        """The session of a record as it is now, or None; a record of one that is over is marked so."""
        now = self.platform.read_session(kept.id, kept.session["kind"], kept.session)
        return None if now is None else with_known(now, kept)

    def _found_again(self, kept, mine):
        """The session whose opening was never answered, if it is there after all."""
        found = SessionTarget(kept.session["source"], kept.session["type"], native=kept.native)
        try:
            now = self.platform.lost_session(self.order, found, kept.sent_at, {one.id for one in mine if one.id})
        except Ambiguous as error:
            self.context.warn(error.message)
            return None
        if now is None:
            return None
        now = with_known(now, kept)
        kept.session = now
        self.records.keep(kept)
        return now

    def _expected(self, id=None):
        """The session that will be there; what the product makes is null."""
        found, point = self.target, self.order.point
        latest = _newest(found)
        if point is None or (latest is not None and point > latest):
            point = latest
        return sessions.session_record(
            id,
            self.traits.name,
            self.kind,
            type=found.type,
            state=sessions.OPEN if self.kind == sessions.BROWSE else None,
            source=found.source,
            point_in_time=model.timestamp(point),
            recovery_point=found.recovery_point or sessions.recovery_point(),
        )

    def _open(self):
        """Send it, once, and come back with the session or with the truth about it."""
        kept = Kept(
            self.records.owner, self.key, self.identity, self._expected(), time.time(), self.point, self.words,
            self.target.native,
        )  # fmt: skip
        self.platform.keep_login()
        self.records.keep(kept)
        try:
            session = self._opened(kept)
            session = with_known(session, kept)
            kept.session = session
            self.records.keep(kept)
        except BackupOpsError as error:
            if not isinstance(error, (_NotSeen, Ambiguous, NotReady)):
                self.records.drop(kept)
            self._note(_OPENS[self.kind], self.target.source, None, None, "failed")
            raise
        self._report(session, changed=True)
        if self.kind == sessions.BROWSE and not sessions.is_open(session):
            raise ProtocolError(
                "The session {0} was opened and ended at once{1}.".format(
                    session["id"], " ({0})".format(session["result"]) if session["result"] else ""
                ),
                hint="Look at the product's own log.",
            )

    def _opened(self, kept):
        """The session record after the request, which is sent a second time only when it surely was not done."""
        for attempt in (1, 2):
            try:
                session = self.platform.open_session(self.order, self.target)
                if session is None:
                    return self._looked_for(kept, FOUND_S, "accepted, but its answer does not name the session")
                return self._with_run(session)
            except LostAnswer as error:
                return self._looked_for(kept, LOST_S, "sent, but its answer was lost", error)
            except SessionExpired:
                if attempt == 2:
                    raise
                # The product did not do it, and the login is new. Planned anew: nothing may have come in between.
                found = self.platform.lost_session(self.order, self.target, kept.sent_at, self._ids())
                if found is not None:
                    return self._with_run(found)
        raise AssertionError("unreachable")

    def _looked_for(self, kept, patience, what, lost=None):
        """Read until the session shows that a request may have opened."""
        if self.kind == sessions.BROWSE and not self.traits.capabilities["list_restore_sessions"].supported:
            patience = 0  # nobody can look
        begun, look = time.monotonic(), 0
        while True:
            pause(_LOOKS[min(look, len(_LOOKS) - 1)])
            look += 1
            try:
                found = self.platform.lost_session(self.order, self.target, kept.sent_at, self._ids())
            except (Ambiguous, NotReady):
                raise
            except BackupOpsError as error:
                found, lost = None, lost or error  # the next look decides; the record stays, whatever happens here
            if found is not None:
                return self._with_run(found)
            if time.monotonic() - begun > patience:
                raise _NotSeen(
                    "The request to open the session was {0}, and no such session shows; it is not sent again.{1}".format(
                        what, " " + lost.message if lost else ""
                    ),
                    hint="Should it appear, the same task takes it, and state: stopped with the same source ends it.",
                )

    def _ids(self):
        return {one.id for one in self.records.all() if one.id}

    def _with_run(self, session):
        """The run of a restore, where the platform has not read it itself."""
        if self.kind != sessions.RESTORE or session["run"] is not None or session["id"] is None:
            return session
        for _look in range(5):
            try:
                listing = self.platform.list_jobs(Query(entity=model.RUN, now=time.time(), ids=[session["id"]]))
                record = next(iter(listing.records), None)
            except BackupOpsError:
                record = None  # it was started: that must not be lost over a read
            if record is not None:
                return self._of_run(session, record)
            pause(1)
        return session

    @staticmethod
    def _of_run(session, record):
        record["health"] = model.run_health(record["state"], record["result"])
        return sessions.session_of_run(
            record, session["type"], session["source"], session["point_in_time"], session["recovery_point"]
        )

    # -- stopped -----------------------------------------------------------------------------------------------------
    def _stop(self):
        found = self._by_id() if self.order.session_id else self._by_source()
        failures, ended = [], []
        for session, kept in found:
            try:
                ended.append(self._ended(session, kept))
            except BackupOpsError as error:
                failures.append(error)
                ended.append(session)
        self.context.result["sessions"] = ended
        self.context.result["session"] = ended[0] if ended else None
        if failures:
            raise failures[0]

    def _by_id(self):
        id = self.order.session_id
        kept = next((one for one in self.records.all() if one.id == id and one.session["kind"] == self.kind), None)
        session = self.platform.read_session(id, self.kind, kept.session if kept else None)
        if session is None and kept is None:
            raise NotFound(
                "session_id: {0} knows no restore session {1}.".format(self.traits.label, id),
                hint="It may have been removed long after its end; restore_session_info lists those that are known.",
            )
        return [(self._over(kept) if session is None else with_known(session, kept) if kept else session, kept)]

    def _by_source(self):
        """The sessions of a source that this account opened with this collection, newest first."""
        key = self.platform.session_key(self.order)
        mine, found = self.records.all(), []
        for kept in mine:
            if kept.key != key or kept.session["kind"] != self.kind:
                continue
            if self.order.type and kept.session["type"] != self.order.type:
                continue
            if kept.ended_at is not None:
                found.append((kept.session, kept))
                continue
            session = self._found_again(kept, mine) if kept.id is None else self._read(kept)
            if session is None and kept.id is None:
                continue
            found.append((session or self._over(kept), kept))
        still_open = [one for one in found if sessions.is_open(one[0])]
        return still_open or found[:1]

    @staticmethod
    def _over(kept):
        """The record of a session that the product has forgotten: it cannot be open any more."""
        if not sessions.is_open(kept.session):
            return kept.session
        state = sessions.CLOSED if kept.session["kind"] == sessions.BROWSE else model.FINISHED
        return dict(kept.session, state=state)

    def _ended(self, session, kept):
        """The session after its end; sends nothing when it has ended already."""
        if not sessions.is_open(session) or session["state"] == model.STOPPING:
            self._forget(kept, session)
            return session
        if self.context.check_mode:
            self._changed(session["source"], session["state"], _END[self.kind])
            return dict(session, state=_END[self.kind])
        before = session
        error, sent = None, 0
        while True:
            try:
                sent += 1
                self.platform.stop_session(session)
                error = None
            except BackupOpsError as caught:
                error = caught
            try:
                session = self._until_ended(session, kept, error)
            except BackupOpsError as problem:
                self._note("stop", session["source"], before["state"], None, "failed", session["id"])
                raise type(problem)(
                    "The stop of {0} was sent, but what became of it could not be read: {1}".format(
                        session["id"], (error or problem).message
                    ),
                    hint=problem.hint,
                    status=problem.status,
                    code=problem.code,
                ) from problem
            if not sessions.is_open(session) or session["state"] == model.STOPPING:
                break
            # Ending a session twice does no harm, once a read has shown that the first attempt did not arrive.
            if sent == 1 and isinstance(error, (LostAnswer, SessionExpired)):
                continue
            self._note("stop", session["source"], before["state"], session["state"], "failed", session["id"])
            raise error or _StillOpen(
                "{0} accepted the stop, but the session {1} still shows as open after {2} s.".format(
                    self.traits.label, session["id"], STOPPED_S
                ),
                hint="Run the task again, or end it in the product's console.",
            )
        self._forget(kept, session)
        refused = error is not None and not isinstance(error, (LostAnswer, SessionExpired))
        status = "unchanged" if refused else "changed"
        self._note("stop", session["source"], before["state"], session["state"], status, session["id"])
        if not refused:
            self._changed(session["source"], before["state"], session["state"])
        return session

    def _until_ended(self, session, kept, error):
        """The session as it is after a stop was sent; how long to look depends on how that went."""
        longest = STOPPED_S if error is None else 3
        begun, look = time.monotonic(), 0
        while True:
            pause(_LOOKS[min(look, len(_LOOKS) - 1)])
            look += 1
            try:
                now = self.platform.read_session(session["id"], self.kind, kept.session if kept else session)
                if now is None:
                    return dict(session, state=_END[self.kind])
                now = with_known(now, kept) if kept else self._unnamed(now, session)
                if not sessions.is_open(now) or now["state"] == model.STOPPING:
                    return now
                session = now
            except BackupOpsError:
                if time.monotonic() - begun > longest:
                    raise
            if time.monotonic() - begun > longest:
                return session

    @staticmethod
    def _unnamed(now, session):
        """A session that is not recorded keeps what was read of it the first time."""
        return dict(now, **{name: now[name] if now[name] is not None else session[name] for name in ("source", "type")})

    def _forget(self, kept, session):
        if kept is not None and session["state"] != model.STOPPING:
            kept.session = session
            self.records.ended(kept)

    # -- wait, report ------------------------------------------------------------------------------------------------
    def _wait(self):
        """Follow the run of a restore to its end. A browse session is open (or closed) when the task returns."""
        context = self.context
        if self.kind != sessions.RESTORE:
            return
        following = [one for one in context.result["sessions"] if one["run"] is not None]
        # One that was stopped by an earlier task may come without its run: there is nothing to wait for.
        if any(one["run"] is None and sessions.is_open(one) for one in context.result["sessions"]):
            raise NotFound("The restore was started, but its run does not show, so it cannot be waited for.")
        waited = waiting.wait_for(self.platform, [one["run"] for one in following], self.patience, context.progress)
        context.result["timeline"] = waited.timeline
        for one in following:
            one.update(self._of_run(one, waited.runs[one["run"]["uid"]]))
        waiting.judge(waited, self.patience)

    def _report(self, session, changed=False):
        self.context.result.update(session=session, sessions=[session])
        if changed:
            if not self.context.check_mode:
                self._note(_OPENS[self.kind], session["source"], None, session["state"], "changed", session["id"])
            self._changed(session["source"], None, sessions.OPEN)

    def _changed(self, source, before, after):
        self.context.result["changed"] = True
        uid = self._uid(source)
        # What the product decides (queued, running…) is no part of what was planned.
        before = sessions.CLOSED if before is None else sessions.OPEN
        after = sessions.OPEN if after == sessions.OPEN else sessions.CLOSED
        self.diff["before"][uid] = {"session": before}
        self.diff["after"][uid] = {"session": after}

    def _note(self, operation, source, before, after, status, id=None):
        """One write in the audit trail."""
        self.entries.append(
            audit.entry(
                self.connection,
                _MODULE,
                operation,
                self._uid(source),
                self.params.get("reason"),
                {"state": before},
                {"state": after, "session_id": id},
                status,
            )
        )
        self.context.result["audit"] = self.entries

    def _uid(self, source):
        kind = model.DEFINITION if source["kind"] == "job" else source["kind"] or "session"
        return model.uid_of(self.platform.uid_prefix(kind), source["id"] or source["name"] or "")


_WORDS = {sessions.BROWSE: "have a backup browsed", sessions.RESTORE: "have data restored"}
_OPENS = {sessions.BROWSE: "open", sessions.RESTORE: "restore"}
_END = {sessions.BROWSE: sessions.CLOSED, sessions.RESTORE: model.FINISHED}
_HINTS = {"session_id": "A session is opened from a job or an organization."}


class _NotSeen(BackupOpsError):
    """A session may have been opened, and nobody can see it."""

    kind = "unreachable"


class _StillOpen(BackupOpsError):
    """The product says that it has ended the session, and shows it as open."""

    kind = "protocol"


def exact_text(words, point):
    """A point in time as RFC 3339 in UTC, with the decimals that the user wrote; None for None."""
    if point is None:
        return None
    decimals = _DECIMALS.search(words)
    text = model.timestamp(round(point - float("0." + decimals.group(1))) if decimals else point)
    if text is None:
        raise InvalidError("point_in_time: {0!r} is no time at which there were backups.".format(words))
    return text[:-1] + ("." + decimals.group(1) if decimals else "") + "Z"


def relative_words(words):
    """A relative time as the user wrote it, without blanks; None for any other time."""
    text = "".join((words or "").split())
    return text.lstrip("-") if re.fullmatch(r"-?\d+[smhdwy]", text) else None


def _newest(target):
    return target.last if target.latest is None else target.latest


def shown_point(point, target):
    """What a session of ``target`` at ``point`` shows: a recovery point's id, seconds, or None (not known)."""
    if target.recovery_point and target.recovery_point["id"] is not None:
        return target.recovery_point["id"]
    latest = _newest(target)
    if point is None or (latest is not None and point > latest):
        return latest
    return point


def _named(source):
    return source["name"] or source["client"] or source["id"] or "this source"
