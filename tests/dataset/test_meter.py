from __future__ import annotations

import hashlib
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
import rawdicom as raw
from digests import digest_of
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from linkexchange.dataset import Digester, Meter, split_part10
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid

PIXELS = 0x7FE00010
# Cut off, with an unknown VR, with a tag that stands twice, or without a complete head.
UNREADABLE = {
    "MR_truncated.dcm",
    "rtplan_truncated.dcm",
    "SC_rgb_jpeg.dcm",
    "winter.dcm",
    "empty_charset_LEI.dcm",
    "meta_missing_tsyntax.dcm",
    "nested_priv_SQ.dcm",
}
READABLE = [path for path in raw.shipped_files() if path.name not in UNREADABLE]


def measure(content: bytes, syntax: str = raw.EXPLICIT, size: int = 1 << 20) -> Meter:
    meter = Meter(TransferSyntaxUid(syntax))
    assert b"".join(meter.through(raw.pieces(content, size))) == content
    return meter


def until_fault(chunks: Iterator[bytes], complaint: str) -> Iterator[bytes]:
    with pytest.raises(InstanceFault, match=complaint):
        yield from chunks


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_alone(content: bytes, syntax: str, size: int) -> str:
    digester = Digester(TransferSyntaxUid(syntax))
    for piece in raw.pieces(content, size):
        digester.take(piece)
    return digester.digest


def digest(before: bytes, pixels: bytes = b"", behind: bytes = b"") -> str:
    return sha256(b"".join(hashlib.sha256(part).digest() for part in (before, pixels, behind)))


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_the_pixels_of_every_shipped_file_are_those_that_pydicom_finds(path: raw.Path) -> None:
    meta, rest = split_part10([path.read_bytes()])
    meter = measure(b"".join(rest), meta.transfer_syntax, 1000)
    theirs = dcmread(path).get("PixelData")
    assert meter.pixels == (sha256(theirs) if theirs is not None else None)


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_the_digest_of_every_shipped_file_is_that_of_its_three_parts(path: raw.Path) -> None:
    meta, rest = split_part10([path.read_bytes()])
    content = b"".join(rest)
    expected = digest_of(content, meta.transfer_syntax)
    assert measure(content, meta.transfer_syntax, 1000).digest == expected
    assert {digest_alone(content, meta.transfer_syntax, size) for size in (7, 1000, 1 << 20)} == {expected}


def test_all_bytes_are_counted_and_digested() -> None:
    content = raw.element(0x00100010, "PN", b"A^B ")
    meter = measure(content, size=3)
    assert (meter.bytes, meter.digest, meter.pixels) == (len(content), digest(content), None)


def test_encapsulated_pixels_are_digested_from_the_first_item_to_before_the_delimiter() -> None:
    value = raw.item(b"") + raw.item(b"\xff\xd8") + raw.item(raw.SEQUENCE_END)
    content = raw.element(PIXELS, "OB", value, length=raw.UNDEFINED) + raw.SEQUENCE_END
    assert measure(content, raw.JPEG_2000).pixels == sha256(value)


def test_deflated_pixels_are_digested_after_inflating() -> None:
    inflated = raw.element(PIXELS, "OW", b"\1\2\3\4")
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    meter = measure(stream.compress(inflated) + stream.flush(), raw.DEFLATED, 2)
    assert meter.pixels == sha256(b"\1\2\3\4")


@pytest.mark.parametrize("tag", [0x7FE00008, 0x7FE00009])
def test_floating_point_pixels_are_pixels(tag: int) -> None:
    assert measure(raw.element(tag, "OF" if tag == 0x7FE00008 else "OD", b"\1\2\3\4")).pixels == sha256(b"\1\2\3\4")


def test_an_icon_is_not_the_pixels_of_the_instance() -> None:
    icon = raw.sequence(0x00880200, raw.item(raw.element(PIXELS, "OW", b"\1\2"), undefined=True), undefined=True)
    assert measure(icon).pixels is None


