"""What every route of the simulated services asks of a request, and how it says no."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse

from ti_adapter.epa.errors import EpaCode, EpaRefused
from ti_adapter.epa.values import Kvnr, UserAgent

_STATUSES: dict[EpaCode, int] = {
    EpaCode.MALFORMED_REQUEST: 400,
    EpaCode.NOT_ENTITLED: 403,
    EpaCode.INVALID_AUTH: 403,
    EpaCode.INVALID_OID: 403,
    EpaCode.INVALID_TOKEN: 403,
    EpaCode.TOKEN_REUSE: 403,
    EpaCode.NO_HEALTH_RECORD: 404,
    EpaCode.NO_RESOURCE: 404,
    EpaCode.NOT_FOUND: 404,
    EpaCode.NOT_ACCEPTABLE: 406,
    EpaCode.UNKNOWN_SEARCH_PARAMETER: 400,
    EpaCode.STATUS_MISMATCH: 409,
    EpaCode.REQUEST_MISMATCH: 409,
    EpaCode.RESOURCE_MISMATCH: 409,
    EpaCode.HCV_MISSING: 409,
    EpaCode.LOCKED: 423,
    EpaCode.INTERNAL_ERROR: 500,
}


def refusal(code: EpaCode) -> EpaRefused:
    """The refusal with the status that belongs to the code."""
    return EpaRefused(_STATUSES[code], code)


async def refused(_: Request, why: Exception) -> JSONResponse:
    """The answer that says no."""
    assert isinstance(why, EpaRefused)
    return JSONResponse({"errorCode": why.code.value, "errorDetail": str(why.advice)}, why.status)


async def check_no_query(request: Request) -> None:
    """Nothing stands behind the path."""
    if request.url.query:
        raise refusal(EpaCode.MALFORMED_REQUEST)


async def check_user_agent(request: Request) -> None:
    """`x-useragent` is there once and has its form."""
    try:
        UserAgent(_one(request, "x-useragent"))
    except ValueError:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


async def asked_kvnr(request: Request) -> str:
    """`x-insurantid`, which is there once and has its form."""
    try:
        return Kvnr(_one(request, "x-insurantid")).value
    except ValueError:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


async def check_request_id(request: Request) -> None:
    """`X-Request-ID`, which releases since 3.1.2 require, is there once and is a UUID."""
    try:
        UUID(_one(request, "x-request-id"))
    except ValueError:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


def _one(request: Request, name: str) -> str:
    values = request.headers.getlist(name)
    if len(values) != 1:
        raise refusal(EpaCode.MALFORMED_REQUEST)
    return values[0]
