"""What is known of one simulated record beside its documents; every service of its record system reads it here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ti_adapter.epa.information import Decision, RecordState


@dataclass(slots=True)
class SimulatedRecord:
    """One record. UNKNOWN is one that was initialised and is not activated yet: it looks as if it were not there.

    `entitled` and `blocked` name institutions by their Telematik-ID.
    """

    state: RecordState = RecordState.ACTIVATED
    decisions: dict[str, Decision] = field(default_factory=dict)
    entitled: dict[str, datetime] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)

    def is_open_to(self, telematik_id: str, now: datetime) -> bool:
        """Whether the record is in use, and an institution is entitled to it now."""
        until = self.entitled.get(telematik_id)
        return self.state is RecordState.ACTIVATED and until is not None and now < until
