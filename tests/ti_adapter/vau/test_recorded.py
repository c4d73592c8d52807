"""What others have said, read again here.

Of gematik's lib-vau by `tests/interoperability/with_lib_vau.py`; of kyber-py, which implements Kyber768 as it was in
round 3 without any ML-KEM beneath, by its `encaps` for a key of ours.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ti_adapter.vau.codec import Direction, Lane, open_message
from ti_adapter.vau.kem import Ciphertexts, KemKeys
from ti_adapter.vau.keys import FirstKeys, SecondKeys, decrypt
from ti_adapter.vau.messages import M1, M2, M3, M4, SecondCiphertexts, SignedKeys, VauKeys
from ti_adapter.vau.outer import Environment


def recorded(name: str, peer: str = "lib-vau 1.0.16") -> dict[str, bytes]:
    told = json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text())
    assert told["peer"] == peer
    return {key: bytes.fromhex(value) for key, value in told.items() if key not in {"peer", "recorded"}}


def own(told: dict[str, bytes]) -> KemKeys:
    scalar = int.from_bytes(told["ecdh"], "big")
    return KemKeys(derive_private_key(scalar, SECP256R1()), MLKEM768PrivateKey.from_seed_bytes(told["kyber"]))


def signed(told: dict[str, bytes]) -> SignedKeys:
    """The first keys open what their server has hidden in M2."""
    m2 = M2.decode(told["m2"])
    return SignedKeys.decode(decrypt(FirstKeys.derive(own(told).decapsulate(m2.ciphertexts)).s2c, m2.aead_ct))


def test_kyber_of_round_3_by_another_implementation_gives_our_secret() -> None:
    told = recorded("kyber768-round-3", "kyber-py 1.2.0, Kyber768 of round 3")
    keys = KemKeys(generate_private_key(SECP256R1()), MLKEM768PrivateKey.from_seed_bytes(told["kyber"]))
    assert keys.public.kyber.public_bytes_raw() == told["kyber_public"]
    received = Ciphertexts(generate_private_key(SECP256R1()).public_key(), told["ciphertext"])
    assert keys.decapsulate(received)[32:] == told["secret"]


def test_their_m2_is_opened_and_its_keys_are_signed_as_we_check_it() -> None:
    told = recorded("their-server")
    keys = signed(told)
    r, s = (int.from_bytes(half, "big") for half in (keys.signature[:32], keys.signature[32:]))
    key = x509.load_der_x509_certificate(told["certificate"]).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    key.verify(encode_dss_signature(r, s), keys.signed, ECDSA(SHA256()))
    assert keys.cert_hash == hashlib.sha256(told["certificate"]).digest()
    assert VauKeys.decode(keys.signed).comment == "lib-vau"


def test_their_m4_confirms_what_both_have_said() -> None:
    told = recorded("their-server")
    confirmation_key = told["second"][64:96]
    transcript = hashlib.sha256(told["m1"] + told["m2"] + told["m3"]).digest()
    assert decrypt(confirmation_key, M4.decode(told["m4"]).key_confirmation) == transcript


def test_their_response_is_opened() -> None:
    told = recorded("their-server")
    lane = Lane(Direction.RESPONSE, Environment.NON_PU, told["second"][128:], told["second"][96:128])
    assert open_message(lane, told["response"]).startswith(b"HTTP/1.1 200 OK")


def test_their_m3_gives_the_keys_that_their_request_is_sealed_with() -> None:
    told = recorded("their-client")
    M1.decode(told["m1"])
    m3 = M3.decode(told["m3"])
    ciphertexts = SecondCiphertexts.decode(decrypt(FirstKeys.derive(told["first"]).c2s, m3.aead_ct)).ciphertexts
    second = SecondKeys.derive(told["first"], own(told).decapsulate(ciphertexts))
    transcript = hashlib.sha256(told["m1"] + told["m2"] + m3.aead_ct).digest()
    assert decrypt(second.c2s_key_confirmation, m3.key_confirmation) == transcript
    lane = Lane(Direction.REQUEST, Environment.NON_PU, second.key_id, second.c2s_app_data)
    assert open_message(lane, told["request"]).startswith(b"GET /epa/authz/v1/getNonce")
