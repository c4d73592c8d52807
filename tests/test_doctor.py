"""A probe is kept, compared and written down; what it found may be written into the passport."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import peers
import pytest
import shipped
from world import CT, EXPLICIT, HOSPITAL, STUDY, World, data_set

from linkexchange import doctor
from linkexchange.dicom.line import Line
from linkexchange.dicom.probe import probe
from linkexchange.dicomweb import DicomwebArchive
from linkexchange.errors import PacsUnavailable, UnknownPacs
from linkexchange.model.advice import needs
from linkexchange.model.findings import Accepted, Answer, Check, Findings, Scope
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve


def hospital(world: World) -> Passport:
    with world.nodes.work(HOSPITAL) as work:
        return work.pacs.find("hospital")


def with_dicomweb(world: World) -> None:
    with world.nodes.work(HOSPITAL) as work:
        work.pacs.put(replace(hospital(world), dicomweb_url="http://127.0.0.1:8042/dicom-web"))


def topics(world: World) -> list[str]:
    return [event.topic for event in world.nodes.events_after(HOSPITAL, 0)]


# --- probe ------------------------------------------------------------------------------------------------------------


def test_a_probe_is_kept_with_its_time(world: World) -> None:
    probed = doctor.probe(world.hospital, "hospital")
    with world.nodes.work(HOSPITAL) as work:
        assert work.probes.latest("hospital") == (probed.findings, world.clock())


def test_a_probe_is_written_down(world: World) -> None:
    doctor.probe(world.hospital, "hospital", Scope(store=True))
    with world.nodes.audit_trail(HOSPITAL) as entries:
        last = list(entries)[-1]
    assert (last.action, last.fields) == ("pacs.probed", {"pacs": "hospital", "changes": 0, "test_object": 1})


def test_the_first_probe_is_no_change(world: World) -> None:
    assert doctor.probe(world.hospital, "hospital").changes == []
    assert "pacs.compared" not in topics(world)


def test_a_change_since_the_last_probe_is_told_and_emitted(world: World) -> None:
    doctor.probe(world.hospital, "hospital")
    world.pacs[HOSPITAL].answers[Check.ECHO] = Answer.NO
    assert doctor.probe(world.hospital, "hospital").changes == ["c-echo: yes before, no now (test)"]
    (event,) = [it for it in world.nodes.events_after(HOSPITAL, 0) if it.topic == "pacs.compared"]
    assert event.body == {"pacs": "hospital", "changes": "c-echo: yes before, no now (test)"}


def test_a_pacs_that_is_not_registered_is_not_probed(world: World) -> None:
    with pytest.raises(UnknownPacs):
        doctor.probe(world.hospital, "other")


def test_all_pacs_of_a_node_are_probed(world: World) -> None:
    with world.nodes.work(HOSPITAL) as work:
        work.pacs.put(replace(hospital(world), name="second"))
    assert len(list(doctor.probe_all(world.hospital))) == 2


# --- DICOMweb ---------------------------------------------------------------------------------------------------------


def dicomweb(world: World, study: Any = STUDY) -> dict[Check, Answer]:
    with_dicomweb(world)
    found = doctor.probe(world.hospital, "hospital", Scope(study)).findings
    return {it.check: it.answer for it in found.checks if it.check in (Check.QIDO, Check.WADO)}


def test_a_service_that_is_not_registered_is_not_asked(world: World) -> None:
    found = doctor.probe(world.hospital, "hospital").findings
    assert found.finding(Check.QIDO) is None


def test_a_dicomweb_service_lists_the_study_and_gives_an_instance(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1), data_set(2))
    assert dicomweb(world) == {Check.QIDO: Answer.YES, Check.WADO: Answer.YES}


def test_a_dicomweb_service_that_gives_nothing_is_found(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    world.pacs[HOSPITAL].missing = set(world.pacs[HOSPITAL].instances)
    assert dicomweb(world)[Check.WADO] is Answer.NO


def test_without_a_study_a_dicomweb_service_can_still_say_that_it_has_none(world: World) -> None:
    assert dicomweb(world, None) == {Check.QIDO: Answer.YES, Check.WADO: Answer.OPEN}


def test_a_study_that_only_c_find_knows_is_a_no(world: World) -> None:
    assert dicomweb(world)[Check.QIDO] is Answer.NO


def test_a_dicomweb_service_that_is_down_is_not_answered(world: World) -> None:
    world.pacs[HOSPITAL].down = True
    assert dicomweb(world) == {Check.QIDO: Answer.UNANSWERED, Check.WADO: Answer.UNANSWERED}


def test_1_1_03_a_dicomweb_service_that_never_ends_does_not_hold_the_probe_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(_: object) -> Any:
        time.sleep(1)
        raise PacsUnavailable

    monkeypatch.setattr(doctor, "DICOMWEB_SECONDS", 0.1)
    monkeypatch.setattr(world.pacs[HOSPITAL], "summary", drip)
    assert dicomweb(world) == {Check.QIDO: Answer.UNANSWERED, Check.WADO: Answer.UNANSWERED}


def test_a_bug_of_ours_is_no_finding(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.pacs[HOSPITAL], "summary", lambda _: None)
    with pytest.raises(TypeError):
        dicomweb(world)


def test_a_stream_that_breaks_off_is_not_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Generator[Any, None, None]:
        raise PacsUnavailable("broken")
        yield

    world.pacs[HOSPITAL].hold(data_set(1))
    monkeypatch.setattr(world.pacs[HOSPITAL], "retrieve", broken)
    assert dicomweb(world) == {Check.QIDO: Answer.YES, Check.WADO: Answer.UNANSWERED}


@pytest.mark.peers
def test_orthanc_is_probed_by_dimse_and_by_dicomweb(world: World) -> None:
    with peers.Orthanc() as pacs:
        pacs.upload(shipped.study(shipped.PLAIN).part10.values())
        node = replace(
            world.hospital,
            probe=lambda passport, scope: probe(Line(passport, AeTitle("NODE")), scope),
            archive=DicomwebArchive,
        )
        with world.nodes.work(HOSPITAL) as work:
            work.pacs.put(pacs.passport())
        found = doctor.probe(node, "orthanc").findings
        assert (found.says(Check.QIDO), found.says(Check.WADO), needs(found)) == (True, True, [])
        assert doctor.apply(node, found).retrieve is Retrieve.DICOMWEB


# --- apply ------------------------------------------------------------------------------------------------------------


def test_what_was_found_is_written_into_the_passport(world: World) -> None:
    before = hospital(world)
    world.pacs[HOSPITAL].answers = {Check.WADO: Answer.YES, Check.GET: Answer.YES}
    found = doctor.probe(world.hospital, "hospital").findings
    better = replace(found, accepted=(Accepted(CT, (EXPLICIT,)),), max_associations=5)
    doctor.apply(world.hospital, better)
    expected = replace(before, retrieve=Retrieve.DICOMWEB, syntaxes=(EXPLICIT,), max_associations=5)
    assert hospital(world) == expected


def test_what_was_not_found_out_stays_as_it_is(world: World) -> None:
    before = replace(hospital(world), syntaxes=(EXPLICIT,), max_associations=3)
    with world.nodes.work(HOSPITAL) as work:
        work.pacs.put(before)
    silent = Findings("hospital", doctor.probe(world.hospital, "hospital").findings.calling_ae, ())
    assert doctor.apply(world.hospital, silent) == hospital(world) == before


def test_a_passport_that_stays_the_same_is_not_written_down_as_changed(world: World) -> None:
    doctor.apply(world.hospital, doctor.probe(world.hospital, "hospital").findings)
    assert "pacs.changed" not in world.actions(world.nodes, HOSPITAL)
