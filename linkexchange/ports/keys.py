"""Keys of resolvers as a node has learnt them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from linkexchange.model.keyset import KnownKey


class ResolverKeys(Protocol):
    """What this participant has learnt from the key sets of resolvers."""

    def known(self, source: str) -> Sequence[KnownKey]:
        """The keys of one resolver, gone ones too."""
        ...

    def put(self, source: str, keys: Sequence[KnownKey]) -> None:
        """Write them in the place of those that were there."""
        ...
