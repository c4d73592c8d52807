"""The simulated record system over HTTP.

The insured person's number travels in the header `x-insurantid`, never in a URL, as in the ePA. Errors are
`{"errorCode", "errorDetail"}`. The patient's side, which a card in a terminal or the patient's app would use, lies
under `/patient` behind a key that only the demo or a test knows.

All routes run on the one event loop and the state needs no lock.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel

from ti_adapter.attestation import Attestation
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.pki import TrustList
from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.login import Logins, OpenSession
from ti_adapter.simulator.record import Access, Entry, RecordSystem, Upload
from ti_adapter.simulator.wire import UPLOAD_MAX_BYTES, read_upload

_KVNR = re.compile(r"[A-Z][0-9]{9}")

_ANSWERS: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.MALFORMED_REQUEST: (400, "A header or the body is missing or malformed."),
    ErrorCode.INVALID_AUTH: (403, "No session, or no proof of who opens one."),
    ErrorCode.NOT_ENTITLED: (403, "No entitlement to this record."),
    ErrorCode.NO_HEALTH_RECORD: (404, "No such record."),
    ErrorCode.NO_RESOURCE: (404, "No such document."),
    ErrorCode.STATUS_MISMATCH: (409, "The document was replaced before."),
    ErrorCode.DOCUMENT_TOO_LARGE: (413, "The document is larger than 25 MB."),
    ErrorCode.DUPLICATE_DOCUMENT: (409, "A document with this uniqueId is there already."),
}


@dataclass(frozen=True, slots=True)
class Simulation:
    """What stands behind the routes."""

    logins: Logins
    records: RecordSystem
    admin_key: str


class AttestationBody(BaseModel):
    """Body of a login."""

    attestation: str


class EntitlementBody(BaseModel):
    """Who is entitled until when; names as in the ePA."""

    actorId: str  # noqa: N815
    validTo: AwareDatetime  # noqa: N815


def create_app(trust: TrustList, admin_key: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The whole simulated record system as an ASGI application."""
    app = FastAPI(title="Simulated record system", openapi_url=None)
    app.state.simulation = Simulation(Logins(trust, clock), RecordSystem(clock), admin_key)
    app.include_router(institutions)
    app.include_router(patients)
    app.add_exception_handler(RecordRefused, _refusal)
    app.add_exception_handler(RequestValidationError, _malformed)
    return app


async def _refusal(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, RecordRefused)
    status, detail = _ANSWERS[refused.code]
    return JSONResponse({"errorCode": refused.code, "errorDetail": detail}, status)


async def _malformed(request: Request, _: Exception) -> Response:
    """The framework's own answer would repeat what was sent."""
    return await _refusal(request, RecordRefused(ErrorCode.MALFORMED_REQUEST))


def _simulation(request: Request) -> Simulation:
    simulation: Simulation = request.app.state.simulation
    return simulation


Simulated = Annotated[Simulation, Depends(_simulation)]


@dataclass(frozen=True, slots=True)
class InstitutionCall:
    """A call of an institution that is logged in."""

    records: RecordSystem
    who: Attestation
    kvnr: str


@dataclass(frozen=True, slots=True)
class PatientCall:
    """A call of the patient's own side."""

    records: RecordSystem
    kvnr: str


async def _kvnr(x_insurantid: Annotated[str, Header()]) -> str:
    if not _KVNR.fullmatch(x_insurantid):
        raise RecordRefused(ErrorCode.MALFORMED_REQUEST)
    return x_insurantid


async def _institution_call(
    simulation: Simulated, kvnr: Annotated[str, Depends(_kvnr)], authorization: Annotated[str, Header()] = ""
) -> InstitutionCall:
    who = simulation.logins.institution(authorization.removeprefix("Bearer "))
    return InstitutionCall(simulation.records, who, kvnr)


async def _patient_call(
    simulation: Simulated, kvnr: Annotated[str, Depends(_kvnr)], x_admin_key: Annotated[str, Header()] = ""
) -> PatientCall:
    if not secrets.compare_digest(x_admin_key.encode(), simulation.admin_key.encode()):
        raise RecordRefused(ErrorCode.INVALID_AUTH)
    return PatientCall(simulation.records, kvnr)


async def _upload(request: Request) -> Upload:
    """What is too long the rules refuse, and the patient sees that they did."""
    return read_upload(await read_body(request, UPLOAD_MAX_BYTES))


Institution = Annotated[InstitutionCall, Depends(_institution_call)]
Patient = Annotated[PatientCall, Depends(_patient_call)]
Document = Annotated[Upload, Depends(_upload)]

institutions = APIRouter()
patients = APIRouter(prefix="/patient")


@institutions.post("/nonces", status_code=201)
async def issue_nonce(simulation: Simulated) -> dict[str, str]:
    """A nonce for one login."""
    return {"nonce": simulation.logins.issue_nonce()}


@institutions.post("/sessions", status_code=201)
async def open_session(simulation: Simulated, body: AttestationBody) -> OpenSession:
    """Log in with an attestation."""
    return simulation.logins.open(body.attestation)


@institutions.post("/documents", status_code=201)
async def store(call: Institution, document: Document) -> Entry:
    """Put a new document in."""
    return call.records.store(call.who, call.kvnr, document)


@institutions.get("/documents")
async def find(call: Institution, uniqueId: str = "") -> list[Entry]:  # noqa: N803
    """List what can be read now, newest first; the one under a uniqueId, where it is named."""
    return call.records.find(call.who, call.kvnr, unique_id=uniqueId)


@institutions.get("/documents/{entry}")
async def retrieve(call: Institution, entry: str) -> Response:
    """One document, byte for byte."""
    listed, content = call.records.retrieve(call.who, call.kvnr, entry)
    return Response(content, headers={"content-type": listed.media_type})


@institutions.post("/documents/{entry}/replacement", status_code=201)
async def replace(call: Institution, entry: str, document: Document) -> Entry:
    """Put a new version in the place of an entry."""
    return call.records.replace(call.who, call.kvnr, document, entry=entry)


@patients.post("/record", status_code=204)
async def open_record(call: Patient) -> None:
    """Have a record from now on."""
    call.records.open_record(call.kvnr)


@patients.post("/entitlements", status_code=204)
async def entitle(call: Patient, body: EntitlementBody) -> None:
    """Entitle an institution, as reading the card there does."""
    call.records.entitle(call.kvnr, body.actorId, body.validTo)


@patients.delete("/entitlements/{actor:path}", status_code=204)
async def end_entitlement(call: Patient, actor: str) -> None:
    """End an entitlement at once."""
    call.records.end_entitlement(call.kvnr, actor)


@patients.put("/hidden/{entry}", status_code=204)
async def hide(call: Patient, entry: str) -> None:
    """Hide a document from every institution."""
    call.records.hide(call.kvnr, entry)


@patients.delete("/hidden/{entry}", status_code=204)
async def unhide(call: Patient, entry: str) -> None:
    """Show it again."""
    call.records.unhide(call.kvnr, entry)


@patients.get("/accesses")
async def accesses(call: Patient) -> list[Access]:
    """Who did what when."""
    return call.records.accesses(call.kvnr)
