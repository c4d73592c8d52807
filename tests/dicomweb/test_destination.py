from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import peers
import pytest
import scripted
import scripted_pacs
import scripted_stow as stow
import shipped

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.destination import StowDestination
from linkexchange.errors import Fault, MessageFault, PacsUnavailable, TransferInterrupted
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import CHUNK_MAX_BYTES, Brake, Destination, IncomingInstance, Reply

CHUNK, PATIENCE_SECONDS = 10_000, 6.0
EXPLICIT = TransferSyntaxUid("1.2.840.10008.1.2.1")


@pytest.fixture(scope="module")
def mixed() -> shipped.Study:
    return shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL)


@pytest.fixture(scope="module")
def orthanc() -> Iterator[peers.Orthanc]:
    with peers.Orthanc() as orthanc:
        yield orthanc


# --- Orthanc ----------------------------------------------------------------------------------------------------------


@pytest.mark.peers
@pytest.mark.parametrize("connections", [1, 4])
def test_orthanc_stores_every_instance_byte_for_byte(connections: int) -> None:
    study = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL, copies=3)
    with peers.Orthanc() as orthanc:
        assert _deliver(_to(orthanc, connections), study) == dict.fromkeys(study.part10, 0)
        assert orthanc.files() == study.data_sets


@pytest.mark.peers
def test_orthanc_is_sent_on_after_it_has_closed_an_idle_connection(orthanc: peers.Orthanc) -> None:
    study = shipped.study(["CT_small.dcm"], root="2.25.83")
    first, second = _instances(study)
    with _to(orthanc).deliver([]) as delivery:
        delivery.send(first)
        assert [reply.status for reply in delivery.settle()] == [0]
        time.sleep(1.5)
        delivery.send(second)
        assert [reply.status for reply in delivery.settle()] == [0]


@pytest.mark.peers
def test_orthanc_keeps_nothing_of_an_instance_whose_reading_fails(orthanc: peers.Orthanc) -> None:
    study = shipped.study(["CT_small.dcm"], root="2.25.84", copies=3, taller=16)
    first, second, third = _instances(study)
    with _to(orthanc).deliver([]) as delivery:
        replies = [*delivery.send(first)]
        for after in (0, 200_000):
            with pytest.raises(TransferInterrupted):
                delivery.send(_failing(second, TransferInterrupted(), after))
        replies += [*delivery.send(third), *delivery.settle()]
    time.sleep(0.5)
    assert {reply.sop_instance: reply.status for reply in replies} == {first.sop_instance: 0, third.sop_instance: 0}
    assert {uid for uid in orthanc.files() if uid.startswith("2.25.84")} == {first.sop_instance, third.sop_instance}


@pytest.mark.peers
def test_orthanc_does_not_store_what_is_no_dicom_data_set() -> None:
    with peers.Orthanc() as orthanc:
        instance = IncomingInstance(*_envelope("2.25.85.1"), iter([b"x" * 5000]))
        with _to(orthanc).deliver([]) as delivery:
            assert [*delivery.send(instance), *delivery.settle()] == [Reply(SopInstanceUid("2.25.85.1"), 0x0110)]
        assert orthanc.files() == {}


@pytest.mark.peers
def test_orthanc_says_which_instances_it_holds(mixed: shipped.Study) -> None:
    with peers.Orthanc() as orthanc:
        held = dict(list(mixed.part10.items())[:5])
        orthanc.upload(held.values())
        assert _to(orthanc).held(mixed.manifest.study) == held.keys()
        assert _to(orthanc).held(StudyUid("2.25.99")) == frozenset()


@pytest.mark.peers
def test_orthanc_says_whom_it_has_under_a_patient_id(mixed: shipped.Study) -> None:
    with peers.Orthanc() as orthanc:
        orthanc.upload(list(mixed.part10.values())[:1])
        assert _to(orthanc).holder("PID-4711") == PatientHeader(
            patient_id="PID-4711", issuer="KLINIK", name="Größler^Änne", birth_date=date(1950, 2, 28), sex="F"
        )
        assert _to(orthanc).holder("PID-4712") is None


