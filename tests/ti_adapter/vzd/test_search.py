from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from epa_bench import Exchanges, line

from ti_adapter.simulator.vzd import Directory, ListedOrganization, create_app
from ti_adapter.vzd import DirectoryEndpoint, DirectoryEntry, VzdMalformed, VzdRefused, VzdSilent, find
from ti_adapter.vzd.entry import PROFESSION_OID, TELEMATIK_ID
from ti_adapter.vzd.search import SERVICES

ORIGIN = "https://epa-as-1.example"
HOSPITAL = "1.2.276.0.76.4.53"
KLINIK = ListedOrganization(
    "5-2-KH.1", "Klinikum", HOSPITAL, endpoints=(("kim", "mailto:a@kim.example"), ("tim", "@a:b"))
)


def directory(*listed: ListedOrganization, page_size: int = 50) -> Directory:
    return Directory(list(listed), {"token"}, page_size)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(answer))


def saying(status: int, body: bytes, **headers: str) -> httpx.Client:
    return answering(lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)))


def bundle(*resources: object, **more: object) -> httpx.Client:
    said = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": it} for it in resources], **more}
    return saying(200, json.dumps(said).encode())


@pytest.mark.parametrize("page_size", [1, 2, 3, 50])
def test_an_active_organisation_is_found_in_pages_of_any_size(page_size: int) -> None:
    found = find(line(create_app(directory(KLINIK, page_size=page_size))), "5-2-KH.1", "token")
    endpoints = (DirectoryEndpoint("kim", "mailto:a@kim.example"), DirectoryEndpoint("tim", "@a:b"))
    assert found == DirectoryEntry("5-2-KH.1", "Klinikum", (HOSPITAL,), endpoints)


def test_who_is_not_listed_or_not_active_is_not_found() -> None:
    closed = ListedOrganization("5-2-KH.2", "Geschlossen", HOSPITAL, is_active=False)
    http = line(create_app(directory(KLINIK, closed)))
    assert [find(http, it, "token") for it in ("5-2-KH", "5-2-KH.2", "5-2-KH.11")] == [None, None, None]


def test_endpoints_that_are_not_active_are_left_out() -> None:
    off = ListedOrganization("1-1", "A", HOSPITAL, endpoints=(("kim", "mailto:a@b"),), endpoint_status="off")
    found = find(line(create_app(directory(off))), "1-1", "token")
    assert found == DirectoryEntry("1-1", "A", (HOSPITAL,), ())


@pytest.mark.parametrize(
    "telematik_id",
    ["1-a,b", "1-a|b", "1-a$b", "1-a&organization.active=false", "1-a%20#b+c", "1-a\\b", "1-" + "a" * 126],
)
def test_a_telematik_id_of_any_characters_is_searched_as_it_is(telematik_id: str) -> None:
    exchanges = Exchanges()
    listed = ListedOrganization(telematik_id, "A", HOSPITAL)
    found = find(line(create_app(directory(listed)), exchanges), telematik_id, "token")
    assert found == DirectoryEntry(telematik_id, "A", (HOSPITAL,), ())
    assert exchanges.requests[0].url.params.get_list("organization.active") == ["true"]


@pytest.mark.parametrize("telematik_id", ["", "1", "0-1", "1-", "1-a b", "1-ä", "100-1", "1-" + "a" * 127, "1-a\n"])
def test_what_is_no_telematik_id_is_never_asked(telematik_id: str) -> None:
    with pytest.raises(ValueError, match="no Telematik-ID"):
        find(saying(500, b""), telematik_id, "token")


def test_a_wrong_token_is_refused_and_stands_in_no_text() -> None:
    exchanges = Exchanges()
    with pytest.raises(VzdRefused) as refused:
        find(line(create_app(directory(KLINIK)), exchanges), "5-2-KH.1", "stolen")
    assert (refused.value.status, "stolen" in repr(refused.value), "stolen" in str(exchanges.requests[0].url)) == (
        401,
        False,
        False,
    )


