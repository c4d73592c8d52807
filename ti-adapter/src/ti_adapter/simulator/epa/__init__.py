"""The REST services of a simulated record system, as strict as gematik's OpenAPI.

    app = create_app(records)                                          # for any ASGI server
    inner = create_inner_app(service, entitlements, documents, popp)    # what needs a login; belongs into a `VauApp`

`documents` answers XDS and MHD over one state. `records` holds what the patient and the insurer would have done; a test
changes it in place.
"""

from __future__ import annotations

from ti_adapter.simulator.epa.app import create_app, create_inner_app
from ti_adapter.simulator.epa.authorization import Authorization
from ti_adapter.simulator.epa.documents import Documents
from ti_adapter.simulator.epa.entitlement import Entitlements
from ti_adapter.simulator.epa.popp import PoppEntitlements
from ti_adapter.simulator.epa.pruefziffer import VsdmService
from ti_adapter.simulator.epa.records import Records, SimulatedRecord
from ti_adapter.simulator.epa.sessions import Sessions

__all__ = [
    "Authorization",
    "Documents",
    "Entitlements",
    "PoppEntitlements",
    "Records",
    "Sessions",
    "SimulatedRecord",
    "VsdmService",
    "create_app",
    "create_inner_app",
]
