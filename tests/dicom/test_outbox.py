"""The AE title of the outbox, beside those of C-MOVE, at one port."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import peers
import pytest
import receiving
from peers.ground import PATH

from linkexchange.conform import Gone, Instance, OriginPacs, made, units
from linkexchange.dicom.command import Command, Field
from linkexchange.dicom.line import Context
from linkexchange.dicom.outbox import INVALID_INSTANCE, take
from linkexchange.model.identifiers import AeTitle
from linkexchange.ports import IncomingInstance

pytestmark = pytest.mark.slow

STUDY = made(3)
TITLE = AeTitle("OUTBOX")


@dataclass
class FakeOutbox:
    """Takes everything, or answers with a status; `reads` says whether it looks at the bytes."""

    title: AeTitle = TITLE
    status: int = 0
    reads: bool = True
    taken: dict[str, bytes] = field(default_factory=dict)
    calling: set[str] = field(default_factory=set)

    def take(self, calling: str, instance: IncomingInstance) -> int:
        self.calling.add(calling)
        if self.reads:
            self.taken[instance.sop_instance] = b"".join(instance.chunks)
        return self.status


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox()


@pytest.fixture
def node(outbox: FakeOutbox) -> Iterator[receiving.Node]:
    with receiving.on(outbox=outbox) as node:
        yield node


def store(node: receiving.Node, *instances: Instance, calling: str = "ORIGIN", named: str = "") -> list[int]:
    with receiving.caller(node, *instances, called=TITLE, calling=calling) as caller:
        return [caller.store(it, named=named) for it in instances]


def test_whatever_is_sent_to_the_outbox_is_handed_over_and_its_status_answered(
    node: receiving.Node, outbox: FakeOutbox
) -> None:
    assert store(node, *STUDY) == [0, 0, 0]
    assert outbox.taken == {it.uid: it.content for it in STUDY}
    assert outbox.calling == {"ORIGIN"}


@pytest.mark.parametrize("reads", [True, False])
def test_what_is_not_taken_is_let_pass_and_the_association_lives(
    reads: bool, node: receiving.Node, outbox: FakeOutbox
) -> None:
    outbox.status, outbox.reads = 0xA700, reads
    assert store(node, *STUDY) == [0xA700] * 3


def test_d_07_a_uid_that_is_none_ends_the_association(node: receiving.Node, outbox: FakeOutbox) -> None:
    with pytest.raises(Gone):
        store(node, STUDY[0], named="../../etc/passwd")
    assert outbox.taken == {}


def test_d_09_only_a_registered_pacs_or_modality_may_send(node: receiving.Node, outbox: FakeOutbox) -> None:
    with pytest.raises(Gone):
        store(node, STUDY[0], calling="STRANGER")
    assert outbox.calling == set()


def test_without_an_outbox_its_title_is_none_of_ours() -> None:
    with receiving.on() as node, pytest.raises(Gone):
        store(node, STUDY[0])


def test_under_the_titles_of_c_move_nothing_comes_into_the_outbox(node: receiving.Node, outbox: FakeOutbox) -> None:
    with receiving.caller(node, STUDY[0]) as caller:
        assert caller.store(STUDY[0]) == 0x0124
    assert outbox.calling == set()


def test_a_retrieval_by_c_move_goes_on_beside_it(node: receiving.Node, outbox: FakeOutbox) -> None:
    from faults.adapters import manifest

    whole = manifest(STUDY)
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(whole, whole.uids)
        next(stream)
        assert store(node, *STUDY) == [0, 0, 0]
        assert len(list(stream)) == 2


def test_a_sender_that_breaks_off_in_the_middle_gets_no_answer(node: receiving.Node, outbox: FakeOutbox) -> None:
    with socket.create_connection(node.place, timeout=5) as connection:
        wish = units.Wish(1, STUDY[0].sop_class, (STUDY[0].syntax,))
        connection.sendall(units.request(TITLE, "ORIGIN", (wish,)))
        connection.recv(10)
    assert outbox.taken == {}


@pytest.mark.peers
def test_dcmtk_echoes_and_stores(outbox: FakeOutbox, tmp_path: Path) -> None:
    from synthetic import study, write

    files = write(tmp_path, study(3, 64))
    with receiving.on(known=[receiving.ORIGIN], outbox=outbox) as node:
        options = ["-aet", "ORIGIN", "-aec", TITLE, peers.HOST, str(node.port)]
        for command in (["echoscu", *options], ["storescu", "--no-halt", *options, *map(str, files)]):
            done = subprocess.run(command, env={"PATH": PATH}, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
    assert len(outbox.taken) == 3


def test_a_command_without_an_instance_uid_is_refused(outbox: FakeOutbox) -> None:
    command = Command(Field.C_STORE_RQ, 1, sop_class=STUDY[0].sop_class, has_data_set=True)
    request = (Context(1, STUDY[0].sop_class, STUDY[0].syntax), command)
    assert take(outbox, SimpleNamespace(data=lambda: iter(())), "ORIGIN", request=request) == INVALID_INSTANCE  # type: ignore[arg-type]
    assert outbox.taken == {}
