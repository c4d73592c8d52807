"""Which kind of institution may do what to which category of documents: the legal policy (ePA-Basic, concept, § 352).

The table is that of March 2024; later releases may differ, so all of it is a parameter. To which category a document
belongs the record system decides from its metadata; the guides tie some format codes to one, all else is a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ti_adapter.xds import DocumentEntry


class Right(StrEnum):
    """What the policy grants."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"


Rights = frozenset[Right]
NONE, READING, ALL = Rights(), Rights({Right.READ}), Rights(Right)

_TI = "1.2.276.0.76.4."
_PHYSICIANS = tuple(f"{_TI}{number}" for number in (50, 51, 52, 53, 255, 257))
"""Practices, dentists, psychotherapists, hospitals, public health service, rehabilitation."""
_READERS = tuple(f"{_TI}{number}" for number in (54, 245, 246, 247, 256))
"""Pharmacies, nursing, midwifery, physiotherapy, occupational medicine."""
_NURSING, _OCCUPATIONAL = f"{_TI}245", f"{_TI}256"

_COMMON = dict.fromkeys(_PHYSICIANS, ALL) | dict.fromkeys(_READERS, READING)
TABLE: Final[Mapping[str, Mapping[str, Rights]]] = {
    **dict.fromkeys(("reports", "eab", "emergency"), _COMMON),
    "care": _COMMON | {_NURSING: ALL},
    "other": dict.fromkeys(_PHYSICIANS, ALL) | {_OCCUPATIONAL: READING},
    "diga": dict.fromkeys((*_PHYSICIANS, *_READERS), READING),
}
"""Rights by category and professionOID; what is not named has none."""

_FORMATS = {
    "urn:gematik:ig:Arztbrief:": "eab",
    "urn:gematik:ig:Notfalldatensatz:": "emergency",
    "urn:gematik:ig:DatensatzPersoenlicheErklaerungen:": "emergency",
    "urn:gematik:ig:pka:": "emergency",
    "urn:gematik:ig:DMP-": "other",
    "urn:gematik:ig:diga:": "diga",
}


def category_of(metadata: DocumentEntry) -> str:
    """The category that gematik's implementation guides give to a format code, `reports` where they name none."""
    codes = [one.code for one in metadata.codes.get("formatCode", ())]
    return next((name for start, name in _FORMATS.items() if any(code.startswith(start) for code in codes)), "reports")


@dataclass(frozen=True, slots=True)
class LegalPolicy:
    """Who may do what."""

    table: Mapping[str, Mapping[str, Rights]] = field(default_factory=lambda: TABLE)
    category: Callable[[DocumentEntry], str] = category_of

    def grants(self, roles: Iterable[str], right: Right, metadata: DocumentEntry) -> bool:
        """Whether one of the roles has the right for documents with such metadata."""
        rights = self.table.get(self.category(metadata), {})
        return any(right in rights.get(role, NONE) for role in roles)
