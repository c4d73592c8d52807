"""One institution of the simulated TI: its Konnektor, and the cards that people put into its terminals."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ti_adapter.epa import hash_check_value
from ti_adapter.konnektor import BasicAuthentication, CardType, Context
from ti_adapter.konnektor.cards import PinResult, PinStatus
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.epa import VsdmService
from ti_adapter.simulator.konnektor import Pace, SimulatedInsured, SimulatedKonnektor
from ti_adapter.simulator.konnektor.insured import Prove
from ti_adapter.simulator.konnektor.state import Inserted
from ti_adapter.simulator.person import insured_person
from ti_adapter.simulator.shape import Shape, SimulatedInstitution
from ti_adapter.simulator.world.authorities import Authorities
from ti_adapter.simulator.world.plan import PlannedInstitution

_ENDED: Final = Shape(starts=timedelta(days=-300), ends=timedelta(days=-1))


@dataclass(slots=True)
class Site:
    """What people at the institution can do. Raises LookupError for a card that is not in its terminal."""

    planned: PlannedInstitution
    authorities: Authorities
    konnektor: SimulatedKonnektor
    context: Context
    card: SimulatedCard
    iccsn: str = field(default_factory=lambda: f"8027688311{secrets.randbelow(10**10):010}")
    authentication: BasicAuthentication = field(
        default_factory=lambda: BasicAuthentication("linkexchange", secrets.token_urlsafe(18))
    )

    @classmethod
    def open(
        cls, planned: PlannedInstitution, authorities: Authorities, vsdm: VsdmService, signature_seconds: float
    ) -> Site:
        """A Konnektor with the institution's card in it."""
        context = Context(f"Mandant-{planned.name}", "linkexchange", "Arbeitsplatz1")
        konnektor = SimulatedKonnektor(
            [context],
            authorities.cards.trust,
            clock=authorities.clock,
            pace=Pace(signature_seconds=signature_seconds),
            prove=prover(vsdm),
            is_revoked=authorities.is_revoked,
        )
        site = cls(planned, authorities, konnektor, context, authorities.card(institution_of(planned)))
        site.insert()
        if planned.pin == "verified":
            site.enter_pin()
        return site

    @property
    def smcb(self) -> Inserted:
        """The institution's card as the Konnektor sees it."""
        for card in self.konnektor.cards:
            if card.iccsn == self.iccsn:
                return card
        raise LookupError("no SMC-B is in the terminal")

    @property
    def pin(self) -> PinStatus | None:
        """State of its PIN; None where the card is not there."""
        return next((card.pin for card in self.konnektor.cards if card.iccsn == self.iccsn), None)

    def enter_pin(self, entry: PinResult = PinResult.OK) -> PinResult:
        """Somebody enters the PIN of the card; how that ended."""
        return self.konnektor.enter_pin(self.smcb.handle, entry)[0]

    def insert(self) -> None:
        """Put the card in. Safe to repeat."""
        if self.pin is None:
            self.konnektor.insert(self.card, iccsn=self.iccsn)

    def pull(self) -> None:
        """Take it out."""
        self.konnektor.pull(self.smcb.handle)

    def revoke(self) -> None:
        """OCSP calls the card revoked from now on."""
        self.authorities.responders["smcb"].revoke(self.card.certificate)

    def exchange(self, *, expired: bool = False) -> None:
        """Another card of the same institution in the same place, with its PIN entered; one that has ended, or not."""
        shape = _ENDED if expired else Shape()
        if self.pin is not None:
            self.pull()
        self.card = self.authorities.card(institution_of(self.planned), shape)
        self.insert()
        self.enter_pin()

    def insert_egk(self, insured: SimulatedInsured) -> None:
        """A patient puts the insurance card in; one that was there comes out."""
        self.pull_egk()
        person = insured_person(insured.kvnr, insured.given, insured.family, insured.insurer)
        self.konnektor.insert(self.authorities.egk(person), CardType.EGK, insured=insured)

    def pull_egk(self) -> None:
        """The patient takes it back. Safe to repeat."""
        for card in self.konnektor.cards:
            if card.insured:
                self.konnektor.pull(card.handle)


def institution_of(planned: PlannedInstitution) -> SimulatedInstitution:
    """Who the card is for."""
    return SimulatedInstitution(planned.telematik_id, planned.institution, (planned.profession_oid,))


def prover(vsdm: VsdmService) -> Prove:
    """The insurer's service for the Konnektoren: Pruefziffern of version 2, over what the card says."""
    return lambda insured, now: vsdm.version_2(
        insured.kvnr, now, hash_check_value(insured.coverage_begin, insured.street)
    )
