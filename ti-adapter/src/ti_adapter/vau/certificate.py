"""The certificate of a VAU, as it comes along with its CA and its OCSP answer; `ti_adapter.pki` proves it."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.errors import CertificateRefused, CertificateRevoked
from ti_adapter.pki import OcspReason, ProvenService, Question, Reason, verify_not_revoked, verify_service
from ti_adapter.pki.ocsp import VERDICT
from ti_adapter.vau import errors
from ti_adapter.vau.messages import CertData
from ti_adapter.vau.trust import ROLE_EPA_VAU, VauTrust


def verify_certificate(data: CertData, ocsp_response: bytes, trust: VauTrust, now: datetime) -> ProvenService:
    """Step 13 of `ClientHandshake`: prove that a certificate is that of a VAU of the ePA, and not revoked.

    1. It can be read, and is that of a service of the type C.FD.AUT with the role oid_epa_vau and no other; raises
       `CertificateRefused` with a step of `pki.verify_service`.
    2. The CA that came along is, byte for byte, the one of the trust list that has issued it; raises
       `HandshakeRefused`, step 13.
    3. The OCSP answer says that it is not revoked; raises `OcspRefused` with a step of `pki.verify_not_revoked`. A
       revocation that is announced for later counts as well, since a channel outlives the moment.
    """
    proven = verify_service(_read(data.certificate), trust.listed, now, profile=trust.profile, role=ROLE_EPA_VAU)
    if proven.issuer.public_bytes(Encoding.DER) != data.authority:
        raise errors.HandshakeRefused(13, errors.Reason.AUTHORITY)
    answered = verify_not_revoked(ocsp_response, Question.about(proven), trust.listed, now, age_max=trust.answer_age)
    if answered.revoked_from is not None:
        raise CertificateRevoked(VERDICT, OcspReason.REVOKED, answered.revoked_from)
    return proven


def _read(der: bytes) -> x509.Certificate:
    """The parser raises half a dozen unrelated classes on hostile bytes, and lists them nowhere."""
    try:
        return x509.load_der_x509_certificate(der)
    except Exception as wrong:
        raise CertificateRefused(1, Reason.UNREADABLE) from wrong
