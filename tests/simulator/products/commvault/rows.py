# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run looks in the lists: JSON (numbers) and XML (all strings), from a cache where that is safe."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .models import LEVELS, Client, Run, Subclient, dumps

#: The attributes of a row in the vendor page's XML, in its order.
XML_ATTRIBUTES = (
    "appTypeName", "backupLevel", "backupLevelName", "backupSetName", "currentPhaseName", "destClientName", "isAged",
    "isPreemptable", "isVisible", "jobElapsedTime", "jobEndTime", "jobId", "jobStartTime", "jobType", "lastUpdateTime",
    "localizedOperationName", "localizedStatus", "pendingReason", "pendingReasonErrorCode", "percentComplete",
    "percentSavings", "sizeOfApplication", "sizeOfMediaOnDisk", "status", "statusColor", "subclientName",
    "totalFailedFiles", "totalFailedFolders", "totalNumOfFiles",
)  # fmt: skip
SUBCLIENT_ATTRIBUTES = (
    "appName", "applicationId", "backupsetId", "backupsetName", "clientId", "clientName", "instanceId", "instanceName",
    "subclientId", "subclientName",
)  # fmt: skip


def moving_part(run: Run, now: float) -> dict:
    """The members of ``jobSummary`` that belong to the run itself."""
    elapsed = (run.end or int(now)) - run.start
    size = run.size if run.end else int(run.size * run.progress(now) / 100)
    media = run.media if run.end else int(run.media * run.progress(now) / 100)
    row = {
        "jobId": run.id,
        "status": run.status,
        "localizedStatus": run.status,
        "isVisible": run.visible,
        "isAged": run.aged,
        "jobType": run.kind,
        "opType": run.op,
        "localizedOperationName": run.operation,
        "backupLevel": LEVELS.get(run.level, 0),
        "backupLevelName": run.level,
        "localizedBackupLevelName": run.level,
        "percentComplete": run.progress(now),
        "currentPhase": 7 if run.phase else 0,
        "currentPhaseName": run.phase,
        "jobStartTime": run.start,
        "jobEndTime": run.end,
        "jobElapsedTime": max(0, elapsed),
        "lastUpdateTime": run.last_update,
        "attemptStartTime": run.start if run.active else 0,
        "pendingReason": run.reason,
        "pendingReasonErrorCode": run.reason_code,
        "errorType": 0,
        "isPreemptable": int(run.preemptable),
        "alertColorLevel": 0,
        "statusColor": "redspan" if run.status.startswith("Failed") else "black",
        "sizeOfApplication": size,
        "sizeOfMediaOnDisk": media,
        "percentSavings": round(100 - 100 * media / size, 6) if size else 0,
        "totalNumOfFiles": run.files,
        "totalFailedFiles": run.failed_files,
        "totalFailedFolders": run.failed_folders,
        "averageThroughput": round(size / 1e9 / (elapsed / 3600), 3) if elapsed > 0 else 0,
        "currentThroughput": 0,
        "jobAttributes": 0,
        "jobAttributesEx": 0,
        "vsaParentJobID": run.parent,
        "jobSubmitErrorCode": 0,
        "commcellId": 2,
        "userName": {"userId": 1, "userName": run.user},
    }
    return row


def fixed_part(run: Run, clients: dict[int, Client], groups: dict[int, str]) -> dict:
    """The members of ``jobSummary`` that come from the subclient (or, without one, from the client)."""
    subclient = run.subclient
    client = clients.get(run.client_id)
    destination = {"clientId": run.client_id, "clientName": run.client_name, "displayName": run.client_name}
    if subclient is None:
        return {
            "appTypeName": "Default Application Type Name",
            "destClientName": run.client_name,
            "subclient": {
                "appName": "Default Application Type Name",
                "applicationId": 0,
                "backupsetId": 0,
                "clientId": run.client_id,
                "clientName": run.client_name,
                "instanceId": 0,
                "subclientId": 0,
            },
            "destinationClient": destination,
            "clientGroups": _groups(client, groups),
        }
    return {
        "appTypeName": subclient.agent,
        "backupSetName": subclient.backupset,
        "subclientName": subclient.name,
        "destClientName": run.client_name,
        "subclient": subclient.entity(),
        "storagePolicy": {"storagePolicyId": subclient.policy.id, "storagePolicyName": subclient.policy.name},
        "destinationClient": destination,
        "clientGroups": _groups(client, groups),
        "dataSource": {"dataSourceId": 0},
    }


