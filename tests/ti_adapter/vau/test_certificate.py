"""That the client leaves nothing out; each fault's own step and reason stand in `tests/ti_adapter/pki`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, BrainpoolP256R1
from cryptography.hazmat.primitives.serialization import Encoding
from simulated_vau import NOW, identity

from ti_adapter.errors import CertificateRefused, CertificateRevoked, OcspRefused, ProofFailed
from ti_adapter.pki import OcspReason, Question
from ti_adapter.pki import Reason as CertificateReason
from ti_adapter.simulator.broken_vaus import BROKEN_VAUS
from ti_adapter.simulator.ocsp_answer import RIGHT, AnswerShape, build_answer
from ti_adapter.simulator.ocsp_broken import BROKEN, asked, broken_signers
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.vau_identity import SERVICE, SHAPE, VauIdentity
from ti_adapter.vau import HandshakeRefused, Reason, VauTrust, verify_certificate
from ti_adapter.vau.messages import CertData

VAU = identity()
PKI, RESPONDER, TRUST = VAU.pki, VAU.responder, VAU.trust
DATA, QUESTION = VAU.cert_data, VAU.question
DAY, SECONDS = timedelta(days=1), timedelta(seconds=1)
WITHIN_THE_AGE = ("produced too long ago", "replayed after an hour")


def shown(certificate: x509.Certificate) -> CertData:
    return replace(DATA, certificate=certificate.public_bytes(Encoding.DER))


def answered(shape: AnswerShape = RIGHT, question: Question = QUESTION, signer: OcspSigner = RESPONDER) -> bytes:
    return build_answer(question.request(), question.certificate, signer, NOW, shape)


def refusal(data: CertData, answer: bytes, trust: VauTrust = TRUST) -> ProofFailed:
    with pytest.raises(ProofFailed) as refused:
        verify_certificate(data, answer, trust, NOW)
    return refused.value


@pytest.mark.parametrize("name", BROKEN_VAUS)
def test_i01_i02_what_is_no_certificate_of_a_vau_is_refused_whatever_its_ocsp_answer_says(name: str) -> None:
    certificate = BROKEN_VAUS[name](PKI)
    good = answered(question=Question(certificate, PKI.authority))
    assert isinstance(refusal(shown(certificate), good), CertificateRefused)


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in WITHIN_THE_AGE])
def test_i03_i04_what_does_not_prove_that_it_is_not_revoked_is_refused(name: str) -> None:
    assert isinstance(refusal(DATA, BROKEN[name](asked(QUESTION, RESPONDER, NOW))), OcspRefused)


@pytest.mark.parametrize("name", WITHIN_THE_AGE)
def test_an_answer_that_the_vau_has_had_for_an_hour_is_believed(name: str) -> None:
    verify_certificate(DATA, BROKEN[name](asked(QUESTION, RESPONDER, NOW)), TRUST, NOW)


@pytest.mark.parametrize("name", broken_signers(NOW))
def test_i04_a_broken_signer_of_ocsp_answers_is_refused_though_it_is_listed(name: str) -> None:
    signer = broken_signers(NOW)[name]
    trust = VauTrust(signer.named_in(PKI.trust))
    assert isinstance(refusal(DATA, answered(signer=signer), trust), OcspRefused)


def test_i02_no_certificate_is_refused() -> None:
    refused = refusal(replace(DATA, certificate=b"nonsense"), answered())
    assert (type(refused), refused.step, refused.reason) == (CertificateRefused, 1, CertificateReason.UNREADABLE)


def other_authorities() -> dict[str, bytes]:
    """With the CA that has issued the certificate in the trust list, and another one that comes along."""
    ca = PKI.authority.public_bytes(Encoding.DER)
    return {
        "none": b"",
        "one that is not listed": PKI.look_alike().authority.public_bytes(Encoding.DER),
        "the one above": PKI.root.public_bytes(Encoding.DER),
        "a bit of it changed": ca[:-1] + bytes([ca[-1] ^ 1]),
    }


@pytest.mark.parametrize("authority", other_authorities().values(), ids=other_authorities())
def test_i01_another_ca_along_than_the_listed_one_that_has_issued_it_is_refused(authority: bytes) -> None:
    refused = refusal(replace(DATA, authority=authority), answered())
    assert (type(refused), refused.step, refused.reason) == (HandshakeRefused, 13, Reason.AUTHORITY)


def test_i01_a_listed_ca_along_that_has_not_issued_it_is_refused() -> None:
    renewed = PKI.look_alike().authority
    trust = VauTrust(replace(TRUST.listed, authorities=(*TRUST.listed.authorities, renewed)))
    verify_certificate(DATA, answered(), trust, NOW)
    other = replace(DATA, authority=renewed.public_bytes(Encoding.DER))
    assert refusal(other, answered(), trust).reason == Reason.AUTHORITY


def test_i01_a_ca_that_only_comes_along_is_not_trusted() -> None:
    stranger = VauIdentity.issue(NOW, SimulatedPki.generate(NOW, name="GEM.KOMP-CA901"))
    refused = refusal(
        stranger.cert_data, stranger.signed.ocsp_response, VauTrust(stranger.responder.named_in(PKI.trust))
    )
    assert (type(refused), refused.step, refused.reason) == (CertificateRefused, 3, CertificateReason.ISSUER_UNKNOWN)


@pytest.mark.parametrize("curve", [SECP256R1(), BrainpoolP256R1()], ids=lambda curve: curve.name)
def test_a_right_certificate_is_proven_on_either_curve(curve: SECP256R1 | BrainpoolP256R1) -> None:
    certificate = PKI.card(SERVICE, replace(SHAPE, curve=curve)).certificate
    answer = answered(question=Question(certificate, PKI.authority))
    assert verify_certificate(shown(certificate), answer, TRUST, NOW).key == certificate.public_key()


def test_the_curves_are_a_setting() -> None:
    refused = refusal(DATA, answered(), replace(TRUST, curves=(BrainpoolP256R1,)))
    assert str(refused) == "certificate, step 6: curve"


def test_a_certificate_that_outlives_its_ca_is_refused_once_the_ca_has_ended() -> None:
    vau = VauIdentity.issue(NOW, SimulatedPki.generate(NOW, name="GEM.KOMP-CA902", years=1))
    later = NOW + 366 * DAY
    with pytest.raises(CertificateRefused, match="step 4: issuer-not-valid"):
        verify_certificate(vau.cert_data, vau.signing(later).signed.ocsp_response, vau.trust, later)


def test_i05_the_age_of_the_answer_is_a_setting_to_which_the_tolerance_is_added() -> None:
    for setting in (timedelta(0), timedelta(hours=1), DAY):
        trust = replace(TRUST, ocsp_max_age=setting)
        verify_certificate(DATA, answered(AnswerShape(produced=-setting - 37 * SECONDS)), trust, NOW)
        refused = refusal(DATA, answered(AnswerShape(produced=-setting - 38 * SECONDS)), trust)
        assert refused.reason == OcspReason.PRODUCED_TOO_EARLY


def test_i03_a_revocation_that_is_announced_for_later_counts_since_a_channel_outlives_the_moment() -> None:
    refused = refusal(DATA, answered(AnswerShape(revoked=timedelta(minutes=5))))
    assert isinstance(refused, CertificateRevoked)
    assert refused.since == NOW.replace(microsecond=0) + timedelta(minutes=5)
