"""Whole pulls between PACS that misbehave: to which state they come, for which reason, and whether that is true.

The table reads: what goes wrong | state and beginning of the reason | how many of the eight the destination has then.
After each, V1 to V6 are checked by a program that shares nothing with the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from faults.whole import ATTEMPTS, instances, stage
from world import World, data_set

from linkexchange.conform import (
    Admission,
    Breaking,
    Counts,
    DestinationManners,
    How,
    Instance,
    OriginManners,
    Refusing,
    Rejection,
    Service,
)
from linkexchange.conform.images import IMPLICIT

if TYPE_CHECKING:
    from conftest import Server

pytestmark = pytest.mark.slow

STUDY = instances(8)
UIDS = [it.uid for it in STUDY]
TWO, ALL_OF_THEM = frozenset(UIDS[2:4]), frozenset(UIDS)


@dataclass(frozen=True)
class Case:
    state: str
    reason: str
    has: int
    origin: OriginManners | None = None
    target: DestinationManners | None = None
    attempts: int | None = None
    """How many runs it takes; None: not looked at."""


def breaks(how: How, *, after: int = 0, within: bool = False, times: int | None = None) -> OriginManners:
    return OriginManners(breaking=Breaking(how, after=after, within=within, times=times))


def refuses(status: int, *, times: int | None = None, only: frozenset[str] = TWO) -> DestinationManners:
    return DestinationManners(refusing=Refusing(status, times=times, only=only))


def target_breaks(how: How, *, after: int = 0, within: bool = False, times: int | None = None) -> DestinationManners:
    return DestinationManners(breaking=Breaking(how, after=after, within=within, times=times))


def admits(**rules: object) -> Admission:
    return Admission(**rules)  # type: ignore[arg-type]


CASES = {
    "nothing goes wrong": Case("complete", "", 8, attempts=1),
    # field.md 1.1 and 1.2
    "1_1_01 the destination forgets two": Case("partial", "", 6, target=DestinationManners(forgets=TWO)),
    "1_1_06 no C-GET": Case(
        "failed", "origin-pacs-unavailable", 0, OriginManners(admission=admits(services=frozenset({Service.FIND})))
    ),
    "1_1_09 one association each": Case(
        "complete",
        "",
        8,
        OriginManners(admission=admits(most=1)),
        DestinationManners(admission=admits(most=1)),
        attempts=1,
    ),
    "1_1_13 everything twice": Case("complete", "", 8, OriginManners(repeats=2), attempts=1),
    "1_1_14 deleted at the origin": Case("failed", "", 0, OriginManners(withheld=ALL_OF_THEM, unlisted=ALL_OF_THEM)),
    "1_1_04 the destination takes another syntax alone": Case(
        "complete", "", 8, target=DestinationManners(admission=admits(syntaxes=(IMPLICIT,))), attempts=1
    ),
    "1_2 the archive ends every association after three": Case(
        "complete", "", 8, breaks(How.ABORT, after=3), attempts=1
    ),
    "1_2 no counts at all": Case("complete", "", 8, OriginManners(counts=Counts.NONE), attempts=1),
    # threats.md F
    "f_08 the archive rejects once": Case(
        "complete", "", 8, OriginManners(admission=admits(rejects=Rejection.TRANSIENT, rejections=1)), attempts=2
    ),
    "f_08 the archive rejects always": Case(
        "failed",
        "origin-pacs-unavailable",
        0,
        OriginManners(admission=admits(rejects=Rejection.TRANSIENT)),
        attempts=ATTEMPTS,
    ),
    "f_08 the archive rejects for good": Case(
        "stopped",
        "origin-pacs-rejects-node",
        0,
        OriginManners(admission=admits(rejects=Rejection.PERMANENT)),
        attempts=1,
    ),
    "f_08 the destination rejects twice": Case(
        "complete", "", 8, target=DestinationManners(admission=admits(rejects=Rejection.TRANSIENT, rejections=2))
    ),
    "f_08 the destination rejects for good": Case(
        "stopped",
        "pacs-rejects-node",
        0,
        target=DestinationManners(admission=admits(rejects=Rejection.PERMANENT)),
        attempts=1,
    ),
    "f_09 abort before the first, once": Case("complete", "", 8, breaks(How.ABORT, times=1), attempts=2),
    "f_09 abort within the third and fourth, always": Case(
        "partial", "", 6, OriginManners(breaking=Breaking(How.ABORT, within=True, only=TWO)), attempts=1
    ),
    "f_09 reset within the first, always": Case(
        "partial",
        "",
        7,
        OriginManners(breaking=Breaking(How.RESET, within=True, only=frozenset(UIDS[:1]))),
        attempts=1,
    ),
    "f_09 abort after three, once": Case("complete", "", 8, breaks(How.ABORT, after=3, times=1), attempts=1),
    "f_09 abort after all, once": Case("complete", "", 8, breaks(How.ABORT, after=8, times=1)),
    "f_09 abort before the first, always": Case("failed", "origin-pacs-unavailable", 0, breaks(How.ABORT)),
    "f_09 reset within the fourth, once": Case(
        "complete", "", 8, breaks(How.RESET, after=3, within=True, times=1), attempts=1
    ),
    "f_10 A701 and nothing": Case(
        "failed", "origin-pacs-unavailable", 0, OriginManners(status=0xA701, withheld=ALL_OF_THEM)
    ),
    "f_10 A900 after all": Case("complete", "", 8, OriginManners(status=0xA900), attempts=1),
    "f_11 A700 twice for two, then well": Case("complete", "", 8, target=refuses(0xA700, times=2)),
    "f_11 A700 always for all": Case(
        "failed", "pacs-unavailable", 0, target=refuses(0xA700, only=ALL_OF_THEM), attempts=ATTEMPTS
    ),
    "f_11 B000 for all": Case("complete", "", 8, target=refuses(0xB000, only=ALL_OF_THEM), attempts=1),
    "f_11 B006 for two": Case("complete", "", 8, target=refuses(0xB006), attempts=1),
    "f_11 B007 for two": Case("complete", "", 8, target=refuses(0xB007), attempts=1),
    "f_11 C000 for two": Case("partial", "", 6, target=refuses(0xC000), attempts=1),
    "f_11 0122 for all": Case("failed", "", 0, target=refuses(0x0122, only=ALL_OF_THEM), attempts=1),
    "f_12 the archive is silent after three, once": Case(
        "complete", "", 8, breaks(How.HANG, after=3, times=1), attempts=1
    ),
    "f_12 the archive is silent within the fourth, once": Case(
        "complete", "", 8, breaks(How.HANG, after=3, within=True, times=1), attempts=1
    ),
    "f_12 the destination is silent at the fourth, once": Case(
        "complete", "", 8, target=target_breaks(How.HANG, after=3, times=1), attempts=1
    ),
    "f_12 the destination aborts within the fourth, once": Case(
        "complete", "", 8, target=target_breaks(How.ABORT, after=3, within=True, times=1), attempts=1
    ),
    "f_12 the destination is reset before its answer to the fourth, once": Case(
        "complete", "", 8, target=target_breaks(How.RESET, after=3, times=1), attempts=1
    ),
    "f_12 the destination stores the fourth and never says so, once": Case(
        "complete",
        "",
        8,
        target=DestinationManners(breaking=Breaking(How.RESET, after=3, times=1), stores_unanswered=True),
        attempts=1,
    ),
    "f_14 more than was announced": Case(
        "complete",
        "",
        8,
        OriginManners(surplus=(Instance.of(data_set(90)), Instance.of(data_set(91, StudyInstanceUID="1.2.3")))),
        attempts=1,
    ),
    "f_16 backwards and twice": Case("complete", "", 8, OriginManners(repeats=2, backwards=True), attempts=1),
}


@pytest.mark.parametrize("manners", [OriginManners(withheld=TWO), OriginManners(withheld=TWO, counts=Counts.ALL_DONE)])
def test_1_1_01_what_never_comes_is_never_complete_and_stands_in_the_proof(
    manners: OriginManners, world: World, postgres: Server
) -> None:
    with stage(world, postgres, STUDY, manners) as play:
        assert play.pull() == ("partial", "")
        assert {uid for uid, fate in play.fates.items() if fate == "missing"} == TWO
        assert play.violations() == []


def test_1_2_an_instance_under_the_uid_of_another_is_not_passed_on(world: World, postgres: Server) -> None:
    with stage(world, postgres, STUDY, OriginManners(named={UIDS[0]: UIDS[1]})) as play:
        assert play.pull()[0] != "complete"
        assert {it.uid for it in play.target.received} == ALL_OF_THEM - set(UIDS[:2])
        assert play.violations() == []


@pytest.mark.parametrize("name", CASES)
def test_a_pull(name: str, world: World, postgres: Server) -> None:
    case = CASES[name]
    with stage(world, postgres, STUDY, case.origin, case.target) as play:
        state, reason = play.pull()
        assert (state, len({it.uid for it in play.target.kept})) == (case.state, case.has)
        assert reason.startswith(case.reason)
        assert play.violations() == []
        assert case.attempts in (None, play.attempts)
