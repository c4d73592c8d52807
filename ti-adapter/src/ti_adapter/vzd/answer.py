"""One request to the directory or its authorisation server: the answer is a JSON object, bounded in size and time."""

from __future__ import annotations

from http import HTTPStatus
from time import monotonic
from typing import Final

import httpx

from ti_adapter import bounded, compact
from ti_adapter.errors import TiError
from ti_adapter.vzd.entry import Resource, VzdMalformed

ANSWER_MAX_BYTES: Final = 1024 * 1024
ANSWER_SECONDS: Final = 20.0
"""So long a body may take, however often a byte of it arrives."""


class VzdRefused(TiError):
    """The directory says no; 401 and 403 ask for another search token."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class VzdSilent(TiError):
    """The directory does not answer, or says that it cannot; later it may."""


def ask(http: httpx.Client, request: httpx.Request, auth: httpx.Auth | None = None) -> Resource:
    """The object that is answered; no redirect is followed, since what opens the directory goes along.

    Raises `VzdRefused`, `VzdSilent`, and `VzdMalformed`.
    """
    request.headers["Accept-Encoding"] = "identity"
    try:
        answer = http.send(request, auth=auth, stream=True, follow_redirects=False)
        try:
            return _object(answer.status_code, _read(answer))
        finally:
            answer.close()
    except httpx.TransportError as broken:
        raise VzdSilent from broken


def _read(answer: httpx.Response) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise VzdMalformed("content-encoding")
    end = monotonic() + ANSWER_SECONDS
    chunks = bounded.in_time(answer.iter_bytes(), lambda: monotonic() > end, VzdSilent())
    return bounded.whole(chunks, ANSWER_MAX_BYTES, VzdMalformed("size"))


def _object(status: int, body: bytes) -> Resource:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise VzdSilent
    if status != HTTPStatus.OK:
        raise VzdRefused(status)
    try:
        return compact.json_object(body)
    except ValueError:
        raise VzdMalformed("body") from None
