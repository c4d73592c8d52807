"""Attempts are counted ahead of the images, and taken back where none was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from linkexchange.errors import Overtaken, StateUnavailable
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.pull.announced import AHEAD_MAX, FRESH_SECONDS, Announced

UIDS = [SopInstanceUid(f"1.2.{number}") for number in range(3 * AHEAD_MAX)]


@dataclass
class Counting:
    """A journal that counts in memory."""

    attempts: dict[SopInstanceUid, int] = field(default_factory=dict)
    statements: int = 0
    waits: int = 0
    fault: Exception | None = None

    def begin(self, sop_instances: Sequence[SopInstanceUid]) -> Callable[[], None]:
        self.statements += 1
        for uid in sop_instances:
            self.attempts[uid] = self.attempts.get(uid, 0) + 1
        return self._wait

    def take_back(self, sop_instances: Sequence[SopInstanceUid]) -> None:
        if self.fault:
            raise self.fault
        for uid in sop_instances:
            self.attempts[uid] -= 1

    def _wait(self) -> None:
        self.waits += 1


def everything(_: SopInstanceUid) -> bool:
    return True


@dataclass
class Clock:
    """Goes on by `step` whenever somebody looks at it."""

    step: float = 0.0
    time: float = 0.0

    def __call__(self) -> float:
        self.time += self.step
        return self.time


def begun(announced: Announced, uids: Iterable[SopInstanceUid]) -> Iterator[tuple[SopInstanceUid, Callable[[], None]]]:
    """Each of them as it begins, with what its end waits for; what has been sent is wanted no more."""
    sent: set[SopInstanceUid] = set()
    for uid in uids:
        yield uid, announced.begin(uid, lambda it: it not in sent)
        sent.add(uid)


@pytest.mark.parametrize("order", [UIDS, UIDS[::-1]], ids=["as in the manifest", "from its end"])
def test_each_image_is_counted_once_and_waits_for_that_with_few_statements(order: list[SopInstanceUid]) -> None:
    journal = Counting()
    for uid, written in begun(Announced(journal, UIDS, now=Clock()), order):
        written()
        assert journal.attempts[uid] == 1
    assert journal.statements < 10
    assert journal.waits == len(UIDS)
    assert journal.attempts == dict.fromkeys(UIDS, 1)


def test_in_any_order_each_image_is_counted_before_it_is_sent() -> None:
    journal = Counting()
    announced = Announced(journal, UIDS, now=Clock())
    for uid, _ in begun(announced, [*UIDS[::2], *reversed(UIDS[1::2])]):
        assert journal.attempts[uid] == 1
    announced.take_back()
    assert journal.attempts == dict.fromkeys(UIDS, 1)


def test_what_comes_slowly_is_counted_one_by_one() -> None:
    journal = Counting()
    announced = Announced(journal, UIDS, now=Clock(step=2 * FRESH_SECONDS))
    assert len(list(begun(announced, UIDS))) == len(UIDS)
    assert journal.statements == len(UIDS)
    assert journal.attempts == dict.fromkeys(UIDS, 1)


def test_whoever_was_frozen_asks_anew_before_the_next_image_and_learns_that_he_has_been_overtaken() -> None:
    journal, clock = Counting(), Clock()
    announced = Announced(journal, UIDS, now=clock)
    for uid in UIDS[:4]:
        announced.begin(uid, everything)
    assert journal.attempts[UIDS[4]]
    clock.time, journal.fault = FRESH_SECONDS, Overtaken()
    with pytest.raises(Overtaken):
        announced.begin(UIDS[4], everything)


def test_a_second_sending_is_counted_as_one_more() -> None:
    journal = Counting()
    announced = Announced(journal, UIDS, now=Clock())
    for _ in range(2):
        announced.begin(UIDS[0], everything)
    assert journal.attempts[UIDS[0]] == 2


def test_what_did_not_come_is_taken_back_and_counted_anew_when_it_comes() -> None:
    journal = Counting()
    announced = Announced(journal, UIDS, now=Clock())
    for uid in UIDS[:2]:
        announced.begin(uid, everything)
    assert journal.attempts[UIDS[2]] == 1
    announced.take_back()
    assert {uid for uid, count in journal.attempts.items() if count} == set(UIDS[:2])
    announced.begin(UIDS[2], everything)
    assert journal.attempts[UIDS[2]] == 1


def test_what_is_never_sent_is_not_counted() -> None:
    journal = Counting()
    announced = Announced(journal, UIDS, left_out={UIDS[2]}, now=Clock())
    for uid in (UIDS[0], UIDS[1], UIDS[4]):
        announced.begin(uid, lambda uid: uid != UIDS[3])
    assert not {UIDS[2], UIDS[3]} & journal.attempts.keys()


@pytest.mark.parametrize("fault", [Overtaken(), StateUnavailable()])
def test_a_journal_that_is_gone_does_not_hide_why_the_round_has_ended(fault: Exception) -> None:
    announced = Announced(Counting(fault=fault), UIDS, now=Clock())
    for uid in UIDS[:2]:
        announced.begin(uid, everything)
    announced.take_back()
