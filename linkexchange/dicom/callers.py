"""Who may call this node by DICOM: its own PACS, known by AE title, address, and certificate where there is TLS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from linkexchange.hosts import addresses_of, named_in, plain
from linkexchange.model.passport import Passport

FRESH_SECONDS = 5.0


@dataclass
class Callers:
    """The registered PACS, as they were a few seconds ago: an archive may open an association for each instance."""

    registered: Callable[[], Sequence[Passport]]
    fresh_seconds: float = FRESH_SECONDS
    _known: list[tuple[Passport, frozenset[str]]] = field(default_factory=list)
    _read_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def know(self, calling: str, address: str, certificate: bytes | None) -> bool:
        """Whether it is one of ours. Raises `StateUnavailable`."""
        return self.find(calling, address, certificate) is not None

    def find(self, calling: str, address: str, certificate: bytes | None) -> Passport | None:
        """The PACS of this AE title that is at this address, and is named in the certificate that it has shown.

        Raises `StateUnavailable`.
        """
        for passport, addresses in self._fresh():
            named = certificate is None or passport.host.lower() in named_in(certificate)
            if passport.ae_title.strip() == calling and plain(address) in addresses and named:
                return passport
        return None

    def _fresh(self) -> list[tuple[Passport, frozenset[str]]]:
        with self._lock:
            if monotonic() - self._read_at > self.fresh_seconds:
                self._known = [(passport, addresses_of(passport.host)) for passport in self.registered()]
                self._read_at = monotonic()
            return self._known
