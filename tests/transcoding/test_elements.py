from __future__ import annotations

import pytest
import rawdicom as raw

from linkexchange.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding
from linkexchange.errors import Fault, InstanceFault, SyntaxRefused
from linkexchange.transcoding.elements import Reader, Writer

BIG = Encoding(order="big")


def rewritten(content: bytes, source: Encoding = IMPLICIT_LITTLE, target: Encoding = EXPLICIT_LITTLE) -> bytes:
    reader = Reader(content)
    return b"".join(Writer(reader, target).level(reader.elements(source), source))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (raw.implicit(0x00100020, b"17"), raw.element(0x00100020, "LO", b"17")),
        (raw.implicit(0x00090010, b"MAKER "), raw.element(0x00090010, "LO", b"MAKER ")),
        (raw.implicit(0x00091001, b"1234"), raw.element(0x00091001, "UN", b"1234")),
        (raw.implicit(0x60023000, b"1234"), raw.element(0x60023000, "OW", b"1234")),
        (raw.implicit(0x00080999, b"12"), raw.element(0x00080999, "UN", b"12")),
        (raw.implicit(0x00280106, b"12"), raw.element(0x00280106, "US", b"12")),
        (raw.implicit(0x7FE00010, b"12"), raw.element(0x7FE00010, "OW", b"12")),
        (raw.implicit(0x00081110, b""), raw.sequence(0x00081110, undefined=True)),
        (raw.implicit(0x00280000, b"1234"), b""),
    ],
)
def test_elements_without_a_vr_get_the_one_of_the_dictionary(before: bytes, after: bytes) -> None:
    assert rewritten(before) == after


def test_numbers_that_may_be_signed_are_as_the_pixels_are() -> None:
    signed = raw.implicit(0x00280103, b"\1\0") + raw.implicit(0x00280106, b"\xff\xff")
    assert rewritten(signed) == raw.element(0x00280103, "US", b"\1\0") + raw.element(0x00280106, "SS", b"\xff\xff")


def test_a_value_too_long_for_its_vr_becomes_one_of_unknown_vr() -> None:
    value = b"1\\" * 40000
    assert rewritten(raw.implicit(0x00280010, value)) == raw.element(0x00280010, "UN", value)


@pytest.mark.parametrize("undefined", [True, False])
def test_sequences_are_walked_whatever_their_lengths_are(undefined: bool) -> None:
    def inside(patient: bytes) -> bytes:
        return raw.sequence(
            0x00081110, raw.item(patient, undefined=undefined), raw.item(b"", undefined=undefined), undefined=undefined
        )

    explicit = raw.element(0x00100020, "LO", b"17")
    outer = raw.sequence(0x00081115, raw.item(inside(explicit), undefined=undefined), undefined=undefined)
    endless = raw.sequence(
        0x00081110, raw.item(explicit, undefined=True), raw.item(b"", undefined=True), undefined=True
    )
    there = rewritten(outer, EXPLICIT_LITTLE, IMPLICIT_LITTLE)
    assert rewritten(there) == raw.sequence(0x00081115, raw.item(endless, undefined=True), undefined=True)


def test_an_unknown_sequence_holds_implicit_vr_whatever_is_around_it() -> None:
    inside = raw.implicit(0x00100020, b"17")
    content = raw.sequence(0x00091001, raw.item(inside, undefined=True), undefined=True, vr="UN")
    there = rewritten(content, EXPLICIT_LITTLE, IMPLICIT_LITTLE)
    explicit = raw.element(0x00100020, "LO", b"17")
    assert rewritten(there) == raw.sequence(0x00091001, raw.item(explicit, undefined=True), undefined=True)


def big(tag: int, vr: str, value: bytes) -> bytes:
    number = (tag >> 16).to_bytes(2, "big") + (tag & 0xFFFF).to_bytes(2, "big") + vr.encode()
    if vr in ("OB", "OW", "OF", "OD", "OV", "UN"):
        return number + b"\0\0" + len(value).to_bytes(4, "big") + value
    return number + len(value).to_bytes(2, "big") + value


@pytest.mark.parametrize(
    ("vr", "before", "after"),
    [
        ("US", "0102", "0201"),
        ("AT", "00100020", "10002000"),
        ("OW", "01020304", "02010403"),
        ("UL", "01020304", "04030201"),
        ("FL", "01020304", "04030201"),
        ("FD", "0102030405060708", "0807060504030201"),
        ("OB", "01020304", "01020304"),
        ("LO", "41424344", "41424344"),
        ("UN", "01020304", "01020304"),
    ],
)
def test_of_big_endian_values_the_bytes_of_each_number_are_swapped(vr: str, before: str, after: str) -> None:
    content = big(0x00080999, vr, bytes.fromhex(before))
    assert rewritten(content, BIG) == raw.element(0x00080999, vr, bytes.fromhex(after))


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (raw.element(0x00100020, "LO", b"17", length=400), InstanceFault),
        (raw.element(0x00100020, "LO", b"17")[:7], InstanceFault),
        (raw.element(0x00100020, "ZZ", b"17"), InstanceFault),
        (raw.element(0x00100020, "UT", b"17", length=raw.UNDEFINED), InstanceFault),
        (raw.sequence(0x00081110, raw.item(b"", length=99)), InstanceFault),
        (raw.sequence(0x00081110, raw.element(0x00100020, "LO", b"17")), InstanceFault),
        (raw.nested(5), InstanceFault),
        (raw.nested(20000), InstanceFault),
        (raw.sequence(0x7FE00010, raw.item(b"12"), undefined=True, vr="OB"), SyntaxRefused),
    ],
    ids=["length", "head", "VR", "no length", "item", "no item", "no end", "deep", "compressed"],
)
def test_d_01_d_03_what_cannot_be_followed_is_refused(content: bytes, refusal: type[Fault]) -> None:
    with pytest.raises(refusal):
        rewritten(content, EXPLICIT_LITTLE, IMPLICIT_LITTLE)


def test_a_number_that_ends_in_its_middle_is_refused() -> None:
    with pytest.raises(InstanceFault, match="its VR does not allow"):
        rewritten(big(0x00280010, "US", b"123"), BIG)
