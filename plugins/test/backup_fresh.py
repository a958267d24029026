# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.backupops.jobs.plugins.module_utils import times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError, InvalidError
from ansible_collections.backupops.jobs.plugins.plugin_utils import freshness

NAME = "backup_fresh"
#: Keys that a record needs here, by its entity; one that job_info was told to return in part may lack them.
_NEEDED = {
    "run": ("result", "started_at", "finished_at"),
    "definition": ("last_success_at",),
    None: ("result", "finished_at", "last_success_at"),  # an object of a job
}


def backup_fresh(value, max_age="24h"):
    """Whether a time, or the last success of a record, is at most ``max_age`` ago."""
    try:
        age = times.parse_duration(max_age, "max_age")
        if age is None:
            raise InvalidError("max_age: not given.", hint="Give a duration like 24h.")
        if isinstance(value, Mapping):
            value = _success_of(value)
        if value is None or value == "":
            return False
        return time.time() - _seconds(value) <= age
    except BackupOpsError as error:
        raise AnsibleFilterError("{0}: {1}".format(NAME, " ".join(filter(None, (error.message, error.hint))))) from None


def _success_of(record):
    entity = record.get("entity")
    if entity not in _NEEDED:
        raise InvalidError("A record of the entity {0!r} is not one of a job.".format(entity))
    lacking = [key for key in _NEEDED[entity] if key not in record]
    if lacking:
        raise InvalidError(
            "This is a dictionary without {0}, so not a whole job record.".format(", ".join(lacking)),
            hint="Where fields are given, add these.",
        )
    return freshness.success_at(record) if entity else freshness.object_success_at(record)


def _seconds(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    # No relative times here: "24h" as the time of a backup is a mistake.
    if not isinstance(value, str) or not re.match(r"\s*(\d{4}-\d|\d+(\.\d+)?\s*$)", value):
        raise InvalidError(
            "{0} is neither a time nor a job record.".format(_quoted(value)),
            hint="Give a record, a time like 2026-01-31T22:00:00Z, or null for never.",
        )
    return times.parse_time(value, "The time", time.time())


def _quoted(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


class TestModule:
    """Tests of the collection."""

    def tests(self):
        return {NAME: backup_fresh}
