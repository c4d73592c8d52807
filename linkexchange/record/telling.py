"""The jobs: bring a link into the record, and close it there."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from linkexchange import documents
from linkexchange.errors import NotEntitled
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, LinkId, Oid, StudyUid
from linkexchange.model.link import Document, LinkStatus, MediaType
from linkexchange.ports import Node, Published, UnitOfWork, Waits
from linkexchange.record.entries import entry_with, put, put_closing, title_of
from linkexchange.record.page import bring_page, close_page, page_of

WITHDRAW_JOB, CLOSE_JOB = "withdraw", "close"


def bring(node: Node, published: Published) -> None:
    """Store document and page, in the place of the version that it replaces where there is one. Safe to repeat."""
    link = published.link.link
    if not published.attempted:
        with node.store.work(node.me) as work:
            work.links.attempt(link)
    try:
        entry = _brought(node, published)
        bring_page(node, published)
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


def _brought(node: Node, published: Published) -> str:
    """The entry under which the record has it now; empty where it has it and does not show it. Raises `NotEntitled`."""
    link, kvnr = published.link, published.link.patient.kvnr
    if published.attempted and (present := entry_with(node, kvnr, Oid(link.link.oid))):
        return present
    filing = node.filing(link, published.document, title_of(link))
    return put(node, kvnr, filing, _entry_of(node, link.replaces))


def _entry_of(node: Node, link: LinkId | None) -> str:
    """Where the record has an older version, as far as is known or can be found out; empty where it has not."""
    if link is None:
        return ""
    with node.store.work(node.me) as work:
        older = work.links.get(link)
    if older.entry or not older.attempted or older.kvnr is None:
        return older.entry
    return entry_with(node, older.kvnr, Oid(link.oid))


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
            work.links.withdraw(link.link)
            defer_withdrawal(work, link.link)
            defer_close(work, link.link, study)


def _closed(node: Node, published: Published, kvnr: Kvnr) -> str:
    """The entry of the closing version; empty where the record has nothing to close. Raises `NotEntitled`."""
    if not published.entry and not published.attempted:
        return ""
    stands, page = _stands(node, published, kvnr), page_of(node, kvnr, published.link)
    if not (stands or page or published.closing):
        return ""
    document = published.closing or _keep_closing(node, published)
    closing = documents.read(document)
    if stands:
        closed = put_closing(node, kvnr, node.filing(closing, document, title_of(closing)), stands)
    else:
        closed = entry_with(node, kvnr, Oid(closing.link.oid))
    if page:
        close_page(node, kvnr, closing, page)
    return closed


def _stands(node: Node, published: Published, kvnr: Kvnr) -> str:
    """The entry that is to be closed; empty where the record has it no longer, or closed."""
    if not published.entry:
        return entry_with(node, kvnr, Oid(published.link.link.oid))
    listed = node.record.find(kvnr)
    return published.entry if any(it.entry == published.entry for it in listed) else ""


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
