"""What has been proven not revoked, kept for as long as somebody is content with it. A value: each change is a new one.

An entry is found by the SHA-256 of its certificate: two CAs may give out the same serial number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter.pki.ocsp import TOLERANCE, NotRevoked


def still_serves(proof: NotRevoked, now: datetime, grace: timedelta) -> bool:
    """Whether a proof may serve once more, without asking again.

    It is younger than the grace period, counted from when the answer was produced, or from when it was believed where
    that was earlier; its `nextUpdate` has not passed; and no announced revocation has begun. So a grace of zero always
    asks, and a clock that was set back behind the proof asks too.
    """
    age = now - min(proof.asked, proof.produced)
    is_current = proof.next_update is None or now - TOLERANCE <= proof.next_update
    is_before_revocation = proof.revoked_from is None or now < proof.revoked_from
    return timedelta(0) <= age < grace and is_current and is_before_revocation


@dataclass(frozen=True, slots=True)
class OcspCache:
    """The proofs by certificate, the oldest entry first; beyond `capacity` the oldest ones go."""

    capacity: int = 10_000
    proofs: Mapping[bytes, NotRevoked] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, certificate: x509.Certificate, now: datetime, grace: timedelta) -> NotRevoked | None:
        """The proof that still serves, None where there is none."""
        proof = self.proofs.get(_key(certificate))
        return proof if proof and still_serves(proof, now, grace) else None

    def with_proof(self, proof: NotRevoked) -> OcspCache:
        """The cache with this proof in place of an earlier one of its certificate."""
        proofs = [*self.without(proof.certificate).proofs.items(), (_key(proof.certificate), proof)]
        return OcspCache(self.capacity, MappingProxyType(dict(proofs[-self.capacity :])))

    def without(self, certificate: x509.Certificate) -> OcspCache:
        """The cache after a certificate has turned out to be revoked."""
        key = _key(certificate)
        return OcspCache(self.capacity, MappingProxyType({k: v for k, v in self.proofs.items() if k != key}))


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(SHA256())
