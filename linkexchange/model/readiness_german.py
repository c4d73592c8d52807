"""The chain to the TI in German; `readiness_words` says how it is read."""

from __future__ import annotations

from linkexchange.model.readiness import Reason, Step, Verdict

STEPS: dict[Step, str] = {
    Step.KONNEKTOR: "Konnektor",
    Step.CARD: "Karte (SMC-B)",
    Step.PIN: "PIN der Karte",
    Step.CARD_DATES: "Gültigkeit der Karte",
    Step.KONNEKTOR_DATES: "Gültigkeit des Konnektors",
    Step.TSL: "Vertrauensliste (TSL)",
    Step.CARD_TRUST: "Karte gegen die Vertrauensliste",
    Step.OCSP: "Karte nicht gesperrt (OCSP)",
    Step.IDP: "IDP-Dienst",
    Step.INFORMATION: "Aktensystem antwortet",
    Step.VAU: "Kanal ins Aktensystem (VAU)",
    Step.LOGIN: "Anmeldung am Aktensystem",
}

VERDICTS: dict[Verdict, str] = {
    Verdict.WELL: "in Ordnung",
    Verdict.WARNS: "bald zu tun",
    Verdict.FAILS: "gestört",
    Verdict.UNSEEN: "nicht geprüft",
}

UNSEEN = "zuerst: {earlier}"
UNTIL = "bis {day}"

SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.KONNEKTOR_SILENT: (
        "Der Konnektor antwortet nicht.",
        "Prüfen Sie, ob er läuft und ob Adresse und Port in den Einstellungen stimmen; danach das Netz dazwischen.",
    ),
    Reason.KONNEKTOR_TLS: (
        "Zum Konnektor kommt keine TLS-Verbindung zustande.",
        "Prüfen Sie das Zertifikat des Konnektors in den Einstellungen und das Client-Zertifikat, das er verlangt.",
    ),
    Reason.KONNEKTOR_NONE: (
        "Unter der Adresse des Konnektors antwortet kein Konnektor, oder einer, der gerade startet.",
        "Warten Sie fünf Minuten; prüfen Sie dann die Adresse in den Einstellungen.",
    ),
    Reason.KONNEKTOR_ACCESS: (
        "Der Konnektor lässt diesen Knoten nicht zu.",
        "Prüfen Sie Benutzer und Kennwort oder das Client-Zertifikat dieses Clientsystems, im Konnektor und hier.",
    ),
    Reason.KONNEKTOR_SERVICES: (
        "Der Konnektor bietet einen nötigen Dienst nicht an, oder in keiner Version, die hier gesprochen wird.",
        "Prüfen Sie Firmware und Lizenz; aktualisieren Sie den Konnektor oder diese Software.",
    ),
    Reason.KONNEKTOR_CLEAR_TEXT: (
        "Das Dienstverzeichnis des Konnektors nennt eine Adresse ohne TLS; sie wird nicht benutzt.",
        "Schalten Sie im Konnektor TLS ein.",
    ),
    Reason.KONNEKTOR_OTHER_HOST: (
        "Das Dienstverzeichnis des Konnektors nennt einen anderen Rechner als den, der gefragt wurde.",
        "Tragen Sie diesen Rechner als Adresse ein, oder lassen Sie Adressen umschreiben (TI-Gateway, NAT).",
    ),
    Reason.KONNEKTOR_ANSWER: (
        "Der Konnektor schickt etwas, das nicht seinem Schema folgt.",
        "Prüfen Sie, was dazwischen steht; sonst melden Sie beiden Herstellern Version und Beleg.",
    ),
    Reason.KONNEKTOR_REQUEST: (
        "Der Konnektor versteht eine Anfrage dieser Software nicht.",
        "Melden Sie dem Hersteller dieser Software den Code und die Version des Konnektors.",
    ),
    Reason.KONNEKTOR_CONFIGURATION: (
        "Mandant, Clientsystem, Arbeitsplatz, Kartenterminal und Karte passen im Konnektor nicht zusammen.",
        "Vergleichen Sie das Informationsmodell des Konnektors mit den Einstellungen; der Code sagt, was nicht passt.",
    ),
    Reason.KONNEKTOR_BUSY: (
        "Karte oder Terminal sind gerade mit etwas anderem beschäftigt.",
        "Prüfen Sie noch einmal; bleibt es dabei, sehen Sie nach, welches Programm die Karte belegt.",
    ),
    Reason.KONNEKTOR_FAILED: (
        "Der Konnektor meldet einen eigenen Fehler.",
        "Sehen Sie nach Betriebszustand und Protokoll; der Code steht im Handbuch. Sonst starten Sie ihn neu.",
    ),
    Reason.KONNEKTOR_EXPIRED: (
        "Das Zertifikat des Konnektors ist seit {until} abgelaufen.",
        "Lassen Sie die Zertifikate des Konnektors verlängern oder das Gerät tauschen.",
    ),
    Reason.KONNEKTOR_ENDS_TONIGHT: (
        "Das Zertifikat des Konnektors läuft am {until} ab, noch vor der nächsten Prüfung.",
        "Lassen Sie die Zertifikate des Konnektors sofort verlängern oder das Gerät tauschen.",
    ),
    Reason.KONNEKTOR_ENDS_SOON: (
        "Das Zertifikat des Konnektors läuft am {until} ab.",
        "Lassen Sie die Zertifikate des Konnektors vorher verlängern oder das Gerät tauschen.",
    ),
    Reason.KONNEKTOR_DATES_UNKNOWN: (
        "Der Konnektor sagt nicht, wie lange sein eigenes Zertifikat gilt.",
        "Sehen Sie in der Verwaltung des Konnektors nach; sonst hängt nichts an dieser Antwort.",
    ),
    Reason.CARD_MISSING: (
        "Es steckt keine Institutionskarte (SMC-B).",
        "Stecken Sie die SMC-B; steckt sie, geben Sie sie im Konnektor für dieses Clientsystem frei.",
    ),
    Reason.CARD_AMBIGUOUS: (
        "Es stecken mehrere Institutionskarten, und keine ist ausgewählt.",
        "Nennen Sie die Karte in den Einstellungen des Knotens mit ihrer ICCSN.",
    ),
    Reason.CARD_UNUSABLE: (
        "Die Karte steckt und lässt sich nicht benutzen.",
        "Sehen Sie nach dem Terminal, und stecken Sie die Karte neu; bleibt es dabei, ist sie zu tauschen.",
    ),
    Reason.CARD_WITHOUT_CERTIFICATE: (
        "Die Karte hat kein Zertifikat auf der elliptischen Kurve der TI (brainpoolP256r1).",
        "Bestellen Sie eine neue SMC-B: Diese ist von einer älteren Generation.",
    ),
    Reason.CARD_SIGNATURE: (
        "Die Signatur der Karte passt nicht zu ihrem Zertifikat.",
        "Prüfen Sie, ob die Karte eben getauscht wurde; sonst melden Sie es dem Hersteller des Konnektors.",
    ),
    Reason.PIN_NOT_VERIFIED: (
        (
            "Die PIN der Karte ist nicht freigeschaltet: Die Karte signiert nicht. So ist es nach jedem Neustart des "
            "Konnektors."
        ),
        (
            "Lassen Sie PIN.SMC am Kartenterminal eingeben (Konnektor: PIN prüfen). Was wartet, geht dann von selbst "
            "weiter."
        ),
    ),
    Reason.PIN_TRANSPORT: (
        "Die Karte hat noch die PIN, mit der sie geliefert wurde.",
        "Ändern Sie die Transport-PIN am Terminal in eine eigene, und schalten Sie sie frei.",
    ),
    Reason.PIN_BLOCKED: (
        "Die PIN der Karte ist gesperrt.",
        "Entsperren Sie sie mit der PUK in der Verwaltung des Konnektors, und schalten Sie sie frei.",
    ),
    Reason.CARD_EXPIRED: (
        "Das Zertifikat der Karte ist seit {until} abgelaufen.",
        "Stecken Sie die neue SMC-B, und schalten Sie ihre PIN frei; gibt es keine, bestellen Sie sie.",
    ),
    Reason.CARD_NOT_YET_VALID: (
        "Das Zertifikat der Karte gilt noch nicht.",
        "Prüfen Sie die Uhr dieses Rechners; nehmen Sie die alte Karte, bis die neue gilt.",
    ),
    Reason.CARD_ENDS_TONIGHT: (
        "Das Zertifikat der Karte läuft am {until} ab, noch vor der nächsten Prüfung.",
        "Stecken Sie heute noch die neue SMC-B, und schalten Sie ihre PIN frei.",
    ),
    Reason.CARD_ENDS_SOON: (
        "Das Zertifikat der Karte läuft am {until} ab.",
        "Bestellen Sie jetzt eine neue SMC-B: Das dauert einige Wochen.",
    ),
    Reason.CARD_FOREIGN: (
        "Die Vertrauensliste kennt die CA nicht, die die Karte ausgestellt hat.",
        "Prüfen Sie, ob Karte und Vertrauensliste zu einer Umgebung gehören: Eine Testkarte gilt nicht im Echtbetrieb.",
    ),
    Reason.CARD_OF_NO_INSTITUTION: (
        "Das Zertifikat der Karte ist nicht das einer Einrichtung (C.HCI.AUT).",
        "Stecken Sie eine SMC-B; ist es eine, melden Sie ihrem Herausgeber den Beleg.",
    ),
    Reason.CARD_OF_ANOTHER: (
        "Die Karte gehört einer anderen Einrichtung als dieser Knoten.",
        (
            "Stecken Sie die Karte zur eingestellten Telematik-ID, nennen Sie ihre ICCSN, oder berichtigen Sie die "
            "Einstellung."
        ),
    ),
    Reason.CARD_REVOKED: (
        "Das Zertifikat der Karte ist gesperrt.",
        "Fragen Sie den Herausgeber der Karte nach dem Grund, und stecken Sie eine neue SMC-B.",
    ),
    Reason.CARD_UNKNOWN: (
        "Der Herausgeber der Karte kennt ihr Zertifikat nicht, wie bei einer Karte, die nie freigeschaltet wurde.",
        "Schalten Sie die Karte im Portal ihres Herausgebers frei, und prüfen Sie noch einmal.",
    ),
    Reason.TSL_SILENT: (
        "Die Vertrauensliste lässt sich nicht abrufen. Die bekannte gilt nur bis zu ihrem Ende.",
        "Prüfen Sie ihre Adresse in den Einstellungen und den Weg in die TI. Es wird von selbst wieder versucht.",
    ),
    Reason.TSL_REFUSED: (
        "Was unter der Adresse der Vertrauensliste liegt, ist nicht anzunehmen.",
        "Prüfen Sie die Adresse in den Einstellungen; stimmt sie, melden Sie dem Betreiber der TI den Beleg.",
    ),
    Reason.TSL_ANCHOR: (
        "Die Vertrauensliste ist unter einem Vertrauensanker signiert, der hier fehlt.",
        "Tragen Sie den Vertrauensanker (TSL-CA) dieser Umgebung ein, nach einem Wechsel den neuen.",
    ),
    Reason.TSL_EXPIRED: (
        "Die Vertrauensliste ist seit {until} abgelaufen: Niemandem in der TI lässt sich trauen.",
        "Prüfen Sie, warum keine neuere kommt: Adresse, Weg in die TI und die Uhr dieses Rechners.",
    ),
    Reason.TSL_ENDS_TONIGHT: (
        "Die Vertrauensliste läuft am {until} ab, noch vor der nächsten Prüfung, und es gibt keine neuere.",
        "Prüfen Sie, ob die Adresse die der neuesten Liste ist; ist sie es, melden Sie es dem Betreiber der TI.",
    ),
    Reason.TSL_ENDS_SOON: (
        "Die Vertrauensliste läuft am {until} ab, und es gibt keine neuere.",
        "Prüfen Sie, ob die Adresse die der neuesten Liste ist; eine neue kommt einige Tage vorher.",
    ),
    Reason.TSL_WITHOUT_CA: (
        "Die Vertrauensliste nennt keine CA für das, was zu prüfen ist.",
        "Prüfen Sie, ob es die Liste der richtigen Umgebung ist; ist sie es, melden Sie es dem Betreiber der TI.",
    ),
    Reason.OCSP_SILENT: (
        "Niemand sagt, ob Zertifikate gesperrt sind: Der OCSP-Dienst antwortet nicht.",
        "Prüfen Sie den Weg in die TI und die Adresse des Dienstes, wo eine eingestellt ist. Es wird wieder versucht.",
    ),
    Reason.OCSP_REFUSED: (
        "Die Antwort des OCSP-Dienstes beweist nichts.",
        "Prüfen Sie seine Adresse, wo eine eingestellt ist; stimmt sie, melden Sie dem Betreiber der TI den Beleg.",
    ),
    Reason.CLOCK: (
        "Die Uhr dieses Rechners und die der TI gehen auseinander.",
        "Stellen Sie die Uhr dieses Rechners mit NTP; die TI erlaubt 37,5 Sekunden.",
    ),
    Reason.IDP_SILENT: (
        "Der IDP-Dienst antwortet nicht.",
        "Prüfen Sie den Weg dorthin und seine Adresse in den Einstellungen; danach die Meldungen seines Betreibers.",
    ),
    Reason.IDP_NOT_PROVEN: (
        "Was der IDP-Dienst schickt, ist nicht zu glauben.",
        (
            "Prüfen Sie Adresse, Aussteller und Umgebung des IDP in den Einstellungen; stimmen sie, melden Sie es dem "
            "Betreiber."
        ),
    ),
    Reason.IDP_REQUEST: (
        "Der IDP-Dienst versteht eine Anfrage dieser Software nicht, oder das Aktensystem hat eine falsche geschickt.",
        "Melden Sie dem Hersteller dieser Software den Code.",
    ),
    Reason.IDP_REGISTRATION: (
        "Der IDP-Dienst kennt das Aktensystem oder diese Software nicht.",
        "Vergleichen Sie Registrierung und Umgebung (PU, RU, TU).",
    ),
    Reason.IDP_CARD: (
        "Der IDP-Dienst nimmt das Zertifikat der Karte nicht an.",
        "Prüfen Sie Laufzeit und Sperrung der SMC-B, und ob Karte und IDP zu einer Umgebung gehören.",
    ),
    Reason.IDP_LATE: (
        "Die Anmeldung am IDP-Dienst hat zu lange gedauert oder wurde wiederholt.",
        "Prüfen Sie noch einmal; bleibt es dabei, prüfen Sie die Uhr dieses Rechners und die Last des Konnektors.",
    ),
    Reason.IDP_FAILED: (
        "Der IDP-Dienst meldet einen eigenen Fehler.",
        "Warten Sie: Es wird von selbst wieder versucht. Sonst nennen Sie dem Betreiber Code und Nummer.",
    ),
    Reason.RECORD_SILENT: (
        "Das Aktensystem {subject} antwortet nicht.",
        "Prüfen Sie den Weg dorthin; danach die Meldungen seines Betreibers. Es wird von selbst wieder versucht.",
    ),
    Reason.RECORD_ANSWER: (
        "Unter der Adresse des Aktensystems {subject} antwortet keines, oder eines mit einer anderen Version.",
        "Prüfen Sie die Adresse in den Einstellungen; stimmt sie, melden Sie dem Betreiber den Beleg.",
    ),
    Reason.RECORD_REFUSED: (
        "Das Aktensystem {subject} verweigert eine Auskunft, die es jedem gibt.",
        "Melden Sie dem Betreiber den Code.",
    ),
    Reason.VAU_SILENT: (
        "Die vertrauenswürdige Umgebung (VAU) des Aktensystems {subject} antwortet nicht.",
        "Warten Sie: Es wird von selbst wieder versucht. Bleibt es dabei, melden Sie es dem Betreiber.",
    ),
    Reason.VAU_NOT_PROVEN: (
        (
            "Die vertrauenswürdige Umgebung (VAU) des Aktensystems {subject} kann sich nicht ausweisen: Es wird nichts "
            "dorthin geschickt."
        ),
        "Prüfen Sie, ob Aktensystem und Vertrauensliste zu einer Umgebung gehören; sonst melden Sie es dem Betreiber.",
    ),
    Reason.VAU_REFUSED: (
        "Die vertrauenswürdige Umgebung (VAU) des Aktensystems {subject} lehnt den Kanal ab oder stört ihn.",
        "Melden Sie den Beleg dem Betreiber und dem Hersteller dieser Software.",
    ),
    Reason.LOGIN_REFUSED: (
        "Das Aktensystem {subject} lässt diese Einrichtung nicht hinein.",
        "Melden Sie dem Betreiber Schritt und Code.",
    ),
    Reason.LOGIN_ROLE: (
        "Das Aktensystem {subject} lässt Einrichtungen dieser Art nicht hinein.",
        "Prüfen Sie, ob es die richtige Karte ist: Ihre Rolle (professionOID) muss die ePA benutzen dürfen.",
    ),
    Reason.LOGIN_OTHER: (
        "In diesem Kanal zum Aktensystem {subject} ist eine andere Einrichtung angemeldet.",
        "Starten Sie den Knoten neu; kommt es wieder, melden Sie es dem Hersteller dieser Software.",
    ),
    Reason.LOGIN_ANSWER: (
        "Das Aktensystem {subject} antwortet auf eine Anmeldung anders, als es muss.",
        "Melden Sie den Schritt dem Betreiber und dem Hersteller dieser Software.",
    ),
}
"""What is wrong, and what to do."""
