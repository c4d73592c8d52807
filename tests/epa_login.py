"""A login at a simulated record system without the VAU around it: a channel is a name, and the IDP a dictionary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from epa_bench import Exchanges, rest
from starlette.types import ASGIApp, Receive, Scope, Send

from ti_adapter.epa import Rest, log_in
from ti_adapter.pki import Admission
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.epa import (
    Authorization,
    Documents,
    Entitlements,
    PoppEntitlements,
    Records,
    Sessions,
    VsdmService,
    create_inner_app,
)
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.popp import SimulatedPopp
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRAXIS = SimulatedInstitution("1-20.1", "Praxis am Markt", ("1.2.276.0.76.4.50",))
OTHER = SimulatedInstitution("1-20.10", "Praxis am Tor", ("1.2.276.0.76.4.50",))
ADDRESS = "https://idp.example/auth?client_id=epa&response_type=code&state=s"


@cache
def pki() -> SimulatedPki:
    """One PKI for all tests."""
    return SimulatedPki.generate(NOW)


@cache
def card_of(institution: SimulatedInstitution) -> SimulatedCard:
    """One card for each institution."""
    return pki().card(institution)


@cache
def popp_service() -> SimulatedPopp:
    """One PoPP service for all tests."""
    return SimulatedPopp.generate(NOW)


@dataclass
class Channel:
    """What a VAU transport shows of itself."""

    key_id: bytes = b"first"
    pseudonym: str = ""


@dataclass
class CountingCard:
    """A card that counts its signatures."""

    card: SimulatedCard
    signatures: int = 0

    @property
    def certificate(self) -> x509.Certificate:
        return self.card.certificate

    def external_authenticate(self, digest: bytes) -> bytes:
        self.signatures += 1
        return self.card.external_authenticate(digest)


@dataclass
class Login:
    """Both ends. `codes` are what the IDP has given out, each for a Telematik-ID, once."""

    records: Records = field(default_factory=Records)
    roles: frozenset[str] = frozenset()
    now: datetime = NOW
    address: str = ADDRESS
    codes: dict[str, str] = field(default_factory=dict)
    channel: Channel = field(default_factory=Channel)
    exchanges: Exchanges = field(default_factory=Exchanges)
    asked: list[str] = field(default_factory=list)
    rules: RecordSystem | None = None

    def __post_init__(self) -> None:
        self.sessions = Sessions(pki().trust, self._is_code_of, self.roles)
        self.entitlements = Entitlements(self.records, VsdmService())
        service = Authorization(self.sessions, lambda _: self.address, lambda: "search-token", lambda: self.now)
        self.popp = PoppEntitlements(self.entitlements, popp_service().issuer, popp_service().named)
        self.documents = Documents(
            self.rules or RecordSystem(lambda: self.now, self.records.by_kvnr), "1.2.276.0.76.3.1.1"
        )
        inner = create_inner_app(service, self.entitlements, self.documents, self.popp)
        self.rest: Rest = rest(self._within(inner), self.exchanges)

    def _is_code_of(self, _: bytes, code: str, who: Admission) -> bool:
        return self.codes.pop(code, None) == who.telematik_id

    def _within(self, app: ASGIApp) -> ASGIApp:
        async def within(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {"vau": {"key_id": self.channel.key_id}}}, receive, send)

        return within

    def idp(self, institution: SimulatedInstitution = PRAXIS) -> Callable[[str], str]:
        """The port: the IDP logs this institution in."""

        def ask(address: str) -> str:
            self.asked.append(address)
            self.codes["code-1"] = institution.telematik_id
            return "code-1"

        return ask

    def log_in(self, card: CountingCard | None = None) -> bool:
        """The login of the practice."""
        used = card or CountingCard(card_of(PRAXIS))
        return log_in(self.rest, self.channel, used, self.idp(), PRAXIS.telematik_id, self.now)
