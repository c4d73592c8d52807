from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import peers
import psutil
import pytest
import receiving
import shipped
import structlog
from certificates import Authority, NodeCertificate
from faults.adapters import manifest
from peers.ground import PATH

from linkexchange.conform import Gone, OriginManners, OriginPacs, hostile, made, units
from linkexchange.conform.talk import Talk
from linkexchange.dicom.callers import Callers
from linkexchange.dicom.receiver import Limits, Receiver
from linkexchange.errors import PacsUnavailable, SettingRefused, StateUnavailable
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport

pytestmark = pytest.mark.slow

STUDY = made(3)
MANIFEST = manifest(STUDY)
HASTY = Limits(first_seconds=0.4)
SHORT_OF_PATIENCE = Limits(idle_seconds=1)
CALLED_UNKNOWN, CALLING_UNKNOWN, CONGESTED, LIMIT = (1, 1, 7), (1, 1, 3), (2, 3, 1), (2, 3, 2)


@pytest.fixture(scope="module")
def node() -> Iterator[receiving.Node]:
    with receiving.on() as node:
        yield node


def answer(node: receiving.Node, *, called: str = "NODE", calling: str = "ORIGIN") -> tuple[int, ...]:
    """Result, source and reason of a rejection; the empty tuple where the call is accepted."""
    wish = units.Wish(1, STUDY[0].sop_class, (STUDY[0].syntax,))
    with socket.create_connection(node.place, timeout=5) as connection:
        connection.sendall(units.request(called, calling, (wish,)))
        head = connection.recv(10, socket.MSG_WAITALL)
        return tuple(head[7:10]) if head[0] == units.ASSOCIATE_RJ else ()


def retrieved(node: receiving.Node) -> int:
    """How many of the three a retrieval gets that is begun now."""
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        return len([b"".join(one.chunks) for one in stream])


def test_a_call_under_an_ae_title_that_is_none_of_ours_is_rejected(node: receiving.Node) -> None:
    assert answer(node, called="OTHER") == CALLED_UNKNOWN


def test_d_09_a_caller_that_is_no_pacs_of_ours_is_rejected(node: receiving.Node) -> None:
    assert answer(node, calling="STRANGER") == CALLING_UNKNOWN


def test_d_09_a_known_ae_title_from_another_address_is_rejected() -> None:
    elsewhere = replace(receiving.ORIGIN, host="192.0.2.7")
    with receiving.on(known=[elsewhere]) as node:
        assert answer(node) == CALLING_UNKNOWN


def test_a_pacs_that_is_registered_by_its_name_is_known() -> None:
    with receiving.on(known=[replace(receiving.ORIGIN, host="localhost")]) as node:
        assert answer(node) == ()


def test_a_caller_is_asked_to_come_back_while_the_database_is_away() -> None:
    def away() -> list[Passport]:
        raise StateUnavailable

    with receiving.on(known=away) as node:
        assert answer(node) == CONGESTED


def test_d_09_a_study_that_nobody_has_asked_for_is_refused_and_the_association_lives(node: receiving.Node) -> None:
    with receiving.caller(node, *STUDY) as caller, structlog.testing.capture_logs() as logs:
        assert [caller.store(it) for it in STUDY] == [0x0124] * 3
    assert [(it["event"], it["status"]) for it in logs] == [("C-STORE that nobody has asked for", "0124")] * 3
    assert not any(it.uid in str(logs) for it in STUDY)


def test_d_09_an_unasked_instance_is_refused_while_another_study_is_fetched(node: receiving.Node) -> None:
    stranger = made(1, first=90, StudyInstanceUID="1.2.3.4")[0]
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        next(stream)
        with receiving.caller(node, stranger) as caller:
            assert caller.store(stranger) == 0x0124
        assert len(list(stream)) == 2


@pytest.mark.parametrize("originator", [("SOMEBODY", 1), ("NODE", 60_000)])
def test_an_instance_that_belongs_to_the_c_move_of_another_is_refused(
    originator: tuple[str, int], node: receiving.Node
) -> None:
    with OriginPacs(STUDY, OriginManners(pause_seconds=0.3), destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(_store(node, originator)))
        thread.start()
        assert len([b"".join(one.chunks) for one in stream]) == 3
        thread.join()
        assert results == [0x0124]


def _store(node: receiving.Node, originator: tuple[str, int]) -> int:
    with receiving.caller(node, *STUDY) as caller:
        time.sleep(0.1)
        return caller.store(STUDY[2], originator=originator)


def test_d_09_what_comes_after_the_end_of_the_job_is_refused(node: receiving.Node) -> None:
    assert retrieved(node) == 3
    with receiving.caller(node, *STUDY) as caller:
        assert caller.store(STUDY[0]) == 0x0124


