"""The authorization request (OpenID Connect Core, section 3.1.2.1, with PKCE, RFC 7636), in its two ways.

Either the client asks for itself and keeps the `code_verifier`; or a record system has asked (the ePA's
`send_authorization_request_sc` answers 302 with the whole address), keeps the verifier, and wants the code alone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from ti_adapter import compact
from ti_adapter.idp.errors import RequestRefused
from ti_adapter.idp.reason import Reason

URI_MAX_BYTES = 8 * 1024
OPENID = "openid"
_WANTED = frozenset(
    {"client_id", "redirect_uri", "response_type", "state", "nonce", "scope", "code_challenge", "code_challenge_method"}
)
_ALIASES = {"clientid": "client_id"}
"""The example in gematik's OpenAPI of the authorization service writes `clientid`, its text `client_id`."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How a client of ours is registered at the IDP.

    `scope` is `openid` and that of one service, with a space between; `audience` is what an access token for that
    service carries as `aud`.
    """

    client_id: str
    redirect_uri: str
    scope: str
    audience: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked for. `unknown` are parameters that a record system added; they travel on, but are not looked at."""

    uri: str = field(repr=False)
    client_id: str
    redirect_uri: str
    scope: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_challenge: str = field(repr=False)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request of our own, with the verifier that only the token endpoint is told."""

    request: AuthorizationRequest
    code_verifier: str = field(repr=False)


def begin(registration: Registration, authorization_endpoint: str) -> OwnRequest:
    """A request of our own: new state, nonce and verifier of 256 bits each."""
    verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    parameters = {
        "client_id": registration.client_id,
        "redirect_uri": registration.redirect_uri,
        "response_type": "code",
        "state": state,
        "nonce": nonce,
        "scope": registration.scope,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    return OwnRequest(_request(f"{authorization_endpoint}?{urlencode(parameters)}", parameters), verifier)


def read(uri: str, authorization_endpoint: str) -> AuthorizationRequest:
    """The request of a record system; raises `RequestRefused`.

    1. Size: at most 8 kB. 2. It goes to the authorization endpoint of the IDP whose discovery document was proven, and
    nowhere else. 3. Every parameter that belongs to a request is there, once, and not empty. 4. The response type is
    code. 5. The code challenge is one by S256, of 43 characters. 6. The scope has `openid`.
    """
    if len(uri) > URI_MAX_BYTES:
        raise RequestRefused(1, Reason.SIZE)
    endpoint, _, query = uri.partition("?")
    if endpoint != authorization_endpoint or "#" in query:
        raise RequestRefused(2, Reason.ENDPOINT)
    parameters = _parameters(query)
    if parameters["response_type"] != "code":
        raise RequestRefused(4, Reason.RESPONSE_TYPE)
    if parameters["code_challenge_method"] != "S256" or len(parameters["code_challenge"]) != 43:
        raise RequestRefused(5, Reason.CODE_CHALLENGE)
    if OPENID not in parameters["scope"].split(" "):
        raise RequestRefused(6, Reason.SCOPE)
    return _request(uri, parameters)


def code_challenge(code_verifier: str) -> str:
    """S256 of RFC 7636, section 4.2."""
    return compact.segment(hashlib.sha256(code_verifier.encode()).digest())


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, strict_parsing=True, max_num_fields=50, keep_blank_values=True, errors="strict")
    except ValueError as wrong:
        raise RequestRefused(3, Reason.PARAMETERS) from wrong
    named = [(_ALIASES.get(name, name), value) for name, value in pairs]
    parameters = dict(named)
    if len(parameters) != len(named) or not all(parameters.get(name) for name in _WANTED):
        raise RequestRefused(3, Reason.PARAMETERS)
    return parameters


def _request(uri: str, parameters: Mapping[str, str]) -> AuthorizationRequest:
    return AuthorizationRequest(
        uri,
        parameters["client_id"],
        parameters["redirect_uri"],
        parameters["scope"],
        parameters["state"],
        parameters["nonce"],
        parameters["code_challenge"],
        tuple(sorted(parameters.keys() - _WANTED)),
    )
