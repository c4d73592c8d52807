"""What PACS and RIS say to this node: which port leads to which use case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from linkexchange import notice
from linkexchange.bootstrap import dimse_context, hl7_context, listed, now
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.watched import Source
from linkexchange.patients import Index
from linkexchange.ports import Node
from linkexchange.settings import NodeSettings

if TYPE_CHECKING:
    from linkexchange.dicom import AvailabilityListener
    from linkexchange.hl7 import Hear, Listener


@contextmanager
def listeners(settings: NodeSettings, node: Node) -> Iterator[None]:
    """Listen for what PACS and RIS say, at the ports that are set, as long as the block lasts."""
    with ExitStack() as stack:
        if settings.ian_port:
            stack.enter_context(_availability(settings, node))
        if settings.hl7_port:
            stack.enter_context(_messages(settings, node))
        yield


def _availability(settings: NodeSettings, node: Node) -> AvailabilityListener:
    from linkexchange.dicom import AvailabilityListener, Callers

    def registered() -> Sequence[Passport]:
        with node.store.work(node.me) as work:
            return work.pacs.all()

    def hear(pacs: str, study: StudyUid) -> None:
        notice.heard(node, pacs, study, Source.IAN)

    place, title = (settings.notice_host, settings.ian_port), AeTitle(settings.ae_title)
    context = dimse_context(settings) if settings.ian_tls else None
    return AvailabilityListener(place, hear, title=title, known=Callers(registered), tls=context)


def _messages(settings: NodeSettings, node: Node) -> Listener:
    from linkexchange.hl7 import Listener, by_kind

    return Listener(
        (settings.notice_host, settings.hl7_port),
        by_kind(message_kinds(settings, node)),
        senders=listed(settings.hl7_senders),
        now=now,
        tls=hl7_context(settings) if settings.hl7_tls else None,
        charset=settings.hl7_charset,
    )


def message_kinds(settings: NodeSettings, node: Node) -> Mapping[str, Hear]:
    """What is done with which HL7 message, by its code (MSH-9.1)."""
    from linkexchange.hl7 import Result, admissions, results

    index = Index.of(node)

    def told(result: Result) -> None:
        for study in result.studies:
            notice.heard(node, settings.hl7_pacs, study, Source.ORU, result.local)
        for accession in () if result.studies else result.accessions:
            notice.heard_of_accession(node, settings.hl7_pacs, accession)

    return {"ORU": results(told), "ADT": admissions(index.tell_all, index.merge)}
