"""PoPP tokens (Proof of Patient Presence): an insured person and an institution have met, as the PoPP service says.

    claims = read(token).claims                                     # whose it is; nothing is proven
    proven = prove(read(token), certified(trust), now)              # the PoPP service has signed it
    accept(proven, Expected("https://popp.example", telematik_id, roles, kvnr), now)

A primary system hands a token on as it came (`epa.entitle_by_popp`) and never twice (A_27671); whoever is handed one
proves and accepts it. What differs between the published versions of the schema is read in all its spellings.
"""

from __future__ import annotations

from ti_adapter.popp.proof import (
    ROLE_POPP_TOKEN,
    Expected,
    FindKey,
    ProvenPopp,
    Rules,
    accept,
    certified,
    named,
    prove,
)
from ti_adapter.popp.reason import PoppRefused, Reason
from ti_adapter.popp.token import METHODS, PoppClaims, ReceivedPopp, read

__all__ = [
    "METHODS",
    "ROLE_POPP_TOKEN",
    "Expected",
    "FindKey",
    "PoppClaims",
    "PoppRefused",
    "ProvenPopp",
    "Reason",
    "ReceivedPopp",
    "Rules",
    "accept",
    "certified",
    "named",
    "prove",
    "read",
]
