"""A simulated record system behind an `httpx.Client`, and what went over it held against gematik's OpenAPI."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import jsonschema
import yaml
from shared_data import shared
from starlette.types import ASGIApp

from ti_adapter.epa import Kvnr, Rest, UserAgent

AGENT = UserAgent("ABCDEFGHIJKLMNOPQRST/0.1")
KVNR = Kvnr("A123456780")
ORIGIN = "https://epa-as-1.example"


@cache
def openapi(name: str) -> dict[str, Any]:
    """One of gematik's definitions."""
    loaded: dict[str, Any] = yaml.safe_load(shared("data", "gematik", "openapi", name).read_text())
    return loaded


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node that is meant, where it is a reference."""
    while "$ref" in node:
        place: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = place
    return node


def check(document: dict[str, Any], schema: dict[str, Any], instance: object) -> None:
    """Raises `jsonschema.ValidationError`."""
    rules = {"allOf": [schema], "components": document["components"]}
    jsonschema.Draft4Validator(rules, format_checker=jsonschema.FormatChecker()).validate(instance)


def operation(document: dict[str, Any], request: httpx.Request) -> dict[str, Any]:
    """The operation of this request, with the parameters of its path."""
    path = document["paths"][request.url.path]
    found: dict[str, Any] = path[request.method.lower()]
    return {**found, "parameters": [*path.get("parameters", []), *found.get("parameters", [])]}


def check_request(document: dict[str, Any], request: httpx.Request) -> None:
    """Headers and body of a request that should be right."""
    asked = operation(document, request)
    for parameter in (resolved(document, it) for it in asked["parameters"]):
        value = request.headers.get(parameter["name"])
        assert value is not None or not parameter.get("required"), parameter["name"]
        check(document, parameter["schema"], value)
    if "requestBody" in asked:
        schema = resolved(document, asked["requestBody"])["content"]["application/json"]["schema"]
        check(document, schema, json.loads(request.content))
    assert not request.url.query


def check_response(document: dict[str, Any], response: httpx.Response) -> None:
    """Status, content type, headers and body of any answer."""
    answers = operation(document, response.request)["responses"]
    answer = resolved(document, answers[str(response.status_code)])
    for name, header in answer.get("headers", {}).items():
        check(document, header["schema"], response.headers[name])
    if "content" in answer:
        assert response.headers["content-type"] == "application/json"
        check(document, answer["content"]["application/json"]["schema"], response.json())
    else:
        assert response.content == b""


@dataclass
class Exchanges:
    """What went over the line."""

    requests: list[httpx.Request] = field(default_factory=list)
    responses: list[httpx.Response] = field(default_factory=list)

    def check(self, name: str, *, wrong_requests: bool = False) -> None:
        """Hold all of it that belongs to this definition against it; something must."""
        document, seen = openapi(name), 0
        for response in self.responses:
            if response.request.url.path in document["paths"]:
                seen += 1
                check_response(document, response)
                wrong_requests or check_request(document, response.request)
        assert seen, name


def line(app: ASGIApp, exchanges: Exchanges | None = None, **headers: str) -> httpx.Client:
    """An `httpx.Client` whose other end is this application."""
    kept = exchanges or Exchanges()

    async def ask(request: httpx.Request) -> httpx.Response:
        within = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=within, base_url=ORIGIN) as client:
            return await client.send(request, follow_redirects=False)

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        said = asyncio.run(
            ask(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))
        )
        said.request = request
        kept.requests.append(request)
        kept.responses.append(said)
        return httpx.Response(said.status_code, headers=said.headers, stream=httpx.ByteStream(said.content))

    return httpx.Client(transport=httpx.MockTransport(answer), base_url=ORIGIN, headers=headers)


def rest(app: ASGIApp, exchanges: Exchanges | None = None) -> Rest:
    """The client of it."""
    return Rest(line(app, exchanges), AGENT)


def answering(status: int, body: bytes = b"", **headers: str) -> Rest:
    """A record system that says always the same."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)))
    return Rest(httpx.Client(base_url=ORIGIN, transport=transport), AGENT)


def broken() -> Rest:
    """A record system that cannot be reached."""

    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("", request=request)

    return Rest(httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(breaks)), AGENT)
