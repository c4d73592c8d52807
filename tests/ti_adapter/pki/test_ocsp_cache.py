from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_ocsp import Scene

from ti_adapter.pki import NotRevoked, OcspCache, still_serves, verify_not_revoked
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
SCENE = Scene.made(NOW)
CERTIFICATE = SCENE.question.certificate
PROOF = verify_not_revoked(SCENE.answer(), SCENE.question, SCENE.trust, NOW)
HOUR = timedelta(hours=1)

moments = st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds))


def other_proofs(count: int) -> list[NotRevoked]:
    cards = [SCENE.pki.card(SimulatedInstitution(f"5-2.{n}", "Klinik")).certificate for n in range(count)]
    return [replace(PROOF, certificate=certificate) for certificate in cards]


@pytest.mark.parametrize(
    ("age", "serves"),
    [(timedelta(0), True), (timedelta(minutes=59, seconds=59), True), (HOUR, False), (timedelta(seconds=-1), False)],
    ids=["fresh", "younger than the grace", "as old as the grace", "a clock that was set back"],
)
def test_i05_a_proof_serves_while_it_is_younger_than_the_grace_period(age: timedelta, serves: bool) -> None:
    assert still_serves(PROOF, NOW + age, HOUR) is serves


@given(moments)
def test_i05_without_grace_no_proof_serves_twice(later: timedelta) -> None:
    assert not still_serves(PROOF, NOW + later, timedelta(0))


@given(moments, moments, moments)
def test_i05_what_serves_was_produced_and_believed_within_the_grace_period(
    produced: timedelta, later: timedelta, grace: timedelta
) -> None:
    proof = replace(PROOF, produced=NOW + produced)
    if still_serves(proof, NOW + later, grace):
        assert NOW + later - proof.produced < grace
        assert NOW + later - proof.asked < grace


def test_a_proof_ends_with_its_next_update_and_the_tolerance() -> None:
    proof = replace(PROOF, next_update=NOW + timedelta(minutes=5))
    assert still_serves(proof, NOW + timedelta(minutes=5, seconds=37), HOUR)
    assert not still_serves(proof, NOW + timedelta(minutes=5, seconds=38), HOUR)


def test_a_next_update_at_the_end_of_all_times_ends_no_proof() -> None:
    assert still_serves(replace(PROOF, next_update=datetime.max.replace(tzinfo=UTC)), NOW, HOUR)


def test_a_proof_ends_when_an_announced_revocation_begins() -> None:
    proof = replace(PROOF, revoked_from=NOW + timedelta(minutes=5))
    assert still_serves(proof, NOW + timedelta(minutes=4, seconds=59), HOUR)
    assert not still_serves(proof, NOW + timedelta(minutes=5), HOUR)


def test_a_cache_finds_the_proof_of_its_certificate_and_of_no_other() -> None:
    (other,) = other_proofs(1)
    cache = OcspCache().with_proof(PROOF)
    assert cache.find(CERTIFICATE, NOW, HOUR) == PROOF
    assert cache.find(other.certificate, NOW, HOUR) is None


def test_a_cache_is_a_value_and_what_is_taken_out_stays_in_the_earlier_one() -> None:
    full = OcspCache().with_proof(PROOF)
    assert full.without(CERTIFICATE).find(CERTIFICATE, NOW, HOUR) is None
    assert full.find(CERTIFICATE, NOW, HOUR) == PROOF


def test_a_full_cache_forgets_what_was_proven_longest_ago() -> None:
    first, second, third = other_proofs(3)
    cache = OcspCache(capacity=2).with_proof(first).with_proof(second).with_proof(first).with_proof(third)
    kept = [proof for proof in (first, second, third) if cache.find(proof.certificate, NOW, HOUR)]
    assert kept == [first, third]
