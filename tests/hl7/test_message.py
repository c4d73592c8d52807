from __future__ import annotations

from datetime import date

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.errors import MessageFault
from linkexchange.hl7 import NULL, Header, Message

ORU = (
    "MSH|^~\\&|RIS|KLINIK|NODE|KLINIK|20260301120000||ORU^R01^ORU_R01|4711|P|2.5||||||8859/1\r"
    'PID|1||0815^^^KLINIK&1.2.3&ISO^PI~A123456780^^^&1.2.276.0.76.4.8&ISO^SS||Müller^Jörg||19700102|M|""\r'
    "OBR|1||ACC7|CT^Sch\\T\\del\r"
    "OBX|1|ST|113014^DICOM Study^DCM||1.2.3.4||||||F\r"
)


def _message(text: str = ORU, codec: str = "latin-1") -> Message:
    return Message.read(text.encode(codec))


def test_the_header_says_what_kind_of_message_it_is_and_under_which_number_it_is_answered() -> None:
    header = _message().header
    assert (header.kind, header.trigger, header.control_id) == ("ORU", "R01", "4711")


def test_fields_have_the_numbers_of_the_standard_in_msh_as_well_as_elsewhere() -> None:
    message = _message()
    read = [message.header.segment.field(1), message.header.segment.text(4), message.one("OBR").text(3)]
    assert read == ["|", "KLINIK", "ACC7"]


def test_repetitions_keep_their_components_and_subcomponents() -> None:
    numbers = _message().one("PID").repetitions(3)
    assert [(it.component(), it.component(4, sub=2)) for it in numbers] == [
        ("0815", "1.2.3"),
        ("A123456780", "1.2.276.0.76.4.8"),
    ]


def test_what_is_not_there_is_empty_and_what_is_to_be_deleted_says_so() -> None:
    patient = _message().one("PID")
    assert (patient.text(2), patient.text(99), patient.text(9), patient.repetitions(2)) == ("", "", NULL, [])


def test_a_day_is_read_from_a_date_and_from_a_time() -> None:
    message = _message()
    assert (message.one("PID").first(7).day, message.header.segment.first(7).day) == (
        date(1970, 1, 2),
        date(2026, 3, 1),
    )


@pytest.mark.parametrize("value", ["19701302", "1970", "", "heute", "00000000"])
def test_what_is_no_day_is_none(value: str) -> None:
    assert _message(ORU.replace("19700102", value)).one("PID").first(7).day is None


@pytest.mark.parametrize(
    ("term", "codec"),
    [
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859_15"),
        ("ISO 8859-1", "latin-1"),
        ("UNICODE UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("WINDOWS-1252", "cp1252"),
        ("UNICODE UTF-8~8859/1", "utf-8"),
        ("", "latin-1"),
        ("ASCII", "latin-1"),
    ],
)
def test_a_name_is_read_in_the_character_set_that_holds(term: str, codec: str) -> None:
    message = _message(ORU.replace("8859/1", term, 1), codec)
    assert message.one("PID").text(5) == "Müller"


def test_the_character_set_of_the_house_holds_where_the_message_names_none() -> None:
    message = Message.read(ORU.replace("8859/1", "").encode(), charset="UNICODE UTF-8")
    assert message.one("PID").text(5, 2) == "Jörg"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\"),
        ("a\\.br\\b", "a\nb"),
        ("\\H\\fett\\N\\", "fett"),
        ("\\XFC\\", "ü"),
        ("\\Xzz\\", "\\Xzz\\"),
        ("\\Z7\\", "\\Z7\\"),
        ("50\\", "50\\"),
    ],
)
def test_escape_sequences_are_resolved_and_what_is_none_stays(written: str, read: str) -> None:
    assert _message(ORU.replace("Müller", written)).one("PID").text(5) == read


def test_other_separators_than_the_usual_ones_hold() -> None:
    other = Message.read(b"MSH#*+!%#A#B#C#D###ADT*A08#1#P#2.5\rPID###1***X%2.3%ISO+2\r")
    assert (other.header.trigger, other.one("PID").first(3).component(4, sub=2)) == ("A08", "2.3")


def test_lines_may_end_with_a_line_feed_beside_or_instead_of_the_carriage_return() -> None:
    ends = ["\r\n", "\n"]
    assert [_message(ORU.replace("\r", end)).one("OBR").text(3) for end in ends] == ["ACC7", "ACC7"]


def test_a_line_feed_within_a_text_ends_no_segment() -> None:
    assert _message(ORU.replace("ACC7", "A\nB")).one("OBR").text(3) == "A\nB"


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        (b"", "MSH"),
        (b"PID|1", "MSH"),
        (b"MSH", "MSH"),
        (b"MSH|^^^^|", "separators"),
        (b"MSHA^~\\&A", "separators"),
        (b"MSH|\xfc~\\&|", "separators"),
        (ORU.replace("8859/1", "8859/77").encode("latin-1"), "MSH-18"),
        (ORU.replace("8859/1", "UNICODE UTF-8").encode("latin-1"), "MSH-18"),
        (ORU.encode("latin-1") + b"nonsense\r", "segment 5"),
        (b"MSH|^~\\&|\r" + b"OBX|1\r" * 20_001, "too many"),
    ],
)
def test_what_is_no_message_is_refused_with_the_place_and_without_a_value(block: bytes, cause: str) -> None:
    with pytest.raises(MessageFault, match=cause) as refused:
        Message.read(block)
    assert "Müller" not in str(refused.value)


def test_a_segment_that_must_be_there_is_named() -> None:
    with pytest.raises(MessageFault, match="PV1 is missing"):
        _message().one("PV1")


def test_nothing_that_is_printed_of_a_message_is_patient_data() -> None:
    assert "Müller" not in repr(_message()) + repr(_message().one("PID").repetitions(5))


def test_a_mebibyte_of_separators_is_read_at_the_cost_of_its_bytes() -> None:
    message = _message(ORU + "OBX|1|ED|" + "^" * (1 << 20) + "x\r")
    assert message.all("OBX")[1].text(3, 2) == ""


_FIELD = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x0b\x1c"), max_size=12)


@given(values=st.lists(_FIELD, min_size=1, max_size=6))
def test_what_is_written_is_read_back_here_and_by_another_reader(values: list[str]) -> None:
    header = Header.read(ORU.encode("latin-1"))
    line = "ZZZ|" + "|".join(header.encoding.written(value) for value in values)
    text = ORU + line
    ours = Message.read(text.encode("latin-1")).one("ZZZ")
    theirs = hl7.parse(text.replace("\x85", "?").replace("\x1d", "?").replace("\x1e", "?")).segment("ZZZ")
    assert [ours.text(number) for number in range(1, len(values) + 1)] == values
    assert len(theirs) == len(values) + 1


@given(block=st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_a_message_or_a_fault_of_the_sender(block: bytes) -> None:
    for start in (b"", b"MSH|^~\\&|"):
        try:
            message = Message.read(start + block)
        except MessageFault:
            continue
        for segment in message.segments:
            segment.text(3, 2, sub=2)
