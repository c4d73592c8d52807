"""Archives and destinations that misbehave, and what the DIMSE adapters make of it.

The tables read: what the peer does | what comes of ten (or a hundred) instances | how it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from faults.adapters import IDLE_SECONDS, Retrieved, Sent, retrieve, send

from linkexchange.conform import (
    HOST,
    Admission,
    Breaking,
    Counts,
    DestinationManners,
    DestinationPacs,
    How,
    Instance,
    OriginManners,
    OriginPacs,
    Pace,
    Refusing,
    Rejection,
    Service,
    Wire,
    made,
)
from linkexchange.conform.images import IMPLICIT
from linkexchange.conform.units import Request

pytestmark = pytest.mark.slow

STUDY = made(10)
HUNDRED = made(100, kilobytes=1)
UIDS = [it.uid for it in STUDY]
DOWN, WITHHOLDS, REJECTS = "pacs-unavailable", "pacs-withholds", "pacs-rejects-node"
WAITS = 10 * IDLE_SECONDS
"""Longest time that may pass when the other side says nothing: several idle time-outs, and what a busy machine adds."""


@dataclass(frozen=True)
class Asked:
    """An archive with these manners gives so many of the ten, and ends so."""

    manners: OriginManners
    comes: int = 10
    ends: str = ""
    seconds: float = 30.0


ARCHIVES = {
    # field.md 1.1
    "test_1_1_01 success without two of the images": Asked(OriginManners(withheld=frozenset(UIDS[3:5])), 8),
    "test_1_1_01 success and full counts without any": Asked(
        OriginManners(withheld=frozenset(UIDS), counts=Counts.ALL_DONE), 0, WITHHOLDS
    ),
    "test_1_1_03 silence before the first": Asked(OriginManners(breaking=Breaking(How.HANG)), 0, DOWN, WAITS),
    "test_1_1_03 silence after three": Asked(OriginManners(breaking=Breaking(How.HANG, after=3)), 3, DOWN, WAITS),
    "test_1_1_03 silence within the fourth": Asked(
        OriginManners(breaking=Breaking(How.HANG, after=3, within=True)), 3, DOWN, WAITS
    ),
    "test_1_1_03 slow, but never silent": Asked(OriginManners(pause_seconds=IDLE_SECONDS / 8)),
    "test_1_1_03 pending for ever": Asked(OriginManners(pending_for_ever=True), 0, DOWN, WAITS),
    "test_1_1_03 pending for ever, without counts": Asked(
        OriginManners(pending_for_ever=True, counts=Counts.NONE), 0, DOWN, WAITS
    ),
    "test_1_1_03 pending for ever, with counts that make no sense": Asked(
        OriginManners(pending_for_ever=True, counts=Counts.NONSENSE), 0, DOWN, WAITS
    ),
    "test_1_1_06 no C-GET": Asked(
        OriginManners(admission=Admission(services=frozenset({Service.FIND, Service.MOVE}))), 0, DOWN
    ),
    "test_1_1_06 roles are not granted": Asked(OriginManners(admission=Admission(grants_roles=False)), 0, WITHHOLDS),
    "test_1_1_06 no storage context at all": Asked(
        OriginManners(admission=Admission(sop_classes=("1.2.3",))), 0, WITHHOLDS
    ),
    "test_1_1_09 an archive that takes one association": Asked(OriginManners(admission=Admission(most=1))),
    "test_1_1_13 everything twice": Asked(OriginManners(repeats=2)),
    # field.md 1.2
    "test_1_2 no counts": Asked(OriginManners(counts=Counts.NONE)),
    "test_1_2 counts that make no sense": Asked(OriginManners(counts=Counts.NONSENSE)),
    # threats.md
    "test_f_08 rejected for now": Asked(OriginManners(admission=Admission(rejects=Rejection.TRANSIENT)), 0, DOWN),
    "test_f_08 rejected for good": Asked(OriginManners(admission=Admission(rejects=Rejection.PERMANENT)), 0, REJECTS),
    "test_f_08 our AE title is not known": Asked(
        OriginManners(admission=Admission(callers=frozenset({"OTHER"}))), 0, REJECTS
    ),
    "test_f_08 silence after the call": Asked(OriginManners(admission=Admission(silent=True)), 0, DOWN, WAITS),
    "test_f_08 no common syntax": Asked(OriginManners(admission=Admission(syntaxes=(IMPLICIT,))), 0, WITHHOLDS),
    "test_f_10 A701 after all": Asked(OriginManners(status=0xA701)),
    "test_f_10 A702 after all": Asked(OriginManners(status=0xA702)),
    "test_f_10 A900 after all": Asked(OriginManners(status=0xA900)),
    "test_f_10 C001 after all": Asked(OriginManners(status=0xC001)),
    "test_f_10 FE00 after all": Asked(OriginManners(status=0xFE00)),
    "test_f_10 an unknown status after all": Asked(OriginManners(status=0x1234)),
    "test_f_10 A701 and nothing": Asked(OriginManners(status=0xA701, withheld=frozenset(UIDS)), 0, WITHHOLDS),
    "test_f_10 FE00 and half": Asked(OriginManners(status=0xFE00, withheld=frozenset(UIDS[5:])), 5),
    "test_f_14 more than was asked for": Asked(OriginManners(surplus=made(3, first=90, StudyInstanceUID="1.2.3.4"))),
    "test_f_14 more than it lists": Asked(OriginManners(unlisted=frozenset(UIDS[:3]))),
    "test_f_14 nothing of the half that it still lists": Asked(
        OriginManners(withheld=frozenset(UIDS), unlisted=frozenset(UIDS[:5])), 0, WITHHOLDS
    ),
    "test_f_16 backwards and twice": Asked(OriginManners(repeats=2, backwards=True)),
    "test_f_09 released in the middle": Asked(OriginManners(breaking=Breaking(How.RELEASE, after=4)), 4, DOWN),
    "test_f_09 half-closed in the middle": Asked(OriginManners(breaking=Breaking(How.HALF_CLOSE, after=4)), 4, DOWN),
    "test_f_09 reset within the fifth": Asked(
        OriginManners(breaking=Breaking(How.RESET, after=4, within=True)), 4, DOWN
    ),
}


def whole(outcome: Retrieved, instances: tuple[Instance, ...]) -> bool:
    """Nothing but what was asked for, nothing twice, and every byte as the archive has it."""
    held = {it.uid: it.content for it in instances}
    return len(outcome.content) == len(outcome.came) and outcome.content.items() <= held.items()


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive(name: str) -> None:
    case = ARCHIVES[name]
    with OriginPacs(STUDY, case.manners) as pacs:
        outcome = retrieve(pacs, STUDY)
        assert (len(outcome.came), outcome.fault, outcome.hung) == (case.comes, case.ends, False)
        assert whole(outcome, STUDY)
        assert outcome.seconds < case.seconds


@pytest.mark.parametrize("after", [0, 1, 50, 99, 100])
@pytest.mark.parametrize("how", [How.ABORT, How.RESET, How.HANG])
def test_f_09_and_f_12_what_came_before_the_end_is_whole_and_nothing_else_comes(how: How, after: int) -> None:
    with OriginPacs(HUNDRED, OriginManners(breaking=Breaking(how, after=after))) as pacs:
        outcome = retrieve(pacs, HUNDRED)
        assert (len(outcome.came), outcome.hung) == (after, False)
        assert whole(outcome, HUNDRED)
        assert outcome.fault == DOWN or after == 100


def test_1_1_03_the_reason_names_the_silence() -> None:
    with OriginPacs(STUDY, OriginManners(breaking=Breaking(How.HANG, after=3))) as pacs:
        assert "no answer within" in retrieve(pacs, STUDY).detail


@pytest.mark.parametrize(
    ("rejection", "word"),
    [(Rejection.TRANSIENT, "transient"), (Rejection.PERMANENT, "permanent"), (Rejection.CALLING_AE, "calling AE")],
)
def test_f_08_the_reason_of_a_refusal_is_told(rejection: Rejection, word: str) -> None:
    with OriginPacs(STUDY, OriginManners(admission=Admission(rejects=rejection))) as pacs:
        assert word in retrieve(pacs, STUDY).detail


def test_1_1_07_no_association_asks_for_more_than_128_contexts_and_every_class_comes() -> None:
    classes = [f"1.2.840.10008.5.1.4.1.1.{arc}" for arc in ("2", "4", "7", "1.1", "128", "20", "12.1", "6.1")]
    study = tuple(it for at, sop in enumerate(classes) for it in made(1, first=at + 1, series=1, SOPClassUID=sop))
    with OriginPacs(study) as pacs:
        assert len(retrieve(pacs, study).came) == len(classes)
        assert all(_numbers(request) <= set(range(1, 256, 2)) for request in pacs.requests)
        assert len(pacs.requests) > 1


def _numbers(request: Request) -> set[int]:
    assert len({wish.number for wish in request.wishes}) == len(request.wishes)
    return {wish.number for wish in request.wishes}


def test_1_1_15_a_private_class_comes_and_goes_like_any_other() -> None:
    study = made(2, SOPClassUID="1.2.840.113619.4.26")
    with OriginPacs(study) as origin, DestinationPacs() as target:
        assert len(retrieve(origin, study).came) == 2
        assert send(target, study).kept == {it.uid for it in study}


def test_1_1_09_every_association_is_given_back() -> None:
    with OriginPacs(STUDY, OriginManners(withheld=frozenset(UIDS[:2]))) as pacs:
        retrieve(pacs, STUDY)
        assert pacs.most == 1


@dataclass(frozen=True)
class Told:
    """A destination with these manners says so of the ten, and has so many."""

    manners: DestinationManners
    has: int = 10
    statuses: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    ends: str = ""
    seconds: float = 30.0


NEVER: frozenset[int] = frozenset()
DESTINATIONS = {
    "test_f_11 A700 to one, three times": Told(
        DestinationManners(refusing=Refusing(0xA700, times=3, only=frozenset(UIDS[:1]))), 9, frozenset({0, 0xA700})
    ),
    "test_f_11 A700 always": Told(DestinationManners(refusing=Refusing(0xA700)), 0, frozenset({0xA700})),
    "test_f_11 B000": Told(DestinationManners(refusing=Refusing(0xB000)), 10, frozenset({0xB000})),
    "test_f_11 B006": Told(DestinationManners(refusing=Refusing(0xB006)), 10, frozenset({0xB006})),
    "test_f_11 B007": Told(DestinationManners(refusing=Refusing(0xB007)), 10, frozenset({0xB007})),
    "test_f_11 0122": Told(DestinationManners(refusing=Refusing(0x0122)), 0, frozenset({0x0122})),
    "test_f_11 C000": Told(DestinationManners(refusing=Refusing(0xC000)), 0, frozenset({0xC000})),
    "test_f_11 0110": Told(DestinationManners(refusing=Refusing(0x0110)), 0, frozenset({0x0110})),
    "test_1_1_04 another syntax alone": Told(
        DestinationManners(admission=Admission(syntaxes=(IMPLICIT,))), 0, frozenset({0x0122})
    ),
    "test_1_1_03 slow answers": Told(DestinationManners(pause_seconds=IDLE_SECONDS / 8)),
    "test_f_12 silence at the fourth": Told(
        DestinationManners(breaking=Breaking(How.HANG, after=3)), 3, ends=DOWN, seconds=WAITS
    ),
    "test_f_12 silence within the fourth": Told(
        DestinationManners(breaking=Breaking(How.HANG, after=3, within=True)), 3, ends=DOWN, seconds=WAITS
    ),
    "test_f_09 abort at the fourth": Told(DestinationManners(breaking=Breaking(How.ABORT, after=3)), 3, ends=DOWN),
    "test_f_09 abort within the fourth": Told(
        DestinationManners(breaking=Breaking(How.ABORT, after=3, within=True)), 3, ends=DOWN
    ),
    "test_f_09 reset within the fourth": Told(
        DestinationManners(breaking=Breaking(How.RESET, after=3, within=True)), 3, ends=DOWN
    ),
    "test_f_09 half-close at the fourth": Told(
        DestinationManners(breaking=Breaking(How.HALF_CLOSE, after=3)), 3, ends=DOWN
    ),
    "test_f_09 release at the fourth": Told(DestinationManners(breaking=Breaking(How.RELEASE, after=3)), 3, ends=DOWN),
    "test_f_08 rejected for now": Told(
        DestinationManners(admission=Admission(rejects=Rejection.TRANSIENT)), 0, NEVER, DOWN
    ),
    "test_f_08 rejected for good": Told(
        DestinationManners(admission=Admission(rejects=Rejection.PERMANENT)), 0, NEVER, REJECTS
    ),
    "test_f_08 silence after the call": Told(
        DestinationManners(admission=Admission(silent=True)), 0, NEVER, DOWN, WAITS
    ),
    "test_1_2 an answer to another message": Told(DestinationManners(wrong_number=True), 1, NEVER, DOWN),
}


def truthful(outcome: Sent, pacs: DestinationPacs) -> bool:
    """What was heard to be kept is there, byte by byte as it was sent."""
    there = {it.uid: it.content for it in pacs.kept}
    sent = {it.uid: it.content for it in STUDY}
    return outcome.kept <= there.keys() and all(there[uid] == sent[uid] for uid in there)


@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_destination(name: str) -> None:
    case = DESTINATIONS[name]
    with DestinationPacs(case.manners) as pacs:
        outcome = send(pacs, STUDY)
        assert (outcome.fault, outcome.hung) == (case.ends, False)
        assert (len(pacs.kept), frozenset(outcome.replies.values())) == (case.has, case.statuses)
        assert truthful(outcome, pacs)
        assert outcome.seconds < case.seconds


@pytest.mark.parametrize("most", [1, 2])
def test_1_1_09_a_destination_that_takes_fewer_associations_than_we_may_open_gets_everything(most: int) -> None:
    with DestinationPacs(DestinationManners(admission=Admission(most=most), pause_seconds=0.02)) as pacs:
        outcome = send(pacs, STUDY, associations=4)
        assert outcome.kept == set(UIDS)
        assert pacs.most == most


def test_f_16_over_four_associations_every_instance_is_sent_once() -> None:
    with DestinationPacs(DestinationManners(pause_seconds=0.02)) as pacs:
        outcome = send(pacs, STUDY, associations=4)
        assert outcome.kept == set(UIDS)
        assert sorted(it.uid for it in pacs.received) == sorted(UIDS)
        assert pacs.most == 4


def test_f_12_of_four_associations_one_is_silent_and_the_others_are_heard() -> None:
    manners = DestinationManners(breaking=Breaking(How.HANG, after=1, times=1), pause_seconds=0.02)
    with DestinationPacs(manners) as pacs:
        outcome = send(pacs, STUDY, associations=4)
        assert not outcome.hung
        assert truthful(outcome, pacs)
        assert len(outcome.kept) >= 4


def test_f_17_a_line_that_passes_one_byte_at_a_time_brings_everything() -> None:
    with OriginPacs(made(2, kilobytes=1)) as pacs, Wire((HOST, pacs.port), pace=Pace(slice_bytes=1)) as line:
        outcome = retrieve(line, made(2, kilobytes=1), deadline_seconds=60)
        assert (len(outcome.came), outcome.fault) == (2, "")


def test_f_17_a_slow_line_brings_everything_though_it_takes_longer_than_the_idle_time_out() -> None:
    study = made(2, kilobytes=64)
    pace = Pace(slice_bytes=1024, bytes_per_second=32_000)
    with OriginPacs(study) as pacs, Wire((HOST, pacs.port), pace=pace) as line:
        outcome = retrieve(line, study, deadline_seconds=60)
        assert (len(outcome.came), outcome.fault) == (2, "")
        assert outcome.seconds > 2 * IDLE_SECONDS
