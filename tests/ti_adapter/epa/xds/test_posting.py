from __future__ import annotations

import httpx
import pytest
from epa_bench import AGENT, KVNR, ORIGIN

from ti_adapter.epa import EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.xds import INSTITUTION_PATH, Post, posting

SOAP = "application/soap+xml; charset=UTF-8"
REFUSAL = b'{"errorCode":"invalAuth","errorDetail":"A123456780"}'


def way(status: int, body: bytes = b"<a/>", **headers: str) -> tuple[Post, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        asked.append(request)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers=said, stream=httpx.ByteStream(body))

    client = httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(answer))
    return posting(client, AGENT, KVNR, max_bytes=1000), asked


def test_a_message_goes_to_the_service_as_it_is_and_so_comes_its_answer() -> None:
    post, (asked) = way(200, b"<b/>", content_type=SOAP)
    assert post(b"<a/>", 'multipart/related; boundary="x"') == (b"<b/>", SOAP)
    assert (str(asked[0].url), asked[0].method, asked[0].content) == (f"{ORIGIN}{INSTITUTION_PATH}", "POST", b"<a/>")
    assert asked[0].headers["content-type"] == 'multipart/related; boundary="x"'
    assert asked[0].headers["x-useragent"] == AGENT.value


def test_the_number_of_the_insured_is_in_its_header_only_and_every_request_has_a_number_of_its_own() -> None:
    post, asked = way(200, content_type=SOAP)
    post(b"<a/>", SOAP)
    post(b"<a/>", SOAP)
    assert [name for name, value in asked[0].headers.items() if KVNR.value in value] == ["x-insurantid"]
    assert KVNR.value not in str(asked[0].url)
    assert len({it.headers["x-request-id"] for it in asked}) == 2


@pytest.mark.parametrize("status", [400, 500])
def test_a_soap_fault_is_an_answer(status: int) -> None:
    post, _ = way(status, b"<fault/>", content_type=SOAP)
    assert post(b"<a/>", SOAP) == (b"<fault/>", SOAP)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (403, "application/json", EpaRefused),
        (400, "application/json", EpaRefused),
        (403, SOAP, EpaRefused),
        (500, "application/json", EpaSilent),
        (503, SOAP, EpaSilent),
        (302, SOAP, EpaMalformed),
        (204, SOAP, EpaMalformed),
    ],
)
def test_anything_else_is_no_answer_of_the_service(status: int, kind: str, error: type[Exception]) -> None:
    post, _ = way(status, REFUSAL, content_type=kind, location="https://elsewhere.example")
    with pytest.raises(error) as caught:
        post(b"<a/>", SOAP)
    assert KVNR.value not in str(caught.value)
    if isinstance(caught.value, EpaRefused):
        assert caught.value.code is EpaCode.INVALID_AUTH


def test_an_answer_beyond_the_limit_or_compressed_is_malformed() -> None:
    with pytest.raises(EpaMalformed, match="size"):
        way(200, bytes(1001), content_type=SOAP)[0](b"<a/>", SOAP)
    with pytest.raises(EpaMalformed, match="content-encoding"):
        way(200, content_type=SOAP, content_encoding="gzip")[0](b"<a/>", SOAP)


def test_a_record_system_that_cannot_be_reached_is_silent() -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("", request=request)

    client = httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(breaks))
    with pytest.raises(EpaSilent):
        posting(client, AGENT, KVNR)(b"<a/>", SOAP)
