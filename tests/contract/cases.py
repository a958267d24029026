# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One suite, many products: what the contract tests must know of each, as data."""

from __future__ import annotations

import json

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_action, job_info, job_wait

PASSWORD = "p@ss+w&rd=1 %é"
_USER = {"username": "admin", "password": PASSWORD}
_CLIENT = {"client_id": "sim-client", "client_secret": "s3cr+t&="}

#: case -> how to connect, and the options that a product needs for what others do without.
CASES = {
    "commvault": {"platform": "commvault", "login": _USER},
    "commvault-classic": {"platform": "commvault", "login": _USER, "switches": {"v4": False, "release": 28}},
    "nakivo": {"platform": "nakivo", "login": _USER, "switching": {"nakivo": {"disable_by": "schedules"}}},
    "nakivo-10": {
        "platform": "nakivo",
        "login": _USER,
        "switching": {"nakivo": {"disable_by": "schedules"}},
        "switches": {"version": "10"},
    },
    "netapp_bluexp": {"platform": "netapp_bluexp", "login": _CLIENT},
    "netapp_bluexp-objects": {"platform": "netapp_bluexp", "login": _CLIENT, "switches": {"objects": True}},
    "veeam_m365-v5": {"platform": "veeam_m365", "login": dict(_USER, api_version="v5")},
    "veeam_m365-v6": {"platform": "veeam_m365", "login": dict(_USER, api_version="v6")},
    "veeam_m365-v7": {"platform": "veeam_m365", "login": dict(_USER, api_version="v7")},
    "veeam_m365-v8": {"platform": "veeam_m365", "login": _USER},
}


class Case:
    """One product on one simulator, and the runners as a task would call them."""

    def __init__(self, name, simulator):
        self.name = name
        self.simulator = simulator
        self.facts = CASES[name]
        self.platform = self.facts["platform"]
        self.switching = self.facts.get("switching", {})

    @property
    def connection(self):
        return dict(
            self.facts["login"], platform=self.platform, url=self.simulator.url(self.platform), endpoint_name="sim"
        )

    def context(self, runner, check=False, **arguments):
        """The context of a task with arguments as a playbook gives them."""
        given = {name: value for name, value in dict(self.connection, **arguments).items() if value is not None}
        validated = ArgumentSpecValidator(runner.SPEC, **getattr(runner, "CONSTRAINTS", {})).validate(given)
        assert not validated.error_messages, validated.error_messages
        self.lines = []
        return edge.Context(validated.validated_parameters, check_mode=check, diff=True, progress=self.lines.append)

    def run(self, runner, check=False, **arguments):
        """The result of a runner, with its warnings, for arguments as a playbook gives them."""
        context = self.context(runner, check, **arguments)
        result = edge.execute(runner.run, context)
        result["warnings"] = context.warnings
        assert result.get("error", {}).get("kind") != "bug", result["msg"]
        assert json.loads(json.dumps(result)) == result, "a result must be plain data: no tuples, no numbers as keys"
        return result

    def info(self, **arguments):
        return self.run(job_info, **arguments)

    def act(self, state=None, check=False, **arguments):
        if state in ("enabled", "disabled") or "restore_from" in arguments:
            arguments = {**self.switching, **arguments}
        return self.run(job_action, check=check, state=state, **arguments)

    def wait(self, check=False, **arguments):
        return self.run(job_wait, check=check, wait_interval=1, **arguments)

    def writes(self):
        return self.simulator.log.writes(self.platform)

    def idle(self, count=1, **wanted):
        """Definitions that are enabled, have ended a run and do nothing now; the same ones in each call."""
        jobs = [
            job
            for job in self.info(entity="definition")["jobs"]
            if job["state"] == "idle" and job["enabled"] and job["last_run"] and job["type"] == "backup"
            and job["native"].get("schedules") != []  # a NAKIVO job without schedules cannot be switched
            and all(job[key] == value for key, value in wanted.items())
        ]  # fmt: skip
        names = [job["name"] for job in jobs]
        jobs = [job for job in jobs if names.count(job["name"]) == 1 and "[" not in job["name"]]
        assert len(jobs) >= count, "the estate has too few such jobs"
        return jobs[:count]
