"""What the `data` process passes on of the own PACS to the own node's processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from linkexchange.dataset import part10_head
from linkexchange.dicomweb.multipart import gathered, new_boundary, write_parts
from linkexchange.errors import UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid, StudyUid
from linkexchange.ports import Brake, IncomingInstance


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance is: in the PACS of this name, in this study and series."""

    pacs: str
    study: StudyUid
    series: SeriesUid
    instance: SopInstanceUid


Fetch = Callable[[Place, Brake], Generator[IncomingInstance, None, None]]
"""Fetches one instance from the own PACS; nothing where it is not there. Raises `PacsUnavailable` or `UnknownPacs`."""


@dataclass(slots=True)
class OwnBody:
    """The one instance, as the only part."""

    fetch: Fetch
    place: Place
    boundary: bytes = field(default_factory=new_boundary)

    @property
    def name(self) -> str:
        """No transfer: this node itself."""
        return "own"

    def chunks(self, brake: Brake) -> Generator[bytes, None, None]:
        """Raises `UnknownStudy` before the first chunk where the PACS does not have it."""
        with closing(self.fetch(self.place, brake)) as instances:
            yield from gathered(write_parts(_files(instances), self.boundary))


def _files(instances: Iterator[IncomingInstance]) -> Iterator[Iterator[bytes]]:
    first = next(instances, None)
    if first is None:
        raise UnknownStudy
    yield _file(first)
    # Asking for the next one is what has the PACS told that the first has been read.
    yield from map(_file, instances)


def _file(instance: IncomingInstance) -> Iterator[bytes]:
    yield part10_head(instance.sop_class, instance.sop_instance, instance.transfer_syntax)
    yield from instance.chunks
