"""Where images come from and go to, as streams of chunks.

Bytes travel as iterators of chunks of at most `CHUNK_MAX_BYTES`, and nobody holds more of an instance than that.
Whoever takes an iterator from a port closes it. Any thread may stop what another is in the middle of, by the `Brake`
that was handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from linkexchange.model.identifiers import (
    LinkId,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TransferSyntaxUid,
)
from linkexchange.model.link import Document
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports.brake import Brake

CHUNK_MAX_BYTES = 1 << 20

Room = Callable[[int], int]
"""How many associations may be open at this moment, where so many are: others may need some, or need theirs no more."""


@dataclass(frozen=True, slots=True)
class IncomingInstance:
    """One instance on its way: what its envelope says, and the encoded data set (no preamble, no file meta).

    `way` is how it was fetched, where its source knows more than one.
    """

    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    transfer_syntax: TransferSyntaxUid
    chunks: Iterator[bytes]
    way: str = ""

    def carrying(self, chunks: Iterator[bytes], *, way: str = "") -> IncomingInstance:
        """The same under way as these chunks. There are hundreds a second: `dataclasses.replace` would be slower."""
        return IncomingInstance(self.sop_class, self.sop_instance, self.transfer_syntax, chunks, way or self.way)


class ImageSource(Protocol):
    """Where instances come from: the own PACS by C-GET or DICOMweb, or an origin's node by WADO-RS with a grant."""

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances of the study in any order, each in its stored transfer syntax.

        An instance that the source does not have is left out. The chunks of one instance are read before the next is
        taken. Closing the iterator ends the retrieval. Raises `Unavailable` when the source does not answer or breaks
        off, `Refused` when it says no.
        """
        ...


class Archive(ImageSource, Protocol):
    """The own PACS as an origin: it can also say what a study has."""

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """List the study down to its instances. Raises `UnknownStudy` or `Unavailable`."""
        ...

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies with their description, for a person who chooses one. Raises `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a destination says of an instance: its DIMSE status (0x0000 stored, 0xBxxx stored with a warning).

    0x0122 also where the destination accepts no presentation context for it.
    """

    sop_instance: SopInstanceUid
    status: int


class Delivery(Protocol):
    """An open way into a destination, for one thread. Instances may be under way while earlier ones are answered."""

    def syntaxes(self, sop_class: SopClassUid) -> Collection[TransferSyntaxUid] | None:
        """Under which transfer syntaxes the destination takes a class; None where that is not known beforehand."""
        ...

    def send(self, instance: IncomingInstance) -> Sequence[Reply]:
        """Send one instance as it comes, and return the replies that have arrived meanwhile, to whichever instance.

        Its last bytes leave only when its chunks have ended well: whatever reading them raises is raised, and the
        destination does not keep what it has got of the instance. Raises `PacsUnavailable` when a way breaks; then
        nothing is known about the instances on it.
        """
        ...

    def settle(self) -> Sequence[Reply]:
        """Wait for the replies that are outstanding; those of a way that has broken never come. Raises nothing."""
        ...


class Destination(Protocol):
    """The PACS that images are sent to."""

    def holder(self, patient_id: str, *, brake: Brake | None = None) -> PatientHeader | None:
        """Whom it has under a Patient ID; None where it has nobody, or cannot be asked. Raises `PacsUnavailable`."""

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        """Which instances of a study it lists; None where it cannot be asked. Raises `PacsUnavailable`."""

    def deliver(
        self, sop_classes: Collection[SopClassUid], *, brake: Brake | None = None, room: Room | None = None
    ) -> AbstractContextManager[Delivery]:
        """Open a way for instances of these classes, and close it at the end. Raises `PacsUnavailable`.

        It may have several associations: as many as the PACS bears, and as there is `room` for.
        """
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What an origin says at the end: digests of what it sent, and how many images its PACS has beyond the manifest."""

    digests: Mapping[SopInstanceUid, Sha256]
    newer: int = 0


class OriginNode(ImageSource, Protocol):
    """An origin's node, opened with a grant."""

    def document(self, link: LinkId) -> Document:
        """The link document of a release. Raises `GrantRefused` or `OriginUnavailable`."""
        ...

    def told(self, transfer: UUID) -> Told:
        """Asked when nothing more is wanted; empty where the origin says nothing."""
        ...
