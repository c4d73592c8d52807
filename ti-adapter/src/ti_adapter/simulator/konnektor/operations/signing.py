"""ExternalAuthenticate."""

from __future__ import annotations

import base64
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.cards import INSTITUTION_CARDS, CardType, PinStatus
from ti_adapter.konnektor.names import DSS, ECDSA_SIGNATURE
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor import requests
from ti_adapter.simulator.konnektor.faults import Fault, Refusal
from ti_adapter.simulator.konnektor.operations.call import Call
from ti_adapter.simulator.konnektor.requests import CONTEXT, HANDLE
from ti_adapter.simulator.konnektor.state import Inserted

_SIGNING: Final = INSTITUTION_CARDS | {CardType.HBA}


async def external_authenticate(call: Call) -> etree._Element:
    """SIG:ExternalAuthenticate: one card signature, which takes a second."""
    inputs, text = call.dialect.name("OptionalInputs"), call.dialect.name("BinaryString")
    found = call.children(HANDLE, CONTEXT, inputs, text, optional=(inputs,))
    card = call.konnektor.card(requests.content(found[HANDLE]))
    digest = requests.digest(found, call.dialect.namespace)
    if card.kind not in _SIGNING:
        raise Refusal(4209)
    if card.kind is CardType.HBA and requests.context(found[CONTEXT]).user_id is None:
        raise Refusal(4003)
    if card.pin is not PinStatus.VERIFIED:
        raise Refusal(4085)
    await call.konnektor.pace.turn(card.handle)
    return _signed(call, call.konnektor.card(card.handle), digest)


def _signed(call: Call, card: Inserted, digest: bytes) -> etree._Element:
    call.konnektor.signatures += 1
    faults, made, dss = call.konnektor.faults, maker(call.dialect.namespace), maker(DSS)
    if Fault.SIGNATURE_MISSING in faults:
        return made.ExternalAuthenticateResponse(call.status())
    signature = card.card.external_authenticate(bytes(32) if Fault.SIGNATURE_OF_ANOTHER in faults else digest)
    signed = dss.Base64Signature(base64.b64encode(signature).decode(), Type=ECDSA_SIGNATURE)
    return made.ExternalAuthenticateResponse(call.status(), dss.SignatureObject(signed))
