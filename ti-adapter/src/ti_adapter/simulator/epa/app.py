"""The simulated services as an ASGI application."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from ti_adapter.epa.errors import EpaRefused
from ti_adapter.simulator.epa import asked, information
from ti_adapter.simulator.epa.records import Records


def create_app(records: Records) -> FastAPI:
    """What a record system answers in the open: the information service."""

    async def check_up() -> None:
        records.check_up()

    common = [Depends(check_up), Depends(asked.check_user_agent)]
    app = FastAPI(title="Simulated record system", openapi_url=None, dependencies=common)
    app.include_router(information.routes(records))
    app.add_exception_handler(EpaRefused, asked.refused)
    return app
