"""The bytes of the DICOM upper layer and of commands (PS3.8 section 9.3, PS3.7 annex E), as plainly as they can be put.

Nothing is checked and every length may be a lie: this is the pen of a peer that can do wrong. It shares no line with
`linkexchange.dicom`, so that the two cannot share a mistake.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
COMMAND, LAST = 1, 2
APPLICATION = "1.2.840.10008.3.1.1.1"


class Element(IntEnum):
    """The elements of a command (group 0000)."""

    SOP_CLASS = 0x0002
    FIELD = 0x0100
    NUMBER = 0x0110
    ANSWERED = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    SOP_INSTANCE = 0x1000
    REMAINING = 0x1020
    COMPLETED = 0x1021
    FAILED = 0x1022
    WARNED = 0x1023
    ORIGINATOR = 0x1030
    ORIGINATOR_NUMBER = 0x1031


class Field(IntEnum):
    """The commands that these peers speak."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    C_CANCEL_RQ = 0x0FFF


Command = Mapping[Element, int | str]
_AE_TITLES = frozenset({Element.MOVE_DESTINATION, Element.ORIGINATOR})
_TEXTS = _AE_TITLES | {Element.SOP_CLASS, Element.SOP_INSTANCE}


@dataclass(frozen=True, slots=True)
class Wish:
    """A presentation context that is proposed."""

    number: int
    abstract: str
    syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What an A-ASSOCIATE-RQ says. `roles` holds the proposed SCU and SCP role of a class."""

    called: str
    calling: str
    wishes: tuple[Wish, ...]
    roles: Mapping[str, tuple[bool, bool]]
    max_bytes: int


def pdu(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    """A PDU; `length` where it shall lie."""
    return struct.pack(">BxI", kind, len(body) if length is None else length) + body


def pdv(context: int, control: int, content: bytes, *, length: int | None = None) -> bytes:
    """A fragment; `length` where it shall lie."""
    return struct.pack(">IBB", len(content) + 2 if length is None else length, context, control) + content


def item(kind: int, content: bytes) -> bytes:
    """An item of an A-ASSOCIATE."""
    return struct.pack(">BxH", kind, len(content)) + content


def command(elements: Command) -> bytes:
    """A command set, elements in ascending order, its length before them."""
    body = b"".join(_element(element, value) for element, value in sorted(elements.items()))
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def read_command(content: bytes) -> dict[Element, int | str]:
    """The known elements of a command set."""
    return {Element(tag): _value(Element(tag), value) for tag, value in _elements(content) if tag in set(Element)}


def request(called: str, calling: str, wishes: tuple[Wish, ...], *, roles: tuple[str, ...] = ()) -> bytes:
    """An A-ASSOCIATE-RQ; `roles` are the classes whose SCP the caller will be."""
    contexts = b"".join(item(0x20, bytes((wish.number, 0, 0, 0)) + _syntaxes(wish)) for wish in wishes)
    taken = b"".join(item(0x54, struct.pack(">H", len(uid)) + uid.encode() + b"\0\1") for uid in roles)
    return pdu(ASSOCIATE_RQ, _fixed(called, calling) + item(0x10, APPLICATION.encode()) + contexts + _user(taken))


def answer(
    asked: Request, chosen: Mapping[int, str], *, roles: bool, extra: bytes = b"", extra_user: bytes = b""
) -> bytes:
    """An A-ASSOCIATE-AC that accepts the chosen contexts, and the proposed roles or none; with items more."""
    contexts = b"".join(_answered(wish.number, chosen.get(wish.number)) for wish in asked.wishes)
    granted = b"".join(
        item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes(pair))
        for uid, pair in asked.roles.items()
        if roles
    )
    body = (
        _fixed(asked.called, asked.calling)
        + item(0x10, APPLICATION.encode())
        + contexts
        + extra
        + _user(granted + extra_user)
    )
    return pdu(ASSOCIATE_AC, body)


def read_request(body: bytes) -> Request:
    """Read an A-ASSOCIATE-RQ of an honest caller."""
    called, calling = (body[at : at + 16].decode().strip() for at in (4, 20))
    items = list(read_items(body[68:]))
    user = next((content for kind, content in items if kind == 0x50), b"")
    details = list(read_items(user))
    max_bytes = next((int.from_bytes(content, "big") for kind, content in details if kind == 0x51), 0)
    roles = dict(_role(content) for kind, content in details if kind == 0x54)
    wishes = tuple(_wish(content) for kind, content in items if kind == 0x20)
    return Request(called, calling, wishes, roles, max_bytes)


def read_answer(body: bytes) -> dict[int, str]:
    """The accepted contexts of an A-ASSOCIATE-AC, each with its transfer syntax."""
    contexts = [content for kind, content in read_items(body[68:]) if kind == 0x21]
    accepted = [content for content in contexts if content[2] == 0]
    return {content[0]: _text(next(value for _, value in read_items(content[4:]))) for content in accepted}


def read_items(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and contents of a row of items."""
    while content:
        stop = 4 + int.from_bytes(content[2:4], "big")
        yield content[0], content[4:stop]
        content = content[stop:]


def read_pdvs(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Context, control byte and content of each fragment."""
    while body:
        stop = 4 + int.from_bytes(body[:4], "big")
        yield body[4], body[5], body[6:stop]
        body = body[stop:]


def _fixed(called: str, calling: str) -> bytes:
    return b"\0\1\0\0" + called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)


def _user(more: bytes) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", 65536)) + item(0x52, b"1.2.276.0.7230010.3.77") + more)


def _syntaxes(wish: Wish) -> bytes:
    return item(0x30, wish.abstract.encode()) + b"".join(item(0x40, it.encode()) for it in wish.syntaxes)


def _answered(number: int, syntax: str | None) -> bytes:
    return item(0x21, bytes((number, 0, 0 if syntax else 4, 0)) + item(0x40, (syntax or "1.2.840.10008.1.2").encode()))


def _role(content: bytes) -> tuple[str, tuple[bool, bool]]:
    size = int.from_bytes(content[:2], "big")
    return _text(content[2 : 2 + size]), (bool(content[2 + size]), bool(content[3 + size]))


def _wish(content: bytes) -> Wish:
    items = list(read_items(content[4:]))
    abstract = next(_text(value) for kind, value in items if kind == 0x30)
    return Wish(content[0], abstract, tuple(_text(value) for kind, value in items if kind == 0x40))


def _element(element: Element, value: int | str) -> bytes:
    if isinstance(value, int):
        content = struct.pack("<H", value)
    else:
        padding = b" " if element in _AE_TITLES else b"\0"
        content = value.encode() + padding * (len(value) % 2)
    return struct.pack("<HHI", 0, element, len(content)) + content


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        _, tag, length = struct.unpack("<HHI", content[:8])
        yield tag, content[8 : 8 + length]
        content = content[8 + length :]


def _value(element: Element, value: bytes) -> int | str:
    return _text(value) if element in _TEXTS else int.from_bytes(value, "little")


def _text(value: bytes) -> str:
    return value.decode().strip("\0 ")
