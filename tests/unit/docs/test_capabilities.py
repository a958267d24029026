# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides say what the code says: capabilities, kinds of errors, keys and words of the record."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils import errors, model
from ansible_collections.backupops.jobs.plugins.module_utils.options import CONNECTION_SPEC
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.base import ABILITIES
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.commvault import mapping as commvault
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.nakivo import mapping as nakivo
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.netapp_bluexp import mapping as netapp_bluexp
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.veeam_m365 import mapping as veeam_m365

DOCS = Path(__file__).resolve().parents[3] / "docs"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def writer():
    return loaded("capabilities")


@pytest.fixture(scope="module")
def permissions():
    return loaded("permissions")


def guide(name):
    return (DOCS / "docsite" / "rst" / f"guide_{name}.rst").read_text(encoding="utf-8")


def test_the_guide_of_capabilities_is_up_to_date(writer):
    assert guide("capabilities") == writer.guide(TRAITS), "run: python docs/capabilities.py"


def test_every_ability_is_explained(writer):
    assert tuple(writer.ABILITIES) == ABILITIES


def test_the_guide_of_permissions_is_up_to_date(permissions):
    assert guide("permissions") == permissions.guide(TRAITS), "run: python docs/permissions.py"


def test_every_permission_has_its_page_or_is_unknown(permissions):
    named = {
        name: {can.permission for can in one.capabilities.values() if can.supported} - {permissions.UNKNOWN}
        for name, one in TRAITS.items()
    }
    assert named == {name: set(pages) for name, pages in permissions.PAGES.items()}
    for pages in permissions.PAGES.values():
        for sure, page, words in pages.values():
            assert sure in (permissions.DOCUMENTED, permissions.INFERRED) and page.startswith("https://") and words


def test_the_guide_of_permissions_tells_of_every_ability_and_product():
    rows = (
        guide("permissions")
        .partition("What each ability needs")[2]
        .partition("Where that stands")[0]
        .split("   * - ")[1:]
    )
    cells = {row.splitlines()[0].strip("`"): [cell.strip() for cell in row.split("     - ")[1:]] for row in rows}
    assert cells.pop("Ability") == [f"``{name}``" for name in TRAITS]
    assert set(cells) == set(ABILITIES)
    for ability, told in cells.items():
        supported = [one.capabilities[ability].supported for one in TRAITS.values()]
        assert [cell != "**no**" for cell in told] == supported, ability
        assert all(re.fullmatch(r"\*\*no\*\*|unknown|.+ \((documented|inferred)\)", cell) for cell in told), ability


def test_markup_of_a_note_is_plain_text(writer):
    assert writer.plain(r"a_b *c* `d` |e| \f") == r"a\_b \*c\* \`d\` \|e\| \\f"


def test_every_kind_of_error_is_explained():
    def kinds(error):
        return {error.kind}.union(*map(kinds, error.__subclasses__()))

    text = guide("errors")
    assert [kind for kind in kinds(errors.BackupOpsError) if f"``{kind}``" not in text] == []


def test_every_connection_option_is_in_its_guide():
    text = guide("connection")
    assert [option for option in CONNECTION_SPEC if f"``{option}``" not in text] == []


@pytest.mark.parametrize(
    "words", [model.RECORD_KEYS, model.STATES, model.RESULTS, model.HEALTHS, model.TYPES, model.LEVELS]
)
def test_the_record_is_explained(words):
    text = guide("record")
    assert [word for word in words if f"``{word}``" not in text] == []


@pytest.mark.parametrize(
    "words",
    [
        {word: meaning[1] or meaning[0] for word, meaning in commvault.STATUSES.items() if word != "suspend"},
        {word: state for word, state in nakivo.JOB_STATES.items() if word not in nakivo.RUN_RESULTS},
        nakivo.RUN_RESULTS,
        {word: meaning[1] or meaning[0] for word, meaning in nakivo.OBJECT_WORDS.items()},
        {word: meaning[1] or meaning[0] for word, meaning in netapp_bluexp.STATUSES.items()},
        {word: meaning[1] or meaning[0] for word, meaning in veeam_m365.WORDS.items()},
        dict.fromkeys(veeam_m365.IDLE_WORDS, model.IDLE),
    ],
)
def test_every_word_of_a_product_stands_beside_ours(words):
    lines = [line.casefold() for line in guide("record").splitlines()]
    for theirs, ours in words.items():
        assert [line for line in lines if line.startswith(f"``{ours}`` ") and f"*{theirs.casefold()}*" in line], theirs
