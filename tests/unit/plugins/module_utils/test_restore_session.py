# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure parts of restore_session: records, times, files."""

from __future__ import annotations

import json
import os
import time

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import model, sessions, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import SessionQuery, SessionTarget
from ansible_collections.backupops.jobs.plugins.module_utils.runners import restore_session, restore_session_info
from ansible_collections.backupops.jobs.plugins.module_utils.session_records import (
    KEEP_ENDED_S,
    KEEP_S,
    KEEP_UNSEEN_S,
    Kept,
    SessionRecords,
)

DAY = 86400
POINT = 1586688880


def test_a_session_has_exactly_its_keys():
    record = sessions.session_record("1", "nakivo", sessions.BROWSE)
    assert tuple(record) == sessions.SESSION_KEYS
    assert not {"copy", "get", "items", "keys", "pop", "update", "values"}.intersection(record, record["source"])
    with pytest.raises(TypeError, match="colour"):
        sessions.session_record("1", "nakivo", sessions.BROWSE, colour="red")


def test_a_restore_has_the_state_of_its_run():
    run = model.job_record("u", "nakivo", "e", model.RUN, "7@1", state=model.RUNNING, started_at="2026-01-01T00:00:00Z")
    session = sessions.session_of_run(run, "job", sessions.source("job", "7"))
    assert (session["id"], session["state"], session["created_at"]) == ("7@1", "running", "2026-01-01T00:00:00Z")
    assert sessions.is_open(session) and session["run"] is run
    assert not sessions.is_open(dict(session, state=model.FINISHED))
    assert not sessions.is_open(sessions.session_record("1", "nakivo", "browse", state="closed"))


@pytest.mark.parametrize(
    "words,expected",
    [
        ("2020-04-12T10:54:40.2794046Z", "2020-04-12T10:54:40.2794046Z"),
        ("2020-04-12 12:54:40,5+02:00", "2020-04-12T10:54:40.5Z"),
        ("2020-04-12T10:54:40.9999999Z", "2020-04-12T10:54:40.9999999Z"),
        ("2020-04-12T10:54:40.99999999999Z", "2020-04-12T10:54:40.99999999999Z"),
        ("2020-04-12T10:54Z", "2020-04-12T10:54:00Z"),
        ("1586688880", "2020-04-12T10:54:40Z"),
    ],
)
def test_the_decimals_of_a_time_survive(words, expected):
    assert restore_session.exact_text(words, times.parse_time(words, "point_in_time", POINT)) == expected


def test_a_time_before_all_times_is_refused():
    with pytest.raises(InvalidError, match="point_in_time"):
        restore_session.exact_text("0", 0)
    assert restore_session.exact_text(None, None) is None


@pytest.mark.parametrize(
    "words,same", [("24h", "24h"), ("-24 h", "24h"), ("2020-04-12", None), (None, None), ("99", None)]
)
def test_relative_words(words, same):
    assert restore_session.relative_words(words) == same


def test_what_a_session_shows():
    plain = SessionTarget(sessions.source(), "vex")
    bounded = SessionTarget(sessions.source(), "vex", first=POINT - DAY, last=POINT)
    named = SessionTarget(sessions.source(), "file", recovery_point=sessions.recovery_point("9", None))
    shown = restore_session.shown_point
    assert shown(None, plain) is None and shown(POINT, plain) == POINT
    assert shown(None, bounded) == shown(POINT + DAY, bounded) == POINT
    assert shown(POINT - 60, bounded) == POINT - 60
    assert shown(None, named) == shown(POINT, named) == "9"
    bounded.latest = POINT - 3600
    assert shown(None, bounded) == shown(POINT - 60, bounded) == POINT - 3600


