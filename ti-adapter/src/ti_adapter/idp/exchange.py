"""The token endpoint: the code against tokens, sealed with a key that is made for this one exchange."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from ti_adapter import compact
from ti_adapter.idp import jwe
from ti_adapter.idp.errors import AnswerRefused
from ti_adapter.idp.keys import EncryptionKey, SigningKey
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.tokens import AccessToken, Expected, IdToken, verify_access_token, verify_id_token

ANSWER_MAX_BYTES = 2 * jwe.ENVELOPE_MAX_BYTES + 1024


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The key that the IDP is to seal the tokens with, and the `key_verifier` that tells it."""

    key: bytes = field(repr=False)
    key_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Two sealed tokens; nothing is believed of them. `unknown` are members that nobody expects."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What a login is good for."""

    id_token: IdToken
    access_token: AccessToken


def make_token_key(code_verifier: str, key: EncryptionKey) -> TokenKey:
    """A new key of 256 bits, told to the IDP together with the verifier of the request."""
    token_key = secrets.token_bytes(jwe.TOKEN_KEY_BYTES)
    content = {"token_key": compact.segment(token_key), "code_verifier": code_verifier}
    return TokenKey(token_key, jwe.encrypt(compact.as_json(content), key, cty="JSON"))


def read_answer(content: bytes) -> TokenAnswer:
    """The answer of the token endpoint; raises `AnswerRefused`.

    1. Size: at most 65 kB. 2. A JSON object with no key twice. 3. Two sealed tokens, of type Bearer. `expires_in` is
    ignored on purpose: the tokens themselves say until when they are valid.
    """
    if len(content) > ANSWER_MAX_BYTES:
        raise AnswerRefused(1, Reason.SIZE)
    try:
        said = compact.json_object(content)
    except ValueError as wrong:
        raise AnswerRefused(2, Reason.FORM) from wrong
    match said:
        case {"id_token": str(id_token), "access_token": str(access_token), "token_type": str(kind), **others}:
            if kind.lower() != "bearer":
                raise AnswerRefused(3, Reason.TOKEN_TYPE)
            return TokenAnswer(id_token, access_token, tuple(sorted(others.keys() - {"expires_in"})))
        case _:
            raise AnswerRefused(3, Reason.CLAIMS)


def accept(answer: TokenAnswer, token_key: bytes, *, key: SigningKey, expected: Expected, now: datetime) -> LoggedIn:
    """Open both tokens and believe them; raises `EnvelopeRefused`, `AccessTokenRefused` or `IdTokenRefused`."""
    access_token = jwe.unnest(jwe.decrypt(answer.access_token, token_key, now))
    id_token = jwe.unnest(jwe.decrypt(answer.id_token, token_key, now))
    return LoggedIn(
        verify_id_token(id_token, access_token=access_token, key=key, expected=expected, now=now),
        verify_access_token(access_token, key=key, expected=expected, now=now),
    )
