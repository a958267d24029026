# Copyright: (c) 2026, backupops.jobs contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The tree of errors that a user can meet. Private to this collection.

The client and the platforms raise these; ``runners/edge.py`` alone turns them into a failed result. Each message is one
sentence that names the option or the fact; ``hint`` says what to do about it.
"""

from __future__ import annotations


class BackupOpsError(Exception):
    """Base: ``kind`` is the word in ``error.kind`` of a failed result."""

    kind = "bug"

    def __init__(self, message, hint=None, status=None, code=None, request_id=None):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.code = None if code is None else str(code)
        self.request_id = request_id

    def as_dict(self):
        """The ``error`` of a failed result: ``{kind, status, code, message, hint, request_id}``."""
        return {
            "kind": self.kind,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "request_id": self.request_id,
        }


class InvalidError(BackupOpsError):
    """The task asks for something that cannot be meant: a bad value, a missing or a misplaced option."""

    kind = "invalid"


class AuthenticationError(BackupOpsError):
    """The product refused the account, the password or the token."""

    kind = "authentication"


class SessionExpired(AuthenticationError):
    """The token or session died (HTTP 401 and its relatives). The client logs in again once, then this is final."""


class PermissionDenied(BackupOpsError):
    """The account is known but may not do this."""

    kind = "permission"


class NotFound(BackupOpsError):
    """The product does not know the job, copy, tenant... that the task names."""

    kind = "not_found"


class Ambiguous(BackupOpsError):
    """A name fits several; the message lists their ids."""

    kind = "ambiguous"


class Conflict(BackupOpsError):
    """The product says it is busy with the thing."""

    kind = "conflict"


class Refused(BackupOpsError):
    """A guard of ours stopped the task before the first write."""

    kind = "refused"


class Unsupported(BackupOpsError):
    """The product, or this release of it, has no such ability."""

    kind = "unsupported"


class RateLimited(BackupOpsError):
    """HTTP 429 that outlived the retries."""

    kind = "rate_limited"


class Unreachable(BackupOpsError):
    """No answer: name not resolved, connection refused or lost, timeout, 502 to 504 that outlived the retries."""

    kind = "unreachable"


class TlsError(BackupOpsError):
    """The certificate was not accepted, or there is no TLS at that port."""

    kind = "tls"


class ProtocolError(BackupOpsError):
    """An answer that is not what the product's documentation promises, or a refusal with no better kind."""

    kind = "protocol"


class PlanChanged(BackupOpsError):
    """What was approved is not what would be done now."""

    kind = "plan_changed"


class WaitTimeout(BackupOpsError):
    """The deadline of a wait passed."""

    kind = "wait_timeout"


class Stalled(BackupOpsError):
    """Nothing moved for ``stall_timeout`` seconds."""

    kind = "stalled"


class NotAccepted(BackupOpsError):
    """A run ended with a result that the task does not accept."""

    kind = "not_accepted"


class LostAnswer(Unreachable):
    """A write went out and no answer came back: the caller must read to learn what happened. Never a user's error."""
