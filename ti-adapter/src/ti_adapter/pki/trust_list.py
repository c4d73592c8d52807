"""Whom a verifier trusts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID


@dataclass(frozen=True, slots=True)
class TrustList:
    """The CAs whose institution certificates are believed, and the OCSP signers whose answers are.

    Raises ValueError when one of the CAs is none. Without an OCSP signer no answer is believed.
    """

    authorities: tuple[x509.Certificate, ...]
    responders: tuple[x509.Certificate, ...] = ()

    def __post_init__(self) -> None:
        if not self.authorities or not all(map(is_authority, self.authorities)):
            raise ValueError("a trust list holds CA certificates")

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read the certificates from a PEM file: OCSP signers by their extended key usage; raises ValueError."""
        try:
            certificates = x509.load_pem_x509_certificates(pem)
        except x509.InvalidVersion as wrong:
            raise ValueError("a trust list holds certificates of version 3") from wrong
        responders = tuple(filter(_is_responder, certificates))
        return cls(tuple(one for one in certificates if one not in responders), responders)

    def named(self, subject: x509.Name) -> Iterator[x509.Certificate]:
        """The CAs of this name; a CA that was renewed stands in the list more than once."""
        return (authority for authority in self.authorities if authority.subject == subject)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate is a CA's, with the key identifier by which its issued certificates name it."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return False
    return constraints.ca


def _is_responder(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages and not is_authority(certificate)
