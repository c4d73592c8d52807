from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.cards import CardType, InsertedCard, check_pin_result, read_cards, read_pin_status
from ti_adapter.konnektor.errors import MessageMalformed
from ti_adapter.konnektor.names import CARDCMN, CONN, SPOKEN, Dialect, Service

DIALECTS = SPOKEN[Service.CARD]
CARD = """<Card><c:CardHandle>h</c:CardHandle><m:CardType>{kind}</m:CardType><m:CtId>t</m:CtId>
<m:SlotId>{slot}</m:SlotId><InsertTime>2026-03-01T12:00:00.123456789+01:00</InsertTime></Card>"""


def cards(content: str, space: str = DIALECTS[0].namespace) -> tuple[InsertedCard, ...]:
    answer = f'<a><Cards xmlns="{space}" xmlns:c="{CONN}" xmlns:m="{CARDCMN}">{content}</Cards></a>'
    return read_cards(reading.parse(answer.encode()), DIALECTS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_cards_are_read_in_every_version_with_only_what_must_be_there(dialect: Dialect) -> None:
    (card,) = cards(CARD.format(kind="SMC-B", slot=1), dialect.namespace)
    assert card.inserted == datetime(2026, 3, 1, 11, 0, 0, 123_456, tzinfo=UTC)
    assert (card.kind, card.iccsn, card.holder, card.kvnr, card.expires) == (CardType.SMC_B, None, None, None, None)


def test_a_kind_of_card_that_is_newer_than_we_does_not_hide_the_others() -> None:
    listed = cards(CARD.format(kind="SMC-C", slot=1) + CARD.format(kind="SMC-B", slot=2))
    assert [card.kind for card in listed] == [CardType.UNKNOWN, CardType.SMC_B]


def test_no_cards_are_a_list_as_well_but_no_list_is_none() -> None:
    assert cards("") == ()
    with pytest.raises(MessageMalformed):
        cards("", "urn:other")


def test_a_slot_is_a_number() -> None:
    with pytest.raises(MessageMalformed):
        cards(CARD.format(kind="SMC-B", slot="first"))


def test_a_state_or_a_result_of_a_pin_that_nobody_knows_is_malformed() -> None:
    status = f'<a><PinStatus xmlns="{DIALECTS[0].namespace}">FINE</PinStatus></a>'
    with pytest.raises(MessageMalformed):
        read_pin_status(reading.parse(status.encode()), DIALECTS[0])
    with pytest.raises(MessageMalformed):
        check_pin_result(reading.parse(f'<a><PinResult xmlns="{CARDCMN}">FINE</PinResult></a>'.encode()), DIALECTS[0])
