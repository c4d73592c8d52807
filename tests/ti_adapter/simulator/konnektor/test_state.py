from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from konnektor_bench import CARD, CONTEXT, PKI, make_konnektor

from ti_adapter.konnektor.cards import PinResult, PinStatus
from ti_adapter.simulator.konnektor import Fault, Pace, SimulatedKonnektor
from ti_adapter.simulator.konnektor.faults import Refusal, named


class Time:
    """A clock that goes on when somebody sleeps."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


async def signatures(pace: Pace, handles: list[str]) -> None:
    await asyncio.gather(*(pace.turn(handle) for handle in handles))


@pytest.mark.parametrize(
    ("handles", "seconds"), [(["a"], 1), (["a"] * 5, 5), (["a", "b", "a"], 2)], ids=["one", "five", "two cards"]
)
def test_a_card_makes_one_signature_a_second_however_many_are_asked_for_at_once(
    handles: list[str], seconds: int
) -> None:
    time = Time()
    asyncio.run(signatures(Pace(time, time.sleep), handles))
    assert time.now == 100 + seconds


def test_a_card_that_has_rested_signs_no_faster_for_it() -> None:
    time = Time()
    pace = Pace(time, time.sleep)
    asyncio.run(signatures(pace, ["a"]))
    time.now += 60
    asyncio.run(signatures(pace, ["a"] * 2))
    assert time.now == 163


def test_a_restart_forgets_the_pin_and_gives_new_handles() -> None:
    konnektor = make_konnektor()
    (before,) = konnektor.cards
    konnektor.restart()
    (after,) = konnektor.cards
    assert (before.pin, after.pin) == (PinStatus.VERIFIED, PinStatus.VERIFIABLE)
    assert (after.card, after.iccsn, after.slot) == (before.card, before.iccsn, before.slot)
    with pytest.raises(Refusal) as refused:
        konnektor.card(before.handle)
    assert refused.value.code == 4101


def test_a_restart_unblocks_no_pin_and_gives_no_tries_back() -> None:
    konnektor = make_konnektor(verified=False)
    for _ in range(2):
        konnektor.enter_pin(konnektor.cards[0].handle, PinResult.REJECTED)
        konnektor.restart()
    assert konnektor.cards[0].left_tries == 1
    assert konnektor.enter_pin(konnektor.cards[0].handle, PinResult.REJECTED) == (PinResult.NOWBLOCKED, 0)
    konnektor.restart()
    assert konnektor.enter_pin(konnektor.cards[0].handle) == (PinResult.WASBLOCKED, 0)


def test_a_card_goes_into_the_first_free_slot() -> None:
    konnektor = make_konnektor()
    konnektor.insert(CARD)
    konnektor.pull(konnektor.cards[0].handle)
    konnektor.insert(CARD)
    assert [card.slot for card in konnektor.cards] == [2, 1]


def test_the_time_of_insertion_is_that_of_the_clock() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    konnektor = SimulatedKonnektor([CONTEXT], PKI.trust, clock=lambda: now)
    konnektor.insert(CARD)
    assert konnektor.cards[0].since == now


def test_the_switchboard_knows_its_faults_and_the_codes_of_gematik_and_no_other_name() -> None:
    assert named("4085") == "4085"
    assert named("down") is Fault.DOWN
    for other in ("", "9999", "٤٠٨٥", "DOWN"):
        with pytest.raises(ValueError, match="not a valid Fault"):
            named(other)
