"""Documents inside the channel: who asks for them and may, and the XDS Document Service.

Whoever is logged in, and how long it is entitled, say the authorization service and the entitlement management; the
rules about documents are those of `simulator.record`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ti_adapter.attestation import Attestation
from ti_adapter.epa.errors import EpaCode
from ti_adapter.epa.xds.names import INSTITUTION_PATH
from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.epa.asked import asked_kvnr, refusal
from ti_adapter.simulator.epa.authorization import KeyId
from ti_adapter.simulator.epa.records import Records
from ti_adapter.simulator.epa.sessions import Sessions
from ti_adapter.simulator.journal import acting
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.xds import FAULT, SimulatedXds

MESSAGE_MAX_BYTES = 260_000_000


@dataclass(slots=True)
class Documents:
    """What the services need: the rules over the same records, the number of the repository, and XDS, which writes."""

    rules: RecordSystem
    repository_unique_id: str
    xds: SimulatedXds = field(init=False)

    def __post_init__(self) -> None:
        self.xds = SimulatedXds(self.rules, self.repository_unique_id)

    def institution(self, sessions: Sessions, records: Records, key_id: bytes, kvnr: str) -> Attestation:
        """Who asks, of a record that is activated. Raises `EpaRefused`."""
        proven = sessions.logged_in(key_id)
        records.activated(kvnr)
        return acting(proven)


def routes(documents: Documents, sessions: Sessions, records: Records) -> APIRouter:
    """I_Document_Management."""
    router = APIRouter()

    @router.post(INSTITUTION_PATH)
    async def message(request: Request, key_id: KeyId, kvnr: Annotated[str, Depends(asked_kvnr)]) -> Response:
        who = documents.institution(sessions, records, key_id, kvnr)
        body = await read_body(request, MESSAGE_MAX_BYTES)
        if len(body) > MESSAGE_MAX_BYTES:
            raise refusal(EpaCode.MALFORMED_REQUEST)
        said, content_type = documents.xds.answer(who, kvnr, body, request.headers.get("content-type", ""))
        status = HTTPStatus.BAD_REQUEST if FAULT in content_type else HTTPStatus.OK
        return Response(said, status, {"content-type": content_type})

    return router
