# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""NAKIVO Backup & Replication: what it is and can. Data only. Private to this collection.

The permissions are words of the vendor page "Login"; which call needs which of them is inferred from the words.
"""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import Capability, Traits

_VIEW, _START, _STOP = "ROLE_JOB_SUMMARY_VIEW", "ROLE_START_ACTIVITY", "ROLE_STOP_ACTIVITY"
_EDIT, _RECOVER = "ROLE_EDIT_JOB", "ROLE_CREATE_JOB_FLR"
_SWITCH = Capability(
    supported=True,
    entity=model.DEFINITION,
    via="JobManagement.getJobForEditing, JobManagement.saveJob",
    note="Only with nakivo.disable_by: schedules, which switches the schedules of the job. No public call switches the "
    "job itself: a job without schedules cannot be switched, and one that is off at the web page stays off. Disable "
    "switches off every schedule. Enable switches on every schedule, and only when none is on; restore_from switches "
    "on exactly those that were.",
    permission=_EDIT,
)

TRAITS = Traits(
    name="nakivo",
    label="NAKIVO Backup & Replication",
    native_entity=model.DEFINITION,
    options=("tenant",),
    scope_option="tenant",
    credentials=(("username",),),
    filters={"group_id": {"type": "int"}},
    actions={"disable_by": {"type": "str", "choices": ["schedules"]}},
    restores={
        "backup_object": {"type": "str"},
        "backup_object_id": {"type": "int"},
        "recovery_point_id": {"type": "int"},
        "hv_type": {"type": "str"},
    },
    page_size=200,
    capabilities={
        "list_runs": Capability(
            supported=True,
            entity=model.RUN,
            via="JobSummaryManagement.getJobInfo, JobSummaryManagement.getProcessedVms",
            note="The current and the last run of each job. Earlier runs of the last 24 hours are put together from "
            "what the product tells of each object.",
            permission=_VIEW,
        ),
        "list_definitions": Capability(
            supported=True,
            entity=model.DEFINITION,
            via="JobSummaryManagement.getGroupInfo, JobSummaryManagement.getJobInfo",
            permission=_VIEW,
        ),
        "read_enabled": Capability(
            supported=True,
            entity=model.DEFINITION,
            via="JobSummaryManagement.getJobInfo",
            note="A job counts as enabled when it is switched on and has no schedule or at least one enabled schedule.",
            permission=_VIEW,
        ),
        "enable": _SWITCH,
        "disable": _SWITCH,
        "start": Capability(
            supported=True,
            entity=model.DEFINITION,
            via="JobManagement.run",
            note="Without a choice of the level. The call is known from release 11.2.1; that older releases have it "
            "is inferred.",
            permission=_START,
        ),
        "suspend": Capability(supported=False, note="The product cannot suspend a run."),
        "resume": Capability(supported=False, note="The product cannot suspend a run, so there is none to resume."),
        "stop": Capability(
            supported=True,
            via="JobManagement.stop",
            note="The call stops the current run of a job.",
            permission=_STOP,
        ),
        "job_operation": Capability(
            supported=False,
            note="It keeps recovery points by the retention of their job or schedule, so there is no hold on one run; set "
            "that retention in the job.",
        ),
        "browse_session": Capability(
            supported=True,
            via="FileLevelRecoveryManagement.createSession",
            note="File recovery from a recovery point; seen with release 11.2.1 only. A session that nobody asks for "
            "lives about one minute.",
            permission=_RECOVER,
            since="11.2.1",
        ),
        "data_restore": Capability(
            supported=True,
            entity=model.DEFINITION,
            via="JobManagement.run",
            note="By starting a recovery job that exists already; that this works is inferred.",
            permission=_START,
        ),
        "list_restore_sessions": Capability(
            supported=False, note="No call that lists file recovery sessions is known."
        ),
    },
)
