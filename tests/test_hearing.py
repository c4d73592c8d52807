"""What comes in at the ports ends as a watched study: real listeners, the real database."""

from __future__ import annotations

import socket
from contextlib import closing
from types import SimpleNamespace
from typing import cast

import pytest
from noticing import Ward
from world import World

from linkexchange import hearing
from linkexchange.demo.free_ports import free_port
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import Source
from linkexchange.settings import NodeSettings

STUDY = StudyUid("1.2.3")
HEAD = b"MSH|^~\\&|RIS|K|NODE|K|20260301||%s|1|P|2.5\rPID|1||0815^^^K&1.2.3&ISO^PI\r"


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


def _settings() -> NodeSettings:
    given = SimpleNamespace(
        notice_host="127.0.0.1",
        ian_port=free_port(),
        hl7_port=free_port(),
        hl7_senders="127.0.0.1",
        hl7_pacs="hospital",
        hl7_charset="8859/1",
        ae_title="NODE",
    )
    return cast("NodeSettings", given)


def _answer(settings: NodeSettings, message: bytes) -> str:
    with closing(socket.create_connection(("127.0.0.1", settings.hl7_port), timeout=10)) as sender:
        sender.sendall(b"\x0b" + message + b"\x1c\r")
        return sender.recv(4096).decode("latin-1").split("\r")[1].split("|")[1]


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
