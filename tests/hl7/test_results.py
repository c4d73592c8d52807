from __future__ import annotations

import pytest

from linkexchange.errors import MessageFault
from linkexchange.hl7 import Message, Result, by_kind, result_of, results
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import LocalPatientId

HEAD = "MSH|^~\\&|RIS|K|NODE|K|20260301||ORU^R01|1|P|2.5\rPID|1||0815^^^K&1.2.3&ISO^PI\r"
LOCAL = LocalPatientId("0815", "1.2.3")


def _message(*segments: str, head: str = HEAD) -> Message:
    return Message.read((head + "\r".join(segments)).encode())


@pytest.mark.parametrize(
    "segment",
    [
        "ZDS|1.2.9^RIS^Application^DICOM",
        "OBX|1|ST|113014^DICOM Study^DCM||1.2.9",
        "OBX|1|ST|110180^Study UID^DCM||1.2.9",
    ],
)
def test_the_study_is_named_by_its_uid(segment: str) -> None:
    assert result_of(_message("OBR|1", segment)) == Result((StudyUid("1.2.9"),), (), LOCAL)


def test_or_by_its_accession_number() -> None:
    assert result_of(_message("OBR|1||F1|||||||||||||||A-17", "OBX|1|TX|1^x||text")) == Result((), ("A-17",), LOCAL)


@pytest.mark.parametrize(
    ("segments", "cause"),
    [
        (("OBR|1",), "no study"),
        (("ZDS|1.2.x",), "not a Study"),
        (("OBR|1" + "|" * 17 + "A" * 17,), "no accession"),
    ],
)
def test_what_names_no_study_is_refused(segments: tuple[str, ...], cause: str) -> None:
    with pytest.raises(MessageFault, match=cause):
        result_of(_message(*segments))


def test_messages_go_to_whoever_takes_their_kind_and_others_are_refused() -> None:
    told: list[Result] = []
    hear = by_kind({"ORU": results(told.append)})
    hear(_message("ZDS|1.2.9"))
    assert told == [Result((StudyUid("1.2.9"),), (), LOCAL)]
    with pytest.raises(MessageFault, match="kind"):
        hear(_message(head=HEAD.replace("ORU^R01", "SIU^S12")))
