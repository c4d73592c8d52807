from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from audit_samples import NODE, entry

from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.trail import Sink, number_at, number_of


@pytest.mark.parametrize(("waiting", "full"), [(0, False), (5, False), (6, True)], ids=str)
def test_a_receiver_is_full_when_more_wait_than_may(waiting: int, full: bool) -> None:
    assert Sink("file", 3, waiting, 5).is_full is full


def test_a_receiver_that_is_known_by_name_has_not_failed() -> None:
    sink = Sink("file", 3, 0, 5)
    assert (sink.delivered, sink.head, sink.failing_since, sink.fault) == (None, "", None, "")


def test_the_number_of_an_entry_is_that_of_its_place_and_hash() -> None:
    one = entry(Action.NONCE_ISSUED)
    space = UUID("6b1f3a1e-7f5c-5c52-9f5e-0a6f3b8f2f10")
    assert number_of(one) == number_at(NODE, 1, one.hash) == uuid5(space, f"{NODE} 1 {one.hash}")


def test_no_two_entries_have_one_number() -> None:
    one = entry(Action.NONCE_ISSUED)
    others = (
        replace(one, seq=2),
        replace(one, hash=Sha256("a" * 64)),
        replace(one, participant=TelematikId("1-2-other")),
    )
    assert len({number_of(it) for it in (one, *others)}) == 4
