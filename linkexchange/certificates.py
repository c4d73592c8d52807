"""Certificates of nodes: what a node asks for (PKCS #10), what the hub's CA issues, and when a new one is due.

A node's certificate (RFC 5280) names its participant as a URI, is valid at the one host of its address, as server and
as client, for 90 days. Its key is P-256 and never leaves the node.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linkexchange.errors import MessageFault
from linkexchange.model.enrolment import IssuedCertificate
from linkexchange.model.identifiers import Sha256
from linkexchange.signing import PublicKeys, thumbprint

LIFETIME = timedelta(days=90)
REQUEST_MAX_BYTES = 8 * 1024
HOST_MAX = 253
_COMMON_NAME_MAX = 64
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A signing request whose own signature is proven: whoever made it has the key."""

    der: bytes
    public: ec.EllipticCurvePublicKey
    host: str

    @property
    def binding(self) -> str:
        """What an attestation names in `cnf`: base64url of the SHA-256 of the request (DER)."""
        return thumbprint(self.der)

    @property
    def key(self) -> Sha256:
        """The key's fingerprint."""
        return fingerprint(self.public)


@dataclass(frozen=True, slots=True)
class Authority:
    """The hub's CA."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def founded(cls, name: str, now: datetime, lifetime: timedelta) -> Self:
        """A new one, whose certificate it has signed itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        named, public = _name(name), key.public_key()
        builder = _builder(named, named, public).not_valid_before(now - _SKEW).not_valid_after(now + lifetime)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        return cls(builder.add_extension(_usage(certificates=True), critical=True).sign(key, SHA256()), key)

    def issue(
        self, public: ec.EllipticCurvePublicKey, *, uri: str, host: str, now: datetime, lifetime: timedelta = LIFETIME
    ) -> x509.Certificate:
        """A certificate for whoever this URI names, at this host. It never outlives the CA."""
        ends = min(now + lifetime, self.certificate.not_valid_after_utc)
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), _general(host)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _builder(_name(host[:_COMMON_NAME_MAX]), self.certificate.subject, public)
        builder = builder.not_valid_before(now - _SKEW).not_valid_after(ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        for extension, critical in ((names, False), (both, False), (issuer, False), (_usage(), True)):
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key for one certificate."""
    return ec.generate_private_key(ec.SECP256R1())


def request(key: ec.EllipticCurvePrivateKey, host: str) -> str:
    """Ask for a certificate (PKCS #10, PEM) that is valid at this host, a name or an IP address."""
    names = x509.SubjectAlternativeName([_general(host)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(host[:_COMMON_NAME_MAX]))
    asked = builder.add_extension(names, critical=False).sign(key, SHA256())
    return asked.public_bytes(Encoding.PEM).decode()


def read_request(pem: str) -> CertificateRequest:
    """Read a signing request in PEM; raises `MessageFault` with the failed step.

    1. Size. 2. PKCS #10 in PEM. 3. A P-256 key. 4. Signed with it, so that nobody asks for the key of another. 5. One
    host, by name or address, as subject alternative name, and nothing else: who the participant is, its card says.
    """
    if len(pem) > REQUEST_MAX_BYTES:
        raise MessageFault("certificate request, step 1: too large")
    try:
        asked = x509.load_pem_x509_csr(pem.encode())
        public, signed = asked.public_key(), asked.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as wrong:
        raise MessageFault("certificate request, step 2: not PKCS #10 in PEM") from wrong
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise MessageFault("certificate request, step 3: not a P-256 key")
    if not signed:
        raise MessageFault("certificate request, step 4: signature")
    return CertificateRequest(asked.public_bytes(Encoding.DER), public, _host_of(asked))


def fingerprint(public: ec.EllipticCurvePublicKey) -> Sha256:
    """SHA-256 of a public key (DER, SubjectPublicKeyInfo), which people can read to each other."""
    return Sha256.of(hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))


def certificate_fingerprint(certificate: x509.Certificate) -> Sha256:
    """SHA-256 of a certificate (DER), as `openssl x509 -fingerprint -sha256` prints it, without colons."""
    return Sha256.of(hashlib.sha256(certificate.public_bytes(Encoding.DER)))


def is_due(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether less than a third of its time is left: 30 days of 90."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return ends - now < (ends - begins) / 3


def pem_of(certificate: x509.Certificate) -> str:
    """In PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #8 in PEM, unencrypted: for a file of mode 0600."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """A new file that only this user can read. Raises OSError, also where there is one already."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(key_pem(key))


def remembered(certificate: x509.Certificate) -> IssuedCertificate:
    """What hub and node keep of a certificate."""
    return IssuedCertificate(
        thumbprint=thumbprint(certificate.public_bytes(Encoding.DER)),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        pem=pem_of(certificate),
    )


def public_of(issued: IssuedCertificate) -> ec.EllipticCurvePublicKey:
    """Its key, which was P-256 when it was issued."""
    key = x509.load_pem_x509_certificate(issued.pem.encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def with_earlier(keys: PublicKeys, issued: Sequence[IssuedCertificate]) -> PublicKeys:
    """Beside these keys, those of other certificates of the same participant, under their thumbprints."""
    others = [it for it in issued if it.thumbprint not in keys.keys]
    earlier = [PublicKeys.of(public_of(it), it.thumbprint).keys.items() for it in others]
    return PublicKeys({**dict(pair for pairs in earlier for pair in pairs), **keys.keys})


def _host_of(asked: x509.CertificateSigningRequest) -> str:
    try:
        names = list(asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as wrong:
        raise MessageFault("certificate request, step 5: host") from wrong
    if len(names) == 1:
        if isinstance(names[0], x509.IPAddress):
            return str(names[0].value)
        if isinstance(names[0], x509.DNSName) and _is_plain(names[0].value):
            return names[0].value.lower()
    raise MessageFault("certificate request, step 5: host")


def _is_plain(name: str) -> bool:
    """No wildcard: a certificate is for one node."""
    return 0 < len(name) <= HOST_MAX and all(part.replace("-", "").isalnum() for part in name.split("."))


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    return builder.serial_number(x509.random_serial_number())


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
