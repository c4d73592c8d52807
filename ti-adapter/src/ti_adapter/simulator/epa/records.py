"""What a simulated record system knows of its records."""

from __future__ import annotations

from dataclasses import dataclass, field

from ti_adapter.epa.errors import EpaCode
from ti_adapter.epa.information import RecordState
from ti_adapter.simulator.epa.asked import refusal
from ti_adapter.simulator.health_record import SimulatedRecord

__all__ = ["Records", "SimulatedRecord"]


@dataclass(slots=True)
class Records:
    """All records by KVNR. While `is_down`, whatever is asked ends in `internalError`."""

    by_kvnr: dict[str, SimulatedRecord] = field(default_factory=dict, repr=False)
    is_down: bool = False

    def activated(self, kvnr: str) -> SimulatedRecord:
        """The record, if it can be used. Raises `EpaRefused` with noHealthRecord or statusMismatch."""
        record = self.by_kvnr.get(kvnr)
        if record is None or record.state is RecordState.UNKNOWN:
            raise refusal(EpaCode.NO_HEALTH_RECORD)
        if record.state is RecordState.SUSPENDED:
            raise refusal(EpaCode.STATUS_MISMATCH)
        return record

    def check_up(self) -> None:
        """Raises `EpaRefused` with internalError while the system is down."""
        if self.is_down:
            raise refusal(EpaCode.INTERNAL_ERROR)
