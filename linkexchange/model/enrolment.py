"""How an institution comes into the network, stays in it, and leaves it.

1. A node applies, with a key of its own and a signature of its institution's card. 2. An operator approves or rejects.
3. Approved, it gets a certificate and renews it by itself. 4. Revoked, it is out at once; it may apply anew.

The table below is the whole of it; there is no other way from one standing to another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Self
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from linkexchange.errors import EnrolmentRefused, MessageFault
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, Sha256
from linkexchange.model.participant import Participant

TEXT_MAX = 200
LIST_MAX = 20


class Standing(StrEnum):
    """Where an enrolment stands."""

    APPLIED = "applied"
    APPROVED = "approved"
    RENEWED = "renewed"
    REJECTED = "rejected"
    REVOKED = "revoked"


TRANSITIONS: Mapping[Standing, frozenset[Standing]] = MappingProxyType(
    {
        Standing.APPLIED: frozenset({Standing.APPROVED, Standing.REJECTED}),
        Standing.APPROVED: frozenset({Standing.RENEWED, Standing.REVOKED}),
        Standing.RENEWED: frozenset({Standing.RENEWED, Standing.REVOKED}),
        Standing.REJECTED: frozenset(),
        Standing.REVOKED: frozenset(),
    }
)
ENROLLED = frozenset({Standing.APPROVED, Standing.RENEWED})


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One application and what became of it.

    `role` and `card_name` are what the card has proven (professionOID, name of the institution), `key` is the SHA-256
    of the public key (DER, SubjectPublicKeyInfo) that both sides can read to each other, `request` is the certificate
    signing request (PEM). `reason` says why it was rejected or revoked.
    """

    number: UUID
    participant: Participant
    role: str
    card_name: str
    key: Sha256
    request: str
    applied: datetime
    standing: Standing = Standing.APPLIED
    reason: str = ""

    def to(self, standing: Standing, reason: str = "") -> Self:
        """The same, moved on; raises `EnrolmentRefused` where the table has no such way."""
        if standing not in TRANSITIONS[self.standing]:
            raise EnrolmentRefused(f"{self.standing.value}: cannot become {standing.value}")
        return replace(self, standing=standing, reason=reason)


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A node certificate that the hub knows. `thumbprint` is x5t#S256, `serial` hexadecimal, `pem` the certificate."""

    thumbprint: str
    serial: str
    not_before: datetime
    not_after: datetime
    pem: str
    revoked_at: datetime | None = None
    reason: str = ""

    def is_good(self, now: datetime) -> bool:
        """Neither ended nor revoked."""
        return self.revoked_at is None and now < self.not_after


def checked(participant: Participant, host: str) -> Participant:
    """What a node says of itself, as far as it can be looked at; raises `MessageFault` with the member that is wrong.

    Its address must be of the very host that its certificate will name, with no path: others append theirs.
    """
    parts = _parts(participant.node_url)
    if parts.scheme != "https" or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise MessageFault("node_url: https://host:port is wanted")
    if (parts.hostname or "") != host.lower():
        raise MessageFault("node_url: another host than that of the certificate request")
    texts = {"name": (participant.name,), "contact": (participant.contact,), "destinations": participant.destinations}
    for member, values in texts.items():
        if len(values) > LIST_MAX or not all(_is_line(it) for it in values):
            raise MessageFault(f"{member}: at most {LIST_MAX} lines of 1 to {TEXT_MAX} characters")
    _check_each("ae_titles", participant.ae_titles, AeTitle)
    _check_each("hours", participant.hours, Hours.parse)
    return participant


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.port == 0:
            raise ValueError("port")
    except ValueError as wrong:
        raise MessageFault("node_url: https://host:port is wanted") from wrong
    return parts


def _is_line(text: str) -> bool:
    return 0 < len(text) <= TEXT_MAX and text.isprintable() and text == text.strip()


def _check_each(member: str, values: tuple[str, ...], read: Callable[[str], object]) -> None:
    try:
        if len(values) > LIST_MAX:
            raise ValueError(member)
        for value in values:
            read(value)
    except ValueError as wrong:
        raise MessageFault(member) from wrong
