"""JSON that a program may read without a second thought (RFC 8259, and I-JSON, RFC 7493): limits first, then structure.

Refused are nesting beyond `DEPTH_MAX`, a name that stands twice in an object, numbers that are none (NaN, Infinity) or
have thousands of digits, text that is not UTF-8, half a surrogate pair, and the character NUL, which PostgreSQL cannot
keep. What is wrong is never repeated: a body may hold a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from linkexchange.errors import MessageFault

DEPTH_MAX = 32
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""One that does not end goes on to the end, so that each byte is looked at once."""
_BRACKET = re.compile(rb"[\[\]{}]")


def demand(content: bytes) -> None:
    """Raise `MessageFault` for a body that is not such JSON."""
    if _depth(content) > DEPTH_MAX:
        raise MessageFault("request: depth")
    try:
        parsed = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)
        for text in _texts(parsed):
            text.encode()
            if "\0" in text:
                raise MessageFault("request: character")
    except ValueError as wrong:
        raise MessageFault("request: JSON") from wrong


def _depth(content: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", content)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number")


def _texts(value: object) -> Iterator[str]:
    """All names and texts; the depth is known by now."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
