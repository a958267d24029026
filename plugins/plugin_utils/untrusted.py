# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts from a server must stay texts when Ansible templates them. Private to this collection."""

from __future__ import annotations

import ansible.template

# From 2.19 on only what is marked as trusted is ever a template, and nothing here marks anything. Before, every text
# is one, unless it is wrapped.
TRUST_IS_MARKED = hasattr(ansible.template, "trust_as_template")

if TRUST_IS_MARKED:

    def make_unsafe(value):
        """The value as it is."""
        return value

else:
    from ansible.utils.unsafe_proxy import wrap_var

    def make_unsafe(value):
        """A copy of plain data in which no text can be taken for a template. Only texts with a brace need wrapping."""
        if isinstance(value, str):
            return wrap_var(value) if "{" in value else value
        if isinstance(value, dict):
            return {make_unsafe(key): make_unsafe(one) for key, one in value.items()}
        if isinstance(value, list):
            return [make_unsafe(one) for one in value]
        return value
