"""An audit entry as an event: who took part, and what it was about. Both wire forms are written from it."""

from __future__ import annotations

from dataclasses import dataclass

from linkexchange.model.audit import Action, AuditEntry
from linkexchange.model.audit_events import NOTHING_CAME, Code, Local, Meaning, Pattern, meaning_of, outcome_of
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.trail import number_of

UNNAMED = "not named"
"""What stands for a link where a request was refused before one was read."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who writes the trail: a node, by its Telematik-ID, or the hub, by its address."""

    name: str
    address: str
    is_hub: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """One who took part. `name` is a Telematik-ID, or what stands for a person or for the hub."""

    role: Code
    name: str
    address: str
    is_requestor: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What both forms say. `link` stands for the patient, who is never named; `study` is empty where none is known."""

    entry: AuditEntry
    meaning: Meaning
    pattern: Pattern
    outcome: str
    observer: Observer
    agents: tuple[Agent, ...]
    user: str
    link: str
    study: str

    @property
    def reason(self) -> str:
        """Why it did not go well, as a code; empty where it did."""
        return str(self.entry.fields.get("reason", ""))

    @property
    def details(self) -> dict[str, str]:
        """The entry's own number and its place in the chain, then its fields."""
        place = {"entry": str(number_of(self.entry)), "seq": str(self.entry.seq), "hash": str(self.entry.hash)}
        return {**place, **{name: str(value) for name, value in self.entry.fields.items()}}


def event_of(entry: AuditEntry, observer: Observer) -> Event | None:
    """None for what stays in the house."""
    meaning = NOTHING_CAME if _brought_nothing(entry) else meaning_of(entry.action)
    if isinstance(meaning, Local):
        return None
    return Event(
        entry=entry,
        meaning=meaning,
        pattern=meaning.pattern,
        outcome=outcome_of(entry),
        observer=observer,
        agents=_agents(entry, observer),
        user=str(entry.fields.get("user", "")),
        link=str(entry.fields.get("link", "")),
        study=str(entry.fields.get("study", "")),
    )


def _brought_nothing(entry: AuditEntry) -> bool:
    """A transfer that ended without a proof has moved nothing and disclosed nothing."""
    return entry.action is Action.PULL_ENDED and "stored" not in entry.fields


_OTHER = {
    Code.SOURCE: ("origin", "sender"),
    Code.DESTINATION: ("requester", "receiver"),
}


def _agents(entry: AuditEntry, observer: Observer) -> tuple[Agent, ...]:
    """This side, and the other where the entry names it: where images go from, and where they go to."""
    own = {Code.SOURCE: Code.DESTINATION, Code.DESTINATION: Code.SOURCE}
    for role, names in _OTHER.items():
        for name in names:
            if other := str(entry.fields.get(name, "")):
                asks = role is Code.SOURCE
                mine = Agent(own[role], *_here(entry, observer), is_requestor=asks)
                return mine, Agent(role, other, TelematikId(other).uri, is_requestor=not asks)
    return (Agent(Code.APPLICATION, *_here(entry, observer), is_requestor=True),)


def _here(entry: AuditEntry, observer: Observer) -> tuple[str, str]:
    """Name and address of this side. At the hub an entry is about the node in whose chain it stands."""
    if observer.is_hub:
        return str(entry.participant), entry.participant.uri
    return observer.name, observer.address
