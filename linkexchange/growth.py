"""Has a study grown since its link was made? Looked at beside its serving, so that whoever fetches it learns of it.

It costs the serving no time: the PACS is asked once the first image has left, by a thread of its own, which takes its
turn behind everybody else. UIDs are compared with the manifest, which stays what the grant and the proof are about.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from linkexchange.errors import PeerFault, Refused, Unavailable
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Use
from linkexchange.ports import Destination
from linkexchange.turnstile import Turnstile, Who

FOUND_MAX = 100
"""So many transfers are remembered; each asks within minutes. And so many links."""
SHARED_SECONDS = 60.0
"""So long what was found for one serving holds for the next under the link: a list of thousands is long to read."""


class Newer(NamedTuple):
    """So many images of its study the PACS lists beyond the manifest of a link."""

    link: LinkId
    requester: TelematikId
    images: int


class _Looked(NamedTuple):
    at: float
    images: int


def _in_a_thread(look: Callable[[], None]) -> None:
    Thread(target=look, name="growth", daemon=True).start()


class Growth:
    """What was found, by transfer. `listing` is the PACS as one that can be asked what it lists."""

    def __init__(
        self,
        turnstile: Turnstile,
        listing: Callable[[Passport], Destination],
        beside: Callable[[Callable[[], None]], None] = _in_a_thread,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._turnstile, self._listing, self._beside, self._clock = turnstile, listing, beside, clock
        self._found: dict[UUID, Newer] = {}
        self._looked: dict[LinkId, _Looked] = {}
        self._lock = Lock()

    def look(self, grant: Grant, passport: Passport, manifest: Manifest) -> None:
        """Begin to look, at a PACS that bears somebody beside the serving.

        Where that fails nothing is found, and nobody is worse off than before.
        """
        looked = self._looked.get(grant.link)
        if looked and self._clock() - looked.at < SHARED_SECONDS:
            self._note(grant, looked)
        elif passport.max_associations > 1:
            self._beside(partial(self._look, grant, passport, manifest))

    def found(self, transfer: UUID, requester: TelematikId) -> Newer | None:
        """What was found, for the same requester only; None where there is nothing, or nothing yet."""
        found = self._found.get(transfer)
        return found if found and found.requester == requester else None

    def _look(self, grant: Grant, passport: Passport, manifest: Manifest) -> None:
        # No transfer's place in line, lest it be taken for that of the serving.
        last = Who(uuid4(), Purpose.PREFETCH)
        with suppress(Unavailable, Refused, PeerFault), self._turnstile.turn(passport, Use.RETRIEVE, last):
            listed = self._listing(passport).held(manifest.study) or frozenset()
            self._note(grant, _Looked(self._clock(), len(listed - manifest.uids)))

    def _note(self, grant: Grant, looked: _Looked) -> None:
        with self._lock:
            self._looked[grant.link] = looked
            if looked.images:
                self._found[grant.transfer] = Newer(grant.link, grant.requester, looked.images)
            _forget_oldest(self._found)
            _forget_oldest(self._looked)


def _forget_oldest(known: dict[Any, Any]) -> None:
    for oldest in list(known)[:-FOUND_MAX]:
        del known[oldest]
