"""What is asked, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from linkexchange.ports import Brake


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, or a POST with a small body. Header names are in lower case.

    `certificate` is that of the client, DER, or empty.
    """

    path: str
    headers: Mapping[str, str]
    certificate: bytes = b""
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is whole, or made while it is sent. A generator is closed however the answer ends.

    `name` stands for the answer in the log.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Generator[bytes, None, None] = b""
    name: str = ""


Answering: TypeAlias = Callable[[Request, Brake], Answer]
"""Answers a request, in the thread of its connection. The brake is pulled when the client has gone."""
