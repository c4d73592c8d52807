"""OpenSSL as an oracle: what the simulator signs is judged by software that none of us has written.

OpenSSL knows neither certHash nor the tolerance of the TI, and needs no signer's certificate in the answer, so only
what both can judge is compared.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from simulated_ocsp import Scene, on_the_line, openssl

from ti_adapter.errors import OcspRefused
from ti_adapter.pki import verify_not_revoked
from ti_adapter.simulator.ocsp_answer import AnswerShape
from ti_adapter.simulator.ocsp_broken import BROKEN, asked

pytestmark = pytest.mark.slow

SCENE = Scene.made(datetime.now(UTC))

JUDGED_ALIKE = (
    "text",
    "truncated",
    "try later",
    "unauthorized",
    "no answer",
    "foreign responder",
    "responder of another name",
    "foreign key under the right certificate",
    "flipped signature",
    "empty signature",
    "signature of zeros",
    "signature of another answer",
    "other serial number",
    "other issuer",
    "replayed after an hour",
    "nextUpdate has passed",
    "unknown",
    "revoked",
)


def openssl_believes(answer: bytes, folder: Path) -> bool:
    """Whether OpenSSL verifies the answer by the listed responder alone, and calls the certificate good."""
    (folder / "answer.der").write_bytes(answer)
    for name, certificate in {"card": SCENE.question.certificate, "ca": SCENE.pki.authority}.items():
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "signer.pem").write_bytes(SCENE.signer.pem)
    asked_about = ("-issuer", folder / "ca.pem", "-cert", folder / "card.pem")
    trusted = ("-VAfile", folder / "signer.pem", "-no-CAfile", "-no-CApath", "-no-CAstore")
    times = ("-validity_period", "37", "-status_age", "37")
    done = openssl("ocsp", "-respin", folder / "answer.der", "-no_nonce", *asked_about, *trusted, *times)
    told = done.stdout + done.stderr
    return "Response verify OK" in told and f"{folder / 'card.pem'}: good" in told and "WARNING" not in told


@pytest.mark.parametrize("shape", [AnswerShape(), AnswerShape(by_key=True)], ids=["by name", "by key"])
def test_openssl_believes_a_right_answer(shape: AnswerShape, tmp_path: Path) -> None:
    SCENE.clock.now = datetime.now(UTC)
    assert openssl_believes(SCENE.answer(shape), tmp_path)


@pytest.mark.parametrize("name", JUDGED_ALIKE)
def test_openssl_and_we_refuse_the_same_answers(name: str, tmp_path: Path) -> None:
    answer = BROKEN[name](asked(SCENE.question, SCENE.signer, datetime.now(UTC)))
    assert not openssl_believes(answer, tmp_path)
    with pytest.raises(OcspRefused):
        verify_not_revoked(answer, SCENE.question, SCENE.trust, datetime.now(UTC))


def test_openssl_asks_the_responder_over_http_and_believes_it(tmp_path: Path) -> None:
    SCENE.clock.now = datetime.now(UTC)
    for name, pem in {"card": SCENE.question.certificate, "ca": SCENE.pki.authority}.items():
        (tmp_path / name).write_bytes(pem.public_bytes(Encoding.PEM))
    (tmp_path / "signer").write_bytes(SCENE.signer.pem)
    about = ("-issuer", tmp_path / "ca", "-cert", tmp_path / "card", "-VAfile", tmp_path / "signer")
    with on_the_line(SCENE.responder()) as (url, _):
        done = openssl("ocsp", "-url", url, "-no_nonce", *about)
    assert f"{tmp_path / 'card'}: good" in done.stdout, done.stderr
    assert "Response verify OK" in done.stderr
