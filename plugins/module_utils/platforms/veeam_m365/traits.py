# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What Veeam Backup for Microsoft 365 is and can. Data only. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Capability, Traits

_ADMINISTRATOR = "Veeam Backup Administrator"

CAPABILITIES = {
    "list_runs": Capability(
        True,
        "run",
        "GET JobSessions",
        "Job sessions; the server's history setting removes old ones. v5 has no time filter: all sessions are read.",
        _ADMINISTRATOR,
        "v5",
    ),
    "list_definitions": Capability(
        True,
        "definition",
        "GET Jobs, GET CopyJobs",
        "Backup jobs, and from v6 on backup copy jobs.",
        _ADMINISTRATOR,
        "v5",
    ),
    "read_enabled": Capability(True, "definition", "isEnabled of the job", None, _ADMINISTRATOR, "v5"),
    "enable": Capability(
        True, "definition", "POST Jobs/{id}/enable (v5: POST Jobs/{id}/action)", None, _ADMINISTRATOR, "v5"
    ),
    "disable": Capability(
        True,
        "definition",
        "POST Jobs/{id}/disable (v5: POST Jobs/{id}/action)",
        "A disabled job can still be started by hand, and retention goes on removing its restore points. That a run "
        "under way goes on is inferred.",
        _ADMINISTRATOR,
        "v5",
    ),
    "start": Capability(
        True,
        "definition",
        "POST Jobs/{id}/start (v5: POST Jobs/{id}/action)",
        "Levels: incremental, and from v6 on full (backup copy jobs: v6 only). Disabled jobs can be started too.",
        _ADMINISTRATOR,
        "v5",
    ),
    "suspend": Capability(False, note="Veeam jobs cannot be suspended; they can be stopped."),
    "resume": Capability(False, note="Veeam jobs cannot be suspended, so there is nothing to resume."),
    "stop": Capability(
        True,
        "definition",
        "POST Jobs/{id}/stop (v5: POST Jobs/{id}/action)",
        "Stops the job, not a single session; what is saved is kept. That it takes effect with a delay is inferred.",
        _ADMINISTRATOR,
        "v5",
    ),
    "job_operation": Capability(
        False,
        note="Retention and immutability belong to the repository, never to a job or a run; set them there.",
    ),
    "browse_session": Capability(
        True,
        None,
        "POST Jobs/{id}/explore, POST Organizations/{id}/explore (v5: action)",
        "Needs the Veeam Explorers on the server. The server stops idle sessions; after which time is not documented.",
        _ADMINISTRATOR,
        "v5",
    ),
    "data_restore": Capability(False, note="Not offered yet for Veeam: only browsing is."),
    "list_restore_sessions": Capability(
        True, None, "GET RestoreSessions", "The server filters by time only.", _ADMINISTRATOR, "v5"
    ),
}

TRAITS = Traits(
    name="veeam_m365",
    label="Veeam Backup for Microsoft 365",
    native_entity="definition",
    capabilities=CAPABILITIES,
    credentials=(("token",), ("username", "password")),
    options=("api_version",),
    filters={"organization_id": {"type": "str"}, "repository_id": {"type": "str"}},
    page_size=1000,
    levels=("incremental", "full"),
)
