"""I_Authorization_Service 1.6.1, the provider's side; its requests come through `simulator.vau_app.VauApp`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ti_adapter.epa import authorization
from ti_adapter.epa.errors import EpaCode, EpaMalformed
from ti_adapter.epa.rest import json_object
from ti_adapter.simulator.epa.asked import refusal
from ti_adapter.simulator.epa.sessions import Sessions


async def asked_channel(request: Request) -> bytes:
    """Name of the keys of the channel; what comes outside of one is nobody's."""
    try:
        key_id: bytes = request.scope["extensions"]["vau"]["key_id"]
    except KeyError:
        raise refusal(EpaCode.INVALID_AUTH) from None
    return key_id


async def asked_json(request: Request) -> dict[str, object]:
    """The JSON object in the body."""
    if request.headers.get("content-type") != "application/json":
        raise refusal(EpaCode.MALFORMED_REQUEST)
    try:
        return json_object(await request.body())
    except EpaMalformed:
        raise refusal(EpaCode.MALFORMED_REQUEST) from None


KeyId = Annotated[bytes, Depends(asked_channel)]
Json = Annotated[dict[str, object], Depends(asked_json)]


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the service needs: its sessions, the IDP's address for the login of a channel, the search token."""

    sessions: Sessions
    authorization_uri: Callable[[bytes], str]
    search_token: Callable[[], str]
    clock: Callable[[], datetime]


def routes(service: Authorization) -> APIRouter:
    """VAU-Status, the login, and the search token of the directory."""
    sessions, clock = service.sessions, service.clock
    router = APIRouter()

    @router.get(authorization.STATUS)
    async def status(key_id: KeyId) -> dict[str, str]:
        who = sessions.who(key_id)
        return {
            "VAU-Type": "epa",
            "VAU-Version": "simulated",
            "User-Authentication": who.admission.telematik_id if who else "None",
            "KeyID": key_id.hex(),
            "Connection-Start": clock().astimezone(UTC).isoformat(),
        }

    @router.get(authorization.NONCE)
    async def nonce(key_id: KeyId) -> dict[str, str]:
        return {"nonce": sessions.issue_nonce(key_id, clock())}

    @router.get(authorization.AUTHORIZATION_REQUEST)
    async def authorization_request(key_id: KeyId) -> Response:
        sessions.check_open_for_login(key_id)
        return Response(status_code=302, headers={"Location": service.authorization_uri(key_id)})

    @router.post(authorization.AUTH_CODE)
    async def auth_code(key_id: KeyId, body: Json) -> dict[str, str]:
        match body:
            case {"authorizationCode": str(code), "clientAttest": str(attest)}:
                return {"vau-np": sessions.log_in(key_id, code, attest, clock())}
            case _:
                raise refusal(EpaCode.MALFORMED_REQUEST)

    @router.get(authorization.VZD_TOKEN)
    async def vzd_token(key_id: KeyId) -> dict[str, str | int]:
        sessions.logged_in(key_id)
        return {"access_token": service.search_token(), "token_type": "Bearer", "expires_in": 86_400}

    return router
