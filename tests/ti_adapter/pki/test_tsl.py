from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_tsl import TslScene

from ti_adapter.errors import TslRefused
from ti_adapter.pki import Question, StatusList, TslReason, read_tsl, verify_institution, verify_not_revoked
from ti_adapter.pki.tsl_signer import TSL_SIGNING
from ti_adapter.simulator.signer import ComponentCa, SignerShape
from ti_adapter.simulator.tsl import TslSigner
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS, KNOWN
from ti_adapter.simulator.tsl_document import TslShape

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=timezone(timedelta(hours=13)))
SCENE = TslScene.made(NOW)
LISTING = SCENE.listing

MATRIX = {
    "too large": (1, TslReason.SIZE),
    "empty": (2, TslReason.NOT_WELL_FORMED),
    "cut": (2, TslReason.NOT_WELL_FORMED),
    "entity bomb": (2, TslReason.DTD),
    "external document type": (2, TslReason.DTD),
    "another namespace": (3, TslReason.NOT_A_TSL),
    "another document": (3, TslReason.NOT_A_TSL),
    "no signature": (4, TslReason.SIGNATURES),
    "two signatures": (4, TslReason.SIGNATURES),
    "no certificate": (4, TslReason.SIGNER_UNREADABLE),
    "unreadable certificate": (4, TslReason.SIGNER_UNREADABLE),
    "signer of a foreign CA": (5, TslReason.SIGNER_ISSUER),
    "signer of a look-alike CA": (5, TslReason.SIGNER_ISSUER),
    "signer with a broken signature": (5, TslReason.SIGNER_SIGNATURE),
    "signer signed with another digest": (5, TslReason.SIGNER_SIGNATURE),
    "signer expired": (5, TslReason.SIGNER_NOT_VALID),
    "signer not yet valid": (5, TslReason.SIGNER_NOT_VALID),
    "signer on P-256": (5, TslReason.SIGNER_CURVE),
    "signer for logins": (5, TslReason.SIGNER_KEY_USAGE),
    "signer for anything": (5, TslReason.SIGNER_EXTENDED_KEY_USAGE),
    "signature of a stranger": (6, TslReason.SIGNATURE),
    "flipped signature": (6, TslReason.SIGNATURE),
    "signature of another list": (6, TslReason.SIGNATURE),
    "one service more": (6, TslReason.SIGNATURE),
    "text changed": (6, TslReason.SIGNATURE),
    "signed in part": (6, TslReason.NOT_THE_WHOLE),
    "another version": (7, TslReason.CONTENTS),
    "no number": (7, TslReason.CONTENTS),
    "number that is none": (7, TslReason.CONTENTS),
    "no end": (7, TslReason.CONTENTS),
    "time without its zone": (7, TslReason.CONTENTS),
    "older number": (8, TslReason.OLDER),
    "known number": (8, TslReason.SAME_NUMBER),
    "known id": (8, TslReason.SAME_ID),
    "issued in the future": (8, TslReason.ISSUED_TOO_LATE),
}


def read(document: bytes, *, known: StatusList | None = None) -> StatusList:
    return read_tsl(document, SCENE.anchors, NOW, known=known)


KNOWN_DOCUMENT = LISTING.issued(KNOWN)
KNOWN_LIST = read(KNOWN_DOCUMENT)
NEXT = LISTING.issued()


@pytest.mark.parametrize("name", BROKEN_LISTS)
def test_i15_l09_a_broken_list_is_refused_at_its_own_step_with_its_own_code(name: str) -> None:
    with pytest.raises(TslRefused) as refused:
        read(BROKEN_LISTS[name](LISTING), known=KNOWN_LIST)
    assert (refused.value.step, refused.value.reason) == MATRIX[name]


