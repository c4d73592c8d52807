"""Listeners of the simulated TI: one free port and one server for each service, all on one event loop."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ti_adapter.simulator.konnektor.app import PEER_CERTIFICATE

_TURN_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key of a server, PEM; `clients` is the CA of client certificates, which need not be shown."""

    certificate: Path
    key: Path
    clients: Path | None = None

    def settings(self) -> dict[str, Any]:
        """As uvicorn calls them."""
        own = {"ssl_certfile": str(self.certificate), "ssl_keyfile": str(self.key)}
        if self.clients is None:
            return own
        return {**own, "ssl_ca_certs": str(self.clients), "ssl_cert_reqs": ssl.CERT_OPTIONAL, "http": _KnowsItsPeer}


@dataclass(frozen=True, slots=True)
class Service:
    """What answers at a listener."""

    app: ASGIApp
    listener: socket.socket
    tls: Tls | None = None


class _KnowsItsPeer(H11Protocol):
    """Leaves the certificate of the client, DER, in the state of its requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(binary_form=True) if tls else None
        self.app_state = {**self.app_state, PEER_CERTIFICATE: shown}


class _Server(uvicorn.Server):
    """One of several, so that signals are not its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int = 0) -> socket.socket:
    """A listener, on a free port unless one is named."""
    listener = socket.create_server((host, port))
    # Else each answer would wait for the acknowledgement of its own head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket, scheme: str, host: str) -> str:
    """Where it is reached: at the host as it was named, since that is what its certificate says."""
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def serve(services: Mapping[str, Service], ready: Callable[[], None]) -> None:
    """Serve all of them until SIGTERM or SIGINT; `ready` is called once every one of them answers."""
    asyncio.run(_serve([_server(one) for one in services.values()], [one.listener for one in services.values()], ready))


def _server(service: Service) -> _Server:
    settings = service.tls.settings() if service.tls else {}
    config = uvicorn.Config(
        service.app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
        **settings,
    )
    return _Server(config)


async def _serve(servers: list[_Server], sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    def end() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    serving = [asyncio.ensure_future(server.serve([one])) for server, one in zip(servers, sockets, strict=True)]
    await _started(servers, serving)
    ready()
    await asyncio.gather(*serving)


async def _started(servers: Sequence[_Server], serving: Sequence[asyncio.Future[None]]) -> None:
    while not all(server.started or server.should_exit for server in servers):
        await asyncio.sleep(_TURN_SECONDS)
        for one in serving:
            if one.done():
                one.result()
