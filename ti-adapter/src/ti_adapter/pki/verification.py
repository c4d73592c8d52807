"""From a certificate as received to a proven one, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import BrainpoolP256R1, EllipticCurve, EllipticCurvePublicKey
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki.extensions import Admission, profession_oids, read_admission, value_of
from ti_adapter.pki.profile import HCI_AUT, CertificateProfile
from ti_adapter.pki.reason import Reason
from ti_adapter.pki.trust_list import TrustList

POLICY_HCI_AUT = HCI_AUT.policy
"""Certificate type C.HCI.AUT: login of an institution with its SMC-B (gemSpec_OID)."""

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
class ProvenCertificate:
    """A certificate that `verify_institution` has proven, with what it says about its institution, and its CA."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    admission: Admission
    name: str


@dataclass(frozen=True, slots=True)
class ProvenService:
    """A certificate that `verify_service` has proven for a role, with its CA and its key."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    key: EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class _Proven:
    """What steps 1 to 10 have found."""

    extensions: x509.Extensions
    issuer: x509.Certificate
    key: EllipticCurvePublicKey
    name: str


def verify_institution(certificate: x509.Certificate, trust: TrustList, now: datetime) -> ProvenCertificate:
    """Prove that a certificate is that of an institution's card; raises `CertificateRefused` with the failed step.

    Steps after gemSpec_PKI, TUC_PKI_018; an auditor can tick them off:

    1. It can be read as a whole, no extension twice.
    2. `now` lies within its validity (SE_1021).
    3. Its issuer stands in the trust list, by name and by authority key identifier (SE_1027, SE_1023).
    4. `now` lies within the validity of that CA.
    5. That CA has signed it, with ECDSA and SHA-256 (SE_1024).
    6. Its key lies on brainpoolP256r1 (gemSpec_Krypt).
    7. It is no CA itself, and its key usage is digitalSignature (SE_1016).
    8. Its extended key usage has clientAuth (SE_1017).
    9. Its policies name the type C.HCI.AUT (SE_1033, SE_1018).
    10. No critical extension is left that these steps do not understand (RFC 5280, section 4.2).
    11. Exactly one Admission, with a Telematik-ID and at least one professionOID.

    Left to the caller: revocation (`verify_not_revoked`), and whether the role may do what it asks for.
    """
    proven = _proven(certificate, trust, now, HCI_AUT)
    return ProvenCertificate(certificate, proven.issuer, read_admission(proven.extensions), proven.name)


def verify_service(
    certificate: x509.Certificate, trust: TrustList, now: datetime, *, profile: CertificateProfile, role: str
) -> ProvenService:
    """Prove that a certificate is that of a service of the TI; raises `CertificateRefused` with the failed step.

    Steps 1 to 10 are those of `verify_institution` with what the profile asks for; `trust` must be that of its policy.
    Step 11: the Admission names the role that this service must have, such as oid_epa_vau (1.2.276.0.76.4.209), and
    no other: a certificate for two services could speak for the one at the other.
    """
    proven = _proven(certificate, trust, now, profile)
    if profession_oids(proven.extensions) != (role,):
        raise CertificateRefused(11, Reason.PROFESSION)
    return ProvenService(certificate, proven.issuer, proven.key)


def _proven(certificate: x509.Certificate, trust: TrustList, now: datetime, profile: CertificateProfile) -> _Proven:
    """Steps 1 to 10."""
    extensions, name = _read(certificate)
    _check_time(certificate, now)
    issuer = _issuer(certificate, extensions, trust)
    if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
        raise CertificateRefused(4, Reason.ISSUER_NOT_VALID)
    _check_signature(certificate, issuer)
    key = _key_on(certificate, profile.curves)
    if key is None:
        raise CertificateRefused(6, Reason.CURVE)
    _check_key_usage(extensions, profile)
    _check_extended_key_usage(extensions, profile)
    _check_policies(extensions, profile)
    if any(one.critical and one.oid not in _UNDERSTOOD for one in extensions):
        raise CertificateRefused(10, Reason.CRITICAL_EXTENSION)
    return _Proven(extensions, issuer, key, name)


def is_on_card_curve(certificate: x509.Certificate) -> bool:
    """Whether the key lies on brainpoolP256r1, the curve of the cards."""
    return _key_on(certificate, (BrainpoolP256R1,)) is not None


def _key_on(certificate: x509.Certificate, curves: tuple[type[EllipticCurve], ...]) -> EllipticCurvePublicKey | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, curves) else None


def _read(certificate: x509.Certificate) -> tuple[x509.Extensions, str]:
    """Names and extensions are parsed when they are first looked at, so what is malformed in them is caught here.

    The parser raises half a dozen unrelated classes on hostile bytes, TypeError among them, and lists them nowhere.
    """
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        _ = certificate.issuer
        return certificate.extensions, str(names[0].value) if names else ""
    except Exception as wrong:
        raise CertificateRefused(1, Reason.UNREADABLE) from wrong


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise CertificateRefused(2, Reason.NOT_YET_VALID)
    if now > certificate.not_valid_after_utc:
        raise CertificateRefused(2, Reason.EXPIRED)


def _issuer(certificate: x509.Certificate, extensions: x509.Extensions, trust: TrustList) -> x509.Certificate:
    if certificate.issuer == certificate.subject:
        raise CertificateRefused(3, Reason.SELF_ISSUED)
    named = tuple(trust.named(certificate.issuer))
    if not named:
        raise CertificateRefused(3, Reason.ISSUER_UNKNOWN)
    wanted = value_of(extensions, x509.AuthorityKeyIdentifier)
    for authority in named:
        own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        if wanted and wanted.key_identifier == own.digest:
            return authority
    raise CertificateRefused(3, Reason.ISSUER_KEY)


def _check_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise CertificateRefused(5, Reason.SIGNATURE)
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise CertificateRefused(5, Reason.SIGNATURE) from wrong


def _check_key_usage(extensions: x509.Extensions, profile: CertificateProfile) -> None:
    constraints = value_of(extensions, x509.BasicConstraints)
    if constraints and constraints.ca:
        raise CertificateRefused(7, Reason.CA_CERTIFICATE)
    usage = value_of(extensions, x509.KeyUsage)
    if not usage or not all(getattr(usage, one) for one in profile.key_usages):
        raise CertificateRefused(7, Reason.KEY_USAGE)


def _check_extended_key_usage(extensions: x509.Extensions, profile: CertificateProfile) -> None:
    usages = value_of(extensions, x509.ExtendedKeyUsage) or ()
    if not all(one in usages for one in profile.extended_key_usages):
        raise CertificateRefused(8, Reason.EXTENDED_KEY_USAGE)


def _check_policies(extensions: x509.Extensions, profile: CertificateProfile) -> None:
    policies = value_of(extensions, x509.CertificatePolicies)
    if not policies:
        raise CertificateRefused(9, Reason.POLICY_MISSING)
    if all(policy.policy_identifier != profile.policy for policy in policies):
        raise CertificateRefused(9, Reason.TYPE)
