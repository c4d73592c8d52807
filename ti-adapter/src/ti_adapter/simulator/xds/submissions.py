"""ITI-41 as a record system reads it: one document, its metadata and its submission set, all of one mind."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import rim, tree
from ti_adapter.epa.xds.metadata import Metadata, read_metadata
from ti_adapter.epa.xds.names import (
    HAS_MEMBER,
    LCM,
    REPLACES,
    SET_PATIENT_ID,
    SET_UNIQUE_ID,
    STABLE_DOCUMENT,
    SUBMISSION_SET,
    XDS,
)
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.record import Upload
from ti_adapter.simulator.xds.refusal import Refusal
from ti_adapter.xds import DocumentEntry

METADATA = "XDSRepositoryMetadataError"
_CODES = {
    "classCode",
    "confidentialityCode",
    "formatCode",
    "healthcareFacilityTypeCode",
    "practiceSettingCode",
    "typeCode",
}
_SLOTS = {"creationTime", "languageCode"}


@dataclass(frozen=True, slots=True)
class Submission:
    """A document on its way in, and the entryUUID that it replaces."""

    upload: Upload = field(repr=False)
    told: Metadata
    replaces: str = ""


def read_submission(request: Message, patient_id: str) -> Submission:
    """Raises `Refusal`, and `XdsMalformed` for what is no ITI-41 at all.

    1. One document with metadata and one submission set. 2. The document is there. 3. Both are of this patient. 4. What
    XDS requires of metadata. 5. The document is a member of the set, and replaces at most one other.
    """
    objects = tree.only(tree.only(request.element, f"{{{LCM}}}SubmitObjectsRequest"), rim.name("RegistryObjectList"))
    described = objects.findall(rim.name("ExtrinsicObject"))
    sets = objects.findall(rim.name("RegistryPackage"))
    if len(described) != 1 or len(sets) != 1 or described[0].get("objectType") != STABLE_DOCUMENT:
        raise Refusal(METADATA)
    content = _content(request, tree.attribute(described[0], "id"))
    told = read_metadata(described[0])
    entry = told.entry
    if {entry.patient_id, rim.read_identifier(sets[0], SET_PATIENT_ID)} != {patient_id}:
        raise Refusal("XDSPatientIdDoesNotMatch")
    check_entry(entry)
    check_set(sets[0])
    replaced = _replaced(objects, sets[0].get("id"), described[0].get("id"))
    return Submission(Upload(content, entry), told, replaced)


def _content(request: Message, entry_id: str) -> bytes:
    documents = request.element.findall(f"{{{XDS}}}Document")
    if not documents:
        raise Refusal("XDSMissingDocument")
    if [one.get("id") for one in documents] != [entry_id]:
        raise Refusal("XDSMissingDocumentMetadata")
    return tree.document(documents[0], request.parts)


def check_entry(entry: DocumentEntry) -> None:
    """What XDS requires of a DocumentEntry. Raises `Refusal`."""
    single = _CODES - {"confidentialityCode"}
    if _CODES - entry.codes.keys() or any(len(entry.codes[name]) != 1 for name in single):
        raise Refusal(METADATA)
    if _SLOTS - entry.slots.keys() or not entry.author_institution:
        raise Refusal(METADATA)


def check_set(package: etree._Element) -> None:
    """What a SubmissionSet must have. Raises `Refusal`.

    XDS also requires sourceId and contentTypeCode, which gematik's own library (lib-ihe-xds 3.0.3) never sends.
    """
    rim.read_identifier(package, SET_UNIQUE_ID)
    nodes = {one.get("classificationNode") for one in package.iterfind(rim.name("Classification"))}
    if SUBMISSION_SET not in nodes or "submissionTime" not in rim.read_slots(package):
        raise Refusal(METADATA)


def _replaced(objects: etree._Element, set_id: str, entry_id: str) -> str:
    rows = objects.findall(rim.name("Association"))
    members = [one for one in rows if one.get("associationType") == HAS_MEMBER]
    if [(one.get("sourceObject"), one.get("targetObject")) for one in members] != [(set_id, entry_id)]:
        raise Refusal(METADATA)
    others = [one for one in rows if one.get("associationType") != HAS_MEMBER]
    if any(one.get("associationType") != REPLACES or one.get("sourceObject") != entry_id for one in others):
        raise Refusal(METADATA)
    if len(others) > 1:
        raise Refusal(METADATA)
    return str(others[0].get("targetObject")) if others else ""
