"""GetCards (EventService), GetPinStatus and VerifyPin (CardService): which cards are there, and may they be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import Malformed, MessageMalformed, PinRefused
from ti_adapter.konnektor.names import CARDCMN, CONN, Dialect
from ti_adapter.konnektor.soap import maker

PIN_SMC: Final = "PIN.SMC"
"""The PIN of an SMC-B; only while it is verified does the card sign unattended."""


class CardType(StrEnum):
    """Kinds of cards (CardServiceCommon 2.0)."""

    EGK = "EGK"
    HBA_QSIG = "HBA-qSig"
    HBA = "HBA"
    SMC_B = "SMC-B"
    HSM_B = "HSM-B"
    SMC_KT = "SMC-KT"
    KVK = "KVK"
    ZOD = "ZOD_2.0"
    UNKNOWN = "UNKNOWN"
    HBAX = "HBAx"
    SM_B = "SM-B"


INSTITUTION_CARDS = frozenset({CardType.SMC_B, CardType.HSM_B, CardType.SM_B})


@dataclass(frozen=True, slots=True)
class InsertedCard:
    """A card in a terminal. The handle ends when the card is pulled or the Konnektor restarts."""

    handle: str
    kind: CardType
    iccsn: str | None
    terminal: str
    slot: int
    inserted: datetime
    holder: str | None = field(repr=False)
    kvnr: str | None = field(repr=False)
    expires: date | None


class PinStatus(StrEnum):
    """CardService 8.1, PinStatusEnum. Only VERIFIED lets a card sign."""

    VERIFIED = "VERIFIED"
    TRANSPORT_PIN = "TRANSPORT_PIN"
    EMPTY_PIN = "EMPTY_PIN"
    BLOCKED = "BLOCKED"
    VERIFIABLE = "VERIFIABLE"
    DISABLED = "DISABLED"


class PinResult(StrEnum):
    """CardServiceCommon 2.0, PinResultEnum: how VerifyPin has ended."""

    ERROR = "ERROR"
    OK = "OK"
    REJECTED = "REJECTED"
    WASBLOCKED = "WASBLOCKED"
    NOWBLOCKED = "NOWBLOCKED"
    TRANSPORT_PIN = "TRANSPORT_PIN"


@dataclass(frozen=True, slots=True)
class PinState:
    """The state of a PIN, and the tries that are left where the Konnektor says so."""

    status: PinStatus
    left_tries: int | None


def get_cards(dialect: Dialect, context: Context, kind: CardType | None = None) -> etree._Element:
    """EVT:GetCards: the cards that this context may use, of one kind where it is named."""
    wanted = [] if kind is None else [maker(CARDCMN).CardType(kind.value)]
    return maker(dialect.namespace).GetCards(context.element(), *wanted)


def read_cards(answer: etree._Element, dialects: tuple[Dialect, ...]) -> tuple[InsertedCard, ...]:
    """EVT:GetCardsResponse; the cards stand in a namespace of the CardService, whichever the Konnektor speaks."""
    for dialect in dialects:
        cards = reading.maybe(answer, dialect.name("Cards"))
        if cards is not None:
            return tuple(_card(card, dialect) for card in cards.iterfind(dialect.name("Card")))
    raise MessageMalformed(Malformed.ELEMENT, "Cards")


def get_pin_status(dialect: Dialect, context: Context, handle: str, pin: str) -> etree._Element:
    """CARD:GetPinStatus."""
    return maker(dialect.namespace).GetPinStatus(*_pin_of_card(context, handle, pin))


def read_pin_status(answer: etree._Element, dialect: Dialect) -> PinState:
    """CARD:GetPinStatusResponse."""
    status = reading.value(answer, dialect.name("PinStatus"), PinStatus)
    return PinState(status, reading.maybe_value(answer, dialect.name("LeftTries"), reading.number))


def verify_pin(dialect: Dialect, context: Context, handle: str, pin: str) -> etree._Element:
    """CARD:VerifyPin: the PIN is entered at the terminal and never passes through us."""
    return maker(dialect.namespace).VerifyPin(*_pin_of_card(context, handle, pin))


def check_pin_result(answer: etree._Element, dialect: Dialect) -> None:
    """CARD:VerifyPinResponse. Raises `PinRefused` for every result but OK."""
    result = reading.value(answer, f"{{{CARDCMN}}}PinResult", PinResult)
    if result is not PinResult.OK:
        raise PinRefused(result, reading.maybe_value(answer, f"{{{CARDCMN}}}LeftTries", reading.number))


def _pin_of_card(context: Context, handle: str, pin: str) -> tuple[etree._Element, ...]:
    return context.element(), maker(CONN).CardHandle(handle), maker(CARDCMN).PinTyp(pin)


def _card(card: etree._Element, dialect: Dialect) -> InsertedCard:
    return InsertedCard(
        handle=reading.text(card, f"{{{CONN}}}CardHandle"),
        kind=_kind(reading.text(card, f"{{{CARDCMN}}}CardType")),
        iccsn=reading.maybe_text(card, f"{{{CARDCMN}}}Iccsn"),
        terminal=reading.text(card, f"{{{CARDCMN}}}CtId"),
        slot=reading.value(card, f"{{{CARDCMN}}}SlotId", reading.number),
        inserted=reading.value(card, dialect.name("InsertTime"), reading.moment),
        holder=reading.maybe_text(card, dialect.name("CardHolderName")),
        kvnr=reading.maybe_text(card, dialect.name("Kvnr")),
        expires=reading.maybe_value(card, dialect.name("CertificateExpirationDate"), reading.day),
    )


def _kind(content: str) -> CardType:
    """A kind that is newer than this list must not hide the other cards."""
    try:
        return CardType(content)
    except ValueError:
        return CardType.UNKNOWN
