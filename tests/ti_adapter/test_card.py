from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from simulated_ti import make_pki

from ti_adapter import compact
from ti_adapter.card import sign_claims, sign_compact
from ti_adapter.errors import CardFailed
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
CARD = make_pki(NOW).card(SimulatedInstitution("5-2.9001", "Klinik Nord"))


class Giving:
    """A card that gives this for a signature."""

    def __init__(self, signature: bytes) -> None:
        self.certificate: x509.Certificate = CARD.certificate
        self._signature = signature

    def external_authenticate(self, _: bytes) -> bytes:
        return self._signature


def test_header_and_payload_travel_as_they_are_under_the_cards_signature() -> None:
    header, payload, signature = sign_compact(CARD, {"alg": "BP256R1"}, b"\x00 anything").split(".")
    assert (compact.content_of(header), compact.content_of(payload)) == (b'{"alg":"BP256R1"}', b"\x00 anything")
    raw = compact.content_of(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    CARD.key.public_key().verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ECDSA(SHA256()))


def test_claims_come_with_their_times_and_with_the_cards_certificate() -> None:
    header, claims, _ = sign_claims(CARD, {"nonce": "n"}, NOW, timedelta(minutes=20)).split(".")
    der = base64.b64encode(CARD.certificate.public_bytes(Encoding.DER)).decode()
    seconds = int(NOW.timestamp())
    assert compact.json_object(compact.content_of(header)) == {"typ": "JWT", "alg": "ES256", "x5c": [der]}
    assert compact.json_object(compact.content_of(claims)) == {"nonce": "n", "iat": seconds, "exp": seconds + 1200}


@pytest.mark.parametrize(
    "signature",
    [b"", b"no DER", bytes(64), encode_dss_signature(2**256, 1)],
    ids=["nothing", "no DER", "r and s of zeros", "r beyond 32 bytes"],
)
def test_a_card_whose_signature_is_none_has_failed(signature: bytes) -> None:
    with pytest.raises(CardFailed):
        sign_compact(Giving(signature), {}, b"")
