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

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.attestation import Card
from ti_adapter.errors import CardFailed

LIFETIME: Final = timedelta(minutes=20)

_SCALAR_BYTES = 32


def sign(card: Card, claims: Mapping[str, str], now: datetime) -> str:
    """Let the card sign the claims with `iat` and `exp` = `iat` + 20 min; one signature. Raises `CardFailed`."""
    certificate = base64.b64encode(card.certificate.public_bytes(Encoding.DER)).decode()
    header = {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}
    issued = int(now.timestamp())
    timed = {**claims, "iat": issued, "exp": issued + int(LIFETIME.total_seconds())}
    signed = f"{_segment(json.dumps(header).encode())}.{_segment(json.dumps(timed).encode())}"
    der = card.external_authenticate(hashlib.sha256(signed.encode()).digest())
    return f"{signed}.{_segment(_raw(der))}"


def _raw(der: bytes) -> bytes:
    try:
        return b"".join(scalar.to_bytes(_SCALAR_BYTES, "big") for scalar in decode_dss_signature(der))
    except (ValueError, OverflowError) as wrong:
        raise CardFailed("the card's signature cannot be read") from wrong


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
