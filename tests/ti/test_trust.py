from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from simulated_ocsp import Clock
from simulated_ti import make_pki
from simulated_trust import TrustedPlace

from linkexchange.errors import SettingRefused
from linkexchange.ti import Trust, TrustAccess
from linkexchange.ti.trust import ASKED_AGAIN_AFTER, RENEWED_AFTER
from ti_adapter.errors import CertificateRefused, CertificateRevoked, OcspRefused, OcspSilent, TslRefused, TslSilent
from ti_adapter.pki import HCI_AUT
from ti_adapter.simulator.shape import SimulatedInstitution

CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))


@pytest.fixture
def place(clock: Clock, tmp_path: Path) -> TrustedPlace:
    return TrustedPlace.made(make_pki(clock()), clock, tmp_path)


def test_the_list_is_fetched_when_it_is_needed_and_then_once_a_day(place: TrustedPlace, clock: Clock) -> None:
    trust = place.trust()
    assert place.asked == 0
    for _ in range(3):
        assert trust.listed().authorities == (place.pki.authority,)
    assert place.asked == 1
    clock.now += RENEWED_AFTER
    trust.listed()
    assert place.asked == 2


def test_a_newer_list_counts_once_it_is_fetched(place: TrustedPlace, clock: Clock) -> None:
    trust, other = place.trust(), make_pki(clock(), name="GEM.SMCB-CA901").authority
    trust.listed()
    place.announce(other)
    assert other not in trust.listed().authorities
    clock.now += RENEWED_AFTER
    assert other in trust.listed().authorities


def test_whoever_wants_to_know_has_the_list_fetched_now_and_the_known_one_stays_where_that_fails(
    place: TrustedPlace, clock: Clock
) -> None:
    trust, other = place.trust(), make_pki(clock(), name="GEM.SMCB-CA901").authority
    assert trust.known is None
    before = trust.renew()
    place.announce(other)
    newer = trust.renew()
    assert newer.sequence > before.sequence
    assert other in trust.listed().authorities
    place.is_silent = True
    with pytest.raises(TslSilent):
        trust.renew()
    assert trust.known is newer


def test_without_any_list_nobody_is_trusted_and_the_place_is_left_alone_for_a_minute(
    place: TrustedPlace, clock: Clock
) -> None:
    trust, place.is_silent = place.trust(), True
    with pytest.raises(TslSilent):
        trust.listed()
    for _ in range(3):
        with pytest.raises(TslRefused):
            trust.listed()
    assert place.asked == 1
    clock.now += ASKED_AGAIN_AFTER
    place.is_silent = False
    assert trust.listed()


def test_a_list_that_cannot_be_renewed_serves_until_its_end(place: TrustedPlace, clock: Clock) -> None:
    trust = place.trust()
    trust.listed()
    place.is_silent = True
    clock.now += timedelta(days=29)
    assert trust.listed()
    clock.now += timedelta(days=2)
    with pytest.raises(TslRefused, match="step 9: expired"):
        trust.listed()


def test_a_list_that_was_forged_changes_nothing(place: TrustedPlace, clock: Clock) -> None:
    trust = place.trust()
    before = trust.status_list()
    place.publisher.breaks = "older number"
    clock.now += RENEWED_AFTER
    assert trust.status_list() is before


def test_i_15_a_newer_list_whose_signer_is_revoked_is_refused_and_the_known_one_serves_until_its_end(
    place: TrustedPlace, clock: Clock
) -> None:
    trust = place.trust()
    before = trust.status_list()
    place.announce()
    place.tsl_responder.revoke(place.publisher.signer)
    with pytest.raises(TslRefused, match="step 11: signer-revoked"):
        trust.renew()
    clock.now += RENEWED_AFTER
    assert trust.status_list() is before
    clock.now += timedelta(days=31)
    with pytest.raises(TslRefused, match="step 9: expired"):
        trust.listed()


def test_f20_a_newer_list_waits_while_nobody_says_anything_of_its_signer(place: TrustedPlace, clock: Clock) -> None:
    trust = place.trust()
    before = trust.status_list()
    place.announce()
    place.is_ocsp_silent = True
    with pytest.raises(OcspSilent):
        trust.renew()
    clock.now += RENEWED_AFTER
    assert trust.status_list() is before
    place.is_ocsp_silent = False
    clock.now += ASKED_AGAIN_AFTER
    assert trust.status_list().sequence > before.sequence


