from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom import dimse_messages
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import decode, encode
from pynetdicom.pdu_primitives import P_DATA
from rawdicom import joined

from linkexchange.dicom import pdu
from linkexchange.dicom.command import COMMAND_MAX_BYTES, Command, Field
from linkexchange.errors import MessageFault

US = st.integers(0, 0xFFFF)
COUNT = st.none() | US
AE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", max_size=16)
# Up to the 64 bytes that a UID may have.
UIDS = st.one_of(
    st.just(""),
    st.lists(st.integers(1, 10**9), min_size=1, max_size=6).map(lambda arcs: ".".join(map(str, [1, 2, *arcs]))),
    st.just("1." + "2" * 62),
)
COMMANDS = st.builds(
    Command,
    st.sampled_from(Field),
    number=COUNT,
    answers=COUNT,
    sop_class=UIDS,
    sop_instance=UIDS,
    status=COUNT,
    priority=COUNT,
    has_data_set=st.booleans(),
    move_destination=AE,
    originator=AE,
    originator_number=COUNT,
    counts=st.tuples(COUNT, COUNT, COUNT, COUNT),
)
KEYWORDS = {
    "number": "MessageID",
    "answers": "MessageIDBeingRespondedTo",
    "sop_class": "AffectedSOPClassUID",
    "sop_instance": "AffectedSOPInstanceUID",
    "status": "Status",
    "priority": "Priority",
    "move_destination": "MoveDestination",
    "originator": "MoveOriginatorApplicationEntityTitle",
    "originator_number": "MoveOriginatorMessageID",
}
COUNTS = (
    "NumberOfRemainingSuboperations",
    "NumberOfCompletedSuboperations",
    "NumberOfFailedSuboperations",
    "NumberOfWarningSuboperations",
)


def as_pydicom(command: Command) -> Dataset:
    """The command set as pydicom's data set."""
    ds = Dataset()
    ds.CommandField = command.field.value
    ds.CommandDataSetType = 1 if command.has_data_set else 0x0101
    values = {keyword: getattr(command, name) for name, keyword in KEYWORDS.items()}
    for keyword, value in (values | dict(zip(COUNTS, command.counts, strict=True))).items():
        if value not in (None, ""):
            setattr(ds, keyword, value)
    return ds


def element(number: int, value: bytes) -> bytes:
    return b"\0\0" + number.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value


@given(COMMANDS)
def test_pydicom_reads_every_command_that_is_written(command: Command) -> None:
    encoded = command.encode()
    read = decode(BytesIO(encoded), is_implicit_vr=True, is_little_endian=True)
    assert read.CommandGroupLength == len(encoded) - 12
    del read.CommandGroupLength
    assert {it.keyword: it.value for it in read} == {it.keyword: it.value for it in as_pydicom(command)}


@given(COMMANDS)
def test_every_command_that_pydicom_writes_is_read(command: Command) -> None:
    encoded = encode(as_pydicom(command), is_implicit_vr=True, is_little_endian=True)
    assert encoded is not None
    assert Command.decode(encoded) == command


@given(COMMANDS)
def test_what_is_written_is_read_alike(command: Command) -> None:
    assert Command.decode(command.encode()) == command


@pytest.mark.parametrize(
    "command",
    [
        Command(Field.C_STORE_RQ, answers=1, status=0),
        Command(Field.C_ECHO_RQ),
        Command(Field.C_STORE_RSP, 1, status=0),
        Command(Field.C_GET_RSP, answers=1),
        Command(Field.C_CANCEL_RQ, 1),
    ],
)
def test_d_13_a_command_without_what_every_one_of_its_kind_has_is_a_fault(command: Command) -> None:
    with pytest.raises(MessageFault):
        command.check()


@pytest.mark.parametrize("field", list(Field))
@given(st.data())
def test_pynetdicom_takes_every_message_out_of_our_pdus(field: Field, data: st.DataObject) -> None:
    """From command set to a message of pynetdicom's, in PDUs of any length."""
    command = data.draw(COMMANDS)
    command = Command(field, command.number, sop_class=command.sop_class, status=command.status)
    message = dimse_messages.DIMSEMessage()
    stream = pdu.write_command(command.encode(), 3, data.draw(st.integers(8, 300)))
    assert message.decode_msg(_primitive(stream))
    assert type(message).__name__ == field.name
    assert message.context_id == 3


