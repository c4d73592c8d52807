from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ec import ECDH

from ti_adapter.vau.kem import KemKeys, encapsulate

KEYS = KemKeys.generate()


def test_both_sides_get_the_same_secrets() -> None:
    ciphertexts, secrets = encapsulate(KEYS.public)
    assert KEYS.decapsulate(ciphertexts) == secrets
    assert len(secrets) == 64


def test_the_secret_of_kyber_is_one_hash_beyond_that_of_ml_kem_and_stands_behind_that_of_ecdh() -> None:
    ciphertexts, secrets = encapsulate(KEYS.public)
    hashed = hashlib.sha3_256(ciphertexts.kyber).digest()
    kyber = hashlib.shake_256(KEYS.kyber.decapsulate(ciphertexts.kyber) + hashed).digest(32)
    assert secrets == KEYS.ecdh.exchange(ECDH(), ciphertexts.ecdh) + kyber


def test_every_encapsulation_makes_a_point_and_a_secret_of_its_own() -> None:
    made = [encapsulate(KEYS.public) for _ in range(20)]
    assert len({secrets for _, secrets in made}) == 20
    assert len({ciphertexts.ecdh.public_numbers().x for ciphertexts, _ in made}) == 20


def test_a_changed_ciphertext_gives_another_secret_and_no_error() -> None:
    ciphertexts, secrets = encapsulate(KEYS.public)
    changed = bytes([ciphertexts.kyber[0] ^ 1]) + ciphertexts.kyber[1:]
    assert KEYS.decapsulate(type(ciphertexts)(ciphertexts.ecdh, changed))[32:] != secrets[32:]


def test_keys_do_not_show_themselves() -> None:
    assert repr(KEYS) == "KemKeys()"
