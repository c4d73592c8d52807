"""The chain to the TI in English; `readiness_words` says how it is read."""

from __future__ import annotations

from linkexchange.model.readiness import Reason, Step, Verdict

STEPS: dict[Step, str] = {
    Step.KONNEKTOR: "Konnektor",
    Step.CARD: "Card (SMC-B)",
    Step.PIN: "PIN of the card",
    Step.CARD_DATES: "Validity of the card",
    Step.KONNEKTOR_DATES: "Validity of the Konnektor",
    Step.TSL: "Trust list (TSL)",
    Step.CARD_TRUST: "Card against the trust list",
    Step.OCSP: "Card not revoked (OCSP)",
    Step.IDP: "IDP",
    Step.INFORMATION: "Record system answers",
    Step.VAU: "Channel into the record system (VAU)",
    Step.LOGIN: "Login at the record system",
}

VERDICTS: dict[Verdict, str] = {
    Verdict.WELL: "well",
    Verdict.WARNS: "warns",
    Verdict.FAILS: "fails",
    Verdict.UNSEEN: "not looked at",
}

UNSEEN = "first: {earlier}"
UNTIL = "until {day}"

SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.KONNEKTOR_SILENT: (
        "The Konnektor does not answer.",
        "Check that it runs, and that its address and port are those of the settings; then the network in between.",
    ),
    Reason.KONNEKTOR_TLS: (
        "There is no TLS connection to the Konnektor.",
        "Check the certificate of the Konnektor in the settings, and the client certificate that it asks for.",
    ),
    Reason.KONNEKTOR_NONE: (
        "What answers at the address of the Konnektor is no Konnektor, or one that is just starting.",
        "Wait five minutes; then check the address in the settings.",
    ),
    Reason.KONNEKTOR_ACCESS: (
        "The Konnektor does not let this node in.",
        "Check user and password, or the client certificate, of this client system in Konnektor and settings.",
    ),
    Reason.KONNEKTOR_SERVICES: (
        "The Konnektor does not offer a service that is needed, or in no version that is spoken here.",
        "Check its firmware and its licence; update it, or this software.",
    ),
    Reason.KONNEKTOR_CLEAR_TEXT: (
        "The service directory of the Konnektor names an address without TLS, which is not called.",
        "Switch TLS on in the Konnektor.",
    ),
    Reason.KONNEKTOR_OTHER_HOST: (
        "The service directory of the Konnektor names another host than the one that was asked.",
        "Set that host as the address of the Konnektor, or switch the rewriting of endpoints on (TI-Gateway, NAT).",
    ),
    Reason.KONNEKTOR_ANSWER: (
        "The Konnektor sends something that does not follow its schema.",
        "Check what stands between Konnektor and node; else tell the makers of both the version and the detail.",
    ),
    Reason.KONNEKTOR_REQUEST: (
        "The Konnektor does not understand a request of this software.",
        "Tell the maker of this software the code and the version of the Konnektor.",
    ),
    Reason.KONNEKTOR_CONFIGURATION: (
        "Mandant, client system, workplace, terminal and card do not go together in the Konnektor.",
        "Compare the infrastructure model of the Konnektor with the settings of the node; the code says what is wrong.",
    ),
    Reason.KONNEKTOR_BUSY: (
        "Card or terminal serve somebody else at the moment.",
        "Walk the chain again; if it lasts, look which program keeps the card.",
    ),
    Reason.KONNEKTOR_FAILED: (
        "The Konnektor reports a fault of its own.",
        "Look at its operating state and its log; the code stands in its manual. Restart it if nothing else helps.",
    ),
    Reason.KONNEKTOR_EXPIRED: (
        "The certificate of the Konnektor has ended on {until}.",
        "Have the certificates of the Konnektor renewed, or the Konnektor exchanged.",
    ),
    Reason.KONNEKTOR_ENDS_TONIGHT: (
        "The certificate of the Konnektor ends on {until}, before the chain is walked again.",
        "Have the certificates of the Konnektor renewed at once, or the Konnektor exchanged.",
    ),
    Reason.KONNEKTOR_ENDS_SOON: (
        "The certificate of the Konnektor ends on {until}.",
        "Have the certificates of the Konnektor renewed before, or the Konnektor exchanged.",
    ),
    Reason.KONNEKTOR_DATES_UNKNOWN: (
        "The Konnektor does not say how long its own certificate lasts.",
        "Look it up in the administration of the Konnektor; nothing else depends on this answer.",
    ),
    Reason.CARD_MISSING: (
        "No card of the institution (SMC-B) is there.",
        "Insert the SMC-B into its terminal; if it is in, release it for this client system in the Konnektor.",
    ),
    Reason.CARD_AMBIGUOUS: (
        "There is more than one card of an institution, and none is chosen.",
        "Name the card by its ICCSN in the settings of the node.",
    ),
    Reason.CARD_UNUSABLE: (
        "The card is there and cannot be used.",
        "Look at the terminal and its connection, and insert the card again; a card that stays so is exchanged.",
    ),
    Reason.CARD_WITHOUT_CERTIFICATE: (
        "The card has no certificate on the elliptic curve of the TI (brainpoolP256r1).",
        "Order a new SMC-B: this one is of an older generation.",
    ),
    Reason.CARD_SIGNATURE: (
        "The signature of the card does not fit its certificate.",
        "Check whether the card was exchanged just now; else tell the maker of the Konnektor.",
    ),
    Reason.PIN_NOT_VERIFIED: (
        "The PIN of the card is not verified: the card does not sign. Each restart of the Konnektor takes it back.",
        "Have PIN.SMC entered at the card terminal (Konnektor: verify PIN). What waits then goes on by itself.",
    ),
    Reason.PIN_TRANSPORT: (
        "The card still has the PIN that it was delivered with.",
        "Change the transport PIN into a PIN of your own at the terminal, then verify it.",
    ),
    Reason.PIN_BLOCKED: (
        "The PIN of the card is blocked.",
        "Unblock it with the PUK in the administration of the Konnektor, then verify it.",
    ),
    Reason.CARD_EXPIRED: (
        "The certificate of the card has ended on {until}.",
        "Insert the new SMC-B and verify its PIN; order one if there is none.",
    ),
    Reason.CARD_NOT_YET_VALID: (
        "The certificate of the card does not hold yet.",
        "Check the clock of this machine; use the old card until the new one holds.",
    ),
    Reason.CARD_ENDS_TONIGHT: (
        "The certificate of the card ends on {until}, before the chain is walked again.",
        "Insert the new SMC-B today and verify its PIN.",
    ),
    Reason.CARD_ENDS_SOON: (
        "The certificate of the card ends on {until}.",
        "Order a new SMC-B now: it takes some weeks.",
    ),
    Reason.CARD_FOREIGN: (
        "The trust list does not know the CA that has issued the card.",
        "Check that card and trust list are of one environment: a test card is none of the production environment.",
    ),
    Reason.CARD_OF_NO_INSTITUTION: (
        "The certificate of the card is not that of an institution (C.HCI.AUT).",
        "Insert an SMC-B; if it is one, tell its issuer the detail.",
    ),
    Reason.CARD_OF_ANOTHER: (
        "The card is that of another institution than the one of this node.",
        "Insert the card whose Telematik-ID stands in the settings, name it by its ICCSN, or correct the setting.",
    ),
    Reason.CARD_REVOKED: (
        "The certificate of the card is revoked.",
        "Ask the issuer of the card why, and insert a new SMC-B.",
    ),
    Reason.CARD_UNKNOWN: (
        "The issuer of the card does not know its certificate, as of a card that was never activated.",
        "Activate the card in the portal of its issuer; then walk the chain again.",
    ),
    Reason.TSL_SILENT: (
        "The trust list cannot be fetched. The one that is known holds until its own end, and no longer.",
        "Check the address of the trust list in the settings and the way into the TI. It is tried again by itself.",
    ),
    Reason.TSL_REFUSED: (
        "What lies at the address of the trust list is not taken.",
        "Check the address in the settings; if it is right, tell the operator of the TI the detail.",
    ),
    Reason.TSL_ANCHOR: (
        "The trust list is signed under a trust anchor that is not set here.",
        "Set the trust anchor (TSL-CA) of this environment; after a change of the anchor, the new one.",
    ),
    Reason.TSL_EXPIRED: (
        "The trust list has ended on {until}: nobody in the TI can be believed.",
        "Check why no newer list is fetched: address, way into the TI, and the clock of this machine.",
    ),
    Reason.TSL_ENDS_TONIGHT: (
        "The trust list ends on {until}, before the chain is walked again, and there is no newer one.",
        "Check whether the address is that of the newest list; if it is, tell the operator of the TI.",
    ),
    Reason.TSL_ENDS_SOON: (
        "The trust list ends on {until}, and there is no newer one.",
        "Check whether the address is that of the newest list; a new one comes some days before.",
    ),
    Reason.TSL_WITHOUT_CA: (
        "The trust list names no CA for what has to be proven.",
        "Check that the list is that of the right environment; if it is, tell the operator of the TI.",
    ),
    Reason.OCSP_SILENT: (
        "Nobody says whether certificates are revoked: the OCSP responder does not answer.",
        "Check the way into the TI and the address of the responder, where one is set. It is tried again by itself.",
    ),
    Reason.OCSP_REFUSED: (
        "The answer of the OCSP responder proves nothing.",
        "Check the address of the responder, where one is set; if it is right, tell the operator of the TI the detail.",
    ),
    Reason.CLOCK: (
        "The clock of this machine and that of the TI lie apart.",
        "Set the clock of this machine by NTP; the TI allows 37.5 seconds.",
    ),
    Reason.IDP_SILENT: (
        "The IDP does not answer.",
        "Check the way to it and its address in the settings; then the messages of its operator.",
    ),
    Reason.IDP_NOT_PROVEN: (
        "What the IDP sends cannot be believed.",
        "Check address, issuer and environment of the IDP in the settings; if they are right, tell its operator.",
    ),
    Reason.IDP_REQUEST: (
        "The IDP does not understand a request of this software, or the record system has sent a wrong one.",
        "Tell the maker of this software the code.",
    ),
    Reason.IDP_REGISTRATION: (
        "The IDP does not know the record system or this software as a client.",
        "Compare registration and environment (PU, RU, TU).",
    ),
    Reason.IDP_CARD: (
        "The IDP does not accept the certificate of the card.",
        "Check whether the SMC-B has ended or is revoked, and whether card and IDP are of one environment.",
    ),
    Reason.IDP_LATE: (
        "The login at the IDP took too long, or was repeated.",
        "Walk the chain again; if it lasts, check the clock of this machine and the load of the Konnektor.",
    ),
    Reason.IDP_FAILED: (
        "The IDP reports a fault of its own.",
        "Wait: it is tried again by itself. If it lasts, tell its operator the code and the number beside it.",
    ),
    Reason.RECORD_SILENT: (
        "The record system {subject} does not answer.",
        "Check the way to it; then the messages of its operator. It is tried again by itself.",
    ),
    Reason.RECORD_ANSWER: (
        "What answers at the address of the record system {subject} is none, or one of another version.",
        "Check its address in the settings; if it is right, tell its operator the detail.",
    ),
    Reason.RECORD_REFUSED: (
        "The record system {subject} refuses a question that everybody may ask.",
        "Tell its operator the code.",
    ),
    Reason.VAU_SILENT: (
        "The trusted environment (VAU) of the record system {subject} does not answer.",
        "Wait: it is tried again by itself. If it lasts, tell its operator.",
    ),
    Reason.VAU_NOT_PROVEN: (
        "The trusted environment (VAU) of the record system {subject} cannot prove what it is: nothing is sent there.",
        "Check that record system and trust list are of one environment; if they are, tell its operator the detail.",
    ),
    Reason.VAU_REFUSED: (
        "The trusted environment (VAU) of the record system {subject} refuses the channel, or spoils it.",
        "Tell its operator the detail, and the maker of this software.",
    ),
    Reason.LOGIN_REFUSED: (
        "The record system {subject} does not let this institution in.",
        "Tell its operator the step and the code.",
    ),
    Reason.LOGIN_ROLE: (
        "The record system {subject} lets no institutions of this kind in.",
        "Check whether the card is the right one: its role (professionOID) must be one that may use the ePA.",
    ),
    Reason.LOGIN_OTHER: (
        "In this channel to the record system {subject} another institution is logged in.",
        "Restart the node; if it comes back, tell the maker of this software.",
    ),
    Reason.LOGIN_ANSWER: (
        "The record system {subject} answers a login other than it has to.",
        "Tell its operator the step, and the maker of this software.",
    ),
}
"""What is wrong, and what to do."""
