"""The REST services of a record system of ePA für alle: where a record is, consent, login and entitlement.

    rest = Rest(httpx.Client(base_url="https://epa-as-1.epa4all.de"), UserAgent("CLIENTID1234567890AB/1.0"))
    locations = Locations({"1": rest, "2": …})
    locations.at(Kvnr("A123456789"), now, use)        # `use` gets the name of the system where the record is
    log_in(inside, transport, card, ask_idp, telematik_id, now)    # `inside` is a Rest whose client has the transport
    entitle(inside, kvnr, card, CardProof(receipt.pruefziffer, hash_check_value(begin, street)), now)
    entitle_by_popp(inside, kvnr, token)              # instead, where the PoPP service has given a token

Documents are the matter of `epa.xds`, and of `epa.mhd` where they are only read.

Every call takes an `httpx.Client` from outside. The information service is asked in the open; what needs a login goes
through a client whose transport is that of `ti_adapter.vau`.
"""

from __future__ import annotations

from ti_adapter.epa.authorization import AskIdp, Channel, LoginFailed, LoginReason, log_in, search_token
from ti_adapter.epa.entitlement import (
    CardProof,
    HcvEncoding,
    PoppRequest,
    entitle,
    entitle_by_popp,
    hash_check_value,
)
from ti_adapter.epa.errors import Advice, EpaCode, EpaMalformed, EpaRefused, EpaSilent
from ti_adapter.epa.information import ConsentDecision, Decision, RecordState, consent_decisions, record_state
from ti_adapter.epa.location import Locations, LocationUnknown, NoRecord, RecordSuspended, locate
from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr, UserAgent
from ti_adapter.vzd import SearchToken

__all__ = [
    "Advice",
    "AskIdp",
    "CardProof",
    "Channel",
    "ConsentDecision",
    "Decision",
    "EpaCode",
    "EpaMalformed",
    "EpaRefused",
    "EpaSilent",
    "HcvEncoding",
    "Kvnr",
    "LocationUnknown",
    "Locations",
    "LoginFailed",
    "LoginReason",
    "NoRecord",
    "PoppRequest",
    "RecordState",
    "RecordSuspended",
    "Rest",
    "SearchToken",
    "UserAgent",
    "consent_decisions",
    "entitle",
    "entitle_by_popp",
    "hash_check_value",
    "locate",
    "log_in",
    "record_state",
    "search_token",
]
