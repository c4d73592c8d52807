"""What the proof of a transfer says to people: what was there before, what was converted, what must not be touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visitor
from visitor import Visitor, words
from world import EXPLICIT, PRACTICE, World, data_set, uid

from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.proof import Fate
from linkexchange.model.syntaxes import IMPLICIT_LITTLE, Obstacle
from linkexchange.model.transfer import State
from linkexchange.pull.ledger import FOUND, UNANSWERED, UNCONFIRMED
from linkexchange.store.overview import NodeOverview
from linkexchange.web.node import application
from linkexchange.web.pages.account import Account, InstanceLine

MPEG = TransferSyntaxUid("1.2.840.10008.1.2.4.102")


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


def line(fate: Fate = Fate.REFUSED, *, status: int | None = None, note: str = "") -> InstanceLine:
    return InstanceLine("1.2", "1.2.3", fate, status, 1, 10, "", "", note, "", "", "")


def test_what_was_there_before_is_not_missing_and_is_counted(world: World, practice: Visitor) -> None:
    entry = world.publish()
    world.pull(entry)
    world.pacs[PRACTICE].instances.pop(uid(4))
    transfer = world.pull(entry).transfer
    course, proof = (words(practice.get(f"/transfers/{transfer}{part}").text) for part in ("", "/proof"))
    assert "vollständig: 4 von 4 Bildern" in course
    assert "Es fehlen" not in course
    assert "Schon da waren 3 von 4 Bildern" in course
    assert proof.count(" war schon da ") == 3


def test_another_image_under_the_same_number_is_named_and_was_not_overwritten(world: World, practice: Visitor) -> None:
    entry = world.publish()
    other = data_set(2, StudyDescription="anders")[:-512] + bytes(512)
    world.pacs[PRACTICE].instances[uid(2)] = other
    transfer = world.pull(entry)
    page = words(practice.get(f"/transfers/{transfer.transfer}").text)
    assert transfer.state is State.PARTIAL
    said = f"{uid(2)} im Ziel liegt unter dieser Nummer ein anderes Bild · Das dortige Bild wurde nicht überschrieben."
    assert said in page
    assert world.pacs[PRACTICE].instances[uid(2)] == other


def test_a_converted_image_is_named_with_its_syntax_and_both_digests_of_its_content(
    world: World, practice: Visitor
) -> None:
    world.pacs[PRACTICE].takes = (IMPLICIT_LITTLE,)
    transfer = world.pull(world.publish(data_set(1)))
    [row] = world.proof(transfer.transfer)["instances"]  # type: ignore[misc]
    page = words(practice.get(f"/transfers/{transfer.transfer}/proof").text)
    assert "Verlustfrei umgewandelt wurde 1 von 1 Bild" in page
    assert "umgewandelt: Explicit VR Little Endian, unkomprimiert in Implicit VR Little Endian, unkomprimiert" in page
    assert f"Bildinhalt, wie empfangen: {row['sha256_pixels']}" in page
    assert f"Bildinhalt, wie gesendet: {row['sha256_pixels_sent']}" in page


def test_an_image_that_went_as_it_came_has_one_digest_only(world: World, practice: Visitor) -> None:
    world.pacs[PRACTICE].takes = (EXPLICIT,)
    transfer = world.pull(world.publish()).transfer
    page = words(practice.get(f"/transfers/{transfer}/proof").text)
    assert "umgewandelt" not in page
    assert "Bildinhalt" not in page


@pytest.mark.parametrize(
    ("note", "remark"),
    [
        (
            f"syntax-refused: {Obstacle.VIDEO}: {MPEG}",
            "Das Bild ist ein Video und wird nicht umgewandelt (MPEG-4 H.264, Video).",
        ),
        (
            f"syntax-refused: {Obstacle.UNKNOWN}: 1.2.3.4",
            "Die Transfersyntax des Bildes wird hier nicht umgewandelt (1.2.3.4).",
        ),
        ("instance-fault", "Ein Bild ist nicht lesbar oder nicht das, was es zu sein behauptet."),
        (UNCONFIRMED, "Das Ziel-PACS hat den Empfang bestätigt, führt das Bild aber nicht auf."),
        (FOUND, "Das Ziel-PACS hat den Empfang nicht bestätigt, führt das Bild aber auf."),
        (
            UNANSWERED,
            "Falls das Bild gesendet wurde, hat das Ziel-PACS nicht geantwortet. Ob es dort ist, weiß niemand.",
        ),
    ],
)
def test_a_note_of_the_ledger_is_told_in_german(note: str, remark: str) -> None:
    assert line(note=note).remark == remark


def test_the_status_of_the_pacs_stands_before_the_note() -> None:
    assert line(status=0xA700).remark == "Status 0xA700"


def test_an_account_counts_what_was_there_and_what_was_converted() -> None:
    lines = (line(Fate.HELD), line(Fate.STORED), line(Fate.CONFLICT), line(Fate.MISSING))
    account = Account("partial", 2, 4, lines)
    assert (account.held, account.converted) == (1, 0)
    assert account.absent == lines[2:]
