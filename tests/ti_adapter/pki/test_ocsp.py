from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import load_der_ocsp_response
from hypothesis import given
from hypothesis import strategies as st
from simulated_ocsp import Scene

from ti_adapter.errors import CertificateRevoked, OcspRefused
from ti_adapter.pki import OcspReason, Question, TrustList, verify_institution, verify_not_revoked
from ti_adapter.simulator.ocsp_answer import AnswerShape, build_answer, cert_hash_of
from ti_adapter.simulator.ocsp_broken import BROKEN, asked, broken_signers
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.signer import SignerShape

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
SCENE = Scene.made(NOW)
OWN = SCENE.question.certificate.public_bytes(Encoding.DER)

MATRIX = {
    "no body": (1, OcspReason.UNREADABLE),
    "text": (1, OcspReason.UNREADABLE),
    "truncated": (1, OcspReason.UNREADABLE),
    "too large": (1, OcspReason.SIZE),
    "try later": (2, OcspReason.TRY_LATER),
    "internal error": (2, OcspReason.TRY_LATER),
    "malformed request": (2, OcspReason.NOT_SUCCESSFUL),
    "signature required": (2, OcspReason.NOT_SUCCESSFUL),
    "unauthorized": (2, OcspReason.NOT_SUCCESSFUL),
    "no answer": (3, OcspReason.ANSWERS),
    "two answers": (3, OcspReason.ANSWERS),
    "unknown critical extension": (3, OcspReason.CRITICAL_EXTENSION),
    "unknown critical extension about all": (3, OcspReason.CRITICAL_EXTENSION),
    "foreign responder": (4, OcspReason.RESPONDER),
    "no responder certificate": (4, OcspReason.RESPONDER),
    "responder of another name": (4, OcspReason.RESPONDER_NAME),
    "signed with another digest": (5, OcspReason.ALGORITHM),
    "foreign key under the right certificate": (5, OcspReason.SIGNATURE),
    "flipped signature": (5, OcspReason.SIGNATURE),
    "empty signature": (5, OcspReason.SIGNATURE),
    "signature of zeros": (5, OcspReason.SIGNATURE),
    "signature of another answer": (5, OcspReason.SIGNATURE),
    "other serial number": (6, OcspReason.CERT_ID),
    "other issuer": (6, OcspReason.CERT_ID),
    "certHash missing": (7, OcspReason.CERT_HASH_MISSING),
    "certHash about the whole answer": (7, OcspReason.CERT_HASH_MISSING),
    "certHash of another certificate": (7, OcspReason.CERT_HASH),
    "certHash by SHA-1": (7, OcspReason.CERT_HASH_FORM),
    "certHash by SHA-512": (7, OcspReason.CERT_HASH_FORM),
    "certHash without its digest's name": (7, OcspReason.CERT_HASH_FORM),
    "produced in the future": (8, OcspReason.PRODUCED_TOO_LATE),
    "produced too long ago": (8, OcspReason.PRODUCED_TOO_EARLY),
    "replayed after an hour": (8, OcspReason.PRODUCED_TOO_EARLY),
    "thisUpdate in the future": (8, OcspReason.THIS_UPDATE),
    "nextUpdate has passed": (8, OcspReason.NEXT_UPDATE),
    "unknown": (9, OcspReason.UNKNOWN),
    "revoked": (9, OcspReason.REVOKED),
    "revoked just now": (9, OcspReason.REVOKED),
}


def refusal(answer: bytes, trust: TrustList = SCENE.trust, question: Question = SCENE.question) -> OcspRefused:
    with pytest.raises(OcspRefused) as refused:
        verify_not_revoked(answer, question, trust, NOW)
    return refused.value


@pytest.mark.parametrize("name", BROKEN)
def test_i03_i04_a_broken_answer_is_refused_at_its_own_step_with_its_own_code(name: str) -> None:
    refused = refusal(BROKEN[name](asked(SCENE.question, SCENE.signer, NOW)))
    assert (refused.step, refused.reason) == MATRIX[name]


