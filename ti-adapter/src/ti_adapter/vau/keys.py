"""From shared secrets to keys, and the encryption of the handshake (gemSpec_Krypt, chapter 7).

HKDF with SHA-256, no salt, no info. In the handshake each key encrypts one message: AES-256-GCM, 12 random bytes of IV
before the ciphertext, no additional data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ti_adapter.vau.errors import HandshakeRefused, Reason

IV_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class FirstKeys:
    """K1: they hide the signed keys of the VAU and the second ciphertexts."""

    c2s: bytes = field(repr=False)
    s2c: bytes = field(repr=False)

    @classmethod
    def derive(cls, first: bytes) -> Self:
        """From the secrets of the first encapsulation."""
        return cls(*_derive(first, 2))


@dataclass(frozen=True, slots=True)
class SecondKeys:
    """K2: they prove that both sides have seen the same handshake, and carry the channel. `key_id` is no secret."""

    c2s_key_confirmation: bytes = field(repr=False)
    c2s_app_data: bytes = field(repr=False)
    s2c_key_confirmation: bytes = field(repr=False)
    s2c_app_data: bytes = field(repr=False)
    key_id: bytes

    @classmethod
    def derive(cls, first: bytes, second: bytes) -> Self:
        """From the secrets of both encapsulations."""
        return cls(*_derive(first + second, 5))


def encrypt(key: bytes, plaintext: bytes) -> bytes:
    """IV, ciphertext and tag."""
    iv = os.urandom(IV_BYTES)
    return iv + AESGCM(key).encrypt(iv, plaintext, None)


def decrypt(key: bytes, sealed: bytes) -> bytes:
    """What `encrypt` was given; raises ValueError when it was made with another key, or changed."""
    try:
        return AESGCM(key).decrypt(sealed[:IV_BYTES], sealed[IV_BYTES:], None)
    except InvalidTag as wrong:
        raise ValueError("not encrypted with this key") from wrong


def uncover(key: bytes, sealed: bytes, step: int, reason: Reason) -> bytes:
    """What `encrypt` was given; raises `HandshakeRefused` with this step and reason where `decrypt` fails."""
    try:
        return decrypt(key, sealed)
    except ValueError as wrong:
        raise HandshakeRefused(step, reason) from wrong


def _derive(secrets: bytes, count: int) -> tuple[bytes, ...]:
    material = HKDF(algorithm=SHA256(), length=count * KEY_BYTES, salt=None, info=b"").derive(secrets)
    return tuple(material[start : start + KEY_BYTES] for start in range(0, len(material), KEY_BYTES))
