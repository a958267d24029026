# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""controller_apply without a controller: what it would send, held against AWX's rules, our options and our roles.

The modules of awx.awx are played by ``controller/recorder.py``, which knows their options from
``controller/awx_options.json``. What AWX checks when it gets the objects is written down here as AWX 24.6 does it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.backupops.jobs.plugins.module_utils import options
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from simulator import Simulator
from simulator.products.commvault import login

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import PASSWORD, ROOT, SECRET, Runbooks

HERE = Path(__file__).resolve().parent / "controller"
KNOWN = json.loads((HERE / "awx_options.json").read_text("utf-8"))

#: Characters that break careless quoting, and a template that nobody may evaluate.
HOSTILE = '100% & +"quo\'tes" \\n {{ 7 * 7 }} #é='

# -- AWX's rules -------------------------------------------------------------------------------------------------------

NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"enum": ["string", "boolean"]},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
                    "id": {"type": "string", "pattern": NAME},
                    "label": {"type": "string"},
                    "help_text": {"type": "string"},
                    "multiline": {"type": "boolean"},
                    "secret": {"type": "boolean"},
                    "ask_at_runtime": {"type": "boolean"},
                    "default": {},
                },
                "additionalProperties": False,
                "required": ["id", "label"],
            },
        },
    },
}
TEXTS = {"type": "object", "patternProperties": {NAME: {"type": "string"}}, "additionalProperties": False}
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {"type": "object", "properties": {"template": {"type": "string"}}, "additionalProperties": False},
        "env": {**TEXTS, "patternProperties": {NAME: {"type": "string", "pattern": "^[\x00-\x7f]*$"}}},
        "extra_vars": TEXTS,
    },
}
FORBIDDEN = {
    "VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID",
    "AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION",
    "CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH",
}  # fmt: skip
ANSWERS = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int,
    "float": float,
}  # fmt: skip
#: Lines by which AWX finds playbooks in a project.
PLAYBOOK = re.compile(
    r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$", re.M
)


class Tower:
    """What AWX calls ``tower`` in the templates of injectors."""

    filename = "/nowhere"


def inject(kind, inputs, folder):
    """The environment that AWX makes of a credential's inputs; files go to ``folder``."""
    space = {name: value for name, value in inputs.items() if isinstance(value, bool) or value}
    for field in kind["inputs"]["fields"]:
        if field["type"] == "boolean":
            space.setdefault(field["id"], False)
    engine = ImmutableSandboxedEnvironment()
    tower = Tower()
    template = kind["injectors"].get("file", {}).get("template")
    if template is not None:
        path = folder / (re.sub(r"\W", "_", kind["name"]) + ".pem")
        path.write_text(engine.from_string(template).render(**space), "utf-8")
        path.chmod(0o600)
        tower.filename = str(path)
    templates = kind["injectors"]["env"].items()
    return {name: engine.from_string(text).render(**space, tower=tower) for name, text in templates}


# -- what would be sent ------------------------------------------------------------------------------------------------


def plain(folder):
    """A Runbooks with no servers of its own."""
    folder.mkdir(exist_ok=True)
    return Runbooks(SimpleNamespace(products=()), folder)


def apply(folder, good=True, **variables):
    """Run controller_apply on recorders: ``([(module, arguments)], output)``, in the order of the calls."""
    runbooks = plain(folder)
    recorded = folder / "recorded"
    actions = folder / "ansible_collections" / "recorder" / "controller" / "plugins" / "action"
    actions.mkdir(parents=True, exist_ok=True)
    for module in KNOWN["modules"]:
        shutil.copy(HERE / "recorder.py", actions / (module + ".py"))
    runbooks.environ["ANSIBLE_COLLECTIONS_PATH"] += ":" + str(folder)
    runbooks.environ.update(RECORDED=str(recorded), OPTIONS=str(HERE / "awx_options.json"))
    recorded.write_text("", "utf-8")
    _recap, output = runbooks.run(
        "controller_apply", good=good, controller_collection="recorder.controller", **variables
    )
    return [json.loads(line) for line in recorded.read_text("utf-8").splitlines()], output


