"""What a node signs when it wants a study, and how the resolver reads it.

Wire format: docs/reference/request.md. A JWS signed with the key of the node's TLS certificate, `kid` its thumbprint.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import LinkId, Sha256, TelematikId
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.signing import Proven

TYP = "linkexchange-request+jwt"
MAX_AGE = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=37.5)
TEXT_MAX_CHARACTERS = 200
_UNFIT_FOR_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control and format characters, halves of surrogate pairs, separators of lines and paragraphs."""


@dataclass(frozen=True, slots=True)
class Request:
    """A wish for one study.

    Authority *record* proves the reading of the document: its digest, and when it was read. Authority *release* names
    the offer instead. `user` is the acting person as the node knows them.
    """

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    link: LinkId
    authority: Authority
    destination: str
    purpose: Purpose
    user: str
    asked: datetime
    document_digest: Sha256 | None = None
    read_at: datetime | None = None
    offer: str = ""

    def claims(self, audience: str) -> dict[str, Any]:
        """The payload to sign for one resolver."""
        return {
            "aud": audience,
            "iss": str(self.requester),
            "iat": self.asked.timestamp(),
            "transfer": str(self.transfer),
            "origin": str(self.origin),
            "link": str(self.link),
            "authority": self.authority.value,
            "destination": self.destination,
            "purpose": self.purpose.value,
            "user": self.user,
            "document_sha256": self.document_digest and str(self.document_digest),
            "read_at": self.read_at and self.read_at.timestamp(),
            "offer": self.offer,
        }


def read(proven: Proven, *, audience: str, requester: TelematikId, now: datetime) -> Request:
    """Turn signed claims into a request; raises `MessageFault` with the failed step.

    1. It is a request. 2. Every claim is there and of its type, and no other. 3. It is for this resolver. 4. Its issuer
    is the participant of the TLS certificate whose key signed it. 5. It was signed just now.
    """
    if proven.typ != TYP:
        raise MessageFault("request, step 1: type")
    request = _read(proven.claims)
    if proven.claims["aud"] != audience:
        raise MessageFault("request, step 3: audience")
    if request.requester != requester:
        raise MessageFault("request, step 4: issuer")
    if not -CLOCK_SKEW <= now - request.asked <= MAX_AGE:
        raise MessageFault("request, step 5: time")
    return request


def _read(claims: dict[str, Any]) -> Request:
    try:
        digest, read_at = claims["document_sha256"], claims["read_at"]
        request = Request(
            transfer=UUID(claims["transfer"]),
            requester=TelematikId(claims["iss"]),
            origin=TelematikId(claims["origin"]),
            link=LinkId(claims["link"]),
            authority=Authority(claims["authority"]),
            destination=one_line(claims["destination"]),
            purpose=Purpose(claims["purpose"]),
            user=one_line(claims["user"]),
            asked=moment(claims["iat"]),
            document_digest=Sha256(digest) if digest is not None else None,
            read_at=moment(read_at) if read_at is not None else None,
            offer=one_line(claims["offer"]),
        )
        if request.claims(claims["aud"]).keys() != claims.keys():
            raise ValueError("claims")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise MessageFault("request, step 2: claims") from wrong
    return request


def moment(value: object) -> datetime:
    """Seconds since 1970 (NumericDate, RFC 7519), also parts of one. Raises ValueError, OverflowError or OSError."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("moment")
    return datetime.fromtimestamp(value, UTC)


def one_line(value: object, most: int = TEXT_MAX_CHARACTERS) -> str:
    """As `line`, of what may be no text at all or too long."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("text")
    return line(value)


def line(text: str) -> str:
    """One line of text, since it is stored and shown; raises ValueError for anything else."""
    if _UNFIT_FOR_TEXT & set(map(unicodedata.category, text)):
        raise ValueError("text")
    return text
