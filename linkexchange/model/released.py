"""What has become of a request for a release, at the origin and at the requester.

At the origin `open → released | refused`, once; a release ends by its date or when its link is withdrawn. What the
requester is told is one of `open`, `released`, `refused`, `ended`, and never why a request stays open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkexchange.model.access import Basis
from linkexchange.model.identifiers import LinkId, StudyUid
from linkexchange.model.release_request import ReleaseRequest
from linkexchange.model.review import Review, is_reviewed

POLL_MAX = timedelta(minutes=15)
KEPT = timedelta(days=1096)
"""Requests hold the name of a patient; they are removed when the entries of the trail that name them may be."""
OPEN_MAX = 100
"""So many requests of one requester may be open at one origin."""


class Standing(StrEnum):
    """Where a request stands. The first and the last but one are the requester's own: not sent, not taken."""

    UNSENT = "unsent"
    OPEN = "open"
    RELEASED = "released"
    REFUSED = "refused"
    FAILED = "failed"
    ENDED = "ended"


SETTLED = frozenset({Standing.REFUSED, Standing.FAILED, Standing.ENDED})
"""The requester asks no more."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an origin tells a requester about its request. `refusal` is a sentence of a person."""

    standing: Standing
    refusal: str = ""
    link: LinkId | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as its origin keeps it.

    `hold` is why no rule let it go. `by` is the person who decided, or the name of the rule; `review_by` is when two
    persons must have looked at an emergency.
    """

    request: ReleaseRequest
    heard: datetime
    standing: Standing = Standing.OPEN
    hold: str = ""
    basis: Basis | None = None
    by: str = ""
    decided: datetime | None = None
    refusal: str = ""
    study: StudyUid | None = None
    link: LinkId | None = None
    expires: datetime | None = None
    review_by: datetime | None = None
    reviews: tuple[Review, ...] = ()

    @property
    def awaits_review(self) -> bool:
        """Whether it was let go in an emergency, and two persons have not looked at it yet."""
        return self.review_by is not None and not is_reviewed(self.reviews)

    def is_overdue(self, now: datetime) -> bool:
        """Whether they should have looked by now."""
        return self.awaits_review and self.review_by is not None and now >= self.review_by

    def answer(self, now: datetime, *, active: bool) -> Answered:
        """What its requester may know; `active` says whether its link has not been withdrawn."""
        if self.standing is not Standing.RELEASED:
            return Answered(self.standing, self.refusal)
        over = not active or (self.expires is not None and now >= self.expires)
        return Answered(Standing.ENDED if over else Standing.RELEASED, "", self.link, self.expires)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its requester keeps it. `detail` is the origin's sentence, or the code of what went wrong."""

    request: ReleaseRequest
    destination: str
    standing: Standing = Standing.UNSENT
    detail: str = ""
    link: LinkId | None = None
    expires: datetime | None = None
    due: datetime | None = None


def next_look(asked: datetime, now: datetime, at_least: timedelta) -> datetime:
    """When to ask again: after a tenth of the time since the request was made, a quarter of an hour at most."""
    return now + min(max((now - asked) / 10, at_least), POLL_MAX)
