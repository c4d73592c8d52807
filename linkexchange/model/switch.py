"""The switch for pulls: an institution may let nobody fetch by what stands in the record, and still send by itself.

The law may allow only that an institution sends. There are two hands on the switch, the institution's own and that of
who runs the hub; pulls are off where either says so, and neither can undo the other. Releases go on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BASIS_MAX_CHARACTERS = 500


class Hand(StrEnum):
    """Who has turned it."""

    ORIGIN = "origin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Switch:
    """How one hand has left it. `basis` is the legal basis, or whatever else was given as the reason."""

    hand: Hand
    pulls: bool
    basis: str
    at: datetime


def off(switches: Iterable[Switch]) -> Switch | None:
    """The first that turns pulls off; where nobody has turned it, pulls are on."""
    return next((it for it in switches if not it.pulls), None)
