"""The directory at a node: the newest that the hub has signed, kept in a file for the days when the hub is silent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from linkexchange.errors import HubUnavailable, MessageFault
from linkexchange.files import write_whole
from linkexchange.model.directory import KEPT_FOR, MAX_BYTES, Snapshot, accept
from linkexchange.model.participant import Participant
from linkexchange.signing import PublicKeys, verify

_WRITTEN_AFTER = timedelta(minutes=10)
"""What says the same as the file is written again no earlier, so that the file's time is about right."""
_log = structlog.get_logger(__name__)


class KeptDirectory:
    """One for each process; the file is shared by all of them, and proven whenever it is read."""

    def __init__(self, keys: PublicKeys, *, issuer: str, file: Path, now: Callable[[], datetime]) -> None:
        self._keys, self._issuer, self._file, self._now = keys, issuer, file, now
        self._newest: Snapshot | None = None
        self._lock = threading.Lock()

    def newest(self, fetch: Callable[[], str]) -> Sequence[Participant]:
        """Who takes part: as the hub says, or as it last said where it says nothing, or nothing that is proven.

        Raises `HubUnavailable` where nothing is kept either, or what is kept is too old.
        """
        kept = self._kept()
        try:
            return self._take(fetch(), kept).participants
        except MessageFault as wrong:
            silent = HubUnavailable(wrong.detail)
        except HubUnavailable as unavailable:
            silent = unavailable
        if kept is None:
            raise silent
        _log.warning("the directory is the one that was kept", issued=kept.issued.isoformat(), why=silent.detail)
        return kept.participants

    def _take(self, token: str, kept: Snapshot | None) -> Snapshot:
        taken = self._proven(token, kept.issued if kept else None)
        with self._lock:
            self._newest = taken
        same = kept is not None and kept.participants == taken.participants
        if not same or kept is None or taken.issued - kept.issued > _WRITTEN_AFTER:
            self._write(token)
        return taken

    def _kept(self) -> Snapshot | None:
        """The newer one of what this process and what the file has; None where neither can be believed any more."""
        found = [it for it in (self._newest, self._read()) if it and self._is_fresh(it)]
        return max(found, key=lambda it: it.issued, default=None)

    def _is_fresh(self, snapshot: Snapshot) -> bool:
        return self._now() - snapshot.issued <= KEPT_FOR

    def _read(self) -> Snapshot | None:
        with suppress(OSError, UnicodeDecodeError, MessageFault):
            return self._proven(self._file.read_text(), None)
        return None

    def _proven(self, token: str, newest: datetime | None) -> Snapshot:
        proven = verify(token, self._keys, max_bytes=MAX_BYTES)
        return accept(proven, issuer=self._issuer, now=self._now(), newest=newest)

    def _write(self, token: str) -> None:
        try:
            write_whole(self._file, token.encode())
        except OSError as full:
            _log.warning("directory not kept", error=type(full).__name__)
