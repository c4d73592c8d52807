from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.rota import Bucket, Rota

NAMES = [TelematikId(f"1-2-{name}") for name in "abc"]


def _emptied(rota: Rota[int]) -> list[tuple[TelematikId, int]]:
    found = []
    while rota:
        found.append(rota.take())
    return found


def test_the_first_of_each_comes_before_the_second_of_any() -> None:
    rota: Rota[int] = Rota()
    a, b, c = NAMES
    for number in range(3):
        rota.put(a, number)
    rota.put(b, 10)
    rota.put(c, 20)
    assert _emptied(rota) == [(a, 0), (b, 10), (c, 20), (a, 1), (a, 2)]


@given(st.lists(st.sampled_from(NAMES)))
def test_nobody_waits_longer_than_the_others_have_turns(wanted: list[TelematikId]) -> None:
    rota: Rota[int] = Rota()
    for number, name in enumerate(wanted):
        rota.put(name, number)
    taken = _emptied(rota)
    assert sorted(number for _, number in taken) == list(range(len(wanted)))
    for name in set(wanted):
        own = [number for who, number in taken if who == name]
        assert own == sorted(own)
    for at, (name, _) in enumerate(taken):
        rest = [who for who, _ in taken[at + 1 :]]
        others = set(rest) - {name}
        assert set(rest[: len(others)]) >= others


def test_what_is_dropped_has_no_turn() -> None:
    rota: Rota[int] = Rota()
    a, b, _ = NAMES
    rota.put(a, 1)
    rota.put(b, 2)
    assert rota.drop(a, 1)
    assert not rota.drop(a, 1)
    assert not rota.drop(b, 1)
    assert (rota.count(a), rota.count(b)) == (0, 1)
    assert _emptied(rota) == [(b, 2)]


def test_nothing_is_taken_from_an_empty_one() -> None:
    with pytest.raises(KeyError):
        Rota[int]().take()


def test_a_bucket_lets_through_what_its_pace_allows() -> None:
    bucket, now, gone = Bucket(1000), 100.0, 0
    while now < 110.0:
        if pause := bucket.delay(now):
            now += pause
        bucket.spend(50, now)
        gone += 50
    assert gone == pytest.approx(10_000, abs=250)


def test_a_rest_is_not_saved_up_for_long() -> None:
    bucket = Bucket(1000)
    bucket.spend(1, 100.0)
    bucket.spend(150, 200.0)
    assert bucket.delay(200.0) == pytest.approx(0.05)


def test_without_a_pace_nothing_waits() -> None:
    bucket = Bucket(0)
    bucket.spend(1 << 40, 0.0)
    assert bucket.delay(0.0) == 0
