from __future__ import annotations

from io import BytesIO

import pytest
import rawdicom as raw
from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode as theirs
from pynetdicom.dsutils import encode as their_bytes

from linkexchange.dicom import identifier
from linkexchange.errors import MessageFault

BOTH = pytest.mark.parametrize("syntax", [raw.EXPLICIT, raw.IMPLICIT])


@BOTH
def test_pydicom_reads_a_request_as_it_is_meant(syntax: str) -> None:
    keys = {
        identifier.STUDY: "1.2.3",
        identifier.LEVEL: "STUDY",
        identifier.PATIENT_ID: "Ä17",
        identifier.STUDY_TIME: "",
    }
    ds = theirs(BytesIO(identifier.encode(keys, syntax)), syntax == raw.IMPLICIT, True)
    assert (ds.StudyInstanceUID, ds.QueryRetrieveLevel, ds.PatientID, ds.StudyTime) == ("1.2.3", "STUDY", "Ä17", "")


@BOTH
def test_an_answer_is_read_in_its_character_set(syntax: str) -> None:
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.StudyInstanceUID = "ISO_IR 100", "Größler^Änne", "1.2.3"
    encoded = their_bytes(ds, syntax == raw.IMPLICIT, True)
    assert encoded is not None
    wanted = {identifier.PATIENT_NAME: None, identifier.STUDY: None}
    content = identifier.decode(encoded, syntax, wanted)
    assert (identifier.text(content, identifier.PATIENT_NAME), identifier.text(content, identifier.STUDY)) == (
        "Größler^Änne",
        "1.2.3",
    )


def test_what_is_not_told_is_empty() -> None:
    assert identifier.text({}, identifier.STUDY) == ""


def test_an_unreadable_answer_is_a_fault_that_quotes_no_value() -> None:
    broken = raw.element(identifier.PATIENT_ID, "LO", b"SECRET", length=99)
    with pytest.raises(MessageFault) as caught:
        identifier.decode(broken, raw.EXPLICIT, {})
    assert "SECRET" not in str(caught.value)
