from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from linkexchange.model.balance import (
    DISPATCH_TYP,
    Account,
    Came,
    Dispatch,
    Grantor,
    Imbalance,
    Sent,
    digest_of,
    weigh,
)
from linkexchange.model.identifiers import LinkId, Sha256, TelematikId
from linkexchange.model.transfer import State

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
A, B = "a" * 64, "b" * 64


def sent(count: int, digest: str = A, *, ago: timedelta = timedelta()) -> Sent:
    return Sent(count, digest, NOW - ago)


def came(count: int, digest: str = A, *, ago: timedelta = timedelta(), outcome: State = State.COMPLETE) -> Came:
    return Came(outcome, count, digest, NOW - ago)


LATE = DAY + timedelta(seconds=1)
HUB = Grantor.HUB
CASES = {
    "nothing moved": (HUB, None, None, None),
    "nothing moved and nothing granted": (None, sent(0), came(0), None),
    "both agree": (HUB, sent(3), came(3), None),
    "both agree, though late": (HUB, sent(3, ago=LATE), came(3, ago=LATE), None),
    "some were there before": (HUB, sent(3), came(2, B), None),
    "sent for nothing": (None, sent(1), None, Imbalance.NOT_GRANTED),
    "both agree, and nobody has granted it": (None, sent(3), came(3), Imbalance.NOT_GRANTED),
    "received, and who granted it may still be said": (None, None, came(1, ago=DAY), None),
    "received for nothing": (None, None, came(1, ago=LATE), Imbalance.NOT_GRANTED),
    "received for nothing, and nothing sent": (None, sent(0), came(1), Imbalance.NOT_GRANTED),
    "no receipt yet": (HUB, sent(3, ago=DAY), None, None),
    "no receipt": (HUB, sent(3, ago=LATE), None, Imbalance.RECEIPT_MISSING),
    "nothing sent needs no receipt": (HUB, sent(0, ago=LATE), None, None),
    "no dispatch yet": (HUB, None, came(3, ago=DAY), None),
    "no dispatch": (HUB, None, came(3, ago=LATE), Imbalance.DISPATCH_MISSING),
    "nothing received needs no dispatch": (HUB, None, came(0, ago=LATE), None),
    "more received than sent": (HUB, sent(2), came(3), Imbalance.UNSENT_RECEIVED),
    "others received than sent": (HUB, sent(3), came(3, B), Imbalance.UNSENT_RECEIVED),
    "fewer received than sent": (HUB, sent(3), came(2, B, outcome=State.PARTIAL), Imbalance.SENT_NOT_RECEIVED),
    "as many, though partial": (HUB, sent(2), came(2, outcome=State.PARTIAL), None),
    "nothing received of what was sent": (HUB, sent(2), came(0, B, outcome=State.FAILED), Imbalance.SENT_NOT_RECEIVED),
}


@pytest.mark.parametrize("case", [name for name, (granted, *_) in CASES.items() if granted is HUB])
def test_what_the_origin_granted_is_weighed_as_what_the_hub_did(case: str) -> None:
    _, left, arrived, expected = CASES[case]
    account = Account(uuid4(), TelematikId("1-2-practice"), TelematikId("5-2-hospital"), Grantor.ORIGIN, left, arrived)
    assert weigh(account, NOW, DAY) is expected


@pytest.mark.parametrize("case", CASES)
def test_both_ends_are_weighed(case: str) -> None:
    granted, left, arrived, expected = CASES[case]
    account = Account(uuid4(), TelematikId("1-2-practice"), TelematikId("5-2-hospital"), granted, left, arrived)
    assert weigh(account, NOW, DAY) is expected


def test_the_digest_is_that_of_the_sorted_set() -> None:
    assert digest_of(["1.2.4", "1.2.3"]) == hashlib.sha256(b"1.2.3\n1.2.4\n").hexdigest()
    assert digest_of([]) == hashlib.sha256(b"").hexdigest()


def test_a_dispatch_is_signed_word_for_word() -> None:
    transfer, link = UUID(int=7), LinkId("4c0d1f52-2f0e-4b7e-9d55-1f5d7c0a9b11")
    said = Dispatch(transfer, TelematikId("5-2-hospital"), TelematikId("1-2-practice"), link, 3, Sha256(A))
    assert said.claims() == {
        "transfer": str(transfer),
        "origin": "5-2-hospital",
        "requester": "1-2-practice",
        "link": str(link),
        "instances": 3,
        "digest": A,
    }
    assert {type(value) for value in said.claims().values()} == {str, int}
    named = replace(said, resolver="https://hospital.example:9443")
    assert named.claims() == {**said.claims(), "resolver": "https://hospital.example:9443"}
    assert DISPATCH_TYP == "linkexchange-dispatch+jws"
