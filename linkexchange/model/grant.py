"""The grant: the resolver's permission for one transfer, and how an origin comes to believe it.

Three types for three states of belief: the token as received is a `str`; `signing.Proven` has a proven signature;
`Grant` is accepted. Whoever serves images takes a `Grant`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from linkexchange.errors import GrantRefused
from linkexchange.model.identifiers import LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.signing import Proven

LIFETIME = timedelta(seconds=300)
TYP = "linkexchange-grant+jwt"


@dataclass(frozen=True, slots=True)
class Grant:
    """Accepted: signature, audience, binding and time have been checked. `thumbprint` is `cnf.x5t#S256` (RFC 8705).

    `issuer` is whose grant it is, as received; empty at the resolver that is about to sign it.
    """

    grant: UUID
    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    link: LinkId
    study: StudyUid
    manifest_digest: Sha256
    authority: Authority
    purpose: Purpose
    thumbprint: str
    issued: datetime
    issuer: str = field(default="", compare=False)

    @property
    def expires(self) -> datetime:
        """After this, the origin closes the response behind the current instance."""
        return self.issued + LIFETIME

    def claims(self, issuer: str) -> dict[str, Any]:
        """The payload of the JWS (docs/reference/grant.md)."""
        return {
            "iss": issuer,
            "sub": str(self.requester),
            "aud": str(self.origin),
            "jti": str(self.grant),
            "iat": int(self.issued.timestamp()),
            "exp": int(self.expires.timestamp()),
            "cnf": {"x5t#S256": self.thumbprint},
            "transfer": str(self.transfer),
            "link": str(self.link),
            "study": str(self.study),
            "manifest_sha256": str(self.manifest_digest),
            "authority": self.authority.value,
            "purpose": self.purpose.value,
        }


def accept(proven: Proven, *, audience: TelematikId, thumbprint: str, now: datetime) -> Grant:
    """Believe a grant at its origin; raises `GrantRefused` with the failed step, never with the token.

    1. It is a grant and nothing else that the same key signs.
    2. Every claim is there and of its type, and no other: an origin must not overlook a restriction that is new to it.
    3. The audience is this origin.
    4. The TLS certificate of the caller is the one it is bound to.
    5. It has begun and not ended.

    Left to the caller: the origin's own ledger (the link is its own, active, and has this manifest).
    """
    if proven.typ != TYP:
        raise GrantRefused("step 1: type")
    grant = _read(proven.claims)
    if grant.origin != audience:
        raise GrantRefused("step 3: audience")
    if grant.thumbprint != thumbprint:
        raise GrantRefused("step 4: certificate binding")
    if now - grant.issued < -CLOCK_SKEW or now >= grant.expires:
        raise GrantRefused("step 5: time")
    return grant


def _read(claims: dict[str, Any]) -> Grant:
    try:
        grant = Grant(
            grant=UUID(claims["jti"]),
            transfer=UUID(claims["transfer"]),
            requester=TelematikId(claims["sub"]),
            origin=TelematikId(claims["aud"]),
            link=LinkId(claims["link"]),
            study=StudyUid(claims["study"]),
            manifest_digest=Sha256(claims["manifest_sha256"]),
            authority=Authority(claims["authority"]),
            purpose=Purpose(claims["purpose"]),
            thumbprint=str(claims["cnf"]["x5t#S256"]),
            issued=datetime.fromtimestamp(claims["iat"], UTC),
            issuer=str(claims["iss"]),
        )
        # Also `exp` must be what `iat` and the fixed lifetime make it: a longer grant is none of ours.
        if grant.claims(str(claims["iss"])) != claims:
            raise ValueError("claims")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise GrantRefused("step 2: claims") from wrong
    return grant
