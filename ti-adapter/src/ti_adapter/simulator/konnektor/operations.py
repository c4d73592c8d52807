"""The operations of the simulated Konnektor: context first, then the card, then its PIN, as a real one checks them."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.cards import INSTITUTION_CARDS, CardType, PinStatus
from ti_adapter.konnektor.certificates import CertRef, Crypt
from ti_adapter.konnektor.names import CARDCMN, CERTCMN, CONN, DSS, ECDSA_SIGNATURE, Dialect, Service, Spoken
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor import answers, requests, verdict
from ti_adapter.simulator.konnektor.faults import Fault, Refusal
from ti_adapter.simulator.konnektor.requests import (
    CARD_TYPE,
    CERTIFICATE,
    CONTEXT,
    HANDLE,
    PIN,
    SLOT,
    TERMINAL,
    Children,
)
from ti_adapter.simulator.konnektor.state import Inserted, SimulatedKonnektor

WARNING_CODE: Final = 4090
_SIGNING = INSTITUTION_CARDS | {CardType.HBA}


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one version of a service."""

    konnektor: SimulatedKonnektor
    dialect: Dialect
    offered: Spoken
    message: etree._Element

    def children(self, *names: str, optional: tuple[str, ...] = ()) -> Children:
        """The children of the message, with the context checked."""
        found = requests.children(self.message, names, optional=optional)
        self.konnektor.check_context(requests.context(found[CONTEXT]))
        return found

    def status(self) -> etree._Element:
        """OK, or the warning that is switched on."""
        if Fault.WARNING in self.konnektor.faults:
            return answers.status(answers.error(WARNING_CODE, self.konnektor.clock()))
        return answers.status()


Operation = Callable[[Call], Awaitable["etree._Element"]]  # noqa: SLF001


async def get_cards(call: Call) -> etree._Element:
    """EVT:GetCards."""
    optional = (TERMINAL, SLOT, CARD_TYPE)
    found = call.children(CONTEXT, *optional, optional=optional)
    wanted = {name: requests.content(found[name]) for name in optional if name in found}
    listed = [card for card in call.konnektor.cards if wanted.items() <= _place(card).items()]
    dialect = call.offered[Service.CARD][0]
    cards = maker(dialect.namespace).Cards(*(answers.card(card, dialect) for card in listed))
    return maker(call.dialect.namespace).GetCardsResponse(call.status(), cards)


async def get_pin_status(call: Call) -> etree._Element:
    """CARD:GetPinStatus."""
    card = _card_of_pin(call)
    made = maker(call.dialect.namespace)
    left = [] if card.pin is PinStatus.VERIFIED else [made.LeftTries(str(card.left_tries))]
    return made.GetPinStatusResponse(call.status(), made.PinStatus(card.pin), *left)


async def verify_pin(call: Call) -> etree._Element:
    """CARD:VerifyPin: the person at the terminal does what the test or the demo has said."""
    card = _card_of_pin(call)
    result, left = call.konnektor.enter_pin(card.handle, call.konnektor.next_pin_entry)
    common = maker(CARDCMN)
    tries = [] if result == "OK" else [common.LeftTries(str(left))]
    return maker(call.dialect.namespace).VerifyPinResponse(call.status(), common.PinResult(result), *tries)


async def read_card_certificate(call: Call) -> etree._Element:
    """CERT:ReadCardCertificate. The cards have C.AUT on an elliptic curve, and nothing else."""
    references, crypt = call.dialect.name("CertRefList"), call.dialect.name("Crypt")
    found = call.children(HANDLE, CONTEXT, references, crypt, optional=(crypt,))
    card = call.konnektor.card(requests.content(found[HANDLE]))
    refs = [_reference(element, call.dialect) for element in found[references]]
    if not refs or crypt not in found or requests.content(found[crypt]) != Crypt.ECC:
        raise Refusal(4000 if not refs else 4256)
    missing = Fault.CERTIFICATE_MISSING in call.konnektor.faults
    infos = [answers.certificate_info(ref, _certificate(card, ref, missing=missing)) for ref in refs]
    listed = maker(CERTCMN).X509DataInfoList(*infos)
    return maker(call.dialect.namespace).ReadCardCertificateResponse(call.status(), listed)


