"""The list of revocations as a resolver tells it to nodes, page by page. Wire format: docs/reference/revocations.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from linkexchange.errors import MessageFault
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.model.revocation import Revocation, RevocationKind, named
from linkexchange.signing import Proven

TYP = "linkexchange-revocations+jwt"
MAX_AGE = timedelta(seconds=60)
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class RevocationPage:
    """What was revoked after a number, oldest first; there may be more. Reasons stay with the resolver."""

    issuer: str
    issued: datetime
    after: int
    revocations: tuple[Revocation, ...]

    def claims(self) -> dict[str, Any]:
        """The payload of the JWS."""
        rows = [
            {
                "number": it.number,
                "kind": it.kind.value,
                "value": str(it.value),
                "at": it.at.timestamp(),
                "lifted": it.lifted,
            }
            for it in self.revocations
        ]
        return {"iss": self.issuer, "iat": self.issued.timestamp(), "after": self.after, "revocations": rows}


def accept(proven: Proven, *, issuer: str, after: int, now: datetime) -> RevocationPage:
    """Believe a page whose signature is proven; raises `MessageFault` with the failed step.

    1. It is one. 2. Every claim is there and of its type, and no other. 3. It is this resolver's. 4. It was signed just
    now, lest an old page hide what came since. 5. It begins where it was asked to, and its numbers rise.
    """
    if proven.typ != TYP:
        raise MessageFault("revocations, step 1: type")
    page = _read(proven.claims)
    if page.issuer != issuer:
        raise MessageFault("revocations, step 3: issuer")
    if not -CLOCK_SKEW <= now - page.issued <= MAX_AGE:
        raise MessageFault("revocations, step 4: time")
    numbers = [after, *(it.number for it in page.revocations)]
    if page.after != after or numbers != sorted(set(numbers)):
        raise MessageFault("revocations, step 5: order")
    return page


def _read(claims: dict[str, Any]) -> RevocationPage:
    try:
        rows = tuple(_row(row) for row in claims["revocations"])
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        page = RevocationPage(str(claims["iss"]), issued, int(claims["after"]), rows)
        if page.claims() != claims:
            raise ValueError("claims")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise MessageFault("revocations, step 2: claims") from wrong
    return page


def _row(row: dict[str, Any]) -> Revocation:
    kind, value = named(RevocationKind(row["kind"]), row["value"])
    at = datetime.fromtimestamp(row["at"], UTC)
    return Revocation(int(row["number"]), kind, value, "", at, row["lifted"])
