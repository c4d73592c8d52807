from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, BrainpoolP256R1
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import load_der_ocsp_response
from simulated_ti import make_pki
from simulated_vau import NOW, identity

from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution
from ti_adapter.simulator.vau_identity import SERVICE, VauIdentity
from ti_adapter.simulator.vau_ocsp import OcspShape, OcspSigner
from ti_adapter.vau import Reason, VauCertificateRefused, VauTrust, verify_certificate
from ti_adapter.vau.messages import CertData
from ti_adapter.vau.trust import POLICY_FD_AUT, ROLE_EPA_VAU

VAU = identity()
PKI, RESPONDER, TRUST = VAU.pki, VAU.responder, VAU.trust
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
OTHER_ROLE = SimulatedInstitution("9-idp", "IDP", ("1.2.276.0.76.4.260",))
TWO_ROLES = SimulatedInstitution("9-both", "VAU", (ROLE_EPA_VAU.dotted_string, "1.2.276.0.76.4.260"))


def shape(**changes: object) -> Shape:
    right: dict[str, object] = {"extended_key_usage": (), "policies": (POLICY_FD_AUT,), "curve": SECP256R1()}
    return Shape(**{**right, **changes})  # type: ignore[arg-type]


def made(pki: SimulatedPki = PKI, who: SimulatedInstitution = SERVICE, **changes: object) -> tuple[CertData, bytes]:
    """A certificate with its CA, and a good OCSP answer about it."""
    certificate = pki.card(who, shape(**changes)).certificate
    return shown(certificate, pki), RESPONDER.answer(certificate, pki.authority, NOW, OcspShape())


def shown(certificate: x509.Certificate, pki: SimulatedPki = PKI) -> CertData:
    return CertData(certificate.public_bytes(Encoding.DER), pki.authority.public_bytes(Encoding.DER))


def flipped() -> tuple[CertData, bytes]:
    data, answer = made()
    return CertData(data.certificate[:-1] + bytes([data.certificate[-1] ^ 1]), data.authority), answer


def under_another_name() -> tuple[CertData, bytes]:
    """Issued by another CA, and shown with one that is trusted."""
    data, answer = made(SimulatedPki.generate(NOW, name="GEM.KOMP-CA901"))
    return CertData(data.certificate, PKI.authority.public_bytes(Encoding.DER)), answer


def by_a_look_alike(**changes: object) -> tuple[CertData, bytes]:
    data, answer = made(SimulatedPki.generate(NOW, name="GEM.KOMP-CA900"), **changes)
    return CertData(data.certificate, PKI.authority.public_bytes(Encoding.DER)), answer


MATRIX = {
    "I-02 no certificate": ((CertData(b"nonsense", b""), b""), 1, Reason.UNREADABLE),
    "I-02 not yet valid": (made(starts=timedelta(seconds=1)), 2, Reason.NOT_YET_VALID),
    "I-02 expired": (made(ends=timedelta(seconds=-1)), 2, Reason.EXPIRED),
    "I-01 with a CA that is not trusted": (made(make_pki(NOW)), 3, Reason.ISSUER_UNKNOWN),
    "I-01 of another CA than is shown": (under_another_name(), 3, Reason.ISSUER_UNKNOWN),
    "I-01 of a look-alike CA": (by_a_look_alike(), 3, Reason.ISSUER_KEY),
    "I-01 of a look-alike CA that names the true key": (
        by_a_look_alike(authority_key=PKI.authority_key),
        5,
        Reason.ISSUER_SIGNATURE,
    ),
    "I-01 with a broken signature": (flipped(), 5, Reason.ISSUER_SIGNATURE),
    "I-02 signed with another digest": (made(digest=SHA384()), 5, Reason.ISSUER_SIGNATURE),
    "I-02 on another curve": (made(curve=SECP384R1()), 6, Reason.CURVE),
    "I-02 that is a CA": (made(is_ca=True), 7, Reason.CA_CERTIFICATE),
    "I-02 for document signatures": (made(key_usage=("content_commitment",)), 7, Reason.KEY_USAGE),
    "I-02 of an institution's card": (made(policies=(x509.ObjectIdentifier("1.2.276.0.76.4.77"),)), 8, Reason.TYPE),
    "I-02 without policy": (made(policies=()), 8, Reason.TYPE),
    "I-02 with an unknown critical extension": (made(more=((UNKNOWN, True),)), 9, Reason.CRITICAL_EXTENSION),
    "I-02 of another service": (made(who=OTHER_ROLE), 10, Reason.ROLE),
    "I-02 of two services": (made(who=TWO_ROLES), 10, Reason.ROLE),
    "I-02 without admission": (made(admissions=0), 10, Reason.ROLE),
}


