# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the collection's lookups. Private to this collection."""

from __future__ import annotations

from abc import abstractmethod

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.backupops.jobs.plugins.module_utils.runners import target
from ansible_collections.backupops.jobs.plugins.plugin_utils import plugin_options, terms
from ansible_collections.backupops.jobs.plugins.plugin_utils.untrusted import make_unsafe

display = Display()

#: Options that a lookup's terms stand in for.
_TERMS_SAY = ("job_ids", "uids", "names", "limit")


class JobsLookup(LookupBase):
    """One login and, as a rule, one list of jobs for all terms."""

    #: Argument specification of the options; ``spec_with`` makes it.
    spec: dict

    @staticmethod
    def spec_with(without=(), **own):
        spec = {name: entry for name, entry in plugin_options.SPEC.items() if name not in (*_TERMS_SAY, *without)}
        return dict(spec, **own)

    @abstractmethod
    def found(self, platform, params, texts, warn):
        """The list that the lookup returns. Raises BackupOpsError."""

    def run(self, terms, variables=None, **kwargs):
        try:
            params = plugin_options.checked(kwargs, self._folder(variables), self.spec)
            result, warnings = plugin_options.ask(lambda context: self._asked(context, terms), params)
        except plugin_options.AskError as error:
            raise AnsibleError(str(error)) from None
        for sentence in warnings:
            display.warning(sentence)
        return make_unsafe(result["found"])

    def _asked(self, context, terms_given):
        texts = terms.one_text_each(terms_given)
        with target.opened(context) as platform:
            return {"found": self.found(platform, context.params, texts, context.warn)}

    def _folder(self, variables):
        """Relative paths are relative to the play's folder, as in a task."""
        return self.get_basedir(variables or {}) or "."
