from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import peers
import pytest
import reencoding
import scripted_pacs as scripted
import shipped
from pynetdicom import evt

from linkexchange.dataset import part10_head, read_header
from linkexchange.dicom import CGetArchive, Timeouts
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.study import Instance, Manifest, Series
from linkexchange.ports import CHUNK_MAX_BYTES, Brake, ImageSource

pytestmark = pytest.mark.slow

NODE = AeTitle("NODE")
STUDY = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL)
EVERYTHING = STUDY.manifest.uids
PACS = [
    pytest.param(peers.Orthanc, marks=pytest.mark.peers),
    pytest.param(peers.Dcmqrscp, marks=pytest.mark.peers),
    pytest.param(peers.Qrscp, marks=pytest.mark.slow),
]
UIDS = [SopInstanceUid(f"1.2.1.{number}") for number in range(1, 6)]


def archive(passport: Passport, *, idle_seconds: float = 20) -> ImageSource:
    return CGetArchive(passport, calling_ae=NODE, timeouts=Timeouts(10, 10, idle_seconds))


def manifest(uids: list[SopInstanceUid] = UIDS) -> Manifest:
    instances = tuple(Instance(uid, SopClassUid(scripted.CT)) for uid in uids)
    return Manifest(StudyUid("1.2"), (Series(SeriesUid("1.2.1"), "CT", instances),))


def files(source: ImageSource, manifest: Manifest, wanted: frozenset[SopInstanceUid]) -> dict[str, bytes]:
    return {
        str(one.sop_instance): part10_head(one.sop_class, one.sop_instance, one.transfer_syntax) + b"".join(one.chunks)
        for one in source.retrieve(manifest, wanted)
    }


def sending(*uids: str, before: Any = None, status: int | None = None) -> scripted.Handler:
    """A PACS that sends these whatever it is asked for; `before` is called with the event before each."""

    def send(event: Any) -> Iterator[Any]:
        yield max(1, len(uids))
        for uid in uids:
            if before is not None:
                before(event)
            yield 0xFF00, scripted.instance(uid)
        if status is not None:
            yield status, None

    return evt.EVT_C_GET, send


def listing(*uids: str) -> scripted.Handler:
    def answer(event: Any) -> Iterator[Any]:
        level = event.identifier.QueryRetrieveLevel
        rows = {"STUDY": [scripted.row(StudyInstanceUID="1.2")], "SERIES": [scripted.row(SeriesInstanceUID="1.2.1")]}
        images = [scripted.row(SOPInstanceUID=uid, SOPClassUID=scripted.CT) for uid in uids]
        yield from ((0xFF00, row) for row in rows.get(level, images))

    return evt.EVT_C_FIND, answer


@pytest.mark.parametrize("kind", PACS)
def test_every_pacs_gives_all_instances_with_their_values_unchanged(kind: Any) -> None:
    with kind() as pacs:
        pacs.upload(STUDY.part10.values())
        stored, came = pacs.part10(), files(archive(pacs.passport()), STUDY.manifest, EVERYTHING)
        assert came.keys() == EVERYTHING
        found = frozenset[str]().union(*(reencoding.explained(stored[uid], came[uid]) for uid in EVERYTHING))
        allowed = {reencoding.LENGTHS, reencoding.PADDING, reencoding.PIXEL_VR}
        assert found <= allowed | ({reencoding.SYNTAX} if kind is peers.Dcmqrscp else set())


@pytest.mark.parametrize("kind", PACS)
def test_every_pacs_gives_some_of_the_instances(kind: Any) -> None:
    some = frozenset(sorted(EVERYTHING)[::3])
    with kind() as pacs:
        pacs.upload(STUDY.part10.values())
        assert files(archive(pacs.passport()), STUDY.manifest, some).keys() == some


@pytest.mark.parametrize("kind", PACS)
def test_an_instance_that_is_not_there_is_left_out(kind: Any) -> None:
    gone = min(EVERYTHING)
    with kind() as pacs:
        pacs.upload(file for uid, file in STUDY.part10.items() if uid != gone)
        assert files(archive(pacs.passport()), STUDY.manifest, EVERYTHING).keys() == EVERYTHING - {gone}


