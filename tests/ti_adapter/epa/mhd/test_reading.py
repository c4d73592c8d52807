"""What a page of a searchset and a DocumentReference have to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import httpx
import pytest
from epa_bench import AGENT, ORIGIN
from hypothesis import given
from hypothesis import strategies as st
from mhd_bench import KVNR, MhdBench

from ti_adapter.epa import EpaMalformed, EpaSilent, Kvnr, Rest
from ti_adapter.epa.mhd import MhdSearch, MhdService
from ti_adapter.epa.mhd.bundle import PAGE_MAX_BYTES, read_page
from ti_adapter.epa.mhd.names import from_fhir_time, scheme_of, system_of, to_fhir_time
from ti_adapter.epa.mhd.reference import read_reference

Json = dict[str, Any]
FHIR = {"content-type": "application/fhir+json"}


@cache
def _said() -> bytes:
    bench = MhdBench()
    bench.store()
    bench.store("2.25.8")
    bench.mhd().find(MhdSearch())
    return bytes(bench.login.exchanges.responses[-1].content)


def bundle() -> Json:
    loaded: Json = json.loads(_said())
    return loaded


def reference() -> Json:
    return deepcopy(bundle()["entry"][1]["resource"])


def answering(*bodies: bytes, status: int = 200, **headers: str) -> tuple[MhdService, list[httpx.Request]]:
    """A service that says one after the other, the last one for ever."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = bodies[min(len(asked), len(bodies)) - 1]
        said = {**FHIR, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.Response(status, headers=said, stream=httpx.ByteStream(body))

    http = httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(answer))
    return MhdService(Rest(http, AGENT), KVNR), asked


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(EpaMalformed) as wrong:
        call()
    assert KVNR.value not in str(wrong.value)
    return wrong.value.what


def changed(path: str, value: object) -> Json:
    """The reference with another value at a path; None takes it out."""
    said: Any = reference()
    node = said
    *before, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in before:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return dict(said)


