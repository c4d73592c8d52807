"""I_Authorization_Service 1.6.1, all of it inside the VAU channel: an institution logs in with its card.

One login serves one channel: who logs in again after a failure begins at step 0, since the record system has closed
the session.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

import httpx

from ti_adapter.card import Card
from ti_adapter.epa import card_token
from ti_adapter.epa.errors import EpaMalformed, EpaRefused
from ti_adapter.epa.rest import Answer, Rest
from ti_adapter.errors import ProofFailed
from ti_adapter.vzd import SearchToken, VzdMalformed, token

STATUS: Final = "/VAU-Status"
NONCE: Final = "/epa/authz/v1/getNonce"
AUTHORIZATION_REQUEST: Final = "/epa/authz/v1/send_authorization_request_sc"
AUTH_CODE: Final = "/epa/authz/v1/send_authcode_sc"
VZD_TOKEN: Final = "/epa/vzd/v1/vzdToken"  # noqa: S105

URI_MAX_BYTES: Final = 8 * 1024
_NONCE = re.compile(r"[0-9a-fA-F]{64}")
_PSEUDONYM = re.compile(r"[0-9a-fA-F]{64}")
_NOBODY = "None"
_ACTOR = re.compile(r"[1-9][0-9]?-[\x21-\x7e]+")

T = TypeVar("T")

AskIdp = Callable[[str], str]
"""The whole authorization address in, the authorization code out; raises what the IDP's client raises."""


class LoginReason(StrEnum):
    """Why a login failed, each at one step."""

    STATUS = "vau-status"
    OTHER_ACTOR = "another-institution-is-logged-in"
    NONCE_REFUSED = "nonce-refused"
    NONCE = "nonce"
    REQUEST_REFUSED = "authorization-request-refused"
    LOCATION = "authorization-address"
    CODE = "authorization-code"
    LOGIN_REFUSED = "login-refused"
    PSEUDONYM = "user-pseudonym"
    CHANNEL = "channel-has-changed"


class LoginFailed(ProofFailed):
    """A login did not come about; steps of `log_in`. `refused` is what the record system answered, if that was it."""

    subject = "login at the record system"

    def __init__(self, step: int, reason: LoginReason, refused: EpaRefused | None = None) -> None:
        super().__init__(step, reason)
        self.refused = refused


class Channel(Protocol):
    """The VAU channel that the requests travel in; `vau.transport.VauTransport` is one."""

    pseudonym: str

    @property
    def key_id(self) -> bytes:
        """Name of the keys in use."""
        ...


def log_in(rest: Rest, channel: Channel, card: Card, ask_idp: AskIdp, telematik_id: str, now: datetime) -> bool:
    """Log in, unless this institution is logged in already; True where a card signature was spent.

    0. VAU-Status: nobody is logged in on this channel, or this institution, and then nothing is to be done.
    1. The nonce of the authorization service, 64 hexadecimal digits; it is not the IDP's.
    2. The authorization request: 302, with an https address and its parameters. What they say is for step 3 to check.
    3. The authorization code, from the IDP by `ask_idp`.
    4. clientAttest: the card signs the nonce, ES256 over brainpool.
    5. Code and clientAttest for the user pseudonym.
    6. The pseudonym goes along from now on, if the channel is still that of step 0.

    Raises `LoginFailed` with the step, `EpaSilent`, `CardFailed`, and what `ask_idp` and the channel raise.
    """
    if _is_logged_in(rest, telematik_id):
        return False
    key_id = channel.key_id
    nonce = _nonce(rest)
    code = ask_idp(_authorization_address(rest))
    if not code:
        raise LoginFailed(3, LoginReason.CODE)
    attest = card_token.sign(card, {"nonce": nonce}, now)
    pseudonym = _pseudonym(rest, code, attest)
    if channel.key_id != key_id:
        raise LoginFailed(6, LoginReason.CHANNEL)
    channel.pseudonym = pseudonym
    return True


def search_token(rest: Rest) -> SearchToken:
    """getFHIRVZDtoken: needs a login. Raises as `Rest.get` does."""
    try:
        return token.read(rest.get(VZD_TOKEN).json())
    except VzdMalformed:
        raise EpaMalformed("search-token") from None


def _is_logged_in(rest: Rest, telematik_id: str) -> bool:
    said = _step(0, LoginReason.STATUS, LoginReason.STATUS, lambda: rest.get(STATUS).json()).get("User-Authentication")
    if said == _NOBODY:
        return False
    if not isinstance(said, str):
        raise LoginFailed(0, LoginReason.STATUS)
    if telematik_id not in _ACTOR.findall(said):
        raise LoginFailed(0, LoginReason.OTHER_ACTOR)
    return True


def _nonce(rest: Rest) -> str:
    said = _step(1, LoginReason.NONCE_REFUSED, LoginReason.NONCE, lambda: rest.get(NONCE).json()).get("nonce")
    if not isinstance(said, str) or not _NONCE.fullmatch(said):
        raise LoginFailed(1, LoginReason.NONCE)
    return said


def _authorization_address(rest: Rest) -> str:
    def ask() -> Answer:
        return rest.get(AUTHORIZATION_REQUEST, wanted=HTTPStatus.FOUND)

    address = _step(2, LoginReason.REQUEST_REFUSED, LoginReason.LOCATION, ask).headers.get("Location", "")
    if not _is_address(address):
        raise LoginFailed(2, LoginReason.LOCATION)
    return str(address)


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    is_whole = url.scheme == "https" and bool(url.host) and bool(url.query)
    return is_whole and not url.userinfo and not url.fragment and len(text) <= URI_MAX_BYTES


def _pseudonym(rest: Rest, code: str, attest: str) -> str:
    body = {"authorizationCode": code, "clientAttest": attest}
    answer = _step(5, LoginReason.LOGIN_REFUSED, LoginReason.PSEUDONYM, lambda: rest.post(AUTH_CODE, body).json())
    said = answer.get("vau-np")
    if not isinstance(said, str) or not _PSEUDONYM.fullmatch(said):
        raise LoginFailed(5, LoginReason.PSEUDONYM)
    return said


def _step(step: int, refusal: LoginReason, malformed: LoginReason, ask: Callable[[], T]) -> T:
    """Ask, and name the step in what goes wrong."""
    try:
        return ask()
    except EpaRefused as refused:
        raise LoginFailed(step, refusal, refused) from refused
    except EpaMalformed as wrong:
        raise LoginFailed(step, malformed) from wrong