class Sent:
    """What was sent, by the names of the objects without their prefix."""

    def __init__(self, calls):
        self.calls = calls
        self.templates = self.named("job_template")
        self.workflows = self.named("workflow_job_template")
        self.schedules = self.named("schedule")
        #: Of a job template or a workflow: ``[question]``.
        self.surveys = {
            name: (arguments.get("survey_spec") or {}).get("spec", [])
            for name, arguments in {**self.templates, **self.workflows}.items()
        }

    def all(self, module):
        return [arguments for name, arguments in self.calls if name == module]

    def named(self, module):
        return {arguments["name"].removeprefix("Backup: "): arguments for arguments in self.all(module)}

    def nodes(self, workflow):
        """``{id: {template or approval, next: {ids}}}`` of a workflow."""
        found = {}
        for node in self.all("workflow_job_template_node"):
            if node["workflow_job_template"] == "Backup: " + workflow:
                mine = found.setdefault(node["identifier"], {"next": set(), "template": None, "approval": None})
                mine["template"] = (node.get("unified_job_template") or mine["template"] or "").removeprefix("Backup: ")
                mine["approval"] = node.get("approval_node") or mine["approval"]
                for way in ("success_nodes", "failure_nodes", "always_nodes"):
                    mine["next"] |= set(node.get(way) or ())
        return found

    def questions(self):
        """``(where, template, question)`` of every survey; those of a workflow once for each of its templates."""
        for name, survey in self.surveys.items():
            targets = [name]
            if name in self.workflows:
                targets = [node["template"] for node in self.nodes(name).values() if node["template"]]
            for target in targets:
                for question in survey:
                    yield name, self.templates[target], question


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    return Sent(apply(tmp_path_factory.mktemp("controller") / "apply")[0])


@pytest.fixture(scope="module")
def kinds(sent):
    """``{platform: credential type}``."""
    kinds = {}
    for kind in sent.all("credential_type"):
        name = next(iter(kind["injectors"]["env"]))
        kinds[next(platform for platform in TRAITS if name.startswith(options.PREFIX + platform.upper() + "_"))] = kind
    return kinds


def specification(template):
    """The options of what the playbook of a job template runs: of its role, or those that it checks itself."""
    plays = yaml.safe_load((ROOT / template["playbook"]).read_text("utf-8"))
    known = {}
    for play in plays:
        for role in play.get("roles", ()):
            path = ROOT / "roles" / role["role"].rpartition(".")[2] / "meta" / "argument_specs.yml"
            known.update(yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["main"]["options"])
        for task in play.get("tasks", ()):
            known.update(task.get("ansible.builtin.validate_argument_spec", {}).get("argument_spec", {}))
    return known


# -- credential types --------------------------------------------------------------------------------------------------


def test_awx_takes_the_credential_types(kinds):
    assert set(kinds) == set(TRAITS)
    for kind in kinds.values():
        jsonschema.validate(kind["inputs"], INPUTS)
        jsonschema.validate(kind["injectors"], INJECTORS)
        assert kind["kind"] == "cloud"
        fields = {field["id"]: field for field in kind["inputs"]["fields"]}
        assert len(fields) == len(kind["inputs"]["fields"]) and "tower" not in fields
        assert set(kind["inputs"].get("required", ())) <= set(fields)
        for field in fields.values():
            assert isinstance(field.get("default", ""), bool if field["type"] == "boolean" else str)
            if field["type"] != "string":
                assert not {"choices", "multiline", "format", "secret"} & set(field)
            if "choices" in field:
                assert field.get("default", field["choices"][0]) in field["choices"]
        engine = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        for group in kind["injectors"].values():
            for name, text in group.items():
                assert not name.startswith("ANSIBLE_") and name not in FORBIDDEN
                assert engine.from_string(text).render(dict.fromkeys(fields, "EXAMPLE"), tower=Tower())


