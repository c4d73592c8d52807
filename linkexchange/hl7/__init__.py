"""HL7 v2: what the systems of a house say, as values, and the port at which they say it (MLLP)."""

from __future__ import annotations

from linkexchange.hl7.admissions import admissions
from linkexchange.hl7.message import NULL, Field, Header, Message, Segment
from linkexchange.hl7.mllp import Hear, Limits, Listener
from linkexchange.hl7.results import Result, by_kind, result_of, results

__all__ = [
    "NULL",
    "Field",
    "Header",
    "Hear",
    "Limits",
    "Listener",
    "Message",
    "Result",
    "Segment",
    "admissions",
    "by_kind",
    "result_of",
    "results",
]
