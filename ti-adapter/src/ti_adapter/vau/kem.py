"""The two key encapsulations side by side: ECDH on P-256, and Kyber768 of round 3 (gemSpec_Krypt, chapter 7).

Kyber of round 3 is not the ML-KEM of FIPS 203, but has the same keys and ciphertexts, and its shared secret is one hash
further on: `SHAKE256(shared secret of ML-KEM || SHA3-256(ciphertext))`, of which 32 bytes count.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

KYBER_KEY_BYTES = 1184
KYBER_CIPHERTEXT_BYTES = 1088

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What one side tells the other, so that it can encapsulate."""

    ecdh: EllipticCurvePublicKey
    kyber: MLKEM768PublicKey


@dataclass(frozen=True, slots=True)
class Ciphertexts:
    """What comes back: for ECDH the point of a key that was made for this once, for Kyber 1088 bytes."""

    ecdh: EllipticCurvePublicKey
    kyber: bytes


@dataclass(frozen=True, slots=True)
class KemKeys:
    """A key pair of each kind. Those of a client are for one handshake, those of a VAU for up to 30 days."""

    ecdh: EllipticCurvePrivateKey = field(repr=False)
    kyber: MLKEM768PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Make both anew."""
        return cls(generate_private_key(SECP256R1()), MLKEM768PrivateKey.generate())

    @property
    def public(self) -> PublicKeys:
        """The public halves."""
        return PublicKeys(self.ecdh.public_key(), self.kyber.public_key())

    def decapsulate(self, received: Ciphertexts) -> bytes:
        """Both shared secrets, ECDH before Kyber, 64 bytes. A wrong ciphertext gives wrong secrets, not an error."""
        kyber = _round_3(self.kyber.decapsulate(received.kyber), received.kyber)
        return self.ecdh.exchange(ECDH(), received.ecdh) + kyber


def encapsulate(keys: PublicKeys) -> tuple[Ciphertexts, bytes]:
    """What is sent to the owner of these keys, and both shared secrets, ECDH before Kyber, 64 bytes."""
    once = generate_private_key(SECP256R1())
    secret, ciphertext = keys.kyber.encapsulate()
    shared = once.exchange(ECDH(), keys.ecdh) + _round_3(secret, ciphertext)
    return Ciphertexts(once.public_key(), ciphertext), shared


def _round_3(secret: bytes, ciphertext: bytes) -> bytes:
    return hashlib.shake_256(secret + hashlib.sha3_256(ciphertext).digest()).digest(_SECRET_BYTES)
