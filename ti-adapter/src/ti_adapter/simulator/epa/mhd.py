"""The routes of the MHD Service inside the channel, strict about headers: x-insurantid, x-useragent, X-Request-ID.

The user agent has to have a client id of 20 letters and digits here, as gematik's OpenAPI of this service still has it.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from ti_adapter.attestation import Attestation
from ti_adapter.epa.errors import EpaCode
from ti_adapter.epa.mhd.names import CONTENT, DOCUMENT_REFERENCE, FHIR_JSON, SEARCH
from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.epa.asked import asked_kvnr, check_no_query, check_request_id, refusal
from ti_adapter.simulator.epa.authorization import KeyId
from ti_adapter.simulator.epa.documents import Documents
from ti_adapter.simulator.epa.records import Records
from ti_adapter.simulator.epa.sessions import Sessions
from ti_adapter.simulator.mhd import SimulatedMhd

FORM = "application/x-www-form-urlencoded"
FORM_MAX_BYTES = 64 * 1024
_AGENT = re.compile(r"[a-zA-Z0-9]{20}/[a-zA-Z0-9.-]{1,15}")


class FhirResponse(JSONResponse):
    """JSON of FHIR."""

    media_type = FHIR_JSON


async def check_agent(request: Request) -> None:
    """The form of the user agent in the OpenAPI of this service."""
    if not _AGENT.fullmatch(request.headers.get("x-useragent", "")):
        raise refusal(EpaCode.MALFORMED_REQUEST)


async def check_accept(request: Request) -> None:
    """FHIR in JSON, which is all that is simulated."""
    wanted = {one.partition(";")[0].strip() for one in request.headers.get("accept", "*/*").split(",")}
    if not wanted & {FHIR_JSON, "*/*"}:
        raise refusal(EpaCode.NOT_ACCEPTABLE)


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of an address or a form, as they are written."""
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=100)
    except ValueError:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


async def asked_form(request: Request) -> list[tuple[str, str]]:
    """The parameters in the body of a search, or behind its path, where the OpenAPI has them."""
    body = await read_body(request, FORM_MAX_BYTES)
    if len(body) > FORM_MAX_BYTES or (body and request.headers.get("content-type") != FORM):
        raise refusal(EpaCode.MALFORMED_REQUEST)
    try:
        return [*pairs(request.url.query), *pairs(body.decode("ascii"))]
    except UnicodeDecodeError:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


AskedKvnr = Annotated[str, Depends(asked_kvnr)]
AskedForm = Annotated[list[tuple[str, str]], Depends(asked_form)]


def routes(documents: Documents, sessions: Sessions, records: Records) -> APIRouter:
    """Find Document References and Retrieve Document."""
    router = APIRouter(dependencies=[Depends(check_request_id), Depends(check_agent)])
    mhd = SimulatedMhd(documents.rules, documents.xds.told)
    fhir = [Depends(check_accept)]

    def who(key_id: bytes, kvnr: str) -> Attestation:
        return documents.institution(sessions, records, key_id, kvnr)

    @router.get(DOCUMENT_REFERENCE, dependencies=fhir)
    async def search(request: Request, key_id: KeyId, kvnr: AskedKvnr) -> Response:
        return FhirResponse(mhd.search(who(key_id, kvnr), kvnr, pairs(request.url.query)))

    @router.post(SEARCH, dependencies=fhir)
    async def search_by_form(asked: AskedForm, key_id: KeyId, kvnr: AskedKvnr) -> Response:
        return FhirResponse(mhd.search(who(key_id, kvnr), kvnr, asked))

    @router.get(f"{DOCUMENT_REFERENCE}/{{number}}", dependencies=[*fhir, Depends(check_no_query)])
    async def read(number: str, key_id: KeyId, kvnr: AskedKvnr) -> Response:
        return FhirResponse(mhd.read(who(key_id, kvnr), kvnr, number))

    @router.get(f"{CONTENT}{{name}}", dependencies=[Depends(check_no_query)])
    async def retrieve(name: str, request: Request, key_id: KeyId, kvnr: AskedKvnr) -> Response:
        accept = request.headers.get("accept", "*/*")
        content, media_type = mhd.retrieve(who(key_id, kvnr), kvnr, name, accept)
        return Response(content, headers={"content-type": media_type})

    return router
