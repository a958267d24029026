# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that wait: how a wait on another host still shows its progress here. Private to this collection.

A shipped module cannot talk before it ends. So the action ships ``job_wait`` again and again, in slices, and shows what
changed after each; deadline, stall clock and timeline stay here.
"""

from __future__ import annotations

import time

from ansible_collections.backupops.jobs.plugins.module_utils import edge, model, sessions
from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError
from ansible_collections.backupops.jobs.plugins.module_utils.options import CONNECTION_SPEC
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_action, waiting
from ansible_collections.backupops.jobs.plugins.plugin_utils.action import RunnerAction

FIRST_SLICE_S, LONGEST_SLICE_S = 30, 120
_WAIT = "backupops.jobs.job_wait"
_INFO = "backupops.jobs.job_info"


class WaitingAction(RunnerAction):
    """Base of the actions of job_wait, job_action and restore_session."""

    def _waits(self, arguments):
        return not (self._task.check_mode or self._task.async_val)

    def _slices(self, arguments, task_vars, uids, patience):
        """Wait for the runs with these uids: ``(Waited, first failure of a slice or None)``."""
        connection = {name: arguments[name] for name in CONNECTION_SPEC if name in arguments}
        if not connection.get("session_cache") and not self._play_context.become:
            # The slices share one login, kept in the task's own folder, which Ansible removes with the task.
            connection.update(session_cache=True, session_cache_dir=self._folder())
        begun = time.monotonic()
        waited, length = waiting.Waited(dict.fromkeys(uids), []), FIRST_SLICE_S
        moved = dict.fromkeys(uids, begun)
        following = {uid: uid for uid in uids}  # first uid -> uid of the run or of its repetition
        while following:
            left = patience.timeout - (time.monotonic() - begun)
            if patience.stall:
                length = min(length, patience.stall)  # what a slice does not see moving is told when it ends
            slice_ = dict(
                connection,
                uids=list(following.values()),
                wait_timeout=int(max(1, min(length, left))),
                wait_interval=int(patience.interval),
                on_timeout="return",
                accept_results=list(model.RESULTS),
                show_progress=False,
            )
            started = int(time.monotonic() - begun)
            answer = self._ship_module(_WAIT, slice_, task_vars)
            if answer.get("failed"):
                return waited, answer
            for (first, _uid), job in zip(list(following.items()), answer["jobs"]):
                before = waited.runs[first]
                waited.runs[first] = job
                if before is None or waiting.watched(before) != waiting.watched(job):
                    moved[first] = time.monotonic()
                    if patience.show:
                        self._show(waiting.progress_line(job, int(time.monotonic() - begun)))
                following[first] = job["uid"]
                if job["state"] in patience.ends:
                    del following[first]
                elif patience.stall and time.monotonic() - moved[first] >= patience.stall:
                    waited.stalled.append(job)
                    del following[first]
            for entry in answer["timeline"]:
                entry["elapsed_s"] += started
                if not any(_same_moment(entry, other) for other in waited.timeline):
                    waited.timeline.append(entry)
            if time.monotonic() - begun >= patience.timeout:
                waited.late = [waited.runs[first] for first in following]
                break
            length = min(LONGEST_SLICE_S, length * 2)
        return waited, None

    def _folder(self):
        return self._connection._shell.join_path(self._make_tmp_path(), "session")


def _same_moment(entry, other):
    """Whether a timeline entry only repeats, at the start of a slice, what the slice before ended with."""
    keys = ("uid", "state", "result", "progress", "bytes")
    return all(entry[key] == other[key] for key in keys)


class JobWaitAction(WaitingAction):
    def _ship(self, arguments, task_vars):
        params, wrong = self._validated(arguments)
        if wrong or not self._waits(arguments):
            return wrong or super()._ship(arguments, task_vars)
        patience = waiting.Patience.of(params)
        # A first look, which finds the runs and checks the arguments, then the slices.
        first = self._ship_module(self._name, dict(arguments, wait_timeout=1, on_timeout="return", show_progress=False,
                                                   accept_results=list(model.RESULTS)), task_vars)  # fmt: skip
        if first.get("failed"):
            return first
        waited, failure = self._slices(arguments, task_vars, [job["uid"] for job in first["jobs"]], patience)
        result = {"changed": False, "jobs": list(waited.runs.values()), "timeline": waited.timeline}
        return _ended(result, waited, patience, failure)


class JobActionAction(WaitingAction):
    def _ship(self, arguments, task_vars):
        params, wrong = self._validated(arguments)
        if wrong or not self._waits(arguments) or not params.get("wait"):
            return wrong or super()._ship(arguments, task_vars)
        try:
            # The module that is shipped hears nothing of the wait, so nobody else would look at this before the write.
            job_action.check_states(params)
        except BackupOpsError as error:
            return edge.failure(error)
        now = {name: value for name, value in arguments.items() if name not in waiting.SPEC and name != "wait"}
        result = self._ship_module(self._name, now, task_vars)
        outcomes = {
            outcome["run"]["uid"]: outcome
            for outcome in result.get("outcomes") or []
            if job_action.is_followed(outcome["status"], outcome["run"])
        }
        if result.get("failed"):
            return result
        if not outcomes:
            return dict(result, timeline=[])
        state = params["state"]
        patience = waiting.Patience.of(params, waiting.accepted_for(state), waiting.ends_for(state))
        waited, failure = self._slices(arguments, task_vars, list(outcomes), patience)
        for uid, run in waited.runs.items():
            if run is not None:
                outcomes[uid].update(run=run, result=run["result"])
        result["timeline"] = waited.timeline
        failure = failure or self._refresh(arguments, task_vars, result)
        return _ended(result, waited, patience, failure)

    def _refresh(self, arguments, task_vars, result):
        """Read the jobs once more, now that their runs have ended."""
        connection = {name: arguments[name] for name in CONNECTION_SPEC if name in arguments}
        uids = [outcome["uid"] for outcome in result["outcomes"]]
        answer = self._ship_module(_INFO, dict(connection, uids=uids), task_vars)
        if answer.get("failed"):
            return answer
        fresh = {job["uid"]: job for job in answer["jobs"]}
        result["jobs"] = [fresh.get(job["uid"], job) for job in result["jobs"]]
        for outcome in result["outcomes"]:
            job = fresh.get(outcome["uid"])
            if job is not None and outcome["status"] in ("changed", "unchanged"):
                outcome["after"].update(enabled=job["enabled"], state=job["state"])
        return None


class RestoreSessionAction(WaitingAction):
    def _ship(self, arguments, task_vars):
        params, wrong = self._validated(arguments)
        if wrong or not self._waits(arguments) or not params.get("wait") or params.get("kind") != sessions.RESTORE:
            return wrong or super()._ship(arguments, task_vars)
        now = {name: value for name, value in arguments.items() if name not in waiting.SPEC and name != "wait"}
        result = self._ship_module(self._name, now, task_vars)
        following = {one["run"]["uid"]: one for one in result.get("sessions") or [] if one["run"] is not None}
        if result.get("failed"):
            return result
        if not following:
            return dict(result, timeline=[])
        patience = waiting.Patience.of(params, waiting.accepted_for(params["state"]))
        waited, failure = self._slices(arguments, task_vars, list(following), patience)
        for uid, run in waited.runs.items():
            if run is not None:
                one = following[uid]
                one.update(
                    sessions.session_of_run(
                        run, one["type"], one["source"], one["point_in_time"], one["recovery_point"]
                    )
                )
        result["session"] = result["sessions"][0]
        result["timeline"] = waited.timeline
        return _ended(result, waited, patience, failure)


def _ended(result, waited, patience, failure):
    """The result of a sliced wait, with the failure that it deserves."""
    if failure is not None:
        return dict(failure, **result, failed=True)
    try:
        waiting.judge(waited, patience)
    except BackupOpsError as error:
        result.update(edge.failure(error))
    return result
