"""The switchboard: which faults of the simulated IDP are on, by name.

A name is a place and a fault, with a stroke between: `id-token/expired`, `redirect/other-state`, `service/down`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from ti_adapter.compact import as_json
from ti_adapter.simulator.idp import answers, forgery
from ti_adapter.simulator.idp.draft import Break, Draft, Forge, Seal
from ti_adapter.simulator.idp.identity import IdpIdentity

_Fault = TypeVar("_Fault")

_SIGNED: Mapping[str, Mapping[str, Forge]] = {
    "discovery": {**forgery.SIGNED, **forgery.DISCOVERY},
    "challenge": {**forgery.SIGNED, **forgery.CHALLENGE},
    "id-token": {**forgery.SIGNED, **forgery.TOKEN, **forgery.ID_TOKEN},
    "access-token": {**forgery.SIGNED, **forgery.TOKEN, **forgery.ACCESS_TOKEN},
}
_SEALED: Mapping[str, Mapping[str, Break]] = {"sealed-id": forgery.SEALED, "sealed-access": forgery.SEALED}
_SERVICE = frozenset({"down", "page", "huge", "slow", "internal-error", "moved"})
"""What becomes of every call, whatever it asks for."""

FAULTS: frozenset[str] = frozenset(
    f"{place}/{name}"
    for place, names in {
        **_SIGNED,
        **_SEALED,
        "key": answers.KEY,
        "redirect": answers.REDIRECT,
        "answer": answers.ANSWER,
        "service": _SERVICE,
    }.items()
    for name in names
)
"""Every fault that can be switched on."""


@dataclass(slots=True)
class Switch:
    """The faults that are on. `slow_seconds` is how long every answer takes while `service/slow` is."""

    faults: set[str] = field(default_factory=set)
    slow_seconds: float = 1.0

    def on(self, fault: str) -> None:
        """Switch a fault on; raises LookupError for a name that is none."""
        if fault not in FAULTS:
            raise LookupError(fault)
        self.faults.add(fault)

    def off(self, fault: str) -> None:
        """Switch a fault off."""
        self.faults.discard(fault)

    def has(self, place: str, name: str) -> bool:
        """Whether a fault is on."""
        return f"{place}/{name}" in self.faults

    def sign(self, place: str, draft: Draft) -> str:
        """Sign a token, in the way of the first fault of its place that is on."""
        forge = self._first(place, _SIGNED[place])
        return forge(draft) if forge else draft.sign()

    def seal(self, place: str, seal: Seal) -> str:
        """Seal a token."""
        broken = self._first(place, _SEALED[place])
        return broken(seal) if broken else seal.close()

    def key(self, identity: IdpIdentity) -> bytes:
        """The signing key that is published."""
        change = self._first("key", answers.KEY)
        return change(identity) if change else as_json(identity.signing_jwk())

    def redirect(self, address: str, said: Mapping[str, str]) -> str:
        """Where a login leads."""
        lead = self._first("redirect", answers.REDIRECT)
        return lead(address, said) if lead else f"{address}?{urlencode({**said})}"

    def answer(self, said: Mapping[str, object]) -> bytes:
        """What the token endpoint says."""
        change = self._first("answer", answers.ANSWER)
        return change(said) if change else as_json(said)

    def _first(self, place: str, faults: Mapping[str, _Fault]) -> _Fault | None:
        return next((faults[name] for name in faults if self.has(place, name)), None)
