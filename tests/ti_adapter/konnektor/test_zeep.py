"""zeep as an oracle: it knows gematik's WSDL and nothing of us."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import konnektor_schemas
import pytest
import requests
import zeep
from cryptography.hazmat.primitives.serialization import Encoding
from konnektor_bench import CARD, CONTEXT, EGK_CARD, INSURED, Bench, make_konnektor, running
from lxml import etree

from ti_adapter.konnektor import CardType
from ti_adapter.konnektor.names import DIGEST_MEDIA_TYPE, ECDSA_SIGNATURE, SPOKEN, Service
from ti_adapter.konnektor.sds import choose
from ti_adapter.konnektor.signing import check_signature
from ti_adapter.konnektor.soap import body
from ti_adapter.simulator.konnektor.insured import personal

pytestmark = pytest.mark.slow

# gematik's files have entities for their own namespaces.
TRUSTING = zeep.Settings(forbid_entities=False)
DIGEST = hashlib.sha256(b"to be signed").digest()
ASKING = {
    "MandantId": CONTEXT.mandant_id,
    "ClientSystemId": CONTEXT.client_system_id,
    "WorkplaceId": CONTEXT.workplace_id,
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    konnektor_schemas.folder()
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
        yield bench


@contextmanager
def speaking(service: Service) -> Iterator[zeep.Client]:
    with requests.Session() as session:
        session.trust_env = False
        yield zeep.Client(
            str(konnektor_schemas.wsdl(service)), transport=zeep.Transport(session=session), settings=TRUSTING
        )


def arguments(operation: str, bench: Bench) -> dict[str, object]:
    """What zeep is told, in its own words."""
    handle = bench.handle
    signature = {"SignatureType": ECDSA_SIGNATURE}
    digest = {"Base64Data": {"_value_1": DIGEST, "MimeType": DIGEST_MEDIA_TYPE}}
    told: dict[str, dict[str, object]] = {
        "GetCards": {"Context": ASKING, "CardType": "SMC-B"},
        "GetPinStatus": {"Context": ASKING, "CardHandle": handle, "PinTyp": "PIN.SMC"},
        "VerifyPin": {"Context": ASKING, "CardHandle": handle, "PinTyp": "PIN.SMC"},
        "ReadCardCertificate": {
            "CardHandle": handle,
            "Context": ASKING,
            "CertRefList": {"CertRef": ["C.AUT"]},
            "Crypt": "ECC",
        },
        "ReadVSD": {
            "EhcHandle": bench.egk,
            "HpcHandle": handle,
            "PerformOnlineCheck": True,
            "ReadOnlineReceipt": True,
            "Context": ASKING,
        },
        "CheckCertificateExpiration": {"CardHandle": handle, "Context": ASKING, "Crypt": "ECC"},
        "ExternalAuthenticate": {
            "CardHandle": handle,
            "Context": ASKING,
            "OptionalInputs": signature,
            "BinaryString": digest,
        },
    }
    return told[operation]


def ask(bench: Bench, operation: str) -> None:
    client, handle = bench.client(), bench.handle
    {
        "GetCards": lambda: client.cards(CardType.SMC_B),
        "GetPinStatus": lambda: client.pin_status(handle),
        "VerifyPin": lambda: client.verify_pin(handle),
        "ReadCardCertificate": lambda: client.certificate(handle),
        "CheckCertificateExpiration": lambda: client.certificate_expirations(handle),
        "ReadVSD": lambda: client.read_vsd(bench.egk, handle),
        "ExternalAuthenticate": lambda: client.external_authenticate(handle, DIGEST),
    }[operation]()


OPERATIONS = [
    (Service.EVENT, "GetCards"),
    (Service.CARD, "GetPinStatus"),
    (Service.CARD, "VerifyPin"),
    (Service.CERTIFICATE, "ReadCardCertificate"),
    (Service.CERTIFICATE, "CheckCertificateExpiration"),
    (Service.AUTH_SIGNATURE, "ExternalAuthenticate"),
    (Service.VSD, "ReadVSD"),
]


def meant(message: etree._Element) -> list[object]:
    """Names and values, without prefixes and white space, and without an attribute that zeep writes as its default."""
    return [
        (one.tag, (one.text or "").strip(), sorted(set(one.attrib.items()) - {("mandant-wide", "false")}))
        for one in message.iter()
    ]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_zeep_would_have_sent_what_we_send(bench: Bench, service: Service, operation: str) -> None:
    ask(bench, operation)
    sent = body(bench.exchanges[-1].request)
    with speaking(service) as client:
        envelope = client.create_message(client.service, operation, **arguments(operation, bench))
    assert meant(sent) == meant(body(etree.tostring(envelope)))


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_zeep_reads_what_we_send_without_anything_left_over(bench: Bench, service: Service, operation: str) -> None:
    ask(bench, operation)
    sent = body(bench.exchanges[-1].request)
    with speaking(service) as client:
        read = client.wsdl.types.get_element(sent.tag).parse(sent, client.wsdl.types, allow_none=False)
        values = zeep.helpers.serialize_object(read, dict)
    assert "_raw_elements" not in values
    assert values["Context"] == {**ASKING, "UserId": None}


def call(bench: Bench, service: Service, operation: str) -> object:
    directory = bench.client().directory()
    endpoint = choose(directory, service, SPOKEN[service], base=bench.url, rewrite=False)
    with speaking(service) as client:
        (binding,) = client.wsdl.bindings
        return client.create_service(binding, endpoint.url)[operation](**arguments(operation, bench))


def test_zeep_calls_the_simulated_konnektor_and_reads_its_answers(bench: Bench) -> None:
    cards = call(bench, Service.EVENT, "GetCards")
    assert [card.CardHandle for card in cards.Cards.Card] == [bench.handle]
    pin = call(bench, Service.CARD, "GetPinStatus")
    assert pin.PinStatus == "VERIFIED"
    read = call(bench, Service.CERTIFICATE, "ReadCardCertificate")
    (info,) = read.X509DataInfoList.X509DataInfo
    assert info.X509Data.X509Certificate == CARD.certificate.public_bytes(Encoding.DER)
    insured = call(bench, Service.VSD, "ReadVSD")
    assert insured.PersoenlicheVersichertendaten == personal(INSURED)
    signed = call(bench, Service.AUTH_SIGNATURE, "ExternalAuthenticate")
    signature = signed.SignatureObject.Base64Signature._value_1
    check_signature(signature, DIGEST, CARD.certificate)


def test_zeep_reads_a_fault_of_the_simulated_konnektor(bench: Bench) -> None:
    bench.konnektor.faults.add("4085")
    try:
        with pytest.raises(zeep.exceptions.Fault) as fault:
            call(bench, Service.EVENT, "GetCards")
    finally:
        bench.konnektor.faults.clear()
    assert fault.value.detail.findtext(".//{*}Code") == "4085"