async def verify_certificate(call: Call) -> etree._Element:
    """CERT:VerifyCertificate."""
    time = call.dialect.name("VerificationTime")
    found = call.children(CONTEXT, CERTIFICATE, time, optional=(time,))
    moment = requests.content(found[time]) if time in found else None
    judged = verdict.judge(call.konnektor, requests.binary(found[CERTIFICATE]), moment)
    made = maker(call.dialect.namespace)
    details = [answers.error(code, call.konnektor.clock()) for code in judged.codes]
    return made.VerifyCertificateResponse(
        call.status(),
        made.VerificationStatus(made.VerificationResult(judged.result), *details),
        made.RoleList(*(made.Role(role) for role in judged.roles or ("",))),
    )


async def check_certificate_expiration(call: Call) -> etree._Element:
    """CERT:CheckCertificateExpiration."""
    crypt = call.dialect.name("Crypt")
    found = call.children(HANDLE, CONTEXT, crypt, optional=(HANDLE, crypt))
    asked = [call.konnektor.card(requests.content(found[HANDLE]))] if HANDLE in found else call.konnektor.cards
    made = maker(call.dialect.namespace)
    rows = (_expiration(card, call.dialect) for card in asked)
    return made.CheckCertificateExpirationResponse(call.status(), *rows)


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


def _place(card: Inserted) -> dict[str, str]:
    return {TERMINAL: answers.TERMINAL, SLOT: str(card.slot), CARD_TYPE: card.kind}


def _signed(call: Call, card: Inserted, digest: bytes) -> etree._Element:
    call.konnektor.signatures += 1
    faults, made, dss = call.konnektor.faults, maker(call.dialect.namespace), maker(DSS)
    if Fault.SIGNATURE_MISSING in faults:
        return made.ExternalAuthenticateResponse(call.status())
    signature = card.card.external_authenticate(bytes(32) if Fault.SIGNATURE_OF_ANOTHER in faults else digest)
    signed = dss.Base64Signature(base64.b64encode(signature).decode(), Type=ECDSA_SIGNATURE)
    return made.ExternalAuthenticateResponse(call.status(), dss.SignatureObject(signed))


def _card_of_pin(call: Call) -> Inserted:
    found = call.children(CONTEXT, HANDLE, PIN)
    card = call.konnektor.card(requests.content(found[HANDLE]))
    if requests.content(found[PIN]) != card.pin_name:
        raise Refusal(4072)
    return card


def _reference(element: etree._Element, dialect: Dialect) -> CertRef:
    if element.tag != dialect.name("CertRef"):
        raise Refusal(4000)
    try:
        return CertRef(requests.content(element))
    except ValueError:
        raise Refusal(4149) from None


def _certificate(card: Inserted, ref: CertRef, *, missing: bool) -> x509.Certificate | None:
    return card.card.certificate if ref is CertRef.AUT and not missing else None


def _expiration(card: Inserted, dialect: Dialect) -> etree._Element:
    made, certificate = maker(dialect.namespace), card.card.certificate
    return made.CertificateExpiration(
        made.CtID(answers.TERMINAL),
        maker(CONN).CardHandle(card.handle),
        made.ICCSN(card.iccsn),
        made.subject_commonName(answers.common_name(certificate)),
        made.serialNumber(str(certificate.serial_number)),
        made.validity(certificate.not_valid_after_utc.date().isoformat()),
    )


OPERATIONS: Final[dict[Service, dict[str, Operation]]] = {
    Service.EVENT: {"GetCards": get_cards},
    Service.CARD: {"GetPinStatus": get_pin_status, "VerifyPin": verify_pin},
    Service.CERTIFICATE: {
        "ReadCardCertificate": read_card_certificate,
        "VerifyCertificate": verify_certificate,
        "CheckCertificateExpiration": check_certificate_expiration,
    },
    Service.AUTH_SIGNATURE: {"ExternalAuthenticate": external_authenticate},
}