def _groups(client: Client | None, groups: dict[int, str]) -> list[dict]:
    return [
        {"_type_": 28, "clientGroupId": number, "clientGroupName": groups[number]}
        for number in (client.groups if client else ())
        if number in groups
    ]


def summary(run: Run, clients: dict[int, Client], groups: dict[int, str], now: float) -> dict:
    row = {**moving_part(run, now), **fixed_part(run, clients, groups)}
    if run.verbatim:
        row.update(_numbers(run.verbatim))
    return row


def encoded(run: Run, clients: dict[int, Client], groups: dict[int, str], now: float) -> bytes:
    """The row as JSON text. What cannot change any more (a finished run) is made once."""
    if run.verbatim:
        return b'{"jobSummary":' + dumps(summary(run, clients, groups, now)) + b"}"
    text = run.cached
    if text is None:
        text = dumps(moving_part(run, now))[1:-1]
        if run.end:
            run.cached = text
    subclient = run.subclient
    if subclient is None or run.client_id != subclient.client.id:  # a restore onto another client
        static = dumps(fixed_part(run, clients, groups))[1:-1]
    else:
        static = _subclient_text(subclient, run, clients, groups)
    return b'{"jobSummary":{' + text + b"," + static + b"}}"


def _subclient_text(subclient: Subclient, run: Run, clients: dict[int, Client], groups: dict[int, str]) -> bytes:
    if subclient.static is None:
        subclient.static = dumps(fixed_part(run, clients, groups))[1:-1]
    return subclient.static


def _numbers(attributes: dict) -> dict:
    """A sample's XML strings as the JSON form would have them."""
    row: dict = {}
    for name, value in attributes.items():
        if name in ("isVisible", "isAged"):
            row[name] = value == "true"
        elif name in ("backupLevel",):
            row[name] = 0
        elif (
            name.startswith(("percent", "total", "size")) or name.endswith("Time") or name in ("jobId", "isPreemptable")
        ):
            row[name] = int(float(value))
        else:
            row[name] = value
    return row


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _attributes(names: tuple, values: dict) -> str:
    # Line breaks inside an attribute must be references, or a reader turns them into blanks.
    return "".join(
        f" {name}=" + quoteattr(_text(values[name]), {"\n": "&#10;", "\r": "&#13;"}) for name in names if name in values
    )


def xml_list(total: int, runs: list[Run], clients: dict[int, Client], groups: dict[int, str], now: float) -> str:
    """The answer of GET Job with ``Accept: application/xml``."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>'
    rows = []
    for run in runs:
        if run.verbatim:
            values: dict = run.verbatim
            names = tuple(values)
        else:
            values = summary(run, clients, groups, now)
            values["backupLevel"] = run.level or "UNKNOWN_BKP_LEVEL"
            names = XML_ATTRIBUTES
        inner = ""
        if not run.bare:
            entity = fixed_part(run, clients, groups)
            inner = f"<subclient{_attributes(SUBCLIENT_ATTRIBUTES, entity['subclient'])}/>" + "".join(
                '<clientGroups _type_="CLIENT_GROUP_ENTITY"'
                + _attributes(("clientGroupId", "clientGroupName"), group)
                + "/>"
                for group in entity["clientGroups"]
            )
        end = f">{inner}</jobSummary>" if inner else "/>"
        rows.append(f"<jobs><jobSummary{_attributes(names, values)}{end}</jobs>")
    body = "".join(rows)
    tag = f'<JobManager_JobListResponse totalRecordsWithoutPaging="{total}"'
    return head + (f"{tag}>{body}</JobManager_JobListResponse>" if rows else f"{tag}/>")
