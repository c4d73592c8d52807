"""Where a record is: there is no index, so all record systems are asked, and what was found is remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ti_adapter.epa.errors import EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.information import RecordState, record_state
from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr
from ti_adapter.errors import TiError

REMEMBERED_MAX: Final = 10_000
REMEMBERED_FOR: Final = timedelta(hours=24)

_MOVED = frozenset({(404, EpaCode.NO_HEALTH_RECORD), (409, EpaCode.STATUS_MISMATCH)})

T = TypeVar("T")


class NoRecord(TiError):
    """All record systems have answered, and none has this record."""


class RecordSuspended(TiError):
    """The record is at `system`, and closed for the time being; ask again after about 24 hours."""

    def __init__(self, system: str) -> None:
        super().__init__(system)
        self.system = system


class LocationUnknown(TiError):
    """No record system has said yes, and `silent` have not answered: whether there is a record is not known."""

    def __init__(self, silent: tuple[str, ...]) -> None:
        super().__init__(silent)
        self.silent = silent


def locate(systems: Mapping[str, Rest], kvnr: Kvnr) -> str:
    """Name of the record system where the record is activated; the others are asked until one says so.

    Raises `RecordSuspended`, `LocationUnknown`, `NoRecord`. A system that answers nonsense or refuses otherwise counts
    as silent, so that one that is broken never hides a record at another, nor makes it look absent.
    """
    suspended, silent = "", list[str]()
    for name, rest in systems.items():
        try:
            state = record_state(rest, kvnr)
        except (EpaSilent, EpaMalformed, EpaRefused):
            silent.append(name)
            continue
        if state is RecordState.ACTIVATED:
            return name
        if state is RecordState.SUSPENDED:
            suspended = name
    raise _not_found(suspended, tuple(silent))


def _not_found(suspended: str, silent: tuple[str, ...]) -> TiError:
    if silent:
        return LocationUnknown(silent)
    return RecordSuspended(suspended) if suspended else NoRecord()


class Locations:
    """`locate` with a memory of a day, for all threads; the oldest of more than 10,000 is forgotten."""

    def __init__(self, systems: Mapping[str, Rest]) -> None:
        self._systems = dict(systems)
        self._found: OrderedDict[Kvnr, tuple[str, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, kvnr: Kvnr, now: datetime, use: Callable[[str], T]) -> T:
        """`use` the record at the system where it is.

        A remembered place that says `noHealthRecord` or `statusMismatch` is forgotten and all are asked anew; when the
        record has moved, it is used there, once. Raises what `locate` and `use` raise.
        """
        remembered = self._remembered(kvnr, now)
        if remembered is None:
            return use(self._ask(kvnr, now))
        try:
            return use(remembered)
        except EpaRefused as refused:
            if (refused.status, refused.code) not in _MOVED:
                raise
            self.forget(kvnr)
            found = self._ask(kvnr, now)
            if found == remembered:
                raise
        return use(found)

    def forget(self, kvnr: Kvnr) -> None:
        """Ask anew next time. Safe to repeat."""
        with self._lock:
            self._found.pop(kvnr, None)

    def _remembered(self, kvnr: Kvnr, now: datetime) -> str | None:
        with self._lock:
            name, found_at = self._found.get(kvnr, ("", now))
        return name if name and now - found_at < REMEMBERED_FOR else None

    def _ask(self, kvnr: Kvnr, now: datetime) -> str:
        name = locate(self._systems, kvnr)
        with self._lock:
            self._found.pop(kvnr, None)
            self._found[kvnr] = (name, now)
            if len(self._found) > REMEMBERED_MAX:
                self._found.popitem(last=False)
        return name
