"""How a process listens for HTTP: uvicorn, with three things that it does not do by itself.

It hands the client's certificate on to the application: as DER in `scope["extensions"]["tls"]`, under the key
`client_certificate_der`, where `client_certificate` reads it. And of a bug it logs the kind and the place, never the
text or the values, which might be patient data. Whoever connects too often or is too slow does not stay (`guarding`).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from linkexchange.bugs import described
from linkexchange.errors import IdentityRefused
from linkexchange.guarding import GuardedProtocol, Peers, Place

GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""So that a node which asks the hub step by step keeps its connection."""

_log = structlog.get_logger(__name__)


class ClientCertificateProtocol(GuardedProtocol):
    """uvicorn's HTTP/1.1 protocol, with the client's certificate in the scope of every request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the certificate from the finished handshake; it is the same for all requests of the connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls else None
        if certificate:
            self.app = _with_certificate(cast("ASGIApp", self.app), certificate)

    def shutdown(self) -> None:
        """Drop an idle connection at once: its client reads nothing, so it would not answer a TLS close for long."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


def client_certificate(scope: Mapping[str, Any]) -> bytes:
    """The DER certificate that the client of a request has proven to own; raises `IdentityRefused` if there is none."""
    certificate = scope.get("extensions", {}).get("tls", {}).get("client_certificate_der")
    if not certificate:
        raise IdentityRefused("no client certificate")
    return cast("bytes", certificate)


class _Server(uvicorn.Server):
    """Calls `app.state.at_end`, where there is one, before it waits for requests that are being answered.

    So whoever only waits for news does not hold up the end. A lifespan would hear of it afterwards.
    """

    at_end: Callable[[], Awaitable[None]] | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.at_end:
            await self.at_end()
        await super().shutdown(sockets)


def listener(app: ASGIApp, *, host: str, port: int, context: ssl.SSLContext | None) -> uvicorn.Server:
    """A server for this application, ready to run; None as context is for pages on the own machine.

    There is no access log, since URLs hold study UIDs, and headers that claim another client address are not believed.
    """
    config = uvicorn.Config(
        _discreet(app),
        host=host,
        port=port,
        loop="linkexchange.guarding:Loop",
        http=ClientCertificateProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_context_factory=(lambda _config, _default: context) if context else None,
    )
    server = _Server(config)
    server.at_end = getattr(getattr(app, "state", None), "at_end", None)
    return server


def serve(app: ASGIApp, *, host: str, port: int, context: ssl.SSLContext | None) -> None:
    """Listen until SIGTERM or SIGINT, let requests end for `GRACE_SECONDS`, then come back.

    uvicorn raises the signal again at the end: whoever has more to do then sets a signal handler of its own before.
    """
    with Place.at(host, port, Peers()) as place:
        listener(app, host=host, port=port, context=context).run(sockets=[place])


def serve_together(app: ASGIApp, *, host: str, port: int, context: ssl.SSLContext | None) -> None:
    """As `serve`, at a place at which other processes of this user listen too: the system deals connections out."""
    with Place.at(host, port, Peers(), shared=True) as place:
        listener(app, host=host, port=port, context=context).run(sockets=[place])


def _with_certificate(app: ASGIApp, certificate: bytes) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**scope.get("extensions", {}), "tls": {"client_certificate_der": certificate}}
        await app({**scope, "extensions": extensions}, receive, send)

    return wrapped


def _discreet(app: ASGIApp) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as bug:
            if scope["type"] != "http":
                raise
            # uvicorn now answers 500, or closes the connection where an answer has begun.
            _log.error("unexpected error", **described(bug))

    return wrapped
