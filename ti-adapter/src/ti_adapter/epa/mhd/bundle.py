"""The answer to a search: one page of a searchset, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ti_adapter.epa.errors import EpaMalformed
from ti_adapter.epa.mhd.reference import FoundDocument, read_reference
from ti_adapter.epa.rest import json_object
from ti_adapter.epa.values import Kvnr

PAGE_MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of a page by their entryUUIDs, whether it is the last, and of how many in all, where that is told."""

    documents: dict[str, FoundDocument]
    is_last: bool
    total: int | None


def read_page(body: bytes, kvnr: Kvnr, *, offset: int, page_size: int) -> Page:
    """Raises `EpaMalformed`.

    1. A Bundle that is a searchset. 2. No more matches than were asked for. 3. Each a DocumentReference of this patient
    (`read_reference`), none twice; an OperationOutcome among them, which warns, is passed over. 4. There are more where
    a link says `next` or the total has not been reached. After a page without matches there are none, and the total
    must agree.
    """
    bundle = json_object(body)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise EpaMalformed("bundle")
    matches = [one for one in _resources(bundle) if one.get("resourceType") != "OperationOutcome"]
    documents = {one.entry_uuid: one for one in (read_reference(it, kvnr) for it in matches[: page_size + 1])}
    if len(matches) > page_size or len(documents) != len(matches):
        raise EpaMalformed("entry")
    total, seen = bundle.get("total"), offset + len(documents)
    if not isinstance(total, int | None) or isinstance(total, bool):
        raise EpaMalformed("total")
    is_more = (total is not None and total > seen) or _says_next(bundle)
    if total is not None and total > seen and not documents:
        raise EpaMalformed("total")
    return Page(documents, not (documents and is_more), total)


def _resources(bundle: dict[str, object]) -> list[dict[str, object]]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise EpaMalformed("entry")
    resources = [one.get("resource") if isinstance(one, dict) else None for one in entries]
    if not all(isinstance(one, dict) for one in resources):
        raise EpaMalformed("entry")
    return [one for one in resources if isinstance(one, dict)]


def _says_next(bundle: dict[str, object]) -> bool:
    """Where it leads is not followed: the next page is asked for by its offset."""
    links = bundle.get("link", [])
    if not isinstance(links, list):
        raise EpaMalformed("link")
    return any(isinstance(one, dict) and one.get("relation") == "next" for one in links)
