"""The hub lays the origin's account beside the requester's, and reports what does not agree, once, and its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import wishes
from conftest import Clock
from hub_bench import HubBench, signer
from sqlalchemy import text
from wishes import HOSPITAL, LINK, PRACTICE

from linkexchange import register
from linkexchange.errors import MessageFault
from linkexchange.model.balance import DISPATCH_TYP, Dispatch, Imbalance, digest_of
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.proof import TYP
from linkexchange.resolve import Caller
from linkexchange.store.work import Database
from linkexchange.trail import balance
from linkexchange.trail.balance import Reconciler

OWN = "https://hospital.example:9443"
UIDS = ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
HOSPITAL_KEY = signer("hospital")
ORIGIN = Caller(HOSPITAL, "hospital's certificate", HOSPITAL_KEY.public)


class Ends:
    """A hub, and both ends of one granted transfer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.bench = HubBench(database, clock)
        self.transfer = self.bench.grant(wishes.BY_RECORD).transfer
        self.clock = clock
        self.reconciler = Reconciler(database, wishes.HUB, database.participants, clock, timedelta(hours=24))

    def dispatch(
        self,
        uids: list[str],
        transfer: UUID | None = None,
        requester: TelematikId = PRACTICE,
        resolver: str = wishes.HUB,
    ) -> None:
        transfer = transfer or self.transfer
        said = Dispatch(transfer, HOSPITAL, requester, LINK, len(uids), digest_of(uids), resolver)
        register.dispatch(self.bench.resolver, ORIGIN, HOSPITAL_KEY.sign(said.claims(), typ=DISPATCH_TYP))

    def receipt(self, uids: list[str], outcome: str = "complete", transfer: UUID | None = None) -> None:
        claims = {
            "transfer": str(transfer or self.transfer),
            "link": LINK,
            "origin": HOSPITAL,
            "requester": PRACTICE,
            "outcome": outcome,
            "expected": 3,
            "stored": 3 if outcome == "complete" else len(uids),
            "instances": [{"sop_instance": it, "digest_received": "a" * 64} for it in uids]
            + [{"sop_instance": "1.9", "digest_received": None}],
        }
        register.receipt(self.bench.resolver, self.bench.caller, self.bench.node.sign(claims, typ=TYP))

    def lost(self) -> list[Imbalance]:
        return [it.imbalance for it in self.reconciler.reconcile()]

    def said(self, whose: TelematikId = PRACTICE) -> list[tuple[str, str]]:
        trail = self.bench.trail(whose)
        return [(action, str(fields["imbalance"])) for action, fields in trail if action.startswith("balance")]


@pytest.fixture
def ends(database: Database, clock: Clock) -> Ends:
    return Ends(database, clock)


def test_what_was_released_and_received_balances(ends: Ends) -> None:
    ends.dispatch(UIDS)
    ends.receipt(UIDS)
    assert ends.lost() == []
    assert ends.said() == []


def test_a_receipt_that_does_not_come_is_reported_once_and_settled_when_it_does(ends: Ends) -> None:
    ends.dispatch(UIDS)
    assert ends.lost() == []
    ends.clock.advance(hours=25)
    assert ends.lost() == ends.lost() == [Imbalance.RECEIPT_MISSING]
    ends.receipt(UIDS)
    assert ends.lost() == []
    assert ends.said() == [("balance.lost", "receipt-missing"), ("balance.found", "receipt-missing")]


def test_a_receipt_of_which_the_origin_says_nothing_is_reported(ends: Ends) -> None:
    ends.receipt(UIDS)
    ends.clock.advance(hours=25)
    assert ends.lost() == [Imbalance.DISPATCH_MISSING]


def test_an_origin_that_served_what_was_never_granted_is_reported(ends: Ends) -> None:
    ends.dispatch(UIDS, transfer=uuid4())
    ends.dispatch(UIDS, requester=TelematikId("1-2-somebody-else"))
    assert ends.lost() == [Imbalance.NOT_GRANTED] * 2


def test_an_origin_that_does_not_say_who_granted_it_has_served_under_the_hub(ends: Ends) -> None:
    ends.dispatch(UIDS, transfer=uuid4(), resolver="")
    assert ends.lost() == [Imbalance.NOT_GRANTED]


def test_what_an_origin_says_of_others_stands_in_its_own_chain(ends: Ends) -> None:
    before = ends.bench.trail(PRACTICE)
    invented, unknown = uuid4(), TelematikId("1-2-somebody-else")
    ends.dispatch(UIDS, transfer=invented)
    ends.dispatch(UIDS, requester=unknown)
    assert ends.lost() == ends.lost() == [Imbalance.NOT_GRANTED] * 2
    assert (ends.bench.trail(PRACTICE), ends.bench.trail(unknown)) == (before, [])
    told = {"origin": HOSPITAL, "imbalance": "not-granted"}
    lost = [fields for action, fields in ends.bench.trail(HOSPITAL) if action == "balance.lost"]
    assert lost == [
        {**told, "transfer": str(invented), "requester": PRACTICE},
        {**told, "transfer": str(ends.transfer), "requester": unknown},
    ]


def test_what_turns_out_to_be_granted_is_settled_in_the_chain_in_which_it_was_reported(ends: Ends) -> None:
    later = uuid4()
    ends.dispatch(UIDS, transfer=later)
    ends.receipt(UIDS)
    ends.dispatch(UIDS)
    assert ends.lost() == [Imbalance.NOT_GRANTED]
    ends.bench.grant(replace(wishes.BY_RECORD, transfer=later))
    ends.receipt(UIDS, transfer=later)
    assert ends.lost() == []
    both = [("balance.lost", "not-granted"), ("balance.found", "not-granted")]
    assert (ends.said(HOSPITAL), ends.said(PRACTICE)) == (both, [])


