"""A simulated Konnektor with one card, served over a real socket, and every message that went over it.

with running(make_konnektor()) as bench:
    bench.client().cards()
    bench.exchanges
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import FastAPI
from simulated_ti import make_pki, serving

from ti_adapter.konnektor import Address, BasicAuthentication, Context, Konnektor, Transport
from ti_adapter.konnektor.names import Spoken
from ti_adapter.simulator.konnektor import Pace, SimulatedInsured, SimulatedKonnektor, create_app
from ti_adapter.simulator.konnektor.directory import OFFERED
from ti_adapter.simulator.person import DOCTOR, EGK, EGK_CA, HBA, HBA_CA, insured_person
from ti_adapter.simulator.shape import SimulatedInstitution

CONTEXT = Context("Mandant1", "Clientsystem1", "Arbeitsplatz1")
ICCSN = "80276883110000000001"
PKI = make_pki()
CARD = PKI.card(SimulatedInstitution("5-2.9001", "Klinik Nord"))
INSURED = SimulatedInsured("X110411319")
EGK_CARD = make_pki(name=EGK_CA).card(insured_person(INSURED.kvnr, INSURED.given, INSURED.family), EGK)
HBA_CARD = make_pki(name=HBA_CA).card(DOCTOR, HBA)
OTHER_CARD = PKI.card(SimulatedInstitution("1-20.1", "Praxis am Markt"))

_Message = MutableMapping[str, Any]


@dataclass(slots=True)
class Exchange:
    """A request and its answer."""

    path: str
    action: str
    request: bytes = b""
    answer: bytes = b""


class Recorder:
    """An ASGI application that remembers what went through it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: _Message, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        exchange = Exchange(scope["path"], headers.get(b"soapaction", b"").decode().strip('"'))
        self.exchanges.append(exchange)

        async def received() -> _Message:
            message: _Message = await receive()
            exchange.request += message.get("body", b"")
            return message

        async def sent(message: _Message) -> None:
            exchange.answer += message.get("body", b"")
            await send(message)

        await self.app(scope, received, sent)


@dataclass(slots=True)
class Bench:
    """The running Konnektor; what `clients` were made is closed at the end."""

    konnektor: SimulatedKonnektor
    url: str
    recorder: Recorder
    admin_key: str
    opened: list[Transport] = field(default_factory=list)

    def renew(self) -> None:
        """Another Konnektor in the same place: starting a server takes longer than most tests."""
        self.konnektor = make_konnektor()
        self.recorder.exchanges.clear()
        state = self.recorder.app.state
        state.served = replace(state.served, konnektor=self.konnektor)

    @property
    def exchanges(self) -> list[Exchange]:
        return self.recorder.exchanges

    @property
    def handle(self) -> str:
        return self.konnektor.cards[0].handle

    @property
    def egk(self) -> str:
        return next(card.handle for card in self.konnektor.cards if card.insured)

    def transport(self, **options: Any) -> Transport:
        self.opened.append(Transport(Address(self.url, unsafe_clear_text=True), **options))
        return self.opened[-1]

    def client(self, context: Context = CONTEXT, **options: Any) -> Konnektor:
        return Konnektor(self.transport(), context, **options)


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


def make_konnektor(pace: Pace | None = None, *, verified: bool = True) -> SimulatedKonnektor:
    """A Konnektor with one SMC-B, whose PIN somebody has entered, and which signs without delay."""
    konnektor = SimulatedKonnektor([CONTEXT], PKI.trust, pace=pace or Pace(sleep=_at_once))
    handle = konnektor.insert(CARD, iccsn=ICCSN)
    if verified:
        konnektor.enter_pin(handle)
    return konnektor


@contextmanager
def running(
    konnektor: SimulatedKonnektor,
    *,
    authentication: BasicAuthentication | None = None,
    offered: Spoken = OFFERED,
    **tls: Any,
) -> Iterator[Bench]:
    admin_key = secrets.token_urlsafe(16)
    recorder = Recorder(create_app(konnektor, admin_key, authentication=authentication, offered=offered))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if tls else "http"
        bench = Bench(konnektor, f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/", recorder, admin_key)
        with serving(recorder, listener, log_level="critical", **tls):
            yield bench
            for transport in bench.opened:
                transport.__exit__()
