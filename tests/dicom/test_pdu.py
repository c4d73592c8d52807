from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA
from rawdicom import joined

from linkexchange.dicom import pdu
from linkexchange.errors import InstanceFault, MessageFault

MAX_BYTES = st.one_of(
    st.integers(8, 80), st.sampled_from([0, 0xFFFFFFFF, 16384, 16383, 4096, pdu.PDU_MAX_BYTES + 1, 1 << 20])
)
CHUNKS = st.lists(st.one_of(st.binary(max_size=3), st.binary(max_size=400)), max_size=12)
CONTEXTS = st.integers(0, 127).map(lambda number: 2 * number + 1)
COMMAND, LAST = 1, 2


def bodies(stream: bytes) -> Iterator[bytes]:
    """The bodies of a row of PDUs, all of which are P-DATA."""
    rest = io.BytesIO(stream)
    while head := rest.read(pdu.HEAD_BYTES):
        kind, length = pdu.read_head(head)
        assert kind is pdu.Type.P_DATA
        body = rest.read(length)
        assert len(body) == length
        yield body


def understood(body: bytes) -> list[tuple[int, bytes]]:
    """Context and content, with the message control header, as pynetdicom reads a P-DATA body."""
    read = P_DATA_TF()
    read.decode(pdu.write(pdu.Type.P_DATA, body))
    return [(item.presentation_context_id, item.presentation_data_value) for item in read.presentation_data_value_items]


def ours(body: bytes) -> list[tuple[int, bytes]]:
    return [
        (it.context, bytes((it.is_command * COMMAND | it.is_last * LAST,)) + bytes(it.content))
        for it in pdu.read_pdvs(memoryview(body))
    ]


def even(chunks: Sequence[bytes]) -> Sequence[bytes]:
    return [*chunks, b"\0"] if len(b"".join(chunks)) % 2 else chunks


@given(CHUNKS.map(even), CONTEXTS, MAX_BYTES)
def test_pynetdicom_reads_every_data_set_that_is_written(chunks: Sequence[bytes], context: int, max_bytes: int) -> None:
    read = [it for body in bodies(joined(pdu.write_data(chunks, context, max_bytes))) for it in understood(body)]
    assert {number for number, _ in read} == {context}
    assert b"".join(value[1:] for _, value in read) == b"".join(chunks)
    assert [value[0] for _, value in read] == [0] * (len(read) - 1) + [LAST]


@given(st.binary(min_size=1, max_size=600), CONTEXTS, MAX_BYTES)
def test_pynetdicom_reads_every_command_that_is_written(command: bytes, context: int, max_bytes: int) -> None:
    read = [it for body in bodies(pdu.write_command(command, context, max_bytes)) for it in understood(body)]
    assert {number for number, _ in read} == {context}
    assert b"".join(value[1:] for _, value in read) == command
    assert [value[0] for _, value in read] == [COMMAND] * (len(read) - 1) + [COMMAND | LAST]


@given(CHUNKS.map(even), MAX_BYTES)
def test_no_body_is_longer_than_the_peer_takes_and_every_fragment_is_even(
    chunks: Sequence[bytes], max_bytes: int
) -> None:
    for body in bodies(joined(pdu.write_data(chunks, 1, max_bytes))):
        assert len(body) <= min(max_bytes or pdu.PDU_MAX_BYTES, pdu.PDU_MAX_BYTES)
        assert all(len(it.content) % 2 == 0 for it in pdu.read_pdvs(memoryview(body)))


@given(st.lists(st.tuples(CONTEXTS, st.integers(0, 3), st.binary(max_size=50)), min_size=1, max_size=8))
def test_what_pynetdicom_writes_is_read_alike(fragments: list[tuple[int, int, bytes]]) -> None:
    values = [[number, bytes((control,)) + content] for number, control, content in fragments]
    written = P_DATA()
    written.presentation_data_value_list = values
    encoded = P_DATA_TF(written).encode()
    kind, length = pdu.read_head(encoded[: pdu.HEAD_BYTES])
    assert (kind, length) == (pdu.Type.P_DATA, len(encoded) - pdu.HEAD_BYTES)
    assert [list(it) for it in ours(encoded[pdu.HEAD_BYTES :])] == values


