from __future__ import annotations

import io
from pathlib import Path

import pytest
import shipped
from digests import digest_of_file
from folder_origin import FolderOrigin
from shipped import Study

from linkexchange.dataset import split_part10
from linkexchange.dicomweb import serving
from linkexchange.dicomweb.multipart import read_parts
from linkexchange.dicomweb.serving import Body
from linkexchange.errors import OriginPacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.ports import Brake


@pytest.fixture
def origin(study: Study, tmp_path: Path) -> FolderOrigin:
    return FolderOrigin(study, tmp_path)


def test_the_body_holds_every_instance_as_a_dicom_file(origin: FolderOrigin, study: Study) -> None:
    assert _read(_body(origin)) == study.data_sets


def test_the_body_holds_the_series_that_is_asked_for(origin: FolderOrigin, study: Study) -> None:
    series = study.manifest.series[1]
    assert _read(_body(origin, series=series.series)).keys() == {i.sop_instance for i in series.instances}


def test_the_body_holds_the_instance_that_is_asked_for(origin: FolderOrigin, study: Study) -> None:
    uid = study.manifest.series[1].instances[0].sop_instance
    assert _read(_body(origin, wanted=frozenset({uid}))).keys() == {uid}


def test_nothing_at_all_is_an_unknown_study_before_the_first_byte(origin: FolderOrigin) -> None:
    with pytest.raises(UnknownStudy):
        next(_body(origin, series=SeriesUid("2.25.99")).chunks(Brake()))
    assert origin.closed.is_set()


def test_a_pacs_that_is_down_is_known_before_the_first_byte(origin: FolderOrigin) -> None:
    origin.fault = OriginPacsUnavailable()
    with pytest.raises(OriginPacsUnavailable):
        next(_body(origin).chunks(Brake()))


def test_a_grant_that_ends_lets_the_current_instance_end_and_no_other_begin(origin: FolderOrigin) -> None:
    origin.valid_for = 2
    assert len(_read(_body(origin))) == 2
    assert origin.closed.is_set()


def test_the_digests_are_noted_before_the_end_is_sent(origin: FolderOrigin, study: Study) -> None:
    for chunk in _body(origin).chunks(Brake()):
        if chunk.endswith(b"--\r\n"):
            break
    assert origin.noted == {uid: digest_of_file(file) for uid, file in study.part10.items()}


def test_the_digests_are_noted_on_the_way_too(origin: FolderOrigin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "NOTE_SECONDS", 0)
    chunks = _body(origin).chunks(Brake())
    next(chunks)
    assert origin.noted


def test_what_has_been_sent_is_noted_when_the_rest_fails(origin: FolderOrigin) -> None:
    origin.fault, origin.fault_after = OriginPacsUnavailable(), 12
    with pytest.raises(OriginPacsUnavailable):
        list(_body(origin).chunks(Brake()))
    assert list(origin.noted) == ["2.25.81.1.1"]


def test_f_09_what_was_gathered_before_a_fault_is_sent_before_it_is_raised(origin: FolderOrigin) -> None:
    origin.fault, origin.fault_after = OriginPacsUnavailable(), 12
    chunks = _body(origin).chunks(Brake())
    assert next(chunks).count(b"application/dicom") == 2
    with pytest.raises(OriginPacsUnavailable):
        next(chunks)


def test_an_instance_of_which_only_a_part_has_been_sent_is_not_noted(origin: FolderOrigin) -> None:
    origin.fault, origin.fault_after = OriginPacsUnavailable(), 5
    with pytest.raises(OriginPacsUnavailable):
        list(_body(origin).chunks(Brake()))
    assert origin.noted == {}


def test_closing_the_body_ends_the_retrieval(tmp_path: Path) -> None:
    origin = FolderOrigin(shipped.study(["CT_small.dcm"], copies=4, taller=16), tmp_path)
    chunks = _body(origin).chunks(Brake())
    next(chunks)
    assert not origin.closed.is_set()
    chunks.close()
    assert origin.closed.is_set()


def _body(
    origin: FolderOrigin, *, series: SeriesUid | None = None, wanted: frozenset[SopInstanceUid] | None = None
) -> Body:
    return Body(origin, origin.grant("thumbprint"), series, wanted)


def _read(body: Body) -> dict[SopInstanceUid, bytes]:
    got = {}
    for part in read_parts(io.BytesIO(b"".join(body.chunks(Brake()))).readinto, body.boundary):
        meta, chunks = split_part10(part.chunks)
        got[meta.sop_instance] = b"".join(chunks)
    return got
