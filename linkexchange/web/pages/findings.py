"""What a probe found out about a PACS, in German, for the page of the PACS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from linkexchange.model.advice import Concern, needs
from linkexchange.model.findings import Answer, Check, Findings
from linkexchange.model.passport import Passport
from linkexchange.ports import UnitOfWork
from linkexchange.web import german

CHECKS: dict[Check, str] = {
    Check.ECHO: "Erreichbar (C-ECHO)",
    Check.PDU: "Größte PDU",
    Check.STUDY_FIND: "Suche nach Studien (C-FIND)",
    Check.PATIENT_FIND: "Suche nach Patienten (C-FIND)",
    Check.CANCEL: "Suche lässt sich abbrechen",
    Check.IMAGE_FIND: "Liste der Bilder einer Studie",
    Check.SOP_CLASSES: "Liste nennt die Art jedes Bildes",
    Check.COUNTS: "Anzahlen stimmen",
    Check.CHARSET: "Antwortet im angefragten Zeichensatz",
    Check.GET: "Abruf mit C-GET",
    Check.MOVE: "Abruf mit C-MOVE",
    Check.MOVE_DESTINATION: "Kennt uns als Ziel von C-MOVE",
    Check.STORE: "Nimmt Bilder an (C-STORE)",
    Check.COMMITMENT: "Bestätigt die Speicherung",
    Check.ASSOCIATIONS: "Verbindungen zugleich",
    Check.TEST_OBJECT: "Testobjekt gespeichert",
    Check.QIDO: "Suche über HTTP (QIDO-RS)",
    Check.WADO: "Abruf über HTTP (WADO-RS)",
}

ANSWERS: dict[Answer, str] = {
    Answer.YES: "ja",
    Answer.NO: "nein",
    Answer.OPEN: "nicht feststellbar",
    Answer.UNANSWERED: "keine Antwort",
}

CONCERNS: dict[Concern, str] = {
    Concern.UNREACHABLE: "Das PACS antwortet nicht. Läuft es, kennt es unseren AE-Titel, und stimmen Adresse und Port?",
    Concern.NO_SERVICE: "Das PACS lässt uns weder suchen noch speichern. Unser AE-Titel braucht dort Rechte.",
    Concern.MOVE_DESTINATION: "Das PACS kennt unseren AE-Titel nicht als Ziel von C-MOVE. Er ist dort einzutragen.",
    Concern.NO_RETRIEVAL: "Das PACS lässt sich durchsuchen, gibt aber nichts heraus. Erlauben Sie C-GET oder C-MOVE.",
    Concern.NO_LISTING: "Das PACS zählt die Bilder einer Studie nicht auf. Erlauben Sie C-FIND auf Bildebene.",
    Concern.SILENCE: "Auf eine Anfrage kam keine Antwort. Das Protokoll des PACS sagt mehr.",
    Concern.DICOMWEB: "Der eingetragene DICOMweb-Dienst arbeitet nicht. Prüfen Sie die Adresse.",
    Concern.TEST_OBJECT: "Das PACS hat das Testobjekt nicht gespeichert. Das Protokoll des PACS sagt, warum.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One check, as the page shows it. `evidence` is in English, for whoever is called for help."""

    what: str
    answer: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A PACS, and what its last probe found out; `at` is None where it was never probed."""

    passport: Passport
    at: datetime | None = None
    rows: Sequence[Row] = ()
    concerns: Sequence[tuple[str, str]] = ()


def shown(work: UnitOfWork) -> list[Shown]:
    """Every PACS of a participant."""
    return [_shown(passport, work.probes.latest(passport.name)) for passport in work.pacs.all()]


def _shown(passport: Passport, probed: tuple[Findings, datetime] | None) -> Shown:
    if probed is None:
        return Shown(passport)
    found, at = probed
    rows = [Row(CHECKS[it.check], ANSWERS[it.answer], it.evidence) for it in found.checks]
    concerns = dict.fromkeys((CONCERNS[it.concern], german.OWNERS[it.owner]) for it in needs(found))
    return Shown(passport, at, rows, tuple(concerns))
