"""A test PKI of the shape of the TI's: a root, a CA of cards below it, and the cards that this CA issues.

Everything it issues says TEST-ONLY, and nothing outside a test trusts it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    BrainpoolP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.pki import TrustList
from ti_adapter.simulator import shape as shapes
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.shape import CardHolder, Shape

_RIGHT = Shape()


@dataclass(frozen=True, slots=True)
class SimulatedPki:
    """Root and CA with the CA's key. `now` is when it was made: the times of a shape count from there."""

    root: x509.Certificate
    authority: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)
    now: datetime
    name: str

    @classmethod
    def generate(cls, now: datetime, *, name: str = "GEM.SMCB-CA900", years: int = 8) -> Self:
        """Make everything anew. Two PKIs of one name look alike in all but their keys."""
        root_key, key = generate_private_key(BrainpoolP256R1()), generate_private_key(BrainpoolP256R1())
        root_name, ends = shapes.name("GEM.RCA900"), now + timedelta(days=365 * years)
        root = _authority(_named(root_name, root_name, root_key.public_key()), now, ends)
        authority = _authority(_named(shapes.name(name), root_name, key.public_key()), now, ends)
        return cls(root.sign(root_key, SHA256()), authority.sign(root_key, SHA256()), key, now, name)

    def look_alike(self) -> Self:
        """A PKI of the same name with keys of its own."""
        return self.generate(self.now, name=self.name)

    @property
    def trust(self) -> TrustList:
        """What a verifier needs in order to believe the cards of this PKI."""
        return TrustList((self.authority,))

    @property
    def trust_pem(self) -> bytes:
        """The same as a file, for `TrustList.from_pem`."""
        return self.authority.public_bytes(Encoding.PEM)

    @property
    def authority_key(self) -> x509.AuthorityKeyIdentifier:
        """How certificates name the key of this CA."""
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    def card(self, holder: CardHolder, shape: Shape = _RIGHT) -> SimulatedCard:
        """Issue a card."""
        key = generate_private_key(shape.curve)
        builder = _named(holder.subject, self.authority.subject, key.public_key())
        builder = builder.add_extension(shape.authority_key or self.authority_key, critical=False)
        return SimulatedCard(self._fill(builder, holder, shape).sign(self.key, shape.digest), key)

    def self_signed_card(self, holder: CardHolder) -> SimulatedCard:
        """A card that nobody but itself vouches for."""
        key = generate_private_key(BrainpoolP256R1())
        builder = _named(holder.subject, holder.subject, key.public_key())
        return SimulatedCard(self._fill(builder, holder, _RIGHT).sign(key, SHA256()), key)

    def _fill(self, builder: x509.CertificateBuilder, holder: CardHolder, shape: Shape) -> x509.CertificateBuilder:
        builder = builder.not_valid_before(self.now + shape.starts).not_valid_after(self.now + shape.ends)
        for extension, critical in shapes.extensions(holder, shape):
            builder = builder.add_extension(extension, critical=critical)
        return builder


def _named(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePublicKey) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _authority(builder: x509.CertificateBuilder, now: datetime, ends: datetime) -> x509.CertificateBuilder:
    return (
        builder.not_valid_before(now - timedelta(days=365))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(shapes.key_usage(("key_cert_sign", "crl_sign")), critical=True)
    )
