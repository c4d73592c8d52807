"""Documents of ours in a record, each under its uniqueId, and what physicians read over them."""

from __future__ import annotations

from linkexchange.errors import AlreadyStored, NotEntitled
from linkexchange.model.identifiers import Kvnr, Oid
from linkexchange.model.link import Link, LinkStatus
from linkexchange.model.metadata import Filing
from linkexchange.ports import Node, RecordEntry

_CLOSED = " (zurückgezogen)"


def title_of(link: Link) -> str:
    """The title that physicians read in the record's list, in German; no name, the record knows whose it is."""
    modalities = "/".join(sorted({series.modality for series in link.manifest.series if series.modality}))
    day = f" vom {link.started:%d.%m.%Y}" if link.started else ""
    closed = _CLOSED if link.status is LinkStatus.CANCELLED else ""
    return f"Bilder: {modalities or 'Studie'} {link.description}".rstrip() + f"{day}, {link.origin.name}{closed}"


def entry_with(node: Node, kvnr: Kvnr, unique_id: Oid) -> str:
    """The entry that was filed under a uniqueId; empty where none is shown."""
    found = node.record.look_up(kvnr, unique_id)
    return found.entry if found else ""


def put(node: Node, kvnr: Kvnr, filing: Filing, older: str) -> str:
    """Store it, in the place of an older entry where there is one; its entry now, empty where it is not shown.

    What is there already is not stored again. Raises `NotEntitled`.
    """
    try:
        return (_replaced(node, kvnr, filing, older) or node.record.store(kvnr, filing)).entry
    except AlreadyStored:
        return entry_with(node, kvnr, filing.metadata.unique_id)


def put_closing(node: Node, kvnr: Kvnr, filing: Filing, entry: str) -> str:
    """Put the closing version into the place of an entry; its entry now. Raises `NotEntitled`."""
    try:
        return node.record.withdraw(kvnr, entry, filing).entry
    except AlreadyStored:
        return entry_with(node, kvnr, filing.metadata.unique_id)


def _replaced(node: Node, kvnr: Kvnr, filing: Filing, older: str) -> RecordEntry | None:
    """The new version in the place of the older one; None where there is none, or the record has it no longer.

    Any entitled practice may replace or remove a document of ours, and the patient may hide it: then it is stored anew.
    """
    if not older:
        return None
    try:
        return node.record.replace(kvnr, older, filing)
    except NotEntitled:
        return None
