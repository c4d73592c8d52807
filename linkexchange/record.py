"""What the record is told about a link: that it is there, that another one is in its place, that it was withdrawn.

A crash may come between the storing of a document and the note of its entry. So it is noted before that the record may
have the document, and whoever comes after a crash looks whether it has, under the document's own uniqueId. The record
takes each uniqueId once: a worker that froze while it stored, and wakes when another has done its work, stores nothing.
The jobs of one study run in one line. What the record refuses for lack of an entitlement waits for one.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from linkexchange import documents
from linkexchange.errors import AlreadyStored, NotEntitled
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, LinkId, Oid, StudyUid
from linkexchange.model.link import Document, Link, LinkStatus, MediaType
from linkexchange.model.metadata import Filing
from linkexchange.ports import Node, Published, RecordEntry, UnitOfWork, Waits

WITHDRAW_JOB, CLOSE_JOB = "withdraw", "close"
_CLOSED = " (zurückgezogen)"


def bring(node: Node, published: Published) -> None:
    """Store the document, in the place of the version that it replaces where there is one. Safe to repeat."""
    link = published.link.link
    if not published.attempted:
        with node.store.work(node.me) as work:
            work.links.attempt(link)
    try:
        entry = _brought(node, published)
    except NotEntitled:
        _wait(node, link)
    else:
        _note(node, published, entry)


def close(node: Node, link: LinkId) -> None:
    """The job: put the closing version of a link that was withdrawn into its place. Safe to repeat."""
    with node.store.work(node.me) as work:
        published = work.links.get(link)
    if published.active or published.waits is Waits.NOTHING or published.kvnr is None:
        return
    try:
        closed = _closed(node, published, published.kvnr)
    except NotEntitled:
        _wait(node, link)
        return
    with node.store.work(node.me) as work:
        work.links.closed(link, closed)
        if closed:
            work.audit(Action.LINK_CLOSED, link=link)


def defer_withdrawal(work: UnitOfWork, link: LinkId) -> None:
    """Let a job cancel it at the hub."""
    work.defer(WITHDRAW_JOB, once=f"withdraw {link}", link=link)


def defer_close(work: UnitOfWork, link: LinkId, study: StudyUid) -> None:
    """Let a job close it, behind what is still to be done about the study."""
    work.defer(CLOSE_JOB, once=f"close {link}", line=f"record {study}", link=link)


def title_of(link: Link) -> str:
    """The title that physicians read in the record's list, in German; no name, the record knows whose it is."""
    modalities = "/".join(sorted({series.modality for series in link.manifest.series if series.modality}))
    day = f" vom {link.started:%d.%m.%Y}" if link.started else ""
    return f"Bilder: {modalities or 'Studie'} {link.description}".rstrip() + f"{day}, {link.origin.name}"


def _brought(node: Node, published: Published) -> str:
    """The entry under which the record has it now; empty where it has it and does not show it. Raises `NotEntitled`."""
    link, kvnr = published.link, published.link.patient.kvnr
    if published.attempted and (present := _entry_with(node, kvnr, link.link)):
        return present
    filing = node.filing(link, published.document, title_of(link))
    try:
        stored = _replaced(node, kvnr, _entry_of(node, link.replaces), filing) or node.record.store(kvnr, filing)
    except AlreadyStored:
        return _entry_with(node, kvnr, link.link)
    return stored.entry


def _replaced(node: Node, kvnr: Kvnr, older: str, filing: Filing) -> RecordEntry | None:
    """The new version in the place of the older one; None where there is none, or the record has it no longer.

    Any entitled practice may replace or remove a document of ours, and the patient may hide it: then it is stored anew.
    """
    if not older:
        return None
    try:
        return node.record.replace(kvnr, older, filing)
    except NotEntitled:
        return None


def _entry_of(node: Node, link: LinkId | None) -> str:
    """Where the record has an older version, as far as is known or can be found out; empty where it has not."""
    if link is None:
        return ""
    with node.store.work(node.me) as work:
        older = work.links.get(link)
    if older.entry or not older.attempted or older.kvnr is None:
        return older.entry
    return _entry_with(node, older.kvnr, older.link.link)


def _entry_with(node: Node, kvnr: Kvnr, link: LinkId) -> str:
    """The entry that was filed under the uniqueId of a link; empty where none is shown."""
    found = node.record.look_up(kvnr, Oid(link.oid))
    return found.entry if found else ""


def _note(node: Node, published: Published, entry: str) -> None:
    """The record has it. What was withdrawn meanwhile is withdrawn once more, now that it is there."""
    link, study = published.link, published.link.manifest.study
    with node.store.work(node.me) as work:
        if not work.links.stored(link.link, entry):
            return
        if link.replaces:
            work.links.close(link.replaces)
        work.audit(Action.LINK_PUBLISHED, link=link.link, study=study, replaces=link.replaces or "")
        work.emit(Action.LINK_PUBLISHED.value, link=link.link)
        if not work.links.is_active(link.link):
            defer_withdrawal(work, link.link)
            defer_close(work, link.link, study)


def _closed(node: Node, published: Published, kvnr: Kvnr) -> str:
    """The entry of the closing version; empty where the record has nothing to close. Raises `NotEntitled`."""
    if published.closing and (present := _entry_with(node, kvnr, documents.read(published.closing).link)):
        return present
    entry = published.entry or (_entry_with(node, kvnr, published.link.link) if published.attempted else "")
    if not entry or not any(entry == listed.entry for listed in node.record.find(kvnr)):
        return ""
    closing = published.closing or _keep_closing(node, published)
    link = documents.read(closing)
    try:
        filing = node.filing(link, closing, title_of(published.link) + _CLOSED)
        return node.record.withdraw(kvnr, entry, filing).entry
    except AlreadyStored:
        return _entry_with(node, kvnr, link.link)


def _keep_closing(node: Node, published: Published) -> Document:
    """What is about to be said is written down before."""
    closing = documents.write(
        replace(
            published.link,
            link=LinkId(str(uuid4())),
            published=node.now().replace(microsecond=0),
            status=LinkStatus.CANCELLED,
            replaces=published.link.link,
        ),
        MediaType.XML,
        node_url_hint=node.node_url,
    )
    with node.store.work(node.me) as work:
        work.links.close_with(published.link.link, closing)
    return closing


def _wait(node: Node, link: LinkId) -> None:
    with node.store.work(node.me) as work:
        work.links.wait(link, Waits.ENTITLEMENT)
        work.emit("link.waits", link=link, reason=Waits.ENTITLEMENT.value)
