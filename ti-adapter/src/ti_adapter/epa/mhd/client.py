"""The MHD Service of one record as a primary system uses it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import httpx

from ti_adapter.epa.errors import EpaMalformed, EpaSilent
from ti_adapter.epa.mhd.bundle import PAGE_MAX_BYTES, Page, read_page
from ti_adapter.epa.mhd.errors import refusal
from ti_adapter.epa.mhd.names import CONTENT, DOCUMENT_REFERENCE, FHIR_JSON, SEARCH, is_uuid
from ti_adapter.epa.mhd.reference import FoundDocument, read_reference
from ti_adapter.epa.mhd.retrieving import RETRIEVABLE, check
from ti_adapter.epa.mhd.search import Asking, MhdSearch, Parameters, parameters
from ti_adapter.epa.rest import Answer, Rest, common_headers, json_object, read
from ti_adapter.epa.values import Kvnr
from ti_adapter.xds import DOCUMENT_BYTES_MAX

PAGES_MAX: Final = 200
"""Of one search; whoever has more asks for less, or for larger pages."""

ATTEMPTS: Final = 3

_FORM = "application/x-www-form-urlencoded"


class MhdService:
    """Raises `EpaRefused` by code, `EpaSilent`, `EpaMalformed`, and what a VAU transport raises.

    `asking` says how searches travel. The number of the insured person is in the header x-insurantid, as everywhere,
    and in a search once more, since its parameter `patient.identifier` is required.
    """

    def __init__(self, rest: Rest, kvnr: Kvnr, asking: Asking = Asking.FORM) -> None:
        self._rest, self._kvnr, self._asking = rest, kvnr, asking

    def find(self, search: MhdSearch) -> tuple[FoundDocument, ...]:
        """ITI-67, all pages of one state of the record. Raises ValueError for what may not be asked.

        Where documents come or go between two pages, one might be missed: then it begins anew, three times in all, and
        is `EpaSilent` at last.
        """
        for _ in range(ATTEMPTS):
            found = self._pages(search)
            if found is not None:
                return found
        raise EpaSilent

    def _pages(self, search: MhdSearch) -> tuple[FoundDocument, ...] | None:
        """None where the record has changed meanwhile."""
        page = self._page(search, 0)
        found, total = dict(page.documents), page.total
        for _ in range(PAGES_MAX - 1):
            if page.is_last:
                return tuple(found.values())
            page = self._page(search, len(found))
            if page.total != total or page.documents.keys() & found.keys():
                return None
            found |= page.documents
        if page.is_last:
            return tuple(found.values())
        raise EpaMalformed("pages")

    def read(self, entry_uuid: str) -> FoundDocument:
        """One DocumentReference. Raises ValueError for what is no entryUUID, and `EpaRefused` with notFound."""
        number = entry_uuid.removeprefix("urn:uuid:")
        if number == entry_uuid or not is_uuid(number):
            raise ValueError("a document is read by its entryUUID")
        answer = self._send("GET", f"{DOCUMENT_REFERENCE}/{number}", FHIR_JSON, PAGE_MAX_BYTES)
        found = read_reference(json_object(_fhir(answer)), self._kvnr)
        if found.entry_uuid.lower() != entry_uuid.lower():
            raise EpaMalformed("identifier")
        return found

    def retrieve(self, found: FoundDocument) -> bytes:
        """ITI-68. Raises ValueError for a media type that the service does not give out (`RETRIEVABLE`)."""
        if found.entry.mime_type not in RETRIEVABLE:
            raise ValueError("documents of this media type come by XDS")
        answer = self._send("GET", f"{CONTENT}{found.file_name}", found.entry.mime_type, DOCUMENT_BYTES_MAX)
        return check(answer.body, answer.headers.get("Content-Type", ""), found)

    def _page(self, search: MhdSearch, offset: int) -> Page:
        rows = parameters(search, self._kvnr, offset)
        if self._asking is Asking.FORM:
            answer = self._send("POST", SEARCH, FHIR_JSON, PAGE_MAX_BYTES, form=rows)
        else:
            answer = self._send("GET", f"{DOCUMENT_REFERENCE}?{urlencode(rows)}", FHIR_JSON, PAGE_MAX_BYTES)
        return read_page(_fhir(answer), self._kvnr, offset=offset, page_size=search.page_size)

    def _send(self, method: str, path: str, accept: str, max_bytes: int, *, form: Parameters | None = None) -> Answer:
        headers: Mapping[str, str] = {**common_headers(self._rest.user_agent, self._kvnr), "Accept": accept}
        content = None
        if form is not None:
            headers, content = {**headers, "Content-Type": _FORM}, urlencode(form).encode()
        try:
            with self._rest.http.stream(
                method, path, headers=headers, content=content, follow_redirects=False
            ) as answer:
                body = read(answer, max_bytes)
        except httpx.TransportError as broken:
            raise EpaSilent from broken
        if answer.status_code != HTTPStatus.OK:
            raise refusal(answer.status_code, body)
        return Answer(answer.headers, body)


def _fhir(answer: Answer) -> bytes:
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FHIR_JSON:
        raise EpaMalformed("content-type")
    return answer.body