@pytest.mark.parametrize("platform", list(TRAITS))
def test_every_injected_name_reaches_its_option(platform, kinds):
    prefix = options.PREFIX + platform.upper() + "_"
    injected = kinds[platform]["injectors"]["env"]
    assert all(name.startswith(prefix) for name in injected)
    wanted = {name.removeprefix(prefix).lower(): name for name in injected}
    assert all(options.applies(option, platform) for option in wanted)
    filled = options.fill_from_environment({"platform": platform}, {name: name for name in injected})
    assert filled == {"platform": platform, **wanted}
    # A set of credentials that is whole for the product can be given, and secrets are kept as secrets.
    fields = {field["id"]: field for field in kinds[platform]["inputs"]["fields"]}
    assert any(set(group) <= set(fields) for group in TRAITS[platform].credentials)
    assert {name for name, field in fields.items() if field.get("secret")} == set(fields) & set(options.SECRETS)
    for option, name in wanted.items():
        if option not in ("validate_certs", "ca_path"):
            assert injected[name] == "{{ " + option + " }}"


def test_all_types_meet_in_one_job_and_hostile_secrets_come_through(kinds, tmp_path):
    names = [name for kind in kinds.values() for name in kind["injectors"]["env"]]
    assert len(names) == len(set(names))
    for platform, kind in kinds.items():
        prefix = options.PREFIX + platform.upper() + "_"
        secrets = {field["id"]: HOSTILE for field in kind["inputs"]["fields"] if field.get("secret")}
        made = inject(kind, secrets, tmp_path)
        filled = options.fill_from_environment({"platform": platform}, made)
        assert {name: filled[name] for name in secrets} == secrets
        # What was left empty is no value, and verification is on unless somebody says otherwise.
        assert set(filled) == {"platform", *secrets}
        made = inject(kind, {"insecure": True, "ca_certificate": "PEM"}, tmp_path)
        assert made[prefix + "VALIDATE_CERTS"] == "false"
        assert Path(made[prefix + "CA_PATH"]).read_text("utf-8") == "PEM"


def test_four_credentials_feed_one_job(sent, kinds, tmp_path, monkeypatch):
    with Simulator() as simulator:
        monkeypatch.setitem(login.ACCOUNTS, ("", "admin"), HOSTILE)
        simulator["nakivo"].users["admin"]["password"] = HOSTILE
        simulator["netapp_bluexp"].services["sim-client"] = (HOSTILE, False)
        simulator["veeam_m365"].accounts["admin"] = HOSTILE
        made = {}
        for platform, kind in kinds.items():
            inputs = {"url": simulator.url(platform), "username": "admin", "password": HOSTILE}
            if platform == "netapp_bluexp":
                inputs = {"url": simulator.url(platform), "client_id": "sim-client", "client_secret": HOSTILE}
            made.update(inject(kind, inputs, tmp_path))
        runbooks = job(tmp_path, sent, made)
        playbook = tmp_path / "four.yml"
        playbook.write_text(FOUR, "utf-8")
        recap, output = runbooks.run(str(playbook.with_suffix("")))
        assert HOSTILE not in output and "s3cr" not in output
        assert all(row["ok"] == 2 for row in recap.values()) and len(recap) == len(TRAITS)
        assert all('"%s has jobs"' % platform in output for platform in TRAITS), output
        # The overview asks all four in one play, and knows no address either.
        template = sent.templates["overview"]
        extra = extra_vars(sent, "overview", tmp_path)
        runbooks.run(playbook_of(template), "-e", "@" + extra)
        assert {path.name for path in (tmp_path / "state" / "reports").iterdir()} == {"overview.html", "overview.csv"}


FOUR = """
- name: Four products, no address
  hosts: backup_servers
  gather_facts: false
  module_defaults:
    group/backupops.jobs.all: "{{ backupops_connection }}"
  tasks:
    - name: Ask
      backupops.jobs.job_info:
        entity: definition
        commvault: "{{ {'lookback': '30d'} if backupops_connection.platform == 'commvault' else omit }}"
      register: found

    - name: Tell
      ansible.builtin.debug:
        msg: "{{ found.jobs[0].platform }} has jobs"
"""


# -- job templates and their surveys -----------------------------------------------------------------------------------


def playbook_of(template):
    return Path(template["playbook"]).stem


