"""ITI-67 as the MHD Service reads it: the parameters of a search, and which documents they fit.

Every parameter may stand once, `creation` twice. Refused by unknownSearchParameter: what no OpenAPI names, and of what
it names author, date, description, patient, period, related, _lastUpdated and _total, which are not simulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ti_adapter.epa.errors import EpaCode
from ti_adapter.epa.mhd.names import KVNR_SYSTEM, URI_SYSTEM, system_of, to_fhir_time
from ti_adapter.epa.mhd.search import CODES, PAGE_SIZE_MAX, STATUSES
from ti_adapter.simulator.entries import Entry
from ti_adapter.simulator.epa.asked import refusal

_NAMES = {name: label for label, name in CODES.items()}
_PLAIN = {"_id", "identifier", "title", "contenttype", "language", "_content"}
_PAGING = {"_count", "_offset", "_format"}
KNOWN: Final = {"patient.identifier", "status", "creation", *_NAMES, *_PLAIN, *_PAGING}
_PAGE_SIZE = 25
_BETWEEN = re.compile(r"(?<!\\),")
_NUMBER = re.compile(r"[0-9]{1,6}")
_CREATION = re.compile(r"(ge|lt|gt|le)?([0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?)")


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. `rows` are lists of alternatives by name."""

    rows: dict[str, list[str]] = field(repr=False)
    creation: tuple[tuple[str, datetime], ...] = ()
    count: int = _PAGE_SIZE
    offset: int = 0

    def fits(self, entry: Entry, category: str, content: bytes) -> bool:
        """Whether everything fits; of alternatives one has to."""
        return (
            "current" in self.rows["status"]
            and all(self._has(entry, category, name) for name in self.rows.keys() & _NAMES.keys())
            and all(self._is(entry, name) for name in self.rows.keys() & (_PLAIN - {"_content"}))
            and all(word.lower().encode() in content.lower() for word in self.rows.get("_content", []))
            and self._is_created(entry)
        )

    def _has(self, entry: Entry, category: str, name: str) -> bool:
        codes = entry.metadata.codes.get(_NAMES[name], ())
        said = {f"{system_of(one.scheme)}|{one.code}" for one in codes} | {one.code for one in codes}
        labels = {category, f"urn:oid:1.2.276.0.76.5.511|{category}"} if name == "security-label" else set[str]()
        return not (said | labels).isdisjoint(self.rows[name])

    def _is(self, entry: Entry, name: str) -> bool:
        wanted, metadata = self.rows[name], entry.metadata
        if name == "title":
            return any(metadata.title.lower().startswith(one.lower()) for one in wanted)
        numbers = {f"urn:uuid:{entry.entry}", f"urn:oid:{metadata.unique_id}"}
        said = {
            "_id": {entry.entry},
            "identifier": numbers | {f"{URI_SYSTEM}|{one}" for one in numbers},
            "contenttype": {metadata.mime_type},
            "language": set(metadata.slots.get("languageCode", ())),
        }
        return not said[name].isdisjoint(wanted)

    def _is_created(self, entry: Entry) -> bool:
        if not self.creation:
            return True
        told = entry.metadata.slots.get("creationTime", ("",))[0]
        moment = _moment(to_fhir_time(told)) if told else None
        return moment is not None and all(_COMPARED[prefix](moment, bound) for prefix, bound in self.creation)


_COMPARED: dict[str, Callable[[datetime, datetime], bool]] = {
    "ge": lambda one, other: one >= other,
    "gt": lambda one, other: one > other,
    "le": lambda one, other: one <= other,
    "lt": lambda one, other: one < other,
    "": lambda one, other: one.date() == other.date(),
}


def read_query(asked: list[tuple[str, str]], kvnr: str) -> Query:
    """Raises `EpaRefused`.

    1. Known parameters only. 2. None of them twice, and none empty. 3. Patient and status are there, and the status is
    one. 4. The patient is the one of the header. 5. Numbers and times that are such. 6. FHIR in JSON.
    """
    names = [name for name, _ in asked]
    if not set(names) <= KNOWN:
        raise refusal(EpaCode.UNKNOWN_SEARCH_PARAMETER)
    if any(names.count(name) > (2 if name == "creation" else 1) for name in names) or not all(it for _, it in asked):
        raise refusal(EpaCode.MALFORMED_REQUEST)
    rows = {name: [_plain(one) for one in _BETWEEN.split(value)] for name, value in asked}
    if not {"patient.identifier", "status"} <= rows.keys() or not set(rows["status"]) <= set(STATUSES.values()):
        raise refusal(EpaCode.MALFORMED_REQUEST)
    if rows["patient.identifier"] not in ([kvnr], [f"{KVNR_SYSTEM}|{kvnr}"]):
        raise refusal(EpaCode.NOT_ENTITLED)
    if rows.get("_format", ["application/fhir+json"]) != ["application/fhir+json"]:
        raise refusal(EpaCode.NOT_ACCEPTABLE)
    creation = tuple(_bound(value) for name, value in asked if name == "creation")
    count, offset = _number(rows, "_count", _PAGE_SIZE), _number(rows, "_offset", 0)
    if not 1 <= count <= PAGE_SIZE_MAX:
        raise refusal(EpaCode.MALFORMED_REQUEST)
    return Query(rows, creation, count, offset)


def _plain(value: str) -> str:
    return re.sub(r"\\([\\$,|])", r"\1", value)


def _number(rows: dict[str, list[str]], name: str, usual: int) -> int:
    value = rows.get(name, [str(usual)])
    if len(value) != 1 or not _NUMBER.fullmatch(value[0]):
        raise refusal(EpaCode.MALFORMED_REQUEST)
    return int(value[0])


def _bound(value: str) -> tuple[str, datetime]:
    found = _CREATION.fullmatch(value)
    try:
        if found:
            return found[1] or "", _moment(found[2])
    except ValueError:
        pass
    raise refusal(EpaCode.MALFORMED_REQUEST)


def _moment(said: str) -> datetime:
    """A dateTime of FHIR, its first moment where it is a longer time."""
    whole = f"{said}-01-01"[:10] if len(said) < 10 else said
    return datetime.fromisoformat(whole if "T" in whole else f"{whole}T00:00:00Z")
