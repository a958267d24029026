# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Job records as hosts of an inventory: names and variables. Pure functions. Private to this collection."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.plugin_utils import freshness

#: All else has a meaning in a pattern of hosts, in a template or in a terminal.
_UNFIT = re.compile(r"[^\w.-]")
#: Names that Ansible gives a meaning of its own.
_TAKEN = frozenset(("all", "ungrouped", "localhost"))
_LONGEST = 80

#: Keys of a record that are needed here, whatever the user wants to see of it.
FIELDS = frozenset(("uid", "id", "name")) | freshness.FIELDS


@dataclass
class Host:
    """``key``: what this is (a uid, or a client's name): two hosts of one name must have one key."""

    key: str
    name: str
    variables: dict


def from_jobs(records, fields=None):
    """A Host for each record."""
    for record in records:
        yield Host(
            record["uid"],
            job_host_name(record),
            {
                "backupops_job": _shown(record, fields),
                "backupops_health": record["health"],
                "backupops_last_success": freshness.success_at(record),
            },
        )


def from_clients(records, known=(), whole=False, fields=None):
    """A Host for each client, and for each object, of the records; upper and lower case make no difference.

    ``known``: names of hosts that are there already; a client takes over their way of writing it. ``whole``: records
    keep all of their objects, not only the one that the host is.
    """
    spellings, jobs = {}, {}
    for record in records:
        for name in freshness.client_names(record):
            key = name.casefold()
            spellings.setdefault(key, set()).add(name)
            mine = jobs.setdefault(key, [])
            if not mine or mine[-1] is not record:  # one machine may be in a job twice, written differently
                mine.append(record)
    written = {name.casefold(): name for name in known}
    for key, mine in jobs.items():
        # The worst first; among equals the one without a success for the longest time.
        judged = sorted(
            ((freshness.client_health(one, key), freshness.client_success_at(one, key), one) for one in mine),
            key=lambda each: (freshness.rank(each[0]), each[1] or "", each[2]["uid"]),
        )
        shown = [_shown(one if whole else _narrowed(one, key), fields) for _health, _success, one in judged]
        name = min(spellings[key])
        yield Host(
            key,
            written.get(key) or client_host_name(name),
            {
                "backupops_client": name,
                "backupops_job": shown[0],
                "backupops_jobs": shown,
                "backupops_health": judged[0][0],
                "backupops_last_success": freshness.newest(success for _health, success, _one in judged),
            },
        )


def job_host_name(record):
    """``<name>-<digest of the uid>``: several jobs may have one name, and a name alone would change with them."""
    return "{0}-{1}".format(fit(record["name"] or record["id"]), _digest(record["uid"]))


def client_host_name(name):
    """The name itself, if it can be one of a host; else what is left of it, with a digest that keeps it unique."""
    if fit(name) == name and name.casefold() not in _TAKEN:
        return name
    return "{0}-{1}".format(fit(name), _digest(name.casefold()))


def fit(text):
    """A text as (part of) a host's name: letters, digits, ``_``, ``.``, ``-``; does not begin like an option."""
    return _UNFIT.sub("_", text).lstrip("-.")[:_LONGEST] or "_"


def _digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _narrowed(record, key):
    """The record with only those objects that are called ``key``."""
    if record is None or not record["workload"]["objects"]:
        return record
    mine = [thing for thing in record["workload"]["objects"] if (thing["name"] or "").casefold() == key]
    return dict(
        record,
        workload=dict(record["workload"], objects=mine),
        current_run=_narrowed(record["current_run"], key),
        last_run=_narrowed(record["last_run"], key),
    )


def _shown(record, fields):
    return record if not fields else {key: record[key] for key in model.RECORD_KEYS if key in fields or key == "uid"}


def merge(host, other):
    """Take the jobs of another client into a host."""
    mine, theirs = host.variables, other.variables
    if freshness.rank(theirs["backupops_health"]) < freshness.rank(mine["backupops_health"]):
        mine["backupops_health"], mine["backupops_job"] = theirs["backupops_health"], theirs["backupops_job"]
        mine["backupops_jobs"] = theirs["backupops_jobs"] + mine["backupops_jobs"]
    else:
        mine["backupops_jobs"] = mine["backupops_jobs"] + theirs["backupops_jobs"]
    mine["backupops_last_success"] = freshness.newest(
        (mine["backupops_last_success"], theirs["backupops_last_success"])
    )
