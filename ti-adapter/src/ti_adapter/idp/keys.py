"""Keys of an IDP, as it publishes them (`uri_puk_idp_sig`, `uri_puk_idp_enc`): JWK (RFC 7517) on BP-256."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    BrainpoolP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)

from ti_adapter import compact
from ti_adapter.errors import CertificateRefused, ProofFailed
from ti_adapter.idp.errors import KeyRefused
from ti_adapter.idp.reason import Reason
from ti_adapter.pki import FD_SIG, ProvenService, TrustList, is_on_card_curve, verify_service

KEY_MAX_BYTES = 16 * 1024
ROLE_IDPD = "1.2.276.0.76.4.260"
"""oid_idpd (gemSpec_OID): the role of an IDP-Dienst."""

Prove = Callable[[x509.Certificate, datetime], object]
"""The port to a PKI: proves that a certificate is that of an IDP (role oid_idpd), or raises `CertificateRefused`."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """PUK_IDP_SIG: what the IDP signs challenges and tokens with, under its name."""

    kid: str
    key: EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """PUK_IDP_ENC: what is meant for the IDP alone is encrypted to it."""

    kid: str
    key: EllipticCurvePublicKey


def vouched_for(trust: TrustList) -> Prove:
    """Believe C.FD.SIG certificates of role oid_idpd by a CA of the trust list, which must be the list for that type.

    Revocation is left to the caller, who knows how old an OCSP answer may be (`pki.OcspClient`).
    """

    def prove(certificate: x509.Certificate, now: datetime) -> ProvenService:
        return verify_service(certificate, trust, now, profile=FD_SIG, role=ROLE_IDPD)

    return prove


def handed_in(*proven: x509.Certificate) -> Prove:
    """Believe these certificates, which the caller has proven, and no others."""

    def prove(certificate: x509.Certificate, _: datetime) -> None:
        if certificate not in proven:
            raise CertificateRefused(1, Reason.NOT_HANDED_IN)

    return prove


def read_signing_key(content: bytes, prove: Prove, now: datetime) -> SigningKey:
    """Believe the key at `uri_puk_idp_sig`; raises `KeyRefused`, or `CertificateRefused` from step 6.

    1. Size: at most 16 kB. 2. A JSON object with no key twice. 3. `kty` EC, `crv` BP-256, a `kid`, and no private part.
    4. `use`, where there is one, is the right one. 5. `x` and `y` are a point of the curve.
    6. One certificate in `x5c`, which can be read, and which `prove` believes. 7. The key is that certificate's.
    """
    jwk, key = _read(content, "sig")
    _certify(jwk, key, prove, now)
    return SigningKey(str(jwk["kid"]), key)


def read_encryption_key(content: bytes, prove: Prove, now: datetime) -> EncryptionKey:
    """Believe the key at `uri_puk_idp_enc`; steps of `read_signing_key`.

    Steps 6 and 7 are taken where the key has a certificate. The reference server publishes it without one: then it is
    as good as the TLS connection to the address in the signed discovery document.
    """
    jwk, key = _read(content, "enc")
    if "x5c" in jwk:
        _certify(jwk, key, prove, now)
    return EncryptionKey(str(jwk["kid"]), key)


def certificate_of(chain: object, refused: type[ProofFailed], step: int) -> x509.Certificate:
    """The first certificate of an `x5c`, which is the signer's; nothing is believed of it."""
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        raise refused(step, Reason.CERTIFICATE)
    try:
        return x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    except (ValueError, x509.InvalidVersion) as wrong:
        raise refused(step, Reason.CERTIFICATE) from wrong


def key_of(certificate: x509.Certificate, refused: type[ProofFailed], step: int) -> EllipticCurvePublicKey:
    """Its key, which lies on brainpoolP256r1."""
    if not is_on_card_curve(certificate):
        raise refused(step, Reason.CURVE)
    key = certificate.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    return key


def _read(content: bytes, use: str) -> tuple[dict[str, object], EllipticCurvePublicKey]:
    if len(content) > KEY_MAX_BYTES:
        raise KeyRefused(1, Reason.SIZE)
    try:
        jwk = compact.json_object(content)
    except ValueError as wrong:
        raise KeyRefused(2, Reason.FORM) from wrong
    if "d" in jwk:
        raise KeyRefused(3, Reason.PRIVATE_KEY)
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "BP-256"):
        raise KeyRefused(3, Reason.CURVE)
    if not isinstance(jwk.get("kid"), str):
        raise KeyRefused(3, Reason.KEY)
    if jwk.get("use", use) != use:
        raise KeyRefused(4, Reason.PURPOSE)
    return jwk, _point(jwk)


def _point(jwk: Mapping[str, object]) -> EllipticCurvePublicKey:
    try:
        x, y = (int.from_bytes(compact.content_of(str(jwk.get(name, "")))) for name in ("x", "y"))
        return EllipticCurvePublicNumbers(x, y, BrainpoolP256R1()).public_key()
    except ValueError as wrong:
        raise KeyRefused(5, Reason.FORM) from wrong


def _certify(jwk: Mapping[str, object], key: EllipticCurvePublicKey, prove: Prove, now: datetime) -> None:
    certificate = certificate_of(jwk.get("x5c"), KeyRefused, 6)
    prove(certificate, now)
    if key_of(certificate, KeyRefused, 6) != key:
        raise KeyRefused(7, Reason.CERTIFICATE_KEY)
