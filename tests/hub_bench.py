"""A resolver over a real database, and a practice's node that talks to it without HTTP.

bench = HubBench(database, clock)
token = bench.grant(wishes.BY_RECORD)

The card is believed at its word unless a test says otherwise; the attestation is then the nonce itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import wishes
from conftest import Clock, Server
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from wishes import HOSPITAL, HUB, INSTITUTION, PARTICIPANT, PRACTICE, REGISTERED

from linkexchange import resolve
from linkexchange.errors import Fault
from linkexchange.model.grant import Grant, accept
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.request import TYP, Request
from linkexchange.ports import Session
from linkexchange.resolve import Caller, Resolver
from linkexchange.sessions import Inquiry
from linkexchange.signing import Signer, verify
from linkexchange.store.work import Database


def signer(kid: str) -> Signer:
    return Signer.of(ec.generate_private_key(ec.SECP256R1()), kid)


@dataclass
class HubBench:
    """`card` is what the next attestation proves, or the fault with which it is refused.

    `again` is what comes of asking about it again (None: it is good), and `asked` how often that was done.
    """

    database: Database
    clock: Clock
    card: Institution | Fault = INSTITUTION
    node: Signer = field(default_factory=lambda: signer("practice"))
    hub: Signer = field(default_factory=lambda: signer("grant-1"))
    again: Fault | None = None
    asked: int = 0
    resolver: Resolver = field(init=False)
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.resolver = Resolver(HUB, self.hub, self.database, self._believe, self.clock, Inquiry(self._ask))
        self.caller = Caller(PRACTICE, "practice's certificate", self.node.public)
        self.enrol(PARTICIPANT)
        self.enrol(Participant(HOSPITAL, "Klinikum Süd", "https://hospital.example", ("ARCHIV",)))
        with self.database.work(HOSPITAL) as work:
            work.hub.register(REGISTERED, None)

    def enrol(self, participant: Participant) -> None:
        with self.database.work(participant.telematik_id) as work:
            work.directory.put(participant)

    def session(self, caller: Caller | None = None) -> str:
        """A session as a node opens it."""
        caller = caller or self.caller
        return self.open(caller, resolve.issue_nonce(self.resolver, caller)).secret.reveal()

    def open(self, caller: Caller, nonce: str) -> Session:
        return resolve.open_session(self.resolver, caller, nonce)

    def grant(self, request: Request, session: str | None = None) -> Grant:
        """Ask for a grant with a request that the practice's node signs, and accept it as its origin does."""
        token = resolve.grant(
            self.resolver, self.caller, self.session() if session is None else session, request=self.signed(request)
        )
        proven = verify(token, self.hub.public)
        return accept(proven, audience=request.origin, thumbprint=self.caller.thumbprint, now=self.clock())

    def signed(self, request: Request) -> str:
        return self.node.sign(request.claims(HUB), typ=TYP)

    def trail(self, participant: TelematikId = PRACTICE) -> list[tuple[str, dict[str, Any]]]:
        """Action and fields of every audit entry."""
        with self.database.audit_trail(participant) as entries:
            return [(entry.action.value, dict(entry.fields)) for entry in entries]

    def rows(self, table: str, participant: TelematikId = PRACTICE) -> list[dict[str, Any]]:
        """What a table holds for a participant."""
        with self.database.engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": str(participant)}
            )
            found = connection.execute(text(f"SELECT * FROM {table}"))  # the table is a test's own word
            return [dict(row._mapping) for row in found]

    def alter(self, postgres: Server, statement: str) -> None:
        """What no code of ours does: change rows past row-level security."""
        with postgres.superuser_of(self.database) as connection:
            connection.execute(statement)

    def _believe(self, attestation: str, thumbprint: str, now: datetime) -> tuple[Institution, str]:
        if isinstance(self.card, Fault):
            raise self.card
        return replace(self.card, certificate=b"card"), attestation

    def _ask(self, certificate: bytes) -> None:
        assert certificate == b"card"
        self.asked += 1
        if self.again:
            raise self.again


def caller_of(telematik_id: TelematikId = wishes.STRANGER, thumbprint: str = "another certificate") -> Caller:
    """Another node, with another key."""
    return Caller(telematik_id, thumbprint, signer("stranger").public)
