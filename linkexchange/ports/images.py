"""Where images come from and go to, as streams of chunks.

Bytes travel as iterators of chunks of at most `CHUNK_MAX_BYTES`; nobody may hold more of an instance than that, once
the bulk code of our own stands behind these interfaces. Whoever takes an iterator from a port closes it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
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

CHUNK_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class IncomingInstance:
    """One instance on its way: what its envelope says, and the encoded data set (no preamble, no file meta)."""

    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    transfer_syntax: TransferSyntaxUid
    chunks: Iterator[bytes]


class ImageSource(Protocol):
    """Where instances come from: the own PACS by C-GET or DICOMweb, or an origin's node by WADO-RS with a grant."""

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid]
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


class Delivery(Protocol):
    """An open way into a destination."""

    def store(self, instance: IncomingInstance) -> int:
        """Send one instance as it comes; the destination's DIMSE status (0x0000 stored, 0xBxxx stored with a warning).

        0x0122 also where the destination accepts no presentation context for it. Raises `PacsUnavailable` when the way
        breaks; then nothing is known about this instance.
        """
        ...


class Destination(Protocol):
    """The PACS that images are sent to."""

    def holder(self, patient_id: str) -> PatientHeader | None:
        """Whom it has under a Patient ID; None where it has nobody, or cannot be asked. Raises `PacsUnavailable`."""

    def deliver(self) -> AbstractContextManager[Delivery]:
        """Open a way and close it at the end. Raises `PacsUnavailable`."""
        ...


class OriginNode(ImageSource, Protocol):
    """An origin's node, opened with a grant."""

    def document(self, link: LinkId) -> Document:
        """The link document of a release. Raises `GrantRefused` or `OriginUnavailable`."""
        ...

    def digests(self, transfer: UUID) -> Mapping[SopInstanceUid, Sha256]:
        """What the origin says it sent; empty where it says nothing."""
        ...
