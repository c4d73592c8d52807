"""The institution's card and what it signs: compact JWS (RFC 7515), one card signature each."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact
from ti_adapter.errors import CardFailed


class Card(Protocol):
    """What signs: an SMC-B behind a Konnektor, or a simulated one."""

    @property
    def certificate(self) -> x509.Certificate:
        """The C.HCI.AUT certificate. Raises `CardFailed`."""
        ...

    def external_authenticate(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; a DER ECDSA signature, as the Konnektor's ExternalAuthenticate gives it.

        Raises `CardFailed`.
        """
        ...


def sign_compact(card: Card, header: Mapping[str, object], payload: bytes) -> str:
    """Let the card sign. Raises `CardFailed`, also for what is no signature; whose it is, is not looked at."""
    signed = f"{compact.segment(compact.as_json(header))}.{compact.segment(payload)}"
    der = card.external_authenticate(hashlib.sha256(signed.encode()).digest())
    try:
        return f"{signed}.{compact.segment(compact.raw_signature(der))}"
    except ValueError as wrong:
        raise CardFailed("the card's signature cannot be read") from wrong


def sign_claims(card: Card, claims: Mapping[str, object], now: datetime, lifetime: timedelta) -> str:
    """Let the card sign the claims with `iat` and `exp`, under its certificate in `x5c`. Raises `CardFailed`.

    `alg` reads ES256 although the key lies on brainpoolP256r1, as the ePA wants it (A_24590).
    """
    certificate = base64.b64encode(card.certificate.public_bytes(Encoding.DER)).decode()
    issued = int(now.timestamp())
    timed = {**claims, "iat": issued, "exp": issued + int(lifetime.total_seconds())}
    return sign_compact(card, {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}, compact.as_json(timed))
