"""What an OCSP responder is asked: whether the certificate that an issuer has signed is revoked (RFC 6960)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from ti_adapter.pki.extensions import value_of
from ti_adapter.pki.verification import ProvenCertificate, ProvenService

ANY_RESPONDER_KNOWS = SHA1()  # noqa: S303
"""Digest of the certID: a look-up key that every responder knows, and no proof; the proof is the certHash."""

_DIGESTS: dict[str, HashAlgorithm] = {digest.name: digest for digest in (ANY_RESPONDER_KNOWS, SHA256())}


@dataclass(frozen=True, slots=True)
class CertId:
    """How OCSP names a certificate (RFC 6960, section 4.1.1)."""

    digest: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int

    @classmethod
    def of(cls, said: ocsp.OCSPRequest | ocsp.OCSPSingleResponse) -> Self:
        """The certID that a request or an answer names; raises what the parser raises on a digest it does not know."""
        return cls(said.hash_algorithm.name, said.issuer_name_hash, said.issuer_key_hash, said.serial_number)


@dataclass(frozen=True, slots=True)
class Question:
    """A certificate in question, and the CA that has issued it. Both are proven before anybody is asked.

    `address` is where to ask, if not where the certificate says: `StatusList.ocsp_url` knows it inside the TI.
    """

    certificate: x509.Certificate
    issuer: x509.Certificate
    address: str | None = None

    @classmethod
    def about(cls, proven: ProvenCertificate | ProvenService, address: str | None = None) -> Self:
        """The question that `verify_institution` and `verify_service` leave to their caller."""
        return cls(proven.certificate, proven.issuer, address)

    def request(self, digest: HashAlgorithm = ANY_RESPONDER_KNOWS) -> bytes:
        """The request, DER, without a nonce: freshness is what `producedAt` is for in the TI."""
        return self._asked(digest).public_bytes(Encoding.DER)

    def is_meant_by(self, named: CertId) -> bool:
        """Whether a certID names this certificate of this issuer, by SHA-1 or SHA-256."""
        digest = _DIGESTS.get(named.digest)
        return digest is not None and CertId.of(self._asked(digest)) == named

    @property
    def responder_url(self) -> str | None:
        """Where to ask: `address`, else the first OCSP address in the certificate's AIA that is one of the web."""
        if self.address is not None:
            return self.address
        access = value_of(self.certificate.extensions, x509.AuthorityInformationAccess) or ()
        for place in access:
            if place.access_method == AuthorityInformationAccessOID.OCSP and _is_web(place.access_location):
                return str(place.access_location.value)
        return None

    def _asked(self, digest: HashAlgorithm) -> ocsp.OCSPRequest:
        return ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.issuer, digest).build()


def _is_web(name: x509.GeneralName) -> bool:
    is_url = isinstance(name, x509.UniformResourceIdentifier)
    return is_url and name.value.lower().startswith(("http://", "https://"))