WRONG: dict[str, tuple[str, object, str]] = {
    "another resource": ("resourceType", "Patient", "status"),
    "no resource": ("resourceType", None, "status"),
    "a status of an error": ("status", "entered-in-error", "status"),
    "a status in a list": ("status", ["current"], "status"),
    "no status": ("status", None, "status"),
    "another patient": ("subject.identifier.value", "A123456789", "subject"),
    "another kind of number": ("subject.identifier.system", "urn:oid:1.2.3", "subject"),
    "no patient": ("subject", None, "subject"),
    "a patient by reference alone": ("subject", {"reference": "Patient/1"}, "subject"),
    "no number of the document": ("masterIdentifier", None, "value"),
    "an entryUUID that is none": ("identifier.0.value", "urn:uuid:1", "identifier"),
    "no content": ("content", [], "content"),
    "two contents": ("content", [{}, {}], "content"),
    "content that is a text": ("content", "x", "element"),
    "no attachment": ("content.0.attachment", None, "contentType"),
    "no media type": ("content.0.attachment.contentType", None, "contentType"),
    "no title": ("content.0.attachment.title", None, "title"),
    "a title that is a number": ("content.0.attachment.title", 7, "title"),
    "no language": ("content.0.attachment.language", None, "language"),
    "no creation": ("content.0.attachment.creation", None, "creation"),
    "a creation without a zone": ("content.0.attachment.creation", "2026-03-01T09:30:00", "creation"),
    "a creation that is none": ("content.0.attachment.creation", "gestern", "creation"),
    "a creation before all time": ("content.0.attachment.creation", "0001-01-01T00:00:00+14:00", "creation"),
    "no format": ("content.0.format", None, "code"),
    "a format without a system": ("content.0.format.system", None, "system"),
    "no type": ("type", None, "type"),
    "no class": ("category", None, "type"),
    "a size that is negative": ("content.0.attachment.size", -1, "size"),
    "a size that is true": ("content.0.attachment.size", True, "size"),
    "no address": ("content.0.attachment.url", None, "url"),
    "an address elsewhere": ("content.0.attachment.url", "https://evil.example/2.25.7.xml", "url"),
    "an address with a query": ("content.0.attachment.url", "2.25.7.xml?x=1", "url"),
    "an address that climbs": ("content.0.attachment.url", "http://epa4all/epa/mhd/retrieve/v1/content/..xml", "url"),
    "an address with a blank": ("content.0.attachment.url", "2.25.7 .xml", "url"),
    "an address without an ending": ("content.0.attachment.url", "225", "url"),
    "an identifier without a value": ("context.related.0.identifier.value", None, "value"),
    "a begin that is none": ("context.period", {"start": "x"}, "start"),
    "a context that is a list": ("context", [], "element"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_reference_that_is_not_as_it_has_to_be_is_named_by_its_element(name: str) -> None:
    path, value, what = WRONG[name]
    assert refused(lambda: read_reference(changed(path, value), KVNR)) == what


@pytest.mark.parametrize(
    "url",
    [
        "2.25.7.xml",
        "b2d5f8db-48ca-43c4-a540-6c8f2e853913.pdf",
        "/epa/mhd/retrieve/v1/content/2.25.7.xml",
        "http://epa4all/epa/mhd/retrieve/v1/content/2.25.7.xml",
        "https://evil.example/epa/mhd/retrieve/v1/content/2.25.7.xml",
    ],
)
def test_a_document_is_asked_for_where_the_service_is_whatever_its_address_says(url: str) -> None:
    found = read_reference(changed("content.0.attachment.url", url), KVNR)
    service, asked = answering(bytes(18), content_type="application/fhir+xml")
    with pytest.raises(EpaMalformed, match=r"size|hash"):
        service.retrieve(found)
    assert str(asked[0].url) == f"{ORIGIN}/epa/mhd/retrieve/v1/content/{url.rpartition('/')[2]}"
    assert asked[0].headers["accept"] == "application/fhir+xml"


def test_a_reference_without_an_entry_uuid_of_its_own_has_its_id() -> None:
    found = read_reference(changed("identifier", None), KVNR)
    assert found.entry_uuid == f"urn:uuid:{reference()['id']}"


def test_another_patients_document_is_none_of_ours() -> None:
    assert refused(lambda: read_reference(reference(), Kvnr("A123456789"))) == "subject"


PAGES: dict[str, tuple[Callable[[Json], object], str]] = {
    "no bundle": (lambda it: it.update(resourceType="List"), "bundle"),
    "a collection": (lambda it: it.update(type="collection"), "bundle"),
    "entries that are no list": (lambda it: it.update(entry={}), "entry"),
    "an entry that is a text": (lambda it: it["entry"].append("x"), "entry"),
    "an entry without a resource": (lambda it: it["entry"].append({"fullUrl": "x"}), "entry"),
    "more than was asked for": (lambda it: it["entry"].extend(it["entry"] * 13), "entry"),
    "links that are no list": (lambda it: it.update(link="next"), "link"),
    "a total that is a text": (lambda it: it.update(total="2"), "total"),
    "a total that is true": (lambda it: it.update(total=True), "total"),
    "a total that is never reached": (lambda it: it.update(total=3, entry=[]), "total"),
    "a resource of another kind": (lambda it: it["entry"].append({"resource": {"resourceType": "Patient"}}), "status"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_none_is_refused(name: str) -> None:
    change, what = PAGES[name]
    said = bundle()
    change(said)
    assert refused(lambda: read_page(json.dumps(said).encode(), KVNR, offset=0, page_size=25)) == what


def test_a_warning_among_the_matches_is_passed_over_and_links_are_not_followed() -> None:
    said = bundle() | {"link": [{"relation": "next", "url": "https://evil.example/"}, "x", {"relation": 7}]}
    said["entry"].append({"resource": {"resourceType": "OperationOutcome", "issue": []}, "search": {"mode": "outcome"}})
    page = read_page(json.dumps(said).encode(), KVNR, offset=0, page_size=2)
    assert (len(page.documents), page.is_last) == (2, False)


def paged(*numbers: int, total: int | None = None) -> bytes:
    """A page with documents of these numbers."""
    said = bundle() | {"entry": [deepcopy(bundle()["entry"][0]) for _ in numbers]}
    said.pop("total")
    if total is not None:
        said["total"] = total
    for entry, number in zip(said["entry"], numbers, strict=True):
        entry["resource"]["identifier"][0]["value"] = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
    return json.dumps(said).encode()


def numbers(service: MhdService, size: int = 2) -> list[int]:
    return [int(one.entry_uuid.rpartition("-")[2]) for one in service.find(MhdSearch(page_size=size))]


def test_a_document_that_comes_twice_on_a_page_and_pages_without_end_are_refused() -> None:
    assert refused(lambda: answering(paged(1, 1))[0].find(MhdSearch())) == "entry"
    service, asked = answering(*(paged(count, total=1000) for count in range(201)))
    assert refused(lambda: service.find(MhdSearch(page_size=1))) == "pages"
    assert len(asked) == 200


def test_the_last_of_the_pages_that_are_read_may_be_the_last_of_all() -> None:
    service, asked = answering(*(paged(count, total=200) for count in range(200)))
    assert numbers(service, 1) == list(range(200))
    assert len(asked) == 200


def test_a_record_that_changes_between_two_pages_is_searched_anew() -> None:
    came = (paged(1, 2, total=3), paged(2, 3, total=4), paged(0, 1, total=4), paged(2, 3, total=4))
    assert numbers(answering(*came)[0]) == [0, 1, 2, 3]
    went = (paged(1, 2, total=4), paged(4, total=3), paged(2, 3, total=3), paged(4, total=3))
    assert numbers(answering(*went)[0]) == [2, 3, 4]
    both = (paged(1, 2, total=4), paged(2, 3, total=4), paged(0, 1, total=4), paged(2, 3, total=4))
    assert numbers(answering(*both)[0]) == [0, 1, 2, 3]


def test_a_record_that_changes_all_the_time_is_silent() -> None:
    service, asked = answering(*(paged(1, 2, total=3), paged(2, 3, total=3)) * 3)
    with pytest.raises(EpaSilent):
        service.find(MhdSearch(page_size=2))
    assert len(asked) == 6


def test_without_a_total_a_page_is_the_last_that_names_no_next() -> None:
    assert numbers(answering(paged(1, 2))[0]) == [1, 2]


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"content_type": "text/html"}, "content-type"),
    "xml": ({"content_type": "application/fhir+xml"}, "content-type"),
    "compressed": ({"content_encoding": "gzip"}, "content-encoding"),
    "somewhere else": ({"status": 302, "location": "https://evil.example"}, "status"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none_is_refused(name: str) -> None:
    how, what = ANSWERS[name]
    assert refused(lambda: answering(_said(), **how)[0].find(MhdSearch())) == what


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"total":1,"total":2}', b"[" * 9000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    assert refused(lambda: answering(body)[0].find(MhdSearch())) == "body"


def test_a_page_or_a_document_beyond_its_limit_is_refused() -> None:
    assert refused(lambda: answering(bytes(PAGE_MAX_BYTES + 1))[0].find(MhdSearch())) == "size"
    found = read_reference(reference(), KVNR)
    assert refused(lambda: answering(bytes(25_000_001))[0].retrieve(found)) == "size"


def test_a_document_that_is_another_than_was_found_is_refused() -> None:
    bench = MhdBench()
    bench.store()
    (found,) = bench.mhd().find(MhdSearch())
    content = bench.mhd().retrieve(found)
    kind = {"content_type": "application/fhir+xml; charset=utf-8"}
    assert answering(content, **kind)[0].retrieve(found) == content
    assert refused(lambda: answering(content, content_type="text/html")[0].retrieve(found)) == "content-type"
    assert refused(lambda: answering(content + b" ", **kind)[0].retrieve(found)) == "size"
    assert refused(lambda: answering(b"x" * len(content), **kind)[0].retrieve(found)) == "hash"


@pytest.mark.parametrize("told", ["", "yPnibUHWIkRejf1euZCDWQ==", "kein base64!"])
def test_a_digest_that_is_no_sha_1_says_nothing(told: str) -> None:
    said = changed("content.0.attachment.hash", told or None)
    del said["content"][0]["attachment"]["size"]
    found = read_reference(said, KVNR)
    assert answering(b"any", content_type="application/fhir+xml")[0].retrieve(found) == b"any"


def test_what_is_read_by_number_is_that_document() -> None:
    service, asked = answering(json.dumps(reference()).encode())
    number = f"urn:uuid:{reference()['id']}"
    assert service.read(number).entry_uuid == number
    assert refused(lambda: service.read("urn:uuid:00000000-0000-4000-8000-000000000000")) == "identifier"
    for wrong in ("", reference()["id"], "urn:uuid:../Patient", "2.25.7"):
        with pytest.raises(ValueError, match="entryUUID"):
            service.read(wrong)
    assert len(asked) == 2


@pytest.mark.parametrize("status", [500, 503])
def test_F20_a_service_that_is_silent_is_silent(status: int) -> None:  # noqa: N802
    with pytest.raises(EpaSilent):
        answering(b"", status=status)[0].find(MhdSearch())


@pytest.mark.parametrize(
    "search",
    [MhdSearch(codes={"other": ()}), MhdSearch(page_size=0), MhdSearch(page_size=101), MhdSearch(statuses=())],
)
def test_what_may_not_be_asked_is_not_asked(search: MhdSearch) -> None:
    service, asked = answering(_said())
    with pytest.raises(ValueError, match=r"code|page"):
        service.find(search)
    assert asked == []


@pytest.mark.parametrize(
    ("dtm", "said"),
    [
        ("2026", "2026"),
        ("202603", "2026-03"),
        ("20260301", "2026-03-01"),
        ("20260301093000", "2026-03-01T09:30:00Z"),
    ],
)
def test_times_are_translated_both_ways(dtm: str, said: str) -> None:
    assert (to_fhir_time(dtm), from_fhir_time(said)) == (said, dtm)


def test_times_of_other_zones_become_utc() -> None:
    assert from_fhir_time("2026-03-01T10:30:00.250+01:00") == "20260301093000"
    with pytest.raises(ValueError, match="time"):
        to_fhir_time("2026-03")


@given(st.from_regex(r"[0-2](\.(0|[1-9][0-9]{0,5})){1,8}", fullmatch=True))
def test_a_scheme_is_translated_both_ways(oid: str) -> None:
    assert scheme_of(system_of(oid)) == oid
    assert system_of("http://ihe-d.de/x") == scheme_of("http://ihe-d.de/x") == "http://ihe-d.de/x"


PATHS = st.lists(
    st.sampled_from([*reference(), *reference()["content"][0]["attachment"], "identifier", 0, 1]), max_size=5
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "code", "coding"]), inner),
    max_leaves=5,
)


@given(path=PATHS, value=VALUES)
def test_any_damaged_reference_is_a_value_or_malformed(path: list[Any], value: object) -> None:
    said: Any = reference()
    node = said
    for part in path:
        inside = isinstance(node, dict) and part in node
        if inside or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
            if part == path[-1] or not isinstance(node[part], dict | list):
                node[part] = value
                break
            node = node[part]
    try:
        read_reference(said, KVNR)
    except EpaMalformed:
        return
