from __future__ import annotations

import io
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import peers
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.filereader import data_element_generator
from pydicom.uid import DeflatedExplicitVRLittleEndian

from linkexchange.demo.images import DemoStudy, prepare, shipped_files
from linkexchange.demo.shipped import LEFT_OUT, STUDIES
from linkexchange.model.patient import KVNR_ISSUER, PatientHeader, differences

OTHER_FILES = (".txt", ".json", ".dump", ".icc", ".gz", ".md", ".py", ".pyc", "README")
CHANGED = {
    0x00080018: "SOPInstanceUID",
    0x00100010: "PatientName",
    0x00100020: "PatientID",
    0x00100021: "IssuerOfPatientID",
    0x00100030: "PatientBirthDate",
    0x00100040: "PatientSex",
    0x00101002: "OtherPatientIDsSequence",
    0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID",
}


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoStudy, ...]:
    return prepare(tmp_path_factory.mktemp("demo") / "images")


@pytest.fixture(scope="module")
def prepared(studies: tuple[DemoStudy, ...]) -> list[FileDataset]:
    return [dcmread(file) for study in studies for file in study.files]


def named(paths: Iterable[str]) -> list[Traversable]:
    return [file for path in paths for file in shipped_files(path)]


def used() -> list[Traversable]:
    """The shipped files in the order of the prepared ones."""
    return named(path for study in STUDIES for series in study.series for path in series.paths)


