"""The Konnektor: cards, certificates and signatures of an institution, over SOAP 1.1.

    with Transport(Address("https://konnektor.example/"), context=tls.context_by_pin(pin, client)) as transport:
        konnektor = Konnektor(transport, Context("Mandant1", "Clientsystem1", "Arbeitsplatz1"))
        card = InstitutionCard(konnektor)          # an `card.Card`
        card.external_authenticate(digest)

`sds` finds the services, `client` calls them, `transport` is the one place with a socket; all else are functions from
values to XML and from XML to values. Errors are in `errors`, by what happens next; gematik's codes are in `meanings`.
"""

from __future__ import annotations

from ti_adapter.konnektor.cards import PIN_SMC, CardType, InsertedCard, PinState, PinStatus
from ti_adapter.konnektor.certificates import CertRef, Crypt, Expiration, Verification, VerificationResult
from ti_adapter.konnektor.client import Konnektor
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import KonnektorError, KonnektorFault, KonnektorSilent
from ti_adapter.konnektor.institution import InstitutionCard
from ti_adapter.konnektor.signing import jose_signature
from ti_adapter.konnektor.tls import ClientCertificate
from ti_adapter.konnektor.transport import Address, BasicAuthentication, Transport
from ti_adapter.konnektor.vsd import Insured, Pruefungsnachweis

__all__ = [
    "PIN_SMC",
    "Address",
    "BasicAuthentication",
    "CardType",
    "CertRef",
    "ClientCertificate",
    "Context",
    "Crypt",
    "Expiration",
    "InsertedCard",
    "InstitutionCard",
    "Insured",
    "Konnektor",
    "KonnektorError",
    "KonnektorFault",
    "KonnektorSilent",
    "PinState",
    "PinStatus",
    "Pruefungsnachweis",
    "Transport",
    "Verification",
    "VerificationResult",
    "jose_signature",
]
