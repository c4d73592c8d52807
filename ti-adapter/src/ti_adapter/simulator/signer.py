"""Component CAs of the simulated TI, and the signers below them: of OCSP answers, and of trust-service status lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    BrainpoolP256R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from ti_adapter.simulator import shape as shapes

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class SignerShape:
    """How a signer's certificate looks: right by default. Times count from the moment when it is made.

    `ocsp_url` is where it says to ask about itself, if anywhere.
    """

    curve: EllipticCurve = field(default_factory=BrainpoolP256R1)
    starts: timedelta = timedelta(days=-1)
    ends: timedelta = 5 * _YEAR
    key_usage: tuple[str, ...] = ("content_commitment",)
    has_purpose: bool = True
    digest: SHA256 | SHA384 = field(default_factory=SHA256)
    ocsp_url: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentCa:
    """A CA for the components of the TI, self-signed."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, common_name: str, now: datetime, *, ends: timedelta = 10 * _YEAR) -> Self:
        """Make one; two of one name look alike in all but their keys."""
        name, key = shapes.name(common_name), generate_private_key(BrainpoolP256R1())
        builder = _builder(name, name, key, now - _YEAR, now + ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(shapes.key_usage(("key_cert_sign", "crl_sign")), critical=True)
        return cls(builder.sign(key, SHA256()), key)

    def issue(
        self, common_name: str, purpose: x509.ObjectIdentifier, now: datetime, shape: SignerShape
    ) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
        """A signer's certificate and key; the purpose is its extended key usage."""
        key, name = generate_private_key(shape.curve), shapes.name(common_name)
        builder = _builder(name, self.certificate.subject, key, now + shape.starts, now + shape.ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(shapes.key_usage(shape.key_usage), critical=True)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(own, critical=False)
        if shape.has_purpose:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if shape.ocsp_url:
            builder = builder.add_extension(shapes.ocsp_access(shape.ocsp_url), critical=False)
        return builder.sign(self.key, shape.digest), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, starts: datetime, ends: datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    builder = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number(), starts, ends)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
