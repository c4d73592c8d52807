"""A destination without bad manners is one that pynetdicom gets along with; with them it does what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pynetdicom import AE

from linkexchange.conform import (
    HOST,
    Admission,
    Breaking,
    Caller,
    DestinationManners,
    DestinationPacs,
    Gone,
    How,
    Refusing,
    made,
)
from linkexchange.conform.images import CT, EXPLICIT, IMPLICIT, Instance, decode

STUDY = made(3)


@contextmanager
def caller(pacs: DestinationPacs) -> Iterator[Caller]:
    with Caller((HOST, pacs.port), [(CT, EXPLICIT)], calling="TESTER", called="DESTINATION") as one:
        yield one


def statuses(pacs: DestinationPacs, *instances: Instance) -> list[int]:
    with caller(pacs) as one:
        return [one.store(it) for it in instances]


def test_it_takes_what_pynetdicom_sends() -> None:
    with DestinationPacs() as pacs:
        ae = AE("TESTER")
        ae.add_requested_context(CT, [EXPLICIT])
        assoc = ae.associate(HOST, pacs.port, ae_title="DESTINATION")
        sent = decode(STUDY[0].content, EXPLICIT)
        assert assoc.send_c_store(sent).Status == 0
        assoc.release()
        assert [(it.uid, it.content) for it in pacs.kept] == [(STUDY[0].uid, STUDY[0].content)]


def test_it_takes_what_its_own_caller_sends() -> None:
    with DestinationPacs() as pacs:
        assert statuses(pacs, *STUDY) == [0, 0, 0]
        assert {it.uid for it in pacs.held} == {it.uid for it in STUDY}


def test_it_refuses_as_often_as_it_is_told_to() -> None:
    with DestinationPacs(DestinationManners(refusing=Refusing(0xA700, times=2))) as pacs:
        assert statuses(pacs, *STUDY[:1] * 3) == [0xA700, 0xA700, 0]
        assert len(pacs.kept) == 1


def test_it_keeps_what_it_warns_about() -> None:
    with DestinationPacs(DestinationManners(refusing=Refusing(0xB007, only=frozenset({STUDY[1].uid})))) as pacs:
        assert statuses(pacs, *STUDY) == [0, 0xB007, 0]
        assert len(pacs.kept) == 3


def test_it_forgets_what_it_says_it_has() -> None:
    with DestinationPacs(DestinationManners(forgets=frozenset({STUDY[1].uid}))) as pacs:
        assert statuses(pacs, *STUDY) == [0, 0, 0]
        assert len(pacs.kept) == 2


@pytest.mark.parametrize("how", [How.ABORT, How.RESET, How.RELEASE, How.HALF_CLOSE])
@pytest.mark.parametrize("within", [False, True])
def test_it_breaks_off_at_the_second_instance(how: How, within: bool) -> None:
    with DestinationPacs(DestinationManners(breaking=Breaking(how, after=1, within=within))) as pacs:
        with caller(pacs) as one:
            assert one.store(STUDY[0]) == 0
            with pytest.raises(Gone):
                one.store(STUDY[1])
        assert len(pacs.kept) == 1
        assert pacs.begun[STUDY[1].uid] == 1


def test_it_takes_only_the_syntaxes_that_it_says() -> None:
    with DestinationPacs(DestinationManners(admission=Admission(syntaxes=(IMPLICIT,)))) as pacs:
        assert statuses(pacs, *STUDY) == [0x0122] * 3
