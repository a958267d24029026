# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What every platform is to the rest of the collection. Private to this collection.

A platform package has four files: ``traits.py`` (what the product is and can; data, no I/O), ``client.py`` (its calls),
``mapping.py`` (pure functions from its answers to job records) and ``platform.py`` (the verbs below).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, ProtocolError, Unsupported

#: Every ability that a product may have, in the order of the documentation. Keys of ``info.capabilities``.
ABILITIES = (
    "list_runs", "list_definitions", "read_enabled", "enable", "disable", "start", "suspend", "resume", "stop",
    "job_operation", "browse_session", "data_restore", "list_restore_sessions",
)  # fmt: skip


@dataclass(frozen=True)
class Capability:
    """What a product can do for one ability.

    ``entity``: definition, run, or None (both, or neither); ``via``: the call behind it; ``note``: its limits, in a
    sentence; ``permission``: what the account needs, or "unknown"; ``since``: the first release that has it.
    """

    supported: bool
    entity: str | None = None
    via: str | None = None
    note: str | None = None
    permission: str = "unknown"
    since: str | None = None


@dataclass(frozen=True)
class Traits:
    """What a product is, before any request.

    ``options``: the connection options that apply to it besides the common ones. ``credentials``: the sets of options
    of which one must be complete, best first. ``scope_option``: the option (tenant, account) that is part of a uid.
    ``filters``: argument specification of the platform's sub-dict of job_info. ``page_size``: default rows a page.
    ``objects_always``: entities whose ``workload.objects`` is filled without include_objects.
    ``has_copies``: whether include_copies means anything. ``window``: entities that since and until apply to.
    """

    name: str
    label: str
    native_entity: str
    capabilities: dict
    credentials: tuple
    options: tuple = ()
    scope_option: str | None = None
    default_url: str | None = None
    filters: dict = field(default_factory=dict)
    page_size: int = 1000
    objects_always: tuple = ()
    has_copies: bool = False
    #: Argument specification of the platform's sub-dict of job_action, and the levels that a start can ask for.
    actions: dict = field(default_factory=dict)
    levels: tuple = ()
    #: Argument specification of the platform's sub-dict of restore_session.
    restores: dict = field(default_factory=dict)


@dataclass
class Query:
    """What to read. Times are epoch seconds; None = no limit.

    A platform applies what its server can filter and may leave the rest to the caller, who filters again. ``ids`` (of
    ``entity``) come without since, until and clients. ``options`` is the platform's own sub-dict. ``need`` tells which
    costly parts are wanted: ``runs`` (current_run and last_run of definitions), ``enabled``, ``objects``, ``copies``,
    ``raw``. ``now``: seconds, by our clock. ``names``: exact names or globs; other records need not be read.
    """

    entity: str
    now: float
    ids: list | None = None
    since: float | None = None
    until: float | None = None
    clients: list = field(default_factory=list)
    options: dict = field(default_factory=dict)
    need: frozenset = frozenset()
    names: list = field(default_factory=list)


def refuse_beside_ids(query, platform, names):
    """Raise InvalidError where one of ``names``, options of the platform's sub-dict that narrow a list, stands beside ids."""
    for name in names:
        if query.ids is not None and query.options.get(name) is not None:
            raise InvalidError(
                "{0}.{1}: it narrows a list and does not go together with job_ids or uids.".format(platform, name),
                hint="Take one of them out.",
            )


def explained_when_empty(records, explain):
    """The records; after none at all ``explain()``, which warns of what may be behind it, such as a wrong id."""
    empty = True
    for record in records:
        empty = False
        yield record
    if empty:
        explain()


@dataclass
class History:
    """What the product can still know of runs: ``start`` epoch seconds (None = unknown), ``why``: a sentence."""

    start: float | None = None
    complete: bool = False
    why: str | None = None


@dataclass
class Listing:
    """Records of one Query. ``records`` is read once, as a stream; the other fields are true after it has ended.

    ``unseen``: a sentence on jobs that exist but cannot be in this list; a name that is not found may be one of them.
    """

    records: Iterable = ()
    missing: list = field(default_factory=list)
    truncated: bool = False
    history: History = field(default_factory=History)
    unseen: str | None = None


#: What ``Platform.perform`` can be asked for. Enable, disable and start act on definitions, suspend and resume on runs.
VERBS = ("enable", "disable", "start", "stop", "suspend", "resume")


@dataclass
class Order:
    """One write: ``verb`` (of VERBS) on ``record``, as it was read a moment ago.

    ``options`` is the platform's own sub-dict of job_action. ``restore`` is what ``Platform.snapshot`` told before an
    earlier change: an enable or disable then puts back exactly that.
    """

    verb: str
    record: dict
    level: str | None = None
    options: dict = field(default_factory=dict)
    restore: dict | None = None


