"""Requests and answers of the MHD Service held against gematik's OpenAPI 1.0.1-b.1."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import jsonschema
import pytest
from epa_bench import check, openapi, resolved
from mhd_bench import MhdBench
from shared_data import shared
from xds_samples import CODES

from ti_adapter.epa import EpaRefused, RecordState
from ti_adapter.epa.mhd import Asking, MhdSearch
from ti_adapter.epa.mhd.search import CODES as PARAMETERS
from ti_adapter.simulator.mhd.searching import KNOWN

NAME = "mhd-client.yaml"
PREFIX = re.compile(r"^(ge|lt)")


def place(document: dict[str, Any], path: str) -> tuple[str, dict[str, str]]:
    """The path of the definition, and what its parameters are."""
    for template in sorted(document["paths"], key=lambda it: it.count("{")):
        form = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", form), path)
        if found:
            return template, found.groupdict()
    raise AssertionError(path)


def operation(document: dict[str, Any], request: httpx.Request) -> tuple[dict[str, Any], dict[str, str]]:
    template, told = place(document, request.url.path)
    return document["paths"][template][request.method.lower()], told


def said(request: httpx.Request, told: dict[str, str]) -> dict[str, dict[str, list[str]]]:
    """Values by place and name; a form counts as the query that the OpenAPI has in its place."""
    rows: dict[str, list[str]] = {}
    for name, value in [*parse_qsl(request.url.query.decode()), *parse_qsl(request.content.decode())]:
        rows.setdefault(name, []).append(value)
    headers = {name.lower(): [value] for name, value in request.headers.items()}
    return {"query": rows, "header": headers, "path": {name: [unquote(value)] for name, value in told.items()}}


def typed(schema: dict[str, Any], value: str) -> object:
    """As the schema has it; of a time with its prefix the day, since the schema knows neither of them."""
    if schema.get("format") == "date":
        return PREFIX.sub("", value)[:10]
    return int(value) if schema["type"] == "integer" else value


def check_request(document: dict[str, Any], request: httpx.Request) -> None:
    asked, told = operation(document, request)
    values = said(request, told)
    known = {"query": set[str](), "path": set[str](), "header": set[str]()}
    for parameter in (resolved(document, it) for it in asked["parameters"]):
        where, name = parameter["in"], parameter["name"]
        found = values[where].get(name.lower() if where == "header" else name, [])
        known[where].add(name)
        assert found or not parameter.get("required"), name
        for value in found:
            check(document, parameter["schema"], typed(parameter["schema"], value))
    assert values["query"].keys() <= known["query"]
    assert values["path"].keys() == known["path"]


def check_response(document: dict[str, Any], response: httpx.Response) -> None:
    answers = operation(document, response.request)[0]["responses"]
    content = resolved(document, answers[str(response.status_code)])["content"]
    kind = response.headers["content-type"]
    assert kind in content
    if kind.endswith("json"):
        check(document, content[kind]["schema"], response.json())


def held(bench: MhdBench) -> list[tuple[str, int]]:
    """Everything that went to the MHD Service, after it was held against the definition."""
    document = openapi(NAME)
    seen = [it for it in bench.login.exchanges.responses if it.request.url.path.startswith("/epa/mhd/")]
    for response in seen:
        check_request(document, response.request)
        check_response(document, response)
    return [(place(document, it.request.url.path)[0].rpartition("/")[2], it.status_code) for it in seen]


FULL = MhdSearch(
    codes=CODES,
    created_from=datetime(2026, 3, 1, tzinfo=UTC),
    created_to=datetime(2026, 3, 2, tzinfo=UTC),
    title="CT",
    text="bundle",
    unique_id="2.25.7",
    page_size=1,
)


def test_requests_and_answers_are_as_gematiks_openapi_says() -> None:
    shared("data", "gematik", "openapi")
    bench = MhdBench()
    bench.store()
    bench.store("2.25.8", b"%PDF-1.7", mime_type="application/pdf")
    for asking in Asking:
        bench.mhd(asking).find(MhdSearch(page_size=1))
        (found,) = bench.mhd(asking).find(FULL)
    bench.mhd().read(found.entry_uuid)
    for document in bench.mhd().find(MhdSearch()):
        bench.mhd().retrieve(document)
    content = "{DocumentReferenceMasterIdentifier}.{file_extension}"
    pages = ["_search"] * 3 + ["DocumentReference"] * 3
    assert held(bench) == [(name, 200) for name in [*pages, "{id}", "_search", content, content]]


def test_refusals_are_as_gematiks_openapi_says() -> None:
    shared("data", "gematik", "openapi")
    bench = MhdBench()
    bench.store()
    (found,) = bench.mhd().find(MhdSearch())
    (known,) = bench.found_by_xds()
    bench.xds().remove([known.entry_uuid])

    def refused() -> None:
        for call in (
            lambda: bench.mhd().find(MhdSearch()),
            lambda: bench.mhd().read(found.entry_uuid),
            lambda: bench.mhd().retrieve(found),
        ):
            with pytest.raises(EpaRefused):
                call()

    for call in (lambda: bench.mhd().read(found.entry_uuid), lambda: bench.mhd().retrieve(found)):
        with pytest.raises(EpaRefused, match="notFound"):
            call()
    bench.record.state = RecordState.SUSPENDED
    refused()
    bench.record.state = RecordState.UNKNOWN
    refused()
    bench.record.state = RecordState.ACTIVATED
    bench.entitle(0)
    refused()
    assert [status for _, status in held(bench)] == [200, 404, 404, *[409] * 3, *[404] * 3, *[403] * 3]


def test_what_is_no_parameter_is_seen() -> None:
    shared("data", "gematik", "openapi")
    bench = MhdBench()
    bench.mhd().find(MhdSearch())
    request = bench.requests[-1]
    for change in (b"x=1", b"status=current", b"patient.identifier=1"):
        wrong = httpx.Request(request.method, request.url, headers=request.headers, content=change)
        with pytest.raises((AssertionError, jsonschema.ValidationError)):
            check_request(openapi(NAME), wrong)


def test_every_parameter_of_ours_is_one_of_the_openapi() -> None:
    document = openapi(NAME)
    names = {it["name"] for it in document["paths"]["/epa/mhd/api/v1/fhir/DocumentReference"]["get"]["parameters"]}
    assert set(PARAMETERS.values()) <= names
    assert names >= KNOWN
