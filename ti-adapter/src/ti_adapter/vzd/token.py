"""A registered service client, which has no card: its token for the search, asked for in two steps and kept.

1. The authorisation server (realm Service-Authenticate) gives a service token for client id and secret: OAuth 2.0
   client credentials (RFC 6749, section 4.4), as HTTP Basic (section 2.3.1).
2. The directory gives a search token for the service token: GET /service-authenticate.

    client = ServiceClient("https://auth…/realms/Service-Authenticate/…/token", Credentials("id", "secret"), clock)
    with httpx.Client(base_url="https://fhir-directory…", timeout=10) as http:
        entry = client.find(http, "1-20.1")

gematik: FHIR_VZD_HOWTO_Authenticate shows the same two steps for providers; paths and realm are those of its clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import Final
from urllib.parse import quote_plus

import httpx

from ti_adapter.vzd import search
from ti_adapter.vzd.answer import VzdRefused, ask
from ti_adapter.vzd.entry import DirectoryEntry, Resource, VzdMalformed

SERVICE_AUTHENTICATE: Final = "/service-authenticate"
MARGIN: Final = timedelta(minutes=1)
"""So long before its end a search token is no longer used."""
_LIFETIME_MAX_SECONDS: Final = 10**7


@dataclass(frozen=True, slots=True)
class Credentials:
    """What gematik gives a registered service client; the secret stands in no text."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchToken:
    """What opens the search of the FHIR-VZD, and for how long from the answer on."""

    token: str = field(repr=False)
    lifetime: timedelta


class ServiceClient:
    """For all threads of a process; `token_url` is the token endpoint of the authorisation server."""

    def __init__(self, token_url: str, credentials: Credentials, clock: Callable[[], datetime]) -> None:
        self._token_url, self._credentials, self._clock = token_url, credentials, clock
        self._kept: tuple[str, datetime] | None = None
        self._lock = Lock()

    def find(self, http: httpx.Client, telematik_id: str) -> DirectoryEntry | None:
        """As `search.find`; a token that is refused before its end is asked for anew, once."""
        token = self.token(http)
        try:
            return search.find(http, telematik_id, token)
        except VzdRefused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
        self._forget(token)
        return search.find(http, telematik_id, self.token(http))

    def token(self, http: httpx.Client) -> str:
        """The search token; `http` has the directory's origin as its `base_url`.

        Raises `VzdRefused` (the status of whichever step), `VzdSilent` and `VzdMalformed`.
        """
        with self._lock:
            if self._kept is None or self._kept[1] <= self._clock():
                asked = self._clock()
                got = search_token(http, service_token(http, self._token_url, self._credentials))
                self._kept = got.token, asked + got.lifetime - MARGIN
            return self._kept[0]

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._kept and self._kept[0] == token:
                self._kept = None


def service_token(http: httpx.Client, token_url: str, credentials: Credentials) -> str:
    """Step 1."""
    request = http.build_request("POST", token_url, data={"grant_type": "client_credentials"})
    client = httpx.BasicAuth(quote_plus(credentials.client_id), quote_plus(credentials.client_secret))
    return read(ask(http, request, client)).token


def search_token(http: httpx.Client, service_token: str) -> SearchToken:
    """Step 2."""
    headers = {"Authorization": f"Bearer {service_token}"}
    return read(ask(http, http.build_request("GET", SERVICE_AUTHENTICATE, headers=headers)))


def read(said: Resource) -> SearchToken:
    """A token as an answer names it; raises `VzdMalformed` for one that could not go into a header."""
    match said:
        case {"access_token": str(token), "token_type": str(kind), "expires_in": int(seconds)} if (
            token.isascii()
            and token.isprintable()
            and " " not in token
            and kind.lower() == "bearer"
            and 0 < seconds < _LIFETIME_MAX_SECONDS
        ):
            return SearchToken(token, timedelta(seconds=seconds))
        case _:
            raise VzdMalformed("token")
