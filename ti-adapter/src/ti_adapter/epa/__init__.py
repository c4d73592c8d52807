"""The REST services of a record system of ePA für alle: where a record is, and what the patient has decided.

    rest = Rest(httpx.Client(base_url="https://epa-as-1.epa4all.de"), UserAgent("CLIENTID1234567890AB/1.0"))
    locations = Locations({"1": rest, "2": …})
    locations.at(Kvnr("A123456789"), now, use)        # `use` gets the name of the system where the record is

Every call takes an `httpx.Client` from outside. The information service is asked in the open; what needs a login goes
through a client whose transport is that of `ti_adapter.vau`.
"""

from __future__ import annotations

from ti_adapter.epa.errors import Advice, EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.information import ConsentDecision, Decision, RecordState, consent_decisions, record_state
from ti_adapter.epa.location import Locations, LocationUnknown, NoRecord, RecordSuspended, locate
from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr, UserAgent

__all__ = [
    "Advice",
    "ConsentDecision",
    "Decision",
    "EpaCode",
    "EpaMalformed",
    "EpaRefused",
    "EpaSilent",
    "Kvnr",
    "LocationUnknown",
    "Locations",
    "NoRecord",
    "RecordState",
    "RecordSuspended",
    "Rest",
    "UserAgent",
    "consent_decisions",
    "locate",
    "record_state",
]
