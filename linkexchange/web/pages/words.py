"""German words for what the patient index doubts, why studies wait, what release rules look at, and for routes."""

from __future__ import annotations

from linkexchange import notice
from linkexchange.model.index import Doubt
from linkexchange.model.release import Condition
from linkexchange.model.route import Route

DOUBTS: dict[Doubt, str] = {
    Doubt.UNKNOWN: "Diese Nummer hat uns noch niemand genannt, und in den Bildern steht keine KVNR.",
    Doubt.NO_KVNR: "Die Nummer ist bekannt, die KVNR dazu nicht.",
    Doubt.AMBIGUOUS: "Unter dieser Nummer gibt es Personen mit verschiedenen KVNR.",
    Doubt.DIFFERS: "Name, Geburtsdatum oder Geschlecht in den Bildern passen nicht zu dem, was wir wissen.",
    Doubt.KVNR_DIFFERS: "In den Bildern steht eine andere KVNR, als wir zu der Nummer wissen.",
    Doubt.KVNR_SHARED: "Dieselbe KVNR ist auch für eine andere Person eingetragen.",
    Doubt.NOBODY: "Jemand hat entschieden, dass zu diesen Bildern keine Akte gehört.",
}
REASONS: dict[str, str] = {
    **{doubt.value: words for doubt, words in DOUBTS.items()},
    notice.NO_INDEX: "Es gibt noch kein Patientenverzeichnis, das man fragen könnte.",
    notice.DIFFERS: "Das Patientenverzeichnis nennt eine andere Person, als jemand von Hand angegeben hat.",
    notice.NO_RULES: "Es gibt noch keine Freigaberegeln.",
}
"""Why a study waits for a person or for its release, where it is a reason of ours."""
CONDITIONS: dict[Condition, str] = {
    Condition.MODALITIES: "Verfahren",
    Condition.DEPARTMENTS: "Abteilung",
    Condition.CONFIDENTIALITY: "Vertraulichkeit",
    Condition.YOUNGER_THAN: "Alter: jünger als",
    Condition.AT_LEAST: "Alter: mindestens",
    Condition.WAIT_DAYS: "Wartezeit",
    Condition.UNTIL: "Sperrfrist",
}
ROUTES: dict[Route, str] = {
    Route.DIRECT: "direkt",
    Route.RELAY: "über die Vermittlungsstelle, die nur Verschlüsseltes sieht",
}
"""How bytes travel from another node to this one."""
