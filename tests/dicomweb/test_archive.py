from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import peers
import pytest
import scripted
import shipped
import synthetic

from linkexchange.dicomweb import search
from linkexchange.dicomweb.archive import DicomwebArchive
from linkexchange.errors import MessageFault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import AeTitle, SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Archive, Brake, IncomingInstance

STUDY = StudyUid("2.25.7")
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture(scope="module")
def mixed() -> shipped.Study:
    return shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL)


@pytest.fixture(scope="module")
def orthanc(mixed: shipped.Study) -> Iterator[peers.Orthanc]:
    with peers.Orthanc() as orthanc:
        orthanc.upload(mixed.part10.values())
        orthanc.upload(shipped.study(["CT_small.dcm"], root="2.25.82", copies=1).part10.values())
        yield orthanc


@pytest.mark.peers
def test_orthanc_lists_the_study_as_the_manifest_it_has(orthanc: peers.Orthanc, mixed: shipped.Study) -> None:
    summary, header = _archive(orthanc).summary(mixed.manifest.study)
    assert summary.manifest.digest == mixed.manifest.digest
    assert (summary.description, summary.accessions) == ("CT Thorax", ("A-17",))
    assert summary.started == datetime(2026, 2, 27, 22, 15, tzinfo=UTC)
    assert header == PatientHeader(
        patient_id="PID-4711", issuer="KLINIK", name="Größler^Änne", birth_date=date(1950, 2, 28), sex="F"
    )


@pytest.mark.peers
def test_orthanc_is_listed_page_by_page(
    orthanc: peers.Orthanc, mixed: shipped.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 3)
    assert _archive(orthanc).summary(mixed.manifest.study)[0].manifest.digest == mixed.manifest.digest


@pytest.mark.peers
def test_orthanc_tells_body_parts_by_dicomweb_and_of_the_requests_of_a_series_nothing() -> None:
    with peers.Orthanc() as orthanc:
        orthanc.upload(synthetic.ordered())
        summary, _ = _archive(orthanc).summary(synthetic.STUDY)
        assert (sorted(summary.body_parts), summary.accessions) == (["ABDOMEN", "CHEST"], ("A-1",))


@pytest.mark.peers
def test_orthanc_lists_all_studies(orthanc: peers.Orthanc) -> None:
    assert sorted(_archive(orthanc).studies()) == [("2.25.81", "CT Thorax"), ("2.25.82", "CT Thorax")]


@pytest.mark.peers
def test_orthanc_has_no_other_study(orthanc: peers.Orthanc) -> None:
    with pytest.raises(UnknownStudy):
        _archive(orthanc).summary(StudyUid("2.25.99"))


@pytest.mark.peers
def test_orthanc_gives_every_instance_in_its_stored_syntax_byte_for_byte(
    orthanc: peers.Orthanc, mixed: shipped.Study
) -> None:
    got = _collect(_archive(orthanc).retrieve(mixed.manifest, mixed.manifest.uids))
    stored = orthanc.files()
    assert got == {uid: stored[uid] for uid in mixed.manifest.uids}


@pytest.mark.peers
def test_orthanc_gives_series_and_instances_byte_for_byte(orthanc: peers.Orthanc, mixed: shipped.Study) -> None:
    whole, *others = mixed.manifest.series
    wanted = frozenset(i.sop_instance for i in [*whole.instances, *(series.instances[0] for series in others)])
    assert _collect(_archive(orthanc).retrieve(mixed.manifest, wanted)) == {uid: mixed.data_sets[uid] for uid in wanted}


@pytest.mark.peers
def test_an_instance_that_orthanc_does_not_have_is_left_out(orthanc: peers.Orthanc) -> None:
    larger = shipped.study(["CT_small.dcm"], root="2.25.82", copies=2)
    absent = larger.manifest.series[0].instances[1].sop_instance
    assert _collect(_archive(orthanc).retrieve(larger.manifest, frozenset({absent}))) == {}


@pytest.mark.peers
def test_an_orthanc_that_is_killed_in_the_middle_is_unavailable() -> None:
    study = shipped.study(["CT_small.dcm"], copies=40, taller=32)
    with peers.Orthanc() as orthanc:
        orthanc.upload(study.part10.values())
        retrieval = _archive(orthanc).retrieve(study.manifest, study.manifest.uids)
        next(retrieval)
        orthanc.stop()
        with pytest.raises(PacsUnavailable):
            _collect(retrieval)


@pytest.mark.peers
def test_f_12_the_brake_ends_a_retrieval_that_is_not_read() -> None:
    study, brake = shipped.study(["CT_small.dcm"], copies=40, taller=32), Brake()
    with peers.Orthanc() as orthanc:
        orthanc.upload(study.part10.values())
        retrieval = _archive(orthanc).retrieve(study.manifest, study.manifest.uids, brake=brake)
        next(retrieval)
        brake.pull()
        with pytest.raises(PacsUnavailable):
            _collect(retrieval)


