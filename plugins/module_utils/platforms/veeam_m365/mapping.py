# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""From Veeam's answers (RESTJob, RESTCopyJob, RESTJobSession of v5 to v8) to job records. Pure. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.times import from_iso
from ansible_collections.backupops.jobs.plugins.module_utils.tolerant import flag, integer, listed, mapping, text

#: lastStatus of a job and status of a session, in lower case: state and result of a run.
WORDS = {
    "running": (model.RUNNING, None),
    "updating": (model.RUNNING, None),
    "queued": (model.QUEUED, None),
    "success": (model.FINISHED, model.SUCCESS),
    "warning": (model.FINISHED, model.WARNING),
    "failed": (model.FINISHED, model.FAILED),
    "stopped": (model.FINISHED, model.CANCELLED),
}
#: Words that say nothing about a run.
IDLE_WORDS = {
    "notconfigured": "Veeam shows the job as NotConfigured: it is not set up completely.",
    "disconnected": "Veeam shows the job as Disconnected: its backup proxy may be away.",
}
LEVELS = {"full": "full", "incremental": "incremental"}
APPLICATION = "Microsoft 365"
#: lastRun of a job and the times of its session are told by different clocks.
SLACK_S = 60

_NO_ID = "00000000-0000-0000-0000-000000000000"

#: Fields that are mapped, put in native, or (_links, runNow) say nothing more.
KNOWN_JOB = frozenset(
    "id name description backupType isEnabled lastStatus lastRun nextRun lastBackup schedulePolicy runNow selectedItems "
    "excludedItems repositoryId organizationId backupJobId eTag _links".split()
)
KNOWN_SESSION = frozenset(
    "id creationTime endTime progress status details retryCount statistics repositoryId mainSessionId jobWillBeRetried "
    "jobType jobId jobSessionConfigType eTag proxyId proxyPoolId _links".split()
)
_SCHEDULE = {
    "enabled": ("scheduleEnabled", flag),
    "type": ("type", text),
    "daily_type": ("dailyType", text),
    "daily_time": ("dailyTime", text),
    "periodically_every": ("periodicallyEvery", text),
    "retry_enabled": ("retryEnabled", flag),
    "retry_number": ("retryNumber", integer),
    "retry_wait_minutes": ("retryWaitInterval", integer),
}
_STATISTICS = {
    "read_rate_bytes_ps": "readRateBytesPS",
    "write_rate_bytes_ps": "writeRateBytesPS",
    "processing_rate_items_ps": "processingRateItemsPS",
}


def known_id(value):
    """An id; None for null and for the empty GUID."""
    found = text(value)
    return None if found == _NO_ID else found


def linked_id(row, *names):
    """The last part of the first of these ``_links`` (absolute up to v5, relative from v6 on); None without one."""
    links = mapping(row.get("_links"))
    for name in names:
        href = text(mapping(links.get(name)).get("href"))
        if href:
            return known_id(href.partition("?")[0].rstrip("/").rpartition("/")[2])
    return None


def job_id_of(session):
    """The job of a session: ``jobId`` in v8, a link before."""
    return known_id(session.get("jobId")) or linked_id(session, "job")


def is_copy_session(session):
    kind = text(session.get("jobType"))
    if kind:
        return kind.lower() == "copy"
    return "/copyjobs/" in (text(mapping(mapping(session.get("_links")).get("job")).get("href")) or "").lower()


def word_of(value, warn):
    """``(state, result, reason)`` of a status word; ``(None, None, reason)`` for one that says nothing about a run."""
    word = text(value)
    if word is None:
        return None, None, None
    known = WORDS.get(word.lower())
    if known:
        return known[0], known[1], None
    reason = IDLE_WORDS.get(word.lower())
    if reason is None:
        warn("Veeam sent the unknown status {0!r}; it is shown as unknown.".format(word))
        return model.UNKNOWN, model.UNKNOWN, "Unknown status: " + word
    return None, None, reason


@dataclass
class Job:
    """What other records need of a backup job or copy job. ``active``: the word of the job itself."""

    id: str
    name: str | None
    is_copy: bool
    organization_id: str | None
    repository_id: str | None
    last_run: int | None
    active: bool
    row: dict = field(repr=False)


def job_of(row, is_copy=False, source=None):
    """``source``: the Job that a copy job copies; up to v7 only that one knows the organisation."""
    word = (text(row.get("lastStatus")) or "").lower()
    return Job(
        id=text(row.get("id")) or "unknown",
        name=text(row.get("name")),
        is_copy=is_copy,
        organization_id=known_id(row.get("organizationId"))
        or linked_id(row, "organization")
        or (source.organization_id if source else None),
        repository_id=known_id(row.get("repositoryId")) or linked_id(row, "backupRepository"),
        last_run=from_iso(row.get("lastRun")),
        active=word in WORDS and WORDS[word][0] != model.FINISHED,
        row=row,
    )


