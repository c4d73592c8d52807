"""The attestation: an institution's card signs a nonce, for one audience, bound to one TLS certificate.

Wire format: a compact JWT (RFC 7519).

    header   {"typ": "JWT", "alg": "ES256", "x5c": [certificate of the card, DER in base64]}
    claims   {"aud", "nonce", "iat", "exp", "cnf": {"x5t#S256": thumbprint of the TLS certificate}}

`alg` reads ES256 although the key lies on brainpoolP256r1, as the ePA wants it (gemSpec A_24590); so the curve is
pinned here, whatever `alg` says. Neither header nor claims may hold anything else: a new claim needs a new `typ`.

Three types for three states of belief: a `str` is a token as received; a `SignedAttestation` has a proven signature by
the key of some certificate; an `Attestation` is accepted.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter import compact
from ti_adapter.card import Card, sign_claims
from ti_adapter.errors import AttestationRefused
from ti_adapter.pki import TrustList, is_on_card_curve, verify_institution

__all__ = ["Attestation", "Card", "Reason", "SignedAttestation", "accept", "build", "prove", "verify"]

TOKEN_MAX_BYTES = 16 * 1024
LIFETIME = timedelta(seconds=300)
LIFETIME_MAX = timedelta(minutes=20)
CLOCK_SKEW = timedelta(seconds=37.5)

_GROUP_ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
"""Order of brainpoolP256r1 (RFC 5639, section 3.4): r and s of a signature lie between 1 and one less."""


class Reason(StrEnum):
    """Why an attestation is refused."""

    SIZE = "size"
    FORM = "form"
    HEADER = "header"
    ALGORITHM = "algorithm"
    CERTIFICATE = "certificate-unreadable"
    CURVE = "curve"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    AUDIENCE = "audience"
    BINDING = "binding"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class SignedAttestation:
    """Signed by the key of `certificate`, and nothing more: neither that certificate nor any claim is believed."""

    certificate: x509.Certificate
    audience: str
    nonce: str = field(repr=False)
    issued: int
    expires: int
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """Accepted: this institution has signed this nonce, for this audience and this TLS certificate, just now."""

    telematik_id: str
    profession_oids: tuple[str, ...]
    name: str
    nonce: str = field(repr=False)


def build(card: Card, *, audience: str, nonce: str, thumbprint: str, now: datetime) -> str:
    """Let the card sign an attestation. Raises `CardFailed`, also for what is no signature."""
    claims = {"aud": audience, "nonce": nonce, "cnf": {"x5t#S256": thumbprint}}
    return sign_claims(card, claims, now, LIFETIME)


def verify(token: str, *, audience: str, thumbprint: str, trust: TrustList, now: datetime) -> Attestation:
    """Believe an attestation, or raise `AttestationRefused` or `CertificateRefused` with the failed step.

    1. At most 16 kB. 2. Three segments of strict base64url, the first two of them JSON objects with no key twice.
    3. The header has `typ`, `alg`, `x5c` and nothing else: JWT, ES256, one certificate.
    4. That certificate can be read, and its key lies on brainpoolP256r1. 5. r and s are in range, and the signature
    is that key's. 6. The claims are complete, of the right types, and no others.
    7. The certificate is an institution's (`pki.verify_institution`, with its own steps).
    8. The audience. 9. The TLS certificate of the caller. 10. The times, with 37.5 s for the clocks.

    Left to the caller: that the nonce is its own and unused, whether the role may do what it asks for, and revocation.
    """
    return accept(prove(token), audience=audience, thumbprint=thumbprint, trust=trust, now=now)


def prove(token: str) -> SignedAttestation:
    """Steps 1 to 6 of `verify`: what the token says, and that the key of its own certificate has signed it."""
    if len(token) > TOKEN_MAX_BYTES:
        raise AttestationRefused(1, Reason.SIZE)
    segments = token.split(".")
    if len(segments) != 3:
        raise AttestationRefused(2, Reason.FORM)
    header, claims = _json_object(segments[0]), _json_object(segments[1])
    certificate = _certificate(header)
    _check_signature(certificate, _bytes(segments[2]), f"{segments[0]}.{segments[1]}".encode())
    return _claimed(certificate, claims)


def accept(
    signed: SignedAttestation, *, audience: str, thumbprint: str, trust: TrustList, now: datetime
) -> Attestation:
    """Steps 7 to 10 of `verify`."""
    proven = verify_institution(signed.certificate, trust, now)
    if signed.audience != audience:
        raise AttestationRefused(8, Reason.AUDIENCE)
    if signed.thumbprint != thumbprint:
        raise AttestationRefused(9, Reason.BINDING)
    _check_times(signed, now)
    return Attestation(proven.admission.telematik_id, proven.admission.profession_oids, proven.name, signed.nonce)


def _json_object(segment: str) -> dict[str, object]:
    try:
        return compact.json_object(compact.content_of(segment))
    except ValueError as wrong:
        raise AttestationRefused(2, Reason.FORM) from wrong


def _certificate(header: dict[str, object]) -> x509.Certificate:
    chain = header.get("x5c")
    if header.keys() != {"typ", "alg", "x5c"} or header["typ"] != "JWT" or not isinstance(chain, list):
        raise AttestationRefused(3, Reason.HEADER)
    if header["alg"] != "ES256":
        raise AttestationRefused(3, Reason.ALGORITHM)
    if len(chain) != 1 or not isinstance(chain[0], str):
        raise AttestationRefused(3, Reason.HEADER)
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    except (ValueError, x509.InvalidVersion) as wrong:
        raise AttestationRefused(4, Reason.CERTIFICATE) from wrong
    if not is_on_card_curve(certificate):
        raise AttestationRefused(4, Reason.CURVE)
    return certificate


def _check_signature(certificate: x509.Certificate, signature: bytes, signed: bytes) -> None:
    r, s = (
        int.from_bytes(half, "big") for half in (signature[: compact.SCALAR_BYTES], signature[compact.SCALAR_BYTES :])
    )
    in_range = 0 < r < _GROUP_ORDER and 0 < s < _GROUP_ORDER
    if len(signature) != 2 * compact.SCALAR_BYTES or not in_range:
        raise AttestationRefused(5, Reason.SIGNATURE)
    key = certificate.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    try:
        key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except InvalidSignature as wrong:
        raise AttestationRefused(5, Reason.SIGNATURE) from wrong


def _claimed(certificate: x509.Certificate, claims: dict[str, object]) -> SignedAttestation:
    match claims:
        case {
            "aud": str(audience),
            "nonce": str(nonce),
            "iat": int(issued),
            "exp": int(expires),
            "cnf": {"x5t#S256": str(thumbprint), **other_binding},
            **other,
        } if not (other or other_binding or bool in {type(issued), type(expires)}) and nonce.isascii():
            return SignedAttestation(certificate, audience, nonce, issued, expires, thumbprint)
        case _:
            raise AttestationRefused(6, Reason.CLAIMS)


def _check_times(signed: SignedAttestation, now: datetime) -> None:
    """Compared as numbers: a claimed time may lie beyond what a `datetime` can hold."""
    seconds, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    if signed.issued > seconds + skew:
        raise AttestationRefused(10, Reason.NOT_YET_VALID)
    if seconds - skew >= signed.expires:
        raise AttestationRefused(10, Reason.EXPIRED)
    if not 0 < signed.expires - signed.issued <= LIFETIME_MAX.total_seconds():
        raise AttestationRefused(10, Reason.LIFETIME)


def _bytes(segment: str) -> bytes:
    try:
        return compact.content_of(segment)
    except ValueError as wrong:
        raise AttestationRefused(2, Reason.FORM) from wrong
