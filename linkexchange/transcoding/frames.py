"""What goes through the pipes between a process and its worker: frames of a length and so many bytes.

An empty frame ends a data set. Only the two ends of one installation talk like this, so it may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from linkexchange.ports import CHUNK_MAX_BYTES

_LENGTH_BYTES = 4


def write_frame(pipe: IO[bytes], content: bytes) -> None:
    """Add a frame; an empty one is written as it is."""
    pipe.write(len(content).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(content)


def read_frame(pipe: IO[bytes]) -> bytes:
    """Take a frame; raises EOFError where the other end has gone, or no longer knows what it says."""
    length = int.from_bytes(_exactly(pipe, _LENGTH_BYTES), "big")
    if length > CHUNK_MAX_BYTES:
        raise EOFError
    return _exactly(pipe, length)


def frames(pipe: IO[bytes]) -> Iterator[bytes]:
    """All frames up to the empty one."""
    while frame := read_frame(pipe):
        yield frame


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content
