from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from simulated_ocsp import Scene, on_the_line

from ti_adapter.errors import CertificateRevoked, OcspRefused
from ti_adapter.pki import NotRevoked, OcspReason, Question, TrustList, verify_not_revoked
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.shape import SimulatedInstitution

pytestmark = pytest.mark.slow

SCENE = Scene.made(datetime(2026, 3, 1, tzinfo=UTC))
OTHER = SCENE.pki.card(SimulatedInstitution("1-20.1", "Praxis am Markt")).certificate

Verdict = Callable[[Question], NotRevoked]


@pytest.fixture
def responder() -> OcspResponder:
    return SCENE.responder()


@pytest.fixture
def verdict(responder: OcspResponder) -> Verdict:
    return lambda question: verify_not_revoked(
        responder.answer(question.request()), question, SCENE.trust, SCENE.clock()
    )


def test_a_card_that_it_knows_is_good(verdict: Verdict) -> None:
    assert verdict(SCENE.question).certificate == SCENE.question.certificate


def test_a_card_that_it_was_not_told_of_is_unknown_and_has_no_cert_hash(verdict: Verdict) -> None:
    with pytest.raises(OcspRefused) as refused:
        verdict(Question(OTHER, SCENE.pki.authority))
    assert refused.value.reason == OcspReason.CERT_HASH_MISSING


def test_a_card_is_unknown_under_the_name_of_another_ca(responder: OcspResponder, verdict: Verdict) -> None:
    foreign = Question(SCENE.question.certificate, Scene.made(SCENE.clock()).pki.authority)
    with pytest.raises(OcspRefused) as refused:
        verdict(foreign)
    assert refused.value.reason == OcspReason.CERT_HASH_MISSING


def test_one_card_is_revoked_since_a_moment_and_the_other_is_not(responder: OcspResponder, verdict: Verdict) -> None:
    responder.know(OTHER)
    responder.revoke(SCENE.question.certificate, SCENE.clock() - timedelta(days=3))
    with pytest.raises(CertificateRevoked) as refused:
        verdict(SCENE.question)
    assert refused.value.since == SCENE.clock() - timedelta(days=3)
    verdict(Question(OTHER, SCENE.pki.authority))


def test_a_broken_answer_is_given_by_its_name_until_it_is_mended(responder: OcspResponder, verdict: Verdict) -> None:
    responder.breaks = "certHash missing"
    with pytest.raises(OcspRefused) as refused:
        verdict(SCENE.question)
    assert refused.value.reason == OcspReason.CERT_HASH_MISSING
    responder.breaks = None
    verdict(SCENE.question)


def test_a_request_by_sha_256_is_answered_in_kind(responder: OcspResponder) -> None:
    answer = responder.answer(SCENE.question.request(SHA256()))
    verify_not_revoked(answer, SCENE.question, SCENE.trust, SCENE.clock())


@pytest.mark.parametrize("request_", [b"", b"text", SCENE.question.request()[:-1]], ids=["empty", "text", "cut"])
def test_what_is_no_request_is_answered_as_malformed(responder: OcspResponder, request_: bytes) -> None:
    with pytest.raises(OcspRefused) as refused:
        verify_not_revoked(responder.answer(request_), SCENE.question, SCENE.trust, SCENE.clock())
    assert refused.value.reason == OcspReason.NOT_SUCCESSFUL


def test_over_http_it_is_strict_about_what_it_is_sent(responder: OcspResponder) -> None:
    with on_the_line(responder) as (url, _):
        kind = {"content-type": "application/ocsp-request"}
        with httpx.Client(trust_env=False) as http:
            statuses = [
                http.post(url, content=SCENE.question.request()).status_code,
                http.post(url, content=bytes(5000), headers=kind).status_code,
                http.get(url).status_code,
                http.post(url, content=SCENE.question.request(), headers=kind).status_code,
            ]
    assert statuses == [400, 400, 405, 200]


def test_a_trust_file_names_the_cas_of_the_cards_and_the_signer_of_the_answers() -> None:
    assert TrustList.from_pem(SCENE.pki.trust_pem + SCENE.signer.pem) == SCENE.trust
