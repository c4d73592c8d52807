from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import braking
import pytest
import scp
import scripted_pacs as scripted
from pynetdicom import evt

from linkexchange.dicom import StoreDestination, Timeouts, pdu
from linkexchange.dicom.acse import Asked, Rejection
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command
from linkexchange.dicom.lane import NOT_SUPPORTED, Lane
from linkexchange.dicom.line import CONTEXTS_MAX, Line, Proposal
from linkexchange.errors import InstanceFault, PacsUnavailable
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.model.passport import Passport
from linkexchange.ports import Brake, Delivery, IncomingInstance, Reply

NODE = AeTitle("NODE")
TIMEOUTS = Timeouts(10, 10, 30)
UIDS = [f"1.2.{number}" for number in range(1, 10)]
CT = SopClassUid(scripted.CT)
RELEASE_RQ = pdu.write(pdu.Type.RELEASE_RQ, bytes(4))


def instance(uid: str, *, sop_class: str = scripted.CT, syntax: str = scripted.EXPLICIT) -> IncomingInstance:
    return IncomingInstance(SopClassUid(sop_class), SopInstanceUid(uid), TransferSyntaxUid(syntax), iter([bytes(8)]))


def broken(uid: str) -> IncomingInstance:
    def chunks() -> Iterator[bytes]:
        yield bytes(8)
        raise InstanceFault("cut off")

    return replace(instance(uid), chunks=chunks())


@contextmanager
def way(passport: Passport, associations: int = 1, brake: Brake | None = None) -> Iterator[Delivery]:
    allowed = replace(passport, max_associations=associations)
    destination = StoreDestination(allowed, calling_ae=NODE, timeouts=TIMEOUTS)
    with destination.deliver([CT], brake=brake) as delivery:
        yield delivery


def statuses(replies: Sequence[Reply]) -> dict[str, int]:
    return {str(it.sop_instance): it.status for it in replies}


def together(most: int) -> scripted.Handler:
    """A destination that answers only when it has so many instances in hand at once."""
    barrier = threading.Barrier(most)

    def store(_: Any) -> int:
        try:
            barrier.wait(timeout=20)
        except threading.BrokenBarrierError:
            return 0xC000
        return 0

    return evt.EVT_C_STORE, store


def test_a_slow_destination_is_sent_to_over_as_many_associations_as_it_may_be_asked_for() -> None:
    with scripted.serve(together(3)) as passport, way(passport, 3) as delivery:
        replies = [it for uid in UIDS[:6] for it in delivery.send(instance(uid))] + [*delivery.settle()]
        assert statuses(replies) == dict.fromkeys(UIDS[:6], 0)


def test_no_more_associations_are_opened_than_the_passport_allows() -> None:
    opened: list[Any] = []
    noted = (evt.EVT_ACCEPTED, opened.append)
    with scripted.serve(together(1), noted) as passport, way(passport, 2) as delivery:
        for uid in UIDS:
            delivery.send(instance(uid))
        delivery.settle()
    assert len(opened) <= 2


def test_a_destination_that_answers_at_once_is_sent_to_over_one_association() -> None:
    opened: list[Any] = []
    noted = (evt.EVT_ACCEPTED, opened.append)
    with scripted.serve(together(1), noted) as passport, way(passport, 3) as delivery:
        for uid in UIDS:
            assert not delivery.send(instance(uid))
            assert statuses(delivery.settle()) == {uid: 0}
    assert len(opened) == 1


def test_a_destination_that_refuses_a_second_association_is_sent_to_over_one() -> None:
    asked: list[Asked] = []

    def judge(request: Asked) -> Rejection | None:
        asked.append(request)
        return Rejection(transient=True, source=3, reason=2) if len(asked) > 1 else None

    with scp.serving(scp.well, judge=judge) as passport, way(passport, 3) as delivery:
        replies = [it for uid in UIDS for it in delivery.send(instance(uid))] + [*delivery.settle()]
        assert statuses(replies) == dict.fromkeys(UIDS, 0)
    assert len(asked) <= 2


