"""What physicians read instead of codes: every fault, state, fate and reason in plain German.

A fault is told in three sentences: what happened, whose it is, what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkexchange.errors import Fault, Owner, StoppedByPerson
from linkexchange.model.access import Reason
from linkexchange.model.outbox import OUTBOX as OUTBOX_NAME
from linkexchange.model.outbox import WaitState
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.proof import Fate
from linkexchange.model.revocation import RevocationKind
from linkexchange.model.syntaxes import Obstacle
from linkexchange.model.transfer import Authority, Purpose, State
from linkexchange.model.watched import Wait
from linkexchange.pull.ledger import FOUND, UNANSWERED, UNCONFIRMED
from linkexchange.web import syntaxes
from linkexchange.web.german_faults import SENTENCES

UNEXPECTED = "internal-error"
"""The code of what is a bug of ours; `jobs` writes it into the row of a transfer."""

OWNERS: dict[str, str] = {
    Owner.OWN_PACS: "Ihre PACS-Administration",
    Owner.OWN_NODE: "Ihre IT, die diesen Knoten betreut",
    Owner.KONNEKTOR: "wer Ihren Konnektor betreut",
    Owner.INSTITUTION: "Ihre Einrichtung",
    Owner.ORIGIN: "die Einrichtung, bei der die Bilder liegen",
    Owner.REQUESTER: "Ihre Einrichtung",
    Owner.HUB: "der Betreiber der Vermittlungsstelle",
    Owner.RECORD: "der Betreiber der Patientenakte",
    Owner.TI: "der Betreiber des Dienstes in der TI",
    Owner.NETWORK: "die Netzbetreuung",
}


DETAILS: dict[str, str] = {
    Reason.INSTITUTION: "Die Einrichtung ist nicht als Teilnehmer eingetragen.",
    Reason.ROLE: "Einrichtungen dieser Art dürfen keine Bilder anfordern.",
    Reason.DESTINATION: "Das Ziel-PACS gehört laut Verzeichnis nicht zu dieser Einrichtung.",
    Reason.LINK: "Der Eintrag ist unbekannt, abgelaufen, zurückgezogen oder nicht für diese Einrichtung bestimmt.",
    Reason.WITHDRAWN: "Der Eintrag wurde zurückgezogen oder ersetzt.",
    Reason.EXPIRED: "Der Eintrag ist abgelaufen.",
    Reason.STALE: "Der Eintrag wurde vor zu langer Zeit gelesen.",
    Reason.LOCKED: "Eine Höchstmenge wurde erreicht; seither ist gesperrt, wer anfragt, bis der Betreiber das aufhebt.",
    Reason.SWITCHED_OFF: "Diese Einrichtung lässt nicht abrufen; sie sendet selbst.",
    Reason.POLICY: "Eine Regel der Vermittlungsstelle lehnt das ab.",
    Reason.PERSON: "Das muss ein Mensch in der abgebenden Einrichtung freigeben.",
    Reason.QUOTA: "Eine Höchstmenge für diese Stunde oder diesen Tag ist erreicht.",
    Obstacle.NOTHING: "Das Ziel-PACS nimmt Bilder dieser Art nicht an.",
    Obstacle.LOSSY: "Das Bild ist verlustbehaftet gespeichert und wird nicht umgewandelt.",
    Obstacle.VIDEO: "Das Bild ist ein Video und wird nicht umgewandelt.",
    Obstacle.UNKNOWN: "Die Transfersyntax des Bildes wird hier nicht umgewandelt.",
    Obstacle.NOT_PLAIN: "Das Ziel-PACS nimmt keine unkomprimierten Bilder an.",
    "PatientName": "Name",
    "PatientBirthDate": "Geburtsdatum",
    "PatientSex": "Geschlecht",
    "PatientID": "Patientennummer",
    "OtherPatientIDsSequence": "KVNR",
    "KVNR of document and record": "KVNR",
    "web page": "jemand an diesen Seiten",
    "command line": "jemand an der Befehlszeile",
    RevocationKind.INSTITUTION: "die Einrichtung",
    RevocationKind.NODE: "der Knoten der Einrichtung",
    RevocationKind.LINK: "der Eintrag",
    RevocationKind.TRANSFER: "diese Übertragung",
    "origin": "bei der abgebenden Einrichtung",
    "card": "die Institutionskarte (SMC-B)",
}
"""What the details of `Denied`, `Revoked`, `WrongPatient`, `SyntaxRefused` and `StoppedByPerson` mean.

Other details are for administrators and stay as they are.
"""

STOPPING = "wird abgebrochen"
"""The state of a transfer that somebody wants stopped and that has not ended yet."""

STATES: dict[str, str] = {
    State.REQUESTED: "angefragt",
    State.PERMITTED: "erlaubt",
    State.MOVING: "wird übertragen",
    State.WAITING: "wartet",
    State.COMPLETE: "vollständig",
    State.PARTIAL: "unvollständig",
    State.FAILED: "fehlgeschlagen",
    State.STOPPED: "abgebrochen",
}

OUTBOX: dict[str, str] = {
    WaitState.WAITING: "wartet auf einen Empfänger",
    WaitState.OFFERED: "angeboten, noch nicht vollständig zugestellt",
    WaitState.UNDELIVERED: "nicht vollständig zugestellt",
}

FATES: dict[str, str] = {
    Fate.STORED: "gespeichert",
    Fate.HELD: "war schon da",
    Fate.MISSING: "fehlt",
    Fate.REFUSED: "nicht angenommen",
    Fate.ALTERED: "verändert angekommen",
    Fate.CONFLICT: "im Ziel liegt unter dieser Nummer ein anderes Bild",
}

PURPOSES: dict[str, str] = {
    Purpose.TREATMENT: "Behandlung",
    Purpose.EMERGENCY: "Notfall",
    Purpose.PREFETCH: "Vorabruf",
}

AUTHORITIES: dict[str, str] = {
    Authority.RECORD: "Eintrag in der Patientenakte",
    Authority.RELEASE: "Zusendung der anderen Einrichtung",
}

SEXES: dict[str, str] = {"F": "weiblich", "M": "männlich", "O": "divers"}

WAYS: dict[str, str] = {
    Retrieve.C_GET: "C-GET (DIMSE)",
    Retrieve.DICOMWEB: "DICOMweb (WADO-RS)",
    Retrieve.C_MOVE: "C-MOVE (DIMSE)",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A fault for a person. `code` and `detail` are for whoever is called for help."""

    code: str
    cause: str
    owner: str
    next_step: str
    detail: str = ""

    @property
    def label(self) -> str:
        """What the detail is."""
        return "Abgebrochen von" if self.code == StoppedByPerson.code else "Grund"


