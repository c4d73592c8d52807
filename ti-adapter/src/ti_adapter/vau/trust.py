"""Whom a client of a VAU trusts, and what it puts up with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve

from ti_adapter.pki import FD_AUT, TOLERANCE, CertificateProfile, TrustList

ROLE_EPA_VAU = "1.2.276.0.76.4.209"
"""professionOID oid_epa_vau (gemSpec_OID)."""


@dataclass(frozen=True, slots=True)
class VauTrust:
    """The trust list for the type C.FD.AUT, such as `StatusList.trust(now, policy=FD_AUT.policy)`, and settings.

    - `curves`: of the VAU's signature key. The message calls it ES256, and lib-vau's sample lies on P-256; services in
      the TI have keys on brainpoolP256r1 as well.
    - `ocsp_max_age`: how old the answer that the VAU brings along may be. 24 hours are uncertain.
    """

    listed: TrustList
    curves: tuple[type[EllipticCurve], ...] = FD_AUT.curves
    ocsp_max_age: timedelta = timedelta(hours=24)

    @property
    def profile(self) -> CertificateProfile:
        """C.FD.AUT on these curves."""
        return replace(FD_AUT, curves=self.curves)

    @property
    def answer_age(self) -> timedelta:
        """The age with the tolerance for the clocks of others."""
        return self.ocsp_max_age + TOLERANCE
