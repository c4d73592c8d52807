from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import peers
import pytest
import reencoding
import scripted_pacs as scripted
import shipped
from pynetdicom import evt
from world import CT, EXPLICIT, data_set, uid

from linkexchange.conform import HOST, DestinationManners, DestinationPacs
from linkexchange.dataset import split_part10
from linkexchange.dicom import CGetArchive, StoreDestination, Timeouts
from linkexchange.errors import InstanceFault, PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.ports import Delivery, Destination, IncomingInstance, Room

NODE = AeTitle("NODE")
STUDY = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL, copies=1)
BY_ORTHANC = {reencoding.LENGTHS, reencoding.PIXEL_VR, reencoding.DEFLATED_AGAIN}
IN_PASSING = {reencoding.LENGTHS, reencoding.PIXEL_VR, reencoding.PADDING}


def destination(passport: Passport) -> Destination:
    return StoreDestination(passport, calling_ae=NODE, timeouts=Timeouts(10, 10, 20))


def incoming(part10: bytes) -> IncomingInstance:
    meta, chunks = split_part10([part10])
    return IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)


def small(uid: str, *, syntax: str = scripted.EXPLICIT, sop_class: str = scripted.CT) -> IncomingInstance:
    value = b"\x10\0\x20\0LO\x02\x00AB"
    return IncomingInstance(SopClassUid(sop_class), SopInstanceUid(uid), TransferSyntaxUid(syntax), iter([value]))


def store(way: Delivery, instance: IncomingInstance) -> int:
    """Send one instance and wait for the reply to it."""
    [reply] = [*way.send(instance), *way.settle()]
    assert reply.sop_instance == instance.sop_instance
    return reply.status


def noting(received: list[Any], status: int = 0) -> scripted.Handler:
    def store(event: Any) -> int:
        received.append((event.request.AffectedSOPInstanceUID, event.request.DataSet.getvalue()))
        return status

    return evt.EVT_C_STORE, store


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.StoreScp, peers.Dcmqrscp])
def test_a_pacs_that_keeps_bytes_gets_the_very_bytes(kind: type[peers.StoreScp | peers.Dcmqrscp]) -> None:
    with kind() as pacs:
        with destination(pacs.passport()).deliver(()) as way:
            statuses = [store(way, incoming(file)) for file in STUDY.part10.values()]
        assert statuses == [0] * len(STUDY.part10)
        assert pacs.files() == STUDY.data_sets


@pytest.mark.peers
def test_orthanc_changes_on_receipt_exactly_what_is_written_down() -> None:
    with peers.Orthanc() as pacs:
        with destination(pacs.passport()).deliver(()) as way:
            assert {store(way, incoming(file)) for file in STUDY.part10.values()} == {0}
        kept = pacs.part10()
        changes = {uid: reencoding.explained(file, kept[uid]) for uid, file in STUDY.part10.items()}
        assert frozenset[str]().union(*changes.values()) == BY_ORTHANC


@pytest.mark.peers
@pytest.mark.parametrize("to", [peers.Orthanc, peers.Dcmqrscp, peers.StoreScp])
@pytest.mark.parametrize("source", [peers.Orthanc, peers.Dcmqrscp])
def test_from_pacs_to_pacs_nothing_changes_but_what_is_written_down(source: Any, to: Any) -> None:
    with source("ORIGIN") as origin, to("DESTINATION") as pacs:
        origin.upload(STUDY.part10.values())
        wanted = STUDY.manifest.uids
        with destination(pacs.passport()).deliver(()) as way:
            stream = CGetArchive(origin.passport(), calling_ae=NODE).retrieve(STUDY.manifest, wanted)
            assert {store(way, instance) for instance in stream} == {0}
        before, after = origin.part10(), pacs.part10()
        assert after.keys() == wanted
        changes = frozenset[str]().union(*(reencoding.explained(before[uid], after[uid]) for uid in wanted))
        allowed = IN_PASSING | (BY_ORTHANC if to is peers.Orthanc else set())
        assert changes <= allowed | ({reencoding.SYNTAX} if source is peers.Dcmqrscp else set())


@pytest.mark.peers
def test_a_syntax_that_the_pacs_refuses_is_not_supported() -> None:
    with peers.Orthanc(AcceptedTransferSyntaxes=[scripted.EXPLICIT]) as pacs:
        with destination(pacs.passport()).deliver(()) as way:
            statuses = {uid: store(way, incoming(file)) for uid, file in STUDY.part10.items()}
        assert {status for uid, status in statuses.items() if uid not in pacs.files()} == {0x0122}


def test_bytes_leave_as_they_came_in() -> None:
    received: list[Any] = []
    with scripted.serve(noting(received)) as passport, destination(passport).deliver(()) as way:
        assert store(way, small("1.2.3")) == 0
    assert received == [("1.2.3", b"\x10\0\x20\0LO\x02\x00AB")]


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xB000, 0xB006, 0xC000, 0x0110])
def test_the_status_of_the_pacs_is_told(status: int) -> None:
    with scripted.serve(noting([], status)) as passport, destination(passport).deliver(()) as way:
        assert store(way, small("1.2.3")) == status


