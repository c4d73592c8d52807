"""The trust list of the simulated TI names a CA for each kind of card, and each for its own type alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import (
    CH_AUT,
    HCI_AUT,
    HP_AUT,
    CertificateProfile,
    OcspClient,
    Question,
    Reason,
    StatusList,
    read_tsl,
    verify_institution,
    verify_service,
)
from ti_adapter.simulator.person import DOCTOR, insured_person
from ti_adapter.simulator.shape import INSURED, PHYSICIAN, SimulatedInstitution
from ti_adapter.simulator.world.authorities import Authorities

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
URL = "http://ocsp.example"
AUTHORITIES = Authorities.generate(URL, lambda: NOW)
CLINIC = AUTHORITIES.card(SimulatedInstitution("5-2.9001", "Klinik Nord")).certificate
DOCTORS = AUTHORITIES.hba(DOCTOR).certificate
PATIENTS = AUTHORITIES.egk(insured_person("X110411319", "Erika", "Mustermann")).certificate


def listed() -> StatusList:
    publisher = AUTHORITIES.publisher
    return read_tsl(publisher.document(), (publisher.anchor,), NOW)


def ask(url: str, request: bytes) -> bytes:
    return AUTHORITIES.responders[url.removeprefix(URL).strip("/")].answer(request)


@pytest.mark.parametrize(
    ("policy", "ca"),
    [(HCI_AUT.policy, "GEM.SMCB-CA900"), (HP_AUT.policy, "GEM.HBA-CA900"), (CH_AUT.policy, "GEM.EGK-CA900")],
    ids=["SMC-B", "HBA", "eGK"],
)
def test_each_type_has_a_ca_of_its_own(policy: x509.ObjectIdentifier, ca: str) -> None:
    (authority,) = listed().trust(NOW, policy=policy).authorities
    assert f"CN={ca} TEST-ONLY" in authority.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("certificate", "profile", "role"),
    [(DOCTORS, HP_AUT, PHYSICIAN), (PATIENTS, CH_AUT, INSURED)],
    ids=["HBA", "eGK"],
)
def test_the_card_of_a_person_is_proven_by_list_and_ocsp(
    certificate: x509.Certificate, profile: CertificateProfile, role: str
) -> None:
    trust = listed().trust(NOW, policy=profile.policy)
    proven = verify_service(certificate, trust, NOW, profile=profile, role=role)
    OcspClient(lambda: NOW, ask=ask).check(Question.about(proven), trust)


@pytest.mark.parametrize("certificate", [DOCTORS, PATIENTS], ids=["HBA", "eGK"])
def test_i02_by_the_list_no_card_of_a_person_is_an_institutions(certificate: x509.Certificate) -> None:
    trust = listed().trust(NOW)
    verify_institution(CLINIC, trust, NOW)
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(certificate, trust, NOW)
    assert (refused.value.step, refused.value.reason) == (3, Reason.ISSUER_UNKNOWN)
