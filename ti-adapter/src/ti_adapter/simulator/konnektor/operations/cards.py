"""GetCards, GetPinStatus and VerifyPin."""

from __future__ import annotations

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.cards import PinStatus
from ti_adapter.konnektor.names import CARDCMN, Service
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor import answers, requests
from ti_adapter.simulator.konnektor.faults import Refusal
from ti_adapter.simulator.konnektor.operations.call import Call
from ti_adapter.simulator.konnektor.requests import CARD_TYPE, CONTEXT, HANDLE, PIN, SLOT, TERMINAL
from ti_adapter.simulator.konnektor.state import Inserted


async def get_cards(call: Call) -> etree._Element:
    """EVT:GetCards."""
    optional = (TERMINAL, SLOT, CARD_TYPE)
    found = call.children(CONTEXT, *optional, optional=optional)
    wanted = {name: requests.content(found[name]) for name in optional if name in found}
    listed = [card for card in call.konnektor.cards if wanted.items() <= _place(card).items()]
    dialect = call.offered[Service.CARD][0]
    cards = maker(dialect.namespace).Cards(*(answers.card(card, dialect) for card in listed))
    return maker(call.dialect.namespace).GetCardsResponse(call.status(), cards)


async def get_pin_status(call: Call) -> etree._Element:
    """CARD:GetPinStatus."""
    card = _card_of_pin(call)
    made = maker(call.dialect.namespace)
    left = [] if card.pin is PinStatus.VERIFIED else [made.LeftTries(str(card.left_tries))]
    return made.GetPinStatusResponse(call.status(), made.PinStatus(card.pin), *left)


async def verify_pin(call: Call) -> etree._Element:
    """CARD:VerifyPin: the person at the terminal does what the test or the demo has said."""
    card = _card_of_pin(call)
    result, left = call.konnektor.enter_pin(card.handle, call.konnektor.next_pin_entry)
    common = maker(CARDCMN)
    tries = [] if result == "OK" else [common.LeftTries(str(left))]
    return maker(call.dialect.namespace).VerifyPinResponse(call.status(), common.PinResult(result), *tries)


def _place(card: Inserted) -> dict[str, str]:
    return {TERMINAL: answers.TERMINAL, SLOT: str(card.slot), CARD_TYPE: card.kind}


def _card_of_pin(call: Call) -> Inserted:
    found = call.children(CONTEXT, HANDLE, PIN)
    card = call.konnektor.card(requests.content(found[HANDLE]))
    if requests.content(found[PIN]) != card.pin_name:
        raise Refusal(4072)
    return card
