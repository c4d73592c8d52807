"""The keys that a node had before: checkpoints and heads that lie outside are signed with them."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwcrypto.jwk import JWK

from linkexchange import tls
from linkexchange.errors import IdentityRefused
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import PublicKeys, certificate_der, thumbprint


def earlier_keys(pems: Iterable[str], authorities: bytes, me: TelematikId) -> PublicKeys:
    """Those of certificates of this participant, by thumbprint; `authorities` are CA certificates in PEM.

    A certificate is believed for the CA that has issued it, not for the row that it stands in. That it has ended since
    does not matter: what it has signed is older.
    """
    believed = x509.load_pem_x509_certificates(authorities)
    keys: dict[str, JWK] = {}
    for certificate in (x509.load_pem_x509_certificate(pem.encode()) for pem in pems):
        key = certificate.public_key()
        if isinstance(key, EllipticCurvePublicKey) and _is_of(certificate, me) and _is_by(certificate, believed):
            keys |= PublicKeys.of(key, thumbprint(certificate_der(certificate))).keys
    return PublicKeys(keys)


def _is_of(certificate: x509.Certificate, me: TelematikId) -> bool:
    try:
        return tls.participant_uri(certificate_der(certificate), TelematikId.urn) == me.uri
    except IdentityRefused:
        return False


def _is_by(certificate: x509.Certificate, believed: Iterable[x509.Certificate]) -> bool:
    for authority in believed:
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
