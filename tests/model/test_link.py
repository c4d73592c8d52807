from __future__ import annotations

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from link_samples import link

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document, MediaType, Order, location_of, lock_of


@given(st.binary(max_size=100))
def test_the_digest_is_that_of_the_very_bytes(content: bytes) -> None:
    assert Document(content, MediaType.XML).digest == hashlib.sha256(content).hexdigest()


@given(st.binary(max_size=100))
def test_the_lock_is_the_digest_of_the_digest_s_bytes(content: bytes) -> None:
    once = hashlib.sha256(content).digest()
    assert lock_of(Document(content, MediaType.JSON).digest) == hashlib.sha256(once).hexdigest()


def test_a_study_of_several_orders_has_no_accession_number_of_its_own() -> None:
    one, other = Order("A-1"), Order("A-2", "P-2", "F-2")
    assert [replace(link(1), orders=orders).accession for orders in ((), (one,), (one, other))] == ["", "A-1", ""]


def test_an_origin_that_was_given_no_location_has_always_the_same() -> None:
    here, there = TelematikId("5-2-121212"), TelematikId("5-2-121213")
    assert (location_of(here), location_of(here) != location_of(there)) == (
        "2.25.279979148749204673208493895386804670665",
        True,
    )
