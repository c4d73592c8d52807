"""Whether two encoded data sets are the same, or differ only in what docs/reference/bytes.md lists for a PACS."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_PIXELS, _TRAILING_PADDING = 0x7FE00010, 0xFFFCFFFC


class Rewriting(StrEnum):
    """What a PACS may do to a data set that passes through it. Names as in docs/reference/bytes.md."""

    SYNTAX = "uncompressed, sent in Explicit VR Little Endian"
    DEFLATE = "deflated anew"
    ENCODING = "lengths of sequences and padding"
    TRAILING_PADDING = "Data Set Trailing Padding left out"
    VR_OF_PIXELS = "OW written as OB"


def rewritings(origin: bytes, destination: bytes) -> set[Rewriting]:
    """How two Part 10 files differ; raises AssertionError for any difference that is not documented."""
    if data_set(origin) == data_set(destination):
        return set()
    with warnings.catch_warnings():
        # Shipped files hold values that pydicom warns about; here they need only be equal.
        warnings.simplefilter("ignore")
        return _compared(origin, destination)


def _compared(origin: bytes, destination: bytes) -> set[Rewriting]:
    one, other = (dcmread(DicomBytesIO(content)) for content in (origin, destination))
    found = set(_found(one, other, origin, destination))
    swap = one.file_meta.TransferSyntaxUID == BIG_ENDIAN != other.file_meta.TransferSyntaxUID
    assert list(_elements(one, swap=swap)) == list(_elements(other)), "the values differ"
    return found or {Rewriting.ENCODING}


def data_set(part10: bytes) -> bytes:
    """What stands behind the file meta information."""
    length = int.from_bytes(part10[140:144], "little")
    return part10[144 + length :]


def _found(one: Dataset, other: Dataset, origin: bytes, destination: bytes) -> Iterator[Rewriting]:
    syntaxes = (one.file_meta.TransferSyntaxUID, other.file_meta.TransferSyntaxUID)
    if syntaxes[0] != syntaxes[1]:
        assert syntaxes[0] in {IMPLICIT, BIG_ENDIAN, DEFLATED}, f"another transfer syntax: {syntaxes}"
        assert syntaxes[1] == EXPLICIT, f"another transfer syntax: {syntaxes}"
        yield Rewriting.SYNTAX
    if syntaxes == (DEFLATED, DEFLATED):
        inflated = [zlib.decompress(data_set(content), -zlib.MAX_WBITS) for content in (origin, destination)]
        if inflated[0] == inflated[1]:
            yield Rewriting.DEFLATE
    if _PIXELS in one and one[_PIXELS].VR != other[_PIXELS].VR:
        assert (one[_PIXELS].VR, other[_PIXELS].VR) == ("OW", "OB"), "another VR of Pixel Data"
        yield Rewriting.VR_OF_PIXELS
    if _TRAILING_PADDING in one and _TRAILING_PADDING not in other:
        yield Rewriting.TRAILING_PADDING


def _elements(ds: Dataset, *, swap: bool = False) -> Iterator[tuple[Any, ...]]:
    """Every element at every depth but trailing padding: tag, VR except that of Pixel Data, and the value."""
    for element in ds:
        if element.VR == "SQ":
            yield (element.tag, "SQ", [list(_elements(item, swap=swap)) for item in element.value])
        elif element.tag == _PIXELS:
            yield (element.tag, _swapped(element.value) if swap and element.VR == "OW" else bytes(element.value))
        elif element.tag != _TRAILING_PADDING:
            yield (element.tag, element.VR, repr(_plain(element.value)))


def _swapped(words: bytes) -> bytes:
    swapped = bytearray(words)
    swapped[::2], swapped[1::2] = words[1::2], words[::2]
    return bytes(swapped)


def _plain(value: Any) -> Any:
    """Padding is no content: trailing spaces and zeros go."""
    if isinstance(value, bytes):
        return value.rstrip(b"\0 ")
    return value.rstrip("\0 ") if isinstance(value, str) else value
