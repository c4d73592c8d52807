"""Fifty studies in ten archives, a practice that wants them all at once, and the queue that brings them.

with crowd(world, url) as ground:
    with ground.at_work(): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import working
from faults.adapters import NODE, PATIENT
from world import EXPLICIT, HOSPITAL, KVNR, PRACTICE, World, data_set

from linkexchange import publish, pull
from linkexchange.conform import HOST, DestinationPacs, Instance, OriginPacs
from linkexchange.dicom import CGetArchive, Line, StoreDestination, sightings
from linkexchange.jobs import Pace
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Ask, Authority, Purpose
from linkexchange.model.turn import Place, Use
from linkexchange.model.watched import Plan
from linkexchange.ports import Node, Sighting, StudyQuery

ARCHIVES, STUDIES_EACH, INSTANCES_EACH = 10, 5, 4
ORIGIN_LIMIT, DESTINATION_LIMIT = 1, 4
PACE = Pace(concurrency=6, stalled_seconds=30, retry_seconds=0.2, retry_attempts=3, offers_seconds=60)
_ROOT = "1.2.276.0.7230010.3.1.7"


@dataclass
class Crowd:
    """What was published, archive by archive, and where it is to go."""

    world: World
    database_url: str
    archives: dict[str, OriginPacs]
    target: DestinationPacs
    entries: dict[str, str]

    def ask(self, entry: str, purpose: Purpose) -> UUID:
        return pull.request(
            self.world.practice, Ask(Authority.RECORD, "practice", purpose, user="test", kvnr=KVNR, entry=entry)
        )

    @property
    def place(self) -> Place:
        return Place("practice", Use.STORE, DESTINATION_LIMIT)

    def at_work(self) -> AbstractContextManager[None]:
        """A worker of the practice runs until the block ends."""
        return working.on(self.world.practice, self.database_url, PACE)

    @property
    def hospital(self) -> Node:
        """The hospital as its watcher asks its archives."""
        return replace(
            self.world.hospital, archive=_archive, destination=_destination, sightings=_sightings, plan=Plan(days=0)
        )


@contextmanager
def crowd(world: World, database_url: str) -> Iterator[Crowd]:
    """All of it published; the practice's PACS is registered with its limit, and so is each archive."""
    with ExitStack() as stack:
        archives = {f"archive{at}": stack.enter_context(OriginPacs(_holds(at))) for at in range(ARCHIVES)}
        target = stack.enter_context(DestinationPacs())
        with world.nodes.work(HOSPITAL) as work:
            for name, pacs in archives.items():
                work.pacs.put(Passport(name, AeTitle("ORIGIN"), HOST, pacs.port, max_associations=ORIGIN_LIMIT))
        passport = Passport("practice", AeTitle("DESTINATION"), HOST, target.port, max_associations=DESTINATION_LIMIT)
        with world.nodes.work(PRACTICE) as work:
            work.pacs.put(passport)
        entries = _published(world, archives)
        wire = world.wires[PRACTICE]
        wire.origin = replace(wire.origin, archive=_archive)
        world.practice = replace(world.practice, destination=_destination)
        for pacs in archives.values():
            pacs.most = 0
        yield Crowd(world, database_url, archives, target, entries)


def _holds(at: int) -> list[Instance]:
    return [_instance(at, study, number) for study in range(STUDIES_EACH) for number in range(INSTANCES_EACH)]


def _instance(at: int, study: int, number: int) -> Instance:
    uid = f"{_ROOT}.{at + 1}.{study + 1}"
    serial = (at * STUDIES_EACH + study) * INSTANCES_EACH + number + 1
    return Instance.of(data_set(serial, StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1"), EXPLICIT)


def _published(world: World, archives: dict[str, OriginPacs]) -> dict[str, str]:
    """Study by record entry."""
    hospital = replace(world.hospital, archive=_archive)
    entries = {}
    for name, pacs in archives.items():
        for study in dict.fromkeys(it.study for it in pacs.holds):
            publish.announce(hospital, publish.publish(hospital, StudyUid(study), pacs=name, kvnr=KVNR))
            entries[next(reversed(world.held))] = study
    return entries


def _archive(passport: Passport) -> CGetArchive:
    return CGetArchive(passport, calling_ae=NODE, timeouts=PATIENT)


def _sightings(passport: Passport, query: StudyQuery) -> Sequence[Sighting]:
    return sightings(Line(passport, NODE, PATIENT), query)


def _destination(passport: Passport) -> StoreDestination:
    return StoreDestination(passport, calling_ae=NODE, timeouts=PATIENT)
