# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What Commvault is and can do: data, no I/O. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Capability, Traits

#: Words of the vendor's pages about permissions (docs/permissions.py has the pages).
_JOBS, _AGENTS, _PROTECTION = "Job Management", "Agent Management", "Data Protection/Management Operations"
_COPIES = "Operations on Storage Policy \\ Copy"
_RECOVER = "Browse, and In Place Recover or Out-of-Place Recover"

TRAITS = Traits(
    name="commvault",
    label="Commvault",
    native_entity=model.RUN,
    options=("domain", "refresh_token"),
    credentials=(("token",), ("username", "password")),
    page_size=1000,
    has_copies=True,
    filters={
        "client_id": {"type": "int"},
        "subclient_id": {"type": "int"},
        "job_category": {"type": "str", "choices": ["Active", "Finished", "All"]},
        "job_filter": {"type": "str"},
        "show_aged": {"type": "bool"},
        "lookback": {"type": "str"},
    },
    actions={
        "scope": {"type": "str", "choices": ["subclient", "client", "client_group", "commcell"]},
        "enable_after": {"type": "str"},
    },
    levels=("full", "incremental", "differential", "synthetic_full"),
    restores={
        "client": {"type": "str"},
        "client_id": {"type": "int"},
        "agent": {"type": "str"},
        "instance": {"type": "str"},
        "backupset": {"type": "str"},
        "subclient": {"type": "str"},
        "subclient_id": {"type": "int"},
        "paths": {"type": "list", "elements": "str"},
        "target": {
            "type": "dict",
            "options": {"client": {"type": "str"}, "client_id": {"type": "int"}, "path": {"type": "str"}},
        },
        "copy_precedence": {"type": "int"},
        "include_aged_data": {"type": "bool"},
        "restore_acls": {"type": "bool"},
    },
    capabilities={
        "list_runs": Capability(
            True,
            model.RUN,
            "GET Job; POST Jobs with show_aged",
            "Backup jobs unless job_filter says otherwise. A job leaves every list once the CommCell prunes it.",
        ),
        "list_definitions": Capability(
            True,
            model.DEFINITION,
            "GET Subclient?clientId=, GET Job",
            "No call lists all subclients: those of the given clients, else those seen in the runs of lookback.",
        ),
        "read_enabled": Capability(
            True,
            model.DEFINITION,
            "GET Subclient",
            "The subclient's own flag. Activity control of its client, client group or CommCell may still stop it.",
        ),
        "enable": Capability(
            True,
            model.DEFINITION,
            "PUT V4/Subclient/{id}/Backup/Action/Enable",
            "Activity control of a subclient, client, client group or the CommCell. Older releases: the classic calls, for "
            "subclients and clients only.",
            since="11.32 for V4",
            permission=_AGENTS,
        ),
        "disable": Capability(
            True,
            model.DEFINITION,
            "PUT V4/Subclient/{id}/Backup/Action/Disable",
            "As enable. Running jobs go on; pending, queued and suspended ones cannot resume while it is off.",
            since="11.32 for V4",
            permission=_AGENTS,
        ),
        "start": Capability(
            True,
            model.DEFINITION,
            "POST Subclient/{id}/action/backup",
            "Levels: full, incremental (the default, always sent), differential, synthetic_full. An incremental without a "
            "full before it becomes one.",
            permission=_PROTECTION,
        ),
        "suspend": Capability(
            True,
            model.RUN,
            "POST Job/{id}/action/pause",
            "Asynchronous, through Suspend Pending. Phases that cannot be pre-empted cannot be suspended.",
            permission=_JOBS,
        ),
        "resume": Capability(True, model.RUN, "POST Job/{id}/action/resume", "Asynchronous.", permission=_JOBS),
        "stop": Capability(
            True,
            None,
            "POST Job/{id}/action/kill",
            "Asynchronous: the job passes through Kill Pending.",
            permission=_JOBS,
        ),
        "job_operation": Capability(
            True,
            model.RUN,
            "POST V4/Plan/BackupDestination/JobOperations",
            "recopy needs release 11.34. A delete cannot be undone.",
            since="11.32",
            permission=_COPIES,
        ),
        "browse_session": Capability(False, note="Commvault browses without a session."),
        "data_restore": Capability(
            True,
            None,
            "POST CreateTask",
            "Restore task for files. Its request is known from client code only.",
            permission=_RECOVER,
        ),
        "list_restore_sessions": Capability(True, None, "GET Job?jobFilter=Restore", "Restore jobs."),
    },
)
