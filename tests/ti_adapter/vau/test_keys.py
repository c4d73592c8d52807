from __future__ import annotations

import hashlib
import hmac

import pytest

from ti_adapter.vau.keys import FirstKeys, SecondKeys, decrypt, encrypt


def hkdf(secret: bytes, count: int) -> list[bytes]:
    """RFC 5869 by hand: no salt, no info."""
    extracted, blocks = hmac.digest(bytes(32), secret, hashlib.sha256), [b""]
    for number in range(1, count + 1):
        blocks.append(hmac.digest(extracted, blocks[-1] + bytes([number]), hashlib.sha256))
    return blocks[1:]


def test_the_first_keys_are_client_to_server_and_back() -> None:
    keys = FirstKeys.derive(b"a" * 64)
    assert [keys.c2s, keys.s2c] == hkdf(b"a" * 64, 2)


def test_the_second_keys_come_in_their_order_from_the_secrets_of_both_encapsulations() -> None:
    keys = SecondKeys.derive(b"a" * 64, b"b" * 64)
    confirmations = keys.c2s_key_confirmation, keys.s2c_key_confirmation
    assert [confirmations[0], keys.c2s_app_data, confirmations[1], keys.s2c_app_data, keys.key_id] == hkdf(
        b"a" * 64 + b"b" * 64, 5
    )


def test_what_is_encrypted_can_be_read_and_never_looks_the_same_twice() -> None:
    sealed = {encrypt(b"k" * 32, b"said") for _ in range(20)}
    assert len(sealed) == 20
    assert {decrypt(b"k" * 32, one) for one in sealed} == {b"said"}


@pytest.mark.parametrize(
    "sealed", [b"", b"short", bytes(28), encrypt(b"x" * 32, b"said")], ids=["empty", "short", "zeros", "another key"]
)
def test_what_was_not_encrypted_with_this_key_is_a_value_error(sealed: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decrypt(b"k" * 32, sealed)


def test_keys_do_not_show_themselves() -> None:
    assert repr(FirstKeys.derive(b"a")) == "FirstKeys()"
    assert repr(SecondKeys.derive(b"a", b"b")).startswith("SecondKeys(key_id=")
