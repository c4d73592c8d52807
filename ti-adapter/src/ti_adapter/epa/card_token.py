"""The JWT that an institution's card signs for a record system: clientAttest, and the entitlement request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ti_adapter.card import Card, sign_claims

LIFETIME: Final = timedelta(minutes=20)


def sign(card: Card, claims: Mapping[str, str], now: datetime) -> str:
    """Let the card sign the claims with `iat` and `exp` = `iat` + 20 min; one signature. Raises `CardFailed`."""
    return sign_claims(card, claims, now, LIFETIME)
