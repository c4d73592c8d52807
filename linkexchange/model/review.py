"""Four eyes: an emergency was let go by a rule, so two persons of the origin look at it afterwards.

1. Two reviews by two identities end it; one person is one identity, however the name is written.
2. Whoever asked for the release is none of them.

An identity is what the system knows of a person. Until pages have a login it is a name that somebody has typed, which
proves nothing; it makes a second look a deliberate lie, and the trail shows it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

REVIEWS = 2


@dataclass(frozen=True, slots=True)
class Review:
    """What one person found. `reviewer` is the identity, `name` as it was written."""

    reviewer: str
    name: str
    justified: bool
    note: str
    at: datetime


def identity(name: str) -> str:
    """One spelling for all ways to write a name: capitals, blanks and compatible letters make no second person."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def objection(known: Sequence[Review], reviewer: str, requester: str) -> str | None:
    """Why this person may not review: `same-person`, `requester`, `reviewed`; None where they may."""
    who = identity(reviewer)
    if len(known) >= REVIEWS:
        return "reviewed"
    if who in {it.reviewer for it in known}:
        return "same-person"
    return "requester" if who == identity(requester) else None


def is_reviewed(known: Sequence[Review]) -> bool:
    """Whether two persons have looked."""
    return len({it.reviewer for it in known}) >= REVIEWS
