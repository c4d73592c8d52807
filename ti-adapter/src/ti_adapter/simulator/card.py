"""A card in a folder instead of a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from ti_adapter.errors import CardFailed

_CERTIFICATE, _KEY = "certificate.pem", "key.pem"


@dataclass(frozen=True, slots=True)
class SimulatedCard:
    """Certificate and key of an institution, always with the PIN verified."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    def external_authenticate(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; DER, as the Konnektor does."""
        return self.key.sign(digest, ECDSA(Prehashed(SHA256())))

    def save(self, folder: Path) -> None:
        """Write `certificate.pem`, and `key.pem` for the owner's eyes only; a card that lay there is replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _CERTIFICATE).write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / _KEY).unlink(missing_ok=True)
        (folder / _KEY).touch(0o600, exist_ok=False)
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / _KEY).write_bytes(pem)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; raises `CardFailed` when no card lies in the folder."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
            key = load_pem_private_key((folder / _KEY).read_bytes(), password=None)
        except (OSError, ValueError) as wrong:
            raise CardFailed("no simulated card in the folder") from wrong
        if not isinstance(key, EllipticCurvePrivateKey):
            raise CardFailed("the simulated card has a key of another kind")
        return cls(certificate, key)


@dataclass(frozen=True, slots=True)
class CardSlot:
    """A terminal: whichever card lies in the folder is the one that signs, and none may lie there."""

    folder: Path

    @property
    def certificate(self) -> x509.Certificate:
        """Certificate of the card. Raises `CardFailed`."""
        return SimulatedCard.load(self.folder).certificate

    def external_authenticate(self, digest: bytes) -> bytes:
        """Let the card sign a SHA-256 digest. Raises `CardFailed`."""
        return SimulatedCard.load(self.folder).external_authenticate(digest)
