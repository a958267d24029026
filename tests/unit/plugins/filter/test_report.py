# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the report as Ansible sees them; what they make is tested with plugin_utils/report.py."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.backupops.jobs.plugins.filter.report import FilterModule
from ansible_collections.backupops.jobs.plugins.plugin_utils.untrusted import TRUST_IS_MARKED

FILTERS = FilterModule().filters()
FOLDER = Path(inspect.getsourcefile(FilterModule)).parent
MADE_AT = "2026-01-31T06:00:00Z"


def documented(name):
    return next(yaml.safe_load_all((FOLDER / (name + ".yml")).read_text(encoding="utf-8")))["DOCUMENTATION"]


def kept(title="{{ 7*7 }}"):
    return FILTERS["report_json"]([{"name": "a {{ x }}"}], MADE_AT, title=title)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_argument_is_documented_with_its_default(name):
    documentation = documented(name)
    assert documentation["name"] == name
    _first, *arguments = inspect.signature(FILTERS[name]).parameters.values()
    options = {key: entry for key, entry in documentation["options"].items() if key != "_input"}
    assert set(options) == {one.name for one in arguments}
    assert documentation.get("positional", "").replace(",", " ").split() == [one.name for one in arguments]
    for one in arguments:
        if one.default is inspect.Parameter.empty:
            assert options[one.name]["required"] is True
        else:
            assert options[one.name].get("default") == (list(one.default) if one.default == () else one.default)


def test_there_is_a_page_for_each_filter_and_no_other():
    assert sorted(path.stem for path in FOLDER.glob("*.yml")) == sorted(FILTERS)


def test_texts_of_a_server_are_no_templates():
    found = FILTERS["report_part"](kept(), "sources")[0]["name"]
    assert found == "a {{ x }}"
    page = FILTERS["report_html"](kept(), "{{ page.title }}")
    assert page == "{{ 7*7 }}"
    for text in (kept(), found, page, FILTERS["report_lines"](kept())[0]):
        assert TRUST_IS_MARKED or hasattr(text, "__UNSAFE__")


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("report_window", ("soon",), "report_window: generated_at: 'soon' is not a time."),
        ("report_json", ([], MADE_AT, "-1h", 99), "report_json: nights: 99"),
        ("report_csv", ("x",), "report_csv: This is not the JSON text of a report"),
        ("report_lines", (json.dumps({"schema": 9}),), "report_lines: This is not a report of schema 1"),
    ],
)
def test_mistakes_are_errors_of_the_filter(name, arguments, message):
    with pytest.raises(AnsibleFilterError, match=message.replace("[", "\\[")):
        FILTERS[name](*arguments)


def test_a_part_that_does_not_exist_is_named():
    with pytest.raises(AnsibleFilterError, match="'jobs' is no part of a report; there are definitions, "):
        FILTERS["report_part"](kept(), "jobs")
    with pytest.raises(AnsibleFilterError, match="report_html: template: "):
        FILTERS["report_html"](kept(), "{{ nothing }}")
