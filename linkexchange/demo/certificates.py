"""A test CA and what it issues: one certificate for each node and one for the hub. For demo and tests only."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import Signer

HUB_URI = "urn:linkexchange:hub"
_LIFETIME = timedelta(days=90)
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Files:
    """Where a certificate, its key and its CA lie, all in PEM."""

    certificate: Path
    key: Path
    ca: Path


class TestCa:
    """A CA whose files lie in `folder`; its key is in memory only, and is gone with the process."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("linkexchange TEST-ONLY CA")
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(self._own().public_bytes(Encoding.PEM))

    def node(self, telematik_id: TelematikId, stem: str, host: str) -> Files:
        """A node's certificate: the Telematik-ID as URI, valid at the address of its host."""
        return self._issue(telematik_id.uri, stem, host)

    def hub(self, host: str) -> Files:
        """The hub's certificate."""
        return self._issue(HUB_URI, "hub", host)

    def _own(self) -> x509.Certificate:
        public = self._key.public_key()
        builder = _builder(self._name, self._name, public)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        return builder.add_extension(_usage(certificates=True), critical=True).sign(self._key, SHA256())

    def _issue(self, uri: str, stem: str, host: str) -> Files:
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.IPAddress(ipaddress.ip_address(host))
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), address])
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = _builder(_name(stem), self._name, key.public_key())
        for extension, critical in ((names, False), (both, False), (issuer, False), (_usage(), True)):
            builder = builder.add_extension(extension, critical=critical)
        files = Files(self._folder / f"{stem}.pem", self._folder / f"{stem}.key", self.certificate)
        files.certificate.write_bytes(builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        write_key(files.key, key)
        return files


def grant_key(folder: Path) -> tuple[Path, Path]:
    """The hub's key for grants, and the JWK Set that nodes pin."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / "grant.key", folder / "hub-keys.json"
    write_key(private, key)
    public.write_text(Signer.of(key, "grant-1").public.to_jwks())
    return private, public


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """A private key that only this user can read."""
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + _LIFETIME)


def _usage(*, certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
