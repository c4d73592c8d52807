"""Whom a client of a VAU trusts, and what it puts up with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, BrainpoolP256R1
from cryptography.hazmat.primitives.serialization import Encoding

POLICY_FD_AUT = x509.ObjectIdentifier("1.2.276.0.76.4.155")
"""Certificate type C.FD.AUT: the identity of a service (gemSpec_OID)."""

ROLE_EPA_VAU = x509.ObjectIdentifier("1.2.276.0.76.4.209")
"""professionOID oid_epa_vau (gemSpec_OID)."""


@dataclass(frozen=True, slots=True)
class VauTrust:
    """The CAs that may have issued the certificate of a VAU, and the certificates that may sign OCSP answers.

    Both come from the trust list (TSL). Raises ValueError for a CA that is none. The other values are settings:

    - `curves`: of the VAU's signature key. The message calls it ES256, and lib-vau's sample lies on P-256; services in
      the TI have keys on brainpoolP256r1 as well.
    - `ocsp_max_age`: how old the answer that the VAU brings along may be. 24 hours are uncertain.
    - `skew`: tolerance for the clocks of others, 37.5 s as for OCSP (TUC_PKI_006).
    """

    authorities: tuple[x509.Certificate, ...]
    responders: tuple[x509.Certificate, ...]
    curves: tuple[str, ...] = (SECP256R1.name, BrainpoolP256R1.name)
    ocsp_max_age: timedelta = timedelta(hours=24)
    skew: timedelta = timedelta(seconds=37.5)

    def __post_init__(self) -> None:
        if not self.authorities or not all(map(_is_authority, self.authorities)):
            raise ValueError("the certificate of a VAU is issued by a CA")

    def authority(self, der: bytes) -> x509.Certificate | None:
        """The trusted CA with this encoding."""
        return next((one for one in self.authorities if one.public_bytes(Encoding.DER) == der), None)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