def job(folder, sent, environment):
    """A Runbooks with the inventory and the environment that AWX would make for a job."""
    runbooks = plain(folder)
    hosts = {host["name"]: host["variables"] for host in sent.all("host")}
    for variables in hosts.values():
        variables["backupops_connection"]["session_cache_dir"] = str(folder / "sessions")
    (group,) = sent.all("group")
    (inventory,) = sent.all("inventory")
    members = {name: hosts[name] for name in group["hosts"]}
    # AWX makes a template of its inventory variables, as every inventory is one.
    content = {"all": {"vars": inventory["variables"]}, group["name"]: {"hosts": members}}
    runbooks.inventory.write_text(json.dumps(content), "utf-8")
    runbooks.environ.update(environment)
    return runbooks


class Unsafe(str):
    """Text of a person at launch: AWX marks it so that it is no template."""


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def extra_vars(sent, names, folder, **answers):
    """The file of extra variables that AWX makes of templates (or one name) and the answers to their surveys.

    Paths of the state folder are moved below ``folder``.
    """
    merged = {}
    for name in [names] if isinstance(names, str) else names:
        merged.update(sent.templates[name]["extra_vars"])
        for question in sent.surveys[name]:
            given = answers.pop(question["variable"], question.get("default", ""))
            if question["type"] == "multiselect" and isinstance(given, str):
                given = given.splitlines()
            merged[question["variable"]] = Unsafe(given) if isinstance(given, str) else given
    merged.update({name: Unsafe(given) if isinstance(given, str) else given for name, given in answers.items()})
    path = folder / "extravars.yml"
    text = yaml.safe_dump(merged, allow_unicode=True).replace("/var/lib/backupops", str(folder / "state"))
    path.write_text(text, "utf-8")
    return str(path)


def test_each_template_has_its_playbook_and_its_credentials(sent, kinds):
    types = [kind["name"] for kind in kinds.values()]
    for name, template in sent.templates.items():
        path = ROOT / template["playbook"]
        assert path.is_file(), path
        assert PLAYBOOK.search(path.read_text("utf-8")) and not {"roles", "tasks"} & set(
            Path(template["playbook"]).parts
        )
        assert template["credentials"] == ["%s (%s)" % (kind, uses_of(sent, name)) for kind in types]
        assert template["ask_variables_on_launch"] is False, name
        assert template["survey_enabled"] is bool(sent.surveys[name])
    assert uses_of(sent, "overview") == uses_of(sent, "holds") == uses_of(sent, "decommission, plan") == "read"
    assert {"stop one run", "legal hold"} <= {name for name in sent.templates if uses_of(sent, name) == "write"}


def uses_of(sent, name):
    """Whether a job template has the credentials that read or those that write."""
    return re.search(r" \((read|write)\)$", sent.templates[name]["credentials"][0])[1]


def test_awx_takes_the_surveys(sent):
    for survey in sent.surveys.values():
        variables = [question["variable"] for question in survey]
        assert len(variables) == len(set(variables))
        for question in survey:
            assert isinstance(question["required"], bool) and isinstance(question["question_name"], str)
            assert question["type"] in ANSWERS
            default = question.get("default", "")
            assert default == "" or isinstance(default, ANSWERS[question["type"]]), question
            for limit in ("min", "max"):
                assert isinstance(question.get(limit, 0), int)
            if question["type"] in ("multiplechoice", "multiselect"):
                assert all(isinstance(choice, str) for choice in question["choices"])
                assert set(default.splitlines()) <= set(question["choices"])
                assert question["type"] == "multiselect" or len(default.splitlines()) <= 1
            elif question["type"] == "integer":
                assert question["min"] <= default <= question["max"]
            else:
                assert default == "" or question["min"] <= len(default) <= question["max"]


FITTING = {
    "str": {"text", "textarea", "multiplechoice"},
    "int": {"integer"},
    "float": {"float"},
    "list": {"multiselect"},
}
LINES = "{{ (%s_lines | default('', true)).splitlines() | map('trim') | select | list }}"


def test_surveys_agree_with_the_specifications(sent):
    asked = 0
    for _name, template, question in sent.questions():
        known, variable = specification(template), question["variable"]
        asked += 1
        if variable.endswith("_lines"):
            target = variable.removesuffix("_lines")
            assert (known[target]["type"], known[target].get("elements")) == ("list", "str"), variable
            assert template["extra_vars"][target] == LINES % target
            continue
        option = known[variable]
        assert variable not in template["extra_vars"], variable
        if option["type"] == "bool":
            assert question["type"] == "multiplechoice" and set(question["choices"]) == {"false", "true"}
            assert_read_as_bool(template, variable)
            continue
        assert question["type"] in FITTING[option["type"]], variable
        if "choices" in option:
            assert set(question["choices"]) <= set(option["choices"]), variable
        if option.get("required"):
            assert question["required"]
    assert asked > 40