class Recent:
    """What matters of a job's sessions, which come in any order: the newest, the newest finished, the last good end."""

    def __init__(self):
        self.newest = self.finished = None
        self.good_end = None
        self._newest_start = self._finished_start = -1

    def add(self, session):
        start = from_iso(session.get("creationTime")) or 0
        end = from_iso(session.get("endTime"))
        state, result = run_state(session, end)
        if start > self._newest_start:
            self.newest, self._newest_start = session, start
        if state == model.FINISHED:
            if start > self._finished_start:
                self.finished, self._finished_start = session, start
            if result in model.GOOD_RESULTS and (end or start) > (self.good_end or 0):
                self.good_end = end or start

    @property
    def current(self):
        """The session under way: only the newest can be it."""
        return self.newest if self.newest is not self.finished else None

    def covers(self, job):
        """Whether the run that the job speaks of (lastRun) is here."""
        if self.newest is None:
            return job.last_run is None and not job.active
        if self.current is not None:
            return self.finished is not None
        seen = max(self._newest_start, from_iso(self.newest.get("endTime")) or 0)
        return not job.active and (job.last_run is None or job.last_run <= seen + SLACK_S)

    def is_behind(self, job):
        """Whether the job's own words are newer than the newest finished session."""
        if self.finished is None:
            return True
        seen = max(self._finished_start, from_iso(self.finished.get("endTime")) or 0)
        return job.last_run is not None and job.last_run > seen + SLACK_S


def _silent(_sentence):
    pass


def run_state(session, end, warn=_silent):
    """``(state, result)`` of a session; a word that does not fit a run leaves the end time to decide."""
    state, result, _reason = word_of(session.get("status"), warn)
    if state in (None, model.UNKNOWN):
        return (model.UNKNOWN, None) if end is None else (model.FINISHED, model.UNKNOWN)
    return state, result


def protected_object(item):
    """A selected item (RESTJobItem) of a job; it holds a user, group, site or team."""
    name = id = None
    for part in ("user", "group", "site", "team"):
        inner = mapping(item.get(part))
        name = name or next(
            (text(inner.get(key)) for key in ("displayName", "title", "name", "url") if text(inner.get(key))), None
        )
        id = id or text(inner.get("id"))
    name = (
        name
        or text(item.get("name"))
        or text(item.get("displayName"))
        or text(item.get("type"))
        or text(item.get("id"))
    )
    return model.workload_object(name, id=id or text(item.get("id")), type=text(item.get("type")))


def processed_object(row, warn):
    """An object of a session (RESTJobSessionObject): the product sends its id only, which stands for the name."""
    state, result, _reason = word_of(row.get("status"), warn)
    id = text(row.get("id"))
    return model.workload_object(id, id=id, type=text(row.get("type")), state=state, result=result)


