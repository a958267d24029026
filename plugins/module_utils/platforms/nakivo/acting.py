# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Starting and stopping NAKIVO's jobs, and switching their schedules. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import (
    Conflict,
    InvalidError,
    LostAnswer,
    NotFound,
    ProtocolError,
    SessionExpired,
    Unsupported,
)
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo.client import RpcFailure
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, listed, mapping

#: Seconds that a lock lives (vendor page "Get Job for Editing"), and after how many it is renewed before the save.
LOCK_S, SLOW_S = 15, 8

_SWITCHES = ("enable", "disable")
#: What tells a schedule from the others of its job: what it is, not what comes of it (the next run, say).
_IDENTITY = (
    "type", "position", "start_time", "end_time", "on", "every_type", "every", "monthly_every_type", "day_of_month",
    "day_of_week", "month", "trigger_item",
)  # fmt: skip


class Acting:
    """The acting side of NakivoPlatform.

    No public call switches a job. What can be switched are its schedules, and only by saving the whole job again, so a
    user must ask for that (``nakivo.disable_by``). A schedule of type NONE ("run on demand") is never touched.
    """

    def check_order(self, verb, options):
        capability = self.traits.capabilities[verb]
        if not capability.supported:
            raise Unsupported(capability.note)
        by_schedules = options.get("disable_by") is not None
        if verb in _SWITCHES and not by_schedules:
            raise Unsupported(
                "NAKIVO has no public call that switches a job: set nakivo.disable_by: schedules to {0} its schedules "
                "instead.".format(verb)
            )
        if by_schedules and verb not in _SWITCHES:
            raise InvalidError("nakivo.disable_by applies to state enabled, disabled and to restore_from only.")

    def objection(self, order):
        record = order.record
        if record["entity"] == model.RUN:
            if order.verb != "stop":
                return "NAKIVO acts on jobs, not on their single runs: name the job (entity: definition)."
            if record["state"] != model.RUNNING:
                return "NAKIVO stops the current run of a job, and this is not it."
        elif order.verb in _SWITCHES:
            return self._objection_to_switch(order)
        return None

    def _objection_to_switch(self, order):
        record = order.record
        schedules = record["native"]["schedules"]
        if not any(map(_counts, schedules)):
            return "The job has no schedule that could be switched, and no public call switches a job."
        if order.restore is not None and not _same_schedules(schedules, order.restore):
            return "The job has other schedules now than those that were remembered, so these cannot be put back."
        if order.verb == "enable" and record["native"]["is_enabled"] is False:
            sentence = "The job itself is switched off, and only the web page of NAKIVO can switch it on."
            if order.restore is None:
                return sentence
            # The schedules are all that was changed: left off, they would still be off when somebody turns the job on.
            self.warn("{0}: {1} Its schedules are put back.".format(record["name"], sentence))
        return None

    def snapshot(self, record, options):
        """``{"schedules": [...]}`` in their order: what tells each from the others, and whether it is on."""
        if options.get("disable_by") is None or record["entity"] != model.DEFINITION:
            return None
        return {
            "schedules": [
                dict(_identity(schedule), enabled=flag(schedule.get("enabled")))
                for schedule in record["native"]["schedules"]
            ]
        }

    def perform(self, order):
        """One call of run, stop or saveJob. None of them tells the run."""
        job = int(order.record["definition_id"])
        if order.verb == "start":
            self.client.run_job(job)
        elif order.verb == "stop":
            self.client.stop_job(job)
        elif order.verb in _SWITCHES:
            self._switch(job, order)
        else:
            raise Unsupported(self.traits.capabilities[order.verb].note)

    # -- schedules ---------------------------------------------------------------------------------------------------
    def _switch(self, job, order):
        """Read the job for editing, change ``enabled`` of its schedules and save it, all under its lock.

        The lock makes this one step: what was read is what is replaced. Inferred: that a save which changes nothing
        else has no other effect, and that getJobForEditing tells the schedules in the order of getJobInfo.
        """
        before = order.record["native"]["schedules"]
        if order.restore is not None and not _same_schedules(before, order.restore):
            raise Conflict("Job {0} has other schedules now than those that were remembered.".format(job))
        dto, begun = self._under_lock(job)
        rows = dto.get("schedules")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ProtocolError("The answer to getJobForEditing has no list of schedules.")
        wanted = _wanted(order, rows)
        if len(rows) == len(before) and [flag(row.get("enabled")) for row in rows] == wanted:
            return  # an earlier save, whose answer was lost, did arrive
        if _switches(rows) != _switches(before):
            raise Conflict(
                "Somebody has changed the schedules of job {0} in this moment; nothing was written.".format(job),
                hint="Try again.",
            )
        sent = dict(dto, schedules=[_switched(row, on) for row, on in zip(rows, wanted)])
        if _without_switches(sent) != _without_switches(dto):
            raise ProtocolError("Job {0} would be changed in more than its schedules; nothing was written.".format(job))
        try:
            self.client.save_job(sent)
        except (LostAnswer, SessionExpired):
            # If it did not arrive, our own lock is still there and would refuse a second attempt; that goes on with it.
            self._edits[job] = (dto, begun)
            raise

    def _under_lock(self, job):
        """``(JobDto, when its lock began)``. Raises Conflict when somebody else has it."""
        dto, begun = self._edits.pop(job, (None, 0))
        if dto is not None and time.monotonic() - begun < LOCK_S:
            try:
                return self._renewed_lock(job, dto)
            except RpcFailure:
                pass  # the lock has ended, or the save has arrived and ended it
        self.client.wraps_saves()  # asked before the lock, which does not wait
        begun = time.monotonic()
        try:
            dto = self.client.edit_job(job)
        except RpcFailure as error:
            # Its text is unpublished. A missing right would be PermissionDenied; a look tells whether the job is there.
            if not self._job_infos([job]):
                raise NotFound("NAKIVO does not know the job {0} any more.".format(job)) from error
            raise Conflict(
                error.message, hint="Somebody has the job open, or it is locked while it runs: try again in a minute."
            ) from error
        if time.monotonic() - begun > SLOW_S:
            return self._renewed_lock(job, dto)
        return dto, begun

    def _renewed_lock(self, job, dto):
        begun = time.monotonic()
        return dict(dto, lockUuid=self.client.keep_lock(dto.get("lockUuid"), job)), begun


