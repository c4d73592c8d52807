"""ITI-67: what is asked, as parameters of a FHIR search; only of what gematik's OpenAPI names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from ti_adapter.epa.mhd.names import KVNR_SYSTEM, URI_SYSTEM, system_of
from ti_adapter.epa.values import Kvnr
from ti_adapter.epa.xds.names import Availability
from ti_adapter.xds import Code

PAGE_SIZE_MAX: Final = 100

CODES: Final = {
    "classCode": "category",
    "confidentialityCode": "security-label",
    "eventCodeList": "event",
    "formatCode": "format",
    "healthcareFacilityTypeCode": "facility",
    "practiceSettingCode": "setting",
    "typeCode": "type",
}
"""The parameter for each code of a DocumentEntry; data categories are asked for like a confidentialityCode."""
STATUSES: Final = {Availability.APPROVED: "current", Availability.DEPRECATED: "superseded"}

_SPECIAL = re.compile(r"([\\$,|])")

Parameters = list[tuple[str, str]]


class Asking(Enum):
    """How a search travels. The number of the insured person is a parameter of it, whatever the way."""

    FORM = "POST"
    """In the body, so that the number stands in no address."""
    QUERY = "GET"
    """In the address, where the OpenAPI has the parameters."""


@dataclass(frozen=True, slots=True)
class MhdSearch:
    """What has to fit; of several codes of a name one has to. Times have a zone, `created_to` is the first too late.

    `text` is looked for in the documents themselves. `page_size` is 1 to 100.
    """

    statuses: tuple[Availability, ...] = (Availability.APPROVED,)
    codes: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    created_from: datetime | None = None
    created_to: datetime | None = None
    title: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    unique_id: str = ""
    page_size: int = 25


def parameters(search: MhdSearch, kvnr: Kvnr, offset: int) -> Parameters:
    """Raises ValueError for a code whose name XDS does not know, and for a size of pages that is none."""
    if unknown := search.codes.keys() - CODES.keys():
        raise ValueError(f"no code of a DocumentEntry: {', '.join(sorted(unknown))}")
    if not 1 <= search.page_size <= PAGE_SIZE_MAX or not search.statuses:
        raise ValueError("no size of a page, or no status")
    rows = [
        ("patient.identifier", _token(KVNR_SYSTEM, kvnr.value)),
        ("status", ",".join(STATUSES[one] for one in search.statuses)),
        *((CODES[name], _anyone(codes)) for name, codes in search.codes.items() if codes),
        ("creation", _moment("ge", search.created_from)),
        ("creation", _moment("lt", search.created_to)),
        ("title", _escaped(search.title)),
        ("_content", search.text),
        ("identifier", _token(URI_SYSTEM, f"urn:oid:{search.unique_id}") if search.unique_id else ""),
        ("_count", str(search.page_size)),
        ("_offset", str(offset) if offset else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _anyone(codes: tuple[Code, ...]) -> str:
    return ",".join(_token(system_of(one.scheme), one.code) for one in codes)


def _token(system: str, value: str) -> str:
    """A token of FHIR; what separates is escaped where it belongs to the value (search, section 3.1.1.4.9)."""
    return f"{_escaped(system)}|{_escaped(value)}"


def _escaped(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", value)


def _moment(prefix: str, moment: datetime | None) -> str:
    return "" if moment is None else f"{prefix}{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
