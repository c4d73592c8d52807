from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, BrainpoolP256R1, EllipticCurve
from cryptography.x509.oid import ExtendedKeyUsageOID
from simulated_ocsp import Scene
from simulated_ti import make_pki

from ti_adapter.errors import CertificateRefused
from ti_adapter.pki import (
    FD_AUT,
    FD_SIG,
    FD_TLS_S,
    POLICY_HCI_AUT,
    CertificateProfile,
    Question,
    Reason,
    verify_service,
)
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
PKI = make_pki(NOW, name="GEM.KOMP-CA900")
VAU, IDP = "1.2.276.0.76.4.209", "1.2.276.0.76.4.260"
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def service(profile: CertificateProfile = FD_AUT, roles: tuple[str, ...] = (VAU,), **wrong: object) -> x509.Certificate:
    right = {"policies": (profile.policy,), "extended_key_usage": profile.extended_key_usages}
    shape = Shape(**{**right, **wrong})  # type: ignore[arg-type]
    return PKI.card(SimulatedInstitution("", "ePA-VAU", roles), shape).certificate


MATRIX = {
    "expired": (service(ends=timedelta(seconds=-1)), 2, Reason.EXPIRED),
    "of a foreign CA": (
        make_pki(NOW, name="GEM.KOMP-CA901").card(SimulatedInstitution("", "VAU", (VAU,))).certificate,
        3,
        Reason.ISSUER_UNKNOWN,
    ),
    "on P-384": (service(curve=SECP384R1()), 6, Reason.CURVE),
    "that is a CA": (service(is_ca=True), 7, Reason.CA_CERTIFICATE),
    "for document signatures": (service(key_usage=("content_commitment",)), 7, Reason.KEY_USAGE),
    "without policy": (service(policies=()), 9, Reason.POLICY_MISSING),
    "of a card": (service(policies=(POLICY_HCI_AUT,)), 9, Reason.TYPE),
    "of a TLS server": (service(FD_TLS_S), 9, Reason.TYPE),
    "with an unknown critical extension": (service(more=((UNKNOWN, True),)), 10, Reason.CRITICAL_EXTENSION),
    "without admission": (service(admissions=0), 11, Reason.PROFESSION),
    "of another service": (service(roles=(IDP,)), 11, Reason.PROFESSION),
    "of a role that begins alike": (service(roles=(f"{VAU}0",)), 11, Reason.PROFESSION),
}


@pytest.mark.parametrize(("certificate", "step", "reason"), MATRIX.values(), ids=MATRIX)
def test_i02_i12_a_service_is_refused_at_its_own_step_with_its_own_code(
    certificate: x509.Certificate, step: int, reason: Reason
) -> None:
    with pytest.raises(CertificateRefused) as refused:
        verify_service(certificate, PKI.trust, NOW, profile=FD_AUT, role=VAU)
    assert (refused.value.step, refused.value.reason) == (step, reason)


def test_i02_a_tls_client_is_no_tls_server() -> None:
    client = service(FD_TLS_S, extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    with pytest.raises(CertificateRefused) as refused:
        verify_service(client, PKI.trust, NOW, profile=FD_TLS_S, role=VAU)
    assert (refused.value.step, refused.value.reason) == (8, Reason.EXTENDED_KEY_USAGE)


@pytest.mark.parametrize("curve", [BrainpoolP256R1(), SECP256R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize("profile", [FD_AUT, FD_SIG, FD_TLS_S], ids=["FD.AUT", "FD.SIG", "FD.TLS-S"])
def test_a_right_service_is_proven_with_all_its_roles(profile: CertificateProfile, curve: EllipticCurve) -> None:
    certificate = service(profile, (IDP, VAU), curve=curve)
    proven = verify_service(certificate, PKI.trust, NOW, profile=profile, role=VAU)
    assert proven.profession_oids == (IDP, VAU)
    assert Question.about(proven) == Question(certificate, PKI.authority)


def test_a_service_is_no_institution_of_the_cards_ca() -> None:
    scene = Scene.made(NOW)
    with pytest.raises(CertificateRefused) as refused:
        verify_service(service(), scene.trust, NOW, profile=FD_AUT, role=VAU)
    assert refused.value.reason == Reason.ISSUER_UNKNOWN
