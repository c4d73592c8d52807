"""The studies that are moved: the same bytes in every run, one patient, no image of anybody."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import synthetic
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.model.identifiers import StudyUid

_ROOT = "1.2.276.0.7230010.3.1.2.90"
_EXPLICIT = "1.2.840.10008.1.2.1"
_NOISE_BYTES = 4 << 20
_SERIES = 4


@dataclass(frozen=True, slots=True)
class Study:
    """How many instances of which shape, with 16 bits to the pixel."""

    name: str
    number: int
    modality: str
    sop_class: str
    instances: int
    rows: int
    columns: int
    frames: int = 1

    @property
    def uid(self) -> StudyUid:
        return StudyUid(f"{_ROOT}.{self.number}")

    @property
    def pixel_bytes(self) -> int:
        """Of one instance."""
        return self.rows * self.columns * self.frames * 2

    @property
    def megabytes(self) -> float:
        """Of the whole study, without its headers, which are less than a hundredth."""
        return self.instances * self.pixel_bytes / 1e6

    def only(self, instances: int) -> Study:
        """The first of its instances, as a study of that size."""
        return replace(self, instances=min(instances, self.instances))


CT = Study("ct", 1, "CT", "1.2.840.10008.5.1.4.1.1.2", 1000, rows=512, columns=512)
MR = Study("mr", 2, "MR", "1.2.840.10008.5.1.4.1.1.4", 5000, rows=120, columns=125)
TOMO = Study("tomo", 3, "MG", "1.2.840.10008.5.1.4.1.1.13.1.3", 4, rows=1280, columns=1024, frames=57)
HUGE = Study("huge", 4, "CT", "1.2.840.10008.5.1.4.1.1.2.1", 1, rows=512, columns=512, frames=1144)
ENHANCED = Study("enhanced", 5, "MR", "1.2.840.10008.5.1.4.1.1.4.1", 1, rows=512, columns=512, frames=4096)
SMALL = Study("small", 6, "CT", "1.2.840.10008.5.1.4.1.1.2", 20, rows=64, columns=64)

ALL = {study.name: study for study in (CT, MR, TOMO, HUGE, ENHANCED, SMALL)}


def many(count: int, instances: int, *, first: int = 100) -> list[Study]:
    """CT studies of equal size, each with a UID of its own."""
    numbers = range(first, first + count)
    return [replace(CT, name=f"many{number}", number=number, instances=instances) for number in numbers]


def write(study: Study, folder: Path) -> list[Path]:
    """Write its files into a folder of its name; never more than a piece of one in memory."""
    target = folder / study.name
    target.mkdir(parents=True, exist_ok=True)
    noise = random.Random(study.number).randbytes(_NOISE_BYTES)
    paths = []
    for number in range(1, study.instances + 1):
        paths.append(target / f"{number:05}.dcm")
        with paths[-1].open("wb") as file:
            file.write(_header(study, number))
            file.writelines(_pixels(noise, number, study.pixel_bytes))
    return paths


def part(folder: Path, study: Study, first: Study) -> Path:
    """A folder with the first files of a study that has been written."""
    target = folder / f"{study.name}-{first.instances}"
    if not target.exists():
        target.mkdir()
        for path in sorted((folder / study.name).iterdir())[: first.instances]:
            (target / path.name).hardlink_to(path)
    return target


def _pixels(noise: bytes, number: int, length: int) -> Iterator[bytes]:
    """The element (7FE0,0010). Noise does not shrink, so nobody gains by compressing; each instance has its own."""
    yield b"\xe0\x7f\x10\x00OW\x00\x00" + length.to_bytes(4, "little")
    at = number * 65_521 % (_NOISE_BYTES // 2) * 2
    while length > 0:
        piece = noise[at : at + length]
        yield piece
        length, at = length - len(piece), 0


def _header(study: Study, number: int) -> bytes:
    """A DICOM file up to its pixels."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = study.sop_class, f"{study.uid}.9.{number}"
    ds.StudyDate, ds.StudyTime, ds.Modality = "20261101", "101500", study.modality
    ds.AccessionNumber, ds.ReferringPhysicianName, ds.StudyID = "", "", str(study.number)
    ds.StudyDescription = f"Messung {study.name}"
    _identify(ds)
    ds.StudyInstanceUID = study.uid
    ds.SeriesNumber = number % _SERIES + 1
    ds.SeriesInstanceUID = f"{study.uid}.{ds.SeriesNumber}"
    ds.InstanceNumber = number
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    if study.frames > 1:
        ds.NumberOfFrames = study.frames
    ds.Rows, ds.Columns = study.rows, study.columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.file_meta = _meta(ds)
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _identify(ds: Dataset) -> None:
    """The patient of `synthetic`, whose insured-person number stands beside the number of the hospital."""
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Größler^Änne", "HOSP-77", "HOSP"
    ds.PatientBirthDate, ds.PatientSex = "19610517", "F"
    insured = Dataset()
    insured.PatientID, insured.IssuerOfPatientID = synthetic.KVNR, "1.2.276.0.76.4.8"
    ds.OtherPatientIDsSequence = [insured]


def _meta(ds: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = _EXPLICIT, IMPLEMENTATION_CLASS_UID
    return meta
