# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""JobInfo and processed machines of NAKIVO -> job records. Pure. Private to this collection.

Field names and words are those of the vendor pages "Get Job Info" and "Get Processed VMs". Units differ from field to
field: lrDataKb is KB, lrDurationMs and an object's crDuration are ms, its crDataTransferredUncompressed bytes, its
crSpeed bytes/s; that the lr fields have the units of their cr twins, and lrSpeed bytes/s, is inferred.
"""

from __future__ import annotations

import re
from collections import namedtuple
from functools import lru_cache

from ansible_collections.backupops.jobs.plugins.module_utils import model, times
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import (
    flag,
    integer,
    listed,
    mapping,
    number,
    text,
)

#: A run is recognised again when its start differs by no more (seconds).
SAME_RUN_S = 2
#: The objects of one run follow each other at once; a longer pause (seconds) divides two runs.
STEP_GAP_S = 60

JOB_STATES = {
    "WAITING_DEMAND": model.IDLE,
    "WAITING_SCHEDULE": model.IDLE,
    "RUNNING": model.RUNNING,
    "OK": model.IDLE,
    "FAILED": model.IDLE,
    "STOPPED": model.IDLE,
}
RUN_RESULTS = {"OK": model.SUCCESS, "FAILED": model.FAILED, "STOPPED": model.CANCELLED}
#: An object has other words than a job.
OBJECT_WORDS = {
    "SCHEDULED": (model.IDLE, None),
    "DEMAND": (model.IDLE, None),
    "WAITING": (model.QUEUED, None),
    "RUNNING": (model.RUNNING, None),
    "SUCCEEDED": (model.FINISHED, model.SUCCESS),
    "FAILED": (model.FINISHED, model.FAILED),
    "STOPPED": (model.FINISHED, model.CANCELLED),
    "SKIPPED": (model.FINISHED, model.SKIPPED),
}
TYPES = {
    "BACKUP": "backup",
    "FILE_LEVEL": "backup",
    "BACKUP_COPY": "copy",
    "REPLICATION": "replication",
    "RECOVERY_VMS": "restore",
    "RECOVERY_FILES": "restore",
    "RECOVERY_OBJECTS": "restore",
    "FLASH_BOOT": "restore",
    "REPLICA_FAILOVER": "restore",
    "SITE_RECOVERY": "workflow",
}

#: Fields of JobInfo that have a place of their own in the record.
_MAPPED = frozenset(
    """name id isEnabled schedules objects hasLastRun crState crDate crDateRelative crVmPlanned crVmOk crVmFailed
    crVmStopped crVmSkipped crProgress crAdhoc lrState lrDate lrFinishDate lrSpeed lrDurationMs lrDataKb lrVmOk
    lrVmFailed lrVmStopped lrAdhoc""".split()
)
#: Fields that stand in ``native`` of the current (cr) and the last (lr) run, without the two letters.
_OF_RUN = {
    "lr": """lrSiteRecoveryRunType lrRecoveryTimeObjectiveType lrRecoveryTimeObjective lrFailoverType lrActionFailed
    lrActionSkipped lrActionSucceed lrActionStopped lrActionExecutions lrCompressionRatio""".split(),
    "cr": """crSiteRecoveryRunType crRecoveryTimeObjectiveType crRecoveryTimeObjective crFailoverType crActionExecutions
    crTotalProcessedItem crTotalNewProcessedItem""".split(),
}
#: Fields that stand in ``native`` of the definition.
_NATIVE = frozenset(
    """vid hvType jobType status added updated vmCount vmTemplateCount diskCount jobSameTypeCount sourcesSize
    sourcesAllocatedSize hvTypeBackupCount hvTypeBackupHasRootDiskCount fromBackup isLicensed isEdited isLocked
    isLockedRunningJob isRemoved lockReasons reachedTerminalLimitState averageDurationMs averageDurationSampleCount
    postScriptPath powerSourceVmsOff sqlLogTruncationMode fullBackupRunSettingsType fullBackupMode
    recoveryTimeObjectiveType recoveryTimeObjective actions differentialTrackingMode preScriptExecutionMode
    preScriptBehavior preScriptErrorMode preScriptPath postScriptExecutionMode postScriptBehavior postScriptErrorMode
    thinDiskMode ebsVolumeMode temporaryVolumeType networkAccelerationMode encryptionMode applicationAwareMode
    retentionPolicy powerVmsOn generateMac recoveryType transporterMode exchangelogTruncationMode
    screenshotVerificationMode transporters storages""".split()
)
_KNOWN = _MAPPED.union(_NATIVE, *_OF_RUN.values())
_TIMES = frozenset(("added", "updated", "next_run", "effective_date"))
#: Methods of dict: Jinja would find them instead of a key of that name.
_METHODS = frozenset(dir(dict))
_DEEPEST = 8
#: No run takes ten years: a longer duration is a fault.
_LONGEST_MS = 10 * 365 * 86400 * 1000

#: What happened to one object, as getProcessedVms tells it. Times are epoch seconds, ``moved`` and ``read`` bytes.
Step = namedtuple("Step", "vid name state start finish moved read raw")


@lru_cache(maxsize=2048)
def _snake(name):
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return found + "_" if found in _METHODS else found


def snake(value, depth=0):
    """A vendor's JSON value with snake_case keys and with times as a record writes them."""
    if isinstance(value, dict):
        if depth > _DEEPEST:
            return None
        found = {
            _snake(name): snake(inner, depth + 1) if isinstance(inner, (dict, list)) else inner
            for name, inner in value.items()
        }
        for name in _TIMES.intersection(found):
            found[name] = model.timestamp(times.from_iso(found[name]))
        return found
    if isinstance(value, list):
        return None if depth > _DEEPEST else [snake(inner, depth + 1) for inner in value]
    return value


