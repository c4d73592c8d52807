"""German words for requests for a release: their kinds, where they stand, and why a person must decide."""

from __future__ import annotations

from linkexchange.model.access import Basis
from linkexchange.model.letting import Hold
from linkexchange.model.release_request import Kind
from linkexchange.model.released import Standing

KINDS: dict[Kind, str] = {
    Kind.SECOND_OPINION: "Zweitmeinung",
    Kind.TELERADIOLOGY: "Teleradiologie",
    Kind.NO_RECORD: "keine ePA",
    Kind.EMERGENCY: "Notfall",
}
STANDINGS: dict[Standing, str] = {
    Standing.UNSENT: "noch nicht zugestellt",
    Standing.OPEN: "offen",
    Standing.RELEASED: "freigegeben",
    Standing.REFUSED: "abgelehnt",
    Standing.FAILED: "nicht angenommen",
    Standing.ENDED: "beendet",
}
CHIPS: dict[Standing, str] = {
    Standing.UNSENT: "waiting",
    Standing.OPEN: "waiting",
    Standing.RELEASED: "complete",
    Standing.REFUSED: "failed",
    Standing.FAILED: "failed",
    Standing.ENDED: "stopped",
}
"""The colour of each."""
BASES: dict[Basis, str] = {
    Basis.RULE: "nach der Regel",
    Basis.PERSON: "durch",
    Basis.EMERGENCY: "im Notfall nach der Regel",
}
HOLDS: dict[str, str] = {
    "": "Wird gerade geprüft.",
    Hold.UNKNOWN_PATIENT: "Diese Person kennt unser Patientenverzeichnis nicht.",
    Hold.AMBIGUOUS_PATIENT: "Unter diesem Namen und Geburtsdatum kennt unser Verzeichnis mehr als eine Person.",
    Hold.PATIENT_DIFFERS: "Zu dieser KVNR steht in unserem Verzeichnis ein anderer Name oder Geburtstag.",
    Hold.NO_KVNR: "Unser Verzeichnis kennt die Person, aber nicht ihre KVNR.",
    Hold.DOUBT: "Die Bilder lassen sich der Person oder der Anfrage nicht sicher zuordnen.",
    Hold.NO_STUDY: "Im PACS liegt von dieser Person nichts, was zur Anfrage passt.",
    Hold.SEVERAL: "Mehrere Studien passen zur Anfrage; freigegeben wird eine.",
    Hold.WITHHELD: "Diese Studie halten unsere Regeln oder ein Widerspruch aus Akten heraus.",
    Hold.NO_RULE: "Keine Regel gibt das von selbst frei.",
}
"""Why a request waits for a person. The requester never reads it."""
