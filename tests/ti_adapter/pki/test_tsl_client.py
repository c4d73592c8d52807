from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from simulated_ocsp import Clock, served
from simulated_tsl import TslScene

from ti_adapter.errors import OcspSilent, TslRefused, TslSilent
from ti_adapter.pki import OcspClient, TslClient, TslReason, TslService
from ti_adapter.pki.tsl_list import ANCHOR_CHANGE
from ti_adapter.simulator.line import Line
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.signer import ComponentCa, SignerShape
from ti_adapter.simulator.tsl import TslSigner
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS
from ti_adapter.simulator.tsl_publisher import TslPublisher, create_tsl_app

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
SCENE = TslScene.made(NOW)
CA, RESPONDER = SCENE.listing.services
URL, OCSP_URL = "http://tsl.example/", "http://ocsp.example/tsl"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def publisher(clock: Clock) -> TslPublisher:
    return TslPublisher.generate((CA, RESPONDER), clock, ocsp_url=OCSP_URL)


@pytest.fixture
def responders(publisher: TslPublisher, clock: Clock) -> dict[str, OcspResponder]:
    own = OcspResponder(SCENE.scene.signer, publisher.anchor, clock)
    own.know(publisher.signer)
    return {OCSP_URL: own}


@pytest.fixture
def client(publisher: TslPublisher, responders: dict[str, OcspResponder], clock: Clock) -> TslClient:
    def ask(url: str, request: bytes) -> bytes:
        if url not in responders:
            raise OcspSilent("down")
        return responders[url].answer(request)

    fetch, check = lambda _: publisher.document(), OcspClient(clock, ask=ask).check
    return TslClient(URL, (publisher.anchor,), clock, fetch=fetch, check_signer=check)


def revoking(service: TslService) -> TslService:
    return replace(service, status="http://uri.etsi.org/TrstSvc/Svcstatus/revoked")


def test_before_a_first_list_nobody_is_trusted(client: TslClient) -> None:
    with pytest.raises(TslRefused) as refused:
        client.trust()
    assert (refused.value.step, refused.value.reason) == (9, TslReason.NONE_KNOWN)


def test_a_list_that_was_fetched_is_trusted(client: TslClient) -> None:
    client.renew()
    assert client.trust().authorities == (CA.certificate,)


def test_the_same_list_day_after_day_is_no_error(client: TslClient) -> None:
    assert client.renew() == client.renew()


def test_what_a_newer_list_no_longer_names_is_no_longer_trusted(publisher: TslPublisher, client: TslClient) -> None:
    client.renew()
    publisher.publish((CA, revoking(RESPONDER)))
    client.renew()
    assert client.trust().responders == ()


@pytest.mark.parametrize("name", BROKEN_LISTS)
def test_i15_whatever_is_wrong_with_a_new_list_the_known_one_stays(
    publisher: TslPublisher, client: TslClient, name: str
) -> None:
    known = client.renew()
    publisher.breaks = name
    with pytest.raises(TslRefused):
        client.renew()
    assert client.known == known


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("older number", TslReason.OLDER),
        ("known number", TslReason.SAME_NUMBER),
        ("known id", TslReason.SAME_ID),
        ("issued in the future", TslReason.ISSUED_TOO_LATE),
    ],
)
def test_i15_a_broken_list_is_measured_by_the_last_one_that_was_in_order(
    publisher: TslPublisher, client: TslClient, name: str, reason: TslReason
) -> None:
    publisher.publish((CA, RESPONDER))
    publisher.publish((CA, RESPONDER))
    client.renew()
    publisher.breaks = name
    with pytest.raises(TslRefused) as refused:
        client.renew()
    assert refused.value.reason is reason


def test_i15_the_known_list_is_trusted_until_its_own_end_and_then_nobody_is(
    publisher: TslPublisher, client: TslClient, clock: Clock
) -> None:
    client.renew()
    publisher.breaks = "flipped signature"
    clock.now += timedelta(days=33)
    with pytest.raises(TslRefused, match="signature"):
        client.renew()
    client.trust(grace=timedelta(days=3))
    clock.now += timedelta(seconds=1)
    with pytest.raises(TslRefused, match="expired"):
        client.trust(grace=timedelta(days=3))


def test_f20_a_silent_place_changes_nothing(publisher: TslPublisher, clock: Clock) -> None:
    def silent(_: str) -> bytes:
        raise TslSilent("test")

    client = TslClient(URL, (publisher.anchor,), clock, fetch=silent)
    client.take(publisher.document())
    with pytest.raises(TslSilent):
        client.renew()
    assert client.trust().authorities == (CA.certificate,)


