from __future__ import annotations

from contextlib import suppress

import pytest
import rawdicom as raw
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.dataset.elements import Wanted
from linkexchange.dataset.scan import Scanner
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid

ID, OTHER_IDS, ISSUER, QUALIFIERS, OID = 0x00100020, 0x00101002, 0x00100021, 0x00100024, 0x00400032
WANTED: Wanted = {ID: None, OTHER_IDS: {ID: None, QUALIFIERS: {OID: None}}}
SEEDS = [
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "JPEG2000.dcm",
    "image_dfl.dcm",
    "test-SR.dcm",
    "rtplan.dcm",
    "liver_1frame.dcm",
    "reportsi.dcm",
]


def scan(content: bytes, *, syntax: str = raw.EXPLICIT, wanted: Wanted | None = None, size: int = 1 << 20) -> Scanner:
    scanner = Scanner(TransferSyntaxUid(syntax), wanted=wanted)
    for piece in raw.pieces(content, size):
        scanner.feed(piece)
    scanner.close()
    return scanner


@pytest.mark.parametrize("undefined", [False, True])
def test_wanted_values_are_kept_at_the_top_and_inside_items(undefined: bool) -> None:
    qualifiers = raw.sequence(QUALIFIERS, raw.item(raw.element(OID, "UT", b"1.2.3\0"), undefined=undefined))
    items = [
        raw.item(raw.element(ID, "LO", b"ONE ") + qualifiers, undefined=undefined),
        raw.item(raw.element(ID, "LO", b"TWO ") + raw.element(ISSUER, "LO", b"X "), undefined=undefined),
    ]
    content = raw.element(ID, "LO", b"ZERO") + raw.sequence(OTHER_IDS, *items, undefined=undefined)
    kept = {ID: b"ZERO", OTHER_IDS: [{ID: b"ONE ", QUALIFIERS: [{OID: b"1.2.3\0"}]}, {ID: b"TWO "}]}
    assert scan(content, wanted=WANTED).content == kept


@given(st.data())
def test_the_boundaries_of_chunks_do_not_matter(data: st.DataObject) -> None:
    content = raw.element(ID, "LO", b"ZERO") + raw.sequence(
        OTHER_IDS, raw.item(raw.element(ID, "LO", b"ONE "), undefined=True), undefined=True
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)))))
    scanner = Scanner(TransferSyntaxUid(raw.EXPLICIT), wanted=WANTED)
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        scanner.feed(content[start:end])
    scanner.close()
    assert scanner.content == {ID: b"ZERO", OTHER_IDS: [{ID: b"ONE "}]}


def test_the_walk_ends_at_the_first_tag_from_the_limit_on() -> None:
    scanner = Scanner(TransferSyntaxUid(raw.EXPLICIT), wanted=WANTED, until=0x00200000)
    scanner.feed(raw.element(ID, "LO", b"ZERO") + raw.element(0x00280010, "US", b"\0\0") + b"garbage")
    scanner.close()
    assert scanner.finished


def test_what_is_unknown_and_without_length_is_walked_as_implicit() -> None:
    inside = raw.item(raw.implicit(0x00080100, b"CODE"), undefined=True)
    unknown = raw.sequence(0x00091001, inside, undefined=True, vr="UN")
    assert scan(unknown + raw.element(ID, "LO", b"ZERO"), wanted=WANTED).content == {ID: b"ZERO"}


