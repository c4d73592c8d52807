"""QIDO-RS (PS3.18 section 10.6): asking a PACS what it has."""

from __future__ import annotations

from urllib.parse import urlencode

from linkexchange.dicomweb import qido
from linkexchange.dicomweb.connection import Connection, Faults
from linkexchange.errors import Fault, PacsUnavailable

PAGE = 1000
ROWS_MAX = 100_000
"""As many as answers to a C-FIND."""
_JSON = "application/dicom+json"
_PAGE_MAX_BYTES = 32 * 1024 * 1024
_NO_MORE = frozenset({404})
_NOT_OFFERED = frozenset({400, 404, 405, 406, 410, 501})


def search(pacs: Connection, level: qido.Level, path: str, **match: str) -> list[qido.Row] | None:
    """All rows, page by page, each once; None where the service does not offer this search.

    A short page does not mean the last one, since a service may give fewer rows than it is asked for. A page without
    anything new does: it is empty, or the service knows no pages and answers the same again. Raises `PacsUnavailable`
    where rows do not end.
    """
    found: dict[str, qido.Row] = {}
    while True:
        # Orthanc does not see a list of fields in one parameter when its commas are encoded, as they should be.
        query = {**match, "includefield": level.fields, "limit": PAGE, "offset": len(found)}
        address = f"{path}?{urlencode(query, doseq=True)}"
        absent = _NO_MORE if found else _NOT_OFFERED
        answer = pacs.read(address, _JSON, max_bytes=_PAGE_MAX_BYTES, absent=absent)
        if answer is None:
            return list(found.values()) if found else None
        page = {qido.text(row, level.uid): row for row in qido.rows(answer[0])}
        if page.keys() <= found.keys():
            return list(found.values())
        found |= page
        if len(found) > ROWS_MAX:
            raise PacsUnavailable("answers to QIDO-RS that do not end")


def listing(pacs: Connection, level: qido.Level, path: str, **match: str) -> list[qido.Row]:
    """The same, where it must be offered. Raises `PacsUnavailable`."""
    rows = search(pacs, level, path, **match)
    if rows is None:
        raise PacsUnavailable("the DICOMweb service offers no QIDO-RS")
    return rows


def _refused(status: int, _: bytes) -> Fault:
    return PacsUnavailable(f"DICOMweb answered HTTP {status}")


FAULTS = Faults(unreachable=PacsUnavailable, broken=PacsUnavailable, refused=_refused)