class Mapper:
    """Makes the records of one listing.

    ``prefixes``: uid prefix per entity; ``organizations``, ``repositories``: names by id; ``raw``: whether to keep
    the product's rows.
    """

    def __init__(self, endpoint, prefixes, organizations, repositories, warn, raw=False):
        self.endpoint = endpoint
        self.prefixes = prefixes
        self.organizations = organizations
        self.repositories = repositories
        self.warn = warn
        self.raw = raw

    def run(self, session, job=None, objects=None):
        """The record of a job session. ``job``: its Job, when it still exists."""
        id = text(session.get("id")) or "unknown"
        start, end = from_iso(session.get("creationTime")), from_iso(session.get("endTime"))
        state, result = run_state(session, end, self.warn)
        done = state == model.FINISHED
        statistics = mapping(session.get("statistics"))
        processed = integer(session.get("progress"))
        if processed is None:
            processed = integer(statistics.get("processedObjects"))
        details = text(session.get("details"))
        definition_id = job_id_of(session) or (job.id if job else None)
        native = self._places(job, known_id(session.get("repositoryId")))
        native.update(
            status=text(session.get("status")),
            details=details,
            retry_count=integer(session.get("retryCount")),
            will_be_retried=flag(session.get("jobWillBeRetried")),
            proxy_id=known_id(session.get("proxyId")),
            proxy_pool_id=known_id(session.get("proxyPoolId")),
            etag=integer(session.get("eTag")),
            bottleneck=text(statistics.get("bottleneck")),
        )
        for name, theirs in _STATISTICS.items():
            native[name] = integer(statistics.get(theirs))
        return model.job_record(
            model.uid_of(self.prefixes[model.RUN], id),
            "veeam_m365",
            self.endpoint,
            model.RUN,
            id,
            definition_id=definition_id,
            definition_ids=[definition_id] if definition_id else [],
            parent_id=known_id(session.get("mainSessionId")),
            name=job.name if job else None,
            type="copy" if is_copy_session(session) else "backup",
            level=LEVELS.get((text(session.get("jobSessionConfigType")) or "").lower()),
            state=state,
            result=result,
            reason=details if done and result != model.SUCCESS else None,
            started_at=model.timestamp(start),
            finished_at=model.timestamp(end) if done else None,
            duration_s=end - start if done and start and end and end >= start else None,
            workload=model.workload(native["organization"]["name"], APPLICATION, None, objects),
            counts=model.counts(total=processed, ok=processed if result == model.SUCCESS else None),
            bytes=model.sizes(transferred=integer(statistics.get("transferredDataBytes"))),
            rate_bps=integer(statistics.get("processingRateBytesPS")),
            native=native,
            unknown_fields={name: session[name] for name in session.keys() - KNOWN_SESSION},
            raw=session if self.raw else None,
        )

    def definition(self, job, recent, objects=None):
        """The record of a job. ``recent``: its sessions; ``objects``: what it protects, when that was read apart.

        A word of the job itself counts where its session is not there: trimmed, or not shown yet.
        """
        row = job.row
        current = self.run(recent.current, job) if recent.current else None
        last = self.run(recent.finished, job) if recent.finished else None
        state, result, reason = word_of(row.get("lastStatus"), self.warn)
        never = job.last_run is None and recent.newest is None and not job.active
        behind = recent.is_behind(job)
        own = {
            "state": model.IDLE,
            "started_at": model.timestamp(job.last_run) if behind and not (job.active or current) else None,
            "result": result if behind and state == model.FINISHED and not never else None,
            "health": model.NEVER_RAN if never else None,
        }
        if current:
            own["state"] = current["state"]
        elif state == model.UNKNOWN or (behind and state in model.ACTIVE_STATES):
            own["state"] = state
        if last and not (behind and own["result"]):
            for name in ("result", "reason", "started_at", "finished_at", "duration_s", "bytes", "counts", "rate_bps"):
                own[name] = last[name]
        if state is None and reason:  # NotConfigured, Disconnected
            own.update(reason=reason, health=own["health"] or model.WARNING)
        good_end = from_iso(row.get("lastBackup")) or recent.good_end
        if good_end is None and own["result"] in model.GOOD_RESULTS:
            good_end = job.last_run
        if objects is None:
            objects = self._objects_of(row)
        return model.job_record(
            model.uid_of(self.prefixes[model.DEFINITION], job.id),
            "veeam_m365",
            self.endpoint,
            model.DEFINITION,
            job.id,
            definition_id=job.id,
            definition_ids=[job.id],
            name=job.name,
            type="copy" if job.is_copy else "backup",
            enabled=flag(row.get("isEnabled")),
            next_run_at=model.timestamp(from_iso(row.get("nextRun"))),
            last_success_at=model.timestamp(good_end),
            workload=model.workload(self.organizations.get(job.organization_id), APPLICATION, None, objects),
            current_run=current,
            last_run=last,
            native=self._native_of(job),
            unknown_fields={name: row[name] for name in row.keys() - KNOWN_JOB},
            raw=row if self.raw else None,
            **own,
        )

    def _objects_of(self, row):
        if (text(row.get("backupType")) or "").lower() == "entireorganization":
            return []
        if not isinstance(row.get("selectedItems"), list):
            return None
        return [protected_object(item) for item in row["selectedItems"] if isinstance(item, dict)]

    def _places(self, job, repository_id=None):
        organization_id = job.organization_id if job else None
        repository_id = repository_id or (job.repository_id if job else None)
        return {
            "organization": {"id": organization_id, "name": self.organizations.get(organization_id)},
            "repository_id": repository_id,
            "repository_name": self.repositories.get(repository_id),
        }

    def _native_of(self, job):
        row = job.row
        policy = mapping(row.get("schedulePolicy"))
        native = self._places(job)
        native.update(
            description=text(row.get("description")),
            backup_type=text(row.get("backupType")),
            backup_job_id=known_id(row.get("backupJobId")),
            last_status=text(row.get("lastStatus")),
            last_run_at=model.timestamp(job.last_run),
            last_backup_at=model.timestamp(from_iso(row.get("lastBackup"))),
            etag=integer(row.get("eTag")),
            excluded=[
                protected_object(item)["name"] for item in listed(row.get("excludedItems")) if isinstance(item, dict)
            ],
            schedule={name: read(policy.get(theirs)) for name, (theirs, read) in _SCHEDULE.items()},
        )
        return native
