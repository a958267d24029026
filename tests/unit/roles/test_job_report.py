# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role job_report says the same as the code: connection options, words, defaults."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.options import CONNECTION_SPEC
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.plugin_utils import report

ROLE = Path(__file__).resolve().parents[3] / "roles" / "job_report"


def read(name):
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


SPEC = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
VARS = read("vars/main.yml")


def test_a_server_has_every_connection_option():
    options = dict(SPEC["job_report_servers"]["options"])
    del options["name"], options["max_age"]
    for option in options.values():
        del option["description"]
    # The alias api_token is for tasks.
    assert options == {
        name: {k: v for k, v in spec.items() if k != "aliases"} for name, spec in CONNECTION_SPEC.items()
    }


def test_what_is_no_option_of_a_connection_is_not_passed_on():
    own = set(SPEC["job_report_servers"]["options"]) - set(CONNECTION_SPEC)
    assert set(VARS["job_report_own_keys"]) == own


def test_no_word_is_lost():
    assert sorted(report.ORDER) == sorted({*model.RESULTS, *model.HEALTHS})
    assert set(report.RUN_WORDS) == {*model.RESULTS, model.RUNNING}
    assert report.ORDER[: len(report.ALARMS)] == report.ALARMS


def test_the_role_asks_for_what_the_report_reads():
    assert tuple(VARS["job_report_fields"]) == report.FIELDS
    assert set(report.FIELDS) <= set(model.RECORD_KEYS)
    assert set(SPEC["job_report_rpo"]["options"]) == {"max_age", *report._Rule.KEYS}


def test_every_product_has_a_name():
    assert list(VARS["job_report_products"]) == list(TRAITS)


def test_defaults_are_those_of_the_specification():
    defaults = read("defaults/main.yml")
    assert defaults == {name: option["default"] for name, option in SPEC.items() if name != "backupops_connection"}


def test_the_readme_names_every_variable():
    text = (ROLE / "README.md").read_text(encoding="utf-8")
    assert [name for name in SPEC if f"`{name}`" not in text] == []


def test_the_style_knows_every_word():
    style = (ROLE / "files" / "overview.css").read_text(encoding="utf-8")
    for word in report.ORDER:
        assert f".word.{word}::before" in style
    for word in report.RUN_WORDS:
        assert f".bar.{word} " in style