@given(UIDS, st.binary(max_size=99))
def test_pynetdicom_takes_a_message_with_its_data_set_out_of_our_pdus(uid: str, content: bytes) -> None:
    command = Command(Field.C_STORE_RQ, sop_class=uid, has_data_set=True)
    twice = content + content
    stream = pdu.write_command(command.encode(), 7, 40) + joined(pdu.write_data([twice], 7, 40))
    message = dimse_messages.DIMSEMessage()
    assert message.decode_msg(_primitive(stream))
    assert message.data_set.getvalue() == twice


@given(US, st.sampled_from([16, 100, 16384]))
def test_a_message_that_pynetdicom_sends_is_read(status: int, max_bytes: int) -> None:
    answer = C_STORE()
    answer.MessageIDBeingRespondedTo, answer.AffectedSOPClassUID, answer.Status = 7, "1.2.3", status
    message = dimse_messages.C_STORE_RSP()
    message.primitive_to_message(answer)
    parts = [value for one in message.encode_msg(1, max_bytes) for _, value in one.presentation_data_value_list]
    read = Command.decode(b"".join(part[1:] for part in parts))
    assert read == Command(Field.C_STORE_RSP, answers=7, sop_class="1.2.3", status=status)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_command_or_a_fault(content: bytes) -> None:
    try:
        Command.decode(content)
    except MessageFault:
        return


@given(COMMANDS, st.data())
def test_a_command_that_is_cut_off_is_a_fault_or_says_less(command: Command, data: st.DataObject) -> None:
    encoded = command.encode()
    try:
        Command.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])
    except MessageFault:
        return


FIELD = element(0x0100, b"\1\0")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(element(0x0100, b"\x77\x77"), id="a field that is not known"),
        pytest.param(element(0x0100, b"\1\0\0\0"), id="a field of four bytes"),
        pytest.param(FIELD + FIELD, id="twice the same"),
        pytest.param(element(0x0110, b"\1\0") + FIELD, id="out of order"),
        pytest.param(FIELD + b"\x08\0\x18\0\4\0\0\0" + b"1.2\0", id="another group"),
        pytest.param(FIELD + element(0x0110, b"\1\0")[:-1], id="over the end"),
        pytest.param(FIELD + b"\0\0\x10\1\xff\xff\xff\xff", id="undefined length"),
        pytest.param(FIELD + element(0x1000, b"../../etc\0"), id="no UID"),
        pytest.param(FIELD + element(0x1000, b"1" * 66), id="a UID that is too long"),
        pytest.param(FIELD + b"\0\0", id="half a head"),
    ],
)
def test_d_13_a_command_set_that_is_malformed_is_a_fault(content: bytes) -> None:
    with pytest.raises(MessageFault):
        Command.decode(content)


def test_what_else_a_peer_writes_into_a_command_is_passed_over() -> None:
    content = element(0, b"\xff\xff\xff\xff") + FIELD + element(0x0110, b"\7\0") + element(0x5110, b"odd")
    assert Command.decode(content) == Command(Field.C_STORE_RQ, 7)


def test_a_request_for_a_move_of_the_longest_names_fits_well_into_the_limit() -> None:
    longest = Command(Field.C_MOVE_RQ, 1, sop_class="1" * 64, move_destination="X" * 16, originator="Y" * 16)
    assert len(longest.encode()) < COMMAND_MAX_BYTES / 100


def _primitive(stream: bytes) -> P_DATA:
    """All fragments of a row of PDUs, as pynetdicom hands them on."""
    primitive, found, at = P_DATA(), [], 0
    while at < len(stream):
        start = at + pdu.HEAD_BYTES
        at = start + pdu.read_head(stream[at:start])[1]
        found += [
            [it.context, bytes((it.is_command + 2 * it.is_last,)) + bytes(it.content)]
            for it in pdu.read_pdvs(memoryview(stream)[start:at])
        ]
    primitive.presentation_data_value_list = found
    return primitive
