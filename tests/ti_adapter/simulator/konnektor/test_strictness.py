"""The simulated Konnektor refuses what a real one refuses: requests written by hand."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from konnektor_bench import CARD, CONTEXT, EGK_CARD, HBA_CARD, INSURED, Bench, make_konnektor, running
from lxml import etree

from ti_adapter.konnektor import CardType
from ti_adapter.konnektor.names import CARDCMN, CCTX, CERTCMN, CONN, DSS, ECDSA_SIGNATURE, GERROR, SOAP, SPOKEN, Service

pytestmark = pytest.mark.slow

ASKING = (
    f'<CCTX:Context xmlns:CCTX="{CCTX}" xmlns:CONN="{CONN}"><CONN:MandantId>Mandant1</CONN:MandantId>'
    "<CONN:ClientSystemId>Clientsystem1</CONN:ClientSystemId><CONN:WorkplaceId>Arbeitsplatz1</CONN:WorkplaceId>{}"
    "</CCTX:Context>"
)
RIGHT = CARD.certificate.public_bytes(Encoding.DER)
USER = "<CONN:UserId>User1</CONN:UserId>"
CONTEXT_XML = ASKING.replace("{}", "")
TYPE = f'<OptionalInputs><d:SignatureType xmlns:d="{DSS}">{ECDSA_SIGNATURE}</d:SignatureType></OptionalInputs>'
RSA = TYPE.replace(ECDSA_SIGNATURE, "urn:ietf:rfc:3447")


def handle(value: str) -> str:
    return f'<c:CardHandle xmlns:c="{CONN}">{value}</c:CardHandle>'


def binary(digest: bytes, mime: str = "application/octet-stream") -> str:
    data = base64.b64encode(digest).decode()
    return f'<BinaryString><d:Base64Data xmlns:d="{DSS}" MimeType="{mime}">{data}</d:Base64Data></BinaryString>'


def pin(name: str) -> str:
    return f'<p:PinTyp xmlns:p="{CARDCMN}">{name}</p:PinTyp>'


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
        bench.konnektor.insert(HBA_CARD, CardType.HBA)
        yield bench


def send(bench: Bench, service: Service, operation: str, children: str, **changed: str) -> tuple[int, int | None]:
    """HTTP status, and the code of the fault."""
    dialect = SPOKEN[service][0]
    message = f'<{operation} xmlns="{dialect.namespace}">{children}</{operation}>'
    envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{message}</s:Body></s:Envelope>'
    headers = {"content-type": "text/xml", "soapaction": f'"{dialect.action(operation)}"', **changed}
    url = f"{bench.url}ws/{service}/{dialect.version}"
    answer = httpx.post(url, content=envelope, headers=headers, trust_env=False)
    code = etree.fromstring(answer.content).findtext(f".//{{{GERROR}}}Code")
    return answer.status_code, None if code is None else int(code)


def test_a_request_by_hand_is_answered(bench: Bench) -> None:
    assert send(bench, Service.EVENT, "GetCards", CONTEXT_XML) == (200, None)


@pytest.mark.parametrize(
    "children",
    [
        "",
        CONTEXT_XML * 2,
        CONTEXT_XML + "<Other/>",
        CONTEXT_XML.replace("Context", "Kontext"),
        CONTEXT_XML.replace("<CONN:MandantId>Mandant1</CONN:MandantId>", ""),
        CONTEXT_XML.replace("Mandant1", ""),
        CONTEXT_XML.replace("Mandant1", "<a/>"),
        ASKING.replace("{}", USER * 2),
        f'<t:CardType xmlns:t="{CARDCMN}">SMC-B</t:CardType>' + CONTEXT_XML,
    ],
    ids=["empty", "twice", "more", "other", "id missing", "id empty", "nested", "user twice", "order"],
)
def test_what_does_not_follow_the_schema_is_a_syntax_error(bench: Bench, children: str) -> None:
    assert send(bench, Service.EVENT, "GetCards", children) == (500, 4000)


@pytest.mark.parametrize(
    "changed",
    [{"soapaction": ""}, {"soapaction": '"urn:other"'}, {"content-type": "application/soap+xml"}],
    ids=["no action", "other action", "SOAP 1.2"],
)
def test_soap_action_and_content_type_are_those_of_soap_11(bench: Bench, changed: dict[str, str]) -> None:
    assert send(bench, Service.EVENT, "GetCards", CONTEXT_XML, **changed) == (500, 4000)


def test_an_operation_of_another_service_is_refused(bench: Bench) -> None:
    assert send(bench, Service.CARD, "GetCards", CONTEXT_XML) == (500, 4000)


@pytest.mark.parametrize("service", ["EventService", "Other"])
def test_a_version_that_is_not_offered_is_refused(bench: Bench, service: str) -> None:
    envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/></s:Body></s:Envelope>'
    headers = {"content-type": "text/xml"}
    answer = httpx.post(f"{bench.url}ws/{service}/v1.0", content=envelope, headers=headers, trust_env=False)
    assert (answer.status_code, b"4000" in answer.content) == (500, True)


@pytest.mark.parametrize(
    "content", [b"", b"<a/>", b"<!DOCTYPE a><a/>", b"x" * 5_000_000], ids=["none", "no SOAP", "DTD", "5 MB"]
)
def test_what_is_no_envelope_is_a_syntax_error(bench: Bench, content: bytes) -> None:
    headers = {"content-type": "text/xml"}
    answer = httpx.post(f"{bench.url}ws/EventService/v7.2", content=content, headers=headers, trust_env=False)
    assert (answer.status_code, b"4000" in answer.content) == (500, True)


@pytest.mark.parametrize(
    ("children", "code"),
    [
        (CONTEXT_XML + TYPE + binary(bytes(32)), None),
        (CONTEXT_XML + binary(bytes(32)), 4111),
        (CONTEXT_XML + RSA + binary(bytes(32)), 4111),
        (CONTEXT_XML + TYPE + binary(bytes(31)), 4000),
        (CONTEXT_XML + TYPE + binary(b"text"), 4000),
        (CONTEXT_XML + TYPE + binary(bytes(32), "text/plain"), 4000),
        (CONTEXT_XML + TYPE + binary(bytes(32)).replace("A=<", "A!<"), 4000),
        (TYPE + CONTEXT_XML + binary(bytes(32)), 4000),
    ],
    ids=["right", "no type", "RSA", "31 bytes", "text", "media type", "base64", "order"],
)
def test_only_a_sha_256_digest_is_signed_and_only_with_ecdsa(bench: Bench, children: str, code: int | None) -> None:
    answered = send(bench, Service.AUTH_SIGNATURE, "ExternalAuthenticate", handle(bench.handle) + children)
    assert answered == ((500, code) if code else (200, None))


@pytest.mark.parametrize(("card", "user", "code"), [(1, "", 4209), (2, "", 4003), (2, USER, 4085)])
def test_an_egk_signs_nothing_and_an_hba_wants_a_user_and_its_pin(
    bench: Bench, card: int, user: str, code: int
) -> None:
    bench.konnektor.contexts = (CONTEXT,)
    children = handle(bench.konnektor.cards[card].handle) + ASKING.replace("{}", user) + TYPE + binary(bytes(32))
    assert send(bench, Service.AUTH_SIGNATURE, "ExternalAuthenticate", children) == (500, code)


def test_a_handle_that_was_never_given_is_none(bench: Bench) -> None:
    children = CONTEXT_XML + handle("0" * 32) + pin("PIN.SMC")
    assert send(bench, Service.CARD, "GetPinStatus", children) == (500, 4101)


def test_a_pin_that_the_card_does_not_have_is_refused(bench: Bench) -> None:
    children = CONTEXT_XML + handle(bench.handle) + pin("PIN.QES")
    assert send(bench, Service.CARD, "GetPinStatus", children) == (500, 4072)


@pytest.mark.parametrize(("value", "answered"), [("true", (200, None)), ("1", (200, None)), ("yes", (500, 4000))])
def test_whether_to_ask_online_is_a_boolean(bench: Bench, value: str, answered: tuple[int, int | None]) -> None:
    children = f"<EhcHandle>{bench.egk}</EhcHandle><HpcHandle>{bench.handle}</HpcHandle>"
    children += f"<PerformOnlineCheck>{value}</PerformOnlineCheck><ReadOnlineReceipt>1</ReadOnlineReceipt>"
    assert send(bench, Service.VSD, "ReadVSD", children + CONTEXT_XML) == answered


@pytest.mark.parametrize(
    ("refs", "code"),
    [("", 4000), ("<CertRef>C.OTHER</CertRef>", 4149), ("<Other/>", 4000), ("<CertRef><a/></CertRef>", 4000)],
)
def test_a_reference_to_no_certificate_is_refused(bench: Bench, refs: str, code: int) -> None:
    children = handle(bench.handle) + CONTEXT_XML + f"<CertRefList>{refs}</CertRefList><Crypt>ECC</Crypt>"
    assert send(bench, Service.CERTIFICATE, "ReadCardCertificate", children) == (500, code)


@pytest.mark.parametrize(
    ("der", "time"),
    [(b"none", ""), (CARD.certificate.tbs_certificate_bytes, ""), (RIGHT, "<VerificationTime>now</VerificationTime>")],
)
def test_what_is_no_certificate_or_no_moment_is_a_syntax_error(bench: Bench, der: bytes, time: str) -> None:
    certificate = f'<c:X509Certificate xmlns:c="{CERTCMN}">{base64.b64encode(der).decode()}</c:X509Certificate>'
    assert send(bench, Service.CERTIFICATE, "VerifyCertificate", CONTEXT_XML + certificate + time) == (500, 4000)
