"""ITI-92."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xds_schemas
from xds_samples import ENTRY, ENTRY_UUID, MESSAGE_ID, OLD_UUID, SLOTS, SUBMISSION, TO, said

from ti_adapter.epa.xds import rim, soap
from ti_adapter.epa.xds.errors import XdsConflict
from ti_adapter.epa.xds.metadata import Author, Metadata, Registered, read_metadata
from ti_adapter.epa.xds.names import HAS_MEMBER, RIM, Availability, Operation, Status
from ti_adapter.epa.xds.providing import read_registry_response
from ti_adapter.epa.xds.response import Verdict
from ti_adapter.epa.xds.soap import Message
from ti_adapter.epa.xds.updating import CHANGEABLE_SLOTS, UpdateForm, restricted_update
from ti_adapter.xds import Code, DocumentEntry

LOGICAL_ID = "urn:uuid:5fa0b0f3-6a3b-4a4b-8f7c-3f6dbb1f0009"
ADDED = {"hash": ("da39",), "size": ("13",), "repositoryUniqueId": ("1.2.9",)}
METADATA = Metadata(replace(ENTRY, slots=SLOTS | ADDED), (Author(institutions=(ENTRY.author_institution,)),))
KNOWN = Registered(METADATA, OLD_UUID, LOGICAL_ID, "2", Availability.APPROVED, "1.2.9")


def updated(told: Metadata, propagate: bool | None = None, form: UpdateForm = UpdateForm.IHE) -> Message:
    sent = restricted_update(
        KNOWN, told, SUBMISSION, entry_uuid=ENTRY_UUID, message_id=MESSAGE_ID, to=TO, propagate=propagate, form=form
    )
    return soap.read(*sent)


def entry(**changes: object) -> Metadata:
    return replace(METADATA, entry=replace(METADATA.entry, **changes))


def membership(message: Message) -> dict[str, tuple[str, ...]]:
    (one,) = message.element.iter(f"{{{RIM}}}Association")
    assert (one.get("associationType"), one.get("targetObject")) == (HAS_MEMBER, ENTRY_UUID)
    return rim.read_slots(one)


def test_all_metadata_are_told_as_the_next_version_of_the_same_document() -> None:
    told = replace(entry(title="MR Schädel", codes=ENTRY.codes | {"typeCode": (Code("a", "1.2"),)}), comments="neu")
    message = updated(told)
    (document,) = message.element.iter(f"{{{RIM}}}ExtrinsicObject")
    assert (document.get("id"), document.get("lid"), read_metadata(document)) == (ENTRY_UUID, LOGICAL_ID, told)
    assert membership(message) == {"SubmissionSetStatus": ("Original",), "PreviousVersion": ("2",)}


def test_the_form_of_gematiks_library_names_the_entry_and_no_logical_id() -> None:
    message = updated(METADATA, propagate=False, form=UpdateForm.GEMATIK)
    (document,) = message.element.iter(f"{{{RIM}}}ExtrinsicObject")
    assert (document.get("id"), document.get("lid")) == (OLD_UUID, None)
    (member,) = message.element.iter(f"{{{RIM}}}Association")
    assert member.get("targetObject") == OLD_UUID
    assert rim.read_slots(member)["associationPropagation"] == ("no",)
    assert xds_schemas.errors(message.element) == []


@pytest.mark.parametrize(("propagate", "said_so"), [(None, None), (True, ("yes",)), (False, ("no",))])
def test_whether_associations_go_along_is_a_setting(propagate: bool | None, said_so: tuple[str, ...] | None) -> None:
    assert membership(updated(METADATA, propagate)).get("AssociationPropagation") == said_so


def test_the_request_follows_the_schemas() -> None:
    message = updated(METADATA, propagate=False)
    assert message.action == Operation.RESTRICTED_UPDATE
    assert xds_schemas.errors(message.element) == []


@pytest.mark.parametrize("name", sorted(CHANGEABLE_SLOTS))
def test_what_may_change_may_be_new_other_or_gone(name: str) -> None:
    slots = dict(METADATA.entry.slots)
    slots.pop(name, None)
    for changed in (slots, slots | {name: ("20260302",)}):
        updated(entry(slots=changed))


@pytest.mark.parametrize("field", ["unique_id", "mime_type", "patient_id", "home_community_id"])
def test_what_makes_a_document_what_it_is_may_not_change(field: str) -> None:
    assert field in DocumentEntry.__dataclass_fields__
    with pytest.raises(ValueError, match=field):
        updated(entry(**{field: "other"}))


@pytest.mark.parametrize("name", [*ADDED, "sourcePatientId", "unknown"])
def test_slots_of_others_may_not_change(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        updated(entry(slots=METADATA.entry.slots | {name: ("other",)}))


def test_no_error_repeats_a_value() -> None:
    with pytest.raises(ValueError, match="patient_id") as caught:
        updated(entry(patient_id="Z999999999"))
    assert not any(number in str(caught.value) for number in ("Z999999999", "X110411675"))


def test_somebody_else_was_faster() -> None:
    sent = said(Verdict(Status.FAILURE, ("XDSMetadataVersionError",)), Operation.RESTRICTED_UPDATE)
    with pytest.raises(XdsConflict):
        read_registry_response(*sent, Operation.RESTRICTED_UPDATE, MESSAGE_ID)
