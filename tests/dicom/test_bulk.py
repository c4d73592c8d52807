from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import braking
import pytest
import scp
import scripted_pacs as scripted
from hypothesis import given
from hypothesis import strategies as st
from rawdicom import joined

from linkexchange.dicom import acse, bulk, pdu
from linkexchange.dicom.accepting import accept
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import COMMAND_MAX_BYTES, Command, Field
from linkexchange.dicom.dimse import ECHO
from linkexchange.dicom.line import CONTEXTS_MAX, Context, Line, Proposal, Timeouts
from linkexchange.dicom.wire import Wire
from linkexchange.errors import InstanceFault, PacsRejectsNode, PacsUnavailable
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport
from linkexchange.ports import Brake

CT = Proposal(scripted.CT, (scripted.EXPLICIT,))
STORE = Command(Field.C_STORE_RQ, 1, sop_class=scripted.CT, sop_instance="1.2.3", has_data_set=True)
STORED = Command(Field.C_STORE_RSP, answers=1, sop_class=scripted.CT, sop_instance="1.2.3", status=0)
COMMAND, LAST = 1, 2


def line(passport: Passport, idle_seconds: float = 20, *, negotiate_seconds: float = 20) -> Line:
    return Line(passport, AeTitle("NODE"), Timeouts(20, negotiate_seconds, idle_seconds))


def pdata(*pdvs: tuple[int, int, bytes]) -> bytes:
    body = b"".join((len(it) + 2).to_bytes(4, "big") + bytes((context, control)) + it for context, control, it in pdvs)
    return pdu.write(pdu.Type.P_DATA, body)


