"""Which faults every service of the simulated TI can have, by name, and what switches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from ti_adapter.konnektor.meanings import MEANINGS
from ti_adapter.simulator.idp.switch import FAULTS as IDP_FAULTS
from ti_adapter.simulator.konnektor import Fault
from ti_adapter.simulator.line import Line, Manner
from ti_adapter.simulator.ocsp_broken import BROKEN
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS
from ti_adapter.simulator.vzd import VzdFault
from ti_adapter.simulator.world.authorities import COMPONENTS, TSL
from ti_adapter.simulator.world.condition import Condition
from ti_adapter.simulator.world.record_house import RecordHouse
from ti_adapter.simulator.world.vaus import SHOWS
from ti_adapter.simulator.world.world import World, konnektor_name, record_name, vau_name

DOWN: Final = "down"
SLOW: Final = "slow"
SLOW_SECONDS: Final = 20.0
INTERNAL_ERROR: Final = "internalError"
REVOKED: Final = "certificates revoked"
SIGNER_REVOKED: Final = "signer revoked"

_MANNERS: Final = {one.value: one for one in (Manner.ELSEWHERE, Manner.DRIPPING, Manner.ENDLESS)}
_KONNEKTOR: Final = frozenset(Fault) | frozenset(map(str, MEANINGS))

Apply = Callable[[frozenset[str]], None]


@dataclass(slots=True)
class Faults:
    """The faults of one service that are on. Of several that exclude one another the first by name is seen."""

    condition: Condition
    own: frozenset[str]
    apply: Apply
    on: set[str] = field(default_factory=set)

    @property
    def known(self) -> frozenset[str]:
        """Every name."""
        return self.own | {DOWN, SLOW}

    def switch(self, name: str, *, is_on: bool, slow_seconds: float = SLOW_SECONDS) -> None:
        """Raises LookupError for a name that is none."""
        if name not in self.known:
            raise LookupError(name)
        (self.on.add if is_on else self.on.discard)(name)
        self.condition.is_down = DOWN in self.on
        if name == SLOW:
            self.condition.slow_seconds = slow_seconds if is_on else 0.0
        self.apply(frozenset(self.on) & self.own)


def all_faults(world: World) -> dict[str, Faults]:
    """The faults of every service, by its name."""
    return dict(_all(world))


def _all(world: World) -> Iterator[tuple[str, Faults]]:
    for name, own, apply in _own(world):
        yield name, Faults(world.conditions[name], frozenset(own) - {DOWN, SLOW}, apply)


def _own(world: World) -> Iterator[tuple[str, Iterable[str], Apply]]:
    yield "ocsp", BROKEN.keys() | _MANNERS.keys(), partial(_break_ocsp, world)
    yield "tsl", BROKEN_LISTS.keys() | _MANNERS.keys() | {SIGNER_REVOKED}, partial(_break_tsl, world)
    yield "idp", IDP_FAULTS | {REVOKED}, partial(_break_idp, world)
    yield "vzd", tuple(VzdFault), partial(_break_vzd, world)
    for name, site in world.sites.items():
        yield konnektor_name(name), _KONNEKTOR, partial(_replace, site.konnektor.faults)
    for number, house in world.houses.items():
        yield record_name(number), (INTERNAL_ERROR,), partial(_break_record, house)
        yield vau_name(number), SHOWS, partial(_break_vau, house)


def _replace(faults: set[str], on: frozenset[str]) -> None:
    faults.clear()
    faults.update(on)


def _break_ocsp(world: World, on: frozenset[str]) -> None:
    _set_manner(world.authorities.ocsp_line, on)
    for responder in world.authorities.responders.values():
        responder.breaks = _first(on, BROKEN)


def _break_tsl(world: World, on: frozenset[str]) -> None:
    _set_manner(world.authorities.tsl_line, on)
    publisher, responder = world.authorities.publisher, world.authorities.responders[TSL]
    publisher.breaks = _first(on, BROKEN_LISTS)
    (responder.revoke if SIGNER_REVOKED in on else responder.reinstate)(publisher.signer)


def _break_idp(world: World, on: frozenset[str]) -> None:
    _replace(world.idp.switch.faults, on - {REVOKED})
    responder = world.authorities.responders[COMPONENTS]
    for certificate in world.idp.identity.certificates:
        (responder.revoke if REVOKED in on else responder.reinstate)(certificate)


def _break_vzd(world: World, on: frozenset[str]) -> None:
    _replace(world.directory.faults, on)
    if world.directory.services:
        world.directory.services.are_clients_unknown = VzdFault.CLIENTS_UNKNOWN in on


def _break_record(house: RecordHouse, on: frozenset[str]) -> None:
    house.records.is_down = INTERNAL_ERROR in on


def _break_vau(house: RecordHouse, on: frozenset[str]) -> None:
    house.vau.show(_first(on, SHOWS) or "")


def _set_manner(line: Line, on: frozenset[str]) -> None:
    name = _first(on, _MANNERS)
    line.manner = _MANNERS[name] if name else Manner.PROMPT
    line.slow_seconds = 1.0


def _first(on: frozenset[str], names: Mapping[str, object]) -> str | None:
    return min(on & names.keys(), default=None)
