"""The origin's account of a transfer: what has left the house goes to the hub, signed like the requester's proof."""

from __future__ import annotations

from uuid import UUID

from linkexchange.model.audit import Action
from linkexchange.model.balance import DISPATCH_TYP, Dispatch, digest_of
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.ports import Node


def report(node: Node, transfer: UUID, requester: TelematikId, link: LinkId, resolver: str) -> None:
    """The job: tell the hub what has left for a transfer, all in all, and whose grant it was. Safe to run twice."""
    with node.store.work(node.me) as work:
        uids = work.serving.digests(transfer, requester)
    said = Dispatch(transfer, node.me, requester, link, len(uids), digest_of(uids), resolver)
    node.hub.dispatch(node.signer.sign(said.claims(), typ=DISPATCH_TYP))
    counted: dict[str, str | int] = {"instances": said.instances, "digest": said.digest}
    granted = {"resolver": resolver} if resolver else {}
    with node.store.work(node.me) as work:
        work.audit(Action.DISPATCH_SENT, transfer=str(transfer), requester=requester, link=link, **counted, **granted)
