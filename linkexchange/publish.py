"""Publish: study → link document → record. And the other way: withdraw.

What is to be said stands in the own database before anything is said: first the link is kept and a job is queued, then
the job registers it at the hub and stores it in the record. Both are safe to run twice.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from linkexchange import dataset, documents
from linkexchange.errors import NotEntitled, OutboxOnlySends, UnknownStudy, WrongPatient
from linkexchange.model.access import RegisteredLink
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid
from linkexchange.model.link import Link, LinkStatus, MediaType, Order, Origin, location_of, lock_of
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.patient import Patient, PatientHeader, differences
from linkexchange.model.study import StudySummary
from linkexchange.ports import Archive, Node, Published, RecordEntry

ANNOUNCE_JOB = "announce"
WITHDRAW_JOB = "withdraw"
LIFETIME = timedelta(days=3653)
"""Ten years: as long as images of adults must be kept (§ 85 StrlSchG)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A study as its PACS has it, and the patient as an image header names them."""

    summary: StudySummary
    header: PatientHeader


def publish(node: Node, study: StudyUid, *, pacs: str, kvnr: Kvnr) -> LinkId:
    """Make a link document of a study and bring it into the patient's record.

    The KVNR comes from whoever knows the patient; it is compared with the image header. Raises `WrongPatient` when they
    differ, `UnknownStudy`, `UnknownPacs`, `PacsUnavailable`, or `OutboxOnlySends`: what waits in the outbox does not
    stay, and a link in a record lasts.
    """
    if pacs == OUTBOX:
        raise OutboxOnlySends
    found = find(node, study, pacs=pacs)
    with node.store.work(node.me) as work:
        older = work.links.current(study)
        link = link_of(node, found, kvnr, replaces=older.link.link if older else None)
        document = documents.write(link, MediaType.XML, node_url_hint=node.node_url)
        work.links.add(Published(link, document, pacs, kvnr=kvnr, entry="", active=True))
        work.defer(ANNOUNCE_JOB, once=f"announce {link.link}", link=link.link)
    return link.link


def freshen(node: Node, link: LinkId) -> None:
    """The job: where the PACS lists more of a study than its link does, publish a new version that replaces it.

    A link that is replaced serves nobody any more, so this is done when nobody is being served under it, and a proof
    stays about the manifest that was granted. A release stands in no record, where somebody could find the new version.
    """
    with node.store.work(node.me) as work:
        published = work.links.get(link)
        passport = work.pacs.find(published.pacs)
    if not published.active or published.kvnr is None:
        return
    known = published.link.manifest
    # A list of UIDs is enough, and cheap; to learn the SOP classes some PACS would have to send the whole study.
    listed = node.destination(passport).held(known.study) or frozenset()
    if listed - known.uids:
        publish(node, known.study, pacs=published.pacs, kvnr=published.kvnr)


def find(node: Node, study: StudyUid, *, pacs: str) -> Found:
    """List a study and read the patient from the header of an instance."""
    with node.store.work(node.me) as work:
        passport = work.pacs.source(pacs)
    archive = node.archive(passport)
    summary, _ = archive.summary(study)
    return Found(summary, _header(archive, summary))


def _header(archive: Archive, summary: StudySummary) -> PatientHeader:
    """Of the first instance; of whichever comes where that one does not: in the outbox it may be damaged."""
    first = frozenset([next(summary.manifest.instances).sop_instance])
    for wanted in (first, summary.manifest.uids - first):
        with closing(archive.retrieve(summary.manifest, wanted)) as stream:
            for instance in stream:
                return dataset.read_header(instance.transfer_syntax, instance.chunks)[0].patient
    raise UnknownStudy("none of its instances can be retrieved")


def link_of(node: Node, found: Found, kvnr: Kvnr, *, replaces: LinkId | None) -> Link:
    """The link as a value. Raises `WrongPatient` when the image header speaks against the KVNR."""
    header, summary = found.header, found.summary
    family, _, rest = header.name.partition("=")[0].partition("^")
    patient = Patient(
        kvnr=kvnr,
        family=family,
        given=rest.partition("^")[0],
        birth_date=header.birth_date,
        sex=header.sex,
        local_id=header.patient_id,
    )
    if wrong := differences(header, patient):
        raise WrongPatient(", ".join(wrong))
    now = node.now().replace(microsecond=0)
    return Link(
        link=LinkId(str(uuid4())),
        origin=Origin(node.me, node.name, location=location_of(node.me)),
        patient=patient,
        manifest=summary.manifest,
        published=now,
        expires=now + LIFETIME,
        started=summary.started,
        description=summary.description,
        orders=(Order(summary.accession),) if summary.accession else (),
        replaces=replaces,
    )


def announce(node: Node, link: LinkId) -> None:
    """The job: register the link at the hub, then put its document into the record; not if it was withdrawn since."""
    with node.store.work(node.me) as work:
        published = work.links.get(link)
    if not published.active:
        return
    register(node, published)
    if published.kvnr and not published.entry:
        _put(node, published)


def register(node: Node, published: Published) -> None:
    """Enter a link in the hub's ledger: its digests, no name and no KVNR."""
    link = published.link
    row = RegisteredLink(
        link=link.link,
        origin=node.me,
        study=link.manifest.study,
        manifest_digest=link.manifest.digest,
        lock=lock_of(published.document.digest),
        expires=link.expires,
    )
    node.sessions.use(lambda session: node.hub.register(session, row, replaces=link.replaces))


