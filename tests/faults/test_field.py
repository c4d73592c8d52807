"""Rows of field.md that are not about breaking off: strangers, duplicates, growth, umlauts, odd classes, cancelling."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from faults.adapters import archive, destination, manifest
from faults.whole import Play, instances, stage
from world import World, data_set

from linkexchange import pull
from linkexchange.conform import DestinationPacs, Instance, OriginManners, OriginPacs, made
from linkexchange.errors import Overtaken, UnknownStudy
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.transfer import State

if TYPE_CHECKING:
    from conftest import Server

STUDY = instances(6)
OTHER = Instance.of(data_set(3, PatientName="Anders^Anna", PatientBirthDate="19990101", PatientSex="F"))


def test_1_1_02_an_image_of_somebody_else_is_not_passed_on_and_ends_the_transfer(
    world: World, postgres: Server
) -> None:
    with stage(world, postgres, STUDY, serves=[*STUDY[:2], OTHER, *STUDY[3:]]) as play:
        state, reason = play.pull()
        assert (state, reason.partition(":")[0]) == ("stopped", "wrong-patient")
        assert OTHER.uid not in {it.uid for it in play.target.received}
        assert play.violations() == []


def test_1_1_13_an_image_that_is_there_already_is_not_sent_again(world: World, postgres: Server) -> None:
    with stage(world, postgres, STUDY, holds=STUDY[:1]) as play:
        assert play.pull() == ("complete", "")
        assert play.fates[STUDY[0].uid] == "held"
        assert STUDY[0].uid not in play.target.begun
        assert play.violations() == []


def test_1_1_13_another_image_under_the_same_uid_is_a_conflict_and_is_not_overwritten(
    world: World, postgres: Server
) -> None:
    other = replace(STUDY[0], content=STUDY[0].content[:-1] + b"\xee")
    with stage(world, postgres, STUDY, holds=[other]) as play:
        assert play.pull()[0] == "partial"
        assert play.fates[STUDY[0].uid] == "conflict"
        assert STUDY[0].uid not in play.target.begun
        assert play.violations() == []


def test_1_1_10_and_f_14_a_study_that_has_grown_is_listed_with_its_late_images() -> None:
    study = made(3)
    with OriginPacs(study, OriginManners(late=made(2, first=4))) as pacs:
        listed = [archive(pacs).summary(StudyUid(study[0].study))[0].manifest for _ in range(2)]
        assert [len(one.uids) for one in listed] == [3, 5]


def test_1_1_12_umlauts_of_an_archive_in_latin_1_are_read() -> None:
    study = made(1)
    with OriginPacs(study) as pacs:
        summary, patient = archive(pacs).summary(StudyUid(study[0].study))
        assert (summary.description, patient.name) == ("Schädel", "Prüf^Änne")


def test_1_1_12_umlauts_of_a_destination_in_latin_1_are_read() -> None:
    with DestinationPacs(holds=made(1)) as pacs:
        holder = destination(pacs).holder("P-77")
        assert holder is not None
        assert holder.name == "Prüf^Änne"


def test_1_1_14_a_study_that_was_deleted_is_unknown() -> None:
    with OriginPacs([]) as pacs, pytest.raises(UnknownStudy):
        archive(pacs).summary(StudyUid("1.2.3"))


def test_1_2_an_archive_that_tells_no_classes_is_asked_for_the_images() -> None:
    study = made(2)
    with OriginPacs(study, OriginManners(tells_classes=False)) as pacs:
        summary, _ = archive(pacs).summary(StudyUid(study[0].study))
        assert summary.manifest.sop_classes == manifest(study).sop_classes


def test_1_2_whoever_stops_a_transfer_does_not_wait_for_a_slow_archive(world: World, postgres: Server) -> None:
    with stage(world, postgres, STUDY, OriginManners(pause_seconds=0.9)) as play:
        running = threading.Thread(target=_until_overtaken, args=(play,))
        running.start()
        while not play.target.received:
            assert running.is_alive()
            time.sleep(0.01)
        assert play.transfer
        pull.stop(world.practice, play.transfer, "Dr. Test")
        stopped = time.monotonic()
        running.join()
        assert time.monotonic() - stopped < 20
        assert world.transfer(play.transfer).state is State.STOPPED


def _until_overtaken(play: Play) -> None:
    """Whoever stops a run that does not let go takes the transfer over."""
    with suppress(Overtaken):
        play.pull()
