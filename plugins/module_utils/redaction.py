# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Secrets out of texts. Private to this collection."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

MASK = "********"
#: Shorter texts are not cut out: they would shred every message (Ansible's own filter has no such limit).
_SHORTEST = 3


class Redactor:
    """Knows the secrets of a task, also in the forms in which they travel and are shown (percent-encoded, escaped…)."""

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
        forms.update((json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]))
        forms.update((html.escape(secret), html.escape(secret, quote=False)))
        # The longest first: a form may contain another one.
        self._forms = sorted(forms.union(self._forms), key=len, reverse=True)

    def redact(self, text):
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def excerpt(text, redact, longest=500):
    """What a server said, on one line and not too long.

    ``redact`` comes first: a secret that was cut in two, or whose blanks were changed, would not be known any more.
    """
    return " ".join(redact(text).split())[:longest].rstrip(". ")
