"""Protocol data units of the DICOM upper layer (PS3.8 section 9.3), without input or output.

A PDU is a head of six bytes, type and length, and a body. What travels in bulk is P-DATA-TF: its body is a row of
presentation data values (PDV), each a fragment of one message under one presentation context. A message is a command
in one or more fragments, then, if the command says so, a data set in one or more; the last of each is marked.

Everything here raises `MessageFault` for what does not follow the format, and for nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from linkexchange.errors import InstanceFault, MessageFault

HEAD_BYTES = 6
PDU_MAX_BYTES = 128 << 10
"""What we announce as the longest P-DATA body that we take, and the longest that we ever send."""
PDU_CAP_BYTES = 1 << 20
"""What is longer is not read, whatever its head says."""
BLOCK_BYTES = 256 << 10
"""About so much is handed to the socket at once: small images would cost three calls of the system each."""

Pieces = Sequence[bytes | memoryview]

_HEAD, _PDV_HEAD, _WHOLE_HEAD = struct.Struct(">BxL"), struct.Struct(">LBB"), struct.Struct(">BxLLBB")
_PDV_HEAD_BYTES = _PDV_HEAD.size
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


_TYPES = {kind.value: kind for kind in Type}


class Pdv(NamedTuple):
    """One fragment. `content` is a window into the PDU, which is good until the next one is read."""

    context: int
    is_command: bool
    is_last: bool
    content: memoryview


def read_head(head: bytes | memoryview) -> tuple[Type, int]:
    """Type and length of a body; raises `MessageFault` for an unknown type, or a length beyond `PDU_CAP_BYTES`."""
    number, length = _HEAD.unpack(head)
    kind = _TYPES.get(number)
    if kind is None:
        raise MessageFault(f"unknown PDU type {number:02X}")
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
        length, context, control = _PDV_HEAD.unpack_from(body, at) if end - at >= _PDV_HEAD_BYTES else (0, 0, 0)
        stop = at + 4 + length
        if length < 2 or stop > end:
            raise MessageFault("the length of a fragment does not fit its PDU")
        yield Pdv(context, bool(control & _COMMAND), bool(control & _LAST), body[at + _PDV_HEAD_BYTES : stop])
        at = stop


def write_command(command: bytes, context: int, max_bytes: int) -> bytes:
    """A command set as PDUs whose bodies hold at most `max_bytes`."""
    size = fragment_bytes(max_bytes)
    starts = range(0, len(command), size)
    cuts = ((command[at : at + size], _COMMAND | _last(at, starts)) for at in starts)
    return b"".join(_fragment_head(len(content), context, control) + content for content, control in cuts)


def write_data(chunks: Iterable[bytes], context: int, max_bytes: int, *, before: bytes = b"") -> Iterator[Pieces]:
    """A data set as blocks of whole PDUs, cut anew whatever the chunks are; `before`, its command, goes with the first.

    A block comes in pieces, since a socket can take them without their being copied together first.

    The fragment that ends the data set is made only when the chunks have ended, so whatever reading them raises comes
    before it. Fragments have even lengths (PS3.8 annex E); raises `InstanceFault` for a data set of odd length.
    """
    block: list[bytes | memoryview] = [before]
    size = len(before)
    for fragment in _fragments(chunks, context, fragment_bytes(max_bytes)):
        block += fragment
        size += sum(map(len, fragment))
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def fragment_bytes(max_bytes: int) -> int:
    """The longest fragment, of even length, that a peer takes who takes so much in a PDU; 0 stands for any length."""
    size = (min(max_bytes or PDU_MAX_BYTES, PDU_MAX_BYTES) - _PDV_HEAD_BYTES) & ~1
    if size <= 0:
        raise MessageFault("a maximum length that holds no fragment")
    return size


def _fragments(chunks: Iterable[bytes], context: int, size: int) -> Iterator[Pieces]:
    """Fragments of this size and a last one, each as its head and the pieces of its content."""
    head = _fragment_head(size, context, 0)
    rest: list[bytes | memoryview] = []
    held = 0
    for chunk in chunks:
        at, end = size - held, len(chunk)
        if end <= at:
            rest.append(chunk)
            held += end
            continue
        view = memoryview(chunk)
        yield head, *rest, view[:at]
        while end - at > size:
            yield head, view[at : at + size]
            at += size
        rest, held = [view[at:]], end - at
    if held % 2:
        raise InstanceFault("a data set of odd length")
    yield _fragment_head(held, context, _LAST), *rest


def _fragment_head(length: int, context: int, control: int) -> bytes:
    """What stands before so many bytes of content that are a PDU of their own."""
    return _WHOLE_HEAD.pack(Type.P_DATA, length + _PDV_HEAD_BYTES, length + 2, context, control)


def _last(at: int, starts: range) -> int:
    return _LAST if at == starts[-1] else 0
