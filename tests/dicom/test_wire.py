from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import certificates
import peers
import pytest

from linkexchange.dicom import pdu
from linkexchange.dicom.line import Line, Timeouts
from linkexchange.dicom.wire import Wire, connect
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport

pytestmark = pytest.mark.slow

NODE = TelematikId("5-2-123456789")
SOON = 0.5
SIZES = [0, 1, 5, 4096, pdu.PDU_MAX_BYTES, 2 * pdu.PDU_MAX_BYTES - 6, 2 * pdu.PDU_MAX_BYTES, pdu.PDU_CAP_BYTES, 7, 0]


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    with socket.create_server((peers.HOST, 0)) as listener, socket.create_connection(listener.getsockname()) as one:
        other, _ = listener.accept()
        with other:
            yield one, other


@contextmanager
def wired(silence_seconds: float = 5) -> Iterator[tuple[Wire, socket.socket]]:
    """A wire, and what the other side has in its hand."""
    with connected() as (ours, theirs):
        yield Wire(ours, silence_seconds=silence_seconds), theirs


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Something that another thread does."""

    def run() -> None:
        with suppress(OSError):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()


def whole(body: bytes) -> bytes:
    return pdu.write(pdu.Type.P_DATA, body)


def raised(work: Callable[[], object]) -> PacsUnavailable:
    with pytest.raises(PacsUnavailable) as caught:
        work()
    return caught.value


@pytest.mark.parametrize("cut", [1 << 20, 100_003, 16_384])
def test_pdus_of_any_length_are_read_whatever_pieces_they_come_in(cut: int) -> None:
    sent = [bytes((number,)) * size for number, size in enumerate(SIZES)]
    stream = b"".join(map(whole, sent))
    with wired() as (wire, other):

        def send() -> None:
            for at in range(0, len(stream), cut):
                other.sendall(stream[at : at + cut])

        with meanwhile(send):
            assert [bytes(wire.read()[1]) for _ in sent] == sent


def test_a_pdu_is_read_that_comes_byte_by_byte() -> None:
    with wired() as (wire, other):
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with meanwhile(lambda: [other.sendall(bytes((it,))) for it in whole(b"abcdef") * 3]):
            assert [bytes(wire.read()[1]) for _ in range(3)] == [b"abcdef"] * 3


def test_whoever_is_slow_but_not_silent_is_not_given_up() -> None:
    def drip() -> None:
        for byte in whole(b"abcdef"):
            time.sleep(0.2)
            other.sendall(bytes((byte,)))

    with wired(silence_seconds=2) as (wire, other), meanwhile(drip):
        begun = time.monotonic()
        assert bytes(wire.read()[1]) == b"abcdef"
        assert time.monotonic() - begun > 2


def test_whoever_is_silent_in_the_middle_of_a_pdu_is_given_up() -> None:
    with wired(silence_seconds=0.2) as (wire, other):
        other.sendall(whole(b"abcdef")[:-1])
        assert "no answer within 0.2 s" in str(raised(wire.read))


def test_whoever_stops_reading_is_given_up() -> None:
    with wired(silence_seconds=0.2) as (wire, _):
        assert "no answer within 0.2 s" in str(raised(lambda: wire.write(bytes(64 << 20))))


def test_whoever_reads_slowly_is_not_given_up() -> None:
    block = bytes(8 << 20)

    def sip() -> None:
        left = len(block)
        while left:
            time.sleep(0.05)
            left -= len(other.recv(256 << 10))

    with wired(silence_seconds=5) as (wire, other):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        with meanwhile(sip):
            wire.write(block)


def test_whoever_hangs_up_in_the_middle_of_a_pdu_is_unavailable() -> None:
    with wired() as (wire, other):
        other.sendall(whole(b"abcdef")[:-1])
        other.close()
        assert "broke off" in str(raised(wire.read))


@pytest.mark.parametrize("block", [lambda it: it.read(), lambda it: it.write(bytes(64 << 20))], ids=["read", "write"])
def test_a_thread_that_waits_is_woken_by_another(block: Callable[[Wire], object]) -> None:
    with wired(silence_seconds=60) as (wire, _), meanwhile(lambda: raised(lambda: block(wire))) as waiting:
        time.sleep(0.1)
        assert waiting.is_alive()
        wire.stop()
        waiting.join(SOON)
        assert not waiting.is_alive()


def test_a_wire_that_is_closed_can_be_stopped() -> None:
    with wired() as (wire, _):
        wire.close()
        wire.stop()


def test_whoever_hangs_up_in_good_order_lets_the_other_side_read_to_the_end() -> None:
    with wired() as (wire, other):
        wire.write(whole(b"last words"))
        with meanwhile(lambda: wire.hang_up(5)):
            assert other.recv(100, socket.MSG_WAITALL) == whole(b"last words")
            other.close()


def test_whoever_does_not_close_is_not_waited_for_any_longer() -> None:
    with wired(silence_seconds=60) as (wire, other):
        begun = time.monotonic()
        wire.hang_up(0.1)
        assert time.monotonic() - begun < 20
        assert other.recv(1) == b""


_EATER = """
import sys
from linkexchange.dicom import bulk
from linkexchange.dicom.acse import Answered
from linkexchange.dicom.line import Context
from linkexchange.dicom.wire import Wire
from linkexchange.errors import Fault
import socket

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
    wire = Wire(connection, silence_seconds=10)
    association = bulk.Association(wire, Answered((Context(1, "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"),), 0))
    before = peak()
    try:
        while True:
            association.receive()
            for chunk in association.data():
                pass
    except Fault as fault:
        print(fault.code, peak() - before)
