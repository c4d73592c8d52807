"""Names of institutions, which people know better than Telematik-IDs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from linkexchange.errors import Fault
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Hub

_KEEP = timedelta(minutes=1)


class Names:
    """The hub's directory, asked at most once a minute; without an answer, a Telematik-ID stands for itself."""

    def __init__(self, hub: Hub, now: Callable[[], datetime]) -> None:
        self._hub = hub
        self._now = now
        self._names: Mapping[TelematikId, str] = {}
        self._due = now()

    def of(self, telematik_id: TelematikId | None) -> str:
        """The name, or what is known instead; a dash where nothing is known yet."""
        if telematik_id is None:
            return "–"
        if self._now() >= self._due:
            self._due = self._now() + _KEEP
            self._refresh()
        return self._names.get(telematik_id, telematik_id)

    def _refresh(self) -> None:
        try:
            self._names = {row.telematik_id: row.name for row in self._hub.participants()}
        except Fault:
            return
