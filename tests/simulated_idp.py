"""A simulated IDP for tests, served over real HTTP on a free port, with a clinic's card and two clients.

with running_idp() as world:
    world.switch.on("id-token/expired")
    world.log_in()
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from simulated_ti import make_pki, serving

from ti_adapter.idp import AuthorizationCode, Idp, IdpClient, LoggedIn, Registration, handed_in
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.idp import IdpIdentity, Switch, create_app
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CARDS = make_pki(NOW)
COMPONENTS = make_pki(NOW, name="GEM.KOMP-CA900")
IDENTITY = IdpIdentity.generate(COMPONENTS)
CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
CARD = CARDS.card(CLINIC)
OURS = Registration("linkexchange", "https://node.example/idp", "openid links", "https://links.example/")
RECORD = Registration("ePA", "https://record.example/idp", "openid epa", "https://record.example/")
ADMIN_KEY = "key-of-the-switchboard"
USER_AGENT = "TEST-ONLY/1.0"


@dataclass
class IdpWorld:
    """The IDP at `url`, and a client of it; both read the same clock, which a test may set."""

    url: str
    switch: Switch
    card: SimulatedCard = CARD
    now: datetime = NOW
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=10))

    def client(self, url: str = "", **other: object) -> IdpClient:
        settings: dict[str, Any] = {"http": self.http, "issuer": self.url, "user_agent": USER_AGENT, **other}
        settings.setdefault("prove", handed_in(*IDENTITY.certificates))
        return IdpClient(url=url or self.url, clock=lambda: self.now, **settings)

    def discover(self) -> Idp:
        return self.client().discover()

    def log_in(self, registration: Registration = OURS) -> LoggedIn:
        client = self.client()
        return client.log_in(registration, self.card, client.discover())

    def authorize(self, uri: str) -> AuthorizationCode:
        client = self.client()
        return client.authorize(uri, self.card, client.discover())

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(self.url + path, data=form, headers={"user-agent": USER_AGENT})

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(self.url + path, params=query, headers={"user-agent": USER_AGENT})

    def reset(self) -> None:
        """As it was when it began."""
        self.switch.faults.clear()
        self.card, self.now = CARD, NOW

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@contextmanager
def running_idp() -> Iterator[IdpWorld]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Else each answer would wait for the acknowledgement of its own head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = IdpWorld(url, Switch())
        app = create_app(IDENTITY, CARDS.trust, (OURS, RECORD), ADMIN_KEY, lambda: world.now)
        world.switch = app.state.simulation.switch
        with world.http, serving(app, listener):
            yield world
