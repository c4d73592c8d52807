"""Why a decision came out as it did, in German sentences for the hub's operator. `explain` says the same in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linkexchange.model.access import Reason
from linkexchange.model.participant import ROLES
from linkexchange.model.policy import Condition, Effect
from linkexchange.model.switch import Hand
from linkexchange.ports import Account
from linkexchange.web import german

WHY: dict[Reason, str] = {
    Reason.INSTITUTION: "Die Einrichtung ist nicht eingetragen, oder sie hat im Namen einer anderen gefragt.",
    Reason.ROLE: "Einrichtungen dieser Art dürfen keine Bilder anfordern.",
    Reason.DESTINATION: "Das Ziel-PACS gehört laut Verzeichnis nicht zu dieser Einrichtung.",
    Reason.LOCKED: "Wer anfragt, ist gesperrt, seit eine Höchstmenge erreicht wurde.",
    Reason.STALE: "Der Eintrag wurde vor zu langer Zeit gelesen, oder gar nicht.",
    Reason.SWITCHED_OFF: "Die abgebende Einrichtung lässt nicht abrufen; sie sendet selbst.",
    Reason.POLICY: "Das Regelwerk lehnt es ab.",
    Reason.PERSON: "Das Regelwerk verlangt, dass ein Mensch in der abgebenden Einrichtung es freigibt.",
    Reason.QUOTA: "Eine Höchstmenge wäre überschritten worden.",
    Reason.LINK: "Es gibt dort keinen solchen Eintrag, oder wer anfragt, hat weder Dokument noch offenes Angebot.",
    Reason.WITHDRAWN: "Der Eintrag wurde zurückgezogen oder ersetzt.",
    Reason.EXPIRED: "Der Eintrag ist abgelaufen.",
}
GRANTED = "Keine Regel hat widersprochen."
EFFECTS: dict[Effect, str] = {
    Effect.PERMIT: "erlaubt",
    Effect.DENY: "lehnt ab",
    Effect.PERSON: "verlangt die Freigabe durch einen Menschen",
}
HANDS: dict[Hand, str] = {Hand.ORIGIN: "die Einrichtung selbst", Hand.OPERATOR: "der Betreiber"}
APPLIES: dict[bool | None, str] = {
    True: "trifft zu",
    False: "trifft nicht zu",
    None: "lässt sich hier nicht beurteilen und bleibt der abgebenden Einrichtung überlassen",
}
CONDITIONS: dict[Condition, str] = {
    Condition.ROLES: "Art der Einrichtung",
    Condition.PURPOSES: "Zweck",
    Condition.AUTHORITIES: "Grundlage",
    Condition.REQUESTERS: "wer anfragt",
    Condition.ORIGINS: "woher",
    Condition.DESTINATIONS: "Ziel-PACS",
    Condition.MODALITIES: "Modalität",
    Condition.CATEGORIES: "Art des Dokuments",
    Condition.HOURS: "Uhrzeit",
}
_QUOTAS = {
    "institution": "der Einrichtung",
    "user": "dieser Person",
    "transfers": "Übertragungen",
    "links": "Einträge",
    "patients": "Patienten",
    "hour": "in einer Stunde",
    "day": "an einem Tag",
}


def because(account: Account) -> str:
    """The one sentence that answers the question."""
    return WHY[Reason(account.reason)] if account.reason else GRANTED


def told(account: Account) -> str:
    """What the requester has read; empty where it was granted."""
    return german.DETAILS[Reason(account.reason).public] if account.reason else ""


def looked_at(account: Account) -> Iterator[tuple[str, str]]:
    """What the decision has looked at, as pairs of a word and a sentence."""
    return in_words(account.facts)


def in_words(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same of facts that belong to no decision."""
    if role := facts.get("role"):
        yield "Art der Einrichtung", f"{ROLES.get(role, 'nicht zugelassen')} ({role})"
    for switch in facts.get("switches", []):
        state = "erlaubt das Abrufen" if switch["pulls"] else "hat das Abrufen abgeschaltet"
        basis = f": {switch['basis']}" if switch["basis"] else ""
        yield "Schalter", f"{HANDS[Hand(switch['hand'])]} {state}{basis}"
    for opinion in facts.get("opinions", []):
        yield f"Regel {opinion['rule']}", _opinion(opinion)
    for one in facts.get("quotas", []):
        yield "Höchstmenge", f"{quota(one['quota'])}: {one['used']} von {one['limit']} verbraucht"


def _opinion(opinion: Mapping[str, Any]) -> str:
    holds = {True: "ja", False: "nein", None: "hier unbekannt"}
    named = ", ".join(f"{CONDITIONS[Condition(name)]}: {holds[it]}" for name, it in opinion["findings"].items())
    why = f" ({opinion['why']})" if opinion["why"] else ""
    found = f" [{named}]" if named else ""
    return f"{EFFECTS[Effect(opinion['effect'])]}{why}; {APPLIES[opinion['applies']]}{found}"


def quota(name: str) -> str:
    """A quota such as `user-links-hour`, as people say it."""
    whose, counted, span = (_QUOTAS.get(part, part) for part in name.split("-"))
    return f"{counted} {whose} {span}"
