"""One call of a REST service of a record system: headers out, a bounded answer in, errors by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import httpx

from ti_adapter import bounded, compact
from ti_adapter.epa.errors import EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.values import Kvnr, UserAgent
from ti_adapter.errors import TiError

ANSWER_MAX_BYTES: Final = 256 * 1024

_USER_AGENT, _INSURANT, _REQUEST_ID = "x-useragent", "x-insurantid", "X-Request-ID"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the status that was wanted."""

    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> dict[str, object]:
        """The JSON object in the body. Raises `EpaMalformed`."""
        return json_object(self.body)


@dataclass(frozen=True, slots=True)
class Rest:
    """The services at one record system. `http` has its origin as `base_url`; how it gets there is its own affair.

    The KVNR goes into the header x-insurantid and nowhere else.
    """

    http: httpx.Client
    user_agent: UserAgent

    def get(self, path: str, *, kvnr: Kvnr | None = None, wanted: HTTPStatus = HTTPStatus.OK) -> Answer:
        """Ask. Raises `EpaRefused`, `EpaSilent`, `EpaMalformed`, and what a VAU transport raises."""
        return self._send("GET", path, kvnr, None, wanted)

    def post(
        self, path: str, body: Mapping[str, object], *, kvnr: Kvnr | None = None, wanted: HTTPStatus = HTTPStatus.OK
    ) -> Answer:
        """Send JSON. Raises as `get` does."""
        return self._send("POST", path, kvnr, body, wanted)

    def _send(
        self, method: str, path: str, kvnr: Kvnr | None, body: Mapping[str, object] | None, wanted: HTTPStatus
    ) -> Answer:
        headers = {**common_headers(self.user_agent, kvnr), "Accept": "application/json"}
        try:
            with self.http.stream(method, path, headers=headers, json=body, follow_redirects=False) as answer:
                return _wanted(answer.status_code, Answer(answer.headers, read(answer, ANSWER_MAX_BYTES)), wanted)
        except httpx.TransportError as broken:
            raise EpaSilent from broken


def common_headers(user_agent: UserAgent, kvnr: Kvnr | None) -> dict[str, str]:
    """What every request says in its headers. Releases since 3.1.2 require an X-Request-ID, a new one for each."""
    headers = {_USER_AGENT: user_agent.value, _REQUEST_ID: str(uuid4()), "Accept-Encoding": "identity"}
    return headers | ({_INSURANT: kvnr.value} if kvnr else {})


def read(answer: httpx.Response, max_bytes: int) -> bytes:
    """The body of an answer as it came. Raises `EpaMalformed` for one that is too large or encoded."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise EpaMalformed("content-encoding")
    return bounded.whole(answer.iter_bytes(), max_bytes, EpaMalformed("size"))


def refusal_of(status: int, body: bytes) -> TiError:
    """The error of an answer whose status is not the one that was wanted."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return EpaSilent()
    if status < HTTPStatus.BAD_REQUEST:
        return EpaMalformed("status")
    return EpaRefused(status, _code(body))


def json_object(content: bytes) -> dict[str, object]:
    """A JSON object as `compact` reads it. Raises `EpaMalformed`."""
    try:
        return compact.json_object(content)
    except ValueError:
        raise EpaMalformed("body") from None


def _wanted(status: int, answer: Answer, wanted: HTTPStatus) -> Answer:
    if status != wanted:
        raise refusal_of(status, answer.body)
    return answer


def _code(body: bytes) -> EpaCode:
    try:
        return EpaCode(str(json_object(body).get("errorCode")))
    except (EpaMalformed, ValueError):
        return EpaCode.UNKNOWN
