"""What the simulated Konnektor says: status, fault, and the pieces of its answers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.meanings import MEANINGS
from ti_adapter.konnektor.names import CARDCMN, CERTCMN, CONN, GERROR, SOAP, Dialect
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor.state import Inserted

TERMINAL = "CT_ID_0001"
UNTOLD = "Mustermann, X110411319"
"""Stands in the detail of every error, as in bad products it might: nobody may repeat it."""

_conn, _gerror, _certcmn, _cardcmn = maker(CONN), maker(GERROR), maker(CERTCMN), maker(CARDCMN)


def stamp(moment: datetime) -> str:
    """xs:dateTime."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def error(code: int, now: datetime) -> etree._Element:
    """Gematik's Error with one trace."""
    meaning = MEANINGS.get(code)
    trace = _gerror.Trace(
        _gerror.EventID("1"),
        _gerror.Instance("simulator"),
        _gerror.LogReference("1"),
        _gerror.CompType("Konnektor"),
        _gerror.Code(str(code)),
        _gerror.Severity("Error"),
        _gerror.ErrorType("Technical"),
        _gerror.ErrorText(meaning.reason if meaning else "unknown"),
        _gerror.Detail(UNTOLD),
    )
    return _gerror.Error(_gerror.MessageID("1"), _gerror.Timestamp(stamp(now)), trace)


def fault(code: int, now: datetime) -> etree._Element:
    """A SOAP fault. Its children have no namespace (SOAP 1.1, section 4.4)."""
    return fault_with(error(code, now))


def fault_with(*details: etree._Element) -> etree._Element:
    """A SOAP fault with these details, with no detail at all for none."""
    wrong = etree.Element(f"{{{SOAP}}}Fault", nsmap={"SOAP-ENV": SOAP})
    etree.SubElement(wrong, "faultcode").text = "SOAP-ENV:Server"
    etree.SubElement(wrong, "faultstring").text = UNTOLD
    if details:
        etree.SubElement(wrong, "detail").extend(details)
    return wrong


def status(warning: etree._Element | None = None) -> etree._Element:
    """CONN:Status, OK or with a warning."""
    if warning is None:
        return _conn.Status(_conn.Result("OK"))
    return _conn.Status(_conn.Result("Warning"), warning)


def card(inserted: Inserted, dialect: Dialect) -> etree._Element:
    """CARD:Card."""
    made = maker(dialect.namespace)
    certificate = inserted.card.certificate
    patient = [] if inserted.insured is None else [made.Kvnr(inserted.insured.kvnr)]
    return made.Card(
        _conn.CardHandle(inserted.handle),
        _cardcmn.CardType(inserted.kind),
        _cardcmn.Iccsn(inserted.iccsn),
        _cardcmn.CtId(TERMINAL),
        _cardcmn.SlotId(str(inserted.slot)),
        made.InsertTime(stamp(inserted.since)),
        made.CardHolderName(common_name(certificate)),
        *patient,
        made.CertificateExpirationDate(certificate.not_valid_after_utc.date().isoformat()),
    )


def certificate_info(ref: str, certificate: x509.Certificate | None) -> etree._Element:
    """CERTCMN:X509DataInfo; None is a reference for which the card has no certificate."""
    data = [] if certificate is None else [_x509_data(certificate)]
    return _certcmn.X509DataInfo(_certcmn.CertRef(ref), *data)


def common_name(certificate: x509.Certificate) -> str:
    """The CN of the subject."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _x509_data(certificate: x509.Certificate) -> etree._Element:
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return _certcmn.X509Data(
        _certcmn.X509IssuerSerial(
            _certcmn.X509IssuerName(certificate.issuer.rfc4514_string()),
            _certcmn.X509SerialNumber(str(certificate.serial_number)),
        ),
        _certcmn.X509SubjectName(certificate.subject.rfc4514_string()),
        _certcmn.X509Certificate(der),
    )
