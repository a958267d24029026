# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Whole lists from a server that pages. Private to this collection.

A list changes while it is read. Each page therefore begins with the last row of the page before it: when that row is
not there, the list has moved, and the gap is read again. Rows are told apart by their key, so none comes twice.
"""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.backupops.jobs.plugins.module_utils.http import map_concurrent

#: ``total``: rows in the whole list, None when the product does not say. ``more``: the product says that rows follow.
Page = namedtuple("Page", "rows total more")

_BRIDGES = 3
#: So many pages in a row may bring nothing new where the total is known: a list that moves repeats some rows.
_STALE = 3


class PagedList:
    """Iterate over all rows of a paged list; afterwards ``truncated`` tells whether rows may be missing.

    ``fetch(offset, limit)`` returns a Page; ``key(row)`` what identifies a row. Pages of a known total are fetched
    ``concurrency`` at a time; a server that sends fewer rows than asked is followed at its own pace.
    """

    def __init__(self, fetch, key, page_size, concurrency=1):
        self._fetch = fetch
        self._key = key
        self._size = page_size
        self._concurrency = concurrency
        self.total = None
        self.truncated = False
        self.pages = 0
        self._overlap = True

    def __iter__(self):
        seen = set()
        previous, stale = None, 0
        for offset, page in self._in_order():
            self.pages += 1
            rows = page.rows
            keys = [self._key(row) for row in rows]
            unique = set(keys)
            if self._overlap and previous and unique and previous.isdisjoint(unique):
                bridge = self._bridge(offset, previous, unique)
                rows, keys = bridge + rows, [self._key(row) for row in bridge] + keys
            known = len(seen)
            for key, row in zip(keys, rows):
                if key not in seen:
                    seen.add(key)
                    yield row
            stale = 0 if len(seen) > known or not rows else stale + 1
            if stale > (0 if self.total is None else _STALE):
                self.truncated = True  # the server sends the same rows again and again
                return
            previous = unique or previous
        if self.total is not None and len(seen) < self.total:
            self.truncated = True

    def _in_order(self):
        """``(offset, page)`` of the whole list, first to last."""
        first = self._read(0)
        yield 0, first
        step = len(first.rows)
        if not step or not self._follows(first, step):
            return
        self._overlap = step > 1
        stride = max(1, step - 1)  # one row of overlap
        if self.total is None:
            yield from self._unknown_total(stride, step)
            return
        end = step
        offsets = range(stride, self.total - 1, stride) if stride > 1 else range(stride, self.total)
        for offset, page in map_concurrent(lambda at: (at, self._read(at, step)), offsets, self._concurrency):
            yield offset, page
            if not page.rows:
                break  # the list became shorter, or its total is nonsense
            end = max(end, offset + len(page.rows))
            while page.rows and len(page.rows) < step and end < min(offset + step, self.total):
                page = self._read(end, step)  # the server cut this page short
                yield end, page
                end += len(page.rows)
        while end < self.total:  # the list grew
            page = self._read(max(0, end - 1), step)
            yield end - 1, page
            if len(page.rows) < 2:
                return
            end += len(page.rows) - 1

    def _unknown_total(self, stride, step):
        offset = stride
        while True:
            batch = [offset + number * stride for number in range(self._concurrency)]
            for at, page in map_concurrent(lambda at: (at, self._read(at, step)), batch, self._concurrency):
                yield at, page
                if not self._follows(page, step):
                    return
            offset = batch[-1] + stride

    def _follows(self, page, step):
        """Whether rows follow after this page."""
        if page.total is not None:
            return bool(page.rows) and page.total > len(page.rows)
        return bool(page.rows) and (page.more if page.more is not None else len(page.rows) >= step)

    def _read(self, offset, limit=None):
        page = self._fetch(offset, limit or self._size)
        if page.total is not None:
            self.total = page.total
        return page

    def _bridge(self, offset, before, after):
        """The rows around ``offset`` that join the keys of the page before it to those of the page at it."""
        half = max(1, len(after) // 2)
        for attempt in range(1, _BRIDGES + 1):
            rows = self._read(max(0, offset - half * attempt), max(2, len(after))).rows
            keys = {self._key(row) for row in rows}
            if not before.isdisjoint(keys) and not after.isdisjoint(keys):
                return rows
        self.truncated = True
        return []
