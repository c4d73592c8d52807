"""How the simulated IDP says no: with the codes of the real one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import uuid4


class Code(StrEnum):
    """`gematik_code`, as the reference server has them; -1 is its answer to whoever does not say what it is."""

    TURNED_AWAY = "-1"
    CLIENT_MISSING = "1002"
    REDIRECT_MISSING = "1004"
    SCOPE_MISSING = "1005"
    REDIRECT = "1020"
    SCOPE = "1022"
    SERVICE = "1030"
    SERVER = "1500"
    STATE_MISSING = "2002"
    RESPONSE_TYPE_MISSING = "2004"
    RESPONSE_TYPE = "2005"
    NONCE = "2007"
    METHOD = "2008"
    CODE_CHALLENGE_MISSING = "2009"
    CODE_CHALLENGE = "2010"
    CLIENT = "2012"
    SIGNATURE = "2013"
    CERTIFICATE = "2020"
    CHALLENGE = "2030"
    CHALLENGE_EXPIRED = "2032"
    CODE_VERIFIER = "3000"
    KEY_VERIFIER = "3004"
    CODE_MISSING = "3005"
    GRANT_TYPE_MISSING = "3006"
    TOKEN_CLIENT = "3007"  # noqa: S105 - a code
    CODE_EXPIRED = "3011"
    CODE = "3013"
    GRANT_TYPE = "3014"


_ERRORS = {
    Code.CLIENT: "invalid_client",
    Code.TOKEN_CLIENT: "invalid_client",
    Code.TURNED_AWAY: "access_denied",
    Code.SCOPE: "invalid_scope",
    Code.SERVICE: "invalid_scope",
    Code.SERVER: "server_error",
    Code.RESPONSE_TYPE: "unsupported_response_type",
    Code.CODE_VERIFIER: "invalid_grant",
    Code.CODE_EXPIRED: "invalid_grant",
    Code.CODE: "invalid_grant",
    Code.GRANT_TYPE: "unsupported_grant_type",
}


class Refusal(Exception):
    """A code; `redirect` is where the answer leads with it, with the state of the request, and empty for none."""

    def __init__(self, code: Code, redirect: str = "", state: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.redirect = redirect
        self.state = state

    def body(self, now: datetime) -> dict[str, object]:
        """The members of an error, for an answer or for a redirect."""
        return {
            "error": _ERRORS.get(self.code, "invalid_request"),
            "gematik_error_text": "TEST-ONLY",
            "gematik_timestamp": int(now.timestamp()),
            "gematik_uuid": str(uuid4()),
            "gematik_code": self.code.value,
        }
