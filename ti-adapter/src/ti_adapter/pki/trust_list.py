"""Whom a verifier trusts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from cryptography import x509


@dataclass(frozen=True, slots=True)
class TrustList:
    """The CAs whose institution certificates are believed. Raises ValueError when one of them is no CA."""

    authorities: tuple[x509.Certificate, ...]

    def __post_init__(self) -> None:
        if not self.authorities or not all(map(_is_authority, self.authorities)):
            raise ValueError("a trust list holds CA certificates")

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read the CA certificates from a PEM file; raises ValueError."""
        try:
            return cls(tuple(x509.load_pem_x509_certificates(pem)))
        except x509.InvalidVersion as wrong:
            raise ValueError("a trust list holds certificates of version 3") from wrong

    def named(self, subject: x509.Name) -> Iterator[x509.Certificate]:
        """The CAs of this name; a CA that was renewed stands in the list more than once."""
        return (authority for authority in self.authorities if authority.subject == subject)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return False
    return constraints.ca
