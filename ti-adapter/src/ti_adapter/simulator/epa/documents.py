"""The XDS Document Service inside the VAU channel: whoever is logged in there asks, of the record in the header."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import INSTITUTION_PATH
from ti_adapter.pki import ProvenCertificate
from ti_adapter.simulator.epa.asked import asked_kvnr
from ti_adapter.simulator.epa.authorization import Authorization, KeyId
from ti_adapter.simulator.epa.records import Records
from ti_adapter.simulator.xds import SimulatedXds


def routes(xds: SimulatedXds, service: Authorization, records: Records) -> APIRouter:
    """I_Document_Management. Who is not logged in, and a record that is not activated, are refused as by REST."""
    router = APIRouter()

    @router.post(INSTITUTION_PATH)
    async def exchange(key_id: KeyId, kvnr: Annotated[str, Depends(asked_kvnr)], request: Request) -> Response:
        who = acting(service.sessions.logged_in(key_id))
        records.activated(kvnr)
        asked = request.headers.get("content-type", "")
        body, content_type = xds.answer(who, kvnr, await request.body(), asked)
        return Response(body, headers={"content-type": content_type})

    return router


def acting(who: ProvenCertificate) -> Attestation:
    """The institution that is logged in, as the rules of documents know it."""
    return Attestation(who.admission.telematik_id, who.admission.profession_oids, who.name, "")
