# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Waiting for runs to end. Private to this collection.

The deadline is absolute, nothing is ever stopped, and a server that is away for a while does not end a wait.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils import model, selection
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    NotAccepted,
    NotFound,
    ProtocolError,
    RateLimited,
    Stalled,
    Unreachable,
    WaitTimeout,
)
from ansible_collections.backupops.jobs.plugins.module_utils.http import pause
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Query

#: The waiting options. They have no argument-spec defaults because they suit only tasks that wait.
SPEC = {
    "wait_timeout": {"type": "int"},
    "stall_timeout": {"type": "int"},
    "wait_interval": {"type": "int"},
    "on_timeout": {"type": "str", "choices": ["fail", "return"]},
    "accept_results": {"type": "list", "elements": "str", "choices": list(model.RESULTS)},
    "show_progress": {"type": "bool"},
}
DEFAULTS = {"wait_timeout": 14400, "stall_timeout": 0, "wait_interval": 10, "on_timeout": "fail", "show_progress": True}

#: A run that several reads in a row do not find is gone.
_GONE_AFTER = 3
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass
class Patience:
    """How long to wait and what to accept. Seconds; ``stall`` 0 = off. ``ends`` are the states that end the wait."""

    timeout: float
    stall: float
    interval: float
    fail_on_timeout: bool
    accept: tuple
    show: bool = True
    ends: frozenset = frozenset((model.FINISHED,))

    @classmethod
    def of(cls, params, accept=model.GOOD_RESULTS, ends=frozenset((model.FINISHED,))):
        chosen = {name: default if params.get(name) is None else params[name] for name, default in DEFAULTS.items()}
        return cls(
            chosen["wait_timeout"],
            chosen["stall_timeout"],
            max(1, chosen["wait_interval"]),
            chosen["on_timeout"] == "fail",
            tuple(params.get("accept_results") or accept),
            chosen["show_progress"],
            ends,
        )


@dataclass
class Waited:
    """The end of a wait. ``runs``: first record's uid -> last record of that run, or of its last repetition."""

    runs: dict
    timeline: list
    late: list = field(default_factory=list)
    stalled: list = field(default_factory=list)
    gone: list = field(default_factory=list)
    trouble: str | None = None


class _Follower:
    """One run under watch."""

    def __init__(self, record, now):
        self.first_uid = record["uid"]
        self.record = record
        self.moved_at = now
        self.lost = 0
        self._seen = None

    def update(self, record, now):
        """Take the newest record; True when it differs from the one before in what people watch."""
        self.record = record
        seen = watched(record)
        if seen == self._seen:
            return False
        self._seen = seen
        self.moved_at = now
        return True


def watched(record):
    """What must move for a run not to count as stalled."""
    return [record[key] for key in ("uid", "state", "result", "progress", "bytes", "counts")]


def ends_for(state):
    """The states of a run that end a wait for a job_action with this ``state``."""
    return frozenset((model.FINISHED, model.SUSPENDED) if state == "suspended" else (model.FINISHED,))


def accepted_for(state):
    """The results that a wait accepts by default after this ``state``: who stops a run expects it cancelled."""
    return model.GOOD_RESULTS + ((model.CANCELLED,) if state == "stopped" else ())


def wait_for(platform, runs, patience, show):
    """Follow the given run records until each has ended, stalled or the deadline has passed: a Waited.

    ``show(line)`` is called when something changed.
    """
    begun = time.monotonic()
    deadline = begun + patience.timeout
    waited = Waited({}, [])
    active = [_Follower(run, begun) for run in runs]
    for follower in active:
        _note(waited, follower, follower.record, begun, begun, patience, show)
    while True:
        active = [follower for follower in active if not _ended(platform, follower, patience, waited)]
        moment = time.monotonic()
        for follower in [f for f in active if patience.stall and moment - f.moved_at >= patience.stall]:
            waited.stalled.append(follower.record)
            active.remove(follower)
        if not active:
            break
        if moment >= deadline:
            waited.late = [follower.record for follower in active]
            break
        pause(min(patience.interval, max(0, deadline - moment)))
        try:
            found = _read(platform, active)
            waited.trouble = None
        except (Unreachable, RateLimited, ProtocolError) as error:
            waited.trouble = error.message  # the deadline decides how long the server may be away
            continue
        for follower in list(active):
            record = found.get(follower.record["id"])
            if record is None:
                follower.lost += 1
                if follower.lost >= _GONE_AFTER:
                    waited.gone.append(follower.record)
                    active.remove(follower)
                continue
            follower.lost = 0
            _note(waited, follower, record, time.monotonic(), begun, patience, show)
    return waited