def job_number(row):
    """The id of a job: ``id``, else the number in its ``vid`` (JOB-3); None when there is neither."""
    found = integer(row.get("id"))
    if found is None:
        match = re.fullmatch(r"JOB-([0-9]{1,18})", text(row.get("vid")) or "")
        found = int(match.group(1)) if match else None
    return found


def is_enabled(row):
    """Switched on, and no schedule or at least one enabled; None when the product does not tell.

    A schedule of type NONE ("run on demand") is none.
    """
    switch = flag(row.get("isEnabled"))
    if not switch:
        return switch
    flags = [flag(s.get("enabled")) for s in _schedules(row) if s.get("type") != "NONE"]
    if not flags or True in flags:
        return True
    return None if None in flags else False


def next_run(row):
    """Epoch seconds of the earliest run that an enabled schedule announces; None for a job that is switched off."""
    if flag(row.get("isEnabled")) is False:
        return None
    moments = [times.from_iso(s.get("nextRun")) for s in _schedules(row) if flag(s.get("enabled"))]
    return min((moment for moment in moments if moment is not None), default=None)


def _schedules(row):
    return [schedule for schedule in listed(row.get("schedules")) if isinstance(schedule, dict)]


def steps_by_job(jobs):
    """``{job id: [Step]}`` of the ``jobInfoList`` of getProcessedVms; steps that are not over are left out."""
    found = {}
    for job in jobs:
        number_ = job_number({"vid": job.get("vid")})
        if number_ is None:
            continue
        steps = found.setdefault(number_, [])
        for machine in listed(job.get("vmInfoList")):
            machine = mapping(machine)
            for run in listed(machine.get("runInfoList")):
                run = mapping(run)
                finish = times.from_iso(run.get("finishDate"))
                if finish is None:
                    continue
                steps.append(
                    Step(
                        vid=text(machine.get("vid")),
                        name=text(machine.get("name")),
                        state=text(run.get("state")),
                        start=times.from_iso(run.get("startDate")),
                        finish=finish,
                        moved=_positive(run.get("dataTransferred")),
                        read=_positive(run.get("dataTransferredUncompressed")),
                        raw=run,
                    )
                )
    return found


