# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The record of a restore session: one shape for the sessions of every product. Private to this collection.

Pure data and pure functions; no vendor, no I/O.
"""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model

#: What a session is for, and the ability (platforms/base.py) that opening one needs.
BROWSE, RESTORE = "browse", "restore"
KINDS = {BROWSE: "browse_session", RESTORE: "data_restore"}

#: States of a browse session; one of kind restore has those of a run.
OPEN, CLOSED = "open", "closed"

SESSION_KEYS = (
    "id", "platform", "kind", "type", "state", "result", "source", "point_in_time", "recovery_point", "created_at",
    "ended_at", "initiated_by", "run",
)  # fmt: skip


def session_record(id, platform, kind, **known):
    """One session with every key of SESSION_KEYS; what is not given is null (sub-dicts: their keys with null values).

    Raises TypeError for a key that the record does not have.
    """
    record = {
        "id": id,
        "platform": platform,
        "kind": kind,
        "type": None,
        "state": model.UNKNOWN,
        "result": None,
        "source": source(),
        "point_in_time": None,
        "recovery_point": recovery_point(),
        "created_at": None,
        "ended_at": None,
        "initiated_by": model.initiated_by(),
        "run": None,
    }
    record.update(known)
    if len(record) != len(SESSION_KEYS):
        raise TypeError("not keys of the session record: " + ", ".join(sorted(set(known) - set(SESSION_KEYS))))
    return record


def source(kind=None, id=None, name=None, client=None):
    """Where the data comes from. ``kind``: job, organization, object, volume, client…; ``client``: the client's name."""
    return {"kind": kind, "id": id, "name": name, "client": client}


def recovery_point(id=None, created_at=None):
    """The backup that is opened, where the product tells it: its id, and when it was made (text of a record)."""
    return {"id": id, "created_at": created_at}


def session_of_run(run, type, source, point_in_time=None, recovery_point_=None):
    """The session of kind restore whose work is ``run`` (a job record): it has the run's id, state, result and times."""
    return session_record(
        run["id"],
        run["platform"],
        RESTORE,
        type=type,
        state=run["state"],
        result=run["result"],
        source=source,
        point_in_time=point_in_time,
        recovery_point=recovery_point_ or recovery_point(),
        created_at=run["started_at"],
        ended_at=run["finished_at"],
        initiated_by=run["initiated_by"],
        run=run,
    )


def is_open(session):
    """Whether a session still does or holds something."""
    return session["state"] == OPEN or session["state"] in model.ACTIVE_STATES
