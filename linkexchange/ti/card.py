"""The institution's card behind its Konnektor: it attests, logs in, and signs documents."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509

from linkexchange.documents.signatory import Signatory
from linkexchange.ti.access import KonnektorAccess
from linkexchange.ti.faults import of_card, of_setting
from ti_adapter import attestation
from ti_adapter.errors import CardFailed
from ti_adapter.konnektor import (
    Address,
    BasicAuthentication,
    ClientCertificate,
    Context,
    Konnektor,
    Transport,
)
from ti_adapter.konnektor.tls import context_of

PAUSE = timedelta(seconds=5)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class AttestingCard:
    """`ports.Card` over a card that signs digests."""

    card: attestation.Card
    clock: Callable[[], datetime]

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        """A signed attestation for one nonce, bound to a TLS certificate."""
        with of_card():
            return attestation.build(self.card, audience=audience, nonce=nonce, thumbprint=thumbprint, now=self.clock())


class SparingCard:
    """A card that has failed is left alone for `PAUSE`: whoever comes meanwhile learns at once that it does not sign.

    So a hundred transfers that wait for a PIN are one question to the Konnektor now and then.
    """

    def __init__(self, card: attestation.Card, clock: Callable[[], datetime]) -> None:
        self._card, self._clock = card, clock
        self._failed: tuple[CardFailed, datetime] | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The C.HCI.AUT certificate. Raises `CardFailed`."""
        return self._ask(lambda: self._card.certificate)

    def external_authenticate(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; DER. Raises `CardFailed`."""
        return self._ask(lambda: self._card.external_authenticate(digest))

    def heal(self) -> None:
        """Somebody has seen that its PIN is verified: whoever comes next asks the card again."""
        self._failed = None

    def _ask(self, call: Callable[[], _Answer]) -> _Answer:
        if self._failed and timedelta(0) <= self._clock() - self._failed[1] < PAUSE:
            raise self._failed[0]
        try:
            answer = call()
        except CardFailed as failed:
            self._failed = (failed, self._clock())
            raise
        self._failed = None
        return answer


def konnektor(access: KonnektorAccess, lines: ExitStack) -> Konnektor:
    """The Konnektor; nothing is asked of it yet. Raises `SettingRefused` with the setting that cannot be used.

    Whoever closes `lines` closes the connections to it.
    """
    client = None
    if access.client_certificate and access.client_key:
        client = ClientCertificate(access.client_certificate, access.client_key)
    with of_setting("konnektor_certificate, konnektor_client_certificate or konnektor_client_key"):
        tls = context_of(access.certificate, client)
    with of_setting("konnektor_url"):
        address = Address(access.url)
    with of_setting("konnektor_mandant, konnektor_client_system or konnektor_workplace"):
        context = Context(access.mandant, access.client_system, access.workplace)
    user = BasicAuthentication(access.user, access.password) if access.user else None
    transport = lines.enter_context(Transport(address, context=tls, authentication=user))
    return Konnektor(transport, context, rewrite_endpoints=access.rewrites_endpoints)


def signatory(card: attestation.Card) -> Signatory:
    """Who signs documents with a card. Raises `CardUnavailable`, here or when it signs."""
    with of_card():
        return Signatory((card.certificate,), of_card()(card.external_authenticate))
