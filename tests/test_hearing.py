"""What comes in at the ports ends as a watched study: real listeners, the real database."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import notifying
import pytest
from certificates import Authority, NodeCertificate
from noticing import Ward
from notifying import notified
from world import World

from linkexchange import hearing, tls
from linkexchange.demo.free_ports import free_port
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import Source
from linkexchange.settings import NodeSettings

STUDY = StudyUid("1.2.3")
HEAD = b"MSH|^~\\&|RIS|K|NODE|K|20260301||%s|1|P|2.5\rPID|1||0815^^^K&1.2.3&ISO^PI\r"


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


def _settings(**changes: object) -> NodeSettings:
    given = SimpleNamespace(
        notice_host="127.0.0.1",
        ian_port=free_port(),
        hl7_port=free_port(),
        hl7_senders="127.0.0.1",
        hl7_pacs="hospital",
        hl7_charset="8859/1",
        ae_title="NODE",
        ian_tls=False,
        hl7_tls=False,
        pacs_ca=None,
        hl7_ca=None,
    )
    given.__dict__.update(changes)
    return cast("NodeSettings", given)


def _answer(settings: NodeSettings, message: bytes) -> str:
    with notifying.sender(settings.hl7_port) as sender:
        return sender.ask(message)[1][1]


def test_a_result_is_answered_when_its_study_is_watched(ward: Ward) -> None:
    settings = _settings()
    with hearing.listeners(settings, ward.node):
        assert _answer(settings, HEAD % b"ORU^R01" + b"ZDS|1.2.3^RIS^Application^DICOM\r") == "AA"
    watched = ward.watched(STUDY)
    assert (watched.source, watched.local) == (Source.ORU, LocalPatientId("0815", "1.2.3"))


def test_a_result_that_names_an_accession_number_is_looked_up_by_a_job(ward: Ward) -> None:
    settings = _settings()
    ward.shelf.put(STUDY, 1)
    with hearing.listeners(settings, ward.node):
        assert _answer(settings, HEAD % b"ORU^R01" + b"OBR|1" + b"|" * 17 + b"A-17\r") == "AA"
    ward.work()
    assert ward.watched(STUDY).source is Source.ORU


def test_a_message_that_nobody_takes_is_rejected(ward: Ward) -> None:
    settings = _settings()
    with hearing.listeners(settings, ward.node):
        assert _answer(settings, HEAD % b"SIU^S12") == "AR"


def test_each_port_believes_its_own_ca(ward: Ward, tmp_path: Path) -> None:
    hub, pacs, ris = (Authority(tmp_path, name) for name in ("hub", "pacs", "ris"))
    own = hub.node(TelematikId("5-2-node"))
    files = {"tls_certificate": own.certificate, "tls_key": own.key, "tls_ca": own.ca}
    settings = _settings(ian_tls=True, hl7_tls=True, pacs_ca=pacs.certificate, hl7_ca=ris.certificate, **files)
    of_pacs, of_ris = (_context(it.node(TelematikId("1-2-a")), hub) for it in (pacs, ris))
    with hearing.listeners(settings, ward.node):
        told = [notified(settings.ian_port, STUDY, called="NODE", context=it) for it in (of_ris, of_pacs)]
        with notifying.sender(settings.hl7_port, of_pacs) as stranger:
            assert stranger.is_ended()
        with notifying.sender(settings.hl7_port, of_ris) as sender:
            answer = sender.ask(HEAD % b"ORU^R01" + b"ZDS|1.2.4^RIS^Application^DICOM\r")
    assert (told, answer[1][1]) == ([None, 0], "AA")
    assert {ward.watched(study).source for study in (STUDY, StudyUid("1.2.4"))} == {Source.IAN, Source.ORU}


def _context(own: NodeCertificate, of_node: Authority) -> ssl.SSLContext:
    return tls.client_context(own.certificate, own.key, of_node.certificate)
