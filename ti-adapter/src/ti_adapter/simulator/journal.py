"""What a patient reads of the accesses to the record: who did what when, and how it ended; refused ones too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from ti_adapter.attestation import Attestation
from ti_adapter.errors import TiError
from ti_adapter.pki import ProvenCertificate


class Operation(StrEnum):
    """What an institution may do."""

    STORE = "store"
    FIND = "find"
    RETRIEVE = "retrieve"
    REPLACE = "replace"
    UPDATE = "update"
    REMOVE = "remove"
    ENTITLE = "entitle"


@dataclass(frozen=True, slots=True)
class Access:
    """One line of what the patient reads: who did what when, and how it ended.

    That is `ok`, the code of the refusal, or `refused` where metadata were.
    """

    telematik_id: str
    name: str
    operation: str
    entry: str
    at: datetime
    outcome: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Journal:
    """The lines of all records by KVNR, oldest first; all services of a record system write into one."""

    clock: Callable[[], datetime] = _utc_now
    lines: dict[str, list[Access]] = field(default_factory=lambda: defaultdict(list), repr=False)

    @contextmanager
    def noted(self, who: Attestation, kvnr: str, operation: Operation, *, entry: str = "") -> Iterator[None]:
        """Write down what becomes of what is done within."""
        now, outcome = self.clock(), "refused"
        try:
            yield
            outcome = "ok"
        except TiError as refused:
            outcome = str(getattr(refused, "code", outcome))
            raise
        finally:
            self.lines[kvnr].append(Access(who.telematik_id, who.name, operation, entry, now, outcome))


def acting(who: ProvenCertificate) -> Attestation:
    """An institution that is logged in, as rules and journal know it."""
    return Attestation(who.admission.telematik_id, who.admission.profession_oids, who.name, "")
