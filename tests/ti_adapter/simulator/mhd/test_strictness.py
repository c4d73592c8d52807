"""What the simulated MHD Service refuses although our client would never send it."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest
from epa_bench import AGENT
from mhd_bench import KVNR, MhdBench

from ti_adapter.epa.mhd.names import CONTENT, DOCUMENT_REFERENCE, SEARCH

pytestmark = pytest.mark.slow

NUMBER = "11111111-1111-4111-8111-111111111111"
HEADERS = {
    "x-useragent": AGENT.value,
    "x-insurantid": KVNR.value,
    "x-request-id": NUMBER,
    "accept": "application/fhir+json",
}
RIGHT = {"patient.identifier": f"http://fhir.de/sid/gkv/kvid-10|{KVNR.value}", "status": "current"}


@pytest.fixture
def bench() -> MhdBench:
    bench = MhdBench()
    bench.store()
    return bench


def get(bench: MhdBench, path: str, **headers: str | None) -> tuple[int, str]:
    said = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = bench.login.rest.http.get(path, headers={name: value for name, value in said.items() if value is not None})
    return told(answer)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, "" if answer.is_success else str(answer.json()["errorCode"])


def searched(bench: MhdBench, rows: dict[str, str] | list[tuple[str, str]], **headers: str | None) -> tuple[int, str]:
    return get(bench, f"{DOCUMENT_REFERENCE}?{urlencode(rows)}", **headers)


def test_what_is_right_is_answered(bench: MhdBench) -> None:
    assert searched(bench, RIGHT) == (200, "")
    assert searched(bench, RIGHT | {"patient.identifier": KVNR.value, "_format": "application/fhir+json"}) == (200, "")
    assert searched(bench, RIGHT, accept="application/json, application/fhir+json; fhirVersion=4.0") == (200, "")
    assert searched(bench, RIGHT, accept=None) == (200, "")
    assert get(bench, f"{CONTENT}2.25.7.xml", accept="application/pdf, */*") == (200, "")


WRONG_HEADERS: dict[str, dict[str, str | None]] = {
    "no insured": {"x_insurantid": None},
    "an insured that is none": {"x_insurantid": "123"},
    "no user agent": {"x_useragent": None},
    "a user agent of the newer form": {"x_useragent": "Short-1/1.0"},
    "a user agent that is none": {"x_useragent": "x"},
    "no number of the request": {"x_request_id": None},
    "a number that is none": {"x_request_id": "7"},
}


@pytest.mark.parametrize("name", WRONG_HEADERS)
@pytest.mark.parametrize(
    "path", [f"{DOCUMENT_REFERENCE}?{urlencode(RIGHT)}", f"{DOCUMENT_REFERENCE}/{NUMBER}", f"{CONTENT}2.25.7.xml"]
)
def test_a_wrong_header_is_refused_on_every_route(bench: MhdBench, name: str, path: str) -> None:
    assert get(bench, path, **WRONG_HEADERS[name]) == (400, "malformedRequest")


WRONG: dict[str, tuple[list[tuple[str, str]], tuple[int, str]]] = {
    "no patient": ([("status", "current")], (400, "malformedRequest")),
    "no status": ([("patient.identifier", KVNR.value)], (400, "malformedRequest")),
    "nothing": ([], (400, "malformedRequest")),
    "a status that is none": ([("patient.identifier", KVNR.value), ("status", "final")], (400, "malformedRequest")),
    "another patient": ([("patient.identifier", "A123456789"), ("status", "current")], (403, "notEntitled")),
    "two patients": (
        [("patient.identifier", f"{KVNR.value},A123456789"), ("status", "current")],
        (403, "notEntitled"),
    ),
    "another kind of number": (
        [("patient.identifier", f"urn:oid:1.2|{KVNR.value}"), ("status", "current")],
        (403, "notEntitled"),
    ),
    "a parameter that nobody knows": ([*RIGHT.items(), ("x", "1")], (400, "unknownSearchParameter")),
    "a modifier": ([*RIGHT.items(), ("title:contains", "x")], (400, "unknownSearchParameter")),
    "a parameter that is not simulated": ([*RIGHT.items(), ("author.given", "Ada")], (400, "unknownSearchParameter")),
    "a parameter twice": ([*RIGHT.items(), ("type", "a"), ("type", "b")], (400, "malformedRequest")),
    "an empty parameter": ([*RIGHT.items(), ("type", "")], (400, "malformedRequest")),
    "three times": ([*RIGHT.items(), *[("creation", "ge2026-03-01")] * 3], (400, "malformedRequest")),
    "a time that is none": ([*RIGHT.items(), ("creation", "gestern")], (400, "malformedRequest")),
    "a day that is none": ([*RIGHT.items(), ("creation", "ge2026-02-30")], (400, "malformedRequest")),
    "a prefix that is none": ([*RIGHT.items(), ("creation", "ap2026-02-01")], (400, "malformedRequest")),
    "no entries at all": ([*RIGHT.items(), ("_count", "0")], (400, "malformedRequest")),
    "too many entries": ([*RIGHT.items(), ("_count", "101")], (400, "malformedRequest")),
    "a negative begin": ([*RIGHT.items(), ("_offset", "-1")], (400, "malformedRequest")),
    "two begins": ([*RIGHT.items(), ("_offset", "1,2")], (400, "malformedRequest")),
    "xml": ([*RIGHT.items(), ("_format", "application/fhir+xml")], (406, "notAcceptable")),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_search_is_refused_for_its_own_reason(bench: MhdBench, name: str) -> None:
    rows, expected = WRONG[name]
    assert searched(bench, rows) == expected


def test_bounds_of_time_hold_by_their_prefixes(bench: MhdBench) -> None:
    for bound, count in (
        ("2026-03-01", 1),
        ("2026-03-02", 0),
        ("gt2026-03-01T09:30:00Z", 0),
        ("gt2026-03-01T09:29:59Z", 1),
        ("le2026-03-01T09:30:00Z", 1),
    ):
        answer = bench.login.rest.http.get(DOCUMENT_REFERENCE, params=RIGHT | {"creation": bound}, headers=HEADERS)
        assert answer.json()["total"] == count, bound


def test_another_format_is_not_acceptable(bench: MhdBench) -> None:
    assert searched(bench, RIGHT, accept="application/fhir+xml") == (406, "notAcceptable")
    assert get(bench, f"{CONTENT}2.25.7.xml", accept="application/pdf") == (406, "notAcceptable")
    bench.store("2.25.8", b"\xff\xd8", mime_type="image/jpeg")
    assert get(bench, f"{CONTENT}2.25.8.bin", accept="*/*") == (406, "notAcceptable")


@pytest.mark.parametrize("name", ["2.25.7.pdf", "2.25.7", "2.25.70.xml", "2.25.7.XML", "x"])
def test_a_name_that_no_document_has_is_not_found(bench: MhdBench, name: str) -> None:
    assert get(bench, f"{CONTENT}{name}", accept="*/*") == (404, "notFound")


def test_nothing_stands_behind_the_path_of_one_document(bench: MhdBench) -> None:
    assert get(bench, f"{CONTENT}2.25.7.xml?x=1") == (400, "malformedRequest")
    assert get(bench, f"{DOCUMENT_REFERENCE}/{NUMBER}?_format=json") == (400, "malformedRequest")
    assert get(bench, f"{DOCUMENT_REFERENCE}/{NUMBER}") == (404, "notFound")


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (urlencode(RIGHT).encode(), FORM, 200),
        (urlencode(RIGHT).encode(), {"content-type": "application/json"}, 400),
        (urlencode(RIGHT).encode(), {}, 400),
        (b"\xff=\xff", FORM, 400),
        (b"status", FORM, 400),
        (b"status=%ff&" + urlencode(RIGHT).encode(), FORM, 400),
        (b"&".join([b"a=1"] * 101), FORM, 400),
        (b"a=" + bytes(70_000), FORM, 400),
        (b"", FORM, 400),
    ],
)
def test_a_form_is_one_and_has_bounds(bench: MhdBench, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = bench.login.rest.http.post(SEARCH, content=content, headers={**HEADERS, **headers})
    assert answer.status_code == status


def test_the_parameters_of_a_form_may_stand_in_the_address_where_the_openapi_has_them(bench: MhdBench) -> None:
    answer = bench.login.rest.http.post(f"{SEARCH}?{urlencode(RIGHT)}", headers=HEADERS)
    assert answer.json()["total"] == 1
    both = bench.login.rest.http.post(
        f"{SEARCH}?{urlencode(RIGHT)}", content=urlencode(RIGHT), headers={**HEADERS, **FORM}
    )
    assert told(both) == (400, "malformedRequest")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_nothing_is_written_this_way(bench: MhdBench, method: str) -> None:
    for path in (DOCUMENT_REFERENCE, f"{DOCUMENT_REFERENCE}/{NUMBER}", f"{CONTENT}2.25.7.xml"):
        assert bench.login.rest.http.request(method, path, headers=HEADERS).status_code == 405
