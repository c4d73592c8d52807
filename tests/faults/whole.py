"""Whole pulls in one process, with a real database and real use cases, between a scripted archive and destination.

with stage(world, postgres, STUDY, OriginManners(breaking=Breaking(How.ABORT, after=1))) as play:
    assert play.pull() == ("partial", "")
assert play.violations() == []
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

import checker
from faults.adapters import PATIENT, SHORT, archive, destination, falls_silent
from jwcrypto.jwk import JWK
from world import EXPLICIT, KVNR, PRACTICE, STUDY, World, data_set

from linkexchange import publish, pull
from linkexchange.conform import (
    HOST,
    Cut,
    DestinationManners,
    DestinationPacs,
    How,
    Instance,
    OriginManners,
    OriginPacs,
    Pace,
    Wire,
)
from linkexchange.dicom import Timeouts
from linkexchange.errors import Unavailable
from linkexchange.model.transfer import FINAL
from linkexchange.transcoding import TranscodingPool

if TYPE_CHECKING:
    from conftest import Server

ATTEMPTS = 3
"""As often as the queue tries in these tests."""


def instances(count: int, **changes: str) -> tuple[Instance, ...]:
    """A study of the patient whose record the world has."""
    return tuple(Instance.of(data_set(number, **changes), EXPLICIT) for number in range(1, count + 1))


@dataclass(frozen=True)
class Line:
    """How a line carries, and where it is cut."""

    cut: Cut | None = None
    pace: Pace | None = None


@dataclass
class Play:
    """A published study, and a practice that pulls it. `attempts` counts runs, `waited` is why they had to wait."""

    world: World
    postgres: Server
    study: Sequence[Instance]
    origin: OriginPacs
    target: DestinationPacs
    entry: str
    near: Wire
    far: Wire
    transfer: UUID | None = None
    attempts: int = 0
    waited: list[str] = field(default_factory=list)
    seconds: float = 0

    def pull(self, *, attempts: int = ATTEMPTS) -> tuple[str, str]:
        """Ask, and run the job as the queue would; state and reason at the end."""
        began = time.monotonic()
        self.transfer = self.world.ask(self.entry)
        while self.world.transfer(self.transfer).state not in FINAL:
            self.attempts += 1
            try:
                pull.run(self.world.practice, self.transfer)
            except Unavailable as later:
                self.waited.append(later.code)
                if self.attempts == attempts:
                    pull.give_up(self.world.practice, self.transfer, later.code)
        self.seconds = time.monotonic() - began
        row = self.world.transfer(self.transfer)
        return row.state.value, row.reason

    @property
    def fates(self) -> dict[str, str]:
        """What the proof says of each instance."""
        assert self.transfer
        lines = self.world.proof(self.transfer)["instances"]
        return {line["sop_instance"]: line["fate"] for line in lines}  # type: ignore[attr-defined]

    def violations(self) -> list[str]:
        """V1 to V5, and what V6 says of associations."""
        assert self.transfer
        with self.postgres.superuser_of(self.world.nodes) as nodes:
            trail = checker.select(nodes, "audit", PRACTICE, "seq")
            rows = checker.select(nodes, "transfers", PRACTICE)
            ledger = checker.select(nodes, "instances", PRACTICE)
        with self.postgres.superuser_of(self.world.resolver.store) as hub:  # type: ignore[arg-type]
            hub_trail = checker.select(hub, "audit", PRACTICE, "seq")
        [row] = [one for one in rows if one["transfer"] == self.transfer]
        return checker.violations(
            checker.Evidence(
                origin={it.uid: checker.Image(it.syntax, it.content) for it in self.study},
                arrivals=_arrivals(self.target),
                before=frozenset(it.uid for it in self.target.holds),
                row=row,
                ledger=[one for one in ledger if one["transfer"] == self.transfer],
                trail=trail,
                hub_trail=hub_trail,
                proof=row["proof"] or "",
                key=JWK.from_json(self.world.signers[PRACTICE].key.export_public()),
                seconds=self.seconds,
                answered=[str(self.transfer)],
                known=[str(one["transfer"]) for one in rows],
                open_associations=_open(self.origin, self.far) + _open(self.target, self.near),
            )
        )


@contextmanager
def stage(
    world: World,
    postgres: Server,
    study: Sequence[Instance],
    origin: OriginManners | None = None,
    target: DestinationManners | None = None,
    *,
    serves: Sequence[Instance] | None = None,
    holds: Sequence[Instance] = (),
    associations: int = 1,
    near: Line = Line(),
    far: Line = Line(),
) -> Iterator[Play]:
    """Publish from an honest archive; what is pulled from afterwards has these manners, and `serves` other instances.

    `holds` is what the destination has before, and gives back to whoever wants to compare. `far` is the line between
    the archive and its node, `near` that between the other node and the destination.
    """
    entry = _published(world, study)
    with (
        closing(TranscodingPool()) as pool,
        OriginPacs(study if serves is None else serves, origin) as pacs,
        OriginPacs(holds) as back,
        DestinationPacs(target, holds=holds) as other,
        Wire((HOST, pacs.port), far.cut, far.pace) as far_wire,
        Wire((HOST, other.port), near.cut, near.pace) as near_wire,
    ):
        _serve_from(world, far_wire, _patience(pacs, far))
        _deliver_to(world, near_wire, back, associations=associations, timeouts=_patience(other, near))
        world.practice = replace(world.practice, transcoder=pool)
        yield Play(world, postgres, study, pacs, other, entry, near_wire, far_wire)


def _published(world: World, study: Sequence[Instance]) -> str:
    with OriginPacs(study) as honest:
        hospital = replace(world.hospital, archive=lambda _: archive(honest))
        link = publish.publish(hospital, STUDY, pacs="hospital", kvnr=KVNR)
        publish.announce(hospital, link)
    return next(reversed(world.held))


def _patience(peer: OriginPacs | DestinationPacs, line: Line) -> Timeouts:
    hangs = line.cut is not None and line.cut.how is How.HANG
    return SHORT if hangs or falls_silent(peer.manners) else PATIENT


def _serve_from(world: World, pacs: Wire, timeouts: Timeouts) -> None:
    wire = world.wires[PRACTICE]
    wire.origin = replace(wire.origin, archive=lambda _: archive(pacs, timeouts=timeouts))


def _deliver_to(world: World, pacs: Wire, back: OriginPacs, *, associations: int, timeouts: Timeouts) -> None:
    there = destination(pacs, associations=associations, timeouts=timeouts)
    world.practice = replace(world.practice, destination=lambda _: there, archive=lambda _: archive(back))


def _arrivals(target: DestinationPacs) -> list[checker.Arrival]:
    kept = {id(it) for it in target.kept}
    return [
        checker.Arrival(it.uid, checker.Image(it.syntax, it.content), it.status if id(it) in kept else 0x0110)
        for it in target.received
    ]


def _open(peer: OriginPacs | DestinationPacs, line: Wire) -> int:
    """Its associations, when those that are just ending have had a moment. Over a dead line nobody can end any."""
    if line.cut and line.cut.how is How.HANG:
        return 0
    deadline = time.monotonic() + 20
    while peer.open and time.monotonic() < deadline:
        time.sleep(0.01)
    return peer.open
