"""Messages in a channel: 43 bytes of header, 12 of IV, ciphertext and tag (gemSpec_Krypt, A_24628 to A_24632).

    offset  0  version, 2
            1  1 in the production environment, else 0
            2  1 for a request, 2 for a response
            3  request counter, 8 bytes, big endian; a response repeats that of its request
           11  KeyID, 32 bytes
           43  IV: 4 random bytes, then the encryption counter of the sender, 8 bytes, big endian
           55  ciphertext of AES-256-GCM with its tag; the header is the additional data

The encryption counter of either side is its own: it starts at 0, is raised before each encryption, and never reads the
request counter of the other side. So no IV is used twice with a key, whatever the random bytes are.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ti_adapter.vau.errors import ChannelEnded, MessageRefused, Reason
from ti_adapter.vau.outer import Environment

VERSION = 2
HEADER_BYTES = 43
MESSAGE_MIN_BYTES = HEADER_BYTES + 12 + 1 + 16
COUNTER_MAX = 2**64 - 1

_RANDOM_BYTES = 4
_COUNTER_BYTES = 8
_KEY_ID_START = 11


class Direction(IntEnum):
    """Who wrote the message: the third byte of the header."""

    REQUEST = 1
    RESPONSE = 2


class Counter:
    """Counts encryptions with one key, in any number of threads, and never gives a number twice.

    Raises `ChannelEnded` when its last number was given, and in a process that was forked from the one that made it,
    since both would count on from the same number. It cannot be copied or pickled: its lock cannot.
    """

    def __init__(self, last: int = COUNTER_MAX) -> None:
        self._lock = threading.Lock()
        self._value = 0
        self._last = last
        self._process = os.getpid()

    def next(self) -> int:
        """The next number, from 1."""
        if os.getpid() != self._process:
            raise ChannelEnded(Reason.FORKED)
        with self._lock:
            if self._value >= self._last:
                raise ChannelEnded(Reason.USED_UP)
            self._value += 1
            return self._value


@dataclass(frozen=True, slots=True)
class Lane:
    """One direction of a channel: what every message in it has in common."""

    direction: Direction
    environment: Environment
    key_id: bytes
    key: bytes = field(repr=False)


def seal_message(lane: Lane, plaintext: bytes, *, request: int, encryption: int) -> bytes:
    """Encrypt one message; both counters must be fresh, which is up to the caller.

    Raises ValueError for an empty plaintext, since a message has at least 72 bytes.
    """
    if not plaintext:
        raise ValueError("there is no empty message")
    kind = bytes((VERSION, lane.environment, lane.direction))
    header = kind + request.to_bytes(_COUNTER_BYTES, "big") + lane.key_id
    iv = os.urandom(_RANDOM_BYTES) + encryption.to_bytes(_COUNTER_BYTES, "big")
    return header + iv + AESGCM(lane.key).encrypt(iv, plaintext, header)


def read_counter(lane: Lane, message: bytes) -> int:
    """Steps 1 to 5 of `open_message`: the request counter of a message of this direction. Not authentic yet."""
    if len(message) < MESSAGE_MIN_BYTES:
        raise MessageRefused(1, Reason.LENGTH)
    if message[0] != VERSION:
        raise MessageRefused(2, Reason.VERSION)
    if message[1] != lane.environment:
        raise MessageRefused(3, Reason.ENVIRONMENT)
    if message[2] != lane.direction:
        raise MessageRefused(4, Reason.DIRECTION)
    if message[_KEY_ID_START:HEADER_BYTES] != lane.key_id:
        raise MessageRefused(5, Reason.KEY_ID)
    return int.from_bytes(message[3:_KEY_ID_START], "big")


def open_message(lane: Lane, message: bytes) -> bytes:
    """Decrypt one message; raises `MessageRefused` with the failed step.

    1. At least 72 bytes. 2. The version. 3. The environment. 4. A request to the VAU, a response to the client.
    5. The KeyID of this channel. 6. The request counter: a client takes only that of the request which it opens a
    response for, a VAU none that it has seen. 7. The tag. 8. A client opens one response to a request, and no second.

    Steps 6 and 8 are up to those who know the counters: `PendingRequest`, and the VAU.
    """
    read_counter(lane, message)
    iv, sealed = message[HEADER_BYTES : HEADER_BYTES + 12], message[HEADER_BYTES + 12 :]
    try:
        return AESGCM(lane.key).decrypt(iv, sealed, message[:HEADER_BYTES])
    except InvalidTag as wrong:
        raise MessageRefused(7, Reason.TAG) from wrong
