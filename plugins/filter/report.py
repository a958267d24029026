# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json

from ansible.errors import AnsibleFilterError

from ansible_collections.backupops.jobs.plugins.module_utils.errors import BackupOpsError, InvalidError
from ansible_collections.backupops.jobs.plugins.plugin_utils import report, report_page, report_view
from ansible_collections.backupops.jobs.plugins.plugin_utils.untrusted import make_unsafe


def report_window(generated_at, since="-24h", nights=7, timezone=None):
    """The times that a report is about."""
    return report.window(str(generated_at), str(since), int(nights), timezone or None)


def report_json(answers, generated_at, since="-24h", nights=7, timezone=None, labels=None, rpo=(), title="Backup jobs"):
    """The report of what servers answered, as JSON text."""
    # Each value of a list that ansible-core passes on is looked at when it is touched: so each is touched once.
    answers, labels, rpo = json.loads(json.dumps([list(answers), dict(labels or {}), list(rpo or ())]))
    made = report.build(
        answers, str(generated_at), str(since), int(nights), timezone or None, labels, rpo, report.plain(title)
    )
    return report.to_json(made)


def _read(text):
    return report.from_json(str(text))  # as a text, something undefined says so


def report_csv(text):
    """A report as CSV text."""
    return report.to_csv(_read(text))


def report_lines(text, rows=40):
    """A report as lines for a terminal."""
    return report_view.table(_read(text), int(rows))


def report_html(text, template, style="", script=""):
    """A report as a page."""
    return report_page.render(_read(text), str(template), str(style), str(script))


def report_part(text, part):
    """One part of a report, as data."""
    found = _read(text)
    if part not in found:
        raise InvalidError("{0!r} is no part of a report; there are {1}.".format(part, ", ".join(sorted(found))))
    return found[part]


def _filter(function):
    """The function with errors that Ansible words, and texts that Ansible never takes for templates."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return make_unsafe(function(*args, **kwargs))
        except BackupOpsError as error:
            reason = " ".join(filter(None, (error.message, error.hint)))
            raise AnsibleFilterError("{0}: {1}".format(function.__name__, reason)) from None

    return wrapped


class FilterModule:
    """Filters of the collection."""

    def filters(self):
        functions = (report_window, report_json, report_csv, report_lines, report_html, report_part)
        return {function.__name__: _filter(function) for function in functions}
