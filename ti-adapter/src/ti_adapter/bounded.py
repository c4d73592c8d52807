"""What comes over a line, as far as somebody will read it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator


def whole(chunks: Iterable[bytes], max_bytes: int, too_large: Exception) -> bytes:
    """All of them as one. Raises `too_large` with the first chunk that is beyond the limit; more are not taken."""
    content = bytearray()
    for chunk in chunks:
        _add(content, chunk, max_bytes, too_large)
    return bytes(content)


async def whole_async(chunks: AsyncIterable[bytes], max_bytes: int, too_large: Exception) -> bytes:
    """The same for chunks that are waited for."""
    content = bytearray()
    async for chunk in chunks:
        _add(content, chunk, max_bytes, too_large)
    return bytes(content)


def in_time(chunks: Iterable[bytes], is_over: Callable[[], bool], too_late: Exception) -> Iterator[bytes]:
    """The same chunks. Raises `too_late` behind the one with which the time was over: time-outs hold for each alone."""
    for chunk in chunks:
        yield chunk
        if is_over():
            raise too_late


def _add(content: bytearray, chunk: bytes, max_bytes: int, too_large: Exception) -> None:
    content += chunk
    if len(content) > max_bytes:
        raise too_large
