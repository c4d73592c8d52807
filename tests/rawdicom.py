"""Encoded data sets made by hand, the wrong ones too, and the files that pydicom ships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom.data

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_2000 = "1.2.840.10008.1.2.4.90"

SHIPPED = Path(pydicom.data.__file__).parent
UNDEFINED = 0xFFFFFFFF
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_LONG = frozenset({"OB", "OD", "OF", "OW", "SQ", "UN", "UT"})


def element(tag: int, vr: str, value: bytes = b"", *, length: int | None = None) -> bytes:
    """An element in Explicit VR Little Endian; `length` where it shall lie."""
    size = len(value) if length is None else length
    head = _tag(tag) + vr.encode()
    return head + (b"\0\0" + size.to_bytes(4, "little") if vr in _LONG else size.to_bytes(2, "little")) + value


def joined(blocks: Iterable[Iterable[bytes | memoryview]]) -> bytes:
    """What leaves in blocks of pieces, as one."""
    return b"".join(piece for block in blocks for piece in block)


def implicit(tag: int, value: bytes = b"", *, length: int | None = None) -> bytes:
    """An element in Implicit VR Little Endian."""
    return _tag(tag) + (len(value) if length is None else length).to_bytes(4, "little") + value


def item(content: bytes, *, undefined: bool = False, length: int | None = None) -> bytes:
    """An item of a sequence."""
    size = UNDEFINED if undefined else len(content) if length is None else length
    return b"\xfe\xff\x00\xe0" + size.to_bytes(4, "little") + content + (ITEM_END if undefined else b"")


def sequence(tag: int, *items: bytes, undefined: bool = False, vr: str = "SQ") -> bytes:
    """A sequence."""
    content = b"".join(items)
    if undefined:
        return element(tag, vr, content, length=UNDEFINED) + SEQUENCE_END
    return element(tag, vr, content)


def nested(depth: int) -> bytes:
    """Sequences of undefined length, one in the other."""
    return element(0x00400275, "SQ", item(b"", undefined=True)[:8], length=UNDEFINED) * depth


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    """The bytes in chunks of one size."""
    return (content[at : at + size] for at in range(0, len(content), size))


def shipped_files() -> list[Path]:
    """Everything that pydicom ships and reads as a DICOM file, DICOMDIRs aside."""
    return [path for path in sorted(SHIPPED.rglob("*")) if _is_dicom(path) and not path.name.startswith("DICOMDIR")]


def _is_dicom(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[128:132] == b"DICM"


def _tag(tag: int) -> bytes:
    return (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
