"""Studies made of the DICOM files that pydicom ships: new UIDs, one series per file name, all else as it is."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import peers
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset

from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.study import Instance, Manifest, Series

PLAIN = ("CT_small.dcm", "MR_small_implicit.dcm")
COMPRESSED = ("JPEG2000.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_gdcm.dcm", "MR_small_jpeg_ls_lossless.dcm")
UNUSUAL = ("MR_small_bigendian.dcm", "image_dfl.dcm", "test-SR.dcm", "rtdose.dcm")


@dataclass(frozen=True, slots=True)
class Study:
    """A study as DICOM files by SOP Instance UID."""

    manifest: Manifest
    part10: dict[SopInstanceUid, bytes]

    @property
    def data_sets(self) -> dict[SopInstanceUid, bytes]:
        return {uid: peers.data_set(file) for uid, file in self.part10.items()}


def study(
    names: Iterable[str] = PLAIN + COMPRESSED, *, root: str = "2.25.81", copies: int = 2, taller: int = 1
) -> Study:
    """A study with `copies` instances of each file; images without compression may be made `taller`."""
    return _study(tuple(names), root, copies, taller)


@cache
def _study(names: tuple[str, ...], root: str, copies: int, taller: int) -> Study:
    """Made once, since many files of tests want the same."""
    part10: dict[SopInstanceUid, bytes] = {}
    series = []
    for place, name in enumerate(names, 1):
        instances = []
        for number in range(1, copies + 1):
            ds = dcmread(get_testdata_file(name))
            if taller > 1:
                ds.Rows, ds.PixelData = ds.Rows * taller, ds.PixelData * taller
            instance = Instance(SopInstanceUid(f"{root}.{place}.{number}"), SopClassUid(ds.SOPClassUID), number)
            part10[instance.sop_instance] = _renamed(ds, root, place, instance)
            instances.append(instance)
        uid = SeriesUid(f"{root}.{place}")
        series.append(Series(uid, "OT", tuple(instances), place, f"Serie {place}"))
    return Study(Manifest(StudyUid(root), tuple(series)), part10)


def _renamed(ds: FileDataset, root: str, place: int, instance: Instance) -> bytes:
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = root, f"{root}.{place}", instance.sop_instance
    ds.file_meta.MediaStorageSOPInstanceUID = instance.sop_instance
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Größler^Änne", "PID-4711", "KLINIK"
    ds.PatientBirthDate, ds.PatientSex = "19500228", "F"
    ds.StudyDescription, ds.AccessionNumber, ds.StudyDate, ds.StudyTime = "CT Thorax", "A-17", "20260227", "231500.5"
    ds.TimezoneOffsetFromUTC = "+0100"
    ds.Modality = "OT"
    ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = place, instance.number, f"Serie {place}"
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()
