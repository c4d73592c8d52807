"""A record system as a client of the IDP: it sends logins there, and exchanges their codes for the ID token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ti_adapter.epa.errors import EpaCode
from ti_adapter.errors import ProofFailed
from ti_adapter.idp import Registration, exchange, request
from ti_adapter.idp.keys import EncryptionKey, SigningKey
from ti_adapter.idp.request import OwnRequest
from ti_adapter.idp.tokens import Expected
from ti_adapter.pki import Admission
from ti_adapter.simulator.epa.asked import refusal
from ti_adapter.simulator.idp.identity import ENCRYPTION_KID, SIGNING_KID
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.idp.refusal import Refusal
from ti_adapter.simulator.world.condition import Condition

OPEN_LOGINS_MAX = 1000


@dataclass(slots=True)
class RelyingParty:
    """The logins that wait for their code, each for one channel; the oldest of more than a thousand is forgotten.

    The token endpoint is called without a socket, since both live on one event loop; in its condition, though.
    """

    registration: Registration
    idp: IdpService
    idp_url: str
    condition: Condition
    clock: Callable[[], datetime]
    _open: dict[bytes, OwnRequest] = field(default_factory=dict, repr=False)

    def authorization_uri(self, key_id: bytes) -> str:
        """Where the institution on this channel has to go."""
        own = request.begin(self.registration, f"{self.idp_url}/sign_response")
        self._open[key_id] = own
        if len(self._open) > OPEN_LOGINS_MAX:
            del self._open[next(iter(self._open))]
        return own.request.uri

    def is_code_of(self, key_id: bytes, code: str, who: Admission) -> bool:
        """Whether the IDP has logged this institution in for the request of this channel.

        Raises `EpaRefused` with internalError where the IDP does not answer.
        """
        own = self._open.pop(key_id, None)
        if self.condition.is_down:
            raise refusal(EpaCode.INTERNAL_ERROR)
        if own is None:
            return False
        try:
            self._exchange(own, code, who)
        except (Refusal, ProofFailed):
            return False
        return True

    def _exchange(self, own: OwnRequest, code: str, who: Admission) -> None:
        identity, registration = self.idp.identity, self.registration
        token_key = exchange.make_token_key(
            own.code_verifier, EncryptionKey(ENCRYPTION_KID, identity.encryption.public_key())
        )
        form = {
            "grant_type": "authorization_code",
            "client_id": registration.client_id,
            "code": code,
            "redirect_uri": registration.redirect_uri,
            "key_verifier": token_key.key_verifier,
        }
        answer = exchange.read_answer(self.idp.exchange(form, self.idp_url))
        told = (registration.client_id, registration.audience, registration.scope, own.request.nonce)
        exchange.accept(
            answer,
            token_key.key,
            key=SigningKey(SIGNING_KID, identity.signing.key.public_key()),
            expected=Expected(self.idp_url, *told, who),
            now=self.clock(),
        )
