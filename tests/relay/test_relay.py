from __future__ import annotations

import hashlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import relaying
from certificates import Authority
from listening import wait
from relaying import HOSPITAL, OTHER, PRACTICE, Hub, echo, everything

from linkexchange.errors import RelayUnavailable
from linkexchange.model.identifiers import TelematikId
from linkexchange.relay import Caller, Limits, Pace, Patience, Rules
from linkexchange.relay.dialing import RelaySaysNo
from linkexchange.relay.doors import FROM_ONE_ADDRESS
from linkexchange.relay.words import Call, Go, Ping, Pong, Wait, Word, line_of

pytestmark = pytest.mark.slow

BRISK = Patience(preface=1.0, queueing=0.5, release=1.0, ping=0.2, idle=2.0, ending=1.0)
RULES = Rules(patience=BRISK)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with relaying.running(tmp_path, RULES) as hub:
        yield hub


def test_what_one_node_sends_the_other_receives_and_the_other_way_round(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    content = random.Random(1).randbytes(5_000_000)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        sending = threading.Thread(target=stream.sendall, args=(content,))
        sending.start()
        assert everything(stream, len(content)) == content
        sending.join()


def test_the_end_of_one_direction_is_passed_on_and_the_other_goes_on(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        stream.sendall(b"all of it")
        stream.shutdown(socket.SHUT_WR)
        assert everything(stream, 100) == b"all of it"


def test_a_line_that_was_called_is_followed_by_another(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo, lines=1)
    streams = [hub.call(PRACTICE, HOSPITAL) for _ in range(5)]
    for number, stream in enumerate(streams):
        stream.sendall(bytes([number]) * 10)
    assert [everything(stream, 10) for stream in streams] == [bytes([number]) * 10 for number in range(5)]
    for stream in streams:
        stream.close()


def test_what_follows_the_end_of_tls_at_once_is_not_lost(hub: Hub) -> None:
    """A node that does not wait: its first bytes come with the record that ends its TLS."""
    hub.stand(HOSPITAL, echo, lines=1)
    secured = hub.line(PRACTICE, Call(HOSPITAL))
    assert secured.recv(100) == line_of(Go())
    with secured.unwrap() as bare:
        bare.sendall(b"x" * 100_000)
        assert everything(bare, 100_000) == b"x" * 100_000


def test_an_origin_that_is_not_there_is_waited_for_a_while(hub: Hub) -> None:
    begun = time.monotonic()
    with pytest.raises(RelaySaysNo, match="absent"):
        hub.call(PRACTICE, HOSPITAL)
    assert time.monotonic() - begun >= BRISK.queueing
    threading.Timer(0.2, hub.stand, (HOSPITAL, echo)).start()
    hub.call(PRACTICE, HOSPITAL).close()


def test_a_line_whose_node_is_gone_takes_no_call_with_it(hub: Hub) -> None:
    """Nobody has told the relay: it says `go` to a node that does not answer, and takes the next line."""
    silent = hub.line(HOSPITAL, Wait())
    assert silent.recv(100) == line_of(Ping())
    hub.stand(HOSPITAL, echo, lines=1)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        stream.sendall(b"there")
        assert everything(stream, 5) == b"there"
    silent.close()


def test_a_line_that_gives_no_sign_of_life_is_dropped(hub: Hub) -> None:
    with hub.line(HOSPITAL, Wait()) as silent:
        silent.settimeout(relaying.SECONDS)
        with suppress(OSError):
            while silent.recv(100):
                pass
    with pytest.raises(RelaySaysNo, match="absent"):
        hub.call(PRACTICE, HOSPITAL)


def test_a_stream_without_a_byte_is_ended(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        assert stream.recv(1) == b""


def test_i_01_a_certificate_of_another_ca_reaches_nobody(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    foreign = Authority(tmp_path / "foreign", "test").node(PRACTICE)
    context = foreign.client_context()
    context.load_verify_locations(hub.authority.certificate)
    called: list[socket.socket] = []
    hub.stand(HOSPITAL, called.append)
    with socket.create_connection(("127.0.0.1", hub.port), relaying.SECONDS) as sock:
        secured = context.wrap_socket(sock, server_hostname="localhost")
        with secured:
            assert _said(secured, Call(HOSPITAL)) == b""
    assert called == []


def test_i_02_a_certificate_that_has_ended_reaches_nobody(hub: Hub) -> None:
    hub.certificates[PRACTICE] = hub.authority.node(PRACTICE, valid_for=-timedelta(minutes=1))
    hub.stand(HOSPITAL, echo)
    with pytest.raises(RelayUnavailable, match=r"(?i)expired|reset|EOF|ended"):
        hub.call(PRACTICE, HOSPITAL)


def test_a_node_that_is_not_enrolled_may_neither_call_nor_wait(hub: Hub) -> None:
    hub.banned.add(OTHER)
    hub.stand(HOSPITAL, echo)
    with pytest.raises(RelayUnavailable, match="identity"):
        hub.call(OTHER, HOSPITAL)
    with hub.line(OTHER, Wait()) as line:
        assert line.recv(100) == b"no identity\n"


def test_a_node_that_is_put_out_is_out_in_the_middle_of_a_stream_and_others_are_not(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    with hub.call(PRACTICE, HOSPITAL) as stream, hub.call(OTHER, HOSPITAL) as others:
        hub.banned.add(PRACTICE)
        assert _ends(stream)
        others.sendall(b"still here")
        assert everything(others, 10) == b"still here"


def test_a_node_that_is_put_out_waits_no_longer(hub: Hub) -> None:
    with hub.line(HOSPITAL, Wait()) as line:
        assert line.recv(100) == line_of(Ping())
        hub.banned.add(HOSPITAL)
        with suppress(OSError):
            while line.recv(100):
                line.sendall(line_of(Pong()))
    hub.stand(HOSPITAL, echo)
    with pytest.raises(RelaySaysNo, match="absent"):
        hub.call(PRACTICE, HOSPITAL)


def test_nobody_can_wait_under_the_name_of_another(hub: Hub) -> None:
    """There is no word for a name: who waits is whose certificate it is."""
    hub.stand(OTHER, echo)
    with pytest.raises(RelaySaysNo, match="absent"):
        hub.call(PRACTICE, HOSPITAL)


def test_a_recorded_connection_opens_nothing_when_it_is_played_again(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    said = bytearray()
    with Recording(hub.port, said) as port:
        Caller([("localhost", port)], hub.certificate(PRACTICE).client_context())(HOSPITAL, lambda sock: sock).close()
    assert said
    with socket.create_connection(("127.0.0.1", hub.port), relaying.SECONDS) as sock:
        sock.sendall(said)
        answered = bytearray()
        with suppress(OSError):
            while more := sock.recv(1 << 16):
                answered += more
    assert b"go" not in answered
    assert len(answered) < 4000


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"call 1 nobody\n", b"a" * 600, b"go\n"], ids=str)
def test_what_is_no_word_ends_the_connection(hub: Hub, said: bytes) -> None:
    with hub.line(PRACTICE) as line:
        line.sendall(said)
        assert line.recv(100) == b"no words\n"
        assert line.recv(100) == b""


def test_n_01_slow_clients_keep_nobody_out(tmp_path: Path) -> None:
    """Slow-loris from many addresses, also from that of a good node: 600 connections that begin and do not go on."""
    with relaying.running(tmp_path, replace(RULES, patience=replace(BRISK, preface=60.0))) as hub:
        hub.stand(HOSPITAL, echo)
        wait(lambda: _calls(hub))
        slow = [_from(f"127.0.1.{number % 29}" if number % 29 else "127.0.0.1", hub.port) for number in range(600)]
        for number, sock in enumerate(slow):
            with suppress(OSError):
                sock.sendall(b"\x16\x03" if number % 2 else b"GET / HTTP/1.1\r\n")
        for _ in range(10):
            begun = time.monotonic()
            hub.call(PRACTICE, HOSPITAL).close()
            assert time.monotonic() - begun < 5.0
        for sock in slow:
            sock.close()


def test_n_01_connections_that_come_and_go_leave_nothing_behind(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    wait(lambda: _calls(hub))
    process = psutil.Process()
    before = process.num_fds()
    for number in range(300):
        with socket.create_connection(("127.0.0.1", hub.port), relaying.SECONDS) as sock:
            if number % 3 == 0:
                sock.sendall(b"\x16\x03\x01\x02")
    for _ in range(10):
        hub.call(PRACTICE, HOSPITAL).close()
    wait(lambda: process.num_fds() <= before + 4)


def test_at_the_door_the_one_that_stands_longest_makes_room(hub: Hub) -> None:
    slow = [_from("127.0.0.1", hub.port) for _ in range(FROM_ONE_ADDRESS + 1)]
    assert _ends(slow[0])
    slow[-1].settimeout(0.1)
    with pytest.raises(TimeoutError):
        slow[-1].recv(1)
    for sock in slow:
        sock.close()


def test_a_participant_has_no_more_streams_than_it_may(tmp_path: Path) -> None:
    with relaying.running(tmp_path, replace(RULES, limits=Limits(streams=2))) as hub:
        hub.stand(HOSPITAL, echo)
        streams = [hub.call(who, HOSPITAL) for who in (PRACTICE, TelematikId("1-2-third"))]
        with pytest.raises(RelayUnavailable, match="busy"):
            hub.call(PRACTICE, HOSPITAL)
        with pytest.raises(RelayUnavailable, match="busy"):
            hub.call(OTHER, HOSPITAL)
        for stream in streams:
            stream.close()
        wait(lambda: _calls(hub))


def test_a_participant_has_no_more_lines_waiting_than_it_may(tmp_path: Path) -> None:
    with (
        relaying.running(tmp_path, replace(RULES, limits=Limits(waiting=1))) as hub,
        hub.line(HOSPITAL, Wait()) as first,
        hub.line(HOSPITAL, Wait()) as second,
    ):
        assert sorted([first.recv(100), second.recv(100)]) == [b"no busy\n", b"ping\n"]


def test_one_with_many_streams_leaves_another_its_share(tmp_path: Path) -> None:
    """At a pace that all share, six streams of one and one of another: each participant has about a half."""
    pace = Pace(whole=8_000_000)
    with relaying.running(tmp_path, replace(RULES, pace=pace, patience=replace(BRISK, idle=60.0))) as hub:
        hub.stand(HOSPITAL, echo, lines=4)
        greedy = [hub.call(PRACTICE, HOSPITAL) for _ in range(6)]
        modest = hub.call(OTHER, HOSPITAL)
        counts = {id(stream): 0 for stream in (*greedy, modest)}
        ends = time.monotonic() + 3.0
        threads = [threading.Thread(target=_flood, args=(it, ends, counts)) for it in (*greedy, modest)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shares = sum(counts[id(it)] for it in greedy), counts[id(modest)]
        assert shares[1] > 0.3 * sum(shares), shares
        # Both directions count, and what sockets hold has not been moved.
        assert sum(shares) < 8_000_000 * 3.5


def test_a_participant_goes_no_faster_than_it_may(tmp_path: Path) -> None:
    rules = replace(RULES, pace=Pace(participant=2_000_000), patience=replace(BRISK, idle=60.0))
    with relaying.running(tmp_path, rules) as hub:
        hub.stand(HOSPITAL, echo)
        with hub.call(PRACTICE, HOSPITAL) as stream:
            begun = time.monotonic()
            threading.Thread(target=stream.sendall, args=(bytes(2_000_000),)).start()
            assert len(everything(stream, 2_000_000)) == 2_000_000
            assert 1.5 < time.monotonic() - begun < 4.0


def test_a_receiver_that_takes_nothing_costs_the_relay_no_memory(hub: Hub) -> None:
    """Back-pressure is the sockets': what is not taken is not read, and others go on."""
    kept: list[socket.socket] = []
    hub.stand(HOSPITAL, kept.append)
    hub.stand(OTHER, echo)
    stuck = hub.call(PRACTICE, HOSPITAL)
    stuck.settimeout(0.5)
    sent = 0
    with suppress(TimeoutError):
        while True:
            sent += stuck.send(bytes(1 << 20))
    assert sent < 64 << 20
    with hub.call(PRACTICE, OTHER) as stream:
        stream.sendall(b"others go on")
        assert everything(stream, 12) == b"others go on"
    for stream in (stuck, *kept):
        stream.close()


def test_f_22_at_its_end_streams_have_a_while_and_nobody_is_let_in(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        hub.stop()
        wait(lambda: _refuses(hub))
        stream.sendall(b"still here")
        assert everything(stream, 10) == b"still here"
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1) == b""
    hub.ended()


def test_f_22_a_stream_that_does_not_end_is_cut_off(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    with hub.call(PRACTICE, HOSPITAL) as stream:
        hub.stop()
        stream.settimeout(BRISK.ending + 5)
        with suppress(OSError):
            assert stream.recv(1) == b""
    hub.ended()


def test_nodes_come_back_by_themselves_when_the_relay_does(hub: Hub) -> None:
    hub.stand(HOSPITAL, echo)
    hub.call(PRACTICE, HOSPITAL).close()
    hub.stop()
    hub.ended()
    hub.start()
    wait(lambda: _calls(hub))


def test_of_several_relays_the_one_is_found_at_which_the_origin_stands(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with relaying.running(tmp_path / "a", RULES) as first:
        second = Hub(first.authority, RULES, certificates=first.certificates)
        second.start()
        second.stand(HOSPITAL, echo)
        caller = Caller([*first.places, *second.places], first.certificate(PRACTICE).client_context())
        with caller(HOSPITAL, lambda sock: sock) as stream:
            stream.settimeout(relaying.SECONDS)
            stream.sendall(b"found")
            assert everything(stream, 5) == b"found"
        second.close()


def test_a_call_can_be_given_up_from_another_thread(hub: Hub) -> None:
    watched: list[socket.socket] = []

    def watch(sock: socket.socket) -> socket.socket:
        watched.append(sock)
        return sock

    caller = hub.caller(PRACTICE)
    stop = threading.Timer(0.2, lambda: socket.socket.shutdown(watched[-1], socket.SHUT_RDWR))
    stop.start()
    begun = time.monotonic()
    with pytest.raises(RelayUnavailable):
        caller(HOSPITAL, watch)
    assert time.monotonic() - begun < BRISK.queueing


def test_a_pong_too_many_and_a_second_word_are_borne(hub: Hub) -> None:
    with hub.line(HOSPITAL, Wait()) as line:
        assert line.recv(100) == line_of(Ping())
        line.sendall(line_of(Pong()) * 100)
        time.sleep(0.3)
        line.sendall(line_of(Wait()))
        with suppress(ssl.SSLError, ConnectionResetError):
            while line.recv(100):
                pass


def _from(address: str, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), relaying.SECONDS, source_address=(address, 0))


def _calls(hub: Hub) -> bool:
    try:
        hub.call(PRACTICE, HOSPITAL).close()
    except (OSError, RelayUnavailable):
        return False
    return True


def _refuses(hub: Hub) -> bool:
    try:
        socket.create_connection(("127.0.0.1", hub.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def _said(line: ssl.SSLSocket, word: Word) -> bytes:
    """What is answered; nothing where the connection ends."""
    try:
        line.sendall(line_of(word))
        return line.recv(100)
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return b""


def _ends(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def _flood(stream: socket.socket, ends: float, counts: dict[int, int]) -> None:
    """Send, and count what comes back, until the time is over."""

    def send() -> None:
        with suppress(OSError):
            while time.monotonic() < ends:
                stream.sendall(bytes(1 << 16))

    stream.settimeout(1.0)
    sending = threading.Thread(target=send)
    sending.start()
    with suppress(OSError):
        while time.monotonic() < ends and (said := stream.recv(1 << 16)):
            counts[id(stream)] += len(said)
    stream.close()
    sending.join()


class Recording:
    """A port in front of another that keeps what the client says."""

    def __init__(self, port: int, said: bytearray) -> None:
        self._port, self._said = port, said
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._run, daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=self._copy, args=(server, client, bytearray()))
            back.start()
            self._copy(client, server, self._said)
            back.join()

    def _copy(self, source: socket.socket, sink: socket.socket, said: bytearray) -> None:
        with suppress(OSError):
            while more := source.recv(1 << 16):
                said += more
                sink.sendall(more)
            sink.shutdown(socket.SHUT_WR)


def test_the_digest_of_what_went_through_is_the_same(hub: Hub) -> None:
    taken: list[str] = []
    done = threading.Event()

    def digest(stream: socket.socket) -> None:
        def run() -> None:
            sha = hashlib.sha256()
            with stream:
                while said := stream.recv(1 << 20):
                    sha.update(said)
            taken.append(sha.hexdigest())
            done.set()

        threading.Thread(target=run, daemon=True).start()

    hub.stand(TelematikId("5-2-digest"), digest)
    content = random.Random(2).randbytes(20 << 20)
    with hub.call(PRACTICE, TelematikId("5-2-digest")) as stream:
        stream.sendall(content)
    assert done.wait(relaying.SECONDS)
    assert taken == [hashlib.sha256(content).hexdigest()]