def assert_read_as_bool(template, variable):
    """The roles get a text where they have a bool: they must say ``| bool`` each time."""
    play = yaml.safe_load((ROOT / template["playbook"]).read_text("utf-8"))[0]
    role = ROOT / "roles" / play["roles"][0]["role"].rpartition(".")[2]
    texts = [path.read_text("utf-8") for part in ("tasks", "vars", "templates") for path in (role / part).glob("*")]
    found = re.findall(r"\b%s\b(?! *:)(.{0,7})" % variable, "\n".join(texts))
    assert found and all(rest.startswith(" | bool") for rest in found), variable


def test_fixed_variables_and_answers_fit_the_specifications(sent):
    for name, template in sent.templates.items():
        known = specification(template)
        values = dict(template["extra_vars"])
        for _where, target, question in sent.questions():
            if target is template and not question["variable"].endswith("_lines"):
                values[question["variable"]] = question.get("default") or (question.get("choices") or ["12345"])[0]
                if question["type"] == "multiselect":
                    values[question["variable"]] = values[question["variable"]].splitlines()
        assert set(values) <= set(known), name
        # What is a template becomes a value only in the job; the runs below have those.
        values = {key: value for key, value in values.items() if "{{" not in str(value)}
        required = {key for key, option in known.items() if option.get("required")}
        checked = ArgumentSpecValidator({key: {**option, "required": False} for key, option in known.items()}).validate(
            values
        )
        assert not checked.error_messages, (name, checked.error_messages)
        assert required <= set(values) | set(template["extra_vars"])


#: Answers of a person, where the survey has no default.
GIVEN = {
    "backup_gate_clients_lines": "dc-01\n  audit_logs  \n\n",
    "backup_gate_max_age": "400d",
    "backup_gate_reason": "CHG0031337",
    "maintenance_window_id": "CHG0031337",
    "maintenance_window_reason": "CHG0031337",
    "maintenance_window_running": "leave",
    "rerun_failed_limit": 1,
    "stop_run_server": "commvault",
    "stop_run_job": "10482",
    "stop_run_client": "cs01",
    "stop_run_reason": "{{ 7 * 7 }}",
    "legal_hold_since": "-2d",
    "legal_hold_retain_until": "7y",
    "legal_hold_reason": "Matter 2026-14",
    "decommission_clients_lines": "dc-01",
    "decommission_guards": [],
    "decommission_shared": "skip",
    "decommission_reason": "CHG0031337",
}


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as sim:
        yield sim


@pytest.mark.parametrize(
    "names",
    [
        ("overview", "backup gate", "maintenance begin", "rerun failed", "stop one run"),
        ("maintenance end", "maintenance sweep", "restore drill", "holds", "decommission, plan"),
    ],
)
def test_jobs_run_on_what_surveys_answer(names, sent, kinds, simulator, tmp_path):
    """In check mode: the playbooks take their variables in the form in which AWX gives them."""
    made = {}
    for platform, kind in kinds.items():
        inputs = {"url": simulator.url(platform), "username": "admin", "password": PASSWORD}
        if platform == "netapp_bluexp":
            inputs = {"url": simulator.url(platform), "client_id": "sim-client", "client_secret": SECRET}
        made.update(inject(kind, inputs, tmp_path))
    answers = {question["variable"] for name in names for question in sent.surveys[name]}
    if "decommission, plan" in names:
        answers |= {question["variable"] for question in sent.surveys["decommission"]}
    given = {name: value for name, value in GIVEN.items() if name in answers}
    extra = extra_vars(sent, names, tmp_path, **given)
    site = tmp_path / "site.yml"
    playbooks = [{"import_playbook": str(ROOT / sent.templates[name]["playbook"])} for name in names]
    site.write_text(yaml.safe_dump(playbooks), "utf-8")
    _recap, output = job(tmp_path, sent, made).run(str(site.with_suffix("")), "--check", "-e", "@" + extra)
    assert output.count("\nPLAY [") >= len(names)
    assert simulator.log.writes() == []


