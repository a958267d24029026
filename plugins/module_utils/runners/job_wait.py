# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""job_wait: wait for runs that are under way. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, options, selection, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import NotFound
from ansible_collections.backupops.jobs.plugins.module_utils.runners import choosing, target, waiting

SPEC = dict(
    options.CONNECTION_SPEC,
    **{name: selection.FILTER_SPEC[name] for name in ("entity", "job_ids", "uids", "names")},
    started_after={"type": "str"},
    **waiting.SPEC,
)
CONSTRAINTS = {
    "required_one_of": [("job_ids", "uids", "names")],
    "mutually_exclusive": [("job_ids", "names"), ("uids", "names")],
}


def blank():
    """What the documentation promises of every result, before anything is known."""
    return {"jobs": [], "timeline": []}


def run(context):
    """The result of the module job_wait (see its documentation)."""
    context.result.update(blank())
    params = context.params
    patience = waiting.Patience.of(params)
    with target.opened(context) as platform:
        after = times.parse_time(
            params.get("started_after"), "started_after", time.time(), platform.connection.timezone
        )
        found = choosing.choose(platform, params, _entity(params, platform))
        choosing.fail_for_missing(found)
        runs = [_run_of(record, after) for record in found.records]
        if context.check_mode:
            context.result.update(jobs=runs)
            return context.result
        waited = waiting.wait_for(platform, runs, patience, context.progress)
        context.result.update(jobs=[waited.runs[one["uid"]] for one in runs], timeline=waited.timeline)
        waiting.judge(waited, patience)
        return context.result


def _entity(params, platform):
    """Names are looked up among definitions, where a product has them, unless the task says otherwise."""
    if params.get("entity") or not params.get("names"):
        return None
    return model.DEFINITION


def _run_of(record, after):
    """The run to wait for: the record itself, or the run of a definition."""
    if record["entity"] == model.RUN:
        return record
    if record["current_run"] is not None:
        return record["current_run"]
    last = record["last_run"]
    if after is not None and last is not None:
        ended = last["finished_at"] or last["started_at"]
        if ended is not None and ended >= model.timestamp(after):
            return last
    raise NotFound(
        "{0} (definition {1}) has no run under way{2}.".format(
            record["name"], record["id"], ", and none that ended after started_after" if after is not None else ""
        ),
        hint="With started_after the run that ended since then is taken.",
    )