def test_f_14_a_list_that_is_none_takes_nothing_from_what_has_come() -> None:
    with scripted.serve(sending(*UIDS[:3]), listing("")) as passport:
        assert files(archive(passport), manifest(), frozenset(UIDS)).keys() == set(UIDS[:3])


@pytest.mark.parametrize("kind", PACS)
def test_a_study_that_is_not_there_gives_nothing(kind: Any) -> None:
    with kind() as pacs:
        assert not files(archive(pacs.passport()), STUDY.manifest, EVERYTHING)


@pytest.mark.peers
def test_more_classes_than_fit_into_one_association_all_come() -> None:
    study = shipped.study(
        ("CT_small.dcm", "MR_small.dcm", "examples_palette.dcm", "test-SR.dcm", "rtplan.dcm", "rtdose.dcm")
    )
    with peers.Orthanc() as pacs:
        pacs.upload(study.part10.values())
        assert len(study.manifest.sop_classes) > 4
        assert files(archive(pacs.passport()), study.manifest, study.manifest.uids).keys() == study.manifest.uids


@pytest.mark.peers
def test_an_instance_of_another_class_than_the_manifest_says_does_not_hold_up_the_others() -> None:
    first, *others = sorted(EVERYTHING)
    wrong = tuple(
        replace(one, instances=tuple(_of_wrong_class(it) if it.sop_instance == first else it for it in one.instances))
        for one in STUDY.manifest.series
    )
    with peers.Orthanc() as pacs:
        pacs.upload(STUDY.part10.values())
        came = files(archive(pacs.passport()), Manifest(STUDY.manifest.study, wrong), EVERYTHING)
        assert set(others) <= came.keys()


def _of_wrong_class(instance: Instance) -> Instance:
    return replace(instance, sop_class=SopClassUid("1.2.3"))


def test_what_was_not_asked_for_is_let_pass() -> None:
    with scripted.serve(sending(*UIDS, "1.9.9"), listing()) as passport:
        assert files(archive(passport), manifest(), frozenset(UIDS[:2])).keys() == set(UIDS[:2])


def test_what_comes_twice_is_given_once() -> None:
    with scripted.serve(sending(*UIDS, *UIDS)) as passport:
        came = [one.sop_instance for one in archive(passport).retrieve(manifest(), frozenset(UIDS))]
        assert sorted(came) == UIDS


def test_chunks_are_no_larger_than_agreed() -> None:
    big = scripted.instance(UIDS[0])
    big.add_new(0x00420011, "OB", bytes(3 * CHUNK_MAX_BYTES))
    send = (evt.EVT_C_GET, lambda _: iter([1, (0xFF00, big)]))
    with scripted.serve(send) as passport:
        stream = archive(passport).retrieve(manifest(UIDS[:1]), frozenset(UIDS))
        sizes = [len(chunk) for one in stream for chunk in one.chunks]
        assert sum(sizes) > 3 * CHUNK_MAX_BYTES
        assert max(sizes) <= CHUNK_MAX_BYTES


def test_the_next_instance_is_not_sent_before_it_is_asked_for() -> None:
    sent: list[Any] = []
    with scripted.serve(sending(*UIDS, before=sent.append)) as passport:
        stream = archive(passport).retrieve(manifest(), frozenset(UIDS))
        next(stream)
        time.sleep(0.2)
        assert len(sent) == 1
        stream.close()


def test_a_brake_frees_a_thread_that_waits_for_the_pacs() -> None:
    over, brake = threading.Event(), Brake()
    with scripted.serve(sending(*UIDS, before=lambda _: over.wait(20))) as passport:
        waiting = CGetArchive(passport, calling_ae=NODE, timeouts=Timeouts(idle_seconds=60))
        threading.Timer(0.3, brake.pull).start()
        started = time.monotonic()
        with pytest.raises(PacsUnavailable):
            next(waiting.retrieve(manifest(), frozenset(UIDS), brake=brake))
        assert time.monotonic() - started < 15
        over.set()


