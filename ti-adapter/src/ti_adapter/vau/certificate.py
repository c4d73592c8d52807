"""The certificate of a VAU: from two DER encodings as received to a certificate that is proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from ti_adapter.pki.extensions import value_of
from ti_adapter.vau import ocsp
from ti_adapter.vau.errors import Reason, VauCertificateRefused
from ti_adapter.vau.messages import CertData
from ti_adapter.vau.trust import POLICY_FD_AUT, ROLE_EPA_VAU, VauTrust

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.ADMISSIONS,
    }
)


@dataclass(frozen=True, slots=True)
class ProvenVau:
    """A certificate that `verify_certificate` has proven, with its key."""

    certificate: x509.Certificate
    key: EllipticCurvePublicKey


def verify_certificate(data: CertData, ocsp_response: bytes, trust: VauTrust, now: datetime) -> ProvenVau:
    """Prove that a certificate is that of a VAU of the ePA; raises `VauCertificateRefused` with the failed step.

    Steps after gemSpec_PKI, TUC_PKI_018 and TUC_PKI_006:

    1. It can be read as a whole, no extension twice.
    2. `now` lies within its validity (SE_1021).
    3. The CA that came along stands in the trust list, byte for byte, and is the issuer by name and by authority key
       identifier (SE_1027, SE_1023).
    4. `now` lies within the validity of that CA.
    5. That CA has signed it, with ECDSA and SHA-256 (SE_1024).
    6. Its key lies on one of the curves of `trust`.
    7. It is no CA itself, and its key usage is digitalSignature (SE_1016).
    8. Its policies name the type C.FD.AUT (SE_1018).
    9. No critical extension is left that these steps do not understand (RFC 5280, section 4.2).
    10. Its one Admission names the role oid_epa_vau, and no other.
    11. to 16. OCSP says that it is good (`ocsp.verify_good`).

    The type C.FD.AUT asks for no extended key usage, so none is asked for here.
    """
    certificate, extensions = _read(data.certificate)
    _check_time(certificate, now)
    issuer = _issuer(certificate, extensions, trust.authority(data.authority))
    if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
        raise VauCertificateRefused(4, Reason.ISSUER_NOT_VALID)
    _check_signature(certificate, issuer)
    key = _key(certificate, trust)
    _check_key_usage(extensions)
    _check_type(extensions)
    if any(one.critical and one.oid not in _UNDERSTOOD for one in extensions):
        raise VauCertificateRefused(9, Reason.CRITICAL_EXTENSION)
    _check_role(extensions)
    ocsp.verify_good(ocsp_response, certificate, issuer, trust, now)
    return ProvenVau(certificate, key)


def _read(der: bytes) -> tuple[x509.Certificate, x509.Extensions]:
    """The parser raises half a dozen unrelated classes on hostile bytes, and lists them nowhere."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.issuer
        return certificate, certificate.extensions
    except Exception as wrong:
        raise VauCertificateRefused(1, Reason.UNREADABLE) from wrong


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise VauCertificateRefused(2, Reason.NOT_YET_VALID)
    if now > certificate.not_valid_after_utc:
        raise VauCertificateRefused(2, Reason.EXPIRED)


def _issuer(
    certificate: x509.Certificate, extensions: x509.Extensions, authority: x509.Certificate | None
) -> x509.Certificate:
    if authority is None or certificate.issuer != authority.subject:
        raise VauCertificateRefused(3, Reason.ISSUER_UNKNOWN)
    wanted = value_of(extensions, x509.AuthorityKeyIdentifier)
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    if not wanted or wanted.key_identifier != own.digest:
        raise VauCertificateRefused(3, Reason.ISSUER_KEY)
    return authority


def _check_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise VauCertificateRefused(5, Reason.ISSUER_SIGNATURE)
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise VauCertificateRefused(5, Reason.ISSUER_SIGNATURE) from wrong


def _key(certificate: x509.Certificate, trust: VauTrust) -> EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise VauCertificateRefused(6, Reason.CURVE) from wrong
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in trust.curves:
        raise VauCertificateRefused(6, Reason.CURVE)
    return key


def _check_key_usage(extensions: x509.Extensions) -> None:
    constraints = value_of(extensions, x509.BasicConstraints)
    if constraints and constraints.ca:
        raise VauCertificateRefused(7, Reason.CA_CERTIFICATE)
    usage = value_of(extensions, x509.KeyUsage)
    if not usage or not usage.digital_signature:
        raise VauCertificateRefused(7, Reason.KEY_USAGE)


def _check_type(extensions: x509.Extensions) -> None:
    policies = value_of(extensions, x509.CertificatePolicies) or ()
    if all(policy.policy_identifier != POLICY_FD_AUT for policy in policies):
        raise VauCertificateRefused(8, Reason.TYPE)


def _check_role(extensions: x509.Extensions) -> None:
    admissions = value_of(extensions, x509.Admissions) or ()
    roles = [
        oid for admission in admissions for info in admission.profession_infos for oid in info.profession_oids or ()
    ]
    if roles != [ROLE_EPA_VAU]:
        raise VauCertificateRefused(10, Reason.ROLE)
