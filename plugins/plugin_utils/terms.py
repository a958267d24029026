# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which jobs the terms of a lookup mean. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model, selection
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, NotFound
from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info


def records_of(platform, params, terms, warn, globs=False, entity=None):
    """A list of records for each term: a uid, an id, or an exact name; with ``globs``, if nothing is called so, a pattern.

    One list is read for all terms that are no uids; ids that are not in it (they may be older) are asked for at the end.
    ``entity``: what bare ids and names are of, if ``params`` do not say it (uids say it themselves).
    """
    uids = [term for term in terms if _is_uid(term)]
    rest = [term for term in terms if term not in uids]
    by_uid = {}
    if uids:
        by_uid = {record["uid"]: record for record in job_info.listing(platform, dict(params, uids=uids), warn)["jobs"]}
    params = dict(params, entity=params.get("entity") or entity)
    listed = job_info.listing(platform, params, warn)["jobs"] if rest else []
    found = {term: [by_uid[term]] if term in by_uid else [] for term in uids}
    for term in rest:
        found[term] = [one for one in listed if term in (one["id"], one["name"])]
    for term in rest:
        if globs and not found[term] and selection.is_glob(term):
            names = selection.Names([term])
            found[term] = [one for one in listed if names.candidate(one["name"])]
    asked = [term for term in rest if not found[term] and not selection.is_glob(term)]
    if asked:
        written = {term.casefold(): term for term in asked}  # a UUID is the same in capitals
        for record in job_info.listing(platform, _for_ids(params, asked), warn)["jobs"]:
            found[written[record["id"].casefold()]].append(record)
    return [found[term] for term in terms]


def _for_ids(params, ids):
    """The parameters for a list of these ids; the platforms' own filters narrow lists and do not go with ids."""
    return dict(params, job_ids=ids, **dict.fromkeys(_OWN_FILTERS))


_OWN_FILTERS = [name for name, entry in job_info.SPEC.items() if entry.get("type") == "dict"]


def _is_uid(term):
    try:
        model.parse_uid(term)
    except ValueError:
        return False
    return True


def one_text_each(terms):
    """The terms as texts. Raises InvalidError for what is none (a list, a dict, nothing)."""
    texts = []
    for term in terms:
        if isinstance(term, bool) or not isinstance(term, (str, int)) or term == "":
            raise InvalidError("A term of this lookup is a text, not {0!r}.".format(term))
        texts.append(str(term))
    return texts


def unknown(platform, terms, entity):
    """The error for terms that mean nothing here."""
    return NotFound(
        "{0} knows no {1} with the id or name {2}.".format(
            platform.traits.label, entity, ", ".join(repr(term) for term in terms)
        ),
        hint="Names are case-sensitive. Set missing to ignore to get on without them.",
    )
