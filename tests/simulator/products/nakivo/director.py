# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Director: its address, the Ext.Direct envelope, sessions, permissions, the movement of jobs, the controls."""

from __future__ import annotations

import heapq
import json
import random
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from ...clock import Clock
from ...product import Product, Reply, Request, route
from . import calls, estate
from .calls import ALL_PERMISSIONS, SAVEPOINTS, VIEW
from .job_info import current_state, dump
from .jobs import Job, Run, Tenant, outcomes
from .rpc import METHODS, Call, Encoded, RpcFailure, Session

HOME_PAGE = (
    "<!DOCTYPE html><html><head><title>NAKIVO Backup &amp; Replication</title></head>"
    "<body><div id='login'></div></body></html>"
)
FAILURES_ALLOWED = 5
#: The words that no client knows yet, shown by the job "Proxmox lab" with the switch ``future_words``.
FUTURE_WORDS = {
    "jobType": "BACKUP_TO_ORBIT",
    "hvType": "PROXMOX",
    "status": "PURPLE",
    "crState": "HIBERNATING",
    "lrState": "OK_WITH_REMARKS",
}


class Nakivo(Product):
    """NAKIVO Backup & Replication. ``POST /c/router``, for tenants ``POST /t/<uuid>/c/router``; anything else is HTML.

    Accounts: ``admin`` / ``p@ss+w&rd=1 %é`` (all permissions), ``auditor`` / ``read-only-1`` (view only).
    Tenants: "Alpine Bank" 6f0d2b3a-51c7-4f0e-9a61-0d8a4f6b7c11, "Nordsee Logistik"
    c2a7e5d4-8b19-4e7d-b3f2-5e1f90ab6d22; job ids are counted in each, so that JOB-1 is three different jobs.

    Switches (constructor options, ``set_switch`` later):

    ==============  =============  ==================================================================================
    version         "11"           "11": getListJobs, getJobShortInfo, getJob, file recovery, saveJob with origin.
                                   "10.11": none of these, but the fields and the dates of 10.11. "10": plain
                                   saveJob, dates with Z, flat jobCount
    utc_offset      7              hours; dates of 10.11 and later carry it ("+07:00")
    unknown_id      "absent"       getJobInfo for an id that is not there: "absent" or "exception"
    run_running     "accept"       run of a running job: "accept" (no second run) or "exception"
    stop_idle       "accept"       stop of a job that does not run: "accept" (nothing happens) or "exception"
    save_refusal    "result"       saveJob without a live lock: "result" CANNOT_LOCK or "exception"
    edit_running    "allow"        getJobForEditing of a running job: "allow" or "refuse" (exception)
    group_tree      "overlapping"  getGroupInfo [null]: the root and all groups (ids repeat), or the "root" alone
    future_words    False          one job shows words that no client knows
    scheduler       True           schedules start jobs when the clock gets there
    run_seconds     120            planned duration of a run that starts from now on
    start_delay     0              seconds between an accepted run and RUNNING
    stop_delay      1              seconds between an accepted stop and STOPPED
    idle_seconds    600            a session without ``remember`` ends after so much silence
    block_seconds   300            how long five wrong passwords lock an account
    flr_polls       3              getState calls until a file recovery session is ACTIVE
    flr_life        60             seconds that such a session lives without getState
    cookie_number   4443           the n of JSESSIONID-n
    ==============  =============  ==================================================================================

    Controls (``tenant`` = UUID or name, default the master): load, finish, stall, plan, start, rename, remove,
    set_enabled, set_words, set_last_run, lock, break_savepoint, set_permissions, set_switch, unblock, expire_tokens.
    """

    name = "nakivo"
    base_path = ""

    SWITCHES: ClassVar[dict[str, Any]] = {
        "version": "11",
        "utc_offset": 7,
        "unknown_id": "absent",
        "run_running": "accept",
        "stop_idle": "accept",
        "save_refusal": "result",
        "edit_running": "allow",
        "group_tree": "overlapping",
        "future_words": False,
        "scheduler": True,
        "run_seconds": 120,
        "start_delay": 0,
        "stop_delay": 1,
        "idle_seconds": 600,
        "block_seconds": 300,
        "flr_polls": 3,
        "flr_life": 60,
        "cookie_number": 4443,
    }
    _WORDS: ClassVar[dict[str, tuple]] = {
        "version": ("10", "10.11", "11"),
        "unknown_id": ("absent", "exception"),
        "run_running": ("accept", "exception"),
        "stop_idle": ("accept", "exception"),
        "save_refusal": ("result", "exception"),
        "edit_running": ("allow", "refuse"),
        "group_tree": ("overlapping", "root"),
    }

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(clock, **options)
        self.switches = dict(self.SWITCHES)
        self.edition = 0
        self._random = random.Random(4443)
        self._waiting: list[tuple[float, int, str, Tenant, Job, Any]] = []
        self._ticket = 0
        self.sessions: dict[str, Session] = {}
        self.recoveries: dict[str, calls.Recovery] = {}
        self.logins = 0
        self.users: dict[str, dict[str, Any]] = {
            "admin": {"id": 1, "password": "p@ss+w&rd=1 %é", "master": True, "permissions": list(ALL_PERMISSIONS)},
            "auditor": {"id": 2, "password": "read-only-1", "master": False, "permissions": [VIEW, SAVEPOINTS]},
        }
        self.failures: dict[str, list[float]] = {}  # user: [count, blocked until]
        for name, value in options.items():
            self._switch(name, value)
        start = clock.now()
        offset = int(self.switches["utc_offset"] * 3600)
        self.master = Tenant(None, "master", None, 1)
        self.tenants = {
            estate.ALPINE: Tenant(1, "Alpine Bank", estate.ALPINE, 2),
            estate.NORDSEE: Tenant(2, "Nordsee Logistik", estate.NORDSEE, 3),
        }
        estate.fill_master(self.master, start, offset)
        estate.fill_tenants(self.tenants[estate.ALPINE], self.tenants[estate.NORDSEE], start, offset)
        self._future_words()
        for tenant in self._worlds():
            for job in tenant.jobs.values():
                self.plan_schedule(tenant, job, start)
                if job.run is not None:
                    self._later(job.run.due, "end", tenant, job, job.run)

    # -- small things the RPC methods use ------------------------------------------------------------------------
    @property
    def version(self) -> str:
        return self.switches["version"]

    def date(self, moment: float | None) -> str | None:
        """``…Z`` in old versions, with the server's offset from 10.11 on."""
        if moment is None:
            return None
        if self.version == "10":
            text = datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds")
            return text.replace("+00:00", "Z")
        zone = timezone(timedelta(hours=self.switches["utc_offset"]))
        return datetime.fromtimestamp(moment, zone).isoformat(timespec="milliseconds")

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def demand(self, call: Call, permission: str) -> None:
        if permission and permission not in self.users[call.session.user]["permissions"]:  # type: ignore[union-attr]
            raise RpcFailure("Access is denied", f"{permission} is required")

    def login(self, call: Call, name: str, password: Any, remember: bool) -> dict[str, Any]:
        user = self.users.get(name)
        count, until = self.failures.get(name, [0, 0.0])
        if until and until <= call.now:
            count, until = 0, 0.0
        result, reason = "OK", None
        if until:
            result, reason = "FAIL_BLOCKED_WAIT", "Too many failed attempts"
        elif user is None or (password or "") != user["password"]:
            result, reason, count = "FAIL_OTHER", "Incorrect credentials", count + 1
            if count >= FAILURES_ALLOWED:
                until = call.now + self.switches["block_seconds"]
            self.failures[name] = [count, until]
        info = None
        if result == "OK" and user is not None:
            self.failures.pop(name, None)
            count = 0
            self.logins += 1
            call.token = self.new_uuid().replace("-", "").upper()
            call.session = Session(name, remember, call.now, self.logins)
            call.cookie = call.token
            self.sessions[call.token] = call.session
            info = {
                "id": user["id"],
                "name": name,
                "isMasterAdmin": user["master"],
                "isAdmin": user["master"],
                "permissions": list(user["permissions"]),
                "tid": "MASTER",
                "email": f"{name}@example.com",
                "twoFaInfo": None,
            }
        wait = max(0, int(until - call.now + 0.999)) if until else 0
        return {
            "result": result,
            "reason": reason,
            "firstTime": False,
            "productConfigured": True,
            "userInfo": info,
            "canTry": {"isPossible": not wait, "waitTimeLeft": wait, "failedAttempts": int(count)},
        }

    # -- movement ------------------------------------------------------------------------------------------------
    def _worlds(self) -> list[Tenant]:
        return [self.master, *self.tenants.values()]

    def _later(self, when: float, what: str, tenant: Tenant, job: Job, detail: Any) -> None:
        self._ticket += 1
        heapq.heappush(self._waiting, (when, self._ticket, what, tenant, job, detail))

    def plan_schedule(self, tenant: Tenant, job: Job, now: float) -> None:
        moments = [moment for moment in (job.next_of(row, now) for row in job.schedules) if moment is not None]
        job.next_time = None
        (tenant.triggered.add if any(row.get("triggerItem") for row in job.schedules) else tenant.triggered.discard)(
            job.id
        )
        if moments and job.stuck_next is None:
            job.next_time = min(moments)
            self._later(job.next_time, "schedule", tenant, job, job.edition)

    def progress(self, now: float) -> None:
        """Let everything happen that was due by ``now``, in its order."""
        while self._waiting and self._waiting[0][0] <= now:
            when, _ticket, what, tenant, job, detail = heapq.heappop(self._waiting)
            if tenant.jobs.get(job.id) is not job:
                continue
            if what == "end" and job.run is not None and job.run is detail and job.run.due <= when:
                tenant.end_run(job, job.run, when)
                self._trigger(tenant, job, when)
            elif what == "begin" and job.pending:
                self._begin(tenant, job, when, *detail)
            elif what == "stop":
                self._stopped(tenant, job, when, *detail)
            elif what == "schedule" and detail == job.edition and job.next_time == when:
                job.changed()
                if self.switches["scheduler"] and job.enabled and job.run is None and not job.pending:
                    self.start(tenant, job, when, False)
                self.plan_schedule(tenant, job, when)

    def start(self, tenant: Tenant, job: Job, when: float, adhoc: bool, sources: Any = None) -> None:
        job.pending = True
        tenant.touch(job)
        if self.switches["start_delay"] and adhoc:
            self._later(when + self.switches["start_delay"], "begin", tenant, job, (adhoc, sources))
        else:
            self._begin(tenant, job, when, adhoc, sources)

    def _begin(self, tenant: Tenant, job: Job, when: float, adhoc: bool, sources: Any) -> None:
        job.pending = False
        job.starts += 1
        job.scheduled_starts += not adhoc
        run = job.run = tenant.make_run(job, when, self.switches["run_seconds"], adhoc, sources)
        tenant.touch(job)
        if run.parts:
            self._later(run.due, "end", tenant, job, run)
        else:
            # "empty VMs to run": the product gives such a run up at once.
            tenant.end_run(job, run, when)

    def stop(self, tenant: Tenant, job: Job, when: float, sources: Any) -> None:
        if self.switches["stop_delay"]:
            self._later(when + self.switches["stop_delay"], "stop", tenant, job, (job.run, sources))
        else:
            self._stopped(tenant, job, when, job.run, sources)

    def _stopped(self, tenant: Tenant, job: Job, when: float, run: Run | None, sources: Any) -> None:
        if job.pending and run is None:
            job.pending = False
            tenant.touch(job)
            return
        if run is None or job.run is not run:
            return
        for part in run.parts:
            if sources is not None and part.machine.settings.get("sourceVid") not in sources:
                continue
            if run.part_state(part, when) in ("WAITING", "RUNNING"):
                part.moved = run.part_bytes(part, when)
                part.outcome, part.end = "STOPPED", max(part.begin, run.elapsed(when))
        if sources is None or all(run.part_state(part, when) not in ("WAITING", "RUNNING") for part in run.parts):
            run.state = "STOPPED"
            tenant.end_run(job, run, when)
            self._trigger(tenant, job, when)

    def _trigger(self, tenant: Tenant, job: Job, when: float) -> None:
        """Start the jobs whose schedule waits for this one."""
        if not self.switches["scheduler"] or job.last is None:
            return
        event = {"OK": "RUN_SUCCESS", "FAILED": "RUN_FAILURE", "STOPPED": "RUN_STOP"}.get(job.last.state)
        for other in [tenant.jobs[number] for number in sorted(tenant.triggered) if number in tenant.jobs]:
            for row in other.schedules:
                if row.get("triggerItem") != job.vid or not row.get("enabled") or row.get("type") != "TRIGGER":
                    continue
                if (
                    event in (row.get("triggerEvents") or [])
                    and other.enabled
                    and other.run is None
                    and not other.pending
                ):
                    self.start(tenant, other, when, False)

    # -- the envelope --------------------------------------------------------------------------------------------
    @staticmethod
    def _calls_in(request: Request) -> list[dict[str, Any]]:
        body = request.json() if request.path.lower().endswith("/c/router") and request.method == "POST" else None
        return [one for one in (body if isinstance(body, list) else [body]) if isinstance(one, dict)]

    def label(self, request: Request) -> str:
        """The path and ``#Action.method`` of each call in the body."""
        names = "".join(f"#{one.get('action')}.{one.get('method')}" for one in self._calls_in(request))
        return super().label(request) + names

    def classify(self, request: Request) -> bool:
        found = (METHODS.get(f"{one.get('action')}.{one.get('method')}") for one in self._calls_in(request))
        return any(method is not None and method.writes for method in found)

    @route("POST", "/c/router")
    def master_router(self, request: Request) -> Reply:
        return self._router(request, self.master)

    @route("POST", "/t/(?P<identity>[^/]+)/c/router")
    def tenant_router(self, request: Request, identity: str) -> Reply:
        return self._router(request, self.tenants.get(identity.lower()))

    @route("GET", "/|/c/?|/t/[^/]+/?")
    def home(self, request: Request) -> Reply:
        return Reply(200, HOME_PAGE, "text/html;charset=UTF-8")

    def unknown_route(self, request: Request) -> Reply:
        if request.path.lower().endswith("/c/router"):
            return Reply(405, "<html><body>Method Not Allowed</body></html>", "text/html")
        return Reply(404, "<html><body>Not Found</body></html>", "text/html")

    def _router(self, request: Request, tenant: Tenant | None) -> Reply:
        now = self.clock.now()
        cookie = f"JSESSIONID-{self.switches['cookie_number']}"
        token = ""
        for pair in request.headers.get("cookie", "").split(";"):
            name, _sep, value = pair.strip().partition("=")
            if name == cookie:
                token = value
        call = Call(tenant or self.master, now, token, self._session(token, now))
        body = request.json()
        many = isinstance(body, list)
        texts = [self._answer(one, call, tenant is None) for one in (body if many else [body])]
        headers = {}
        if call.cookie is not None:
            age = "" if call.cookie else "; Max-Age=0"
            headers["Set-Cookie"] = f"{cookie}={call.cookie}; Path=/; HttpOnly{age}"
        text = "[" + ",".join(texts) + "]" if many else texts[0]
        return Reply(200, text.encode("utf-8"), "application/json;charset=UTF-8", headers)

    def _session(self, token: str, now: float) -> Session | None:
        session = self.sessions.get(token)
        if session is None:
            return None
        if not session.remember and now - session.used > self.switches["idle_seconds"]:
            del self.sessions[token]
            return None
        session.used = now
        return session

    def _answer(self, body: Any, call: Call, nowhere: bool) -> str:
        body = body if isinstance(body, dict) else {}
        action, name = body.get("action"), body.get("method")
        # tid comes back as text, whatever was sent.
        head = {"action": action, "method": name, "tid": str(body.get("tid")) if body.get("tid") is not None else None}
        try:
            if nowhere:
                raise RpcFailure("Unknown tenant")
            data = self._call(f"{action}.{name}", body, call)
        except RpcFailure as failure:
            where = f"{action}.{name}"
            tail = {
                "type": "exception",
                "message": failure.message,
                "where": where,
                "cause": failure.cause,
                "data": None,
            }
            return dump({**head, **tail})
        if isinstance(data, Encoded):
            text = dump({**head, "type": "rpc", "message": None, "where": None, "cause": None})
            return text[:-1] + ',"data":' + data + "}"
        return dump({**head, "type": "rpc", "message": None, "where": None, "cause": None, "data": data})

    def _call(self, name: str, body: dict[str, Any], call: Call) -> Any:
        method = METHODS.get(name)
        if body.get("type") != "rpc":
            raise RpcFailure("Not an RPC request")
        if call.session is None and not (method and method.open):
            raise RpcFailure("Access is denied", "You are not logged in")
        if method is None or (method.since == "11" and self.version != "11"):
            raise RpcFailure(f"No such method: {name}")
        data = body.get("data")
        data = [] if data is None else data
        if not isinstance(data, list):
            raise RpcFailure("Cannot convert parameters: data must be an array")
        try:
            given = method.signature.bind(self, call, *data).arguments
        except TypeError:
            raise RpcFailure(f"Wrong number of parameters: {len(data)}") from None
        if not isinstance(given.get("request"), (dict, type(None))):
            raise RpcFailure("Cannot convert parameter: an object is expected")
        if not method.open:
            self.demand(call, method.permission)
        try:
            return method.function(self, call, *data)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A list where a number belongs, and the like: the real server's argument conversion refuses these too.
            raise RpcFailure("Cannot convert parameters", f"{type(error).__name__}: {error}") from error

    def expire_tokens(self) -> None:
        self.sessions.clear()

    # -- the test's hand -----------------------------------------------------------------------------------------
    def _switch(self, name: str, value: Any) -> None:
        if name not in self.SWITCHES:
            raise ValueError(f"nakivo has no switch {name!r}; it has: {', '.join(self.SWITCHES)}")
        if name in self._WORDS and value not in self._WORDS[name]:
            raise ValueError(f"{name}: {value!r} is none of {', '.join(self._WORDS[name])}")
        self.switches[name] = value
        self.edition += 1

    def _future_words(self) -> None:
        job = next((job for job in self.master.jobs.values() if job.name == "Proxmox lab"), None)
        if job is not None:
            job.words = dict(FUTURE_WORDS) if self.switches["future_words"] else {}
            self.master.touch(job)

    def _world(self, tenant: str) -> Tenant:
        for world in self._worlds():
            if tenant.lower() in (world.name.lower(), (world.uuid or "").lower()) or (
                not tenant and world is self.master
            ):
                return world
        raise ValueError(f"no tenant {tenant!r}")

    def _find(self, job: int | str, tenant: str) -> tuple[Tenant, Job]:
        """A job by id or by exact name (the first of that name)."""
        world = self._world(tenant)
        for found in world.jobs.values():
            if found.id == job or found.name == job:
                return world, found
        raise ValueError(f"no job {job!r}")

    def control_set_switch(self, name: str, value: Any) -> None:
        self._switch(name, value)
        self._future_words()
        for world in self._worlds():
            world.touch()

    def control_load(self, jobs: int, tenant: str = "") -> dict[str, int]:
        """``jobs`` jobs more."""
        world, now = self._world(tenant), self.clock.now()
        added = estate.load(world, now, int(self.switches["utc_offset"] * 3600), jobs)
        shared: dict[int, float | None] = {}
        for number in added:
            job = world.jobs[number]
            key = id(job.schedules)
            if key not in shared:
                shared[key] = min((m for m in (job.next_of(row, now) for row in job.schedules) if m), default=None)
            if job.enabled and shared[key] is not None:
                job.next_time = shared[key]
                self._later(job.next_time, "schedule", world, job, job.edition)  # type: ignore[arg-type]
        return {"first": added.start, "count": len(added)}

    def control_start(self, job: int | str, tenant: str = "", adhoc: bool = False) -> None:
        """Start a run as a schedule would (``adhoc``: as somebody else at the web page would)."""
        world, found = self._find(job, tenant)
        if found.run is None and not found.pending:
            self.start(world, found, self.clock.now(), adhoc)

    def control_plan(self, job: int | str, tenant: str = "", **plan: Any) -> None:
        """Lay down the outcome of the current run, else of the next: ``state``, ``seconds`` and how many objects end
        ``failed``, ``stopped``, ``skipped`` (or ``ok``)."""
        world, found = self._find(job, tenant)
        if found.run is None:
            found.plan = dict(plan)
            return
        seconds = plan.pop("seconds", None)
        if plan:
            self._set_outcome(found.run, plan)
        if seconds is not None:
            found.run.seconds = float(seconds)
            self._later(found.run.due, "end", world, found, found.run)
        world.touch(found)

    @staticmethod
    def _set_outcome(run: Run, plan: dict[str, Any]) -> None:
        run.state = plan.pop("state", "FAILED" if plan.get("failed") else "OK")
        for part, word in zip(run.parts, outcomes(len(run.parts), run.state, **plan)):
            part.outcome = word

    def control_finish(self, job: int | str, state: str = "", tenant: str = "", **counts: Any) -> None:
        """End the current run now; ``state`` (OK, FAILED, STOPPED or any word) and counts as for ``plan``."""
        world, found = self._find(job, tenant)
        run = found.run
        if run is None:
            raise ValueError(f"job {found.id} is not running")
        if state or counts:
            self._set_outcome(run, {**({"state": state} if state else {}), **counts})
        world.end_run(found, run, self.clock.now())
        self._trigger(world, found, self.clock.now())

    def control_stall(self, job: int | str, stalled: bool = True, tenant: str = "") -> None:
        """The current run stays RUNNING and does not move any more; False lets it go on."""
        world, found = self._find(job, tenant)
        run, now = found.run, self.clock.now()
        if run is None:
            raise ValueError(f"job {found.id} is not running")
        if stalled:
            run.stalled_at = now
        elif run.stalled_at is not None:
            run.started += now - run.stalled_at
            run.stalled_at = None
            self._later(run.due, "end", world, found, run)
        world.touch(found)

    def control_rename(self, job: int | str, name: str, tenant: str = "") -> None:
        world, found = self._find(job, tenant)
        found.name = name
        world.touch(found)

    def control_remove(self, job: int | str, tenant: str = "") -> None:
        world, found = self._find(job, tenant)
        del world.jobs[found.id]
        world.touch()

    def control_set_enabled(self, job: int | str, enabled: bool, tenant: str = "") -> None:
        """``isEnabled``: people switch it at the web page; no RPC for it is known."""
        world, found = self._find(job, tenant)
        found.enabled = enabled
        found.edition += 1
        self.plan_schedule(world, found, self.clock.now())
        world.touch(found)

    def control_set_words(self, job: int | str, words: dict[str, Any], tenant: str = "") -> None:
        """Show these JobInfo fields instead of the true ones; {} ends it."""
        world, found = self._find(job, tenant)
        found.words = dict(words)
        world.touch(found)

    def control_set_last_run(
        self, job: int | str, state: str, ago: float = 3600, seconds: float = 600, tenant: str = "", **counts: Any
    ) -> None:
        """Give the job a last run that ended ``ago`` seconds before now."""
        world, found = self._find(job, tenant)
        began = self.clock.now() - ago - seconds
        current, found.plan = found.run, {"state": state, **counts}
        run = world.make_run(found, began, seconds, False)
        world.end_run(found, run, began + seconds)
        found.run = current

    def control_lock(self, job: int | str, seconds: float = 15, user: str = "somebody", tenant: str = "") -> None:
        """Somebody else has the job open for editing; 0 gives it free."""
        world, found = self._find(job, tenant)
        found.lock = (self.new_uuid(), user, self.clock.now() + seconds) if seconds else None
        world.touch(found)

    def control_break_savepoint(self, savepoint: int, tenant: str = "") -> None:
        """The recovery point cannot be opened any more."""
        for kept in self._world(tenant).backup_objects.values():
            for row in kept["savepoints"]:
                if row["id"] == savepoint:
                    row.update(accessible=False, checkState="CORRUPTED")
                    return
        raise ValueError(f"no savepoint {savepoint}")

    def control_set_permissions(self, user: str, permissions: list[str]) -> None:
        self.users[user]["permissions"] = list(permissions)

    def control_unblock(self, user: str) -> None:
        self.failures.pop(user, None)

    def state(self) -> dict[str, Any]:
        """``{version, logins, sessions, failures, jobs {id: …}, tenants {uuid: {name, jobs}}, recoveries}``.

        A job: name, vid, type, isEnabled, schedules (enabled flags), crState, lrState, starts (runs begun), of which
        scheduled_starts, start_requests (accepted run calls), stops, saves, locked_by, runs (newest last).
        """
        now = self.clock.now()

        def one(job: Job) -> dict[str, Any]:
            runs = [*job.history, *([job.run] if job.run else [])]
            return {
                "name": job.name,
                "vid": job.vid,
                "type": job.type,
                "isEnabled": job.enabled,
                "schedules": [bool(row.get("enabled")) for row in job.schedules],
                "crState": current_state(job),
                "lrState": job.last.state if job.last else None,
                "starts": job.starts,
                "scheduled_starts": job.scheduled_starts,
                "start_requests": job.start_requests,
                "stops": job.stops,
                "saves": job.saves,
                "locked_by": job.lock[1] if job.locked(now) else None,  # type: ignore[index]
                "runs": [
                    {"id": r.id, "started": r.started, "finished": r.finished, "adhoc": r.adhoc}
                    | {"state": "RUNNING" if r.finished is None else r.state}
                    for r in runs
                ],
            }

        def jobs(tenant: Tenant) -> dict[str, Any]:
            return {str(number): one(job) for number, job in tenant.jobs.items()}

        alive = [
            {"user": s.user, "remember": s.remember, "idle": now - s.used, "number": s.number}
            for s in self.sessions.values()
            if s.remember or now - s.used <= self.switches["idle_seconds"]
        ]
        opened = {
            identity: {**r.row, "state": "CLOSED" if now - r.used > self.switches["flr_life"] else r.state}
            | {"restored": r.restored, "tenant": r.tenant.uuid}
            for identity, r in self.recoveries.items()
        }
        return json.loads(
            json.dumps(
                {
                    "version": self.version,
                    "logins": self.logins,
                    "sessions": alive,
                    "failures": {name: {"count": c, "blocked": u > now} for name, (c, u) in self.failures.items()},
                    "jobs": jobs(self.master),
                    "tenants": {u: {"name": t.name, "jobs": jobs(t)} for u, t in self.tenants.items()},
                    "recoveries": opened,
                }
            )
        )
