"""What physicians read instead of codes: every fault, state, fate and reason in plain German.

A fault is told in three sentences: what happened, whose it is, what to do. The table has one line for each class of
`errors`, so that no code ever reaches a page without words; a test holds both lists equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkexchange.errors import (
    AlreadyStored,
    CardUnavailable,
    Denied,
    DocumentFault,
    Fault,
    FormRefused,
    GrantRefused,
    HubUnavailable,
    IdentityRefused,
    InstanceConflict,
    InstanceFault,
    InstancesNotListed,
    InsuranceCardUnavailable,
    KvnrMissing,
    LinkWithdrawn,
    MessageFault,
    NotEntitled,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    OriginUnavailable,
    OutboxOnlySends,
    Overtaken,
    Owner,
    PacsBusy,
    PacsRejectsNode,
    PacsUnavailable,
    PacsWithholds,
    PatientIdTaken,
    PatientObjects,
    PeerFault,
    RecordUnavailable,
    Refused,
    SettingRefused,
    SignatureRefused,
    SpoolDamaged,
    SpoolFull,
    StateUnavailable,
    StoppedByPerson,
    SyntaxRefused,
    TiUnavailable,
    TranscoderUnavailable,
    TransferInterrupted,
    Unavailable,
    UnknownPacs,
    UnknownParticipant,
    UnknownPatient,
    UnknownStudy,
    UnknownTransfer,
    WrongPatient,
)
from linkexchange.model.access import Reason
from linkexchange.model.outbox import OUTBOX as OUTBOX_NAME
from linkexchange.model.outbox import WaitState
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.proof import Fate
from linkexchange.model.syntaxes import Obstacle
from linkexchange.model.transfer import Authority, Purpose, State
from linkexchange.model.watched import Wait
from linkexchange.pull.ledger import FOUND, UNANSWERED, UNCONFIRMED
from linkexchange.web import syntaxes

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

SENTENCES: dict[type[Fault], tuple[str, str]] = {
    Fault: (
        "Es ist ein Fehler aufgetreten.",
        "Geben Sie Code und Kennung an Ihre IT weiter.",
    ),
    Refused: (
        "Die Anfrage wurde abgelehnt.",
        "Lesen Sie den Grund; dieselbe Anfrage noch einmal zu stellen, ändert nichts.",
    ),
    Unavailable: (
        "Etwas ist im Augenblick nicht erreichbar.",
        "Warten Sie: Es wird von selbst wieder versucht.",
    ),
    PeerFault: (
        "Die Gegenseite hat etwas Falsches geschickt.",
        "Geben Sie Code und Kennung an die Gegenseite weiter.",
    ),
    NotEntitled: (
        "Ihre Einrichtung darf in dieser Patientenakte nicht lesen, oder der Eintrag ist verborgen oder gelöscht.",
        "Lesen Sie die Gesundheitskarte ein, oder fragen Sie den Patienten, ob er den Eintrag verborgen hat.",
    ),
    IdentityRefused: (
        "Ihre Einrichtung konnte sich nicht ausweisen.",
        "Lassen Sie Institutionskarte (SMC-B), Zertifikat und Vertrauensliste prüfen.",
    ),
    Denied: (
        "Die Vermittlungsstelle hat die Übertragung nicht erlaubt.",
        "Lesen Sie den Grund: Er kommt aus den Regeln der abgebenden Einrichtung oder aus dem Eintrag selbst.",
    ),
    GrantRefused: (
        "Die abgebende Einrichtung hat die Erlaubnis nicht angenommen.",
        "Rufen Sie dort an, und nennen Sie die Nummer der Übertragung.",
    ),
    LinkWithdrawn: (
        "Die abgebende Einrichtung hat diesen Eintrag zurückgezogen oder ersetzt.",
        "Suchen Sie in der Akte nach einem neueren Eintrag, oder fragen Sie dort nach.",
    ),
    WrongPatient: (
        "Die Bilder gehören zu jemand anderem, als die Akte sagt. Es wurde nichts weitergegeben.",
        "Rufen Sie die abgebende Einrichtung an: Ihr Eintrag nennt einen anderen Patienten als ihre Bilder.",
    ),
    SyntaxRefused: (
        "Das Ziel-PACS nimmt ein Bild nicht so an, wie es gespeichert ist; verlustfrei umwandeln lässt es sich nicht.",
        "Lassen Sie die genannte Transfersyntax im Ziel-PACS zulassen; fordern Sie danach neu an.",
    ),
    StoppedByPerson: (
        "Die Übertragung wurde abgebrochen.",
        "Fordern Sie den Eintrag neu an, wenn die Bilder doch gebraucht werden.",
    ),
    UnknownParticipant: (
        "Diese Einrichtung steht nicht im Teilnehmerverzeichnis.",
        "Prüfen Sie die Telematik-ID, oder bitten Sie den Betreiber, die Einrichtung aufzunehmen.",
    ),
    UnknownPacs: (
        "Ein PACS mit diesem Namen ist hier nicht eingetragen.",
        "Lassen Sie es mit „linkexchange pacs set“ eintragen.",
    ),
    UnknownStudy: (
        "Das PACS hat diese Studie nicht.",
        "Prüfen Sie die Studie im PACS.",
    ),
    UnknownPatient: (
        "Diese Frage zu einer Patientin oder einem Patienten wartet hier nicht mehr.",
        "Sehen Sie nach, was noch wartet: Jemand kann sie inzwischen beantwortet haben.",
    ),
    PatientObjects: (
        "Die Patientin oder der Patient widerspricht der Veröffentlichung dieser Studie.",
        "Die Studie bleibt außerhalb der Akte. Besteht der Widerspruch nicht mehr, lassen Sie ihn zuerst aufheben.",
    ),
    AlreadyStored: (
        "Die Akte hat dieses Dokument bereits; es wurde kein zweites Mal gespeichert.",
        "Es ist nichts zu tun: Der Knoten arbeitet mit dem vorhandenen Dokument weiter.",
    ),
    OutboxOnlySends: (
        "Was im Postausgang wartet, lässt sich nur an einen Teilnehmer senden.",
        "Lassen Sie die Studie in einem PACS speichern, und verwenden Sie sie von dort.",
    ),
    InstanceConflict: (
        "Im Postausgang wartet unter dieser Nummer ein anderes Bild. Es wurde nicht überschrieben.",
        "Lassen Sie klären, warum zwei Bilder dieselbe Nummer haben; senden oder verwerfen Sie dann, was wartet.",
    ),
    FormRefused: (
        "In dieser Form lässt sich der Bildverweis nicht ausdrücken.",
        "Wählen Sie eine andere Form, oder bitten Sie die Herkunft, die Studie mit dieser Angabe neu bereitzustellen.",
    ),
    SignatureRefused: (
        "So lässt sich der Bildverweis nicht signieren.",
        "Signieren Sie nur einmal, mit Zertifikat und Schlüssel der Einrichtung, die der Bildverweis als Autor nennt.",
    ),
    InstancesNotListed: (
        "Der Bildverweis nennt nur die Zahl der Bilder je Serie: dass alle ankommen, ließe sich nicht nachweisen.",
        "Bitten Sie die Herkunft, die Studie mit vollständiger Bilderliste neu bereitzustellen.",
    ),
    KvnrMissing: (
        "In den Bildern steht keine KVNR, und es wurde keine angegeben.",
        "Tragen Sie die KVNR der Patientin oder des Patienten beim Senden ein.",
    ),
    PatientIdTaken: (
        "Ihr PACS führt unter der Patienten-ID dieser Bilder eine andere Person. Es wurde nichts übertragen.",
        "Bitte klären Sie in Ihrem PACS, wem die Nummer gehört, und holen Sie die Bilder dann erneut.",
    ),
    UnknownTransfer: (
        "Diese Übertragung oder diesen Eintrag gibt es hier nicht.",
        "Gehen Sie von der Übersicht aus; dort steht alles, was es gibt.",
    ),
    Overtaken: (
        "Ein anderer Prozess führt diese Übertragung schon weiter.",
        "Sie müssen nichts tun.",
    ),
    SettingRefused: (
        "Eine Einstellung dieses Knotens ist falsch.",
        "Lassen Sie die genannte Einstellung berichtigen.",
    ),
    OriginUnavailable: (
        "Der Knoten der abgebenden Einrichtung antwortet nicht.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, rufen Sie dort an.",
    ),
    OriginPacsUnavailable: (
        "Das PACS der abgebenden Einrichtung antwortet nicht.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, rufen Sie die PACS-Administration dort an.",
    ),
    PacsUnavailable: (
        "Ihr PACS antwortet nicht oder weist diesen Knoten ab.",
        "Lassen Sie prüfen, ob das PACS läuft und den AE-Titel dieses Knotens kennt.",
    ),
    PacsRejectsNode: (
        "Ihr PACS weist diesen Knoten ab, und das ändert sich nicht von selbst.",
        "Lassen Sie im PACS AE-Titel und Adresse dieses Knotens eintragen; fordern Sie danach neu an.",
    ),
    OriginPacsRejectsNode: (
        "Das PACS der abgebenden Einrichtung weist seinen eigenen Knoten ab, und das ändert sich nicht von selbst.",
        "Rufen Sie dort an: Die PACS-Administration muss den Knoten eintragen; fordern Sie danach neu an.",
    ),
    PacsWithholds: (
        "Das PACS führt Bilder auf und schickt sie nicht.",
        "Lassen Sie im Protokoll des PACS nach dem genannten Status sehen.",
    ),
    SpoolDamaged: (
        "Ein Bild im Postausgang ist nicht lesbar: Seine Datei fehlt, ist beschädigt oder passt nicht zum Schlüssel.",
        "Lassen Sie Ablage und Schlüssel prüfen; ist die Datei verloren, senden Sie das Bild noch einmal.",
    ),
    SpoolFull: (
        "Der Postausgang nimmt keine Bilder mehr an.",
        "Senden oder verwerfen Sie, was dort wartet; das sendende Gerät behält, was nicht angenommen wurde.",
    ),
    TranscoderUnavailable: (
        "Dieser Knoten kann im Augenblick keine Bilder umwandeln.",
        "Lassen Sie Arbeitsspeicher und Installation des Knotens prüfen; es wird von selbst wieder versucht.",
    ),
    OriginPacsBusy: (
        "Das PACS der abgebenden Einrichtung ist gerade mit anderen Übertragungen beschäftigt.",
        "Warten Sie: Diese Übertragung kommt von selbst an die Reihe, Notfälle zuerst.",
    ),
    PacsBusy: (
        "Ihr PACS ist gerade mit anderen Übertragungen beschäftigt oder nimmt um diese Zeit keinen Vorabruf an.",
        "Warten Sie: Sie kommt von selbst an die Reihe, Notfälle zuerst. Sonst lassen Sie die Grenzen des PACS prüfen.",
    ),
    HubUnavailable: (
        "Die Vermittlungsstelle antwortet nicht.",
        "Warten Sie, und versuchen Sie es wieder; laufende Übertragungen gehen von selbst weiter.",
    ),
    RecordUnavailable: (
        "Die Patientenakte antwortet nicht.",
        "Warten Sie, und versuchen Sie es wieder; laufende Übertragungen gehen von selbst weiter.",
    ),
    CardUnavailable: (
        "Die Institutionskarte (SMC-B) kann nicht unterschreiben.",
        "Prüfen Sie, ob die Karte im Lesegerät steckt und ihre PIN freigeschaltet ist.",
    ),
    TiUnavailable: (
        "Ein Dienst der TI (Vertrauensliste, OCSP oder IDP) antwortet nicht, oder schickt, was nicht zu glauben ist.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, sagt die Seite „TI“, woran es liegt.",
    ),
    InsuranceCardUnavailable: (
        "Die Gesundheitskarte (eGK) ist nicht lesbar, oder sie weist nicht nach, dass sie hier ist.",
        "Stecken Sie die Karte in das Terminal dieses Arbeitsplatzes, und lesen Sie sie noch einmal.",
    ),
    StateUnavailable: (
        "Die Datenbank dieses Knotens antwortet nicht.",
        "Lassen Sie PostgreSQL prüfen; was nicht gespeichert war, wird von selbst wieder versucht.",
    ),
    TransferInterrupted: (
        "Die Verbindung zur abgebenden Einrichtung ist abgerissen.",
        "Warten Sie: Was fehlt, wird von selbst nachgefordert.",
    ),
    DocumentFault: (
        "Der Eintrag in der Akte ist nicht lesbar oder widerspricht sich.",
        "Melden Sie es der Einrichtung, die im Eintrag steht; sie muss ihn neu veröffentlichen.",
    ),
    InstanceFault: (
        "Ein Bild ist nicht lesbar oder nicht das, was es zu sein behauptet.",
        "Melden Sie die Übertragung der abgebenden Einrichtung; das Bild steht im Nachweis.",
    ),
    MessageFault: (
        "Eine Nachricht der Gegenseite hat nicht die richtige Form.",
        "Geben Sie Code und Kennung an die Gegenseite weiter.",
    ),
}

DETAILS: dict[str, str] = {
    Reason.INSTITUTION: "Die Einrichtung ist nicht als Teilnehmer eingetragen.",
    Reason.ROLE: "Einrichtungen dieser Art dürfen keine Bilder anfordern.",
    Reason.DESTINATION: "Das Ziel-PACS gehört laut Verzeichnis nicht zu dieser Einrichtung.",
    Reason.LINK: "Der Eintrag ist unbekannt oder für diese Einrichtung nicht bestimmt.",
    Reason.WITHDRAWN: "Der Eintrag wurde zurückgezogen oder ersetzt.",
    Reason.EXPIRED: "Der Eintrag ist abgelaufen.",
    Reason.STALE: "Der Eintrag wurde vor zu langer Zeit gelesen.",
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
}
"""What the details of `Denied`, `WrongPatient`, `SyntaxRefused` and `StoppedByPerson` mean.

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
