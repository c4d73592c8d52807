from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import rfc8785
import wishes
from wishes import HOSPITAL, HUB, LINK, NOW, PRACTICE, TRANSFER

from linkexchange.errors import GrantRefused
from linkexchange.model.grant import LIFETIME, TYP, Grant, accept
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.signing import Proven

TICK = timedelta(microseconds=1)
THUMBPRINT = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
GRANT = Grant(
    grant=UUID("11e5d7a4-3c80-4f7a-a8a6-f4f0f2c7d1b3"),
    transfer=TRANSFER,
    requester=PRACTICE,
    origin=HOSPITAL,
    link=LINK,
    study=wishes.STUDY,
    manifest_digest=wishes.MANIFEST_DIGEST,
    authority=Authority.RECORD,
    purpose=Purpose.TREATMENT,
    thumbprint=THUMBPRINT,
    issued=NOW,
)


def _received(**change: Any) -> dict[str, Any]:
    """The claims as they come out of a token."""
    return {**json.loads(rfc8785.dumps(GRANT.claims(HUB))), **change}


def _accept(claims: dict[str, Any], *, typ: str = TYP, thumbprint: str = THUMBPRINT, now: datetime = NOW) -> Grant:
    return accept(Proven(typ, "grant-1", claims), audience=HOSPITAL, thumbprint=thumbprint, now=now)


def test_a_grant_is_accepted_as_it_was_given() -> None:
    accepted = _accept(_received())
    assert (accepted, accepted.issuer) == (GRANT, HUB)


def test_a_grant_lasts_five_minutes() -> None:
    assert (GRANT.expires - GRANT.issued, LIFETIME) == (timedelta(minutes=5), timedelta(minutes=5))


@pytest.mark.parametrize("typ", ["linkexchange-request+jwt", "linkexchange-proof+jws", "JWT", ""])
def test_i_11_step_1_what_else_the_same_key_signs_is_no_grant(typ: str) -> None:
    with pytest.raises(GrantRefused, match="step 1"):
        _accept(_received(), typ=typ)


@pytest.mark.parametrize("claim", sorted(GRANT.claims(HUB)))
def test_step_2_no_claim_may_be_missing(claim: str) -> None:
    claims = _received()
    del claims[claim]
    with pytest.raises(GrantRefused, match="step 2"):
        _accept(claims)


@pytest.mark.parametrize("claim", sorted(GRANT.claims(HUB)))
@pytest.mark.parametrize("value", [None, 5, 1.5, [], [HOSPITAL], {}], ids=repr)
def test_i_11_step_2_no_claim_may_be_of_another_type(claim: str, value: object) -> None:
    with pytest.raises(GrantRefused, match="step 2"):
        _accept(_received(**{claim: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"series": "1.2.3"},
        {"nbf": 1},
        {"cnf": {"x5t#S256": THUMBPRINT, "jkt": "x"}},
        {"cnf": {}},
        {"cnf": {"x5t#S256": None}},
    ],
    ids=repr,
)
def test_step_2_a_restriction_that_is_new_to_the_origin_is_not_overlooked(change: dict[str, Any]) -> None:
    with pytest.raises(GrantRefused, match="step 2"):
        _accept(_received(**change))


@pytest.mark.parametrize("seconds", [1, -1, 3600])
def test_step_2_a_grant_lasts_neither_longer_nor_shorter_than_all_others(seconds: int) -> None:
    with pytest.raises(GrantRefused, match="step 2"):
        _accept(_received(exp=int(GRANT.expires.timestamp()) + seconds))


@pytest.mark.parametrize("iat", [10**30, -(10**30), 253402300799, float("nan"), "1764000000"])
def test_step_2_the_times_lie_within_the_calendar(iat: object) -> None:
    with pytest.raises(GrantRefused, match="step 2"):
        _accept(_received(iat=iat, exp=iat))


def test_i_11_step_3_a_grant_for_another_origin_is_refused() -> None:
    with pytest.raises(GrantRefused, match="step 3"):
        _accept(_received(aud=wishes.STRANGER))


@pytest.mark.parametrize("thumbprint", ["", THUMBPRINT[:-1], THUMBPRINT.lower()])
def test_t8_step_4_a_grant_is_of_no_use_behind_another_certificate(thumbprint: str) -> None:
    with pytest.raises(GrantRefused, match="step 4"):
        _accept(_received(), thumbprint=thumbprint)


@pytest.mark.parametrize("age", [-CLOCK_SKEW, timedelta(0), LIFETIME - TICK])
def test_step_5_within_its_time_it_counts(age: timedelta) -> None:
    assert _accept(_received(), now=NOW + age)


@pytest.mark.parametrize("age", [-CLOCK_SKEW - TICK, LIFETIME, timedelta(days=365)])
def test_i_11_step_5_before_and_after_it_does_not(age: timedelta) -> None:
    with pytest.raises(GrantRefused, match="step 5"):
        _accept(_received(), now=NOW + age)


def test_step_5_a_grant_from_the_beginning_of_the_calendar_is_refused_and_no_error() -> None:
    ancient = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
    with pytest.raises(GrantRefused, match="step 5"):
        _accept(_received(iat=ancient, exp=ancient + 300))


def test_the_steps_are_taken_in_order() -> None:
    later = NOW + timedelta(days=1)
    foreign = _received(aud=wishes.STRANGER)
    failures: list[Callable[[], Grant]] = [
        lambda: _accept({}, typ="", thumbprint="", now=later),
        lambda: _accept({}, thumbprint="", now=later),
        lambda: _accept(foreign, thumbprint="", now=later),
        lambda: _accept(_received(), thumbprint="", now=later),
        lambda: _accept(_received(), now=later),
    ]
    for step, failing in enumerate(failures, start=1):
        with pytest.raises(GrantRefused, match=f"step {step}"):
            failing()
