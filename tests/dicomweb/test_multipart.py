from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkexchange.dicomweb.multipart import (
    GATHER_BYTES,
    HEAD_MAX_BYTES,
    WINDOW_BYTES,
    Part,
    boundary_of,
    content_type,
    gathered,
    new_boundary,
    read_parts,
    write_parts,
)
from linkexchange.errors import MessageFault, PacsUnavailable, TransferInterrupted
from linkexchange.ports import CHUNK_MAX_BYTES

BOUNDARY = b"0f1e-limit"
ALMOST = (
    b"\r\n--0f1e-limi",
    b"\r\n--",
    b"\r",
    b"\n",
    b"--0f1e-limit",
    b"\r\n--0f1e-limix",
    b"\r\n\r\n",
    b"--0f1e-limit--",
)

contents = st.lists(st.one_of(st.sampled_from(ALMOST), st.binary(max_size=20)), max_size=12).map(b"".join)
bodies = st.lists(contents.filter(lambda content: b"\r\n--" + BOUNDARY not in b"\r\n" + content), max_size=5)
readings = st.lists(st.integers(1, 40), max_size=60)


@given(bodies, readings)
@settings(deadline=None)
def test_what_is_written_is_read_back_wherever_the_network_cuts_it(parts: list[bytes], sizes: list[int]) -> None:
    assert _read(_sliced(_body(parts), sizes)) == parts


@given(bodies, st.data())
@settings(deadline=None)
def test_a_body_that_is_cut_anywhere_before_its_end_is_never_taken_for_whole(
    parts: list[bytes], data: st.DataObject
) -> None:
    body = _body(parts)
    end = len(body) - len(b"--\r\n")
    with pytest.raises(TransferInterrupted):
        _read(io.BytesIO(body[: data.draw(st.integers(0, end))]).readinto)


@given(st.binary(max_size=300), readings)
@settings(deadline=None)
def test_garbage_ends_in_a_fault_if_in_anything(garbage: bytes, sizes: list[int]) -> None:
    with suppress(MessageFault, TransferInterrupted):
        _read(_sliced(b"--" + BOUNDARY + garbage, sizes))


@pytest.mark.parametrize("size", [WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 3 * WINDOW_BYTES + 17])
def test_a_part_larger_than_the_window_comes_in_chunks_of_the_permitted_size(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    body = _body([content[:size]])
    chunks = [chunk for part in _parts(io.BytesIO(body).readinto) for chunk in part.chunks]
    assert b"".join(chunks) == content[:size]
    assert max(map(len, chunks)) <= WINDOW_BYTES <= CHUNK_MAX_BYTES


@pytest.mark.parametrize("shift", range(-3, len(BOUNDARY) + 8))
def test_a_delimiter_across_the_edge_of_the_window_is_seen(shift: int) -> None:
    head = len(_body([b""]).partition(b"\r\n\r\n")[0]) + 4
    first = b"x" * (WINDOW_BYTES - head - shift)
    assert _read(io.BytesIO(_body([first, b"second"])).readinto) == [first, b"second"]


def test_content_that_the_caller_leaves_is_skipped() -> None:
    body = _body([b"first" * 100_000, b"second", b"third"])
    parts = _parts(io.BytesIO(body).readinto)
    next(next(parts).chunks)
    next(parts)
    assert b"".join(next(parts).chunks) == b"third"


def test_heads_are_read_without_regard_to_case() -> None:
    body = b"--%b \t\r\nCONTENT-type: application/dicom\r\nX-Empty:\r\n\r\nx\r\n--%b--" % (BOUNDARY, BOUNDARY)
    assert [part.headers for part in _parts(io.BytesIO(body).readinto)] == [
        {"content-type": "application/dicom", "x-empty": ""}
    ]


def test_a_part_may_have_no_head() -> None:
    body = b"--%b\r\n\r\nx\r\n--%b--" % (BOUNDARY, BOUNDARY)
    assert _read(io.BytesIO(body).readinto) == [b"x"]


def test_preamble_and_epilogue_are_skipped() -> None:
    body = b"once upon a time\r\n" + _body([b"x"]) + b"the end"
    assert _read(io.BytesIO(body).readinto) == [b"x"]


@pytest.mark.parametrize(
    "head",
    [b"no colon", b": no name", b"A: " + b"x" * HEAD_MAX_BYTES, b"A: b\r\n" * HEAD_MAX_BYTES],
    ids=["no-colon", "no-name", "long-line", "many-lines"],
)
def test_w_05_a_malformed_or_oversized_head_is_refused(head: bytes) -> None:
    body = b"--%b\r\n%b\r\n\r\nx\r\n--%b--" % (BOUNDARY, head, BOUNDARY)
    with pytest.raises(MessageFault):
        _read(io.BytesIO(body).readinto)


def test_a_longer_boundary_that_begins_like_ours_is_refused() -> None:
    body = b"--%bX\r\n\r\nx\r\n--%b--" % (BOUNDARY, BOUNDARY)
    with pytest.raises(MessageFault):
        _read(io.BytesIO(body).readinto)


def test_w_05_ten_thousand_parts_are_read_in_less_than_a_second() -> None:
    body = _body([b"x"] * 10_000)
    began = time.process_time()
    assert len(_read(io.BytesIO(body).readinto)) == 10_000
    assert time.process_time() - began < 1


def test_reading_is_faster_than_the_wire() -> None:
    body = _body([b"\r\n-" * 170_000] * 200)
    began = time.process_time()
    for part in _parts(io.BytesIO(body).readinto):
        for _ in part.chunks:
            pass
    assert len(body) / (time.process_time() - began) > 500e6


def test_of_a_part_that_breaks_off_all_comes_that_had_arrived() -> None:
    body = _body([b"whole", b"broken"])
    parts = read_parts(io.BytesIO(body[: body.index(b"broken") + 3]).readinto, BOUNDARY)
    assert b"".join(next(parts).chunks) == b"whole"
    came: list[bytes] = []
    with pytest.raises(TransferInterrupted):
        came.extend(next(parts).chunks)
    assert b"".join(came) == b"bro"


def test_the_caller_says_what_a_broken_body_is_called() -> None:
    parts = read_parts(io.BytesIO(b"").readinto, BOUNDARY, broken=PacsUnavailable)
    with pytest.raises(PacsUnavailable):
        next(parts)


@pytest.mark.parametrize(
    "value",
    [
        'multipart/related; type="application/dicom"; boundary=0f1e-limit',
        'Multipart/Related;boundary="0f1e-limit"; TYPE=application/dicom',
        "multipart/related; boundary=0f1e-limit",
    ],
)
def test_the_boundary_is_taken_from_the_content_type(value: str) -> None:
    assert boundary_of(value) == BOUNDARY


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text/html",
        "multipart/related",
        'multipart/related; boundary=""',
        f"multipart/related; boundary={'b' * 71}",
        "multipart/related; boundary=grün",
        'multipart/related; type="application/octet-stream"; boundary=b',
        "multipart/form-data; boundary=b",
    ],
)
def test_any_other_content_type_is_refused(value: str) -> None:
    with pytest.raises(MessageFault):
        boundary_of(value)


