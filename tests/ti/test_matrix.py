"""Every broken card, OCSP answer and trust list at the door of a hub: refused, and nobody is asked who need not be.

That each has a reason of its own, and which, is held by the tests of `ti_adapter.pki`, and by gematik's own library.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_ocsp import Clock
from simulated_ti import make_pki
from simulated_trust import TrustedPlace

from linkexchange.ti.trust import RENEWED_AFTER
from ti_adapter.errors import CertificateRefused, OcspRefused, TslRefused
from ti_adapter.simulator.broken_cards import BROKEN_CARDS
from ti_adapter.simulator.ocsp_broken import BROKEN
from ti_adapter.simulator.shape import SimulatedInstitution
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS

CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
pytestmark = pytest.mark.slow

FAULTS_MIN = 40
AFTER_KNOWN = {"older number", "known number", "known id"}
"""Faults that only a list can have which comes after another one."""


@pytest.fixture
def clock() -> Clock:
    """Stands still: some faults are a second beyond what is allowed."""
    return Clock(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))


@pytest.fixture
def place(clock: Clock, tmp_path: Path) -> TrustedPlace:
    return TrustedPlace.made(make_pki(clock()), clock, tmp_path)


def test_the_matrix_has_as_many_faults_as_the_issue_asks_for() -> None:
    assert len(BROKEN_CARDS) + len(BROKEN) + len(BROKEN_LISTS) >= FAULTS_MIN


@pytest.mark.parametrize("name", BROKEN_CARDS)
def test_i_01_i_02_a_broken_card_is_refused_before_anybody_is_asked_about_it(place: TrustedPlace, name: str) -> None:
    trust = place.trust()
    with pytest.raises(CertificateRefused):
        trust.institution(BROKEN_CARDS[name](place.pki))
    assert (place.asked, place.questions) == (1, 0)


@pytest.mark.parametrize("name", BROKEN)
def test_i_03_i_04_a_broken_answer_is_refused_and_the_responder_not_asked_again(place: TrustedPlace, name: str) -> None:
    trust, certificate = place.trust(), place.card(CLINIC).certificate
    place.responder.breaks = name
    with pytest.raises(OcspRefused):
        trust.institution(certificate)
    assert (place.asked, place.questions) == (1, 1)


@pytest.mark.parametrize("name", [name for name in BROKEN_LISTS if name not in AFTER_KNOWN])
def test_i_15_a_broken_list_lets_nobody_in_and_nobody_is_asked(place: TrustedPlace, name: str) -> None:
    trust, certificate = place.trust(), place.card(CLINIC).certificate
    place.publisher.breaks = name
    with pytest.raises(TslRefused):
        trust.institution(certificate)
    assert (place.asked, place.questions) == (1, 0)


@pytest.mark.parametrize("name", BROKEN_LISTS)
def test_i_15_a_broken_list_after_a_good_one_changes_nothing(place: TrustedPlace, clock: Clock, name: str) -> None:
    trust, certificate = place.trust(), place.card(CLINIC).certificate
    known = trust.status_list()
    place.publisher.breaks = name
    clock.now += RENEWED_AFTER
    assert trust.institution(certificate)
    assert (trust.status_list() is known, place.asked) == (True, 2)
