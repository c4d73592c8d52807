"""The chain to the TI as far as it needs no process of its own: a Konnektor over a real socket, trust list and OCSP.

with serving() as bench:
    scene = scene_at(bench, tmp_path)
    scene.konnektor.pull(scene.handle)
    scene.found()      # what is not well, as (step, verdict, reason)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from konnektor_bench import CONTEXT, ICCSN, Bench, _at_once
from konnektor_bench import running as served
from simulated_ti import make_pki
from simulated_trust import TrustedPlace

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.readiness import Finding, Readiness, Reason, Step, Verdict
from linkexchange.ti import Chain, RecordSystem, Trust
from ti_adapter.konnektor import Konnektor
from ti_adapter.pki import FD_AUT, FD_SIG, HCI_AUT
from ti_adapter.simulator.konnektor import Pace, SimulatedKonnektor
from ti_adapter.simulator.shape import Shape, SimulatedInstitution
from ti_adapter.simulator.tsl import ca_service, ocsp_service

CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
TYPES = (HCI_AUT.policy, FD_SIG.policy, FD_AUT.policy)
RIGHT = Shape()
Said = tuple[Step, Verdict, Reason | None]


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 9, 30, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Scene:
    """Everything is well until a test breaks it. What Konnektor and IDP are asked by may be another object."""

    bench: Bench
    place: TrustedPlace
    clock: Clock
    discover: Callable[[], object] = object
    systems: Mapping[str, Any] = field(default_factory=dict)
    iccsn: str | None = None
    heal: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.list_types(*TYPES)
        self.trust: Trust = self.place.trust()
        self.asked: Konnektor = self.bench.client()
        self.konnektor = SimulatedKonnektor(
            [CONTEXT], self.place.pki.trust, clock=self.clock, pace=Pace(sleep=_at_once)
        )
        state = self.bench.recorder.app.state
        state.served = replace(state.served, konnektor=self.konnektor)
        self.insert()

    @property
    def handle(self) -> str:
        return self.konnektor.cards[0].handle

    def insert(self, institution: SimulatedInstitution = CLINIC, shape: Shape = RIGHT) -> None:
        """This card in the place of the one that was there, its PIN entered."""
        for card in self.konnektor.cards:
            self.konnektor.pull(card.handle)
        self.konnektor.enter_pin(self.konnektor.insert(self.place.card(institution, shape), iccsn=ICCSN))

    def list_types(self, *types: Any) -> None:
        """A new list, whose CA may issue these types."""
        since, signer = self.clock() - timedelta(days=1), self.place.responder.signer.certificate
        listed = (ca_service(self.place.pki.authority, since, types=types), ocsp_service(signer, since))
        self.place.publisher.publish(listed)

    def walk(self) -> Readiness:
        me = TelematikId(CLINIC.telematik_id)
        systems = cast("Mapping[str, RecordSystem]", self.systems)
        return Chain(
            me=me,
            konnektor=self.asked,
            iccsn=self.iccsn,
            trust=self.trust,
            discover=self.discover,
            systems=systems,
            clock=self.clock,
            heal=self.heal,
        ).walk()

    def found(self) -> list[Said]:
        """What is neither well nor left out."""
        return [said(it) for it in self.walk().findings if it.verdict not in {Verdict.WELL, Verdict.UNSEEN}]

    def unseen(self) -> dict[Step, str]:
        """What was not looked at, and because of what."""
        return {it.step: it.detail for it in self.walk().findings if it.verdict is Verdict.UNSEEN}


def said(finding: Finding) -> Said:
    return finding.step, finding.verdict, finding.reason


def finding_of(readiness: Readiness, step: Step) -> Finding:
    (finding,) = (it for it in readiness.findings if it.step is step)
    return finding


def scene_at(bench: Bench, folder: Path) -> Scene:
    """A scene at a Konnektor that is served already."""
    clock = Clock()
    return Scene(bench, TrustedPlace.made(make_pki(clock()), clock, folder), clock)


@contextmanager
def serving() -> Iterator[Bench]:
    """The Konnektor's socket, for many scenes."""
    clock = Clock()
    with served(SimulatedKonnektor([CONTEXT], make_pki(clock()).trust, clock=clock)) as bench:
        yield bench
