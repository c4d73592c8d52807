"""Requests, answers and refusals of associations (PS3.8 section 9.3, PS3.7 annex D), without input or output.

Bodies of A-ASSOCIATE PDUs are rows of items, each a type, a length and a content, which may again be items. Raises
`MessageFault` for what does not follow the format, and for more items than an honest peer could need.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.dicom.line import CONTEXTS_MAX, Context, Proposal
from linkexchange.dicom.pdu import PDU_MAX_BYTES
from linkexchange.errors import MessageFault

ITEMS_MAX = 256
"""Application context, 128 presentation contexts, user information; and as many within the last."""
SYNTAXES_MAX = 128
IMPLEMENTATION_VERSION = b"LINKEXCHANGE"

_APPLICATION = b"1.2.840.10008.3.1.1.1"
_APPLICATION_ITEM, _PROPOSED, _ANSWERED, _ABSTRACT, _TRANSFER, _USER = 0x10, 0x20, 0x21, 0x30, 0x40, 0x50
_LENGTH, _CLASS, _ROLE, _VERSION = 0x51, 0x52, 0x54, 0x55
_FIXED_BYTES = 68
_ACCEPTED = 0
_PRESENTATION = 3

_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an association, as it came. `roles` are the classes under which the caller takes the SCP role."""

    called: str
    calling: str
    proposals: tuple[tuple[int, Proposal], ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer: which contexts were accepted, and the longest P-DATA body that the other side takes (0: any)."""

    contexts: tuple[Context, ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refusal. It is transient where the caller may try again later (PS3.8 table 9-21).

    Congestion and limits (source 3) pass, whatever a PACS declares them to be.
    """

    transient: bool
    source: int
    reason: int

    @property
    def is_final(self) -> bool:
        """Whether trying again would change nothing."""
        return not self.transient and self.source != _PRESENTATION

    def __str__(self) -> str:
        words = _REASONS.get((self.source, self.reason), f"source {self.source}, reason {self.reason}")
        return f"{words}, {'transient' if self.transient else 'permanent'}"


def write_request(called: str, calling: str, proposals: Sequence[Proposal]) -> bytes:
    """The body of an A-ASSOCIATE-RQ. Context ids are 1, 3, 5 and so on, in the order of the proposals."""
    contexts = b"".join(_proposed(2 * at + 1, one) for at, one in enumerate(proposals))
    roles = b"".join(_role(uid) for uid in sorted({one.abstract_syntax for one in proposals if one.as_scp}))
    return _fixed(called, calling) + _item(_APPLICATION_ITEM, _APPLICATION) + contexts + _user(roles)


def read_answer(body: bytes, proposals: Sequence[Proposal]) -> Answered:
    """Read an A-ASSOCIATE-AC to such a request."""
    answers: dict[int, Context | None] = {}
    user = b""
    for kind, content in _variable(body):
        if kind == _ANSWERED:
            number = _number(content, answers)
            answers[number] = _accepted(content, proposals)
        elif kind == _USER:
            user = content
    return Answered(tuple(filter(None, answers.values())), _max_bytes(user))


def read_rejection(body: bytes) -> Rejection:
    """Read an A-ASSOCIATE-RJ."""
    if len(body) != 4:
        raise MessageFault("A-ASSOCIATE-RJ")
    return Rejection(body[1] == 2, body[2], body[3])


def read_request(body: bytes) -> Asked:
    """Read an A-ASSOCIATE-RQ."""
    proposals: dict[int, Proposal] = {}
    user = b""
    for kind, content in _variable(body):
        if kind == _PROPOSED:
            number = _number(content, proposals)
            proposals[number] = _read_proposed(content)
        elif kind == _USER:
            user = content
    called, calling = (body[at : at + 16].decode("ascii", "replace").strip(" \0") for at in (4, 20))
    return Asked(called, calling, tuple(proposals.items()), _max_bytes(user))


def write_answer(asked: Asked, contexts: Sequence[Context]) -> bytes:
    """The body of an A-ASSOCIATE-AC that accepts these of the proposed contexts, and says no to all others."""
    accepted = {context.number: context for context in contexts}
    answers = b"".join(_answered(number, accepted.get(number)) for number, _ in asked.proposals)
    return _fixed(asked.called, asked.calling) + _item(_APPLICATION_ITEM, _APPLICATION) + answers + _user(b"")


def write_rejection(rejection: Rejection) -> bytes:
    """The body of an A-ASSOCIATE-RJ."""
    return bytes((0, 2 if rejection.transient else 1, rejection.source, rejection.reason))


def _fixed(called: str, calling: str) -> bytes:
    """An answer repeats the titles of the request, which may hold anything; nobody looks at them there."""
    titles = b"".join(title.encode("ascii", "replace").ljust(16) for title in (called, calling))
    return b"\0\1\0\0" + titles + bytes(32)


def _item(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(2, "big") + content


def _proposed(number: int, proposal: Proposal) -> bytes:
    syntaxes = b"".join(_item(_TRANSFER, syntax.encode()) for syntax in proposal.transfer_syntaxes)
    return _item(_PROPOSED, bytes((number, 0, 0, 0)) + _item(_ABSTRACT, proposal.abstract_syntax.encode()) + syntaxes)


def _answered(number: int, accepted: Context | None) -> bytes:
    """Reason 4 is that no transfer syntax is supported; what is accepted names its one syntax."""
    syntax = accepted.transfer_syntax if accepted else "1.2.840.10008.1.2"
    head = bytes((number, 0, _ACCEPTED if accepted else 4, 0))
    return _item(_ANSWERED, head + _item(_TRANSFER, syntax.encode()))


def _role(uid: str) -> bytes:
    """We take the SCP role as well: the other side sends to us under this class (PS3.7 section D.3.3.4)."""
    return _item(_ROLE, len(uid).to_bytes(2, "big") + uid.encode() + b"\1\1")


def _user(roles: bytes) -> bytes:
    length = _item(_LENGTH, PDU_MAX_BYTES.to_bytes(4, "big"))
    who = _item(_CLASS, IMPLEMENTATION_CLASS_UID.encode())
    return _item(_USER, length + who + roles + _item(_VERSION, IMPLEMENTATION_VERSION))


def _variable(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The items behind the fields that every request and answer has (PS3.8 tables 9-11 and 9-17)."""
    if len(body) < _FIXED_BYTES:
        raise MessageFault(f"an A-ASSOCIATE of {len(body)} bytes: it has {_FIXED_BYTES} at least")
    return _items(body[_FIXED_BYTES:])


def _number(content: bytes, others: Container[int]) -> int:
    """The number of a presentation context, which must be odd, and no other's."""
    if len(content) < 4:
        raise MessageFault("a presentation context that is too short")
    if content[0] % 2 == 0 or content[0] in others:
        raise MessageFault("a presentation context whose number is even, or another's")
    return content[0]


def _items(content: bytes, most: int = ITEMS_MAX) -> Iterator[tuple[int, bytes]]:
    at = count = 0
    while at < len(content):
        stop = at + 4 + int.from_bytes(content[at + 2 : at + 4], "big")
        count += 1
        if stop > len(content) or at + 4 > len(content) or count > most:
            raise MessageFault("an A-ASSOCIATE with malformed or too many items")
        yield content[at], content[at + 4 : stop]
        at = stop


def _accepted(content: bytes, proposals: Sequence[Proposal]) -> Context | None:
    """An accepted context; None for one that was not accepted, or under a syntax that was not proposed."""
    number, at, result = content[0], content[0] // 2, content[2]
    syntaxes = [_word(syntax) for kind, syntax in _items(content[4:]) if kind == _TRANSFER]
    if at >= len(proposals):
        raise MessageFault("a presentation context that was not proposed")
    if result != _ACCEPTED:
        return None
    if len(syntaxes) != 1:
        raise MessageFault("a presentation context that is accepted under no syntax, or under several")
    proposed = proposals[at]
    return Context(number, proposed.abstract_syntax, syntaxes[0]) if syntaxes[0] in proposed.transfer_syntaxes else None


def _read_proposed(content: bytes) -> Proposal:
    items = list(_items(content[4:], SYNTAXES_MAX))
    abstract = next((_word(value) for kind, value in items if kind == _ABSTRACT), "")
    return Proposal(abstract, tuple(_word(value) for kind, value in items if kind == _TRANSFER))


def _max_bytes(user: bytes) -> int:
    lengths = [content for kind, content in _items(user) if kind == _LENGTH]
    if not lengths or len(lengths[0]) != 4:
        return 0
    return int.from_bytes(lengths[0], "big")


def _word(value: bytes) -> str:
    return value.decode("ascii", "replace").rstrip("\0 ")


assert CONTEXTS_MAX < ITEMS_MAX
