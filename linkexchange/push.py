"""Push: study → participant → offer. No image leaves: the receiver's node takes the offer up by pulling.

The sender lets one study go to one participant (authority *release*). The link document stands in no record; the
receiver's node fetches it under its grant. The offer itself names no patient.
"""

from __future__ import annotations

from dataclasses import replace

from linkexchange import documents, publish
from linkexchange.errors import KvnrMissing, UnknownParticipant
from linkexchange.model.access import Basis, Offer
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid, TelematikId
from linkexchange.model.link import Link, MediaType
from linkexchange.model.outbox import OUTBOX, Consignment
from linkexchange.ports import Node, Published, UnitOfWork

OFFER_JOB = "offer"


def push(node: Node, study: StudyUid, receiver: TelematikId, *, pacs: str, kvnr: Kvnr | None = None) -> LinkId:
    """Release a study to a participant; the answer names the link under which it will be pulled.

    The name `outbox` in the place of a PACS is for what waits in the outbox. Without a KVNR, the one in the image
    header counts. Raises `UnknownParticipant` before the PACS is asked,
    `UnknownStudy`, `KvnrMissing`, `WrongPatient`, `PacsUnavailable` or `HubUnavailable`.
    """
    node.hub.participant(receiver)
    if receiver == node.me:
        raise UnknownParticipant("a study is not sent to oneself")
    found = publish.find(node, study, pacs=pacs)
    link = publish.link_of(node, found, kvnr or _kvnr_of(found), replaces=None)
    with node.store.work(node.me) as work:
        let_go(node, work, link, receiver, pacs=pacs)
    return link.link


def let_go(node: Node, work: UnitOfWork, link: Link, receiver: TelematikId, *, pacs: str) -> None:
    """Keep a link that stands in no record, and let a job offer it to its receiver."""
    document = documents.write(link, MediaType.XML, node_url_hint=node.node_url)
    study = link.manifest.study
    work.links.add(Published(link, document, pacs, kvnr=None, entry="", active=True))
    if pacs == OUTBOX:
        work.outbox.consign(Consignment(link.link, study, receiver, link.published))
    work.audit(Action.STUDY_RELEASED, link=link.link, study=study, receiver=receiver)
    work.emit(Action.STUDY_RELEASED.value, link=link.link, receiver=receiver)
    work.defer(OFFER_JOB, once=f"offer {link.link}", link=link.link, receiver=receiver)


def _kvnr_of(found: publish.Found) -> Kvnr:
    try:
        return Kvnr(found.header.kvnr)
    except ValueError as missing:
        raise KvnrMissing from missing


def offer(node: Node, link: LinkId, receiver: TelematikId) -> None:
    """The job: register the link at the hub and lay the offer before the receiver. Safe to run twice.

    An offer that answers a request has the number of that request, by which the receiver knows it again.
    """
    with node.store.work(node.me) as work:
        published, request = work.links.get(link), work.requests.of_link(link)
    if not published.active:
        return
    publish.register(node, published)
    made = Offer(f"{link}", sender=node.me, receiver=receiver, link=link, made=published.link.published)
    if request:
        basis = request.basis or Basis.PERSON
        made = replace(made, offer=str(request.request.request), expires=request.expires, basis=basis)
    node.sessions.use(lambda session: node.hub.offer(session, made))
