"""Lists of UIDs are read as fast when all rows are alike as they are read with care when they are not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.dicom import identifier
from linkexchange.dicom.identifier import ACCESSION, SERIES, SOP_INSTANCE, STUDY, text
from linkexchange.dicom.rows import Rows
from linkexchange.errors import MessageFault

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
ABOVE = {STUDY: "1.2", SERIES: "1.2.1"}
syntaxes = st.sampled_from([IMPLICIT, EXPLICIT])
keys = st.fixed_dictionaries(
    {SOP_INSTANCE: st.from_regex(r"1\.[1-9]{1,20}", fullmatch=True)},
    optional={
        STUDY: st.just("1.2"),
        SERIES: st.sampled_from(["1.2.1", ""]),
        ACCESSION: st.text("A1 ", max_size=3),
    },
)


def reader(syntax: str = EXPLICIT) -> Rows:
    return Rows(ABOVE, SOP_INSTANCE, syntax)


@given(syntaxes, st.lists(keys, max_size=6))
def test_every_row_says_what_a_careful_reader_finds_in_it(syntax: str, rows: Sequence[dict[int, str]]) -> None:
    quick, answers = reader(syntax), [identifier.encode(row, syntax) for row in rows]
    careful = [text(identifier.decode(answer, syntax, {SOP_INSTANCE: None}), SOP_INSTANCE) for answer in answers]
    assert [quick.read(answer) for answer in answers] == careful == [row[SOP_INSTANCE] for row in rows]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("tag", [STUDY, SERIES])
def test_a_row_about_something_else_is_a_fault_also_behind_many_that_are_alike(syntax: str, tag: int) -> None:
    quick = reader(syntax)
    for number in range(1, 20):
        assert quick.read(identifier.encode({**ABOVE, SOP_INSTANCE: f"1.{number}"}, syntax)) == f"1.{number}"
    with pytest.raises(MessageFault, match="something else"):
        quick.read(identifier.encode({**ABOVE, SOP_INSTANCE: "1.20", tag: "1.9"}, syntax))


def test_a_row_that_ends_in_the_middle_of_its_uid_is_a_fault_also_behind_others() -> None:
    quick, row = reader(), identifier.encode({SOP_INSTANCE: "1.2345"}, EXPLICIT)
    assert quick.read(row) == "1.2345"
    for end in range(len(row) - 6, len(row)):
        with pytest.raises(MessageFault):
            quick.read(row[:end])


def test_a_uid_that_stands_in_a_row_twice_is_no_landmark() -> None:
    value = identifier.element(SOP_INSTANCE, "1.23", True)
    hidden = identifier.element(ACCESSION, "", True)[:6] + len(value).to_bytes(2, "little") + value
    quick = reader()
    for uid in ("1.23", "1.24"):
        assert quick.read(identifier.element(SOP_INSTANCE, uid, True) + hidden) == uid


@given(st.binary(max_size=60))
def test_any_bytes_behind_a_good_row_are_read_or_are_a_fault(content: bytes) -> None:
    quick = reader()
    quick.read(identifier.encode({SOP_INSTANCE: "1.23"}, EXPLICIT))
    try:
        quick.read(content)
    except MessageFault:
        return