def _put(node: Node, published: Published) -> None:
    """Store the document, in the place of the version that it replaces where there is one."""
    link, kvnr = published.link, published.link.patient.kvnr
    entry = _replaced(node, published) or node.record.store(kvnr, published.document, title=title_of(link))
    with node.store.work(node.me) as work:
        work.links.stored(link.link, entry.entry)
        if link.replaces:
            work.links.close(link.replaces)
        work.audit(Action.LINK_PUBLISHED, link=link.link, study=link.manifest.study, replaces=link.replaces or "")
        work.emit(Action.LINK_PUBLISHED.value, link=link.link)


def _replaced(node: Node, published: Published) -> RecordEntry | None:
    """The new version in the place of the older one; None where there is none, or the record has it no longer.

    Any entitled practice may replace or remove a document of ours, and the patient may hide it: then it is stored anew.
    """
    link, older = published.link, _entry_of(node, published.link.replaces)
    if not older:
        return None
    try:
        return node.record.replace(link.patient.kvnr, older, published.document, title=title_of(link))
    except NotEntitled:
        return None


def _entry_of(node: Node, link: LinkId | None) -> str:
    if link is None:
        return ""
    with node.store.work(node.me) as work:
        return work.links.get(link).entry


def title_of(link: Link) -> str:
    """The title that physicians read in the record's list, in German; no name, the record knows whose it is."""
    modalities = "/".join(sorted({series.modality for series in link.manifest.series if series.modality}))
    day = f" vom {link.started:%d.%m.%Y}" if link.started else ""
    return f"Bilder: {modalities or 'Studie'} {link.description}".rstrip() + f"{day}, {link.origin.name}"


def withdraw(node: Node, link: LinkId) -> None:
    """Withdraw a link: this node serves nothing under it from now on, hub and record follow by a job."""
    with node.store.work(node.me) as work:
        work.links.get(link)
        work.links.close(link)
        work.audit(Action.LINK_WITHDRAWN, link=link)
        work.emit(Action.LINK_WITHDRAWN.value, link=link)
        work.defer(WITHDRAW_JOB, once=f"withdraw {link}", link=link)


def carry_withdrawal(node: Node, link: LinkId) -> None:
    """The job: cancel at the hub, then put the closing version into the record."""
    with node.store.work(node.me) as work:
        published = work.links.get(link)
    node.sessions.use(lambda session: node.hub.withdraw(session, link))
    if not published.kvnr or not published.entry:
        return
    closing_version = replace(
        published.link,
        link=LinkId(str(uuid4())),
        published=node.now().replace(microsecond=0),
        status=LinkStatus.CANCELLED,
        replaces=link,
    )
    document = documents.write(closing_version, MediaType.XML, node_url_hint=node.node_url)
    title = title_of(published.link) + " (zurückgezogen)"
    node.record.withdraw(published.kvnr, published.entry, document, title=title)
    with node.store.work(node.me) as work:
        work.links.stored(link, "")
