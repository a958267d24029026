# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Switching and starting subclients, and suspending, resuming and killing jobs. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    InvalidError,
    LostAnswer,
    NotFound,
    ProtocolError,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault.mapping import started_of

#: level -> backupLevel (vendor page "POST Subclient Backup").
LEVELS = {
    "full": "Full",
    "incremental": "Incremental",
    "differential": "Differential",
    "synthetic_full": "Synthetic_full",
}
#: Sent when no level is asked for: backupLevel is optional, but what its absence means differs by release (incremental
#: on the pages of 2023E and later, full on those of V11 SP8).
DEFAULT_LEVEL = "incremental"

_ACTIONS = {"suspend": "pause", "resume": "resume", "stop": "kill"}
#: The server takes the end of a window as a 32-bit number (vendor's OpenAPI).
_LARGEST_TIME = 2**31 - 1


class Acting:
    """The acting side of CommvaultPlatform.

    A switch is one flag, with the time at which the server itself sets it again. Every level has its own: a subclient
    that is enabled here may still be stopped by its client, a client group or the CommCell.
    """

    def __init__(self, connection, warn):
        super().__init__(connection, warn)
        self._ends = {}

    # -- before any request ------------------------------------------------------------------------------------------
    def check_order(self, verb, options):
        if options.get("scope") is not None and verb not in ("enable", "disable"):
            raise InvalidError(
                "commvault.scope: it applies to state enabled and disabled only.",
                hint="Take it out; started, stopped, suspended and resumed act on subclients and jobs.",
            )
        if options.get("enable_after") is not None:
            if verb != "disable":
                raise InvalidError("commvault.enable_after: it applies to state disabled only.")
            self._end_of_window(options)

    def whole_scope(self, options):
        return options.get("scope") == "commcell"

    def bare_entity(self, options):
        """With ``scope`` ids are of that level; without it those of jobs, which Commvault itself calls so."""
        return model.DEFINITION if options.get("scope") else self.traits.native_entity

    def objection(self, order):
        record = order.record
        if order.verb in ("enable", "disable", "start") and record["entity"] == model.RUN:
            return "Commvault switches and starts subclients, not jobs: name the subclient (entity: definition)."
        if order.verb in ("suspend", "resume") and record["entity"] != model.RUN:
            return "Commvault suspends and resumes jobs, not subclients: name the job (entity: run)."
        if order.restore is not None and order.verb == "disable" and _end_of(order.restore) <= time.time():
            return "It was disabled until {0}, which has passed: it would be enabled by now.".format(
                order.restore["enable_after"]
            )
        return None

    def snapshot(self, record, options):
        """When the server itself would have enabled what was disabled; None where the flag says it all."""
        again = record["native"].get("enabled_again_at")
        return {"enable_after": again} if again and record["enabled"] is False else None

    def _end_of_window(self, options):
        """``enable_after`` in whole seconds since the epoch, or None; the same for every job of a task."""
        value = options.get("enable_after")
        if value is None:
            return None
        if value not in self._ends:
            now = time.time()
            ends = times.parse_time(value, "commvault.enable_after", now, self.connection.timezone, times.FUTURE)
            if not now < ends <= _LARGEST_TIME:
                raise InvalidError(
                    "commvault.enable_after: {0!r} is not a time in the future{1}.".format(
                        value, "" if ends <= now else " before 2038"
                    )
                )
            self._ends[value] = int(ends)
        return self._ends[value]

    # -- the writes --------------------------------------------------------------------------------------------------
    def perform(self, order):
        objection = self.objection(order)
        if objection:
            raise Unsupported(objection)
        if order.verb == "start":
            return self._start(order)
        if order.verb in ("enable", "disable"):
            self._switch(order)
            return None
        run = order.record if order.record["entity"] == model.RUN else order.record["current_run"]
        if run is None:
            raise NotFound("Nothing runs of {0} that could be stopped.".format(order.record["name"]))
        self.client.act_on_job(run["id"], _ACTIONS[order.verb])
        return None

    def _start(self, order):
        answer = self.client.start_backup(order.record["id"], LEVELS[order.level or DEFAULT_LEVEL])
        job_id, task_id = started_of(answer)
        if job_id is not None:
            return job_id
        if task_id is not None:
            raise ProtocolError(
                "Commvault made the schedule {0} and started no job.".format(task_id),
                hint="Look at the schedules of the subclient in Command Center.",
            )
        raise LostAnswer("Commvault accepted the start of a backup without naming its job.")

    def _switch(self, order):
        record = order.record
        level = record["entity"] if record["entity"] != model.DEFINITION else "subclient"
        ends = None
        if order.verb == "disable":
            ends = self._end_of_window(order.options) if order.restore is None else _end_of(order.restore)
        self.client.switch_backups(level, record["id"], record["name"], order.verb == "enable", ends)


def _end_of(restore):
    """The time of a ``snapshot`` in seconds since the epoch. Raises InvalidError when it is none."""
    try:
        return model.epoch_of(restore["enable_after"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidError(
            "restore_from: an outcome has a before.native that is not Commvault's.",
            hint="Give it the outcomes as the earlier task returned them.",
        ) from error
