"""All operations on documents by our client inside a real VAU channel, behind login and entitlement."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from epa_channel import KVNR, REPOSITORY, entitled_inside, logged_in
from epa_login import PRAXIS
from simulated_ti import utc_now
from xds_samples import DOCUMENT, ENTRY, PATIENT, SUBMISSION

from ti_adapter.epa import EpaCode, EpaRefused, RecordState, entitle_by_popp
from ti_adapter.epa.mhd import MhdSearch, MhdService
from ti_adapter.epa.xds import (
    Metadata,
    Provided,
    Search,
    Wanted,
    XdsConflict,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    posting,
)

pytestmark = pytest.mark.slow

LARGE = bytes(range(256)) * 8_000
NEXT = Provided("urn:uuid:9", Metadata(replace(ENTRY, unique_id="2.25.9")), LARGE)


def test_a_document_is_stored_found_changed_replaced_read_and_removed_in_the_channel() -> None:
    with entitled_inside() as inside:
        service = inside.xds()
        service.provide_and_register([DOCUMENT], SUBMISSION)
        (stored,) = service.find(Search(PATIENT)).documents
        title = replace(stored.metadata.entry, title="MR Schädel")
        service.update(stored, replace(stored.metadata, entry=title), SUBMISSION)
        (changed,) = service.find(Search(PATIENT)).documents
        assert (changed.metadata.entry, changed.version, changed.logical_id) == (title, "2", stored.logical_id)
        with pytest.raises(XdsConflict):
            service.update(stored, stored.metadata, SUBMISSION)
        service.provide_and_register([replace(NEXT, replaces=changed.entry_uuid)], SUBMISSION)
        (newest,) = service.find(Search(PATIENT)).documents
        (got,) = service.retrieve([Wanted("2.25.9", REPOSITORY)]).documents
        assert got.content == LARGE
        service.remove([newest.entry_uuid, changed.entry_uuid])
        assert service.find(Search(PATIENT)).documents == ()
        with pytest.raises(XdsNotFound):
            service.remove([newest.entry_uuid])
        seen = [(it.operation, it.outcome) for it in inside.world.rules.accesses(KVNR.value)]
    assert [it for it in seen if it[0] != "find"] == [
        ("store", "ok"),
        ("update", "ok"),
        ("update", "refused"),
        ("replace", "ok"),
        ("retrieve", "ok"),
        ("remove", "ok"),
        ("remove", "noResource"),
    ]


def test_without_an_entitlement_and_after_its_end_nothing_is_possible() -> None:
    with logged_in() as inside:
        with pytest.raises(XdsNotPermitted):
            inside.xds().find(Search(PATIENT))
        inside.entitle()
        assert inside.xds().find(Search(PATIENT)).documents == ()
        inside.world.record.entitled = {name: utc_now() - timedelta(seconds=1) for name in inside.world.record.entitled}
        with pytest.raises(XdsNotPermitted):
            inside.xds().remove(["urn:uuid:1"])


def test_a_record_that_moves_and_a_session_that_is_gone_are_no_answers_of_the_service() -> None:
    with entitled_inside() as inside:
        inside.world.record.state = RecordState.SUSPENDED
        with pytest.raises(EpaRefused) as suspended:
            inside.xds().find(Search(PATIENT))
        inside.world.sessions.close()
        with pytest.raises(EpaRefused) as closed:
            inside.xds().find(Search(PATIENT))
    assert (suspended.value.code, closed.value.code) == (EpaCode.STATUS_MISMATCH, EpaCode.INVALID_AUTH)


def test_what_is_no_message_is_a_fault_that_comes_through() -> None:
    with entitled_inside() as inside:
        service = inside.xds()
        post = posting(inside.http, inside.rest.user_agent, KVNR)
        service._post = lambda body, content_type: post(body.replace(b"AdhocQueryRequest", b"Other"), content_type)
        with pytest.raises(XdsRequestRefused, match="soap-sender"):
            service.find(Search(PATIENT))


def test_what_was_stored_by_xds_is_found_and_read_by_mhd_in_the_channel() -> None:
    with entitled_inside() as inside:
        mhd = MhdService(inside.rest, KVNR)
        inside.xds().provide_and_register([DOCUMENT], SUBMISSION)
        inside.xds().provide_and_register([NEXT], SUBMISSION)
        by_number = {one.entry.unique_id: one for one in mhd.find(MhdSearch(page_size=1))}
        assert {number: mhd.retrieve(one) for number, one in by_number.items()} == {
            "2.25.7": DOCUMENT.content,
            "2.25.9": LARGE,
        }
        assert mhd.read(by_number["2.25.7"].entry_uuid) == by_number["2.25.7"]
        inside.xds().remove([by_number["2.25.7"].entry_uuid])
        with pytest.raises(EpaRefused, match="notFound"):
            mhd.retrieve(by_number["2.25.7"])


def test_a_popp_token_entitles_in_the_channel() -> None:
    with logged_in() as inside:
        claims = inside.world.popp.claims(KVNR.value, PRAXIS.telematik_id, PRAXIS.profession_oids[0], utc_now())
        token = inside.world.popp.token(claims)
        assert entitle_by_popp(inside.rest, KVNR, token) > utc_now() + timedelta(days=88)
        assert inside.xds().find(Search(PATIENT)).documents == ()
        with pytest.raises(EpaRefused, match="tokenReuse"):
            entitle_by_popp(inside.rest, KVNR, token)
