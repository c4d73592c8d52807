"""The simulated IDP over HTTP, at the paths of the reference server.

Faults are switched by `PUT` and `DELETE /simulator/faults/{place}/{name}`, behind a key that only the demo or a test
knows. All routes run on the one event loop, and the state needs no lock.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from ti_adapter.idp.request import Registration
from ti_adapter.pki import TrustList
from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.idp.asked import FORM_MAX_BYTES, fields
from ti_adapter.simulator.idp.identity import IdpIdentity
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.idp.refusal import Code, Refusal
from ti_adapter.simulator.idp.switch import Switch
from ti_adapter.simulator.revocation import IsRevoked, never_revoked

_FORM = "application/x-www-form-urlencoded"
_NEVER_KEPT = {"cache-control": "no-store", "pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Simulation:
    """What stands behind the routes."""

    service: IdpService
    switch: Switch
    admin_key: str


def create_app(
    identity: IdpIdentity,
    trust: TrustList,
    clients: Sequence[Registration],
    admin_key: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    is_revoked: IsRevoked = never_revoked,
) -> FastAPI:
    """The whole simulated IDP as an ASGI application; `trust` says whose cards may log in, and OCSP whose do not."""
    app = FastAPI(title="Simulated IDP", openapi_url=None)
    switch = Switch()
    service = IdpService(identity, trust, clients, switch, clock, is_revoked=is_revoked)
    app.state.simulation = Simulation(service, switch, admin_key)
    app.include_router(published)
    app.include_router(logins)
    app.include_router(switches)
    app.add_exception_handler(Refusal, _refusal)
    app.middleware("http")(_unwell)
    return app


async def _refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    body = refusal.body(request.app.state.simulation.service.clock())
    if not refusal.redirect:
        return JSONResponse(body, 403 if refusal.code is Code.TURNED_AWAY else 400, _NEVER_KEPT)
    said = {name: str(value) for name, value in body.items()} | {"state": refusal.state}
    return RedirectResponse(f"{refusal.redirect}?{urlencode(said)}", 302, _NEVER_KEPT)


async def _unwell(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    """What happens to every call but those of the switchboard while a fault of the whole service is on."""
    switch: Switch = request.app.state.simulation.switch
    if request.url.path.startswith(switches.prefix):
        return await proceed(request)
    if switch.has("service", "slow"):
        await asyncio.sleep(switch.slow_seconds)
    if switch.has("service", "down"):
        return Response(status_code=503)
    if switch.has("service", "internal-error"):
        return JSONResponse(Refusal(Code.SERVER).body(datetime.now(UTC)), 500)
    if switch.has("service", "page"):
        return HTMLResponse("<html>TEST-ONLY</html>")
    if switch.has("service", "moved"):
        return RedirectResponse("https://other.example/", 302)
    if switch.has("service", "huge"):
        return Response(bytes(1 << 20))
    return await proceed(request)


def _simulation(request: Request, user_agent: Annotated[str, Header()] = "") -> Simulation:
    """The real IDP refuses whoever does not say what it is."""
    if not user_agent:
        raise Refusal(Code.TURNED_AWAY)
    simulation: Simulation = request.app.state.simulation
    return simulation


async def _form(request: Request) -> dict[str, str]:
    body = await read_body(request, FORM_MAX_BYTES)
    is_form = request.headers.get("content-type", "").partition(";")[0] == _FORM
    if len(body) > FORM_MAX_BYTES or not is_form or not body.isascii():
        return {}
    return fields(body.decode("ascii"))


def _url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


Simulated = Annotated[Simulation, Depends(_simulation)]
Form = Annotated[dict[str, str], Depends(_form)]
Url = Annotated[str, Depends(_url)]

published = APIRouter()
logins = APIRouter()
switches = APIRouter(prefix="/simulator/faults")


@published.get("/.well-known/openid-configuration")
async def discovery(simulation: Simulated, url: Url) -> Response:
    """The signed discovery document."""
    return Response(simulation.service.discovery(url), headers=_NEVER_KEPT, media_type="application/jwt")


@published.get("/idpSig/jwk.json")
async def signing_key(simulation: Simulated) -> Response:
    """PUK_IDP_SIG."""
    return Response(simulation.switch.key(simulation.service.identity), media_type="application/json")


@published.get("/idpEnc/jwk.json")
async def encryption_key(simulation: Simulated) -> dict[str, object]:
    """PUK_IDP_ENC."""
    return simulation.service.identity.encryption_jwk()


@logins.get("/sign_response")
async def challenge(request: Request, simulation: Simulated, url: Url) -> Response:
    """A challenge for an authorization request."""
    token = simulation.service.challenge(fields(request.url.query), url)
    consent: dict[str, object] = {"requested_scopes": {}, "requested_claims": {}}
    return JSONResponse({"challenge": token, "user_consent": consent}, headers=_NEVER_KEPT)


@logins.post("/sign_response")
async def authenticate(simulation: Simulated, form: Form) -> Response:
    """A code for a challenge that a card has signed."""
    location = simulation.service.redirect(form.get("signed_challenge", ""))
    return Response(status_code=302, headers={**_NEVER_KEPT, "location": location})


@logins.post("/token")
async def exchange(simulation: Simulated, form: Form, url: Url) -> Response:
    """Tokens for a code."""
    return Response(simulation.service.exchange(form, url), headers=_NEVER_KEPT, media_type="application/json")


def _switch(request: Request, x_admin_key: Annotated[str, Header()] = "") -> Switch:
    simulation: Simulation = request.app.state.simulation
    if not secrets.compare_digest(x_admin_key.encode(), simulation.admin_key.encode()):
        raise Refusal(Code.CLIENT)
    return simulation.switch


Switched = Annotated[Switch, Depends(_switch)]


@switches.put("/{place}/{name}", status_code=204)
async def switch_on(switch: Switched, place: str, name: str) -> Response:
    """Switch a fault on."""
    try:
        switch.on(f"{place}/{name}")
    except LookupError:
        return Response(status_code=404)
    return Response(status_code=204)


@switches.delete("/{place}/{name}", status_code=204)
async def switch_off(switch: Switched, place: str, name: str) -> None:
    """Switch a fault off."""
    switch.off(f"{place}/{name}")