@pytest.mark.parametrize(("presented", "step", "reason"), MATRIX.values(), ids=MATRIX)
def test_a_certificate_is_refused_at_its_own_step_with_its_own_code(
    presented: tuple[CertData, bytes], step: int, reason: Reason
) -> None:
    with pytest.raises(VauCertificateRefused) as refused:
        verify_certificate(*presented, TRUST, NOW)
    assert (refused.value.step, refused.value.reason) == (step, reason)


@pytest.mark.parametrize("curve", [SECP256R1(), BrainpoolP256R1()], ids=["P-256", "brainpoolP256r1"])
def test_a_right_certificate_is_proven_on_either_curve(curve: SECP256R1 | BrainpoolP256R1) -> None:
    assert verify_certificate(*made(curve=curve), TRUST, NOW).key.curve.name == curve.name


def test_the_curves_are_a_setting() -> None:
    strict = VauTrust(TRUST.authorities, TRUST.responders, curves=("brainpoolP256r1",))
    with pytest.raises(VauCertificateRefused, match=r"^VAU certificate, step 6: curve$"):
        verify_certificate(*made(), strict, NOW)


def test_a_certificate_that_outlives_its_ca_is_refused_once_the_ca_has_ended() -> None:
    vau = VauIdentity.issue(NOW, SimulatedPki.generate(NOW, name="GEM.KOMP-CA902", years=1))
    later = NOW + timedelta(days=366)
    with pytest.raises(VauCertificateRefused, match="step 4: issuer-not-valid"):
        verify_certificate(vau.cert_data, vau.signing(later).signed.ocsp_response, vau.trust, later)


def test_whoever_is_trusted_as_a_ca_is_one() -> None:
    for authorities in ((), (VAU.card.certificate,)):
        with pytest.raises(ValueError, match="CA"):
            VauTrust(authorities, TRUST.responders)


RIGHT = PKI.card(SERVICE, shape()).certificate
ENDED = PKI.card(SimulatedInstitution("9-ocsp", "OCSP"), Shape(ends=timedelta(seconds=-1)))
WIDER = VauTrust(TRUST.authorities, (*TRUST.responders, ENDED.certificate))


def answered(signer: OcspSigner = RESPONDER, **wrong: object) -> bytes:
    return signer.answer(RIGHT, PKI.authority, NOW, OcspShape(**wrong))  # type: ignore[arg-type]


def stranger() -> OcspSigner:
    card = PKI.card(SimulatedInstitution("9-ocsp", "OCSP"))
    return OcspSigner(card.certificate, card.key)


