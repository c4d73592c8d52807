"""Steps 2 and 3: why may this happen, and may it happen? The document is read again for every grant."""

from __future__ import annotations

from dataclasses import dataclass, replace

from linkexchange import documents
from linkexchange.errors import (
    DocumentFault,
    HubUnavailable,
    InstancesNotListed,
    LinkWithdrawn,
    UnknownTransfer,
    WrongPatient,
)
from linkexchange.model.grant import TYP as GRANT_TYP
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.link import Document, Link, LinkStatus
from linkexchange.model.request import TYP as REQUEST_TYP
from linkexchange.model.request import Request
from linkexchange.model.study import ListingLevel
from linkexchange.model.transfer import Authority, Transfer
from linkexchange.ports import Node, OriginNode, ResolverAccess
from linkexchange.signing import verify


@dataclass(frozen=True, slots=True)
class Permission:
    """A link, and an origin's node that is open for it as long as the grant lasts."""

    link: Link
    origin: OriginNode


def obtain(node: Node, run: Transfer) -> Permission:
    """Read the authority now and ask the resolver: the hub's, and while that is silent the origin's own.

    Raises `NotEntitled`, `Denied`, `Revoked`, `LinkWithdrawn` or `WrongPatient` where somebody says no, `DocumentFault`
    for a link that contradicts itself, and `Unavailable` where somebody does not answer.
    """
    try:
        return _obtain(node, run, node.at_hub)
    except HubUnavailable:
        partner = _partner(node, run)
        if partner is None:
            raise
    return _obtain(node, run, partner)


def _obtain(node: Node, run: Transfer, resolver: ResolverAccess) -> Permission:
    # A card may take its time, and what is read before it has signed would be old when it is shown to the resolver.
    resolver.sessions.use(lambda _: None)
    by = {Authority.RECORD: _by_record, Authority.RELEASE: _by_release}
    return by[run.ask.authority](node, run, resolver)


def _partner(node: Node, run: Transfer) -> ResolverAccess | None:
    """The resolver of the origin, if it has one that this node knows."""
    if not node.partners:
        return None
    return node.partners.get(run.origin or _read(node, run)[0].origin.telematik_id)


def _read(node: Node, run: Transfer) -> tuple[Link, Document]:
    """What the record shows of the entry at this moment."""
    ask = run.ask
    if ask.kvnr is None:
        raise UnknownTransfer
    document = node.record.retrieve(ask.kvnr, ask.entry)
    link = documents.read(document)
    if link.patient.kvnr != ask.kvnr:
        raise WrongPatient("KVNR of document and record")
    return link, document


def _by_record(node: Node, run: Transfer, resolver: ResolverAccess) -> Permission:
    """The record says that this institution may read the document at this moment; the digest shows that it did."""
    read_at = node.now()
    link, document = _read(node, run)
    _demand_listing(link)
    wish = _wish(node, run, link.link, origin=link.origin.telematik_id)
    shown = replace(wish, document_digest=document.digest, read_at=read_at)
    return Permission(link, _granted(node, resolver, shown, link))


def _by_release(node: Node, run: Transfer, resolver: ResolverAccess) -> Permission:
    """The origin let the study go; its document comes from the origin's node, under the grant."""
    if run.link is None or run.origin is None:
        raise UnknownTransfer
    wish = _wish(node, run, run.link, origin=run.origin)
    token = _ask(node, resolver, wish)
    origin = _open(node, wish, token)
    link = documents.read(origin.document(run.link))
    if (link.link, link.origin.telematik_id) != (run.link, run.origin):
        raise DocumentFault("the document is not that of the offer")
    _check(resolver, token, link)
    _see_who_was_meant(node, run, link)
    _demand_listing(link)
    return Permission(link, origin)


def _see_who_was_meant(node: Node, run: Transfer, link: Link) -> None:
    """Where this participant has asked for the release, it is about the patient that it asked for."""
    with node.store.work(node.me) as work:
        own = work.own_requests.find(run.ask.offer)
    if own and own.request.origin == run.origin and (wrong := own.request.patient.differences(link.patient)):
        raise WrongPatient(", ".join(wrong))


def _demand_listing(link: Link) -> None:
    """Without a list of instances no proof could say that all have come."""
    if link.level is not ListingLevel.INSTANCE:
        raise InstancesNotListed


def _wish(node: Node, run: Transfer, link: LinkId, *, origin: TelematikId) -> Request:
    ask = run.ask
    return Request(
        transfer=run.transfer,
        requester=node.me,
        origin=origin,
        link=link,
        authority=ask.authority,
        destination=ask.destination,
        purpose=ask.purpose,
        user=ask.user,
        asked=node.now(),
        offer=ask.offer,
    )


def _granted(node: Node, resolver: ResolverAccess, wish: Request, link: Link) -> OriginNode:
    if link.status is not LinkStatus.AVAILABLE:
        raise LinkWithdrawn
    token = _ask(node, resolver, wish)
    _check(resolver, token, link)
    return _open(node, wish, token)


def _ask(node: Node, resolver: ResolverAccess, wish: Request) -> str:
    signed = node.signer.sign(wish.claims(resolver.audience), typ=REQUEST_TYP)
    return resolver.sessions.use(lambda session: resolver.hub.grant(session, signed))


def _check(resolver: ResolverAccess, token: str, link: Link) -> None:
    """The grant must be for the manifest that this document lists, or the proof would be about something else."""
    proven = verify(token, resolver.keys)
    if proven.typ != GRANT_TYP or proven.claims.get("manifest_sha256") != link.manifest.digest:
        raise DocumentFault("the document's manifest is not the registered one")


def _open(node: Node, wish: Request, token: str) -> OriginNode:
    """The address comes from the directory, never from the document."""
    return node.origin(node.hub.participant(wish.origin), token)
