# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times that people write, and times that products send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError

NOW = 1_790_000_000  # 2026-09-21T14:13:20Z


@pytest.mark.parametrize(
    ("text", "direction", "zone", "expected"),
    [
        ("2026-01-31T22:00:00Z", times.PAST, None, "2026-01-31T22:00:00Z"),
        ("2026-01-31 22:00:00+02:00", times.PAST, None, "2026-01-31T20:00:00Z"),
        ("2026-01-31T22:00", times.PAST, "Europe/Zurich", "2026-01-31T21:00:00Z"),
        ("2026-07-31", times.PAST, "Europe/Zurich", "2026-07-30T22:00:00Z"),
        ("1700000000", times.PAST, None, "2023-11-14T22:13:20Z"),
        (1700000000, times.PAST, None, "2023-11-14T22:13:20Z"),
        ("-24h", times.PAST, None, "2026-09-20T14:13:20Z"),
        ("24h", times.PAST, None, "2026-09-20T14:13:20Z"),
        ("30m", times.PAST, None, "2026-09-21T13:43:20Z"),
        ("2w", times.PAST, None, "2026-09-07T14:13:20Z"),
        ("7d", times.FUTURE, None, "2026-09-28T14:13:20Z"),
        ("+7y", times.FUTURE, None, "2033-09-21T14:13:20Z"),
    ],
)
def test_what_may_be_written(text, direction, zone, expected):
    assert model.timestamp(times.parse_time(text, "since", NOW, zone, direction)) == expected


def test_a_year_is_a_calendar_year_also_from_a_leap_day():
    leap_day = times.from_iso("2028-02-29T10:00:00Z")
    assert model.timestamp(times.parse_time("1y", "since", leap_day)) == "2027-02-28T10:00:00Z"


@pytest.mark.parametrize(
    ("text", "direction", "words"),
    [
        ("+24h", times.PAST, "future"),
        ("-7d", times.FUTURE, "past"),
        ("1700000000000", times.PAST, "milliseconds"),
        ("24", times.PAST, "unit"),
        ("yesterday", times.PAST, "not a time"),
        ("2026-02-31", times.PAST, "not a time"),
        ("2026-01-31T25:00:00Z", times.PAST, "not a time"),
        ("", times.PAST, "not a time"),
        ("9999y", times.PAST, "too far"),
        ("99999999999999d", times.PAST, "too far"),
        ("99999999999999d", times.FUTURE, "too far"),
    ],
)
def test_what_may_not_be_written_names_the_option(text, direction, words):
    with pytest.raises(InvalidError) as caught:
        times.parse_time(text, "since", NOW, None, direction)
    assert caught.value.message.startswith("since: ")
    assert words in caught.value.message


def test_a_zone_can_be_demanded():
    with pytest.raises(InvalidError, match="no time zone"):
        times.parse_time("2026-01-31T22:00:00", "point_in_time", NOW, zone_required=True)
    assert times.parse_time("2026-01-31T22:00:00", "point_in_time", NOW, "UTC", zone_required=True)
    with pytest.raises(InvalidError, match="time zone that this machine knows"):
        times.parse_time("2026-01-31", "since", NOW, "Europe/Atlantis")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("24h", 86400), ("7d", 604800), ("3600", 3600), ("1y", 31536000)]
)
def test_durations(text, seconds):
    assert times.parse_duration(text, "max_age") == seconds


@pytest.mark.parametrize("text", ["-24h", "+24h", "a day", "24 hours"])
def test_a_duration_has_no_sign(text):
    with pytest.raises(InvalidError, match="max_age"):
        times.parse_duration(text, "max_age")


@given(st.integers(min_value=86400 * 366, max_value=250_000_000_000))
def test_time_stamps_survive_the_round_trip(epoch):
    assert times.from_iso(model.timestamp(epoch)) == epoch
    assert model.epoch_of(model.timestamp(epoch)) == epoch


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2020-04-12T10:54:40.2794046Z", 1586688880),
        ("2020-04-12T10:54:40+07:00", 1586663680),
        ("2020-04-12T10:54:40", 1586688880),
        ("0001-01-01T00:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2020-13-45T00:00:00Z", None),
        ("soon", None),
        (None, None),
        (0, None),
    ],
)
def test_iso_times_of_products(sent, expected):
    assert times.from_iso(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (0, None),
        ("0", None),
        (None, None),
        (1, None),
        ("1380294233", 1380294233),
        (1.5e9, 1500000000),
        ("x", None),
        (float("inf"), None),
    ],
)
def test_epoch_times_of_products(sent, expected):
    assert times.from_epoch(sent) == expected


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_no_product_can_crash_a_time(sent):
    model.timestamp(times.from_iso(sent))
    model.timestamp(times.from_epoch(sent))
