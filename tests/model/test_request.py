from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
import wishes
from hypothesis import given
from hypothesis import strategies as st
from wishes import BY_RECORD, BY_RELEASE, HUB, NOW, PRACTICE

from linkexchange.errors import MessageFault
from linkexchange.model.request import CLOCK_SKEW, MAX_AGE, TYP, Request, read
from linkexchange.signing import Proven

TICK = timedelta(microseconds=1)


def _received(request: Request = BY_RECORD, **change: Any) -> dict[str, Any]:
    """The claims as they come out of a token."""
    return {**json.loads(rfc8785.dumps(request.claims(HUB))), **change}


def _read(claims: dict[str, Any], *, typ: str = TYP, now: Any = NOW) -> Request:
    return read(Proven(typ, "node", claims), audience=HUB, requester=PRACTICE, now=now)


@pytest.mark.parametrize("request_", [BY_RECORD, BY_RELEASE], ids=["record", "release"])
def test_a_request_reads_back_as_it_was_written(request_: Request) -> None:
    assert _read(_received(request_)) == request_


@given(st.integers(0, 10**15))
def test_moments_survive_to_the_microsecond(microseconds: int) -> None:
    asked = NOW - timedelta(microseconds=microseconds)
    wish = replace(BY_RECORD, asked=asked, read_at=asked - TICK)
    assert _read(_received(wish), now=asked) == wish


def test_i_11_step_1_another_type_is_no_request() -> None:
    with pytest.raises(MessageFault, match="step 1"):
        _read(_received(), typ="linkexchange-grant+jwt")


@pytest.mark.parametrize("claim", sorted(BY_RECORD.claims(HUB)))
def test_step_2_no_claim_may_be_missing(claim: str) -> None:
    claims = _received()
    del claims[claim]
    with pytest.raises(MessageFault, match="step 2"):
        _read(claims)


@pytest.mark.parametrize("claim", sorted({*BY_RECORD.claims(HUB)} - {"aud"}))
@pytest.mark.parametrize("value", [True, [], {}, "\x00", "a" * 201, "\ud800", -1e300], ids=repr)
def test_step_2_no_claim_may_be_of_another_type(claim: str, value: object) -> None:
    with pytest.raises(MessageFault, match="step 2"):
        _read(_received(**{claim: value}))


@pytest.mark.parametrize("moment", ["1764000000", float("nan"), float("inf"), 10**30, None])
def test_step_2_a_moment_is_a_number_within_the_calendar(moment: object) -> None:
    with pytest.raises(MessageFault, match="step 2"):
        _read(_received(iat=moment))


def test_texts_may_be_in_any_script_and_hold_any_space() -> None:
    wish = replace(BY_RECORD, user="Dr.\u00a0Çağla\u202fŁącka 医生 · Röntgen & Co. 😀", destination="")
    assert _read(_received(wish)) == wish


@pytest.mark.parametrize("claim", ["destination", "user", "offer"])
@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31m", "\u202eabc", "\u2028"], ids=ascii)
def test_w_04_step_2_texts_hold_no_control_characters(claim: str, text: str) -> None:
    with pytest.raises(MessageFault, match="step 2"):
        _read(_received(**{claim: text}))


def test_step_2_an_unknown_claim_is_not_overlooked() -> None:
    with pytest.raises(MessageFault, match="step 2"):
        _read(_received(series="1.2.3"))


@pytest.mark.parametrize("audience", ["https://other.example", HUB + "/", [HUB], None])
def test_i_11_step_3_a_request_for_another_resolver_is_refused(audience: object) -> None:
    with pytest.raises(MessageFault, match="step 3"):
        _read(_received(aud=audience))


def test_step_4_a_request_in_the_name_of_another_is_refused() -> None:
    with pytest.raises(MessageFault, match="step 4"):
        _read(_received(iss=wishes.STRANGER))


@pytest.mark.parametrize("age", [MAX_AGE, timedelta(0), -CLOCK_SKEW])
def test_step_5_a_request_may_be_a_minute_old_and_clocks_may_differ(age: timedelta) -> None:
    assert _read(_received(), now=NOW + age)


@pytest.mark.parametrize("age", [MAX_AGE + TICK, -CLOCK_SKEW - TICK])
def test_i_11_step_5_an_old_or_a_coming_request_is_refused(age: timedelta) -> None:
    with pytest.raises(MessageFault, match="step 5"):
        _read(_received(), now=NOW + age)


def test_the_steps_are_taken_in_order() -> None:
    claims = _received(aud="", iss=wishes.STRANGER)
    failures: list[Callable[[], Request]] = [
        lambda: _read({}, typ=""),
        lambda: _read({}),
        lambda: _read(claims, now=NOW + timedelta(days=1)),
        lambda: _read({**claims, "aud": HUB}, now=NOW + timedelta(days=1)),
        lambda: _read(_received(), now=NOW + timedelta(days=1)),
    ]
    for step, failing in enumerate(failures, start=1):
        with pytest.raises(MessageFault, match=f"step {step}"):
            failing()


def test_the_fault_names_the_step_and_no_value() -> None:
    with pytest.raises(MessageFault) as fault:
        _read(_received(user="Dr. Weiß\x00"))
    assert fault.value.detail == "request, step 2: claims"
