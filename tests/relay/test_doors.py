from __future__ import annotations

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from linkexchange.relay.doors import Doors


def stand(doors: Doors, stack: ExitStack, address: str, gone: list[str], name: str) -> None:
    stack.enter_context(doors.standing(address, lambda: gone.append(name)))


def test_of_one_address_the_one_that_stands_longest_goes() -> None:
    doors, gone = Doors(in_all=10, from_one_address=2), list[str]()
    with ExitStack() as stack:
        for address, name in (("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3"), ("b", "b2"), ("b", "b3")):
            stand(doors, stack, address, gone, name)
    assert gone == ["a1", "b1"]


def test_of_all_the_one_that_stands_longest_goes() -> None:
    doors, gone = Doors(in_all=3, from_one_address=2), list[str]()
    with ExitStack() as stack:
        for address in "abcde":
            stand(doors, stack, address, gone, address)
    assert gone == ["a", "b"]


def test_whoever_has_said_who_he_is_stands_there_no_longer() -> None:
    doors, gone = Doors(in_all=2, from_one_address=2), list[str]()
    with doors.standing("a", lambda: gone.append("let in")):
        pass
    with ExitStack() as stack:
        for address in "bc":
            stand(doors, stack, address, gone, address)
    assert gone == []


@given(st.lists(st.sampled_from("abc")))
def test_never_more_stand_there_than_may(addresses: list[str]) -> None:
    doors, gone = Doors(in_all=5, from_one_address=3), list[str]()
    with ExitStack() as stack:
        for number, address in enumerate(addresses):
            stand(doors, stack, address, gone, f"{address}{number}")
            there = [f"{who}{at}" for at, who in enumerate(addresses[: number + 1]) if f"{who}{at}" not in gone]
            assert len(there) <= 5
            assert all(sum(name[0] == who for name in there) <= 3 for who in "abc")
            assert there[-1] == f"{address}{number}"
