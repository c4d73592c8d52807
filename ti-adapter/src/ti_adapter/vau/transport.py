"""A transport for httpx, whose requests travel in the channel; the one module of this package that sends anything.

    origin = "https://epa-as-1.ref.epa4all.de"
    outer = httpx.Client(base_url=origin, timeout=10)
    client = httpx.Client(base_url=origin, transport=VauTransport(outer, lambda: trust, caller, clock))
    client.get("/epa/authz/v1/getNonce")

The channel is opened with the first request and shared by all threads. When its time or its counter is used up, and
after a message was refused on either side, the next request opens another one, with new keys.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import httpx

from ti_adapter import bounded
from ti_adapter.vau import cbor
from ti_adapter.vau.channel import ChannelLimits, ClientChannel, PendingRequest
from ti_adapter.vau.client import ClientHandshake
from ti_adapter.vau.errors import ChannelEnded, HandshakeRefused, MessageRefused, VauRefused, VauSilent
from ti_adapter.vau.inner import Exchange, InnerRequest
from ti_adapter.vau.outer import CID_HEADER, Caller, OuterRequest
from ti_adapter.vau.trust import VauTrust

ANSWER_MAX_BYTES = 64 * 1024 * 1024

_LIMITS = ChannelLimits()
_OUTSIDE = frozenset({b"connection", b"accept-encoding"})
_IDENTITY = (b"Accept-Encoding", b"identity")


@dataclass(frozen=True, slots=True)
class _Answer:
    """An outer answer with the status 200; `cid` is that of M2."""

    body: bytes
    cid: str


class VauTransport(httpx.BaseTransport):
    """Raises, beside what httpx raises, the errors of `vau.errors`, `CertificateRefused` and `OcspRefused`.

    A login belongs to a channel. So whoever logs in looks at `key_id`: when it has changed, the login is gone with the
    keys. `pseudonym` is the `vau-np` of the login, and goes along with every request once it is set.

    `trust` is asked at each handshake, since lists change in the life of a client.

    A request is never sent twice: whether to ask again is up to the caller, who knows what was asked.
    """

    def __init__(
        self,
        outer: httpx.Client,
        trust: Callable[[], VauTrust],
        caller: Caller,
        clock: Callable[[], datetime],
        *,
        limits: ChannelLimits = _LIMITS,
        max_bytes: int = ANSWER_MAX_BYTES,
    ) -> None:
        self.pseudonym = ""
        self._outer, self._trust, self._caller, self._clock = outer, trust, caller, clock
        self._limits, self._max_bytes = limits, max_bytes
        self._lock = threading.Lock()
        self._channel: ClientChannel | None = None

    @property
    def key_id(self) -> bytes:
        """Name of the keys in use; empty before the first request, and after something went wrong."""
        channel = self._channel
        return channel.key_id if channel else b""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request in the channel, and wait for its response."""
        exchange = Exchange(_inner(request))
        channel, pending = self._seal(exchange.write())
        try:
            answered = exchange.read(pending.open(self._send(pending.request).body))
        except (MessageRefused, VauRefused):
            self._drop(channel)
            raise
        return httpx.Response(answered.status, headers=answered.headers, content=answered.body)

    def close(self) -> None:
        """Forget the channel; the outer client stays open."""
        self._channel = None

    def _seal(self, plaintext: bytes) -> tuple[ClientChannel, PendingRequest]:
        channel = self._current()
        try:
            return channel, channel.seal(plaintext, self._clock(), pseudonym=self.pseudonym)
        except ChannelEnded:
            self._drop(channel)
        channel = self._current()
        return channel, channel.seal(plaintext, self._clock(), pseudonym=self.pseudonym)

    def _current(self) -> ClientChannel:
        with self._lock:
            self._channel = channel = self._channel or self._open()
            return channel

    def _drop(self, channel: ClientChannel) -> None:
        with self._lock:
            if self._channel is channel:
                self._channel = None

    def _open(self) -> ClientChannel:
        handshake = ClientHandshake(self._trust(), self._caller, self._limits)
        m2 = self._send(handshake.start())
        cert_data = self._send(handshake.receive_m2(m2.body, m2.cid, self._clock()))
        m4 = self._send(handshake.receive_cert_data(cert_data.body, self._clock()))
        return handshake.receive_m4(m4.body, self._clock())

    def _send(self, request: OuterRequest) -> _Answer:
        """One outer request; redirects are not followed. Raises `VauRefused` and `VauSilent`."""
        headers = {**request.headers, "Accept-Encoding": "identity"}
        with self._outer.stream(
            request.method, request.path, headers=headers, content=request.body, follow_redirects=False
        ) as answer:
            body = bounded.whole(answer.iter_raw(), self._max_bytes, VauSilent())
        if answer.status_code != HTTPStatus.OK:
            raise _refusal(body)
        return _Answer(body, answer.headers.get(CID_HEADER, ""))


def _inner(request: httpx.Request) -> InnerRequest:
    """Of the headers only those of a connection are others inside: there is none, and nothing is compressed."""
    headers = [(name, value) for name, value in request.headers.raw if name.lower() not in _OUTSIDE]
    body = request.read()
    return InnerRequest(request.method.encode(), request.url.raw_path, [*headers, _IDENTITY], body)


def _refusal(body: bytes) -> VauRefused | VauSilent:
    with suppress(HandshakeRefused):
        return cbor.read_error(cbor.read_map(body)) or VauSilent()
    return VauSilent()
