from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter import compact


@given(st.binary())
def test_bytes_come_back_from_their_segment(content: bytes) -> None:
    assert compact.content_of(compact.segment(content)) == content


@given(st.text())
def test_whatever_is_read_as_a_segment_would_be_written_so(text: str) -> None:
    try:
        content = compact.content_of(text)
    except ValueError:
        return
    assert compact.segment(content) == text


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A\nA", "+w", "ä"])
def test_a_second_spelling_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no base64url"):
        compact.content_of(text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b"[" * 9000,
    ],
)
def test_what_two_readers_may_read_differently_is_no_object(content: bytes) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        compact.json_object(content)


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_a_signature_has_64_bytes_whatever_the_size_of_its_numbers(r: int, s: int) -> None:
    assert compact.raw_signature(encode_dss_signature(r, s)) == r.to_bytes(32) + s.to_bytes(32)


@pytest.mark.parametrize("der", [b"", b"0", encode_dss_signature(2**256, 1), bytes.fromhex("30060201ff020101")])
def test_a_signature_of_another_size_is_none(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        compact.raw_signature(der)


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_what_was_made_raw_becomes_der_again(r: int, s: int) -> None:
    der = encode_dss_signature(r, s)
    assert compact.der_signature(compact.raw_signature(der)) == der


@pytest.mark.parametrize("size", [0, 63, 65, 128])
def test_raw_bytes_of_another_size_are_no_signature(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        compact.der_signature(bytes(size))
