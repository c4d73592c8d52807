"""What a client asks of the simulated IDP, read strictly: each field once, and registered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from ti_adapter.idp.request import OPENID, Registration
from ti_adapter.simulator.idp.refusal import Code, Refusal

FORM_MAX_BYTES = 64 * 1024
_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def fields(text: str) -> dict[str, str]:
    """The fields of a query or of a form; one that comes twice counts as missing."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def client_of(said: Mapping[str, str], clients: Iterable[Registration]) -> Registration:
    """The registered client with the redirect address that the request names; raises `Refusal`, with no redirect."""
    if not said.get("client_id"):
        raise Refusal(Code.CLIENT_MISSING)
    if not said.get("redirect_uri"):
        raise Refusal(Code.REDIRECT_MISSING)
    of_that_name = [client for client in clients if client.client_id == said["client_id"]]
    if not of_that_name:
        raise Refusal(Code.CLIENT)
    for client in of_that_name:
        if client.redirect_uri == said["redirect_uri"]:
            return client
    raise Refusal(Code.REDIRECT)


def check_authorization(said: Mapping[str, str], client: Registration) -> None:
    """The rest of an authorization request; raises `Refusal`, with a redirect to the client."""
    state, scopes = said.get("state", ""), said.get("scope", "").split()
    for wrong, code in (
        (not state, Code.STATE_MISSING),
        (not said.get("response_type"), Code.RESPONSE_TYPE_MISSING),
        (said.get("response_type") != "code", Code.RESPONSE_TYPE),
        (not said.get("nonce"), Code.NONCE),
        (said.get("code_challenge_method") != "S256", Code.METHOD),
        (not said.get("code_challenge"), Code.CODE_CHALLENGE_MISSING),
        (not _CODE_CHALLENGE.fullmatch(said.get("code_challenge", "")), Code.CODE_CHALLENGE),
        (not scopes, Code.SCOPE_MISSING),
        (OPENID not in scopes or len(scopes) < 2, Code.SCOPE),
        (set(scopes) != set(client.scope.split()), Code.SERVICE),
    ):
        if wrong:
            raise Refusal(code, client.redirect_uri, state)


def check_exchange(said: Mapping[str, str], clients: Iterable[Registration]) -> None:
    """A token request, before its code is looked at; raises `Refusal`."""
    if not said.get("grant_type"):
        raise Refusal(Code.GRANT_TYPE_MISSING)
    if said["grant_type"] != "authorization_code":
        raise Refusal(Code.GRANT_TYPE)
    if said.get("client_id") not in {client.client_id for client in clients}:
        raise Refusal(Code.TOKEN_CLIENT)
    if not said.get("code"):
        raise Refusal(Code.CODE_MISSING)
    if not said.get("key_verifier"):
        raise Refusal(Code.KEY_VERIFIER)