@dataclass
class SessionOrder:
    """What a restore_session task asks for, checked as far as that needs no request.

    ``state``: started or stopped. ``kind``: sessions.BROWSE or RESTORE. ``now``: seconds, by our clock. ``point``: the
    point in time in seconds, None = the latest; ``point_text``: the same as RFC 3339 in UTC with the decimals that the
    user wrote. ``options``: the platform's own sub-dict, without nulls. ``deleted``, ``all_versions``: what to show, None
    = not asked for. ``in_place``, ``overwrite``: what the user allows. ``check_range``: whether the runner will compare
    ``point`` with the target's ``first`` and ``last``, so whether they are worth a request. ``reuse``: whether a restore
    of the same that is under way may be met (SessionTarget.running). ``patience``: a
    waiting.Patience; opening a session that needs time uses its timeout and interval (seconds).
    """

    state: str
    kind: str
    now: float
    job_id: str | None = None
    organization_id: str | None = None
    organization: str | None = None
    session_id: str | None = None
    point: float | None = None
    point_text: str | None = None
    type: str | None = None
    in_place: bool = False
    overwrite: bool = False
    deleted: bool | None = None
    all_versions: bool | None = None
    check_range: bool = True
    reuse: bool = True
    options: dict = field(default_factory=dict)
    patience: object = None


@dataclass
class SessionTarget:
    """What a SessionOrder means in the product, as it was read a moment ago. Everything here is plain data.

    ``source``: sessions.source(…). ``type``: the session's type in our words. ``identity``: plain JSON, all that makes
    two sessions of this source and type different but the point in time (what is shown; of a restore: target, files…).
    ``first``, ``last``: seconds of the first and last backup that the point in time is compared with; None = not told.
    ``latest``: seconds of the newest backup of exactly this source, where that is another one than ``last``.
    ``empty``: a sentence when the source surely has no backup at all, so that nothing can be opened.
    ``recovery_point``: sessions.recovery_point(…) that will be opened, where the product tells that before; with its id
    known, two points in time that mean the same backup are the same.
    Of a restore only: ``in_place``: it writes over its own source; ``overwrites``: words for the existing thing that it
    may overwrite, None when nothing; ``running``: the session record of such a restore that is under way already and
    that a second start would only meet. ``native``: the platform's own notes for ``open_session``.
    """

    source: dict
    type: str
    identity: dict = field(default_factory=dict)
    first: float | None = None
    last: float | None = None
    latest: float | None = None
    empty: str | None = None
    recovery_point: dict | None = None
    in_place: bool = False
    overwrites: str | None = None
    running: dict | None = None
    native: dict = field(default_factory=dict)


class NotReady(ProtocolError):
    """The product has accepted to open a session, and it cannot be used yet, or nobody can see whether it can.

    It is not closed: ``lost_session`` finds it again.
    """


@dataclass
class SessionQuery:
    """Which restore sessions to list. Times (of creation) are seconds, None = no limit; ``types``: our words.

    A platform applies what its server can filter and leaves the rest to the caller, who filters again. Only
    ``organization_id`` and ``organization`` (a name) are the platform's alone. ``ids``: only these, without since and
    until; ``kinds``: of sessions.KINDS, empty = all.
    """

    now: float
    ids: list | None = None
    since: float | None = None
    until: float | None = None
    kinds: tuple = ()
    types: list = field(default_factory=list)
    organization_id: str | None = None
    organization: str | None = None


#: What ``Platform.operate`` can be asked for: the operations on what a copy holds of a run.
OPERATIONS = (
    "delete", "retain", "do_not_retain", "disallow_copy", "disallow_copy_all", "allow_copy", "recopy",
)  # fmt: skip
#: What ``Platform.ids_on`` can be asked for: still to be copied there; kept from being copied there.
PENDING, BLOCKED = "pending", "blocked"


@dataclass(frozen=True)
class StorageCopy:
    """One place that a storage policy keeps data in. ``precedence``: its rank in the policy, 1 first, None = not told."""

    id: str
    name: str
    policy_id: str
    policy_name: str | None = None
    precedence: int | None = None
    primary: bool = False


class JobOnCopy(NamedTuple):
    """What one copy holds of one run, as far as a plan needs it. Times are epoch seconds.

    ``definition``: id of what was protected; ``state``, ``result``, ``level``: words of the job record; ``started``: 0
    when not told; ``required_by``: ids of the runs that cannot be restored without this one; ``held_until``: of a hold,
    None = without an end; ``holds_data``: whole or partial; ``allowed``: whether it may be copied to here, None = not
    read; ``source``: the platform's own row, for ``Platform.run_on_copies``.
    """

    id: str
    definition: str | None = None
    level: str | None = None
    state: str = model.FINISHED
    result: str | None = model.SUCCESS
    started: int = 0
    required_by: tuple = ()
    held: bool | None = False
    held_until: int | None = None
    held_by: str | None = None
    hold_reason: str | None = None
    aged: bool = False
    copied_at: int | None = None
    holds_data: bool = True
    allowed: bool | None = None
    source: Any = None


