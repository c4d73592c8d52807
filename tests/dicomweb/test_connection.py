from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import peers
import pytest
import scripted
from scripted_stow import Tls
from shipped import Study

from linkexchange.dicomweb.connection import Connection, Faults
from linkexchange.dicomweb.multipart import content_type, new_boundary, write_parts
from linkexchange.errors import (
    Fault,
    GrantRefused,
    MessageFault,
    OriginUnavailable,
    TransferInterrupted,
)
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.ports import Brake

BOUNDARY = new_boundary()
FRAMINGS = ("length", "chunked", "connection")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_instances_are_read_however_the_answer_is_framed(study: Study, framing: str) -> None:
    with _connected(_study(study, framing)) as (connection, _):
        assert _pull(connection, study) == study.data_sets


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("then", [scripted.Then.CLOSE, scripted.Then.RESET])
def test_an_answer_that_is_cut_anywhere_is_an_interruption(study: Study, framing: str, then: scripted.Then) -> None:
    answer = _study(study, framing)
    head = answer.content.index(b"\r\n\r\n") + 4
    end = answer.content.index(b"--" + BOUNDARY + b"--")
    cuts = random.Random(framing).sample(range(head, end), 12)
    for place in cuts:
        with _connected(scripted.cut(answer, place, then)) as (connection, _), pytest.raises(TransferInterrupted):
            _pull(connection, study)


def test_what_has_arrived_before_a_cut_is_passed_on(study: Study) -> None:
    answer = _study(study, "chunked")
    place = answer.content.index(b"--" + BOUNDARY + b"--") - 5
    with _connected(scripted.cut(answer, place)) as (connection, _):
        got: dict[SopInstanceUid, bytes] = {}
        with pytest.raises(TransferInterrupted):
            _pull(connection, study, into=got)
    assert len(got) == len(study.data_sets) - 1


@pytest.mark.parametrize("framing", FRAMINGS)
def test_1_1_01_a_body_without_its_closing_boundary_is_an_interruption_however_well_it_is_framed(
    study: Study, framing: str
) -> None:
    body = b"".join(write_parts(([file] for file in study.part10.values()), BOUNDARY))
    unclosed = body[: body.index(b"--" + BOUNDARY + b"--") - 2]
    answer = scripted.http(200, unclosed, framing=framing, headers=(f"Content-Type: {content_type(BOUNDARY)}",))
    with _connected(answer) as (connection, _), pytest.raises(TransferInterrupted, match="boundary"):
        _pull(connection, study)


def test_1_2_instances_of_two_series_that_come_mixed_are_kept_apart(study: Study) -> None:
    uids = [i.sop_instance for pair in zip(*(s.instances for s in study.manifest.series), strict=True) for i in pair]
    with _connected(_answer([study.part10[uid] for uid in uids])) as (connection, _):
        assert _pull(connection, study) == study.data_sets


@pytest.mark.parametrize(
    "chunk",
    [b"-5\r\nhello", b"zz\r\n", b"\r\n", b"5" * 20 + b"\r\n", b"5\r\n12345678", b"0\r\n" + b"a: b\r\n" * 200],
    ids=["negative", "no-number", "empty", "huge", "longer", "trailer"],
)
def test_a_body_that_is_chunked_wrongly_is_an_interruption(study: Study, chunk: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type(BOUNDARY)}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = scripted.Answer(head + b"4\r\nabcd\r\n" + chunk, scripted.Then.CLOSE)
    with _connected(answer) as (connection, _), pytest.raises(TransferInterrupted):
        _pull(connection, study)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("place", [0, 60_000])
def test_f_12_the_brake_frees_a_thread_that_waits_for_a_silent_service(
    study: Study, tls: Tls, secure: bool, place: int
) -> None:
    brake = Brake()
    silent = scripted.cut(_study(study, "chunked"), place, scripted.Then.STALL)
    context = tls.client if secure else None
    with (
        scripted.server(silent, context=tls.server if secure else None) as server,
        Connection(server.url, FAULTS, context=context, idle_seconds=30) as connection,
    ):
        began = time.monotonic()
        threading.Timer(0.3, brake.pull).start()
        with pytest.raises(OriginUnavailable if place == 0 else TransferInterrupted):
            _pull(connection, study, brake=brake)
        assert 0.2 < time.monotonic() - began < 20


def test_f_12_the_brake_frees_a_thread_that_waits_for_the_handshake(study: Study, tls: Tls) -> None:
    brake = Brake()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://localhost:{mute.getsockname()[1]}"
        with Connection(url, FAULTS, context=tls.client, idle_seconds=30) as connection:
            threading.Timer(0.3, brake.pull).start()
            began = time.monotonic()
            with pytest.raises(OriginUnavailable):
                _pull(connection, study, brake=brake)
            assert time.monotonic() - began < 20