def test_closing_the_stream_aborts_at_once() -> None:
    aborted = threading.Event()
    with scripted.serve(sending(*UIDS), (evt.EVT_ABORTED, lambda _: aborted.set())) as passport:
        stream = archive(passport).retrieve(manifest(), frozenset(UIDS))
        next(stream)
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 10
        assert aborted.wait(5)


def test_closing_the_stream_does_not_wait_for_a_pacs_that_is_stuck_in_the_middle_of_a_pdu() -> None:
    def send_half_a_pdu(connection: Any) -> None:
        # Of the second instance nothing is sent any more, and there is no socket either.
        with suppress(OSError, AttributeError):
            connection.sendall(b"\x04\0\0\0\xff\xff" + bytes(10))

    def get_stuck(event: Any) -> None:
        threading.Timer(0.2, send_half_a_pdu, [event.assoc.dul.socket.socket]).start()

    with scripted.serve(sending(*UIDS, before=get_stuck)) as passport:
        waiting = CGetArchive(passport, calling_ae=NODE, timeouts=Timeouts(idle_seconds=60))
        stream = waiting.retrieve(manifest(), frozenset(UIDS))
        next(stream)
        time.sleep(0.5)
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 15


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_an_abort_after_some_instances_gives_those_and_then_a_fault(count: int) -> None:
    def abort_when_due(event: Any) -> None:
        if next(left) == 0:
            event.assoc.abort()

    left = iter(range(count, -10, -1))
    came = []
    with scripted.serve(sending(*UIDS, "1.2.1.6", before=abort_when_due), listing(*UIDS)) as passport:
        stream = archive(passport).retrieve(manifest(), frozenset(UIDS) | {SopInstanceUid("1.2.1.6")})
        with pytest.raises(PacsUnavailable):
            came.extend(one.sop_instance for one in stream)
    assert came == [] or len(came) <= count


@pytest.mark.slow
def test_a_pacs_that_falls_silent_is_given_up() -> None:
    over = threading.Event()
    with scripted.serve(sending(*UIDS, before=lambda _: over.wait(20))) as passport:
        with pytest.raises(PacsUnavailable, match="no answer within 2 s"):
            next(archive(passport, idle_seconds=2).retrieve(manifest(), frozenset(UIDS)))
        over.set()


@pytest.mark.slow
def test_a_slow_pacs_is_waited_for_as_long_as_something_comes() -> None:
    with scripted.serve(sending(*UIDS, before=lambda _: time.sleep(1.5))) as passport:
        assert len(files(archive(passport, idle_seconds=6), manifest(), frozenset(UIDS))) == len(UIDS)


def test_the_pacs_reads_the_next_one_while_the_last_chunk_is_passed_on() -> None:
    asked_for = [threading.Event() for _ in UIDS]
    turns = iter(asked_for)
    with scripted.serve(sending(*UIDS, before=lambda _: next(turns).set())) as passport:
        stream = archive(passport).retrieve(manifest(), frozenset(UIDS))
        for _ in next(stream).chunks:
            pass
        assert asked_for[1].wait(20)
        stream.close()


def test_an_instance_that_is_not_read_to_its_end_is_passed_over_and_answered() -> None:
    with scripted.serve(sending(*UIDS)) as passport:
        assert [one.sop_instance for one in archive(passport).retrieve(manifest(), frozenset(UIDS))] == UIDS


@pytest.mark.slow
def test_what_is_listed_and_never_sent_is_unavailable() -> None:
    failing = sending(status=0xC000)
    with scripted.serve(failing, listing(*UIDS)) as passport, pytest.raises(PacsUnavailable, match="C000"):
        files(archive(passport), manifest(), frozenset(UIDS))


def test_a_pacs_without_c_get_is_unavailable() -> None:
    with scripted.serve(services=(scripted.STUDY_FIND,)) as passport, pytest.raises(PacsUnavailable, match="GET"):
        files(archive(passport), manifest(), frozenset(UIDS))


def test_the_header_is_that_of_the_instance() -> None:
    with scripted.serve(sending(*UIDS)) as passport:
        for one in archive(passport).retrieve(manifest(), frozenset(UIDS)):
            assert read_header(one.transfer_syntax, one.chunks)[0].sop_instance == one.sop_instance
