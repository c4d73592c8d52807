"""The switchboard of the simulated TI over HTTP: what is wrong, and who was asked how often; `terminals` beside it.

Everything here is behind the key of the environment. What is not there is 404 with the list of what there is.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.state import State
from ti_adapter.simulator.world.asked import STATUSES, Asked, Switchable, Unknown
from ti_adapter.simulator.world.faults import SLOW_SECONDS, all_faults
from ti_adapter.simulator.world.patients import patients
from ti_adapter.simulator.world.state import state_of
from ti_adapter.simulator.world.terminals import terminals
from ti_adapter.simulator.world.world import World

switchboard = APIRouter(prefix="/switchboard")


def create_switchboard(world: World, admin_key: str) -> FastAPI:
    """Switchboard and patient's side as an ASGI application."""
    app = FastAPI(title="Switchboard of the simulated TI", openapi_url=None)
    app.state.switchable = Switchable(world, all_faults(world), admin_key)
    app.include_router(switchboard)
    app.include_router(terminals)
    app.include_router(patients)
    app.add_exception_handler(RecordRefused, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Unknown, _unknown)
    app.add_exception_handler(LookupError, _not_there)
    return app


async def _refused(_: Request, why: Exception) -> Response:
    assert isinstance(why, RecordRefused)
    status, detail = STATUSES[why.code]
    return JSONResponse({"errorCode": why.code, "errorDetail": detail}, status)


async def _malformed(request: Request, _: Exception) -> Response:
    """The framework's own answer would repeat what was sent."""
    return await _refused(request, RecordRefused(ErrorCode.MALFORMED_REQUEST))


async def _not_there(request: Request, _: Exception) -> Response:
    return await _refused(request, RecordRefused(ErrorCode.STATUS_MISMATCH))


async def _unknown(_: Request, why: Exception) -> Response:
    assert isinstance(why, Unknown)
    return JSONResponse({"errorCode": ErrorCode.NO_RESOURCE, "known": why.known}, 404)


@switchboard.get("")
async def state(asked: Asked) -> State:
    """What is on, and what was counted."""
    return state_of(asked.world, asked.faults)


@switchboard.put("/faults/{service}/{fault:path}", status_code=204)
async def switch_on(asked: Asked, service: str, fault: str, seconds: float = SLOW_SECONDS) -> None:
    """Let something be wrong from now on; `seconds` is how slow `slow` is."""
    _switch(asked, service, fault, is_on=True, seconds=seconds)


@switchboard.delete("/faults/{service}/{fault:path}", status_code=204)
async def switch_off(asked: Asked, service: str, fault: str) -> None:
    """Let it be right again."""
    _switch(asked, service, fault, is_on=False)


def _switch(asked: Switchable, service: str, fault: str, *, is_on: bool, seconds: float = SLOW_SECONDS) -> None:
    faults = asked.faults.get(service)
    if faults is None:
        raise Unknown(asked.faults)
    try:
        faults.switch(fault, is_on=is_on, slow_seconds=seconds)
    except LookupError:
        raise Unknown(faults.known) from None


@switchboard.post("/records/{number}/restart", status_code=204)
async def restart_record(asked: Asked, number: int) -> None:
    """Restart: channels and logins are gone."""
    if number not in asked.world.houses:
        raise Unknown(map(str, asked.world.houses))
    asked.world.houses[number].restart()


@switchboard.post("/tsl/outdated", status_code=204)
async def outdate_tsl(asked: Asked) -> None:
    """A new list, past its nextUpdate."""
    asked.world.authorities.publisher.outdate()


@switchboard.post("/tsl/renewed", status_code=204)
async def renew_tsl(asked: Asked) -> None:
    """A new list that is in order."""
    publisher = asked.world.authorities.publisher
    publisher.publish(publisher.listing.services)
