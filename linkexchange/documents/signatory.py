"""Who signs a link document: key and certificates of an institution, and which institution a certificate names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, BrainpoolP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkexchange.model.identifiers import TelematikId

Sign = Callable[[bytes], bytes]
"""A SHA-256 digest → an ECDSA signature in DER, as a card's ExternalAuthenticate gives it."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Certificates, that of the institution first, and what signs with its key."""

    chain: tuple[x509.Certificate, ...]
    sign: Sign = field(repr=False)


def from_pem(certificates: bytes, key: bytes) -> Signatory:
    """Whoever has these certificates and this key, both in PEM. Raises `ValueError` with the cause, without a value."""
    chain, private = _certificates(certificates), _key(key)
    if chain[0].public_key() != private.public_key():
        raise ValueError("the key is not that of the first certificate")
    return Signatory(chain, lambda digest: private.sign(digest, ECDSA(Prehashed(SHA256()))))


def institution_of(certificate: x509.Certificate) -> TelematikId:
    """The Telematik-ID that a certificate names: in its Admission, as an SMC-B does, or as a URI, as a node's does.

    1. All registration numbers of the Admission extension (1.3.36.8.3.3, gemSpec_PKI). 2. All URIs of a participant
    among the subject alternative names. 3. Together they are one Telematik-ID.

    Nothing is said about who has issued the certificate. Raises `ValueError` where it names none, or several.
    """
    try:
        named = {*_registered(certificate.extensions), *_participants(certificate.extensions)}
    except Exception:
        # The parser raises half a dozen unrelated classes on hostile bytes, and lists them nowhere.
        named = set()
    if len(named) != 1:
        raise ValueError("the certificate does not name one institution")
    return named.pop()


def _registered(extensions: x509.Extensions) -> Iterator[TelematikId]:
    try:
        admissions = extensions.get_extension_for_class(x509.Admissions).value
    except x509.ExtensionNotFound:
        return
    for info in (info for admission in admissions for info in admission.profession_infos):
        yield TelematikId(info.registration_number or "")


def _participants(extensions: x509.Extensions) -> Iterator[TelematikId]:
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for uri in names.get_values_for_type(x509.UniformResourceIdentifier):
        if uri.startswith(TelematikId.urn):
            yield TelematikId.from_uri(uri)


def _certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except (ValueError, x509.InvalidVersion):
        raise ValueError("no certificate in PEM") from None


def _key(pem: bytes) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("no key in PEM, or one that is locked by a password") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1 | BrainpoolP256R1):
        raise ValueError("the key lies on neither P-256 nor brainpoolP256r1")
    return key
