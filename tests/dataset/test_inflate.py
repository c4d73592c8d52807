from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
import rawdicom as raw
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.dataset.inflate import INFLATED_MAX_BYTES, RATIO_FREE_BYTES, Inflater
from linkexchange.errors import InstanceFault


def until_fault(parts: Iterator[int], complaint: str) -> Iterator[int]:
    with pytest.raises(InstanceFault, match=complaint):
        yield from parts


def deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


def inflate(deflated: bytes, size: int = 1 << 20) -> bytes:
    inflater = Inflater()
    inflated = b"".join(part for piece in raw.pieces(deflated, size) for part in inflater.feed(piece))
    inflater.close()
    return inflated


@given(st.binary(max_size=5000), st.integers(1, 100))
def test_what_was_deflated_comes_back_in_pieces_of_any_size(content: bytes, size: int) -> None:
    assert inflate(deflate(content), size) == content


def test_output_that_zlib_holds_back_is_not_lost() -> None:
    content = bytes(10 << 20)
    assert inflate(deflate(content), 7) == content


@pytest.mark.parametrize("surplus", [b"\0", bytes(8), bytes(9)])
def test_padding_and_the_end_of_a_gzip_file_may_follow(surplus: bytes) -> None:
    assert inflate(deflate(b"content") + surplus, 3) == b"content"


def test_more_than_that_may_not_follow() -> None:
    with pytest.raises(InstanceFault, match="bytes after the end"):
        inflate(deflate(b"content") + bytes(10), 1)


def test_a_stream_that_is_cut_off_is_a_fault() -> None:
    with pytest.raises(InstanceFault, match="cut off"):
        inflate(deflate(b"content")[:-2])


def test_a_damaged_stream_is_a_fault() -> None:
    with pytest.raises(InstanceFault, match="damaged"):
        inflate(b"\xff" * 50)


def test_a_black_image_of_usual_size_passes() -> None:
    assert len(inflate(deflate(bytes(RATIO_FREE_BYTES)))) == RATIO_FREE_BYTES


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = deflate(bytes(RATIO_FREE_BYTES + (4 << 20)))
    sizes = (len(part) for part in Inflater().feed(bomb))
    given = list(until_fault(sizes, "beyond the limit"))
    assert sum(given) <= max(RATIO_FREE_BYTES, 100 * len(bomb))


def test_a_stream_of_modest_ratio_is_stopped_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    assert INFLATED_MAX_BYTES == 512 << 20
    monkeypatch.setattr("linkexchange.dataset.inflate.INFLATED_MAX_BYTES", 1000)
    with pytest.raises(InstanceFault, match="beyond the limit"):
        inflate(deflate(bytes(range(256)) * 4))
