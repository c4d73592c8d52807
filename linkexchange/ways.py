"""The ways to one PACS, best first: where one fails, what is missing is asked for by the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import structlog

from linkexchange.errors import MessageFault, PacsRejectsNode, PacsUnavailable, Unavailable
from linkexchange.model.identifiers import SopInstanceUid, StudyUid
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports import Archive, Brake, ImageSource, IncomingInstance

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Way:
    """A name, as it is logged and audited, and how the way is opened, which may raise `PacsUnavailable`."""

    name: str
    open: Callable[[], Archive]


@dataclass(frozen=True, slots=True)
class Ladder:
    """`ports.Archive` over several ways.

    A way that fails after long silence is the last: whoever has asked would not wait for another. `patience_seconds`
    is how long nothing may have come.
    """

    ways: Sequence[Way]
    patience_seconds: float

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """What the first way says that answers. Raises `UnknownStudy`, or what the first way raises."""
        return self._first(lambda archive: archive.summary(study))

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """What the first way says that answers. Raises what the first way raises."""
        return self._first(lambda archive: archive.studies())

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, each with the `way` that brought it, as `ports.ImageSource` promises.

        The next way is asked where one has failed or has brought nothing. Raises what the first way raises, where none
        has come to its end.
        """
        missing = set(wanted & manifest.uids)
        failures, ended = list[Unavailable | PacsRejectsNode](), False
        for way in self.ways:
            attempt = yield from _try(way, manifest, missing, brake or Brake())
            _log.info("way", way=way.name, came=attempt.came, missing=len(missing), why=attempt.why)
            failures += [attempt.failure] if attempt.failure else []
            ended |= not attempt.failure
            if not missing or attempt.is_enough or attempt.silent_seconds > self.patience_seconds:
                break
        if failures and not ended:
            raise failures[0]

    def _first(self, ask: Callable[[Archive], _Answer]) -> _Answer:
        failures = list[Unavailable | PacsRejectsNode | MessageFault]()
        for way in self.ways:
            try:
                return ask(way.open())
            except (Unavailable, PacsRejectsNode, MessageFault) as failure:
                failures.append(failure)
        raise failures[0] if failures else PacsUnavailable("there is no way to it")


@dataclass
class _Attempt:
    """How it went on one way; `silent_seconds` is how long nothing had come at its end."""

    came: int = 0
    failure: Unavailable | PacsRejectsNode | None = None
    silent_seconds: float = 0
    stopped: bool = False

    @property
    def is_enough(self) -> bool:
        """It has brought what there is, or somebody has stopped it."""
        return self.stopped or (self.came > 0 and not self.failure)

    @property
    def why(self) -> str:
        """For the log."""
        return self.failure.detail or self.failure.code if self.failure else ""


def _try(
    way: Way, manifest: Manifest, missing: set[SopInstanceUid], brake: Brake
) -> Generator[IncomingInstance, None, _Attempt]:
    attempt, since = _Attempt(), time.monotonic()
    try:
        with closing(way.open().retrieve(manifest, frozenset(missing), brake=brake)) as instances:
            for instance in instances:
                attempt.came += 1
                missing.discard(instance.sop_instance)
                yield instance.carrying(instance.chunks, way=way.name)
                since = time.monotonic()
    except (Unavailable, PacsRejectsNode) as failure:
        attempt.failure = failure
    attempt.silent_seconds = time.monotonic() - since
    attempt.stopped = brake.pulled
    return attempt


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`ports.Archive` that lists by one way and fetches by another: in processes at which no C-MOVE can arrive."""

    listing: Archive
    source: ImageSource

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """What the listing says."""
        return self.listing.summary(study)

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """What the listing says."""
        return self.listing.studies()

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """What the source brings."""
        return self.source.retrieve(manifest, wanted, brake=brake)
