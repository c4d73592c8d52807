r"""Bodies of type `multipart/related` (RFC 2046, RFC 2387), read and written as streams.

Theory of operation of the reader. One window of bytes slides over the stream. Behind each delimiter `CR LF -- boundary`
stands either `--`, which ends the body, or the head of a part. A part's content is passed on in chunks up to the next
delimiter; the last bytes of a window, which might be the beginning of one, are kept until the next reading shows what
they are. What comes before the first delimiter and behind the last one is skipped (RFC 2046 section 5.1.1). Whoever
reads promptly, as much as there is, gets the end of each part as soon as it has arrived.

Only a closing delimiter ends a body: without it something is missing, whatever the HTTP layer says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import lru_cache
from secrets import token_hex
from time import monotonic
from types import MappingProxyType

from linkexchange.errors import MessageFault, TransferInterrupted, Unavailable
from linkexchange.ports import CHUNK_MAX_BYTES

DICOM = "application/dicom"
HEAD_MAX_BYTES = 8 * 1024
WINDOW_BYTES = 512 * 1024
CHUNK_LEAST_BYTES = 192 * 1024
"""Smaller readings (a TLS record has 16 KiB) are passed on together, but never kept beyond the end of their part."""

GATHER_BYTES = 512 * 1024
GATHER_SECONDS = 0.05

_BOUNDARY_MAX = 70  # RFC 2046 section 5.1.1


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its head with names in lower case, and its content, which is read before the next part is taken."""

    headers: Mapping[str, str]
    chunks: Iterator[bytes]


def read_parts(
    readinto: Callable[[memoryview], int], boundary: bytes, *, broken: type[Unavailable] = TransferInterrupted
) -> Iterator[Part]:
    """Yield the parts of a body as they come; content that the caller leaves is skipped.

    `readinto` fills a buffer as a blocking file does and answers 0 at the end. Raises `broken` when the end comes
    before the closing delimiter, `MessageFault` when the body does not follow its format.
    """
    window = _Window(readinto, broken)
    delimiter = b"\r\n--" + boundary
    _skip(window.until(delimiter))
    while window.peek(2) != b"--":
        headers = _headers(window.head())
        chunks = window.until(delimiter)
        yield Part(headers, chunks)
        _skip(chunks)


def boundary_of(content_type: str) -> bytes:
    """The boundary of a body of DICOM files; raises `MessageFault` for any other Content-Type."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary("")
    if message.get_content_type() != "multipart/related" or message.get_param("type", DICOM) != DICOM:
        raise MessageFault("not multipart/related of DICOM files")
    if not 0 < len(boundary) <= _BOUNDARY_MAX or not boundary.isascii():
        raise MessageFault("multipart boundary")
    return boundary.encode()


def new_boundary() -> bytes:
    """A boundary that no content holds, but for a chance of one in 2^280. The longer it is, the faster it is found."""
    return token_hex(_BOUNDARY_MAX // 2).encode()


def content_type(boundary: bytes) -> str:
    """The Content-Type of a body of DICOM files."""
    return f'multipart/related; type="{DICOM}"; boundary={boundary.decode()}'


def write_parts(parts: Iterable[Iterable[bytes]], boundary: bytes) -> Iterator[bytes]:
    """The body whose parts are these DICOM files, each given as chunks."""
    delimiter = b"--" + boundary
    for chunks in parts:
        yield delimiter + b"\r\nContent-Type: " + DICOM.encode() + b"\r\n\r\n"
        yield from chunks
        delimiter = b"\r\n--" + boundary
    yield delimiter + b"--\r\n"


def gathered(chunks: Iterable[bytes], least: int = GATHER_BYTES, *, seconds: float = GATHER_SECONDS) -> Iterator[bytes]:
    """Join small chunks, since each one costs a change of threads and a call of the operating system on its way out.

    What comes slowly is not kept back until there is enough of it, lest the first image wait for others.
    """
    pending: list[bytes] = []
    size, since = 0, monotonic()
    for chunk in chunks:
        if pending and (size + len(chunk) > CHUNK_MAX_BYTES or monotonic() - since > seconds):
            yield b"".join(pending)
            pending, size, since = [], 0, monotonic()
        pending.append(chunk)
        size += len(chunk)
        if size >= least:
            yield pending[0] if len(pending) == 1 else b"".join(pending)
            pending, size, since = [], 0, monotonic()
    if pending:
        yield b"".join(pending)


class _Window:
    """The bytes that were read and not yet passed on."""

    def __init__(self, readinto: Callable[[memoryview], int], broken: type[Unavailable]) -> None:
        self._readinto = readinto
        self._broken = broken
        self._buffer = bytearray(WINDOW_BYTES)
        self._view = memoryview(self._buffer)
        # A line break that was never sent makes a delimiter at the very beginning look like all others.
        self._view[:2] = b"\r\n"
        self._start, self._end = 0, 2

    def until(self, delimiter: bytes) -> Iterator[bytes]:
        """Pass on what comes before the delimiter, and go behind it."""
        kept = len(delimiter) - 1
        searched = self._start
        while (found := self._buffer.find(delimiter, searched, self._end)) < 0:
            searched = max(self._start, self._end - kept)
            if searched - self._start >= CHUNK_LEAST_BYTES:
                yield self._take(searched)
            try:
                searched -= self._fill()
            except Unavailable:
                # Whose image it is that broke off stands in what has come of it.
                if self._end > self._start:
                    yield self._take(self._end)
                raise
        if found > self._start:
            yield self._take(found)
        self._start += len(delimiter)

    def head(self) -> bytes:
        """Pass on what comes before the next empty line, and go behind it."""
        while (found := self._buffer.find(b"\r\n\r\n", self._start, self._end)) < 0:
            if self._end - self._start > HEAD_MAX_BYTES:
                break
            self._fill()
        if not 0 <= found - self._start <= HEAD_MAX_BYTES:
            raise MessageFault("head of a part too large")
        head = self._take(found)
        self._start += 4
        return head

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay where they are."""
        while self._end - self._start < count:
            self._fill()
        return self._view[self._start : self._start + count].tobytes()

    def _take(self, end: int) -> bytes:
        chunk = self._view[self._start : end].tobytes()
        self._start = end
        return chunk

    def _fill(self) -> int:
        """Read on, once; how far the window had to move for it."""
        moved = self._start if len(self._buffer) - self._end < CHUNK_LEAST_BYTES else 0
        if moved:
            self._view[: self._end - moved] = self._view[moved : self._end]
            self._start, self._end = 0, self._end - moved
        count = self._readinto(self._view[self._end :])
        if not count:
            raise self._broken("no closing boundary")
        self._end += count
        return moved


@lru_cache(8)
def _headers(head: bytes) -> Mapping[str, str]:
    """Parse a head, which begins with what stands behind the boundary on the same line: nothing, or spaces.

    The parts of a body mostly have the same one.
    """
    padding, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    if padding.strip(" \t") or any(not colon or not name.strip() for name, colon, _ in pairs):
        raise MessageFault("head of a part")
    return MappingProxyType({name.strip().lower(): value.strip() for name, _, value in pairs})


def _skip(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass
