"""The switchboard of the simulated TI over HTTP: what is wrong, who does what at a terminal, who was asked how often.

Everything here is behind the key of the environment. What is not there is 404 with the list of what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.konnektor.cards import PinResult
from ti_adapter.simulator.konnektor import SimulatedInsured
from ti_adapter.simulator.state import State
from ti_adapter.simulator.world.asked import STATUSES, Asked, Switchable
from ti_adapter.simulator.world.faults import SLOW_SECONDS, all_faults
from ti_adapter.simulator.world.patients import patients
from ti_adapter.simulator.world.site import Site
from ti_adapter.simulator.world.state import state_of
from ti_adapter.simulator.world.world import World

switchboard = APIRouter(prefix="/switchboard")


class Unknown(Exception):
    """A name that is none; `known` are those there are."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self.known = sorted(known)


class PinBody(BaseModel):
    """What somebody enters at the terminal."""

    result: PinResult = PinResult.OK


class InsuredBody(BaseModel):
    """Who an insurance card is for; dates are YYYYMMDD."""

    kvnr: str = Field(pattern=r"^[A-Z][0-9]{9}$")
    family: str = "Mustermann"
    given: str = "Erika"
    birth: str = "19640812"
    street: str | None = "Heidestraße"
    coverage_begin: str = "20190212"
    insurer: str = "109500969"


def create_switchboard(world: World, admin_key: str) -> FastAPI:
    """Switchboard and patient's side as an ASGI application."""
    app = FastAPI(title="Switchboard of the simulated TI", openapi_url=None)
    app.state.switchable = Switchable(world, all_faults(world), admin_key)
    app.include_router(switchboard)
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


async def _site(asked: Asked, name: str) -> Site:
    if name not in asked.world.sites:
        raise Unknown(asked.world.sites)
    return asked.world.sites[name]


AtSite = Annotated[Site, Depends(_site)]


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


@switchboard.post("/konnektors/{name}/restart", status_code=204)
async def restart_konnektor(site: AtSite) -> None:
    """Restart: new handles, and no PIN is verified."""
    site.konnektor.restart()


@switchboard.post("/konnektors/{name}/pin")
async def enter_pin(site: AtSite, body: PinBody) -> PinBody:
    """Somebody enters the PIN of the institution's card at the terminal, and how that ended."""
    return PinBody(result=site.enter_pin(body.result))


@switchboard.post("/records/{number}/restart", status_code=204)
async def restart_record(asked: Asked, number: int) -> None:
    """Restart: channels and logins are gone."""
    if number not in asked.world.houses:
        raise Unknown(map(str, asked.world.houses))
    asked.world.houses[number].restart()


@switchboard.post("/cards/{name}/pull", status_code=204)
async def pull(site: AtSite) -> None:
    """Take the institution's card out."""
    site.pull()


@switchboard.post("/cards/{name}/insert", status_code=204)
async def insert(site: AtSite) -> None:
    """Put it in again; its PIN is not verified then."""
    site.insert()


@switchboard.post("/cards/{name}/revoke", status_code=204)
async def revoke(site: AtSite) -> None:
    """OCSP says revoked from now on."""
    site.revoke()


@switchboard.post("/cards/{name}/expire", status_code=204)
async def expire(site: AtSite) -> None:
    """Exchange the card for one whose certificate has ended."""
    site.exchange(expired=True)


@switchboard.post("/cards/{name}/exchange", status_code=204)
async def exchange(site: AtSite) -> None:
    """Exchange the card for a new one that is in order."""
    site.exchange()


@switchboard.post("/egk/{name}", status_code=204)
async def insert_egk(site: AtSite, body: InsuredBody) -> None:
    """A patient puts an insurance card in."""
    site.insert_egk(SimulatedInsured(**body.model_dump()))


@switchboard.delete("/egk/{name}", status_code=204)
async def pull_egk(site: AtSite) -> None:
    """The patient takes it back."""
    site.pull_egk()


@switchboard.post("/popp/{name}")
async def popp_token(asked: Asked, site: AtSite, body: InsuredBody) -> dict[str, str]:
    """The patient was there, says the PoPP service: a token for the institution."""
    planned, popp = site.planned, asked.world.popp
    claims = popp.claims(body.kvnr, planned.telematik_id, planned.profession_oid, site.konnektor.clock())
    return {"token": popp.token(claims)}


@switchboard.post("/tsl/outdated", status_code=204)
async def outdate_tsl(asked: Asked) -> None:
    """A new list, past its nextUpdate."""
    asked.world.authorities.publisher.outdate()


@switchboard.post("/tsl/renewed", status_code=204)
async def renew_tsl(asked: Asked) -> None:
    """A new list that is in order."""
    publisher = asked.world.authorities.publisher
    publisher.publish(publisher.listing.services)