def test_after_an_announcement_a_list_under_the_new_anchor_is_taken(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder], clock: Clock
) -> None:
    new = ComponentCa.generate("GEM.TSL-CA901", NOW)
    announced = replace(CA, kind=ANCHOR_CHANGE, certificate=new.certificate, since=NOW + timedelta(days=1))
    publisher.publish((CA, RESPONDER, announced))
    client.renew()
    signer = TslSigner.generate(NOW, SignerShape(ocsp_url="http://ocsp.example/new"), ca=new)
    publisher.listing = replace(publisher.listing, signer=signer)
    responders["http://ocsp.example/new"] = OcspResponder(SCENE.scene.signer, new.certificate, clock)
    responders["http://ocsp.example/new"].know(signer.certificate)
    publisher.publish((CA, RESPONDER))
    with pytest.raises(TslRefused, match="signer-issuer-unknown"):
        client.renew()
    clock.now += timedelta(days=1)
    assert client.renew().anchor == new.certificate
    publisher.publish((CA, RESPONDER))
    assert client.renew().anchor == new.certificate


def test_the_signer_of_a_list_can_be_asked_about(client: TslClient, publisher: TslPublisher) -> None:
    question = client.renew().about_signer()
    assert (question.certificate, question.issuer) == (publisher.signer, publisher.anchor)
    assert question.responder_url == OCSP_URL


def test_the_signer_of_a_newer_list_is_asked_about_and_of_the_same_list_nobody_asks(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder]
) -> None:
    client.renew()
    client.renew()
    assert responders[OCSP_URL].requests == 0
    publisher.publish((CA, RESPONDER))
    assert client.renew().sequence == publisher.listing.known.sequence
    assert responders[OCSP_URL].requests == 1


def test_i15_a_list_whose_signer_is_revoked_is_refused_while_the_known_one_stays_and_after_its_end(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder], clock: Clock
) -> None:
    known = client.renew()
    responders[OCSP_URL].revoke(publisher.signer)
    for _ in range(2):
        publisher.publish((CA, RESPONDER))
        with pytest.raises(TslRefused) as refused:
            client.renew()
        assert (refused.value.step, refused.value.reason) == (11, TslReason.SIGNER_REVOKED)
        assert client.known is known
        clock.now = known.next_update + timedelta(seconds=1)


@pytest.mark.parametrize("how", ["certHash missing", "flipped signature", "foreign responder"])
def test_i15_an_answer_about_the_signer_that_proves_nothing_takes_no_list_until_the_known_one_has_ended(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder], clock: Clock, how: str
) -> None:
    known, responders[OCSP_URL].breaks = client.renew(), how
    publisher.publish((CA, RESPONDER))
    with pytest.raises(TslRefused) as refused:
        client.renew()
    assert (refused.value.step, refused.value.reason, client.known) == (11, TslReason.SIGNER_NOT_PROVEN, known)
    clock.now = known.next_update + timedelta(seconds=1)
    publisher.publish((CA, RESPONDER))
    assert client.renew() is client.known


def test_f20_while_the_responder_is_silent_no_newer_list_is_taken_until_the_known_one_has_ended(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder], clock: Clock
) -> None:
    known = client.renew()
    responders.clear()
    publisher.publish((CA, RESPONDER))
    with pytest.raises(OcspSilent):
        client.renew()
    assert client.known is known
    clock.now = known.next_update + timedelta(seconds=1)
    publisher.publish((CA, RESPONDER))
    assert client.renew() is not known


def test_i15_an_ocsp_signer_that_only_the_new_list_names_cannot_speak_for_the_signer_of_that_list(
    publisher: TslPublisher, client: TslClient, responders: dict[str, OcspResponder], clock: Clock
) -> None:
    client.renew()
    own = OcspSigner.generate(NOW)
    responders[OCSP_URL].signer = own
    publisher.publish((CA, replace(RESPONDER, certificate=own.certificate)))
    with pytest.raises(TslRefused, match="signer-not-proven"):
        client.renew()


def test_over_http_the_client_fetches_the_list_itself(publisher: TslPublisher, clock: Clock) -> None:
    with served(create_tsl_app(publisher, Line())) as url:
        assert TslClient(url, (publisher.anchor,), clock).renew().services == (CA, RESPONDER)


def test_by_a_list_that_is_outdated_nobody_is_trusted_until_a_new_one_comes(
    publisher: TslPublisher, client: TslClient
) -> None:
    client.renew()
    publisher.outdate()
    client.renew()
    with pytest.raises(TslRefused) as refused:
        client.trust()
    assert (refused.value.step, refused.value.reason) == (9, TslReason.EXPIRED)
    publisher.publish((CA, RESPONDER))
    client.renew()
    assert client.trust().authorities == (CA.certificate,)