def test_the_matrix_and_the_broken_lists_cover_each_other() -> None:
    assert MATRIX.keys() == BROKEN_LISTS.keys()
    of_use = {TslReason.NONE_KNOWN, TslReason.EXPIRED, TslReason.NO_AUTHORITY}
    elsewhere = {TslReason.ANCHOR_NOT_VALID, *of_use, TslReason.SIGNER_REVOKED, TslReason.SIGNER_NOT_PROVEN}
    assert {reason for _, reason in MATRIX.values()} == set(TslReason) - elsewhere


def test_a_newer_list_takes_the_place_of_the_known_one() -> None:
    newer = read(NEXT, known=KNOWN_LIST)
    assert (newer.sequence, newer.issued, newer.next_update) == (6, NOW, NOW + timedelta(days=30))
    assert (newer.signer, newer.anchor) == (LISTING.signer.certificate, LISTING.ca.certificate)


def test_the_known_list_itself_is_accepted_once_more() -> None:
    assert read(KNOWN_DOCUMENT, known=KNOWN_LIST) == KNOWN_LIST


def test_the_services_of_a_list_are_read_as_they_were_written() -> None:
    assert read(NEXT).services == LISTING.services


def test_a_card_is_proven_and_its_ocsp_answer_believed_by_a_list_alone() -> None:
    scene, trust = SCENE.scene, read(NEXT).trust(NOW)
    proven = verify_institution(scene.question.certificate, trust, NOW)
    verify_not_revoked(scene.answer(), Question.about(proven), trust, NOW)


def test_i15_a_trust_anchor_that_has_ended_proves_no_list() -> None:
    ca = ComponentCa.generate("GEM.TSL-CA900", NOW, ends=timedelta(seconds=-1))
    document = TslSigner.generate(NOW, ca=ca).issue(LISTING.services, NOW)
    with pytest.raises(TslRefused) as refused:
        read_tsl(document, (ca.certificate,), NOW)
    assert (refused.value.step, refused.value.reason) == (5, TslReason.ANCHOR_NOT_VALID)


def test_a_list_that_is_signed_under_the_second_anchor_is_accepted() -> None:
    other = ComponentCa.generate("GEM.TSL-CA901", NOW)
    document = TslSigner.generate(NOW, ca=other).issue(LISTING.services, NOW)
    assert read_tsl(document, (*SCENE.anchors, other.certificate), NOW).anchor == other.certificate


def test_i15_without_an_anchor_no_list_is_believed() -> None:
    with pytest.raises(TslRefused) as refused:
        read_tsl(NEXT, (), NOW)
    assert refused.value.reason == TslReason.SIGNER_ISSUER


def test_i15_an_anchor_that_is_no_ca_proves_no_list() -> None:
    no_ca = ComponentCa(*LISTING.ca.issue("TSL Signing Unit 901", TSL_SIGNING, NOW, SignerShape()))
    document = TslSigner.generate(NOW, ca=no_ca).issue(LISTING.services, NOW)
    with pytest.raises(TslRefused) as refused:
        read_tsl(document, (no_ca.certificate,), NOW)
    assert refused.value.reason == TslReason.SIGNER_ISSUER


def test_a_list_issued_37_seconds_ahead_is_within_the_tolerance() -> None:
    read(LISTING.issued(TslShape(issued=timedelta(seconds=37))))


def test_a_refusal_says_step_and_code_and_nothing_of_the_list() -> None:
    with pytest.raises(TslRefused, match=r"^TSL, step 2: not-well-formed$"):
        read(b"<a>secret")


@given(st.integers(0, len(NEXT) - 1), st.integers(0, 255))
def test_i15_a_changed_byte_anywhere_never_changes_what_is_believed(place: int, byte: int) -> None:
    """White space between attributes may change without harm; what the list says may not."""
    changed = NEXT[:place] + bytes([byte]) + NEXT[place + 1 :]
    try:
        listed = read(changed)
    except TslRefused:
        return
    assert (listed.identifier, listed.sequence, listed.services) == (read(NEXT).identifier, 6, LISTING.services)
