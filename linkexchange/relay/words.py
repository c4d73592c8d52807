"""What a node and the relay say to each other before a stream is plain: lines of ASCII, without input or output.

Wire format and its rule of change: docs/reference/relay.md. A node says `wait` or `call`, the relay `ping`, `go` or
`no`, and a waiting node answers `pong`. After `go` both end their TLS, and what follows belongs to the nodes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TelematikId

VERSION = "1"
LINE_MAX_BYTES = 512
_LINE = re.compile(r"[!-~]+( [!-~]+)*")


class Why(StrEnum):
    """Why the relay does not join: the words after `no`."""

    IDENTITY = "identity"
    ABSENT = "absent"
    BUSY = "busy"
    ENDING = "ending"
    WORDS = "words"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Wait:
    """A node that others may call through this connection."""


@dataclass(frozen=True, slots=True)
class Call:
    """A node that wants to be joined to another one."""

    origin: TelematikId


@dataclass(frozen=True, slots=True)
class Ping:
    """Is the waiting node still there? The first one also says that it has been let in."""


@dataclass(frozen=True, slots=True)
class Pong:
    """It is."""


@dataclass(frozen=True, slots=True)
class Go:
    """The last word: end TLS, and the stream is yours."""


@dataclass(frozen=True, slots=True)
class No:
    """Nothing comes of it."""

    why: Why


Word: TypeAlias = Wait | Call | Ping | Pong | Go | No

_PLAIN: dict[str, Word] = {f"wait {VERSION}": Wait(), "ping": Ping(), "pong": Pong(), "go": Go()}
_TEXTS = {word: text for text, word in _PLAIN.items()}


def line_of(word: Word) -> bytes:
    """A word as it goes over the wire."""
    match word:
        case Call(origin):
            text = f"call {VERSION} {origin.uri}"
        case No(why):
            text = f"no {why}"
        case _:
            text = _TEXTS[word]
    return f"{text}\n".encode("ascii")


class Lines:
    """Puts lines together from what arrives; never holds more than one of them."""

    def __init__(self) -> None:
        self._begun = b""

    def take(self, content: bytes) -> list[Word]:
        """The words that are whole by now. Raises `MessageFault` for anything that is none."""
        *whole, self._begun = (self._begun + content).split(b"\n")
        if any(len(line) > LINE_MAX_BYTES for line in (*whole, self._begun)):
            raise MessageFault("line too long")
        return [_word(line) for line in whole]


def _word(line: bytes) -> Word:
    text = line.decode("latin-1")
    if not _LINE.fullmatch(text):
        raise MessageFault("not a line of the relay")
    if text in _PLAIN:
        return _PLAIN[text]
    try:
        match text.split(" "):
            case ["call", version, origin] if version == VERSION:
                return Call(TelematikId.from_uri(origin))
            case ["no", why]:
                return No(Why(why))
    except ValueError as wrong:
        raise MessageFault("a word of the relay") from wrong
    raise MessageFault("a word of the relay")
