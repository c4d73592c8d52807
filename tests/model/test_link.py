from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.link import Document, MediaType, lock_of


@given(st.binary(max_size=100))
def test_the_digest_is_that_of_the_very_bytes(content: bytes) -> None:
    assert Document(content, MediaType.XML).digest == hashlib.sha256(content).hexdigest()


@given(st.binary(max_size=100))
def test_the_lock_is_the_digest_of_the_digest_s_bytes(content: bytes) -> None:
    once = hashlib.sha256(content).digest()
    assert lock_of(Document(content, MediaType.JSON).digest) == hashlib.sha256(once).hexdigest()