def _ended(platform, follower, patience, waited):
    """Whether a run needs no more watching; follows the product's own repetitions."""
    record = follower.record
    waited.runs[follower.first_uid] = record
    if record["state"] not in patience.ends:
        return record["state"] == model.FINISHED
    try:
        successor = platform.continued_by(record) if record["state"] == model.FINISHED else None
    except (Unreachable, RateLimited, ProtocolError) as error:
        waited.trouble = error.message
        return False
    if successor is None:
        return True
    if successor["id"] != record["id"]:
        follower.record = waited.runs[follower.first_uid] = successor
        return _ended(platform, follower, patience, waited)
    follower.moved_at = time.monotonic()  # it is not stuck: the product has announced the repetition
    return False


def _read(platform, followers):
    query = Query(entity=model.RUN, now=time.time(), ids=[follower.record["id"] for follower in followers])
    listing = platform.list_jobs(query)
    found = {record["id"]: selection.judge(record, query.now, listing.history) for record in listing.records}
    # A product that has no id for a run of its own may round its start: the order of asking tells which is which.
    if len(followers) == 1 and len(found) == 1:
        return {followers[0].record["id"]: next(iter(found.values()))}
    return found


def _note(waited, follower, record, moment, begun, patience, show):
    if not follower.update(record, moment):
        return
    elapsed = int(moment - begun)
    waited.timeline.append(
        {
            "at": model.timestamp(time.time()),
            "elapsed_s": elapsed,
            "uid": record["uid"],
            "name": record["name"],
            "state": record["state"],
            "result": record["result"],
            "progress": record["progress"],
            "bytes": record["bytes"]["transferred"],
        }
    )
    if patience.show:
        show(progress_line(record, elapsed))


def progress_line(record, elapsed):
    """One line for a person: name, state or result, percent, size, time since the wait began."""
    name = "".join(c if c.isprintable() else " " for c in record["name"] or record["id"])
    parts = [record["result"] if record["state"] == model.FINISHED else record["state"]]
    if record["progress"] is not None:
        parts.append("{0:.0f} %".format(record["progress"]))
    size = record["bytes"]["transferred"] or record["bytes"]["source"]
    if size:
        parts.append(human_size(size))
    parts.append("{0}:{1:02d}:{2:02d}".format(elapsed // 3600, elapsed // 60 % 60, elapsed % 60))
    return "{0}: {1}".format(name, ", ".join(str(part) for part in parts))


def human_size(size):
    """Bytes for people: ``1.5 GiB``."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return "{0:.{1}f} {2}".format(value, 1 if unit else 0, _SIZES[unit])


def judge(waited, patience):
    """Raise what the end of a wait deserves: WaitTimeout, Stalled, NotFound or NotAccepted."""
    if waited.gone:
        raise NotFound(
            "{0} cannot be found any more.".format(_names(waited.gone)),
            hint="The product may have removed it; look at its own log.",
        )
    if waited.stalled and patience.fail_on_timeout:
        raise Stalled(
            "{0}: nothing moved for {1} s.".format(_names(waited.stalled), patience.stall),
            hint="Look at the job in the product; the last known record is in jobs.",
        )
    if waited.late and patience.fail_on_timeout:
        raise WaitTimeout(
            "{0} did not end within {1} s.{2}".format(
                _names(waited.late), patience.timeout, " Last trouble: " + waited.trouble if waited.trouble else ""
            ),
            hint="It goes on; job_wait can follow it with its uid, and wait_timeout can be larger.",
        )
    bad = [
        run for run in waited.runs.values() if run["state"] == model.FINISHED and run["result"] not in patience.accept
    ]
    if bad:
        raise NotAccepted(
            "; ".join(
                "{0} ended as {1}{2}".format(_name(run), run["result"], ": " + run["reason"] if run["reason"] else "")
                for run in bad
            )
            + ".",
            hint="Accepted are {0}; see accept_results.".format(", ".join(patience.accept)),
        )


def _name(run):
    return "{0} (run {1})".format(run["name"] or run["platform"], run["id"])


def _names(runs):
    return ", ".join(_name(run) for run in runs)
