"""What an origin sends: a study as DICOM files in one multipart body, made while the PACS still delivers.

The thread that sends it pulls it, chunk by chunk (`threaded`): nothing is fetched before it is asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol
from uuid import UUID

from linkexchange.dataset import Digester, part10_head
from linkexchange.dicomweb.multipart import gathered, new_boundary, write_parts
from linkexchange.errors import UnknownStudy
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import LinkId, SeriesUid, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.link import Document
from linkexchange.model.subset import Subset
from linkexchange.ports import Brake, IncomingInstance, Told

NOTE_SECONDS = 1.0


class Serve(Protocol):
    """What this node decides and does as an origin; everything here may block, and is called in threads."""

    def admit(self, token: str, thumbprint: str) -> Grant:
        """Believe a grant from the owner of this certificate. Raises `GrantRefused` or `LinkWithdrawn`."""
        ...

    def vet(self, peer: TelematikId, thumbprint: str) -> None:
        """Whether the owner of this certificate may ask for what needs no grant. Raises `Revoked`."""
        ...

    def still_valid(self, grant: Grant) -> bool:
        """Whether one more instance may leave."""
        ...

    def open(
        self,
        grant: Grant,
        *,
        series: SeriesUid | None,
        wanted: frozenset[SopInstanceUid] | Subset | None,
        brake: Brake,
    ) -> Generator[IncomingInstance, None, None]:
        """Fetch from the PACS what is wanted of the granted study: all of it, one series of it, these instances.

        Closing the iterator ends the retrieval; the brake frees the thread that waits for the PACS in it. Raises
        `OriginPacsUnavailable`, and `MessageFault` for a subset of something else.
        """
        ...

    def sent(self, grant: Grant, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Note what has been sent."""
        ...

    def document(self, grant: Grant, link: LinkId) -> Document:
        """The link document of a release. Raises `GrantRefused`."""
        ...

    def told(self, transfer: UUID, requester: TelematikId) -> Told:
        """What was sent to this requester under this transfer, and how much there is beyond that."""
        ...


@dataclass(slots=True)
class Body:
    """The body of one answer. `series` and `wanted` say which part of the granted study it holds."""

    serve: Serve
    grant: Grant
    series: SeriesUid | None = None
    wanted: frozenset[SopInstanceUid] | Subset | None = None
    boundary: bytes = field(default_factory=new_boundary)
    _digests: dict[SopInstanceUid, Sha256] = field(default_factory=dict)
    _noted: float = field(default_factory=monotonic)

    @property
    def name(self) -> str:
        """The transfer that it belongs to."""
        return str(self.grant.transfer)

    def chunks(self, brake: Brake) -> Generator[bytes, None, None]:
        """Yield the body; closing it ends the retrieval from the PACS, and so does the brake, from any thread.

        Raises `UnknownStudy` before the first chunk where the PACS has nothing of what is wanted. Ends well, with fewer
        instances, when the grant or the link ends meanwhile.
        """
        try:
            opened = self.serve.open(self.grant, series=self.series, wanted=self.wanted, brake=brake)
            with closing(opened) as instances:
                failure: list[Exception] = []
                yield from gathered(_until(failure, write_parts(self._files(instances), self.boundary)))
                if failure:
                    raise failure[0]
        finally:
            self._note()

    def _files(self, instances: Iterator[IncomingInstance]) -> Iterator[Iterator[bytes]]:
        instance = next(instances, None)
        if instance is None:
            raise UnknownStudy
        while instance is not None:
            yield self._file(instance)
            if monotonic() - self._noted > NOTE_SECONDS:
                self._note()
            instance = next(instances, None) if self.serve.still_valid(self.grant) else None
        # The other side may ask for the digests as soon as it has seen the end.
        self._note()

    def _file(self, instance: IncomingInstance) -> Iterator[bytes]:
        """The instance as it is: what is wrong with it is for the requester's node to see, and stands in its proof."""
        digester = Digester(instance.transfer_syntax)
        yield part10_head(instance.sop_class, instance.sop_instance, instance.transfer_syntax)
        for chunk in instance.chunks:
            digester.take(chunk)
            yield chunk
        self._digests[instance.sop_instance] = digester.digest

    def _note(self) -> None:
        """Hand over the digests about once a second: one transaction per instance would be the slowest step of all."""
        self._noted = monotonic()
        if self._digests:
            self.serve.sent(self.grant, self._digests)
            self._digests = {}


def _until(failure: list[Exception], chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What comes before a failure, which is kept to be raised later: what has been gathered by then is sent first."""
    try:
        yield from chunks
    except Exception as wrong:
        failure.append(wrong)
