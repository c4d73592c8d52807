from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest

from linkexchange.errors import MessageFault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Instance, Manifest, Series, StudySummary
from linkexchange.ports import Archive, Brake, IncomingInstance
from linkexchange.ways import Elsewhere, Ladder, Way

CT = SopClassUid("1.2.840.10008.5.1.4.1.1.2")
UIDS = [SopInstanceUid(f"1.2.1.{number}") for number in range(1, 5)]
STUDY = StudyUid("1.2")
MANIFEST = Manifest(STUDY, (Series(SeriesUid("1.2.1"), "CT", tuple(Instance(uid, CT) for uid in UIDS)),))


@dataclass
class Pacs:
    """One way to it: brings the first of what is wanted, and then fails or does not."""

    brings: int = 4
    fault: Exception | None = None
    asked: list[frozenset[SopInstanceUid]] = field(default_factory=list)

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        raise self.fault or UnknownStudy

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        if self.fault:
            raise self.fault
        return [(STUDY, str(self.brings))]

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        self.asked.append(wanted)
        for uid in sorted(wanted)[: self.brings]:
            yield IncomingInstance(CT, uid, TransferSyntaxUid("1.2.840.10008.1.2"), iter(()))
        if self.fault:
            raise self.fault


def ladder(*pacs: Pacs, patience_seconds: float = 10) -> Ladder:
    names = ("dicomweb", "c-get", "c-move")
    ways = [Way(name, lambda one=one: one) for name, one in zip(names, pacs, strict=False)]  # type: ignore[misc]
    return Ladder(ways, patience_seconds)


def taken(archive: Archive, brake: Brake | None = None) -> list[tuple[str, str]]:
    return [(one.way, one.sop_instance) for one in archive.retrieve(MANIFEST, frozenset(UIDS), brake=brake)]


def test_where_the_first_way_brings_all_the_others_are_not_asked() -> None:
    second = Pacs()
    assert taken(ladder(Pacs(), second)) == [("dicomweb", uid) for uid in UIDS]
    assert second.asked == []


def test_what_is_missing_after_a_failure_comes_by_the_next_way() -> None:
    second = Pacs()
    came = taken(ladder(Pacs(1, PacsUnavailable()), second))
    assert came == [("dicomweb", UIDS[0]), *(("c-get", uid) for uid in UIDS[1:])]
    assert second.asked == [frozenset(UIDS[1:])]


def test_a_way_that_brings_nothing_is_followed_by_the_next() -> None:
    assert len(taken(ladder(Pacs(0), Pacs(0, PacsUnavailable()), Pacs()))) == 4


def test_what_a_way_leaves_out_when_it_brings_something_is_not_asked_of_another() -> None:
    second = Pacs()
    assert len(taken(ladder(Pacs(3), second))) == 3
    assert second.asked == []


def test_where_every_way_fails_the_reason_of_the_first_is_told() -> None:
    with pytest.raises(PacsUnavailable, match="first"):
        taken(ladder(Pacs(0, PacsUnavailable("first")), Pacs(0, PacsUnavailable("second"))))


def test_an_instance_that_no_way_has_is_left_out_even_if_another_way_has_failed() -> None:
    assert taken(ladder(Pacs(0, PacsUnavailable()), Pacs(0))) == []


def test_after_a_long_silence_no_other_way_is_tried() -> None:
    second = Pacs()
    with pytest.raises(PacsUnavailable):
        taken(ladder(Pacs(0, PacsUnavailable()), second, patience_seconds=-1))
    assert second.asked == []


def test_when_the_brake_is_pulled_no_other_way_is_tried() -> None:
    second, brake = Pacs(), Brake()
    brake.pull()
    with pytest.raises(PacsUnavailable):
        taken(ladder(Pacs(0, PacsUnavailable()), second), brake)
    assert second.asked == []


def test_a_way_that_cannot_be_opened_is_one_that_has_failed() -> None:
    def closed() -> Archive:
        raise PacsUnavailable("no port")

    ways = [Way("c-move", closed), Way("c-get", Pacs)]
    assert len(taken(Ladder(ways, 10))) == 4


@pytest.mark.parametrize("fault", [PacsUnavailable(), MessageFault()])
def test_studies_are_listed_by_the_first_way_that_answers(fault: Exception) -> None:
    assert ladder(Pacs(0, fault), Pacs(2)).studies() == [(STUDY, "2")]


def test_an_unknown_study_is_an_answer() -> None:
    with pytest.raises(UnknownStudy):
        ladder(Pacs(), Pacs(0, PacsUnavailable())).summary(STUDY)


def test_where_no_way_lists_anything_the_reason_of_the_first_is_told() -> None:
    with pytest.raises(PacsUnavailable, match="first"):
        ladder(Pacs(0, PacsUnavailable("first")), Pacs(0, PacsUnavailable("second"))).studies()


def test_listing_and_fetching_may_go_by_different_ways() -> None:
    listing, source = Pacs(1), Pacs()
    archive = Elsewhere(listing, source)
    assert archive.studies() == [(STUDY, "1")]
    assert len(taken(archive)) == 4
    assert listing.asked == []
