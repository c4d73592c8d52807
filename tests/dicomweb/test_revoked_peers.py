"""A node speaks with nobody whose certificate or institution its resolvers have revoked, at no port and by no route."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from uuid import UUID, uuid4

import listening
import pytest
from certificates import Authority, NodeCertificate
from conftest import Clock
from wishes import HOSPITAL, PRACTICE, STRANGER

from linkexchange.dicomweb.origin import OriginNodeClient
from linkexchange.dicomweb.own_body import Place
from linkexchange.dicomweb.routed import Routes
from linkexchange.dicomweb.server import application
from linkexchange.errors import Revoked, UnknownRequest
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.revocation import Revocable, Revocation, RevocationKind
from linkexchange.model.route import Route
from linkexchange.ports import Brake, IncomingInstance
from linkexchange.releasing import Counter
from linkexchange.serve import Origin
from linkexchange.sessions import vet
from linkexchange.signing import PublicKeys, thumbprint
from linkexchange.store.work import Database

HUB = "https://hub.example"
OF_PRACTICE = [
    ("POST", "/release-requests"),
    ("GET", f"/release-requests/{UUID(int=1)}"),
    ("GET", f"/transfers/{UUID(int=2)}/digests"),
]
OWN = ("GET", "/own/PACS/studies/1.2/series/1.2.3/instances/1.2.3.4")


@dataclass
class House:
    """A hospital's node, which follows the hub, with its real ledger and desk; its PACS is asked and has nothing."""

    database: Database
    clock: Clock
    authority: Authority
    own: NodeCertificate
    port: int = 0
    fetched: list[Place] = field(default_factory=list)

    def fetch(self, place: Place, brake: Brake) -> Generator[IncomingInstance, None, None]:
        del brake
        self.fetched.append(place)
        yield from ()

    def hears(self, *names: Revocable, me: TelematikId = HOSPITAL, lifted: bool = False) -> None:
        with self.database.work(me) as work:
            first = work.revocations.heard(HUB) + 1
            told = [Revocation(n, *name, "", self.clock(), lifted) for n, name in enumerate(names, first)]
            work.revocations.hear(HUB, told)

    def ask(self, who: NodeCertificate, method: str, path: str) -> tuple[int, str]:
        connection = HTTPSConnection("localhost", self.port, context=who.client_context(), timeout=10)
        try:
            connection.request(
                method, path, b"a.b.c" if method == "POST" else None, {"Content-Type": "application/jose"}
            )
            response = connection.getresponse()
            said = response.read()
            return response.status, json.loads(said).get("code", "") if said else ""
        finally:
            connection.close()

    def refusals(self) -> list[tuple[object, object]]:
        with self.database.audit_trail(HOSPITAL) as entries:
            return [(it.fields["reason"], it.fields["step"]) for it in entries if it.action == "serving.refused"]


@pytest.fixture
def house(database: Database, clock: Clock, tmp_path: Path) -> Iterator[House]:
    authority = Authority(tmp_path)
    house = House(database, clock, authority, authority.node(HOSPITAL))
    origin = Origin(HOSPITAL, PublicKeys({}), database, lambda _: pytest.fail("no PACS"), clock, fresh_seconds=0)
    routes = application(origin, HOSPITAL, house.fetch, Counter(HOSPITAL, database, clock))
    with listening.answering(routes, house.own.server_context()) as house.port:
        yield house


@pytest.mark.parametrize(("method", "path"), OF_PRACTICE, ids=["request", "answer", "digests"])
def test_a_stolen_certificate_asks_for_nothing_after_its_owner_has_enrolled_anew(
    house: House, method: str, path: str
) -> None:
    stolen, newer = house.authority.node(PRACTICE), house.authority.node(PRACTICE)
    before = house.ask(stolen, method, path)
    assert before[1] != "revoked"
    institution: Revocable = (RevocationKind.INSTITUTION, PRACTICE)
    house.hears((RevocationKind.NODE, stolen.thumbprint), institution)
    assert house.ask(newer, method, path) == (403, "revoked")
    house.hears(institution, lifted=True)
    assert house.ask(stolen, method, path) == (403, "revoked")
    assert house.ask(newer, method, path) == before
    assert house.refusals() == [("revoked", "institution"), ("revoked", "node")]


def test_a_stolen_certificate_of_this_very_node_fetches_nothing_from_its_pacs(house: House) -> None:
    stolen, newer = house.authority.node(HOSPITAL), house.authority.node(HOSPITAL)
    house.hears((RevocationKind.NODE, stolen.thumbprint))
    assert house.ask(stolen, *OWN) == (403, "revoked")
    assert house.fetched == []
    assert house.ask(newer, *OWN)[1] != "revoked"
    assert len(house.fetched) == 1


def test_what_another_node_of_the_database_has_heard_refuses_nobody_here(house: House) -> None:
    practice = house.authority.node(PRACTICE)
    house.hears((RevocationKind.NODE, practice.thumbprint), me=STRANGER)
    assert house.ask(practice, *OF_PRACTICE[2])[1] != "revoked"


def test_the_answer_about_a_caller_is_kept_for_as_long_as_that_about_a_grant(house: House, clock: Clock) -> None:
    origin = Origin(HOSPITAL, PublicKeys({}), house.database, lambda _: pytest.fail("no PACS"), clock, fresh_seconds=60)
    origin.vet(PRACTICE, "A" * 43)
    house.hears((RevocationKind.NODE, "A" * 43), (RevocationKind.NODE, "B" * 43))
    origin.vet(PRACTICE, "A" * 43)
    for _ in range(2):
        with pytest.raises(Revoked, match="node"):
            origin.vet(PRACTICE, "B" * 43)


@dataclass
class DirectAlone:
    """`ports.Choice` where no relay is."""

    def order(self) -> Sequence[Route]:
        return (Route.DIRECT,)

    def took(self, route: Route, reason: str) -> None:
        del route, reason


def _no_relay(*_: object) -> socket.socket:
    raise ConnectionRefusedError


DIRECT = Routes(HOSPITAL, DirectAlone(), _no_relay)


@pytest.mark.parametrize("routes", [None, DIRECT], ids=["plain", "routed"])
@pytest.mark.parametrize("kind", [RevocationKind.NODE, RevocationKind.INSTITUTION], ids=str)
def test_an_origin_with_a_revoked_certificate_is_asked_for_nothing(
    house: House, routes: Routes | None, kind: RevocationKind
) -> None:
    def vetted(certificate: bytes) -> None:
        vet(house.database, PRACTICE, HOSPITAL, thumbprint(certificate))

    origin = Participant(HOSPITAL, "Klinikum", f"https://localhost:{house.port}")
    context = house.authority.node(PRACTICE).client_context()
    client = OriginNodeClient(origin, "", context, idle_seconds=10, routes=routes, vet=vetted)
    with pytest.raises(UnknownRequest):
        client.answer(uuid4())
    house.hears((kind, HOSPITAL if kind is RevocationKind.INSTITUTION else house.own.thumbprint), me=PRACTICE)
    with pytest.raises(Revoked, match=kind.value):
        client.answer(uuid4())
