"""Publishing and withdrawing, as far as a pull does not already show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from growing import look_for_growth
from sqlalchemy import text
from world import CODES, HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set, uid

from linkexchange import documents, publish, record, serve
from linkexchange.documents.companion import unique_id_of
from linkexchange.documents.envelope import Content, metadata
from linkexchange.errors import WrongPatient
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, Kvnr, LinkId, Oid, PlainUrl, StudyUid
from linkexchange.model.link import Confidentiality, Link, LinkStatus, Numbers, Order, Origin, Particulars, location_of
from linkexchange.model.metadata import Filing, XdsMetadata
from linkexchange.model.patient import PatientHeader
from linkexchange.model.regions import REGIONS
from linkexchange.model.study import StudySummary
from linkexchange.model.transfer import State
from linkexchange.ports import RecordEntry


def test_a_link_withdrawn_before_it_was_announced_reaches_neither_hub_nor_record(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    publish.withdraw(world.hospital, link)
    publish.announce(world.hospital, link)
    assert world.held == {}
    assert "link.registered" not in world.actions(world.resolver.store, HOSPITAL)  # type: ignore[arg-type]


def test_a_link_says_what_the_house_says_in_all_of_its_links(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    said = Particulars(viewer=PlainUrl("https://viewer.example/"), confidentiality=Confidentiality.RESTRICTED)
    link = publish.publish(replace(world.hospital, particulars=said), STUDY, pacs="hospital", kvnr=KVNR)
    with world.nodes.work(HOSPITAL) as work:
        assert documents.read(work.links.get(link).document).particulars == said


def test_a_study_whose_older_entry_somebody_has_replaced_is_published_anew(world: World) -> None:
    older = world.publish()
    kvnr, document, title = world.held.pop(older)
    world.held["somebody-elses"] = (kvnr, document, title)
    assert world.pull(world.publish()).state is State.COMPLETE


def test_a_withdrawn_link_is_closed_at_the_origin_cancelled_at_the_hub_and_replaced_in_the_record(world: World) -> None:
    world.publish()
    with world.nodes.work(HOSPITAL) as work:
        [published] = work.links.recent()
    link = published.link.link
    publish.withdraw(world.hospital, link)
    publish.carry_withdrawal(world.hospital, link)
    record.close(world.hospital, link)
    [(_, closing, title)] = world.held.values()
    assert documents.read(closing).status is LinkStatus.CANCELLED
    assert documents.read(closing).replaces == link
    assert title.endswith("(zurückgezogen)")
    with world.resolver.store.work(HOSPITAL) as work:
        registered = work.hub.link(link)
    assert registered
    assert registered.status is LinkStatus.CANCELLED
    assert world.pull(next(iter(world.held))).reason == "link-withdrawn"


def test_a_study_published_again_replaces_its_older_link_everywhere(world: World) -> None:
    older = world.held[world.publish()][1]
    newer = world.held[world.publish()][1]
    assert documents.read(newer).replaces == documents.read(older).link
    assert len(world.held) == 1
    with world.nodes.work(HOSPITAL) as work:
        assert not work.links.is_active(documents.read(older).link)


def queued(world: World, job: str) -> list[LinkId]:
    with world.nodes.engine.connect() as connection:
        found = connection.execute(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = :job ORDER BY id"), {"job": job}
        )
        return [LinkId(args["link"]) for args in found.scalars()]


def test_1_1_10_images_that_came_late_are_offered_as_a_new_version_and_the_proof_is_about_the_old_one(
    world: World,
) -> None:
    entry = world.publish(data_set(1), data_set(2))
    world.pacs[HOSPITAL].hold(data_set(3), first=3)
    proof = world.proof(world.pull(entry).transfer)
    [link] = queued(world, serve.FRESHEN_JOB)
    publish.freshen(world.hospital, link)
    publish.announce(world.hospital, queued(world, publish.ANNOUNCE_JOB)[-1])
    assert (proof["outcome"], proof["expected"]) == ("complete", 2)
    world.pacs[PRACTICE].sent.clear()
    assert world.pull(next(reversed(world.held))).state is State.COMPLETE
    assert world.pacs[PRACTICE].sent == [uid(3)]


def test_1_1_10_a_pull_is_told_of_images_that_came_late_and_their_new_version_is_made_soon(world: World) -> None:
    entry = world.publish(data_set(1), data_set(2))
    world.pacs[HOSPITAL].hold(data_set(3), data_set(4), first=3)
    look_for_growth(world)
    transfer = world.pull(entry)
    assert (transfer.newer, world.proof(transfer.transfer)["expected"]) == (2, 2)
    with world.nodes.engine.connect() as connection:
        due = text("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = :job ORDER BY id")
        later, soon = connection.execute(due, {"job": serve.FRESHEN_JOB}).scalars()
    assert soon < later


def test_1_1_10_a_pull_of_a_study_that_has_not_grown_is_told_nothing(world: World) -> None:
    look_for_growth(world)
    assert world.pull(world.publish()).newer == 0
    assert len(queued(world, serve.FRESHEN_JOB)) == 1


def test_1_1_10_a_study_that_has_not_grown_keeps_its_link(world: World) -> None:
    world.pull(world.publish())
    [link] = queued(world, serve.FRESHEN_JOB)
    publish.freshen(world.hospital, link)
    with world.nodes.work(HOSPITAL) as work:
        assert [published.link.link for published in work.links.recent()] == [link]


def test_1_1_10_a_study_that_was_pushed_stands_in_no_record_and_gets_no_new_version(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    assert world.push().state is State.COMPLETE
    assert queued(world, serve.FRESHEN_JOB) == []


def test_a_kvnr_that_the_image_header_contradicts_is_refused(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    with pytest.raises(WrongPatient):
        publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=Kvnr.with_check_digit("B87654321"))
    assert world.held == {}


def published(world: World, **numbers: object) -> Link:
    """What the record has after the hospital has published under these numbers."""
    world.hospital = replace(world.hospital, numbers=Numbers(**numbers))
    return documents.read(world.held[world.publish()][1])


def test_a_link_says_of_its_institution_what_the_settings_say(world: World) -> None:
    told = {"bsnr": Bsnr("098765400"), "iknr": Iknr("260123451"), "home_community": Oid("1.2.3")}
    link = published(world, **told, location=Oid("2.25.9"), retrieve_ae=AeTitle("ARCHIV"))
    assert link.origin == Origin(HOSPITAL, HOSPITAL, **told, location=Oid("2.25.9"))  # type: ignore[arg-type]
    assert link.retrieve_ae == "ARCHIV"


def test_a_link_without_such_settings_names_a_derived_location_and_the_ae_title_of_its_pacs(world: World) -> None:
    link = published(world)
    assert link.origin == Origin(HOSPITAL, HOSPITAL, location=location_of(HOSPITAL))
    assert link.retrieve_ae == "PACS"


# --- metadata, and one document under one uniqueId -------------------------------------------------------------------


def test_the_record_is_told_all_metadata_of_a_link(world: World) -> None:
    entry = world.publish()
    link, told = documents.read(world.held[entry][1]), world.filed[entry].metadata
    content = Content(world.filed[entry].content, "application/fhir+xml")
    assert told == metadata(link, content, CODES, title=record.title_of(link))
    assert told.unique_id == link.link.oid


def frozen(world: World, monkeypatch: pytest.MonkeyPatch, method: str, meanwhile: Callable[[], object]) -> None:
    """The hospital's worker freezes at the record's door; another one does its work until it wakes."""
    knock = getattr(world.records[HOSPITAL], method)

    def knock_late(*arguments: object) -> object:
        monkeypatch.undo()
        meanwhile()
        return knock(*arguments)

    monkeypatch.setattr(world.records[HOSPITAL], method, knock_late)


def test_a_worker_that_froze_while_it_stored_stores_no_second_document(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    frozen(world, monkeypatch, "store", lambda: publish.announce(world.hospital, link))
    publish.announce(world.hospital, link)
    [entry] = world.held
    with world.nodes.work(HOSPITAL) as work:
        assert work.links.get(link).entry == entry
    assert world.actions(world.nodes, HOSPITAL).count("link.published") == 1


def test_a_worker_that_froze_while_it_replaced_leaves_one_document(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    frozen(world, monkeypatch, "replace", lambda: publish.announce(world.hospital, link))
    publish.announce(world.hospital, link)
    [(_, document, _)] = world.held.values()
    assert documents.read(document).link == link


def test_a_worker_that_froze_while_it_withdrew_leaves_one_closing_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    with world.nodes.work(HOSPITAL) as work:
        [published] = work.links.recent()
    link = published.link.link
    publish.withdraw(world.hospital, link)
    frozen(world, monkeypatch, "withdraw", lambda: record.close(world.hospital, link))
    record.close(world.hospital, link)
    [(_, document, _)] = world.held.values()
    assert documents.read(document).status is LinkStatus.CANCELLED
    with world.nodes.work(HOSPITAL) as work:
        assert work.links.untold() == []


def test_a_document_that_the_patient_hid_before_a_crash_was_noted_is_not_stored_again(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    with world.nodes.work(HOSPITAL) as work:
        published = work.links.get(link)
        work.links.attempt(link)
    hidden = world.records[HOSPITAL].store(KVNR, world.hospital.filing(published.link, published.document, "CT"))
    del world.held[hidden.entry]
    publish.announce(world.hospital, link)
    assert world.held == {}
    with world.nodes.work(HOSPITAL) as work:
        assert work.links.untold() == []


def test_what_was_withdrawn_while_a_worker_that_stored_it_was_frozen_is_closed_when_it_wakes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)

    def withdrawn() -> None:
        publish.withdraw(world.hospital, link)
        record.close(world.hospital, link)

    frozen(world, monkeypatch, "store", withdrawn)
    publish.announce(world.hospital, link)
    record.close(world.hospital, link)
    [(_, document, _)] = world.held.values()
    assert documents.read(document).status is LinkStatus.CANCELLED


# --- the companion page -----------------------------------------------------------------------------------------------


@pytest.fixture
def paged(world: World) -> World:
    """A hospital that asks for pages."""
    world.hospital = replace(world.hospital, has_pages=True)
    return world


def pages(world: World) -> list[XdsMetadata]:
    """What the record says of the pages that stand."""
    return [world.filed[entry].metadata for entry in world.pages]


def withdraw(world: World) -> LinkId:
    with world.nodes.work(HOSPITAL) as work:
        [link] = [it.link.link for it in work.links.recent() if it.active]
    publish.withdraw(world.hospital, link)
    record.close(world.hospital, link)
    return link


@pytest.mark.slow
def test_a_page_comes_with_the_document_changes_with_it_and_ends_with_it(paged: World) -> None:
    first = documents.read(paged.held[paged.publish()][1])
    [page] = pages(paged)
    assert (page.mime_type, page.title, page.unique_id) == (
        "application/pdf",
        record.title_of(first),
        unique_id_of(first.link),
    )
    second = documents.read(paged.held[paged.publish()][1])
    assert [it.unique_id for it in pages(paged)] == [unique_id_of(second.link)]
    withdraw(paged)
    [closing] = [documents.read(document) for _, document, _ in paged.held.values()]
    [page] = pages(paged)
    assert (page.unique_id, page.title[-15:]) == (unique_id_of(closing.link), "(zurückgezogen)")


@pytest.mark.slow
def test_a_page_says_of_its_study_what_the_document_says(paged: World) -> None:
    entry = paged.publish()
    [page] = pages(paged)
    document = paged.filed[entry].metadata
    assert page.reference_id_list == document.reference_id_list
    assert page.event_code_list == document.event_code_list
    assert page.service_start_time == document.service_start_time


def test_without_the_setting_there_is_no_page(world: World) -> None:
    world.publish()
    withdraw(world)
    assert [it for it in world.filed.values() if it.metadata.mime_type == "application/pdf"] == []


@pytest.mark.slow
def test_what_has_a_page_keeps_one_when_the_setting_is_gone_and_its_page_is_withdrawn(paged: World) -> None:
    paged.publish()
    paged.hospital = replace(paged.hospital, has_pages=False)
    link = documents.read(paged.held[paged.publish()][1]).link
    assert [it.unique_id for it in pages(paged)] == [unique_id_of(link)]
    withdraw(paged)
    assert [it.title[-15:] for it in pages(paged)] == ["(zurückgezogen)"]


@pytest.mark.slow
def test_a_page_that_somebody_has_removed_comes_again_with_the_next_version(paged: World) -> None:
    paged.publish()
    paged.pages.clear()
    paged.publish()
    assert len(pages(paged)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("doors", [1, 2])
def test_a_worker_that_froze_while_it_stored_leaves_one_page(
    paged: World, monkeypatch: pytest.MonkeyPatch, doors: int
) -> None:
    """It freezes before the document, or between document and page."""
    paged.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(paged.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    store, knocks = paged.records[HOSPITAL].store, iter(range(1, 10))

    def knock_late(kvnr: Kvnr, filing: Filing) -> RecordEntry:
        if next(knocks) == doors:
            publish.announce(paged.hospital, link)
        return store(kvnr, filing)

    monkeypatch.setattr(paged.records[HOSPITAL], "store", knock_late)
    publish.announce(paged.hospital, link)
    assert (len(paged.held), len(pages(paged)), len(paged.filed)) == (1, 1, 2)


@pytest.mark.slow
def test_a_record_that_lets_nobody_in_any_more_gets_the_page_when_it_does(
    paged: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(paged.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    hospital = paged.records[HOSPITAL]
    store = hospital.store

    def then_close(kvnr: Kvnr, filing: Filing) -> RecordEntry:
        stored = store(kvnr, filing)
        hospital.entitled = False
        return stored

    monkeypatch.setattr(hospital, "store", then_close)
    publish.announce(paged.hospital, link)
    assert (len(paged.held), pages(paged)) == (1, [])
    monkeypatch.undo()
    hospital.entitled = True
    assert publish.remind(paged.hospital) == 1
    publish.announce(paged.hospital, link)
    assert (len(paged.held), len(pages(paged)), publish.remind(paged.hospital)) == (1, 1, 0)


# --- regions and orders -----------------------------------------------------------------------------------------------


def told(world: World, monkeypatch: pytest.MonkeyPatch, **more: object) -> Link:
    """The link of a study of which the PACS says more."""
    pacs = world.pacs[HOSPITAL]
    summary = pacs.summary

    def telling(study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        listed, header = summary(study)
        return replace(listed, **more), header

    monkeypatch.setattr(pacs, "summary", telling)
    return documents.read(world.held[world.publish()][1])


def test_a_link_names_the_regions_and_all_accession_numbers_that_the_pacs_tells(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = told(world, monkeypatch, body_parts=("SKULL", "HEAD", "SERVICE"), accessions=("A-1", "A-2"))
    assert link.regions == (REGIONS["774007"],)
    assert link.orders == (Order("A-1"), Order("A-2"))
    [filing] = world.filed.values()
    assert [it for it in filing.metadata.reference_id_list if "accession" in it] == [
        f"{number}^^^^urn:ihe:iti:xds:2013:accession" for number in ("A-1", "A-2")
    ]


def test_a_link_of_a_study_of_which_nothing_is_told_names_no_region_and_no_order(world: World) -> None:
    link = documents.read(world.held[world.publish()][1])
    assert (link.regions, link.orders) == ((), ())


def test_a_study_of_more_orders_than_a_document_can_hold_can_still_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = told(world, monkeypatch, accessions=tuple(f"A-{number}" for number in range(500)))
    assert len(link.orders) == publish.ORDERS_MAX