def test_f_12_the_brake_frees_a_thread_that_waits_for_a_connection(study: Study) -> None:
    brake = Brake()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for other in waiting:
            other.setblocking(False)
            other.connect_ex(address)
        with Connection(f"http://127.0.0.1:{address[1]}", FAULTS, idle_seconds=30) as connection:
            threading.Timer(0.3, brake.pull).start()
            began = time.monotonic()
            with pytest.raises(OriginUnavailable):
                _pull(connection, study, brake=brake)
            assert time.monotonic() - began < 20
        for other in waiting:
            other.close()


def test_behind_a_pulled_brake_nothing_is_asked(study: Study) -> None:
    brake = Brake()
    brake.pull()
    with _connected(_study(study, "length")) as (connection, server), pytest.raises(OriginUnavailable):
        _pull(connection, study, brake=brake)
    assert server.connections == 0


def test_a_brake_that_is_pulled_after_a_retrieval_harms_nobody(study: Study) -> None:
    brake = Brake()
    with _connected(_study(study, "length")) as (connection, _):
        _pull(connection, study, brake=brake)
        brake.pull()


def test_silence_in_the_middle_is_an_interruption(study: Study) -> None:
    answer = scripted.cut(_study(study, "length"), 50_000, scripted.Then.STALL)
    with _connected(answer, idle=0.2) as (connection, _), pytest.raises(TransferInterrupted):
        _pull(connection, study)


def test_silence_before_the_answer_is_unreachable(study: Study) -> None:
    stalled = scripted.Answer(b"", scripted.Then.STALL)
    with _connected(stalled, idle=0.2) as (connection, _), pytest.raises(OriginUnavailable):
        _pull(connection, study)


def test_an_instance_is_passed_on_while_the_next_one_has_not_arrived(study: Study) -> None:
    answer = _study(study, "chunked")
    second_part = answer.content.index(b"--" + BOUNDARY, answer.content.index(b"--" + BOUNDARY) + 10)
    within_its_head = second_part + len(BOUNDARY) + 44
    with _connected(scripted.cut(answer, within_its_head, scripted.Then.STALL), idle=5) as (connection, _):
        instance = next(connection.retrieve(study.manifest, study.manifest.uids))
        assert b"".join(instance.chunks) == study.data_sets[instance.sop_instance]


def test_what_is_not_wanted_is_dropped(study: Study) -> None:
    wanted = frozenset(i.sop_instance for i in study.manifest.series[0].instances)
    with _connected(_study(study, "length")) as (connection, _):
        assert {i.sop_instance for i in connection.retrieve(study.manifest, wanted)} == wanted


def test_an_instance_that_comes_twice_is_passed_on_once(study: Study) -> None:
    files = [*study.part10.values(), *study.part10.values()]
    with _connected(_answer(files)) as (connection, _):
        assert sum(1 for _ in connection.retrieve(study.manifest, study.manifest.uids)) == len(study.part10)


def test_a_part_that_is_no_dicom_file_does_not_keep_the_others_back(study: Study) -> None:
    files = [b"<html>", *study.part10.values(), b""]
    with _connected(_answer(files)) as (connection, _):
        assert _pull(connection, study) == study.data_sets


def test_the_connection_is_used_again_for_the_next_request(study: Study) -> None:
    answers = [_answer([file]) for file in _some(study).values()]
    with scripted.server(*answers) as server, _connection(server.url) as connection:
        got = _pull(connection, study, frozenset(_some(study)))
    assert got.keys() == _some(study).keys()
    assert server.connections == 1


def test_a_connection_that_was_closed_while_idle_is_opened_again_once(study: Study) -> None:
    uids = _some(study)
    first, *others = (_answer([file]) for file in uids.values())
    closing = scripted.Answer(first.content, scripted.Then.CLOSE)
    with scripted.server(closing, *others) as server, _connection(server.url) as connection:
        assert _pull(connection, study, frozenset(uids)).keys() == uids.keys()
    assert server.connections == 2


def test_a_fresh_connection_that_is_closed_without_an_answer_is_not_tried_again(study: Study) -> None:
    closing = scripted.Answer(b"", scripted.Then.CLOSE)
    with _connected(closing) as (connection, server), pytest.raises(OriginUnavailable):
        _pull(connection, study)
    assert server.connections == 1


@pytest.mark.parametrize("status", [404, 204])
def test_what_the_service_does_not_have_is_left_out(study: Study, status: int) -> None:
    with _connected(scripted.http(status)) as (connection, _):
        assert _pull(connection, study) == {}


def test_1_1_01_partial_content_is_read_as_far_as_it_goes_and_what_it_hides_is_missing(study: Study) -> None:
    (uid, file), *_ = study.part10.items()
    with _connected(_answer([file], status=206)) as (connection, _):
        assert _pull(connection, study) == {uid: study.data_sets[uid]}


