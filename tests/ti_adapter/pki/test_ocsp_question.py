from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from simulated_ocsp import Scene, openssl

from ti_adapter.pki import Question
from ti_adapter.pki.ocsp_question import CertId
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

SCENE = Scene.made(datetime(2026, 3, 1, tzinfo=UTC))


def naming(*places: x509.AccessDescription) -> Question:
    shape = Shape(more=((x509.AuthorityInformationAccess(places), False),))
    return Question(SCENE.pki.card(SimulatedInstitution("5-2.9001", "Nord"), shape).certificate, SCENE.pki.authority)


def place(url: str, method: x509.ObjectIdentifier = AuthorityInformationAccessOID.OCSP) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def test_a_request_asks_about_one_certificate_and_carries_nothing_else() -> None:
    request = ocsp.load_der_ocsp_request(SCENE.question.request())
    assert SCENE.question.is_meant_by(CertId.of(request))
    assert list(request.extensions) == []


def test_openssl_reads_the_request(tmp_path: Path) -> None:
    (tmp_path / "request.der").write_bytes(SCENE.question.request())
    done = openssl("ocsp", "-reqin", tmp_path / "request.der", "-text", "-req_text")
    assert f"{SCENE.question.certificate.serial_number:X}\n" in done.stdout, done.stderr


def test_a_certificate_of_another_issuer_is_not_meant() -> None:
    other = Question(SCENE.question.certificate, Scene.made(SCENE.clock()).pki.authority)
    named = CertId.of(ocsp.load_der_ocsp_request(other.request(SHA256())))
    assert other.is_meant_by(named)
    assert not SCENE.question.is_meant_by(named)


@pytest.mark.parametrize(
    ("question", "url"),
    [
        (SCENE.question, None),
        (naming(place("http://ca.example/ca.cer", AuthorityInformationAccessOID.CA_ISSUERS)), None),
        (naming(place("ldap://ocsp.example"), place("http://ocsp.example/a")), "http://ocsp.example/a"),
        (naming(place("HTTPS://ocsp.example"), place("http://ocsp.example/a")), "HTTPS://ocsp.example"),
        (naming(place("file:///etc/passwd")), None),
    ],
    ids=["no AIA", "CA issuers only", "LDAP first", "two", "a file"],
)
def test_the_responder_is_the_first_one_that_can_be_asked_over_http(question: Question, url: str | None) -> None:
    assert question.responder_url == url


def test_an_address_that_the_asker_knows_goes_before_that_of_the_certificate() -> None:
    named = naming(place("http://ocsp.example/a"))
    assert replace(named, address="http://ocsp.example/ti").responder_url == "http://ocsp.example/ti"
