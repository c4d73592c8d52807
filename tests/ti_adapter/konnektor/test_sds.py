from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_ti import utc_now

from ti_adapter.konnektor.errors import Directory, DirectoryRefused, MessageMalformed
from ti_adapter.konnektor.names import SPOKEN, Dialect, Service
from ti_adapter.konnektor.sds import Endpoint, Product, ServiceDirectory, ServiceVersion, choose, read_directory
from ti_adapter.simulator.konnektor.directory import OFFERED, directory

BASE = "https://10.0.0.5:8443/"
CARD_SERVICE = ServiceVersion(
    "CardService", "http://ws.gematik.de/conn/CardService/WSDL/v8.1", "8.1.2", "https://10.0.0.5:443/ws/cards", None
)
NEWER = replace(CARD_SERVICE, version="8.1.10", endpoint_tls="https://10.0.0.5/newer")
V82 = replace(CARD_SERVICE, namespace="http://ws.gematik.de/conn/CardService/v8.2", endpoint_tls="https://10.0.0.5/v82")
DIALECTS = SPOKEN[Service.CARD]


def chosen(*versions: ServiceVersion, base: str = BASE, rewrite: bool = False) -> Endpoint:
    listed = ServiceDirectory(Product("Konnektor", "6.0.0", "V", "C", "N"), True, False, versions)
    return choose(listed, Service.CARD, DIALECTS, base=base, rewrite=rewrite)


def refusal(*versions: ServiceVersion, base: str = BASE) -> str:
    with pytest.raises(DirectoryRefused) as refused:
        chosen(*versions, base=base)
    assert refused.value.advice
    return str(refused.value.reason)


def test_a_directory_is_read_with_its_product_and_all_its_services() -> None:
    read = read_directory(directory("https://10.0.0.5:8443", OFFERED, set(), utc_now()))
    assert (read.product.vendor_id, read.product.name) == ("SIMUL", "Simulated Konnektor")
    assert (read.tls_mandatory, read.client_aut_mandatory) == (True, False)
    assert {version.service for version in read.versions} == set(Service)


def test_the_namespace_may_be_that_of_the_wsdl_or_that_of_the_messages() -> None:
    assert chosen(CARD_SERVICE).dialect.version == "v8.1"
    assert chosen(V82).dialect == Dialect("v8.2", "http://ws.gematik.de/conn/CardService/v8.2")


def test_of_several_versions_the_highest_of_the_first_dialect_is_taken_as_numbers_and_not_as_text() -> None:
    assert chosen(V82, CARD_SERVICE, NEWER).url == "https://10.0.0.5/newer"


def test_a_version_that_is_no_number_is_the_lowest() -> None:
    assert chosen(replace(NEWER, version="latest"), CARD_SERVICE).url == CARD_SERVICE.endpoint_tls


def test_behind_a_gateway_scheme_host_and_port_are_those_that_were_configured() -> None:
    far = replace(CARD_SERVICE, endpoint_tls="http://192.168.1.1:80/ws/cards?v=1#x")
    assert chosen(far, rewrite=True).url == "https://10.0.0.5:8443/ws/cards?v=1"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://192.168.1.1/ws", Directory.OTHER_HOST),
        ("https://10.0.0.5.evil.example/ws", Directory.OTHER_HOST),
        ("https://10.0.0.5@evil.example/ws", Directory.ADDRESS),
        ("http://10.0.0.5/ws", Directory.CLEAR_TEXT),
        ("file:///etc/passwd", Directory.ADDRESS),
        ("https://[::1/ws", Directory.ADDRESS),
        ("https://10.0.0.5:99999/ws", Directory.ADDRESS),
        ("/ws", Directory.ADDRESS),
        ("https://10.0.0.5/\n", Directory.ADDRESS),
        ("https://konnektör/", Directory.ADDRESS),
        ("", Directory.ADDRESS),
    ],
)
def test_t14_an_address_that_would_lead_a_password_elsewhere_is_refused(location: str, reason: Directory) -> None:
    assert refusal(replace(CARD_SERVICE, endpoint_tls=location)) == reason


def test_a_service_or_version_that_is_not_offered_is_named_as_such() -> None:
    assert refusal() == Directory.SERVICE
    assert refusal(replace(CARD_SERVICE, namespace="http://ws.gematik.de/conn/CardService/v7.0")) == Directory.VERSION


def test_without_tls_the_plain_endpoint_is_taken_where_there_is_one() -> None:
    plain = replace(CARD_SERVICE, endpoint="http://10.0.0.5/plain")
    assert chosen(plain, base="http://10.0.0.5/").url == "http://10.0.0.5/plain"
    assert refusal(CARD_SERVICE, base="http://10.0.0.5/") == Directory.ENDPOINT


@pytest.mark.parametrize("content", [b"<html/>", b"", b"<!DOCTYPE a><a/>"])
def test_what_is_no_directory_is_malformed(content: bytes) -> None:
    with pytest.raises(MessageMalformed):
        read_directory(content)


@pytest.mark.parametrize("missing", [b"TLSMandatory", b"ServiceInformation", b"EndpointTLS", b"ProductInformation"])
def test_a_directory_that_lacks_what_its_schema_asks_for_is_malformed(missing: bytes) -> None:
    with pytest.raises(MessageMalformed):
        read_directory(directory("https://k", OFFERED, set(), utc_now()).replace(missing, b"Other"))