WRONG = {
    "all organisations": "?organization.active=true",
    "those that are not active": "?organization.identifier=5-2-KH.1",
    "twice": "?organization.active=true&organization.active=true&organization.identifier=5-2-KH.1",
    "something unknown": "?organization.active=true&organization.identifier=5-2-KH.1&name=x",
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_the_simulated_directory_refuses_a_search_that_it_must_not_answer(query: str) -> None:
    http = line(create_app(directory(KLINIK)), authorization="Bearer token")
    assert http.get(SERVICES + query).status_code == 400


@pytest.mark.parametrize("status", [429, 500, 503])
def test_F20_a_directory_that_cannot_answer_is_silent(status: int) -> None:  # noqa: N802
    with pytest.raises(VzdSilent):
        find(saying(status, b"<html>"), "1-1", "token")


def test_F20_a_line_that_breaks_is_silence() -> None:  # noqa: N802
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(VzdSilent):
        find(answering(breaks), "1-1", "token")


@pytest.mark.parametrize("status", [302, 400, 403, 404])
def test_another_status_is_a_refusal(status: int) -> None:
    with pytest.raises(VzdRefused):
        find(saying(status, b"", Location="https://other.example"), "1-1", "token")


ORGANIZATION = {
    "resourceType": "Organization",
    "id": "o",
    "active": True,
    "name": "A",
    "identifier": [{"system": TELEMATIK_ID, "value": "1-1"}],
    "type": [{"coding": [{"system": PROFESSION_OID, "code": HOSPITAL}, {"system": "other", "code": "x"}]}],
}
SERVICE = {
    "resourceType": "HealthcareService",
    "providedBy": {"reference": f"{ORIGIN}/search/Organization/o"},
    "endpoint": [{"reference": "Endpoint/e"}],
}
ENDPOINT = {
    "resourceType": "Endpoint",
    "id": "e",
    "status": "active",
    "connectionType": {"code": "kim"},
    "address": "mailto:a@b",
}


def test_what_the_directory_should_have_filtered_is_filtered_again() -> None:
    others = [
        {**ORGANIZATION, "id": "p", "active": False},
        {**ORGANIZATION, "id": "q", "active": "true"},
        {**ORGANIZATION, "id": "r", "identifier": [{"system": TELEMATIK_ID, "value": "1-10"}]},
        {**ORGANIZATION, "id": "s", "identifier": [{"system": "urn:other", "value": "1-1"}]},
        {**ENDPOINT, "id": "f"},
        {**SERVICE, "providedBy": {"reference": "Organization/p"}, "endpoint": [{"reference": "Endpoint/f"}]},
        {**SERVICE, "active": False, "endpoint": [{"reference": "Endpoint/f"}]},
    ]
    assert find(bundle(*others), "1-1", "token") is None
    found = find(bundle(*others, ORGANIZATION, SERVICE, ENDPOINT), "1-1", "token")
    assert found == DirectoryEntry("1-1", "A", (HOSPITAL,), (DirectoryEndpoint("kim", "mailto:a@b"),))


MALFORMED = {
    "no JSON": (saying(200, b"<html>"), "body"),
    "nested without end": (saying(200, b"[" * 100_000), "body"),
    "a key twice": (saying(200, b'{"resourceType":"Bundle","type":"batch","type":"searchset"}'), "body"),
    "no number": (saying(200, b'{"resourceType":"Bundle","type":"searchset","total":NaN}'), "body"),
    "no object": (saying(200, b"[]"), "body"),
    "no bundle": (saying(200, b"{}"), "bundle"),
    "another bundle": (bundle(type="batch"), "bundle"),
    "no list of entries": (bundle(entry={}), "entry"),
    "an entry without resource": (bundle(entry=[{}]), "entry"),
    "two organisations": (bundle(ORGANIZATION, {**ORGANIZATION, "id": "p"}), "organisation-twice"),
    "no name": (bundle({**ORGANIZATION, "name": 7}), "name"),
    "an endpoint without address": (bundle(ORGANIZATION, SERVICE, {**ENDPOINT, "address": None}), "endpoint"),
    "too much": (saying(200, b" " * 1_100_000), "size"),
    "compressed": (saying(200, b"x", **{"Content-Encoding": "gzip"}), "content-encoding"),
    "pages without end": (bundle(link=[{"relation": "next", "url": "/search/HealthcareService?a"}]), "pages"),
    "a page elsewhere": (bundle(link=[{"relation": "next", "url": "https://other.example/"}]), "link"),
    "a page on another port": (bundle(link=[{"relation": "next", "url": f"{ORIGIN}:444/"}]), "link"),
    "a page in the open": (bundle(link=[{"relation": "next", "url": "http://epa-as-1.example/"}]), "link"),
    "a page nowhere": (bundle(link=[{"relation": "next", "url": "https://[x/"}]), "link"),
}


@pytest.mark.parametrize(("http", "what"), MALFORMED.values(), ids=MALFORMED)
def test_an_answer_that_is_none_is_malformed(http: httpx.Client, what: str) -> None:
    with pytest.raises(VzdMalformed, match=f"^{what}$"):
        find(http, "1-1", "token")


def test_the_token_never_goes_to_another_host_and_ten_pages_are_the_end() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        link = "https://other.example/" if len(asked) == 3 else "?next"
        said = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": link}]}
        return httpx.Response(200, json=said)

    with pytest.raises(VzdMalformed, match="link"):
        find(answering(answer), "1-1", "token")
    assert asked == ["epa-as-1.example"] * 3