@contextmanager
def told(stream: bytes) -> Iterator[Association]:
    """An association with two contexts, to whom a peer says this and then hangs up."""

    def talk(connection: socket.socket) -> None:
        accept(Wire(connection, silence_seconds=20), lambda _: None)
        connection.sendall(stream)
        connection.shutdown(socket.SHUT_WR)

    with scripted.raw(talk) as passport:
        association = bulk.call(line(passport), [CT, ECHO])
        try:
            yield association
        finally:
            association.abort()


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """A peer that says this to a request."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return talk


def fate(stream: bytes) -> str:
    """What is said of a peer that says this where a command is expected, and a data set after it."""
    with told(stream) as association, pytest.raises(PacsUnavailable) as caught:
        _read_on(association)
    return caught.value.detail


def _read_on(association: Association) -> None:
    while True:
        association.receive()
        for _ in association.data():
            pass


def test_f_08_a_call_that_is_rejected_for_good_is_refused_with_the_reason() -> None:
    answer = pdu.write(pdu.Type.ASSOCIATE_RJ, b"\0\1\1\7")
    with (
        scripted.raw(answering(answer)) as passport,
        pytest.raises(PacsRejectsNode, match="called AE title not recogn"),
    ):
        bulk.call(line(passport), [CT])


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (pdu.write(pdu.Type.ASSOCIATE_RJ, b"\0\2\3\2"), "local limit exceeded, transient"),
        (pdu.write(pdu.Type.ASSOCIATE_RJ, b"\0\1\3\2"), "local limit exceeded, permanent"),
        (pdu.write(pdu.Type.ASSOCIATE_RJ, b"\0\2\3\2\0"), "does not keep to the protocol"),
        (pdu.write(pdu.Type.ABORT, bytes(4)), "it was aborted"),
        (pdu.write(pdu.Type.ASSOCIATE_AC, bytes(68) + b"\x21\0\xff\xff"), "does not keep to the protocol"),
        (pdu.write(pdu.Type.RELEASE_RQ, bytes(4)), "no answer to the association request"),
        (b"\x02\0\xff\xff\xff\xff" + bytes(100), "does not keep to the protocol"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not keep to the protocol"),
    ],
)
def test_a_call_that_is_not_answered_well_is_unavailable_with_the_reason(answer: bytes, detail: str) -> None:
    with scripted.raw(answering(answer)) as passport, pytest.raises(PacsUnavailable, match=detail):
        bulk.call(line(passport), [CT])


def test_a_call_that_is_not_answered_at_all_is_unavailable() -> None:
    with scripted.raw(answering(b"")) as passport, pytest.raises(PacsUnavailable, match="no answer to the association"):
        bulk.call(line(passport, negotiate_seconds=0.2), [CT])


@pytest.mark.parametrize("max_bytes", [1, 7])
def test_a_pacs_that_takes_too_little_for_any_fragment_is_unavailable(max_bytes: int) -> None:
    body = bytes(68) + b"\x50\0\0\x08\x51\0\0\4" + max_bytes.to_bytes(4, "big")
    answer = answering(pdu.write(pdu.Type.ASSOCIATE_AC, body))
    with scripted.raw(answer) as passport, pytest.raises(PacsUnavailable, match="holds no fragment"):
        bulk.call(line(passport), [CT])


def test_a_pacs_that_accepts_nothing_has_no_context() -> None:
    with scripted.serve(services=()) as passport:
        association = bulk.call(line(passport), [Proposal("1.2.3", ("1.2.840.10008.1.2",))])
        assert not association.contexts
        with pytest.raises(PacsUnavailable, match="does not accept Verification"):
            association.context(scripted.ECHO)
        association.release()


def test_128_contexts_are_accepted_by_pynetdicom() -> None:
    proposals = [Proposal(scripted.CT, (scripted.IMPLICIT,))] * CONTEXTS_MAX
    with scripted.serve() as passport:
        association = bulk.call(line(passport), proposals)
        assert [it.number for it in association.contexts] == list(range(1, 256, 2))
        association.release()


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(8, 300))
def test_messages_come_out_as_they_went_in_however_small_the_pdus(chunks: list[bytes], max_bytes: int) -> None:
    content = b"".join(chunks) + bytes(len(b"".join(chunks)) % 2)
    stream = pdu.write_command(STORE.encode(), 1, max_bytes) + joined(pdu.write_data([content], 1, max_bytes))
    with told(stream * 2) as association:
        for _ in range(2):
            assert association.receive() == (Context(1, *_names(CT)), STORE)
            assert b"".join(association.data()) == content


def _names(proposal: Proposal) -> tuple[str, str]:
    return proposal.abstract_syntax, proposal.transfer_syntaxes[0]


def test_a_data_set_that_is_not_read_is_passed_over() -> None:
    message = pdu.write_command(STORE.encode(), 1, 0) + joined(pdu.write_data([bytes(500_000)], 1, 0))
    with told(message + pdu.write_command(STORED.encode(), 1, 0)) as association:
        assert association.receive()[1] == STORE
        assert association.receive()[1] == STORED
        assert not list(association.data())


def test_of_a_data_set_whose_end_was_passed_over_no_part_is_taken_for_the_whole() -> None:
    message = pdu.write_command(STORE.encode(), 1, 0) + joined(pdu.write_data([bytes(500_000)], 1, 0))
    with told(message * 2) as association:
        association.receive()
        first = association.data()
        next(first)
        association.receive()
        with pytest.raises(PacsUnavailable, match="passed over"):
            next(first)
        assert len(b"".join(association.data())) == 500_000


@pytest.mark.parametrize("begun", [False, True])
def test_of_a_data_set_whose_association_was_ended_no_part_is_taken_for_the_whole(*, begun: bool) -> None:
    message = pdu.write_command(STORE.encode(), 1, 0) + joined(pdu.write_data([bytes(500_000)], 1, 0))
    with told(message) as association:
        association.receive()
        chunks = association.data()
        if begun:
            next(chunks)
        association.abort()
        with pytest.raises(PacsUnavailable, match="passed over"):
            next(chunks)


@pytest.mark.parametrize("control", [0, COMMAND])
def test_1_1_03_fragments_without_content_are_as_good_as_silence(control: int) -> None:
    over = threading.Event()

    def drip(association: Association) -> None:
        association._wire.write(b"" if control else pdata((1, 3, _STORE)))
        with suppress(PacsUnavailable):
            while not over.wait(0.01):
                association._wire.write(pdata((1, control, b"")))

    with scp.serving(drip) as passport:
        association = bulk.call(line(passport, 0.3), [CT])
        try:
            with pytest.raises(PacsUnavailable, match=r"empty fragments within 0\.3 s"):
                _read_on(association)
        finally:
            over.set()
            association.abort()


@pytest.mark.slow
def test_1_1_03_a_slow_data_set_is_waited_for_as_long_as_a_byte_comes_now_and_then() -> None:
    def drip(association: Association) -> None:
        association._wire.write(pdata((1, 3, _STORE)))
        for number in range(8):
            association._wire.write(pdata((1, 0, b"")) + pdata((1, 2 * (number == 7), b"a")))
            time.sleep(0.3)

    with scp.serving(drip) as passport:
        association = bulk.call(line(passport, 2), [CT])
        association.receive()
        assert b"".join(association.data()) == b"a" * 8
        association.abort()


@pytest.mark.parametrize("limit", ["INSTANCE_MAX_BYTES", "ANSWER_MAX_BYTES"])
def test_d_13_a_data_set_without_end_is_cut_off(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, limit, 10_000)
    answer = Command(Field.C_GET_RSP, answers=1, status=0, has_data_set=True)
    command = STORE if limit == "INSTANCE_MAX_BYTES" else answer
    stream = pdata((1, 3, command.encode())) + pdata((1, 0, bytes(1000))) * 11
    assert "without end" in fate(stream)


def test_whoever_talks_on_after_the_request_for_a_release_is_not_listened_to_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "_RELEASE_SECONDS", 0.3)
    over = threading.Event()

    def talk(association: Association) -> None:
        with suppress(PacsUnavailable):
            while not over.wait(0.01):
                association._wire.write(pdata((1, 3, _ECHO)))

    with scp.serving(talk) as passport:
        begun = time.monotonic()
        bulk.call(line(passport, 60), [CT]).release()
        assert time.monotonic() - begun < 30
        over.set()


def test_d_10_an_answer_to_the_call_that_comes_byte_by_byte_does_not_take_for_ever() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        with suppress(OSError):
            for byte in pdu.write(pdu.Type.ASSOCIATE_AC, bytes(5000)):
                connection.sendall(bytes((byte,)))
                time.sleep(0.02)

    with scripted.raw(drip) as passport:
        begun = time.monotonic()
        with pytest.raises(PacsUnavailable, match="no answer to the association request"):
            bulk.call(line(passport, 60, negotiate_seconds=0.5), [CT])
        assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "command", [Command(Field.C_STORE_RQ, sop_class=scripted.CT), Command(Field.C_STORE_RSP, answers=1)]
)
def test_d_13_a_command_that_cannot_be_answered_or_answers_nothing_is_a_fault(command: Command) -> None:
    assert "without its" in fate(pdata((1, 3, command.encode())))


_STORE, _ECHO = STORE.encode(), Command(Field.C_ECHO_RQ, 1).encode()


@pytest.mark.parametrize(
    ("stream", "detail"),
    [
        pytest.param(pdata((1, 0, b"ab")), "something else within a command", id="a data set without a command"),
        pytest.param(pdata((1, 1, b"ab"), (1, 2, b"ab")), "something else within a command", id="data in a command"),
        pytest.param(pdata((1, 1, b"ab"), (3, 3, b"ab")), "something else within a command", id="another's command"),
        pytest.param(pdata((1, 3, _STORE), (1, 3, _ECHO)), "within a data set", id="a command for a data set"),
        pytest.param(pdata((1, 3, _STORE), (3, 2, b"ab")), "within a data set", id="data under another context"),
        pytest.param(pdata((5, 3, _ECHO)), "context that was not accepted", id="a context that was not accepted"),
        pytest.param(pdata((2, 3, _ECHO)), "context that was not accepted", id="a context with an even number"),
        pytest.param(pdata((1, 1, bytes(50_000))) * 2, "too long", id="a command that is too long"),
        pytest.param(pdata((1, 3, b"")), "not known", id="an empty command"),
        pytest.param(pdata((1, 3, _ECHO[:-1])), "malformed", id="half a command"),
        pytest.param(pdata(), "without a fragment", id="no fragment"),
        pytest.param(pdu.write(pdu.Type.P_DATA, b"\0\0\0\1\1"), "does not fit", id="a fragment without a head"),
        pytest.param(pdu.write(pdu.Type.P_DATA, b"\xff\xff\xff\xff\1\3"), "does not fit", id="a fragment too long"),
        pytest.param(pdu.write(pdu.Type.ASSOCIATE_RQ, bytes(68)), "no place here", id="a request"),
        pytest.param(pdu.write(pdu.Type.RELEASE_RP, bytes(4)), "no place here", id="a release that nobody asked for"),
        pytest.param(b"\x08\0\0\0\0\0", "unknown PDU type", id="an unknown type"),
        pytest.param(b"\x04\0\xff\xff\xff\xff" + bytes(99), "a PDU of 4294967295 bytes", id="a length of 4 GiB"),
        pytest.param(pdata((1, 3, _STORE), (1, 0, b"ab")), "broke off", id="the end within a data set"),
        pytest.param(pdata((1, 1, b"")) * 9, "broke off", id="fragments without content"),
        pytest.param(pdu.write(pdu.Type.ABORT, bytes(4)), "aborted", id="an abort"),
        pytest.param(pdata((1, 3, _STORE)) + pdu.write(pdu.Type.ABORT, b""), "aborted", id="an abort for a data set"),
        pytest.param(pdu.write(pdu.Type.RELEASE_RQ, bytes(4)), "released", id="a release"),
        pytest.param(b"", "broke off", id="the end"),
    ],
)
def test_d_13_a_pacs_that_does_not_keep_to_the_protocol_is_unavailable(stream: bytes, detail: str) -> None:
    assert detail in fate(stream)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.builds(
                lambda c, k, b: pdata((c, k, b)),
                st.sampled_from([1, 3, 5]),
                st.integers(0, 3),
                st.one_of(st.binary(max_size=20), st.just(_STORE)),
            ),
        ),
        max_size=6,
    )
)
def test_d_13_whatever_a_pacs_says_it_is_at_worst_unavailable(stream: list[bytes]) -> None:
    assert fate(b"".join(stream))


def test_d_13_the_longest_command_is_not_kept() -> None:
    assert COMMAND_MAX_BYTES < 1 << 17
    assert "too long" in fate(pdata((1, 1, bytes(1000))) * 1000)


@pytest.mark.parametrize("fault", [InstanceFault("cut off"), LookupError(), KeyboardInterrupt()])
def test_whatever_a_data_set_raises_is_raised_and_the_other_side_never_has_it_whole(fault: BaseException) -> None:
    ended: list[str] = []

    def broken() -> Iterator[bytes]:
        yield bytes(300_000)
        raise fault

    def note(association: Association) -> None:
        association.receive()
        with pytest.raises(PacsUnavailable) as caught:
            list(association.data())
        ended.append(caught.value.detail)

    with scp.serving(note) as passport:
        with pytest.raises(type(fault)), bulk.associate(line(passport), [CT], Brake()) as association:
            association.send(STORE, association.contexts[0], broken())
        _until(lambda: bool(ended))
    assert ended == ["the PACS has aborted the association"]


@pytest.mark.parametrize("waits", ["to read", "to write", "for its release"])
def test_a_thread_that_uses_an_association_is_freed_by_the_brake(waits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_RELEASE_SECONDS", 60)
    brake, over = Brake(), threading.Event()

    def use(passport: Passport) -> None:
        with suppress(PacsUnavailable), bulk.associate(line(passport, 60), [CT], brake) as association:
            if waits == "to read":
                association.receive()
            elif waits == "to write":
                association.send(STORE, association.contexts[0], [bytes(64 << 20)])

    with scp.serving(lambda _: _waited(over)) as passport:
        assert braking.frees(brake, lambda: use(passport), over=over)


def _waited(over: threading.Event) -> None:
    over.wait(20)


def test_whoever_asks_for_a_release_gets_it() -> None:
    answered: list[str] = []

    def leave(association: Association) -> None:
        association._wire.write(pdu.write(pdu.Type.RELEASE_RQ, bytes(4)))
        answered.append(association._wire.read()[0].name)

    with scp.serving(leave) as passport:
        association = bulk.call(line(passport), [CT])
        with pytest.raises(PacsUnavailable, match="released"):
            association.receive()
        assert association.over
        association.abort()
    assert answered == ["RELEASE_RP"]


def test_what_comes_after_a_release_was_asked_for_is_passed_over() -> None:
    def late(association: Association) -> None:
        association._wire.write(pdata((1, 3, _ECHO)) * 3)
        assert association._wire.read()[0] is pdu.Type.RELEASE_RQ
        association._wire.write(pdata((1, 3, _ECHO)) + pdu.write(pdu.Type.RELEASE_RP, bytes(4)))
        with suppress(PacsUnavailable):
            association._wire.read()

    with scp.serving(late) as passport:
        bulk.call(line(passport), [CT]).release()


def test_where_both_sides_ask_for_a_release_both_get_it() -> None:
    """A release collision (PS3.8 section 7.2.2): who has called answers first."""
    heard: list[str] = []

    def leave(association: Association) -> None:
        association._wire.write(pdu.write(pdu.Type.RELEASE_RQ, bytes(4)))
        heard.extend(association._wire.read()[0].name for _ in range(2))
        association._wire.write(pdu.write(pdu.Type.RELEASE_RP, bytes(4)))
        with pytest.raises(PacsUnavailable, match="broke off"):
            association._wire.read()
        heard.append("end")

    with scp.serving(leave) as passport:
        association = bulk.call(line(passport, 60), [CT])
        _until(association.has_input)
        association.release()
        _until(lambda: "end" in heard)
    assert heard == ["RELEASE_RQ", "RELEASE_RP", "end"]


def test_whoever_does_not_answer_the_request_for_a_release_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long an answer may take: all answers have come by then."""
    monkeypatch.setattr(bulk, "_RELEASE_SECONDS", 0.1)
    over = threading.Event()
    with scp.serving(lambda _: _waited(over)) as passport:
        begun = time.monotonic()
        bulk.call(line(passport, 60), [CT]).release()
        over.set()
        assert time.monotonic() - begun < 30


