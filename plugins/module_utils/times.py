# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Times and durations: what a user may write, and what products send. Private to this collection.

Everything becomes seconds since the epoch; ``model.timestamp`` turns that into the text of a record.
"""

from __future__ import annotations

import calendar
import datetime
import re

from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError

try:
    from zoneinfo import ZoneInfo
except ImportError:  # pragma: no cover - Python 3.9 has it
    ZoneInfo = None  # type: ignore[assignment,misc]

PAST, FUTURE = "past", "future"

_RELATIVE = re.compile(r"([+-]?)(\d+)\s*([smhdwy])")
_ABSOLUTE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
#: Larger numbers are milliseconds (as seconds they would lie beyond the year 5138), smaller ones lack their unit.
_MILLISECONDS_FROM = 10**11
_EPOCH_FROM = 10**8
#: The first second that a record cannot write.
_YEAR_10000 = 253402300800
#: No duration is longer: 1000 years.
_LONGEST_S = 1000 * 365 * 86400

_FORMS = "a time like 2026-01-31T22:00:00Z, a date, seconds since the epoch, or a relative time like 24h or 7d"


def zone(name, option="timezone"):
    """The tzinfo of an IANA name; None means UTC. Raises InvalidError for a name that is not known here."""
    if not name or name.upper() in ("UTC", "Z"):
        return datetime.timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise InvalidError(
            "{0}: {1!r} is not a time zone that this machine knows.".format(option, name),
            hint="Give an IANA name such as Europe/Zurich; a machine without zone data needs the package tzdata.",
        ) from error


def parse_time(value, option, now, timezone=None, direction=PAST, zone_required=False):
    """Seconds since the epoch of a time that a user wrote in ``option``; None for None.

    ``direction`` is where a relative time without a sign points, and the only way a sign may point. A time without a
    zone is in ``timezone`` (IANA name; None = UTC, or an error when ``zone_required``).
    """
    if value is None:
        return None
    text = str(value).strip()
    match = _RELATIVE.fullmatch(text)
    if match:
        return _relative(match, text, option, now, timezone, direction)
    if _NUMBER.fullmatch(text):
        return _epoch(float(text), text, option)
    match = _ABSOLUTE.fullmatch(text)
    if match:
        return _absolute(match, text, option, timezone, zone_required)
    raise InvalidError("{0}: {1!r} is not a time.".format(option, text), hint="Give {0}.".format(_FORMS))


def parse_duration(value, option):
    """Seconds of a duration such as ``24h``, ``7d`` or ``3600`` (seconds); a year counts 365 days. None for None."""
    if value is None:
        return None
    text = str(value).strip()
    match = _RELATIVE.fullmatch(text)
    seconds = None
    if match and not match.group(1):
        seconds = int(match.group(2)) * _SECONDS[match.group(3)]
    elif _NUMBER.fullmatch(text):
        seconds = float(text)
    if seconds is not None and seconds > _LONGEST_S:
        raise InvalidError("{0}: {1!r} is longer than 1000 years.".format(option, text))
    if seconds is not None:
        return seconds
    raise InvalidError(
        "{0}: {1!r} is not a duration.".format(option, text),
        hint="Give a number and a unit without a sign: 90m, 24h, 7d.",
    )


def _relative(match, text, option, now, timezone, direction):
    sign, number, unit = match.group(1), int(match.group(2)), match.group(3)
    wanted = "-" if direction == PAST else "+"
    if sign and sign != wanted:
        raise InvalidError(
            "{0}: {1!r} points to the {2}, and this option takes times in the {3}.".format(
                option, text, "future" if sign == "+" else "past", direction
            ),
            hint="Write {0}{1}{2}.".format("" if not sign else wanted, number, unit),
        )
    step = number if direction == FUTURE else -number
    if number * _SECONDS[unit] > _LONGEST_S:
        raise InvalidError("{0}: {1!r} is too far away.".format(option, text))
    if unit != "y":
        return now + step * _SECONDS[unit]
    moment = datetime.datetime.fromtimestamp(now, zone(timezone))
    try:
        day = min(moment.day, calendar.monthrange(moment.year + step, moment.month)[1])
        return moment.replace(year=moment.year + step, day=day).timestamp()
    except (ValueError, OverflowError, calendar.IllegalMonthError) as error:
        raise InvalidError("{0}: {1!r} is too far away.".format(option, text)) from error


def _epoch(number, text, option):
    if number >= _MILLISECONDS_FROM:
        raise InvalidError(
            "{0}: {1} looks like milliseconds; seconds since the epoch are wanted.".format(option, text),
            hint="Divide it by 1000.",
        )
    if 0 < number < _EPOCH_FROM:
        raise InvalidError(
            "{0}: {1} has no unit, and as seconds since the epoch it would be before 1973.".format(option, text),
            hint="Add a unit (s m h d w y), for example {0}h.".format(text),
        )
    return number


def _absolute(match, text, option, timezone, zone_required):
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if offset is None and zone_required and not timezone:
        raise InvalidError(
            "{0}: {1!r} has no time zone.".format(option, text),
            hint="Add Z or an offset to it, or set timezone.",
        )
    try:
        moment = datetime.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=zone(timezone) if offset is None else _offset(offset),
        )  # fmt: skip
    except ValueError as error:
        raise InvalidError("{0}: {1!r} is not a time: {2}.".format(option, text, error)) from error
    return moment.timestamp() + (float("0." + fraction) if fraction else 0)


def _offset(text):
    if text in "Zz":
        return datetime.timezone.utc
    seconds = int(text[1:3]) * 3600 + int(text[-2:]) * 60
    return datetime.timezone(datetime.timedelta(seconds=seconds if text[0] == "+" else -seconds))


def from_iso(text):
    """Whole seconds of an ISO 8601 time as products send it (no zone = UTC, any decimals); None when there is none.

    None also for what is not a time: a record must survive it. Years up to 1970 mean "none" on every product.
    """
    if not isinstance(text, str):
        return None
    match = _ABSOLUTE.fullmatch(text.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, _fraction, offset = match.groups()
    if int(year) <= 1970:
        return None
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    seconds = calendar.timegm((int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)))
    if offset and offset not in "Zz":
        shift = int(offset[1:3]) * 3600 + int(offset[-2:]) * 60
        seconds -= shift if offset[0] == "+" else -shift
    return seconds if seconds < _YEAR_10000 else None


def from_epoch(value):
    """Whole seconds of a number or numeric text; None for null, 0, 1970's first day and what is not a number."""
    try:
        seconds = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds >= 86400 else None