def dicom_files(folder: Traversable) -> Iterator[str]:
    """Every DICOM file below a folder."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from dicom_files(entry)
        elif not entry.name.endswith(OTHER_FILES):
            yield str(entry)


def header(ds: FileDataset) -> PatientHeader:
    (by_kvnr,) = ds.OtherPatientIDsSequence
    assert by_kvnr.IssuerOfPatientID == KVNR_ISSUER
    born = datetime.strptime(ds.PatientBirthDate, "%Y%m%d").replace(tzinfo=UTC).date()
    return PatientHeader(
        ds.PatientID, ds.IssuerOfPatientID, by_kvnr.PatientID, str(ds.PatientName), born, ds.PatientSex
    )


def files_of(studies: Iterable[DemoStudy]) -> list[Path]:
    return [file for study in studies for file in study.files]


def elements(content: bytes) -> dict[int, bytes]:
    """Every element at top level as the bytes it has in the file, without group lengths."""
    ds = dcmread(io.BytesIO(content), force=True)
    implicit, little = ds.original_encoding
    stream = io.BytesIO(_encoded(content, ds))
    found, start = {}, 0
    for element in data_element_generator(stream, implicit, little):
        found[int(element.tag)] = stream.getvalue()[start : stream.tell()]
        start = stream.tell()
    return {tag: encoded for tag, encoded in found.items() if tag & 0xFFFF}


def _encoded(content: bytes, ds: FileDataset) -> bytes:
    """The data set behind the file meta, if there is one."""
    if content[128:132] != b"DICM":
        return content
    stream = io.BytesIO(content[132:])
    list(data_element_generator(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2))
    rest = stream.read()
    is_deflated = ds.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    return zlib.decompress(rest, -zlib.MAX_WBITS) if is_deflated else rest


def test_every_shipped_dicom_file_is_used_once_or_left_out_with_a_reason() -> None:
    accounted = [str(file) for file in used() + named(path for paths in LEFT_OUT.values() for path in paths)]
    assert sorted(accounted) == sorted(dicom_files(resources.files("pydicom") / "data"))


@pytest.mark.slow
def test_nothing_but_the_listed_elements_differs_from_the_shipped_file(studies: tuple[DemoStudy, ...]) -> None:
    differing = set()
    for source, file in zip(used(), files_of(studies), strict=True):
        before, after = elements(source.read_bytes()), elements(file.read_bytes())
        differing |= {tag for tag in before.keys() | after.keys() if before.get(tag) != after.get(tag)}
    assert differing == CHANGED.keys()


def test_pixel_data_are_those_of_the_shipped_file(prepared: list[FileDataset]) -> None:
    before = (dcmread(io.BytesIO(file.read_bytes()), force=True).get("PixelData") for file in used())
    assert all(one == ds.get("PixelData") for one, ds in zip(before, prepared, strict=True))


@pytest.mark.slow
def test_two_runs_give_the_same_bytes(studies: tuple[DemoStudy, ...], tmp_path: Path) -> None:
    again = files_of(prepare(tmp_path / "again"))
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files_of(studies)]


def test_no_two_instances_share_a_uid(prepared: list[FileDataset]) -> None:
    assert max(Counter(ds.SOPInstanceUID for ds in prepared).values()) == 1


def test_the_new_file_meta_names_the_instance_within(prepared: list[FileDataset]) -> None:
    for ds in prepared:
        meta = ds.file_meta
        assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (ds.SOPClassUID, ds.SOPInstanceUID)


def test_the_files_of_a_study_have_its_uid(studies: tuple[DemoStudy, ...]) -> None:
    for study in studies:
        assert {dcmread(file).StudyInstanceUID for file in study.files} == {study.study}


def test_a_series_has_one_modality(prepared: list[FileDataset]) -> None:
    modalities = defaultdict(set)
    for ds in prepared:
        modalities[ds.SeriesInstanceUID].add(ds.Modality)
    assert {len(found) for found in modalities.values()} == {1}


def test_every_header_speaks_for_the_patient_of_its_study(studies: tuple[DemoStudy, ...]) -> None:
    for study in studies:
        assert {differences(header(dcmread(file)), study.patient) for file in study.files} == {()}


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Schäfer-Öhlmann^Zoë"),
        ("ISO_IR 192", "Schäfer-Öhlmann^Zoë"),
        ("GB18030", "Schäfer-Öhlmann^Zoë"),
        ("ISO_IR 126", "Schaefer-Oehlmann^Zoe"),
        (["", "ISO 2022 IR 87"], "Schaefer-Oehlmann^Zoe"),
    ],
)
def test_the_name_is_spelled_as_the_shipped_character_set_can_hold_it(
    studies: tuple[DemoStudy, ...], character_set: object, name: str
) -> None:
    found = [dcmread(file) for file in studies[3].files]
    assert {str(ds.PatientName) for ds in found if ds.SpecificCharacterSet == character_set} == {name}


def test_the_first_study_has_several_series_and_transfer_syntaxes(studies: tuple[DemoStudy, ...]) -> None:
    found = [dcmread(file) for file in studies[0].files]
    assert len({ds.SeriesInstanceUID for ds in found}) >= 2
    assert len({ds.file_meta.TransferSyntaxUID for ds in found}) >= 2


def test_there_are_multi_frame_loops_in_jpeg_and_rle(studies: tuple[DemoStudy, ...]) -> None:
    found = [dcmread(file) for file in studies[2].files]
    loops = {ds.file_meta.TransferSyntaxUID.name.split()[0] for ds in found if ds.get("NumberOfFrames", 1) > 1}
    assert loops == {"JPEG", "RLE"}


@pytest.mark.parametrize(
    ("reason", "keyword"),
    [("no SOP Class UID", "SOPClassUID"), ("no Modality", "Modality"), ("an image without", "PixelData")],
)
def test_what_is_left_out_lacks_what_the_reason_says(reason: str, keyword: str) -> None:
    paths = next(paths for why, paths in LEFT_OUT.items() if why.startswith(reason))
    assert not [file for file in named(paths) if keyword in dcmread(io.BytesIO(file.read_bytes()), force=True)]


@pytest.mark.peers
@pytest.mark.parametrize("pacs", [peers.Orthanc, peers.Dcmqrscp, peers.Qrscp])
def test_a_pacs_stores_every_prepared_file(prepared: list[FileDataset], pacs: Callable[[], peers.Server]) -> None:
    with pacs() as archive:
        peers.send(archive.ae_title, archive.port, prepared)
        assert archive.files().keys() == {ds.SOPInstanceUID for ds in prepared}