@pytest.mark.parametrize("times", [0.5, 1.5])
def test_d_13_more_than_is_read_of_what_nobody_wants_ends_the_association(times: float) -> None:
    """At once, or after some of it: one instance after the other does not help."""
    limits = Limits(drained_bytes=int(len(STUDY[0].content) * times))
    with receiving.on(limits=limits) as node, receiving.caller(node, *STUDY) as caller:
        if times > 1:
            assert caller.store(STUDY[0]) == 0x0124
        with pytest.raises(Gone):
            caller.store(STUDY[0])
        assert retrieved(node) == 3


def test_a_private_class_under_a_private_syntax_is_taken(node: receiving.Node) -> None:
    private = replace(STUDY[0], sop_class="1.2.840.113619.4.26", syntax="1.2.840.113619.5.2")
    with receiving.caller(node, private) as caller:
        assert caller.contexts


@pytest.mark.parametrize("service", ["1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31", "1.2.3.04"])
def test_d_12_queries_and_other_services_are_not_offered(service: str, node: receiving.Node) -> None:
    with receiving.caller(node, replace(STUDY[0], sop_class=service)) as caller:
        assert caller.contexts == {}


def test_of_several_syntaxes_in_one_context_one_without_compression_is_chosen(node: receiving.Node) -> None:
    offered = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    with socket.create_connection(node.place, timeout=5) as connection:
        connection.sendall(units.request("NODE", "ORIGIN", (units.Wish(1, STUDY[0].sop_class, offered),)))
        accepted = connection.recv(4096)
    assert b"1.2.840.10008.1.2.1" + b"\x50" in accepted


# --- too many, too slow, too much -------------------------------------------------------------------------------------


def test_d_10_whoever_says_nothing_is_hung_up_on_in_time() -> None:
    with receiving.on(limits=HASTY) as node, socket.create_connection(node.place, timeout=5) as idle:
        assert idle.recv(1) == b""


def test_d_10_a_request_of_one_byte_at_a_time_does_not_get_longer() -> None:
    request = units.request("NODE", "ORIGIN", (units.Wish(1, STUDY[0].sop_class, (STUDY[0].syntax,)),))
    with receiving.on(limits=HASTY) as node, socket.create_connection(node.place, timeout=5) as slow:
        started = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _drip(slow, request)
        assert time.monotonic() - started < 8


def _drip(connection: socket.socket, content: bytes) -> None:
    for byte in content:
        connection.sendall(bytes((byte,)))
        time.sleep(0.05)


def test_d_10_with_300_idle_sockets_a_pull_starts_at_once_and_threads_and_memory_are_bounded() -> None:
    with receiving.on() as node:
        before, memory = threading.active_count(), psutil.Process().memory_info().rss
        idle = [socket.create_connection(node.place) for _ in range(300)]
        started = time.monotonic()
        assert retrieved(node) == 3
        assert time.monotonic() - started < 20
        _eventually(lambda: threading.active_count() - before <= Limits().waiting)
        assert psutil.Process().memory_info().rss - memory < 64 << 20
        for connection in idle:
            connection.close()


def test_d_10_associations_of_one_peer_are_limited_and_given_back() -> None:
    with receiving.on(limits=Limits(of_peer=2)) as node:
        open_ones = [receiving.caller(node, *STUDY) for _ in range(2)]
        assert answer(node) == LIMIT
        for caller in open_ones:
            caller.close()
        _eventually(lambda: answer(node) == ())


def test_d_10_associations_are_limited_in_all() -> None:
    with receiving.on(limits=Limits(in_all=1)) as node, receiving.caller(node, *STUDY):
        assert answer(node) == LIMIT


def test_f_12_an_association_that_falls_silent_is_aborted() -> None:
    with receiving.on(limits=SHORT_OF_PATIENCE) as node, receiving.caller(node, *STUDY) as caller:
        assert caller.talk.read_pdu()[0] == units.ABORT


