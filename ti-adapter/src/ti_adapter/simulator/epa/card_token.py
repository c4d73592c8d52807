"""What a record system asks of a JWT that an institution's card has signed, before it looks at its claims."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter import compact
from ti_adapter.epa.card_token import LIFETIME
from ti_adapter.errors import TiError
from ti_adapter.pki import ProvenCertificate, TrustList, is_on_card_curve, verify_institution

TOLERANCE_SECONDS = 15
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class ProvenToken:
    """The claims beside the times, signed by this institution."""

    institution: ProvenCertificate
    claims: dict[str, object] = field(repr=False)


class TokenUnproven(TiError):
    """The token proves nothing."""


def prove(token: str, trust: TrustList, now: datetime) -> ProvenToken:
    """Form, header, signature, certificate and times of a token. Raises `TokenUnproven`."""
    try:
        return _prove(token, trust, now)
    except (ValueError, TypeError, KeyError, InvalidSignature, x509.InvalidVersion, TiError) as wrong:
        raise TokenUnproven from wrong


def _prove(token: str, trust: TrustList, now: datetime) -> ProvenToken:
    if not _FORM.fullmatch(token):
        raise ValueError("form")
    header, claims, signature = (compact.content_of(it) for it in token.split("."))
    certificate = _certificate(compact.json_object(header))
    _check_signature(certificate, signature, token.rpartition(".")[0].encode())
    proven = verify_institution(certificate, trust, now)
    return ProvenToken(proven, _timely(compact.json_object(claims), now))


def _certificate(header: dict[str, object]) -> x509.Certificate:
    match header:
        case {"typ": "JWT", "alg": "ES256", "x5c": [str(encoded)], **other} if not other:
            certificate = x509.load_der_x509_certificate(base64.b64decode(encoded, validate=True))
        case _:
            raise ValueError("header")
    if not is_on_card_curve(certificate):
        raise ValueError("curve")
    return certificate


def _check_signature(certificate: x509.Certificate, signature: bytes, signed: bytes) -> None:
    key = certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("signature")
    key.verify(compact.der_signature(signature), signed, ECDSA(SHA256()))


def _timely(claims: dict[str, object], now: datetime) -> dict[str, object]:
    issued, expires, lifetime = claims.pop("iat"), claims.pop("exp"), int(LIFETIME.total_seconds())
    if type(issued) is not int or expires != issued + lifetime:
        raise ValueError("times")
    if not issued - TOLERANCE_SECONDS <= now.timestamp() < issued + lifetime + TOLERANCE_SECONDS:
        raise ValueError("times")
    return claims