def test_a_content_type_that_is_written_is_read_back() -> None:
    boundary = new_boundary()
    assert boundary_of(content_type(boundary)) == boundary


def test_no_two_boundaries_are_the_same() -> None:
    assert len({new_boundary() for _ in range(100)}) == 100


def _body(parts: Iterable[bytes]) -> bytes:
    return b"".join(write_parts(([part] for part in parts), BOUNDARY))


def _parts(readinto: Callable[[memoryview], int]) -> Iterator[Part]:
    return read_parts(readinto, BOUNDARY)


def _read(readinto: Callable[[memoryview], int]) -> list[bytes]:
    return [b"".join(part.chunks) for part in _parts(readinto)]


def _sliced(body: bytes, sizes: list[int]) -> Callable[[memoryview], int]:
    """A file that answers readings of these sizes, then of any."""
    source = io.BytesIO(body)
    left = iter(sizes)

    def readinto(buffer: memoryview) -> int:
        return source.readinto(buffer[: next(left, len(buffer))])

    return readinto


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)), st.integers(1, 50))
def test_gathering_changes_nothing_but_the_size_of_chunks(chunks: list[bytes], least: int) -> None:
    joined = list(gathered(chunks, least, seconds=60))
    assert b"".join(joined) == b"".join(chunks)
    assert all(len(chunk) >= least for chunk in joined[:-1])


def test_a_large_chunk_is_passed_on_as_it_is() -> None:
    chunk = bytes(GATHER_BYTES)
    assert next(gathered([chunk])) is chunk


def test_what_comes_slowly_is_passed_on_before_there_is_enough_of_it() -> None:
    def slowly() -> Iterator[bytes]:
        yield b"a"
        time.sleep(0.02)
        yield b"b"
        yield b"c"

    assert list(gathered(slowly(), seconds=0.01)) == [b"a", b"bc"]


def test_joined_chunks_are_no_larger_than_a_chunk_may_be() -> None:
    chunks = [bytes(GATHER_BYTES - 1), bytes(CHUNK_MAX_BYTES), b"end"]
    assert [len(chunk) for chunk in gathered(chunks, seconds=60)] == [GATHER_BYTES - 1, CHUNK_MAX_BYTES, 3]