SECONDS = timedelta(seconds=1)
OCSP = {
    "I-03 no answer": (b"", 11, Reason.OCSP_UNREADABLE),
    "I-03 nonsense": (b"dummy text", 11, Reason.OCSP_UNREADABLE),
    "I-03 try later": (answered(response_status="try_later"), 11, Reason.OCSP_STATUS),
    "I-03 unauthorized": (answered(response_status="unauthorized"), 11, Reason.OCSP_STATUS),
    "I-04 unknown critical extension": (
        answered(critical=True),
        11,
        Reason.OCSP_CRITICAL_EXTENSION,
    ),
    "I-04 foreign signer": (answered(stranger()), 12, Reason.OCSP_SIGNER),
    "I-04 signer whose time is over": (answered(OcspSigner(ENDED.certificate, ENDED.key)), 12, Reason.OCSP_SIGNER),
    "I-04 certificate of the signer, key of another": (
        answered(OcspSigner(RESPONDER.certificate, ENDED.key)),
        13,
        Reason.OCSP_SIGNATURE,
    ),
    "I-04 bit of the signature": (answered(signature_bit=1), 13, Reason.OCSP_SIGNATURE),
    "I-04 another digest": (answered(digest="sha384"), 13, Reason.OCSP_SIGNATURE),
    "I-04 another serial number": (answered(serial_offset=1), 14, Reason.OCSP_OTHER_CERTIFICATE),
    "I-04 another issuer": (
        RESPONDER.answer(RIGHT, make_pki(NOW).authority, NOW, OcspShape()),
        14,
        Reason.OCSP_OTHER_CERTIFICATE,
    ),
    "I-04 no certHash": (answered(has_cert_hash=False), 14, Reason.OCSP_CERT_HASH_MISSING),
    "I-04 another certHash": (answered(hashed=b"other"), 14, Reason.OCSP_CERT_HASH),
    "I-04 thisUpdate 38 s ahead": (answered(this_update=38 * SECONDS), 15, Reason.OCSP_NOT_YET_VALID),
    "I-04 producedAt 38 s ahead": (answered(produced=38 * SECONDS), 15, Reason.OCSP_NOT_YET_VALID),
    "I-04 nextUpdate 38 s ago": (answered(next_update=-38 * SECONDS), 15, Reason.OCSP_EXPIRED),
    "I-05 older than a day": (answered(produced=-timedelta(days=1) - 38 * SECONDS), 15, Reason.OCSP_TOO_OLD),
    "I-03 revoked": (answered(status="revoked"), 16, Reason.REVOKED),
    "I-03 unknown": (answered(status="unknown"), 16, Reason.UNKNOWN),
}


@pytest.mark.parametrize(("answer", "step", "reason"), OCSP.values(), ids=OCSP)
def test_an_ocsp_answer_is_refused_at_its_own_step_with_its_own_code(answer: bytes, step: int, reason: Reason) -> None:
    with pytest.raises(VauCertificateRefused) as refused:
        verify_certificate(shown(RIGHT), answer, WIDER, NOW)
    assert (refused.value.step, refused.value.reason) == (step, reason)


@pytest.mark.parametrize(
    "right",
    [
        {"this_update": 37 * SECONDS},
        {"produced": 37 * SECONDS},
        {"next_update": -37 * SECONDS},
        {"next_update": None},
        {"produced": -timedelta(days=1) - 37 * SECONDS},
    ],
    ids=str,
)
def test_i04_an_answer_37_seconds_off_is_within_the_tolerance(right: dict[str, object]) -> None:
    verify_certificate(shown(RIGHT), answered(**right), TRUST, NOW)


def test_a_flipped_bit_anywhere_in_an_ocsp_answer_is_refused() -> None:
    answer = answered()
    for index in range(len(answer)):
        changed = answer[:index] + bytes([answer[index] ^ (1 << index % 8)]) + answer[index + 1 :]
        with pytest.raises(VauCertificateRefused):
            verify_certificate(shown(RIGHT), changed, TRUST, NOW)


def test_bits_of_the_signature_that_are_called_unused_are_refused_though_no_signature_covers_their_number() -> None:
    answer = next(it for it in iter(answered, b"") if not _signature_of(it)[-1] & 1)
    start = answer.index(b"\x00" + _signature_of(answer))
    changed = answer[:start] + b"\x01" + answer[start + 1 :]
    with pytest.raises(VauCertificateRefused, match="step 13: ocsp-signature"):
        verify_certificate(shown(RIGHT), changed, TRUST, NOW)


def _signature_of(answer: bytes) -> bytes:
    return load_der_ocsp_response(answer).signature