def test_the_archive_is_what_the_use_cases_ask_for() -> None:
    pacs: Archive = _of_url("http://localhost/")
    assert callable(pacs.retrieve)


def test_a_service_that_gives_fewer_rows_than_it_is_asked_for_is_asked_on() -> None:
    pages = [[_study("2.25.1")], [_study("2.25.2")], []]
    with _answering(*pages) as (pacs, server):
        assert [uid for uid, _ in pacs.studies()] == ["2.25.1", "2.25.2"]
    assert ["offset=0" in server.requests[0], "offset=1" in server.requests[1]] == [True, True]


def test_a_service_that_knows_no_pages_is_asked_twice_and_no_more() -> None:
    page = [_study("2.25.1"), _study("2.25.2")]
    with _answering(page, page) as (pacs, server):
        assert len(pacs.studies()) == 2
    assert len(server.requests) == 2


def test_rows_that_do_not_end_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ROWS_MAX", 3)
    pages = [[_study(f"2.25.{page}1"), _study(f"2.25.{page}2")] for page in (1, 2, 3)]
    with _answering(*pages) as (pacs, server), pytest.raises(PacsUnavailable, match="do not end"):
        pacs.studies()
    assert len(server.requests) == 2


def test_a_service_that_answers_with_all_studies_is_searched_for_the_right_one() -> None:
    page = [_study("2.25.1"), _study("2.25.7")]
    instances = [_row({"00080018": "2.25.7.1", "0020000E": "2.25.7.9", "00080016": CT})]
    with _answering(page, [], [], instances, []) as (pacs, _):
        assert pacs.summary(STUDY)[0].manifest.uids == {"2.25.7.1"}


def test_no_content_is_an_unknown_study() -> None:
    with scripted.server(scripted.http(204)) as server, pytest.raises(UnknownStudy):
        _of_url(server.url).summary(STUDY)


@pytest.mark.parametrize("status", [301, 401, 403, 429, 500, 503])
def test_a_pacs_that_refuses_its_own_node_is_unavailable(status: int) -> None:
    with scripted.server(scripted.http(status)) as server, pytest.raises(PacsUnavailable, match=f"HTTP {status}"):
        _of_url(server.url).studies()


def test_a_service_without_a_search_is_unavailable_and_not_without_studies() -> None:
    with scripted.server(scripted.http(404)) as server, pytest.raises(PacsUnavailable, match="offers no QIDO-RS"):
        _of_url(server.url).studies()


@pytest.mark.parametrize("status", [400, 501])
def test_1_1_01_a_listing_that_is_refused_in_the_middle_is_not_taken_for_the_whole(status: int) -> None:
    first = scripted.http(200, json.dumps([_study("2.25.1")]).encode())
    with scripted.server(first, scripted.http(status)) as server, pytest.raises(PacsUnavailable):
        _of_url(server.url).studies()


def test_a_pacs_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(PacsUnavailable):
        _of_url(f"http://localhost:{peers.free_port()}/").studies()


def test_a_pacs_without_a_dicomweb_address_is_unavailable() -> None:
    with pytest.raises(PacsUnavailable):
        _of_url("").studies()


def test_a_study_with_a_malformed_uid_is_refused() -> None:
    with _answering([_study("../x")], []) as (pacs, _), pytest.raises(MessageFault):
        pacs.studies()


@contextmanager
def _answering(*pages: list[dict[str, Any]]) -> Iterator[tuple[DicomwebArchive, scripted.ScriptedServer]]:
    answers = (scripted.http(200, json.dumps(page).encode()) for page in pages)
    with scripted.server(*answers) as server:
        yield _of_url(server.url), server


def _archive(orthanc: peers.Orthanc) -> DicomwebArchive:
    return DicomwebArchive(orthanc.passport(Retrieve.DICOMWEB), idle_seconds=20)


def _of_url(url: str) -> DicomwebArchive:
    passport = Passport("pacs", AeTitle("PACS"), "localhost", 104, Retrieve.DICOMWEB, dicomweb_url=url)
    return DicomwebArchive(passport, idle_seconds=5)


def _collect(retrieval: Iterator[IncomingInstance]) -> dict[SopInstanceUid, bytes]:
    return {instance.sop_instance: b"".join(instance.chunks) for instance in retrieval}


def _study(uid: str) -> dict[str, Any]:
    return _row({"0020000D": uid, "00081030": "CT"})


def _row(values: dict[str, str]) -> dict[str, Any]:
    return {tag: {"Value": [value]} for tag, value in values.items()}
