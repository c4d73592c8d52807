"""The directory as the hub signs it, so that a node may go on with the last one while the hub is silent.

Wire format: docs/reference/directory.md. A compact JWS (ES256, the hub's grant key), `typ` as below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from linkexchange.errors import MessageFault
from linkexchange.model.participant import Participant
from linkexchange.signing import Proven

TYP = "linkexchange-directory+jws"
MAX_BYTES = 16 * 1024 * 1024
KEPT_FOR = timedelta(days=7)
"""So long a node goes on with what it has kept."""
_SKEW = timedelta(seconds=37.5)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everyone who took part at a moment, whole seconds, UTC."""

    issued: datetime
    participants: tuple[Participant, ...]

    def claims(self, issuer: str) -> dict[str, Any]:
        """As they are signed."""
        rows = [participant.to_json() for participant in self.participants]
        return {"iss": issuer, "iat": int(self.issued.timestamp()), "participants": rows}

    @classmethod
    def of(cls, participants: Sequence[Participant], now: datetime) -> Self:
        """What the hub knows now."""
        return cls(now.replace(microsecond=0), tuple(participants))


def accept(proven: Proven, *, issuer: str, now: datetime, newest: datetime | None = None) -> Snapshot:
    """Believe a snapshot whose signature is proven, or raise `MessageFault` with the failed step.

    1. It is a directory, and of this hub. 2. It can be read. 3. It is not from the future. 4. It is not older than
    `KEPT_FOR`. 5. It is not older than the `newest` that was believed before: an old one could hide who has left.
    """
    claims = proven.claims
    if proven.typ != TYP or claims.get("iss") != issuer:
        raise MessageFault("directory, step 1: not the directory of this hub")
    try:
        issued = datetime.fromtimestamp(int(claims["iat"]), UTC)
        snapshot = Snapshot(issued, tuple(Participant.from_json(row) for row in claims["participants"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise MessageFault("directory, step 2: claims") from wrong
    if snapshot.issued > now + _SKEW:
        raise MessageFault("directory, step 3: from the future")
    if now - snapshot.issued > KEPT_FOR:
        raise MessageFault("directory, step 4: too old")
    if newest and snapshot.issued < newest:
        raise MessageFault("directory, step 5: older than the one before")
    return snapshot