def explain(fault: Fault) -> Explanation:
    """Cause, owner and next step of a fault."""
    return _explanation(type(fault), fault.detail)


def explain_reason(reason: str) -> Explanation:
    """The same for what stands in the row of a transfer: `code: detail`, as `pull` wrote it."""
    code, _, detail = reason.partition(": ")
    if code == UNEXPECTED:
        return unexpected()
    return _explanation(_BY_CODE.get(code, Fault), detail, code=code)


def is_code(text: str) -> bool:
    """Whether it is the code of a fault that has its sentences."""
    return text in _BY_CODE


def unexpected() -> Explanation:
    """What is said of a bug of ours: nothing but its code."""
    cause = "In diesem Programm ist ein unerwarteter Fehler aufgetreten."
    return Explanation(UNEXPECTED, cause, OWNERS[Owner.OWN_NODE], SENTENCES[Fault][1])


def explain_note(note: str) -> str:
    """Why one instance is not there: what the ledger noted of it, in one sentence."""
    if note in _NOTES:
        return _NOTES[note]
    explanation = explain_reason(note)
    return explanation.detail or explanation.cause


def images(count: int, total: int) -> str:
    """How many of how many, as a person says it."""
    return f"{count} von {total} {'Bild' if total == 1 else 'Bildern'}"


def source(passport: Passport) -> str:
    """Where studies are sent from, by the name that people know."""
    return "Postausgang" if passport.name == OUTBOX_NAME else passport.name


def newer(count: int) -> str:
    """That there are images beyond those of the document, and what becomes of them."""
    what, follows = ("ein weiteres Bild", "Es kommt") if count == 1 else (f"{count} weitere Bilder", "Sie kommen")
    return f"Das sendende Haus hat inzwischen {what} dieser Untersuchung. {follows} als neue Fassung in die Akte."


def remaining(seconds: float) -> str:
    """How long it will still take, no more exactly than an estimate is."""
    minutes = round(seconds / 60)
    if seconds < 15:
        return "noch wenige Sekunden"
    if seconds < 50:
        return "noch weniger als eine Minute"
    if minutes < 2:
        return "noch etwa eine Minute"
    return f"noch etwa {minutes} Minuten" if minutes < 100 else f"noch etwa {round(minutes / 60)} Stunden"


_NOTES = {
    UNCONFIRMED: "Das Ziel-PACS hat den Empfang bestätigt, führt das Bild aber nicht auf.",
    FOUND: "Das Ziel-PACS hat den Empfang nicht bestätigt, führt das Bild aber auf.",
    UNANSWERED: "Falls das Bild gesendet wurde, hat das Ziel-PACS nicht geantwortet. Ob es dort ist, weiß niemand.",
}
_BY_CODE: dict[str, type[Fault]] = {kind.code: kind for kind in SENTENCES if kind.code}


def _explanation(kind: type[Fault], detail: str, *, code: str = "") -> Explanation:
    cause, next_step = SENTENCES[kind]
    owner = OWNERS[getattr(kind, "owner", Owner.OWN_NODE)]
    parts = [_detail(part) for part in detail.split(", ")]
    return Explanation(code or kind.code, cause, owner, next_step, ", ".join(parts))


def _detail(part: str) -> str:
    """A detail of the table; an obstacle in the way of an image names the transfer syntax behind a colon."""
    obstacle, _, syntax = part.partition(": ")
    if syntax and obstacle in DETAILS:
        return f"{DETAILS[obstacle].rstrip('.')} ({syntaxes.name_of(syntax)})."
    return DETAILS.get(part, part)


WAITS = {
    Wait.NOTHING: "in der Akte",
    Wait.TURN: "wartet auf die eingestellten Stunden",
    Wait.QUIET: "wartet, ob noch Bilder kommen",
    Wait.IMAGES: "das PACS hat keine Bilder",
    Wait.PATIENT: "wem gehört die Studie?",
    Wait.RELEASE: "nicht freigegeben",
    Wait.ENTITLEMENT: "wartet auf eine Berechtigung",
    Wait.PERSON: "von einer Person zurückgezogen",
    Wait.FAULT: "lässt sich nicht lesen",
}
WAITS_NEXT = {
    Wait.PATIENT: "Klären Sie in KIS oder RIS, wessen Bilder es sind.",
    Wait.RELEASE: "Die Freigaberegeln halten sie zurück. Ändern Sie die Regel, wenn die Studie in die Akte soll.",
    Wait.ENTITLEMENT: "Lesen Sie die Karte der versicherten Person.",
    Wait.PERSON: "Sie kommt nur wieder in die Akte, wenn jemand sie von Hand veröffentlicht.",
}
"""What a person does about it, where something is to be done."""
