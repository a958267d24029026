# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role job_report says the same as the code: connection options, words, defaults, hashes."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
import yaml

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.options import CONNECTION_SPEC
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS

ROLE = Path(__file__).resolve().parents[3] / "roles" / "job_report"


def read(name):
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


SPEC = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
VARS = read("vars/main.yml")


def test_a_server_has_every_connection_option():
    options = dict(SPEC["job_report_servers"]["options"])
    del options["name"]
    for option in options.values():
        del option["description"]
    # The alias api_token is for tasks.
    assert options == {
        name: {k: v for k, v in spec.items() if k != "aliases"} for name, spec in CONNECTION_SPEC.items()
    }


def test_every_connection_option_is_passed_on():
    (block,) = read("tasks/ask.yml")
    passed = block["module_defaults"]["backupops.jobs.job_info"]
    assert set(passed) == {"fields", *CONNECTION_SPEC}
    for option, spec in CONNECTION_SPEC.items():
        # An empty text is as good as none; false and 0 are values.
        empty = "" if spec["type"] in ("bool", "int", "float") else ", true"
        assert passed[option] == "{{ job_report_server.%s | default(omit%s) }}" % (option, empty)


def test_no_word_is_lost():
    order = set(VARS["job_report_order"])
    assert order == {*model.RESULTS, *model.HEALTHS}
    assert set(VARS["job_report_words"]) == {*model.RESULTS, model.RUNNING}
    assert set(VARS["job_report_alarms"]) <= set(model.HEALTHS)
    assert set(VARS["job_report_fields"]) <= set(model.RECORD_KEYS)


def test_every_product_has_a_name():
    assert list(VARS["job_report_products"]) == list(TRAITS)


def test_defaults_are_those_of_the_specification():
    defaults = read("defaults/main.yml")
    assert defaults.pop("job_report_servers") == []
    assert defaults == {name: option["default"] for name, option in SPEC.items() if name != "job_report_servers"}


def test_the_readme_names_every_variable():
    text = (ROLE / "README.md").read_text(encoding="utf-8")
    assert [name for name in SPEC if f"`{name}`" not in text] == []


@pytest.mark.parametrize("kind", ["css", "js"])
def test_the_page_allows_its_own_code(kind):
    code = (ROLE / "files" / f"overview.{kind}").read_text(encoding="utf-8").rstrip()
    digest = base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")
    assert VARS[f"job_report_{kind}_hash"] == digest, "put this value into vars/main.yml"


def test_the_style_knows_every_word():
    style = (ROLE / "files" / "overview.css").read_text(encoding="utf-8")
    for word in set(VARS["job_report_order"]) - {"disabled", "skipped"}:  # these two have the plain colour
        assert f".word.{word}::before" in style
    for word in VARS["job_report_words"]:
        assert f".bar.{word} " in style
