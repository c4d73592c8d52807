"""Paths and code systems of the MHD Service, and how XDS spells in FHIR what it spells otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

DOCUMENT_REFERENCE: Final = "/epa/mhd/api/v1/fhir/DocumentReference"
SEARCH: Final = f"{DOCUMENT_REFERENCE}/_search"
CONTENT: Final = "/epa/mhd/retrieve/v1/content/"

FHIR_JSON: Final = "application/fhir+json"
KVNR_SYSTEM: Final = "http://fhir.de/sid/gkv/kvid-10"
TELEMATIK_ID_SYSTEM: Final = "https://gematik.de/fhir/sid/telematik-id"
URI_SYSTEM: Final = "urn:ietf:rfc:3986"
CATEGORY_SYSTEMS: Final = frozenset({"1.2.276.0.76.5.511", "1.2.276.0.76.5.512"})
"""Of data categories, which stand among the security labels."""

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DTM = re.compile(r"([0-9]{4})([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def is_uuid(number: str) -> bool:
    """Whether it is a UUID as it is written."""
    return _UUID.fullmatch(number) is not None


def system_of(scheme: str) -> str:
    """The code system of a coding scheme: XDS has the bare OID, FHIR a URI."""
    return f"urn:oid:{scheme}" if _OID.fullmatch(scheme) else scheme


def scheme_of(system: str) -> str:
    """The reverse."""
    return system.removeprefix("urn:oid:")


def to_fhir_time(dtm: str) -> str:
    """A time of XDS (YYYY to YYYYMMDDhhmmss, UTC) as a dateTime of FHIR. Raises ValueError for what is none."""
    parts = _DTM.fullmatch(dtm)
    if parts is None:
        raise ValueError("no time of XDS")
    year, month, day, *clock = parts.groups()
    date = "-".join(one for one in (year, month, day) if one)
    if clock[0] is None:
        return date
    return f"{date}T{':'.join(one or '00' for one in clock)}Z"


def from_fhir_time(said: str) -> str:
    """The reverse; a time of day becomes UTC to the second. Raises ValueError."""
    if _DATE.fullmatch(said):
        return said.replace("-", "")
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}"