def test_a_class_that_is_not_accepted_is_not_supported_and_none_of_it_is_sent() -> None:
    instance = small("1.2.3", sop_class="1.2.840.10008.5.1.4.1.1.1")
    with scripted.serve() as passport, destination(passport).deliver(()) as way:
        assert store(way, instance) == 0x0122
    assert next(instance.chunks, None)


def test_a_syntax_that_the_passport_rules_out_is_not_even_proposed() -> None:
    asked: list[Any] = []
    with scripted.serve((evt.EVT_ACCEPTED, asked.append)) as passport:
        only_implicit = replace(passport, syntaxes=(TransferSyntaxUid(scripted.IMPLICIT),))
        with destination(only_implicit).deliver(()) as way:
            assert store(way, small("1.2.3")) == 0x0122
    assert len(asked) == 1


def test_a_new_association_is_opened_only_where_a_context_is_missing() -> None:
    opened: list[Any] = []
    noted = (evt.EVT_ACCEPTED, opened.append)
    with scripted.serve(noting([]), noted) as passport, destination(passport).deliver(()) as way:
        for sop_class in (scripted.CT, scripted.CT, scripted.MR, scripted.CT):
            assert store(way, small("1.2.3", sop_class=sop_class)) == 0
    assert len(opened) == 3


def test_a_pacs_without_verification_is_delivered_to() -> None:
    with scripted.serve(noting([]), services=()) as passport, destination(passport).deliver(()) as way:
        assert store(way, small("1.2.3")) == 0


def test_a_pacs_that_is_down_is_noticed_before_anything_is_fetched() -> None:
    down = Passport("none", AeTitle("NONE"), peers.HOST, peers.free_port())
    with pytest.raises(PacsUnavailable, match="no connection"), destination(down).deliver(()):
        pytest.fail("the way is open")


def test_an_instance_that_cannot_be_read_is_not_sent() -> None:
    def broken() -> Iterator[bytes]:
        yield b"\x10\0\x20\0LO\x02\x00AB"
        raise InstanceFault("cut off")

    received: list[Any] = []
    with scripted.serve(noting(received)) as passport, destination(passport).deliver(()) as way:
        with pytest.raises(InstanceFault):
            store(way, replace(small("1.2.3"), chunks=broken()))
        assert store(way, small("1.2.4")) == 0
    assert [uid for uid, _ in received] == ["1.2.4"]


def test_an_association_that_breaks_after_sending_is_unavailable_for_the_next() -> None:
    def abort(event: Any) -> int:
        event.assoc.abort()
        return 0

    with scripted.serve((evt.EVT_C_STORE, abort)) as passport, destination(passport).deliver(()) as way:
        way.send(small("1.2.3"))
        with pytest.raises(PacsUnavailable):
            way.send(small("1.2.4"))


def test_after_a_break_the_next_instance_goes_over_a_new_association() -> None:
    aborts = iter([True, False])

    def abort_once(event: Any) -> int:
        if next(aborts):
            event.assoc.abort()
        return 0

    with scripted.serve((evt.EVT_C_STORE, abort_once)) as passport, destination(passport).deliver(()) as way:
        assert not [*way.send(small("1.2.3")), *way.settle()]
        assert store(way, small("1.2.3")) == 0


def test_an_association_that_the_pacs_has_ended_in_between_is_opened_again() -> None:
    associations: list[Any] = []
    established = (evt.EVT_ESTABLISHED, lambda event: associations.append(event.assoc))
    with scripted.serve(noting([]), established) as passport, destination(passport).deliver(()) as way:
        assert store(way, small("1.2.3")) == 0
        associations[-1].abort()
        assert store(way, small("1.2.4")) == 0


@pytest.mark.parametrize(("room", "most"), [(1, 1), (2, 2), (9, 4)])
def test_1_1_09_no_more_associations_are_opened_than_there_is_room_for_and_the_passport_allows(
    room: int, most: int
) -> None:
    pacs = DestinationPacs(DestinationManners(pause_seconds=0.05))
    with pacs, _storing(pacs, lambda _: room) as send:
        for number in range(1, 13):
            send(number)
    assert (pacs.most, len(pacs.received)) == (most, 12)


def test_1_1_09_associations_are_given_back_as_soon_as_somebody_else_needs_them() -> None:
    room = [4]
    pacs = DestinationPacs(DestinationManners(pause_seconds=0.05))
    with pacs, _storing(pacs, lambda _: room[0]) as send:
        for number in range(1, 13):
            send(number)
        assert pacs.most == 4
        room[0] = 1
        for number in range(13, 21):
            send(number)
        assert pacs.open == 1
    assert len(pacs.received) == 20


@contextmanager
def _storing(pacs: DestinationPacs, room: Room) -> Iterator[Callable[[int], object]]:
    """A way into a PACS that allows four associations."""
    passport = Passport("pacs", AeTitle(pacs.ae_title), HOST, pacs.port, max_associations=4)

    def send(number: int) -> object:
        return delivery.send(IncomingInstance(CT, uid(number), EXPLICIT, iter([data_set(number)])))

    with destination(passport).deliver([CT], room=room) as delivery:
        yield send
        delivery.settle()
