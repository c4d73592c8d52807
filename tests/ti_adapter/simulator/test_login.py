from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from simulated_ti import make_pki

from ti_adapter import attestation
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.login import AUDIENCE, Logins
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PKI = make_pki(NOW)
CARD = PKI.card(SimulatedInstitution("5-2.9001", "Klinik Nord"))


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins(clock: Clock) -> Logins:
    return Logins(PKI.trust, clock)


def attested(nonce: str, card: SimulatedCard = CARD, *, audience: str = AUDIENCE, now: datetime = NOW) -> str:
    return attestation.build(card, audience=audience, nonce=nonce, thumbprint="channel", now=now)


def refuses(call: Callable[[], object]) -> bool:
    with pytest.raises(RecordRefused) as refused:
        call()
    return refused.value.code is ErrorCode.INVALID_AUTH


def test_an_attestation_over_a_fresh_nonce_opens_a_session_of_its_institution(logins: Logins) -> None:
    session = logins.open(attested(logins.issue_nonce()))
    assert logins.institution(session.secret).telematik_id == "5-2.9001"


def test_a_nonce_opens_one_session_and_no_second_one(logins: Logins) -> None:
    token = attested(logins.issue_nonce())
    logins.open(token)
    assert refuses(lambda: logins.open(token))


def test_a_nonce_of_the_institutions_own_making_opens_nothing(logins: Logins) -> None:
    assert refuses(lambda: logins.open(attested("made-up")))


def test_a_nonce_older_than_five_minutes_opens_nothing(logins: Logins, clock: Clock) -> None:
    nonce = logins.issue_nonce()
    clock.now += timedelta(minutes=5)
    assert refuses(lambda: logins.open(attested(nonce, now=clock.now)))


def test_an_attestation_for_the_hub_opens_nothing_here(logins: Logins) -> None:
    assert refuses(lambda: logins.open(attested(logins.issue_nonce(), audience="hub")))


def test_the_card_of_a_foreign_ca_opens_nothing(logins: Logins) -> None:
    foreign = make_pki(NOW).card(SimulatedInstitution("5-2.9001", "Klinik Nord"))
    assert refuses(lambda: logins.open(attested(logins.issue_nonce(), foreign)))


def test_a_session_ends_after_half_an_hour(logins: Logins, clock: Clock) -> None:
    session = logins.open(attested(logins.issue_nonce()))
    clock.now = session.expires
    assert clock.now == NOW + timedelta(minutes=30)
    assert refuses(lambda: logins.institution(session.secret))


def test_a_session_that_nobody_opened_belongs_to_nobody(logins: Logins) -> None:
    assert refuses(lambda: logins.institution(""))
