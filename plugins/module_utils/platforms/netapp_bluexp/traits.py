# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""NetApp BlueXP backup and recovery: what it is and can, before any request. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Capability, Traits

#: Words for the unpublished ``backup-status``: of job_info and of job_action.
_WORDS = {
    "active_words": {"type": "list", "elements": "str"},
    "paused_words": {"type": "list", "elements": "str"},
}

_NO_PAUSE = "BlueXP has no call that suspends or resumes a running job."

_ONE_SYSTEM = [("working_environment", "working_environment_id")]

#: netapp_bluexp of restore_session: the fields of the body of v3/restore, and the folder that is browsed.
RESTORES = {
    "type": {"type": "str", "choices": ["volume", "file"]},
    "source": {
        "type": "dict",
        "options": {
            "working_environment": {"type": "str"},
            "working_environment_id": {"type": "str"},
            "bucket": {"type": "str"},
            "volume_name": {"type": "str"},
            "volume_id": {"type": "str"},
            "snapshot": {"type": "str"},
        },
        "mutually_exclusive": _ONE_SYSTEM,
    },
    "target": {
        "type": "dict",
        "options": {
            "working_environment": {"type": "str"},
            "working_environment_id": {"type": "str"},
            "svm": {"type": "str"},
            "volume_name": {"type": "str"},
            "path": {"type": "str"},
            "retain_source_path": {"type": "bool"},
            "aggregates": {"type": "list", "elements": "str"},
        },
        "mutually_exclusive": _ONE_SYSTEM,
    },
    "files": {
        "type": "list",
        "elements": "dict",
        "options": {
            "path": {"type": "str", "required": True},
            "inode": {"type": "int"},
            "type": {"type": "str"},
            "size": {"type": "int"},
            "mtime": {"type": "int"},
        },
    },
    "path": {"type": "str"},
    "archive_restore_priority": {"type": "str", "choices": ["High", "Standard", "Low"]},
    "skip_ransomware_check": {"type": "bool"},
    "skip_file_rename": {"type": "bool"},
}

#: Words of the vendor's page about roles (docs/permissions.py has it).
_VIEWER, _BACKUP_ADMIN = "Backup and Recovery viewer", "Backup and Recovery backup admin"
_RESTORE_ADMIN = "Backup and Recovery restore admin"

CAPABILITIES = {
    "list_runs": Capability(
        True,
        "run",
        "GET …/v1/job",
        "The server cannot filter by time. The end of a job is not told: a finished job counts by its start. A job "
        "that names no volume cannot be related to a definition.",
        permission=_VIEWER,
    ),
    "list_definitions": Capability(
        True,
        "definition",
        "GET …/v1/backup/working-environment, then …/{id}/volume",
        "Protected volumes only, with one call for each system.",
        permission=_VIEWER,
    ),
    "read_enabled": Capability(
        True,
        "definition",
        "backup-status of the volume",
        "NetApp does not publish the words of backup-status. The words active, on, enabled and protected, and paused, "
        "off, disabled and suspended are understood, which is inferred; others are null until active_words or "
        "paused_words names them.",
        permission=_VIEWER,
    ),
    "enable": Capability(
        True,
        "definition",
        "PUT …/v1/backup/working-environment/{id}/volume/{id}, state RESUME",
        "Resumes the scheduled backups of a volume.",
        permission=_BACKUP_ADMIN,
    ),
    "disable": Capability(
        True,
        "definition",
        "PUT …/v1/backup/working-environment/{id}/volume/{id}, state PAUSE",
        "Pauses the scheduled backups of a volume; a backup that runs goes on.",
        permission=_BACKUP_ADMIN,
    ),
    "start": Capability(
        True,
        "definition",
        "POST …/v3/backup/working-environment/{id}/volume/{id}, mode AD_HOC",
        "Only for protected volumes, and without a level. SnapLock volumes are refused. The name of the volume's own "
        "backup policy is sent along, and the policy stays as it is, which is inferred. A paused volume can be backed "
        "up by hand if BlueXP accepts it, which is not documented.",
        permission=_BACKUP_ADMIN,
    ),
    "suspend": Capability(False, note=_NO_PAUSE),
    "resume": Capability(False, note=_NO_PAUSE),
    "stop": Capability(False, note="BlueXP has no call that stops a running job."),
    "job_operation": Capability(
        False,
        note="It keeps backups by the backup policy of a volume, not by run and copy; set retention and object lock in that "
        "policy.",
    ),
    "browse_session": Capability(
        True,
        None,
        "POST …/v1/sfr/working-environment/{id}/volume/{id}/file-explore/start",
        "Lists the files of a backup; there is no session to stop.",
    ),
    "data_restore": Capability(
        True,
        None,
        "POST …/v3/restore",
        "Restores a volume or files. A restore that runs cannot be stopped.",
        permission=_RESTORE_ADMIN,
    ),
    "list_restore_sessions": Capability(
        True, None, "GET …/v1/job", "Jobs that carry a restore block.", permission=_VIEWER
    ),
}

TRAITS = Traits(
    name="netapp_bluexp",
    label="NetApp BlueXP backup and recovery",
    native_entity="run",
    capabilities=CAPABILITIES,
    credentials=(("token",), ("client_id", "client_secret"), ("refresh_token",), ("username", "password")),
    options=("client_id", "client_secret", "refresh_token", "auth_url", "account_id", "agent_id"),
    scope_option="account_id",
    default_url="https://cloudmanager.cloud.netapp.com",
    filters={
        "working_environment_id": {"type": "str"},
        "type": {"type": "str"},
        "status": {"type": "str"},
        **_WORDS,
    },
    objects_always=("definition",),
    actions={"working_environment_id": {"type": "str"}, **_WORDS},
    restores=RESTORES,
)
