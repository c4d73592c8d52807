"""What a certificate of each type must be (gemSpec_PKI, gemSpec_OID)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, BrainpoolP256R1, EllipticCurve
from cryptography.x509.oid import ExtendedKeyUsageOID

_CARD = (BrainpoolP256R1,)
_SERVICE = (BrainpoolP256R1, SECP256R1)


@dataclass(frozen=True, slots=True)
class CertificateProfile:
    """A certificate type: its policy, and the usages of which it must have all.

    `key_usages` are named as `cryptography` names them. No extended key usage means that none is asked for.
    """

    policy: x509.ObjectIdentifier
    key_usages: tuple[str, ...]
    extended_key_usages: tuple[x509.ObjectIdentifier, ...]
    curves: tuple[type[EllipticCurve], ...]


def _of_ti(number: int) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(f"1.2.276.0.76.4.{number}")


HCI_AUT = CertificateProfile(_of_ti(77), ("digital_signature",), (ExtendedKeyUsageOID.CLIENT_AUTH,), _CARD)
"""C.HCI.AUT: login of an institution with its SMC-B."""

HP_AUT = CertificateProfile(
    _of_ti(75),
    ("digital_signature", "key_agreement"),
    (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION),
    _CARD,
)
"""C.HP.AUT: login of a person with a professional card (HBA)."""

CH_AUT = CertificateProfile(_of_ti(70), ("digital_signature",), (), _CARD)
"""C.CH.AUT: login of an insured person with the eGK. It may be for clientAuth; gematik's library does not insist."""

FD_AUT = CertificateProfile(_of_ti(155), ("digital_signature",), (), _SERVICE)
"""C.FD.AUT: identity of a service, such as that of a VAU. No source at hand tells its usages; these are the least."""

FD_SIG = CertificateProfile(_of_ti(203), ("digital_signature",), (), _SERVICE)
"""C.FD.SIG: signature of a service, such as that of the IDP."""

FD_TLS_S = CertificateProfile(_of_ti(169), ("digital_signature",), (ExtendedKeyUsageOID.SERVER_AUTH,), _SERVICE)
"""C.FD.TLS-S: TLS server of a service."""

ZD_TLS_S = CertificateProfile(_of_ti(157), ("digital_signature",), (ExtendedKeyUsageOID.SERVER_AUTH,), _SERVICE)
"""C.ZD.TLS-S: TLS server of a central service."""
