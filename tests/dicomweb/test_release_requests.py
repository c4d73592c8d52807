"""A request for a release goes from node to node over TLS with both certificates, and past no hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from uuid import UUID, uuid4

import listening
import pytest
import scripted
from certificates import Authority, NodeCertificate
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from folder_origin import ORIGIN, REQUESTER
from world import KVNR

from linkexchange.dicomweb.origin import OriginNodeClient
from linkexchange.dicomweb.server import application
from linkexchange.errors import MessageFault, OriginUnavailable, RequestsFull, UnknownRequest
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.release_request import TYP, Kind, ReleaseRequest, Sought, Wanted, read
from linkexchange.model.released import Answered, Standing
from linkexchange.ports import ReleaseDesk
from linkexchange.signing import PublicKeys, Signer, verify

LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")
TOLD = Answered(Standing.RELEASED, "", LINK, datetime(2026, 12, 2, tzinfo=UTC))


@dataclass
class Book:
    """A desk that reads what is handed in, as `releasing.Counter` does, and keeps it in memory."""

    heard: list[ReleaseRequest]
    fault: Exception | None = None
    told: Answered = TOLD

    def hand_in(self, signed: str, requester: TelematikId, keys: PublicKeys) -> None:
        if self.fault:
            raise self.fault
        self.heard.append(read(verify(signed, keys), origin=ORIGIN, requester=requester, now=datetime.now(UTC)))

    def answer(self, request: UUID, requester: TelematikId) -> Answered:
        if requester != REQUESTER or request not in {it.request for it in self.heard}:
            raise UnknownRequest
        return self.told


class Nobody:
    """An origin that serves nothing; nobody is revoked."""

    def vet(self, peer: TelematikId, thumbprint: str) -> None:
        pass


@dataclass(frozen=True)
class Line:
    book: Book
    authority: Authority
    port: int

    def client(self, node: NodeCertificate) -> OriginNodeClient:
        participant = Participant(ORIGIN, "Hospital A", f"https://localhost:{self.port}")
        return OriginNodeClient(participant, "", node.client_context(), idle_seconds=10)

    def post(self, node: NodeCertificate, body: bytes, *, kind: str = "application/jose") -> tuple[int, str]:
        connection = HTTPSConnection("localhost", self.port, context=node.client_context(), timeout=10)
        try:
            connection.request("POST", "/release-requests", body, {"Content-Type": kind})
            response = connection.getresponse()
            said = response.read()
            return response.status, json.loads(said).get("code", "") if said else ""
        finally:
            connection.close()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    book = Book([])
    context = authority.node(ORIGIN).server_context()
    with listening.answering(application(Nobody(), ORIGIN, desk=book), context) as port:  # type: ignore[arg-type]
        yield Line(book, authority, port)


@pytest.fixture
def node(line: Line) -> NodeCertificate:
    line.book.heard, line.book.fault = [], None
    return line.authority.node(REQUESTER)


def signed(node: NodeCertificate, request: ReleaseRequest) -> str:
    key = load_pem_private_key(node.key.read_bytes(), None)
    return Signer.of(key, node.thumbprint).sign(request.claims(), typ=TYP)  # type: ignore[arg-type]


def request(**changes: object) -> ReleaseRequest:
    now = datetime.now(UTC)
    until = now.astimezone().date() + timedelta(days=3)
    wanted, patient = Wanted(modality="CT"), Sought(KVNR, "Größler", "Änne", date(1961, 5, 17), "F")
    plain = ReleaseRequest(
        uuid4(), REQUESTER, ORIGIN, Kind.EMERGENCY, "bewußtlos", patient, wanted, until, "Dr. A", now
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_client_is_what_the_use_cases_ask_for(line: Line, node: NodeCertificate) -> None:
    desk: ReleaseDesk = line.client(node)
    assert callable(desk.hand_in)


def test_a_request_arrives_as_it_was_signed_and_its_requester_hears_where_it_stands(
    line: Line, node: NodeCertificate
) -> None:
    wanted = request()
    line.client(node).hand_in(signed(node, wanted))
    assert line.book.heard == [wanted]
    assert line.client(node).answer(wanted.request) == TOLD


def test_the_state_of_a_request_is_its_requesters_alone(line: Line, node: NodeCertificate) -> None:
    wanted = request()
    line.client(node).hand_in(signed(node, wanted))
    other = line.authority.node(TelematikId("1-2-somebody-else"))
    for asker, number in ((other, wanted.request), (node, uuid4())):
        with pytest.raises(UnknownRequest):
            line.client(asker).answer(number)


def test_a_request_of_another_participant_and_one_under_another_certificate_are_refused(
    line: Line, node: NodeCertificate
) -> None:
    other = line.authority.node(TelematikId("1-2-somebody-else"))
    with pytest.raises(MessageFault):
        line.client(other).hand_in(signed(node, request()))
    with pytest.raises(MessageFault):
        line.client(other).hand_in(signed(other, request()))
    renewed = line.authority.node(REQUESTER)
    with pytest.raises(MessageFault):
        line.client(renewed).hand_in(signed(node, request()))
    assert line.book.heard == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/jose", 422),
        (b"a.b.c", "application/jose", 422),
        ("ä.ö.ü".encode(), "application/jose", 422),
        (b"a" * 32768, "application/jose", 422),
        (b"a" * 32769, "application/jose", 413),
        (b"{}", "application/json", 422),
    ],
    ids=["nothing", "no token", "letters", "large", "too large", "another type"],
)
def test_what_is_no_request_is_refused(line: Line, node: NodeCertificate, body: bytes, kind: str, status: int) -> None:
    assert line.post(node, body, kind=kind)[0] == status
    assert line.book.heard == []


def test_other_methods_have_no_route(line: Line, node: NodeCertificate) -> None:
    connection = HTTPSConnection("localhost", line.port, context=node.client_context(), timeout=10)
    for method, path, status in (
        ("GET", "/release-requests", 405),
        ("POST", f"/release-requests/{uuid4()}", 405),
        ("POST", "/dicomweb/studies/1.2.3", 405),
        ("POST", "/elsewhere", 404),
    ):
        connection.request(method, path, b"" if method == "POST" else None)
        response = connection.getresponse()
        assert (response.status, response.read()) == (status, b"")
    connection.close()


def test_an_origin_with_too_many_open_requests_says_so(line: Line, node: NodeCertificate) -> None:
    line.book.fault = RequestsFull()
    with pytest.raises(RequestsFull):
        line.client(node).hand_in(signed(node, request()))


@contextmanager
def answering(body: bytes, folder: Path) -> Iterator[OriginNodeClient]:
    """An origin that answers everything with this."""
    authority = Authority(folder)
    node = authority.node(REQUESTER)
    context = authority.node(ORIGIN).server_context()
    with scripted.server(scripted.http(200, body), context=context) as server:
        participant = Participant(ORIGIN, "Hospital A", server.url)
        yield OriginNodeClient(participant, "", node.client_context(), idle_seconds=5)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"standing": "granted", "refusal": "", "link": null, "expires": null}',
        b'{"standing": "open", "refusal": 1, "link": null, "expires": null}',
        b'{"standing": "open", "refusal": "", "link": "x", "expires": null}',
        b'{"standing": "open", "refusal": "", "link": null, "expires": "soon"}',
        b'{"standing": "refused", "refusal": "a\\u0000b", "link": null, "expires": null}',
        b"[" * 50_000,
    ],
    ids=["nothing", "list", "empty", "standing", "refusal", "link", "expires", "control", "deep"],
)
def test_an_answer_that_is_none_is_the_origins_fault(body: bytes, tmp_path: Path) -> None:
    with answering(body, tmp_path) as desk, pytest.raises(MessageFault):
        desk.answer(uuid4())


def test_an_origin_that_is_not_there_is_asked_again(line: Line, node: NodeCertificate) -> None:
    client = OriginNodeClient(Participant(ORIGIN, "A", "https://localhost:1"), "", node.client_context())
    with pytest.raises(OriginUnavailable):
        client.hand_in("a.b.c")
    with pytest.raises(OriginUnavailable):
        OriginNodeClient(Participant(ORIGIN, "A", "http://localhost:1"), "", node.client_context()).answer(uuid4())
