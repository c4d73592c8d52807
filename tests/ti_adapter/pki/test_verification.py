from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from simulated_ti import REFUSED_WHATEVER_THE_TYPE, make_pki

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import Reason, TrustList, verify_institution
from ti_adapter.simulator.broken_cards import BROKEN_CARDS
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import HOSPITAL, PRACTICE, Shape, SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
PKI = make_pki(NOW)
CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def shaped(**wrong: object) -> x509.Certificate:
    return PKI.card(CLINIC, Shape(**wrong)).certificate  # type: ignore[arg-type]


def carrying(**changes: object) -> x509.Certificate:
    identity = {"telematik_id": CLINIC.telematik_id, "name": CLINIC.name, **changes}
    return PKI.card(SimulatedInstitution(**identity)).certificate  # type: ignore[arg-type]


MATRIX = {
    **REFUSED_WHATEVER_THE_TYPE,
    "on a NIST curve": (6, Reason.CURVE),
    "of a TLS server": (8, Reason.EXTENDED_KEY_USAGE),
    "without extended key usage": (8, Reason.EXTENDED_KEY_USAGE),
    "of a patient's card": (9, Reason.TYPE),
    "without admission": (11, Reason.ADMISSION),
    "with two admissions": (11, Reason.ADMISSION),
    "without Telematik-ID": (11, Reason.TELEMATIK_ID),
    "with something else as Telematik-ID": (11, Reason.TELEMATIK_ID),
}


@pytest.mark.parametrize("name", BROKEN_CARDS)
def test_i01_i02_a_certificate_is_refused_at_its_own_step_with_its_own_code(name: str) -> None:
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(BROKEN_CARDS[name](PKI), PKI.trust, NOW)
    assert (refused.value.step, refused.value.reason) == MATRIX[name]


def test_the_matrix_and_the_broken_cards_cover_each_other_and_every_reason_but_two() -> None:
    assert MATRIX.keys() == BROKEN_CARDS.keys()
    elsewhere = {Reason.UNREADABLE, Reason.ISSUER_NOT_VALID}
    assert {reason for _, reason in MATRIX.values()} == set(Reason) - elsewhere


def test_a_right_certificate_proves_telematik_id_role_and_name() -> None:
    proven = verify_institution(shaped(), PKI.trust, NOW)
    assert (proven.admission.telematik_id, proven.admission.profession_oids) == (CLINIC.telematik_id, (HOSPITAL,))
    assert proven.admission.profession_items == ("Krankenhaus",)
    assert proven.name == "Klinik Nord TEST-ONLY"


def test_several_roles_are_all_reported_in_their_order() -> None:
    certificate = carrying(profession_oids=(PRACTICE, HOSPITAL))
    assert verify_institution(certificate, PKI.trust, NOW).admission.profession_oids == (PRACTICE, HOSPITAL)


def test_an_unknown_extension_that_is_not_critical_does_no_harm() -> None:
    verify_institution(shaped(more=((UNKNOWN, False),)), PKI.trust, NOW)


def test_a_card_that_outlives_its_ca_is_refused_once_the_ca_has_ended() -> None:
    short = SimulatedPki.generate(NOW, years=1)
    certificate = short.card(CLINIC).certificate
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(certificate, short.trust, NOW + timedelta(days=366))
    assert (refused.value.step, refused.value.reason) == (4, Reason.ISSUER_NOT_VALID)


def test_an_admission_that_cannot_be_parsed_is_refused_and_does_not_crash() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.36.8.3.3"), b"\x30\x03\x02\x01")
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(shaped(admissions=0, more=((broken, False),)), PKI.trust, NOW)
    assert (refused.value.step, refused.value.reason) == (1, Reason.UNREADABLE)


def test_a_name_that_cannot_be_parsed_is_refused_and_does_not_crash() -> None:
    der = shaped().public_bytes(Encoding.DER)
    organization_as_bit_string = der.replace(b"\x06\x03\x55\x04\x0a\x0c", b"\x06\x03\x55\x04\x0a\x03")
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(x509.load_der_x509_certificate(organization_as_bit_string), PKI.trust, NOW)
    assert (refused.value.step, refused.value.reason) == (1, Reason.UNREADABLE)


def test_a_ca_that_was_renewed_is_found_by_its_key_among_its_namesakes() -> None:
    renewed = make_pki(NOW)
    trust = TrustList((PKI.authority, renewed.authority))
    assert verify_institution(renewed.card(CLINIC).certificate, trust, NOW).admission.telematik_id == "5-2.9001"


def test_a_refusal_says_step_and_code_and_nothing_of_the_certificate() -> None:
    with pytest.raises(CertificateRefused, match=r"^certificate, step 2: expired$"):
        verify_institution(shaped(ends=timedelta(seconds=-1)), PKI.trust, NOW)
