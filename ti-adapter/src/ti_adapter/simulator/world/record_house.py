"""One record system of the simulated TI: the information service in the open, all else inside its VAU, one origin."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cryptography import x509
from starlette.types import ASGIApp, Receive, Scope, Send

from ti_adapter.simulator.content_policy import ContentPolicy
from ti_adapter.simulator.epa import (
    Authorization,
    Documents,
    Entitlements,
    PoppEntitlements,
    Records,
    Sessions,
    VsdmService,
    create_app,
    create_inner_app,
)
from ti_adapter.simulator.epa.roles import LOGIN
from ti_adapter.simulator.popp import SimulatedPopp
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_app import VauApp
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.simulator.world.authorities import COMPONENTS, Authorities
from ti_adapter.simulator.world.condition import Attended, Condition
from ti_adapter.simulator.world.relying import RelyingParty
from ti_adapter.simulator.world.vaus import RenewedVau
from ti_adapter.vau.outer import HANDSHAKE_PATH

_VAU_PATHS: Final = (HANDSHAKE_PATH, "/CertData.")
_REPOSITORY: Final = "1.2.276.0.76.3.1.91.{number}"


@dataclass(slots=True)
class RecordHouse:
    """A record system. `condition` is that of its services, inside the channel and outside; the VAU has its own."""

    number: int
    records: Records
    documents: RecordSystem
    sessions: Sessions
    vau: RenewedVau
    open_app: ASGIApp
    condition: Condition
    vau_condition: Condition = field(default_factory=Condition)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to the origin."""
        if scope["path"].startswith(_VAU_PATHS):
            await Attended(self.vau, self.vau_condition)(scope, receive, send)
        else:
            await Attended(self.open_app, self.condition)(scope, receive, send)

    def restart(self) -> None:
        """Channels and logins are gone; records stay."""
        self.vau.server.connections.clear()
        self.sessions.close()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What is the same for all record systems: services that they believe, the directory's token, what they take."""

    vsdm: VsdmService
    popp: SimulatedPopp
    search_token: str = field(repr=False)
    content: ContentPolicy


def open_house(number: int, authorities: Authorities, idp: RelyingParty, neighbours: Neighbours) -> RecordHouse:
    """A record system without records."""
    clock, records, condition = authorities.clock, Records(), Condition()
    kept = RecordSystem(clock, records.by_kvnr, content=neighbours.content)
    sessions = Sessions(authorities.cards.trust, idp.is_code_of, LOGIN, authorities.is_revoked)
    service = Authorization(sessions, idp.authorization_uri, lambda: neighbours.search_token, clock)
    entitlements, popp = Entitlements(records, neighbours.vsdm, journal=kept.journal), neighbours.popp
    held = Documents(kept, _REPOSITORY.format(number=number))
    inner = create_inner_app(service, entitlements, held, PoppEntitlements(entitlements, popp.issuer, popp.named))
    identity = _identity(authorities, clock())
    server = VauServer(identity)
    app = VauApp(server, Attended(inner, condition), clock)
    vau = RenewedVau(app, server, identity, clock)
    return RecordHouse(number, records, kept, sessions, vau, create_app(records), condition)


def _identity(authorities: Authorities, now: datetime) -> VauIdentity:
    """Under the component CA, with an answer of the one responder."""
    issued = VauIdentity.issue(now, authorities.components)
    known: x509.Certificate = issued.card.certificate
    authorities.responders[COMPONENTS].know(known)
    return replace(issued, responder=authorities.signer).signing(now)
