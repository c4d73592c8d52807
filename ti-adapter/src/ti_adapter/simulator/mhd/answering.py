"""What the MHD Service says to one institution of one record; rules in `simulator.record`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from ti_adapter.attestation import Attestation
from ti_adapter.epa.errors import EpaCode
from ti_adapter.epa.mhd.names import DOCUMENT_REFERENCE
from ti_adapter.epa.mhd.retrieving import RETRIEVABLE
from ti_adapter.epa.xds.metadata import Metadata
from ti_adapter.errors import RecordRefused
from ti_adapter.simulator.entries import Entry
from ti_adapter.simulator.epa.asked import refusal
from ti_adapter.simulator.legal_policy import category_of
from ti_adapter.simulator.mhd.reference import BASE, Json, document_reference, file_name
from ti_adapter.simulator.mhd.searching import read_query
from ti_adapter.simulator.record import RecordSystem

BUNDLE_PROFILE = "https://gematik.de/fhir/epa-mhd/StructureDefinition/epa-document-search-result-bundle"


@dataclass(frozen=True, slots=True)
class SimulatedMhd:
    """`told` gives all that XDS was told of an entry."""

    records: RecordSystem
    told: Callable[[Entry], Metadata]

    def search(self, who: Attestation, kvnr: str, asked: list[tuple[str, str]]) -> Json:
        """ITI-67: a page of a searchset. Raises `EpaRefused`."""
        query = read_query(asked, kvnr)
        shown = self._shown(who, kvnr)
        found = [(it, content) for it, content in shown if query.fits(it, category_of(it.metadata), content)]
        page = found[query.offset : query.offset + query.count]
        links = [{"relation": "self", "url": _address(asked, query.offset)}]
        if query.offset + len(page) < len(found):
            links.append({"relation": "next", "url": _address(asked, query.offset + query.count)})
        return {
            "resourceType": "Bundle",
            "meta": {"profile": [BUNDLE_PROFILE]},
            "type": "searchset",
            "total": len(found),
            "link": links,
            "entry": [self._entry(kvnr, *one) for one in page],
        }

    def read(self, who: Attestation, kvnr: str, number: str) -> Json:
        """One DocumentReference. Raises `EpaRefused`."""
        return self._reference(kvnr, *self._one(who, kvnr, lambda it: it.entry == number))

    def retrieve(self, who: Attestation, kvnr: str, name: str, accept: str) -> tuple[bytes, str]:
        """ITI-68: the document and its media type. Raises `EpaRefused`."""
        entry, _ = self._one(who, kvnr, lambda it: file_name(it) == name)
        wanted = {one.partition(";")[0].strip() for one in accept.split(",")}
        if entry.media_type not in RETRIEVABLE or not wanted & {entry.media_type, "*/*"}:
            raise refusal(EpaCode.NOT_ACCEPTABLE)
        return self.records.retrieve(who, kvnr, entry.entry)[1], entry.media_type

    def _one(self, who: Attestation, kvnr: str, is_it: Callable[[Entry], bool]) -> tuple[Entry, bytes]:
        for entry, content in self._shown(who, kvnr):
            if is_it(entry):
                return entry, content
        raise refusal(EpaCode.NOT_FOUND)

    def _shown(self, who: Attestation, kvnr: str) -> list[tuple[Entry, bytes]]:
        try:
            return self.records.shown(who, kvnr)
        except RecordRefused as refused:
            raise refusal(EpaCode.NOT_ENTITLED) from refused

    def _entry(self, kvnr: str, entry: Entry, content: bytes) -> Json:
        address = f"{BASE}{DOCUMENT_REFERENCE}/{entry.entry}"
        return {"fullUrl": address, "resource": self._reference(kvnr, entry, content), "search": {"mode": "match"}}

    def _reference(self, kvnr: str, entry: Entry, content: bytes) -> Json:
        category = category_of(entry.metadata)
        return document_reference(entry, self.told(entry), content, kvnr=kvnr, category=category)


def _address(asked: list[tuple[str, str]], offset: int) -> str:
    """Of a page, without the number of the insured person."""
    rows = [(name, value) for name, value in asked if name not in {"_offset", "patient.identifier"}]
    return f"{DOCUMENT_REFERENCE}?{urlencode([*rows, ('_offset', str(offset))])}"
