"""What an interface for programs answers when it says no: problem details, or an OperationOutcome on FHIR routes."""

from __future__ import annotations

from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from linkexchange.errors import Fault, MessageFault, MethodRefused, UnknownOperation
from linkexchange.problem import MEDIA_TYPE, problem
from linkexchange.web.outcome import outcome

FHIR = "/fhir/"
_log = structlog.get_logger(__name__)


def refusal(path: str, fault: Fault) -> Response:
    """The answer to a request to this path. Under its trace id the fault stands in the log, without detail."""
    trace_id = str(uuid4())
    answer = outcome(fault, trace_id) if path.startswith(FHIR) else _problem(fault, trace_id)
    _log.info("answered with a problem", code=fault.code, status=answer.status_code, trace_id=trace_id)
    return answer


def refuse_on(app: FastAPI) -> None:
    """Have all that goes wrong on this application answered so, and nothing that the caller sent repeated."""
    app.add_exception_handler(Fault, _faulty)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _nowhere)


def _problem(fault: Fault, trace_id: str) -> Response:
    told = problem(fault, trace_id)
    return Response(told.content, told.status, headers=told.headers, media_type=MEDIA_TYPE)


async def _faulty(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Fault)
    return refusal(request.url.path, fault)


async def _malformed(request: Request, _: Exception) -> Response:
    """What is wrong is not repeated: a body may hold a token."""
    return refusal(request.url.path, MessageFault("request"))


async def _nowhere(request: Request, refused: Exception) -> Response:
    """What the router says: there is no such path, or not with this method."""
    assert isinstance(refused, HTTPException)
    known = {404: UnknownOperation(), 405: MethodRefused()}
    answer = refusal(request.url.path, known.get(refused.status_code, MessageFault("request")))
    answer.headers.update(refused.headers or {})
    return answer
