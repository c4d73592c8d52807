"""Text in an image header: Specific Character Set with code extensions (PS3.5 section 6.1, PS3.3 C.12.1.1.2).

The tables of character sets and escape sequences are pydicom's. Its decoder is not used, since it warns about every
byte that it cannot decode; here such a byte becomes a replacement character, which then equals no name.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from pydicom.charset import CODES_TO_ENCODINGS, default_encoding, handled_encodings, python_encoding

_PIECE = re.compile(rb"\x1b[^\x1b]*|[^\x1b]+")
_RESETS = re.compile(rb"[\^=\\\r\n\f\t]")
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


def _plain(term: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", term.upper())


# Terms are compared without separators: ISO-IR 100, ISO_IR_100 and ISO IR 100 are all met in the field.
_ENCODINGS = {_plain(term): encoding for term, encoding in python_encoding.items()}


@lru_cache(64)
def _encoding(term: bytes) -> str:
    return str(_ENCODINGS.get(_plain(term.decode("ascii", "replace")), default_encoding))


@lru_cache(64)
def decode(value: bytes, charset: bytes) -> str:
    """A text value as people write it; `charset` is the value of Specific Character Set as encoded.

    Remembers the last ones, since all images of a study say the same of their patient.
    """
    first = _encoding(charset.partition(b"\\")[0])
    return "".join(_decode_piece(piece, first) for piece in _PIECE.findall(value)).strip(" \0")


def _decode_piece(piece: bytes, first: str) -> str:
    """Decode up to the next escape sequence; a delimiter brings the first character set back."""
    escape = next((start for start in (piece[:4], piece[:3]) if start in CODES_TO_ENCODINGS), b"")
    encoding = CODES_TO_ENCODINGS.get(escape, first)
    if encoding in handled_encodings:
        return piece.decode(encoding, "replace")
    body = piece[len(escape) :]
    reset = _RESETS.search(body) if escape else None
    end = reset.start() if reset else len(body)
    return body[:end].decode(encoding, "replace") + body[end:].decode(first, "replace")


def identifier(value: bytes) -> str:
    """A UID: padding removed; what is not ASCII becomes something that no UID is."""
    return value.decode("ascii", "replace").rstrip(" \0")


@lru_cache(8)
def day(value: bytes) -> date | None:
    """A DA value, also as ACR-NEMA wrote it; None where it is empty or no day, as in 19700000."""
    found = _DATE.fullmatch(value.decode("ascii", "replace").strip(" \0"))
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
