"""ITI-92 and RemoveObjects: our client and the simulated service, over the rules of the simulated record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import xds_schemas
from lxml import etree
from xds_bench import KVNR, NEXT, PRACTICE, REPOSITORY, STRANGER, Bench
from xds_samples import CODES, DOCUMENT, PATIENT, SUBMISSION
from xds_samples import PRACTICE as AUTHOR

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import (
    Author,
    Metadata,
    Registered,
    Search,
    UpdateForm,
    Wanted,
    XdsConflict,
    XdsDocumentService,
    XdsFault,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    soap,
)
from ti_adapter.epa.xds.names import RIM, SOAP
from ti_adapter.xds import Code

pytestmark = pytest.mark.slow

PHARMACY = Attestation("3-1.9004", ("1.2.276.0.76.4.54",), "Apotheke", "n")
NURSING = Attestation("8-1.9005", ("1.2.276.0.76.4.245",), "Pflegedienst", "n")
OTHER_PATIENT = PATIENT.replace("X1", "Y1")
DIGA = {"formatCode": (Code("urn:gematik:ig:diga:v1.1", "1.3.6.1.4.1.19376.3.276.1.5.6"),)}
HIDING = {"confidentialityCode": (*CODES["confidentialityCode"], Code("CON", "1.2.276.0.76.5.491"))}


@pytest.fixture
def bench() -> Bench:
    return Bench.with_document()


def told(known: Registered, **changes: object) -> Metadata:
    return replace(known.metadata, entry=replace(known.metadata.entry, **changes))


def refusal(call: Callable[[], object]) -> tuple[str, type[XdsFault]]:
    with pytest.raises(XdsFault) as caught:
        call()
    return caught.value.reason, type(caught.value)


@pytest.mark.parametrize("form", UpdateForm)
@pytest.mark.parametrize("propagate", [None, True, False])
def test_an_update_is_the_next_version_of_the_same_document(
    bench: Bench, form: UpdateForm, propagate: bool | None
) -> None:
    (old,) = bench.find()
    authors = (Author("^Kohl^Ada", (AUTHOR,)), Author("^Fink^Leo", ("Labor",)))
    new = replace(told(old, title="MR Schädel", codes=CODES | {"typeCode": (Code("BEFU", "1.2"),)}), authors=authors)
    new = replace(new, comments="Seite berichtigt")
    bench.service().update(old, new, SUBMISSION, propagate=propagate, form=form)
    (found,) = bench.find()
    assert found.metadata == new
    assert (found.logical_id, found.version) == (old.logical_id, "2")
    assert found.entry_uuid != old.entry_uuid
    (got,) = bench.service().retrieve([Wanted("2.25.7", REPOSITORY)]).documents
    assert got.content == DOCUMENT.content


@pytest.mark.parametrize("form", UpdateForm)
def test_a_chain_of_updates_counts_its_versions(bench: Bench, form: UpdateForm) -> None:
    for count in range(1, 5):
        (known,) = bench.find()
        assert (known.version, known.logical_id) == (str(count), bench.find()[0].logical_id)
        bench.service().update(known, told(known, title=f"Titel {count}"), SUBMISSION, form=form)
    assert [one.metadata.entry.title for one in bench.find()] == ["Titel 4"]


@pytest.mark.parametrize("form", UpdateForm)
def test_who_was_slower_searches_again(bench: Bench, form: UpdateForm) -> None:
    (old,) = bench.find()
    bench.service().update(old, told(old, title="erster"), SUBMISSION)
    slower = refusal(lambda: bench.service().update(old, told(old, title="zweiter"), SUBMISSION, form=form))
    assert slower == ("XDSMetadataVersionError", XdsConflict)
    assert [one.metadata.entry.title for one in bench.find()] == ["erster"]


def test_neither_the_old_version_nor_its_entry_can_be_replaced(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().update(old, told(old, title="neu"), SUBMISSION)
    provided = replace(NEXT, replaces=old.entry_uuid)
    with pytest.raises(XdsConflict):
        bench.service().provide_and_register([provided], SUBMISSION)
    (new,) = bench.find()
    bench.service().provide_and_register([replace(provided, replaces=new.entry_uuid)], SUBMISSION)
    assert [one.metadata.entry.unique_id for one in bench.find()] == ["2.25.9"]
    with pytest.raises(XdsConflict):
        bench.service().update(new, told(new, title="zu spät"), SUBMISSION)


def test_a_hidden_document_can_be_neither_changed_nor_removed(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().update(old, told(old, title="neu"), SUBMISSION)
    (known,) = bench.find()
    bench.records.hide(KVNR, known.entry_uuid.removeprefix("urn:uuid:"))
    for one in (old, known):
        assert refusal(lambda one=one: bench.service().remove([one.entry_uuid]))[1] is XdsNotFound
        assert refusal(lambda one=one: bench.service().update(one, told(one, title="?"), SUBMISSION))[1] is XdsNotFound
    bench.records.unhide(KVNR, old.entry_uuid.removeprefix("urn:uuid:"))
    assert bench.find() == [known]


def test_the_code_con_hides_a_document_with_its_arrival_and_with_an_update(bench: Bench) -> None:
    hidden = replace(NEXT, metadata=Metadata(replace(NEXT.metadata.entry, codes=CODES | HIDING)))
    bench.service().provide_and_register([hidden], SUBMISSION)
    (known,) = bench.find()
    assert known.metadata.entry.unique_id == "2.25.7"
    bench.service().update(known, told(known, codes=CODES | HIDING), SUBMISSION)
    assert bench.find() == []


def tampered(change: Callable[[etree._Element], None], *, method: str = "update") -> tuple[str, type[XdsFault]]:
    """What the service says to a request of ours that was changed on its way."""
    bench = Bench.with_document()
    (known,) = bench.find()

    def post(body: bytes, content_type: str) -> tuple[bytes, str]:
        request = soap.read(body, content_type)
        change(request.element)
        return bench.simulated.answer(PRACTICE, KVNR, *soap.write(replace(request, to="urn:to"), mtom=False))

    service = XdsDocumentService(post, "urn:to")
    try:
        if method == "update":
            return refusal(lambda: service.update(known, told(known, title="neu"), SUBMISSION))
        return refusal(lambda: service.remove([known.entry_uuid]))
    finally:
        assert bench.find() == [known]


def setting(path: str, name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda element: element.find(path, {"rim": RIM}).set(name, value)


def without(path: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        gone = element.find(path, {"rim": RIM})
        gone.getparent().remove(gone)

    return change


def doubled(path: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        one = element.find(path, {"rim": RIM})
        one.addnext(etree.fromstring(etree.tostring(one)))

    return change


def saying(path: str, text: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        element.find(path, {"rim": RIM}).text = text

    return change


ENTRY_PATH, SET_PATH, MEMBER = ".//rim:ExtrinsicObject", ".//rim:RegistryPackage", ".//rim:Association"
UNIQUE_ID = (
    f"{ENTRY_PATH}/rim:ExternalIdentifier[@identificationScheme='urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab']"
)
OWNER = f"{ENTRY_PATH}/rim:ExternalIdentifier[@identificationScheme='urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427']"
SET_OWNER = f"{SET_PATH}/rim:ExternalIdentifier[@identificationScheme='urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446']"
SLOT = "rim:Slot[@name='{}']/rim:ValueList/rim:Value"
WRONG_UPDATES = {
    "another uniqueId": ("XDSMetadataIdentifierError", setting(UNIQUE_ID, "value", "2.25.70")),
    "no such document": ("UnresolvedReferenceException", setting(ENTRY_PATH, "lid", "urn:uuid:0")),
    "a name that is no UUID": ("XDSMetadataIdentifierError", setting(ENTRY_PATH, "lid", "2.25.7")),
    "another patient": ("XDSPatientIDReconciliationError", setting(OWNER, "value", OTHER_PATIENT)),
    "a set of another patient": ("XDSPatientIDReconciliationError", setting(SET_OWNER, "value", OTHER_PATIENT)),
    "another mime type": ("UnmodifiableMetadataError", setting(ENTRY_PATH, "mimeType", "text/plain")),
    "a home community": ("UnmodifiableMetadataError", setting(ENTRY_PATH, "home", "urn:oid:1.2")),
    "another repository": (
        "UnmodifiableMetadataError",
        saying(f"{ENTRY_PATH}/{SLOT.format('repositoryUniqueId')}", "1.2.3"),
    ),
    "another source patient": (
        "UnmodifiableMetadataError",
        saying(f"{ENTRY_PATH}/{SLOT.format('sourcePatientId')}", "A^^^&1.2&ISO"),
    ),
    "no source patient any more": (
        "UnmodifiableMetadataError",
        without(f"{ENTRY_PATH}/rim:Slot[@name='sourcePatientId']"),
    ),
    "an older version": ("XDSMetadataVersionError", saying(f"{MEMBER}/{SLOT.format('PreviousVersion')}", "0")),
    "a version to come": ("XDSMetadataVersionError", saying(f"{MEMBER}/{SLOT.format('PreviousVersion')}", "2")),
    "a version spelled otherwise": (
        "XDSMetadataVersionError",
        saying(f"{MEMBER}/{SLOT.format('PreviousVersion')}", "01"),
    ),
    "no version": ("XDSMetadataAnnotationError", without(f"{MEMBER}/rim:Slot[@name='PreviousVersion']")),
    "no status of its membership": (
        "XDSMetadataAnnotationError",
        without(f"{MEMBER}/rim:Slot[@name='SubmissionSetStatus']"),
    ),
    "a membership by reference": (
        "XDSMetadataAnnotationError",
        saying(f"{MEMBER}/{SLOT.format('SubmissionSetStatus')}", "Reference"),
    ),
    "a slot that nobody knows": ("XDSMetadataAnnotationError", setting(f"{MEMBER}/rim:Slot", "name", "Other")),
    "a word about associations that is none": (
        "XDSMetadataAnnotationError",
        setting(f"{MEMBER}/rim:Slot[@name='SubmissionSetStatus']", "name", "AssociationPropagation"),
    ),
    "a member of another set": ("XDSMetadataAnnotationError", setting(MEMBER, "sourceObject", "other")),
    "no membership": ("XDSMetadataAnnotationError", without(MEMBER)),
    "two memberships": ("XDSMetadataAnnotationError", doubled(MEMBER)),
    "another association": (
        "UnmodifiableMetadataError",
        setting(MEMBER, "associationType", "urn:ihe:iti:2007:AssociationType:RPLC"),
    ),
    "two documents": ("XDSRepositoryMetadataError", doubled(ENTRY_PATH)),
    "no document": ("XDSRepositoryMetadataError", without(ENTRY_PATH)),
    "no set": ("XDSRepositoryMetadataError", without(SET_PATH)),
    "a set without a type": ("XDSRepositoryMetadataError", without(f"{SET_PATH}/rim:Classification")),
    "no creation time": ("XDSRepositoryMetadataError", without(f"{ENTRY_PATH}/rim:Slot[@name='creationTime']")),
}


@pytest.mark.parametrize("name", WRONG_UPDATES)
def test_a_wrong_update_is_refused_for_its_own_reason_and_changes_nothing(name: str) -> None:
    reason, change = WRONG_UPDATES[name]
    assert tampered(change)[0] == reason


def test_what_our_client_would_not_send_is_told_apart_by_class() -> None:
    assert tampered(WRONG_UPDATES["no such document"][1])[1] is XdsNotFound
    assert tampered(WRONG_UPDATES["another mime type"][1])[1] is XdsRequestRefused
    assert tampered(WRONG_UPDATES["an older version"][1])[1] is XdsConflict


def test_a_removed_document_is_gone_with_all_its_versions(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().update(old, told(old, title="neu"), SUBMISSION)
    (known,) = bench.find()
    bench.service().provide_and_register([NEXT], SUBMISSION)
    bench.service().remove([known.entry_uuid])
    assert [one.metadata.entry.unique_id for one in bench.find()] == ["2.25.9"]
    with pytest.raises(XdsNotFound):
        bench.service().retrieve([Wanted("2.25.7", REPOSITORY)])
    for entry in (old.entry_uuid, known.entry_uuid):
        assert refusal(lambda entry=entry: bench.service().remove([entry]))[0] == "UnresolvedReferenceException"
    bench.service().provide_and_register([DOCUMENT], SUBMISSION)
    assert len(bench.find()) == 2


def test_of_several_documents_all_are_removed_or_none(bench: Bench) -> None:
    bench.service().provide_and_register([NEXT], SUBMISSION)
    entries = [one.entry_uuid for one in bench.find()]
    assert refusal(lambda: bench.service().remove([*entries, "urn:uuid:0"]))[1] is XdsNotFound
    assert len(bench.find()) == 2
    bench.service().remove([*entries, *entries])
    assert bench.find() == []


def test_a_removed_successor_does_not_bring_its_predecessor_back(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().provide_and_register([replace(NEXT, replaces=old.entry_uuid)], SUBMISSION)
    bench.service().remove([bench.find()[0].entry_uuid])
    assert bench.find() == []
    bench.service().remove([old.entry_uuid])
    assert refusal(lambda: bench.service().remove([old.entry_uuid]))[1] is XdsNotFound


WRONG_REMOVALS = {
    "nothing": ("UnresolvedReferenceException", without(".//rim:ObjectRef")),
    "a uniqueId": ("UnresolvedReferenceException", setting(".//rim:ObjectRef", "id", "2.25.7")),
    "a query": (
        "XDSRegistryError",
        lambda element: element.insert(0, etree.Element(f"{{{RIM}}}AdhocQuery", id="urn:uuid:1")),
    ),
}


@pytest.mark.parametrize("name", WRONG_REMOVALS)
def test_a_wrong_removal_is_refused_and_removes_nothing(name: str) -> None:
    reason, change = WRONG_REMOVALS[name]
    assert tampered(change, method="remove")[0] == reason


def changes(bench: Bench, who: Attestation, known: Registered) -> list[Callable[[], object]]:
    service = bench.service(who)
    return [
        lambda: service.update(known, told(known, title="?"), SUBMISSION),
        lambda: service.remove([known.entry_uuid]),
        lambda: service.provide_and_register([replace(NEXT, replaces=known.entry_uuid)], SUBMISSION),
        lambda: service.provide_and_register([NEXT], SUBMISSION),
    ]


@pytest.mark.parametrize("who", [PHARMACY, NURSING])
def test_a_role_that_may_only_read_changes_nothing(bench: Bench, who: Attestation) -> None:
    bench.entitle(who)
    (known,) = bench.find()
    assert bench.service(who).find(Search(PATIENT)).documents == (known,)
    refused = [refusal(call) for call in changes(bench, who, known)]
    assert refused == [("LocalPolicyRestrictionError", XdsNotPermitted)] * 4
    assert bench.find() == [known]


def test_whoever_is_not_entitled_changes_nothing_and_learns_nothing(bench: Bench) -> None:
    (known,) = bench.find()
    refused = [refusal(call) for call in changes(bench, STRANGER, known)]
    assert refused == [("XDSUnknownPatientId", XdsNotPermitted)] * 4


def test_metadata_that_would_move_a_document_to_a_forbidden_category_are_refused(bench: Bench) -> None:
    (known,) = bench.find()
    moved = told(known, codes=CODES | DIGA)
    reason = refusal(lambda: bench.service().update(known, moved, SUBMISSION))
    assert reason == ("LocalPolicyRestrictionError", XdsNotPermitted)
    assert bench.find() == [known]


def test_what_a_role_may_not_read_is_not_there_for_it(bench: Bench) -> None:
    (known,) = bench.find()
    edmp = (Code("urn:gematik:ig:DMP-Asthma:v4", "1.3.6.1.4.1.19376.3.276.1.5.6"),)
    bench.service().update(known, told(known, codes=CODES | {"formatCode": edmp}), SUBMISSION)
    (known,) = bench.find()
    bench.entitle(PHARMACY)
    assert bench.service(PHARMACY).find(Search(PATIENT)).documents == ()
    for call in changes(bench, PHARMACY, known)[:3]:
        assert refusal(call)[1] is XdsNotFound


def test_any_physician_may_change_what_another_has_stored(bench: Bench) -> None:
    bench.entitle(STRANGER)
    (known,) = bench.find()
    bench.service(STRANGER).update(known, told(known, title="neu"), SUBMISSION)
    bench.service(STRANGER).remove([bench.find()[0].entry_uuid])
    assert bench.find() == []


def test_the_patient_reads_who_changed_what_and_what_was_refused(bench: Bench) -> None:
    (known,) = bench.find()
    entry = known.entry_uuid.removeprefix("urn:uuid:")
    with pytest.raises(XdsFault):
        bench.service().update(replace(known, version="7"), told(known, title="?"), SUBMISSION)
    bench.service().remove([known.entry_uuid])
    with pytest.raises(XdsFault):
        bench.service(STRANGER).remove([known.entry_uuid])
    seen = [(it.operation, it.entry, it.outcome) for it in bench.records.accesses(KVNR)]
    assert seen[-3:] == [("update", entry, "refused"), ("remove", entry, "ok"), ("remove", entry, "notEntitled")]


def test_messages_of_changes_follow_the_schemas_both_ways(bench: Bench) -> None:
    (known,) = bench.find()
    bench.service().update(known, replace(told(known, title="neu"), comments="neu"), SUBMISSION, propagate=False)
    (known,) = bench.find()
    for form in UpdateForm:
        with pytest.raises(XdsFault):
            bench.service().update(replace(known, version="7"), known.metadata, SUBMISSION, propagate=True, form=form)
    bench.service().remove([known.entry_uuid])
    found = [soap.read(*message).element for message in bench.messages]
    assert len(found) == 14
    assert [xds_schemas.errors(element) for element in found] == [[]] * 14


def test_the_message_of_one_operation_under_the_action_of_another_is_a_fault(bench: Bench) -> None:
    (known,) = bench.find()
    bench.service().remove([known.entry_uuid])
    bench.service().provide_and_register([DOCUMENT], SUBMISSION)
    body = bench.messages[-4][0].replace(b"DeleteDocumentSet", b"RestrictedUpdateDocumentSet")
    answer = bench.simulated.answer(PRACTICE, KVNR, body, "application/soap+xml")
    assert soap.read(*answer).element.tag == f"{{{SOAP}}}Fault"
    assert len(bench.find()) == 1
