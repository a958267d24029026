# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets out of texts."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.backupops.jobs.plugins.module_utils.redaction import MASK, Redactor, excerpt


@given(secret=st.text(min_size=6), before=st.text(), after=st.text())
def test_no_form_of_a_secret_survives(secret, before, after):
    forms = [secret, quote(secret), quote_plus(secret), base64.b64encode(secret.encode()).decode()]
    redactor = Redactor([secret])
    for form in forms:
        assert form not in redactor.redact(before + form + after).replace(MASK, "") or form in (before + after)


def test_secrets_can_come_later_and_the_longest_goes_first():
    redactor = Redactor(["abcdef"])
    redactor.add("abcdefghi")
    redactor.add(None)
    assert redactor.redact("x abcdefghi y abcdef z") == "x {0} y {0} z".format(MASK)
    assert redactor.secrets == {"abcdef", "abcdefghi"}


@given(
    secret=st.text("ABCDEFGH ", min_size=12).filter(lambda text: text.strip() == text),
    before=st.text("xyz \n", max_size=40),
    longest=st.integers(min_value=1, max_value=60),
)
def test_what_is_cut_short_shows_no_part_of_a_secret(secret, before, longest):
    shown = excerpt(before + secret + "xyz", Redactor([secret]).redact, longest)
    assert len(shown) <= longest and "\n" not in shown
    assert not set(shown) & set("ABCDEFGH")


def test_a_secret_is_known_as_json_html_and_source_too():
    secret = "a'b\"c\\d<é>&\te"
    redact = Redactor([secret]).redact
    for form in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret), html.escape(secret)):
        assert "b" not in redact(form)
