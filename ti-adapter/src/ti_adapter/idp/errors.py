"""What goes wrong with an IDP: something it sent proves nothing, it says no, or it does not answer."""

from __future__ import annotations

from ti_adapter.errors import ProofFailed, TiError
from ti_adapter.idp.fault import Advice, advice_for


class DiscoveryRefused(ProofFailed):
    """The discovery document is not to be believed; steps of `discovery.verify`."""

    subject = "discovery document"


class KeyRefused(ProofFailed):
    """A key of the IDP is not to be believed; steps of `keys.read_signing_key` and `keys.read_encryption_key`."""

    subject = "key of the IDP"


class RequestRefused(ProofFailed):
    """An authorization request of a record system is not to be followed; steps of `request.read`."""

    subject = "authorization request"


class ChallengeRefused(ProofFailed):
    """A challenge is not to be signed; steps of `challenge.verify`."""

    subject = "challenge"


class RedirectRefused(ProofFailed):
    """A redirect does not bring our authorization code; steps of `redirect.read`."""

    subject = "redirect"


class AnswerRefused(ProofFailed):
    """The answer of the token endpoint is none; steps of `tokens.read_answer`."""

    subject = "token response"


class EnvelopeRefused(ProofFailed):
    """Something encrypted cannot be opened; steps of `jwe.decrypt`."""

    subject = "encrypted token"


class IdTokenRefused(ProofFailed):
    """An ID token is not to be believed; steps of `tokens.verify_id_token`."""

    subject = "ID token"


class AccessTokenRefused(ProofFailed):
    """An access token is not to be believed; steps of `tokens.verify_access_token`."""

    subject = "access token"


class IdpRefused(TiError):
    """The IDP says no, with a `gematik_code` (four digits, or -1) and the `gematik_uuid` that its operator asks for.

    `code` and `uuid` are empty where the IDP named none, or something that is none. Its text is not kept.
    """

    def __init__(self, code: str, uuid: str = "") -> None:
        super().__init__(code, uuid)
        self.code = code
        self.uuid = uuid

    @property
    def advice(self) -> Advice:
        """Whose it is, and what to do."""
        return advice_for(self.code)

    def __str__(self) -> str:
        return f"IDP: {self.code or 'no code'} ({self.advice.whose})"


class IdpSilent(TiError):
    """The IDP does not answer, or what answers is not the IDP. Later it may work."""