def grouped(steps):
    """The runs that steps (with a start) belong to: lists of steps, oldest first.

    Runs of one job do not overlap, and an object comes once in a run. So a run ends where an object comes again or
    where nothing happens for STEP_GAP_S.
    """
    runs, machines, end = [], set(), 0
    for step in sorted(steps, key=lambda step: (step.start, step.finish)):
        who = step.vid or step.name
        if not runs or who in machines or step.start - end > STEP_GAP_S:
            runs.append([])
            machines, end = set(), 0
        runs[-1].append(step)
        machines.add(who)
        end = max(end, step.finish)
    return runs


class Mapper:
    """Builds the records of one listing.

    ``prefixes``: ``{entity: uid prefix}``; ``tenant``: UUID or None; ``warn(sentence)``; ``need``: of the Query.
    """

    def __init__(self, endpoint, prefixes, tenant, warn, need=frozenset()):
        self._endpoint = endpoint
        self._prefixes = prefixes
        self._tenant = tenant
        self._warn = warn
        self._need = need

    # -- definitions -------------------------------------------------------------------------------------------------
    def definition(self, row, groups=None, steps=()):
        """The definition of a JobInfo; ``groups``: names of its groups; ``steps``: its Steps, where they were read."""
        id = str(job_number(row))
        parts = _objects(row)
        current, last = self.current_run(row, steps, groups), self.last_run(row, steps, groups)
        state = self._word(JOB_STATES, row.get("crState"), "crState", model.UNKNOWN)
        facts = self._last_facts(row, parts) or {}
        success = self._last_success(facts, steps)
        native = snake({name: value for name, value in row.items() if name in _NATIVE})
        native["tenant"] = self._tenant
        native["is_enabled"] = flag(row.get("isEnabled"))  # the job's own switch, whatever its schedules are
        native["schedules"] = [snake(schedule) for schedule in _schedules(row)]
        if "objects" in self._need:
            native["objects"] = [snake(part) for part in parts]
        known = {name: facts[name] for name in ("result", "duration_s", "counts", "bytes", "rate_bps") if name in facts}
        return model.job_record(
            uid=model.uid_of(self._prefixes[model.DEFINITION], id),
            platform="nakivo",
            endpoint=self._endpoint,
            entity=model.DEFINITION,
            id=id,
            definition_id=id,
            definition_ids=[id],
            name=text(row.get("name")),
            type=self._type(row),
            enabled=is_enabled(row),
            state=state,
            health=model.NEVER_RAN if flag(row.get("hasLastRun")) is False else None,
            progress=current["progress"] if current else None,
            next_run_at=model.timestamp(next_run(row)),
            last_success_at=model.timestamp(success),
            workload=self._workload(row, groups, self._definition_objects(row, parts, steps, state, success)),
            current_run=current,
            last_run=last,
            native=native,
            unknown_fields={name: row[name] for name in sorted(row.keys() - _KNOWN)},
            raw=row if "raw" in self._need else None,
            **known,
        )

    def _last_success(self, facts, steps):
        if facts.get("result") == model.SUCCESS:
            return facts["span"][1] or facts["span"][0]
        earlier = [
            run for run in grouped(step for step in steps if step.start) if not _within(run[0], facts.get("span"))
        ]
        ends = [max(s.finish for s in run) for run in earlier if self._step_result(run) == model.SUCCESS]
        return max(ends, default=None)

    def _definition_objects(self, row, parts, steps, job_state, success):
        found = []
        for part in parts:
            mine = sorted((step for step in steps if _same_object(part, step)), key=lambda step: step.finish)
            state, _result = self._object_words(part.get("crState"))
            _state, result = self._object_words(part.get("lrState"))
            good = [step.finish for step in mine if step.state == "SUCCEEDED"]
            if result == model.SUCCESS and not good:
                good = [times.from_iso(row.get("lrFinishDate")) or times.from_iso(row.get("lrDate")) or success]
            latest = mine[-1] if mine else None
            found.append(
                model.workload_object(
                    name=_object_name(part),
                    id=text(part.get("sourceVid")) or text(part.get("vid")),
                    type=text(part.get("sourceSubType")),
                    state=state if job_state == model.RUNNING or state != model.FINISHED else model.IDLE,
                    result=result,
                    started_at=model.timestamp(latest.start) if latest else None,
                    finished_at=model.timestamp(latest.finish) if latest else None,
                    last_success_at=model.timestamp(good[-1]) if good else None,
                    bytes=_positive(part.get("lrDataTransferredUncompressed")),
                )
            )
        return found

    # -- runs --------------------------------------------------------------------------------------------------------
    def runs(self, row, steps=(), groups=None):
        """All runs that are known of a job; newest first."""
        current, last = self.current_run(row, steps, groups), self.last_run(row, steps, groups)
        return [run for run in (current, last) if run] + self.earlier_runs(row, steps, groups)

    def current_run(self, row, steps=(), groups=None):
        """The run under way, or None."""
        start = times.from_iso(row.get("crDate"))
        if text(row.get("crState")) != "RUNNING" or start is None:
            return None
        parts = [part for part in _objects(row) if text(part.get("crState")) not in (None, "SCHEDULED", "DEMAND")]
        percent = number(row.get("crProgress"))
        speeds = [_positive(part.get("crSpeed")) for part in parts if part.get("crState") == "RUNNING"]
        return self._run(
            row,
            "cr",
            start,
            groups,
            self._run_objects(parts, "cr", steps, (start, None), None),
            state=model.RUNNING,
            progress=percent if percent is not None and 0 <= percent <= 100 else None,
            duration_s=_seconds(row.get("crDateRelative")),
            initiated_by=_initiator(row, "crAdhoc"),
            counts=model.counts(
                total=_positive(row.get("crVmPlanned")),
                ok=_positive(row.get("crVmOk")),
                failed=_positive(row.get("crVmFailed")),
                skipped=_positive(row.get("crVmSkipped")),
                stopped=_positive(row.get("crVmStopped")),
            ),
            bytes=model.sizes(source=_sum(_positive(part.get("crDataTransferredUncompressed")) for part in parts)),
            rate_bps=_sum(speeds),
        )

    def last_run(self, row, steps=(), groups=None):
        """The last finished run, or None."""
        parts = [part for part in _objects(row) if part.get("lrState") is not None]
        facts = self._last_facts(row, parts)
        if facts is None or facts["span"][0] is None:
            return None
        start, end = facts.pop("span")
        objects = self._run_objects(parts, "lr", steps, (start, end), end)
        return self._run(row, "lr", start, groups, objects, **facts)

    def _last_facts(self, row, parts):
        """What JobInfo says of the last run: keys of the record, and ``span`` (start, end). None without a last run."""
        word = text(row.get("lrState"))
        has = flag(row.get("hasLastRun"))
        if has is False or (has is None and word is None) or JOB_STATES.get(word) == model.RUNNING:
            return None
        if word in JOB_STATES and word not in RUN_RESULTS:
            return None  # WAITING_…: no end that could be told
        start, end = times.from_iso(row.get("lrDate")), times.from_iso(row.get("lrFinishDate"))
        took = _seconds(row.get("lrDurationMs"))
        if start is None and end is not None and took is not None:
            start = end - took
        elif end is None and start is not None and took:
            end = start + took
        if took is None and start is not None and end is not None and end >= start:
            took = end - start
        ok, failed, stopped = (_positive(row.get(name)) for name in ("lrVmOk", "lrVmFailed", "lrVmStopped"))
        skipped = (
            sum(part.get("lrState") == "SKIPPED" for part in parts) if isinstance(row.get("objects"), list) else None
        )
        result = self._word(RUN_RESULTS, word, "lrState", model.UNKNOWN)
        if result in (model.SUCCESS, model.FAILED) and ok and failed:
            result = model.PARTIAL
        kilobytes = _positive(row.get("lrDataKb"))
        return {
            "span": (start, end),
            "state": model.FINISHED,
            "result": result,
            "finished_at": model.timestamp(end),
            "duration_s": took,
            "initiated_by": _initiator(row, "lrAdhoc"),
            "counts": model.counts(
                None if ok is None else _sum((ok, failed, stopped, skipped)), ok, failed, skipped, stopped
            ),
            "bytes": model.sizes(
                source=_sum(_positive(part.get("lrDataTransferredUncompressed")) for part in parts),
                transferred=None if kilobytes is None else kilobytes * 1024,
            ),
            "rate_bps": _positive(row.get("lrSpeed")),
        }

    def _run(self, row, letters, start, groups, objects, native=None, **known):
        job = str(job_number(row))
        id = "{0}@{1}".format(job, start)
        if native is None:
            native = snake({name[2:]: row[name] for name in _OF_RUN[letters] if name in row})
            strange = [name for name in row.keys() - _KNOWN if name.startswith(letters)]
            known["unknown_fields"] = {name: row[name] for name in sorted(strange)}
            known["raw"] = row if "raw" in self._need else None
        native.update(
            vid=text(row.get("vid")),
            hv_type=text(row.get("hvType")),
            job_type=text(row.get("jobType")),
            tenant=self._tenant,
        )
        return model.job_record(
            uid=model.uid_of(self._prefixes[model.RUN], id),
            platform="nakivo",
            endpoint=self._endpoint,
            entity=model.RUN,
            id=id,
            definition_id=job,
            definition_ids=[job],
            name=text(row.get("name")),
            type=self._type(row),
            started_at=model.timestamp(start),
            workload=self._workload(row, groups, objects),
            native=native,
            **known,
        )

    def _run_objects(self, parts, letters, steps, span, end):
        """Objects of the current (cr) or last (lr) run; their times come from the steps inside ``span``."""
        inside = [step for step in steps if _within(step, span)]
        found = []
        for part in parts:
            state, result = self._object_words(part.get(letters + "State"))
            mine = next((step for step in inside if _same_object(part, step)), None)
            if mine is not None:
                inside.remove(mine)
            good = (mine.finish if mine else end) if result == model.SUCCESS else None
            found.append(
                model.workload_object(
                    name=_object_name(part),
                    id=text(part.get("sourceVid")) or text(part.get("vid")),
                    type=text(part.get("sourceSubType")),
                    state=state,
                    result=result,
                    started_at=model.timestamp(mine.start) if mine else None,
                    finished_at=model.timestamp(mine.finish) if mine and state == model.FINISHED else None,
                    last_success_at=model.timestamp(good),
                    bytes=_positive(part.get(letters + "DataTransferredUncompressed")),
                )
            )
        return found + [self._step_object(step) for step in inside]  # these are no longer in the job

    def earlier_runs(self, row, steps, groups=None):
        """Runs that only getProcessedVms knows, newest first: as much as can be put together from their objects."""
        facts = self._last_facts(row, ())
        spans = [facts["span"]] if facts else []
        if text(row.get("crState")) == "RUNNING":
            spans.append((times.from_iso(row.get("crDate")), None))
        rest = [step for step in steps if step.start and not any(_within(step, span) for span in spans)]
        return [self._rebuilt(row, run, groups) for run in reversed(grouped(rest))]

    def _rebuilt(self, row, run, groups):
        start, end = min(step.start for step in run), max(step.finish for step in run)
        results = [self._object_words(step.state)[1] for step in run]
        result = self._step_result(run)
        return self._run(
            row,
            None,
            start,
            groups,
            [self._step_object(step) for step in run],
            native={"put_together_from": "getProcessedVms", "steps": [text(step.raw.get("vid")) for step in run]},
            state=model.FINISHED,
            result=result,
            finished_at=model.timestamp(end),
            duration_s=max(0, end - start),
            counts=model.counts(
                total=len(run),
                ok=results.count(model.SUCCESS),
                failed=results.count(model.FAILED),
                skipped=results.count(model.SKIPPED),
                stopped=results.count(model.CANCELLED),
            ),
            bytes=model.sizes(source=_sum(step.read for step in run), transferred=_sum(step.moved for step in run)),
            raw={"runInfoList": [step.raw for step in run]} if "raw" in self._need else None,
        )

    def _step_result(self, run):
        """The result of a run by the words of its objects; a stopped object means that the run was stopped."""
        results = {self._object_words(step.state)[1] for step in run}
        if model.CANCELLED in results:
            return model.CANCELLED
        if model.FAILED in results:
            return model.PARTIAL if model.SUCCESS in results else model.FAILED
        if not results <= {model.SUCCESS, model.SKIPPED}:
            return model.UNKNOWN
        return model.SUCCESS if model.SUCCESS in results else model.SKIPPED

    def _step_object(self, step):
        state, result = self._object_words(step.state)
        return model.workload_object(
            name=step.name or step.vid,
            id=step.vid,
            state=state,
            result=result,
            started_at=model.timestamp(step.start),
            finished_at=model.timestamp(step.finish),
            last_success_at=model.timestamp(step.finish) if result == model.SUCCESS else None,
            bytes=step.moved,
        )

    # -- parts -------------------------------------------------------------------------------------------------------
    def _workload(self, row, groups, objects):
        """``client``: the name of the only object, else null; ``application``: the word of hvType."""
        names = [found["name"] for found in objects if found["name"]]
        return model.workload(
            client=names[0] if len(names) == 1 else None,
            application=text(row.get("hvType")),
            groups=groups,
            objects=objects,
        )

    def _type(self, row):
        return self._word(TYPES, row.get("jobType"), "jobType", "other")

    def _object_words(self, word):
        if word is None:
            return None, None
        return self._word(OBJECT_WORDS, word, "an object's state", (model.UNKNOWN, model.UNKNOWN))

    def _word(self, words, word, what, otherwise):
        """Our word; ``otherwise`` for null, and with a warning for a word that is not known."""
        if isinstance(word, str) and word in words:
            return words[word]
        if word is not None:
            self._warn("NAKIVO sends {0} {1!r}, which is not known; it is taken as {2}.".format(
                what, str(word)[:60], otherwise if isinstance(otherwise, str) else otherwise[0]
            ))  # fmt: skip
        return otherwise


def _objects(row):
    return [part for part in listed(row.get("objects")) if isinstance(part, dict)]


def _object_name(part):
    return text(part.get("sourceName")) or text(part.get("targetName")) or text(part.get("sourceVid"))


def _same_object(part, step):
    vid = text(part.get("sourceVid"))
    if vid and step.vid:
        return vid == step.vid
    return step.name is not None and step.name == _object_name(part)


def _within(step, span):
    """Whether a step belongs to the run of a span (start, end or None); without a start its end decides."""
    if span is None or span[0] is None:
        return False
    at = step.finish if step.start is None else step.start
    return at >= span[0] - SAME_RUN_S and (span[1] is None or at <= span[1] + SAME_RUN_S)


def _initiator(row, field):
    """Adhoc means "not on schedule": by a person or a program."""
    adhoc = flag(row.get(field))
    return model.initiated_by(how=None if adhoc is None else "manual" if adhoc else "schedule")


def _positive(value):
    found = integer(value)
    return found if found is not None and found >= 0 else None


def _seconds(milliseconds):
    found = _positive(milliseconds)
    return found // 1000 if found is not None and found < _LONGEST_MS else None


def _sum(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None