def test_every_reply_is_about_its_own_instance() -> None:
    """Three are in hand at once, and each is answered in its own way."""
    status_of = {uid: 0xA700 + number for number, uid in enumerate(UIDS)}
    barrier = threading.Barrier(3)

    def store(event: Any) -> int:
        barrier.wait(timeout=20)
        return status_of[event.request.AffectedSOPInstanceUID]

    with scripted.serve((evt.EVT_C_STORE, store)) as passport, way(passport, 3) as delivery:
        replies = [it for uid in UIDS for it in delivery.send(instance(uid))] + [*delivery.settle()]
        assert statuses(replies) == status_of


@pytest.mark.parametrize(
    "other",
    [
        {"answers": 4711},
        {"answers": None},
        {"status": None},
        {"sop_instance": "1.2.99"},
    ],
    ids=lambda it: next(iter(it)),
)
def test_an_answer_to_something_else_is_no_reply(other: dict[str, Any]) -> None:
    def wrong(association: Association) -> None:
        scp.answer(association, association.receive()[1], **other)

    with scp.serving(wrong) as passport, way(passport) as delivery:
        assert not [*delivery.send(instance("1.2.3")), *delivery.settle()]


def test_an_answer_without_uids_is_a_reply() -> None:
    """Both are optional in the answer (PS3.7 table 9.3-2)."""

    def brief(association: Association) -> None:
        while True:
            scp.answer(association, association.receive()[1], sop_class="", sop_instance="")

    with scp.serving(brief) as passport, way(passport) as delivery:
        assert statuses([*delivery.send(instance("1.2.3")), *delivery.settle()]) == {"1.2.3": 0}


def test_a_message_id_is_not_used_twice() -> None:
    numbers: list[int | None] = []

    def note(association: Association) -> None:
        while True:
            request = association.receive()[1]
            numbers.append(request.number)
            scp.answer(association, request)

    with scp.serving(note) as passport, way(passport) as delivery:
        for uid in UIDS:
            delivery.send(instance(uid))
        delivery.settle()
    assert len(set(numbers)) == len(UIDS)


class Ended:
    """A destination that answers `before` instances, then ends each association in its own way."""

    def __init__(self, ending: str, before: int = 1) -> None:
        self.ending, self.before, self.calls = ending, before, 0

    def __call__(self, association: Association) -> None:
        self.calls += 1
        for _ in range(self.before):
            scp.answer(association, association.receive()[1])
        if self.ending == "release":
            association._wire.write(RELEASE_RQ)
            while association._wire.read()[0] is not pdu.Type.RELEASE_RP:
                pass
        elif self.ending == "abort":
            association.abort()
        else:
            association.stop()


@pytest.mark.parametrize("ending", ["release", "abort", "hang up"])
def test_an_association_that_is_ended_between_two_instances_is_opened_again(ending: str) -> None:
    destination = Ended(ending)
    with scp.serving(destination) as passport, way(passport) as delivery:
        for uid in UIDS[:3]:
            assert statuses([*delivery.send(instance(uid)), *delivery.settle()]) == {uid: 0}
            answered(delivery, 0)
    assert destination.calls >= 3


def test_an_abort_in_the_middle_of_an_instance_leaves_the_other_association_alone() -> None:
    """One association holds on to its instance; the next is aborted before its instance is whole."""
    first_is_in_hand, go_on = threading.Event(), threading.Event()
    order = itertools.count()

    def talk(association: Association) -> None:
        request = association.receive()[1]
        if next(order) == 0:
            first_is_in_hand.set()
            go_on.wait(20)
            scp.answer(association, request)
        else:
            association.abort()

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 16)

    with scp.serving(talk) as passport, way(passport, 2) as delivery:
        delivery.send(instance("1.2.1"))
        assert first_is_in_hand.wait(20)
        with pytest.raises(PacsUnavailable):
            delivery.send(replace(instance("1.2.2"), chunks=endless()))
        go_on.set()
        assert statuses(delivery.settle()) == {"1.2.1": 0}


def answered(delivery: Any, *numbers: int) -> None:
    """Wait until the replies on these lanes have arrived, and nobody has taken them."""
    for number in numbers:
        for _ in range(2000):
            if delivery.lanes[number].association.has_input():
                break
            threading.Event().wait(0.01)
        else:
            pytest.fail("nothing has arrived")


