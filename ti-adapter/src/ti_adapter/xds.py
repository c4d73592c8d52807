"""What a record system is told of a document (XDS DocumentEntry, ITI TF-3 section 4.2.3.2), as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DOCUMENT_BYTES_MAX: Final = 25_000_000
"""Limit of the ePA for one document: 25 MB."""


def patient_id(kvnr: str) -> str:
    """The KVNR as the CX (HL7 version 2) that names a patient in XDS."""
    return f"{kvnr}^^^&1.2.276.0.76.4.8&ISO"


@dataclass(frozen=True, slots=True)
class Code:
    """A code with the OID of its coding scheme."""

    code: str
    scheme: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """The metadata of one document, patient data among them: its `repr` shows the number of the document alone.

    `codes` are the classifications and `slots` the slots of ebRIM, by the names that XDS gives them (`classCode`,
    `serviceStartTime`). `patient_id` is a CX, `author_institution` an XON, as HL7 version 2 writes them.
    """

    unique_id: str
    mime_type: str
    title: str = field(repr=False)
    patient_id: str = field(default="", repr=False)
    author_institution: str = field(default="", repr=False)
    home_community_id: str = field(default="", repr=False)
    codes: Mapping[str, tuple[Code, ...]] = field(default_factory=dict, repr=False)
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
