"""How many may stand at the door: connections that have not yet said who they are, in all and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

IN_ALL = 512
FROM_ONE_ADDRESS = 32


class Full(Exception):
    """One more may not stand here."""


@dataclass(slots=True)
class Doors:
    """Counts them. A house behind one address has far fewer at a time than it may have."""

    in_all: int = IN_ALL
    from_one_address: int = FROM_ONE_ADDRESS
    _from: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def standing(self, address: str) -> Iterator[None]:
        """Stand at the door as long as the block lasts. Raises `Full`."""
        if self._from.total() >= self.in_all or self._from[address] >= self.from_one_address:
            raise Full
        self._from[address] += 1
        try:
            yield
        finally:
            self._from[address] -= 1
            self._from = +self._from