def test_a_reply_that_has_come_is_not_lost_when_the_next_instance_cannot_be_read() -> None:
    with scripted.serve(together(1)) as passport, way(passport) as delivery:
        delivery.send(instance("1.2.1"))
        answered(delivery, 0)
        with pytest.raises(InstanceFault):
            delivery.send(broken("1.2.2"))
        assert statuses(delivery.settle()) == {"1.2.1": 0}


def test_a_reply_that_has_come_is_not_lost_when_another_association_breaks() -> None:
    """Both have an instance in hand before one answers and the other aborts."""
    barrier = threading.Barrier(2)

    def talk(association: Association) -> None:
        _, request = association.receive()
        barrier.wait(20)
        if request.sop_instance == "1.2.1":
            scp.answer(association, request)
            association.receive()
        else:
            association.abort()

    with scp.serving(talk) as passport, way(passport, 2) as delivery:
        delivery.send(instance("1.2.1"))
        delivery.send(instance("1.2.2"))
        answered(delivery, 0, 1)
        with pytest.raises(PacsUnavailable):
            delivery.send(instance("1.2.3"))
        assert statuses(delivery.settle()) == {"1.2.1": 0}


@contextmanager
def lane(passport: Passport, proposals: Sequence[Proposal] = (), brake: Brake | None = None) -> Iterator[Lane]:
    opened = Lane(Line(passport, NODE, TIMEOUTS), brake or Brake(), proposals)
    yield opened
    opened.close()


def test_more_contexts_than_one_association_holds_are_asked_for_anew() -> None:
    syntaxes = [f"1.2.840.10008.1.2.{number}" for number in range(1, CONTEXTS_MAX)]
    proposals = [Proposal(scripted.CT, (it,)) for it in syntaxes]
    asked: list[int] = []

    def judge(request: Asked) -> None:
        asked.append(len(request.proposals))

    with scp.serving(scp.well, judge=judge) as passport, lane(passport, proposals) as only:
        for syntax in (syntaxes[-1], "1.2.3.4", "1.2.3.5"):
            assert only.send(instance("1.2.3", syntax=syntax)) is None
            assert only.reply().status == 0
    assert asked == [CONTEXTS_MAX, 2, 3]


def test_what_the_destination_refuses_is_not_asked_for_again_and_again() -> None:
    opened: list[Any] = []
    noted = (evt.EVT_ACCEPTED, opened.append)
    with scripted.serve(noted) as passport, lane(passport) as only:
        for uid in UIDS:
            refused = only.send(instance(uid, syntax=scripted.JPEG_2000))
            assert refused == Reply(SopInstanceUid(uid), NOT_SUPPORTED)
    assert len(opened) == 2


@pytest.mark.parametrize("moment", ["while it waits for the reply", "while it sends"])
def test_the_brake_frees_whoever_delivers(moment: str) -> None:
    brake, over = Brake(), threading.Event()

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 16)

    def deliver(passport: Passport) -> None:
        with suppress(PacsUnavailable), way(passport, brake=brake) as delivery:
            sent = (
                instance("1.2.3")
                if moment == "while it waits for the reply"
                else replace(instance("1.2.3"), chunks=endless())
            )
            delivery.send(sent)
            delivery.settle()

    def hold(association: Association) -> None:
        association.receive()
        over.wait(20)

    with scp.serving(hold) as passport:
        assert braking.frees(brake, lambda: deliver(passport), over=over)


def test_a_reply_that_is_still_out_when_the_way_is_closed_is_not_waited_for() -> None:
    heard: list[Command] = []
    over = threading.Event()

    def hold(association: Association) -> None:
        heard.append(association.receive()[1])
        with pytest.raises(PacsUnavailable, match="aborted"):
            association.receive()
        over.set()

    with scp.serving(hold) as passport:
        with way(passport) as delivery:
            delivery.send(instance("1.2.3"))
        assert over.wait(20)
    assert [it.sop_instance for it in heard] == ["1.2.3"]


def test_a_lane_takes_the_lowest_priority() -> None:
    seen: list[int | None] = []

    def note(association: Association) -> None:
        request = association.receive()[1]
        seen.append(request.priority)
        scp.answer(association, request)

    with scp.serving(note) as passport, lane(passport) as only:
        only.send(instance("1.2.3"))
        only.reply()
    assert seen == [2]
