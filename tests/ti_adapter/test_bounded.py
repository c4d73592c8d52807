from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from ti_adapter.bounded import in_time, whole, whole_async

Read = Callable[[list[bytes], int], bytes]


class TooMuchError(Exception):
    """Beyond a limit."""


def chunks(taken: list[bytes]) -> Iterator[bytes]:
    for chunk in (b"ab", b"cd", b"ef", b"gh"):
        taken.append(chunk)
        yield chunk


def waited_for(taken: list[bytes], max_bytes: int) -> bytes:
    async def come() -> AsyncIterator[bytes]:
        for chunk in chunks(taken):
            yield chunk

    return asyncio.run(whole_async(come(), max_bytes, TooMuchError()))


def at_once(taken: list[bytes], max_bytes: int) -> bytes:
    return whole(chunks(taken), max_bytes, TooMuchError())


@pytest.mark.parametrize("read", [at_once, waited_for])
def test_what_is_just_within_the_limit_is_read_whole(read: Read) -> None:
    assert read([], 8) == b"abcdefgh"


@pytest.mark.parametrize("read", [at_once, waited_for])
def test_nothing_is_taken_behind_the_chunk_that_is_beyond_the_limit(read: Read) -> None:
    taken: list[bytes] = []
    with pytest.raises(TooMuchError):
        read(taken, 3)
    assert taken == [b"ab", b"cd"]


def test_nothing_is_taken_behind_the_chunk_with_which_the_time_was_over() -> None:
    taken: list[bytes] = []
    with pytest.raises(TooMuchError):
        list(in_time(chunks(taken), lambda: len(taken) > 1, TooMuchError()))
    assert taken == [b"ab", b"cd"]
