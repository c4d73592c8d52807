"""Protocol data units of the DICOM upper layer (PS3.8 section 9.3), without input or output.

A PDU is a head of six bytes, type and length, and a body. What travels in bulk is P-DATA-TF: its body is a row of
presentation data values (PDV), each a fragment of one message under one presentation context. A message is a command
in one or more fragments, then, if the command says so, a data set in one or more; the last of each is marked.

Everything here raises `MessageFault` for what does not follow the format, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from linkexchange.errors import InstanceFault, MessageFault

HEAD_BYTES = 6
PDU_MAX_BYTES = 128 << 10
"""What we announce as the longest P-DATA body that we take, and the longest that we ever send."""
PDU_CAP_BYTES = 1 << 20
"""What is longer is not read, whatever its head says."""
BLOCK_BYTES = 256 << 10
"""So much is handed to the socket at once: peers that take only 16 KiB in a PDU would cost a system call for each."""

_PDV_HEAD_BYTES = 6
_COMMAND, _LAST = 0x01, 0x02


class Type(IntEnum):
    """The seven PDUs."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


@dataclass(frozen=True, slots=True)
class Pdv:
    """One fragment. `content` is a window into the PDU, which is good until the next one is read."""

    context: int
    is_command: bool
    is_last: bool
    content: memoryview


def read_head(head: bytes | memoryview) -> tuple[Type, int]:
    """Type and length of a body; raises `MessageFault` for an unknown type, or a length beyond `PDU_CAP_BYTES`."""
    length = int.from_bytes(head[2:6], "big")
    try:
        kind = Type(head[0])
    except ValueError as wrong:
        raise MessageFault(f"unknown PDU type {head[0]:02X}") from wrong
    if length > PDU_CAP_BYTES:
        raise MessageFault(f"a PDU of {length} bytes")
    return kind, length


def write(kind: Type, body: bytes) -> bytes:
    """A whole PDU."""
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body


def read_pdvs(body: memoryview) -> Iterator[Pdv]:
    """The fragments of a P-DATA body; raises `MessageFault` where a length runs over its end or there are none."""
    at, end = 0, len(body)
    if not end:
        raise MessageFault("P-DATA without a fragment")
    while at < end:
        length = int.from_bytes(body[at : at + 4], "big")
        stop = at + 4 + length
        if length < 2 or stop > end:
            raise MessageFault("the length of a fragment does not fit its PDU")
        control = body[at + 5]
        yield Pdv(body[at + 4], bool(control & _COMMAND), bool(control & _LAST), body[at + _PDV_HEAD_BYTES : stop])
        at = stop


def write_command(command: bytes, context: int, max_bytes: int) -> bytes:
    """A command set as PDUs whose bodies hold at most `max_bytes`."""
    size = fragment_bytes(max_bytes)
    starts = range(0, len(command), size)
    return b"".join(
        part
        for at in starts
        for part in _fragment(memoryview(command)[at : at + size], context, _COMMAND | _last(at, starts))
    )


def write_data(chunks: Iterable[bytes], context: int, max_bytes: int) -> Iterator[bytes]:
    """A data set as blocks of whole PDUs, cut anew whatever the chunks are.

    The fragment that ends the data set is made only when the chunks have ended, so whatever reading them raises comes
    before it. Fragments have even lengths (PS3.8 annex E); raises `InstanceFault` for a data set of odd length.
    """
    size = fragment_bytes(max_bytes)
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        whole = max(0, len(data) - 1) // size * size
        rest = data[whole:]
        yield from _blocks(memoryview(data)[:whole], context, size)
    if len(rest) % 2:
        raise InstanceFault("a data set of odd length")
    yield b"".join(_fragment(memoryview(rest), context, _LAST))


def fragment_bytes(max_bytes: int) -> int:
    """The longest fragment, of even length, that a peer takes who takes so much in a PDU; 0 stands for any length."""
    size = (min(max_bytes or PDU_MAX_BYTES, PDU_MAX_BYTES) - _PDV_HEAD_BYTES) & ~1
    if size <= 0:
        raise MessageFault("a maximum length that holds no fragment")
    return size


def _blocks(data: memoryview, context: int, size: int) -> Iterator[bytes]:
    """Whole fragments, as many in a block as fit into it, and at least one."""
    step = max(1, BLOCK_BYTES // size) * size
    for at in range(0, len(data), step):
        block = data[at : at + step]
        cuts = range(0, len(block), size)
        yield b"".join(part for cut in cuts for part in _fragment(block[cut : cut + size], context, 0))


def _fragment(content: memoryview, context: int, control: int) -> tuple[bytes, memoryview]:
    length = len(content)
    head = b"\x04\x00" + (length + _PDV_HEAD_BYTES).to_bytes(4, "big") + (length + 2).to_bytes(4, "big")
    return head + bytes((context, control)), content


def _last(at: int, starts: range) -> int:
    return _LAST if at == starts[-1] else 0
