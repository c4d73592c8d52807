from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from simulated_ocsp import Scene, on_the_line

from ti_adapter.errors import CertificateRevoked, OcspRefused, OcspSilent
from ti_adapter.pki import OcspClient, Question
from ti_adapter.simulator.ocsp_broken import BROKEN
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "http://ocsp.example/"


@dataclass
class Wire:
    """Between client and responder: counts, and falls silent where a test says so."""

    scene: Scene
    responder: OcspResponder
    urls: list[str] = field(default_factory=list)
    silent: bool = False

    def __call__(self, url: str, request: bytes) -> bytes:
        self.urls.append(url)
        if self.silent:
            raise OcspSilent("test")
        return self.responder.answer(request)

    def later(self, passed: timedelta) -> None:
        self.scene.clock.now += passed


@pytest.fixture
def wire() -> Wire:
    scene = Scene.made(NOW)
    return Wire(scene, scene.responder())


@pytest.fixture
def client(wire: Wire) -> OcspClient:
    return OcspClient(wire.scene.clock, responder_url=URL, ask=wire)


Check = Callable[[], object]


@pytest.fixture
def check(wire: Wire, client: OcspClient) -> Check:
    """Asks with an hour of grace."""
    return lambda: client.check(wire.scene.question, wire.scene.trust, grace=HOUR)


@pytest.fixture
def check_afresh(wire: Wire, client: OcspClient) -> Check:
    return lambda: client.check(wire.scene.question, wire.scene.trust)


def test_a_proof_is_asked_for_once_within_the_grace_period(wire: Wire, check: Check) -> None:
    first = check()
    wire.later(timedelta(minutes=59))
    assert check() == first
    assert len(wire.urls) == 1


def test_without_grace_every_check_asks(wire: Wire, check_afresh: Check) -> None:
    check_afresh()
    check_afresh()
    assert len(wire.urls) == 2


def test_i05_a_silent_responder_is_no_matter_within_the_grace_period_and_a_refusal_after_it(
    wire: Wire, check: Check
) -> None:
    check()
    wire.silent = True
    wire.later(timedelta(minutes=59))
    check()
    wire.later(timedelta(minutes=1))
    with pytest.raises(OcspSilent):
        check()


def test_i05_a_revocation_right_after_a_cached_good_is_seen_by_whoever_asks_and_ends_the_cached_good(
    wire: Wire, check: Check, check_afresh: Check
) -> None:
    check()
    wire.responder.revoke(wire.scene.question.certificate)
    check()
    with pytest.raises(CertificateRevoked):
        check_afresh()
    with pytest.raises(CertificateRevoked):
        check()


@pytest.mark.parametrize(
    "name", ["text", "try later", "flipped signature", "certHash missing", "replayed after an hour"]
)
def test_f20_garbage_from_the_line_proves_nothing_and_ends_no_proof(
    wire: Wire, check: Check, check_afresh: Check, name: str
) -> None:
    check()
    wire.responder.breaks = name
    with pytest.raises(OcspRefused):
        check_afresh()
    check()


def test_an_unknown_certificate_ends_its_proof(wire: Wire, check: Check, check_afresh: Check) -> None:
    check()
    wire.responder.breaks = "unknown"
    for ask in (check_afresh, check):
        with pytest.raises(OcspRefused, match="certificate-unknown"):
            ask()


@pytest.mark.parametrize("name", [None, "try later"], ids=["silent", "try later"])
def test_i03_f20_a_responder_without_a_verdict_is_left_alone_for_a_moment_and_then_asked_again(
    wire: Wire, check: Check, name: str | None
) -> None:
    wire.silent, wire.responder.breaks = name is None, name
    for _ in range(50):
        with pytest.raises((OcspSilent, OcspRefused)):
            check()
    assert len(wire.urls) == 1
    wire.silent, wire.responder.breaks = False, None
    wire.later(timedelta(seconds=5))
    check()


def test_a_clock_that_was_set_back_does_not_leave_a_responder_alone_for_long(wire: Wire, check: Check) -> None:
    wire.silent = True
    with pytest.raises(OcspSilent):
        check()
    wire.silent = False
    wire.later(timedelta(seconds=-1))
    check()


@pytest.mark.parametrize("name", BROKEN)
def test_i03_no_broken_answer_makes_the_client_ask_twice(wire: Wire, check: Check, name: str) -> None:
    wire.responder.breaks = name
    with pytest.raises(OcspRefused):
        check()
    assert len(wire.urls) == 1


def test_many_who_ask_at_once_are_one_question(wire: Wire, check: Check) -> None:
    together = threading.Barrier(8)

    def ask() -> object:
        together.wait()
        return check()

    with ThreadPoolExecutor(8) as pool:
        proofs = [one.result() for one in [pool.submit(ask) for _ in range(8)]]
    assert len(wire.urls) == 1
    assert all(proof is proofs[0] for proof in proofs)


def test_the_address_in_the_certificate_is_asked_where_no_other_is_set(wire: Wire) -> None:
    named = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(URL + "aia"))
    shape = Shape(more=((x509.AuthorityInformationAccess([named]), False),))
    certificate = wire.scene.pki.card(SimulatedInstitution("5-2.9002", "Klinik"), shape).certificate
    wire.responder.know(certificate)
    OcspClient(wire.scene.clock, ask=wire).check(Question(certificate, wire.scene.pki.authority), wire.scene.trust)
    assert wire.urls == [URL + "aia"]


def test_a_certificate_that_names_no_responder_is_not_believed(wire: Wire) -> None:
    with pytest.raises(OcspSilent):
        OcspClient(wire.scene.clock, ask=wire).check(wire.scene.question, wire.scene.trust)
    assert wire.urls == []


def test_over_http_the_client_asks_the_responder_itself(wire: Wire) -> None:
    with on_the_line(wire.responder) as (url, _):
        client = OcspClient(wire.scene.clock, responder_url=url)
        assert client.check(wire.scene.question, wire.scene.trust).certificate == wire.scene.question.certificate
