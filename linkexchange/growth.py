"""Has a study grown since its link was made? Looked at beside its serving, so that whoever fetches it learns of it.

It costs the serving no time: the PACS is asked once the first image has left, by a thread of its own, which takes its
turn behind everybody else. UIDs are compared with the manifest, which stays what the grant and the proof are about.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import NamedTuple
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
"""So many transfers are remembered; each asks within minutes."""


class Newer(NamedTuple):
    """So many images of its study the PACS lists beyond the manifest of a link."""

    link: LinkId
    requester: TelematikId
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
    ) -> None:
        self._turnstile, self._listing, self._beside = turnstile, listing, beside
        self._found: dict[UUID, Newer] = {}
        self._lock = Lock()

    def look(self, grant: Grant, passport: Passport, manifest: Manifest) -> None:
        """Begin to look, at a PACS that bears somebody beside the serving.

        Where that fails nothing is found, and nobody is worse off than before.
        """
        if passport.max_associations > 1:
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
            if newer := listed - manifest.uids:
                self._note(grant.transfer, Newer(grant.link, grant.requester, len(newer)))

    def _note(self, transfer: UUID, newer: Newer) -> None:
        with self._lock:
            self._found[transfer] = newer
            for oldest in list(self._found)[:-FOUND_MAX]:
                del self._found[oldest]