# --- the request ------------------------------------------------------------------------------------------------------


def test_the_destination_is_what_the_use_cases_ask_for() -> None:
    with stow.server(stow.stored) as service:
        destination: Destination = StowDestination(service.passport())
        with destination.deliver([]) as delivery:
            assert delivery.syntaxes(_envelope("2.25.1")[0]) is None


def test_each_instance_is_one_request_over_one_connection(mixed: shipped.Study) -> None:
    with stow.server(stow.stored) as service:
        _deliver(StowDestination(service.passport()), mixed)
    assert [request.files() for request in service.received] == [[item] for item in mixed.data_sets.items()]
    assert service.connections == 1


def test_a_request_is_chunked_multipart_of_dicom_files_and_asks_for_json(mixed: shipped.Study) -> None:
    with stow.server(stow.stored) as service:
        _deliver(StowDestination(service.passport()), mixed)
    head = service.received[0].head
    assert head[""] == "POST /base/studies HTTP/1.1"
    assert head["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
    assert (head["transfer-encoding"], head["accept"]) == ("chunked", "application/dicom+json")


def test_the_head_of_a_part_names_no_syntax_since_orthanc_passes_over_a_part_that_does(mixed: shipped.Study) -> None:
    with stow.server(stow.stored) as service:
        _deliver(StowDestination(service.passport()), mixed)
    assert b"\r\nContent-Type: application/dicom\r\n\r\n" in service.received[0].body[:200]


def test_1_1_08_no_more_than_a_chunk_of_a_large_instance_is_read_ahead() -> None:
    ahead: list[int] = []
    with stow.server(stow.stored) as service:

        def chunks() -> Iterator[bytes]:
            for number in range(64):
                sent = len(service.received[0].body) if service.received else 0
                ahead.append(number * CHUNK_MAX_BYTES - sent)
                yield bytes(CHUNK_MAX_BYTES)

        with StowDestination(service.passport()).deliver([]) as delivery:
            delivery.send(IncomingInstance(*_envelope("2.25.1"), chunks()))
            assert [reply.status for reply in delivery.settle()] == [0]
    assert max(ahead) < 16 * CHUNK_MAX_BYTES


def test_while_one_instance_is_being_stored_the_next_ones_are_sent(mixed: shipped.Study) -> None:
    gate = threading.Event()

    def slowly(request: stow.Received) -> bytes:
        gate.wait(10)
        return stow.stored(request)

    first, second, third, *_ = _instances(mixed)
    with stow.server(slowly) as service, StowDestination(service.passport(max_associations=3)).deliver([]) as delivery:
        assert [*delivery.send(first), *delivery.send(second), *delivery.send(third)] == []
        gate.set()
        assert len(delivery.settle()) == 3
    assert service.connections == 3


def test_1_1_09_no_more_is_under_way_than_others_have_left_room_for(mixed: shipped.Study) -> None:
    with (
        stow.server(stow.stored) as service,
        StowDestination(service.passport(max_associations=3)).deliver([], room=lambda _: 1) as delivery,
    ):
        replies = [reply for it in _instances(mixed) for reply in delivery.send(it)] + list(delivery.settle())
    assert len(replies) == len(mixed.part10)
    assert service.connections == 1


def test_no_more_connections_are_made_than_the_pacs_allows() -> None:
    study = shipped.study(["CT_small.dcm"], copies=12)
    with stow.server(stow.stored) as service:
        assert _deliver(StowDestination(service.passport(max_associations=2)), study) == dict.fromkeys(study.part10, 0)
    assert service.connections <= 2


def test_1_1_04_what_the_passport_does_not_name_is_not_sent(mixed: shipped.Study) -> None:
    with stow.server(stow.stored) as service:
        destination = StowDestination(service.passport(syntaxes=(EXPLICIT,)))
        statuses = _deliver(destination, mixed)
        with destination.deliver([]) as delivery:
            assert delivery.syntaxes(_envelope("2.25.1")[0]) == (EXPLICIT,)
    explicit = {instance.sop_instance for instance in _instances(mixed) if instance.transfer_syntax == EXPLICIT}
    assert {uid for uid, status in statuses.items() if status == 0} == explicit
    assert {status for uid, status in statuses.items() if uid not in explicit} == {0x0122}


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_warning_is_passed_on(mixed: shipped.Study) -> None:
    def warning(request: stow.Received) -> bytes:
        return stow.http(202, stow.answer(stored=[(request.uid, 0xB007)]))

    assert _answered(warning, mixed) == 0xB007


def test_1_1_01_what_the_service_does_not_name_is_not_stored(mixed: shipped.Study) -> None:
    assert _answered(lambda _: stow.http(200), mixed) == 0x0110


def test_f_11_a_full_service_is_out_of_resources(mixed: shipped.Study) -> None:
    assert _answered(lambda _: stow.http(507), mixed) == 0xA700


def test_a_service_that_does_not_let_us_in_is_unavailable(mixed: shipped.Study) -> None:
    first, second, *_ = _instances(mixed)
    with stow.server(lambda _: stow.http(401)) as service, StowDestination(service.passport()).deliver([]) as delivery:
        delivery.send(first)
        with pytest.raises(PacsUnavailable, match="401"):
            delivery.send(second)


@pytest.mark.parametrize(("http_status", "status"), [(413, 0x0110), (200, 0x0110), (503, 0xA700)])
def test_a_service_that_refuses_before_it_has_read_the_instance_is_understood(http_status: int, status: int) -> None:
    def early(_: stow.Received) -> bytes:
        return stow.http(http_status, stow.answer(stored=[("2.25.1", None)]))

    with stow.server(early, reads=False) as service, StowDestination(service.passport()).deliver([]) as delivery:
        replies = [*delivery.send(_endless("2.25.1")), *delivery.settle()]
    assert replies == [Reply(SopInstanceUid("2.25.1"), status)]


def test_the_reply_of_a_way_that_breaks_never_comes_and_the_others_do(mixed: shipped.Study) -> None:
    both_sent = threading.Event()

    def answer(request: stow.Received) -> bytes:
        both_sent.wait(10.0)
        if request.connection == 1:
            raise OSError
        return stow.stored(request)

    first, second, *_ = _instances(mixed)
    with stow.server(answer) as service, StowDestination(service.passport(max_associations=2)).deliver([]) as delivery:
        assert [*delivery.send(first), *delivery.send(second)] == []
        both_sent.set()
        assert [*delivery.settle()] == [Reply(second.sop_instance, 0)]


def test_a_silent_service_is_unavailable_when_its_way_is_needed(mixed: shipped.Study) -> None:
    def silent(_: stow.Received) -> bytes:
        time.sleep(2)
        return b""

    first, second, *_ = _instances(mixed)
    with stow.server(silent) as service, _impatient(service).deliver([]) as delivery:
        delivery.send(first)
        with pytest.raises(PacsUnavailable):
            delivery.send(second)
        assert delivery.settle() == []


def test_a_cut_answer_says_nothing_of_the_instance(mixed: shipped.Study) -> None:
    def cut(request: stow.Received) -> bytes:
        return stow.stored(request)[:-20]

    with stow.server(cut) as service, _impatient(service).deliver([]) as delivery:
        delivery.send(next(_instances(mixed)))
        assert delivery.settle() == []


# --- the instance ends early, or somebody stops it --------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 5_000, 300_000, 3 << 20])
def test_an_instance_whose_reading_fails_is_never_sent_to_its_end(after: int) -> None:
    with stow.server(stow.stored) as service, StowDestination(service.passport()).deliver([]) as delivery:
        with pytest.raises(TransferInterrupted):
            delivery.send(_failing(_endless("2.25.1"), TransferInterrupted(), after))
        assert delivery.settle() == []
        time.sleep(0.2)
        assert [request.whole for request in service.received] in ([False], [])
        assert not any(b"--\r\n" in request.body[-200:] for request in service.received)


@pytest.mark.parametrize("secure", [False, True])
def test_f_12_the_brake_frees_a_thread_that_waits_for_an_answer(secure: bool, tls: stow.Tls) -> None:
    brake = Brake()
    with _silent(context=tls.server if secure else None) as service:
        destination = StowDestination(service.passport(), context=tls.client if secure else None)
        with destination.deliver([], brake=brake) as delivery:
            delivery.send(_small("2.25.1"))
            freed = _pull(brake)
            with pytest.raises(PacsUnavailable):
                delivery.send(_small("2.25.2"))
            assert freed() < PATIENCE_SECONDS


@pytest.mark.parametrize("secure", [False, True])
def test_f_12_the_brake_frees_a_thread_that_cannot_send_on(secure: bool, tls: stow.Tls) -> None:
    brake = Brake()
    with _silent(reads=False, context=tls.server if secure else None) as service:
        destination = StowDestination(service.passport(), context=tls.client if secure else None)
        with destination.deliver([], brake=brake) as delivery:
            freed = _pull(brake)
            with pytest.raises(PacsUnavailable):
                delivery.send(_endless("2.25.1"))
            assert freed() < PATIENCE_SECONDS


def test_behind_a_pulled_brake_nothing_is_opened() -> None:
    brake = Brake()
    brake.pull()
    with stow.server(stow.stored) as service:
        delivering = StowDestination(service.passport()).deliver([], brake=brake)
        with pytest.raises(PacsUnavailable), delivering:
            pass
    assert service.received == []


# --- who is there, and what it holds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "http://", "http://localhost:{port}/"])
def test_a_pacs_that_is_not_there_is_noticed_before_anything_is_fetched(url: str) -> None:
    url = url.format(port=peers.free_port())
    with stow.server(stow.stored) as service:
        passport = service.passport()
    with pytest.raises(PacsUnavailable), _at(url, passport).deliver([]):
        pass


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_service_without_qido_cannot_be_asked(status: int) -> None:
    with scripted.server(scripted.http(status), scripted.http(status)) as server:
        destination = _at(server.url)
        assert destination.held(StudyUid("2.25.1")) is None
        assert destination.holder("4711") is None


def test_a_study_of_which_the_service_has_nothing_holds_nothing() -> None:
    with scripted.server(scripted.http(204)) as server:
        assert _at(server.url).held(StudyUid("2.25.1")) == frozenset()


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_service_that_is_busy_is_unavailable_and_does_not_hold_nothing(status: int) -> None:
    busy = scripted.http(status, headers=("Retry-After: 10",))
    with scripted.server(busy) as server, pytest.raises(PacsUnavailable, match=str(status)):
        _at(server.url).held(StudyUid("2.25.1"))


def test_a_listing_with_something_else_than_uids_is_refused() -> None:
    rows = json.dumps([{"00080018": {"Value": ["../x"]}}]).encode()
    with scripted.server(scripted.http(200, rows), scripted.http(204)) as server, pytest.raises(MessageFault):
        _at(server.url).held(StudyUid("2.25.1"))


def test_1_1_02_a_service_that_knows_no_matching_is_searched_for_the_very_patient_id() -> None:
    rows = [_row({"0020000D": f"2.25.{n}", "00100020": pid, "00100010": name}) for n, pid, name in _HOLDERS]
    with scripted.server(scripted.http(200, json.dumps(rows).encode()), scripted.http(204)) as server:
        holder = _at(server.url).holder("4711")
    assert holder is not None
    assert holder.patient_id == "4711"


@pytest.mark.parametrize("patient_id", ["", "  ", "*", "47?1", "a\\b"])
def test_what_is_no_patient_id_is_not_asked_for(patient_id: str) -> None:
    with pytest.raises(MessageFault):
        _at("http://localhost:1/").holder(patient_id)


def test_a_service_that_is_silent_is_given_up_as_soon_as_the_brake_is_pulled() -> None:
    brake = Brake()
    with scripted_pacs.raw(lambda _: brake.pull()) as passport:
        silent = replace(passport, dicomweb_url=f"http://{passport.host}:{passport.port}/")
        with pytest.raises(PacsUnavailable):
            StowDestination(silent, idle_seconds=600).held(StudyUid("2.25.1"), brake=brake)


_HOLDERS = [(1, "47110", "Other^A"), (2, "4711", "Right^B")]


def _to(orthanc: peers.Orthanc, connections: int = 1) -> StowDestination:
    return StowDestination(replace(orthanc.passport(), max_associations=connections), idle_seconds=20)


def _impatient(service: stow.StowServer) -> StowDestination:
    return StowDestination(service.passport(), idle_seconds=0.3)


def _at(url: str, passport: Passport | None = None) -> StowDestination:
    known = passport or Passport("pacs", AeTitle("PACS"), "localhost", 104)
    return StowDestination(replace(known, dicomweb_url=url), idle_seconds=5)


def _deliver(destination: StowDestination, study: shipped.Study) -> dict[str, int]:
    replies: list[Reply] = []
    with destination.deliver([]) as delivery:
        for instance in _instances(study):
            replies += delivery.send(instance)
        replies += delivery.settle()
    assert len(replies) == len(study.part10)
    return {reply.sop_instance: reply.status for reply in replies}


def _answered(answer: stow.Answer, study: shipped.Study) -> int:
    with stow.server(answer) as service, StowDestination(service.passport()).deliver([]) as delivery:
        (reply,) = [*delivery.send(next(_instances(study))), *delivery.settle()]
    return reply.status


def _instances(study: shipped.Study) -> Iterator[IncomingInstance]:
    for file in study.part10.values():
        meta, chunks = split_part10(file[at : at + CHUNK] for at in range(0, len(file), CHUNK))
        yield IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def _envelope(uid: str) -> tuple[SopClassUid, SopInstanceUid, TransferSyntaxUid]:
    return SopClassUid(stow.CT), SopInstanceUid(uid), EXPLICIT


def _small(uid: str) -> IncomingInstance:
    return IncomingInstance(*_envelope(uid), iter([bytes(CHUNK)]))


def _endless(uid: str) -> IncomingInstance:
    return IncomingInstance(*_envelope(uid), itertools.repeat(bytes(CHUNK)))


def _failing(instance: IncomingInstance, fault: Fault, after: int) -> IncomingInstance:
    """The same, whose reading fails behind so many bytes."""

    def chunks() -> Iterator[bytes]:
        size = 0
        for chunk in instance.chunks:
            if size >= after:
                raise fault
            size += len(chunk)
            yield chunk
        raise fault

    return replace(instance, chunks=chunks())


@contextmanager
def _silent(**how: Any) -> Iterator[stow.StowServer]:
    """A service that answers only when the test is over."""
    over = threading.Event()

    def never(_: stow.Received) -> bytes:
        over.wait(3 * PATIENCE_SECONDS)
        return b""

    with stow.server(never, **how) as service:
        try:
            yield service
        finally:
            over.set()


def _pull(brake: Brake) -> Callable[[], float]:
    """Pull the brake in a moment, from another thread; the answer says how long ago that was."""
    pulled: list[float] = []

    def pull() -> None:
        pulled.append(time.monotonic())
        brake.pull()

    threading.Timer(0.2, pull).start()
    return lambda: time.monotonic() - pulled[0]


def _row(values: dict[str, str]) -> dict[str, Any]:
    return {tag: {"Value": [value]} for tag, value in values.items()}