# -- workflows and schedules -------------------------------------------------------------------------------------------


def test_nothing_irreversible_happens_without_an_approval(sent):
    final = {
        name
        for name, template in sent.templates.items()
        if {("legal_hold_state", "release"), ("decommission_phase", "delete"), ("decommission_phase", "disable")}
        & {(key, value) for key, value in template["extra_vars"].items() if isinstance(value, str)}
    }
    assert len(final) == len(sent.workflows) == 2
    reached = set()
    for workflow in sent.workflows:
        nodes = sent.nodes(workflow)
        starts = set(nodes) - {after for node in nodes.values() for after in node["next"]}
        assert starts and all(after in nodes for node in nodes.values() for after in node["next"])
        for path in paths(nodes, starts):
            approved = False
            for node in path:
                approved = approved or bool(nodes[node]["approval"])
                template = nodes[node]["template"]
                assert bool(template) != bool(nodes[node]["approval"])
                if template:
                    # Before the approval nothing is written, after it only what was planned before.
                    assert uses_of(sent, template) == ("write" if approved else "read")
                    assert (template in final) is approved
                    reached.add(template)
        for node in nodes.values():
            if node["approval"]:
                assert node["approval"]["timeout"] == 72 * 3600 and node["approval"]["description"]
    # They can only be reached through their workflow: alone they would lack the answers, and nobody is asked for them.
    assert final <= reached
    assert all(not sent.surveys[name] for name in reached)


def paths(nodes, starts, before=()):
    """Every way through the graph; fails on a circle."""
    for start in starts:
        assert start not in before, "a circle: %s" % (before,)
        path = (*before, start)
        if nodes[start]["next"]:
            yield from paths(nodes, nodes[start]["next"], path)
        else:
            yield path


@pytest.mark.parametrize(
    "workflow, role, phase, last",
    [
        ("release of holds", "legal_hold", "legal_hold_state", "release"),
        ("decommission", "decommission", "decommission_phase", "delete"),
    ],
)
def test_the_plan_id_travels(workflow, role, phase, last, sent):
    nodes = sent.nodes(workflow)
    first, final = (sent.templates[nodes[name]["template"]] for name in ("plan", last))
    known = specification(first)
    assert known == specification(final)
    assert (first["extra_vars"][phase], final["extra_vars"][phase]) == ("plan", last)
    assert {"plan", last} <= set(known[phase]["choices"])
    # AWX hands what set_stats published to the nodes that follow, as variables: nothing there may stand in the way.
    variable = role + "_plan_ids"
    assert known[variable]["type"] == "dict"
    assert variable not in {**first["extra_vars"], **final["extra_vars"]}
    tasks = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")))
    assert re.search(r"ansible\.builtin\.set_stats:\n +data:(?:\n +.*)*?\n? +.*%s" % variable, tasks)
    # Both nodes get the same answers, so both choose the same.
    differing = {
        key
        for key in {*first["extra_vars"], *final["extra_vars"]}
        if first["extra_vars"].get(key) != final["extra_vars"].get(key)
    }
    assert differing == {phase}


def test_a_workflow_does_what_was_planned_and_nothing_without_a_plan(sent, kinds, tmp_path):
    """The nodes of the decommission one after the other, with what AWX hands from one to the next."""
    with Simulator(products=("commvault",)) as simulator:
        made = inject(
            kinds["commvault"],
            {"url": simulator.url("commvault"), "username": "admin", "password": PASSWORD},
            tmp_path,
        )
        answers = {name: value for name, value in GIVEN.items() if name.startswith("decommission_")}
        runbooks = job(tmp_path, sent, {**made, "ANSIBLE_SHOW_CUSTOM_STATS": "true"})

        def node(name, good=True, **artifacts):
            extra = extra_vars(sent, name, tmp_path, **answers, **artifacts)
            playbook = playbook_of(sent.templates[name])
            _recap, output = runbooks.run(playbook, "--limit", "commvault", "-e", "@" + extra, good=good)
            told = re.search(r"CUSTOM STATS: \**\n\s*RUN: (\{.*\})", output)
            return json.loads(told[1]) if told else {}

        planned = node("decommission, plan")
        assert simulator.log.writes() == []
        assert list(planned) == ["decommission_plan_ids"] and planned["decommission_plan_ids"]["commvault"]
        node("decommission, delete", good=False)
        node("decommission, delete", good=False, decommission_plan_ids={"commvault": "another plan"})
        assert simulator.log.writes() == []
        node("decommission, delete", **planned)
        assert simulator.log.writes()
        evidence = tmp_path / "state" / "evidence"
        assert any("CHG0031337" in path.read_text("utf-8") for path in evidence.iterdir())


