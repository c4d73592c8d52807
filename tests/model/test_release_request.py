"""What a release request says, and how an origin reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.patient import Patient
from linkexchange.model.release_request import (
    TYP,
    Kind,
    ReleaseRequest,
    Sought,
    Wanted,
    ending,
    is_fit,
    one_line,
    read,
    says_something,
)
from linkexchange.model.transfer import Purpose
from linkexchange.signing import Proven

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
REQUESTER, ORIGIN = TelematikId("1-2-practice"), TelematikId("5-2-hospital")
KVNR, OTHER = Kvnr.with_check_digit("A12345678"), Kvnr.with_check_digit("B98765432")
NAMED = Sought(KVNR, "Müller", "Jörg Peter", date(1970, 1, 2), "M")
REQUEST = ReleaseRequest(
    request=UUID("7b1f0f6e-2f2f-4b53-9c63-0a8c4c6f9b10"),
    requester=REQUESTER,
    origin=ORIGIN,
    kind=Kind.SECOND_OPINION,
    reason="Zweitmeinung vor OP",
    patient=NAMED,
    wanted=Wanted(StudyUid("1.2.3"), "A1", "CT", "HEAD", date(2026, 1, 1), date(2026, 2, 1)),
    until=date(2026, 12, 1),
    user="Dr. Ask",
    asked=NOW,
)


def as_read(claims: dict[str, Any], *, typ: str = TYP, now: datetime = NOW) -> ReleaseRequest:
    return read(Proven(typ, "kid", claims), origin=ORIGIN, requester=REQUESTER, now=now)


def test_a_request_is_read_as_it_was_signed() -> None:
    assert as_read(REQUEST.claims()) == REQUEST
    bare = replace(REQUEST, patient=Sought(KVNR), wanted=Wanted(modality="MR"))
    assert as_read(bare.claims()) == bare


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"aud": "5-2-other"}, 3),
        ({"iss": "1-2-other"}, 4),
        ({"iat": (NOW - timedelta(seconds=61)).timestamp()}, 5),
        ({"iat": (NOW + timedelta(seconds=38)).timestamp()}, 5),
        ({"until": "2026-11-23"}, 6),
        ({"until": "2027-11-26"}, 6),
        ({"iat": True}, 2),
        ({"iat": "now"}, 2),
        ({"iat": 1e300}, 2),
        ({"jti": "1"}, 2),
        ({"kind": "party"}, 2),
        ({"reason": " \u2003"}, 2),
        ({"reason": "x" * 501}, 2),
        ({"reason": "a\nb"}, 2),
        ({"reason": 5}, 2),
        ({"user": ""}, 2),
        ({"until": None}, 2),
        ({"patient": {"kvnr": None, "family": "Müller", "given": "", "birth_date": None, "sex": ""}}, 2),
        ({"patient": {**REQUEST.claims()["patient"], "sex": "X"}}, 2),
        ({"patient": {**REQUEST.claims()["patient"], "more": ""}}, 2),
        ({"patient": []}, 2),
        ({"wanted": {**REQUEST.claims()["wanted"], "from": "2026-03-01"}}, 2),
        (
            {
                "wanted": dict.fromkeys(("accession", "modality", "body_part"), "")
                | {"study": None, "from": None, "to": None}
            },
            2,
        ),
        ({"more": 1}, 2),
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused_by_the_number_of_its_step(change: dict[str, Any], step: int) -> None:
    with pytest.raises(MessageFault, match=f"step {step}"):
        as_read({**REQUEST.claims(), **change})


def test_another_type_is_refused() -> None:
    with pytest.raises(MessageFault, match="step 1"):
        as_read(REQUEST.claims(), typ="linkexchange-request+jwt")


@pytest.mark.parametrize("key", sorted(REQUEST.claims()))
def test_no_claim_may_be_left_out(key: str) -> None:
    claims = REQUEST.claims()
    del claims[key]
    with pytest.raises(MessageFault, match="step 2"):
        as_read(claims)


def test_the_same_is_said_again_whenever_it_is_signed_and_nothing_else_is() -> None:
    assert REQUEST.repeats(replace(REQUEST, asked=NOW + timedelta(hours=1)))
    assert not REQUEST.repeats(replace(REQUEST, reason="another"))
    assert not REQUEST.repeats(replace(REQUEST, patient=replace(NAMED, kvnr=OTHER)))


@given(st.text(st.characters(categories=["Zs", "Cc", "Cf", "Po", "Mn"])))
def test_a07_blanks_and_marks_say_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["\u3164", "\uffa0", "\u115f\u1160", ""])
def test_a07_fillers_say_nothing(text: str) -> None:
    assert not says_something(text)


@given(st.text(), st.sampled_from("aZ9ßé"), st.text())
def test_a_letter_or_a_digit_says_something(before: str, letter: str, after: str) -> None:
    assert says_something(f"{before}{letter}{after}")


@pytest.mark.parametrize("text", ["a\u0000", "a\u202eb", "a\u2028b", "\ud800", "x" * 201, 5, None])
def test_a_line_is_one_line_of_what_can_be_shown(text: object) -> None:
    with pytest.raises(ValueError, match="text"):
        one_line(text)


def test_a_release_ends_at_midnight_after_its_last_day_by_the_clock_of_the_house() -> None:
    assert ending(date(2026, 12, 1)).isoformat() == "2026-12-02T00:00:00-03:30"
    assert is_fit(date(2026, 11, 24), NOW)
    assert is_fit(date(2027, 11, 25), NOW)
    assert not is_fit(date(2026, 11, 23), NOW)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, ()),
        ({"family": "MUELLER", "given": "joerg"}, ()),
        ({"family": "", "given": "", "birth_date": None, "sex": ""}, ()),
        ({"sex": "O"}, ()),
        ({"kvnr": OTHER}, ("kvnr",)),
        ({"family": "Maier"}, ("family",)),
        ({"given": "Peter"}, ("given",)),
        ({"birth_date": date(1970, 2, 1)}, ("birth_date",)),
        ({"sex": "F", "given": "Eva"}, ("given", "sex")),
    ],
    ids=str,
)
def test_only_what_both_sides_know_can_differ(change: dict[str, Any], wrong: tuple[str, ...]) -> None:
    other = replace(Patient(KVNR, "Müller", "Jörg", date(1970, 1, 2), "M"), **change)
    assert NAMED.differences(other) == wrong


@pytest.mark.parametrize("kind", Kind)
def test_only_an_emergency_is_wanted_as_one(kind: Kind) -> None:
    assert (kind.purpose is Purpose.EMERGENCY) is (kind is Kind.EMERGENCY)
