"""The hospital of a world, with an outbox: what a modality sent to it, and who has taken it.

out = Outgoing(world, folder)
out.receive(1, 2)
out.push()                    # to the practice
out.taken()                   # the practice pulls, and hands its proof in
outbox.settle(out.node)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from world import CT, EXPLICIT, HOSPITAL, PRACTICE, STUDY, World, data_set, in_chunks, uid

from linkexchange import pull, push
from linkexchange.model.identifiers import AeTitle, LinkId, SopInstanceUid
from linkexchange.model.outbox import OUTBOX, PASSPORT
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Transfer
from linkexchange.ports import Archive, IncomingInstance, Node
from linkexchange.spool import Folder, Intake, SpoolArchive, guarded

KEY = bytes(range(32))


@dataclass
class Outgoing:
    """`node` is the hospital, with a spool in this folder."""

    world: World
    folder: Folder
    intake: Intake
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        archive = SpoolArchive(HOSPITAL, self.world.nodes, self.folder)

        def opened(passport: Passport) -> Archive:
            return archive if passport == PASSPORT else self.world.pacs[HOSPITAL]

        self.node = replace(self.world.hospital, archive=opened, spool=self.folder)
        self.world.wire.origin = replace(self.world.wire.origin, archive=opened)

    def receive(self, *numbers: int, **changes: str) -> None:
        """A modality sends these to the outbox."""
        for number in numbers:
            content = in_chunks(data_set(number, **changes))
            assert self.intake.take("MODALITY", IncomingInstance(CT, uid(number), EXPLICIT, content)) == 0

    def push(self) -> LinkId:
        """To the practice."""
        link = push.push(self.node, STUDY, PRACTICE, pacs=OUTBOX)
        push.offer(self.node, link, PRACTICE)
        return link

    def taken(self, *, receipt: bool = True) -> Transfer:
        """The practice takes the offer up."""
        [transfer] = pull.take_offers(self.world.practice, "practice")
        pull.run(self.world.practice, transfer)
        if receipt:
            pull.receipt(self.world.practice, transfer)
        return self.world.transfer(transfer)

    @property
    def waits(self) -> set[SopInstanceUid]:
        """What waits in the outbox."""
        with self.world.nodes.work(HOSPITAL) as work:
            return {it.sop_instance for it in work.outbox.of_study(STUDY)}

    @property
    def files(self) -> list[Path]:
        """What lies in the folder."""
        return [it for it in self.folder._path.iterdir() if it.name != "lock"]


@contextmanager
def outgoing(world: World, path: Path) -> Iterator[Outgoing]:
    folder = Folder(path, KEY, max_bytes=1 << 20, alarm_bytes=800 << 10)
    with guarded(folder):
        intake = Intake(HOSPITAL, world.nodes, folder, title=AeTitle("OUTBOX"), now=world.clock)
        yield Outgoing(world, folder, intake)
