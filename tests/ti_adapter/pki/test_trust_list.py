from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from simulated_ti import make_pki

from ti_adapter.pki import TrustList
from ti_adapter.simulator.shape import SimulatedInstitution

PKI = make_pki()
CARD = PKI.card(SimulatedInstitution("5-2.9001", "Klinik Nord"))


def test_a_trust_list_is_read_from_a_file_with_several_cas() -> None:
    pem = PKI.trust_pem + make_pki(name="GEM.SMCB-CA901").trust_pem
    assert TrustList.from_pem(pem).authorities[0] == PKI.authority


def without_extensions() -> bytes:
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    builder = x509.CertificateBuilder(name, name, PKI.key.public_key(), 1, now, now)
    return builder.sign(PKI.key, SHA256()).public_bytes(Encoding.PEM)


def of_an_unknown_version() -> bytes:
    der = PKI.authority.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x2f", 1)
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "pem",
    [b"", b"nonsense", CARD.certificate.public_bytes(Encoding.PEM), without_extensions(), of_an_unknown_version()],
    ids=["empty", "text", "card", "no extensions", "unknown version"],
)
def test_a_trust_list_without_ca_certificates_is_a_value_error(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        TrustList.from_pem(pem)
