"""A CA and node certificates for tests, made anew each time.

    ca = certificates.Authority(folder)
    origin = ca.node(TelematikId("5-2-origin"))
    origin.server_context()

A node's certificate is P-256, names its participant as URI, and is valid at 127.0.0.1 and localhost, as server and as
client.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linkexchange import tls
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import thumbprint

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NodeCertificate:
    """Files of one node."""

    certificate: Path
    key: Path
    ca: Path

    @property
    def der(self) -> bytes:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_bytes(Encoding.DER)

    @property
    def thumbprint(self) -> str:
        return thumbprint(self.der)

    def server_context(self) -> ssl.SSLContext:
        """To listen with it."""
        return tls.server_context(self.certificate, self.key, self.ca)

    def client_context(self) -> ssl.SSLContext:
        """To call with it."""
        return tls.client_context(self.certificate, self.key, self.ca)


class Authority:
    """A CA whose certificate and nodes' files lie in `folder`."""

    def __init__(self, folder: Path, name: str = "test") -> None:
        self.folder = folder
        self.certificate = folder / f"{name}-ca.pem"
        self._name = _name(f"{name} CA")
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        builder = _builder(self._name, self._name, public, valid_for=DAY)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))

    def node(
        self, telematik_id: TelematikId, *, host: str = "localhost", valid_for: timedelta = DAY
    ) -> NodeCertificate:
        """Issue a node's certificate; a negative `valid_for` makes one that has already ended."""
        return self.issue([telematik_id.uri], host=host, valid_for=valid_for)

    def issue(self, uris: list[str], *, host: str = "localhost", valid_for: timedelta = DAY) -> NodeCertificate:
        """Issue a certificate with any URIs as subject alternative names."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host), *map(x509.UniformResourceIdentifier, uris)]
        if host == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(_name("node"), self._name, key.public_key(), valid_for=valid_for)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, SHA256())
        )
        return self._write(certificate, key)

    def _write(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> NodeCertificate:
        stem = self.folder / f"{certificate.serial_number:x}"
        files = NodeCertificate(stem.with_suffix(".pem"), stem.with_suffix(".key"), self.certificate)
        files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        files.key.chmod(0o600)
        return files


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, valid_for: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    ends = now + valid_for
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, ends) - DAY)
        .not_valid_after(ends)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
