"""From an OCSP answer as received to a certificate proven not revoked, step by step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, BrainpoolP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import SignatureAlgorithmOID

from ti_adapter.errors import CertificateRevoked, OcspRefused
from ti_adapter.pki.ocsp_question import Question
from ti_adapter.pki.ocsp_reading import ReadAnswer, read_answer
from ti_adapter.pki.ocsp_reason import OcspReason
from ti_adapter.pki.trust_list import TrustList

TOLERANCE = timedelta(seconds=37.5)
"""How far the clocks of responder and verifier may lie apart (gemSpec_PKI)."""

VERDICT = 9
"""The step at which a refusal is the word of a responder that is believed, and not a doubt about the answer."""

_CERT_HASH_HEADS = (
    bytes.fromhex("3031300d060960864801650304020105000420"),
    bytes.fromhex("302f300b06096086480165030402010420"),
)
"""All of a certHash by SHA-256 but its 32 bytes: in DER there are these two, with NULL as parameters and without."""


@dataclass(frozen=True, slots=True)
class NotRevoked:
    """A certificate that a responder which the trust list names has called not revoked, as of `this_update`.

    `asked` is the moment for which `verify_not_revoked` has found so. `revoked_from` is set where a revocation has
    been announced for a moment after that.
    """

    certificate: x509.Certificate
    asked: datetime
    produced: datetime
    this_update: datetime
    next_update: datetime | None
    revoked_from: datetime | None


def verify_not_revoked(
    der: bytes, question: Question, trust: TrustList, now: datetime, *, age_max: timedelta = TOLERANCE
) -> NotRevoked:
    """Prove by an answer that a certificate is not revoked; raises `OcspRefused` with the failed step.

    Steps after gemSpec_PKI, TUC_PKI_006, and RFC 6960, section 3.2:

    1. At most 64 kB, and an OCSP response.
    2. Its status is successful (TE_1058); what may pass by itself (tryLater, internalError) has a reason of its own.
    3. It can be read as a whole, speaks of exactly one certificate, has a signature of whole bytes, and no critical
       extension but certHash.
    4. It brings the certificate of its signer, the trust list names that very certificate for OCSP (SE_1030), it is
       the one whose name or key the answer names, and `now` lies within its validity.
    5. That certificate's key, on brainpoolP256r1 or P-256, has signed it with ECDSA and SHA-256 (SE_1031).
    6. The certID is that of the certificate in question and of its issuer (TE_1029).
    7. The extension certHash is there (SE_1040) and is the SHA-256 of the certificate in question (SE_1041).
    8. `producedAt`, `thisUpdate` and `nextUpdate`, where there is one, fit `now` (TE_1029), give or take 37.5 s.
    9. The certificate is good: unknown is not (TW_1044), revoked raises `CertificateRevoked` (SW_1047).

    A revocation that begins after `now` is none yet, as gematik has it. `age_max` is how long ago the answer may have
    been produced: the tolerance where the responder itself is asked; longer where somebody else hands its answer on.
    """
    answer = read_answer(der)
    _check_signature(answer, _responder(answer, trust, now))
    if not question.is_meant_by(answer.cert_id):
        raise OcspRefused(6, OcspReason.CERT_ID)
    _check_cert_hash(answer.cert_hash, question.certificate)
    _check_times(answer, now, age_max)
    _check_status(answer, now)
    return NotRevoked(
        question.certificate, now, answer.produced, answer.this_update, answer.next_update, answer.revoked
    )


def _responder(answer: ReadAnswer, trust: TrustList, now: datetime) -> x509.Certificate:
    listed = [certificate for certificate in answer.certificates if certificate in trust.responders]
    if not listed:
        raise OcspRefused(4, OcspReason.RESPONDER)
    named = [certificate for certificate in listed if _is_named(answer, certificate)]
    if not named:
        raise OcspRefused(4, OcspReason.RESPONDER_NAME)
    if not named[0].not_valid_before_utc <= now <= named[0].not_valid_after_utc:
        raise OcspRefused(4, OcspReason.RESPONDER_NOT_VALID)
    return named[0]


def _is_named(answer: ReadAnswer, certificate: x509.Certificate) -> bool:
    if answer.responder_name is not None:
        return answer.responder_name == certificate.subject
    return answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _check_signature(answer: ReadAnswer, responder: x509.Certificate) -> None:
    if answer.algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise OcspRefused(5, OcspReason.ALGORITHM)
    try:
        key = responder.public_key()
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise OcspRefused(5, OcspReason.CURVE) from wrong
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, BrainpoolP256R1 | SECP256R1):
        raise OcspRefused(5, OcspReason.CURVE)
    try:
        key.verify(answer.signature, answer.signed, ECDSA(SHA256()))
    except InvalidSignature as wrong:
        raise OcspRefused(5, OcspReason.SIGNATURE) from wrong


def _check_cert_hash(cert_hash: bytes | None, certificate: x509.Certificate) -> None:
    if cert_hash is None:
        raise OcspRefused(7, OcspReason.CERT_HASH_MISSING)
    if cert_hash[:-32] not in _CERT_HASH_HEADS:
        raise OcspRefused(7, OcspReason.CERT_HASH_FORM)
    if cert_hash[-32:] != hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest():
        raise OcspRefused(7, OcspReason.CERT_HASH)


def _check_times(answer: ReadAnswer, now: datetime, age_max: timedelta) -> None:
    if answer.produced > now + TOLERANCE:
        raise OcspRefused(8, OcspReason.PRODUCED_TOO_LATE)
    if answer.produced < now - age_max:
        raise OcspRefused(8, OcspReason.PRODUCED_TOO_EARLY)
    if answer.this_update > now + TOLERANCE:
        raise OcspRefused(8, OcspReason.THIS_UPDATE)
    if answer.next_update is not None and answer.next_update < now - TOLERANCE:
        raise OcspRefused(8, OcspReason.NEXT_UPDATE)


def _check_status(answer: ReadAnswer, now: datetime) -> None:
    if answer.status == OCSPCertStatus.UNKNOWN:
        raise OcspRefused(VERDICT, OcspReason.UNKNOWN)
    if answer.revoked is not None and answer.revoked <= now:
        raise CertificateRevoked(VERDICT, OcspReason.REVOKED, answer.revoked)
