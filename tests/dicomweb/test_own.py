from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import listening
import pytest
from certificates import Authority, NodeCertificate
from folder_origin import FolderOrigin
from shipped import Study

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.own import OwnNode
from linkexchange.dicomweb.own_body import Place
from linkexchange.dicomweb.server import application
from linkexchange.errors import Fault, PacsUnavailable, UnknownPacs
from linkexchange.model.identifiers import SopInstanceUid, TelematikId
from linkexchange.ports import Brake, IncomingInstance

pytestmark = pytest.mark.slow

ME, OTHER = TelematikId("5-2-hospital-a"), TelematikId("1-2-practice-b")


@dataclass
class Pacs:
    """What the data process fetches from."""

    study: Study
    fault: Fault | None = None
    asked: list[Place] = field(default_factory=list)
    acknowledged: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    waits: threading.Event = field(default_factory=threading.Event)

    def fetch(self, place: Place, brake: Brake) -> Generator[IncomingInstance, None, None]:
        self.asked.append(place)
        if self.fault:
            raise self.fault
        if self.silent:
            with brake.stops(self.stopped.set):
                self.waits.set()
                self.stopped.wait(60)
            raise PacsUnavailable
        if file := self.study.part10.get(place.instance):
            meta, chunks = split_part10(iter([file]))
            yield IncomingInstance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, chunks)
            self.acknowledged += 1


@dataclass
class Node:
    pacs: Pacs
    authority: Authority
    port: int
    own: NodeCertificate

    def source(self, certificate: NodeCertificate | None = None, *, idle_seconds: float = 20) -> OwnNode:
        shown = certificate or self.own
        context = shown.client_context()
        return OwnNode(f"https://localhost:{self.port}", "Röntgen 1", context, idle_seconds=idle_seconds)


@pytest.fixture
def node(study: Study, tmp_path: Path) -> Iterator[Node]:
    authority = Authority(tmp_path)
    own, pacs = authority.node(ME), Pacs(study)
    (tmp_path / "pacs").mkdir()
    answers = application(FolderOrigin(study, tmp_path / "pacs"), ME, pacs.fetch)
    with listening.answering(answers, own.server_context()) as port:
        yield Node(pacs, authority, port, own)


def taken(source: OwnNode, study: Study, wanted: frozenset[SopInstanceUid]) -> dict[str, bytes]:
    return {str(one.sop_instance): b"".join(one.chunks) for one in source.retrieve(study.manifest, wanted)}


def test_the_own_processes_get_what_they_want_of_the_named_pacs_one_by_one(node: Node, study: Study) -> None:
    wanted = frozenset(sorted(study.manifest.uids)[:3])
    assert taken(node.source(), study, wanted) == {uid: study.data_sets[uid] for uid in wanted}
    assert {(it.pacs, it.study, it.instance) for it in node.pacs.asked} == {
        ("Röntgen 1", study.manifest.study, uid) for uid in wanted
    }


def test_the_pacs_is_told_that_an_instance_has_been_read(node: Node, study: Study) -> None:
    taken(node.source(), study, study.manifest.uids)
    assert node.pacs.acknowledged == len(study.manifest.uids)


def test_what_the_pacs_does_not_have_is_left_out(node: Node, study: Study) -> None:
    gone = min(study.manifest.uids)
    node.pacs.study = Study(study.manifest, {uid: file for uid, file in study.part10.items() if uid != gone})
    assert taken(node.source(), study, study.manifest.uids).keys() == study.manifest.uids - {gone}


def test_another_participant_gets_nothing(node: Node, study: Study) -> None:
    stranger = node.authority.node(OTHER)
    with pytest.raises(PacsUnavailable, match="403"):
        taken(node.source(stranger), study, study.manifest.uids)
    assert node.pacs.asked == []


def test_a_pacs_that_does_not_answer_is_unavailable(node: Node, study: Study) -> None:
    node.pacs.fault = PacsUnavailable("A801")
    with pytest.raises(PacsUnavailable, match="503"):
        taken(node.source(), study, study.manifest.uids)


def test_a_pacs_that_is_not_registered_has_nothing(node: Node, study: Study) -> None:
    node.pacs.fault = UnknownPacs()
    assert taken(node.source(), study, study.manifest.uids) == {}


def test_a_brake_frees_both_processes(node: Node, study: Study) -> None:
    node.pacs.silent, brake = True, Brake()
    pulling = threading.Thread(target=lambda: (node.pacs.waits.wait(20), brake.pull()))
    pulling.start()
    with pytest.raises(PacsUnavailable):
        next(node.source(idle_seconds=60).retrieve(study.manifest, study.manifest.uids, brake=brake))
    assert node.pacs.stopped.wait(15)
    pulling.join()
