"""TLS in the simulated TI: CAs on P-256, which every TLS client can use, and certificates of servers and clients."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ti_adapter.pki import FD_TLS_S
from ti_adapter.simulator import shape as shapes
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

KONNEKTOR_NAME: Final = x509.DNSName("konnektor.local")
"""How Konnektoren call themselves in the certificate that they make for themselves, wherever they stand."""

_CLIENT: Final = Shape(extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,), policies=(), admissions=0)
_NOBODY: Final = SimulatedInstitution("", "")
_SKEW, _YEAR = timedelta(minutes=5), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    def save(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write `name.pem`, and `name.key` for the owner's eyes only."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(pem(self.certificate))
        content = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        return certificate, key


@dataclass(frozen=True, slots=True)
class TlsAuthority:
    """A CA on P-256. `now` is when it was made."""

    own: TlsIdentity
    now: datetime

    @classmethod
    def generate(cls, name: str, now: datetime) -> Self:
        """Make one, self-signed."""
        key, named = generate_private_key(SECP256R1()), shapes.name(name)
        builder = _builder(named, named, key, now)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(shapes.key_usage(("key_cert_sign", "crl_sign")), critical=True)
        return cls(TlsIdentity(builder.sign(key, SHA256()), key), now)

    def server(self, name: str, host: str) -> TlsIdentity:
        """A TLS server of a service (C.FD.TLS-S), believed at this host."""
        names = x509.SubjectAlternativeName([host_name(host)])
        return self._issue(name, replace(Shape.of(FD_TLS_S), admissions=0, more=((names, False),)))

    def client(self, name: str) -> TlsIdentity:
        """A client system, as a Konnektor issues it."""
        return self._issue(name, _CLIENT)

    def _issue(self, name: str, shape: Shape) -> TlsIdentity:
        key = generate_private_key(SECP256R1())
        builder = _builder(shapes.name(name), self.own.certificate.subject, key, self.now)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.own.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        for extension, critical in shapes.extensions(_NOBODY, shape):
            builder = builder.add_extension(extension, critical=critical)
        return TlsIdentity(builder.sign(self.own.key, SHA256()), key)


def self_made(now: datetime) -> TlsIdentity:
    """The certificate that a Konnektor makes for itself: clients have to pin it."""
    key, named = generate_private_key(SECP256R1()), shapes.name("Konnektor")
    builder = _builder(named, named, key, now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([KONNEKTOR_NAME]), critical=False)
    return TlsIdentity(builder.sign(key, SHA256()), key)


def host_name(host: str) -> x509.GeneralName:
    """An address or a name, as certificates hold it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def pem(certificate: x509.Certificate) -> bytes:
    """As a file."""
    return certificate.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    public, number = key.public_key(), x509.random_serial_number()
    builder = x509.CertificateBuilder(issuer, subject, public, number, now - _SKEW, now + 5 * _YEAR)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
