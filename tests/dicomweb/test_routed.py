from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import listening
import peers
import pytest
import relaying
from relaying import HOSPITAL, OTHER, PRACTICE, Hub

from linkexchange.dicomweb.routed import Call, RoutedWire, Routes
from linkexchange.errors import RelayUnavailable, Revoked
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.route import Route
from linkexchange.ports import Brake
from linkexchange.relay import Patience, Rules
from linkexchange.signing import thumbprint
from linkexchange.threaded import Answer, Request, Server
from linkexchange.tls import participant_uri

pytestmark = pytest.mark.slow

RULES = Rules(patience=Patience(queueing=0.5, release=1.0, ending=1.0))


@dataclass
class Choice:
    """`ports.Choice` in memory."""

    routes: Sequence[Route] = (Route.DIRECT, Route.RELAY)
    taken: list[tuple[Route, str]] = field(default_factory=list)

    def order(self) -> Sequence[Route]:
        return self.routes

    def took(self, route: Route, reason: str) -> None:
        self.taken.append((route, reason))


def application(request: Request, _: Brake) -> Answer:
    """Says who has asked."""
    return Answer(200, {}, participant_uri(request.certificate, TelematikId.urn).encode())


@dataclass
class Place:
    """A relay, an origin's node that stands at it, and its port."""

    hub: Hub
    port: int
    stack: ExitStack

    def stand(self, who: TelematikId) -> int:
        """A node that also listens."""
        context = self.hub.certificate(who).server_context()
        server = Server(application, host="127.0.0.1", port=(port := peers.free_port()), context=context)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        self.stack.callback(thread.join)
        self.stack.callback(server.stop)
        self.hub.stand(who, server.take)
        return port

    def wire(
        self,
        choice: Choice,
        *,
        port: int = 0,
        call: Call | None = None,
        vet: Callable[[bytes], None] | None = None,
    ) -> RoutedWire:
        routes = Routes(HOSPITAL, choice, call or self.hub.caller(PRACTICE))
        context = self.hub.certificate(PRACTICE).client_context()
        url = f"https://localhost:{port or self.port}"
        return RoutedWire(url, routes, context=context, idle_seconds=5.0, vet=vet)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with relaying.running(tmp_path, RULES) as hub, ExitStack() as stack:
        place = Place(hub, 0, stack)
        place.port = place.stand(HOSPITAL)
        yield place


def asked(wire: RoutedWire) -> bytes:
    try:
        wire.request("GET", "/")
        return wire.getresponse().read()
    finally:
        wire.close()


def test_where_the_direct_route_is_open_it_is_taken(place: Place) -> None:
    choice = Choice()
    assert asked(place.wire(choice)) == PRACTICE.uri.encode()
    assert choice.taken == [(Route.DIRECT, "")]


def test_where_it_is_not_the_relay_is_taken_and_the_origin_sees_the_same_certificate(place: Place) -> None:
    choice = Choice()
    assert asked(place.wire(choice, port=peers.free_port())) == PRACTICE.uri.encode()
    assert choice.taken == [(Route.RELAY, "direct: Connection refused")]


def test_a_node_that_is_somebody_else_is_not_taken_for_the_origin(place: Place) -> None:
    """Private addresses are not unique: what answers at this one has a good certificate and is another participant."""
    choice, elsewhere = Choice(), place.stand(OTHER)
    assert asked(place.wire(choice, port=elsewhere)) == PRACTICE.uri.encode()
    assert choice.taken == [(Route.RELAY, "direct: certificate of another participant")]


def test_a_stolen_certificate_at_the_direct_route_is_passed_over_and_without_a_relay_it_is_said(place: Place) -> None:
    stolen = place.hub.authority.node(HOSPITAL)

    def vet(certificate: bytes) -> None:
        if thumbprint(certificate) == stolen.thumbprint:
            raise Revoked("node")

    with listening.answering(application, stolen.server_context()) as elsewhere:
        choice = Choice()
        assert asked(place.wire(choice, port=elsewhere, vet=vet)) == PRACTICE.uri.encode()
        assert choice.taken == [(Route.RELAY, "direct: revoked certificate")]
        with pytest.raises(Revoked, match="node"):
            asked(place.wire(Choice((Route.DIRECT,)), port=elsewhere, vet=vet))


def test_n_03_a_relay_that_joins_to_another_participant_gains_nothing(place: Place) -> None:
    place.stand(OTHER)
    caller, choice = place.hub.caller(PRACTICE), Choice((Route.RELAY,))
    with pytest.raises(OSError, match="relay: certificate of another participant"):
        asked(place.wire(choice, call=lambda _, watch: caller(OTHER, watch)))
    assert choice.taken == []


def test_n_03_clear_text_is_no_route(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as clear:
        threading.Thread(target=_say_in_clear, args=(clear,), daemon=True).start()
        choice = Choice()
        assert asked(place.wire(choice, port=clear.getsockname()[1])) == PRACTICE.uri.encode()
    [(route, reason)] = choice.taken
    assert route is Route.RELAY
    assert reason.startswith("direct: ")


def test_where_no_route_leads_there_both_say_why(place: Place) -> None:
    place.hub.banned.add(HOSPITAL)
    wire = place.wire(Choice(), port=peers.free_port(), call=_absent(place))
    with pytest.raises(OSError, match=r"direct: Connection refused; relay: the relay says absent"):
        asked(wire)


def test_a_relay_that_is_down_is_the_hubs_matter(place: Place) -> None:
    nowhere = relaying.Caller([("localhost", peers.free_port())], place.hub.certificate(PRACTICE).client_context())
    with pytest.raises(RelayUnavailable, match=r"direct: Connection refused; relay: Connection refused"):
        asked(place.wire(Choice(), port=peers.free_port(), call=nowhere))


def test_a_wire_that_is_stopped_while_it_calls_waits_no_longer(place: Place) -> None:
    wire = place.wire(Choice((Route.RELAY, Route.DIRECT)), port=peers.free_port(), call=_absent(place))
    threading.Timer(0.1, wire.stop).start()
    begun = time.monotonic()
    with pytest.raises(RelayUnavailable):
        asked(wire)
    assert time.monotonic() - begun < RULES.patience.queueing


def test_after_its_end_a_server_takes_nobody(tmp_path: Path) -> None:
    with relaying.running(tmp_path, RULES) as hub:
        context = hub.certificate(HOSPITAL).server_context()
        server = Server(application, host="127.0.0.1", port=peers.free_port(), context=context)
        thread = threading.Thread(target=server.run)
        thread.start()
        server.stop()
        thread.join(listening.READY_SECONDS)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname(), relaying.SECONDS)
            theirs, _ = listener.accept()
        with ours, theirs:
            server.take(theirs)
            assert ours.recv(1) == b""


def _absent(place: Place) -> Call:
    """Asks for somebody who is not there."""
    caller = place.hub.caller(PRACTICE)

    def call(_: TelematikId, watch: Callable[[socket.socket], socket.socket]) -> socket.socket:
        return caller(TelematikId("5-2-nobody"), watch)

    return call


def _say_in_clear(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
