"""The JWT that an institution's card signs for a record system (RFC 7515): clientAttest, and the entitlement request.

`alg` reads ES256 although the key lies on brainpoolP256r1 (A_24590).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact
from ti_adapter.attestation import Card
from ti_adapter.errors import CardFailed

LIFETIME: Final = timedelta(minutes=20)


def sign(card: Card, claims: Mapping[str, str], now: datetime) -> str:
    """Let the card sign the claims with `iat` and `exp` = `iat` + 20 min; one signature. Raises `CardFailed`."""
    certificate = base64.b64encode(card.certificate.public_bytes(Encoding.DER)).decode()
    header = {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}
    issued = int(now.timestamp())
    timed = {**claims, "iat": issued, "exp": issued + int(LIFETIME.total_seconds())}
    signed = f"{compact.segment(json.dumps(header).encode())}.{compact.segment(json.dumps(timed).encode())}"
    der = card.external_authenticate(hashlib.sha256(signed.encode()).digest())
    try:
        return f"{signed}.{compact.segment(compact.raw_signature(der))}"
    except ValueError as wrong:
        raise CardFailed("the card's signature cannot be read") from wrong