def test_any_other_status_is_what_the_caller_calls_it(study: Study) -> None:
    with _connected(scripted.http(403, b"words")) as (connection, _), pytest.raises(GrantRefused, match="403 words"):
        _pull(connection, study)


def test_an_answer_of_another_type_is_refused(study: Study) -> None:
    html = scripted.http(200, b"<html>", headers=("Content-Type: text/html",))
    with _connected(html) as (connection, _), pytest.raises(MessageFault):
        _pull(connection, study)


def test_every_request_asks_for_no_compression_and_for_the_stored_syntax(study: Study) -> None:
    with _connected(_study(study, "length")) as (connection, server):
        _pull(connection, study)
    request = server.requests[0].split("\r\n")
    assert request[0] == f"GET /base/studies/{study.manifest.study} HTTP/1.1"
    assert "Accept-Encoding: identity" in request
    assert 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*' in request


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_is_read_whole(framing: str) -> None:
    answer = scripted.http(200, b"[]" * 9000, framing=framing, headers=("Content-Type: application/json; x=y",))
    with _connected(answer) as (connection, _):
        assert connection.read("x", "*/*", max_bytes=18_000) == (b"[]" * 9000, "application/json")


@pytest.mark.parametrize("framing", FRAMINGS)
def test_w_05_a_body_over_its_limit_is_refused(framing: str) -> None:
    answer = scripted.http(200, bytes(18_001), framing=framing)
    with _connected(answer) as (connection, _), pytest.raises(MessageFault):
        connection.read("x", "*/*", max_bytes=18_000)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_is_cut_is_broken(framing: str) -> None:
    answer = scripted.http(200, bytes(18_000), framing=framing)
    with _connected(scripted.cut(answer, 9000)) as (connection, _), pytest.raises(TransferInterrupted):
        connection.read("x", "*/*", max_bytes=18_000)


@pytest.mark.parametrize(
    "head",
    [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"],
    ids=["not-http", "no-status", "too-many-headers"],
)
def test_what_is_no_http_answer_is_unreachable(study: Study, head: bytes) -> None:
    answer = scripted.Answer(head, scripted.Then.CLOSE)
    with _connected(answer) as (connection, _), pytest.raises(OriginUnavailable):
        _pull(connection, study)


@pytest.mark.parametrize(
    "url", ["", "ftp://host/", "http://", "http://host:0/", "http://host:x/", "http://[::1/", "//h"]
)
def test_what_is_no_address_is_unreachable(url: str) -> None:
    with pytest.raises(OriginUnavailable, match="not a DICOMweb address"):
        _connection(url)


def test_nobody_listening_is_unreachable(study: Study) -> None:
    nobody = f"http://localhost:{peers.free_port()}"
    with _connection(nobody) as connection, pytest.raises(OriginUnavailable, match="refused"):
        _pull(connection, study)


def _refused(status: int, body: bytes) -> Fault:
    return GrantRefused(f"{status} {body.decode()}")


FAULTS = Faults(unreachable=OriginUnavailable, broken=TransferInterrupted, refused=_refused)


def _connection(url: str, idle: float = 5) -> Connection:
    return Connection(url, FAULTS, idle_seconds=idle)


@contextmanager
def _connected(answer: scripted.Answer, *, idle: float = 5) -> Iterator[tuple[Connection, scripted.ScriptedServer]]:
    """A connection to a server that has this one answer."""
    with scripted.server(answer) as server, _connection(server.url + "/base/", idle) as connection:
        yield connection, server


def _study(study: Study, framing: str) -> scripted.Answer:
    return _answer(list(study.part10.values()), framing=framing)


def _answer(files: list[bytes], *, status: int = 200, framing: str = "length") -> scripted.Answer:
    body = b"".join(write_parts(([file] for file in files), BOUNDARY))
    return scripted.http(status, body, framing=framing, headers=(f"Content-Type: {content_type(BOUNDARY)}",))


def _some(study: Study) -> dict[SopInstanceUid, bytes]:
    """One instance of each series, so that each is a request."""
    uids = [series.instances[0].sop_instance for series in study.manifest.series]
    return {uid: study.part10[uid] for uid in uids}


def _pull(
    connection: Connection,
    study: Study,
    wanted: frozenset[SopInstanceUid] | None = None,
    *,
    into: dict[SopInstanceUid, bytes] | None = None,
    brake: Brake | None = None,
) -> dict[SopInstanceUid, bytes]:
    got = {} if into is None else into
    for instance in connection.retrieve(study.manifest, wanted or study.manifest.uids, brake=brake):
        got[instance.sop_instance] = b"".join(instance.chunks)
    return got
