"""What a PACS takes: negotiated class by class and syntax by syntax, and tried with one object where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.dicom.destination import StoreDestination
from linkexchange.dicom.plan import EVERY_SYNTAX, groups
from linkexchange.dicom.probe.asking import SUCCESS, not_offered
from linkexchange.dicom.probe.visit import Visit
from linkexchange.model.findings import Accepted, Answer, Check, Finding
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import IncomingInstance

_STORAGE = "1.2.840.10008.5.1.4.1.1."
CLASSES = tuple(
    SopClassUid(_STORAGE + arc)
    for arc in (
        *("2", "2.1", "4", "4.1", "128", "130", "20"),  # CT, MR and PET, also enhanced; nuclear medicine
        *("1", "1.1", "1.2", "13.1.3", "12.1", "12.2"),  # radiographs, mammograms, tomosynthesis, angiography
        *("6.1", "3.1", "7", "7.2", "7.4"),  # ultrasound, secondary capture
        *("77.1.1", "77.1.4", "77.1.6", "77.1.5.1"),  # endoscopy, photographs, slides, eyes
        *("66.4", "481.1", "481.2", "481.3", "481.5"),  # segmentations, radiotherapy
        *("88.11", "88.22", "88.33", "88.59", "88.67", "11.1", "104.1"),  # reports, key objects, presentation states
    )
)
"""The storage classes that most studies are made of."""

TEST_PATIENT = "LINKEXCHANGE-TEST"
TEST_STUDY, _TEST_SERIES, _TEST_INSTANCE = (f"{IMPLEMENTATION_CLASS_UID}.1.{arc}" for arc in (1, 2, 3))
_CAPTURE, _EXPLICIT = SopClassUid(_STORAGE + "7"), TransferSyntaxUid("1.2.840.10008.1.2.1")
_SIDE = 8
_WARNING = 0xB


def classes(visit: Visit) -> Iterator[Finding]:
    """Associations that only negotiate: each class under each syntax, in a context of its own."""
    taken: dict[str, list[str]] = {}
    for group in groups(CLASSES, EVERY_SYNTAX):
        with visit.call(*(replace(proposal, as_scp=False) for proposal in group)) as association:
            for context in association.contexts:
                taken.setdefault(context.abstract_syntax, []).append(context.transfer_syntax)
    if not taken:
        yield not_offered(Check.STORE)
        return
    visit.accepted = tuple(
        Accepted(SopClassUid(uid), tuple(map(TransferSyntaxUid, syntaxes))) for uid, syntaxes in taken.items()
    )
    count = len({syntax for syntaxes in taken.values() for syntax in syntaxes})
    words = f"{len(taken)} of {len(CLASSES)} common SOP classes, {count} of {len(EVERY_SYNTAX)} transfer syntaxes"
    yield Finding(Check.STORE, Answer.YES, words)


def store_object(visit: Visit) -> Iterator[Finding]:
    """Store one small object that says that it is a test. It stays in the PACS, and is the same every time."""
    line, instance = visit.line, _instance()
    pacs = StoreDestination(line.passport, calling_ae=line.calling_ae, timeouts=line.timeouts, tls=line.tls)
    with pacs.deliver([_CAPTURE], brake=visit.brake) as delivery:
        replies = [*delivery.send(instance), *delivery.settle()]
    statuses = [reply.status for reply in replies if reply.sop_instance == instance.sop_instance]
    if not statuses:
        yield Finding(Check.TEST_OBJECT, Answer.UNANSWERED, "no reply")
        return
    visit.stored = statuses[0] == SUCCESS or statuses[0] >> 12 == _WARNING
    yield Finding(Check.TEST_OBJECT, Answer.YES if visit.stored else Answer.NO, f"status {statuses[0]:04X}")


def _instance() -> IncomingInstance:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = _CAPTURE
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = TEST_STUDY, _TEST_SERIES, _TEST_INSTANCE
    ds.PatientName, ds.PatientID = "Test^Linkexchange", TEST_PATIENT
    ds.PatientBirthDate = ds.PatientSex = ds.StudyDate = ds.StudyTime = ds.ReferringPhysicianName = ""
    ds.StudyID, ds.AccessionNumber, ds.SeriesNumber, ds.InstanceNumber = "TEST", "", 1, 1
    ds.Modality, ds.ConversionType = "OT", "SYN"
    ds.StudyDescription = ds.SeriesDescription = "Test object of linkexchange"
    _set_pixels(ds)
    buffer = BytesIO()
    dcmwrite(buffer, ds, implicit_vr=False, little_endian=True)
    return IncomingInstance(_CAPTURE, SopInstanceUid(str(ds.SOPInstanceUID)), _EXPLICIT, iter([buffer.getvalue()]))


def _set_pixels(ds: Dataset) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", _SIDE, _SIDE
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.add_new(0x7FE00010, "OB", bytes(range(_SIDE * _SIDE)))