def test_empty_pixels_are_not_the_same_as_none() -> None:
    assert measure(raw.element(PIXELS, "OW")).pixels == sha256(b"")


@given(st.integers(1, 4000), st.sampled_from(["JPEG2000.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm"]))
def test_the_size_of_chunks_changes_nothing(size: int, name: str) -> None:
    meta, rest = split_part10([(raw.SHIPPED / "test_files" / name).read_bytes()])
    content = b"".join(rest)
    one, other = measure(content, meta.transfer_syntax), measure(content, meta.transfer_syntax, size)
    assert (one.bytes, one.digest, one.pixels) == (other.bytes, other.digest, other.pixels)


def test_pixels_that_declare_more_than_there_is_are_a_fault_after_everything_has_passed() -> None:
    content = raw.element(PIXELS, "OW", b"\0\0", length=0xFFFFFFF0)
    meter = Meter(TransferSyntaxUid(raw.EXPLICIT))
    passed = b"".join(until_fault(meter.through(raw.pieces(content, 4)), "cut off"))
    assert (passed, meter.digest, meter.pixels) == (content, digest(content[:12], content[12:]), None)


def test_what_cannot_be_followed_is_a_fault_after_everything_has_passed() -> None:
    content = raw.element(0x00100010, "??", b"A^B ") + bytes(100)
    meter = Meter(TransferSyntaxUid(raw.EXPLICIT))
    passed = b"".join(until_fault(meter.through(raw.pieces(content, 4)), "unknown VR"))
    assert (passed, meter.digest) == (content, digest(content))


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
@pytest.mark.parametrize(
    "behind", [raw.element(0xFFFCFFFC, "OB", b"\0\0"), b"", raw.element(PIXELS, "OW", b"\1\2"), b"\xe0\x7f"]
)
def test_what_stands_behind_the_pixels_is_a_part_of_its_own(size: int, behind: bytes) -> None:
    """Be it padding, or what must not be there."""
    native = raw.element(PIXELS, "OW", b"\1\2\3\4")
    items = raw.item(b"") + raw.item(b"\xff\xd8\xff\xd9")
    encapsulated = raw.element(PIXELS, "OB", items, length=raw.UNDEFINED) + raw.SEQUENCE_END
    assert digest_alone(native + behind, raw.EXPLICIT, size) == digest(native[:12], native[12:], behind)
    expected = digest(encapsulated[:12], items, raw.SEQUENCE_END + behind)
    assert digest_alone(encapsulated + behind, raw.JPEG_2000, size) == expected


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_fragments_that_cannot_be_followed_end_the_pixels_wherever_they_are_cut(size: int) -> None:
    items, nonsense = raw.item(b"\1\2"), b"nonsense" + bytes(20)
    head = raw.element(PIXELS, "OB", length=raw.UNDEFINED)
    assert digest_alone(head + items + nonsense, raw.JPEG_2000, size) == digest(head, items, nonsense)


@given(st.binary(max_size=64).map(lambda it: it + bytes(len(it) % 2)), st.binary(max_size=64), st.integers(1, 99))
def test_a_change_in_one_part_changes_the_digest_and_no_other_part(value: bytes, name: bytes, size: int) -> None:
    header, other = (raw.element(0x00100010, "PN", it + bytes(len(it) % 2)) for it in (name, name + b"^X"))
    pixels = raw.element(PIXELS, "OW", value)
    one, changed = measure(header + pixels, size=size), measure(other + pixels, size=size)
    assert one.digest != changed.digest
    assert one.pixels == changed.pixels == sha256(value)


def test_no_value_is_held() -> None:
    def chunks() -> Iterator[bytes]:
        yield raw.element(PIXELS, "OW", length=64 << 20)
        for _ in range(64):
            yield bytes(1 << 20)

    tracemalloc.start()
    for _ in Meter(TransferSyntaxUid(raw.EXPLICIT)).through(chunks()):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 << 20
