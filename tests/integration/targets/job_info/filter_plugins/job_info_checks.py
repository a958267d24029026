# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hundred records must be, checked at once: a loop of assertions over them takes minutes."""

from __future__ import annotations

import re

TIMES = ("started_at", "finished_at", "updated_at", "next_run_at", "last_success_at")
TIME = re.compile(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ")


def faults(records, platform, endpoint, keys, parts, words):
    """What is wrong with job records: a list of ``uid: what``. ``parts``: keys of sub-dicts, ``words``: of texts."""
    found = []
    for record in records:
        finished = record.get("state") == "finished"
        a_run = record.get("entity") == "run"
        checks = {
            "keys": sorted(record) == sorted(keys),
            "schema": record.get("schema") == 1,
            "platform": record.get("platform") == platform,
            "endpoint": record.get("endpoint") == endpoint,
            "uid": str(record.get("uid")).startswith(f"{platform}:{endpoint}"),
            "id": isinstance(record.get("id"), str) and record["id"] != "",
            "result of a run": not a_run or finished == (record.get("result") is not None),
            "enabled of a run": not a_run or record.get("enabled") is None,
            "progress": not finished or record.get("progress") is None,
            "raw": record.get("raw") is None,
            "copies": record.get("copies") is None,
        }
        for part, inner in parts.items():
            checks[part] = sorted(record.get(part) or ()) == sorted(inner)
        for field, known in words.items():
            checks[field] = record.get(field) in known
        for field in TIMES:
            value = record.get(field)
            checks[field] = value is None or TIME.fullmatch(value) is not None
        found += [f"{record.get('uid')}: {name}" for name, good in checks.items() if not good]
    return found


def active_in(runs, since, until):
    """Of the runs those that were active in a window; the times are texts of one form."""
    return [
        run
        for run in runs
        if (run["started_at"] is None or run["started_at"] < until)
        and (run["state"] != "finished" or (run["finished_at"] or run["started_at"]) >= since)
    ]


def chosen(records, filters):
    """The records that fit ``{field: value or list of values}``."""
    wanted = {field: value if isinstance(value, list) else [value] for field, value in filters.items()}
    return [record for record in records if all(record[field] in values for field, values in wanted.items())]


class FilterModule:
    def filters(self):
        return {"job_info_faults": faults, "job_info_active_in": active_in, "job_info_chosen": chosen}
