"""A SubmissionSet as a RegistryPackage of ebRIM, and the list of objects that is submitted with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import rim
from ti_adapter.epa.xds.metadata import Author, author
from ti_adapter.epa.xds.names import (
    HAS_MEMBER,
    LCM,
    RIM,
    SET_AUTHOR,
    SET_CONTENT_TYPE,
    SET_PATIENT_ID,
    SET_SOURCE_ID,
    SET_UNIQUE_ID,
    SUBMISSION_SET,
)
from ti_adapter.epa.xds.soap import maker
from ti_adapter.xds import Code

_ID = "submission-set"
_ORIGINAL: dict[str, tuple[str, ...]] = {"SubmissionSetStatus": ("Original",)}


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """What is said of a submission: `unique_id` and `source_id` are OIDs, `patient_id` a CX, the time has a zone."""

    unique_id: str
    source_id: str
    patient_id: str = field(repr=False)
    submission_time: datetime
    author: Author
    content_type_code: Code
    title: str = field(default="", repr=False)


def submit_objects(
    submission: SubmissionSet,
    objects: Iterable[etree._Element],
    associations: Iterable[etree._Element] = (),
    *,
    member_slots: dict[str, tuple[str, ...]] | None = None,
) -> etree._Element:
    """lcm:SubmitObjectsRequest: objects as members of a submission set, and associations between objects.

    `member_slots` are told of every membership beside that it is new.
    """
    entries = list(objects)
    members = (
        rim.association(
            HAS_MEMBER, _ID, entry.get("id"), number=f"member-{count}", told=_ORIGINAL | (member_slots or {})
        )
        for count, entry in enumerate(entries, 1)
    )
    listed = maker(RIM).RegistryObjectList(*entries, _package(submission), *members, *associations)
    return maker(LCM).SubmitObjectsRequest(listed)


def _package(told: SubmissionSet) -> etree._Element:
    moment = f"{told.submission_time.astimezone(UTC):%Y%m%d%H%M%S}"
    identifiers = (
        (SET_PATIENT_ID, told.patient_id, "XDSSubmissionSet.patientId"),
        (SET_UNIQUE_ID, told.unique_id, "XDSSubmissionSet.uniqueId"),
        (SET_SOURCE_ID, told.source_id, "XDSSubmissionSet.sourceId"),
    )
    return maker(RIM).RegistryPackage(
        *rim.slots({"submissionTime": (moment,)}),
        *rim.words("Name", told.title),
        maker(RIM).Classification(id="set-node", classifiedObject=_ID, classificationNode=SUBMISSION_SET),
        author(SET_AUTHOR, told.author, of=_ID, number="set-author"),
        rim.code(SET_CONTENT_TYPE, told.content_type_code, of=_ID, number="set-content-type"),
        *(
            rim.identifier(scheme, value, label, of=_ID, number=f"set-id-{count}")
            for count, (scheme, value, label) in enumerate(identifiers, 1)
        ),
        id=_ID,
    )