@given(st.binary(max_size=60))
def test_any_body_is_read_as_pynetdicom_reads_it_or_is_a_fault(body: bytes) -> None:
    try:
        read = ours(body)
    except MessageFault:
        return
    # The reserved bits of the message control header are passed over (PS3.8 annex E.2).
    assert read == [(number, bytes((value[0] & 3,)) + value[1:]) for number, value in understood(body)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="no fragment"),
        pytest.param(b"\0\0\0\0", id="length 0"),
        pytest.param(b"\0\0\0\1\1", id="length 1"),
        pytest.param(b"\0\0\0\x03\1\3", id="over the end by one"),
        pytest.param(b"\xff\xff\xff\xff\1\3abcd", id="over the end by far"),
        pytest.param(b"\0\0\0\2\1\3\0\0", id="half a length after a whole fragment"),
        pytest.param(b"\0\0", id="half a length"),
    ],
)
def test_d_13_a_fragment_that_does_not_fit_its_pdu_is_a_fault(body: bytes) -> None:
    with pytest.raises(MessageFault):
        list(pdu.read_pdvs(memoryview(body)))


def test_a_fragment_without_content_is_none_the_less_one() -> None:
    [pdv] = pdu.read_pdvs(memoryview(b"\0\0\0\2\1\2"))
    assert (pdv.is_last, len(pdv.content)) == (True, 0)


@pytest.mark.parametrize("kind", [0x00, 0x08, 0x47, 0x16, 0xFF])
def test_a_type_that_is_not_known_is_a_fault(kind: int) -> None:
    with pytest.raises(MessageFault, match="unknown PDU type"):
        pdu.read_head(bytes((kind, 0, 0, 0, 0, 4)))


@pytest.mark.parametrize("length", [pdu.PDU_CAP_BYTES + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_d_13_a_length_beyond_the_cap_is_a_fault_before_any_of_it_is_read(length: int) -> None:
    with pytest.raises(MessageFault):
        pdu.read_head(b"\x04\0" + length.to_bytes(4, "big"))


@pytest.mark.parametrize("max_bytes", range(1, 8))
def test_a_maximum_length_that_holds_no_fragment_is_a_fault(max_bytes: int) -> None:
    with pytest.raises(MessageFault):
        pdu.fragment_bytes(max_bytes)


@given(CHUNKS, MAX_BYTES)
def test_a_data_set_of_odd_length_never_gets_its_last_fragment(chunks: list[bytes], max_bytes: int) -> None:
    odd = [*even(chunks), b"\0"]
    sent: list[pdu.Pieces] = []
    with pytest.raises(InstanceFault):
        sent.extend(pdu.write_data(odd, 1, max_bytes))
    assert not any(it.is_last for body in bodies(joined(sent)) for it in pdu.read_pdvs(memoryview(body)))


@given(CHUNKS, MAX_BYTES)
def test_whatever_the_chunks_raise_comes_before_the_last_fragment(chunks: list[bytes], max_bytes: int) -> None:
    def broken() -> Iterator[bytes]:
        yield from chunks
        raise LookupError

    sent: list[pdu.Pieces] = []
    with pytest.raises(LookupError):
        sent.extend(pdu.write_data(broken(), 1, max_bytes))
    assert not any(it.is_last for body in bodies(joined(sent)) for it in pdu.read_pdvs(memoryview(body)))


def test_a_large_data_set_leaves_in_blocks_as_it_comes() -> None:
    given, taken = 64, 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(given):
            taken += 1
            yield bytes(pdu.PDU_MAX_BYTES)

    blocks = pdu.write_data(chunks(), 1, 16384)
    sizes = [sum(map(len, block)) for block, _ in zip(blocks, range(8), strict=False)]
    assert max(sizes) <= pdu.BLOCK_BYTES + pdu.PDU_MAX_BYTES
    assert taken < given / 2


def test_a_data_set_without_a_byte_is_one_empty_fragment() -> None:
    [body] = bodies(joined(pdu.write_data([], 5, 0)))
    assert understood(body) == [(5, bytes((LAST,)))]
