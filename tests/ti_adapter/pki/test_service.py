from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, BrainpoolP256R1, EllipticCurve
from cryptography.x509.oid import ExtendedKeyUsageOID
from simulated_ocsp import Scene
from simulated_ti import REFUSED_WHATEVER_THE_TYPE, make_pki

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import FD_AUT, FD_SIG, FD_TLS_S, CertificateProfile, Question, Reason, verify_service
from ti_adapter.simulator.broken_vaus import BROKEN_VAUS
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
PKI = make_pki(NOW, name="GEM.KOMP-CA900")
VAU = "1.2.276.0.76.4.209"


def service(profile: CertificateProfile = FD_AUT, **wrong: object) -> x509.Certificate:
    shape = replace(Shape.of(profile), **wrong)  # type: ignore[arg-type]
    return PKI.card(SimulatedInstitution("", "ePA-VAU", (VAU,)), shape).certificate


MATRIX = {
    **REFUSED_WHATEVER_THE_TYPE,
    "on P-384": (6, Reason.CURVE),
    "of a card": (9, Reason.TYPE),
    "of a TLS server": (9, Reason.TYPE),
    "without admission": (11, Reason.PROFESSION),
    "with two admissions": (11, Reason.PROFESSION),
    "of another service": (11, Reason.PROFESSION),
    "of two services": (11, Reason.PROFESSION),
    "of a role that begins alike": (11, Reason.PROFESSION),
}


@pytest.mark.parametrize("name", BROKEN_VAUS)
def test_i01_i02_i12_a_service_is_refused_at_its_own_step_with_its_own_code(name: str) -> None:
    with pytest.raises(CertificateRefused) as refused:
        verify_service(BROKEN_VAUS[name](PKI), PKI.trust, NOW, profile=FD_AUT, role=VAU)
    assert (refused.value.step, refused.value.reason) == MATRIX[name]


def test_the_matrix_and_the_broken_vaus_cover_each_other() -> None:
    assert MATRIX.keys() == BROKEN_VAUS.keys()


def test_i02_a_tls_client_is_no_tls_server() -> None:
    client = service(FD_TLS_S, extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    with pytest.raises(CertificateRefused) as refused:
        verify_service(client, PKI.trust, NOW, profile=FD_TLS_S, role=VAU)
    assert (refused.value.step, refused.value.reason) == (8, Reason.EXTENDED_KEY_USAGE)


@pytest.mark.parametrize("curve", [BrainpoolP256R1(), SECP256R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize("profile", [FD_AUT, FD_SIG, FD_TLS_S], ids=["FD.AUT", "FD.SIG", "FD.TLS-S"])
def test_a_right_service_is_proven_with_its_key(profile: CertificateProfile, curve: EllipticCurve) -> None:
    certificate = service(profile, curve=curve)
    proven = verify_service(certificate, PKI.trust, NOW, profile=profile, role=VAU)
    assert proven.key == certificate.public_key()
    assert Question.about(proven) == Question(certificate, PKI.authority)


def test_a_service_is_no_institution_of_the_cards_ca() -> None:
    scene = Scene.made(NOW)
    with pytest.raises(CertificateRefused) as refused:
        verify_service(service(), scene.trust, NOW, profile=FD_AUT, role=VAU)
    assert refused.value.reason == Reason.ISSUER_UNKNOWN
