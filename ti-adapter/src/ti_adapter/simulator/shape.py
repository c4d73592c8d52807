"""What is written into a simulated card's certificate: right by default, and wrong in any way a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import BrainpoolP256R1, EllipticCurve
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ti_adapter.pki import POLICY_HCI_AUT, CertificateProfile

HOSPITAL = "1.2.276.0.76.4.53"
PRACTICE = "1.2.276.0.76.4.50"
PHYSICIAN = "1.2.276.0.76.4.30"
INSURED = "1.2.276.0.76.4.49"
_ROLE_NAMES = {
    HOSPITAL: "Krankenhaus",
    PRACTICE: "Betriebsstätte Arzt",
    PHYSICIAN: "Ärztin/Arzt",
    INSURED: "Versicherte/-r",
}

_POLICY_GEM_OR_CP = x509.ObjectIdentifier("1.2.276.0.76.4.163")

_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class CardHolder(Protocol):
    """Who a card is for: an institution here, people in `person`."""

    @property
    def telematik_id(self) -> str:
        """Empty where there is none."""

    @property
    def profession_oids(self) -> tuple[str, ...]:
        """The roles."""

    @property
    def subject(self) -> x509.Name:
        """How the certificate calls the holder."""


@dataclass(frozen=True, slots=True)
class SimulatedInstitution:
    """An institution, with an SMC-B."""

    telematik_id: str
    name: str
    profession_oids: tuple[str, ...] = (HOSPITAL,)

    @property
    def subject(self) -> x509.Name:
        """Its name, and an organization that is none."""
        return name(self.name, "Testbetrieb NOT-VALID")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the certificate looks. Times count from the moment when the PKI was made.

    `authority_key` None is the issuer's own; another one claims to come from another CA. `more` are further
    extensions, each with its critical flag.
    """

    starts: timedelta = timedelta(days=-1)
    ends: timedelta = timedelta(days=5 * 365)
    digest: SHA256 | SHA384 = field(default_factory=SHA256)
    curve: EllipticCurve = field(default_factory=BrainpoolP256R1)
    is_ca: bool = False
    key_usage: tuple[str, ...] = ("digital_signature",)
    extended_key_usage: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    policies: tuple[x509.ObjectIdentifier, ...] = (POLICY_HCI_AUT, _POLICY_GEM_OR_CP)
    admissions: int = 1
    authority_key: x509.AuthorityKeyIdentifier | None = None
    more: tuple[tuple[x509.ExtensionType, bool], ...] = ()

    @classmethod
    def of(cls, profile: CertificateProfile) -> Self:
        """Right for a certificate type."""
        return cls(
            key_usage=profile.key_usages, extended_key_usage=profile.extended_key_usages, policies=(profile.policy,)
        )


def name(common_name: str, organization: str = "gematik NOT-VALID") -> x509.Name:
    """A distinguished name in Germany."""
    parts = {
        NameOID.COUNTRY_NAME: "DE",
        NameOID.ORGANIZATION_NAME: organization,
        NameOID.COMMON_NAME: f"{common_name} TEST-ONLY",
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])


def key_usage(wanted: tuple[str, ...]) -> x509.KeyUsage:
    """The key usage with these bits set."""
    return x509.KeyUsage(**{usage: usage in wanted for usage in _KEY_USAGES})


def ocsp_access(url: str) -> x509.AuthorityInformationAccess:
    """Where a certificate says that one can ask about it."""
    place = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def extensions(holder: CardHolder, shape: Shape) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """What the shape puts into the certificate, each with its critical flag."""
    yield x509.BasicConstraints(ca=shape.is_ca, path_length=None), True
    yield key_usage(shape.key_usage), True
    if shape.extended_key_usage:
        yield x509.ExtendedKeyUsage(shape.extended_key_usage), False
    if shape.policies:
        yield x509.CertificatePolicies([x509.PolicyInformation(policy, None) for policy in shape.policies]), False
    if shape.admissions:
        yield _admissions(holder, shape.admissions), False
    yield from shape.more


def _admissions(holder: CardHolder, count: int) -> x509.Admissions:
    info = x509.ProfessionInfo(
        naming_authority=None,
        profession_items=[_ROLE_NAMES.get(oid, "andere Rolle") for oid in holder.profession_oids],
        profession_oids=[x509.ObjectIdentifier(oid) for oid in holder.profession_oids] or None,
        registration_number=holder.telematik_id or None,
        add_profession_info=None,
    )
    authority = x509.DirectoryName(name("Kammer"))
    return x509.Admissions(authority, [x509.Admission(None, None, [info])] * count)
