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

from ansible_collections.backupops.jobs.plugins.module_utils import model

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


@dataclass
class Query:
    """What to read. Times are epoch seconds; None = no limit.

    A platform applies what its server can filter and may leave the rest to the caller, who filters again. ``ids`` (of
    ``entity``) come without since, until and clients. ``options`` is the platform's own sub-dict. ``need`` tells which
    costly parts are wanted: ``runs`` (current_run and last_run of definitions), ``enabled``, ``objects``, ``copies``,
    ``raw``. ``now``: seconds, by our clock.
    """

    entity: str
    now: float
    ids: list | None = None
    since: float | None = None
    until: float | None = None
    clients: list = field(default_factory=list)
    options: dict = field(default_factory=dict)
    need: frozenset = frozenset()


@dataclass
class History:
    """What the product can still know of runs: ``start`` epoch seconds (None = unknown), ``why``: a sentence."""

    start: float | None = None
    complete: bool = False
    why: str | None = None


@dataclass
class Listing:
    """Records of one Query. ``records`` is read once, as a stream; the other fields are true after it has ended."""

    records: Iterable = ()
    missing: list = field(default_factory=list)
    truncated: bool = False
    history: History = field(default_factory=History)


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


class Platform(abc.ABC):
    """One product at one address. Built by the registry; its client logs in with the first call.

    Raises only errors of ``errors.py``. ``warn(sentence)`` is for facts that a user must see; it drops repetitions.
    """

    #: Set by each subclass.
    traits: Traits

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

    # -- the end -----------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """End the session that this object opened (not a token that it was given); never raises."""
        self.client.close()
