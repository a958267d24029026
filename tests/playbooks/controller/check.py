# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real modules of awx.awx: have they the options that the tests believe, and does controller_apply run with them?

``check.py FOLDER``: FOLDER holds the wheel of the package ``ansible``, in which awx.awx lies; it is unpacked there.
The controller is ``fake.py``. ``check.py FOLDER --write`` writes ``awx_options.json`` anew. A step of ``make check``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml
from fake import TOKEN, Controller

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FACTS = HERE / "awx_options.json"
COLLECTION = "ansible_collections/awx/awx/"
SECRET = "p@ss+w&rd=1 %é"


def unpack(folder):
    (wheel,) = folder.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(COLLECTION)])
    return folder / COLLECTION


def specification(documented):
    """The options of a DOCUMENTATION as an argument specification."""
    made = {}
    for name, option in sorted(documented.items()):
        made[name] = {"type": option.get("type", "str")}
        made[name].update({key: option[key] for key in ("aliases", "choices", "elements") if key in option})
        if str(option.get("required")).lower() == "true":
            made[name]["required"] = True
        if option.get("suboptions"):
            made[name]["options"] = specification(option["suboptions"])
    return made


def facts(home, modules):
    """The content of ``awx_options.json``: one line for each module."""
    version = json.loads((home / "MANIFEST.json").read_text("utf-8"))["collection_info"]["version"]
    lines = []
    for module in sorted(modules):
        source = (home / "plugins" / "modules" / (module + ".py")).read_text("utf-8")
        text = re.search(r"^DOCUMENTATION = '''(.*?)'''", source, re.S | re.M)[1]
        options = specification(yaml.safe_load(text)["options"])
        lines.append("%s: %s" % (json.dumps(module), json.dumps(options, sort_keys=True)))
    head = '{"collection": "awx.awx", "version": %s, "modules": {' % json.dumps(version)
    return "%s\n%s\n}}\n" % (head, ",\n".join(lines))


def credentials():
    inputs = {"url": "https://cs.example.com", "username": "monitor", "password": SECRET}
    return [{"platform": "commvault", "use": use, "inputs": inputs} for use in ("read", "write")]


def apply(folder, controller, *options):
    """How many tasks changed something, by the recap; SystemExit with the output unless the playbook ends well."""
    with tempfile.TemporaryDirectory() as home:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONTROLLER_"))
        }
        environ.update(
            ANSIBLE_COLLECTIONS_PATH=str(folder),
            ANSIBLE_HOME=home,
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
            ANSIBLE_LOCALHOST_WARNING="false",
            CONTROLLER_HOST=controller.url,
            CONTROLLER_OAUTH_TOKEN=TOKEN,
            LC_ALL="C.UTF-8",
        )
        # Its own words on its age are no business of ours.
        environ["ANSIBLE_DEPRECATION_WARNINGS"] = "false"
        command = ["ansible-playbook", str(ROOT / "playbooks" / "controller_apply.yml"), *options]
        # One server will do: what is made for each of them is the same.
        servers = [{"name": "cs-zurich", "platform": "commvault"}]
        command += ["-e", json.dumps({"controller_servers": servers, "controller_credentials": credentials()})]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=900, check=False)
    output = done.stdout + done.stderr
    if done.returncode or SECRET in output or "WARNING" in output:
        sys.exit(output)
    return int(re.search(r"^localhost .* changed=(\d+) ", output, re.M)[1])


def expect(what, found, wanted):
    print("%s: %s" % (what, found))
    if found != wanted:
        sys.exit("%s: %r is wanted, not %r" % (what, wanted, found))


def main(folder, *arguments):
    folder = Path(folder).resolve()
    home = unpack(folder)
    modules = json.loads(FACTS.read_text("utf-8"))["modules"]
    text = facts(home, modules)
    if "--write" in arguments:
        FACTS.write_text(text, "utf-8")
    expect("awx_options.json is what awx.awx documents", FACTS.read_text("utf-8") == text, True)
    with Controller() as controller:
        tasks = apply(folder, controller)
        made = {endpoint: len(objects) for endpoint, objects in controller.objects.items()}
        print("made: %s" % made)
        expect("kinds of objects that were not made", [endpoint for endpoint, number in made.items() if not number], [])
        expect("tasks of the first run that changed something", tasks, 12)
        expect("nodes", made["workflow_job_template_nodes"], 6)
        links = [key for key, linked in controller.links.items() if key[0] == "workflow_job_template_nodes" and linked]
        expect("links between them", len(links), 4)
        expect("surveys", len(controller.surveys), sum(
            bool(template["survey_enabled"])
            for endpoint in ("job_templates", "workflow_job_templates")
            for template in controller.objects[endpoint].values()
        ))  # fmt: skip
        # One template is not as it was left: that one is written again, and nothing else.
        del controller.writes[:]
        template = next(iter(controller.objects["job_templates"].values()))
        template["extra_vars"] = json.dumps({"somebody": "was here"})
        expect("tasks of a second run that changed something", apply(folder, controller), 1)
        expect("its writes", controller.writes, [("PATCH", template["url"])])


if __name__ == "__main__":
    main(*sys.argv[1:])
