"""What the outer HTTP requests look like, in which the messages of the VAU travel.

A request names a path on the origin of the record system; the path of a channel is chosen by the VAU, so it is held
against its form before anything is sent there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

HANDSHAKE_PATH = "/VAU"
CBOR = "application/cbor"
OCTETS = "application/octet-stream"
CID_HEADER = "VAU-CID"
PSEUDONYM_HEADER = "VAU-NP"
TRACING_HEADER = "VAU-nonPU-Tracing"
USER_AGENT_HEADER = "x-useragent"

_CID = re.compile(r"/[A-Za-z0-9/-]{1,200}")
_USER_AGENT = re.compile(r"[a-zA-Z0-9-]{1,20}/[a-zA-Z0-9.-]{1,15}")
_PSEUDONYM = re.compile(r"[0-9a-fA-F]{64}")


class Environment(IntEnum):
    """Whether this is the production environment (PU); the second byte of every message in a channel."""

    NON_PU = 0
    PU = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and where. Raises ValueError for values that may not stand in a header.

    `user_agent` is the client id that gematik issues, a slash and a version. `pseudonym` is the `vau-np` that the
    record system gives after a login; it lets a load balancer find the session again, and is empty before.
    """

    user_agent: str
    environment: Environment
    pseudonym: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _USER_AGENT.fullmatch(self.user_agent):
            raise ValueError("a user agent is a client id, a slash and a version")
        if self.pseudonym and not _PSEUDONYM.fullmatch(self.pseudonym):
            raise ValueError("a user pseudonym has 64 hexadecimal digits")

    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        pseudonym = {PSEUDONYM_HEADER: self.pseudonym} if self.pseudonym else {}
        return {USER_AGENT_HEADER: self.user_agent, **pseudonym}


@dataclass(frozen=True, slots=True)
class OuterRequest:
    """One HTTP request to the record system's origin."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False, default=b"")


def post(path: str, media_type: str, body: bytes, headers: dict[str, str]) -> OuterRequest:
    """A message on its way to the VAU; the answer has the same media type."""
    return OuterRequest("POST", path, {**headers, "Content-Type": media_type, "Accept": media_type}, body)


def is_cid(path: str) -> bool:
    """Whether this is a VAU-CID.

    `//` at its beginning fits gematik's pattern, but would name another host wherever it is resolved as a reference.
    """
    return _CID.fullmatch(path) is not None and not path.startswith("//")
