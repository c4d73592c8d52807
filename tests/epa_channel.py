"""A practice that is logged in at a simulated record system and entitled to one record, inside a real VAU channel.

with entitled_inside() as inside:
    service = inside.xds()
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from epa_bench import AGENT
from epa_login import ADDRESS, PRAXIS, pki
from simulated_ti import serving, utc_now
from simulated_vau import CALLER
from xds_samples import PATIENT

from ti_adapter.epa import CardProof, Kvnr, Rest, entitle, log_in
from ti_adapter.epa.xds import INSTITUTION_PATH, XdsDocumentService, posting
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.epa import (
    Authorization,
    Documents,
    Entitlements,
    PoppEntitlements,
    Records,
    Sessions,
    SimulatedRecord,
    VsdmService,
    create_inner_app,
)
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.popp import SimulatedPopp
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_app import VauApp
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau.transport import VauTransport

REPOSITORY = "1.2.276.0.76.3.1.1"
KVNR = Kvnr(PATIENT.partition("^")[0])


class World:
    """The record system and its PKI, with one record that nobody is entitled to."""

    def __init__(self) -> None:
        self.pki: SimulatedPki = type(pki()).generate(utc_now())
        self.sessions = Sessions(self.pki.trust, lambda _, code, who: code == who.telematik_id)
        self.entitlements = Entitlements(Records({KVNR.value: SimulatedRecord()}), VsdmService())
        self.rules = RecordSystem(utc_now, self.entitlements.records.by_kvnr)
        self.vau = VauIdentity.issue(utc_now())
        service = Authorization(self.sessions, lambda _: ADDRESS, lambda: "token", utc_now)
        self.popp = SimulatedPopp.generate(utc_now())
        entitling = PoppEntitlements(self.entitlements, self.popp.issuer, self.popp.named)
        inner = create_inner_app(service, self.entitlements, Documents(self.rules, REPOSITORY), entitling)
        self.app = VauApp(VauServer(self.vau), inner)

    @property
    def record(self) -> SimulatedRecord:
        return self.entitlements.records.by_kvnr[KVNR.value]


@dataclass
class Inside:
    """One institution's side of the channel, logged in."""

    world: World
    origin: str
    http: httpx.Client
    card: SimulatedCard

    @property
    def rest(self) -> Rest:
        return Rest(self.http, AGENT)

    def entitle(self) -> None:
        hcv = bytes(5)
        proof = CardProof(self.world.entitlements.vsdm.version_2(KVNR.value, utc_now(), hcv), hcv)
        entitle(self.rest, KVNR, self.card, proof, utc_now())

    def xds(self) -> XdsDocumentService:
        return XdsDocumentService(posting(self.http, AGENT, KVNR), f"{self.origin}{INSTITUTION_PATH}")


@contextmanager
def logged_in(world: World | None = None) -> Iterator[Inside]:
    """Over HTTP on a free port."""
    world = world or World()
    card = world.pki.card(PRAXIS)
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(world.app, listener):
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=origin) as outer:
            transport = VauTransport(outer, lambda: world.vau.trust, CALLER, utc_now)
            with httpx.Client(base_url=origin, transport=transport) as http:
                inside = Inside(world, origin, http, card)
                log_in(inside.rest, transport, card, lambda _: PRAXIS.telematik_id, PRAXIS.telematik_id, utc_now())
                yield inside


@contextmanager
def entitled_inside() -> Iterator[Inside]:
    """The same, entitled."""
    with logged_in() as inside:
        inside.entitle()
        yield inside