@pytest.mark.parametrize(
    "call", [hostile.call_too_short, hostile.call_with_a_context_twice, hostile.call_with_an_even_context]
)
def test_d_13_a_request_that_breaks_the_rules_is_aborted_with_the_reason(
    call: Callable[[str], Iterator[bytes]], node: receiving.Node
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert hostile.shout(node.place, call("NODE")) == units.pdu(units.ABORT, bytes((0, 0, 2, 6)))
        _eventually(lambda: bool(logs))
    assert any(word in logs[0]["why"] for word in ("bytes", "number"))


CALLS = (
    hostile.call_of_4_gib,
    hostile.call_with_many_items,
    hostile.call_with_many_syntaxes,
    hostile.call_too_short,
    hostile.call_with_a_context_twice,
    hostile.call_with_an_even_context,
    hostile.call_by_data,
    hostile.call_as_path,
)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_d_07_and_d_13_a_hostile_call_is_cut_off_and_the_next_is_served(
    call: Callable[[str], Iterator[bytes]], node: receiving.Node
) -> None:
    memory = psutil.Process().memory_info().rss
    hostile.shout(node.place, call("NODE"))
    assert psutil.Process().memory_info().rss - memory < 32 << 20
    assert retrieved(node) == 3


NONSENSE = (
    hostile.endless_command,
    hostile.endless_data_set,
    hostile.empty_fragments,
    hostile.empty_pdu,
    hostile.fragment_past_the_end,
    hostile.fragment_of_no_length,
    hostile.foreign_context,
    hostile.other_context_within,
    hostile.command_within_data,
    hostile.data_before_command,
    hostile.unknown_pdu,
    hostile.misplaced_pdu,
    hostile.unknown_command,
    hostile.malformed_command,
    hostile.without_status,
    hostile.uid_of_200,
    hostile.uid_as_path,
)


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda one: one.__name__)
def test_d_13_nonsense_on_an_association_ends_it_and_the_next_is_served(
    nonsense: Callable[[hostile.Scene], Iterator[bytes]],
) -> None:
    with receiving.on(limits=replace(SHORT_OF_PATIENCE, drained_bytes=1 << 20)) as node:
        memory = psutil.Process().memory_info().rss
        with receiving.caller(node, *STUDY) as caller:
            context = next(iter(caller.contexts.values()))
            with pytest.raises(Gone):
                _utter(caller.talk, nonsense(hostile.Scene(context, 1, context)))
        assert psutil.Process().memory_info().rss - memory < 32 << 20
        assert retrieved(node) == 3


def _utter(talk: Talk, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        talk.raw(piece)
    while True:
        talk.read_pdu()


def test_a_port_that_is_taken_is_a_setting_that_is_wrong() -> None:
    with receiving.on() as node:
        second = Receiver(node.place, pool=node.pool, known=Callers(list))
        with pytest.raises(SettingRefused, match="DIMSE_PORT"):
            second.__enter__()


def _eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- programs of others -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[NodeCertificate, NodeCertificate]:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    return authority.node(TelematikId("5-2-node")), authority.node(TelematikId("1-2-pacs"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    peers.require(command[0])
    environment = {"PATH": PATH, "TCP_NODELAY": "1", "DCMDICTPATH": "/usr/share/libdcmtk17/dicom.dic"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def tls_options(own: NodeCertificate) -> list[str]:
    return ["+tls", str(own.key), str(own.certificate), "+cf", str(own.ca)]


def echo(node: receiving.Node, *options: str) -> bool:
    place = ("-aet", "ORIGIN", "-aec", "NODE", *options, *map(str, node.place))
    return run("echoscu", "-to", "5", *place).returncode == 0


@pytest.mark.peers
def test_echoscu_is_answered(node: receiving.Node) -> None:
    assert echo(node)


@pytest.mark.peers
def test_storescu_is_told_that_nobody_has_asked(node: receiving.Node, tmp_path: Path) -> None:
    file = tmp_path / "1.dcm"
    file.write_bytes(next(iter(shipped.study(["CT_small.dcm"]).part10.values())))
    told = run("storescu", "-v", "-to", "5", "-aet", "ORIGIN", "-aec", "NODE", *map(str, node.place), str(file))
    assert "0x124" in told.stdout + told.stderr


@pytest.mark.peers
def test_echoscu_is_answered_over_tls(certificates: tuple[NodeCertificate, NodeCertificate]) -> None:
    own, pacs = certificates
    known = [replace(receiving.ORIGIN, tls=True)]
    with receiving.on(known=known, tls=own.server_context()) as node:
        assert echo(node, *tls_options(pacs))
        assert not echo(node)


@pytest.mark.peers
def test_d_09_a_known_ae_title_with_a_certificate_of_another_host_is_rejected(
    certificates: tuple[NodeCertificate, NodeCertificate], tmp_path: Path
) -> None:
    own, _ = certificates
    other = Authority(tmp_path, "other").node(TelematikId("1-2-pacs"))
    with receiving.on(tls=own.server_context()) as node:
        assert not echo(node, *tls_options(replace(other, ca=own.ca)))


def test_d_09_a_certificate_must_name_the_host_that_is_registered(
    certificates: tuple[NodeCertificate, NodeCertificate],
) -> None:
    named = Callers(lambda: [receiving.ORIGIN, Passport("b", AeTitle("B"), "127.0.0.2", 104)])
    _, pacs = certificates
    assert named.know("ORIGIN", "127.0.0.1", pacs.der)
    assert not named.know("B", "127.0.0.2", pacs.der)


def test_an_address_of_ipv4_in_the_guise_of_ipv6_is_the_same() -> None:
    assert Callers(lambda: [receiving.ORIGIN]).know("ORIGIN", "::ffff:127.0.0.1", None)


def test_nothing_is_retrieved_over_a_receiver_that_is_gone() -> None:
    with receiving.on() as node:
        pass
    with pytest.raises(PacsUnavailable):
        retrieved(node)
