from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from linkexchange.model.identifiers import (
    LinkId,
    SeriesUid,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.outbox import Consignment, Spooled, Waiting, WaitState, delivered, is_kept_back
from linkexchange.model.transfer import State

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STUDY, ONE, OTHER = StudyUid("1.2.3"), TelematikId("1-2-one"), TelematikId("1-2-other")
DIGEST = Sha256("a" * 64)


def sent(receiver: TelematikId, outcome: State | None, *, minutes: int = 0, active: bool = True) -> Consignment:
    return Consignment(LinkId(str(uuid4())), STUDY, receiver, NOW + timedelta(minutes=minutes), outcome, active)


def spooled(number: int) -> Spooled:
    return Spooled(
        file=uuid4(),
        study=STUDY,
        series=SeriesUid("1.2.3.1"),
        sop_class=SopClassUid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance=SopInstanceUid(f"1.2.3.1.{number}"),
        transfer_syntax=TransferSyntaxUid("1.2.840.10008.1.2.1"),
        bytes=10,
        digest=DIGEST,
        received_at=NOW,
        calling="MODALITY",
    )


def claims(consignment: Consignment, *held: Spooled, outcome: str = "complete", fate: str = "stored") -> dict[str, Any]:
    rows = [{"sop_instance": it.sop_instance, "fate": fate, "digest_received": it.digest} for it in held]
    named = {"link": consignment.link, "requester": consignment.receiver, "study": STUDY}
    return {**named, "outcome": outcome, "instances": rows}


@pytest.mark.parametrize("fate", ["stored", "held"])
def test_what_a_complete_proof_names_with_its_digest_is_delivered_and_nothing_else(fate: str) -> None:
    to, first, late = sent(ONE, None), spooled(1), spooled(2)
    assert delivered(claims(to, first, fate=fate), to, [first, late]) == {first.file}


@pytest.mark.parametrize("outcome", ["partial", "failed", "stopped"])
def test_a_proof_that_is_not_complete_delivers_nothing(outcome: str) -> None:
    to, held = sent(ONE, None), spooled(1)
    assert delivered(claims(to, held, outcome=outcome), to, [held]) == frozenset()


@pytest.mark.parametrize("fate", ["missing", "refused", "altered", "conflict"])
def test_a_fate_that_is_no_arrival_delivers_nothing(fate: str) -> None:
    to, held = sent(ONE, None), spooled(1)
    assert delivered(claims(to, held, fate=fate), to, [held]) == frozenset()


def test_the_proof_of_another_consignment_delivers_nothing() -> None:
    to, held = sent(ONE, None), spooled(1)
    assert delivered(claims(sent(ONE, None), held), to, [held]) == frozenset()


@pytest.mark.parametrize(
    ("consignments", "kept"),
    [
        ([], False),
        ([sent(ONE, State.COMPLETE)], False),
        ([sent(ONE, None)], True),
        ([sent(ONE, None, active=False)], False),
        ([sent(ONE, State.PARTIAL)], True),
        ([sent(ONE, State.COMPLETE), sent(OTHER, None)], True),
        ([sent(ONE, State.COMPLETE), sent(OTHER, State.FAILED)], True),
        ([sent(ONE, State.COMPLETE), sent(OTHER, State.FAILED, active=False)], False),
        ([sent(ONE, State.FAILED), sent(ONE, State.COMPLETE, minutes=1)], False),
        ([sent(ONE, State.COMPLETE, minutes=1), sent(ONE, State.FAILED)], False),
        ([sent(ONE, State.COMPLETE), sent(ONE, None, minutes=1)], True),
    ],
)
def test_a_receiver_that_has_not_had_it_whole_keeps_it_back(consignments: list[Consignment], kept: bool) -> None:
    assert is_kept_back(consignments) is kept


@pytest.mark.parametrize(
    ("consignments", "state"),
    [
        ([], WaitState.WAITING),
        ([sent(ONE, None)], WaitState.OFFERED),
        ([sent(ONE, None, active=False)], WaitState.WAITING),
        ([sent(ONE, State.PARTIAL)], WaitState.UNDELIVERED),
        ([sent(ONE, State.PARTIAL), sent(ONE, None, minutes=1)], WaitState.OFFERED),
        ([sent(ONE, State.COMPLETE)], WaitState.WAITING),
    ],
)
def test_the_newest_consignment_says_how_it_stands(consignments: list[Consignment], state: WaitState) -> None:
    assert Waiting(STUDY, 1, 10, NOW, consignments).state is state
