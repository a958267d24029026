# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What products send, read without trust: a wrong type is "none", never an exception. Private to this collection."""

from __future__ import annotations

import math


def number(value):
    """An int or float; text that holds a number too. None for anything else, also for true, false, NaN and infinity."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def integer(value):
    """Like ``number``, without its decimals."""
    if isinstance(value, str):
        try:
            return int(value)  # exact where a float would lose digits
        except ValueError:
            pass
    found = number(value)
    return None if found is None else int(found)


def text(value):
    """A text that is not empty; of a number its digits. None for anything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return str(value)


def flag(value):
    """True or False; also of 1, 0 and the words true, false, yes, no. None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return {1: True, 0: False}.get(value)
    if isinstance(value, str):
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            value.strip().lower()
        )
    return None


def listed(value):
    """A list: none of null, one element of a dict (XML and BlueXP send a single element bare), the list itself."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def rows(value):
    """The dicts of a list (see ``listed``); what else stands in it is left out."""
    return [row for row in listed(value) if isinstance(row, dict)]


def mapping(value):
    """A dict; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
