"""What answers at each listener of the simulated TI: one ASGI application for each service, in its condition."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from ti_adapter.simulator.konnektor import create_app as create_konnektor_app
from ti_adapter.simulator.ocsp_app import create_ocsp_app
from ti_adapter.simulator.tsl_publisher import create_tsl_app
from ti_adapter.simulator.vzd import create_app as create_vzd_app
from ti_adapter.simulator.world.authorities import Authorities
from ti_adapter.simulator.world.condition import Attended
from ti_adapter.simulator.world.plan import Plan
from ti_adapter.simulator.world.world import World, konnektor_name, record_name


def listeners(plan: Plan) -> dict[str, str]:
    """The scheme of every listener beside the switchboard, by its name."""
    konnektoren = {konnektor_name(one.name): "https" for one in plan.institutions}
    records = {record_name(number): "https" for number in plan.record_numbers}
    return {"ocsp": "http", "tsl": "http", "idp": "https", "vzd": "https", **records, **konnektoren}


def applications(world: World, admin_key: str) -> dict[str, ASGIApp]:
    """The application of every listener; a record system attends to its two conditions by itself."""
    authorities = world.authorities
    apps: dict[str, ASGIApp] = {
        "ocsp": _ocsp(authorities),
        "tsl": create_tsl_app(authorities.publisher, authorities.tsl_line),
        "idp": world.idp_app,
        "vzd": create_vzd_app(world.directory),
    }
    for name, site in world.sites.items():
        app = create_konnektor_app(site.konnektor, admin_key, authentication=site.authentication)
        apps[konnektor_name(name)] = app
    attended: dict[str, ASGIApp] = {name: Attended(app, world.conditions[name]) for name, app in apps.items()}
    return attended | {record_name(number): house for number, house in world.houses.items()}


def _ocsp(authorities: Authorities) -> FastAPI:
    """One responder for each CA, below a path of its own."""
    app = FastAPI(title="Simulated OCSP responders", openapi_url=None)
    for name, responder in authorities.responders.items():
        app.mount(f"/{name}", create_ocsp_app(responder, authorities.ocsp_line))
    return app
