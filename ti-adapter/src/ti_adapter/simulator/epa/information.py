"""I_Information_Service 1.3.0, the provider's side: no VAU, no login."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from ti_adapter.epa import information
from ti_adapter.simulator.epa.asked import asked_kvnr
from ti_adapter.simulator.epa.records import Records


def routes(records: Records) -> APIRouter:
    """GetRecordStatus and getConsentDecisionInformation."""
    router = APIRouter()

    @router.get(information.EHR, status_code=204)
    async def record_status(kvnr: Annotated[str, Depends(asked_kvnr)]) -> None:
        records.activated(kvnr)

    @router.get(information.CONSENT_DECISIONS)
    async def consent_decisions(kvnr: Annotated[str, Depends(asked_kvnr)]) -> dict[str, list[dict[str, str]]]:
        decided = records.activated(kvnr).decisions.items()
        return {"data": [{"functionId": function, "decision": decision} for function, decision in decided]}

    return router
