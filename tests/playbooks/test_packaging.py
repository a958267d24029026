# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection in an execution environment, and a playbook of ours on another machine of a mesh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
from runbooks import PASSWORD, ROOT, SECRET, Runbooks

DEFINITION = ROOT / "execution-environment" / "execution-environment.yml"
NEEDS = {"requests", "jmespath"}


def run(*command, folder, environ=None, **options):
    """The output (bytes) of a command that must succeed; programs are those beside this Python."""
    environ = {**os.environ, "ANSIBLE_HOME": str(folder / "home"), **(environ or {})}
    environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environ["PATH"]))
    done = subprocess.run(
        [shutil.which(command[0], path=environ["PATH"]), *command[1:]],
        env=environ, cwd=folder, capture_output=True, timeout=300, check=False, **options,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The built collection, beside a copy of the definition."""
    folder = tmp_path_factory.mktemp("environment")
    run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT), folder=folder)
    shutil.copy(DEFINITION, folder)
    (path,) = folder.glob("*.tar.gz")
    return path


def test_the_definition_makes_a_build_context_with_this_collection(archive):
    folder = archive.parent
    run(
        "ansible-builder", "create", "--file", DEFINITION.name, "--context", "context", "--output-filename", "Containerfile",
        folder=folder,
    )  # fmt: skip
    context = folder / "context"
    (wanted,) = yaml.safe_load((context / "_build" / "requirements.yml").read_text("utf-8"))["collections"]
    # The build runs in _build: the name there must be that of the file.
    packed = context / "_build" / wanted["name"]
    assert wanted["type"] == "file" and packed.read_bytes() == archive.read_bytes()
    assert "ansible-core" in (context / "Containerfile").read_text("utf-8")


def test_the_archive_tells_what_it_needs_of_python(archive, tmp_path):
    home = tmp_path / "ansible_collections" / "backupops" / "jobs"
    home.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for name in ("meta/execution-environment.yml", "meta/ee-requirements.txt", "MANIFEST.json"):
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_bytes(tar.extractfile(name).read())
        names = tar.getnames()
    assert "playbooks/controller_apply.yml" in names and not [name for name in names if name.endswith(".tar.gz")]
    told = yaml.safe_load(run("ansible-builder", "introspect", str(tmp_path), folder=tmp_path))
    assert {requirement.split()[0] for requirement in told["python"]} == NEEDS
    assert told["system"] == []
    # The same as what people install by hand.
    assert NEEDS <= set((ROOT / "tests" / "requirements.txt").read_text("utf-8").split())
    # Nothing that the controller playbook needs is a need of the collection.
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["dependencies"] == {}


def test_a_playbook_travels_to_a_worker_without_secrets(tmp_path):
    """transmit | worker | process: what only the worker knows (a file there) comes neither with the job nor back."""
    sender, worker, receiver = (tmp_path / name for name in ("sender", "worker", "receiver"))
    (sender / "project").mkdir(parents=True)
    (sender / "project" / "night.yml").write_text("- import_playbook: backupops.jobs.overview\n", "utf-8")
    for folder in (worker, receiver):
        folder.mkdir()
    with Simulator() as simulator:
        servers = []
        for product in simulator.products:
            login = {"username": "admin", "password": PASSWORD}
            if product == "netapp_bluexp":
                login = {"client_id": "sim-client", "client_secret": SECRET}
            servers.append({"name": product, "platform": product, "url": simulator.url(product), **login})
        known = worker / "servers.yml"
        known.write_text(yaml.safe_dump({"job_report_servers": servers, "job_report_dest": str(worker)}), "utf-8")
        known.chmod(0o600)

        options = ("--playbook", "night.yml", "--cmdline", "-e @" + str(known))
        sent = run("ansible-runner", "transmit", str(sender), *options, folder=sender)
        environ = Runbooks(SimpleNamespace(products=()), worker).environ
        back = run("ansible-runner", "worker", folder=worker, environ=environ, input=sent)
        run("ansible-runner", "process", str(receiver), folder=receiver, input=back)

    artifacts = receiver / "artifacts"
    assert (artifacts / "rc").read_text() == "0" and (artifacts / "status").read_text() == "successful"
    assert "Commvault" in (artifacts / "stdout").read_text("utf-8")
    assert (worker / "overview.html").is_file()
    everything = [sent, back, *(path.read_bytes() for path in receiver.rglob("*") if path.is_file())]
    assert len(everything) > 10
    for secret in (PASSWORD, SECRET):
        for form in (secret, json.dumps(secret)[1:-1]):
            assert not any(form.encode("utf-8") in content for content in everything)
