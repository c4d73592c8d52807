"""The audit trail: a closed list of actions, and a chain of hashes over the entries of one participant.

An action is `subject.verb`, in the past tense, from the list below and from nowhere else. One entry per step of a
transfer, never per instance. Fields hold identifiers of links, transfers, studies and institutions; no names, no KVNR.
`GRAMMAR` says which fields an action must and may have: an entry with others is never written.

Wire format: docs/reference/audit.md. An entry's hash is SHA-256 over the canonical JSON (RFC 8785) of the entry without
the hash itself; `previous` is the hash of the entry before it, 64 zeros for the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.signing import canonical

GENESIS = Sha256("0" * 64)


class Action(StrEnum):
    """Everything that is ever written down."""

    NONCE_ISSUED = "nonce.issued"
    SESSION_OPENED = "session.opened"
    SESSION_REFUSED = "session.refused"
    SESSION_ENDED = "session.ended"
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
    REVOCATION_HEARD = "revocation.heard"
    KEYS_LEARNT = "keys.learnt"
    TRAIL_SHORTENED = "trail.shortened"
    HISTORY_GIVEN = "history.given"
    DISPATCH_SENT = "dispatch.sent"
    DISPATCH_BOOKED = "dispatch.booked"
    BALANCE_LOST = "balance.lost"
    BALANCE_FOUND = "balance.found"
    RELEASE_ASKED = "release.asked"
    RELEASE_TOLD = "release.told"
    RELEASE_HEARD = "release.heard"
    RELEASE_TURNED_AWAY = "release.turned-away"
    RELEASE_GRANTED = "release.granted"
    RELEASE_DENIED = "release.denied"
    RELEASE_REVIEWED = "release.reviewed"
    LETTING_CHANGED = "letting.changed"
    POLICY_CHANGED = "policy.changed"
    QUOTAS_CHANGED = "quotas.changed"
    QUOTA_ALARMED = "quota.alarmed"
    REQUESTER_LOCKED = "requester.locked"
    REQUESTER_UNLOCKED = "requester.unlocked"
    PULL_SWITCHED = "pull.switched"


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields that an action must have, and of those that it may have."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()


def _fields(must: str = "", *, may: str = "") -> Fields:
    """Names with blanks between."""
    return Fields(frozenset(must.split()), frozenset(may.split()))


GRAMMAR: dict[Action, Fields] = {
    Action.NONCE_ISSUED: _fields(),
    Action.SESSION_OPENED: _fields("role"),
    Action.SESSION_REFUSED: _fields("reason"),
    Action.SESSION_ENDED: _fields("reason sessions"),
    Action.LEDGER_REFUSED: _fields("reason"),
    Action.LINK_REGISTERED: _fields("link study replaces"),
    Action.LINK_WITHDRAWN: _fields("link"),
    Action.LINK_PUBLISHED: _fields("link study replaces"),
    Action.LINK_CLOSED: _fields("link"),
    Action.PULL_REQUESTED: _fields("transfer authority user"),
    Action.PULL_GRANTED: _fields("transfer origin link authority reason rule decision"),
    Action.PULL_DENIED: _fields("reason", may="transfer origin link authority rule decision"),
    Action.PULL_REFUSED: _fields("transfer state reason"),
    Action.PULL_PERMITTED: _fields("transfer link epoch"),
    Action.PULL_BEGUN: _fields("transfer origin link study wanted"),
    Action.PULL_WAITING: _fields("transfer state reason"),
    Action.PULL_STOP_ASKED: _fields("transfer user"),
    Action.PULL_ENDED: _fields("transfer state reason", may="stored origin link study route"),
    Action.STUDY_RELEASED: _fields("link study receiver"),
    Action.SERVING_BEGUN: _fields("transfer requester link study authority purpose wanted"),
    Action.SERVING_ENDED: _fields("transfer requester link study authority purpose instances", may="ways"),
    Action.SERVING_REFUSED: _fields("reason step", may="rule transfer requester decision"),
    Action.DOCUMENT_SERVED: _fields("transfer requester link study authority purpose"),
    Action.OFFER_MADE: _fields("offer receiver link"),
    Action.OFFER_TAKEN: _fields("offer sender link"),
    Action.RECEIPT_SENT: _fields("transfer"),
    Action.RECEIPT_BOOKED: _fields("transfer link origin outcome expected stored"),
    Action.PARTICIPANT_ENROLLED: _fields("node_url", may="enrolment certificate listing"),
    Action.PARTICIPANT_REVOKED: _fields("reason"),
    Action.ENROLMENT_APPLIED: _fields("enrolment key role"),
    Action.ENROLMENT_REFUSED: _fields("claimed reason"),
    Action.ENROLMENT_REJECTED: _fields("enrolment reason"),
    Action.CERTIFICATE_RENEWED: _fields("certificate before"),
    Action.PACS_CHANGED: _fields("pacs"),
    Action.PACS_PROBED: _fields("pacs changes test_object"),
    Action.TI_WALKED: _fields("fails warns"),
    Action.OUTBOX_RECEIVED: _fields("study calling"),
    Action.OUTBOX_ANSWERED: _fields("link receiver outcome delivered"),
    Action.OUTBOX_CLEARED: _fields("study instances"),
    Action.OUTBOX_DISCARDED: _fields("study instances user reason"),
    Action.RECORD_OPENED: _fields("until user"),
    Action.PATIENT_DOUBTED: _fields("question doubt"),
    Action.PATIENT_DECIDED: _fields("question answer user"),
    Action.PATIENT_ASSIGNED: _fields("patient source user"),
    Action.PATIENT_MERGED: _fields("gone into"),
    Action.OBJECTION_MADE: _fields("study user"),
    Action.OBJECTION_WITHDRAWN: _fields("study user"),
    Action.RULES_CHANGED: _fields("rules names user"),
    Action.ROUTE_CHANGED: _fields("peer route reason"),
    Action.INSTITUTION_REVOKED: _fields("number value reason"),
    Action.INSTITUTION_REINSTATED: _fields("number value reason"),
    Action.NODE_REVOKED: _fields("number value reason"),
    Action.LINK_REVOKED: _fields("number value reason"),
    Action.TRANSFER_REVOKED: _fields("number value reason"),
    Action.REVOCATION_HEARD: _fields("number kind value lifted"),
    Action.KEYS_LEARNT: _fields("keys resolver"),
    Action.TRAIL_SHORTENED: _fields("seq hash entries since until"),
    Action.HISTORY_GIVEN: _fields("user entries"),
    Action.DISPATCH_SENT: _fields("transfer requester link instances digest", may="resolver"),
    Action.DISPATCH_BOOKED: _fields("transfer requester link instances digest", may="resolver"),
    Action.BALANCE_LOST: _fields("transfer origin imbalance", may="requester"),
    Action.BALANCE_FOUND: _fields("transfer origin imbalance", may="requester"),
    Action.RELEASE_ASKED: _fields("request origin kind user"),
    Action.RELEASE_TOLD: _fields("request standing"),
    Action.RELEASE_HEARD: _fields("request requester kind"),
    Action.RELEASE_TURNED_AWAY: _fields("requester reason step"),
    Action.RELEASE_GRANTED: _fields("request requester link study basis by kind until"),
    Action.RELEASE_DENIED: _fields("request requester user"),
    Action.RELEASE_REVIEWED: _fields("request link outcome user"),
    Action.LETTING_CHANGED: _fields("rules names user"),
    Action.POLICY_CHANGED: _fields("combining names user"),
    Action.QUOTAS_CHANGED: _fields("names user"),
    Action.QUOTA_ALARMED: _fields("quota used limit"),
    Action.REQUESTER_LOCKED: _fields("lock quota"),
    Action.REQUESTER_UNLOCKED: _fields("lock quota user"),
    Action.PULL_SWITCHED: _fields("hand pulls basis user"),
}
"""One line for each action; docs/reference/audit.md has the same, with what the fields mean."""

NUMBERS = _fields(
    "epoch wanted instances expected stored delivered changes test_object fails warns rules seq entries number used"
    " limit sessions lifted keys"
).must
"""The fields that are whole numbers; all others are texts."""


class UndeclaredEntry(Exception):
    """An entry that `GRAMMAR` does not know: a bug of ours, which takes the whole step back."""


def check(action: Action, fields: Mapping[str, str | int]) -> None:
    """Raises `UndeclaredEntry` for fields that `GRAMMAR` does not declare, misses, or has as another type."""
    declared = GRAMMAR.get(action)
    if declared is None:
        raise UndeclaredEntry(f"{action}: declare its fields in GRAMMAR of linkexchange/model/audit.py")
    missing, unknown = declared.must - fields.keys(), fields.keys() - declared.must - declared.may
    if missing or unknown:
        raise UndeclaredEntry(f"{action}: missing {sorted(missing)}, not declared in GRAMMAR {sorted(unknown)}")
    for name, value in fields.items():
        wanted = int if name in NUMBERS else str
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise UndeclaredEntry(f"{action}: {name} is no {wanted.__name__} (NUMBERS of linkexchange/model/audit.py)")


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


class Head(NamedTuple):
    """What the next entry needs of the newest one. Its action may be one that only a newer version knows."""

    seq: int
    hash: Sha256


def chain(
    participant: TelematikId,
    last: AuditEntry | Head | None,
    *,
    action: Action,
    fields: Mapping[str, str | int],
    at: datetime,
) -> AuditEntry:
    """The entry that follows `last` (None: the first)."""
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    utc = at.astimezone(UTC)
    plain = {name: str(value) if isinstance(value, str) else value for name, value in fields.items()}
    digest = _digest(participant, seq, utc, action.value, plain, previous)
    return AuditEntry(participant, seq, utc, action, plain, previous, digest)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is left of entries that were kept long enough: the number and hash of the last one that was removed.

    `entries` counts all that were ever removed, `since` and `until` are the moments of the first and the last of them.
    """

    participant: TelematikId
    seq: int
    hash: Sha256
    entries: int
    since: datetime
    until: datetime

    def claims(self) -> dict[str, Any]:
        """What is signed with the type `CHECKPOINT_TYP`."""
        moments = {"since": self.since.astimezone(UTC).isoformat(), "until": self.until.astimezone(UTC).isoformat()}
        numbers = {"seq": self.seq, "entries": self.entries}
        return {"participant": str(self.participant), "hash": str(self.hash), **numbers, **moments}


CHECKPOINT_TYP = "linkexchange-audit-checkpoint+jws"
HEAD_TYP = "linkexchange-audit-head+jws"


def first_bad(entries: Iterable[AuditEntry], start: Checkpoint | None = None) -> int | None:
    """Sequence number of the first entry that does not follow from the one before it; None when all do.

    A chain whose beginning was removed begins behind `start`, which must have been proven. An entry that cannot even be
    read, upon which `entries` raises ValueError, is a bad one.
    """
    seq, previous = (start.seq + 1, start.hash) if start else (1, GENESIS)
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
        if not {type(value) for value in entry.fields.values()} <= {str, int}:
            return None
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
        "fields": dict(fields),
        "previous": str(previous),
    }
    return Sha256(hashlib.sha256(canonical(entry)).hexdigest())