def test_i_15_a_list_that_was_kept_has_the_signer_of_the_next_one_asked_about_after_a_restart(
    place: TrustedPlace,
) -> None:
    place.trust().listed()
    place.announce()
    place.tsl_responder.revoke(place.publisher.signer)
    trust = place.trust()
    assert trust.status_list().next_update == place.trust().status_list().next_update
    with pytest.raises(TslRefused, match="step 11: signer-revoked"):
        trust.renew()


@pytest.mark.parametrize("is_revoked", [True, False])
def test_i_15_after_a_kept_list_that_has_ended_only_a_revocation_of_the_signer_counts(
    place: TrustedPlace, clock: Clock, is_revoked: bool
) -> None:
    place.trust().listed()
    clock.now += timedelta(days=31)
    place.announce()
    if is_revoked:
        place.tsl_responder.revoke(place.publisher.signer)
        with pytest.raises(TslRefused, match="step 11: signer-revoked"):
            place.trust().renew()
    else:
        place.is_ocsp_silent = True
        assert place.trust().listed()


def test_a_first_list_is_taken_since_nobody_could_be_asked_about_its_signer(place: TrustedPlace) -> None:
    place.is_ocsp_silent = True
    assert place.trust().listed()
    assert place.tsl_responder.requests == 0


def test_the_kept_list_serves_a_start_without_the_place(place: TrustedPlace) -> None:
    place.trust().listed()
    place.is_silent = True
    assert place.trust().listed().authorities == (place.pki.authority,)


@pytest.mark.parametrize("spoilt", [b"", b"<xml/>"])
def test_a_kept_list_that_proves_nothing_is_passed_over(place: TrustedPlace, spoilt: bytes) -> None:
    place.trust().listed()
    (place.folder / "tsl.xml").write_bytes(spoilt)
    place.is_silent = True
    with pytest.raises(TslSilent):
        place.trust().listed()


def _kept_at(place: TrustedPlace, file: Path) -> Trust:
    access = TrustAccess("http://tsl.example/", place.folder / "anchor.pem", file)
    return Trust(access, place.clock, fetch=lambda _: place.publisher.document())


def test_the_folder_of_the_kept_list_is_made(place: TrustedPlace) -> None:
    kept = place.folder / "state" / "tsl.xml"
    assert _kept_at(place, kept).listed()
    assert [file.name for file in kept.parent.iterdir()] == [kept.name]


def test_a_folder_in_which_nothing_can_be_kept_stops_nothing(place: TrustedPlace) -> None:
    assert _kept_at(place, place.folder / "anchor.pem" / "tsl.xml").listed()


def test_an_institution_is_proven_by_list_and_ocsp(place: TrustedPlace) -> None:
    proven = place.trust().institution(place.card(CLINIC).certificate)
    assert proven.admission.telematik_id == CLINIC.telematik_id


def test_i_05_a_card_that_was_just_revoked_is_refused_although_it_was_good_a_moment_ago(place: TrustedPlace) -> None:
    trust, certificate = place.trust(), place.card(CLINIC).certificate
    trust.institution(certificate)
    place.responder.revoke(certificate)
    with pytest.raises(CertificateRevoked):
        trust.institution(certificate)


def test_a_card_of_a_ca_that_the_list_does_not_name_is_refused(place: TrustedPlace) -> None:
    with pytest.raises(CertificateRefused, match="step 3"):
        place.trust().institution(make_pki(place.clock()).card(CLINIC).certificate)


def test_i_05_while_the_responder_is_silent_no_institution_is_believed(place: TrustedPlace) -> None:
    trust, certificate = place.trust(), place.card(CLINIC).certificate
    trust.institution(certificate)
    place.is_silent = True
    with pytest.raises(OcspSilent):
        trust.institution(certificate)


def test_i_03_a_card_that_the_responder_does_not_know_is_refused(place: TrustedPlace) -> None:
    with pytest.raises(OcspRefused):
        place.trust().institution(place.pki.card(CLINIC).certificate)


def test_a_list_says_nothing_of_types_that_it_does_not_name(place: TrustedPlace) -> None:
    trust = place.trust()
    assert trust.listed(HCI_AUT.policy)
    with pytest.raises(TslRefused, match="step 10"):
        trust.vau()


def test_an_anchor_that_is_none_is_a_wrong_setting(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "anchor.pem").write_text("nonsense")
    with pytest.raises(SettingRefused, match="tsl_anchor"):
        Trust(TrustAccess("http://tsl.example/", tmp_path / "anchor.pem", tmp_path / "tsl.xml"), clock)
