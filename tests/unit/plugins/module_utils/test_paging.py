# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that move while they are read."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils.paging import Page, PagedList


class Server:
    """A list that pages, may cap its pages, and may change between two requests."""

    def __init__(self, rows, cap=None, tells_total=True, changes=None):
        self.rows = list(rows)
        self.cap = cap
        self.tells_total = tells_total
        self.changes = changes or {}
        self.requests = 0
        self.lock = threading.Lock()

    def fetch(self, offset, limit):
        with self.lock:
            self.requests += 1
            change = self.changes.get(self.requests)
            if change:
                change(self.rows)
            page = self.rows[offset : offset + min(limit, self.cap or limit)]
            more = None if self.tells_total else offset + len(page) < len(self.rows)
            return Page(list(page), len(self.rows) if self.tells_total else None, more)


def read(server, size=10, concurrency=3):
    found = PagedList(server.fetch, lambda row: row, size, concurrency)
    rows = list(found)
    assert len(rows) == len(set(rows)), "a row came twice"
    return rows, found


@given(
    count=st.integers(0, 200),
    size=st.integers(1, 50),
    cap=st.one_of(st.none(), st.integers(1, 50)),
    total=st.booleans(),
    concurrency=st.integers(1, 5),
)
@settings(max_examples=2 * settings.default.max_examples)
def test_every_row_comes_once_in_order(count, size, cap, total, concurrency):
    rows, found = read(Server(range(count), cap, total), size, concurrency)
    assert rows == list(range(count))
    assert found.truncated is False


@pytest.mark.parametrize("at", range(2, 9))
@pytest.mark.parametrize("total", [True, False])
def test_a_row_that_vanishes_hides_no_other(at, total):
    server = Server(range(100), tells_total=total, changes={at: lambda rows: rows.pop(3)})
    rows, found = read(server, concurrency=1)
    assert set(range(100)) - {3} <= set(rows)
    assert found.truncated is False


@pytest.mark.parametrize("at", range(2, 9))
def test_rows_that_come_in_front_double_no_other(at):
    server = Server(range(100), changes={at: lambda rows: rows.insert(0, 1000)})
    rows, found = read(server, concurrency=1)
    assert set(range(100)) <= set(rows)


@pytest.mark.parametrize("at", range(2, 9))
def test_many_rows_may_vanish_at_once(at):
    def shrink(rows):
        del rows[0:4]

    rows, found = read(Server(range(100), changes={at: shrink}), concurrency=1)
    assert set(range(4, 100)) <= set(rows) or found.truncated


def test_a_list_that_lies_about_its_total_is_marked():
    class Liar(Server):
        def fetch(self, offset, limit):
            page = super().fetch(offset, limit)
            return page._replace(total=page.total + 50)

    rows, found = read(Liar(range(30)))
    assert rows == list(range(30))
    assert found.truncated is True


def test_a_server_that_ignores_the_offset_does_not_hang_us():
    server = Server(range(10), tells_total=False)
    rows, found = read(
        type("Deaf", (), {"fetch": lambda self, offset, limit: server.fetch(0, limit)._replace(more=True)})(), 10
    )
    assert rows == list(range(10))
    assert found.truncated is True


def test_pages_are_few():
    server = Server(range(1000))
    read(server, size=100)
    assert server.requests <= 12


@pytest.mark.parametrize("total", [10**40, 2**63])
def test_a_total_that_is_nonsense_does_not_keep_the_reader_for_ever(total):
    class Boaster(Server):
        def fetch(self, offset, limit):
            return super().fetch(offset, limit)._replace(total=total)

    server = Boaster(range(30))
    rows, found = read(server)
    assert rows == list(range(30)) and found.truncated is True
    assert server.requests < 30


def test_a_server_that_repeats_itself_and_boasts_is_left_alone():
    class Parrot(Server):
        def fetch(self, offset, limit):
            return super().fetch(0, limit)._replace(total=10**6)

    server = Parrot(range(10))
    rows, found = read(server)
    assert rows == list(range(10)) and found.truncated is True
    assert server.requests < 40


def test_a_total_that_comes_late_does_not_keep_the_reader_for_ever():
    class Late(Server):
        def fetch(self, offset, limit):
            page = super().fetch(offset, limit)
            return page if offset else page._replace(total=None)

    server = Late(range(30))
    rows, found = read(server)
    assert rows == list(range(30)) and found.truncated is False
    assert server.requests < 20
