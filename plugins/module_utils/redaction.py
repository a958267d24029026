# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Secrets out of texts. Private to this collection."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

MASK = "********"
#: Shorter texts are not cut out: they would shred every message (Ansible's own filter has no such limit).
_SHORTEST = 3


class Redactor:
    """Knows the secrets of a task, also in the forms in which they travel (percent-encoded, base64)."""

    def __init__(self, secrets=()):
        self.secrets = set()
        self._forms = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret):
        if not secret or secret in self.secrets:
            return
        self.secrets.add(secret)
        if len(secret) < _SHORTEST:
            return
        forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
        forms.add(base64.b64encode(secret.encode("utf-8")).decode("ascii"))
        # The longest first: a form may contain another one.
        self._forms = sorted(forms.union(self._forms), key=len, reverse=True)

    def redact(self, text):
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text
