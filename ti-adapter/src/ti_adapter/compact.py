"""Pieces of the compact serialisations of JOSE (RFC 7515, 7516), read strictly: one token has one spelling.

All of them raise ValueError, and say nothing of what they have read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

SCALAR_BYTES = 32
"""Bytes of r and of s in a signature on a curve of 256 bits."""


def segment(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def content_of(text: str) -> bytes:
    """What a segment stands for; what `segment` would not have written so is refused."""
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("no base64url") from None
    if segment(content) != text:
        raise ValueError("no base64url as it is written")
    return content


def as_json(value: object) -> bytes:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_object(content: bytes) -> dict[str, object]:
    """A JSON object that has no key twice, at any depth, and no number that JSON does not know."""
    try:
        parsed = json.loads(content, object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(parsed, dict):
        raise ValueError("no JSON object")
    return parsed


def raw_signature(der: bytes) -> bytes:
    """R and s, 32 bytes each (RFC 7518, section 3.4), from the DER that a card gives."""
    try:
        return b"".join(scalar.to_bytes(SCALAR_BYTES, "big") for scalar in decode_dss_signature(der))
    except OverflowError:
        raise ValueError("a signature of another size") from None


def der_signature(raw: bytes) -> bytes:
    """The reverse. Raises ValueError for another size."""
    if len(raw) != 2 * SCALAR_BYTES:
        raise ValueError("a signature of another size")
    r, s = (int.from_bytes(half, "big") for half in (raw[:SCALAR_BYTES], raw[SCALAR_BYTES:]))
    return encode_dss_signature(r, s)


def _without_doubles(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Two readers may take different ones of two equal keys, so there must not be two."""
    pairs = list(pairs)
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number of JSON")
