"""The stages of the client's handshake as values, each of which reads one message and gives the next stage.

What is checked, and in which steps, stands at `vau.ClientHandshake`, which sees to it that each stage is used once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter.pki import TOLERANCE, ProvenService
from ti_adapter.vau import keys, outer
from ti_adapter.vau.certificate import verify_certificate
from ti_adapter.vau.errors import HandshakeRefused, Reason
from ti_adapter.vau.kem import KemKeys, PublicKeys, encapsulate
from ti_adapter.vau.keys import FirstKeys, SecondKeys
from ti_adapter.vau.messages import M1, M2, M3, M4, CertData, SecondCiphertexts, SignedKeys, VauKeys
from ti_adapter.vau.trust import VauTrust

KEYS_LIFETIME_MAX = timedelta(days=30)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Begun:
    """M1 was sent: it is all of `said`, which will hold whatever both have said."""

    own: KemKeys = field(repr=False)
    said: bytes = field(repr=False)

    @classmethod
    def anew(cls) -> Self:
        """With keys that were never used."""
        own = KemKeys.generate()
        return cls(own, M1(own.public).encode())

    def receive_m2(self, body: bytes, cid: str, now: datetime) -> Shown:
        """Steps 2 to 11."""
        m2 = M2.decode(body)
        if not outer.is_cid(cid):
            raise HandshakeRefused(7, Reason.CID)
        first = self.own.decapsulate(m2.ciphertexts)
        hidden = keys.uncover(FirstKeys.derive(first).s2c, m2.aead_ct, 8, Reason.DECRYPTION)
        signed = _inner(SignedKeys.decode, hidden, 9, Reason.SIGNED_KEYS)
        vau = _inner(VauKeys.decode, signed.signed, 10, Reason.VAU_KEYS)
        _check_times(vau, now)
        return Shown(self.said + body, cid, first, signed, vau.keys)


@dataclass(frozen=True, slots=True)
class Shown:
    """The VAU has shown its keys, and nobody has proven yet that they are those of a VAU."""

    said: bytes = field(repr=False)
    path: str
    first: bytes = field(repr=False)
    signed: SignedKeys
    keys: PublicKeys

    def receive_cert_data(self, body: bytes, trust: VauTrust, now: datetime) -> Proven:
        """Steps 2 to 6 and 12 to 14."""
        data = CertData.decode(body)
        if hashlib.sha256(data.certificate).digest() != self.signed.cert_hash:
            raise HandshakeRefused(12, Reason.CERT_HASH)
        _check_signature(verify_certificate(data, self.signed.ocsp_response, trust, now), self.signed)
        return self._m3()

    def _m3(self) -> Proven:
        ciphertexts, secrets = encapsulate(self.keys)
        second = SecondKeys.derive(self.first, secrets)
        aead_ct = keys.encrypt(FirstKeys.derive(self.first).c2s, SecondCiphertexts(ciphertexts).encode())
        transcript = hashlib.sha256(self.said + aead_ct).digest()
        m3 = M3(aead_ct, keys.encrypt(second.c2s_key_confirmation, transcript)).encode()
        return Proven(self.said + m3, self.path, second, m3)


@dataclass(frozen=True, slots=True)
class Proven:
    """The keys are those of a VAU, and `m3` is on its way."""

    said: bytes = field(repr=False)
    path: str
    second: SecondKeys
    m3: bytes = field(repr=False)

    def receive_m4(self, body: bytes) -> SecondKeys:
        """Steps 2 to 5, 15 and 16."""
        confirmation = M4.decode(body).key_confirmation
        said = keys.uncover(self.second.s2c_key_confirmation, confirmation, 15, Reason.KEY_CONFIRMATION)
        if said != hashlib.sha256(self.said).digest():
            raise HandshakeRefused(16, Reason.TRANSCRIPT)
        return self.second


def _check_times(vau: VauKeys, now: datetime) -> None:
    """Step 11. Compared as numbers: a claimed time may lie beyond what a `datetime` can hold."""
    seconds, skew = now.timestamp(), TOLERANCE.total_seconds()
    if not 0 < vau.expires - vau.issued <= KEYS_LIFETIME_MAX.total_seconds():
        raise HandshakeRefused(11, Reason.KEYS_LIFETIME)
    if vau.issued > seconds + skew:
        raise HandshakeRefused(11, Reason.KEYS_NOT_YET_VALID)
    if seconds - skew >= vau.expires:
        raise HandshakeRefused(11, Reason.KEYS_EXPIRED)


def _check_signature(proven: ProvenService, signed: SignedKeys) -> None:
    """Step 14."""
    half = len(signed.signature) // 2
    r, s = (int.from_bytes(scalar, "big") for scalar in (signed.signature[:half], signed.signature[half:]))
    try:
        proven.key.verify(encode_dss_signature(r, s), signed.signed, ECDSA(SHA256()))
    except InvalidSignature as wrong:
        raise HandshakeRefused(14, Reason.SIGNATURE) from wrong


def _inner(decode: Callable[[bytes], _Value], body: bytes, step: int, reason: Reason) -> _Value:
    """What lies within another message has one step, whatever is wrong with it."""
    try:
        return decode(body)
    except HandshakeRefused as wrong:
        raise HandshakeRefused(step, reason) from wrong
