# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients, client groups, subclients, schedules, and activity control at every level."""

from __future__ import annotations

import calendar
import re
import time
from typing import Any

from ...product import Reply, Request, route
from .base import CommvaultBase, failure, number
from .models import ACTIVITIES, AGING, ALL_ACTIVITY, BACKUP, RESTORE, SCHEDULER, Client, Subclient

WORDS = {
    "backup": BACKUP, "restore": RESTORE, "scheduler": SCHEDULER, "dataaging": AGING, "ddb": 512,
    "dataverification": 8192, "auxillarycopy": 4, "contentindexing": 1024, "alljobactivity": ALL_ACTIVITY,
}  # fmt: skip
ENTITIES = {3: "client", 4: "agent", 5: "instance", 7: "subclient", 28: "group"}
OK = {"errorMessage": "", "errorCode": 0}


def moment(value: Any) -> int:
    """A DateTime of the classic API: ``{"time": epoch}`` or ``{"timeValue": "YYYY-MM-DD HH:MM:SS"}`` (UTC here)."""
    if not isinstance(value, dict):
        return number(value)
    if value.get("time"):
        return number(value["time"])
    try:
        return calendar.timegm(time.strptime(str(value.get("timeValue")), "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return 0


class DefinitionCalls(CommvaultBase):
    def switch(self, kind: str, id: int, activity: int, enable: bool, again_at: int = 0) -> None:
        if enable:
            self.estate.disabled.pop((kind, id, activity), None)
        else:
            self.estate.disabled[kind, id, activity] = {"at": again_at}

    def activity_options(self, kind: str, id: int) -> list[dict]:
        """``activityControlOptions`` of a client or a group."""
        found = []
        for activity in (BACKUP, RESTORE, AGING, ALL_ACTIVITY):
            off = self.estate.disabled.get((kind, id, activity))
            again = (off or {}).get("at", 0)
            found.append(
                {
                    "activityType": activity,
                    "enableActivityType": off is None,
                    "enableAfterADelay": bool(again),
                    "dateTime": {"TimeZoneName": "UTC", "time": again},
                }
            )
        return found

    def apply_options(self, kind: str, id: int, options: Any) -> None:
        for option in options or ():
            again = moment(option.get("dateTime")) if option.get("enableAfterADelay") else 0
            enable = bool(option.get("enableActivityType")) and not again
            self.switch(kind, id, number(option.get("activityType")), enable, again)

    # -- V4 switches -----------------------------------------------------------------------------------------------
    @route(
        "PUT",
        "/V4/(?P<level>Subclient|Server|ServerGroup|Instance)/(?P<id>[0-9]+)/(?P<what>Backup|Restore|DataAging)"
        "/Action/(?P<action>Enable|Disable)",
        writes=True,
    )
    def put_switch(self, request: Request, level: str, id: str, what: str, action: str) -> Reply:
        kind = {"subclient": "subclient", "server": "client", "servergroup": "group", "instance": "instance"}[
            level.lower()
        ]
        return self._v4(request, kind, int(id), WORDS[what.lower()], action)

    @route(
        "PUT",
        "/V4/Server/(?P<id>[0-9]+)/Agent/(?P<agent>[0-9]+)/(?P<what>Backup|Restore)/Action/(?P<action>Enable|Disable)",
        writes=True,
    )
    def put_agent_switch(self, request: Request, id: str, agent: str, what: str, action: str) -> Reply:
        return self._v4(request, "agent", int(id) * 1000 + int(agent), WORDS[what.lower()], action)

    @route("PUT", "/V4/Commcell/(?P<what>[A-Za-z]+)/Action/(?P<action>Enable|Disable)", writes=True)
    def put_commcell_switch(self, request: Request, what: str, action: str) -> Reply:
        activity = WORDS.get(what.lower())
        return self._v4(request, "commcell", 2, activity, action) if activity else self.unknown_route(request)

    @route(
        "PUT",
        "/V4/Entity/(?P<type>[0-9]+)/(?P<id>[0-9]+)/ActivityControl/(?P<activity>[0-9]+)"
        "/Action/(?P<action>Enable|Disable)",
        writes=True,
    )
    def put_entity_switch(self, request: Request, type: str, id: str, activity: str, action: str) -> Reply:
        kind = ENTITIES.get(int(type))
        if kind is None:
            return Reply(404, failure(2, "The entity type is not known."))
        target = int(id)
        if kind == "agent":
            if not number(request.query.get("clientId")):
                return Reply(200, failure(2, "The client id is needed for an agent."))
            target += number(request.query["clientId"]) * 1000
        return self._v4(request, kind, target, int(activity), action)

    @route("PUT", "/V4/ServerPlan/(?P<id>[0-9]+)/Backup/(?P<action>Enable|Disable)", writes=True)
    def put_plan_switch(self, request: Request, id: str, action: str) -> Reply:
        if int(id) not in {policy.plan_id for policy in self.estate.policies.values()}:
            return Reply(400, failure(2, "The plan does not exist."))
        self.switch("plan", int(id), BACKUP, action.lower() == "enable")
        return Reply(200, OK)

    def _v4(self, request: Request, kind: str, id: int, activity: int, action: str) -> Reply:
        known: dict = {"subclient": self.estate.subclients, "client": self.estate.clients, "group": self.estate.groups}
        if kind in known and id not in known[kind]:
            return Reply(200, failure(2, f"The {kind} with id [{id}] does not exist."))
        query = {name.lower(): value for name, value in request.query.items()}
        again = number(query.get("enableafteradelay") or query.get("enableafterdelaytime"))
        if again and again <= self.clock.now():
            return Reply(200, failure(2, "The time to enable the activity again is in the past."))
        self.switch(kind, id, activity, action.lower() == "enable", again)
        return Reply(200, OK)

    # -- the CommCell ------------------------------------------------------------------------------------------------
    @route("GET", "/V4/CommCell/ActivityControl")
    def get_activity_control(self, request: Request) -> Reply:
        found = []
        for activity in ACTIVITIES:
            off = self.estate.disabled.get(("commcell", 2, activity))
            again = (off or {}).get("at", 0)
            found.append(
                {
                    "activityType": activity, "enabled": off is None, "reEnableTime": again,
                    "noSchedEnable": not again, "reenableTimeZone": 0,
                }
            )  # fmt: skip
        return Reply(200, {"acObjects": found})

    @route("POST", "/CommCell/ActivityControl/(?P<activity>[0-9]+)/Action/(?P<action>Enable|Disable)", writes=True)
    def post_activity_control(self, request: Request, activity: str, action: str) -> Reply:
        # The API's own pages number the deduplication activity 2048, its SDK 512.
        kind = 512 if int(activity) == 2048 else int(activity)
        if kind not in ACTIVITIES:
            return Reply(200, failure(2, f"The activity type [{activity}] is not valid."))
        self.switch("commcell", 2, kind, action.lower() == "enable")
        return Reply(200, OK)

    @route("PUT", "/CommCell/Properties", writes=True)
    def put_commcell(self, request: Request) -> Reply:
        body = request.json() if isinstance(request.json(), dict) else {}
        control = (body.get("commCellInfo") or {}).get("commCellActivityControlInfo") or {}
        self.apply_options("commcell", 2, control.get("activityControlOptions"))
        return Reply(200, {"response": [{"errorCode": 0}]})

    # -- clients -----------------------------------------------------------------------------------------------------
    def client_properties(self, client: Client, whole: bool = False) -> dict:
        agents = sorted({(subclient.agent_id, subclient.agent) for subclient in client.subclients})
        entry: dict = {
            "client": {
                "clientEntity": client.entity(),
                "osInfo": {
                    "Type": client.os,
                    "SubType": "Server",
                    "OsDisplayInfo": {"OSName": client.os, "ProcessorType": "x64"},
                },
                "versionInfo": {
                    "version": "ServicePack:36.12",
                    "GalaxyRelease": {"ReleaseString": "11"},
                    "UpdateStatus": 1,
                },
                "idaList": [{"idaEntity": {"appName": name, "applicationId": number}} for number, name in agents],
            },
            "clientProps": {
                "IsDeletedClient": client.hidden,
                "networkReadiness": {"status": "ONLINE"},
                "clientRoles": [],
            },
        }
        if whole:
            entry["client"].update({"cvdPort": 8400, "TimeZone": {"TimeZoneName": "UTC"}})
            entry["clientProps"].update(
                {
                    "activityControl": {
                        "EnableDataManagement": self.estate.is_enabled("client", client.id, BACKUP),
                        "EnableDataRecovery": self.estate.is_enabled("client", client.id, RESTORE),
                        "EnableOnlineContentIndex": True,
                    },
                    "clientActivityControl": {"activityControlOptions": self.activity_options("client", client.id)},
                    "EnableSnapBackups": False,
                    "jobStartTime": 0,
                }
            )
            entry["clientGroups"] = [
                {"clientGroupId": group, "clientGroupName": self.estate.groups[group]}
                for group in client.groups
                if group in self.estate.groups
            ]
        return entry

    @route("GET", "/Client")
    def get_clients(self, request: Request) -> Reply:
        """Lists: plain, ``hiddenclients=true`` (more), ``PseudoClientType`` (other shape), ``start`` and ``limit``."""
        query = {name.lower(): value for name, value in request.query.items()}
        if "pseudoclienttype" in query:
            pseudo = [client for client in self.estate.clients.values() if client.pseudo]
            return Reply(200, {"VSPseudoClientsList": [{"client": client.entity(), "type": 1} for client in pseudo]})
        hidden = query.get("hiddenclients", "").lower() == "true"
        clients = [client for client in self.estate.clients.values() if hidden or not client.hidden]
        total = len(clients)
        if "limit" in query:
            start = number(query.get("start"))
            clients = clients[start : start + (number(query["limit"]) or total)]
        return Reply(
            200, {"clientProperties": [self.client_properties(one) for one in clients], "filterQueryCount": total}
        )

    @route("GET", "/VSAClientAndClientGroupList")
    def get_access_nodes(self, request: Request) -> Reply:
        return Reply(200, {"clients": [], "clientGroups": []})

    @route("GET", "/Client/(?P<client_id>[0-9]+)")
    def get_client(self, request: Request, client_id: str) -> Reply:
        client = self.estate.clients.get(int(client_id))
        if client is None:
            return Reply(200, failure(2, f"The client with id [{client_id}] does not exist."))
        return Reply(200, {"clientProperties": [self.client_properties(client, True)]})

    @route("POST", "/Client/(?P<client_id>[0-9]+)", writes=True)
    def post_client(self, request: Request, client_id: str) -> Reply:
        client = self.estate.clients.get(int(client_id))
        if client is None:
            return Reply(200, {"response": [{"errorCode": 2, "errorString": "The client does not exist."}]})
        body = request.json() if isinstance(request.json(), dict) else {}
        properties = (body.get("clientProperties") or {}).get("clientProps") or {}
        control = properties.get("clientActivityControl") or {}
        self.apply_options("client", client.id, control.get("activityControlOptions"))
        return Reply(200, {"response": [{"errorCode": 0, "entity": client.entity()}]})

    # -- client groups -----------------------------------------------------------------------------------------------
    @route("GET", "/ClientGroup")
    def get_groups(self, request: Request) -> Reply:
        return Reply(200, {"groups": [{"Id": number, "name": name} for number, name in self.estate.groups.items()]})

    @route("GET", "/ClientGroup/(?P<group_id>[0-9]+)")
    def get_group(self, request: Request, group_id: str) -> Reply:
        group = int(group_id)
        if group not in self.estate.groups:
            return Reply(200, failure(2, "The client group does not exist."))
        members = [client.entity() for client in self.estate.clients.values() if group in client.groups]
        return Reply(
            200,
            {
                "clientGroupDetail": {
                    "clientGroup": {"clientGroupId": group, "clientGroupName": self.estate.groups[group]},
                    "clientGroupActivityControl": {"activityControlOptions": self.activity_options("group", group)},
                    "associatedClients": members,
                }
            },
        )

    @route("POST", "/ClientGroup/(?P<group_id>[0-9]+)", writes=True)
    def post_group(self, request: Request, group_id: str) -> Reply:
        group = int(group_id)
        if group not in self.estate.groups:
            return Reply(200, {"response": [{"errorCode": 2, "errorString": "The client group does not exist."}]})
        body = request.json() if isinstance(request.json(), dict) else {}
        control = (body.get("clientGroupDetail") or {}).get("clientGroupActivityControl") or {}
        self.apply_options("group", group, control.get("activityControlOptions"))
        return Reply(200, {"errorCode": 0, "errorMessage": "", "response": [{"errorCode": 0}]})

    @route("GET", "/V4/ServerGroup")
    def get_server_groups(self, request: Request) -> Reply:
        return Reply(
            200, {"serverGroups": [{"id": number, "name": name} for number, name in self.estate.groups.items()]}
        )

    @route("GET", "/V4/Servers")
    def get_servers(self, request: Request) -> Reply:
        clients = [client for client in self.estate.clients.values() if not client.hidden]
        return Reply(
            200,
            {
                "servers": [
                    {"id": one.id, "name": one.name, "displayName": one.name, "hostName": one.host} for one in clients
                ]
            },
        )

    @route("GET", "/V4/ServerGroup/(?P<group_id>[0-9]+)")
    def get_server_group(self, request: Request, group_id: str) -> Reply:
        group = int(group_id)
        if group not in self.estate.groups:
            return Reply(404, failure(2, "The server group does not exist."))
        return Reply(
            200,
            {
                "serverGroup": {"id": group, "name": self.estate.groups[group]},
                "activityControl": {
                    "databackup": self.estate.is_enabled("group", group, BACKUP),
                    "dataRestore": self.estate.is_enabled("group", group, RESTORE),
                    "dataAging": self.estate.is_enabled("group", group, AGING),
                },
            },
        )

    # -- subclients --------------------------------------------------------------------------------------------------
    def subclient_properties(self, subclient: Subclient) -> dict:
        off = self.estate.disabled.get(("subclient", subclient.id, BACKUP))
        last = max((run.start for run in subclient.runs if run.kind == "Backup"), default=0)
        common: dict = {
            "enableBackup": off is None,
            "description": "",
            "isDefaultSubclient": subclient.default,
            "numberOfBackupStreams": 2,
            "lastBackupTime": last,
            "storageDevice": {
                "dataBackupStoragePolicy": {
                    "storagePolicyId": subclient.policy.id, "storagePolicyName": subclient.policy.name
                }
            },
        }  # fmt: skip
        if off and off.get("at"):
            common["enableBackupAtDateTime"] = {"TimeZoneName": "UTC", "time": off["at"]}
        return {
            "subClientEntity": subclient.entity(),
            "commonProperties": common,
            "planEntity": {"planId": subclient.policy.plan_id, "planName": subclient.policy.name + "_Plan"},
        }

    @route("GET", "/Subclient")
    def get_subclients(self, request: Request) -> Reply:
        """Of one client; no call lists all."""
        query = {name.lower(): value for name, value in request.query.items()}
        client = self.estate.clients.get(number(query.get("clientid")))
        if client is None:
            return Reply(200, failure(2, "A valid clientId is needed."))
        agent = number(query.get("applicationid"))
        found = [one for one in client.subclients if agent in (0, one.agent_id)]
        return Reply(200, {"subClientProperties": [self.subclient_properties(one) for one in found]})

    @route("GET", "/Subclient/(?P<subclient_id>[0-9]+)")
    def get_subclient(self, request: Request, subclient_id: str) -> Reply:
        subclient = self.estate.subclients.get(int(subclient_id))
        if subclient is None:
            return Reply(200, failure(2, f"The subclient with id [{subclient_id}] does not exist."))
        return Reply(200, {"subClientProperties": [self.subclient_properties(subclient)]})

    @route("POST", "/Subclient/(?P<subclient_id>[0-9]+)", writes=True)
    def post_subclient(self, request: Request, subclient_id: str) -> Reply:
        subclient = self.estate.subclients.get(int(subclient_id))
        if subclient is None:
            return Reply(200, {"response": [{"errorCode": 2, "errorString": "The subclient does not exist."}]})
        body = request.json() if isinstance(request.json(), dict) else {}
        common = (body.get("subClientProperties") or {}).get("commonProperties") or {}
        again = moment(common.get("enableBackupAtDateTime"))
        if again > self.clock.now():
            self.switch("subclient", subclient.id, BACKUP, False, again)
        elif "enableBackup" in common:
            self.switch("subclient", subclient.id, BACKUP, common["enableBackup"] in (True, "true", 1))
        return Reply(200, {"response": [{"errorCode": 0, "entity": subclient.entity()}]})

    # -- schedules ---------------------------------------------------------------------------------------------------
    def task(self, task_id: int) -> dict:
        schedule = self.estate.schedules[task_id]
        subclient = self.estate.subclients.get(schedule["subclient"])
        return {
            "task": {"taskId": task_id, "taskName": schedule["name"], "taskType": 2,
                     "taskFlags": {"disabled": schedule["disabled"]}},
            "subTasks": [
                {
                    "subTask": {"subTaskId": task_id + 5000, "subTaskName": schedule["name"], "subTaskType": 2},
                    "pattern": {"description": "Daily at 20:00", "freq_type": 4, "active_start_time": 72000},
                }
            ],
            "associations": [subclient.entity()] if subclient else [],
        }  # fmt: skip

    @route("GET", "/Schedules")
    def get_schedules(self, request: Request) -> Reply:
        query = {name.lower(): number(value) for name, value in request.query.items()}
        found = []
        for task_id, schedule in self.estate.schedules.items():
            subclient = self.estate.subclients.get(schedule["subclient"])
            client_id = subclient.client.id if subclient else 0
            if query.get("clientid") in (None, client_id) and query.get("subclientid") in (None, schedule["subclient"]):
                found.append(self.task(task_id))
        return Reply(200, {"taskDetail": found})

    @route("GET", "/(?:Schedules|SchedulePolicy)/(?P<task_id>[0-9]+)")
    def get_schedule(self, request: Request, task_id: str) -> Reply:
        if int(task_id) not in self.estate.schedules:
            return Reply(200, failure(2, "The schedule does not exist."))
        return Reply(200, {"taskInfo": self.task(int(task_id))})

    @route("POST", "/Schedules/task/Action/(?P<action>Enable|Disable)", writes=True)
    def post_schedule_action(self, request: Request, action: str) -> Reply:
        found = re.search("taskId=([0-9]+)", request.body.decode("utf-8", "replace"))
        schedule = self.estate.schedules.get(int(found[1])) if found else None
        if schedule is None:
            return Reply(200, failure(2, "The schedule does not exist."))
        schedule["disabled"] = action.lower() == "disable"
        return Reply(200, OK)