def test_many_findings_are_committed_in_batches(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "BATCH", 2)
    for _ in range(5):
        ends.dispatch(UIDS, transfer=uuid4())
    assert ends.lost() == [Imbalance.NOT_GRANTED] * 5
    with ends.bench.database.engine.connect() as connection:
        lost = "SELECT count(*) FROM audit WHERE action = 'balance.lost' GROUP BY xmin ORDER BY 1"
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": str(HOSPITAL)})
        assert list(connection.execute(text(lost)).scalars()) == [1, 2, 2]


def test_a_receipt_for_a_transfer_that_nobody_says_he_granted_is_reported(ends: Ends) -> None:
    ends.receipt(UIDS, transfer=uuid4())
    assert ends.lost() == []
    ends.clock.advance(hours=25)
    assert ends.lost() == [Imbalance.NOT_GRANTED]


def test_what_the_origins_own_resolver_granted_balances_and_who_did_is_on_record(ends: Ends) -> None:
    """Two sites that exchanged while the hub was down: it hears of both ends later, the receipt first."""
    without_hub = uuid4()
    ends.receipt(UIDS, transfer=without_hub)
    assert ends.lost() == []
    ends.dispatch(UIDS, transfer=without_hub, resolver=OWN)
    ends.clock.advance(hours=25)
    assert ends.lost() == []
    assert ends.said() == []
    booked = [fields for action, fields in ends.bench.trail(HOSPITAL) if action == "dispatch.booked"]
    assert [(it["transfer"], it["resolver"]) for it in booked] == [(str(without_hub), OWN)]


def test_what_the_origins_own_resolver_granted_is_weighed_as_all_else_is(ends: Ends) -> None:
    more, alone = uuid4(), uuid4()
    ends.dispatch(UIDS[:2], transfer=more, resolver=OWN)
    ends.receipt(UIDS, transfer=more)
    ends.dispatch(UIDS, transfer=alone, resolver=OWN)
    ends.clock.advance(hours=25)
    assert set(ends.lost()) == {Imbalance.UNSENT_RECEIVED, Imbalance.RECEIPT_MISSING}


def test_what_another_requester_got_from_the_origins_own_resolver_says_nothing_of_this_one(ends: Ends) -> None:
    transfer = uuid4()
    ends.dispatch(UIDS, transfer=transfer, resolver=OWN)
    ends.dispatch(UIDS, transfer=transfer, requester=TelematikId("1-2-somebody-else"))
    assert ends.lost() == [Imbalance.NOT_GRANTED]


def test_counts_and_sets_that_differ_are_reported(ends: Ends) -> None:
    ends.dispatch(UIDS[:2])
    ends.receipt(UIDS)
    assert ends.lost() == [Imbalance.UNSENT_RECEIVED]
    ends.dispatch(UIDS)
    assert ends.lost() == []


def test_what_left_and_did_not_come_is_reported(ends: Ends) -> None:
    ends.dispatch(UIDS)
    ends.receipt(UIDS[:2], outcome="partial")
    assert ends.lost() == [Imbalance.SENT_NOT_RECEIVED]


def test_a_dispatch_that_says_less_than_one_before_changes_nothing(ends: Ends) -> None:
    ends.dispatch(UIDS)
    ends.dispatch(UIDS[:1])
    [row] = ends.bench.rows("dispatches", HOSPITAL)
    assert row["instances"] == 3
    booked = [fields for action, fields in ends.bench.trail(HOSPITAL) if action == "dispatch.booked"]
    assert [it["instances"] for it in booked] == [3]


GOOD = Dispatch(uuid4(), HOSPITAL, PRACTICE, LINK, 3, digest_of(UIDS)).claims()
BAD = {
    "of another origin": GOOD | {"origin": str(PRACTICE)},
    "no number": GOOD | {"instances": "3"},
    "less than nothing": GOOD | {"instances": -1},
    "no digest": GOOD | {"digest": "x"},
    "no transfer": {name: value for name, value in GOOD.items() if name != "transfer"},
    "no requester": GOOD | {"requester": None},
    "no text as resolver": GOOD | {"resolver": 7},
    "a resolver of two lines": GOOD | {"resolver": "https://a.example\nhttps://b.example"},
    "a resolver that is too long": GOOD | {"resolver": "https://" + "a" * 2048},
}


@pytest.mark.parametrize("case", BAD)
def test_a_dispatch_that_is_none_is_refused_and_written_down(ends: Ends, case: str) -> None:
    with pytest.raises(MessageFault):
        register.dispatch(ends.bench.resolver, ORIGIN, HOSPITAL_KEY.sign(BAD[case], typ=DISPATCH_TYP))
    assert ends.bench.rows("dispatches", HOSPITAL) == []
    assert ends.bench.trail(HOSPITAL)[-1][0] == "ledger.refused"


def test_a_dispatch_of_another_type_or_key_is_refused(ends: Ends) -> None:
    for report in (HOSPITAL_KEY.sign(GOOD, typ=TYP), signer("hospital").sign(GOOD, typ=DISPATCH_TYP)):
        with pytest.raises(MessageFault):
            register.dispatch(ends.bench.resolver, ORIGIN, report)
