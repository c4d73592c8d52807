"""Whether a study has grown: by UIDs, behind everybody else, and for nobody but the one who fetches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import link_samples
import pytest
from conftest import Clock
from test_serve import GRANT, ME, RELEASED
from wishes import PRACTICE, STRANGER

from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.growth import FOUND_MAX, Growth
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import AeTitle, LinkId, SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Use
from linkexchange.ports import Brake
from linkexchange.store.work import Database
from linkexchange.turnstile import Turnstile, Who

PACS = Passport("ARCHIV", AeTitle("ARCHIV"), "127.0.0.1", 104, max_associations=2)
KNOWN = RELEASED.manifest
LATE = SopInstanceUid("2.25.4711.9.9")


class Listing:
    """A PACS that says what it lists, or fails."""

    def __init__(self) -> None:
        self.answer: frozenset[SopInstanceUid] | Exception | None = KNOWN.uids
        self.asked = 0

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        assert study == KNOWN.study
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def pacs() -> Listing:
    return Listing()


@pytest.fixture
def turnstile(database: Database, clock: Clock) -> Turnstile:
    return Turnstile(database, ME, clock, wait_seconds=0)


@pytest.fixture
def growth(pacs: Listing, turnstile: Turnstile) -> Iterator[Growth]:
    return Growth(turnstile, lambda _: pacs, lambda look: look())  # type: ignore[arg-type,return-value]


def found(growth: Growth, grant: Grant = GRANT) -> int:
    growth.look(grant, PACS, KNOWN)
    newer = growth.found(grant.transfer, PRACTICE)
    return newer.images if newer else 0


def test_what_the_pacs_lists_beyond_the_manifest_is_newer_though_the_numbers_agree(
    growth: Growth, pacs: Listing
) -> None:
    pacs.answer = frozenset([*list(KNOWN.uids)[1:], LATE])
    assert len(pacs.answer) == len(KNOWN.uids)
    assert found(growth) == 1


def test_servings_of_a_minute_share_one_look(pacs: Listing, turnstile: Turnstile) -> None:
    times = iter([0.0, 59.0, 61.0, 61.0])
    growth = Growth(turnstile, lambda _: pacs, lambda look: look(), lambda: next(times))  # type: ignore[arg-type,return-value]
    pacs.answer = KNOWN.uids | {LATE}
    other, later = replace(GRANT, transfer=uuid4()), replace(GRANT, transfer=uuid4())
    assert [found(growth), found(growth, other)] == [1, 1]
    pacs.answer = KNOWN.uids
    assert (found(growth, later), pacs.asked) == (0, 2)


def test_what_it_lists_no_more_is_not_newer(growth: Growth, pacs: Listing) -> None:
    pacs.answer = frozenset(list(KNOWN.uids)[1:])
    assert found(growth) == 0


@pytest.mark.parametrize("answer", [None, PacsUnavailable(), MessageFault()])
def test_a_pacs_that_does_not_say_has_nothing_newer(growth: Growth, pacs: Listing, answer: Exception | None) -> None:
    pacs.answer = answer
    assert found(growth) == 0


def test_it_is_told_to_whoever_fetches_and_to_nobody_else(growth: Growth, pacs: Listing) -> None:
    pacs.answer = KNOWN.uids | {LATE}
    assert found(growth) == 1
    assert growth.found(GRANT.transfer, STRANGER) is None
    assert growth.found(uuid4(), PRACTICE) is None


def test_a_pacs_whose_associations_are_all_in_use_is_not_asked(
    growth: Growth, pacs: Listing, turnstile: Turnstile
) -> None:
    pacs.answer = KNOWN.uids | {LATE}
    one, other = (turnstile.turn(PACS, Use.RETRIEVE, Who(uuid4(), Purpose.TREATMENT)) for _ in range(2))
    with one:
        assert found(growth) == 1
        with other:
            assert found(growth, replace(GRANT, transfer=uuid4(), link=LinkId(str(uuid4())))) == 0
    assert pacs.asked == 1


def test_a_pacs_that_bears_one_association_is_not_asked_beside_its_serving(growth: Growth, pacs: Listing) -> None:
    growth.look(GRANT, replace(PACS, max_associations=1), KNOWN)
    assert pacs.asked == 0


def test_the_newest_transfers_are_remembered(growth: Growth, pacs: Listing) -> None:
    pacs.answer = KNOWN.uids | {LATE}
    grants = [replace(GRANT, transfer=uuid4()) for _ in range(FOUND_MAX + 1)]
    assert [found(growth, grant) for grant in grants] == [1] * len(grants)
    assert growth.found(grants[0].transfer, PRACTICE) is None
    assert growth.found(grants[1].transfer, PRACTICE) is not None


def test_a_thread_of_its_own_looks(pacs: Listing, turnstile: Turnstile) -> None:
    growth = Growth(turnstile, lambda _: pacs)  # type: ignore[arg-type,return-value]
    pacs.answer = frozenset({LATE})
    growth.look(GRANT, PACS, link_samples.link(1).manifest)
    for _ in range(1000):
        if growth.found(GRANT.transfer, PRACTICE):
            break
        Brake().wait(0.02)
    assert growth.found(GRANT.transfer, PRACTICE)
