"""What people do at the institutions of the simulated TI: enter a PIN, pull a card, put an insurance card in.

A card that is not in its terminal is 409 `statusMismatch`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ti_adapter.konnektor.cards import PinResult
from ti_adapter.simulator.konnektor import SimulatedInsured
from ti_adapter.simulator.world.asked import Asked, Unknown
from ti_adapter.simulator.world.site import Site

terminals = APIRouter(prefix="/switchboard")


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


async def _site(asked: Asked, name: str) -> Site:
    if name not in asked.world.sites:
        raise Unknown(asked.world.sites)
    return asked.world.sites[name]


AtSite = Annotated[Site, Depends(_site)]


@terminals.post("/konnektors/{name}/restart", status_code=204)
async def restart_konnektor(site: AtSite) -> None:
    """Restart: new handles, and no PIN is verified."""
    site.konnektor.restart()


@terminals.post("/konnektors/{name}/pin")
async def enter_pin(site: AtSite, body: PinBody) -> PinBody:
    """Somebody enters the PIN of the institution's card at the terminal, and how that ended."""
    return PinBody(result=site.enter_pin(body.result))


@terminals.post("/cards/{name}/pull", status_code=204)
async def pull(site: AtSite) -> None:
    """Take the institution's card out."""
    site.pull()


@terminals.post("/cards/{name}/insert", status_code=204)
async def insert(site: AtSite) -> None:
    """Put it in again; its PIN is not verified then."""
    site.insert()


@terminals.post("/cards/{name}/revoke", status_code=204)
async def revoke(site: AtSite) -> None:
    """OCSP says revoked from now on."""
    site.revoke()


@terminals.post("/cards/{name}/expire", status_code=204)
async def expire(site: AtSite) -> None:
    """Exchange the card for one whose certificate has ended."""
    site.exchange(expired=True)


@terminals.post("/cards/{name}/exchange", status_code=204)
async def exchange(site: AtSite) -> None:
    """Exchange the card for a new one that is in order."""
    site.exchange()


@terminals.post("/egk/{name}", status_code=204)
async def insert_egk(site: AtSite, body: InsuredBody) -> None:
    """A patient puts an insurance card in."""
    site.insert_egk(SimulatedInsured(**body.model_dump()))


@terminals.delete("/egk/{name}", status_code=204)
async def pull_egk(site: AtSite) -> None:
    """The patient takes it back."""
    site.pull_egk()


@terminals.post("/popp/{name}")
async def popp_token(asked: Asked, site: AtSite, body: InsuredBody) -> dict[str, str]:
    """The patient was there, says the PoPP service: a token for the institution."""
    planned, popp = site.planned, asked.world.neighbours.popp
    claims = popp.claims(body.kvnr, planned.telematik_id, planned.profession_oid, site.konnektor.clock())
    return {"token": popp.token(claims)}
