"""CBOR as the handshake uses it: one map with text keys, read strictly, and its fields by name and type.

Whatever is read here raises `HandshakeRefused` with a step of `vau.ClientHandshake`. Keys that nobody asks for are
ignored, since the transcript holds them all the same.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TypeVar

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey

from ti_adapter.vau.errors import HandshakeRefused, Reason, VauRefused
from ti_adapter.vau.kem import KYBER_CIPHERTEXT_BYTES, KYBER_KEY_BYTES, Ciphertexts, PublicKeys

MESSAGE_MAX_BYTES = 64 * 1024

_DEPTH_MAX = 4
_COORDINATE_BYTES = 32
_CURVE = "P-256"

Fields = Mapping[str, object]
_Kind = TypeVar("_Kind")


def read_map(body: bytes) -> Fields:
    """Steps 2 and 3: at most 64 kB; one map with text keys, no key twice, nothing behind it."""
    if len(body) > MESSAGE_MAX_BYTES:
        raise HandshakeRefused(2, Reason.SIZE)
    stream = io.BytesIO(body)
    try:
        decoded = cbor2.load(stream, max_depth=_DEPTH_MAX, allow_duplicate_keys=False)
    except Exception as wrong:
        # The decoders of tags raise what they like on hostile bytes.
        raise HandshakeRefused(3, Reason.FORM) from wrong
    whole = stream.tell() == len(body)
    if not whole or not isinstance(decoded, dict) or not all(isinstance(key, str) for key in decoded):
        raise HandshakeRefused(3, Reason.FORM)
    return decoded


def read_message(body: bytes, kind: str) -> Fields:
    """Step 4 as well: the MessageType. Raises `VauRefused` where the message says that the other side refuses."""
    fields = read_map(body)
    if refused := read_error(fields):
        raise refused
    if fields.get("MessageType") != kind:
        raise HandshakeRefused(4, Reason.MESSAGE_TYPE)
    return fields


def read_error(fields: Fields) -> VauRefused | None:
    """What an error message says; None where this is none."""
    code = fields.get("ErrorCode")
    return VauRefused(code if type(code) is int else 0) if fields.get("MessageType") == "Error" else None


def field(fields: Fields, name: str, kind: type[_Kind]) -> _Kind:
    """Step 5: a field that must be there, of this very type."""
    value = fields.get(name)
    if type(value) is not kind:
        raise HandshakeRefused(5, Reason.FIELDS)
    return value


def sized(fields: Fields, name: str, length: int) -> bytes:
    """Step 5: bytes of a fixed length."""
    value = field(fields, name, bytes)
    if len(value) != length:
        raise HandshakeRefused(5, Reason.FIELDS)
    return value


def ciphertexts(fields: Fields) -> Ciphertexts:
    """`ECDH_ct` and `Kyber768_ct`; step 6 for a point that is none."""
    return Ciphertexts(_point(fields, "ECDH_ct"), sized(fields, "Kyber768_ct", KYBER_CIPHERTEXT_BYTES))


def public_keys(fields: Fields) -> PublicKeys:
    """`ECDH_PK` and `Kyber768_PK`; step 6 for keys that are none."""
    kyber = sized(fields, "Kyber768_PK", KYBER_KEY_BYTES)
    try:
        return PublicKeys(_point(fields, "ECDH_PK"), MLKEM768PublicKey.from_public_bytes(kyber))
    except ValueError as wrong:
        raise HandshakeRefused(6, Reason.KYBER_KEY) from wrong


def point_fields(key: EllipticCurvePublicKey) -> dict[str, object]:
    """A point as the messages carry it."""
    numbers = key.public_numbers()
    x, y = (number.to_bytes(_COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
    return {"crv": _CURVE, "x": x, "y": y}


def key_fields(keys: PublicKeys) -> dict[str, object]:
    """Public keys as the messages carry them."""
    return {"ECDH_PK": point_fields(keys.ecdh), "Kyber768_PK": keys.kyber.public_bytes_raw()}


def ciphertext_fields(sent: Ciphertexts) -> dict[str, object]:
    """Ciphertexts as the messages carry them."""
    return {"ECDH_ct": point_fields(sent.ecdh), "Kyber768_ct": sent.kyber}


def _point(fields: Fields, name: str) -> EllipticCurvePublicKey:
    point = field(fields, name, dict)
    x, y = (int.from_bytes(sized(point, axis, _COORDINATE_BYTES), "big") for axis in ("x", "y"))
    if point.get("crv") != _CURVE:
        raise HandshakeRefused(5, Reason.FIELDS)
    try:
        return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    except ValueError as wrong:
        raise HandshakeRefused(6, Reason.POINT) from wrong
