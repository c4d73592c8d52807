"""What a study in the spool has, from the headers of its images."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from linkexchange.dataset.elements import Content
from linkexchange.model.identifiers import SeriesUid, Sha256, SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.outbox import Spooled
from linkexchange.spool.summary import summary

STUDY = StudyUid("1.2")
CT, EXPLICIT = SopClassUid("1.2.840.10008.5.1.4.1.1.2"), TransferSyntaxUid("1.2.840.10008.1.2.1")
BODY_PART, ACCESSION = 0x00180015, 0x00080050


def spooled(number: int) -> Spooled:
    series, uid = SeriesUid(f"1.2.{number}"), SopInstanceUid(f"1.2.{number}.1")
    received = datetime(2026, 3, 1, tzinfo=UTC)
    return Spooled(uuid4(), STUDY, series, CT, uid, EXPLICIT, 10, Sha256("0" * 64), received, "CT1")


def test_body_parts_and_accession_numbers_are_those_of_all_images_that_can_be_read() -> None:
    contents: list[Content] = [
        {BODY_PART: b"CHEST ", ACCESSION: b"A-1\\A-2"},
        {BODY_PART: b"ABDOMEN", ACCESSION: b"A-2 "},
        {},
    ]
    told = summary(STUDY, {spooled(number): content for number, content in enumerate(contents, 1)})
    assert (told.body_parts, told.accessions) == (("CHEST", "ABDOMEN"), ("A-1", "A-2"))
