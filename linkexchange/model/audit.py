"""The audit trail: a closed list of actions, and a chain of hashes over the entries of one participant.

An action is `subject.verb`, in the past tense, from the list below and from nowhere else. One entry per step of a
transfer, never per instance. Fields hold identifiers of links, transfers, studies and institutions; no names, no KVNR.

Wire format: docs/reference/audit.md. An entry's hash is SHA-256 over the canonical JSON (RFC 8785) of the entry without
the hash itself; `previous` is the hash of the entry before it, 64 zeros for the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import rfc8785

from linkexchange.model.identifiers import Sha256, TelematikId

GENESIS = Sha256("0" * 64)


class Action(StrEnum):
    """Everything that is ever written down."""

    NONCE_ISSUED = "nonce.issued"
    SESSION_OPENED = "session.opened"
    SESSION_REFUSED = "session.refused"
    LEDGER_REFUSED = "ledger.refused"
    LINK_REGISTERED = "link.registered"
    LINK_WITHDRAWN = "link.withdrawn"
    LINK_PUBLISHED = "link.published"
    LINK_CLOSED = "link.closed"
    PULL_REQUESTED = "pull.requested"
    PULL_GRANTED = "pull.granted"
    PULL_DENIED = "pull.denied"
    PULL_REFUSED = "pull.refused"
    PULL_PERMITTED = "pull.permitted"
    PULL_BEGUN = "pull.begun"
    PULL_WAITING = "pull.waiting"
    PULL_STOP_ASKED = "pull.stop-asked"
    PULL_ENDED = "pull.ended"
    STUDY_RELEASED = "study.released"
    SERVING_BEGUN = "serving.begun"
    SERVING_ENDED = "serving.ended"
    SERVING_REFUSED = "serving.refused"
    DOCUMENT_SERVED = "document.served"
    OFFER_MADE = "offer.made"
    OFFER_TAKEN = "offer.taken"
    RECEIPT_SENT = "receipt.sent"
    RECEIPT_BOOKED = "receipt.booked"
    PARTICIPANT_ENROLLED = "participant.enrolled"
    PARTICIPANT_REVOKED = "participant.revoked"
    ENROLMENT_APPLIED = "enrolment.applied"
    ENROLMENT_REFUSED = "enrolment.refused"
    ENROLMENT_REJECTED = "enrolment.rejected"
    CERTIFICATE_RENEWED = "certificate.renewed"
    PACS_CHANGED = "pacs.changed"
    PACS_PROBED = "pacs.probed"
    TI_WALKED = "ti.walked"
    OUTBOX_RECEIVED = "outbox.received"
    OUTBOX_ANSWERED = "outbox.answered"
    OUTBOX_CLEARED = "outbox.cleared"
    OUTBOX_DISCARDED = "outbox.discarded"
    RECORD_OPENED = "record.opened"
    PATIENT_DOUBTED = "patient.doubted"
    PATIENT_DECIDED = "patient.decided"
    PATIENT_ASSIGNED = "patient.assigned"
    PATIENT_MERGED = "patient.merged"
    OBJECTION_MADE = "objection.made"
    OBJECTION_WITHDRAWN = "objection.withdrawn"
    RULES_CHANGED = "rules.changed"
    ROUTE_CHANGED = "route.changed"
    INSTITUTION_REVOKED = "institution.revoked"
    INSTITUTION_REINSTATED = "institution.reinstated"
    NODE_REVOKED = "node.revoked"
    LINK_REVOKED = "link.revoked"
    TRANSFER_REVOKED = "transfer.revoked"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of a participant's chain. `at` is UTC."""

    participant: TelematikId
    seq: int
    at: datetime
    action: Action
    fields: Mapping[str, str | int]
    previous: Sha256
    hash: Sha256


def chain(
    participant: TelematikId, last: AuditEntry | None, *, action: Action, fields: Mapping[str, str | int], at: datetime
) -> AuditEntry:
    """The entry that follows `last` (None: the first)."""
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    utc = at.astimezone(UTC)
    digest = _digest(participant, seq, utc, action.value, fields, previous)
    return AuditEntry(participant, seq, utc, action, dict(fields), previous, digest)


def first_bad(entries: Iterable[AuditEntry]) -> int | None:
    """Sequence number of the first entry that does not follow from the one before it; None when all do.

    An entry that cannot even be read, upon which `entries` raises ValueError, is a bad one.
    """
    seq, previous = 1, GENESIS
    try:
        for entry in entries:
            if (entry.seq, entry.previous, entry.hash) != (seq, previous, _digest_of(entry)):
                return seq
            seq, previous = seq + 1, entry.hash
    except ValueError:
        return seq
    return None


def _digest_of(entry: AuditEntry) -> Sha256 | None:
    """None where somebody has written into the entry what no entry can hold."""
    try:
        at = entry.at.astimezone(UTC)
        return _digest(entry.participant, entry.seq, at, entry.action, entry.fields, entry.previous)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _digest(
    participant: str, seq: int, at: datetime, action: str, fields: Mapping[str, str | int], previous: str
) -> Sha256:
    entry: dict[str, Any] = {
        "participant": str(participant),
        "seq": seq,
        "at": at.isoformat(),
        "action": str(action),
        "fields": {key: str(value) if isinstance(value, str) else value for key, value in fields.items()},
        "previous": str(previous),
    }
    return Sha256(hashlib.sha256(rfc8785.dumps(entry)).hexdigest())
