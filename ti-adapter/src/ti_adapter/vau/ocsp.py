"""The OCSP answer that a VAU brings along with its signed keys (TUC_PKI_006)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, OCSPResponseStatus, load_der_ocsp_response
from cryptography.x509.oid import SignatureAlgorithmOID

from ti_adapter.vau.errors import Reason, VauCertificateRefused
from ti_adapter.vau.trust import VauTrust

CERT_HASH = x509.ObjectIdentifier("1.3.36.8.3.13")
"""Extension certHash of ISIS-MTT: the hash of the certificate that the answer is about."""

_SHA256_HASHES = (
    bytes.fromhex("3031300d060960864801650304020105000420"),
    bytes.fromhex("302f300b0609608648016503040201" + "0420"),
)
"""Value of certHash up to the 32 bytes of a SHA-256, with and without the NULL behind the algorithm."""


def verify_good(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, trust: VauTrust, now: datetime
) -> None:
    """Steps 11 to 16 of `verify_certificate`; raises `VauCertificateRefused`.

    11. It can be read, has the status successful (SE_1058), one answer, and no critical extension but certHash.
    12. Its first certificate stands in the trust list as that of an OCSP responder, and is valid (SE_1030).
    13. That certificate's key has signed it, with ECDSA and SHA-256 (SE_1031).
    14. It is about this certificate: issuer, serial number, and certHash (SE_1040, SE_1041).
    15. `now` lies between thisUpdate and nextUpdate, and it was produced no longer ago than `trust` allows.
    16. It says good: neither revoked (SE_1047) nor unknown (SE_1044).
    """
    response, extensions = _read(der)
    signer = _signer(response, trust, now)
    _check_signature(response, signer, der)
    _check_subject(response, certificate, issuer)
    _check_cert_hash(extensions, certificate)
    _check_times(response, trust, now)
    if response.certificate_status is OCSPCertStatus.REVOKED:
        raise VauCertificateRefused(16, Reason.REVOKED)
    if response.certificate_status is not OCSPCertStatus.GOOD:
        raise VauCertificateRefused(16, Reason.UNKNOWN)


def _read(der: bytes) -> tuple[OCSPResponse, x509.Extensions]:
    try:
        response = load_der_ocsp_response(der)
        successful = response.response_status is OCSPResponseStatus.SUCCESSFUL
    except ValueError as wrong:
        raise VauCertificateRefused(11, Reason.OCSP_UNREADABLE) from wrong
    if not successful:
        raise VauCertificateRefused(11, Reason.OCSP_STATUS)
    try:
        _ = response.serial_number, response.certificates
        extensions, all_extensions = response.single_extensions, (*response.extensions, *response.single_extensions)
    except Exception as wrong:
        # As for certificates: the parser's errors are of many kinds.
        raise VauCertificateRefused(11, Reason.OCSP_UNREADABLE) from wrong
    if any(one.critical and one.oid != CERT_HASH for one in all_extensions):
        raise VauCertificateRefused(11, Reason.OCSP_CRITICAL_EXTENSION)
    return response, extensions


def _signer(response: OCSPResponse, trust: VauTrust, now: datetime) -> x509.Certificate:
    signer = next(iter(response.certificates), None)
    if signer not in trust.responders or signer is None:
        raise VauCertificateRefused(12, Reason.OCSP_SIGNER)
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        raise VauCertificateRefused(12, Reason.OCSP_SIGNER)
    return signer


def _check_signature(response: OCSPResponse, signer: x509.Certificate, der: bytes) -> None:
    """The byte before the signature counts its unused bits, is not signed, and must be 0: one answer, one encoding."""
    key = signer.public_key()
    ecdsa = response.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    if not ecdsa or not isinstance(key, EllipticCurvePublicKey) or b"\x00" + response.signature not in der:
        raise VauCertificateRefused(13, Reason.OCSP_SIGNATURE)
    try:
        key.verify(response.signature, response.tbs_response_bytes, ECDSA(SHA256()))
    except InvalidSignature as wrong:
        raise VauCertificateRefused(13, Reason.OCSP_SIGNATURE) from wrong


def _check_subject(response: OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    algorithm = response.hash_algorithm
    if not isinstance(algorithm, SHA1 | SHA256):
        raise VauCertificateRefused(14, Reason.OCSP_OTHER_CERTIFICATE)
    key = issuer.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    wanted = (_hash(algorithm, issuer.subject.public_bytes()), _hash(algorithm, key), certificate.serial_number)
    if (response.issuer_name_hash, response.issuer_key_hash, response.serial_number) != wanted:
        raise VauCertificateRefused(14, Reason.OCSP_OTHER_CERTIFICATE)


def _check_cert_hash(extensions: x509.Extensions, certificate: x509.Certificate) -> None:
    found = [one.value for one in extensions if one.oid == CERT_HASH]
    if not found or not isinstance(found[0], x509.UnrecognizedExtension):
        raise VauCertificateRefused(14, Reason.OCSP_CERT_HASH_MISSING)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    if found[0].value not in {start + digest for start in _SHA256_HASHES}:
        raise VauCertificateRefused(14, Reason.OCSP_CERT_HASH)


def _check_times(response: OCSPResponse, trust: VauTrust, now: datetime) -> None:
    if max(response.this_update_utc, response.produced_at_utc) > now + trust.skew:
        raise VauCertificateRefused(15, Reason.OCSP_NOT_YET_VALID)
    if response.next_update_utc is not None and response.next_update_utc < now - trust.skew:
        raise VauCertificateRefused(15, Reason.OCSP_EXPIRED)
    if response.produced_at_utc < now - trust.ocsp_max_age - trust.skew:
        raise VauCertificateRefused(15, Reason.OCSP_TOO_OLD)


def _hash(algorithm: HashAlgorithm, content: bytes) -> bytes:
    digest = Hash(algorithm)
    digest.update(content)
    return digest.finalize()
