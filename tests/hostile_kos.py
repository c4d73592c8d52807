"""Manifests that a program might choke on, each with what the reader says of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

from kos_samples import EXPLICIT, KOS, concept, file, item, series

from linkexchange.dataset import part10_head
from linkexchange.documents.kos.encoding import defined, encoded
from linkexchange.model.identifiers import SopInstanceUid, TransferSyntaxUid

IMPLICIT = TransferSyntaxUid("1.2.840.10008.1.2")
MILLION = 1_000_000
_HEAD = b"\xfe\xff\x00\xe0"
EMPTY_ITEM, OPEN_ITEM = _HEAD + b"\0\0\0\0", _HEAD + b"\xff\xff\xff\xff"
ITEM_END, SEQUENCE_END = b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
CONTENT, EVIDENCE = "ContentSequence", "CurrentRequestedProcedureEvidenceSequence"
LIMIT, LENGTHS, ENDLESS = "DICOM: number of elements", "DICOM: lengths do not fit", "DICOM: a sequence has no end"


def tag(keyword: str) -> bytes:
    number = defined(keyword).tag
    return struct.pack("<HH", number >> 16, number & 0xFFFF)


def element(keyword: str, vr: bytes, content: bytes, length: int | None = None) -> bytes:
    """With a length of four bytes, which need not be that of the content."""
    return tag(keyword) + vr + struct.pack("<HL", 0, len(content) if length is None else length) + content


def opened(keyword: str, content: bytes) -> bytes:
    """A sequence without length; whether it has an end is up to the content."""
    return element(keyword, b"SQ", content, 0xFFFFFFFF)


def behind(raw: bytes, *, without: str = CONTENT) -> bytes:
    """A plain manifest with this at its end."""
    return file(changes={without: None}) + raw


def bare(raw: bytes, syntax: TransferSyntaxUid = EXPLICIT) -> bytes:
    """A file with nothing but this in it."""
    return part10_head(KOS, SopInstanceUid("1.2.276.0.1.1"), syntax) + raw


def flat(head: bytes, count: int, *, group: int = 0x0021) -> bytes:
    """So many different elements, in one data set; private ones where the group is odd."""
    return b"".join(struct.pack("<HH", group + 2 * (at >> 16), at & 0xFFFF) + head for at in range(count))


def nested(depth: int) -> bytes:
    deep = b""
    for _ in range(depth):
        deep = encoded(ContentSequence=[deep])
    return deep


def listing(uids: Iterable[str]) -> bytes:
    return file(evidence=[series("2.25.11", *uids)])


def worded(text: bytes) -> bytes:
    return behind(element("StudyDescription", b"UT", text), without="StudyDescription")


def described_in_escapes() -> bytes:
    """Many texts that are long and empty: escape sequences, and nothing between them."""
    text = "\x1b(B" * 300 + "ä"
    words = item("TEXT", concept("113607"), TextValue=text)
    group = item("CONTAINER", concept("126200"), "CONTAINS", ContentSequence=[words] * 5_000)
    return file([item("CONTAINER", concept("111028"), "CONTAINS", ContentSequence=[group])])


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "DICOM: "),
    "a preamble": (lambda: bytes(128) + b"DICM", "DICOM: "),
    "33 MiB": (lambda: file() + bytes(33 << 20), "DICOM: size"),
    "a head without end": (lambda: bytes(128) + b"DICM" + b"\x02\x00\x01\x00UI\0\0" * MILLION, "DICOM: "),
    "3,000 items within items": (lambda: file([nested(3_000)]), "DICOM: depth"),
    "a little too deep": (lambda: file([nested(16)]), "DICOM: depth"),
    "a hundred thousand open sequences within each other": (
        lambda: bare((opened(CONTENT, b"") + OPEN_ITEM) * 100_000),
        "DICOM: depth",
    ),
    "open sequences within each other, all with their end": (
        lambda: bare((opened(CONTENT, b"") + OPEN_ITEM) * 50_000 + (ITEM_END + SEQUENCE_END) * 50_000),
        "DICOM: depth",
    ),
    "the same in Implicit VR": (
        lambda: bare((tag(CONTENT) + b"\xff\xff\xff\xff" + OPEN_ITEM) * 100_000, IMPLICIT),
        "DICOM: depth",
    ),
    "a million empty items": (lambda: behind(element(CONTENT, b"SQ", EMPTY_ITEM * MILLION)), LIMIT),
    "a million empty items in the evidence": (
        lambda: behind(element(EVIDENCE, b"SQ", EMPTY_ITEM * MILLION), without=EVIDENCE),
        LIMIT,
    ),
    "a million empty items where nobody looks": (
        lambda: behind(element("ReferencedStudySequence", b"SQ", EMPTY_ITEM * MILLION)),
        LIMIT,
    ),
    "a million open items with nothing in them": (
        lambda: behind(opened(CONTENT, (OPEN_ITEM + ITEM_END) * MILLION + SEQUENCE_END)),
        LIMIT,
    ),
    "a million items with an empty sequence": (
        lambda: behind(element(CONTENT, b"SQ", (_HEAD + b"\x0c\0\0\0" + element(CONTENT, b"SQ", b"")) * MILLION)),
        LIMIT,
    ),
    "a million elements in one data set": (lambda: bare(flat(b"SH\0\0", MILLION)), LIMIT),
    "a million unknown elements in Implicit VR": (lambda: bare(flat(b"\0\0\0\0", MILLION), IMPLICIT), LIMIT),
    "a million unknown elements of DICOM's own in Implicit VR": (
        lambda: bare(flat(b"\0\0\0\0", MILLION, group=0x3000), IMPLICIT),
        LIMIT,
    ),
    "references with UIDs of letters": (lambda: listing(f"x{at}" for at in range(100_000)), LIMIT),
    "one reference a hundred thousand times": (lambda: listing("2.25.1" for _ in range(100_000)), LIMIT),
    "references without a UID": (lambda: listing("" for _ in range(100_000)), LIMIT),
    "more instances than any link may list": (
        lambda: listing(f"2.25.{at}" for at in range(50_001)),
        "DICOM: number of instances",
    ),
    "a sequence without end": (lambda: behind(opened(CONTENT, EMPTY_ITEM)), ENDLESS),
    "a sequence without end or item": (lambda: behind(opened(CONTENT, b"")), ENDLESS),
    "a sequence without end within an item": (
        lambda: file(changes={EVIDENCE: [opened("ReferencedSeriesSequence", EMPTY_ITEM)]}),
        ENDLESS,
    ),
    "an item without end": (lambda: behind(opened(CONTENT, OPEN_ITEM)), LENGTHS),
    "a sequence that ends within its item": (lambda: behind(opened(CONTENT, OPEN_ITEM + SEQUENCE_END)), LENGTHS),
    "an item without end in a sequence with one": (
        lambda: behind(opened(CONTENT, OPEN_ITEM + encoded(ValueType="TEXT") + SEQUENCE_END)),
        LENGTHS,
    ),
    "a sequence of 4 GiB": (lambda: behind(element(CONTENT, b"SQ", EMPTY_ITEM, 0xFFFFFFFE)), LENGTHS),
    "an item of 4 GiB": (lambda: behind(opened(CONTENT, _HEAD + b"\xfe\xff\xff\xff")), LENGTHS),
    "a text of 4 GiB": (lambda: behind(element(CONTENT, b"UT", b"", 0xFFFFFFFE)), LENGTHS),
    "a text without length": (lambda: behind(element(CONTENT, b"UT", b"", 0xFFFFFFFF)), LENGTHS),
    "an item that ends in a head": (lambda: behind(opened(CONTENT, OPEN_ITEM + b"\x08\0")), "DICOM: cut off"),
    "30 MB of text": (lambda: worded(b"x" * 30_000_000), "StudyDescription: too long"),
    "30 MB of text that must be decoded": (lambda: worded("ä".encode() * 15_000_000), "StudyDescription: too long"),
    "30 MB of escape sequences": (
        lambda: worded(b"\x1b(B" * 10_000_000 + "ä".encode()),
        "DICOM: number of escape sequences",
    ),
    "many texts of escape sequences": (described_in_escapes, "DICOM: number of escape sequences"),
    "a character set of 30 MB": (
        lambda: behind(element("SpecificCharacterSet", b"UT", b"\\GBK" * 7_000_000), without="SpecificCharacterSet"),
        "DICOM: length of the Specific Character Set",
    ),
}
