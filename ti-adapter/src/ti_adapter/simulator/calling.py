"""One call to what only the simulated TI has: where limits hold and foreign errors end.

Raises `RecordRefused` for a no, `UnknownSwitch` for a name that is none, and `RecordSilent` where nothing answers. What
cannot be an answer (a proxy's error page, broken JSON, more bytes than a document may have) counts as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from ti_adapter import bounded
from ti_adapter.errors import ErrorCode, RecordRefused, RecordSilent, TiError
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES

_TIMEOUT = httpx.Timeout(30, connect=5)

_Read = TypeVar("_Read")


class UnknownSwitch(TiError):
    """The switchboard has no such service, fault or institution; `known` are those that it has."""

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__(known)
        self.known = known


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    content: bytes = field(repr=False)


class Caller:
    """Calls one address.

    Every call has a connection of its own, so that there is nothing to close; beside the simulator that costs nothing.
    """

    def __init__(self, url: str) -> None:
        # The environment's proxies are for the internet; the simulator runs beside its users.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, limits=limits, trust_env=False)

    def call(self, method: str, path: str, *, headers: Mapping[str, str], body: object = None) -> Answer:
        """The answer, if it is a success."""
        too_large = RecordSilent("the answer is too large")
        try:
            with self._http.stream(method, path, headers=headers, json=body) as response:
                answer = bounded.whole(response.iter_bytes(), DOCUMENT_MAX_BYTES, too_large)
        except httpx.HTTPError as wrong:
            raise RecordSilent(type(wrong).__name__) from wrong
        if not response.is_success:
            raise _refusal(response.status_code, answer)
        return Answer(answer)


def read(kind: TypeAdapter[_Read], answer: Answer) -> _Read:
    """The value in an answer. Raises `RecordSilent` for another one, without its text."""
    try:
        return kind.validate_json(answer.content)
    except ValidationError:
        raise RecordSilent("the answer does not follow its format") from None


def _refusal(status: int, content: bytes) -> TiError:
    if 400 <= status < 500:
        try:
            said = json.loads(content)
            if "known" in said:
                return UnknownSwitch(tuple(map(str, said["known"])))
            return RecordRefused(ErrorCode(said["errorCode"]))
        except (ValueError, LookupError, TypeError):
            pass
    return RecordSilent(f"HTTP {status}")
