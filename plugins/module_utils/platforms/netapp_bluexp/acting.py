# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Pausing, resuming and backing up BlueXP's protected volumes. Private to this collection."""

from __future__ import annotations

from ansible_collections.backupops.jobs.plugins.module_utils import model
from ansible_collections.backupops.jobs.plugins.module_utils.errors import InvalidError, Unsupported

#: verb -> the state that a change of the volume asks for.
_STATES = {"enable": "RESUME", "disable": "PAUSE"}


class Acting:
    """The acting side of NetappBluexpPlatform.

    PAUSE and RESUME are one switch of the volume and leave its policy alone, so there is nothing else to put back: no
    ``snapshot``.
    """

    def check_order(self, verb, options):
        capability = self.traits.capabilities[verb]
        if not capability.supported:
            raise Unsupported(capability.note)
        both = _plain_words(options, "active_words") & _plain_words(options, "paused_words")
        if both:
            raise InvalidError(
                "netapp_bluexp.active_words and netapp_bluexp.paused_words: {0} stands in both.".format(
                    ", ".join(repr(word) for word in sorted(both))
                )
            )

    def objection(self, order):
        capability = self.traits.capabilities[order.verb]
        if not capability.supported:
            return capability.note
        if order.record["entity"] != model.DEFINITION:
            return "BlueXP acts on protected volumes, not on their jobs: name the volume (entity: definition)."
        if order.verb == "start" and _policy_of(order.record) is None:
            # The call also protects volumes that are not yet: a start must never choose a policy for one.
            return "BlueXP tells no backup policy of this volume, and a backup without one could give it another."
        return None

    def perform(self, order):
        """One PUT for a switch (no job); one POST for a start, whose answer tells the job."""
        objection = self.objection(order)
        if objection:
            raise Unsupported(objection)
        system, _sep, volume = order.record["id"].partition("/")
        if order.verb in _STATES:
            self.client.change_volume(system, volume, _STATES[order.verb])
            return None
        job = self.client.back_up_volume(system, volume, _policy_of(order.record))
        if job is not None:
            # The job itself may not tell its volume; that it is this one is known from here.
            self._started[job] = (system, volume)
        return job


def _policy_of(definition):
    return (definition["native"].get("backup_policy") or {}).get("name")


def _plain_words(options, name):
    """The words as ``mapping.enabled_of`` compares them."""
    return {word.strip().casefold() for word in options.get(name) or ()}