def test_an_item_that_falls_back_to_implicit_is_walked_where_nobody_wants_it() -> None:
    fallen = raw.sequence(0x00091001, raw.item(raw.implicit(0x00080100, b"CODE"), undefined=True), undefined=True)
    assert scan(fallen + raw.element(ID, "LO", b"ZERO"), wanted=WANTED).content == {ID: b"ZERO"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (raw.element(ID, "LO", b"ONE ") + raw.element(ID, "LO", b"TWO "), "(0010,0020) stands twice or out of order"),
        (raw.element(ID, "LO", b"ONE ") + raw.element(0x00080005, "CS"), "(0008,0005) stands twice or out of order"),
        (raw.element(0x00020010, "UI", b"1.2\0"), "(0002,0010) stands twice or out of order"),
        (raw.element(ID, "??", b"ONE "), "unknown VR in (0010,0020)"),
        (raw.element(ID, "ZZ", b"ONE "), "unknown VR in (0010,0020)"),
        (raw.element(ID, "UT", b"ONE ", length=raw.UNDEFINED), "no length in (0010,0020)"),
        (raw.element(ID, "LO", b"ONE ", length=0xFFF0), "cut off at (0010,0020)"),
        (raw.element(0x7FE00010, "OW", b"\0\0", length=0xFFFFFFF0), "cut off at (7FE0,0010)"),
        (raw.element(ID, "LO", b"ONE ")[:-6], "cut off at (0000,0000)"),
        (raw.element(ID, "LO", b"ONE ") + b"\x10\0\x30", "cut off at (0010,0020)"),
        (raw.element(ID, "UT", bytes(1 << 17)), "(0010,0020) is too long"),
        (raw.ITEM_END, "a delimiter that ends nothing"),
        (raw.SEQUENCE_END, "a delimiter where an element must be"),
        (raw.sequence(OTHER_IDS, raw.SEQUENCE_END), "a delimiter that ends nothing"),
        (raw.sequence(OTHER_IDS, raw.element(ID, "LO", b"ONE ")), "no item where one must be"),
        (raw.sequence(OTHER_IDS, raw.item(b"", length=99)), "a length beyond what is around it"),
        (raw.sequence(OTHER_IDS, raw.item(raw.element(ID, "LO", b"ONE ", length=99))), "a length beyond"),
        (raw.sequence(OTHER_IDS, raw.item(raw.element(ID, "LO", b"ONE ")[:6])) + bytes(99), "a length beyond"),
        (
            raw.sequence(OTHER_IDS, raw.item(raw.sequence(ISSUER, undefined=True)[:8]))
            + b"\xff" * 4
            + raw.SEQUENCE_END,
            "an item runs over its end",
        ),
        (raw.sequence(OTHER_IDS, raw.item(b"", undefined=True)[:-8], undefined=True), "delimiter where an element"),
        (raw.element(0x7FE00010, "OB", raw.item(b"", undefined=True), length=raw.UNDEFINED), "a length beyond"),
    ],
)
def test_what_cannot_be_followed_is_a_fault_that_names_the_tag(content: bytes, complaint: str) -> None:
    with pytest.raises(InstanceFault) as caught:
        scan(content, wanted=WANTED)
    assert complaint in caught.value.detail


@pytest.mark.parametrize("depth", [33, 300, 20_000])
def test_sequences_nested_too_deep_are_a_fault(depth: int) -> None:
    with pytest.raises(InstanceFault, match="nested too deep"):
        scan(raw.nested(depth))


def test_sequences_nested_as_deep_as_allowed_are_walked() -> None:
    scan(raw.nested(32) + (raw.ITEM_END + raw.SEQUENCE_END) * 32)


@pytest.mark.parametrize("seed", SEEDS)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_walked_and_nothing_else(seed: str, data: st.DataObject) -> None:
    file = (raw.SHIPPED / "test_files" / seed).read_bytes()[: 16 << 10]
    syntax = data.draw(st.sampled_from([raw.EXPLICIT, raw.IMPLICIT, raw.BIG_ENDIAN, raw.DEFLATED]))
    content = bytearray(file[data.draw(st.integers(128, 600)) :])
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InstanceFault):
        scan(bytes(content), syntax=syntax, wanted=WANTED, size=data.draw(st.integers(1, 5000)))


def sequences(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Well made or damaged: items with and without length, and delimiters that say something."""
    items = st.builds(raw.item, inside, undefined=st.booleans()) | st.sampled_from([raw.ITEM_END, b"", b"\0" * 8])
    made = st.builds(
        lambda tag, these, undefined: raw.sequence(tag, *these, undefined=undefined),
        TAGS,
        st.lists(items),
        st.booleans(),
    )
    return st.tuples(st.lists(made | plain, max_size=4)).map(lambda parts: b"".join(parts[0]))


TAGS = st.sampled_from([ID, ISSUER, QUALIFIERS, OTHER_IDS, OID])
plain = st.builds(
    raw.element,
    TAGS,
    st.sampled_from(["LO", "UT", "UN", "XX"]),
    st.binary(max_size=5),
)


@given(
    content=st.recursive(st.lists(plain, max_size=3).map(b"".join), sequences, max_leaves=6),
    change=st.none() | st.tuples(st.integers(0, 10_000), st.integers(0, 255)),
    syntax=st.sampled_from([raw.EXPLICIT, raw.IMPLICIT]),
)
def test_what_is_read_at_a_leap_is_what_is_read_byte_by_byte(
    content: bytes, change: tuple[int, int] | None, syntax: str
) -> None:
    """Nothing can be leapt over in a single byte, so the careful way is the measure."""
    damaged = bytearray(content)
    if change and content:
        damaged[change[0] % len(content)] = change[1]
    verdicts = []
    for size in (1 << 20, 1):
        try:
            verdicts.append(scan(bytes(damaged), syntax=syntax, wanted=WANTED, size=size).content)
        except InstanceFault:
            verdicts.append({})
    assert verdicts[0] == verdicts[1]