def test_whoever_is_silent_for_too_long_is_unavailable() -> None:
    over = threading.Event()
    with scp.serving(lambda _: _waited(over)) as passport:
        association = bulk.call(line(passport, 0.2), [CT])
        with pytest.raises(PacsUnavailable, match=r"no answer within 0\.2 s"):
            association.receive()
        association.abort()
        over.set()


def test_an_association_with_a_high_file_descriptor_can_be_asked_for_input() -> None:
    """A process that holds a thousand sockets hands out descriptors that `select` cannot take."""
    wanted = 1100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted + 100:
        pytest.skip("too few file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 100), hard))
    held = []
    try:
        with scp.serving(scp.well) as passport:
            while not held or held[-1].fileno() < wanted:
                held.append(socket.socket())
            association = bulk.call(line(passport), [CT])
            assert association.fileno() > wanted
            assert not association.has_input()
            association.send(STORE, association.contexts[0], [bytes(8)])
            _until(association.has_input)
            association.release()
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_answer_to_a_request_says_what_was_agreed() -> None:
    asked: list[acse.Asked] = []

    def judge(request: acse.Asked) -> None:
        asked.append(request)

    with scp.serving(scp.well, judge=judge) as passport:
        bulk.call(line(passport), [CT]).release()
    assert [(it.called, it.calling, it.max_bytes) for it in asked] == [("SCP", "NODE", pdu.PDU_MAX_BYTES)]


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)