def test_the_filters_of_the_list():
    session = sessions.session_record(
        "1", "veeam_m365", "browse", type="vex", state="open", source=sessions.source("job", "7", "Nightly", "Contoso"),
        created_at=model.timestamp(POINT),
    )  # fmt: skip

    def passes(params=None, **query):
        return restore_session_info.accepts(session, params or {}, SessionQuery(now=POINT, **query))

    assert passes() and passes({"states": ["open"], "kinds": ["browse"], "clients": ["contoso"], "job_id": "7"})
    assert passes({"clients": ["NIGHTLY"]}) and passes(types=["vex"]) and passes(since=POINT, until=POINT)
    assert not passes({"states": ["closed"]}) and not passes({"results": ["success"]}) and not passes({"job_id": "8"})
    assert not passes({"clients": ["fabrikam"]}) and not passes(types=["vet"])
    assert not passes(since=POINT + 1) and not passes(until=POINT - 1)


# -- the files -------------------------------------------------------------------------------------------------------------


def kept(id="s1", owner=("nakivo", "u"), **more):
    session = sessions.session_record(id, "nakivo", "browse", state="open")
    return Kept(list(owner), {"job_id": "7"}, "digest", session, more.pop("sent_at", time.time()), **more)


@pytest.fixture
def said():
    return []


@pytest.fixture
def records(tmp_path, said):
    return SessionRecords(str(tmp_path / "kept"), ("nakivo", "u"), said.append)


def test_records_are_read_back_newest_first(records, said):
    assert records.all() == []
    old, new = kept("old", sent_at=time.time() - 60, point="9", words="24h"), kept("new")
    for one in (old, new, kept("theirs", owner=("nakivo", "somebody else"))):
        records.keep(one)
    assert [one.id for one in records.all()] == ["new", "old"]
    assert records.all()[1] == old
    records.ended(old)
    assert records.all()[1].ended_at is not None
    assert not said


def test_old_records_go(records):
    now = time.time()
    records.keep(kept("ended", ended_at=now - KEEP_ENDED_S - 1))
    records.keep(kept(None, sent_at=now - KEEP_UNSEEN_S - 1))
    records.keep(kept("forgotten", sent_at=now - KEEP_S - 1))
    records.keep(kept("open", sent_at=now - 20 * DAY))
    records.keep(kept(None))
    assert [one.id for one in records.all()] == [None, "open"]
    assert len([name for name in os.listdir(records.folder) if name.endswith(".json")]) == 2


def test_check_mode_writes_nothing(tmp_path, said):
    records = SessionRecords(str(tmp_path / "kept"), ("nakivo", "u"), said.append, writable=False)
    with records.alone({"job_id": "7"}):
        records.keep(kept())
        records.ended(kept())
    assert not os.path.exists(records.folder)


def test_what_others_could_have_written_is_not_believed(records, said):
    records.keep(kept())
    (name,) = [name for name in os.listdir(records.folder) if name.endswith(".json")]
    path = os.path.join(records.folder, name)
    os.chmod(path, 0o644)
    assert records.all() == [] and "0600" in said[0]
    os.chmod(path, 0o600)
    os.rename(path, path + ".moved")
    os.symlink(path + ".moved", path)
    assert records.all() == []
    os.unlink(path)
    os.chmod(records.folder, 0o755)
    records.keep(kept())
    assert "neither reused nor stopped" in said[-1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": 2}', '{"schema": 1, "owner": []}', '{"schema": 1, "x": 1}']
)
def test_broken_records_are_as_good_as_none(records, text):
    records.keep(kept())
    (name,) = [name for name in os.listdir(records.folder) if name.endswith(".json")]
    with open(os.path.join(records.folder, name), "w") as file:
        file.write(text)
    assert records.all() == []


def test_a_record_holds_what_is_needed_and_no_run(records):
    one = kept()
    one.session["run"] = {"uid": "long"}
    records.keep(one)
    (name,) = [name for name in os.listdir(records.folder) if name.endswith(".json")]
    with open(os.path.join(records.folder, name)) as file:
        found = json.load(file)
    assert found["session"]["run"] is None and found["schema"] == 1
    assert one.session["run"] == {"uid": "long"}
