"""What a peer holds: instances as encoded data sets, read from bytes or made up."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
STUDY = "1.2.276.0.7230010.3.77.1"
_PIXELS = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance. `header` is what a C-FIND may tell of it: everything before the pixels."""

    uid: str
    sop_class: str
    syntax: str
    content: bytes
    header: Dataset

    @classmethod
    def of(cls, content: bytes, syntax: str = EXPLICIT) -> Instance:
        """Read an encoded data set of an uncompressed little-endian syntax."""
        header = dcmread(_file(content, syntax), force=True, stop_before_pixels=True)
        return cls(str(header.SOPInstanceUID), str(header.SOPClassUID), syntax, content, header)

    @property
    def study(self) -> str:
        """Its study."""
        return str(self.header.StudyInstanceUID)

    @property
    def series(self) -> str:
        """Its series."""
        return str(self.header.SeriesInstanceUID)


def made(count: int, *, kilobytes: int = 4, series: int = 2, first: int = 1, **changes: str) -> tuple[Instance, ...]:
    """A study of so many CT instances of one person, dealt out to its series; `changes` are values by keyword."""
    return tuple(_made(number, kilobytes, series, changes) for number in range(first, first + count))


def _made(number: int, kilobytes: int, series: int, changes: dict[str, str]) -> Instance:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.StudyInstanceUID, ds.SOPClassUID = STUDY, CT
    ds.SeriesInstanceUID, ds.SOPInstanceUID = f"{STUDY}.{number % series + 1}", f"{STUDY}.9.{number}"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Prüf^Änne", "P-77", "19610517", "F"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.Modality = "20261101", "101500", "Schädel", "CT"
    ds.SeriesNumber, ds.InstanceNumber = number % series + 1, number
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    pattern = bytes((number * 7 + at) % 251 for at in range(1024))
    ds.add_new(_PIXELS, "OW", pattern * kilobytes)
    return Instance.of(encode(ds), EXPLICIT)


def encode(ds: Dataset, syntax: str = EXPLICIT) -> bytes:
    """Write a data set in one of the two plain syntaxes."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, syntax == IMPLICIT
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def decode(content: bytes, syntax: str) -> Dataset:
    """Read a whole data set."""
    return dcmread(_file(content, syntax), force=True)


def _file(content: bytes, syntax: str) -> BytesIO:
    """The data set with just enough before it that a reader knows its syntax."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, meta)
    group = bytes(buffer.getvalue())
    length = b"\x02\0\0\0UL\x04\0" + len(group).to_bytes(4, "little")
    return BytesIO(bytes(128) + b"DICM" + length + group + content)