def test_the_matrix_and_the_broken_answers_cover_each_other_and_every_reason_but_those_of_the_signer() -> None:
    assert MATRIX.keys() == BROKEN.keys()
    of_signers = {OcspReason.RESPONDER_NOT_VALID, OcspReason.CURVE}
    assert {reason for _, reason in MATRIX.values()} == set(OcspReason) - of_signers


@pytest.mark.parametrize(
    ("name", "step", "reason"),
    [
        ("expired", 4, OcspReason.RESPONDER_NOT_VALID),
        ("not yet valid", 4, OcspReason.RESPONDER_NOT_VALID),
        ("on P-384", 5, OcspReason.CURVE),
    ],
)
def test_a_signer_that_the_list_names_is_refused_all_the_same_when_it_is_broken(
    name: str, step: int, reason: OcspReason
) -> None:
    signer = broken_signers(NOW)[name]
    refused = refusal(SCENE.answer(signer=signer), signer.named_in(SCENE.pki.trust))
    assert (refused.step, refused.reason) == (step, reason)


def test_a_good_answer_proves_that_the_certificate_is_not_revoked_at_this_moment() -> None:
    proof = verify_not_revoked(SCENE.answer(), SCENE.question, SCENE.trust, NOW)
    assert (proof.certificate, proof.asked, proof.produced) == (SCENE.question.certificate, NOW, NOW)
    assert (proof.this_update, proof.next_update, proof.revoked_from) == (NOW, None, None)


def test_the_question_follows_from_a_proven_certificate() -> None:
    proven = verify_institution(SCENE.question.certificate, SCENE.trust, NOW)
    assert Question.about(proven) == SCENE.question


@pytest.mark.parametrize(
    "shape",
    [
        AnswerShape(by_key=True),
        AnswerShape(certificates=(SCENE.signer.authority, SCENE.signer.certificate)),
        AnswerShape(next_update=timedelta(hours=1)),
        AnswerShape(next_update=datetime(9999, 12, 30, tzinfo=UTC) - NOW),
        AnswerShape(more={"1.2.3.4.5": (b"\x05\x00", False)}),
        AnswerShape(
            cert_hash=cert_hash_of(OWN).replace(b"\x30\x31\x30\x0d", b"\x30\x2f\x30\x0b").replace(b"\5\0", b"")
        ),
        AnswerShape(cert_hash=b"", more={"1.3.36.8.3.13": (cert_hash_of(OWN), True)}),
    ],
    ids=[
        "by key",
        "with the signer's CA",
        "with nextUpdate",
        "with an endless nextUpdate",
        "other extension",
        "no parameters",
        "critical certHash",
    ],
)
def test_what_a_responder_may_choose_is_accepted(shape: AnswerShape) -> None:
    verify_not_revoked(SCENE.answer(shape), SCENE.question, SCENE.trust, NOW)


def test_a_responder_on_p256_is_accepted() -> None:
    signer = OcspSigner.generate(NOW, SignerShape(curve=SECP256R1()))
    verify_not_revoked(SCENE.answer(signer=signer), SCENE.question, signer.named_in(SCENE.pki.trust), NOW)


def test_an_answer_that_names_the_certificate_by_sha_256_is_accepted() -> None:
    request = SCENE.question.request(SHA256())
    answer = build_answer(request, SCENE.question.certificate, SCENE.signer, NOW)
    verify_not_revoked(answer, SCENE.question, SCENE.trust, NOW)


@pytest.mark.parametrize("part", ["produced", "this_update"])
def test_i04_37_seconds_in_the_future_are_within_the_tolerance_and_38_are_not(part: str) -> None:
    verify_not_revoked(future(part, 37), SCENE.question, SCENE.trust, NOW)
    assert refusal(future(part, 38)).step == 8


