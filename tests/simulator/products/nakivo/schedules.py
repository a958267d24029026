# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedules of a NAKIVO job: their fields (vendor page "Get Job Info") and when they fire next."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

WEEKDAYS = 31
EVERY_DAY = 127
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_WEEK_OF_MONTH = {"FIRST": 0, "SECOND": 1, "THIRD": 2, "FOURTH": 3}
#: Worked out for each reply; a schedule that comes in with saveJob loses them.
COMPUTED = ("nextRun", "nextRunRelative", "triggerItemName", "triggerItemTypeName")


def time_text(seconds_of_day: float) -> str:
    """``hh:mm:ss AM/PM``, as schedules say it."""
    return (datetime(2000, 1, 1) + timedelta(seconds=int(seconds_of_day) % 86400)).strftime("%I:%M:%S %p")


@lru_cache(maxsize=4096)  # strptime is slow, and an estate has few different times
def _seconds_of_day(text: str | None, default: int) -> int:
    try:
        moment = datetime.strptime(text or "", "%I:%M:%S %p")
    except ValueError:
        return default
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def schedule(kind: str, at: float = 0, offset_s: int = 0, **fields: Any) -> dict[str, Any]:
    """A schedule with every field of the vendor page. ``at`` is an epoch whose time of day counts."""
    found = {
        "enabled": True,
        "type": kind,
        "position": 0,
        "startTime": time_text(at + offset_s) if kind not in ("NONE", "TRIGGER") else None,
        "endTime": None,
        "timezone": "Asia/Ho_Chi_Minh" if offset_s == 25200 else "UTC",
        "on": EVERY_DAY,
        "everyType": None,
        "every": None,
        "monthlyEveryType": None,
        "dayOfMonth": None,
        "dayOfWeek": None,
        "month": None,
        "triggerItem": None,
        "triggerRunType": None,
        "triggerEvents": [],
        "effectiveDate": None,
        "timezoneOffsetMs": offset_s * 1000,
        "scheduleRetentionType": None,
        "customKeepSavepointCount": None,
        "customKeepSavepointType": None,
        "keepImmutableSavepointCount": None,
    }
    found.update(fields)
    return found


def _fits(day: datetime, row: dict[str, Any]) -> bool:
    if row.get("type") != "MONTHLY_YEARLY":
        return bool((row.get("on") or EVERY_DAY) >> day.weekday() & 1)
    if row.get("month") and day.month != row["month"]:
        return False
    kind = row.get("monthlyEveryType") or "DAY"
    if kind == "DAY":
        return day.day == (row.get("dayOfMonth") or 1)
    if day.isoweekday() != (row.get("dayOfWeek") or 1):
        return False
    return (
        (day + timedelta(days=7)).month != day.month
        if kind == "LAST"
        else (day.day - 1) // 7 == _WEEK_OF_MONTH.get(kind, 0)
    )


def next_run(row: dict[str, Any], after: float) -> float | None:
    """When the schedule fires next, later than ``after``; None for a disabled, triggered or unknown one."""
    kind = row.get("type")
    if not row.get("enabled") or kind not in ("DAILY", "PERIODICALLY", "MONTHLY_YEARLY"):
        return None
    offset = (row.get("timezoneOffsetMs") or 0) // 1000
    local = datetime.fromtimestamp(after + offset, timezone.utc)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = _seconds_of_day(row.get("startTime"), 0)
    last = _seconds_of_day(row.get("endTime"), 86399)
    step = (row.get("every") or 1) * _SECONDS.get(row.get("everyType") or "HOUR", 3600)
    for ahead in range(800):
        day = midnight + timedelta(days=ahead)
        if not _fits(day, row):
            continue
        start = day.timestamp() - offset
        moment = start + first
        if moment > after:
            return moment
        if kind == "PERIODICALLY":
            moment += ((after - moment) // step + 1) * step
            if moment <= start + last:
                return moment
    return None
