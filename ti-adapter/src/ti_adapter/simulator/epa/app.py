"""The simulated services as ASGI applications: one in the open, one for the inside of the VAU channel."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from ti_adapter.epa.errors import EpaRefused
from ti_adapter.simulator.epa import asked, authorization, documents, entitlement, information, mhd, popp
from ti_adapter.simulator.epa.authorization import Authorization
from ti_adapter.simulator.epa.documents import Documents
from ti_adapter.simulator.epa.entitlement import Entitlements
from ti_adapter.simulator.epa.popp import PoppEntitlements
from ti_adapter.simulator.epa.records import Records


def create_app(records: Records) -> FastAPI:
    """What a record system answers in the open: the information service."""
    return _app(records, information.routes(records))


def create_inner_app(
    service: Authorization,
    entitlements: Entitlements,
    held: Documents | None = None,
    entitling: PoppEntitlements | None = None,
) -> FastAPI:
    """What it answers inside the channel, of documents and of PoPP tokens where it is told to.

    Belongs into a `vau_app.VauApp`.
    """
    records, sessions = entitlements.records, service.sessions
    routers = [authorization.routes(service), entitlement.routes(entitlements, service)]
    if entitling:
        routers.append(popp.routes(entitling, service))
    if held:
        routers.append(documents.routes(held, sessions, records))
    app = _app(records, *routers)
    if held:
        app.include_router(mhd.routes(held, sessions, records))
    return app


def _app(records: Records, *routers: APIRouter) -> FastAPI:
    async def check_up() -> None:
        records.check_up()

    common = [Depends(check_up), Depends(asked.check_user_agent)]
    app = FastAPI(title="Simulated record system", openapi_url=None, dependencies=common)
    for router in routers:
        app.include_router(router, dependencies=[Depends(asked.check_no_query)])
    app.add_exception_handler(EpaRefused, asked.refused)
    return app
