"""A study of any size for tests: CT instances of one demo patient, in two series and two transfer syntaxes."""

from __future__ import annotations

import io
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.model.identifiers import Kvnr, StudyUid

KVNR = Kvnr.with_check_digit("M98765432")
STUDY = StudyUid("1.2.276.0.7230010.3.1.2.77")
CT = "1.2.840.10008.5.1.4.1.1.2"
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_ROW_BYTES = 1024


def study(count: int, kilobytes: int, *, study: str = STUDY) -> list[bytes]:
    """`count` files of about this size; odd numbers are one series in Explicit, even ones another in Implicit VR."""
    return [_file(study, number, kilobytes) for number in range(1, count + 1)]


def ordered() -> list[bytes]:
    """Two series, of the abdomen and of the chest, for two orders."""
    files = []
    for content, part, number in zip(study(2, 8), ("ABDOMEN", "CHEST"), ("A-1", "A-2"), strict=True):
        ds = dcmread(io.BytesIO(content))
        request = Dataset()
        request.AccessionNumber, request.RequestedProcedureID = number, "1"
        ds.BodyPartExamined, ds.AccessionNumber, ds.RequestAttributesSequence = part, "A-1", [request]
        buffer = io.BytesIO()
        dcmwrite(buffer, ds, enforce_file_format=True)
        files.append(buffer.getvalue())
    return files


def write(folder: Path, files: list[bytes]) -> list[Path]:
    paths = [folder / f"{number}.dcm" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    return paths


def _file(study: str, number: int, kilobytes: int) -> bytes:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, f"{study}.9.{number}"
    ds.StudyDate, ds.StudyTime, ds.Modality = "20261101", "101500", "CT"
    ds.StudyDescription = "CT Thorax"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Größler^Änne", "HOSP-77", "HOSP"
    ds.PatientBirthDate, ds.PatientSex = "19610517", "F"
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID = KVNR, "1.2.276.0.76.4.8"
    ds.OtherPatientIDsSequence = [other]
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, f"{study}.{number % 2 + 1}"
    ds.SeriesNumber, ds.InstanceNumber = number % 2 + 1, number
    _set_pixels(ds, number, kilobytes)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CT, ds.SOPInstanceUID
    meta.TransferSyntaxUID = SYNTAXES[number % 2]
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    ds.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _set_pixels(ds: Dataset, number: int, kilobytes: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = kilobytes, _ROW_BYTES // 2
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    pattern = bytes((number * 7 + at) % 251 for at in range(_ROW_BYTES))
    ds.add_new(0x7FE00010, "OW", pattern * kilobytes)
