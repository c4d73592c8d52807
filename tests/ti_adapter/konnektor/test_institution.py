"""The institution's card behind the simulated Konnektor."""

from __future__ import annotations

import hashlib

import pytest
from konnektor_bench import CARD, CONTEXT, EGK_CARD, ICCSN, INSURED, OTHER_CARD, PKI, Bench
from simulated_ti import utc_now

from ti_adapter import attestation
from ti_adapter.errors import CardFailed
from ti_adapter.konnektor import CardType, InstitutionCard, Konnektor
from ti_adapter.konnektor.errors import CardAmbiguous, CardMissing, PinRequired, SignatureWrong
from ti_adapter.konnektor.signing import check_signature
from ti_adapter.simulator.konnektor import Fault

pytestmark = pytest.mark.slow

DIGEST = hashlib.sha256(b"to be signed").digest()


@pytest.fixture
def card(bench: Bench) -> InstitutionCard:
    return InstitutionCard(bench.client())


def test_an_attestation_by_a_card_behind_a_konnektor_is_believed(card: InstitutionCard) -> None:
    token = attestation.build(card, audience="hub", nonce="n", thumbprint="t", now=utc_now())
    accepted = attestation.verify(token, audience="hub", thumbprint="t", trust=PKI.trust, now=utc_now())
    assert accepted.telematik_id == "5-2.9001"


def test_a_card_is_looked_up_once_and_then_signs_in_one_call_each(bench: Bench, card: InstitutionCard) -> None:
    for _ in range(3):
        assert card.certificate == CARD.certificate
        card.external_authenticate(DIGEST)
    actions = [exchange.action.rpartition("#")[2] for exchange in bench.exchanges]
    assert actions == ["", "GetCards", "ReadCardCertificate", *["ExternalAuthenticate"] * 3]


def test_a_restart_in_the_night_asks_for_the_pin_and_heals_once_it_is_verified(
    bench: Bench, card: InstitutionCard
) -> None:
    card.external_authenticate(DIGEST)
    bench.konnektor.restart()
    for _ in range(2):
        with pytest.raises(PinRequired) as required:
            card.external_authenticate(DIGEST)
        assert required.value.reason == "pin-not-verified"
    bench.konnektor.enter_pin(bench.handle)
    check_signature(card.external_authenticate(DIGEST), DIGEST, CARD.certificate)


def test_a_card_that_was_exchanged_signs_nothing_in_the_name_of_the_old_one(
    bench: Bench, card: InstitutionCard
) -> None:
    assert card.certificate == CARD.certificate
    bench.konnektor.pull(bench.handle)
    bench.konnektor.enter_pin(bench.konnektor.insert(OTHER_CARD))
    with pytest.raises(SignatureWrong):
        card.external_authenticate(DIGEST)
    assert card.certificate == OTHER_CARD.certificate
    check_signature(card.external_authenticate(DIGEST), DIGEST, OTHER_CARD.certificate)


def test_a_card_that_was_pulled_is_gone_with_its_certificate(bench: Bench, card: InstitutionCard) -> None:
    card.external_authenticate(DIGEST)
    bench.konnektor.pull(bench.handle)
    with pytest.raises(CardMissing):
        card.external_authenticate(DIGEST)
    with pytest.raises(CardMissing):
        _ = card.certificate


def test_without_an_smc_b_there_is_nothing_to_sign_with(bench: Bench, card: InstitutionCard) -> None:
    bench.konnektor.pull(bench.handle)
    bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
    with pytest.raises(CardMissing):
        _ = card.certificate


def test_of_several_cards_one_is_named_by_its_iccsn(bench: Bench, card: InstitutionCard) -> None:
    bench.konnektor.insert(OTHER_CARD)
    with pytest.raises(CardAmbiguous):
        _ = card.certificate
    assert InstitutionCard(bench.client(), ICCSN).certificate == CARD.certificate
    with pytest.raises(CardMissing):
        _ = InstitutionCard(bench.client(), "80276883110000009999").certificate


def test_whatever_stands_between_us_and_the_card_is_a_card_that_fails(bench: Bench, card: InstitutionCard) -> None:
    bench.konnektor.faults.add(Fault.DOWN)
    with pytest.raises(CardFailed):
        card.external_authenticate(DIGEST)


def test_behind_a_gateway_the_addresses_of_the_directory_are_rewritten(bench: Bench) -> None:
    bench.konnektor.faults.add(Fault.DIRECTORY_OTHER_HOST)
    card = InstitutionCard(Konnektor(bench.transport(), CONTEXT, rewrite_endpoints=True))
    assert card.certificate == CARD.certificate