def _counts(schedule):
    return schedule.get("type") != "NONE"


def _identity(schedule):
    return {name: schedule.get(name) for name in _IDENTITY}


def _same_schedules(schedules, restore):
    """Whether the job still has the schedules that ``snapshot`` remembered, in their order."""
    remembered = listed(mapping(restore).get("schedules"))
    return [_identity(schedule) for schedule in schedules] == [_identity(mapping(one)) for one in remembered]


def _switches(schedules):
    """What a record (getJobInfo) and a JobDto surely write alike."""
    return [(schedule.get("type"), flag(schedule.get("enabled"))) for schedule in schedules]


def _wanted(order, rows):
    """``enabled`` of each schedule after the order; what was not told is left as it is."""
    now = [flag(row.get("enabled")) for row in rows]
    if order.restore is not None:
        then = [flag(mapping(one).get("enabled")) for one in listed(order.restore["schedules"])]
        return [is_on if was_on is None else was_on for is_on, was_on in zip(now, then)]
    on = order.verb == "enable"
    if on and any(is_on and _counts(row) for is_on, row in zip(now, rows)):
        return now  # enabled it is, and which ones were off on purpose is not known
    return [on if _counts(row) else is_on for is_on, row in zip(now, rows)]


def _switched(row, on):
    return row if flag(row.get("enabled")) == on else dict(row, enabled=on)


def _without_switches(dto):
    schedules = [{name: value for name, value in row.items() if name != "enabled"} for row in dto["schedules"]]
    return dict(dto, schedules=schedules)
