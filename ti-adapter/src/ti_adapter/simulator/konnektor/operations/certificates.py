"""ReadCardCertificate, VerifyCertificate and CheckCertificateExpiration."""

from __future__ import annotations

from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.certificates import CertRef, Crypt
from ti_adapter.konnektor.names import CERTCMN, CONN, Dialect
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor import answers, requests, verdict
from ti_adapter.simulator.konnektor.faults import Fault, Refusal
from ti_adapter.simulator.konnektor.operations.call import Call
from ti_adapter.simulator.konnektor.requests import CERTIFICATE, CONTEXT, HANDLE
from ti_adapter.simulator.konnektor.state import Inserted


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
