from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import BrainpoolP256R1, EllipticCurvePublicKey

from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import SimulatedInstitution

PKI = SimulatedPki.generate(datetime(2026, 3, 1, tzinfo=UTC))
CERTIFICATE = PKI.card(SimulatedInstitution("5-2.9001", "Klinik Nord")).certificate


def test_card_ca_and_root_form_a_chain_on_the_curve_of_the_cards() -> None:
    CERTIFICATE.verify_directly_issued_by(PKI.authority)
    PKI.authority.verify_directly_issued_by(PKI.root)
    keys = [certificate.public_key() for certificate in (CERTIFICATE, PKI.authority, PKI.root)]
    assert all(isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, BrainpoolP256R1) for key in keys)


def test_everything_that_is_issued_says_that_it_is_for_tests_only() -> None:
    for certificate in (CERTIFICATE, PKI.authority, PKI.root):
        assert "TEST-ONLY" in certificate.subject.rfc4514_string()


def test_the_admission_is_not_critical_and_names_a_chamber_as_in_the_ti() -> None:
    admissions = CERTIFICATE.extensions.get_extension_for_class(x509.Admissions)
    assert not admissions.critical
    assert isinstance(admissions.value.authority, x509.DirectoryName)