@dataclass(frozen=True)
class Operation:
    """One write: ``name`` (of OPERATIONS) on the runs ``ids`` on one copy. ``until``: epoch seconds, None = for good.

    ``options``: the platform's own words (commcell_id, load_dependent_jobs, load_archiver_jobs).
    """

    name: str
    copy: StorageCopy
    ids: tuple
    until: int | None = None
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class OperationAnswer:
    """What the answer to an Operation told; None = nothing. ``ids``: the runs that it names."""

    dependents_exist: bool | None = None
    archivers_exist: bool | None = None
    ids: frozenset = frozenset()


class Platform(abc.ABC):
    """One product at one address. Built by the registry; its client logs in with the first call.

    Raises only errors of ``errors.py``. ``warn(sentence)`` is for facts that a user must see; it drops repetitions.
    """

    #: Set by each subclass.
    traits: Traits
    client: Any

    def __init__(self, connection, warn: Callable[[str], None]):
        self.connection = connection
        self.warn = warn

    # -- identity ----------------------------------------------------------------------------------------------------
    @property
    def scope(self) -> str | None:
        """Tenant or account in a uid; a platform may look it up."""
        return None

    def uid_prefix(self, entity: str) -> str:
        return model.uid_prefix(self.traits.name, self.connection.endpoint, self.scope, entity)

    # -- reading -----------------------------------------------------------------------------------------------------
    @abc.abstractmethod
    def list_jobs(self, query: Query) -> Listing:
        """Definitions or runs. Unknown ``query.ids`` go to ``missing``; never an error."""

    @abc.abstractmethod
    def info(self) -> dict:
        """``{product_version, api_version, account, can}``; ``can``: ability -> True, False, None (not told)."""

    #: What platform_info's ``gather`` can list here: name -> method that returns ``[{id, name, ...}]``.
    def gatherers(self) -> dict:
        return {}

    # -- acting ------------------------------------------------------------------------------------------------------
    def check_order(self, verb: str, options: dict) -> None:
        """Refuse, before any request, what this product cannot do with these options.

        Raises Unsupported (the task's ``unsupported`` then decides) or InvalidError.
        """

    def whole_scope(self, options: dict) -> bool:
        """Whether the options name the one thing to act on, so that no ids or names are needed."""
        return False

    def bare_entity(self, options: dict) -> str:
        """What ids are of which nobody says it: the native entity, unless these options tell otherwise."""
        return self.traits.native_entity

    def objection(self, order: Order) -> str | None:
        """Why this product cannot do this to this job, in a sentence; None when it can. No request."""
        return None

    def snapshot(self, record: dict, options: dict) -> dict | None:
        """What beyond ``enabled`` must be put back after a disable, as JSON can hold it; None when nothing."""
        return None

    def perform(self, order: Order) -> str | None:
        """Send the write and return the id of the run that it started, where the answer tells it.

        Returns as soon as the product has accepted; the caller verifies. Raises LostAnswer when nobody knows whether
        it was done, SessionExpired when it was not and the login is new, and the product's refusals (Conflict,
        PermissionDenied, ProtocolError…).
        """
        raise TypeError("{0} performs nothing".format(self.traits.name))

    def continued_by(self, run: dict) -> dict | None:
        """What follows a finished run that the product itself repeats.

        None when the run is the end; else the record of the repetition, or ``run`` itself while it is not there yet.
        """
        return None

    # -- restore sessions --------------------------------------------------------------------------------------------
    # The runner (runners/restore_session.py) first asks for the ability (sessions.KINDS; of stopping a restore: stop),
    # then, in this order: check_session; session_target; the runner's own guards (range, in place, overwrite, reuse of a
    # recorded session through read_session); open_session; read_session. Stopping: check_session; read_session;
    # stop_session; read_session.

    def check_session(self, order: SessionOrder) -> None:
        """Refuse, before any request, what this product cannot do or lacks. Raises Unsupported or InvalidError.

        Options that mean nothing to the product (``type``, ``organization``, ``deleted``…) must be refused here by name,
        and what it needs and is not given. The sub-dicts of other platforms are refused by the runner.
        """
        raise Unsupported("{0} has no restore sessions here.".format(self.traits.label))

    def session_key(self, order: SessionOrder) -> dict:
        """What of a source is written down and looked for again when a session is stopped by its source. Plain JSON.

        Requests only where a name must become an id. Raises NotFound, Ambiguous. ``{"job_id": …}`` or the like; every
        entry of it must be the same in a start and in a stop that mean the same source.
        """
        raise TypeError("{0} has no restore sessions".format(self.traits.name))

    def session_target(self, order: SessionOrder) -> SessionTarget:
        """Read what will be opened or restored. Writes nothing. Raises NotFound, Ambiguous, InvalidError…"""
        raise TypeError("{0} has no restore sessions".format(self.traits.name))

    def open_session(self, order: SessionOrder, target: SessionTarget) -> dict | None:
        """Send the write once and return the session record, or None when the answer does not name the session.

        A browse session is returned when it can be used: a product that needs time is polled here, within
        ``order.patience``. A restore is returned as soon as the product has accepted, with its ``run`` where that can
        be read. Raises LostAnswer when nobody knows whether it was done, SessionExpired when it was not and the login
        is new, and the product's refusals. A session that was made but cannot be used must be closed before raising;
        where a product cannot close it, NotReady keeps it known.
        """
        raise TypeError("{0} has no restore sessions".format(self.traits.name))

    def lost_session(self, order: SessionOrder, target: SessionTarget, since: float, known: set) -> dict | None:
        """Find by reading the session of an ``open_session`` that never answered, sent at ``since`` (our clock).

        ``target`` may have been kept in a file since: only its source, type and native are there (so native is plain
        JSON). ``known``: ids that others have surely opened. None when there is none (yet). Raises Ambiguous when
        several could be it. A product that cannot list its sessions returns None.
        """
        return None

    def read_session(self, id: str, kind: str, known: dict | None = None) -> dict | None:
        """The session record of an id; None when the product does not know it (any more).

        ``known``: the session record as it was written down when we opened it: for a product that tells little.
        """
        raise TypeError("{0} has no restore sessions".format(self.traits.name))

    def session_files(self, order: SessionOrder, target: SessionTarget, session: dict) -> list | None:
        """What an open session shows, where the product lists that by a read: ``[{path, type, size…}]``; else None."""
        return None

    def stop_session(self, session: dict) -> None:
        """Send the write that ends a session (of kind restore: its run). Errors as in ``open_session``."""
        raise TypeError("{0} has no restore sessions".format(self.traits.name))

    def check_session_query(self, query: SessionQuery) -> None:
        """Refuse, before any request, filters that mean nothing to the product. Raises InvalidError."""
        for option in ("organization_id", "organization"):
            if getattr(query, option) is not None:
                raise InvalidError("{0} does not apply to platform {1}; see clients.".format(option, self.traits.name))

    def list_sessions(self, query: SessionQuery) -> Listing:
        """Session records of all accounts; ``missing`` = unknown ids. Only where list_restore_sessions is supported."""
        raise TypeError("{0} lists no restore sessions".format(self.traits.name))

    # -- what copies hold of runs (ability job_operation) --------------------------------------------------------------
    def require_operation(self, operation: str) -> None:
        """Raise Unsupported when this release of the product lacks the operation; may ask the server."""
        return None

    def storage_policies(self) -> list:
        """``(id, name)`` of every storage policy."""
        raise TypeError("{0} has no storage policies".format(self.traits.name))

    def copies_of(self, policy_id: str) -> list:
        """The StorageCopy objects of a policy. Raises NotFound for an unknown policy."""
        raise TypeError("{0} has no copies".format(self.traits.name))

    def policy_of(self, run_id: str) -> str | None:
        """The storage policy of a run; None for an unknown run. One request: not to be asked for each of many."""
        raise TypeError("{0} has no storage policies".format(self.traits.name))

    def jobs_on(self, copy: StorageCopy) -> dict:
        """id -> JobOnCopy of all that the copy lists, aged runs included. One request."""
        raise TypeError("{0} has no copies".format(self.traits.name))

    def ids_on(self, copy: StorageCopy, state: str) -> frozenset:
        """Ids of the runs that are PENDING or BLOCKED on a copy. One request."""
        raise TypeError("{0} has no copies".format(self.traits.name))

    def under_way(self) -> frozenset:
        """Ids of all runs that have not ended. One list."""
        raise TypeError("{0} has no copies".format(self.traits.name))

    def run_on_copies(self, found: list) -> dict:
        """The record of a run, with its ``copies``, from ``(StorageCopy, JobOnCopy)`` pairs. No request."""
        raise TypeError("{0} has no copies".format(self.traits.name))

    def operate(self, operation: Operation) -> OperationAnswer:
        """Send one operation for all its runs. Raises as ``perform`` does; some runs may be done nevertheless."""
        raise TypeError("{0} operates on nothing".format(self.traits.name))

    # -- the end -----------------------------------------------------------------------------------------------------
    def keep_login(self) -> None:
        """Do not log out at the end: a product may end an account's restore sessions with its login."""
        self.client.keep_session = True

    def close(self) -> None:
        """End the session that this object opened (not a token that it was given); never raises."""
        self.client.close()
