"""Real DICOM images for the demo: the files that pydicom ships, grouped into studies of three fictional patients.

Each file gets new Study, Series and SOP Instance UIDs, the identity of a demo patient and new file meta information;
pixel data and all else stay as shipped, to the byte. What `prepare` writes is what "the origin's bytes" means from
there on. docs/reference/demo-images.md says which files, and which are left out.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from linkexchange.demo.shipped import STUDIES, SeriesPlan, StudyPlan
from linkexchange.model.identifiers import Kvnr, StudyUid
from linkexchange.model.patient import KVNR_ISSUER, Patient

PATIENTS = (
    Patient(Kvnr.with_check_digit("X11000017"), "Größler", "Änne", date(1950, 2, 28), "F", "DEMO-1001"),
    Patient(Kvnr.with_check_digit("Y22000028"), "Müßigbrodt", "Jürgen", date(1962, 11, 5), "M", "DEMO-1002"),
    Patient(Kvnr.with_check_digit("Z33000039"), "Schäfer-Öhlmann", "Zoë", date(1999, 7, 14), "F", "DEMO-1003"),
)
ISSUER = "LINKEXCHANGE-DEMO"

_UIDS = UUID("9a3f2f64-7d0b-5c1e-8f53-0c8d3a5e7b11")
"""Name space of the new UIDs; they are the same in every run on every machine."""

_HOLDS_UMLAUTS = ("ISO_IR 100", "ISO_IR 192", "GB18030")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """One prepared study. `title` is for people and stands in no file."""

    study: StudyUid
    patient: Patient
    title: str
    files: tuple[Path, ...]


def prepare(target: Path) -> tuple[DemoStudy, ...]:
    """Write the demo's images below a folder, one folder for each study; two runs give the same bytes.

    The first study is a CT of several series and transfer syntaxes.
    """
    return tuple(_prepare_study(plan, target / plan.key) for plan in STUDIES)


def _prepare_study(plan: StudyPlan, folder: Path) -> DemoStudy:
    folder.mkdir(parents=True)
    files = tuple(file for series in plan.series for file in _prepare_series(plan, series, folder=folder))
    return DemoStudy(StudyUid(_uid(plan.key)), PATIENTS[plan.patient], plan.title, files)


def _prepare_series(plan: StudyPlan, series: SeriesPlan, *, folder: Path) -> Iterator[Path]:
    sources = (source for path in series.paths for source in shipped_files(path))
    for number, source in enumerate(sources, 1):
        ds = _read(source)
        _set_uids(ds, plan.key, series.name, number=number)
        _set_patient(ds, PATIENTS[plan.patient])
        file = folder / f"{series.name}-{number:02}.dcm"
        ds.save_as(file, enforce_file_format=True)
        yield file


def shipped_files(path: str) -> Iterator[Traversable]:
    """The files of pydicom's wheel under one path of `shipped`, by name; nothing is ever downloaded."""
    folder, _, pattern = path.rpartition("/")
    listed = (resources.files("pydicom") / "data").joinpath(*folder.split("/")).iterdir()
    return iter(sorted((file for file in listed if fnmatch(file.name, pattern)), key=lambda file: file.name))


def _read(source: Traversable) -> Any:
    """Read a file; where it has no file meta, its encoding is told from its first bytes.

    Values stay encoded as long as nobody asks for them, and are written again as they were.
    """
    from pydicom import dcmread
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    ds = dcmread(io.BytesIO(source.read_bytes()), force=True)
    implicit, little = ds.original_encoding
    plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    syntax = ds.file_meta.get("TransferSyntaxUID", plain)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.preamble = bytes(128)
    return ds


def _set_uids(ds: Any, study: str, series: str, *, number: int) -> None:
    ds.StudyInstanceUID = _uid(study)
    ds.SeriesInstanceUID = _uid(f"{study}/{series}")
    ds.SOPInstanceUID = _uid(f"{study}/{series}/{number}")


def _uid(name: str) -> str:
    return f"2.25.{uuid5(_UIDS, name).int}"


def _set_patient(ds: Any, patient: Patient) -> None:
    from pydicom.dataset import Dataset

    by_kvnr = Dataset()
    by_kvnr.PatientID, by_kvnr.IssuerOfPatientID, by_kvnr.TypeOfPatientID = str(patient.kvnr), KVNR_ISSUER, "TEXT"
    ds.PatientName = _spelled(f"{patient.family}^{patient.given}", ds.get("SpecificCharacterSet"))
    ds.PatientID, ds.IssuerOfPatientID = patient.local_id, ISSUER
    ds.PatientBirthDate, ds.PatientSex = f"{patient.birth_date:%Y%m%d}", patient.sex
    ds.OtherPatientIDsSequence = [by_kvnr]


def _spelled(name: str, character_set: object) -> str:
    """The name as the file's character set can hold it, which stays as it is for the sake of all other texts.

    Where it has no umlauts the name is written as a German typewriter would; `model.patient` takes both for the same.
    """
    if character_set in _HOLDS_UMLAUTS:
        return name
    letters = unicodedata.normalize("NFKD", name.translate(_GERMAN))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
