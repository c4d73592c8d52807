"""The inner HTTP messages: raw HTTP/1.1 in the plaintext of a channel, written and read with h11."""

from __future__ import annotations

from dataclasses import dataclass, field

import h11

from ti_adapter.vau.errors import MessageRefused, Reason

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class InnerRequest:
    """What is asked inside the channel; Host is among the headers."""

    method: bytes
    target: bytes = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class InnerResponse:
    """What the record system answers inside the channel."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


class Exchange:
    """One inner request and the response to it, each in one plaintext."""

    def __init__(self, request: InnerRequest) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        self._request = request

    def write(self) -> bytes:
        """The plaintext of the request; raises `h11.LocalProtocolError` for what is no HTTP."""
        asked = self._request
        head = h11.Request(method=asked.method, target=asked.target, headers=asked.headers)
        events = (head, h11.Data(data=asked.body), h11.EndOfMessage())
        return b"".join(self._connection.send(event) or b"" for event in events)

    def read(self, plaintext: bytes) -> InnerResponse:
        """The response.

        Raises `MessageRefused`, step 9, for what is none, is not whole, has something behind it, or is compressed,
        which would have no bound.
        """
        try:
            self._connection.receive_data(plaintext)
            self._connection.receive_data(b"")
            return self._response()
        except h11.RemoteProtocolError as wrong:
            raise MessageRefused(9, Reason.INNER) from wrong

    def _response(self) -> InnerResponse:
        head, body = self._connection.next_event(), bytearray()
        if not isinstance(head, h11.Response):
            raise MessageRefused(9, Reason.INNER)
        while isinstance(event := self._connection.next_event(), h11.Data):
            body += event.data
        encoded = any(name == b"content-encoding" and value != b"identity" for name, value in head.headers)
        if encoded or self._connection.trailing_data[0]:
            raise MessageRefused(9, Reason.INNER)
        return InnerResponse(head.status_code, list(head.headers), bytes(body))
