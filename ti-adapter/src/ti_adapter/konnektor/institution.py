"""The institution's card behind a Konnektor, as attestations and logins need it (`card.Card`)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from ti_adapter.konnektor.cards import INSTITUTION_CARDS, InsertedCard
from ti_adapter.konnektor.client import Konnektor
from ti_adapter.konnektor.errors import CardAmbiguous, CardMissing, HandleOutdated
from ti_adapter.konnektor.signing import check_signature


@dataclass(frozen=True, slots=True)
class _Held:
    """The card as it was found last."""

    handle: str
    certificate: x509.Certificate


class InstitutionCard:
    """An SMC-B, found by its ICCSN or by being the only one. Everything raises `CardFailed`.

    Handle and certificate are kept until the Konnektor says that the handle is none any more (card pulled, Konnektor
    restarted); then the card is looked up once more, and the call is made once more. A PIN that is not verified comes
    out as `PinRequired`; it heals by itself once somebody has verified it.
    """

    def __init__(self, konnektor: Konnektor, iccsn: str | None = None) -> None:
        self._konnektor = konnektor
        self._iccsn = iccsn
        self._held: _Held | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The C.HCI.AUT certificate; as fresh as the last signature."""
        return (self._held or self._find()).certificate

    def external_authenticate(self, digest: bytes) -> bytes:
        """Let the card sign a SHA-256 digest; DER, and checked against the certificate that was shown before.

        So a card that was exchanged in between signs nothing in the name of the old one; the next call uses it.
        """
        held = self._held or self._find()
        try:
            signature = self._konnektor.external_authenticate(held.handle, digest)
        except HandleOutdated:
            self._held = None
            signature = self._konnektor.external_authenticate(self._find().handle, digest)
        check_signature(signature, digest, held.certificate)
        return signature

    def _find(self) -> _Held:
        card = chosen(self._konnektor.cards(), self._iccsn)
        held = self._held = _Held(card.handle, self._konnektor.certificate(card.handle))
        return held


def chosen(cards: tuple[InsertedCard, ...], iccsn: str | None) -> InsertedCard:
    """The institution's card among all. Raises `CardMissing` or `CardAmbiguous`."""
    own = [card for card in cards if card.kind in INSTITUTION_CARDS and iccsn in {None, card.iccsn}]
    if not own:
        raise CardMissing
    if len(own) > 1:
        raise CardAmbiguous
    return own[0]
