"""The operations of the simulated Konnektor: context first, then the card, then its PIN, as a real one checks them."""

from __future__ import annotations

from typing import Final

from ti_adapter.konnektor.names import Service
from ti_adapter.simulator.konnektor.operations import cards, certificates, signing, vsd
from ti_adapter.simulator.konnektor.operations.call import Call, Operation

__all__ = ["OPERATIONS", "Call"]

OPERATIONS: Final[dict[Service, dict[str, Operation]]] = {
    Service.EVENT: {"GetCards": cards.get_cards},
    Service.CARD: {"GetPinStatus": cards.get_pin_status, "VerifyPin": cards.verify_pin},
    Service.CERTIFICATE: {
        "ReadCardCertificate": certificates.read_card_certificate,
        "VerifyCertificate": certificates.verify_certificate,
        "CheckCertificateExpiration": certificates.check_certificate_expiration,
    },
    Service.AUTH_SIGNATURE: {"ExternalAuthenticate": signing.external_authenticate},
    Service.VSD: {"ReadVSD": vsd.read_vsd},
}
