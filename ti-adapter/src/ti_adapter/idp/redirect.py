"""The redirect that brings the authorization code (RFC 6749, section 4.1.2), or the error of the IDP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ti_adapter.idp.errors import IdpRefused, RedirectRefused
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.request import AuthorizationRequest

LOCATION_MAX_BYTES = 32 * 1024
_CODE, _UUID = re.compile(r"-1|[0-9]{4}"), re.compile(r"[0-9A-Fa-f-]{36}")
_IGNORED = frozenset({"ssotoken"})
"""For a second login without a card, which we do not want: each login is an act of the card."""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """The code, good for a minute and for one use; `unknown` are parameters that nobody expects."""

    code: str = field(repr=False)
    unknown: tuple[str, ...] = ()


def read(location: str, request: AuthorizationRequest) -> AuthorizationCode:
    """The code in a `Location`; raises `RedirectRefused`, or `IdpRefused` where the IDP has redirected with an error.

    1. Size: at most 32 kB. 2. Its parameters can be read, none of them twice. 3. It is no error. 4. It leads to the
    redirect address of the request. 5. The state is that of the request. 6. There is a code.
    """
    if len(location) > LOCATION_MAX_BYTES:
        raise RedirectRefused(1, Reason.SIZE)
    address, said = _split(location, request.redirect_uri)
    if "error" in said:
        raise refusal(said)
    if address != request.redirect_uri:
        raise RedirectRefused(4, Reason.REDIRECT)
    if said.get("state") != request.state:
        raise RedirectRefused(5, Reason.STATE)
    if not said.get("code"):
        raise RedirectRefused(6, Reason.PARAMETERS)
    return AuthorizationCode(said["code"], tuple(sorted(said.keys() - _IGNORED - {"code", "state"})))


def refusal(said: Mapping[str, object]) -> IdpRefused:
    """The error of the IDP, from the parameters of a redirect or from the body of an answer."""
    code, uuid = str(said.get("gematik_code", "")), str(said.get("gematik_uuid", ""))
    return IdpRefused(code if _CODE.fullmatch(code) else "", uuid if _UUID.fullmatch(uuid) else "")


def _split(location: str, redirect_uri: str) -> tuple[str, dict[str, str]]:
    """A redirect address may have a query of its own, to which the IDP adds."""
    if location.startswith(f"{redirect_uri}&") and "?" in redirect_uri:
        address, query = redirect_uri, location[len(redirect_uri) + 1 :]
    else:
        address, _, query = location.partition("?")
    try:
        pairs = parse_qsl(query, strict_parsing=True, max_num_fields=50, keep_blank_values=True, errors="strict")
    except ValueError as wrong:
        raise RedirectRefused(2, Reason.PARAMETERS) from wrong
    if len(dict(pairs)) != len(pairs):
        raise RedirectRefused(2, Reason.PARAMETERS)
    return address, dict(pairs)
