"""Cards of people: a right one is proven for what it is, and none of them is an institution's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography.x509.oid import NameOID
from simulated_ti import REFUSED_WHATEVER_THE_TYPE, make_pki

from ti_adapter import attestation
from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import CH_AUT, HP_AUT, Reason, TrustList, verify_institution, verify_service
from ti_adapter.simulator.broken_people import BROKEN_EGKS, BROKEN_HBAS
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.person import DOCTOR, EGK, EGK_CA, HBA, HBA_CA, insured_person
from ti_adapter.simulator.shape import INSURED, PHYSICIAN, SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
SMCBS, HBAS, EGKS = make_pki(NOW), make_pki(NOW, name=HBA_CA), make_pki(NOW, name=EGK_CA)
CLINIC = SMCBS.card(SimulatedInstitution("5-2.9001", "Klinik Nord"))
DOCTORS = HBAS.card(DOCTOR, HBA)
PATIENTS = EGKS.card(insured_person("X110411319", "Erika", "Mustermann"), EGK)
PEOPLE = pytest.mark.parametrize("card", [DOCTORS, PATIENTS], ids=["HBA", "eGK"])
EVERYBODY = TrustList(tuple(pki.authority for pki in (SMCBS, HBAS, EGKS)))

OF_ANY = {
    **REFUSED_WHATEVER_THE_TYPE,
    "without admission": (11, Reason.PROFESSION),
    "on a NIST curve": (6, Reason.CURVE),
    "of an institution's type": (9, Reason.TYPE),
}
OF_HBAS = {
    **OF_ANY,
    "without key agreement": (7, Reason.KEY_USAGE),
    "without mail protection": (8, Reason.EXTENDED_KEY_USAGE),
    "without extended key usage": (8, Reason.EXTENDED_KEY_USAGE),
    "of a pharmacist": (11, Reason.PROFESSION),
    "of two professions": (11, Reason.PROFESSION),
}
OF_EGKS = {**OF_ANY, "of a physician": (11, Reason.PROFESSION), "of two roles": (11, Reason.PROFESSION)}


def test_the_cards_of_a_physician_and_of_an_insured_person_are_proven_for_what_they_are() -> None:
    doctor = verify_service(DOCTORS.certificate, HBAS.trust, NOW, profile=HP_AUT, role=PHYSICIAN)
    patient = verify_service(PATIENTS.certificate, EGKS.trust, NOW, profile=CH_AUT, role=INSURED)
    assert (doctor.issuer, patient.issuer) == (HBAS.authority, EGKS.authority)


@pytest.mark.parametrize("name", BROKEN_HBAS)
def test_i01_i02_a_broken_hba_is_refused_at_its_own_step(name: str) -> None:
    with pytest.raises(CertificateRefused) as refused:
        verify_service(BROKEN_HBAS[name](HBAS), HBAS.trust, NOW, profile=HP_AUT, role=PHYSICIAN)
    assert (refused.value.step, refused.value.reason) == OF_HBAS[name]


@pytest.mark.parametrize("name", BROKEN_EGKS)
def test_i01_i02_a_broken_egk_is_refused_at_its_own_step(name: str) -> None:
    with pytest.raises(CertificateRefused) as refused:
        verify_service(BROKEN_EGKS[name](EGKS), EGKS.trust, NOW, profile=CH_AUT, role=INSURED)
    assert (refused.value.step, refused.value.reason) == OF_EGKS[name]


@PEOPLE
def test_i02_the_card_of_a_person_is_no_institutions_though_its_ca_is_trusted(card: SimulatedCard) -> None:
    verify_institution(CLINIC.certificate, EVERYBODY, NOW)
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(card.certificate, EVERYBODY, NOW)
    assert (refused.value.step, refused.value.reason) == (9, Reason.TYPE)


@PEOPLE
def test_i02_an_attestation_that_the_card_of_a_person_has_signed_is_refused(card: SimulatedCard) -> None:
    def attested(signer: SimulatedCard) -> str:
        token = attestation.build(signer, audience="hub", nonce="n-1", thumbprint="node", now=NOW)
        return attestation.verify(token, audience="hub", thumbprint="node", trust=EVERYBODY, now=NOW).telematik_id

    assert attested(CLINIC) == "5-2.9001"
    with pytest.raises(CertificateRefused) as refused:
        attested(card)
    assert (refused.value.step, refused.value.reason) == (9, Reason.TYPE)


def test_a_patient_is_named_as_on_a_real_card_by_insurer_and_number_among_the_units_of_the_subject() -> None:
    units = PATIENTS.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    assert [one.value for one in units] == ["109500969", "X110411319"]


def test_a_name_as_long_as_the_cards_take_is_cut_where_a_common_name_ends() -> None:
    person = insured_person("X110411319", "", "M" * 90, "")
    certificate = EGKS.card(person, EGK).certificate
    assert len(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) == 64
    assert not certificate.subject.get_attributes_for_oid(NameOID.GIVEN_NAME)


def test_neither_the_number_nor_the_name_of_a_patient_shows_in_what_is_printed() -> None:
    printed = repr(insured_person("X110411319", "Erika", "Mustermann"))
    assert not any(one in printed for one in ("X110411319", "Erika", "Mustermann"))
