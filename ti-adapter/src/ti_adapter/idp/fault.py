"""The IDP's own error codes (`gematik_code`): whose fault each is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Who has to act."""

    SOFTWARE = "software"
    SITE = "site"
    IDP = "idp"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, in German and in English; `again` says whether a new login may succeed without any of it."""

    whose: Whose
    german: str
    english: str
    again: bool = False


_REQUEST = Advice(
    Whose.SOFTWARE,
    "Die Software hat eine Anfrage gestellt, die der IDP nicht versteht. Bitte dem Hersteller mit dem Code melden.",
    "The software has sent a request that the IDP does not understand. Report the code to its maker.",
)
_REGISTRATION = Advice(
    Whose.SITE,
    "Der IDP kennt client_id, redirect_uri oder scope nicht. Registrierung und Umgebung (PU, RU, TU) vergleichen.",
    "The IDP does not know client_id, redirect_uri or scope. Compare registration and environment (PU, RU, TU).",
)
_CARD = Advice(
    Whose.SITE,
    "Der IDP nimmt das Zertifikat der Karte nicht an. Laufzeit und Sperrung der SMC-B und die Umgebung prüfen.",
    "The IDP does not accept the card's certificate. Check whether the SMC-B has expired or is revoked, and the "
    "environment.",
)
_SIGNATURE = Advice(
    Whose.SITE,
    "Die Signatur der Karte passt nicht zu ihrem Zertifikat. Karten-Handle und Mandant im Konnektor prüfen.",
    "The card's signature does not fit its certificate. Check the card handle and the mandant in the Konnektor.",
)
_LATE = Advice(
    Whose.NOBODY,
    "Die Anmeldung hat zu lange gedauert oder wurde wiederholt. Neu anmelden; bleibt es dabei, die Uhrzeit prüfen.",
    "The login took too long, or was repeated. Log in again; if this stays so, check the clock.",
    again=True,
)
_SERVER = Advice(
    Whose.IDP,
    "Der IDP hat einen inneren Fehler. Später erneut versuchen; bleibt es dabei, dem Betreiber die UUID nennen.",
    "The IDP has an internal error. Try again later; if this stays so, tell its operator the UUID.",
    again=True,
)
_TURNED_AWAY = Advice(
    Whose.SOFTWARE,
    "Der IDP weist die Software ab und nennt keinen Code: Ihr User-Agent fehlt oder ist gesperrt, oder ihre Anfrage "
    "ist unlesbar. Bitte dem Hersteller melden.",
    "The IDP turns the software away and names no code: its user agent is missing or blocked, or its request cannot be "
    "read. Report it to its maker.",
)
_UNKNOWN = Advice(
    Whose.IDP,
    "Der IDP nennt einen Code, den diese Version nicht kennt. Dem Betreiber Code und UUID nennen.",
    "The IDP names a code that this version does not know. Tell its operator the code and the UUID.",
)

ADVICE: dict[str, Advice] = {
    **dict.fromkeys(("1002", "1004", "1005", "1022", "2000", "2002", "2004", "2005", "2006", "2007"), _REQUEST),
    **dict.fromkeys(("2008", "2009", "2010", "2030", "2031", "2040", "2044", "3000", "3001", "3004"), _REQUEST),
    **dict.fromkeys(("3006", "3013", "3014", "3015", "3016"), _REQUEST),
    **dict.fromkeys(("1020", "1030", "2012", "3007"), _REGISTRATION),
    **dict.fromkeys(("1500", "2100"), _SERVER),
    "-1": _TURNED_AWAY,
    "2013": _SIGNATURE,
    "2020": _CARD,
    **dict.fromkeys(("2032", "3005", "3011"), _LATE),
}
"""Every code of a login that the reference server has, in its configuration or in its code (idp-server 30.0.11).

-1 is what it says where it has none.
"""


def advice_for(code: str) -> Advice:
    """What to do about a code; one for codes that are not listed too."""
    return ADVICE.get(code, _UNKNOWN)
