"""CertificateService: read the card's certificate, let the Konnektor verify one, and ask how long they last."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import CertificateMissing
from ti_adapter.konnektor.names import CERTCMN, CONN, GERROR, Dialect
from ti_adapter.konnektor.soap import error_codes, maker

_CERTIFICATE = f"{{{CERTCMN}}}X509Certificate"


class CertRef(StrEnum):
    """Which certificate of a card."""

    AUT = "C.AUT"
    ENC = "C.ENC"
    SIG = "C.SIG"
    QES = "C.QES"


class Crypt(StrEnum):
    """Which generation of keys."""

    RSA = "RSA"
    ECC = "ECC"


class VerificationResult(StrEnum):
    """What the Konnektor thinks of a certificate. INCONCLUSIVE is not good: revocation could not be asked."""

    VALID = "VALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, the roles (professionOIDs) of the certificate, and gematik's codes where it is not VALID."""

    result: VerificationResult
    roles: tuple[str, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expiration:
    """Until which day a certificate of a card, or of the Konnektor itself, is valid."""

    terminal: str
    handle: str
    iccsn: str
    common_name: str
    serial_number: str
    ends: date


def read_card_certificate(
    dialect: Dialect, context: Context, handle: str, *, ref: CertRef, crypt: Crypt
) -> etree._Element:
    """CERT:ReadCardCertificate for one certificate."""
    cert = maker(dialect.namespace)
    return cert.ReadCardCertificate(
        maker(CONN).CardHandle(handle), context.element(), cert.CertRefList(cert.CertRef(ref)), cert.Crypt(crypt)
    )


def read_certificate(answer: etree._Element, ref: CertRef) -> x509.Certificate:
    """The certificate in a CERT:ReadCardCertificateResponse. Raises `CertificateMissing`."""
    listed = reading.only(answer, f"{{{CERTCMN}}}X509DataInfoList")
    for info in listed.iterfind(f"{{{CERTCMN}}}X509DataInfo"):
        if reading.text(info, f"{{{CERTCMN}}}CertRef") == ref:
            data = reading.maybe(info, f"{{{CERTCMN}}}X509Data")
            if data is not None:
                return reading.value(data, _CERTIFICATE, _certificate)
    raise CertificateMissing


def verify_certificate(
    dialect: Dialect, context: Context, certificate: x509.Certificate, moment: datetime
) -> etree._Element:
    """CERT:VerifyCertificate at a moment, which has a zone."""
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    cert = maker(dialect.namespace)
    stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return cert.VerifyCertificate(context.element(), maker(CERTCMN).X509Certificate(der), cert.VerificationTime(stamp))


def read_verification(answer: etree._Element, dialect: Dialect) -> Verification:
    """CERT:VerifyCertificateResponse."""
    status = reading.only(answer, dialect.name("VerificationStatus"))
    error = reading.maybe(status, f"{{{GERROR}}}Error")
    roles = reading.only(answer, dialect.name("RoleList")).iterfind(dialect.name("Role"))
    return Verification(
        reading.value(status, dialect.name("VerificationResult"), VerificationResult),
        tuple(role.text.strip() for role in roles if role.text),
        () if error is None else error_codes(error),
    )


def check_certificate_expiration(
    dialect: Dialect, context: Context, handle: str | None, *, crypt: Crypt
) -> etree._Element:
    """CERT:CheckCertificateExpiration for one card, or for all and the Konnektor's own where no handle is given."""
    cert = maker(dialect.namespace)
    card = [] if handle is None else [maker(CONN).CardHandle(handle)]
    return cert.CheckCertificateExpiration(*card, context.element(), cert.Crypt(crypt))


def read_expirations(answer: etree._Element, dialect: Dialect) -> tuple[Expiration, ...]:
    """CERT:CheckCertificateExpirationResponse."""
    return tuple(_expiration(row, dialect) for row in answer.iterfind(dialect.name("CertificateExpiration")))


def _expiration(row: etree._Element, dialect: Dialect) -> Expiration:
    return Expiration(
        terminal=reading.text(row, dialect.name("CtID")),
        handle=reading.text(row, f"{{{CONN}}}CardHandle"),
        iccsn=reading.text(row, dialect.name("ICCSN")),
        common_name=reading.text(row, dialect.name("subject_commonName")),
        serial_number=reading.text(row, dialect.name("serialNumber")),
        ends=reading.value(row, dialect.name("validity"), reading.day),
    )


def _certificate(content: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(reading.binary(content))
    except x509.InvalidVersion as wrong:
        raise ValueError("a certificate of an unknown version") from wrong