def future(part: str, seconds: int) -> bytes:
    return SCENE.answer(AnswerShape(**{part: timedelta(seconds=seconds)}))  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["produced", "next_update"])
def test_i04_37_seconds_in_the_past_are_within_the_tolerance_and_38_are_not(part: str) -> None:
    verify_not_revoked(future(part, -37), SCENE.question, SCENE.trust, NOW)
    assert refusal(future(part, -38)).step == 8


def test_an_answer_that_is_handed_on_may_be_as_old_as_its_reader_says() -> None:
    old = SCENE.answer(AnswerShape(produced=timedelta(hours=-3), this_update=timedelta(hours=-3)))
    verify_not_revoked(old, SCENE.question, SCENE.trust, NOW, age_max=timedelta(hours=4))
    with pytest.raises(OcspRefused):
        verify_not_revoked(old, SCENE.question, SCENE.trust, NOW, age_max=timedelta(hours=2))


def test_i03_a_revocation_says_since_when() -> None:
    refused = refusal(SCENE.answer(AnswerShape(revoked=timedelta(days=-2))))
    assert isinstance(refused, CertificateRevoked)
    assert refused.since == NOW - timedelta(days=2)


def test_a_revocation_that_is_announced_for_later_is_none_yet_and_is_reported() -> None:
    answer = SCENE.answer(AnswerShape(revoked=timedelta(minutes=5)))
    proof = verify_not_revoked(answer, SCENE.question, SCENE.trust, NOW)
    assert proof.revoked_from == NOW + timedelta(minutes=5)


def test_i04_a_trust_list_that_names_no_responder_believes_no_answer() -> None:
    refused = refusal(SCENE.answer(), SCENE.pki.trust)
    assert (refused.step, refused.reason) == (4, OcspReason.RESPONDER)


def test_i04_the_ca_of_the_card_may_not_answer_unless_the_list_names_it_for_ocsp() -> None:
    as_ca = OcspSigner(SCENE.pki.authority, SCENE.pki.authority, SCENE.pki.key)
    assert refusal(SCENE.answer(signer=as_ca)).reason == OcspReason.RESPONDER


def test_i04_an_answer_about_a_look_alike_with_the_same_serial_number_is_refused() -> None:
    """A CA gone wrong may issue two certificates of one number; only certHash tells them apart."""
    other = Scene.made(NOW).question.certificate
    answer = build_answer(SCENE.question.request(), other, SCENE.signer, NOW)
    assert refusal(answer).reason == OcspReason.CERT_HASH


def test_a_refusal_says_step_and_code_and_nothing_of_the_certificate() -> None:
    assert str(refusal(SCENE.answer(AnswerShape(is_known=False)))) == "OCSP answer, step 9: certificate-unknown"


GOOD = SCENE.answer()


def test_i04_every_flipped_bit_of_an_answer_that_shows_its_signer_alone_is_refused() -> None:
    for bit in range(len(GOOD) * 8):
        flipped = bytearray(GOOD)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(OcspRefused):
            verify_not_revoked(bytes(flipped), SCENE.question, SCENE.trust, NOW)


def test_i04_bits_of_the_signature_that_are_called_unused_are_refused_though_nothing_signs_their_number() -> None:
    answer = next(it for it in iter(SCENE.answer, b"") if not signature_of(it)[-1] & 1)
    start = answer.index(b"\x00" + signature_of(answer))
    refused = refusal(answer[:start] + b"\x01" + answer[start + 1 :])
    assert (refused.step, refused.reason) == (3, OcspReason.UNREADABLE)


def signature_of(answer: bytes) -> bytes:
    return load_der_ocsp_response(answer).signature


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
def test_hostile_bytes_are_refused_and_do_not_crash(noise: bytes, cut: int) -> None:
    with pytest.raises(OcspRefused):
        verify_not_revoked(GOOD[:cut] + noise + b"\x00", SCENE.question, SCENE.trust, NOW)
