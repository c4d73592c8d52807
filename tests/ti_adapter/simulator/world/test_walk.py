"""What a node does in the TI, from the trust list to the document, against the whole simulated TI over real sockets."""

from __future__ import annotations

import pytest
from simulated_ti import utc_now
from simulated_world import World, patient_id
from xds_samples import DOCUMENT, ENTRY, SUBMISSION

from ti_adapter.epa import EpaCode, EpaRefused, Kvnr, entitle_by_popp
from ti_adapter.epa.xds import Search, Wanted, XdsFault
from ti_adapter.pki import OcspClient, Question, verify_institution

pytestmark = pytest.mark.slow
KVNR = "X110411675"


def test_from_the_trust_list_to_the_document_and_back(whole_ti: World) -> None:
    node, ti = whole_ti.node("klinik", system=2), whole_ti
    ti.patients.open_record(KVNR, system=2)
    who = verify_institution(node.card.certificate, node.tsl.trust(), utc_now())
    known = node.tsl.known
    assert known
    OcspClient(utc_now).check(Question.about(who, known.ocsp_url(who.issuer)), node.tsl.trust())
    assert node.locate(KVNR) == "2"
    assert node.log_in()
    ti.switchboard.insert_egk("klinik", KVNR)
    node.entitle_by_card(KVNR)
    documents = node.documents(KVNR)
    documents.provide_and_register([DOCUMENT], SUBMISSION)
    (found,) = documents.find(Search(patient_id(KVNR))).documents
    assert found.metadata.entry.unique_id == ENTRY.unique_id
    (got,) = documents.retrieve([Wanted(ENTRY.unique_id, found.repository_unique_id)]).documents
    assert got.content == DOCUMENT.content
    assert [line.operation for line in ti.patients.accesses(KVNR)] == ["entitle", "store", "find", "find", "retrieve"]


def test_a_popp_token_entitles_in_the_place_of_an_insurance_card(whole_ti: World) -> None:
    node, kvnr = whole_ti.node("klinik"), Kvnr("A110000003")
    whole_ti.patients.open_record(kvnr.value)
    node.log_in()
    entitle_by_popp(node.inside, kvnr, whole_ti.switchboard.popp_token("klinik", kvnr.value))
    assert node.documents(kvnr.value).find(Search(patient_id(kvnr.value))).documents == ()


def test_a_record_that_is_elsewhere_is_refused_by_the_code_that_makes_a_node_look_anew(whole_ti: World) -> None:
    node, kvnr = whole_ti.node("klinik"), "A110000004"
    whole_ti.patients.open_record(kvnr, system=2)
    node.log_in()
    with pytest.raises(EpaRefused) as refused:
        node.documents(kvnr).find(Search(patient_id(kvnr)))
    assert (refused.value.status, refused.value.code) == (404, EpaCode.NO_HEALTH_RECORD)


def test_who_is_not_entitled_finds_nothing_and_the_patient_sees_it(whole_ti: World) -> None:
    node, kvnr = whole_ti.node("klinik"), "A110000005"
    whole_ti.patients.open_record(kvnr)
    node.log_in()
    with pytest.raises(XdsFault):
        node.documents(kvnr).find(Search(patient_id(kvnr)))
    (line,) = whole_ti.patients.accesses(kvnr)
    assert (line.telematik_id, line.operation, line.outcome) == ("5-2.9001", "find", "notEntitled")


def test_documents_are_nobodys_who_is_not_logged_in(whole_ti: World) -> None:
    node, kvnr = whole_ti.node("klinik"), "A110000006"
    whole_ti.patients.open_record(kvnr)
    with pytest.raises(EpaRefused) as refused:
        node.documents(kvnr).find(Search(patient_id(kvnr)))
    assert (refused.value.status, refused.value.code) == (403, EpaCode.INVALID_AUTH)