def test_schedules_start_what_needs_no_answer(sent):
    assert len(sent.schedules) == 4
    for schedule in sent.schedules.values():
        template = schedule["unified_job_template"].removeprefix("Backup: ")
        assert template in sent.templates
        for question in sent.surveys[template]:
            assert question.get("default") or not question["required"], (template, question["variable"])
        assert schedule["extra_data"].keys() <= {question["variable"] for question in sent.surveys[template]}
        assert re.fullmatch(
            r"DTSTART;TZID=UTC:\d{8}T\d{6} RRULE:FREQ=(HOURLY|DAILY|WEEKLY);INTERVAL=1(;BYDAY=[A-Z,]+)?",
            schedule["rrule"],
        )
        assert schedule["enabled"] is False


# -- the playbook itself -----------------------------------------------------------------------------------------------


def test_names_are_unique_and_what_is_used_is_made_before(sent):
    made = {}
    for module, arguments in sent.calls:
        name = (module, arguments.get("workflow_job_template"), arguments.get("name", arguments.get("identifier")))
        if module != "workflow_job_template_node":
            assert name not in made, name
        for option, kind in NEEDS.items():
            if arguments.get(option):
                assert (kind, None, arguments[option]) in made, (name, option)
        made[name] = arguments


NEEDS = {"project": "project", "inventory": "inventory", "execution_environment": "execution_environment"}


def test_credentials_are_made_of_what_is_given_and_never_shown(tmp_path):
    # A secret with braces in a variable of Ansible would be a template: there it needs !unsafe.
    secret = HOSTILE.replace("{", "").replace("}", "")
    inputs = {"url": "https://cs.example.com/commandcenter/api", "username": "monitor", "password": secret}
    given = [{"platform": "commvault", "use": use, "inputs": inputs} for use in ("read", "write")]
    calls, output = apply(tmp_path / "apply", controller_credentials=given)
    sent = Sent(calls)
    assert [call["name"] for call in sent.all("credential")] == [
        "Backup: Commvault (read)",
        "Backup: Commvault (write)",
    ]
    assert all(call["inputs"] == inputs and call["update_secrets"] is False for call in sent.all("credential"))
    assert "monitor" not in output and "100%" not in output


def test_a_second_server_of_a_product_is_refused(tmp_path):
    servers = [{"name": "cs-%d" % number, "platform": "commvault"} for number in (1, 2)]
    calls, output = apply(tmp_path / "apply", good=False, controller_servers=servers)
    assert calls == [] and "controller_prefix" in output


def test_servers_and_prefix_are_yours(tmp_path):
    servers = [{"name": "cs-zurich", "platform": "commvault"}]
    calls, _output = apply(
        tmp_path / "apply", controller_servers=servers, controller_prefix="Zurich ", controller_timezone="Europe/Zurich"
    )
    sent = Sent(calls)
    assert [kind["name"] for kind in sent.all("credential_type")] == ["Zurich Commvault"]
    names = [arguments["name"] for _module, arguments in calls if "name" in arguments]
    assert [name for name in names if not name.startswith("Zurich ")] == ["cs-zurich", "backup_servers"]
    assert sent.templates["Zurich overview"]["credentials"] == ["Zurich Commvault (read)"]
    (question,) = [one for one in sent.surveys["Zurich stop one run"] if one["variable"] == "stop_run_server"]
    assert question["choices"] == ["cs-zurich"]
    assert all("TZID=Europe/Zurich:" in schedule["rrule"] for schedule in sent.all("schedule"))
