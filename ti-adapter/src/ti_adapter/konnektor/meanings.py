"""What gematik's error codes mean for us: the family, a reason, and what the administrator does.

Data, not logic: which codes a product gives in which version is not certain (4085, 4101 and 4204 are seen in public
code, the others are gemSpec_Kon as remembered), so a client takes the table as a parameter, and a code that is not in
it is `KonnektorFailed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ti_adapter.konnektor.errors import (
    CardUnusable,
    ConfigurationRefused,
    HandleOutdated,
    KonnektorBusy,
    KonnektorFailed,
    KonnektorFault,
    PinRequired,
    RequestRefused,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code: which error it becomes, under which reason, with which advice."""

    kind: type[KonnektorFault]
    reason: str
    advice: str


Meanings = Mapping[int, Meaning]

MEANINGS: Final[Meanings] = {
    4000: Meaning(RequestRefused, "syntax", "Report this: the Konnektor does not understand the request."),
    4001: Meaning(KonnektorFailed, "internal", "Look into the log of the Konnektor; restart it if this goes on."),
    4002: Meaning(KonnektorFailed, "critical-state", "Look at the operating state of the Konnektor and clear it."),
    4003: Meaning(ConfigurationRefused, "user-missing", "Name the user (UserId) in the context of this client."),
    4004: Meaning(ConfigurationRefused, "mandant-unknown", "Set up the Mandant in the Konnektor, or correct its id."),
    4005: Meaning(ConfigurationRefused, "client-system-unknown", "Set up the Clientsystem, or correct its id."),
    4006: Meaning(ConfigurationRefused, "workplace-unknown", "Set up the Arbeitsplatz, or correct its id."),
    4007: Meaning(ConfigurationRefused, "terminal-unknown", "Set up the card terminal, or correct its id."),
    4008: Meaning(CardUnusable, "card-not-inserted", "Insert the card and look at the card terminal."),
    4009: Meaning(ConfigurationRefused, "card-not-managed", "Enter the SMC-B in the infrastructure model."),
    4010: Meaning(ConfigurationRefused, "client-system-of-mandant", "Assign the Clientsystem to the Mandant."),
    4011: Meaning(ConfigurationRefused, "workplace-of-mandant", "Assign the Arbeitsplatz to the Mandant."),
    4012: Meaning(ConfigurationRefused, "terminal-of-mandant", "Assign the card terminal to the Mandant."),
    4013: Meaning(ConfigurationRefused, "card-of-mandant", "Assign the SMC-B to the Mandant."),
    4014: Meaning(ConfigurationRefused, "workplace-of-client-system", "Assign the Arbeitsplatz to the Clientsystem."),
    4015: Meaning(ConfigurationRefused, "terminal-of-workplace", "Assign the card terminal to the Arbeitsplatz."),
    4043: Meaning(PinRequired, "pin-entry-time-out", "Verify the PIN again and enter it at the terminal in time."),
    4047: Meaning(HandleOutdated, "card-handle-outdated", "Insert the card again if this goes on."),
    4049: Meaning(PinRequired, "pin-entry-cancelled", "Verify the PIN again; somebody has cancelled the entry."),
    4051: Meaning(CardUnusable, "card-type", "Insert an SMC-B: the card is one of another kind."),
    4060: Meaning(KonnektorBusy, "resource-busy", "Wait: terminal or card serve somebody else."),
    4063: Meaning(PinRequired, "pin-blocked", "Unblock the PIN with the PUK in the administration of the Konnektor."),
    4065: Meaning(PinRequired, "pin-transport", "Change the transport PIN of the card into a PIN of your own."),
    4072: Meaning(RequestRefused, "pin-reference", "Report this: the card has no PIN of this name."),
    4085: Meaning(PinRequired, "pin-not-verified", "Verify the PIN of the SMC-B (PIN.SMC) at the card terminal."),
    4090: Meaning(KonnektorBusy, "card-in-use", "Wait: another program uses the card."),
    4093: Meaning(KonnektorBusy, "card-reserved", "Wait: another program has reserved the card."),
    4094: Meaning(KonnektorBusy, "card-time-out", "Look at the card terminal; insert the card again if this goes on."),
    4096: Meaning(CardUnusable, "terminal", "Look at the card terminal and its connection to the Konnektor."),
    4101: Meaning(HandleOutdated, "card-handle-invalid", "Look whether the card is still inserted."),
    4111: Meaning(RequestRefused, "signature-type", "Report this: the Konnektor does not sign with ECDSA."),
    4123: Meaning(CardUnusable, "signing-failed", "Insert the card again; a card that goes on failing is exchanged."),
    4148: Meaning(CardUnusable, "certificate-unreadable", "Insert the card again; a card that goes on is exchanged."),
    4149: Meaning(RequestRefused, "certificate-reference", "Report this: the Konnektor knows no such certificate."),
    4204: Meaning(ConfigurationRefused, "client-not-authenticated", "Check the client's certificate or password."),
    4209: Meaning(CardUnusable, "card-type-for-operation", "Use an SMC-B: this kind of card cannot do it."),
    4256: Meaning(CardUnusable, "certificate-missing", "The card has no such certificate: exchange it for a new one."),
}


def fault_of(codes: Sequence[int], meanings: Meanings = MEANINGS) -> KonnektorFault:
    """The error for the codes of a fault's traces, outermost first: the first one that has a meaning decides."""
    for code in codes:
        if meaning := meanings.get(code):
            return meaning.kind(code, meaning.reason, meaning.advice)
    return KonnektorFailed(codes[0], "unknown-code", "Look up the code in the manual of the Konnektor.")
