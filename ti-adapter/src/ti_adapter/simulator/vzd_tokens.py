"""The simulated authorisation server of the FHIR-VZD: service tokens for registered clients, search tokens for them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ti_adapter.vzd.token import SERVICE_AUTHENTICATE

TOKEN_PATH: Final = "/auth/realms/Service-Authenticate/protocol/openid-connect/token"  # noqa: S105
SERVICE_SECONDS: Final = 300
SEARCH_SECONDS: Final = 86_400


@dataclass(slots=True)
class Tokens:
    """`clients` are secrets by client ids; a service token ends after five minutes, a search token after a day.

    While `are_clients_unknown`, nobody is a client, and no search token opens anything.
    """

    clock: Callable[[], datetime]
    clients: dict[str, str] = field(default_factory=dict, repr=False)
    are_clients_unknown: bool = False
    _service: dict[str, datetime] = field(default_factory=dict, repr=False)
    _search: dict[str, datetime] = field(default_factory=dict, repr=False)

    def for_client(self, client_id: str, secret: str) -> str | None:
        """A service token, where the secret is that of the client."""
        is_right = not self.are_clients_unknown and self.clients.get(client_id) == secret
        return self._issue(self._service, SERVICE_SECONDS) if is_right else None

    def for_service(self, service_token: str) -> str | None:
        """A search token, while the service token is good."""
        return self._issue(self._search, SEARCH_SECONDS) if self._is_good(self._service, service_token) else None

    def opens_search(self, token: str) -> bool:
        """Whether this is a search token that has not ended."""
        return not self.are_clients_unknown and self._is_good(self._search, token)

    def end_all(self) -> None:
        """None of those that were given is good any more."""
        self._service.clear()
        self._search.clear()

    def _issue(self, kept: dict[str, datetime], seconds: int) -> str:
        token = secrets.token_urlsafe(32)
        kept[token] = self.clock() + timedelta(seconds=seconds)
        return token

    def _is_good(self, kept: dict[str, datetime], token: str) -> bool:
        return token in kept and self.clock() < kept[token]


def token_router(tokens: Tokens) -> APIRouter:
    """Both steps: client credentials as HTTP Basic for a service token, and that for a search token."""
    router = APIRouter()

    @router.post(TOKEN_PATH)
    async def service(request: Request) -> JSONResponse:
        if (await request.body()) != b"grant_type=client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = tokens.for_client(*_basic(request.headers.get("authorization", "")))
        return _answer(token, SERVICE_SECONDS) if token else JSONResponse({"error": "unauthorized_client"}, 401)

    @router.get(SERVICE_AUTHENTICATE)
    async def search(request: Request) -> JSONResponse:
        scheme, _, service_token = request.headers.get("authorization", "").partition(" ")
        token = tokens.for_service(service_token) if scheme == "Bearer" else None
        return _answer(token, SEARCH_SECONDS) if token else JSONResponse({"error": "invalid_token"}, 401)

    return router


def _answer(token: str, seconds: int) -> JSONResponse:
    return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": seconds})


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (unquote_plus(client_id), unquote_plus(secret)) if scheme == "Basic" else ("", "")