"""
_STORE = bytes.fromhex("00000001020000000100") + bytes.fromhex("00000008020000000000")


def _head(length: int) -> bytes:
    return b"\x04\0" + length.to_bytes(4, "big")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("first", "block"),
    [
        pytest.param(_head(0xFFFFFFFF), bytes(1 << 20), id="a length of 4 GiB"),
        pytest.param(
            whole(len(_STORE + b"xx").to_bytes(4, "big") + b"\1\3" + _STORE),
            whole((pdu.PDU_CAP_BYTES - 4).to_bytes(4, "big") + b"\1\0" + bytes(pdu.PDU_CAP_BYTES - 6)),
            id="a data set that never ends",
        ),
        pytest.param(b"", whole((2 << 10).to_bytes(4, "big") + b"\1\1" + bytes(2046)), id="a command that never ends"),
    ],
)
def test_d_13_whatever_is_sent_memory_does_not_grow(first: bytes, block: bytes) -> None:
    """600 MiB, to a process whose memory is measured."""
    with socket.create_server((peers.HOST, 0)) as listener:
        port = str(listener.getsockname()[1])
        with subprocess.Popen([sys.executable, "-c", _EATER, port], stdout=subprocess.PIPE, text=True) as eater:
            feeder, _ = listener.accept()
            with feeder, suppress(OSError):
                feeder.sendall(first)
                for _ in range((600 << 20) // len(block)):
                    feeder.sendall(block)
            code, kilobytes = eater.communicate(timeout=60)[0].split()
    assert code in ("pacs-unavailable", "message-fault")
    assert int(kilobytes) < 32 << 10


@pytest.fixture
def files(tmp_path: Path) -> certificates.NodeCertificate:
    """The certificate of a node, and the CA that it trusts."""
    return certificates.Authority(tmp_path).node(NODE)


@contextmanager
def pacs(theirs: certificates.NodeCertificate, talk: Callable[[ssl.SSLSocket], object]) -> Iterator[Passport]:
    """A PACS that speaks TLS under this certificate."""
    context = theirs.server_context()
    with socket.create_server((peers.HOST, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secured:
                talk(secured)

        with meanwhile(serve):
            yield Passport("tls", AeTitle("TLS"), peers.HOST, listener.getsockname()[1], tls=True)


def line(passport: Passport, ours: certificates.NodeCertificate | None) -> Line:
    context = ours.client_context() if ours else None
    return Line(passport, AeTitle("NODE"), Timeouts(5, 5, 5), context)


def test_over_tls_both_sides_show_a_certificate(files: certificates.NodeCertificate) -> None:
    shown: list[bytes | None] = []

    def echo(secured: ssl.SSLSocket) -> None:
        shown.append(secured.getpeercert(binary_form=True))
        secured.sendall(secured.recv(1000))

    with pacs(files, echo) as passport, closing(connect(line(passport, files))) as wire:
        wire.write(whole(b"abcdef"))
        assert bytes(wire.read()[1]) == b"abcdef"
    assert shown == [files.der]


def of_another_ca(own: certificates.Authority) -> certificates.NodeCertificate:
    return certificates.Authority(own.folder, "other").node(NODE)


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        pytest.param(of_another_ca, "self-signed|unable to get local issuer", id="another CA"),
        pytest.param(lambda own: own.node(NODE, host="pacs.example"), "mismatch", id="another name"),
        pytest.param(lambda own: own.node(NODE, valid_for=timedelta(days=-1)), "expired", id="expired"),
    ],
)
def test_n_03_a_pacs_whose_certificate_is_not_right_is_not_spoken_to(
    tmp_path: Path, issue: Callable[[certificates.Authority], certificates.NodeCertificate], reason: str
) -> None:
    heard: list[bytes] = []
    own = certificates.Authority(tmp_path)
    theirs = issue(own)
    with (
        pacs(theirs, lambda secured: heard.append(secured.recv(1000))) as passport,
        pytest.raises(PacsUnavailable, match=f"TLS: .*({reason})"),
    ):
        connect(line(passport, own.node(NODE)))
    assert not any(heard)


@contextmanager
def clear_text(answer: bytes) -> Iterator[tuple[Passport, list[bytes]]]:
    """A PACS that offers no TLS, though its passport says so; and what it has heard, call by call."""
    heard: list[bytes] = []
    with socket.create_server((peers.HOST, 0)) as listener:

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    heard.append(connection.recv(4096))
                    connection.sendall(answer)
                    connection.recv(4096)

        with meanwhile(serve):
            yield Passport("clear", AeTitle("CLEAR"), peers.HOST, listener.getsockname()[1], tls=True), heard
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [b"", pdu.write(pdu.Type.ASSOCIATE_RJ, b"\0\1\1\1"), whole(bytes(100))])
def test_n_03_a_pacs_that_offers_clear_text_only_is_not_spoken_to(
    files: certificates.NodeCertificate, answer: bytes
) -> None:
    with clear_text(answer) as (passport, heard):
        assert "TLS" in str(raised(lambda: connect(line(passport, files))))
    handshake = b"\x16"
    assert [it[:1] for it in heard] == [handshake]


def test_n_03_without_a_certificate_of_its_own_a_node_says_nothing(files: certificates.NodeCertificate) -> None:
    with clear_text(b"") as (passport, heard):
        assert "no certificate" in str(raised(lambda: connect(line(passport, None))))
    assert not any(heard)


def test_n_03_what_is_stopped_is_never_read_nor_written_in_clear_text(files: certificates.NodeCertificate) -> None:
    heard: list[bytes] = []

    def talk(secured: ssl.SSLSocket) -> None:
        secured.sendall(whole(b"abcdef"))
        heard.append(secured.recv(1000))

    with pacs(files, talk) as passport, closing(connect(line(passport, files))) as wire:
        wire.stop()
        # What has arrived before may still be read, but as what it is: not as the TLS record that carries it.
        with suppress(PacsUnavailable):
            assert bytes(wire.read()[1]) == b"abcdef"
        raised(lambda: wire.write(whole(b"secret")))
    assert not any(heard)


def test_what_tls_has_decrypted_and_nobody_has_taken_is_input(files: certificates.NodeCertificate) -> None:
    """The window ends in the middle of a TLS record: what is left of it lies where no `poll` sees it."""
    first, second, third = (whole(bytes(size)) for size in (94, 2 * pdu.PDU_MAX_BYTES - 100 - 6, 20))

    def talk(secured: ssl.SSLSocket) -> None:
        secured.sendall(first)
        secured.sendall(second + third)
        secured.recv(1)

    with pacs(files, talk) as passport, closing(connect(line(passport, files))) as wire:
        assert [len(wire.read()[1]) for _ in range(2)] == [94, len(second) - pdu.HEAD_BYTES]
        assert wire.has_input()
        assert len(wire.read()[1]) == 20


@pytest.mark.parametrize("host", ["no-such-host.invalid", "ä" * 64 + ".example", "." * 3])
def test_a_host_name_that_nobody_has_is_unavailable(host: str) -> None:
    nowhere = Passport("nowhere", AeTitle("NOWHERE"), host, 104)
    assert "host name is not known" in str(raised(lambda: connect(line(nowhere, None))))


def test_a_port_where_nobody_listens_is_unavailable() -> None:
    down = Passport("down", AeTitle("DOWN"), peers.HOST, peers.free_port())
    assert "no connection" in str(raised(lambda: connect(line(down, None))))


def test_a_fault_in_a_head_is_told_before_its_body_is_waited_for() -> None:
    with wired() as (wire, other):
        other.sendall(_head(0xFFFFFFFF))
        with pytest.raises(MessageFault):
            wire.read()
