"""What a VAU handshake, a message or a channel can fail by, each with a reason of its own.

The certificate of the VAU fails by the errors and reasons of `ti_adapter.pki`.
"""

from __future__ import annotations

from enum import StrEnum

from ti_adapter.errors import ProofFailed, TiError


class Reason(StrEnum):
    """Why the handshake or a message is refused, or why a channel ended."""

    TURN = "out-of-turn"
    SIZE = "size"
    FORM = "form"
    MESSAGE_TYPE = "message-type"
    FIELDS = "fields"
    POINT = "point"
    KYBER_KEY = "kyber-key"
    CID = "cid"
    DECRYPTION = "decryption"
    SIGNED_KEYS = "signed-keys"
    SECOND_CIPHERTEXTS = "second-ciphertexts"
    VAU_KEYS = "vau-keys"
    KEYS_NOT_YET_VALID = "keys-not-yet-valid"
    KEYS_EXPIRED = "keys-expired"
    KEYS_LIFETIME = "keys-lifetime"
    CERT_HASH = "cert-hash"
    AUTHORITY = "authority"
    SIGNATURE = "signature"
    KEY_CONFIRMATION = "key-confirmation"
    TRANSCRIPT = "transcript"

    LENGTH = "length"
    VERSION = "version"
    ENVIRONMENT = "environment"
    DIRECTION = "direction"
    KEY_ID = "key-id"
    COUNTER = "counter"
    TAG = "tag"
    REPLAYED = "replayed"
    INNER = "inner-message"

    PATH = "path"
    USER_AGENT = "user-agent"
    MEDIA_TYPE = "media-type"
    TRACING = "tracing-header"

    LIFETIME = "lifetime"
    USED_UP = "counter-used-up"
    FORKED = "forked"


class HandshakeRefused(ProofFailed):
    """A handshake message is not to be believed; steps of `vau.ClientHandshake`."""

    subject = "VAU handshake"


class MessageRefused(ProofFailed):
    """A message in the channel is not to be believed; steps of `vau.codec.open_message`, and 9 of `vau.inner`."""

    subject = "VAU message"


class OuterRefused(ProofFailed):
    """The outer HTTP request of a message is not as it must be; steps of `simulator.vau.VauServer`."""

    subject = "VAU outer request"


class ChannelEnded(TiError):
    """Nothing more may be sealed with the keys of this channel: make a new handshake."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class VauSilent(TiError):
    """What answers is not a VAU: another status than 200 and no error message, no VAU-CID, or more than was allowed."""


class VauRefused(TiError):
    """The other side answered with an error message, of which only the number is kept.

    What the numbers mean stands in a part of gemSpec_Krypt that could not be read here, so nothing is decided by them.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
