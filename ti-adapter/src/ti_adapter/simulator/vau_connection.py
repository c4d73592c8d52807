"""One connection of a simulated VAU: a handshake that waits for M3, then a channel.

Both are values of a type of their own, so that nothing can be asked of the one that only the other can do. What is
refused raises `HandshakeRefused` or `MessageRefused` with the steps of our own client, which are the same where they
mean the same.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau import codec, keys
from ti_adapter.vau.codec import Counter, Direction, Lane
from ti_adapter.vau.errors import HandshakeRefused, MessageRefused, Reason
from ti_adapter.vau.kem import encapsulate
from ti_adapter.vau.keys import FirstKeys, SecondKeys
from ti_adapter.vau.messages import M1, M2, M3, M4, SecondCiphertexts
from ti_adapter.vau.outer import Environment

LIFETIME = timedelta(hours=24)


class ServerChannel:
    """The VAU's end of a channel: opens each request once, and seals the answer with a counter of its own."""

    def __init__(self, second: SecondKeys, environment: Environment, opened: datetime) -> None:
        self.requests = Lane(Direction.REQUEST, environment, second.key_id, second.c2s_app_data)
        self.responses = Lane(Direction.RESPONSE, environment, second.key_id, second.s2c_app_data)
        self._ends = opened + LIFETIME
        self._counter = Counter()
        self._lock = threading.Lock()
        self._seen: set[int] = set()

    def is_fresh(self, now: datetime) -> bool:
        """Whether its 24 hours are not over."""
        return now < self._ends

    def open(self, message: bytes) -> InnerRequest:
        """The plaintext of a request; raises `MessageRefused`, and with step 6 for a counter that was there before.

        Only an authentic message uses its counter up.
        """
        counter = codec.read_counter(self.requests, message)
        plaintext = codec.open_message(self.requests, message)
        with self._lock:
            if counter in self._seen:
                raise MessageRefused(6, Reason.COUNTER)
            self._seen.add(counter)
        return InnerRequest(plaintext, counter, self)

    def seal(self, plaintext: bytes, request: int) -> bytes:
        """Encrypt the answer to a request."""
        return codec.seal_message(self.responses, plaintext, request=request, encryption=self._counter.next())


@dataclass(frozen=True, slots=True)
class InnerRequest:
    """What a client asked inside the channel; `seal` encrypts what it is answered."""

    plaintext: bytes = field(repr=False)
    counter: int
    channel: ServerChannel = field(repr=False)

    def seal(self, response: bytes) -> bytes:
        """The outer body of the answer."""
        return self.channel.seal(response, self.counter)


@dataclass(frozen=True, slots=True)
class WaitingHandshake:
    """M1 came and M2 went; M3 may come once."""

    identity: VauIdentity = field(repr=False)
    said: bytes = field(repr=False)
    first: bytes = field(repr=False)

    @classmethod
    def answer(cls, body: bytes, identity: VauIdentity) -> tuple[Self, bytes]:
        """Read M1, steps 2 to 6; the handshake that waits, and M2."""
        ciphertexts, first = encapsulate(M1.decode(body).keys)
        m2 = M2(ciphertexts, keys.encrypt(FirstKeys.derive(first).s2c, identity.signed.encode())).encode()
        return cls(identity, body + m2, first), m2

    def finish(self, body: bytes, environment: Environment, now: datetime) -> tuple[ServerChannel, bytes]:
        """Read M3, steps 2 to 6, 8, 9, 15 and 16; the channel, and M4."""
        m3 = M3.decode(body)
        second = SecondKeys.derive(self.first, self._second_secrets(m3))
        said = keys.uncover(second.c2s_key_confirmation, m3.key_confirmation, 15, Reason.KEY_CONFIRMATION)
        if said != hashlib.sha256(self.said + m3.aead_ct).digest():
            raise HandshakeRefused(16, Reason.TRANSCRIPT)
        confirmation = keys.encrypt(second.s2c_key_confirmation, hashlib.sha256(self.said + body).digest())
        return ServerChannel(second, environment, now), M4(confirmation).encode()

    def _second_secrets(self, m3: M3) -> bytes:
        inner = keys.uncover(FirstKeys.derive(self.first).c2s, m3.aead_ct, 8, Reason.DECRYPTION)
        try:
            return self.identity.keys.decapsulate(SecondCiphertexts.decode(inner).ciphertexts)
        except HandshakeRefused as wrong:
            raise HandshakeRefused(9, Reason.SECOND_CIPHERTEXTS) from wrong
