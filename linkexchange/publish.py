"""Publish: study → link document → record. And the other way: withdraw.

What is to be said stands in the own database before anything is said: first the link is kept and a job is queued, then
the job registers it at the hub and stores it in the record. Both are safe to run twice.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from linkexchange import asking, dataset, documents, record
from linkexchange.dataset import Labels
from linkexchange.errors import OutboxOnlySends, PatientObjects, UnknownStudy, WrongPatient
from linkexchange.model.access import RegisteredLink
from linkexchange.model.audit import Action
from linkexchange.model.body_parts import regions_of
from linkexchange.model.identifiers import AeTitle, Kvnr, LinkId, Sha256, StudyUid
from linkexchange.model.link import Link, MediaType, Order, Origin, location_of, lock_of
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.passport import Passport
from linkexchange.model.patient import LocalPatientId, Patient, PatientHeader, differences
from linkexchange.model.retention import kept_until
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.model.watched import DOUBT_PAUSE, Source, Wait, Watched, fingerprint
from linkexchange.ports import Archive, Node, Published, UnitOfWork

ANNOUNCE_JOB = "announce"
NO_LABELS = Labels()
ORDERS_MAX = 50
"""So many orders are named; a document with many more could not be read any more."""


@dataclass(frozen=True, slots=True)
class Found:
    """A study as its PACS has it, the patient as an image header names them, and whose the PACS says it is.

    A PACS may have merged two patients without touching its images. `labels` are those of the same image, `ae_title`
    is that of the PACS.
    """

    summary: StudySummary
    header: PatientHeader
    local: LocalPatientId
    labels: Labels = NO_LABELS
    ae_title: AeTitle | None = None


def publish(node: Node, study: StudyUid, *, pacs: str, kvnr: Kvnr) -> LinkId:
    """Make a link document of a study and bring it into the patient's record; from then on the study is watched.

    The KVNR comes from whoever knows the patient; it is compared with the image header. Raises `WrongPatient` when they
    differ, `PatientObjects` where the patient does, `UnknownStudy`, `UnknownPacs`, `PacsUnavailable`, or
    `OutboxOnlySends`: what waits in the outbox does not stay, and a link in a record lasts.
    """
    if pacs == OUTBOX:
        raise OutboxOnlySends
    found = find(node, study, pacs=pacs)
    with node.store.work(node.me) as work:
        link = keep(node, work, found, pacs=pacs, kvnr=kvnr)
        _watch(node, work, found, pacs=pacs, link=link, kvnr=kvnr)
    return link


def keep(node: Node, work: UnitOfWork, found: Found, *, pacs: str, kvnr: Kvnr) -> LinkId:
    """Write down a link to what was found, in the place of the one that stands, and let a job announce it.

    Raises `PatientObjects`: whoever publishes, and however, an objection stands before it (§ 353 SGB V).
    """
    if work.patients.objects(kvnr, found.summary.manifest.study):
        raise PatientObjects
    older = work.links.current(found.summary.manifest.study)
    link = link_of(node, found, kvnr, replaces=older.link.link if older and older.kvnr == kvnr else None)
    document = documents.write(link, MediaType.XML, node_url_hint=node.node_url)
    work.links.add(Published(link, document, pacs, kvnr=kvnr, entry="", active=True))
    defer_announce(work, link.link, link.manifest.study)
    if older and older.kvnr != kvnr:
        end(work, older.link.link, older.link.manifest.study)
    return link.link


def _watch(node: Node, work: UnitOfWork, found: Found, *, pacs: str, link: LinkId, kvnr: Kvnr) -> None:
    """A person has said whose study it is: that holds from now on, as long as no image header speaks against it."""
    now, seen = node.now(), fingerprint(found.summary.manifest.uids)
    new = Watched(pacs, found.summary.manifest.study, Source.PERSON, now, found.local)
    work.watched.notice(new)
    before = work.watched.get(pacs, new.study)
    stands = replace(before, link=link, published=seen, kvnr=kvnr, asserted=kvnr, seen=seen, changed=now)
    rests = replace(stands, suspect=False, wait=Wait.NOTHING, detail="", due=now + DOUBT_PAUSE)
    work.watched.change(before, rests)


def freshen(node: Node, link: LinkId, place: UUID | None = None) -> None:
    """The job: where the PACS lists more of a study than its link does, publish a new version that replaces it.

    A link that is replaced serves nobody any more, so this is done when nobody is being served under it, and a proof
    stays about the manifest that was granted. A release stands in no record, where somebody could find the new version.
    Raises `PacsUnavailable` or `PacsBusy`.
    """
    with node.store.work(node.me) as work:
        published = work.links.get(link)
        passport = work.pacs.find(published.pacs)
    if not published.active or published.kvnr is None:
        return
    with asking.turn(node, passport, place):
        found = _grown(node, passport, published.link.manifest)
    if found is None:
        return
    with node.store.work(node.me) as work:
        newer = keep(node, work, found, pacs=published.pacs, kvnr=published.kvnr)
        stand(work, link, newer, fingerprint(found.summary.manifest.uids))


def _grown(node: Node, passport: Passport, known: Manifest) -> Found | None:
    """The study as it is now; None where the PACS lists nothing that its link does not."""
    # A list of UIDs is enough, and cheap; to learn the SOP classes some PACS would have to send the whole study.
    listed = node.destination(passport).held(known.study) or frozenset()
    return find(node, known.study, pacs=passport.name) if listed - known.uids else None


def stand(work: UnitOfWork, older: LinkId, newer: LinkId, published: Sha256) -> None:
    """Note at the watched study, where there is one, that another link stands now."""
    if before := work.watched.of_link(older):
        work.watched.change(before, replace(before, link=newer, published=published))


def find(node: Node, study: StudyUid, *, pacs: str) -> Found:
    """List a study and read the patient from the header of an instance."""
    with node.store.work(node.me) as work:
        passport = work.pacs.source(pacs)
    archive = node.archive(passport)
    summary, listed = archive.summary(study)
    header, labels = _header(archive, summary)
    named = listed if listed.patient_id else header
    title = None if pacs == OUTBOX else AeTitle(passport.ae_title.strip())
    return Found(summary, header, LocalPatientId(named.patient_id, named.issuer), labels, title)


def _header(archive: Archive, summary: StudySummary) -> tuple[PatientHeader, Labels]:
    """Of the first instance; of whichever comes where that one does not: in the outbox it may be damaged."""
    first = frozenset([next(summary.manifest.instances).sop_instance])
    for wanted in (first, summary.manifest.uids - first):
        with closing(archive.retrieve(summary.manifest, wanted)) as stream:
            for instance in stream:
                header, whole = dataset.read_header(instance.transfer_syntax, instance.chunks)
                return header.patient, dataset.read_labels(instance.transfer_syntax, whole)
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
        origin=_origin(node),
        patient=patient,
        manifest=summary.manifest,
        published=now,
        expires=kept_until(summary.started, header.birth_date, now),
        started=summary.started,
        description=summary.description,
        orders=tuple(Order(accession) for accession in summary.accessions[:ORDERS_MAX]),
        regions=regions_of(summary.body_parts),
        retrieve_ae=node.numbers.retrieve_ae or found.ae_title,
        replaces=replaces,
        particulars=node.particulars,
    )


def _origin(node: Node) -> Origin:
    """This institution, under every name that its settings give it."""
    known = node.numbers
    return Origin(
        telematik_id=node.me,
        name=node.name,
        bsnr=known.bsnr,
        iknr=known.iknr,
        location=known.location or location_of(node.me),
        home_community=known.home_community,
    )


def announce(node: Node, link: LinkId) -> None:
    """The job: register the link at the hub, then put its document into the record; not if it was withdrawn since."""
    with node.store.work(node.me) as work:
        published = work.links.get(link)
    if not published.active:
        return
    register(node, published)
    if published.kvnr and not published.entry:
        record.bring(node, published)


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


def withdraw(node: Node, link: LinkId) -> None:
    """Withdraw a link: this node serves nothing under it from now on, hub and record follow by jobs.

    Its study is not published again by itself, until a person does so.
    """
    with node.store.work(node.me) as work:
        published = work.links.get(link)
        end(work, link, published.link.manifest.study)
        unlink(work, link, Wait.PERSON)


def unlink(work: UnitOfWork, link: LinkId, wait: Wait, *, detail: str = "", due: datetime | None = None) -> None:
    """Note at the watched study, where there is one, that no link stands any more, and what it waits for."""
    if before := work.watched.of_link(link):
        ended = replace(before, link=None, published=None, kvnr=None, asserted=None)
        work.watched.change(before, replace(ended, wait=wait, detail=detail, due=due))


def end(work: UnitOfWork, link: LinkId, study: StudyUid) -> None:
    """End a link in this very transaction, and let jobs tell the hub and the record."""
    work.links.withdraw(link)
    work.audit(Action.LINK_WITHDRAWN, link=link)
    work.emit(Action.LINK_WITHDRAWN.value, link=link)
    record.defer_withdrawal(work, link)
    record.defer_close(work, link, study)


def carry_withdrawal(node: Node, link: LinkId) -> None:
    """The job: cancel at the hub. Safe to repeat."""
    node.sessions.use(lambda session: node.hub.withdraw(session, link))


def defer_announce(work: UnitOfWork, link: LinkId, study: StudyUid) -> None:
    """Let a job announce it, behind what is still to be done about the study."""
    work.defer(ANNOUNCE_JOB, once=f"announce {link}", line=f"record {study}", link=link)


def remind(node: Node) -> int:
    """Let jobs tell all records what they have not been told yet; how many that are.

    A job may have given up, and an institution that was not entitled may be so now.
    """
    with node.store.work(node.me) as work:
        return queue_untold(work)


def queue_untold(work: UnitOfWork, *kvnrs: Kvnr) -> int:
    """The same in this very transaction, for the records of these insured persons; without any, for all."""
    untold = work.links.untold(*kvnrs)
    for link, study, active, _ in untold:
        defer_announce(work, link, study) if active else record.defer_close(work, link, study)
    return len(untold)
