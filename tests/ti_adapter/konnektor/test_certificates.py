from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from konnektor_bench import CARD, OTHER_CARD

from ti_adapter.konnektor import CertRef, reading
from ti_adapter.konnektor.certificates import read_certificate
from ti_adapter.konnektor.errors import CertificateMissing, Malformed, MessageMalformed
from ti_adapter.konnektor.names import CERTCMN

DER = CARD.certificate.public_bytes(Encoding.DER)
VERSION_3, VERSION_6 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05"


def info(ref: str, der: bytes) -> str:
    data = f"<X509Data><X509Certificate>{base64.b64encode(der).decode()}</X509Certificate></X509Data>"
    return f"<X509DataInfo><CertRef>{ref}</CertRef>{data}</X509DataInfo>"


def read(*infos: str) -> bytes:
    answer = f'<a><X509DataInfoList xmlns="{CERTCMN}">{"".join(infos)}</X509DataInfoList></a>'
    return read_certificate(reading.parse(answer.encode()), CertRef.AUT).public_bytes(Encoding.DER)


def test_of_several_certificates_the_one_that_was_asked_for_is_taken() -> None:
    assert read(info("C.ENC", OTHER_CARD.certificate.public_bytes(Encoding.DER)), info("C.AUT", DER)) == DER


def test_another_certificate_than_the_one_that_was_asked_for_is_none() -> None:
    with pytest.raises(CertificateMissing) as missing:
        read(info("C.ENC", DER))
    assert str(missing.value) == f"Konnektor: no-certificate. {missing.value.advice}"


@pytest.mark.parametrize(
    "der", [b"", b"no DER", DER[:-1], DER.replace(VERSION_3, VERSION_6)], ids=["none", "text", "cut off", "version 6"]
)
def test_what_is_no_certificate_is_malformed(der: bytes) -> None:
    with pytest.raises(MessageMalformed) as malformed:
        read(info("C.AUT", der))
    assert malformed.value.reason is Malformed.VALUE
