"""The REST services of a simulated record system, as strict as gematik's OpenAPI.

    app = create_app(records)             # for any ASGI server

`records` holds what the patient and the insurer would have done; a test changes it in place.
"""

from __future__ import annotations

from ti_adapter.simulator.epa.app import create_app
from ti_adapter.simulator.epa.records import Records, SimulatedRecord

__all__ = ["Records", "SimulatedRecord", "create_app"]
