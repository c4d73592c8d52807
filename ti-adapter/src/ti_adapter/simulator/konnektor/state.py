"""The Konnektor's memory: infrastructure model, cards in terminals, and PINs that hold until a restart."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ti_adapter.konnektor.cards import INSTITUTION_CARDS, PIN_SMC, CardType, PinResult, PinStatus
from ti_adapter.konnektor.context import Context
from ti_adapter.pki import TrustList
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.konnektor.faults import Refusal
from ti_adapter.simulator.konnektor.insured import Prove, SimulatedInsured, own_prover
from ti_adapter.simulator.revocation import IsRevoked, never_revoked

SIGNATURE_SECONDS = 1.0
_TRIES = 3
_PINS = {CardType.HBA: "PIN.CH", CardType.EGK: "PIN.CH", **dict.fromkeys(INSTITUTION_CARDS, PIN_SMC)}


class Pace:
    """A card does one thing at a time, and needs a second for it; clock and sleep may be a test's."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        signature_seconds: float = SIGNATURE_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._signature_seconds = signature_seconds
        self._free_at: dict[str, float] = {}

    async def turn(self, handle: str) -> None:
        """Wait until the card has done what was asked before, and this."""
        now = self._monotonic()
        self._free_at[handle] = max(now, self._free_at.get(handle, now)) + self._signature_seconds
        await self._sleep(self._free_at[handle] - now)

    async def hold(self, seconds: float) -> None:
        """Wait as a slow Konnektor does."""
        await self._sleep(seconds)


@dataclass(frozen=True, slots=True)
class Inserted:
    """A card in a terminal, as the Konnektor knows it."""

    handle: str
    card: SimulatedCard
    kind: CardType
    iccsn: str
    slot: int
    since: datetime
    insured: SimulatedInsured | None
    pin: PinStatus = PinStatus.VERIFIABLE
    left_tries: int = _TRIES

    @property
    def pin_name(self) -> str:
        """How the PIN of this kind of card is called."""
        return _PINS.get(self.kind, "")


class SimulatedKonnektor:
    """State of one Konnektor; all of it lives on one event loop and needs no lock."""

    def __init__(
        self,
        contexts: Iterable[Context],
        trust: TrustList,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pace: Pace | None = None,
        prove: Prove | None = None,
        is_revoked: IsRevoked = never_revoked,
    ) -> None:
        self.contexts = tuple(contexts)
        self.trust = trust
        self.clock = clock
        self.pace = pace or Pace()
        self.prove = prove or own_prover(secrets.token_bytes(32))
        """How the insurer's service makes a Pruefziffer; a record system that believes it has the same key."""
        self.is_revoked = is_revoked
        """What it finds when it asks OCSP about a certificate."""
        self.faults: set[str] = set()
        self.signatures = 0
        self.next_pin_entry = PinResult.OK
        """What the person at the terminal will do; VerifyPin then ends so."""
        self._cards: dict[str, Inserted] = {}

    @property
    def cards(self) -> tuple[Inserted, ...]:
        """All cards, in the order in which they were inserted."""
        return tuple(self._cards.values())

    def insert(
        self,
        card: SimulatedCard,
        kind: CardType = CardType.SMC_B,
        *,
        iccsn: str = "",
        insured: SimulatedInsured | None = None,
    ) -> str:
        """Put a card into the first free slot; its handle. An eGK has an insured person."""
        number = iccsn or f"8027688311{secrets.randbelow(10**10):010}"
        taken = {other.slot for other in self.cards}
        slot = next(one for one in itertools.count(1) if one not in taken)
        inserted = Inserted(secrets.token_hex(16), card, kind, number, slot, self.clock(), insured)
        self._cards[inserted.handle] = inserted
        return inserted.handle

    def pull(self, handle: str) -> None:
        """Take a card out."""
        del self._cards[handle]

    def restart(self) -> None:
        """All cards are found anew: under new handles, and no PIN is verified any more. What is blocked stays so."""
        known, self._cards = self.cards, {}
        for card in known:
            pin = PinStatus.VERIFIABLE if card.pin is PinStatus.VERIFIED else card.pin
            again = replace(card, handle=secrets.token_hex(16), pin=pin, since=self.clock())
            self._cards[again.handle] = again

    def enter_pin(self, handle: str, entry: PinResult = PinResult.OK) -> tuple[PinResult, int]:
        """What a person enters at the terminal, and what the card says: its result and the tries that are left."""
        card = self._cards[handle]
        if card.pin is PinStatus.BLOCKED:
            return PinResult.WASBLOCKED, 0
        if card.pin is PinStatus.TRANSPORT_PIN:
            return PinResult.TRANSPORT_PIN, card.left_tries
        if entry is PinResult.REJECTED:
            return self._rejected(card)
        if entry is PinResult.OK:
            self._cards[handle] = replace(card, pin=PinStatus.VERIFIED, left_tries=_TRIES)
            return entry, _TRIES
        return entry, card.left_tries

    def set_pin(self, handle: str, status: PinStatus) -> None:
        """Bring a PIN into a state."""
        left = 0 if status is PinStatus.BLOCKED else _TRIES
        self._cards[handle] = replace(self._cards[handle], pin=status, left_tries=left)

    def check_context(self, context: Context) -> None:
        """Access as TUC_KON_000 sees it: each id is known, and they belong together. Raises `Refusal`."""
        known = [replace(one, user_id=context.user_id) for one in self.contexts]
        mandant, client, workplace = context.mandant_id, context.client_system_id, context.workplace_id
        for code, allowed in (
            (4004, any(one.mandant_id == mandant for one in known)),
            (4005, any(one.client_system_id == client for one in known)),
            (4006, any(one.workplace_id == workplace for one in known)),
            (4010, any((one.mandant_id, one.client_system_id) == (mandant, client) for one in known)),
            (4011, any((one.mandant_id, one.workplace_id) == (mandant, workplace) for one in known)),
            (4014, context in known),
        ):
            if not allowed:
                raise Refusal(code)

    def card(self, handle: str) -> Inserted:
        """The card of a handle. Raises `Refusal`."""
        card = self._cards.get(handle)
        if card is None:
            raise Refusal(4101)
        return card

    def _rejected(self, card: Inserted) -> tuple[PinResult, int]:
        left = card.left_tries - 1
        pin = PinStatus.VERIFIABLE if left else PinStatus.BLOCKED
        self._cards[card.handle] = replace(card, pin=pin, left_tries=left)
        return (PinResult.REJECTED if left else PinResult.NOWBLOCKED), left
