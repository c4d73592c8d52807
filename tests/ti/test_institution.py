from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_ti import make_pki, utc_now
from simulated_trust import TrustedPlace

from linkexchange.errors import CardUnavailable, Fault, IdentityRefused, SettingRefused, TiUnavailable
from linkexchange.model.participant import Institution
from linkexchange.ti import AttestationVerifier, AttestingCard, believing
from ti_adapter.attestation import Card
from ti_adapter.simulator.card import CardSlot
from ti_adapter.simulator.shape import HOSPITAL, PRACTICE, SimulatedInstitution

CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
BOTH = SimulatedInstitution("1-20.9002", "MVZ am Markt", (PRACTICE, HOSPITAL))


@pytest.fixture
def place(tmp_path: Path) -> TrustedPlace:
    return TrustedPlace.made(make_pki(), utc_now, tmp_path)


def attested(card: Card) -> str:
    return AttestingCard(card, utc_now).attest(audience="hub", nonce="n-1", thumbprint="node")


def believed(place: TrustedPlace, token: str, thumbprint: str = "node") -> tuple[Institution, str]:
    return AttestationVerifier(place.trust(), "hub")(token, thumbprint, datetime.now(UTC))


def refused(kind: type[Fault], place: TrustedPlace, token: str, thumbprint: str = "node") -> str:
    with pytest.raises(kind) as fault:
        believed(place, token, thumbprint)
    return fault.value.detail


def test_an_attestation_of_the_card_is_believed_as_institution_and_nonce(place: TrustedPlace) -> None:
    institution, nonce = believed(place, attested(place.card(CLINIC)))
    assert institution == Institution(CLINIC.telematik_id, HOSPITAL, "Klinik Nord TEST-ONLY")
    assert nonce == "n-1"


def test_i_12_a_card_with_several_roles_is_refused(place: TrustedPlace) -> None:
    assert refused(IdentityRefused, place, attested(place.card(BOTH))) == "several professionOIDs"


def test_an_attestation_bound_to_another_certificate_is_refused_with_its_step(place: TrustedPlace) -> None:
    assert refused(IdentityRefused, place, attested(place.card(CLINIC)), "other") == "attestation, step 9: binding"


def test_the_card_of_a_ca_outside_the_trust_list_is_refused_with_its_step(place: TrustedPlace) -> None:
    stranger = attested(make_pki().card(CLINIC))
    assert refused(IdentityRefused, place, stranger) == "certificate, step 3: issuer-key-unknown"


def test_i_03_a_revoked_card_is_refused_and_an_unknown_one_too(place: TrustedPlace) -> None:
    card = place.card(CLINIC)
    place.responder.revoke(card.certificate)
    assert refused(IdentityRefused, place, attested(card)).endswith("revoked")
    assert refused(IdentityRefused, place, attested(place.pki.card(CLINIC))).startswith("OCSP answer, step")


def test_i_05_while_list_or_responder_are_silent_it_may_work_later(place: TrustedPlace) -> None:
    token, place.is_silent = attested(place.card(CLINIC)), True
    assert refused(TiUnavailable, place, token) == "TslSilent: down"
    place.is_silent = False
    verifier = AttestationVerifier(place.trust(), "hub")
    verifier(token, "node", datetime.now(UTC))
    place.is_silent = True
    with pytest.raises(TiUnavailable) as silent:
        verifier(token, "node", datetime.now(UTC))
    assert silent.value.detail == "OcspSilent: down"


def test_without_its_card_an_institution_cannot_attest(tmp_path: Path) -> None:
    with pytest.raises(CardUnavailable) as missing:
        attested(CardSlot(tmp_path))
    assert missing.value.after_seconds


def test_a_trust_list_that_cannot_be_read_is_a_wrong_setting() -> None:
    with pytest.raises(SettingRefused):
        believing(b"nonsense", utc_now)
