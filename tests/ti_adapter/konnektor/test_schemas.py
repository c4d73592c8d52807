"""Everything that goes over the wire, in both directions, against gematik's XSD and WSDL."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterator

import konnektor_schemas
import pytest
from konnektor_bench import CARD, EGK_CARD, INSURED, Bench, make_konnektor, running
from lxml import etree
from simulated_ti import utc_now

from ti_adapter.konnektor import CardType, CertRef, Context, KonnektorError
from ti_adapter.konnektor.names import GERROR, SOAP, SPOKEN, Service
from ti_adapter.konnektor.soap import body
from ti_adapter.simulator.konnektor import Fault
from ti_adapter.simulator.konnektor.operations import OPERATIONS

pytestmark = pytest.mark.slow

WSDL = {"w": "http://schemas.xmlsoap.org/wsdl/", "s": "http://schemas.xmlsoap.org/wsdl/soap/"}
DIGEST = hashlib.sha256(b"to be signed").digest()


def use_everything(bench: Bench) -> None:
    client, handle = bench.client(), bench.handle
    egk = bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
    client.read_vsd(egk, handle)
    client.read_vsd(egk, handle, online_check=False, receipt=False)
    bench.konnektor.faults.add(Fault.VSDM_UNREACHABLE)
    client.read_vsd(egk, handle)
    client.cards()
    client.cards(CardType.SMC_B)
    client.pin_status(handle)
    client.verify_pin(handle)
    client.certificate(handle)
    client.verify_certificate(CARD.certificate, utc_now())
    client.certificate_expirations()
    client.certificate_expirations(handle)
    client.external_authenticate(handle, DIGEST)


def use_wrongly(bench: Bench) -> None:
    client = bench.client()
    bench.konnektor.restart()
    client.pin_status(bench.handle)
    stranger = bench.client(Context("Other", "c", "w", "u"))
    for call in (
        stranger.cards,
        lambda: client.external_authenticate(bench.handle, DIGEST),
        lambda: client.pin_status(bench.handle, "PIN.CH"),
        lambda: client.certificate(bench.handle, CertRef.ENC),
        lambda: client.verify_certificate(CARD.certificate, utc_now()),
    ):
        bench.konnektor.faults.add(Fault.CERTIFICATE_REVOKED)
        try:
            call()
        except KonnektorError:
            continue
    bench.konnektor.faults.add(Fault.WARNING)
    client.cards()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    konnektor_schemas.folder()
    with running(make_konnektor()) as bench:
        use_everything(bench)
        use_wrongly(bench)
        yield bench


def test_every_request_and_every_answer_follows_gematiks_schemas(bench: Bench) -> None:
    called = [exchange for exchange in bench.exchanges if exchange.action]
    assert {exchange.action.rpartition("#")[2] for exchange in called} == {
        name for operations in OPERATIONS.values() for name in operations
    }
    for exchange in called:
        for content in (exchange.request, exchange.answer):
            message = body(content)
            if message.tag == f"{{{SOAP}}}Fault":
                message = message.find(f"detail/{{{GERROR}}}Error")
            assert konnektor_schemas.errors(message) == [], exchange.action


def test_faults_and_answers_are_both_among_what_was_held_against_the_schemas(bench: Bench) -> None:
    faults = [exchange for exchange in bench.exchanges if b"Fault>" in exchange.answer]
    assert 3 <= len(faults) < len(bench.exchanges) / 2


def test_the_schemas_find_what_is_wrong(bench: Bench) -> None:
    message = body(next(exchange.request for exchange in bench.exchanges if exchange.action.endswith("GetPinStatus")))
    message.append(message[0])
    assert konnektor_schemas.errors(message)


def test_what_is_read_from_an_egk_follows_its_schemas(bench: Bench) -> None:
    read = [body(exchange.answer) for exchange in bench.exchanges if exchange.action.endswith("#ReadVSD")]
    packed = [part for answer in read for part in answer if part.text and part.text.strip()]
    assert len(packed) == 3 * 2 + 2
    for part in packed:
        assert konnektor_schemas.errors(etree.fromstring(gzip.decompress(base64.b64decode(part.text)))) == []


def test_the_service_directory_follows_its_schema(bench: Bench) -> None:
    directory = next(exchange.answer for exchange in bench.exchanges if exchange.path == "/connector.sds")
    assert konnektor_schemas.errors(etree.fromstring(directory)) == []


@pytest.mark.parametrize("service", Service)
def test_soap_actions_and_messages_are_those_of_the_wsdl(service: Service) -> None:
    described = etree.parse(str(konnektor_schemas.wsdl(service)))
    dialect = SPOKEN[service][0]
    bound = {
        one.get("name"): one.find("s:operation", WSDL).get("soapAction")
        for one in described.iterfind("w:binding/w:operation", WSDL)
    }
    parts = {
        one.find("w:part", WSDL).get("element").rpartition(":")[2]
        for one in described.iterfind("w:message[w:part]", WSDL)
    }
    for operation in OPERATIONS[service]:
        assert dialect.action(operation) == bound[operation]
        assert {operation, f"{operation}Response"} <= parts
